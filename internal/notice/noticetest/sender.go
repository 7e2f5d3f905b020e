package noticetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

// Connector is a Sender that behaves like the connector of Teams: it remembers what it was sent, and has its troubles.
type Connector struct {
	mu       sync.Mutex
	trouble  func(notice.Notice) Trouble
	asked    []Message
	said     []Message
	gone     map[notice.Place]int
	owner    identity.Person
	onTheWay map[chat]int
	most     int
	together int
}

var _ notice.Sender = (*Connector)(nil)

// Message is a notice as the connector got it.
type Message struct {
	notice.Notice
	At time.Time
}

// Trouble is what goes wrong with a message; the zero Trouble is nothing.
type Trouble struct {
	Slow time.Duration // before anything is done
	Hang bool          // after it was said: no answer comes as long as the caller waits
	Err  error         // instead of saying it
	Lost error         // after it was said: the answer
}

// NewConnector makes a Connector without troubles; owner is who set its places up.
func NewConnector(owner identity.Person) *Connector {
	return &Connector{owner: owner, gone: map[notice.Place]int{}, onTheWay: map[chat]int{}, trouble: func(notice.Notice) Trouble { return Trouble{} }}
}

// Have lets the connector have a trouble with the messages that come from now on.
func (c *Connector) Have(trouble func(notice.Notice) Trouble) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trouble = trouble
}

// Down lets every message fail, and Up none.
func (c *Connector) Down() {
	c.Have(func(notice.Notice) Trouble { return Trouble{Err: Busy()} })
}

// Up ends all trouble.
func (c *Connector) Up() { c.Have(func(notice.Notice) Trouble { return Trouble{} }) }

// Busy is what a service that is down answers.
func Busy() error { return fault.New(fault.Busy, "noticetest.Send", "") }

// Said are the messages that were delivered, in their order.
func (c *Connector) Said() []Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.said)
}

// Asked are all that were sent, delivered or not.
func (c *Connector) Asked() []Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.asked)
}

// Forgotten is how often a place was given up.
func (c *Connector) Forgotten(p notice.Place) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.gone[p]
}

// Most are how many messages were on their way at a time, together and to one conversation.
func (c *Connector) Most() (together, conversation int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.together, c.most
}

// Send implements notice.Sender.
func (c *Connector) Send(ctx context.Context, n notice.Notice) (string, error) {
	trouble := c.enter(n)
	defer c.leave(n)
	if trouble.Slow > 0 {
		select {
		case <-time.After(trouble.Slow):
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	if trouble.Err != nil {
		return "", trouble.Err
	}
	activity := c.say(n)
	if trouble.Hang {
		<-ctx.Done()
		return "", ctx.Err()
	}
	return activity, trouble.Lost
}

func (c *Connector) enter(n notice.Notice) Trouble {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := chatOf(n)
	c.onTheWay[key]++
	c.most = max(c.most, c.onTheWay[key])
	c.asked = append(c.asked, Message{n, time.Now()})
	all := 0
	for _, count := range c.onTheWay {
		all += count
	}
	c.together = max(c.together, all)
	return c.trouble(n)
}

func (c *Connector) leave(n notice.Notice) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := chatOf(n)
	if c.onTheWay[key]--; c.onTheWay[key] == 0 {
		delete(c.onTheWay, key)
	}
}

func (c *Connector) say(n notice.Notice) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said = append(c.said, Message{n, time.Now()})
	if n.Op != notice.Post {
		return n.Activity
	}
	return fmt.Sprintf("activity-%d", len(c.said))
}

// Gone implements notice.Sender.
func (c *Connector) Gone(_ context.Context, _ identity.Tenant, p notice.Place) (identity.Person, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone[p]++
	return c.owner, nil
}

func chatOf(n notice.Notice) chat {
	if n.Conversation != "" {
		return chat{n.Tenant, n.Conversation, ""}
	}
	return chat{n.Tenant, "", n.Person}
}

// Refusal is an error that says more than its kind.
type Refusal struct {
	Kind  fault.Kind
	Code  string
	After time.Duration
}

// Error is for the log.
func (r Refusal) Error() string { return string(r.Kind) + " " + r.Code }

// Reason implements notice.Refusal.
func (r Refusal) Reason() string { return r.Code }

// Pause implements notice.Refusal.
func (r Refusal) Pause() time.Duration { return r.After }

// Fault is the refusal as a Sender gives it.
func (r Refusal) Fault() error { return fault.Wrap(r.Kind, "noticetest.Send", r) }
