package cards

import (
	"strings"
	"unicode"
)

const (
	joiner      = "\u2060" // word joiner: not seen, but no longer the sign a client looks for
	isolate     = "\u2068" // first strong isolate …
	isolateDone = "\u2069" // … and its end: writing from right to left does not reorder what is around it
)

// Escape makes what people wrote harmless in a TextBlock or Fact: it shows as it was written and means nothing to Markdown,
// mentions nobody, fills in no {{…}} and cannot reverse the text around it. Lines become paragraphs.
func Escape(s string) string { return escapeClean(clean(s)) }

func escapeClean(s string) string {
	if !strings.Contains(s, "\n") {
		return isolated(escapeLine(strings.Trim(s, " ")))
	}
	lines := strings.Split(s, "\n")
	kept := lines[:0]
	for _, l := range lines {
		if l = strings.Trim(l, " "); l != "" {
			kept = append(kept, escapeLine(l))
		}
	}
	return isolated(strings.Join(kept, "\n\n"))
}

// line is Escape for what belongs on one line.
func line(s string) string { return escapeClean(strings.ReplaceAll(clean(s), "\n", " ")) }

// plain is text for places without Markdown: buttons, runs, alternative texts, what is spoken.
func plain(s string) string { return isolated(disarm(oneBlank(clean(s)))) }

// oneBlank puts one blank where there are blanks and newlines, and none at the ends.
func oneBlank(s string) string {
	if !strings.Contains(s, "\n") && !strings.Contains(s, "  ") {
		return strings.Trim(s, " ")
	}
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\n' }), " ")
}

// short cuts a text to so many characters, the last an ellipsis.
func short(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	n := 0
	for i := range s {
		if n == limit-1 && len([]rune(s[i:])) > 1 {
			return strings.TrimRight(s[:i], " ") + "…"
		}
		n++
	}
	return s
}

// disarm breaks the signs that Teams looks for itself, in any text: tags and mentions, and {{DATE()}}.
func disarm(s string) string {
	if strings.IndexByte(s, '<') < 0 && !strings.Contains(s, "{{") {
		return s
	}
	return broken.Replace(s)
}

var broken = strings.NewReplacer("<", "<"+joiner, "{{", "{"+joiner+"{"+joiner)

// clean gives valid text whose only control character is the newline: no invisible or direction-changing characters.
func clean(s string) string {
	if strings.IndexFunc(s[usualStart(s):], unusual) < 0 {
		return s
	}
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case !unusual(r):
			return r
		case r == '\n' || r == '\r' || r == '\v' || r == '\f' || r == '\u0085' || r == '\u2028' || r == '\u2029':
			return '\n'
		case r == '\t':
			return ' '
		case r == '\u200c' || r == '\u200d': // joiners that words and emoji are written with
			return r
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point):
			return -1
		}
		return r
	}, s)
}

// usualStart is how many bytes s begins with that are ASCII without control characters.
func usualStart(s string) int {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7F {
			return i
		}
	}
	return len(s)
}

// unusual tells which characters are looked at twice: not the letters, signs and quotation marks that nearly every name of
// Europe is written with. It is true for invalid text.
func unusual(r rune) bool {
	switch {
	case r < 0x7F:
		return r < ' ' && r != '\n'
	case r < 0x300: // Latin and phonetic letters …
		return r < 0xA0 || r == '\u00AD' // … without control characters and the soft hyphen
	}
	return r < 0x2010 || r > 0x2027 // dashes, quotation marks and dots
}

func isolated(s string) string {
	if strings.IndexFunc(s[usualStart(s):], rightToLeft) < 0 {
		return s
	}
	return isolate + s + isolateDone
}

func rightToLeft(r rune) bool {
	if r < 0x590 || r > 0x8FF && r < 0xFB1D { // what most people write is not looked up
		return false
	}
	return unicode.In(r, unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Thaana, unicode.Nko, unicode.Samaritan,
		unicode.Mandaic, unicode.Adlam, unicode.Mende_Kikakui, unicode.Hanifi_Rohingya)
}

// escapeLine escapes one line without surrounding blanks.
func escapeLine(l string) string {
	mark := startMark(l)
	if mark < 0 && !hasMarks(l) {
		return disarm(l)
	}
	var b strings.Builder
	b.Grow(len(l) + 8)
	for i := range len(l) {
		if c := l[i]; isMark(c) || i == mark || c == '&' && isEntity(l[i:]) {
			b.WriteByte('\\')
		}
		b.WriteByte(l[i])
	}
	return disarm(b.String())
}

// isMark tells the signs that mean something to Markdown wherever they stand.
func isMark(c byte) bool {
	switch c {
	case '\\', '*', '_', '`', '[', ']', '~':
		return true
	}
	return false
}

// hasMarks tells that l holds marks, or the beginning of an entity.
func hasMarks(l string) bool {
	for i := range len(l) {
		if isMark(l[i]) || l[i] == '&' {
			return true
		}
	}
	return false
}

// startMark is the index of the character that would make a line a heading, list or quote; -1 when none would.
func startMark(l string) int {
	rest := strings.TrimLeft(l, "0123456789")
	digits := len(l) - len(rest)
	switch {
	case rest == "":
		return -1
	case digits > 0 && (rest[0] == '.' || rest[0] == ')') && ends(rest):
		return digits
	case digits == 0 && strings.ContainsRune("#>", rune(l[0])):
		return 0
	case digits == 0 && (l[0] == '-' || l[0] == '+') && (ends(l) || l[1] == l[0]):
		return 0
	}
	return -1
}

// ends tells that a mark stands alone: what follows is a blank or nothing.
func ends(mark string) bool { return len(mark) == 1 || mark[1] == ' ' }

// isEntity tells that s begins with what HTML reads as one character: &lt; or &#60;.
func isEntity(s string) bool {
	end := strings.IndexByte(s, ';')
	return end > 1 && end <= 33 && strings.IndexFunc(s[1:end], func(r rune) bool {
		return r != '#' && (r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r))
	}) < 0
}
