package contact_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// librarian counts how often the books are read.
type librarian struct {
	contact.Library
	reads atomic.Int32
	lost  error // of Edition
}

func (l *librarian) BooksFor(ctx context.Context, t identity.Tenant, p identity.Person, c identity.Conversation) ([]contact.Book, error) {
	l.reads.Add(1)
	return l.Library.BooksFor(ctx, t, p, c)
}

func (l *librarian) Edition(ctx context.Context, t identity.Tenant) (uint64, error) {
	n, err := l.Library.Edition(ctx, t)
	if l.lost != nil {
		err = l.lost
	}
	return n, err
}

func (w *world) watched() *librarian {
	l := &librarian{Library: w.memory}
	c := w.config(w.index)
	c.Library = l
	w.Books = contact.New(c)
	return l
}

// What somebody sees is found once for all the letters that they type, and anew when a book changed or time has passed.
func TestSightIsKept(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWorld(t)
	ids := w.library()
	l := w.watched()
	all := []string{"Contact of All", "Contact of Bob's", "Contact of Press", "Contact of Sales", "Contact of Shared"}
	bobs := in(bob, chat(bob))
	finds := func(name string, want []string, reads int32, calls int) {
		t.Helper()
		before, asked := l.reads.Load(), w.roster.Calls(sales)
		same(t, name, want, sorted(w.found(bobs, "contact")))
		if l.reads.Load()-before != reads || w.roster.Calls(sales)-asked != calls {
			t.Errorf("%s: the books were read %d times, the roster of sales %d times", name, l.reads.Load()-before, w.roster.Calls(sales)-asked)
		}
	}
	finds("at first", all, 1, 1)
	finds("again", all, 0, 0)
	w.now = w.now.Add(contact.SightAge - 1)
	finds("a little later", all, 0, 0)
	w.now = w.now.Add(1)
	finds("when it is old", all, 1, 1)

	k := must(w.memory.Book(ctx, contoso, ids["shared"]))(t)
	k.Removed, k.Version = &contact.Stamp{At: w.now, By: ana}, k.Version+1
	must(0, w.memory.SaveBook(ctx, contoso, k))(t)
	finds("after a book was changed", slices.Delete(slices.Clone(all), 4, 5), 1, 1)
	must(0, w.memory.SaveBook(ctx, fabrikam, contact.Book{ID: "b", Kind: contact.TenantBook, Name: "B", Version: 1}))(t)
	finds("after one of another tenant was", slices.Delete(slices.Clone(all), 4, 5), 0, 0)

	w.roster.Set(contoso, bob, sales, identity.None)
	w.now = w.now.Add(contact.SightAge)
	finds("after Bob left sales", []string{"Contact of All", "Contact of Bob's", "Contact of Press"}, 1, 1)
}

// What is seen is one person's, in one place, with those who read along.
func TestSightIsOnesOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.library()
	w.watched()
	for range 2 {
		same(t, "Bob in sales", []string{"Contact of All", "Contact of Bob's", "Contact of Press", "Contact of Sales", "Contact of Shared"}, sorted(w.found(in(bob, sales), "contact")))
		same(t, "aloud", []string{"Contact of All", "Contact of Sales", "Contact of Shared"}, sorted(w.found(aloud(in(bob, sales)), "contact")))
		same(t, "Ana in sales", []string{"Contact of All", "Contact of Ana's", "Contact of Sales", "Contact of Shared"}, sorted(w.found(in(ana, sales), "contact")))
		same(t, "Eve", []string{"Contact of All"}, w.found(in(eve, chat(eve)), "contact"))
		same(t, "Eve, who says she is in sales", []string(nil), w.found(in(eve, sales), "contact"))
		elsewhere := in(bob, sales)
		elsewhere.Tenant = fabrikam
		same(t, "Bob of another tenant", []string(nil), w.found(elsewhere, "contact"))
	}
}

// While a roster cannot be read nothing is kept: neither what it would have opened, nor what it would have closed.
func TestSightOfADoubt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.library()
	l := w.watched()
	w.roster.Down(sales, true)
	same(t, "Bob elsewhere", []string{"Contact of All", "Contact of Bob's", "Contact of Press", "Contact of Shared"}, sorted(w.found(in(bob, press), "contact")))
	same(t, "Eve, whose words came from sales", []string{"Contact of All", "Contact of Sales", "Contact of Shared"}, sorted(w.found(in(eve, sales), "contact")))
	w.roster.Down(sales, false)
	same(t, "Bob", []string{"Contact of All", "Contact of Bob's", "Contact of Press", "Contact of Sales", "Contact of Shared"}, sorted(w.found(in(bob, press), "contact")))
	same(t, "Eve", []string(nil), w.found(in(eve, sales), "contact"))

	l.lost = fault.New(fault.Busy, "librarian.Edition", "")
	if _, err := w.Find(t.Context(), in(bob, press), contact.Query{}, 0, 25); !fault.Is(err, fault.Busy) {
		t.Errorf("without an edition: %v", err)
	}
}

// Whatever people do to books and rosters, in any order: what is kept is what would be found anew.
func TestSightIsTrue(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWorld(t)
	ids := slices.Sorted(maps.Values(w.library()))
	r := rand.New(rand.NewPCG(3, 7))
	people, places := []identity.Person{ana, bob, eve, gil}, []identity.Conversation{sales, press}
	steps := []func(){
		func() { // a role changes, which may take time to be seen
			w.roster.Set(contoso, people[r.IntN(4)], places[r.IntN(2)], identity.Role(r.IntN(4)))
			w.now = w.now.Add(contact.SightAge)
		},
		func() { w.now = w.now.Add(time.Second) },
		func() {
			k := must(w.memory.Book(ctx, contoso, ids[r.IntN(len(ids))]))(t)
			k.Version++
			k.Mode = []contact.Mode{contact.Everybody, contact.OwnersOnly, contact.PerMember}[r.IntN(3)]
			if k.Removed = nil; r.IntN(4) == 0 {
				k.Removed = &contact.Stamp{At: w.now}
			}
			if k.Kind == contact.ConversationBook && k.Home == sales {
				k.Shares = nil
				if r.IntN(2) == 0 {
					k.Shares = []contact.Share{{With: press, Edit: r.IntN(2) == 0}}
				}
			}
			must(0, w.memory.SaveBook(ctx, contoso, k))(t)
		},
		func() { must(0, w.memory.Meet(ctx, contoso, people[r.IntN(4)], places[r.IntN(2)]))(t) },
	}
	seen := func(b *contact.Books, who identity.Caller) (all []string) {
		for _, l := range must(b.Writable(ctx, who))(t) {
			all = append(all, fmt.Sprintf("%s %+v", l.Book.ID, l.May))
		}
		for _, e := range must(b.Find(ctx, who, contact.Query{}, 0, 25))(t).Entries {
			all = append(all, fmt.Sprintf("%s %d %+v", e.Contact.Name, e.Book.Version, e.May))
		}
		return all
	}
	for n := range 600 {
		steps[r.IntN(len(steps))]()
		who := in(people[r.IntN(4)], places[r.IntN(2)])
		if r.IntN(2) == 0 {
			who = in(who.Person, chat(who.Person))
		}
		who.Public = r.IntN(4) == 0
		kept := seen(w.Books, who)
		same(t, fmt.Sprint("step ", n, " ", who), seen(contact.New(w.config(w.index)), who), kept)
		if t.Failed() {
			return
		}
	}
}
