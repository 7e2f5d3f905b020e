package cards

import (
	"strconv"
	"strings"
	"testing"
)

// importGoldens are the cards of an import, from the file to the end of its undoing.
func importGoldens() map[string]any {
	t := english
	step := func(title, what string) Step { return Step{title, ImportVerb("1a2b", what)} }
	file := func(title, what string) Step { return Step{title, ImportFileVerb("F1", what)} }
	return map[string]any{
		"import-preview": Import(t, ImportView{Title: "212 new, 31 changed, 540 the same, 4 cannot be read", Text: "Nothing is changed yet.", Warning: "4 rows cannot be read: 7, 19, 80, 81.",
			Lines: []string{"Row 7: E-mail: this is no e-mail address", "Row 19: a name is needed"}, Facts: []FactView{{"File", "Suppliers.xlsx"}, {"Format", "Excel, sheet “Contacts”"}, {"Goes into", "Sales"}},
			Notes: []string{"This column is not read: Shoe size"}, Next: []Step{step("Import the other 243", "start"), file("Columns…", "columns"), file("Other book…", "book"), step("Cancel", "cancel")}}),
		"import-unsure":  Import(t, ImportView{Title: "Please say what the columns hold", Lines: []string{"“Tel perso” is taken for: Home phone"}, Next: []Step{file("Columns…", "columns"), file("Go on like this", "look"), file("Cancel", "drop")}}),
		"import-running": Import(french, ImportView{Title: "Importation : 300 sur 787 lignes", Text: "Cela continue tout seul.", Next: []Step{step("Arrêter", "cancel")}}),
		"import-done":    Import(t, ImportView{Title: "243 contacts imported: 212 new, 31 changed", Text: "Of the others: 540 the same, 4 cannot be read.", Next: []Step{step("Show", "show"), step("Undo the import", "undo")}}),
		"import-undone":  Import(t, ImportView{Title: "Taken back: 240 changes", Text: "3 contacts stay as they are.", Next: []Step{{"Books", "books"}, {"Get the template", TemplateVerb}}}),
		"import-hostile": Import(t, ImportView{Title: hostileName, Text: hostileName, Warning: hostileName, Lines: []string{hostileName}, Facts: []FactView{{"File", hostileName}}, Notes: []string{hostileName}}),
		"columns-full":   Columns(t, ColumnsForm{Verb: ImportFileVerb("F1", "columns"), Form: "F9", Columns: columns(3), More: 2}),
		"columns-again":  Columns(french, ColumnsForm{Verb: ImportFileVerb("F1", "columns"), Form: "F9", Note: "Une colonne doit contenir le nom.", Columns: []ColumnView{{ID: "c0", Header: hostileName, Value: "-", Choices: []ChoiceView{{"Non lue", "-"}, {hostileName, "name"}}}}}),
		"file-template":  FileConsent(FileView{Name: "contacts.xlsx", Text: "An empty table with all columns.", Size: 6_500, Context: FileContext{Kind: FileTemplate, ID: "xlsx"}}),
	}
}

func columns(n int) (all []ColumnView) {
	for i := range n {
		c := ColumnView{ID: "c" + strconv.Itoa(i), Header: "Column " + strconv.Itoa(i), Value: "-", Choices: []ChoiceView{{"Not read", "-"}, {"Name", "name"}, {"E-mail", "email"}}}
		if i == 0 {
			c.Value, c.Remark = "name", "This was guessed: please check it."
		}
		all = append(all, c)
	}
	return all
}

// However much is wrong with a file, and however many columns it has, its cards are sent.
func TestLargeImportsFit(t *testing.T) {
	t.Parallel()
	lines := make([]string, 300)
	for i := range lines {
		lines[i] = strings.Repeat("<&>", 90)
	}
	wide := columns(30)
	for i := range wide {
		wide[i].Header = strings.Repeat("ü", 200)
		for range 40 {
			wide[i].Choices = append(wide[i].Choices, ChoiceView{strings.Repeat("Ä", 30), "email"})
		}
	}
	for name, card := range map[string]Card{
		"lines":   Import(english, ImportView{Title: hostileName, Lines: lines, Next: []Step{{"Help", "help"}}}),
		"columns": Columns(english, ColumnsForm{Verb: ImportFileVerb("F1", "columns"), Columns: wide}),
	} {
		if n := len(card.JSON()); n > MaxSize || n < 8<<10 {
			t.Errorf("%s: %d bytes", name, n)
		}
	}
	if text := string(Columns(english, ColumnsForm{Columns: wide}).JSON()); !strings.Contains(text, "more columns stay as they are") {
		t.Error("nothing is said of the columns that are not shown")
	}
}
