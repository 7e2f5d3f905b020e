package contact

import (
	"cmp"
	"container/heap"
	"context"
	"encoding/binary"
	"math/bits"
	"slices"
)

// lookCost is how many entries of lists are read in the time that looking at one contact takes.
const lookCost = 500

// maxLooks is how many contacts are looked at for a text with signs in it, where the terms of a segment leave more: the
// first by name. Whoever types more, or another word, is spared that. No other search is bounded.
const maxLooks = 2_000

// hunt carries out a plan on segments. Its lists are used again.
type hunt struct {
	maxLooks int     // is maxLooks, but in tests
	lookCost int     // is lookCost, but in tests
	scope    []bool  // for each book of the tenant
	inScope  []bool  // for each book of the segment
	wide     bool    // all of its books are in scope
	best     []uint8 // for each document, why it meets the clause at hand: the weight; zero between clauses
	touched  []uint32
	span     int     // of best, what is of this segment
	crowded  bool    // touched is not kept: too many have a best
	flags    []uint8 // for each document, of how many groups it is; zero between needles
	flagged  []uint32
	finds    []finding // for the needles of all clauses
	starts   []int     // for each clause, where its findings begin; and where the last ends
	now      *finding
	sieve    bitSet // the documents that have the tags and meet restrictions, when sifting
	sifting  bool
	share    bitSet // of sieve, what is being made
	met      bitSet
	near     bitSet
	rows     []row
	first    earliest
	pattern  pattern
	tokens   []int
	leaf     leaf
	standing ranking
	kinds    []row
	known    bitSet // the kinds
}

// row is a document that meets all clauses so far.
type row struct {
	doc   uint32
	score uint16
	able  bool // all its words may begin words of the name
}

// silentWeight marks what meets a restriction. It does not go into the score.
const silentWeight = 1

// visitSegment offers what matches in a segment to the podium.
func (r *search) visitSegment(ctx context.Context, s placed) {
	h := &r.hunt
	h.prepare(s)
	members := h.members(s)
	if members == 0 {
		return
	}
	if len(r.plan.clauses) == 0 && len(r.plan.tags) == 0 && h.wide {
		r.firstOf(&s)
		return
	}
	if r.visitPopular(s) {
		return
	}
	for _, key := range r.plan.tags {
		h.siftTag(s.segment, key)
	}
	r.podium.total += r.narrowDown(ctx, s, members)
	r.rank(s)
}

func (h *hunt) prepare(s placed) {
	if h.span = (s.n + 7) / 8 * 8; h.span > len(h.best) {
		h.best, h.flags = make([]uint8, h.span), make([]uint8, h.span)
	}
	h.inScope, h.wide, h.rows, h.sifting = h.inScope[:0], true, h.rows[:0], false
	for _, n := range s.books {
		in := int(n) < len(h.scope) && h.scope[n]
		h.inScope = append(h.inScope, in)
		h.wide = h.wide && in
	}
}

// members is how many contacts of the segment are in scope.
func (h *hunt) members(s placed) int {
	if h.wide {
		return s.n
	}
	n := 0
	for book, in := range h.inScope {
		if in {
			n += s.membersOf(book).len()
		}
	}
	return n
}

func (h *hunt) sees(s *placed, doc uint32) bool {
	return (h.wide || h.inScope[s.bookOf.at(int(doc))]) && !s.hidden.has(doc)
}

// everyone gives the contacts in scope.
func (h *hunt) everyone(s *placed, give func(doc uint32)) {
	for book, in := range h.inScope {
		if !in {
			continue
		}
		all := s.membersOf(book)
		for i := range all.len() {
			if doc := all.at(i); !s.hidden.has(doc) {
				give(doc)
			}
		}
	}
}

// firstOf offers the first contacts of a segment that is in scope as a whole.
func (r *search) firstOf(s *placed) {
	r.podium.total += s.n - s.hidden.n
	for doc := uint32(0); int(doc) < s.n && len(r.hunt.rows) < r.podium.limit; doc++ {
		if !s.hidden.has(doc) {
			r.hunt.rows = append(r.hunt.rows, row{doc: doc})
		}
	}
	r.rank(*s)
}

// sift keeps the documents with one of the terms for later: nothing else will be a row.
func (h *hunt) sift(s *segment, terms []metTerm) {
	h.share.reset(s.n)
	var l list
	for _, m := range terms {
		for r := s.lists(m.term); r.next(&l); {
			if m.mask>>l.class&1 != 0 {
				l.addTo(h.share)
			}
		}
	}
	h.sifted()
}

func (h *hunt) siftTag(s *segment, key string) {
	h.share.reset(s.n)
	if t, ok := s.term(termTag + key); ok {
		h.sift(s, []metTerm{{t, byExact, everyClass}})
		return
	}
	h.sifted()
}

// sifted makes what was shared a part of the sieve.
func (h *hunt) sifted() {
	if h.sifting {
		h.sieve.keep(h.share)
	} else {
		h.sieve, h.share, h.sifting = h.share, h.sieve, true
	}
}

// admits tells whether a contact is in scope and not sifted out.
func (h *hunt) admits(s *placed, doc uint32) bool {
	return (!h.sifting || h.sieve.has(doc)) && h.sees(s, doc)
}

// narrowDown makes rows of the contacts that meet all clauses, or of the best of these at least, and says how many there
// are. Restrictions come first, as far as terms tell who meets them; then the clause with the fewest entries. What is
// then cheaper than to go through the entries of a clause is to look at the rows.
func (r *search) narrowDown(ctx context.Context, s placed, members int) int {
	h := &r.hunt
	costs, order := r.estimate(s.segment)
	if len(order) > 0 && members*h.lookCost < costs[order[0]] {
		r.lookAtAll(&s)
		return len(h.rows)
	}
	order = slices.DeleteFunc(order, func(i int) bool { return r.siftClause(s.segment, i) })
	if len(order) == 0 {
		return h.firstSifted(&s, r.podium.limit)
	}
	total := 0
	for k, i := range order {
		c := &r.plan.clauses[i]
		switch {
		case ctx.Err() != nil:
			h.rows = h.rows[:0]
			return 0
		case k > 0 && len(h.rows) == 0 && r.met[i]:
		case k > 0 && len(h.rows) > 0 && len(h.rows)*h.lookCost < costs[i] && r.keepRows(&s, i):
			r.met[i] = true
			total = len(h.rows)
		default:
			r.mark(s, i)
			h.gather()
			switch {
			case len(order) == 1:
				total = h.beginBest(&s, c, r.podium.limit)
			case k == 0:
				total = h.begin(&s, c)
			default:
				total = h.narrow(c)
			}
			r.met[i] = r.met[i] || total > 0 || h.anySeen(&s)
			h.forget()
		}
	}
	return total
}

// siftClause sifts by a restriction; false when it is none, or when terms do not tell who meets it.
func (r *search) siftClause(s *segment, i int) bool {
	h := &r.hunt
	f := &h.finds[h.starts[i]]
	if !r.plan.clauses[i].silent || !f.certain {
		return false
	}
	h.sift(s, f.terms)
	return true
}

// firstSifted makes rows of the first contacts that are not sifted out, and counts all.
func (h *hunt) firstSifted(s *placed, limit int) int {
	if !h.sifting {
		h.share.reset(s.n)
		h.everyone(s, func(doc uint32) { h.share.add(int(doc)) })
		h.sifted()
	} else {
		h.sieve.drop(func(doc uint32) bool { return !h.sees(s, doc) }, h.wide && s.hidden.n == 0)
	}
	for doc := range h.sieve.all() {
		if len(h.rows) >= limit {
			break
		}
		h.rows = append(h.rows, row{doc: doc})
	}
	return h.sieve.count()
}

// estimate finds the terms of all clauses, and tells about how many entries each has, and their order by that.
func (r *search) estimate(s *segment) (costs, order []int) {
	h := &r.hunt
	h.finds, h.starts = h.finds[:0], append(h.starts[:0], 0)
	for i := range r.plan.clauses {
		h.find(s, &r.plan.clauses[i])
		h.starts = append(h.starts, len(h.finds))
		costs, order = append(costs, 0), append(order, i)
	}
	if len(costs) > 1 || !h.wide {
		for i := range costs {
			costs[i] = h.price(s, i)
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(costs[a], costs[b]) })
	}
	return costs, order
}

// find finds the terms of a clause.
func (h *hunt) find(s *segment, c *clause) {
	if c.phrase != "" {
		h.now = h.finding()
		h.settle(s.findPhrase(c, h))
		return
	}
	for _, n := range c.needles {
		h.now = h.finding()
		h.now.needle = n
		h.settle(h.findNeedle(s, n, maskOf(c.fields)))
	}
}

// settle ends a finding. When nobody is in one of its groups, nobody need be looked at.
func (h *hunt) settle(certain bool) {
	f := h.now
	f.certain = certain || slices.ContainsFunc(f.groups, func(g []metTerm) bool { return len(g) == 0 })
}

func (h *hunt) findNeedle(s *segment, n needle, mask uint8) (certain bool) {
	switch n.among {
	case amongNumbers:
		return s.findNumbers(n, mask, h)
	case amongChunks:
		s.findChunks(n.text, mask, h)
		return false
	default:
		s.findWords(n, mask, h)
		return true
	}
}

// price is about how many entries clause i has. Each contact that has to be looked at counts as several.
func (h *hunt) price(s *segment, i int) int {
	price := 0
	for _, f := range h.finds[h.starts[i]:h.starts[i+1]] {
		price += s.cost(f.terms)
		if f.certain {
			continue
		}
		fewest := -1
		for _, g := range f.groups {
			if n := s.entries(g); fewest < 0 || n < fewest {
				fewest = n
			}
		}
		price += max(fewest, 0) * max(h.lookCost/2, 1)
	}
	return price
}

// mark notes for every contact that meets clause i how.
func (r *search) mark(s placed, i int) {
	h, c := &r.hunt, &r.plan.clauses[i]
	for k := h.starts[i]; k < h.starts[i+1]; k++ {
		f := &h.finds[k]
		h.markTerms(s.segment, f.terms, c.silent)
		if !f.certain {
			h.lookAt(s, f, c)
		}
	}
}

// lookAt notes the contacts that have what is looked for, of those that have its parts.
func (h *hunt) lookAt(s placed, f *finding, c *clause) {
	docs := h.together(s.segment, f.groups)
	if f.needle.among == amongChunks {
		h.lookForSigns(s, f.needle.text, c.fields, docs)
		return
	}
	for _, doc := range docs {
		if !h.sees(&s, doc) {
			continue
		}
		s.read(doc, &h.leaf)
		if c.phrase != "" {
			h.note(doc, h.leaf.meets(c), c.silent)
		} else {
			h.note(doc, h.leaf.has(f.needle, c.fields), false)
		}
	}
}

// lookForSigns notes the contacts that have a text with signs in it.
func (h *hunt) lookForSigns(s placed, text string, fields fieldSet, docs []uint32) {
	if len(docs) == 0 || !h.pattern.compile(s.segment, text, h) {
		return
	}
	h.met.reset(s.n)
	for _, doc := range docs {
		h.met.add(int(doc))
	}
	looks := 0
	for doc := range h.met.all() {
		if !h.sees(&s, doc) {
			continue
		}
		if looks++; looks > h.maxLooks {
			return
		}
		s.read(doc, &h.leaf)
		h.note(doc, h.pattern.in(&h.leaf, fields, h), false)
	}
}

func (h *hunt) note(doc uint32, why reason, silent bool) {
	weight := uint8(why.weight())
	if silent && why != 0 {
		weight = silentWeight
	}
	if h.best[doc] < weight {
		if h.best[doc] == 0 && !h.crowded {
			h.touched = append(h.touched, doc)
		}
		h.best[doc] = weight
	}
}

// markTerms notes the contacts that have one of the terms.
func (h *hunt) markTerms(s *segment, terms []metTerm, silent bool) {
	var l list
	for _, m := range terms {
		for r := s.lists(m.term); r.next(&l); {
			if m.mask>>l.class&1 == 0 {
				continue
			}
			weight := classWeight(l.class, m.how)
			if silent {
				weight = silentWeight
			}
			h.markList(&l, weight)
		}
	}
}

// crowdPart is the part of a segment from which on it is less work to go through all of best than to keep what is touched.
const crowdPart = 64

func (h *hunt) markList(l *list, weight uint8) {
	if h.crowded = h.crowded || len(h.touched)+l.n > max(h.span/crowdPart, 8); h.crowded {
		h.raise(l, weight)
		return
	}
	for doc := range l.all() {
		if old := h.best[doc]; old < weight {
			if old == 0 {
				h.touched = append(h.touched, doc)
			}
			h.best[doc] = weight
		}
	}
}

// raise is the loop in which a broad search spends its time, so it does what runs does by itself.
func (h *hunt) raise(l *list, weight uint8) {
	if l.data == nil || l.dense {
		for doc := range l.all() {
			h.best[doc] = max(h.best[doc], weight)
		}
		return
	}
	best, data, next := h.best, l.data, uint32(0)
	for p := 0; p < len(data); {
		d := uint32(data[p])
		p++
		if d == 0 || d >= 0x80 {
			r := runs{rest: data[p-1:], to: next}
			r.next()
			for ; r.from < r.to; r.from++ {
				best[r.from] = max(best[r.from], weight)
			}
			next, p = r.to, len(data)-len(r.rest)
			continue
		}
		next += d
		if best[next-1] < weight {
			best[next-1] = weight
		}
	}
}

// gather lists what was marked when that was not done while marking, in order.
func (h *hunt) gather() {
	if !h.crowded {
		return
	}
	h.touched = h.touched[:0]
	for i := 0; i < h.span; i += 8 {
		eight := binary.LittleEndian.Uint64(h.best[i:])
		for eight != 0 {
			k := bits.TrailingZeros64(eight) / 8
			h.touched = append(h.touched, uint32(i+k))
			eight &^= 0xff << (8 * k)
		}
	}
}

// anySeen tells whether one of the marked contacts is in scope.
func (h *hunt) anySeen(s *placed) bool {
	return slices.ContainsFunc(h.touched, func(doc uint32) bool { return h.sees(s, doc) })
}

// begin makes rows of what was marked, and counts them.
func (h *hunt) begin(s *placed, c *clause) int {
	for _, doc := range h.touched {
		if h.admits(s, doc) {
			h.rows = append(h.rows, row{doc: doc, able: true}.with(h.best[doc], c))
		}
	}
	return len(h.rows)
}

// beginBest makes rows of what was marked and may be among the first, when no other clause follows, and counts all.
func (h *hunt) beginBest(s *placed, c *clause, limit int) int {
	var counts [256]int
	least, above, total := 1, 0, 0 // the least weight that may be among the first, and how many have it or more
	for _, doc := range h.touched {
		if !h.admits(s, doc) {
			continue
		}
		total++
		weight := h.best[doc]
		counts[weight]++
		if int(weight) >= least {
			above++
		}
		for above-counts[least] >= limit && least < len(counts)-1 {
			above -= counts[least]
			least++
		}
		if int(weight)+orderly >= least {
			h.rows = append(h.rows, row{doc: doc, able: true}.with(weight, c))
		}
	}
	return total
}

// narrow keeps the rows that were marked, and counts them.
func (h *hunt) narrow(c *clause) int {
	kept := h.rows[:0]
	for _, r := range h.rows {
		if w := h.best[r.doc]; w > 0 {
			kept = append(kept, r.with(w, c))
		}
	}
	h.rows = kept
	return len(kept)
}

// forget forgets what was marked.
func (h *hunt) forget() {
	if h.crowded {
		clear(h.best[:h.span])
	} else {
		for _, doc := range h.touched {
			h.best[doc] = 0
		}
	}
	h.touched, h.crowded = h.touched[:0], false
}

func (r row) with(weight uint8, c *clause) row {
	if !c.silent {
		r.score += uint16(weight)
	}
	r.able = r.able && (!c.plain() || weight >= beginsName)
	return r
}

// plain tells whether a clause is a word of the query and nothing else.
func (c *clause) plain() bool {
	return c.phrase == "" && len(c.needles) == 1 && c.needles[0].among == amongWords
}

// beginsName is the least weight of a word that begins a word of the name. Nothing else has as much.
var beginsName = classWeight(0, byPrefix)

// keepRows looks at the rows and keeps those that meet clause i. When none does they stay, and it gives false: whether
// somebody else meets it is then for the lists to tell.
func (r *search) keepRows(s *placed, i int) bool {
	h, c := &r.hunt, &r.plan.clauses[i]
	var kept []row
	for _, w := range h.rows {
		s.read(w.doc, &h.leaf)
		if why := h.leaf.meets(c); why != 0 {
			kept = append(kept, w.with(uint8(why.weight()), c))
		}
	}
	if len(kept) > 0 {
		h.rows = append(h.rows[:0], kept...)
	}
	return len(kept) > 0
}

// lookAtAll makes rows of the contacts in scope that meet all clauses, by looking at each.
func (r *search) lookAtAll(s *placed) {
	h := &r.hunt
	h.everyone(s, func(doc uint32) {
		s.read(doc, &h.leaf)
		w, all := row{doc: doc, able: true}, true
		for i := range r.plan.clauses {
			c := &r.plan.clauses[i]
			if !all && r.met[i] {
				continue
			}
			why := h.leaf.meets(c)
			all = all && why != 0
			r.met[i] = r.met[i] || why != 0
			w = w.with(uint8(why.weight()), c)
		}
		if all && h.admits(s, doc) {
			h.rows = append(h.rows, w)
		}
	})
}

// ranking keeps the best rows, the worst of them on top of the heap. Documents are in the order of their names.
type ranking []row

func (r ranking) Len() int           { return len(r) }
func (r ranking) Less(i, j int) bool { return r[j].before(r[i]) }
func (r ranking) Swap(i, j int)      { r[i], r[j] = r[j], r[i] }
func (r *ranking) Push(x any)        { *r = append(*r, x.(row)) }
func (r *ranking) Pop() any          { panic("nothing is taken off") }

func (r row) before(o row) bool { return r.score > o.score || r.score == o.score && r.doc < o.doc }

// rank offers the best rows to the podium. It goes through them from the highest score that they may have, those of
// one score in the order of their names, so that it need read few of the names.
func (r *search) rank(s placed) {
	h := &r.hunt
	h.standing = h.standing[:0]
	if r.podium.limit <= 0 {
		return
	}
	r.nameable(s.segment)
	for _, kind := range h.sorts() {
		if len(h.standing) == r.podium.limit && h.standing[0].score > kind.highest() {
			break
		}
		r.rankKind(s, kind)
	}
	for _, w := range h.standing {
		r.podium.show(found{score: int(w.score), name: s.name(w.doc, &h.leaf), id: ID(s.ids.at(int(w.doc))), book: s.bookAt(int(w.doc)), segment: s.segment, doc: w.doc})
	}
}

// nameable takes the rows for not able when a word of the query begins no word of a name.
func (r *search) nameable(s *segment) {
	for _, word := range r.plan.order {
		begins := false
		from, to := s.beginning(word[1:])
		for t := from; t < to && !begins; t++ {
			begins = s.lists(t).mask&1 != 0
		}
		if begins {
			continue
		}
		for i := range r.hunt.rows {
			r.hunt.rows[i].able = false
		}
		return
	}
}

// sorts gives the rows without their documents, each kind once, the highest first.
func (h *hunt) sorts() []row {
	h.known.reset(2 << 16)
	h.kinds = h.kinds[:0]
	for _, w := range h.rows {
		key := 2 * int(w.score)
		if w.able {
			key++
		}
		if h.known.add(key) {
			h.kinds = append(h.kinds, row{score: w.score, able: w.able})
		}
	}
	slices.SortFunc(h.kinds, func(a, b row) int { return cmp.Compare(b.highest(), a.highest()) })
	return h.kinds
}

// highest is the score that a row has when its words are in order.
func (r row) highest() uint16 {
	if r.able {
		return r.score + orderly
	}
	return r.score
}

// rankKind ranks the rows of one kind.
func (r *search) rankKind(s placed, kind row) {
	h := &r.hunt
	h.met.reset(s.n)
	for _, w := range h.rows {
		if w.score == kind.score && w.able == kind.able {
			h.met.add(int(w.doc))
		}
	}
	for doc := range h.met.all() {
		w := row{doc: doc, score: kind.highest()}
		full := len(h.standing) == r.podium.limit
		if full && !w.before(h.standing[0]) {
			return
		}
		if kind.able {
			w.score = kind.score + uint16(r.bonus(s, doc))
		}
		h.standing.take(w, full)
	}
}

// take keeps a row when there is room, or when it is better than the worst.
func (r *ranking) take(w row, full bool) {
	switch {
	case !full:
		heap.Push(r, w)
	case w.before((*r)[0]):
		(*r)[0] = w
		heap.Fix(r, 0)
	}
}

// bonus is what the name of a contact adds to the score.
func (r *search) bonus(s placed, doc uint32) int {
	p := r.plan
	if len(p.clauses) == 0 || len(p.order) == 0 {
		return 0
	}
	first := &p.clauses[0]
	if len(p.clauses) == 1 && len(p.order) == 1 && first.plain() {
		return orderly
	}
	more := bonus(s.name(doc, &r.hunt.leaf), p.order)
	if more == 0 || first.plain() {
		return more
	}
	s.read(doc, &r.hunt.leaf)
	if r.hunt.leaf.meets(first).field() != FieldName {
		return 0
	}
	return more
}

// reasonsOf gives the reasons of a contact, one for each clause.
func (p *plan) reasonsOf(s *segment, doc uint32, l *leaf) []reason {
	s.read(doc, l)
	var all []reason
	for i := range p.clauses {
		all = append(all, l.meets(&p.clauses[i]))
	}
	return all
}
