package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// Invented tenants, people and places.
const (
	north = identity.Tenant("11111111-1111-4111-8111-111111111111")
	south = identity.Tenant("22222222-2222-4222-8222-222222222222")

	ines  = identity.Person("aaaaaaaa-0000-4000-8000-000000000001")
	timur = identity.Person("aaaaaaaa-0000-4000-8000-000000000002")

	sales   = identity.Conversation("19:sales@thread.example")
	support = identity.Conversation("19:support@thread.example")
	lab     = identity.Conversation("19:lab@thread.example")
)

// Run tests that a store keeps the contract. open gives an empty store for each test.
func Run(t *testing.T, open func(t testing.TB) Ports) {
	for name, test := range map[string]func(*testing.T, Ports){
		"a contact lives, is deleted and restored": testLife,
		"everything of a contact comes back":       testWhole,
		"a change on an old version is stale":      testStale,
		"a change needs its contact":               testMissing,
		"a deed is done once":                      testDeed,
		"a refused change leaves nothing":          testRefused,
		"contacts come in the order asked":         testOrder,
		"each gives all that are there":            testEach,
		"history is newest first":                  testHistory,
		"the trash is newest first":                testTrash,
		"each change makes another stamp":          testStamp,
		"changes since a stamp come in order":      testSince,
		"stamps of others are unknown":             testStampOfOthers(open),
		"books are versioned":                      testBook,
		"an edition of the books is counted":       testEdition,
		"a place has one first book":               testFirst,
		"books are found by whom they concern":     testBooksFor,
		"marks change in one piece":                testMarks,
		"who changed something can take it back":   testDone,
		"tenants never meet":                       testTenants,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
	runBot(t, open)
	runSignIn(t, open)
	runSets(t, open)
	runImports(t, open)
}

func at(minute int) time.Time {
	return time.Date(2026, time.March, 1, 9, minute, 0, 123456789, time.UTC)
}

func record(name string) *contact.Record { return &contact.Record{Kind: contact.Person, Name: name} }

// change is a change of ines in a minute, named by what it does to what.
func change(act contact.Act, id contact.ID, version, minute int, after *contact.Record) contact.Change {
	return contact.Change{ID: contact.ChangeID(fmt.Sprintf("%s-%s-%d", id, act, version)), Act: act, Contact: id, Book: "book",
		Version: version, After: after, By: ines, At: at(minute)}
}

func apply(t *testing.T, p Ports, tenant identity.Tenant, c contact.Change) contact.Change {
	t.Helper()
	done, err := p.Shelf.Apply(t.Context(), tenant, c)
	if err != nil {
		t.Fatalf("apply %s: %v", c.ID, err)
	}
	return done
}

func wantKind(t *testing.T, what string, err error, want fault.Kind) {
	t.Helper()
	if fault.KindOf(err) != want {
		t.Errorf("%s: got error %v, want kind %q", what, err, want)
	}
}

// want compares; an empty list is as good as none.
func want[T any](t *testing.T, what string, got T, err error, want T) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func changeIDs(changes []contact.Change) []contact.ChangeID {
	var ids []contact.ChangeID
	for _, c := range changes {
		ids = append(ids, c.ID)
	}
	return ids
}

func testLife(t *testing.T, p Ports) {
	ctx := t.Context()
	marta := record("Marta Quell")
	apply(t, p, north, change(contact.Added, "c1", 1, 1, marta))
	edited := *marta
	edited.Job = "Surveyor"
	second := change(contact.Edited, "c1", 2, 2, &edited)
	second.Before, second.By = marta, timur
	apply(t, p, north, second)

	now := contact.Contact{ID: "c1", Book: "book", Record: edited, Version: 2,
		Created: contact.Stamp{At: at(1), By: ines}, Changed: contact.Stamp{At: at(2), By: timur}}
	got, err := p.Shelf.Contacts(ctx, north, []contact.ID{"c1"})
	want(t, "after the edit", got, err, []contact.Contact{now})

	gone := change(contact.Deleted, "c1", 3, 3, nil)
	gone.Before = &edited
	apply(t, p, north, gone)
	got, err = p.Shelf.Contacts(ctx, north, []contact.ID{"c1"})
	want(t, "after the deletion", got, err, nil)

	apply(t, p, north, change(contact.Restored, "c1", 4, 4, &edited))
	now.Version, now.Changed = 4, contact.Stamp{At: at(4), By: ines}
	got, err = p.Shelf.Contacts(ctx, north, []contact.ID{"c1"})
	want(t, "after the restoration", got, err, []contact.Contact{now})
	trash, err := p.Chronicle.Trash(ctx, north, []contact.BookID{"book"}, 10)
	want(t, "the trash after the restoration", trash, err, nil)
}

func testWhole(t *testing.T, p Ports) {
	ctx := t.Context()
	full := &contact.Record{Kind: contact.Function, Name: "Zoë Ōkami 数", Job: "j", Company: "c", Department: "d",
		Emails:  []string{"zoe@ferry.example", "z@ferry.example"},
		Phones:  []contact.Phone{{Label: contact.Business, Number: "(202) 555-0123", E164: "+12025550123"}, {Label: contact.Fax, Number: "0"}},
		Website: "https://ferry.example", LinkedIn: "l", Facebook: "f", X: "x",
		Addresses: []contact.Address{{Text: "1 Quay", Position: &contact.Position{Lat: -33.25, Lng: 151.125}}, {Text: "2 Quay"}},
		Hours:     "9–17", Notes: "first\nsecond <&> \"third\"", Photo: "https://ferry.example/z.png", Tags: []string{"ferry", "night"},
		Custom: []contact.Custom{{Name: "Berth", Value: "7"}}}
	c := change(contact.Added, "c1", 1, 1, full)
	c.Deed, c.Undoes = identity.Deed{Surface: "dialog"}, "earlier"
	done := apply(t, p, north, c)
	want(t, "what Apply gives", done, nil, c)
	got, err := p.Chronicle.Change(ctx, north, c.ID)
	want(t, "the change", got, err, c)
	contacts, err := p.Shelf.Contacts(ctx, north, []contact.ID{"c1"})
	want(t, "the contact", contacts, err, []contact.Contact{{ID: "c1", Book: "book", Record: *full, Version: 1,
		Created: contact.Stamp{At: at(1), By: ines}, Changed: contact.Stamp{At: at(1), By: ines}}})
	_, err = p.Chronicle.Change(ctx, north, "never")
	wantKind(t, "a change that never was", err, fault.NotFound)
}

func testStale(t *testing.T, p Ports) {
	apply(t, p, north, change(contact.Added, "live", 1, 1, record("Marta Quell")))
	apply(t, p, north, change(contact.Added, "gone", 1, 1, record("Odo Brandt")))
	apply(t, p, north, change(contact.Deleted, "gone", 2, 2, nil))
	for _, c := range []contact.Change{
		change(contact.Added, "live", 1, 3, record("x")),
		change(contact.Edited, "live", 1, 3, record("x")),
		change(contact.Edited, "live", 3, 3, record("x")),
		change(contact.Deleted, "live", 1, 3, nil),
		change(contact.Deleted, "live", 9, 3, nil),
		change(contact.Restored, "live", 2, 3, record("x")),
		change(contact.Restored, "gone", 2, 3, record("x")),
		change(contact.Restored, "gone", 9, 3, record("x")),
	} {
		c.ID += "-again"
		_, err := p.Shelf.Apply(t.Context(), north, c)
		wantKind(t, string(c.ID), err, fault.Stale)
	}
}

func testMissing(t *testing.T, p Ports) {
	apply(t, p, north, change(contact.Added, "gone", 1, 1, record("Odo Brandt")))
	apply(t, p, north, change(contact.Deleted, "gone", 2, 2, nil))
	apply(t, p, north, change(contact.Added, "live", 1, 2, record("Marta Quell")))
	elsewhere := func(c contact.Change) contact.Change { c.Book = "another"; return c }
	for _, c := range []contact.Change{
		elsewhere(change(contact.Edited, "live", 2, 3, record("x"))),
		elsewhere(change(contact.Deleted, "live", 2, 3, nil)),
		elsewhere(change(contact.Restored, "gone", 3, 3, record("x"))),
		change(contact.Edited, "never", 2, 3, record("x")),
		change(contact.Deleted, "never", 2, 3, nil),
		change(contact.Restored, "never", 2, 3, record("x")),
		change(contact.Edited, "gone", 3, 3, record("x")),
		change(contact.Deleted, "gone", 3, 3, nil),
	} {
		_, err := p.Shelf.Apply(t.Context(), north, c)
		wantKind(t, string(c.ID), err, fault.NotFound)
	}
}

func testDeed(t *testing.T, p Ports) {
	c := change(contact.Added, "c1", 1, 1, record("Marta Quell"))
	c.Deed = identity.Deed{Key: "app|19:sales@thread.example|activity-1", Surface: "card"}
	first := apply(t, p, north, c)

	again := c
	again.ID, again.Contact, again.At = "other", "c2", at(9)
	want(t, "the second time", apply(t, p, north, again), nil, first)
	got, err := p.Shelf.Contacts(t.Context(), north, []contact.ID{"c1", "c2"})
	if err != nil || len(got) != 1 || got[0].ID != "c1" || got[0].Version != 1 {
		t.Errorf("after the second time: %v %v, want c1 at version 1 only", got, err)
	}
	elsewhere := again
	want(t, "the same key in another tenant", apply(t, p, south, elsewhere).Contact, nil, "c2")

	bare := change(contact.Added, "c3", 1, 1, record("Odo Brandt"))
	apply(t, p, north, bare)
	bare.ID, bare.Contact = "bare-2", "c4"
	want(t, "no key, no protection", apply(t, p, north, bare).Contact, nil, "c4")
}

func testRefused(t *testing.T, p Ports) {
	ctx := t.Context()
	apply(t, p, north, change(contact.Added, "c1", 1, 1, record("Marta Quell")))
	c := change(contact.Edited, "c1", 7, 2, record("x"))
	c.Deed.Key = "deed"
	_, err := p.Shelf.Apply(ctx, north, c)
	wantKind(t, "an edit on a version to come", err, fault.Stale)
	_, err = p.Chronicle.Change(ctx, north, c.ID)
	wantKind(t, "the refused change", err, fault.NotFound)
	history, err := p.Chronicle.History(ctx, north, "c1", 10)
	want(t, "history", changeIDs(history), err, []contact.ChangeID{"c1-added-1"})

	c.Version = 2
	want(t, "the same deed, corrected", apply(t, p, north, c).Version, nil, 2)
}

func testOrder(t *testing.T, p Ports) {
	for _, id := range []contact.ID{"a", "b", "c"} {
		apply(t, p, north, change(contact.Added, id, 1, 1, record("Marta Quell")))
	}
	got, err := p.Shelf.Contacts(t.Context(), north, []contact.ID{"c", "missing", "a", "", "b"})
	var ids []contact.ID
	for _, c := range got {
		ids = append(ids, c.ID)
	}
	want(t, "ids", ids, err, []contact.ID{"c", "a", "b"})
}

func testEach(t *testing.T, p Ports) {
	ctx := t.Context()
	var all []contact.ID
	for i := range 25 {
		id := contact.ID(fmt.Sprintf("c%02d", i))
		apply(t, p, north, change(contact.Added, id, 1, i, record("Marta Quell")))
		all = append(all, id)
	}
	apply(t, p, north, change(contact.Deleted, "c07", 2, 30, nil))
	var got []contact.ID
	err := p.Shelf.Each(ctx, north, func(c contact.Contact) error {
		got = append(got, c.ID)
		_, err := p.Shelf.Contacts(ctx, north, []contact.ID{c.ID}) // the store is free meanwhile
		return err
	})
	slices.Sort(got)
	want(t, "all but the deleted", got, err, slices.Delete(all, 7, 8))

	enough, n := errors.New("enough"), 0
	err = p.Shelf.Each(ctx, north, func(contact.Contact) error { n++; return enough })
	if !errors.Is(err, enough) || n != 1 {
		t.Errorf("an error of fn: got %v after %d contacts", err, n)
	}
	err = p.Shelf.Each(ctx, south, func(contact.Contact) error { return enough })
	if err != nil {
		t.Errorf("a tenant without contacts: %v", err)
	}
}

func testHistory(t *testing.T, p Ports) {
	ctx := t.Context()
	apply(t, p, north, change(contact.Added, "c", 1, 1, record("Marta Quell")))
	apply(t, p, north, change(contact.Added, "c2", 1, 1, record("Odo Brandt")))
	for v := 2; v <= 12; v++ {
		apply(t, p, north, change(contact.Edited, "c", v, v, record("Marta Quell")))
	}
	apply(t, p, north, change(contact.Deleted, "c", 13, 20, nil))
	for _, row := range []struct {
		contact contact.ID
		limit   int
		want    []contact.ChangeID
	}{
		{"c", 3, []contact.ChangeID{"c-deleted-13", "c-edited-12", "c-edited-11"}},
		{"c", 1, []contact.ChangeID{"c-deleted-13"}},
		{"c", 0, nil},
		{"c2", 10, []contact.ChangeID{"c2-added-1"}},
		{"never", 10, nil},
	} {
		got, err := p.Chronicle.History(ctx, north, row.contact, row.limit)
		want(t, fmt.Sprintf("%s, %d", row.contact, row.limit), changeIDs(got), err, row.want)
	}
	all, err := p.Chronicle.History(ctx, north, "c", 100)
	want(t, "how many", len(all), err, 13)
}

func testTrash(t *testing.T, p Ports) {
	ctx := t.Context()
	for i, book := range []contact.BookID{"one", "two", "one", "three", "two"} {
		id := contact.ID(fmt.Sprintf("c%d", i))
		c := change(contact.Added, id, 1, 1, record("Marta Quell"))
		c.Book = book
		apply(t, p, north, c)
		d := change(contact.Deleted, id, 2, 10+i, nil)
		d.Book = book
		apply(t, p, north, d)
	}
	r := change(contact.Restored, "c0", 3, 30, record("Marta Quell"))
	r.Book = "one"
	apply(t, p, north, r)
	for _, row := range []struct {
		books []contact.BookID
		limit int
		want  []contact.ChangeID
	}{
		{[]contact.BookID{"one", "two"}, 10, []contact.ChangeID{"c4-deleted-2", "c2-deleted-2", "c1-deleted-2"}},
		{[]contact.BookID{"two", "one"}, 2, []contact.ChangeID{"c4-deleted-2", "c2-deleted-2"}},
		{[]contact.BookID{"three", "three"}, 10, []contact.ChangeID{"c3-deleted-2"}},
		{[]contact.BookID{"tw"}, 10, nil},
		{[]contact.BookID{"one"}, 0, nil},
		{nil, 10, nil},
	} {
		got, err := p.Chronicle.Trash(ctx, north, row.books, row.limit)
		want(t, fmt.Sprint(row.books, row.limit), changeIDs(got), err, row.want)
	}
}

func testBook(t *testing.T, p Ports) {
	ctx := t.Context()
	b := contact.Book{ID: "b1", Kind: contact.ConversationBook, Name: "Suppliers", Home: sales, Team: "19:team@thread.example",
		Owners: []identity.Person{ines}, Mode: contact.PerMember,
		Rights:  map[identity.Person]contact.Rights{timur: {Read: true, Add: true}, ines: {Read: true, Modify: true, Delete: true, Manage: true}},
		Shares:  []contact.Share{{With: support, Team: "19:other@thread.example", Edit: true}, {With: lab}},
		Removed: &contact.Stamp{At: at(5), By: timur}, Created: contact.Stamp{At: at(1), By: ines}, Version: 1}
	_, err := p.Library.Book(ctx, north, "b1")
	wantKind(t, "a book that is not there", err, fault.NotFound)
	tooNew := b
	tooNew.Version = 2
	wantKind(t, "a new book of version 2", p.Library.SaveBook(ctx, north, tooNew), fault.Stale)
	save(t, p, b)
	got, err := p.Library.Book(ctx, north, "b1")
	want(t, "the book", got, err, b)
	wantKind(t, "the same version again", p.Library.SaveBook(ctx, north, b), fault.Stale)

	b.Version, b.Name, b.Removed, b.Shares, b.Rights = 2, "Makers", nil, nil, nil
	save(t, p, b)
	got, err = p.Library.Book(ctx, north, "b1")
	want(t, "the second version", got, err, b)
}

func save(t *testing.T, p Ports, b contact.Book) {
	t.Helper()
	if err := p.Library.SaveBook(t.Context(), north, b); err != nil {
		t.Fatalf("save %s: %v", b.ID, err)
	}
}

func testFirst(t *testing.T, p Ports) {
	place := contact.Book{ID: "place", Kind: contact.ConversationBook, Home: sales, Version: 1}
	own := contact.Book{ID: "own", Kind: contact.PersonalBook, Home: "a:ines", Owners: []identity.Person{ines}, Version: 1}
	save(t, p, place)
	save(t, p, own)
	for _, row := range []struct {
		why  string
		book contact.Book
		want fault.Kind
	}{
		{"a second unnamed book of the place", contact.Book{ID: "x", Kind: contact.ConversationBook, Home: sales, Version: 1}, fault.Stale},
		{"a named one", contact.Book{ID: "named", Kind: contact.ConversationBook, Name: "Makers", Home: sales, Version: 1}, ""},
		{"an unnamed one elsewhere", contact.Book{ID: "lab", Kind: contact.ConversationBook, Home: lab, Version: 1}, ""},
		{"a second unnamed book of the person, made elsewhere", contact.Book{ID: "x", Kind: contact.PersonalBook, Home: "a:else",
			Owners: []identity.Person{ines}, Version: 1}, fault.Stale},
		{"an unnamed one of another person, made in the same place", contact.Book{ID: "timur", Kind: contact.PersonalBook, Home: "a:ines",
			Owners: []identity.Person{timur}, Version: 1}, ""},
		{"the first book itself", contact.Book{ID: "place", Kind: contact.ConversationBook, Home: sales, Mode: contact.OwnersOnly, Version: 2}, ""},
		{"a named book that loses its name", contact.Book{ID: "named", Kind: contact.ConversationBook, Home: sales, Version: 2}, fault.Stale},
	} {
		wantKind(t, row.why, p.Library.SaveBook(t.Context(), north, row.book), row.want)
	}
	place.Version, place.Name = 3, "Old"
	save(t, p, place)
	save(t, p, contact.Book{ID: "next", Kind: contact.ConversationBook, Home: sales, Version: 1})
}

func testBooksFor(t *testing.T, p Ports) {
	ctx := t.Context()
	save(t, p, contact.Book{ID: "sales", Kind: contact.ConversationBook, Home: sales, Owners: []identity.Person{ines}, Version: 1})
	save(t, p, contact.Book{ID: "support", Kind: contact.ConversationBook, Home: support, Shares: []contact.Share{{With: sales}}, Version: 1})
	save(t, p, contact.Book{ID: "lab", Kind: contact.ConversationBook, Home: lab, Removed: &contact.Stamp{At: at(1)}, Version: 1})
	save(t, p, contact.Book{ID: "ines", Kind: contact.PersonalBook, Home: "a:ines", Owners: []identity.Person{ines}, Version: 1})
	save(t, p, contact.Book{ID: "all", Kind: contact.TenantBook, Name: "Everybody", Home: sales, Version: 1})
	for range 2 {
		if err := p.Library.Meet(ctx, north, timur, lab); err != nil {
			t.Fatal(err)
		}
	}
	rows := []struct {
		person identity.Person
		in     identity.Conversation
		want   []contact.BookID
	}{
		{ines, sales, []contact.BookID{"all", "ines", "sales", "support"}},
		{ines, "a:ines", []contact.BookID{"all", "ines"}},
		{timur, support, []contact.BookID{"all", "lab", "support"}},
		{timur, lab, []contact.BookID{"all", "lab"}},
		{"stranger", "19:nowhere@thread.example", []contact.BookID{"all"}},
		{"", "", []contact.BookID{"all"}},
	}
	for _, row := range rows {
		got, err := p.Library.BooksFor(ctx, north, row.person, row.in)
		want(t, fmt.Sprintf("%s in %s", row.person, row.in), bookIDs(got), err, row.want)
	}

	save(t, p, contact.Book{ID: "support", Kind: contact.ConversationBook, Home: support, Shares: []contact.Share{{With: lab}}, Version: 2})
	got, err := p.Library.BooksFor(ctx, north, ines, sales)
	want(t, "no longer shared with sales", bookIDs(got), err, []contact.BookID{"all", "ines", "sales"})
	got, err = p.Library.BooksFor(ctx, north, timur, sales)
	want(t, "shared with a conversation where the person was met", bookIDs(got), err, []contact.BookID{"all", "lab", "sales", "support"})
}

func bookIDs(books []contact.Book) []contact.BookID {
	var ids []contact.BookID
	for _, b := range books {
		ids = append(ids, b.ID)
	}
	slices.SortFunc(ids, cmp.Compare)
	return ids
}

func testMarks(t *testing.T, p Ports) {
	ctx := t.Context()
	got, err := p.Marks.Marked(ctx, north, ines)
	want(t, "nothing marked yet", got, err, contact.Marked{})
	marked := contact.Marked{Favourites: []contact.ID{"b", "a"}, Recent: []contact.ID{"c"}, Filters: []contact.Filter{{Name: "Night", Query: "tag:night"}}}
	set := func(m *contact.Marked) error { *m = marked; return nil }
	for range 2 {
		if err := p.Marks.Mark(ctx, north, ines, set); err != nil {
			t.Fatal(err)
		}
	}
	got, err = p.Marks.Marked(ctx, north, ines)
	want(t, "marked", got, err, marked)

	enough := errors.New("enough")
	err = p.Marks.Mark(ctx, north, ines, func(m *contact.Marked) error { m.Favourites = nil; return enough })
	if !errors.Is(err, enough) {
		t.Errorf("a failed change: %v", err)
	}
	got, err = p.Marks.Marked(ctx, north, ines)
	want(t, "after a failed change", got, err, marked)
	got, err = p.Marks.Marked(ctx, north, timur)
	want(t, "another person", got, err, contact.Marked{})

	err = p.Marks.Mark(ctx, north, ines, func(m *contact.Marked) error {
		m.Favourites = append(m.Favourites[:0], m.Favourites[1:]...)
		return nil
	})
	want(t, "the change", nil, err, any(nil))
	got, err = p.Marks.Marked(ctx, north, ines)
	want(t, "one favourite less", got.Favourites, err, []contact.ID{"a"})
}

// testDone: a change is noted with the person who made it, in the same piece.
func testDone(t *testing.T, p Ports) {
	ctx := t.Context()
	by := func(person identity.Person, c contact.Change) contact.Change {
		c.By = person
		return c
	}
	done := func(why string, person identity.Person, ids ...contact.ChangeID) {
		t.Helper()
		got, err := p.Marks.Marked(ctx, north, person)
		want(t, why, got.Done, err, ids)
	}
	once := by(ines, change(contact.Added, "c1", 1, 1, record("Marta Quell")))
	once.Deed.Key = "once"
	apply(t, p, north, once)
	apply(t, p, north, by(timur, change(contact.Edited, "c1", 2, 2, record("Marta Quill"))))
	apply(t, p, north, by("", change(contact.Edited, "c1", 3, 3, record("Marta Quoll"))))
	apply(t, p, north, by(ines, change(contact.Edited, "c1", 4, 4, record("Marta Quell"))))
	done("of one", ines, "c1-added-1", "c1-edited-4")
	done("of another", timur, "c1-edited-2")
	done("of nobody", "")

	apply(t, p, north, once)
	_, err := p.Shelf.Apply(ctx, north, by(ines, change(contact.Edited, "c1", 3, 9, record("Nobody"))))
	wantKind(t, "a change that is refused", err, fault.Stale)
	done("after a repeated deed and a refused change", ines, "c1-added-1", "c1-edited-4")

	if err := p.Marks.Mark(ctx, north, ines, func(m *contact.Marked) error { m.Favourites = []contact.ID{"c1"}; return nil }); err != nil {
		t.Fatal(err)
	}
	back := by(ines, change(contact.Edited, "c1", 5, 5, record("Marta Quoll")))
	back.Undoes = "c1-edited-4"
	apply(t, p, north, back)
	got, err := p.Marks.Marked(ctx, north, ines)
	want(t, "taken back", got, err, contact.Marked{Favourites: []contact.ID{"c1"}, Done: []contact.ChangeID{"c1-added-1"}})

	for v := 6; v < 6+contact.MaxDone; v++ {
		apply(t, p, north, by(ines, change(contact.Edited, "c1", v, v, record("Marta Quell"))))
	}
	got, err = p.Marks.Marked(ctx, north, ines)
	want(t, "the newest", got.Done[len(got.Done)-1], err, "c1-edited-25")
	want(t, "how many", len(got.Done), nil, contact.MaxDone)
}

func testTenants(t *testing.T, p Ports) {
	ctx := t.Context()
	apply(t, p, north, change(contact.Added, "c1", 1, 1, record("Marta of the north")))
	apply(t, p, south, change(contact.Added, "c1", 1, 1, record("Marta of the south")))
	apply(t, p, south, change(contact.Deleted, "c1", 2, 2, nil))
	save(t, p, contact.Book{ID: "b1", Kind: contact.ConversationBook, Home: sales, Version: 1})
	if err := p.Marks.Mark(ctx, north, ines, func(m *contact.Marked) error { m.Recent = []contact.ID{"c1"}; return nil }); err != nil {
		t.Fatal(err)
	}

	got, err := p.Shelf.Contacts(ctx, north, []contact.ID{"c1"})
	if err != nil || len(got) != 1 || got[0].Name != "Marta of the north" {
		t.Errorf("in the north: %v %v", got, err)
	}
	history, err := p.Chronicle.History(ctx, north, "c1", 10)
	want(t, "history in the north", changeIDs(history), err, []contact.ChangeID{"c1-added-1"})
	trash, err := p.Chronicle.Trash(ctx, north, []contact.BookID{"book"}, 10)
	want(t, "trash in the north", trash, err, nil)
	_, err = p.Library.Book(ctx, south, "b1")
	wantKind(t, "the book in the south", err, fault.NotFound)
	books, err := p.Library.BooksFor(ctx, south, ines, sales)
	want(t, "books in the south", books, err, nil)
	marked, err := p.Marks.Marked(ctx, south, ines)
	want(t, "marks in the south", marked, err, contact.Marked{Done: []contact.ChangeID{"c1-added-1", "c1-deleted-2"}})
}
