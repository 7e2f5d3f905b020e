package contact_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

func TestEnsure(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	made := must(w.Ensure(ctx, in(bob, sales)))(t)
	want := contact.Book{
		ID: made.ID, Kind: contact.ConversationBook, Home: sales, Team: in(bob, sales).Team, Owners: []identity.Person{bob},
		Mode: contact.Everybody, Created: contact.Stamp{At: w.now, By: bob}, Version: 1,
	}
	same(t, "made", want, made)
	same(t, "found again", made, must(w.Ensure(ctx, in(ana, sales)))(t))
	same(t, "for a guest", made, must(w.Ensure(ctx, in(gil, sales)))(t))
	_, err := w.Ensure(ctx, in(eve, sales))
	refused(t, err, fault.NotFound, "book.not_found")
	_, err = w.Ensure(ctx, in(gil, press))
	refused(t, err, fault.Denied, "book.denied_make")

	w.now = w.now.Add(time.Hour)
	must(w.NewBook(ctx, in(bob, sales), contact.ConversationBook, "Aardvarks", w.deed()))(t)
	same(t, "the first stays the natural one", made.ID, must(w.Ensure(ctx, in(ana, sales)))(t).ID)
	must(w.Configure(ctx, in(ana, sales), made.ID, 1, "Zebras", contact.Everybody, nil))(t)
	same(t, "under another name too", made.ID, must(w.Ensure(ctx, in(ana, sales)))(t).ID)

	own := must(w.Ensure(ctx, in(bob, chat(bob))))(t)
	same(t, "a person's own", []any{contact.PersonalBook, []identity.Person{bob}}, []any{own.Kind, own.Owners})
	guests := must(w.Ensure(ctx, in(gil, chat(gil))))(t)
	same(t, "a guest's own", contact.PersonalBook, guests.Kind)
}

// Many who need the first book at one moment get the same.
func TestEnsureTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var mu sync.Mutex
	c := w.config(w.index)
	c.Now = func() time.Time { return time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC) }
	c.NewID = nil
	b := contact.New(c)
	seen := map[contact.BookID]bool{}
	var all sync.WaitGroup
	for range 30 {
		all.Go(func() {
			k, err := b.Ensure(t.Context(), in(bob, sales))
			if err != nil || len(k.ID) != 26 || strings.ToLower(string(k.ID)) != string(k.ID) {
				t.Errorf("book %q, %v", k.ID, err)
			}
			mu.Lock()
			defer mu.Unlock()
			seen[k.ID] = true
		})
	}
	all.Wait()
	same(t, "books", 1, len(seen))
}

func TestNewBook(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		who   identity.Caller
		kind  contact.BookKind
		title string
		want  fault.Kind
		text  string
	}{
		{"own", in(eve, chat(eve)), contact.PersonalBook, "Mine", "", ""},
		{"own, from a chat", in(bob, press), contact.PersonalBook, "Mine", "", ""},
		{"conversation's", in(bob, sales), contact.ConversationBook, "Suppliers", "", ""},
		{"conversation's, in a personal chat", in(bob, chat(bob)), contact.ConversationBook, "Suppliers", fault.Invalid, "book.no_conversation"},
		{"conversation's, by a guest", in(gil, sales), contact.ConversationBook, "Suppliers", fault.Denied, "book.denied_make"},
		{"conversation's, by a stranger", in(eve, sales), contact.ConversationBook, "Suppliers", fault.Denied, "book.denied_make"},
		{"tenant's, by an owner", in(ana, sales), contact.TenantBook, "All", "", ""},
		{"tenant's, by a member", in(bob, sales), contact.TenantBook, "All", fault.Denied, "book.tenant_owner"},
		{"tenant's, in a personal chat", in(ana, chat(ana)), contact.TenantBook, "All", fault.Denied, "book.tenant_owner"},
		{"tenant's, in a group chat, which nobody owns whatever Teams says", in(ana, press), contact.TenantBook, "All", fault.Denied, "book.tenant_owner"},
		{"of no kind", in(ana, sales), "secret", "All", fault.Invalid, "book.kind"},
		{"by nobody", in("", sales), contact.PersonalBook, "Mine", fault.Denied, "book.denied_make"},
		{"nowhere", in(ana, ""), contact.ConversationBook, "Mine", fault.Denied, "book.denied_make"},
		{"without a name", in(bob, sales), contact.ConversationBook, " \u200b ", fault.Invalid, "book.name_missing"},
		{"with a long name", in(bob, sales), contact.ConversationBook, strings.Repeat("n", 51), fault.Invalid, "book.name_long"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.roster.Set(contoso, ana, press, identity.Owner)
			k, err := w.NewBook(t.Context(), tt.who, tt.kind, tt.title, w.deed())
			if tt.want != "" {
				refused(t, err, tt.want, tt.text)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			same(t, "saved", k, must(w.memory.Book(t.Context(), contoso, k.ID))(t))
		})
	}
}

// Making a book twice with one wish makes one; another of its name is refused where people would see the two together.
func TestBooksAreToldApart(t *testing.T) {
	t.Parallel()
	w, ctx, wish := newWorld(t), t.Context(), identity.Deed{Key: "form|1"}
	first := must(w.NewBook(ctx, in(bob, sales), contact.ConversationBook, "Suppliers", wish))(t)
	same(t, "made again", first, must(w.NewBook(ctx, in(bob, sales), contact.ConversationBook, "Suppliers", wish))(t))
	_, err := w.NewBook(ctx, in(ana, sales), contact.ConversationBook, " SUPPLIERS ", identity.Deed{Key: "form|1"})
	refused(t, err, fault.Invalid, "book.name_taken")
	must(w.NewBook(ctx, in(bob, press), contact.ConversationBook, "Suppliers", w.deed()))(t)
	must(w.NewBook(ctx, in(bob, sales), contact.PersonalBook, "Suppliers", w.deed()))(t)

	other := must(w.NewBook(ctx, in(bob, sales), contact.ConversationBook, "Pilots", w.deed()))(t)
	_, err = w.Configure(ctx, in(bob, chat(bob)), other.ID, other.Version, "suppliers", contact.Everybody, nil)
	refused(t, err, fault.Invalid, "book.name_taken")
	renamed := must(w.Configure(ctx, in(bob, sales), first.ID, first.Version, "SUPPLIERS", contact.Everybody, nil))(t)
	same(t, "its own name in another writing", "SUPPLIERS", renamed.Name)
}

// Who spoke in a conversation finds its books from elsewhere, as long as the roster knows them there.
func TestMet(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	w.add(in(ana, sales), "", named("Marta"))
	same(t, "before", []string(nil), w.found(in(bob, chat(bob)), "marta"))
	w.Met(ctx, in(bob, press)) // where there is no book
	w.Met(ctx, in(bob, chat(bob)))
	w.Met(ctx, in("", sales))
	same(t, "met elsewhere", []string(nil), w.found(in(bob, chat(bob)), "marta"))
	w.Met(ctx, in(bob, sales))
	w.Met(ctx, in(eve, sales))
	same(t, "met there", []string{"Marta"}, w.found(in(bob, chat(bob)), "marta"))
	same(t, "a stranger", []string(nil), w.found(in(eve, chat(eve)), "marta"))
}

func TestBooksHaveAnEnd(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	for i := range contact.MaxBooks {
		must(w.NewBook(ctx, in(bob, sales), contact.ConversationBook, fmt.Sprint("Book ", i), w.deed()))(t)
	}
	_, err := w.NewBook(ctx, in(bob, sales), contact.ConversationBook, "One more", w.deed())
	refused(t, err, fault.Invalid, "book.too_many")
	must(w.NewBook(ctx, in(bob, press), contact.ConversationBook, "Elsewhere", w.deed()))(t)
	must(w.NewBook(ctx, in(bob, sales), contact.PersonalBook, "Mine", w.deed()))(t)
}

func TestConfigure(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	book := must(w.Ensure(ctx, in(ana, sales)))(t)
	own := map[identity.Person]contact.Rights{bob: {Add: true}}
	k := must(w.Configure(ctx, in(ana, sales), book.ID, 1, " ", contact.PerMember, own))(t)
	same(t, "configured", []any{2, "", contact.PerMember, own}, []any{k.Version, k.Name, k.Mode, k.Rights})
	own[bob] = contact.Rights{Manage: true}
	k = must(w.Configure(ctx, in(ana, sales), book.ID, 2, "Suppliers", contact.PerMember, nil))(t)
	same(t, "nil rights leave those that are", []any{"Suppliers", contact.Rights{Add: true}}, []any{k.Name, k.Rights[bob]})

	many := map[identity.Person]contact.Rights{}
	for i := range contact.MaxRights + 1 {
		many[identity.Person(fmt.Sprint(i))] = contact.Rights{}
	}
	for _, tt := range []struct {
		name    string
		who     identity.Caller
		version int
		title   string
		mode    contact.Mode
		rights  map[identity.Person]contact.Rights
		kind    fault.Kind
		text    string
	}{
		{"member", in(bob, sales), 3, "x", contact.Everybody, nil, fault.Denied, "book.denied_manage"},
		{"guest", in(gil, sales), 3, "x", contact.Everybody, nil, fault.Denied, "book.denied_manage"},
		{"stranger", in(eve, chat(eve)), 3, "x", contact.Everybody, nil, fault.NotFound, "book.not_found"},
		{"older version", in(ana, sales), 2, "x", contact.Everybody, nil, fault.Stale, "book.changed"},
		{"odd mode", in(ana, sales), 3, "x", "nobody", nil, fault.Invalid, "book.mode"},
		{"name taken away", in(ana, sales), 3, "", contact.Everybody, nil, fault.Invalid, "book.name_missing"},
		{"long name", in(ana, sales), 3, strings.Repeat("n", 51), contact.Everybody, nil, fault.Invalid, "book.name_long"},
		{"many rights", in(ana, sales), 3, "x", contact.PerMember, many, fault.Invalid, "book.rights_full"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := w.Configure(ctx, tt.who, book.ID, tt.version, tt.title, tt.mode, tt.rights)
			refused(t, err, tt.kind, tt.text)
		})
	}
	same(t, "nothing came of it", k, must(w.memory.Book(ctx, contoso, book.ID))(t))
}

// Whoever was given the right to manage has it, where the book lives and not through a share.
func TestManageByRight(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	book := must(w.Ensure(ctx, in(ana, sales)))(t)
	must(w.Configure(ctx, in(ana, sales), book.ID, 1, "", contact.PerMember, map[identity.Person]contact.Rights{bob: {Manage: true}}))(t)
	must(w.Share(ctx, in(bob, sales), book.ID, press, "", true))(t)
	w.roster.Set(contoso, bob, sales, identity.None)
	_, err := w.Unshare(ctx, in(bob, press), book.ID, press)
	refused(t, err, fault.Denied, "book.denied_manage")
}

func TestShare(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	c := w.add(in(ana, sales), "", named("Marta"))
	carl := identity.Person("carl") // only in press
	w.roster.Set(contoso, carl, press, identity.Member)
	_, err := w.Share(ctx, in(ana, sales), c.Book, press, "", true)
	refused(t, err, fault.Denied, "book.share_member")
	w.roster.Set(contoso, ana, press, identity.Guest)
	_, err = w.Share(ctx, in(ana, sales), c.Book, press, "", true)
	refused(t, err, fault.Denied, "book.share_member")
	w.roster.Set(contoso, ana, press, identity.Member)
	same(t, "before", []string(nil), w.found(in(carl, press), "marta"))

	k := must(w.Share(ctx, in(ana, press), c.Book, press, "19:forged@thread", false))(t)
	same(t, "the team of where she stands", []contact.Share{{With: press}}, k.Shares)
	same(t, "found", []string{"Marta"}, w.found(in(carl, press), "marta"))
	same(t, "found aloud", []string{"Marta"}, w.found(aloud(in(carl, press)), "marta"))
	same(t, "found from Carl's chat", []string{"Marta"}, w.found(in(carl, chat(carl)), "marta"))
	_, err = w.Edit(ctx, in(carl, press), c.Contact, 1, named("Maria"), w.deed())
	refused(t, err, fault.Denied, "contact.denied_modify")

	k = must(w.Share(ctx, in(ana, sales), c.Book, press, "", true))(t)
	same(t, "shared again", []contact.Share{{With: press, Edit: true}}, k.Shares)
	must(w.Edit(ctx, in(carl, press), c.Contact, 1, named("Maria"), w.deed()))(t)
	_, err = w.Configure(ctx, in(carl, press), c.Book, k.Version, "Ours", contact.Everybody, nil)
	refused(t, err, fault.Denied, "book.denied_manage")

	w.roster.Set(contoso, ana, press, identity.None)
	must(w.Unshare(ctx, in(ana, sales), c.Book, press))(t)
	same(t, "afterwards", []string(nil), w.found(in(carl, press), "mar"))
	_, err = w.Get(ctx, in(carl, press), c.Contact)
	refused(t, err, fault.NotFound, "contact.not_found")
}

func TestShareRefuses(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	ids := w.library()
	for _, tt := range []struct {
		name string
		who  identity.Caller
		book contact.BookID
		with identity.Conversation
		kind fault.Kind
		text string
	}{
		{"a personal book", in(bob, press), ids["bob"], press, fault.Invalid, "book.share_kind"},
		{"the tenant's", in(ana, sales), ids["all"], sales, fault.Invalid, "book.share_kind"},
		{"with its home", in(ana, sales), ids["sales"], sales, fault.Invalid, "book.share_home"},
		{"with nothing", in(ana, sales), ids["sales"], "", fault.Denied, "book.share_member"},
		{"with a monster", in(ana, sales), ids["sales"], identity.Conversation(strings.Repeat("x", 301)), fault.Denied, "book.share_member"},
		{"by who does not manage it", in(bob, press), ids["sales"], press, fault.Denied, "book.denied_manage"},
		{"somebody's own", in(ana, sales), ids["bob"], sales, fault.NotFound, "book.not_found"},
	} {
		_, err := w.Share(ctx, tt.who, tt.book, tt.with, "", true)
		refused(t, err, tt.kind, tt.text)
	}
	w.roster.Down(press, true)
	w.roster.Set(contoso, ana, press, identity.Member)
	_, err := w.Share(ctx, in(ana, sales), ids["sales"], press, "", true)
	refused(t, err, fault.Denied, "book.share_member")
	for i := range contact.MaxShares + 1 {
		c := identity.Conversation(fmt.Sprintf("19:%d@thread.v2", i))
		w.roster.Set(contoso, ana, c, identity.Member)
		_, err = w.Share(ctx, in(ana, sales), ids["sales"], c, "", false)
	}
	refused(t, err, fault.Invalid, "book.share_full")
}

// The bot is removed from a conversation and comes back: nothing is lost, and meanwhile nothing is seen.
func TestRemovedAndReturned(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	ids := w.library()
	w.lists(in(ana, sales))
	c := must(w.Find(ctx, in(ana, sales), contact.Query{Book: ids["sales"]}, 0, 1))(t).Entries[0].Contact
	if err := w.Removed(ctx, contoso, sales, bob); err != nil {
		t.Fatal(err)
	}
	k := must(w.memory.Book(ctx, contoso, ids["sales"]))(t)
	same(t, "marked", &contact.Stamp{At: w.now, By: bob}, k.Removed)
	same(t, "nothing to find", []string{"Contact of All", "Contact of Ana's"}, sorted(w.found(in(ana, sales), "")))
	_, err := w.Get(ctx, in(ana, sales), c.ID)
	refused(t, err, fault.NotFound, "contact.not_found")
	_, err = w.History(ctx, in(ana, sales), c.ID)
	refused(t, err, fault.NotFound, "contact.not_found")
	_, err = w.Configure(ctx, in(ana, sales), ids["sales"], 2, "x", contact.Everybody, nil)
	refused(t, err, fault.NotFound, "book.not_found")
	same(t, "its owner sees that it waits", []string{"Ana's+ 1", "All+ 1", "Sales 1", "Shared 1"}, w.lists(in(ana, chat(ana))))
	same(t, "others do not", []string{"Bob's+ 1", "Press+ 1", "All+ 1"}, w.lists(in(bob, chat(bob))))
	same(t, "nor does anybody aloud", []string{"All+ 1"}, w.lists(aloud(in(ana, sales))))

	same(t, "removed again changes nothing", nil, w.Removed(ctx, contoso, sales, ana))
	same(t, "as it was", k, must(w.memory.Book(ctx, contoso, ids["sales"]))(t))
	if _, err := w.Returned(ctx, in(bob, sales)); err != nil {
		t.Fatal(err)
	}
	same(t, "back", []string{"Contact of All", "Contact of Sales", "Contact of Shared"}, sorted(w.found(aloud(in(bob, sales)), "")))
	same(t, "in one version more", k.Version+1, must(w.memory.Book(ctx, contoso, ids["sales"]))(t).Version)
}

// Should the news of the return be lost, the first addition in the conversation brings the book back; the search box,
// which works where the bot is not, does not.
func TestEnsureBringsBack(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	c := w.add(in(bob, sales), "", named("Marta"))
	if err := w.Removed(ctx, contoso, sales, ana); err != nil {
		t.Fatal(err)
	}
	w.roster.Down(sales, true)
	_, err := w.Add(ctx, in(bob, sales), "", named("Nils"), w.deed())
	refused(t, err, fault.Denied, "book.waits")
	w.roster.Down(sales, false)
	_, err = w.Ensure(ctx, in(gil, sales))
	refused(t, err, fault.Denied, "book.waits")
	same(t, "the same book", c.Book, w.add(in(bob, sales), "", named("Nils")).Book)
	same(t, "with everything in it", []string{"Marta", "Nils"}, w.found(in(bob, sales), ""))
}

// A book that somebody else saves at the same moment is changed after all, unless the caller named a version.
func TestBooksChangedTogether(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	ids := w.library()
	c := w.config(w.index)
	rival := &rivalLibrary{Library: w.memory}
	c.Library = rival
	b := contact.New(c)
	rival.strikes = 2
	must(b.Unshare(ctx, in(ana, sales), ids["shared"], press))(t)
	same(t, "both changes", []any{"rival 2", 0}, []any{must(w.memory.Book(ctx, contoso, ids["shared"]))(t).Name, len(must(w.memory.Book(ctx, contoso, ids["shared"]))(t).Shares)})
	rival.strikes = 3
	_, err := b.Unshare(ctx, in(ana, sales), ids["shared"], press)
	refused(t, err, fault.Stale, "book.stale")
	rival.strikes = 1
	k := must(w.memory.Book(ctx, contoso, ids["sales"]))(t)
	_, err = b.Configure(ctx, in(ana, sales), k.ID, k.Version, "Ours", contact.Everybody, nil)
	refused(t, err, fault.Stale, "book.changed")
}

// rivalLibrary saves a book itself just before others do, a number of times.
type rivalLibrary struct {
	contact.Library
	strikes int
}

func (l *rivalLibrary) SaveBook(ctx context.Context, t identity.Tenant, k contact.Book) error {
	if l.strikes > 0 {
		stored, err := l.Book(ctx, t, k.ID)
		if err != nil {
			return err
		}
		stored.Name, stored.Version = fmt.Sprint("rival ", l.strikes), stored.Version+1
		if l.strikes--; l.strikes == 0 {
			stored.Name = "rival 2"
		}
		if err := l.Library.SaveBook(ctx, t, stored); err != nil {
			return err
		}
	}
	return l.Library.SaveBook(ctx, t, k)
}
