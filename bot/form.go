package bot

import (
	"crypto/rand"
	"html"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"teamspro/cards"
	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// addByWords answers "add Marta Weber, marta@contoso.example, +49 151 …": a line with a name and something more is
// added at once and can be undone; a name alone, or nothing, offers the form.
func (b *Bot) addByWords(t *Turn) (cards.Card, error) {
	if err := t.person(); err != nil {
		return cards.Card{}, err
	}
	record, enough := contact.FromLine(t.Words)
	if !enough {
		return cards.Empty(t.Lang, cards.EmptyView{Title: t.Text("add.form.title"), Hint: t.Text("add.form.hint", "Mention", t.mention()), Name: shorten(t.Words, maxBegin), MayAdd: true}), nil
	}
	change, err := b.Books.Add(t.ctx, t.Caller, "", record, t.Deed())
	if fault.Is(err, fault.Invalid) { // the form shows what to correct, with what was typed
		return cards.Empty(t.Lang, cards.EmptyView{Title: t.Text("add.problem"), Hint: b.sentence(t, err), Name: shorten(t.Words, maxBegin), MayAdd: true}), nil
	}
	if err != nil {
		return cards.Card{}, err
	}
	e, err := b.Books.Get(t.ctx, t.Caller, change.Contact)
	if err != nil {
		return cards.Card{}, err
	}
	return b.addedCard(t, b.addAlike(t, b.contactView(t, e, asMessage)), change), nil
}

// addedCard is a new contact's card, with the way back.
func (b *Bot) addedCard(t *Turn, v cards.ContactView, change contact.Change) cards.Card {
	v.Notice, v.Undo = t.Text("done.added", "Name", v.Name), string(change.ID)
	return cards.Contact(t.Lang, v)
}

// maxBegin is how much of a line, in characters, a form can begin with.
const maxBegin = 500

// openAddForm opens the form to add a contact, begun with what was searched for or typed.
func (b *Bot) openAddForm(t *Turn) (Dialog, error) {
	record, _ := contact.FromLine(t.Param("name"))
	return b.addDialog(t, record)
}

// openExtensionForm opens the same form from the compose box, or from a message: then what the message tells of a
// contact is filled in. The message itself is not kept.
func (b *Bot) openExtensionForm(t *Turn) (Dialog, error) {
	record := contact.Record{Kind: contact.Person}
	if p := t.payload; p != nil {
		record = fromMessage(p)
	}
	return b.addDialog(t, record)
}

func (b *Bot) addDialog(t *Turn, r contact.Record) (Dialog, error) {
	if err := t.person(); err != nil {
		return Dialog{}, err
	}
	books, err := b.bookChoices(t)
	if err != nil {
		return Dialog{}, err
	}
	v := cards.FormView{Form: rand.Text(), Values: formValues(r), Book: books[0].Value, Books: books}
	if _, problems := b.Books.CheckRecord(r); r.Name != "" {
		v.Problems = problemTexts(t, problems)
	}
	return b.addForm(t, v), nil
}

// ownBook stands for a person's own book until the first contact is added to it and makes it.
const ownBook = "own"

// bookChoices are the books that the person may add to: in a conversation its own first, else the person's own, so that
// nothing gets into the book of another conversation unless it is chosen. Everybody has a book of their own.
func (b *Bot) bookChoices(t *Turn) ([]cards.ChoiceView, error) {
	lists, err := b.Books.Writable(t.ctx, t.Caller)
	if err != nil {
		return nil, err
	}
	b.readBookTitles(t, lists)
	var here, own, elsewhere []cards.ChoiceView
	for _, l := range lists {
		choice := cards.ChoiceView{Title: b.bookName(t, l.Book), Value: string(l.Book.ID)}
		switch {
		case l.Book.Kind == contact.PersonalBook:
			own = append(own, choice)
		case l.Book.Home == t.Caller.Conversation:
			here = append(here, choice)
		default:
			elsewhere = append(elsewhere, choice)
		}
	}
	if len(own) == 0 {
		own = []cards.ChoiceView{{Title: t.Text("books.personal"), Value: ownBook}}
	}
	if len(here) > 0 {
		return slices.Concat(here, elsewhere, own), nil
	}
	return slices.Concat(own, elsewhere), nil
}

// chosenBook is the book of a filled-in form.
func (b *Bot) chosenBook(t *Turn, f Form) (contact.BookID, error) {
	if f.Values["book"] != ownBook {
		return contact.BookID(f.Values["book"]), nil
	}
	alone := t.Caller
	alone.Place, alone.Public = identity.Personal, false
	book, err := b.Books.Ensure(t.ctx, alone)
	return book.ID, err
}

func (b *Bot) addForm(t *Turn, v cards.FormView) Dialog {
	v.Verb = "contact/add"
	return Dialog{Title: t.Text("add.title"), Card: cards.Form(t.Lang, v), Size: "medium"}
}

// submitAdd takes the form. Problems are shown in place and nothing that was typed is lost.
func (b *Bot) submitAdd(t *Turn, f Form) (Outcome, error) {
	if err := t.person(); err != nil {
		return Outcome{}, err
	}
	record, problems := b.Books.CheckRecord(formRecordOver(contact.Record{}, f))
	if len(problems) > 0 {
		return b.addAgain(t, f, problems, "")
	}
	book, err := b.chosenBook(t, f)
	if err != nil {
		return b.addAgain(t, f, nil, b.sentence(t, err))
	}
	change, err := b.Books.Add(t.ctx, t.Caller, book, record, t.formDeed(f))
	if err != nil {
		return b.addAgain(t, f, nil, b.sentence(t, err))
	}
	return b.added(t, change)
}

// addAgain gives a form to add back with what was typed, and says what is in the way.
func (b *Bot) addAgain(t *Turn, f Form, problems []contact.Problem, note string) (Outcome, error) {
	books, err := b.bookChoices(t)
	if err != nil {
		return Outcome{}, err
	}
	v := cards.FormView{Form: f.Values["form"], Values: f.Values, Problems: problemTexts(t, problems), Book: f.Values["book"], Books: books, Note: note}
	if !slices.ContainsFunc(books, func(c cards.ChoiceView) bool { return c.Value == v.Book }) {
		v.Book = books[0].Value
	}
	return asked(b.addForm(t, v))
}

// added shows what was added: from the compose box as a card to send, otherwise as a message in the conversation, where
// it can be taken back.
func (b *Bot) added(t *Turn, change contact.Change) (Outcome, error) {
	e, err := b.Books.Get(t.ctx, t.Caller, change.Contact)
	if err != nil {
		return Outcome{}, err
	}
	if t.route.Surface == OnExtended {
		result := b.result(t, e, asDraft)
		return Outcome{Result: &result}, nil
	}
	all := b.beforeAll(t)
	if all.Caller.Public && e.Book.Kind == contact.PersonalBook {
		return Outcome{Message: t.Text("done.added_private", "Name", e.Contact.Name)}, nil
	}
	v := b.addAlike(all, b.contactView(all, e, asMessage))
	b.say(t, b.addedCard(all, v, change))
	return Outcome{}, nil
}

func (b *Bot) openEditForm(t *Turn) (Dialog, error) {
	e, err := b.Books.Get(t.ctx, t.Caller, t.contactID())
	if err != nil {
		return Dialog{}, err
	}
	if !e.May.Modify {
		return Dialog{}, fault.New(fault.Denied, "bot.openEditForm", "view.edit_denied", "Name", e.Contact.Name)
	}
	return b.editForm(t, e, formValues(e.Contact.Record), nil, ""), nil
}

func (b *Bot) editForm(t *Turn, e contact.Entry, values, problems map[string]string, note string) Dialog {
	v := cards.FormView{Verb: "contact/" + string(e.Contact.ID) + "/edit", Version: e.Contact.Version, Form: rand.Text(), Posted: t.posted(),
		Values: values, Problems: problems, Note: note}
	return Dialog{Title: t.Text("edit.title", "Name", e.Contact.Name), Card: cards.Form(t.Lang, v), Size: "medium"}
}

// submitEdit takes the form. When somebody else changed the contact meanwhile, the form comes back with what this
// person typed, says so, and a second press saves over it. When it is gone, what was typed can be added anew.
func (b *Bot) submitEdit(t *Turn, f Form) (Outcome, error) {
	version, err := strconv.Atoi(f.Values["version"])
	if err != nil {
		return Outcome{}, fault.New(fault.Invalid, "bot.submitEdit", "trouble.old_card")
	}
	e, err := b.Books.Get(t.ctx, t.Caller, t.contactID())
	if fault.Is(err, fault.NotFound) {
		return b.addAgain(t, f, nil, t.Text("edit.gone"))
	}
	if err != nil {
		return Outcome{}, err
	}
	record, problems := b.Books.CheckRecord(formRecordOver(e.Contact.Record, f))
	if len(problems) > 0 {
		return asked(b.editForm(t, e, f.Values, problemTexts(t, problems), ""))
	}
	change, err := b.Books.Edit(t.ctx, t.Caller, e.Contact.ID, version, record, t.formDeed(f))
	if fault.Is(err, fault.Stale) {
		return asked(b.editForm(t, e, f.Values, nil, t.Text("edit.stale", "Who", b.who(t, e.Contact.Changed.By, e.Book))))
	}
	if err != nil {
		return asked(b.editForm(t, e, f.Values, nil, b.sentence(t, err)))
	}
	return b.edited(t, change)
}

func asked(d Dialog) (Outcome, error) { return Outcome{Dialog: &d}, nil }

// edited says what changed, and how to take it back: on the message that the dialog came from, which is brought up to
// date for everybody; in a personal chat in a message of its own; else in a sentence, since a change made from a list is
// nothing to tell a whole conversation.
func (b *Bot) edited(t *Turn, change contact.Change) (Outcome, error) {
	switch {
	case change.Act == "":
		return Outcome{Message: t.Text("edit.same.text")}, nil
	case t.posted():
		if b.update(t, b.publicCard(b.beforeAll(t), change)) == nil {
			return Outcome{}, nil
		}
	case t.Caller.Place == identity.Personal:
		v := b.doneView(t, change)
		v.Posted = true
		b.say(t, cards.Done(t.Lang, v))
		return Outcome{}, nil
	}
	return Outcome{Message: t.Text("done.edited_how", "Name", nameIn(change), "Fields", changedFields(t, change), "Mention", t.mention())}, nil
}

// formValues are the inputs of a record, in the text form of each field.
func formValues(r contact.Record) map[string]string {
	values := map[string]string{}
	for _, f := range contact.Fields {
		values[string(f)] = contact.FieldText(r, f)
	}
	return values
}

// formRecordOver is a record with the inputs of a form; fields that the form did not have stay as they are.
func formRecordOver(r contact.Record, f Form) contact.Record {
	for _, field := range contact.Fields {
		if value, sent := f.Values[string(field)]; sent {
			contact.SetFieldText(&r, field, value)
		}
	}
	return r
}

// problemTexts says what is wrong with each field, the first problem of each.
func problemTexts(t *Turn, problems []contact.Problem) map[string]string {
	texts := map[string]string{}
	for _, p := range problems {
		if texts[string(p.Field)] == "" {
			texts[string(p.Field)] = t.Text(p.Text, p.Args...)
		}
	}
	return texts
}

// Patterns in a message. They are large, and compiled when the first of them is asked for.
var (
	tagPattern     = pattern(`<[^<>]{0,1000}>`)
	addressPattern = pattern(`[\w.+\-]{1,64}@[\w\-]{1,63}(\.[\w\-]{1,63}){1,5}`)
	numberPattern  = pattern(`\+?\d[\d ()./\-]{6,20}\d`)
)

func pattern(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

// fromMessage fills a form from a message: its sender, and the first address and number in its text.
func fromMessage(p *MessagePayload) contact.Record {
	r := contact.Record{Kind: contact.Person}
	if p.From.User != nil {
		r.Name = p.From.User.DisplayName
	}
	text := html.UnescapeString(tagPattern().ReplaceAllString(clip(p.Body.Content, maxText), " "))
	if address := addressPattern().FindString(text); address != "" {
		r.Emails = []string{address}
		text = strings.ReplaceAll(text, address, " ")
	}
	if found := numberPattern().FindString(text); found != "" {
		r.Phones = []contact.Phone{{Label: contact.Business, Number: found}}
	}
	return r
}
