package contact

import (
	"encoding/binary"
	"iter"
	"slices"
	"sort"
	"unicode/utf8"
)

// The beginnings of one letter and the parts of two and three bytes stand in so many contacts that counting these took
// longest of all. A segment keeps how many there are, and the best of them are found without going through the rest.
// Where very many words have a part, there are lists of the contacts as well, as if the words were one: these stand in
// posts behind those of the terms.

// often is what makes a part of a word popular.
type often struct {
	contacts int // how many have it at least, for a segment to keep their number
	words    int // how many begin with it, or have it inside, for a segment to keep lists of these
}

var veryOften = often{contacts: 2048, words: 1024}

// maxPopularHidden is up to how many contacts that are no more are looked at, to leave them out of that number.
const maxPopularHidden = 500

// popularSize is how many numbers tell of a part in segment.popular: itself, how many contacts have it, and the places
// in posts of the lists of words that begin with it and of words that have it inside, or zero.
const popularSize = 4

// popularity is what a segment keeps of a part of a word.
type popularity struct {
	contacts        int
	prefixes, inner int // places in posts, or zero
}

// census counts the contacts of the parts of words.
type census struct {
	*segment
	often
	set    bitSet
	best   []uint8
	merged []uint32 // what is to stand in posts behind the terms
}

// countPopular writes how many contacts have each part of a word that many have.
func (s *segment) countPopular(o often) {
	if s.n < o.contacts {
		return
	}
	c := &census{segment: s, often: o, best: make([]uint8, s.n)}
	for b := termWord[0] + 1; b < utf8.RuneSelf; b++ {
		c.count(uint32(b), between(s.beginning(string(rune(b)))))
	}
	for from := 0; from < s.gramKeys.len(); {
		to := s.alike(from, 16)
		if key := s.gramKeys.at(from) >> 16 << 16; key<<8 != 0 {
			c.count(key, s.termsOf(from, to))
		}
		for from < to {
			next := s.alike(from, 8)
			if key := s.gramKeys.at(from) >> 8 << 8; key<<16 != 0 {
				c.threeBytes(key, from, next)
			}
			from = next
		}
	}
	for _, at := range c.merged {
		s.posts = binary.LittleEndian.AppendUint32(s.posts, at)
	}
}

// count writes how many contacts have one of the terms.
func (c *census) count(key uint32, terms iter.Seq[int]) {
	c.set.reset(c.n)
	var l list
	for t := range terms {
		for r := c.lists(t); r.next(&l); {
			l.addTo(c.set)
		}
	}
	c.note(key, popularity{contacts: c.set.count()})
}

func (c *census) note(key uint32, p popularity) {
	if p.contacts < c.often.contacts {
		return
	}
	for _, v := range [popularSize]uint32{key, uint32(p.contacts), uint32(p.prefixes), uint32(p.inner)} {
		c.popular = binary.LittleEndian.AppendUint32(c.popular, v)
	}
}

// threeBytes writes what is kept of a part that some grams begin with.
func (c *census) threeBytes(key uint32, from, to int) {
	text := string([]byte{byte(key >> 24), byte(key >> 16), byte(key >> 8)})
	if !utf8.ValidString(text) {
		return // nobody types half a letter
	}
	first, end := c.beginning(text)
	inside := -(end - first)
	for range c.termsOf(from, to) {
		inside++
	}
	if inside < c.often.words && end-first < c.often.words {
		c.count(key, c.termsOf(from, to))
		return
	}
	c.note(key, c.merge(text, first, end, c.termsOf(from, to), end-first >= c.often.words, inside >= c.often.words))
}

// merge makes one list of those of many words. A contact stands in the list of the heaviest way and class alone, or in
// none when it has the part as a whole word: that is a term of its own.
func (c *census) merge(text string, from, to int, terms iter.Seq[int], prefixes, inner bool) (p popularity) {
	clear(c.best)
	var l list
	for t := range terms {
		how := c.how(text, t, from, to)
		for r := c.lists(t); r.next(&l); {
			weight := classWeight(l.class, how)
			for doc := range l.all() {
				c.best[doc] = max(c.best[doc], weight)
			}
		}
	}
	var of [256]*gathering
	var begins, contains [classAddress + 1]gathering
	for class := range class(classAddress + 1) {
		begins[class].class, contains[class].class = class, class
		if inner {
			of[classWeight(class, byInner)] = &contains[class]
		}
	}
	for class := range class(classAddress + 1) {
		if prefixes {
			of[classWeight(class, byPrefix)] = &begins[class]
		}
	}
	for doc, weight := range c.best {
		if weight > 0 {
			p.contacts++
		}
		if g := of[weight]; g != nil {
			g.add(uint32(doc))
		}
	}
	if p.contacts >= c.often.contacts {
		p.prefixes, p.inner = c.write(begins[:]), c.write(contains[:])
	}
	return p
}

// how is how a word has a text in it; the words from one to before another begin with it.
func (s *segment) how(text string, t, from, to int) way {
	switch {
	case t < from || t >= to:
		return byInner
	case len(s.terms.at(t)) > len(text):
		return byPrefix
	}
	return byExact
}

// write writes lists, and gives their place in posts: zero when all are empty.
func (c *census) write(all []gathering) int {
	at, mask := len(c.listData), byte(0)
	c.listData = append(c.listData, 0)
	for i := range all {
		if all[i].n > 0 {
			mask |= 1 << all[i].class
			c.listData = all[i].appendTo(c.listData, c.n)
		}
	}
	if mask == 0 {
		c.listData = c.listData[:at]
		return 0
	}
	c.listData[at] = mask
	c.merged = append(c.merged, uint32(at))
	return c.terms.len() + len(c.merged) - 1
}

func between(from, to int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := from; i < to && yield(i); i++ {
		}
	}
}

// alike is the first of the grams behind one that differs in more than its last bits.
func (s *segment) alike(from int, last int) int {
	key := s.gramKeys.at(from) >> last
	to := from + 1
	for to < s.gramKeys.len() && s.gramKeys.at(to)>>last == key {
		to++
	}
	return to
}

// termsOf gives the words of some grams, some more than once.
func (s *segment) termsOf(from, to int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := from; i < to; i++ {
			s.gram(i, func(t int) { yield(t) })
		}
	}
}

// popularOf gives what is kept of a part of a word; false when that is nothing.
func (s *segment) popularOf(n needle) (p popularity, ok bool) {
	key := uint32(0)
	switch {
	case n.reach == atStart && len(n.text) == 1:
		key = uint32(n.text[0])
	case n.reach == anywhere && len(n.text) > 1 && len(n.text) < 4:
		key = gramKey(n.text, 0)
	default:
		return p, false
	}
	size := s.popular.len() / popularSize
	i := popularSize * sort.Search(size, func(i int) bool { return s.popular.at(popularSize*i) >= key })
	if i == s.popular.len() || s.popular.at(i) != key {
		return p, false
	}
	return popularity{int(s.popular.at(i + 1)), int(s.popular.at(i + 2)), int(s.popular.at(i + 3))}, true
}

// visitPopular carries out a plan that is a single word, of which the number of contacts is known; false when it is
// another plan.
func (r *search) visitPopular(s placed) bool {
	h, p := &r.hunt, r.plan
	if len(p.clauses) != 1 || len(p.order) != 1 || len(p.tags) > 0 || !p.clauses[0].plain() || !h.wide || s.hidden.n > maxPopularHidden {
		return false
	}
	known, ok := s.popularOf(p.clauses[0].needles[0])
	if !ok {
		return false
	}
	n := known.contacts
	for doc := range s.hidden.all() {
		s.read(doc, &h.leaf)
		if h.leaf.meets(&p.clauses[0]) != 0 {
			n--
		}
	}
	r.met[0] = r.met[0] || n > 0
	r.podium.total += n
	h.leaders(s, &p.clauses[0], r.podium.limit)
	r.rank(s)
	return true
}

// level is a way to meet a word and a class to meet it in.
type level struct {
	how    way
	class  class
	weight uint8
}

// levels are the ways and classes in which a part of a word is met, the heaviest first.
var levels = func() (all []level) {
	for c := range class(classes) {
		for _, how := range []way{byExact, byPrefix, byInner} {
			all = append(all, level{how, c, classWeight(c, how)})
		}
	}
	slices.SortStableFunc(all, func(a, b level) int { return int(b.weight) - int(a.weight) })
	return all
}()

// leaders makes rows of the first contacts that meet a word, level by level, until there are enough.
func (h *hunt) leaders(s placed, c *clause, limit int) {
	n := c.needles[0]
	var terms [byExact + 1][]metTerm
	add := func(t int, how way) { terms[how] = append(terms[how], metTerm{term: t}) }
	s.beginningWith(n, add)
	inner := n.reach != anywhere
	h.met.reset(s.n)
	for i := 0; i < len(levels) && len(h.rows) < limit; {
		weight := levels[i].weight
		h.first.open(limit - len(h.rows))
		for ; i < len(levels) && levels[i].weight == weight; i++ {
			if levels[i].how == byInner && !inner {
				inner = true
				s.inside(n, &h.near, add)
			}
			h.firstIn(s, terms[levels[i].how], levels[i].class)
		}
		for _, doc := range h.first.close() {
			h.met.add(int(doc))
			h.rows = append(h.rows, row{doc: doc, able: true}.with(weight, c))
		}
	}
}

// beginningWith gives the words that begin with a needle, or what stands for them.
func (s *segment) beginningWith(n needle, give func(term int, how way)) {
	p, _ := s.popularOf(n)
	if p.prefixes == 0 {
		s.starting(n.text, give)
		return
	}
	if t, ok := s.term(n.text); ok {
		give(t, byExact)
	}
	give(p.prefixes, byPrefix)
}

// inside gives the words that have a needle in them and do not begin with it, or what stands for them.
func (s *segment) inside(n needle, seen *bitSet, give func(term int, how way)) {
	if p, _ := s.popularOf(n); p.inner != 0 {
		give(p.inner, byInner)
		return
	}
	from, to := s.beginning(n.text)
	s.containing(n.text, seen, func(t int) {
		if t < from || t >= to {
			give(t, byInner)
		}
	})
}

// firstIn offers the contacts with one of the terms in a class, as far as they are among the first.
func (h *hunt) firstIn(s placed, terms []metTerm, c class) {
	var l list
	for _, m := range terms {
		for r := s.lists(m.term); r.next(&l); {
			if l.class != c {
				continue
			}
			for doc := range l.all() {
				if doc >= h.first.bound {
					break
				}
				if !h.met.has(doc) && !s.hidden.has(doc) {
					h.first.offer(doc)
				}
			}
		}
	}
}

// earliest keeps the lowest numbers of those that it is offered.
type earliest struct {
	limit int
	bound uint32 // what is not below is not among them
	docs  []uint32
}

func (e *earliest) open(limit int) { e.limit, e.bound, e.docs = limit, maxDocs, e.docs[:0] }

func (e *earliest) offer(doc uint32) {
	if e.docs = append(e.docs, doc); len(e.docs) >= 4*e.limit {
		e.close()
	}
}

// close gives the lowest numbers, in order.
func (e *earliest) close() []uint32 {
	slices.Sort(e.docs)
	e.docs = slices.Compact(e.docs)
	if len(e.docs) >= e.limit {
		e.docs = e.docs[:e.limit]
		e.bound = e.docs[e.limit-1]
	}
	return e.docs
}
