package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// runImports tests steps of several changes, and imports where the store has them.
func runImports(t *testing.T, open func(t testing.TB) Ports) {
	for name, test := range map[string]func(*testing.T, Ports){
		"a step is carried out whole, once":            testStep,
		"a step that is refused leaves nothing":        testStepRefused,
		"a step is one thing that somebody did":        testStepDone,
		"an import comes back as it was":               testImport,
		"rows come back in their order":                testRows,
		"an import changes with its portion, or not":   testImportSome,
		"imports that are too old are gone":            testOldImports,
		"previews of a person make room":               testPreviews,
		"imports at work are found":                    testOpenImports,
		"a refused change of an import leaves nothing": testImportRefused,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if p := open(t); p.Imports != nil {
				test(t, p)
			}
		})
	}
}

// stepOf is a step that adds contacts, numbered from a place on.
func stepOf(id contact.ChangeID, from int, contacts ...contact.ID) contact.Step {
	s := contact.Step{ID: id, By: ines, At: at(5), Deed: identity.Deed{Surface: "import"}}
	for i, c := range contacts {
		s.Changes = append(s.Changes, contact.Change{ID: contact.StepChange(id, from+i), Act: contact.Added, Contact: c, Book: "book", Version: 1, After: record("Marta " + string(c))})
	}
	return s
}

func applyAll(t *testing.T, p Ports, s contact.Step) []contact.Change {
	t.Helper()
	made, err := p.Shelf.ApplyAll(t.Context(), north, s)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func testStep(t *testing.T, p Ports) {
	ctx := t.Context()
	first := applyAll(t, p, stepOf("s1", 1, "c1", "c2"))
	applyAll(t, p, stepOf("s10", 1, "x1")) // whose changes begin alike
	stamp, err := p.Journal.Stamp(ctx, north)
	want(t, "stamped", 0, err, 0)
	again := applyAll(t, p, stepOf("s1", 1, "c1", "c2"))
	want(t, "again", again, nil, first)
	since, err := p.Journal.Since(ctx, north, stamp)
	want(t, "since then", since, err, nil)
	applyAll(t, p, stepOf("s1", 2, "c2", "c3")) // one of them was made before
	all, err := p.Chronicle.Step(ctx, north, "s1", "", 10)
	want(t, "the step", changeIDs(all), err, []contact.ChangeID{"s1.00000001", "s1.00000002", "s1.00000003"})
	for _, c := range all {
		if c.By != ines || !c.At.Equal(at(5)) || c.Deed.Surface != "import" || c.After == nil {
			t.Errorf("a change of the step: %+v", c)
		}
	}
	rest, err := p.Chronicle.Step(ctx, north, "s1", all[0].ID, 1)
	want(t, "what follows", changeIDs(rest), err, []contact.ChangeID{"s1.00000002"})
	none, err := p.Chronicle.Step(ctx, north, "s2", "", 10)
	want(t, "a step that is none", none, err, nil)
	none, err = p.Chronicle.Step(ctx, south, "s1", "", 10)
	want(t, "elsewhere", none, err, nil)
	history, err := p.Chronicle.History(ctx, north, "c1", 10)
	want(t, "the history", changeIDs(history), err, []contact.ChangeID{"s1.00000001"})
}

func testStepRefused(t *testing.T, p Ports) {
	ctx := t.Context()
	apply(t, p, north, change(contact.Added, "there", 1, 1, record("Timur Ates")))
	stamp, err := p.Journal.Stamp(ctx, north)
	want(t, "stamped", 0, err, 0)
	_, err = p.Shelf.ApplyAll(ctx, north, stepOf("s1", 1, "c1", "there"))
	wantKind(t, "one of them is there", err, fault.Stale)
	edit := stepOf("s1", 1, "c1", "missing")
	edit.Changes[1].Act, edit.Changes[1].Version = contact.Edited, 2
	_, err = p.Shelf.ApplyAll(ctx, north, edit)
	wantKind(t, "one of them is missing", err, fault.NotFound)
	left, err := p.Shelf.Contacts(ctx, north, []contact.ID{"c1"})
	want(t, "the others", left, err, nil)
	since, err := p.Journal.Since(ctx, north, stamp)
	want(t, "since then", since, err, nil)
}

func testStepDone(t *testing.T, p Ports) {
	ctx := t.Context()
	apply(t, p, north, change(contact.Added, "before", 1, 1, record("Timur Ates")))
	applyAll(t, p, stepOf("s1", 1, "c1"))
	applyAll(t, p, stepOf("s1", 2, "c2"))
	marked, err := p.Marks.Marked(ctx, north, ines)
	want(t, "done", marked.Done, err, []contact.ChangeID{"before-added-1", "s1"})
	back := contact.Step{ID: "s1-undo", By: ines, At: at(6), Undoes: "s1", Changes: []contact.Change{
		{ID: "s1-undo.00000001", Act: contact.Deleted, Contact: "c1", Book: "book", Version: 2, Before: record("Marta c1"), Undoes: "s1.00000001"}}}
	made := applyAll(t, p, back)
	if len(made) != 1 || made[0].Undoes != "s1.00000001" || made[0].Before == nil {
		t.Errorf("taken back: %+v", made)
	}
	marked, err = p.Marks.Marked(ctx, north, ines)
	want(t, "done, after it was taken back", marked.Done, err, []contact.ChangeID{"before-added-1"})
}

// importOf is an import that was looked at a minute ago.
func importOf(id contact.ImportID, state contact.ImportState) contact.Import {
	return contact.Import{ID: id, Tenant: north, Book: "book", By: ines, Where: identity.Reference{Conversation: sales, App: "app", ServiceURL: "https://smba.example/"},
		Thread: string(sales) + ";messageid=1", State: state, Format: "csv", Rows: 7, Found: contact.Tally{New: 3, Changed: 1, Same: 1, Kept: 1, Bad: 1},
		Bad: []contact.BadRow{{Number: 4, Problem: contact.Problem{Field: contact.FieldName, Text: "record.too_long", Args: []any{"Max", 100, "Value", "Q"}}}},
		At:  time.Now().UTC().Add(-time.Minute).Truncate(0)}
}

func addImport(t *testing.T, p Ports, i contact.Import) {
	t.Helper()
	if err := p.Imports.AddImport(t.Context(), north, i); err != nil {
		t.Fatal(err)
	}
}

func testImport(t *testing.T, p Ports) {
	ctx := t.Context()
	one := importOf("one", contact.ImportReady)
	addImport(t, p, one)
	wantKind(t, "the same id", p.Imports.AddImport(ctx, north, one), fault.Stale)
	got, err := p.Imports.Import(ctx, north, "one")
	want(t, "as it was", got, err, one)
	one.State, one.Card, one.Past, one.Made, one.Changes = contact.ImportRunning, "card", 4, contact.Tally{New: 2}, 2
	one.Back, one.Stayed, one.Ended = 1, 1, at(7)
	got, err = p.Imports.ChangeImport(ctx, north, "one", func(i *contact.Import) error { *i = one; return nil })
	want(t, "changed", got, err, one)
	got, err = p.Imports.Import(ctx, north, "one")
	want(t, "after the change", got, err, one)
	_, err = p.Imports.Import(ctx, south, "one")
	wantKind(t, "elsewhere", err, fault.NotFound)
	if err := p.Imports.DropImport(ctx, north, "one"); err != nil {
		t.Error(err)
	}
	_, err = p.Imports.Import(ctx, north, "one")
	wantKind(t, "dropped", err, fault.NotFound)
	if err := p.Imports.DropImport(ctx, north, "one"); err != nil {
		t.Errorf("dropped twice: %v", err)
	}
}

// rowOf is a row with something in every field that is kept.
func rowOf(n int) contact.Row {
	return contact.Row{Number: n + 2, ID: contact.ID(fmt.Sprint("foreign ", n)), Fields: []contact.Field{contact.FieldName, contact.FieldNotes},
		Record: contact.Record{Kind: contact.Function, Name: fmt.Sprint("Desk ", n), Emails: []string{"desk@ferry.example"}, Notes: "one\ntwo \"<&>\""}}
}

func stage(t *testing.T, p Ports, id contact.ImportID, from, to int) (rows []contact.Row) {
	t.Helper()
	for n := from; n < to; n++ {
		rows = append(rows, rowOf(n))
	}
	if err := p.Imports.StageRows(t.Context(), north, id, rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

func testRows(t *testing.T, p Ports) {
	ctx := t.Context()
	addImport(t, p, importOf("one", contact.ImportReading))
	addImport(t, p, importOf("two", contact.ImportReading))
	all := stage(t, p, "one", 0, 260)
	stage(t, p, "two", 1000, 1010)
	all = append(all, stage(t, p, "one", 260, 700)...)
	for _, at := range []struct{ from, limit int }{{0, 250}, {0, 1}, {249, 2}, {259, 3}, {100, 500}, {690, 100}, {700, 5}, {9000, 5}} {
		got, err := p.Imports.StagedRows(ctx, north, "one", at.from, at.limit)
		want(t, fmt.Sprintf("%d from %d", at.limit, at.from), got, err, all[min(at.from, 700):min(at.from+at.limit, 700)])
	}
	got, err := p.Imports.StagedRows(ctx, north, "nothing", 0, 5)
	want(t, "of nothing", got, err, nil)
	long := rowOf(1)
	long.Record.Notes = strings.Repeat("x", 600_000) // nobody writes so much; it is kept in a value of its own all the same
	if err := p.Imports.StageRows(ctx, north, "two", []contact.Row{long, long, long}); err != nil {
		t.Fatal(err)
	}
	got, err = p.Imports.StagedRows(ctx, north, "two", 10, 5)
	want(t, "long rows", got, err, []contact.Row{long, long, long})
	_, err = p.Imports.ChangeImport(ctx, north, "one", func(i *contact.Import) error { i.State = contact.ImportCancelled; return nil })
	want(t, "cancelled", 0, err, 0)
	for more := true; more; {
		if more, err = p.Imports.PurgeImports(ctx, north); err != nil {
			t.Fatal(err)
		}
	}
	got, err = p.Imports.StagedRows(ctx, north, "one", 0, 700)
	want(t, "after it was cancelled", got, err, nil)
	wantKind(t, "kept after it was cancelled", p.Imports.StageRows(ctx, north, "one", all[:1]), fault.NotFound)
}

func testImportSome(t *testing.T, p Ports) {
	ctx := t.Context()
	addImport(t, p, importOf("one", contact.ImportRunning))
	past := func(n int) func(*contact.Import) error {
		return func(i *contact.Import) error { i.Past = n; return nil }
	}
	now, made, err := p.Imports.ImportSome(ctx, north, "one", stepOf("one", 1, "c1", "c2"), past(3))
	want(t, "a portion", now.Past, err, 3)
	want(t, "its changes", changeIDs(made), nil, []contact.ChangeID{"one.00000001", "one.00000002"})
	now, made, err = p.Imports.ImportSome(ctx, north, "one", contact.Step{ID: "one", At: at(6)}, past(4))
	want(t, "one without changes", now.Past, err, 4)
	want(t, "no changes", len(made), nil, 0)
	_, _, err = p.Imports.ImportSome(ctx, north, "one", stepOf("one", 3, "c3", "c1"), past(5))
	wantKind(t, "a portion that is stale", err, fault.Stale)
	halt := errors.New("halt")
	if _, _, err = p.Imports.ImportSome(ctx, north, "one", stepOf("one", 3, "c3"), func(*contact.Import) error { return halt }); !errors.Is(err, halt) {
		t.Errorf("a change that fails: %v", err)
	}
	_, _, err = p.Imports.ImportSome(ctx, north, "two", stepOf("one", 3, "c3"), past(5))
	wantKind(t, "an import that is none", err, fault.NotFound)
	now, err = p.Imports.Import(ctx, north, "one")
	want(t, "how far it is", now.Past, err, 4)
	left, err := p.Shelf.Contacts(ctx, north, []contact.ID{"c3"})
	want(t, "nothing more is there", left, err, nil)
}

func testImportRefused(t *testing.T, p Ports) {
	ctx := t.Context()
	one := importOf("one", contact.ImportReady)
	addImport(t, p, one)
	halt := errors.New("halt")
	if _, err := p.Imports.ChangeImport(ctx, north, "one", func(i *contact.Import) error { i.State = contact.ImportDone; return halt }); !errors.Is(err, halt) {
		t.Errorf("got %v", err)
	}
	got, err := p.Imports.Import(ctx, north, "one")
	want(t, "as it was", got, err, one)
	_, err = p.Imports.ChangeImport(ctx, north, "two", func(*contact.Import) error { return nil })
	wantKind(t, "one that is none", err, fault.NotFound)
}

func testOldImports(t *testing.T, p Ports) {
	ctx := t.Context()
	for _, row := range []struct {
		id    contact.ImportID
		state contact.ImportState
		age   time.Duration
		there bool
	}{
		{"ready", contact.ImportReady, 23 * time.Hour, true},
		{"forgotten", contact.ImportReady, 25 * time.Hour, false},
		{"done", contact.ImportDone, 29 * 24 * time.Hour, true},
		{"long done", contact.ImportDone, 31 * 24 * time.Hour, false},
	} {
		i := importOf(row.id, row.state)
		i.At = time.Now().Add(-row.age)
		addImport(t, p, i)
		_, err := p.Imports.Import(ctx, north, row.id)
		if fault.Is(err, fault.NotFound) == row.there || err != nil && row.there {
			t.Errorf("%s: %v", row.id, err)
		}
	}
}

func testPreviews(t *testing.T, p Ports) {
	ctx := t.Context()
	for n := range contact.MaxPreviews + 2 {
		i := importOf(contact.ImportID(fmt.Sprint("i", n)), contact.ImportReady)
		i.At = i.At.Add(time.Duration(n) * time.Second)
		addImport(t, p, i)
	}
	other := importOf("other", contact.ImportReady)
	other.By, other.At = timur, other.At.Add(-time.Minute)
	addImport(t, p, other)
	for id, there := range map[contact.ImportID]bool{"i0": false, "i1": false, "i2": true, "i6": true, "other": true} {
		if _, err := p.Imports.Import(ctx, north, id); (err == nil) != there {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func testOpenImports(t *testing.T, p Ports) {
	ctx := t.Context()
	for _, state := range []contact.ImportState{contact.ImportReading, contact.ImportReady, contact.ImportRunning, contact.ImportDone, contact.ImportUndoing, contact.ImportUndone, contact.ImportCancelled} {
		addImport(t, p, importOf(contact.ImportID("the "+state), state))
	}
	open, err := p.Imports.OpenImports(ctx)
	var ids []contact.ImportID
	for _, i := range open {
		ids = append(ids, i.ID)
	}
	want(t, "at work", ids, err, []contact.ImportID{"the running", "the undoing"})
	_, err = p.Imports.Import(ctx, north, "the reading")
	wantKind(t, "one that was being read", err, fault.NotFound)
}
