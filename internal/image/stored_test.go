package image

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestStored: the stored form must not change, so it stands here.
func TestStored(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ plan, want string }{
		{"strip", `{"v":1}`},
		{"resize 800 | grey | webp q80", `{"v":1,"steps":[{"resize":{"mode":"fit","w":"800"}},{"grey":{}}],"out":{"format":"webp","quality":80}}`},
		{"resize 50%x600 fill top", `?`},
		{"resize 800x600 fill top", `{"v":1,"steps":[{"resize":{"mode":"fill","w":"800","h":"600","at":"top"}}]}`},
		{"crop 16:9 smart", `{"v":1,"steps":[{"crop_ratio":{"w":16,"h":9,"at":"smart"}}]}`},
		{"crop 300x200", `{"v":1,"steps":[{"crop_size":{"w":"300","h":"200","at":"centre"}}]}`},
		{"flip | mirror | rotate 90", `{"v":1,"steps":[{"flip":{"vertical":true}},{"flip":{}},{"rotate":{"degrees":90}}]}`},
		{"redact 10%,40% 50%x8%", `{"v":1,"steps":[{"redact":{"boxes":["10%,40% 50%x8%"],"how":"solid","color":"#000000"}}]}`},
		{"redact blur 1,2 3x4", `{"v":1,"steps":[{"redact":{"boxes":["1,2 3x4"],"how":"blur"}}]}`},
		{"pad 20 transparent", `{"v":1,"steps":[{"pad":{"top":"20","right":"20","bottom":"20","left":"20","color":"#00000000"}}]}`},
		{`text "Hi" 1,2`, `{"v":1,"steps":[{"text":{"text":"Hi","at":{"point":"1,2"},"size":"5%","color":"#ffffff","label":0.6}}]}`},
		{"keep metadata | under 1 MB", `{"v":1,"out":{"max":1000000,"keep":true}}`},
	} {
		if row.want == "?" {
			if _, err := Parse(row.plan); err == nil {
				t.Errorf("%s could mean 50 pixels", row.plan)
			}
			continue
		}
		raw, err := json.Marshal(must(t, row.plan))
		if err != nil || string(raw) != row.want {
			t.Errorf("%s is stored as %s (%v), want %s", row.plan, raw, err, row.want)
		}
	}
}

func TestStoredRefused(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, raw, key, part string }{
		{"no plan", `[]`, "image.stored.unreadable", ""},
		{"no version", `{}`, "image.stored.newer", ""},
		{"newer version", `{"v":2}`, "image.stored.newer", ""},
		{"unknown step", `{"v":1,"steps":[{"dream":{}}]}`, "image.stored.step", "“dream”"},
		{"unknown field", `{"v":1,"steps":[{"grey":{"shades":50}}]}`, "image.stored.step", "“grey”"},
		{"other type", `{"v":1,"steps":[{"rotate":{"degrees":"left"}}]}`, "image.stored.step", ""},
		{"broken length", `{"v":1,"steps":[{"round":{"radius":"wide"}}]}`, "image.stored.step", ""},
		{"broken box", `{"v":1,"steps":[{"crop":{"box":"1,2 3"}}]}`, "image.stored.step", ""},
		{"broken point", `{"v":1,"steps":[{"arrow":{"from":"1"}}]}`, "image.stored.step", ""},
		{"broken colour", `{"v":1,"steps":[{"background":{"color":"#12"}}]}`, "image.stored.step", ""},
		{"empty step", `{"v":1,"steps":[{}]}`, "image.stored.unreadable", ""},
		{"two in one", `{"v":1,"steps":[{"grey":{},"flip":{}}]}`, "image.stored.step", ""},
		{"not valid", `{"v":1,"steps":[{"blur":{"sigma":1000}}]}`, "image.bad.range", "1000"},
		{"cover that shows through", `{"v":1,"steps":[{"redact":{"boxes":["1,2 3x4"],"how":"solid","color":"#00000001"}}]}`, "image.bad.solid", ""},
		{"too large", `{"v":1,"x":"` + strings.Repeat("x", maxStored) + `"}`, "image.stored.unreadable", ""},
	} {
		p := Plan{Steps: []Step{Grey{}}}
		err := json.Unmarshal([]byte(row.raw), &p)
		if got := key(t, err); got != row.key || !strings.Contains(told(err), row.part) {
			t.Errorf("%s: the fault %q (%v), want %q", row.name, got, err, row.key)
		}
		if p.String() != "grey" {
			t.Errorf("%s: the plan became %s", row.name, p)
		}
	}
}
