package main

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"teamspro/internal/lang"
	"teamspro/store"
)

// The data map keeps what the products promise: what is only read is not stored, and who is told so is told the truth.
func TestDataMapPromises(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		kind   string
		stored bool
		holds  []string // that must be there
	}{
		{"datamap.profile", true, []string{"datamap.profiles", "datamap.roster"}},
		{"datamap.configuration", true, []string{"datamap.configurations", "datamap.books"}},
		{"datamap.imageconfiguration", true, []string{"datamap.libraries", "datamap.presets"}},
		{"datamap.contact", true, []string{"datamap.contacts", "datamap.changes", "datamap.trash", "datamap.index"}},
		{"datamap.image", true, []string{"datamap.images", "datamap.pins"}},
		{"datamap.user", true, []string{"datamap.marks", "datamap.tokens", "datamap.meetings", "datamap.seen"}},
		{"datamap.team", false, []string{"datamap.names"}},
		{"datamap.talk", false, []string{"datamap.messages"}},
		{"datamap.files", false, []string{"datamap.handed"}},
	} {
		stored, holds := false, []string{}
		for _, d := range dataMap(store.Keep{}) {
			if d.Kind == row.kind {
				stored, holds = stored || d.Stored, append(holds, d.Holds)
				if d.Kind == "datamap.team" && d.Cached {
					t.Error("names of teams are cached")
				}
			}
		}
		for _, want := range row.holds {
			if !slices.Contains(holds, want) {
				t.Errorf("%s: %s is not in the data map", row.kind, want)
			}
		}
		if stored != row.stored {
			t.Errorf("%s: stored %t", row.kind, stored)
		}
	}
}

// What is kept for a number of days says so, in every language; a setting of the operator changes it.
func TestDataMapSaysHowLong(t *testing.T) {
	t.Parallel()
	unset := store.Keep{Grace: 30 * 24 * time.Hour}
	set := store.Keep{Grace: 36 * time.Hour, History: 400 * 24 * time.Hour, Audit: 401 * 24 * time.Hour, Profiles: 402 * 24 * time.Hour}
	for _, l := range lang.Languages {
		for _, keep := range []store.Keep{unset, set} {
			for _, d := range dataMap(keep) {
				text := kept(lang.For(l), d)
				if text == d.Kept || strings.Contains(text, "{{") || strings.Contains(text, "<no value>") {
					t.Errorf("%s: %s: %q", l, d.Bucket, text)
				}
				if d.Period > 0 && !strings.Contains(text, strconv.Itoa(d.Days())) {
					t.Errorf("%s: %s is kept %d days, and the map says %q", l, d.Bucket, d.Days(), text)
				}
			}
		}
	}
	for _, row := range []struct {
		bucket, unset, set string
	}{
		{"changes", "until 30 days after", "400 days, and no longer"}, {"contacts", "until 30 days after", "until 2 days after"}, {"audit", "organisation is active", "401 days"},
		{"profiles", "organisation is active", "402 days after"}, {"trash", "30 days after the contact", "30 days after the contact"},
		{"announcements", "30 days", "30 days"}, {"notices", "31 days", "31 days"}, {"tokens", "at most 90 days", "at most 90 days"},
	} {
		for keep, want := range map[store.Keep]string{unset: row.unset, set: row.set} {
			all := dataMap(keep)
			i := slices.IndexFunc(all, func(d store.Datum) bool { return d.Bucket == row.bucket })
			if text := kept(lang.For("en"), all[i]); !strings.Contains(text, want) {
				t.Errorf("%s: %q does not say %q", row.bucket, text, want)
			}
		}
	}
}
