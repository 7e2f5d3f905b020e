package sandbox

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// The audiences of access tokens that are not for an app.
const (
	graphAudience = "https://graph.microsoft.com"
	botAudience   = "https://api.botframework.com"
)

// teamsWeb is the client id of Teams in the browser, the presenter of single sign-on tokens.
const teamsWeb = "5e3ce6c0-2b1f-4285-8d4b-75ee78787346"

// Lifetimes of what the sign-in service hands out.
const (
	accessLife  = time.Hour
	codeLife    = 10 * time.Minute
	refreshLife = 90 * 24 * time.Hour
)

// maxGrants bounds the codes and refresh tokens that are remembered.
const maxGrants = 1000

// login is an Entra authority: it knows the apps, asks people for consent and signs tokens.
type login struct {
	s     *Sandbox
	certs map[string][]*certificate // by app id

	mu       sync.Mutex
	codes    map[string]grant
	refresh  map[string]grant
	consents map[string]map[string]bool // app id + "/" + person → scopes
	known    map[string]bool            // app id + "/" + person → may know who they are
	// silentFails makes every exchange of a single sign-on token miss the consent.
	silentFails bool
}

// grant is what a person allowed an app: the content of a code or refresh token.
type grant struct {
	client, person             string
	scopes                     []string
	redirect, nonce, challenge string
	plain                      bool // the challenge is the verifier itself
	expires                    time.Time
}

// entraError is a refusal in Entra's shape. Suberror is set when a person has to consent.
type entraError struct {
	status   int
	code     int // the AADSTS number
	kind     string
	text     string
	suberror string
}

func (e *entraError) Error() string { return e.kind + ": " + e.text }

func newLogin(s *Sandbox) (*login, error) {
	l := &login{s: s, certs: map[string][]*certificate{}}
	for _, a := range s.cfg.Apps {
		for _, text := range a.Certificates {
			c, err := parseCertificate(text)
			if err != nil {
				return nil, err
			}
			l.certs[a.ID] = append(l.certs[a.ID], c)
		}
	}
	l.reset()
	return l, nil
}

// reset forgets every consent, code and refresh token.
func (l *login) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.codes, l.refresh, l.consents = map[string]grant{}, map[string]grant{}, map[string]map[string]bool{}
	l.known, l.silentFails = map[string]bool{}, false
}

func (l *login) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{tenant}/v2.0/.well-known/openid-configuration", l.discovery)
	mux.HandleFunc("GET /{tenant}/discovery/v2.0/keys", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, l.s.entra.published())
	})
	mux.Handle("POST /{tenant}/oauth2/v2.0/token", l.s.recorded(loginCall, http.HandlerFunc(l.token)))
	l.consentRoutes(mux, "")
	return l.s.localOnly(mux)
}

// discovery is the OpenID document. The page where people consent is offered over http, because no browser knows the
// sandbox's certificate authority.
func (l *login) discovery(w http.ResponseWriter, r *http.Request) {
	tenant, fail := l.tenant(r)
	if fail != nil {
		writeEntraError(w, l.s.now(), fail)
		return
	}
	root := l.s.loginB + "/" + tenant
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer":                                root + "/v2.0",
		"token_endpoint":                        root + "/oauth2/v2.0/token",
		"authorization_endpoint":                l.s.base + "/login/" + tenant + "/oauth2/v2.0/authorize",
		"jwks_uri":                              root + "/discovery/v2.0/keys",
		"response_types_supported":              []string{"code"},
		"response_modes_supported":              []string{"query"},
		"subject_types_supported":               []string{"pairwise"},
		"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "client_secret_basic", "private_key_jwt"},
		"tenant_region_scope":                   "EU",
	})
}

// tenant reads the tenant of the path: the organisation's id, one of the names that mean "the person's own", or the old
// home of multi-tenant bots. All of them are the one organisation here.
func (l *login) tenant(r *http.Request) (string, *entraError) {
	known := []string{strings.ToLower(l.s.cfg.Tenant), "common", "organizations", "botframework.com"}
	if slices.Contains(known, strings.ToLower(r.PathValue("tenant"))) {
		return l.s.cfg.Tenant, nil
	}
	return "", &entraError{status: 400, code: 90002, kind: "invalid_request", text: "Tenant not found."}
}

// tokenAnswer is the answer of the token endpoint.
type tokenAnswer struct {
	TokenType    string `json:"token_type"`
	Scope        string `json:"scope,omitempty"`
	ExpiresIn    int    `json:"expires_in"`
	ExtExpiresIn int    `json:"ext_expires_in"`
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
	ClientInfo   string `json:"client_info,omitempty"`
}

// token is the token endpoint: one method for each grant type.
func (l *login) token(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	answer, err := l.answer(r)
	var fail *entraError
	switch {
	case errors.As(err, &fail):
		writeEntraError(w, l.s.now(), fail)
	case err != nil:
		http.Error(w, "the token could not be signed", http.StatusInternalServerError)
	default:
		w.Header().Set("Cache-Control", "no-store")
		writeJSON(w, http.StatusOK, answer)
	}
}

func (l *login) answer(r *http.Request) (*tokenAnswer, error) {
	if r.ParseForm() != nil {
		return nil, &entraError{status: 400, code: 900144, kind: "invalid_request", text: "The request body cannot be read."}
	}
	if _, fail := l.tenant(r); fail != nil {
		return nil, fail
	}
	app, fail := l.client(r)
	if fail != nil {
		return nil, fail
	}
	switch r.PostForm.Get("grant_type") {
	case "client_credentials":
		return l.appToken(app, r.PostForm.Get("scope"))
	case "urn:ietf:params:oauth:grant-type:jwt-bearer":
		return l.onBehalfOf(app, r)
	case "authorization_code":
		return l.redeem(app, r)
	case "refresh_token":
		return l.renew(app, r)
	}
	return nil, &entraError{status: 400, code: 70003, kind: "unsupported_grant_type", text: "The app requested an unsupported grant type."}
}

// client finds the app of a request and checks its credential.
func (l *login) client(r *http.Request) (*App, *entraError) {
	id, secret := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	if user, pass, ok := r.BasicAuth(); ok {
		id, secret = user, pass
	}
	app := l.s.appByID(id)
	if app == nil {
		return nil, &entraError{status: 400, code: 700016, kind: "unauthorized_client", text: "The application was not found in the directory."}
	}
	if assertion := r.PostForm.Get("client_assertion"); assertion != "" {
		if err := l.checkAssertion(app, assertion); err != nil {
			return nil, &entraError{status: 401, code: 700027, kind: "invalid_client", text: "The client assertion is not valid: " + err.Error() + "."}
		}
		return app, nil
	}
	if secret == "" {
		return nil, &entraError{status: 401, code: 7000218, kind: "invalid_client", text: "The request body must contain client_assertion or client_secret."}
	}
	if subtle.ConstantTimeCompare([]byte(secret), []byte(app.Secret)) != 1 {
		return nil, &entraError{status: 401, code: 7000215, kind: "invalid_client", text: "Invalid client secret provided."}
	}
	return app, nil
}

// appToken gives a token of the app itself (client credentials).
func (l *login) appToken(app *App, scope string) (*tokenAnswer, error) {
	want, fail := l.scopes(scope)
	if fail != nil {
		return nil, fail
	}
	if !slices.Equal(want.names, []string{".default"}) {
		return nil, &entraError{status: 400, code: 1002012, kind: "invalid_scope", text: "Client credential flows must have a scope that ends with /.default."}
	}
	claims := l.claims(app, want.audience)
	claims["idtyp"], claims["oid"], claims["sub"] = "app", stableGUID("principal", app.ID), stableGUID("principal", app.ID)
	if want.audience == graphAudience {
		claims["roles"] = app.Roles
	}
	return l.signed(claims)
}

// onBehalfOf trades a person's token for this app against one for Graph.
func (l *login) onBehalfOf(app *App, r *http.Request) (*tokenAnswer, error) {
	claims, err := l.s.entra.verify(r.PostForm.Get("assertion"), app.ID)
	person, _ := claims["oid"].(string)
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return nil, &entraError{status: 400, code: 500133, kind: "invalid_grant", text: "Assertion is not within its valid time range."}
	case err != nil || claims["scp"] != "access_as_user" || person == "":
		return nil, &entraError{status: 400, code: 50013, kind: "invalid_grant", text: "Assertion failed signature or audience validation."}
	}
	if l.failsSilently() {
		return nil, consentRequired()
	}
	return l.delegated(app, person, r.PostForm.Get("scope"), "")
}

// consentRequired is the refusal that only the person can lift, on the page where they consent.
func consentRequired() *entraError {
	return &entraError{status: 400, code: 65001, kind: "invalid_grant", suberror: "consent_required",
		text: "The user or administrator has not consented to use the application. Send an interactive authorization request for this user and resource."}
}

// redeem trades the code of a consent for tokens; a code works once.
func (l *login) redeem(app *App, r *http.Request) (*tokenAnswer, error) {
	code := r.PostForm.Get("code")
	l.mu.Lock()
	g, ok := l.codes[code]
	delete(l.codes, code)
	l.mu.Unlock()
	switch {
	case !ok || g.client != app.ID || l.s.now().After(g.expires):
		return nil, &entraError{status: 400, code: 70008, kind: "invalid_grant", text: "The authorization code has expired, was used, or is not this client's."}
	case g.redirect != r.PostForm.Get("redirect_uri"):
		return nil, &entraError{status: 400, code: 500112, kind: "invalid_grant", text: "The reply address does not match the one of the authorization request."}
	case !g.proves(r.PostForm.Get("code_verifier")):
		return nil, &entraError{status: 400, code: 50148, kind: "invalid_grant", text: "The code_verifier does not match the code_challenge supplied in the authorization request."}
	}
	return l.delegated(app, g.person, orElse(r.PostForm.Get("scope"), strings.Join(g.scopes, " ")), g.nonce)
}

// proves checks the verifier of PKCE (RFC 7636). A request without a challenge needs none.
func (g grant) proves(verifier string) bool {
	if g.challenge == "" {
		return verifier == ""
	}
	sum := sha256.Sum256([]byte(verifier))
	if want := base64.RawURLEncoding.EncodeToString(sum[:]); !g.plain {
		verifier = want
	}
	return subtle.ConstantTimeCompare([]byte(verifier), []byte(g.challenge)) == 1
}

// renew trades a refresh token for new tokens.
func (l *login) renew(app *App, r *http.Request) (*tokenAnswer, error) {
	l.mu.Lock()
	g, ok := l.refresh[r.PostForm.Get("refresh_token")]
	l.mu.Unlock()
	switch {
	case !ok || g.client != app.ID:
		return nil, &entraError{status: 400, code: 9002313, kind: "invalid_grant", text: "The refresh token is malformed or invalid."}
	case l.s.now().After(g.expires):
		return nil, &entraError{status: 400, code: 700082, kind: "invalid_grant", text: "The refresh token has expired due to inactivity."}
	}
	return l.delegated(app, g.person, orElse(r.PostForm.Get("scope"), strings.Join(g.scopes, " ")), "")
}

// delegated gives tokens for a person who has consented to every scope.
func (l *login) delegated(app *App, oid, scope, nonce string) (*tokenAnswer, error) {
	want, fail := l.scopes(scope)
	if fail != nil {
		return nil, fail
	}
	who := l.s.world.personByObjectID(oid)
	if who == nil {
		return nil, &entraError{status: 400, code: 50034, kind: "invalid_grant", text: "The user account does not exist in the directory."}
	}
	granted, ok := l.granted(app.ID, oid, want)
	if !ok {
		return nil, consentRequired()
	}
	claims := l.claims(app, want.audience)
	claims["idtyp"], claims["scp"] = "user", strings.Join(granted, " ")
	who.claim(claims)
	answer, err := l.signed(claims)
	if err != nil {
		return nil, err
	}
	return l.withIdentity(answer, app, who, want, granted, nonce)
}

// withIdentity adds what tells the app who signed in, and the refresh token when one was asked for.
func (l *login) withIdentity(a *tokenAnswer, app *App, who *person, want scopes, granted []string, nonce string) (*tokenAnswer, error) {
	a.Scope = want.answer(granted)
	info, _ := json.Marshal(map[string]string{"uid": who.ObjectID, "utid": l.s.cfg.Tenant}) // strings always marshal
	a.ClientInfo = base64.RawURLEncoding.EncodeToString(info)
	if slices.Contains(want.openID, "offline_access") {
		a.RefreshToken = "0." + randomHex(40)
		l.keep(l.refresh, a.RefreshToken, grant{client: app.ID, person: who.ObjectID, scopes: want.all(), expires: l.s.now().Add(refreshLife)})
	}
	if !slices.Contains(want.openID, "openid") {
		return a, nil
	}
	claims := jwt.MapClaims{"iss": l.issuer(), "aud": app.ID, "ver": "2.0"}
	who.claim(claims)
	claims["tid"] = l.s.cfg.Tenant
	if nonce != "" {
		claims["nonce"] = nonce
	}
	var err error
	a.IDToken, err = l.s.entra.sign(claims, accessLife)
	return a, err
}

// personToken is what Teams hands an app for single sign-on: a token of the person for the app (token version 2).
func (l *login) personToken(app *App, who *person) (string, error) {
	claims := jwt.MapClaims{"iss": l.issuer(), "aud": app.ID, "azp": teamsWeb, "ver": "2.0", "scp": "access_as_user", "tid": l.s.cfg.Tenant}
	who.claim(claims)
	return l.s.entra.sign(claims, accessLife)
}

func (l *login) issuer() string { return l.s.loginB + "/" + l.s.cfg.Tenant + "/v2.0" }

// claims begins an access token. Those for Graph and the Bot Connector have version 1 and so the old issuer.
func (l *login) claims(app *App, audience string) jwt.MapClaims {
	c := jwt.MapClaims{"aud": audience, "tid": l.s.cfg.Tenant, "uti": randomHex(8)}
	if audience == graphAudience || audience == botAudience {
		c["iss"], c["ver"], c["appid"] = "https://sts.windows.net/"+l.s.cfg.Tenant+"/", "1.0", app.ID
		return c
	}
	c["iss"], c["ver"], c["azp"] = l.issuer(), "2.0", app.ID
	return c
}

func (l *login) signed(claims jwt.MapClaims) (*tokenAnswer, error) {
	token, err := l.s.entra.sign(claims, accessLife)
	seconds := int(accessLife/time.Second) - 1
	return &tokenAnswer{TokenType: "Bearer", ExpiresIn: seconds, ExtExpiresIn: seconds, AccessToken: token}, err
}

// keep remembers a grant; when there are too many, the oldest go.
func (l *login) keep(in map[string]grant, key string, g grant) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(in) >= maxGrants {
		oldest := ""
		for k, v := range in {
			if oldest == "" || v.expires.Before(in[oldest].expires) {
				oldest = k
			}
		}
		delete(in, oldest)
	}
	in[key] = g
}

func writeEntraError(w http.ResponseWriter, now time.Time, e *entraError) {
	trace, correlation, at := newGUID(), newGUID(), now.UTC().Format("2006-01-02 15:04:05Z")
	number := itoa(e.code)
	body := map[string]any{
		"error":             e.kind,
		"error_description": "AADSTS" + number + ": " + e.text + " Trace ID: " + trace + " Correlation ID: " + correlation + " Timestamp: " + at,
		"error_codes":       []int{e.code},
		"timestamp":         at,
		"trace_id":          trace,
		"correlation_id":    correlation,
		"error_uri":         "https://login.microsoftonline.com/error?code=" + number,
	}
	if e.suberror != "" {
		body["suberror"] = e.suberror
	}
	writeJSON(w, e.status, body)
}
