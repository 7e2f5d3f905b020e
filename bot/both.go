package bot

import (
	"teamspro/cards"
)

// bothRoutes are what a bot that is both products at once answers in a way of its own. They stand before the routes of
// either, and win.
func (b *Bot) bothRoutes(r *Router) {
	r.Command("help", b.helpOfBoth, "what can be typed")
	r.Action("help", b.helpOfBoth, "what can be typed")
	r.Command("undo", b.undoEither, "the last change of a contact, or the last step of a picture, taken back")
	r.Command(unknown, b.editOrFind, "a plan for a picture; for anything else a search is offered")
}

func (b *Bot) helpOfBoth(t *Turn) (cards.Card, error) {
	commands := append(contactCommands(t.Lang), imageCommands(t.Lang)...)
	return b.helpCard(t, commands, t.steps("books", "pins", "presets", "settings", "privacy")), nil
}

// undoEither takes back what the person did last, be it to a contact or to a picture.
func (b *Bot) undoEither(t *Turn) (cards.Card, error) {
	w, err := b.latest(t)
	if err != nil || !w.Undo {
		return b.undoLast(t)
	}
	if last, err := b.Books.Last(t.ctx, t.Caller); err == nil && last.At.After(w.Moved) {
		return b.undoLast(t)
	}
	return b.undoLatest(t)
}

// editOrFind takes words for a plan when they are one, or begin like one; whatever comes with a picture or the link to one is
// for the picture, and a file of contacts is for a book.
func (b *Bot) editOrFind(t *Turn) (cards.Card, error) {
	if files := t.activity.files(); len(files) > 0 && b.holdsContacts(t, files[0]) {
		return b.importTyped(t)
	}
	if link, _ := b.linked(t); link != "" || len(t.activity.handed()) > 0 {
		return b.editPicture(t)
	}
	_, err := b.plan(t, t.Words)
	switch textOf(err) {
	case "image.bad.empty", "image.bad.verb", "image.bad.verb_near":
		return b.unknownWords(t)
	}
	return b.editPicture(t)
}
