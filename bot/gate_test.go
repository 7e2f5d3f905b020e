package bot

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"teamspro/internal/fault"
)

func TestGate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(2, time.Second)
		for range 2 {
			if err := g.enter(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		start := time.Now()
		if err := g.enter(t.Context()); !fault.Is(err, fault.Busy) || time.Since(start) != time.Second {
			t.Errorf("a full gate: %v after %s", err, time.Since(start))
		}
		time.AfterFunc(500*time.Millisecond, g.leave)
		if err := g.enter(t.Context()); err != nil {
			t.Errorf("a place that became free: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		start = time.Now()
		if err := g.enter(ctx); !fault.Is(err, fault.Busy) || time.Since(start) != 100*time.Millisecond {
			t.Errorf("a caller in a hurry: %v after %s", err, time.Since(start))
		}
	})
}

func TestOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOnce(time.Now)
		calls := 0
		slow := func() reply {
			calls++
			time.Sleep(time.Second)
			return reply{http.StatusOK, []byte(fmt.Sprint("answer ", calls))}
		}
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				if got := o.do(t.Context(), "a", slow); string(got.body) != "answer 1" {
					t.Errorf("at once: %s", got.body)
				}
			})
		}
		all.Wait()
		if got := o.do(t.Context(), "a", slow); string(got.body) != "answer 1" || calls != 1 {
			t.Errorf("later: %s, %d calls", got.body, calls)
		}
		if got := o.do(t.Context(), "b", slow); string(got.body) != "answer 2" {
			t.Errorf("another: %s", got.body)
		}
	})
}

func TestOnceDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o, end := newOnce(time.Now), make(chan struct{})
		go o.do(t.Context(), "a", func() reply { <-end; return reply{status: http.StatusOK} })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if got := o.do(ctx, "a", func() reply { t.Error("done twice"); return reply{} }); got.status != http.StatusServiceUnavailable {
			t.Errorf("got %d", got.status)
		}
		close(end)
	})
}

// Two generations of answers are kept: the last thousand for certain, none older than two thousand.
func TestOnceForgets(t *testing.T) {
	t.Parallel()
	o := newOnce(time.Now)
	calls := map[int]int{}
	do := func(i int) {
		o.do(t.Context(), fmt.Sprint(i), func() reply { calls[i]++; return reply{status: http.StatusOK} })
	}
	for i := range 3 * generation {
		do(i)
		if len(o.now)+len(o.old) > 2*generation {
			t.Fatalf("%d answers are kept", len(o.now)+len(o.old))
		}
	}
	do(3*generation - 1)
	do(2 * generation)
	do(0)
	if calls[3*generation-1] != 1 || calls[2*generation] != 1 || calls[0] != 2 {
		t.Errorf("calls: %d %d %d", calls[3*generation-1], calls[2*generation], calls[0])
	}
}

// Large answers and old ones are kept no longer than memory allows, but an activity that is being answered is never
// answered a second time.
func TestOnceIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o, end, calls := newOnce(time.Now), make(chan struct{}), map[string]int{}
		do := func(key string, size int) {
			o.do(t.Context(), key, func() reply { calls[key]++; return reply{http.StatusOK, make([]byte, size)} })
		}
		go o.do(t.Context(), "slow", func() reply { <-end; return reply{status: http.StatusOK} })
		synctest.Wait()
		do("first", generationSize/2)
		for i := range 5 {
			do(fmt.Sprint("large ", i), generationSize)
		}
		if held := len(o.now) + len(o.old); held > 4 {
			t.Errorf("%d answers are kept", held)
		}
		do("first", 1)
		do("first", 1)
		time.Sleep(generationTime)
		do("first", 1)
		if calls["first"] != 2 {
			t.Errorf("answered %d times", calls["first"])
		}
		time.Sleep(generationTime)
		do("later", 1)
		time.Sleep(generationTime)
		do("later", 1)
		do("first", 1)
		if calls["first"] != 3 || calls["later"] != 1 {
			t.Errorf("after a long time: %v", calls)
		}
		if _, first := o.begin("slow"); first {
			t.Error("what is being answered was forgotten")
		}
		close(end)
	})
}

func TestRunning(t *testing.T) {
	t.Parallel()
	var r running
	if !r.begin("a") || r.begin("a") || !r.begin("b") {
		t.Error("two at one key, or none")
	}
	r.end("a")
	if !r.begin("a") {
		t.Error("the key is not free again")
	}
}
