package contact

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestParseQuery(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in      string
		want    Query
		written string
	}{
		{"", Query{}, ""},
		{"  marta \t weber ", Query{Text: "marta weber"}, "marta weber"},
		{"marta in sales", Query{Text: "marta", In: "sales"}, "marta in sales"},
		{"marta IN sales team", Query{Text: "marta", In: "sales team"}, "marta in sales team"},
		{"marta dans les ventes", Query{Text: "marta", In: "les ventes"}, "marta in les ventes"},
		{"marta chez Contoso", Query{Text: "marta", In: "Contoso"}, "marta in Contoso"},
		{"in sales", Query{In: "sales"}, "in sales"},
		{"moon jae in", Query{Text: "moon jae in"}, "moon jae in"},
		{"marta in sales in paris", Query{Text: "marta", In: "sales in paris"}, "marta in sales in paris"},
		{`marta "in" sales`, Query{Text: `marta "in" sales`}, `marta "in" sales`},
		{`marta in "key accounts"`, Query{Text: "marta", In: "key accounts"}, "marta in key accounts"},
		{`marta in "#1 sales"`, Query{Text: "marta", In: "#1 sales"}, `marta in "#1 sales"`},
		{"#vip", Query{Tags: []string{"vip"}}, "#vip"},
		{"marta #vip, in sales #press #vip", Query{Text: "marta", In: "sales", Tags: []string{"vip", "press"}}, "marta in sales #vip #press"},
		{`#"key account" weber`, Query{Text: "weber", Tags: []string{"key account"}}, `weber #"key account"`},
		{`"#vip" c#`, Query{Text: `"#vip" c#`}, `"#vip" c#`},
		{`"jean pierre" x`, Query{Text: `"jean pierre" x`}, `"jean pierre" x`},
		{"« jean pierre » “x”", Query{Text: `"jean pierre" x`}, `"jean pierre" x`},
		{`"never closed`, Query{Text: `"never closed"`}, `"never closed"`},
		{`a"b c"d`, Query{Text: `a "b c" d`}, `a "b c" d`},
		{`# ## "" "`, Query{}, ""},
		{"a\u202eb\u200b\x00c", Query{Text: "abc"}, "abc"},
		{"'; DROP TABLE x; -- .* [a", Query{Text: "'; DROP TABLE x; -- .* [a"}, "'; DROP TABLE x; -- .* [a"},
	} {
		got := ParseQuery(tt.in)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("ParseQuery(%q): %s", tt.in, diff)
		}
		if got.String() != tt.written {
			t.Errorf("ParseQuery(%q).String() = %q, want %q", tt.in, got.String(), tt.written)
		}
	}
}

func TestParseQueryLimits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in string
		words    int
	}{
		{"many words", strings.Repeat("word ", 200), MaxQueryWords},
		{"many words between quotes", `a "` + strings.Repeat("word ", 200), MaxQueryWords},
		{"many tags", strings.Repeat("#tag ", 200), 1},
		{"one long word", strings.Repeat("ü", 10_000), 1},
		{"long phrase", `"` + strings.Repeat("ab ", 5) + strings.Repeat("x", 10_000), 0}, // its closing quote has no room
		{"spaces", strings.Repeat(" ", 10_000) + "x", 0},
		{"marks", strings.Repeat("\u0301", 10_000), 1},
	} {
		s := ParseQuery(tt.in).String()
		if n := len(strings.Fields(s)); n != tt.words || utf8.RuneCountInString(s) > MaxQuery {
			t.Errorf("%s: %d words, %d characters", tt.name, n, utf8.RuneCountInString(s))
		}
	}
}

func FuzzParseQuery(f *testing.F) {
	for _, s := range []string{"marta in sales #vip", `"jean pierre" dans "a b"`, `#"x y" «z`, "in in in", "\xff#\u200d\"👨\u200d👩", `a"̈b" # "`, strings.Repeat(`"a"`, 300)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q := ParseQuery(s)
		checkWritten(t, q)
		q.plan()
		Query{Text: s, In: s, Tags: []string{s}}.plan()
	})
}

func TestParseQueryRoundTrip(t *testing.T) {
	t.Parallel()
	pieces := []string{"a", "marta", "in", "dans", "#", "##", `"`, " ", "  ", "«", "»", ",", ";", "#vip", "🎉", "\u0301", "\u200d", "é", strings.Repeat("x", 90)}
	rapid.Check(t, func(t *rapid.T) {
		checkWritten(t, ParseQuery(strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 40).Draw(t, "pieces"), "")))
	})
}

func checkWritten(t interface{ Fatalf(string, ...any) }, q Query) {
	s := q.String()
	if diff := cmp.Diff(q, ParseQuery(s)); diff != "" {
		t.Fatalf("%q reads differently: %s", s, diff)
	}
	if n := utf8.RuneCountInString(s); n > MaxQuery {
		t.Fatalf("%d characters", n)
	}
}
