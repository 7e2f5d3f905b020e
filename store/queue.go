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
	at      int // in heads; -1 before it is there
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

// move is something that a commit does to the queue: a notice is there now, or is gone, or what fn does.
type move struct {
	line lineKey
	item queued
	gone bool
	fn   func(*queue)
}

// follow does what a commit left to be done.
func (q *queue) follow(after []move) {
	if len(after) == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range after {
		switch m := &after[i]; {
		case m.fn != nil:
			m.fn(q)
		case m.gone:
			q.drop(m.line, m.item.id)
		default:
			q.put(m.line, m.item)
		}
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

func inLine(n *notice.Notice) queued {
	return queued{n.ID, n.Product, nanoseconds(n.Due), n.State == notice.Sending, n.Op == notice.Post}
}

// find gives the place of a notice in its line, or where it would be: mostly the first when it is there, and the end otherwise.
func (l *line) find(id string) (i int, there bool) {
	switch n := len(l.items); {
	case n == 0 || l.items[n-1].id < id:
		return n, false
	case l.items[0].id == id:
		return 0, true
	}
	return slices.BinarySearchFunc(l.items, id, func(x queued, id string) int { return cmp.Compare(x.id, id) })
}

// put notes a notice that is not final, as it is now.
func (q *queue) put(key lineKey, item queued) {
	l := q.lines[key]
	if l == nil {
		l = &line{lineKey: key, at: -1}
		q.lines[key] = l
	}
	if i, there := l.find(item.id); there {
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
func (q *queue) drop(key lineKey, id string) {
	l := q.lines[key]
	if l == nil {
		return
	}
	i, there := l.find(id)
	if !there {
		return
	}
	l.sending -= ones(l.items[i].sending)
	if i == 0 {
		l.items[0] = queued{}
		l.items = l.items[1:]
	} else {
		l.items = slices.Delete(l.items, i, i+1)
	}
	q.waiting--
	q.settle(l)
}

func ones(is bool) int {
	if is {
		return 1
	}
	return 0
}

// settle puts a line where it belongs. One that is on its way keeps its place: it will go on from there.
func (q *queue) settle(l *line) {
	switch {
	case len(l.items) == 0:
		if l.at >= 0 {
			heap.Remove(&q.heads, l.at)
		}
		delete(q.lines, l.lineKey)
	case l.at < 0:
		heap.Push(&q.heads, l)
	case q.heads[l.at] != headOf(l):
		q.heads[l.at] = headOf(l)
		heap.Fix(&q.heads, l.at)
	}
}

// owned is a notice of a tenant, by its id.
type owned struct {
	tenant identity.Tenant
	id     string
}

// due gives the first notices of the lines that can go now, the oldest first, and when the next line can go. It looks at no
// more lines than it gives, is told to leave out, or finds on their way.
func (q *queue) due(now time.Time, limit int, except func(*notice.Notice) bool) (found []owned, next time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	front := frontier{heads: q.heads}
	front.add(0)
	var n notice.Notice // one for all: except keeps none
	for latest := now.UnixNano(); len(front.at) > 0; {
		at := front.take()
		h := &q.heads[at]
		goes := h.line.sending == 0
		if goes && (len(found) >= limit || h.due > latest) {
			return found, instant(h.due)
		}
		front.add(2*at + 1)
		front.add(2*at + 2)
		if !goes {
			continue
		}
		if n = h.line.notice(0); except == nil || !except(&n) {
			found = append(found, owned{h.line.tenant, h.id})
		}
	}
	return found, time.Time{}
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
	r := newReader(t, tb)
	return tb.Bucket([]byte(bucketDue)).ForEach(func(id, v []byte) error {
		found, err := q.fillFrom(r, id, string(v) == sheetMark)
		r.forget()
		if err == nil && !found {
			err = errHalfNotice
		}
		return err
	})
}

// fillFrom reads a notice that waits, or those that wait on a sheet.
func (q *queue) fillFrom(r *outboxReader, id []byte, sheet bool) (found bool, err error) {
	if sheet {
		return r.on(id, func(n *notice.Notice) {
			if !n.State.Final() {
				q.put(lineOf(n), inLine(n))
			}
		})
	}
	n, found, err := r.notice(string(id))
	if err == nil && found {
		q.put(lineOf(&n), inLine(&n))
	}
	return found, err
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

// heads are the lines, by when their first notice is due; of those that are due together, by its id.
type heads []head

// head is a line, and what of its first notice puts it before others.
type head struct {
	due  int64
	id   string
	line *line
}

func headOf(l *line) head { return head{l.items[0].due, l.items[0].id, l} }

func (h heads) Len() int { return len(h) }

func (h heads) Less(i, j int) bool {
	a, b := &h[i], &h[j]
	if a.due != b.due {
		return a.due < b.due
	}
	return a.id < b.id
}

func (h heads) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].line.at, h[j].line.at = i, j
}

// Push implements heap.Interface.
func (h *heads) Push(x any) {
	l := x.(*line)
	l.at = len(*h)
	*h = append(*h, headOf(l))
}

// Pop implements heap.Interface.
func (h *heads) Pop() any {
	last := len(*h) - 1
	l := (*h)[last].line
	(*h)[last] = head{}
	*h = (*h)[:last]
	l.at = -1
	return l
}

// frontier goes through heads in their order, and changes nothing: a heap of those that may be next, by their places. What is
// below one in heads comes after it.
type frontier struct {
	heads heads
	at    []int
}

// add puts in a place, if there is such a one.
func (f *frontier) add(i int) {
	if i >= len(f.heads) {
		return
	}
	f.at = append(f.at, i)
	for c := len(f.at) - 1; c > 0; {
		above := (c - 1) / 2
		if !f.heads.Less(f.at[c], f.at[above]) {
			return
		}
		f.at[c], f.at[above] = f.at[above], f.at[c]
		c = above
	}
}

// take takes out the first place.
func (f *frontier) take() int {
	first, last := f.at[0], len(f.at)-1
	f.at[0] = f.at[last]
	f.at = f.at[:last]
	for i := 0; ; {
		c := 2*i + 1
		if c >= last {
			return first
		}
		if c+1 < last && f.heads.Less(f.at[c+1], f.at[c]) {
			c++
		}
		if !f.heads.Less(f.at[c], f.at[i]) {
			return first
		}
		f.at[c], f.at[i] = f.at[i], f.at[c]
		i = c
	}
}
