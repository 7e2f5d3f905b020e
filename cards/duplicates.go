package cards

import "strings"

// Duplicates lists contacts that may be the same, set by set, with the reason.
func Duplicates(t Texts, v DuplicatesView) Card {
	return fit(len(v.Rows), func(shown int) layout {
		var body []Element
		if v.Notice != "" {
			body = append(body, banner(v.Notice))
		}
		body = append(body, heading(v.Title))
		if v.Hint != "" {
			body = append(body, text(Escape(v.Hint)))
		}
		for i, r := range v.Rows[:shown] {
			body = append(body, duplicateRow(t, v, r, i > 0))
		}
		body = append(body, more(t, len(v.Rows), shown)...)
		return newLayout(plain(short(join(" ", v.Notice, v.Title, v.Hint), 400)), body, orHelp(t, duplicateActions(t, v, shown))...)
	})
}

// duplicateActions leaf through the pages.
func duplicateActions(t Texts, v DuplicatesView, shown int) []Action {
	return append(marked(Marks{v.Posted}, pageActions(t, v.Skip, v.Page, shown, v.All, DuplicatesVerb)...), steps(v.Next)...)
}

// duplicateRow is a set: why, each of its contacts, and what can be done about it.
func duplicateRow(t Texts, v DuplicatesView, r DuplicateRow, separator bool) Element {
	var links []Column
	if r.MayMerge {
		links = append(links, link(t.Text("duplicates.compare"), t.Text("duplicates.compare.these", "Names", r.names()), MergeVerb(r.IDs())))
	}
	links = append(links, link(t.Text("duplicates.apart"), t.Text("duplicates.apart.these", "Names", r.names()), apartVerb(r.IDs(), "apart")))
	for i := range links {
		links[i].SelectAction = mark(Marks{v.Posted}, links[i].SelectAction)
	}
	items := []Element{strong(r.Why)}
	for _, c := range r.Contacts {
		items = append(items, duplicateContact(t, c))
	}
	if !r.MayMerge {
		items = append(items, small(t.Text("duplicates.not_yours")))
	}
	items = append(items, words(links))
	return Container{Items: items, Separator: separator, Spacing: "medium"}
}

// names are those of the contacts of a row, for whoever hears its words read aloud.
func (r DuplicateRow) names() string {
	var names []string
	for _, c := range r.Contacts {
		names = append(names, c.Name)
	}
	return short(strings.Join(names, ", "), 200)
}

func duplicateContact(t Texts, r RowView) ColumnSet {
	words := []Element{nameLine(r.Name, r.Line)}
	if s := join(dot, short(r.Detail, 150), short(r.Source, 60)); s != "" {
		words = append(words, small(s).tight())
	}
	name := short(r.Name, 100)
	row := beside(words, link(t.Text("button.show"), t.Text("duplicates.show", "Name", name), ContactVerb(r.ID)))
	row.Spacing = "small"
	return row
}

// nameLine is a name, with what somebody is behind it.
func nameLine(name, what string) TextBlock {
	b := text(line(short(join(dot, name, what), 250)))
	b.Spacing = "none"
	return b
}

// Merge is the dialog that shows contacts field by field: where they differ, whose value is taken, and what comes of it. Its
// inputs are InputKeep and the keys of the fields; their values are ids of contacts.
func Merge(t Texts, v MergeView) Card {
	return fit(len(v.Result), func(shown int) layout {
		var body []Element
		if v.Note != "" {
			body = append(body, banner(v.Note))
		}
		longest := 120
		if shown < len(v.Result)/2 { // many long choices: they are shortened before nothing of the result is left
			longest = 60
		}
		body = append(body, text(Escape(short(v.Explain, 400))))
		if len(v.Keeps) > 1 {
			body = append(body, expanded(InputKeep, t.Text("duplicates.keep"), v.Keep, v.Keeps, longest))
		}
		for _, c := range v.Conflicts {
			body = append(body, expanded(c.Field, fieldLabel(t, c.Field), c.Chosen, c.Choices, longest))
		}
		body = append(body, section(t.Text("duplicates.result")))
		var facts []Fact
		for _, f := range v.Result[:shown] {
			facts = append(facts, Fact{line(fieldLabel(t, f.Label)), line(short(strings.ReplaceAll(f.Value, "\n", ", "), 300))})
		}
		body = appendFacts(body, facts)
		body = append(body, more(t, len(v.Result), shown)...)
		body = append(body, small(v.Promise))
		data := SubmitData{Verb: MergeVerb(v.IDs), Marks: Marks{v.Posted}, Form: v.Form, Version: v.Versions}
		actions := []Action{send(t.Text("duplicates.merge"), data)}
		if len(v.Keeps) > 1 || len(v.Conflicts) > 0 {
			data.Verb = apartVerb(v.IDs, "look")
			actions = append(actions, Submit{Title: plain(t.Text("duplicates.look")), Data: data})
		}
		return newLayout(plain(short(v.Explain, 400)), body, actions...)
	})
}

// InputKeep is the id of the input that says which contact stays.
const InputKeep = "keep"

// expanded shows all choices at once: they are read one beside the other.
func expanded(id, label, value string, items []ChoiceView, longest int) InputChoice {
	in := choice(id, label, value, nil)
	in.Style, in.Wrap = "expanded", true
	for _, c := range items {
		in.Choices = append(in.Choices, Choice{Title: plain(short(c.Title, longest)), Value: c.Value})
	}
	return in
}
