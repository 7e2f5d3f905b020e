package contact

import (
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

func TestInternational(t *testing.T) {
	t.Parallel()
	tests := []struct{ number, region, want string }{
		{"01 99 00 12 34", "FR", "+33199001234"},
		{"+33 (0)1 99 00 12 34", "FR", "+33199001234"},
		{"+33 1.99.00.12.34", "", "+33199001234"},
		{"0033 1 99 00 12 34", "", "+33199001234"},
		{"0033 1 99 00 12 34", "FR", "+33199001234"},
		{"01 99 00 12 34", "", ""},
		{"020 7946 0958", "GB", "+442079460958"},
		{"(202) 555-0143", "US", "+12025550143"},
		{"15", "FR", ""},
		{"01 99 00 12 34", "XX", ""},
		{"+999 1234567", "FR", ""},
		{"+" + strings.Repeat("3", 49), "FR", ""},
		{strings.Repeat("3", 60), "FR", ""},
		{"", "FR", ""},
	}
	for _, tt := range tests {
		if got := international(tt.number, tt.region); got != tt.want {
			t.Errorf("international(%q, %q) = %q, want %q", tt.number, tt.region, got, tt.want)
		}
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		a, b Phone
		want likeness
	}{
		{"same in international form", Phone{Number: "01 99 00 12 34", E164: "+33199001234"}, Phone{Number: "+33 1 99001234", E164: "+33199001234"}, sameWhole},
		{"same digits", Phone{Number: "15"}, Phone{Number: "1-5"}, sameWhole},
		{"same end as digits", Phone{Number: "99 00 12 34"}, Phone{Number: "01 99 00 12 34"}, sameEnd},
		{"national against international", Phone{Number: "01 99 00 12 34"}, Phone{Number: "+33199001234", E164: "+33199001234"}, sameEnd},
		{"five digits are too few", Phone{Number: "0 1234"}, Phone{Number: "01 99 00 12 34"}, unlike},
		{"two countries", Phone{Number: "0199001234", E164: "+33199001234"}, Phone{Number: "0199001234 ", E164: "+49199001234"}, unlike},
		{"understood and different", Phone{Number: "+49 99001234", E164: "+4999001234"}, Phone{Number: "+33 99001234", E164: "+3399001234"}, unlike},
		{"only guessed to be different", Phone{Number: "+49 99001234", E164: "+4999001234"}, Phone{Number: "99001234", E164: "+3399001234"}, sameEnd},
		{"another number", Phone{Number: "01 99 00 12 34"}, Phone{Number: "01 99 00 12 35"}, unlike},
	}
	for _, tt := range tests {
		if got := tt.a.compare(tt.b); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
		if got := tt.b.compare(tt.a); got != tt.want {
			t.Errorf("%s, turned round: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func FuzzInternational(f *testing.F) {
	f.Add("+33 1 99 00 12 34", "FR")
	f.Add("00000000000000000000", "US")
	f.Add("(((+1-//..", "")
	f.Fuzz(func(t *testing.T, number, region string) {
		if dialable(number) {
			if short, ok := plain(number, region); ok && short != byRules(number, region) {
				t.Errorf("plain(%q, %q) = %q, want %q", number, region, short, byRules(number, region))
			}
		}
		got := international(number, region)
		if got == "" {
			return
		}
		if len(got) > 1+3+phonenumbers.MAX_LENGTH_FOR_NSN || got[0] != '+' || "+"+dialled(got) != got {
			t.Errorf("international(%q, %q) = %q, no E.164 number", number, region, got)
		}
	})
}
