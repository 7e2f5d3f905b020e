package sandbox

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
)

const (
	graphScope = "https://graph.microsoft.com/"
	callback   = "http://127.0.0.1:3978/auth/callback"
)

func TestLoginIsTrustedThroughItsAuthorityOnly(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	address := r.loginB + "/" + r.cfg.Tenant + "/v2.0/.well-known/openid-configuration"
	if _, err := http.Get(address); err == nil {
		t.Error("a stranger's certificate was trusted")
	}
	for _, host := range []string{r.loginB, strings.Replace(r.loginB, "127.0.0.1", "localhost", 1)} {
		res, err := r.trusting().Get(strings.Replace(address, r.loginB, host, 1))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var doc obj
		if err := json.NewDecoder(res.Body).Decode(&doc); err != nil {
			t.Fatal(err)
		}
		want := r.loginB + "/" + r.cfg.Tenant
		if doc["issuer"] != want+"/v2.0" || doc["token_endpoint"] != want+"/oauth2/v2.0/token" || doc["jwks_uri"] != want+"/discovery/v2.0/keys" {
			t.Errorf("discovery: %v", doc)
		}
	}
}

func TestLoginRefusesInEntrasWay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	form := func(pairs ...string) url.Values {
		v := url.Values{"client_id": {contactID}, "client_secret": {"contact-secret"}, "grant_type": {"client_credentials"}, "scope": {graphScope + ".default"}}
		for i := 0; i < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return v
	}
	const onBehalf = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	for _, c := range []struct {
		name   string
		tenant string
		form   url.Values
		status int
		code   int
		kind   string
	}{
		{"unknown tenant", "fabrikam", form(), 400, 90002, "invalid_request"},
		{"unknown app", "common", form("client_id", "x"), 400, 700016, "unauthorized_client"},
		{"wrong secret", "common", form("client_secret", "x"), 401, 7000215, "invalid_client"},
		{"another app's secret", "common", form("client_secret", "image-secret"), 401, 7000215, "invalid_client"},
		{"no secret", "common", form("client_secret", ""), 401, 7000218, "invalid_client"},
		{"assertion of nobody", "common", form("client_assertion", "a.b.c"), 401, 700027, "invalid_client"},
		{"unknown grant", "common", form("grant_type", "password"), 400, 70003, "unsupported_grant_type"},
		{"no scope", "common", form("scope", ""), 400, 900144, "invalid_request"},
		{"single permission for an app", "common", form("scope", graphScope+"User.Read"), 400, 1002012, "invalid_scope"},
		{"two resources", "common", form("scope", graphScope+".default "+botAudience+"/.default"), 400, 70011, "invalid_scope"},
		{"unknown resource", "common", form("scope", "https://evil.example/.default"), 400, 70011, "invalid_scope"},
		{"used or invented code", "common", form("grant_type", "authorization_code", "code", "0.c1"), 400, 70008, "invalid_grant"},
		{"invented refresh token", "common", form("grant_type", "refresh_token", "refresh_token", "0.1"), 400, 9002313, "invalid_grant"},
		{"assertion that is no token", "common", form("grant_type", onBehalf, "assertion", "x", "scope", graphScope+"User.Read"), 400, 50013, "invalid_grant"},
		{"assertion for another app", "common", form("grant_type", onBehalf, "assertion", r.tokenFor("image", "ana"), "scope", graphScope+"User.Read"), 400, 50013, "invalid_grant"},
		{"an app's token as assertion", "common", form("grant_type", onBehalf, "assertion", r.appToken("api://botid-"+contactID), "scope", graphScope+"User.Read"), 400, 50013, "invalid_grant"},
		{"without consent", "common", form("grant_type", onBehalf, "assertion", r.tokenFor("contact", "ana"), "scope", graphScope+"User.Read"), 400, 65001, "invalid_grant"},
		{"everything consented, which is nothing", "common", form("grant_type", onBehalf, "assertion", r.tokenFor("contact", "ana"), "scope", graphScope+".default"), 400, 65001, "invalid_grant"},
	} {
		status, body := r.tokenCall(c.tenant, c.form)
		text, _ := body["error_description"].(string)
		if status != c.status || body["error"] != c.kind || fmt.Sprint(body["error_codes"]) != fmt.Sprintf("[%v]", float64(c.code)) ||
			!strings.HasPrefix(text, fmt.Sprintf("AADSTS%d: ", c.code)) {
			t.Errorf("%s: %d %v", c.name, status, body)
		}
		if consent := body["suberror"] == "consent_required"; consent != (c.code == 65001) {
			t.Errorf("%s: suberror %v", c.name, body["suberror"])
		}
	}
}

// tokenFor is a single sign-on token as Teams gives it to an app.
func (r *rig) tokenFor(app, who string) string {
	r.t.Helper()
	token, err := r.login.personToken(r.app(app), r.world.person(who))
	if err != nil {
		r.t.Fatal(err)
	}
	return token
}

func TestAppTokens(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, c := range []struct{ scope, audience, roles string }{
		{graphScope, graphAudience, "[User.Read.All]"},
		{r.base + "/", graphAudience, "[User.Read.All]"},
		{botAudience + "/", botAudience, "<nil>"},
		{"api://botid-" + contactID + "/", contactID, "<nil>"},
		{"api://bot.contoso.example/botid-" + contactID + "/", contactID, "<nil>"},
	} {
		token := r.appToken(strings.TrimSuffix(c.scope, "/"))
		claims, err := r.entra.verify(token, c.audience)
		if err != nil || fmt.Sprint(claims["roles"]) != c.roles || claims["idtyp"] != "app" || claims["tid"] != r.cfg.Tenant {
			t.Errorf("%s: %v %v", c.scope, err, claims)
		}
	}
}

// consent lets a person decide on the page and gives the address they are sent to.
func (r *rig) consent(query url.Values, decision, who string) url.Values {
	r.t.Helper()
	page := r.base + "/login/" + r.cfg.Tenant + "/oauth2/v2.0/authorize?" + query.Encode()
	res, err := http.Get(page)
	if err != nil {
		r.t.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if res.StatusCode != 200 || !strings.Contains(string(body), "Ana Duarte") || res.Header.Get("X-Frame-Options") != "DENY" {
		r.t.Fatalf("consent page: %d %s", res.StatusCode, body)
	}
	res, err = r.trusting().PostForm(page, url.Values{"decision": {decision}, "person": {who}})
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	to, err := res.Location()
	if err != nil || !strings.HasPrefix(to.String(), callback+"?") {
		r.t.Fatalf("after the decision: %d %v %v", res.StatusCode, to, err)
	}
	return to.Query()
}

func authorization(verifier string) url.Values {
	sum := sha256.Sum256([]byte(verifier))
	return url.Values{"client_id": {contactID}, "response_type": {"code"}, "redirect_uri": {callback}, "state": {"s1"}, "nonce": {"n1"},
		"scope": {graphScope + "User.Read openid profile offline_access"}, "code_challenge_method": {"S256"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}}
}

func redemption(code, verifier string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "client_id": {contactID}, "client_secret": {"contact-secret"}, "code": {code},
		"redirect_uri": {callback}, "code_verifier": {verifier}}
}

func TestSigningIn(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	r := newRig(t, func(c *Config) { c.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) } })
	verifier := strings.Repeat("v", 43)
	back := r.consent(authorization(verifier), "allow", "ben")
	if back.Get("state") != "s1" || back.Get("code") == "" {
		t.Fatalf("callback: %v", back)
	}
	status, body := r.tokenCall(r.cfg.Tenant, redemption(back.Get("code"), verifier))
	if status != 200 || body["scope"] != graphScope+"User.Read openid profile" || body["token_type"] != "Bearer" {
		t.Fatalf("redeemed: %d %v", status, body)
	}
	ben := r.world.person("ben")
	access, err := r.entra.verify(body["access_token"].(string), graphAudience)
	if err != nil || access["oid"] != ben.ObjectID || access["scp"] != "User.Read openid profile" || access["appid"] != contactID {
		t.Errorf("access token: %v %v", err, access)
	}
	identity, err := r.entra.verify(body["id_token"].(string), contactID)
	if err != nil || identity["nonce"] != "n1" || identity["tid"] != r.cfg.Tenant || identity["iss"] != r.login.issuer() {
		t.Errorf("id token: %v %v", err, identity)
	}
	info, _ := base64.RawURLEncoding.DecodeString(body["client_info"].(string))
	if want := `{"uid":"` + ben.ObjectID + `","utid":"` + r.cfg.Tenant + `"}`; string(info) != want {
		t.Errorf("client_info: %s", info)
	}
	if _, again := r.tokenCall(r.cfg.Tenant, redemption(back.Get("code"), verifier)); fmt.Sprint(again["error_codes"]) != "[70008]" {
		t.Errorf("the code worked twice: %v", again)
	}
	renewal := url.Values{"grant_type": {"refresh_token"}, "client_id": {contactID}, "client_secret": {"contact-secret"}, "refresh_token": {body["refresh_token"].(string)}}
	if status, body := r.tokenCall(r.cfg.Tenant, renewal); status != 200 || body["refresh_token"] == "" {
		t.Errorf("renewed: %d %v", status, body)
	}
	ahead.Store(int64(refreshLife + time.Hour))
	if _, old := r.tokenCall(r.cfg.Tenant, renewal); fmt.Sprint(old["error_codes"]) != "[700082]" {
		t.Errorf("an old refresh token worked: %v", old)
	}
}

func TestCodesAreBoundToWhoAsked(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, c := range []struct {
		name   string
		change func(url.Values)
		code   string
	}{
		{"another verifier", func(v url.Values) { v.Set("code_verifier", "x") }, "[50148]"},
		{"no verifier", func(v url.Values) { v.Del("code_verifier") }, "[50148]"},
		{"another address", func(v url.Values) { v.Set("redirect_uri", callback+"2") }, "[500112]"},
		{"another app", func(v url.Values) { v.Set("client_id", imageID); v.Set("client_secret", "image-secret") }, "[70008]"},
	} {
		form := redemption(r.consent(authorization("v"), "allow", "ana").Get("code"), "v")
		c.change(form)
		if status, body := r.tokenCall(r.cfg.Tenant, form); status != 400 || fmt.Sprint(body["error_codes"]) != c.code {
			t.Errorf("%s: %d %v", c.name, status, body)
		}
	}
}

func TestConsentPageRefuses(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if back := r.consent(authorization("v"), "refuse", "ana"); back.Get("error") != "access_denied" || back.Get("state") != "s1" {
		t.Errorf("refused: %v", back)
	}
	for _, c := range []struct{ name, field, value, want string }{
		{"an address elsewhere", "redirect_uri", "https://evil.example/", "AADSTS50011"},
		{"no address", "redirect_uri", "", "AADSTS50011"},
		{"a script", "redirect_uri", "javascript:alert(1)", "AADSTS50011"},
		{"an unknown app", "client_id", "x", "AADSTS700016"},
		{"an implicit token", "response_type", "token", "AADSTS700054"},
		{"an unknown scope", "scope", "https://evil.example/x", "AADSTS70011"},
	} {
		q := authorization("v")
		q.Set(c.field, c.value)
		status, body := r.do("GET", r.base+"/login/"+r.cfg.Tenant+"/oauth2/v2.0/authorize?"+q.Encode(), "", nil)
		if status != 400 || !strings.Contains(body, c.want) {
			t.Errorf("%s: %d %s", c.name, status, body)
		}
	}
}

func TestOnBehalfOf(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	r := newRig(t, func(c *Config) { c.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) } })
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "client_id": {contactID}, "client_secret": {"contact-secret"},
		"requested_token_use": {"on_behalf_of"}, "assertion": {r.tokenFor("contact", "ana")}, "scope": {graphScope + "User.Read openid offline_access"}}
	r.consent(authorization("v"), "allow", "ana")
	status, body := r.tokenCall(r.cfg.Tenant, form)
	if status != 200 || body["scope"] != graphScope+"User.Read openid" || body["refresh_token"] == nil {
		t.Fatalf("on behalf: %d %v", status, body)
	}
	form.Set("scope", "User.Read")
	if status, body := r.tokenCall(r.cfg.Tenant, form); status != 200 || body["scope"] != "User.Read" {
		t.Errorf("in short: %d %v", status, body)
	}
	form.Set("scope", graphScope+".default")
	if status, body := r.tokenCall(r.cfg.Tenant, form); status != 200 || body["scope"] != graphScope+".default "+graphScope+"User.Read" {
		t.Errorf("what was consented: %d %v", status, body)
	}
	form.Set("scope", graphScope+"Sites.ReadWrite.All")
	if _, body := r.tokenCall(r.cfg.Tenant, form); fmt.Sprint(body["error_codes"]) != "[65001]" {
		t.Errorf("more than was consented: %v", body)
	}
	ahead.Store(int64(2 * time.Hour))
	if _, body := r.tokenCall(r.cfg.Tenant, form); fmt.Sprint(body["error_codes"]) != "[500133]" {
		t.Errorf("an old assertion: %v", body)
	}
}

func TestAdministratorConsentsForAll(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	page := r.base + "/login/" + r.cfg.Tenant + "/v2.0/adminconsent?" + url.Values{"client_id": {contactID}, "redirect_uri": {callback},
		"scope": {graphScope + ".default"}, "state": {"s"}}.Encode()
	if status, body := r.do("GET", page, "", nil); status != 200 || !strings.Contains(body, "whole organisation") {
		t.Fatalf("%d %s", status, body)
	}
	res, err := r.trusting().PostForm(page, url.Values{"decision": {"allow"}})
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	to, err := res.Location()
	if err != nil || to.Query().Get("admin_consent") != "True" || to.Query().Get("state") != "s" {
		t.Fatalf("after the decision: %v %v", to, err)
	}
	for _, who := range []string{"ana", "ben", "chloe"} {
		status, body := r.tokenCall(r.cfg.Tenant, url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "client_id": {contactID},
			"client_secret": {"contact-secret"}, "assertion": {r.tokenFor("contact", who)}, "scope": {graphScope + "User.Read"}})
		if status != 200 {
			t.Errorf("%s: %d %v", who, status, body)
		}
	}
}

func TestClientAssertions(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := selfSigned(key, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, func(c *Config) {
		c.Apps[0].Certificates = []string{string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}
	})
	print := sha256.Sum256(der)
	audience := r.loginB + "/" + r.cfg.Tenant + "/oauth2/v2.0/token"
	for _, c := range []struct {
		name, client, issuer, audience string
		signed                         jwt.SigningMethod
		encoding                       *base64.Encoding
		until                          time.Duration
		status                         int
	}{
		{"PS256, as MSAL signs", contactID, contactID, audience, jwt.SigningMethodPS256, base64.StdEncoding, time.Minute, 200},
		{"RS256", contactID, contactID, audience, jwt.SigningMethodRS256, base64.RawURLEncoding, time.Minute, 200},
		{"expired", contactID, contactID, audience, jwt.SigningMethodRS256, base64.RawURLEncoding, -time.Minute, 401},
		{"about another app", contactID, imageID, audience, jwt.SigningMethodRS256, base64.RawURLEncoding, time.Minute, 401},
		{"of an app without a certificate", imageID, imageID, audience, jwt.SigningMethodRS256, base64.RawURLEncoding, time.Minute, 401},
		{"for another authority", contactID, contactID, "https://login.example/token", jwt.SigningMethodRS256, base64.RawURLEncoding, time.Minute, 401},
	} {
		token := jwt.NewWithClaims(c.signed, jwt.MapClaims{"iss": c.issuer, "sub": c.issuer, "aud": c.audience, "exp": time.Now().Add(c.until).Unix()})
		token.Header["x5t#S256"] = c.encoding.EncodeToString(print[:])
		assertion, err := token.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		status, body := r.tokenCall(r.cfg.Tenant, url.Values{"grant_type": {"client_credentials"}, "client_id": {c.client}, "scope": {botAudience + "/.default"},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {assertion}})
		if status != c.status {
			t.Errorf("%s: %d %v", c.name, status, body)
		}
	}
}

func TestGrantsHaveABound(t *testing.T) {
	t.Parallel()
	l := &login{}
	l.reset()
	start := time.Now()
	for i := range maxGrants + 10 {
		l.keep(l.codes, fmt.Sprint(i), grant{expires: start.Add(time.Duration(i))})
	}
	if _, first := l.codes["9"]; len(l.codes) != maxGrants || first {
		t.Errorf("%d codes are kept, the oldest %v", len(l.codes), first)
	}
}

func TestSecretsStayOutOfTheLog(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.appToken(botAudience)
	log := r.world.activity()
	i := slices.IndexFunc(log, func(e entry) bool { return e.Name == "client_credentials" })
	if i < 0 {
		t.Fatal("the token request is not in the log")
	}
	raw, err := json.Marshal(log)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"contact-secret", "image-secret"} {
		if strings.Contains(string(raw), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	if diff := cmp.Diff(json.RawMessage(nil), log[i].Request); diff != "" {
		t.Error(diff)
	}
}

func TestLeafIsForThisMachine(t *testing.T) {
	t.Parallel()
	a, err := newAuthority(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(a.leaf.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	for host, ok := range map[string]bool{"127.0.0.1": true, "localhost": true, "::1": true, "login.microsoftonline.com": false} {
		if got := leaf.VerifyHostname(host) == nil; got != ok {
			t.Errorf("%s: %v", host, got)
		}
	}
}
