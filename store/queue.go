package store

import (
	"cmp"
	"container/heap"
	"errors"
	"slices"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

// queue is what waits in the outbox, as it is in the file: the notices in lines, one for each conversation, and when the
// gatherings are due. It is read from the file once and follows each commit before the writers hear of it, so that whoever
// waited for a write finds it here. What it holds of a notice says where it is and no more.
type queue struct {
	mu         sync.Mutex
	lines      map[lineKey]*line
	heads      heads
	waiting    int // notices in all lines
	gatherings map[gatheringKey]time.Time
	changed    chan struct{}
}

// lineKey is a conversation, or a person's own chat where it is not known which that is.
type lineKey struct {
	tenant       identity.Tenant
	conversation identity.Conversation
	person       identity.Person
}

// line are the notices of a conversation in the order in which they were made. They leave in that order: what changes a
// message comes after what posted it, however often that had to be tried.
type line struct {
	lineKey
	items   []queued
	sending int // how many of them are on their way; while one is, no other goes
	at      int // in heads; -1 when none of it can go
}

type queued struct {
	id, product string
	due         int64 // nanoseconds since 1970, as in the file
	sending     bool
	post        bool // not a change of a message
}

func (x *queued) at() time.Time { return time.Unix(0, x.due).UTC() }

type gatheringKey struct {
	tenant identity.Tenant
	notice.Place
}

func newQueue() *queue {
	return &queue{lines: map[lineKey]*line{}, gatherings: map[gatheringKey]time.Time{}, changed: make(chan struct{}, 1)}
}

// follow does what a commit left to be done.
func (q *queue) follow(after []func(*queue)) {
	if len(after) == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, fn := range after {
		fn(q)
	}
}

// signal says that there is something new. The functions that follow a commit call it, and those below, under the lock.
func (q *queue) signal() {
	select {
	case q.changed <- struct{}{}:
	default:
	}
}

func lineOf(n *notice.Notice) lineKey {
	if n.Conversation != "" {
		return lineKey{n.Tenant, n.Conversation, ""}
	}
	return lineKey{n.Tenant, "", n.Person}
}

// find gives the line of a notice and where the notice stands in it, or would.
func (q *queue) find(n *notice.Notice) (l *line, i int, there bool) {
	if l = q.lines[lineOf(n)]; l == nil {
		return nil, 0, false
	}
	i, there = slices.BinarySearchFunc(l.items, n.ID, func(x queued, id string) int { return cmp.Compare(x.id, id) })
	return l, i, there
}

// put notes a notice that is not final, as it is now.
func (q *queue) put(n *notice.Notice) {
	l, i, there := q.find(n)
	if l == nil {
		l = &line{lineKey: lineOf(n), at: -1}
		q.lines[l.lineKey] = l
	}
	item := queued{n.ID, n.Product, max(0, n.Due.UnixNano()), n.State == notice.Sending, n.Op == notice.Post}
	if there {
		item.post = item.post || l.items[i].post // who begins it does not say
		l.sending -= ones(l.items[i].sending)
		l.items[i] = item
	} else {
		l.items = slices.Insert(l.items, i, item)
		q.waiting++
	}
	l.sending += ones(item.sending)
	q.settle(l)
}

// drop takes out a notice that is final.
func (q *queue) drop(n *notice.Notice) {
	l, i, there := q.find(n)
	if !there {
		return
	}
	l.sending -= ones(l.items[i].sending)
	l.items = slices.Delete(l.items, i, i+1)
	q.waiting--
	q.settle(l)
}

func ones(is bool) int {
	if is {
		return 1
	}
	return 0
}

// settle puts a line where it belongs.
func (q *queue) settle(l *line) {
	goes := len(l.items) > 0 && l.sending == 0
	switch {
	case goes && l.at < 0:
		heap.Push(&q.heads, l)
	case goes:
		heap.Fix(&q.heads, l.at)
	case l.at >= 0:
		heap.Remove(&q.heads, l.at)
	}
	if len(l.items) == 0 {
		delete(q.lines, l.lineKey)
	}
}

// due gives the first notices of the lines that can go now, the oldest first, and when the next line can go. It looks at no
// more lines than it gives or is told to leave out.
func (q *queue) due(now time.Time, limit int, except func(notice.Notice) bool) (found []notice.Notice, next time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var seen []*line
	latest := now.UnixNano()
	for len(q.heads) > 0 {
		l := q.heads[0]
		if first := &l.items[0]; len(found) >= limit || first.due > latest {
			next = first.at()
			break
		}
		seen = append(seen, heap.Pop(&q.heads).(*line))
		if n := l.notice(0); except == nil || !except(n) {
			found = append(found, n)
		}
	}
	for _, l := range seen {
		q.settle(l)
	}
	return found, next
}

// notice gives what is known here of a notice.
func (l *line) notice(i int) notice.Notice {
	x := l.items[i]
	return notice.Notice{Tenant: l.tenant, ID: x.id, Place: notice.Place{Conversation: l.conversation, Product: x.product}, Person: l.person, Due: x.at(), State: notice.Waiting}
}

// of gives the notices of a place that wait, of every product when that is empty.
func (q *queue) of(t identity.Tenant, p notice.Place) (waiting []notice.Notice) {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.lines[lineKey{t, p.Conversation, ""}]
	if l == nil {
		return nil
	}
	for i, x := range l.items {
		if !x.sending && (p.Product == "" || x.product == p.Product) {
			waiting = append(waiting, l.notice(i))
		}
	}
	return waiting
}

// standing tells whether a message of a product to a conversation is not sent yet.
func (q *queue) standing(t identity.Tenant, p notice.Place) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.lines[lineKey{t, p.Conversation, ""}]
	return l != nil && slices.ContainsFunc(l.items, func(x queued) bool { return x.post && x.product == p.Product })
}

func (q *queue) count() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waiting
}

// dueGatherings gives the gatherings that are due, the oldest first, and when the next will be.
func (q *queue) dueGatherings(now time.Time, limit int) (due []gatheringKey, next time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for key, at := range q.gatherings {
		switch {
		case !at.After(now):
			due = append(due, key)
		case next.IsZero() || at.Before(next):
			next = at
		}
	}
	slices.SortFunc(due, func(a, b gatheringKey) int {
		return cmp.Or(q.gatherings[a].Compare(q.gatherings[b]), cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.Conversation, b.Conversation), cmp.Compare(a.Product, b.Product))
	})
	if len(due) > limit {
		next, due = q.gatherings[due[limit]], due[:limit]
	}
	return due, next
}

// fill reads the queue from a file.
func (q *queue) fill(tx *bbolt.Tx) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	tenants := tx.Bucket([]byte(bucketTenants))
	return tenants.ForEachBucket(func(t []byte) error {
		if err := q.fillNotices(identity.Tenant(t), tenants.Bucket(t)); err != nil {
			return err
		}
		return q.fillGatherings(identity.Tenant(t), tenants.Bucket(t))
	})
}

var errHalfNotice = errors.New("a notice that waits is missing")

func (q *queue) fillNotices(t identity.Tenant, tb *bbolt.Bucket) error {
	names := map[string]string{}
	return tb.Bucket([]byte(bucketDue)).ForEach(func(id, _ []byte) error {
		n, found, err := loadNotice(tb, t, string(id), names)
		switch {
		case err != nil:
			return err
		case !found:
			return errHalfNotice
		}
		q.put(&n)
		return nil
	})
}

func (q *queue) fillGatherings(t identity.Tenant, tb *bbolt.Bucket) error {
	b := tb.Bucket([]byte(bucketGatherings))
	return b.ForEach(func(k, _ []byte) error {
		r, _, err := load[gatheringRecord](b, k)
		if err == nil {
			g := r.gathering(placeOf(k))
			q.gatherings[gatheringKey{t, g.Place}] = g.Due
		}
		return err
	})
}

// heads are the lines that can go, by when their first notice is due; of those that are due together, by its id.
type heads []*line

func (h heads) Len() int { return len(h) }

func (h heads) Less(i, j int) bool {
	a, b := &h[i].items[0], &h[j].items[0]
	if a.due != b.due {
		return a.due < b.due
	}
	return a.id < b.id
}

func (h heads) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i, j
}

// Push implements heap.Interface.
func (h *heads) Push(x any) {
	l := x.(*line)
	l.at = len(*h)
	*h = append(*h, l)
}

// Pop implements heap.Interface.
func (h *heads) Pop() any {
	last := len(*h) - 1
	l := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	l.at = -1
	return l
}
