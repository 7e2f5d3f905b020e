package store

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// An announcement is written as json.Marshal would, and read as json.Unmarshal would; when it was made is found without the rest.
func TestAnnouncementIsEncodedAsMarshalDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) string { return drawnText().Draw(t, name) }
		at := func(name string) *time.Time {
			if rapid.Bool().Draw(t, "has "+name) {
				return new(drawnStamp().Draw(t, name).At)
			}
			return nil
		}
		r := announcementRecord{Product: draw("product"), By: draw("by"), At: drawnStamp().Draw(t, "at").At, Title: draw("title"), Text: draw("text"),
			Version: rapid.IntRange(0, 3).Draw(t, "version"), Changed: at("changed"), Recalled: at("recalled"), ChangedBy: draw("changed by"),
			Asks: rapid.Bool().Draw(t, "asks"), People: rapid.IntRange(0, 3).Draw(t, "people")}
		for range rapid.IntRange(0, 3).Draw(t, "targets") {
			r.Targets = append(r.Targets, targetRecord{draw("conversation"), draw("team")})
		}
		raw, err := r.encode()
		asMarshals(t, r, raw, err, (*scanner).announcement)
		if made, ok := announcedAt(raw); !ok || !made.Equal(r.At) {
			t.Errorf("made at %v, %v; want %v", made, ok, r.At)
		}
	})
	for _, bad := range []string{"", "{", "{}", `{"product":"p"}`, `{"at":7}`, `{"at":"noon"}`, `{"product":"p","at"`, `[]`, `{"at":"2026-03-01T09:00:00Z`} {
		if at, ok := announcedAt([]byte(bad)); ok {
			t.Errorf("%q was made at %v", bad, at)
		}
	}
}
