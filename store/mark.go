package store

import (
	"bytes"
	"context"

	"go.etcd.io/bbolt"

	"teamspro/internal/contact"
	"teamspro/internal/identity"
)

// maxRecent is how many contacts a person looked at are kept (contact.Marked).
const maxRecent = 20

// Marks keeps what is one person's own.
type Marks struct{ db *DB }

var _ contact.Marks = (*Marks)(nil)

// Marks is the view of the marks.
func (d *DB) Marks() *Marks { return &Marks{d} }

// Marked reads a person's marks; a person without any has empty ones.
func (m *Marks) Marked(ctx context.Context, t identity.Tenant, p identity.Person) (marked contact.Marked, err error) {
	err = m.db.read(ctx, "store.Marked", t, func(tb *bbolt.Bucket) (err error) {
		marked, err = loadMarks(tb, p)
		return err
	})
	return marked, err
}

// Mark changes a person's marks in one transaction. Nothing is written when change fails or changes nothing.
// change may not use the store.
func (m *Marks) Mark(ctx context.Context, t identity.Tenant, p identity.Person, change func(*contact.Marked) error) error {
	const op = "store.Mark"
	if err := checkIDs(op, string(p)); err != nil {
		return err
	}
	return m.db.share(ctx, op, t, func(s *shared) error {
		marked, err := s.marked(p)
		if err != nil {
			return err
		}
		before, err := newMarks(marked.Marked).encode()
		if err != nil {
			return err
		}
		if err := change(&marked.Marked); err != nil {
			return err
		}
		marked.Recent = marked.Recent[max(0, len(marked.Recent)-maxRecent):]
		if after, err := newMarks(marked.Marked).encode(); err == nil && bytes.Equal(before, after) {
			return errUnchanged
		}
		return saveMarks(s.tenant, op, p, marked.Marked)
	})
}

func loadMarks(tenant *bbolt.Bucket, p identity.Person) (contact.Marked, error) {
	r, _, err := find(tenant.Bucket([]byte(bucketMarks)), []byte(p), map[string]string{}, (*scanner).marks)
	return r.marked(), err
}

func saveMarks(tenant *bbolt.Bucket, op string, p identity.Person, m contact.Marked) error {
	raw, err := newMarks(m).encode()
	if err != nil {
		return err
	}
	return keep(tenant.Bucket([]byte(bucketMarks)), op, []byte(p), raw)
}
