package contact_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"teamspro/internal/contact"
	"teamspro/internal/contact/contacttest"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/store"
)

// BenchmarkFindInBooks says what a search costs somebody who sees so many books: their own, or those of conversations
// that they are in. Each book has ten contacts.
func BenchmarkFindInBooks(b *testing.B) {
	for _, kind := range []contact.BookKind{contact.PersonalBook, contact.ConversationBook} {
		for _, n := range []int{1, 10, 100, 1000} {
			b.Run(fmt.Sprintf("%s/%d", kind, n), func(b *testing.B) { benchmarkFind(b, kind, n) })
		}
	}
}

func benchmarkFind(b *testing.B, kind contact.BookKind, n int) {
	ctx := context.Background()
	db, err := store.Open(ctx, store.Config{Path: filepath.Join(b.TempDir(), "teamspro.db")})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	roster, index := &contacttest.Roster{}, contact.NewIndex()
	for i := range n {
		place := identity.Conversation(fmt.Sprintf("19:place%04d@thread.example", i))
		k := contact.Book{ID: contact.BookID(fmt.Sprintf("book%04d", i)), Kind: kind, Name: fmt.Sprint("Book ", i), Home: place,
			Owners: []identity.Person{ana}, Mode: contact.Everybody, Version: 1}
		if err := db.Books().SaveBook(ctx, contoso, k); err != nil {
			b.Fatal(err)
		}
		if err := db.Books().Meet(ctx, contoso, ana, place); err != nil {
			b.Fatal(err)
		}
		roster.Set(contoso, ana, place, identity.Member)
		for j := range 10 {
			index.Put(contoso, contact.Contact{ID: contact.ID(fmt.Sprint(i, "-", j)), Book: k.ID, Version: 1, Record: contact.Record{Name: fmt.Sprintf("Marta Weber%d", i*10+j)}})
		}
	}
	roster.Set(contoso, ana, chat(ana), identity.Member)
	books := contact.New(contact.Config{Shelf: db.Contacts(), Chronicle: db.Contacts(), Library: db.Books(), Marks: db.Marks(), Roster: roster, Index: index})
	q := contact.ParseQuery("weber0")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := books.Find(ctx, in(ana, chat(ana)), q, 0, 25); err != nil && !fault.Is(err, fault.NotFound) {
			b.Fatal(err)
		}
	}
}
