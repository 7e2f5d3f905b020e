package storetest

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

// inRows are notices of which those that are announced together get ids of notice.NewIDs, and no keys: what the tests call
// them is known here only.
type inRows struct {
	Notices
	mu            sync.Mutex
	rows          int
	inner, before map[string]string // what the tests call them, and back
}

// runInRows tests what the contract says of announcements once more, with copies that a store may keep together.
func runInRows(t *testing.T, open func(t testing.TB) Notices) {
	for name, test := range map[string]func(*testing.T, Notices){
		"a notice is begun and ends":              testTurn,
		"one that is not being sent does not end": testNotBegun,
		"a copy is tried again":                   testCopyAgain,
		"copies that were interrupted wait again": testCopiesInterrupted,
		"a copy follows its announcement":         testFollow,
		"a place is dropped":                      testDropPlace,
		"an announcement is made once":            testAnnounce,
		"an announcement is corrected":            testCorrect,
		"an announcement is recalled":             testRecall,
		"a refused correction changes nothing":    testRefusedCorrection,
		"there are many copies":                   testManyCopies,
	} {
		t.Run("in rows: "+name, func(t *testing.T) {
			t.Parallel()
			p := open(t)
			r := &inRows{Notices: p, inner: map[string]string{}, before: map[string]string{}}
			test(t, Notices{r, r, p.Happen})
		})
	}
}

// in gives a notice the id that the store knows it by.
func (r *inRows) in(n notice.Notice) notice.Notice {
	r.mu.Lock()
	defer r.mu.Unlock()
	if id, known := r.inner[n.ID]; known {
		n.ID = id
	}
	return n
}

func (r *inRows) out(n notice.Notice) notice.Notice {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range []*string{&n.ID, &n.Of} {
		if before, known := r.before[*id]; known {
			*id = before
		}
	}
	return n
}

func (r *inRows) outAll(all []notice.Notice) []notice.Notice {
	for i := range all {
		all[i] = r.out(all[i])
	}
	return all
}

// Announce implements notice.Announcements.
func (r *inRows) Announce(ctx context.Context, t identity.Tenant, a notice.Announcement, notices []notice.Notice) (notice.Announcement, error) {
	r.mu.Lock()
	row := fmt.Sprintf("%012x%016d", 1, r.rows)
	r.rows++
	inner, before, made := maps.Clone(r.inner), maps.Clone(r.before), make([]notice.Notice, len(notices))
	for i, n := range notices {
		made[i] = n
		made[i].ID, made[i].Key = notice.IDInRow(row, i), ""
		inner[n.ID], before[made[i].ID] = made[i].ID, n.ID
	}
	r.inner, r.before = inner, before
	r.mu.Unlock()
	return r.Notices.Announce(ctx, t, a, made)
}

// Due implements notice.Outbox.
func (r *inRows) Due(ctx context.Context, now time.Time, limit int, except func(*notice.Notice) bool) ([]notice.Notice, time.Time, error) {
	due, next, err := r.Notices.Due(ctx, now, limit, func(n *notice.Notice) bool {
		out := r.out(*n)
		return except(&out)
	})
	return r.outAll(due), next, err
}

// Turns implements notice.Outbox.
func (r *inRows) Turns(ctx context.Context, done []notice.Outcome, begin []notice.Notice) ([]bool, error) {
	ends, next := make([]notice.Outcome, len(done)), make([]notice.Notice, len(begin))
	for i := range done {
		ends[i] = done[i]
		ends[i].Notice = r.in(done[i].Notice)
	}
	for i := range begin {
		next[i] = r.in(begin[i])
	}
	return r.Notices.Turns(ctx, ends, next)
}

// Change implements notice.Announcements.
func (r *inRows) Change(ctx context.Context, t identity.Tenant, id string,
	change func(*notice.Announcement, []notice.Notice) ([]notice.Notice, error)) (notice.Announcement, error) {
	return r.Notices.Change(ctx, t, id, func(a *notice.Announcement, sent []notice.Notice) ([]notice.Notice, error) {
		return change(a, r.outAll(sent))
	})
}

// Copies implements notice.Announcements.
func (r *inRows) Copies(ctx context.Context, t identity.Tenant, id string) ([]notice.Notice, error) {
	copies, err := r.Notices.Copies(ctx, t, id)
	return r.outAll(copies), err
}

func testCopyAgain(t *testing.T, p Notices) {
	announced(t, p, noticeTo(sales, 1), noticeTo(lab, 2))
	n := begin(t, p, dueAt(t, p, at(9))[0])
	n.Again = true
	end(t, p, notice.Outcome{Notice: n, State: notice.Waiting, Why: "429", Due: at(20)})
	want(t, "not yet", idsOf(dueAt(t, p, at(19))), nil, []string{"02"})
	again := dueAt(t, p, at(20))
	want(t, "again", []any{len(again), again[1].ID, again[1].Tries, again[1].Why, again[1].Again, again[1].Due.Equal(at(20))}, nil, []any{2, n.ID, 1, "429", true, true})
	want(t, "the other", []any{again[0].Tries, again[0].Why, again[0].Again}, nil, []any{0, "", false})
	end(t, p, notice.Outcome{Notice: begin(t, p, again[1]), State: notice.Sent, Activity: "1700"})
	sent := copyOf(t, p, 0)
	want(t, "sent", []any{sent.State, sent.Tries, sent.Again, sent.Activity}, nil, []any{notice.Sent, 2, true, "1700"})
}

func testCopiesInterrupted(t *testing.T, p Notices) {
	announced(t, p, noticeTo(sales, 1), noticeTo(lab, 2), noticeTo(support, 3))
	begin(t, p, noticeTo(sales, 1))
	end(t, p, notice.Outcome{Notice: begin(t, p, noticeTo(lab, 2)), State: notice.Sent})
	n, err := p.Interrupted(t.Context())
	want(t, "were being sent", n, err, 1)
	due := dueAt(t, p, at(9))
	want(t, "what is to be sent", idsOf(due), nil, []string{"01", "03"})
	want(t, "again", []any{due[0].Again, due[1].Again}, nil, []any{true, false})
	n, err = p.Interrupted(t.Context())
	want(t, "twice", n, err, 0)
}

// testManyCopies has as many as an announcement may have, of which some go to one conversation: all are there, and in order.
func testManyCopies(t *testing.T, p Notices) {
	var all []notice.Notice
	for i := range notice.MaxTargets {
		n := noticeTo(identity.Conversation(fmt.Sprintf("19:%d@thread.example", i%90)), i)
		n.Team, n.Due = fmt.Sprint("19:team", i/10), at(0)
		all = append(all, n)
	}
	announced(t, p, all...)
	want(t, "what waits", waiting(t, p), nil, len(all))
	for _, some := range []int{90, 10, 0} {
		due := dueAt(t, p, at(0))
		want(t, "due at a time", len(due), nil, some)
		var ends []notice.Outcome
		begun, err := p.Turns(t.Context(), nil, due)
		for i, n := range due {
			if err != nil || !begun[i] || n.Team != all[len(all)-waiting(t, p)+i].Team {
				t.Errorf("%s of team %s: begun %v, %v", n.ID, n.Team, begun[i], err)
			}
			ends = append(ends, notice.Outcome{Notice: n, State: notice.Sent, Activity: n.ID})
		}
		_, err = p.Turns(t.Context(), ends, nil)
		want(t, "ended", 0, err, 0)
	}
	copies, err := p.Copies(t.Context(), north, "a1")
	for i, n := range copies {
		if n.ID != all[i].ID || n.State != notice.Sent || n.Activity != n.ID || n.Place != all[i].Place {
			t.Errorf("the copy %+v", n)
		}
	}
	want(t, "copies", len(copies), err, len(all))
}
