package contact

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nyaruka/phonenumbers"
	"pgregory.net/rapid"
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
		{Phone{Number: "06 39 98 12 34", E164: "+33639981234"}, "", "+33 6 39 98 12 34"},
		{Phone{Number: "(204) 234-5678", E164: "+12042345678"}, "US", "+1 204-234-5678"},
		{Phone{Number: "06 6982 1234", E164: "+390669821234"}, "DE", "+39 06 6982 1234"},
		{Phone{Number: "x", E164: "nonsense"}, "", "x"},
		{Phone{Number: "x", E164: "+"}, "FR", "x"},
		{Phone{Number: "x", E164: "+33"}, "FR", "x"},
		{Phone{Number: "x", E164: "+331"}, "FR", "x"},
		{Phone{Number: "x", E164: "+0331990012"}, "FR", "x"},
		{Phone{Number: "x", E164: "+999123456"}, "FR", "x"},
		{Phone{Number: "x", E164: "+33 199001234"}, "FR", "x"},
		{Phone{Number: "x", E164: "+33" + strings.Repeat("1", 18)}, "FR", "x"},
	}
	for _, tt := range tests {
		if got := tt.phone.Readable(tt.region); got != tt.want {
			t.Errorf("%+v in %q reads %q, want %q", tt.phone, tt.region, got, tt.want)
		}
	}
}

// TestReadableLikeTheParser: the quick way to read a number finds what the slow one finds in it.
func TestReadableLikeTheParser(t *testing.T) {
	t.Parallel()
	regions := rapid.SampledFrom(slices.Sorted(maps.Keys(phonenumbers.GetSupportedRegions())))
	rapid.Check(t, func(t *rapid.T) {
		home, region := regions.Draw(t, "home"), regions.Draw(t, "region")
		number := rapid.StringMatching(`[0-9]{4,13}`).Draw(t, "number")
		if example := phonenumbers.GetExampleNumberForType(home, phonenumbers.MOBILE); example != nil && rapid.Bool().Draw(t, "real") {
			number = phonenumbers.Format(example, phonenumbers.E164)
			number = number[:len(number)-3] + rapid.StringMatching(`[0-9]{3}`).Draw(t, "end")
		}
		p := Phone{Number: "as written", E164: international(number, home)}
		quick, country := parseE164(p.E164)
		if p.E164 == "" {
			return
		}
		if quick == nil || phonenumbers.Format(quick, phonenumbers.E164) != p.E164 || country != int(quick.GetCountryCode()) {
			t.Fatalf("%s is taken for %v", p.E164, quick)
		}
		slow, err := phonenumbers.Parse(p.E164, "")
		if err != nil || phonenumbers.Format(slow, phonenumbers.E164) != p.E164 { // a zero that it takes off once more
			return
		}
		if got, want := p.Readable(region), slowly(p, slow, region); got != want {
			t.Fatalf("%s in %s is %s, want %s", p.E164, region, got, want)
		}
	})
}

// slowly says how a number is read, asking every question of every number.
func slowly(p Phone, n *phonenumbers.PhoneNumber, region string) string {
	switch {
	case phonenumbers.GetRegionCodeForNumber(n) == region:
		return phonenumbers.Format(n, phonenumbers.NATIONAL)
	case phonenumbers.GetCountryCodeForRegion(region) == int(n.GetCountryCode()) && !phonenumbers.IsValidNumber(n):
		return p.Number
	}
	return phonenumbers.Format(n, phonenumbers.INTERNATIONAL)
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
