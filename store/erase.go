package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/audit"
	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// A book is erased in portions, each in a transaction of its own, so that nobody who writes waits for long. First its
// record gives way to a mark in the index of books; then everything goes that belongs to a book with the mark, bucket by
// bucket; the mark goes last. What is to go is found by looking, not remembered: whoever was interrupted begins again
// and finds what is left.

const (
	byErasing = "erasing"
	// maxLooked and maxTaken bound a portion: how many records it looks at, and how many of them it takes away.
	maxLooked = 4000
	maxTaken  = 200
)

var _ contact.Eraser = (*Books)(nil)

// erasingRecord is what is kept of a book that is being erased.
type erasingRecord struct {
	// Places are the conversations in which people met because of it.
	Places []identity.Conversation `json:"places,omitempty"`
}

// Waiting lists the books whose conversations the app left before a time, as contact.Eraser says.
func (s *Books) Waiting(ctx context.Context, t identity.Tenant, before time.Time) (waiting []contact.Book, err error) {
	err = s.db.read(ctx, "store.Waiting", t, func(tb *bbolt.Bucket) error {
		books := tb.Bucket([]byte(bucketBooks))
		return books.ForEach(func(id, _ []byte) error {
			r, _, err := load[bookRecord](books, id)
			if err == nil && r.Removed != nil && r.Removed.At.Before(before) {
				waiting = append(waiting, r.book(contact.BookID(id)))
			}
			return err
		})
	})
	return waiting, err
}

// Doomed lists the books whose erasing has begun, as contact.Eraser says.
func (s *Books) Doomed(ctx context.Context, t identity.Tenant) (doomed []contact.BookID, err error) {
	err = s.db.read(ctx, "store.Doomed", t, func(tb *bbolt.Bucket) error {
		doomed = each(tails(tb.Bucket([]byte(bucketBookIndex)), under(byErasing)), func(id string) contact.BookID { return contact.BookID(id) })
		return nil
	})
	return doomed, err
}

// Doom puts a mark in the place of a book, as contact.Eraser says.
func (s *Books) Doom(ctx context.Context, t identity.Tenant, id contact.BookID, version int) error {
	const op = "store.Doom"
	if err := checkIDs(op, string(id)); err != nil {
		return err
	}
	defer s.db.shelved(t)
	return s.db.write(ctx, op, t, func(tb *bbolt.Bucket) error {
		books, index := tb.Bucket([]byte(bucketBooks)), tb.Bucket([]byte(bucketBookIndex))
		r, found, err := load[bookRecord](books, []byte(id))
		switch {
		case err != nil:
			return err
		case !found:
			return fault.New(fault.NotFound, op, "")
		case r.Version != version:
			return fault.New(fault.Stale, op, "")
		}
		b := r.book(id)
		if err := unindex(index, b); err != nil {
			return err
		}
		if err := books.Delete([]byte(id)); err != nil {
			return err
		}
		return save(index, op, join(byErasing, string(id)), erasingRecord{placesOf(b)})
	})
}

// placesOf lists the conversations that use a book.
func placesOf(b contact.Book) []identity.Conversation {
	var places []identity.Conversation
	if b.Home != "" {
		places = append(places, b.Home)
	}
	for _, share := range b.Shares {
		places = append(places, share.With)
	}
	return places
}

// erased tells whether a book has the mark: nobody writes into it any more.
func erased(index *bbolt.Bucket, id contact.BookID) bool {
	return index.Get(join(byErasing, string(id))) != nil
}

// EraseSome takes away the next portion of the doomed books, as contact.Eraser says. from is the step and the last key
// that was looked at.
func (s *Books) EraseSome(ctx context.Context, t identity.Tenant, from string) (next string, err error) {
	const op = "store.EraseSome"
	number, last, _ := strings.Cut(from, ":")
	step, _ := strconv.Atoi(number)
	all := erasing()
	if step >= len(all) {
		return "", fault.New(fault.Invalid, op, "")
	}
	p := &portion{op: op, names: map[string]string{}}
	if err := s.db.read(ctx, op, t, func(tb *bbolt.Bucket) error { return p.find(tb, all[step], []byte(last)) }); err != nil {
		return "", err
	}
	if err := s.db.share(ctx, op, t, p.take); err != nil {
		return "", err
	}
	switch {
	case p.last != nil:
		return strconv.Itoa(step) + ":" + string(p.last), nil
	case step+1 < len(all):
		return strconv.Itoa(step+1) + ":", nil
	}
	return "", nil
}

// Erased takes the mark away, and says in the audit log that the book is gone, as contact.Eraser says.
func (s *Books) Erased(ctx context.Context, t identity.Tenant, id contact.BookID) error {
	const op = "store.Erased"
	return s.db.share(ctx, op, t, func(w *shared) error {
		index := w.tenant.Bucket([]byte(bucketBookIndex))
		if !erased(index, id) {
			return errUnchanged
		}
		if err := index.Delete(join(byErasing, string(id))); err != nil {
			return err
		}
		return w.audited(audit.Entry{At: s.db.now().UTC(), Surface: "service", Act: audit.BookErased, Subject: string(id)})
	})
}

// portion is what one call of EraseSome takes away.
type portion struct {
	op     string
	names  map[string]string // see read
	books  map[string]bool   // that are doomed
	places map[string]bool   // in which people met because of them, and which have no other
	keys   []erasedKey       // to go
	people []identity.Person // whose marks are to be tidied
	broken bool              // the journal is to begin anew
	last   []byte            // the last key that was looked at; nil when there are no more
}

type erasedKey struct {
	bucket string
	key    []byte
}

// eraseStep tells by each entry of a bucket what is to go.
type eraseStep struct {
	bucket string
	look   func(p *portion, tb *bbolt.Bucket, k, v []byte) error
}

// erasing are the steps, in their order.
func erasing() []eraseStep {
	return []eraseStep{
		{bucketContacts, (*portion).contact},
		{bucketTrashTimes, (*portion).deletion},
		{bucketChanges, (*portion).change},
		{bucketDeeds, (*portion).deed},
		{bucketMarks, (*portion).marks},
		{bucketApart, (*portion).apart},
		{bucketMeetings, (*portion).meeting},
		{bucketImportRows, (*portion).importRows},
		{bucketImports, (*portion).imported},
		{bucketJournal, (*portion).journal},
	}
}

// find looks at the entries of a step that follow a key.
func (p *portion) find(tb *bbolt.Bucket, step eraseStep, last []byte) error {
	if err := p.begin(tb.Bucket([]byte(bucketBookIndex))); err != nil {
		return err
	}
	c := tb.Bucket([]byte(step.bucket)).Cursor()
	k, v := c.Seek(last)
	if len(last) > 0 && bytes.Equal(k, last) {
		k, v = c.Next()
	}
	for looked := 1; k != nil && !p.broken; k, v = c.Next() {
		if err := step.look(p, tb, k, v); err != nil {
			return err
		}
		if looked++; looked > maxLooked || len(p.keys) >= maxTaken || len(p.people) >= maxTaken {
			p.last = bytes.Clone(k)
			return nil
		}
	}
	return nil
}

// begin learns which books are doomed.
func (p *portion) begin(index *bbolt.Bucket) error {
	p.books, p.places = map[string]bool{}, map[string]bool{}
	for _, id := range tails(index, under(byErasing)) {
		r, _, err := load[erasingRecord](index, join(byErasing, id))
		if err != nil {
			return err
		}
		p.books[id] = true
		for _, place := range r.Places {
			p.places[string(place)] = !anyUnder(index, under(byHome, string(place))) && !anyUnder(index, under(byShare, string(place)))
		}
	}
	return nil
}

func (p *portion) drop(bucket string, key []byte) {
	p.keys = append(p.keys, erasedKey{bucket, bytes.Clone(key)})
}

func (p *portion) contact(_ *bbolt.Bucket, k, v []byte) error {
	r, ok := read(v, p.names, (*scanner).owner)
	if !ok {
		return errUnreadable
	}
	if p.books[r.book] {
		p.drop(bucketContacts, k)
	}
	return nil
}

func (p *portion) deletion(_ *bbolt.Bucket, k, _ []byte) error {
	book, rest, _ := bytes.Cut(k, []byte{0})
	if p.books[string(book)] && len(rest) > 8 {
		p.drop(bucketTrashTimes, k)
		p.drop(bucketTrash, rest[8:])
	}
	return nil
}

func (p *portion) change(_ *bbolt.Bucket, k, v []byte) error {
	r, ok := read(v, p.names, (*scanner).owner)
	if !ok {
		return errUnreadable
	}
	if p.books[r.book] {
		p.drop(bucketChanges, k)
		p.drop(bucketHistory, binary.BigEndian.AppendUint64(under(r.contact), uint64(r.version)))
	}
	return nil
}

// deed looks for deeds whose changes are gone.
func (p *portion) deed(tb *bbolt.Bucket, k, v []byte) error {
	if len(v) >= 8 && tb.Bucket([]byte(bucketChanges)).Get(v[8:]) == nil {
		p.drop(bucketDeeds, k)
		p.drop(bucketDeedTimes, slices.Concat(v[:8], k))
	}
	return nil
}

// marks looks for people who have marks of what is gone.
func (p *portion) marks(tb *bbolt.Bucket, k, _ []byte) error {
	m, err := loadMarks(tb, identity.Person(k))
	if err == nil && tidy(tb, &m) {
		p.people = append(p.people, identity.Person(k))
	}
	return err
}

// meeting looks for people who were met in places that have no book any more.
func (p *portion) meeting(_ *bbolt.Bucket, k, _ []byte) error {
	if _, place, _ := bytes.Cut(k, []byte{0}); p.places[string(place)] {
		p.drop(bucketMeetings, k)
	}
	return nil
}

// importRows looks for rows on their way into a book, and for those that nobody needs.
func (p *portion) importRows(tb *bbolt.Bucket, k, _ []byte) error {
	id, _, _ := bytes.Cut(k, []byte{0})
	r, found, err := load[importRecord](tb.Bucket([]byte(bucketImports)), id)
	if err == nil && (!found || p.books[r.Book]) {
		p.drop(bucketImportRows, k)
	}
	return err
}

func (p *portion) imported(tb *bbolt.Bucket, k, _ []byte) error {
	r, _, err := load[importRecord](tb.Bucket([]byte(bucketImports)), k)
	if err == nil && p.books[r.Book] {
		p.drop(bucketImports, k)
	}
	return err
}

func (p *portion) journal(*bbolt.Bucket, []byte, []byte) error {
	p.broken = true
	return nil
}

func anyUnder(b *bbolt.Bucket, prefix []byte) bool {
	k, _ := b.Cursor().Seek(prefix)
	return bytes.HasPrefix(k, prefix)
}

// take carries out what was found.
func (p *portion) take(s *shared) error {
	if len(p.keys)+len(p.people) == 0 && !p.broken {
		return errUnchanged
	}
	for _, e := range p.keys {
		if err := s.tenant.Bucket([]byte(e.bucket)).Delete(e.key); err != nil {
			return err
		}
	}
	for _, person := range p.people {
		if err := s.tidyMarks(p.op, person); err != nil {
			return err
		}
	}
	if p.broken {
		return s.breakJournal()
	}
	return nil
}

// tidyMarks takes a person's marks of what is gone away.
func (s *shared) tidyMarks(op string, person identity.Person) error {
	m, err := s.marked(person)
	if err != nil {
		return err
	}
	tidy(s.tenant, &m.Marked)
	return saveMarks(s.tenant, op, person, m.Marked)
}

// tidy takes marks of contacts and changes away that are gone, and tells whether there were any.
func tidy(tb *bbolt.Bucket, m *contact.Marked) bool {
	changes, gone := tb.Bucket([]byte(bucketChanges)), func(id contact.ID) bool { return contactGone(tb, id) }
	before := len(m.Favourites) + len(m.Recent) + len(m.Done)
	m.Favourites = slices.DeleteFunc(slices.Clone(m.Favourites), gone)
	m.Recent = slices.DeleteFunc(slices.Clone(m.Recent), gone)
	m.Done = slices.DeleteFunc(slices.Clone(m.Done), func(id contact.ChangeID) bool {
		return changes.Get([]byte(id)) == nil && !anyUnder(changes, []byte(contact.StepPrefix(id)))
	})
	return len(m.Favourites)+len(m.Recent)+len(m.Done) < before
}

// ownerRecord is whose a contact or a change is.
type ownerRecord struct {
	book, contact string
	version       int
}

// owner reads of a contact or a change whose it is, and nothing else.
func (s *scanner) owner() (r ownerRecord) {
	s.object(func(key string) {
		switch key {
		case "book":
			r.book = s.text()
		case "contact":
			r.contact = s.text()
		case "version":
			r.version = int(s.number())
		default:
			s.skip()
		}
	})
	return r
}

// breakJournal lets the journal begin anew: an entry without a change under a number of its own, which no row of changes
// leads over. Whoever follows the changes since a state before it is told that this is too long ago.
func (s *shared) breakJournal() error {
	entries := s.tenant.Bucket([]byte(bucketJournal))
	n := lastNumber(entries) + 1
	if err := enter(entries, n, nil); err != nil {
		return err
	}
	cursor, here := entries.Cursor(), numberKey(n)
	for k, _ := cursor.First(); bytes.Compare(k, here) < 0; k, _ = cursor.First() {
		if err := cursor.Delete(); err != nil {
			return err
		}
	}
	return nil
}
