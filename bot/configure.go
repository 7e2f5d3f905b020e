package bot

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"teamspro/cards"
	"teamspro/internal/configuration"
	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

// What the choices of the dialog are called besides the values themselves.
const (
	leftOpen  = "usual" // as the organisation decided, or nobody
	never     = "never"
	atOnce    = "once"
	onceDaily = "daily"
)

// usualAt is when a digest is offered, in minutes after midnight.
const usualAt = 8 * 60

// decision is a dialog of settings at work: whose they are, what is decided now, and what counts when it is left open.
type decision struct {
	organisation bool
	kept         configuration.Kept
	open         configuration.Effective // were nothing decided here
	book         *contact.Listing        // whose mode is among the inputs; nil without
}

// openChange opens the dialog for this conversation, for who may change its settings.
func (b *Bot) openChange(t *Turn) (Dialog, error) {
	if err := b.Configurations.MayChange(t.ctx, t.Caller); err != nil {
		return Dialog{}, err
	}
	d, err := b.conversationDecision(t)
	if err != nil {
		return Dialog{}, err
	}
	return b.changeDialog(t, d, b.formValues(t, d), nil, ""), nil
}

// openOrganisation opens the dialog for the organisation.
func (b *Bot) openOrganisation(t *Turn) (Dialog, error) {
	d, err := b.organisationDecision(t)
	if err != nil {
		return Dialog{}, err
	}
	return b.changeDialog(t, d, b.formValues(t, d), nil, ""), nil
}

func (b *Bot) conversationDecision(t *Turn) (decision, error) {
	e, err := b.Configurations.Effective(t.ctx, t.Caller.Tenant, t.Caller.Conversation)
	if err != nil {
		return decision{}, err
	}
	open, err := b.Configurations.Undecided(t.ctx, t.Caller.Tenant)
	if err != nil {
		return decision{}, err
	}
	d := decision{kept: e.Kept, open: open}
	if !t.app.key.has(ContactPro) || t.Caller.Place == identity.Personal {
		return d, nil
	}
	l, err := b.here(t)
	switch {
	case fault.Is(err, fault.NotFound):
	case err != nil:
		return decision{}, err
	case l.May.Manage:
		d.book = &l
	}
	return d, nil
}

func (b *Bot) organisationDecision(t *Turn) (decision, error) {
	if !b.Configurations.MayAdminister(t.Caller) {
		return decision{}, fault.New(fault.Denied, "bot.organisationDecision", "settings.denied.organisation")
	}
	kept, err := b.Configurations.Organisation(t.ctx, t.Caller.Tenant)
	return decision{organisation: true, kept: kept, open: configuration.Nothing()}, err
}

// formValues are what the inputs begin with. Where nobody decided, the zone is that of whoever opened the dialog; not so for
// the organisation, which spans several.
func (b *Bot) formValues(t *Turn, d decision) map[string]string {
	s := d.kept.Settings
	w := notice.Wishes{Daily: true, At: usualAt, Workdays: true, Kinds: []notice.Kind{notice.ContactAdded, notice.ImportDone, notice.ImageSaved, notice.ImagePinned, notice.ImageNew}}
	when := leftOpen
	if s.Wishes == nil && (d.organisation || t.Caller.Place == identity.Personal) {
		when = never
	}
	if s.Wishes != nil {
		if when = never; len(s.Wishes.Kinds) > 0 {
			w, when = *s.Wishes, atOnce
		}
		if w.Quiet = s.Wishes.Quiet; s.Wishes.Daily && when != never {
			when = onceDaily
		}
	}
	v := map[string]string{cards.InputLanguage: cmp.Or(s.Language, leftOpen), cards.InputZone: cmp.Or(s.Zone, leftOpen), cards.InputGuests: cmp.Or(string(s.Guests), leftOpen),
		cards.InputWhen: when, cards.InputKinds: joinKinds(w.Kinds), cards.InputAt: typedClock(w.At), cards.InputWorkdays: strconv.FormatBool(w.Workdays)}
	if own := t.activity.zone(); s.Zone == "" && !d.organisation && d.open.ZoneSource == configuration.Usual && configuration.IsZone(own) {
		v[cards.InputZone] = own
	}
	if w.Quiet.From != w.Quiet.To {
		v[cards.InputQuietFrom], v[cards.InputQuietTo] = typedClock(w.Quiet.From), typedClock(w.Quiet.To)
	}
	switch {
	case d.organisation:
		v[cards.InputMode] = cmp.Or(s.Mode, leftOpen)
	case d.book != nil:
		v[cards.InputMode] = string(d.book.Book.Mode)
	}
	return v
}

func joinKinds(kinds []notice.Kind) string {
	var words []string
	for _, k := range kinds {
		words = append(words, string(k))
	}
	return strings.Join(words, ",")
}

// typedClock is a time of day as Input.Time carries it.
func typedClock(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }

func (b *Bot) changeDialog(t *Turn, d decision, values, problems map[string]string, note string) Dialog {
	v := cards.ChangeForm{Verb: cards.ChangeSettings, Version: d.kept.Version, Note: note, Intro: t.Text("settings.intro." + string(t.Caller.Place)), Choices: b.formChoices(t, d, values),
		Values: values, Problems: problems, Library: t.app.key.has(ImagePro) && b.connected()}
	title := t.Text("settings.form.title")
	if d.organisation {
		v.Verb, v.Intro, v.Library, title = cards.OrganisationSettings, t.Text("settings.intro.organisation"), false, t.Text("settings.form.title.organisation")
	}
	if d.book != nil {
		v.Book = string(d.book.Book.ID) + " " + strconv.Itoa(d.book.Book.Version)
	}
	return Dialog{Title: title, Card: cards.SettingsChange(t.Lang, v), Size: "large"}
}

// formChoices are the choices of each input; one that has no place here has none.
func (b *Bot) formChoices(t *Turn, d decision, values map[string]string) map[string][]cards.ChoiceView {
	open := func(value string) cards.ChoiceView {
		if d.organisation {
			return cards.ChoiceView{Title: t.Text("settings.nobody", "Value", value), Value: leftOpen}
		}
		return cards.ChoiceView{Title: t.Text("settings.usual", "Value", value), Value: leftOpen}
	}
	all := map[string][]cards.ChoiceView{cards.InputKinds: b.kindChoices(t), cards.InputWhen: {
		{Title: t.Text("settings.choice.never"), Value: never}, {Title: t.Text("settings.choice.once"), Value: atOnce}, {Title: t.Text("settings.choice.daily"), Value: onceDaily}}}
	all[cards.InputZone] = append([]cards.ChoiceView{open(zoneName(d.open.Zone))}, zoneChoices(values[cards.InputZone], t.activity.zone())...)
	if d.organisation {
		all[cards.InputMode] = append([]cards.ChoiceView{open(t.Text("mode.everybody"))}, cards.Modes(t.Lang)...)
	} else if d.book != nil {
		all[cards.InputMode] = cards.Modes(t.Lang)
	}
	if t.Caller.Place == identity.Personal && !d.organisation {
		return all
	}
	all[cards.InputLanguage] = append([]cards.ChoiceView{open(languageName(t, d.open.Language))}, cards.ChoiceView{Title: languageName(t, "en"), Value: "en"}, cards.ChoiceView{Title: languageName(t, "fr"), Value: "fr"})
	if b.serves(ContactPro) {
		all[cards.InputGuests] = []cards.ChoiceView{open(t.Text("settings.guests." + string(d.open.Guests)))}
		for _, g := range []configuration.Guests{configuration.GuestsRead, configuration.GuestsNone} {
			all[cards.InputGuests] = append(all[cards.InputGuests], cards.ChoiceView{Title: t.Text("settings.guests." + string(g)), Value: string(g)})
		}
	}
	if !d.organisation {
		all[cards.InputWhen] = append([]cards.ChoiceView{open(wishesName(t, d.open.Wishes))}, all[cards.InputWhen]...)
	}
	return all
}

// wishesName says in a few words what is told, and when.
func wishesName(t *Turn, w notice.Wishes) string {
	if len(w.Kinds) == 0 {
		return t.Text("settings.wishes.none")
	}
	return whenName(t, w)
}

// kindChoices are the kinds of the products that the service is.
func (b *Bot) kindChoices(t *Turn) []cards.ChoiceView {
	var list []cards.ChoiceView
	for _, k := range notice.Kinds() {
		if b.serves(App(k.Product())) {
			list = append(list, cards.ChoiceView{Title: t.Text("settings.kind." + string(k)), Value: string(k)})
		}
	}
	return list
}

// serves tells whether the service is a product, be it by a bot of its own or by one that is both.
func (b *Bot) serves(product App) bool {
	for _, a := range b.apps {
		if a.key.has(product) {
			return true
		}
	}
	return false
}

// commonZones are offered besides those that are in use: one for each hour and most countries, as people name them.
var commonZones = []string{
	"Africa/Cairo", "Africa/Casablanca", "Africa/Dakar", "Africa/Johannesburg", "Africa/Lagos", "Africa/Nairobi",
	"America/Anchorage", "America/Argentina/Buenos_Aires", "America/Bogota", "America/Chicago", "America/Denver", "America/Halifax", "America/Los_Angeles", "America/Martinique", "America/Mexico_City",
	"America/New_York", "America/Phoenix", "America/Santiago", "America/Sao_Paulo", "America/St_Johns", "America/Toronto", "America/Vancouver",
	"Asia/Bangkok", "Asia/Dhaka", "Asia/Dubai", "Asia/Hong_Kong", "Asia/Jakarta", "Asia/Jerusalem", "Asia/Karachi", "Asia/Kathmandu", "Asia/Kolkata", "Asia/Manila", "Asia/Riyadh", "Asia/Seoul", "Asia/Shanghai", "Asia/Singapore",
	"Asia/Taipei", "Asia/Tashkent", "Asia/Tehran", "Asia/Tokyo", "Atlantic/Azores", "Atlantic/Reykjavik",
	"Australia/Adelaide", "Australia/Brisbane", "Australia/Perth", "Australia/Sydney",
	"Europe/Amsterdam", "Europe/Athens", "Europe/Berlin", "Europe/Brussels", "Europe/Bucharest", "Europe/Budapest", "Europe/Copenhagen", "Europe/Dublin", "Europe/Helsinki", "Europe/Istanbul", "Europe/Kyiv", "Europe/Lisbon",
	"Europe/London", "Europe/Luxembourg", "Europe/Madrid", "Europe/Moscow", "Europe/Oslo", "Europe/Paris", "Europe/Prague", "Europe/Rome", "Europe/Sofia", "Europe/Stockholm", "Europe/Vienna", "Europe/Warsaw", "Europe/Zurich",
	"Indian/Reunion", "Pacific/Auckland", "Pacific/Guam", "Pacific/Honolulu", "Pacific/Noumea", "Pacific/Tahiti", "UTC",
}

// zoneChoices are the common zones and those in use.
func zoneChoices(inUse ...string) []cards.ChoiceView {
	names := slices.Clone(commonZones)
	for _, zone := range inUse {
		if configuration.IsZone(zone) && !slices.Contains(names, zone) {
			names = append(names, zone)
		}
	}
	slices.Sort(names)
	var list []cards.ChoiceView
	for _, name := range names {
		list = append(list, cards.ChoiceView{Title: zoneName(name), Value: name})
	}
	return list
}

// submitChange takes the dialog of this conversation. What was chosen comes back with what is in the way: a problem, or that
// somebody else changed the settings meanwhile; then a second press saves over theirs.
func (b *Bot) submitChange(t *Turn, f Form) (Outcome, error) {
	if err := b.Configurations.MayChange(t.ctx, t.Caller); err != nil {
		return Outcome{}, err
	}
	d, err := b.conversationDecision(t)
	if err != nil {
		return Outcome{}, err
	}
	return b.take(t, f, d, func(s configuration.Settings, version int) error {
		if stale := d.bookStale(f); stale != nil {
			return stale
		}
		kept, err := b.Configurations.Save(t.ctx, t.Caller, s, version, "dialog")
		if err != nil {
			return err
		}
		d.kept = kept
		return b.configureMode(t, d, f)
	})
}

// submitOrganisation takes the dialog of the organisation.
func (b *Bot) submitOrganisation(t *Turn, f Form) (Outcome, error) {
	d, err := b.organisationDecision(t)
	if err != nil {
		return Outcome{}, err
	}
	return b.take(t, f, d, func(s configuration.Settings, version int) error {
		_, err := b.Configurations.SaveOrganisation(t.ctx, t.Caller, s, version, "dialog")
		return err
	})
}

// take reads the form and saves it, or asks again.
func (b *Bot) take(t *Turn, f Form, d decision, save func(configuration.Settings, int) error) (Outcome, error) {
	version, err := strconv.Atoi(f.Values["version"])
	if err != nil {
		return Outcome{}, fault.New(fault.Invalid, "bot.take", "trouble.old_card")
	}
	s, problems := readSettings(t, f, d)
	if len(problems) > 0 {
		d.kept.Version = version
		return asked(b.changeDialog(t, d, f.Values, problems, ""))
	}
	err = save(s, version)
	switch {
	case err == nil && d.organisation:
		return Outcome{Message: t.Text("settings.done.organisation")}, nil
	case err == nil:
		return b.watchChosen(t)
	case fault.Is(err, fault.Stale):
		return b.takeAgain(t, f, d, t.Text("settings.stale"))
	case fault.Is(err, fault.Invalid):
		return b.takeAgain(t, f, d, b.sentence(t, err))
	}
	return Outcome{}, err
}

// takeAgain asks again over what is there now.
func (b *Bot) takeAgain(t *Turn, f Form, d decision, note string) (Outcome, error) {
	read := b.conversationDecision
	if d.organisation {
		read = b.organisationDecision
	}
	d, err := read(t)
	if err != nil {
		return Outcome{}, err
	}
	return asked(b.changeDialog(t, d, f.Values, nil, note))
}

// readSettings makes settings of a form; what the form did not ask for stays as it is. Problems are by inputs.
func readSettings(t *Turn, f Form, d decision) (configuration.Settings, map[string]string) {
	s, problems := d.kept.Settings, map[string]string{}
	chosen := func(id, now string) string {
		value, given := f.Values[id]
		switch {
		case !given || value == "":
			return now
		case value == leftOpen:
			return ""
		}
		return value
	}
	s.Language, s.Guests = chosen(cards.InputLanguage, s.Language), configuration.Guests(chosen(cards.InputGuests, string(s.Guests)))
	if s.Zone = chosen(cards.InputZone, s.Zone); s.Zone != "" && !configuration.IsZone(s.Zone) {
		problems[cards.InputZone] = t.Text("settings.bad.zone")
	}
	if d.organisation {
		s.Mode = chosen(cards.InputMode, s.Mode)
	}
	s.Wishes = readWishes(t, f, d, problems)
	return s, problems
}

// readWishes makes wishes of a form; nil when they were left open.
func readWishes(t *Turn, f Form, d decision, problems map[string]string) *notice.Wishes {
	when := f.Values[cards.InputWhen]
	switch {
	case when == "":
		return d.kept.Settings.Wishes
	case when == leftOpen, when == never && d.organisation:
		return nil
	case when == never:
		return &notice.Wishes{}
	case when != atOnce && when != onceDaily:
		problems[cards.InputWhen] = t.Text("settings.bad.kinds")
		return nil
	}
	daily := when == onceDaily
	w := &notice.Wishes{Daily: daily, At: usualAt, Workdays: daily && f.Values[cards.InputWorkdays] == "true"} // "at once" is at once on Sundays, too
	for word := range strings.SplitSeq(f.Values[cards.InputKinds], ",") {
		if k := notice.Kind(strings.TrimSpace(word)); k != "" {
			w.Kinds = append(w.Kinds, k)
		}
	}
	if len(w.Kinds) == 0 {
		problems[cards.InputKinds] = t.Text("settings.bad.no_kinds")
	} else if slices.ContainsFunc(w.Kinds, func(k notice.Kind) bool { return !slices.Contains(notice.Kinds(), k) }) {
		problems[cards.InputKinds] = t.Text("settings.bad.kinds")
	}
	if at, ok := readClock(f.Values[cards.InputAt]); ok {
		w.At = at
	} else if w.Daily {
		problems[cards.InputAt] = t.Text("settings.bad.time")
	}
	w.Quiet = readQuiet(t, f, problems)
	return w
}

func readQuiet(t *Turn, f Form, problems map[string]string) notice.Quiet {
	typedFrom, typedTo := f.Values[cards.InputQuietFrom], f.Values[cards.InputQuietTo]
	if typedFrom == "" && typedTo == "" {
		return notice.Quiet{}
	}
	from, okFrom := readClock(typedFrom)
	to, okTo := readClock(typedTo)
	switch {
	case typedFrom == "" || typedTo == "":
		problems[cards.InputQuietTo] = t.Text("settings.bad.quiet")
	case !okFrom:
		problems[cards.InputQuietFrom] = t.Text("settings.bad.time")
	case !okTo:
		problems[cards.InputQuietTo] = t.Text("settings.bad.time")
	}
	return notice.Quiet{From: from, To: to}
}

// readClock reads a time of day, as minutes after midnight.
func readClock(typed string) (int, bool) {
	at, err := time.Parse("15:04", typed)
	return at.Hour()*60 + at.Minute(), err == nil
}

// bookStale tells that the book was changed since its mode was shown.
func (d decision) bookStale(f Form) error {
	id, version, _ := strings.Cut(f.Values["book"], " ")
	if d.book == nil || id != string(d.book.Book.ID) || !d.changesMode(f) || version == strconv.Itoa(d.book.Book.Version) {
		return nil
	}
	return fault.New(fault.Stale, "bot.bookStale", "settings.stale")
}

// changesMode tells whether the form wants another mode than the book has.
func (d decision) changesMode(f Form) bool {
	mode := f.Values[cards.InputMode]
	return mode != "" && d.book != nil && mode != string(d.book.Book.Mode)
}

// configureMode says who may change the contacts of the conversation's book.
func (b *Bot) configureMode(t *Turn, d decision, f Form) error {
	if !d.changesMode(f) {
		return nil
	}
	k := d.book.Book
	_, err := b.Books.Configure(t.ctx, t.Caller, k.ID, k.Version, k.Name, contact.Mode(f.Values[cards.InputMode]), nil)
	return err
}

// toLibrary goes from the settings to the dialog of the library.
func (b *Bot) toLibrary(t *Turn, _ Form) (Outcome, error) {
	dialog, err := b.openLibrary(t)
	if err != nil {
		return Outcome{}, err
	}
	return asked(dialog)
}
