package bot

import (
	"cmp"
	"crypto/rand"
	"errors"
	"strings"

	"teamspro/cards"
	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// bookName is what a book is called: its own name, or the name of its place. Names of teams and channels are not kept,
// so a book without a name is called after its kind of place.
func (b *Bot) bookName(t *Turn, book contact.Book) string {
	switch {
	case book.Name != "":
		return book.Name
	case book.Kind == contact.PersonalBook:
		return t.Text("books.personal")
	case book.Kind == contact.TenantBook:
		return t.Text("books.tenant")
	case book.Home == t.Caller.Conversation && book.Team == "":
		return t.Text("books.here_chat")
	case book.Home == t.Caller.Conversation:
		return t.Text("books.here_channel")
	case book.Team != "":
		return cmp.Or(t.app.roster.Title(t.ctx, t.Caller.Tenant, book.Home, book.Team), t.Text("books.channel"))
	}
	return t.Text("books.chat")
}

// who names a person of a book's conversation, read now and not kept.
func (b *Bot) who(t *Turn, p identity.Person, book contact.Book) string {
	if p == t.Caller.Person {
		return t.Text("who.you")
	}
	name, err := t.app.roster.Name(t.ctx, t.Caller.Tenant, p, cmp.Or(book.Home, t.Caller.Conversation), book.Team)
	if err != nil || name == "" {
		return t.Text("who.gone")
	}
	return name
}

func (b *Bot) showBooks(t *Turn) (cards.Card, error) {
	if err := t.person(); err != nil {
		return cards.Card{}, err
	}
	lists, err := b.Books.Lists(t.ctx, t.Caller)
	if err != nil {
		return cards.Card{}, err
	}
	v := cards.BooksView{MayNew: true}
	for _, l := range lists {
		v.Books = append(v.Books, b.bookView(t, l))
	}
	if t.Caller.Place != identity.Personal && !t.Caller.Public {
		offers, err := b.Books.Offers(t.ctx, t.Caller)
		if err != nil {
			return cards.Card{}, err
		}
		for _, l := range offers {
			v.Offers = append(v.Offers, b.bookView(t, l))
		}
	}
	return cards.Books(t.Lang, v), nil
}

func (b *Bot) bookView(t *Turn, l contact.Listing) cards.BookView {
	v := cards.BookView{ID: string(l.Book.ID), Name: b.bookName(t, l.Book), Kind: string(l.Book.Kind), Mode: string(l.Book.Mode), Manage: l.May.Manage,
		Removed: l.Book.Removed != nil, Count: t.Text("books.count", "Count", l.Count, "Number", t.Lang.Number(l.Count)), Access: t.Text("books.access." + access(l.May))}
	if l.May.Manage {
		for _, s := range l.Book.Shares {
			name := cmp.Or(t.app.roster.Title(t.ctx, t.Caller.Tenant, s.With, s.Team), t.Text("books.elsewhere"))
			v.Shared = append(v.Shared, cards.SharedView{Conversation: string(s.With), Name: name, Edit: s.Edit})
		}
	}
	return v
}

// access is the word for what a person may do with a book.
func access(r contact.Rights) string {
	switch {
	case r.Manage:
		return "manage"
	case r.Modify && r.Add && r.Delete:
		return "change"
	case r.Add || r.Modify || r.Delete:
		return "some"
	}
	return "read"
}

func (b *Bot) shareToRead(t *Turn) (cards.Card, error) { return b.share(t, false) }
func (b *Bot) shareToEdit(t *Turn) (cards.Card, error) { return b.share(t, true) }

func (b *Bot) share(t *Turn, edit bool) (cards.Card, error) {
	if _, err := b.Books.Share(t.ctx, t.Caller, contact.BookID(t.Param("id")), t.Caller.Conversation, t.Caller.Team, edit); err != nil {
		return cards.Card{}, err
	}
	return b.showBooks(t)
}

func (b *Bot) unshare(t *Turn) (cards.Card, error) {
	if _, err := b.Books.Unshare(t.ctx, t.Caller, contact.BookID(t.Param("id")), identity.Conversation(t.Param("conversation"))); err != nil {
		return cards.Card{}, err
	}
	return b.showBooks(t)
}

func (b *Bot) restoreBook(t *Turn) (cards.Card, error) {
	if err := b.Books.Returned(t.ctx, t.Caller); err != nil {
		return cards.Card{}, err
	}
	return b.showBooks(t)
}

func (b *Bot) openNewBook(t *Turn) (Dialog, error) {
	if err := t.person(); err != nil {
		return Dialog{}, err
	}
	return b.newBookDialog(t, cards.NewBookForm{Form: rand.Text(), Kind: string(naturalKind(t))}), nil
}

// naturalKind is the kind of book that somebody most likely wants here.
func naturalKind(t *Turn) contact.BookKind {
	if t.Caller.Place == identity.Personal {
		return contact.PersonalBook
	}
	return contact.ConversationBook
}

func (b *Bot) newBookDialog(t *Turn, v cards.NewBookForm) Dialog {
	kinds := []contact.BookKind{contact.PersonalBook}
	if t.Caller.Place != identity.Personal {
		kinds = []contact.BookKind{contact.ConversationBook, contact.PersonalBook, contact.TenantBook}
	}
	for _, k := range kinds {
		v.Kinds = append(v.Kinds, cards.ChoiceView{Title: t.Text("books.kind." + string(k)), Value: string(k)})
	}
	return Dialog{Title: t.Text("books.new.title"), Card: cards.NewBook(t.Lang, v), Size: "small"}
}

func (b *Bot) submitNewBook(t *Turn, f Form) (Outcome, error) {
	book, err := b.Books.NewBook(t.ctx, t.Caller, contact.BookKind(f.Values["kind"]), f.Values["name"])
	if fault.Is(err, fault.Invalid) {
		return asked(b.newBookDialog(t, cards.NewBookForm{Form: f.Values["form"], Name: f.Values["name"], Kind: f.Values["kind"], Problem: b.sentence(t, err)}))
	}
	if err != nil {
		return Outcome{}, err
	}
	return Outcome{Message: t.Text("books.new.done", "Name", book.Name)}, nil
}

// showSettings shows who may change the contacts of this place.
func (b *Bot) showSettings(t *Turn) (cards.Card, error) {
	l, err := b.here(t)
	if err != nil {
		return cards.Card{}, err
	}
	v := cards.SettingsView{Book: b.bookView(t, l), Language: t.Text("language." + t.Lang.Language()), MayChange: l.May.Manage && !t.Caller.Public}
	for _, p := range l.Book.Owners {
		v.Owners = append(v.Owners, b.who(t, p, l.Book))
	}
	return cards.Settings(t.Lang, v), nil
}

// here is the book of this place.
func (b *Bot) here(t *Turn) (contact.Listing, error) {
	if err := t.person(); err != nil {
		return contact.Listing{}, err
	}
	lists, err := b.Books.Lists(t.ctx, t.Caller)
	if err != nil {
		return contact.Listing{}, err
	}
	for _, l := range lists {
		if l.Book.Removed == nil && l.Book.Kind == naturalKind(t) && (l.Book.Kind == contact.PersonalBook || l.Book.Home == t.Caller.Conversation) {
			return l, nil
		}
	}
	return contact.Listing{}, fault.New(fault.NotFound, "bot.here", "settings.no_book")
}

func (b *Bot) openSettings(t *Turn) (Dialog, error) {
	l, err := b.managed(t)
	if err != nil {
		return Dialog{}, err
	}
	v := cards.SettingsForm{BookID: string(l.Book.ID), Version: l.Book.Version, Name: l.Book.Name, Mode: string(l.Book.Mode)}
	return b.settingsDialog(t, l, v)
}

// managed is the book of the dialog's path, for somebody who may manage it.
func (b *Bot) managed(t *Turn) (contact.Listing, error) {
	if err := t.person(); err != nil {
		return contact.Listing{}, err
	}
	lists, err := b.Books.Lists(t.ctx, t.Caller)
	if err != nil {
		return contact.Listing{}, err
	}
	for _, l := range lists {
		if string(l.Book.ID) != t.Param("id") {
			continue
		}
		if !l.May.Manage {
			return contact.Listing{}, fault.New(fault.Denied, "bot.managed", "books.manage_denied")
		}
		return l, nil
	}
	return contact.Listing{}, fault.Wrap(fault.NotFound, "bot.managed", nil)
}

// maxMembers is how many members the form for single rights lists.
const maxMembers = 20

func (b *Bot) settingsDialog(t *Turn, l contact.Listing, v cards.SettingsForm) (Dialog, error) {
	if l.Book.Kind == contact.ConversationBook {
		members, err := t.app.roster.All(t.ctx, t.Caller.Tenant, l.Book.Home, l.Book.Team)
		if err != nil {
			return Dialog{}, err
		}
		for _, m := range members[:min(len(members), maxMembers)] {
			r := l.Book.Rights[m.Person]
			v.Members = append(v.Members, cards.MemberRights{Person: string(m.Person), Name: m.Name, Add: r.Add, Modify: r.Modify, Delete: r.Delete})
		}
	}
	return Dialog{Title: t.Text("settings.title"), Card: cards.SettingsDialog(t.Lang, v), Size: "medium"}, nil
}

func (b *Bot) submitSettings(t *Turn, f Form) (Outcome, error) {
	l, err := b.managed(t)
	if err != nil {
		return Outcome{}, err
	}
	version := l.Book.Version
	_, err = b.Books.Configure(t.ctx, t.Caller, l.Book.ID, version, f.Values["name"], contact.Mode(f.Values["mode"]), memberRights(l.Book.Rights, f))
	var known *fault.Error
	if fault.Is(err, fault.Invalid) && errors.As(err, &known) {
		d, err := b.settingsDialog(t, l, cards.SettingsForm{BookID: string(l.Book.ID), Version: version, Name: f.Values["name"], Mode: f.Values["mode"],
			Problem: map[string]string{"name": b.sentence(t, known)}})
		return Outcome{Dialog: &d}, err
	}
	if err != nil {
		return Outcome{}, err
	}
	return Outcome{Message: t.Text("settings.done")}, nil
}

// memberRights reads the choices "rights:<person>" of the form; people whom the form did not list keep what they had.
func memberRights(now map[identity.Person]contact.Rights, f Form) map[identity.Person]contact.Rights {
	rights := map[identity.Person]contact.Rights{}
	for p, r := range now {
		rights[p] = r
	}
	for key, value := range f.Values {
		person, listed := strings.CutPrefix(key, "rights:")
		if !listed || person == "" {
			continue
		}
		has := func(right string) bool { return strings.Contains(","+value+",", ","+right+",") }
		rights[identity.Person(person)] = contact.Rights{Read: true, Add: has("add"), Modify: has("modify"), Delete: has("delete")}
	}
	return rights
}
