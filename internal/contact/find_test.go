package contact_test

import (
	"fmt"
	"strings"
	"testing"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// Equal matches from here come before those from elsewhere, on whatever page they would be.
func TestFindNearestFirst(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	for i := range 40 {
		w.add(in(bob, chat(bob)), "", named(fmt.Sprintf("Marta %02d", i)))
	}
	for i := range 3 {
		w.add(in(bob, sales), "", named(fmt.Sprintf("Marta %02d", 50+i)))
	}
	for _, q := range []string{"marta", ""} {
		f := must(w.Find(ctx, in(bob, sales), contact.ParseQuery(q), 0, 5))(t)
		same(t, "first page in sales", []string{"Marta 50", "Marta 51", "Marta 52", "Marta 00", "Marta 01"}, names(f.Entries))
		same(t, "total", 43, f.Total)
		f = must(w.Find(ctx, in(bob, sales), contact.ParseQuery(q), 5, 5))(t)
		same(t, "second page in sales", []string{"Marta 02", "Marta 03", "Marta 04", "Marta 05", "Marta 06"}, names(f.Entries))
		f = must(w.Find(ctx, in(bob, chat(bob)), contact.ParseQuery(q), 40, 5))(t)
		same(t, "last page in the chat", []string{"Marta 50", "Marta 51", "Marta 52"}, names(f.Entries))
	}
}

func TestFindLimits(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	for i := range 30 {
		w.add(in(bob, sales), "", named(fmt.Sprintf("Marta %02d", i)))
	}
	for _, tt := range []struct{ skip, limit, want int }{{0, 1000, 25}, {0, 0, 1}, {-5, -5, 1}, {28, 25, 2}, {30, 25, 0}, {1 << 40, 25, 0}} {
		f := must(w.Find(ctx, in(bob, sales), contact.Query{}, tt.skip, tt.limit))(t)
		same(t, fmt.Sprintf("skip %d, limit %d", tt.skip, tt.limit), []int{tt.want, 30}, []int{len(f.Entries), f.Total})
	}
}

func TestFindShowsWhatTheCallerMay(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	ids := w.library()
	all := must(w.Find(ctx, in(bob, sales), contact.ParseQuery("contact"), 0, 25))(t)
	for _, e := range all.Entries {
		if e.Book.ID != e.Contact.Book || !e.May.Read || len(e.Reasons) == 0 || e.Reasons[0].Field != contact.FieldName {
			t.Errorf("entry %+v", e)
		}
	}
	same(t, "the totals count no hidden book", []any{5, 4}, []any{all.Total, must(w.Find(ctx, in(ana, sales), contact.ParseQuery("contact"), 0, 25))(t).Total})
	one := must(w.Find(ctx, in(bob, sales), contact.Query{Book: ids["press"]}, 0, 25))(t)
	same(t, "one book", []string{"Contact of Press"}, names(one.Entries))
	none := must(w.Find(ctx, in(ana, sales), contact.Query{Book: ids["press"]}, 0, 25))(t)
	same(t, "a hidden book", []any{0, []string(nil)}, []any{none.Total, names(none.Entries)})
	same(t, "aloud in sales", []string{"Contact of Sales", "Contact of Shared", "Contact of All"}, w.found(aloud(in(bob, sales)), "contact"))
}

// A restriction that fits somewhere keeps its meaning everywhere.
func TestFindRestricted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(in(bob, sales), "", contact.Record{Name: "Marta Lager"})
	w.add(in(bob, chat(bob)), "", contact.Record{Name: "Marta Weber", Department: "Lager"})
	same(t, "elsewhere", []string{"Marta Weber"}, w.found(in(bob, sales), "marta in lager"))
	w.add(in(bob, sales), "", contact.Record{Name: "Marta Zorn", Department: "Lager"})
	same(t, "nearest first", []string{"Marta Zorn", "Marta Weber"}, w.found(in(bob, sales), "marta in lager"))
}

// An index that lags behind the shelf shows nothing that is gone.
func TestFindTrustsTheShelf(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	c := w.add(in(bob, sales), "", named("Marta"))
	stale := contact.NewIndex()
	b := contact.New(w.config(stale))
	if err := b.Load(ctx, contoso); err != nil {
		t.Fatal(err)
	}
	must(w.Delete(ctx, in(bob, sales), c.Contact, 1, w.deed()))(t)
	f := must(b.Find(ctx, in(bob, sales), contact.ParseQuery("marta"), 0, 25))(t)
	same(t, "found", []string(nil), names(f.Entries))
}

func TestWhoIs(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	who := in(bob, sales)
	phone := func(name string, numbers ...string) {
		r := named(name)
		for _, n := range numbers {
			r.Phones = append(r.Phones, contact.Phone{Label: contact.Mobile, Number: n})
		}
		w.add(who, "", r)
	}
	phone("International", "+33 1 99 00 12 34")
	phone("National", "11", "01.99.00.12.34")
	phone("Germany", "+49 1 9900 1234")
	phone("Inside", "99 00 12 34")
	phone("Short", "15")
	phone("01 99 00 12 34 in the name", "+33 1 99 00 56 78")
	for _, tt := range []struct {
		number string
		want   []string
	}{
		{"+33 1 99 00 12 34", []string{"International", "National"}},
		{"0199001234", []string{"International", "National"}},
		{"0033199001234", []string{"International", "National"}},
		{"99 00 12 34", []string{"Inside", "Germany", "International", "National"}},
		{"15", []string{"Short"}},
		{"+33 1 99 00 99 99", nil},
		{"1234", nil},
	} {
		f := must(w.WhoIs(ctx, who, tt.number))(t)
		got := names(f.Entries)
		if tt.number == "99 00 12 34" {
			got = append(got[:1:1], sorted(got[1:])...)
		}
		same(t, tt.number, tt.want, got)
		same(t, tt.number+": total", len(tt.want), f.Total)
	}
	same(t, "for a stranger", 0, must(w.WhoIs(ctx, in(eve, chat(eve)), "0199001234"))(t).Total)
	for _, bad := range []string{"", "marta", "1", strings.Repeat("1", 51), "+33 \x00 'or 1=1"} {
		_, err := w.WhoIs(ctx, who, bad)
		refused(t, err, fault.Invalid, "contact.number")
	}
}

func TestHistory(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	c := w.add(in(bob, sales), "", named("Marta"))
	must(w.Edit(ctx, in(ana, sales), c.Contact, 1, named("Maria"), w.deed()))(t)
	h := must(w.History(ctx, in(gil, sales), c.Contact))(t)
	var got []string
	for _, c := range h.Changes {
		got = append(got, fmt.Sprintf("%s %s by %s", c.Act, c.After.Name, c.By))
	}
	same(t, "newest first", []string{"edited Maria by ana", "added Marta by bob"}, got)
	same(t, "as it is", []any{"Maria", false, contact.Rights{Read: true}}, []any{h.Contact.Contact.Name, h.Deleted, h.Contact.May})
}

func TestMarks(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	who := in(bob, sales)
	a, b := w.add(who, "", named("Marta")).Contact, w.add(in(bob, chat(bob)), "", named("Nils")).Contact
	for _, id := range []contact.ID{a, b, a} {
		must(w.Look(ctx, who, id))(t)
		e := must(w.SetFavourite(ctx, who, id, true))(t)
		same(t, "favourite", true, e.Favourite)
	}
	start := func(who identity.Caller) [][]string {
		f, r, err := w.Start(ctx, who)
		if err != nil {
			t.Fatal(err)
		}
		return [][]string{names(f), names(r)}
	}
	same(t, "newest first", [][]string{{"Nils", "Marta"}, {"Marta", "Nils"}}, start(who))
	same(t, "nobody else's", [][]string{nil, nil}, start(in(ana, sales)))
	same(t, "nor in public", [][]string{nil, nil}, start(aloud(who)))
	same(t, "nor marked there", false, must(w.Get(ctx, aloud(who), a))(t).Favourite)
	same(t, "marked in private", true, must(w.Find(ctx, who, contact.ParseQuery("marta"), 0, 1))(t).Entries[0].Favourite)

	same(t, "unmarked", false, must(w.SetFavourite(ctx, who, b, false))(t).Favourite)
	same(t, "gone from the favourites", [][]string{{"Marta"}, {"Marta", "Nils"}}, start(who))
	w.roster.Set(contoso, bob, sales, identity.None)
	same(t, "what they may no longer read", [][]string{nil, {"Nils"}}, start(in(bob, chat(bob))))
	_, err := w.SetFavourite(ctx, in(bob, chat(bob)), a, true)
	refused(t, err, fault.NotFound, "contact.not_found")
	_, err = w.SetFavourite(ctx, in(bob, chat(bob)), a, false)
	refused(t, err, fault.NotFound, "contact.not_found")
	w.roster.Set(contoso, bob, sales, identity.Member)
	same(t, "a hidden favourite can be dropped", [][]string{nil, {"Marta", "Nils"}}, start(who))
}

func TestMarksHaveAnEnd(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	who := in(bob, sales)
	var last contact.ID
	var err error
	for i := range contact.MaxFavourites + 1 {
		last = w.add(who, "", named(fmt.Sprint("Contact ", i))).Contact
		must(w.Look(ctx, who, last))(t)
		_, err = w.SetFavourite(ctx, who, last, true)
	}
	if err == nil || fault.KindOf(err) != fault.Invalid {
		t.Errorf("one favourite too many gives %v", err)
	}
	f, r, err := w.Start(ctx, who)
	if err != nil || len(f) != contact.MaxFavourites || len(r) != contact.MaxRecent || r[0].Contact.ID != last {
		t.Errorf("%d favourites, %d recents, %v", len(f), len(r), err)
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	who := in(bob, sales)
	w.add(who, "", contact.Record{Name: "Marta", Tags: []string{"press", "vip"}})
	w.add(in(bob, chat(bob)), "", contact.Record{Name: "Nils", Tags: []string{"vip", "mine"}})
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ok(w.SaveFilter(ctx, who, " My  press ", "#press"))
	ok(w.SaveFilter(ctx, who, "Important", "#vip"))
	ok(w.SaveFilter(ctx, who, "my PRESS", "#press in sales"))
	tags := func(who identity.Caller) (map[string]int, []contact.Filter) {
		counts, filters, err := w.Tags(ctx, who)
		ok(err)
		all := map[string]int{}
		for _, c := range counts {
			all[c.Name] = c.Count
		}
		return all, filters
	}
	counts, filters := tags(who)
	same(t, "tags", map[string]int{"press": 1, "vip": 2, "mine": 1}, counts)
	same(t, "filters", []contact.Filter{{Name: "my PRESS", Query: "#press in sales"}, {Name: "Important", Query: "#vip"}}, filters)
	counts, filters = tags(aloud(who))
	same(t, "tags aloud", map[string]int{"press": 1, "vip": 1}, counts)
	same(t, "filters aloud", []contact.Filter(nil), filters)
	counts, _ = tags(in(eve, chat(eve)))
	same(t, "a stranger's tags", map[string]int{}, counts)

	ok(w.DropFilter(ctx, who, "MY press"))
	_, filters = tags(who)
	same(t, "one dropped", []contact.Filter{{Name: "Important", Query: "#vip"}}, filters)
	for _, tt := range []struct {
		err  error
		kind fault.Kind
	}{
		{w.DropFilter(ctx, who, "my press"), fault.NotFound},
		{w.SaveFilter(ctx, who, " ", "x"), fault.Invalid},
		{w.SaveFilter(ctx, who, strings.Repeat("n", 51), "x"), fault.Invalid},
		{w.SaveFilter(ctx, who, "x", ""), fault.Invalid},
		{w.SaveFilter(ctx, who, "x", strings.Repeat("q", 201)), fault.Invalid},
		{w.SaveFilter(ctx, in("", sales), "x", "x"), fault.Denied},
	} {
		same(t, "refused", tt.kind, fault.KindOf(tt.err))
	}
	var err error
	for i := range contact.MaxFilters {
		err = w.SaveFilter(ctx, who, fmt.Sprint("Filter ", i), "x")
	}
	same(t, "one filter too many", fault.Invalid, fault.KindOf(err))
}
