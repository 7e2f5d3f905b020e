package contact

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// Restoring says which book of a backup becomes a book of which conversation.
type Restoring struct {
	From   Book            // as the backup has it
	Tenant identity.Tenant // whose it is there
	Stamp  string          // of the contacts of that tenant there (Journal.Stamp)

	To     identity.Conversation
	Team   string
	Owners []identity.Person // may be empty: the owners of a team may always manage its books
	Name   string            // empty: as in the backup, or another one where that is taken
}

// RestoredBook tells what became of it.
type RestoredBook struct {
	Book  Book
	Added int
	There int // contacts that an earlier call restored
}

// restoredName is what the nameless first book of another conversation is called where there is one already.
const restoredName = "Restored"

// RestoreBook makes a book of a conversation out of one of a backup, whose contacts each gives, in the same order every
// time. A contact keeps its id unless this tenant has used it; its history stays in the backup. What is
// restored twice is restored once, also where a first call ended in the middle. Nobody's rights are asked: it is for whoever
// operates the service.
func (b *Books) RestoreBook(ctx context.Context, t identity.Tenant, w Restoring, each func(func(Contact) error) error) (RestoredBook, error) {
	const op = "contact.RestoreBook"
	r := &restoring{b: b, tenant: t, wish: w, mark: w.mark(t)}
	var err error
	if r.done.Book, err = r.book(ctx); err != nil {
		return r.done, wrap(op, err)
	}
	err = each(func(c Contact) error {
		if err := r.take(ctx, c); err != nil {
			return err
		}
		if len(r.portion) < MaxPortion {
			return nil
		}
		return r.write(ctx)
	})
	if err == nil {
		err = r.write(ctx)
	}
	if err != nil {
		return r.done, wrap(op, err)
	}
	return r.done, nil
}

// mark names what is restored: the same for the same contacts on their way to the same place.
func (w Restoring) mark(t identity.Tenant) string {
	return digest(string(w.Tenant), string(w.From.ID), w.Stamp, string(t), string(w.To))
}

func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:13])
}

// restoring is a book on its way out of a backup.
type restoring struct {
	b       *Books
	tenant  identity.Tenant
	wish    Restoring
	mark    string
	count   int
	portion []Change
	done    RestoredBook
}

// book finds the book of an earlier call, or makes it.
func (r *restoring) book(ctx context.Context) (Book, error) {
	k, err := r.b.library.Book(ctx, r.tenant, BookID(r.mark))
	if !fault.Is(err, fault.NotFound) {
		return k, err
	}
	now := Stamp{At: r.b.now().UTC()}
	k = Book{ID: BookID(r.mark), Kind: ConversationBook, Home: r.wish.To, Team: r.wish.Team, Owners: r.wish.Owners, Mode: r.wish.From.Mode, Created: now, Version: 1}
	if r.wish.Tenant == r.tenant {
		k.Rights = r.wish.From.Rights
	}
	first := r.wish.Name
	if first == "" {
		first = r.wish.From.Name
	}
	for n := 1; n <= 100; n++ {
		if k.Name = numbered(first, n); r.taken(ctx, k.Name) {
			continue
		}
		err := r.b.library.SaveBook(ctx, r.tenant, k)
		if !fault.Is(err, fault.Stale) { // stale: the conversation has its nameless book already
			return k, err
		}
	}
	return Book{}, fault.New(fault.Invalid, "contact.RestoreBook", "book.name_taken", "Name", k.Name)
}

// numbered is a name, or what is tried next where it is taken.
func numbered(name string, n int) string {
	switch {
	case n == 1:
		return name
	case name == "":
		name, n = restoredName, n-1
	}
	if n == 1 {
		return name
	}
	return fmt.Sprintf("%s %d", name, n)
}

// taken tells whether a book of the conversation has the name.
func (r *restoring) taken(ctx context.Context, name string) bool {
	books, err := r.b.library.BooksFor(ctx, r.tenant, "", r.wish.To)
	return err == nil && nameFree("contact.RestoreBook", books, "", name) != nil
}

// take puts a contact into the portion.
func (r *restoring) take(ctx context.Context, c Contact) error {
	id, err := r.idFor(ctx, c.ID)
	if err != nil {
		return err
	}
	record := c.Record
	r.portion = append(r.portion, Change{ID: StepChange(r.step(), r.count), Act: Added, Contact: id, Book: r.done.Book.ID, Version: 1, After: &record})
	r.count++
	return nil
}

func (r *restoring) step() ChangeID { return ChangeID("restore-" + r.mark) }

// idFor is the id that a contact has, unless the tenant knows it already.
func (r *restoring) idFor(ctx context.Context, id ID) (ID, error) {
	used, err := r.b.chronicle.History(ctx, r.tenant, id, 1)
	if err != nil || len(used) > 0 {
		return ID(digest(r.mark, string(id))), err
	}
	there, err := r.b.shelf.Contacts(ctx, r.tenant, []ID{id})
	if len(there) > 0 {
		return ID(digest(r.mark, string(id))), err
	}
	return id, err
}

// write carries the portion out and shows it to the index; no snapshot of the index is begun between the two.
func (r *restoring) write(ctx context.Context) error {
	if len(r.portion) == 0 {
		return nil
	}
	r.b.changing.RLock()
	defer r.b.changing.RUnlock()
	at := r.b.now().UTC()
	made, err := r.b.shelf.ApplyAll(ctx, r.tenant, Step{ID: r.step(), At: at, Deed: identity.Deed{Surface: "operator"}, Changes: r.portion})
	if err != nil {
		return err
	}
	fresh := 0
	for i, c := range made {
		if !c.At.Equal(at) || c.Contact != r.portion[i].Contact {
			r.done.There++ // and since then people may have changed it
			continue
		}
		r.b.show(r.tenant, c)
		fresh++
	}
	if f, ok := r.b.loaded.Load(r.tenant); ok {
		f.(*filled).behind.Add(int64(fresh))
	}
	r.done.Added, r.portion = r.done.Added+fresh, r.portion[:0]
	return nil
}
