package cards

// Import shows a file of contacts on its way into a book: what would be done, how far it has come, what was done.
func Import(t Texts, v ImportView) Card {
	return fit(len(v.Lines), func(shown int) layout {
		body := []Element{heading(v.Title)}
		if v.Text != "" {
			body = append(body, text(line(short(v.Text, 600))))
		}
		if v.Warning != "" {
			body = append(body, warning(short(v.Warning, 600)))
		}
		for _, l := range v.Lines[:shown] {
			body = append(body, small(short(l, 300)).tight())
		}
		body = append(body, more(t, len(v.Lines), shown)...)
		if len(v.Facts) > 0 {
			body = append(body, FactSet{Facts: factList(v.Facts)})
		}
		for _, n := range v.Notes {
			body = append(body, small(short(n, 400)))
		}
		actions := marked(Marks{Posted: true}, orHelp(t, steps(v.Next))...)
		return newLayout(plain(short(join(" ", v.Title, v.Text, v.Warning), 400)), body, actions...)
	})
}

// Columns is the dialog in which a person says what the columns of a table hold. Those that find no room stay as they are.
func Columns(t Texts, v ColumnsForm) Card {
	return fit(len(v.Columns), func(shown int) layout {
		var body []Element
		if v.Note != "" {
			body = append(body, banner(v.Note))
		}
		for _, c := range v.Columns[:shown] {
			body = append(body, choice(c.ID, short(c.Header, 100), c.Value, c.Choices))
			if c.Remark != "" {
				body = append(body, small(c.Remark))
			}
		}
		if left := len(v.Columns) + v.More - shown; left > 0 {
			body = append(body, small(t.Text("import.columns.more", "Count", left)))
		}
		data := SubmitData{Verb: v.Verb, Marks: Marks{Posted: true}, Form: v.Form}
		return newLayout(t.Text("import.columns.summary"), body, send(t.Text("import.columns.go"), data))
	})
}
