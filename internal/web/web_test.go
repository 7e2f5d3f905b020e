package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"teamspro/internal/lang"
)

func config() Config {
	return Config{
		PublicURL: "https://bot.contoso.example",
		Names:     map[string]string{"contact": "Contact Pro", "image": "Image <Pro>"},
		Privacy: func(l string) []Row {
			if l == "fr" {
				return []Row{{Data: "Contacts", Accessed: true, Stored: true, Where: "base de données", Kept: "jusqu’à leur suppression"}}
			}
			return []Row{{Data: "Contacts", Accessed: true, Stored: true, Where: "database", Kept: "until they are deleted", Note: "30 days in the trash"}}
		},
		Commands: func(app, l string) []Command { return []Command{{Name: "find-" + app, Does: "language " + l}} },
		Icon:     func(app string, size int) []byte { return []byte("icon of " + app) },
	}
}

// serve starts the pages and gives their address.
func serve(t *testing.T, c Config) string {
	t.Helper()
	server := httptest.NewServer(New(c))
	t.Cleanup(server.Close)
	return server.URL
}

func fetch(t *testing.T, address string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(r)
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

func TestPages(t *testing.T) {
	t.Parallel()
	address := serve(t, config())
	for _, row := range []struct {
		path string
		want []string
	}{
		{"/", []string{"<h1>Contact Pro &amp; Image &lt;Pro&gt;</h1>", `href="/help?lang=en"`}},
		{"/?lang=fr", []string{`<html lang="fr">`, `href="/help?lang=fr"`, "sans quitter la conversation"}},
		{"/help", []string{"<h1>Help</h1>", "open Contact Pro below the message box", "<kbd>find-contact</kbd>", "language en", "Image &lt;Pro&gt;"}},
		{"/help?lang=fr", []string{"<h1>Aide</h1>", "language fr", "« trouver »"}},
		{"/privacy", []string{"<h1>Privacy</h1>", "until they are deleted", "<small>30 days in the trash</small></th>", "<small>database</small>", "no mailbox", "Image &lt;Pro&gt; has no right of its own to any file", ">yes</td>"}},
		{"/privacy?lang=fr", []string{"<h1>Confidentialité</h1>", "jusqu’à leur suppression", ">oui</td>"}},
		{"/terms", []string{"<h1>Terms of use</h1>", "MIT"}},
		{"/terms?lang=fr", []string{"<h1>Conditions d’utilisation</h1>"}},
	} {
		response, body := fetch(t, address+row.path)
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", row.path, response.Status)
		}
		for _, want := range row.want {
			if !strings.Contains(body, want) {
				t.Errorf("%s has no %q:\n%s", row.path, want, body)
			}
		}
		if strings.Contains(body, "web.") || strings.Contains(body, "no value") {
			t.Errorf("%s shows a key or a missing part:\n%s", row.path, body)
		}
	}
}

func TestOneApp(t *testing.T) {
	t.Parallel()
	address := serve(t, Config{PublicURL: "https://contoso.example/bots/", Names: map[string]string{"contact": "Adressen"}})
	for _, path := range []string{"/", "/help", "/privacy", "/terms"} {
		response, body := fetch(t, address+path)
		if response.StatusCode != http.StatusOK || !strings.Contains(body, `href="/bots/help?lang=en"`) {
			t.Errorf("%s: %s:\n%s", path, response.Status, body)
		}
		for _, unwanted := range []string{"Image", "<img", "<table"} {
			if strings.Contains(body, unwanted) {
				t.Errorf("%s names %q, which is not there", path, unwanted)
			}
		}
	}
}

// TestNothingFromElsewhere: a page loads and links to nothing outside the service (M15).
func TestNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	address := serve(t, config())
	links := regexp.MustCompile(`(?:href|src|action)="([^"]*)"`)
	for _, path := range []string{"/", "/help", "/privacy", "/terms"} {
		_, body := fetch(t, address+path)
		for _, m := range links.FindAllStringSubmatch(body, -1) {
			if !strings.HasPrefix(m[1], "/") && !strings.HasPrefix(m[1], "?lang=") {
				t.Errorf("%s leads to %q", path, m[1])
				continue
			}
			target := path + m[1]
			if strings.HasPrefix(m[1], "/") {
				target = m[1]
			}
			if response, _ := fetch(t, address+target); response.StatusCode != http.StatusOK {
				t.Errorf("%s links to %s: %s", path, target, response.Status)
			}
		}
		if strings.Contains(body, "<script") || strings.Contains(body, "style=") {
			t.Errorf("%s holds what its own policy forbids", path)
		}
	}
}

func TestLanguage(t *testing.T) {
	t.Parallel()
	address := serve(t, config())
	for _, row := range []struct{ query, accept, want string }{
		{"", "", "en"},
		{"", "fr", "fr"},
		{"", "fr-CA,en;q=0.5", "fr"},
		{"", "en-GB,fr;q=0.9", "en"},
		{"", "de,fr;q=0.8,en;q=0.7", "fr"},
		{"", "de", "en"},
		{"", "fr;q=x", "en"},
		{"", strings.Repeat("fr,", 1000), "en"},
		{"?lang=fr", "en", "fr"},
		{"?lang=en", "fr", "en"},
		{"?lang=xx", "fr", "fr"},
		{"?lang=%22%3E", "", "en"},
	} {
		response, body := fetch(t, address+"/terms"+row.query, "Accept-Language", row.accept)
		if got := response.Header.Get("Content-Language"); got != row.want || !strings.Contains(body, `<html lang="`+row.want+`"`) {
			t.Errorf("%q with %.20q speaks %s, want %s", row.query, row.accept, got, row.want)
		}
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	address := serve(t, config())
	for _, row := range []struct {
		path, kind, caching string
		status              int
	}{
		{"/", "text/html; charset=utf-8", "public, max-age=300", 200},
		{"/help", "text/html; charset=utf-8", "public, max-age=300", 200},
		{"/static/style.css", "text/css; charset=utf-8", "public, max-age=3600", 200},
		{"/static/contact.png", "image/png", "public, max-age=3600", 200},
		{"/static/image.png", "image/png", "public, max-age=3600", 200},
		{"/avatar/MG.png", "image/png", "public, max-age=31536000, immutable", 200},
		{"/static/", "text/plain; charset=utf-8", "", 404},
		{"/nothing", "text/plain; charset=utf-8", "", 404},
		{"/help/", "text/plain; charset=utf-8", "", 404},
	} {
		response, _ := fetch(t, address+row.path)
		h := response.Header
		if response.StatusCode != row.status || h.Get("Content-Type") != row.kind || h.Get("Cache-Control") != row.caching {
			t.Errorf("%s: %d, %q, %q", row.path, response.StatusCode, h.Get("Content-Type"), h.Get("Cache-Control"))
		}
		if !strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none';") || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: a protecting header is missing: %v", row.path, h)
		}
	}
}

func TestOnlyGet(t *testing.T) {
	t.Parallel()
	h := New(config())
	for _, row := range []struct {
		method, path string
		status       int
	}{{"HEAD", "/help", 200}, {"POST", "/help", 405}, {"PUT", "/avatar/MG.png", 405}, {"DELETE", "/", 405}} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(row.method, row.path, nil))
		if w.Code != row.status {
			t.Errorf("%s %s: %d, want %d", row.method, row.path, w.Code, row.status)
		}
	}
}

// TestStyle: light and dark exist, and the sheet loads nothing.
func TestStyle(t *testing.T) {
	t.Parallel()
	sheet := string(style)
	if !strings.Contains(sheet, "prefers-color-scheme: dark") {
		t.Error("no dark colours")
	}
	for _, unwanted := range []string{"url(", "@import"} {
		if strings.Contains(sheet, unwanted) {
			t.Errorf("the sheet holds %s", unwanted)
		}
	}
}

func TestEveryLanguageNamesItself(t *testing.T) {
	t.Parallel()
	_, body := fetch(t, serve(t, config())+"/")
	for _, l := range lang.Languages {
		if !strings.Contains(body, `hreflang="`+l+`" lang="`+l+`">`+ownName(l)+`<`) {
			t.Errorf("no link to %s", l)
		}
	}
}
