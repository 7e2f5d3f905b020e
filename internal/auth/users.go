package auth

import (
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/cache"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// Vault keeps sealed sign-ins; store has it. What it is given cannot be read without the key.
type Vault interface {
	// Load gives what was kept; nil when there is nothing.
	Load(ctx context.Context, t identity.Tenant, p identity.Person, app string) ([]byte, error)
	Keep(ctx context.Context, t identity.Tenant, p identity.Person, app string, sealed []byte) error
	Drop(ctx context.Context, t identity.Tenant, p identity.Person, app string) error
}

// UsersConfig says for which app people sign in, and to what.
type UsersConfig struct {
	// App is the app and how it proves itself; its Scope is not used. A managed identity cannot act for people.
	App AppConfig
	// Audiences as in UserVerifierConfig.
	Audiences []string
	// Tenants as in UserVerifierConfig.
	Tenants []string
	// Scopes are the permissions asked for, with the host of the cloud's Graph: "https://graph.microsoft.com/User.Read".
	// Those of OpenID itself are always asked for.
	Scopes []string
	// PublicURL is where people reach the sign-in pages, without a slash at the end; empty means that there are none.
	PublicURL string
	Seals     *Seals
	Vault     Vault
	// Now and Log may be nil.
	Now func() time.Time
	Log *slog.Logger
}

// Users holds the tokens with which one app acts for people at Graph. It is safe for concurrent use.
//
// They come in two ways. Teams vouches for a person (single sign-on), and the token it hands over is traded for one of Graph
// (on-behalf-of): these stay in memory, and after a restart Teams vouches again without anybody noticing. Or a person signs in
// on a page (authorization code): what that gives is sealed and kept, so it outlives a restart.
type Users struct {
	UsersConfig
	verifier *UserVerifier
	front    confidential.Client // writes addresses of Entra; it holds no tokens

	mu         sync.Mutex
	crowds     map[identity.Tenant]*crowd
	challenges map[whose]challenged
	flows      map[string]*flow // by state
	landings   map[whose]*landing

	visits   sync.Mutex // orders reading and dropping what is kept; taken before mu
	visitors map[whose]*visitor
}

// whose names the person of a token.
type whose struct {
	tenant identity.Tenant
	person identity.Person
}

// Bounds of what is in memory.
const (
	maxCrowds     = 200
	waveSize      = 2000
	maxVisitors   = 500
	maxChallenges = 1000
	challengeLife = 15 * time.Minute
)

// challenged is what Graph wants of a person's next sign-in (a claims challenge).
type challenged struct {
	claims string
	until  time.Time
}

// NewUsers checks the configuration; it asks for nothing yet. The error is a *SettingError.
func NewUsers(c UsersConfig) (*Users, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.App.Scope = "people" // is not asked for
	if err := c.App.problem(); err != nil {
		return nil, err
	}
	switch {
	case c.App.ManagedIdentity:
		return nil, &SettingError{"ManagedIdentity", "cannot act for people"}
	case len(c.Scopes) == 0:
		return nil, &SettingError{"Scopes", "are missing"}
	case c.Seals == nil || c.Vault == nil:
		return nil, &SettingError{"Seals", "and Vault are missing"}
	}
	u := &Users{UsersConfig: c, crowds: map[identity.Tenant]*crowd{}, challenges: map[whose]challenged{}, flows: map[string]*flow{},
		landings: map[whose]*landing{}, visitors: map[whose]*visitor{}}
	u.verifier = NewUserVerifier(UserVerifierConfig{AppID: c.App.AppID, Audiences: c.Audiences, LoginURL: c.App.LoginURL, Tenants: c.Tenants,
		HTTP: c.App.HTTP, Now: c.Now, Log: c.Log})
	var err error
	u.front, err = u.client(nil)
	return u, err
}

// client makes a client of MSAL. With an accessor it keeps the tokens of one person there; without one, in its memory.
func (u *Users) client(accessor cache.ExportReplace) (confidential.Client, error) {
	credential, err := u.App.credential()
	if err != nil {
		return confidential.Client{}, err
	}
	options := []confidential.Option{confidential.WithHTTPClient(strict(u.App.HTTP)), confidential.WithInstanceDiscovery(isMicrosoftLogin(u.App.LoginURL)),
		confidential.WithAzureRegion("DisableMsalForceRegion")}
	if accessor != nil {
		options = append(options, confidential.WithCache(accessor))
	}
	client, err := confidential.New(strings.TrimSuffix(u.App.LoginURL, "/")+"/"+u.App.TenantID, u.App.AppID, credential, options...)
	if err != nil {
		return confidential.Client{}, &SettingError{"LoginURL", "is not the address of a login service"}
	}
	return client, nil
}

// Resource is the application id URI for which Teams hands over tokens in chats; the manifest names it, too.
func (u *Users) Resource() string { return "api://botid-" + u.App.AppID }

// Token gives a token of Graph for a person. A fault of kind SignIn says that they have to sign in first; its sentence says
// why. Others: Busy when Entra does not answer, Denied when the organisation has not let the app in, Internal when the
// settings are wrong.
func (u *Users) Token(ctx context.Context, who identity.Caller) (string, error) {
	const op = "auth.Token"
	k := whose{who.Tenant, who.Person}
	if k.tenant == "" || k.person == "" {
		return "", fault.New(fault.Denied, op, "trouble.anonymous")
	}
	token, err := u.fromTeams(ctx, k)
	if err == nil || !fault.Is(err, fault.SignIn) {
		return token, err
	}
	token, kept, errKept := u.fromPage(ctx, k)
	if kept {
		return token, errKept
	}
	return "", err
}

// Lasts tells whether a person signed in on a page. That is kept, and outlives a restart of the service; what Teams vouched
// for does not.
func (u *Users) Lasts(ctx context.Context, who identity.Caller) (bool, error) {
	v, err := u.visitor(ctx, whose{who.Tenant, who.Person})
	return v != nil, err
}

// Refused is told that Graph did not take a person's token (401), with the claims challenge of its answer if there was one,
// as JSON or as the base64 that Graph writes it in. It forgets the sign-in and gives the fault that asks for a new one, which
// will fulfil the challenge.
func (u *Users) Refused(ctx context.Context, who identity.Caller, claims string) error {
	const op = "auth.Refused"
	k := whose{who.Tenant, who.Person}
	if err := u.forget(ctx, k); err != nil {
		return err
	}
	if plain, err := base64.StdEncoding.DecodeString(claims); err == nil {
		claims = string(plain)
	}
	if claims = challenge(claims); claims == "" {
		return fault.New(fault.SignIn, op, "signin.ended")
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.wants(k, claims)
	return fault.New(fault.SignIn, op, "signin.interaction")
}

// wants notes what a person's next sign-in has to fulfil; the caller holds mu.
func (u *Users) wants(k whose, claims string) {
	if claims == "" {
		return
	}
	for old, c := range u.challenges {
		if len(u.challenges) >= maxChallenges || !u.Now().Before(c.until) {
			delete(u.challenges, old)
		}
	}
	u.challenges[k] = challenged{claims, u.Now().Add(challengeLife)}
}

// wanted is what a person's next sign-in has to fulfil; empty for nothing special.
func (u *Users) wanted(k whose) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	if c, ok := u.challenges[k]; ok && u.Now().Before(c.until) {
		return c.claims
	}
	return ""
}

// SignOut forgets all tokens of a person for this app, in memory and kept.
func (u *Users) SignOut(ctx context.Context, who identity.Caller) error {
	k := whose{who.Tenant, who.Person}
	u.mu.Lock()
	delete(u.landings, k)
	delete(u.challenges, k)
	u.dropFlows(k)
	u.mu.Unlock()
	return u.forget(ctx, k)
}

// forget drops the tokens of a person.
func (u *Users) forget(ctx context.Context, k whose) error {
	u.mu.Lock()
	u.dropSession(k)
	u.mu.Unlock()
	u.visits.Lock()
	defer u.visits.Unlock()
	if v := u.visitors[k]; v != nil {
		v.box.close()
		delete(u.visitors, k)
	}
	return u.Vault.Drop(ctx, k.tenant, k.person, u.App.AppID)
}

// crowd is the people of a tenant for whom Teams has vouched, in two waves. The memory of a client of MSAL only grows, so
// after a number of sign-ins a new client begins a new wave, and the wave before the last is forgotten: its people are
// vouched for again without noticing.
type crowd struct{ now, before *wave }

// wave is a client and the tokens of the people it was given.
type wave struct {
	client   confidential.Client
	taken    int
	sessions map[identity.Person]string // what Teams handed over, by which the client finds the tokens
}

// wave gives the wave of a tenant that takes the next person.
func (u *Users) wave(t identity.Tenant) (*wave, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	c := u.crowds[t]
	if c == nil {
		for other := range u.crowds { // any one: its people are vouched for again
			if len(u.crowds) < maxCrowds {
				break
			}
			delete(u.crowds, other)
		}
		c = &crowd{}
		u.crowds[t] = c
	}
	if c.now == nil || c.now.taken >= waveSize {
		client, err := u.client(nil)
		if err != nil {
			return nil, err
		}
		c.now, c.before = &wave{client: client, sessions: map[identity.Person]string{}}, c.now
	}
	c.now.taken++
	return c.now, nil
}

// session finds what Teams handed over for a person.
func (u *Users) session(k whose) (w *wave, assertion string, ok bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	c := u.crowds[k.tenant]
	if c == nil {
		return nil, "", false
	}
	for _, w := range []*wave{c.now, c.before} {
		if w != nil && w.sessions[k.person] != "" {
			return w, w.sessions[k.person], true
		}
	}
	return nil, "", false
}

// dropSession forgets what Teams handed over for a person; the caller holds mu.
func (u *Users) dropSession(k whose) {
	c := u.crowds[k.tenant]
	if c == nil {
		return
	}
	for _, w := range []*wave{c.now, c.before} {
		if w != nil {
			delete(w.sessions, k.person)
		}
	}
}

// Accept takes the token with which Teams vouches for a person, checks that it is this person's, and trades it for one of
// Graph. Faults: SignIn when the person has to consent, to do more or to be vouched for anew; Denied when the token is not
// theirs or not good; the others as of Token.
func (u *Users) Accept(ctx context.Context, who identity.Caller, raw string) error {
	const op = "auth.Accept"
	t, claims, refusal := u.verifier.glance(raw)
	switch {
	case refusal != nil:
		return refusalFault(op, refusal)
	case claims.Tenant != who.Tenant || claims.Person != who.Person:
		return fault.New(fault.Denied, op, "signin.other_person")
	}
	if refusal := u.verifier.prove(ctx, t, claims.Tenant); refusal != nil {
		return refusalFault(op, refusal)
	}
	return u.trade(ctx, op, whose{claims.Tenant, claims.Person}, raw)
}

// AcceptPage is Accept for a page of ours in Teams, which has no other proof of who is there than the token itself. It tells
// who that is also when they have to consent first.
func (u *Users) AcceptPage(ctx context.Context, raw string) (identity.Caller, error) {
	const op = "auth.AcceptPage"
	claims, err := u.verifier.Verify(ctx, raw)
	if err != nil {
		return identity.Caller{}, refusalFault(op, err)
	}
	return identity.Caller{Tenant: claims.Tenant, Person: claims.Person}, u.trade(ctx, op, whose{claims.Tenant, claims.Person}, raw)
}

// trade makes a checked token of Teams into tokens of Graph (on-behalf-of).
func (u *Users) trade(ctx context.Context, op string, k whose, raw string) error {
	w, err := u.wave(k.tenant)
	if err != nil {
		return fault.Wrap(fault.Internal, op, err)
	}
	if _, err := u.behalf(ctx, w, k, raw, u.wanted(k)); err != nil {
		return u.failed(op, k, err)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.dropSession(k)
	w.sessions[k.person] = raw
	delete(u.challenges, k)
	return nil
}

func (u *Users) behalf(ctx context.Context, w *wave, k whose, raw, claims string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	options := []confidential.AcquireOnBehalfOfOption{confidential.WithTenantID(string(k.tenant))}
	if claims != "" {
		options = append(options, confidential.WithClaims(claims))
	}
	got, err := w.client.AcquireTokenOnBehalfOf(ctx, raw, u.Scopes, options...)
	return got.AccessToken, err
}

// failed is the fault of an error of Entra; what Entra wants of the next sign-in is noted.
func (u *Users) failed(op string, k whose, err error) error {
	f, answer := signInFault(op, err)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.wants(k, answer.Claims)
	return f
}

// fromTeams gives a token for a person for whom Teams has vouched.
func (u *Users) fromTeams(ctx context.Context, k whose) (string, error) {
	const op = "auth.fromTeams"
	w, assertion, ok := u.session(k)
	if !ok {
		return "", needed(op)
	}
	token, err := u.behalf(ctx, w, k, assertion, "")
	if err == nil {
		return token, nil
	}
	err = u.failed(op, k, err)
	if fault.Is(err, fault.SignIn) {
		u.mu.Lock()
		u.dropSession(k)
		u.mu.Unlock()
	}
	return "", err
}

// fromPage gives a token for a person who signed in on a page; kept tells whether there is such a sign-in.
func (u *Users) fromPage(ctx context.Context, k whose) (token string, kept bool, err error) {
	const op = "auth.fromPage"
	v, err := u.visitor(ctx, k)
	if v == nil || err != nil {
		return "", err != nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	got, err := v.client.AcquireTokenSilent(ctx, u.Scopes, confidential.WithSilentAccount(v.account), confidential.WithTenantID(string(k.tenant)))
	if err == nil {
		return got.AccessToken, true, nil
	}
	f, answer := signInFault(op, err)
	if answer.Status == 0 && answer.Code == "unreadable" { // MSAL found no token that it could renew
		f = fault.New(fault.SignIn, op, "signin.expired")
	}
	if f.Kind == fault.SignIn {
		err = u.forget(ctx, k)
		u.mu.Lock()
		defer u.mu.Unlock()
		u.wants(k, answer.Claims)
	}
	return "", true, errors.Join(f, err)
}
