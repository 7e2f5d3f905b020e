package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"
	"golang.org/x/sync/errgroup"

	"teamspro/internal/audit"
	"teamspro/internal/contact"
	"teamspro/internal/contact/contacttest"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

// desk is the use cases of imports on a real store.
type desk struct {
	*contact.Imports
	books *contact.Books
	db    *DB
	book  contact.BookID
}

var inQuay = identity.Caller{Tenant: north, Person: "ines", Conversation: quay, Place: identity.GroupChat}

// newDesk has a clock that moves by a millisecond whenever it is asked, beside that of the store.
func newDesk(t testing.TB, db *DB) *desk {
	t.Helper()
	d := &desk{db: db}
	start, asked := db.now(), new(atomic.Int64)
	var roster contacttest.Roster
	roster.Set(north, "ines", quay, identity.Member)
	d.books = contact.New(contact.Config{Shelf: db.Contacts(), Chronicle: db.Contacts(), Journal: db.Contacts(), Library: db.Books(), Eraser: db.Books(),
		Marks: db.Marks(), Roster: &roster, Index: contact.NewIndex(), Now: func() time.Time { return start.Add(time.Duration(asked.Add(1)) * time.Millisecond) }})
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

// values is how many values with rows an organisation has.
func values(t *testing.T, db *DB) (n int) {
	t.Helper()
	err := db.read(t.Context(), "test", north, func(tb *bbolt.Bucket) error {
		n = countKeys(tb.Bucket([]byte(bucketImportRows)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Rows go as soon as they are dealt with, with an import that is dropped, and with one that nobody agreed to.
func TestRowsGo(t *testing.T) {
	t.Parallel()
	db, clock := openWith(t)
	d := newDesk(t, db)
	looked := d.look(t, people(1000, "Ferries of the North"))
	if n := values(t, db); n != 5 {
		t.Errorf("%d values", n)
	}
	left := []int{}
	if err := d.start(t, looked.ID).Run(t.Context(), func(contact.Import) { left = append(left, values(t, db)) }); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(left) != "[5 5 4 3 3 3 2 1 1 0]" {
		t.Errorf("values after each portion: %v", left)
	}
	broken := errors.New("the file ends in the middle")
	_, err := d.Look(t.Context(), inQuay, contact.ImportWish{Book: d.book}, func(take func(contact.Row) error) error {
		return errors.Join(people(2000, "Ferries of the North")(take), broken)
	})
	if n := values(t, db); !errors.Is(err, broken) || n != 0 {
		t.Errorf("after a file that is broken: %d values, %v", n, err)
	}
	cancelled := d.look(t, people(20_000, "Ferries of the North"))
	if _, err := d.Cancel(t.Context(), inQuay, cancelled.ID); err != nil || values(t, db) != 0 {
		t.Errorf("cancelled: %d values, %v", values(t, db), err)
	}
	waits := d.look(t, people(300, "Ferries of the North"))
	*clock = clock.Add(contact.ImportWaits + time.Hour)
	d.enforce(t, Expired{bucketImports, contact.ImportKept, 1}, Expired{bucketImportRows, 0, 2})
	if n := values(t, db); n != 0 {
		t.Errorf("one that nobody agreed to: %d values", n)
	}
	if _, err := d.Import(t.Context(), inQuay, waits.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("one that nobody agreed to: %v", err)
	}
	*clock = clock.Add(contact.ImportKept + time.Hour)
	d.enforce(t, Expired{bucketImports, contact.ImportKept, 2})
	if _, err := db.Imports().Import(t.Context(), north, looked.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("one that is done for a month: %v", err)
	}
}

// enforce has taken away what of imports is too old, and finds just what a dry run says.
func (d *desk) enforce(t *testing.T, want ...Expired) {
	t.Helper()
	ofImports := func(all []Expired, err error) []Expired {
		if err != nil {
			t.Fatal(err)
		}
		return slices.DeleteFunc(all, func(x Expired) bool { return x.Kind != bucketImports && x.Kind != bucketImportRows })
	}
	due := ofImports(d.db.Retention().Expired(t.Context(), north, Keep{}))
	if done := ofImports(d.db.Retention().Enforce(t.Context(), north, Keep{})); !slices.Equal(due, want) || !slices.Equal(done, want) {
		t.Errorf("due %+v, done %+v, want %+v", due, done, want)
	}
}

// What is left of an import that was cut while its file was read goes after a day; rows of one that ended, or is no more, at once.
func TestImportLeftoversGo(t *testing.T) {
	t.Parallel()
	db, clock := openWith(t)
	d, at := newDesk(t, db), db.now()
	states := map[contact.ImportID]contact.ImportState{"reading": contact.ImportReading, "running": contact.ImportRunning, "done": contact.ImportDone, "lost": ""}
	for id := range states {
		i := contact.Import{ID: id, Book: d.book, By: "ines", State: contact.ImportReading, At: at}
		if err := errors.Join(db.Imports().AddImport(t.Context(), north, i), db.Imports().StageRows(t.Context(), north, id, []contact.Row{{Number: 2, Record: busy(1)}})); err != nil {
			t.Fatal(err)
		}
	}
	for id, state := range states {
		err := db.write(t.Context(), "test", north, func(tb *bbolt.Bucket) error { // as a process leaves it that ends just then
			b := tb.Bucket([]byte(bucketImports))
			if state == "" {
				return b.Delete([]byte(id))
			}
			return save(b, "test", []byte(id), newImport(contact.Import{Book: d.book, By: "ines", State: state, At: at, Rows: 1}, 1))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	*clock = at.Add(contact.ImportWaits - time.Second)
	d.enforce(t, Expired{bucketImportRows, 0, 2})
	*clock = at.Add(contact.ImportWaits)
	d.enforce(t, Expired{bucketImports, contact.ImportKept, 1}, Expired{bucketImportRows, 0, 1})
	*clock = at.Add(contact.ImportKept - time.Second)
	d.enforce(t)
	*clock = at.Add(contact.ImportKept)
	d.enforce(t, Expired{bucketImports, contact.ImportKept, 2}, Expired{bucketImportRows, 0, 1})
	if n := keys(t, db, bucketImports) + values(t, db); n != 0 {
		t.Errorf("%d are left", n)
	}
}

// Of what a process was reading when it ended, nothing is left.
func TestReadingThatWasCut(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	if err := useImports(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	if open, err := newDesk(t, db).Resume(t.Context()); err != nil || len(open) > 0 || values(t, db) != 0 {
		t.Errorf("%d runs, %d values, %v", len(open), values(t, db), err)
	}
}

// What ends is told and entered once, whoever ends it; what brought nothing is not.
func TestImportIsAudited(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	wantAll(t)(db)
	d := newDesk(t, db)
	d.bring(t, people(10, "Ferries of the North"))
	d.bring(t, people(10, "Ferries of the North")) // the same
	run := d.start(t, d.look(t, people(600, "Ferries of the South")).ID)
	err := run.Run(t.Context(), func(i contact.Import) {
		if _, err := d.Cancel(t.Context(), inQuay, i.ID); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	_, back, err := d.Undo(t.Context(), inQuay, run.Import().ID, "")
	if err != nil {
		t.Fatal(err)
	}
	d.run(t, back)
	events, err := db.Outbox().Events(t.Context(), nil, 100)
	if err != nil || len(events) != 2 || events[0].Event.Count != 10 || events[1].Event.Count != 100 {
		t.Errorf("events: %+v %v", events, err)
	}
	var acts []string
	entries, err := db.Audit().Entries(t.Context(), north, 0, 100)
	for _, e := range entries {
		if e.Act == audit.ContactsImported || e.Act == audit.ImportUndone {
			acts = append(acts, fmt.Sprintf("%s %s %s %t", e.Act, e.By, e.Surface, e.Subject == string(d.book)))
		}
	}
	want := []string{"contacts-imported ines import true", "contacts-imported ines import true", "import-undone ines import true"}
	if diff := cmp.Diff(want, acts); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// Erasing a book takes its imports with it, those of other books stay; a step that is there stays something that somebody did.
func TestErasingTakesImports(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	d := newDesk(t, db)
	ctx := t.Context()
	shelve(t, db, "left", leftPlace, "Left", 3)
	gone := contact.Import{ID: "gone", Book: "left", By: "ines", State: contact.ImportReading, At: db.now()}
	if err := errors.Join(db.Imports().AddImport(ctx, north, gone), db.Imports().StageRows(ctx, north, "gone", []contact.Row{{Number: 2, Record: busy(1)}})); err != nil {
		t.Fatal(err)
	}
	done, waits := d.bring(t, people(3, "Ferries of the North")), d.look(t, people(3, "Ferries of the South"))
	eraseBook(t, db, "left")
	if _, err := db.Imports().Import(ctx, north, "gone"); !fault.Is(err, fault.NotFound) || values(t, db) != 1 {
		t.Errorf("what went into the book: %v, %d values", err, values(t, db))
	}
	if made := d.run(t, d.start(t, waits.ID)).Made; made.Changed != 3 {
		t.Errorf("what goes into another: %+v", made)
	}
	marked, err := db.Marks().Marked(ctx, north, "ines")
	if want := []contact.ChangeID{contact.ChangeID(done.ID), contact.ChangeID(waits.ID)}; err != nil || !slices.Equal(marked.Done, want) {
		t.Errorf("done: %v %v", marked.Done, err)
	}
}

const cutRows = 5000

// bringIn brings a file in, or goes on with one, and says how far it is.
func bringIn(path string) {
	db := mustOpen(path)
	d := newDesk(panicking{}, db)
	runs, err := d.Resume(context.Background())
	if err != nil {
		panic(err)
	}
	if len(runs) == 0 {
		runs = append(runs, d.start(panicking{}, d.look(panicking{}, people(cutRows, "Ferries of the North")).ID))
	}
	err = runs[0].Run(context.Background(), func(i contact.Import) { fmt.Println(i.Past, i.State) })
	fmt.Println("ended", err)
}

// panicking is a test in a process that has none.
type panicking struct{ testing.TB }

func (panicking) Helper()                      { /* nothing is marked */ }
func (panicking) Fatal(args ...any)            { panic(fmt.Sprint(args...)) }
func (panicking) Fatalf(f string, args ...any) { panic(fmt.Sprintf(f, args...)) }

// A process that is killed in the middle of an import leaves one that the next goes on with: nothing is lost or doubled.
func TestImportOutlivesKill(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "teamspro.db")
	rounds := 0
	for ended := false; !ended; rounds++ {
		cmd, lines := child(t, "import", path)
		told := 0
		for lines.Scan() {
			if ended = strings.HasPrefix(lines.Text(), "ended <nil>"); !ended && told == 3 && rounds < 4 {
				cmd.Process.Kill()
			}
			told++
		}
		cmd.Wait()
	}
	if rounds < 3 {
		t.Fatalf("%d rounds: it was not killed in the middle", rounds)
	}
	db := openAt(t, path)
	defer db.Close()
	names := map[string]int{}
	if err := db.Contacts().Each(t.Context(), north, func(c contact.Contact) error { names[c.Name] += c.Version; return nil }); err != nil || len(names) != cutRows {
		t.Fatalf("%d contacts, %v", len(names), err)
	}
	for name, versions := range names {
		if versions != 1 {
			t.Fatalf("%s: %d", name, versions)
		}
	}
	if open, err := db.Imports().OpenImports(t.Context()); err != nil || len(open) > 0 || values(t, db) != 0 {
		t.Errorf("left over: %v %d %v", open, values(t, db), err)
	}
}

// While a file comes in, others edit the contacts that it changes, and search: what they wrote stays, and the index knows it.
func TestImportBesideEdits(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	d := newDesk(t, db)
	ctx := t.Context()
	d.bring(t, people(1500, "Ferries of the North"))
	looked := d.look(t, people(1500, "Ferries of the South"))
	var work errgroup.Group
	work.Go(func() error { return d.start(t, looked.ID).Run(ctx, func(contact.Import) {}) })
	for n := range 60 {
		work.Go(func() error { return d.edit(ctx, fmt.Sprintf("p%d@ferry", n*25)) })
	}
	if err := work.Wait(); err != nil {
		t.Fatal(err)
	}
	done, err := d.Import(ctx, inQuay, looked.ID)
	if err != nil || done.State != contact.ImportDone || done.Made.Changed+done.Made.Kept != 1500 || done.Made.Changed < 1440 {
		t.Errorf("%+v %v", done, err)
	}
	f, err := d.books.Find(ctx, inQuay, contact.ParseQuery("lighthouse"), 0, 1)
	if err != nil || f.Total != 60 {
		t.Errorf("%d are found, %v", f.Total, err)
	}
	if f, err = d.books.Find(ctx, inQuay, contact.ParseQuery("quay ferries of the south"), 0, 1); err != nil || f.Total != 1440 {
		t.Errorf("%d are found that the file changed, %v", f.Total, err)
	}
}

// edit writes another company, until nobody was faster.
func (d *desk) edit(ctx context.Context, words string) error {
	for {
		f, err := d.books.Find(ctx, inQuay, contact.ParseQuery(words), 0, 25)
		if err != nil {
			return err
		}
		for _, e := range f.Entries {
			if e.Contact.Emails[0] != words+".example" {
				continue
			}
			r := e.Contact.Record
			r.Company = "Lighthouse"
			if _, err := d.books.Edit(ctx, inQuay, e.Contact.ID, e.Contact.Version, r, identity.Deed{}); !fault.Is(err, fault.Stale) {
				return err
			}
		}
	}
}
