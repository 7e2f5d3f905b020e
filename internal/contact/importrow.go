package contact

import (
	"slices"
	"strings"
)

// What a row makes of a contact. The contact that a row names by its id is replaced in what the row says something of. One
// that was found otherwise is filled and added to: a single field that holds something replaces, a list gets what it has not.
// An empty field changes nothing, so that a row applied to its own result changes nothing either.

// said lists the fields that a row says something of. Of rows that do not tell, it is every field that holds something.
func (r *Row) said() []Field {
	if len(r.Fields) > 0 {
		return r.Fields
	}
	var fields []Field
	for _, f := range Fields {
		if f == FieldKind && (r.Record.Kind == "" || r.Record.Kind == Person) {
			continue // which is what nothing said is read as
		}
		if FieldText(r.Record, f) != "" {
			fields = append(fields, f)
		}
	}
	return fields
}

// onto gives what the row makes of a record, which stays as it is.
func (r *Row) onto(base Record, replace bool) Record {
	for _, f := range r.said() {
		base.takeField(&r.Record, f, replace)
	}
	return base
}

// takeField takes a field over from another record.
func (r *Record) takeField(from *Record, f Field, replace bool) {
	switch f {
	case FieldKind:
		if from.Kind != "" {
			r.Kind = from.Kind
		}
	case FieldEmail:
		r.Emails = united(r.Emails, from.Emails, replace, MaxEmails, strings.EqualFold)
	case FieldBusiness, FieldMobile, FieldHome, FieldFax:
		r.takePhones(from.Phones, PhoneLabel(f), replace)
	case FieldAddress:
		r.Addresses = united(r.Addresses, from.Addresses, replace, MaxAddresses, sameAddress)
	case FieldTags:
		r.Tags = united(r.Tags, from.Tags, replace, MaxTags, strings.EqualFold)
	case FieldCustom:
		r.takeCustom(from.Custom, replace)
	default:
		if to, text := r.line(f), from.line(f); to != nil && *text != "" {
			*to = *text
		}
	}
}

// united is a list with what it has not of another one, up to a limit; or the other one, where that replaces it.
func united[E any](list, more []E, replace bool, limit int, same func(E, E) bool) []E {
	if len(more) == 0 {
		return list
	}
	if replace {
		return more
	}
	own := false
	for _, e := range more {
		if len(list) >= limit || slices.ContainsFunc(list, func(o E) bool { return same(o, e) }) {
			continue
		}
		if !own {
			list, own = slices.Clone(list), true
		}
		list = append(list, e)
	}
	return list
}

func sameAddress(a, b Address) bool {
	return strings.EqualFold(a.Text, b.Text) && (b.Position == nil || a.Position != nil && *a.Position == *b.Position)
}

// takePhones takes the numbers of a label over. A number that the contact has under another label is there already.
func (r *Record) takePhones(from []Phone, label PhoneLabel, replace bool) {
	more := ofLabel(from, label)
	if len(more) == 0 {
		return
	}
	list := r.Phones
	if replace {
		list = slices.DeleteFunc(slices.Clone(list), func(p Phone) bool { return p.Label == label })
		list = append(list, more[:min(len(more), max(0, MaxPhones-len(list)))]...)
	} else {
		list = united(list, more, false, MaxPhones, func(p, q Phone) bool { return p.digits() == q.digits() })
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(p, q Phone) int {
		return slices.Index(PhoneLabels, p.Label) - slices.Index(PhoneLabels, q.Label)
	})
	r.Phones = list
}

// digits are those of a number, in international form if that is known.
func (p Phone) digits() string {
	if p.E164 != "" {
		return p.E164
	}
	return dialled(p.Number)
}

// takeCustom takes custom fields over. One of a name that both have once gets the new value; otherwise what is missing is
// added.
func (r *Record) takeCustom(from []Custom, replace bool) {
	if replace {
		r.Custom = united(r.Custom, from, true, MaxCustoms, nil)
		return
	}
	for _, c := range from {
		named := func(o Custom) bool { return strings.EqualFold(o.Name, c.Name) }
		at := slices.IndexFunc(r.Custom, named)
		switch {
		case at < 0 || count(r.Custom, named) > 1 || count(from, named) > 1:
			r.Custom = united(r.Custom, []Custom{c}, false, MaxCustoms, func(a, b Custom) bool { return strings.EqualFold(a.Name, b.Name) && a.Value == b.Value })
		case r.Custom[at].Value != c.Value:
			r.Custom = slices.Clone(r.Custom)
			r.Custom[at].Value = c.Value
		}
	}
}

func count[E any](list []E, is func(E) bool) (n int) {
	for _, e := range list {
		if is(e) {
			n++
		}
	}
	return n
}

// equal tells whether two records say the same.
func (r *Record) equal(o *Record) bool {
	for _, f := range Fields {
		if a, b := r.line(f), o.line(f); a != nil && *a != *b {
			return false
		}
	}
	return r.Kind == o.Kind && slices.Equal(r.Emails, o.Emails) && slices.Equal(r.Phones, o.Phones) && slices.Equal(r.Tags, o.Tags) &&
		slices.Equal(r.Custom, o.Custom) && slices.EqualFunc(r.Addresses, o.Addresses, func(a, b Address) bool {
		return a.Text == b.Text && (a.Position == nil) == (b.Position == nil) && (a.Position == nil || *a.Position == *b.Position)
	})
}
