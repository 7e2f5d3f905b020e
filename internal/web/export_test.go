package web

import (
	"bytes"
	"context"
	"errors"
	"image/png"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// office makes files that say what was asked for.
type office struct {
	asked []Export
	fail  error
	broke error
}

func (o *office) Export(_ context.Context, e Export) (string, func(io.Writer) error, error) {
	o.asked = append(o.asked, e)
	if o.fail != nil {
		return "", nil, o.fail
	}
	return "text/csv; charset=utf-8", func(w io.Writer) error {
		_, err := io.WriteString(w, "Name\r\nMarta\r\n")
		return errors.Join(err, o.broke)
	}, nil
}

type exportWorld struct {
	*office
	links *Links
	site  http.Handler
	now   time.Time
}

func newExportWorld() *exportWorld {
	w := &exportWorld{office: &office{}, now: time.Date(2026, 3, 2, 9, 30, 20, 0, time.UTC)}
	w.links = NewLinks(publicURL, bytes.Repeat([]byte{7}, 32), func() time.Time { return w.now })
	w.site = New(Config{PublicURL: publicURL, Exports: NewExportServer(w.links, w, slog.New(slog.DiscardHandler))})
	return w
}

func (w *exportWorld) get(t *testing.T, address string) *http.Response {
	t.Helper()
	rec := httptest.NewRecorder()
	w.site.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, strings.TrimPrefix(address, publicURL), http.NoBody))
	return rec.Result()
}

func wanted() Export {
	return Export{Who: identity.Caller{Tenant: "7a1e", Person: "ana", Conversation: "19:sales@thread.tacv2", Place: identity.Channel, Team: "19:team@thread.tacv2"},
		What: contact.What{Query: "#vip & Söhne"}, Format: "csv", Name: "Söhne & Co.csv", Lang: "fr"}
}

// A link hands out its file to whoever holds it, as its person, and says what it is.
func TestExport(t *testing.T) {
	t.Parallel()
	w := newExportWorld()
	r := w.get(t, w.links.ExportAddress(wanted()))
	if got := body(t, r); r.StatusCode != http.StatusOK || got != "Name\r\nMarta\r\n" {
		t.Fatalf("answered %d %q", r.StatusCode, got)
	}
	if diff := cmp.Diff([]Export{wanted()}, w.asked); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string]string{"Content-Type": "text/csv; charset=utf-8", "X-Content-Type-Options": "nosniff", "Cache-Control": noteCaching,
		"Content-Disposition": "attachment; filename*=utf-8''S%C3%B6hne%20&%20Co.csv", "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'"} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// Any change to a link is refused without a word, a link that is too old with one.
func TestForgedExports(t *testing.T) {
	t.Parallel()
	w := newExportWorld()
	address := w.links.ExportAddress(wanted())
	for name, forged := range map[string]string{
		"another person":   strings.Replace(address, "p=ana", "p=ben", 1),
		"another tenant":   strings.Replace(address, "/x/7a1e/", "/x/7a1f/", 1),
		"another query":    strings.Replace(address, "vip", "all", 1),
		"a book as well":   strings.Replace(address, "?c=", "?b=b1&c=", 1),
		"more at the end":  strings.Replace(address, "&k=", "&o=c1&k=", 1),
		"a later expiry":   strings.Replace(address, "e=1", "e=2", 1),
		"another file":     strings.Replace(address, ".csv", ".xlsx", 1),
		"no signature":     address[:strings.Index(address, "&k=")],
		"of a preview":     strings.Replace(w.links.Address(harbour()), "/i/", "/x/", 1),
		"much too long":    address + strings.Repeat("a", maxLink),
		"another encoding": strings.Replace(address, "%23vip", "%23%76ip", 1),
	} {
		if forged == address {
			t.Fatalf("%s: nothing was forged", name)
		}
		if r := w.get(t, forged); r.StatusCode != http.StatusForbidden || strings.TrimSpace(body(t, r)) != "Forbidden" {
			t.Errorf("%s: answered %d", name, r.StatusCode)
		}
	}
	w.now = w.now.Add(exportLife + exportRound)
	if r := w.get(t, address); r.StatusCode != http.StatusNotFound || !strings.Contains(body(t, r), "expiré") {
		t.Errorf("an old link: %d", r.StatusCode)
	}
	if len(w.asked) != 0 {
		t.Errorf("asked for %v", w.asked)
	}
	if r := w.get(t, w.links.ExportAddress(Export{Who: wanted().Who, Name: "a/b.csv"})); r.StatusCode == http.StatusOK {
		t.Error("a name led into a folder")
	}
}

// What is in the way is a sentence, and nothing of a failure of ours gets out.
func TestExportRefused(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		fail   error
		status int
		says   string
	}{
		{fault.New(fault.Denied, "x", "contact.denied_export"), http.StatusForbidden, "invités"},
		{fault.New(fault.NotFound, "x", "book.not_found"), http.StatusNotFound, "carnet"},
		{fault.New(fault.Busy, "x", "contact.export_unasked"), http.StatusServiceUnavailable, "une minute"},
		{errors.New("secret path /var/lib"), http.StatusInternalServerError, "n’a pas pu être créé"},
	} {
		w := newExportWorld()
		w.fail = row.fail
		r := w.get(t, w.links.ExportAddress(wanted()))
		if got := body(t, r); r.StatusCode != row.status || !strings.Contains(got, row.says) || strings.Contains(got, "/var") {
			t.Errorf("%v: %d %q", row.fail, r.StatusCode, got)
		}
	}
}

// A file that cannot be written to its end is no file: the connection breaks off.
func TestExportBreaksOff(t *testing.T) {
	t.Parallel()
	w := newExportWorld()
	w.broke = errors.New("the disk is gone")
	server := httptest.NewServer(w.site)
	defer server.Close()
	r, err := server.Client().Get(server.URL + strings.TrimPrefix(w.links.ExportAddress(wanted()), publicURL))
	if err != nil {
		return // before a byte got out
	}
	defer r.Body.Close()
	if _, err := io.ReadAll(r.Body); err == nil {
		t.Error("a part was taken for the whole")
	}
}

// Of large files only some are made at a time; who comes then is told to come again.
func TestExportsAtOnce(t *testing.T) {
	t.Parallel()
	w := newExportWorld()
	server := NewExportServer(w.links, w, slog.New(slog.DiscardHandler))
	for range exportsAtOnce {
		server.slots <- struct{}{}
	}
	w.site = New(Config{PublicURL: publicURL, Exports: server})
	if r := w.get(t, w.links.ExportAddress(wanted())); r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("answered %d", r.StatusCode)
	}
	<-server.slots
	if r := w.get(t, w.links.ExportAddress(wanted())); r.StatusCode != http.StatusOK {
		t.Errorf("then %d", r.StatusCode)
	}
}

// A QR code is black on white, with the three finders that telephones look for, and a margin.
func TestDrawQR(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := DrawQR(&out, "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Zoë Ünal\r\nTEL:+33 6 39 98 12 34\r\nEND:VCARD\r\n"); err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(&out)
	if err != nil {
		t.Fatal(err)
	}
	side := picture.Bounds().Dx()/qrModule - 2*qrMargin
	black := func(x, y int) bool {
		r, _, _, _ := picture.At((x+qrMargin)*qrModule+1, (y+qrMargin)*qrModule+1).RGBA()
		return r == 0
	}
	for _, corner := range [][2]int{{0, 0}, {side - 7, 0}, {0, side - 7}} {
		for i := range 7 {
			if !black(corner[0]+i, corner[1]) || !black(corner[0], corner[1]+i) || black(corner[0]+1, corner[1]+1) || !black(corner[0]+3, corner[1]+3) {
				t.Fatalf("no finder at %v", corner)
			}
		}
	}
	if black(-1, -1) || black(side, side) {
		t.Error("no margin")
	}
	if err := DrawQR(io.Discard, strings.Repeat("x", 3000)); err == nil {
		t.Error("too long a text was drawn")
	}
}
