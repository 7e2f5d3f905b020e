package contact_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// stage is a world with its shelf at hand, in memory or on disk.
type stage struct {
	*world
	shelf   contact.Shelf
	library contact.Library
	restart func()
}

// inMemory is a stage on a store in memory.
func inMemory(t *testing.T) *stage {
	w := newWorld(t)
	return &stage{w, w.memory, w.memory, func() {
		w.index = contact.NewIndex()
		w.Books = contact.New(w.config(w.index))
	}}
}

// onStages runs a test over the store in memory and over the real one.
func onStages(t *testing.T, test func(t *testing.T, s *stage)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		test(t, inMemory(t))
	})
	t.Run("file", func(t *testing.T) {
		t.Parallel()
		f := newFiled(t)
		test(t, &stage{f.world, f.db.Contacts(), f.db.Books(), f.restart})
	})
}

// step carries out changes as one step of somebody, in portions, behind the back of the index, which is then read anew.
func (s *stage) step(id contact.ChangeID, who identity.Caller, changes ...contact.Change) {
	s.t.Helper()
	for i := range changes {
		changes[i].ID = contact.StepChange(id, i+1)
	}
	for len(changes) > 0 {
		n := min(len(changes), contact.MaxPortion)
		portion := contact.Step{ID: id, By: who.Person, At: s.now, Changes: changes[:n]}
		must(s.shelf.ApplyAll(s.t.Context(), contoso, portion))(s.t)
		changes = changes[n:]
	}
	s.restart()
}

// edit is a change of a contact that somebody added, to another name.
func edit(c contact.Change, version int, from, to string) contact.Change {
	before, after := named(from), named(to)
	before.Kind, after.Kind = contact.Person, contact.Person
	return contact.Change{Act: contact.Edited, Contact: c.Contact, Book: c.Book, Version: version, Before: &before, After: &after}
}

func addition(c contact.Change, id contact.ID, name string) contact.Change {
	after := named(name)
	after.Kind = contact.Person
	return contact.Change{Act: contact.Added, Contact: id, Book: c.Book, Version: 1, After: &after}
}

func removal(c contact.Change, version int) contact.Change {
	return contact.Change{Act: contact.Deleted, Contact: c.Contact, Book: c.Book, Version: version, Before: c.After}
}

// A step goes back whole, newest change first, as far as nobody changed its contacts since; the index follows.
func TestUndoStep(t *testing.T) {
	t.Parallel()
	all := []string{"Ida", "Marta", "Nils"}
	rows := []struct {
		name  string
		after func(s *stage, who identity.Caller, marta, nils contact.Change) // what happens after the step
		want  contact.Undone
		found []string
	}{
		{"untouched", func(*stage, identity.Caller, contact.Change, contact.Change) {}, contact.Undone{Back: 4}, all},
		{"looked at later", func(s *stage, _ identity.Caller, _, _ contact.Change) { s.now = s.now.Add(month / 2) }, contact.Undone{Back: 4}, all},
		{"a contact was changed", func(s *stage, who identity.Caller, marta, _ contact.Change) {
			must(s.Edit(s.t.Context(), who, marta.Contact, 3, named("Marietta"), s.deed()))(s.t)
		}, contact.Undone{Back: 2, Stayed: 2}, []string{"Ida", "Marietta", "Nils"}},
		{"a contact was changed to what it was within the step", func(s *stage, who identity.Caller, marta, _ contact.Change) {
			must(s.Edit(s.t.Context(), who, marta.Contact, 3, named("Maria"), s.deed()))(s.t)
		}, contact.Undone{Back: 2, Stayed: 2}, []string{"Ida", "Maria", "Nils"}},
		{"a contact was changed and changed back", func(s *stage, who identity.Caller, marta, _ contact.Change) {
			c := must(s.Edit(s.t.Context(), who, marta.Contact, 3, named("Marietta"), s.deed()))(s.t)
			must(s.Undo(s.t.Context(), who, c.ID, s.deed()))(s.t)
		}, contact.Undone{Back: 4}, all},
		{"what it deleted was brought back", func(s *stage, who identity.Caller, _, nils contact.Change) {
			must(s.Undo(s.t.Context(), who, contact.StepChange("step", 4), s.deed()))(s.t)
		}, contact.Undone{Back: 3, Stayed: 1}, all},
		{"what it added was deleted", func(s *stage, who identity.Caller, _, _ contact.Change) {
			must(s.Delete(s.t.Context(), who, "olga", 1, s.deed()))(s.t)
		}, contact.Undone{Back: 3, Stayed: 1}, all},
		{"what it deleted is gone for good", func(s *stage, _ identity.Caller, _, _ contact.Change) { s.now = s.now.Add(month + 1) }, contact.Undone{Back: 3, Stayed: 1}, []string{"Ida", "Marta"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			onStages(t, func(t *testing.T, s *stage) {
				ctx, who := t.Context(), in(bob, sales)
				marta, nils := s.add(who, "", named("Marta")), s.add(who, "", named("Nils"))
				s.add(who, "", named("Ida"))
				s.step("step", who, edit(marta, 2, "Marta", "Maria"), addition(marta, "olga", "Olga"), edit(marta, 3, "Maria", "Mara"), removal(nils, 2))
				row.after(s, who, marta, nils)
				same(t, "undone", row.want, must(s.UndoStep(ctx, who, "step", s.deed()))(t))
				same(t, "there is then", row.found, sorted(s.found(who, "")))
				again := contact.Undone{Before: row.want.Back, Stayed: row.want.Stayed}
				same(t, "undone again", again, must(s.UndoStep(ctx, who, "step", s.deed()))(t))
			})
		})
	}
}

// What was taken back can be brought again, which is a step of its own, and that can be taken back.
func TestUndoOfUndoneStep(t *testing.T) {
	t.Parallel()
	onStages(t, func(t *testing.T, s *stage) {
		ctx, who := t.Context(), in(bob, sales)
		marta := s.add(who, "", named("Marta"))
		s.step("step", who, edit(marta, 2, "Marta", "Maria"), edit(marta, 3, "Maria", "Mara"), addition(marta, "olga", "Olga"))
		for i, row := range []struct {
			step contact.ChangeID
			want []string
		}{{"step", []string{"Marta"}}, {"undo-step", []string{"Mara", "Olga"}}, {"undo-undo-step", []string{"Marta"}}} {
			same(t, fmt.Sprint("back ", i), contact.Undone{Back: 3}, must(s.UndoStep(ctx, who, row.step, s.deed()))(t))
			same(t, fmt.Sprint("there is then ", i), row.want, sorted(s.found(who, "")))
		}
	})
}

// The last thing that a person did may be a step; taken back, the one before it is the last.
func TestLastIsStep(t *testing.T) {
	t.Parallel()
	onStages(t, func(t *testing.T, s *stage) {
		ctx, who := t.Context(), in(bob, sales)
		marta := s.add(who, "", named("Marta"))
		s.step("merge-1", who, edit(marta, 2, "Marta", "Maria"), addition(marta, "olga", "Olga"))
		last := must(s.Last(ctx, who))(t)
		same(t, "the step", []contact.ChangeID{contact.StepChange("merge-1", 1), "merge-1"}, []contact.ChangeID{last.ID, last.ID.Step()})
		for id, want := range map[contact.ChangeID]contact.ChangeID{last.ID: "merge-1", "merge-1": "merge-1", marta.ID: "", "nothing": "", "imported.00000001": ""} {
			same(t, "goes back with "+string(id), want, must(s.WholeStep(ctx, who, id))(t))
		}
		must(s.UndoStep(ctx, who, "merge-1", s.deed()))(t)
		same(t, "the one before", marta.ID, must(s.Last(ctx, who))(t).ID)
	})
}

// hindered is a Shelf before whose calls of ApplyAll something happens.
type hindered struct {
	contact.Shelf
	before func(call int) error
	calls  int
}

func (h *hindered) ApplyAll(ctx context.Context, t identity.Tenant, s contact.Step) ([]contact.Change, error) {
	h.calls++
	if err := h.before(h.calls); err != nil {
		return nil, err
	}
	return h.Shelf.ApplyAll(ctx, t, s)
}

// A long step goes back in portions. One that was interrupted goes on where it ended.
func TestUndoLongStep(t *testing.T) {
	t.Parallel()
	s, ctx, who := inMemory(t), t.Context(), in(bob, sales)
	w := s.world
	first := s.add(who, "", named("Marta"))
	var changes []contact.Change
	for i := range 2*contact.MaxPortion + 10 {
		changes = append(changes, addition(first, contact.ID(fmt.Sprint("olga", i)), fmt.Sprint("Olga ", i)))
	}
	s.step("step", who, changes...)

	h := &hindered{Shelf: w.memory, before: func(call int) error {
		if call == 2 {
			return fault.New(fault.Busy, "test", "")
		}
		return nil
	}}
	c := w.config(w.index)
	c.Shelf = h
	w.Books = contact.New(c)
	so, err := w.UndoStep(ctx, who, "step", w.deed())
	if !fault.Is(err, fault.Busy) {
		t.Fatalf("got %v, want busy", err)
	}
	same(t, "until then", contact.Undone{Back: 10}, so)
	same(t, "afterwards", contact.Undone{Back: 2 * contact.MaxPortion, Before: 10}, must(w.UndoStep(ctx, who, "step", w.deed()))(t))
	same(t, "in so many portions", 4, h.calls)
	same(t, "there is then", []string{"Marta"}, w.found(who, ""))
}

// Whoever changes a contact between the comparison and the writing is not overwritten.
func TestUndoStepMeanwhile(t *testing.T) {
	t.Parallel()
	s, ctx, who := inMemory(t), t.Context(), in(bob, sales)
	w := s.world
	marta, nils := s.add(who, "", named("Marta")), s.add(who, "", named("Nils"))
	s.step("step", who, edit(marta, 2, "Marta", "Maria"), edit(nils, 2, "Nils", "Niels"))
	other := w.Books
	c := w.config(w.index)
	c.Shelf = &hindered{Shelf: w.memory, before: func(call int) error {
		if call == 1 {
			must(other.Edit(ctx, in(ana, sales), marta.Contact, 2, named("Marietta"), w.deed()))(t)
		}
		return nil
	}}
	w.Books = contact.New(c)
	same(t, "undone", contact.Undone{Back: 1, Stayed: 1}, must(w.UndoStep(ctx, who, "step", w.deed()))(t))
	same(t, "there is then", []string{"Marietta", "Nils"}, sorted(w.found(who, "")))

	c.Shelf = &hindered{Shelf: w.memory, before: func(int) error { return fault.New(fault.Stale, "test", "") }}
	s.step("second", who, edit(nils, 4, "Nils", "Niels"))
	_, err := contact.New(c).UndoStep(ctx, who, "second", w.deed())
	refused(t, err, fault.Stale, "contact.undo_stale")
}

// Nobody takes back a step whose opposite they may not do, nor learns of one that they may not see.
func TestUndoStepRights(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name string
		who  identity.Caller
		kind fault.Kind
		text string
	}{
		{"a guest", in(gil, sales), fault.Denied, "contact.denied_delete"},
		{"a stranger", in(eve, chat(eve)), fault.NotFound, "contact.no_change"},
		{"aloud elsewhere", aloud(in(bob, press)), fault.NotFound, "contact.no_change"},
		{"another tenant", identity.Caller{Tenant: fabrikam, Person: bob, Conversation: sales, Place: identity.Channel}, fault.NotFound, "contact.no_change"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			onStages(t, func(t *testing.T, s *stage) {
				who := in(bob, sales)
				marta := s.add(who, "", named("Marta"))
				s.step("step", who, addition(marta, "olga", "Olga"), edit(marta, 2, "Marta", "Maria"))
				_, err := s.UndoStep(t.Context(), row.who, "step", s.deed())
				refused(t, err, row.kind, row.text)
				_, err = s.UndoStep(t.Context(), who, "nothing", s.deed())
				refused(t, err, fault.NotFound, "contact.no_change")
				if diff := cmp.Diff([]string{"Maria", "Olga"}, sorted(s.found(who, ""))); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}
