package store

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/audit"
	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// A person is erased as a book is: a mark says that it has begun, portions follow, each a transaction of its own, and the mark
// goes last (erase.go). What belongs to the person goes; where they stand in what belongs to others, a pseudonym takes their
// place, the one that they have in the audit log. Whose it was is forgotten with the mark.

// Leavers is contact.Leavers.
type Leavers struct{ db *DB }

var _ contact.Leavers = (*Leavers)(nil)

// Leavers is the view of the people who are being erased.
func (d *DB) Leavers() *Leavers { return &Leavers{d} }

// pseudonymErasing begins the keys of the marks in bucketPseudonyms.
const pseudonymErasing = "erasing"

// leavingRecord is contact.Whom without the person, who is in the key, and the chats that only they have with the bot.
type leavingRecord struct {
	Mails    []string  `json:"mails,omitempty"`
	Phones   []string  `json:"phones,omitempty"`
	Contacts bool      `json:"contacts,omitempty"`
	Chats    []string  `json:"chats,omitempty"`
	At       time.Time `json:"at"`
}

func (r leavingRecord) whom(p string) contact.Whom {
	return contact.Whom{Person: identity.Person(p), Mails: r.Mails, Phones: r.Phones, Contacts: r.Contacts}
}

// Leave begins to erase a person, as contact.Leavers says.
func (s *Leavers) Leave(ctx context.Context, t identity.Tenant, w contact.Whom) (begun contact.Whom, again bool, err error) {
	const op = "store.Leave"
	if err := checkIDs(op, string(w.Person)); err != nil {
		return w, false, err
	}
	err = s.db.share(ctx, op, t, func(sh *shared) error {
		b, key := sh.bucket(bucketPseudonyms), join(pseudonymErasing, string(w.Person))
		before, found, err := load[leavingRecord](b, key)
		if err != nil {
			return err
		}
		r, err := leavingOf(sh.tenant, w)
		if err != nil {
			return err
		}
		r.Mails, r.Phones, r.Chats = union(before.Mails, r.Mails), union(before.Phones, r.Phones), union(before.Chats, r.Chats)
		r.Contacts, r.At = before.Contacts || r.Contacts, s.db.now().UTC()
		if found {
			r.At = before.At
		}
		begun, again = r.whom(string(w.Person)), found
		for _, id := range append(r.Chats, string(w.Person)) {
			if _, err := sh.pseudonym(id); err != nil {
				return err
			}
		}
		if r.Contacts {
			if err := sh.breakJournal(); err != nil {
				return err
			}
		}
		return save(b, op, key, r)
	})
	return begun, again, err
}

func union(a, b []string) []string {
	all := slices.Sorted(slices.Values(slices.Concat(a, b)))
	return slices.Compact(all)
}

// leavingOf adds what the file knows of a person to what was asked: the addresses of their profile, and their chats.
func leavingOf(tb *bbolt.Bucket, w contact.Whom) (leavingRecord, error) {
	r := leavingRecord{Mails: w.Mails, Phones: w.Phones, Contacts: w.Contacts}
	profile, _, err := load[profileRecord](tb.Bucket([]byte(bucketProfiles)), []byte(w.Person))
	if err != nil {
		return r, err
	}
	for _, mail := range []string{profile.Mail, profile.UPN} {
		if mail != "" {
			r.Mails = append(slices.Clip(r.Mails), mail)
		}
	}
	r.Chats, err = chatsOf(tb, w.Person)
	return r, err
}

// chatsOf lists the chats that a person has with the bot alone.
func chatsOf(tb *bbolt.Bucket, p identity.Person) (chats []string, err error) {
	b := tb.Bucket([]byte(bucketConversations))
	err = b.ForEach(func(k, _ []byte) error {
		r, _, err := load[referenceRecord](b, k)
		own := r.Place == string(identity.Personal) || identity.Conversation(r.Conversation).Personal()
		if err == nil && own && r.Installer == string(p) {
			chats = append(chats, r.Conversation)
		}
		return err
	})
	slices.Sort(chats)
	return slices.Compact(chats), err
}

// Leaving lists the people whose erasing has begun, as contact.Leavers says.
func (s *Leavers) Leaving(ctx context.Context, t identity.Tenant) (all []contact.Whom, err error) {
	err = s.db.read(ctx, "store.Leaving", t, func(tb *bbolt.Bucket) error {
		b := tb.Bucket([]byte(bucketPseudonyms))
		for _, p := range tails(b, under(pseudonymErasing)) {
			r, _, err := load[leavingRecord](b, join(pseudonymErasing, p))
			if err != nil {
				return err
			}
			all = append(all, r.whom(p))
		}
		return nil
	})
	return all, err
}

// OwnBooks lists the personal books that are only theirs, as contact.Leavers says.
func (s *Leavers) OwnBooks(ctx context.Context, t identity.Tenant, p identity.Person) (own []contact.BookID, err error) {
	err = s.db.read(ctx, "store.OwnBooks", t, func(tb *bbolt.Bucket) error {
		books := tb.Bucket([]byte(bucketBooks))
		return books.ForEach(func(id, _ []byte) error {
			r, _, err := load[bookRecord](books, id)
			if err == nil && r.onlyOf(p) {
				own = append(own, contact.BookID(id))
			}
			return err
		})
	})
	return own, err
}

// onlyOf tells whether a book is a personal one that nobody else owns.
func (r bookRecord) onlyOf(p identity.Person) bool {
	return r.Kind == string(contact.PersonalBook) && len(r.Owners) == 1 && r.Owners[0] == p
}

// EraseOf takes away the next portion, as contact.Leavers says. from is the step and the last key that was looked at.
func (s *Leavers) EraseOf(ctx context.Context, t identity.Tenant, person identity.Person, from string) (contact.LeaverPortion, error) {
	const op = "store.EraseOf"
	p := &leaverPortion{op: op, most: maxLooked, taken: maxTaken, person: string(person)}
	err := s.db.read(ctx, op, t, func(tb *bbolt.Bucket) error {
		r, found, err := load[leavingRecord](tb.Bucket([]byte(bucketPseudonyms)), join(pseudonymErasing, string(person)))
		switch {
		case err != nil:
			return err
		case !found:
			return fault.New(fault.NotFound, op, "")
		}
		p.seek(tb, r)
		return p.look(tb, from)
	})
	if err != nil {
		return contact.LeaverPortion{}, err
	}
	defer s.db.shelved(t)
	if err := s.db.share(ctx, op, t, p.take); err != nil {
		return contact.LeaverPortion{}, err
	}
	return p.done(), nil
}

// CountOf tells what EraseOf would do, as contact.Leavers says.
func (s *Leavers) CountOf(ctx context.Context, t identity.Tenant, w contact.Whom) (contact.LeaverPortion, error) {
	const op, all = "store.CountOf", 1 << 62
	p := &leaverPortion{op: op, most: all, taken: all, person: string(w.Person)}
	err := s.db.read(ctx, op, t, func(tb *bbolt.Bucket) error {
		r, err := leavingOf(tb, w)
		if err != nil {
			return err
		}
		p.seek(tb, r)
		for from, begun := "", false; from != "" || !begun; begun = true {
			if err := p.look(tb, from); err != nil {
				return err
			}
			from = p.next
		}
		return nil
	})
	return p.done(), err
}

// Left takes the mark away, as contact.Leavers says.
func (s *Leavers) Left(ctx context.Context, t identity.Tenant, p identity.Person) error {
	const op = "store.Left"
	return s.db.share(ctx, op, t, func(sh *shared) error {
		b, key := sh.bucket(bucketPseudonyms), join(pseudonymErasing, string(p))
		r, found, err := load[leavingRecord](b, key)
		if err != nil {
			return err
		}
		if !found {
			return errUnchanged
		}
		if err := sh.forgiveDebts(p, r.Chats); err != nil {
			return err
		}
		for _, id := range append(r.Chats, string(p)) {
			if err := sh.forgetPseudonym(id); err != nil {
				return err
			}
		}
		if err := b.Delete(key); err != nil {
			return err
		}
		return sh.audited(audit.Entry{At: s.db.now(), Surface: "command", Act: audit.PersonErased, Subject: audit.TenantSubject})
	})
}

// forgiveDebts forgets the answers that are owed to a person.
func (s *shared) forgiveDebts(p identity.Person, chats []string) error {
	b := s.work.Bucket([]byte(bucketOwed))
	var theirs [][]byte
	err := b.ForEach(func(k, _ []byte) error {
		r, _, err := load[owedRecord](b, k)
		if err == nil && r.Tenant == string(s.id) && (r.Reference.Installer == string(p) || slices.Contains(chats, r.Reference.Conversation)) {
			theirs = append(theirs, bytes.Clone(k))
		}
		return err
	})
	if err != nil {
		return err
	}
	return deleteAll(b, theirs)
}

// leaverPortion is what one call of EraseOf does: it looks through entries first, and then carries out what it found.
type leaverPortion struct {
	op          string
	most, taken int // bounds of the portion
	person      string
	ids         []string // of the person and their chats
	names       map[string]string
	whom        contact.Whom
	about       map[string]bool   // contacts about the person that were found
	words       map[string]string // see read

	keys      []erasedKey // to go
	renames   []erasedKey // in which a pseudonym takes a place
	books     []string    // that are not the person's alone
	people    []identity.Person
	contacts  []contact.Contact
	ownerless []contact.BookID
	removals  map[string]contact.Removal
	next      string
	last      bool // the last portion of all
}

// seek says what is looked for.
func (p *leaverPortion) seek(tb *bbolt.Bucket, r leavingRecord) {
	p.ids, p.whom = append(slices.Clip(r.Chats), p.person), r.whom(p.person)
	p.names, p.about, p.words, p.removals = map[string]string{}, map[string]bool{}, map[string]string{}, map[string]contact.Removal{}
	for _, id := range p.ids {
		p.names[id] = string(tb.Bucket([]byte(bucketPseudonyms)).Get(join(pseudonymOf, id)))
	}
}

func (p *leaverPortion) done() contact.LeaverPortion {
	return contact.LeaverPortion{Next: p.next, Removals: p.removals, Contacts: p.contacts, Ownerless: p.ownerless}
}

// longID is how long an id is that stands for nobody else, even within a longer text.
const longID = 16

// names tells whether a value says who the person is.
func (p *leaverPortion) in(v []byte) bool {
	return slices.ContainsFunc(p.ids, func(id string) bool {
		return bytes.Contains(v, []byte(id)) && (len(id) >= longID || bytes.Contains(v, []byte(`"`+id+`"`)))
	})
}

// renamed gives a value in which pseudonyms stand for the person and their chats.
func (p *leaverPortion) renamed(v []byte) []byte {
	for id, name := range p.names {
		if len(id) >= longID {
			v = bytes.ReplaceAll(v, []byte(id), []byte(name))
		} else {
			v = bytes.ReplaceAll(v, []byte(`"`+id+`"`), []byte(`"`+name+`"`))
		}
	}
	return v
}

// keyed tells whether a key has the person or a chat of theirs as a part.
func (p *leaverPortion) keyed(k []byte) bool {
	for part := range strings.SplitSeq(string(k), "\x00") {
		if slices.Contains(p.ids, part) {
			return true
		}
	}
	return false
}

func (p *leaverPortion) count(bucket string, erased, renamed int) {
	r := p.removals[bucket]
	p.removals[bucket] = contact.Removal{Kind: bucket, Erased: r.Erased + erased, Renamed: r.Renamed + renamed}
}

func (p *leaverPortion) drop(bucket string, k []byte) {
	p.count(bucket, 1, 0)
	p.keys = append(p.keys, erasedKey{bucket, bytes.Clone(k)})
}

func (p *leaverPortion) rename(bucket string, k, v []byte) {
	if p.in(v) {
		p.count(bucket, 0, 1)
		p.renames = append(p.renames, erasedKey{bucket, bytes.Clone(k)})
	}
}

// take carries out what was found. What somebody wrote meanwhile is kept: values are read again.
func (p *leaverPortion) take(s *shared) error {
	for _, e := range p.keys {
		if err := s.dropEntry(p.op, e); err != nil {
			return err
		}
	}
	for _, e := range p.renames {
		b := s.bucket(e.bucket)
		if v := b.Get(e.key); v != nil {
			if err := b.Put(e.key, p.renamed(bytes.Clone(v))); err != nil {
				return err
			}
		}
	}
	p.ownerless = nil
	for _, id := range p.books {
		if err := p.disown(s, id); err != nil {
			return err
		}
	}
	for _, person := range p.people {
		if err := p.unmark(s, person); err != nil {
			return err
		}
	}
	if p.last && p.whom.Contacts {
		return s.breakJournal()
	}
	if len(p.keys)+len(p.renames)+len(p.books)+len(p.people) == 0 {
		return errUnchanged
	}
	return nil
}

// dropEntry takes an entry away, and what the memory of the outbox knows of it.
func (s *shared) dropEntry(op string, e erasedKey) error {
	b := s.bucket(e.bucket)
	switch e.bucket {
	case bucketNotices:
		return s.eraseNotice(op, string(e.key))
	case bucketSheets:
		return s.eraseSheet(e.key)
	case bucketAnnouncements:
		delete(s.announcements, string(e.key))
	case bucketGatherings:
		return s.setGathering(op, placeOf(e.key), nil)
	case bucketConfigurations:
		if err := b.Delete(e.key); err != nil {
			return err
		}
		return s.setWanted()
	}
	return b.Delete(e.key)
}

// eraseNotice takes a notice away, whether it waits or not.
func (s *shared) eraseNotice(op, id string) error {
	n, found, err := s.reader().notice(id)
	if err != nil || !found {
		return err
	}
	s.work.then(func(q *queue) { q.drop(lineOf(&n), id) })
	if _, l, _ := s.reader().leg(id); l != nil {
		return s.eraseCopy(op, &n)
	}
	if err := s.bucket(bucketDue).Delete([]byte(id)); err != nil {
		return err
	}
	if of := n.Content.Announcement; of != "" {
		if err := s.bucket(bucketCopies).Delete(join(of, id)); err != nil {
			return err
		}
	}
	return s.bucket(bucketNotices).Delete([]byte(id))
}

// disown takes a person out of a book.
func (p *leaverPortion) disown(s *shared, id string) error {
	books, index, person := s.bucket(bucketBooks), s.bucket(bucketBookIndex), identity.Person(p.person)
	r, found, err := load[bookRecord](books, []byte(id))
	if err != nil || !found || r.onlyOf(person) {
		return err
	}
	old := r.book(contact.BookID(id))
	if err := unindex(index, old); err != nil {
		return err
	}
	if slices.Contains(r.Owners, person) {
		r.Owners = slices.DeleteFunc(slices.Clone(r.Owners), func(o identity.Person) bool { return o == person })
		if len(r.Owners) == 0 {
			p.ownerless = append(p.ownerless, contact.BookID(id))
		}
	}
	delete(r.Rights, p.person)
	r.Version++
	for key, value := range indexOf(r.book(contact.BookID(id))) {
		if err := index.Put([]byte(key), []byte(value)); err != nil {
			return err
		}
	}
	if err := save(books, p.op, []byte(id), r); err != nil {
		return err
	}
	return books.Put([]byte(id), p.renamed(bytes.Clone(books.Get([]byte(id)))))
}

// unmark takes marks of what is gone away, and filters that name the person.
func (p *leaverPortion) unmark(s *shared, person identity.Person) error {
	m, err := s.marked(person)
	if err != nil {
		return err
	}
	m.Filters = slices.DeleteFunc(slices.Clone(m.Filters), p.asks)
	return s.tidyMarks(p.op, person)
}

// asks tells whether a filter looks for the person.
func (p *leaverPortion) asks(f contact.Filter) bool {
	query := strings.ToLower(f.Query)
	return p.whom.Contacts && slices.ContainsFunc(p.whom.Mails, func(mail string) bool { return strings.Contains(query, strings.ToLower(mail)) })
}
