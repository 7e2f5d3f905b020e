package web

import (
	"bytes"
	"context"
	"errors"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/lang"
)

const publicURL = "https://teamspro.contoso.example"

// darkroom makes previews of one picture, counts them, and can be told that the picture is gone.
type darkroom struct {
	made atomic.Int32
	may  atomic.Pointer[error]
	fail error
	size int
}

func (d *darkroom) May(context.Context, identity.Tenant, string, string) error {
	if err := d.may.Load(); err != nil {
		return *err
	}
	return nil
}

func (d *darkroom) Preview(_ context.Context, _ identity.Tenant, image, plan string, _ int) (data []byte, contentType string, err error) {
	d.made.Add(1)
	data = []byte("picture " + image + " after " + plan)
	if d.size > 0 {
		data = make([]byte, d.size)
	}
	return data, "image/jpeg", d.fail
}

type previewWorld struct {
	*darkroom
	links  *Links
	server *PreviewServer
	site   http.Handler
	folder string
	now    time.Time
}

func newPreviewWorld(t *testing.T) *previewWorld {
	t.Helper()
	w := &previewWorld{darkroom: &darkroom{}, now: time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC), folder: filepath.Join(t.TempDir(), "previews")}
	w.links = NewLinks(publicURL, bytes.Repeat([]byte{7}, 32), func() time.Time { return w.now })
	var err error
	if w.server, err = NewPreviewServer(w.links, w, w.folder); err != nil {
		t.Fatal(err)
	}
	w.site = New(Config{PublicURL: publicURL, Previews: w.server})
	return w
}

func (w *previewWorld) get(t *testing.T, address string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, strings.TrimPrefix(address, publicURL), http.NoBody)
	if len(header) == 2 {
		r.Header.Set(header[0], header[1])
	}
	rec := httptest.NewRecorder()
	w.site.ServeHTTP(rec, r)
	return rec.Result()
}

func harbour() Preview {
	return Preview{Tenant: "7a1e", Image: "IMG1", Plan: "resize 800 | redact 10%,40% 50%x8%", Side: 1024, Lang: "en"}
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := b.ReadFrom(r.Body); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A signed link shows its picture, typed, cached privately, made once, and answers "not modified".
func TestPreview(t *testing.T) {
	t.Parallel()
	w := newPreviewWorld(t)
	address := w.links.Address(harbour())
	r := w.get(t, address)
	if got := body(t, r); r.StatusCode != http.StatusOK || got != "picture IMG1 after resize 800 | redact 10%,40% 50%x8%" {
		t.Fatalf("answered %d %q", r.StatusCode, got)
	}
	for name, want := range map[string]string{"Content-Type": "image/jpeg", "X-Content-Type-Options": "nosniff", "Cache-Control": previewCaching,
		"Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'"} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	again := w.get(t, address, "If-None-Match", r.Header.Get("ETag"))
	if again.StatusCode != http.StatusNotModified || body(t, again) != "" || w.made.Load() != 1 {
		t.Errorf("asked again: %d, made %d times", again.StatusCode, w.made.Load())
	}
}

// A card drawn twice within the hour has one address, so that the client's cache holds.
func TestLinkIsSteady(t *testing.T) {
	t.Parallel()
	w := newPreviewWorld(t)
	first := w.links.Address(harbour())
	w.now = w.now.Add(20 * time.Minute)
	if second := w.links.Address(harbour()); first != second {
		t.Errorf("the address changed:\n%s\n%s", first, second)
	}
	if NewLinks("", w.links.key, nil).Address(harbour()) != "" {
		t.Error("a service without public address makes links")
	}
}

// Every change of a link is refused, whatever is changed, and nothing is rendered for it.
func TestForgedLinks(t *testing.T) {
	t.Parallel()
	w := newPreviewWorld(t)
	good := strings.TrimPrefix(w.links.Address(harbour()), publicURL)
	for i := range len(good) {
		for _, c := range []string{"A", "0", "%41", ""} {
			bad := good[:i] + c + good[i+1:]
			if bad == good || !strings.HasPrefix(bad, "/i/") {
				continue
			}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, bad, http.NoBody)
			if err != nil {
				continue
			}
			rec := httptest.NewRecorder()
			w.site.ServeHTTP(rec, r)
			if rec.Code != http.StatusForbidden && rec.Code != http.StatusNotFound {
				t.Fatalf("%s is answered with %d", bad, rec.Code)
			}
		}
	}
	for _, bad := range []string{good + "&p=grey", strings.Replace(good, "?", "?p=grey&", 1), good + "&k=x", "/i/7a1e/IMG1", "/i/7a1e/IMG1?k=" + good[len(good)-43:],
		strings.Replace(good, "/i/7a1e/", "/i/7a1e%2F..%2F", 1), strings.Replace(good, "IMG1", strings.Repeat("x", maxLink), 1)} {
		if got := w.get(t, bad).StatusCode; got != http.StatusForbidden && got != http.StatusNotFound {
			t.Errorf("%s is answered with %d", bad, got)
		}
	}
	other := NewLinks(publicURL, bytes.Repeat([]byte{8}, 32), w.links.now)
	if got := w.get(t, other.Address(harbour())).StatusCode; got != http.StatusForbidden {
		t.Errorf("a link of another service is answered with %d", got)
	}
	if w.made.Load() != 0 {
		t.Errorf("%d pictures were made for forged links", w.made.Load())
	}
}

// What cannot be shown is told by a picture, never by a broken one, and such a picture is not kept by anybody.
func TestPreviewNotes(t *testing.T) {
	t.Parallel()
	gone := error(fault.New(fault.NotFound, "image.May", "image.gone"))
	for _, tt := range []struct {
		name  string
		spoil func(*previewWorld)
		text  string
	}{
		{"expired", func(w *previewWorld) { w.now = w.now.Add(26 * time.Hour) }, "web.preview.expired"},
		{"gone, or covered since", func(w *previewWorld) { w.may.Store(&gone) }, "web.preview.gone"},
		{"gone while it was made", func(w *previewWorld) { w.fail = gone }, "web.preview.gone"},
		{"too many at once", func(w *previewWorld) { w.fail = fault.New(fault.Busy, "imaging.Render", "image.busy") }, "web.preview.busy"},
		{"too slow", func(w *previewWorld) { w.fail = context.DeadlineExceeded }, "web.preview.busy"},
		{"broken", func(w *previewWorld) { w.fail = errors.New("it broke") }, "web.preview.failed"},
		{"too large", func(w *previewWorld) { w.size = maxPreview + 1 }, "web.preview.failed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, l := range lang.Languages {
				w := newPreviewWorld(t)
				p := harbour()
				p.Lang = l
				address := w.links.Address(p)
				tt.spoil(w)
				r := w.get(t, address)
				got := body(t, r)
				if r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != "image/png" || r.Header.Get("Cache-Control") != noteCaching {
					t.Errorf("%s: %d %v", l, r.StatusCode, r.Header)
				}
				if got != string(newNotes().draw(lang.For(l).Text(tt.text))) {
					t.Errorf("%s: the picture does not say %s", l, tt.text)
				}
				if _, err := png.Decode(strings.NewReader(got)); err != nil {
					t.Errorf("%s: %v", l, err)
				}
			}
		})
	}
}

// A picture that was covered since is not served from what was kept before.
func TestPreviewIsRevoked(t *testing.T) {
	t.Parallel()
	w := newPreviewWorld(t)
	address := w.links.Address(harbour())
	w.get(t, address)
	gone := error(fault.New(fault.NotFound, "image.May", "image.gone"))
	w.may.Store(&gone)
	if got := body(t, w.get(t, address)); strings.HasPrefix(got, "picture") {
		t.Error("the preview is still served")
	}
}

// The folder serves what memory lost, has an end, and goes with the process.
func TestPreviewFolder(t *testing.T) {
	t.Parallel()
	w := newPreviewWorld(t)
	address := w.links.Address(harbour())
	w.get(t, address)
	w.server.cache.memory.InvalidateAll()
	if got := body(t, w.get(t, address)); !strings.HasPrefix(got, "picture") || w.made.Load() != 1 {
		t.Errorf("answered %q, made %d times", got, w.made.Load())
	}
	w.server.cache.memory.InvalidateAll()
	w.server.cache.sweep(0)
	if left, _ := os.ReadDir(w.folder); len(left) != 0 {
		t.Errorf("%d files after a sweep to nothing", len(left))
	}
	if _, err := NewPreviewServer(w.links, w, w.folder); err != nil {
		t.Fatal(err)
	}
	if err := w.server.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(w.folder); !os.IsNotExist(err) {
		t.Errorf("the folder is still there: %v", err)
	}
}

func BenchmarkCachedPreview(b *testing.B) {
	links := NewLinks(publicURL, bytes.Repeat([]byte{7}, 32), nil)
	server, err := NewPreviewServer(links, &darkroom{size: 80 << 10}, "")
	if err != nil {
		b.Fatal(err)
	}
	path := strings.TrimPrefix(links.Address(harbour()), publicURL)
	b.ReportAllocs()
	for b.Loop() {
		server.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(b.Context(), http.MethodGet, path, http.NoBody))
	}
}
