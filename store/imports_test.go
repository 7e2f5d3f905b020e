package store

import (
	"context"
	"fmt"
	"testing"
	"time"

	"teamspro/internal/contact"
	"teamspro/internal/contact/contacttest"
	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

// desk is the use cases of imports on a real store.
type desk struct {
	*contact.Imports
	books *contact.Books
	db    *DB
	book  contact.BookID
	now   time.Time
}

var inQuay = identity.Caller{Tenant: north, Person: "ines", Conversation: quay, Place: identity.GroupChat}

func newDesk(t testing.TB, db *DB) *desk {
	t.Helper()
	d := &desk{db: db, now: time.Date(2026, time.March, 1, 9, 0, 0, 0, time.UTC)}
	var roster contacttest.Roster
	roster.Set(north, "ines", quay, identity.Member)
	d.books = contact.New(contact.Config{Shelf: db.Contacts(), Chronicle: db.Contacts(), Journal: db.Contacts(), Library: db.Books(), Eraser: db.Books(),
		Marks: db.Marks(), Roster: &roster, Index: contact.NewIndex(), Now: func() time.Time { d.now = d.now.Add(time.Millisecond); return d.now }})
	d.Imports = contact.NewImports(contact.ImportsConfig{Books: d.books, Shelf: db.Imports()})
	k, err := d.books.Ensure(context.Background(), inQuay)
	if err != nil {
		t.Fatal(err)
	}
	d.book = k.ID
	return d
}

// people are rows of a file, made as they are taken.
func people(n int, company string) func(func(contact.Row) error) error {
	return func(take func(contact.Row) error) error {
		for i := range n {
			r := busy(i)
			r.Company = company
			if err := take(contact.Row{Number: i + 2, Record: r}); err != nil {
				return err
			}
		}
		return nil
	}
}

func (d *desk) look(t testing.TB, each func(func(contact.Row) error) error) contact.Import {
	t.Helper()
	i, err := d.Look(context.Background(), inQuay, contact.ImportWish{Book: d.book, Format: "csv"}, each)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func (d *desk) start(t testing.TB, id contact.ImportID) *contact.ImportRun {
	t.Helper()
	_, run, err := d.Start(context.Background(), inQuay, id, "card")
	if err != nil || run == nil {
		t.Fatalf("no run: %v", err)
	}
	return run
}

func (d *desk) run(t testing.TB, run *contact.ImportRun) contact.Import {
	t.Helper()
	if err := run.Run(context.Background(), func(contact.Import) {}); err != nil {
		t.Fatal(err)
	}
	return run.Import()
}

func (d *desk) bring(t testing.TB, each func(func(contact.Row) error) error) contact.Import {
	t.Helper()
	return d.run(t, d.start(t, d.look(t, each).ID))
}

func wantAll(t *testing.T) func(db *DB) {
	return func(db *DB) {
		all := wishes(quay)
		all.Settings.Wishes.Kinds = notice.Kinds()
		if err := db.Configurations().Save(t.Context(), north, all, "dialog"); err != nil {
			t.Fatal(err)
		}
	}
}

// A file of several portions goes into a real store, changes nothing when it comes again, and is taken back.
func TestImportInStore(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	wantAll(t)(db)
	d := newDesk(t, db)
	done := d.bring(t, people(700, "Ferries of the North"))
	if want := (contact.Tally{New: 700}); done.Made != want || done.State != contact.ImportDone || done.Changes != 700 {
		t.Errorf("the first time: %+v", done)
	}
	if got := eventsOf(t, db); fmt.Sprint(got) != fmt.Sprintf("[contact-imported  %s ines]", d.book) {
		t.Errorf("events: %v", got)
	}
	again := d.bring(t, people(700, "Ferries of the North"))
	if want := (contact.Tally{Same: 700}); again.Made != want || again.Changes != 0 {
		t.Errorf("again: %+v", again)
	}
	changed := d.bring(t, people(300, "Ferries of the South"))
	if want := (contact.Tally{Changed: 300}); changed.Made != want {
		t.Errorf("changed: %+v", changed)
	}
	for _, i := range []contact.Import{changed, done} {
		_, run, err := d.Undo(t.Context(), inQuay, i.ID, "")
		if err != nil {
			t.Fatal(err)
		}
		if undone := d.run(t, run); undone.Back != i.Changes || undone.Stayed != 0 || undone.State != contact.ImportUndone {
			t.Errorf("taken back: %+v", undone)
		}
	}
	err := db.Contacts().Each(t.Context(), north, func(c contact.Contact) error { return fmt.Errorf("%s is left", c.Name) })
	if err != nil {
		t.Error(err)
	}
}
