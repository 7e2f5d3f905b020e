package ops

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// page fetches /metrics.
func page(t *testing.T, m *Metrics) string {
	t.Helper()
	_, body := get(t, Handler(Health{Metrics: m}), "/metrics")
	return body
}

func get(t *testing.T, h http.Handler, path string) (*http.Response, string) {
	t.Helper()
	server := httptest.NewServer(h)
	defer server.Close()
	response, err := server.Client().Get(server.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	m := NewMetrics("1.2.3")
	m.Turn("contact", "command find", "ok", 30*time.Millisecond)
	m.Turn("contact", "command find", "ok", 3*time.Second)
	m.Turn("image", "command help", "busy", time.Millisecond)
	m.Unknown("composeExtension/dance")
	m.Unknown("évil\"} 1\n")
	m.Outbound("connector", 201, 20*time.Millisecond)
	m.Outbound("connector", 0, time.Second)
	m.Refused("signature")
	m.Waiting(7)
	m.Waiting(3)
	m.Notice("contact", "post", "sent")
	m.NoticesWaiting(5)
	got := page(t, m)
	for _, line := range []string{
		`teamspro_turns_total{app="contact",kind="ok",route="command find"} 2`,
		`teamspro_turns_total{app="image",kind="busy",route="command help"} 1`,
		`teamspro_turn_seconds_bucket{app="contact",route="command find",le="0.05"} 1`,
		`teamspro_turn_seconds_bucket{app="contact",route="command find",le="4"} 2`,
		`teamspro_unknown_total{name="composeExtension/dance"} 1`,
		`teamspro_unknown_total{name="_vil___1_"} 1`,
		`teamspro_outbound_total{op="connector",status="201"} 1`,
		`teamspro_outbound_total{op="connector",status="error"} 1`,
		`teamspro_outbound_seconds_count{op="connector"} 2`,
		`teamspro_auth_refusals_total{reason="signature"} 1`,
		`teamspro_replies_waiting 3`,
		`teamspro_notices_total{op="post",product="contact",state="sent"} 1`,
		`teamspro_notices_waiting 5`,
		`version="1.2.3"} 1`,
		`go_goroutines `,
		`process_start_time_seconds `,
	} {
		if !strings.Contains(got, line) {
			t.Errorf("missing: %s", line)
		}
	}
}

func TestUnknownIsBounded(t *testing.T) {
	t.Parallel()
	m := NewMetrics("test")
	for i := range 1000 {
		m.Unknown(fmt.Sprintf("name/%d", i))
	}
	m.Unknown("name/3")
	m.Unknown(strings.Repeat("x", 10000))
	got := page(t, m)
	if n := strings.Count(got, "teamspro_unknown_total{"); n != maxUnknown+1 {
		t.Errorf("%d series, want %d names and other", n, maxUnknown)
	}
	for _, line := range []string{`{name="name/3"} 2`, `{name="other"} 951`} {
		if !strings.Contains(got, line) {
			t.Errorf("missing: %s", line)
		}
	}
}

func TestSanitise(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ in, want string }{
		{"", ""},
		{"adaptiveCard/action", "adaptiveCard/action"},
		{"a b\tc\x00", "a_b_c_"},
		{"é", "_"},
		{"\xff\xfe", "__"},
		{strings.Repeat("a", 65), strings.Repeat("a", 64)},
	} {
		if got := sanitise(row.in); got != row.want {
			t.Errorf("sanitise(%q) = %q, want %q", row.in, got, row.want)
		}
	}
}

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestRoundTripper(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	defer server.Close()
	broken := tripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("no line") })
	m := NewMetrics("test")
	for _, c := range []*http.Client{
		{Transport: RoundTripper(nil, "graph", m)},
		{Transport: RoundTripper(broken, "graph", m)},
	} {
		if response, err := c.Get(server.URL); err == nil {
			response.Body.Close()
		}
	}
	got := page(t, m)
	for _, line := range []string{`{op="graph",status="418"} 1`, `{op="graph",status="error"} 1`} {
		if !strings.Contains(got, line) {
			t.Errorf("missing: %s", line)
		}
	}
}
