package bot

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Lean makes a transport for the connector. Its messages go over HTTP/1.1 connections that are written and read by whoever
// sends, one request at a time, without requests, answers and goroutines of net/http: a third of the work. Everything else goes
// through base. count, which may be nil, hears of each call how it was answered (0 is not at all) and how long that took.
//
// How base dials, with its guard against private addresses, and what it trusts count here, too. Nothing is followed and nothing
// repeated. Answers are read whole before they are given.
func Lean(base *http.Transport, count func(status int, took time.Duration)) http.RoundTripper {
	if count == nil {
		count = func(int, time.Duration) {}
	}
	return &lean{base: base, count: count, idle: map[leanKey][]*leanConn{}}
}

type lean struct {
	base  *http.Transport
	count func(status int, took time.Duration)

	mu    sync.Mutex
	idle  map[leanKey][]*leanConn // the last one used is the last
	sweep *time.Timer             // closes what is idle for long; nil while nothing is
}

// letter is a message on its way.
type letter struct {
	method string
	url    *url.URL
	token  string
	body   [][]byte
	limit  int64     // bytes of the answer
	end    time.Time // until then it is waited for
}

const (
	// leanIdle is how many connections to one host wait for the next message: one for each sender of notices.
	leanIdle = 256
	// leanFresh is how long after an answer a connection is used again without a look at it: a service that ends one waits for
	// longer, and to look costs as much as a thirtieth of a message.
	leanFresh = 5 * time.Millisecond
	// leanHead is the longest head of an answer, in bytes, and leanHints how many answers may come before the real one.
	leanHead  = 64 << 10
	leanHints = 5
)

// leanConn is one connection. Its reader stops at the limit, whatever the service sends.
type leanConn struct {
	net.Conn
	limit io.LimitedReader
	in    *bufio.Reader
	since time.Time       // when it was used last
	end   time.Time       // its deadline
	raw   syscall.RawConn // below TLS; nil where there is none
	still bool            // what peek found
	spare [1]byte
}

// RoundTrip implements http.RoundTripper, for all that is no message.
func (l *lean) RoundTrip(r *http.Request) (*http.Response, error) {
	start := time.Now()
	res, err := l.base.RoundTrip(r)
	status := 0
	if err == nil {
		status = res.StatusCode
	}
	l.count(status, time.Since(start))
	return res, err
}

// carry sends a message and reads what is answered.
func (l *lean) carry(ctx context.Context, m letter) connectorAnswer {
	start := time.Now()
	a := l.call(ctx, m)
	l.count(a.status, time.Since(start))
	return a
}

func (l *lean) call(ctx context.Context, m letter) connectorAnswer {
	out := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(out)
	out.Reset()
	if err := m.write(out); err != nil {
		return connectorAnswer{err: err}
	}
	key := leanKey{m.url.Scheme, m.url.Host}
	c := l.take(key)
	if c == nil {
		var err error
		if c, err = l.dial(ctx, m); err != nil {
			return connectorAnswer{err: err}
		}
	}
	a, again := c.exchange(ctx, m, out.Bytes())
	if again {
		l.keep(key, c)
	} else {
		c.Close() // what was to be said is said, or not known
	}
	return a
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// leanKey names where a connection goes.
type leanKey struct{ scheme, host string }

// leanAddress is where a request goes.
func leanAddress(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Host
	case u.Scheme == "http":
		return net.JoinHostPort(u.Hostname(), "80")
	}
	return net.JoinHostPort(u.Hostname(), "443")
}

var errHeader = errors.New("a header that cannot be sent")

// write writes a request whole.
func (m letter) write(out *bytes.Buffer) error {
	if ends(m.url.Host) || strings.Contains(m.url.Host, " ") || ends(m.token) {
		return errHeader
	}
	length := 0
	for _, part := range m.body {
		length += len(part)
	}
	for _, part := range [...]string{m.method, " ", m.url.RequestURI(), " HTTP/1.1\r\nHost: ", m.url.Host, "\r\nUser-Agent: teamspro\r\nAuthorization: Bearer ", m.token,
		"\r\nAccept: " + acceptedTypes + "\r\nContent-Type: " + sentType + "\r\nContent-Length: "} {
		out.WriteString(part)
	}
	out.Write(strconv.AppendInt(out.AvailableBuffer(), int64(length), 10))
	out.WriteString("\r\n\r\n")
	for _, part := range m.body {
		out.Write(part)
	}
	return nil
}

// ends tells whether a text would end a header. Tokens are long, and one sign at a time is looked for many at a time.
func ends(text string) bool {
	return strings.IndexByte(text, '\n') >= 0 || strings.IndexByte(text, '\r') >= 0 || strings.IndexByte(text, 0) >= 0
}

// take gives a connection that waits, if one is still there.
func (l *lean) take(key leanKey) *leanConn {
	for {
		l.mu.Lock()
		waiting := l.idle[key]
		if len(waiting) == 0 {
			l.mu.Unlock()
			return nil
		}
		c := waiting[len(waiting)-1]
		l.idle[key] = waiting[:len(waiting)-1]
		l.mu.Unlock()
		if idle := time.Since(c.since); idle < leanFresh || idle < l.base.IdleConnTimeout && c.quiet() {
			return c
		}
		c.Close()
	}
}

// keep lets a connection wait for the next request.
func (l *lean) keep(key leanKey, c *leanConn) {
	c.since = time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.idle[key]) >= leanIdle {
		c.Close()
		return
	}
	l.idle[key] = append(l.idle[key], c)
	if l.sweep == nil {
		l.sweep = time.AfterFunc(l.base.IdleConnTimeout, l.clear)
	}
}

// clear closes what waits for too long, and comes again while anything waits.
func (l *lean) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, waiting := range l.idle {
		old := 0
		for old < len(waiting) && time.Since(waiting[old].since) >= l.base.IdleConnTimeout {
			waiting[old].Close()
			old++
		}
		if l.idle[key] = waiting[old:]; len(waiting) == old {
			delete(l.idle, key)
		}
	}
	if l.sweep = nil; len(l.idle) > 0 {
		l.sweep = time.AfterFunc(l.base.IdleConnTimeout, l.clear)
	}
}

// dial opens a connection as base does.
func (l *lean) dial(ctx context.Context, m letter) (*leanConn, error) {
	ctx, cancel := context.WithDeadline(ctx, m.end)
	defer cancel()
	conn, err := l.base.DialContext(ctx, "tcp", leanAddress(m.url))
	if err != nil {
		return nil, err
	}
	c := &leanConn{Conn: conn}
	if tcp, is := conn.(syscall.Conn); is {
		if c.raw, err = tcp.SyscallConn(); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	if m.url.Scheme == "https" {
		trust := l.base.TLSClientConfig.Clone()
		trust.ServerName, trust.NextProtos = m.url.Hostname(), []string{"http/1.1"}
		secure := tls.Client(conn, trust)
		ctx, cancel := context.WithTimeout(ctx, l.base.TLSHandshakeTimeout)
		defer cancel()
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		c.Conn = secure
	}
	c.limit.R = c.Conn
	c.in = bufio.NewReader(&c.limit)
	return c, nil
}

// quiet tells whether a connection that waits is open and has nothing to say: what comes without having been asked for, its
// end as a rule, is not the answer to the next request.
func (c *leanConn) quiet() bool {
	if c.raw == nil {
		return true
	}
	c.still = false
	err := c.raw.Read(c.peek)
	return err == nil && c.still
}

func (c *leanConn) peek(fd uintptr) bool {
	_, _, err := syscall.Recvfrom(int(fd), c.spare[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	c.still = errors.Is(err, syscall.EAGAIN)
	return true
}

// exchange sends a request and reads its answer; again tells whether the connection may be used once more.
func (c *leanConn) exchange(ctx context.Context, m letter, request []byte) (a connectorAnswer, again bool) {
	if err := c.endBy(m.end); err != nil {
		return connectorAnswer{err: err}, false
	}
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) }) // the connection is closed then
	_, err := c.Write(request)
	if err == nil {
		a, again, err = c.read(m)
		a.sent = true
	}
	again = stop() && again
	if a.err = err; err != nil && ctx.Err() != nil {
		a.err = errors.Join(ctx.Err(), err)
	}
	return a, again
}

// leanSlack is how much less than its time a message may have: so long a connection keeps its deadline, which costs to set.
const leanSlack = time.Second

// endBy gives the connection a deadline.
func (c *leanConn) endBy(end time.Time) error {
	if !end.Before(c.end) && end.Sub(c.end) < leanSlack {
		return nil
	}
	c.end = end
	return c.SetDeadline(end)
}
