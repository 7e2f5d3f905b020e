package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"teamspro/bot"
	"teamspro/internal/notice"
	"teamspro/internal/ops"
	"teamspro/store"
)

// notices tells conversations what they asked to hear, and sends what owners announce.
type notices struct {
	runner *notice.Runner
	quit   chan struct{} // closed when it is to end
	once   sync.Once
	done   chan struct{} // closed when it has
}

func newNotices(db *store.DB, b *bot.Bot, wishes notice.Subscriptions, now func() time.Time, metrics *ops.Metrics, log *slog.Logger) *notices {
	return &notices{quit: make(chan struct{}), done: make(chan struct{}), runner: notice.NewRunner(notice.RunnerConfig{Outbox: db.Outbox(),
		Sender: b.Sender(), Subscriptions: wishes, Audience: b.Audience(), Product: b.Product, Now: now, Log: log, Metrics: counted{metrics}})}
}

// run works until ctx ends or halt is called. What was not sent then is in the file: the next start goes on with it.
func (n *notices) run(ctx context.Context, log *slog.Logger) {
	defer close(n.done)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-n.quit:
			cancel()
		case <-ctx.Done():
		}
	}()
	if err := n.runner.Run(ctx); err != nil {
		log.Error("notices ended before their time", "error", err)
	}
}

// halt begins nothing more.
func (n *notices) halt() { n.once.Do(func() { close(n.quit) }) }

// stop begins nothing more, and waits for what is being sent, until ctx ends.
func (n *notices) stop(ctx context.Context) {
	n.halt()
	select {
	case <-n.done:
	case <-ctx.Done():
	}
}

// counted counts notices in the operator's words.
type counted struct{ metrics *ops.Metrics }

// Told counts what became of a notice.
func (c counted) Told(product string, op notice.Op, state notice.State) {
	c.metrics.Notice(product, string(op), string(state))
}

// Waiting says how many are not sent yet.
func (c counted) Waiting(n int) { c.metrics.NoticesWaiting(n) }
