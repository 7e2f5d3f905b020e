package contact_test

import (
	"maps"
	"slices"
	"testing"

	"teamspro/internal/contact"
	"teamspro/internal/identity"
)

// A conversation is told of what every member may read, the trash included, and of nothing else.
func TestTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	shared := must(w.Ensure(ctx, in(ana, sales)))(t)
	own := must(w.Ensure(ctx, in(ana, chat(ana))))(t)
	marta := w.add(in(ana, sales), shared.ID, named("Marta"))
	ben := w.add(in(ana, sales), shared.ID, named("Ben"))
	mine := w.add(in(ana, chat(ana)), own.ID, named("My dentist"))
	must(w.Delete(ctx, in(ana, sales), ben.Contact, ben.Version, w.deed()))(t)
	ids := []contact.ID{marta.Contact, ben.Contact, mine.Contact, "gone", ""}

	told := must(w.Told(ctx, contoso, sales, ids))(t)
	same(t, "told in sales", []contact.ID{marta.Contact, ben.Contact}, slices.Sorted(maps.Keys(told)))
	if told[marta.Contact].Deleted || told[marta.Contact].Contact.Name != "Marta" || !told[ben.Contact].Deleted || told[ben.Contact].Contact.Name != "Ben" {
		t.Errorf("told %+v", told)
	}
	for _, c := range []identity.Conversation{press, chat(ana), ""} {
		if elsewhere := must(w.Told(ctx, contoso, c, ids))(t); len(elsewhere) != 0 {
			t.Errorf("%q is told %v", c, elsewhere)
		}
	}
	if foreign := must(w.Told(ctx, fabrikam, sales, ids))(t); len(foreign) != 0 {
		t.Errorf("another tenant is told %v", foreign)
	}

	w.roster.Set(contoso, ana, press, identity.Member)
	must(w.Share(ctx, in(ana, press), shared.ID, press, "", false))(t)
	for _, row := range []struct {
		book contact.BookID
		c    identity.Conversation
		want bool
	}{{shared.ID, sales, true}, {shared.ID, press, true}, {own.ID, chat(ana), false}, {own.ID, sales, false}, {"none", sales, false}, {shared.ID, "19:else@thread.v2", false}} {
		if got := must(w.OpenTo(ctx, contoso, row.book, row.c))(t); got != row.want {
			t.Errorf("%s is open to %s: %v", row.book, row.c, got)
		}
	}

	if err := w.Removed(ctx, contoso, sales, ana); err != nil {
		t.Fatal(err)
	}
	if waiting := must(w.Told(ctx, contoso, sales, ids))(t); len(waiting) != 0 {
		t.Errorf("told of a book that waits: %v", waiting)
	}
}
