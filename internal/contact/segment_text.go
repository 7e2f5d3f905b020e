package contact

import (
	"encoding/binary"
	"strings"
	"unicode/utf8"
)

// A document is written as varints: its version, how many tags it has and their numbers, how many bytes its
// phone numbers take and, for each, field, form, and digits; then its pieces in codes.
//
// The codes of pieces: a field begins with its place plus one; a term is codeTerm plus its place among the codes of
// the segment; a sign has a place in asciiSigns or follows codeSign as a rune. A blank stands before a word that
// begins a field or follows a word, and where codeBlank is.
const (
	codeSign   = 21
	codeBlank  = 22
	codeASCII  = 23
	asciiSigns = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
	codeTerm   = codeASCII + len(asciiSigns)
)

// The forms of phone numbers: what is written out, and what follows from the other.
const (
	formWritten  = iota // the written form alone
	formSame            // the written form is the international one
	formNational        // the written form is the national one, of the international one
	formBoth
)

func (l line) form() int {
	switch l.full {
	case "":
		return formWritten
	case l.written:
		return formSame
	}
	if l.written == l.national() {
		return formNational
	}
	return formBoth
}

// appendDigits writes digits, two in a byte, behind how many they are.
func appendDigits(dst []byte, digits string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(digits)))
	for i := 0; i < len(digits); i += 2 {
		b := digits[i] - '0'
		if i+1 < len(digits) {
			b |= (digits[i+1] - '0') << 4
		}
		dst = append(dst, b)
	}
	return dst
}

func (c *cursor) digits() string {
	var b [MaxPhone]byte
	n := min(c.number(), len(b))
	for i := 0; i < n; i += 2 {
		v := c.rest[0]
		c.rest = c.rest[1:]
		b[i] = v&0xf + '0'
		if i+1 < n {
			b[i+1] = v>>4 + '0'
		}
	}
	return string(b[:n])
}

// cursor reads numbers.
type cursor struct{ rest []byte }

func (c *cursor) number() int {
	if b := c.rest[0]; b < 0x80 {
		c.rest = c.rest[1:]
		return int(b)
	}
	v, k := binary.Uvarint(c.rest)
	c.rest = c.rest[k:]
	return int(v)
}

func appendLine(dst []byte, l line) []byte {
	form := l.form()
	dst = append(dst, byte(l.field), byte(form))
	if form == formWritten || form == formBoth {
		dst = appendDigits(dst, l.written)
	}
	if form != formWritten {
		dst = appendDigits(dst, l.full)
	}
	return dst
}

func (c *cursor) line() line {
	l := line{field: c.number()}
	form := c.number()
	if form == formWritten || form == formBoth {
		l.written = c.digits()
	}
	if form != formWritten {
		l.full = c.digits()
	}
	switch form {
	case formSame:
		l.written = l.full
	case formNational:
		l.written = l.national()
	}
	return l
}

// appendCoded writes pieces in codes; code gives that of a word.
func appendCoded(dst []byte, pieces string, code func(word string) int) []byte {
	afterSign := false
	for rest := pieces; rest != ""; {
		r, n := utf8.DecodeRuneInString(rest)
		switch {
		case r < ' ':
			dst, afterSign = append(dst, byte(r)), false
		case r == ' ':
			if next, _ := utf8.DecodeRuneInString(rest[n:]); afterSign || !inWord(next) {
				dst = append(dst, codeBlank)
			}
		case inWord(r):
			if n = strings.IndexFunc(rest, notInWord); n < 0 {
				n = len(rest)
			}
			dst, afterSign = binary.AppendUvarint(dst, uint64(codeTerm+code(rest[:n]))), false
		default:
			dst, afterSign = appendSign(dst, r), true
		}
		rest = rest[n:]
	}
	return dst
}

func appendSign(dst []byte, r rune) []byte {
	if i := strings.IndexRune(asciiSigns, r); i >= 0 {
		return append(dst, byte(codeASCII+i))
	}
	return binary.AppendUvarint(append(dst, codeSign), uint64(r))
}

// version is the version of a contact.
func (s *segment) version(doc uint32) int {
	c := cursor{s.texts.at(int(doc))}
	return c.number()
}

// read reads a contact; its numbers and pieces stay as they are until they are asked for.
func (s *segment) read(doc uint32, l *leaf) {
	c := cursor{s.texts.at(int(doc))}
	l.version, l.tags = c.number(), l.tags[:0]
	for n := c.number(); n > 0; n-- {
		l.tags = append(l.tags, uint32(c.number()))
	}
	n := c.number()
	l.segment, l.codedLines, l.coded = s, c.rest[:n], c.rest[n:]
	l.pieces, l.fields, l.chunks = l.pieces[:0], 0, l.chunks[:0]
}

// appendChunks reads those of the pieces that have signs in them.
func (s *segment) appendChunks(dst, coded []byte) []byte {
	const none = -1
	word, inside, signed := none, false, false // a word that may begin a chunk; in a chunk; right behind a sign
	for c := (cursor{coded}); len(c.rest) > 0; {
		switch code := c.number(); {
		case code < codeSign:
			dst, word, inside, signed = append(dst, byte(code)), none, false, false
		case code == codeBlank:
			word, inside, signed = none, false, false
		case code >= codeTerm && signed:
			dst, signed = append(dst, s.coded(code)...), false
		case code >= codeTerm:
			word, inside = code, false
		default:
			if !inside {
				dst = append(dst, ' ')
			}
			if word != none {
				dst = append(dst, s.coded(word)...)
			}
			if code == codeSign {
				dst = utf8.AppendRune(dst, rune(c.number()))
			} else {
				dst = append(dst, asciiSigns[code-codeASCII])
			}
			word, inside, signed = none, true, true
		}
	}
	return dst
}

// appendPieces reads pieces.
func (s *segment) appendPieces(dst, coded []byte) []byte {
	fresh := false // a word has a blank before it
	for c := (cursor{coded}); len(c.rest) > 0; {
		code := c.number()
		switch {
		case code < codeSign:
			dst, fresh = append(dst, byte(code)), true
		case code == codeSign:
			dst, fresh = utf8.AppendRune(dst, rune(c.number())), false
		case code == codeBlank:
			dst, fresh = append(dst, ' '), false
		case code < codeTerm:
			dst, fresh = append(dst, asciiSigns[code-codeASCII]), false
		default:
			if fresh {
				dst = append(dst, ' ')
			}
			dst, fresh = append(dst, s.coded(code)...), true
		}
	}
	return dst
}

// appendWords reads the words of some fields, as slot.text has them.
func (s *segment) appendWords(dst, coded []byte, fields fieldSet) []byte {
	wanted := false
	for c := (cursor{coded}); len(c.rest) > 0; {
		code := c.number()
		switch {
		case code < codeSign:
			if wanted = fields>>(code-1)&1 != 0; wanted {
				dst = append(dst, byte(code))
			} else if fields == 1<<nameAt {
				return dst // the name comes first
			}
		case code == codeSign:
			c.number()
		case wanted && code >= codeTerm:
			dst = append(append(dst, ' '), s.coded(code)...)
		}
	}
	return dst
}

// coded is the word with a code.
func (s *segment) coded(code int) []byte { return s.terms.at(int(s.codes.at(code - codeTerm))) }
