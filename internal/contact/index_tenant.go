package contact

import (
	"iter"
	"slices"
	"sync"
)

// maxGone is how many removals a book remembers, to refuse what comes late.
const maxGone = 10_000

// tenantIndex is the index of a tenant: segments, which never change, and an overlay with what came since. When the
// overlay is full it is frozen, made a segment in the background, and followed by an empty one. A contact that is
// changed or removed is hidden in its segment. Readers take what they need of it in one moment, so that each sees
// every contact once.
type tenantIndex struct {
	mu       sync.RWMutex
	full     int        // is overlayFull, but in tests
	often    often      // is veryOften, but in tests
	idle     *sync.Cond // of mu: nobody tends
	tending  bool       // somebody makes segments
	loading  int        // how many are filling the index
	active   *overlay
	frozen   *overlay // on its way into a segment, or nil
	segments []placed
	books    []*bookState
	numbers  map[BookID]uint32 // places in books
}

// placed is a segment of a tenant.
type placed struct {
	*segment
	hidden hiddenDocs
	books  []uint32 // for each of its books, the number at the tenant
}

// bookState is what is known of a book besides its contacts.
type bookState struct {
	id      BookID
	count   int
	tags    map[string]map[string]int // key of the tag → as written → in how many contacts
	removed map[ID]int                // version of the removal
	oldest  []ID                      // of removed, oldest first
	erased  bool                      // nothing comes in any more
}

func newTenantIndex() *tenantIndex {
	t := &tenantIndex{full: overlayFull, often: veryOften, active: newOverlay(), numbers: map[BookID]uint32{}}
	t.idle = sync.NewCond(&t.mu)
	return t
}

// book gives the number of a book, a new one when it is not known.
func (t *tenantIndex) book(id BookID) uint32 {
	n, ok := t.numbers[id]
	if !ok {
		n = uint32(len(t.books))
		t.books = append(t.books, &bookState{id: id, tags: map[string]map[string]int{}, removed: map[ID]int{}})
		t.numbers[id] = n
	}
	return n
}

// put takes a contact in, unless what is known is as new.
func (t *tenantIndex) put(c *Contact, d *draft) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := entry{t.book(c.Book), c.ID}
	b := t.books[e.book]
	if v, ok := b.removed[c.ID]; b.erased || ok && v >= c.Version {
		return
	}
	if at, version, ok := t.find(e); ok {
		if version >= c.Version {
			return
		}
		t.takeOut(e, at)
	}
	t.active.fill(e, c.Version, d)
	b.count++
	for _, g := range d.tags {
		b.tag(g, 1)
	}
	t.tend()
}

// remove takes a contact out, unless a newer one is in.
func (t *tenantIndex) remove(book BookID, id ID, version int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := entry{t.book(book), id}
	if t.books[e.book].erased {
		return
	}
	if at, v, ok := t.find(e); ok {
		if v > version {
			return
		}
		t.takeOut(e, at)
	}
	t.books[e.book].forget(id, version)
}

// forget takes out all contacts of a book, for good.
func (t *tenantIndex) forget(book BookID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.book(book)
	for _, o := range []*overlay{t.active, t.frozen} {
		if o == nil {
			continue
		}
		for e, slot := range o.at {
			if e.book == n {
				o.empty(slot)
			}
		}
	}
	for i := range t.segments {
		s := &t.segments[i]
		if at := slices.Index(s.books, n); at >= 0 {
			s.hidden = s.hidden.withAll(s.membersOf(at))
		}
	}
	t.books[n] = &bookState{id: book, erased: true}
}

// forget remembers a removal.
func (b *bookState) forget(id ID, version int) {
	v, known := b.removed[id]
	if !known {
		b.oldest = append(b.oldest, id)
	}
	b.removed[id] = max(v, version)
	if len(b.oldest) > maxGone {
		delete(b.removed, b.oldest[0])
		b.oldest = b.oldest[1:]
	}
}

// tag counts a contact with a tag in, or out.
func (b *bookState) tag(g tag, n int) {
	written := b.tags[g.key]
	if written == nil {
		written = map[string]int{}
		b.tags[g.key] = written
	}
	if written[g.written] += n; written[g.written] == 0 {
		delete(written, g.written)
	}
	if len(written) == 0 {
		delete(b.tags, g.key)
	}
}

// spot is where a contact is: in a slot of an overlay, or a document of a segment.
type spot struct {
	overlay *overlay
	segment int
	n       uint32
}

// find gives where a contact is, and its version.
func (t *tenantIndex) find(e entry) (spot, int, bool) {
	for _, o := range []*overlay{t.active, t.frozen} {
		if o == nil {
			continue
		}
		if n, ok := o.at[e]; ok {
			return spot{overlay: o, n: n}, o.slots[n].version, true
		}
	}
	for i := range t.segments {
		s := &t.segments[i]
		if n, ok := s.document(t.books[e.book].id, e.id); ok && !s.hidden.has(n) {
			return spot{segment: i, n: n}, s.version(n), true
		}
	}
	return spot{}, 0, false
}

// takeOut removes a contact from where it is.
func (t *tenantIndex) takeOut(e entry, at spot) {
	b := t.books[e.book]
	b.count--
	if at.overlay != nil {
		for _, g := range at.overlay.slots[at.n].tags {
			b.tag(g, -1)
		}
		at.overlay.empty(at.n)
		return
	}
	s := &t.segments[at.segment]
	for _, g := range s.tagsOf(at.n) {
		b.tag(g, -1)
	}
	s.hidden = s.hidden.with(at.n)
}

func (t *tenantIndex) count(book BookID) int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if n, ok := t.numbers[book]; ok {
		return t.books[n].count
	}
	return 0
}

// addTags adds the tags of the books to all.
func (t *tenantIndex) addTags(books []BookID, all map[string]map[string]int) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, n := range t.known(books) {
		for key, written := range t.books[n].tags {
			if all[key] == nil {
				all[key] = make(map[string]int, len(written))
			}
			for w, n := range written {
				all[key][w] += n
			}
		}
	}
}

// known gives the numbers of the books that are known, each once.
func (t *tenantIndex) known(books []BookID) []uint32 {
	all := make([]uint32, 0, len(books))
	for _, b := range books {
		if n, ok := t.numbers[b]; ok {
			all = append(all, n)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// hiddenDocs is the documents of a segment that are no more. It never changes: with gives another one, which shares
// most of its pages.
type hiddenDocs struct {
	pages []*hiddenPage
	n     int
}

type hiddenPage [64]uint64

const hiddenPerPage = 64 * 64

func (h hiddenDocs) has(n uint32) bool {
	page := n / hiddenPerPage
	return h.n > 0 && int(page) < len(h.pages) && h.pages[page] != nil && h.pages[page][n/64%64]>>(n%64)&1 != 0
}

func (h hiddenDocs) with(n uint32) hiddenDocs {
	page := int(n / hiddenPerPage)
	made := hiddenDocs{pages: make([]*hiddenPage, max(len(h.pages), page+1)), n: h.n + 1}
	copy(made.pages, h.pages)
	var p hiddenPage
	if made.pages[page] != nil {
		p = *made.pages[page]
	}
	p[n/64%64] |= 1 << (n % 64)
	made.pages[page] = &p
	return made
}

// withAll is with for many documents.
func (h hiddenDocs) withAll(docs u32s) hiddenDocs {
	made := hiddenDocs{pages: slices.Clone(h.pages), n: h.n}
	for i, p := range made.pages {
		if p != nil {
			page := *p
			made.pages[i] = &page
		}
	}
	for i := range docs.len() {
		n := docs.at(i)
		page := int(n / hiddenPerPage)
		for len(made.pages) <= page {
			made.pages = append(made.pages, nil)
		}
		if made.pages[page] == nil {
			made.pages[page] = new(hiddenPage)
		}
		if word, bit := &made.pages[page][n/64%64], uint64(1)<<(n%64); *word&bit == 0 {
			*word |= bit
			made.n++
		}
	}
	return made
}

// all gives the documents, in order.
func (h hiddenDocs) all() iter.Seq[uint32] {
	return func(yield func(n uint32) bool) {
		for page, p := range h.pages {
			if p == nil {
				continue
			}
			for n := range bitSet(p[:]).all() {
				if !yield(uint32(page)*hiddenPerPage + n) {
					return
				}
			}
		}
	}
}
