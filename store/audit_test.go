package store

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.etcd.io/bbolt"

	"teamspro/internal/audit"
	"teamspro/internal/contact"
	"teamspro/internal/identity"
	"teamspro/internal/image"
	"teamspro/internal/notice"
)

// auditedOf gives entries of the log.
func auditedOf(t *testing.T, db *DB, from uint64, limit int) (entries []audit.Recorded) {
	t.Helper()
	entries, err := db.Audit().Entries(t.Context(), north, from, limit)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func TestAuditLogIsReadInPages(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	logSome(t, db)
	for _, row := range []struct {
		from  uint64
		limit int
		want  []uint64
	}{{0, 2, []uint64{1, 2}}, {3, 10, []uint64{3, 4, 5}}, {6, 10, nil}, {1, 0, nil}} {
		var numbers []uint64
		for _, e := range auditedOf(t, db, row.from, row.limit) {
			numbers = append(numbers, e.Number)
		}
		if diff := cmp.Diff(row.want, numbers); diff != "" {
			t.Errorf("from %d, %d at most (-want +got):\n%s", row.from, row.limit, diff)
		}
	}
	if entries, err := db.Audit().Entries(t.Context(), south, 0, 10); err != nil || len(entries) > 0 {
		t.Errorf("of another tenant: %v %v", entries, err)
	}
}

// logSome enters five deeds in the log.
func logSome(t *testing.T, db *DB) {
	t.Helper()
	for i := range 5 {
		err := db.share(t.Context(), "test", north, func(s *shared) error {
			return s.audited(audit.Entry{At: db.now().Add(time.Duration(i) * time.Minute), By: "ines", Surface: "dialog", Act: audit.BookConfigured, Subject: fmt.Sprint("book", i)})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Audit().Verify(t.Context(), north); err != nil {
		t.Fatal(err)
	}
}

// Whatever is done to a log is found, at the first entry that is not what was written there.
func TestAuditLogThatWasTouched(t *testing.T) {
	t.Parallel()
	set := func(b *bbolt.Bucket, n uint64, change func(*auditRecord)) error {
		r, _, err := load[auditRecord](b, numberKey(n))
		change(&r)
		return errors.Join(err, save(b, "test", numberKey(n), r))
	}
	rehash := func(n uint64) func(*auditRecord) {
		return func(r *auditRecord) { r.By = "timur"; r.Hash, _ = r.sum(n) }
	}
	for name, row := range map[string]struct {
		touch func(*bbolt.Bucket) error
		want  uint64
	}{
		"whole":                 {func(*bbolt.Bucket) error { return nil }, 0},
		"changed":               {func(b *bbolt.Bucket) error { return set(b, 3, func(r *auditRecord) { r.By = "timur" }) }, 3},
		"a time changed":        {func(b *bbolt.Bucket) error { return set(b, 1, func(r *auditRecord) { r.At = r.At.Add(1) }) }, 1},
		"changed with its hash": {func(b *bbolt.Bucket) error { return set(b, 3, rehash(3)) }, 4},
		"unreadable":            {func(b *bbolt.Bucket) error { return b.Put(numberKey(2), []byte(`{"at":`)) }, 2},
		"the first removed":     {func(b *bbolt.Bucket) error { return b.Delete(numberKey(1)) }, 1},
		"one removed":           {func(b *bbolt.Bucket) error { return b.Delete(numberKey(3)) }, 3},
		"the last removed":      {func(b *bbolt.Bucket) error { return b.Delete(numberKey(5)) }, 5},
		"all removed": {func(b *bbolt.Bucket) error {
			for n := range uint64(5) {
				if err := b.Delete(numberKey(n + 1)); err != nil {
					return err
				}
			}
			return nil
		}, 1},
		"two changed places": {func(b *bbolt.Bucket) error {
			two, three := string(b.Get(numberKey(2))), string(b.Get(numberKey(3)))
			return errors.Join(b.Put(numberKey(2), []byte(three)), b.Put(numberKey(3), []byte(two)))
		}, 2},
		"one put in at the end": {func(b *bbolt.Bucket) error {
			last, _, err := load[auditRecord](b, numberKey(5))
			r := auditRecord{Act: "book-configured", Subject: "book9", Prev: last.Hash}
			r.Hash, _ = r.sum(6)
			return errors.Join(err, save(b, "test", numberKey(6), r))
		}, 6},
		"one put in between": {func(b *bbolt.Bucket) error {
			return b.Put(append(numberKey(3), 0), b.Get(numberKey(3)))
		}, 4},
		"one put in before the first": {func(b *bbolt.Bucket) error { return b.Put(numberKey(0), b.Get(numberKey(1))) }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, _ := openWith(t)
			logSome(t, db)
			if err := db.write(t.Context(), "test", north, func(tb *bbolt.Bucket) error { return row.touch(tb.Bucket([]byte(bucketAudit))) }); err != nil {
				t.Fatal(err)
			}
			err := db.Audit().Verify(t.Context(), north)
			var broken *BrokenError
			switch {
			case row.want == 0 && err != nil:
				t.Errorf("got %v", err)
			case row.want > 0 && (!errors.As(err, &broken) || broken.Number != row.want):
				t.Errorf("got %v, want entry %d", err, row.want)
			}
		})
	}
}

// What is decided is in the log with who did it, and what was refused is not.
func TestWhatIsAudited(t *testing.T) {
	t.Parallel()
	db, clock := openWith(t)
	ctx, at := t.Context(), *clock
	book := contact.Book{ID: "b1", Kind: contact.TenantBook, Name: "Everybody", Home: sales, Mode: contact.Everybody, Version: 1}
	saveBook := func(by identity.Person, change func(*contact.Book)) error {
		book.Version++
		book.Changed = contact.Stamp{At: at, By: by}
		change(&book)
		return db.Books().SaveBook(ctx, north, book)
	}
	choose := func(c image.Choice) error {
		return db.Libraries().ChangeLibrary(ctx, north, sales, func(now *image.Choice) error { *now = c; return nil })
	}
	organisation := wishes("")
	organisation.At = at
	_, announced := db.Announcements().Announce(ctx, north, notice.Announcement{ID: "a1", By: "ines", At: at, Version: 1}, nil)
	_, twice := db.Announcements().Announce(ctx, north, notice.Announcement{ID: "a1", By: "timur", At: at, Version: 1}, nil)
	_, corrected := db.Announcements().Change(ctx, north, "a1", func(a *notice.Announcement, _ []notice.Notice) ([]notice.Notice, error) {
		a.Version, a.Changed, a.ChangedBy = 2, at, "timur"
		return nil, nil
	})
	_, recalled := db.Announcements().Change(ctx, north, "a1", func(a *notice.Announcement, _ []notice.Notice) ([]notice.Notice, error) {
		a.Recalled = at
		return nil, nil
	})
	err := errors.Join(announced, twice, corrected, recalled,
		db.Configurations().Save(ctx, north, organisation, "command"),
		db.Configurations().Save(ctx, north, wishes(quay), "dialog"),
		db.Configurations().Remove(ctx, north, quay, "ines", at), db.Configurations().Remove(ctx, north, quay, "ines", at),
		db.Configurations().Return(ctx, north, quay, "timur"), db.Configurations().Return(ctx, north, quay, "timur"),
		db.Configurations().Remove(ctx, north, quay, "", at), db.Configurations().Erase(ctx, north, quay, at.Add(1)), db.Configurations().Erase(ctx, north, quay, at.Add(1)),
		db.Books().SaveBook(ctx, north, book),
		saveBook("ines", func(b *contact.Book) { b.Removed = &contact.Stamp{At: at} }),
		saveBook("ines", func(b *contact.Book) { b.Mode = contact.OwnersOnly }),
		saveBook("ines", func(b *contact.Book) { b.Rights = map[identity.Person]contact.Rights{"timur": {Read: true}} }),
		saveBook("timur", func(b *contact.Book) { b.Shares = []contact.Share{{With: quay}} }),
		choose(image.Choice{Folder: wharf, By: "ines", At: at}), choose(image.Choice{Folder: wharf, By: "timur", At: at}),
		choose(image.Choice{By: "timur", At: at}), choose(image.Choice{}))
	refused := errors.Join(db.Configurations().Save(ctx, north, wishes(sales), "dialog"), db.Configurations().Save(ctx, north, wishes(sales), "dialog"))
	if err != nil || refused == nil {
		t.Fatal(err, refused)
	}
	var got []string
	for _, e := range auditedOf(t, db, 0, 100) {
		got = append(got, fmt.Sprintf("%s %s %s %s", e.Act, e.Subject, e.By, e.Surface))
	}
	want := []string{
		"announcement-sent a1 ines card", "announcement-corrected a1 timur card", "announcement-recalled a1 timur card",
		"configuration-changed tenant ines command", "configuration-changed 19:quay@thread.example ines dialog",
		"configuration-removed 19:quay@thread.example ines service", "configuration-returned 19:quay@thread.example timur service",
		"configuration-removed 19:quay@thread.example  service", "configuration-erased 19:quay@thread.example  service",
		"book-configured b1 ines dialog", "book-configured b1 ines dialog", "book-configured b1 timur dialog",
		"library-chosen 19:sales@thread.example ines dialog", "library-chosen 19:sales@thread.example timur dialog",
		"configuration-changed 19:sales@thread.example ines dialog",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := db.Audit().Verify(ctx, north); err != nil {
		t.Error(err)
	}
	kept, err := db.Books().Book(ctx, north, "b1")
	if diff := cmp.Diff(book, kept, cmpopts.EquateEmpty()); diff != "" || err != nil {
		t.Errorf("the book (-want +got): %v\n%s", err, diff)
	}
}
