package bot

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"teamspro/internal/identity"
)

// LimitWindow allows N requests within any stretch of time D.
type LimitWindow struct {
	N int
	D time.Duration
}

// What Teams allows one bot in one conversation (rate limits for bots, 2022-09): one set for sending, updating and
// creating, one for reading members and channels.
var (
	sendWindows = []LimitWindow{{7, time.Second}, {8, 2 * time.Second}, {60, 30 * time.Second}, {1800, time.Hour}}
	readWindows = []LimitWindow{{14, time.Second}, {16, 2 * time.Second}, {120, 30 * time.Second}, {3600, time.Hour}}
)

const (
	defaultRate = 30 // messages a second for one app in one tenant
	readRate    = 20 // questions a second (members, channels), apart from them, so that answers do not wait for questions
	maxRate     = 50 // what Teams allows at most, both together
	longestHold = 10 * time.Minute
	sweepTime   = time.Minute
	// keptBack is the part of a window that patient requests leave to the others: one in so many.
	keptBack = 60
)

// Limits keeps the bots within what Teams allows: per conversation, and per app and tenant. One Limits serves all apps
// of a process. The requests of one conversation go one after the other, in the order in which they came, which also
// avoids the 412 that Teams gives to two at once.
//
// A request counts in its conversation until one whole window after its answer came, not after it was sent: so no window
// is exceeded where it matters, at the other end, however long requests are on their way. The price is one round trip per
// window. Of the rate of a tenant that would be a twelfth, so there the time that every request needs is taken off
// (see roundTrips).
//
// Patient requests, which nobody waits for, go behind the others: they never keep the turn in a conversation while they
// wait, they leave one place in sixty of each window, and they go evenly through the second.
type Limits struct {
	rate  int
	sends []LimitWindow
	reads []LimitWindow

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

// limitQueue is the line before a conversation; users is guarded by Limits.mu.
type limitQueue struct {
	turn  chan struct{} // holds one while somebody is at it; who waits gets it in order
	users int

	mu      sync.Mutex
	history limitHistory
	until   time.Time // not before then: the service asked us to wait
}

// NewLimits makes Limits for Teams with a rate of messages per second for each app in each tenant; 0 means 30, which is
// also the most, because questions need their share of what Teams allows.
func NewLimits(rate int) *Limits {
	if rate <= 0 {
		rate = defaultRate
	}
	return NewLimitsOf(LimitsConfig{Rate: min(rate, maxRate-readRate), Windows: sendWindows})
}

// LimitsConfig is what a connector allows that is not Teams': one that measures how fast we are.
type LimitsConfig struct {
	Rate    int           // messages a second for each app in each tenant
	Windows []LimitWindow // for the messages in one conversation, the shortest first
}

// NewLimitsOf makes Limits for such a connector. A service never does: Teams' limits cannot be set.
func NewLimitsOf(c LimitsConfig) *Limits {
	return &Limits{rate: c.Rate, sends: c.Windows, reads: readWindows, queues: map[limitKey]*limitQueue{}, rates: map[tenantKey]*tenantRate{}}
}

// limitHistory is when requests were made, oldest first.
type limitHistory struct {
	windows []LimitWindow
	spent   []time.Time
}

// ready is when the next request may be made; a patient one leaves some room.
func (h *limitHistory) ready(patient bool) time.Time {
	var at time.Time
	for _, w := range h.windows {
		n := w.N
		if patient {
			n -= w.N / keptBack
		}
		if i := len(h.spent) - n; i >= 0 {
			if back := h.spent[i].Add(w.D); back.After(at) {
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
	old, _ := slices.BinarySearchFunc(h.spent, now.Add(-longest.D), time.Time.Compare)
	h.spent = slices.Delete(h.spent, 0, old)
}

// limitPlace is the turn of one caller in a conversation: from the first request to the last try, but that of a patient
// one only while a request of it is on its way.
type limitPlace struct {
	limits  *Limits
	key     limitKey
	queue   *limitQueue
	rate    *tenantRate
	patient bool
	sent    time.Time // the last request
}

// errTooLong means that a request would have to wait for longer than its context lives.
type errTooLong struct{ wait time.Duration }

func (e errTooLong) Error() string {
	return fmt.Sprintf("would have to wait %v", e.wait.Round(time.Millisecond))
}

// enter waits until it is the caller's turn in a conversation. Who is patient waits with each request.
func (l *Limits) enter(ctx context.Context, key limitKey, patient bool) (*limitPlace, error) {
	p := l.join(key, patient)
	if patient {
		return p, nil
	}
	if err := p.takeTurn(ctx); err != nil {
		l.part(p)
		return nil, err
	}
	return p, nil
}

func (l *Limits) join(key limitKey, patient bool) *limitPlace {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep(time.Now())
	queue, rate := l.queues[key], l.rates[tenantKey{key.rateKey, key.reads}]
	if queue == nil {
		queue = &limitQueue{turn: make(chan struct{}, 1), history: limitHistory{windows: l.sends}}
		if key.reads {
			queue.history.windows = l.reads
		}
		l.queues[key] = queue
	}
	if rate == nil {
		rate = &tenantRate{most: l.rate}
		if key.reads {
			rate.most = readRate
		}
		l.rates[tenantKey{key.rateKey, key.reads}] = rate
	}
	queue.users++
	rate.users++
	return &limitPlace{limits: l, key: key, queue: queue, rate: rate, patient: patient}
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
		if r.users == 0 && r.idle(now) {
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
	if !p.patient {
		p.giveTurn()
	}
	p.limits.part(p)
}

func (p *limitPlace) takeTurn(ctx context.Context) error {
	select {
	case p.queue.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *limitPlace) giveTurn() { <-p.queue.turn }

// hold makes the conversation rest: the service said so, or a request failed.
func (p *limitPlace) hold(d time.Duration) {
	until := time.Now().Add(min(d, longestHold))
	p.queue.mu.Lock()
	defer p.queue.mu.Unlock()
	if until.After(p.queue.until) {
		p.queue.until = until
	}
}

// spend waits until a request may be made, or fails at once when that is after the end of ctx. The caller calls
// answered when the answer came, or it is certain that none will.
func (p *limitPlace) spend(ctx context.Context) error {
	if p.patient {
		return p.spendBehind(ctx)
	}
	if err := p.rest(ctx); err != nil {
		return err
	}
	if err := p.rate.take(ctx, false); err != nil {
		return err
	}
	p.note()
	return nil
}

// spendBehind is spend for who is patient: without the turn until everything else is there, so that others pass.
func (p *limitPlace) spendBehind(ctx context.Context) error {
	for {
		if err := p.rest(ctx); err != nil {
			return err
		}
		if err := p.rate.take(ctx, true); err != nil {
			return err
		}
		select {
		case p.queue.turn <- struct{}{}:
			if p.wait() <= 0 {
				p.note()
				return nil
			}
			p.giveTurn()
			p.rate.putBack()
		default:
			p.rate.putBack()
			if err := p.takeTurn(ctx); err != nil {
				return err
			}
			p.giveTurn()
		}
	}
}

// note counts a request that goes out now.
func (p *limitPlace) note() {
	p.sent = time.Now()
	p.queue.mu.Lock()
	defer p.queue.mu.Unlock()
	p.queue.history.spend(p.sent)
}

// answered notes that the request was answered. Who is patient gives the turn back with that.
func (p *limitPlace) answered() {
	now := time.Now()
	p.queue.mu.Lock()
	p.queue.history.spent[len(p.queue.history.spent)-1] = now
	p.queue.mu.Unlock()
	p.rate.answered(now, now.Sub(p.sent))
	if p.patient {
		p.giveTurn()
	}
}

// wait is how long the windows of the conversation, and what hold asked, make the next request wait.
func (p *limitPlace) wait() time.Duration {
	p.queue.mu.Lock()
	defer p.queue.mu.Unlock()
	at := p.queue.history.ready(p.patient)
	if p.queue.until.After(at) {
		at = p.queue.until
	}
	return time.Until(at)
}

// rest waits that long.
func (p *limitPlace) rest(ctx context.Context) error {
	wait := p.wait()
	if wait <= 0 {
		return ctx.Err()
	}
	if end, ok := ctx.Deadline(); ok && time.Until(end) < wait {
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
