package contact

import (
	"bytes"
	"slices"
)

// overlay is the part of the index that changes: what came since the last segment was made. Contacts stand in slots;
// a changed contact takes a new slot and leaves its old one empty. An overlay is not tidied but replaced, when it is
// full, by a segment that holds what is left of it. Who uses it holds the lock of the tenant.
type overlay struct {
	at      map[entry]uint32
	slots   []slot
	live    []bool
	words   lexicon // words
	chunks  lexicon // what has signs in it: e-mails, web addresses, "o'neil"
	numbers lexicon // the digits of phone numbers
}

// entry names a contact within its tenant: by its book, as a number, and by its id.
type entry struct {
	book uint32
	id   ID
}

// slot is what is kept of a contact besides the words.
type slot struct {
	entry
	version int
	pieces  string // as a leaf has it
	lines   []line
	tags    []tag
	// text is for each value a byte (place of the field in Fields, plus one) and its words, a blank before each.
	// The name comes first.
	text []byte
}

func (s *slot) name() string { return nameIn(s.text) }

// nameIn is the name in the text of a slot or in the pieces of a leaf: with a blank before each word.
func nameIn(text []byte) string {
	if len(text) == 0 || text[0] != byte(nameAt+1) {
		return ""
	}
	if i := bytes.IndexFunc(text[1:], isFieldMark); i >= 0 {
		return string(text[1 : 1+i])
	}
	return string(text[1:])
}

func isFieldMark(r rune) bool { return r < ' ' }

func newOverlay() *overlay {
	return &overlay{at: map[entry]uint32{}, words: newLexicon(), chunks: newLexicon(), numbers: newLexicon()}
}

// fill puts a contact into a slot of its own.
func (o *overlay) fill(e entry, version int, d *draft) {
	n := uint32(len(o.slots))
	o.slots = append(o.slots, slot{entry: e, version: version, pieces: string(d.pieces), text: slices.Clone(d.text), lines: slices.Clone(d.lines), tags: d.tags})
	o.live = append(o.live, true)
	o.at[e] = n
	for _, t := range d.words {
		o.words.add(t.text, n, t.field)
	}
	for _, t := range d.chunks {
		o.chunks.add(t.text, n, t.field)
	}
	for _, t := range d.numbers {
		o.numbers.add(t.text, n, t.field)
	}
}

// empty frees a slot.
func (o *overlay) empty(n uint32) {
	delete(o.at, o.slots[n].entry)
	o.live[n] = false
}

// remaining gives the numbers of the slots that are not empty.
func (o *overlay) remaining() []uint32 {
	var all []uint32
	for n, live := range o.live {
		if live {
			all = append(all, uint32(n))
		}
	}
	return all
}

// phraseIn is the best reason why the words stand one after the other in one of the fields of a text; the last may be
// a beginning. Each word has a blank before it.
func phraseIn(text []byte, words string, fields fieldSet) reason {
	var best reason
	wanted := []byte(words)
	for from := 0; ; {
		i := bytes.Index(text[from:], wanted)
		if i < 0 {
			return best
		}
		at := from + i
		from = at + len(words)
		field := text[bytes.LastIndexFunc(text[:at], isFieldMark)] - 1
		how := byPrefix
		if from == len(text) || text[from] <= ' ' {
			how = byExact
		}
		if in := fieldSet(1) << field & fields; in != 0 {
			best = max(best, bestIn(in, how))
		}
	}
}
