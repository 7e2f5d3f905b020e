// Package contacttest stands in for what internal/contact needs of the world: a store in memory, and a roster that
// tests set. Both keep to the contracts in ports.go, for one process and for as long as it runs.
package contacttest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// Memory is a Shelf, Chronicle, Journal, Library, Marks and ImportShelf. What it gives and takes is copied, so that no one can change what
// it keeps.
type Memory struct {
	now func() time.Time

	mu      sync.Mutex
	tenants map[identity.Tenant]*tenant
	full    error
}

var (
	_ contact.Shelf     = (*Memory)(nil)
	_ contact.Chronicle = (*Memory)(nil)
	_ contact.Journal   = (*Memory)(nil)
	_ contact.Library   = (*Memory)(nil)
	_ contact.Marks     = (*Memory)(nil)
)

type tenant struct {
	contacts map[contact.ID]shelved
	changes  []contact.Change // oldest first
	books    map[contact.BookID]contact.Book
	met      map[meeting]bool
	marks    map[identity.Person]contact.Marked
	imports  map[contact.ImportID]*imported
	edition  uint64
}

type shelved struct {
	contact.Contact
	trashed bool
}

type meeting struct {
	person       identity.Person
	conversation identity.Conversation
}

// New makes an empty Memory; now stamps contacts whose changes carry no time.
func New(now func() time.Time) *Memory {
	return &Memory{now: now, tenants: map[identity.Tenant]*tenant{}}
}

// Full makes every write fail with err, as a full disk does; nil ends it.
func (m *Memory) Full(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.full = err
}

// at gives what is kept of a tenant; the caller holds the lock.
func (m *Memory) at(t identity.Tenant) *tenant {
	if m.tenants[t] == nil {
		m.tenants[t] = &tenant{
			contacts: map[contact.ID]shelved{}, books: map[contact.BookID]contact.Book{},
			met: map[meeting]bool{}, marks: map[identity.Person]contact.Marked{}, imports: map[contact.ImportID]*imported{},
		}
	}
	return m.tenants[t]
}

// Contacts implements contact.Shelf.
func (m *Memory) Contacts(ctx context.Context, t identity.Tenant, ids []contact.ID) ([]contact.Contact, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []contact.Contact
	for _, id := range ids {
		if s, ok := m.at(t).contacts[id]; ok && !s.trashed {
			found = append(found, copyContact(s.Contact))
		}
	}
	return found, ctx.Err()
}

// Each implements contact.Shelf.
func (m *Memory) Each(ctx context.Context, t identity.Tenant, fn func(contact.Contact) error) error {
	m.mu.Lock()
	all := slices.Collect(maps.Values(m.at(t).contacts))
	m.mu.Unlock()
	for _, s := range all {
		if s.trashed {
			continue
		}
		if err := cmp.Or(ctx.Err(), fn(copyContact(s.Contact))); err != nil {
			return err
		}
	}
	return nil
}

// Apply implements contact.Shelf.
func (m *Memory) Apply(ctx context.Context, t identity.Tenant, c contact.Change) (contact.Change, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := cmp.Or(ctx.Err(), m.full); err != nil {
		return contact.Change{}, err
	}
	kept := m.at(t)
	for _, done := range kept.changes {
		if c.Deed.Key != "" && done.Deed.Key == c.Deed.Key {
			return copyChange(done), nil
		}
	}
	if c.At.IsZero() {
		c.At = m.now()
	}
	if err := kept.apply(copyChange(c)); err != nil {
		return contact.Change{}, err
	}
	kept.did(c)
	return copyChange(c), nil
}

// ApplyAll implements contact.Shelf.
func (m *Memory) ApplyAll(ctx context.Context, t identity.Tenant, s contact.Step) ([]contact.Change, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := cmp.Or(ctx.Err(), m.full); err != nil {
		return nil, err
	}
	return m.applyAll(t, s)
}

// applyAll is ApplyAll; the caller holds the lock.
func (m *Memory) applyAll(t identity.Tenant, s contact.Step) (made []contact.Change, err error) {
	kept := m.at(t)
	contacts, changes := maps.Clone(kept.contacts), len(kept.changes)
	for _, c := range s.Changes {
		if i := slices.IndexFunc(kept.changes, func(o contact.Change) bool { return o.ID == c.ID }); i >= 0 {
			made = append(made, copyChange(kept.changes[i]))
			continue
		}
		c.By, c.At, c.Deed = s.By, s.At, s.Deed
		if err := kept.apply(copyChange(c)); err != nil {
			kept.contacts, kept.changes = contacts, kept.changes[:changes]
			return nil, err
		}
		made = append(made, copyChange(c))
	}
	if len(kept.changes) > changes {
		kept.did(contact.Change{ID: s.ID, By: s.By, Undoes: s.Undoes})
	}
	return made, nil
}

// Step implements contact.Chronicle.
func (m *Memory) Step(ctx context.Context, t identity.Tenant, step, after contact.ChangeID, limit int) ([]contact.Change, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []contact.Change
	for _, c := range m.at(t).changes {
		if c.ID.Step() == step && c.ID > after {
			found = append(found, copyChange(c))
		}
	}
	slices.SortFunc(found, func(x, y contact.Change) int { return cmp.Compare(x.ID, y.ID) })
	return found[:min(len(found), limit)], ctx.Err()
}

func (k *tenant) did(c contact.Change) {
	if c.By != "" {
		marked := copyMarked(k.marks[c.By])
		marked.Did(c)
		k.marks[c.By] = marked
	}
}

func (k *tenant) apply(c contact.Change) error {
	s, there := k.contacts[c.Contact]
	if err := fits(c, s, there); err != nil {
		return err
	}
	stamp := contact.Stamp{At: c.At, By: c.By}
	if c.Act == contact.Added {
		s.Contact = contact.Contact{ID: c.Contact, Book: c.Book, Created: stamp}
	}
	if c.After != nil {
		s.Record = copyRecord(*c.After)
	}
	s.Version, s.Changed, s.trashed = c.Version, stamp, c.Act == contact.Deleted
	k.contacts[c.Contact] = s
	k.changes = append(k.changes, c)
	return nil
}

// fits tells whether the contact is in the state that a change starts from.
func fits(c contact.Change, s shelved, there bool) error {
	const op = "contacttest.Apply"
	switch {
	case c.Act == contact.Added && there:
		return fault.New(fault.Stale, op, "")
	case c.Act == contact.Added && c.Version == 1:
		return nil
	case !there, c.Book != s.Book, s.trashed && c.Act != contact.Restored:
		return fault.New(fault.NotFound, op, "")
	case c.Version != s.Version+1, c.Act == contact.Restored && !s.trashed:
		return fault.New(fault.Stale, op, "")
	default:
		return nil
	}
}

// Change implements contact.Chronicle.
func (m *Memory) Change(ctx context.Context, t identity.Tenant, id contact.ChangeID) (contact.Change, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.at(t).changes {
		if c.ID == id {
			return copyChange(c), ctx.Err()
		}
	}
	return contact.Change{}, fault.New(fault.NotFound, "contacttest.Change", "")
}

// History implements contact.Chronicle.
func (m *Memory) History(ctx context.Context, t identity.Tenant, id contact.ID, limit int) ([]contact.Change, error) {
	return m.newest(ctx, t, limit, func(_ *tenant, c contact.Change) bool { return c.Contact == id })
}

// Trash implements contact.Chronicle.
func (m *Memory) Trash(ctx context.Context, t identity.Tenant, books []contact.BookID, limit int) ([]contact.Change, error) {
	return m.newest(ctx, t, limit, func(k *tenant, c contact.Change) bool {
		s := k.contacts[c.Contact]
		return c.Act == contact.Deleted && s.trashed && s.Version == c.Version && slices.Contains(books, c.Book)
	})
}

func (m *Memory) newest(ctx context.Context, t identity.Tenant, limit int, fits func(*tenant, contact.Change) bool) ([]contact.Change, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []contact.Change
	for _, c := range slices.Backward(m.at(t).changes) {
		if len(found) < limit && fits(m.at(t), c) {
			found = append(found, copyChange(c))
		}
	}
	return found, ctx.Err()
}

// Stamp implements contact.Journal. It knows every state; which Memory a stamp is of, it tells by its address.
func (m *Memory) Stamp(ctx context.Context, t identity.Tenant) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stamp(t, len(m.at(t).changes)), ctx.Err()
}

func (m *Memory) stamp(t identity.Tenant, n int) string { return fmt.Sprintf("%p %s %d", m, t, n) }

// Since implements contact.Journal.
func (m *Memory) Since(ctx context.Context, t identity.Tenant, stamp string) ([]contact.Change, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	changes := m.at(t).changes
	for n := range len(changes) + 1 {
		if m.stamp(t, n) == stamp {
			return each(changes[n:], copyChange), ctx.Err()
		}
	}
	return nil, fault.New(fault.NotFound, "contacttest.Since", "")
}

func each[T any](all []T, fn func(T) T) (made []T) {
	for _, v := range all {
		made = append(made, fn(v))
	}
	return made
}

// Edition implements contact.Library.
func (m *Memory) Edition(ctx context.Context, t identity.Tenant) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.at(t).edition, ctx.Err()
}

// Book implements contact.Library.
func (m *Memory) Book(ctx context.Context, t identity.Tenant, id contact.BookID) (contact.Book, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, ok := m.at(t).books[id]
	if !ok {
		return contact.Book{}, fault.New(fault.NotFound, "contacttest.Book", "")
	}
	return copyBook(k), ctx.Err()
}

// BooksFor implements contact.Library.
func (m *Memory) BooksFor(ctx context.Context, t identity.Tenant, p identity.Person, c identity.Conversation) ([]contact.Book, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept := m.at(t)
	used := func(in identity.Conversation) bool { return in == c || kept.met[meeting{p, in}] }
	var found []contact.Book
	for _, k := range kept.books {
		mine := k.Kind == contact.PersonalBook && slices.Contains(k.Owners, p)
		bound := k.Kind == contact.ConversationBook && used(k.Home)
		shared := slices.ContainsFunc(k.Shares, func(s contact.Share) bool { return used(s.With) })
		if mine || bound || shared || k.Kind == contact.TenantBook {
			found = append(found, copyBook(k))
		}
	}
	slices.SortFunc(found, func(x, y contact.Book) int { return cmp.Compare(x.ID, y.ID) })
	return found, ctx.Err()
}

// SaveBook implements contact.Library.
func (m *Memory) SaveBook(ctx context.Context, t identity.Tenant, k contact.Book) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := cmp.Or(ctx.Err(), m.full); err != nil {
		return err
	}
	books := m.at(t).books
	if k.Version != books[k.ID].Version+1 {
		return fault.New(fault.Stale, "contacttest.SaveBook", "")
	}
	for _, o := range books {
		if o.ID != k.ID && k.Name == "" && o.Name == "" && sameFirst(o, k) {
			return fault.New(fault.Stale, "contacttest.SaveBook", "")
		}
	}
	books[k.ID] = copyBook(k)
	m.at(t).edition++
	return nil
}

// sameFirst tells whether two books would both be the first of one conversation or person.
func sameFirst(x, y contact.Book) bool {
	if x.Kind != y.Kind {
		return false
	}
	if x.Kind == contact.PersonalBook {
		return slices.Equal(x.Owners, y.Owners)
	}
	return x.Home == y.Home
}

// Meet implements contact.Library.
func (m *Memory) Meet(ctx context.Context, t identity.Tenant, p identity.Person, c identity.Conversation) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := cmp.Or(ctx.Err(), m.full); err != nil {
		return err
	}
	if kept := m.at(t); !kept.met[meeting{p, c}] {
		kept.met[meeting{p, c}] = true
		kept.edition++
	}
	return nil
}

// Marked implements contact.Marks.
func (m *Memory) Marked(ctx context.Context, t identity.Tenant, p identity.Person) (contact.Marked, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return copyMarked(m.at(t).marks[p]), ctx.Err()
}

// Mark implements contact.Marks.
func (m *Memory) Mark(ctx context.Context, t identity.Tenant, p identity.Person, change func(*contact.Marked) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := cmp.Or(ctx.Err(), m.full); err != nil {
		return err
	}
	marked := copyMarked(m.at(t).marks[p])
	if err := change(&marked); err != nil {
		return err
	}
	m.at(t).marks[p] = copyMarked(marked)
	return nil
}

func copyMarked(m contact.Marked) contact.Marked {
	return contact.Marked{Favourites: slices.Clone(m.Favourites), Recent: slices.Clone(m.Recent), Filters: slices.Clone(m.Filters), Done: slices.Clone(m.Done)}
}

func copyBook(k contact.Book) contact.Book {
	k.Owners, k.Shares, k.Rights = slices.Clone(k.Owners), slices.Clone(k.Shares), maps.Clone(k.Rights)
	if k.Removed != nil {
		removed := *k.Removed
		k.Removed = &removed
	}
	return k
}

func copyChange(c contact.Change) contact.Change {
	for _, r := range []**contact.Record{&c.Before, &c.After} {
		if *r != nil {
			kept := copyRecord(**r)
			*r = &kept
		}
	}
	return c
}

func copyContact(c contact.Contact) contact.Contact {
	c.Record = copyRecord(c.Record)
	return c
}

func copyRecord(r contact.Record) contact.Record {
	r.Emails, r.Phones, r.Tags, r.Custom = slices.Clone(r.Emails), slices.Clone(r.Phones), slices.Clone(r.Tags), slices.Clone(r.Custom)
	r.Addresses = slices.Clone(r.Addresses)
	for i, a := range r.Addresses {
		if a.Position != nil {
			p := *a.Position
			r.Addresses[i].Position = &p
		}
	}
	return r
}
