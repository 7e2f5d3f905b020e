package auth

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// ring holds the keys and decides when the metadata is read.
//
// In the background they are read every twelve hours and, when that fails, again and again, so that they are never a
// day old in practice. When the metadata cannot be read for a whole day all the same, the keys are no longer used and
// every token gets 503: a key that Microsoft has withdrawn must not work for longer than that. A read that fails, or
// gives no usable key, never touches the keys that are there.
//
// A token with an unknown key id may be the first one with a new key, or a forgery; only reading the metadata tells.
// Two figures must both hold: a new key works within five seconds of its first use even during a flood of forgeries,
// and two hundred forgeries cause at most ten reads. Therefore an unknown id asks for a round of reading:
//
//   - All who ask before a round starts share it. A round never serves who asked after it started, because the key
//     may have been published in between.
//   - There are five rounds that begin at once, or up to three seconds after the one before, the later the more of
//     them were used. Who asked waits for the round, four seconds at most, so the first message with a new key is
//     accepted. One round comes back every five minutes: in the long run an unknown id makes us read no oftener.
//   - When they are used up, who asks is refused at once and one late round is set three seconds ahead. The new key is
//     known then, within five seconds of its first use, and a flood gets one read in three seconds out of it.
//
// A burst of two hundred forgeries, together or one after the other, so causes five rounds and one late round; a round
// is one request, since the address of the key set is remembered.
type ring struct {
	whose string // for the log
	now   func() time.Time
	log   *slog.Logger
	set   atomic.Pointer[keySet]

	reading  chan struct{} // holds one while somebody reads; guards metadata
	metadata metadata

	mu       sync.Mutex
	next     *round
	rounds   int       // that may still begin at once
	refilled time.Time // when rounds last changed by the passing of time
	last     time.Time // when the last round began
	trouble  error     // of the last read; nil after a good one
}

type keySet struct {
	keys map[string]*key
	read time.Time
}

// round is one reading of the metadata for those who met an unknown key id.
type round struct {
	done chan struct{}
	late bool
}

const (
	maxRounds   = 5
	refillTime  = 5 * time.Minute
	roundWait   = 4 * time.Second
	lateRound   = 3 * time.Second
	maxAge      = 24 * time.Hour
	refreshTime = 12 * time.Hour
)

func newRing(c VerifierConfig) *ring {
	return &ring{
		whose:    "the Bot Framework",
		now:      c.Now,
		log:      c.Log,
		reading:  make(chan struct{}, 1),
		metadata: metadata{url: c.MetadataURL, issuer: c.Issuer, channels: c.Channels, http: strict(c.HTTP)},
		rounds:   maxRounds,
		refilled: c.Now(),
	}
}

// known finds a key without reading anything; nil when there is none, or all are too old.
func (r *ring) known(id string) *key {
	set := r.set.Load()
	if set == nil || r.now().Sub(set.read) > maxAge {
		return nil
	}
	return set.keys[id]
}

func (r *ring) fresh() bool {
	set := r.set.Load()
	return set != nil && r.now().Sub(set.read) <= maxAge
}

func (r *ring) ready() error {
	if r.fresh() {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.trouble == nil {
		return errors.New("auth: the keys of " + r.whose + " are not read yet")
	}
	return r.trouble
}

// key finds a key, if need be by reading the metadata.
func (r *ring) key(ctx context.Context, id string) (*key, *Refusal) {
	if k := r.known(id); k != nil {
		return k, nil
	}
	if round := r.ask(); !round.late {
		wait(ctx, round)
	}
	if k := r.known(id); k != nil {
		return k, nil
	}
	if !r.fresh() {
		return nil, &Refusal{http.StatusServiceUnavailable, "no_keys"}
	}
	return nil, unauthorized("unknown_key")
}

func wait(ctx context.Context, round *round) {
	timer := time.NewTimer(roundWait)
	defer timer.Stop()
	select {
	case <-round.done:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// ask joins the round that has not begun yet, or sets one up.
func (r *ring) ask() *round {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next != nil {
		return r.next
	}
	delay := r.spend()
	r.next = &round{done: make(chan struct{}), late: delay < 0}
	if r.next.late {
		delay = lateRound
	}
	go r.play(r.next, delay)
	return r.next
}

// spend takes one of the rounds and says how long it must wait; less than zero when there is none left.
func (r *ring) spend() time.Duration {
	now := r.now()
	for r.rounds < maxRounds && now.Sub(r.refilled) >= refillTime {
		r.rounds++
		r.refilled = r.refilled.Add(refillTime)
	}
	if r.rounds == maxRounds {
		r.refilled = now
	}
	if r.rounds == 0 {
		return -1
	}
	apart := time.Duration(maxRounds-r.rounds-1) * time.Second // the first two may follow each other at once
	r.rounds--
	return max(0, r.last.Add(apart).Sub(now))
}

func (r *ring) play(p *round, delay time.Duration) {
	time.Sleep(delay)
	r.reading <- struct{}{}
	defer func() { <-r.reading }()
	r.mu.Lock()
	r.next, r.last = nil, r.now()
	r.mu.Unlock()
	r.read(context.Background(), false) // for all who wait, so no one of them can cancel it
	close(p.done)
}

// read reads the metadata; the caller has put into r.reading.
func (r *ring) read(ctx context.Context, whole bool) {
	keys, err := r.metadata.read(ctx, whole)
	if err == nil {
		r.set.Store(&keySet{keys, r.now()})
	}
	r.report(err, len(keys))
}

// report logs the first failure of several, and the recovery.
func (r *ring) report(err error, keys int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err != nil && r.trouble == nil:
		r.log.Warn("the keys of "+r.whose+" cannot be read; those known stay in use", "error", err)
	case err == nil && r.trouble != nil:
		r.log.Info("the keys of "+r.whose+" can be read again", "keys", keys)
	}
	r.trouble = err
}

// run reads the keys at once and then in time. As long as there are none it tries at least every ten seconds; with a
// read that hangs for ten seconds before, it recovers within thirty.
func (r *ring) run(ctx context.Context) error {
	retry := backoff.NewExponentialBackOff()
	for {
		r.reading <- struct{}{}
		r.read(ctx, true)
		<-r.reading
		timer := time.NewTimer(r.pause(retry))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
	}
}

// pause is how long until the next background read.
func (r *ring) pause(retry *backoff.ExponentialBackOff) time.Duration {
	r.mu.Lock()
	failed := r.trouble != nil
	r.mu.Unlock()
	if !failed {
		retry.Reset()
		return refreshTime
	}
	if r.fresh() {
		return min(retry.NextBackOff(), 5*time.Minute)
	}
	return min(retry.NextBackOff(), 10*time.Second)
}
