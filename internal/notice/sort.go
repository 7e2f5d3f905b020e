package notice

import (
	"cmp"
	"context"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

const (
	// sortBatch is how many events are read at a time.
	sortBatch = 500
	// giveUp is how long what fails for a while is tried again.
	giveUp = 24 * time.Hour
	// fewTries is how often a notice is tried at least before it is given up: it may only look old, when the clock was put
	// forward.
	fewTries = 5
)

// sortEvents gives every event to the places that want it. What cannot be told apart now stays, and is tried again in the next
// round: in this one nothing is read twice, however much is stuck.
func (r *Runner) sortEvents(ctx context.Context, now time.Time) error {
	after, stuck := map[identity.Tenant]uint64{}, stuck{}
	defer func() { stuck.tell(r) }()
	for {
		events, err := r.Outbox.Events(ctx, after, sortBatch)
		if err != nil {
			return err
		}
		if err := r.sortBatch(ctx, events, now, &stuck); err != nil || len(events) < sortBatch {
			return err
		}
		for _, e := range events {
			after[e.Tenant] = max(after[e.Tenant], e.Number)
		}
	}
}

// stuck is how many events have to wait, and why the first of them does.
type stuck struct {
	count int
	err   error
}

func (s *stuck) tell(r *Runner) {
	if s.count > 0 {
		r.Log.Warn("notice: events wait", "count", s.count, "err", s.err)
	}
}

// sortBatch sorts events and counts those that it had to leave.
func (r *Runner) sortBatch(ctx context.Context, events []Unsorted, now time.Time, left *stuck) error {
	s := sorting{runner: r, now: now, tenants: map[identity.Tenant]subscribed{}, known: map[concern]answer{}}
	sorted := map[identity.Tenant][]Sorted{}
	for _, e := range events {
		to, err := s.places(ctx, e)
		if err != nil {
			left.count, left.err = left.count+1, cmp.Or(left.err, err)
			continue
		}
		sorted[e.Tenant] = append(sorted[e.Tenant], Sorted{e.Number, to})
	}
	for t, list := range sorted {
		if err := r.Outbox.Sort(ctx, t, list); err != nil {
			return err
		}
	}
	return nil
}

// sorting is one round: what it asked once it does not ask again.
type sorting struct {
	runner  *Runner
	now     time.Time
	tenants map[identity.Tenant]subscribed
	known   map[concern]answer
}

// subscribed is what the conversations of a tenant want.
type subscribed struct {
	list  []Subscription
	zones map[string]*time.Location
	err   error
}

// concern is a question that has the same answer for all contacts of a book.
type concern struct {
	tenant       identity.Tenant
	book         string
	conversation identity.Conversation
}

// answer is what the Audience said, and whether it failed.
type answer struct {
	yes bool
	err error
}

// places finds where an event is to be told, and when. What fails for a moment fails it, until the event is too old for that.
func (s *sorting) places(ctx context.Context, e Unsorted) ([]Dated, error) {
	patient := s.now.Sub(e.Event.At) < giveUp
	wants := s.subscriptions(ctx, e.Tenant)
	if wants.err != nil && patient {
		return nil, wants.err
	}
	var to []Dated
	product := s.runner.Product(e.Event.Kind)
	for _, sub := range wants.list {
		if product == "" || !sub.Wishes.Wants(e.Event.Kind) {
			continue
		}
		concerns, err := s.concerns(ctx, e, sub.Conversation)
		if patient && (fault.Is(err, fault.Busy) || ctx.Err() != nil) {
			return nil, err
		}
		if err == nil && concerns {
			to = append(to, Dated{Place{sub.Conversation, product}, sub.Wishes.due(earlier(e.Event.At, s.now), wants.zones[sub.Zone])})
		}
	}
	return to, nil
}

// subscriptions reads those of a tenant, once a round.
func (s *sorting) subscriptions(ctx context.Context, t identity.Tenant) subscribed {
	wants, ok := s.tenants[t]
	if ok {
		return wants
	}
	wants.list, wants.err = s.runner.Subscriptions.Subscriptions(ctx, t)
	wants.zones = map[string]*time.Location{}
	for _, sub := range wants.list {
		if wants.zones[sub.Zone] == nil {
			wants.zones[sub.Zone] = Location(sub.Zone)
		}
	}
	s.tenants[t] = wants
	return wants
}

// concerns asks whether an event concerns a conversation; for contacts once a round for each book.
func (s *sorting) concerns(ctx context.Context, e Unsorted, c identity.Conversation) (bool, error) {
	key := concern{e.Tenant, e.Event.Book, c}
	if a, ok := s.known[key]; ok && e.Event.Book != "" {
		return a.yes, a.err
	}
	yes, err := s.runner.Audience.Concerns(ctx, e.Tenant, e.Event, c)
	if err != nil && !fault.Is(err, fault.Busy) {
		s.runner.Log.Error("notice: an event is not told in one place", "kind", e.Event.Kind, "err", err)
	}
	s.known[key] = answer{yes, err}
	return yes, err
}

// earlier is the first of two times: what happened cannot have happened later than now, whatever the clock said then.
func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
