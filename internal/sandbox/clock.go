package sandbox

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Clock is the clock of the service: real time, moved by as much as the page asks for. Only what the service does with its
// own time follows it; tokens, certificates and limits stay on real time. A nil Clock shows real time and never changes.
type Clock struct {
	real   func() time.Time // time.Now when nil
	offset atomic.Int64     // nanoseconds ahead of real time

	mu      sync.Mutex
	changed chan struct{}
}

// Now is the time of the service.
func (c *Clock) Now() time.Time {
	if c == nil {
		return time.Now()
	}
	return c.realNow().Add(c.Offset())
}

// Offset is how far the clock is ahead of real time.
func (c *Clock) Offset() time.Duration {
	if c == nil {
		return 0
	}
	return time.Duration(c.offset.Load())
}

// Set lets the clock show a moment now, and go on from there.
func (c *Clock) Set(to time.Time) { c.move(to.Sub(c.realNow())) }

// Changed closes when the clock is set the next time, so that who sleeps until a moment can look again. Nothing ever comes
// from that of a nil Clock.
func (c *Clock) Changed() <-chan struct{} {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changed == nil {
		c.changed = make(chan struct{})
	}
	return c.changed
}

// move puts the clock so far ahead of real time and wakes who waits.
func (c *Clock) move(ahead time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset.Store(int64(ahead))
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
}

func (c *Clock) realNow() time.Time {
	if c.real == nil {
		return time.Now()
	}
	return c.real()
}

// The years that the clock may be set to.
const (
	firstYear = 2000
	lastYear  = 2100
)

// localLayout is a moment as the page's field gives it: without a zone, which is that of whoever asks.
const localLayout = "2006-01-02T15:04"

// clockView is the clock as one person sees it.
type clockView struct {
	Now      time.Time `json:"now"`
	Local    string    `json:"local"` // in the zone of whoever looks, as a field for dates wants it
	Zone     string    `json:"zone"`  // IANA name
	OffsetMS int64     `json:"offsetMs"`
}

func (s *Sandbox) clockView(p *person) clockView {
	now := s.cfg.Clock.Now().In(p.location())
	return clockView{Now: now, Local: now.Format(localLayout), Zone: p.Zone, OffsetMS: s.cfg.Clock.Offset().Milliseconds()}
}

func (s *Sandbox) apiClock(w http.ResponseWriter, r *http.Request) {
	who := s.world.person(orElse(r.URL.Query().Get("as"), "ana"))
	if who == nil {
		http.Error(w, errNoSuch.Error(), http.StatusNotFound)
		return
	}
	writeJSON(w, http.StatusOK, s.clockView(who))
}

// clockOrder moves the clock; one of its ways is named.
type clockOrder struct {
	As         string     `json:"as"`         // whose zone Local and Tomorrow are in; Ana's when empty
	AddSeconds int        `json:"addSeconds"` // so much forwards, or back
	Tomorrow   string     `json:"tomorrow"`   // "08:00" of the next day
	Local      string     `json:"local"`      // "2026-11-23T08:00"
	At         *time.Time `json:"at"`         // RFC 3339
	Real       bool       `json:"real"`       // back to real time
}

func (s *Sandbox) apiSetClock(_ context.Context, o clockOrder) (any, error) {
	who := s.world.person(orElse(o.As, "ana"))
	if who == nil {
		return nil, errNoSuch
	}
	if o.Real {
		s.cfg.Clock.move(0)
	} else {
		to, err := o.moment(s.cfg.Clock.Now(), who.location())
		if err != nil || to.Year() < firstYear || to.Year() > lastYear {
			return nil, errBadRequest
		}
		s.cfg.Clock.Set(to)
	}
	s.world.stir(event{Type: "clock"})
	return s.clockView(who), nil
}

// moment is what an order sets the clock to.
func (o clockOrder) moment(now time.Time, zone *time.Location) (time.Time, error) {
	switch {
	case o.At != nil:
		return *o.At, nil
	case o.Local != "":
		return time.ParseInLocation(localLayout, o.Local, zone)
	case o.Tomorrow != "":
		hour, err := time.Parse("15:04", o.Tomorrow)
		year, month, day := now.In(zone).Date()
		return time.Date(year, month, day+1, hour.Hour(), hour.Minute(), 0, 0, zone), err
	case o.AddSeconds != 0:
		return now.Add(time.Duration(o.AddSeconds) * time.Second), nil
	}
	return now, errBadRequest
}
