package web

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"teamspro/internal/auth"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/lang"
)

// SignIn is the sign-in of people to one app; internal/auth has it (Users).
type SignIn interface {
	Begin(ctx context.Context, ticket string) (auth.Begun, error)
	Finish(ctx context.Context, r auth.Return) (auth.Landed, error)
	// AcceptPage takes the token of a page in Teams, and tells whose it is also when consent is missing.
	AcceptPage(ctx context.Context, token string) (identity.Caller, error)
	Redeem(ctx context.Context, who identity.Caller, code string) error
	Start(who identity.Caller, language string) string
}

// borrowed holds TeamsJS, when the program was built beside its npm package; it is no part of the repository.
//
//go:embed all:borrowed
var borrowed embed.FS

//go:embed static/signin.js
var signInScript []byte

const (
	browserCookie = "teamspro-signin"
	cookieLife    = 15 * time.Minute
	maxReturn     = 8 << 10 // bytes of what a browser brings back
	maxToken      = 16 << 10
	maxTokenBody  = 1 << 10
	signInTime    = 12 * time.Second
	// tokenPace is how many pages may sign somebody in at once, and then in a second.
	tokenBurst, tokenPace = 60, 20
)

// signIns serves the pages on which people sign in, for all apps: which app is meant stands in what only that app can read.
type signIns struct {
	site   *site
	apps   []SignIn
	secure bool
	teams  []byte // TeamsJS; nil when it is not there
	pace   pace
}

func newSignIns(s *site, apps []SignIn) *signIns {
	teams, err := borrowed.ReadFile("borrowed/teams.js")
	if err != nil {
		teams = nil // then the code is typed
	}
	return &signIns{site: s, apps: apps, secure: strings.HasPrefix(s.PublicURL, "https://"), teams: teams, pace: pace{burst: tokenBurst, each: time.Second / tokenPace}}
}

func (s *signIns) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /auth/start", s.start)
	mux.HandleFunc("GET /auth/callback", s.callback)
	mux.HandleFunc("POST /auth/token", s.token)
	mux.Handle("GET /static/signin.js", file(func() []byte { return signInScript }, "text/javascript; charset=utf-8", fileCaching))
	mux.Handle("GET /static/teams.js", file(func() []byte { return s.teams }, "text/javascript; charset=utf-8", fileCaching))
}

// start sends the browser to Entra, with a cookie that it has to bring back.
func (s *signIns) start(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), signInTime)
	defer cancel()
	begun, err := first(s.apps, func(app SignIn) (auth.Begun, error) { return app.Begin(ctx, r.URL.Query().Get("t")) })
	if err != nil {
		s.sorry(w, r, begun.Lang, err)
		return
	}
	http.SetCookie(w, s.cookie(begun.Browser, int(cookieLife.Seconds())))
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, begun.Address, http.StatusFound)
}

func (s *signIns) cookie(value string, life int) *http.Cookie {
	return &http.Cookie{Name: browserCookie, Value: value, Path: s.site.base + "/auth", MaxAge: life, HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode}
}

// first asks each app until one knows what it is about.
func first[T any](apps []SignIn, ask func(SignIn) (T, error)) (answer T, err error) {
	for _, app := range apps {
		if answer, err = ask(app); !fault.Is(err, fault.NotFound) {
			return answer, err
		}
	}
	return answer, err
}

// callback is where Entra sends the browser back to, from a sign-in or from an administrator's approval.
func (s *signIns) callback(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if len(r.URL.RawQuery) > maxReturn {
		q = url.Values{}
	}
	if q.Get("admin_consent") != "" && q.Get("error") == "" {
		s.show(w, r, http.StatusOK, signInView{view: s.site.view("signin", lang.For(chosen(r)))})
		return
	}
	back := auth.Return{State: q.Get("state"), Code: q.Get("code"), Problem: q.Get("error"), Description: q.Get("error_description")}
	if cookie, err := r.Cookie(browserCookie); err == nil {
		back.Browser = cookie.Value
	}
	ctx, cancel := context.WithTimeout(r.Context(), signInTime)
	defer cancel()
	landed, err := first(s.apps, func(app SignIn) (auth.Landed, error) { return app.Finish(ctx, back) })
	if err != nil {
		s.sorry(w, r, landed.Lang, err)
		return
	}
	http.SetCookie(w, s.cookie("", -1))
	s.show(w, r, http.StatusOK, signInView{view: s.site.view("signin", lang.For(landed.Lang)), Code: landed.Code, Teams: s.teams != nil, Hosts: strings.Join(s.site.TeamsOrigins, " ")})
}

// signInView is what the page shows: a code, what went wrong, or neither after an approval.
type signInView struct {
	view
	Code  string
	Teams bool   // Teams can take the code itself
	Hosts string // origins that TeamsJS believes besides Microsoft's
	Sorry string
}

// sorry says what went wrong and what to do.
func (s *signIns) sorry(w http.ResponseWriter, r *http.Request, language string, err error) {
	if language == "" {
		language = chosen(r)
	}
	p := lang.For(language)
	s.show(w, r, statusOf(err), signInView{view: s.site.view("signin", p), Sorry: said(p, err)})
}

// said is the sentence of an error.
func said(p *lang.Printer, err error) string {
	var f *fault.Error
	if errors.As(err, &f) && f.Text != "" {
		return p.Text(f.Text, f.Args...)
	}
	return p.Text("signin.setup")
}

// statusOf is the HTTP status of an error's kind.
func statusOf(err error) int {
	switch fault.KindOf(err) {
	case fault.Invalid:
		return http.StatusBadRequest
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Denied, fault.SignIn:
		return http.StatusForbidden
	case fault.Stale:
		return http.StatusGone
	case fault.Busy:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// show writes the page. It alone may run scripts, and only those of this service.
func (s *signIns) show(w http.ResponseWriter, r *http.Request, status int, v signInView) {
	var body bytes.Buffer
	if err := s.site.pages["signin"].Execute(&body, v); err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.Lang)
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // the reader may be gone
}

// token signs in the person of a page in Teams: POST with "Authorization: Bearer" and what getAuthToken gave. Where the
// person has to consent first the answer is 403 with the address of the page on which they do; the page's code comes here
// then, as {"code":"…"}. No other origin can call it: the header makes a browser ask first, and it is told nothing.
func (s *signIns) token(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	p := lang.For(chosen(r))
	if !s.pace.take(time.Now()) {
		w.Header().Set("Retry-After", "1")
		tell(w, http.StatusTooManyRequests, map[string]string{"error": p.Text("signin.busy")})
		return
	}
	token, code, err := readTokenRequest(w, r)
	if err != nil {
		tell(w, statusOf(err), map[string]string{"error": said(p, err)})
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), signInTime)
	defer cancel()
	app, who, err := s.accept(ctx, token)
	if err != nil && who.Person != "" && code != "" && fault.Is(err, fault.SignIn) {
		err = app.Redeem(ctx, who, code)
	}
	s.answerToken(w, p, app, who, err)
}

func (s *signIns) answerToken(w http.ResponseWriter, p *lang.Printer, app SignIn, who identity.Caller, err error) {
	switch {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
	case fault.Is(err, fault.SignIn) && who.Person != "":
		tell(w, http.StatusForbidden, map[string]string{"error": said(p, err), "consent": app.Start(who, p.Language())})
	case who.Person == "" && !fault.Is(err, fault.Busy):
		tell(w, http.StatusUnauthorized, map[string]string{"error": said(p, err)})
	default:
		tell(w, statusOf(err), map[string]string{"error": said(p, err)})
	}
}

// accept finds the app that a token is for.
func (s *signIns) accept(ctx context.Context, token string) (app SignIn, who identity.Caller, err error) {
	for _, app = range s.apps {
		var refusal *auth.Refusal
		if who, err = app.AcceptPage(ctx, token); !errors.As(err, &refusal) || refusal.Reason != "audience" {
			break
		}
	}
	return app, who, err
}

// readTokenRequest reads the token and, if there is a body, the code.
func readTokenRequest(w http.ResponseWriter, r *http.Request) (token, code string, err error) {
	bad := fault.New(fault.Invalid, "web.readTokenRequest", "signin.refused")
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || token == "" || len(token) > maxToken || len(r.Header.Values("Authorization")) != 1 {
		return "", "", bad
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxTokenBody))
	if err != nil {
		return "", "", bad
	}
	var body struct {
		Code string `json:"code"`
	}
	if len(raw) > 0 && json.Unmarshal(raw, &body) != nil {
		return "", "", bad
	}
	return token, body.Code, nil
}

func tell(w http.ResponseWriter, status int, body map[string]string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the reader may be gone
}

// pace lets something happen a number of times at once, and then again every so often.
type pace struct {
	burst int
	each  time.Duration

	mu   sync.Mutex
	free time.Time // when all of the burst is there again
}

func (p *pace) take(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.free.Before(now) {
		p.free = now
	}
	if p.free.Sub(now)+p.each > time.Duration(p.burst)*p.each {
		return false
	}
	p.free = p.free.Add(p.each)
	return true
}
