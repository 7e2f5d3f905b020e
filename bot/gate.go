package bot

import (
	"context"
	"net/http"
	"sync"
	"time"

	"teamspro/internal/fault"
)

// gate lets a bounded number of turns in at once; the others wait a little, then are told to come again.
type gate struct {
	places chan struct{}
	wait   time.Duration
}

func newGate(places int, wait time.Duration) *gate {
	return &gate{places: make(chan struct{}, places), wait: wait}
}

func (g *gate) enter(ctx context.Context) error {
	select {
	case g.places <- struct{}{}:
		return nil
	default:
	}
	timer := time.NewTimer(g.wait)
	defer timer.Stop()
	select {
	case g.places <- struct{}{}:
		return nil
	case <-timer.C:
	case <-ctx.Done():
	}
	return fault.Wrap(fault.Busy, "bot.gate", nil)
}

func (g *gate) leave() { <-g.places }

// once gives the deliveries of one activity one answer: those that come while the first is being answered wait for
// it, those that come soon after get the same. It holds at most two generations of answers.
type once struct {
	clock func() time.Time

	mu       sync.Mutex
	now, old map[string]*answering
	size     int       // of the answers in now, in bytes
	began    time.Time // when now was empty
}

type answering struct {
	done   chan struct{}
	answer reply
}

// A generation ends when it has so many answers or bytes of them, or is so old: what is delivered again comes within
// minutes.
const (
	generation     = 1000
	generationSize = 2 << 20
	generationTime = 5 * time.Minute
)

func newOnce(clock func() time.Time) *once {
	return &once{clock: clock, now: map[string]*answering{}, began: clock()}
}

func (o *once) do(ctx context.Context, key string, f func() reply) reply {
	a, first := o.begin(key)
	if first {
		a.answer = f()
		o.keep(len(a.answer.body))
		close(a.done)
		return a.answer
	}
	select {
	case <-a.done:
		return a.answer
	case <-ctx.Done():
		return encode(Answer{Status: http.StatusServiceUnavailable, Body: map[string]string{"error": "the same activity is being answered"}})
	}
}

func (o *once) begin(key string) (*answering, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.clock().Sub(o.began) >= generationTime {
		o.turnOver()
	}
	for _, known := range []map[string]*answering{o.now, o.old} {
		if a := known[key]; a != nil {
			return a, false
		}
	}
	if len(o.now) >= generation || o.size >= generationSize {
		o.turnOver()
	}
	a := &answering{done: make(chan struct{})}
	o.now[key] = a
	return a, true
}

// turnOver begins a new generation and forgets the one before the last, but for what is still being answered.
func (o *once) turnOver() {
	begun := map[string]*answering{}
	for key, a := range o.old {
		select {
		case <-a.done:
		default:
			begun[key] = a
		}
	}
	o.old, o.now, o.size, o.began = o.now, begun, 0, o.clock()
}

func (o *once) keep(size int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.size += size
}

// running is the set of messages that are being answered right now.
type running struct {
	mu   sync.Mutex
	keys map[string]bool
}

// begin tells whether nobody else is at the key.
func (r *running) begin(key string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.keys[key] {
		return false
	}
	if r.keys == nil {
		r.keys = map[string]bool{}
	}
	r.keys[key] = true
	return true
}

func (r *running) end(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.keys, key)
}
