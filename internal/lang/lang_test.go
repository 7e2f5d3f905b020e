package lang

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

func TestFor(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ locale, want string }{
		{"", "en"},
		{"en", "en"},
		{"en-US", "en"},
		{"en-GB", "en"},
		{"fr", "fr"},
		{"fr-FR", "fr"},
		{"fr-CA", "fr"},
		{"FR-be", "fr"},
		{"fr_CH", "fr"},
		{"fr-Latn-CH", "fr"},
		{"en-x", "en"},
		{"br", "fr"},
		{"de-DE", "en"},
		{"zh-Hant-TW", "en"},
		{"xx", "en"},
		{"not a locale", "en"},
		{"\x00", "en"},
		{strings.Repeat("fr-", 100), "en"},
		{"fr-" + strings.Repeat("x", 100000), "en"},
	} {
		if got := For(row.locale).Language(); got != row.want {
			t.Errorf("For(%.20q) speaks %s, want %s", row.locale, got, row.want)
		}
	}
}

// TestForEveryRegion: the locales that are not looked up speak what looking them up would give.
func TestForEveryRegion(t *testing.T) {
	t.Parallel()
	for _, l := range append([]string{"de", "br"}, Languages...) {
		for i := range 26 * 26 {
			locale := l + "-" + string([]byte{byte('A' + i/26), byte('A' + i%26)})
			tag, err := language.Parse(locale)
			if err != nil { // no region that there is
				continue
			}
			_, want, _ := matcher.Match(tag)
			if got := For(locale); got != printers[want] {
				t.Errorf("For(%s) speaks %s, want %s", locale, got.Language(), Languages[want])
			}
		}
	}
}

func TestDate(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		at           string
		lang         string
		date, moment string
	}{
		{"2026-11-21T14:05:00Z", "en", "21 Nov 2026", "21 Nov 2026, 14:05"},
		{"2026-11-21T14:05:00Z", "fr", "21 nov. 2026", "21 nov. 2026, 14 h 05"},
		{"2026-01-01T00:00:00Z", "en", "1 Jan 2026", "1 Jan 2026, 00:00"},
		{"2026-01-01T00:00:00Z", "fr", "1 janv. 2026", "1 janv. 2026, 00 h 00"},
		{"2024-02-29T23:59:59Z", "en", "29 Feb 2024", "29 Feb 2024, 23:59"},
		{"2024-08-15T09:30:00+02:00", "fr", "15 août 2024", "15 août 2024, 09 h 30"},
	} {
		at, err := time.Parse(time.RFC3339, row.at)
		if err != nil {
			t.Fatal(err)
		}
		p := For(row.lang)
		if got := p.Date(at); got != row.date {
			t.Errorf("%s Date(%s) = %q, want %q", row.lang, row.at, got, row.date)
		}
		if got := p.Time(at); got != row.moment {
			t.Errorf("%s Time(%s) = %q, want %q", row.lang, row.at, got, row.moment)
		}
	}
}

func TestMonths(t *testing.T) {
	t.Parallel()
	for _, l := range Languages {
		seen := map[string]bool{}
		for m := time.January; m <= time.December; m++ {
			seen[For(l).Date(time.Date(2026, m, 1, 0, 0, 0, 0, time.UTC))] = true
		}
		if len(seen) != 12 {
			t.Errorf("%s has %d different months", l, len(seen))
		}
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		n      int
		en, fr string // the French separator is a no-break space
	}{
		{0, "0", "0"},
		{999, "999", "999"},
		{12345, "12,345", "12\u00a0345"},
		{1000000, "1,000,000", "1\u00a0000\u00a0000"},
		{-1234, "-1,234", "-1\u00a0234"},
	} {
		if got := For("en").Number(row.n); got != row.en {
			t.Errorf("en Number(%d) = %q, want %q", row.n, got, row.en)
		}
		if got := For("fr").Number(row.n); got != row.fr {
			t.Errorf("fr Number(%d) = %q, want %q", row.n, got, row.fr)
		}
	}
}

// TestPlurals uses a sentence that both languages have in every form.
func TestPlurals(t *testing.T) {
	t.Parallel()
	const key = "card.trash.days"
	for _, row := range []struct {
		lang  string
		count int
		form  string
	}{
		{"en", 0, "other"}, {"en", 1, "one"}, {"en", 2, "other"}, {"en", 1000000, "other"},
		{"fr", 0, "one"}, {"fr", 1, "one"}, {"fr", 2, "other"}, {"fr", 1000000, "many"},
	} {
		forms, ok := entries(row.lang)[key].(map[string]any)
		if !ok {
			t.Fatalf("%s has no plural %s", row.lang, key)
		}
		want := strings.ReplaceAll(forms[row.form].(string), "{{.Count}}", fmt.Sprint(row.count))
		if got := For(row.lang).Text(key, "Count", row.count); got != want {
			t.Errorf("%s %d: %q, want the form %q: %q", row.lang, row.count, got, row.form, want)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		what, key string
		args      []any
		want      string
	}{
		{"a sentence", "month.3", nil, "Mar"},
		{"with parts", "date.time", []any{"Date", "x", "Hour", "y", "Minute", "z"}, "x, y:z"},
		{"what people wrote stays as it is", "date.time", []any{"Date", "{{.Hour}} <b> & ”", "Hour", "1", "Minute", "2"}, "{{.Hour}} <b> & ”, 1:2"},
		{"no such key", "no.such.key", nil, "no.such.key"},
		{"an odd argument", "month.3", []any{"Name"}, "Mar"},
		{"a name that is no string", "month.3", []any{7, 8}, "Mar"},
		{"a part that nobody gives", "date.time", []any{"Date", "x", "Hour", nil, "Minute"}, "x, <no value>:<no value>"},
		{"given twice", "date.time", []any{"Date", "w", "Hour", 1, "Minute", 2, "Date", "x"}, "x, 1:2"},
		{"a count that is none", "card.trash.days", []any{"Count", "many"}, strings.ReplaceAll(wordings(entries("en")["card.trash.days"])["other"], "{{.Count}}", "many")},
	} {
		if got := For("en").Text(row.key, row.args...); got != row.want {
			t.Errorf("%s: %q, want %q", row.what, got, row.want)
		}
	}
}

// TestTextLikeTemplates: each sentence is what go-i18n and text/template make of it.
func TestTextLikeTemplates(t *testing.T) {
	t.Parallel()
	type name string
	for _, l := range Languages {
		said := localizer(t, l)
		for key, entry := range entries(l) {
			for _, count := range []any{0, 1, 2, 3, 11, 21, 99, 100, 101, 1000, 1_000_000, 1_500_000, -1, int64(1), "1.5"} {
				args, data := []any{"Count", "replaced"}, map[string]any{}
				for i, p := range parts(entry) {
					value := []any{"x", name("é"), i, 2.5, "{{.Count}} <b>", errors.New("e"), true}[i]
					args, data[strings.Trim(p, "{.}")] = append(args, strings.Trim(p, "{.}"), value), value
				}
				args, data["Count"] = append(args, "Count", count), count
				config := i18n.LocalizeConfig{MessageID: key, TemplateData: data}
				if _, plural := entry.(map[string]any); plural {
					config.PluralCount = count
				}
				want, err := said.Localize(&config)
				if got := For(l).Text(key, args...); err != nil || got != want {
					t.Errorf("%s %s with %v: %q, want %q (%v)", l, key, count, got, want, err)
				}
			}
		}
	}
}

// localizer is go-i18n with the texts of a language.
func localizer(t *testing.T, l string) *i18n.Localizer {
	t.Helper()
	tag := language.MustParse(l)
	bundle := i18n.NewBundle(tag)
	for key, entry := range entries(l) {
		w := wordings(entry)
		if err := bundle.AddMessages(tag, &i18n.Message{ID: key, One: w["one"], Many: w["many"], Other: w["other"]}); err != nil {
			t.Fatal(err)
		}
	}
	return i18n.NewLocalizer(bundle, l)
}

// forms are the plural forms each language must give: those of CLDR.
var forms = map[string][]string{"en": {"one", "other"}, "fr": {"many", "one", "other"}}

func TestSameKeys(t *testing.T) {
	t.Parallel()
	for _, l := range Languages {
		keys := Keys(l)
		if repeated := slices.Compact(slices.Clone(keys)); len(repeated) != len(keys) {
			t.Errorf("%s has a key in two files", l)
		}
		if diff := cmp.Diff(Keys(Default), keys); diff != "" {
			t.Errorf("keys of %s (-%s +%s):\n%s", l, Default, l, diff)
		}
	}
}

// TestNoKeyTwice: a key that stands twice in a file would silently be read once.
// TestFrenchSpaces: what belongs together stays on one line.
func TestFrenchSpaces(t *testing.T) {
	t.Parallel()
	torn := regexp.MustCompile(`« | »| [;:?!]`)
	for key, value := range entries("fr") {
		for _, text := range wordings(value) {
			if torn.MatchString(text) {
				t.Errorf("%s: %q has a space where the line may break", key, text)
			}
		}
	}
}

func TestNoKeyTwice(t *testing.T) {
	t.Parallel()
	for _, l := range Languages {
		for _, file := range texts(l) {
			raw, err := files.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			seen, d := map[string]bool{}, json.NewDecoder(strings.NewReader(string(raw)))
			if _, err := d.Token(); err != nil {
				t.Fatal(err)
			}
			for d.More() {
				key, err := d.Token()
				if err != nil {
					t.Fatal(err)
				}
				if name := key.(string); seen[name] {
					t.Errorf("%s has %s twice", file, name)
				}
				seen[key.(string)] = true
				var value any
				if err := d.Decode(&value); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// TestForms: each entry is a text or a complete plural, the same in each language, and nothing is empty.
func TestForms(t *testing.T) {
	t.Parallel()
	for _, l := range Languages {
		ours, default_ := entries(l), entries(Default)
		for key, value := range ours {
			plural, isPlural := value.(map[string]any)
			if _, want := default_[key].(map[string]any); isPlural != want {
				t.Errorf("%s is a plural in one language only", key)
			}
			if isPlural && !slices.Equal(slices.Sorted(maps.Keys(plural)), forms[l]) {
				t.Errorf("%s %s has the forms %v, want %v", l, key, slices.Sorted(maps.Keys(plural)), forms[l])
			}
			for form, s := range wordings(value) {
				if strings.TrimSpace(s) == "" || s != strings.TrimSpace(s) {
					t.Errorf("%s %s %s is empty or begins or ends with a blank", l, key, form)
				}
			}
		}
	}
}

var part = regexp.MustCompile(`\{\{[^}]*\}\}`)

// TestSameParts: a sentence has the same named parts in each language, and parts only.
func TestSameParts(t *testing.T) {
	t.Parallel()
	named := regexp.MustCompile(`^\{\{\.[A-Z][A-Za-z]*\}\}$`)
	for key, value := range entries(Default) {
		for _, l := range Languages {
			translated := entries(l)[key]
			for _, p := range parts(translated) {
				if !named.MatchString(p) {
					t.Errorf("%s %s: %s is no named part", l, key, p)
				}
			}
			if diff := cmp.Diff(parts(value), parts(translated)); diff != "" {
				t.Errorf("%s: parts (-%s +%s):\n%s", key, Default, l, diff)
			}
		}
	}
}

// TestEveryTextSpeaks: each key can be said in each language with its parts filled in.
func TestEveryTextSpeaks(t *testing.T) {
	t.Parallel()
	for _, l := range Languages {
		for key, value := range entries(l) {
			args := []any{"Count", 2}
			for _, p := range parts(value) {
				if name := strings.Trim(p, "{.}"); name != "Count" {
					args = append(args, name, "x")
				}
			}
			if got := For(l).Text(key, args...); got == key || strings.Contains(got, "{{") || strings.Contains(got, "no value") {
				t.Errorf("%s %s says %q", l, key, got)
			}
		}
	}
}

// entries are all texts of a language as they stand in the files.
func entries(l string) map[string]any {
	all := map[string]any{}
	for _, f := range texts(l) {
		maps.Copy(all, mustRead(f))
	}
	return all
}

// wordings are the texts of an entry by plural form; a plain text is its "other".
func wordings(value any) map[string]string {
	switch v := value.(type) {
	case string:
		return map[string]string{"other": v}
	case map[string]any:
		all := map[string]string{}
		for form, s := range v {
			all[form], _ = s.(string)
		}
		return all
	}
	return map[string]string{"other": ""}
}

// parts are the named parts of all wordings of an entry.
func parts(value any) []string {
	all := map[string]bool{}
	for _, s := range wordings(value) {
		for _, p := range part.FindAllString(s, -1) {
			all[p] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}
