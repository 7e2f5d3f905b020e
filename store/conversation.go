package store

import (
	"bytes"
	"context"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// usedEvery is how old the time of last use may grow before it is worth a write.
const usedEvery = time.Hour

// Conversations keeps how to speak in the conversations in which an app was installed.
type Conversations struct{ db *DB }

// Conversations is the view of the conversations.
func (d *DB) Conversations() *Conversations { return &Conversations{d} }

// Remember keeps a reference in place of the one before. Nothing is written when only Used changed, by less
// than an hour.
func (c *Conversations) Remember(ctx context.Context, t identity.Tenant, r identity.Reference) error {
	const op = "store.Remember"
	if err := checkIDs(op, string(r.Conversation), r.App); err != nil {
		return err
	}
	old, found, err := c.find(ctx, op, t, r.Conversation, r.App)
	if err != nil || found && nearly(old, newReference(r)) {
		return err
	}
	return c.db.write(ctx, op, t, func(tb *bbolt.Bucket) error {
		return save(tb.Bucket([]byte(bucketConversations)), op, join(string(r.Conversation), r.App), newReference(r))
	})
}

// nearly tells whether two references differ in the time of use only, and there by little.
func nearly(a, b referenceRecord) bool {
	if b.Used.Sub(a.Used).Abs() >= usedEvery {
		return false
	}
	a.Used = b.Used
	return a == b
}

// Recall reads the reference of a conversation for an app; fault.NotFound when there is none.
func (c *Conversations) Recall(ctx context.Context, t identity.Tenant, conversation identity.Conversation, app string) (identity.Reference, error) {
	const op = "store.Recall"
	r, found, err := c.find(ctx, op, t, conversation, app)
	switch {
	case err != nil:
		return identity.Reference{}, err
	case !found:
		return identity.Reference{}, fault.New(fault.NotFound, op, "")
	}
	return r.reference(), nil
}

// All reads the references of a tenant for an app, in no order.
func (c *Conversations) All(ctx context.Context, t identity.Tenant, app string) (all []identity.Reference, err error) {
	err = c.db.read(ctx, "store.Conversations.All", t, func(tb *bbolt.Bucket) error {
		b := tb.Bucket([]byte(bucketConversations))
		return b.ForEach(func(key, _ []byte) error {
			if !bytes.HasSuffix(key, append([]byte{0}, app...)) {
				return nil
			}
			r, _, err := load[referenceRecord](b, key)
			all = append(all, r.reference())
			return err
		})
	})
	return all, err
}

// Team gives the team of a conversation, as far as any app knows it, and whether any app knows the conversation.
func (c *Conversations) Team(ctx context.Context, t identity.Tenant, conversation identity.Conversation) (team string, known bool, err error) {
	err = c.db.read(ctx, "store.Conversations.Team", t, func(tb *bbolt.Bucket) error {
		b := tb.Bucket([]byte(bucketConversations))
		for _, app := range tails(b, under(string(conversation))) {
			r, _, err := load[referenceRecord](b, join(string(conversation), app))
			if err != nil {
				return err
			}
			known = true
			if r.Team != "" {
				team = r.Team
			}
		}
		return nil
	})
	return team, known, err
}

// Forget removes the reference of a conversation for an app, if there is one.
func (c *Conversations) Forget(ctx context.Context, t identity.Tenant, conversation identity.Conversation, app string) error {
	const op = "store.Forget"
	_, found, err := c.find(ctx, op, t, conversation, app)
	if err != nil || !found {
		return err
	}
	return c.db.write(ctx, op, t, func(tb *bbolt.Bucket) error {
		return tb.Bucket([]byte(bucketConversations)).Delete(join(string(conversation), app))
	})
}

func (c *Conversations) find(ctx context.Context, op string, t identity.Tenant, conversation identity.Conversation, app string) (r referenceRecord, found bool, err error) {
	key, edition := memoKey{t, string(conversation), app}, c.db.commits.edition.Load()
	if r, found, sure := c.db.references.known(key, edition); sure {
		return r, found, ctx.Err()
	}
	err = c.db.read(ctx, op, t, func(tb *bbolt.Bucket) (err error) {
		r, found, err = c.db.references.load(key, tb.Bucket([]byte(bucketConversations)), edition, nil)
		return err
	})
	return r, found, err
}
