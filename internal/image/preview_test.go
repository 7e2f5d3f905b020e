package image

import "testing"

func TestPreview(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		plan string
		side int
		from Facts
		want string
	}{
		{"strip", 1024, Facts{}, "resize 1024x1024 | jpeg | under 1 MB"},
		{"resize 800 | webp q30 | under 20 KB | keep metadata", 512, Facts{}, "resize 800 | resize 512x512 | jpeg | under 1 MB"},
		{"redact 10,20 300x200", 64, Facts{}, "redact 10,20 300x200 | resize 64x64 | jpeg | under 1 MB"},
		{"strip", 5000, Facts{}, "resize 1024x1024 | jpeg | under 1 MB"},
		{"strip", 0, Facts{}, "resize 1x1 | jpeg | under 1 MB"},

		{"grey", 1024, Facts{Alpha: true}, "grey | resize 1024x1024 | png | under 1 MB"},
		{"jpeg", 1024, Facts{Alpha: true}, "resize 1024x1024 | jpeg | under 1 MB"},
		{"background white", 1024, Facts{Alpha: true}, "background white | resize 1024x1024 | jpeg | under 1 MB"},
		{"round 24", 1024, Facts{}, "round 24 | resize 1024x1024 | png | under 1 MB"},
		{"round 24 | background red", 1024, Facts{}, "round 24 | background red | resize 1024x1024 | jpeg | under 1 MB"},
		{"pad 5", 1024, Facts{}, "pad 5 | resize 1024x1024 | jpeg | under 1 MB"},
		{"pad 5 transparent", 1024, Facts{}, "pad 5 transparent | resize 1024x1024 | png | under 1 MB"},
		{"pad 1:1 #ff000080", 1024, Facts{}, "pad 1:1 #ff000080 | resize 1024x1024 | png | under 1 MB"},
	} {
		if got := must(t, row.plan).Preview(row.side, row.from).String(); got != row.want {
			t.Errorf("the preview of %s is %s, want %s", row.plan, got, row.want)
		}
	}
}

// TestPreviewOfAFullPlan is valid too, and so is the preview of a preview.
func TestPreviewOfAFullPlan(t *testing.T) {
	t.Parallel()
	var p Plan
	for range MaxSteps {
		p.Steps = append(p.Steps, Grey{})
	}
	preview := p.Preview(1024, Facts{})
	if err := preview.Validate(); err != nil || len(preview.Steps) != MaxSteps+1 {
		t.Errorf("%d steps: %v", len(preview.Steps), err)
	}
	if again := preview.Preview(512, Facts{}); again.Validate() != nil || len(again.Steps) != MaxSteps+1 {
		t.Errorf("%d steps", len(again.Steps))
	}
	if len(p.Steps) != MaxSteps {
		t.Error("the plan itself has changed")
	}
}
