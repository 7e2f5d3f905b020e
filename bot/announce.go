package bot

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"teamspro/cards"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

// maxAnHour is how much one person may announce in an hour.
const maxAnHour = 20

// announcing fails for who is nobody, and where nothing keeps announcements.
func (b *Bot) announcing(t *Turn) error {
	if b.Announcements == nil {
		return fault.New(fault.Denied, "bot.announcing", "announce.off")
	}
	return t.person()
}

// beginAnnouncement answers "announce". A dialog opens only from a button, so the card with that button is the answer.
func (b *Bot) beginAnnouncement(t *Turn) (cards.Card, error) {
	if err := b.announcing(t); err != nil {
		return cards.Card{}, err
	}
	verb := cards.AnnounceVerb(t.Words)
	for words := t.Words; len(verb) > maxPath; verb = cards.AnnounceVerb(words) {
		words = shorten(words, utf8.RuneCountInString(words)*3/4)
	}
	return cards.Note(t.Lang, cards.NoteView{Title: t.Text("announce.begin.title"), Text: t.Text("announce.begin.text"),
		Next: append([]cards.Step{{Title: t.Text("announce.begin"), Verb: verb}}, t.steps("announcements")...)}), nil
}

func (b *Bot) openAnnouncement(t *Turn) (Dialog, error) {
	if err := b.announcing(t); err != nil {
		return Dialog{}, err
	}
	own, sure, err := b.ownChannels(t, nil)
	if err != nil {
		return Dialog{}, err
	}
	d := draft{text: t.Param("words"), form: rand.Text()}
	for _, c := range own {
		if c.conversation == t.Caller.Conversation {
			d.channels = []string{c.key()}
		}
	}
	return announceDialog(t, d, own, sure, nil, "")
}

// draft is an announcement that is being written.
type draft struct {
	title, text, form string
	channels          []string // keys
	asks              bool
}

func draftOf(f Form) draft {
	d := draft{title: strings.Join(strings.Fields(f.Values[cards.InputTitle]), " "), form: f.Values["form"], asks: f.Values[cards.InputAsks] == "true",
		text: strings.TrimSpace(strings.ReplaceAll(f.Values[cards.InputSaid], "\r\n", "\n"))}
	for key := range strings.SplitSeq(f.Values[cards.InputChannels], ",") {
		if key = strings.TrimSpace(key); key != "" && !slices.Contains(d.channels, key) {
			d.channels = append(d.channels, key)
		}
	}
	return d
}

// problems says what is wrong with what is said, below each input.
func (d draft) problems(t *Turn) map[string]string {
	problems := map[string]string{}
	if n := utf8.RuneCountInString(d.title); n == 0 || n > notice.MaxTitle {
		problems[cards.InputTitle] = t.Text("announce.bad.title")
	}
	if n := utf8.RuneCountInString(d.text); n == 0 || n > notice.MaxText {
		problems[cards.InputSaid] = t.Text("announce.bad.text")
	}
	return problems
}

// announceDialog is the first page. Who owns no channel is told so.
func announceDialog(t *Turn, d draft, own []channel, sure bool, problems map[string]string, note string) (Dialog, error) {
	switch {
	case len(own) == 0 && !sure:
		return Dialog{}, fault.New(fault.Busy, "bot.announceDialog", "announce.unasked")
	case len(own) == 0:
		return Dialog{}, fault.New(fault.Denied, "bot.announceDialog", "announce.none")
	case !sure && note == "":
		note = t.Text("announce.some")
	}
	v := cards.AnnounceForm{Verb: "announce/new", Do: t.Text("announce.next"), Form: d.form, Note: note, Problems: problems, Title: d.title, Text: d.text,
		Channels: channelChoices(t, own), Chosen: strings.Join(d.channels, ","), Asks: d.asks}
	return Dialog{Title: t.Text("announce.title"), Card: cards.AnnounceDialog(t.Lang, v), Size: "medium"}, nil
}

// announceAgain gives the first page back with what was typed, and says what is in the way.
func (b *Bot) announceAgain(t *Turn, d draft, problems map[string]string, note string) (Outcome, error) {
	own, sure, err := b.ownChannels(t, nil)
	if err != nil {
		return Outcome{}, err
	}
	dialog, err := announceDialog(t, d, own, sure, problems, note)
	return Outcome{Dialog: &dialog}, err
}

func (b *Bot) backToAnnouncement(t *Turn, f Form) (Outcome, error) {
	if err := b.announcing(t); err != nil {
		return Outcome{}, err
	}
	return b.announceAgain(t, draftOf(f), nil, "")
}

// ready is a draft that may be sent: to where, how many chosen channels are the caller's no more. When it is not, again asks
// for what is missing.
func (b *Bot) ready(t *Turn, d draft) (own []channel, dropped int, again *Outcome, err error) {
	if err := b.announcing(t); err != nil {
		return nil, 0, nil, err
	}
	problems, note := d.problems(t), ""
	switch {
	case len(d.channels) == 0:
		problems[cards.InputChannels] = t.Text("announce.bad.channels")
	case len(d.channels) > notice.MaxTargets:
		problems[cards.InputChannels] = t.Text("announce.bad.many", "Max", notice.MaxTargets)
	}
	if len(problems) == 0 {
		var sure bool
		own, dropped, sure, err = b.chosen(t, d.channels)
		switch {
		case err != nil:
			return nil, 0, nil, err
		case !sure:
			note = t.Text("announce.unasked")
		case len(own) == 0:
			note = t.Text("announce.bad.lost")
		}
	}
	if len(problems) == 0 && note == "" {
		return own, dropped, nil, nil
	}
	outcome, err := b.announceAgain(t, d, problems, note)
	return nil, 0, &outcome, err
}

// lookAtAnnouncement shows what would be sent, and to how many.
func (b *Bot) lookAtAnnouncement(t *Turn, f Form) (Outcome, error) {
	d := draftOf(f)
	own, dropped, again, err := b.ready(t, d)
	if err != nil || again != nil {
		return orNone(again), err
	}
	n, all := b.people(t, own)
	v := cards.AnnouncePreview{Reach: reach(t, len(own), n, all), Form: d.form, Title: d.title, Text: d.text, Chosen: strings.Join(d.channels, ","), Asks: d.asks}
	for _, c := range channelChoices(t, own) {
		v.Places = append(v.Places, c.Title)
	}
	if dropped > 0 {
		v.Lines = append(v.Lines, t.Text("announce.dropped", "Count", dropped, "Number", t.Lang.Number(dropped)))
	}
	return asked(Dialog{Title: t.Text("announce.title"), Card: cards.AnnounceConfirm(t.Lang, v), Size: "medium"})
}

func orNone(o *Outcome) Outcome {
	if o == nil {
		return Outcome{}
	}
	return *o
}

// reach says how far an announcement goes: "4 channels, 212 people".
func reach(t *Turn, channels, people int, all bool) string {
	key := "announce.people"
	if !all {
		key = "announce.people.least"
	}
	return t.Text("announce.reach", "Channels", t.Text("announce.channels", "Count", channels, "Number", t.Lang.Number(channels)),
		"People", t.Text(key, "Count", people, "Number", t.Lang.Number(people)))
}

// sendAnnouncement sends it, once for each form however often its button is pressed. Who owns a channel is asked again.
func (b *Bot) sendAnnouncement(t *Turn, f Form) (Outcome, error) {
	d := draftOf(f)
	own, dropped, again, err := b.ready(t, d)
	if err != nil || again != nil {
		return orNone(again), err
	}
	a := notice.Announcement{ID: announcementID(t, f), Product: string(t.app.key), By: t.Caller.Person, At: b.now().UTC(), Title: d.title, Text: d.text, Version: 1, Asks: d.asks}
	if err := b.notTooMany(t, a); err != nil {
		return Outcome{}, err
	}
	var all bool
	a.People, all = b.people(t, own)
	var notices []notice.Notice
	now := b.now().UTC()
	for i, id := range notice.NewIDs(now, len(own)) {
		a.Targets = append(a.Targets, notice.Target{Conversation: own[i].conversation, Team: own[i].team})
		notices = append(notices, newCopy(id, t.Caller.Tenant, a, own[i], now))
	}
	a, err = b.Announcements.Announce(t.ctx, t.Caller.Tenant, a, notices)
	if err != nil {
		return Outcome{}, fmt.Errorf("bot.sendAnnouncement: %w", err)
	}
	said := t.Text("announce.sent", "Reach", reach(t, len(a.Targets), a.People, all), "Mention", t.mention())
	if dropped > 0 {
		said += " " + t.Text("announce.dropped", "Count", dropped, "Number", t.Lang.Number(dropped))
	}
	return Outcome{Message: said}, nil
}

// announcementID names what one form announces.
func announcementID(t *Turn, f Form) string {
	sum := sha256.Sum256([]byte(string(t.Caller.Tenant) + "|" + t.formDeed(f).Key))
	return hex.EncodeToString(sum[:16])
}

// notTooMany keeps one person from flooding channels, also by a stolen session; the same form again is not one more.
func (b *Bot) notTooMany(t *Turn, a notice.Announcement) error {
	latest, err := b.Announcements.Latest(t.ctx, t.Caller.Tenant, t.Caller.Person, maxAnHour)
	if err != nil {
		return fmt.Errorf("bot.notTooMany: %w", err)
	}
	known := slices.ContainsFunc(latest, func(l notice.Announcement) bool { return l.ID == a.ID })
	if !known && len(latest) == maxAnHour && a.At.Sub(latest[maxAnHour-1].At) < time.Hour {
		return fault.New(fault.Denied, "bot.notTooMany", "announce.too_many", "Max", maxAnHour)
	}
	return nil
}

// newCopy is the notice that posts an announcement in a channel. It needs no key: an announcement is kept once, and its copies
// with it.
func newCopy(id string, t identity.Tenant, a notice.Announcement, c channel, now time.Time) notice.Notice {
	return notice.Notice{Tenant: t, ID: id, Place: notice.Place{Conversation: c.conversation, Product: a.Product}, Team: c.team,
		Op: notice.Post, Content: notice.Content{Announcement: a.ID, Version: a.Version}, Due: now, State: notice.Waiting, At: now}
}

// alter changes an announcement by its caller's wish, and all its messages with it.
func (b *Bot) alter(t *Turn, id string, wish func(*notice.Announcement) error) (notice.Announcement, error) {
	a, err := b.Announcements.Change(t.ctx, t.Caller.Tenant, id, func(a *notice.Announcement, _ []notice.Notice) ([]notice.Notice, error) {
		return nil, wish(a)
	})
	if err != nil {
		return notice.Announcement{}, fmt.Errorf("bot.alter: %w", err)
	}
	return a, nil
}

// announcement is the one of the button's path, for who may change it: who announced it, and whoever else owns all the teams
// in which it stands. For others it is not there. Owner tells whether the caller owns them all.
func (b *Bot) announcement(t *Turn) (a notice.Announcement, owner bool, err error) {
	if err := b.announcing(t); err != nil {
		return notice.Announcement{}, false, err
	}
	a, err = b.Announcements.Announcement(t.ctx, t.Caller.Tenant, t.Param("id"))
	if err != nil {
		return notice.Announcement{}, false, announcementGone(err)
	}
	owner, err = b.ownsAll(t, a)
	switch {
	case err != nil:
		return notice.Announcement{}, false, err
	case !owner && a.By != t.Caller.Person:
		return notice.Announcement{}, false, announcementGone(fault.Wrap(fault.NotFound, "bot.announcement", nil))
	}
	return a, owner, nil
}

// announcementGone says that an announcement is not there, or not for this person, in the same words.
func announcementGone(err error) error {
	if fault.Is(err, fault.NotFound) {
		return fault.New(fault.NotFound, "bot.announcement", "announce.gone")
	}
	return err
}

// ownsAll tells whether the caller owns every team that an announcement goes to.
func (b *Bot) ownsAll(t *Turn, a notice.Announcement) (bool, error) {
	teams, err := b.teams(t.ctx, t.Caller.Tenant, t.app)
	if err != nil {
		return false, err
	}
	asked := map[string]bool{}
	for _, target := range a.Targets {
		ref, there := teams[target.Team]
		if asked[target.Team] || !there && a.By == t.Caller.Person { // the app is there no more: nothing is changed there either
			continue
		}
		asked[target.Team] = true
		mine := false
		if there {
			if mine, err = b.owns(t.ctx, t.app, t.Caller, ref); err != nil {
				return false, err
			}
		}
		if !mine {
			return false, nil
		}
	}
	return len(a.Targets) > 0, nil
}

// correctLatest answers "correct" with the button that opens the dialog.
func (b *Bot) correctLatest(t *Turn) (cards.Card, error) {
	a, err := b.latestOwn(t)
	if err != nil {
		return cards.Card{}, err
	}
	return cards.Note(t.Lang, cards.NoteView{Text: t.Text("announce.correct.press", "Title", a.Title, "When", t.Lang.Time(b.local(t, a.At))),
		Next: append([]cards.Step{{Title: t.Text("announce.correct"), Verb: cards.AnnouncementVerb(a.ID, "correct")}}, t.steps("announcements")...)}), nil
}

func (b *Bot) openCorrection(t *Turn) (Dialog, error) {
	a, err := b.correctable(t)
	if err != nil {
		return Dialog{}, err
	}
	return correctDialog(t, a, draft{title: a.Title, text: a.Text}, nil, ""), nil
}

// correctable is the announcement of the path, for who may say something else in its place: who announced it may not any
// more in a team that they do not own any more.
func (b *Bot) correctable(t *Turn) (notice.Announcement, error) {
	a, owner, err := b.announcement(t)
	switch {
	case err != nil:
		return notice.Announcement{}, err
	case !owner:
		return notice.Announcement{}, fault.New(fault.Denied, "bot.correctable", "announce.correct.denied")
	case !a.Recalled.IsZero():
		return notice.Announcement{}, fault.New(fault.Stale, "bot.correctable", "announce.recalled.already", "Title", a.Title)
	}
	return a, nil
}

func correctDialog(t *Turn, a notice.Announcement, d draft, problems map[string]string, note string) Dialog {
	v := cards.AnnounceForm{Verb: cards.AnnouncementVerb(a.ID, "correct"), Do: t.Text("announce.save"), Form: cmp.Or(d.form, rand.Text()), Version: a.Version, Note: note,
		Problems: problems, Title: d.title, Text: d.text}
	return Dialog{Title: t.Text("announce.correct.title"), Card: cards.AnnounceDialog(t.Lang, v), Size: "medium"}
}

// submitCorrection corrects an announcement everywhere. When somebody else did meanwhile, theirs stands, and is shown.
func (b *Bot) submitCorrection(t *Turn, f Form) (Outcome, error) {
	a, err := b.correctable(t)
	if err != nil {
		return Outcome{}, err
	}
	d := draftOf(f)
	if problems := d.problems(t); len(problems) > 0 {
		return asked(correctDialog(t, a, d, problems, ""))
	}
	if d.title == a.Title && d.text == a.Text { // also when the button is pressed twice
		return Outcome{Message: t.Text("announce.correct.same")}, nil
	}
	seen := f.Values["version"]
	a, err = b.alter(t, a.ID, func(a *notice.Announcement) error {
		switch {
		case !a.Recalled.IsZero():
			return fault.New(fault.Stale, "bot.submitCorrection", "announce.recalled.already", "Title", a.Title)
		case fmt.Sprint(a.Version) != seen:
			return errCorrected
		}
		a.Title, a.Text, a.Version, a.Changed, a.ChangedBy = d.title, d.text, a.Version+1, b.now().UTC(), t.Caller.Person
		return nil
	})
	if fault.Is(err, fault.Stale) && textOf(err) == "" {
		return b.correctedMeanwhile(t)
	}
	if err != nil {
		return Outcome{}, err
	}
	n := len(a.Targets)
	return Outcome{Message: t.Text("announce.correct.done", "Count", n, "Number", t.Lang.Number(n))}, nil
}

// errCorrected means that somebody else was faster.
var errCorrected = fault.Wrap(fault.Stale, "bot.submitCorrection", nil)

func (b *Bot) correctedMeanwhile(t *Turn) (Outcome, error) {
	a, err := b.correctable(t)
	if err != nil {
		return Outcome{}, err
	}
	who := t.Text("announce.correct.somebody")
	if teams, err := b.teams(t.ctx, t.Caller.Tenant, t.app); err == nil {
		ref := teams[a.Targets[0].Team]
		if name, err := t.app.roster.Name(t.ctx, t.Caller.Tenant, a.ChangedBy, ref.Conversation, ref.Team); err == nil {
			who = name
		}
	}
	return asked(correctDialog(t, a, draft{title: a.Title, text: a.Text}, nil, t.Text("announce.correct.stale", "Who", who)))
}

// recallLatest answers "recall": it asks once.
func (b *Bot) recallLatest(t *Turn) (cards.Card, error) {
	a, err := b.latestOwn(t)
	if err != nil {
		return cards.Card{}, err
	}
	return recallCard(t, a), nil
}

func (b *Bot) askRecall(t *Turn) (cards.Card, error) {
	a, _, err := b.announcement(t)
	if err != nil {
		return cards.Card{}, err
	}
	if !a.Recalled.IsZero() {
		return cards.Card{}, fault.New(fault.Stale, "bot.askRecall", "announce.recalled.already", "Title", a.Title)
	}
	return recallCard(t, a), nil
}

func recallCard(t *Turn, a notice.Announcement) cards.Card {
	n := len(a.Targets)
	return cards.Confirm(t.Lang, cards.ConfirmView{Question: t.Text("announce.recall.question", "Title", a.Title), Explain: t.Text("announce.recall.explain", "Count", n, "Number", t.Lang.Number(n)),
		Yes: cards.AnnouncementVerb(a.ID, "withdraw"), YesTitle: t.Text("announce.recall.yes"), No: "announcements"})
}

// withdraw takes an announcement back: its messages are deleted, and what was not sent yet is not. The second of two who do
// so at once is told that it was done.
func (b *Bot) withdraw(t *Turn) (cards.Card, error) {
	a, _, err := b.announcement(t)
	if err != nil {
		return cards.Card{}, err
	}
	a, err = b.alter(t, a.ID, func(a *notice.Announcement) error {
		if !a.Recalled.IsZero() {
			return fault.New(fault.Stale, "bot.withdraw", "announce.recalled.already", "Title", a.Title)
		}
		a.Recalled, a.ChangedBy = b.now().UTC(), t.Caller.Person
		return nil
	})
	if err != nil {
		return cards.Card{}, err
	}
	return cards.Note(t.Lang, cards.NoteView{Text: t.Text("announce.recall.done", "Title", a.Title), Next: t.steps("announcements")}), nil
}
