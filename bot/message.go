package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/infracloudio/msbotbuilder-go/schema"

	"teamspro/cards"
	"teamspro/internal/identity"
	"teamspro/internal/lang"
)

// typingAfter is when a person is shown that an answer is coming; they should see something within two seconds.
const typingAfter = 1200 * time.Millisecond

// serveMessage answers a message with one message, however often it is delivered.
func (b *Bot) serveMessage(w http.ResponseWriter, t *Turn) {
	key := t.activity.key(t.app.key)
	if !b.running.begin(key) {
		w.WriteHeader(http.StatusOK) // another delivery of it is being answered right now
		return
	}
	defer b.running.end(key)
	answered, err := b.answered(t.ctx, key)
	if err != nil || !b.replies.room() {
		refuse(w, http.StatusServiceUnavailable, "too busy, try again")
		return
	}
	if answered {
		w.WriteHeader(http.StatusOK)
		return
	}
	if !b.enter(w, t) {
		return
	}
	answer := b.answerMessage(t)
	b.gate.leave()
	b.replies.deliver(t.ctx, t.outgoingActivity(answer))
	w.WriteHeader(http.StatusOK)
}

// answered tells whether a message was answered before, or its answer is on its way.
func (b *Bot) answered(ctx context.Context, key string) (bool, error) {
	if b.replies.answers(key) {
		return true, nil
	}
	return b.turns.Answered(ctx, key)
}

// answerMessage finds what was asked for and does it; a person who waits sees that the bot is typing.
func (b *Bot) answerMessage(t *Turn) schema.Activity {
	t.app.command(t)
	b.meet(t)
	b.settle(t)
	start := b.now()
	ctx, cancel := context.WithTimeout(t.ctx, workTime)
	defer cancel()
	work := *t // a handler that is given up goes on reading its turn for a while
	work.ctx = ctx
	typing := time.AfterFunc(typingAfter, func() { _ = t.app.connector.Typing(ctx, t.target()) }) // a courtesy: nobody misses it
	defer typing.Stop()
	card, err := guard(ctx, func() (cards.Card, error) { return work.route.card(&work) })
	b.finish(t, start, err)
	if err != nil {
		return b.replyTo(t, err)
	}
	return message(card)
}

// command sets the route and the words of a message: a button of an older client, a word of the table, or neither,
// which the route "" answers.
func (a *app) command(t *Turn) {
	if verb, data := submitted(t.activity); verb != "" {
		if route, params := a.router.find(OnAction, verb); route != nil {
			t.route, t.params, t.data = route, params, data
			return
		}
	}
	word, rest := a.commands.cut(t.activity.words())
	if a.signIn != nil && t.Caller.Place == identity.Personal && word == unknown && typedCode.MatchString(rest) {
		word = "sign-in" // a code of the sign-in page, perhaps
	}
	t.route, _ = a.router.find(OnCommand, word)
	t.Words = rest
}

// submitted reads the value of a message that a card's Action.Submit sent.
func submitted(a *Activity) (verb string, data map[string]string) {
	var fields map[string]json.RawMessage
	if len(a.Value) == 0 || json.Unmarshal(a.Value, &fields) != nil {
		return "", nil
	}
	data = values(fields)
	return data["verb"], data
}

// commands finds the command in what a person typed: its own word or one of the words that internal/lang lists for it in
// any language, so that a French command works in an English client too.
type commands struct {
	words map[string]string // folded words -> pattern of the command
	most  int               // words in the longest
}

// unknown is the pattern of the route that answers what is no command.
const unknown = "…"

func newCommands(r *Router) commands {
	c := commands{words: map[string]string{}}
	for _, pattern := range r.Commands() {
		c.words[pattern] = pattern
		for _, language := range lang.Languages {
			for _, alias := range strings.Split(lang.For(language).Text("command."+pattern), ",") {
				alias = strings.ToLower(strings.TrimSpace(alias))
				c.words[alias] = pattern
				c.most = max(c.most, len(strings.Fields(alias)))
			}
		}
	}
	return c
}

// cut gives the command's pattern and what follows it. The longest command wins: "who is" before "who".
func (c commands) cut(text string) (pattern, rest string) {
	words := strings.Fields(text)
	for n := min(c.most, len(words)); n > 0; n-- {
		said := strings.ToLower(strings.Join(words[:n], " "))
		head := cmp.Or(strings.TrimRight(said, "?!.:,"), said)
		if pattern, ok := c.words[head]; ok {
			return pattern, strings.Join(words[n:], " ")
		}
	}
	return unknown, text
}

// target is where the conversation of the turn is reached.
func (t *Turn) target() Target {
	return Target{Tenant: t.Caller.Tenant, ServiceURL: t.activity.ServiceURL, Conversation: t.activity.Conversation.ID, BotID: t.activity.Recipient.ID}
}

// reference is the conversation of the turn as it is kept.
func (t *Turn) reference() identity.Reference {
	a := t.activity
	return identity.Reference{Conversation: t.Caller.Conversation, Place: t.Caller.Place, Team: t.Caller.Team, ServiceURL: a.ServiceURL,
		App: t.app.id, BotID: a.Recipient.ID, Locale: clip(a.Locale, 35), Installer: t.Caller.Person}
}

// outgoing is the answer to the turn's message.
func (t *Turn) outgoing(card cards.Card) *outgoing { return t.outgoingActivity(message(card)) }

// outgoingActivity is the answer that is no card of ours.
func (t *Turn) outgoingActivity(a schema.Activity) *outgoing {
	now := t.app.now()
	return &outgoing{app: t.app, target: t.target(), replyTo: t.activity.ID, activity: a, answer: t.answer,
		owed: identity.Owed{Key: t.activity.key(t.app.key), Tenant: t.Caller.Tenant, Reference: t.reference(),
			Thread: t.activity.Conversation.ID, ReplyTo: t.activity.ID, Locale: t.Lang.Language(), At: now}}
}

// message is a card as a message of its own.
func message(card cards.Card) schema.Activity {
	return schema.Activity{Type: schema.Message, Summary: card.Summary(), Attachments: []schema.Attachment{attach(card)}}
}

func isContext(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}
