package contact

import (
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// maxLine bounds the line that FromLine reads, in bytes.
const maxLine = 2000

// FromLine reads a contact from one line, "Marta Weber, marta@contoso.example, +49 151 234567, Contoso": parts between
// commas or semicolons, e-mail addresses, numbers and tags by their form, the first other part the name, a second one
// the company and a third the job. What has an @ is meant as an address, even when it is none. enough tells whether there is a name and something more, so that nothing need be asked.
func FromLine(line string) (r Record, enough bool) {
	r.Kind = Person
	if len(line) > maxLine {
		line = strings.ToValidUTF8(line[:maxLine], "")
	}
	for _, part := range strings.FieldsFunc(line, func(c rune) bool { return c == ',' || c == ';' }) {
		r.take(strings.TrimSpace(part))
	}
	others := len(r.Emails) + len(r.Phones) + len(r.Tags) + len(r.Company)
	return r, r.Name != "" && others > 0
}

// take puts one part of a line where it belongs: addresses, tags and a number may stand beside the name.
func (r *Record) take(part string) {
	var rest []string
	for _, word := range strings.Fields(part) {
		switch {
		case strings.Index(word, "@") > 0:
			r.Emails = append(r.Emails, strings.Trim(word, "<>()"))
		case len(word) > 1 && word[0] == '#':
			r.Tags = append(r.Tags, word[1:])
		default:
			rest = append(rest, word)
		}
	}
	rest, number := splitNumber(rest)
	if number != "" {
		r.Phones = append(r.Phones, Phone{Label: r.freeLabel(), Number: number})
	}
	r.name(strings.Join(rest, " "))
}

// splitNumber takes a number off the end of a part: "Marta Weber +49 151 234567".
func splitNumber(words []string) (rest []string, number string) {
	for i := range words {
		if tail := strings.Join(words[i:], " "); LooksLikeNumber(tail) {
			return words[:i], tail
		}
	}
	return words, ""
}

func (r *Record) name(text string) {
	switch {
	case text == "":
	case r.Name == "":
		r.Name = text
	case r.Company == "":
		r.Company = text
	case r.Job == "":
		r.Job = text
	default:
		r.Notes = strings.TrimSpace(r.Notes + "\n" + text)
	}
}

// freeLabel is the label for the next number of a line: the first is most likely the one in the pocket.
func (r *Record) freeLabel() PhoneLabel {
	if len(r.Phones) == 0 {
		return Mobile
	}
	return Business
}

// LooksLikeNumber tells whether a text is meant as a phone number: the signs of one and at least six digits.
func LooksLikeNumber(text string) bool {
	text = numberText(text)
	return dialable(text) && len(dialled(text)) >= endMin
}

// Readable is the number as people of the region read it: in national form when it is one of theirs, else in
// international form; as it was written when it could not be understood.
func (p Phone) Readable(region string) string {
	if p.E164 == "" {
		return p.Number
	}
	n, country := parseE164(p.E164)
	if n == nil {
		return p.Number
	}
	if phonenumbers.GetCountryCodeForRegion(region) != country {
		return phonenumbers.Format(n, phonenumbers.INTERNATIONAL)
	}
	switch {
	case phonenumbers.GetRegionCodeForNumber(n) == region:
		return phonenumbers.Format(n, phonenumbers.NATIONAL)
	case phonenumbers.IsValidNumber(n):
		return phonenumbers.Format(n, phonenumbers.INTERNATIONAL)
	}
	return p.Number // of this country by a guess alone
}

// PageURL is the address of one of the record's pages on the web, ready to be opened; empty when there is none.
func PageURL(r Record, f Field) string {
	switch f {
	case FieldWebsite:
		return r.Website
	case FieldLinkedIn:
		return r.LinkedIn
	case FieldFacebook:
		return r.Facebook
	case FieldX:
		if handle, is := strings.CutPrefix(r.X, "@"); is {
			return "https://x.com/" + handle
		}
		return r.X
	}
	return ""
}
