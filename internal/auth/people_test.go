package auth

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/cache"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

const (
	testPerson = "aaaaaaaa-0000-4000-8000-000000000001"
	otherOne   = "aaaaaaaa-0000-4000-8000-000000000002"
	testPublic = "https://bot.contoso.example"
)

// peopleEntra is a login service for people: it publishes keys, trades tokens and codes, and refuses as it is told to. It
// keeps which refresh tokens it gave.
type peopleEntra struct {
	url string

	mu      sync.Mutex
	forms   []url.Values
	given   int
	life    int
	refusal string // for any grant, when set
	status  int
	idToken object // changes to the ID token of the next code
	nonce   string
	person  string
	renewed map[string]bool // refresh tokens that were given
	keys    int             // times the keys were read
}

func newPeopleEntra(t *testing.T) (*peopleEntra, *http.Client) {
	t.Helper()
	e := &peopleEntra{life: 3600, status: http.StatusBadRequest, person: testPerson, renewed: map[string]bool{}}
	server := httptest.NewTLSServer(e)
	t.Cleanup(server.Close)
	e.url = server.URL
	return e, server.Client()
}

func (e *peopleEntra) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	base := e.url + "/" + testTenant
	switch strings.TrimPrefix(r.URL.Path, "/"+testTenant) {
	case "/v2.0/.well-known/openid-configuration":
		json.NewEncoder(w).Encode(object{"issuer": base + "/v2.0", "authorization_endpoint": base + "/authorize", "token_endpoint": base + "/oauth2/v2.0/token",
			"jwks_uri": base + "/discovery/v2.0/keys"})
	case "/discovery/v2.0/keys":
		e.keys++
		key := first().published(nil)
		delete(key, "endorsements")
		json.NewEncoder(w).Encode(object{"keys": []any{key}})
	case "/oauth2/v2.0/token":
		e.serve(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (e *peopleEntra) serve(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, "no form", http.StatusBadRequest)
		return
	}
	form := r.PostForm
	e.forms = append(e.forms, form)
	refusal := e.refusal
	if form.Get("grant_type") == "refresh_token" && !e.renewed[form.Get("refresh_token")] {
		refusal = `{"error":"invalid_grant","error_codes":[700082]}`
	}
	w.Header().Set("Content-Type", "application/json")
	if refusal != "" {
		w.WriteHeader(e.status)
		w.Write([]byte(refusal))
		return
	}
	e.given++
	refresh := fmt.Sprint("refresh-secret-", e.given)
	e.renewed[refresh] = true
	id := object{"iss": e.url + "/" + testTenant + "/v2.0", "aud": testApp, "tid": testTenant, "oid": e.person, "sub": "s", "nonce": e.nonce,
		"exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(), "preferred_username": "ines@contoso.example"}
	info := base64.RawURLEncoding.EncodeToString([]byte(`{"uid":"` + e.person + `","utid":"` + testTenant + `"}`))
	json.NewEncoder(w).Encode(object{"token_type": "Bearer", "expires_in": e.life, "access_token": fmt.Sprint("graph-secret-", e.given), "refresh_token": refresh,
		"scope": form.Get("scope"), "client_info": info, "id_token": bare(first(), goodHeader(first()), id.with(e.idToken))})
}

func (e *peopleEntra) change(f func(*peopleEntra)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f(e)
}

// last is the latest form that came, and how many there were.
func (e *peopleEntra) last() (url.Values, int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.forms) == 0 {
		return nil, 0
	}
	return e.forms[len(e.forms)-1], len(e.forms)
}

// teamsToken is what Teams hands over for a person.
func (e *peopleEntra) teamsToken(changes object) string {
	return bare(first(), goodHeader(first()), e.userClaims().with(changes))
}

func (e *peopleEntra) userClaims() object {
	now := time.Now()
	return object{"iss": e.url + "/" + testTenant + "/v2.0", "aud": testApp, "tid": testTenant, "oid": testPerson, "scp": "access_as_user", "ver": "2.0",
		"azp": "5e3ce6c0-2b1f-4285-8d4b-75ee78787346", "exp": now.Add(time.Hour).Unix(), "nbf": now.Unix(), "iat": now.Unix()}
}

// safe is a vault in memory.
type safe struct {
	mu     sync.Mutex
	sealed map[string][]byte
}

func (s *safe) key(t identity.Tenant, p identity.Person, app string) string {
	return string(t) + "|" + string(p) + "|" + app
}

func (s *safe) Load(_ context.Context, t identity.Tenant, p identity.Person, app string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.sealed[s.key(t, p, app)]), nil
}

func (s *safe) Keep(_ context.Context, t identity.Tenant, p identity.Person, app string, sealed []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sealed == nil {
		s.sealed = map[string][]byte{}
	}
	s.sealed[s.key(t, p, app)] = bytes.Clone(sealed)
	return nil
}

func (s *safe) Drop(_ context.Context, t identity.Tenant, p identity.Person, app string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sealed, s.key(t, p, app))
	return nil
}

func (s *safe) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sealed)
}

var (
	keyA = strings.Repeat("ab", SealingKeySize)
	keyB = strings.Repeat("cd", SealingKeySize)
)

func seals(t testing.TB, keys string) *Seals {
	t.Helper()
	s, err := ParseSeals(keys)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// hall is a Users with all that is around it.
type hall struct {
	*Users
	entra *peopleEntra
	vault *safe
	clock time.Time
	log   bytes.Buffer
	cfg   UsersConfig
}

func newHall(t *testing.T) *hall {
	t.Helper()
	e, client := newPeopleEntra(t)
	h := &hall{entra: e, vault: &safe{}, clock: time.Now()}
	h.cfg = UsersConfig{App: AppConfig{AppID: testApp, TenantID: testTenant, LoginURL: e.url, Secret: testSecret, HTTP: client}, Tenants: []string{testTenant},
		Scopes: []string{"https://graph.contoso.example/User.Read"}, PublicURL: testPublic, Seals: seals(t, keyA), Vault: h.vault,
		Now: func() time.Time { return h.clock }, Log: slog.New(slog.NewTextHandler(&h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	h.restart(t)
	t.Cleanup(func() { h.quiet(t, h.log.String()) })
	return h
}

// restart is the service stopping and starting: only the vault is left.
func (h *hall) restart(t *testing.T) {
	t.Helper()
	u, err := NewUsers(h.cfg)
	if err != nil {
		t.Fatal(err)
	}
	h.Users = u
}

// quiet fails for a text that holds a secret.
func (h *hall) quiet(t *testing.T, text string) {
	t.Helper()
	for _, secret := range []string{"-secret-", "eyJ", "ines@", testSecret} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in %q", secret, text)
		}
	}
}

func ines() identity.Caller { return identity.Caller{Tenant: testTenant, Person: testPerson} }

// says fails when err is not of the kind and sentence, or holds a secret.
func (h *hall) says(t *testing.T, what string, err error, kind fault.Kind, text string) {
	t.Helper()
	got := ""
	if f, is := err.(*fault.Error); is {
		got = f.Text
	} else if joined, is := err.(interface{ Unwrap() []error }); is {
		got = joined.Unwrap()[0].(*fault.Error).Text
	}
	if fault.KindOf(err) != kind || got != text {
		t.Errorf("%s: %v, want %s %s", what, err, kind, text)
	}
	if err != nil {
		h.quiet(t, err.Error())
	}
}

// token fails when there is no token, and gives it.
func (h *hall) token(t *testing.T, what string) string {
	t.Helper()
	got, err := h.Token(t.Context(), ines())
	if err != nil || !strings.HasPrefix(got, "graph-secret-") {
		t.Fatalf("%s: %q, %v", what, got, err)
	}
	return got
}

// toEntra goes to the sign-in page and on, and gives what Entra is asked and the cookie.
func (h *hall) toEntra(t *testing.T) (url.Values, string) {
	t.Helper()
	at, err := url.Parse(h.Start(ines(), "fr"))
	if err != nil {
		t.Fatal(err)
	}
	begun, err := h.Begin(t.Context(), at.Query().Get("t"))
	if err != nil || begun.Lang != "fr" {
		t.Fatalf("%+v, %v", begun, err)
	}
	asked, err := url.Parse(begun.Address)
	if err != nil {
		t.Fatal(err)
	}
	h.entra.change(func(e *peopleEntra) { e.nonce = asked.Query().Get("nonce") })
	return asked.Query(), begun.Browser
}

// onPage signs in on the page up to the code.
func (h *hall) onPage(t *testing.T) string {
	t.Helper()
	asked, browser := h.toEntra(t)
	landed, err := h.Finish(t.Context(), Return{State: asked.Get("state"), Browser: browser, Code: "entras-code"})
	if err != nil {
		t.Fatal(err)
	}
	return landed.Code
}

// signedIn signs in on the page, whole.
func (h *hall) signedIn(t *testing.T) {
	t.Helper()
	if err := h.Redeem(t.Context(), ines(), h.onPage(t)); err != nil {
		t.Fatal(err)
	}
}

// bare signs a token without the scheme of a header before it.
func bare(s signer, header, claims object) string {
	return strings.TrimPrefix(s.sign(encode(header), encode(claims)), "Bearer ")
}

// marshaled is a cache of MSAL as far as it is written.
type marshaled string

func (m marshaled) Marshal() ([]byte, error) { return []byte(m), nil }

var exportHints cache.ExportHints
