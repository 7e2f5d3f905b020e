package contact

import (
	"cmp"
	"container/heap"
	"context"
	"math/bits"
	"slices"
)

// lookCost is how many entries of lists are read in the time that looking at one contact takes.
const lookCost = 500

// maxLooks is how many contacts are looked at for a text with signs in it, where the terms of a segment leave more: the
// first by name. Whoever types more, or another word, is spared that. No other search is bounded.
const maxLooks = 4_000

// hunt carries out a plan on segments. Its lists are used again.
type hunt struct {
	maxLooks int     // is maxLooks, but in tests
	lookCost int     // is lookCost, but in tests
	scope    []bool  // for each book of the tenant
	inScope  []bool  // for each book of the segment
	wide     bool    // all of its books are in scope
	best     []uint8 // for each document, why it meets the clause at hand: the weight; zero between clauses
	touched  []uint32
	flags    []uint8 // for each document, of how many groups it is; zero between needles
	flagged  []uint32
	only     []uint8   // flags, while only what is flagged is marked
	finds    []finding // for the needles of all clauses
	starts   []int     // for each clause, where its findings begin; and where the last ends
	now      *finding
	met      termSet
	near     termSet
	rows     []row
	leaf     leaf
	standing ranking
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
	if len(r.plan.clauses) == 0 {
		h.everybody(s, r.plan.tags)
	} else if !r.narrowDown(ctx, s, members) {
		return
	}
	for _, key := range r.plan.tags {
		h.tagged(s.segment, key)
	}
	r.podium.total += len(h.rows)
	r.rank(s)
}

func (h *hunt) prepare(s placed) {
	if missing := s.n - len(h.best); missing > 0 {
		h.best, h.flags = append(h.best, make([]uint8, missing)...), append(h.flags, make([]uint8, missing)...)
	}
	h.inScope, h.wide, h.rows = h.inScope[:0], true, h.rows[:0]
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

// everybody makes rows of all contacts, or of those with the first tag.
func (h *hunt) everybody(s placed, tags []string) {
	if len(tags) == 0 {
		h.everyone(&s, func(doc uint32) { h.rows = append(h.rows, row{doc: doc}) })
		return
	}
	h.markTag(s.segment, tags[0])
	h.begin(&s)
}

// narrowDown makes rows of the contacts that meet all clauses. The clause with the fewest entries comes first. What
// is then cheaper than to go through the entries of a clause is to look at the rows. False when there are none.
func (r *search) narrowDown(ctx context.Context, s placed, members int) bool {
	h := &r.hunt
	costs, order := r.estimate(s.segment)
	if members*h.lookCost < costs[order[0]] {
		r.lookAtAll(&s)
		return len(h.rows) > 0
	}
	for k, i := range order {
		c := &r.plan.clauses[i]
		switch {
		case ctx.Err() != nil:
			h.rows = h.rows[:0]
			return false
		case k > 0 && len(h.rows) == 0 && r.met[i]:
		case k > 0 && len(h.rows) > 0 && len(h.rows)*h.lookCost < costs[i] && r.keepRows(&s, i):
			r.met[i] = true
		default:
			if k == 0 || !r.markRows(s, i) {
				r.mark(s, i)
			}
			r.met[i] = h.anySeen(&s) || r.met[i]
			if k == 0 {
				h.begin(&s)
			}
			h.narrow(c, r.plan)
		}
	}
	return len(h.rows) > 0
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
		h.now.certain = s.findPhrase(c, h)
		return
	}
	for _, n := range c.needles {
		h.now = h.finding()
		h.now.needle = n
		h.now.certain = h.findNeedle(s, n, maskOf(c.fields))
	}
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
		fewest := -1
		for _, g := range f.groups {
			if n := s.cost(g); fewest < 0 || n < fewest {
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

// markRows is mark for the rows alone, which costs less; false when none of them meets the clause, or when that is not
// certain from the terms.
func (r *search) markRows(s placed, i int) bool {
	h := &r.hunt
	if slices.ContainsFunc(h.finds[h.starts[i]:h.starts[i+1]], func(f finding) bool { return !f.certain }) {
		return false
	}
	for _, w := range h.rows {
		h.flags[w.doc] = 1
	}
	h.only = h.flags
	r.mark(s, i)
	h.only = nil
	for _, w := range h.rows {
		h.flags[w.doc] = 0
	}
	return len(h.touched) > 0
}

// lookAt notes the contacts that have what is looked for, of those that have its parts.
func (h *hunt) lookAt(s placed, f *finding, c *clause) {
	docs := slices.DeleteFunc(h.together(s.segment, f.groups), func(doc uint32) bool { return !h.sees(&s, doc) })
	if f.needle.among == amongChunks && len(docs) > h.maxLooks {
		slices.Sort(docs)
		docs = docs[:h.maxLooks]
	}
	for _, doc := range docs {
		s.read(doc, &h.leaf)
		if c.phrase != "" {
			h.note(doc, h.leaf.meets(c), c.silent)
		} else {
			h.note(doc, h.leaf.has(f.needle, c.fields), false)
		}
	}
}

func (h *hunt) note(doc uint32, why reason, silent bool) {
	weight := uint8(why.weight())
	if silent && why != 0 {
		weight = silentWeight
	}
	if h.best[doc] < weight {
		if h.best[doc] == 0 {
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

// markList is the loop in which a broad search spends its time, so it does what list.each does by itself.
func (h *hunt) markList(l *list, weight uint8) {
	if l.data == nil || l.dense {
		l.each(func(doc uint32) {
			if old := h.best[doc]; old < weight && (h.only == nil || h.only[doc] != 0) {
				if old == 0 {
					h.touched = append(h.touched, doc)
				}
				h.best[doc] = weight
			}
		})
		return
	}
	best, only, touched, doc := h.best, h.only, h.touched, uint32(0)
	for p := 0; p < len(l.data); {
		d := uint32(l.data[p])
		p++
		if d >= 0x80 {
			d &= 0x7f
			for shift := 7; ; shift += 7 {
				b := l.data[p]
				p++
				d |= uint32(b&0x7f) << shift
				if b < 0x80 {
					break
				}
			}
		}
		doc += d
		if only != nil && only[doc] == 0 {
			continue
		}
		if old := best[doc]; old < weight {
			if old == 0 {
				touched = append(touched, doc)
			}
			best[doc] = weight
		}
	}
	h.touched = touched
}

func (h *hunt) markTag(s *segment, key string) {
	if t, ok := s.term(termTag + key); ok {
		h.markTerms(s, []metTerm{{t, byExact, everyClass}}, true)
	}
}

// anySeen tells whether one of the touched contacts is in scope.
func (h *hunt) anySeen(s *placed) bool {
	return slices.ContainsFunc(h.touched, func(doc uint32) bool { return h.sees(s, doc) })
}

// begin makes rows of what was touched.
func (h *hunt) begin(s *placed) {
	for _, doc := range h.touched {
		if h.sees(s, doc) {
			h.rows = append(h.rows, row{doc: doc, able: true})
		}
	}
}

// narrow keeps the rows that were touched, and forgets what was noted.
func (h *hunt) narrow(c *clause, p *plan) {
	kept := h.rows[:0]
	for _, r := range h.rows {
		if w := h.best[r.doc]; w > 0 {
			kept = append(kept, r.with(w, c))
		}
	}
	h.rows = kept
	h.forget()
}

func (h *hunt) forget() {
	for _, doc := range h.touched {
		h.best[doc] = 0
	}
	h.touched = h.touched[:0]
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
		if all {
			h.rows = append(h.rows, w)
		}
	})
}

// tagged keeps the rows that have a tag.
func (h *hunt) tagged(s *segment, key string) {
	h.forget()
	h.markTag(s, key)
	h.rows = slices.DeleteFunc(h.rows, func(w row) bool { return h.best[w.doc] == 0 })
	h.forget()
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
	for _, kind := range h.kinds() {
		if len(h.standing) == r.podium.limit && h.standing[0].score > kind.highest() {
			break
		}
		r.rankKind(s, kind)
	}
	for _, w := range h.standing {
		r.podium.show(found{score: int(w.score), name: s.name(w.doc, &h.leaf), id: ID(s.ids.at(int(w.doc))), book: s.bookAt(int(w.doc)), segment: s.segment, doc: w.doc})
	}
}

// kinds gives the rows without their documents, each kind once, the highest first.
func (h *hunt) kinds() []row {
	var all []row
	for _, w := range h.rows {
		w.doc = 0
		if !slices.Contains(all, w) {
			all = append(all, w)
		}
	}
	slices.SortFunc(all, func(a, b row) int { return cmp.Compare(b.highest(), a.highest()) })
	return all
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
	for i, word := range h.met {
		for ; word != 0; word &= word - 1 {
			w := row{doc: uint32(64*i + bits.TrailingZeros64(word)), score: kind.highest()}
			full := len(h.standing) == r.podium.limit
			if full && !w.before(h.standing[0]) {
				return
			}
			if kind.able && !r.orderly(s, w.doc) {
				w.score = kind.score
			}
			h.standing.take(w, full)
		}
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

// orderly tells whether all words of the query begin words of the name, in the order in which they were typed.
func (r *search) orderly(s placed, doc uint32) bool {
	p := r.plan
	if len(p.clauses) == 0 || len(p.order) == 0 {
		return false
	}
	first := &p.clauses[0]
	if len(p.clauses) == 1 && len(p.order) == 1 && first.plain() {
		return true
	}
	if !inOrder(s.name(doc, &r.hunt.leaf), p.order) {
		return false
	}
	if first.plain() {
		return true
	}
	s.read(doc, &r.hunt.leaf)
	return r.hunt.leaf.meets(first).field() == FieldName
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
