package contact

import (
	"bytes"
	"unicode/utf8"
)

// pattern is a text with signs in it as the texts of a segment have it, so that contacts are compared without reading
// their words.
type pattern struct {
	parts   []part
	endings bitSet // of the first part, when that is a word: the terms that end so
}

// part is a sign, or a word: some of the terms of a segment.
type part struct {
	sign     rune // zero: a word
	from, to int  // the terms; none of these of a first part
	exact    int  // the term that is the word as a whole, or -1
}

// compile makes a pattern of a text; false when no contact of the segment has it.
func (p *pattern) compile(s *segment, text string, h *hunt) bool {
	p.parts = p.parts[:0]
	for rest := text; rest != ""; {
		r, n := utf8.DecodeRuneInString(rest)
		made := part{sign: r, exact: -1}
		if inWord(r) {
			n = wordLength([]byte(rest))
			made.sign = 0
			t, whole := s.term(rest[:n])
			if whole {
				made.exact, made.from, made.to = t, t, t+1
			}
			switch {
			case len(p.parts) == 0:
				p.ending(s, rest[:n], h)
			case n == len(rest):
				made.from, made.to = s.beginning(rest)
				fallthrough
			default:
				if made.from == made.to {
					return false
				}
			}
		}
		p.parts, rest = append(p.parts, made), rest[n:]
	}
	return true
}

// ending finds the terms that end with a text.
func (p *pattern) ending(s *segment, text string, h *hunt) {
	p.endings.reset(s.terms.len())
	s.gramsOf(endGram(text), &h.met, func(t int) {
		if bytes.HasSuffix(s.terms.at(t), []byte(text)) {
			p.endings.add(t)
		}
	})
}

// in is the best reason why a contact has the pattern in one of the fields.
func (p *pattern) in(l *leaf, fields fieldSet, h *hunt) reason {
	var best reason
	h.tokens = h.tokens[:0]
	set := fieldSet(0)
	for c := (cursor{l.coded}); len(c.rest) > 0; {
		switch code := c.number(); {
		case code < codeSign:
			best = max(best, p.among(l.segment, h.tokens, set))
			set, h.tokens = fieldSet(1)<<(code-1)&fields, h.tokens[:0]
		case code == codeSign:
			h.tokens = append(h.tokens, -c.number())
		case code > codeBlank && code < codeTerm:
			h.tokens = append(h.tokens, -int(asciiSigns[code-codeASCII]))
		default:
			h.tokens = append(h.tokens, code)
		}
	}
	return max(best, p.among(l.segment, h.tokens, set))
}

// among is the best reason among the tokens of a value: blanks and words as they are coded, and signs less than zero.
func (p *pattern) among(s *segment, tokens []int, set fieldSet) reason {
	var best reason
	if set == 0 {
		return 0
	}
	sign := 0 // where the first sign is: to compare this costs least
	if p.parts[0].sign == 0 {
		sign = 1
	}
	for from := 0; from+len(p.parts) <= len(tokens); from++ {
		if tokens[from+sign] != -int(p.parts[sign].sign) {
			continue
		}
		if how, ok := p.at(s, tokens, from); ok {
			best = max(best, bestIn(set, how))
		}
	}
	return best
}

// at tells whether the pattern is at a place, and how.
func (p *pattern) at(s *segment, tokens []int, from int) (way, bool) {
	begins, ends := true, true
	for i, part := range p.parts {
		token := tokens[from+i]
		if part.sign != 0 {
			if token != -int(part.sign) {
				return 0, false
			}
			continue
		}
		if token < codeTerm {
			return 0, false
		}
		t := int(s.codes.at(token - codeTerm))
		switch {
		case i == 0 && !p.endings.has(uint32(t)), i > 0 && (t < part.from || t >= part.to), i > 0 && i+1 < len(p.parts) && t != part.exact:
			return 0, false
		case i == 0:
			begins = t == part.exact
		case i+1 == len(p.parts):
			ends = t == part.exact
		}
	}
	begins = begins && !joined(tokens, from-1, from)
	ends = ends && !joined(tokens, from+len(p.parts)-1, from+len(p.parts))
	switch {
	case begins && ends:
		return byExact, true
	case begins:
		return byPrefix, true
	}
	return byInner, true
}

// joined tells whether there is no blank between two tokens that are neighbours: there is one between words.
func joined(tokens []int, a, b int) bool {
	if a < 0 || b >= len(tokens) || tokens[a] == codeBlank || tokens[b] == codeBlank {
		return false
	}
	return tokens[a] < 0 || tokens[b] < 0
}
