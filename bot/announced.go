package bot

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/maypok86/otter/v2"

	"teamspro/cards"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/lang"
	"teamspro/internal/notice"
)

// What becomes of announcements: how they stand in channels, who has seen them, what their owner is told.

// listedAnnouncements is how many announcements a list shows.
const listedAnnouncements = 5

// announcementNotice is an announcement as it is posted, or brought up to date.
func (b *Bot) announcementNotice(ctx context.Context, v voice, n notice.Notice) (cards.Card, error) {
	if b.Announcements == nil {
		return cards.Card{}, notice.ErrNothing
	}
	a, err := b.Announcements.Announcement(ctx, n.Tenant, n.Content.Announcement)
	if fault.Is(err, fault.NotFound) || err == nil && !a.Recalled.IsZero() {
		return cards.Card{}, notice.ErrNothing
	}
	if err != nil {
		return cards.Card{}, fmt.Errorf("bot.announcementNotice: %w", err)
	}
	who, err := v.app.roster.NameAt(ctx, n.Tenant, a.By, v.ref, v.team)
	if fault.Is(err, fault.Busy) {
		return cards.Card{}, err // it says who says it; the runner tries again
	}
	return b.told.card(v, a, who), nil
}

// toldCards keeps the cards of announcements as they were last made: most of those that an announcement goes to get the same.
type toldCards struct {
	cache *otter.Cache[toldKey, cards.Card]
}

// toldKey is what such a card depends on. An announcement of an id says the same as long as it has the same version.
type toldKey struct {
	tenant        identity.Tenant
	id            string
	version, seen int
	language      *lang.Printer
	who, zone     string
}

// toldKept is how many are kept, of a few thousand bytes each.
const toldKept = 256

func newToldCards() toldCards {
	return toldCards{otter.Must(&otter.Options[toldKey, cards.Card]{MaximumSize: toldKept})}
}

func (t toldCards) card(v voice, a notice.Announcement, who string) cards.Card {
	key := toldKey{v.tenant, a.ID, a.Version, a.Seen, v.Printer, who, v.sub.Zone}
	if card, ok := t.cache.GetIfPresent(key); ok {
		return card
	}
	view := announcementView(v, a, who, v.sub.Zone)
	view.Asks, view.Live = a.Asks, a.Asks
	card := cards.Announcement(v.Printer, view)
	t.cache.Set(key, card)
	return card
}

// speaking writes sentences, times and numbers in one language; lang.Printer and what embeds it do.
type speaking interface {
	cards.Texts
	Time(time.Time) string
	Number(int) string
}

// announcementView is an announcement without what a viewer may do with it.
func announcementView(t speaking, a notice.Announcement, who, zone string) cards.AnnouncementView {
	v := cards.AnnouncementView{ID: a.ID, Title: a.Title, Text: a.Text, Who: announcedBy(t, who)}
	if a.Version > 1 {
		v.Corrected = t.Text("announce.corrected", "When", t.Time(inZone(a.Changed, zone)), "Version", t.Number(a.Version))
	}
	if a.Asks && a.Seen > 0 {
		v.Seen = seenLine(t, a)
	}
	return v
}

// announcedBy says who announces something; without a name it is an owner.
func announcedBy(t speaking, who string) string {
	if who == "" {
		return t.Text("announce.who.gone")
	}
	return t.Text("announce.who", "Who", shorten(who, maxNameText))
}

// announcer is the name of who announced something that stands here; empty when it cannot be read.
func (b *Bot) announcer(t *Turn, a notice.Announcement) string {
	who, err := t.app.roster.Name(t.ctx, t.Caller.Tenant, a.By, t.Caller.Conversation, t.Caller.Team)
	if err != nil {
		return ""
	}
	return who
}

// seenLine counts who has seen an announcement; somebody who joined later may make that more than there were.
func seenLine(t speaking, a notice.Announcement) string {
	return t.Text("announce.seen.count", "Count", a.Seen, "Number", t.Number(a.Seen), "People", t.Number(max(a.People, a.Seen)))
}

// heard is the announcement of the button's path, for somebody of its audience.
func (b *Bot) heard(t *Turn) (notice.Announcement, error) {
	if err := b.announcing(t); err != nil {
		return notice.Announcement{}, err
	}
	a, err := b.Announcements.Announcement(t.ctx, t.Caller.Tenant, t.Param("id"))
	if err != nil {
		return notice.Announcement{}, announcementGone(err)
	}
	role := identity.None
	if standsIn(a, t.Caller.Conversation) {
		if role, err = t.app.roster.Role(t.ctx, t.Caller.Tenant, t.Caller.Person, t.Caller.Conversation, t.Caller.Team); err != nil {
			return notice.Announcement{}, err
		}
	}
	switch {
	case role == identity.None:
		return notice.Announcement{}, announcementGone(fault.Wrap(fault.NotFound, "bot.heard", nil))
	case !a.Recalled.IsZero():
		return notice.Announcement{}, fault.New(fault.Stale, "bot.heard", "announce.recalled")
	}
	return a, nil
}

// acknowledgeAnnouncement notes that somebody has seen an announcement. The count that everybody sees follows soon.
func (b *Bot) acknowledgeAnnouncement(t *Turn) (cards.Card, error) {
	a, err := b.heard(t)
	if err != nil {
		return cards.Card{}, err
	}
	if !a.Asks {
		return cards.Card{}, fault.New(fault.Invalid, "bot.acknowledgeAnnouncement", "announce.not_asked")
	}
	first, err := b.Announcements.Acknowledge(t.ctx, t.Caller.Tenant, a.ID, t.Caller.Person, b.now().UTC())
	if err != nil {
		return cards.Card{}, fmt.Errorf("bot.acknowledgeAnnouncement: %w", err)
	}
	if first {
		a.Seen++
		if err := b.countSoon(t, a.ID); err != nil {
			t.log(slog.LevelWarn, "the count of an announcement is late", slog.Any("error", err)) // the next one brings it up to date
		}
	}
	return b.announcementFor(t, a, true), nil
}

// countEvery is how often the count of an announcement is brought up to date at most.
const countEvery = 10 * time.Second

// countSoon brings the count up to date everywhere, at the end of the stretch of time in which somebody pressed: what is
// noted by then is counted then.
func (b *Bot) countSoon(t *Turn, id string) error {
	stretch := b.now().Unix() / int64(countEvery.Seconds())
	due := time.Unix((stretch+1)*int64(countEvery.Seconds()), 0)
	_, err := b.Announcements.Change(t.ctx, t.Caller.Tenant, id, func(a *notice.Announcement, sent []notice.Notice) ([]notice.Notice, error) {
		if !a.Recalled.IsZero() {
			return nil, nil
		}
		return b.counts(*a, sent, stretch, due), nil
	})
	return err
}

// counts are the notices that bring the count of an announcement up to date, one a copy in a stretch of time.
func (b *Bot) counts(a notice.Announcement, sent []notice.Notice, stretch int64, due time.Time) []notice.Notice {
	var all []notice.Notice
	for _, c := range sent {
		if c.Activity == "" { // it may be there, but nobody knows under which id
			continue
		}
		all = append(all, notice.Notice{Tenant: c.Tenant, ID: notice.NewID(b.now()), Key: fmt.Sprintf("seen|%s|%d", c.ID, stretch), Place: c.Place, Team: c.Team, Op: notice.Update,
			Of: c.ID, Activity: c.Activity, Content: notice.Content{Announcement: a.ID, Version: a.Version}, Due: due.UTC(), State: notice.Waiting, At: b.now().UTC()})
	}
	return all
}

// viewAnnouncement shows an announcement as this viewer sees it. Teams asks for it on every render, so it changes nothing.
func (b *Bot) viewAnnouncement(t *Turn) (cards.Card, error) {
	a, err := b.heard(t)
	if err != nil {
		return cards.Card{}, err
	}
	seen, err := b.Announcements.Acknowledged(t.ctx, t.Caller.Tenant, a.ID, t.Caller.Person)
	if err != nil {
		return cards.Card{}, fmt.Errorf("bot.viewAnnouncement: %w", err)
	}
	return b.announcementFor(t, a, seen), nil
}

func (b *Bot) announcementFor(t *Turn, a notice.Announcement, seen bool) cards.Card {
	v := announcementView(t.Lang, a, b.announcer(t, a), t.activity.LocalTimezone)
	v.Asks, v.Live = a.Asks && !seen, a.Asks
	if seen {
		v.Notice = t.Text("announce.seen.you")
	}
	return cards.Announcement(t.Lang, v)
}

// ownAnnouncements are the caller's own, the newest first; where everybody reads the answer, those that stand there.
func (b *Bot) ownAnnouncements(t *Turn) ([]notice.Announcement, error) {
	if err := b.announcing(t); err != nil {
		return nil, err
	}
	latest, err := b.Announcements.Latest(t.ctx, t.Caller.Tenant, t.Caller.Person, maxAnHour)
	if err != nil {
		return nil, fmt.Errorf("bot.ownAnnouncements: %w", err)
	}
	if !t.Caller.Public {
		return latest, nil
	}
	return slices.DeleteFunc(latest, func(a notice.Announcement) bool {
		return !standsIn(a, t.Caller.Conversation)
	}), nil
}

// lookedThrough is how many announcements of everybody are looked through for those of a channel.
const lookedThrough = 100

// others are what other owners announced in the channel where the caller stands, as far as the caller may take it back.
func (b *Bot) others(t *Turn) ([]notice.Announcement, error) {
	if t.Caller.Place != identity.Channel {
		return nil, nil
	}
	latest, err := b.Announcements.Latest(t.ctx, t.Caller.Tenant, "", lookedThrough)
	if err != nil {
		return nil, fmt.Errorf("bot.others: %w", err)
	}
	var found []notice.Announcement
	for _, a := range latest {
		if a.By == t.Caller.Person || !standsIn(a, t.Caller.Conversation) {
			continue
		}
		owner, err := b.ownsAll(t, a)
		if err != nil {
			return nil, err
		}
		if owner {
			found = append(found, a)
		}
	}
	return found, nil
}

func standsIn(a notice.Announcement, c identity.Conversation) bool {
	return slices.ContainsFunc(a.Targets, func(target notice.Target) bool { return target.Conversation == c })
}

// latestOwn is what the caller announced last and did not recall.
func (b *Bot) latestOwn(t *Turn) (notice.Announcement, error) {
	own, err := b.ownAnnouncements(t)
	if err != nil {
		return notice.Announcement{}, err
	}
	i := slices.IndexFunc(own, func(a notice.Announcement) bool { return a.Recalled.IsZero() })
	if i < 0 {
		return notice.Announcement{}, fault.New(fault.NotFound, "bot.latestOwn", "announce.none.latest")
	}
	return own[i], nil
}

func (b *Bot) showAnnouncements(t *Turn) (cards.Card, error) {
	own, err := b.ownAnnouncements(t)
	if err != nil {
		return cards.Card{}, err
	}
	others, err := b.others(t)
	if err != nil {
		return cards.Card{}, err
	}
	own = append(own[:min(len(own), listedAnnouncements)], others...)
	v := cards.AnnouncementsView{Title: t.Text("announce.list.title"), Next: append([]cards.Step{{Title: t.Text("announce.title"), Verb: cards.AnnounceVerb("")}}, t.steps("help")...)}
	switch {
	case len(own) == 0 && t.Caller.Public:
		v.Title = t.Text("announce.list.none.here")
	case len(own) == 0:
		v.Title = t.Text("announce.list.none")
	}
	if len(others) > 0 {
		v.Title = t.Text("announce.list.here")
	}
	if len(own) == 0 {
		v.Hint = t.Text("announce.list.hint", "Mention", t.mention())
	}
	for _, a := range own[:min(len(own), 2*listedAnnouncements)] {
		copies, err := b.Announcements.Copies(t.ctx, t.Caller.Tenant, a.ID)
		if err != nil {
			return cards.Card{}, fmt.Errorf("bot.showAnnouncements: %w", err)
		}
		v.Rows = append(v.Rows, b.announcementRow(t, a, copies))
	}
	return cards.Announcements(t.Lang, v), nil
}

// announcementRow tells what became of an announcement.
func (b *Bot) announcementRow(t *Turn, a notice.Announcement, copies []notice.Notice) cards.AnnouncementRow {
	r := cards.AnnouncementRow{ID: a.ID, Title: a.Title, When: t.Lang.Time(b.local(t, a.At)), May: a.Recalled.IsZero()}
	if a.By != t.Caller.Person {
		r.Lines = append(r.Lines, announcedBy(t.Lang, b.announcer(t, a)))
	}
	say := func(key string, n int, more ...any) string {
		return t.Text(key, append([]any{"Count", n, "Number", t.Lang.Number(n)}, more...)...)
	}
	sent, waiting, possibly, again, failed := sortCopies(copies)
	if !a.Recalled.IsZero() {
		r.Lines = append(r.Lines, t.Text("announce.state.recalled", "When", t.Lang.Time(b.local(t, a.Recalled))))
	} else {
		r.Lines = append(r.Lines, say("announce.state.sent", len(copies), "Sent", t.Lang.Number(sent)))
		if waiting > 0 {
			r.Lines = append(r.Lines, say("announce.state.waiting", waiting))
		}
		r.Warnings = append(r.Warnings, b.failures(t, failed)...)
	}
	if a.Version > 1 {
		r.Lines = append(r.Lines, t.Text("announce.state.corrected", "When", t.Lang.Time(b.local(t, a.Changed)), "Version", t.Lang.Number(a.Version)))
	}
	if a.Asks {
		r.Lines = append(r.Lines, seenLine(t.Lang, a))
	}
	if possibly > 0 {
		r.Warnings = append(r.Warnings, say("announce.state.possibly", possibly))
	}
	if again > 0 {
		r.Warnings = append(r.Warnings, say("announce.state.again", again))
	}
	return r
}

// sortCopies counts how far the copies of an announcement have come.
func sortCopies(copies []notice.Notice) (sent, waiting, possibly, again int, failed []notice.Notice) {
	for _, c := range copies {
		if c.Again && c.State == notice.Sent {
			again++
		}
		switch c.State {
		case notice.Sent:
			sent++
		case notice.Possibly:
			possibly++
		case notice.Failed, notice.Dropped:
			failed = append(failed, c)
		default:
			waiting++
		}
	}
	return sent, waiting, possibly, again, failed
}

// namedFailures is how many channels are named into which an announcement did not get.
const namedFailures = 3

func (b *Bot) failures(t *Turn, failed []notice.Notice) []string {
	var lines []string
	for _, c := range failed[:min(len(failed), namedFailures)] {
		place := t.Text("announce.state.elsewhere")
		if name := t.app.roster.Title(t.ctx, t.Caller.Tenant, t.Caller.Person, c.Conversation, c.Team); name != "" {
			place = name
		}
		lines = append(lines, t.Text("announce.state.failed", "Place", place, "Why", t.Text(whyNot(c))))
	}
	if left := len(failed) - namedFailures; left > 0 {
		lines = append(lines, t.Text("announce.state.failed.more", "Count", left, "Number", t.Lang.Number(left)))
	}
	return lines
}

// whyNot is the key of the sentence for the connector's code.
func whyNot(c notice.Notice) string {
	switch {
	case c.State == notice.Dropped, slices.Contains([]string{"BotNotInConversationRoster", "ConversationNotFound", "404"}, c.Why):
		return "announce.why.gone"
	case slices.Contains([]string{"ConversationBlockedByUser", "BotDisabledByAdmin", "ForbiddenOperationException", "MessageWritesBlocked", "403"}, c.Why):
		return "announce.why.blocked"
	}
	return "announce.why.refused"
}
