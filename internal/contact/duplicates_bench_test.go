package contact_test

import (
	"fmt"
	"path/filepath"
	"runtime"
	"testing"

	"teamspro/internal/contact"
	"teamspro/internal/contact/contacttest"
	"teamspro/internal/identity"
	"teamspro/store"
)

// BenchmarkDuplicates looks for duplicates among 100,000 contacts on disk, every tenth of which is there twice, and tells how
// much memory that takes besides what is thrown away at once.
func BenchmarkDuplicates(b *testing.B) {
	const size = 100_000
	db, err := store.Open(b.Context(), store.Config{Path: filepath.Join(b.TempDir(), "teamspro.db")})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	roster, who := &contacttest.Roster{}, in(bob, chat(bob))
	roster.Set(contoso, bob, who.Conversation, identity.Member)
	books := contact.New(contact.Config{Shelf: db.Contacts(), Chronicle: db.Contacts(), Journal: db.Contacts(), Library: db.Books(), Marks: db.Marks(), Apart: db.Apart(),
		Roster: roster, Index: contact.NewIndex(), Region: "FR"})
	book, err := books.Ensure(b.Context(), who)
	if err != nil {
		b.Fatal(err)
	}
	for first := 0; first < size; first += contact.MaxPortion {
		step := contact.Step{ID: contact.ChangeID(fmt.Sprint("load", first))}
		for i := range contact.MaxPortion {
			n := first + i
			if n%10 == 9 {
				n-- // the one before, again
			}
			r := someone(fmt.Sprintf("Given%d Family%d", n%997, n%7919), fmt.Sprintf("p%d@firm%d.example", n, n%1500), fmt.Sprintf("Firm %d", n%1500))
			r.Phones = []contact.Phone{{Label: contact.Mobile, Number: fmt.Sprintf("+336%08d", n), E164: fmt.Sprintf("+336%08d", n)},
				{Label: contact.Business, Number: fmt.Sprintf("+331%08d", n%1500), E164: fmt.Sprintf("+331%08d", n%1500)}}
			step.Changes = append(step.Changes, contact.Change{ID: contact.StepChange(step.ID, i), Act: contact.Added, Contact: contact.ID(fmt.Sprintf("c%025d", first+i)),
				Book: book.ID, Version: 1, After: &r})
		}
		if _, err := db.Contacts().ApplyAll(b.Context(), contoso, step); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for b.Loop() {
		sets, more, err := books.Duplicates(b.Context(), who, "", contact.MaxDuplicates)
		if err != nil || !more || len(sets) != contact.MaxDuplicates {
			b.Fatal(len(sets), more, err)
		}
	}
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapSys-before.HeapSys)/(1<<20), "MiB-heap-grown")
}
