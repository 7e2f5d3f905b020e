package contact

import (
	"encoding/binary"
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
// follows is the length in bytes, as a varint, and n varints: the first document, and the distances to the next ones.
// A word that stands in one document and class has no list: the document takes its place.
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

// each gives the documents of a list, in order.
func (l *list) each(give func(doc uint32)) {
	if l.data == nil {
		give(l.only)
		return
	}
	if l.dense {
		for i, b := range l.data {
			for ; b != 0; b &= b - 1 {
				give(uint32(8*i + bits.TrailingZeros8(b)))
			}
		}
		return
	}
	doc := uint32(0)
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
		give(doc)
	}
}

// gathering is a list that is being made.
type gathering struct {
	data  []byte
	last  uint32
	n     uint32
	class class
	next  uint32 // the list of the same word in another class, or zero
}

// add takes a document in, which is the last one or a later one.
func (g *gathering) add(doc uint32) {
	if g.n > 0 && doc == g.last {
		return
	}
	if g.n > 0 {
		if g.n == 1 && g.data == nil {
			g.data = binary.AppendUvarint(make([]byte, 0, 8), uint64(g.last))
		}
		g.data = binary.AppendUvarint(g.data, uint64(doc-g.last))
	}
	g.last = doc
	g.n++
}

// appendTo writes the list behind its class.
func (g *gathering) appendTo(dst []byte, docs int) []byte {
	if g.n == 1 && g.data == nil {
		g.data = binary.AppendUvarint(nil, uint64(g.last))
	}
	if len(g.data) <= (docs+7)/8 {
		dst = binary.AppendUvarint(dst, uint64(g.n)<<1)
		dst = binary.AppendUvarint(dst, uint64(len(g.data)))
		return append(dst, g.data...)
	}
	set := make([]byte, (docs+7)/8)
	l := list{data: g.data}
	l.each(func(doc uint32) { set[doc/8] |= 1 << (doc % 8) })
	dst = binary.AppendUvarint(dst, uint64(g.n)<<1|1)
	return append(dst, set...)
}
