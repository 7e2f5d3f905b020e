package contact

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// plainLetters are for what does not decompose into a letter and an accent: each is written as people without the key
// write it. Apostrophes and dashes come in many shapes and mean the same.
var plainLetters = map[rune]string{
	'ß': "ss", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th", 'æ': "ae", 'œ': "oe", 'ħ': "h", 'ŧ': "t", 'ŋ': "n", 'ĸ': "k",
	'ƒ': "f", 'ɨ': "i", 'ʉ': "u", 'ƶ': "z", 'ƀ': "b", 'ǥ': "g", 'ȼ': "c", 'ɍ': "r", 'ɇ': "e", 'ɏ': "y", 'ς': "σ",
	'‘': "'", '’': "'", '‛': "'", 'ʻ': "'", 'ʼ': "'", '′': "'", '`': "'",
	'‐': "-", '‒': "-", '–': "-", '—': "-", '―': "-", '−': "-",
	utf8.RuneError: "",
}

// fold writes s as a search compares it: lower case, without accents and invisible characters, with compatible
// characters (full width, ligatures, small figures) made plain. Folding twice changes nothing.
func fold(s string) string { return string(appendFolded(nil, s)) }

func appendFolded(dst []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= utf8.RuneSelf:
			return appendFoldedRunes(dst, s[i:])
		case 'A' <= c && c <= 'Z':
			dst = append(dst, c|0x20)
		case c == '`':
			dst = append(dst, '\'')
		case c >= ' ' && c != 0x7f || c >= '\t' && c <= '\r':
			dst = append(dst, c)
		}
	}
	return dst
}

func appendFoldedRunes(dst []byte, s string) []byte {
	for _, r := range norm.NFKD.String(s) {
		if unicode.In(r, unicode.Mn, unicode.Me) || hidden(r) {
			continue
		}
		r = unicode.ToLower(unicode.ToUpper(r)) // by way of the capital, as some small letters have two shapes
		if plain, ok := plainLetters[r]; ok {
			dst = append(dst, plain...)
			continue
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

// inWord tells whether r belongs to a word: letters, digits, the marks that folding leaves, and pictures, so that
// an emoji can be searched for.
func inWord(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z'
	}
	return unicode.In(r, unicode.L, unicode.N, unicode.M, unicode.So)
}

func notInWord(r rune) bool { return !inWord(r) }

// wordsOf gives the words of a folded text.
func wordsOf(folded string) []string { return strings.FieldsFunc(folded, notInWord) }

// chunksOf gives what stands between the blanks of a folded text ("o'neil", "marta@contoso.example", "c++"), without
// the brackets, commas and full stops around it, and without what has no word in it.
func chunksOf(folded string) []string {
	chunks := strings.Fields(folded)
	kept := chunks[:0]
	for _, c := range chunks {
		if c = bare(c); strings.ContainsFunc(c, inWord) {
			kept = append(kept, c)
		}
	}
	return kept
}

// bare takes signs off both ends, except those that mean something there: "weber@", "c++", "c#".
func bare(chunk string) string {
	return strings.TrimFunc(chunk, func(r rune) bool { return !inWord(r) && r != '@' && r != '+' && r != '#' })
}

// compound tells whether a chunk has signs in it, and so is more than one word.
func compound(chunk string) bool { return strings.ContainsFunc(chunk, notInWord) }

// numeral tells whether s is digits only.
func numeral(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
