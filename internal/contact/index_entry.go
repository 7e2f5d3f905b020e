package contact

import (
	"cmp"
	"slices"
	"strings"
)

// draft is a contact taken apart for the index. Its lists are used again for the next one.
type draft struct {
	folded []byte // all values, one after the other
	values []value

	text    []byte // as in slot
	pieces  []byte // as in leaf
	lines   []line
	words   []token
	chunks  []token
	numbers []token
	tags    []tag
}

// value is one value of a field: where it ends in folded.
type value struct {
	field int
	end   int
}

type token struct {
	text  string
	field fieldSet
}

// tag is a tag as it is compared, and as it was written.
type tag struct{ key, written string }

func tagKey(s string) string { return strings.Join(strings.Fields(fold(s)), " ") }

// The places of fields in Fields.
var (
	fieldAt = func() map[Field]int {
		at := make(map[Field]int, len(Fields))
		for i, f := range Fields {
			at[f] = i
		}
		return at
	}()
	nameAt = fieldAt[FieldName]
)

// read takes the record apart.
func (d *draft) read(r *Record) {
	d.folded, d.values, d.text, d.pieces, d.lines = d.folded[:0], d.values[:0], d.text[:0], d.pieces[:0], d.lines[:0]
	d.words, d.chunks, d.numbers, d.tags = d.words[:0], d.chunks[:0], d.numbers[:0], nil
	d.put(FieldName, r.Name)
	d.put(FieldJob, r.Job)
	d.put(FieldCompany, r.Company)
	d.put(FieldDepartment, r.Department)
	d.put(FieldEmail, r.Emails...)
	d.put(FieldWebsite, unschemed(r.Website))
	d.put(FieldLinkedIn, unschemed(r.LinkedIn))
	d.put(FieldFacebook, unschemed(r.Facebook))
	d.put(FieldX, unschemed(r.X))
	for _, a := range r.Addresses {
		d.put(FieldAddress, a.Text)
	}
	d.put(FieldHours, r.Hours)
	d.put(FieldNotes, r.Notes)
	d.put(FieldTags, r.Tags...)
	for _, c := range r.Custom {
		d.put(FieldCustom, c.Name, c.Value)
	}
	d.split()
	d.phones(r.Phones)
	d.tag(r.Tags)
}

func (d *draft) put(f Field, values ...string) {
	for _, v := range values {
		if v != "" {
			d.folded = appendFolded(d.folded, v)
			d.values = append(d.values, value{fieldAt[f], len(d.folded)})
		}
	}
}

// unschemed takes the "https://" off, which nobody searches for.
func unschemed(link string) string {
	if _, rest, ok := strings.Cut(link, "://"); ok {
		return rest
	}
	return link
}

// split finds the words and chunks of all values, and writes the text and the pieces.
func (d *draft) split() {
	all := string(d.folded)
	from := 0
	for _, v := range d.values {
		set := fieldSet(1) << v.field
		d.text = append(d.text, byte(v.field+1))
		d.pieces = append(d.pieces, byte(v.field+1))
		for c := range strings.FieldsSeq(all[from:v.end]) {
			d.piece(c, set)
		}
		from = v.end
	}
}

// piece takes in what stands between two blanks: its words and, when it has signs in it, the whole as well.
func (d *draft) piece(c string, set fieldSet) {
	for w := range strings.FieldsFuncSeq(c, notInWord) {
		d.words = append(d.words, token{w, set})
		d.text = append(append(d.text, ' '), w...)
	}
	if c = bare(c); !strings.ContainsFunc(c, inWord) {
		return
	}
	d.pieces = append(append(d.pieces, ' '), c...)
	if compound(c) {
		d.chunks = append(d.chunks, token{c, set})
	}
}

func (d *draft) phones(all []Phone) {
	for _, p := range all {
		l := line{field: fieldAt[Field(cmp.Or(p.Label, Business))], written: cut(dialled(p.Number), MaxPhone), full: cut(p.fullDigits(), MaxPhone)}
		d.lines = append(d.lines, l)
		for _, form := range l.forms() {
			d.numbers = append(d.numbers, token{form, fieldSet(1) << l.field})
		}
	}
}

// tag keeps the tags, each once.
func (d *draft) tag(all []string) {
	for _, s := range all {
		key := tagKey(s)
		if key != "" && !slices.ContainsFunc(d.tags, func(t tag) bool { return t.key == key }) {
			d.tags = append(d.tags, tag{key, s})
		}
	}
}

// line is a phone number in digits: as it was written, and in international form when that is known.
type line struct {
	field         int
	written, full string
}

// forms gives the digits in the ways in which somebody may type them: as they were written, in international form,
// and in national form with a zero in front. Each is given once.
func (l line) forms() []string {
	var all [3]string
	forms := all[:0]
	if l.written != "" {
		forms = append(forms, l.written)
	}
	if l.full != "" && l.full != l.written {
		forms = append(forms, l.full)
	}
	if l.full != "" && !slices.Contains(forms, l.national()) {
		forms = append(forms, l.national())
	}
	return forms
}

func (l line) national() string { return "0" + l.full[min(callingCode(l.full), len(l.full)):] }

// fullDigits gives the digits of the international form, or nothing.
func (p Phone) fullDigits() string {
	switch {
	case p.E164 != "":
		return dialled(p.E164)
	case strings.HasPrefix(p.Number, "+"):
		return dialled(strings.Replace(p.Number, "(0)", "", 1))
	case strings.HasPrefix(p.Number, "00"):
		return dialled(strings.Replace(p.Number, "(0)", "", 1))[2:]
	default:
		return ""
	}
}

// twoDigitCodes are the country calling codes of two digits. Those of one are 1 and 7; all others have three.
// ITU-T, List of Recommendation E.164 assigned country codes.
const twoDigitCodes = " 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98 "

// callingCode is the length of the country calling code that the digits begin with.
func callingCode(digits string) int {
	switch {
	case strings.HasPrefix(digits, "1"), strings.HasPrefix(digits, "7"):
		return 1
	case len(digits) > 2 && strings.Contains(twoDigitCodes, " "+digits[:2]+" "):
		return 2
	default:
		return 3
	}
}
