package bot

import (
	"crypto/rand"
	"slices"
	"strconv"
	"strings"

	"teamspro/cards"
	"teamspro/internal/contact"
	"teamspro/internal/exchange"
	"teamspro/internal/fault"
)

// The inputs of the dialogs of an import: a column's is "c" and its place, of which so many are asked for at once. notRead
// stands for a column that is not read.
const (
	columnInput = "c"
	mostColumns = 30
	notRead     = "-"
)

// openColumns asks what the columns of a table hold.
func (b *Bot) openColumns(t *Turn) (Dialog, error) {
	f, err := b.held.get(t.Caller, t.Param("file"))
	if err != nil {
		return Dialog{}, err
	}
	if len(f.mapping.Columns) == 0 {
		return Dialog{}, fault.New(fault.Invalid, "bot.openColumns", "trouble.old_card")
	}
	return columnsDialog(t, f.id, f.mapping, ""), nil
}

func columnsDialog(t *Turn, file string, m exchange.Mapping, note string) Dialog {
	v := cards.ColumnsForm{Verb: cards.ImportFileVerb(file, "columns"), Form: rand.Text(), Note: note}
	order := columnOrder(m)
	for _, i := range order[:min(len(order), mostColumns)] {
		v.Columns = append(v.Columns, columnView(t, i, m.Columns[i]))
	}
	v.More = len(order) - len(v.Columns)
	return Dialog{Title: t.Text("import.columns.title"), Card: cards.Columns(t.Lang, v), Size: "medium"}
}

// columnOrder puts first what was guessed, then what is not read, then what is certain. Columns without anything are left out.
func columnOrder(m exchange.Mapping) []int {
	var guessed, ignored, certain []int
	for i, c := range m.Columns {
		switch {
		case c.Target == exchange.Unknown && c.Header == "":
		case c.Target == exchange.Unknown:
			ignored = append(ignored, i)
		case c.Sure:
			certain = append(certain, i)
		default:
			guessed = append(guessed, i)
		}
	}
	return slices.Concat(guessed, ignored, certain)
}

func columnView(t *Turn, i int, c exchange.Column) cards.ColumnView {
	v := cards.ColumnView{ID: columnInput + strconv.Itoa(i), Header: c.Header, Value: targetValue(c.Target)}
	if v.Header == "" {
		v.Header = t.Text("import.column", "Number", i+1)
	}
	if c.Target != exchange.Unknown && !c.Sure {
		v.Remark = t.Text("import.columns.guessed")
	}
	all := exchange.Targets()
	if !slices.Contains(all, c.Target) {
		all = append(all, c.Target)
	}
	for _, target := range all {
		v.Choices = append(v.Choices, cards.ChoiceView{Title: targetName(t, target), Value: targetValue(target)})
	}
	return v
}

func targetValue(target exchange.Target) string {
	if target == exchange.Unknown {
		return notRead
	}
	return string(target)
}

// targetName is what a column holds, in words.
func targetName(t *Turn, target exchange.Target) string {
	switch {
	case target == exchange.Unknown:
		return t.Text("import.target.none")
	case slices.Contains(contact.Fields, contact.Field(target)):
		return t.Text("field." + string(target))
	case slices.Contains(exchange.Targets(), target):
		return t.Text("import.target." + string(target))
	}
	return t.Text("import.target.part")
}

// submitColumns takes what the columns hold, and looks at the file anew.
func (b *Bot) submitColumns(t *Turn, form Form) (Outcome, error) {
	f, err := b.held.get(t.Caller, t.Param("file"))
	if err != nil {
		return Outcome{}, err
	}
	f.mapping = f.mapping.Chosen(chosenTargets(f.mapping, form))
	if twice, is := f.mapping.Twice(); is {
		return asked(columnsDialog(t, f.id, f.mapping, t.Text("import.columns.twice", "Field", targetName(t, twice))))
	}
	if !f.mapping.Named() {
		return asked(columnsDialog(t, f.id, f.mapping, t.Text("import.no_name")))
	}
	return b.lookedAgain(t, f)
}

// chosenTargets reads the inputs of the columns; what is no choice of theirs is left out.
func chosenTargets(m exchange.Mapping, form Form) map[int]exchange.Target {
	all := map[int]exchange.Target{}
	for name, value := range form.Values {
		place, is := strings.CutPrefix(name, columnInput)
		i, err := strconv.Atoi(place)
		if !is || err != nil || i < 0 || i >= len(m.Columns) {
			continue
		}
		target := exchange.Target(value)
		if value == notRead {
			target = exchange.Unknown
		}
		if target == m.Columns[i].Target || slices.Contains(exchange.Targets(), target) {
			all[i] = target
		}
	}
	return all
}

// openImportBook asks which book the contacts of a file go into.
func (b *Bot) openImportBook(t *Turn) (Dialog, error) {
	f, err := b.held.get(t.Caller, t.Param("file"))
	if err != nil {
		return Dialog{}, err
	}
	books, err := b.bookChoices(t)
	if err != nil {
		return Dialog{}, err
	}
	now := books[0].Value
	if slices.ContainsFunc(books, func(c cards.ChoiceView) bool { return c.Value == string(f.book) }) {
		now = string(f.book)
	}
	v := cards.EditView{Title: t.Text("import.book.title"), Verb: cards.ImportFileVerb(f.id, "book"), Do: t.Text("import.columns.go"), Form: rand.Text(), Posted: true,
		Inputs: []cards.InputView{{ID: cards.InputBook, Label: t.Text("import.book.label"), Value: now, Choices: books}}}
	return Dialog{Title: v.Title, Card: cards.EditDialog(t.Lang, v), Size: "small"}, nil
}

// submitImportBook takes the book, and compares the file with that one.
func (b *Bot) submitImportBook(t *Turn, form Form) (Outcome, error) {
	f, err := b.held.get(t.Caller, t.Param("file"))
	if err != nil {
		return Outcome{}, err
	}
	if f.book, err = b.chosenBook(t, form); err != nil {
		return Outcome{}, err
	}
	return b.lookedAgain(t, f)
}

// lookedAgain shows the new preview in the place of the old one.
func (b *Bot) lookedAgain(t *Turn, f heldFile) (Outcome, error) {
	card, err := b.looksAgain(t, f)
	if err != nil {
		return Outcome{}, err
	}
	id := ""
	if t.posted() {
		id = t.activity.ReplyToID
	}
	b.show(t, id, card)
	return Outcome{}, nil
}
