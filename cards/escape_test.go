package cards

import (
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

func TestEscape(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, in, want string }{
		{"plain", "Marta Gonzáles-O'Neil, Dr. (Sales) & Co", "Marta Gonzáles-O'Neil, Dr. (Sales) & Co"},
		{"number", "+33 (0)6 39-98/12", "+33 (0)6 39-98/12"},
		{"emphasis", "*a* _b_ `c` ~d~", "\\*a\\* \\_b\\_ \\`c\\` \\~d\\~"},
		{"link", "[a](https://evil.example)", `\[a\](https://evil.example)`},
		{"backslash", `a\*b`, `a\\\*b`},
		{"mention", "<at>all</at>", "<⁠at>all<⁠/at>"},
		{"template", "{{DATE(x)}} {{{x}}}", "{⁠{⁠DATE(x)}} {⁠{⁠{x}}}"},
		{"entity", "&lt; &#60; R&D; AT&T", `\&lt; \&#60; R\&D; AT&T`},
		{"heading", "# a", `\# a`},
		{"list", "- a\n+ b\n-\n--- \n-5", "\\- a\n\n\\+ b\n\n\\-\n\n\\---\n\n-5"},
		{"numbered", "1. a\n2) b\n3.5\n7", "1\\. a\n\n2\\) b\n\n3.5\n\n7"},
		{"quote", "> a", `\> a`},
		{"code", "    a\n\tb", "a\n\nb"},
		{"newlines", "a\r\nb\rc\u2028d\n\n\n e", "a\n\nb\n\nc\n\nd\n\ne"},
		{"direction", "a\u202eb\u2066c\u200fd\u061ce", "abcde"},
		{"invisible", "a\x00\x1b\u200b\ufeff\u00ad\U000e0041b", "ab"},
		{"right to left", "מרתה", "\u2068מרתה\u2069"},
		{"joined emoji", "👩\u200d💻", "👩\u200d💻"},
		{"no text", "a\xffb", "a\uFFFDb"},
		{"no break", "« a » ?", "« a » ?"},
	} {
		if got := Escape(test.in); got != test.want {
			t.Errorf("%s: Escape(%q) = %q, want %q", test.name, test.in, got, test.want)
		}
	}
}

// TestUsualCharacters: what is let through without a look has no need of one.
func TestUsualCharacters(t *testing.T) {
	t.Parallel()
	for r := rune(0); r <= unicode.MaxRune; r++ {
		invisible := unicode.In(r, unicode.Cc, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Zl, unicode.Zp)
		if !unusual(r) && invisible && r != '\n' {
			t.Errorf("%U is invisible", r)
		}
		scripts := unicode.In(r, unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Thaana, unicode.Nko, unicode.Samaritan,
			unicode.Mandaic, unicode.Adlam, unicode.Mende_Kikakui, unicode.Hanifi_Rohingya)
		if rightToLeft(r) != scripts {
			t.Errorf("%U is written from right to left: %v", r, scripts)
		}
	}
	for _, s := range []string{"", "a", "Marta Gonzáles – “South” …", "\n"} {
		if got := clean(s); got != s {
			t.Errorf("clean(%q) = %q", s, got)
		}
	}
}

// shown is what Markdown makes of escaped text, as long as nothing in it has a meaning.
func shown(escaped string) string {
	var b strings.Builder
	for i := 0; i < len(escaped); i++ {
		if escaped[i] == '\\' {
			i++
		}
		b.WriteByte(escaped[i])
	}
	return strings.NewReplacer(joiner, "", isolate, "", isolateDone, "").Replace(b.String())
}

// text as a person or an attacker writes it: anything, with the dangerous characters often.
var written = rapid.StringOf(rapid.OneOf(rapid.Rune(), rapid.RuneFrom([]rune("\\`*_{}[]()<>#+-.!|~&;:/@=\"' \n\r\t0123456789abAB\u202e\u2066\u200b\u2028\u0000אع"))))

func TestEscapeIsHarmless(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := written.Draw(t, "s")
		got := Escape(s)
		if active := bare(got); strings.ContainsAny(active, "*_`[]~") {
			t.Fatalf("Escape(%q) = %q leaves Markdown", s, got)
		}
		if strings.Contains(got, "{{") {
			t.Fatalf("Escape(%q) = %q leaves {{", s, got)
		}
		for i, part := range strings.Split(got, "<") {
			if i > 0 && !strings.HasPrefix(part, joiner) {
				t.Fatalf("Escape(%q) = %q leaves a tag", s, got)
			}
		}
		for _, r := range strings.NewReplacer(joiner, "", isolate, "", isolateDone, "").Replace(got) {
			if r != '\n' && r != '\u200c' && r != '\u200d' && unicode.In(r, unicode.Cc, unicode.Cf) {
				t.Fatalf("Escape(%q) = %q leaves %U", s, got, r)
			}
		}
		if strings.Count(got, isolate) != strings.Count(got, isolateDone) {
			t.Fatalf("Escape(%q) = %q isolates half", s, got)
		}
		if strings.Contains(strings.ReplaceAll(got, "\n\n", ""), "\n") {
			t.Fatalf("Escape(%q) = %q has a single newline", s, got)
		}
	})
}

// bare is escaped text without its escaped characters.
func bare(escaped string) string {
	var b strings.Builder
	for i := 0; i < len(escaped); i++ {
		if escaped[i] == '\\' {
			i++
			continue
		}
		b.WriteByte(escaped[i])
	}
	return b.String()
}

func TestEscapeShowsWhatWasWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := written.Draw(t, "s")
		if want := strings.Join(strings.FieldsFunc(clean(s), isBlank), ""); strings.Join(strings.FieldsFunc(shown(Escape(s)), isBlank), "") != want {
			t.Fatalf("Escape(%q) shows %q", s, shown(Escape(s)))
		}
	})
}

func isBlank(r rune) bool { return r == ' ' || r == '\n' }

func TestLineIsOneLine(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := written.Draw(t, "s")
		if got := line(s) + plain(s); strings.ContainsAny(got, "\n\r\u2028\u2029") {
			t.Fatalf("line or plain of %q has a newline: %q", s, got)
		}
	})
}

func FuzzEscape(f *testing.F) {
	for _, s := range []string{"", "1.", "<at>x</at>", "[a](b)", "\\", "&lt;", "{{DATE(1)}}", "\u202ea"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := Escape(s); strings.ContainsAny(bare(got), "*_`[]~") || strings.Contains(got, "{{") {
			t.Errorf("Escape(%q) = %q", s, got)
		}
	})
}
