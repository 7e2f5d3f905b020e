package contact_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// kept is a book of a backup with so many contacts.
func kept(n int) (contact.Restoring, []contact.Contact) {
	w := contact.Restoring{From: contact.Book{ID: "old", Kind: contact.ConversationBook, Home: sales, Mode: contact.PerMember, Rights: map[identity.Person]contact.Rights{bob: {Read: true}}},
		Tenant: contoso, Stamp: "state1", To: press}
	var contacts []contact.Contact
	for i := range n {
		contacts = append(contacts, contact.Contact{ID: contact.ID(fmt.Sprintf("k%04d", i)), Book: "old", Record: contact.Record{Kind: contact.Person, Name: fmt.Sprintf("Kept Person%04d", i)}, Version: 7})
	}
	return w, contacts
}

func from(contacts []contact.Contact) func(func(contact.Contact) error) error {
	return func(take func(contact.Contact) error) error {
		for _, c := range contacts {
			if err := take(c); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestRestoreBook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wish, contacts := kept(3)
	got := must(w.RestoreBook(t.Context(), contoso, wish, from(contacts)))(t)
	if got.Added != 3 || got.There != 0 || got.Book.Home != press || got.Book.Mode != contact.PerMember || len(got.Book.Rights) != 1 {
		t.Errorf("restored: %+v", got)
	}
	same(t, "found", []string{"Kept Person0001"}, w.found(in(bob, press), "person0001"))
	if there := must(w.memory.Contacts(t.Context(), contoso, []contact.ID{"k0000"}))(t); len(there) != 1 || there[0].Version != 1 {
		t.Errorf("a free id was not kept: %+v", there)
	}
	w.now = w.now.Add(time.Hour)
	again := must(w.RestoreBook(t.Context(), contoso, wish, from(contacts)))(t)
	if again.Added != 0 || again.There != 3 || again.Book.ID != got.Book.ID {
		t.Errorf("again: %+v", again)
	}
}

// What people did with what was restored stays when it is restored again.
func TestRestoreBookTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wish, contacts := kept(2)
	wish.From.Mode = contact.Everybody
	must(w.RestoreBook(t.Context(), contoso, wish, from(contacts)))(t)
	w.now = w.now.Add(time.Hour)
	must(w.Delete(t.Context(), in(bob, press), "k0001", 1, w.deed()))(t)
	must(w.Edit(t.Context(), in(bob, press), "k0000", 1, named("Renamed Since"), w.deed()))(t)
	if again := must(w.RestoreBook(t.Context(), contoso, wish, from(contacts)))(t); again.Added != 0 {
		t.Errorf("%+v", again)
	}
	same(t, "deleted since", 0, len(w.found(in(bob, press), "person0001")))
	same(t, "renamed since", []string{"Renamed Since"}, w.found(in(bob, press), "renamed"))
}

// Ids that are used get others; names that are taken, too; rights and owners of another organisation mean nobody here.
func TestRestoreBookBesideOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wish, contacts := kept(2)
	first := must(w.RestoreBook(t.Context(), contoso, wish, from(contacts)))(t)
	wish.Stamp = "state2" // another backup
	second := must(w.RestoreBook(t.Context(), contoso, wish, from(contacts)))(t)
	wish.Stamp = "state3"
	third := must(w.RestoreBook(t.Context(), contoso, wish, from(contacts)))(t)
	same(t, "names", []string{"", "Restored", "Restored 2"}, []string{first.Book.Name, second.Book.Name, third.Book.Name})
	same(t, "added", 4, second.Added+third.Added)
	same(t, "found", 3, len(w.found(in(bob, press), "person0001")))
	wish.Name = "restored"
	wish.Stamp = "state4"
	same(t, "a name that is taken", "restored 3", must(w.RestoreBook(t.Context(), contoso, wish, from(contacts)))(t).Book.Name)
	other := must(w.RestoreBook(t.Context(), fabrikam, wish, from(contacts)))(t)
	if other.Book.Name != "restored" || other.Book.Rights != nil || other.Added != 2 {
		t.Errorf("in another organisation: %+v", other)
	}
}

// A restore that ended in the middle goes on.
func TestRestoreBookGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wish, contacts := kept(contact.MaxPortion + 20)
	broken := errors.New("the line broke")
	_, err := w.RestoreBook(t.Context(), contoso, wish, func(take func(contact.Contact) error) error {
		for _, c := range contacts[:contact.MaxPortion+10] {
			if err := take(c); err != nil {
				return err
			}
		}
		return broken
	})
	if !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
	w.now = w.now.Add(time.Hour)
	got := must(w.RestoreBook(t.Context(), contoso, wish, from(contacts)))(t)
	if got.There != contact.MaxPortion || got.Added != 20 {
		t.Errorf("%+v", got)
	}
	w.memory.Full(fault.New(fault.Busy, "test", "store.full"))
	wish.Stamp = "state2"
	if _, err := w.RestoreBook(t.Context(), contoso, wish, from(contacts)); !fault.Is(err, fault.Busy) {
		t.Errorf("a full disk: %v", err)
	}
}
