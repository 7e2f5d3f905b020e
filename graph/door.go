package graph

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"teamspro/internal/fault"
)

// Limits of what Graph may answer. A page of 200 items is about 200 KB; the largest photo is 648 pixels wide.
const (
	maxAnswer  = 8 << 20
	maxRefusal = 16 << 10
)

// door is what every request to Graph goes through, below the SDK: it lets none go elsewhere, puts the token on, waits
// when Graph is busy, and lets nothing in that is endless, deep or no JSON where JSON is due.
type door struct {
	next   http.RoundTripper
	client *Client
	tokens Tokens
}

// errElsewhere is a request that would have left Graph with a token.
var errElsewhere = errors.New("the address is not below Graph's")

// RoundTrip implements http.RoundTripper.
func (d *door) RoundTrip(r *http.Request) (*http.Response, error) {
	if !d.client.ours(r.URL) {
		return nil, errElsewhere
	}
	body, err := bodyOf(r)
	if err != nil {
		return nil, err
	}
	k, again := callOf(r.Context()), false
	for attempt := 0; ; attempt++ {
		res, err := d.send(r, body, k)
		if err == nil && res.StatusCode == http.StatusUnauthorized {
			claims := claims(res.Header.Get("WWW-Authenticate"))
			res.Header.Del("WWW-Authenticate")
			if claims == "" && !again {
				again = true // the token may have ended on its way
				continue
			}
			if err := d.tokens.Refused(r.Context(), k.who, claims); err != nil {
				return nil, err
			}
			return res, nil
		}
		pause, ok := d.pause(r, res, err, attempt)
		if !ok || pause > k.waits {
			return res, err
		}
		k.waits -= pause
		k.tried = true
		if err := sleep(r.Context(), pause); err != nil {
			return nil, err
		}
	}
}

func bodyOf(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	defer func() { _ = r.Body.Close() }()
	return io.ReadAll(r.Body) // ours, and at most a small file
}

// send makes one attempt.
func (d *door) send(r *http.Request, body []byte, k *call) (*http.Response, error) {
	token, err := d.tokens.Token(r.Context(), k.who)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), d.client.timeFor(len(body)))
	defer cancel()
	sent := r.Clone(ctx)
	sent.Body, sent.ContentLength, sent.GetBody = http.NoBody, int64(len(body)), nil
	if len(body) > 0 {
		sent.Body = io.NopCloser(bytes.NewReader(body))
	}
	sent.Header.Set("Authorization", "Bearer "+token)
	sent.Header.Set("User-Agent", d.client.agent)
	res, err := d.next.RoundTrip(sent)
	if err != nil {
		d.client.log.Info("graph did not answer", "op", k.op, "client_request", r.Header.Get("client-request-id"), "error", cause(err))
		return nil, err
	}
	return d.admit(res, r, k)
}

// timeFor is how long one request may take: longer when it carries a file.
func (c *Client) timeFor(size int) time.Duration {
	if size > 64<<10 {
		return c.carryTime
	}
	return c.askTime
}

// admit reads an answer whole, within limits, and hands up a tame one.
func (d *door) admit(res *http.Response, r *http.Request, k *call) (*http.Response, error) {
	defer func() { _ = res.Body.Close() }()
	most := int64(maxAnswer)
	if res.StatusCode >= 400 {
		most = maxRefusal
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, most+1))
	if res.StatusCode >= 400 {
		body = d.refusal(res, r, k, body)
	} else if err == nil && int64(len(body)) > most {
		err = errors.New("the answer is too long")
	}
	if err == nil && res.StatusCode < 300 && r.Header.Get("Accept") == jsonType && len(body) > 0 && !isJSON(res, body) {
		err = errNotJSON
	}
	if err != nil && res.StatusCode < 400 {
		return nil, err
	}
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return res, nil
}

// isJSON looks at what the SDK would parse, however deep it goes.
func isJSON(res *http.Response, body []byte) bool {
	kind, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	return err == nil && kind == jsonType && json.Valid(body)
}

const jsonType = "application/json"

var errNotJSON = errors.New("the answer is no JSON")

// refusal logs a refusal and keeps of its body the code: what else is in it the SDK might not read, and nobody needs.
func (d *door) refusal(res *http.Response, r *http.Request, k *call, body []byte) []byte {
	var said struct {
		Error struct {
			Code string `json:"code"`
		} `json:"error"`
	}
	if len(body) > maxRefusal || json.Unmarshal(body, &said) != nil {
		said.Error.Code = ""
	}
	d.client.log.Info("graph refused", "op", k.op, "status", res.StatusCode, "code", word(said.Error.Code), "request", word(res.Header.Get("request-id")),
		"client_request", r.Header.Get("client-request-id"))
	res.Header.Set("Content-Type", jsonType)
	plain, _ := json.Marshal(map[string]any{"error": map[string]string{"code": word(said.Error.Code), "message": ""}}) // strings
	return plain
}

// word is a foreign word that may stand in the log: letters and digits, and not many.
func word(s string) string {
	if len(s) > 64 || strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("_.-", r)
	}) {
		return "odd"
	}
	return s
}

// claims finds what a challenge asks for: claims="…" in Base64, of any alphabet, with or without padding.
func claims(challenge string) string {
	_, rest, found := strings.Cut(challenge, `claims="`)
	text, _, closed := strings.Cut(rest, `"`)
	if !found || !closed || len(text) > 8<<10 {
		return ""
	}
	text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	decoded, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || !json.Valid(decoded) {
		return ""
	}
	return string(decoded)
}

// maxAttempts is how often one request is sent at most.
const maxAttempts = 4

// pause tells how long to wait before a request is sent again, and whether it may be. What only reads may always be; what
// writes only when Graph says that it did nothing and when to come back.
func (d *door) pause(r *http.Request, res *http.Response, err error, attempt int) (time.Duration, bool) {
	if attempt+1 >= maxAttempts || r.Context().Err() != nil {
		return 0, false
	}
	reads := r.Method == http.MethodGet
	if err != nil {
		var told *fault.Error
		return backoff(attempt), reads && !errors.As(err, &told) && !errors.Is(err, errNotJSON) && !errors.Is(err, context.DeadlineExceeded)
	}
	wait, said := retryAfter(res.Header)
	switch res.StatusCode {
	case http.StatusTooManyRequests:
	case http.StatusServiceUnavailable:
		if !reads && !said {
			return 0, false
		}
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusGatewayTimeout:
		if !reads {
			return 0, false
		}
	default:
		return 0, false
	}
	if !said {
		wait = backoff(attempt)
	}
	return wait, true
}

func backoff(attempt int) time.Duration {
	return time.Duration(float64(200*time.Millisecond) * math.Pow(2, float64(attempt)) * (0.75 + rand.Float64()/2))
}

// retryAfter reads the header of this name: seconds, which Graph also writes with a fraction, or a date.
func retryAfter(h http.Header) (time.Duration, bool) {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds >= 0 && seconds <= 1e6 {
		return time.Duration(seconds * float64(time.Second)), true
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at)), true
	}
	return 0, false
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ours tells whether an address lies below Graph's own: host, port, version.
func (c *Client) ours(u *url.URL) bool {
	return u.Scheme == c.base.Scheme && u.User == nil && u.Opaque == "" && port(u) == port(c.base) && strings.EqualFold(u.Hostname(), c.base.Hostname()) &&
		strings.HasPrefix(u.Path, c.base.Path+"/") && !climbs(u.Path)
}

func port(u *url.URL) string {
	if u.Port() != "" {
		return u.Port()
	}
	return map[string]string{"https": "443", "http": "80"}[u.Scheme]
}

// climbs tells whether a path, as it reads decoded, leads upwards.
func climbs(path string) bool {
	for part := range strings.SplitSeq(strings.ReplaceAll(path, `\`, "/"), "/") {
		if part == ".." || part == "." {
			return true
		}
	}
	return false
}

// carrier tells whether an address that Graph handed out may be visited: https to a name, or an address on this machine
// that the operator named. Names that lead inside are the transport's to refuse.
func (c *Client) carrier(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Opaque != "" || len(text) > 8<<10 {
		return nil, errCarrier
	}
	if c.local[strings.ToLower(u.Host)] && isLoopback(u.Hostname()) {
		return u, nil
	}
	if _, err := netip.ParseAddr(u.Hostname()); u.Scheme != "https" || err == nil || isLoopback(u.Hostname()) {
		return nil, errCarrier
	}
	return u, nil
}

var errCarrier = errors.New("an address that Graph handed out is not one to visit")

// followOutside admits few redirects, to addresses as good as the first.
func (c *Client) followOutside(r *http.Request, via []*http.Request) error {
	if len(via) > 2 {
		return errCarrier
	}
	_, err := c.carrier(r.URL.String())
	return err
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback()
}

// cause takes the address out of an error: it may hold what people search for, or the right to a file.
func cause(err error) error {
	var u *url.Error
	for errors.As(err, &u) {
		err = u.Err
	}
	return err
}

// isObject tells whether text is one JSON object, not too deep.
func isObject(text []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) && json.Valid(text)
}
