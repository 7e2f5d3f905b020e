package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"

	"teamspro/cards"
	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/lang"
	"teamspro/internal/notice"
)

// Sender says what conversations asked to hear and what owners announce. What a notice names is read when it is sent, as
// every member of its conversation may see it then.
func (b *Bot) Sender() notice.Sender { return noticeSender{b} }

// Audience tells whom an event concerns.
func (b *Bot) Audience() notice.Audience { return noticeSender{b} }

// Product is the product that tells of a kind here; empty when none does.
func (b *Bot) Product(k notice.Kind) string {
	if a := b.speaker(k.Product()); a != nil {
		return string(a.key)
	}
	return ""
}

// speaker is the app that speaks for a product; nil when it is not configured, or not any more.
func (b *Bot) speaker(product string) *app {
	for _, a := range b.apps {
		if a.key.has(App(product)) || product == string(Both) {
			return a
		}
	}
	return nil
}

type noticeSender struct{ bot *Bot }

// Concerns tells whether a conversation is one whose members may see what an event is about.
func (s noticeSender) Concerns(ctx context.Context, t identity.Tenant, e notice.Event, c identity.Conversation) (bool, error) {
	if e.Kind.Product() == string(ImagePro) {
		return e.Conversation != "" && e.Conversation == c, nil
	}
	if s.bot.Books == nil {
		return false, nil
	}
	return s.bot.Books.OpenTo(ctx, t, contact.BookID(e.Book), c)
}

// Gone takes back how a place is reached, lets wait what was kept for it as if the app had been removed there, and gives who set
// up what was told there; nobody where the apps were removed and we were told so: whoever did that knows.
func (s noticeSender) Gone(ctx context.Context, t identity.Tenant, p notice.Place) (identity.Person, error) {
	b, a := s.bot, s.bot.speaker(p.Product)
	sub, err := b.Subscriptions.Subscription(ctx, t, p.Conversation)
	if err != nil {
		return "", fmt.Errorf("bot.Gone: %w", err)
	}
	if a == nil || p.Conversation == "" {
		return sub.By, nil
	}
	ref, err := b.Conversations.Recall(ctx, t, p.Conversation, a.id)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return "", fmt.Errorf("bot.Gone: %w", err)
	}
	if err := b.Conversations.Forget(ctx, t, p.Conversation, a.id); err != nil {
		return "", fmt.Errorf("bot.Gone: %w", err)
	}
	e, err := b.Configurations.Effective(ctx, t, p.Conversation)
	if err != nil {
		return "", fmt.Errorf("bot.Gone: %w", err)
	}
	if err := b.giveUp(ctx, a, t, p.Conversation, ref.Team); err != nil {
		return "", fmt.Errorf("bot.Gone: %w", err)
	}
	if !e.Kept.Removed.IsZero() {
		return "", nil
	}
	return cmp.Or(sub.By, ref.Installer), nil
}

// giveUp lets wait what was kept for a place in which the connector does not let the app speak. The place itself may be there
// for the other app.
func (b *Bot) giveUp(ctx context.Context, a *app, t identity.Tenant, c identity.Conversation, team string) error {
	turn := &Turn{ctx: ctx, app: a, Caller: identity.Caller{Tenant: t, Conversation: c, Team: team}}
	last, err := b.alone(turn)
	return errors.Join(err, b.abandon(turn, c, last))
}

// Send carries a notice out. The runner keeps it, so it is tried once at a time; what may have been said twice is not said a
// third time, also when a process ended in between.
func (s noticeSender) Send(ctx context.Context, n notice.Notice) (string, error) {
	b, a := s.bot, s.bot.speaker(n.Product)
	if a == nil {
		return "", notice.ErrNothing
	}
	v, err := b.voiceFor(ctx, a, n)
	if err != nil {
		return "", err
	}
	if n.Op != notice.Post && n.Activity == "" { // it may be there, but nobody knows under which id
		return "", notice.ErrNothing
	}
	told := telling{n.ID, n.Again || n.Why == notice.Lost}
	if n.Op == notice.Remove {
		return n.Activity, saidFault(n, a.connector.Remove(told.in(ctx), v.to, n.Activity))
	}
	card, err := b.compose(ctx, v, n)
	switch {
	case err != nil:
		return "", err
	case n.Op == notice.Update:
		return n.Activity, saidFault(n, a.connector.UpdateCard(told.in(ctx), v.to, n.Activity, card))
	}
	id, err := a.connector.SendCard(told.in(ctx), v.to, card)
	return id, saidFault(n, err)
}

// saidFault is what became of a notice, as notice.Sender tells it.
func saidFault(n notice.Notice, err error) error {
	var answer *ConnectorError
	errors.As(err, &answer)
	switch {
	case err == nil:
		return nil
	case answer != nil && answer.Code == "lost_twice":
		return fmt.Errorf("bot.Send: %w: %w", notice.ErrPossibly, err)
	case n.Op == notice.Remove && messageGone(answer): // somebody did it by hand
		return nil
	case n.Op == notice.Update && messageGone(answer):
		return fmt.Errorf("bot.Send: %w: %w", notice.ErrNothing, err)
	case answer != nil && fault.Is(err, fault.Denied) && (answer.Code == "InvalidBotApiHost" || answer.Code == "NotEnoughPermissions"):
		return fault.Wrap(fault.Internal, "bot.Send", err) // the operator's to put right: the place is there
	case n.Conversation == "" && (fault.Is(err, fault.Denied) || fault.Is(err, fault.NotFound)):
		return fmt.Errorf("bot.Send: %w: %w", notice.ErrNothing, err) // the person does not have the app
	case answer == nil && fault.Is(err, fault.Internal) && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded),
		answer != nil && answer.Status == http.StatusUnauthorized:
		return fault.Wrap(fault.Busy, "bot.Send", err) // no token, or none that counts: nothing is lost until the operator puts that right
	}
	return err
}

// messageGone tells that a message is gone, and not the conversation it stood in.
func messageGone(answer *ConnectorError) bool {
	return answer != nil && answer.kind() == fault.NotFound && answer.Code != "ConversationNotFound"
}

// voice is where and how a notice is said.
type voice struct {
	*lang.Printer
	app    *app
	tenant identity.Tenant
	to     Target
	place  identity.Conversation
	ref    identity.Reference // of the place; empty for one person's own chat
	team   string
	sub    notice.Subscription
}

// voiceFor finds how the place of a notice is reached, and the language of what is said there to all: the one that was chosen,
// else the one in which the conversation last spoke.
func (b *Bot) voiceFor(ctx context.Context, a *app, n notice.Notice) (voice, error) {
	v := voice{app: a, tenant: n.Tenant, place: n.Conversation, team: n.Team}
	if n.Conversation == "" {
		return b.whisper(ctx, v, n.Person)
	}
	ref, err := b.whereIs(ctx, a, n)
	if err != nil {
		return voice{}, err
	}
	v.ref, v.team = ref, cmp.Or(ref.Team, n.Team)
	v.to = Target{Tenant: n.Tenant, ServiceURL: ref.ServiceURL, Conversation: string(n.Conversation), BotID: ref.BotID, Patient: true}
	if v.sub, err = b.Subscriptions.Subscription(ctx, n.Tenant, n.Conversation); err != nil {
		return voice{}, fmt.Errorf("bot.voiceFor: %w", err)
	}
	v.Printer = lang.For(cmp.Or(v.sub.Language, ref.Locale))
	return v, nil
}

// whereIs finds how the place of a notice is reached. A channel of which nothing is known is reached as any other of its team
// is: the app is added to the team, in whichever channel that was done.
func (b *Bot) whereIs(ctx context.Context, a *app, n notice.Notice) (identity.Reference, error) {
	ref, err := b.Conversations.Recall(ctx, n.Tenant, n.Conversation, a.id)
	if fault.Is(err, fault.NotFound) {
		ref, err = a.roster.where(ctx, n.Tenant, n.Conversation, n.Team)
	}
	if !fault.Is(err, fault.NotFound) || n.Team == "" {
		return ref, err
	}
	teams, problem := b.teams(ctx, n.Tenant, a)
	if problem != nil {
		return identity.Reference{}, problem
	}
	ref, there := teams[n.Team]
	if !there {
		return identity.Reference{}, err
	}
	ref.Conversation = n.Conversation
	return ref, nil
}

// whisper is the voice to one person: in the chat that is known, or in one that Teams opens where they have the app.
func (b *Bot) whisper(ctx context.Context, v voice, p identity.Person) (voice, error) {
	all, err := b.Conversations.All(ctx, v.tenant, v.app.id)
	if err != nil {
		return voice{}, fmt.Errorf("bot.whisper: %w", err)
	}
	var last identity.Reference
	for _, ref := range all {
		if ref.Place == identity.Personal && ref.Installer == p {
			v.to = Target{Tenant: v.tenant, ServiceURL: ref.ServiceURL, Conversation: string(ref.Conversation), BotID: ref.BotID, Patient: true}
			v.place, v.Printer = ref.Conversation, lang.For(ref.Locale)
			return v, nil
		}
		if !ref.Used.Before(last.Used) {
			last = ref
		}
	}
	if p == "" || last.ServiceURL == "" {
		return voice{}, notice.ErrNothing
	}
	chat, err := v.app.connector.Start(ctx, NewConversation{Tenant: v.tenant, ServiceURL: last.ServiceURL, BotID: last.BotID, Person: string(p)})
	switch {
	case fault.Is(err, fault.Denied), fault.Is(err, fault.NotFound), fault.Is(err, fault.Invalid):
		return voice{}, notice.ErrNothing
	case err != nil:
		return voice{}, err
	}
	v.to = Target{Tenant: v.tenant, ServiceURL: chat.ServiceURL, Conversation: chat.ID, BotID: last.BotID, Patient: true}
	v.place, v.Printer = identity.Conversation(chat.ID), lang.For(last.Locale)
	return v, nil
}

// compose is what a notice says now; notice.ErrNothing when that is nothing any more.
func (b *Bot) compose(ctx context.Context, v voice, n notice.Notice) (cards.Card, error) {
	switch c := n.Content; {
	case c.Gathering != nil:
		return b.gatheringCard(ctx, v, *c.Gathering)
	case c.Announcement != "":
		return b.announcementNotice(ctx, v, n)
	case c.Lost != "":
		return b.lostCard(ctx, v, n), nil
	}
	return cards.Card{}, notice.ErrNothing
}

// lostCard tells who set a place up that it cannot be reached any more. Where the app still knows its team, it is named.
func (b *Bot) lostCard(ctx context.Context, v voice, n notice.Notice) cards.Card {
	title, text := v.Text("notice.lost.title"), v.Text("notice.lost.text", "App", v.app.name)
	if name := b.lostName(ctx, v, n); name != "" {
		title, text = v.Text("notice.lost.where", "Place", name), v.Text("notice.lost.named", "App", v.app.name)
	}
	return cards.Note(v, cards.NoteView{Title: title, Text: text})
}

func (b *Bot) lostName(ctx context.Context, v voice, n notice.Notice) string {
	sub, err := b.Subscriptions.Subscription(ctx, n.Tenant, n.Content.Lost)
	if err != nil || sub.Team == "" { // who is in a chat is not told where nobody asks whether they are
		return ""
	}
	return v.app.roster.Title(ctx, n.Tenant, n.Person, n.Content.Lost, sub.Team)
}
