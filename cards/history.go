package cards

import "cmp"

// History shows who changed what in a contact, newest first.
func History(t Texts, v HistoryView) Card {
	return fit(len(v.Entries), func(shown int) layout {
		title := t.Text("card.history.title", "Name", short(v.Name, 100))
		var body []Element
		if v.Deleted {
			body = append(body, banner(t.Text("card.history.deleted")))
		}
		body = append(body, heading(title))
		for i, e := range v.Entries[:shown] {
			body = append(body, historyEntry(t, e, i > 0))
		}
		body = append(body, more(t, len(v.Entries), shown)...)
		return newLayout(plain(title), body, historyActions(t, v)...)
	})
}

func historyActions(t Texts, v HistoryView) []Action {
	if v.Deleted || v.ID == "" {
		return []Action{button(t.Text("button.trash"), "trash")}
	}
	return []Action{button(t.Text("button.show"), ContactVerb(v.ID))}
}

func historyEntry(t Texts, e EntryView, separator bool) Element {
	var undo []Column
	if e.MayUndo {
		undo = append(undo, link(t.Text("button.undo"), t.Text("card.history.undo", "When", e.When), path("change", e.Change, "undo")))
	}
	title := []Element{strong(cmp.Or(short(e.Title, 300), actWord(t, e.Act))), small(join(dot, short(e.Who, 100), e.When)).tight()}
	items := []Element{beside(title, undo...)}
	for _, c := range e.Changes {
		items = append(items, historyChange(t, e, c))
	}
	return Container{Items: items, Separator: separator, Spacing: "medium"}
}

func actWord(t Texts, act string) string {
	switch act {
	case "added", "edited", "deleted", "restored":
		return t.Text("act." + act)
	}
	return act
}

func historyChange(t Texts, e EntryView, c ChangedView) Element {
	var restore []Column
	if e.MayRestore {
		title := t.Text("card.history.restore.field", "Field", fieldLabel(t, c.Field))
		restore = append(restore, link(t.Text("card.history.restore"), title, path("change", e.Change, "restore", c.Field)))
	}
	row := beside(changed(t, c), restore...)
	row.Spacing = "small"
	return row
}

// changed shows a field before and after: the old value struck through, the new one plain.
func changed(t Texts, c ChangedView) []Element {
	var runs []TextRun
	if c.Before != "" {
		runs = append(runs, TextRun{Text: plain(short(c.Before, 150)), IsSubtle: true, Strikethrough: true},
			TextRun{Text: " → ", IsSubtle: true})
	}
	after := TextRun{Text: plain(short(c.After, 150))}
	if c.After == "" {
		after = TextRun{Text: t.Text("card.history.empty"), IsSubtle: true}
	}
	return []Element{small(fieldLabel(t, c.Field)), RichTextBlock{Inlines: append(runs, after), Spacing: "none"}}
}

// fieldLabel names a field of a contact; the keys are those of contact.Field.
func fieldLabel(t Texts, field string) string {
	switch field {
	case "kind", "name", "business", "mobile", "home", "fax", "job", "company", "department", "email", "website", "linkedin", "facebook", "x", "address", "hours",
		"notes", "photo", "tags", "custom":
		return t.Text("field." + field)
	}
	return field
}

// Trash lists deleted contacts that can still be brought back.
func Trash(t Texts, v TrashView) Card {
	return fit(len(v.Rows), func(shown int) layout {
		title := t.Text("card.trash.title")
		days := t.Text("card.trash.days", "Count", v.Days)
		body := []Element{heading(title), small(days)}
		if len(v.Rows) == 0 {
			body = append(body, text(t.Text("card.trash.none")))
		}
		rows := make([]ColumnSet, shown)
		for i, r := range v.Rows[:shown] {
			rows[i] = trashRow(t, r)
		}
		body = append(body, separate(rows)...)
		body = append(body, more(t, len(v.Rows), shown)...)
		return newLayout(plain(join(". ", title, days)), body, button(t.Text("button.help"), "help"))
	})
}

func trashRow(t Texts, r TrashRow) ColumnSet {
	name := short(r.Name, 100)
	words := []Element{strong(name)}
	if r.Line != "" {
		words = append(words, subtle(short(r.Line, 120)))
	}
	deleted := t.Text("card.trash.deleted", "Who", short(r.Who, 100), "When", r.When)
	words = append(words, small(join(dot, deleted, short(r.Source, 60))).tight())
	if !r.MayRestore {
		return beside(words)
	}
	title := t.Text("card.trash.restore", "Name", name)
	return beside(words, link(t.Text("card.history.restore"), title, path("change", r.Change, "undo")))
}
