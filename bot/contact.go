package bot

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"teamspro/cards"
	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// showContact answers "show marta": the contact when one fits, the choice when several do.
func (b *Bot) showContact(t *Turn) (cards.Card, error) {
	return b.one(t, "", func(e contact.Entry) (cards.Card, error) {
		e, err := b.Books.Look(t.ctx, t.Caller, e.Contact.ID)
		if err != nil {
			return cards.Card{}, err
		}
		return b.contactCard(t, e, asMessage), nil
	})
}

// editByName answers "edit marta". A dialog opens only from a button, so the card with that button is the answer.
func (b *Bot) editByName(t *Turn) (cards.Card, error) {
	return b.one(t, "edit", func(e contact.Entry) (cards.Card, error) {
		v := b.contactView(t, e, asMessage)
		v.Notice = t.Text("edit.press")
		if !e.May.Modify {
			v.Notice = t.Text("view.edit_denied", "Name", e.Contact.Name)
		}
		return cards.Contact(t.Lang, v), nil
	})
}

func (b *Bot) deleteByName(t *Turn) (cards.Card, error) {
	return b.one(t, "delete", func(e contact.Entry) (cards.Card, error) { return b.confirmDelete(t, e) })
}

func (b *Bot) historyByName(t *Turn) (cards.Card, error) {
	return b.one(t, "history", func(e contact.Entry) (cards.Card, error) { return b.historyCard(t, e.Contact.ID) })
}

// one finds the contact that the words mean and goes on with it. Several are offered to choose from; the choice leads
// to the part of the contact that was asked for: edit, delete, history, or "" for the contact itself.
func (b *Bot) one(t *Turn, part string, with func(contact.Entry) (cards.Card, error)) (cards.Card, error) {
	if t.Words == "" {
		return b.whomHint(t, part)
	}
	if err := t.person(); err != nil {
		return cards.Card{}, err
	}
	found, err := b.Books.Find(t.ctx, t.Caller, contact.ParseQuery(t.Words), 0, pageSize)
	if err != nil {
		return cards.Card{}, err
	}
	if e, ok := meant(found, t.Words); ok {
		return with(e)
	}
	return b.chooseCard(t, found, part), nil
}

// whomHint answers a command that says whom it is about, when it did not.
func (b *Bot) whomHint(t *Turn, part string) (cards.Card, error) {
	if part == "" {
		return b.searchHint(t)
	}
	example := t.mention() + t.Text("help."+part+".example")
	return cards.Note(t.Lang, cards.NoteView{Title: t.Text("choose.whom"), Text: t.Text("choose.example", "Example", example), Next: t.steps("favourites", "help")}), nil
}

// meant is the one contact that was meant: the only one found, or the only one of exactly that name.
func meant(found contact.Found, words string) (contact.Entry, bool) {
	if found.Total == 1 && len(found.Entries) == 1 {
		return found.Entries[0], true
	}
	var exact []contact.Entry
	for _, e := range found.Entries {
		if strings.EqualFold(e.Contact.Name, words) {
			exact = append(exact, e)
		}
	}
	if len(exact) == 1 {
		return exact[0], true
	}
	return contact.Entry{}, false
}

// openContact shows a contact chosen from a list, and remembers that this person looked at it.
func (b *Bot) openContact(t *Turn) (cards.Card, error) {
	e, err := b.Books.Look(t.ctx, t.Caller, t.contactID())
	if err != nil {
		return cards.Card{}, err
	}
	return b.contactCard(t, e, asView), nil
}

// refreshContact shows a card that is a message as this viewer may see it. Teams asks for it on every render, so it
// changes nothing.
func (b *Bot) refreshContact(t *Turn) (cards.Card, error) {
	e, err := b.Books.Get(t.ctx, t.Caller, t.contactID())
	if fault.Is(err, fault.NotFound) {
		return b.goneCard(t), nil
	}
	if err != nil {
		return cards.Card{}, err
	}
	return cards.Contact(t.Lang, b.withOwnChange(t, b.contactView(t, e, asMessage), e)), nil
}

// goneCard stands in the place of a contact that is not there any more, or not for this person.
func (b *Bot) goneCard(t *Turn) cards.Card {
	return cards.Note(t.Lang, cards.NoteView{Title: t.Text("view.gone.title"), Text: t.Text("view.gone.text"), Next: t.steps("trash", "find")})
}

// pressedTwice is how soon a second press on a button is taken for the same wish.
const pressedTwice = 10 * time.Second

// undoTime is how long a contact's card reminds its viewer of a change of their own.
const undoTime = 10 * time.Minute

// withOwnChange reminds the viewer of what they just changed in the contact, and offers to take it back.
func (b *Bot) withOwnChange(t *Turn, v cards.ContactView, e contact.Entry) cards.ContactView {
	if t.Caller.Public || e.Contact.Changed.By != t.Caller.Person || b.now().Sub(e.Contact.Changed.At) > undoTime {
		return v
	}
	last, err := b.Books.Latest(t.ctx, t.Caller, e.Contact.ID)
	if err != nil || last.Version != e.Contact.Version || last.Act == contact.Deleted {
		return v
	}
	v.Notice, v.Undo = t.Text(ownText(last), "Fields", changedFields(t, last)), string(last.ID)
	return v
}

// ownText is the key of the sentence that reminds a person of what they did.
func ownText(c contact.Change) string {
	if c.Undoes != "" && c.Act == contact.Edited {
		return "own.undone"
	}
	return "own." + string(c.Act)
}

func (b *Bot) markFavourite(t *Turn) (cards.Card, error)   { return b.setFavourite(t, true) }
func (b *Bot) unmarkFavourite(t *Turn) (cards.Card, error) { return b.setFavourite(t, false) }

func (b *Bot) setFavourite(t *Turn, on bool) (cards.Card, error) {
	e, err := b.Books.SetFavourite(t.ctx, t.Caller, t.contactID(), on)
	if err != nil {
		return cards.Card{}, err
	}
	return b.contactCard(t, e, t.shape()), nil
}

// postContact drops a card into the conversation for everybody, if everybody there may see it.
func (b *Bot) postContact(t *Turn) (cards.Card, error) {
	all := b.beforeAll(t)
	e, err := b.Books.Get(t.ctx, all.Caller, t.contactID())
	if fault.Is(err, fault.NotFound) {
		return cards.Card{}, fault.New(fault.Denied, "bot.postContact", "view.post_denied")
	}
	if err != nil {
		return cards.Card{}, err
	}
	if b.posting.first(strings.Join([]string{string(t.Caller.Person), t.activity.Conversation.ID, string(e.Contact.ID)}, "|"), b.now()) {
		b.say(t, b.contactCard(all, e, asMessage))
	}
	v := b.contactView(t, e, asView)
	v.Notice, v.Share = t.Text("view.posted"), false
	return cards.Contact(t.Lang, v), nil
}

func (b *Bot) askDelete(t *Turn) (cards.Card, error) {
	e, err := b.Books.Get(t.ctx, t.Caller, t.contactID())
	if err != nil {
		return cards.Card{}, err
	}
	return b.confirmDelete(t, e)
}

func (b *Bot) confirmDelete(t *Turn, e contact.Entry) (cards.Card, error) {
	if !e.May.Delete {
		return cards.Card{}, fault.New(fault.Denied, "bot.confirmDelete", "view.delete_denied", "Name", e.Contact.Name)
	}
	id := string(e.Contact.ID)
	return cards.Confirm(t.Lang, cards.ConfirmView{
		Question: t.Text("delete.question", "Name", e.Contact.Name, "Book", b.bookName(t, e.Book)),
		Explain:  t.Text("delete.explain", "Count", contact.TrashDays),
		Yes:      "contact/" + id + "/" + strconv.Itoa(e.Contact.Version) + "/remove",
		YesTitle: t.Text("delete.yes"),
		No:       "contact/" + id,
		Posted:   asMessageOr(t) == asMessage,
	}), nil
}

// deleteContact carries out a confirmed deletion. Pressed twice, the second press finds it done.
func (b *Bot) deleteContact(t *Turn) (cards.Card, error) {
	version, err := strconv.Atoi(t.Param("version"))
	if err != nil {
		return cards.Card{}, fault.New(fault.Invalid, "bot.deleteContact", "trouble.old_card")
	}
	e, err := b.Books.Get(t.ctx, t.Caller, t.contactID())
	if fault.Is(err, fault.NotFound) {
		return b.deletedBefore(t)
	}
	if err != nil {
		return cards.Card{}, err
	}
	change, err := b.Books.Delete(t.ctx, t.Caller, e.Contact.ID, version, t.Deed())
	if fault.Is(err, fault.Stale) {
		return b.staleCard(t, e.Contact.ID)
	}
	if err != nil {
		return cards.Card{}, err
	}
	return b.changed(t, change), nil
}

// deletedBefore answers a second press on "Delete": the deed is done, and can be taken back.
func (b *Bot) deletedBefore(t *Turn) (cards.Card, error) {
	history, err := b.Books.History(t.ctx, t.Caller, t.contactID())
	if err != nil {
		return cards.Card{}, err
	}
	if len(history.Changes) == 0 {
		return cards.Card{}, fault.Wrap(fault.NotFound, "bot.deletedBefore", nil)
	}
	return b.changeCard(t, history.Changes[0]), nil
}

// undoChange takes a change back. Pressed twice, the second press finds it done.
func (b *Bot) undoChange(t *Turn) (cards.Card, error) {
	id := contact.ChangeID(t.Param("id"))
	if card, whole, err := b.undoWhole(t, id); whole || err != nil {
		return card, err
	}
	change, err := b.Books.Undo(t.ctx, t.Caller, id, t.Deed())
	if fault.Is(err, fault.Stale) {
		return b.staleChange(t, id)
	}
	if err != nil {
		return cards.Card{}, err
	}
	return b.changed(t, change), nil
}

// undoLast answers "undo": the last change that this person made.
func (b *Bot) undoLast(t *Turn) (cards.Card, error) {
	if err := t.person(); err != nil {
		return cards.Card{}, err
	}
	last, err := b.Books.Last(t.ctx, t.Caller)
	if fault.Is(err, fault.NotFound) {
		return cards.Note(t.Lang, cards.NoteView{Title: t.Text("undo.nothing.title"), Text: t.Text("undo.nothing.text"), Next: t.steps("trash", "help")}), nil
	}
	if err != nil {
		return cards.Card{}, err
	}
	if step := last.ID.Step(); step != "" {
		return b.undoLastStep(t, step)
	}
	change, err := b.Books.Undo(t.ctx, t.Caller, last.ID, t.Deed())
	if fault.Is(err, fault.Stale) {
		return b.staleChange(t, last.ID)
	}
	if err != nil {
		return cards.Card{}, err
	}
	return b.changeCard(t, change), nil
}

func (b *Bot) restoreField(t *Turn) (cards.Card, error) {
	change, err := b.Books.RestoreField(t.ctx, t.Caller, contact.ChangeID(t.Param("id")), contact.Field(t.Param("field")), t.Deed())
	if err != nil {
		return cards.Card{}, err
	}
	if change.Act == "" {
		return b.sameCard(t, contact.ChangeID(t.Param("id")))
	}
	return b.changed(t, change), nil
}

// sameCard answers a wish that would change nothing.
func (b *Bot) sameCard(t *Turn, id contact.ChangeID) (cards.Card, error) {
	change, err := b.Books.Change(t.ctx, t.Caller, id)
	if err != nil {
		return cards.Card{}, err
	}
	return b.currentCard(t, change.Contact, "edit.same.text")
}

// staleChange answers an undo that came too late: with what an earlier press did, or with the contact as it is now.
func (b *Bot) staleChange(t *Turn, id contact.ChangeID) (cards.Card, error) {
	change, err := b.Books.Change(t.ctx, t.Caller, id)
	if err != nil {
		return cards.Card{}, err
	}
	history, err := b.Books.History(t.ctx, t.Caller, change.Contact)
	if err == nil && len(history.Changes) > 0 && history.Changes[0].Undoes == id {
		return b.changeCard(t, history.Changes[0]), nil
	}
	return b.staleCard(t, change.Contact)
}

// staleCard offers the current contact to somebody who pressed a button of an older one.
func (b *Bot) staleCard(t *Turn, id contact.ID) (cards.Card, error) {
	return b.currentCard(t, id, "view.stale")
}

// currentCard is the contact as it is now, under a notice.
func (b *Bot) currentCard(t *Turn, id contact.ID, notice string) (cards.Card, error) {
	e, err := b.Books.Get(t.ctx, t.Caller, id)
	if fault.Is(err, fault.NotFound) {
		return b.goneCard(t), nil
	}
	if err != nil {
		return cards.Card{}, err
	}
	v := b.contactView(t, e, t.shape())
	v.Notice = t.Text(notice)
	return cards.Contact(t.Lang, v), nil
}

// changed answers a button that changed a contact: the person sees what was done and can take it back; when the button
// stood on a message that others see too, the message is brought up to date for them.
func (b *Bot) changed(t *Turn, change contact.Change) cards.Card {
	if t.posted() {
		b.refreshMessage(t, change)
	}
	return b.changeCard(t, change)
}

// refreshMessage replaces the card of the message that a button stood on by what everybody may see of the change.
func (b *Bot) refreshMessage(t *Turn, change contact.Change) {
	card := b.publicCard(b.beforeAll(t), change)
	b.replies.done.Go(func() { _ = b.update(t, card) }) // the message is then older than the contact, and its buttons say so
}

// publicCard is what everybody may see of a change. Who may not take it back is told so when they try.
func (b *Bot) publicCard(t *Turn, change contact.Change) cards.Card {
	if change.Act != contact.Deleted {
		if e, err := b.Books.Get(t.ctx, t.Caller, change.Contact); err == nil {
			return cards.Contact(t.Lang, b.withOwnChange(t, b.contactView(t, e, asMessage), e))
		}
	}
	return b.changeCard(t, change)
}

// shape is how a contact card reaches its viewer.
type shape int

const (
	asMessage shape = iota // a message of its own: what a button changes is shown to everybody
	asView                 // in the place of another card, for one person
	asDraft                // in the compose box, to be sent by a person
	asResult               // one of many that could be put there
)

// shape tells how the answer to this turn's button is shown.
func (t *Turn) shape() shape {
	if t.posted() {
		return asMessage
	}
	return asView
}

func (b *Bot) contactCard(t *Turn, e contact.Entry, s shape) cards.Card {
	return cards.Contact(t.Lang, b.contactView(t, e, s))
}

// contactView is what one person sees of a contact. A card that stands before several people offers what any of them
// may do; it then asks again for each viewer.
func (b *Bot) contactView(t *Turn, e contact.Entry, s shape) cards.ContactView {
	c := e.Contact
	shared := t.Caller.Place != identity.Personal
	anybody := !t.Caller.Public || e.Book.Mode == contact.Everybody
	return cards.ContactView{
		ID: string(c.ID), Version: c.Version, Name: c.Name, Kind: string(c.Kind), Job: c.Job, Company: c.Company, Department: c.Department,
		Picture: b.picture(c), Emails: c.Emails, Phones: phoneViews(c.Phones, b.Region), Pages: pageViews(c.Record),
		Addresses: addressViews(c.Addresses), Hours: c.Hours, Notes: c.Notes, PhotoURL: c.Photo, Tags: tagViews(c.Tags), Custom: customViews(c.Custom),
		Source: b.source(t, e.Book, s), Changed: t.Lang.Date(c.Changed.At),
		MayEdit: e.May.Modify && anybody, MayDelete: e.May.Delete && anybody, Favourite: e.Favourite,
		Personal: !shared || s == asView, Live: shared && s == asMessage, Posted: s == asMessage, Share: shared && s == asView,
		Draft: s == asDraft || s == asResult, Brief: s == asResult, Chat: chatAddress(c, s),
	}
}

// chatAddress is whom Teams opens a chat with: people have chats, desks and companies have none. Teams itself says when
// somebody cannot be reached there. Among many results it is left to the whole card.
func chatAddress(c contact.Contact, s shape) string {
	if s == asResult || c.Kind != contact.Person || len(c.Emails) == 0 {
		return ""
	}
	return c.Emails[0]
}

// source names the book of a contact. In a card that a person sends to others it stays unsaid: the book may be of a chat in
// which they are not.
func (b *Bot) source(t *Turn, book contact.Book, s shape) string {
	if s == asDraft || s == asResult {
		return ""
	}
	return b.bookName(t, book)
}

// picture is the address of the contact's initials; empty when there are none to draw or nobody could fetch it.
func (b *Bot) picture(c contact.Contact) string {
	path := b.Avatar(c.Name, string(c.Kind))
	if path == "" || b.PublicURL == "" {
		return ""
	}
	return b.PublicURL + path
}

func phoneViews(phones []contact.Phone, region string) []cards.PhoneView {
	var views []cards.PhoneView
	for _, p := range phones {
		views = append(views, cards.PhoneView{Label: string(p.Label), Text: p.Readable(region), Dial: p.E164})
	}
	return views
}

func pageViews(r contact.Record) []cards.PageView {
	var views []cards.PageView
	for _, f := range []contact.Field{contact.FieldWebsite, contact.FieldLinkedIn, contact.FieldFacebook, contact.FieldX} {
		if address := contact.PageURL(r, f); address != "" {
			views = append(views, cards.PageView{Label: string(f), URL: address})
		}
	}
	return views
}

func addressViews(addresses []contact.Address) []cards.AddressView {
	var views []cards.AddressView
	for _, a := range addresses {
		query := a.Text
		if a.Position != nil {
			query = strconv.FormatFloat(a.Position.Lat, 'f', -1, 64) + "," + strconv.FormatFloat(a.Position.Lng, 'f', -1, 64)
		}
		views = append(views, cards.AddressView{Text: a.Text, MapURL: "https://www.bing.com/maps?q=" + url.QueryEscape(query)})
	}
	return views
}

func tagViews(tags []string) []cards.TagView {
	var views []cards.TagView
	for _, tag := range tags {
		views = append(views, cards.TagView{Name: tag})
	}
	return views
}

func customViews(custom []contact.Custom) []cards.FactView {
	var views []cards.FactView
	for _, c := range custom {
		views = append(views, cards.FactView{Label: c.Name, Value: c.Value})
	}
	return views
}

func (t *Turn) contactID() contact.ID { return contact.ID(t.Param("id")) }
