package bot

import (
	"context"
	"slices"
	"sync"
	"time"
)

// tenantRate lets so many requests of one app into one tenant within any second.
//
// Those that somebody waits for go first; where both wait, one in five is a patient one, so that none waits for ever.
// Patient requests go evenly through the second, so that another never finds the whole second spent.
type tenantRate struct {
	most  int
	users int // guarded by Limits.mu

	mu     sync.Mutex
	out    int         // requests on their way
	counts []time.Time // until when those count that were answered, in order
	first  []chan struct{}
	behind []chan struct{} // the patient
	passed int             // how many went before a patient one that waits
	slot   time.Time       // when the next patient one may go
	trips  roundTrips
	timer  *time.Timer // tries again when somebody waits
}

const (
	rateTime = time.Second
	// share of the patient where others wait, too: one in so many.
	patientShare = 5
	// latePlaces is how many patient requests may go at once after a pause.
	latePlaces = 3
)

// take waits until a request may be made. Its place is given back with answered or putBack.
func (r *tenantRate) take(ctx context.Context, patient bool) error {
	r.mu.Lock()
	now := time.Now()
	line := &r.first
	if patient {
		line = &r.behind
	}
	if len(r.first) == 0 && len(*line) == 0 && r.room(now) && (!patient || !now.Before(r.slot)) {
		r.let(now, patient)
		r.mu.Unlock()
		return ctx.Err()
	}
	place := make(chan struct{})
	*line = append(*line, place)
	r.admit(now)
	r.mu.Unlock()
	select {
	case <-place:
		return nil
	case <-ctx.Done():
		r.giveUp(line, place)
		return ctx.Err()
	}
}

// giveUp leaves a line, or gives the place back that was got in the same moment.
func (r *tenantRate) giveUp(line *[]chan struct{}, place chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i := slices.Index(*line, place); i >= 0 {
		*line = slices.Delete(*line, i, i+1)
	} else {
		r.out--
	}
	r.admit(time.Now())
}

// putBack gives a place back of which no use was made.
func (r *tenantRate) putBack() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.out--
	r.admit(time.Now())
}

// answered notes that a request was answered after so long; it counts for a second more.
func (r *tenantRate) answered(now time.Time, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.out--
	until := now.Add(rateTime - r.trips.sure())
	r.trips.note(took)
	i, _ := slices.BinarySearchFunc(r.counts, until, time.Time.Compare)
	r.counts = slices.Insert(r.counts, i, until)
	r.admit(now)
}

// room tells whether one more may go.
func (r *tenantRate) room(now time.Time) bool {
	old := 0
	for old < len(r.counts) && !r.counts[old].After(now) {
		old++
	}
	r.counts = r.counts[old:]
	return r.out+len(r.counts) < r.most
}

func (r *tenantRate) idle(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.room(now)
	return r.out+len(r.counts) == 0
}

// let lets one request go.
func (r *tenantRate) let(now time.Time, patient bool) {
	r.out++
	if !patient {
		r.passed++
		return
	}
	gap := rateTime / time.Duration(r.most)
	if late := now.Add(-latePlaces * gap); r.slot.Before(late) {
		r.slot = late
	}
	r.slot, r.passed = r.slot.Add(gap), 0
}

// admit lets those go that may, and sets the timer for the next.
func (r *tenantRate) admit(now time.Time) {
	for len(r.first)+len(r.behind) > 0 {
		if !r.room(now) {
			if len(r.counts) > 0 {
				r.again(r.counts[0].Sub(now))
			}
			return
		}
		patient := len(r.first) == 0 || (r.passed >= patientShare-1 && len(r.behind) > 0 && !now.Before(r.slot))
		if patient && now.Before(r.slot) {
			r.again(r.slot.Sub(now))
			return
		}
		line := &r.first
		if patient {
			line = &r.behind
		}
		close((*line)[0])
		*line = (*line)[1:]
		r.let(now, patient)
	}
}

// again has admit called later.
func (r *tenantRate) again(after time.Duration) {
	if r.timer != nil {
		r.timer.Reset(after)
		return
	}
	r.timer = time.AfterFunc(after, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.admit(time.Now())
	})
}

// roundTrips knows how long a request takes at least, there and back, judged by the last few hundred.
//
// Of two requests the earlier one arrived at the latest when its answer left, and the later one arrives at the earliest
// after its way there. So what both ways take at least lies between the two, and need not be waited for. How long that is
// can only be judged: it is taken to lie as far below the fastest as the usual lies above it. On an unsteady way that is
// nothing. A machine that is busy for some seconds looks like a long and steady way, and when it is not any more a request
// would come too early: so the lowest of several judgements in a row counts, and nothing before there are so many.
type roundTrips struct {
	before [tripsKept]time.Duration // the last judgements, in turns
	judged int                      // how many there were
	least  time.Duration            // of the ones since
	sum    time.Duration
	n      int
}

const (
	tripsJudged = 256
	tripsKept   = 4
	// unsteady is how much a busy machine may make any of them longer, whatever the way.
	unsteady = 5 * time.Millisecond
)

func (t *roundTrips) note(took time.Duration) {
	if t.n == 0 || took < t.least {
		t.least = took
	}
	t.n++
	t.sum += took
	if t.n == tripsJudged {
		t.before[t.judged%tripsKept] = t.judge()
		t.judged, t.n, t.sum = t.judged+1, 0, 0
	}
}

func (t *roundTrips) judge() time.Duration {
	return max(0, 2*t.least-t.sum/time.Duration(t.n)-unsteady)
}

// sure is what a request takes at least; 0 while too little is known.
func (t *roundTrips) sure() time.Duration {
	least := slices.Min(t.before[:])
	if t.n == 0 {
		return least
	}
	return min(least, t.judge())
}
