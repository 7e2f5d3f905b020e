package auth

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"teamspro/internal/identity"
)

// UserVerifierConfig says whose single sign-on tokens are accepted.
type UserVerifierConfig struct {
	// AppID is the app that the tokens are for.
	AppID string
	// Audiences are further application id URIs of it, beside the id itself, api://ID and api://botid-ID.
	Audiences []string
	// LoginURL is the address of Entra: "https://login.microsoftonline.com".
	LoginURL string
	// Tenants are the organisations whose people may sign in, by id; "*" admits any.
	Tenants []string
	// HTTP reads the keys; nil means the default client. Redirects are not followed.
	HTTP *http.Client
	// Now and Log may be nil.
	Now func() time.Time
	Log *slog.Logger
}

// UserVerifier checks the tokens with which Teams vouches for a person (single sign-on): signed by Entra for the person's
// tenant, for our app, with the permission access_as_user. It is safe for concurrent use.
type UserVerifier struct {
	UserVerifierConfig
	audiences []string

	mu      sync.Mutex
	rings   map[identity.Tenant]*ring
	strange bucket // for tenants that are met for the first time
}

// UserClaims is whom a token speaks for.
type UserClaims struct {
	Tenant  identity.Tenant
	Person  identity.Person
	Expires time.Time
}

// userScope is the permission that Teams' own clients are given for our app (reference of single sign-on).
const userScope = "access_as_user"

// Bounds of tenants whose keys are kept. Only a service that admits any tenant meets many.
const (
	maxRings     = 256
	strangers    = 20
	strangerWait = 3 * time.Second
)

// NewUserVerifier makes a UserVerifier. It reads the keys of a tenant when its first token comes.
func NewUserVerifier(c UserVerifierConfig) *UserVerifier {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.LoginURL = strings.TrimSuffix(c.LoginURL, "/")
	v := &UserVerifier{UserVerifierConfig: c, rings: map[identity.Tenant]*ring{}, strange: bucket{size: strangers, every: strangerWait}}
	id := foldGUID(c.AppID)
	for _, audience := range append([]string{id, "api://" + id, "api://botid-" + id}, c.Audiences...) {
		if audience != "" {
			v.audiences = append(v.audiences, strings.ToLower(audience))
		}
	}
	return v
}

// Verify checks a token. The error is a *Refusal, with the reasons of the package comment and these: tenant (one that may not
// sign in, or none), person (no object id), scope (not access_as_user).
func (v *UserVerifier) Verify(ctx context.Context, raw string) (UserClaims, error) {
	t, claims, refusal := v.glance(raw)
	if refusal == nil {
		refusal = v.prove(ctx, t, claims.Tenant)
	}
	if refusal != nil {
		return UserClaims{}, refusal
	}
	return claims, nil
}

// glance checks all that can be checked without a key.
func (v *UserVerifier) glance(raw string) (token, UserClaims, *Refusal) {
	if raw == "" {
		return token{}, UserClaims{}, unauthorized("missing")
	}
	if len(raw) > maxHeader {
		return token{}, UserClaims{}, unauthorized("too_long")
	}
	t, all, refusal := takeApart(raw)
	if refusal != nil {
		return token{}, UserClaims{}, refusal
	}
	claims, refusal := v.whose(t, all)
	if refusal != nil {
		return token{}, UserClaims{}, refusal
	}
	if !slices.Contains(v.audiences, strings.ToLower(t.audience)) || !isASCII(t.audience) {
		return token{}, UserClaims{}, unauthorized("audience")
	}
	return t, claims, t.current(v.Now())
}

// whose reads whom the token speaks for, and whether its issuer may say so: an issuer speaks for its own tenant only.
func (v *UserVerifier) whose(t token, all members) (UserClaims, *Refusal) {
	tid, err1 := all.text("tid")
	oid, err2 := all.text("oid")
	scp, err3 := all.text("scp")
	if err1 != nil || err2 != nil || err3 != nil {
		return UserClaims{}, unauthorized("malformed")
	}
	claims := UserClaims{Tenant: identity.Tenant(foldGUID(tid)), Person: identity.Person(foldGUID(oid)), Expires: t.expires}
	switch {
	case !guid.MatchString(tid) || !v.admits(claims.Tenant):
		return UserClaims{}, forbidden("tenant")
	case !slices.Contains(v.issuers(claims.Tenant), t.issuer):
		return UserClaims{}, unauthorized("issuer")
	case !guid.MatchString(oid):
		return UserClaims{}, forbidden("person")
	case !slices.Contains(strings.Fields(scp), userScope):
		return UserClaims{}, forbidden("scope")
	}
	return claims, nil
}

func (v *UserVerifier) admits(t identity.Tenant) bool {
	return slices.ContainsFunc(v.Tenants, func(allowed string) bool { return allowed == "*" || strings.EqualFold(allowed, string(t)) })
}

// issuers are the names under which Entra signs for a tenant: that of tokens of version 2, and that of version 1.
func (v *UserVerifier) issuers(t identity.Tenant) []string {
	old := "https://sts.windows.net/"
	if strings.HasSuffix(hostOf(v.LoginURL), ".cn") {
		old = "https://sts.chinacloudapi.cn/"
	}
	return []string{v.LoginURL + "/" + string(t) + "/v2.0", old + string(t) + "/"}
}

func (v *UserVerifier) prove(ctx context.Context, t token, tenant identity.Tenant) *Refusal {
	r := v.ring(tenant)
	if r == nil {
		return &Refusal{http.StatusServiceUnavailable, "no_keys"}
	}
	k, refusal := r.key(ctx, t.keyID)
	switch {
	case refusal != nil:
		return refusal
	case k.public == nil:
		return unauthorized("weak_key")
	case jwt.SigningMethodRS256.Verify(t.signed, t.signature, k.public) != nil:
		return unauthorized("signature")
	}
	return nil
}

// ring gives the keys of a tenant; nil when too many tenants are met at once.
func (v *UserVerifier) ring(tenant identity.Tenant) *ring {
	v.mu.Lock()
	defer v.mu.Unlock()
	if r := v.rings[tenant]; r != nil {
		return r
	}
	if !v.strange.take(v.Now()) {
		return nil
	}
	for t := range v.rings { // any one: it is read again when it is needed
		if len(v.rings) < maxRings {
			break
		}
		delete(v.rings, t)
	}
	v.rings[tenant] = v.newRing(tenant)
	return v.rings[tenant]
}

func (v *UserVerifier) newRing(tenant identity.Tenant) *ring {
	root := v.LoginURL + "/" + string(tenant)
	r := newRing(VerifierConfig{MetadataURL: root + "/v2.0/.well-known/openid-configuration", Issuer: root + "/v2.0", HTTP: v.HTTP, Now: v.Now, Log: v.Log})
	r.whose, r.metadata.keysURL = "Entra", root+"/discovery/v2.0/keys"
	return r
}
