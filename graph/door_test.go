package graph_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"teamspro/graph"
	"teamspro/graph/graphtest"
	"teamspro/internal/fault"
	"teamspro/internal/image"
)

func TestNewRefusesAddresses(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		base string
		good bool
	}{
		{"https://graph.microsoft.com/v1.0", true},
		{"https://graph.microsoft.com/v1.0/", true},
		{"https://dod-graph.microsoft.us/v1.0", true},
		{"http://127.0.0.1:9000/v1.0", true},
		{"http://graph.microsoft.com/v1.0", false},
		{"http://10.0.0.1/v1.0", false},
		{"https://ana:secret@graph.microsoft.com/v1.0", false},
		{"https://graph.microsoft.com/v1.0?x=1", false},
		{"graph.microsoft.com", false},
		{"", false},
		{"https://[::1", false},
	} {
		if _, err := graph.New(graph.Config{BaseURL: row.base}); (err == nil) != row.good {
			t.Errorf("%q: %v", row.base, err)
		}
	}
}

// TestRefusals: every refusal has its own fault, whatever its body is.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		fault graphtest.Fault
		kind  fault.Kind
		text  string
	}{
		{graphtest.Answer(400), fault.NotFound, "image.drive.gone"},
		{graphtest.Answer(403), fault.Denied, "image.drive.denied"},
		{graphtest.Answer(404), fault.NotFound, "image.drive.gone"},
		{graphtest.Answer(410), fault.NotFound, "image.drive.gone"},
		{graphtest.Answer(418), fault.Internal, "image.drive.odd"},
		{graphtest.Answer(423), fault.Busy, "image.drive.locked"},
		{graphtest.Answer(429, "Retry-After", "77.5"), fault.Busy, "image.drive.busy"},
		{graphtest.Answer(500), fault.Busy, "image.drive.slow"},
		{graphtest.Answer(502), fault.Busy, "image.drive.slow"},
		{graphtest.Answer(503, "Retry-After", "60"), fault.Busy, "image.drive.busy"},
		{graphtest.Answer(504), fault.Busy, "image.drive.slow"},
		{graphtest.Answer(507), fault.Denied, "image.drive.full"},
		{graphtest.Answer(509), fault.Busy, "image.drive.bandwidth"},
		{graphtest.Say(403, "application/json", `{"error":{"code":"accessDenied","message":"`+strings.Repeat("x", 30<<10)+`"}}`), fault.Denied, "image.drive.denied"},
		{graphtest.Say(404, "text/html", "<html>"+strings.Repeat("<p>lighthouse", 9000)), fault.NotFound, "image.drive.gone"},
		{graphtest.Say(403, "application/json", `{"error":`), fault.Denied, "image.drive.denied"},
		{graphtest.Say(403, "application/json", ``), fault.Denied, "image.drive.denied"},
		{graphtest.Say(403, "application/json", `[]`), fault.Denied, "image.drive.denied"},
		{graphtest.Say(403, "application/json", `{"error":{"code":7,"innerError":[]}}`), fault.Denied, "image.drive.denied"},
		{graphtest.Say(403, "application/json", `{"error":"accessDenied"}`), fault.Denied, "image.drive.denied"},
		{graphtest.Say(423, "application/json", `{"error":null}`), fault.Busy, "image.drive.locked"},
		{graphtest.Say(423, "application/json", strings.Repeat(`{"error":`, 1500)+"1"+strings.Repeat("}", 1500)), fault.Busy, "image.drive.locked"},
		{graphtest.Say(200, "application/json", `{"id":"01A"`), fault.Internal, "image.drive.odd"},
		{graphtest.Say(200, "application/json", `{}`), fault.Internal, "image.drive.odd"},
		{graphtest.Say(200, "application/json", ``), fault.Internal, "image.drive.odd"},
		{graphtest.Say(200, "application/json", `null`), fault.Internal, "image.drive.odd"},
		{graphtest.Say(200, "application/json", strings.Repeat(`[`, 4<<20)), fault.Internal, "image.drive.odd"},
		{graphtest.Say(200, "application/json", `{"id":"../x","name":"a.png"}`), fault.Internal, "image.drive.odd"},
		{graphtest.Say(200, "application/json", `{"id":"01A","name":"a.png","size":-1}`), fault.Internal, "image.drive.odd"},
		{graphtest.Say(200, "text/html", `<html>sign in to the hotel's network</html>`), fault.Internal, "image.drive.odd"},
		{graphtest.Say(204, "application/json", ``), fault.Internal, "image.drive.odd"},
		{graphtest.Say(302, "text/html", ``), fault.Internal, "image.drive.odd"},
	} {
		w := newWorld(t, func(c *graph.Config) { c.Patience = time.Millisecond })
		w.Fail("item", 1, row.fault)
		_, err := w.c.Item(t.Context(), w.who, w.file)
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != row.kind || f.Text != row.text {
			t.Errorf("%v is not %s %s", err, row.kind, row.text)
		}
		if strings.Contains(fmt.Sprint(err), "127.0.0.1") || strings.Contains(fmt.Sprint(err), "lighthouse") {
			t.Errorf("the error says too much: %v", err)
		}
	}
}

// TestEndless: what never ends is given up, and costs no more than the limit.
func TestEndless(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *graph.Config) { c.Patience = time.Millisecond })
	w.Fail("children", 9, graphtest.Endless)
	if list, err := w.c.Images(t.Context(), w.who, w.folder, 10); err == nil {
		t.Errorf("%d pictures came", len(list))
	}
}

func TestWaiting(t *testing.T) {
	t.Parallel()
	soon := time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat)
	for _, row := range []struct {
		name string
		op   string
		f    graphtest.Fault
		n    int
		good bool
	}{
		{"a fraction of a second", "item", graphtest.Answer(429, "Retry-After", "0.05"), 2, true},
		{"a date", "item", graphtest.Answer(503, "Retry-After", soon), 2, true},
		{"nothing said", "item", graphtest.Answer(503), 1, true},
		{"a broken connection", "item", graphtest.Drop, 1, true},
		{"half an answer", "item", graphtest.Truncate(10), 1, true},
		{"a time that is none", "item", graphtest.Answer(429, "Retry-After", "soon"), 1, true},
		{"too long", "item", graphtest.Answer(429, "Retry-After", "3"), 1, false},
		{"too often", "item", graphtest.Answer(429, "Retry-After", "0"), 9, false},
		{"for ever", "item", graphtest.Answer(503, "Retry-After", "99999999999999999999"), 9, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Fail(row.op, row.n, row.f)
			defer quick(t, 5*time.Second)()
			if _, err := w.c.Item(t.Context(), w.who, w.file); (err == nil) != row.good {
				t.Error(err)
			} else if !row.good && !fault.Is(err, fault.Busy) {
				t.Error(err)
			}
			if n := w.count("item"); n > 4 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

// TestWaitIsTold: a person is told how long, in whole seconds.
func TestWaitIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Fail("item", 1, graphtest.Answer(429, "Retry-After", "12.128"))
	_, err := w.c.Item(t.Context(), w.who, w.file)
	f := wantFault(t, err, fault.Busy, "image.drive.busy")
	if len(f.Args) != 2 || f.Args[0] != "Count" || f.Args[1] != 13 {
		t.Errorf("told %v", f.Args)
	}
	if !strings.Contains(w.log.String(), "request=11111111-1111-4111-8111-111111111111") || !strings.Contains(w.log.String(), "status=429") || !strings.Contains(w.log.String(), "client_request=") {
		t.Errorf("the log lacks what support asks for: %s", w.log)
	}
}

// TestPatienceIsOfTheCall: several requests of one call share the time there is.
func TestPatienceIsOfTheCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *graph.Config) { c.Patience = 100 * time.Millisecond })
	for i := range 250 {
		w.Put(w.folder, fmt.Sprintf("p%d.png", i), nil)
	}
	busy := graphtest.Answer(429, "Retry-After", "0.06")
	w.Fail("children", 1, busy)
	w.Fail("children", 1, func(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) { serve(w, r) })
	w.Fail("children", 1, busy)
	_, err := w.c.Images(t.Context(), w.who, w.folder, 1000)
	wantFault(t, err, fault.Busy, "image.drive.busy")
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Fail("item", 9, graphtest.Answer(429, "Retry-After", "1"))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	defer quick(t, time.Second)()
	_, err := w.c.Item(ctx, w.who, w.file)
	wantFault(t, err, fault.Busy, "image.drive.slow")
}

// TestSlowGraph: a question has its time, whoever asks.
func TestSlowGraph(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.c.Hurry(50*time.Millisecond, 50*time.Millisecond)
	w.Fail("item", 9, graphtest.Slow(10*time.Second))
	defer quick(t, 5*time.Second)()
	_, err := w.c.Item(t.Context(), w.who, w.file)
	wantFault(t, err, fault.Busy, "image.drive.slow")
}

func TestTokens(t *testing.T) {
	t.Parallel()
	t.Run("another token", func(t *testing.T) {
		w := newWorld(t)
		w.Revoke("")
		if i := w.item(t); i.Name != pictureName || len(w.Told()) != 0 || w.count("item") != 2 {
			t.Errorf("%+v after %d refusals and %d requests", i, len(w.Told()), w.count("item"))
		}
	})
	t.Run("refused twice", func(t *testing.T) {
		w := newWorld(t)
		w.Fail("item", 9, graphtest.Answer(401))
		_, err := w.c.Item(t.Context(), w.who, w.file)
		wantFault(t, err, fault.SignIn, "image.drive.sign_in")
		if len(w.Told()) != 1 || w.count("item") != 2 {
			t.Errorf("%d refusals, %d requests", len(w.Told()), w.count("item"))
		}
	})
	t.Run("claims", func(t *testing.T) {
		const claims = `{"access_token":{"nbf":{"essential":true,"value":"1763712300"}}}`
		w := newWorld(t)
		w.Revoke(claims)
		_, err := w.c.Item(t.Context(), w.who, w.file)
		wantFault(t, err, fault.SignIn, "image.drive.sign_in")
		if told := w.Told(); len(told) != 1 || told[0] != claims || w.count("item") != 1 {
			t.Errorf("told %v, after %d requests", told, w.count("item"))
		}
	})
	t.Run("a challenge that makes no sense", func(t *testing.T) {
		for _, challenge := range []string{"Bearer claims=abc", `Bearer claims="`, `Bearer realm="", claims="***"`, `Bearer claims=`, "", `Bearer claims="é"`, `Bearer claims="bm8ganNvbg=="`} {
			w := newWorld(t)
			w.Fail("item", 1, graphtest.Answer(401, "WWW-Authenticate", challenge))
			w.item(t)
			w.Fail("item", 2, graphtest.Answer(401, "WWW-Authenticate", challenge))
			_, err := w.c.Item(t.Context(), w.who, w.file)
			wantFault(t, err, fault.SignIn, "image.drive.sign_in")
			if told := w.Told(); len(told) != 1 || told[0] != "" {
				t.Errorf("%q: told %v", challenge, told)
			}
		}
	})
	t.Run("refused, and nobody says what to do", func(t *testing.T) {
		silent := tokens{token: func() (string, error) { return "t", nil }, refused: func(string) error { return nil }}
		w := newWorld(t, func(c *graph.Config) { c.Tokens = silent })
		_, err := w.c.Item(t.Context(), w.who, w.file)
		wantFault(t, err, fault.SignIn, "image.drive.sign_in")
	})
	t.Run("none", func(t *testing.T) {
		mine := fault.New(fault.SignIn, "auth.Token", "image.drive.sign_in", "Url", "https://sign.in.example")
		w := newWorld(t, func(c *graph.Config) { c.Tokens = tokens{token: func() (string, error) { return "", mine }} })
		_, err := w.c.Item(t.Context(), w.who, w.file)
		var f *fault.Error
		if !errors.As(err, &f) || f != mine || w.count("") != 0 {
			t.Errorf("%v, after %d requests", err, w.count(""))
		}
	})
}

func FuzzClaims(f *testing.F) {
	f.Add(`Bearer realm="", claims="` + base64.StdEncoding.EncodeToString([]byte(`{"a":1}`)) + `"`)
	f.Add(`claims="`)
	f.Add(`Bearer claims="e30="`)
	f.Fuzz(func(t *testing.T, challenge string) {
		if got := graph.Claims(challenge); got != "" && !strings.Contains(challenge, `claims="`) {
			t.Errorf("claims %q out of %q", got, challenge)
		}
	})
}

// TestNextLinks: a list goes on below Graph's own address, and nowhere else.
func TestNextLinks(t *testing.T) {
	t.Parallel()
	other, heard := elsewhere(t)
	for _, next := range []func(w *world) string{
		func(*world) string { return other + "/v1.0/drives/x" },
		func(w *world) string { return strings.Replace(w.URL, "v1.0", "beta/drives", 1) },
		func(w *world) string { return w.URL + "/../secret" },
		func(w *world) string { return w.URL + "/%2e%2e/secret" },
		func(w *world) string { return w.URL + `/..\secret` },
		func(w *world) string { return "http://ana@" + strings.TrimPrefix(w.URL, "http://") + "/x" },
		func(w *world) string { return strings.Replace(w.URL, "http:", "https:", 1) + "/x" },
		func(w *world) string { return strings.Replace(w.URL, "127.0.0.1", "127.0.0.2", 1) + "/x" },
		func(*world) string { return "//x" },
		func(*world) string { return "/v1.0/x" },
		func(*world) string { return "http://[::1" },
	} {
		w := newWorld(t)
		w.Fail("children", 1, graphtest.Say(200, "application/json", fmt.Sprintf(`{"value":[],"@odata.nextLink":%q}`, next(w))))
		before := w.count("")
		_, err := w.c.Images(t.Context(), w.who, w.folder, 10)
		wantFault(t, err, fault.Internal, "image.drive.odd")
		if w.count("") != before+1 {
			t.Errorf("%s was asked", next(w))
		}
	}
	if heard.Load() != 0 {
		t.Error("another host was asked")
	}
}

// TestEndlessList: pages that go on for ever end.
func TestEndlessList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Fail("children", 1000, graphtest.Say(200, "application/json", fmt.Sprintf(`{"value":[],"@odata.nextLink":"%s/drives/b!library/items/root/children"}`, w.URL)))
	list, err := w.c.Images(t.Context(), w.who, w.folder, 10)
	if err != nil || len(list) != 0 || w.count("children") > 30 {
		t.Errorf("%d pictures, %v, %d pages", len(list), err, w.count("children"))
	}
}

// TestRedirects: a token does not follow where Graph's host sends it.
func TestRedirects(t *testing.T) {
	t.Parallel()
	other, heard := elsewhere(t)
	for _, op := range []string{"item", "children", "content", "photo"} {
		w := newWorld(t)
		w.Fail(op, 9, graphtest.Answer(http.StatusTemporaryRedirect, "Location", other+"/v1.0/x"))
		_, _ = w.c.Item(t.Context(), w.who, w.file)
		_, _ = w.c.Images(t.Context(), w.who, w.folder, 1)
		_, _ = w.c.Create(t.Context(), w.who, w.folder, "b.png", w.data, false)
		_, _, _ = w.c.Photo(t.Context(), w.who, 48)
	}
	if heard.Load() != 0 {
		t.Error("a redirect was followed")
	}
}

// TestHostWithPort: another port of Graph's host is another host.
func TestHostWithPort(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"value":[],"@odata.nextLink":"http://127.0.0.1:1/v1.0/x"}`)
	}))
	defer s.Close()
	asked := 0
	c, err := graph.New(graph.Config{BaseURL: s.URL + "/v1.0", Tokens: tokens{token: func() (string, error) { asked++; return "t", nil }}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Images(t.Context(), graphtest.Serve(t).Who(), image.ItemRef{Drive: "b!a", Item: "01A"}, 5)
	wantFault(t, err, fault.Internal, "image.drive.odd")
	if asked != 1 {
		t.Errorf("%d tokens were taken", asked)
	}
}
