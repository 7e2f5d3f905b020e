package contact_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"teamspro/internal/contact"
	"teamspro/internal/identity"
)

// importer is the use cases of imports on a world.
type importer struct {
	*world
	*contact.Imports
	book contact.BookID
}

// newImporter has a book of the sales team's, and a clock that moves by a second when it is asked.
func newImporter(t *testing.T) *importer {
	t.Helper()
	w := newWorld(t)
	x := &importer{world: w, Imports: contact.NewImports(contact.ImportsConfig{Books: w.Books, Shelf: w.memory})}
	x.book = must(w.Ensure(t.Context(), in(ana, sales)))(t).ID
	return x
}

// row reads "name; e-mail; phone; company; #tag" with "@7" for the id; parts may be missing.
func row(number int, text string) contact.Row {
	r := contact.Row{Number: number, Fields: []contact.Field{contact.FieldName}}
	for i, part := range strings.Split(text, ";") {
		part = strings.TrimSpace(part)
		switch {
		case part == "!":
			r.Problems = []contact.Problem{{Field: contact.FieldEmail, Text: "record.email", Args: []any{"Value", "no address"}}}
		case i == 0:
			r.Record.Name = part
		case strings.HasPrefix(part, "@"):
			r.ID = contact.ID(part[1:])
		case strings.Contains(part, "@"):
			r.Record.Emails, r.Fields = append(r.Record.Emails, part), append(r.Fields, contact.FieldEmail)
		case strings.HasPrefix(part, "+"):
			r.Record.Phones, r.Fields = append(r.Record.Phones, contact.Phone{Label: contact.Mobile, Number: part}), append(r.Fields, contact.FieldMobile)
		case strings.HasPrefix(part, "#"):
			r.Record.Tags, r.Fields = append(r.Record.Tags, part[1:]), append(r.Fields, contact.FieldTags)
		case part != "":
			r.Record.Company, r.Fields = part, append(r.Fields, contact.FieldCompany)
		}
	}
	r.Record, _ = contact.Checker{Region: "FR"}.Check(r.Record)
	return r
}

func file(lines ...string) func(func(contact.Row) error) error {
	return func(take func(contact.Row) error) error {
		for i, line := range lines {
			if err := take(row(i+2, line)); err != nil {
				return err
			}
		}
		return nil
	}
}

func (x *importer) look(who identity.Caller, lines ...string) contact.Import {
	x.t.Helper()
	return must(x.Imports.Look(x.t.Context(), who, contact.ImportWish{Book: x.book, Format: "csv"}, file(lines...)))(x.t)
}

func (x *importer) start(who identity.Caller, id contact.ImportID) *contact.ImportRun {
	x.t.Helper()
	_, run, err := x.Imports.Start(x.t.Context(), who, id, "card")
	if err != nil || run == nil {
		x.t.Fatalf("no run: %v", err)
	}
	return run
}

func (x *importer) run(run *contact.ImportRun) contact.Import {
	x.t.Helper()
	if err := run.Run(x.t.Context(), func(contact.Import) {}); err != nil {
		x.t.Fatal(err)
	}
	return run.Import()
}

// bring looks at a file and imports it.
func (x *importer) bring(who identity.Caller, lines ...string) contact.Import {
	x.t.Helper()
	x.now = x.now.Add(time.Minute)
	return x.run(x.start(who, x.look(who, lines...).ID))
}

func (x *importer) undo(who identity.Caller, id contact.ImportID) contact.Import {
	x.t.Helper()
	_, run, err := x.Imports.Undo(x.t.Context(), who, id, "")
	if err != nil || run == nil {
		x.t.Fatalf("no run: %v", err)
	}
	return x.run(run)
}

// contents are the contacts of the book, in words.
func (x *importer) contents() []string {
	x.t.Helper()
	var all []string
	err := x.memory.Each(x.t.Context(), contoso, func(c contact.Contact) error {
		if c.Book == x.book {
			all = append(all, words(c.Record))
		}
		return nil
	})
	if err != nil {
		x.t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

func words(r contact.Record) string {
	parts := append([]string{r.Name}, r.Emails...)
	for _, p := range r.Phones {
		parts = append(parts, p.Number)
	}
	if r.Company != "" {
		parts = append(parts, r.Company)
	}
	for _, tag := range r.Tags {
		parts = append(parts, "#"+tag)
	}
	return strings.Join(parts, "; ")
}

// What a file makes of a book, by what is in both.
func TestImport(t *testing.T) {
	t.Parallel()
	for _, at := range []struct {
		what  string
		has   []string
		file  []string
		tally contact.Tally
		then  []string
	}{
		{"new", nil, []string{"Ida Weber; ida@contoso.example", "Jo Adler"}, contact.Tally{New: 2}, []string{"Ida Weber; ida@contoso.example", "Jo Adler"}},
		{"the same", []string{"Ida Weber; ida@contoso.example; Contoso"}, []string{"Ida Weber; ida@contoso.example"}, contact.Tally{Same: 1}, []string{"Ida Weber; ida@contoso.example; Contoso"}},
		{"by e-mail, in any case", []string{"Ida Weber; ida@contoso.example; Contoso"}, []string{"Ida Adler; IDA@Contoso.example; Fabrikam; #vip"}, contact.Tally{Changed: 1},
			[]string{"Ida Adler; ida@contoso.example; Fabrikam; #vip"}},
		{"by any e-mail", []string{"Ida Weber; ida@contoso.example; i.weber@contoso.example"}, []string{"Ida Weber; new@contoso.example; i.weber@contoso.example"}, contact.Tally{Changed: 1},
			[]string{"Ida Weber; ida@contoso.example; i.weber@contoso.example; new@contoso.example"}},
		{"by phone and name", []string{"Ida Weber; +33 6 39 98 00 01"}, []string{"ida wéber; +33639980001; Contoso"}, contact.Tally{Changed: 1}, []string{"ida wéber; +33 6 39 98 00 01; Contoso"}},
		{"a phone alone is nobody's", []string{"Ida Weber; +33 6 39 98 00 01"}, []string{"Jo Adler; +33639980001"}, contact.Tally{New: 1}, []string{"Ida Weber; +33 6 39 98 00 01", "Jo Adler; +33639980001"}},
		{"a name alone is nobody's, unless nothing is new", []string{"Ida Weber; Contoso"}, []string{"Ida Weber; Contoso", "Ida Weber; Fabrikam", "Ida Weber"}, contact.Tally{New: 1, Same: 2},
			[]string{"Ida Weber; Contoso", "Ida Weber; Fabrikam"}},
		{"two rows for one", nil, []string{"Ida Weber; ida@contoso.example; Contoso", "Jo Adler; jo@contoso.example", "Ida Adler; ida@contoso.example; +33639980001", "Ida Adler; ida@contoso.example"},
			contact.Tally{New: 2, Changed: 1, Same: 1}, []string{"Ida Adler; ida@contoso.example; +33639980001; Contoso", "Jo Adler; jo@contoso.example"}},
		{"two rows that say the same", nil, []string{"Jo Adler; Contoso", "Jo Adler; Contoso"}, contact.Tally{New: 1, Same: 1}, []string{"Jo Adler; Contoso"}},
		{"a file that contradicts itself", []string{"Ida Weber; ida@contoso.example"}, []string{"Ida Adler; ida@contoso.example", "Ida Weber; ida@contoso.example"}, contact.Tally{Same: 2},
			[]string{"Ida Weber; ida@contoso.example"}},
		{"bad rows", nil, []string{"Ida Weber; !", "Jo Adler; jo@contoso.example", "!"}, contact.Tally{New: 1, Bad: 2}, []string{"Jo Adler; jo@contoso.example"}},
		{"only bad rows", nil, []string{"Ida Weber; !"}, contact.Tally{Bad: 1}, nil},
	} {
		t.Run(at.what, func(t *testing.T) {
			t.Parallel()
			x := newImporter(t)
			for i, line := range at.has {
				x.add(in(ana, sales), x.book, row(i, line).Record)
			}
			before := x.contents()
			x.now = x.now.Add(time.Minute)
			looked := x.look(in(bob, sales), at.file...)
			same(t, "what looking told", at.tally, looked.Found)
			same(t, "after looking", before, x.contents())
			x.now = x.now.Add(time.Minute)
			done := x.run(x.start(in(bob, sales), looked.ID))
			same(t, "what was done", at.tally, done.Made)
			same(t, "the state", contact.ImportDone, done.State)
			same(t, "the book", at.then, x.contents())
			again := x.bring(in(bob, sales), at.file...)
			same(t, "the same file again", contact.Tally{Same: len(at.file) - at.tally.Bad, Bad: at.tally.Bad}, again.Made)
			if done.Changes > 0 {
				undone := x.undo(in(bob, sales), done.ID)
				same(t, "taken back", []int{done.Changes, 0}, []int{undone.Back, undone.Stayed})
			}
			same(t, "after undoing", before, x.contents())
		})
	}
}
