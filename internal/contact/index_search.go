package contact

import (
	"context"
	"slices"
)

// search carries out a plan: on the overlays of a tenant, and on its segments. Its lists are used again from search
// to search.
type search struct {
	plan   *plan
	podium podium
	met    []bool // for each clause: some contact has it

	hunt    hunt
	best    []reason // for each slot: why it meets the clause at hand; zero between clauses
	touched []uint32 // slots with a best
	rows    []uint32 // slots that meet all clauses so far
	why     []reason // for each row, for each clause
}

// run carries out the plan and, for words that no contact has, what may be meant instead.
func (r *search) run(ctx context.Context, t *tenantIndex, books []BookID, p *plan, limit int) {
	for again := true; again; {
		r.plan, r.podium, r.met = p, podium{limit: limit}, make([]bool, len(p.clauses))
		for _, s := range r.overlays(ctx, t, books) {
			if ctx.Err() != nil {
				return
			}
			r.visitSegment(ctx, s)
		}
		p, again = p.relaxed(r.met)
	}
}

// overlays searches the overlays, and gives the segments as they are at that moment.
func (r *search) overlays(ctx context.Context, t *tenantIndex, books []BookID) []placed {
	t.mu.RLock()
	defer t.mu.RUnlock()
	r.hunt.scope = append(r.hunt.scope[:0], make([]bool, len(t.books))...)
	known := t.known(books)
	for _, n := range known {
		r.hunt.scope[n] = true
	}
	if len(known) == 0 {
		return nil
	}
	for _, o := range []*overlay{t.frozen, t.active} {
		if o != nil && ctx.Err() == nil {
			r.visit(ctx, t, o)
		}
	}
	return slices.Clone(t.segments)
}

// visit offers what matches in an overlay to the podium.
func (r *search) visit(ctx context.Context, t *tenantIndex, s *overlay) {
	if missing := len(s.slots) - len(r.best); missing > 0 {
		r.best = append(r.best, make([]reason, missing)...)
	}
	r.everything(s)
	for i := range r.plan.clauses {
		if ctx.Err() != nil {
			return
		}
		if len(r.rows) == 0 && i > 0 && r.met[i] {
			continue
		}
		r.look(s, &r.plan.clauses[i])
		r.met[i] = r.met[i] || len(r.touched) > 0
		r.narrow(i)
	}
	r.offer(t, s)
}

// sees tells whether a slot is in use, and its book in scope.
func (r *search) sees(s *overlay, n uint32) bool { return s.live[n] && r.hunt.scope[s.slots[n].book] }

// everything makes rows of all contacts when there is no clause.
func (r *search) everything(s *overlay) {
	r.rows, r.why = r.rows[:0], r.why[:0]
	if len(r.plan.clauses) > 0 {
		return
	}
	for n := range uint32(len(s.slots)) {
		if r.sees(s, n) {
			r.rows = append(r.rows, n)
		}
	}
}

// look finds the slots that meet a clause.
func (r *search) look(s *overlay, c *clause) {
	if c.phrase != "" {
		r.lookForPhrase(s, c)
	}
	for _, n := range c.needles {
		l := s.lexicon(n.among)
		l.find(n.text, n.reach, func(id int, how way) {
			if n.among == amongNumbers {
				how = numeric(how)
			}
			l.postings(id, func(p posting) {
				if p.fields&c.fields != 0 && r.sees(s, p.slot) {
					r.note(p.slot, bestIn(p.fields&c.fields, how))
				}
			})
		})
	}
}

func (o *overlay) lexicon(k kind) *lexicon {
	switch k {
	case amongChunks:
		return &o.chunks
	case amongNumbers:
		return &o.numbers
	default:
		return &o.words
	}
}

// lookForPhrase reads the text of the slots that have the rarest word of the phrase, which is most likely the longest.
func (r *search) lookForPhrase(s *overlay, c *clause) {
	words := wordsOf(c.phrase)
	longest := slices.MaxFunc(words, func(a, b string) int { return len(a) - len(b) })
	reach := whole
	if longest == words[len(words)-1] {
		reach = atStart
	}
	s.words.find(longest, reach, func(id int, _ way) {
		s.words.postings(id, func(p posting) {
			if p.fields&c.fields == 0 || !r.sees(s, p.slot) {
				return
			}
			why := phraseIn(s.slots[p.slot].text, c.phrase, c.fields)
			if c.silent {
				why = why.weightless()
			}
			r.note(p.slot, why)
		})
	})
}

// note keeps the best reason for a slot.
func (r *search) note(n uint32, why reason) {
	if r.best[n] == 0 && why != 0 {
		r.touched = append(r.touched, n)
	}
	r.best[n] = max(r.best[n], why)
}

// narrow keeps the rows that meet clause i as well, and forgets what was noted.
func (r *search) narrow(i int) {
	width := len(r.plan.clauses)
	if i == 0 {
		r.rows = append(r.rows, r.touched...)
		r.why = slices.Grow(r.why, len(r.rows)*width)[:len(r.rows)*width]
	}
	kept := 0
	for k, n := range r.rows {
		if r.best[n] == 0 {
			continue
		}
		copy(r.why[kept*width:], r.why[k*width:k*width+i])
		r.why[kept*width+i] = r.best[n]
		r.rows[kept] = n
		kept++
	}
	r.rows = r.rows[:kept]
	for _, n := range r.touched {
		r.best[n] = 0
	}
	r.touched = r.touched[:0]
}

// offer shows the rows to the podium.
func (r *search) offer(t *tenantIndex, s *overlay) {
	width := len(r.plan.clauses)
	for k, n := range r.rows {
		c := &s.slots[n]
		if !c.tagged(r.plan.tags) {
			continue
		}
		why := r.why[k*width : (k+1)*width]
		r.podium.offer(found{score: r.score(c, why), name: c.name(), id: c.id, book: t.books[c.book].id, reasons: why})
	}
}

func (s *slot) tagged(keys []string) bool {
	for _, key := range keys {
		if !slices.ContainsFunc(s.tags, func(t tag) bool { return t.key == key }) {
			return false
		}
	}
	return true
}

func (r *search) score(c *slot, why []reason) int {
	score := 0
	for _, w := range why {
		score += w.weight()
	}
	// A word that begins a word of the name has no better reason than the name.
	if len(why) > 0 && why[0].field() == FieldName {
		score += bonus(c.name(), r.plan.order)
	}
	return score
}
