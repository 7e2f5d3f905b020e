package contact_test

import (
	"bytes"
	"errors"
	"testing"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
)

// From a snapshot nothing is read of the shelf; without one, all is.
func TestBooksRestore(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, stamp string
		reads       int32
	}{
		{"of this state", "7", 0},
		{"of another state", "8", 1},
	} {
		w := newWorld(t)
		w.add(in(bob, sales), "", named("Marta"))
		var file bytes.Buffer
		if err := w.SaveIndex(&file, fabrikam, "7"); !fault.Is(err, fault.Busy) {
			t.Errorf("an index that is not filled: %v", err)
		}
		if err := w.SaveIndex(&file, contoso, "7"); err != nil {
			t.Fatal(err)
		}
		counting := &countingShelf{Shelf: w.memory}
		c := w.config(contact.NewIndex())
		c.Shelf = counting
		w.Books = contact.New(c)
		if err := w.Restore(contoso, file.Bytes(), tt.stamp); (err != nil) != (tt.reads > 0) || err != nil && !errors.Is(err, contact.ErrSnapshot) {
			t.Errorf("%s: %v", tt.name, err)
		}
		found := must(w.Find(t.Context(), in(bob, sales), contact.ParseQuery("marta"), 0, 25))(t)
		if found.Total != 1 || counting.reads.Load() != tt.reads {
			t.Errorf("%s: found %d after %d reads", tt.name, found.Total, counting.reads.Load())
		}
	}
}
