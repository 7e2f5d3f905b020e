package notice

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"teamspro/internal/identity"
)

func queuedNotice(t identity.Tenant, c string, id string) Notice {
	return Notice{Tenant: t, ID: id, Place: Place{Conversation: identity.Conversation(c)}}
}

// TestLinesServeInTurn has one tenant with much and two with little: each has its turn.
func TestLinesServeInTurn(t *testing.T) {
	t.Parallel()
	l := newLines(3, 3, 10)
	for i := range 4 {
		l.add([]Notice{queuedNotice("a", fmt.Sprint(i), "a")})
	}
	l.add([]Notice{queuedNotice("b", "1", "b"), queuedNotice("b", "2", "b"), queuedNotice("c", "1", "c")})
	got := ""
	for n := l.pick(time.Now()); n != nil; n = l.pick(time.Now()) {
		got += n.ID
	}
	if got != "abcaba" { // the fourth of a would be one more than its share
		t.Errorf("served %q", got)
	}
	if l.queued != 1 || l.of("a").sending != 3 {
		t.Errorf("%d wait, %d of the first are on their way", l.queued, l.of("a").sending)
	}
}

// TestLinesWiden lets a tenant have more while the answers of its service follow each other fast.
func TestLinesWiden(t *testing.T) {
	t.Parallel()
	l, now := newLines(2, 5, 1000), time.Unix(0, 0)
	for i := range 5000 {
		l.add([]Notice{queuedNotice("a", fmt.Sprint(i), "a")})
	}
	for _, row := range []struct {
		gap  time.Duration
		most int
	}{{time.Second / 30, 2}, {time.Millisecond, 5}, {time.Second / 30, 2}} {
		most := 0
		for range 200 {
			var sent []*Notice
			for n := l.pick(now); n != nil; n = l.pick(now) {
				sent = append(sent, n)
			}
			most = len(sent)
			for _, n := range sent {
				now = now.Add(row.gap)
				l.end(n, answers, now)
				l.free(n)
			}
		}
		if most != row.most {
			t.Errorf("with an answer each %v %d are on their way, want %d", row.gap, most, row.most)
		}
	}
}

// TestLinesProbe follows a service that goes down and comes back.
func TestLinesProbe(t *testing.T) {
	t.Parallel()
	l, now := newLines(5, 5, 100), time.Unix(0, 0)
	for i := range 20 {
		l.add([]Notice{queuedNotice("a", fmt.Sprint(i), fmt.Sprint(i))})
	}
	var sent []*Notice
	pick := func(expected bool) {
		t.Helper()
		n := l.pick(now)
		if (n != nil) != expected {
			t.Fatalf("picked: %v, expected %v", n, expected)
		}
		if n != nil {
			sent = append(sent, n)
		}
	}
	free := func(v verdict) (opened bool) {
		n := sent[0]
		sent = sent[1:]
		opened = l.end(n, v, now)
		l.free(n)
		return opened
	}
	for range 5 {
		pick(true)
	}
	free(fails)
	free(answers) // not in a row
	free(fails)
	free(silent) // neither
	pick(true)
	free(fails)
	free(fails)
	pick(false) // three in a row
	if wait := l.opens().Sub(now); wait < 800*time.Millisecond || wait > 1200*time.Millisecond {
		t.Errorf("the first probe is %v away", wait)
	}
	for _, pause := range []time.Duration{2, 4, 8, 16, 30, 30} {
		now = l.opens()
		pick(true)
		pick(false) // one at a time
		if !l.opens().IsZero() {
			t.Error("another probe is planned while one is on its way")
		}
		free(fails)
		if wait := l.opens().Sub(now); wait < pause*time.Second*4/5 || wait > pause*time.Second*6/5 {
			t.Errorf("the next probe is %v away, expected about %d s", wait, pause)
		}
	}
	now = l.opens()
	pick(true)
	l.back(sent[0]) // it could not be begun: it is still a probe that is needed
	sent = nil
	pick(true)
	if !free(answers) {
		t.Error("the line did not open")
	}
	pick(true)
	pick(true)
}

// TestLinesProperties does anything in any order.
func TestLinesProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l, now, share := newLines(3, 3, 5), time.Unix(0, 0), 3
		var sent []*Notice
		take := func() *Notice {
			i := rapid.IntRange(0, len(sent)-1).Draw(t, "which")
			n := sent[i]
			sent = append(sent[:i:i], sent[i+1:]...)
			return n
		}
		t.Repeat(map[string]func(*rapid.T){
			"read": func(t *rapid.T) {
				except := l.reading()
				var found []Notice
				for range rapid.IntRange(0, 10).Draw(t, "found") {
					n := queuedNotice(rapid.SampledFrom([]identity.Tenant{"a", "b"}).Draw(t, "tenant"), fmt.Sprint(rapid.IntRange(0, 9).Draw(t, "chat")), "")
					if !except(&n) {
						found = append(found, n)
					}
				}
				l.add(found)
			},
			"pick": func(*rapid.T) {
				if n := l.pick(now); n != nil {
					sent = append(sent, n)
				}
			},
			"free": func(t *rapid.T) {
				if len(sent) > 0 {
					n := take()
					l.end(n, rapid.SampledFrom([]verdict{silent, answers, fails}).Draw(t, "verdict"), now)
					l.free(n)
				}
			},
			"back": func(*rapid.T) {
				if len(sent) > 0 {
					l.back(take())
				}
			},
			"wait": func(*rapid.T) { now = now.Add(time.Second) },
			"": func(t *rapid.T) {
				chats, on, waiting := map[chat]bool{}, map[identity.Tenant]int{}, 0
				for _, n := range sent {
					chats[chatOf(n)] = true
					on[n.Tenant]++
				}
				for tenant, line := range l.byName {
					waiting += len(line.waiting)
					for _, n := range line.waiting {
						chats[chatOf(n)] = true
					}
					if on[tenant] > share || line.sending != on[tenant] {
						t.Fatalf("%d are on their way to %s, the line knows of %d", on[tenant], tenant, line.sending)
					}
				}
				if len(chats) != len(sent)+waiting || waiting != l.queued {
					t.Fatalf("%d chats for %d on their way and %d waiting (%d)", len(chats), len(sent), waiting, l.queued)
				}
			},
		})
	})
}

// TestLinesLeaveOutWhatWasFreed reads the outbox while a notice ends: it may be seen as it was before, and is not taken again.
func TestLinesLeaveOutWhatWasFreed(t *testing.T) {
	t.Parallel()
	l, now := newLines(3, 3, 5), time.Unix(0, 0)
	n := queuedNotice("a", "1", "1")
	l.add([]Notice{n})
	l.pick(now)
	except := l.reading()
	l.end(&n, answers, now)
	l.free(&n)
	if !except(&n) {
		t.Error("it is read again")
	}
	l.add([]Notice{n})
	if l.queued != 0 {
		t.Error("it is taken again")
	}
	if l.reading()(&n) {
		t.Error("the next reading leaves it out as well")
	}
}

func TestNewID(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1774742400123)
	first, second := NewID(now), NewID(now.Add(time.Millisecond))
	if first >= second || first == NewID(now) {
		t.Errorf("%s, then %s", first, second)
	}
	for id, made := range map[string]time.Time{first: now, "short": {}, "not a number at all": {}, "": {}} {
		if got := (Notice{ID: id}).Made(); !got.Equal(made) {
			t.Errorf("%q was made %v, expected %v", id, got, made)
		}
	}
}

// Ids of a row sort as they were made, say when that was, and which row they are of.
func TestNewIDs(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.March, 1, 9, 0, 0, 7_000_000, time.UTC)
	ids := NewIDs(now, maxInRow+2)
	if !slices.IsSorted(ids[:maxInRow]) || len(slices.Compact(slices.Sorted(slices.Values(ids)))) != maxInRow+2 {
		t.Error("they are out of order, or not all different")
	}
	for i, id := range ids {
		row, place, ok := SplitID(id)
		if !ok || place != i%maxInRow || IDInRow(row, place) != id || !(Notice{ID: id}).Made().Equal(now) {
			t.Fatalf("%s: %q %d %v, made %v", id, row, place, ok, Notice{ID: id}.Made())
		}
	}
	if first, _, _ := SplitID(ids[0]); first != ids[maxInRow-1][:rowLength] || first == ids[maxInRow][:rowLength] || first >= NewID(now.Add(time.Millisecond)) {
		t.Errorf("the row %s", first)
	}
	for _, id := range []string{"", "n1", NewID(now), ids[0] + "0", ids[0][1:], ids[0][:rowLength] + "-001", ids[0][:rowLength] + ".+01", ids[0][:rowLength] + ".00a"} {
		if _, _, ok := SplitID(id); ok {
			t.Errorf("%q is of a row", id)
		}
	}
}
