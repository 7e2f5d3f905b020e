package contact

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
)

// Whoever types what they remember of somebody finds them among the first, in 99 of 100 tries; with a slip in 95.
func TestQuality(t *testing.T) {
	t.Parallel()
	x, known := settled(20_000, 400)
	for _, k := range askings {
		r := rand.New(rand.NewPCG(8, 9))
		asked, found := 0, 0
		var missed []string
		for i := range known {
			text := k.typed(r, &known[i])
			if text == "" {
				continue
			}
			asked++
			hits, _ := x.Search(context.Background(), acme, []BookID{"book"}, ParseQuery(text), MaxFound)
			if slices.ContainsFunc(hits, func(h Hit) bool { return h.ID == known[i].ID }) {
				found++
			} else if len(missed) < 5 {
				missed = append(missed, text+" for "+known[i].Name)
			}
		}
		t.Logf("%s: %d of %d", k.kind, found, asked)
		if asked < 20 || found*100 < asked*k.sure {
			t.Errorf("%s: %d of %d found, want %d %%; not %q", k.kind, found, asked, k.sure, missed)
		}
	}
}

// Small books of many people in one index: a search in some of them finds what is in these, whichever way it goes.
func TestManyBooks(t *testing.T) {
	t.Parallel()
	x, apart := NewIndex(), NewIndex()
	people := newTown(3000)
	var books []BookID
	for i := range 3000 {
		c := people.next()
		c.Book = BookID(string(rune('a'+i%26)) + "book")
		x.Put(acme, c)
		if i%26 < 3 {
			apart.Put(acme, c)
			books = append(books, c.Book)
		}
	}
	x.tenant(acme).fold()
	for _, text := range []string{"", "mar", "an ma", "martin", "marttin", "061", ".ma", "in sales", "in sales europe", "#vip", "mar #vip", "m", "sales", `"head of"`} {
		want, n := apart.Search(context.Background(), acme, books, ParseQuery(text), 30)
		got, m := x.Search(context.Background(), acme, books, ParseQuery(text), 30)
		if n != m || !slices.EqualFunc(want, got, func(a, b Hit) bool { return a.ID == b.ID && a.Score == b.Score && slices.Equal(a.Reasons, b.Reasons) }) {
			t.Errorf("%q: %d, want %d: %s, want %s", text, m, n, ids(got), ids(want))
		}
	}
}

// Of what is too common the first by name are looked at, and who is found has it.
func TestTooCommon(t *testing.T) {
	t.Parallel()
	x := NewIndex()
	x.spare.New = func() any { return &search{hunt: hunt{lookCost: lookCost, maxLooks: 3}} }
	for i, name := range []string{"Dora", "Anna", "Carl", "Emil", "Bert"} {
		x.Put(acme, Contact{ID: ID(name), Book: "b", Version: 1 + i, Record: Record{Name: name, Emails: []string{name + ".n@x.example"}}})
	}
	x.tenant(acme).fold()
	for query, want := range map[string]string{"@x.ex": "Anna Bert Carl", "ra.n": "Dora", "emil @x.ex": "Emil"} {
		hits, total := x.Search(context.Background(), acme, []BookID{"b"}, Query{Text: query}, 9)
		if got := ids(hits); got != want || total != len(hits) {
			t.Errorf("%q finds %q of %d, want %q", query, got, total, want)
		}
	}
}
