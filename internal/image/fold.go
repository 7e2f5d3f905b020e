package image

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// plain are the shapes of a sign that mean the same in a plan.
var plain = map[rune]rune{
	'’': '\'', '‘': '\'', '‐': '-', '‑': '-', '‒': '-', '–': '-', '—': '-', '−': '-', '×': 'x', '∶': ':', '：': ':',
}

// fold writes a word as the words of the language are compared: lower case, without accents, with signs in one shape.
func fold(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(s) {
		if unicode.In(r, unicode.Mn, unicode.Cf) {
			continue
		}
		if p, ok := plain[r]; ok {
			r = p
		}
		if r == 'œ' || r == 'Œ' {
			b.WriteString("oe")
			continue
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// distance counts the letters to add, drop or change that make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			corner, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, corner+cost)
		}
	}
	return row[len(b)]
}
