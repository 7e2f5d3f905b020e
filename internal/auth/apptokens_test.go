package auth

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/fault"
)

const (
	testTenant = "0d7a1f9e-0000-4000-8000-0000000000aa"
	testSecret = "s3cret-of-the-app"
	testScope  = "https://api.botframework.example/.default"
)

// entra is a login service: it knows one app and its secret, and counts what it gives out.
type entra struct {
	mu      sync.Mutex
	url     string
	secret  string
	forms   []url.Values
	given   int
	life    int           // of a token, in seconds
	slow    time.Duration // before every answer
	refusal string        // in place of a token, when set
	status  int           // of the refusal
}

func newEntra(t *testing.T) (*entra, *http.Client) {
	t.Helper()
	e := &entra{secret: testSecret, life: 3600, status: http.StatusBadRequest}
	server := httptest.NewTLSServer(e)
	t.Cleanup(server.Close)
	e.url = server.URL
	return e, server.Client()
}

func (e *entra) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	base := e.url + "/" + testTenant
	switch r.URL.Path {
	case "/" + testTenant + "/v2.0/.well-known/openid-configuration":
		json.NewEncoder(w).Encode(object{"issuer": base + "/v2.0", "authorization_endpoint": base + "/authorize", "token_endpoint": base + "/oauth2/v2.0/token"})
	case "/" + testTenant + "/oauth2/v2.0/token":
		e.serveToken(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (e *entra) serveToken(w http.ResponseWriter, r *http.Request) {
	time.Sleep(e.slow)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "no form", http.StatusBadRequest)
		return
	}
	e.forms = append(e.forms, r.PostForm)
	if e.refusal == "" && r.PostForm.Get("client_secret") != e.secret && r.PostForm.Get("client_assertion") == "" {
		e.refusal = `{"error":"invalid_client","error_codes":[7000215],"error_description":"AADSTS7000215: Invalid client secret ` + r.PostForm.Get("client_secret") + `"}`
	}
	if e.refusal != "" {
		w.Header().Set("Location", "https://evil.example/")
		w.WriteHeader(e.status)
		w.Write([]byte(e.refusal))
		return
	}
	e.given++
	json.NewEncoder(w).Encode(object{"token_type": "Bearer", "expires_in": e.life, "access_token": fmt.Sprint("token-", e.given)})
}

// sent gives the forms that came so far.
func (e *entra) sent() []url.Values {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.forms
}

func (e *entra) config(client *http.Client) AppConfig {
	return AppConfig{AppID: testApp, TenantID: testTenant, LoginURL: e.url, Secret: testSecret, HTTP: client, Scope: testScope}
}

func newTokens(t *testing.T, c AppConfig) *AppTokens {
	t.Helper()
	tokens, err := NewAppTokens(c)
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

func TestTokenIsAskedForOnce(t *testing.T) {
	t.Parallel()
	e, client := newEntra(t)
	e.slow = 100 * time.Millisecond
	tokens := newTokens(t, e.config(client))
	var callers sync.WaitGroup
	for range 50 {
		callers.Go(func() {
			if got, err := tokens.Token(t.Context()); err != nil || got != "token-1" {
				t.Errorf("Token gave %q, %v", got, err)
			}
		})
	}
	callers.Wait()
	if got, err := tokens.Token(t.Context()); err != nil || got != "token-1" {
		t.Errorf("Token gave %q, %v later", got, err)
	}
	if n := len(e.sent()); n != 1 {
		t.Errorf("%d token requests, want 1", n)
	}
	want := []string{"client_credentials", testApp, testSecret}
	form := e.sent()[0]
	if diff := cmp.Diff(want, []string{form.Get("grant_type"), form.Get("client_id"), form.Get("client_secret")}); diff != "" {
		t.Errorf("form (-want +got):\n%s", diff)
	}
	if !strings.Contains(form.Get("scope"), testScope) {
		t.Errorf("scope %q", form.Get("scope"))
	}
}

func TestTokenNearItsEndIsReplaced(t *testing.T) {
	t.Parallel()
	e, client := newEntra(t)
	e.life = 200 // seconds; less than the five minutes that a token must still have
	tokens := newTokens(t, e.config(client))
	for _, want := range []string{"token-1", "token-2"} {
		if got, err := tokens.Token(t.Context()); err != nil || got != want {
			t.Errorf("Token gave %q, %v, want %q", got, err, want)
		}
	}
}

func TestRenew(t *testing.T) {
	t.Parallel()
	e, client := newEntra(t)
	tokens := newTokens(t, e.config(client))
	used, err := tokens.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var callers sync.WaitGroup
	for range 20 {
		callers.Go(func() {
			if got, err := tokens.Renew(t.Context(), used); err != nil || got != "token-2" {
				t.Errorf("Renew gave %q, %v, want token-2", got, err)
			}
		})
	}
	callers.Wait()
	if got, err := tokens.Renew(t.Context(), used); err != nil || got != "token-2" {
		t.Errorf("a late Renew gave %q, %v, want what others have renewed", got, err)
	}
	if got, err := tokens.Token(t.Context()); err != nil || got != "token-2" {
		t.Errorf("Token gave %q, %v after the renewal", got, err)
	}
	if got, err := tokens.Renew(t.Context(), "token-2"); err != nil || got != "token-3" {
		t.Errorf("Renew gave %q, %v, want token-3", got, err)
	}
}

func TestTokenIsBoundedByItsCaller(t *testing.T) {
	t.Parallel()
	e, client := newEntra(t)
	e.slow = 300 * time.Millisecond
	tokens := newTokens(t, e.config(client))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := tokens.Token(ctx); !fault.Is(err, fault.Busy) {
		t.Errorf("Token gave %v, want busy", err)
	}
	if got, err := tokens.Token(t.Context()); err != nil || got != "token-1" {
		t.Errorf("Token gave %q, %v: an impatient caller must not cancel it for others", got, err)
	}
}

func TestLoginErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*entra)
		kind   fault.Kind
		want   LoginError
	}{
		{"wrong secret", func(e *entra) { e.secret = "other" }, fault.Internal, LoginError{400, "invalid_client", "", 7000215, ""}},
		{"consent", func(e *entra) {
			e.refusal = `{"error":"invalid_grant","suberror":"consent_required","error_codes":[65001],"error_description":"AADSTS65001: Ana Ferrari has not consented"}`
		}, fault.Internal, LoginError{400, "invalid_grant", "consent_required", 65001, ""}},
		{"busy", func(e *entra) { e.refusal, e.status = `{"error":"temporarily_unavailable"}`, 503 }, fault.Busy, LoginError{503, "temporarily_unavailable", "", 0, ""}},
		{"throttled", func(e *entra) { e.refusal, e.status = `{}`, 429 }, fault.Busy, LoginError{429, "unreadable", "", 0, ""}},
		{"a sentence as code", func(e *entra) { e.refusal = `{"error":"Ana Ferrari","suberror":"<b>"}` }, fault.Internal, LoginError{400, "unreadable", "", 0, ""}},
		{"a page", func(e *entra) { e.refusal, e.status = `<html>`, 502 }, fault.Busy, LoginError{502, "unreadable", "", 0, ""}},
		{"a redirect", func(e *entra) { e.refusal, e.status = `-`, 307 }, fault.Internal, LoginError{307, "unreadable", "", 0, ""}},
	}
	for _, test := range tests {
		e, client := newEntra(t)
		test.change(e)
		_, err := newTokens(t, e.config(client)).Token(t.Context())
		if !fault.Is(err, test.kind) {
			t.Errorf("%s: kind %s, want %s", test.name, fault.KindOf(err), test.kind)
		}
		var got *LoginError
		if !errors.As(err, &got) {
			t.Fatalf("%s: %v holds no LoginError", test.name, err)
		}
		if diff := cmp.Diff(test.want, *got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
		for _, secret := range []string{testSecret, "Ana", e.url, testTenant} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error holds %q: %v", test.name, secret, err)
			}
		}
	}
}

func TestLoginUnreachable(t *testing.T) {
	t.Parallel()
	e, _ := newEntra(t)
	tokens := newTokens(t, e.config(&http.Client{})) // does not trust the certificate
	if _, err := tokens.Token(t.Context()); !fault.Is(err, fault.Busy) || strings.Contains(err.Error(), e.url) {
		t.Errorf("Token gave %v, want busy without an address", err)
	}
}

func TestCertificate(t *testing.T) {
	t.Parallel()
	e, client := newEntra(t)
	c := e.config(client)
	c.Secret, c.CertificateFile = "", writeCertificate(t)
	if got, err := newTokens(t, c).Token(t.Context()); err != nil || got != "token-1" {
		t.Fatalf("Token gave %q, %v", got, err)
	}
	form := e.sent()[0]
	if kind := form.Get("client_assertion_type"); kind != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" || form.Get("client_secret") != "" {
		t.Errorf("assertion type %q, secret %q", kind, form.Get("client_secret"))
	}
}

func writeCertificate(t *testing.T) string {
	t.Helper()
	key := testKeys().first
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bot.example"}, NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	data := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})...)
	file := filepath.Join(t.TempDir(), "app.pem")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// identityService is that of a machine: it gives a token for each resource to who knows its header.
type identityService struct {
	mu    sync.Mutex
	asked []string
}

func (s *identityService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Header.Get("X-IDENTITY-HEADER") != "machine" {
		http.Error(w, "{}", http.StatusUnauthorized)
		return
	}
	s.asked = append(s.asked, r.URL.Query().Get("resource")+" "+r.URL.Query().Get("client_id"))
	json.NewEncoder(w).Encode(object{"token_type": "Bearer", "resource": r.URL.Query().Get("resource"),
		"expires_on": fmt.Sprint(time.Now().Add(time.Hour).Unix()), "access_token": fmt.Sprint("machine-", len(s.asked))})
}

func newIdentityService(t *testing.T) *identityService {
	t.Helper()
	s := &identityService{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	t.Setenv("IDENTITY_ENDPOINT", server.URL+"/msi/token")
	t.Setenv("IDENTITY_HEADER", "machine")
	return s
}

func TestManagedIdentity(t *testing.T) {
	s := newIdentityService(t)
	tokens := newTokens(t, AppConfig{AppID: testApp, ManagedIdentity: true, Scope: testScope})
	for range 2 {
		if got, err := tokens.Token(t.Context()); err != nil || got != "machine-1" {
			t.Errorf("Token gave %q, %v", got, err)
		}
	}
	if got, err := tokens.Renew(t.Context(), "machine-1"); err != nil || got != "machine-2" {
		t.Errorf("Renew gave %q, %v", got, err)
	}
	if got, err := tokens.Token(t.Context()); err != nil || got != "machine-2" {
		t.Errorf("Token gave %q, %v after the renewal", got, err)
	}
	resource := "https://api.botframework.example " + testApp
	if diff := cmp.Diff([]string{resource, resource}, s.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

func TestFederation(t *testing.T) {
	s := newIdentityService(t)
	e, client := newEntra(t)
	c := e.config(client)
	c.Secret, c.Federated, c.Identity = "", true, "5b0f7d1e-0000-4000-8000-0000000000ff"
	if got, err := newTokens(t, c).Token(t.Context()); err != nil || got != "token-1" {
		t.Fatalf("Token gave %q, %v", got, err)
	}
	if got := e.sent()[0].Get("client_assertion"); got != "machine-1" {
		t.Errorf("client_assertion %q", got)
	}
	if diff := cmp.Diff([]string{"api://AzureADTokenExchange " + c.Identity}, s.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

func TestExchangeAudience(t *testing.T) {
	t.Parallel()
	for login, want := range map[string]string{
		"https://login.microsoftonline.com":        "api://AzureADTokenExchange",
		"https://login.microsoftonline.us":         "api://AzureADTokenExchangeUSGov",
		"https://login.partner.microsoftonline.cn": "api://AzureADTokenExchangeChina",
	} {
		if got := exchangeAudience(login); got != want {
			t.Errorf("%s: %s, want %s", login, got, want)
		}
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	noKey := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(noKey, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	good := AppConfig{AppID: testApp, TenantID: testTenant, LoginURL: "https://login.example", Secret: testSecret, Scope: testScope}
	tests := []struct {
		name   string
		change func(*AppConfig)
		want   string
	}{
		{"good", func(c *AppConfig) {}, ""},
		{"no app", func(c *AppConfig) { c.AppID = "" }, "AppID"},
		{"no scope", func(c *AppConfig) { c.Scope = "" }, "Scope"},
		{"no tenant", func(c *AppConfig) { c.TenantID = "" }, "TenantID"},
		{"tenant with a path", func(c *AppConfig) { c.TenantID = "../common" }, "TenantID"},
		{"login by http", func(c *AppConfig) { c.LoginURL = "http://login.example" }, "LoginURL"},
		{"login is no address", func(c *AppConfig) { c.LoginURL = "::" }, "LoginURL"},
		{"login with a password", func(c *AppConfig) { c.LoginURL = "https://a:b@login.example" }, "LoginURL"},
		{"no credential", func(c *AppConfig) { c.Secret = "" }, "Secret"},
		{"two credentials", func(c *AppConfig) { c.Federated = true }, "Secret"},
		{"identity and secret", func(c *AppConfig) { c.ManagedIdentity = true }, "Secret"},
		{"no certificate file", func(c *AppConfig) { c.Secret, c.CertificateFile = "", noKey+".gone" }, "CertificateFile"},
		{"empty certificate file", func(c *AppConfig) { c.Secret, c.CertificateFile = "", noKey }, "CertificateFile"},
	}
	for _, test := range tests {
		c := good
		test.change(&c)
		_, err := NewAppTokens(c)
		var setting *SettingError
		got := ""
		if errors.As(err, &setting) {
			got = setting.Setting
		}
		if got != test.want || (err == nil) != (test.want == "") {
			t.Errorf("%s: %v, want a problem with %q", test.name, err, test.want)
		}
		if err != nil && strings.Contains(err.Error(), testSecret) {
			t.Errorf("%s: the error holds the secret", test.name)
		}
	}
}
