package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/auth"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

const deskTenant = "0d7a1f9e-0000-4000-8000-0000000000aa"

// doorman vouches for whoever says "Bearer good", and refuses the others as they ask for.
type doorman struct{}

func (doorman) Verify(_ context.Context, header string) (auth.Claims, error) {
	switch header {
	case "Bearer good":
		return auth.Claims{App: connApp, ServiceURL: smba, Endorsements: []string{"msteams"}}, nil
	case "Bearer early":
		return auth.Claims{}, &auth.Refusal{Status: http.StatusServiceUnavailable, Reason: "no_keys"}
	case "Bearer weak":
		return auth.Claims{}, &auth.Refusal{Status: http.StatusForbidden, Reason: "endorsement"}
	}
	return auth.Claims{}, &auth.Refusal{Status: http.StatusUnauthorized, Reason: "missing"}
}

// places stands for the store: where the app is installed.
type places struct {
	mu    sync.Mutex
	known map[identity.Conversation]identity.Reference
}

func (p *places) Recall(_ context.Context, _ identity.Tenant, c identity.Conversation, _ string) (identity.Reference, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r, ok := p.known[c]; ok {
		return r, nil
	}
	return identity.Reference{}, fault.Wrap(fault.NotFound, "places", nil)
}

func (p *places) Remember(_ context.Context, _ identity.Tenant, r identity.Reference) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.known[r.Conversation] = r
	return nil
}

func (p *places) Forget(_ context.Context, _ identity.Tenant, c identity.Conversation, _ string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.known, c)
	return nil
}

func (p *places) All(context.Context, identity.Tenant, string) (all []identity.Reference, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.known {
		all = append(all, r)
	}
	return all, nil
}

// desk is a bot with Image Pro only, whose answers need no contacts: what is tested here is the way in and out.
type desk struct {
	*Bot
	office *postOffice
	ledger *ledger
	places *places
	count  *counted
	log    bytes.Buffer
}

// idleRoster is a roster that nothing here asks. It is made outside of synctest, because its caches have goroutines.
func idleRoster() *Roster {
	return NewRoster(RosterConfig{App: connApp, References: &places{}})
}

func newDesk(roster *Roster) *desk {
	d := &desk{office: &postOffice{}, ledger: newLedger(), places: &places{known: map[identity.Conversation]identity.Reference{}}, count: &counted{}}
	connector := NewConnector(ConnectorConfig{AppID: connApp, Tokens: oneToken{}, HTTP: &http.Client{Transport: officeAt{d.office}}, Hosts: []string{"smba.example"}})
	d.Bot = New(Config{Verifier: doorman{}, Conversations: d.places, Turns: d.ledger, Metrics: d.count, Log: slog.New(slog.NewTextHandler(&d.log, nil)),
		Image: AppConfig{ID: connApp, Name: "Image Pro", Connector: connector, Roster: roster}, Tenants: []string{deskTenant}})
	return d
}

// send posts an activity with some members changed.
func (d *desk) send(changes ...any) *httptest.ResponseRecorder {
	a := map[string]any{"type": "message", "id": "1", "text": "help", "channelId": "msteams", "serviceUrl": smba, "from": map[string]any{"id": "29:ada", "aadObjectId": "ada"},
		"recipient": map[string]any{"id": "28:" + connApp}, "conversation": map[string]any{"id": "a:ada", "conversationType": "personal", "tenantId": deskTenant}}
	for i := 0; i+1 < len(changes); i += 2 {
		a[changes[i].(string)] = changes[i+1]
	}
	body, err := json.Marshal(a)
	if err != nil {
		panic(err)
	}
	return d.post("POST", "Bearer good", bytes.NewReader(body))
}

func (d *desk) post(method, authorization string, body io.Reader) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/api/messages", body)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w
}

// unread is a body that must not be looked at.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

func TestEndpointRefusesBeforeReading(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		method, authorization string
		want                  int
	}{
		"GET": {"GET", "Bearer good", 405}, "no token": {"POST", "", 401}, "a bad token": {"POST", "Bearer bad", 401},
		"a token that may not": {"POST", "Bearer weak", 403}, "no keys yet": {"POST", "Bearer early", 503},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newDesk(idleRoster()).post(row.method, row.authorization, unread{t})
			if w.Code != row.want || row.want != 405 && w.Header().Get("Connection") != "close" {
				t.Errorf("got %d %v", w.Code, w.Header())
			}
			if row.want == 401 && w.Header().Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("headers %v", w.Header())
			}
		})
	}
}

func TestEndpointAnswers(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		changes []any
		want    int
		body    string
	}{
		"a message":           {nil, 200, ""},
		"another channel":     {[]any{"channelId", "webchat"}, 403, "forbidden"},
		"another service":     {[]any{"serviceUrl", "https://smba.example/amer/"}, 403, "forbidden"},
		"another tenant":      {[]any{"conversation", map[string]any{"id": "a:x", "tenantId": "other"}}, 403, "forbidden"},
		"no conversation":     {[]any{"conversation", nil}, 400, "not an activity"},
		"an unknown event":    {[]any{"type", "messageReaction"}, 200, ""},
		"an unknown invoke":   {[]any{"type", "invoke", "name", "tab/fetch"}, 501, "not answered here"},
		"a button":            {[]any{"type", "invoke", "name", "adaptiveCard/action", "value", map[string]any{"action": map[string]any{"type": "Action.Execute", "verb": "help"}}}, 200, "AdaptiveCard"},
		"an older button":     {[]any{"type", "invoke", "name", "adaptiveCard/action", "value", map[string]any{"action": map[string]any{"type": "Action.Execute", "verb": "gone"}}}, 200, "older"},
		"a button of no sort": {[]any{"type", "invoke", "name", "adaptiveCard/action", "value", 7}, 400, "BadRequest"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			roster := idleRoster()
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(roster)
				w := d.send(row.changes...)
				if w.Code != row.want || !strings.Contains(w.Body.String(), row.body) {
					t.Errorf("got %d %s", w.Code, w.Body)
				}
				d.Close(t.Context())
			})
		})
	}
}

// A message has one answer, whatever its deliveries look like: at once, later, while its answer waits.
func TestMessageIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	roster := idleRoster()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(roster)
		d.office.answer(always(503))
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				if w := d.send(); w.Code != http.StatusOK {
					t.Errorf("got %d", w.Code)
				}
			})
		}
		all.Wait()
		d.send()
		d.office.answer(nil)
		time.Sleep(time.Minute)
		d.send()
		d.send("text", "help", "id", "2")
		d.send("id", "")
		d.send("id", "") // without an id nothing tells that it is the same
		if n := len(d.office.taken()); n != 4 {
			t.Errorf("%d answers", n)
		}
		d.Close(t.Context())
	})
}

// A button that is delivered again gets the same answer; what only shares its id does not.
func TestInvokeIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(idleRoster())
	press := func(verb, who, tenant string) string {
		return d.send("type", "invoke", "name", "adaptiveCard/action", "value", map[string]any{"action": map[string]any{"type": "Action.Execute", "verb": verb}},
			"from", map[string]any{"id": who, "aadObjectId": who}).Body.String()
	}
	first := press("help", "ada", deskTenant)
	if again := press("help", "ada", deskTenant); again != first {
		t.Errorf("(-first +again):\n%s", cmp.Diff(first, again))
	}
	if n := len(d.count.turns); n != 1 {
		t.Errorf("done %d times", n)
	}
	if other := press("gone", "ada", deskTenant); other == first {
		t.Error("another button gets the same answer")
	}
	press("help", "bo", deskTenant)
	if n := len(d.count.turns); n != 2 {
		t.Errorf("somebody else's button was done %d times in all", n)
	}
}

func TestEndpointIsBusy(t *testing.T) {
	t.Parallel()
	roster := idleRoster()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(roster)
		for range maxConcurrent {
			if err := d.gate.enter(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		start := time.Now()
		if w := d.send(); w.Code != http.StatusServiceUnavailable || time.Since(start) > queueTime {
			t.Errorf("got %d after %s", w.Code, time.Since(start))
		}
	})
}

func TestClip(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		s    string
		n    int
		want string
	}{{"abc", 5, "abc"}, {"abc", 2, "ab"}, {"aé", 2, "a"}, {"é", 1, ""}, {"日本", 4, "日"}, {"\x80\x80\x80", 2, ""}, {"", 0, ""}} {
		if got := clip(row.s, row.n); got != row.want {
			t.Errorf("clip(%q, %d) = %q, want %q", row.s, row.n, got, row.want)
		}
	}
}
