package contact

import (
	"cmp"
	"context"
	"hash/maphash"
	"slices"
	"strings"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// The limits of suggestions.
const (
	MaxDuplicates = 100 // sets of one answer
	MaxTogether   = 5   // contacts of a set
	maxSharers    = 3   // names that have a value in common, if it is to tell anything
	maxMutual     = 8   // contacts with one value of which each is compared with each; of more, each with the next
	maxCompared   = 20_000
	lookPortion   = 200
)

// Pair names two contacts, the lesser id first (NewPair).
type Pair struct{ A, B ID }

// NewPair makes a pair; the order in which the two are given does not matter.
func NewPair(a, b ID) Pair { return Pair{min(a, b), max(a, b)} }

// Apart keeps which contacts people said to be not the same. It is forgotten when one of them is gone for good.
type Apart interface {
	// Apart tells which of the pairs are apart.
	Apart(ctx context.Context, t identity.Tenant, pairs []Pair) (map[Pair]bool, error)
	// SetApart says of pairs that they are apart, or no longer so.
	SetApart(ctx context.Context, t identity.Tenant, pairs []Pair, apart bool) error
}

// Duplicate is a set of contacts that may be the same.
type Duplicate struct {
	Entries []Entry
	Why     []Why // for two of them at least, the strongest first
	// MayMerge tells whether the caller may make one of them.
	MayMerge bool
}

// Duplicates suggests contacts that may be the same, the surest first, at most limit sets of at most MaxTogether: in one book, or
// in all that the caller may read when book is empty. Each has one contact at least that the caller may change; those in one
// book come before those in several. more tells that there are others. What somebody said not to be the same is left out.
func (b *Books) Duplicates(ctx context.Context, who identity.Caller, book BookID, limit int) (sets []Duplicate, more bool, err error) {
	const op = "contact.Duplicates"
	s, err := b.sees(ctx, who)
	if err != nil {
		return nil, false, err
	}
	if book != "" {
		s = s.only(who, book)
	}
	scan := newScan(s.in)
	if len(s.in) > 0 {
		if err := b.shelf.Each(ctx, who.Tenant, scan.take); err != nil {
			return nil, false, wrap(op, err)
		}
	}
	g := &grouping{b: b, who: who, op: op, scan: scan, in: s.in, of: map[ID]int{}, limit: min(max(limit, 1), MaxDuplicates)}
	if err := g.all(ctx, scan.pairs()); err != nil {
		return nil, false, err
	}
	sets, err = g.duplicates(ctx)
	return sets, g.more, err
}

// scan is one pass over contacts. Of each it keeps the id and a few numbers, so that a million fit.
type scan struct {
	seed   maphash.Seed
	in     map[BookID]Listing
	docs   []scanned
	marks  []mark
	common map[uint64]bool // signs that many have
}

// scanned is a contact of a scan.
type scanned struct {
	id     ID
	book   BookID
	change bool // the caller may change it
}

// mark is a sign of a contact: fingerprints of it and of the name, and the contact's place in docs.
type mark struct {
	sign      uint64
	name, doc uint32
}

func newScan(in map[BookID]Listing) *scan {
	return &scan{seed: maphash.MakeSeed(), in: in, common: map[uint64]bool{}}
}

func (s *scan) fingerprint(g sign) uint64 {
	return maphash.Comparable(s.seed, g)
}

func (s *scan) take(c Contact) error {
	l, ok := s.in[c.Book]
	if !ok {
		return nil
	}
	doc, name := uint32(len(s.docs)), uint32(maphash.String(s.seed, nameKey(c.Name)))
	s.docs = append(s.docs, scanned{id: ID(strings.Clone(string(c.ID))), book: l.Book.ID, change: l.May.Modify || l.May.Delete})
	for _, g := range c.signs() {
		s.marks = append(s.marks, mark{s.fingerprint(g), name, doc})
	}
	return nil
}

// couple are two contacts that have signs in common, by their places.
type couple struct {
	x, y   uint32
	shared int // how many signs
}

// pairs gives the couples in the order in which they are looked at: those that share most first, in one book first, then
// the newest.
func (s *scan) pairs() []couple {
	slices.SortFunc(s.marks, func(a, b mark) int { return cmp.Or(cmp.Compare(a.sign, b.sign), cmp.Compare(a.doc, b.doc)) })
	var all []couple
	for rest := s.marks; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].sign == rest[0].sign {
			n++
		}
		all = append(all, s.couples(rest[:n])...)
		rest = rest[n:]
	}
	s.marks = nil
	slices.SortFunc(all, func(a, b couple) int { return cmp.Or(cmp.Compare(a.x, b.x), cmp.Compare(a.y, b.y)) })
	kept := all[:0]
	for _, c := range all {
		if n := len(kept); n > 0 && kept[n-1].x == c.x && kept[n-1].y == c.y {
			kept[n-1].shared++
			continue
		}
		kept = append(kept, c)
	}
	slices.SortFunc(kept, func(a, b couple) int {
		return cmp.Or(cmp.Compare(b.shared, a.shared), cmp.Compare(s.books(a), s.books(b)), strings.Compare(string(s.docs[b.y].id), string(s.docs[a.y].id)),
			strings.Compare(string(s.docs[b.x].id), string(s.docs[a.x].id)))
	})
	return kept
}

// books counts the books of a couple.
func (s *scan) books(c couple) int {
	if s.docs[c.x].book == s.docs[c.y].book {
		return 1
	}
	return 2
}

// couples are those of the contacts that have one sign; none when it is the sign of many.
func (s *scan) couples(row []mark) []couple {
	if len(row) < 2 {
		return nil
	}
	names := make(map[uint32]bool, maxSharers+1)
	for _, m := range row {
		if names[m.name] = true; len(names) > maxSharers {
			s.common[m.sign] = true
			return nil
		}
	}
	var all []couple
	for i, m := range row {
		end := i + 2
		if len(row) <= maxMutual {
			end = len(row)
		}
		for _, o := range row[i+1 : min(end, len(row))] {
			if s.docs[m.doc].change || s.docs[o.doc].change {
				all = append(all, couple{m.doc, o.doc, 1})
			}
		}
	}
	return all
}

// counts tells whether a sign tells anything.
func (s *scan) counts(g sign) bool { return !s.common[s.fingerprint(g)] }

// grouping looks at couples one portion after the other, and puts those that may be the same into sets.
type grouping struct {
	b     *Books
	who   identity.Caller
	op    string
	scan  *scan
	in    map[BookID]Listing
	limit int

	sets []set
	of   map[ID]int // the place of a contact's set
	more bool
}

// set are contacts that may be the same.
type set struct {
	ids   []ID
	whys  []Why
	books int
}

func (g *grouping) all(ctx context.Context, pairs []couple) error {
	g.more = len(pairs) > maxCompared
	for portion := range slices.Chunk(pairs[:min(len(pairs), maxCompared)], lookPortion) {
		if len(g.sets) > g.limit {
			break
		}
		if err := g.portion(ctx, portion); err != nil {
			return err
		}
	}
	slices.SortStableFunc(g.sets, func(a, b set) int { return cmp.Or(strength(b.whys)-strength(a.whys), a.books-b.books) })
	if len(g.sets) > g.limit {
		g.sets, g.more = g.sets[:g.limit], true
	}
	return nil
}

// portion compares the whole records: fingerprints may deceive.
func (g *grouping) portion(ctx context.Context, pairs []couple) error {
	var ids []ID
	named := make([]Pair, len(pairs))
	for i, c := range pairs {
		x, y := g.scan.docs[c.x].id, g.scan.docs[c.y].id
		ids, named[i] = append(ids, x, y), NewPair(x, y)
	}
	slices.Sort(ids)
	found, err := g.b.shelf.Contacts(ctx, g.who.Tenant, slices.Compact(ids))
	if err != nil {
		return wrap(g.op, err)
	}
	contacts := make(map[ID]*Contact, len(found))
	for i := range found {
		contacts[found[i].ID] = &found[i]
	}
	apart, err := g.b.saidApart(ctx, g.who.Tenant, named)
	if err != nil {
		return wrap(g.op, err)
	}
	for i, p := range named {
		x, y := contacts[p.A], contacts[p.B]
		if x == nil || y == nil || apart[p] {
			continue
		}
		if why := whys(&x.Record, &y.Record, g.scan.counts); len(why) > 0 {
			if err := g.join(ctx, p, why, g.scan.books(pairs[i])); err != nil {
				return err
			}
		}
	}
	return nil
}

// join puts two contacts into one set, unless it grew too large or holds two that are apart; they are suggested when the set is
// dealt with.
func (g *grouping) join(ctx context.Context, p Pair, why []Why, books int) error {
	x, inX := g.of[p.A]
	y, inY := g.of[p.B]
	switch {
	case !inX && !inY:
		g.of[p.A], g.of[p.B] = len(g.sets), len(g.sets)
		g.sets = append(g.sets, set{[]ID{p.A, p.B}, why, books})
		return nil
	case inX && inY:
		if x == y {
			g.sets[x].whys = bothWhys(g.sets[x].whys, why)
		}
		return nil
	}
	into, id := x, p.B
	if inY {
		into, id = y, p.A
	}
	s := &g.sets[into]
	if len(s.ids) >= MaxTogether {
		g.more = true
		return nil
	}
	var others []Pair
	for _, o := range s.ids {
		others = append(others, NewPair(o, id))
	}
	apart, err := g.b.saidApart(ctx, g.who.Tenant, others)
	if err != nil || len(apart) > 0 {
		return err
	}
	s.ids, s.whys, s.books = append(s.ids, id), bothWhys(s.whys, why), max(s.books, books)
	g.of[id] = into
	return nil
}

func bothWhys(x, y []Why) []Why {
	return slices.DeleteFunc(slices.Clone(Whys), func(w Why) bool { return !slices.Contains(x, w) && !slices.Contains(y, w) })
}

// duplicates reads the sets.
func (g *grouping) duplicates(ctx context.Context) ([]Duplicate, error) {
	var all []Duplicate
	for _, s := range g.sets {
		d, err := g.b.duplicate(ctx, g.who, g.in, s.ids, s.whys)
		if err != nil {
			return nil, err
		}
		if len(d.Entries) > 1 {
			all = append(all, d)
		}
	}
	return all, nil
}

func (b *Books) duplicate(ctx context.Context, who identity.Caller, in map[BookID]Listing, ids []ID, whys []Why) (Duplicate, error) {
	slices.Sort(ids)
	contacts, err := b.shelf.Contacts(ctx, who.Tenant, ids)
	if err != nil {
		return Duplicate{}, wrap("contact.duplicate", err)
	}
	entries, err := b.entries(ctx, who, in, contacts)
	return Duplicate{Entries: entries, Why: whys, MayMerge: len(keepable(entries)) > 0}, err
}

// saidApart gives the pairs that somebody said to be apart.
func (b *Books) saidApart(ctx context.Context, t identity.Tenant, pairs []Pair) (map[Pair]bool, error) {
	if b.apart == nil {
		return nil, nil
	}
	return b.apart.Apart(ctx, t, pairs)
}

// LooksLike tells which contacts a contact may be the same as, as far as the caller may read them: the surest first, in one set
// with it. The set is empty when there are none.
func (b *Books) LooksLike(ctx context.Context, who identity.Caller, id ID) (Duplicate, error) {
	const op = "contact.LooksLike"
	e, err := b.Get(ctx, who, id)
	if err != nil {
		return Duplicate{}, err
	}
	s, err := b.searchable(ctx, who, Query{})
	if err != nil {
		return Duplicate{}, err
	}
	near, err := b.read(ctx, who, s, b.suspects(ctx, who.Tenant, s, &e.Contact.Record))
	if err != nil {
		return Duplicate{}, err
	}
	near = slices.DeleteFunc(near, func(o Entry) bool { return o.Contact.ID == id })
	var pairs []Pair
	for _, o := range near {
		pairs = append(pairs, NewPair(id, o.Contact.ID))
	}
	apart, err := b.saidApart(ctx, who.Tenant, pairs)
	if err != nil {
		return Duplicate{}, wrap(op, err)
	}
	near = slices.DeleteFunc(near, func(o Entry) bool { return apart[NewPair(id, o.Contact.ID)] })
	return together(e, near), nil
}

// together keeps of some contacts those that may be the same as one.
func together(e Entry, near []Entry) Duplicate {
	counts := func(g sign) bool {
		names := map[string]bool{nameKey(e.Contact.Name): true}
		for _, o := range near {
			if slices.Contains(o.Contact.signs(), g) {
				names[nameKey(o.Contact.Name)] = true
			}
		}
		return len(names) <= maxSharers
	}
	found := map[ID][]Why{}
	var like []Entry
	for _, o := range near {
		if w := whys(&e.Contact.Record, &o.Contact.Record, counts); len(w) > 0 {
			found[o.Contact.ID] = w
			like = append(like, o)
		}
	}
	slices.SortStableFunc(like, func(x, y Entry) int { return strength(found[y.Contact.ID]) - strength(found[x.Contact.ID]) })
	like = like[:min(len(like), MaxTogether-1)]
	if len(like) == 0 {
		return Duplicate{}
	}
	d := Duplicate{Entries: append([]Entry{e}, like...)}
	for _, o := range like {
		d.Why = bothWhys(d.Why, found[o.Contact.ID])
	}
	d.MayMerge = len(keepable(d.Entries)) > 0
	return d
}

// maxSuspects is how many contacts are looked at for each value of a contact.
const maxSuspects = 10

// suspects are contacts that have an address, a number or the name of a record.
func (b *Books) suspects(ctx context.Context, t identity.Tenant, s *sight, r *Record) []Hit {
	var all []Hit
	seen := map[ID]bool{}
	add := func(hits []Hit) {
		for _, h := range hits {
			if !seen[h.ID] {
				seen[h.ID] = true
				all = append(all, h)
			}
		}
	}
	books := slices.Concat(s.near, s.far)
	for _, text := range append(slices.Clone(r.Emails), r.Name) {
		hits, _ := b.index.Search(ctx, t, books, Query{Text: `"` + text + `"`}, maxSuspects)
		add(hits)
	}
	if words := strings.Join(nameWords(r.Name), " "); words != "" {
		hits, _ := b.index.Search(ctx, t, books, Query{Text: words}, maxSuspects)
		add(hits)
	}
	for _, p := range r.Phones {
		if g := p.sign(); g != "" {
			add(b.index.WhoIs(t, books, dialled(g), maxSuspects))
		}
	}
	return all
}

// SetApart says of contacts that no two of them are the same, or takes that back. It is so for everybody who reads their books, and
// takes the right to change one of them.
func (b *Books) SetApart(ctx context.Context, who identity.Caller, ids []ID, apart bool) error {
	const op = "contact.SetApart"
	if b.apart == nil || len(ids) < 2 || len(ids) > MaxTogether {
		return fault.New(fault.Invalid, op, "contact.merge_few", "Max", MaxTogether)
	}
	entries, err := b.each(ctx, who, op, ids)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(entries, func(e Entry) bool { return e.May.Modify || e.May.Delete }) {
		return denied(op, Edited)
	}
	var pairs []Pair
	for i, x := range ids {
		for _, y := range ids[i+1:] {
			pairs = append(pairs, NewPair(x, y))
		}
	}
	if err := b.apart.SetApart(ctx, who.Tenant, pairs, apart); err != nil {
		return wrap(op, err)
	}
	return nil
}

// each reads some contacts, every one of which must be there.
func (b *Books) each(ctx context.Context, who identity.Caller, op string, ids []ID) ([]Entry, error) {
	var entries []Entry
	for i, id := range ids {
		if slices.Contains(ids[:i], id) {
			return nil, fault.New(fault.Invalid, op, "contact.merge_few", "Max", MaxTogether)
		}
		e, err := b.Get(ctx, who, id)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}
