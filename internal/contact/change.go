package contact

import (
	"context"
	"slices"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// TrashDays is how long a deleted contact can be taken out of the trash.
const TrashDays = 30

// Add writes a new contact into a book. An empty book means the natural one (Ensure), which is made when missing, or
// where the caller may not add there, the first of Writable.
func (b *Books) Add(ctx context.Context, who identity.Caller, book BookID, r Record, d identity.Deed) (Change, error) {
	const op = "contact.Add"
	clean, err := b.sound(op, r)
	if err != nil {
		return Change{}, err
	}
	l, err := b.target(ctx, who, op, book)
	if err != nil {
		return Change{}, err
	}
	if err := b.Load(ctx, who.Tenant); err != nil {
		return Change{}, err
	}
	if b.index.Count(who.Tenant, l.Book.ID) >= MaxContacts {
		return Change{}, fault.New(fault.Invalid, op, "contact.book_full", "Max", MaxContacts)
	}
	c := Change{Act: Added, Contact: ID(b.newID()), Book: l.Book.ID, Version: 1, After: &clean}
	return b.apply(ctx, who, op, c, d)
}

// sound gives the record cleaned, or the first thing that is wrong with it.
func (b *Books) sound(op string, r Record) (Record, error) {
	clean, problems := b.CheckRecord(r)
	if len(problems) > 0 {
		return Record{}, fault.New(fault.Invalid, op, problems[0].Text, problems[0].Args...)
	}
	return clean, nil
}

// target finds the book to add to.
func (b *Books) target(ctx context.Context, who identity.Caller, op string, id BookID) (Listing, error) {
	if id == "" {
		return b.ownTarget(ctx, who, op)
	}
	l, err := b.open(ctx, who, op, id)
	if err == nil && !l.May.Add {
		err = denied(op, Added)
	}
	return l, err
}

// ownTarget finds the book to add to when the caller named none.
func (b *Books) ownTarget(ctx context.Context, who identity.Caller, op string) (Listing, error) {
	_, refused := b.Ensure(ctx, who)
	if refused != nil && !fault.Is(refused, fault.Denied) {
		return Listing{}, refused
	}
	lists, err := b.Writable(ctx, who)
	switch {
	case err != nil:
		return Listing{}, err
	case len(lists) > 0:
		return lists[0], nil
	case refused != nil:
		return Listing{}, refused
	default:
		return Listing{}, denied(op, Added)
	}
}

func denied(op string, a Act) error {
	key := map[Act]string{Added: "contact.denied_add", Restored: "contact.denied_add", Edited: "contact.denied_modify", Deleted: "contact.denied_delete"}
	return fault.New(fault.Denied, op, key[a])
}

// Edit replaces the record of a contact. Version is the one the caller saw; fault.Stale when it is no longer
// current. A record that differs in nothing changes nothing, and the Change given has no Act.
func (b *Books) Edit(ctx context.Context, who identity.Caller, id ID, version int, r Record, d identity.Deed) (Change, error) {
	const op = "contact.Edit"
	s, err := b.allowed(ctx, who, op, id, Edited)
	if err != nil {
		return Change{}, err
	}
	clean, err := b.sound(op, r)
	if err != nil {
		return Change{}, err
	}
	if !s.deleted && s.Version == version && len(Diff(&s.Record, &clean)) == 0 {
		return Change{}, nil
	}
	c := Change{Act: Edited, Contact: id, Book: s.Book, Version: version + 1, Before: &s.Record, After: &clean}
	return b.apply(ctx, who, op, c, d)
}

// Delete puts a contact into the trash. Version is the one the caller saw.
func (b *Books) Delete(ctx context.Context, who identity.Caller, id ID, version int, d identity.Deed) (Change, error) {
	const op = "contact.Delete"
	s, err := b.allowed(ctx, who, op, id, Deleted)
	if err != nil {
		return Change{}, err
	}
	c := Change{Act: Deleted, Contact: id, Book: s.Book, Version: version + 1, Before: &s.Record}
	return b.apply(ctx, who, op, c, d)
}

// Undo takes one change back whole. It needs the right for the opposite act, and is possible only while the contact is
// as that change left it: fault.Stale afterwards. What was deleted more than TrashDays ago is gone.
func (b *Books) Undo(ctx context.Context, who identity.Caller, change ChangeID, d identity.Deed) (Change, error) {
	const op = "contact.Undo"
	past, l, err := b.past(ctx, who, op, change)
	if err != nil {
		return Change{}, err
	}
	version, err := b.versionAfter(ctx, who.Tenant, op, past)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Change{}, err
	}
	c := past.inverse(version)
	if !l.May.may(c.Act) {
		return Change{}, denied(op, c.Act)
	}
	done, err := b.apply(ctx, who, op, c, d)
	if fault.Is(err, fault.Stale) || fault.Is(err, fault.NotFound) {
		return Change{}, &fault.Error{Kind: fault.Stale, Op: op, Text: "contact.undo_stale", Err: err}
	}
	return done, err
}

// versionAfter is the version of a contact that is as a change left it. That may be a later one than the change's own:
// whoever takes back two changes of a contact, one after the other, finds it as the first left it. When it is not so, it
// is the change's own version, at which the shelf finds a deed that was done before, or a change that comes too late.
func (b *Books) versionAfter(ctx context.Context, t identity.Tenant, op string, c Change) (int, error) {
	now, err := b.known(ctx, t, op, c.Contact)
	if err != nil {
		return c.Version, err
	}
	left := c.After
	if c.Act == Deleted {
		left = c.Before
	}
	if now.Version > c.Version && now.deleted == (c.Act == Deleted) && len(Diff(left, &now.Record)) == 0 {
		return now.Version, nil
	}
	return c.Version, nil
}

// inverse is the change that takes c back from a contact of a version.
func (c Change) inverse(version int) Change {
	back := map[Act]Act{Added: Deleted, Restored: Deleted, Edited: Edited, Deleted: Restored}
	inverse := Change{Act: back[c.Act], Contact: c.Contact, Book: c.Book, Version: version + 1, After: c.Before, Undoes: c.ID}
	if inverse.Act != Restored {
		inverse.Before = c.After
	}
	if inverse.Act == Deleted {
		inverse.After = nil
	}
	return inverse
}

// past reads a change of a book that the caller may read.
func (b *Books) past(ctx context.Context, who identity.Caller, op string, id ChangeID) (Change, Listing, error) {
	c, err := b.chronicle.Change(ctx, who.Tenant, id)
	if err != nil {
		return Change{}, Listing{}, told(op, err, map[fault.Kind]string{fault.NotFound: "contact.no_change"})
	}
	l, err := b.open(ctx, who, op, c.Book)
	if fault.Is(err, fault.NotFound) || err == nil && b.purged(c) {
		return Change{}, Listing{}, fault.New(fault.NotFound, op, "contact.no_change")
	}
	return c, l, err
}

// purged tells whether c is a deletion so old that its contact counts as gone.
func (b *Books) purged(c Change) bool {
	return c.Act == Deleted && b.now().Sub(c.At) > TrashDays*24*time.Hour
}

// RestoreField sets one field of a contact to what it was before a change. Where that is what it is already, nothing
// changes, and the Change given has no Act.
func (b *Books) RestoreField(ctx context.Context, who identity.Caller, change ChangeID, f Field, d identity.Deed) (Change, error) {
	const op = "contact.RestoreField"
	past, _, err := b.past(ctx, who, op, change)
	if err != nil {
		return Change{}, err
	}
	s, err := b.allowed(ctx, who, op, past.Contact, Edited)
	if err != nil {
		return Change{}, err
	}
	switch {
	case s.deleted:
		return Change{}, fault.New(fault.NotFound, op, "contact.not_found")
	case past.Before == nil:
		return Change{}, fault.New(fault.Invalid, op, "contact.nothing_before")
	}
	r := s.Record
	SetFieldText(&r, f, FieldText(*past.Before, f))
	clean, err := b.sound(op, r)
	if err != nil {
		return Change{}, err
	}
	if len(Diff(&s.Record, &clean)) == 0 {
		return Change{}, nil
	}
	c := Change{Act: Edited, Contact: s.ID, Book: s.Book, Version: s.Version + 1, Before: &s.Record, After: &clean}
	return b.apply(ctx, who, op, c, d)
}

// subject is the contact that a use case is about: as it is, or as it was when it went to the trash.
type subject struct {
	Contact
	deleted bool
	listing Listing
}

// allowed finds a contact that the caller may see and do an act to. One in the trash is found as well: only the shelf
// can tell a wish that was carried out before from one that comes too late.
func (b *Books) allowed(ctx context.Context, who identity.Caller, op string, id ID, a Act) (subject, error) {
	s, err := b.subject(ctx, who, op, id)
	if err == nil && !s.listing.May.may(a) {
		return subject{}, denied(op, a)
	}
	return s, err
}

func (b *Books) subject(ctx context.Context, who identity.Caller, op string, id ID) (subject, error) {
	s, err := b.known(ctx, who.Tenant, op, id)
	if err != nil {
		return subject{}, err
	}
	s.listing, err = b.open(ctx, who, op, s.Book)
	if fault.Is(err, fault.NotFound) { // in the same words as a contact that is not there
		return subject{}, fault.New(fault.NotFound, op, "contact.not_found")
	}
	return s, err
}

// known reads a contact from the shelf, or from its history when it is in the trash.
func (b *Books) known(ctx context.Context, t identity.Tenant, op string, id ID) (subject, error) {
	found, err := b.shelf.Contacts(ctx, t, []ID{id})
	if err != nil {
		return subject{}, wrap(op, err)
	}
	if len(found) == 1 {
		return subject{Contact: found[0]}, nil
	}
	changes, err := b.chronicle.History(ctx, t, id, 1)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return subject{}, wrap(op, err)
	}
	if len(changes) == 0 || changes[0].Act != Deleted || changes[0].Before == nil || b.purged(changes[0]) {
		return subject{}, fault.New(fault.NotFound, op, "contact.not_found")
	}
	last := changes[0]
	return subject{deleted: true, Contact: Contact{
		ID: id, Book: last.Book, Record: *last.Before, Version: last.Version, Changed: Stamp{At: last.At, By: last.By},
	}}, nil
}

// apply carries a change out for the caller and shows it to the index.
func (b *Books) apply(ctx context.Context, who identity.Caller, op string, c Change, d identity.Deed) (Change, error) {
	c.ID, c.By, c.At, c.Deed = ChangeID(b.newID()), who.Person, b.now().UTC(), d
	done, err := b.carryOut(ctx, who, c)
	if err != nil {
		return Change{}, told(op, err, map[fault.Kind]string{fault.Stale: "contact.stale", fault.NotFound: "contact.not_found"})
	}
	if done.By != who.Person { // a deed is one person's; its record is no way to see another's
		return Change{}, fault.New(fault.NotFound, op, "contact.no_change")
	}
	return done, nil
}

// carryOut changes the shelf and then the index; no snapshot of the index is begun between the two.
func (b *Books) carryOut(ctx context.Context, who identity.Caller, c Change) (Change, error) {
	b.changing.RLock()
	defer b.changing.RUnlock()
	done, err := b.shelf.Apply(ctx, who.Tenant, c)
	if err != nil || done.By != who.Person {
		return done, err
	}
	b.show(who.Tenant, done)
	if f, ok := b.loaded.Load(who.Tenant); ok {
		f.(*filled).behind.Add(1)
	}
	return done, nil
}

// Last is the newest change that the caller made and did not take back; fault.NotFound when there is none. In an answer
// that others will see it is the newest one of the conversation's books. When that was a step of several, an import or a
// merge, it is the first change of the step, and its id tells so (ChangeID.Step): it is taken back by the step.
func (b *Books) Last(ctx context.Context, who identity.Caller) (Change, error) {
	const op = "contact.Last"
	m, err := b.marks.Marked(ctx, who.Tenant, who.Person)
	if err != nil {
		return Change{}, wrap(op, err)
	}
	for _, id := range slices.Backward(m.Done) {
		c, err := b.firstOf(ctx, who, id)
		if fault.Is(err, fault.NotFound) {
			continue // in a book that cannot be seen from here, or purged
		}
		return c, err
	}
	return Change{}, fault.New(fault.NotFound, op, "contact.no_change")
}

// firstOf reads a change, or the first one of a step, of a book that the caller may read.
func (b *Books) firstOf(ctx context.Context, who identity.Caller, id ChangeID) (Change, error) {
	c, err := b.Change(ctx, who, id)
	if !fault.Is(err, fault.NotFound) {
		return c, err
	}
	part, failed := b.chronicle.Step(ctx, who.Tenant, id, "", 1)
	switch {
	case failed != nil:
		return Change{}, wrap("contact.Last", failed)
	case len(part) == 0:
		return Change{}, err
	}
	return b.Change(ctx, who, part[0].ID)
}

// Change reads one change of a book that the caller may read.
func (b *Books) Change(ctx context.Context, who identity.Caller, id ChangeID) (Change, error) {
	c, _, err := b.past(ctx, who, "contact.Change", id)
	return c, err
}

// show brings the index up to date; it knows by the version when it has newer news.
func (b *Books) show(t identity.Tenant, c Change) {
	if c.After == nil {
		b.index.Remove(t, c.Book, c.Contact, c.Version)
		return
	}
	b.index.Put(t, Contact{ID: c.Contact, Book: c.Book, Record: *c.After, Version: c.Version, Changed: Stamp{At: c.At, By: c.By}})
}
