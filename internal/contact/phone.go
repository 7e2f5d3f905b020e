package contact

import (
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// dashes are the hyphens and minus signs that come with numbers copied from pages and letters.
var dashes = strings.NewReplacer("\u2010", "-", "\u2011", "-", "\u2012", "-", "\u2013", "-", "\u2014", "-", "\u2015", "-", "\u2212", "-")

// numberText cleans a phone number as a person wrote it.
func numberText(s string) string {
	if s = oneLine(s); dialable(s) {
		return s
	}
	return dashes.Replace(s)
}

// dialable tells whether s is written as phone numbers may be: two or more digits, blanks and ( ) - / + .
func dialable(s string) bool {
	digits := 0
	for i := range len(s) {
		switch {
		case s[i] >= '0' && s[i] <= '9':
			digits++
		case strings.IndexByte(" ()-/+.", s[i]) < 0:
			return false
		}
	}
	return digits >= 2 && len(s) <= MaxPhone
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
	if e164, ok := plain(number, region); ok {
		return e164
	}
	n, err := phonenumbers.Parse(number, region)
	if err != nil || !phonenumbers.IsPossibleNumber(n) {
		return ""
	}
	return phonenumbers.Format(n, phonenumbers.E164)
}

// parseE164 takes a number apart that international gave, and tells the code of its country; it gives nil for anything else.
// It is for reading often: the parser of phonenumbers first looks for everything that people write, extensions and all.
func parseE164(number string) (n *phonenumbers.PhoneNumber, country int) {
	digits, found := strings.CutPrefix(number, "+")
	if !found || digits == "" || digits[0] == '0' || dialled(digits) != digits {
		return nil, 0
	}
	for size := 1; size <= 3 && size < len(digits); size++ {
		country, _ = strconv.Atoi(digits[:size])
		if phonenumbers.GetRegionCodeForCountryCode(country) != phonenumbers.UNKNOWN_REGION {
			return nationalNumber(country, digits[size:]), country
		}
	}
	return nil, 0
}

// nationalNumber is a number of a country by its digits; nil when they are too few or too many.
func nationalNumber(country int, digits string) *phonenumbers.PhoneNumber {
	if len(digits) < phonenumbers.MIN_LENGTH_FOR_NSN || len(digits) > phonenumbers.MAX_LENGTH_FOR_NSN {
		return nil
	}
	value, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return nil
	}
	n := &phonenumbers.PhoneNumber{CountryCode: new(int32(country)), NationalNumber: &value}
	if zeros := len(digits) - len(strings.TrimLeft(digits[:len(digits)-1], "0")) - 1; zeros > 0 { // which some countries have for good
		n.ItalianLeadingZero, n.NumberOfLeadingZeros = new(true), new(int32(zeros))
	}
	return n
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
