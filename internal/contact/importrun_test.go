package contact_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// portion is how many rows an import deals with in one transaction.
const portion = 100

// long are the lines of a file of several portions.
func long(n int) (lines []string) {
	for i := range n {
		lines = append(lines, fmt.Sprintf("Person %d; p%d@contoso.example; Company %d", i, i, i%7))
	}
	return lines
}

// What the caller may not do is left, and told.
func TestImportRights(t *testing.T) {
	t.Parallel()
	for _, at := range []struct {
		what  string
		may   contact.Rights
		tally contact.Tally
		fails string
	}{
		{"everything", contact.Rights{Add: true, Modify: true}, contact.Tally{New: 1, Changed: 1, Same: 1}, ""},
		{"only add", contact.Rights{Add: true}, contact.Tally{New: 1, Kept: 1, Same: 1}, ""},
		{"only modify", contact.Rights{Modify: true}, contact.Tally{Kept: 1, Changed: 1, Same: 1}, ""},
		{"only delete", contact.Rights{Delete: true}, contact.Tally{}, "contact.denied_add"},
	} {
		t.Run(at.what, func(t *testing.T) {
			t.Parallel()
			x := newImporter(t)
			x.add(in(ana, sales), x.book, row(1, "Ida Weber; ida@contoso.example; Contoso").Record)
			x.add(in(ana, sales), x.book, row(1, "Jo Adler; jo@contoso.example").Record)
			x.allow(bob, at.may)
			lines := []string{"Ida Weber; ida@contoso.example; Fabrikam", "Jo Adler; jo@contoso.example", "Kim Noor; kim@contoso.example"}
			if at.fails != "" {
				_, err := x.Imports.Look(t.Context(), in(bob, sales), contact.ImportWish{Book: x.book}, file(lines...))
				refused(t, err, fault.Denied, at.fails)
				return
			}
			same(t, "what was done", at.tally, x.bring(in(bob, sales), lines...).Made)
		})
	}
}

// allow says what somebody may do in the book.
func (x *importer) allow(p identity.Person, may contact.Rights) {
	x.t.Helper()
	k := must(x.memory.Book(x.t.Context(), contoso, x.book))(x.t)
	k.Mode, k.Rights, k.Version = contact.PerMember, map[identity.Person]contact.Rights{p: may}, k.Version+1
	must(0, x.memory.SaveBook(x.t.Context(), contoso, k))(x.t)
}

// An export that comes back into its book replaces what it says, found by its ids; what others changed since it was looked at stays.
func TestImportByID(t *testing.T) {
	t.Parallel()
	x := newImporter(t)
	c := x.add(in(ana, sales), x.book, row(1, "Ida Weber; ida@contoso.example; Contoso; #vip").Record)
	foreign := x.add(in(bob, press), "", row(1, "Jo Adler; jo@contoso.example").Record)
	lines := []string{"Ida Adler; @" + string(c.Contact) + "; new@contoso.example", "Jo Adler; @" + string(foreign.Contact) + "; jo@contoso.example", "Kim Noor; @nobody"}
	done := x.bring(in(bob, sales), lines...)
	same(t, "what was done", contact.Tally{New: 2, Changed: 1}, done.Made)
	same(t, "the book", []string{"Ida Adler; new@contoso.example; Contoso; #vip", "Jo Adler; jo@contoso.example", "Kim Noor"}, x.contents())
	same(t, "again", contact.Tally{Same: 3}, x.bring(in(bob, sales), lines...).Made)
}

func TestImportKeepsWhatOthersChanged(t *testing.T) {
	t.Parallel()
	x := newImporter(t)
	c := x.add(in(ana, sales), x.book, row(1, "Ida Weber; ida@contoso.example; Contoso").Record)
	x.now = x.now.Add(time.Minute)
	looked := x.look(in(bob, sales), "Ida Weber; ida@contoso.example; Fabrikam", "Jo Adler; jo@contoso.example; Fabrikam", "Kim Noor; kim@contoso.example")
	same(t, "what looking told", contact.Tally{New: 2, Changed: 1}, looked.Found)
	x.now = x.now.Add(time.Minute)
	must(x.Edit(t.Context(), in(ana, sales), c.Contact, 1, row(1, "Ida Weber; ida@contoso.example; Northwind").Record, x.deed()))(t)
	x.add(in(ana, sales), x.book, row(1, "Jo Adler; jo@contoso.example; Northwind").Record)
	done := x.run(x.start(in(bob, sales), looked.ID))
	same(t, "what was done", contact.Tally{New: 1, Kept: 2}, done.Made)
	same(t, "the book", []string{"Ida Weber; ida@contoso.example; Northwind", "Jo Adler; jo@contoso.example; Northwind", "Kim Noor; kim@contoso.example"}, x.contents())
}

// Undoing leaves alone what somebody changed since, and takes back what is taken back once.
func TestUndoImport(t *testing.T) {
	t.Parallel()
	x := newImporter(t)
	x.add(in(ana, sales), x.book, row(1, "Ida Weber; ida@contoso.example").Record)
	done := x.bring(in(bob, sales), "Ida Weber; ida@contoso.example; Contoso", "Jo Adler; jo@contoso.example", "Kim Noor; kim@contoso.example", "Lu Han; lu@contoso.example")
	last := must(x.Last(t.Context(), in(bob, sales)))(t)
	same(t, "the last step", contact.ChangeID(done.ID), last.ID.Step())
	for name, change := range map[string]func(contact.Contact){
		"Jo Adler": func(c contact.Contact) {
			must(x.Edit(t.Context(), in(ana, sales), c.ID, c.Version, row(1, "Jo Adler; jo@contoso.example; Fabrikam").Record, x.deed()))(t)
		},
		"Kim Noor": func(c contact.Contact) { must(x.Delete(t.Context(), in(ana, sales), c.ID, c.Version, x.deed()))(t) },
	} {
		f := must(x.Find(t.Context(), in(ana, sales), contact.ParseQuery(name), 0, 1))(t)
		change(f.Entries[0].Contact)
	}
	_, _, err := x.Imports.Undo(t.Context(), in(ana, sales), done.ID, "")
	refused(t, err, fault.Denied, "contact.import_theirs")
	undone := x.undo(in(bob, sales), done.ID)
	same(t, "taken back and left", []int{2, 2}, []int{undone.Back, undone.Stayed})
	same(t, "the book", []string{"Ida Weber; ida@contoso.example", "Jo Adler; jo@contoso.example; Fabrikam"}, x.contents())
	again, run, err := x.Imports.Undo(t.Context(), in(bob, sales), done.ID, "")
	if err != nil || run != nil || again.State != contact.ImportUndone {
		t.Errorf("once more: %+v %v %v", again, run, err)
	}
	_, err = x.Last(t.Context(), in(bob, sales))
	refused(t, err, fault.NotFound, "contact.no_change")
	x.allow(bob, contact.Rights{Add: true})
	_, _, err = x.Imports.Undo(t.Context(), in(bob, sales), x.bring(in(bob, sales), "Mo Diaz").ID, "")
	refused(t, err, fault.Denied, "contact.denied_delete")
}

// What somebody does at the wrong moment has a sentence, or no effect.
func TestImportAtTheWrongMoment(t *testing.T) {
	t.Parallel()
	x := newImporter(t)
	ctx, who := t.Context(), in(bob, sales)
	looked, other := x.look(who, long(600)...), x.look(in(ana, sales), "Jo Adler")
	_, _, err := x.Imports.Undo(ctx, who, looked.ID, "")
	refused(t, err, fault.Invalid, "contact.import_idle")
	_, err = x.Imports.Import(ctx, in(eve, sales), looked.ID)
	refused(t, err, fault.Denied, "contact.import_theirs")
	_, err = x.Imports.Import(ctx, who, "nothing")
	refused(t, err, fault.NotFound, "contact.import_gone")
	run := x.start(who, looked.ID)
	if _, second, err := x.Imports.Start(ctx, who, looked.ID, "card"); err != nil || second != nil {
		t.Errorf("started twice: %v %v", second, err)
	}
	_, _, err = x.Imports.Start(ctx, in(ana, sales), other.ID, "card")
	refused(t, err, fault.Busy, "contact.import_busy")
	_, _, err = x.Imports.Undo(ctx, who, looked.ID, "")
	refused(t, err, fault.Invalid, "contact.import_running")
	told := 0
	err = run.Run(ctx, func(now contact.Import) {
		if told++; told == 1 {
			must(x.Imports.Cancel(ctx, who, now.ID))(t)
			_, _, err := x.Imports.Undo(ctx, who, now.ID, "")
			refused(t, err, fault.Busy, "contact.import_running")
		}
	})
	done := run.Import()
	if err != nil || done.State != contact.ImportCancelled || done.Made != (contact.Tally{New: portion}) || len(x.contents()) != portion {
		t.Errorf("cancelled: %v %+v", err, done)
	}
	if same, run, err := x.Imports.Start(ctx, who, looked.ID, ""); err != nil || run != nil || same.State != contact.ImportCancelled {
		t.Errorf("started after it was cancelled: %+v %v", same, err)
	}
	x.run(x.start(in(ana, sales), other.ID))
	undone := x.undo(who, looked.ID)
	same(t, "taken back", portion, undone.Back)
	same(t, "the book", []string{"Jo Adler"}, x.contents())
	_, err = x.Imports.Look(ctx, who, contact.ImportWish{Book: x.book}, file())
	refused(t, err, fault.Invalid, "contact.import_nothing")
	x.now = x.now.Add(contact.ImportWaits)
	_, err = x.Imports.Import(ctx, who, x.look(who, "Kim Noor").ID)
	if err != nil {
		t.Errorf("a new one: %v", err)
	}
}

// Whoever may no longer go on ends the import; a full disk only stops it.
func TestImportMeanwhile(t *testing.T) {
	t.Parallel()
	full := fault.New(fault.Busy, "store.ImportSome", "store.full")
	for _, at := range []struct {
		what  string
		do    func(*importer)
		kind  fault.Kind
		text  string
		state contact.ImportState
		after func(*importer)
	}{
		{"the book is gone", func(x *importer) { x.removed() }, fault.NotFound, "book.not_found", contact.ImportCancelled, nil},
		{"the caller left", func(x *importer) { x.roster.Set(contoso, bob, sales, identity.None) }, fault.NotFound, "book.not_found", contact.ImportCancelled, nil},
		{"the caller may only read", func(x *importer) { x.allow(bob, contact.Rights{}) }, fault.Denied, "contact.denied_add", contact.ImportCancelled, nil},
		{"the disk is full", func(x *importer) { x.memory.Full(full) }, fault.Busy, "store.full", contact.ImportRunning, func(x *importer) { x.memory.Full(nil) }},
	} {
		t.Run(at.what, func(t *testing.T) {
			t.Parallel()
			x := newImporter(t)
			run := x.start(in(bob, sales), x.look(in(bob, sales), long(600)...).ID)
			told := 0
			err := run.Run(t.Context(), func(contact.Import) {
				if told++; told == 1 {
					at.do(x)
				}
			})
			var f *fault.Error
			if !errors.As(err, &f) || f.Kind != at.kind || f.Text != at.text {
				t.Errorf("got %v", err)
			}
			if at.after != nil {
				at.after(x)
			}
			now := must(x.memory.Import(t.Context(), contoso, run.Import().ID))(t)
			same(t, "the state", at.state, now.State)
			same(t, "what was done stays", contact.Tally{New: portion}, now.Made)
			if at.state == contact.ImportRunning {
				same(t, "after going on", contact.Tally{New: 600}, x.run(x.start(in(bob, sales), now.ID)).Made)
			}
		})
	}
}

func (x *importer) removed() {
	k := must(x.memory.Book(x.t.Context(), contoso, x.book))(x.t)
	k.Removed, k.Version = &contact.Stamp{At: x.now}, k.Version+1
	must(0, x.memory.SaveBook(x.t.Context(), contoso, k))(x.t)
}

// The operator is asked for no rights, and their changes are nobody's.
func TestOperatorImports(t *testing.T) {
	t.Parallel()
	x := newImporter(t)
	ctx, who := t.Context(), identity.Caller{Tenant: contoso}
	looked := must(x.Imports.Look(ctx, who, contact.ImportWish{Book: x.book, Operator: true}, file("Ida Weber")))(t)
	done := x.run(x.start(who, looked.ID))
	same(t, "what was done", contact.Tally{New: 1}, done.Made)
	_, err := x.Imports.Import(ctx, in(ana, sales), done.ID)
	refused(t, err, fault.Denied, "contact.import_theirs")
	for _, wish := range []contact.ImportWish{{Book: x.book}, {Operator: true}, {Operator: true, Book: "nothing"}} {
		caller := who
		if wish.Operator && wish.Book == "" {
			caller = in(ana, sales)
		}
		if _, err := x.Imports.Look(ctx, caller, wish, file("Ida Weber")); err == nil {
			t.Errorf("looked: %+v", wish)
		}
	}
	same(t, "taken back", 1, x.undo(who, done.ID).Back)
}

// flaky is a shelf of imports that fails when it is told to, before or after it did something.
type flaky struct {
	contact.ImportShelf
	left  int // calls of ImportSome until the next one fails
	after bool
}

var errCut = errors.New("the process ended")

func (f *flaky) ImportSome(ctx context.Context, t identity.Tenant, id contact.ImportID, s contact.Step, change func(*contact.Import) error) (contact.Import, []contact.Change, error) {
	f.left--
	if f.left == 0 && !f.after {
		return contact.Import{}, nil, errCut
	}
	now, made, err := f.ImportShelf.ImportSome(ctx, t, id, s, change)
	if f.left == 0 {
		return contact.Import{}, nil, errCut
	}
	return now, made, err
}

// However often the process ends in the middle of an import, and of taking it back, the result is the same as without.
func TestImportIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	lines := long(700)
	for i := 0; i < 700; i += 9 { // rows about contacts of earlier and later portions
		lines[i] = fmt.Sprintf("Person %d; p%d@contoso.example; #again", i, (i*31)%700)
	}
	whole := newImporter(t)
	whole.add(in(ana, sales), whole.book, row(1, "Person 3; p3@contoso.example").Record)
	want := whole.bring(in(bob, sales), lines...)
	contents := whole.contents()
	for _, after := range []bool{false, true} {
		for at := 1; at <= 3; at++ {
			x := newImporter(t)
			x.add(in(ana, sales), x.book, row(1, "Person 3; p3@contoso.example").Record)
			x.now = x.now.Add(time.Minute)
			looked := x.look(in(bob, sales), lines...)
			x.cut(at, after)
			err := x.start(in(bob, sales), looked.ID).Run(t.Context(), func(contact.Import) {})
			done := x.resume(looked.ID, err)
			same(t, "what was done", []any{contact.ImportDone, want.Rows, want.Made.New, want.Changes}, []any{done.State, done.Past, done.Made.New, done.Changes})
			same(t, "the book", contents, x.contents())
			same(t, "again", contact.Tally{Same: 700}, x.bring(in(bob, sales), lines...).Made)
			x.cut(at, after)
			_, run, err := x.Imports.Undo(t.Context(), in(bob, sales), done.ID, "")
			if err != nil {
				t.Fatal(err)
			}
			undone := x.resume(done.ID, run.Run(t.Context(), func(contact.Import) {}))
			same(t, "taken back", []int{want.Changes, 0}, []int{undone.Back, undone.Stayed})
			same(t, "after undoing", []string{"Person 3; p3@contoso.example"}, x.contents())
		}
	}
}

// cut lets the process end in a portion.
func (x *importer) cut(at int, after bool) {
	x.Imports = contact.NewImports(contact.ImportsConfig{Books: x.Books, Shelf: &flaky{x.memory, at, after}})
}

// resume is another process that goes on, unless only the answer was lost that it is done.
func (x *importer) resume(id contact.ImportID, cut error) contact.Import {
	x.t.Helper()
	if !errors.Is(cut, errCut) {
		x.t.Fatalf("it was not cut: %v", cut)
	}
	x.Books = contact.New(x.config(contact.NewIndex()))
	x.Imports = contact.NewImports(contact.ImportsConfig{Books: x.Books, Shelf: x.memory})
	runs := must(x.Imports.Resume(x.t.Context()))(x.t)
	if now := must(x.memory.Import(x.t.Context(), contoso, id))(x.t); now.State.Ended() && len(runs) == 0 {
		return now
	}
	if len(runs) != 1 {
		x.t.Fatalf("%d runs", len(runs))
	}
	return x.run(runs[0])
}

// Whatever is in a book and in a file: the preview tells what happens, the same file changes nothing when it comes again, and
// undoing gives back what was. Addresses and numbers are a person's own.
func TestImportProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		x := newImporter(t)
		used := map[int]bool{}
		for range rapid.IntRange(0, 5).Draw(r, "has") {
			if person := rapid.IntRange(0, 8).Draw(r, "person"); !used[person] {
				used[person] = true
				x.add(in(ana, sales), x.book, row(1, anybody(r, person)).Record)
			}
		}
		before := x.contents()
		var lines []string
		for range rapid.IntRange(1, 12).Draw(r, "rows") {
			lines = append(lines, anybody(r, rapid.IntRange(0, 8).Draw(r, "person")))
		}
		x.now = x.now.Add(time.Minute)
		looked := x.look(in(bob, sales), lines...)
		x.now = x.now.Add(time.Minute)
		done := x.run(x.start(in(bob, sales), looked.ID))
		after := x.contents()
		again := x.bring(in(bob, sales), lines...)
		same(t, "again", contact.Tally{Same: len(lines)}, again.Made)
		same(t, "what looking told", looked.Found, done.Made)
		same(t, "the book after the second time", after, x.contents())
		if done.Changes > 0 {
			same(t, "left", 0, x.undo(in(bob, sales), done.ID).Stayed)
		}
		same(t, "after undoing", before, x.contents())
		if t.Failed() {
			r.Fatalf("has %q, file %q", before, lines)
		}
	})
}

// anybody is what is known of a person: those below 6 have an address, the next a number, the last a name.
func anybody(r *rapid.T, person int) string {
	parts := []string{fmt.Sprintf("Person %d", person)}
	switch {
	case person < 6:
		parts[0] += rapid.SampledFrom([]string{"", " Adler", " Weber"}).Draw(r, "name")
		parts = append(parts, fmt.Sprintf("p%d@contoso.example", person))
		if rapid.Bool().Draw(r, "second") {
			parts = append(parts, fmt.Sprintf("second%d@contoso.example", person))
		}
	case person < 8:
		parts = append(parts, fmt.Sprintf("+3363998000%d", person))
	}
	if rapid.Bool().Draw(r, "works") {
		parts = append(parts, rapid.SampledFrom([]string{"Contoso", "Fabrikam"}).Draw(r, "company"))
	}
	if rapid.Bool().Draw(r, "tagged") {
		parts = append(parts, rapid.SampledFrom([]string{"#vip", "#night"}).Draw(r, "tag"))
	}
	return strings.Join(parts, "; ")
}

// A copy of a book in an empty one has the same contacts.
func TestCopyOfABook(t *testing.T) {
	t.Parallel()
	x := newImporter(t)
	x.bring(in(bob, sales), slices.Concat(long(20), []string{"Ida Weber; #vip", "Ida Weber; Contoso", "Jo Adler; +33639980001"})...)
	var rows []contact.Row
	must(0, x.memory.Each(t.Context(), contoso, func(c contact.Contact) error {
		rows = append(rows, contact.Row{Number: len(rows) + 2, ID: c.ID, Record: c.Record})
		return nil
	}))(t)
	want := x.contents()
	looked := must(x.Imports.Look(t.Context(), in(bob, press), contact.ImportWish{}, func(take func(contact.Row) error) error {
		for _, r := range rows {
			if err := take(r); err != nil {
				return err
			}
		}
		return nil
	}))(t)
	x.book = looked.Book
	same(t, "what was done", contact.Tally{New: len(rows)}, x.run(x.start(in(bob, press), looked.ID)).Made)
	same(t, "the copy", want, x.contents())
}
