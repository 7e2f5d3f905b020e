package storetest

import (
	"testing"

	"teamspro/internal/contact"
)

func testApart(t *testing.T, p Ports) {
	ctx := t.Context()
	for _, id := range []contact.ID{"c1", "c2", "c3"} {
		apply(t, p, north, change(contact.Added, id, 1, 1, record("Marta Quell")))
	}
	asked := []contact.Pair{contact.NewPair("c1", "c2"), contact.NewPair("c3", "c1"), contact.NewPair("c2", "c3")}
	set := func(apart bool, pairs ...contact.Pair) {
		t.Helper()
		if err := p.Apart.SetApart(ctx, north, pairs, apart); err != nil {
			t.Fatal(err)
		}
	}
	is := func(why string, pairs ...contact.Pair) {
		t.Helper()
		all := map[contact.Pair]bool{}
		for _, pair := range pairs {
			all[pair] = true
		}
		got, err := p.Apart.Apart(ctx, north, asked)
		want(t, why, got, err, all)
	}
	is("at first")
	set(true, contact.NewPair("c2", "c1"), contact.NewPair("c1", "c3"))
	is("said of two", contact.NewPair("c1", "c2"), contact.NewPair("c1", "c3"))
	set(true, contact.NewPair("c1", "c2"))
	set(false, contact.NewPair("c1", "c3"), contact.NewPair("c2", "c3"))
	is("taken back of one", contact.NewPair("c1", "c2"))
	got, err := p.Apart.Apart(ctx, south, asked)
	want(t, "in another tenant", got, err, map[contact.Pair]bool{})
}

func testInherited(t *testing.T, p Ports) {
	ctx := t.Context()
	for _, id := range []contact.ID{"c1", "c2", "c3"} {
		apply(t, p, north, change(contact.Added, id, 1, 1, record("Marta Quell")))
	}
	marks := func(m contact.Marked) func(*contact.Marked) error {
		return func(to *contact.Marked) error {
			to.Favourites, to.Recent = m.Favourites, m.Recent
			return nil
		}
	}
	if err := p.Marks.Mark(ctx, north, timur, marks(contact.Marked{Favourites: []contact.ID{"c2", "c3"}, Recent: []contact.ID{"c1", "c2"}})); err != nil {
		t.Fatal(err)
	}
	step := contact.Step{ID: "merge-1", By: ines, At: at(2), Kind: contact.Merging, Told: "c1", Changes: []contact.Change{
		{ID: contact.StepChange("merge-1", 1), Act: contact.Edited, Contact: "c1", Book: "book", Version: 2, After: record("Marta Quell")},
		{ID: contact.StepChange("merge-1", 2), Act: contact.Deleted, Contact: "c2", Book: "book", Version: 2, Before: record("Marta Quell")},
	}}
	if _, err := p.Shelf.ApplyAll(ctx, north, step); err != nil {
		t.Fatal(err)
	}
	got, err := p.Marks.Marked(ctx, north, timur)
	want(t, "the marks of another", got, err, contact.Marked{Favourites: []contact.ID{"c2", "c1", "c3"}, Recent: []contact.ID{"c1", "c2"}})
	got, err = p.Marks.Marked(ctx, north, ines)
	want(t, "the marks of who merged", got, err, contact.Marked{Done: []contact.ChangeID{"c1-added-1", "c2-added-1", "c3-added-1", "merge-1"}})
}
