package contact

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"

	"teamspro/internal/identity"
)

// Index finds contacts by what is written in them. It is in memory and holds no record, only what comparing needs; it
// is filled from the Shelf, or from what Save wrote, and follows every change. It knows no rights: callers name the
// books that may be searched. It is safe for concurrent use: readers share a tenant, and a writer has it for some
// microseconds.
type Index struct {
	tenants sync.Map  // identity.Tenant → *tenantIndex
	drafts  sync.Pool // *draft
	spare   sync.Pool // *search
}

// NewIndex makes an empty index.
func NewIndex() *Index {
	return &Index{
		drafts: sync.Pool{New: func() any { return new(draft) }},
		spare:  sync.Pool{New: func() any { return &search{hunt: hunt{lookCost: lookCost, maxLooks: maxLooks}} }},
	}
}

// Put takes a contact in, or its new version. It does nothing when the same version or a newer one is in, or was
// removed: what comes late changes nothing. No part of c is kept but its tags.
func (x *Index) Put(t identity.Tenant, c Contact) {
	d := x.drafts.Get().(*draft)
	defer x.drafts.Put(d)
	d.read(&c.Record)
	x.tenant(t).put(&c, d)
}

// Remove takes a contact out. It does nothing when a version newer than this is in.
func (x *Index) Remove(t identity.Tenant, book BookID, id ID, version int) {
	x.tenant(t).remove(book, id, version)
}

// Forget takes out all contacts of a book, and takes none in for it from then on: what comes late is not taken in.
func (x *Index) Forget(t identity.Tenant, book BookID) { x.tenant(t).forget(book) }

// Drop takes out everything of a tenant. What is put in afterwards is taken in.
func (x *Index) Drop(t identity.Tenant) { x.tenants.Delete(t) }

// at is the index of a tenant for readers: an empty one when there is none.
func (x *Index) at(t identity.Tenant) *tenantIndex {
	if s, ok := x.tenants.Load(t); ok {
		return s.(*tenantIndex)
	}
	return newTenantIndex()
}

func (x *Index) tenant(t identity.Tenant) *tenantIndex {
	if s, ok := x.tenants.Load(t); ok {
		return s.(*tenantIndex)
	}
	s, _ := x.tenants.LoadOrStore(t, newTenantIndex())
	return s.(*tenantIndex)
}

// Search finds contacts in the books, best first, at most limit. Total counts all that match. A query without words
// finds all, by name. When ctx ends, the answer is what was found until then.
//
// A word matches anywhere in a word of the record, from two letters on; single letters match beginnings. What no
// contact has is read more generously: "weber;marta" as two words, a word of four letters or more with one slip, a
// restriction (Query.In) as words.
//
// The best are the best of all, and the total is exact, with one exception: of a text with signs in it that is so common
// that more than maxLooks contacts of a segment have its parts, such as "@g", only the first of these by name are
// looked at. Whoever is given matches; the total is then how many at least.
func (x *Index) Search(ctx context.Context, t identity.Tenant, books []BookID, q Query, limit int) (hits []Hit, total int) {
	if q.Book != "" && slices.Contains(books, q.Book) {
		books = []BookID{q.Book}
	} else if q.Book != "" {
		return nil, 0
	}
	r := x.spare.Get().(*search)
	defer x.release(r)
	in := x.at(t)
	r.run(ctx, in, books, q.plan(), limit)
	if r.podium.total == 0 && q.In != "" {
		r.run(ctx, in, books, q.unrestricted().plan(), limit)
	}
	return r.hits(), r.podium.total
}

// release keeps the lists of a search for the next one, but nothing of what it found. One that was ended has left
// nothing behind either: reasons are forgotten clause by clause.
func (x *Index) release(r *search) {
	r.plan, r.podium = nil, podium{}
	x.spare.Put(r)
}

// unrestricted has the words of the restriction among the others.
func (q Query) unrestricted() Query {
	q.Text, q.In = strings.TrimSpace(q.Text+" "+q.In), ""
	return q
}

// minEnd is how many digits of a number tell whose it is.
const minEnd = 6

// WhoIs finds the contacts with a phone number whose international digits are the given ones or, from six on, end
// with them. A zero in front of a national number does not count. Whole numbers come first.
func (x *Index) WhoIs(t identity.Tenant, books []BookID, digits string, limit int) []Hit {
	digits = dialled(cut(digits, MaxPhone))
	end := strings.TrimLeft(digits, "0")
	c := clause{fields: everyField}
	for _, d := range slices.Compact([]string{digits, strings.TrimPrefix(digits, "00")}) {
		c.needles = append(c.needles, needle{amongNumbers, d, whole})
	}
	if len(end) >= minEnd {
		c.needles = append(c.needles, needle{amongNumbers, end, atEnd})
	}
	r := x.spare.Get().(*search)
	defer x.release(r)
	r.run(context.Background(), x.at(t), books, &plan{clauses: []clause{c}}, limit)
	return r.hits()
}

// TagCount says how many contacts have a tag.
type TagCount struct {
	Name  string
	Count int
}

// Tags gives the tags in the books, the most used first. Tags that differ in case or accents are one, named as it is
// most often written.
func (x *Index) Tags(t identity.Tenant, books []BookID) []TagCount {
	all := map[string]map[string]int{}
	x.at(t).addTags(books, all)
	tags := make([]TagCount, 0, len(all))
	for _, written := range all {
		tags = append(tags, tagCount(written))
	}
	slices.SortFunc(tags, func(a, b TagCount) int { return cmp.Or(b.Count-a.Count, strings.Compare(a.Name, b.Name)) })
	return tags
}

func tagCount(written map[string]int) TagCount {
	var tag TagCount
	most := 0
	for name, n := range written {
		tag.Count += n
		if n > most || n == most && name < tag.Name {
			tag.Name, most = name, n
		}
	}
	return tag
}

// Count is how many contacts a book has.
func (x *Index) Count(t identity.Tenant, book BookID) int {
	return x.at(t).count(book)
}
