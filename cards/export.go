package cards

// ExportVerb asks for a file of a book's contacts, in a format or, without one, in which.
func ExportVerb(book, format string) string { return exportVerb("book", book, format) }

// ExportFoundVerb asks for a file of what a query finds.
func ExportFoundVerb(query, format string) string { return exportVerb("find", query, format) }

func exportVerb(kind, what, format string) string {
	if format == "" {
		return path("export", kind, what)
	}
	return path("export", kind, what, format)
}

// ExportView offers contacts as a file.
type ExportView struct {
	// Title says what is taken out, Text what becomes of it; both are finished.
	Title, Text string
	// Formats are the buttons, Others rows with other books.
	Formats []Step
	Others  []ExportRow
	Next    []Step
}

// ExportRow is a book that could be taken out in place of the one above.
type ExportRow struct{ Name, Count, Verb string }

// maxExportRows is how many other books are offered.
const maxExportRows = 10

// Export offers contacts as a file.
func Export(t Texts, v ExportView) Card {
	return fit(min(len(v.Others), maxExportRows), func(shown int) layout {
		body := []Element{heading(v.Title)}
		if v.Text != "" {
			body = append(body, text(Escape(v.Text)))
		}
		if shown > 0 {
			body = append(body, section(t.Text("card.export.others")))
		}
		for _, r := range v.Others[:shown] {
			name := short(r.Name, 100)
			body = append(body, beside([]Element{strong(name), small(r.Count).tight()}, link(t.Text("card.export.choose"), t.Text("card.export.choose.book", "Name", name), r.Verb)))
		}
		body = append(body, more(t, len(v.Others), shown)...)
		return newLayout(plain(short(join(" ", v.Title, v.Text), 400)), body, orHelp(t, append(steps(v.Formats), steps(v.Next)...))...)
	})
}

// DownloadView is a file to fetch. URL is signed and good for some minutes.
type DownloadView struct {
	Title, Text, URL string
	Next             []Step
}

// Download is a file to fetch.
func Download(t Texts, v DownloadView) Card {
	body := []Element{heading(v.Title), text(Escape(v.Text))}
	actions := []Action{OpenURL{Title: t.Text("button.download"), URL: v.URL, Tooltip: t.Text("button.download.tooltip")}}
	return newCard(plain(short(join(" ", v.Title, v.Text), 400)), body, append(actions, steps(v.Next)...)...)
}

// CallingCardView is one contact for a telephone to read.
type CallingCardView struct {
	ID, Name, Line string
	// Picture is the address of the code; empty where nobody could fetch it.
	Picture string
	Next    []Step
}

// CallingCard is one contact for a telephone to read, and to take along as a file.
func CallingCard(t Texts, v CallingCardView) Card {
	name := short(v.Name, 120)
	body := []Element{heading(name)}
	if v.Line != "" {
		body = append(body, subtle(short(v.Line, 220)))
	}
	if v.Picture != "" {
		body = append(body, Image{URL: v.Picture, AltText: plain(t.Text("card.qr.alt", "Name", name)), MSTeams: &ImageTeams{AllowExpand: true}}, small(t.Text("card.qr.hint")))
	}
	actions := append([]Action{button(t.Text("button.vcard"), path("contact", v.ID, "vcard"))}, steps(v.Next)...)
	return newCard(plain(short(join(". ", v.Name, v.Line), 400)), body, actions...)
}
