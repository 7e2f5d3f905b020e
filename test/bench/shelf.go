package main

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"time"

	"teamspro/internal/contact"
	"teamspro/internal/identity"
	"teamspro/store"
)

// book is the one that everybody in the bench is in, unless a unit measures many books.
const book = contact.BookID("bench")

// noon is when everything in the bench was written.
var noon = time.Date(2026, 1, 17, 12, 0, 0, 0, time.UTC)

// shelve writes the contacts into the data folder of a service, into books of one person.
func shelve(ctx context.Context, folder string, contacts []contact.Contact) (err error) {
	db, err := store.Open(ctx, store.Config{Path: filepath.Join(folder, "teamspro.db"), Now: func() time.Time { return noon }})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	books := map[contact.BookID]bool{}
	for _, c := range contacts {
		if books[c.Book] {
			continue
		}
		books[c.Book] = true
		own := contact.Book{ID: c.Book, Kind: contact.PersonalBook, Name: string(c.Book), Home: conversation, Owners: []identity.Person{person},
			Mode: contact.Everybody, Created: contact.Stamp{At: noon, By: person}, Version: 1}
		if err := db.Books().SaveBook(ctx, tenant, own); err != nil {
			return err
		}
	}
	return together(64, len(contacts), func(i int) error { return add(ctx, db, &contacts[i]) })
}

func add(ctx context.Context, db *store.DB, c *contact.Contact) error {
	_, err := db.Contacts().Apply(ctx, tenant, contact.Change{Act: contact.Added, Contact: c.ID, Book: c.Book, Version: 1, After: &c.Record, By: person})
	return err
}

// together does n things with so many workers. It gives the first error of each worker; that worker does no more.
func together(workers, n int, do func(i int) error) error {
	var group sync.WaitGroup
	errs := make([]error, workers)
	for w := range workers {
		group.Go(func() {
			for i := w; i < n && errs[w] == nil; i += workers {
				errs[w] = do(i)
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}
