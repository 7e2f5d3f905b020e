package sandbox

import (
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"strings"
)

//go:embed forms
var formFiles embed.FS

var forms = template.Must(template.ParseFS(formFiles, "forms/*.html"))

// consentView is what the page shows where a person allows an app something.
type consentView struct {
	App     string
	Scopes  []string
	People  []*person
	Hint    string // the person to choose at first
	Action  string // where the form goes
	Problem string
}

// consentRoutes serves the pages on which people decide; prefix tells the two listeners apart.
func (l *login) consentRoutes(mux *http.ServeMux, prefix string) {
	mux.HandleFunc("GET "+prefix+"/{tenant}/oauth2/v2.0/authorize", l.ask)
	mux.HandleFunc("POST "+prefix+"/{tenant}/oauth2/v2.0/authorize", l.decide)
	mux.HandleFunc("GET "+prefix+"/{tenant}/v2.0/adminconsent", l.askAdmin)
	mux.HandleFunc("POST "+prefix+"/{tenant}/v2.0/adminconsent", l.decideAdmin)
}

// wish is a checked authorization request.
type wish struct {
	app      *App
	redirect *url.URL
	want     scopes
}

// wish checks a request for consent. Only addresses of this machine and of the bot get an answer.
func (l *login) wish(r *http.Request) (wish, *entraError) {
	q := r.URL.Query()
	app := l.s.appByID(q.Get("client_id"))
	if app == nil {
		return wish{}, &entraError{status: 400, code: 700016, kind: "unauthorized_client", text: "The application was not found in the directory."}
	}
	if _, fail := l.tenant(r); fail != nil {
		return wish{}, fail
	}
	redirect, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || !l.mayRedirect(redirect) {
		return wish{}, &entraError{status: 400, code: 50011, kind: "invalid_request", text: "The redirect URI does not match the redirect URIs configured for the application."}
	}
	want, fail := l.scopes(q.Get("scope"))
	return wish{app: app, redirect: redirect, want: want}, fail
}

func (l *login) mayRedirect(u *url.URL) bool {
	bot, _ := url.Parse(l.s.cfg.BotURL) // checked by New
	return (u.Scheme == "http" || u.Scheme == "https") && (isLoopback(u.Hostname()) || u.Host == bot.Host)
}

func (l *login) ask(w http.ResponseWriter, r *http.Request) {
	wish, fail := l.wish(r)
	q := r.URL.Query()
	switch {
	case fail != nil:
		l.refuse(w, fail)
	case q.Get("response_type") != "code" || q.Get("response_mode") != "" && q.Get("response_mode") != "query":
		l.refuse(w, &entraError{status: 400, code: 700054, kind: "unsupported_response_type", text: "Only response_type code with response_mode query is enabled here."})
	case q.Get("prompt") == "none":
		l.back(w, r, wish, url.Values{"error": {"interaction_required"}, "error_description": {"AADSTS50058: nobody is signed in silently."}})
	default:
		l.show(w, http.StatusOK, "consent.html", consentView{App: wish.app.Name, Scopes: append(wish.want.names, wish.want.openID...),
			People: l.s.world.everybody(), Hint: q.Get("login_hint"), Action: r.URL.RequestURI()})
	}
}

func (l *login) decide(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	wish, fail := l.wish(r)
	if fail != nil {
		l.refuse(w, fail)
		return
	}
	who := l.s.world.person(r.PostFormValue("person"))
	if r.PostFormValue("decision") != "allow" || who == nil {
		l.back(w, r, wish, url.Values{"error": {"access_denied"}, "error_description": {"AADSTS65004: User declined to consent to access the app."}})
		return
	}
	l.consent(wish.app.ID, who.ObjectID, wish.want)
	q, code := r.URL.Query(), "0.c"+randomHex(32)
	l.keep(l.codes, code, grant{
		client: wish.app.ID, person: who.ObjectID, scopes: wish.want.all(), redirect: q.Get("redirect_uri"), nonce: q.Get("nonce"),
		challenge: q.Get("code_challenge"), plain: q.Get("code_challenge_method") == "plain", expires: l.s.now().Add(codeLife),
	})
	l.back(w, r, wish, url.Values{"code": {code}})
}

func (l *login) askAdmin(w http.ResponseWriter, r *http.Request) {
	wish, fail := l.wish(r)
	if fail != nil {
		l.refuse(w, fail)
		return
	}
	l.show(w, http.StatusOK, "admin.html", consentView{App: wish.app.Name, Scopes: wish.want.names, Action: r.URL.RequestURI()})
}

func (l *login) decideAdmin(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	wish, fail := l.wish(r)
	if fail != nil {
		l.refuse(w, fail)
		return
	}
	if r.PostFormValue("decision") != "allow" {
		l.back(w, r, wish, url.Values{"error": {"access_denied"}})
		return
	}
	for _, p := range l.s.world.everybody() {
		l.consent(wish.app.ID, p.ObjectID, scopes{names: append([]string{"User.Read"}, wish.want.names...), openID: openIDScopes})
	}
	l.back(w, r, wish, url.Values{"admin_consent": {"True"}, "tenant": {l.s.cfg.Tenant}, "scope": {strings.Join(wish.want.names, " ")}})
}

// back sends the person to the app with the outcome and the app's own state.
func (l *login) back(w http.ResponseWriter, r *http.Request, to wish, outcome url.Values) {
	u := *to.redirect
	q := u.Query()
	for name, values := range outcome {
		q[name] = values
	}
	if state := r.URL.Query().Get("state"); state != "" {
		q.Set("state", state)
	}
	u.RawQuery = q.Encode()
	http.Redirect(w, r, u.String(), http.StatusFound)
}

func (l *login) refuse(w http.ResponseWriter, fail *entraError) {
	l.show(w, fail.status, "refused.html", consentView{Problem: "AADSTS" + itoa(fail.code) + ": " + fail.text})
}

func (l *login) show(w http.ResponseWriter, status int, form string, view consentView) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Frame-Options", "DENY") // Entra refuses to be framed
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	w.WriteHeader(status)
	if err := forms.ExecuteTemplate(w, form, view); err != nil {
		l.s.log.Debug("a consent page was not read to its end", "err", err)
	}
}
