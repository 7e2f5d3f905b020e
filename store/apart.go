package store

import (
	"bytes"
	"context"

	"go.etcd.io/bbolt"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// Apart keeps which contacts are said not to be the same: a key for each pair, with the lesser id first.
type Apart struct{ db *DB }

var _ contact.Apart = (*Apart)(nil)

// Apart is the view of them.
func (d *DB) Apart() *Apart { return &Apart{d} }

// Apart tells which pairs are apart, as contact.Apart says.
func (a *Apart) Apart(ctx context.Context, t identity.Tenant, pairs []contact.Pair) (apart map[contact.Pair]bool, err error) {
	err = a.db.read(ctx, "store.Apart", t, func(tb *bbolt.Bucket) error {
		apart = map[contact.Pair]bool{}
		for _, p := range pairs {
			if tb.Bucket([]byte(bucketApart)).Get(apartKey(p)) != nil {
				apart[p] = true
			}
		}
		return nil
	})
	return apart, err
}

// SetApart sets pairs apart, or no longer so, as contact.Apart says. Of contacts that are gone nothing is kept.
func (a *Apart) SetApart(ctx context.Context, t identity.Tenant, pairs []contact.Pair, apart bool) error {
	const op = "store.SetApart"
	for _, p := range pairs {
		if err := checkIDs(op, string(p.A), string(p.B)); err != nil {
			return err
		}
	}
	return a.db.share(ctx, op, t, func(s *shared) error {
		b := s.bucket(bucketApart)
		for _, p := range pairs {
			if !apart {
				if err := b.Delete(apartKey(p)); err != nil {
					return err
				}
				continue
			}
			if contactGone(s.tenant, p.A) || contactGone(s.tenant, p.B) {
				return fault.New(fault.NotFound, op, "")
			}
			if err := b.Put(apartKey(p), nil); err != nil {
				return err
			}
		}
		return nil
	})
}

func apartKey(p contact.Pair) []byte { return join(string(p.A), string(p.B)) }

// contactGone tells whether a contact is neither there nor in the trash.
func contactGone(tb *bbolt.Bucket, id contact.ID) bool {
	return tb.Bucket([]byte(bucketContacts)).Get([]byte(id)) == nil && tb.Bucket([]byte(bucketTrash)).Get([]byte(id)) == nil
}

// apart looks for pairs of which a contact is gone.
func (p *portion) apart(tb *bbolt.Bucket, k, _ []byte) error {
	if a, b, _ := bytes.Cut(k, []byte{0}); contactGone(tb, contact.ID(a)) || contactGone(tb, contact.ID(b)) {
		p.drop(bucketApart, k)
	}
	return nil
}
