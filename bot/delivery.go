package bot

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"teamspro/internal/fault"

	"github.com/cenkalti/backoff/v5"
)

// ConnectorError is what the connector answered, or that it did not.
type ConnectorError struct {
	Op     string
	Status int // of the HTTP answer; 0 without one
	// Code is the connector's own ("BotNotInConversationRoster"), or without an answer of it one of ours: service_host
	// (not a listed host), not_public (resolves to this network), unreachable, waiting (the limits would not let it go in
	// time), lost (sent, but no answer came), lost_twice, unreadable, too_long, endless.
	Code string
	// RetryAfter is how long to wait before trying again, when that is known.
	RetryAfter time.Duration
}

// Error tells operation, status and code. The connector's own message stays out: it may repeat what was sent.
func (e *ConnectorError) Error() string {
	s := "connector"
	if e.Status != 0 {
		s += " answered " + strconv.Itoa(e.Status)
	}
	if e.Code != "" {
		s += " " + e.Code
	}
	return s
}

// Reason is the connector's code, or its status where it gave none; see notice.Refusal.
func (e *ConnectorError) Reason() string {
	if e.Code == "" {
		return strconv.Itoa(e.Status)
	}
	return e.Code
}

// Pause is RetryAfter; see notice.Refusal.
func (e *ConnectorError) Pause() time.Duration { return e.RetryAfter }

// kind is what the error means to the caller. Microsoft's list of what to try again is exact: 500 is not on it.
func (e *ConnectorError) kind() fault.Kind {
	switch e.Status {
	case http.StatusPreconditionFailed, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return fault.Busy
	case http.StatusNotFound:
		return fault.NotFound
	case http.StatusForbidden:
		return fault.Denied
	case 0:
		if e.Code == "unreachable" || e.Code == "waiting" || e.Code == "lost" {
			return fault.Busy
		}
	}
	return fault.Internal
}

// connectorFault gives an error its kind, whatever the library wrapped around it.
func connectorFault(op string, err error) error {
	var known *fault.Error
	var answer *ConnectorError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return known
	case errors.As(err, &answer):
		answer.Op = op
		return fault.Wrap(answer.kind(), op, answer)
	}
	return fault.Wrap(fault.Internal, op, err)
}

// Limits of a request.
const (
	attemptTime   = 10 * time.Second
	deliveryTime  = 2 * time.Minute
	maxAnswerSize = 1 << 20
	maxRetryAfter = 24 * time.Hour
)

// do makes the request of a call that came through the library.
func (c *Connector) do(ctx context.Context, method string, u url.URL, body []byte) ([]byte, error) {
	call := callIn(ctx)
	if call == nil { // somebody uses the library's interface by itself
		call = &connectorCall{op: "connector." + method, lane: u.Path}
	}
	if body == nil {
		return c.request(ctx, call, method, u)
	}
	return c.request(ctx, call, method, u, body)
}

// request makes a request, again where that is right, until it is answered or ctx ends. Its body comes in parts, none where it
// has no body. Only here a token goes out.
func (c *Connector) request(ctx context.Context, call *connectorCall, method string, u url.URL, body ...[]byte) ([]byte, error) {
	if !c.hosts.allows(&u) {
		return nil, &ConnectorError{Op: call.op, Code: "service_host"}
	}
	seal(&u)
	ctx, cancel := within(ctx, deliveryTime)
	defer cancel()
	place, err := c.limits.enter(ctx, limitKey{rateKey{c.appID, call.tenant}, call.lane, call.reads}, call.patient)
	if err != nil {
		return nil, &ConnectorError{Op: call.op, Code: "waiting"}
	}
	defer place.leave()
	d := &delivery{connector: c, op: call.op, method: method, url: &u, body: body, place: place, limit: cmp.Or(call.limit, maxAnswerSize), attempts: c.attempts}
	if told, is := ctx.Value(tellingKey{}).(telling); is {
		d.attempts, d.name = 1, told.name
		if told.perhaps {
			c.lost.note(d.sum())
		}
	}
	return d.run(ctx)
}

// telling goes with a message that somebody keeps and sends again later: it is tried once at a time, and known by its name,
// because it may say something else the next time.
type telling struct {
	name    string
	perhaps bool // it may have been sent before, by a process that is no more
}

type tellingKey struct{}

func (k telling) in(ctx context.Context) context.Context {
	return context.WithValue(ctx, tellingKey{}, k)
}

// newPause is how long to wait where the service does not say: half a second and more, with jitter.
func newPause() *backoff.ExponentialBackOff {
	return &backoff.ExponentialBackOff{InitialInterval: 500 * time.Millisecond, RandomizationFactor: 0.5, Multiplier: 2, MaxInterval: 8 * time.Second}
}

// delivery is one request and all attempts at it. It keeps the turn in its conversation the whole time, so that what
// was said later does not overtake it.
type delivery struct {
	connector *Connector
	op        string
	method    string
	url       *url.URL
	body      [][]byte
	place     *limitPlace
	pause     *backoff.ExponentialBackOff // nil until it is needed
	limit     int64                       // bytes of the answer
	attempts  int                         // at most
	name      string                      // of what is sent, where that is not its words

	tries   int
	refused string // the token that got 401
	renewed bool
	last    *ConnectorError
}

func (d *delivery) run(ctx context.Context) ([]byte, error) {
	for {
		token, err := d.token(ctx)
		if err != nil {
			return nil, err
		}
		if err := d.place.spend(ctx); err != nil {
			return nil, d.waiting(err)
		}
		answer := d.careful(ctx, token)
		d.place.answered()
		d.tries++
		if answer.taken(d.method) {
			d.connector.lost.forget(d)
			return answer.body, nil
		}
		d.last = answer.problem(d.op)
		if !d.again(answer, token) {
			return nil, d.last
		}
	}
}

func (d *delivery) token(ctx context.Context) (string, error) {
	if d.refused == "" {
		return d.connector.tokens.Token(ctx)
	}
	refused := d.refused
	d.refused = ""
	return d.connector.tokens.Renew(ctx, refused)
}

// waiting is the error for a request that the limits did not let go in time: the one before it, if it was tried.
func (d *delivery) waiting(err error) *ConnectorError {
	e := d.last
	if e == nil {
		e = &ConnectorError{Op: d.op, Code: "waiting"}
	}
	var long errTooLong
	if errors.As(err, &long) {
		e.RetryAfter = long.wait
	}
	return e
}

// again decides whether to try once more, and makes the conversation rest until then.
//
// The connector has no key that would make a repeated POST harmless. When a message was sent whole and no answer came,
// it may be there or not. It is sent once more, because a lost answer is worse than a double one; but never a third time,
// not even when the caller asks again later.
func (d *delivery) again(a connectorAnswer, token string) bool {
	if a.status == http.StatusUnauthorized && !d.renewed {
		d.refused, d.renewed = token, true
		return true
	}
	if d.last.kind() != fault.Busy {
		return false
	}
	if d.last.Code == "lost" && d.method == http.MethodPost && !d.connector.lost.first(d.sum()) {
		d.last.Code = "lost_twice"
		return false
	}
	if d.pause == nil {
		d.pause = newPause()
	}
	wait := d.pause.NextBackOff()
	if a.asked {
		wait = d.last.RetryAfter
	}
	d.place.hold(wait)
	d.connector.log.Info("connector: trying again", "op", d.op, "status", d.last.Status, "code", d.last.Code, "wait", wait, "tries", d.tries)
	return d.tries < d.attempts
}

// within is context.WithTimeout, for nothing where ctx ends sooner.
func within(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if end, ends := ctx.Deadline(); ends && time.Until(end) <= d {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, d)
}

// careful makes an attempt. A message that was sent without an answer before goes out again only when the service
// answers a question that changes nothing, who is there: so its second chance is not used up on a service that is away.
func (d *delivery) careful(ctx context.Context, token string) connectorAnswer {
	if d.method != http.MethodPost || !d.connector.lost.knows(d) {
		return d.attempt(ctx, token)
	}
	conversation, _, sends := strings.Cut(d.url.Path, "/activities")
	if !sends {
		return d.attempt(ctx, token)
	}
	question, address := *d, *d.url
	address.Path, address.RawQuery = conversation+"/pagedmembers", "pageSize=1"
	seal(&address)
	question.method, question.url, question.body = http.MethodGet, &address, nil
	switch a := question.attempt(ctx, token); {
	case a.err != nil:
		return connectorAnswer{err: a.err}
	case a.status >= http.StatusInternalServerError:
		return connectorAnswer{status: http.StatusServiceUnavailable}
	}
	return d.attempt(ctx, token)
}

// sum names the request, for the memory of lost answers.
func (d *delivery) sum() [sha256.Size]byte {
	if d.name != "" {
		return sha256.Sum256([]byte(d.method + " " + d.url.String() + "\n\n" + d.name))
	}
	return sha256.Sum256([]byte(d.method + " " + d.url.String() + "\n" + string(bytes.Join(d.body, nil))))
}

// connectorAnswer is what came of one attempt.
type connectorAnswer struct {
	status int
	body   []byte
	cut    error // why the body is not whole
	// asked tells that the service said how long to wait, which is after.
	asked bool
	after time.Duration
	err   error // why there is no answer
	sent  bool  // the whole request went out
}

func (d *delivery) attempt(ctx context.Context, token string) connectorAnswer {
	if l, is := d.connector.http.Transport.(*lean); is && d.body != nil {
		end := time.Now().Add(attemptTime)
		if last, ends := ctx.Deadline(); ends && last.Before(end) {
			end = last
		}
		return l.carry(ctx, letter{d.method, d.url, token, d.body, d.limit, end})
	}
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(w httptrace.WroteRequestInfo) { sent.Store(w.Err == nil) }})
	req, err := d.ask(ctx, token)
	if err != nil {
		return connectorAnswer{err: err}
	}
	res, err := d.connector.http.Do(req)
	if err != nil {
		return connectorAnswer{err: err, sent: sent.Load()}
	}
	defer res.Body.Close()
	return newAnswer(res, d.limit)
}

// What requests say of what they bring and take.
const (
	acceptedTypes = "application/json, image/*"
	sentType      = "application/json; charset=utf-8"
)

// ask writes a request for net/http.
func (d *delivery) ask(ctx context.Context, token string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, d.method, d.url.String(), bytes.NewReader(bytes.Join(d.body, nil)))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", acceptedTypes)
	if d.body != nil {
		req.Header.Set("Content-Type", sentType)
	}
	return req, nil
}

// newAnswer reads an answer of net/http, as far as it may be long.
func newAnswer(res *http.Response, limit int64) connectorAnswer {
	a := connectorAnswer{status: res.StatusCode}
	a.body, a.cut = io.ReadAll(http.MaxBytesReader(nil, res.Body, limit))
	a.after, a.asked = retryAfter(res.Header.Get("Retry-After"), res.Header.Get("Date"), time.Now())
	return a
}

// taken tells whether the request did its work. What was written is written, even when the rest of the answer is lost.
func (a connectorAnswer) taken(method string) bool {
	return a.status/100 == 2 && (a.cut == nil || method != http.MethodGet)
}

// problem describes an answer that is none.
func (a connectorAnswer) problem(op string) *ConnectorError {
	var tooLong *http.MaxBytesError
	switch {
	case errors.Is(a.err, errNotPublic):
		return &ConnectorError{Op: op, Code: "not_public"}
	case a.err != nil && a.sent:
		return &ConnectorError{Op: op, Code: "lost"}
	case a.err != nil:
		return &ConnectorError{Op: op, Code: "unreachable"}
	case a.status/100 == 2 && errors.As(a.cut, &tooLong):
		return &ConnectorError{Op: op, Code: "too_long"}
	case a.status/100 == 2:
		return &ConnectorError{Op: op, Code: "unreachable"}
	}
	return &ConnectorError{Op: op, Status: a.status, Code: remoteCode(a.body), RetryAfter: a.after}
}

// remoteCode finds the connector's error code, in either of the shapes that were seen. Nothing else of the body is used.
func remoteCode(body []byte) string {
	var answer struct {
		Code  string `json:"code"`
		Error struct {
			Code string `json:"code"`
		} `json:"error"`
	}
	_ = json.Unmarshal(body, &answer) // no JSON, no code
	code := answer.Error.Code
	if code == "" {
		code = answer.Code
	}
	if len(code) > 64 || strings.ContainsFunc(code, func(r rune) bool { return r > unicode.MaxASCII || !(unicode.IsLetter(r) || unicode.IsDigit(r)) }) {
		return ""
	}
	return code
}

// retryAfter reads the header Retry-After: seconds, also with a fraction, or a date. A date is compared with the
// service's own clock where it tells it.
func retryAfter(value, date string, now time.Time) (time.Duration, bool) {
	value = strings.TrimSpace(value)
	if value == "" {
		return 0, false
	}
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		if !(seconds >= 0) { // negative, or no number
			return 0, false
		}
		return time.Duration(min(seconds, maxRetryAfter.Seconds()) * float64(time.Second)), true
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	if theirs, err := http.ParseTime(date); err == nil {
		now = theirs
	}
	return min(max(0, at.Sub(now)), maxRetryAfter), true
}

// lostAnswers remembers which messages were sent without an answer, so that none is sent a third time.
type lostAnswers struct {
	mu   sync.Mutex
	sums map[[sha256.Size]byte]bool
}

const maxLost = 10_000

func newLostAnswers() *lostAnswers { return &lostAnswers{sums: map[[sha256.Size]byte]bool{}} }

// first notes a lost answer and tells whether it is the first of its message.
func (l *lostAnswers) first(sum [sha256.Size]byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sums[sum] {
		delete(l.sums, sum)
		return false
	}
	l.keep(sum)
	return true
}

// note notes a message whose answer another process may have lost.
func (l *lostAnswers) note(sum [sha256.Size]byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keep(sum)
}

func (l *lostAnswers) keep(sum [sha256.Size]byte) {
	if len(l.sums) >= maxLost {
		clear(l.sums)
	}
	l.sums[sum] = true
}

// knows and forget reckon the sum only when there is any to compare it with: answers are seldom lost.
func (l *lostAnswers) knows(d *delivery) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.sums) > 0 && l.sums[d.sum()]
}

func (l *lostAnswers) forget(d *delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.sums) > 0 {
		delete(l.sums, d.sum())
	}
}
