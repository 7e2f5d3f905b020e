package notice_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/notice"
	"teamspro/internal/notice/noticetest"
)

const now = "2026-11-20T10:00:00+01:00"

// TestTenThousand sends ten notices to each of a thousand conversations: each once, in their order, one at a time.
func TestTenThousand(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, now)
		w.teams.Have(func(notice.Notice) noticetest.Trouble { return noticetest.Trouble{Slow: 10 * time.Millisecond} })
		w.tell(tenant, 10, places(1000)...)
		stop := w.run()
		time.Sleep(4 * time.Second)
		w.once(10_000)
		if err := stop(); err != nil {
			t.Error(err)
		}
		next := map[identity.Conversation]int{}
		for _, m := range w.teams.Said() {
			if m.Content.Announcement != fmt.Sprint(next[m.Conversation]) {
				t.Fatalf("%s was said out of turn", m.ID)
			}
			next[m.Conversation]++
		}
		if together, conversation := w.teams.Most(); together != 192 || conversation != 1 {
			t.Errorf("%d at a time, %d in a conversation; expected 192 and 1", together, conversation)
		}
	})
}

// TestDown has a connector that is down for an hour: it is asked now and then, and everything goes out once within a minute
// of its return, also what another tenant has, whose own service is fine.
func TestDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, now)
		w.teams.Have(func(n notice.Notice) noticetest.Trouble {
			if n.Tenant == other {
				return noticetest.Trouble{}
			}
			return noticetest.Trouble{Slow: time.Millisecond, Err: noticetest.Busy()}
		})
		w.tell(tenant, 3, places(300)...)
		w.tell(other, 3, places(10)...)
		defer w.run()()
		time.Sleep(time.Minute)
		w.once(30)
		time.Sleep(59 * time.Minute)
		if n := len(w.teams.Asked()) - 30; n < 100 || n > 48+200 {
			t.Errorf("it was asked %d times in an hour", n)
		}
		w.teams.Up()
		time.Sleep(time.Minute)
		w.once(930)
		if told, _ := w.counted.of("contact post sent"); told != 930 {
			t.Errorf("%d were counted", told)
		}
	})
}

// TestDownWhileTheClockJumps has the service down for a short while in which the clock is put forward or back by days: nothing
// is given up for that.
func TestDownWhileTheClockJumps(t *testing.T) {
	t.Parallel()
	for _, jumps := range [][]time.Duration{{72 * time.Hour}, {-72 * time.Hour}, {72 * time.Hour, -72 * time.Hour}} {
		t.Run(fmt.Sprint(jumps), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, now)
				defer w.run()()
				w.tell(tenant, 1, places(3)...)
				time.Sleep(10 * time.Second)
				w.teams.Down()
				w.tell(tenant, 1, places(3)...)
				for _, jump := range jumps {
					w.clock.jump(jump)
					time.Sleep(10 * time.Second)
				}
				w.tell(tenant, 1, places(3)...)
				time.Sleep(10 * time.Second)
				w.teams.Up()
				time.Sleep(2 * time.Minute)
				w.once(9)
			})
		})
	}
}

// TestOneBadConversation has one conversation whose messages always fail for now: the others do not wait for it, and after a
// day it is given up.
func TestOneBadConversation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, now)
		w.config.Senders = 4
		w.teams.Have(func(n notice.Notice) noticetest.Trouble {
			if n.Conversation == here {
				return noticetest.Trouble{Err: noticetest.Busy()}
			}
			return noticetest.Trouble{}
		})
		w.tell(tenant, 1, here)
		w.tell(tenant, 5, places(20)...)
		defer w.run()()
		time.Sleep(5 * time.Second)
		w.once(100)
		time.Sleep(25 * time.Hour)
		if diff := cmp.Diff(map[notice.State]int{notice.Sent: 100, notice.Failed: 1}, w.states()); diff != "" {
			t.Errorf("states (-expected +got):\n%s", diff)
		}
		if n := len(w.teams.Asked()) - 100; n < 24*100 || n > 24*150 {
			t.Errorf("it was tried %d times in a day", n)
		}
	})
}

// TestOutcomes has everything that a Sender may answer.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	throttled := noticetest.Refusal{Kind: fault.Busy, Code: "Throttled", After: 40 * time.Second}.Fault()
	for _, row := range []struct {
		name  string
		op    notice.Op
		first noticetest.Trouble // the second try is fine
		state notice.State
		why   string
		tries int
		said  int
		after time.Duration // of the second try
		gone  int
	}{
		{"the answer was lost", notice.Post, noticetest.Trouble{Lost: noticetest.Refusal{Kind: fault.Busy, Code: notice.Lost}.Fault()}, notice.Sent, "", 2, 2, time.Second, 0},
		{"the answer to a change was lost", notice.Update, noticetest.Trouble{Lost: noticetest.Refusal{Kind: fault.Busy, Code: notice.Lost}.Fault()}, notice.Sent, "", 2, 2, time.Second, 0},
		{"fine", notice.Post, noticetest.Trouble{}, notice.Sent, "", 1, 1, 0, 0},
		{"busy", notice.Post, noticetest.Trouble{Err: noticetest.Busy()}, notice.Sent, "", 2, 1, time.Second, 0},
		{"busy, and says for how long", notice.Post, noticetest.Trouble{Err: throttled}, notice.Sent, "", 2, 1, 40 * time.Second, 0},
		{"too slow", notice.Post, noticetest.Trouble{Slow: time.Hour}, notice.Sent, "", 2, 1, 31 * time.Second, 0},
		{"possibly", notice.Post, noticetest.Trouble{Lost: notice.ErrPossibly}, notice.Possibly, "internal", 1, 1, 0, 0},
		{"nothing left", notice.Post, noticetest.Trouble{Err: notice.ErrNothing}, notice.Dropped, "", 1, 0, 0, 0},
		{"refused", notice.Post, noticetest.Trouble{Err: noticetest.Refusal{Kind: fault.Invalid, Code: "BadArgument"}.Fault()}, notice.Failed, "BadArgument", 1, 0, 0, 0},
		{"not a member", notice.Post, noticetest.Trouble{Err: noticetest.Refusal{Kind: fault.Denied, Code: "BotNotInConversationRoster"}.Fault()}, notice.Failed,
			"BotNotInConversationRoster", 1, 0, 0, 1},
		{"no such conversation", notice.Post, noticetest.Trouble{Err: noticetest.Refusal{Kind: fault.NotFound, Code: "ConversationNotFound"}.Fault()}, notice.Failed,
			"ConversationNotFound", 1, 0, 0, 1},
		{"no such message to change", notice.Update, noticetest.Trouble{Err: noticetest.Refusal{Kind: fault.NotFound}.Fault()}, notice.Dropped, "not_found", 1, 0, 0, 0},
		{"no such message to remove", notice.Remove, noticetest.Trouble{Err: noticetest.Refusal{Kind: fault.NotFound}.Fault()}, notice.Dropped, "not_found", 1, 0, 0, 0},
		{"may change nothing", notice.Update, noticetest.Trouble{Err: noticetest.Refusal{Kind: fault.Denied}.Fault()}, notice.Failed, "denied", 1, 0, 0, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, now)
				tries := 0
				w.teams.Have(func(n notice.Notice) noticetest.Trouble {
					if tries++; tries > 1 || n.Person != "" {
						return noticetest.Trouble{}
					}
					return row.first
				})
				place := notice.Place{Conversation: here, Product: "contact"}
				n := notice.Notice{Tenant: tenant, ID: notice.NewID(w.clock.now()), Key: "k", Place: place, Op: row.op, Content: notice.Content{Announcement: "a"}, Due: w.clock.now(), State: notice.Waiting}
				if err := w.out.Add(t.Context(), []notice.Notice{n}); err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				stop := w.run()
				time.Sleep(2 * time.Minute)
				stop()
				all := w.out.Notices()
				got := all[slices.IndexFunc(all, func(x notice.Notice) bool { return x.ID == n.ID })]
				if got.State != row.state || got.Why != row.why || got.Tries != row.tries || got.Again != (row.said == 2 && row.op == notice.Post) {
					t.Errorf("%s, why %q, %d tries; again %v; expected %s, why %q, %d tries", got.State, got.Why, got.Tries, got.Again, row.state, row.why, row.tries)
				}
				if said := w.times()[n.ID]; said != row.said {
					t.Errorf("said %d times, expected %d", said, row.said)
				}
				if asked := w.teams.Asked(); row.after > 0 {
					if waited := asked[1].At.Sub(start); waited < row.after*4/5 || waited > row.after*6/5+2*time.Second {
						t.Errorf("tried again after %v, expected about %v", waited, row.after)
					}
				}
				if gone := w.teams.Forgotten(place); gone != row.gone {
					t.Errorf("the place was given up %d times, expected %d", gone, row.gone)
				}
			})
		})
	}
}

// TestRemovedMeanwhile has the bot removed while digests are sent: what waits for the place is dropped, it is given up once, and
// who set it up is told once. The other product in the place, and other places, go on.
func TestRemovedMeanwhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, now)
		w.wish(tenant, here, "", notice.Wishes{})
		w.wish(tenant, there, "", notice.Wishes{})
		w.teams.Have(func(n notice.Notice) noticetest.Trouble {
			if n.Conversation == here && n.Product == "contact" {
				return noticetest.Trouble{Slow: 10 * time.Second, Err: noticetest.Refusal{Kind: fault.Denied, Code: "BotNotInConversationRoster"}.Fault()}
			}
			return noticetest.Trouble{}
		})
		defer w.run()()
		w.happen(notice.ContactChanged, 3)
		w.tell(tenant, 4, here)
		time.Sleep(8 * time.Second) // the first of the four is being sent
		w.happen(notice.ImageSaved, 1)
		w.happen(notice.ContactChanged, 1)
		time.Sleep(time.Minute)
		w.happen(notice.ContactChanged, 1) // nobody has told the settings yet: it is refused as well
		time.Sleep(time.Minute)

		lost, said := 0, map[string]int{}
		for _, m := range w.teams.Said() {
			switch {
			case m.Content.Lost == here && m.Person == olga && m.Conversation == "" && m.Product == "contact":
				lost++
			default:
				said[string(m.Conversation)+" "+m.Product]++
			}
		}
		if lost != 1 {
			t.Errorf("the owner was told %d times", lost)
		}
		if diff := cmp.Diff(map[string]int{string(here) + " image": 1, string(there) + " contact": 3, string(there) + " image": 1}, said); diff != "" {
			t.Errorf("said (-expected +got):\n%s", diff)
		}
		if n := w.states(); n[notice.Waiting] != 0 || n[notice.Sending] != 0 || n[notice.Dropped] < 3 {
			t.Errorf("states %v", n)
		}
	})
}

// TestStarvation has one tenant with much to say to a service that is slow: another does not wait for it.
func TestStarvation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, now)
		w.teams.Have(func(n notice.Notice) noticetest.Trouble {
			if n.Tenant == tenant {
				return noticetest.Trouble{Slow: 29 * time.Second}
			}
			return noticetest.Trouble{}
		})
		w.tell(tenant, 2, places(2000)...)
		defer w.run()()
		time.Sleep(10 * time.Second)
		w.tell(other, 2, places(50)...)
		time.Sleep(time.Second)
		w.once(100)
	})
}

// TestFullDisk has a disk that is full while notices are sent, and then is not: nothing is lost, and nothing is sent twice,
// because what was sent is remembered until it can be noted.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, now)
		w.wish(tenant, here, "", notice.Wishes{})
		w.teams.Have(func(notice.Notice) noticetest.Trouble { return noticetest.Trouble{Slow: time.Second} })
		w.tell(tenant, 5, places(100)...)
		defer w.run()()
		for range 5 {
			time.Sleep(1500 * time.Millisecond)
			w.happen(notice.ContactChanged, 1)
			w.out.Full(fault.New(fault.Busy, "test", ""))
			time.Sleep(20 * time.Second)
			w.out.Full(nil)
		}
		time.Sleep(2 * time.Minute)
		gathered := 0
		for _, m := range w.teams.Said() {
			if m.Content.Gathering != nil {
				gathered += len(m.Content.Gathering.Events)
			}
		}
		if gathered != 5 {
			t.Errorf("%d events were told, expected 5", gathered)
		}
		w.once(len(w.out.Notices()))
	})
}

// TestStop stops while notices are sent: those are finished and noted, and the next run sends the rest.
func TestStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, now)
		w.teams.Have(func(notice.Notice) noticetest.Trouble { return noticetest.Trouble{Slow: time.Second} })
		w.tell(tenant, 2, places(100)...)
		stop := w.run()
		time.Sleep(1500 * time.Millisecond)
		start := time.Now()
		if err := stop(); err != nil || time.Since(start) > time.Second {
			t.Errorf("it stopped after %v, %v", time.Since(start), err)
		}
		if n := w.states(); n[notice.Sending] != 0 || n[notice.Sent] != 96 {
			t.Errorf("states %v", n)
		}
		defer w.run()()
		time.Sleep(time.Minute)
		w.once(200)
	})
}

// TestCrash ends a run whose answers never come: the next sends those again and says so, and the others once.
func TestCrash(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, now)
		w.config.Senders = 8
		w.teams.Have(func(n notice.Notice) noticetest.Trouble {
			return noticetest.Trouble{Hang: n.Conversation == here || n.Conversation == there}
		})
		w.tell(tenant, 1, here, there)
		w.tell(tenant, 3, places(20)...)
		stop := w.run()
		time.Sleep(5 * time.Second)
		start := time.Now()
		stop()
		if took := time.Since(start); took > 12*time.Second {
			t.Errorf("it took %v to stop", took)
		}
		if n := w.states(); n[notice.Sending] != 2 || n[notice.Sent] != 60 {
			t.Errorf("states %v", n)
		}
		w.teams.Up()
		defer w.run()()
		time.Sleep(5 * time.Second)
		for _, n := range w.out.Notices() {
			twice := n.Conversation == here || n.Conversation == there
			if said := w.times()[n.ID]; n.State != notice.Sent || n.Again != twice || (said == 2) != twice || said < 1 {
				t.Errorf("%s is %s, again %v, said %d times", n.Conversation, n.State, n.Again, said)
			}
		}
	})
}

// deaf is an outbox that takes nothing any more, as if its process were killed.
type deaf struct {
	*noticetest.Memory
	dead func() bool
}

func (d deaf) Turns(ctx context.Context, done []notice.Outcome, begin []notice.Notice) ([]bool, error) {
	if d.dead() {
		return nil, fault.New(fault.Internal, "test", "")
	}
	return d.Memory.Turns(ctx, done, begin)
}

// TestKill kills twenty runs at any moment: no notice is lost, and of each run no more are doubled than it had senders.
func TestKill(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, now)
		w.teams.Have(func(notice.Notice) noticetest.Trouble {
			return noticetest.Trouble{Slow: time.Duration(1+rand.N(40)) * time.Millisecond}
		})
		w.config.Senders = 16
		w.tell(tenant, 10, places(200)...)
		const kills = 20
		for range kills {
			dead := make(chan struct{})
			w.config.Outbox = deaf{w.out, func() bool {
				select {
				case <-dead:
					return true
				default:
					return false
				}
			}}
			stop := w.run()
			time.Sleep(rand.N(150 * time.Millisecond))
			close(dead)
			stop()
		}
		w.config.Outbox = w.out
		defer w.run()()
		time.Sleep(time.Minute)
		doubled := 0
		for _, n := range w.out.Notices() {
			said := w.times()[n.ID]
			if n.State != notice.Sent || said == 0 {
				t.Fatalf("%s is %s and was said %d times", n.ID, n.State, said)
			}
			if said > 1 && !n.Again {
				t.Errorf("%s was said %d times, and it is not known", n.ID, said)
			}
			doubled += said - 1
		}
		if doubled == 0 || doubled > kills*12 {
			t.Errorf("%d were doubled by %d kills of 12 senders", doubled, kills)
		}
	})
}

// panicking is a Sender with a defect.
type panicking struct{ notice.Sender }

func (p panicking) Send(ctx context.Context, n notice.Notice) (string, error) {
	if n.Conversation == here {
		panic("defect")
	}
	return p.Sender.Send(ctx, n)
}

// TestPanic has a notice that the Sender cannot bear: it fails alone.
func TestPanic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, now)
		w.config.Sender = panicking{w.teams}
		w.tell(tenant, 1, here, there)
		defer w.run()()
		time.Sleep(time.Second)
		w.once(1)
		if n := w.states(); n[notice.Failed] != 1 {
			t.Errorf("states %v", n)
		}
	})
}

// TestRecalledWhileSaid recalls or corrects an announcement while it is on its way to one of its channels: that copy follows.
func TestRecalledWhileSaid(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		before bool // the change comes before the sending
		change func(a *notice.Announcement, at time.Time)
		ops    []notice.Op
	}{
		{"recalled", false, func(a *notice.Announcement, at time.Time) { a.Recalled = at }, []notice.Op{notice.Post, notice.Remove}},
		{"corrected", false, func(a *notice.Announcement, at time.Time) { a.Version, a.Changed = 2, at }, []notice.Op{notice.Post, notice.Update}},
		{"corrected before", true, func(a *notice.Announcement, at time.Time) { a.Version, a.Changed = 2, at }, []notice.Op{notice.Post}},
		{"recalled before", true, func(a *notice.Announcement, at time.Time) { a.Recalled = at }, nil},
		{"left as it is", false, func(*notice.Announcement, time.Time) {}, []notice.Op{notice.Post}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, now)
				w.teams.Have(func(notice.Notice) noticetest.Trouble { return noticetest.Trouble{Slow: 2 * time.Second} })
				at := w.clock.now()
				post := notice.Notice{Tenant: tenant, ID: notice.NewID(at), Key: "a", Place: notice.Place{Conversation: here, Product: "contact"}, Op: notice.Post,
					Content: notice.Content{Announcement: "a", Version: 1}, Due: at, State: notice.Waiting, At: at}
				if _, err := w.out.Announce(t.Context(), tenant, notice.Announcement{ID: "a", By: olga, At: at, Version: 1}, []notice.Notice{post}); err != nil {
					t.Fatal(err)
				}
				change := func() {
					time.Sleep(time.Second)
					_, err := w.out.Change(t.Context(), tenant, "a", func(a *notice.Announcement, sent []notice.Notice) ([]notice.Notice, error) {
						if len(sent) != 0 {
							t.Errorf("%d were sent already", len(sent))
						}
						row.change(a, w.clock.now())
						return nil, nil
					})
					if err != nil {
						t.Fatal(err)
					}
					time.Sleep(time.Millisecond)
				}
				if row.before {
					change()
				}
				defer w.run()()
				if !row.before {
					change()
				}
				time.Sleep(10 * time.Second)
				var ops []notice.Op
				for _, m := range w.teams.Said() {
					ops = append(ops, m.Op)
					if m.Op != notice.Post && (m.Activity != "activity-1" || m.Of != post.ID) {
						t.Errorf("%s of %q, activity %q", m.Op, m.Of, m.Activity)
					}
				}
				if diff := cmp.Diff(row.ops, ops); diff != "" {
					t.Errorf("said (-expected +got):\n%s", diff)
				}
			})
		})
	}
}

// TestMetrics counts what waits, twice a minute.
func TestMetrics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, now)
		w.teams.Down()
		w.tell(tenant, 7, here)
		defer w.run()()
		time.Sleep(time.Second)
		if _, waiting := w.counted.of(""); waiting != 7 {
			t.Errorf("%d wait", waiting)
		}
		w.teams.Up()
		time.Sleep(2 * time.Minute)
		if _, waiting := w.counted.of(""); waiting != 0 {
			t.Errorf("%d wait", waiting)
		}
	})
}
