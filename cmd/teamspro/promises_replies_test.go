package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// quiet waits until the connector heard nothing new for a moment and gives what was said in a conversation.
func (w *world) quiet(conversation string) []string {
	for before := -1; ; time.Sleep(300 * time.Millisecond) {
		said := w.connector.said(conversation)
		if len(said) == before {
			return said
		}
		before = len(said)
	}
}

// deliver sends the same activity several times at once.
func (s *running) deliver(times int, a map[string]any) {
	s.w.t.Helper()
	var group sync.WaitGroup
	for range times {
		group.Go(func() {
			if status, body := s.send(a); status != http.StatusOK {
				s.w.t.Errorf("status %d %s", status, body)
			}
		})
	}
	group.Wait()
}

// TestOneReply: however often and whenever an activity is delivered, it has one reply and one effect (promises 5 and 7).
func TestOneReply(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.start()
	add := w.message(ada, "add Marta Weber, marta@contoso.example")
	s.deliver(5, add)
	s.deliver(5, add)
	s.close()
	s = w.start()
	s.deliver(5, add)
	if said := w.quiet(ada.chat()); len(said) != 1 {
		t.Errorf("%d replies", len(said))
	}
	if history := s.say(ada, "find marta weber"); !strings.Contains(history, "marta@contoso.example") {
		t.Errorf("not one contact: %s", history)
	}
	form := map[string]any{"verb": "contact/add", "name": "Jonas Twice", "email": "jonas@contoso.example", "book": "own", "form": "form-1"}
	submit := w.invoke(ada, "task/submit", map[string]any{"data": form})
	s.deliver(5, submit)
	s.deliver(2, w.invoke(ada, "task/submit", map[string]any{"data": form})) // pressed again: another activity, the same form
	if found := s.say(ada, "find jonas twice"); !strings.Contains(found, "jonas@contoso.example") {
		t.Errorf("not one contact: %s", found)
	}
}

// TestOutage: what is said while the connector is away comes afterwards, once and in order, however often it was delivered (promise 12).
func TestOutage(t *testing.T) {
	t.Parallel()
	for name, away := range map[string]func(*connector) (back func()){
		"unreachable": func(c *connector) func() { c.down(); return c.up },
		"answers 503": func(c *connector) func() {
			c.fail(func(w http.ResponseWriter, _ *http.Request, _ func()) bool { w.WriteHeader(503); return true })
			return func() { c.fail(nil) }
		},
		"drops connections": func(c *connector) func() {
			c.fail(func(w http.ResponseWriter, _ *http.Request, _ func()) bool { drop(w); return true })
			return func() { c.fail(nil) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := w.start()
			back := away(w.connector)
			for _, words := range []string{"find first", "find second", "find third"} {
				a := w.message(ada, words)
				s.deliver(3, a)
				s.deliver(2, a)
			}
			back()
			eventually(t, 20*time.Second, "three answers", func() bool { return len(w.connector.said(ada.chat())) >= 3 })
			said := w.quiet(ada.chat())
			if len(said) != 3 || !strings.Contains(said[0], "first") || !strings.Contains(said[1], "second") || !strings.Contains(said[2], "third") {
				t.Errorf("%d answers: %.3000s", len(said), said)
			}
		})
	}
}

// TestConnectorAnswers: what the connector asks for is obeyed, and no answer of it makes two replies of one.
func TestConnectorAnswers(t *testing.T) {
	t.Parallel()
	refuse := func(status int, header string) func(http.ResponseWriter, func()) {
		return func(w http.ResponseWriter, _ func()) {
			if header != "" {
				w.Header().Set("Retry-After", header)
			}
			w.WriteHeader(status)
		}
	}
	for name, row := range map[string]struct {
		answer  func(w http.ResponseWriter, take func()) // to the first request only
		pause   time.Duration                            // at least, before the second
		replies int
		most    int
	}{
		"429, seconds":             {refuse(429, "1"), time.Second, 1, 1},
		"429, a fraction":          {refuse(429, "1.5"), 1500 * time.Millisecond, 1, 1},
		"429, a date":              {refuse(429, time.Now().Add(3*time.Second).UTC().Format(http.TimeFormat)), 0, 1, 1},
		"429 alone":                {refuse(429, ""), 0, 1, 1},
		"412":                      {refuse(412, ""), 0, 1, 1},
		"502":                      {refuse(502, ""), 0, 1, 1},
		"503":                      {refuse(503, "1"), time.Second, 1, 1},
		"504":                      {refuse(504, ""), 0, 1, 1},
		"403":                      {refuse(403, ""), 0, 0, 0},
		"404":                      {refuse(404, ""), 0, 0, 0},
		"taken, the answer lost":   {func(w http.ResponseWriter, take func()) { take(); drop(w) }, 0, 1, 2},
		"taken, the answer slow":   {func(w http.ResponseWriter, take func()) { take(); time.Sleep(4 * time.Second) }, 0, 1, 1},
		"dropped before it":        {func(w http.ResponseWriter, _ func()) { drop(w) }, 0, 1, 1},
		"taken, garbage for an id": {func(w http.ResponseWriter, take func()) { take(); fmt.Fprint(w, "garbage") }, 0, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := w.start()
			var mu sync.Mutex
			var asked []time.Time
			w.connector.fail(func(rw http.ResponseWriter, r *http.Request, take func()) bool {
				if r.Method != http.MethodPost || strings.Contains(r.URL.Path, "members") {
					return false
				}
				mu.Lock()
				asked = append(asked, time.Now())
				first := len(asked) == 1
				mu.Unlock()
				if first {
					row.answer(rw, take)
				}
				return first
			})
			a := w.message(ada, "help")
			s.deliver(1, a)
			s.deliver(1, a)
			eventually(t, 15*time.Second, "the replies", func() bool { return len(w.connector.said(ada.chat())) >= row.replies })
			s.close()
			if said := w.connector.said(ada.chat()); len(said) < row.replies || len(said) > row.most {
				t.Errorf("%d replies", len(said))
			}
			if row.replies == 0 && len(asked) != 1 {
				t.Errorf("asked %d times", len(asked))
			}
			if row.pause > 0 && asked[1].Sub(asked[0]) < row.pause {
				t.Errorf("asked again after %s", asked[1].Sub(asked[0]))
			}
		})
	}
}

// TestKilled: what was acknowledged is there after kill -9, and who lost an answer is told so, once.
func TestKilled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.spawn()
	w.connector.down()
	add := w.message(ada, "add Marta Weber, marta@contoso.example")
	s.deliver(1, add)
	s.kill()
	w.connector.up()
	s = w.spawn()
	s.deliver(2, add) // Teams may deliver it again
	eventually(t, 15*time.Second, "the apology", func() bool { return len(w.connector.said(ada.chat())) > 0 })
	if said := w.quiet(ada.chat()); len(said) != 1 || !strings.Contains(said[0], "Please ask me again") {
		t.Errorf("told %d times: %v", len(said), said)
	}
	s.kill()
	s = w.spawn()
	if found := s.say(ada, "find marta weber"); !strings.Contains(found, "marta@contoso.example") {
		t.Errorf("after the kill: %s", found)
	}
	if said := w.quiet(ada.chat()); len(said) != 2 {
		t.Errorf("said %d things: %v", len(said), said)
	}
}

// TestHangingRoster: invokes are answered in four seconds, messages in ten, also when Teams says nothing about who is there (promise 5).
func TestHangingRoster(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.start()
	group := map[string]any{"id": "19:group@thread.v2", "conversationType": "groupChat", "isGroup": true, "tenantId": north}
	ida := person{north, "aaaaaaaa-0000-4000-8000-000000000003", "Ida Planted-Northname"}
	w.connector.members[ida.id] = ida
	add := w.message(ida, "add Marta Weber, marta@contoso.example")
	add["conversation"] = group
	s.deliver(1, add)
	var hung atomic.Int64
	release := make(chan struct{})
	defer close(release)
	w.connector.fail(func(_ http.ResponseWriter, r *http.Request, _ func()) bool {
		if !strings.Contains(r.URL.Path, "/members/") {
			return false
		}
		hung.Add(1)
		select {
		case <-release:
		case <-r.Context().Done():
		}
		return true
	})
	var all sync.WaitGroup
	for i := range 60 {
		all.Go(func() {
			a, limit := w.query(ada, "marta"), 4*time.Second
			switch i % 3 {
			case 1:
				a = w.press(ada, "books")
			case 2:
				a, limit = w.message(ada, "find marta"), 10*time.Second
			}
			a["conversation"] = group
			start := time.Now()
			status, answer := s.send(a)
			if took := time.Since(start); status != http.StatusOK || took > limit {
				t.Errorf("%s: %d after %s: %.200s", a["type"], status, took, answer)
			}
		})
	}
	all.Wait()
	if hung.Load() == 0 {
		t.Error("the roster was not asked")
	}
}
