package bot

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"teamspro/cards"
	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
	"teamspro/internal/lang"
	"teamspro/internal/notice"
)

// Events of the lifecycle, as the route table names them.
const (
	eventAdded   = "added"
	eventRemoved = "removed"
	// A channel was deleted or brought back, while the bot stays in its team.
	eventClosed   = "closed"
	eventReopened = "reopened"
)

// serveEvent follows the bot being added to or removed from a conversation. Teams tells both twice, as
// conversationUpdate and as installationUpdate; each is answered with 200 whatever comes of it, because Teams does
// nothing else with the answer.
func (b *Bot) serveEvent(w http.ResponseWriter, t *Turn) {
	if event := t.activity.event(); event != "" {
		t.route, t.params = t.app.router.find(OnLifecycle, event)
	}
	if t.route != nil {
		b.follow(t)
	}
	w.WriteHeader(http.StatusOK)
}

func (b *Bot) follow(t *Turn) {
	start := b.now()
	_, err := guard(t.ctx, func() (struct{}, error) { return struct{}{}, t.route.event(t) })
	b.finish(t, start, err)
}

func (a *Activity) event() string {
	action := strings.ToLower(a.Action)
	switch {
	case a.Type == "installationUpdate" && strings.HasPrefix(action, "add"), a.added():
		return eventAdded
	case a.Type == "installationUpdate" && strings.HasPrefix(action, "remove"), a.removed():
		return eventRemoved
	case a.Type == "conversationUpdate":
		return a.teamEvent()
	}
	return ""
}

// teamEvent is what became of a team or of a channel, by channelData.eventType. A team that is deleted takes its bots along; one
// that is restored has them again.
func (a *Activity) teamEvent() string {
	switch strings.ToLower(a.ChannelData.EventType) { // Teams writes it in more than one way
	case "teamdeleted", "teamharddeleted":
		return eventRemoved
	case "teamrestored":
		return eventAdded
	case "channeldeleted":
		return eventClosed
	case "channelrestored":
		return eventReopened
	}
	return ""
}

// welcome greets a conversation once: the place is remembered in the same step, so the second event finds it known.
func (b *Bot) welcome(t *Turn) error {
	place := string(t.Caller.Tenant) + "|" + string(t.Caller.Conversation) + "|" + t.app.id
	if !b.greeting.begin(place) {
		return nil
	}
	defer b.greeting.end(place)
	if _, err := b.Conversations.Recall(t.ctx, t.Caller.Tenant, t.Caller.Conversation, t.app.id); !fault.Is(err, fault.NotFound) {
		return err // known already, or unknown whether
	}
	if err := b.channelsComeBack(t); err != nil {
		return err
	}
	back, err := b.comeBack(t)
	if err != nil {
		return err
	}
	if err := b.Conversations.Remember(t.ctx, t.Caller.Tenant, t.reference()); err != nil {
		return err
	}
	if err := b.bind(t); err != nil {
		return err
	}
	b.say(t, b.welcomeCard(b.beforeAll(t), back))
	return nil
}

// comeBack gives a conversation back what waited since the app was removed from it, and tells what that is. It may be done
// again: so it comes before the place is known, after which nothing would do it.
func (b *Bot) comeBack(t *Turn) (told []string, err error) {
	if err := b.Configurations.Returned(t.ctx, t.Caller); err != nil {
		return nil, err
	}
	if t.app.key.has(ContactPro) && t.Caller.Place != identity.Personal {
		back, err := b.Books.Returned(t.ctx, t.Caller)
		if err != nil {
			return nil, err
		}
		told = append(told, booksBack(t, back)...)
	}
	if t.app.key.has(ImagePro) && b.Gallery != nil {
		back, err := b.Gallery.Returned(t.ctx, t.Caller.Tenant, t.Caller.Conversation)
		if err != nil {
			return nil, err
		}
		told = append(told, picturesBack(t, back)...)
	}
	return told, nil
}

// channelsComeBack gives the other channels of a team back what waited in them: an app is added to the team, and Teams
// tells of one channel.
func (b *Bot) channelsComeBack(t *Turn) error {
	channels, err := b.Configurations.InTeam(t.ctx, t.Caller.Tenant, t.Caller.Team)
	if err != nil {
		return err
	}
	for _, k := range channels {
		if k.Conversation == t.Caller.Conversation {
			continue
		}
		there := *t
		there.Caller.Conversation = k.Conversation
		if _, err := b.comeBack(&there); err != nil {
			return err
		}
	}
	return nil
}

func booksBack(t *Turn, back contact.Leftover) []string {
	switch {
	case back.Books == 0:
		return nil
	case back.Books == 1 && back.Contacts == 0:
		return []string{t.Text("grace.back.empty")}
	case back.Books == 1:
		return []string{t.Text("grace.back.book", "Count", back.Contacts, "Number", t.Lang.Number(back.Contacts))}
	}
	return []string{t.Text("grace.back.books", "Books", t.Lang.Number(back.Books), "Count", back.Contacts, "Number", t.Lang.Number(back.Contacts))}
}

func picturesBack(t *Turn, back image.Back) (told []string) {
	if back.Library {
		told = append(told, t.Text("grace.back.library"))
	}
	if back.Pins > 0 {
		told = append(told, t.Text("grace.back.pins", "Count", back.Pins, "Number", t.Lang.Number(back.Pins)))
	}
	return told
}

// bind gives the conversation a book, when it has none.
func (b *Bot) bind(t *Turn) error {
	if !t.app.key.has(ContactPro) || t.Caller.Person == "" || t.Caller.Place == identity.Personal {
		return nil
	}
	_, err := b.Books.Ensure(t.ctx, t.Caller)
	return err
}

func (b *Bot) welcomeCard(t *Turn, back []string) cards.Card {
	return cards.Welcome(t.Lang, cards.WelcomeView{App: t.app.name, Place: string(t.Caller.Place), Mention: t.mention(), Back: back,
		Add: t.app.key.has(ContactPro), Pictures: t.app.key.has(ImagePro), Files: t.app.key.has(ImagePro) && b.connected(), Settings: t.Caller.Place != identity.Personal, HelpURL: b.page("/help", t)})
}

// say posts a card into the conversation as a message of its own. What the connector does not take at once is sent later.
func (b *Bot) say(t *Turn, card cards.Card) {
	o := t.outgoing(card)
	o.replyTo, o.owed.Key, o.answer = "", "", nil
	b.replies.deliver(t.ctx, o)
}

// goodbye forgets the place, and with it the other channels of a team. What the app kept for them waits, unseen, for the app
// to come back; one that has the other app keeps what is that one's. Each part is done whatever becomes of the others:
// nobody asks for it again.
func (b *Bot) goodbye(t *Turn) error {
	others, err := b.Configurations.InTeam(t.ctx, t.Caller.Tenant, t.Caller.Team)
	problems := []error{err, b.forget(t)}
	last, err := b.alone(t)
	problems = append(problems, err, b.leave(t, t.Caller.Conversation, last))
	for _, k := range others {
		if k.Conversation != t.Caller.Conversation {
			problems = append(problems, b.leave(t, k.Conversation, last))
		}
	}
	return errors.Join(problems...)
}

// forget takes away how the conversation, or any channel of its team, is reached.
func (b *Bot) forget(t *Turn) error {
	problems := []error{b.Conversations.Forget(t.ctx, t.Caller.Tenant, t.Caller.Conversation, t.app.id)}
	all, err := b.Conversations.All(t.ctx, t.Caller.Tenant, t.app.id)
	problems = append(problems, err)
	for _, ref := range all {
		if t.Caller.Team != "" && ref.Team == t.Caller.Team {
			problems = append(problems, b.Conversations.Forget(t.ctx, t.Caller.Tenant, ref.Conversation, t.app.id))
		}
	}
	return errors.Join(problems...)
}

// leave lets wait what the app kept for a conversation; last says that no app is there any more.
func (b *Bot) leave(t *Turn, c identity.Conversation, last bool) error {
	who := t.Caller
	var problems []error
	if t.app.key.has(ImagePro) && b.Gallery != nil {
		problems = append(problems, b.Gallery.Removed(t.ctx, who.Tenant, c))
	}
	if t.app.key.has(ImagePro) && b.Watcher != nil {
		problems = append(problems, b.Watcher.Stop(t.ctx, who.Tenant, c))
	}
	if t.app.key.has(ContactPro) {
		problems = append(problems, b.Books.Removed(t.ctx, who.Tenant, c, who.Person))
	}
	place := notice.Place{Conversation: c, Product: string(t.app.key)}
	if last {
		place.Product = "" // whatever was to be said by any app
		problems = append(problems, b.Configurations.Removed(t.ctx, who.Tenant, c, who.Person))
	}
	if b.Unsaid != nil {
		problems = append(problems, b.Unsaid.DropPlace(t.ctx, who.Tenant, place))
	}
	return errors.Join(problems...)
}

// closeChannel lets wait what was kept for a channel that was deleted. It can be restored for 30 days.
func (b *Bot) closeChannel(t *Turn) error {
	channel := identity.Root(t.activity.ChannelData.Channel.ID)
	if channel == "" || string(channel) == t.Caller.Team {
		return nil // the general channel cannot be deleted
	}
	return errors.Join(b.Conversations.Forget(t.ctx, t.Caller.Tenant, channel, t.app.id), b.abandon(t, channel, true))
}

// reopenChannel brings back what waited since a channel was deleted.
func (b *Bot) reopenChannel(t *Turn) error {
	there := *t
	if there.Caller.Conversation = identity.Root(t.activity.ChannelData.Channel.ID); there.Caller.Conversation == "" {
		return nil
	}
	_, err := b.comeBack(&there)
	return err
}

// abandon lets wait what the app kept for a conversation that is not there any more.
func (b *Bot) abandon(t *Turn, c identity.Conversation, last bool) error {
	if t.app.roster != nil {
		t.app.roster.Lost(t.Caller.Tenant, c)
	}
	return b.leave(t, c, last)
}

// alone tells whether no other app is known to be in the conversation, or in its team.
func (b *Bot) alone(t *Turn) (bool, error) {
	for _, a := range b.apps {
		if a == t.app {
			continue
		}
		_, err := b.Conversations.Recall(t.ctx, t.Caller.Tenant, t.Caller.Conversation, a.id)
		if !fault.Is(err, fault.NotFound) {
			return false, err
		}
		teams, err := b.teams(t.ctx, t.Caller.Tenant, a)
		if _, there := teams[t.Caller.Team]; there || err != nil {
			return false, err
		}
	}
	return true, nil
}

// settle keeps that a channel uses the app: an app is added to a team, and what a channel gets there has to be found again
// when it is removed from it. Whoever writes to the app shows that it is there: a place that was given up comes back.
func (b *Bot) settle(t *Turn) {
	if t.Caller.Place == identity.Personal {
		return
	}
	if err := b.settled(t); err != nil {
		b.log.Warn("a conversation could not be noted", "app", t.app.key, "tenant", t.Caller.Tenant, "error", err)
	}
}

func (b *Bot) settled(t *Turn) error {
	e, err := b.Configurations.Effective(t.ctx, t.Caller.Tenant, t.Caller.Conversation)
	switch {
	case err != nil:
		return err
	case !e.Kept.Removed.IsZero():
		if _, err := b.comeBack(t); err != nil {
			return err
		}
		return b.Conversations.Remember(t.ctx, t.Caller.Tenant, t.reference())
	case t.Caller.Place == identity.Channel:
		return b.Configurations.Returned(t.ctx, t.Caller)
	}
	return nil
}

// apologise tells a person that an answer was lost. It comes back at once.
func (b *Bot) apologise(a *app, o identity.Owed) {
	speaker := lang.For(o.Locale)
	card := cards.Note(speaker, cards.NoteView{Title: speaker.Text("trouble.lost.title"), Text: speaker.Text("trouble.lost.text")})
	b.replies.enqueue(&outgoing{app: a, activity: message(card), replyTo: o.ReplyTo, owed: o,
		target: Target{Tenant: o.Tenant, ServiceURL: o.Reference.ServiceURL, Conversation: o.Thread, BotID: o.Reference.BotID}})
}

// turnAway tells a person of an organisation that may not use this service so, at most once an hour in a conversation.
func (b *Bot) turnAway(a *app, act *Activity) {
	if act.Type != "message" || !b.turned.first(act.Conversation.ID, b.now()) {
		return
	}
	t := &Turn{Caller: act.caller(), Lang: lang.For(act.Locale), app: a, activity: act}
	card := cards.Note(t.Lang, cards.NoteView{Title: t.Text("trouble.tenant.title"), Text: t.Text("trouble.tenant.text")})
	b.replies.done.Go(func() {
		ctx, cancel := context.WithTimeout(b.replies.sending, laterTry)
		defer cancel()
		if _, err := a.connector.Reply(ctx, t.target(), act.ID, message(card)); err != nil {
			b.log.Info("a person of another tenant could not be told", "error", err)
		}
	})
}

// recently remembers for a while what was done, for a bounded number of keys.
type recently struct {
	span time.Duration // 0 = an hour
	mu   sync.Mutex
	when map[string]time.Time
}

const maxRecent = 1000

// first tells whether the key was not seen within the span, and notes it. When too many keys are known, nothing
// is first: then silence is better than a flood.
func (r *recently) first(key string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k, at := range r.when {
		if now.Sub(at) > cmp.Or(r.span, time.Hour) {
			delete(r.when, k)
		}
	}
	if _, known := r.when[key]; known || len(r.when) >= maxRecent {
		return false
	}
	if r.when == nil {
		r.when = map[string]time.Time{}
	}
	r.when[key] = now
	return true
}
