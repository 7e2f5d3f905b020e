package notice

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"teamspro/internal/fault"
)

const (
	// SendTime is how long a Sender has for one notice, at most.
	SendTime = 30 * time.Second
	// usualSenders is how many notices are on their way at a time, unless the configuration says otherwise.
	usualSenders = 256
	// slowShare is how many of a tenant are on their way at a time where the answers of its service come no faster than Teams
	// allows.
	slowShare = 48
	// idle is how long nothing is looked at, at most: so long the clock may be put forward unnoticed.
	idle = 3 * time.Second
	// feedBatch is how many notices are read at a time: less than may stand in a line, or each reading would look through all that
	// a tenant has.
	feedBatch = 256
	// breath is the shortest pause between two rounds.
	breath = 10 * time.Millisecond
	// tidyTime is how often what is no longer kept is removed, countTime how often what waits is counted.
	tidyTime  = time.Hour
	countTime = 30 * time.Second
	// stopTime is what a sender gets to finish when the service stops, and abandon what it gets to note that.
	stopTime = 10 * time.Second
	abandon  = 2 * time.Second
	// maxOdd is how often the outbox may fail with something else than being busy, before what it was asked is given up.
	maxOdd = 5
)

// RunnerConfig is what a Runner works with.
type RunnerConfig struct {
	Outbox        Outbox
	Sender        Sender
	Subscriptions Subscriptions
	Audience      Audience
	// Product is the product that tells of a kind: its own, or "both" when one bot is both products; "" when
	// none does, and it is not told.
	Product func(Kind) string
	// Now is the clock that people go by; nil is the machine's. It may jump.
	Now func() time.Time
	// Log gets counts, kinds and codes, never what a notice is about; nil is nowhere.
	Log *slog.Logger
	// Senders is how many notices are on their way at a time; 0 is 256. A tenant has three quarters of them at most, and 48 while
	// the answers of its service come no faster than Teams allows.
	Senders int
	Metrics Metrics // nil counts nothing
}

// Metrics counts notices.
type Metrics interface {
	// Told counts what became of a notice, each try for itself.
	Told(product string, op Op, state State)
	// Waiting is how many are not final.
	Waiting(n int)
}

// Runner sorts what happened, tells it when it is due, and sends what is told. One Runner works on an outbox at a time.
type Runner struct {
	RunnerConfig
	looked time.Time     // when the clock was last seen; used by the one goroutine that gathers
	fed    chan struct{} // wakes the feeding
	turned chan struct{} // wakes the clerk
	ends   []Outcome     // of one turn; with begins used by the clerk alone, each time anew
	begins []Notice

	mu    sync.Mutex
	lines *lines
	out   int           // begun, and what became of them is not noted
	ended []*said       // those of them that nobody sends any more
	last  time.Time     // of clock
	ahead time.Duration // by how much clock is before Now
}

// NewRunner makes a Runner, which does nothing until Run.
func NewRunner(c RunnerConfig) *Runner {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Senders <= 0 {
		c.Senders = usualSenders
	}
	if c.Product == nil {
		c.Product = Kind.Product
	}
	most := max(1, c.Senders-c.Senders/4)
	return &Runner{RunnerConfig: c, fed: make(chan struct{}, 1), turned: make(chan struct{}, 1), lines: newLines(min(slowShare, most), most, 4*most)}
}

// Run works until the context ends. What is being sent then is finished and noted, within twelve seconds; an error says how
// many notices were not, which the next Run sends again.
func (r *Runner) Run(ctx context.Context) error {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	if err := r.resume(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("notice.Run: %w", err)
	}
	begun := make(chan *Notice, r.Senders)
	var all sync.WaitGroup
	all.Go(func() { r.loop(ctx, r.Outbox.Changed(), r.gather) })
	all.Go(func() { r.loop(ctx, r.fed, r.feed) })
	all.Go(func() { r.loop(ctx, nil, r.every(tidyTime, r.tidy)) })
	all.Go(func() { r.loop(ctx, nil, r.every(countTime, r.count)) })
	all.Go(func() { r.clerk(ctx, work, begun) })
	for range r.Senders {
		all.Go(func() { r.send(work, begun) })
	}
	<-ctx.Done()
	return r.finish(&all, cancel)
}

// finish waits for everything that was begun, but not for ever.
func (r *Runner) finish(all *sync.WaitGroup, cancel func()) error {
	finished := make(chan struct{})
	go func() {
		all.Wait()
		close(finished)
	}()
	for _, patience := range []time.Duration{stopTime, abandon} {
		select {
		case <-finished:
			return nil
		case <-time.After(patience):
			cancel()
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return fmt.Errorf("notice.Run: %d notices were still being sent", r.out)
}

// resume makes those wait again that were being sent when the service died. It tries until that is noted.
func (r *Runner) resume(ctx context.Context) error {
	return r.insist(ctx, "Interrupted", func() error {
		n, err := r.Outbox.Interrupted(ctx)
		if n > 0 {
			r.Log.Warn("notice: sent again, possibly a second time", "count", n)
		}
		return err
	})
}

// loop does its round when it is woken, when the round before said, and when it was idle for long.
func (r *Runner) loop(ctx context.Context, woken <-chan struct{}, round func(context.Context) (wait time.Duration)) {
	for ctx.Err() == nil {
		timer := time.NewTimer(min(max(round(ctx), breath), idle))
		select {
		case <-woken:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// every makes a round of what is done from time to time.
func (r *Runner) every(pause time.Duration, do func(context.Context) error) func(context.Context) time.Duration {
	var done time.Time
	return func(ctx context.Context) time.Duration {
		if !done.IsZero() && time.Since(done) < pause {
			return idle
		}
		if err := do(ctx); err != nil {
			r.complain(ctx, "tidying", err)
		}
		done = time.Now()
		return idle
	}
}

func (r *Runner) tidy(ctx context.Context) error { return r.Outbox.Purge(ctx, r.Now()) }

func (r *Runner) count(ctx context.Context) error {
	if r.Metrics == nil {
		return nil
	}
	n, err := r.Outbox.Waiting(ctx)
	if err == nil {
		r.Metrics.Waiting(n)
	}
	return err
}

// gather sorts what happened and tells what is due.
func (r *Runner) gather(ctx context.Context) time.Duration {
	now := r.Now()
	err := r.turnedBack(ctx, now)
	if err == nil {
		err = r.sortEvents(ctx, now)
	}
	next, tellErr := r.tellDue(ctx, now)
	if err == nil {
		err = tellErr
	}
	r.hungry()
	if err != nil {
		r.complain(ctx, "gathering", err)
		return idle
	}
	return until(next, r.Now())
}

// until is how long to wait for a time; idle when there is none. What is due already had its chance: it waits for something
// else, which wakes the loop itself.
func until(next, now time.Time) time.Duration {
	if !next.After(now) {
		return idle
	}
	return next.Sub(now)
}

func (r *Runner) complain(ctx context.Context, of string, err error) {
	if ctx.Err() == nil {
		r.Log.Warn("notice: it is tried again", "of", of, "err", err)
	}
}

// feed reads notices that are due into the lines.
func (r *Runner) feed(ctx context.Context) time.Duration {
	now := r.clock()
	next, err := r.read(ctx, now)
	if err == nil && next.After(now.Add(giveUp)) {
		next, err = r.read(ctx, next) // nothing waits for so long: the clock was put back since
	}
	if err != nil {
		r.complain(ctx, "feeding", err)
		return idle
	}
	wait := until(next, now)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lines.queued > 0 {
		wake(r.turned) // also for the probes whose time has come
	}
	if opens := r.lines.opens(); !opens.IsZero() {
		wait = min(wait, time.Until(opens))
	}
	return wait
}

func (r *Runner) read(ctx context.Context, now time.Time) (next time.Time, err error) {
	r.mu.Lock()
	except := r.lines.reading()
	r.mu.Unlock()
	due, next, err := r.Outbox.Due(ctx, now, feedBatch, func(n *Notice) bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return except(n)
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines.add(due)
	return next, err
}

// hungry has the feeding look for more.
func (r *Runner) hungry() { wake(r.fed) }

func wake(who chan<- struct{}) {
	select {
	case who <- struct{}{}:
	default:
	}
}

// clock is Now, but never goes back while the Runner lives: what waits for a try waits no longer because of that.
func (r *Runner) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.Now().Add(r.ahead)
	if now.Before(r.last) {
		r.ahead += r.last.Sub(now)
		now = r.last
	}
	r.last = now
	return now
}

// insist does what has to be done on disk until it is, and waits between tries; the error is the last one when the context
// ended before, or something else than a busy disk was the matter several times. A disk that is full loses nothing so.
func (r *Runner) insist(ctx context.Context, op string, do func() error) error {
	pause := firstPause
	for odd := 0; ; pause = min(2*pause, maxPause) {
		err := do()
		if err == nil {
			return nil
		}
		if !fault.Is(err, fault.Busy) {
			odd++
		}
		if ctx.Err() != nil || odd > maxOdd {
			return fmt.Errorf("notice.%s: %w", op, err)
		}
		r.Log.Error("notice: the outbox does not take it; it is tried again", "op", op, "err", err)
		pauseFor(ctx, jitter(pause))
	}
}

// jitter gives or takes a fifth, so that those that failed together do not try again together.
func jitter(d time.Duration) time.Duration {
	return d*4/5 + rand.N(d*2/5+1)
}
