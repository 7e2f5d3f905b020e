package store

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"teamspro/internal/fault"
	"teamspro/internal/notice"
)

// drawnLeg is any way in which a notice may be, and what of it is kept of one that was erased.
func drawnLeg() *rapid.Generator[leg] {
	states := courseStates()
	return rapid.Custom(func(t *rapid.T) leg {
		state := rapid.SampledFrom(states[:]).Draw(t, "state")
		if state == "" {
			return leg{}
		}
		return leg{state: state, again: rapid.Bool().Draw(t, "again"), tries: rapid.IntRange(0, math.MaxInt32).Draw(t, "tries"),
			due: rapid.Int64Min(0).Draw(t, "due"), at: rapid.Int64Min(0).Draw(t, "at"), activity: drawnText().Draw(t, "activity"), why: drawnText().Draw(t, "why")}
	})
}

func sameLegs(want, got *course) string {
	return cmp.Diff(want.legs, got.legs, cmp.AllowUnexported(leg{}))
}

// A course comes back as it was, and a part of one does not, nor one with more behind it than a sheet holds.
func TestCourseComesBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := &course{legs: rapid.SliceOfN(drawnLeg(), 1, sheetSize).Draw(t, "legs")}
		raw := c.encode()
		got, err := decodeCourse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if diff := sameLegs(c, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		cut := rapid.IntRange(0, len(raw)-1).Draw(t, "cut")
		if part, err := decodeCourse(raw[:cut]); err == nil && len(part.legs) >= len(c.legs) {
			t.Errorf("%d of %d bytes are %d legs", cut, len(raw), len(part.legs))
		}
		if _, err := decodeCourse(append(raw, make([]byte, sheetSize+1-len(c.legs))...)); err == nil {
			t.Error("more than a sheet holds was read")
		}
	})
}

// The bytes of a course are a form of the file: they may not change without a new courseForm.
func TestCourseBytes(t *testing.T) {
	t.Parallel()
	at := time.Unix(0, 1<<32+5)
	c := &course{legs: make([]leg, 3)}
	err := errors.Join(
		c.legs[0].set("test", &notice.Notice{State: notice.Waiting, Due: time.Unix(0, 1<<32), At: at}),
		c.legs[2].set("test", &notice.Notice{State: notice.Failed, Again: true, Tries: 2, Due: time.Unix(0, 1<<32-1), At: at, Activity: "17", Why: "Gone"}))
	want := "\x01" + "\x00\x00\x00\x01\x00\x00\x00\x00" + "\x01\x00\x00\x0a" + "\x00" + "\x75\x02\x01\x0a" + "\x0217" + "\x04Gone"
	if got := string(c.encode()); err != nil || got != want {
		t.Errorf("got  %q (%v)\nwant %q", got, err, want)
	}
}

func TestDamagedCourseIsRefused(t *testing.T) {
	t.Parallel()
	const head = "\x01\x00\x00\x00\x00\x00\x00\x00\x00"
	for name, raw := range map[string]string{
		"nothing": "", "no base": head[:5], "another form": "\x02" + head[1:], "an unknown state": head + "\x07\x00\x00\x00", "an unknown bit": head + "\x81\x00\x00\x00",
		"no tries": head + "\x01", "many tries": head + "\x01\x80\x80\x80\x80\x08\x00\x00", "no times": head + "\x01\x00\x00", "a number without end": head + "\x01\x00" + strings.Repeat("\x80", 11) + "\x00",
		"a text that is not there": head + "\x23\x00\x00\x00\x05abc", "a text of any length": head + "\x23\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "an erased one that failed": head + "\x40",
	} {
		if c, err := decodeCourse([]byte(raw)); err == nil {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

func TestLegRefusesWhatHasNoForm(t *testing.T) {
	t.Parallel()
	for name, n := range map[string]notice.Notice{
		"no state": {}, "an unknown state": {State: "lost"}, "tries below none": {State: notice.Sent, Tries: -1}, "too much": {State: notice.Sent, Why: strings.Repeat("w", maxSaid+1)},
	} {
		if err := new(leg).set("test", &n); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is read of any bytes is written so that it is read as the same, and nothing panics.
func FuzzReadCourse(f *testing.F) {
	whole := &course{legs: []leg{{state: notice.Waiting, due: 5, at: 7}, {}, {state: notice.Sent, tries: 1, due: 9, at: math.MaxInt64, activity: "1700", why: "429", again: true}}}
	f.Add(whole.encode())
	f.Add((&course{}).encode())
	f.Add(bytes.Repeat([]byte{1}, 99))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := decodeCourse(raw)
		if err != nil {
			return
		}
		again, err := decodeCourse(c.encode())
		if err != nil {
			t.Fatal(err)
		}
		if diff := sameLegs(c, again); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
