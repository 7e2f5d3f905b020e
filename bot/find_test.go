package bot

import (
	"strings"
	"testing"
)

func TestShorten(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		in    string
		limit int
		want  string
	}{{"marta", 5, "marta"}, {"marta weber", 5, "mart…"}, {"Øyvindå", 4, "Øyv…"}, {"", 5, ""}} {
		if got := shorten(test.in, test.limit); got != test.want {
			t.Errorf("%q in %d: %q, want %q", test.in, test.limit, got, test.want)
		}
	}
}

func TestNameFrom(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"marta weber": "marta weber", "#vip": "vip", "+33 6 39 98": "+33 6 39 98", strings.Repeat("x", 200): strings.Repeat("x", 99) + "…"} {
		if got := nameFrom(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
