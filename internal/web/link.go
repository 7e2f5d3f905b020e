package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"teamspro/internal/identity"
	"teamspro/internal/image"
)

// Preview names what a signed link shows: a picture of a tenant after a plan, no larger than a side.
type Preview struct {
	Tenant identity.Tenant
	Image  string // the picture's id
	Plan   string // the text form of what was done to it
	Side   int    // pixels of the longer side, at most MaxSide
	Lang   string // the language of what stands in the place of a picture that cannot be shown
}

// MaxSide is the longest side of a preview in pixels (Teams shows pictures in cards up to 1024×1024).
const MaxSide = image.PreviewSide

const (
	linkLife  = 24 * time.Hour
	linkRound = time.Hour // the expiry is rounded up to it, so that a card drawn twice has one address
	maxLink   = 8 << 10   // bytes of a link's path and query
	signed    = "&k="
)

var (
	errForged  = errors.New("the link was not made here")
	errExpired = errors.New("the link has expired")
)

// Links makes and checks the addresses of previews. An address is proof of its signer's right to see the picture, for a
// day: whoever holds it needs no sign-in, because Teams fetches the pictures of cards without one.
type Links struct {
	base string
	key  []byte
	now  func() time.Time
}

// NewLinks makes Links for a public address. The key is 32 bytes that nobody else knows; nil for now is the real clock.
func NewLinks(publicURL string, key []byte, now func() time.Time) *Links {
	if now == nil {
		now = time.Now
	}
	return &Links{base: publicURL, key: key, now: now}
}

// Address is the link to a preview; empty when people cannot reach the service by https.
func (l *Links) Address(p Preview) string {
	if !strings.HasPrefix(l.base, "http") {
		return ""
	}
	expires := l.now().Add(linkLife).Truncate(linkRound).Add(linkRound)
	plain := "/i/" + url.PathEscape(string(p.Tenant)) + "/" + url.PathEscape(p.Image) + "?e=" + strconv.FormatInt(expires.Unix(), 10) +
		"&l=" + url.QueryEscape(p.Lang) + "&p=" + url.QueryEscape(p.Plan) + "&s=" + strconv.Itoa(p.Side)
	return l.base + plain + signed + l.sign(plain)
}

// sign seals the path and every parameter, exactly as they are written.
func (l *Links) sign(plain string) string {
	mac := hmac.New(sha256.New, l.key)
	mac.Write([]byte(plain))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// open checks a link by what its address says after the public one. An expired link is told from a forged one: it was
// once right, and whoever holds it is told what to do.
func (l *Links) open(u *url.URL) (Preview, error) {
	whole := u.EscapedPath() + "?" + u.RawQuery
	at := strings.LastIndex(whole, signed)
	if len(whole) > maxLink || at < 0 {
		return Preview{}, errForged
	}
	plain, seal := whole[:at], whole[at+len(signed):]
	if !hmac.Equal([]byte(seal), []byte(l.sign(plain))) {
		return Preview{}, errForged
	}
	p, expires, err := readLink(u)
	if err != nil {
		return Preview{}, err
	}
	if !l.now().Before(expires) {
		return p, errExpired
	}
	return p, nil
}

// readLink reads a link whose signature was good.
func readLink(u *url.URL) (Preview, time.Time, error) {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Preview{}, time.Time{}, errForged
	}
	parts := strings.Split(strings.TrimPrefix(u.Path, "/i/"), "/")
	expires, errExpiry := strconv.ParseInt(query.Get("e"), 10, 64)
	side, errSide := strconv.Atoi(query.Get("s"))
	if len(parts) != 2 || errExpiry != nil || errSide != nil || side < 1 || side > MaxSide {
		return Preview{}, time.Time{}, errForged
	}
	return Preview{Tenant: identity.Tenant(parts[0]), Image: parts[1], Plan: query.Get("p"), Side: side, Lang: query.Get("l")}, time.Unix(expires, 0), nil
}
