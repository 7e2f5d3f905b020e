package bot

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"teamspro/cards"
	"teamspro/internal/configuration"
	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
	"teamspro/internal/lang"
	"teamspro/internal/notice"
)

// voice speaks the language that was decided for what a whole conversation reads, else that of a locale. Where it cannot be
// read what was decided, people are answered all the same.
func (b *Bot) voice(ctx context.Context, t identity.Tenant, c identity.Conversation, locale string) *lang.Printer {
	if e, err := b.Configurations.Effective(ctx, t, c); err == nil && e.Language != "" {
		return lang.For(e.Language)
	}
	return lang.For(locale)
}

// placeVoice is voice for what is said in a place unasked.
func (b *Bot) placeVoice(ctx context.Context, t identity.Tenant, r identity.Reference) *lang.Printer {
	if r.Place == identity.Personal {
		return lang.For(r.Locale)
	}
	return b.voice(ctx, t, r.Conversation, r.Locale)
}

// beforeAll is the turn as if its answer were seen by the whole conversation, and in the language of that.
func (b *Bot) beforeAll(t *Turn) *Turn {
	all := *t
	if all.Caller.Public = t.Caller.Place != identity.Personal; all.Caller.Public {
		all.Lang = b.voice(t.ctx, t.Caller.Tenant, t.Caller.Conversation, t.activity.Locale)
	}
	return &all
}

// showSettings shows what was decided for this place, and where each value comes from. Where everybody sees the answer, the
// buttons to change that are there for everybody, and tell who may not that they may not.
func (b *Bot) showSettings(t *Turn) (cards.Card, error) {
	if err := t.person(); err != nil {
		return cards.Card{}, err
	}
	e, err := b.Configurations.Effective(t.ctx, t.Caller.Tenant, t.Caller.Conversation)
	if err != nil {
		return cards.Card{}, err
	}
	v := cards.SettingsView{MayOrganisation: b.Configurations.MayAdminister(t.Caller)}
	if t.app.key.has(ContactPro) {
		if err := b.addBookSettings(t, &v); err != nil {
			return cards.Card{}, err
		}
	}
	if t.app.key.has(ImagePro) && b.connected() {
		v.Library, v.Rows = true, append(v.Rows, cards.FactView{Label: t.Text("settings.library"), Value: b.librarySetting(t)})
	}
	v.Rows = append(v.Rows, b.settingRows(t, e)...)
	b.addWatch(t, e, &v)
	err = b.Configurations.MayChange(t.ctx, t.Caller)
	v.MayChange = err == nil || t.Caller.Public
	if !v.MayChange && fault.Is(err, fault.Denied) {
		v.Hints = append(v.Hints, b.sentence(t, err))
	}
	return cards.Settings(t.Lang, v), nil
}

// addBookSettings adds what is to say of the book of this place.
func (b *Bot) addBookSettings(t *Turn, v *cards.SettingsView) error {
	v.Books = true
	l, err := b.here(t)
	if fault.Is(err, fault.NotFound) {
		v.Rows = append(v.Rows, cards.FactView{Label: t.Text("settings.book"), Value: t.Text("settings.no_book")})
		v.Hints = append(v.Hints, t.Text("settings.no_book.hint"))
		return nil
	}
	if err != nil {
		return err
	}
	v.Book, v.MayBook = b.bookView(t, l), l.May.Manage || t.Caller.Public
	for _, p := range l.Book.Owners {
		v.Owners = append(v.Owners, b.who(t, p, l.Book))
	}
	return nil
}

// librarySetting says where the pictures are, as far as the person may see it now.
func (b *Bot) librarySetting(t *Turn) string {
	l, err := b.Gallery.Library(t.ctx, t.Caller)
	switch {
	case err != nil:
		return t.Text("settings.library.sign_in")
	case l.Hidden:
		return t.Text("settings.library.hidden")
	case l.Folder.Name == "":
		return t.Text("settings.library.none")
	case l.Choice == image.Choice{}:
		return t.Text("settings.from.usual", "Value", l.Folder.Name)
	}
	return l.Folder.Name
}

// settingRows are the values that count here. What everybody here reads has a language only where there is more than one.
func (b *Bot) settingRows(t *Turn, e configuration.Effective) []cards.FactView {
	var rows []cards.FactView
	add := func(label, value string, from configuration.Source) {
		rows = append(rows, cards.FactView{Label: t.Text(label), Value: sourced(t, value, from)})
	}
	if t.Caller.Place != identity.Personal {
		add("settings.language", languageName(t, e.Language), e.LanguageSource)
	}
	add("settings.zone", zoneName(e.Zone), e.ZoneSource)
	add("settings.wishes", b.kindNames(t, e.Wishes.Kinds), e.WishesSource)
	if len(e.Wishes.Kinds) > 0 {
		add("settings.when", whenName(t, e.Wishes), configuration.Here)
		add("settings.quiet", quietName(t, e.Wishes.Quiet), configuration.Here)
	}
	if t.Caller.Place != identity.Personal && t.app.key.has(ContactPro) {
		add("settings.guests", t.Text("settings.guests."+string(e.Guests)), e.GuestsSource)
	}
	return rows
}

// sourced is a value with where it comes from, unless that is here.
func sourced(t *Turn, value string, from configuration.Source) string {
	switch from {
	case configuration.Tenant:
		return t.Text("settings.from.tenant", "Value", value)
	case configuration.Usual:
		return t.Text("settings.from.usual", "Value", value)
	}
	return value
}

func languageName(t *Turn, language string) string {
	return t.Text("settings.language." + cmp.Or(language, "own"))
}

// zoneName is a time zone as people read it.
func zoneName(zone string) string { return strings.ReplaceAll(zone, "_", " ") }

// kindNames says what is told, in one word where that is all.
func (b *Bot) kindNames(t *Turn, kinds []notice.Kind) string {
	if len(kinds) == 0 {
		return t.Text("settings.wishes.none")
	}
	if len(kinds) > 1 && len(kinds) == len(b.kindChoices(t)) {
		return t.Text("settings.wishes.all")
	}
	var names []string
	for _, k := range kinds {
		names = append(names, t.Text("settings.kind."+string(k)))
	}
	return strings.Join(names, ", ")
}

func whenName(t *Turn, w notice.Wishes) string {
	switch {
	case !w.Daily:
		return t.Text("settings.when.once")
	case w.Workdays:
		return t.Text("settings.when.workdays", "Time", clockName(t, w.At))
	}
	return t.Text("settings.when.daily", "Time", clockName(t, w.At))
}

func quietName(t *Turn, q notice.Quiet) string {
	if q.From == q.To {
		return t.Text("settings.quiet.none")
	}
	return t.Text("settings.quiet.span", "From", clockName(t, q.From), "To", clockName(t, q.To))
}

// clockName is a time of day, in minutes after midnight, as people write it.
func clockName(t *Turn, minutes int) string {
	return t.Text("settings.clock", "Hour", fmt.Sprintf("%02d", minutes/60), "Minute", fmt.Sprintf("%02d", minutes%60))
}

// here is the book of this place; fault.NotFound when there is none yet.
func (b *Bot) here(t *Turn) (contact.Listing, error) {
	return b.listed(t, "bot.here", func(k contact.Book) bool {
		return k.Removed == nil && k.Kind == naturalKind(t) && (k.Kind == contact.PersonalBook || k.Home == t.Caller.Conversation)
	})
}

// listed is the first book that the person sees from here and that fits; fault.NotFound when there is none.
func (b *Bot) listed(t *Turn, op string, fits func(contact.Book) bool) (contact.Listing, error) {
	if err := t.person(); err != nil {
		return contact.Listing{}, err
	}
	lists, err := b.Books.Lists(t.ctx, t.Caller)
	if err != nil {
		return contact.Listing{}, err
	}
	i := slices.IndexFunc(lists, func(l contact.Listing) bool { return fits(l.Book) })
	if i < 0 {
		return contact.Listing{}, fault.Wrap(fault.NotFound, op, nil)
	}
	return lists[i], nil
}
