package contact

import (
	"cmp"
	"container/heap"
	"math/bits"
	"slices"
	"strings"
)

// Match is how a word of the query was found.
type Match string

// The ways of matching, best first.
const (
	Exact  Match = "exact"  // a whole word, or a whole phone number
	Prefix Match = "prefix" // the beginning of a word
	Digits Match = "digits" // part of a phone number
	Inner  Match = "inner"  // somewhere in a word
	Typo   Match = "typo"   // a whole word with one slip of the finger
)

// Reason says why a contact was found: in which field, and how.
type Reason struct {
	Field Field
	How   Match
}

// Hit is a contact that was found.
type Hit struct {
	ID      ID
	Book    BookID
	Score   int // higher is better; comparable within one query
	Reasons []Reason
}

// The order of hits. A word counts the weight of the field in which it was found times the weight of how; when it was
// found in several fields or ways, the best counts. The score of a contact is the sum over the words, plus orderly
// when all words begin words of the name, in the order in which they were typed, or outOfOrder when they begin as many words
// of the name in another order. Equal scores are ordered by the folded name, then by id.
//
//	               exact 8  prefix 6  digits 6  inner 3  typo 1
//	name        10    80       60        –        30       10
//	e-mail       7    56       42        –        21        7
//	phone        7    56        –       42         –        –
//	company…     5    40       30        –        15        5     also department, job, tags
//	the rest     3    24       18        –         9        3
const (
	orderly    = 15
	outOfOrder = 8
)

// way is a Match inside the index, where the greater is the better.
type way uint8

const (
	bySlip way = iota
	byInner
	byDigits
	byPrefix
	byExact
)

var ways = [...]struct {
	match  Match
	weight uint32
}{bySlip: {Typo, 1}, byInner: {Inner, 3}, byDigits: {Digits, 6}, byPrefix: {Prefix, 6}, byExact: {Exact, 8}}

// fieldClasses are the fields of equal weight, the heaviest first.
var fieldClasses = [...]struct {
	fields fieldSet
	weight uint32
}{
	{setOf(FieldName), 10},
	{setOf(FieldEmail, FieldBusiness, FieldMobile, FieldHome, FieldFax), 7},
	{setOf(FieldCompany, FieldDepartment, FieldJob, FieldTags), 5},
	{everyField, 3},
}

// fieldSet is a set of fields: bit i stands for Fields[i].
type fieldSet uint32

const everyField = ^fieldSet(0)

func setOf(fields ...Field) fieldSet {
	var s fieldSet
	for _, f := range fields {
		s |= 1 << slices.Index(Fields, f)
	}
	return s
}

// reason is a Reason and its weight in one number, so that the greater is the better: weight, field, way.
// Zero is none.
type reason uint32

// bestIn is the reason to give for a match in any of the fields, of which there is at least one.
func bestIn(fields fieldSet, how way) reason {
	for i := range fieldClasses {
		class := &fieldClasses[i]
		if in := fields & class.fields; in != 0 {
			field := bits.TrailingZeros32(uint32(in))
			return reason(class.weight*ways[how].weight<<16 | uint32(31-field)<<8 | uint32(how))
		}
	}
	return 0
}

func (r reason) weight() int { return int(r >> 16) }

// weightless is the reason of a restriction, which does not make one contact better than another.
func (r reason) weightless() reason { return r & 0xffff }

func (r reason) field() Field { return Fields[31-(r>>8&0xff)] }

func (r reason) told() Reason { return Reason{Field: r.field(), How: ways[r&0xff].match} }

// found is a contact that matched.
type found struct {
	score   int
	name    string // folded
	id      ID
	book    BookID
	reasons []reason // one for each clause; nil when segment tells them

	segment *segment
	doc     uint32
}

func (f *found) compare(g *found) int {
	if f.score != g.score {
		return g.score - f.score
	}
	if n := strings.Compare(f.name, g.name); n != 0 {
		return n
	}
	return cmp.Or(cmp.Compare(f.id, g.id), cmp.Compare(f.book, g.book))
}

// podium keeps the best of what was found, the worst of them on top of the heap, and counts all.
type podium struct {
	limit int
	total int
	best  []found
}

func (p *podium) Len() int           { return len(p.best) }
func (p *podium) Less(i, j int) bool { return p.best[i].compare(&p.best[j]) > 0 }
func (p *podium) Swap(i, j int)      { p.best[i], p.best[j] = p.best[j], p.best[i] }
func (p *podium) Push(x any)         { p.best = append(p.best, x.(found)) }
func (p *podium) Pop() any {
	last := p.best[len(p.best)-1]
	p.best = p.best[:len(p.best)-1]
	return last
}

// offer counts a contact and shows it to the podium, which copies the reasons when it keeps it.
func (p *podium) offer(f found) {
	p.total++
	p.show(f)
}

// show keeps a contact when it is one of the best.
func (p *podium) show(f found) {
	switch {
	case p.limit <= 0:
	case len(p.best) < p.limit:
		f.reasons = slices.Clone(f.reasons)
		heap.Push(p, f)
	case f.compare(&p.best[0]) < 0:
		f.reasons = slices.Clone(f.reasons)
		p.best[0] = f
		heap.Fix(p, 0)
	}
}

// hits gives what was kept, best first.
func (r *search) hits() []Hit {
	p := &r.podium
	slices.SortFunc(p.best, func(f, g found) int { return f.compare(&g) })
	hits := make([]Hit, len(p.best))
	for i, f := range p.best {
		if f.segment != nil {
			f.reasons = r.plan.reasonsOf(f.segment, f.doc, &r.hunt.leaf)
		}
		hits[i] = Hit{ID: f.id, Book: f.book, Score: f.score, Reasons: toldAll(f.reasons)}
	}
	return hits
}

// toldAll gives each reason once, in the order of the clauses.
func toldAll(all []reason) []Reason {
	var told []Reason
	for _, r := range all {
		if t := r.told(); !slices.Contains(told, t) {
			told = append(told, t)
		}
	}
	return told
}

// bonus is what a name adds to the score for the words of the query, each with a blank before it.
func bonus(name string, words []string) int {
	switch {
	case inOrder(name, words):
		return orderly
	case beginApart(name, words):
		return outOfOrder
	}
	return 0
}

// inOrder tells whether every word begins a word of the name, in this order. Each has a blank before it.
func inOrder(name string, words []string) bool {
	for _, w := range words {
		i := strings.Index(name, w)
		if i < 0 {
			return false
		}
		name = name[i+len(w):]
	}
	return len(words) > 0
}

// beginApart tells whether every word begins a word of the name that is there for no other. The longest words choose
// first: what they begin with, shorter ones may begin with as well, but not the other way round.
func beginApart(name string, words []string) bool {
	names := strings.Fields(name)
	if len(words) == 0 || len(words) > len(names) {
		return false
	}
	for _, w := range slices.SortedStableFunc(slices.Values(words), func(a, b string) int { return len(b) - len(a) }) {
		i := slices.IndexFunc(names, func(n string) bool { return strings.HasPrefix(n, w[1:]) })
		if i < 0 {
			return false
		}
		names = slices.Delete(names, i, i+1)
	}
	return true
}
