package bot

import (
	"bytes"
	"net/http"
	"path"
	"slices"
	"strings"

	"teamspro/cards"
	"teamspro/internal/contact"
	"teamspro/internal/exchange"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
)

// Files of contacts come into a book through the personal chat: somebody hands one over, sees what it would change, agrees,
// and can take it back. Teams hands bots no files where several people talk.

// importReaders is how many files are read at a time: each is in memory whole.
const importReaders = 2

// importTyped answers "import": it looks at the file that came with it, or the one behind its link; alone it says how.
func (b *Bot) importTyped(t *Turn) (cards.Card, error) {
	if err := t.person(); err != nil {
		return cards.Card{}, err
	}
	files, link := t.activity.files(), t.link()
	switch {
	case t.Caller.Place != identity.Personal:
		return cards.Note(t.Lang, cards.NoteView{Title: t.Text("import.elsewhere.title"), Text: t.Text("import.elsewhere.text"), Next: t.steps("help")}), nil
	case len(files) > 0:
		return b.importHanded(t, files)
	case link != "":
		return b.importLinked(t, link)
	}
	return cards.Note(t.Lang, cards.NoteView{Title: t.Text("import.how.title"), Text: t.Text("import.how.text"), Next: t.steps("import/template", "books", "help")}), nil
}

// files are the files that came with a message, as opposed to pasted pictures.
func (a *Activity) files() []Attachment {
	return slices.DeleteFunc(a.handed(), func(at Attachment) bool { return at.ContentType != fileInfo })
}

// link is the first address in a message, as it was typed or behind a word.
func (t *Turn) link() string {
	link, _ := image.FindLink(t.Words)
	for _, a := range t.activity.anchors() {
		if link == "" && image.IsDriveLink(a.address) {
			link = a.address
		}
	}
	return link
}

// importHanded looks at the first of the files that came with a message.
func (b *Bot) importHanded(t *Turn, files []Attachment) (cards.Card, error) {
	return b.looksAt(t, func(t *Turn) (heldFile, error) {
		data, err := t.app.connector.FetchFile(t.ctx, files[0], importMost)
		if textOf(err) == "image.handed.address" {
			err = fault.New(fault.Invalid, "bot.importHanded", "import.address")
		}
		return heldFile{name: clip(files[0].Name, 200), data: data, more: len(files) - 1}, err
	})
}

// importLinked looks at the file behind a link to SharePoint or OneDrive. Contact Pro itself asks for no right there: it is
// read as the person who is signed in to Image Pro.
func (b *Bot) importLinked(t *Turn, link string) (cards.Card, error) {
	other := b.appOf(ImagePro)
	switch {
	case !image.IsDriveLink(link):
		return cards.Card{}, fault.New(fault.Invalid, "bot.importLinked", "import.link.foreign")
	case other == nil || !b.connected():
		return cards.Card{}, fault.New(fault.Invalid, "bot.importLinked", "import.link.none")
	}
	card, err := b.looksAt(t, func(t *Turn) (heldFile, error) {
		item, data, err := b.Gallery.Document(t.ctx, t.Caller, link, importMost)
		return heldFile{name: clip(item.Name, 200), data: data}, err
	})
	if fault.Is(err, fault.SignIn) && other != t.app {
		return cards.Trouble(t.Lang, cards.TroubleView{Sentence: t.Text("import.link.signin", "App", other.name), Next: t.steps("help"),
			Link: t.Text("import.link.open", "App", other.name), LinkURL: "https://teams.microsoft.com/l/chat/0/0?users=28:" + other.id}), nil
	}
	return card, err
}

// appOf is the app that is a product; nil when there is none.
func (b *Bot) appOf(product App) *app {
	for _, a := range b.apps {
		if a.key.has(product) {
			return a
		}
	}
	return nil
}

// looksAt gets a file and looks at it, which may take longer than a turn.
func (b *Bot) looksAt(t *Turn, get func(*Turn) (heldFile, error)) (cards.Card, error) {
	if err := t.person(); err != nil {
		return cards.Card{}, err
	}
	return b.reads(t, func(t *Turn) (cards.Card, error) {
		f, err := get(t)
		if err != nil {
			return cards.Card{}, err
		}
		return b.firstLook(t, f)
	})
}

// reads does something with a file beside a few others who do, which may take longer than a turn.
func (b *Bot) reads(t *Turn, do func(*Turn) (cards.Card, error)) (cards.Card, error) {
	return b.inTime(t, b.looking(t), func(t *Turn, _ func(cards.Card)) (cards.Card, error) {
		if err := b.reading.enter(t.ctx); err != nil {
			return cards.Card{}, fault.New(fault.Busy, "bot.reads", "trouble.busy")
		}
		defer b.reading.leave()
		return do(t)
	})
}

// looking is the card that says that a file is being read.
func (b *Bot) looking(t *Turn) cards.Card {
	return cards.Working(t.Lang, cards.WorkingView{Title: t.Text("import.looking"), Text: t.Text("import.looking.text")})
}

// firstLook opens a file, and where it is not certain what its columns hold, asks that first.
func (b *Bot) firstLook(t *Turn, f heldFile) (cards.Card, error) {
	file, err := opened(f.data)
	if err != nil {
		return cards.Card{}, err
	}
	defer file.Close()
	f.tenant, f.person, f.mapping = t.Caller.Tenant, t.Caller.Person, file.Mapping
	f = b.held.keep(f)
	if len(f.mapping.Columns) > 0 && !f.mapping.Sure() {
		return unsureCard(t, f), nil
	}
	return b.lookThrough(t, f, file)
}

func opened(data []byte) (*exchange.File, error) {
	return exchange.Open(bytes.NewReader(data), int64(len(data)), exchange.Limits{})
}

// lookThrough says what a file would change. The preview that was before it is given up.
func (b *Bot) lookThrough(t *Turn, f heldFile, file *exchange.File) (cards.Card, error) {
	seen := leftOut{text: t.Lang}
	wish := contact.ImportWish{Book: f.book, Format: string(file.Format), Where: t.reference(), Thread: t.activity.Conversation.ID}
	found, err := b.Imports.Look(t.ctx, t.Caller, wish, func(take func(contact.Row) error) error {
		return file.Each(t.ctx, f.mapping, contact.Checker{Region: b.Region}, func(r contact.Row) error {
			seen.note(r)
			return take(r)
		})
	})
	if err != nil {
		return cards.Card{}, err
	}
	f.preview, f.book = found.ID, found.Book
	if before := b.held.decide(t.Caller, f); before != "" {
		_, _ = b.Imports.Cancel(t.ctx, t.Caller, before) // it goes with its time, too
	}
	books, err := b.bookChoices(t)
	if err != nil {
		return cards.Card{}, err
	}
	return previewCard(t, sighting{file: f, format: file.Format, sheet: file.Sheet, wide: file.Wide, found: found, books: books, left: seen.sentences()}), nil
}

// lookPressed looks at a file as it was guessed.
func (b *Bot) lookPressed(t *Turn) (cards.Card, error) {
	f, err := b.held.get(t.Caller, t.Param("file"))
	if err != nil {
		return cards.Card{}, err
	}
	card, err := b.looksAgain(t, f)
	if err != nil {
		return cards.Card{}, err
	}
	return b.forAll(t, card), nil
}

// looksAgain makes the preview of a file of which something was decided.
func (b *Bot) looksAgain(t *Turn, f heldFile) (cards.Card, error) {
	return b.reads(t, func(t *Turn) (cards.Card, error) {
		file, err := opened(f.data)
		if err != nil {
			return cards.Card{}, err
		}
		defer file.Close()
		return b.lookThrough(t, f, file)
	})
}

// forAll is an answer that stands on its message, too, for when it is looked at again.
func (b *Bot) forAll(t *Turn, card cards.Card) cards.Card {
	if t.posted() {
		b.replies.done.Go(func() { _ = b.update(t, card) }) // its failure is in the log
	}
	return card
}

// dropFile forgets a file of which nothing was imported.
func (b *Bot) dropFile(t *Turn) (cards.Card, error) {
	b.held.drop(t.Caller, t.Param("file"), "")
	return b.forAll(t, notImported(t)), nil
}

// offerTemplate offers an empty table with the columns that are known.
func (b *Bot) offerTemplate(t *Turn) (cards.Card, error) {
	if t.Caller.Place != identity.Personal {
		return b.filesElsewhere(t), nil
	}
	file, err := template(t)
	if err != nil {
		return cards.Card{}, err
	}
	return b.said(t)(cards.FileConsent(cards.FileView{Name: file.name, Text: t.Text("import.template.text"), Size: int64(len(file.data)),
		Context: cards.FileContext{Kind: cards.FileTemplate, ID: string(exchange.XLSX)}}), nil)
}

// template makes that table.
func template(t *Turn) (made, error) {
	var table bytes.Buffer
	err := exchange.Write(&table, exchange.XLSX, func(func(contact.Contact, error) bool) {})
	return made{t.Text("import.template.name") + ".xlsx", table.Bytes()}, err
}

// The endings of files that are contacts, and of those that are pictures, for a bot that takes both.
var (
	tableEndings   = []string{"xlsx", "xlsm", "xls", "csv", "tsv", "vcf", "vcard", "json"}
	pictureEndings = []string{"jpg", "jpeg", "png", "gif", "webp", "avif", "heic", "heif", "tif", "tiff", "bmp", "svg"}
)

// holdsContacts tells whether a file that came with a message is for a book: by its ending, and where that says nothing by
// its bytes.
func (b *Bot) holdsContacts(t *Turn, at Attachment) bool {
	ending := strings.ToLower(strings.TrimPrefix(path.Ext(at.Name), "."))
	switch {
	case slices.Contains(tableEndings, ending):
		return true
	case slices.Contains(pictureEndings, ending):
		return false
	}
	data, err := t.app.connector.FetchFile(t.ctx, at, importMost)
	if err != nil || strings.HasPrefix(http.DetectContentType(data), "image/") {
		return false
	}
	file, err := opened(data)
	if err != nil {
		return false
	}
	defer file.Close()
	return len(file.Mapping.Columns) == 0 || file.Mapping.Named()
}
