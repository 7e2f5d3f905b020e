package bot

import (
	"context"
	"sync"
	"time"

	"teamspro/cards"
	"teamspro/internal/identity"
)

// boardPace is how long a card that counts up stays as it is at least.
const boardPace = 2 * time.Second

// board is a message that shows for all who see it how far something has come: a batch, an import.
type board struct {
	bot    *Bot
	app    *app
	target Target
	card   string // the message; empty posts one

	mu   sync.Mutex
	next func() cards.Card // what is to be shown next; nil when what is shown is the newest
}

// work shows first where there is no message yet, does the work and meanwhile shows what tell is given, never faster than its pace.
func (s *board) work(ctx context.Context, first func() cards.Card, do func(tell func(func() cards.Card)) error) error {
	if s.card == "" {
		s.card, _ = s.app.connector.Send(ctx, s.target, message(first())) // without one, the end is told anew
	}
	showing, stop := context.WithCancel(ctx)
	var shows sync.WaitGroup
	shows.Go(func() { s.show(showing) })
	err := do(s.tell)
	stop()
	shows.Wait()
	return err
}

// tell takes what is to be shown next.
func (s *board) tell(card func() cards.Card) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = card
}

// show brings the message up to date until ctx ends.
func (s *board) show(ctx context.Context) {
	for pause(ctx, boardPace) {
		s.mu.Lock()
		card := s.next
		s.next = nil
		s.mu.Unlock()
		if card != nil && s.card != "" {
			_ = s.put(ctx, card()) // the next one comes soon
		}
	}
}

func (s *board) put(ctx context.Context, card cards.Card) error {
	ctx, cancel := context.WithTimeout(ctx, laterTry)
	defer cancel()
	return s.app.connector.Update(ctx, s.target, s.card, message(card))
}

// end shows how it ended, after a last pause: on the message, or where that cannot be, on a new one.
func (s *board) end(ctx context.Context, card cards.Card) {
	if !pause(ctx, boardPace) {
		return
	}
	if s.card != "" && s.put(ctx, card) == nil {
		return
	}
	s.bot.replies.enqueue(&outgoing{app: s.app, target: s.target, activity: message(card), owed: identity.Owed{Tenant: s.target.Tenant}})
}
