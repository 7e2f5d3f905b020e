package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// How long the parts of a sign-in on a page are good, and how many there may be.
const (
	ticketLife  = time.Hour
	flowLife    = 15 * time.Minute
	codeLife    = 10 * time.Minute
	maxFlows    = 2000
	flowsEach   = 5 // of one person at a time
	maxLandings = 2000
	codeTries   = 5
	maxTicket   = 2 << 10
)

// ticket is what the address of the sign-in page says, sealed: for whom it was made.
type ticket struct {
	Tenant  identity.Tenant `json:"t"`
	Person  identity.Person `json:"p"`
	Lang    string          `json:"l"`
	Expires int64           `json:"e"`
}

// Start is the address of the sign-in page for a person; empty when people cannot reach pages of ours. It is good for an
// hour, for that person alone: whoever else signs in by it is told so.
func (u *Users) Start(who identity.Caller, language string) string {
	if !strings.HasPrefix(u.PublicURL, "http") || who.Person == "" {
		return ""
	}
	plain, _ := json.Marshal(ticket{who.Tenant, who.Person, language, u.Now().Add(ticketLife).Unix()}) // strings always marshal
	sealed := u.Seals.seal(plain, about("teamspro ticket", u.App.AppID))
	return u.PublicURL + "/auth/start?width=600&height=640&t=" + base64.RawURLEncoding.EncodeToString(sealed)
}

// Approval is the address where an administrator lets the app into an organisation; empty without pages.
func (u *Users) Approval(t identity.Tenant) string {
	if !strings.HasPrefix(u.PublicURL, "http") {
		return ""
	}
	scope := u.Scopes[0]
	if i := strings.LastIndex(scope, "/"); i >= 0 {
		scope = scope[:i] + "/.default"
	}
	q := url.Values{"client_id": {u.App.AppID}, "scope": {scope}, "redirect_uri": {u.callback()}}
	return strings.TrimSuffix(u.App.LoginURL, "/") + "/" + url.PathEscape(string(t)) + "/v2.0/adminconsent?" + q.Encode()
}

func (u *Users) callback() string { return u.PublicURL + "/auth/callback" }

// flow is a sign-in that went to Entra and is to come back.
type flow struct {
	whose           whose
	lang            string
	nonce, verifier string
	browser         [sha256.Size]byte
	until           time.Time
}

// Begun is a sign-in about to go to Entra.
type Begun struct {
	// Address is where the browser goes.
	Address string
	// Browser is what the browser has to show when it comes back: the value of a cookie.
	Browser string
	// Lang is the person's language, also when there is an error.
	Lang string
}

// Begin starts the sign-in of whoever the address of Start was made for. Faults: NotFound when it was not made here, Stale
// when it is too old, Busy.
func (u *Users) Begin(ctx context.Context, text string) (Begun, error) {
	const op = "auth.Begin"
	t, err := u.readTicket(text)
	if err != nil {
		return Begun{}, err
	}
	k, begun := whose{t.Tenant, t.Person}, Begun{Browser: rand.Text(), Lang: t.Lang}
	if !u.Now().Before(time.Unix(t.Expires, 0)) {
		return begun, fault.New(fault.Stale, op, "signin.link_old")
	}
	f := &flow{whose: k, lang: t.Lang, nonce: rand.Text(), verifier: rand.Text() + rand.Text(), browser: sha256.Sum256([]byte(begun.Browser)),
		until: u.Now().Add(flowLife)}
	state := rand.Text()
	if begun.Address, err = u.authorize(ctx, f, state); err != nil {
		return begun, u.failed(op, k, err)
	}
	return begun, u.await(state, f)
}

func (u *Users) readTicket(text string) (t ticket, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil && len(text) <= maxTicket {
		raw, _, err = u.Seals.open(raw, about("teamspro ticket", u.App.AppID))
	}
	if err != nil || len(text) > maxTicket || json.Unmarshal(raw, &t) != nil {
		return ticket{}, fault.New(fault.NotFound, "auth.readTicket", "signin.link")
	}
	return t, nil
}

// identityScopes are what OpenID itself knows: who signs in, and that the sign-in may be renewed.
var identityScopes = []string{"openid", "profile", "email", "offline_access"}

// authorize is the address at Entra. MSAL writes no state, challenge or nonce, nor the scopes that it adds to the request
// for tokens, so they are added.
func (u *Users) authorize(ctx context.Context, f *flow, state string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	options := []confidential.AuthCodeURLOption{confidential.WithTenantID(string(f.whose.tenant))}
	if claims := u.wanted(f.whose); claims != "" {
		options = append(options, confidential.WithClaims(claims))
	}
	address, err := u.front.AuthCodeURL(ctx, u.App.AppID, u.callback(), slices.Concat(u.Scopes, identityScopes), options...)
	if err != nil {
		return "", err
	}
	at, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(f.verifier))
	q := at.Query()
	q.Set("state", state)
	q.Set("nonce", f.nonce)
	q.Set("response_mode", "query")
	q.Set("code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]))
	q.Set("code_challenge_method", "S256")
	at.RawQuery = q.Encode()
	return at.String(), nil
}

// await remembers a flow. Of one person only the latest few are, and of all a bounded number.
func (u *Users) await(state string, f *flow) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	own, oldest := 0, ""
	for s, other := range u.flows {
		switch {
		case !u.Now().Before(other.until):
			delete(u.flows, s)
		case other.whose == f.whose:
			if own++; oldest == "" || other.until.Before(u.flows[oldest].until) {
				oldest = s
			}
		}
	}
	if own >= flowsEach {
		delete(u.flows, oldest)
	}
	if len(u.flows) >= maxFlows {
		return fault.New(fault.Busy, "auth.Begin", "signin.busy")
	}
	u.flows[state] = f
	return nil
}

// dropFlows forgets the sign-ins that a person has begun; the caller holds mu.
func (u *Users) dropFlows(k whose) {
	for state, f := range u.flows {
		if f.whose == k {
			delete(u.flows, state)
		}
	}
}

// Return is what a browser brings back from Entra.
type Return struct {
	State string
	// Browser is the cookie's value; see Begun.
	Browser string
	// Code is Entra's; empty when Problem says what went wrong.
	Code string
	// Problem and Description are Entra's error and error_description.
	Problem, Description string
}

// Landed is a sign-in that came back well. It counts once the person has shown the code in Teams.
type Landed struct {
	// Code has six digits, is good for ten minutes and works once, for the person who began.
	Code string
	// Lang is the person's language, also when there is an error and it is known.
	Lang string
}

// Finish takes a sign-in back from Entra. A state works once. Faults: NotFound when the sign-in was not begun here or is too
// old, Denied when it is another browser's or somebody else signed in or refused, and those of Token.
func (u *Users) Finish(ctx context.Context, r Return) (Landed, error) {
	const op = "auth.Finish"
	f := u.takeFlow(r.State)
	if f == nil {
		return Landed{}, fault.New(fault.NotFound, op, "signin.state")
	}
	landed := Landed{Lang: f.lang}
	shown := sha256.Sum256([]byte(r.Browser))
	if subtle.ConstantTimeCompare(shown[:], f.browser[:]) != 1 {
		return landed, fault.New(fault.Denied, op, "signin.browser")
	}
	if r.Problem != "" || r.Code == "" {
		return landed, u.declined(op, r)
	}
	b, err := u.exchange(ctx, f, r.Code)
	if err != nil {
		return landed, err
	}
	landed.Code = sixDigits()
	u.land(f.whose, &landing{code: landed.Code, box: b, until: u.Now().Add(codeLife)})
	return landed, nil
}

func (u *Users) takeFlow(state string) *flow {
	u.mu.Lock()
	defer u.mu.Unlock()
	f := u.flows[state]
	delete(u.flows, state)
	if f == nil || !u.Now().Before(f.until) {
		return nil
	}
	return f
}

var entraNumber = regexp.MustCompile(`^AADSTS([0-9]{4,8})`)

// declined is the fault of a sign-in that Entra ended. Of its description only the number is used.
func (u *Users) declined(op string, r Return) error {
	e := &LoginError{Code: "access_denied"}
	if isCode(r.Problem) {
		e.Code = r.Problem
	}
	if m := entraNumber.FindStringSubmatch(r.Description); m != nil {
		e.Number, _ = strconv.Atoi(m[1]) // at most eight digits
	}
	kind, text := meaning(e)
	if e.Code == "access_denied" && text != "signin.admin" {
		kind, text = fault.Denied, "signin.declined"
	}
	return &fault.Error{Kind: kind, Op: op, Text: text, Err: e}
}

// exchange trades Entra's code for tokens and checks whose they are. They are in a box that nobody has stored yet.
func (u *Users) exchange(ctx context.Context, f *flow, code string) (*box, error) {
	const op = "auth.exchange"
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	b := &box{users: u, whose: f.whose}
	client, err := u.client(b)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, op, err)
	}
	got, err := client.AcquireTokenByAuthCode(ctx, code, u.callback(), u.Scopes, confidential.WithTenantID(string(f.whose.tenant)), confidential.WithChallenge(f.verifier))
	if err != nil {
		return nil, u.failed(op, f.whose, err)
	}
	if err := u.checkIdentity(got.IDToken.RawToken, f); err != nil {
		return nil, err
	}
	b.kept.Home = got.Account.HomeAccountID
	return b, nil
}

// checkIdentity checks the ID token: it came from Entra itself over TLS, so its signature need not be looked at (OpenID
// Connect Core, 3.1.3.7), but it must be for us, for this flow, and of the person for whom the flow was begun.
func (u *Users) checkIdentity(raw string, f *flow) error {
	const op = "auth.checkIdentity"
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return fault.Wrap(fault.Internal, op, fmt.Errorf("there is no ID token"))
	}
	claims, err := readPart(parts[1])
	if err != nil {
		return fault.Wrap(fault.Internal, op, err)
	}
	is := func(name, want string) bool {
		value, err := claims.text(name)
		return err == nil && subtle.ConstantTimeCompare([]byte(foldGUID(value)), []byte(foldGUID(want))) == 1
	}
	switch {
	case !is("aud", u.App.AppID) || !is("nonce", f.nonce):
		return fault.New(fault.Denied, op, "signin.state")
	case !is("tid", string(f.whose.tenant)) || !is("oid", string(f.whose.person)):
		return fault.New(fault.Denied, op, "signin.other_person")
	}
	return nil
}

// landing is a sign-in that waits for its person to show the code.
type landing struct {
	code  string
	box   *box
	tries int
	until time.Time
}

func (u *Users) land(k whose, l *landing) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for other, old := range u.landings {
		if len(u.landings) >= maxLandings || !u.Now().Before(old.until) {
			delete(u.landings, other)
		}
	}
	u.landings[k] = l
}

// sixDigits is a code that a person can type; five tries in ten minutes, for one person, make it good enough.
func sixDigits() string {
	n, _ := rand.Int(rand.Reader, big.NewInt(1_000_000)) // never fails
	return fmt.Sprintf("%06d", n)
}

// Redeem completes a sign-in on a page: the person shows in Teams the code that the page gave. A code works once, for the
// person for whom the page was made. Faults: Invalid when it is not theirs, was used or is too old.
func (u *Users) Redeem(ctx context.Context, who identity.Caller, code string) error {
	k := whose{who.Tenant, who.Person}
	l := u.takeLanding(k, code)
	if l == nil {
		return fault.New(fault.Invalid, "auth.Redeem", "signin.code")
	}
	u.visits.Lock()
	defer u.visits.Unlock()
	if v := u.visitors[k]; v != nil {
		v.box.close()
		delete(u.visitors, k)
	}
	l.box.mu.Lock()
	l.box.stored = true
	err := l.box.write(ctx)
	l.box.mu.Unlock()
	if err != nil {
		return err
	}
	if _, err := u.admit(ctx, l.box); err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.dropSession(k) // what Teams vouched for was not enough, or the person would not have come by the page
	delete(u.challenges, k)
	return nil
}

// takeLanding compares a code with the person's, which takes the same time whether there is one or not.
func (u *Users) takeLanding(k whose, code string) *landing {
	u.mu.Lock()
	defer u.mu.Unlock()
	l := u.landings[k]
	want := "none.."
	if l != nil {
		want = l.code
	}
	same := subtle.ConstantTimeCompare([]byte(code), []byte(want)) == 1
	if l == nil {
		return nil
	}
	if l.tries++; same || l.tries >= codeTries || !u.Now().Before(l.until) {
		delete(u.landings, k)
	}
	if !same || l.tries > codeTries || !u.Now().Before(l.until) {
		return nil
	}
	return l
}
