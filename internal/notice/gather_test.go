package notice_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

// step is something that happens in a story, a while after the one before.
type step struct {
	after time.Duration
	do    func(*world)
}

func changes(n int) func(*world) {
	return func(w *world) { w.happen(notice.ContactChanged, n) }
}

// TestGathering tells stories: what happens when, and what is said when, with how many events listed and counted.
func TestGathering(t *testing.T) {
	t.Parallel()
	const h = 60
	morning := notice.Wishes{Daily: true, At: 8 * h}
	night := notice.Quiet{From: 22 * h, To: 7 * h}
	hushed := func(wishes notice.Wishes) func(*world) {
		return func(w *world) { w.wish(tenant, here, "Europe/Paris", wishes) }
	}
	for _, row := range []struct {
		name   string
		now    string
		wishes notice.Wishes
		steps  []step
		wait   time.Duration
		said   []string
	}{
		{"a burst is one message", "2026-11-20T10:00:00+01:00", notice.Wishes{}, []step{{0, changes(100)}, {time.Second, changes(100)}, {time.Second, changes(43)}}, time.Minute,
			[]string{"11-20 10:00:05 contact 60+183"}},
		{"what happens later is another", "2026-11-20T10:00:00+01:00", notice.Wishes{}, []step{{0, changes(1)}, {6 * time.Second, changes(2)}}, time.Minute,
			[]string{"11-20 10:00:05 contact 1+0", "11-20 10:00:11 contact 2+0"}},
		{"243 changes in a day are one notice", "2026-11-20T10:00:00+01:00", morning, []step{{0, changes(200)}, {time.Hour, changes(40)}, {12 * time.Hour, changes(3)}}, 30 * time.Hour,
			[]string{"11-21 08:00:00 contact 60+183"}},
		{"each day has its own", "2026-11-20T10:00:00+01:00", morning, []step{{0, changes(2)}, {24 * time.Hour, changes(3)}}, 48 * time.Hour,
			[]string{"11-21 08:00:00 contact 2+0", "11-22 08:00:00 contact 3+0"}},
		{"the weekend is told on Monday", "2026-11-20T10:00:00+01:00", notice.Wishes{Daily: true, At: 8 * h, Workdays: true}, []step{{0, changes(2)}, {24 * time.Hour, changes(3)}}, 72 * time.Hour,
			[]string{"11-23 08:00:00 contact 5+0"}},
		{"two products", "2026-11-20T10:00:00+01:00", notice.Wishes{}, []step{{0, changes(2)}, {0, func(w *world) { w.happen(notice.ImageSaved, 3) }}}, time.Minute,
			[]string{"11-20 10:00:05 contact 2+0", "11-20 10:00:05 image 3+0"}},
		{"only what is wanted", "2026-11-20T10:00:00+01:00", notice.Wishes{Kinds: []notice.Kind{notice.ImageSaved}}, []step{{0, changes(2)}, {0, func(w *world) { w.happen(notice.ImageSaved, 3) }}}, time.Minute,
			[]string{"11-20 10:00:05 image 3+0"}},
		{"a night in which the clocks leap", "2026-03-28T23:00:00+01:00", notice.Wishes{Quiet: night}, []step{{0, changes(1)}, {3 * time.Hour, changes(1)}, {2 * time.Hour, changes(1)}}, 24 * time.Hour,
			[]string{"03-29 07:00:00 contact 3+0"}},
		{"a night with an hour twice", "2026-10-25T00:30:00+02:00", notice.Wishes{Quiet: notice.Quiet{From: 22 * h, To: 2*h + 30}}, []step{{0, changes(1)}, {105 * time.Minute, changes(1)}, {75 * time.Minute, changes(1)}},
			24 * time.Hour, []string{"10-25 02:30:00 contact 2+0", "10-25 02:30:05 contact 1+0"}},
		{"a notice of a time that is there twice", "2026-10-24T12:00:00+02:00", notice.Wishes{Daily: true, At: 2*h + 30}, []step{{0, changes(1)}, {14*time.Hour + 45*time.Minute, changes(1)}}, 48 * time.Hour,
			[]string{"10-25 02:30:00 contact 1+0", "10-26 02:30:00 contact 1+0"}},
		{"nothing is wanted any more", "2026-11-20T10:00:00+01:00", notice.Wishes{}, []step{{0, changes(1)}, {time.Second, hushed(notice.Wishes{Kinds: []notice.Kind{}})}}, time.Minute, nil},
		{"less is wanted by now", "2026-11-20T10:00:00+01:00", notice.Wishes{}, []step{{0, changes(1)}, {0, func(w *world) { w.happen(notice.ContactAdded, 2) }},
			{time.Second, hushed(notice.Wishes{Kinds: []notice.Kind{notice.ContactChanged}})}}, time.Minute, []string{"11-20 10:00:05 contact 1+0"}},
		{"quiet hours came meanwhile", "2026-11-20T10:00:00+01:00", notice.Wishes{}, []step{{0, changes(1)}, {time.Second, hushed(notice.Wishes{Quiet: notice.Quiet{From: 9 * h, To: 11 * h}})}}, 2 * time.Hour,
			[]string{"11-20 11:00:00 contact 1+0"}},
		{"a notice a day came meanwhile", "2026-11-20T10:00:00+01:00", notice.Wishes{}, []step{{0, changes(1)}, {time.Second, hushed(morning)}}, 24 * time.Hour,
			[]string{"11-21 08:00:00 contact 1+0"}},
		{"at once came meanwhile, with the next that happens", "2026-11-20T10:00:00+01:00", morning, []step{{0, changes(1)}, {time.Second, hushed(notice.Wishes{})}, {time.Hour, changes(1)}}, 24 * time.Hour,
			[]string{"11-20 11:00:06 contact 2+0"}},
		{"the clock goes forward", "2026-11-20T10:00:00+01:00", morning, []step{{0, changes(1)}, {time.Hour, func(w *world) { w.clock.jump(24 * time.Hour) }}}, time.Minute,
			[]string{"11-21 11:00:00 contact 1+0"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, row.now)
				w.config.Senders = 4
				w.wish(tenant, here, "Europe/Paris", row.wishes)
				stop := w.run()
				defer stop()
				for _, s := range row.steps {
					time.Sleep(s.after)
					s.do(w)
				}
				time.Sleep(row.wait)
				var said []string
				for _, m := range w.teams.Said() {
					said = append(said, w.said(m, "Europe/Paris"))
				}
				slices.Sort(said)
				if row.name == "the clock goes forward" && len(said) == 1 { // within the three seconds after which it is seen
					said[0] = said[0][:len("11-21 11:00:0")] + "0" + said[0][len("11-21 11:00:00"):]
				}
				if diff := cmp.Diff(row.said, said); diff != "" {
					t.Errorf("said (-expected +got):\n%s", diff)
				}
				if left := w.out.Gathered(); len(left) > 0 {
					t.Errorf("still gathered: %v", left)
				}
			})
		})
	}
}

// TestClockBack sets the clock back: nothing is told twice, and nothing waits until the clock comes there again.
func TestClockBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "2026-11-20T07:59:00+01:00")
		w.wish(tenant, here, "Europe/Paris", notice.Wishes{Daily: true, At: 8 * 60})
		w.wish(tenant, there, "Europe/Paris", notice.Wishes{})
		stop := w.run()
		defer stop()
		w.happen(notice.ContactChanged, 3)
		time.Sleep(2 * time.Minute)
		w.once(2)
		w.clock.jump(-time.Hour) // 8:01 becomes 7:01
		time.Sleep(2 * time.Hour)
		w.once(2)

		w.happen(notice.ContactChanged, 1) // 9:01
		time.Sleep(time.Second)
		w.clock.jump(-48 * time.Hour)
		time.Sleep(20 * time.Second)
		w.once(3) // there, at once; here on the morning after, which now comes two days earlier
		time.Sleep(24 * time.Hour)
		w.once(4)
		if left := w.out.Gathered(); len(left) > 0 {
			t.Errorf("still gathered: %v", left)
		}
	})
}

// TestRetriesGoOnWhenTheClockGoesBack puts the clock back while a notice waits for another try, in this run and in the next.
func TestRetriesGoOnWhenTheClockGoesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "2026-11-20T10:00:00+01:00")
		w.teams.Down()
		w.tell(tenant, 1, here)
		stop := w.run()
		time.Sleep(time.Minute)
		w.clock.jump(-30 * 24 * time.Hour)
		time.Sleep(time.Second)
		stop()
		w.teams.Up()
		defer w.run()()
		time.Sleep(time.Minute)
		w.once(1)
	})
}

// TestAudience asks whom an event concerns: what cannot be said now is asked again, and what fails for good fails there only.
func TestAudience(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "2026-11-20T10:00:00+01:00")
		for _, c := range []identity.Conversation{here, there, "19:deaf@thread.tacv2", "19:broken@thread.tacv2"} {
			w.wish(tenant, c, "", notice.Wishes{})
		}
		since, asked := time.Now(), 0
		w.town.Let(func(_ notice.Event, c identity.Conversation) (bool, error) {
			asked++
			switch {
			case c == there && time.Since(since) < time.Minute:
				return false, fault.New(fault.Busy, "test", "")
			case strings.Contains(string(c), "broken"):
				return false, fault.New(fault.Internal, "test", "")
			}
			return !strings.Contains(string(c), "deaf"), nil
		})
		defer w.run()()
		w.happen(notice.ContactChanged, 700) // more than are read at a time
		w.happen(notice.ImagePinned, 1)
		time.Sleep(30 * time.Second)
		if n := w.out.Unsorted(); n != 701 {
			t.Errorf("%d events wait, expected all", n)
		}
		time.Sleep(time.Minute)
		count := map[identity.Conversation]int{}
		for _, m := range w.teams.Said() {
			count[m.Conversation] += len(m.Content.Gathering.Events) + m.Content.Gathering.More
		}
		if diff := cmp.Diff(map[identity.Conversation]int{here: 701, there: 701}, count); diff != "" {
			t.Errorf("said (-expected +got):\n%s", diff)
		}
		if asked > 30*10 {
			t.Errorf("it was asked %d times", asked)
		}
	})
}

// TestStuck has events that can never be sorted: others pass them, and after a day they are given up.
func TestStuck(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		stuck int
		wait  time.Duration
		left  int
	}{
		{600, time.Minute, 600},
		{3, 25 * time.Hour, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, "2026-11-20T10:00:00+01:00")
			w.wish(tenant, here, "", notice.Wishes{})
			w.town.Let(func(e notice.Event, _ identity.Conversation) (bool, error) {
				if e.Kind == notice.ContactDeleted {
					return false, fault.New(fault.Busy, "test", "")
				}
				return true, nil
			})
			stop := w.run()
			w.happen(notice.ContactDeleted, row.stuck)
			w.happen(notice.ImageSaved, 1)
			time.Sleep(row.wait)
			stop()
			if n := w.out.Unsorted(); n != row.left {
				t.Errorf("%d events wait, expected %d", n, row.left)
			}
			w.once(1)
		})
	}
}

// TestManyStuck has very many events that cannot be told apart for now: a round reads each of them once.
func TestManyStuck(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "2026-11-20T10:00:00+01:00")
		w.wish(tenant, here, "", notice.Wishes{})
		w.town.Let(func(notice.Event, identity.Conversation) (bool, error) {
			return false, fault.New(fault.Busy, "test", "")
		})
		const many = 10_000
		w.happen(notice.ContactDeleted, many)
		stop := w.run()
		time.Sleep(time.Second) // one round, and one more as something had happened
		stop()
		if n := w.out.Read(); n < many || n > 2*many {
			t.Errorf("%d events were read", n)
		}
	})
}

// TestOneDigestAfterAnOutage has something happen every second while Teams is away for an hour: what is told afterwards is the
// first thing, which was to be said when it went away, and one digest of the others.
func TestOneDigestAfterAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "2026-11-20T10:00:00+01:00")
		w.wish(tenant, here, "", notice.Wishes{})
		w.teams.Down()
		defer w.run()()
		for range 3600 {
			w.happen(notice.ContactChanged, 1)
			time.Sleep(time.Second)
		}
		w.teams.Up()
		time.Sleep(3 * time.Minute)
		heard := 0
		for _, m := range w.teams.Said() {
			heard += m.Content.Gathering.Heard
		}
		if n := len(w.out.Notices()); n != 2 || heard != 3600 {
			t.Errorf("%d messages tell of %d events, expected 2 of 3600", n, heard)
		}
		w.happen(notice.ContactChanged, 1)
		time.Sleep(10 * time.Second)
		w.once(3)
	})
}

// TestSubscriptionsAreReadOnce reads them for a burst, not for each of its events.
func TestSubscriptionsAreReadOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "2026-11-20T10:00:00+01:00")
		w.wish(tenant, here, "", notice.Wishes{})
		w.happen(notice.ContactChanged, 400)
		defer w.run()()
		time.Sleep(time.Minute)
		w.once(1)
		if n := w.town.Reads(); n != 1 {
			t.Errorf("they were read %d times", n)
		}
	})
}
