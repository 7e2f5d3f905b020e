package contact

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSimilarNames(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		a, b string
		want bool
	}{
		{"Marta Lopez", "Marta Lopez", true},
		{"Marta Lopez", "López, Marta", true},
		{"Dr. Marta Lopez", "Marta Lopez", true},
		{"Marta Lopez", "Marta Lopes", true},
		{"Marta Lopez", "Matra Lopez", true},
		{"M. Lopez", "Marta Lopez", true},
		{"Marta Lopez", "Marta Lopez Garcia", true},
		{"Marta Lopez", "Nils Lopez", false},
		{"Marta Lopez", "Marta Kern", false},
		{"Marta", "Marta Lopez", false},
		{"M. Lopez", "Nils Lopez", false},
		{"Marta", "Marto", true},
		{"Ana", "Ina", false},
		{"M", "Marta", false},
		{"Support", "Support", true},
		{"!!!", "!!!", false},
		{"", "", false},
	} {
		if got := similarNames(row.a, row.b); got != row.want {
			t.Errorf("%q and %q: %v, want %v", row.a, row.b, got, row.want)
		}
		if similarNames(row.b, row.a) != row.want {
			t.Errorf("%q and %q: not the same the other way round", row.b, row.a)
		}
	}
}

// sample makes a person with what tells who it is.
func sample(name, company string, emails []string, phones ...Phone) Record {
	return Record{Kind: Person, Name: name, Company: company, Emails: emails, Phones: phones}
}

func TestWhys(t *testing.T) {
	t.Parallel()
	mobile, desk, fax := Phone{Mobile, "06 39 98 00 01", "+33639980001"}, Phone{Business, "01 99 00 11 22", "+33199001122"}, Phone{Fax, "01 99 00 11 22", "+33199001122"}
	as := func(k Kind, r Record) Record { r.Kind = k; return r }
	for _, row := range []struct {
		name string
		a, b Record
		want []Why
	}{
		{"the same name alone", sample("Marta Lopez", "", nil), sample("Marta Lopez", "", nil), nil},
		{"the same name elsewhere", sample("Marta Lopez", "Contoso", nil), sample("Marta Lopez", "Fabrikam", nil), nil},
		{"a slip in the name alone", sample("Marta Lopez", "Contoso", nil), sample("Marta Lopes", "Contoso", nil), nil},
		{"the same e-mail", sample("Marta Lopez", "", []string{"marta@contoso.example"}), sample("M. Kern", "", []string{"Marta@contoso.example"}), []Why{SameEmail}},
		{"the e-mail of a desk", sample("Marta Lopez", "", []string{"info@contoso.example"}), sample("Nils Kern", "", []string{"info@contoso.example"}), nil},
		{"the e-mail of a desk and a similar name", sample("Marta Lopez", "", []string{"info@contoso.example"}), sample("Marta Lopes", "", []string{"info@contoso.example"}), []Why{SameEmail}},
		{"the same mobile", sample("Marta Lopez", "", nil, mobile), sample("Nils Kern", "", nil, Phone{Business, "+33 6 39 98 00 01", "+33639980001"}), []Why{SameMobile}},
		{"the same desk phone", sample("Marta Lopez", "", nil, desk), sample("Nils Kern", "", nil, desk), nil},
		{"the same desk phone and a similar name", sample("Marta Lopez", "", nil, desk), sample("M Lopez", "", nil, desk), []Why{SamePhone}},
		{"the same fax and a similar name", sample("Marta Lopez", "", nil, fax), sample("Marta Lopez", "", nil, fax), nil},
		{"the same name and company", sample("Marta Lopez", "Contoso AG", nil), sample("LOPEZ Marta", "contoso", nil), []Why{SameCompany}},
		{"the same name and domain", sample("Marta Lopez", "", []string{"m.lopez@contoso.example"}), sample("Marta Lopez", "", []string{"marta@contoso.example"}), []Why{SameDomain}},
		{"the same name at a provider", sample("Marta Lopez", "", []string{"m.lopez@gmail.com"}), sample("Marta Lopez", "", []string{"marta@gmail.com"}), nil},
		{"the same name and website", Record{Kind: Company, Name: "Contoso", Website: "https://www.contoso.example/fr"}, Record{Kind: Company, Name: "Contoso SA", Website: "https://contoso.example"}, nil},
		{"a company twice", Record{Kind: Company, Name: "Contoso", Website: "https://www.contoso.example/fr"}, Record{Kind: Company, Name: "Contoso", Website: "https://contoso.example"}, []Why{SameDomain}},
		{"hot-lines of one name", as(Function, sample("Support", "Contoso", nil)), as(Function, sample("Support", "Contoso", nil)), nil},
		{"hot-lines of one number", as(Function, sample("Support", "Contoso", nil, desk)), as(Function, sample("Support", "Contoso", nil, desk)), []Why{SamePhone}},
		{"a person and a company", sample("Contoso", "Contoso", []string{"x@contoso.example"}), as(Company, sample("Contoso", "Contoso", []string{"x@contoso.example"})), nil},
		{"everything", sample("Marta Lopez", "Contoso", []string{"m@contoso.example"}, mobile, desk), sample("Marta Lopez", "Contoso", []string{"m@contoso.example"}, mobile, desk),
			[]Why{SameEmail, SameMobile, SamePhone, SameCompany, SameDomain}},
	} {
		all := func(sign) bool { return true }
		for _, pair := range [][2]*Record{{&row.a, &row.b}, {&row.b, &row.a}} {
			got := whys(pair[0], pair[1], all)
			if diff := cmp.Diff(row.want, got); diff != "" && len(row.want)+len(got) > 0 {
				t.Errorf("%s (-want +got):\n%s", row.name, diff)
			}
			if none := whys(pair[0], pair[1], func(sign) bool { return false }); len(none) > 0 {
				t.Errorf("%s: %v though nothing counts", row.name, none)
			}
		}
	}
}
