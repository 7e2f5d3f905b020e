package contact

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// leaf is a contact read out of a segment, for comparing it with what is looked for. It is used again for the next one.
type leaf struct {
	version int
	tags    []uint32
	lines   []line
	// pieces is for each value a byte (place of the field in Fields, plus one) and what stands in it between blanks,
	// in bare form, a blank before each. The name comes first.
	pieces []byte

	spaced []byte // pieces without signs, when asked for
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
	for _, p := range l.lines {
		set := fieldSet(1) << p.field & fields
		if set == 0 {
			continue
		}
		for _, form := range p.forms() {
			if how, ok := n.fits(form); ok {
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
	if !bytes.Contains(l.pieces, []byte(n.text)) {
		return 0
	}
	var best reason
	field := 0
	for rest := string(l.pieces); rest != ""; {
		if rest[0] < ' ' {
			field, rest = int(rest[0])-1, rest[1:]
			continue
		}
		end := 1 + strings.IndexFunc(rest[1:], func(r rune) bool { return r <= ' ' })
		if end == 0 {
			end = len(rest)
		}
		c := rest[1:end]
		rest = rest[end:]
		if how, ok := n.fits(c); ok && compound(c) {
			if set := fieldSet(1) << field & fields; set != 0 {
				best = max(best, bestIn(set, how))
			}
		}
	}
	return best
}

// word compares the words.
func (l *leaf) word(n needle, fields fieldSet) reason {
	if n.reach != slipped && !bytes.Contains(l.pieces, []byte(n.text)) {
		return 0
	}
	var best reason
	field := 0
	for rest := l.withoutSigns(); rest != ""; {
		if rest[0] < ' ' {
			field, rest = int(rest[0])-1, rest[1:]
			continue
		}
		end := 1
		for end < len(rest) && rest[end] > ' ' {
			end++
		}
		if set := fieldSet(1) << field & fields; set != 0 {
			if how, ok := n.fits(rest[1:end]); ok {
				best = max(best, bestIn(set, how))
			}
		}
		rest = rest[end:]
	}
	return best
}

func (l *leaf) phrase(c *clause) reason {
	why := phraseIn(l.withoutSigns(), c.phrase, c.fields)
	if c.silent {
		return why.weightless()
	}
	return why
}

// withoutSigns is pieces with blanks where signs were, one between two words.
func (l *leaf) withoutSigns() string {
	l.spaced = l.spaced[:0]
	fresh := false // a word ended, or none began
	for i := 0; i < len(l.pieces); {
		r, n := utf8.DecodeRune(l.pieces[i:])
		switch {
		case r < ' ':
			l.spaced, fresh = append(l.spaced, byte(r)), true
		case !inWord(r):
			fresh = true
		default:
			if fresh {
				l.spaced = append(l.spaced, ' ')
			}
			l.spaced, fresh = append(l.spaced, l.pieces[i:i+n]...), false
		}
		i += n
	}
	return string(l.spaced)
}

// fits tells whether a word has the needle in it as far as it asks, and how.
func (n needle) fits(w string) (way, bool) {
	at := strings.Index(w, n.text)
	switch {
	case n.reach == slipped:
		return bySlip, slips(w, n.text)
	case at < 0:
		return 0, false
	case len(w) == len(n.text):
		return byExact, true
	case n.reach == whole, n.reach == atStart && at > 0, n.reach == atEnd && !strings.HasSuffix(w, n.text):
		return 0, false
	case at == 0 && n.reach != atEnd:
		return byPrefix, true
	default:
		return byInner, true
	}
}

// slips tells whether two words are one slip apart.
func slips(a, b string) bool {
	if apart := len(a) - len(b); apart < -utf8.UTFMax || apart > utf8.UTFMax {
		return false
	}
	if oneSlip([]byte(a), []byte(b)) {
		return true
	}
	return !(ascii(a) && ascii(b)) && oneSlip([]rune(a), []rune(b))
}
