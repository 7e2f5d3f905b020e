package contact

import (
	"cmp"
	"context"
	"slices"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// The limits of answers.
const (
	MaxFound   = 25     // entries of one answer
	maxSkip    = 10_000 // how deep one can page
	maxHistory = 100    // changes of one contact
	maxTrash   = 200    // deletions shown
	maxCallers = 200    // contacts looked at for one phone number
	maxTies    = 1000   // matches among which equal ones are put in order
)

// Entry is a contact as a caller sees it.
type Entry struct {
	Contact   Contact
	Book      Book
	May       Rights
	Favourite bool     // of the caller; never set in an answer that others see
	Reasons   []Reason // why a search found it
}

// Found is the answer to a search.
type Found struct {
	Entries []Entry
	Total   int // how many contacts match in all, in the books that the caller may read
	Query   Query
}

// Find searches the books that the caller may read from where they stand, best first. Of contacts that match equally
// well, those of the conversation's own books come first. It gives at most MaxFound after skipping skip.
func (b *Books) Find(ctx context.Context, who identity.Caller, q Query, skip, limit int) (Found, error) {
	skip, limit = min(max(skip, 0), maxSkip), min(max(limit, 1), MaxFound)
	s, err := b.searchable(ctx, who, q)
	if err != nil {
		return Found{}, err
	}
	hits, total := b.search(ctx, who.Tenant, s, q, skip+limit)
	entries, err := b.read(ctx, who, s, hits[min(skip, len(hits)):])
	return Found{Entries: entries, Total: total, Query: q}, err
}

// searchable gives the books that a query is about, with the index ready.
func (b *Books) searchable(ctx context.Context, who identity.Caller, q Query) (*sight, error) {
	if err := b.Load(ctx, who.Tenant); err != nil {
		return nil, err
	}
	s, err := b.sees(ctx, who)
	if err != nil || q.Book == "" {
		return s, err
	}
	return s.only(who, q.Book), nil
}

// search asks the index, and puts equal matches from here first. The books here and those elsewhere are asked apart,
// so that what is here is not crowded out, unless the query has a restriction: where that finds nothing the index
// reads it as words, and whether it does is for all books to tell.
func (b *Books) search(ctx context.Context, t identity.Tenant, s *sight, q Query, limit int) ([]Hit, int) {
	var hits []Hit
	var total int
	if q.In != "" {
		hits, total = b.index.Search(ctx, t, slices.Concat(s.near, s.far), q, max(limit, maxTies))
	} else {
		here, n := b.index.Search(ctx, t, s.near, q, limit)
		elsewhere, m := b.index.Search(ctx, t, s.far, q, limit)
		hits, total = slices.Concat(here, elsewhere), n+m
	}
	slices.SortStableFunc(hits, func(x, y Hit) int {
		return cmp.Or(cmp.Compare(y.Score, x.Score), cmp.Compare(away(s.near, x), away(s.near, y)))
	})
	return hits[:min(limit, len(hits))], total
}

func away(near []BookID, h Hit) int {
	if slices.Contains(near, h.Book) {
		return 0
	}
	return 1
}

// read turns hits into entries. The shelf has the last word: what is gone meanwhile, or in another book, is left out.
func (b *Books) read(ctx context.Context, who identity.Caller, s *sight, hits []Hit) ([]Entry, error) {
	ids := make([]ID, len(hits))
	reasons := make(map[ID][]Reason, len(hits))
	for i, h := range hits {
		ids[i], reasons[h.ID] = h.ID, h.Reasons
	}
	contacts, err := b.shelf.Contacts(ctx, who.Tenant, ids)
	if err != nil {
		return nil, wrap("contact.read", err)
	}
	entries, err := b.entries(ctx, who, s.in, contacts)
	for i := range entries {
		entries[i].Reasons = reasons[entries[i].Contact.ID]
	}
	return entries, err
}

// entries shows the contacts that are in one of the books.
func (b *Books) entries(ctx context.Context, who identity.Caller, in map[BookID]Listing, contacts []Contact) ([]Entry, error) {
	own, err := b.own(ctx, who)
	if err != nil {
		return nil, err
	}
	var entries []Entry
	for _, c := range contacts {
		if l, ok := in[c.Book]; ok {
			entries = append(entries, Entry{Contact: c, Book: l.Book, May: l.May, Favourite: slices.Contains(own.Favourites, c.ID)})
		}
	}
	return entries, nil
}

// WhoIs finds the contacts that a phone number belongs to: first those whose number is the same in international
// form, or digit by digit, then those where one number ends with the other, in six digits or more.
func (b *Books) WhoIs(ctx context.Context, who identity.Caller, number string) (Found, error) {
	asked := Phone{Number: numberText(number)}
	if !dialable(asked.Number) {
		return Found{}, fault.New(fault.Invalid, "contact.WhoIs", "contact.number", "Max", MaxPhone)
	}
	asked.E164 = international(asked.Number, b.region)
	s, err := b.searchable(ctx, who, Query{})
	if err != nil {
		return Found{}, err
	}
	entries, err := b.read(ctx, who, s, b.callers(who.Tenant, s, asked))
	if err != nil {
		return Found{}, err
	}
	entries = alike(entries, asked)
	return Found{Entries: entries[:min(MaxFound, len(entries))], Total: len(entries), Query: Query{Text: asked.Number}}, nil
}

// callers are the contacts that may have the number, as it is written and in international form.
func (b *Books) callers(t identity.Tenant, s *sight, asked Phone) []Hit {
	var hits []Hit
	for _, digits := range []string{dialled(asked.E164), dialled(asked.Number)} {
		for _, books := range [][]BookID{s.near, s.far} {
			for _, h := range b.index.WhoIs(t, books, digits, maxCallers) {
				if !slices.ContainsFunc(hits, func(o Hit) bool { return o.ID == h.ID }) {
					hits = append(hits, h)
				}
			}
		}
	}
	return hits
}

// alike keeps the entries that have the number, the surest first.
func alike(entries []Entry, asked Phone) []Entry {
	sure := make(map[ID]likeness, len(entries))
	for _, e := range entries {
		for _, p := range e.Contact.Phones {
			sure[e.Contact.ID] = max(sure[e.Contact.ID], p.compare(asked))
		}
	}
	entries = slices.DeleteFunc(entries, func(e Entry) bool { return sure[e.Contact.ID] == unlike })
	slices.SortStableFunc(entries, func(x, y Entry) int { return cmp.Compare(sure[y.Contact.ID], sure[x.Contact.ID]) })
	return entries
}

// Get reads one contact.
func (b *Books) Get(ctx context.Context, who identity.Caller, id ID) (Entry, error) {
	const op = "contact.Get"
	s, err := b.subject(ctx, who, op, id)
	if err != nil {
		return Entry{}, err
	}
	if s.deleted {
		return Entry{}, fault.New(fault.NotFound, op, "contact.not_found")
	}
	return b.entry(ctx, who, s)
}

func (b *Books) entry(ctx context.Context, who identity.Caller, s subject) (Entry, error) {
	entries, err := b.entries(ctx, who, map[BookID]Listing{s.Book: s.listing}, []Contact{s.Contact})
	if err != nil {
		return Entry{}, err
	}
	return entries[0], nil
}

// HistoryOf is what happened to a contact.
type HistoryOf struct {
	Contact Entry // as it is, or as it was when it was deleted
	Deleted bool
	Changes []Change // newest first, the last hundred
}

// History tells what happened to a contact, while it is in the trash as well.
func (b *Books) History(ctx context.Context, who identity.Caller, id ID) (HistoryOf, error) {
	const op = "contact.History"
	s, err := b.subject(ctx, who, op, id)
	if err != nil {
		return HistoryOf{}, err
	}
	changes, err := b.chronicle.History(ctx, who.Tenant, id, maxHistory)
	if err != nil {
		return HistoryOf{}, wrap(op, err)
	}
	e, err := b.entry(ctx, who, s)
	return HistoryOf{Contact: e, Deleted: s.deleted, Changes: changes}, err
}

// Latest is the newest change of a contact: what made it as it is.
func (b *Books) Latest(ctx context.Context, who identity.Caller, id ID) (Change, error) {
	const op = "contact.Latest"
	if _, err := b.subject(ctx, who, op, id); err != nil {
		return Change{}, err
	}
	changes, err := b.chronicle.History(ctx, who.Tenant, id, 1)
	if err != nil {
		return Change{}, wrap(op, err)
	}
	if len(changes) == 0 {
		return Change{}, fault.New(fault.NotFound, op, "contact.no_change")
	}
	return changes[0], nil
}

// Trashed is a contact in the trash.
type Trashed struct {
	Change     Change // its deletion; Undo takes it back
	Book       Book
	MayRestore bool
}

// Trash gives the contacts deleted in the last TrashDays from the books that the caller may read, newest first.
func (b *Books) Trash(ctx context.Context, who identity.Caller) ([]Trashed, error) {
	s, err := b.sees(ctx, who)
	if err != nil || len(s.lists) == 0 {
		return nil, err
	}
	changes, err := b.chronicle.Trash(ctx, who.Tenant, slices.Concat(s.near, s.far), maxTrash)
	if err != nil {
		return nil, wrap("contact.Trash", err)
	}
	var trash []Trashed
	for _, c := range changes {
		if l, ok := s.in[c.Book]; ok && !b.purged(c) {
			trash = append(trash, Trashed{Change: c, Book: l.Book, MayRestore: l.May.may(Restored)})
		}
	}
	return trash, nil
}
