package contact

import (
	"bytes"
	"unicode/utf8"
)

// leaf is a contact read out of a segment, for comparing it with what is looked for. It is used again for the next one.
// Its pieces are for each value a byte (place of the field in Fields, plus one) and what stands in it between blanks,
// in bare form, a blank before each. The name comes first.
type leaf struct {
	version int
	tags    []uint32
	lines   []line // when they were asked for

	segment    *segment
	codedLines []byte   // lines, as the segment has them
	coded      []byte   // pieces, as the segment has them
	pieces     []byte   // empty until they are asked for
	chunks     []byte   // those of the pieces that have signs in them, likewise
	spaced     []byte   // pieces without signs, as in slot.text, of some fields
	fields     fieldSet // these; none until they are asked for
}

// withSigns gives the pieces.
func (l *leaf) withSigns() []byte {
	if len(l.pieces) == 0 {
		l.pieces = l.segment.appendPieces(l.pieces, l.coded)
	}
	return l.pieces
}

// numbers gives the phone numbers.
func (l *leaf) numbers() []line {
	l.lines = l.lines[:0]
	for c := (cursor{l.codedLines}); len(c.rest) > 0; {
		l.lines = append(l.lines, c.line())
	}
	return l.lines
}

// withoutSigns gives the words of some fields.
func (l *leaf) withoutSigns(fields fieldSet) []byte {
	if l.fields != fields {
		l.spaced, l.fields = l.segment.appendWords(l.spaced[:0], l.coded, fields), fields
	}
	return l.spaced
}

// meets is the best reason why the contact meets the clause; zero when it does not.
func (l *leaf) meets(c *clause) reason {
	if c.phrase != "" {
		return l.phrase(c)
	}
	var best reason
	for _, n := range c.needles {
		best = max(best, l.has(n, c.fields))
	}
	return best
}

func (l *leaf) has(n needle, fields fieldSet) reason {
	switch n.among {
	case amongNumbers:
		return l.number(n, fields)
	case amongChunks:
		return l.chunk(n, fields)
	default:
		return l.word(n, fields)
	}
}

// number compares the phone numbers.
func (l *leaf) number(n needle, fields fieldSet) reason {
	var best reason
	for _, p := range l.numbers() {
		set := fieldSet(1) << p.field & fields
		if set == 0 {
			continue
		}
		for _, form := range p.forms() {
			if how, ok := n.fits([]byte(form)); ok {
				best = max(best, bestIn(set, numeric(how)))
			}
		}
	}
	return best
}

// numeric is how a number was found: whole or in part.
func numeric(how way) way {
	if how != byExact {
		return byDigits
	}
	return how
}

// chunk compares what has signs in it.
func (l *leaf) chunk(n needle, fields fieldSet) reason {
	if len(l.chunks) == 0 {
		l.chunks = l.segment.appendChunks(l.chunks, l.coded)
	}
	if !bytes.Contains(l.chunks, []byte(n.text)) {
		return 0
	}
	return l.best(l.chunks, fields, func(c []byte) (way, bool) {
		how, ok := n.fits(c)
		return how, ok && bytes.ContainsFunc(c, notInWord)
	})
}

// word compares the words.
func (l *leaf) word(n needle, fields fieldSet) reason {
	words := l.withoutSigns(fields)
	if n.reach != slipped && !bytes.Contains(words, []byte(n.text)) {
		return 0
	}
	return l.best(words, fields, n.fits)
}

// best is the best reason among what stands between blanks.
func (l *leaf) best(rest []byte, fields fieldSet, fits func([]byte) (way, bool)) reason {
	var best reason
	set := fieldSet(0)
	for len(rest) > 0 {
		if rest[0] < ' ' {
			set, rest = fieldSet(1)<<(rest[0]-1)&fields, rest[1:]
			continue
		}
		end := 1
		for end < len(rest) && rest[end] > ' ' {
			end++
		}
		if set != 0 {
			if how, ok := fits(rest[1:end]); ok {
				best = max(best, bestIn(set, how))
			}
		}
		rest = rest[end:]
	}
	return best
}

func (l *leaf) phrase(c *clause) reason {
	why := phraseIn(l.withoutSigns(c.fields), c.phrase, c.fields)
	if c.silent {
		return why.weightless()
	}
	return why
}

// fits tells whether a word has the needle in it as far as it asks, and how.
func (n needle) fits(w []byte) (way, bool) {
	if n.reach == slipped {
		return bySlip, slips(w, []byte(n.text))
	}
	at := bytes.Index(w, []byte(n.text))
	switch {
	case at < 0:
		return 0, false
	case len(w) == len(n.text):
		return byExact, true
	case n.reach == whole, n.reach == atStart && at > 0, n.reach == atEnd && !bytes.HasSuffix(w, []byte(n.text)):
		return 0, false
	case at == 0 && n.reach != atEnd:
		return byPrefix, true
	default:
		return byInner, true
	}
}

// slips tells whether two words are one slip apart.
func slips(a, b []byte) bool {
	const most = 2 * utf8.UTFMax // two letters that changed places
	if apart := len(a) - len(b); apart < -utf8.UTFMax || apart > utf8.UTFMax {
		return false
	}
	x, y := differing(a, b)
	if len(x) > most || len(y) > most {
		return false
	}
	return oneSlip(x, y) || !(ascii(x) && ascii(y)) && oneSlip([]rune(string(a)), []rune(string(b)))
}
