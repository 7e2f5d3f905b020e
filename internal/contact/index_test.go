package contact

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/identity"
)

const acme = identity.Tenant("22222222-2222-4222-8222-222222222222")

// stocked makes an index of contacts of the book "b", each with the version 1.
func stocked(all ...Contact) *Index {
	x := NewIndex()
	for _, c := range all {
		c.Book, c.Version = "b", 1
		x.Put(acme, c)
	}
	return x
}

// shapes are the same contacts in an overlay, in a segment, and in two segments and an overlay with changes.
func shapes(all ...Contact) map[string]*Index {
	made := map[string]*Index{"overlay": stocked(all...), "segment": stocked(all...), "mixed": NewIndex()}
	made["segment"].tenant(acme).fold()
	x, in := made["mixed"], made["mixed"].tenant(acme)
	for i, c := range all {
		c.Book, c.Version = "b", 1
		if i%2 == 0 { // what is there at first is replaced
			x.Put(acme, Contact{ID: c.ID, Book: "b", Record: Record{Name: "Marta Nobody", Tags: []string{"vip"}, Phones: []Phone{{Number: "0612"}}}})
		}
		if i == len(all)/2 {
			in.fold()
		}
		x.Put(acme, c)
		if i == len(all)/3 {
			in.carryOut(in.jobOf(nil, true))
		}
	}
	return made
}

func ids(hits []Hit) string {
	var all []string
	for _, h := range hits {
		all = append(all, string(h.ID))
	}
	return strings.Join(all, " ")
}

func (x *Index) ask(query string) string {
	hits, _ := x.Search(context.Background(), acme, []BookID{"b"}, ParseQuery(query), 100)
	return ids(hits)
}

// people are few, each with something of its own to be found by.
func people() []Contact {
	return []Contact{
		{ID: "marta", Record: Record{
			Name: "Marta Weber", Job: "Head of Logistics", Company: "Contoso GmbH", Department: "Sales Europe",
			Emails: []string{"marta.weber@contoso.example"}, Tags: []string{"VIP", "Key account"},
			Phones:    []Phone{{Label: Mobile, Number: "+33 6 12 34 56 78", E164: "+33612345678"}},
			Addresses: []Address{{Text: "7 Straße der Einheit\n75011 Paris"}},
		}},
		{ID: "jp", Record: Record{
			Name: "Jean-Pierre Øster", Company: "Fabrikam", Job: "Sales assistant", Website: "https://fabrikam.example/team",
			Emails: []string{"jp@fabrikam.example"}, Notes: "Knows Marta.", Tags: []string{"vip"},
			Phones: []Phone{{Label: Business, Number: "0612-999 (0)"}},
		}},
		{ID: "isik", Record: Record{
			Name: "Işık Łukasz O’Neil", Department: "R&D", Notes: "C++ and c#", X: "@isik_o",
			Custom: []Custom{{Name: "Badge", Value: "AX-4711"}},
		}},
		{ID: "desk", Record: Record{Kind: Function, Name: "IT Hot-line", Hours: "24/7, or 9-17", Phones: []Phone{{Label: Business, Number: "3631"}}}},
		{ID: "ana", Record: Record{Name: "Ana Müller 🎉", Company: "Ｃｏｎｔｏｓｏ", LinkedIn: "https://linkedin.example/in/ana-m"}},
	}
}

func TestSearchFinds(t *testing.T) {
	t.Parallel()
	all := shapes(people()...)
	for _, tt := range []struct{ query, want string }{
		// Words, in any order, wherever they stand.
		{"marta", "marta jp"},
		{"weber marta", "marta"},
		{"marta sales", "marta jp"},
		{"logistics", "marta"},
		{"fabrikam", "jp"},
		{"europe weber", "marta"},
		{"knows", "jp"},
		{"paris", "marta"},
		{"badge", "isik"},
		{"marta nobody", ""},
		// Beginnings and fragments; a single letter begins a word.
		{"mar web", "marta"},
		{"ogist", "marta"},
		{"ar", "marta jp"},
		{"k", "marta jp"},
		{"ü", ""},
		// Case, accents, letters of other alphabets.
		{"OSTER", "jp"},
		{"øster", "jp"},
		{"isik", "isik"},
		{"IŞIK", "isik"},
		{"İşik", "isik"},
		{"lukasz", "isik"},
		{"mueller", "ana"}, // one letter more,
		{"muller", "ana"},
		{"STRASSE", "marta"},
		{"ｗｅｂｅｒ", "marta"},
		{"contoso", "marta ana"},
		{"mu\u0308ller", "ana"},
		{"🎉", "ana"},
		// Signs in a word.
		{"jean pierre", "jp"},
		{"jean-pierre", "jp"},
		{"o'neil", "isik"},
		{"o’ne", "isik"},
		{"neil", "isik"},
		{"r&d", "isik"},
		{"c++", "isik"},
		{"c#", "isik"},
		{"@isik", "isik"},
		{"weber,marta", "marta"},
		{"(marta);", "marta jp"},
		{"hot-line", "desk"},
		{"24/7", "desk"},
		{"9-17", "desk"},
		{"ax-4711", "isik"},
		{"ax 4711", "isik"},
		// E-mail and web.
		{"weber@", "marta"},
		{"contoso.ex", "marta"},
		{"ta.web", "marta"},
		{"marta.weber@contoso.example", "marta"},
		{"@fabrikam", "jp"},
		{"fabrikam.example/te", "jp"},
		{"https://fabrikam.example", "jp"},
		{"linkedin.example", "ana"},
		// Phones, however written.
		{"06 12 34", "marta"},
		{"+33612", "marta"},
		{"0033 6 12", "marta"},
		{"0033612", "marta"},
		{"(612) 34", "marta"},
		{"06.12.34.56.78", "marta"},
		{"+33 (0)6 12 34", "marta"},
		{"3361", "marta"},
		{"0612", "jp marta"},
		{"0612999", "jp"},
		{"06 12 35", ""},
		{"3631", "desk"},
		{`"06 12 34"`, "marta"},
		{"marta 06 12 34", "marta"},
		{"75011 marta", "marta"},
		{"7 75011", "marta"},
		// One slip, in words of four letters or more, when nothing is nearer.
		{"mrata", "marta jp"},
		{"matra", "marta jp"},
		{"marda", "marta jp"},
		{"mata", "marta jp"},
		{"martha", "marta jp"},
		{"wber", "marta"},
		{"martta wbeer", "marta"},
		{"mxrxa", ""},
		{"wxb", ""},
		{"4712", ""},
		{"marta.wbeer@contoso.example", "marta"},
		{"Мarta", "marta jp"}, // the M is Cyrillic
		// Quotes.
		{`"marta weber"`, "marta"},
		{`"weber marta"`, ""},
		{`"jean pier"`, "jp"},
		{`"ean pierre"`, ""},
		{`"head of"`, "marta"},
		{`"weber head"`, ""},
		{`"marta"`, "marta jp"},
		// Restrictions.
		{"marta in sales", "marta jp"},
		{"marta in europe", "marta"},
		{"marta in fabr", "jp"},
		{"marta dans paris", "marta"},
		{"marta chez contoso gmbh", "marta"},
		{"marta in gmbh contoso", "marta"}, // no such place: as words
		{"in sales europe", "marta"},
		{"marta in uropa", ""},
		{"marta in knows", "jp"}, // notes are no place: as words
		{"in key account", "marta"},
		{"#vip", "jp marta"},
		{"#Vip #key", ""},
		{`#vip #"KEY account"`, "marta"},
		{"weber #vip in paris", "marta"},
		{"fabrikam in sales #press", ""},
		// Nothing to look for: everybody, by name.
		{"", "ana isik desk jp marta"},
		{"?! -- ...", "ana isik desk jp marta"},
	} {
		for shape, x := range all {
			if got := x.ask(tt.query); got != tt.want {
				t.Errorf("%s: %q finds %q, want %q", shape, tt.query, got, tt.want)
			}
		}
	}
}

func TestSearchHostile(t *testing.T) {
	t.Parallel()
	x := shapes(people()...)["mixed"]
	for _, q := range []string{
		strings.Repeat("a", 10_000), strings.Repeat("ab ", 200), strings.Repeat(" ", 10_000), strings.Repeat("\u0301", 1000), strings.Repeat("🎉", 1000),
		"\u202emarta\u202c", "' OR 1=1 --", `(?i).*[a-z]{1000}\\`, "%00%ff\x00\xff", `"""""`, strings.Repeat("#a ", 300), "in in in in", strings.Repeat("0", 5000), strings.Repeat("1 ", 300),
	} {
		start := time.Now()
		for _, query := range []Query{ParseQuery(q), {Text: q}, {In: q}, {Tags: []string{q}}, {Text: q, In: q, Tags: slices.Repeat([]string{q}, 1000)}} {
			x.Search(context.Background(), acme, []BookID{"b"}, query, 10)
		}
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("%.20q took %v", q, d)
		}
	}
}

func TestSearchLimits(t *testing.T) {
	t.Parallel()
	all := shapes(people()...)
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for _, tt := range []struct {
		name   string
		ctx    context.Context
		tenant identity.Tenant
		books  []BookID
		query  Query
		limit  int
		want   string
		total  int
	}{
		{"the best", context.Background(), acme, []BookID{"b"}, Query{}, 2, "ana isik", 5},
		{"none asked for", context.Background(), acme, []BookID{"b"}, Query{}, 0, "", 5},
		{"fewer than none", context.Background(), acme, []BookID{"b"}, Query{Text: "marta"}, -1, "", 2},
		{"no book", context.Background(), acme, nil, Query{}, 9, "", 0},
		{"unknown book", context.Background(), acme, []BookID{"x"}, Query{}, 9, "", 0},
		{"other tenant", context.Background(), "x", []BookID{"b"}, Query{}, 9, "", 0},
		{"book named twice", context.Background(), acme, []BookID{"b", "x", "b"}, Query{Text: "weber"}, 9, "marta", 1},
		{"restricted to a book", context.Background(), acme, []BookID{"x", "b"}, Query{Text: "weber", Book: "b"}, 9, "marta", 1},
		{"restricted to a book not given", context.Background(), acme, []BookID{"x"}, Query{Text: "weber", Book: "b"}, 9, "", 0},
		{"ended", ended, acme, []BookID{"b"}, Query{Text: "weber", In: "paris"}, 9, "", 0},
	} {
		for shape, x := range all {
			hits, total := x.Search(tt.ctx, tt.tenant, tt.books, tt.query, tt.limit)
			if ids(hits) != tt.want || total != tt.total {
				t.Errorf("%s, %s: %q of %d, want %q of %d", tt.name, shape, ids(hits), total, tt.want, tt.total)
			}
		}
	}
}

func TestWhoIs(t *testing.T) {
	t.Parallel()
	all := shapes(
		Contact{ID: "mobile", Record: Record{Name: "A", Phones: []Phone{{Label: Mobile, Number: "06 12 34 56 78", E164: "+33612345678"}}}},
		Contact{ID: "other", Record: Record{Name: "B", Phones: []Phone{{Label: Home, Number: "+49 30 12345678"}}}},
		Contact{ID: "inside", Record: Record{Name: "C", Phones: []Phone{{Number: "3631"}}}},
		Contact{ID: "words", Record: Record{Name: "D", Notes: "0612345678"}},
	)
	for _, tt := range []struct {
		digits string
		want   []Hit
	}{
		{"33612345678", []Hit{{ID: "mobile", Book: "b", Score: 56, Reasons: []Reason{{FieldMobile, Exact}}}}},
		{"+33 6 12 34 56 78", []Hit{{ID: "mobile", Book: "b", Score: 56, Reasons: []Reason{{FieldMobile, Exact}}}}},
		{"0033612345678", []Hit{{ID: "mobile", Book: "b", Score: 56, Reasons: []Reason{{FieldMobile, Exact}}}}},
		{"0612345678", []Hit{{ID: "mobile", Book: "b", Score: 56, Reasons: []Reason{{FieldMobile, Exact}}}}},
		{"345678", []Hit{
			{ID: "mobile", Book: "b", Score: 42, Reasons: []Reason{{FieldMobile, Digits}}},
			{ID: "other", Book: "b", Score: 42, Reasons: []Reason{{FieldHome, Digits}}},
		}},
		{"03012345678", []Hit{{ID: "other", Book: "b", Score: 56, Reasons: []Reason{{FieldHome, Exact}}}}},
		{"45678", nil},
		{"3631", []Hit{{ID: "inside", Book: "b", Score: 56, Reasons: []Reason{{FieldBusiness, Exact}}}}},
		{"631", nil},
		{"123456", nil},
		{"", nil},
		{"marta", nil},
		{strings.Repeat("1", 10_000), nil},
	} {
		for shape, x := range all {
			got := x.WhoIs(acme, []BookID{"b"}, tt.digits, 10)
			if diff := cmp.Diff(tt.want, got, emptyIsNil); diff != "" {
				t.Errorf("%s: WhoIs(%.30q): %s", shape, tt.digits, diff)
			}
		}
	}
}

var emptyIsNil = cmp.Transformer("emptyIsNil", func(h []Hit) []Hit { return slices.Clip(append([]Hit(nil), h...)) })

// step is a Put of version v, or a Remove when name is empty.
type step struct {
	name string
	v    int
}

func TestVersions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		steps []step
		want  string
	}{
		{"replaced", []step{{"anna", 1}, {"berta", 2}}, "berta"},
		{"late", []step{{"berta", 2}, {"anna", 1}}, "berta"},
		{"again", []step{{"anna", 1}, {"berta", 1}}, "anna"},
		{"removed", []step{{"anna", 1}, {"", 2}}, ""},
		{"removed as it was", []step{{"anna", 1}, {"", 1}}, ""},
		{"removed before it came", []step{{"", 2}, {"anna", 1}}, ""},
		{"restored", []step{{"anna", 1}, {"", 2}, {"anna", 3}}, "anna"},
		{"restored, and the removal comes late", []step{{"anna", 1}, {"anna", 3}, {"", 2}}, "anna"},
		{"removed twice, the older last", []step{{"anna", 1}, {"", 4}, {"", 2}, {"anna", 3}}, ""},
	} {
		x := NewIndex()
		for _, s := range tt.steps {
			if s.name == "" {
				x.Remove(acme, "b", "id", s.v)
				continue
			}
			x.Put(acme, Contact{ID: "id", Book: "b", Version: s.v, Record: Record{Name: s.name, Tags: []string{s.name}}})
		}
		var found, tags []string
		for _, name := range []string{"anna", "berta"} {
			if x.ask(name) == "id" {
				found = append(found, name)
			}
		}
		for _, tag := range x.Tags(acme, []BookID{"b"}) {
			tags = append(tags, tag.Name)
		}
		want := strings.Fields(tt.want)
		if !slices.Equal(found, want) || !slices.Equal(tags, want) || x.Count(acme, "b") != len(want) {
			t.Errorf("%s: found %q, tags %q, count %d, want %q", tt.name, found, tags, x.Count(acme, "b"), want)
		}
	}
}

func TestRemovalsHaveAnEnd(t *testing.T) {
	t.Parallel()
	x := NewIndex()
	for i := range maxGone + 500 {
		x.Remove(acme, "b", ID(fmt.Sprint(i)), 2)
	}
	s := x.tenant(acme).books[0]
	if len(s.removed) != maxGone || len(s.oldest) != maxGone {
		t.Errorf("%d removals remembered in a list of %d, want %d", len(s.removed), len(s.oldest), maxGone)
	}
	x.Put(acme, Contact{ID: ID(fmt.Sprint(maxGone + 499)), Book: "b", Version: 1})
	if x.Count(acme, "b") != 0 {
		t.Error("the latest removal is forgotten")
	}
}

// A book that changes for ever stays as large as what is in it.
func TestChangesLeaveNothing(t *testing.T) {
	t.Parallel()
	x := stocked(people()...)
	for v := range 5*overlayFull + 1 {
		x.Put(acme, Contact{ID: "busy", Book: "b", Version: v + 1, Record: Record{Name: fmt.Sprintf("Busy v%d", v), Emails: []string{fmt.Sprintf("v%d@busy.example", v)}}})
	}
	x.tenant(acme).fold()
	in := x.tenant(acme)
	if n := in.segments[0].n; len(in.segments) != 1 || n != 6 || len(in.active.slots) != 0 || in.frozen != nil {
		t.Errorf("%d segments, %d contacts in the first, %d slots", len(in.segments), n, len(in.active.slots))
	}
	for query, want := range map[string]string{"busy": "busy", fmt.Sprintf("v%d", 5*overlayFull): "busy", "v7": "", "weber@": "marta", "06 12 34": "marta"} {
		if got := x.ask(query); got != want {
			t.Errorf("%q finds %q, want %q", query, got, want)
		}
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	x := NewIndex()
	for i, c := range []struct {
		book BookID
		tags []string
	}{
		{"a", []string{"VIP", "Presse"}}, {"a", []string{"vip", "VIP"}}, {"b", []string{"vip", "Été"}}, {"b", []string{"vip"}}, {"c", []string{"Other"}}, {"b", []string{" ", "\u0301"}},
	} {
		x.Put(acme, Contact{ID: ID(fmt.Sprint(i)), Book: c.book, Version: 1, Record: Record{Name: "x", Tags: c.tags}})
	}
	want := []TagCount{{"vip", 4}, {"Presse", 1}, {"Été", 1}}
	if diff := cmp.Diff(want, x.Tags(acme, []BookID{"b", "a", "a"})); diff != "" {
		t.Error(diff)
	}
	if got := x.Tags("x", []BookID{"a"}); len(got) != 0 {
		t.Errorf("another tenant sees %v", got)
	}
}

// Writers and readers at the same time, while segments are made: what was there before and is not touched is found
// always, and nobody twice.
func TestIndexTogether(t *testing.T) {
	t.Parallel()
	for _, full := range []int{overlayFull, 40} {
		x := stocked(people()...)
		x.tenant(acme).full = full
		var readers, writers sync.WaitGroup
		done := make(chan struct{})
		for range 3 {
			readers.Go(func() {
				for more := true; more; {
					select {
					case <-done:
						more = false
					default:
					}
					x.readSteadily(t)
				}
			})
		}
		for w := range 2 {
			writers.Go(func() {
				for v := range 1000 {
					id := ID(fmt.Sprintf("busy%d", w))
					x.Put(acme, Contact{ID: id, Book: "b", Version: 3 * v, Record: Record{Name: fmt.Sprintf("Busy v%d", v), Tags: []string{"busy"}}})
					x.Put(acme, Contact{ID: id, Book: "b", Version: 3*v + 1, Record: Record{Name: fmt.Sprintf("Busy w%d", v)}})
					if v%5 > 0 {
						x.Remove(acme, "b", id, 3*v+2)
					}
				}
			})
		}
		writers.Go(func() {
			for range 5 {
				if err := x.Save(io.Discard, acme, ""); err != nil {
					t.Error(err)
				}
			}
		})
		writers.Wait()
		close(done)
		readers.Wait()
		in := x.tenant(acme)
		in.fold()
		if n := x.Count(acme, "b"); n != 5 || in.segments[0].n-in.segments[0].hidden.n != 5 {
			t.Errorf("%d contacts at the end, %d of them in the segment, want 5", n, in.segments[0].n)
		}
	}
}

func (x *Index) readSteadily(t *testing.T) {
	for query, want := range map[string]string{"weber@": "marta", "wbeer": "marta", "fabrikam": "jp", "061234": "marta"} {
		if got := x.ask(query); got != want {
			t.Errorf("%q finds %q, want %q", query, got, want)
		}
	}
	hits, total := x.Search(context.Background(), acme, []BookID{"b"}, Query{Text: "busy"}, 9)
	if total != len(hits) || total > 2 || total == 2 && hits[0].ID == hits[1].ID {
		t.Errorf("%d: %v", total, hits)
	}
	x.Tags(acme, []BookID{"b"})
	x.WhoIs(acme, []BookID{"b"}, "345678", 10)
}
