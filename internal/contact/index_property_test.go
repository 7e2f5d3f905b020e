package contact

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// What follows searches slowly and plainly: it looks at every field of every contact for every word.

// plainly folds the letters that the invented contacts have.
func plainly(s string) string {
	return strings.NewReplacer("á", "a", "é", "e", "ü", "u", "ø", "o", "ß", "ss", "ł", "l", "ı", "i", "ş", "s", "’", "'").Replace(strings.ToLower(s))
}

func plainWords(s string) []string {
	return strings.FieldsFunc(plainly(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

func plainValues(c Contact) map[Field][]string {
	all := map[Field][]string{
		FieldName: {c.Name}, FieldJob: {c.Job}, FieldCompany: {c.Company}, FieldDepartment: {c.Department}, FieldEmail: c.Emails, FieldNotes: {c.Notes},
		FieldHours: {c.Hours}, FieldTags: c.Tags, FieldWebsite: {strings.TrimPrefix(c.Website, "https://")},
	}
	for _, a := range c.Addresses {
		all[FieldAddress] = append(all[FieldAddress], a.Text)
	}
	for _, p := range c.Custom {
		all[FieldCustom] = append(all[FieldCustom], p.Name, p.Value)
	}
	return all
}

func some[T any](all []T, fits func(T) bool) bool { return slices.ContainsFunc(all, fits) }

// has tells whether one of the words of a contact, or one of its numbers when word is all digits, fits.
func has(c Contact, word string) bool {
	fits := func(w string) bool {
		return strings.HasPrefix(w, word) || len([]rune(word)) > 1 && strings.Contains(w, word)
	}
	for _, values := range plainValues(c) {
		if some(values, func(v string) bool { return some(plainWords(v), fits) }) {
			return true
		}
	}
	return strings.Trim(word, "0123456789") == "" && hasNumber(c, word)
}

func hasNumber(c Contact, digits string) bool {
	return some(c.Phones, func(p Phone) bool {
		abroad, isAbroad := strings.CutPrefix(digits, "00")
		for _, form := range []string{dialled(p.Number), dialled(p.E164), "0" + strings.TrimPrefix(p.E164, "+33")} { // all are French
			if strings.HasPrefix(form, digits) || len(digits) > 1 && strings.Contains(form, digits) || isAbroad && abroad != "" && abroad[0] != '0' && strings.HasPrefix(form, abroad) {
				return true
			}
		}
		return false
	})
}

// hasChunk looks for a text with signs, between blanks.
func hasChunk(c Contact, chunk string) bool {
	for _, values := range plainValues(c) {
		if some(values, func(v string) bool {
			return some(strings.Fields(plainly(v)), func(w string) bool { return strings.Contains(strings.Trim(w, ",.()"), chunk) })
		}) {
			return true
		}
	}
	return false
}

// hasRow looks for words that follow each other, the last of which may be a beginning.
func hasRow(c Contact, words []string, in ...Field) bool {
	for field, values := range plainValues(c) {
		if len(in) > 0 && !slices.Contains(in, field) {
			continue
		}
		for _, v := range values {
			all := plainWords(v)
			for i := range all {
				if len(all)-i >= len(words) && slices.Equal(all[i:i+len(words)-1], words[:len(words)-1]) && strings.HasPrefix(all[i+len(words)-1], words[len(words)-1]) {
					return true
				}
			}
		}
	}
	return false
}

// distance1 tells whether one slip makes a of b, by trying all of them.
func distance1(a, b []rune) bool {
	join := func(parts ...[]rune) string { return string(slices.Concat(parts...)) }
	for i := range a {
		if join(a[:i], a[i+1:]) == string(b) { // left out
			return true
		}
		if i+1 < len(a) && a[i] != a[i+1] && join(a[:i], a[i+1:i+2], a[i:i+1], a[i+2:]) == string(b) {
			return true
		}
		if len(a) == len(b) && a[i] != b[i] && join(a[:i], b[i:i+1], a[i+1:]) == string(b) {
			return true
		}
	}
	return len(b) == len(a)+1 && distance1(b, a)
}

func hasSlip(c Contact, word string) bool {
	for _, values := range plainValues(c) {
		if some(values, func(v string) bool {
			return some(plainWords(v), func(w string) bool { return distance1([]rune(w), []rune(word)) })
		}) {
			return true
		}
	}
	return false
}

// wish is a piece of a query: what to look for, and what instead when nobody has it.
type wish struct {
	has     func(Contact) bool
	instead []wish
}

func wishWord(w string) wish {
	made := wish{has: func(c Contact) bool { return has(c, w) }}
	if len([]rune(w)) >= 4 && strings.Trim(w, "0123456789") != "" {
		made.instead = []wish{{has: func(c Contact) bool { return hasSlip(c, w) }}}
	}
	return made
}

func wishWords(words []string) []wish {
	var all []wish
	for _, w := range words {
		all = append(all, wishWord(w))
	}
	return all
}

// asked is an invented query: the pieces as typed, and what they wish for.
type asked struct {
	text   string
	wishes []wish
}

// granted gives the contacts that meet all wishes.
func granted(all []Contact, wishes []wish) []Contact {
	for i := 0; i < len(wishes); {
		if w := wishes[i]; w.instead != nil && !some(all, w.has) {
			wishes = slices.Concat(wishes[:i], w.instead, wishes[i+1:])
			continue
		}
		i++
	}
	return slices.DeleteFunc(slices.Clone(all), func(c Contact) bool { return some(wishes, func(w wish) bool { return !w.has(c) }) })
}

// The invented contacts have few words, so that queries find something, and some that are nearly the same.
var (
	givens   = []string{"Marta", "Martha", "Márta", "Jürgen", "Jurgen", "Øle", "Jean-Pierre", "Işık", "O’Neil", "Ann", "Li"}
	families = []string{"Weber", "Wéber", "Webers", "Großmann", "Gross", "van der Berg", "Łuk", "4711"}
	firms    = []string{"Contoso", "Contoso Gross", "Fabrikam", "Weber & Sohn", "R&D Labs", "Sales.Partners"}
	units    = []string{"Sales", "Sales Europe", "Europe", "Key accounts", ""}
	labels   = []string{"vip", "VIP", "Key account", "presse", "Sales"}
	lines    = []string{"", "", "+33612345678", "+33612399999", "+33145678901"}
)

func drawContact(t *rapid.T, id int) Contact {
	pick := func(what string, from []string) string { return rapid.SampledFrom(from).Draw(t, what) }
	given, family, firm := pick("given", givens), pick("family", families), pick("firm", firms)
	r := Record{Name: given + " " + family, Company: firm, Department: pick("unit", units), Notes: pick("notes", []string{"", "Knows Marta, of Paris.", "c++ (beta)", "24/7 or 06"}),
		Tags: rapid.SliceOfNDistinct(rapid.SampledFrom(labels), 0, 2, rapid.ID[string]).Draw(t, "tags"), Hours: pick("hours", []string{"", "9-17"})}
	if rapid.Bool().Draw(t, "mail") {
		r.Emails = []string{plainly(plainWords(given)[0] + "." + plainWords(family)[0] + "@" + plainWords(firm)[0] + ".example")}
	}
	if line := pick("line", lines); line != "" {
		forms := []string{line, "0" + line[3:], "0" + line[3:5] + " " + line[5:8] + "-" + line[8:], "(0)" + line[3:]}
		r.Phones = []Phone{{Label: Mobile, Number: pick("form", forms), E164: line}}
	}
	if town := pick("town", []string{"", "7 rue Weber\n75011 Paris", "Berg 12"}); town != "" {
		r.Addresses = []Address{{Text: town}}
	}
	return Contact{ID: ID(fmt.Sprintf("c%02d", id)), Book: BookID(pick("book", []string{"p", "q", "r"})), Version: 1, Record: r}
}

// drawPiece invents a piece of a query.
func drawPiece(t *rapid.T) asked {
	source := slices.Concat(givens, families, firms, units, []string{"knows", "example", "presse", "beta", "paris", "12", "75011", "06"})
	w := rapid.SampledFrom(plainWords(strings.Join(source, " "))).Draw(t, "word")
	switch rapid.IntRange(0, 9).Draw(t, "sort") {
	case 0, 1, 2: // part of a word
		from := rapid.IntRange(0, len(w)-1).Draw(t, "from")
		w = w[from:rapid.IntRange(from+1, len(w)).Draw(t, "to")]
	case 3, 4: // a slip
		i := rapid.IntRange(0, len(w)-1).Draw(t, "at")
		w = rapid.SampledFrom([]string{w[:i] + w[i+1:], w[:i] + "x" + w[i:], w[:i] + "x" + w[i+1:], w[:i] + w[len(w)-1:] + w[i:]}).Draw(t, "slip")
	case 5: // a number, however written
		d := rapid.SampledFrom([]string{"06 12 34", "+33612", "0033 6 12", "(612) 3", "0145", "06 1", "3 456", "06 99 12 34", "0612399999"}).Draw(t, "number")
		return drawnNumber(d)
	case 6: // with signs
		c := rapid.SampledFrom([]string{"weber@", "contoso.ex", "ta.web", "jean-pierre", "jean-piere", "o'neil", "r&d", "c++", "24/7", "9-17", "weber,marta", "a.b"}).Draw(t, "signs")
		return asked{c, []wish{{func(p Contact) bool { return hasChunk(p, c) }, wishWords(plainWords(c))}}}
	case 7: // in a row
		row := rapid.SampledFrom([]string{"marta we", "jean pierre", "van der", "der berg", "rue weber", "weber marta", "sales euro"}).Draw(t, "row")
		return asked{`"` + row + `"`, []wish{{func(p Contact) bool { return hasRow(p, plainWords(row)) }, nil}}}
	}
	if w == "" || w == "in" {
		w = "an"
	}
	return asked{w, []wish{wishWord(w)}}
}

func drawnNumber(typed string) asked {
	made := wish{has: func(c Contact) bool { return hasNumber(c, dialled(typed)) }}
	if parts := strings.Fields(typed); len(parts) > 1 {
		made.instead = wishWords(plainWords(typed))
	} else if strings.Trim(typed, "0123456789") == "" {
		return asked{typed, []wish{wishWord(typed)}}
	}
	return asked{typed, []wish{made}}
}

// drawQuery invents a query, its answer, and the answer when the restriction finds nothing.
func drawQuery(t *rapid.T, all []Contact) (string, []Contact) {
	var texts []string
	var wishes []wish
	for range rapid.IntRange(0, 3).Draw(t, "pieces") {
		p := drawPiece(t)
		if len(texts) > 0 && digitsOnly(p.text) && digitsOnly(texts[len(texts)-1]) {
			continue // two numbers in a row may be one
		}
		texts, wishes = append(texts, p.text), append(wishes, p.wishes...)
	}
	restricted, tag := "", ""
	if rapid.IntRange(0, 3).Draw(t, "in") == 0 {
		restricted = rapid.SampledFrom([]string{"sales", "sales eur", "europe sales", "contoso", "pari", "key account", "knows", "nowhere", "berg 1"}).Draw(t, "where")
		texts = append(texts, "in", restricted)
	}
	if rapid.IntRange(0, 4).Draw(t, "tagged") == 0 {
		tag = rapid.SampledFrom([]string{"Vip", "key account", "key", "sales"}).Draw(t, "tag")
		texts = append(texts, `#"`+tag+`"`)
	}
	tagged := func(c Contact) bool {
		return tag == "" || some(c.Tags, func(s string) bool { return plainly(s) == plainly(tag) })
	}
	pick := func(found []Contact) []Contact {
		return slices.DeleteFunc(found, func(c Contact) bool { return !tagged(c) })
	}
	in := wish{has: func(c Contact) bool {
		return restricted == "" || hasRow(c, plainWords(restricted), FieldDepartment, FieldCompany, FieldAddress, FieldTags, FieldJob)
	}}
	found := pick(granted(all, append(slices.Clone(wishes), in)))
	if len(found) == 0 && restricted != "" {
		found = pick(granted(all, slices.Concat(wishes, wishWords(plainWords(restricted)))))
	}
	return strings.Join(texts, " "), found
}

func digitsOnly(s string) bool { return strings.Trim(s, "0123456789 ()-/+.") == "" }

// The index finds what the slow search finds, in an order that depends on nothing but what is in it now.
func TestSearchIsRight(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		x, kept := drawHistory(t)
		fresh := NewIndex()
		for _, c := range kept {
			fresh.Put(acme, c)
		}
		books := rapid.SliceOfN(rapid.SampledFrom([]BookID{"p", "q", "r"}), 1, 4).Draw(t, "books")
		readable := slices.DeleteFunc(kept, func(c Contact) bool { return !slices.Contains(books, c.Book) })
		for range 8 {
			text, want := drawQuery(t, readable)
			hits, total := x.Search(context.Background(), acme, books, ParseQuery(text), 1000)
			got := make([]string, len(hits))
			for i, h := range hits {
				got[i] = string(h.ID)
			}
			slices.Sort(got)
			if diff := gocmp.Diff(sortedIDs(want), got); diff != "" || total != len(want) {
				t.Fatalf("%q, total %d: %s", text, total, diff)
			}
			checkOrder(t, readable, hits)
			again, _ := fresh.Search(context.Background(), acme, books, ParseQuery(text), 1000)
			if diff := gocmp.Diff(hits, again); diff != "" {
				t.Fatalf("%q in an index without a past: %s", text, diff)
			}
			few, _ := x.Search(context.Background(), acme, books, ParseQuery(text), 3)
			if diff := gocmp.Diff(hits[:min(3, len(hits))], few); diff != "" {
				t.Fatalf("%q, the first 3: %s", text, diff)
			}
		}
	})
}

// drawHistory makes an index of contacts that were added, changed and removed.
func drawHistory(t *rapid.T) (*Index, []Contact) {
	x := NewIndex()
	cost := rapid.SampledFrom([]int{0, 1, lookCost}).Draw(t, "lookCost") // from looking at everybody to reading lists alone
	x.spare.New = func() any { return &search{hunt: hunt{lookCost: cost, maxLooks: maxLooks}} }
	x.tenant(acme).often = rapid.SampledFrom([]often{veryOften, {1, 1}, {4, 2}}).Draw(t, "often")
	var kept []Contact
	for i := range rapid.IntRange(0, 30).Draw(t, "contacts") {
		c := drawContact(t, i)
		x.Put(acme, c)
		drawFold(t, x)
		switch rapid.IntRange(0, 4).Draw(t, "then") {
		case 0:
			changed := drawContact(t, i)
			changed.Book, changed.Version = c.Book, 2
			x.Put(acme, changed)
			x.Put(acme, c) // late
			c = changed
		case 1:
			x.Remove(acme, c.Book, c.ID, 2)
			x.Put(acme, c) // late
			continue
		}
		kept = append(kept, c)
		drawFold(t, x)
	}
	return x, kept
}

// drawFold makes a segment now and then: of everything, or of what came since the last one.
func drawFold(t *rapid.T, x *Index) {
	in := x.tenant(acme)
	switch rapid.IntRange(0, 9).Draw(t, "fold") {
	case 0:
		in.fold()
	case 1, 2:
		in.carryOut(in.jobOf(nil, true))
	}
}

func sortedIDs(all []Contact) []string {
	found := make([]string, len(all))
	for i, c := range all {
		found[i] = string(c.ID)
	}
	slices.Sort(found)
	return found
}

func checkOrder(t *rapid.T, all []Contact, hits []Hit) {
	name := map[ID]string{}
	for _, c := range all {
		name[c.ID] = strings.Join(plainWords(c.Name), " ")
	}
	if !slices.IsSortedFunc(hits, func(a, b Hit) int {
		return cmp.Or(b.Score-a.Score, strings.Compare(name[a.ID], name[b.ID]), cmp.Compare(a.ID, b.ID))
	}) {
		t.Fatalf("out of order: %v", hits)
	}
}
