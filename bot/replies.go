package bot

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/infracloudio/msbotbuilder-go/schema"

	"teamspro/cards"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/lang"
)

// replies delivers what the bot says, in order within a conversation. What the connector does not take now waits in
// memory and is tried again until it is taken. That an answer is owed is on disk before the person's message is
// acknowledged: what waits in memory is lost with the process, and then the person is told to ask again (Resume).
// The answer itself is never on disk, because it may repeat what the person wrote.
type replies struct {
	turns   Turns
	metrics Metrics
	log     *slog.Logger
	now     func() time.Time

	mu      sync.Mutex
	lanes   map[string]*lane // by conversation; one goroutine works at each
	keys    map[string]bool  // of the messages whose answers are in the lanes, or could not be marked as answered
	waiting int

	sending context.Context // ends when nothing is sent any more
	stop    context.CancelFunc
	done    sync.WaitGroup
}

// lane is what is to be said in one conversation, the first being sent.
type lane struct {
	queue []*outgoing
	// late is set while the connector takes nothing.
	late bool
}

// outgoing is one message on its way.
type outgoing struct {
	app    *app
	target Target
	// replyTo is the message that is answered; in a channel the answer stays in its thread.
	replyTo  string
	activity schema.Activity
	// owed is what is kept when it must wait; an empty Key keeps nothing.
	owed identity.Owed

	// answer learns the id of the message once it is sent; it may be nil.
	answer *answerID
	id     string

	born time.Time
	mu   sync.Mutex    // orders owing and settling
	done chan struct{} // closed when it was taken, or refused for good
}

// Limits of waiting.
const (
	maxWaiting = 10_000
	// firstTry is how long the person's message stays open for its answer to go out. A connector takes longer now and then,
	// and the limits may make us wait; then the answer is owed, and the message is acknowledged without it.
	firstTry = 25 * time.Millisecond
	// saidTime is the same for what the bot says of itself after a dialog or an installation, which is owed to nobody.
	saidTime   = time.Second
	laterTry   = 30 * time.Second
	maxPause   = 10 * time.Second
	giveUp     = time.Hour
	lastMoment = 2 * time.Second // for what is being sent when the service ends
)

func newReplies(turns Turns, metrics Metrics, log *slog.Logger, now func() time.Time) *replies {
	q := &replies{turns: turns, metrics: metrics, log: log, now: now, lanes: map[string]*lane{}, keys: map[string]bool{}}
	q.sending, q.stop = context.WithCancel(context.Background())
	return q
}

// room tells whether one more message could wait if it had to.
func (q *replies) room() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waiting < maxWaiting
}

// answers tells whether the answer to a message is on its way.
func (q *replies) answers(key string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.keys[key]
}

// deliver sends a message after those that wait in its conversation. When it comes back, the connector has taken the
// message or refused it for good, or the message is late and owed on disk. Sending goes on in any case.
func (q *replies) deliver(ctx context.Context, o *outgoing) {
	if late := q.enqueue(o); late {
		q.owe(ctx, o)
		return
	}
	timer := time.NewTimer(o.patience())
	defer timer.Stop()
	select {
	case <-o.done:
		return
	case <-timer.C:
	case <-ctx.Done():
	case <-q.sending.Done():
	}
	q.owe(ctx, o)
}

func (o *outgoing) patience() time.Duration {
	if o.owed.Key == "" {
		return saidTime
	}
	return firstTry
}

// enqueue puts a message at the end of its lane and tells whether the lane is late.
func (q *replies) enqueue(o *outgoing) (late bool) {
	o.born, o.done = q.now(), make(chan struct{})
	q.mu.Lock()
	defer q.mu.Unlock()
	q.count(1)
	if o.owed.Key != "" {
		q.keys[o.owed.Key] = true
	}
	name := o.lane()
	l := q.lanes[name]
	if l == nil {
		l = &lane{}
		q.lanes[name] = l
		q.done.Go(func() { q.run(name, l) })
	}
	l.queue = append(l.queue, o)
	return l.late
}

// count notes how many messages wait; the caller holds mu.
func (q *replies) count(change int) {
	q.waiting += change
	q.metrics.Waiting(q.waiting)
}

// owe notes on disk that an answer is late, unless it went out in the meantime.
func (q *replies) owe(ctx context.Context, o *outgoing) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.owed.Key == "" || isClosed(o.done) {
		return
	}
	if err := q.turns.Owe(context.WithoutCancel(ctx), o.owed); err != nil {
		q.log.Error("an answer waits that a crash would lose", "error", err)
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func (o *outgoing) lane() string { return string(o.owed.Tenant) + "|" + o.target.Conversation }

func (o *outgoing) send(ctx context.Context) error {
	var err error
	if o.replyTo == "" {
		o.id, err = o.app.connector.Send(ctx, o.target, o.activity)
	} else {
		o.id, err = o.app.connector.Reply(ctx, o.target, o.replyTo, o.activity)
	}
	return err
}

func retry(err error) bool {
	return err != nil && (fault.Is(err, fault.Busy) || isContext(err))
}

// run sends what is in a lane, one message after the other, and ends with the lane or the service.
func (q *replies) run(name string, l *lane) {
	pause := time.Second
	for {
		o := q.head(name, l)
		switch {
		case o == nil:
			return
		case q.try(l, o):
			pause = time.Second
		case !q.sleep(pause):
			return
		default:
			pause = min(2*pause, maxPause)
		}
	}
}

// head gives the first message of a lane, or removes the empty lane.
func (q *replies) head(name string, l *lane) *outgoing {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(l.queue) == 0 {
		delete(q.lanes, name)
		return nil
	}
	return l.queue[0]
}

// try sends the first message of a lane and tells whether it is done with.
func (q *replies) try(l *lane, o *outgoing) bool {
	ctx, cancel := context.WithTimeout(q.sending, laterTry)
	defer cancel()
	err := o.send(ctx)
	if tooLarge(err) {
		err = o.apology().send(ctx)
	}
	if retry(err) && (q.now().Sub(o.born) < giveUp || q.sending.Err() != nil) {
		q.mu.Lock()
		defer q.mu.Unlock()
		l.late = true
		return false
	}
	marked := q.settle(o, err)
	q.mu.Lock()
	defer q.mu.Unlock()
	if marked { // else the memory of this process has to know it
		delete(q.keys, o.owed.Key)
	}
	l.queue, l.late = l.queue[1:], false
	q.count(-1)
	return true
}

// tooLarge tells whether Teams takes no message of that size. The cards stay far below it, by what is known of it.
func tooLarge(err error) bool {
	var answer *ConnectorError
	return errors.As(err, &answer) && answer.Status == http.StatusRequestEntityTooLarge
}

// apology is what is said in the place of an answer that is too large.
func (o *outgoing) apology() *outgoing {
	speaker := lang.For(o.owed.Locale)
	card := cards.Note(speaker, cards.NoteView{Title: speaker.Text("trouble.large.title"), Text: speaker.Text("trouble.large.text"),
		Next: []cards.Step{{Title: speaker.Text("step.help"), Verb: "help"}}})
	return &outgoing{app: o.app, target: o.target, replyTo: o.replyTo, activity: message(card)}
}

// settle marks a message as answered, whether the connector took it or refused it for good.
func (q *replies) settle(o *outgoing, sent error) (marked bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer close(o.done)
	defer func() { o.answer.is(o.id) }()
	if sent != nil {
		q.log.Warn("an answer was refused by the connector", "app", o.app.key, "tenant", o.owed.Tenant, "error", sent)
	}
	if o.owed.Key == "" {
		return true
	}
	if err := q.turns.Settle(context.Background(), o.owed.Key); err != nil {
		q.log.Error("an answer could not be marked as sent", "error", err)
		return false
	}
	return true
}

// sleep waits about d and tells whether to go on.
func (q *replies) sleep(d time.Duration) bool {
	timer := time.NewTimer(d/2 + rand.N(d))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-q.sending.Done():
		return false
	}
}

// close lets what waits go out until ctx ends. What is left then is owed on disk.
func (q *replies) close(ctx context.Context) {
	defer q.stop()
	empty := make(chan struct{})
	go func() {
		q.done.Wait()
		close(empty)
	}()
	select {
	case <-empty:
		return
	case <-ctx.Done():
	}
	q.stop()
	select {
	case <-empty:
	case <-time.After(lastMoment):
	}
}
