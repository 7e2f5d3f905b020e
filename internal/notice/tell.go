package notice

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"teamspro/internal/fault"
)

const (
	// tellBatch is how many gatherings are read at a time, and tellers how many become notices at a time: they share commits.
	tellBatch = 256
	tellers   = 32
	// everything is how many gatherings are looked at when the clock was put back.
	everything = 10_000
	// slack is how far the clock may go back before that is looked at.
	slack = 10 * time.Second
	// longestPatience is how long a gathering waits at most before it is looked at again.
	longestPatience = time.Minute
)

// tellDue makes notices of the gatherings that are due, and gives when the next will be; zero when there is none.
func (r *Runner) tellDue(ctx context.Context, now time.Time) (time.Time, error) {
	for {
		due, next, err := r.Outbox.Gatherings(ctx, now, tellBatch)
		if err != nil || len(due) == 0 {
			return next, err
		}
		if failed := r.tellAll(ctx, now, due); len(due) < tellBatch || failed == len(due) {
			return next, nil
		}
	}
}

// tellAll tells gatherings, several at a time, and gives how many have to wait.
func (r *Runner) tellAll(ctx context.Context, now time.Time, due []Owned) (failed int) {
	var group errgroup.Group
	group.SetLimit(tellers)
	errs := make([]error, len(due))
	for i, g := range due {
		group.Go(func() error {
			errs[i] = r.tell(ctx, now, g)
			return nil
		})
	}
	_ = group.Wait() // each error is in its place
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if len(errs) > 0 {
		r.Log.Warn("notice: gatherings wait", "count", len(errs), "err", errs[0])
	}
	return len(errs)
}

// tell makes a notice of a gathering, if it is still wanted, and wanted now. While the last message to its place is not sent
// yet, it goes on gathering: after an hour in which Teams was not reached people read one message, not one for each of its
// moments.
func (r *Runner) tell(ctx context.Context, now time.Time, g Owned) error {
	sub, err := r.Subscriptions.Subscription(ctx, g.Tenant, g.Conversation)
	if err != nil {
		return fmt.Errorf("notice.Subscription: %w", err)
	}
	if due := sub.again(g.Gathering, now); due.After(now) {
		return r.Outbox.Postpone(ctx, g.Tenant, g.Gathering, due)
	}
	standing, err := r.Outbox.Standing(ctx, g.Tenant, g.Place)
	if err != nil {
		return err
	}
	if standing {
		return r.Outbox.Postpone(ctx, g.Tenant, g.Gathering, now.Add(g.patience(now)))
	}
	err = r.Outbox.Tell(ctx, g.Tenant, g.Gathering, r.notice(now, sub, g))
	if fault.Is(err, fault.Stale) {
		return nil // it has grown; it is still due, and read again
	}
	return err
}

// patience is how long a gathering waits before it is looked at again, because the message before it is not sent yet: the
// longer, the longer that takes.
func (g Gathering) patience(now time.Time) time.Duration {
	return min(max(now.Sub(g.Since)/4, Window), longestPatience)
}

// again is when a gathering is to be told as the conversation wishes by now; the wishes may be others than when it began.
func (s Subscription) again(g Gathering, now time.Time) time.Time {
	if len(s.Wishes.Kinds) == 0 {
		return now
	}
	loc := Location(s.Zone)
	due := s.Wishes.settle(now.In(loc)).UTC()
	if g.Since.After(now) { // the clock was put back since
		return due
	}
	if first := s.Wishes.due(g.Since, loc); first.After(due) {
		return first
	}
	return due
}

// notice says what is left of a gathering; nil when nothing of it is wanted any more.
func (r *Runner) notice(now time.Time, sub Subscription, owned Owned) *Notice {
	g := owned.Gathering
	if g.only(sub.Wishes.Wants); len(g.Events)+g.More == 0 {
		return nil
	}
	return &Notice{Tenant: owned.Tenant, ID: NewID(now), Key: gatheringKey(g, sub), Place: g.Place, Team: sub.Team, Op: Post,
		Content: Content{Gathering: &g}, Due: r.clock(), State: Waiting, At: now}
}

// gatheringKey is the same however often a gathering is told. That of a daily notice has the day in it, so that what is due
// twice because the clock went back is told once.
func gatheringKey(g Gathering, sub Subscription) string {
	parts := []string{"gathering", string(g.Conversation), g.Product, strconv.FormatUint(g.Number, 10)}
	if sub.Wishes.Daily {
		parts = append(parts, g.Due.In(Location(sub.Zone)).Format(time.DateOnly))
	}
	return strings.Join(parts, "|")
}

// turnedBack gives another time to gatherings that began, by the clock, in the future: it was wrong then, and was put right,
// and they would wait until it comes there again.
func (r *Runner) turnedBack(ctx context.Context, now time.Time) error {
	was := r.looked
	if !was.IsZero() && now.After(was.Add(-slack)) {
		r.looked = now
		return nil
	}
	all, _, err := r.Outbox.Gatherings(ctx, now.AddDate(100, 0, 0), everything)
	if err != nil {
		return err
	}
	for _, g := range all {
		if !g.Since.After(now.Add(slack)) {
			continue
		}
		sub, err := r.Subscriptions.Subscription(ctx, g.Tenant, g.Conversation)
		if err != nil {
			return err
		}
		if due := sub.Due(now); due.Before(g.Due) {
			if err := r.Outbox.Postpone(ctx, g.Tenant, g.Gathering, due); err != nil {
				return err
			}
		}
	}
	r.looked = now
	return nil
}
