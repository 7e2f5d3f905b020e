package contact

import (
	"cmp"
	"math"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The limits of a record: characters of a text, entries of a list.
const (
	MaxLine        = 100 // name, job, company, department, links, hours
	MaxEmail       = 254 // RFC 5321, 4.5.3.1.3
	MaxPhone       = 50
	MaxAddress     = 250
	MaxNotes       = 1000
	MaxPhoto       = 500
	MaxTag         = 50
	MaxCustomName  = 50
	MaxCustomValue = 250

	MaxEmails    = 20
	MaxPhones    = 20
	MaxAddresses = 10
	MaxTags      = 30
	MaxCustoms   = 30
)

// Problem is something in a record that its writer must correct.
type Problem struct {
	Field Field
	Text  string // the key of a sentence in internal/lang
	Args  []any  // what fills the sentence, as lang.Printer.Text takes it
}

// CheckRecord cleans what people wrote and says what is wrong with it, as Checker.Check does, for the region of the books.
func (b *Books) CheckRecord(r Record) (Record, []Problem) { return Checker{Region: b.region}.Check(r) }

// Checker checks records also where no books are at hand: those of a file.
type Checker struct {
	Region string // the ISO country whose national phone numbers are understood ("FR"); "" = none
}

// Check cleans what people wrote and says what is wrong with it, in the order of Fields. It trusts nothing
// of r: phone numbers are put into international form anew. A record without problems is unchanged by a second check.
func (c Checker) Check(r Record) (Record, []Problem) {
	k := findings{region: c.Region}
	clean := Record{
		Kind:       k.kind(r.Kind),
		Name:       k.name(r.Name),
		Job:        k.line(FieldJob, r.Job),
		Company:    k.line(FieldCompany, r.Company),
		Department: k.line(FieldDepartment, r.Department),
		Emails:     k.emails(r.Emails),
		Phones:     k.phones(r.Phones),
		Website:    k.link(FieldWebsite, r.Website, MaxLine),
		LinkedIn:   k.link(FieldLinkedIn, r.LinkedIn, MaxLine),
		Facebook:   k.link(FieldFacebook, r.Facebook, MaxLine),
		X:          k.handle(r.X),
		Addresses:  k.addresses(r.Addresses),
		Hours:      k.line(FieldHours, r.Hours),
		Notes:      k.within(FieldNotes, paragraphs(r.Notes), MaxNotes),
		Photo:      k.photo(r.Photo),
		Tags:       k.tags(r.Tags),
		Custom:     k.customs(r.Custom),
	}
	return clean, k.problems
}

// findings cleans the fields of one record and collects what is wrong.
type findings struct {
	region   string
	problems []Problem
}

func (k *findings) problem(f Field, text string, args ...any) {
	k.problems = append(k.problems, Problem{Field: f, Text: text, Args: args})
}

// wrong reports a value that is not what the field holds; a long one is shown by its beginning.
func (k *findings) wrong(f Field, text, value string) {
	k.problem(f, text, "Value", beginning(value, 60))
}

func beginning(s string, n int) string {
	runes := []rune(s[:min(len(s), n*utf8.UTFMax)])
	if len(runes) <= n {
		return strings.ToValidUTF8(string(runes), "")
	}
	return string(runes[:n]) + "…"
}

func (k *findings) within(f Field, s string, limit int) string {
	if n := utf8.RuneCountInString(s); n > limit {
		k.problem(f, "record.too_long", "Max", limit, "Length", n)
	}
	return s
}

func (k *findings) line(f Field, s string) string { return k.within(f, oneLine(s), MaxLine) }

func (k *findings) name(s string) string {
	s = k.line(FieldName, s)
	if s == "" {
		k.problem(FieldName, "record.name_missing", "Max", MaxLine)
	}
	return s
}

func (k *findings) kind(s Kind) Kind {
	kind := cmp.Or(Kind(strings.ToLower(oneLine(string(s)))), Person)
	if kind != Person && kind != Company && kind != Function {
		k.wrong(FieldKind, "record.kind", string(kind))
	}
	return kind
}

func (k *findings) emails(all []string) []string {
	var clean []string
	for _, s := range upTo(k, FieldEmail, all, MaxEmails) {
		s = k.email(oneLine(s))
		if s != "" && !slices.ContainsFunc(clean, func(o string) bool { return strings.EqualFold(o, s) }) {
			clean = append(clean, s)
		}
	}
	return clean
}

func (k *findings) email(s string) string {
	if s == "" {
		return ""
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Name != "" || a.Address != s || strings.ContainsAny(s, " ,;<>()\"") {
		k.wrong(FieldEmail, "record.email", s)
		return s
	}
	at := strings.LastIndexByte(s, '@')
	return k.within(FieldEmail, s[:at]+norm.NFC.String(strings.ToLower(s[at:])), MaxEmail)
}

// upTo cuts a list at its limit, so that nobody can have work done on a long one.
func upTo[E any](k *findings, f Field, all []E, limit int) []E {
	if len(all) > limit {
		k.problem(f, "record.too_many", "Max", limit, "Length", len(all))
		return all[:limit]
	}
	return all
}

// phones are kept in the order of their labels, which is the order in which they are shown.
func (k *findings) phones(all []Phone) []Phone {
	var clean []Phone
	for _, p := range upTo(k, FieldBusiness, all, MaxPhones) {
		p = k.phone(p)
		if p.Number != "" && !slices.Contains(clean, p) {
			clean = append(clean, p)
		}
	}
	slices.SortStableFunc(clean, func(p, q Phone) int {
		return slices.Index(PhoneLabels, p.Label) - slices.Index(PhoneLabels, q.Label)
	})
	return clean
}

func (k *findings) phone(p Phone) Phone {
	p = Phone{Label: cmp.Or(p.Label, Business), Number: numberText(p.Number)}
	switch {
	case p.Number == "":
	case !slices.Contains(PhoneLabels, p.Label):
		k.wrong(FieldBusiness, "record.phone_label", string(p.Label))
	case utf8.RuneCountInString(p.Number) > MaxPhone:
		k.within(Field(p.Label), p.Number, MaxPhone)
	case !dialable(p.Number):
		k.wrong(Field(p.Label), "record.phone", p.Number)
	default:
		p.E164 = international(p.Number, k.region)
	}
	return p
}

// link cleans a web address: one without a scheme gets https. Only http and https lead anywhere, and none may carry
// a name and password.
func (k *findings) link(f Field, s string, limit int) string {
	s = oneLine(s)
	if s == "" {
		return ""
	}
	scheme, rest, found := strings.Cut(s, "://")
	if !found {
		scheme, rest = "https", s
	}
	link := strings.ToLower(scheme) + "://" + rest
	if !webAddress(link, found) {
		k.wrong(f, "record.link", s)
		return s
	}
	return k.within(f, link, limit)
}

// webAddress tells whether s is an address to show as a link. One that was written with its scheme may name a host
// of the intranet, without a dot.
func webAddress(s string, intranet bool) bool {
	if strings.ContainsAny(s, " <>\"\\^`{|}") {
		return false
	}
	u, err := url.Parse(s)
	if err != nil || u.User != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return false
	}
	return intranet || strings.Contains(strings.Trim(u.Hostname(), "."), ".")
}

func (k *findings) handle(s string) string {
	s = oneLine(s)
	if !strings.HasPrefix(s, "@") {
		return k.link(FieldX, s, MaxLine)
	}
	if strings.ContainsFunc(s[1:], func(r rune) bool { return r != '_' && !('0' <= r && r <= '9' || 'a' <= r|0x20 && r|0x20 <= 'z') }) || s == "@" {
		k.wrong(FieldX, "record.handle", s)
	}
	return k.within(FieldX, s, MaxLine)
}

func (k *findings) photo(s string) string {
	s = oneLine(s)
	if scheme, _, ok := strings.Cut(s, "://"); ok && !strings.EqualFold(scheme, "https") {
		k.wrong(FieldPhoto, "record.photo", s)
		return s
	}
	return k.link(FieldPhoto, s, MaxPhoto)
}

func (k *findings) addresses(all []Address) []Address {
	var clean []Address
	for _, a := range upTo(k, FieldAddress, all, MaxAddresses) {
		a = k.address(a)
		if a.Text != "" || a.Position != nil {
			clean = append(clean, a)
		}
	}
	return clean
}

func (k *findings) address(a Address) Address {
	text := strings.Join(slices.DeleteFunc(textLines(a.Text), func(l string) bool { return l == "" }), "\n")
	clean := Address{Text: text, Position: a.Position}
	if a.Position == nil {
		clean = withPosition(text)
	}
	if p := clean.Position; p != nil && !p.onEarth() {
		k.wrong(FieldAddress, "record.position", p.String())
		return Address{Text: text}
	}
	k.within(FieldAddress, clean.Text, MaxAddress)
	return clean
}

// onEarth is false for what is no number, too: every comparison with one is.
func (p Position) onEarth() bool { return math.Abs(p.Lat) <= 90 && math.Abs(p.Lng) <= 180 }

// String writes the position as "(48.1, 2.35)", without loss.
func (p Position) String() string {
	write := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	return "(" + write(p.Lat) + ", " + write(p.Lng) + ")"
}

var trailingPosition = regexp.MustCompile(`\(\s*([+-]?\d+(?:\.\d+)?)\s*,\s*([+-]?\d+(?:\.\d+)?)\s*\)$`)

// withPosition reads an address from its text, which may end with a position. The position may be off the earth.
func withPosition(text string) Address {
	at := trailingPosition.FindStringSubmatchIndex(text)
	if at == nil {
		return Address{Text: text}
	}
	lat, _ := strconv.ParseFloat(text[at[2]:at[3]], 64) // the digits were checked; too many of them give infinity,
	lng, _ := strconv.ParseFloat(text[at[4]:at[5]], 64) // which is off the earth
	return Address{Text: strings.TrimSpace(text[:at[0]]), Position: &Position{Lat: lat, Lng: lng}}
}

// tags may hold no comma, which stands between two.
func (k *findings) tags(all []string) []string {
	var clean []string
	for _, s := range upTo(k, FieldTags, splitTags(all), MaxTags) {
		s = k.within(FieldTags, s, MaxTag)
		if !slices.ContainsFunc(clean, func(o string) bool { return strings.EqualFold(o, s) }) {
			clean = append(clean, s)
		}
	}
	return clean
}

func splitTags(all []string) []string {
	var tags []string
	for _, s := range all {
		for part := range strings.SplitSeq(s, ",") {
			if part = oneLine(part); part != "" {
				tags = append(tags, part)
			}
		}
	}
	return tags
}

func (k *findings) customs(all []Custom) []Custom {
	var clean []Custom
	for _, c := range upTo(k, FieldCustom, all, MaxCustoms) {
		// A colon and a blank stand between name and value, so the name has no such pair.
		c = Custom{Name: strings.ReplaceAll(oneLine(c.Name), ": ", ":"), Value: oneLine(c.Value)}
		if c.Value == "" {
			continue
		}
		if c.Name == "" {
			k.wrong(FieldCustom, "record.custom_name", c.Value)
		}
		k.within(FieldCustom, c.Name, MaxCustomName)
		k.within(FieldCustom, c.Value, MaxCustomValue)
		clean = append(clean, c)
	}
	return clean
}
