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

// Links makes and checks signed addresses. One of a preview is proof of its signer's right to see the picture, for a day:
// whoever holds it needs no sign-in, because Teams fetches the pictures of cards without one. One of an export (export.go) is
// good for some minutes, and gives what its person may read then.
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
	if !l.reached() {
		return ""
	}
	return l.seal("/i/" + url.PathEscape(string(p.Tenant)) + "/" + url.PathEscape(p.Image) + "?e=" + l.until(linkLife, linkRound) +
		"&l=" + url.QueryEscape(p.Lang) + "&p=" + url.QueryEscape(p.Plan) + "&s=" + strconv.Itoa(p.Side))
}

// reached tells whether people can follow links at all.
func (l *Links) reached() bool { return strings.HasPrefix(l.base, "http") }

// until is the instant at which a link expires, as it stands there: a time from now, rounded up.
func (l *Links) until(life, round time.Duration) string {
	return strconv.FormatInt(l.now().Add(life).Truncate(round).Add(round).Unix(), 10)
}

// seal makes a link of a path and its parameters.
func (l *Links) seal(plain string) string { return l.base + plain + signed + l.sign(plain) }

// sign seals the path and every parameter, exactly as they are written.
func (l *Links) sign(plain string) string {
	mac := hmac.New(sha256.New, l.key)
	mac.Write([]byte(plain))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// open checks a link to a preview.
func (l *Links) open(u *url.URL) (Preview, error) {
	query, late, err := l.check(u)
	if err != nil {
		return Preview{}, err
	}
	p, err := readLink(u, query)
	if err != nil {
		return Preview{}, err
	}
	return p, late
}

// check checks a link by what its address says after the public one, and gives its parameters. An expired link (late) is told
// from a forged one: it was once right, and whoever holds it is told what to do.
func (l *Links) check(u *url.URL) (query url.Values, late, err error) {
	whole := u.EscapedPath() + "?" + u.RawQuery
	at := strings.LastIndex(whole, signed)
	if len(whole) > maxLink || at < 0 {
		return nil, nil, errForged
	}
	plain, seal := whole[:at], whole[at+len(signed):]
	if !hmac.Equal([]byte(seal), []byte(l.sign(plain))) {
		return nil, nil, errForged
	}
	query, err = url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, nil, errForged
	}
	expires, err := strconv.ParseInt(query.Get("e"), 10, 64)
	if err != nil {
		return nil, nil, errForged
	}
	if !l.now().Before(time.Unix(expires, 0)) {
		late = errExpired
	}
	return query, late, nil
}

// readLink reads a link whose signature was good.
func readLink(u *url.URL, query url.Values) (Preview, error) {
	parts := strings.Split(strings.TrimPrefix(u.Path, "/i/"), "/")
	side, err := strconv.Atoi(query.Get("s"))
	if len(parts) != 2 || err != nil || side < 1 || side > MaxSide {
		return Preview{}, errForged
	}
	return Preview{Tenant: identity.Tenant(parts[0]), Image: parts[1], Plan: query.Get("p"), Side: side, Lang: query.Get("l")}, nil
}
