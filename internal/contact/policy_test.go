package contact_test

import (
	"context"
	"errors"
	"testing"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// policy is a contact.Policy that tests set.
type policy struct {
	mode   contact.Mode
	closed map[identity.Conversation]bool // to guests
	err    error
}

func (p *policy) NewMode(context.Context, identity.Tenant) (contact.Mode, error) {
	return p.mode, p.err
}

func (p *policy) GuestsRead(_ context.Context, _ identity.Tenant, c identity.Conversation) (bool, error) {
	return !p.closed[c], p.err
}

func (w *world) governed() *policy {
	p := &policy{mode: contact.Everybody, closed: map[identity.Conversation]bool{}}
	c := w.config(w.index)
	c.Policy = p
	w.Books = contact.New(c)
	return p
}

// Guests of a conversation that is closed to them find none of its books, by whatever way they ask; and what is decided
// counts with the next question.
func TestGuestsOfAClosedConversation(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWorld(t)
	p := w.governed()
	book := must(w.Ensure(ctx, in(ana, sales)))(t)
	change := w.add(in(ana, sales), book.ID, named("Wilma Sample"))
	gone := w.add(in(ana, sales), book.ID, named("Otto Gone"))
	must(w.Delete(ctx, in(ana, sales), gone.Contact, 1, w.deed()))(t)

	same(t, "while it is open", []string{"Wilma Sample"}, w.found(in(gil, sales), "wilma"))
	p.closed[sales] = true
	ways := []struct {
		name string
		from identity.Caller
	}{{"where they are guests", in(gil, sales)}, {"from their own chat", in(gil, chat(gil))}, {"before everybody", aloud(in(gil, sales))}}
	for _, way := range ways {
		same(t, "found "+way.name, []string(nil), w.found(way.from, "wilma"))
		if lists := must(w.Lists(ctx, way.from))(t); len(lists) != 0 {
			t.Errorf("%s: lists are %v", way.name, lists)
		}
		if trash := must(w.Trash(ctx, way.from))(t); len(trash) != 0 {
			t.Errorf("%s: the trash is %v", way.name, trash)
		}
		for path, ask := range map[string]func() error{
			"get":     func() error { _, err := w.Get(ctx, way.from, change.Contact); return err },
			"history": func() error { _, err := w.History(ctx, way.from, change.Contact); return err },
			"latest":  func() error { _, err := w.Latest(ctx, way.from, change.Contact); return err },
			"add":     func() error { _, err := w.Add(ctx, way.from, book.ID, named("X"), w.deed()); return err },
			"undo":    func() error { _, err := w.Undo(ctx, way.from, change.ID, w.deed()); return err },
			"share":   func() error { _, err := w.Share(ctx, way.from, book.ID, press, "", true); return err },
			"configure": func() error {
				_, err := w.Configure(ctx, way.from, book.ID, 1, "X", contact.Everybody, nil)
				return err
			},
		} {
			if err := ask(); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s %s: %v", path, way.name, err)
			}
		}
	}
	same(t, "members", []string{"Wilma Sample"}, w.found(in(bob, sales), "wilma"))
	p.closed[sales] = false
	same(t, "when it is open again", []string{"Wilma Sample"}, w.found(in(gil, sales), "wilma"))
}

// A shared book is read by guests only where both conversations let them: the one that it belongs to, and the one they are in.
func TestGuestsOfSharedBooks(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		role   identity.Role // of Gil in press, with which the book of sales is shared; he is nothing in sales
		closed []identity.Conversation
		reads  bool
	}{
		"both open":            {identity.Guest, nil, true},
		"home closed":          {identity.Guest, []identity.Conversation{sales}, false},
		"shared closed":        {identity.Guest, []identity.Conversation{press}, false},
		"member, home closed":  {identity.Member, []identity.Conversation{sales}, true},
		"member, both closed":  {identity.Member, []identity.Conversation{sales, press}, true},
		"nothing, all is open": {identity.None, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p := w.governed()
			w.roster.Set(contoso, ana, press, identity.Member)
			book := must(w.Ensure(t.Context(), in(ana, sales)))(t)
			w.add(in(ana, sales), book.ID, named("Wilma Sample"))
			must(w.Share(t.Context(), in(ana, sales), book.ID, press, "", false))(t)
			w.roster.Set(contoso, gil, sales, identity.None)
			w.roster.Set(contoso, gil, press, row.role)
			for _, c := range row.closed {
				p.closed[c] = true
			}
			if got := len(w.found(in(gil, press), "wilma")) == 1; got != row.reads {
				t.Errorf("found: %v", got)
			}
		})
	}
}

// Whose role the roster does not say may be a guest.
func TestUnknownRoleInAClosedConversation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.governed()
	book := must(w.Ensure(t.Context(), in(ana, sales)))(t)
	w.add(in(ana, sales), book.ID, named("Wilma Sample"))
	w.roster.Down(sales, true)
	same(t, "while it is open", []string{"Wilma Sample"}, w.found(in(gil, sales), "wilma"))
	p.closed[sales] = true
	same(t, "when it is closed", []string(nil), w.found(in(gil, sales), "wilma"))
}

// Nobody is let in when it cannot be read what was decided.
func TestPolicyThatFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.governed()
	must(w.Ensure(t.Context(), in(ana, sales)))(t)
	p.err = errors.New("the disk is gone")
	if _, err := w.Lists(t.Context(), in(gil, sales)); !errors.Is(err, p.err) {
		t.Errorf("a guest gets %v", err)
	}
	if _, err := w.Lists(t.Context(), in(bob, sales)); err != nil {
		t.Errorf("a member gets %v", err)
	}
	if _, err := w.NewBook(t.Context(), in(bob, sales), contact.ConversationBook, "Another", w.deed()); !errors.Is(err, p.err) {
		t.Errorf("a new book: %v", err)
	}
}

// New books begin as the organisation says.
func TestNewBooksHaveTheMode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.governed()
	p.mode = contact.OwnersOnly
	book := must(w.Ensure(t.Context(), in(ana, sales)))(t)
	if book.Mode != contact.OwnersOnly {
		t.Errorf("the mode is %s", book.Mode)
	}
	_, err := w.Add(t.Context(), in(bob, sales), book.ID, named("X"), w.deed())
	refused(t, err, fault.Denied, "contact.denied_add")
}
