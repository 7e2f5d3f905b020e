package contact

import (
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// dashes are the hyphens and minus signs that come with numbers copied from pages and letters.
var dashes = strings.NewReplacer("\u2010", "-", "\u2011", "-", "\u2012", "-", "\u2013", "-", "\u2014", "-", "\u2015", "-", "\u2212", "-")

// numberText cleans a phone number as a person wrote it.
func numberText(s string) string { return dashes.Replace(oneLine(s)) }

// dialable tells whether s is written as phone numbers may be: two or more digits, blanks and ( ) - / + .
func dialable(s string) bool {
	for _, r := range s {
		if !strings.ContainsRune("0123456789 ()-/+.", r) {
			return false
		}
	}
	return len(dialled(s)) >= 2 && len(s) <= MaxPhone
}

// dialled gives the digits of a number.
func dialled(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// international gives a number in E.164 form. One written in national form is read as a number of region, an
// ISO country or "". The answer is empty when the number cannot be understood. Whether somebody has been given
// the number is not asked: the plans change faster than programs do.
func international(number, region string) string {
	if !dialable(number) {
		return ""
	}
	if rest, ok := strings.CutPrefix(number, "00"); ok && region == "" {
		number = "+" + rest
	}
	n, err := phonenumbers.Parse(number, region)
	if err != nil || !phonenumbers.IsPossibleNumber(n) {
		return ""
	}
	return phonenumbers.Format(n, phonenumbers.E164)
}

// likeness says how surely two numbers are one.
type likeness int

const (
	unlike    likeness = iota
	sameEnd            // one ends with the other, in endMin digits or more
	sameWhole          // the same in international form, or digit by digit
)

// endMin is how many digits must agree for two numbers to count as one.
const endMin = 6

// whole tells whether a number is written from its beginning, with the country or with the trunk prefix of the region,
// so that it can be one number only. Of other digits the E164 is a guess: they may be the end of a longer number.
func (p Phone) whole() bool {
	return p.E164 != "" && (strings.HasPrefix(p.Number, "+") || strings.HasPrefix(p.Number, "0"))
}

// compare tells how alike two numbers are; either E164 may be empty.
func (p Phone) compare(q Phone) likeness {
	a, b := dialled(p.Number), dialled(q.Number)
	switch {
	case p.whole() && q.whole() && p.E164 != q.E164: // both are certain, and they differ
		return unlike
	case p.E164 != "" && p.E164 == q.E164, a == b:
		return sameWhole
	case endsAlike(a, b), endsAlike(dialled(p.E164), b), endsAlike(a, dialled(q.E164)):
		return sameEnd
	default:
		return unlike
	}
}

func endsAlike(a, b string) bool {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0") // the trunk prefix is not part of the number
	if len(a) < len(b) {
		a, b = b, a
	}
	return len(b) >= endMin && strings.HasSuffix(a, b)
}
