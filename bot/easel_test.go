package bot

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
	"teamspro/internal/image/imagetest"
)

// easel is an engine without pixels: a picture is "WxH", and what becomes of it is the text of the plan that was run.
type easel struct {
	mu   sync.Mutex
	slow time.Duration // of a result
	fail error
}

func (e *easel) Probe(_ context.Context, data []byte) (image.Facts, error) {
	f := image.Facts{Format: "png", Frames: 1, Bytes: int64(len(data))}
	if _, err := fmt.Sscanf(string(data), "%dx%d", &f.W, &f.H); err != nil {
		return image.Facts{}, fault.New(fault.Invalid, "easel.Probe", image.FaultNotAnImage)
	}
	return f, nil
}

func (e *easel) Render(ctx context.Context, data []byte, p image.Plan, _ map[string][]byte) (image.Result, error) {
	e.mu.Lock()
	slow, fail := e.slow, e.fail
	e.mu.Unlock()
	if !pause(ctx, slow) {
		return image.Result{}, ctx.Err()
	}
	if fail != nil {
		return image.Result{}, fail
	}
	before, err := e.Probe(ctx, data)
	if err != nil {
		return image.Result{}, err
	}
	layout, err := image.Limits{}.Layout(p, before)
	size, out := layout.After(before), []byte(p.String())
	return image.Result{Data: out, Before: before, Facts: image.Facts{Format: "png", W: size.W, H: size.H, Frames: 1, Bytes: int64(len(out))}}, err
}

func (e *easel) Palette(context.Context, []byte, int) ([]image.Color, error) { return nil, nil }

func (e *easel) be(slow time.Duration, fail error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.slow, e.fail = slow, fail
}

// teams is the other side of the bot: the messages of all conversations in their order, pictures that people paste, whose
// address tells their size, and places for files.
type teams struct {
	mu       sync.Mutex
	messages []*posted
	fetched  []string // addresses that were read
	refuse   []int    // statuses that the next uploads are answered with; -1 breaks the connection
	pieces   []string // Content-Range of each upload
	stored   []byte
	ended    bool
	tokens   int // requests to the place of a file that held a token
}

type posted struct {
	id, body string
	gone     bool
	changes  []string
}

func (s *teams) RoundTrip(r *http.Request) (*http.Response, error) {
	body := []byte(nil)
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	w := httptest.NewRecorder()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch path := r.URL.Path; {
	case r.URL.Host == "upload.example":
		if err := s.upload(w, r, body); err != nil {
			return nil, err
		}
	case strings.Contains(path, "/v3/attachments/"):
		s.fetched = append(s.fetched, r.URL.String())
		fmt.Fprint(w, strings.Split(path, "/")[4])
	case strings.Contains(path, "/activities"):
		s.speak(w, r, string(body))
	default:
		w.WriteHeader(http.StatusNotFound)
	}
	res := w.Result()
	res.Request = r
	return res, nil
}

func (s *teams) speak(w http.ResponseWriter, r *http.Request, body string) {
	_, id, _ := strings.Cut(r.URL.Path, "/activities")
	id = strings.Trim(id, "/")
	if r.Method == http.MethodPost {
		if !strings.Contains(body, `"type":"typing"`) {
			s.messages = append(s.messages, &posted{id: fmt.Sprint("m", len(s.messages)+1), body: body})
		}
		fmt.Fprintf(w, `{"id":"m%d"}`, len(s.messages))
		return
	}
	i := slices.IndexFunc(s.messages, func(m *posted) bool { return m.id == id && !m.gone })
	switch {
	case i < 0:
		w.WriteHeader(http.StatusNotFound)
	case r.Method == http.MethodPut:
		s.messages[i].changes = append(s.messages[i].changes, body)
		s.messages[i].body = body
		fmt.Fprint(w, `{}`)
	default:
		s.messages[i].gone = true
	}
}

// upload is a session as OneDrive has them.
func (s *teams) upload(w http.ResponseWriter, r *http.Request, body []byte) error {
	if r.Header.Get("Authorization") != "" {
		s.tokens++
	}
	var from, to, total int
	switch r.Method {
	case http.MethodDelete:
		s.ended, s.stored = true, nil
		w.WriteHeader(http.StatusNoContent)
		return nil
	case http.MethodGet:
		fmt.Fprintf(w, `{"nextExpectedRanges":["%d-"]}`, len(s.stored))
		return nil
	}
	s.pieces = append(s.pieces, r.Header.Get("Content-Range"))
	if len(s.refuse) > 0 {
		status := s.refuse[0]
		s.refuse = s.refuse[1:]
		if status < 0 {
			s.stored = append(s.stored, body...) // it arrived, but nobody heard so
			return io.ErrUnexpectedEOF
		}
		w.WriteHeader(status)
		if status == http.StatusAccepted { // and wants the same again
			fmt.Fprintf(w, `{"nextExpectedRanges":["%d-"]}`, len(s.stored))
		}
		return nil
	}
	if _, err := fmt.Sscanf(r.Header.Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &total); err != nil || from != len(s.stored) || to-from+1 != len(body) {
		w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
		return nil
	}
	if s.stored = append(s.stored, body...); len(s.stored) == total {
		w.WriteHeader(http.StatusCreated)
		return nil
	}
	w.WriteHeader(http.StatusAccepted)
	fmt.Fprintf(w, `{"nextExpectedRanges":["%d-"]}`, len(s.stored))
	return nil
}

// said are the bodies of the messages that are there.
func (s *teams) said() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, m := range s.messages {
		if !m.gone {
			all = append(all, m.body)
		}
	}
	return all
}

func (s *teams) last() string {
	all := s.said()
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

// changes are what a message was changed to, one after the other.
func (s *teams) changes(id string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.messages {
		if m.id == id {
			return slices.Clone(m.changes)
		}
	}
	return nil
}

// atelier is a bot with Image Pro at work: a real studio before an engine without pixels, with a drive in memory.
type atelier struct {
	*desk
	teams  *teams
	easel  *easel
	drives *imagetest.Drives
}

// newAtelier must be called outside of synctest, because of the studio's caches.
func newAtelier() func() *atelier {
	roster, engine, drives := idleRoster(), &easel{}, imagetest.New()
	studio := image.NewStudio(image.StudioConfig{Engine: engine, Drives: drives})
	return func() *atelier {
		a := &atelier{desk: &desk{ledger: newLedger(), places: &places{known: map[identity.Conversation]identity.Reference{}}, count: &counted{}}, teams: &teams{}, easel: engine, drives: drives}
		connector := NewConnector(ConnectorConfig{AppID: connApp, Tokens: oneToken{}, HTTP: &http.Client{Transport: a.teams}, Hosts: []string{"smba.example"}})
		a.Bot = New(Config{Verifier: doorman{}, Conversations: a.places, Turns: a.ledger, Metrics: a.count, Log: slog.New(slog.NewTextHandler(&a.log, nil)), Studio: studio,
			Preview: func(_ identity.Tenant, picture, plan string, _ int, _ string) string {
				return "https://bot.example/i/" + picture + "?p=" + plan
			},
			Image: AppConfig{ID: connApp, Name: "Image Pro", Connector: connector, Roster: roster}, Tenants: []string{deskTenant}})
		return a
	}
}

// nextID is the id of an activity that was not sent before.
func nextID() string { return rand.Text() }

// types is what a person types, with pictures of some sizes pasted.
func (a *atelier) types(words string, pasted ...string) {
	var files []any
	for _, size := range pasted {
		files = append(files, map[string]any{"contentType": "image/png", "contentUrl": smba + "v3/attachments/" + size + "/views/original", "name": size + ".png"})
	}
	a.send("text", words, "id", nextID(), "attachments", files)
}

// invokes sends an invoke about the last message, or another.
func (a *atelier) invokes(name string, value map[string]any, about string) string {
	return a.send("type", "invoke", "name", name, "id", nextID(), "value", value, "replyToId", about).Body.String()
}

func (a *atelier) presses(verb, about string) string {
	return a.invokes(invokeCardAction, map[string]any{"action": map[string]any{"type": "Action.Execute", "verb": verb}}, about)
}

// fills sends a form; fields alternate names and values.
func (a *atelier) fills(verb, about string, fields ...string) string {
	data := map[string]any{"verb": verb, "posted": true, "form": nextID()}
	for i := 0; i+1 < len(fields); i += 2 {
		data[fields[i]] = fields[i+1]
	}
	return a.invokes(invokeSubmit, map[string]any{"data": data}, about)
}

// verb finds the first path with an ending in what was said.
func verb(t *testing.T, body, ending string) string {
	t.Helper()
	var found string
	var tree any
	if err := json.Unmarshal([]byte(body), &tree); err != nil {
		t.Fatal(err)
	}
	eachButton(tree, func(_ Surface, v string) {
		if found == "" && strings.HasSuffix(v, ending) {
			found = v
		}
	})
	if found == "" {
		t.Fatalf("no button …%s in %s", ending, body)
	}
	return found
}

// holds fails for what does not stand in a text.
func holds(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("no %q in %s", p, text)
		}
	}
}

// canceled is a context that has ended.
func canceled(t *testing.T) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx, cancel
}
