package notice

import (
	"maps"
	"slices"
	"time"
)

// Gathering is what happened that a place will be told of.
type Gathering struct {
	Place
	// Number tells a gathering from the one before it in the same place.
	Number uint64
	Due    time.Time
	Since  time.Time // of the first event
	// Events are one for each thing that something happened to, the newest last, MaxGathered at most.
	Events []Event
	// More is how many things are not listed, and Left says what became of them, by kind; nil when all are listed.
	More int
	Left map[Kind]Left
	// Heard is how many events were added.
	Heard int
}

// Left is what a gathering does not list of a kind.
type Left struct {
	Things int
	Count  int // as a title counts them: of imports the contacts
}

// MaxGathered is how many events a gathering lists; the rest is counted.
const MaxGathered = 60

// Add adds an event. What happens again and again to one thing is one event, and what was undone is none, as long as it is
// listed: of what is only counted it is not known which it was.
func (g *Gathering) Add(e Event) {
	g.Heard++
	events := slices.Clone(g.Events)
	if i := slices.IndexFunc(events, e.sameThing); i >= 0 {
		before := events[i]
		events = slices.Delete(events, i, i+1)
		var undone bool
		if e, undone = before.then(e); undone {
			g.Events = events
			return
		}
	}
	g.Events = append(events, e)
	if len(g.Events) > MaxGathered {
		g.leave(g.Events[0])
		g.Events = g.Events[1:]
	}
}

// leave counts an event that is not listed any more.
func (g *Gathering) leave(e Event) {
	left := maps.Clone(g.Left)
	if left == nil {
		left = map[Kind]Left{}
	}
	l := left[e.Kind]
	left[e.Kind] = Left{l.Things + 1, l.Count + e.Things()}
	g.More, g.Left = g.More+1, left
}

// only leaves out the kinds that are not wanted.
func (g *Gathering) only(wanted func(Kind) bool) {
	g.Events = slices.DeleteFunc(slices.Clone(g.Events), func(e Event) bool { return !wanted(e.Kind) })
	left := maps.Clone(g.Left)
	for k, l := range left {
		if !wanted(k) {
			g.More -= l.Things
			delete(left, k)
		}
	}
	if g.Left = left; len(left) == 0 {
		g.Left = nil
	}
}

// Things is how many a title counts an event as: an import as the contacts that it brought.
func (e Event) Things() int {
	if e.Kind == ImportDone {
		return max(e.Count, 1)
	}
	return 1
}

// sameThing tells whether two events are about the same contact, or are the same deed on the same file.
func (e Event) sameThing(other Event) bool {
	if e.Contact != "" {
		return other.Contact == e.Contact
	}
	return e.Item != "" && other.Item == e.Item && other.Drive == e.Drive && other.Kind == e.Kind
}

// then is what an event comes to with a later one about the same thing; undone when nothing is different in the end.
func (e Event) then(later Event) (sum Event, undone bool) {
	switch {
	case e.Kind == ContactAdded:
		return e, later.Kind == ContactDeleted // what is new is new, whoever mended it
	case e.Kind == ContactDeleted && later.Kind == ContactAdded: // it was brought back, as it was before
		later.Kind, later.Times = ContactChanged, e.Times
		return later, e.Times == 0
	case later.Kind == ContactDeleted:
		later.Times = max(e.Times, 1)
	default:
		later.Times = max(e.Times, 1) + 1
	}
	return later, false
}
