package cards

// Pins is the gallery of the images that a conversation keeps at hand: each with its picture, its caption and its number.
func Pins(t Texts, v PinsView) Card {
	return fit(len(v.Rows), func(shown int) layout {
		var body []Element
		if v.Notice != "" {
			body = append(body, banner(v.Notice))
		}
		body = append(body, heading(v.Title))
		if v.Hint != "" {
			body = append(body, text(Escape(v.Hint)))
		}
		rows := make([]ColumnSet, shown)
		for i, r := range v.Rows[:shown] {
			rows[i] = pinRow(t, r)
		}
		body = append(body, separate(rows)...)
		body = append(body, more(t, len(v.Rows), shown)...)
		return newLayout(plain(short(join(" ", v.Notice, v.Title, v.Hint), 400)), body, orHelp(t, pinActions(t, v, shown))...)
	})
}

// pinActions leaf through the pages.
func pinActions(t Texts, v PinsView, shown int) []Action {
	return append(pageActions(t, v.Skip, v.Page, shown, v.All, PinsVerb), steps(v.Next)...)
}

func pinRow(t Texts, r PinRow) ColumnSet {
	var columns []Column
	open := tap(t.Text("pins.open", "Name", short(r.Name, 100)), path("pin", r.Ref, "open"))
	if r.Preview != "" {
		picture := Image{URL: r.Preview, AltText: plain(short(r.Alt, 300)), Size: "medium"}
		columns = append(columns, Column{Width: "auto", Items: []Element{picture}, SelectAction: open})
	}
	words := []Element{strong(r.N + ". " + short(join(dot, r.Caption, r.Name), 260))}
	if r.Gone != "" {
		words = []Element{strong(r.N + ". " + short(r.Caption, 200)), warning(r.Gone)}
	}
	words = append(words, small(short(r.Line, 200)).tight())
	title := Column{Width: "stretch", Align: "center", Items: words}
	if r.Gone == "" {
		title.SelectAction = open
	}
	columns = append(columns, title)
	if r.MayUnpin {
		columns = append(columns, link(t.Text("pins.unpin"), t.Text("pins.unpin.number", "N", r.N), path("pin", r.Ref, "drop")))
	}
	return ColumnSet{Columns: columns}
}
