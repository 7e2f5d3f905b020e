package ops

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHealthz(t *testing.T) {
	t.Parallel()
	broken := Health{Metrics: NewMetrics("test"), Checks: map[string]func() error{"store": func() error { return errors.New("no") }}}
	response, body := get(t, Handler(broken), "/healthz")
	if response.StatusCode != http.StatusOK || body != "ok" {
		t.Errorf("%d %q: a process that lives is healthy, ready or not", response.StatusCode, body)
	}
}

func TestReadyz(t *testing.T) {
	t.Parallel()
	works := func() error { return nil }
	fails := func(text string) func() error { return func() error { return errors.New(text) } }
	for _, row := range []struct {
		what     string
		checks   map[string]func() error
		draining bool
		status   int
		want     Readiness
	}{
		{"nothing to check", nil, false, 200, Readiness{true, map[string]string{"draining": "ok"}}},
		{"all well", map[string]func() error{"keys": works, "store": works}, false, 200,
			Readiness{true, map[string]string{"keys": "ok", "store": "ok", "draining": "ok"}}},
		{"one fails", map[string]func() error{"keys": works, "store": fails("the disk\nis full")}, false, 503,
			Readiness{false, map[string]string{"keys": "ok", "store": "the disk is full", "draining": "ok"}}},
		{"stopping", map[string]func() error{"keys": works}, true, 503,
			Readiness{false, map[string]string{"keys": "ok", "draining": "the service is stopping"}}},
		{"too long", map[string]func() error{"keys": fails(strings.Repeat("é", 300))}, false, 503,
			Readiness{false, map[string]string{"keys": strings.Repeat("é", 200) + "…", "draining": "ok"}}},
		{"a token slipped in", map[string]func() error{"keys": fails("401 for Bearer abcdefghijkl")}, false, 503,
			Readiness{false, map[string]string{"keys": "401 for Bearer …", "draining": "ok"}}},
	} {
		h := Health{Checks: row.checks, Draining: func() bool { return row.draining }, Metrics: NewMetrics("test")}
		response, body := get(t, Handler(h), "/readyz")
		var got Readiness
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatalf("%s: %v", row.what, err)
		}
		if response.StatusCode != row.status {
			t.Errorf("%s: status %d, want %d", row.what, response.StatusCode, row.status)
		}
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.what, diff)
		}
		if response.Header.Get("Cache-Control") != "no-store" || response.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: header %v", row.what, response.Header)
		}
	}
}

func TestReadyAgain(t *testing.T) {
	t.Parallel()
	var down atomic.Bool
	h := Handler(Health{Metrics: NewMetrics("test"), Checks: map[string]func() error{"login": func() error {
		if down.Load() {
			return errors.New("the login service does not answer")
		}
		return nil
	}}})
	for _, row := range []struct {
		down   bool
		status int
	}{{true, 503}, {false, 200}, {true, 503}} {
		down.Store(row.down)
		if response, _ := get(t, h, "/readyz"); response.StatusCode != row.status {
			t.Errorf("down %v: status %d", row.down, response.StatusCode)
		}
	}
}

func TestOnlyGet(t *testing.T) {
	t.Parallel()
	h := Handler(Health{Metrics: NewMetrics("test")})
	for _, row := range []struct {
		method, path string
		status       int
	}{
		{"POST", "/healthz", 405}, {"DELETE", "/readyz", 405}, {"POST", "/metrics", 405}, {"GET", "/", 404}, {"HEAD", "/readyz", 200},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(row.method, row.path, nil))
		if w.Code != row.status {
			t.Errorf("%s %s: %d, want %d", row.method, row.path, w.Code, row.status)
		}
	}
}
