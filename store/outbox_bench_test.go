package store

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

// 64 senders take notices to 1,000 conversations, as the runner does: each notes what became of the last and begins the next.
func BenchmarkTurn(b *testing.B) {
	for _, senders := range []int{1, 64} {
		b.Run(fmt.Sprintf("senders=%d", senders), func(b *testing.B) {
			db := openAt(b, filepath.Join(b.TempDir(), "teamspro.db"))
			addMany(b, db, b.N)
			b.ReportAllocs()
			before, cpu := commits(b, db), cpuTime(b)
			b.ResetTimer()
			sendAll(b, db, senders)
			b.StopTimer()
			n := float64(b.N)
			b.ReportMetric(n/b.Elapsed().Seconds(), "turns/s")
			b.ReportMetric(n/float64(commits(b, db)-before), "turns/commit")
			b.ReportMetric(float64(cpuTime(b)-cpu)/1e3/n, "cpu-µs/op")
			if left, err := db.Outbox().Waiting(b.Context()); err != nil || left != 0 {
				b.Errorf("%d are left, %v", left, err)
			}
		})
	}
}

// addMany fills the outbox with notices as large as those of an announcement.
func addMany(tb testing.TB, db *DB, n int) {
	tb.Helper()
	for from := 0; from < n; from += 1000 {
		var some []notice.Notice
		for i := from; i < min(n, from+1000); i++ {
			c := identity.Conversation(fmt.Sprintf("19:%032d@thread.tacv2", i%1000))
			some = append(some, notice.Notice{Tenant: north, ID: fmt.Sprintf("%016x%08x", 1, i), Key: fmt.Sprintf("announcement-17-%d", i), Place: notice.Place{Conversation: c, Product: "contact"},
				Team: "19:team@thread.tacv2", Op: notice.Post, Content: notice.Content{Announcement: "17", Version: 1}, Due: time.Unix(1, 0)})
		}
		if err := db.Outbox().Add(tb.Context(), some); err != nil {
			tb.Fatal(err)
		}
	}
}

// sendAll has senders take what is due until nothing is left.
func sendAll(b *testing.B, db *DB, senders int) {
	ctx, work := b.Context(), make(chan notice.Notice, 2*senders)
	var busy sync.Map
	var left atomic.Int64
	left.Store(int64(b.N))
	freed := make(chan struct{}, 1)
	var group sync.WaitGroup
	for range senders {
		group.Go(func() {
			if err := sender(ctx, db, work, func(n notice.Notice) {
				busy.Delete(n.Conversation)
				left.Add(-1)
				select {
				case freed <- struct{}{}:
				default:
				}
			}); err != nil {
				b.Error(err)
			}
		})
	}
	for left.Load() > 0 && !b.Failed() {
		due, _, err := db.Outbox().Due(ctx, time.Now(), 2*senders, func(n *notice.Notice) bool { _, is := busy.Load(n.Conversation); return is })
		if err != nil {
			b.Fatal(err)
		}
		if len(due) == 0 {
			<-freed
		}
		for _, n := range due {
			busy.Store(n.Conversation, true)
			work <- n
		}
	}
	close(work)
	group.Wait()
}

// sender begins one after the other and notes that the one before was sent.
func sender(ctx context.Context, db *DB, work <-chan notice.Notice, sent func(notice.Notice)) error {
	var last *notice.Outcome
	for {
		var next *notice.Notice
		select {
		case n, more := <-work:
			if !more && last == nil {
				return nil
			}
			if more {
				next = &n
			}
		default: // nothing to begin: what was sent is noted alone
			if last == nil {
				n, more := <-work
				if !more {
					return nil
				}
				next = &n
			}
		}
		begun, err := turn(ctx, db, last, next)
		if err != nil || next != nil && !begun {
			return cmp.Or(err, fmt.Errorf("a notice did not begin"))
		}
		if last != nil {
			sent(last.Notice)
		}
		if last = nil; next != nil {
			last = &notice.Outcome{Notice: *next, State: notice.Sent, Activity: "1700000000000"}
		}
	}
}

// Most conversations are busy: what is due is found without looking at all that waits.
func BenchmarkDue(b *testing.B) {
	db := openAt(b, filepath.Join(b.TempDir(), "teamspro.db"))
	addMany(b, db, 10_000)
	all, _, err := db.Outbox().Due(b.Context(), time.Now(), 1000, nil)
	if err != nil || len(all) != 1000 {
		b.Fatal(len(all), err)
	}
	for _, busy := range []int{0, 64, 900} {
		b.Run(fmt.Sprintf("busy=%d", busy), func(b *testing.B) {
			b.ReportAllocs()
			except := func(n *notice.Notice) bool {
				_, is := slices.BinarySearchFunc(all[:busy], n.ID, func(x notice.Notice, id string) int { return cmp.Compare(x.ID, id) })
				return is
			}
			for b.Loop() {
				if due, _, err := db.Outbox().Due(b.Context(), time.Now(), 64, except); err != nil || len(due) != 64 {
					b.Fatal(len(due), err)
				}
			}
		})
	}
}

// announceMany announces to 1,000 conversations, a hundred at a time, until there are so many copies; together says whether
// they have ids of which the store knows that they were made together. Eight announce at a time.
func announceMany(b *testing.B, db *DB, n int, together bool) {
	var group sync.WaitGroup
	var next atomic.Int64
	for range 8 {
		group.Go(func() {
			for from := int(next.Add(100)) - 100; from < n; from = int(next.Add(100)) - 100 {
				ids := notice.NewIDs(time.Now(), min(100, n-from))
				a := notice.Announcement{ID: fmt.Sprintf("announcement%08d", from), Product: "contact", By: "ines", At: time.Now(), Text: "The quay is closed", Version: 1,
					Targets: make([]notice.Target, 0, len(ids))}
				copies := make([]notice.Notice, 0, len(ids))
				for i, id := range ids {
					if !together {
						id = notice.NewID(time.Now())
					}
					c := identity.Conversation(fmt.Sprintf("19:%032d@thread.tacv2", (from+i)%1000))
					a.Targets = append(a.Targets, notice.Target{Conversation: c, Team: fmt.Sprintf("19:%032d@thread.tacv2", (from+i)%1000/10)})
					copies = append(copies, notice.Notice{ID: id, Place: notice.Place{Conversation: c, Product: "contact"}, Team: a.Targets[i].Team, Op: notice.Post,
						Content: notice.Content{Version: 1}, Due: time.Unix(1, 0)})
				}
				if _, err := db.Announcements().Announce(b.Context(), north, a, copies); err != nil {
					b.Error(err)
				}
			}
		})
	}
	group.Wait()
}

// takeAll takes all that waits through the outbox as the clerk of the runner does: 192 are on their way, and half of them end at
// a time while as many begin.
func takeAll(b *testing.B, db *DB) {
	ctx, busy, ends := b.Context(), map[identity.Conversation]bool{}, make([]notice.Outcome, 0, 96)
	var due, first, second []notice.Notice
	for done := 0; done < b.N; {
		if len(due) == 0 {
			var err error
			if due, _, err = db.Outbox().Due(ctx, time.Now(), 512, func(n *notice.Notice) bool { return busy[n.Conversation] }); err != nil {
				b.Fatal(err)
			}
		}
		ends = ends[:0]
		for i, n := range first {
			delete(busy, n.Conversation)
			ends = append(ends, notice.Outcome{Notice: n, State: notice.Sent, Activity: strconv.Itoa(1_700_000_000_000 + done + i), Began: time.Now()})
		}
		begin := due[:min(96, len(due))]
		for i := range begin {
			busy[begin[i].Conversation] = true
		}
		if _, err := db.Outbox().Turns(ctx, ends, begin); err != nil {
			b.Fatal(err)
		}
		done, due, first, second = done+len(ends), due[len(begin):], second, begin
	}
}

// written is how many bytes this process has given to files, where the system says so.
func written() (n int) {
	io, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return 0
	}
	_, wrote, _ := strings.Cut(string(io), "wchar: ")
	_, _ = fmt.Sscan(wrote, &n)
	return n
}

// What a copy of an announcement costs the store, from the announcing to its end, kept by itself and together with others.
func BenchmarkCopies(b *testing.B) {
	for _, kept := range []string{"apart", "together"} {
		for _, part := range []string{"announce", "turns"} {
			b.Run(fmt.Sprintf("kept=%s/%s", kept, part), func(b *testing.B) {
				db := openAt(b, filepath.Join(b.TempDir(), "teamspro.db"))
				work := func() { announceMany(b, db, b.N, kept == "together") }
				if part == "turns" {
					work()
					work = func() { takeAll(b, db) }
				}
				b.ReportAllocs()
				before, cpu, bytes := commits(b, db), cpuTime(b), written()
				b.ResetTimer()
				work()
				b.StopTimer()
				n := float64(b.N)
				b.ReportMetric(float64(cpuTime(b)-cpu)/1e3/n, "cpu-µs/op")
				b.ReportMetric(float64(written()-bytes)/n, "written-B/op")
				b.ReportMetric(float64(written()-bytes)/float64(os.Getpagesize()*(commits(b, db)-before)), "pages/commit")
				if left, err := db.Outbox().Waiting(b.Context()); err != nil || part == "turns" && left != 0 {
					b.Errorf("%d are left, %v", left, err)
				}
			})
		}
	}
}
