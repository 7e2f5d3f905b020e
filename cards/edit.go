package cards

import "unicode/utf8"

// EditDialog is a dialog in which a person tries something on a picture: how it would look, what to fill in, and two ways
// on: to look again, which the positive button is not, and to do it.
func EditDialog(t Texts, v EditView) Card {
	card := editCard(t, v)
	if card.weight() > MaxSize { // the plan of a link to a preview may be long
		v.Preview = ""
		card = editCard(t, v)
	}
	return card
}

func editCard(t Texts, v EditView) Card {
	var body []Element
	if v.Note != "" {
		body = append(body, banner(v.Note))
	}
	if v.Preview != "" {
		body = append(body, large(v.Preview, v.Alt))
	}
	if v.Facts != "" {
		body = append(body, subtle(v.Facts))
	}
	for _, in := range v.Inputs {
		body = append(body, in.element())
		if in.Hint != "" {
			body = append(body, small(in.Hint))
		}
		body = append(body, problem(in.Problem)...)
	}
	data := SubmitData{Verb: v.Verb, Marks: Marks{v.Posted}, Form: v.Form}
	actions := []Action{send(v.Do, data)}
	if v.Try != "" {
		data.Verb = v.Try
		actions = append(actions, Submit{Title: t.Text("button.try"), Data: data})
	}
	return newCard(plain(short(v.Title, 400)), body, actions...)
}

func (in InputView) element() Element {
	if len(in.Choices) > 0 {
		return choice(in.ID, in.Label, in.Value, in.Choices)
	}
	return InputText{ID: in.ID, Label: plain(in.Label), Value: in.Value, Placeholder: in.Example, IsMultiline: in.Lines,
		MaxLength: max(in.Most, utf8.RuneCountInString(in.Value))}
}

// Pictures is a list of pictures that came together, each with what became of it or why nothing did.
func Pictures(t Texts, v PicturesView) Card {
	return fit(len(v.Rows), func(shown int) layout {
		body := []Element{heading(v.Title)}
		if v.Note != "" {
			body = append(body, small(v.Note))
		}
		rows := make([]ColumnSet, len(v.Rows))
		for i, r := range v.Rows {
			if i >= shown {
				r.Preview = "" // the addresses are what weighs
			}
			rows[i] = pictureRow(r)
		}
		body = append(body, separate(rows)...)
		return newLayout(plain(v.Title), body, orHelp(t, steps(v.Next))...)
	})
}

func pictureRow(r PictureRow) ColumnSet {
	items := []Element{strong(short(r.Name, 80))}
	for _, s := range []string{r.Line, r.Detail} {
		if s != "" {
			items = append(items, subtle(short(s, 200)))
		}
	}
	for _, note := range r.Notes {
		items = append(items, warning(short(note, 300)))
	}
	if r.Problem != "" {
		items = append(items, TextBlock{Text: line(short(r.Problem, 400)), Color: "attention", Wrap: true, Spacing: "none"})
	}
	row := beside(items)
	if r.Preview != "" {
		row.Columns = append([]Column{{Width: "auto", Items: []Element{Image{URL: r.Preview, AltText: plain(short(r.Alt, 400)), Size: "medium"}}}}, row.Columns...)
	}
	if r.Verb != "" {
		row.SelectAction = tap(r.Open, r.Verb)
	}
	return row
}

// Working says that something takes a while, and how far it is.
func Working(t Texts, v WorkingView) Card {
	body := []Element{strong(v.Title)}
	if v.Text != "" {
		body = append(body, subtle(v.Text))
	}
	return newCard(plain(v.Title), body, button(t.Text("button.help"), "help"))
}
