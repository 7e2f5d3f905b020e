package contact_test

import (
	"errors"
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

// What a conversation is told says of each contact whether its guests may read it too: as both conversations say where a
// book is shared, and never of the organisation's.
func TestToldToGuests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.governed()
	ctx := t.Context()
	w.roster.Set(contoso, ana, press, identity.Owner)
	book := must(w.Ensure(ctx, in(ana, sales)))(t)
	marta := w.add(in(ana, sales), book.ID, named("Marta")).Contact
	must(w.Share(ctx, in(ana, sales), book.ID, press, "", false))(t)
	everybodys := must(w.NewBook(ctx, in(ana, sales), contact.TenantBook, "All of us", w.deed()))(t)
	wilma := w.add(in(ana, sales), everybodys.ID, named("Wilma")).Contact

	for _, row := range []struct {
		closed   []identity.Conversation
		at       identity.Conversation
		contact  contact.ID
		mayGuest bool
	}{
		{nil, sales, marta, true},
		{nil, press, marta, true},
		{[]identity.Conversation{sales}, sales, marta, false},
		{[]identity.Conversation{sales}, press, marta, false},
		{[]identity.Conversation{press}, press, marta, false},
		{[]identity.Conversation{press}, sales, marta, true},
		{nil, sales, wilma, false},
	} {
		clear(p.closed)
		for _, c := range row.closed {
			p.closed[c] = true
		}
		told := must(w.Told(ctx, contoso, row.at, []contact.ID{row.contact}))(t)
		if about, there := told[row.contact]; !there || about.Guests != row.mayGuest {
			t.Errorf("closed %v: in %s guests may read: %v, expected %v", row.closed, row.at, about.Guests, row.mayGuest)
		}
	}
	p.err = errors.New("no policy")
	if _, err := w.Told(ctx, contoso, sales, []contact.ID{marta}); err == nil {
		t.Error("told without a policy")
	}
}
