package store

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/audit"
	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/notice"
)

// mergeOf is a step that changes c1 and deletes c2.
func mergeOf(id contact.ChangeID) contact.Step {
	step := contact.Step{ID: id, By: "ines", At: added("c1", contact.Record{}).At}
	step.Deed.Surface, step.Kind, step.Told = "dialog", contact.Merging, "c1"
	for i, c := range []contact.Change{
		{Act: contact.Edited, Contact: "c1", Book: "book", Version: 2, After: &contact.Record{Name: "Odo Brandt"}},
		{Act: contact.Deleted, Contact: "c2", Book: "book", Version: 2},
	} {
		c.ID = contact.StepChange(id, i+1)
		step.Changes = append(step.Changes, c)
	}
	return step
}

// A step is done whole or not at all, once; conversations hear of the one change that is told, and the audit log has one
// entry.
func TestStepIsOneThing(t *testing.T) {
	t.Parallel()
	db, _ := openWith(t)
	ctx := t.Context()
	for _, id := range []string{"c1", "c2"} {
		if _, err := db.Contacts().Apply(ctx, north, added(id, contact.Record{Name: "Odo"})); err != nil {
			t.Fatal(err)
		}
	}
	wish(t, db, north, notice.Kinds()...)
	stale := mergeOf("merge-0")
	stale.Changes[1].Version = 7
	if _, err := db.Contacts().ApplyAll(ctx, north, stale); !fault.Is(err, fault.Stale) {
		t.Errorf("a step of which one change is stale: %v", err)
	}
	for range 2 {
		made, err := db.Contacts().ApplyAll(ctx, north, mergeOf("merge-1"))
		if err != nil || len(made) != 2 || made[1].Before == nil || made[1].Before.Name != "Odo" {
			t.Errorf("made %+v, %v", made, err)
		}
	}
	if diff := cmp.Diff([]string{"contact-changed c1 book ines"}, eventsOf(t, db)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	var entries []audit.Entry
	for _, e := range auditedOf(t, db, 0, 10) {
		entries = append(entries, e.Entry)
	}
	if diff := cmp.Diff([]audit.Entry{{At: mergeOf("").At.UTC(), By: "ines", Surface: "dialog", Act: audit.ContactsMerged, Subject: "book"}}, entries); diff != "" {
		t.Errorf("audit log (-want +got):\n%s", diff)
	}
	marked, err := db.Marks().Marked(ctx, north, "ines")
	if err != nil || marked.Done[len(marked.Done)-1] != "merge-1" {
		t.Errorf("done %v, %v", marked.Done, err)
	}
}
