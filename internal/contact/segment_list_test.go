package contact

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// A list gives what was put in, however it is written: one by one, in runs, or a bit for every document.
func TestListKeepsWhatItIsGiven(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		docs := 1 + rapid.IntRange(1, 3000).Draw(t, "docs")
		var want []uint32
		for doc := rapid.IntRange(0, 200).Draw(t, "first"); doc < docs; doc += rapid.SampledFrom([]int{1, 1, 1, 1, 1, 2, 127, 128, 300}).Draw(t, "gap") {
			want = append(want, uint32(doc))
		}
		if len(want) == 0 {
			want = []uint32{uint32(docs - 1)}
		}
		g := gathering{class: classAddress}
		for _, doc := range want {
			g.add(doc)
			g.add(doc) // again
		}
		r := listReader{mask: 1 << classAddress, rest: g.appendTo(nil, docs), docs: docs}
		var l list
		if !r.next(&l) || l.n != len(want) || l.class != classAddress || r.next(new(list)) {
			t.Fatalf("%d in class %d, want %d", l.n, l.class, len(want))
		}
		if diff := cmp.Diff(want, slices.Collect(l.all())); diff != "" {
			t.Fatal(diff)
		}
		var set bitSet
		set.reset(docs)
		l.addTo(set)
		if diff := cmp.Diff(want, slices.Collect(set.all())); diff != "" || set.count() != len(want) {
			t.Fatalf("%d in the set: %s", set.count(), diff)
		}
		h := hunt{best: make([]uint8, docs), crowded: true}
		h.raise(&l, 7)
		for doc, weight := range h.best {
			if (weight == 7) != set.has(uint32(doc)) || l.dense && l.has(uint32(doc)) != set.has(uint32(doc)) {
				t.Fatalf("document %d has %d", doc, weight)
			}
		}
	})
}

func TestEarliest(t *testing.T) {
	t.Parallel()
	var e earliest
	e.open(3)
	for _, doc := range []uint32{9, 4, 9, 30, 2, 4, 4, 50, 60, 1, 70, 80, 90, 3} {
		if doc < e.bound {
			e.offer(doc)
		}
	}
	if diff := cmp.Diff([]uint32{1, 2, 3}, e.close()); diff != "" {
		t.Error(diff)
	}
}
