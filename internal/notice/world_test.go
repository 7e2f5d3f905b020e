package notice_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"
	_ "time/tzdata" // the tests go by zones, wherever they run

	"teamspro/internal/identity"
	"teamspro/internal/notice"
	"teamspro/internal/notice/noticetest"
)

const (
	tenant = identity.Tenant("11111111-1111-4111-8111-111111111111")
	other  = identity.Tenant("22222222-2222-4222-8222-222222222222")
	olga   = identity.Person("33333333-3333-4333-8333-333333333333")
	here   = identity.Conversation("19:here@thread.tacv2")
	there  = identity.Conversation("19:there@thread.tacv2")
)

// world is a Runner with everything it needs. It lives in a bubble of synctest.
type world struct {
	t       *testing.T
	clock   *clock
	out     *noticetest.Memory
	teams   *noticetest.Connector
	town    *noticetest.Town
	config  notice.RunnerConfig
	counted *counts
	made    int
}

// clock is that of the bubble, set to another time.
type clock struct {
	mu     sync.Mutex
	offset time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset)
}

func (c *clock) jump(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

// newWorld makes a world in which it is the given time.
func newWorld(t *testing.T, now string) *world {
	t.Helper()
	at, err := time.Parse(time.RFC3339, now)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, clock: &clock{offset: time.Until(at)}, teams: noticetest.NewConnector(olga), town: noticetest.NewTown(), counted: &counts{told: map[string]int{}}}
	w.out = noticetest.New(w.clock.now)
	w.config = notice.RunnerConfig{Outbox: w.out, Sender: w.teams, Subscriptions: w.town, Audience: w.town, Now: w.clock.now, Metrics: w.counted}
	return w
}

// run lets a Runner work until stop is called, which waits for its end.
func (w *world) run() (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- notice.NewRunner(w.config).Run(ctx) }()
	var once sync.Once
	var err error
	return func() error {
		once.Do(func() {
			cancel()
			err = <-ended
		})
		return err
	}
}

// wish sets what a conversation wants; every kind, unless the wishes say otherwise.
func (w *world) wish(t identity.Tenant, c identity.Conversation, zone string, wishes notice.Wishes) {
	if wishes.Kinds == nil {
		wishes.Kinds = notice.Kinds()
	}
	w.town.Wish(t, notice.Subscription{Conversation: c, Wishes: wishes, Zone: zone, By: olga})
}

// happen lets n things happen now.
func (w *world) happen(kind notice.Kind, n int) {
	for range n {
		w.made++
		e := notice.Event{Key: fmt.Sprint(w.made), Kind: kind, At: w.clock.now(), Book: "b", Contact: fmt.Sprint(w.made)}
		if kind.Product() == "image" {
			e = notice.Event{Key: fmt.Sprint(w.made), Kind: kind, At: w.clock.now(), Conversation: here, Drive: "d", Item: fmt.Sprint(w.made)}
		}
		w.out.Happened(tenant, e)
	}
}

// tell puts notices into the outbox: each of the conversations gets n.
func (w *world) tell(t identity.Tenant, n int, conversations ...identity.Conversation) {
	w.t.Helper()
	var notices []notice.Notice
	for i := range n {
		for _, c := range conversations {
			w.made++
			now := w.clock.now()
			notices = append(notices, notice.Notice{Tenant: t, ID: fmt.Sprintf("%s%06d", notice.NewID(now)[:12], w.made), Key: fmt.Sprint("key", w.made),
				Place: notice.Place{Conversation: c, Product: "contact"}, Op: notice.Post, Content: notice.Content{Announcement: fmt.Sprint(i)},
				Due: now, State: notice.Waiting, At: now})
		}
	}
	if err := w.out.Add(context.Background(), notices); err != nil {
		w.t.Fatal(err)
	}
}

// places are n conversations.
func places(n int) (all []identity.Conversation) {
	for i := range n {
		all = append(all, identity.Conversation(fmt.Sprintf("19:%d@thread.tacv2", i)))
	}
	return all
}

// states counts the notices by how far they have come.
func (w *world) states() map[notice.State]int {
	count := map[notice.State]int{}
	for _, n := range w.out.Notices() {
		count[n.State]++
	}
	return count
}

// times counts how often each notice was said.
func (w *world) times() map[string]int {
	count := map[string]int{}
	for _, m := range w.teams.Said() {
		count[m.ID]++
	}
	return count
}

// once checks that every notice was said, and none twice.
func (w *world) once(notices int) {
	w.t.Helper()
	said := w.times()
	if len(said) != notices {
		w.t.Errorf("%d notices were said, expected %d; %v", len(said), notices, w.states())
	}
	for id, n := range said {
		if n != 1 {
			w.t.Errorf("%s was said %d times", id, n)
		}
	}
}

// said gives when a message was said, by the clock of the world in a zone, and how many events it lists and counts.
func (w *world) said(m noticetest.Message, zone string) string {
	g := m.Content.Gathering
	return fmt.Sprintf("%s %s %d+%d", m.At.Add(w.clock.offset).In(notice.Location(zone)).Format("01-02 15:04:05"), m.Product, len(g.Events), g.More)
}

// counts are metrics.
type counts struct {
	mu      sync.Mutex
	told    map[string]int
	waiting int
}

func (c *counts) Told(product string, op notice.Op, state notice.State) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told[fmt.Sprintf("%s %s %s", product, op, state)]++
}

// of gives what was counted.
func (c *counts) of(what string) (told, waiting int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.told[what], c.waiting
}

func (c *counts) Waiting(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = n
}
