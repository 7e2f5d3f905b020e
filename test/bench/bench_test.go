package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestQuestionsAreTheSameEveryTime(t *testing.T) {
	t.Parallel()
	people := population(2000)
	for _, k := range kinds {
		once, again := k.questions(people, 20), k.questions(population(2000), 20)
		if len(once) != 20 || !slices.Equal(once, again) {
			t.Errorf("%s: %d questions, the same again: %v", k.name, len(once), slices.Equal(once, again))
		}
	}
}

func TestQuestionsAskForTheOneSought(t *testing.T) {
	t.Parallel()
	people := population(2000)
	for _, k := range kinds {
		for _, q := range k.questions(people, 50) {
			c := people[q.sought]
			has := folded(strings.Join([]string{c.Name, c.Emails[0], c.Phones[0].E164}, " "))
			for word := range strings.FieldsSeq(q.text) {
				if !k.slip && !strings.Contains(has, word) {
					t.Errorf("%s: %q does not lead to %s", k.name, q.text, has)
				}
			}
			if k.slip && len(q.text) > 14 && q.text == folded(c.Name) && !doubled(q.text) {
				t.Errorf("%q has no slip", q.text)
			}
		}
	}
}

// doubled tells whether swapping two letters may have changed nothing.
func doubled(s string) bool {
	for i := 1; i < len(s); i++ {
		if s[i] == s[i-1] {
			return true
		}
	}
	return false
}

func TestGoals(t *testing.T) {
	t.Parallel()
	both := peers{{"one", 30}, {"two", 12}}
	for _, row := range []struct {
		goal  goal
		holds bool
		found string
	}{
		{share("CPU", 2, both, 15), false, "1/15.0 one and 1/6.00 two"},
		{share("CPU", 2, both, 6), true, "1/15.0 one and 1/6.00 two"},
		{times("rate", 60, both, 3), false, "2.00× one and 5.00× two"},
		{times("rate", 60, both, 2), true, "2.00× one and 5.00× two"},
	} {
		if row.goal.holds != row.holds || row.goal.found != row.found {
			t.Errorf("%s, expected %v with %s", row.goal, row.holds, row.found)
		}
	}
}

func TestSpreadAndQuantile(t *testing.T) {
	t.Parallel()
	if got := spreadOf([]float64{3, 1, 2}).String(); got != "2.00 (1.00–3.00)" {
		t.Errorf("spread %s", got)
	}
	took := []time.Duration{4, 1, 3, 2, 5}
	if low, high := quantile(took, 0), quantile(took, 1); low != 1 || high != 5 {
		t.Errorf("from %d to %d", low, high)
	}
}

func TestReportKeepsWhatStandsAround(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "performance.md")
	if err := os.WriteFile(path, []byte("before\n<!-- store -->\nold\n<!-- /store -->\nafter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := report{unit: "store", head: []string{"a", "b"}, rows: [][]string{{"$1", "2"}}, plots: []plot{{"p.svg", "P", []curve{{"c", []float64{1, 10}, []float64{2, 3}}}}}}
	if err := r.write(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"before\n<!-- store -->\n", "| $1 | 2 |", "performance/p.svg", "<!-- /store -->\nafter\n"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if strings.Contains(string(text), "\nold\n") {
		t.Error("the old figures stayed")
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(path), pictures, "p.svg")); err != nil {
		t.Error(err)
	}
	if err := (report{unit: "other"}).write(t.Context(), path); err == nil {
		t.Error("a unit without a place was written somewhere")
	}
}

// TestPicturesAreTheSameEveryTime, and have something in them: more than two bits a pixel of a photograph.
func TestPicturesAreTheSameEveryTime(t *testing.T) {
	t.Parallel()
	once, err := photograph(800, 600)
	if err != nil {
		t.Fatal(err)
	}
	again, err := photograph(800, 600)
	if err != nil || !slices.Equal(once, again) || len(once) < 800*600/4 {
		t.Errorf("%d bytes, the same again: %v, %v", len(once), slices.Equal(once, again), err)
	}
}

func TestPreviewsAreAskedForOnce(t *testing.T) {
	t.Parallel()
	seen := map[[2]int]bool{}
	for n := range 200 * previewCopies {
		seen[[2]int{n % previewCopies, side(n)}] = true
	}
	if len(seen) != 200*previewCopies {
		t.Errorf("%d of %d previews differ", len(seen), 200*previewCopies)
	}
}
