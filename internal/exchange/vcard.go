package exchange

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"mime/quotedprintable"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/htmlindex"

	"teamspro/internal/contact"
)

// What one card may hold. Photos and the like are not counted: they are not kept while they are read.
const (
	maxProperties = 1000
	maxParams     = 50        // of one property that are looked at
	maxCard       = 1 << 20   // bytes of all properties
	maxValue      = 256 << 10 // bytes of one property
)

// cards is a file of vCards, of version 2.1, 3.0 or 4.0.
type cards struct {
	text *text
	cell int
}

func (c *cards) Close() error { return nil }

// each gives the cards in their order. A card within a card (an agent, in old versions) is left out.
func (c *cards) each(ctx context.Context, _ Mapping, fn func(Row) error) error {
	lines := &unfolder{r: bufio.NewReaderSize(c.text.reader(), 64<<10)}
	number, depth := 0, 0
	var k *card
	for {
		p, err := lines.next()
		switch {
		case errors.Is(err, io.EOF):
			if k != nil {
				return fn(k.cut())
			}
			return nil
		case err != nil:
			return refuse("exchange.broken")
		case ctx.Err() != nil:
			return ctx.Err()
		case p.is("BEGIN", "VCARD"):
			if depth++; depth == 1 {
				number++
				k = &card{number: number}
			} else {
				k.left("AGENT")
			}
		case p.is("END", "VCARD") && depth > 0:
			if depth--; depth == 0 {
				if err := fn(k.row(c.cell)); err != nil {
					return err
				}
				k = nil
			}
		case depth == 1:
			k.add(p)
		}
	}
}

// property is a line of a card. Its value is as written, escapes and all.
type property struct {
	name   string // in capitals, without its group
	group  string
	params map[string][]string // names in capitals, values in small letters
	value  string
	size   int  // of all of it, in bytes
	big    bool // the value was too long to keep
}

func (p property) is(name, value string) bool {
	return p.name == name && strings.EqualFold(strings.TrimSpace(p.value), value)
}

func (p property) has(param, value string) bool { return slices.Contains(p.params[param], value) }

// bulky are the properties whose data is never kept.
func bulky(name string) bool { return slices.Contains([]string{"PHOTO", "LOGO", "SOUND", "KEY"}, name) }

// unfolder reads properties from lines.
type unfolder struct{ r *bufio.Reader }

// next reads a property. A line that is none is an empty one.
func (u *unfolder) next() (property, error) {
	line, err := u.line(nil, maxValue)
	if err != nil {
		return property{}, err
	}
	p := parseProperty(line)
	limit, soft := maxValue, p.has("ENCODING", "quoted-printable")
	if bulky(p.name) {
		limit = 4 * contact.MaxPhoto // enough for an address in the web
	}
	folded := false
	for ; ; folded = true {
		next, err := u.r.Peek(1)
		quoted := soft && bytes.HasSuffix(line, []byte("="))
		if err != nil || next[0] != ' ' && next[0] != '\t' && !quoted {
			break
		}
		if !quoted {
			_, _ = u.r.Discard(1) // it was seen
		} else {
			line = append(line, '\n') // a soft break, which the decoder takes away
		}
		if line, err = u.line(line, limit); err != nil {
			return property{}, err
		}
	}
	if folded {
		p = parseProperty(line)
	}
	if bulky(p.name) && len(line) > limit {
		p.value = "" // it is no address
	}
	p.size = len(p.name) + len(p.value)
	p.big = len(line) > maxValue && !bulky(p.name)
	return p, nil
}

// line reads up to the end of a line and appends it; of one longer than limit the rest is thrown away.
func (u *unfolder) line(to []byte, limit int) ([]byte, error) {
	for {
		part, err := u.r.ReadSlice('\n')
		if len(to) <= limit {
			to = append(to, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && (!errors.Is(err, io.EOF) || len(part) == 0):
			return nil, err
		}
		return bytes.TrimRight(to, "\r\n"), nil
	}
}

// parseProperty takes a line apart. In version 2.1 the kind of a number stands without TYPE=.
func parseProperty(line []byte) property {
	head, value, found := cutOutsideQuotes(string(line), ':')
	if !found {
		return property{}
	}
	parts := splitOutsideQuotes(head, ';')
	p := property{name: strings.ToUpper(strings.TrimSpace(parts[0])), value: value, params: map[string][]string{}}
	if dot := strings.LastIndexByte(p.name, '.'); dot >= 0 {
		p.group, p.name = p.name[:dot], p.name[dot+1:]
	}
	for _, param := range parts[1:min(len(parts), 1+maxParams)] {
		name, text, named := strings.Cut(param, "=")
		switch upper := strings.ToUpper(param); {
		case !named && (upper == "QUOTED-PRINTABLE" || upper == "BASE64"):
			name, text = "ENCODING", param
		case !named:
			name, text = "TYPE", param
		}
		name = strings.ToUpper(name)
		for v := range strings.SplitSeq(strings.ReplaceAll(text, `"`, ""), ",") {
			p.params[name] = append(p.params[name], strings.ToLower(strings.TrimSpace(v)))
		}
	}
	return p
}

func cutOutsideQuotes(s string, sep byte) (before, after string, found bool) {
	quoted := false
	for i := range len(s) {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == sep && !quoted:
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

func splitOutsideQuotes(s string, sep byte) []string {
	var all []string
	for {
		before, after, found := cutOutsideQuotes(s, sep)
		all = append(all, before)
		if !found || len(all) > maxParams {
			return all
		}
		s = after
	}
}

// decoded is the value as text: quoted-printable undone, which version 2.1 has.
func (p property) decoded() string {
	if !p.has("ENCODING", "quoted-printable") {
		return p.value
	}
	raw, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(p.value)))
	if err != nil {
		return p.value
	}
	if names := p.params["CHARSET"]; len(names) > 0 {
		if e, err := htmlindex.Get(names[0]); err == nil {
			if b, err := e.NewDecoder().Bytes(raw); err == nil {
				raw = b
			}
		}
	}
	return strings.ReplaceAll(string(raw), "\r\n", "\n")
}

var unescaper = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\N`, "\n", `\,`, ",", `\;`, ";", `\:`, ":")

func (p property) text() string { return strings.TrimSpace(unescaper.Replace(p.decoded())) }

// parts splits a value at a separator that has no backslash before it.
func (p property) parts(sep byte) []string {
	var all []string
	value, start := p.decoded(), 0
	for i := 0; i < len(value); i++ {
		switch value[i] {
		case '\\':
			i++
		case sep:
			all = append(all, strings.TrimSpace(unescaper.Replace(value[start:i])))
			start = i + 1
		}
	}
	return append(all, strings.TrimSpace(unescaper.Replace(value[start:])))
}

// card is a card while it is read.
type card struct {
	number     int
	properties []property
	size       int
	tooMany    bool
	out        []string // names of what was left out
}

func (k *card) left(name string) {
	if !slices.Contains(k.out, name) {
		k.out = append(k.out, name)
	}
}

func (k *card) add(p property) {
	if p.name == "" {
		return
	}
	if k.size += p.size; len(k.properties) == maxProperties || k.size > maxCard {
		k.tooMany = true
		return
	}
	k.properties = append(k.properties, p)
}

// cut is the row of a card that has no end.
func (k *card) cut() Row {
	return Row{Number: k.number, Problems: []contact.Problem{{Text: "exchange.card_end"}}}
}

// row makes a contact of the card.
func (k *card) row(cell int) Row {
	row := Row{Number: k.number}
	if k.tooMany {
		row.Problems = append(row.Problems, contact.Problem{Text: "exchange.card_large", Args: []any{"Max", maxProperties}})
		return row
	}
	b := builder{row: &row, card: k}
	for _, p := range k.properties {
		if p.big || tooLong(p.value, cell) && !bulky(p.name) {
			row.Problems = append(row.Problems, long(cell))
			return row
		}
		b.take(p)
	}
	b.finish()
	if len(k.out) > 0 {
		row.Left = append(row.Left, contact.Problem{Text: "exchange.left", Args: []any{"Names", strings.Join(k.out, ", ")}})
	}
	return row
}

// builder puts a record together.
type builder struct {
	row      *Row
	card     *card
	n        string // from N, where there is no FN
	notes    []string
	position *contact.Position // from GEO
}

// silent are properties that say nothing of a contact, or what others say, too.
var silent = strings.Fields("VERSION PRODID REV CLIENTPIDMAP SORT-STRING LABEL X-ABLABEL X-ABADR X-ABUID PROFILE SOURCE CLASS MAILER LANG X-ABSHOWAS X-SOCIALPROFILE")

func (b *builder) take(p property) {
	r := &b.row.Record
	switch p.name {
	case "FN":
		r.Name = cmp.Or(r.Name, p.text())
	case "N":
		b.n = cmp.Or(b.n, spokenName(p.parts(';')))
	case "ORG":
		b.organisation(p.parts(';'))
	case "TITLE":
		r.Job = p.text()
	case "ROLE":
		r.Job = cmp.Or(r.Job, p.text())
	case "EMAIL":
		r.Emails = append(r.Emails, withoutScheme(p.text(), "mailto:"))
	case "TEL":
		b.phone(p)
	case "ADR":
		b.address(p)
	case "GEO":
		b.position = cmp.Or(b.position, geo(p.text()))
	case "CATEGORIES":
		r.Tags = append(r.Tags, p.parts(',')...)
	case "NOTE":
		b.notes = append(b.notes, p.text())
	case "UID":
		b.row.ID = contact.ID(withoutScheme(p.text(), "urn:uuid:"))
	default:
		b.takeMore(p)
	}
}

func (b *builder) takeMore(p property) {
	r := &b.row.Record
	switch p.name {
	case "URL":
		b.url(p)
	case "X-SOCIALPROFILE":
		b.profile(p)
	case "PHOTO":
		if link := p.text(); len(link) < 2*contact.MaxPhoto && strings.HasPrefix(strings.ToLower(link), "https://") {
			r.Photo = link
		} else {
			b.card.left(p.name)
		}
	case "KIND":
		r.Kind = kindOf(p.text())
	case "X-ABSHOWAS":
		if p.is(p.name, "COMPANY") {
			r.Kind = contact.Company
		}
	case xHours:
		r.Hours = p.text()
	case xCustom:
		if parts := p.parts(';'); len(parts) == 2 {
			r.Custom = append(r.Custom, contact.Custom{Name: parts[0], Value: parts[1]})
		}
	default:
		if !slices.Contains(silent, p.name) {
			b.card.left(p.name)
		}
	}
}

// finish fills in what depends on several properties.
func (b *builder) finish() {
	r := &b.row.Record
	r.Notes = strings.Join(b.notes, "\n")
	r.Name = cmp.Or(r.Name, b.n)
	if r.Name == "" && r.Company != "" {
		r.Name, r.Company, r.Kind = r.Company, "", cmp.Or(r.Kind, contact.Company)
	}
	if b.position == nil {
		return
	}
	switch len(r.Addresses) {
	case 0:
		r.Addresses = []contact.Address{{Position: b.position}}
	case 1:
		r.Addresses[0].Position = cmp.Or(r.Addresses[0].Position, b.position)
	}
}

// spokenName writes the parts of N, which begin with the family's, as they are spoken.
func spokenName(parts []string) string {
	for len(parts) < 5 {
		parts = append(parts, "")
	}
	return inLine(strings.Join([]string{parts[3], parts[1], parts[2], parts[0], parts[4]}, " "))
}

func (b *builder) organisation(parts []string) {
	r := &b.row.Record
	if r.Company == "" && r.Department == "" {
		r.Company = parts[0]
		r.Department = strings.Join(slices.DeleteFunc(parts[1:], func(s string) bool { return s == "" }), ", ")
	}
}

func (b *builder) phone(p property) {
	number, _, _ := strings.Cut(withoutScheme(p.text(), "tel:"), ";")
	label := labelOf(p.params["TYPE"])
	b.row.Record.Phones = append(b.row.Record.Phones, contact.Phone{Label: label, Number: number})
}

// address writes the parts of ADR (box, further, street, town, region, code, country) as lines.
func (b *builder) address(p property) {
	parts := p.parts(';')
	for len(parts) < 7 {
		parts = append(parts, "")
	}
	var lines []string
	for _, line := range []string{parts[0], parts[1], parts[2], inLine(parts[5] + " " + parts[3]), parts[4], parts[6]} {
		if line != "" {
			lines = append(lines, line)
		}
	}
	a := contact.Address{Text: strings.Join(lines, "\n")}
	if at := p.params["GEO"]; len(at) > 0 {
		a.Position = geo(strings.Join(at, ",")) // its comma was taken for one between values
	}
	b.row.Record.Addresses = append(b.row.Record.Addresses, a)
}

// geo reads a position as version 4 writes it (geo:48.1,2.35) or 3 (48.1;2.35).
func geo(s string) *contact.Position {
	s = withoutScheme(s, "geo:")
	lat, lng, found := strings.Cut(s, ",")
	if !found {
		lat, lng, _ = strings.Cut(s, ";")
	}
	lng, _, _ = strings.Cut(lng, ";")
	y, errY := strconv.ParseFloat(lat, 64)
	x, errX := strconv.ParseFloat(lng, 64)
	if errY != nil || errX != nil {
		return nil
	}
	return &contact.Position{Lat: y, Lng: x}
}

func withoutScheme(s, scheme string) string {
	if len(s) >= len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
		return s[len(scheme):]
	}
	return s
}

// url files an address by the network that it is seen to be of.
func (b *builder) url(p property) {
	to := b.network(hostOf(p.text()))
	if to == nil || p.has("TYPE", xWebsite) {
		to = &b.row.Record.Website
	}
	b.link(p, to)
}

// profile files an address by the network that it is said or seen to be of.
func (b *builder) profile(p property) {
	to := cmp.Or(b.network(strings.Join(p.params["TYPE"], " ")), b.network(hostOf(p.text())))
	if to == nil {
		b.card.left(p.name)
		return
	}
	b.link(p, to)
}

// link keeps the first of several addresses.
func (b *builder) link(p property, to *string) {
	if *to != "" {
		b.card.left(p.name)
		return
	}
	*to = p.text()
}

// hostOf is the part of an address by which a network is known: linkedin of https://fr.linkedin.com/in/ana.
func hostOf(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	host, ok := strings.CutSuffix(strings.ToLower(u.Hostname()), ".com")
	if !ok {
		return ""
	}
	return host[strings.LastIndexByte(host, '.')+1:]
}

// network gives the place of the pages of a network; nil for one that is not known.
func (b *builder) network(name string) *string {
	for w := range strings.FieldsSeq(name) {
		switch w {
		case "linkedin":
			return &b.row.Record.LinkedIn
		case "facebook":
			return &b.row.Record.Facebook
		case "x", "twitter":
			return &b.row.Record.X
		}
	}
	return nil
}

func kindOf(kind string) contact.Kind {
	switch strings.ToLower(kind) {
	case "org", "group", "location":
		return contact.Company
	case xFunction:
		return contact.Function
	}
	return contact.Person
}
