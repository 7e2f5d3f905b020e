package exchange

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/contact"
)

// TestFields: a row says of which fields it speaks, whatever its format, so that a re-import touches no others.
func TestFields(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		text string
		want []contact.Field
	}{
		"columns without a value say nothing": {"name,company,e-mail\nAna,,ana@a.example\n", []contact.Field{contact.FieldName, contact.FieldEmail}},
		"parts count as their whole":          {"first name,last name,street,city,mobile\nAna,Diaz,1 Port,,06 39 98 00 01\n", []contact.Field{contact.FieldName, contact.FieldMobile, contact.FieldAddress}},
		"what cleaning takes away":            {"name,notes\nAna,\u200b\n", []contact.Field{contact.FieldName}},
		"a company that stands for the name":  {"name,company\n,Fabrikam\n", []contact.Field{contact.FieldKind, contact.FieldName}},
		"an unread column":                    {"name,budget\nAna,12\n", []contact.Field{contact.FieldName}},
		"a kind":                              {"name,kind\nAna,person\n", []contact.Field{contact.FieldKind, contact.FieldName}},
		"nothing that can be taken":           {"name,budget\n,12\n", nil},
		"vCard":                               {"BEGIN:VCARD\nFN:Ana\nTEL;TYPE=fax:0199000001\nURL:\nBDAY:1980-01-02\nEND:VCARD\n", []contact.Field{contact.FieldName, contact.FieldFax}},
		"JSON":                                {`[{"name":"Ana","emails":[],"job":"","tags":["a"]}]`, []contact.Field{contact.FieldName, contact.FieldTags}},
	} {
		_, rows, err := rowsOf([]byte(row.text), Limits{})
		if err != nil || len(rows) != 1 {
			t.Errorf("%s: %d rows, %v", name, len(rows), err)
			continue
		}
		if diff := cmp.Diff(row.want, rows[0].Fields); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for _, format := range formats {
		_, rows, err := rowsOf(written(t, format, full()), Limits{})
		if err != nil || cmp.Diff(contact.Fields, rows[0].Fields) != "" {
			t.Errorf("%s: %+v, %v", format, rows, err)
		}
	}
}
