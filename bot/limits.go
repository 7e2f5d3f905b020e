package bot

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"teamspro/internal/identity"
)

// limitWindow allows n requests within any stretch of time d.
type limitWindow struct {
	n int
	d time.Duration
}

// What Teams allows one bot in one conversation (rate limits for bots, 2022-09): one set for sending, updating and
// creating, one for reading members and channels.
var (
	sendWindows = []limitWindow{{7, time.Second}, {8, 2 * time.Second}, {60, 30 * time.Second}, {1800, time.Hour}}
	readWindows = []limitWindow{{14, time.Second}, {16, 2 * time.Second}, {120, 30 * time.Second}, {3600, time.Hour}}
)

const (
	defaultRate = 30 // messages a second for one app in one tenant
	readRate    = 20 // questions a second (members, channels), apart from them, so that answers do not wait for questions
	maxRate     = 50 // what Teams allows at most, both together
	longestHold = 10 * time.Minute
	sweepTime   = time.Minute
)

// Limits keeps the bots within what Teams allows: per conversation, and per app and tenant. One Limits serves all apps
// of a process. The requests of one conversation go one after the other, in the order in which they came, which also
// avoids the 412 that Teams gives to two at once.
//
// A request counts until one whole window after its answer came, not after it was sent: so no window is exceeded
// where it matters, at the other end, however long requests are on their way. The price is one round trip per window.
type Limits struct {
	rate int64

	mu     sync.Mutex
	queues map[limitKey]*limitQueue
	rates  map[tenantKey]*tenantRate
	swept  time.Time
}

// limitKey names a conversation for an app, and what is done there.
type limitKey struct {
	rateKey
	conversation string
	reads        bool
}

type rateKey struct {
	app    string
	tenant identity.Tenant
}

// tenantKey is what has a rate: an app's messages in a tenant, and its questions.
type tenantKey struct {
	rateKey
	reads bool
}

// limitQueue is the line before a conversation. Who holds turn owns the other fields; users is guarded by Limits.mu.
type limitQueue struct {
	turn    chan struct{} // holds one while somebody is at it; who waits gets it in order
	history limitHistory
	until   time.Time // not before then: the service asked us to wait
	users   int
}

type tenantRate struct {
	tokens *semaphore.Weighted
	users  int
}

// NewLimits makes Limits with a rate of messages per second for each app in each tenant; 0 means 30, which is also the
// most, because questions need their share of what Teams allows.
func NewLimits(rate int) *Limits {
	if rate <= 0 {
		rate = defaultRate
	}
	return &Limits{rate: int64(min(rate, maxRate-readRate)), queues: map[limitKey]*limitQueue{}, rates: map[tenantKey]*tenantRate{}}
}

// limitHistory is when requests were made, oldest first.
type limitHistory struct {
	windows []limitWindow
	spent   []time.Time
}

// ready is when the next request may be made.
func (h *limitHistory) ready() time.Time {
	var at time.Time
	for _, w := range h.windows {
		if i := len(h.spent) - w.n; i >= 0 {
			if back := h.spent[i].Add(w.d); back.After(at) {
				at = back
			}
		}
	}
	return at
}

// spend notes a request and forgets those that count no more.
func (h *limitHistory) spend(now time.Time) {
	h.forget(now)
	h.spent = append(h.spent, now)
}

func (h *limitHistory) forget(now time.Time) {
	longest := h.windows[len(h.windows)-1]
	old, _ := slices.BinarySearchFunc(h.spent, now.Add(-longest.d), time.Time.Compare)
	h.spent = slices.Delete(h.spent, 0, old)
}

// limitPlace is the turn of one caller in a conversation, from the first request to the last try.
type limitPlace struct {
	limits *Limits
	key    limitKey
	queue  *limitQueue
	rate   *tenantRate
}

// errTooLong means that a request would have to wait for longer than its context lives.
type errTooLong struct{ wait time.Duration }

func (e errTooLong) Error() string {
	return fmt.Sprintf("would have to wait %v", e.wait.Round(time.Millisecond))
}

// enter waits until it is the caller's turn in a conversation.
func (l *Limits) enter(ctx context.Context, key limitKey) (*limitPlace, error) {
	p := l.join(key)
	select {
	case p.queue.turn <- struct{}{}:
		return p, nil
	case <-ctx.Done():
		l.part(p)
		return nil, ctx.Err()
	}
}

func (l *Limits) join(key limitKey) *limitPlace {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep(time.Now())
	queue, rate := l.queues[key], l.rates[tenantKey{key.rateKey, key.reads}]
	if queue == nil {
		queue = &limitQueue{turn: make(chan struct{}, 1), history: limitHistory{windows: sendWindows}}
		if key.reads {
			queue.history.windows = readWindows
		}
		l.queues[key] = queue
	}
	if rate == nil {
		most := l.rate
		if key.reads {
			most = readRate
		}
		rate = &tenantRate{tokens: semaphore.NewWeighted(most)}
		l.rates[tenantKey{key.rateKey, key.reads}] = rate
	}
	queue.users++
	rate.users++
	return &limitPlace{l, key, queue, rate}
}

// sweep forgets the conversations that have nothing to remember, once a minute.
func (l *Limits) sweep(now time.Time) {
	if now.Sub(l.swept) < sweepTime {
		return
	}
	l.swept = now
	for key, q := range l.queues {
		if q.users > 0 {
			continue
		}
		q.history.forget(now)
		if len(q.history.spent) == 0 && now.After(q.until) {
			delete(l.queues, key)
		}
	}
	for key, r := range l.rates {
		if r.users == 0 {
			delete(l.rates, key)
		}
	}
}

func (l *Limits) part(p *limitPlace) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p.queue.users--
	p.rate.users--
}

// leave lets the next one in.
func (p *limitPlace) leave() {
	<-p.queue.turn
	p.limits.part(p)
}

// hold makes the conversation rest: the service said so, or a request failed.
func (p *limitPlace) hold(d time.Duration) {
	until := time.Now().Add(min(d, longestHold))
	if until.After(p.queue.until) {
		p.queue.until = until
	}
}

// spend waits until a request may be made, or fails at once when that is after the end of ctx. The caller calls
// answered when the answer came, or it is certain that none will.
func (p *limitPlace) spend(ctx context.Context) (answered func(), err error) {
	if err := p.rest(ctx); err != nil {
		return nil, err
	}
	if err := p.rate.tokens.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	p.queue.history.spend(time.Now())
	p.limits.borrow(p.rate)
	return func() {
		p.queue.history.spent[len(p.queue.history.spent)-1] = time.Now()
		time.AfterFunc(time.Second, func() {
			p.rate.tokens.Release(1)
			p.limits.giveBack(p.rate)
		})
	}, nil
}

// borrow and giveBack keep a tenant's rate from being forgotten while some of its tokens are spent.
func (l *Limits) borrow(r *tenantRate) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.users++
}

func (l *Limits) giveBack(r *tenantRate) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.users--
}

// rest waits for the windows of the conversation, and for what hold asked.
func (p *limitPlace) rest(ctx context.Context) error {
	at := p.queue.history.ready()
	if p.queue.until.After(at) {
		at = p.queue.until
	}
	wait := time.Until(at)
	if wait <= 0 {
		return ctx.Err()
	}
	if end, ok := ctx.Deadline(); ok && end.Before(at) {
		return errTooLong{wait}
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
