package notice

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"teamspro/internal/fault"
)

// Window is how long what is told at once is gathered, so that a burst is one message.
const Window = 5 * time.Second

// maxZone is how long a name of a time zone may be; the longest one known has 32 letters.
const maxZone = 64

// day is a day in minutes.
const day = 24 * 60

// ValidateZone tells whether a name is that of a time zone, "Europe/Paris". "" is UTC. Invalid.
//
// The machine's own zone ("Local") is none: it would be another elsewhere. Nor are names that begin small: names are looked
// up as files, and such a file ("localtime", "posixrules") is that of the machine, too.
func ValidateZone(name string) error {
	const op = "notice.ValidateZone"
	if len(name) > maxZone || name == "Local" || name != "" && (name[0] < 'A' || name[0] > 'Z') {
		return fault.Wrap(fault.Invalid, op, fmt.Errorf("a name of %d bytes is no zone", len(name)))
	}
	for _, c := range []byte(name) {
		if !zoneByte(c) {
			return fault.Wrap(fault.Invalid, op, fmt.Errorf("%q is in no name of a zone", c))
		}
	}
	if _, err := time.LoadLocation(name); err != nil {
		return fault.Wrap(fault.Invalid, op, errors.New("no zone has that name"))
	}
	return nil
}

func zoneByte(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	default:
		return c == '/' || c == '_' || c == '-' || c == '+'
	}
}

// Location is the time zone of a name; UTC when there is none of that name.
func Location(name string) *time.Location {
	if ValidateZone(name) != nil {
		return time.UTC
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return loc
}

// Validate tells whether wishes can be kept: known kinds, each once, and minutes that a day has. Invalid.
func (w Wishes) Validate() error {
	const op = "notice.Wishes.Validate"
	left := Kinds()
	for _, k := range w.Kinds {
		i := slices.Index(left, k)
		if i < 0 {
			return fault.Wrap(fault.Invalid, op, errors.New("a kind is unknown, or there twice"))
		}
		left = slices.Delete(left, i, i+1)
	}
	for _, minute := range []int{w.At, w.Quiet.From, w.Quiet.To} {
		if minute < 0 || minute >= day {
			return fault.Wrap(fault.Invalid, op, fmt.Errorf("%d is no minute of a day", minute))
		}
	}
	return nil
}

// Due is when something that happened then is to be told: with the next notice of the day, or a moment later; never on a day
// that is left out, and never in quiet hours.
func (s Subscription) Due(happened time.Time) time.Time {
	return s.Wishes.due(happened, Location(s.Zone))
}

func (w Wishes) due(happened time.Time, loc *time.Location) time.Time {
	at := happened.In(loc)
	if w.Daily {
		at = w.digest(at)
	} else {
		at = at.Add(Window)
	}
	return w.settle(at).UTC()
}

// digest is the next time of the daily notice after t.
func (w Wishes) digest(t time.Time) time.Time {
	for d := 0; ; d++ {
		at := occurrences(onDay(t, d), w.At)[0]
		if at.After(t) && !w.leavesOut(at) {
			return at
		}
	}
}

// settle moves a time out of the days and hours in which nothing is told, to their end. It comes to an end: the end of quiet
// hours is outside of them, but for a change of the clocks, and of any seven days five are workdays.
func (w Wishes) settle(t time.Time) time.Time {
	for {
		switch {
		case w.leavesOut(t):
			t = next(t, 0)
		case w.Quiet.holds(t):
			t = next(t, w.Quiet.To)
		default:
			return t
		}
	}
}

func (w Wishes) leavesOut(t time.Time) bool {
	return w.Workdays && (t.Weekday() == time.Saturday || t.Weekday() == time.Sunday)
}

// holds tells whether the clock shows a quiet minute.
func (q Quiet) holds(t time.Time) bool {
	m := minute(t)
	if q.From <= q.To {
		return q.From <= m && m < q.To
	}
	return m >= q.From || m < q.To
}

// minute is what the clock shows, in minutes after midnight.
func minute(t time.Time) int { return t.Hour()*60 + t.Minute() }

// next is the first time after t at which the clock shows a minute of the day, or passes over it.
func next(t time.Time, minute int) time.Time {
	for d := 0; ; d++ {
		for _, at := range occurrences(onDay(t, d), minute) {
			if at.After(t) {
				return at
			}
		}
	}
}

// onDay is the day that is d days after that of t.
func onDay(t time.Time, d int) date {
	year, month, dom := t.Date()
	return date{time.Date(year, month, dom+d, 0, 0, 0, 0, time.UTC), t.Location()}
}

// date is a day of the calendar in a zone.
type date struct {
	midnight time.Time // of that day in UTC
	loc      *time.Location
}

// occurrences are the times at which the clock shows a minute of a day, the earliest first: one as a rule, two where the
// clock was put back over it. Where it was put forward over it, it is the time when that was done.
func occurrences(d date, minute int) []time.Time {
	wall := d.midnight.Add(time.Duration(minute) * time.Minute)
	before, after := wall.Add(-24*time.Hour).In(d.loc), wall.Add(24*time.Hour).In(d.loc)
	var found []time.Time
	for _, near := range []time.Time{before, after} {
		_, offset := near.Zone()
		at := wall.Add(-time.Duration(offset) * time.Second).In(d.loc)
		if shown(at).Equal(wall) && (len(found) == 0 || !found[0].Equal(at)) {
			found = append(found, at)
		}
	}
	switch {
	case len(found) == 0:
		return []time.Time{leap(before, wall)}
	case len(found) == 2 && found[1].Before(found[0]):
		return []time.Time{found[1], found[0]}
	default:
		return found
	}
}

// leap is when, from t on, the clock was put from before wall to behind it.
func leap(t, wall time.Time) time.Time {
	for {
		_, end := t.ZoneBounds()
		if end.IsZero() || shown(end).After(wall) {
			return end
		}
		t = end
	}
}

// shown is what the clock shows at t, as a time in UTC.
func shown(t time.Time) time.Time {
	_, offset := t.Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}
