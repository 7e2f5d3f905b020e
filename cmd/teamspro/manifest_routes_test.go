package main

import (
	"slices"
	"testing"

	"teamspro/bot"
	"teamspro/manifest"
)

// What a package lists in the message extension is answered, with a dialog where it announces one; and nothing is answered
// that no package lists.
func TestExtensionCommandsAreAnswered(t *testing.T) {
	t.Parallel()
	for app, listed := range map[bot.App][]manifest.ExtensionCommand{bot.ContactPro: manifest.DefaultContact("x").Extension, bot.ImagePro: manifest.DefaultImage("x").Extension} {
		var want, got []string
		for _, c := range listed {
			if c.Type == manifest.Query {
				want = append(want, "query "+c.ID)
				continue
			}
			want = append(want, "extend "+c.ID, "extended "+c.ID)
		}
		for _, r := range new(bot.Bot).Routes(app).Routes() {
			if slices.Contains([]bot.Surface{bot.OnQuery, bot.OnExtend, bot.OnExtended}, r.Surface) {
				got = append(got, r.Name())
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(want, got) {
			t.Errorf("%s: listed %v, answered %v", app, want, got)
		}
	}
}
