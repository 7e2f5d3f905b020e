package auth

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

func TestTeamsVouches(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	ctx := t.Context()
	_, err := h.Token(ctx, ines())
	h.says(t, "nobody signed in", err, fault.SignIn, "signin.needed")
	if err := h.Accept(ctx, ines(), h.entra.teamsToken(nil)); err != nil {
		t.Fatal(err)
	}
	form, n := h.entra.last()
	if form.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" || form.Get("requested_token_use") != "on_behalf_of" ||
		!strings.Contains(form.Get("scope"), "https://graph.contoso.example/User.Read") || form.Get("client_secret") != testSecret {
		t.Errorf("Entra was asked %v", form)
	}
	once := h.token(t, "vouched for")
	if again := h.token(t, "once more"); again != once {
		t.Errorf("another token %q, %q", once, again)
	}
	if _, after := h.entra.last(); after != n {
		t.Error("Entra was asked again for a token that is in memory")
	}
	for name, who := range map[string]identity.Caller{"another person": {Tenant: testTenant, Person: otherOne}, "another tenant": {Tenant: "0d7a1f9e-0000-4000-8000-0000000000bb", Person: testPerson}} {
		_, err := h.Token(ctx, who)
		h.says(t, name, err, fault.SignIn, "signin.needed")
	}
	_, err = h.Token(ctx, identity.Caller{Tenant: testTenant})
	h.says(t, "without an id", err, fault.Denied, "trouble.anonymous")
	h.restart(t)
	_, err = h.Token(ctx, ines())
	h.says(t, "after a restart", err, fault.SignIn, "signin.needed")
	if h.vault.len() != 0 {
		t.Error("what Teams vouched for was kept on disk")
	}
}

// A token that Teams gave for one person never signs in another.
func TestAcceptIsForThePerson(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	for _, row := range []struct {
		name  string
		who   identity.Caller
		token string
		kind  fault.Kind
		text  string
	}{
		{"another person's token", identity.Caller{Tenant: testTenant, Person: otherOne}, h.entra.teamsToken(nil), fault.Denied, "signin.other_person"},
		{"the token of another person", ines(), h.entra.teamsToken(object{"oid": otherOne}), fault.Denied, "signin.other_person"},
		{"from another tenant", identity.Caller{Tenant: "0d7a1f9e-0000-4000-8000-0000000000bb", Person: testPerson}, h.entra.teamsToken(nil), fault.Denied, "signin.other_person"},
		{"an expired one", ines(), h.entra.teamsToken(object{"exp": time.Now().Add(-time.Hour).Unix()}), fault.SignIn, "signin.expired"},
		{"for another app", ines(), h.entra.teamsToken(object{"aud": "other"}), fault.Denied, "signin.refused"},
		{"forged", ines(), bare(second(), goodHeader(first()), h.entra.userClaims()), fault.Denied, "signin.refused"},
		{"nothing", ines(), "", fault.Denied, "signin.refused"},
	} {
		h.says(t, row.name, h.Accept(t.Context(), row.who, row.token), row.kind, row.text)
	}
	if _, n := h.entra.last(); n != 0 {
		t.Errorf("%d of these tokens went to Entra", n)
	}
}

// Each way in which Entra refuses has its own sentence.
func TestEntraRefuses(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	for _, row := range []struct {
		name, refusal string
		status        int
		kind          fault.Kind
		text          string
	}{
		{"consent", `{"error":"invalid_grant","suberror":"consent_required","error_codes":[65001]}`, 400, fault.SignIn, "signin.consent"},
		{"consent without a number", `{"error":"invalid_grant","suberror":"consent_required"}`, 400, fault.SignIn, "signin.consent"},
		{"an administrator", `{"error":"invalid_grant","error_codes":[90094]}`, 400, fault.Denied, "signin.admin"},
		{"second factor", `{"error":"interaction_required","error_codes":[50076],"claims":"{\"access_token\":{\"x\":1}}"}`, 400, fault.SignIn, "signin.interaction"},
		{"conditional access", `{"error":"invalid_grant","error_codes":[53003]}`, 400, fault.SignIn, "signin.interaction"},
		{"expired assertion", `{"error":"invalid_grant","error_codes":[500133]}`, 400, fault.SignIn, "signin.expired"},
		{"password changed", `{"error":"invalid_grant","error_codes":[50173]}`, 400, fault.SignIn, "signin.expired"},
		{"wrong secret", `{"error":"invalid_client","error_codes":[7000215],"error_description":"AADSTS7000215: s3cret-of-the-app"}`, 401, fault.Internal, "signin.secret"},
		{"expired secret", `{"error":"invalid_client","error_codes":[7000222]}`, 401, fault.Internal, "signin.secret_expired"},
		{"app unknown in the tenant", `{"error":"unauthorized_client","error_codes":[700016]}`, 400, fault.Denied, "signin.tenant"},
		{"registration not as it should be", `{"error":"invalid_grant","error_codes":[50013]}`, 400, fault.Internal, "signin.setup"},
		{"any other grant", `{"error":"invalid_grant","error_codes":[50034]}`, 400, fault.SignIn, "signin.needed"},
		{"busy", `{"error":"temporarily_unavailable"}`, 503, fault.Busy, "signin.busy"},
		{"throttled", `{}`, 429, fault.Busy, "signin.busy"},
		{"a page", `<html>ines@contoso.example`, 400, fault.Internal, ""},
	} {
		h.entra.change(func(e *peopleEntra) { e.refusal, e.status = row.refusal, row.status })
		h.says(t, row.name, h.Accept(t.Context(), ines(), h.entra.teamsToken(nil)), row.kind, row.text)
	}
}

func TestSignInOnAPageOutlivesARestart(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	ctx := t.Context()
	code := h.onPage(t)
	form, _ := h.entra.last()
	if form.Get("grant_type") != "authorization_code" || form.Get("code") != "entras-code" || len(form.Get("code_verifier")) < 43 || form.Get("redirect_uri") != testPublic+"/auth/callback" {
		t.Errorf("Entra was asked %v", form)
	}
	if _, err := h.Token(ctx, ines()); !fault.Is(err, fault.SignIn) || h.vault.len() != 0 {
		t.Errorf("the sign-in counts before its person showed the code: %v, %d kept", err, h.vault.len())
	}
	if err := h.Redeem(ctx, ines(), code); err != nil {
		t.Fatal(err)
	}
	once := h.token(t, "signed in")
	h.restart(t)
	if again := h.token(t, "after a restart"); again != once {
		t.Errorf("another token: %q, %q", once, again)
	}
	for who, want := range map[identity.Person]bool{testPerson: true, otherOne: false} {
		if lasts, err := h.Lasts(ctx, identity.Caller{Tenant: testTenant, Person: who}); err != nil || lasts != want {
			t.Errorf("the sign-in of %s lasts: %v, %v", who, lasts, err)
		}
	}
	for _, sealed := range h.vault.sealed {
		h.quiet(t, string(sealed))
	}

	// What is sealed for one person is worth nothing as another's, in another tenant or for another app.
	for _, moved := range []string{testTenant + "|" + otherOne + "|" + testApp, "0d7a1f9e-0000-4000-8000-0000000000bb|" + testPerson + "|" + testApp} {
		h.vault.sealed[moved] = h.vault.sealed[testTenant+"|"+testPerson+"|"+testApp]
	}
	for _, who := range []identity.Caller{{Tenant: testTenant, Person: otherOne}, {Tenant: "0d7a1f9e-0000-4000-8000-0000000000bb", Person: testPerson}} {
		_, err := h.Token(ctx, who)
		h.says(t, "with a sealed value moved", err, fault.SignIn, "signin.needed")
	}
	if err := h.SignOut(ctx, ines()); err != nil {
		t.Fatal(err)
	}
	if h.vault.len() != 2 { // those that the test moved
		t.Errorf("%d sign-ins are kept", h.vault.len())
	}
	_, err := h.Token(ctx, ines())
	h.says(t, "signed out", err, fault.SignIn, "signin.needed")
}

func TestKeysAreChanged(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.signedIn(t)
	h.cfg.Seals = seals(t, keyB+" "+keyA)
	h.restart(t)
	h.token(t, "with a new key before the old")
	h.cfg.Seals = seals(t, keyB)
	h.restart(t)
	h.token(t, "without the old key")
	h.cfg.Seals = seals(t, keyA)
	h.restart(t)
	_, err := h.Token(t.Context(), ines())
	h.says(t, "with the old key only", err, fault.SignIn, "signin.needed")
	if !strings.Contains(h.log.String(), "cannot be opened") {
		t.Error("nothing in the log")
	}
}

func TestRenewalIsKept(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.entra.change(func(e *peopleEntra) { e.life = 1 }) // expired at once, by MSAL's five minutes
	h.signedIn(t)
	first := h.token(t, "renewed")
	form, _ := h.entra.last()
	if form.Get("grant_type") != "refresh_token" {
		t.Fatalf("Entra was asked %v", form)
	}
	used := form.Get("refresh_token")
	h.restart(t)
	if second := h.token(t, "renewed after a restart"); second == first {
		t.Error("the same token")
	}
	if form, _ := h.entra.last(); form.Get("refresh_token") == used {
		t.Error("what Entra renewed was not kept")
	}
	h.entra.change(func(e *peopleEntra) { clear(e.renewed) })
	_, err := h.Token(t.Context(), ines())
	h.says(t, "Entra takes it no more", err, fault.SignIn, "signin.expired")
	if h.vault.len() != 0 {
		t.Error("a dead sign-in is kept")
	}
}

// While MSAL renews a token, the person signs out: what it brings is not written any more.
func TestSignOutWinsOverRenewal(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.signedIn(t)
	v, err := h.visitor(t.Context(), whose{testTenant, testPerson})
	if err != nil || v == nil {
		t.Fatal(v, err)
	}
	if err := h.SignOut(t.Context(), ines()); err != nil {
		t.Fatal(err)
	}
	if err := v.box.Export(t.Context(), marshaled("{}"), exportHints); err != nil || h.vault.len() != 0 {
		t.Errorf("%d sign-ins are kept after the sign-out, %v", h.vault.len(), err)
	}
}

func TestGraphRefuses(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	ctx := t.Context()
	const claims = `{"access_token":{"nbf":{"essential":true}}}`
	for _, row := range []struct{ name, claims, text, want string }{
		{"without a challenge", "", "signin.ended", ""},
		{"with one", claims, "signin.interaction", claims},
		{"in base64", base64.StdEncoding.EncodeToString([]byte(claims)), "signin.interaction", claims},
		{"with nonsense", "x&prompt=none", "signin.ended", ""},
		{"with too much", `{"a":"` + strings.Repeat("x", maxChallenge) + `"}`, "signin.ended", ""},
	} {
		h.restart(t)
		h.signedIn(t)
		if err := h.Accept(ctx, ines(), h.entra.teamsToken(nil)); err != nil {
			t.Fatal(err)
		}
		h.says(t, row.name, h.Refused(ctx, ines(), row.claims), fault.SignIn, row.text)
		_, err := h.Token(ctx, ines())
		h.says(t, row.name+", afterwards", err, fault.SignIn, "signin.needed")
		asked, _ := h.toEntra(t)
		if got := asked.Get("claims"); got != row.want {
			t.Errorf("%s: the page asks for claims %q", row.name, got)
		}
		if err := h.Accept(ctx, ines(), h.entra.teamsToken(nil)); err != nil {
			t.Fatal(err)
		}
		if form, _ := h.entra.last(); form.Get("claims") != row.want {
			t.Errorf("%s: claims %q went with what Teams handed over", row.name, form.Get("claims"))
		}
		if asked, _ := h.toEntra(t); asked.Get("claims") != "" {
			t.Errorf("%s: the challenge outlives what fulfilled it", row.name)
		}
	}
}

// The address at Entra carries what MSAL leaves out, and nothing twice.
func TestAuthorizeAddress(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	one, browser := h.toEntra(t)
	two, other := h.toEntra(t)
	for _, q := range []url.Values{one, two} {
		if q.Get("response_type") != "code" || q.Get("response_mode") != "query" || q.Get("code_challenge_method") != "S256" || q.Get("client_id") != testApp ||
			len(q.Get("code_challenge")) != 43 || !strings.Contains(q.Get("scope"), "offline_access") || !strings.Contains(q.Get("scope"), "openid") {
			t.Errorf("asked %v", q)
		}
	}
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		if one.Get(name) == two.Get(name) || len(one.Get(name)) < 26 {
			t.Errorf("%s %q and %q", name, one.Get(name), two.Get(name))
		}
	}
	if browser == other {
		t.Error("two browsers show the same")
	}
}

func TestTicket(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	at, _ := url.Parse(h.Start(ines(), "en"))
	good := at.Query().Get("t")
	if h.Start(identity.Caller{Tenant: testTenant}, "en") != "" || at.Query().Get("width") == "" || strings.Contains(good, testPerson) {
		t.Errorf("address %v", at)
	}
	for _, bad := range []string{"", "x", "!", good[:len(good)-2] + "AA", strings.Repeat("A", maxTicket+1)} {
		_, err := h.Begin(t.Context(), bad)
		h.says(t, "ticket "+bad[:min(len(bad), 10)], err, fault.NotFound, "signin.link")
	}
	h.clock = h.clock.Add(ticketLife)
	_, err := h.Begin(t.Context(), good)
	h.says(t, "an old one", err, fault.Stale, "signin.link_old")
	h.cfg.PublicURL = ""
	h.restart(t)
	if h.Start(ines(), "en") != "" || h.Approval(testTenant) != "" {
		t.Error("there are addresses without pages")
	}
}

// What may come back from Entra, and is not the sign-in that went there.
func TestComingBack(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		change func(*hall, *Return)
		kind   fault.Kind
		text   string
	}{
		{"as it should", func(*hall, *Return) {}, "", ""},
		{"an invented state", func(_ *hall, r *Return) { r.State = "invented" }, fault.NotFound, "signin.state"},
		{"no state", func(_ *hall, r *Return) { r.State = "" }, fault.NotFound, "signin.state"},
		{"too late", func(h *hall, _ *Return) { h.clock = h.clock.Add(flowLife) }, fault.NotFound, "signin.state"},
		{"another browser", func(_ *hall, r *Return) { r.Browser = "other" }, fault.Denied, "signin.browser"},
		{"no cookie", func(_ *hall, r *Return) { r.Browser = "" }, fault.Denied, "signin.browser"},
		{"somebody else", func(h *hall, _ *Return) { h.entra.person = otherOne }, fault.Denied, "signin.other_person"},
		{"another tenant", func(h *hall, _ *Return) {
			h.entra.idToken = object{"tid": "0d7a1f9e-0000-4000-8000-0000000000bb"}
		}, fault.Denied, "signin.other_person"},
		{"another flow's nonce", func(h *hall, _ *Return) { h.entra.nonce = "other" }, fault.Denied, "signin.state"},
		{"no nonce", func(h *hall, _ *Return) { h.entra.idToken = object{"nonce": nil} }, fault.Denied, "signin.state"},
		{"for another app", func(h *hall, _ *Return) { h.entra.idToken = object{"aud": "other"} }, fault.Denied, "signin.state"},
		{"declined", func(_ *hall, r *Return) {
			r.Code, r.Problem, r.Description = "", "access_denied", "AADSTS65004: User declined"
		}, fault.Denied, "signin.declined"},
		{"an administrator is needed", func(_ *hall, r *Return) {
			r.Code, r.Problem, r.Description = "", "access_denied", "AADSTS90094: ines@"
		}, fault.Denied, "signin.admin"},
		{"a problem with script", func(_ *hall, r *Return) { r.Code, r.Problem = "", "<script>" }, fault.Denied, "signin.declined"},
		{"neither", func(_ *hall, r *Return) { r.Code = "" }, fault.Denied, "signin.declined"},
		{"Entra does not take the code", func(h *hall, _ *Return) {
			h.entra.refusal = `{"error":"invalid_grant","error_codes":[70008]}`
		}, fault.SignIn, "signin.expired"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			h := newHall(t)
			asked, browser := h.toEntra(t)
			r := Return{State: asked.Get("state"), Browser: browser, Code: "entras-code"}
			h.entra.change(func(*peopleEntra) { row.change(h, &r) })
			landed, err := h.Finish(t.Context(), r)
			h.says(t, row.name, err, row.kind, row.text)
			if (err == nil) != (len(landed.Code) == 6) {
				t.Errorf("code %q", landed.Code)
			}
			_, err = h.Finish(t.Context(), r)
			h.says(t, "the same again", err, fault.NotFound, "signin.state")
		})
	}
}

func TestCodes(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	wrong := func(code string) string {
		if code == "000000" {
			return "000001"
		}
		return "000000"
	}
	for _, row := range []struct {
		name string
		try  func(h *hall, code string) error
		ok   bool
	}{
		{"its person", func(h *hall, code string) error { return h.Redeem(ctx, ines(), code) }, true},
		{"after four mistakes", func(h *hall, code string) error {
			for range codeTries - 1 {
				_ = h.Redeem(ctx, ines(), wrong(code))
			}
			return h.Redeem(ctx, ines(), code)
		}, true},
		{"after five", func(h *hall, code string) error {
			for range codeTries {
				_ = h.Redeem(ctx, ines(), wrong(code))
			}
			return h.Redeem(ctx, ines(), code)
		}, false},
		{"twice", func(h *hall, code string) error {
			_ = h.Redeem(ctx, ines(), code)
			return h.Redeem(ctx, ines(), code)
		}, false},
		{"another person", func(h *hall, code string) error {
			return h.Redeem(ctx, identity.Caller{Tenant: testTenant, Person: otherOne}, code)
		}, false},
		{"the same person id in another tenant", func(h *hall, code string) error {
			return h.Redeem(ctx, identity.Caller{Tenant: "0d7a1f9e-0000-4000-8000-0000000000bb", Person: testPerson}, code)
		}, false},
		{"too late", func(h *hall, code string) error {
			h.clock = h.clock.Add(codeLife)
			return h.Redeem(ctx, ines(), code)
		}, false},
		{"after signing out", func(h *hall, code string) error {
			_ = h.SignOut(ctx, ines())
			return h.Redeem(ctx, ines(), code)
		}, false},
		{"none", func(h *hall, _ string) error { return h.Redeem(ctx, ines(), "") }, false},
		{"the word for none", func(h *hall, _ string) error {
			return h.Redeem(ctx, identity.Caller{Tenant: testTenant, Person: otherOne}, "none..")
		}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			h := newHall(t)
			err := row.try(h, h.onPage(t))
			if row.ok && err != nil {
				t.Error(err)
			}
			if !row.ok {
				h.says(t, row.name, err, fault.Invalid, "signin.code")
			}
		})
	}
}

// A page in Teams proves who is there by the token alone.
func TestAcceptPage(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	who, err := h.AcceptPage(t.Context(), h.entra.teamsToken(nil))
	if err != nil || who.Person != testPerson || who.Tenant != testTenant {
		t.Fatal(who, err)
	}
	h.token(t, "by a page")
	_, err = h.AcceptPage(t.Context(), h.entra.teamsToken(object{"aud": "other"}))
	h.says(t, "for another app", err, fault.Denied, "signin.refused")
	h.entra.change(func(e *peopleEntra) { e.refusal = `{"error":"invalid_grant","suberror":"consent_required"}` })
	who, err = h.AcceptPage(t.Context(), h.entra.teamsToken(object{"oid": otherOne}))
	h.says(t, "without consent", err, fault.SignIn, "signin.consent")
	if who.Person != otherOne {
		t.Errorf("who has to consent is %q", who.Person)
	}
}

// The memory of a tenant's clients is bounded: whoever came before the last two waves is vouched for again.
func TestWaves(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	if err := h.Accept(t.Context(), ines(), h.entra.teamsToken(nil)); err != nil {
		t.Fatal(err)
	}
	for wave := range 2 {
		for range waveSize {
			if _, err := h.wave(testTenant); err != nil {
				t.Fatal(err)
			}
		}
		_, err := h.Token(t.Context(), ines())
		if known := err == nil; known != (wave == 0) {
			t.Errorf("after %d waves: %v", wave+1, err)
		}
	}
	for i := range 2 * maxCrowds {
		if _, err := h.wave(inventedTenant(i)); err != nil {
			t.Fatal(err)
		}
	}
	if len(h.crowds) > maxCrowds {
		t.Errorf("%d tenants are remembered", len(h.crowds))
	}
}

func TestFlowsAreBounded(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	for i := range 2 * flowsEach {
		if err := h.await(fmt.Sprint("own", i), &flow{whose: whose{testTenant, testPerson}, until: h.clock.Add(time.Duration(i+1) * time.Second)}); err != nil {
			t.Fatal(err)
		}
	}
	if len(h.flows) != flowsEach || h.flows["own9"] == nil || h.flows["own0"] != nil {
		t.Errorf("%d sign-ins of one person", len(h.flows))
	}
	for i := range 2 * maxFlows {
		err := h.await(fmt.Sprint("other", i), &flow{whose: whose{testTenant, identity.Person(fmt.Sprint(i))}, until: h.clock.Add(time.Hour)})
		if i >= maxFlows {
			h.says(t, "one too many", err, fault.Busy, "signin.busy")
		}
		if i > maxFlows+2 {
			break
		}
	}
	h.clock = h.clock.Add(time.Hour)
	if err := h.await("later", &flow{until: h.clock.Add(time.Second)}); err != nil || len(h.flows) != 1 {
		t.Errorf("%d sign-ins are remembered for ever, %v", len(h.flows), err)
	}
}

func TestUsersConfig(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	for name, change := range map[string]func(*UsersConfig){
		"no secret":        func(c *UsersConfig) { c.App.Secret = "" },
		"managed identity": func(c *UsersConfig) { c.App.Secret, c.App.ManagedIdentity = "", true },
		"no scopes":        func(c *UsersConfig) { c.Scopes = nil },
		"no keys":          func(c *UsersConfig) { c.Seals = nil },
		"no vault":         func(c *UsersConfig) { c.Vault = nil },
		"http":             func(c *UsersConfig) { c.App.LoginURL = "http://login.contoso.example" },
	} {
		c := h.cfg
		change(&c)
		if _, err := NewUsers(c); err == nil {
			t.Errorf("%s: no problem", name)
		}
	}
	approval, err := url.Parse(h.Approval(testTenant))
	if err != nil || approval.Query().Get("scope") != "https://graph.contoso.example/.default" || !strings.HasSuffix(approval.Path, "/"+testTenant+"/v2.0/adminconsent") {
		t.Errorf("approval %v, %v", approval, err)
	}
	if h.Resource() != "api://botid-"+testApp {
		t.Error(h.Resource())
	}
}
