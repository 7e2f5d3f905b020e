package bot

import (
	"context"
	"io"

	"teamspro/cards"
	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// Takeout makes files of contacts; the command joins it of contacts and their files.
type Takeout interface {
	// File notes that contacts are taken out, and gives what writes them.
	File(ctx context.Context, who identity.Caller, w contact.What, format, surface string) (write func(io.Writer) error, err error)
	// Link is the address of a file for one person and some minutes, or of the picture of one contact (formatQR); empty where
	// nobody could follow it.
	Link(who identity.Caller, w contact.What, format, name, language string) string
}

// formatQR is the format of a picture for a telephone to read, formatVCard that of one contact as a file.
const (
	formatQR    = "qr"
	formatVCard = "vcard"
)

// exportFormats are offered, with the endings of their files.
var exportFormats = []struct{ format, ending string }{{"xlsx", "xlsx"}, {"csv", "csv"}, {formatVCard, "vcf"}, {"json", "json"}}

// exporting fails for who is nobody, and where no files are made.
func (b *Bot) exporting(t *Turn) error {
	if b.Takeout == nil {
		return fault.New(fault.Denied, "bot.exporting", "export.off")
	}
	return t.person()
}

// exportByWords answers "export" with the books to choose from, and "export #supplier paris" with what that finds.
func (b *Bot) exportByWords(t *Turn) (cards.Card, error) {
	if err := b.exporting(t); err != nil {
		return cards.Card{}, err
	}
	if t.Words != "" {
		return b.exportFound(t, t.Words)
	}
	lists, err := b.Books.Lists(t.ctx, t.Caller)
	if err != nil {
		return cards.Card{}, err
	}
	var readable []contact.Listing
	for _, l := range lists {
		if l.May.Read && l.Count > 0 {
			readable = append(readable, l)
		}
	}
	if len(readable) == 0 {
		return cards.Note(t.Lang, cards.NoteView{Title: t.Text("export.nothing"), Next: t.steps("books", "help")}), nil
	}
	b.readBookTitles(t, readable)
	v := b.exportView(t, readable[0].Book, readable[0].Count)
	for _, l := range readable[1:] {
		v.Others = append(v.Others, cards.ExportRow{Name: b.bookName(t, l.Book), Count: t.Text("books.count", "Count", l.Count, "Number", t.Lang.Number(l.Count)), Verb: cards.ExportVerb(string(l.Book.ID), "")})
	}
	return cards.Export(t.Lang, v), nil
}

func (b *Bot) exportView(t *Turn, k contact.Book, count int) cards.ExportView {
	title := t.Text("export.title", "Count", count, "Number", t.Lang.Number(count), "Name", b.bookName(t, k))
	return cards.ExportView{Title: title, Text: t.Text("export.text"), Formats: formatSteps(t, func(format string) string { return cards.ExportVerb(string(k.ID), format) })}
}

func formatSteps(t *Turn, verb func(format string) string) []cards.Step {
	var all []cards.Step
	for _, f := range exportFormats {
		all = t.offer(all, t.Text("export.format."+f.format), verb(f.format))
	}
	return all
}

// chooseExport is a book chosen from the list.
func (b *Bot) chooseExport(t *Turn) (cards.Card, error) {
	if err := b.exporting(t); err != nil {
		return cards.Card{}, err
	}
	e, err := b.Books.Extract(t.ctx, t.Caller, contact.What{Book: contact.BookID(t.Param("id"))})
	if err != nil {
		return cards.Card{}, err
	}
	return cards.Export(t.Lang, b.exportView(t, e.Book, e.Count)), nil
}

// chooseFound is the button below a search.
func (b *Bot) chooseFound(t *Turn) (cards.Card, error) {
	if err := b.exporting(t); err != nil {
		return cards.Card{}, err
	}
	return b.exportFound(t, t.Param("query"))
}

func (b *Bot) exportFound(t *Turn, query string) (cards.Card, error) {
	e, err := b.Books.Extract(t.ctx, t.Caller, contact.What{Query: query})
	if err != nil {
		return cards.Card{}, err
	}
	if e.Count == 0 {
		return b.nobodyCard(t, query), nil
	}
	v := cards.ExportView{Title: t.Text("export.found", "Count", e.Count, "Number", t.Lang.Number(e.Count), "Query", brief(query)), Text: t.Text("export.text"),
		Formats: formatSteps(t, func(format string) string { return cards.ExportFoundVerb(query, format) })}
	if e.More {
		v.Text = t.Text("export.more", "Limit", t.Lang.Number(contact.MaxExtract))
	}
	return cards.Export(t.Lang, v), nil
}

// exportBook hands a book out as a file.
func (b *Bot) exportBook(t *Turn) (cards.Card, error) {
	return b.handOut(t, contact.What{Book: contact.BookID(t.Param("id"))}, t.Param("format"))
}

// exportQuery hands out what a search finds.
func (b *Bot) exportQuery(t *Turn) (cards.Card, error) {
	return b.handOut(t, contact.What{Query: t.Param("query")}, t.Param("format"))
}

// exportContact hands out one contact as a vCard.
func (b *Bot) exportContact(t *Turn) (cards.Card, error) {
	return b.handOut(t, contact.What{Contact: t.contactID()}, formatVCard)
}

// handOut gives the link to a file. What may be read is asked now, so that nobody follows a link to a refusal, and again when
// the link is followed.
func (b *Bot) handOut(t *Turn, w contact.What, format string) (cards.Card, error) {
	if err := b.exporting(t); err != nil {
		return cards.Card{}, err
	}
	e, err := b.Books.Extract(t.ctx, t.Caller, w)
	if err != nil {
		return cards.Card{}, err
	}
	name, err := b.exportName(t, e, format)
	if err != nil {
		return cards.Card{}, err
	}
	address := b.Takeout.Link(t.Caller, w, format, name, t.Lang.Language())
	if address == "" {
		return cards.Card{}, fault.New(fault.Denied, "bot.handOut", "export.no_address")
	}
	v := cards.DownloadView{Title: name, Text: t.Text("export.link", "Count", e.Count, "Number", t.Lang.Number(e.Count)), URL: address, Next: t.steps("help")}
	if w.Contact != "" {
		v.Next = []cards.Step{{Title: t.Text("step.contact"), Verb: cards.ContactVerb(string(w.Contact))}}
	}
	return cards.Download(t.Lang, v), nil
}

// exportName is the name of a file: of the contact, the book, or what was searched.
func (b *Bot) exportName(t *Turn, e contact.Extract, format string) (string, error) {
	for _, f := range exportFormats {
		if f.format != format {
			continue
		}
		base := t.Text("export.name")
		switch {
		case e.Contact.Name != "":
			base = e.Contact.Name
		case e.Book.ID != "":
			base = b.bookName(t, e.Book)
		}
		return fileName(base+".x", f.ending), nil // whose own ending gives way
	}
	return "", fault.New(fault.Invalid, "bot.exportName", "trouble.old_card")
}

// callingCard shows one contact for a telephone to read.
func (b *Bot) callingCard(t *Turn) (cards.Card, error) {
	if err := b.exporting(t); err != nil {
		return cards.Card{}, err
	}
	e, err := b.Books.Get(t.ctx, t.Caller, t.contactID())
	if err != nil {
		return cards.Card{}, err
	}
	picture := b.Takeout.Link(t.Caller, contact.What{Contact: e.Contact.ID}, formatQR, "contact.png", t.Lang.Language())
	return cards.CallingCard(t.Lang, cards.CallingCardView{ID: string(e.Contact.ID), Name: e.Contact.Name, Line: roleLine(e.Contact.Record), Picture: picture,
		Next: []cards.Step{{Title: t.Text("step.contact"), Verb: cards.ContactVerb(string(e.Contact.ID))}}}), nil
}
