package exchange

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"teamspro/internal/contact"
)

// record reads a row by the mapping.
func (m Mapping) record(cells []string) (contact.ID, contact.Record) {
	g := gathered{fields: map[contact.Field][]string{}, parts: map[Column]string{}, ours: m.Origin == ours}
	for i, c := range m.Columns {
		if i == len(cells) {
			break
		}
		if cell := strings.TrimSpace(unguarded(cells[i])); cell != "" {
			g.take(c, cell)
		}
	}
	return contact.ID(g.parts[Column{Target: Identity}]), g.record()
}

// gathered are the cells of one row by what they are.
type gathered struct {
	fields map[contact.Field][]string
	parts  map[Column]string // by Target and Group alone
	groups []string          // of the parts, in their order
	ours   bool              // lists are written as contact.FieldText writes them
}

func (g *gathered) take(c Column, cell string) {
	switch {
	case c.Target == Unknown:
	case c.Target == Named:
		g.add(contact.FieldCustom, c.Header+": "+inLine(cell))
	case slices.Contains(contact.Fields, contact.Field(c.Target)):
		if !g.ours {
			cell = listedCell(contact.Field(c.Target), cell)
		}
		g.add(contact.Field(c.Target), cell)
	default:
		key := Column{Target: c.Target, Group: c.Group}
		if c.Target == Street && g.parts[key] != "" {
			cell = g.parts[key] + "\n" + cell
		}
		g.parts[key] = cell
		if !slices.Contains(g.groups, c.Group) {
			g.groups = append(g.groups, c.Group)
		}
	}
}

func (g *gathered) add(f contact.Field, text string) { g.fields[f] = append(g.fields[f], text) }

// listedCell reads what other programs write in one cell: Google puts ":::" between entries, and Outlook ";" between categories.
func listedCell(f contact.Field, cell string) string {
	switch f {
	case contact.FieldEmail, contact.FieldBusiness, contact.FieldMobile, contact.FieldHome, contact.FieldFax:
		return strings.ReplaceAll(cell, ":::", "\n")
	case contact.FieldAddress: // of several lines is one address
		return strings.ReplaceAll(cell, "\n", "\n ")
	case contact.FieldTags:
		cell = strings.ReplaceAll(strings.ReplaceAll(cell, ":::", ","), ";", ",")
		var kept []string
		for tag := range strings.SplitSeq(cell, ",") {
			if tag = strings.TrimSpace(tag); !strings.HasPrefix(tag, "* ") { // Google's own groups, such as * myContacts
				kept = append(kept, tag)
			}
		}
		return strings.Join(kept, ",")
	}
	return cell
}

func inLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// record puts together what was gathered.
func (g *gathered) record() contact.Record {
	for _, group := range g.groups {
		g.custom(group)
		g.number(group)
	}
	var r contact.Record
	for _, f := range contact.Fields {
		if texts := g.fields[f]; len(texts) > 0 {
			contact.SetFieldText(&r, f, strings.Join(texts, "\n"))
		}
	}
	g.addresses(&r)
	r.Name = cmp.Or(r.Name, g.name())
	if r.Name == "" && r.Company != "" {
		r.Name, r.Kind, r.Company = r.Company, cmp.Or(r.Kind, contact.Company), "" // an entry that is a company, as Outlook and Google have them
	}
	return r
}

func (g *gathered) part(t Target, group string) string {
	return g.parts[Column{Target: t, Group: group}]
}

func (g *gathered) name() string {
	var all []string
	for _, t := range []Target{Prefix, First, Middle, Last, Suffix} {
		if p := g.part(t, ""); p != "" {
			all = append(all, p)
		}
	}
	return strings.Join(all, " ")
}

// custom makes a custom field of its name and value, which stand in two columns.
func (g *gathered) custom(group string) {
	if value := g.part(CustomValue, group); value != "" {
		g.add(contact.FieldCustom, strings.ReplaceAll(inLine(cmp.Or(g.part(CustomName, group), "Custom "+group)), ": ", ":")+": "+inLine(value))
	}
}

// number files a phone under the kind that stands beside it.
func (g *gathered) number(group string) {
	if n := g.part(Number, group); n != "" {
		g.add(contact.Field(labelOf(strings.Fields(fold(g.part(NumberKind, group))))), strings.ReplaceAll(n, ":::", "\n"))
	}
}

// labelOf is what a number is for, by the words that programs put beside it.
func labelOf(words []string) contact.PhoneLabel {
	label := contact.Business
	for _, w := range words {
		switch w {
		case "fax", "faxnumber", "workfax", "homefax", "telecopie":
			return contact.Fax
		case "mobile", "cell", "iphone", "portable", "handy", "mobil":
			return contact.Mobile
		case "home", "domicile", "privat", "personal":
			label = contact.Home
		}
	}
	return label
}

// addresses adds what stood in parts. A position without an address belongs to the only address, if there is one.
func (g *gathered) addresses(r *contact.Record) {
	for _, group := range g.groups {
		a := contact.Address{Text: g.address(group), Position: g.position(group)}
		switch {
		case a.Text == "" && a.Position == nil:
		case a.Text == "" && len(r.Addresses) == 1 && r.Addresses[0].Position == nil:
			r.Addresses[0].Position = a.Position
		case slices.ContainsFunc(r.Addresses, func(o contact.Address) bool { return inLine(o.Text) == inLine(a.Text) && a.Position == nil }):
		case g.formatted(group, a): // Google has the whole address beside its parts
		default:
			r.Addresses = append(r.Addresses, a)
		}
	}
}

// formatted tells whether the table has whole addresses beside parts of the same.
func (g *gathered) formatted(group string, a contact.Address) bool {
	return a.Position == nil && isNumber(group) && len(g.fields[contact.FieldAddress]) > 0
}

// address writes the parts of an address as a letter has them in most of Europe.
func (g *gathered) address(group string) string {
	town := inLine(g.part(Postcode, group) + " " + g.part(City, group))
	var all []string
	for _, line := range []string{g.part(Street, group), town, inLine(g.part(State, group)), inLine(g.part(Country, group))} {
		if line != "" {
			all = append(all, line)
		}
	}
	return strings.Join(all, "\n")
}

// position reads degrees, also with a decimal comma. What is no number is no position.
func (g *gathered) position(group string) *contact.Position {
	lat, errLat := strconv.ParseFloat(strings.Replace(g.part(Latitude, group), ",", ".", 1), 64)
	lng, errLng := strconv.ParseFloat(strings.Replace(g.part(Longitude, group), ",", ".", 1), 64)
	if errLat != nil || errLng != nil {
		return nil
	}
	return &contact.Position{Lat: lat, Lng: lng}
}
