package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
)

// Two conversations, of which the app leaves the first.
const (
	leftPlace = identity.Conversation("19:left@thread.example")
	keptPlace = identity.Conversation("19:kept@thread.example")
	reader    = identity.Person("00000000-0000-4000-8000-00000000c0de")
)

// shelve makes the book of a conversation with n contacts, of which some were edited, deleted and restored.
func shelve(t testing.TB, db *DB, id contact.BookID, at identity.Conversation, name string, n int) {
	t.Helper()
	ctx := context.Background()
	book := contact.Book{ID: id, Kind: contact.ConversationBook, Name: name + " book", Home: at, Mode: contact.Everybody, Version: 1}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(db.Books().SaveBook(ctx, north, book))
	must(db.Books().Meet(ctx, north, reader, at))
	for i := range n {
		c := contact.Change{Act: contact.Added, Contact: contact.ID(fmt.Sprintf("%s-%d", id, i)), Book: id, Version: 1, By: reader,
			After: &contact.Record{Name: fmt.Sprintf("%s %d", name, i)}, Deed: identity.Deed{Key: fmt.Sprintf("%s %d", id, i), Surface: "test"}}
		acts := []contact.Act{contact.Added, contact.Edited, contact.Deleted, contact.Restored, contact.Deleted}
		for version, act := range acts[:1+i%len(acts)] {
			c.ID, c.Act, c.Version, c.Deed.Key = "", act, version+1, fmt.Sprintf("%s %d %d", id, i, version)
			_, err := db.Contacts().Apply(ctx, north, c)
			must(err)
		}
	}
	must(db.Marks().Mark(ctx, north, reader, func(m *contact.Marked) error {
		m.Favourites = append(m.Favourites, contact.ID(id+"-0"), contact.ID(id+"-2"))
		m.Recent = append(m.Recent, contact.ID(id+"-1"))
		return nil
	}))
}

// eraseBook erases a book to its end, and gives how many portions that took.
func eraseBook(t testing.TB, db *DB, id contact.BookID) (portions int) {
	t.Helper()
	ctx := context.Background()
	if err := db.Books().Doom(ctx, north, id, 1); err != nil {
		t.Fatal(err)
	}
	for from := ""; from != "" || portions == 0; portions++ {
		next, err := db.Books().EraseSome(ctx, north, from)
		if err != nil {
			t.Fatal(err)
		}
		from = next
	}
	if err := db.Books().Erased(ctx, north, id); err != nil {
		t.Fatal(err)
	}
	return portions
}

// holders lists the buckets in which a text stands, in a key or in a value.
func holders(t testing.TB, db *DB, text string) (found []string) {
	t.Helper()
	var visit func(name string, b *bbolt.Bucket) error
	visit = func(name string, b *bbolt.Bucket) error {
		return b.ForEach(func(k, v []byte) error {
			if v == nil {
				return visit(string(k), b.Bucket(k))
			}
			if bytes.Contains(k, []byte(text)) || bytes.Contains(v, []byte(text)) {
				found = append(found, name)
			}
			return nil
		})
	}
	err := db.view(context.Background(), "test", func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error { return visit(string(name), b) })
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// counts gives how many keys each bucket of the tenant holds.
func counts(t testing.TB, db *DB) map[string]int {
	t.Helper()
	all := map[string]int{}
	err := db.read(context.Background(), "test", north, func(tb *bbolt.Bucket) error {
		return tb.ForEachBucket(func(name []byte) error {
			all[string(name)] = tb.Bucket(name).Stats().KeyN
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// What is erased is in no bucket any more, and after compaction no byte of it is in the file. What is beside it stays.
func TestErasedLeavesNoByte(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "teamspro.db")
	db := openAt(t, path)
	shelve(t, db, "keptbook", keptPlace, "Jonas Kwella", 40)
	alone := counts(t, db)
	marks, err := db.Marks().Marked(t.Context(), north, reader)
	if err != nil {
		t.Fatal(err)
	}
	shelve(t, db, "goingbook", leftPlace, "Zebulon Quarck", maxTaken+200)
	if len(holders(t, db, "Zebulon")) < 4 {
		t.Fatalf("the test writes the name to %v only", holders(t, db, "Zebulon"))
	}
	if n := eraseBook(t, db, "goingbook"); n < len(erasing())+2 {
		t.Errorf("%d portions: the test erases in one go", n)
	}
	for _, text := range []string{"Zebulon", "goingbook", string(leftPlace)} {
		if found := holders(t, db, text); !slices.Equal(found, nil) && !slices.Equal(found, []string{bucketAudit}) {
			t.Errorf("%q is still in %v", text, found)
		}
	}
	left := counts(t, db)
	for bucket, n := range alone {
		if bucket != bucketJournal && bucket != bucketAudit && left[bucket] != n {
			t.Errorf("%d entries in %s, and %d before the other book came", left[bucket], bucket, n)
		}
	}
	if after, err := db.Marks().Marked(t.Context(), north, reader); err != nil || !slices.Equal(after.Favourites, marks.Favourites) || !slices.Equal(after.Recent, marks.Recent) {
		t.Errorf("the marks: %v %v, before %v", after, err, marks)
	}

	compacted := filepath.Join(t.TempDir(), "compacted.db")
	if err := db.Compact(t.Context(), compacted); err != nil {
		t.Fatal(err)
	}
	raw := readFile(t, compacted)
	if bytes.Contains(raw, []byte("Zebulon")) || !bytes.Contains(raw, []byte("Jonas Kwella 1")) {
		t.Error("the compacted file holds what was erased, or not what stayed")
	}
	copied := openAt(t, compacted)
	if got := counts(t, copied); !equalMaps(got, left) {
		t.Errorf("the copy holds %v, and the file %v", got, left)
	}
	if s := stampOf(t, copied); s != stampOf(t, db) {
		t.Error("the copy is in another state")
	}
}

func equalMaps(a, b map[string]int) bool {
	for k, v := range a {
		if b[k] != v {
			return false
		}
	}
	return len(a) == len(b)
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestCompactRefuses(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	path := filepath.Join(t.TempDir(), "there")
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := db.Compact(t.Context(), path); !errors.Is(err, os.ErrExist) || string(readFile(t, path)) != "mine" {
		t.Errorf("over a file that is there: %v", err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	free := filepath.Join(t.TempDir(), "free")
	if err := db.Compact(stopped, free); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	for _, left := range []string{free, free + ".part"} {
		if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s was left: %v", filepath.Base(left), err)
		}
	}
}

// Whoever follows the journal is told to begin anew once a book was erased, and follows it as ever from then on.
func TestJournalBreaksWhereABookWasErased(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	empty := stampOf(t, db)
	shelve(t, db, "goingbook", leftPlace, "Zebulon", 3)
	addOne(t, db, "c1")
	before := stampOf(t, db)
	eraseBook(t, db, "goingbook")
	for name, stamp := range map[string]string{"the beginning": empty, "just before": before} {
		if changes, err := db.Contacts().Since(t.Context(), north, stamp); !fault.Is(err, fault.NotFound) {
			t.Errorf("since %s: %d changes, %v", name, len(changes), err)
		}
	}
	now := stampOf(t, db)
	if changes, err := db.Contacts().Since(t.Context(), north, now); err != nil || len(changes) != 0 {
		t.Errorf("since then: %d changes, %v", len(changes), err)
	}
	addOne(t, db, "c2")
	addOne(t, db, "c3")
	if changes, err := db.Contacts().Since(t.Context(), north, now); err != nil || len(changes) != 2 {
		t.Errorf("since then, after two more: %d changes, %v", len(changes), err)
	}
}

// From Doom on nobody finds a book or writes into it; its conversation may have a new one at once.
func TestDoomed(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	ctx, books := t.Context(), db.Books()
	shelve(t, db, "goingbook", leftPlace, "Zebulon", 2)
	edition, _ := books.Edition(ctx, north)
	if err := books.Doom(ctx, north, "goingbook", 2); !fault.Is(err, fault.Stale) {
		t.Errorf("another version: %v", err)
	}
	if err := books.Doom(ctx, north, "nobook", 1); !fault.Is(err, fault.NotFound) {
		t.Errorf("no book: %v", err)
	}
	if err := books.Doom(ctx, north, "goingbook", 1); err != nil {
		t.Fatal(err)
	}
	if now, _ := books.Edition(ctx, north); now == edition {
		t.Error("what people see of the books is not judged anew")
	}
	if _, err := books.Book(ctx, north, "goingbook"); !fault.Is(err, fault.NotFound) {
		t.Errorf("the book: %v", err)
	}
	if all, err := books.BooksFor(ctx, north, reader, leftPlace); err != nil || len(all) != 0 {
		t.Errorf("the books of its place: %v %v", all, err)
	}
	_, err := db.Contacts().Apply(ctx, north, contact.Change{Act: contact.Added, Contact: "late", Book: "goingbook", Version: 1, After: &contact.Record{Name: "Late"}})
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("a contact that comes late: %v", err)
	}
	if err := books.SaveBook(ctx, north, contact.Book{ID: "goingbook", Kind: contact.ConversationBook, Home: leftPlace, Version: 1}); !fault.Is(err, fault.Stale) {
		t.Errorf("a book of that id: %v", err)
	}
	if err := books.SaveBook(ctx, north, contact.Book{ID: "fresh", Kind: contact.ConversationBook, Home: leftPlace, Version: 1}); err != nil {
		t.Errorf("a fresh book there: %v", err)
	}
	if all, err := books.Doomed(ctx, north); err != nil || !slices.Equal(all, []contact.BookID{"goingbook"}) {
		t.Errorf("doomed: %v %v", all, err)
	}
	if _, err := books.EraseSome(ctx, north, "99:"); !fault.Is(err, fault.Invalid) {
		t.Errorf("a step that there is not: %v", err)
	}
	for from, first := "", true; first || from != ""; first = false {
		if from, err = books.EraseSome(ctx, north, from); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := books.Erased(ctx, north, "goingbook"); err != nil {
			t.Error(err)
		}
	}
	if all, err := books.BooksFor(ctx, north, reader, "elsewhere"); err != nil || len(all) != 1 {
		t.Errorf("who was met there, where there is a fresh book, finds %v %v", all, err)
	}
}

// erase erases books for the parent, who kills it, and says each portion.
func erase(path string) {
	db := mustOpen(path)
	ctx := context.Background()
	_ = db.Books().Doom(ctx, north, "goingbook", 1)
	for from, first := "", true; first || from != ""; first = false {
		next, err := db.Books().EraseSome(ctx, north, from)
		if err != nil {
			fmt.Println("child:", err)
			os.Exit(1)
		}
		from = next
		fmt.Println("portion")
		time.Sleep(time.Millisecond)
	}
	if err := db.Books().Erased(ctx, north, "goingbook"); err != nil {
		fmt.Println("child:", err)
		os.Exit(1)
	}
	fmt.Println("erased")
	time.Sleep(time.Minute)
}

// A process that is killed while it erases leaves a sound file in which the book has its mark until nothing else of it is
// there; the next process goes on.
func TestErasingOutlivesKill(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "teamspro.db")
	db := openAt(t, path)
	shelve(t, db, "keptbook", keptPlace, "Jonas Kwella", 20)
	shelve(t, db, "goingbook", leftPlace, "Zebulon Quarck", maxTaken+200)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	kills := 0
	for done := false; !done; kills++ {
		cmd, out := child(t, "erase", path)
		for patience := rand.IntN(3); out.Scan() && !done; patience-- {
			if strings.HasPrefix(out.Text(), "child:") {
				t.Fatal(out.Text())
			}
			done = out.Text() == "erased"
			if patience <= 0 {
				break
			}
		}
		time.Sleep(time.Duration(rand.IntN(4000)) * time.Microsecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		cmd.Wait()
		db := openAt(t, path)
		doomed, err := db.Books().Doomed(t.Context(), north)
		if found := holders(t, db, "Zebulon"); err != nil || len(found) > 0 && len(doomed) != 1 || done && len(found) > 0 {
			t.Fatalf("after %d kills: %v is in %v, %v", kills, doomed, found, err)
		}
		done = done || len(doomed) == 0
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if kills == 15 { // enough of it: let one come to its end
			cmd, out := child(t, "erase", path)
			for out.Scan() && out.Text() != "erased" {
			}
			cmd.Process.Kill()
			cmd.Wait()
			done = true
		}
	}
	db = openAt(t, path)
	if found := holders(t, db, "goingbook"); len(found) > 0 && !slices.Equal(found, []string{bucketAudit}) {
		t.Errorf("after %d kills the book is still in %v", kills, found)
	}
	if n := counts(t, db)[bucketContacts]; n != 12 { // eight of twenty are in the trash
		t.Errorf("%d contacts of the other book are left", n)
	}
}

// What a conversation chose and pinned waits beside what it has now, comes back, or goes.
func TestAside(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	ctx, aside := t.Context(), db.Aside()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	choose := func(c identity.Conversation, item string) {
		must(db.Libraries().ChangeLibrary(ctx, north, c, func(l *image.Choice) error {
			*l = image.Choice{Folder: image.ItemRef{Drive: "d", Item: item}, By: reader, At: time.Unix(1, 0).UTC()}
			return nil
		}))
	}
	pin := func(c identity.Conversation, items ...string) {
		for _, item := range items {
			must(db.Pins().ChangePins(ctx, north, c, func(p []image.Pin) ([]image.Pin, error) {
				return append(p, image.Pin{Ref: image.ItemRef{Drive: "d", Item: item}, Caption: "Zebulon", By: reader}), nil
			}))
		}
	}
	has := func(c identity.Conversation, folder string, pinned ...string) {
		t.Helper()
		l, err := db.Libraries().Library(ctx, north, c)
		must(err)
		pins, err := db.Pins().Pins(ctx, north, c)
		must(err)
		items := each(pins, func(p image.Pin) string { return p.Ref.Item })
		if l.Folder.Item != folder || !slices.Equal(items, pinned) {
			t.Errorf("it has the folder %q and the pins %v, want %q %v", l.Folder.Item, items, folder, pinned)
		}
	}
	back := func(c identity.Conversation, want image.Back) {
		t.Helper()
		if got, err := aside.BringBack(ctx, north, c); err != nil || got != want {
			t.Errorf("back are %+v %v, want %+v", got, err, want)
		}
	}
	day := func(n int) time.Time { return time.Unix(int64(n)*86400, 0) }

	must(aside.SetAside(ctx, north, keptPlace, day(1))) // nothing is there to wait
	choose(leftPlace, "old")
	pin(leftPlace, "p1", "p2")
	must(aside.SetAside(ctx, north, leftPlace, day(1)))
	must(aside.SetAside(ctx, north, leftPlace, day(2))) // Teams says it twice
	has(leftPlace, "")
	back(leftPlace, image.Back{Library: true, Pins: 2})
	back(leftPlace, image.Back{})
	has(leftPlace, "old", "p1", "p2")

	must(aside.SetAside(ctx, north, leftPlace, day(3)))
	choose(leftPlace, "new") // somebody goes on without the app being there
	pin(leftPlace, "p2", "p3")
	has(leftPlace, "new", "p2", "p3")
	back(leftPlace, image.Back{Pins: 1})
	has(leftPlace, "new", "p1", "p2", "p3")

	must(aside.SetAside(ctx, north, leftPlace, day(4)))
	choose(keptPlace, "kept")
	for _, row := range []struct{ before, want int }{{4, 0}, {5, 1}} {
		if n, err := aside.CountAside(ctx, north, day(row.before)); err != nil || n != row.want {
			t.Errorf("before day %d wait %d, %v", row.before, n, err)
		}
		if n, err := aside.EraseAside(ctx, north, day(row.before)); err != nil || n != row.want {
			t.Errorf("before day %d are erased %d, %v", row.before, n, err)
		}
	}
	if found := holders(t, db, "Zebulon"); len(found) > 0 {
		t.Errorf("a caption is still in %v", found)
	}
	back(leftPlace, image.Back{})
	has(leftPlace, "")
	has(keptPlace, "kept")
	if n := counts(t, db)[bucketPins]; n != 0 {
		t.Errorf("%d records of pins are left", n)
	}
}

// As many pins come back as there is room for; those that were made meanwhile stay.
func TestTooManyPinsComeBack(t *testing.T) {
	t.Parallel()
	pins := func(from, to int) (all []pinRecord) {
		for i := from; i < to; i++ {
			all = append(all, pinRecord{Item: fmt.Sprint(i)})
		}
		return all
	}
	for _, row := range []struct{ waited, now, want []pinRecord }{
		{pins(0, 3), nil, pins(0, 3)},
		{nil, pins(0, 3), pins(0, 3)},
		{pins(0, 15), pins(100, 110), slices.Concat(pins(0, 10), pins(100, 110))},
		{pins(0, 20), pins(0, 20), pins(0, 20)},
		{pins(0, 20), pins(20, 40), pins(20, 40)},
	} {
		if got := joinPins(row.waited, row.now); !slices.Equal(got, row.want) {
			t.Errorf("%d that waited and %d others make %d", len(row.waited), len(row.now), len(got))
		}
	}
}
