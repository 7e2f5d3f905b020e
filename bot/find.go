package bot

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"teamspro/cards"
	"teamspro/internal/contact"
	"teamspro/internal/fault"
)

// rows is how many contacts a card lists; the message extension has pages of its own.
const rows = 8

func (b *Bot) findContacts(t *Turn) (cards.Card, error) {
	if t.Words == "" {
		return b.searchHint(t)
	}
	return b.find(t, t.Words, 0)
}

func (b *Bot) findPage(t *Turn) (cards.Card, error) {
	skip, err := strconv.Atoi(t.Param("skip"))
	if err != nil || skip < 0 {
		return cards.Card{}, fault.New(fault.Invalid, "bot.findPage", "trouble.old_card")
	}
	return b.find(t, t.Param("query"), skip)
}

func (b *Bot) find(t *Turn, words string, skip int) (cards.Card, error) {
	if err := t.person(); err != nil {
		return cards.Card{}, err
	}
	found, err := b.Books.Find(t.ctx, t.Caller, contact.ParseQuery(words), skip, rows)
	if err != nil {
		return cards.Card{}, err
	}
	switch {
	case found.Total == 1 && len(found.Entries) == 1:
		return b.contactCard(t, found.Entries[0], asMessageOr(t)), nil
	case len(found.Entries) == 0 && skip > 0: // what was on this page is gone
		return b.find(t, words, 0)
	case len(found.Entries) == 0:
		return b.nobodyCard(t, words), nil
	}
	return cards.Contacts(t.Lang, b.foundView(t, found, skip, words)), nil
}

// chooseCard lists the contacts that the words of a command may have meant; a press leads to the part that was asked for.
func (b *Bot) chooseCard(t *Turn, found contact.Found, part string) cards.Card {
	if len(found.Entries) == 0 {
		return b.nobodyCard(t, t.Words)
	}
	found.Entries = found.Entries[:min(rows, len(found.Entries))]
	v := b.foundView(t, found, 0, t.Words)
	v.MaySave, v.MayAdd = false, false
	if part != "" {
		v.Hint = t.Text("choose." + part)
	}
	for i := range v.Rows {
		v.Rows[i].Part = part
	}
	return cards.Contacts(t.Lang, v)
}

// asMessageOr tells how a card that answers a command or a button reaches people.
func asMessageOr(t *Turn) shape {
	if t.route.Surface == OnCommand {
		return asMessage
	}
	return t.shape()
}

// nobodyCard says that nothing was found, and offers to add it.
func (b *Bot) nobodyCard(t *Turn, words string) cards.Card {
	return cards.Empty(t.Lang, cards.EmptyView{Title: t.Text("find.nobody", "Query", brief(words)), Hint: t.Text("find.hint"), Name: nameFrom(words), MayAdd: true})
}

// foundView is a page of what was found for the words.
func (b *Bot) foundView(t *Turn, found contact.Found, skip int, words string) cards.ListView {
	v := cards.ListView{Title: t.Text("find.title", "Count", found.Total, "Number", t.Lang.Number(found.Total), "Query", brief(words)),
		Rows: b.rowViews(t, found.Entries), Query: words, Prev: -1, MaySave: !t.Caller.Public, MayAdd: true, Name: nameFrom(words)}
	if next := skip + len(found.Entries); next < found.Total {
		v.Next = next
	}
	if skip > 0 {
		v.Prev = max(0, skip-rows)
	}
	return v
}

// brief is what a person wrote, short enough for a title.
func brief(words string) string { return shorten(words, 80) }

// shorten cuts a text to so many characters, the last an ellipsis.
func shorten(s string, limit int) string {
	runes := []rune(s)
	if len(runes) <= limit {
		return s
	}
	return string(runes[:limit-1]) + "…"
}

// nameFrom is what of a search a form may begin with; the form reads it as "add" reads its line.
func nameFrom(words string) string {
	return shorten(strings.TrimLeft(words, "#"), 100)
}

func (b *Bot) rowViews(t *Turn, entries []contact.Entry) []cards.RowView {
	b.readTitles(t, entries)
	views := make([]cards.RowView, len(entries))
	for i, e := range entries {
		views[i] = b.rowView(t, e)
	}
	return views
}

func (b *Bot) rowView(t *Turn, e contact.Entry) cards.RowView {
	return cards.RowView{ID: string(e.Contact.ID), Name: e.Contact.Name, Line: roleLine(e.Contact.Record), Detail: reachLine(e.Contact.Record, b.Region),
		Picture: b.picture(e.Contact), Source: b.bookName(t, e.Book)}
}

// roleLine is what somebody is: "Head of Sales, Contoso". A department that the job names already is not said again.
func roleLine(r contact.Record) string {
	department := r.Department
	if strings.Contains(r.Job, department) {
		department = ""
	}
	var parts []string
	for _, part := range []string{r.Job, department, r.Company} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ", ")
}

// reachLine is how somebody is reached first: a number, an address.
func reachLine(r contact.Record, region string) string {
	var parts []string
	if len(r.Phones) > 0 {
		parts = append(parts, r.Phones[0].Readable(region))
	}
	if len(r.Emails) > 0 {
		parts = append(parts, r.Emails[0])
	}
	return strings.Join(parts, " · ")
}

// whoIs answers "who is +33 6 12…", and for words that are no number the search for them.
func (b *Bot) whoIs(t *Turn) (cards.Card, error) {
	if t.Words == "" {
		return b.searchHint(t)
	}
	if !contact.LooksLikeNumber(t.Words) {
		return b.find(t, t.Words, 0)
	}
	if err := t.person(); err != nil {
		return cards.Card{}, err
	}
	found, err := b.Books.WhoIs(t.ctx, t.Caller, t.Words)
	if err != nil {
		return cards.Card{}, err
	}
	if len(found.Entries) == 1 {
		return b.contactCard(t, found.Entries[0], asMessage), nil
	}
	if len(found.Entries) == 0 {
		return b.nobodyCard(t, t.Words), nil
	}
	return b.chooseCard(t, found, ""), nil
}

// unknownWords answers what is no command: it offers to search for it, and says what else there is. A file is one of contacts.
func (b *Bot) unknownWords(t *Turn) (cards.Card, error) {
	if len(t.activity.files()) > 0 {
		return b.importTyped(t)
	}
	if t.Words == "" {
		return b.help(t)
	}
	return cards.Empty(t.Lang, cards.EmptyView{Title: t.Text("unknown.title", "Words", brief(t.Words)), Hint: t.Text("unknown.hint", "Mention", t.mention()),
		Search: shorten(t.Words, contact.MaxFilterQuery)}), nil
}

func (b *Bot) searchHint(t *Turn) (cards.Card, error) {
	return cards.Note(t.Lang, cards.NoteView{Title: t.Text("find.how.title"), Text: t.Text("find.how.text", "Mention", t.mention()), Next: t.steps("favourites", "help")}), nil
}

func (b *Bot) showFavourites(t *Turn) (cards.Card, error) {
	if err := t.person(); err != nil {
		return cards.Card{}, err
	}
	if t.Caller.Public { // what is one person's own is not shown to a conversation
		return cards.Note(t.Lang, cards.NoteView{Title: t.Text("favourites.private.title"), Text: t.Text("favourites.private.text"), Next: t.steps("favourites")}), nil
	}
	favourites, recents, err := b.marked(t)
	if err != nil {
		return cards.Card{}, err
	}
	switch {
	case len(favourites)+len(recents) == 0:
		return cards.Note(t.Lang, cards.NoteView{Title: t.Text("favourites.none"), Text: t.Text("favourites.hint"), Next: t.steps("find", "help")}), nil
	case len(favourites) == 0:
		return cards.Contacts(t.Lang, cards.ListView{Title: t.Text("recents.title"), Hint: t.Text("favourites.keep"), Rows: b.rowViews(t, recents), Prev: -1}), nil
	}
	return cards.Contacts(t.Lang, cards.ListView{Title: t.Text("favourites.title"), Rows: b.rowViews(t, favourites), Prev: -1,
		AlsoTitle: t.Text("recents.title"), Also: b.rowViews(t, recents)}), nil
}

// marked is what the person marked and, of the others, what they looked at.
func (b *Bot) marked(t *Turn) (favourites, recents []contact.Entry, err error) {
	favourites, recents, err = b.Books.Start(t.ctx, t.Caller)
	return favourites, slices.DeleteFunc(recents, func(e contact.Entry) bool { return e.Favourite }), err
}

func (b *Bot) showTags(t *Turn) (cards.Card, error) { return b.tagsCard(t, "") }

// tagsCard lists the tags and, for one person alone, their saved searches, below a notice.
func (b *Bot) tagsCard(t *Turn, notice string) (cards.Card, error) {
	if err := t.person(); err != nil {
		return cards.Card{}, err
	}
	tags, filters, err := b.Books.Tags(t.ctx, t.Caller)
	if err != nil {
		return cards.Card{}, err
	}
	v := cards.TagsView{Notice: notice}
	for _, tag := range tags {
		v.Tags = append(v.Tags, cards.TagView{Name: tag.Name, Count: tag.Count, Query: contact.Query{Tags: []string{tag.Name}}.String()})
	}
	if !t.Caller.Public {
		for _, f := range filters {
			v.Filters = append(v.Filters, cards.FilterView{Name: f.Name, Query: f.Query})
		}
	}
	return cards.Tags(t.Lang, v), nil
}

func (b *Bot) saveFilter(t *Turn) (cards.Card, error) {
	query := t.Param("query")
	if err := b.Books.SaveFilter(t.ctx, t.Caller, shorten(query, contact.MaxFilterName), query); err != nil {
		return cards.Card{}, err
	}
	return b.tagsCard(t, t.Text("filter.saved", "Query", brief(query)))
}

// dropFilter forgets a saved search; one that is gone already was forgotten by an earlier press.
func (b *Bot) dropFilter(t *Turn) (cards.Card, error) {
	name := t.Param("name")
	if err := b.Books.DropFilter(t.ctx, t.Caller, name); err != nil && !fault.Is(err, fault.NotFound) {
		return cards.Card{}, err
	}
	return b.tagsCard(t, t.Text("filter.dropped", "Query", brief(name)))
}

// searchContacts answers the search of the message extension while a person types.
func (b *Bot) searchContacts(t *Turn, q Query) (Results, error) {
	if err := t.person(); err != nil {
		return Results{}, err
	}
	if q.Initial || strings.TrimSpace(q.Text) == "" {
		return b.startResults(t, q)
	}
	found, err := b.Books.Find(t.ctx, t.Caller, contact.ParseQuery(q.Text), q.Skip, q.Count)
	if err != nil {
		return Results{}, err
	}
	if len(found.Entries) == 0 && q.Skip == 0 {
		return Results{Message: t.Text("find.none", "Query", brief(q.Text))}, nil
	}
	return b.results(t, found.Entries), nil
}

// startResults is what a person sees before typing: favourites, then what they looked at last, then everybody by name.
func (b *Bot) startResults(t *Turn, q Query) (Results, error) {
	favourites, recents, err := b.marked(t)
	if err != nil {
		return Results{}, err
	}
	list := append(favourites, recents...)
	if len(list) > 0 && q.Skip == 0 {
		return b.results(t, list[:min(len(list), q.Count)]), nil
	}
	if len(list) > 0 {
		return Results{}, nil
	}
	found, err := b.Books.Find(t.ctx, t.Caller, contact.Query{}, q.Skip, q.Count)
	if err != nil {
		return Results{}, err
	}
	if len(found.Entries) == 0 && q.Skip == 0 {
		return Results{Message: t.Text("find.empty_book")}, nil
	}
	return b.results(t, found.Entries), nil
}

func (b *Bot) results(t *Turn, entries []contact.Entry) Results {
	b.readTitles(t, entries)
	items := make([]Result, len(entries))
	for i, e := range entries {
		items[i] = b.listedResult(t, e)
	}
	return Results{Items: items}
}

// listedResult is a contact as one of many results. A row under a name that only Teams knows is made anew each time: such names
// are read when they are shown, and not kept.
func (b *Bot) listedResult(t *Turn, e contact.Entry) Result {
	build := func() Result { return b.result(t, e, asResult) }
	if namedByTeams(t, e.Book) {
		return build()
	}
	c := &e.Contact
	return b.memo.result(resultKey{t.Caller.Tenant, c.ID, c.Version, c.Changed.At.UnixNano(), t.Lang, b.bookName(t, e.Book)}, build)
}

// result is a contact as a search result. Its card is of use without being tapped, because phones do not ask again; where
// it is tapped, the whole contact takes its place.
func (b *Bot) result(t *Turn, e contact.Entry, s shape) Result {
	preview := cards.Preview(t.Lang, b.rowView(t, e))
	preview.Tap = cards.Tap("contact/" + url.PathEscape(string(e.Contact.ID)))
	return newResult(b.contactCard(t, e, s), preview)
}

// chooseContact answers the choice of a search result with the contact as it is now, and remembers it among the recents.
func (b *Bot) chooseContact(t *Turn) (Result, error) {
	e, err := b.Books.Look(t.ctx, t.Caller, t.contactID())
	if err != nil {
		return Result{}, err
	}
	return b.result(t, e, asDraft), nil
}
