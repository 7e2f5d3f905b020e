package bot

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"teamspro/internal/identity"
)

func limitsKey(conversation string) limitKey {
	return limitKey{rateKey{connApp, connTenant}, conversation, false}
}

// most is how many of the times, which are in order, lie within one stretch of time d.
func most(times []time.Time, d time.Duration) int {
	n, from := 0, 0
	for i, at := range times {
		for at.Sub(times[from]) >= d {
			from++
		}
		n = max(n, i-from+1)
	}
	return n
}

func checkWindows(t interface{ Errorf(string, ...any) }, times []time.Time, windows []LimitWindow) {
	for _, w := range windows {
		if n := most(times, w.D); n > w.N {
			t.Errorf("%d requests within %v, allowed are %d", n, w.D, w.N)
		}
	}
}

// What Teams documents.
func TestWindows(t *testing.T) {
	t.Parallel()
	sends := []LimitWindow{{7, time.Second}, {8, 2 * time.Second}, {60, 30 * time.Second}, {1800, 3600 * time.Second}}
	reads := []LimitWindow{{14, time.Second}, {16, 2 * time.Second}, {120, 30 * time.Second}, {3600, 3600 * time.Second}}
	if !slices.Equal(sends, sendWindows) || !slices.Equal(reads, readWindows) {
		t.Errorf("windows %v and %v", sendWindows, readWindows)
	}
}

func TestWindowsAreNeverExceeded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		windows := rapid.SampledFrom([][]LimitWindow{sendWindows, readWindows}).Draw(t, "windows")
		pauses := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) time.Duration {
			scale := rapid.SampledFrom([]time.Duration{0, time.Millisecond, time.Second, time.Minute}).Draw(t, "scale")
			return time.Duration(rapid.IntRange(0, 100).Draw(t, "pause")) * scale
		}), 1, 400).Draw(t, "pauses")
		h := limitHistory{windows: windows}
		now := time.Unix(1_700_000_000, 0)
		var made []time.Time
		for _, pause := range pauses {
			now = now.Add(pause)
			if at := h.ready(false); at.After(now) {
				now = at
			}
			h.spend(now)
			made = append(made, now)
		}
		checkWindows(t, made, windows)
	})
}

// Who sends without a pause gets nearly all that is allowed: 60 in the first half minute, 1,800 in the first hour.
func TestSaturatingSender(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := NewLimits(0)
		start := time.Now()
		var arrived []time.Time
		for time.Since(start) < 3*time.Hour {
			p, err := l.enter(t.Context(), limitsKey("19:x"), false)
			if err != nil {
				t.Fatal(err)
			}
			err = p.spend(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			there := time.Duration(rand.IntN(100)) * time.Millisecond // the way there, and back
			time.Sleep(there)
			arrived = append(arrived, time.Now())
			time.Sleep(time.Duration(rand.IntN(50)) * time.Millisecond)
			p.answered()
			p.leave()
		}
		checkWindows(t, arrived, sendWindows)
		for _, test := range []struct {
			within time.Duration
			want   int
		}{{30 * time.Second, 59}, {time.Hour, 1764}, {3 * time.Hour, 5292}} {
			n, _ := slices.BinarySearchFunc(arrived, start.Add(test.within), time.Time.Compare)
			if n < test.want {
				t.Errorf("%d requests in the first %v, want %d", n, test.within, test.want)
			}
		}
	})
}

// One app sends thirty requests a second to one tenant, however many conversations it has there and however long the
// requests are on their way; another app or tenant is not held up.
func TestRateOfATenant(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := NewLimits(0)
		var mu sync.Mutex
		arrived := map[rateKey][]time.Time{}
		var senders sync.WaitGroup
		start := time.Now()
		for i := range 600 {
			key := limitKey{rateKey: rateKey{connApp, connTenant}, conversation: string(rune('a' + i))}
			if i%2 == 1 {
				key.tenant = "another"
			}
			senders.Go(func() {
				p, err := l.enter(t.Context(), key, false)
				if err != nil {
					t.Errorf("enter: %v", err)
					return
				}
				defer p.leave()
				err = p.spend(t.Context())
				if err != nil {
					t.Errorf("spend: %v", err)
					return
				}
				defer p.answered()
				time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
				mu.Lock()
				arrived[key.rateKey] = append(arrived[key.rateKey], time.Now())
				mu.Unlock()
			})
		}
		senders.Wait()
		for key, times := range arrived {
			if n := most(times, time.Second); n > defaultRate || len(times) != 300 {
				t.Errorf("%v: %d of %d requests within a second", key.tenant, n, len(times))
			}
		}
		if took := time.Since(start); took > 9500*time.Millisecond { // 300 at 30 a second are there after 9 s
			t.Errorf("took %v", took)
		}
	})
}

func TestRateBounds(t *testing.T) {
	t.Parallel()
	for rate, want := range map[int]int{-1: 30, 0: 30, 10: 10, 50: 30, 1000: 30} {
		if got := NewLimits(rate).rate; got != want {
			t.Errorf("NewLimits(%d) allows %d, want %d", rate, got, want)
		}
	}
}

// The requests of one conversation go one after the other, in the order in which they came.
func TestOneAfterTheOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := NewLimits(0)
		var order []int
		var senders sync.WaitGroup
		for i := range 20 {
			senders.Go(func() {
				p, err := l.enter(t.Context(), limitsKey("19:x"), false)
				if err != nil {
					t.Errorf("enter: %v", err)
					return
				}
				defer p.leave()
				order = append(order, i) // the race detector sees it when two are in
				time.Sleep(10 * time.Millisecond)
			})
			synctest.Wait()
		}
		senders.Wait()
		if !slices.IsSorted(order) || len(order) != 20 {
			t.Errorf("order %v", order)
		}
	})
}

// Who gives up waiting leaves no trace, and who could never be in time is told at once.
func TestGivingUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := NewLimits(0)
		first, err := l.enter(t.Context(), limitsKey("19:x"), false)
		if err != nil {
			t.Fatal(err)
		}
		first.hold(time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var long errTooLong
		if err := first.spend(ctx); !errors.As(err, &long) || long.wait != longestHold || ctx.Err() != nil {
			t.Errorf("spend gave %v, want to be told to wait %v at once", err, longestHold)
		}
		if _, err := l.enter(ctx, limitsKey("19:x"), false); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("enter gave %v", err)
		}
		first.leave()
		if p, err := l.enter(t.Context(), limitsKey("19:x"), false); err != nil {
			t.Errorf("enter: %v", err)
		} else {
			p.leave()
		}
	})
}

func TestIdleConversationsAreForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := NewLimits(0)
		spend := func(tenant identity.Tenant, conversation string) {
			p, err := l.enter(t.Context(), limitKey{rateKey{connApp, tenant}, conversation, true}, false)
			if err != nil {
				t.Fatal(err)
			}
			err = p.spend(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			p.answered()
			p.leave()
		}
		for i := range 500 {
			spend(identity.Tenant(rune('a'+i%7)), string(rune('a'+i)))
		}
		if len(l.queues) != 500 || len(l.rates) != 7 {
			t.Fatalf("%d conversations, %d tenants", len(l.queues), len(l.rates))
		}
		time.Sleep(time.Hour + time.Minute)
		spend("z", "z")
		if len(l.queues) != 1 || len(l.rates) != 1 {
			t.Errorf("%d conversations and %d tenants are remembered after an hour, want 1 of each", len(l.queues), len(l.rates))
		}
		time.Sleep(2 * time.Second) // the last token comes back
	})
}
