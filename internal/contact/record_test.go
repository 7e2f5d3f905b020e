package contact

import (
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"teamspro/internal/lang"
)

// checking makes Books that only check records, with French national numbers.
func checking() *Books { return New(Config{Region: "fr"}) }

func TestCheckRecordFields(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 101)
	tests := []struct {
		name     string
		field    Field
		text     string // as typed into the field
		want     string // the field after cleaning
		problems []string
	}{
		{"plain name", FieldName, "Marta Weber", "Marta Weber", nil},
		{"blanks", FieldName, "  Marta \t\u00a0Weber\r\n", "Marta Weber", nil},
		{"decomposed", FieldName, "Rene\u0301", "René", nil},
		{"control and zero width", FieldName, "Ma\x00r\u200bta\ufeff", "Marta", nil},
		{"turned writing", FieldName, "Marta\u202egpj.exe\u2066", "Martagpj.exe", nil},
		{"invisible letters", FieldName, "\u3164\u115f", "", []string{"record.name_missing"}},
		{"not UTF-8", FieldName, "Mar\xffta", "Marta", nil},
		{"family stays one emoji", FieldName, "Weber 👨\u200d👩\u200d👧", "Weber 👨\u200d👩\u200d👧", nil},
		{"joiner between letters goes", FieldName, "a\u200db", "ab", nil},
		{"joiner at the end goes", FieldName, "👨\u200d", "👨", nil},
		{"accented flag of rainbow", FieldName, "🏳️\u200d🌈", "🏳️\u200d🌈", nil},
		{"100 characters", FieldName, long[2:], long[2:], nil},
		{"101 characters", FieldName, long, long, []string{"record.too_long"}},
		{"kind", FieldKind, " Company ", "company", nil},
		{"no kind", FieldKind, "", "person", nil},
		{"odd kind", FieldKind, "robot", "robot", []string{"record.kind"}},

		{"e-mail", FieldEmail, "Marta.Weber@Contoso.Example", "Marta.Weber@contoso.example", nil},
		{"e-mails in one line", FieldEmail, "a@x.example; b@x.example, A@X.EXAMPLE", "a@x.example\nb@x.example", nil},
		{"no e-mail", FieldEmail, "marta", "marta", []string{"record.email"}},
		{"e-mail with a name", FieldEmail, "Marta <marta@x.example>", "Marta <marta@x.example>", []string{"record.email"}},
		{"long e-mail", FieldEmail, strings.Repeat("a", 250) + "@x.example", strings.Repeat("a", 250) + "@x.example", []string{"record.too_long"}},
		{"21 e-mails", FieldEmail, "a@x.example" + strings.Repeat(";a@x.example", 20), "a@x.example", []string{"record.too_many"}},

		{"phone", FieldMobile, "+33 (0)1-99.00/12 34", "+33 (0)1-99.00/12 34", nil},
		{"phone from a page", FieldMobile, "01\u00a099\u201100 12 34", "01 99-00 12 34", nil},
		{"short number", FieldBusiness, "15", "15", nil},
		{"letters in a phone", FieldFax, "0800 FLOWERS", "0800 FLOWERS", []string{"record.phone"}},
		{"no digits", FieldHome, "(+) -", "(+) -", []string{"record.phone"}},
		{"long phone", FieldHome, strings.Repeat("1", 51), strings.Repeat("1", 51), []string{"record.too_long"}},
		{"21 phones", FieldHome, "11" + strings.Repeat(";11", 20), "11", []string{"record.too_many"}},

		{"bare site", FieldWebsite, "contoso.example/team", "https://contoso.example/team", nil},
		{"http", FieldWebsite, "HTTP://contoso.example", "http://contoso.example", nil},
		{"intranet", FieldWebsite, "http://wiki/", "http://wiki/", nil},
		{"a word", FieldWebsite, "none", "none", []string{"record.link"}},
		{"script", FieldWebsite, "javascript:alert(1)", "javascript:alert(1)", []string{"record.link"}},
		{"script with slashes", FieldWebsite, "javascript://x.example/%0aalert(1)", "javascript://x.example/%0aalert(1)", []string{"record.link"}},
		{"data", FieldWebsite, "data:text/html,hi", "data:text/html,hi", []string{"record.link"}},
		{"credentials", FieldWebsite, "https://ana:secret@x.example", "https://ana:secret@x.example", []string{"record.link"}},
		{"hidden host", FieldWebsite, `https://good.example\@bad.example`, `https://good.example\@bad.example`, []string{"record.link"}},
		{"no host", FieldLinkedIn, "https:///in/marta", "https:///in/marta", []string{"record.link"}},
		{"long with its scheme", FieldFacebook, "x.example/" + strings.Repeat("a", 85), "https://x.example/" + strings.Repeat("a", 85), []string{"record.too_long"}},
		{"handle", FieldX, "@marta_w9", "@marta_w9", nil},
		{"odd handle", FieldX, "@marta weber", "@marta weber", []string{"record.handle"}},
		{"at alone", FieldX, "@", "@", []string{"record.handle"}},
		{"X as a link", FieldX, "x.example/marta", "https://x.example/marta", nil},
		{"photo", FieldPhoto, "https://img.example/m.jpg", "https://img.example/m.jpg", nil},
		{"photo without https", FieldPhoto, "http://img.example/m.jpg", "http://img.example/m.jpg", []string{"record.photo"}},
		{"photo in data", FieldPhoto, "data:image/png;base64,AAAA", "data:image/png;base64,AAAA", []string{"record.link"}},

		{"addresses", FieldAddress, "1 Main Street\n\nHarbour 5  (48.1, -2.35)", "1 Main Street\nHarbour 5 (48.1, -2.35)", nil},
		{"address of two lines", FieldAddress, "1 Main Street\n  Springfield\nHarbour 5", "1 Main Street\n  Springfield\nHarbour 5", nil},
		{"position alone", FieldAddress, "(48.1,2)", "(48.1, 2)", nil},
		{"off the earth", FieldAddress, "Moon (91, 0)", "Moon", []string{"record.position"}},
		{"beyond numbers", FieldAddress, "Moon (1, " + strings.Repeat("9", 400) + ")", "Moon", []string{"record.position"}},
		{"11 addresses", FieldAddress, "a" + strings.Repeat("\nb", 10), "a" + strings.Repeat("\nb", 9), []string{"record.too_many"}},
		{"long address", FieldAddress, strings.Repeat("a", 251), strings.Repeat("a", 251), []string{"record.too_long"}},

		{"notes keep lines", FieldNotes, " one  \r\n\r\n\r\n two\t2 ", "one\n\ntwo 2", nil},
		{"long notes", FieldNotes, strings.Repeat("n", 1001), strings.Repeat("n", 1001), []string{"record.too_long"}},
		{"tags", FieldTags, "press, Press ,, on call\nVIP", "press, on call, VIP", nil},
		{"long tag", FieldTags, strings.Repeat("t", 51), strings.Repeat("t", 51), []string{"record.too_long"}},
		{"31 tags", FieldTags, "a" + strings.Repeat(",a", 30), "a", []string{"record.too_many"}},
		{"custom", FieldCustom, "Room: 12\nShift : early: 6:00\nEmpty:", "Room: 12\nShift: early: 6:00", nil},
		{"custom without a blank", FieldCustom, "Room:12", "Room: 12", nil},
		{"custom without a name", FieldCustom, "12", ": 12", []string{"record.custom_name"}},
		{"long custom", FieldCustom, strings.Repeat("n", 51) + ": " + strings.Repeat("v", 251), strings.Repeat("n", 51) + ": " + strings.Repeat("v", 251), []string{"record.too_long", "record.too_long"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := Record{Name: "Marta"}
			SetFieldText(&r, tt.field, tt.text)
			clean, problems := checking().CheckRecord(r)
			if got := FieldText(clean, tt.field); got != tt.want {
				t.Errorf("cleaned to %q, want %q", got, tt.want)
			}
			if diff := cmp.Diff(tt.problems, keys(problems)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			checkRecord(t, r)
		})
	}
}

func keys(problems []Problem) []string {
	var all []string
	for _, p := range problems {
		all = append(all, p.Text)
	}
	return all
}

func TestCheckRecordTrustsNothing(t *testing.T) {
	t.Parallel()
	clean, problems := checking().CheckRecord(Record{
		Name: "Marta",
		Phones: []Phone{
			{Label: Fax, Number: "01 99 00 12 34", E164: "+4915100000"},
			{Number: "0199001234"},
			{Label: "pager", Number: "0199001234"},
		},
		Addresses: []Address{{Text: "here", Position: &Position{math.NaN(), 0}}, {Text: "there", Position: &Position{0, math.Inf(1)}}, {}},
	})
	want := Record{
		Kind: Person, Name: "Marta",
		Phones: []Phone{
			{Label: "pager", Number: "0199001234"},
			{Label: Business, Number: "0199001234", E164: "+33199001234"},
			{Label: Fax, Number: "01 99 00 12 34", E164: "+33199001234"},
		},
		Addresses: []Address{{Text: "here"}, {Text: "there"}},
	}
	if diff := cmp.Diff(want, clean); diff != "" {
		t.Errorf("cleaned (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"record.phone_label", "record.position", "record.position"}, keys(problems)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

// A function needs neither e-mail nor phone, and nobody can do without a name.
func TestNameIsAllThatIsRequired(t *testing.T) {
	t.Parallel()
	for _, kind := range []Kind{Person, Company, Function} {
		if _, problems := checking().CheckRecord(Record{Kind: kind, Name: "x"}); problems != nil {
			t.Errorf("%s with a name: %v", kind, problems)
		}
		if _, problems := checking().CheckRecord(Record{Kind: kind, Job: "x"}); cmp.Diff([]string{"record.name_missing"}, keys(problems)) != "" {
			t.Errorf("%s without a name: %v", kind, problems)
		}
	}
}

func FuzzCheckRecord(f *testing.F) {
	f.Add("Marta Weber", "marta@contoso.example", "+33 1 99 00 12 34", 48.1, 2.35)
	f.Add("\u202e\u200d\xff", "a: : b: c", "++00(((", math.NaN(), math.Inf(-1))
	f.Add("1 Main Street\n  Springfield (1, 2) (3, 4)", "@x", "https://x.example", math.Copysign(0, -1), 1e-300)
	f.Add("🙂\u200d↔️ ↚ ㅤ", "tag,tag;tag", "javascript:alert(1)", 90.0, 180.0)
	f.Fuzz(func(t *testing.T, a, b, c string, lat, lng float64) {
		r := Record{
			Kind: Kind(c), Name: a, Job: b, Emails: []string{a, b, c}, Phones: []Phone{{Mobile, a, ""}, {Fax, b, c}, {PhoneLabel(a), c, b}},
			Website: a, LinkedIn: b, Facebook: c, X: b, Photo: c, Hours: c, Notes: a,
			Addresses: []Address{{a, &Position{lat, lng}}, {b, nil}, {c, &Position{lng, lat}}}, Tags: []string{a, b, c}, Custom: []Custom{{a, b}, {b, c}, {c, a}},
		}
		for _, one := range append(apart(r), r) {
			checkRecord(t, one)
		}
	})
}

// apart gives records with one field of r each, so that a problem in one does not hide the others.
func apart(r Record) []Record {
	var all []Record
	for _, f := range Fields {
		one := Record{Kind: Person, Name: "Marta"}
		SetFieldText(&one, f, FieldText(r, f))
		all = append(all, one)
	}
	for _, c := range r.Custom {
		all = append(all, Record{Name: "Marta", Custom: []Custom{c}})
	}
	for _, a := range r.Addresses {
		all = append(all, Record{Name: "Marta", Addresses: []Address{a}})
	}
	return all
}

func checkRecord(t *testing.T, r Record) {
	t.Helper()
	clean, problems := checking().CheckRecord(r)
	if len(problems) > 0 {
		for _, p := range problems {
			for _, l := range lang.Languages {
				if lang.For(l).Text(p.Text, p.Args...) == p.Text {
					t.Fatalf("no sentence %q in %s", p.Text, l)
				}
			}
		}
		return
	}
	if again, problems := checking().CheckRecord(clean); problems != nil || cmp.Diff(clean, again) != "" {
		t.Fatalf("a second check of %+v finds %v and changes\n%s", clean, problems, cmp.Diff(clean, again))
	}
	if n := utf8.RuneCountInString(clean.Name); n < 1 || n > MaxLine || len(clean.Emails) > MaxEmails || len(clean.Tags) > MaxTags {
		t.Fatalf("beyond the limits: %+v", clean)
	}
	if diff := cmp.Diff(clean, throughText(clean)); diff != "" {
		t.Fatalf("lost in text (-before +after):\n%s", diff)
	}
}

// throughText writes every field of a record as text and reads a new record from the texts.
func throughText(r Record) Record {
	var read Record
	for _, f := range Fields {
		SetFieldText(&read, f, FieldText(r, f))
	}
	clean, _ := checking().CheckRecord(read)
	return clean
}

func TestRecordsSurviveText(t *testing.T) {
	t.Parallel()
	// Words from what the text forms give a meaning to, so that every clash is tried.
	word := rapid.StringOfN(rapid.SampledFrom([]rune("abé :;,.()-+@12\n\"\\/#\u200d👩")), 1, 12, -1)
	number := rapid.StringOfN(rapid.SampledFrom([]rune("0123456789 ()-/+.")), 2, 20, -1)
	record := rapid.Custom(func(t *rapid.T) Record {
		r := Record{Kind: rapid.SampledFrom([]Kind{Person, Company, Function}).Draw(t, "kind"), Name: "N" + word.Draw(t, "name"), Notes: word.Draw(t, "notes"), Hours: word.Draw(t, "hours")}
		r.Tags = rapid.SliceOfN(word, 0, 4).Draw(t, "tags")
		for range rapid.IntRange(0, 4).Draw(t, "phones") {
			r.Phones = append(r.Phones, Phone{Label: rapid.SampledFrom(PhoneLabels).Draw(t, "label"), Number: "11" + number.Draw(t, "number")})
		}
		for range rapid.IntRange(0, 3).Draw(t, "customs") {
			r.Custom = append(r.Custom, Custom{Name: "C" + word.Draw(t, "custom"), Value: word.Draw(t, "value")})
		}
		for range rapid.IntRange(0, 3).Draw(t, "addresses") {
			a := Address{Text: word.Draw(t, "address")}
			if rapid.Bool().Draw(t, "placed") {
				a.Position = &Position{rapid.Float64Range(-90, 90).Draw(t, "lat"), rapid.Float64Range(-180, 180).Draw(t, "lng")}
			}
			r.Addresses = append(r.Addresses, a)
		}
		return r
	})
	rapid.Check(t, func(t *rapid.T) {
		clean, problems := checking().CheckRecord(record.Draw(t, "record"))
		if problems != nil {
			t.Skip("not a record")
		}
		if diff := cmp.Diff(clean, throughText(clean)); diff != "" {
			t.Fatalf("lost in text (-before +after):\n%s", diff)
		}
		for _, f := range Fields {
			same := clean
			SetFieldText(&same, f, FieldText(clean, f))
			if diff := cmp.Diff(clean, same); diff != "" {
				t.Fatalf("setting %s to itself changes (-before +after):\n%s", f, diff)
			}
		}
	})
}
