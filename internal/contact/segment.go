package contact

import (
	"bytes"
	"encoding/binary"
	"slices"
	"sort"
	"strings"
)

// segment is an index of many contacts that never changes. It is one run of bytes, so that it can be written to a file
// and used where it lies; the garbage collector has nothing to look at in it. Its documents, the contacts, are in the
// order of their names, ids and books.
//
// Its terms are in the order of bytes. Besides words there are, each with a byte in front:
//
//	termNumber  a phone number of up to shortNumber digits
//	termDigits  the shortNumber digits from any place of a phone number on, fewer at its end; the first ones of a number
//	            also with a ^ in front
//	termRight   in a chunk, a sign and the word to its right
//	termLeft    in a chunk, a sign and the word to its left, backwards
//	termTag     the key of a tag
//	termRow     two or more words in a row, up to maxRow bytes, to the end of a company, department, job or tag
//
// so that what is looked for in numbers and chunks is the beginning of a term, or in several terms.
type segment struct {
	raw []byte
	n   int // documents

	ids      blobs
	order    u32s  // the documents by id and book
	bookOf   u32s  // for each document
	members  u32s  // the documents by book, and by number
	starts   u32s  // for each book, where its documents begin in members
	texts    blobs // the documents, as segment_text.go has them
	terms    blobs
	posts    u32s   // for each term, where its lists are
	listData []byte // lists of documents
	codes    u32s   // the terms in texts, the most frequent first
	gramKeys u32s   // four bytes that stand in words, in order; zeroes stand for what is behind a word
	grams    blobs  // for each of these, the words: the first, and the distances to the next ones, as varints
	written  blobs  // the tags as they were written
	usage    u32s   // book, tag, and how many contacts
	soles    u32s   // for each termLeft, the word that always follows on the sign: its place in terms, or zero
	popular  u32s   // parts of words that many contacts have, in order, each followed by how many; see countPopular

	words int // the first term that is a word
	lefts int // the first that is a termLeft
	books []BookID
	tags  []tag
}

// The bytes in front of terms that are no words.
const (
	termNumber = "\x01"
	termDigits = "\x02"
	termRight  = "\x03"
	termLeft   = "\x04"
	termTag    = "\x05"
	termRow    = "\x06"
	termWord   = "\x07" // no term begins so: words come behind it
)

// maxRow is up to how many bytes words in a row are compared without looking at contacts.
const maxRow = 64

// variousSoles says, while a segment is made, that not always the same word follows on a word and a sign.
const variousSoles = 1<<32 - 1

// shortNumber is how many digits of a number are looked at as one.
const shortNumber = 4

// parts are the sections of a segment, in the order in which they are written, the names of its books behind them.
func (s *segment) parts(books *blobs) []*[]byte {
	return []*[]byte{
		(*[]byte)(&s.ids.ends), &s.ids.data, (*[]byte)(&s.order), (*[]byte)(&s.bookOf), (*[]byte)(&s.members), (*[]byte)(&s.starts),
		(*[]byte)(&s.texts.ends), &s.texts.data, (*[]byte)(&s.terms.ends), &s.terms.data, (*[]byte)(&s.posts), &s.listData,
		(*[]byte)(&s.codes), (*[]byte)(&s.gramKeys), (*[]byte)(&s.grams.ends), &s.grams.data,
		(*[]byte)(&s.written.ends), &s.written.data, (*[]byte)(&s.usage), (*[]byte)(&s.soles), (*[]byte)(&s.popular), (*[]byte)(&books.ends), &books.data,
	}
}

// sealed writes the parts into one run of bytes: where each ends, in eight bytes, then the parts.
func (s *segment) sealed(books blobs) *segment {
	parts := s.parts(&books)
	size := 8 * len(parts)
	for _, p := range parts {
		size += len(*p)
	}
	raw := make([]byte, 8*len(parts), size)
	for i, p := range parts {
		raw = append(raw, *p...)
		*p = nil
		binary.LittleEndian.PutUint64(raw[8*i:], uint64(len(raw)))
	}
	made, _ := openSegment(raw)
	return made
}

// openSegment reads the run of bytes that sealed wrote. It looks at no more than where the parts are: that the bytes
// are those that were written is for the caller to know.
func openSegment(raw []byte) (*segment, bool) {
	s := &segment{raw: raw}
	var books blobs
	parts := s.parts(&books)
	from := uint64(8 * len(parts))
	if uint64(len(raw)) < from {
		return nil, false
	}
	for i, p := range parts {
		end := binary.LittleEndian.Uint64(raw[8*i:])
		if end < from || end > uint64(len(raw)) {
			return nil, false
		}
		*p, from = raw[from:end:end], end
	}
	s.n = s.bookOf.len()
	for i := range books.len() {
		s.books = append(s.books, BookID(books.at(i)))
	}
	for i := range s.written.len() {
		as := string(s.written.at(i))
		s.tags = append(s.tags, tag{tagKey(as), as})
	}
	s.words, s.lefts = s.from(termWord), s.from(termLeft)
	return s, true
}

// from is the first term that is not before a text.
func (s *segment) from(text string) int {
	t := []byte(text)
	return sort.Search(s.terms.len(), func(i int) bool { return bytes.Compare(s.terms.at(i), t) >= 0 })
}

// term finds a term; false when it is not there.
func (s *segment) term(text string) (int, bool) {
	i := s.from(text)
	return i, i < s.terms.len() && string(s.terms.at(i)) == text
}

// beginning gives the terms that begin with a text: from the first to before the last.
func (s *segment) beginning(text string) (from, to int) {
	from = s.from(text)
	step := 1
	for from+step < s.terms.len() && bytes.HasPrefix(s.terms.at(from+step), []byte(text)) {
		step *= 2
	}
	n := sort.Search(min(step, s.terms.len()-from), func(i int) bool { return !bytes.HasPrefix(s.terms.at(from+i), []byte(text)) })
	return from, from + n
}

// gramRange gives the places in grams of the keys that begin with up to four bytes.
func (s *segment) gramRange(text string) (from, to int) {
	low, high := gramKey(text, 0), gramKey(text, 0xff)
	n := s.gramKeys.len()
	from = sort.Search(n, func(i int) bool { return s.gramKeys.at(i) >= low })
	return from, from + sort.Search(n-from, func(i int) bool { return s.gramKeys.at(from+i) > high })
}

// gramKey is up to four bytes of a text as a number, filled up.
func gramKey(text string, fill byte) uint32 {
	b := [4]byte{fill, fill, fill, fill}
	copy(b[:], text)
	return binary.BigEndian.Uint32(b[:])
}

// gram gives the words of a gram, in order.
func (s *segment) gram(i int, give func(term int)) {
	term := 0
	for b := s.grams.at(i); len(b) > 0; {
		d, k := binary.Uvarint(b)
		b = b[k:]
		term += int(d)
		give(term)
	}
}

// document finds a contact.
func (s *segment) document(book BookID, id ID) (uint32, bool) {
	i := sort.Search(s.n, func(i int) bool {
		doc := int(s.order.at(i))
		if c := strings.Compare(string(s.ids.at(doc)), string(id)); c != 0 {
			return c > 0
		}
		return s.bookAt(doc) >= book
	})
	if i == s.n {
		return 0, false
	}
	doc := int(s.order.at(i))
	return uint32(doc), string(s.ids.at(doc)) == string(id) && s.bookAt(doc) == book
}

func (s *segment) bookAt(doc int) BookID { return s.books[s.bookOf.at(doc)] }

// membersOf gives the documents of a book, in order.
func (s *segment) membersOf(book int) u32s {
	return s.members[4*s.starts.at(book) : 4*s.starts.at(book+1)]
}

// tagsOf gives the tags of a contact.
func (s *segment) tagsOf(doc uint32) []tag {
	var l leaf
	s.read(doc, &l)
	var all []tag
	for _, i := range l.tags {
		all = append(all, s.tags[i])
	}
	return all
}

// name is the folded name of a contact, as slot.name gives it.
func (s *segment) name(doc uint32, l *leaf) string {
	s.read(doc, l)
	return nameIn(l.withoutSigns(1 << nameAt))
}

// origin is where a contact comes from that goes into a segment.
type origin struct {
	segment *segment // nil: the overlay
	n       uint32
	name    string
	id      ID
	book    BookID
}

func sortOrigins(all []origin) {
	slices.SortFunc(all, func(a, b origin) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		if c := strings.Compare(string(a.id), string(b.id)); c != 0 {
			return c
		}
		return strings.Compare(string(a.book), string(b.book))
	})
}
