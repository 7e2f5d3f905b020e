package bot

import (
	"cmp"
	"crypto/rand"
	"strings"

	"teamspro/cards"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
)

// showLibrary tells where the pictures of this conversation are. Where everybody sees the answer, the button to change
// that is there for everybody, and tells who may not that they may not.
func (b *Bot) showLibrary(t *Turn) (cards.Card, error) { return b.libraryCard(t, "") }

func (b *Bot) libraryCard(t *Turn, notice string) (cards.Card, error) {
	l, err := b.Gallery.Library(t.ctx, t.Caller)
	if err != nil {
		return cards.Card{}, err
	}
	chosen := l.Choice != image.Choice{}
	may := l.May || t.Caller.Public
	v := cards.LibraryView{Notice: notice, Name: l.Folder.Name, URL: l.Folder.WebURL, Change: may, Default: may && chosen, Show: l.Folder.Name != ""}
	switch {
	case l.Hidden:
		v.Lines = append(v.Lines, t.Text("library.hidden"))
	case l.Folder.Name == "":
		v.Lines = append(v.Lines, t.Text("library.none"))
	case !chosen:
		v.Lines = append(v.Lines, t.Text(usualLibrary(t.Caller.Place)))
	}
	if chosen {
		v.Lines = append(v.Lines, b.chosenLine(t, l.Choice))
	}
	if t.Caller.Place == identity.Channel {
		v.Lines = append(v.Lines, t.Text("library.owners"))
	}
	return cards.Library(t.Lang, v), nil
}

// usualLibrary is the sentence about a library that nobody chose.
func usualLibrary(p identity.Place) string {
	if p == identity.Channel {
		return "library.usual.channel"
	}
	return "library.usual.personal"
}

func (b *Bot) chosenLine(t *Turn, c image.Choice) string {
	when := t.Lang.Date(b.local(t, c.At))
	if name := b.nameHere(t, c.By); name != "" {
		return t.Text("library.chosen_by", "Who", name, "When", when)
	}
	return t.Text("library.chosen", "When", when)
}

// usualAgain gives the conversation the library back that it has when nobody chooses.
func (b *Bot) usualAgain(t *Turn) (cards.Card, error) {
	if err := b.Gallery.Default(t.ctx, t.Caller); err != nil {
		return cards.Card{}, err
	}
	return b.libraryCard(t, t.Text("library.usual_again"))
}

// openLibrary opens the dialog to choose a folder, for who may.
func (b *Bot) openLibrary(t *Turn) (Dialog, error) {
	l, err := b.Gallery.Library(t.ctx, t.Caller)
	if err != nil {
		return Dialog{}, err
	}
	if err := b.Gallery.MayChoose(t.ctx, t.Caller); err != nil {
		return Dialog{}, err
	}
	return libraryDialog(t, cards.LibraryForm{Seen: l.Choice.Seen(), Form: rand.Text()}), nil
}

func libraryDialog(t *Turn, v cards.LibraryForm) Dialog {
	return Dialog{Title: t.Text("library.title"), Card: cards.LibraryDialog(t.Lang, v), Size: "medium"}
}

// submitLibrary takes a step of the dialog: an address leads to its folder at once, the name of a site to its libraries
// and from there to folders, one inside the other.
func (b *Bot) submitLibrary(t *Turn, f Form) (Outcome, error) {
	typed := func(id string) string { return strings.TrimSpace(f.Values[id]) }
	v := cards.LibraryForm{Seen: f.Values["version"], Form: cmp.Or(f.Values["form"], rand.Text())}
	switch folder, link, words := typed(cards.InputFolder), typed(cards.InputLink), typed(cards.InputWords); {
	case folder != "":
		return b.intoFolder(t, v, folder)
	case typed(cards.InputSite) != "":
		return b.intoSite(t, v, typed(cards.InputSite))
	case link != "":
		return b.byLink(t, v, link)
	case words != "":
		return b.bySite(t, v, words)
	}
	v.Note = t.Text("library.nothing_typed")
	return asked(libraryDialog(t, v))
}

func (b *Bot) byLink(t *Turn, v cards.LibraryForm, link string) (Outcome, error) {
	folder, err := b.Gallery.Resolve(t.ctx, t.Caller, link)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid) {
		v.Note, v.Link = b.sentence(t, err), link
		return asked(libraryDialog(t, v))
	}
	if err != nil {
		return Outcome{}, err
	}
	return b.takeFolder(t, v, folder.Ref)
}

func (b *Bot) bySite(t *Turn, v cards.LibraryForm, words string) (Outcome, error) {
	sites, err := b.Gallery.Sites(t.ctx, t.Caller, words)
	if err != nil {
		return Outcome{}, err
	}
	if len(sites) == 0 {
		v.Note, v.Words = t.Text("library.no_site", "Words", brief(words)), shorten(words, 100)
		return asked(libraryDialog(t, v))
	}
	v.Input, v.Label = cards.InputSite, t.Text("library.which_site")
	for _, s := range sites[:min(len(sites), maxChoices)] {
		v.Choices = append(v.Choices, cards.ChoiceView{Title: s.Name, Value: s.ID})
	}
	return asked(libraryDialog(t, v))
}

// maxChoices is how many sites or folders a dialog lists.
const maxChoices = 30

func (b *Bot) intoSite(t *Turn, v cards.LibraryForm, site string) (Outcome, error) {
	shelves, err := b.Gallery.Shelves(t.ctx, t.Caller, site)
	if err != nil {
		return Outcome{}, err
	}
	if len(shelves) == 0 {
		v.Note = t.Text("library.no_shelf")
		return asked(libraryDialog(t, v))
	}
	v.Input, v.Label, v.Choices = cards.InputFolder, t.Text("library.which_shelf"), folderChoices(shelves)
	return asked(libraryDialog(t, v))
}

// intoFolder takes the folder, or lists the ones inside it where there are any.
func (b *Bot) intoFolder(t *Turn, v cards.LibraryForm, chosen string) (Outcome, error) {
	name, take := strings.CutPrefix(chosen, cards.TakeFolder)
	ref, err := image.ParseRef(name)
	if err != nil {
		return Outcome{}, err
	}
	if take {
		return b.takeFolder(t, v, ref)
	}
	inside, err := b.Gallery.Folders(t.ctx, t.Caller, ref)
	if err != nil {
		return Outcome{}, err
	}
	if len(inside) == 0 {
		return b.takeFolder(t, v, ref)
	}
	v.Input, v.Label = cards.InputFolder, t.Text("library.which_folder")
	v.Choices = append([]cards.ChoiceView{{Title: t.Text("library.this_folder"), Value: cards.TakeFolder + name}}, folderChoices(inside)...)
	return asked(libraryDialog(t, v))
}

func folderChoices(items []image.Item) []cards.ChoiceView {
	var list []cards.ChoiceView
	for _, i := range items[:min(len(items), maxChoices)] {
		list = append(list, cards.ChoiceView{Title: i.Name, Value: i.Ref.String()})
	}
	return list
}

// takeFolder makes a folder the library, and tells the conversation: its members look for pictures there from now on.
func (b *Bot) takeFolder(t *Turn, v cards.LibraryForm, ref image.ItemRef) (Outcome, error) {
	folder, err := b.Gallery.Choose(t.ctx, t.Caller, ref, v.Seen)
	if err != nil {
		return Outcome{}, err
	}
	if b.Watcher != nil {
		b.Watcher.Soon(t.Caller.Tenant, t.Caller.Conversation)
	}
	all := b.beforeAll(t)
	card, err := b.libraryCard(all, all.Text("library.taken", "Folder", shorten(folder.Name, 100)))
	if err == nil && b.posting.first(strings.Join([]string{string(t.Caller.Person), t.activity.Conversation.ID, "library", v.Form}, "|"), b.now()) {
		b.say(t, card)
	}
	return Outcome{}, err
}
