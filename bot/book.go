package bot

import (
	"cmp"
	"crypto/rand"
	"time"

	"teamspro/cards"
	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// meet lets whoever speaks to the bot somewhere find the books of that place from elsewhere.
func (b *Bot) meet(t *Turn) {
	if t.app.key.has(ContactPro) {
		b.Books.Met(t.ctx, t.Caller)
	}
}

func (b *Bot) showBooks(t *Turn) (cards.Card, error) {
	if err := t.person(); err != nil {
		return cards.Card{}, err
	}
	lists, err := b.Books.Lists(t.ctx, t.Caller)
	if err != nil {
		return cards.Card{}, err
	}
	b.readBookTitles(t, lists)
	v := cards.BooksView{MayNew: true, Mine: t.Caller.Public}
	for _, l := range lists {
		v.Books = append(v.Books, b.bookView(t, l))
	}
	if t.Caller.Place != identity.Personal && !t.Caller.Public {
		offers, err := b.Books.Offers(t.ctx, t.Caller)
		if err != nil {
			return cards.Card{}, err
		}
		b.readBookTitles(t, offers)
		for _, l := range offers {
			v.Offers = append(v.Offers, b.bookView(t, l))
		}
	}
	return cards.Books(t.Lang, v), nil
}

func (b *Bot) bookView(t *Turn, l contact.Listing) cards.BookView {
	v := cards.BookView{ID: string(l.Book.ID), Name: b.bookName(t, l.Book), Kind: string(l.Book.Kind), Mode: string(l.Book.Mode), Manage: l.May.Manage,
		Removed: l.Book.Removed != nil, Restore: l.Book.Home == t.Caller.Conversation, Count: t.Text("books.count", "Count", l.Count, "Number", t.Lang.Number(l.Count))}
	if l.Book.Removed != nil && b.Grace > 0 {
		v.Until = b.keptUntil(t, l.Book.Removed.At.Add(b.Grace))
	}
	if t.Caller.Public { // what one person may do there says nothing to the others
		v.Manage = false
		return v
	}
	v.Access = t.Text("books.access." + access(l.May))
	if l.May.Manage {
		for _, s := range l.Book.Shares {
			name := cmp.Or(b.title(t, s.With, s.Team), t.Text("books.elsewhere"))
			v.Shared = append(v.Shared, cards.SharedView{Conversation: string(s.With), Name: name, Edit: s.Edit})
		}
	}
	return v
}

// keptUntil says how long something waits to be brought back.
func (b *Bot) keptUntil(t *Turn, end time.Time) string {
	if !b.now().Before(end) {
		return t.Text("grace.over")
	}
	return t.Text("grace.kept", "Until", t.Lang.Date(b.local(t, end)))
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

// restoreBook brings back the books that waited here. Elsewhere there is nothing to bring them back into until the app is
// added again, which brings them back by itself.
func (b *Bot) restoreBook(t *Turn) (cards.Card, error) {
	if err := t.person(); err != nil {
		return cards.Card{}, err
	}
	if _, err := b.Books.Returned(t.ctx, t.Caller); err != nil {
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
	book, err := b.Books.NewBook(t.ctx, t.Caller, contact.BookKind(f.Values["kind"]), f.Values["name"], t.formDeed(f))
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Denied) {
		return asked(b.newBookDialog(t, cards.NewBookForm{Form: f.Values["form"], Name: f.Values["name"], Kind: f.Values["kind"], Problem: b.sentence(t, err)}))
	}
	if err != nil {
		return Outcome{}, err
	}
	return Outcome{Message: t.Text("books.new.done", "Name", book.Name)}, nil
}
