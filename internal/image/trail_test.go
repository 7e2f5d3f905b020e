package image

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestThen(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ first, then, want string }{
		{"strip", "strip", "strip"},
		{"resize 800", "grey", "resize 800 | grey"},
		{"resize 800 | webp q80", "grey", "resize 800 | grey | webp q80"},
		{"webp q80", "q60", "webp q60"},
		{"webp q80", "jpeg", "jpeg"},
		{"webp q80", "webp", "webp q80"},
		{"q80", "jpeg", "jpeg q80"},
		{"under 1 MB", "under 200 KB", "under 200 KB"},
		{"under 1 MB", "png", "png | under 1 MB"},
		{"keep metadata", "grey", "grey | keep metadata"},
	} {
		got, err := must(t, row.first).Then(must(t, row.then))
		if err != nil || got.String() != row.want {
			t.Errorf("%s, then %s is %s (%v), want %s", row.first, row.then, got, err, row.want)
		}
	}
	_, err := must(t, strings.Repeat("grey|", 30)).Then(must(t, strings.Repeat("flip|", 30)))
	if got := key(t, err); got != "image.bad.steps" {
		t.Errorf("60 steps have the fault %q", got)
	}
}

// TestThenChangesNothing: appending to a plan leaves the plans alone that share its steps.
func TestThenChangesNothing(t *testing.T) {
	t.Parallel()
	base := must(t, "resize 800 | grey | flip")
	base.Steps = base.Steps[:2]
	a, _ := base.Then(must(t, "blur 3"))
	b, _ := base.Then(must(t, "trim"))
	if a.String() != "resize 800 | grey | blur 3" || b.String() != "resize 800 | grey | trim" {
		t.Errorf("%s and %s", a, b)
	}
}

// TestTrail is a story: what a person does, and the plan that stands then.
func TestTrail(t *testing.T) {
	t.Parallel()
	var trail Trail
	for i, row := range []struct {
		do   string
		ok   bool
		want string
	}{
		{"undo", false, "strip"},
		{"redo", false, "strip"},
		{"resize 800", true, "resize 800"},
		{"grey", true, "resize 800 | grey"},
		{"webp q80", true, "resize 800 | grey | webp q80"},
		{"undo", true, "resize 800 | grey"},
		{"undo", true, "resize 800"},
		{"redo", true, "resize 800 | grey"},
		{"undo", true, "resize 800"},
		{"flip", true, "resize 800 | flip"},
		{"redo", false, "resize 800 | flip"},
		{"undo", true, "resize 800"},
		{"undo", true, "strip"},
		{"undo", false, "strip"},
		{"redo", true, "resize 800"},
	} {
		before := trail
		raw, _ := json.Marshal(before)
		ok, err := true, error(nil)
		switch row.do {
		case "undo":
			trail, ok = trail.Undo()
		case "redo":
			trail, ok = trail.Redo()
		default:
			trail, err = trail.Do(must(t, row.do))
		}
		if ok != row.ok || err != nil || trail.Plan().String() != row.want {
			t.Fatalf("%d: %s leads to %s (%t, %v), want %s", i, row.do, trail.Plan(), ok, err, row.want)
		}
		if after, _ := json.Marshal(before); string(after) != string(raw) {
			t.Fatalf("%d: %s changed the trail before it", i, row.do)
		}
	}
}

func TestTrailForgets(t *testing.T) {
	t.Parallel()
	var trail Trail
	for range MaxTrail + 5 {
		var err error
		if trail, err = trail.Do(must(t, "flip")); err != nil {
			t.Fatal(err)
		}
	}
	if len(trail.Plans) != MaxTrail || len(trail.Plan().Steps) != MaxTrail+5 {
		t.Errorf("%d plans, %d steps", len(trail.Plans), len(trail.Plan().Steps))
	}
	undone := 0
	for ok := true; ok; undone++ {
		trail, ok = trail.Undo()
	}
	if undone-1 != MaxTrail || len(trail.Plan().Steps) != 0 {
		t.Errorf("%d times undone leads to %s, not to the original", undone-1, trail.Plan())
	}
	full := Trail{Plans: []Plan{must(t, strings.Repeat("flip|", MaxSteps))}, At: 1}
	same, err := full.Do(must(t, "flip"))
	if key(t, err) != "image.bad.steps" || !cmp.Equal(same, full) {
		t.Errorf("%v, %s", err, same.Plan())
	}
}

func TestTrailIsStored(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var trail Trail
		for range rapid.IntRange(0, 4).Draw(t, "plans") {
			trail, _ = trail.Do(drawPlan(t))
		}
		if rapid.Bool().Draw(t, "undo") {
			trail, _ = trail.Undo()
		}
		raw, err := json.Marshal(trail)
		if err != nil {
			t.Fatal(err)
		}
		var read Trail
		if err := json.Unmarshal(raw, &read); err != nil || !cmp.Equal(trail, read) {
			t.Fatalf("%s: %v\n%s", raw, err, cmp.Diff(trail, read))
		}
	})
	for _, raw := range []string{`{"at":1}`, `{"at":-1}`, `{"plans":[{"v":1}],"at":2}`, `{"plans":[` + strings.Repeat(`{"v":1},`, MaxTrail) + `{"v":1}]}`} {
		var trail Trail
		if err := json.Unmarshal([]byte(raw), &trail); key(t, err) != "image.stored.unreadable" {
			t.Errorf("%s is read as %v", raw, trail)
		}
	}
}
