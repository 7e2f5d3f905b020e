// Package noticetest stands in for what internal/notice needs of the world: an outbox and announcements in memory,
// conversations that wish, and a Sender that behaves like a connector. Each keeps to the contracts in ports.go, for one
// process and for as long as it runs.
package noticetest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

// Memory is an Outbox and Announcements. What it gives and takes is copied, so that no one can change what it keeps.
type Memory struct {
	now     func() time.Time
	changed chan struct{}

	mu         sync.Mutex
	full       error
	events     []notice.Unsorted
	read       int
	numbers    uint64 // of events and gatherings
	gatherings map[at]notice.Gathering
	notices    map[named]notice.Notice
	keys       map[named]time.Time
	announced  map[named]notice.Announcement
	seen       map[named]map[identity.Person]bool
}

var (
	_ notice.Outbox        = (*Memory)(nil)
	_ notice.Announcements = (*Memory)(nil)
)

// at is a place of a tenant.
type at struct {
	tenant identity.Tenant
	notice.Place
}

// named is something of a tenant that has a name: an id or a key.
type named struct {
	tenant identity.Tenant
	name   string
}

// New makes an empty Memory; now stamps what it changes.
func New(now func() time.Time) *Memory {
	return &Memory{now: now, changed: make(chan struct{}, 1), gatherings: map[at]notice.Gathering{}, notices: map[named]notice.Notice{},
		keys: map[named]time.Time{}, announced: map[named]notice.Announcement{}, seen: map[named]map[identity.Person]bool{}}
}

// Full makes every write fail with err, as a full disk does; nil ends it.
func (m *Memory) Full(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.full = err
}

// Happened notes events of a tenant, as the store does in the transaction of what caused them.
func (m *Memory) Happened(t identity.Tenant, events ...notice.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range events {
		m.numbers++
		m.events = append(m.events, notice.Unsorted{Tenant: t, Number: m.numbers, Event: e})
	}
	m.signal()
}

// Notices are all that are kept, in the order in which they were made.
func (m *Memory) Notices() []notice.Notice {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.SortedFunc(maps.Values(m.notices), func(a, b notice.Notice) int { return strings.Compare(a.ID, b.ID) })
}

// Gathered are all gatherings, in the order of their places.
func (m *Memory) Gathered() []notice.Gathering {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := slices.Collect(maps.Values(m.gatherings))
	slices.SortFunc(all, func(a, b notice.Gathering) int {
		return cmp.Or(cmp.Compare(a.Conversation, b.Conversation), cmp.Compare(a.Product, b.Product))
	})
	return all
}

// Unsorted counts the events that nobody has sorted yet.
func (m *Memory) Unsorted() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.events)
}

func (m *Memory) signal() {
	select {
	case m.changed <- struct{}{}:
	default:
	}
}

// write begins a change: it takes the lock, which done gives back, and fails on a full disk.
func (m *Memory) write(ctx context.Context) (done func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	if err := m.full; err != nil {
		m.mu.Unlock()
		return nil, err
	}
	return m.mu.Unlock, nil
}

// Events implements notice.Outbox.
func (m *Memory) Events(ctx context.Context, after map[identity.Tenant]uint64, limit int) ([]notice.Unsorted, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := slices.DeleteFunc(slices.Clone(m.events), func(e notice.Unsorted) bool { return e.Number <= after[e.Tenant] })
	found = found[:min(limit, len(found))]
	m.read += len(found)
	return found, ctx.Err()
}

// Read is how many events were read so far.
func (m *Memory) Read() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.read
}

// Sort implements notice.Outbox.
func (m *Memory) Sort(ctx context.Context, t identity.Tenant, sorted []notice.Sorted) error {
	done, err := m.write(ctx)
	if err != nil {
		return err
	}
	defer done()
	for _, s := range sorted {
		i := slices.IndexFunc(m.events, func(e notice.Unsorted) bool { return e.Tenant == t && e.Number == s.Number })
		if i < 0 {
			continue
		}
		for _, to := range s.To {
			m.gather(at{t, to.Place}, m.events[i].Event, to.Due)
		}
		m.events = slices.Delete(m.events, i, i+1)
	}
	m.signal()
	return nil
}

func (m *Memory) gather(p at, e notice.Event, due time.Time) {
	g, ok := m.gatherings[p]
	if !ok {
		m.numbers++
		g = notice.Gathering{Place: p.Place, Number: m.numbers, Due: due, Since: e.At}
	}
	if due.Before(g.Due) {
		g.Due = due
	}
	g.Add(e)
	m.gatherings[p] = g
}

// Gatherings implements notice.Outbox.
func (m *Memory) Gatherings(ctx context.Context, now time.Time, limit int) (due []notice.Owned, next time.Time, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for p, g := range m.gatherings {
		if !g.Due.After(now) {
			due = append(due, notice.Owned{Tenant: p.tenant, Gathering: g})
		} else if next.IsZero() || g.Due.Before(next) {
			next = g.Due
		}
	}
	slices.SortFunc(due, func(a, b notice.Owned) int { return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.Number, b.Number)) })
	return due[:min(limit, len(due))], next, ctx.Err()
}

// Standing implements notice.Outbox.
func (m *Memory) Standing(ctx context.Context, t identity.Tenant, p notice.Place) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range m.notices {
		if n.Tenant == t && n.Place == p && n.Op == notice.Post && !n.State.Final() {
			return true, ctx.Err()
		}
	}
	return false, ctx.Err()
}

// Postpone implements notice.Outbox.
func (m *Memory) Postpone(ctx context.Context, t identity.Tenant, g notice.Gathering, due time.Time) error {
	done, err := m.write(ctx)
	if err != nil {
		return err
	}
	defer done()
	if have, ok := m.gatherings[at{t, g.Place}]; ok && have.Number == g.Number {
		have.Due = due
		m.gatherings[at{t, g.Place}] = have
	}
	return nil
}

// Tell implements notice.Outbox.
func (m *Memory) Tell(ctx context.Context, t identity.Tenant, g notice.Gathering, n *notice.Notice) error {
	done, err := m.write(ctx)
	if err != nil {
		return err
	}
	defer done()
	have, ok := m.gatherings[at{t, g.Place}]
	if !ok || have.Number != g.Number || have.Heard != g.Heard {
		return fault.New(fault.Stale, "noticetest.Tell", "")
	}
	delete(m.gatherings, at{t, g.Place})
	if n != nil {
		m.add(*n)
	}
	return nil
}

// add keeps a notice, unless its key is known.
func (m *Memory) add(n notice.Notice) {
	key := named{n.Tenant, n.Key}
	if _, known := m.keys[key]; known && n.Key != "" {
		return
	}
	m.keys[key] = m.now()
	m.notices[named{n.Tenant, n.ID}] = n
	m.signal()
}

// Add implements notice.Outbox.
func (m *Memory) Add(ctx context.Context, notices []notice.Notice) error {
	done, err := m.write(ctx)
	if err != nil {
		return err
	}
	defer done()
	for _, n := range notices {
		m.add(n)
	}
	return nil
}

// chat is a conversation, or a person's own.
type chat struct {
	tenant       identity.Tenant
	conversation identity.Conversation
	person       identity.Person
}

// Due implements notice.Outbox.
func (m *Memory) Due(ctx context.Context, now time.Time, limit int, except func(*notice.Notice) bool) (due []notice.Notice, next time.Time, err error) {
	heads, next := m.heads(now)
	for _, n := range heads {
		if len(due) == limit {
			return due, n.Due, ctx.Err()
		}
		if !except(&notice.Notice{Tenant: n.Tenant, ID: n.ID, Place: n.Place, Person: n.Person}) {
			due = append(due, n)
		}
	}
	return due, next, ctx.Err()
}

// heads are the oldest notices of each chat, where they are due, the oldest first, and when the next will be.
func (m *Memory) heads(now time.Time) (due []notice.Notice, next time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	first := map[chat]notice.Notice{}
	for _, n := range m.notices {
		if have, ok := first[chatOf(n)]; !n.State.Final() && (!ok || n.ID < have.ID) {
			first[chatOf(n)] = n
		}
	}
	for _, n := range first {
		switch {
		case n.State == notice.Sending:
		case !n.Due.After(now):
			due = append(due, n)
		case next.IsZero() || n.Due.Before(next):
			next = n.Due
		}
	}
	slices.SortFunc(due, func(a, b notice.Notice) int { return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.ID, b.ID)) })
	return due, next
}

// Turns implements notice.Outbox.
func (m *Memory) Turns(ctx context.Context, done []notice.Outcome, begin []notice.Notice) (begun []bool, err error) {
	unlock, err := m.write(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	for _, d := range done {
		m.end(d)
	}
	begun = make([]bool, len(begin))
	for i, b := range begin {
		id := named{b.Tenant, b.ID}
		n, ok := m.notices[id]
		if begun[i] = ok && n.State == notice.Waiting; begun[i] {
			n.State, n.At = notice.Sending, m.now()
			m.notices[id] = n
		}
	}
	return begun, nil
}

func (m *Memory) end(done notice.Outcome) {
	id := named{done.Notice.Tenant, done.Notice.ID}
	n, ok := m.notices[id]
	if !ok || n.State.Final() {
		return
	}
	n.State, n.Why, n.At, n.Tries = done.State, done.Why, m.now(), n.Tries+1
	n.Again = n.Again || done.Notice.Again
	if done.Activity != "" {
		n.Activity = done.Activity
	}
	if n.State == notice.Waiting {
		n.Due = done.Due
		m.signal()
	}
	m.notices[id] = n
	if a, known := m.announced[named{n.Tenant, n.Content.Announcement}]; known && a.Since(done.Began) {
		m.follow(a, n)
	}
}

// follow adds what brings a copy of an announcement up to date.
func (m *Memory) follow(a notice.Announcement, post notice.Notice) {
	if n, needed := a.Follow(post, m.now()); needed {
		m.add(n)
	}
}

// Interrupted implements notice.Outbox.
func (m *Memory) Interrupted(ctx context.Context) (int, error) {
	done, err := m.write(ctx)
	if err != nil {
		return 0, err
	}
	defer done()
	count := 0
	for id, n := range m.notices {
		if n.State == notice.Sending {
			n.State, n.Again = notice.Waiting, true
			m.notices[id] = n
			count++
		}
	}
	return count, nil
}

// DropPlace implements notice.Outbox.
func (m *Memory) DropPlace(ctx context.Context, t identity.Tenant, p notice.Place) error {
	done, err := m.write(ctx)
	if err != nil {
		return err
	}
	defer done()
	in := func(tenant identity.Tenant, q notice.Place) bool {
		return tenant == t && q.Conversation == p.Conversation && (p.Product == "" || q.Product == p.Product)
	}
	maps.DeleteFunc(m.gatherings, func(have at, _ notice.Gathering) bool { return in(have.tenant, have.Place) })
	for id, n := range m.notices {
		if n.State == notice.Waiting && in(n.Tenant, n.Place) {
			n.State, n.At = notice.Dropped, m.now()
			m.notices[id] = n
		}
	}
	return nil
}

// Purge implements notice.Outbox.
func (m *Memory) Purge(ctx context.Context, now time.Time) error {
	done, err := m.write(ctx)
	if err != nil {
		return err
	}
	defer done()
	kept, text := now.Add(-notice.KeysKept), now.Add(-notice.TextKept)
	maps.DeleteFunc(m.notices, func(_ named, n notice.Notice) bool { return n.State.Final() && n.At.Before(kept) })
	maps.DeleteFunc(m.keys, func(_ named, since time.Time) bool { return since.Before(kept) })
	maps.DeleteFunc(m.announced, func(_ named, a notice.Announcement) bool { return a.At.Before(text) })
	return nil
}

// Waiting implements notice.Outbox.
func (m *Memory) Waiting(ctx context.Context) (count int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range m.notices {
		if !n.State.Final() {
			count++
		}
	}
	return count, ctx.Err()
}

// Changed implements notice.Outbox.
func (m *Memory) Changed() <-chan struct{} { return m.changed }

// Announce implements notice.Announcements.
func (m *Memory) Announce(ctx context.Context, t identity.Tenant, a notice.Announcement, notices []notice.Notice) (notice.Announcement, error) {
	done, err := m.write(ctx)
	if err != nil {
		return notice.Announcement{}, err
	}
	defer done()
	id := named{t, a.ID}
	if _, ok := m.announced[id]; ok {
		return m.announcement(id)
	}
	m.announced[id] = copied(a)
	for _, n := range notices {
		m.add(n)
	}
	return m.announcement(id)
}

func copied(a notice.Announcement) notice.Announcement {
	a.Targets = slices.Clone(a.Targets)
	return a
}

func (m *Memory) announcement(id named) (notice.Announcement, error) {
	a, ok := m.announced[id]
	if !ok {
		return notice.Announcement{}, fault.New(fault.NotFound, "noticetest.Announcement", "")
	}
	a.Seen = len(m.seen[id])
	return copied(a), nil
}

// Announcement implements notice.Announcements.
func (m *Memory) Announcement(_ context.Context, t identity.Tenant, id string) (notice.Announcement, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.announcement(named{t, id})
}

// Latest implements notice.Announcements.
func (m *Memory) Latest(_ context.Context, t identity.Tenant, by identity.Person, limit int) ([]notice.Announcement, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var own []notice.Announcement
	for id, a := range m.announced {
		if id.tenant == t && (by == "" || a.By == by) {
			a.Seen = len(m.seen[id])
			own = append(own, copied(a))
		}
	}
	slices.SortFunc(own, func(a, b notice.Announcement) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.ID, a.ID)) })
	return own[:min(limit, len(own))], nil
}

// Change implements notice.Announcements.
func (m *Memory) Change(ctx context.Context, t identity.Tenant, id string,
	change func(*notice.Announcement, []notice.Notice) ([]notice.Notice, error)) (notice.Announcement, error) {
	done, err := m.write(ctx)
	if err != nil {
		return notice.Announcement{}, err
	}
	defer done()
	a, err := m.announcement(named{t, id})
	if err != nil {
		return notice.Announcement{}, err
	}
	sent := slices.DeleteFunc(m.copies(t, id), func(n notice.Notice) bool { return n.State != notice.Sent && n.State != notice.Possibly })
	more, err := change(&a, sent)
	if err != nil {
		return notice.Announcement{}, err
	}
	m.announced[named{t, id}] = copied(a)
	if !a.Recalled.IsZero() {
		m.unsaid(t, id)
	}
	for _, n := range sent {
		m.follow(a, n)
	}
	for _, n := range more {
		m.add(n)
	}
	return a, nil
}

// unsaid drops what waits of an announcement.
func (m *Memory) unsaid(t identity.Tenant, announcement string) {
	for id, n := range m.notices {
		if n.Tenant == t && n.Content.Announcement == announcement && n.State == notice.Waiting {
			n.State, n.At = notice.Dropped, m.now()
			m.notices[id] = n
		}
	}
}

// Copies implements notice.Announcements.
func (m *Memory) Copies(_ context.Context, t identity.Tenant, id string) ([]notice.Notice, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.copies(t, id), nil
}

func (m *Memory) copies(t identity.Tenant, id string) (posts []notice.Notice) {
	for _, n := range m.notices {
		if n.Tenant == t && n.Content.Announcement == id && n.Op == notice.Post {
			posts = append(posts, n)
		}
	}
	slices.SortFunc(posts, func(a, b notice.Notice) int { return strings.Compare(a.ID, b.ID) })
	return posts
}

// Acknowledge implements notice.Announcements.
func (m *Memory) Acknowledge(ctx context.Context, t identity.Tenant, id string, p identity.Person, _ time.Time) (first bool, err error) {
	done, err := m.write(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	name := named{t, id}
	if _, err := m.announcement(name); err != nil || m.seen[name][p] {
		return false, err
	}
	if m.seen[name] == nil {
		m.seen[name] = map[identity.Person]bool{}
	}
	m.seen[name][p] = true
	return true, nil
}

// Acknowledged implements notice.Announcements.
func (m *Memory) Acknowledged(_ context.Context, t identity.Tenant, id string, p identity.Person) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.seen[named{t, id}][p], nil
}
