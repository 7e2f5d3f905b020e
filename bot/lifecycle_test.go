package bot

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"teamspro/internal/identity"
)

var (
	addedUpdate  = []any{"type", "conversationUpdate", "membersAdded", []any{map[string]any{"id": "28:" + connApp}}}
	installed    = []any{"type", "installationUpdate", "action", "add"}
	uninstalled  = []any{"type", "installationUpdate", "action", "remove"}
	somebodyElse = []any{"type", "conversationUpdate", "membersAdded", []any{map[string]any{"id": "29:bo"}}}
	nobody       = []any{"type", "conversationUpdate", "membersAdded", []any{map[string]any{}}, "recipient", nil}
)

// Teams tells of an installation twice, in either order or at once; the conversation is greeted once.
func TestWelcomeIsSaidOnce(t *testing.T) {
	t.Parallel()
	roster := idleRoster()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(roster)
		var all sync.WaitGroup
		for i, event := range [][]any{addedUpdate, installed, addedUpdate, somebodyElse, nobody} {
			all.Go(func() {
				if w := d.send(append(event, "id", fmt.Sprint("e", i))...); w.Code != http.StatusOK {
					t.Errorf("got %d", w.Code)
				}
			})
		}
		all.Wait()
		if n := len(d.office.taken()); n != 1 || len(d.places.known) != 1 {
			t.Errorf("%d welcomes, %d places", n, len(d.places.known))
		}
		d.send(uninstalled...)
		if len(d.places.known) != 0 {
			t.Error("the place is still known")
		}
		d.send(installed...)
		if n := len(d.office.taken()); n != 2 {
			t.Errorf("%d welcomes after it came back", n)
		}
		d.Close(t.Context())
	})
}

// An event is acknowledged in time also when the connector says nothing; the welcome comes when it is back.
func TestWelcomeWaits(t *testing.T) {
	t.Parallel()
	roster := idleRoster()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(roster)
		d.office.answer(always(-1))
		start := time.Now()
		if w := d.send(installed...); w.Code != http.StatusOK || time.Since(start) > 3*time.Second {
			t.Errorf("got %d after %s", w.Code, time.Since(start))
		}
		d.office.answer(nil)
		time.Sleep(time.Minute)
		if n := len(d.office.taken()); n != 1 {
			t.Errorf("%d welcomes", n)
		}
		d.Close(t.Context())
	})
}

// Who lost an answer with the last process is told so once; a second delivery of their message changes nothing.
func TestResume(t *testing.T) {
	t.Parallel()
	roster := idleRoster()
	synctest.Test(t, func(t *testing.T) {
		before := newDesk(roster)
		before.office.answer(always(503))
		before.send()
		before.send("id", "2", "locale", "fr-FR", "conversation", map[string]any{"id": "a:bo", "conversationType": "personal", "tenantId": deskTenant})
		before.replies.stop() // the process is gone
		before.replies.done.Wait()

		after := newDesk(roster)
		after.ledger.owed, after.ledger.answered = before.ledger.owed, before.ledger.answered
		after.ledger.owed["foreign"] = identity.Owed{Key: "foreign", Reference: identity.Reference{App: "another app"}}
		start := time.Now()
		if err := after.Resume(t.Context()); err != nil || time.Since(start) != 0 {
			t.Errorf("%v after %s", err, time.Since(start))
		}
		after.send()
		time.Sleep(time.Minute)
		after.send()
		if n := len(after.office.taken()); n != 2 {
			t.Errorf("%d messages", n)
		}
		if answered, owed := after.ledger.state(); len(answered) != 2 || strings.Join(owed, "") != "foreign" {
			t.Errorf("answered %v, owed %v", answered, owed)
		}
		after.Close(t.Context())
	})
}

// Somebody of another organisation is told once an hour in a conversation, and only when they speak.
func TestTurnedAway(t *testing.T) {
	t.Parallel()
	roster := idleRoster()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(roster)
		there := []any{"conversation", map[string]any{"id": "a:wanda", "conversationType": "personal", "tenantId": "other"}}
		for range 3 {
			d.send(there...)
			d.send(append(there, "type", "invoke", "name", "task/fetch")...)
		}
		synctest.Wait()
		if n := len(d.office.taken()); n != 1 {
			t.Errorf("told %d times", n)
		}
		time.Sleep(61 * time.Minute)
		d.send(there...)
		synctest.Wait()
		if n := len(d.office.taken()); n != 2 {
			t.Errorf("told %d times in two hours", n)
		}
	})
}

func TestRecentlyHasAnEnd(t *testing.T) {
	t.Parallel()
	var r recently
	now := time.Now()
	for i := range maxRecent {
		if !r.first(fmt.Sprint(i), now) {
			t.Fatalf("%d is not the first", i)
		}
	}
	if r.first("one more", now) {
		t.Error("there is no end")
	}
	if !r.first("one more", now.Add(61*time.Minute)) || len(r.when) != 1 {
		t.Errorf("%d are still known an hour later", len(r.when))
	}
}
