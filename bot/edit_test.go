package bot

import (
	"testing"

	"teamspro/internal/image"
)

// TestChoicesOfDialogs: Adaptive Cards draw an option without a value as an empty line, and what the dialog opens with is
// left to the program.
func TestChoicesOfDialogs(t *testing.T) {
	t.Parallel()
	for _, tool := range image.Tools() {
		for _, in := range editInputs(tool) {
			for _, o := range in.options {
				if o.value == "" {
					t.Errorf("%s: the option %s of %s has no value", tool, o.label, in.id)
				}
			}
		}
	}
	p, problems := image.FormPlan(image.ToolConvert, map[string]string{"format": image.Usual, "max": "200 KB", "keep": "false"})
	if len(problems) > 0 || p.Output.Format != "" || p.Output.MaxBytes == 0 {
		t.Errorf("the plan is %+v with the problems %v, want only a limit", p, problems)
	}
}
