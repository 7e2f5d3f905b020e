package store

import (
	"bytes"
	"context"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

// purgeMost is how many old entries of the outbox one transaction removes.
const purgeMost = 500

// Outbox keeps what happened and what is to be said of it.
type Outbox struct{ db *DB }

var _ notice.Outbox = (*Outbox)(nil)

// Outbox is the view of the outbox.
func (d *DB) Outbox() *Outbox { return &Outbox{d} }

func (o *Outbox) queue() *queue { return o.db.commits.outbox }

// Changed implements notice.Outbox.
func (o *Outbox) Changed() <-chan struct{} { return o.queue().changed }

// Events reads what nobody has sorted yet, as notice.Outbox says.
func (o *Outbox) Events(ctx context.Context, after map[identity.Tenant]uint64, limit int) ([]notice.Unsorted, error) {
	var found []notice.Unsorted
	err := o.db.view(ctx, "store.Events", func(tx *bbolt.Tx) error {
		return eachTenant(tx, func(t identity.Tenant, tb *bbolt.Bucket) error {
			b, n := tb.Bucket([]byte(bucketEvents)), 0
			c := b.Cursor()
			for k, _ := c.Seek(numberKey(after[t] + 1)); k != nil && n < limit; k, _ = c.Next() {
				r, _, err := load[eventRecord](b, k)
				if err != nil {
					return err
				}
				found = append(found, notice.Unsorted{Tenant: t, Number: numberOf(k), Event: r.event()})
				n++
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(found, func(a, b notice.Unsorted) int {
		if a.Tenant == b.Tenant {
			return 0 // in their order already
		}
		return a.Event.At.Compare(b.Event.At)
	})
	return found[:min(len(found), max(0, limit))], nil
}

func eachTenant(tx *bbolt.Tx, fn func(identity.Tenant, *bbolt.Bucket) error) error {
	tenants := tx.Bucket([]byte(bucketTenants))
	return tenants.ForEachBucket(func(t []byte) error { return fn(identity.Tenant(t), tenants.Bucket(t)) })
}

// Sort puts events where they belong, as notice.Outbox says.
func (o *Outbox) Sort(ctx context.Context, t identity.Tenant, sorted []notice.Sorted) error {
	const op = "store.Sort"
	for _, e := range sorted {
		for _, d := range e.To {
			if err := checkIDs(op, string(d.Conversation), d.Product); err != nil {
				return err
			}
		}
	}
	return o.db.share(ctx, op, t, func(s *shared) error {
		found := false
		for _, e := range sorted {
			was, err := s.sort(op, e, o.db.now())
			if err != nil {
				return err
			}
			found = found || was
		}
		if !found {
			return errUnchanged
		}
		return nil
	})
}

// sort puts one event where it belongs; found is false when it was sorted already.
func (s *shared) sort(op string, e notice.Sorted, now time.Time) (found bool, err error) {
	events, key := s.bucket(bucketEvents), numberKey(e.Number)
	r, found, err := load[eventRecord](events, key)
	if err != nil || !found {
		return false, err
	}
	if err := events.Delete(key); err != nil {
		return false, err
	}
	if again, err := s.sortedBefore(r, now); again || err != nil {
		return true, err
	}
	for _, d := range e.To {
		if err := s.gather(op, d, r); err != nil {
			return false, err
		}
	}
	return true, nil
}

// sortedBefore tells whether an event was told twice, and remembers it otherwise.
func (s *shared) sortedBefore(e eventRecord, now time.Time) (bool, error) {
	key := "event " + e.Kind + " " + e.Key
	if _, known := s.noticeKeys().find(key, now); known || e.Key == "" {
		return known, nil
	}
	return false, s.noticeKeys().add(key, "", now)
}

// gather adds an event to the gathering of a place.
func (s *shared) gather(op string, d notice.Dated, e eventRecord) error {
	r, found, err := load[gatheringRecord](s.bucket(bucketGatherings), placeKey(d.Place))
	if err != nil {
		return err
	}
	if !found {
		n, err := s.bucket(bucketGatherings).NextSequence()
		if err != nil {
			return err
		}
		r = gatheringRecord{Number: n, Due: d.Due.UTC(), Since: e.At}
	}
	if d.Due.Before(r.Due) {
		r.Due = d.Due.UTC()
	}
	g := r.gathering(d.Place)
	g.Add(e.event())
	r = newGathering(g)
	return s.setGathering(op, d.Place, &r)
}

// Gatherings reads those that are due, as notice.Outbox says.
func (o *Outbox) Gatherings(ctx context.Context, now time.Time, limit int) (due []notice.Owned, next time.Time, err error) {
	keys, next := o.queue().dueGatherings(now, limit)
	err = o.db.view(ctx, "store.Gatherings", func(tx *bbolt.Tx) error {
		for _, key := range keys {
			b := tx.Bucket([]byte(bucketTenants)).Bucket([]byte(key.tenant)).Bucket([]byte(bucketGatherings))
			r, found, err := load[gatheringRecord](b, placeKey(key.Place))
			if err != nil {
				return err
			}
			if found {
				due = append(due, notice.Owned{Tenant: key.tenant, Gathering: r.gathering(key.Place)})
			}
		}
		return nil
	})
	return due, next, err
}

// Standing tells whether a message is not sent yet, as notice.Outbox says.
func (o *Outbox) Standing(_ context.Context, t identity.Tenant, p notice.Place) (bool, error) {
	return o.queue().standing(t, p), nil
}

// Postpone gives a gathering another time, as notice.Outbox says.
func (o *Outbox) Postpone(ctx context.Context, t identity.Tenant, g notice.Gathering, due time.Time) error {
	const op = "store.Postpone"
	return o.db.share(ctx, op, t, func(s *shared) error {
		r, same, err := s.gathering(g)
		if err != nil {
			return err
		}
		if !same || r.Due.Equal(due) {
			return errUnchanged
		}
		r.Due = due.UTC()
		return s.setGathering(op, g.Place, &r)
	})
}

// Tell puts a notice in the place of a gathering, as notice.Outbox says.
func (o *Outbox) Tell(ctx context.Context, t identity.Tenant, g notice.Gathering, n *notice.Notice) error {
	const op = "store.Tell"
	if n != nil {
		if err := checkNotice(op, n); err != nil {
			return err
		}
	}
	return o.db.share(ctx, op, t, func(s *shared) error {
		r, same, err := s.gathering(g)
		switch {
		case err != nil:
			return err
		case !same, r.Heard != g.Heard:
			return fault.New(fault.Stale, op, "")
		}
		if err := s.setGathering(op, g.Place, nil); err != nil || n == nil {
			return err
		}
		return s.addNotice(op, *n, o.db.now())
	})
}

// Add adds notices, as notice.Outbox says.
func (o *Outbox) Add(ctx context.Context, notices []notice.Notice) error {
	const op = "store.Add"
	if err := checkNotices(op, notices); err != nil || len(notices) == 0 {
		return err
	}
	return o.db.update(ctx, op, func(w *work) error {
		for _, n := range notices {
			s, err := w.of(n.Tenant)
			if err != nil {
				return err
			}
			if err := s.addNotice(op, n, o.db.now()); err != nil {
				return err
			}
		}
		return nil
	})
}

func checkNotices(op string, notices []notice.Notice) error {
	for i := range notices {
		if err := checkIDs(op, string(notices[i].Tenant)); err != nil {
			return err
		}
		if err := checkNotice(op, &notices[i]); err != nil {
			return err
		}
	}
	return nil
}

// Due reads what is to be sent now, as notice.Outbox says. The notices that except gets say who they are, where they go and
// when they are due, and no more; except is called under a lock and may not use the outbox.
func (o *Outbox) Due(ctx context.Context, now time.Time, limit int, except func(*notice.Notice) bool) (due []notice.Notice, next time.Time, err error) {
	waiting, next := o.queue().due(now, limit, except)
	err = o.db.view(ctx, "store.Due", func(tx *bbolt.Tx) error {
		readers := map[identity.Tenant]*outboxReader{}
		due = make([]notice.Notice, 0, len(waiting))
		for i := range waiting {
			t := waiting[i].tenant
			r := readers[t]
			if r == nil {
				r = newReader(t, tx.Bucket([]byte(bucketTenants)).Bucket([]byte(t)))
				readers[t] = r
			}
			n, found, err := r.due(waiting[i].id)
			if err != nil {
				return err
			}
			if found {
				due = append(due, n)
			}
		}
		return nil
	})
	return due, next, err
}

// due reads a notice that the queue knew a moment ago, with the message that it changes or removes.
func (r *outboxReader) due(id string) (n notice.Notice, found bool, err error) {
	if r.tenant == nil {
		return n, false, nil
	}
	n, found, err = r.notice(id)
	if err != nil || !found || n.State != notice.Waiting {
		return n, false, err
	}
	if n.Of != "" && n.Activity == "" {
		of, _, err := r.notice(n.Of)
		if err != nil {
			return n, false, err
		}
		n.Activity = of.Activity
	}
	return n, true, nil
}

// Turns notes ends and beginnings, as notice.Outbox says.
func (o *Outbox) Turns(ctx context.Context, done []notice.Outcome, begin []notice.Notice) (begun []bool, err error) {
	const op = "store.Turns"
	err = o.db.update(ctx, op, func(w *work) error {
		w.apart++
		changed := false
		w.after = slices.Grow(w.after, len(done)+len(begin))
		begun = make([]bool, len(begin))
		for i := range done {
			s, err := w.of(done[i].Notice.Tenant)
			if err != nil {
				return err
			}
			ended, err := s.end(op, &done[i], o.db)
			if err != nil {
				return err
			}
			changed = changed || ended
		}
		for i := range begin {
			s, err := w.of(begin[i].Tenant)
			if err != nil {
				return err
			}
			if begun[i], err = s.begin(&begin[i]); err != nil {
				return err
			}
			changed = changed || begun[i]
		}
		if !changed {
			return errUnchanged
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return begun, nil
}

// end notes what became of a notice that is being sent; one that is not is left alone.
func (s *shared) end(op string, done *notice.Outcome, db *DB) (ended bool, err error) {
	n := done.Notice
	if state, err := s.stateOf(n.ID); err != nil || state != notice.Sending {
		return false, err
	}
	n.State, n.Why, n.At, n.Tries = done.State, done.Why, db.now(), n.Tries+1
	if done.Activity != "" {
		n.Activity = done.Activity
	}
	if n.State == notice.Waiting {
		n.Due = done.Due
		s.work.then((*queue).signal)
	}
	if err := s.setNotice(op, n); err != nil || n.Content.Announcement == "" {
		return true, err
	}
	a, err := s.announcement(n.Content.Announcement, db)
	if err != nil || a == nil || !a.Since(done.Began) {
		return true, err
	}
	return true, s.follow(op, *a, n, n.At)
}

// follow adds what brings a copy of an announcement up to date.
func (s *shared) follow(op string, a notice.Announcement, post notice.Notice, now time.Time) error {
	n, needed := a.Follow(post, now)
	if !needed {
		return nil
	}
	return s.addNotice(op, n, now)
}

// begin notes that a notice is being sent, if it still waits.
func (s *shared) begin(n *notice.Notice) (begun bool, err error) {
	if state, err := s.stateOf(n.ID); err != nil || state != notice.Waiting {
		return false, err
	}
	s.work.moved(&notice.Notice{Tenant: s.id, ID: n.ID, Place: n.Place, Person: n.Person, Due: n.Due, State: notice.Sending})
	if c, l, _ := s.reader().leg(n.ID); l != nil {
		l.state, c.unsaved = notice.Sending, true
		return true, nil
	}
	return true, s.bucket(bucketDue).Put([]byte(n.ID), dueValue(n.Due, notice.Sending))
}

// Interrupted takes up what was being sent, as notice.Outbox says.
func (o *Outbox) Interrupted(ctx context.Context) (n int, err error) {
	const op = "store.Interrupted"
	err = o.db.update(ctx, op, func(w *work) error {
		n = 0
		err := eachTenant(w.Tx, func(t identity.Tenant, _ *bbolt.Bucket) error {
			s, err := w.of(t)
			if err != nil {
				return err
			}
			ids, err := s.sending()
			if err != nil {
				return err
			}
			for _, id := range ids {
				if err := s.takeUp(op, id); err != nil {
					return err
				}
				n++
			}
			return nil
		})
		if err == nil && n == 0 {
			return errUnchanged
		}
		return err
	})
	return n, err
}

// sending lists the notices of a tenant that are being sent.
func (s *shared) sending() (ids []string, err error) {
	c := s.bucket(bucketDue).Cursor()
	for k, v := c.First(); k != nil && err == nil; k, v = c.Next() {
		switch {
		case isSending(v):
			ids = append(ids, string(k))
		case string(v) == sheetMark:
			var some []string
			some, err = s.reader().sending(k)
			ids = append(ids, some...)
		}
	}
	return ids, err
}

// takeUp lets a notice wait again whose sender is no more. That was a try.
func (s *shared) takeUp(op, id string) error {
	n, found, err := s.reader().notice(id)
	if err != nil || !found {
		return err
	}
	n.State, n.Again, n.Tries = notice.Waiting, true, n.Tries+1
	s.work.then((*queue).signal)
	return s.setNotice(op, n)
}

// DropPlace drops what waits for a place, as notice.Outbox says. What is being sent ends as it ends.
func (o *Outbox) DropPlace(ctx context.Context, t identity.Tenant, p notice.Place) error {
	const op = "store.DropPlace"
	if err := checkIDs(op, string(p.Conversation)); err != nil {
		return err
	}
	return o.db.share(ctx, op, t, func(s *shared) error {
		dropped := false
		for _, n := range o.queue().of(t, p) {
			did, err := s.dropNotice(op, n.ID, o.db.now())
			if err != nil {
				return err
			}
			dropped = dropped || did
		}
		for _, product := range tails(s.bucket(bucketGatherings), under(string(p.Conversation))) {
			if p.Product != "" && product != p.Product {
				continue
			}
			dropped = true
			if err := s.setGathering(op, notice.Place{Conversation: p.Conversation, Product: product}, nil); err != nil {
				return err
			}
		}
		if !dropped {
			return errUnchanged
		}
		return nil
	})
}

// dropNotice drops a notice, if it waits.
func (s *shared) dropNotice(op, id string, now time.Time) (dropped bool, err error) {
	if state, err := s.stateOf(id); err != nil || state != notice.Waiting {
		return false, err
	}
	n, found, err := s.reader().notice(id)
	if err != nil || !found {
		return false, err
	}
	n.State, n.At = notice.Dropped, now
	return true, s.setNotice(op, n)
}

// Waiting counts what is not final, as notice.Outbox says.
func (o *Outbox) Waiting(context.Context) (int, error) { return o.queue().count(), nil }

// Purge removes what is too old, as notice.Outbox says: so much in each transaction that nobody waits long for it.
func (o *Outbox) Purge(ctx context.Context, now time.Time) error {
	const op = "store.Purge"
	var tenants []identity.Tenant
	err := o.db.view(ctx, op, func(tx *bbolt.Tx) error {
		return eachTenant(tx, func(t identity.Tenant, _ *bbolt.Bucket) error {
			tenants = append(tenants, t)
			return nil
		})
	})
	for _, t := range tenants {
		for more := true; more && err == nil; {
			err = o.db.share(ctx, op, t, func(s *shared) error {
				n, err := s.purge(now)
				more = n >= purgeMost
				if err == nil && n == 0 {
					return errUnchanged
				}
				return err
			})
		}
	}
	return err
}

// purge removes some of what is too old and tells how much.
func (s *shared) purge(now time.Time) (n int, err error) {
	for _, old := range []func(time.Time, int) (int, error){s.purgeNotices, s.purgeSheets, s.purgeKeys, s.purgeAnnouncements} {
		m, err := old(now, purgeMost-n)
		if n += m; err != nil || n >= purgeMost {
			return n, err
		}
	}
	return n, nil
}

// purgeNotices looks at the oldest notices, as far as the first that is to stay.
func (s *shared) purgeNotices(now time.Time, most int) (int, error) {
	b, due, names := s.bucket(bucketNotices), s.bucket(bucketDue), map[string]string{}
	var old [][]byte
	c := b.Cursor()
	for k, _ := c.First(); k != nil && len(old) < most; k, _ = c.Next() {
		r, _, err := find(b, k, names, (*scanner).notice)
		if err != nil {
			return 0, err
		}
		if now.Sub(r.At) < notice.KeysKept {
			break
		}
		if due.Get(k) == nil {
			old = append(old, bytes.Clone(k))
		}
	}
	return len(old), deleteAll(b, old)
}

// purgeSheets looks at the oldest sheets, as far as the first that is to stay.
func (s *shared) purgeSheets(now time.Time, most int) (int, error) {
	due := s.bucket(bucketDue)
	var old [][]byte
	c := s.bucket(bucketSheets).Cursor()
	for k, _ := c.First(); k != nil && sheetSize*len(old) < most; k, _ = c.Next() {
		final, at, err := spent(s.tenant, k)
		if err != nil {
			return 0, err
		}
		if now.Sub(instant(at)) < notice.KeysKept {
			break
		}
		if final && due.Get(k) == nil {
			old = append(old, bytes.Clone(k))
		}
	}
	for _, k := range old {
		if err := s.eraseSheet(k); err != nil {
			return 0, err
		}
	}
	return sheetSize * len(old), nil
}

func deleteAll(b *bbolt.Bucket, keys [][]byte) error {
	for _, k := range keys {
		if err := b.Delete(k); err != nil {
			return err
		}
	}
	return nil
}

func (s *shared) purgeKeys(now time.Time, most int) (n int, err error) {
	keys := s.noticeKeys()
	for n < most {
		m, err := keys.purge(now)
		if n += m; err != nil || m == 0 {
			return n, err
		}
	}
	return n, nil
}
