package notice

import (
	"context"
	"time"

	"teamspro/internal/fault"
)

// lull is how long the clerk waits for others that end at the same time.
const lull = 5 * time.Millisecond

// clerk notes for all senders what became of their notices and which are begun next, in one transaction for many: each costs
// the disk the same. While that is noted, the senders send the others that were begun. It ends with ctx, when nothing is on
// its way any more.
func (r *Runner) clerk(ctx, work context.Context, begun chan<- *Notice) {
	defer close(begun)
	for stop := ctx.Done(); ; {
		select {
		case <-r.turned:
		case <-stop:
			stop = nil
		}
		r.collect()
		done, next := r.take(ctx)
		r.turn(ctx, work, done, next, begun)
		if ctx.Err() != nil && r.idle() {
			return
		}
	}
}

// collect waits until half of what was begun has ended, but not for long.
func (r *Runner) collect() {
	timer := time.NewTimer(lull)
	defer timer.Stop()
	for !r.enough() {
		select {
		case <-r.turned:
		case <-timer.C:
			return
		}
	}
}

func (r *Runner) enough() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.half(len(r.ended))
}

// half tells whether so many are half of what was begun; the caller holds mu.
func (r *Runner) half(ended int) bool { return 2*ended >= r.out }

// hand gives the clerk what became of a notice.
func (r *Runner) hand(done *said) {
	r.mu.Lock()
	defer r.mu.Unlock()
	opened := r.lines.end(done.Notice, done.heard, time.Now())
	r.ended = append(r.ended, done)
	if n := len(r.ended); opened || n == 1 || r.half(n) && !r.half(n-1) {
		wake(r.turned)
	}
}

func (r *Runner) idle() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.out == 0
}

// take gives what ended and what is to be begun in its place, nothing after the end of ctx.
func (r *Runner) take(ctx context.Context) (done []*said, next []*Notice) {
	r.mu.Lock()
	defer r.mu.Unlock()
	done, r.ended = r.ended, nil
	for free := r.Senders - r.out + len(done); len(next) < free && ctx.Err() == nil; {
		n := r.lines.pick(time.Now())
		if n == nil {
			break
		}
		next = append(next, n)
	}
	return done, next
}

// turn notes ends and beginnings. When the disk does not take them, what was to be begun goes back, and the ends are kept here
// until they are noted: those were sent, and must not be sent again.
func (r *Runner) turn(ctx, work context.Context, done []*said, next []*Notice, begun chan<- *Notice) {
	if len(done)+len(next) == 0 {
		return
	}
	r.ends, r.begins = r.ends[:0], r.begins[:0]
	for _, d := range done {
		r.ends = append(r.ends, d.outcome())
	}
	for _, n := range next {
		r.begins = append(r.begins, *n)
	}
	began, err := r.Outbox.Turns(work, r.ends, r.begins)
	if err != nil {
		r.giveBack(next)
		if len(done) == 0 {
			r.Log.Error("notice: nothing can be begun", "err", err)
			pauseFor(ctx, jitter(firstPause))
		}
		r.noteEach(work, done)
		r.hungry()
		wake(r.turned)
		return
	}
	r.settle(done)
	r.begin(next, began, begun)
}

// begin gives the senders what is noted as begun, and has more read before they run out of work, or a tenant whose turn is over
// has none.
func (r *Runner) begin(next []*Notice, began []bool, begun chan<- *Notice) {
	r.mu.Lock()
	defer r.mu.Unlock()
	low := r.lines.queued < r.Senders/2
	for i, n := range next {
		if low = low || r.lines.empty(n.Tenant); !began[i] {
			r.lines.end(n, silent, time.Now())
			r.lines.free(n)
			continue
		}
		r.out++
		begun <- n // there is room for all that are out
	}
	if low {
		r.hungry()
	}
}

func (r *Runner) giveBack(next []*Notice) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range next {
		r.lines.back(n)
	}
}

// noteEach notes ends one by one, so that one that the outbox does not take keeps none of the others, and again until they are
// noted. One that cannot be noted stays noted as being sent, and the next run finds it.
func (r *Runner) noteEach(work context.Context, done []*said) {
	for pause := firstPause; len(done) > 0; pause = min(2*pause, maxPause) {
		var left []*said
		var last error
		for i, d := range done {
			_, err := r.Outbox.Turns(work, []Outcome{d.outcome()}, nil)
			switch {
			case err == nil:
				r.settle([]*said{d})
				continue
			case !fault.Is(err, fault.Busy):
				d.odd++
			}
			if work.Err() != nil || d.odd > maxOdd {
				r.Log.Error("notice: an outcome could not be noted", "err", err)
				r.release(d.Notice)
				continue
			}
			if left, last = append(left, d), err; fault.Is(err, fault.Busy) { // so it is for all
				left = append(left, done[i+1:]...)
				break
			}
		}
		if done = left; len(done) > 0 {
			r.Log.Error("notice: the outbox does not take it; it is tried again", "op", "Turns", "err", last)
			pauseFor(work, jitter(pause))
		}
	}
}

// settle ends sendings that are noted.
func (r *Runner) settle(done []*said) {
	for _, d := range done {
		if r.Metrics != nil {
			r.Metrics.Told(d.Product, d.Op, d.state)
		}
		r.release(d.Notice)
	}
}

// release lets the conversation have its next notice.
func (r *Runner) release(n *Notice) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.out--
	r.lines.free(n)
}

// abandon gives up a notice of which nobody knows what became, as the service stops.
func (r *Runner) abandon(n *Notice) {
	r.mu.Lock()
	r.lines.end(n, silent, time.Now())
	r.mu.Unlock()
	r.release(n)
	wake(r.turned)
}
