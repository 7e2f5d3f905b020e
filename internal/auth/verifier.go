package auth

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// VerifierConfig says whose tokens are accepted.
type VerifierConfig struct {
	// MetadataURL is the OpenID document of the Bot Framework; https, or http on a loopback host.
	MetadataURL string
	// Issuer is the exact issuer of the cloud: "https://api.botframework.com".
	Issuer string
	// Audiences are the ids of our apps. A GUID is compared without case, anything else exactly.
	Audiences []string
	// Channels are the channels whose endorsement a key must have; none means msteams.
	Channels []string
	// HTTP reads the metadata; nil means the default client. Redirects are not followed.
	HTTP *http.Client
	// Now and Log may be nil.
	Now func() time.Time
	Log *slog.Logger
}

// Verifier checks Bot Framework tokens. It is safe for concurrent use.
type Verifier struct {
	issuer    string
	audiences []string
	ring      *ring
	now       func() time.Time

	mu       sync.Mutex
	verified map[[sha256.Size]byte]verdict
}

// verdict is a token that was verified, and the key that vouched for it.
type verdict struct {
	claims Claims
	key    *key
}

// maxVerified bounds the tokens that are remembered. The connector uses one for about an hour, for all activities
// of an app and a service address.
const maxVerified = 4096

// Claims are what a verified token says.
type Claims struct {
	// App is the app that was addressed: the audience as configured, a GUID in lower case.
	App string
	// ServiceURL is the address of the connector that the token vouches for.
	ServiceURL string
	// Endorsements are the channels that the signing key is endorsed for, of those that are accepted.
	Endorsements []string
	Expires      time.Time
}

// Refusal is why somebody is not let in.
type Refusal struct {
	Status int    // 401, 403 or 503
	Reason string // from the table in the package comment; for the log and metrics, never for the caller
}

// Error names the reason.
func (r *Refusal) Error() string { return fmt.Sprintf("auth: refused (%d %s)", r.Status, r.Reason) }

func unauthorized(reason string) *Refusal { return &Refusal{http.StatusUnauthorized, reason} }
func forbidden(reason string) *Refusal    { return &Refusal{http.StatusForbidden, reason} }

// NewVerifier makes a Verifier. It has no keys until Run or the first token fetches them.
func NewVerifier(c VerifierConfig) *Verifier {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if len(c.Channels) == 0 {
		c.Channels = []string{"msteams"}
	}
	var audiences []string
	for _, audience := range c.Audiences {
		if audience != "" {
			audiences = append(audiences, foldGUID(audience))
		}
	}
	return &Verifier{
		issuer:    c.Issuer,
		audiences: audiences,
		ring:      newRing(c),
		now:       c.Now,
		verified:  map[[sha256.Size]byte]verdict{},
	}
}

// Run keeps the keys fresh until ctx ends; then it returns nil.
func (v *Verifier) Run(ctx context.Context) error { return v.ring.run(ctx) }

// Ready tells why no token could be verified now; nil when one could.
func (v *Verifier) Ready() error { return v.ring.ready() }

// Verify checks the value of an Authorization header; "" stands for none or several. The error is a *Refusal.
// It takes at most about four seconds, and microseconds for a token seen before.
func (v *Verifier) Verify(ctx context.Context, header string) (Claims, error) {
	raw, refusal := bearer(header)
	if refusal != nil {
		return Claims{}, refusal
	}
	sum := sha256.Sum256([]byte(raw))
	if claims, ok := v.recall(sum); ok {
		return claims, nil
	}
	t, app, refusal := v.glance(raw)
	if refusal != nil {
		return Claims{}, refusal
	}
	k, refusal := v.ring.key(ctx, t.keyID)
	if refusal != nil {
		return Claims{}, refusal
	}
	claims, refusal := prove(t, app, k)
	if refusal != nil {
		return Claims{}, refusal
	}
	v.remember(sum, verdict{claims, k})
	return claims, nil
}

// glance checks all that can be checked without a key.
func (v *Verifier) glance(raw string) (token, string, *Refusal) {
	t, refusal := readToken(raw)
	if refusal != nil {
		return token{}, "", refusal
	}
	if t.issuer == "" || t.issuer != v.issuer {
		return token{}, "", unauthorized("issuer")
	}
	app := foldGUID(t.audience)
	if !slices.Contains(v.audiences, app) {
		return token{}, "", unauthorized("audience")
	}
	return t, app, t.current(v.now())
}

// prove checks the signature, and after it what a rightly signed token may still lack.
func prove(t token, app string, k *key) (Claims, *Refusal) {
	if k.public == nil {
		return Claims{}, unauthorized("weak_key")
	}
	if err := jwt.SigningMethodRS256.Verify(t.signed, t.signature, k.public); err != nil {
		return Claims{}, unauthorized("signature")
	}
	if len(k.channels) == 0 {
		return Claims{}, forbidden("endorsement")
	}
	if t.serviceURL == "" {
		return Claims{}, forbidden("service_url")
	}
	return Claims{App: app, ServiceURL: t.serviceURL, Endorsements: slices.Clone(k.channels), Expires: t.expires}, nil
}

// recall finds a token that was verified before, as long as it lives and its key is still published.
func (v *Verifier) recall(sum [sha256.Size]byte) (Claims, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	known, ok := v.verified[sum]
	if !ok {
		return Claims{}, false
	}
	if !v.now().Before(known.claims.Expires.Add(skew)) || v.ring.known(known.key.id) != known.key {
		delete(v.verified, sum)
		return Claims{}, false
	}
	return known.claims, true
}

// remember keeps a verdict. Only rightly signed tokens come here, so nobody else can fill the memory.
func (v *Verifier) remember(sum [sha256.Size]byte, known verdict) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.verified) >= maxVerified {
		clear(v.verified)
	}
	v.verified[sum] = known
}

// Vouches checks that the token speaks for an activity that claims to come from serviceURL in channel. Without it a
// caller with a token of their own could have our token sent to an address of theirs. The error is a *Refusal.
// Addresses are compared without case and without one slash at the end, as Microsoft's newer SDKs do; nothing looser.
func (c Claims) Vouches(serviceURL, channel string) error {
	if !slices.Contains(c.Endorsements, channel) {
		return forbidden("channel")
	}
	if serviceURL == "" || !sameAddress(c.ServiceURL, serviceURL) {
		return forbidden("service_url")
	}
	return nil
}

func sameAddress(a, b string) bool {
	return isASCII(a) && isASCII(b) && strings.EqualFold(strings.TrimSuffix(a, "/"), strings.TrimSuffix(b, "/"))
}

// isASCII keeps letters of other scripts, which fold to ASCII ones, out of a comparison of addresses.
func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

var guid = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

// foldGUID writes a GUID in lower case and leaves anything else alone.
func foldGUID(s string) string {
	if guid.MatchString(s) {
		return strings.ToLower(s)
	}
	return s
}
