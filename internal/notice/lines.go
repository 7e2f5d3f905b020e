package notice

import (
	"time"

	"teamspro/internal/identity"
)

// How a tenant is left in peace whose service does not answer.
const (
	// busyRow is after how many failures in a row everything of a tenant waits for a probe.
	busyRow    = 3
	firstPause = time.Second
	maxPause   = 30 * time.Second
)

// lines are the notices that were read from the outbox and wait for a sender: a line for each tenant, served in turn. They
// also know what is being sent, so that a conversation has one notice on its way at a time.
//
// They are not safe for use by several goroutines at once; Runner guards them.
type lines struct {
	share  int // of the senders, for one tenant
	most   int // the same while its service answers at once
	each   int // how many may stand in one line
	queued int
	byName map[identity.Tenant]*line
	turns  []*line // those that are not empty; the first is served next
	// taken are the chats that stand in a line or are being sent to; freed are those that were since reading began.
	taken, freed map[chat]bool
	found        map[chat]bool // in the present reading
}

// chat is a conversation, or the personal chat of somebody of whom no more is known.
type chat struct {
	tenant       identity.Tenant
	conversation identity.Conversation
	person       identity.Person
}

func chatOf(n *Notice) chat {
	if n.Conversation != "" {
		return chat{n.Tenant, n.Conversation, ""}
	}
	return chat{n.Tenant, "", n.Person}
}

// line is what waits of a tenant, and how its service does.
type line struct {
	waiting []*Notice
	sending int
	since   time.Time     // the beginning of the second in which answers are counted
	count   int           // of them
	fast    bool          // the last second had many, or this one has
	busy    int           // failures in a row
	pause   time.Duration // before the next probe; 0 while the service answers
	until   time.Time
	probe   chat // that the probe is sent to; zero when none is on its way
}

// fast is how many answers a second come from a service that nothing limits: Teams allows 50.
const fast = 200

func newLines(share, most, each int) *lines {
	return &lines{share: share, most: most, each: each, byName: map[identity.Tenant]*line{}, taken: map[chat]bool{}, freed: map[chat]bool{}, found: map[chat]bool{}}
}

// of gives the line of a tenant, and makes one where none is.
func (l *lines) of(t identity.Tenant) *line {
	if l.byName[t] == nil {
		l.byName[t] = &line{}
	}
	return l.byName[t]
}

// reading begins to read the outbox. The answer is asked of each notice that is found, from any goroutine that holds the
// same lock: true leaves it out. What becomes free while it is read is left out too, as it may be seen as it was before.
func (l *lines) reading() (except func(*Notice) bool) {
	clear(l.freed)
	clear(l.found)
	count := map[identity.Tenant]int{}
	for t, line := range l.byName {
		count[t] = len(line.waiting)
	}
	return func(n *Notice) bool {
		c := chatOf(n)
		if l.taken[c] || l.freed[c] || l.found[c] || count[n.Tenant] >= l.each {
			return true
		}
		l.found[c] = true
		count[n.Tenant]++
		return false
	}
}

// empty tells whether nothing of a tenant stands in line.
func (l *lines) empty(t identity.Tenant) bool {
	line := l.byName[t]
	return line == nil || len(line.waiting) == 0
}

// add puts notices that were read into their lines.
func (l *lines) add(notices []Notice) {
	for i := range notices {
		n := &notices[i]
		if c := chatOf(n); !l.taken[c] && !l.freed[c] {
			l.taken[c] = true
			l.enter(n)
		}
	}
}

func (l *lines) enter(n *Notice) {
	line := l.of(n.Tenant)
	if len(line.waiting) == 0 {
		l.turns = append(l.turns, line)
	}
	line.waiting = append(line.waiting, n)
	l.queued++
}

// pick takes the next notice: that of the tenant whose turn it is, of those that may have another sender now; nil when there is
// none.
func (l *lines) pick(now time.Time) *Notice {
	for i, line := range l.turns {
		if line.sending >= l.room(line) || !line.open(now) {
			continue
		}
		n := line.waiting[0]
		line.waiting = line.waiting[1:]
		line.sending++
		if line.pause > 0 {
			line.probe = chatOf(n)
		}
		l.queued--
		l.turns = append(l.turns[:i], l.turns[i+1:]...)
		if len(line.waiting) > 0 {
			l.turns = append(l.turns, line)
		}
		return n
	}
	return nil
}

// room is how many of a tenant may be on their way. More than its share may only where they do not wait there for a limit: what
// is on its way when the process dies is told as possibly there twice.
func (l *lines) room(of *line) int {
	if of.fast {
		return l.most
	}
	return l.share
}

// open tells whether anything of the tenant may be sent: always while its service answers, else one probe at a time.
func (l *line) open(now time.Time) bool {
	return l.pause == 0 || l.probe == (chat{}) && !now.Before(l.until)
}

// back returns a notice that was picked and not begun.
func (l *lines) back(n *Notice) {
	line := l.of(n.Tenant)
	line.left(chatOf(n))
	l.enter(n)
}

// verdict is what a sending told of the service of a tenant.
type verdict int

const (
	silent  verdict = iota // nothing was asked, or only this conversation has to wait
	answers                // it does its work
	fails
)

// end ends a notice that was picked; what is told of the service counts for the whole tenant. It tells whether
// the tenant's line opened again. The conversation has its next notice after free.
func (l *lines) end(n *Notice, v verdict, now time.Time) (opened bool) {
	line := l.of(n.Tenant)
	held := line.pause > 0
	if v == answers {
		line.answered(now)
	}
	line.hear(v, line.left(chatOf(n)), now)
	return held && line.pause == 0
}

// answered counts an answer.
func (l *line) answered(now time.Time) {
	if now.Sub(l.since) >= time.Second {
		l.fast = l.count >= fast
		l.since, l.count = now, 0
	}
	l.count++
	l.fast = l.fast || l.count >= fast
}

// free lets the conversation of a notice have its next one.
func (l *lines) free(n *Notice) {
	c := chatOf(n)
	delete(l.taken, c)
	l.freed[c] = true
	if line := l.byName[n.Tenant]; line != nil && line.sending == 0 && len(line.waiting) == 0 && line.busy == 0 {
		delete(l.byName, n.Tenant)
	}
}

// left notes that a notice is no longer on its way, and tells whether it was the probe.
func (l *line) left(c chat) (probe bool) {
	l.sending--
	if l.probe != c {
		return false
	}
	l.probe = chat{}
	return true
}

// hear draws the conclusion: after several failures in a row everything waits for a probe, each twice as long as the last.
// What was on its way when that began, and fails as well, tells nothing new.
func (l *line) hear(v verdict, probe bool, now time.Time) {
	switch {
	case v == answers:
		l.busy, l.pause = 0, 0
	case v == fails && probe:
		l.pause = min(2*l.pause, maxPause)
		l.until = now.Add(jitter(l.pause))
	case v == fails && l.pause == 0:
		if l.busy++; l.busy >= busyRow {
			l.pause, l.until = firstPause, now.Add(jitter(firstPause))
		}
	}
}

// opens is when the next line that waits for a probe may send one; zero when none waits.
func (l *lines) opens() time.Time {
	var first time.Time
	for _, line := range l.turns {
		if line.pause > 0 && line.probe == (chat{}) && (first.IsZero() || line.until.Before(first)) {
			first = line.until
		}
	}
	return first
}
