package storetest

import (
	"testing"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

func stamp(t *testing.T, p Ports, tenant identity.Tenant) string {
	t.Helper()
	s, err := p.Journal.Stamp(t.Context(), tenant)
	if err != nil {
		t.Fatalf("the stamp: %v", err)
	}
	if s == "" || len(s) > 200 {
		t.Errorf("a stamp of %d bytes: %s", len(s), s)
	}
	return s
}

func testStamp(t *testing.T, p Ports) {
	ctx := t.Context()
	seen := map[string]string{stamp(t, p, north): "the beginning"}
	step := func(name string) {
		t.Helper()
		s := stamp(t, p, north)
		if before, known := seen[s]; known {
			t.Errorf("after %s the stamp is as after %s", name, before)
		}
		seen[s] = name
	}
	for _, c := range []contact.Change{
		change(contact.Added, "c1", 1, 1, record("Marta Quell")),
		change(contact.Edited, "c1", 2, 2, record("Marta Quill")),
		change(contact.Edited, "c1", 3, 3, record("Marta Quell")),
		change(contact.Deleted, "c1", 4, 4, nil),
		change(contact.Restored, "c1", 5, 5, record("Marta Quell")),
	} {
		apply(t, p, north, c)
		step(string(c.ID))
	}
	c := change(contact.Edited, "c1", 6, 6, record("Marta Quoll"))
	c.Deed.Key = "once"
	apply(t, p, north, c)
	step("a deed")

	before := stamp(t, p, north)
	apply(t, p, north, c)
	_, err := p.Shelf.Apply(ctx, north, change(contact.Edited, "c1", 3, 7, record("Nobody")))
	wantKind(t, "a change that is refused", err, fault.Stale)
	apply(t, p, south, change(contact.Added, "c9", 1, 1, record("Timur Vane")))
	want(t, "the stamp after a repeated deed, a refused change and another tenant's", stamp(t, p, north), nil, before)
}

func testSince(t *testing.T, p Ports) {
	ctx := t.Context()
	stamps := []string{stamp(t, p, north)}
	all := []contact.Change{
		change(contact.Added, "c2", 1, 1, record("Ines Sole")),
		change(contact.Added, "c1", 1, 1, record("Marta Quell")),
		change(contact.Deleted, "c2", 2, 2, nil),
		change(contact.Edited, "c1", 2, 1, record("Marta Quill")),
	}
	for _, c := range all {
		apply(t, p, north, c)
		stamps = append(stamps, stamp(t, p, north))
	}
	for i, s := range stamps {
		got, err := p.Journal.Since(ctx, north, s)
		want(t, "since "+s, changeIDs(got), err, changeIDs(all[i:]))
	}
	got, err := p.Journal.Since(ctx, north, stamps[3])
	if err != nil || got[0].After == nil || got[0].After.Name != "Marta Quill" || got[0].Version != 2 || got[0].Book != "book" {
		t.Errorf("a change is not whole: %+v %v", got, err)
	}
}

// testStampOfOthers: what was a state of another tenant or another store, or of none, is no state of this one, however
// alike the changes were.
func testStampOfOthers(open func(t testing.TB) Ports) func(*testing.T, Ports) {
	return func(t *testing.T, p Ports) {
		other := open(t)
		strange := []string{"", "1", stamp(t, other, north)}
		for _, to := range []struct {
			p      Ports
			tenant identity.Tenant
		}{{p, north}, {p, south}, {other, north}} {
			apply(t, to.p, to.tenant, change(contact.Added, "c1", 1, 1, record("Marta Quell")))
		}
		mine := stamp(t, p, north)
		strange = append(strange, stamp(t, p, south), stamp(t, other, north), mine+"0", "0"+mine, mine[:len(mine)-1])
		for _, s := range strange {
			_, err := p.Journal.Since(t.Context(), north, s)
			wantKind(t, "since "+s, err, fault.NotFound)
		}
	}
}

func testEdition(t *testing.T, p Ports) {
	ctx := t.Context()
	edition := func(tenant identity.Tenant) uint64 {
		t.Helper()
		n, err := p.Library.Edition(ctx, tenant)
		if err != nil {
			t.Fatalf("the edition: %v", err)
		}
		return n
	}
	before, elsewhere := edition(north), edition(south)
	save(t, p, contact.Book{ID: "b1", Kind: contact.ConversationBook, Home: sales, Name: "One", Version: 1})
	saved := edition(north)
	if err := p.Library.Meet(ctx, north, ines, sales); err != nil {
		t.Fatal(err)
	}
	met := edition(north)
	if before == saved || saved == met || before == met {
		t.Errorf("editions %d, saved %d, met %d", before, saved, met)
	}
	if err := p.Library.Meet(ctx, north, ines, sales); err != nil {
		t.Fatal(err)
	}
	if again, there := edition(north), edition(south); again != met || there != elsewhere {
		t.Errorf("met again: %d after %d; elsewhere %d after %d", again, met, there, elsewhere)
	}
}
