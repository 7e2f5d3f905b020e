package bot

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// far is a service at some distance that counts what arrives.
type far struct {
	limits  *Limits
	there   func() time.Duration
	back    func() time.Duration
	mu      sync.Mutex
	arrived []time.Time
}

// steady is a way that takes about so long, a twentieth more or less.
func steady(d time.Duration) func() time.Duration {
	return func() time.Duration { return d + time.Duration((rand.Float64()-0.5)*float64(d)/10) }
}

func newFar() *far {
	return &far{limits: NewLimits(0), there: steady(40 * time.Millisecond), back: steady(40 * time.Millisecond)}
}

// send makes one request and tells how long it waited before it went out.
func (f *far) send(ctx context.Context, conversation string, patient bool) (waited time.Duration, err error) {
	start := time.Now()
	p, err := f.limits.enter(ctx, limitsKey(conversation), patient)
	if err != nil {
		return 0, err
	}
	defer p.leave()
	err = p.spend(ctx)
	if err != nil {
		return 0, err
	}
	waited = time.Since(start)
	time.Sleep(f.there())
	f.mu.Lock()
	f.arrived = append(f.arrived, time.Now())
	f.mu.Unlock()
	time.Sleep(f.back())
	p.answered()
	return waited, nil
}

// flood sends patient messages with so many senders until ctx ends; conversations gives the one of each.
func (f *far) flood(ctx context.Context, senders int, conversation func(n int) string) *sync.WaitGroup {
	var group sync.WaitGroup
	for s := range senders {
		group.Go(func() {
			for n := s; ctx.Err() == nil; n += senders {
				if _, err := f.send(ctx, conversation(n), true); err != nil {
					return
				}
			}
		})
	}
	return &group
}

func single(int) string     { return "19:busy" }
func thousand(n int) string { return "19:" + strconv.Itoa(n%1000) }

// TestShareOfTheLimits: at a distance of 80 ms notices reach nearly what Teams allows, and never exceed it where it counts.
func TestShareOfTheLimits(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		senders      int
		conversation func(int) string
		allowed      int // in ten minutes
		windows      []LimitWindow
	}{
		"one conversation": {1, single, 20 * 60, sendWindows},
		"one tenant":       {64, thousand, 600 * 30, []LimitWindow{{30, time.Second}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFar()
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
				defer cancel()
				f.flood(ctx, row.senders, row.conversation).Wait()
				slices.SortFunc(f.arrived, time.Time.Compare)
				checkWindows(t, f.arrived, row.windows)
				if got := float64(len(f.arrived)) / float64(row.allowed); got < 0.98 || got > 1.005 {
					t.Errorf("%d of %d that are allowed: %.3f", len(f.arrived), row.allowed, got)
				}
				time.Sleep(2 * time.Second)
			})
		})
	}
}

// TestRateIsKeptWhateverTheWay: however unsteady the way is, no second sees more than the rate.
func TestRateIsKeptWhateverTheWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFar()
		f.there = func() time.Duration { return 5*time.Millisecond + rand.N(150*time.Millisecond) }
		f.back = f.there
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		f.flood(ctx, 64, thousand).Wait()
		slices.SortFunc(f.arrived, time.Time.Compare)
		checkWindows(t, f.arrived, []LimitWindow{{defaultRate, time.Second}})
		time.Sleep(2 * time.Second)
	})
}

// TestAnswersPassNotices: what somebody waits for does not wait behind thousands of notices.
func TestAnswersPassNotices(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		senders      int
		conversation func(int) string
		to           string
		most         time.Duration
	}{
		"in the tenant":       {64, thousand, "19:another", 200 * time.Millisecond},
		"in the conversation": {1, single, "19:busy", 2200 * time.Millisecond}, // eight in two seconds is all there is
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFar()
				ctx, cancel := context.WithCancel(t.Context())
				flood := f.flood(ctx, row.senders, row.conversation)
				for range 20 {
					time.Sleep(35 * time.Second)
					waited, err := f.send(ctx, row.to, false)
					if err != nil || waited > row.most {
						t.Errorf("waited %v, at most %v are allowed: %v", waited, row.most, err)
					}
				}
				cancel()
				flood.Wait()
				time.Sleep(2 * time.Second)
			})
		})
	}
}

// TestNoticesGoOn: where answers take all there is, one in five is a notice.
func TestNoticesGoOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, began := newFar(), time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var people sync.WaitGroup
		for n := range 200 {
			people.Go(func() {
				for ctx.Err() == nil {
					_, _ = f.send(ctx, "19:person-"+strconv.Itoa(n), false)
				}
			})
		}
		var notices atomic.Int64
		f.flood(ctx, 16, func(n int) string { notices.Add(1); return thousand(n) }).Wait()
		people.Wait()
		if n := notices.Load() - 16; n < 60*4 { // an eighth of the rate at least; each sender began one that did not come to its end
			t.Errorf("%d notices in %v", n, time.Since(began))
		}
		time.Sleep(2 * time.Second)
	})
}

// TestPatientRequestGivesUp: it leaves nothing behind, neither a place nor a turn.
func TestPatientRequestGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFar()
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		f.flood(ctx, 64, thousand).Wait()
		time.Sleep(5 * time.Second)
		for key, r := range f.limits.rates {
			if !r.idle(time.Now()) || r.users != 0 || len(r.behind) != 0 {
				t.Errorf("%v: %d on their way, %d users, %d wait", key, r.out, r.users, len(r.behind))
			}
		}
		if waited, err := f.send(t.Context(), "19:1", true); err != nil || waited > 0 {
			t.Errorf("waited %v: %v", waited, err)
		}
		time.Sleep(2 * time.Second)
	})
}
