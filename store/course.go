package store

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"

	"teamspro/internal/fault"
	"teamspro/internal/notice"
)

// course is how far the notices of a sheet have come, one after the other.
type course struct {
	legs    []leg
	unsaved bool
}

// leg is how far one notice has come. Times are nanoseconds since 1970.
type leg struct {
	state    notice.State // empty: it was erased
	again    bool
	tries    int
	due, at  int64
	activity string
	why      string
}

// The form of a course: courseForm; eight bytes, big-endian, the base of all its times; then a leg after the other. A leg is a
// byte, which is the place of its state among courseStates and what of the bits below is true of it; the tries; due and at, as
// differences to the base; the activity and the reason, each with its length before it, where there is one. Numbers are
// varints, those of times signed. Of a leg that was erased there is the first byte only.
const (
	courseForm = 1
	courseHead = 9

	legState    = 0x0f
	legAgain    = 0x10
	legActivity = 0x20
	legWhy      = 0x40
)

// maxSaid is how long activity and reason of a notice on a sheet may be, in bytes: less than a value can hold of all.
const maxSaid = maxValue / (2 * sheetSize)

// courseStates are the states by their numbers in a course; append only.
func courseStates() [7]notice.State {
	return [...]notice.State{"", notice.Waiting, notice.Sending, notice.Sent, notice.Possibly, notice.Failed, notice.Dropped}
}

// set writes down how far a notice has come.
func (l *leg) set(op string, n *notice.Notice) error {
	states := courseStates()
	if len(n.Activity)+len(n.Why) > maxSaid {
		return fault.New(fault.Invalid, op, "store.too_large")
	}
	if n.State == "" || n.Tries < 0 || n.Tries > math.MaxInt32 || !slices.Contains(states[:], n.State) {
		return fault.New(fault.Invalid, op, "")
	}
	*l = leg{state: n.State, again: n.Again, tries: n.Tries, due: nanoseconds(n.Due), at: nanoseconds(n.At), activity: n.Activity, why: n.Why}
	return nil
}

// stateNow is the state of a leg, if there is one.
func (l *leg) stateNow() notice.State {
	if l == nil {
		return ""
	}
	return l.state
}

// open tells whether something of it is still to be sent.
func (c *course) open() bool {
	return slices.ContainsFunc(c.legs, func(l leg) bool { return l.state != "" && !l.state.Final() })
}

// last is when something of it was changed last, in nanoseconds since 1970.
func (c *course) last() (at int64) {
	for i := range c.legs {
		at = max(at, c.legs[i].at)
	}
	return at
}

// encode writes a course.
func (c *course) encode() []byte {
	var base int64
	if len(c.legs) > 0 {
		base = c.legs[0].due
	}
	raw := make([]byte, 0, courseHead+40*len(c.legs))
	raw = binary.BigEndian.AppendUint64(append(raw, courseForm), uint64(base))
	states := courseStates()
	for i := range c.legs {
		l := &c.legs[i]
		raw = l.encode(raw, base, byte(slices.Index(states[:], l.state)))
	}
	return raw
}

func (l *leg) encode(raw []byte, base int64, state byte) []byte {
	first := len(raw)
	raw = append(raw, state)
	if state == 0 {
		return raw
	}
	if l.again {
		raw[first] |= legAgain
	}
	raw = binary.AppendUvarint(raw, uint64(l.tries))
	raw = binary.AppendVarint(raw, l.due-base)
	raw = binary.AppendVarint(raw, l.at-base)
	if l.activity != "" {
		raw[first] |= legActivity
		raw = append(binary.AppendUvarint(raw, uint64(len(l.activity))), l.activity...)
	}
	if l.why != "" {
		raw[first] |= legWhy
		raw = append(binary.AppendUvarint(raw, uint64(len(l.why))), l.why...)
	}
	return raw
}

var errCourse = errors.New("how far the notices of a sheet have come cannot be read")

// decodeCourse reads a course.
func decodeCourse(raw []byte) (*course, error) {
	if len(raw) < courseHead || raw[0] != courseForm {
		return nil, errCourse
	}
	r := courseReader{text: string(raw), at: courseHead, base: int64(binary.BigEndian.Uint64(raw[1:]))}
	c := &course{legs: make([]leg, 0, sheetSize)}
	for r.at < len(raw) && !r.bad {
		if len(c.legs) == sheetSize {
			return nil, errCourse
		}
		c.legs = append(c.legs, r.leg(raw))
	}
	if r.bad {
		return nil, errCourse
	}
	return c, nil
}

// courseReader reads a course from left to right. text is all of it: what legs say are parts of that. After the first fault
// it is bad, and what it gives is worthless.
type courseReader struct {
	text string
	at   int
	base int64
	bad  bool
}

func (r *courseReader) leg(raw []byte) (l leg) {
	first, states := raw[r.at], courseStates()
	r.at++
	state := int(first & legState)
	if state >= len(states) || first&^(legState|legAgain|legActivity|legWhy) != 0 || state == 0 && first != 0 {
		r.bad = true
		return l
	}
	if state == 0 {
		return l
	}
	l.state, l.again = states[state], first&legAgain != 0
	l.tries = int(r.number(raw, math.MaxInt32))
	l.due = r.base + r.difference(raw)
	l.at = r.base + r.difference(raw)
	if first&legActivity != 0 {
		l.activity = r.part(raw)
	}
	if first&legWhy != 0 {
		l.why = r.part(raw)
	}
	return l
}

func (r *courseReader) number(raw []byte, most uint64) uint64 {
	n, size := binary.Uvarint(raw[r.at:])
	if size <= 0 || n > most {
		r.bad = true
		return 0
	}
	r.at += size
	return n
}

func (r *courseReader) difference(raw []byte) int64 {
	n, size := binary.Varint(raw[r.at:])
	if size <= 0 {
		r.bad = true
		return 0
	}
	r.at += size
	return n
}

func (r *courseReader) part(raw []byte) string {
	size := int(r.number(raw, maxSaid))
	if r.bad || size > len(raw)-r.at {
		r.bad = true
		return ""
	}
	part := r.text[r.at : r.at+size]
	r.at += size
	return part
}
