// Package web serves the pages that belong to the products: help, privacy, terms, a start page and the pages on which people
// sign in, and pictures of initials for cards. Everything comes from this service's own address.
//
// It shows nobody's data without proof: what a page says is the same for everyone, a picture of initials is made from the
// letters in its address alone, and a preview of somebody's picture is behind a link that this service signed.
package web

import (
	"bytes"
	"embed"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/text/language"

	"teamspro/internal/lang"
)

// Config is what the pages show and where they are.
type Config struct {
	// PublicURL is the https address the service is reached at; links are made below its path.
	PublicURL string
	// Names are the names of the apps that are served, by kind: "contact", "image".
	Names map[string]string
	// Privacy gives the data map in a language; nil leaves the table out.
	Privacy func(lang string) []Row
	// Commands gives the chat commands of an app in a language; nil leaves them out.
	Commands func(app, lang string) []Command
	// Previews serves the pictures behind signed links (a PreviewServer); nil when there are none.
	Previews http.Handler
	// Exports serves the files behind signed links (an ExportServer); nil when there are none.
	Exports http.Handler
	// SignIns are the apps that people can sign in to; none leaves the sign-in pages out.
	SignIns []SignIn
	// TeamsOrigins are clients besides Microsoft's own to which a finished sign-in is handed: the sandbox's page.
	TeamsOrigins []string
	// Icon draws the icon of an app as a square PNG; nil leaves icons out.
	Icon func(app string, size int) []byte
}

// Row is a line of the data map. Its texts are finished phrases in the language that was asked for.
type Row struct {
	Data                     string // what it is about
	Accessed, Cached, Stored bool
	Where                    string // where it is kept; empty when nowhere
	Kept                     string // how long
	Note                     string
}

// Command is something people can type to an app, and what it does.
type Command struct{ Name, Does string }

//go:embed pages
var pageFiles embed.FS

//go:embed static/style.css
var style []byte

const (
	iconSize    = 64
	maxAccept   = 200 // bytes of an Accept-Language header that is read
	pageCaching = "public, max-age=300"
	fileCaching = "public, max-age=3600"
)

// New makes the handler of all pages. It panics when a page cannot be parsed, which the first test shows.
func New(c Config) http.Handler {
	s := &site{Config: c, base: basePath(c.PublicURL), pages: parsePages()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page("start"))
	mux.HandleFunc("GET /help", s.page("help"))
	mux.HandleFunc("GET /privacy", s.page("privacy"))
	mux.HandleFunc("GET /terms", s.page("terms"))
	mux.Handle("GET /static/style.css", file(func() []byte { return style }, "text/css; charset=utf-8", fileCaching))
	for _, app := range s.apps() {
		if s.Icon != nil {
			mux.Handle("GET /static/"+app.Kind+".png", file(sync.OnceValue(func() []byte { return s.Icon(app.Kind, iconSize) }), "image/png", fileCaching))
		}
	}
	if len(c.SignIns) > 0 {
		newSignIns(s, c.SignIns).routes(mux)
	}
	mux.Handle("GET /avatar/{file}", newAvatars())
	if c.Previews != nil {
		mux.Handle("GET /i/{tenant}/{image}", c.Previews)
	}
	if c.Exports != nil {
		mux.Handle("GET /x/{tenant}/{file}", c.Exports)
	}
	return secured(mux)
}

func parsePages() map[string]*template.Template {
	layout := template.Must(template.New("layout.html").Funcs(template.FuncMap{"t": sentence, "own": ownName}).ParseFS(pageFiles, "pages/layout.html"))
	pages := map[string]*template.Template{}
	for _, page := range []string{"start", "help", "privacy", "terms", "signin"} {
		pages[page] = template.Must(template.Must(layout.Clone()).ParseFS(pageFiles, "pages/"+page+".html"))
	}
	return pages
}

// site is what the pages are made from.
type site struct {
	Config
	base  string
	pages map[string]*template.Template
}

// app is an app as the pages name it.
type app struct {
	Kind, Name string
	Commands   []Command
}

// view is what a page shows.
type view struct {
	Text      *lang.Printer
	Page      string // start, help, privacy, terms
	Base      string // the path that links begin with
	Lang      string
	Languages []string
	Apps      []app
	Names     string // "Contact Pro & Image Pro"
	Icon      string // the path of an icon; empty without one
	Rows      []Row
}

// sentence is the function "t" of the pages: a text of the view's language.
func sentence(v speaker, key string, args ...any) string { return v.printer().Text(key, args...) }

// speaker is the view of any page.
type speaker interface{ printer() *lang.Printer }

func (v view) printer() *lang.Printer { return v.Text }

// ownName is the function "own" of the pages: what a language calls itself.
func ownName(l string) string { return lang.For(l).Text("web.language") }

func (s *site) page(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		v := s.view(name, lang.For(chosen(r)))
		if err := s.pages[name].Execute(&body, v); err != nil {
			http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Language", v.Lang)
		h.Set("Vary", "Accept-Language")
		h.Set("Cache-Control", pageCaching)
		_, _ = w.Write(body.Bytes()) // the reader may be gone
	}
}

func (s *site) view(page string, p *lang.Printer) view {
	v := view{Text: p, Page: page, Base: s.base, Lang: p.Language(), Languages: lang.Languages, Apps: s.apps()}
	var names []string
	for i := range v.Apps {
		names = append(names, v.Apps[i].Name)
		if s.Commands != nil {
			v.Apps[i].Commands = s.Commands(v.Apps[i].Kind, v.Lang)
		}
	}
	v.Names = strings.Join(names, " & ")
	if len(v.Apps) > 0 && s.Icon != nil {
		v.Icon = s.base + "/static/" + v.Apps[0].Kind + ".png"
	}
	if page == "privacy" && s.Privacy != nil {
		v.Rows = s.Privacy(v.Lang)
	}
	return v
}

func (s *site) apps() []app {
	var apps []app
	for _, kind := range slices.Sorted(maps.Keys(s.Names)) {
		apps = append(apps, app{Kind: kind, Name: s.Names[kind]})
	}
	return apps
}

// basePath is the path of the public address, without a slash at the end.
func basePath(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.TrimRight(u.EscapedPath(), "/")
}

// chosen is the language a reader wants: the one in the address, or the first of the browser's that is spoken.
func chosen(r *http.Request) string {
	if l := r.URL.Query().Get("lang"); slices.Contains(lang.Languages, l) {
		return l
	}
	accept := r.Header.Get("Accept-Language")
	if len(accept) > maxAccept {
		return lang.Default
	}
	tags, _, err := language.ParseAcceptLanguage(accept)
	if err != nil {
		return lang.Default
	}
	for _, tag := range tags {
		if base, _ := tag.Base(); slices.Contains(lang.Languages, base.String()) {
			return base.String()
		}
	}
	return lang.Default
}

// file serves bytes that do not change while the service runs. They are made when somebody first asks for them: to draw an
// icon takes longer than any other step of a start.
func file(made func() []byte, kind, caching string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content := made()
		if content == nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Cache-Control", caching)
		w.Header().Set("Content-Length", strconv.Itoa(len(content)))
		_, _ = w.Write(content) // the reader may be gone
	})
}

// secured sets the headers of every answer: no script runs, nothing is loaded from elsewhere, nobody frames it.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}
