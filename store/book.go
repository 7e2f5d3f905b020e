package store

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"sync/atomic"

	"go.etcd.io/bbolt"

	"teamspro/internal/audit"
	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// The first parts of the keys of bucketBookIndex.
const (
	byHome   = "home"
	byShare  = "share"
	byPerson = "person"
	byTenant = "tenant"
	byFirst  = "first"
)

// Books keeps the books of tenants, and who uses them.
type Books struct{ db *DB }

var _ contact.Library = (*Books)(nil)

// Books is the view of the books.
func (d *DB) Books() *Books { return &Books{d} }

// Book reads one book, as contact.Library says.
func (s *Books) Book(ctx context.Context, t identity.Tenant, id contact.BookID) (contact.Book, error) {
	const op = "store.Book"
	var r bookRecord
	found := false
	err := s.db.read(ctx, op, t, func(tb *bbolt.Bucket) (err error) {
		r, found, err = load[bookRecord](tb.Bucket([]byte(bucketBooks)), []byte(id))
		return err
	})
	switch {
	case err != nil:
		return contact.Book{}, err
	case !found:
		return contact.Book{}, fault.New(fault.NotFound, op, "")
	}
	return r.book(id), nil
}

// BooksFor reads the books that may concern a person, as contact.Library says, sorted by id.
func (s *Books) BooksFor(ctx context.Context, t identity.Tenant, p identity.Person, c identity.Conversation) ([]contact.Book, error) {
	var found []contact.Book
	err := s.db.read(ctx, "store.BooksFor", t, func(tb *bbolt.Bucket) error {
		books := tb.Bucket([]byte(bucketBooks))
		for _, id := range concerning(tb, p, c) {
			r, ok, err := load[bookRecord](books, []byte(id))
			if err != nil {
				return err
			}
			if ok {
				found = append(found, r.book(contact.BookID(id)))
			}
		}
		return nil
	})
	return found, err
}

// All reads the books of a tenant, those that wait included, sorted by id.
func (s *Books) All(ctx context.Context, t identity.Tenant) (all []contact.Book, err error) {
	err = s.db.read(ctx, "store.Books.All", t, func(tb *bbolt.Bucket) error {
		b := tb.Bucket([]byte(bucketBooks))
		return b.ForEach(func(id, _ []byte) error {
			r, _, err := load[bookRecord](b, id)
			all = append(all, r.book(contact.BookID(id)))
			return err
		})
	})
	return all, err
}

// Edition counts what changed the books or who met them, as contact.Library says. One process has the file, so it need
// not be in it.
func (s *Books) Edition(_ context.Context, t identity.Tenant) (uint64, error) {
	return s.db.edition(t).Load(), nil
}

func (d *DB) edition(t identity.Tenant) *atomic.Uint64 {
	if n, ok := d.editions.Load(t); ok {
		return n.(*atomic.Uint64)
	}
	n, _ := d.editions.LoadOrStore(t, new(atomic.Uint64))
	return n.(*atomic.Uint64)
}

// shelved raises the edition of a tenant, after the write and before its writer hears of it, whatever came of it.
func (d *DB) shelved(t identity.Tenant) { d.edition(t).Add(1) }

// concerning lists the ids of the books that the index names for a person in a conversation.
func concerning(tb *bbolt.Bucket, p identity.Person, c identity.Conversation) []string {
	index := tb.Bucket([]byte(bucketBookIndex))
	ids := slices.Concat(tails(index, under(byTenant)), tails(index, under(byPerson, string(p))))
	places := append(tails(tb.Bucket([]byte(bucketMeetings)), under(string(p))), string(c))
	for _, place := range places {
		ids = append(ids, tails(index, under(byHome, place))...)
		ids = append(ids, tails(index, under(byShare, place))...)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// SaveBook writes a book, as contact.Library says.
func (s *Books) SaveBook(ctx context.Context, t identity.Tenant, b contact.Book) error {
	const op = "store.SaveBook"
	if err := checkIDs(op, bookIDs(b)...); err != nil {
		return err
	}
	defer s.db.shelved(t)
	return s.db.share(ctx, op, t, func(sh *shared) error {
		books, index := sh.bucket(bucketBooks), sh.bucket(bucketBookIndex)
		old, found, err := load[bookRecord](books, []byte(b.ID))
		if err != nil {
			return err
		}
		if b.Version != old.Version+1 || taken(index, b) || erased(index, b.ID) {
			return fault.New(fault.Stale, op, "")
		}
		if found {
			if err := unindex(index, old.book(b.ID)); err != nil {
				return err
			}
			if err := sh.auditBook(old, b); err != nil {
				return err
			}
		}
		for key, value := range indexOf(b) {
			if err := index.Put([]byte(key), []byte(value)); err != nil {
				return err
			}
		}
		return save(books, op, []byte(b.ID), newBook(b))
	})
}

// auditBook enters in the log that somebody changed what a book is.
func (s *shared) auditBook(old bookRecord, b contact.Book) error {
	now := newBook(b)
	same := old.Name == now.Name && old.Mode == now.Mode && slices.Equal(old.Owners, now.Owners) && slices.Equal(old.Shares, now.Shares) && maps.Equal(old.Rights, now.Rights)
	if same {
		return nil
	}
	return s.audited(audit.Entry{At: b.Changed.At, By: b.Changed.By, Surface: surfaceOf(b.Changed.By), Act: audit.BookConfigured, Subject: string(b.ID)})
}

func unindex(index *bbolt.Bucket, b contact.Book) error {
	for key := range indexOf(b) {
		if err := index.Delete([]byte(key)); err != nil {
			return err
		}
	}
	return nil
}

// bookIDs lists the ids of a book that become parts of keys.
func bookIDs(b contact.Book) []string {
	ids := []string{string(b.ID), string(b.Kind)}
	if b.Home != "" || b.Kind == contact.ConversationBook {
		ids = append(ids, string(b.Home))
	}
	for _, share := range b.Shares {
		ids = append(ids, string(share.With))
	}
	for _, owner := range b.Owners {
		ids = append(ids, string(owner))
	}
	return ids
}

// indexOf gives what the index holds about a book.
func indexOf(b contact.Book) map[string]string {
	id, keys := string(b.ID), map[string]string{}
	add := func(parts ...string) { keys[string(join(parts...))] = "" }
	switch b.Kind {
	case contact.TenantBook:
		add(byTenant, id)
	case contact.PersonalBook:
		for _, owner := range b.Owners {
			add(byPerson, string(owner), id)
		}
	case contact.ConversationBook:
		add(byHome, string(b.Home), id)
	}
	for _, share := range b.Shares {
		add(byShare, string(share.With), id)
	}
	for _, key := range firsts(b) {
		keys[key] = id
	}
	return keys
}

// firsts gives the keys that only one book may have: an unnamed book is the first of its conversation, or of
// the person who owns it.
func firsts(b contact.Book) []string {
	switch {
	case b.Name != "":
		return nil
	case b.Kind == contact.PersonalBook:
		return each(b.Owners, func(p identity.Person) string { return string(join(byFirst, string(b.Kind), string(p))) })
	}
	return []string{string(join(byFirst, string(b.Kind), string(b.Home)))}
}

// taken tells whether another book is the first already.
func taken(index *bbolt.Bucket, b contact.Book) bool {
	return slices.ContainsFunc(firsts(b), func(key string) bool {
		holder := index.Get([]byte(key))
		return holder != nil && string(holder) != string(b.ID)
	})
}

// Meet remembers that a person uses the books of a conversation, as contact.Library says. It writes once.
func (s *Books) Meet(ctx context.Context, t identity.Tenant, p identity.Person, c identity.Conversation) error {
	const op = "store.Meet"
	if err := checkIDs(op, string(p), string(c)); err != nil {
		return err
	}
	key, known := join(string(p), string(c)), false
	err := s.db.read(ctx, op, t, func(tb *bbolt.Bucket) error {
		k, _ := tb.Bucket([]byte(bucketMeetings)).Cursor().Seek(key)
		known = bytes.Equal(k, key)
		return nil
	})
	if err != nil || known {
		return err
	}
	defer s.db.shelved(t)
	return s.db.write(ctx, op, t, func(tb *bbolt.Bucket) error {
		return tb.Bucket([]byte(bucketMeetings)).Put(key, nil)
	})
}
