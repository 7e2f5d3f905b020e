package bot

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode"
)

// Lean makes a transport for the messages of the connector: POST and PUT go over HTTP/1.1 connections that are written and
// read by whoever sends, one request at a time, which takes half the work of net/http's two goroutines for each. Everything
// else, and what has no known length, goes through base.
//
// How base dials, with its guard against private addresses, and what it trusts count here, too. Like base behind a Connector
// it follows nothing and repeats nothing. The answer is read before it is given, as far as the Connector reads one.
func Lean(base *http.Transport) http.RoundTripper {
	return &lean{base: base, idle: map[string][]*leanConn{}}
}

type lean struct {
	base *http.Transport

	mu    sync.Mutex
	idle  map[string][]*leanConn // by scheme, host and port; the last one used is the last
	sweep *time.Timer            // closes what is idle for long; nil while nothing is
}

const (
	// leanIdle is how many connections to one host wait for the next message: one for each sender of notices.
	leanIdle = 256
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
	raw   syscall.RawConn // below TLS; nil where there is none
	still bool            // what peek found
	spare [1]byte
}

// RoundTrip implements http.RoundTripper.
func (l *lean) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodPost && r.Method != http.MethodPut || r.ContentLength <= 0 || r.Body == nil {
		return l.base.RoundTrip(r)
	}
	defer r.Body.Close()
	out := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(out)
	out.Reset()
	if err := writeRequest(out, r); err != nil {
		return nil, err
	}
	key, address := leanAddress(r.URL)
	c := l.take(key)
	if c == nil {
		var err error
		if c, err = l.dial(r.Context(), r.URL, address); err != nil {
			return nil, err
		}
	}
	res, again, err := c.exchange(r, out.Bytes())
	if again {
		l.keep(key, c)
	} else if c.Close(); err != nil { // what was to be said is said, or not known
		return nil, err
	}
	return res, nil
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// leanAddress names whom a request goes to, and where that is.
func leanAddress(u *url.URL) (key, address string) {
	address = u.Host
	if u.Port() == "" {
		address = net.JoinHostPort(u.Hostname(), map[string]string{"https": "443", "http": "80"}[u.Scheme])
	}
	return u.Scheme + "|" + address, address
}

var errHeader = errors.New("a header that cannot be sent")

// writeRequest writes a request whole.
func writeRequest(out *bytes.Buffer, r *http.Request) error {
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	for _, part := range []string{r.Method, " ", r.URL.RequestURI(), " HTTP/1.1\r\nHost: ", host, "\r\nUser-Agent: teamspro\r\nContent-Length: ", strconv.FormatInt(r.ContentLength, 10), "\r\n"} {
		out.WriteString(part)
	}
	if ends(host) || strings.Contains(host, " ") {
		return errHeader
	}
	for name, values := range r.Header {
		for _, value := range values {
			if ends(value) || ends(name) || strings.ContainsAny(name, ": ") {
				return errHeader
			}
			out.WriteString(name)
			out.WriteString(": ")
			out.WriteString(value)
			out.WriteString("\r\n")
		}
	}
	out.WriteString("\r\n")
	n, err := io.Copy(out, io.LimitReader(r.Body, r.ContentLength))
	if err == nil && n != r.ContentLength {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// ends tells whether a text would end a header. Tokens are long, and one sign at a time is looked for many at a time.
func ends(text string) bool {
	return strings.IndexByte(text, '\n') >= 0 || strings.IndexByte(text, '\r') >= 0 || strings.IndexByte(text, 0) >= 0
}

// take gives a connection that waits, if one is still there.
func (l *lean) take(key string) *leanConn {
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
		if time.Since(c.since) < l.base.IdleConnTimeout && c.quiet() {
			return c
		}
		c.Close()
	}
}

// keep lets a connection wait for the next request.
func (l *lean) keep(key string, c *leanConn) {
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
func (l *lean) dial(ctx context.Context, u *url.URL, address string) (*leanConn, error) {
	conn, err := l.base.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	c := &leanConn{Conn: conn}
	if tcp, is := conn.(syscall.Conn); is {
		if c.raw, err = tcp.SyscallConn(); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	if u.Scheme == "https" {
		trust := l.base.TLSClientConfig.Clone()
		trust.ServerName, trust.NextProtos = u.Hostname(), []string{"http/1.1"}
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
func (c *leanConn) exchange(r *http.Request, request []byte) (res *http.Response, again bool, err error) {
	end, _ := r.Context().Deadline() // none is no deadline
	if err := c.SetDeadline(end); err != nil {
		return nil, false, err
	}
	stop := context.AfterFunc(r.Context(), func() { _ = c.SetDeadline(time.Unix(1, 0)) }) // the connection is closed below
	defer func() {
		if again = stop() && again; err != nil && r.Context().Err() != nil {
			err = errors.Join(r.Context().Err(), err)
		}
	}()
	_, err = c.Write(request)
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.WroteRequest != nil {
		trace.WroteRequest(httptrace.WroteRequestInfo{Err: err})
	}
	if err != nil {
		return nil, false, err
	}
	if res, err = c.head(r); err != nil {
		return nil, false, err
	}
	whole := c.body(res)
	return res, whole && !res.Close && c.in.Buffered() == 0, nil
}

var errHints = errors.New("too many answers before the answer")

// head reads the head of the answer, past those that only say that it will come.
func (c *leanConn) head(r *http.Request) (*http.Response, error) {
	for range leanHints {
		c.limit.N = leanHead
		res, err := c.answer(r)
		if err != nil || res.StatusCode >= http.StatusOK {
			return res, err
		}
		if res.StatusCode == http.StatusSwitchingProtocols {
			return nil, errHints
		}
	}
	return nil, errHints
}

// answer reads one head. A plain one, as nearly all are, needs no reader of everything that HTTP allows.
func (c *leanConn) answer(r *http.Request) (*http.Response, error) {
	if _, err := c.in.Peek(1); err == nil {
		if res := c.plain(r); res != nil {
			return res, nil
		}
	}
	return http.ReadResponse(c.in, r)
}

// plain reads a head that lies in the buffer whole, in lines of a name and a value, with one length and nothing that changes what
// a body or a connection is. Of any other it reads nothing and gives nil.
func (c *leanConn) plain(r *http.Request) *http.Response {
	there, _ := c.in.Peek(c.in.Buffered())
	end := bytes.Index(there, []byte("\r\n\r\n"))
	if end < 0 {
		return nil
	}
	first, lines, _ := strings.Cut(string(there[:end]), "\r\n")
	status := plainStatus(first)
	header := plainHeader(lines)
	lengths := header["Content-Length"]
	if status == 0 || len(lengths) != 1 || header["Transfer-Encoding"] != nil || header["Connection"] != nil {
		return nil
	}
	length, err := strconv.ParseUint(lengths[0], 10, 32)
	if err != nil {
		return nil
	}
	if _, err := c.in.Discard(end + len("\r\n\r\n")); err != nil {
		return nil
	}
	return &http.Response{StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: header, ContentLength: int64(length),
		Body: io.NopCloser(io.LimitReader(c.in, int64(length))), Request: r}
}

// plainStatus reads the first line of an answer that may have a body; 0 is any other.
func plainStatus(line string) int {
	digits, is := strings.CutPrefix(line, "HTTP/1.1 ")
	if !is || len(digits) < 3 || len(digits) > 3 && digits[3] != ' ' || strings.ContainsFunc(line, unicode.IsControl) {
		return 0
	}
	status, err := strconv.Atoi(digits[:3])
	if err != nil || status < http.StatusOK || status == http.StatusNoContent || status == http.StatusNotModified {
		return 0
	}
	return status
}

// plainHeader reads the lines of a head; nil where one of them is not plain.
func plainHeader(lines string) http.Header {
	header := http.Header{}
	values := make([]string, 0, strings.Count(lines, "\n")+1)
	for len(lines) > 0 {
		line, rest, _ := strings.Cut(lines, "\r\n")
		name, value, is := strings.Cut(line, ":")
		if !is || name == "" || !isPlain(name) || strings.ContainsFunc(value, unicode.IsControl) {
			return nil
		}
		key, trimmed := textproto.CanonicalMIMEHeaderKey(name), strings.Trim(value, " \t")
		if header[key] != nil { // seldom
			header[key] = append(header[key], trimmed)
		} else {
			values = append(values, trimmed)
			header[key] = values[len(values)-1 : len(values) : len(values)]
		}
		lines = rest
	}
	return header
}

// isPlain tells whether a name of a header is made of letters, digits and hyphens.
func isPlain(name string) bool {
	for i := range len(name) {
		if c := name[i]; (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// body reads the body of the answer into memory, one byte more than a Connector reads at most. Where it breaks off, whoever
// reads it finds that.
func (c *leanConn) body(res *http.Response) (whole bool) {
	c.limit.N = math.MaxInt64
	kept, err := wholeBody(res)
	res.Body = io.NopCloser(bytes.NewReader(kept))
	if err != nil {
		res.Body = io.NopCloser(io.MultiReader(bytes.NewReader(kept), broken{err}))
	}
	return err == nil && len(kept) <= maxAnswerSize
}

func wholeBody(res *http.Response) ([]byte, error) {
	if res.ContentLength < 0 || res.ContentLength > maxAnswerSize {
		return io.ReadAll(io.LimitReader(res.Body, maxAnswerSize+1))
	}
	kept := make([]byte, res.ContentLength)
	n, err := io.ReadFull(res.Body, kept)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return kept[:n], err
}

// broken is the rest of what broke off.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }
