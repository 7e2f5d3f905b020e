package contact

import (
	"bytes"
	"hash/maphash"
	"sort"
	"unicode/utf8"
)

// lexicon is the distinct words of a book and where each stands. It is one long text, so that a fragment is found in
// all words by one scan, which runs at the speed of memory; and it has few pointers, so that many words cost the
// garbage collector little.
type lexicon struct {
	text  []byte   // a zero byte, then every word with a zero byte behind it
	terms []term   // by number, in the order of text
	table []uint32 // hash table of the numbers, plus one; zero is free
	seed  maphash.Seed
}

// term is a word of a lexicon.
type term struct {
	start uint32 // where it begins in text
	hash  uint32
	first posting // most words stand in one contact only
	more  []posting
}

// posting says in which fields of a slot a word stands.
type posting struct {
	slot   uint32
	fields fieldSet
}

func newLexicon() lexicon {
	return lexicon{text: []byte{0}, table: make([]uint32, 64), seed: maphash.MakeSeed()}
}

// add notes that a word stands in a field of a slot. Slots come in rising order.
func (l *lexicon) add(word string, slot uint32, field fieldSet) {
	hash := l.hash(word)
	id := l.number(word, hash)
	if id < 0 {
		l.coin(word, hash, posting{slot, field})
		return
	}
	t := &l.terms[id]
	last := &t.first
	if n := len(t.more); n > 0 {
		last = &t.more[n-1]
	}
	if last.slot == slot {
		last.fields |= field
		return
	}
	t.more = append(t.more, posting{slot, field})
}

func (l *lexicon) hash(word string) uint32 { return uint32(maphash.String(l.seed, word)) }

// number finds a word; -1 when it is not there.
func (l *lexicon) number(word string, hash uint32) int {
	for i := l.place(hash); l.table[i] != 0; i = l.place(i + 1) {
		id := int(l.table[i]) - 1
		if l.terms[id].hash == hash && string(l.word(id)) == word {
			return id
		}
	}
	return -1
}

// place is where in the table a search for a hash begins. The length of the table is a power of two.
func (l *lexicon) place(hash uint32) uint32 { return hash & uint32(len(l.table)-1) }

// coin takes a new word in.
func (l *lexicon) coin(word string, hash uint32, first posting) {
	l.terms = append(l.terms, term{start: uint32(len(l.text)), hash: hash, first: first})
	l.text = append(append(l.text, word...), 0)
	if len(l.terms) > len(l.table)/2 {
		l.table = make([]uint32, 2*len(l.table))
		for id := range l.terms[:len(l.terms)-1] {
			l.enter(id)
		}
	}
	l.enter(len(l.terms) - 1)
}

func (l *lexicon) enter(id int) {
	i := l.place(l.terms[id].hash)
	for l.table[i] != 0 {
		i = l.place(i + 1)
	}
	l.table[i] = uint32(id + 1)
}

// postings gives where a word stands.
func (l *lexicon) postings(id int, give func(posting)) {
	give(l.terms[id].first)
	for _, p := range l.terms[id].more {
		give(p)
	}
}

func (l *lexicon) word(id int) []byte { return l.text[l.terms[id].start:l.end(id)] }

// end is where the zero byte behind a word is.
func (l *lexicon) end(id int) int {
	if id+1 < len(l.terms) {
		return int(l.terms[id+1].start) - 1
	}
	return len(l.text) - 1
}

// reach is how much of a word must agree.
type reach int

const (
	anywhere reach = iota
	atStart
	atEnd
	whole
	slipped // whole, but for one slip of the finger
)

// find gives each word that has term in it as far as reach asks, once, and how it was found.
func (l *lexicon) find(term string, r reach, give func(id int, how way)) {
	switch r {
	case whole:
		if id := l.number(term, l.hash(term)); id >= 0 {
			give(id, byExact)
		}
	case slipped:
		l.slips(term, give)
	case atStart:
		l.scan("\x00"+term, 1, len(term), give)
	case atEnd:
		l.scan(term+"\x00", 0, len(term), give)
	case anywhere:
		l.scan(term, 0, len(term), give)
	}
}

// scan finds the words that contain pattern, in which the term of n bytes begins at lead.
func (l *lexicon) scan(pattern string, lead, n int, give func(id int, how way)) {
	p, id, from := []byte(pattern), 0, 0
	for {
		i := bytes.Index(l.text[from:], p)
		if i < 0 {
			return
		}
		at := from + i + lead
		id = l.wordAt(at, id)
		give(id, l.how(at, at+n))
		from = l.end(id) // what begins a word is found first in it, so the first is the best
	}
}

// wordAt is the word that stands at a position; it is known to be id or a later one.
func (l *lexicon) wordAt(at, id int) int {
	step := 1
	for id+step < len(l.terms) && int(l.terms[id+step].start) <= at {
		id += step
		step *= 2
	}
	later := sort.Search(min(step, len(l.terms)-id), func(i int) bool { return int(l.terms[id+i].start) > at })
	return id + later - 1
}

func (l *lexicon) how(from, to int) way {
	switch {
	case l.text[from-1] != 0:
		return byInner
	case l.text[to] != 0:
		return byPrefix
	default:
		return byExact
	}
}

func (l *lexicon) slips(term string, give func(id int, how way)) {
	for id := range l.terms {
		if slips(l.word(id), []byte(term)) {
			give(id, bySlip)
		}
	}
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// oneSlip tells whether a becomes b by one letter put in, left out, replaced, or by two neighbours changing places.
func oneSlip[E byte | rune](a, b []E) bool {
	a, b = differing(a, b)
	if len(a) == 2 && len(b) == 2 {
		return a[0] == b[1] && a[1] == b[0]
	}
	return len(a)+len(b) > 0 && len(a) < 2 && len(b) < 2
}

// differing gives what is left of two words without the beginning and the end that they share.
func differing[E byte | rune](a, b []E) (x, y []E) {
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return a, b
}
