package contact_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// pair adds two contacts that differ in many fields; the second is newer.
func (s *stage) pair(who identity.Caller) (a, b contact.Change) {
	s.t.Helper()
	a = s.add(who, "", contact.Record{Name: "Marta Lopez", Job: "Buyer", Emails: []string{"marta@contoso.example"}, Notes: "Met in Lyon", Tags: []string{"VIP"},
		Phones: []contact.Phone{{Label: contact.Business, Number: "01 99 00 11 22"}}})
	s.now = s.now.Add(1)
	b = s.add(who, "", contact.Record{Name: "M. Lopez", Job: "Head of buying", Company: "Contoso", Emails: []string{"MARTA@contoso.example", "lopez@contoso.example"},
		Notes: "Speaks Basque", Tags: []string{"vip", "Press"}, Phones: []contact.Phone{{Label: contact.Mobile, Number: "+33 1 99 00 11 22"}, {Label: contact.Mobile, Number: "06 39 98 00 01"}}})
	s.now = s.now.Add(1)
	return a, b
}

func both(a, b contact.Change) []contact.ID { return []contact.ID{a.Contact, b.Contact} }

// wish is a merge of the two into the first.
func wish(a, b contact.Change) contact.MergeWish {
	return contact.MergeWish{Keep: a.Contact, Versions: map[contact.ID]int{a.Contact: a.Version, b.Contact: b.Version}}
}

// A plan unites lists, fills in what is missing, and asks where two values differ; the newest is proposed, and the longest name.
func TestMergePlan(t *testing.T) {
	t.Parallel()
	s, ctx, who := inMemory(t), t.Context(), in(bob, sales)
	a, b := s.pair(who)
	p := must(s.MergePlan(ctx, who, both(b, a), "", nil))(t)
	same(t, "who stays", []contact.ID{a.Contact, b.Contact}, []contact.ID{p.Kept.Contact.ID, p.Others[0].Contact.ID})
	want := map[contact.Field]string{contact.FieldName: "Marta Lopez", contact.FieldJob: "Head of buying", contact.FieldCompany: "Contoso",
		contact.FieldEmail: "marta@contoso.example\nlopez@contoso.example", contact.FieldBusiness: "01 99 00 11 22", contact.FieldMobile: "06 39 98 00 01",
		contact.FieldNotes: "Met in Lyon\n\nSpeaks Basque", contact.FieldTags: "VIP, Press", contact.FieldKind: "person"}
	for _, f := range contact.Fields {
		same(t, string(f), want[f], contact.FieldText(p.Record, f))
	}
	same(t, "conflicts", []contact.Conflict{
		{Field: contact.FieldName, Values: []contact.Offer{{From: a.Contact, Text: "Marta Lopez"}, {From: b.Contact, Text: "M. Lopez"}}, Chosen: a.Contact},
		{Field: contact.FieldJob, Values: []contact.Offer{{From: a.Contact, Text: "Buyer"}, {From: b.Contact, Text: "Head of buying"}}, Chosen: b.Contact},
	}, p.Conflicts)

	p = must(s.MergePlan(ctx, who, both(a, b), b.Contact, map[contact.Field]contact.ID{contact.FieldName: b.Contact, contact.FieldJob: "nobody", contact.FieldTags: a.Contact}))(t)
	same(t, "chosen", []string{"M. Lopez", "Head of buying", "vip, Press"}, []string{p.Record.Name, p.Record.Job, contact.FieldText(p.Record, contact.FieldTags)})
	same(t, "who stays by choice", b.Contact, p.Kept.Contact.ID)

	e := must(s.Get(ctx, who, a.Contact))(t)
	e.Contact.Record.Notes = strings.Repeat("a", contact.MaxNotes)
	must(s.Edit(ctx, who, a.Contact, 1, e.Contact.Record, s.deed()))(t)
	p = must(s.MergePlan(ctx, who, both(a, b), "", nil))(t)
	same(t, "notes too long for one", contact.FieldNotes, p.Conflicts[2].Field)
}

// A merge changes one and deletes the others, as one step, which goes back whole.
func TestMerge(t *testing.T) {
	t.Parallel()
	onStages(t, func(t *testing.T, s *stage) {
		ctx, who := t.Context(), in(bob, sales)
		a, b := s.pair(who)
		must(s.SetFavourite(ctx, in(ana, sales), b.Contact, true))(t)
		w, d := wish(a, b), s.deed()
		m := must(s.Merge(ctx, who, w, d))(t)
		same(t, "merged", contact.Merged{Step: m.Step, Kept: a.Contact, Names: []string{"M. Lopez"}}, m)
		same(t, "merged again by the same deed", m, must(s.Merge(ctx, who, w, d))(t))
		same(t, "there is then", []string{"Marta Lopez"}, s.found(who, ""))
		same(t, "found by what the other had", []string{"Marta Lopez"}, s.found(who, "basque"))
		same(t, "nothing left to suggest", []string(nil), s.suggested(who, ""))
		favourites, _, err := s.Start(ctx, in(ana, sales))
		same(t, "another's favourite", []string{"Marta Lopez"}, must(names(favourites), err)(t))

		h := must(s.History(ctx, who, a.Contact))(t)
		others := must(s.Companions(ctx, who, h.Changes[0]))(t)
		same(t, "merged with", []string{"M. Lopez"}, []string{others[0].Before.Name})
		same(t, "none for an addition", 0, len(must(s.Companions(ctx, who, h.Changes[1]))(t)))

		last := must(s.Last(ctx, who))(t)
		same(t, "the last step", m.Step, must(s.WholeStep(ctx, who, last.ID))(t))
		same(t, "undone", contact.Undone{Back: 2}, must(s.UndoStep(ctx, who, m.Step, s.deed()))(t))
		same(t, "there is then again", []string{"M. Lopez", "Marta Lopez"}, sorted(s.found(who, "")))
		for _, c := range []contact.Change{a, b} {
			if diff := cmp.Diff(*c.After, must(s.Get(ctx, who, c.Contact))(t).Contact.Record); diff != "" {
				t.Errorf("not as it was (-want +got):\n%s", diff)
			}
		}
	})
}

// Whoever comes second, or looked too long ago, is told so, and nothing is lost.
func TestMergeTooLate(t *testing.T) {
	t.Parallel()
	for name, meanwhile := range map[string]func(s *stage, a, b contact.Change){
		"one was changed": func(s *stage, a, _ contact.Change) {
			must(s.Edit(s.t.Context(), in(ana, sales), a.Contact, 1, named("Marta Kern"), s.deed()))(s.t)
		},
		"one was deleted": func(s *stage, _, b contact.Change) {
			must(s.Delete(s.t.Context(), in(ana, sales), b.Contact, 1, s.deed()))(s.t)
		},
		"they were merged": func(s *stage, a, b contact.Change) {
			must(s.Merge(s.t.Context(), in(ana, sales), wish(b, a), s.deed()))(s.t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onStages(t, func(t *testing.T, s *stage) {
				who := in(bob, sales)
				a, b := s.pair(who)
				meanwhile(s, a, b)
				before := sorted(s.found(who, ""))
				_, err := s.Merge(t.Context(), who, wish(a, b), s.deed())
				refused(t, err, fault.Stale, "contact.merge_stale")
				same(t, "there is still", before, sorted(s.found(who, "")))
			})
		})
	}
}

// Of many who merge the same two at once, one does.
func TestMergeAtOnce(t *testing.T) {
	t.Parallel()
	f := newFiled(t)
	s := &stage{f.world, f.db.Contacts(), f.db.Books(), f.restart}
	who := in(bob, sales)
	a, b := s.pair(who)
	var group sync.WaitGroup
	results := make(chan error, 8)
	for i := range cap(results) {
		d := s.deed()
		group.Go(func() {
			w := wish(a, b)
			if i%2 == 0 {
				w = wish(b, a)
			}
			_, err := f.Merge(t.Context(), who, w, d)
			results <- err
		})
	}
	group.Wait()
	close(results)
	done := 0
	for err := range results {
		if err == nil {
			done++
			continue
		}
		refused(t, err, fault.Stale, "contact.merge_stale")
	}
	same(t, "done", 1, done)
	same(t, "there is then", 1, len(s.found(who, "")))
}

// A merge takes the right to change the one and to delete the others, wherever they are.
func TestMergeRights(t *testing.T) {
	t.Parallel()
	onStages(t, func(t *testing.T, s *stage) {
		ctx, who := t.Context(), in(bob, sales)
		a, b := s.pair(who)
		own := s.add(in(bob, chat(bob)), "", someone("Marta Lopez", "marta@contoso.example", ""))
		for _, row := range []struct {
			name string
			who  identity.Caller
			ids  []contact.ID
			keep contact.ID
			kind fault.Kind
			text string
		}{
			{"a guest", in(gil, sales), both(a, b), "", fault.Denied, "contact.denied_merge"},
			{"a stranger", in(eve, chat(eve)), both(a, b), "", fault.NotFound, "contact.not_found"},
			{"one that others cannot see", in(ana, sales), both(a, own), "", fault.NotFound, "contact.not_found"},
			{"one alone", who, []contact.ID{a.Contact}, "", fault.Invalid, "contact.merge_few"},
			{"one twice", who, []contact.ID{a.Contact, a.Contact}, "", fault.Invalid, "contact.merge_few"},
			{"six", who, []contact.ID{"1", "2", "3", "4", "5", "6"}, "", fault.Invalid, "contact.merge_few"},
			{"to keep another", who, both(a, b), own.Contact, fault.Denied, "contact.denied_merge"},
		} {
			_, err := s.MergePlan(ctx, row.who, row.ids, row.keep, nil)
			if !fault.Is(err, row.kind) {
				t.Errorf("%s: %v", row.name, err)
				continue
			}
			refused(t, err, row.kind, row.text)
		}
		k := must(s.library.Book(ctx, contoso, a.Book))(t)
		k.Mode, k.Owners, k.Version = contact.PerMember, nil, k.Version+1
		k.Rights = map[identity.Person]contact.Rights{bob: {Read: true, Modify: true}}
		must(0, s.library.SaveBook(ctx, contoso, k))(t)
		_, err := s.MergePlan(ctx, who, both(a, b), "", nil)
		refused(t, err, fault.Denied, "contact.denied_merge")
		here := in(bob, chat(bob))
		p := must(s.MergePlan(ctx, here, both(own, a), "", nil))(t)
		same(t, "across books the one stays that may not be deleted", []contact.ID{a.Contact}, p.Keepable)
		m := must(s.Merge(ctx, here, wish(a, own), s.deed()))(t)
		_, err = s.UndoStep(ctx, in(ana, sales), m.Step, s.deed())
		refused(t, err, fault.NotFound, "contact.no_change")
		same(t, "the other change stays unseen by others", 0, len(must(s.Companions(ctx, in(ana, sales), must(s.History(ctx, in(ana, sales), a.Contact))(t).Changes[0]))(t)))
		same(t, "undone", contact.Undone{Back: 2}, must(s.UndoStep(ctx, here, m.Step, s.deed()))(t))
	})
}

// What would be too much for one contact is refused before anything is changed.
func TestMergeTooMuch(t *testing.T) {
	t.Parallel()
	s, who := inMemory(t), in(bob, sales)
	full := func(name, tag string) contact.Change {
		r := named(name)
		for i := range contact.MaxTags {
			r.Tags = append(r.Tags, tag+strings.Repeat("x", i))
		}
		return s.add(who, "", r)
	}
	a, b := full("Marta Lopez", "a"), full("M. Lopez", "b")
	_, err := s.Merge(t.Context(), who, wish(a, b), s.deed())
	refused(t, err, fault.Invalid, "record.too_many")
}
