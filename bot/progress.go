package bot

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"teamspro/cards"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// How long a person waits for an answer before they are told that it takes longer, how long it may take then, and how
// many such pieces of work there are at once.
const (
	soon      = 2 * time.Second
	longTime  = 2 * time.Minute
	maxLong   = 64
	tellEvery = time.Second
	// arrives is how long the answer that says "working" may be on its way before the message it stands in is changed.
	arrives = 500 * time.Millisecond
)

// answerID is the id of the message that answers a person's message, once the connector took it.
type answerID struct {
	known chan struct{}
	id    string
}

func newAnswerID() *answerID { return &answerID{known: make(chan struct{})} }

// is notes the id; empty when there is none.
func (a *answerID) is(id string) {
	if a != nil {
		a.id = id
		close(a.known)
	}
}

func (a *answerID) wait(ctx context.Context) string {
	if a == nil {
		return ""
	}
	select {
	case <-a.known:
		return a.id
	case <-ctx.Done():
		return ""
	}
}

// work is what a person asked for and may take longer than the turn in which they did. What comes of it is shown in the
// message that said so.
type work struct {
	bot  *Bot
	turn *Turn // its context is the work's own
	wait cards.Card

	done chan struct{}
	card cards.Card
	err  error

	mu   sync.Mutex
	late time.Time // when the person was told that it takes longer
	told time.Time
}

// inTime does work and gives its card, or when that takes longer than people wait, waiting: then the work goes on, may
// tell how far it is, and its card, or what went wrong, takes the place of waiting. A crash in between is told at the
// next start, as for any answer that is owed.
func (b *Bot) inTime(t *Turn, waiting cards.Card, do func(t *Turn, tell func(cards.Card)) (cards.Card, error)) (cards.Card, error) {
	w, err := b.begin(t, waiting, do)
	if err != nil {
		return cards.Card{}, err
	}
	if w.finished(t.ctx) || !w.goesOn(t.ctx) {
		return w.card, w.err
	}
	return w.waiting(), nil
}

// waiting is the card that says how far the work is.
func (w *work) waiting() cards.Card {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.wait
}

// begin starts work. Where too much goes on already, it is Busy.
func (b *Bot) begin(t *Turn, waiting cards.Card, do func(t *Turn, tell func(cards.Card)) (cards.Card, error)) (*work, error) {
	if err := b.long.enter(t.ctx); err != nil {
		return nil, fault.New(fault.Busy, "bot.begin", "trouble.slow")
	}
	ctx, cancel := context.WithTimeout(b.replies.sending, longTime)
	own := *t
	own.ctx = ctx
	w := &work{bot: b, turn: &own, wait: waiting, done: make(chan struct{})}
	b.replies.done.Go(func() {
		defer cancel()
		defer b.long.leave()
		w.run(do)
	})
	return w, nil
}

func (w *work) run(do func(t *Turn, tell func(cards.Card)) (cards.Card, error)) {
	card, err := guard(w.turn.ctx, func() (cards.Card, error) { return do(w.turn, w.tell) })
	w.mu.Lock()
	w.card, w.err = card, err
	close(w.done)
	late := !w.late.IsZero()
	w.mu.Unlock()
	if late {
		w.deliver()
	}
}

// finished waits for as long as a person does.
func (w *work) finished(ctx context.Context) bool {
	timer := time.NewTimer(soon)
	defer timer.Stop()
	select {
	case <-w.done:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

// goesOn notes that the answer is owed; false when the work has ended meanwhile.
func (w *work) goesOn(ctx context.Context) bool {
	if err := w.bot.turns.Owe(context.WithoutCancel(ctx), w.owed()); err != nil {
		w.bot.log.Error("work goes on that a crash would lose", "error", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if isClosed(w.done) {
		w.settle()
		return false
	}
	w.late = time.Now()
	return true
}

func (w *work) owed() identity.Owed {
	o := w.turn.outgoing(cards.Card{}).owed
	o.Key += "|work"
	if w.turn.activity.Type != "message" {
		o.ReplyTo = w.turn.activity.ReplyToID
	}
	return o
}

func (w *work) settle() {
	if err := w.bot.turns.Settle(context.WithoutCancel(w.turn.ctx), w.owed().Key); err != nil {
		w.bot.log.Error("finished work could not be marked so", "error", err)
	}
}

// tell shows how far the work is, if the person waits for it, and not too often.
func (w *work) tell(card cards.Card) {
	w.mu.Lock()
	w.wait = card
	now := time.Now()
	due := !w.late.IsZero() && now.Sub(w.late) > arrives && now.Sub(w.told) > tellEvery
	if due {
		w.told = now
	}
	w.mu.Unlock()
	if !due {
		return
	}
	if id := w.turn.answered(w.turn.ctx); id != "" {
		_ = w.bot.replace(w.turn, id, card) // the next one, or the end, will be shown
	}
}

// deliver shows what came of late work. When the service ends in between, the answer stays owed.
func (w *work) deliver() {
	if w.bot.replies.sending.Err() != nil {
		return
	}
	defer w.settle()
	if w.err != nil {
		w.turn.log(slog.LevelWarn, "long work failed", slog.String("ref", reference(w.turn.activity)), slog.Any("error", w.err))
		w.card = w.bot.trouble(w.turn, w.err)
	}
	time.Sleep(arrives - min(arrives, time.Since(w.late)))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.turn.ctx), longTime)
	defer cancel()
	last := *w.turn
	last.ctx = ctx
	w.bot.show(&last, last.answered(ctx), w.card)
}

// answered is the message in which the answer to the turn stands: the one that its button stood on, or the one that was
// sent for its message; empty when there is none.
func (t *Turn) answered(ctx context.Context) string {
	switch {
	case t.activity.Type == "message":
		return t.answer.wait(ctx)
	case t.activity.Name == invokeCardAction, t.posted():
		return t.activity.ReplyToID
	}
	return ""
}

// show puts a card in the place of a message of ours; where that cannot be, it is a message of its own.
func (b *Bot) show(t *Turn, id string, card cards.Card) {
	if id == "" || b.replace(t, id, card) != nil {
		b.say(t, card)
	}
}

// replace replaces a message of ours.
func (b *Bot) replace(t *Turn, id string, card cards.Card) error {
	err := t.app.connector.Update(t.ctx, t.target(), id, message(card))
	if err != nil {
		t.log(slog.LevelInfo, "a message could not be brought up to date", slog.Any("error", err))
	}
	return err
}

// working is the card that says that something takes a while.
func (b *Bot) working(t *Turn) cards.Card {
	return cards.Working(t.Lang, cards.WorkingView{Title: t.Text("edit.working"), Text: t.Text("edit.working.text")})
}
