package sandbox

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestOnlyThisMachinesPagesGetIn(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	own := strings.TrimPrefix(r.base, "http://")
	for _, c := range []struct {
		name, method, path, host string
		header                   map[string]string
		status                   int
	}{
		{"as it should be", "POST", "/api/rotate", own, map[string]string{"Origin": r.base, "Sec-Fetch-Site": "same-origin"}, 200},
		{"a tool without an origin", "POST", "/api/rotate", own, nil, 200},
		{"a name that was pointed here", "GET", "/api/world", "evil.example", nil, 421},
		{"such a name with our port", "POST", "/api/rotate", "evil.example:80", nil, 421},
		{"such a name that looks like us", "GET", "/api/world", "127.0.0.1.evil.example", nil, 421},
		{"another origin", "POST", "/api/rotate", own, map[string]string{"Origin": "https://evil.example"}, 403},
		{"another port", "POST", "/api/reset", own, map[string]string{"Origin": "http://127.0.0.1:1"}, 403},
		{"another site", "POST", "/api/rotate", own, map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{"another origin clears", "DELETE", "/api/faults", own, map[string]string{"Origin": "https://evil.example"}, 403},
		{"another origin signs in", "POST", "/login/common/oauth2/v2.0/authorize", own, map[string]string{"Origin": "https://evil.example"}, 403},
		{"another origin plays", "POST", "/playground/api/messages", own, map[string]string{"Origin": "https://evil.example"}, 403},
		{"a form", "POST", "/api/rotate", own, map[string]string{"Content-Type": "text/plain"}, 415},
	} {
		req, err := http.NewRequest(c.method, r.base+c.path, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		req.Host = c.host
		req.Header.Set("Content-Type", "application/json")
		for k, v := range c.header {
			req.Header.Set(k, v)
		}
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != c.status {
			t.Errorf("%s: %d, want %d", c.name, res.StatusCode, c.status)
		}
	}
}

func TestWorldAsEachSeesIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, c := range []struct {
		as      string
		want    []string
		app     string
		command string
		search  string
	}{
		{"ana", []string{"personal-contact", "personal-image", "group", "general", "leads", "logistics", "drivers", "press", "events"}, "Contact Pro", "find", "Find contact"},
		{"ben", []string{"personal-contact", "personal-image", "group", "general", "leads", "logistics", "drivers", "press", "events"}, "Contact Pro", "find", "Find contact"},
		{"chloe", []string{"personal-contact", "personal-image", "general", "leads"}, "Contact Pro FR", "trouver", "Trouver un contact"},
	} {
		var w worldView
		r.api("/api/world?as="+c.as, nil, &w)
		var ids []string
		for _, v := range w.Conversations {
			ids = append(ids, v.ID)
		}
		if diff := cmp.Diff(c.want, ids); diff != "" || w.Me != c.as || w.Tenant != DefaultTenant {
			t.Errorf("%s: %s", c.as, diff)
		}
		contact := w.Apps[0]
		if contact.Name != c.app || contact.Commands[0].Title != c.command || contact.Extension[0].Title != c.search || w.Conversations[0].Name != c.app {
			t.Errorf("%s: %+v", c.as, contact)
		}
	}
	var w worldView
	r.api("/api/world?as=ana", nil, &w)
	ana := r.world.person("ana")
	if diff := cmp.Diff(personView{ID: "ana", Name: "Ana Duarte", Role: "owner", Locale: "en-GB", Initials: "AD", MRI: ana.UserID, ObjectID: ana.ObjectID, UPN: ana.UPN}, w.People[0]); diff != "" {
		t.Error(diff)
	}
	want := conversationView{ID: "leads", Kind: "channel", Name: "Leads", Team: "Contoso Sales", Apps: []string{"contact", "image"},
		Members: []string{"ana", "ben", "chloe"}, TeamsID: r.chatID("leads", ""), Roles: map[string]string{"ana": "owner", "ben": "member", "chloe": "guest"}}
	if diff := cmp.Diff(want, w.Conversations[4]); diff != "" {
		t.Error(diff)
	}
}

func TestPageAPIRefuses(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.post(r.appToken(botAudience), r.chatID("group", ""), cardMessage())
	for _, c := range []struct {
		name, method, path string
		body               any
		status             int
	}{
		{"nobody's world", "GET", "/api/world?as=x", nil, 404},
		{"nobody's events", "GET", "/api/events?as=x", nil, 404},
		{"another's personal chat is one's own", "GET", "/api/messages?as=ben&conversation=personal-contact", nil, 200},
		{"a chat one is not in", "GET", "/api/messages?as=chloe&conversation=group", nil, 404},
		{"to speak there", "POST", "/api/send", obj{"as": "chloe", "conversation": "group", "text": "x"}, 404},
		{"to press there", "POST", "/api/action", obj{"as": "chloe", "conversation": "group", "messageId": id}, 404},
		{"to submit there", "POST", "/api/submit", obj{"as": "chloe", "conversation": "group", "messageId": id}, 404},
		{"to insert there", "POST", "/api/compose", obj{"as": "chloe", "conversation": "group", "attachment": card()}, 404},
		{"to invoke there", "POST", "/api/invoke", obj{"as": "chloe", "conversation": "group", "name": "task/fetch"}, 404},
		{"an action on nothing", "POST", "/api/action", obj{"as": "ana", "conversation": "group"}, 404},
		{"an action on what is not there", "POST", "/api/action", obj{"as": "ana", "conversation": "group", "messageId": "1"}, 404},
		{"a thread that is not there", "POST", "/api/send", obj{"as": "ana", "conversation": "leads", "thread": "1", "text": "x"}, 404},
		{"a file that is none", "POST", "/api/send", obj{"as": "ana", "conversation": "group", "files": []any{obj{"base64": "!"}}}, 400},
		{"a role that is none", "POST", "/api/role", obj{"person": "ana", "conversation": "leads", "role": "king"}, 400},
		{"a role of a stranger", "POST", "/api/role", obj{"person": "chloe", "conversation": "group", "role": "owner"}, 404},
		{"a fault that is none", "POST", "/api/faults", obj{"status": 200}, 400},
		{"a wait that is none", "POST", "/api/faults", obj{"status": 429, "retryAfter": obj{}}, 400},
		{"no JSON", "POST", "/api/send", "x", 400},
		{"too much", "POST", "/api/send", obj{"text": strings.Repeat("x", maxRequest)}, 400},
	} {
		if status, body := r.do(c.method, r.base+c.path, "", c.body); status != c.status {
			t.Errorf("%s: %d %.100s", c.name, status, body)
		}
	}
}

func TestEventsAndTheLog(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	res, err := http.Get(r.base + "/api/events?as=ben")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if kind := res.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Errorf("content type %q", kind)
	}
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	next := func(kind string) event {
		t.Helper()
		for lines.Scan() {
			data, ok := strings.CutPrefix(lines.Text(), "data: ")
			var e event
			if ok && json.Unmarshal([]byte(data), &e) == nil && e.Type == kind {
				return e
			}
		}
		t.Fatalf("no %s event: %v", kind, lines.Err())
		return event{}
	}
	lines.Scan() // the greeting: from now on nothing is missed
	token := r.appToken(botAudience)
	r.sendText("ana", "personal-contact", "Ben must not hear this", nil)
	id := r.post(token, r.chatID("group", ""), cardMessage())
	e := next("message")
	if e.Conversation != "group" || e.Message.ID != id || e.Message.From != "bot:contact" || e.Message.Name != "Contact Pro" {
		t.Errorf("event: %+v %+v", e, e.Message)
	}
	for {
		e = next("activity")
		if e.Entry.Direction == "out" && e.Entry.Name == opSend {
			break
		}
	}
	if e.Entry.Status != 201 || e.Entry.Method != "POST" || strings.Contains(e.Entry.Token, token) || !strings.HasPrefix(token, strings.TrimSuffix(e.Entry.Token, "…")) ||
		!strings.Contains(string(e.Entry.Request), "AdaptiveCard") || string(e.Entry.Response) != `{"id":"`+id+`"}` {
		t.Errorf("entry: %+v", e.Entry)
	}
	var log struct{ Entries []entry }
	r.api("/api/activity", nil, &log)
	in := 0
	for _, entry := range log.Entries {
		if strings.Contains(string(entry.Request)+string(entry.Response)+entry.Token, token) {
			t.Error("the log holds a whole token")
		}
		if entry.Direction == "in" && entry.Path == "/api/messages" && entry.Status == 200 {
			in++
		}
	}
	if in < 12 { // two announcements in three places for two apps
		t.Errorf("only %d deliveries are in the log", in)
	}
}

func TestLogHasAnEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(Config{})
	for range maxLog + 50 {
		w.record(entry{})
	}
	c := w.chatByKey("group", "")
	for range maxMessages + 50 {
		w.say(c, message{})
	}
	if len(w.activity()) != maxLog || len(w.messages(c)) != maxMessages {
		t.Errorf("%d entries, %d messages", len(w.activity()), len(w.messages(c)))
	}
}

func TestSlowListenersAreDropped(t *testing.T) {
	t.Parallel()
	w := newWorld(Config{})
	events, stop := w.listen("ana")
	for range 1000 {
		w.record(entry{})
	}
	n := 0
	for range events {
		n++
	}
	stop() // harmless afterwards
	if n == 0 || n == 1000 || len(w.stream.listeners) != 0 {
		t.Errorf("%d events, %d listeners", n, len(w.stream.listeners))
	}
}

func TestReset(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.sendText("ana", "group", "hello", nil)
	r.login.consent(contactID, "x", scopes{names: []string{"User.Read"}})
	r.api("/api/faults", obj{"op": "send", "status": 500, "count": 100}, nil)
	group := r.chatID("group", "")
	r.bot.mu.Lock()
	r.bot.heard = nil
	r.bot.mu.Unlock()
	r.api("/api/reset", obj{}, nil)
	r.installed()
	if len(r.said("group", "")) != 0 || len(r.login.consents) != 0 || r.chatID("group", "") != group {
		t.Error("the world is not as it was at the start")
	}
	r.post(r.appToken(botAudience), group, saying("no trouble"))
}

func TestPageFiles(t *testing.T) {
	t.Parallel()
	modules := t.TempDir()
	file := filepath.Join(modules, "adaptivecards", "dist", "adaptivecards.min.js")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("library"), 0o644); err != nil {
		t.Fatal(err)
	}
	r := newRig(t, func(c *Config) { c.PageModules = modules })
	for _, c := range []struct {
		path   string
		status int
		want   string
	}{
		{"/", 200, "<!doctype html>"},
		{"/page/index.html", 301, ""},
		{"/page/none.js", 404, ""},
		{"/page/../sandbox.go", 307, ""},
		{"/lib/adaptivecards.min.js", 200, "library"},
		{"/lib/markdown-it.min.js", 503, "make run"},
		{"/lib/package.json", 404, ""},
		{"/lib/..%2f..%2fsecret", 404, ""},
		{"/nowhere", 404, ""},
	} {
		res := r.send("GET", r.base+c.path, "", nil)
		raw := make([]byte, 1000)
		n, _ := res.Body.Read(raw)
		res.Body.Close()
		if res.StatusCode != c.status || !strings.Contains(string(raw[:n]), c.want) {
			t.Errorf("%s: %d %s", c.path, res.StatusCode, raw[:n])
		}
		if policy := res.Header.Get("Content-Security-Policy"); c.status == 200 && !strings.Contains(policy, "default-src 'self'") {
			t.Errorf("%s: policy %q", c.path, policy)
		}
	}
	bare := newRig(t)
	if status, _ := bare.do("GET", bare.base+"/lib/adaptivecards.min.js", "", nil); status != 503 {
		t.Errorf("without modules: %d", status)
	}
}

func TestFilesHaveBounds(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	f := newFiles(func() time.Time { return at })
	first := f.keep(file{name: "first"})
	for range maxFiles {
		f.keep(file{})
	}
	if _, ok := f.get(first); ok || len(f.held) != maxFiles {
		t.Errorf("%d files are kept", len(f.held))
	}
	last := f.keep(file{})
	at = at.Add(fileLife)
	if _, ok := f.get(last); ok {
		t.Error("a file outlives its time")
	}
	for _, header := range []string{"", "bytes 0-1", "bytes 2-1/9", "bytes 0-9/9", "bytes -1-2/9", "bytes 0-1/9 ", "bytes 9999999999999-1/2"} {
		if _, err := parseRange(header); err == nil {
			t.Errorf("%q was read", header)
		}
	}
}
