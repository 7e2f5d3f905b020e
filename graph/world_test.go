package graph_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"teamspro/graph"
	"teamspro/graph/graphtest"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
)

// world is a client before a stand-in of Graph, with a folder of one picture and what was logged.
type world struct {
	*graphtest.Server
	c      *graph.Client
	who    identity.Caller
	folder image.ItemRef
	file   image.ItemRef
	data   []byte
	log    *bytes.Buffer
}

const pictureName = "quay.png"

func newWorld(t *testing.T, change ...func(*graph.Config)) *world {
	t.Helper()
	w := &world{Server: graphtest.Serve(t), data: graphtest.Picture(1, 40, 30), log: new(bytes.Buffer)}
	config := graph.Config{BaseURL: w.URL, Tokens: w.Server, Local: []string{w.Files}, Log: slog.New(slog.NewTextHandler(w.log, nil)), Transport: newTransport(t)}
	for _, c := range change {
		c(&config)
	}
	var err error
	if w.c, err = graph.New(config); err != nil {
		t.Fatal(err)
	}
	w.who = w.Who()
	w.folder = w.Folder(w.Library, "Harbour")
	w.file = w.Put(w.folder, pictureName, w.data)
	t.Cleanup(func() { w.checkSecrets(t) })
	return w
}

// newTransport is one for each test, so that a connection that a fault ended is no other test's.
func newTransport(t *testing.T) *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// checkSecrets holds every test to this: no token where content lies, and nothing in the log that is nobody's business.
func (w *world) checkSecrets(t *testing.T) {
	for _, r := range w.Requests("") {
		outside := strings.HasPrefix(r.Target, "/upload/") || strings.HasPrefix(r.Target, "/download/") || strings.HasPrefix(r.Target, "/thumbnail/")
		if outside && r.Header.Get("Authorization") != "" {
			t.Errorf("a token went to %s", r.Op)
		}
		if !outside && (r.Header.Get("client-request-id") == "" || !strings.HasPrefix(r.Header.Get("User-Agent"), "NONISV|")) {
			t.Errorf("%s came without its marks: %v", r.Op, r.Header)
		}
	}
	for _, secret := range []string{"tempauth", "token-", "://", pictureName, "lighthouse", "/drives/"} {
		if strings.Contains(w.log.String(), secret) {
			t.Errorf("the log holds %q:\n%s", secret, w.log)
		}
	}
}

func (w *world) item(t *testing.T) image.Item {
	t.Helper()
	i, err := w.c.Item(t.Context(), w.who, w.file)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func (w *world) read(t *testing.T) ([]byte, error) {
	_, data, err := w.c.Read(t.Context(), w.who, w.file, 1<<20)
	return data, err
}

func (w *world) count(op string) int { return len(w.Requests(op)) }

func wantFault(t *testing.T, err error, kind fault.Kind, text string) *fault.Error {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != kind || f.Text != text {
		t.Fatalf("the fault is %v, not %s %s", err, kind, text)
	}
	return f
}

// elsewhere is a host that must hear nothing: it counts what it hears, and fails the test when that holds a token.
func elsewhere(t *testing.T) (string, *atomic.Int64) {
	heard := new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		heard.Add(1)
		if r.Header.Get("Authorization") != "" {
			t.Errorf("a token went elsewhere, with %s", r.URL.Path)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL, heard
}

// tokens is a graph.Tokens of functions.
type tokens struct {
	token   func() (string, error)
	refused func(claims string) error
}

func (t tokens) Token(context.Context, identity.Caller) (string, error) { return t.token() }

func (t tokens) Refused(_ context.Context, _ identity.Caller, claims string) error {
	return t.refused(claims)
}

// quick ends a test that waits where it should not.
func quick(t *testing.T, most time.Duration) func() {
	start := time.Now()
	return func() {
		t.Helper()
		if took := time.Since(start); took > most {
			t.Errorf("it took %v, more than %v", took, most)
		}
	}
}
