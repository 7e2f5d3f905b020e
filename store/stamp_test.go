package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"go.etcd.io/bbolt"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
)

func stampOf(t *testing.T, db *DB) string {
	t.Helper()
	s, err := db.Contacts().Stamp(t.Context(), north)
	if err != nil {
		t.Error(err)
	}
	return s
}

func addOne(t *testing.T, db *DB, id string) {
	t.Helper()
	if _, err := db.Contacts().Apply(t.Context(), north, added(id, busy(1))); err != nil {
		t.Error(err)
	}
}

func TestStampOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "teamspro.db")
	db := openAt(t, path)
	empty := stampOf(t, db)
	addOne(t, db, "c1")
	before := stampOf(t, db)
	db.Close()
	db = openAt(t, path)
	if got := stampOf(t, db); got != before || got == empty {
		t.Errorf("reopened %s, before %s, empty %s", got, before, empty)
	}
	if changes, err := db.Contacts().Since(t.Context(), north, empty); err != nil || len(changes) != 1 {
		t.Errorf("since the beginning: %d changes, %v", len(changes), err)
	}
}

// A file that was put back from a copy, and changed as often as before, is in another state: its stamps are not those
// of the life that it had.
func TestStampAfterRestoring(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "teamspro.db")
	db := openAt(t, path)
	addOne(t, db, "c1")
	common := stampOf(t, db)
	var backup bytes.Buffer
	if err := db.Backup(t.Context(), &backup); err != nil {
		t.Fatal(err)
	}
	addOne(t, db, "c2")
	lost := stampOf(t, db)
	if err := errors.Join(db.Close(), os.WriteFile(path, backup.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	db = openAt(t, path)
	if _, err := db.Contacts().Since(t.Context(), north, lost); !fault.Is(err, fault.NotFound) {
		t.Errorf("the lost state, before its number comes again: %v", err)
	}
	addOne(t, db, "c2")
	if _, err := db.Contacts().Since(t.Context(), north, lost); !fault.Is(err, fault.NotFound) || stampOf(t, db) == lost {
		t.Errorf("the lost state, when its number is there again: %v", err)
	}
	if changes, err := db.Contacts().Since(t.Context(), north, common); err != nil || len(changes) != 1 {
		t.Errorf("since the common state: %d changes, %v", len(changes), err)
	}
}

// Many write at once, and share transactions, while somebody takes stamps: each change comes once, after every stamp that
// was taken before it was asked for, and never after one that was taken when it was there.
func TestSinceMissesNothingWhileManyWrite(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	const writers, rounds = 16, 10
	start := stampOf(t, db)
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for i := range rounds {
				before, id := stampOf(t, db), fmt.Sprintf("c%d-%d", w, i)
				addOne(t, db, id)
				after := stampOf(t, db)
				if n := countSince(t, db, before, id); n != 1 {
					t.Errorf("%s comes %d times after a stamp that was taken before it", id, n)
				}
				if n := countSince(t, db, after, id); n != 0 {
					t.Errorf("%s comes %d times after a stamp that was taken after it", id, n)
				}
			}
		})
	}
	group.Wait()
	changes, err := db.Contacts().Since(t.Context(), north, start)
	if err != nil || len(changes) != writers*rounds {
		t.Errorf("since the beginning: %d changes, %v", len(changes), err)
	}
	if again, err := db.Contacts().Since(t.Context(), north, stampOf(t, db)); err != nil || len(again) != 0 {
		t.Errorf("since the end: %d changes, %v", len(again), err)
	}
}

func countSince(t *testing.T, db *DB, stamp, id string) (n int) {
	changes, err := db.Contacts().Since(t.Context(), north, stamp)
	if err != nil {
		t.Errorf("since %s: %v", stamp, err)
	}
	for _, c := range changes {
		if string(c.Contact) == id {
			n++
		}
	}
	return n
}

// A transaction has one entry, with its changes in their order, beside those of single changes.
func TestJournalHasAnEntryForEachTransaction(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	start := stampOf(t, db)
	addOne(t, db, "c1")
	first := stampOf(t, db)
	err := db.share(t.Context(), "fill", north, func(s *shared) error {
		for _, id := range []string{"c3", "c2", "c4"} {
			w := writer{op: "fill", shared: s, now: db.now(), change: added(id, contact.Record{Name: "A"})}
			w.change.ID = contact.ChangeID("change-" + id)
			if _, err := w.apply(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for stamp, want := range map[string]string{start: "[c1 c3 c2 c4]", first: "[c3 c2 c4]", stampOf(t, db): "[]"} {
		changes, err := db.Contacts().Since(t.Context(), north, stamp)
		if got := fmt.Sprint(each(changes, func(c contact.Change) contact.ID { return c.Contact })); err != nil || got != want {
			t.Errorf("since %s: %s %v, want %s", stamp, got, err, want)
		}
	}
	err = db.read(t.Context(), "count", north, func(tb *bbolt.Bucket) error {
		if n, last := tb.Bucket([]byte(bucketJournal)).Stats().KeyN, lastNumber(tb.Bucket([]byte(bucketJournal))); n != 2 || last != 4 {
			t.Errorf("%d entries, the last is %d", n, last)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The journal has an end, keeps what Journal promises, and says when a stamp lies before it.
func TestJournalIsBounded(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	start := stampOf(t, db)
	var kept string
	const all = journalKept + 2*journalSlack
	for n := 1; n <= all; {
		err := db.share(t.Context(), "fill", north, func(s *shared) error {
			for range 500 {
				w := writer{op: "fill", shared: s, now: db.now(), change: added(fmt.Sprint("c", n), contact.Record{Name: "A"})}
				w.change.ID = contact.ChangeID(fmt.Sprint("change", n))
				if _, err := w.apply(); err != nil {
					return err
				}
				n++
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if n == all-journalKept+1 {
			kept = stampOf(t, db)
		}
	}
	if _, err := db.Contacts().Since(t.Context(), north, start); !fault.Is(err, fault.NotFound) {
		t.Errorf("since the beginning: %v", err)
	}
	changes, err := db.Contacts().Since(t.Context(), north, kept)
	if err != nil || len(changes) != journalKept || changes[0].Contact != contact.ID(fmt.Sprint("c", all-journalKept+1)) {
		t.Errorf("since the oldest that is promised: %d changes, %v", len(changes), err)
	}
	err = db.read(t.Context(), "count", north, func(tb *bbolt.Bucket) error {
		if n := tb.Bucket([]byte(bucketJournal)).Stats().KeyN; n > journalKept+journalSlack {
			t.Errorf("%d entries", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A change that is gone, or a damaged entry, is told as a stamp that is not known: the reader then reads everything.
func TestSinceWithoutAChange(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]func(tb *bbolt.Bucket) error{
		"purged": func(tb *bbolt.Bucket) error { return tb.Bucket([]byte(bucketChanges)).Delete([]byte("gone")) },
		"damaged": func(tb *bbolt.Bucket) error {
			return tb.Bucket([]byte(bucketJournal)).Put(numberKey(1), []byte("short"))
		},
	} {
		db, _ := openWith(t)
		start := stampOf(t, db)
		c := added("c1", busy(1))
		c.ID = "gone"
		_, err := db.Contacts().Apply(t.Context(), north, c)
		if err := errors.Join(err, db.write(t.Context(), "harm", north, harm)); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Contacts().Since(t.Context(), north, start); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Two copies of a file of the first schema, brought to the second apart, are in states of their own.
func TestJournalOfAnOlderFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "teamspro.db")
	db := openAt(t, path)
	addOne(t, db, "c1")
	err := db.update(t.Context(), "age", func(tx *work) error {
		tb, err := tenantBucket(tx.Tx, north)
		return errors.Join(err, tb.DeleteBucket([]byte(bucketJournal)), tx.Bucket([]byte(bucketMeta)).Put([]byte(metaSchema), []byte("1")))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	one, two := openAt(t, path), openAt(t, writeFile(t, old))
	first := stampOf(t, one)
	if again := stampOf(t, two); again == first {
		t.Errorf("both have the stamp %s", again)
	}
	addOne(t, one, "c2")
	if changes, err := one.Contacts().Since(t.Context(), north, first); err != nil || len(changes) != 1 {
		t.Errorf("since the migration: %d changes, %v", len(changes), err)
	}
	if _, err := two.Contacts().Since(t.Context(), north, first); !fault.Is(err, fault.NotFound) {
		t.Errorf("the other's stamp: %v", err)
	}
}
