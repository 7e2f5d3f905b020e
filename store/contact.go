package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"runtime"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"
	"golang.org/x/sync/errgroup"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

const (
	// deedsKept is how long a deed is recognised when it comes again.
	deedsKept = 7 * 24 * time.Hour
	// pageLength is how many contacts Each reads in one transaction.
	pageLength = 2000
	// fullPages is how far pages are filled to which only the end is added.
	fullPages = 0.95
)

// Contacts keeps the contacts of tenants, their history and their trash.
type Contacts struct{ db *DB }

var (
	_ contact.Shelf     = (*Contacts)(nil)
	_ contact.Chronicle = (*Contacts)(nil)
)

// Contacts is the view of the contacts.
func (d *DB) Contacts() *Contacts { return &Contacts{d} }

// Contacts reads contacts by id, as contact.Shelf says.
func (c *Contacts) Contacts(ctx context.Context, t identity.Tenant, ids []contact.ID) ([]contact.Contact, error) {
	var found []contact.Contact
	err := c.db.read(ctx, "store.Contacts", t, func(tb *bbolt.Bucket) error {
		b, names := tb.Bucket([]byte(bucketContacts)), map[string]string{}
		found = make([]contact.Contact, 0, len(ids))
		for _, id := range ids {
			r, ok, err := find(b, []byte(id), names, (*scanner).contact)
			if err != nil {
				return err
			}
			if ok {
				found = append(found, r.contact(id))
			}
		}
		return nil
	})
	return found, err
}

var errUnreadable = errors.New("a contact cannot be read")

// Apply carries out a change, as contact.Shelf says. An empty change id and an empty time are filled in. What
// Before holds is the record that was there. The key of the deed is not kept, only its fingerprint.
func (c *Contacts) Apply(ctx context.Context, t identity.Tenant, change contact.Change) (contact.Change, error) {
	const op = "store.Apply"
	now := c.db.now()
	if change.ID == "" {
		change.ID = contact.ChangeID(contact.NewID(now))
	}
	if change.At.IsZero() {
		change.At = now
	}
	ids := []string{string(change.ID), string(change.Contact), string(change.Book)}
	if change.By != "" {
		ids = append(ids, string(change.By))
	}
	if err := checkIDs(op, ids...); err != nil {
		return contact.Change{}, err
	}
	after, err := encodeRecord(change.After)
	if err != nil {
		return contact.Change{}, within(op, err)
	}
	var done contact.Change
	err = c.db.share(ctx, op, t, func(s *shared) (err error) {
		w := writer{op: op, shared: s, now: now, change: change, after: after}
		done, err = w.apply()
		return err
	})
	if err != nil {
		return contact.Change{}, err
	}
	done.At, done.Deed.Key = done.At.UTC(), change.Deed.Key
	done.After = whenSet(done.After, copied)
	return done, nil
}

// writer carries out one change in one transaction.
type writer struct {
	*shared
	op     string
	now    time.Time
	change contact.Change
	// part says that the change is one of a step, which is noted as a whole; told, that conversations hear of it all the same.
	part, told bool
	// before and after are the records around the change, encoded; they are not to be changed, and before may lie in the
	// file: it ends with the transaction.
	before, after []byte
}

func (w *writer) deeds() ledger {
	return ledger{w.bucket(bucketDeeds), w.bucket(bucketDeedTimes), deedsKept}
}

func (w *writer) fault(kind fault.Kind) error { return fault.New(kind, w.op, "") }

func (w *writer) apply() (contact.Change, error) {
	if key := w.change.Deed.Key; key != "" {
		if id, found := w.deeds().find(key, w.now); found {
			return w.repeated(contact.ChangeID(id))
		}
	}
	if err := w.act(); err != nil {
		return contact.Change{}, err
	}
	if err := w.record(); err != nil {
		return contact.Change{}, err
	}
	w.made = append(w.made, w.change)
	if !w.part || w.told {
		if err := w.tell(); err != nil {
			return contact.Change{}, err
		}
	}
	if w.part {
		return w.change, nil
	}
	return w.change, w.did(w.change)
}

// tell lets conversations hear of the change.
func (w *writer) tell() error {
	kind := notice.ContactAdded
	switch w.change.Act {
	case contact.Edited:
		kind = notice.ContactChanged
	case contact.Deleted:
		kind = notice.ContactDeleted
	}
	return w.happened(notice.Event{Key: string(w.change.ID), Kind: kind, At: w.change.At, By: w.change.By, Book: string(w.change.Book), Contact: string(w.change.Contact)})
}

// repeated gives the change that the deed made when it first came.
func (w *writer) repeated(id contact.ChangeID) (contact.Change, error) {
	r, found, err := find(w.bucket(bucketChanges), []byte(id), map[string]string{}, (*scanner).change)
	switch {
	case err != nil:
		return contact.Change{}, err
	case !found:
		return contact.Change{}, w.fault(fault.NotFound)
	}
	return r.change(id), errUnchanged
}

func (w *writer) act() error {
	if erased(w.bucket(bucketBookIndex), w.change.Book) {
		return w.fault(fault.NotFound)
	}
	switch w.change.Act {
	case contact.Added:
		return w.add()
	case contact.Edited:
		return w.edit()
	case contact.Deleted:
		return w.remove()
	case contact.Restored:
		return w.restore()
	}
	return w.fault(fault.Invalid)
}

func (w *writer) add() error {
	id := []byte(w.change.Contact)
	switch {
	case w.change.After == nil:
		return w.fault(fault.Invalid)
	case w.change.Version != 1, w.bucket(bucketContacts).Get(id) != nil, w.bucket(bucketTrash).Get(id) != nil:
		return w.fault(fault.Stale)
	}
	w.change.Before = nil
	w.atEnd(bucketContacts, bucketHistory)
	return w.put(w.stamp())
}

func (w *writer) edit() error {
	old, err := w.present()
	if err != nil {
		return err
	}
	if w.change.After == nil {
		return w.fault(fault.Invalid)
	}
	w.replaces(old)
	return w.put(old.Created)
}

func (w *writer) remove() error {
	old, err := w.present()
	if err != nil {
		return err
	}
	w.replaces(old)
	w.change.After, w.after = nil, nil
	id := []byte(w.change.Contact)
	if err := w.bucket(bucketContacts).Delete(id); err != nil {
		return err
	}
	if err := w.bucket(bucketTrashTimes).Put(w.trashKey(w.change.At), []byte(w.change.ID)); err != nil {
		return err
	}
	old.Version, old.Changed = w.change.Version, w.stamp()
	raw, err := encodeTrash(old.contactRecord, old.detail, w.change.ID)
	if err != nil {
		return err
	}
	return keep(w.bucket(bucketTrash), w.op, id, raw)
}

// replaces says what was there before the change.
func (w *writer) replaces(old storedContact) {
	w.change.Before, w.before = whenSet(&old.Detail, detailRecord.record), old.detail
}

func (w *writer) restore() error {
	id := []byte(w.change.Contact)
	if w.bucket(bucketContacts).Get(id) != nil {
		return w.fault(fault.Stale) // it was taken back already
	}
	old, found, err := find(w.bucket(bucketTrash), id, map[string]string{}, (*scanner).trash)
	switch {
	case err != nil:
		return err
	case !found, old.Contact.Book != string(w.change.Book):
		return w.fault(fault.NotFound)
	case old.Contact.Version != w.change.Version-1:
		return w.fault(fault.Stale)
	}
	if err := w.bucket(bucketTrash).Delete(id); err != nil {
		return err
	}
	if err := w.bucket(bucketTrashTimes).Delete(w.trashKey(old.Contact.Changed.At)); err != nil {
		return err
	}
	w.change.Before = nil
	if w.change.After == nil {
		w.change.After, w.after = whenSet(&old.Contact.Detail, detailRecord.record), old.Contact.detail
	}
	return w.put(old.Contact.Created)
}

// present reads the contact that the change is made on, in its book and at the version that it is made on.
func (w *writer) present() (storedContact, error) {
	old, found, err := find(w.bucket(bucketContacts), []byte(w.change.Contact), map[string]string{}, (*scanner).contact)
	switch {
	case err != nil:
		return old, err
	case !found, old.Book != string(w.change.Book):
		return old, w.fault(fault.NotFound)
	case old.Version != w.change.Version-1:
		return old, w.fault(fault.Stale)
	}
	return old, nil
}

// put writes the contact as it is after the change.
func (w *writer) put(created stampRecord) error {
	r := contactRecord{Book: string(w.change.Book), Version: w.change.Version, Created: created, Changed: w.stamp()}
	raw, err := r.encode(w.after)
	if err != nil {
		return err
	}
	return keep(w.bucket(bucketContacts), w.op, []byte(w.change.Contact), raw)
}

// record writes the change itself. Retention will remove what is written here: a contact's changes by
// bucketHistory, the trash by bucketTrashTimes.
func (w *writer) record() error {
	w.atEnd(bucketChanges)
	c, changes := w.change, w.bucket(bucketChanges)
	if changes.Get([]byte(c.ID)) != nil {
		return w.fault(fault.Stale)
	}
	raw, err := encodeChange(c, w.before, w.after)
	if err != nil {
		return err
	}
	if err := keep(changes, w.op, []byte(c.ID), raw); err != nil {
		return err
	}
	key := binary.BigEndian.AppendUint64(under(string(c.Contact)), uint64(c.Version))
	if err := w.bucket(bucketHistory).Put(key, []byte(c.ID)); err != nil {
		return err
	}
	if c.Deed.Key == "" {
		return nil
	}
	return w.deeds().add(c.Deed.Key, string(c.ID), w.now)
}

func (w *writer) stamp() stampRecord {
	return newStamp(contact.Stamp{At: w.change.At, By: w.change.By})
}

func (w *writer) trashKey(at time.Time) []byte {
	return trashKey(string(w.change.Book), stampRecord{At: at}, string(w.change.Contact))
}

// trashKey is where a deletion stands in bucketTrashTimes.
func trashKey(book string, deleted stampRecord, id string) []byte {
	return slices.Concat(under(book), timeKey(deleted.At), []byte(id))
}

// Change reads one change, as contact.Chronicle says.
func (c *Contacts) Change(ctx context.Context, t identity.Tenant, id contact.ChangeID) (contact.Change, error) {
	found, err := c.changes(ctx, "store.Change", t, func(*bbolt.Bucket) []string { return []string{string(id)} })
	if err != nil {
		return contact.Change{}, err
	}
	if len(found) == 0 {
		return contact.Change{}, fault.New(fault.NotFound, "store.Change", "")
	}
	return found[0], nil
}

// History reads the changes of a contact, as contact.Chronicle says.
func (c *Contacts) History(ctx context.Context, t identity.Tenant, id contact.ID, limit int) ([]contact.Change, error) {
	return c.changes(ctx, "store.History", t, func(tb *bbolt.Bucket) (ids []string) {
		newestFirst(tb.Bucket([]byte(bucketHistory)), under(string(id)), func(_, change []byte) bool {
			if len(ids) < limit {
				ids = append(ids, string(change))
			}
			return len(ids) < limit
		})
		return ids
	})
}

// Trash reads the deletions in the trash, as contact.Chronicle says.
func (c *Contacts) Trash(ctx context.Context, t identity.Tenant, books []contact.BookID, limit int) ([]contact.Change, error) {
	return c.changes(ctx, "store.Trash", t, func(tb *bbolt.Bucket) []string {
		return trashed(tb.Bucket([]byte(bucketTrashTimes)), books, limit)
	})
}

// trashed lists the newest deletions of some books.
func trashed(times *bbolt.Bucket, books []contact.BookID, limit int) []string {
	type deletion struct{ at, change string }
	var all []deletion
	for _, book := range slices.Compact(slices.Sorted(slices.Values(books))) {
		prefix, n := under(string(book)), 0
		newestFirst(times, prefix, func(k, change []byte) bool {
			if n++; n <= limit {
				all = append(all, deletion{string(k[len(prefix):]), string(change)})
			}
			return n < limit
		})
	}
	slices.SortFunc(all, func(a, b deletion) int { return strings.Compare(b.at, a.at) })
	return each(all[:min(len(all), max(0, limit))], func(d deletion) string { return d.change })
}

// changes reads the changes that list names; those that are gone are left out.
func (c *Contacts) changes(ctx context.Context, op string, t identity.Tenant, list func(tenant *bbolt.Bucket) []string) ([]contact.Change, error) {
	var found []contact.Change
	err := c.db.read(ctx, op, t, func(tb *bbolt.Bucket) error {
		b, names := tb.Bucket([]byte(bucketChanges)), map[string]string{}
		for _, id := range list(tb) {
			r, ok, err := find(b, []byte(id), names, (*scanner).change)
			if err != nil {
				return err
			}
			if ok {
				found = append(found, r.change(contact.ChangeID(id)))
			}
		}
		return nil
	})
	return found, err
}

// Each gives every contact, as contact.Shelf says. It reads them in pages, each in a transaction of its own:
// a contact that is added or removed meanwhile may be given or not.
func (c *Contacts) Each(ctx context.Context, t identity.Tenant, fn func(contact.Contact) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	pages, done := make(chan []contact.Contact, 1), make(chan error, 1)
	go func() {
		defer close(pages)
		done <- c.pages(ctx, t, pages)
	}()
	err := consume(pages, fn)
	stop()
	if late := <-done; err == nil {
		err = late
	}
	return err
}

func consume(pages <-chan []contact.Contact, fn func(contact.Contact) error) error {
	for page := range pages {
		for _, x := range page {
			if err := fn(x); err != nil {
				return err
			}
		}
	}
	return nil
}

// pages reads and decodes page after page while the ones before are used.
func (c *Contacts) pages(ctx context.Context, t identity.Tenant, out chan<- []contact.Contact) error {
	var last []byte
	for {
		page, err := c.page(ctx, t, last)
		if err != nil || len(page) == 0 {
			return err
		}
		last = page[len(page)-1].key
		contacts, err := decode(page)
		if err != nil {
			return within("store.Each", err)
		}
		select {
		case out <- contacts:
		case <-ctx.Done():
			return within("store.Each", ctx.Err())
		}
	}
}

type entry struct{ key, value []byte }

// page copies the entries that follow the key.
func (c *Contacts) page(ctx context.Context, t identity.Tenant, last []byte) ([]entry, error) {
	var page []entry
	err := c.db.read(ctx, "store.Each", t, func(tb *bbolt.Bucket) error {
		cursor := tb.Bucket([]byte(bucketContacts)).Cursor()
		k, v := cursor.Seek(last)
		if last != nil && bytes.Equal(k, last) {
			k, v = cursor.Next()
		}
		for ; k != nil && len(page) < pageLength; k, v = cursor.Next() {
			page = append(page, entry{bytes.Clone(k), bytes.Clone(v)})
		}
		return nil
	})
	return page, err
}

// decode reads the values of a page on all cores.
func decode(page []entry) ([]contact.Contact, error) {
	contacts := make([]contact.Contact, len(page))
	var g errgroup.Group
	part := len(page)/runtime.GOMAXPROCS(0) + 1
	for from := 0; from < len(page); from += part {
		g.Go(func() error {
			names := map[string]string{}
			for i := from; i < min(from+part, len(page)); i++ {
				r, ok := read(page[i].value, names, (*scanner).contact)
				if !ok {
					return errUnreadable
				}
				contacts[i] = r.contact(contact.ID(page[i].key))
			}
			return nil
		})
	}
	return contacts, g.Wait()
}
