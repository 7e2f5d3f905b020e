package bot

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/infracloudio/msbotbuilder-go/schema"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// replies delivers what the bot says. What the connector does not take now waits in memory, in order within its
// conversation, and is tried again until it is taken. That an answer is owed is on disk before the person's message is
// acknowledged: what waits in memory is lost with the process, and then the person is told to ask again (Resume).
// The answer itself is never on disk, because it may repeat what the person wrote.
type replies struct {
	turns   Turns
	metrics Metrics
	log     *slog.Logger
	now     func() time.Time

	mu      sync.Mutex
	lanes   map[string][]outgoing // by conversation; the first of a lane is being sent
	waiting int
	closed  chan struct{}
	done    sync.WaitGroup
}

// outgoing is one message on its way.
type outgoing struct {
	app    *app
	target Target
	// replyTo is the message that is answered; in a channel the answer stays in its thread.
	replyTo  string
	activity schema.Activity
	// owed is what is kept when it must wait; an empty Key keeps nothing.
	owed identity.Owed
	born time.Time
}

// Limits of waiting.
const (
	maxWaiting = 10_000
	firstTry   = 5 * time.Second
	laterTry   = 30 * time.Second
	maxPause   = 10 * time.Second
	giveUp     = time.Hour
)

func newReplies(turns Turns, metrics Metrics, log *slog.Logger, now func() time.Time) *replies {
	return &replies{turns: turns, metrics: metrics, log: log, now: now, lanes: map[string][]outgoing{}, closed: make(chan struct{})}
}

// room tells whether one more message could wait if it had to.
func (q *replies) room() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waiting < maxWaiting
}

// deliver sends a message now or lets it wait. Without error the message was taken by the connector, refused by it for
// good, or is owed on disk.
func (q *replies) deliver(ctx context.Context, o outgoing) error {
	o.born = q.now()
	if !q.idle(o.lane()) {
		return q.wait(ctx, o)
	}
	try, cancel := context.WithTimeout(ctx, firstTry)
	err := o.send(try)
	cancel()
	if retry(err) {
		return q.wait(ctx, o)
	}
	return q.settle(ctx, o, err)
}

func (o outgoing) lane() string { return string(o.owed.Tenant) + "|" + o.target.Conversation }

func (o outgoing) send(ctx context.Context) error {
	var err error
	if o.replyTo == "" {
		_, err = o.app.connector.Send(ctx, o.target, o.activity)
	} else {
		_, err = o.app.connector.Reply(ctx, o.target, o.replyTo, o.activity)
	}
	return err
}

func retry(err error) bool {
	return err != nil && (fault.Is(err, fault.Busy) || isContext(err))
}

// wait notes that the message is owed and puts it at the end of its lane.
func (q *replies) wait(ctx context.Context, o outgoing) error {
	if o.owed.Key != "" {
		if err := q.turns.Owe(context.WithoutCancel(ctx), o.owed); err != nil {
			q.log.Error("an answer waits that a crash would lose", "error", err)
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	lane := o.lane()
	q.lanes[lane] = append(q.lanes[lane], o)
	q.waiting++
	q.metrics.Waiting(q.waiting)
	if len(q.lanes[lane]) == 1 {
		q.done.Go(func() { q.run(lane) })
	}
	return nil
}

func (q *replies) idle(lane string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.lanes[lane]) == 0
}

// run empties a lane, one message after the other, and ends with it.
func (q *replies) run(lane string) {
	for pause := time.Second; q.sleep(pause); pause = min(2*pause, maxPause) {
		sent, empty := q.first(lane)
		for sent {
			pause = time.Second / 2
			sent, empty = q.first(lane)
		}
		if empty {
			return
		}
	}
}

// first tries the first message of a lane. It tells whether the message is done with, or that the lane was empty and is gone.
func (q *replies) first(lane string) (sent, empty bool) {
	o, any := q.head(lane)
	if !any {
		return false, true
	}
	ctx, cancel := context.WithTimeout(context.Background(), laterTry)
	defer cancel()
	err := o.send(ctx)
	if retry(err) && q.now().Sub(o.born) < giveUp {
		return false, false
	}
	if err := q.settle(ctx, o, err); err != nil {
		q.log.Error("an answer could not be marked as sent", "error", err)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lanes[lane] = q.lanes[lane][1:]
	q.waiting--
	q.metrics.Waiting(q.waiting)
	return true, false
}

// head gives the first message of a lane, or removes the empty lane.
func (q *replies) head(lane string) (outgoing, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.lanes[lane]) == 0 {
		delete(q.lanes, lane)
		return outgoing{}, false
	}
	return q.lanes[lane][0], true
}

// settle marks a message as answered, whether the connector took it or refused it for good.
func (q *replies) settle(ctx context.Context, o outgoing, sent error) error {
	if sent != nil {
		q.log.Warn("an answer was refused by the connector", "app", o.app.key, "tenant", o.owed.Tenant, "error", sent)
	}
	if o.owed.Key == "" {
		return nil
	}
	return q.turns.Settle(context.WithoutCancel(ctx), o.owed.Key)
}

// sleep waits about d and tells whether to go on.
func (q *replies) sleep(d time.Duration) bool {
	timer := time.NewTimer(d/2 + rand.N(d))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-q.closed:
		return false
	}
}

// close gives what waits a last chance until ctx ends. What is left is owed on disk.
func (q *replies) close(ctx context.Context) {
	empty := make(chan struct{})
	go func() {
		q.done.Wait()
		close(empty)
	}()
	select {
	case <-empty:
	case <-ctx.Done():
	}
	close(q.closed)
}
