package contact

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFromLine(t *testing.T) {
	t.Parallel()
	tests := []struct {
		line   string
		want   Record
		enough bool
	}{
		{"", Record{Kind: Person}, false},
		{"Marta Weber", Record{Kind: Person, Name: "Marta Weber"}, false},
		{"Marta Weber, marta@contoso.example", Record{Kind: Person, Name: "Marta Weber", Emails: []string{"marta@contoso.example"}}, true},
		{"Marta Weber +49 151 234567", Record{Kind: Person, Name: "Marta Weber", Phones: []Phone{{Label: Mobile, Number: "+49 151 234567"}}}, true},
		{"Marta Weber marta@contoso.example 0151 234567 #vip", Record{Kind: Person, Name: "Marta Weber", Emails: []string{"marta@contoso.example"}, Tags: []string{"vip"},
			Phones: []Phone{{Label: Mobile, Number: "0151 234567"}}}, true},
		{"Marta; +49 151 234567; 030 231250; Contoso; Sales lead", Record{Kind: Person, Name: "Marta", Company: "Contoso", Job: "Sales lead",
			Phones: []Phone{{Label: Mobile, Number: "+49 151 234567"}, {Label: Business, Number: "030 231250"}}}, true},
		{"+49 151 234567", Record{Kind: Person, Phones: []Phone{{Label: Mobile, Number: "+49 151 234567"}}}, false},
		{",,;,", Record{Kind: Person}, false},
	}
	for _, tt := range tests {
		got, enough := FromLine(tt.line)
		if diff := cmp.Diff(tt.want, got); diff != "" || enough != tt.enough {
			t.Errorf("FromLine(%q): enough %v, want %v; record (-want +got):\n%s", tt.line, enough, tt.enough, diff)
		}
	}
}

func TestReadable(t *testing.T) {
	t.Parallel()
	tests := []struct {
		phone        Phone
		region, want string
	}{
		{Phone{Number: "06 39 98 12 34", E164: "+33639981234"}, "FR", "06 39 98 12 34"},
		{Phone{Number: "06 39 98 12 34", E164: "+33639981234"}, "DE", "+33 6 39 98 12 34"},
		{Phone{Number: "06 39 98 11 22", E164: "+44639981122"}, "GB", "06 39 98 11 22"},
		{Phone{Number: "ext. 12"}, "FR", "ext. 12"},
		{Phone{Number: "x", E164: "nonsense"}, "", "x"},
	}
	for _, tt := range tests {
		if got := tt.phone.Readable(tt.region); got != tt.want {
			t.Errorf("%+v in %q reads %q, want %q", tt.phone, tt.region, got, tt.want)
		}
	}
}

func FuzzFromLine(f *testing.F) {
	f.Add("Marta Weber, marta@contoso.example, +49 151 234567")
	f.Add("; , \x00 ‮ @ . #")
	f.Fuzz(func(t *testing.T, line string) {
		r, enough := FromLine(line)
		if enough && r.Name == "" {
			t.Errorf("enough without a name: %q", line)
		}
	})
}
