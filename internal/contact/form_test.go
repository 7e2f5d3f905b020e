package contact

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func marta() Record {
	return Record{
		Kind: Person, Name: "Marta Weber", Job: "Buyer", Company: "Contoso", Department: "Purchasing",
		Emails:  []string{"marta@contoso.example", "m.weber@contoso.example"},
		Phones:  []Phone{{Business, "01 99 00 12 34", "+33199001234"}, {Mobile, "+33 6 39 98 00 01", "+33639980001"}, {Mobile, "+33 6 39 98 00 02", "+33639980002"}},
		Website: "https://contoso.example", LinkedIn: "https://linkedin.example/in/marta", Facebook: "https://facebook.example/marta", X: "@marta",
		Addresses: []Address{{Text: "1 Main Street\nSpringfield", Position: &Position{48.1, -2.35}}, {Text: "Harbour 5"}},
		Hours:     "8–17", Notes: "Calls back.\n\nNever on Fridays.", Photo: "https://img.example/m.jpg",
		Tags: []string{"press", "on call"}, Custom: []Custom{{"Room", "12"}, {"Shift", "early: 6:00"}},
	}
}

// The texts of every field, as forms show them: a change here is one that people see.
func TestFieldText(t *testing.T) {
	t.Parallel()
	want := map[Field]string{
		FieldKind: "person", FieldName: "Marta Weber", FieldJob: "Buyer", FieldCompany: "Contoso", FieldDepartment: "Purchasing",
		FieldEmail: "marta@contoso.example\nm.weber@contoso.example", FieldBusiness: "01 99 00 12 34",
		FieldMobile: "+33 6 39 98 00 01\n+33 6 39 98 00 02", FieldHome: "", FieldFax: "",
		FieldWebsite: "https://contoso.example", FieldLinkedIn: "https://linkedin.example/in/marta",
		FieldFacebook: "https://facebook.example/marta", FieldX: "@marta",
		FieldAddress: "1 Main Street\n  Springfield (48.1, -2.35)\nHarbour 5", FieldHours: "8–17",
		FieldNotes: "Calls back.\n\nNever on Fridays.", FieldPhoto: "https://img.example/m.jpg",
		FieldTags: "press, on call", FieldCustom: "Room: 12\nShift: early: 6:00",
	}
	got := map[Field]string{}
	for _, f := range Fields {
		got[f] = FieldText(marta(), f)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(marta(), throughText(marta())); diff != "" {
		t.Errorf("lost in text (-before +after):\n%s", diff)
	}
}

func TestUnknownFieldsHoldNothing(t *testing.T) {
	t.Parallel()
	r := marta()
	SetFieldText(&r, "secret", "x")
	if FieldText(r, "secret") != "" || cmp.Diff(marta(), r) != "" {
		t.Errorf("an unknown field changed the record: %s", cmp.Diff(marta(), r))
	}
}

// Setting the numbers of a label leaves those of the others, and what is known of a number that stays.
func TestSetPhones(t *testing.T) {
	t.Parallel()
	r := marta()
	SetFieldText(&r, FieldMobile, "+33 6 39 98 00 02; 11")
	want := []Phone{{Business, "01 99 00 12 34", "+33199001234"}, {Mobile, "+33 6 39 98 00 02", "+33639980002"}, {Mobile, "11", ""}}
	if diff := cmp.Diff(want, r.Phones); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDiff(t *testing.T) {
	t.Parallel()
	after := marta()
	after.Kind, after.Job, after.Tags = Company, "", []string{"press"}
	after.Emails = after.Emails[:1]
	after.Phones = []Phone{{Business, "01 99 00 12 34", ""}, {Mobile, "11", ""}}
	after.Addresses = after.Addresses[1:]
	after.Custom = []Custom{{"Room", "14"}}
	before := marta()
	want := []FieldChange{
		{FieldKind, "person", "company"},
		{FieldJob, "Buyer", ""},
		{FieldEmail, "marta@contoso.example, m.weber@contoso.example", "marta@contoso.example"},
		{FieldMobile, "+33 6 39 98 00 01, +33 6 39 98 00 02", "11"},
		{FieldAddress, "1 Main Street\n  Springfield (48.1, -2.35)\nHarbour 5", "Harbour 5"},
		{FieldTags, "press, on call", "press"},
		{FieldCustom, "Room: 12, Shift: early: 6:00", "Room: 14"},
	}
	if diff := cmp.Diff(want, Diff(&before, &after)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	bare := Record{Kind: Function, Name: "Hot-line"}
	if diff := cmp.Diff([]FieldChange{{FieldKind, "", "function"}, {FieldName, "", "Hot-line"}}, Diff(nil, &bare)); diff != "" {
		t.Errorf("added (-want +got):\n%s", diff)
	}
	if got := Diff(&before, &before); got != nil {
		t.Errorf("no difference gives %v", got)
	}
}

func FuzzSetFieldText(f *testing.F) {
	f.Add("address", "1 Main Street\n\tSpringfield (48.1, 2.35)\n (1, 2)")
	f.Add("custom", "a:: b\n: c\n:\nd")
	f.Add("mobile", "+33 1;;,\r\n11")
	f.Add("tags", ",,a\n, A")
	f.Add("kind", "\xffPERSON")
	f.Fuzz(func(t *testing.T, field, text string) {
		r := Record{Kind: Person, Name: "Marta"}
		SetFieldText(&r, Field(field), text)
		checkRecord(t, r)
	})
}
