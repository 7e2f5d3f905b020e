package contact

import (
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

// byRules is what phonenumbers says of a number.
func byRules(number, region string) string {
	n, err := phonenumbers.Parse(number, region)
	if err != nil || !phonenumbers.IsPossibleNumber(n) {
		return ""
	}
	return phonenumbers.Format(n, phonenumbers.E164)
}

// TestPrefixes: a country whose plan has a rule must not be taken for one without.
func TestPrefixes(t *testing.T) {
	t.Parallel()
	all, err := phonenumbers.MetadataCollection()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, m := range all.GetMetadata() {
		prefix, known := prefixes[int(m.GetCountryCode())]
		if !known || phonenumbers.GetRegionCodeForCountryCode(int(m.GetCountryCode())) != m.GetId() {
			continue
		}
		seen++
		if m.GetNationalPrefixForParsing() != strings.TrimSpace(string(prefix)) || m.GetNationalPrefixTransformRule() != "" {
			t.Errorf("%s dials %q", m.GetId(), m.GetNationalPrefixForParsing())
		}
		abroad := regexp.MustCompile("^(?:" + m.GetInternationalPrefix() + ")") // what is dialled to reach another country
		for start := 1000; start < 10_000 && m.GetInternationalPrefix() != ""; start++ {
			if number := strconv.Itoa(start) + "23456"; number[0] != prefix && abroad.MatchString(number) {
				t.Errorf("%s reaches another country by %s", m.GetId(), number)
			}
		}
	}
	if seen < 140 {
		t.Errorf("%d countries", seen)
	}
}

// TestPlain: where the short way answers, it says what the rules say.
func TestPlain(t *testing.T) {
	t.Parallel()
	codes := slices.Sorted(maps.Keys(prefixes))
	random := rand.New(rand.NewPCG(1, 2))
	answers := 0
	for range 20_000 {
		code := codes[random.IntN(len(codes))]
		region := []string{phonenumbers.GetRegionCodeForCountryCode(code), "FR", "US", ""}[random.IntN(4)]
		number := []string{"+" + strconv.Itoa(code), "+", "0", "00", "(0", "", "("}[random.IntN(7)]
		for range 3 + random.IntN(12) {
			number += string("01234567890123456789012345678901234567890 ()-/."[random.IntN(47)])
		}
		got, ok := plain(number, region)
		if ok {
			answers++
		}
		if ok && got != byRules(number, region) {
			t.Errorf("%q in %q is %q, not %q", number, region, byRules(number, region), got)
		}
	}
	if answers < 4000 {
		t.Errorf("%d answers", answers)
	}
	for number, region := range map[string]string{"+33 1 99 00 12 34": "", "06 39 98 00 01": "FR", "(+33) 1": "", "+1 (202) 555-0143": "FR", "030/123456": "DE", "(202) 555-0143": "US", "6 39 98 00 01": "FR"} {
		if _, ok := plain(number, region); ok == strings.HasPrefix(number, "(+") {
			t.Errorf("%q: %v", number, ok)
		}
	}
}

// TestSpotless: a text that is left as it is needs no cleaning.
func TestSpotless(t *testing.T) {
	t.Parallel()
	cleaned := func(s string) string { return strings.Join(strings.Fields(printable(s)), " ") }
	for r := range rune(0x300) {
		for _, s := range []string{string(r), "a" + string(r), string(r) + "e\u0301", "a " + string(r) + " b"} {
			if spotless(s) && cleaned(s) != s {
				t.Errorf("%q is no spotless text", s)
			}
		}
	}
	for text, want := range map[string]bool{"": true, "Zoë Müller": true, " a": false, "a ": false, "a  b": false, "a\tb": false, "\xC3": false, "\xC3a": false, "e\u0301": false, "a\u00a0b": false, "x\u00adx": false} {
		if got := spotless(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
