package contact

import (
	"encoding/binary"
	"iter"
	"math/bits"
)

// The parts that a segment is made of: numbers of four bytes, texts of any length, and lists of rising numbers.

// u32s are numbers of four bytes, the lowest first.
type u32s []byte

func (a u32s) at(i int) uint32 { return binary.LittleEndian.Uint32(a[4*i:]) }
func (a u32s) len() int        { return len(a) / 4 }

// blobs are texts one behind the other. ends has where each begins, and where the last ends.
type blobs struct {
	ends u32s
	data []byte
}

func (b blobs) at(i int) []byte { return b.data[b.ends.at(i):b.ends.at(i+1)] }
func (b blobs) len() int        { return max(b.ends.len()-1, 0) }

// class is a set of fields that are of equal weight in the order of hits, and of equal interest to restrictions.
type class uint8

// The classes. The last two are of equal weight; a restriction asks for the first of these.
const (
	classes      = 5
	classCompany = 2 // with department, job and tags
	classAddress = 3
)

// fieldsOf are the fields of each class.
var fieldsOf = [classes]fieldSet{
	fieldClasses[0].fields, fieldClasses[1].fields, fieldClasses[2].fields, setOf(FieldAddress),
	everyField &^ (fieldClasses[0].fields | fieldClasses[1].fields | fieldClasses[2].fields | setOf(FieldAddress)),
}

// classOf is the class of each field, by its place in Fields.
var classOf = func() (all [32]class) {
	for f := range all {
		for c, fields := range fieldsOf {
			if fields>>f&1 != 0 {
				all[f] = class(c)
			}
		}
	}
	return all
}()

// classWeight is what a word adds to the score when it is found in a class in some way.
func classWeight(c class, how way) uint8 {
	return uint8(fieldClasses[min(int(c), classAddress)].weight * ways[how].weight)
}

// posting lists: those of a word are a byte with a bit for each class that has one, and for each of these, in order,
// n, as a varint, times two, plus one when what follows is a bit for every document of the segment. Otherwise what
// follows is the length in bytes, as a varint, and varints: the first document plus one, and the distances to the next
// ones; a zero says that as many documents as the next varint tells follow one on the other, as those with one first
// name do, since documents are in the order of names. A word that stands in one document and class has no list: the
// document takes its place.
//
// A document whose list in a class cannot matter is left out of it: see builder.spare.
const (
	alone      = 1 << 31
	maxDocs    = 1 << 28
	classShift = 28
)

// list is the documents with a word in one class.
type list struct {
	class class
	n     int
	only  uint32 // the document, when there is one and no data
	dense bool
	data  []byte
}

// listReader goes through the lists of a word.
type listReader struct {
	rest []byte
	mask byte
	only uint32
	docs int // of the segment
}

// lists gives the lists of a term.
func (s *segment) lists(term int) listReader {
	at := s.posts.at(term)
	if at&alone != 0 {
		return listReader{mask: 1 << (at >> classShift & 7), only: at & (maxDocs - 1)}
	}
	return listReader{mask: s.listData[at], rest: s.listData[at+1:], docs: s.n}
}

// next gives the next list; false when there is none.
func (r *listReader) next(l *list) bool {
	if r.mask == 0 {
		return false
	}
	l.class = class(bits.TrailingZeros8(r.mask))
	r.mask &= r.mask - 1
	if r.rest == nil {
		*l = list{class: l.class, n: 1, only: r.only}
		return true
	}
	n, k := binary.Uvarint(r.rest)
	r.rest = r.rest[k:]
	l.n, l.dense = int(n>>1), n&1 != 0
	size := (r.docs + 7) / 8
	if !l.dense {
		length, k := binary.Uvarint(r.rest)
		r.rest = r.rest[k:]
		size = int(length)
	}
	l.data, r.rest = r.rest[:size], r.rest[size:]
	return true
}

// all gives the documents of a list, in order.
func (l *list) all() iter.Seq[uint32] {
	return func(yield func(doc uint32) bool) {
		switch {
		case l.data == nil:
			yield(l.only)
		case l.dense:
			for i, b := range l.data {
				for ; b != 0; b &= b - 1 {
					if !yield(uint32(8*i + bits.TrailingZeros8(b))) {
						return
					}
				}
			}
		default:
			for r := (runs{rest: l.data}); r.next(); {
				for doc := r.from; doc < r.to; doc++ {
					if !yield(doc) {
						return
					}
				}
			}
		}
	}
}

// runs goes through the documents of a list that is not dense: those from the one to before the other, then the next.
type runs struct {
	rest     []byte
	from, to uint32
}

func (r *runs) next() bool {
	if len(r.rest) == 0 {
		return false
	}
	d := r.varint()
	if d == 0 {
		r.from = r.to
		r.to += r.varint()
		return true
	}
	r.from = r.to + d - 1
	r.to = r.from + 1
	return true
}

func (r *runs) varint() uint32 {
	b := r.rest[0]
	if b < 0x80 {
		r.rest = r.rest[1:]
		return uint32(b)
	}
	d, k := uint32(b&0x7f), 1
	for shift := 7; ; shift += 7 {
		b := r.rest[k]
		k++
		d |= uint32(b&0x7f) << shift
		if b < 0x80 {
			r.rest = r.rest[k:]
			return d
		}
	}
}

// has tells whether a document is in a list that is dense.
func (l *list) has(doc uint32) bool { return l.data[doc/8]>>(doc%8)&1 != 0 }

// addTo puts the documents into a set.
func (l *list) addTo(set bitSet) {
	switch {
	case l.data == nil:
		set.add(int(l.only))
	case l.dense:
		set.addBytes(l.data)
	default:
		for r := (runs{rest: l.data}); r.next(); {
			for doc := r.from; doc < r.to; doc++ {
				set[doc/64] |= 1 << (doc % 64)
			}
		}
	}
}

// gathering is a list that is being made.
type gathering struct {
	data  []byte
	last  uint32
	n     uint32
	run   uint32 // how many documents up to the last follow on the one before, and are not in data yet
	class class
	next  uint32 // the list of the same word in another class, or zero
}

// add takes a document in, which is the last one or a later one.
func (g *gathering) add(doc uint32) {
	switch {
	case g.n == 0:
	case doc == g.last:
		return
	case doc == g.last+1:
		g.begin()
		g.run++
	default:
		g.begin()
		g.endRun()
		g.data = binary.AppendUvarint(g.data, uint64(doc-g.last))
	}
	g.last = doc
	g.n++
}

// begin writes the first document, which waits until there is another one.
func (g *gathering) begin() {
	if g.data == nil {
		g.data = binary.AppendUvarint(make([]byte, 0, 8), uint64(g.last)+1)
	}
}

// endRun writes the run, in the shorter of two ways.
func (g *gathering) endRun() {
	if g.run > 2 {
		g.data = binary.AppendUvarint(append(g.data, 0), uint64(g.run))
		g.run = 0
	}
	for ; g.run > 0; g.run-- {
		g.data = append(g.data, 1)
	}
}

// appendTo writes the list behind its class.
func (g *gathering) appendTo(dst []byte, docs int) []byte {
	g.begin()
	g.endRun()
	if len(g.data) <= (docs+7)/8 {
		dst = binary.AppendUvarint(dst, uint64(g.n)<<1)
		dst = binary.AppendUvarint(dst, uint64(len(g.data)))
		return append(dst, g.data...)
	}
	set := make([]byte, (docs+7)/8)
	l := list{data: g.data}
	for doc := range l.all() {
		set[doc/8] |= 1 << (doc % 8)
	}
	dst = binary.AppendUvarint(dst, uint64(g.n)<<1|1)
	return append(dst, set...)
}

// bitSet is a set of numbers, of documents or of terms.
type bitSet []uint64

// reset makes the set empty, with room for the numbers below n.
func (t *bitSet) reset(n int) {
	size := (n + 63) / 64
	if cap(*t) < size {
		*t = make(bitSet, size)
	}
	*t = (*t)[:size]
	clear(*t)
}

func (t bitSet) has(n uint32) bool { return t[n/64]>>(n%64)&1 != 0 }

// add puts a number in; false when it is in already.
func (t bitSet) add(n int) bool {
	word, bit := &t[n/64], uint64(1)<<(n%64)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	return true
}

// addBytes adds what a dense list has.
func (t bitSet) addBytes(b []byte) {
	whole := len(b) / 8
	for i := range whole {
		t[i] |= binary.LittleEndian.Uint64(b[8*i:])
	}
	for i := 8 * whole; i < len(b); i++ {
		t[whole] |= uint64(b[i]) << (8 * (i % 8))
	}
}

// keep takes out what is not in another set of the same size.
func (t bitSet) keep(other bitSet) {
	for i := range t {
		t[i] &= other[i]
	}
}

func (t bitSet) count() int {
	n := 0
	for _, word := range t {
		n += bits.OnesCount64(word)
	}
	return n
}

// all gives the numbers, in order.
func (t bitSet) all() iter.Seq[uint32] {
	return func(yield func(n uint32) bool) {
		for i, word := range t {
			for ; word != 0; word &= word - 1 {
				if !yield(uint32(64*i + bits.TrailingZeros64(word))) {
					return
				}
			}
		}
	}
}

// drop takes out the numbers for which gone says so, unless it is known to say so for none.
func (t bitSet) drop(gone func(n uint32) bool, none bool) {
	if none {
		return
	}
	for n := range t.all() {
		if gone(n) {
			t[n/64] &^= 1 << (n % 64)
		}
	}
}
