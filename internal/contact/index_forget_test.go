package contact

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A book is forgotten wherever its contacts are, in the overlay or in segments, and nothing that comes late brings any of
// them back. What stands beside them stays, with its tags.
func TestForgetABook(t *testing.T) {
	t.Parallel()
	for _, full := range []int{3, 40, overlayFull} { // many segments, some, none
		t.Run(fmt.Sprint(full), func(t *testing.T) {
			t.Parallel()
			x := NewIndex()
			x.tenant(acme).full = full
			put := func(i, version int) {
				x.Put(acme, Contact{ID: ID(fmt.Sprint("c", i)), Book: BookID(fmt.Sprint("book", i%2)), Version: version,
					Record: Record{Name: fmt.Sprintf("Zebulon %s%d", []string{"Quarck", "Kwella"}[i%2], i), Tags: []string{fmt.Sprint("tag", i%2)}}})
			}
			for i := range 100 {
				put(i, 1)
			}
			for i := range 20 { // some stand hidden in a segment, and some are no more
				put(i, 2)
				x.Remove(acme, BookID(fmt.Sprint("book", i%2)), ID(fmt.Sprint("c", 50+i)), 2)
			}
			books := []BookID{"book0", "book1"}
			check := func(when string) {
				t.Helper()
				hits, total := x.Search(t.Context(), acme, books, ParseQuery("zebulon"), 200)
				if total != 40 || len(hits) != 40 || slices.ContainsFunc(hits, func(h Hit) bool { return h.Book != "book1" }) {
					t.Errorf("%s: %d are found, %d in all", when, len(hits), total)
				}
				if n, m := x.Count(acme, "book0"), x.Count(acme, "book1"); n != 0 || m != 40 {
					t.Errorf("%s: %d and %d are counted", when, n, m)
				}
				if tags := x.Tags(acme, books); len(tags) != 1 || tags[0] != (TagCount{"tag1", 40}) {
					t.Errorf("%s: the tags are %v", when, tags)
				}
			}
			x.Forget(acme, "book0")
			check("forgotten")
			for i := 0; i < 100; i += 2 {
				put(i, 3)
				x.Remove(acme, "book0", ID(fmt.Sprint("c", i)), 4)
			}
			check("what comes late")
			x.Forget(acme, "book0")
			x.Forget(acme, "unknown")
			check("forgotten again")
			var b bytes.Buffer
			if err := x.Save(&b, acme, "stamp"); err != nil {
				t.Fatal(err)
			}
			check("saved")
			if raw := strings.ToLower(b.String()); strings.Contains(raw, "quarck") || strings.Contains(raw, "tag0") || !strings.Contains(raw, "kwella") {
				t.Error("what was saved holds what was forgotten, or not what stayed")
			}
			again := NewIndex()
			if err := again.Restore(b.Bytes(), acme, "stamp"); err != nil {
				t.Fatal(err)
			}
			x = again
			check("restored")
		})
	}
}

// Hidden documents do not change for who reads them.
func TestHideManyAtOnce(t *testing.T) {
	t.Parallel()
	var raw u32s
	docs := []uint32{3, 64, 4095, 4096, 9000}
	for _, d := range docs {
		raw = append(raw, byte(d), byte(d>>8), byte(d>>16), byte(d>>24))
	}
	before := hiddenDocs{}.with(3).with(5)
	after := before.withAll(raw)
	if got, want := slices.Collect(after.all()), []uint32{3, 5, 64, 4095, 4096, 9000}; !slices.Equal(got, want) || after.n != len(want) {
		t.Errorf("hidden are %v (%d), want %v", got, after.n, want)
	}
	if got := slices.Collect(before.all()); !slices.Equal(got, []uint32{3, 5}) || before.n != 2 {
		t.Errorf("before, there are %v (%d) now", got, before.n)
	}
}
