package contact

import (
	"slices"
	"strings"
)

// FieldText writes a field as one text, for forms and histories. SetFieldText reads it back without loss.
//
// Entries of a list stand one a line, tags with commas between them. An address that has several lines goes on in
// lines that begin with blanks; its position stands at its end, as "(48.1, 2.35)". Custom fields read "Name: value".
func FieldText(r Record, f Field) string {
	switch f {
	case FieldKind:
		return string(r.Kind)
	case FieldEmail:
		return strings.Join(r.Emails, "\n")
	case FieldBusiness, FieldMobile, FieldHome, FieldFax:
		return phonesText(r.Phones, PhoneLabel(f))
	case FieldAddress:
		return addressesText(r.Addresses)
	case FieldTags:
		return strings.Join(r.Tags, ", ")
	case FieldCustom:
		return customsText(r.Custom)
	default:
		if line := r.line(f); line != nil {
			return *line
		}
		return ""
	}
}

// SetFieldText reads a field from its text. It accepts anything: CheckRecord says what is wrong, and puts phone
// numbers into international form. Several e-mails or phones may also be separated by ";" or ",".
func SetFieldText(r *Record, f Field, text string) {
	switch f {
	case FieldKind:
		r.Kind = Kind(strings.ToLower(oneLine(text)))
	case FieldEmail:
		r.Emails = listed(text)
	case FieldBusiness, FieldMobile, FieldHome, FieldFax:
		r.Phones = withPhones(r.Phones, PhoneLabel(f), listed(text))
	case FieldAddress:
		r.Addresses = readAddresses(text)
	case FieldTags:
		r.Tags = splitTags(strings.Split(text, "\n"))
	case FieldCustom:
		r.Custom = readCustoms(text)
	default:
		if line := r.line(f); line != nil {
			*line = strings.TrimSpace(text)
		}
	}
}

// line gives the place of a field that is a single text; nil for the others.
func (r *Record) line(f Field) *string {
	switch f {
	case FieldName:
		return &r.Name
	case FieldJob:
		return &r.Job
	case FieldCompany:
		return &r.Company
	case FieldDepartment:
		return &r.Department
	case FieldWebsite:
		return &r.Website
	case FieldLinkedIn:
		return &r.LinkedIn
	case FieldFacebook:
		return &r.Facebook
	case FieldX:
		return &r.X
	case FieldHours:
		return &r.Hours
	case FieldNotes:
		return &r.Notes
	case FieldPhoto:
		return &r.Photo
	default:
		return nil
	}
}

// listed reads the entries of a list from lines, semicolons or commas.
func listed(text string) []string {
	var all []string
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune("\r\n;,", r) }) {
		if part = oneLine(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}

func phonesText(phones []Phone, label PhoneLabel) string {
	var numbers []string
	for _, p := range phones {
		if p.Label == label {
			numbers = append(numbers, p.Number)
		}
	}
	return strings.Join(numbers, "\n")
}

// withPhones replaces the numbers of one label and leaves the list in the order of the labels.
func withPhones(phones []Phone, label PhoneLabel, numbers []string) []Phone {
	var all []Phone
	for _, l := range PhoneLabels {
		if l != label {
			all = append(all, ofLabel(phones, l)...)
			continue
		}
		for _, n := range numbers {
			all = append(all, knownPhone(phones, Phone{Label: l, Number: n}))
		}
	}
	return all
}

func ofLabel(phones []Phone, label PhoneLabel) []Phone {
	return slices.DeleteFunc(slices.Clone(phones), func(p Phone) bool { return p.Label != label })
}

// knownPhone gives the phone as it is in the list, with its international form.
func knownPhone(phones []Phone, p Phone) Phone {
	i := slices.IndexFunc(phones, func(o Phone) bool { return o.Label == p.Label && o.Number == p.Number })
	if i < 0 {
		return p
	}
	return phones[i]
}

func addressesText(all []Address) string {
	var texts []string
	for _, a := range all {
		text := strings.ReplaceAll(a.Text, "\n", "\n  ")
		if a.Position != nil {
			text = strings.TrimSpace(text + " " + a.Position.String())
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "\n")
}

func readAddresses(text string) []Address {
	var addresses [][]string // the lines of each
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		clean := oneLine(line)
		switch last := len(addresses) - 1; {
		case clean == "":
		case last >= 0 && (line[0] == ' ' || line[0] == '\t'):
			addresses[last] = append(addresses[last], clean)
		default:
			addresses = append(addresses, []string{clean})
		}
	}
	var all []Address
	for _, a := range addresses {
		all = append(all, withPosition(strings.Join(a, "\n")))
	}
	return all
}

func customsText(all []Custom) string {
	var texts []string
	for _, c := range all {
		texts = append(texts, c.Name+": "+c.Value)
	}
	return strings.Join(texts, "\n")
}

func readCustoms(text string) []Custom {
	var all []Custom
	for line := range strings.SplitSeq(text, "\n") {
		if line = oneLine(line); line != "" {
			all = append(all, readCustom(line))
		}
	}
	return all
}

// readCustom splits a line at ": ", or else at its first colon. A line without one is a value whose name is missing.
func readCustom(line string) Custom {
	for _, colon := range []string{": ", ":"} {
		if name, value, ok := strings.Cut(line, colon); ok {
			return Custom{Name: oneLine(name), Value: oneLine(value)}
		}
	}
	return Custom{Value: line}
}

// FieldChange is how a field changed, in words for people. An empty Before or After means: nothing was there.
type FieldChange struct {
	Field         Field
	Before, After string
}

// Diff lists the fields that differ, in the order of Fields. A nil record is an empty one.
func Diff(before, after *Record) []FieldChange {
	var b, a Record
	if before != nil {
		b = *before
	}
	if after != nil {
		a = *after
	}
	var changes []FieldChange
	for _, f := range Fields {
		if FieldText(b, f) != FieldText(a, f) {
			changes = append(changes, FieldChange{Field: f, Before: readable(b, f), After: readable(a, f)})
		}
	}
	return changes
}

// readable is FieldText for a sentence: e-mails, phones and custom fields stand in one line.
func readable(r Record, f Field) string {
	text := FieldText(r, f)
	switch f {
	case FieldEmail, FieldBusiness, FieldMobile, FieldHome, FieldFax, FieldCustom:
		return strings.ReplaceAll(text, "\n", ", ")
	default:
		return text
	}
}
