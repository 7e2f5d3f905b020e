package exchange

import (
	"slices"
	"testing"

	"teamspro/internal/contact"
)

// What a person chooses for a column counts, and is sure; what they did not touch stays as it was guessed.
func TestChosen(t *testing.T) {
	t.Parallel()
	guessed := Guess([]string{"Who", "Work street", "Primary mail thing", "Company"})
	chosen := guessed.Chosen(map[int]Target{0: Target(contact.FieldName), 1: Target(contact.FieldNotes), 2: guessed.Columns[2].Target, 9: First})
	var got []Target
	for _, c := range chosen.Columns {
		got = append(got, c.Target)
	}
	want := []Target{Target(contact.FieldName), Target(contact.FieldNotes), Target(contact.FieldEmail), Target(contact.FieldCompany)}
	if !slices.Equal(got, want) || !chosen.Sure() || chosen.Columns[1].Group != "" {
		t.Errorf("%v, sure: %v", chosen.Columns, chosen.Sure())
	}
	if guessed.Columns[0].Target != Unknown || guessed.Sure() {
		t.Errorf("the guess was changed: %v", guessed.Columns)
	}
}

func TestTwice(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		targets []Target
		want    Target
		twice   bool
	}{
		{[]Target{First, Last, First}, First, true},
		{[]Target{Target(contact.FieldEmail), Target(contact.FieldEmail), Unknown, Unknown}, Unknown, false},
		{[]Target{Target(contact.FieldName), Street, Street, Target(contact.FieldName)}, Target(contact.FieldName), true},
	} {
		m := Mapping{}
		for _, target := range row.targets {
			m.Columns = append(m.Columns, Column{Target: target})
		}
		if got, twice := m.Twice(); got != row.want || twice != row.twice {
			t.Errorf("%v: %q, %v", row.targets, got, twice)
		}
	}
}

// Every field that a contact has can be chosen, but for those that a column alone does not say.
func TestTargets(t *testing.T) {
	t.Parallel()
	all := Targets()
	for _, f := range contact.Fields {
		if f != contact.FieldKind && f != contact.FieldCustom && !slices.Contains(all, Target(f)) {
			t.Errorf("%s cannot be chosen", f)
		}
	}
	if len(all) != len(slices.Compact(slices.Sorted(slices.Values(all)))) {
		t.Errorf("something stands there twice: %v", all)
	}
}
