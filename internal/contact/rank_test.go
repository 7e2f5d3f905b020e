package contact

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Each row is found by the query in one way, the best row first.
func TestOrder(t *testing.T) {
	t.Parallel()
	all := shapes(
		Contact{ID: "whole-name", Record: Record{Name: "Zed Sander"}},
		Contact{ID: "begins-name", Record: Record{Name: "Zed Sanderson"}},
		Contact{ID: "whole-mail", Record: Record{Name: "Zed", Emails: []string{"sander@x.example"}}},
		Contact{ID: "begins-mail", Record: Record{Name: "Zed", Emails: []string{"sanders@x.example"}}},
		Contact{ID: "whole-company", Record: Record{Name: "Zed", Company: "Sander"}},
		Contact{ID: "begins-company", Record: Record{Name: "Ann", Department: "Sanders"}},
		Contact{ID: "in-name", Record: Record{Name: "Zed Asander"}},
		Contact{ID: "whole-notes", Record: Record{Name: "Zed", Notes: "Sander"}},
		Contact{ID: "in-mail", Record: Record{Name: "Zed", Emails: []string{"asander@x.example"}}},
		Contact{ID: "begins-notes", Record: Record{Name: "Zed", Notes: "Sanders"}},
		Contact{ID: "in-company", Record: Record{Name: "Zed", Tags: []string{"asander"}}},
		Contact{ID: "in-notes", Record: Record{Name: "Zed", Notes: "asander"}},
	)
	want := []Hit{
		{"whole-name", "b", 95, []Reason{{FieldName, Exact}}},
		{"begins-name", "b", 75, []Reason{{FieldName, Prefix}}},
		{"whole-mail", "b", 56, []Reason{{FieldEmail, Exact}}},
		{"begins-mail", "b", 42, []Reason{{FieldEmail, Prefix}}},
		{"whole-company", "b", 40, []Reason{{FieldCompany, Exact}}},
		{"begins-company", "b", 30, []Reason{{FieldDepartment, Prefix}}},
		{"in-name", "b", 30, []Reason{{FieldName, Inner}}},
		{"whole-notes", "b", 24, []Reason{{FieldNotes, Exact}}},
		{"in-mail", "b", 21, []Reason{{FieldEmail, Inner}}},
		{"begins-notes", "b", 18, []Reason{{FieldNotes, Prefix}}},
		{"in-company", "b", 15, []Reason{{FieldTags, Inner}}},
		{"in-notes", "b", 9, []Reason{{FieldNotes, Inner}}},
	}
	for shape, x := range all {
		hits, _ := x.Search(context.Background(), acme, []BookID{"b"}, Query{Text: "sander"}, 20)
		if diff := cmp.Diff(want, hits); diff != "" {
			t.Errorf("%s: %s", shape, diff)
		}
	}
}

func TestReasons(t *testing.T) {
	t.Parallel()
	all := shapes(people()...)
	for _, tt := range []struct {
		query string
		score int
		want  []Reason
	}{
		{"marta weber", 80 + 80 + orderly, []Reason{{FieldName, Exact}}},
		{"weber marta", 80 + 80 + outOfOrder, []Reason{{FieldName, Exact}}},
		{"mar contoso", 60 + 56, []Reason{{FieldName, Prefix}, {FieldEmail, Exact}}},
		{"wbeer", 10, []Reason{{FieldName, Typo}}},
		{"eber 06 12", 30 + 42, []Reason{{FieldName, Inner}, {FieldMobile, Digits}}},
		{"+33612345678", 56, []Reason{{FieldMobile, Exact}}},
		{"weber in sales eu", 80 + orderly, []Reason{{FieldName, Exact}, {FieldDepartment, Prefix}}},
		{"in sales europe", 0, []Reason{{FieldDepartment, Exact}}},
		{`"head of log"`, 30, []Reason{{FieldJob, Prefix}}},
		{"weber #vip", 80 + orderly, []Reason{{FieldName, Exact}}},
		{"ta.web", 21, []Reason{{FieldEmail, Inner}}},
	} {
		for shape, x := range all {
			hits, _ := x.Search(context.Background(), acme, []BookID{"b"}, ParseQuery(tt.query), 1)
			if diff := cmp.Diff([]Hit{{"marta", "b", tt.score, tt.want}}, hits); diff != "" {
				t.Errorf("%s: %q: %s", shape, tt.query, diff)
			}
		}
	}
}

// Equal scores are ordered by name, then id, then book, whatever the order in which contacts came.
func TestTies(t *testing.T) {
	t.Parallel()
	x := NewIndex()
	for _, c := range []struct {
		book BookID
		id   ID
		name string
	}{{"q", "3", "Max Öl"}, {"p", "3", "Max Ol"}, {"p", "1", "max öl"}, {"p", "4", "Max"}, {"q", "2", "Max Zoo"}, {"q", "9", "Max O'Art"}} {
		x.Put(acme, Contact{ID: c.id, Book: c.book, Version: 1, Record: Record{Name: c.name}})
	}
	hits, _ := x.Search(context.Background(), acme, []BookID{"q", "p"}, Query{Text: "max"}, 5)
	var got []string
	for _, h := range hits {
		got = append(got, string(h.Book)+string(h.ID))
	}
	if diff := cmp.Diff([]string{"p4", "q9", "p1", "p3", "q3"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestBonus(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, query string
		want        int
	}{
		{"marta weber", "mar we", orderly},
		{"marta weber", "we mar", outOfOrder},
		{"marta weber", "weber marta", outOfOrder},
		{"marta weber", "arta weber", 0},
		{"marta weber", "we web", 0}, // two words, but one of the name
		{"marta webster weber", "we web", orderly},
		{"weber marta weberling", "weberl web", outOfOrder},
		{"mar marta", "marta mar", outOfOrder},
		{"mar marta", "mar mar", orderly},
		{"marta", "marta weber", 0},
		{"", "marta", 0},
		{"marta", "", 0},
	} {
		var words []string
		for _, w := range strings.Fields(tt.query) {
			words = append(words, " "+w)
		}
		if got := bonus(rowOf(tt.name), words); got != tt.want {
			t.Errorf("%q for %q: %d, want %d", tt.query, tt.name, got, tt.want)
		}
	}
}

// Who has a word of the name for each word of the query comes before whoever has one for both.
func TestWordsOfTheirOwn(t *testing.T) {
	t.Parallel()
	for shape, x := range shapes(Contact{ID: "one", Record: Record{Name: "Anna Ivonadel"}}, Contact{ID: "two", Record: Record{Name: "Ivo Ivonadel"}}) {
		hits, _ := x.Search(context.Background(), acme, []BookID{"b"}, Query{Text: "ivonadel ivon"}, 9)
		if got := ids(hits); got != "one two" {
			t.Errorf("%s: %s", shape, got)
		}
		hits, _ = x.Search(context.Background(), acme, []BookID{"b"}, Query{Text: "ivonadel iv"}, 9)
		if got := ids(hits); got != "two one" {
			t.Errorf("%s: %s", shape, got)
		}
	}
}

func TestOneSlip(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"marta", "marta", false},
		{"marta", "mrta", true}, {"marta", "arta", true}, {"marta", "mart", true},
		{"marta", "maarta", true}, {"marta", "xmarta", true}, {"marta", "martax", true},
		{"marta", "marxa", true}, {"marta", "xarta", true}, {"marta", "martx", true},
		{"marta", "amrta", true}, {"marta", "matra", true}, {"marta", "marat", true},
		{"marta", "mtraa", false}, {"marta", "atrma", false}, {"marta", "mxrxa", false}, {"marta", "mar", false}, {"marta", "amratx", false},
		{"aaaa", "aaa", true}, {"abab", "baba", false}, {"", "a", true}, {"", "", false},
		{"фёдор", "федор", true}, {"фёдор", "фдеор", false},
	} {
		if got := oneSlip([]rune(tt.a), []rune(tt.b)); got != tt.want {
			t.Errorf("oneSlip(%q, %q) = %v", tt.a, tt.b, got)
		}
		if got := oneSlip([]rune(tt.b), []rune(tt.a)); got != tt.want {
			t.Errorf("oneSlip(%q, %q) = %v", tt.b, tt.a, got)
		}
	}
}
