package contact

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// joiner is U+200D, which binds emoji into one; everywhere else it is invisible and goes.
const joiner = '\u200d'

// oneLine cleans a text that has one line: visible characters only, in NFC, every run of white space one blank.
func oneLine(s string) string {
	if spotless(s) {
		return s
	}
	return strings.Join(strings.Fields(printable(s)), " ")
}

// spotless tells a text that oneLine leaves as it is, as nearly all are: letters and signs of Europe with single blanks between them.
func spotless(s string) bool {
	blank := s != "" // where no other may stand
	for i := 0; i < len(s); i++ {
		switch b := s[i]; {
		case b == ' ' && !blank:
			blank = true
		case b > ' ' && b < 0x7F:
			blank = false
		case b >= 0xC3 && b <= 0xC8 && i+1 < len(s) && s[i+1]&0xC0 == 0x80: // U+00C0 to U+023F: letters that stand in NFC for themselves
			blank = false
			i++
		default:
			return false
		}
	}
	return !blank
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n", "\v", "\n", "\f", "\n")

// textLines cleans a text of several lines and gives its lines, each as oneLine makes it, the empty ones included.
func textLines(s string) []string {
	all := strings.Split(lineEnds.Replace(s), "\n")
	for i := range all {
		all[i] = oneLine(all[i])
	}
	return all
}

// paragraphs cleans a text of several lines and keeps at most one empty line between two.
func paragraphs(s string) string {
	var kept []string
	for _, line := range textLines(s) {
		if line != "" || len(kept) > 0 && kept[len(kept)-1] != "" {
			kept = append(kept, line)
		}
	}
	return strings.TrimSpace(strings.Join(kept, "\n"))
}

// printable takes away what a reader cannot see and a writer could hide something with: control characters,
// zero-width characters, marks that turn the direction of writing, invisible letters.
func printable(s string) string {
	s = strings.ToValidUTF8(s, "")
	var b strings.Builder
	var last rune
	for i, r := range s {
		if hidden(r) && !joins(r, last, s[i:]) {
			continue
		}
		b.WriteRune(r)
		last = r
	}
	return norm.NFC.String(b.String())
}

func hidden(r rune) bool {
	switch {
	case unicode.IsSpace(r), unicode.Is(unicode.Prepended_Concatenation_Mark, r): // blanks, and Arabic signs that are seen
		return false
	default:
		return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point)
	}
}

// joins tells whether r, with which rest begins, is a joiner between two emoji.
func joins(r, last rune, rest string) bool {
	if r != joiner || !emoji(last) {
		return false
	}
	next, _ := utf8.DecodeRuneInString(rest[utf8.RuneLen(joiner):])
	return emoji(next)
}

func emoji(r rune) bool {
	switch {
	case r == 0xFE0F, r >= 0x1F3FB && r <= 0x1F3FF: // shown as emoji; skin tones
		return true
	case r >= 0x2300 && r <= 0x27BF, r >= 0x2B00 && r <= 0x2BFF, r >= 0x1F000 && r <= 0x1FAFF:
		return unicode.Is(unicode.So, r)
	default:
		return false
	}
}
