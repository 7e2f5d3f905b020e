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
func (m *Marks) Marked(ctx context.Context, t identity.Tenant, p identity.Person) (contact.Marked, error) {
	var r marksRecord
	err := m.db.read(ctx, "store.Marked", t, func(tb *bbolt.Bucket) (err error) {
		r, _, err = load[marksRecord](tb.Bucket([]byte(bucketMarks)), []byte(p))
		return err
	})
	return r.marked(), err
}

// Mark changes a person's marks in one transaction. Nothing is written when change fails or changes nothing.
// change may not use the store.
func (m *Marks) Mark(ctx context.Context, t identity.Tenant, p identity.Person, change func(*contact.Marked) error) error {
	const op = "store.Mark"
	if err := checkIDs(op, string(p)); err != nil {
		return err
	}
	return m.db.write(ctx, op, t, func(tb *bbolt.Bucket) error {
		b, key := tb.Bucket([]byte(bucketMarks)), []byte(p)
		before := bytes.Clone(b.Get(key))
		old, _, err := load[marksRecord](b, key)
		if err != nil {
			return err
		}
		marked := old.marked()
		if err := change(&marked); err != nil {
			return err
		}
		marked.Recent = marked.Recent[max(0, len(marked.Recent)-maxRecent):]
		if err := save(b, op, key, newMarks(marked)); err != nil {
			return err
		}
		if bytes.Equal(before, b.Get(key)) {
			return errUnchanged
		}
		return nil
	})
}
