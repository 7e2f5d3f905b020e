package store

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/contact"
	"teamspro/internal/contact/contacttest"
	"teamspro/internal/identity"
)

const many = 100_000

// full writes a store of many contacts, each about 600 bytes long, and closes it.
func full(b *testing.B) (path string) {
	b.Helper()
	path = filepath.Join(b.TempDir(), "teamspro.db")
	db := openAt(b, path)
	stock(b, db, "book")
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
	return path
}

// stock writes many contacts into a book.
func stock(b *testing.B, db *DB, book contact.BookID) {
	b.Helper()
	for from := 0; from < many; from += 5000 {
		err := db.share(context.Background(), "fill", north, func(s *shared) error {
			for i := from; i < from+5000; i++ {
				w := writer{op: "fill", shared: s, now: db.now(), change: added(fmt.Sprintf("contact-%06d", i), busy(i))}
				w.change.ID, w.change.Book = contact.ChangeID(fmt.Sprintf("change-%06d", i)), book
				var err error
				if w.after, err = encodeRecord(w.change.After); err != nil {
					return err
				}
				if _, err = w.apply(); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// busy is a record with most fields in use.
func busy(i int) contact.Record {
	return contact.Record{Kind: contact.Person, Name: fmt.Sprintf("Person %d", i), Job: "Harbour pilot", Company: "Ferries of the North",
		Department: "Night shift", Emails: []string{fmt.Sprintf("p%d@ferry.example", i)},
		Phones:    []contact.Phone{{Label: contact.Business, Number: "(202) 555-0123", E164: "+12025550123"}, {Label: contact.Mobile, Number: "(202) 555-0177", E164: "+12025550177"}},
		Website:   "https://ferry.example",
		Addresses: []contact.Address{{Text: "1 Quay, Port of the North", Position: &contact.Position{Lat: 54.5, Lng: 10.25}}},
		Notes:     strings.Repeat("Knows the shoals. ", 6), Tags: []string{"ferry", "night"}}
}

func BenchmarkOpenWithManyContacts(b *testing.B) {
	path := full(b)
	for b.Loop() {
		b.StopTimer()
		db := openAt(b, path)
		db.Close()
		b.StartTimer()
		db, err := Open(b.Context(), Config{Path: path})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(db.Size())/(1<<20), "MiB")
		db.Close()
	}
}

func BenchmarkEachOfManyContacts(b *testing.B) {
	db := openAt(b, full(b))
	for b.Loop() {
		n := 0
		if err := db.Contacts().Each(b.Context(), north, func(contact.Contact) error { n++; return nil }); err != nil || n != many {
			b.Fatal(n, err)
		}
	}
}

func BenchmarkApply(b *testing.B) {
	db := openAt(b, filepath.Join(b.TempDir(), "teamspro.db"))
	i := 0
	for b.Loop() {
		i++
		if _, err := db.Contacts().Apply(b.Context(), north, added(fmt.Sprint("c", i), busy(i))); err != nil {
			b.Fatal(err)
		}
	}
}

// Several people write at once, each waiting for their own: what a write costs, and how many share a commit.
func BenchmarkApplyTogether(b *testing.B) {
	for _, writers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			db := openAt(b, filepath.Join(b.TempDir(), "teamspro.db"))
			b.ReportAllocs()
			before, cpu := commits(b, db), cpuTime(b)
			b.ResetTimer()
			together(b, writers, func(i int) error {
				_, err := db.Contacts().Apply(b.Context(), north, added(fmt.Sprintf("c%09d", i), busy(i)))
				return err
			})
			b.StopTimer()
			n := float64(b.N)
			b.ReportMetric(n/b.Elapsed().Seconds(), "writes/s")
			b.ReportMetric(n/float64(commits(b, db)-before), "writes/commit")
			b.ReportMetric(float64(cpuTime(b)-cpu)/1e3/n, "cpu-µs/op")
		})
	}
}

// together has so many workers share b.N calls.
func together(b *testing.B, workers int, do func(i int) error) {
	var group sync.WaitGroup
	var n atomic.Int64
	for range workers {
		group.Go(func() {
			for i := int(n.Add(1)); i <= b.N; i = int(n.Add(1)) {
				if err := do(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
}

// commits is how many transactions the file has seen.
func commits(b *testing.B, db *DB) (n int) {
	if err := db.bolt.View(func(tx *bbolt.Tx) error { n = tx.ID(); return nil }); err != nil {
		b.Fatal(err)
	}
	return n
}

// cpuTime is what this process has used of the processors.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkMarkAnswered(b *testing.B) {
	db := openAt(b, filepath.Join(b.TempDir(), "teamspro.db"))
	i := 0
	for b.Loop() {
		i++
		if err := db.Turns().MarkAnswered(b.Context(), fmt.Sprint("activity", i)); err != nil {
			b.Fatal(err)
		}
	}
}

func openAt(t testing.TB, path string) *DB {
	t.Helper()
	db, err := Open(context.Background(), Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

const north, south = identity.Tenant("11111111-1111-4111-8111-111111111111"), identity.Tenant("22222222-2222-4222-8222-222222222222")

func added(id string, r contact.Record) contact.Change {
	return contact.Change{Act: contact.Added, Contact: contact.ID(id), Book: "book", Version: 1, After: &r, By: "ines"}
}

// BenchmarkContacts reads what one page of a search shows.
func BenchmarkContacts(b *testing.B) {
	db, ids := openAt(b, filepath.Join(b.TempDir(), "teamspro.db")), make([]contact.ID, 25)
	for i := range ids {
		ids[i] = contact.ID(fmt.Sprint("c", i))
		if _, err := db.Contacts().Apply(b.Context(), north, added(string(ids[i]), busy(i))); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if found, err := db.Contacts().Contacts(b.Context(), north, ids); err != nil || len(found) != len(ids) {
			b.Fatal(len(found), err)
		}
	}
}

// What people do goes through contact.Books: each corrects a contact again and again, and waits until it is on disk.
func BenchmarkEditTogether(b *testing.B) {
	for _, writers := range []int{1, 8} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			db, roster := openAt(b, filepath.Join(b.TempDir(), "teamspro.db")), new(contacttest.Roster)
			books := contact.New(contact.Config{Shelf: db.Contacts(), Chronicle: db.Contacts(), Journal: db.Contacts(), Library: db.Books(),
				Marks: db.Marks(), Roster: roster, Index: contact.NewIndex()})
			corrections := make([]func() error, writers)
			for i := range corrections {
				corrections[i] = corrector(b, books, roster, i)
			}
			before, cpu := commits(b, db), cpuTime(b)
			b.ResetTimer()
			perWorker(b, corrections)
			b.StopTimer()
			n := float64(b.N)
			b.ReportMetric(float64(commits(b, db)-before)/n, "commits/op")
			b.ReportMetric(float64(cpuTime(b)-cpu)/1e3/n, "cpu-µs/op")
		})
	}
}

// corrector gives a person a contact in a chat, and what corrects it once more.
func corrector(b *testing.B, books *contact.Books, roster *contacttest.Roster, i int) func() error {
	who := identity.Caller{Tenant: north, Person: identity.Person(fmt.Sprint("person-", i)), Conversation: "19:quay@thread.example", Place: identity.GroupChat}
	roster.Set(who.Tenant, who.Person, who.Conversation, identity.Owner)
	c, err := books.Add(b.Context(), who, "", busy(i), identity.Deed{})
	if err != nil {
		b.Fatal(err)
	}
	return func() error {
		r := *c.After
		r.Job = fmt.Sprint("Pilot ", c.Version)
		next, err := books.Edit(b.Context(), who, c.Contact, c.Version, r, identity.Deed{})
		if err == nil {
			c = next
		}
		return err
	}
}

// perWorker has each worker do its own, b.N times in all.
func perWorker(b *testing.B, do []func() error) {
	var group sync.WaitGroup
	for w := range do {
		group.Go(func() {
			for range b.N/len(do) + 1 {
				if err := do[w](); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
}
