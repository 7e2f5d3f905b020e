package image

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"teamspro/internal/lang"
)

func TestEveryPlanIsReadAsItIsPrinted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlan(t)
		if err := p.Validate(); err != nil {
			t.Fatalf("%#v: %s", p, told(err))
		}
		read, err := Parse(p.String())
		if err != nil {
			t.Fatalf("%s: %s", p, told(err))
		}
		if diff := cmp.Diff(p, read); diff != "" {
			t.Fatalf("%s (-printed +read):\n%s", p, diff)
		}
	})
}

func TestEveryPlanIsStored(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlan(t)
		raw, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var read Plan
		if err := json.Unmarshal(raw, &read); err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		if diff := cmp.Diff(p, read); diff != "" {
			t.Fatalf("%s (-stored +read):\n%s", raw, diff)
		}
	})
}

// TestEveryPlanIsTold: each step has a phrase in each language, with all its parts.
func TestEveryPlanIsTold(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlan(t)
		notes := append(p.Describe(), AltText(nil, p, Facts{W: 8, H: 6}), AltText("Plan B", p, Facts{W: 8, H: 6}))
		for _, n := range notes {
			for _, l := range lang.Languages {
				if s := n.Say(lang.For(l).Text); s == n.Key || strings.Contains(s, "<no value>") || strings.Contains(s, "image.") || strings.Contains(s, "{") {
					t.Fatalf("%s says %q of %v", l, s, n)
				}
			}
		}
	})
}

// TestEveryLayoutKeepsTheLimits on pictures of any shape.
func TestEveryLayoutKeepsTheLimits(t *testing.T) {
	t.Parallel()
	limits := Limits{Side: 3000, Pixels: 2_000_000}
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlan(t)
		f := Facts{W: rapid.IntRange(1, 5000).Draw(t, "w"), H: rapid.IntRange(1, 5000).Draw(t, "h"), Frames: rapid.IntRange(0, 3).Draw(t, "frames")}
		l, err := limits.Layout(p, f)
		if err != nil {
			return // a box lies outside of the picture
		}
		if len(l.Sizes) != len(l.Plan.Steps) {
			t.Fatalf("%d sizes of %d steps", len(l.Sizes), len(l.Plan.Steps))
		}
		for i, s := range l.Sizes {
			if s.W < 1 || s.H < 1 {
				t.Fatalf("%s: %v behind step %d", p, s, i)
			}
			// no step makes anything larger than allowed; what came in larger may stay so until the end
			if s.W > max(f.W, f.H, limits.Side) || s.H > max(f.W, f.H, limits.Side) || s.W*s.H > max(f.W*f.H, limits.Pixels) {
				t.Fatalf("%s: %v behind step %d of %s", p, s, i, l.Plan)
			}
		}
		after := l.After(f)
		if after.W > limits.Side || after.H > limits.Side || after.W*after.H*max(f.Frames, 1) > limits.Pixels {
			t.Fatalf("%s: %v", p, after)
		}
		// what the layout says of its own plan is what it says of the plan
		again, err := limits.Layout(l.Plan, f)
		if err != nil || again.After(f) != after {
			t.Fatalf("%s: %v, then %v (%v)", l.Plan, after, again.After(f), err)
		}
	})
}

// TestEveryPreviewCoversWhatThePlanCovers, at the same places, before it is made smaller.
func TestEveryPreviewCoversWhatThePlanCovers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlan(t)
		f := Facts{W: 4000, H: 3000, Alpha: rapid.Bool().Draw(t, "alpha")}
		preview := p.Preview(rapid.IntRange(-1, 5000).Draw(t, "side"), f)
		last := len(preview.Steps) - 1
		if diff := cmp.Diff(p.Steps, preview.Steps[:last:last], cmp.Transformer("empty", func(s []Step) []Step { return append([]Step{}, s...) })); diff != "" {
			t.Fatalf("(-plan +preview):\n%s", diff)
		}
		if !isFit(preview.Steps[last]) || preview.Output.Keep || preview.Output.Format != JPEG && preview.Output.Format != PNG {
			t.Fatalf("preview %s", preview)
		}
		l, err := Limits{}.Layout(preview, f)
		if err == nil && (l.After(f).W > PreviewSide || l.After(f).H > PreviewSide) {
			t.Fatalf("%s is %v", preview, l.After(f))
		}
	})
}

// FuzzParse: any text is refused with a sentence or read as a valid plan that prints stably.
func FuzzParse(f *testing.F) {
	for _, row := range typed {
		f.Add(row.text)
	}
	for _, row := range refused {
		f.Add(row.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse(text)
		if key(t, err) != "" {
			return
		}
		if err := p.Validate(); err != nil {
			t.Fatalf("Parse(%q) is not valid: %s", text, told(err))
		}
		printed := p.String()
		again, err := Parse(printed)
		if err != nil {
			t.Fatalf("%q prints %q, which is refused: %s", text, printed, told(err))
		}
		if again.String() != printed {
			t.Fatalf("%q prints %q, then %q", text, printed, again)
		}
	})
}

// FuzzStored: any stored form is refused or read as a valid plan that is stored as it was.
func FuzzStored(f *testing.F) {
	for _, row := range typed {
		raw, err := json.Marshal(must(f, row.text))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var p Plan
		if err := json.Unmarshal(raw, &p); err != nil {
			return
		}
		if err := p.Validate(); err != nil {
			t.Fatalf("%s: %s", raw, told(err))
		}
		written, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var again Plan
		if err := json.Unmarshal(written, &again); err != nil || !cmp.Equal(p, again) {
			t.Fatalf("%s became %s (%v)", raw, written, err)
		}
	})
}
