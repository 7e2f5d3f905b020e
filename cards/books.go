package cards

// Books lists the books that a person can use here, and those they could share with this conversation.
func Books(t Texts, v BooksView) Card {
	return fit(len(v.Books)+len(v.Offers), func(shown int) layout {
		own := v.Books[:min(shown, len(v.Books))]
		offers := v.Offers[:min(shown-len(own), len(v.Offers))]
		title := t.Text("card.books.title")
		body := []Element{heading(title)}
		if len(v.Books) == 0 {
			body = append(body, text(t.Text("card.books.none")))
		}
		for i, b := range own {
			body = append(body, bookRow(t, b, i > 0))
		}
		body = append(body, offerRows(t, offers)...)
		body = append(body, more(t, len(v.Books)+len(v.Offers), shown)...)
		return newLayout(booksSummary(title, v), body, booksActions(t, v)...)
	})
}

func booksSummary(title string, v BooksView) string {
	var names []string
	for _, b := range v.Books {
		names = append(names, b.Name)
	}
	return plain(short(join(": ", title, join(", ", names...)), 400))
}

func booksActions(t Texts, v BooksView) []Action {
	var actions []Action
	if v.Mine {
		actions = append(actions, button(t.Text("button.books.mine"), "books"))
	}
	if v.MayNew {
		actions = append(actions, button(t.Text("button.book.new"), "book/new"))
	}
	if len(v.Books) > 0 {
		actions = append(actions, button(t.Text("button.export"), "export"))
	}
	return append(actions, button(t.Text("button.help"), "help"))
}

func bookRow(t Texts, b BookView, separator bool) Element {
	items := []Element{beside(bookWords(t, b), bookLink(t, b)...)}
	const most = 10
	for _, s := range b.Shared[:min(most, len(b.Shared))] {
		items = append(items, sharedRow(t, b, s))
	}
	items = append(items, more(t, max(most, len(b.Shared)), most)...)
	return Container{Items: items, Separator: separator, Spacing: "medium"}
}

func bookWords(t Texts, b BookView) []Element {
	words := []Element{strong(short(b.Name, 100)), subtle(join(dot, bookKind(t, b.Kind), b.Count))}
	if b.Removed {
		return append(words, small(join(" ", t.Text("card.books.removed"), b.Until)).tight())
	}
	if b.Access != "" {
		words = append(words, small(b.Access).tight())
	}
	return words
}

func bookKind(t Texts, kind string) string {
	switch kind {
	case "conversation", "personal", "tenant":
		return t.Text("card.books.kind." + kind)
	}
	return kind
}

func bookLink(t Texts, b BookView) []Column {
	name := short(b.Name, 100)
	switch {
	case !b.Manage, b.Removed && !b.Restore:
		return nil
	case b.Removed:
		return []Column{link(t.Text("card.history.restore"), t.Text("card.books.restore", "Name", name), path("book", b.ID, "restore"))}
	}
	return []Column{link(t.Text("card.books.settings"), t.Text("card.books.settings.book", "Name", name), path("book", b.ID, "settings"))}
}

func sharedRow(t Texts, b BookView, s SharedView) Element {
	name := short(s.Name, 80)
	sentence := t.Text("card.books.shared.read", "Name", name)
	if s.Edit {
		sentence = t.Text("card.books.shared.edit", "Name", name)
	}
	stop := link(t.Text("card.books.unshare"), t.Text("card.books.unshare.name", "Name", name), path("book", b.ID, "unshare", s.Conversation))
	row := beside([]Element{small(sentence).tight()}, stop)
	row.Spacing = "small"
	return row
}

func offerRows(t Texts, offers []BookView) []Element {
	if len(offers) == 0 {
		return nil
	}
	rows := []Element{section(t.Text("card.books.offers")), small(t.Text("card.books.offers.explain")).tight()}
	for _, b := range offers {
		rows = append(rows, strong(short(b.Name, 100)), subtle(join(dot, bookKind(t, b.Kind), b.Count)), ActionSet{Spacing: "small", Actions: []Action{
			button(t.Text("button.share.read"), path("book", b.ID, "share", "read")),
			button(t.Text("button.share.edit"), path("book", b.ID, "share", "edit")),
		}})
	}
	return rows
}

func modeWords(t Texts, b BookView) string {
	if b.Kind == "personal" {
		return t.Text("mode.personal")
	}
	switch b.Mode {
	case "everybody", "owners", "per_member":
		return t.Text("mode." + b.Mode)
	}
	return b.Mode
}
