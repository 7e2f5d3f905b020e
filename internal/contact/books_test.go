package contact_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// shown names the books of a listing with their number of contacts; "+" means that the caller may add some.
func shown(lists []contact.Listing) []string {
	var all []string
	for _, l := range lists {
		plus := ""
		if l.May.Add {
			plus = "+"
		}
		all = append(all, fmt.Sprintf("%s%s %d", l.Book.Name, plus, l.Count))
	}
	return all
}

func (w *world) lists(who identity.Caller) []string {
	w.t.Helper()
	return shown(must(w.Lists(w.t.Context(), who))(w.t))
}

// library makes one book of every sort, with a contact in each: Ana's and Bob's own, that of sales and that of press,
// one of sales that is shared with press, and the tenant's, made in sales.
func (w *world) library() map[string]contact.BookID {
	w.t.Helper()
	ctx, ids := w.t.Context(), map[string]contact.BookID{}
	for _, b := range []struct {
		key  string
		who  identity.Caller
		kind contact.BookKind
		name string
	}{
		{"ana", in(ana, chat(ana)), contact.PersonalBook, "Ana's"},
		{"bob", in(bob, chat(bob)), contact.PersonalBook, "Bob's"},
		{"sales", in(ana, sales), contact.ConversationBook, "Sales"},
		{"press", in(bob, press), contact.ConversationBook, "Press"},
		{"shared", in(ana, sales), contact.ConversationBook, "Shared"},
		{"all", in(ana, sales), contact.TenantBook, "All"},
	} {
		k := must(w.NewBook(ctx, b.who, b.kind, b.name, w.deed()))(w.t)
		ids[b.key] = k.ID
		w.add(b.who, k.ID, named("Contact of "+b.name))
		w.now = w.now.Add(time.Minute)
	}
	w.roster.Set(contoso, ana, press, identity.Member)
	must(w.Share(ctx, in(ana, sales), ids["shared"], press, "", false))(w.t)
	w.roster.Set(contoso, ana, press, identity.None)
	w.lists(in(bob, sales)) // so Bob was met in both
	w.lists(in(bob, press))
	return ids
}

// Who sees which books from where, nearest first.
func TestLists(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		who  identity.Caller
		want []string
	}{
		{"Ana in sales", in(ana, sales), []string{"Sales+ 1", "Shared+ 1", "All+ 1", "Ana's+ 1"}},
		{"Ana in her chat", in(ana, chat(ana)), []string{"Ana's+ 1", "Sales+ 1", "Shared+ 1", "All+ 1"}},
		{"Bob in sales", in(bob, sales), []string{"Sales+ 1", "Shared+ 1", "Press+ 1", "All+ 1", "Bob's+ 1"}},
		{"Bob in press", in(bob, press), []string{"Press+ 1", "Shared+ 1", "Sales+ 1", "All+ 1", "Bob's+ 1"}},
		{"Bob in his chat", in(bob, chat(bob)), []string{"Bob's+ 1", "Sales+ 1", "Press+ 1", "Shared+ 1", "All+ 1"}},
		{"Eve in her chat", in(eve, chat(eve)), []string{"All+ 1"}},
		{"Eve, who says she is in sales", in(eve, sales), nil},
		{"guest in sales", in(gil, sales), []string{"Sales 1", "Shared 1"}},
		{"guest in his chat", in(gil, chat(gil)), []string{"Sales 1", "Shared 1"}},
		{"nobody", in("", sales), nil},
		{"nowhere", in(ana, ""), []string{"Sales+ 1", "Shared+ 1", "Ana's+ 1"}},
		{"Ana aloud in sales", aloud(in(ana, sales)), []string{"Sales+ 1", "Shared+ 1", "All+ 1"}},
		{"Bob aloud in press", aloud(in(bob, press)), []string{"Press+ 1", "Shared+ 1", "All+ 1"}},
		{"Ana aloud in her chat", aloud(in(ana, chat(ana))), []string{"All+ 1"}},
	}
	w := newWorld(t)
	w.library()
	w.lists(in(ana, sales))
	w.lists(in(gil, sales))
	for _, tt := range tests {
		same(t, tt.name, tt.want, w.lists(tt.who))
	}
}

// A roster that cannot be read opens the conversation where the caller stands, for members only, and no other.
func TestRosterDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ids := w.library()
	w.lists(in(ana, sales))
	w.roster.Down(sales, true)

	same(t, "Bob where he stands", sorted([]string{"Contact of Sales", "Contact of Shared", "Contact of All", "Contact of Bob's", "Contact of Press"}), sorted(w.found(in(bob, sales), "contact")))
	same(t, "Bob elsewhere finds the rest", sorted([]string{"Contact of Bob's", "Contact of Press", "Contact of All", "Contact of Shared"}), sorted(w.found(in(bob, press), "contact")))
	same(t, "Ana elsewhere", sorted([]string{"Contact of Ana's", "Contact of All"}), sorted(w.found(in(ana, chat(ana)), "contact")))
	same(t, "even Eve, whose words came from there", sorted([]string{"Contact of Sales", "Contact of Shared", "Contact of All"}), sorted(w.found(in(eve, sales), "contact")))

	_, err := w.NewBook(t.Context(), in(ana, sales), contact.TenantBook, "More", w.deed())
	refused(t, err, fault.Denied, "book.tenant_owner")
	_, err = w.Configure(t.Context(), in(eve, sales), ids["sales"], 1, "Mine", contact.Everybody, nil)
	refused(t, err, fault.Denied, "book.denied_manage")

	w.roster.Down(sales, false)
	same(t, "Eve was not remembered there", []string{"Contact of All"}, w.found(in(eve, chat(eve)), "contact"))
}

func sorted(names []string) []string { return slices.Sorted(slices.Values(names)) }

// slowRoster answers only when its context ends, except for one conversation.
type slowRoster struct {
	contact.Roster
	quick identity.Conversation
	busy  atomic.Int32
	most  atomic.Int32
}

func (r *slowRoster) Role(ctx context.Context, t identity.Tenant, p identity.Person, c identity.Conversation, team string) (identity.Role, error) {
	for n := r.busy.Add(1); ; {
		most := r.most.Load()
		if n <= most || r.most.CompareAndSwap(most, n) {
			break
		}
	}
	defer r.busy.Add(-1)
	if c != r.quick {
		<-ctx.Done()
		return identity.None, fault.Wrap(fault.Busy, "test", ctx.Err())
	}
	return r.Roster.Role(ctx, t, p, c, team)
}

// Rosters that hang cost two seconds in all, however many there are, and hide their books only.
func TestRostersThatHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for i := range 100 {
			c := identity.Conversation(fmt.Sprintf("19:%03d@thread.v2", i))
			w.roster.Set(contoso, bob, c, identity.Member)
			w.add(in(bob, c), "", named("Contact elsewhere"))
		}
		w.add(in(bob, sales), "", named("Contact here"))
		slow := &slowRoster{Roster: w.roster, quick: sales}
		c := w.config(w.index)
		c.Roster = slow
		w.Books = contact.New(c)
		began := time.Now()
		same(t, "found", []string{"Contact here"}, w.found(in(bob, sales), "contact"))
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("took %v", took)
		}
		if most := slow.most.Load(); most > 8 {
			t.Errorf("%d rosters asked at a time", most)
		}
	})
}

func TestOnlyTheRostersNeededAreRead(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	ids := w.library()
	c := must(w.Find(ctx, in(bob, press), contact.Query{Book: ids["press"]}, 0, 1))(t).Entries[0].Contact
	before := w.roster.Calls(sales)
	must(w.Get(ctx, in(bob, press), c.ID))(t)
	same(t, "calls for another conversation", before, w.roster.Calls(sales))
}

func TestWritableAndOffers(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	ids := w.library()
	k := must(w.memory.Book(ctx, contoso, ids["sales"]))(t)
	must(w.Configure(ctx, in(ana, sales), k.ID, k.Version, "Sales", contact.OwnersOnly, nil))(t)
	for _, tt := range []struct {
		name             string
		who              identity.Caller
		writable, offers []string
	}{
		{"Ana in sales", in(ana, sales), []string{"Sales+ 1", "Shared+ 1", "All+ 1", "Ana's+ 1"}, nil},
		{"Ana in her chat", in(ana, chat(ana)), []string{"Ana's+ 1", "Sales+ 1", "Shared+ 1", "All+ 1"}, []string{"Sales+ 1", "Shared+ 1"}},
		{"Bob in sales", in(bob, sales), []string{"Shared+ 1", "Press+ 1", "All+ 1", "Bob's+ 1"}, []string{"Press+ 1"}},
		{"Bob in press", in(bob, press), []string{"Press+ 1", "Shared+ 1", "All+ 1", "Bob's+ 1"}, nil},
		{"Bob aloud in sales", aloud(in(bob, sales)), []string{"Shared+ 1", "All+ 1"}, nil},
		{"guest", in(gil, sales), nil, nil},
	} {
		same(t, tt.name+" may write", tt.writable, shown(must(w.Writable(ctx, tt.who))(t)))
		same(t, tt.name+" may share", tt.offers, shown(must(w.Offers(ctx, tt.who))(t)))
	}
}

func TestLoadOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(in(bob, sales), "", named("Marta"))
	counting := &countingShelf{Shelf: w.memory, fail: true}
	c := w.config(contact.NewIndex())
	c.Shelf = counting
	w.Books = contact.New(c)

	if err := w.Load(t.Context(), contoso); err == nil || counting.reads.Load() != 1 {
		t.Fatalf("a shelf that fails gives %v after %d reads", err, counting.reads.Load())
	}
	counting.fail = false
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			f, err := w.Find(t.Context(), in(bob, sales), contact.Query{}, 0, 25)
			if err != nil || f.Total != 1 {
				t.Errorf("found %d, %v", f.Total, err)
			}
		})
	}
	all.Wait()
	if n := counting.reads.Load(); n != 2 {
		t.Errorf("the shelf was read %d times", n)
	}
}

type countingShelf struct {
	contact.Shelf
	reads atomic.Int32
	fail  bool
}

func (s *countingShelf) Each(ctx context.Context, t identity.Tenant, fn func(contact.Contact) error) error {
	s.reads.Add(1)
	if s.fail {
		return errors.New("no such disk")
	}
	return s.Shelf.Each(ctx, t, fn)
}

// One caller who goes away does not take the others' answer along.
func TestLoadOutlivesItsFirstCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		gate := make(chan struct{})
		c := w.config(w.index)
		c.Shelf = &gatedShelf{Shelf: w.memory, gate: gate}
		b := contact.New(c)
		first, leave := context.WithCancel(t.Context())
		left, stayed := make(chan error, 1), make(chan error, 1)
		go func() { left <- b.Load(first, contoso) }()
		synctest.Wait()
		go func() { stayed <- b.Load(t.Context(), contoso) }()
		synctest.Wait()
		leave()
		if err := <-left; !fault.Is(err, fault.Busy) {
			t.Errorf("who left got %v", err)
		}
		close(gate)
		if err := <-stayed; err != nil {
			t.Errorf("who stayed got %v", err)
		}
	})
}

type gatedShelf struct {
	contact.Shelf
	gate chan struct{}
}

func (s *gatedShelf) Each(ctx context.Context, t identity.Tenant, fn func(contact.Contact) error) error {
	<-s.gate
	return errors.Join(ctx.Err(), s.Shelf.Each(ctx, t, fn))
}

func TestNewIDSortsByTime(t *testing.T) {
	t.Parallel()
	first := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	last := ""
	for _, at := range []time.Time{
		{}, time.UnixMilli(0), time.UnixMilli(31), time.UnixMilli(32), first, first.Add(time.Millisecond), first.Add(time.Second), first.AddDate(30_000, 0, 0),
	} {
		id := contact.NewID(at)
		if !regexp.MustCompile(`^[2-7a-z]{26}$`).MatchString(id) || id[:10] < last {
			t.Errorf("%v gave %s, after %s", at, id, last)
		}
		last = id[:10]
	}
}

func TestNewIDIsNotGuessed(t *testing.T) {
	t.Parallel()
	at, known, letters := time.UnixMilli(1), map[string]bool{}, [26]map[byte]bool{}
	for range 1000 {
		id := contact.NewID(at)
		known[id] = true
		for i := range letters {
			if letters[i] == nil {
				letters[i] = map[byte]bool{}
			}
			letters[i][id[i]] = true
		}
	}
	for i, l := range letters {
		if want := map[bool]int{true: 1, false: 32}[i < 10]; len(l) != want {
			t.Errorf("place %d has %d letters, want %d", i, len(l), want)
		}
	}
	if len(known) != 1000 {
		t.Errorf("%d different ids of 1000", len(known))
	}
}
