package notice

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// send is one sender: it takes a notice, notes that it is being sent, has it sent, and notes what came of it together with
// the next. It ends with ctx; what it has begun it does within work.
func (r *Runner) send(ctx, work context.Context) {
	var done *said
	for {
		next := r.take(ctx, done == nil)
		if done == nil && next == nil {
			return
		}
		begun := r.note(ctx, work, done, next)
		done = nil
		if begun {
			done = r.say(work, next)
		}
	}
}

// take gives the next notice. It waits for one, or gives none when there is none, and when ctx has ended.
func (r *Runner) take(ctx context.Context, wait bool) *Notice {
	r.mu.Lock()
	defer r.mu.Unlock()
	for ctx.Err() == nil {
		n, ok := r.lines.pick(time.Now())
		if ok {
			r.feedIfLow(n.Tenant)
			return &n
		}
		if !wait {
			return nil
		}
		r.ready.Wait()
	}
	return nil
}

// said is what became of a notice, and what that tells of the service.
type said struct {
	Outcome
	began time.Time
	heard verdict
}

// outcome is what the outbox is to note; nil for nothing.
func (s *said) outcome() *Outcome {
	if s == nil {
		return nil
	}
	return &s.Outcome
}

// note notes what became of a notice and that the next is being sent. When the disk does not take it, the next goes back, and
// what became of the other is kept here and tried until it is noted: it was sent, and must not be sent again.
func (r *Runner) note(ctx, work context.Context, done *said, next *Notice) (begun bool) {
	begun, err := r.Outbox.Turn(work, done.outcome(), next)
	if err != nil {
		r.giveBack(next)
		if done == nil {
			r.Log.Error("notice: nothing can be begun", "err", err)
			pauseFor(ctx, jitter(firstPause))
			return false
		}
		err := r.insist(work, "Turn", func() error {
			_, err := r.Outbox.Turn(work, done.outcome(), nil)
			return err
		})
		if err != nil { // it stays noted as being sent, and the next run finds it
			r.Log.Error("notice: an outcome could not be noted", "err", err)
			r.release(done.Notice, done.heard)
			return false
		}
		r.settle(work, done)
		return false
	}
	if done != nil {
		r.settle(work, done)
	}
	if next != nil && !begun {
		r.release(*next, silent)
	}
	return begun
}

func pauseFor(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// settle ends a sending whose outcome is noted.
func (r *Runner) settle(ctx context.Context, done *said) {
	n := done.Notice
	if r.Metrics != nil {
		r.Metrics.Told(n.Product, n.Op, done.State)
	}
	if n.Op == Post && n.Content.Announcement != "" && (done.State == Sent || done.State == Possibly) {
		r.catchUp(ctx, done)
	}
	r.release(n, done.heard)
}

// release lets the conversation have its next notice.
func (r *Runner) release(n Notice, v verdict) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lines.free(n, v, time.Now()) {
		r.ready.Broadcast()
	}
	r.ready.Signal()
	r.feedIfLow(n.Tenant)
}

// feedIfLow has more read before the senders run out of work, or a tenant whose turn is over has none; the caller holds mu.
func (r *Runner) feedIfLow(t identity.Tenant) {
	if r.lines.queued < r.Senders || r.lines.empty(t) {
		r.hungry()
	}
}

func (r *Runner) giveBack(n *Notice) {
	if n == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines.back(*n)
	r.ready.Signal()
}

// say has a notice sent and says what became of it; nil when the service stopped meanwhile and nobody knows. Then it stays
// noted as being sent, and the next run sends it again.
func (r *Runner) say(work context.Context, n *Notice) *said {
	began := r.Now()
	ctx, cancel := context.WithTimeout(work, SendTime)
	defer cancel()
	activity, err := r.dare(ctx, *n)
	if work.Err() != nil && unknown(err) {
		r.release(*n, silent)
		return nil
	}
	done := r.judge(*n, err)
	done.Activity, done.began = activity, began
	if r.gone(work, n, err) != nil {
		done.State, done.Due = Waiting, r.clock().Add(jitter(backoff(n.Tries+1)))
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
func (r *Runner) judge(n Notice, err error) *said {
	kind := fault.KindOf(err)
	done := &said{Outcome: Outcome{Notice: n, Why: reason(err)}, heard: answers}
	switch {
	case err == nil:
		done.State = Sent
	case errors.Is(err, ErrNothing):
		done.State, done.Why, done.heard = Dropped, "", silent
	case errors.Is(err, ErrPossibly):
		done.State, done.heard = Possibly, fails
	case kind == fault.Busy || unknown(err):
		r.again(done, err)
	case kind == fault.NotFound && n.Op != Post:
		done.State = Dropped // the message is gone, which is what matters
	default:
		done.State = Failed
		r.Log.Error("notice: refused", "product", n.Product, "op", n.Op, "tries", n.Tries+1, "why", done.Why)
	}
	return done
}

// again has a notice tried later, unless that was done for long enough. A Sender that knows when speaks of this conversation;
// one that does not tells something of its whole service.
func (r *Runner) again(done *said, err error) {
	now, wait := r.clock(), jitter(backoff(done.Notice.Tries+1))
	done.heard = fails
	if done.Why == Lost && done.Notice.Op == Post {
		done.Notice.Again = true // it may be there, and is said once more
	}
	var refusal Refusal
	if errors.As(err, &refusal) && refusal.Pause() > 0 {
		wait, done.heard = min(refusal.Pause(), giveUp), silent
	}
	made := done.Notice.Made() // by Now, and so is its age: clock may be far ahead of that
	if made.IsZero() || r.Now().Sub(made) < giveUp || done.Notice.Tries < fewTries {
		done.State, done.Due = Waiting, now.Add(wait)
		return
	}
	done.State = Failed
	r.Log.Error("notice: given up", "product", done.Notice.Product, "tries", done.Notice.Tries+1, "why", done.Why)
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

// catchUp adds what an announcement has become while it was being said somewhere, and what its owner's change could not
// know of: a correction, or that it was recalled.
func (r *Runner) catchUp(ctx context.Context, done *said) {
	n := done.Notice
	a, err := r.Announcements.Announcement(ctx, n.Tenant, n.Content.Announcement)
	if err != nil {
		if !fault.Is(err, fault.NotFound) {
			r.Log.Error("notice: whether an announcement still stands is not known", "err", err)
		}
		return
	}
	n.Activity = done.Activity
	follow, ok := a.Follow(n, r.Now())
	if !ok || n.Activity == "" || follow.Op == Update && a.Changed.Before(done.began) {
		return
	}
	follow.Due = r.clock()
	_ = r.insist(ctx, "Add", func() error { return r.Outbox.Add(ctx, []Notice{follow}) }) // it is logged there
}
