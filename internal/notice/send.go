package notice

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"teamspro/internal/fault"
)

// send is one sender: it has notices sent that are noted as begun, and hands what became of them to the clerk.
func (r *Runner) send(work context.Context, begun <-chan *Notice) {
	term := newTerm(work)
	defer func() { term.end() }()
	for n := range begun {
		if done := r.say(term.next(), work, n); done != nil {
			r.hand(done)
		}
	}
}

// term is the context of what one sender sends: each notice has SendTime, or up to a third less. One context serves many, as most
// take milliseconds, and one for each would cost as much as a tenth of the sending.
type term struct {
	work  context.Context
	now   context.Context
	end   context.CancelFunc
	until time.Time // from then on another one serves
}

func newTerm(work context.Context) *term {
	t := &term{work: work}
	t.begin()
	return t
}

func (t *term) begin() {
	t.now, t.end = context.WithTimeout(t.work, SendTime)
	t.until = time.Now().Add(SendTime / 3)
}

// next is the context of the next notice.
func (t *term) next() context.Context {
	if time.Now().After(t.until) {
		t.end()
		t.begin()
	}
	return t.now
}

// said is what became of a notice, and what that tells of the service.
type said struct {
	*Notice
	state    State
	activity string
	why      string
	due      time.Time
	began    time.Time
	heard    verdict
	odd      int // how often the outbox did not take it, and was not busy
}

func (d *said) outcome() Outcome {
	return Outcome{Notice: *d.Notice, State: d.state, Activity: d.activity, Why: d.why, Due: d.due, Began: d.began}
}

func pauseFor(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// say has a notice sent and says what became of it; nil when the service stopped meanwhile and nobody knows. Then it stays
// noted as being sent, and the next run sends it again.
func (r *Runner) say(ctx, work context.Context, n *Notice) *said {
	began := r.Now()
	activity, err := r.dare(ctx, *n)
	if work.Err() != nil && unknown(err) {
		r.abandon(n)
		return nil
	}
	done := r.judge(n, err)
	done.activity, done.began = activity, began
	if r.gone(work, n, err) != nil {
		done.state, done.due = Waiting, r.clock().Add(jitter(backoff(n.Tries+1)))
	}
	return done
}

// dare calls the Sender. What makes it panic would do so again after a restart, and stop everything else; so it fails alone.
func (r *Runner) dare(ctx context.Context, n Notice) (activity string, err error) {
	defer func() {
		if p := recover(); p != nil {
			r.Log.Error("notice: the sender panicked", "op", n.Op, "stack", string(debug.Stack()))
			err = fault.Wrap(fault.Internal, "notice.Send", errors.New("panic"))
		}
	}()
	return r.Sender.Send(ctx, n)
}

// unknown tells whether an error only says that the context ended.
func unknown(err error) bool {
	return fault.Is(err, fault.Internal) && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded))
}

// judge says what an error of the Sender means for the notice, and for the service that it was sent to.
func (r *Runner) judge(n *Notice, err error) *said {
	kind := fault.KindOf(err)
	done := &said{Notice: n, why: reason(err), heard: answers}
	switch {
	case err == nil:
		done.state = Sent
	case errors.Is(err, ErrNothing):
		done.state, done.why, done.heard = Dropped, "", silent
	case errors.Is(err, ErrPossibly):
		done.state, done.heard = Possibly, fails
	case kind == fault.Busy || unknown(err):
		r.again(done, err)
	case kind == fault.NotFound && n.Op != Post:
		done.state = Dropped // the message is gone, which is what matters
	default:
		done.state = Failed
		r.Log.Error("notice: refused", "product", n.Product, "op", n.Op, "tries", n.Tries+1, "why", done.why)
	}
	return done
}

// again has a notice tried later, unless that was done for long enough. A Sender that knows when speaks of this conversation;
// one that does not tells something of its whole service.
func (r *Runner) again(done *said, err error) {
	now, wait := r.clock(), jitter(backoff(done.Tries+1))
	done.heard = fails
	if done.why == Lost && done.Op == Post {
		done.Again = true // it may be there, and is said once more
	}
	var refusal Refusal
	if errors.As(err, &refusal) && refusal.Pause() > 0 {
		wait, done.heard = min(refusal.Pause(), giveUp), silent
	}
	made := done.Made() // by Now, and so is its age: clock may be far ahead of that
	if made.IsZero() || r.Now().Sub(made) < giveUp || done.Tries < fewTries {
		done.state, done.due = Waiting, now.Add(wait)
		return
	}
	done.state = Failed
	r.Log.Error("notice: given up", "product", done.Product, "tries", done.Tries+1, "why", done.why)
}

// backoff is the pause after so many tries: a second, and twice as long each time.
func backoff(tries int) time.Duration {
	return min(firstPause<<min(max(tries-1, 0), 10), maxPause)
}

// reason is the code that is kept of an error: the connector's, or the kind.
func reason(err error) string {
	var refusal Refusal
	switch {
	case err == nil:
		return ""
	case errors.As(err, &refusal) && refusal.Reason() != "":
		return refusal.Reason()
	default:
		return string(fault.KindOf(err))
	}
}

// gone gives up a place that cannot be reached any more: what waits for it is dropped, and who set it up is told once, in
// their own chat. Of a personal chat there is nothing to give up.
func (r *Runner) gone(ctx context.Context, n *Notice, err error) error {
	lost := (fault.Is(err, fault.NotFound) && n.Op == Post || fault.Is(err, fault.Denied)) && !errors.Is(err, ErrNothing) && !errors.Is(err, ErrPossibly)
	if !lost || n.Conversation == "" {
		return nil
	}
	owner, err := r.Sender.Gone(ctx, n.Tenant, n.Place)
	if err != nil {
		return fmt.Errorf("notice.Gone: %w", err)
	}
	if owner != "" {
		now := r.Now()
		tell := Notice{Tenant: n.Tenant, ID: NewID(now), Key: strings.Join([]string{"lost", string(n.Conversation), n.Product}, "|"),
			Place: Place{Product: n.Product}, Person: owner, Op: Post, Content: Content{Lost: n.Conversation}, Due: r.clock(), State: Waiting, At: now}
		if err := r.insist(ctx, "Add", func() error { return r.Outbox.Add(ctx, []Notice{tell}) }); err != nil {
			return err
		}
	}
	return r.insist(ctx, "DropPlace", func() error { return r.Outbox.DropPlace(ctx, n.Tenant, n.Place) })
}
