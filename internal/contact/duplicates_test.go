package contact_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// someone is a contact with an e-mail, a company and numbers.
func someone(name, email, company string, phones ...string) contact.Record {
	r := contact.Record{Name: name, Company: company}
	if email != "" {
		r.Emails = []string{email}
	}
	for _, p := range phones {
		r.Phones = append(r.Phones, contact.Phone{Label: contact.Business, Number: p})
	}
	return r
}

// suggested writes the suggestions of a caller: names and reasons.
func (s *stage) suggested(who identity.Caller, book contact.BookID) []string {
	s.t.Helper()
	sets, more, err := s.Duplicates(s.t.Context(), who, book, contact.MaxDuplicates)
	if err != nil || more {
		s.t.Fatalf("more %v, %v", more, err)
	}
	var all []string
	for _, d := range sets {
		all = append(all, told(d))
	}
	return all
}

func told(d contact.Duplicate) string {
	text := strings.Join(sorted(names(d.Entries)), " = ")
	for _, w := range d.Why {
		text += " " + string(w)
	}
	if !d.MayMerge {
		text += " (not to merge)"
	}
	return text
}

func TestDuplicates(t *testing.T) {
	t.Parallel()
	onStages(t, func(t *testing.T, s *stage) {
		who := in(bob, sales)
		for _, r := range []contact.Record{
			someone("Marta Lopez", "marta@contoso.example", "Contoso"), someone("M. Lopez", "marta@contoso.example", ""), // the same e-mail,
			someone("Nils Kern", "", "Fabrikam", "01 99 00 11 22"), someone("Nils Kerm", "", "", "+33199001122"), // number,
			someone("Ida Berg", "", "Northwind AG"), someone("Berg, Ida", "", "northwind"), // and company
			someone("Ana Ruiz", "", "Contoso"), someone("Ana Ruis", "", "Contoso"), someone("Ana Ruiz", "", "Litware"), // a name is no reason
			someone("Olga Ann", "info@tailspin.example", ""), someone("Olga Ben", "info@tailspin.example", ""),
		} {
			s.add(who, "", r)
		}
		for i := range 5 { // a switchboard and an address of many
			s.add(who, "", someone(fmt.Sprintf("Colleague %c Number%d", 'A'+i, i), "all@wingtip.example", "Wingtip", "01 99 00 55 55"))
		}
		want := []string{"M. Lopez = Marta Lopez email", "Nils Kerm = Nils Kern phone", "Berg, Ida = Ida Berg company"}
		same(t, "suggested", want, s.suggested(who, ""))
		sets, more, err := s.Duplicates(t.Context(), who, "", 2)
		if err != nil || !more || len(sets) != 2 {
			t.Errorf("two of three: %d, %v, %v", len(sets), more, err)
		}
	})
}

// What was taken in several times is one set as far as it goes, and a set never has more than five.
func TestDuplicateSets(t *testing.T) {
	t.Parallel()
	s, who := inMemory(t), in(bob, sales)
	s.add(who, "", someone("Marta Lopez", "marta@contoso.example", ""))
	s.add(who, "", someone("M. Lopez", "marta@contoso.example", "", "01 99 00 11 22"))
	s.add(who, "", someone("M. Lopez Ruiz", "", "", "01 99 00 11 22"))
	same(t, "a set of three", []string{"M. Lopez = M. Lopez Ruiz = Marta Lopez email phone"}, s.suggested(who, ""))
	for range 20 {
		s.add(who, "", someone("Nils Kern", "nils@contoso.example", ""))
	}
	sets, _, err := s.Duplicates(t.Context(), who, "", contact.MaxDuplicates)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range sets {
		if len(d.Entries) > contact.MaxTogether {
			t.Errorf("a set of %d", len(d.Entries))
		}
	}
	if len(sets) < 4 {
		t.Errorf("%d sets", len(sets))
	}
}

// Everybody sees the suggestions of the books that they may read, if they may change something of it.
func TestWhoSeesDuplicates(t *testing.T) {
	t.Parallel()
	onStages(t, func(t *testing.T, s *stage) {
		ctx := t.Context()
		marta := someone("Marta Lopez", "marta@contoso.example", "")
		team := s.add(in(bob, sales), "", marta)
		s.add(in(bob, chat(bob)), "", someone("M. Lopez", "marta@contoso.example", ""))
		s.add(in(bob, sales), "", someone("Marta L.", "marta@contoso.example", ""))
		for _, row := range []struct {
			name string
			who  identity.Caller
			book contact.BookID
			want []string
		}{
			{"in all books", in(bob, sales), "", []string{"M. Lopez = Marta L. = Marta Lopez email"}},
			{"in one", in(bob, sales), team.Book, []string{"Marta L. = Marta Lopez email"}},
			{"before all", aloud(in(bob, sales)), "", []string{"Marta L. = Marta Lopez email"}},
			{"a guest", in(gil, sales), "", nil},
			{"a stranger", in(eve, chat(eve)), "", nil},
			{"a stranger who names the book", in(eve, chat(eve)), team.Book, nil},
		} {
			same(t, row.name, row.want, s.suggested(row.who, row.book))
		}
		k := must(s.library.Book(ctx, contoso, team.Book))(t)
		k.Mode, k.Owners, k.Version = contact.OwnersOnly, nil, k.Version+1
		if err := s.library.SaveBook(ctx, contoso, k); err != nil {
			t.Fatal(err)
		}
		same(t, "where one may only read", []string{"M. Lopez = Marta L. = Marta Lopez email (not to merge)"}, s.suggested(in(bob, chat(bob)), ""))
	})
}

// "Not the same" counts for everybody, until it is taken back, and takes the right to change one of them.
func TestApart(t *testing.T) {
	t.Parallel()
	onStages(t, func(t *testing.T, s *stage) {
		ctx, who := t.Context(), in(bob, sales)
		var ids []contact.ID
		for _, n := range []string{"Marta Lopez", "Nils Kern", "Ida Berg"} {
			ids = append(ids, s.add(who, "", someone(n, "all@contoso.example", "")).Contact)
		}
		all := []string{"Ida Berg = Marta Lopez = Nils Kern email"}
		same(t, "at first", all, s.suggested(who, ""))
		refused(t, s.SetApart(ctx, in(gil, sales), ids[:2], true), fault.Denied, "contact.denied_modify")
		refused(t, s.SetApart(ctx, in(eve, chat(eve)), ids[:2], true), fault.NotFound, "contact.not_found")
		refused(t, s.SetApart(ctx, who, ids[:1], true), fault.Invalid, "contact.merge_few")
		refused(t, s.SetApart(ctx, who, []contact.ID{ids[0], ids[0]}, true), fault.Invalid, "contact.merge_few")

		must(0, s.SetApart(ctx, who, []contact.ID{ids[1], ids[0]}, true))(t)
		got := s.suggested(in(ana, sales), "")
		if len(got) != 1 || strings.Count(got[0], "=") != 1 || !strings.Contains(got[0], "Ida Berg") {
			t.Errorf("two are apart: %v", got)
		}
		must(0, s.SetApart(ctx, who, ids, true))(t)
		same(t, "all are apart", []string(nil), s.suggested(who, ""))
		same(t, "nor does it look like another", 0, len(must(s.LooksLike(ctx, who, ids[0]))(t).Entries))
		must(0, s.SetApart(ctx, who, ids, false))(t)
		same(t, "taken back", all, s.suggested(who, ""))
	})
}

// A contact that was just added looks like one that is there; others see what they may.
func TestLooksLike(t *testing.T) {
	t.Parallel()
	s, ctx, who := inMemory(t), t.Context(), in(bob, sales)
	s.add(who, "", someone("Marta Lopez", "marta@contoso.example", "Contoso", "01 99 00 11 22"))
	s.add(in(bob, chat(bob)), "", someone("Nils Kern", "nils@contoso.example", ""))
	for i := range 5 {
		s.add(who, "", someone(fmt.Sprintf("Colleague %c Number%d", 'A'+i, i), "all@wingtip.example", "", "01 99 00 55 55"))
	}
	for _, row := range []struct {
		record contact.Record
		want   string
		aloud  string
	}{
		{someone("M. Lopez", "MARTA@contoso.example", ""), "M. Lopez = Marta Lopez email", "M. Lopez = Marta Lopez email"},
		{someone("Marta Lopes", "", "", "+33 1 99 00 11 22"), "Marta Lopes = Marta Lopez phone", "Marta Lopes = Marta Lopez phone"},
		{someone("Lopez Marta", "", "Contoso SA"), "Lopez Marta = Marta Lopez company", "Lopez Marta = Marta Lopez company"},
		{someone("Marta Lopez", "", ""), "", ""},
		{someone("Niels Kern", "nils@contoso.example", ""), "Niels Kern = Nils Kern email", ""},
		{someone("Somebody Else", "all@wingtip.example", "", "01 99 00 55 55"), "", ""},
	} {
		c := s.add(who, "", row.record)
		for caller, want := range map[*identity.Caller]string{new(who): row.want, new(aloud(who)): row.aloud} {
			d := must(s.LooksLike(ctx, *caller, c.Contact))(t)
			got := ""
			if len(d.Entries) > 0 {
				got = told(d)
				same(t, "the contact itself comes first", c.Contact, d.Entries[0].Contact.ID)
			}
			same(t, row.record.Name, want, got)
		}
		must(s.Delete(ctx, who, c.Contact, 1, s.deed()))(t)
	}
	_, err := s.LooksLike(ctx, in(eve, chat(eve)), "id002")
	refused(t, err, fault.NotFound, "contact.not_found")
}

// What was set apart goes with the contacts.
func TestApartIsErased(t *testing.T) {
	t.Parallel()
	f, ctx := newFiled(t), t.Context()
	marta := f.add(in(bob, press), "", someone("Marta Lopez", "marta@contoso.example", ""))
	nils := f.add(in(bob, sales), "", someone("Nils Kern", "marta@contoso.example", ""))
	must(0, f.SetApart(ctx, in(bob, sales), []contact.ID{marta.Contact, nils.Contact}, true))(t)
	pairs := []contact.Pair{contact.NewPair(marta.Contact, nils.Contact)}
	same(t, "at first", 1, len(must(f.db.Apart().Apart(ctx, contoso, pairs))(t)))
	must(0, f.Removed(ctx, contoso, press, ana))(t)
	f.now = f.now.Add(month + 1)
	f.erase(1)
	same(t, "afterwards", 0, len(must(f.db.Apart().Apart(ctx, contoso, pairs))(t)))
	if !slices.Contains(f.found(in(bob, sales), ""), "Nils Kern") {
		t.Error("the other contact is gone")
	}
}
