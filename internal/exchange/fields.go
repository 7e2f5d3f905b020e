package exchange

import "teamspro/internal/contact"

// held are the fields of which a record says something, in the order in which they are shown. The kind counts when kind is set: every
// checked record has one.
func held(r contact.Record, kind bool) []contact.Field {
	var all []contact.Field
	for _, f := range contact.Fields {
		if f == contact.FieldKind && kind || f != contact.FieldKind && holds(r, f) {
			all = append(all, f)
		}
	}
	return all
}

func holds(r contact.Record, f contact.Field) bool {
	switch f {
	case contact.FieldEmail:
		return len(r.Emails) > 0
	case contact.FieldBusiness, contact.FieldMobile, contact.FieldHome, contact.FieldFax:
		return hasPhone(r.Phones, contact.PhoneLabel(f))
	case contact.FieldAddress:
		return len(r.Addresses) > 0
	case contact.FieldTags:
		return len(r.Tags) > 0
	case contact.FieldCustom:
		return len(r.Custom) > 0
	}
	return contact.FieldText(r, f) != ""
}

func hasPhone(phones []contact.Phone, label contact.PhoneLabel) bool {
	for _, p := range phones {
		if p.Label == label {
			return true
		}
	}
	return false
}
