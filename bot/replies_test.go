package bot

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// postOffice stands for the connector: it keeps what it takes, and can be told how to answer.
type postOffice struct {
	mu    sync.Mutex
	took  []string // "conversation: text"
	whole []string // the same, as JSON
	tries int
	fail  func(conversation string) int // a status to answer, 0 to take it; -1 hangs
}

func (p *postOffice) RoundTrip(r *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(r.Body)
	parts := strings.Split(r.URL.Path, "/")
	conversation, status := parts[3], http.StatusCreated
	p.mu.Lock()
	p.tries++
	fail := p.fail
	p.mu.Unlock()
	if fail != nil {
		switch refusal := fail(conversation); refusal {
		case 0:
		case -1:
			<-r.Context().Done()
			return nil, r.Context().Err()
		default:
			status = refusal
		}
	}
	if status == http.StatusCreated && !strings.Contains(string(body), `"typing"`) {
		_, text, _ := strings.Cut(string(body), `"text":"`)
		text, _, _ = strings.Cut(text, `"`)
		p.mu.Lock()
		p.took = append(p.took, conversation+": "+text)
		p.whole = append(p.whole, string(body))
		p.mu.Unlock()
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"id":"1"}`)), Request: r}, nil
}

func (p *postOffice) answer(fail func(conversation string) int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fail = fail
}

func (p *postOffice) taken() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.took)
}

func (p *postOffice) tried() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tries
}

func always(status int) func(string) int { return func(string) int { return status } }

// ledger stands for the store: which messages are answered, which answers are owed.
type ledger struct {
	mu       sync.Mutex
	answered map[string]bool
	owed     map[string]identity.Owed
	broken   error
}

func newLedger() *ledger {
	return &ledger{answered: map[string]bool{}, owed: map[string]identity.Owed{}}
}

func (l *ledger) Answered(_ context.Context, key string) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.answered[key], nil
}

func (l *ledger) MarkAnswered(ctx context.Context, key string) error { return l.Settle(ctx, key) }

func (l *ledger) Owe(_ context.Context, o identity.Owed) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.owed[o.Key] = o
	return l.broken
}

func (l *ledger) Settle(_ context.Context, key string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken == nil {
		delete(l.owed, key)
		l.answered[key] = true
	}
	return l.broken
}

func (l *ledger) Owing(context.Context) (all []identity.Owed, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, o := range l.owed {
		all = append(all, o)
	}
	return all, l.broken
}

// state gives the keys that are answered, and those that are owed, in order.
func (l *ledger) state() (answered, owed []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key := range l.answered {
		answered = append(answered, key)
	}
	for key := range l.owed {
		owed = append(owed, key)
	}
	slices.Sort(answered)
	slices.Sort(owed)
	return answered, owed
}

type counted struct {
	mu      sync.Mutex
	waiting int
	refused []string
	unknown []string
	turns   []string
}

func (c *counted) Turn(_, route, kind string, _ time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turns = append(c.turns, route+" "+kind)
}
func (c *counted) Unknown(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unknown = append(c.unknown, name)
}
func (c *counted) Refused(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused = append(c.refused, reason)
}
func (c *counted) Waiting(n int) { c.mu.Lock(); defer c.mu.Unlock(); c.waiting = n }

func (c *counted) waits() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.waiting
}

type oneToken struct{}

func (oneToken) Token(context.Context) (string, error)         { return "token", nil }
func (oneToken) Renew(context.Context, string) (string, error) { return "token", nil }

const smba = "https://smba.example/emea/"

// counter is where answers go out in these tests.
type counter struct {
	*replies
	office *postOffice
	ledger *ledger
	count  *counted
	app    *app
}

func newCounter() *counter {
	c := &counter{office: &postOffice{}, ledger: newLedger(), count: &counted{}}
	c.app = &app{key: ContactPro, log: slog.New(slog.DiscardHandler), now: time.Now, connector: NewConnector(ConnectorConfig{AppID: "app", Tokens: oneToken{},
		HTTP: &http.Client{Transport: officeAt{c.office}}, Hosts: []string{"smba.example"}})}
	c.replies = newReplies(c.ledger, c.count, c.app.log, time.Now)
	return c
}

// officeAt takes the path prefix of the service off.
type officeAt struct{ *postOffice }

func (o officeAt) RoundTrip(r *http.Request) (*http.Response, error) {
	r.URL.Path = strings.TrimPrefix(r.URL.Path, "/emea")
	return o.postOffice.RoundTrip(r)
}

// out is an answer to the message key in a conversation.
func (c *counter) out(conversation, key string) *outgoing {
	o := &outgoing{app: c.app, target: Target{Tenant: "t", ServiceURL: smba, Conversation: conversation}, replyTo: key}
	o.activity.Type, o.activity.Text = "message", key
	o.owed = identity.Owed{Key: key, Tenant: "t"}
	return o
}

func TestRepliesKeepOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCounter()
		c.office.answer(func(conversation string) int { return map[string]int{"down": 503}[conversation] })
		start := time.Now()
		for _, key := range []string{"1", "2", "3"} {
			c.deliver(t.Context(), c.out("down", key))
		}
		if took := time.Since(start); took > 3*firstTry {
			t.Errorf("three answers were waited for %s", took)
		}
		c.deliver(t.Context(), c.out("up", "4")) // nobody waits for another conversation
		synctest.Wait()
		if diff := cmp.Diff([]string{"up: 4"}, c.office.taken()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if answered, owed := c.ledger.state(); len(answered) != 1 || len(owed) != 3 {
			t.Errorf("answered %v, owed %v", answered, owed)
		}
		if !c.answers("2") || c.answers("4") || c.count.waits() != 3 {
			t.Errorf("%d wait", c.count.waits())
		}
		time.Sleep(10 * time.Minute)
		c.office.answer(nil)
		time.Sleep(time.Minute)
		if diff := cmp.Diff([]string{"up: 4", "down: 1", "down: 2", "down: 3"}, c.office.taken()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if answered, owed := c.ledger.state(); len(answered) != 4 || len(owed) != 0 || c.count.waits() != 0 || c.answers("2") {
			t.Errorf("answered %v, owed %v, %d wait", answered, owed, c.count.waits())
		}
		c.close(t.Context())
	})
}

func TestReplySentInTimeIsNotOwed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCounter()
		o := c.out("a", "1")
		c.deliver(t.Context(), o)
		c.owe(t.Context(), o) // somebody who comes too late with the note
		if answered, owed := c.ledger.state(); len(answered) != 1 || len(owed) != 0 {
			t.Errorf("answered %v, owed %v", answered, owed)
		}
	})
}

func TestRepliesGiveUp(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		status int
		after  time.Duration
	}{"refused for good": {403, 0}, "after an hour": {503, giveUp + time.Minute}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newCounter()
				c.office.answer(always(row.status))
				c.deliver(t.Context(), c.out("a", "1"))
				time.Sleep(row.after - time.Minute)
				if answered, _ := c.ledger.state(); row.after > 0 && len(answered) != 0 {
					t.Error("given up too early")
				}
				time.Sleep(2 * time.Minute)
				tries := c.office.tried()
				time.Sleep(time.Hour)
				if answered, owed := c.ledger.state(); len(answered) != 1 || len(owed) != 0 || c.office.tried() != tries {
					t.Errorf("answered %v, owed %v, %d tries more", answered, owed, c.office.tried()-tries)
				}
			})
		})
	}
}

// What Teams does not take for its size is answered with a sentence instead, and is done with.
func TestRepliesTooLarge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCounter()
		refusals := []int{http.StatusRequestEntityTooLarge}
		c.office.answer(func(string) (status int) {
			if len(refusals) > 0 {
				status, refusals = refusals[0], refusals[1:]
			}
			return status
		})
		c.deliver(t.Context(), c.out("a", "1"))
		synctest.Wait()
		if took := c.office.taken(); len(took) != 1 || !strings.Contains(took[0], "Too much for one message") {
			t.Errorf("taken: %q", took)
		}
		if answered, owed := c.ledger.state(); len(answered) != 1 || len(owed) != 0 {
			t.Errorf("answered %v, owed %v", answered, owed)
		}
	})
}

func TestRepliesClose(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fail func(string) int
		most time.Duration
	}{"what is refused now": {always(503), 20 * time.Second}, "what hangs": {always(-1), 20 * time.Second}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newCounter()
				c.office.answer(row.fail)
				c.deliver(t.Context(), c.out("a", "1"))
				c.deliver(t.Context(), c.out("a", "2"))
				ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
				defer cancel()
				start := time.Now()
				c.close(ctx)
				if took := time.Since(start); took < 15*time.Second || took > row.most {
					t.Errorf("took %s", took)
				}
				tries := c.office.tried()
				time.Sleep(time.Hour)
				if _, owed := c.ledger.state(); len(owed) != 2 || c.office.tried() != tries {
					t.Errorf("owed %v, %d tries after the end", owed, c.office.tried()-tries)
				}
			})
		})
	}
}

func TestRepliesCloseWaitsForWhatGoesOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCounter()
		c.office.answer(always(503))
		c.deliver(t.Context(), c.out("a", "1"))
		time.AfterFunc(5*time.Second, func() { c.office.answer(nil) })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		c.close(ctx)
		if _, owed := c.ledger.state(); len(owed) != 0 || len(c.office.taken()) != 1 || ctx.Err() != nil {
			t.Errorf("owed %v, taken %v", owed, c.office.taken())
		}
	})
}

func TestReplyThatCannotBeMarkedIsRemembered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCounter()
		c.ledger.broken = errors.New("the disk is full")
		c.deliver(t.Context(), c.out("a", "1"))
		if !c.answers("1") || len(c.office.taken()) != 1 {
			t.Errorf("a second delivery would be answered again: %v", c.office.taken())
		}
	})
}

func TestRepliesHaveAnEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCounter()
		c.office.answer(always(503))
		for i := range maxWaiting {
			if !c.room() {
				t.Fatalf("no room for %d", i)
			}
			c.enqueue(c.out("a", ""))
		}
		if c.room() {
			t.Error("there is still room")
		}
		c.stop()
		c.done.Wait()
	})
}

func TestRetry(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		err  error
		want bool
	}{
		{nil, false}, {fault.Wrap(fault.Busy, "x", nil), true}, {fault.Wrap(fault.Denied, "x", nil), false}, {fault.Wrap(fault.Internal, "x", nil), false},
		{context.DeadlineExceeded, true}, {fault.Wrap(fault.Internal, "x", context.Canceled), true}, {errors.New("x"), false},
	} {
		if got := retry(row.err); got != row.want {
			t.Errorf("retry(%v) = %v", row.err, got)
		}
	}
}
