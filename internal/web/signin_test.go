package web

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"teamspro/internal/auth"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/lang"
)

// gate stands for internal/auth: it knows one ticket, one state with its cookie, and one token.
type gate struct {
	name    string
	trouble error
	used    bool
}

func (g *gate) Begin(_ context.Context, ticket string) (auth.Begun, error) {
	if ticket != "ticket-"+g.name {
		return auth.Begun{}, fault.New(fault.NotFound, "gate", "signin.link")
	}
	return auth.Begun{Address: "https://login.contoso.example/authorize?state=" + g.name, Browser: "browser-" + g.name, Lang: "fr"}, g.trouble
}

func (g *gate) Finish(_ context.Context, r auth.Return) (auth.Landed, error) {
	switch {
	case r.State != g.name || g.used:
		return auth.Landed{}, fault.New(fault.NotFound, "gate", "signin.state")
	case r.Browser != "browser-"+g.name:
		return auth.Landed{Lang: "fr"}, fault.New(fault.Denied, "gate", "signin.browser")
	case r.Problem != "":
		return auth.Landed{Lang: "fr"}, fault.New(fault.Denied, "gate", "signin.declined")
	}
	g.used = true
	return auth.Landed{Code: "123456", Lang: "fr"}, g.trouble
}

func (g *gate) AcceptPage(_ context.Context, token string) (identity.Caller, error) {
	if token != "token-"+g.name {
		return identity.Caller{}, &fault.Error{Kind: fault.Denied, Text: "signin.refused", Err: &auth.Refusal{Status: 401, Reason: "audience"}}
	}
	return identity.Caller{Tenant: "t", Person: "ines"}, g.trouble
}

func (g *gate) Redeem(_ context.Context, who identity.Caller, code string) error {
	if who.Person != "ines" || code != "123456" {
		return fault.New(fault.Invalid, "gate", "signin.code")
	}
	return nil
}

func (g *gate) Start(who identity.Caller, language string) string {
	return "https://bot.contoso.example/auth/start?t=ticket-" + g.name + "&p=" + string(who.Person) + "&l=" + language
}

// signInSite serves the pages of two apps, and a browser that follows nothing.
func signInSite(t *testing.T) (one, two *gate, address string, browser *http.Client) {
	t.Helper()
	one, two = &gate{name: "one"}, &gate{name: "two"}
	c := config()
	c.SignIns = []SignIn{one, two}
	return one, two, serve(t, c), &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func visit(t *testing.T, browser *http.Client, method, address, cookie, authorization, body string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if cookie != "" {
		r.AddCookie(&http.Cookie{Name: browserCookie, Value: cookie})
	}
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	response, err := browser.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(raw)
}

func TestSignInPages(t *testing.T) {
	t.Parallel()
	_, _, address, browser := signInSite(t)
	response, _ := visit(t, browser, "GET", address+"/auth/start?width=600&t=ticket-two", "", "", "")
	cookie := response.Header.Get("Set-Cookie")
	if response.StatusCode != http.StatusFound || response.Header.Get("Location") != "https://login.contoso.example/authorize?state=two" || response.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("start: %s %v", response.Status, response.Header)
	}
	for _, want := range []string{"teamspro-signin=browser-two", "HttpOnly", "Secure", "SameSite=Lax", "Path=/auth"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("the cookie %q has no %s", cookie, want)
		}
	}
	for _, row := range []struct {
		name, path, cookie string
		status             int
		want               string
	}{
		{"an invented ticket", "/auth/start?t=x", "", 404, "was not opened from Teams"},
		{"no ticket", "/auth/start", "", 404, "was not opened from Teams"},
		{"another browser", "/auth/callback?code=c&state=two", "browser-one", 403, "dans un autre navigateur"},
		{"no cookie", "/auth/callback?code=c&state=two", "", 403, "dans un autre navigateur"},
		{"declined", "/auth/callback?error=access_denied&error_description=%3Cb%3EInes&state=two", "browser-two", 403, "donné votre accord"},
		{"well", "/auth/callback?code=c&state=two", "browser-two", 200, `id="code" aria-labelledby="code-label" data-hosts="">123456</output>`},
		{"the same again", "/auth/callback?code=c&state=two", "browser-two", 404, "This sign-in is over"},
		{"nothing", "/auth/callback", "browser-two", 404, "This sign-in is over"},
		{"far too long", "/auth/callback?state=one&x=" + strings.Repeat("x", maxReturn), "browser-one", 404, "This sign-in is over"},
		{"approved", "/auth/callback?admin_consent=True&tenant=t", "", 200, "The app is approved"},
		{"not approved", "/auth/callback?admin_consent=True&error=access_denied", "", 404, "This sign-in is over"},
	} {
		response, body := visit(t, browser, "GET", address+row.path, row.cookie, "", "")
		if response.StatusCode != row.status || !strings.Contains(body, row.want) {
			t.Errorf("%s: %s\n%s", row.name, response.Status, body)
		}
		if strings.Contains(body, "Ines") || strings.Contains(body, "web.signin") || strings.Contains(body, "unsafe") {
			t.Errorf("%s shows what it should not:\n%s", row.name, body)
		}
		policy := response.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'; script-src 'self';") || !strings.Contains(policy, "frame-ancestors 'none'") || response.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: headers %v", row.name, response.Header)
		}
	}
}

// With TeamsJS the page hands its code over; without, it does not pretend to.
func TestTeamsTakesTheCode(t *testing.T) {
	t.Parallel()
	for _, teams := range [][]byte{nil, []byte("globalThis.microsoftTeams = {}")} {
		c := config()
		c.SignIns = []SignIn{&gate{name: "one"}}
		s := &site{Config: c, pages: parsePages()}
		in := newSignIns(s, c.SignIns)
		in.teams = teams
		mux := http.NewServeMux()
		in.routes(mux)
		server := httptest.NewServer(mux)
		defer server.Close()
		_, body := visit(t, http.DefaultClient, "GET", server.URL+"/auth/callback?code=c&state=one", "browser-one", "", "")
		if has := strings.Contains(body, "/static/teams.js"); has != (teams != nil) || !strings.Contains(body, "123456") {
			t.Errorf("with %q the page is:\n%s", teams, body)
		}
		response, script := visit(t, http.DefaultClient, "GET", server.URL+"/static/teams.js", "", "", "")
		if (response.StatusCode == http.StatusOK) != (teams != nil) || teams != nil && script != string(teams) {
			t.Errorf("teams.js: %s", response.Status)
		}
	}
}

func TestTokenOfAPage(t *testing.T) {
	t.Parallel()
	consent := fault.New(fault.SignIn, "gate", "signin.consent")
	for _, row := range []struct {
		name, authorization, body string
		trouble                   error
		status                    int
		want                      string
	}{
		{"signed in", "Bearer token-two", "", nil, 204, ""},
		{"of no app", "Bearer token-three", "", nil, 401, "not accepted"},
		{"none", "", "", nil, 400, "not accepted"},
		{"another scheme", "Basic token-two", "", nil, 400, "not accepted"},
		{"too long", "Bearer " + strings.Repeat("x", maxToken+1), "", nil, 400, "not accepted"},
		{"a long body", "Bearer token-two", `{"code":"` + strings.Repeat("1", maxTokenBody) + `"}`, nil, 400, "not accepted"},
		{"no JSON", "Bearer token-two", "code=1", nil, 400, "not accepted"},
		{"consent is missing", "Bearer token-two", "", consent, 403, `"consent":"https://bot.contoso.example/auth/start?t=ticket-two\u0026p=ines\u0026l=en"`},
		{"with the code", "Bearer token-two", `{"code":"123456"}`, consent, 204, ""},
		{"with a wrong code", "Bearer token-two", `{"code":"000000"}`, consent, 400, "This code is not right"},
		{"not in the organisation", "Bearer token-two", "", fault.New(fault.Denied, "gate", "signin.tenant"), 403, "has not let this app in"},
		{"expired secret", "Bearer token-two", "", fault.New(fault.Internal, "gate", "signin.secret_expired"), 500, "has expired"},
		{"busy", "Bearer token-two", "", fault.New(fault.Busy, "gate", "signin.busy"), 503, "does not answer"},
	} {
		_, two, address, browser := signInSite(t)
		two.trouble = row.trouble
		response, body := visit(t, browser, "POST", address+"/auth/token", "", row.authorization, row.body)
		if response.StatusCode != row.status || !strings.Contains(body, row.want) || strings.Contains(body, "token-two") {
			t.Errorf("%s: %s %s", row.name, response.Status, body)
		}
		if response.Header.Get("Access-Control-Allow-Origin") != "" || response.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", row.name, response.Header)
		}
	}
}

func TestTokensComeSlowly(t *testing.T) {
	t.Parallel()
	in := newSignIns(&site{Config: config(), pages: parsePages()}, []SignIn{&gate{name: "one"}})
	in.pace = pace{burst: 1, each: time.Hour}
	for _, want := range []int{http.StatusBadRequest, http.StatusTooManyRequests} {
		w := httptest.NewRecorder()
		in.token(w, httptest.NewRequest(http.MethodPost, "/auth/token", nil))
		if w.Code != want || (w.Header().Get("Retry-After") != "") != (want == http.StatusTooManyRequests) {
			t.Errorf("%d %v, want %d", w.Code, w.Header(), want)
		}
	}
}

func TestPace(t *testing.T) {
	t.Parallel()
	p, now := pace{burst: 3, each: time.Second}, time.Now()
	taken := func(n int) (count int) {
		for range n {
			if p.take(now) {
				count++
			}
		}
		return count
	}
	if got := taken(10); got != 3 {
		t.Errorf("%d at once", got)
	}
	now = now.Add(2 * time.Second)
	if got := taken(10); got != 2 {
		t.Errorf("%d after two seconds", got)
	}
	now = now.Add(time.Hour)
	if got := taken(10); got != 3 {
		t.Errorf("%d after an hour", got)
	}
}

func TestNoSignIn(t *testing.T) {
	t.Parallel()
	address := serve(t, config())
	for _, path := range []string{"/auth/start", "/auth/callback", "/static/signin.js"} {
		if response, _ := fetch(t, address+path); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, response.Status)
		}
	}
	if said(lang.For("en"), io.ErrUnexpectedEOF) == "" {
		t.Error("an unknown error has no sentence")
	}
}
