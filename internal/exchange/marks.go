package exchange

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
)

// maxPiece is the longest mark of a part, and the longest text between two, in bytes: more is held by nobody who reads it here.
const maxPiece = 1 << 20

// marks reads a part of a spreadsheet from mark to mark. It knows what such parts have of XML: elements, attributes, comments, CDATA,
// references to characters. It knows no documents with a type of their own, so nothing in a part can grow while it is read.
//
// encoding/xml takes four times as long, since it makes a string of every name.
type marks struct {
	r    io.Reader
	cell int // what an overlong text is refused with
	buf  []byte
	at   int // the beginning of what is read now
	size int // its length
	end  int
	done bool
	err  error

	text    []byte // what stands before the mark, as written
	name    []byte // of the element, without a prefix; empty for a comment and the like
	rest    []byte // its attributes
	literal []byte // what stands in CDATA
	closing bool   // </name>
	empty   bool   // <name/>
}

var declared = regexp.MustCompile(`^<\?xml[^>]*encoding=["']([A-Za-z0-9._-]+)["']`)

// newMarks reads UTF-8, and what a part declares of itself.
func newMarks(r io.Reader, cell int) (*marks, error) {
	b := bufio.NewReaderSize(r, 32<<10)
	head, err := b.Peek(200)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, refuse("exchange.broken")
	}
	e := encoding.Encoding(nil)
	switch found := declared.FindSubmatch(head); {
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}), bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		e = unicode.UTF16(unicode.BigEndian, unicode.ExpectBOM)
	case bytes.HasPrefix(head, []byte{0xEF, 0xBB, 0xBF}):
		_, _ = b.Discard(3) // they were seen
	case found != nil && !strings.EqualFold(string(found[1]), "utf-8"):
		if e, err = htmlindex.Get(string(found[1])); err != nil {
			return nil, refuse("exchange.broken")
		}
	}
	m := &marks{r: b, cell: cell, buf: make([]byte, 64<<10)}
	if e != nil {
		m.r = e.NewDecoder().Reader(b)
	}
	return m, nil
}

// next goes to the next mark. It ends at the end of the part, and with err set where the part is none that can be read.
func (m *marks) next() bool {
	m.at, m.size = m.at+m.size, 0
	open := m.find('<', 0)
	if open < 0 {
		return false
	}
	after, size := m.mark(open)
	if size < 0 {
		m.fail("exchange.broken")
		return false
	}
	all := m.buf[m.at : m.at+size]
	m.size, m.text = size, all[:open]
	m.name, m.rest, m.literal, m.closing, m.empty = nil, nil, nil, false, true
	switch after {
	case '?', '-':
	case '[':
		m.literal = all[open+len("<![CDATA[") : size-len("]]>")]
	default:
		m.element(all[open+1 : size-1])
	}
	return true
}

// mark finds the end of the mark that begins at open, and tells what it is: '?' and '-' are read over, '[' is CDATA, ' ' an element.
func (m *marks) mark(open int) (after byte, size int) {
	if !m.has(open + 2) {
		return 0, -1
	}
	switch m.buf[m.at+open+1] {
	case '?':
		return '?', m.findAll("?>", open+2)
	case '!':
		if m.has(open+4) && string(m.buf[m.at+open:m.at+open+4]) == "<!--" {
			return '-', m.findAll("-->", open+4)
		}
		if m.has(open+9) && string(m.buf[m.at+open:m.at+open+9]) == "<![CDATA[" {
			return '[', m.findAll("]]>", open+9)
		}
		return 0, -1
	}
	quote := byte(0)
	for i := open + 1; m.has(i + 1); i++ {
		switch c := m.buf[m.at+i]; {
		case c == quote:
			quote = 0
		case quote != 0:
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return ' ', i + 1
		}
	}
	return 0, -1
}

// element takes apart what stands between < and >.
func (m *marks) element(tag []byte) {
	m.empty = false
	if len(tag) > 0 && tag[0] == '/' {
		tag, m.closing = tag[1:], true
	}
	if n := len(tag); n > 0 && tag[n-1] == '/' {
		tag, m.empty = tag[:n-1], true
	}
	end := bytes.IndexAny(tag, " \t\r\n")
	if end < 0 {
		end = len(tag)
	}
	m.name, m.rest = local(tag[:end]), tag[end:]
}

func local(name []byte) []byte { return name[bytes.IndexByte(name, ':')+1:] }

// opens tells the beginning of an element.
func (m *marks) opens(name string) bool { return !m.closing && string(m.name) == name }

// closes tells the end of one.
func (m *marks) closes(name string) bool { return m.closing && string(m.name) == name }

// attr gives an attribute as written; nil when there is none.
func (m *marks) attr(name string) []byte {
	rest := m.rest
	for {
		eq := bytes.IndexByte(rest, '=')
		if eq < 0 {
			return nil
		}
		key := bytes.TrimSpace(rest[:eq])
		rest = bytes.TrimLeft(rest[eq+1:], " \t\r\n")
		if len(rest) == 0 {
			return nil
		}
		end := bytes.IndexByte(rest[1:], rest[0])
		if end < 0 {
			return nil
		}
		if string(local(key)) == name {
			return rest[1 : 1+end]
		}
		rest = rest[end+2:]
	}
}

// number reads an attribute that is one; other is for what is none.
func (m *marks) number(name string, other int) int {
	n, err := strconv.Atoi(string(m.attr(name)))
	if err != nil {
		return other
	}
	return n
}

// word reads an attribute as text.
func (m *marks) word(name string) string { return string(appendText(nil, m.attr(name))) }

// content appends the text of the element that was opened, and goes to its end. What stands in elements within is left out.
func (m *marks) content(to []byte) []byte {
	for depth := m.deeper(0); depth > 0 && m.next(); depth = m.deeper(depth) {
		if depth == 1 && len(to) < maxPiece {
			to = append(appendText(to, m.text), m.literal...)
		}
	}
	return to
}

// rich appends the text of a string, which may stand in runs of several looks, without how it is pronounced.
func (m *marks) rich(to []byte) []byte {
	for depth := m.deeper(0); depth > 0 && m.next(); {
		switch {
		case m.opens("t") && !m.empty:
			to = m.content(to)
		case m.opens("rPh"):
			m.content(nil)
		default:
			depth = m.deeper(depth)
		}
	}
	return to
}

func (m *marks) deeper(depth int) int {
	switch {
	case m.closing:
		return depth - 1
	case m.empty:
		return depth
	}
	return depth + 1
}

// skipTo goes behind the next place where s stands, as fast as can be.
func (m *marks) skipTo(s string) {
	m.at, m.size = m.at+m.size, 0
	for {
		if i := bytes.Index(m.buf[m.at:m.end], []byte(s)); i >= 0 {
			m.at += i + len(s)
			return
		}
		m.at = max(m.at, m.end-len(s)+1)
		if !m.fill() {
			m.at = m.end
			return
		}
	}
}

// find gives the place of a byte, counted from m.at.
func (m *marks) find(c byte, from int) int {
	for {
		if i := bytes.IndexByte(m.buf[m.at+from:m.end], c); i >= 0 {
			return from + i
		}
		if from = m.end - m.at; !m.fill() {
			return -1
		}
	}
}

// findAll gives the place behind s.
func (m *marks) findAll(s string, from int) int {
	for {
		if i := bytes.Index(m.buf[min(m.at+from, m.end):m.end], []byte(s)); i >= 0 {
			return from + i + len(s)
		}
		if from = max(from, m.end-m.at-len(s)+1); !m.fill() {
			return -1
		}
	}
}

// has tells whether so many bytes are there.
func (m *marks) has(n int) bool {
	for m.end-m.at < n {
		if !m.fill() {
			return false
		}
	}
	return true
}

// fill reads more; what stands before m.at is given up.
func (m *marks) fill() bool {
	if m.done {
		return false
	}
	if m.at > 0 {
		m.end, m.at = copy(m.buf, m.buf[m.at:m.end]), 0
	}
	if m.end == len(m.buf) {
		if len(m.buf) >= maxPiece {
			m.fail("exchange.cell", "Max", m.cell)
			return false
		}
		m.buf = append(m.buf, make([]byte, len(m.buf))...)
	}
	n, err := m.r.Read(m.buf[m.end:])
	m.end += n
	if m.done = err != nil; m.done && !errors.Is(err, io.EOF) {
		m.fail("exchange.broken")
	}
	return n > 0 || !m.done
}

// fail keeps the first reason.
func (m *marks) fail(text string, args ...any) {
	if m.done = true; m.err == nil {
		m.err = refuse(text, args...)
	}
}

// references are the names of characters that every XML knows.
var references = map[string]string{"amp": "&", "lt": "<", "gt": ">", "quot": `"`, "apos": "'"}

// appendText appends a text as it is meant: references resolved, line ends as LF.
func appendText(to, raw []byte) []byte {
	for {
		i := bytes.IndexAny(raw, "&\r")
		if i < 0 {
			return append(to, raw...)
		}
		to = append(to, raw[:i]...)
		if raw[i] == '\r' {
			if raw = raw[i+1:]; len(raw) == 0 || raw[0] != '\n' {
				to = append(to, '\n')
			}
			continue
		}
		raw = raw[i+1:]
		end := bytes.IndexByte(raw[:min(len(raw), 12)], ';')
		if end < 0 {
			to = append(to, '&')
			continue
		}
		to = appendReference(to, string(raw[:end]))
		raw = raw[end+1:]
	}
}

// appendReference appends the character of a name or a number. What is neither, or no character, is left out.
func appendReference(to []byte, name string) []byte {
	number, numbered := strings.CutPrefix(name, "#")
	if !numbered {
		return append(to, references[name]...)
	}
	base := 10
	if hex, ok := strings.CutPrefix(strings.ToLower(number), "x"); ok {
		number, base = hex, 16
	}
	n, err := strconv.ParseUint(number, base, 32)
	if err != nil || n == 0 || !utf8.ValidRune(rune(n)) {
		return to
	}
	return utf8.AppendRune(to, rune(n))
}
