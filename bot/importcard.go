package bot

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"teamspro/cards"
	"teamspro/internal/contact"
	"teamspro/internal/exchange"
	"teamspro/internal/lang"
)

// sighting is what was found in a file.
type sighting struct {
	file   heldFile
	format exchange.Format
	sheet  string
	wide   bool
	found  contact.Import
	books  []cards.ChoiceView // that the person may write to
	left   []string           // what is left out, a sentence each
}

// Bounds of what a preview names.
const (
	badShown  = 5
	leftShown = 3
	headShown = 8
)

// previewCard says what an import would change, and offers it.
func previewCard(t *Turn, s sighting) cards.Card {
	found := s.found.Found
	v := cards.ImportView{Title: tally(t.Lang, found), Text: t.Text("import.preview"), Facts: importFacts(t, s), Notes: importNotes(t, s)}
	id, file, changes := string(s.found.ID), s.file.id, found.New+found.Changed
	key := "import.start"
	if found.Bad > 0 {
		key = "import.start.others"
		v.Warning, v.Lines = badRows(t.Lang, s.found)
	}
	if changes == 0 {
		v.Text = t.Text("import.nothing")
	} else {
		v.Next = t.offer(v.Next, t.Text(key, "Count", changes, "Number", t.Lang.Number(changes)), cards.ImportVerb(id, "start"))
	}
	if len(s.file.mapping.Columns) > 0 {
		v.Next = t.offer(v.Next, t.Text("import.columns"), cards.ImportFileVerb(file, "columns"))
	}
	if len(s.books) > 1 {
		v.Next = t.offer(v.Next, t.Text("import.book"), cards.ImportFileVerb(file, "book"))
	}
	v.Next = t.offer(v.Next, t.Text("import.cancel"), cards.ImportVerb(id, "cancel"))
	return cards.Import(t.Lang, v)
}

// tally is "212 new, 31 changed, 540 the same, 4 cannot be read".
func tally(t *lang.Printer, n contact.Tally) string {
	var parts []string
	for _, p := range []struct {
		key   string
		count int
	}{{"import.count.new", n.New}, {"import.count.changed", n.Changed}, {"import.count.same", n.Same}, {"import.count.kept", n.Kept}, {"import.count.bad", n.Bad}} {
		if p.count > 0 {
			parts = append(parts, t.Text(p.key, "Count", p.count, "Number", t.Number(p.count)))
		}
	}
	return cmp.Or(strings.Join(parts, ", "), t.Text("import.count.none"))
}

// badRows names the rows that cannot be read, and says of the first ones why.
func badRows(t *lang.Printer, i contact.Import) (warning string, lines []string) {
	var numbers []string
	for _, r := range i.Bad {
		numbers = append(numbers, strconv.Itoa(r.Number))
	}
	if i.Found.Bad > len(i.Bad) {
		numbers = append(numbers, "…")
	}
	for _, r := range i.Bad[:min(len(i.Bad), badShown)] {
		why := t.Text(r.Text, r.Args...)
		if r.Field != "" {
			why = t.Text("exchange.check.field", "Field", t.Text("field."+string(r.Field)), "Why", why)
		}
		lines = append(lines, t.Text("exchange.check.row", "Row", r.Number, "Why", why))
	}
	if more := i.Found.Bad - len(lines); more > 0 {
		lines = append(lines, t.Text("import.bad.more", "Count", more, "Number", t.Number(more)))
	}
	return t.Text("import.bad", "Count", i.Found.Bad, "Number", t.Number(i.Found.Bad), "Rows", strings.Join(numbers, ", ")), lines
}

func importFacts(t *Turn, s sighting) []cards.FactView {
	format := t.Text("import.format." + string(s.format))
	if s.sheet != "" {
		format = t.Text("import.sheet", "Format", format, "Sheet", s.sheet)
	}
	facts := []cards.FactView{{Label: t.Text("import.file"), Value: cmp.Or(shorten(s.file.name, 100), format)}, {Label: t.Text("import.kind"), Value: format}}
	for _, b := range s.books {
		if b.Value == string(s.found.Book) {
			facts = append(facts, cards.FactView{Label: t.Text("import.into"), Value: b.Title})
		}
	}
	return facts
}

// importNotes are what of the file would not come into the book.
func importNotes(t *Turn, s sighting) []string {
	notes := slices.Clone(s.left)
	if unread := s.file.mapping.Unknown(); len(unread) > 0 {
		more := max(0, len(unread)-headShown)
		names := strings.Join(unread[:len(unread)-more], ", ")
		if more > 0 {
			names += ", …"
		}
		notes = append(notes, t.Text("import.unread", "Count", len(unread), "Names", shorten(names, 300)))
	}
	if s.wide {
		notes = append(notes, t.Text("exchange.columns", "Max", len(s.file.mapping.Columns)))
	}
	if s.file.more > 0 {
		notes = append(notes, t.Text("import.one", "Count", s.file.more))
	}
	return notes
}

// leftOut counts what is left out of rows that can be taken, by the sentence that says so.
type leftOut struct {
	text  *lang.Printer
	order []string
	count map[string]int
}

func (l *leftOut) note(r contact.Row) {
	if l.count == nil {
		l.count = map[string]int{}
	}
	for _, p := range r.Left {
		why := l.text.Text(p.Text, p.Args...)
		if l.count[why] == 0 {
			if len(l.order) == leftShown {
				continue
			}
			l.order = append(l.order, why)
		}
		l.count[why]++
	}
}

func (l *leftOut) sentences() []string {
	var all []string
	for _, why := range l.order {
		all = append(all, l.text.Text("exchange.check.left", "Count", l.count[why], "Why", why))
	}
	return all
}

// unsureCard asks what the columns hold before anything is looked up.
func unsureCard(t *Turn, f heldFile) cards.Card {
	v := cards.ImportView{Title: t.Text("import.unsure"), Text: t.Text("import.unsure.text"), Facts: []cards.FactView{{Label: t.Text("import.file"), Value: shorten(f.name, 100)}}}
	for _, c := range f.mapping.Columns {
		if c.Target != exchange.Unknown && !c.Sure && len(v.Lines) < badShown {
			v.Lines = append(v.Lines, t.Text("import.guessed", "Header", shorten(c.Header, 80), "Field", targetName(t, c.Target)))
		}
	}
	if !f.mapping.Named() {
		v.Warning = t.Text("import.no_name")
	}
	v.Notes = importNotes(t, sighting{file: f})
	v.Next = t.offer(v.Next, t.Text("import.columns"), cards.ImportFileVerb(f.id, "columns"))
	if f.mapping.Named() {
		v.Next = t.offer(v.Next, t.Text("import.look"), cards.ImportFileVerb(f.id, "look"))
	}
	v.Next = t.offer(v.Next, t.Text("import.cancel"), cards.ImportFileVerb(f.id, "drop"))
	return cards.Import(t.Lang, v)
}

// notImported is what stands in the place of a file that somebody did not want after all.
func notImported(t *Turn) cards.Card {
	return cards.Import(t.Lang, cards.ImportView{Title: t.Text("import.none"), Next: t.steps("help")})
}

// importCard is an import as far as it has come. Problem is why it does not go on by itself.
func importCard(t *lang.Printer, i contact.Import, problem string) cards.Card {
	v := cards.ImportView{Warning: problem}
	id := string(i.ID)
	offer := func(key, what string) {
		v.Next = append(v.Next, cards.Step{Title: t.Text(key), Verb: cards.ImportVerb(id, what)})
	}
	switch i.State {
	case contact.ImportRunning:
		v.Title = t.Text("import.running", "Done", t.Number(i.Past), "Number", t.Number(i.Rows), "Count", i.Rows)
		v.Text = t.Text("import.running.text")
		if problem != "" {
			v.Text = ""
			offer("import.continue", "start")
		}
		offer("import.stop", "cancel")
	case contact.ImportUndoing:
		v.Title = t.Text("import.undoing", "Done", t.Number(i.Past), "Number", t.Number(i.Changes), "Count", i.Changes)
		offer("import.continue", "undo")
		if problem == "" {
			v.Next = []cards.Step{{Title: t.Text("step.help"), Verb: "help"}}
		}
	case contact.ImportUndone:
		v.Title = t.Text("import.undone", "Count", i.Back, "Number", t.Number(i.Back))
		if i.Stayed > 0 {
			v.Text = t.Text("import.stayed", "Count", i.Stayed, "Number", t.Number(i.Stayed))
		}
		v.Next = []cards.Step{{Title: t.Text("step.books"), Verb: "books"}, {Title: t.Text("step.help"), Verb: "help"}}
	case contact.ImportDone, contact.ImportCancelled:
		v.Title, v.Text = importEnd(t, i)
		if i.Changes > 0 {
			offer("import.show", "show")
			offer("import.undo", "undo")
		}
	default:
		v.Title = tally(t, i.Found)
		offer("import.start.now", "start")
		offer("import.cancel", "cancel")
	}
	return cards.Import(t, v)
}

// importEnd is what an import did, and what not.
func importEnd(t *lang.Printer, i contact.Import) (title, text string) {
	made := i.Made.New + i.Made.Changed
	args := []any{"Count", made, "Number", t.Number(made), "What", tally(t, contact.Tally{New: i.Made.New, Changed: i.Made.Changed}), "Past", t.Number(i.Past), "Rows", t.Number(i.Rows)}
	rest := contact.Tally{Same: i.Made.Same, Bad: i.Made.Bad, Kept: i.Made.Kept}
	if rest != (contact.Tally{}) {
		text = t.Text("import.rest", "What", tally(t, rest))
	}
	switch {
	case i.State == contact.ImportCancelled && made == 0:
		return t.Text("import.none"), ""
	case i.State == contact.ImportCancelled:
		return t.Text("import.stopped", args...), t.Text("import.stopped.text")
	case made == 0:
		return t.Text("import.same"), text
	}
	return t.Text("import.done", args...), text
}
