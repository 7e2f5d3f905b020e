package bot

import (
	"cmp"
	"strconv"
	"strings"

	"teamspro/cards"
	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/image"
)

// Sizes of the gallery.
const (
	pinsOnPage = 6
	pinSide    = 240 // pixels of a small picture
)

func (b *Bot) showPins(t *Turn) (cards.Card, error) { return b.pinsCard(t, 0, "") }

func (b *Bot) pinsPage(t *Turn) (cards.Card, error) {
	skip, err := strconv.Atoi(t.Param("skip"))
	if err != nil || skip < 0 {
		return cards.Card{}, fault.New(fault.Invalid, "bot.pinsPage", "trouble.old_card")
	}
	return b.pinsCard(t, skip, "")
}

// pinsCard is the gallery from a place on, below a notice. It shows what the person who asked may see.
func (b *Bot) pinsCard(t *Turn, skip int, notice string, next ...cards.Step) (cards.Card, error) {
	page, all, err := b.Pins.List(t.ctx, t.Caller, skip, pinsOnPage)
	if err != nil {
		return cards.Card{}, err
	}
	if len(page) == 0 && skip > 0 { // what was on this page is gone
		return b.pinsCard(t, 0, notice, next...)
	}
	v := cards.PinsView{Notice: notice, Title: t.Text("pins.title", "Count", all), Skip: skip, Page: pinsOnPage, All: all, Next: next}
	if all == 0 {
		v.Title, v.Hint = t.Text("pins.none"), t.Text("pins.hint", "Mention", t.mention())
		v.Next = append(v.Next, t.imagesStep())
	}
	for _, p := range page {
		v.Rows = append(v.Rows, b.pinRow(t, p))
	}
	return cards.Pins(t.Lang, v), nil
}

func (b *Bot) pinRow(t *Turn, p image.Pinned) cards.PinRow {
	row := cards.PinRow{Ref: p.Ref.String(), N: strconv.Itoa(p.N), Caption: p.Caption, MayUnpin: p.MayUnpin,
		Line: t.Text("pins.by", "Who", b.who(t, p.By, contact.Book{Team: t.Caller.Team}), "When", t.Lang.Date(b.local(t, p.At)))}
	if p.Item == nil {
		row.Gone = t.Text("pins.gone.file")
		return row
	}
	row.Name, row.Alt = p.Item.Name, cmp.Or(p.Caption, p.Item.Name)
	row.Preview = b.Preview(t.Caller.Tenant, image.ViewID(t.Caller, *p.Item), image.Plan{}.String(), pinSide, t.Lang.Language())
	return row
}

// pinLatest pins the file that the person works on, with what they typed as its caption.
func (b *Bot) pinLatest(t *Turn) (cards.Card, error) {
	if len(t.activity.handed()) > 0 {
		return cards.Card{}, notSaved()
	}
	id, err := b.Studio.Latest(t.Caller)
	if err != nil {
		return cards.Card{}, err
	}
	w, err := b.Studio.Look(t.Caller, id)
	switch {
	case err != nil:
		return cards.Card{}, err
	case w.Item == nil:
		return cards.Card{}, notSaved()
	case len(w.Plan.Steps) > 0 || w.Plan.Output != (image.Output{}):
		return b.pin(t, w.Item.Ref, t.Words, t.Text("pins.unsaved"))
	}
	return b.pin(t, w.Item.Ref, t.Words, "")
}

// notSaved says that only files of a drive are pinned.
func notSaved() error { return fault.New(fault.Invalid, "bot.pin", "pins.save_first") }

// pinFile is a button, with a caption or without.
func (b *Bot) pinFile(t *Turn) (cards.Card, error) {
	ref, err := image.ParseRef(t.Param("ref"))
	if err != nil {
		return cards.Card{}, err
	}
	return b.pin(t, ref, t.Param("caption"), "")
}

// pin pins a file and shows it among the others; more is said besides. A file that is pinned already stays as it is.
func (b *Bot) pin(t *Turn, ref image.ItemRef, caption, more string) (cards.Card, error) {
	pin, again, err := b.Pins.Pin(t.ctx, t.Caller, ref, caption)
	if err != nil {
		return cards.Card{}, err
	}
	if again {
		return b.pinnedAlready(t, pin, caption), nil
	}
	notice := strings.TrimSpace(t.Text("pins.pinned", "Name", pin.Item.Name, "N", pin.N) + " " + more)
	return b.pinsCard(t, (pin.N-1)/pinsOnPage*pinsOnPage, notice)
}

// pinnedAlready says how a file is pinned, and offers the new caption.
func (b *Bot) pinnedAlready(t *Turn, pin image.Pinned, caption string) cards.Card {
	v := cards.NoteView{Title: t.Text("pins.again", "Name", pin.Item.Name, "N", pin.N), Text: t.Text("pins.again.plain")}
	if pin.Caption != "" {
		v.Text = t.Text("pins.again.caption", "Caption", pin.Caption)
	}
	switch {
	case caption != "" && caption != pin.Caption && pin.MayUnpin:
		v.Next = t.offer(v.Next, t.Text("pins.recaption", "Caption", shorten(caption, 40)), cards.CaptionVerb(pin.Ref.String(), caption))
	case pin.MayUnpin:
		v.Text += " " + t.Text("pins.again.how", "Mention", t.mention())
	}
	v.Next = append(v.Next, t.steps("pins")...)
	return cards.Note(t.Lang, v)
}

// offer adds a button, if its path is not longer than a path may be.
func (t *Turn) offer(next []cards.Step, title, verb string) []cards.Step {
	if len(verb) > maxPath {
		return next
	}
	return append(next, cards.Step{Title: title, Verb: verb})
}

func (b *Bot) captionPin(t *Turn) (cards.Card, error) {
	ref, err := image.ParseRef(t.Param("ref"))
	if err != nil {
		return cards.Card{}, err
	}
	before, err := b.Pins.Caption(t.ctx, t.Caller, ref, t.Param("caption"))
	if err != nil {
		return cards.Card{}, err
	}
	var undo []cards.Step
	if before.Caption != "" && before.Caption != t.Param("caption") {
		undo = t.offer(undo, t.Text("pins.recaption", "Caption", shorten(before.Caption, 40)), cards.CaptionVerb(ref.String(), before.Caption))
	}
	return b.pinsCard(t, 0, t.Text("pins.captioned"), undo...)
}

// unpin takes down the pin whose number was typed.
func (b *Bot) unpin(t *Turn) (cards.Card, error) {
	n, err := strconv.Atoi(strings.Trim(t.Words, "#. "))
	if err != nil {
		return b.pinsCard(t, 0, t.Text("pins.which", "Mention", t.mention()))
	}
	pin, err := b.Pins.Numbered(t.ctx, t.Caller, n)
	if err != nil {
		return cards.Card{}, err
	}
	return b.drop(t, pin.Ref)
}

func (b *Bot) dropPin(t *Turn) (cards.Card, error) {
	ref, err := image.ParseRef(t.Param("ref"))
	if err != nil {
		return cards.Card{}, err
	}
	return b.drop(t, ref)
}

func (b *Bot) drop(t *Turn, ref image.ItemRef) (cards.Card, error) {
	pin, err := b.Pins.Unpin(t.ctx, t.Caller, ref)
	if err != nil {
		return cards.Card{}, err
	}
	return b.pinsCard(t, 0, t.Text("pins.dropped"), t.offer(nil, t.Text("pins.back"), cards.PinVerb(ref.String(), pin.Caption))...)
}

// openPin lays a pinned file on the person's desk.
func (b *Bot) openPin(t *Turn) (cards.Card, error) {
	ref, err := image.ParseRef(t.Param("ref"))
	if err != nil {
		return cards.Card{}, err
	}
	w, err := b.Studio.Open(t.ctx, t.Caller, ref)
	if err != nil {
		return cards.Card{}, err
	}
	return b.pictureCard(t, w, ""), nil
}
