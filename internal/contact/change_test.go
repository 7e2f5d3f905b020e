package contact_test

import (
	"errors"
	"testing"
	"time"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

func TestAddEditDeleteUndo(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	who := in(bob, sales)
	added := w.add(who, "", contact.Record{Name: " Marta  Weber ", Phones: []contact.Phone{{Label: contact.Mobile, Number: "01 99 00 12 34"}}})
	if added.Act != contact.Added || added.Version != 1 || added.By != bob || !added.At.Equal(w.now) || added.Before != nil || added.After.Name != "Marta Weber" {
		t.Errorf("added %+v", added)
	}
	e := must(w.Get(ctx, who, added.Contact))(t)
	same(t, "international form", "+33199001234", e.Contact.Phones[0].E164)
	same(t, "found", []string{"Marta Weber"}, w.found(who, "marta"))

	r := e.Contact.Record
	r.Name = "Marta Kern"
	edited := must(w.Edit(ctx, who, added.Contact, 1, r, w.deed()))(t)
	same(t, "changes", []contact.FieldChange{{Field: contact.FieldName, Before: "Marta Weber", After: "Marta Kern"}}, contact.Diff(edited.Before, edited.After))
	same(t, "found by the new name", []string{"Marta Kern"}, w.found(who, "kern"))

	deleted := must(w.Delete(ctx, who, added.Contact, 2, w.deed()))(t)
	same(t, "found when deleted", []string(nil), w.found(who, "kern"))
	_, err := w.Get(ctx, who, added.Contact)
	refused(t, err, fault.NotFound, "contact.not_found")

	restored := must(w.Undo(ctx, who, deleted.ID, w.deed()))(t)
	if restored.Act != contact.Restored || restored.Undoes != deleted.ID || restored.Version != 4 || restored.Before != nil {
		t.Errorf("restored %+v", restored)
	}
	same(t, "found when restored", []string{"Marta Kern"}, w.found(who, "kern"))

	_, err = w.Undo(ctx, who, added.ID, w.deed())
	refused(t, err, fault.Stale, "contact.undo_stale")
	undone := must(w.Undo(ctx, who, restored.ID, w.deed()))(t)
	same(t, "taking a restoration back deletes", contact.Deleted, undone.Act)
	_, err = w.Undo(ctx, who, edited.ID, w.deed())
	refused(t, err, fault.Stale, "contact.undo_stale")
}

// Step by step, the last change first, everything can be taken back; a change that others built on cannot.
func TestUndoStepByStep(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	who := in(bob, sales)
	steps := []contact.Change{w.add(who, "", named("Marta"))}
	id := steps[0].Contact
	for i, name := range []string{"Maria", "Mara"} {
		steps = append(steps, must(w.Edit(ctx, who, id, i+1, named(name), w.deed()))(t))
	}
	steps = append(steps, must(w.Delete(ctx, who, id, 3, w.deed()))(t))

	_, err := w.Undo(ctx, who, steps[1].ID, w.deed())
	refused(t, err, fault.Stale, "contact.undo_stale")
	for i, want := range []contact.Act{contact.Restored, contact.Edited, contact.Edited, contact.Deleted} {
		last := must(w.Last(ctx, who))(t)
		same(t, "the last change", steps[len(steps)-1-i].ID, last.ID)
		done := must(w.Undo(ctx, who, last.ID, w.deed()))(t)
		same(t, "taken back", []any{want, last.Before, 5 + i}, []any{done.Act, done.After, done.Version})
	}
	_, err = w.Last(ctx, who)
	refused(t, err, fault.NotFound, "contact.no_change")
}

func TestUndoOfEachAct(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	who := in(bob, sales)
	added := w.add(who, "", named("Marta"))
	gone := must(w.Undo(ctx, who, added.ID, w.deed()))(t)
	same(t, "undone addition", []any{contact.Deleted, "Marta", (*contact.Record)(nil)}, []any{gone.Act, gone.Before.Name, gone.After})
	back := must(w.Undo(ctx, who, gone.ID, w.deed()))(t)
	same(t, "undone deletion", []any{contact.Restored, "Marta"}, []any{back.Act, back.After.Name})
	edited := must(w.Edit(ctx, who, added.Contact, 3, named("Maria"), w.deed()))(t)
	w.now = w.now.AddDate(1, 0, 0) // only what is in the trash goes with time
	again := must(w.Undo(ctx, who, edited.ID, w.deed()))(t)
	same(t, "undone edit", []any{contact.Edited, "Maria", "Marta", edited.ID}, []any{again.Act, again.Before.Name, again.After.Name, again.Undoes})
	once := must(w.Undo(ctx, who, again.ID, w.deed()))(t)
	same(t, "undone undo", "Maria", once.After.Name)
	_, err := w.Undo(ctx, who, "id999", w.deed())
	refused(t, err, fault.NotFound, "contact.no_change")
}

// Whoever does one thing twice has done it once, and hears the same answer.
func TestDeedsAreDoneOnce(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	who := in(bob, sales)
	var id contact.ID
	var last contact.ChangeID
	steps := []struct {
		name string
		do   func(identity.Deed) (contact.Change, error)
	}{
		{"add", func(d identity.Deed) (contact.Change, error) { return w.Add(ctx, who, "", named("Marta"), d) }},
		{"edit", func(d identity.Deed) (contact.Change, error) { return w.Edit(ctx, who, id, 1, named("Maria"), d) }},
		{"delete", func(d identity.Deed) (contact.Change, error) { return w.Delete(ctx, who, id, 2, d) }},
		{"undo", func(d identity.Deed) (contact.Change, error) { return w.Undo(ctx, who, last, d) }},
		{"delete by taking back", func(d identity.Deed) (contact.Change, error) { return w.Undo(ctx, who, last, d) }},
	}
	for i, s := range steps {
		d, before := w.deed(), last
		first := must(s.do(d))(t)
		id, last = first.Contact, before
		second := must(s.do(d))(t)
		same(t, s.name+" again", first, second)
		last = first.ID
		h := must(w.History(ctx, who, id))(t)
		same(t, s.name+": changes in all", i+1, len(h.Changes))
	}
}

func TestDeedsAreOnePersons(t *testing.T) {
	t.Parallel()
	w, d := newWorld(t), identity.Deed{Key: "same"}
	must(w.Add(t.Context(), in(bob, chat(bob)), "", named("Secret"), d))(t)
	_, err := w.Add(t.Context(), in(ana, chat(ana)), "", named("Marta"), d)
	refused(t, err, fault.NotFound, "contact.no_change")
}

func TestStaleWrites(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	who := in(bob, sales)
	id := w.add(who, "", named("Marta")).Contact
	same(t, "no difference, no change", contact.Change{}, must(w.Edit(ctx, who, id, 1, named(" Marta "), w.deed()))(t))
	must(w.Edit(ctx, who, id, 1, named("Maria"), w.deed()))(t)
	for _, version := range []int{0, 1, 3, -1} {
		_, err := w.Edit(ctx, who, id, version, named("Maria"), w.deed())
		refused(t, err, fault.Stale, "contact.stale")
		_, err = w.Delete(ctx, who, id, version, w.deed())
		refused(t, err, fault.Stale, "contact.stale")
	}
	must(w.Delete(ctx, who, id, 2, w.deed()))(t)
	_, err := w.Edit(ctx, who, id, 2, named("Mia"), w.deed())
	refused(t, err, fault.NotFound, "contact.not_found")
	_, err = w.Delete(ctx, who, id, 3, w.deed())
	refused(t, err, fault.NotFound, "contact.not_found")
}

// "undo" goes back one step after the other, and never to what is somebody else's.
func TestLastGoesBackStepByStep(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	who := in(bob, sales)
	added := must(w.Add(ctx, who, "", named("Marta"), w.deed()))(t)
	edited := must(w.Edit(ctx, who, added.Contact, 1, named("Maria"), w.deed()))(t)
	same(t, "the newest", edited.ID, must(w.Last(ctx, who))(t).ID)
	must(w.Undo(ctx, who, edited.ID, w.deed()))(t)
	same(t, "the one before, after it was taken back", added.ID, must(w.Last(ctx, who))(t).ID)
	_, err := w.Last(ctx, in(ana, sales))
	refused(t, err, fault.NotFound, "contact.no_change")
}

// Latest names what made a contact as it is, an undo as well, and tells nothing to somebody who may not see it.
func TestLatest(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	who := in(bob, sales)
	added := must(w.Add(ctx, who, "", named("Marta"), w.deed()))(t)
	edited := must(w.Edit(ctx, who, added.Contact, 1, named("Maria"), w.deed()))(t)
	same(t, "after an edit", edited.ID, must(w.Latest(ctx, who, added.Contact))(t).ID)
	undone := must(w.Undo(ctx, who, edited.ID, w.deed()))(t)
	same(t, "after an undo", undone.ID, must(w.Latest(ctx, who, added.Contact))(t).ID)
	_, err := w.Latest(ctx, in(eve, chat(eve)), added.Contact)
	refused(t, err, fault.NotFound, "contact.not_found")
}

func TestRestoreField(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	who := in(bob, sales)
	record := contact.Record{Name: "Marta", Job: "Buyer", Phones: []contact.Phone{{Label: contact.Mobile, Number: "+33 6 39 98 00 01"}, {Label: contact.Fax, Number: "11"}}}
	added := w.add(who, "", record)
	record.Job, record.Phones = "Driver", record.Phones[1:]
	edited := must(w.Edit(ctx, who, added.Contact, 1, record, w.deed()))(t)
	record.Name = "Maria"
	must(w.Edit(ctx, who, added.Contact, 2, record, w.deed()))(t)

	done := must(w.RestoreField(ctx, who, edited.ID, contact.FieldMobile, w.deed()))(t)
	same(t, "what was restored", []contact.FieldChange{{Field: contact.FieldMobile, After: "+33 6 39 98 00 01"}}, contact.Diff(done.Before, done.After))
	same(t, "its international form", "+33639980001", done.After.Phones[0].E164)
	same(t, "the rest stays", []any{"Maria", "Driver", 4}, []any{done.After.Name, done.After.Job, done.Version})

	same(t, "as it is already", contact.Change{}, must(w.RestoreField(ctx, who, edited.ID, contact.FieldMobile, w.deed()))(t))
	same(t, "an unknown field", contact.Change{}, must(w.RestoreField(ctx, who, edited.ID, "secret", w.deed()))(t))
	_, err := w.RestoreField(ctx, who, added.ID, contact.FieldJob, w.deed())
	refused(t, err, fault.Invalid, "contact.nothing_before")
	must(w.Delete(ctx, who, added.Contact, 4, w.deed()))(t)
	for _, f := range []contact.Field{contact.FieldJob, contact.FieldMobile} {
		_, err = w.RestoreField(ctx, who, edited.ID, f, w.deed())
		refused(t, err, fault.NotFound, "contact.not_found")
	}
}

func TestTrash(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	who := in(bob, sales)
	a, b := w.add(who, "", named("Marta")), w.add(who, "", named("Nils"))
	first := must(w.Delete(ctx, who, a.Contact, 1, w.deed()))(t)
	w.now = w.now.AddDate(0, 0, contact.TrashDays)
	must(w.Delete(ctx, who, b.Contact, 1, w.deed()))(t)

	trashed := func(who identity.Caller) (all []string) {
		for _, c := range must(w.Trash(ctx, who))(t) {
			all = append(all, c.Change.Before.Name)
			same(t, "may restore", who.Person != gil, c.MayRestore)
		}
		return all
	}
	same(t, "on the last day", []string{"Nils", "Marta"}, trashed(who))
	same(t, "for a guest", []string{"Nils", "Marta"}, trashed(in(gil, sales)))
	same(t, "for others", []string(nil), trashed(in(eve, chat(eve))))

	h := must(w.History(ctx, who, a.Contact))(t)
	same(t, "history in the trash", []any{true, "Marta", 2}, []any{h.Deleted, h.Contact.Contact.Name, len(h.Changes)})
	_, err := w.Undo(ctx, in(gil, sales), first.ID, w.deed())
	refused(t, err, fault.Denied, "contact.denied_add")

	w.now = w.now.Add(time.Second)
	same(t, "a moment later", []string{"Nils"}, trashed(who))
	_, err = w.Undo(ctx, who, first.ID, w.deed())
	refused(t, err, fault.NotFound, "contact.no_change")
	_, err = w.History(ctx, who, a.Contact)
	refused(t, err, fault.NotFound, "contact.not_found")
}

// The book and its contacts, for everybody who asks: what they may, what they may not, and what is not there for them.
func TestWhoMayWrite(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name             string
		who              identity.Caller
		mode             contact.Mode
		add, edit, erase fault.Kind
	}{
		{"owner of the team", in(ana, sales), contact.OwnersOnly, "", "", ""},
		{"owner, from their own chat", in(ana, chat(ana)), contact.OwnersOnly, "", "", ""},
		{"member", in(bob, sales), contact.Everybody, "", "", ""},
		{"member, from another chat", in(bob, press), contact.Everybody, "", "", ""},
		{"member, owners only", in(bob, sales), contact.OwnersOnly, fault.Denied, fault.Denied, fault.Denied},
		{"member with rights", in(bob, sales), contact.PerMember, fault.Denied, "", fault.Denied},
		{"guest", in(gil, sales), contact.Everybody, fault.Denied, fault.Denied, fault.Denied},
		{"guest with rights", in(gil, sales), contact.PerMember, fault.Denied, fault.Denied, fault.Denied},
		{"stranger", in(eve, chat(eve)), contact.Everybody, fault.NotFound, fault.NotFound, fault.NotFound},
		{"stranger who says they are there", in(eve, sales), contact.Everybody, fault.NotFound, fault.NotFound, fault.NotFound},
		{"nobody", in("", sales), contact.Everybody, fault.NotFound, fault.NotFound, fault.NotFound},
		{"owner, aloud elsewhere", aloud(in(ana, press)), contact.Everybody, fault.NotFound, fault.NotFound, fault.NotFound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, ctx := newWorld(t), t.Context()
			w.roster.Set(contoso, ana, press, identity.Member)
			c := w.add(in(ana, sales), "", named("Marta"))
			book := must(w.Ensure(ctx, in(ana, sales)))(t)
			rights := map[identity.Person]contact.Rights{bob: {Modify: true}, gil: {Add: true, Modify: true, Delete: true}}
			must(w.Configure(ctx, in(ana, sales), book.ID, book.Version, "", tt.mode, rights))(t)

			_, err := w.Add(ctx, tt.who, book.ID, named("Nils"), w.deed())
			same(t, "add", tt.add, fault.KindOf(err))
			_, err = w.Edit(ctx, tt.who, c.Contact, 1, named("Maria"), w.deed())
			same(t, "edit", tt.edit, fault.KindOf(err))
			_, err = w.Undo(ctx, tt.who, c.ID, w.deed())
			if tt.edit != "" { // otherwise the contact is no longer as it was
				same(t, "undo", tt.erase, fault.KindOf(err))
			}
			version := 1
			if tt.edit == "" {
				version = 2
			}
			_, err = w.Delete(ctx, tt.who, c.Contact, version, w.deed())
			same(t, "delete", tt.erase, fault.KindOf(err))
		})
	}
}

// What a stranger hears of a contact that is there must not differ from what they hear of one that is not.
func TestHiddenIsLikeAbsent(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	c := w.add(in(ana, sales), "", named("Marta"))
	who := in(eve, chat(eve))
	asks := map[string]func(contact.ID, contact.BookID, contact.ChangeID) error{
		"get":  func(id contact.ID, _ contact.BookID, _ contact.ChangeID) error { return second(w.Get(ctx, who, id)) },
		"look": func(id contact.ID, _ contact.BookID, _ contact.ChangeID) error { return second(w.Look(ctx, who, id)) },
		"history": func(id contact.ID, _ contact.BookID, _ contact.ChangeID) error {
			return second(w.History(ctx, who, id))
		},
		"edit": func(id contact.ID, _ contact.BookID, _ contact.ChangeID) error {
			return second(w.Edit(ctx, who, id, 1, named("x"), w.deed()))
		},
		"delete": func(id contact.ID, _ contact.BookID, _ contact.ChangeID) error {
			return second(w.Delete(ctx, who, id, 1, w.deed()))
		},
		"favourite": func(id contact.ID, _ contact.BookID, _ contact.ChangeID) error {
			return second(w.SetFavourite(ctx, who, id, true))
		},
		"undo": func(_ contact.ID, _ contact.BookID, c contact.ChangeID) error {
			return second(w.Undo(ctx, who, c, w.deed()))
		},
		"restore": func(_ contact.ID, _ contact.BookID, c contact.ChangeID) error {
			return second(w.RestoreField(ctx, who, c, contact.FieldName, w.deed()))
		},
		"add": func(_ contact.ID, b contact.BookID, _ contact.ChangeID) error {
			return second(w.Add(ctx, who, b, named("x"), w.deed()))
		},
		"configure": func(_ contact.ID, b contact.BookID, _ contact.ChangeID) error {
			return second(w.Configure(ctx, who, b, 1, "x", contact.Everybody, nil))
		},
		"share": func(_ contact.ID, b contact.BookID, _ contact.ChangeID) error {
			return second(w.Share(ctx, who, b, chat(eve), "", true))
		},
		"unshare": func(_ contact.ID, b contact.BookID, _ contact.ChangeID) error {
			return second(w.Unshare(ctx, who, b, sales))
		},
	}
	for name, ask := range asks {
		hidden, absent := ask(c.Contact, c.Book, c.ID), ask("none", "none", "none")
		var h, a *fault.Error
		if !errors.As(hidden, &h) || !errors.As(absent, &a) || h.Kind != fault.NotFound || h.Kind != a.Kind || h.Text != a.Text || h.Text == "" {
			t.Errorf("%s: hidden %v, absent %v", name, hidden, absent)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// Two organisations with the same ids, people and conversations have nothing to do with each other.
func TestTenantsAreApart(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	here, there := in(ana, sales), in(ana, sales)
	there.Tenant = fabrikam
	ours := w.add(here, "", named("Marta of Contoso"))
	w.ids = 0 // the other organisation draws the same ids
	theirs := w.add(there, "", named("Marta of Fabrikam"))
	same(t, "the same ids", []any{ours.Contact, ours.Book, ours.ID}, []any{theirs.Contact, theirs.Book, theirs.ID})

	same(t, "ours", []string{"Marta of Contoso"}, w.found(here, "marta"))
	same(t, "theirs", []string{"Marta of Fabrikam"}, w.found(there, "marta"))
	must(w.SetFavourite(ctx, here, ours.Contact, true))(t)
	must(w.Delete(ctx, here, ours.Contact, 1, w.deed()))(t)
	e := must(w.Get(ctx, there, theirs.Contact))(t)
	same(t, "theirs after ours is gone", []any{"Marta of Fabrikam", false}, []any{e.Contact.Name, e.Favourite})
	must(w.Get(ctx, there, theirs.Contact))(t)
	w.ids = 500
	other := w.add(here, "", named("Only ours"))
	_, err := w.Get(ctx, there, other.Contact)
	refused(t, err, fault.NotFound, "contact.not_found")
	_, err = w.Undo(ctx, there, other.ID, w.deed())
	refused(t, err, fault.NotFound, "contact.no_change")
}

func TestAddRefusesBadRecords(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	_, err := w.Add(ctx, in(bob, sales), "", contact.Record{}, w.deed())
	refused(t, err, fault.Invalid, "record.name_missing")
	same(t, "and makes no book for them", 0, len(must(w.Lists(ctx, in(bob, sales)))(t)))
}

// Where an addition goes when its writer names no book.
func TestAddFindsABook(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	kind := func(c contact.Change) contact.BookKind {
		return must(w.memory.Book(ctx, contoso, c.Book))(t).Kind
	}
	same(t, "in a personal chat", contact.PersonalBook, kind(w.add(in(bob, chat(bob)), "", named("A"))))
	added := w.add(in(bob, sales), "", named("B"))
	same(t, "in a channel", contact.ConversationBook, kind(added))

	book := must(w.Ensure(ctx, in(ana, sales)))(t)
	must(w.Configure(ctx, in(ana, sales), book.ID, 1, "", contact.OwnersOnly, nil))(t)
	_, err := w.Configure(ctx, in(bob, sales), book.ID, 2, "", contact.Everybody, nil)
	same(t, "who made the book owns it", "", string(fault.KindOf(err)))
	must(w.Configure(ctx, in(ana, sales), book.ID, 3, "", contact.OwnersOnly, nil))(t)

	w.roster.Set(contoso, eve, sales, identity.Member)
	_, err = w.Add(ctx, in(eve, sales), "", named("C"), w.deed())
	refused(t, err, fault.Denied, "contact.denied_add")
	must(w.Ensure(ctx, in(eve, chat(eve))))(t)
	same(t, "where the channel's book is closed", contact.PersonalBook, kind(w.add(in(eve, sales), "", named("D"))))
	_, err = w.Add(ctx, aloud(in(eve, sales)), "", named("E"), w.deed())
	refused(t, err, fault.Denied, "contact.denied_add")
	_, err = w.Add(ctx, in(gil, press), "", named("F"), w.deed())
	refused(t, err, fault.Denied, "book.denied_make")
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	c := w.add(in(bob, sales), "", named("Marta"))
	w.memory.Full(errors.New("no space left"))
	same(t, "reading goes on", []string{"Marta"}, w.found(in(ana, sales), "marta"))
	must(w.Look(ctx, in(ana, sales), c.Contact))(t)
	_, err := w.Add(ctx, in(bob, sales), "", named("Nils"), w.deed())
	same(t, "writing does not", fault.Internal, fault.KindOf(err))
	same(t, "nor is it found", []string(nil), w.found(in(bob, sales), "nils"))
	w.memory.Full(nil)
	w.add(in(bob, sales), "", named("Nils"))
}
