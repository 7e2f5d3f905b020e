package bot

import (
	"context"
	"strings"
	"time"

	"teamspro/cards"
	"teamspro/internal/contact"
)

// changeCard says what a change did, field by field, and how to take it back.
func (b *Bot) changeCard(t *Turn, c contact.Change) cards.Card {
	return cards.Done(t.Lang, b.doneView(t, c))
}

func (b *Bot) doneView(t *Turn, c contact.Change) cards.DoneView {
	v := cards.DoneView{Sentence: t.Text(doneText(c), "Name", nameIn(c)), Undo: string(c.ID), Posted: asMessageOr(t) == asMessage}
	if c.Act == contact.Edited {
		v.Changes = changedViews(t, c)
	}
	if c.Act != contact.Deleted {
		v.Show = string(c.Contact)
	}
	return v
}

// doneText is the key of the sentence that tells what was done.
func doneText(c contact.Change) string {
	if c.Undoes != "" {
		return "done.undone." + string(c.Act)
	}
	return "done." + string(c.Act)
}

// nameIn is the name of the contact that a change is about.
func nameIn(c contact.Change) string {
	if c.After != nil {
		return c.After.Name
	}
	if c.Before != nil {
		return c.Before.Name
	}
	return ""
}

func changedViews(t *Turn, c contact.Change) []cards.ChangedView {
	var views []cards.ChangedView
	for _, d := range contact.Diff(c.Before, c.After) {
		views = append(views, cards.ChangedView{Field: string(d.Field), Before: fieldValue(t, d.Field, d.Before), After: fieldValue(t, d.Field, d.After)})
	}
	return views
}

// fieldValue writes a value for reading; only the kind is a word of ours.
func fieldValue(t *Turn, f contact.Field, value string) string {
	if f == contact.FieldKind && value != "" {
		return t.Text("card.kind." + value)
	}
	return value
}

func (b *Bot) showHistory(t *Turn) (cards.Card, error) { return b.historyCard(t, t.contactID()) }

func (b *Bot) historyCard(t *Turn, id contact.ID) (cards.Card, error) {
	h, err := b.Books.History(t.ctx, t.Caller, id)
	if err != nil {
		return cards.Card{}, err
	}
	v := cards.HistoryView{ID: string(id), Name: h.Contact.Contact.Name, Deleted: h.Deleted}
	for i, c := range h.Changes {
		entry := cards.EntryView{Change: string(c.ID), Act: string(c.Act), Who: b.who(t, c.By, h.Contact.Book), When: t.Lang.Time(b.local(t, c.At)),
			MayUndo: i == 0 && h.Contact.May.Modify, MayRestore: h.Contact.May.Modify && !h.Deleted}
		entry.Title = b.mergeTitle(t, c)
		if c.Act == contact.Edited {
			entry.Changes = changedViews(t, c)
		}
		v.Entries = append(v.Entries, entry)
	}
	return cards.History(t.Lang, v), nil
}

func (b *Bot) showTrash(t *Turn) (cards.Card, error) {
	if err := t.person(); err != nil {
		return cards.Card{}, err
	}
	trashed, err := b.Books.Trash(t.ctx, t.Caller)
	if err != nil {
		return cards.Card{}, err
	}
	v := cards.TrashView{Days: contact.TrashDays}
	for _, d := range trashed {
		row := cards.TrashRow{Change: string(d.Change.ID), Name: nameIn(d.Change), Who: b.who(t, d.Change.By, d.Book),
			When: t.Lang.Date(b.local(t, d.Change.At)), Source: b.bookName(t, d.Book), MayRestore: d.MayRestore}
		if d.Change.Before != nil {
			row.Line = roleLine(*d.Change.Before)
		}
		v.Rows = append(v.Rows, row)
	}
	return cards.Trash(t.Lang, v), nil
}

// local is a time as the clock of the person's place shows it, as far as the activity tells.
func (b *Bot) local(t *Turn, at time.Time) time.Time {
	return inZone(at, t.activity.zone())
}

// changedFields names what a change changed: "Job title, Mobile phone".
func changedFields(t *Turn, c contact.Change) string {
	var labels []string
	for _, d := range contact.Diff(c.Before, c.After) {
		labels = append(labels, t.Text("field."+string(d.Field)))
	}
	return strings.Join(labels, ", ")
}

// update replaces the message that a button stood on.
func (b *Bot) update(t *Turn, card cards.Card) error {
	ctx, cancel := context.WithTimeout(context.Background(), updateTime)
	defer cancel()
	short := *t
	short.ctx = ctx
	return b.replace(&short, t.activity.ReplyToID, card)
}

// updateTime is how long a message is tried to be brought up to date; a dialog waits for it.
const updateTime = 2 * time.Second
