package image

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the list of words into docs/pictures.md instead of comparing it")

const pictures = "../../docs/pictures.md"

// TestPicturePage holds docs/pictures.md to the language: a section with an example for each verb and no other, plans that are
// read, and printed as they are read again, and the list of all words. What the plans make is looked at by cmd/teamspro.
func TestPicturePage(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(pictures)
	if err != nil {
		t.Fatal(err)
	}
	page := string(raw)
	var verbs []string
	for _, v := range table() {
		verbs = append(verbs, v.name)
	}
	var sections []string
	for i, part := range strings.Split(page, "\n### ") {
		if i == 0 {
			continue
		}
		name, rest, _ := strings.Cut(part, "\n")
		rest, _, _ = strings.Cut(rest, "\n## ")
		sections = append(sections, name)
		if !slices.ContainsFunc(plansOf(rest), func(plan string) bool { return uses(t, plan, name) }) {
			t.Errorf("no example of the section %q uses it", name)
		}
	}
	slices.Sort(verbs)
	slices.Sort(sections)
	if diff := cmp.Diff(verbs, sections); diff != "" {
		t.Errorf("the sections of the page are not the verbs of plans (-verbs +sections):\n%s", diff)
	}
	for _, plan := range plansOf(page) {
		p := must(t, plan)
		again, err := Parse(p.String())
		if err != nil || again.String() != p.String() {
			t.Errorf("%s is printed as %s and read again as %s, %v", plan, p, again, err)
		}
	}
	holdWords(t, page)
}

var headed = regexp.MustCompile("(?m)^\\| `.*` \\|$")

// plansOf are the plans in the heads of the tables of a text.
func plansOf(text string) []string {
	var all []string
	for _, row := range headed.FindAllString(text, -1) {
		for cell := range strings.SplitSeq(strings.ReplaceAll(strings.Trim(row, "| "), `\|`, "\x00"), "|") {
			all = append(all, strings.ReplaceAll(strings.Trim(cell, " `"), "\x00", "|"))
		}
	}
	return all
}

// uses tells whether a step of a plan, as it is typed, begins with a verb.
func uses(t *testing.T, plan, name string) bool {
	t.Helper()
	segments, ok := scan(plan)
	if !ok {
		t.Fatalf("%s is not read", plan)
	}
	return slices.ContainsFunc(split(segments), func(s segment) bool {
		v, _ := findVerb(s.tokens)
		return v.name == name
	})
}

// holdWords compares the list of words, or writes it.
func holdWords(t *testing.T, page string) {
	t.Helper()
	const first, last = "<!-- words -->\n", "<!-- /words -->"
	before, rest, opened := strings.Cut(page, first)
	got, after, closed := strings.Cut(rest, last)
	if !opened || !closed {
		t.Fatalf("no %s … %s", first, last)
	}
	want := "\n| Step | Other words |\n|---|---|\n"
	for _, v := range table() {
		words := strings.ReplaceAll(strings.Join(strings.Fields(v.aliases), ", "), "<", "&lt;")
		want += fmt.Sprintf("| `%s` | %s |\n", v.name, words)
	}
	want += "\n"
	switch diff := cmp.Diff(want, got); {
	case diff == "":
	case !*update:
		t.Errorf("the words on the page are not those of plans; \"make pictures\" writes them (-want +got):\n%s", diff)
	default:
		if err := os.WriteFile(pictures, []byte(before+first+want+last+after), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
