package image

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Preset is a plan with a name. Key is that of the built-in ones' localized name; a tenant's own has none.
type Preset struct {
	Name string `json:"name"`
	Key  string `json:"-"`
	Plan Plan   `json:"plan"`
}

// maxPresetName is the length of a name, in characters.
const maxPresetName = 40

// builtin is a preset of ours and what people call it.
type builtin struct {
	Preset
	aliases string // with commas between them
}

func builtins() []builtin {
	square := func(side float64) Resize { return Resize{Mode: Fit, W: px(side), H: px(side)} }
	return []builtin{
		{Preset{"teams card", "image.preset.teams_card", Plan{[]Step{square(1024)}, Output{MaxBytes: 1_000_000}}},
			"teams card 1024,card,card 1024,carte teams,carte teams 1024,carte"},
		{Preset{"profile", "image.preset.profile", Plan{[]Step{CropRatio{1, 1, Smart}, square(512)}, Output{}}},
			"profile 512,profile 512 square,profile square,profile picture,profile picture 512,avatar,profil,profil 512,photo de profil,photo de profil 512,profil 512 carre"},
		{Preset{"mail", "image.preset.mail", Plan{[]Step{square(1600)}, Output{Format: JPEG, MaxBytes: 200_000}}},
			"e-mail,email,courriel,courriel moins de 200 ko,mail 200 kb,mail 200 ko,mail under 200 kb,for mail,pour mail"},
		{Preset{"emoji", "image.preset.emoji", Plan{[]Step{PadRatio{1, 1, Color{}}, square(128)}, Output{Format: PNG}}},
			"emoji 128,emoticon,emoticone"},
		{Preset{"meeting background", "image.preset.meeting", Plan{[]Step{Resize{Mode: Fill, W: px(1920), H: px(1080), Gravity: Centre}}, Output{Format: JPEG}}},
			"meeting background 1920,virtual background,arriere-plan de reunion,arriere-plan de reunion 1920,fond de reunion"},
	}
}

// Presets are the built-in ones.
func Presets() []Preset {
	var all []Preset
	for _, b := range builtins() {
		all = append(all, b.Preset)
	}
	return all
}

// FindPreset finds a preset by what a person types: capitals, accents, hyphens and signs do not count. Those given, a
// tenant's own, stand beside the built-in ones, whose names they cannot have.
func FindPreset(typed string, own ...Preset) (Preset, bool) {
	if len(typed) > 4*maxPresetName {
		return Preset{}, false
	}
	name := presetName(typed)
	for _, p := range own {
		if presetName(p.Name) == name && name != "" {
			return p, true
		}
	}
	for _, b := range builtins() {
		for alias := range strings.SplitSeq(b.Name+","+b.aliases, ",") {
			if presetName(alias) == name {
				return b.Preset, true
			}
		}
	}
	return Preset{}, false
}

// presetName writes a name as names are compared.
func presetName(s string) string {
	return strings.Join(strings.FieldsFunc(fold(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ")
}

// Validate tells what is wrong with a tenant's preset: its name must be 1 to 40 letters, digits, blanks or hyphens, begin
// with a letter, and mean nothing else yet. Its errors are faults of kind Invalid.
func (p Preset) Validate() error {
	odd := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r) && r != ' ' && r != '-'
	}
	first, _ := utf8.DecodeRuneInString(p.Name)
	if utf8.RuneCountInString(p.Name) > maxPresetName || !unicode.IsLetter(first) || strings.ContainsFunc(p.Name, odd) {
		return bad("image.preset.name", "Limit", maxPresetName)
	}
	if p.taken() {
		return bad("image.preset.taken", "Name", p.Name)
	}
	return p.Plan.Validate()
}

// taken tells whether a name already means something where a step is read.
func (p Preset) taken() bool {
	if _, ok := FindPreset(p.Name); ok {
		return true
	}
	steps, ok := scan(p.Name)
	if !ok || len(steps) != 1 {
		return true
	}
	v, n := findVerb(steps[0].tokens)
	if n == 0 {
		v = implied(steps[0].tokens)
	}
	return v.name != ""
}
