package auth

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"teamspro/internal/identity"
)

// What a forger may try, and what is allowed.
func TestUserTokens(t *testing.T) {
	t.Parallel()
	e, client := newPeopleEntra(t)
	const stranger = "0d7a1f9e-0000-4000-8000-0000000000bb"
	v := NewUserVerifier(UserVerifierConfig{AppID: testApp, Audiences: []string{"api://bot.contoso.example/botid-" + testApp}, LoginURL: e.url + "/",
		Tenants: []string{testTenant, "0d7a1f9e-0000-4000-8000-0000000000cc"}, HTTP: client})
	in := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	sign := func(header, claims object) string {
		return bare(first(), goodHeader(first()).with(header), e.userClaims().with(claims))
	}
	issuer := e.url + "/" + testTenant + "/v2.0"
	good := sign(nil, nil)
	for _, test := range []struct{ name, token, want string }{
		{"good", good, ""},
		{"version 1", sign(nil, object{"iss": "https://sts.windows.net/" + testTenant + "/", "ver": "1.0", "aud": "api://botid-" + testApp}), ""},
		{"aud api://app", sign(nil, object{"aud": "api://" + testApp}), ""},
		{"aud in capitals", sign(nil, object{"aud": strings.ToUpper(testApp)}), ""},
		{"aud as configured", sign(nil, object{"aud": "api://bot.contoso.example/botid-" + testApp}), ""},
		{"more scopes", sign(nil, object{"scp": "openid access_as_user"}), ""},
		{"expired 4 minutes ago", sign(nil, object{"exp": in(-4 * time.Minute)}), ""},

		{"none at all", "", "missing"},
		{"too long", good + strings.Repeat("a", maxHeader), "too_long"},
		{"a word", "token", "malformed"},
		{"four parts", good + ".e30", "malformed"},
		{"alg none", sign(object{"alg": "none"}, nil), "algorithm"},
		{"alg HS256", strings.TrimPrefix(hmacToken(time.Now()), "Bearer "), "algorithm"},
		{"alg RS512", sign(object{"alg": "RS512"}, nil), "algorithm"},
		{"critical extension", sign(object{"crit": []string{"exp"}}, nil), "algorithm"},
		{"brings its own key", sign(object{"jwk": first().published(nil), "kid": "own"}, nil), "unknown_key"},
		{"no kid", sign(object{"kid": nil}, nil), "malformed"},
		{"key of somebody else", bare(second(), goodHeader(first()), e.userClaims()), "signature"},
		{"claims changed afterwards", strings.Join([]string{strings.Split(good, ".")[0], strings.Split(sign(nil, object{"oid": otherOne}), ".")[1], strings.Split(good, ".")[2]}, "."), "signature"},
		{"no signature", good[:strings.LastIndex(good, ".")+1], "malformed"},
		{"expired 6 minutes ago", sign(nil, object{"exp": in(-6 * time.Minute)}), "expired"},
		{"no exp", sign(nil, object{"exp": nil}), "expired"},
		{"not yet", sign(nil, object{"nbf": in(6 * time.Minute)}), "not_yet"},
		{"for Graph", sign(nil, object{"aud": "https://graph.microsoft.com"}), "audience"},
		{"for another app", sign(nil, object{"aud": "5b0f7d1e-0000-4000-8000-00000000000b"}), "audience"},
		{"for two", sign(nil, object{"aud": []string{testApp, "other"}}), "malformed"},
		{"audience that folds to ours", sign(nil, object{"aud": "api://bot.contoso.example/bot\u0131d-" + testApp}), "audience"},
		{"audience begins with ours", sign(nil, object{"aud": "api://botid-" + testApp + ".evil.example"}), "audience"},
		{"issuer of another tenant", sign(nil, object{"iss": e.url + "/" + stranger + "/v2.0"}), "issuer"},
		{"tenant of another issuer", sign(nil, object{"tid": "0d7a1f9e-0000-4000-8000-0000000000cc"}), "issuer"},
		{"issuer of everybody", sign(nil, object{"iss": e.url + "/common/v2.0"}), "issuer"},
		{"issuer with a slash", sign(nil, object{"iss": issuer + "/"}), "issuer"},
		{"the Bot Framework's token", sign(nil, object{"iss": "https://api.botframework.com"}), "issuer"},
		{"no issuer", sign(nil, object{"iss": nil}), "issuer"},
		{"tenant not allowed", sign(nil, object{"tid": stranger, "iss": e.url + "/" + stranger + "/v2.0"}), "tenant"},
		{"no tenant", sign(nil, object{"tid": nil}), "tenant"},
		{"tenant with a path", sign(nil, object{"tid": "../" + testTenant}), "tenant"},
		{"tenant as star", sign(nil, object{"tid": "*"}), "tenant"},
		{"tenant as list", sign(nil, object{"tid": []string{testTenant}}), "malformed"},
		{"no person", sign(nil, object{"oid": nil}), "person"},
		{"a name as person", sign(nil, object{"oid": "ines"}), "person"},
		{"no scope", sign(nil, object{"scp": nil}), "scope"},
		{"other scope", sign(nil, object{"scp": "User.Read"}), "scope"},
		{"scope within a word", sign(nil, object{"scp": "no_access_as_user"}), "scope"},
		{"an app's own token", sign(nil, object{"scp": nil, "roles": []string{"access_as_user"}, "idtyp": "app"}), "scope"},
		{"scope as list", sign(nil, object{"scp": []string{"access_as_user"}}), "malformed"},
	} {
		claims, err := v.Verify(t.Context(), test.token)
		got := ""
		var refusal *Refusal
		if errors.As(err, &refusal) {
			got = refusal.Reason
		}
		if got != test.want {
			t.Errorf("%s: refused with %q, want %q", test.name, got, test.want)
		}
		if (err == nil) != (claims.Person == testPerson && claims.Tenant == testTenant) {
			t.Errorf("%s: claims %+v", test.name, claims)
		}
	}
}

// A service that admits any tenant does not read keys for whoever invents one.
func TestInventedTenants(t *testing.T) {
	t.Parallel()
	e, client := newPeopleEntra(t)
	clock := time.Now()
	v := NewUserVerifier(UserVerifierConfig{AppID: testApp, LoginURL: e.url, Tenants: []string{"*"}, HTTP: client, Now: func() time.Time { return clock }})
	met := 0
	for i := range 3 * strangers {
		if v.ring(inventedTenant(i)) != nil {
			met++
		}
	}
	if met != strangers {
		t.Errorf("keys of %d invented tenants would be read at once", met)
	}
	clock = clock.Add(strangerWait)
	if v.ring(inventedTenant(1000)) == nil {
		t.Error("a new tenant is not met later")
	}
	clock = clock.Add(time.Hour)
	for i := range 2 * maxRings {
		clock = clock.Add(strangerWait)
		v.ring(inventedTenant(2000 + i))
	}
	if len(v.rings) > maxRings {
		t.Errorf("%d rings are kept", len(v.rings))
	}
}

func inventedTenant(i int) identity.Tenant {
	return identity.Tenant(fmt.Sprintf("0d7a1f9e-0000-4000-8000-%012d", i))
}
