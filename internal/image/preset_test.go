package image

import (
	"strings"
	"testing"

	"teamspro/internal/lang"
)

func TestFindPreset(t *testing.T) {
	t.Parallel()
	own := Preset{Name: "Wiki – étroit", Plan: must(t, "resize 640")}
	for _, row := range []struct{ typed, want string }{
		{"teams card 1024", "teams card"},
		{"Teams-Card", "teams card"},
		{"carte Teams", "teams card"},
		{"profile 512 square", "profile"},
		{"Photo de profil", "profile"},
		{"mail", "mail"},
		{"mail ≤ 200 KB", "mail"},
		{"E-Mail", "mail"},
		{"courriel", "mail"},
		{"emoji 128", "emoji"},
		{"Émoticône", "emoji"},
		{"arrière-plan de réunion", "meeting background"},
		{"wiki etroit", "Wiki – étroit"},
		{"", ""},
		{"!!!", ""},
		{"resize 800", ""},
		{strings.Repeat("mail ", 1000), ""},
	} {
		p, ok := FindPreset(row.typed, own)
		if p.Name != row.want || ok != (row.want != "") {
			t.Errorf("%q finds %q, want %q", row.typed, p.Name, row.want)
		}
	}
}

// TestPresets: each is valid, can be typed, and bears a name in each language by which it is found.
func TestPresets(t *testing.T) {
	t.Parallel()
	if len(Presets()) < 4 {
		t.Fatal("presets are missing")
	}
	for _, p := range Presets() {
		if err := p.Plan.Validate(); err != nil {
			t.Errorf("%s: %s", p.Name, told(err))
		}
		if got := must(t, p.Plan.String()).String(); got != must(t, p.Name).String() {
			t.Errorf("%s is %s when typed, not %s", p.Name, must(t, p.Name), got)
		}
		for _, l := range lang.Languages {
			name := lang.For(l).Text(p.Key)
			if found, ok := FindPreset(name); name == p.Key || !ok || found.Name != p.Name {
				t.Errorf("%s: %q does not find %s", l, name, p.Name)
			}
		}
	}
}

func TestPresetsInAPlan(t *testing.T) {
	t.Parallel()
	own := Preset{Name: "wiki", Plan: must(t, "resize 640 | png")}
	for _, row := range []struct{ text, want string }{
		{"wiki", "resize 640 | png"},
		{"crop square | wiki | grey", "crop 1:1 | resize 640 | grey | png"},
		{"emoji | WIKI", "pad 1:1 transparent | resize 128x128 | resize 640 | png"},
	} {
		p, err := Parse(row.text, own)
		if err != nil || p.String() != row.want {
			t.Errorf("%s is %s (%v), want %s", row.text, p, err, row.want)
		}
	}
	if _, err := Parse("wiki"); key(t, err) != "image.bad.verb" {
		t.Errorf("another tenant's preset is known: %v", err)
	}
}

func TestPresetValidate(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, key string }{
		{"wiki", ""},
		{"Équipe 2", ""},
		{"newsletter header-image", ""},
		{"", "image.preset.name"},
		{"   ", "image.preset.name"},
		{"2 wiki", "image.preset.name"},
		{"a|b", "image.preset.name"},
		{"a\nb", "image.preset.name"},
		{`a"b`, "image.preset.name"},
		{strings.Repeat("w", 41), "image.preset.name"},
		{"mail", "image.preset.taken"},
		{"E-Mail", "image.preset.taken"},
		{"resize", "image.preset.taken"},
		{"resize for us", "image.preset.taken"},
		{"noir et blanc", "image.preset.taken"},
		{"the crop", "image.preset.taken"},
		{"q80", "image.preset.taken"},
	} {
		p := Preset{Name: row.name, Plan: must(t, "resize 640")}
		if got := key(t, p.Validate()); got != row.key {
			t.Errorf("%q has the fault %q, want %q", row.name, got, row.key)
		}
	}
	if got := key(t, Preset{Name: "wiki", Plan: Plan{Steps: []Step{Blur{}}}}.Validate()); got != "image.bad.range" {
		t.Errorf("a preset that cannot be done has the fault %q", got)
	}
}
