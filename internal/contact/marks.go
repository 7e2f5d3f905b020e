package contact

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// The limits of what one person keeps for themselves.
const (
	MaxFavourites  = 100
	MaxRecent      = 20
	MaxFilters     = 20
	MaxFilterName  = 50  // characters
	MaxFilterQuery = 200 // characters
	MaxDone        = 20  // how many steps "undo" goes back
)

// own reads the caller's marks. In an answer that others will see there are none: what somebody marked, looked at and
// searches for is theirs alone.
func (b *Books) own(ctx context.Context, who identity.Caller) (Marked, error) {
	if who.Public || who.Person == "" {
		return Marked{}, nil
	}
	m, err := b.marks.Marked(ctx, who.Tenant, who.Person)
	if err != nil {
		return Marked{}, wrap("contact.own", err)
	}
	return m, nil
}

// Look is Get, and remembers the contact among those that the caller looked at.
func (b *Books) Look(ctx context.Context, who identity.Caller, id ID) (Entry, error) {
	e, err := b.Get(ctx, who, id)
	if err != nil {
		return Entry{}, err
	}
	// Whoever looks gets to see, even when nothing can be written, with a full disk for instance.
	_ = b.marks.Mark(ctx, who.Tenant, who.Person, func(m *Marked) error {
		m.Recent = latest(append(except(m.Recent, id), id), MaxRecent)
		return nil
	})
	return e, nil
}

func except(ids []ID, id ID) []ID {
	return slices.DeleteFunc(slices.Clone(ids), func(o ID) bool { return o == id })
}

func latest(ids []ID, n int) []ID { return ids[max(0, len(ids)-n):] }

// Start gives what a search shows before anything is typed: the caller's favourites and what they looked at, newest
// first. Of these, contacts that they may no longer read are left out.
func (b *Books) Start(ctx context.Context, who identity.Caller) (favourites, recents []Entry, err error) {
	m, err := b.own(ctx, who)
	if err != nil {
		return nil, nil, err
	}
	contacts, err := b.shelf.Contacts(ctx, who.Tenant, slices.Concat(m.Favourites, m.Recent))
	if err != nil {
		return nil, nil, wrap("contact.Start", err)
	}
	lists, err := b.around(ctx, who, contacts)
	if err != nil {
		return nil, nil, err
	}
	entries, err := b.entries(ctx, who, newSight(who, lists).in, contacts)
	return newestFirst(entries, m.Favourites), newestFirst(entries, m.Recent), err
}

// around gives the books of the contacts, as far as the caller may read them.
func (b *Books) around(ctx context.Context, who identity.Caller, contacts []Contact) ([]Listing, error) {
	var books []Book
	seen := map[BookID]bool{}
	for _, c := range contacts {
		if seen[c.Book] {
			continue
		}
		seen[c.Book] = true
		k, err := b.library.Book(ctx, who.Tenant, c.Book)
		switch {
		case err == nil:
			books = append(books, k)
		case !fault.Is(err, fault.NotFound):
			return nil, wrap("contact.around", err)
		}
	}
	return b.admit(ctx, who, books)
}

func newestFirst(entries []Entry, ids []ID) []Entry {
	var all []Entry
	for _, id := range slices.Backward(ids) {
		if i := slices.IndexFunc(entries, func(e Entry) bool { return e.Contact.ID == id }); i >= 0 {
			all = append(all, entries[i])
		}
	}
	return all
}

// Tags gives the tags in use in the books that the caller may read, and the caller's saved filters.
func (b *Books) Tags(ctx context.Context, who identity.Caller) ([]TagCount, []Filter, error) {
	s, err := b.searchable(ctx, who, Query{})
	if err != nil {
		return nil, nil, err
	}
	m, err := b.own(ctx, who)
	if err != nil || len(s.lists) == 0 {
		return nil, m.Filters, err
	}
	return b.index.Tags(who.Tenant, slices.Concat(s.near, s.far)), m.Filters, nil
}

// SetFavourite marks a contact as the caller's favourite, or no longer so. A mark goes even when its contact can no
// longer be read, which is then fault.NotFound as ever.
func (b *Books) SetFavourite(ctx context.Context, who identity.Caller, id ID, on bool) (Entry, error) {
	e, err := b.Get(ctx, who, id)
	if err != nil && (on || !fault.Is(err, fault.NotFound)) {
		return Entry{}, err
	}
	if failed := b.mark(ctx, who, "contact.SetFavourite", func(m *Marked) error { return m.favour(id, on) }); failed != nil {
		return Entry{}, failed
	}
	e.Favourite = on && !who.Public
	return e, err
}

// mark changes the caller's marks; somebody without a name has none.
func (b *Books) mark(ctx context.Context, who identity.Caller, op string, change func(*Marked) error) error {
	if who.Person == "" {
		return fault.New(fault.Denied, op, "contact.nobody")
	}
	if err := b.marks.Mark(ctx, who.Tenant, who.Person, change); err != nil {
		return wrap(op, err)
	}
	return nil
}

func (m *Marked) favour(id ID, on bool) error {
	switch has := slices.Contains(m.Favourites, id); {
	case on && has:
		return nil
	case on && len(m.Favourites) >= MaxFavourites:
		return fault.New(fault.Invalid, "contact.SetFavourite", "contact.favourites_full", "Max", MaxFavourites)
	case on:
		m.Favourites = append(slices.Clone(m.Favourites), id)
	default:
		m.Favourites = except(m.Favourites, id)
	}
	return nil
}

// Did notes a change that the person made, so that "undo" finds it. What is taken back is forgotten, so that the next
// "undo" goes one step further.
func (m *Marked) Did(c Change) {
	if c.Undoes != "" {
		m.Done = slices.DeleteFunc(slices.Clone(m.Done), func(id ChangeID) bool { return id == c.Undoes })
		return
	}
	if slices.Contains(m.Done, c.ID) { // another portion of a step
		return
	}
	m.Done = append(slices.Clone(m.Done), c.ID)
	m.Done = m.Done[max(0, len(m.Done)-MaxDone):]
}

// Inherit lets a contact that others were merged into have what the person's marks say of them, which stays: whoever takes
// the merge back has all of them marked. It tells whether anything changed.
func (m *Marked) Inherit(from []ID, to ID) (changed bool) {
	for _, list := range []*[]ID{&m.Favourites, &m.Recent} {
		i := slices.IndexFunc(*list, func(id ID) bool { return slices.Contains(from, id) })
		if i >= 0 && !slices.Contains(*list, to) {
			*list, changed = slices.Insert(slices.Clone(*list), i+1, to), true
		}
	}
	m.Recent = latest(m.Recent, MaxRecent)
	return changed
}

// SaveFilter gives a query a name. A filter of that name is replaced.
func (b *Books) SaveFilter(ctx context.Context, who identity.Caller, name, query string) error {
	const op = "contact.SaveFilter"
	f := Filter{Name: oneLine(name), Query: oneLine(query)}
	switch {
	case f.Name == "" || utf8.RuneCountInString(f.Name) > MaxFilterName:
		return fault.New(fault.Invalid, op, "contact.filter_name", "Max", MaxFilterName)
	case f.Query == "" || utf8.RuneCountInString(f.Query) > MaxFilterQuery:
		return fault.New(fault.Invalid, op, "contact.filter_query", "Max", MaxFilterQuery)
	}
	return b.mark(ctx, who, op, func(m *Marked) error { return m.keep(f) })
}

func (m *Marked) keep(f Filter) error {
	if i := m.filter(f.Name); i >= 0 {
		m.Filters = slices.Clone(m.Filters)
		m.Filters[i] = f
		return nil
	}
	if len(m.Filters) >= MaxFilters {
		return fault.New(fault.Invalid, "contact.SaveFilter", "contact.filters_full", "Max", MaxFilters)
	}
	m.Filters = append(slices.Clone(m.Filters), f)
	return nil
}

func (m *Marked) filter(name string) int {
	return slices.IndexFunc(m.Filters, func(f Filter) bool { return strings.EqualFold(f.Name, name) })
}

// DropFilter forgets a saved filter; fault.NotFound when the caller has none of that name.
func (b *Books) DropFilter(ctx context.Context, who identity.Caller, name string) error {
	const op = "contact.DropFilter"
	return b.mark(ctx, who, op, func(m *Marked) error {
		i := m.filter(oneLine(name))
		if i < 0 {
			return fault.New(fault.NotFound, op, "contact.no_filter")
		}
		m.Filters = slices.Delete(slices.Clone(m.Filters), i, i+1)
		return nil
	})
}
