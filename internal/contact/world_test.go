package contact_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/contact"
	"teamspro/internal/contact/contacttest"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/lang"
)

const (
	contoso  = identity.Tenant("contoso")
	fabrikam = identity.Tenant("fabrikam")

	ana = identity.Person("ana") // owns the sales team
	bob = identity.Person("bob") // a member of sales and press
	eve = identity.Person("eve") // a member of nothing
	gil = identity.Person("gil") // a guest of sales

	sales = identity.Conversation("19:sales@thread.tacv2")
	press = identity.Conversation("19:press@thread.v2")
)

// world is the use cases on a store in memory, with a clock that tests turn and ids that count up.
type world struct {
	*contact.Books
	t      *testing.T
	memory *contacttest.Memory
	roster *contacttest.Roster
	index  *contact.Index
	now    time.Time
	ids    int
	deeds  int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, roster: &contacttest.Roster{}, index: contact.NewIndex(), now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return w.now }
	w.memory = contacttest.New(clock)
	w.Books = contact.New(w.config(w.index))
	for _, tenant := range []identity.Tenant{contoso, fabrikam} {
		w.roster.Set(tenant, ana, sales, identity.Owner)
		w.roster.Set(tenant, bob, sales, identity.Member)
		w.roster.Set(tenant, gil, sales, identity.Guest)
		w.roster.Set(tenant, bob, press, identity.Member)
		for _, p := range []identity.Person{ana, bob, eve} {
			w.roster.Set(tenant, p, chat(p), identity.Member)
		}
		w.roster.Set(tenant, gil, chat(gil), identity.Guest)
	}
	return w
}

func (w *world) config(x *contact.Index) contact.Config {
	return contact.Config{
		Shelf: w.memory, Chronicle: w.memory, Journal: w.memory, Library: w.memory, Marks: w.memory, Apart: w.memory, Roster: w.roster, Index: x, Region: "FR",
		Now:   func() time.Time { return w.now },
		NewID: func() string { w.ids++; return fmt.Sprintf("id%03d", w.ids) },
	}
}

// chat is the personal chat of somebody with the bot.
func chat(p identity.Person) identity.Conversation { return identity.Conversation("a:" + p) }

func in(p identity.Person, c identity.Conversation) identity.Caller {
	who := identity.Caller{Tenant: contoso, Person: p, Conversation: c, Place: identity.GroupChat}
	switch c {
	case chat(p):
		who.Place = identity.Personal
	case sales:
		who.Place, who.Team = identity.Channel, "19:salesteam@thread.tacv2"
	}
	return who
}

func aloud(who identity.Caller) identity.Caller {
	who.Public = true
	return who
}

// deed is a wish that was not made before.
func (w *world) deed() identity.Deed {
	w.deeds++
	return identity.Deed{Key: fmt.Sprintf("deed%03d", w.deeds), Surface: "test"}
}

// must fails the test on an error and gives the value.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (w *world) add(who identity.Caller, book contact.BookID, r contact.Record) contact.Change {
	w.t.Helper()
	return must(w.Add(w.t.Context(), who, book, r, w.deed()))(w.t)
}

func named(name string) contact.Record { return contact.Record{Name: name} }

// names lists the contacts of an answer.
func names(entries []contact.Entry) []string {
	var all []string
	for _, e := range entries {
		all = append(all, e.Contact.Name)
	}
	return all
}

func (w *world) found(who identity.Caller, text string) []string {
	w.t.Helper()
	f := must(w.Find(w.t.Context(), who, contact.ParseQuery(text), 0, 25))(w.t)
	if f.Total != len(f.Entries) {
		w.t.Errorf("%d entries, and a total of %d", len(f.Entries), f.Total)
	}
	return names(f.Entries)
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// refused checks that an error is of a kind and has a sentence in every language.
func refused(t *testing.T, err error, kind fault.Kind, text string) {
	t.Helper()
	e, ok := err.(*fault.Error)
	if !ok || e.Kind != kind || e.Text != text {
		t.Fatalf("got %v, want %s %s", err, kind, text)
	}
	for _, l := range lang.Languages {
		if s := lang.For(l).Text(e.Text, e.Args...); s == e.Text || s == "" {
			t.Errorf("no sentence %q in %s", e.Text, l)
		}
	}
}
