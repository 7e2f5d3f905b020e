package bot

import (
	"bufio"
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// script is a service that answers each request of a connection with the next of its lines, whole or not, and closes the
// connection after the last.
func script(t *testing.T, answers ...string) (address string, connections *atomic.Int32) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	connections = new(atomic.Int32)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			go func() {
				defer conn.Close()
				in := bufio.NewReader(conn)
				for _, answer := range answers {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, r.Body)
					_, _ = io.WriteString(conn, answer)
				}
			}()
		}
	}()
	return listener.Addr().String(), connections
}

// over makes the way of messages over a transport.
func over(base *http.Transport) *lean { return Lean(base, nil).(*lean) }

// letterTo is a message to an address.
func letterTo(t *testing.T, address string) letter {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return letter{method: http.MethodPost, url: u, token: "token", body: [][]byte{[]byte("hel"), []byte("lo")}, limit: maxAnswerSize, end: time.Now().Add(time.Minute)}
}

// posts sends a message and gives the status and body of the answer, or what was wrong.
func posts(t *testing.T, l *lean, address string) string {
	t.Helper()
	a := l.carry(t.Context(), letterTo(t, address))
	switch {
	case a.err != nil:
		return "no answer"
	case a.cut != nil:
		return fmt.Sprint(a.status, " ", len(a.body), " and breaks off")
	}
	return fmt.Sprint(a.status, " ", string(a.body))
}

// TestLeanReadsAnswers has a service that answers in every way. A connection is used again only after an answer that came
// whole, with nothing behind it.
func TestLeanReadsAnswers(t *testing.T) {
	t.Parallel()
	const ok = "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}"
	long := strings.Repeat("x", maxAnswerSize+5)
	for _, row := range []struct {
		name        string
		first       string
		said        string
		connections int32
	}{
		{"whole", ok, "201 {}", 1},
		{"in chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "200 {}", 1},
		{"without a body", "HTTP/1.1 204 No Content\r\n\r\n", "204 ", 1},
		{"a redirect, which is not followed", "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", "307 ", 1},
		{"hints before", "HTTP/1.1 103 Early Hints\r\n\r\n" + ok, "201 {}", 1},
		{"nothing but hints", strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", leanHints), "no answer", 2},
		{"another protocol", "HTTP/1.1 101 Switching Protocols\r\n\r\n", "no answer", 2},
		{"it will close", "HTTP/1.1 201 Created\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}", "201 {}", 2},
		{"the old protocol", "HTTP/1.0 201 Created\r\nContent-Length: 2\r\n\r\n{}", "201 {}", 2},
		{"an answer to what was not asked", ok + "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nevil!", "201 {}", 2},
		{"too long", "HTTP/1.1 201 Created\r\nContent-Length: 1048581\r\n\r\n" + long, "201 1048576 and breaks off", 2},
		{"a head too long", "HTTP/1.1 201 Created\r\nX: " + long + "\r\n\r\n", "no answer", 2},
		{"no HTTP", "220 mail.example ESMTP\r\n", "no answer", 2},
		{"two lengths", "HTTP/1.1 201 Created\r\nContent-Length: 2\r\nContent-Length: 7\r\n\r\n{}", "no answer", 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			address, connections := script(t, row.first, ok)
			transport := over(GuardedTransport([]string{address}, nil))
			if said := posts(t, transport, "http://"+address+"/a"); said != row.said {
				t.Errorf("got %q, want %q", said, row.said)
			}
			posts(t, transport, "http://"+address+"/b")
			if n := connections.Load(); n != row.connections {
				t.Errorf("%d connections, want %d", n, row.connections)
			}
		})
	}
}

// FuzzLeanAnswer holds the short way of reading a head to net/http's: what it takes, that takes as well, and reads the same.
func FuzzLeanAnswer(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
		"HTTP/1.1 429\r\nretry-after: 3\r\nRetry-After:4 \r\ncontent-length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: a\r\n b\r\n\r\n{}",
		"HTTP/1.1 200 OK\r\nContent-Length: +2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"HTTP/1.1 200 \n\r\nContent-Length:0\r\n\r\n",
		"HTTP/1.1 +20 OK\r\nContent-Length: 2\r\n\r\n{}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		c := &leanConn{in: bufio.NewReader(bytes.NewReader(answer))}
		c.limit.R = bytes.NewReader(nil)
		if _, err := c.in.Peek(1); err != nil {
			return
		}
		got, length, is := c.plain()
		if !is {
			return
		}
		whole := c.body(&got, length, maxAnswerSize)
		res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(answer)), &http.Request{Method: http.MethodPost})
		if err != nil {
			t.Fatalf("net/http refuses %q: %v", answer, err)
		}
		want := newAnswer(res, maxAnswerSize)
		if got.status != want.status || length != res.ContentLength || res.Close || !bytes.Equal(got.body, want.body) || whole != (want.cut == nil) || got.asked != want.asked {
			t.Errorf("%q: got %+v of %d, net/http %+v of %d", answer, got, length, want, res.ContentLength)
		}
	})
}

// TestLeanBreaksOff: who reads an answer that breaks off finds that.
func TestLeanBreaksOff(t *testing.T) {
	t.Parallel()
	address, _ := script(t, "HTTP/1.1 201 Created\r\nContent-Length: 20\r\n\r\n{")
	if said := posts(t, over(GuardedTransport([]string{address}, nil)), "http://"+address); said != "201 1 and breaks off" {
		t.Errorf("got %q", said)
	}
}

// TestLeanNoticesWhatWasClosed: a connection that the service closed while it waited takes no message with it.
func TestLeanNoticesWhatWasClosed(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer server.Close()
	transport := over(GuardedTransport([]string{strings.TrimPrefix(server.URL, "http://")}, nil))
	for range 3 {
		if said := posts(t, transport, server.URL); said != "200 " {
			t.Errorf("got %q", said)
		}
		key := leanKey{"http", strings.TrimPrefix(server.URL, "http://")}
		c := transport.idle[key][0]
		c.since = c.since.Add(-leanFresh)
		server.CloseClientConnections()
		for end := time.Now().Add(5 * time.Second); c.quiet() && time.Now().Before(end); { // the end is on its way
			time.Sleep(time.Millisecond)
		}
	}
	if n := asked.Load(); n != 3 {
		t.Errorf("asked %d times", n)
	}
}

// TestLeanClosesWhatIsIdle forgets connections that nobody used for long, and keeps no more than one for each sender.
func TestLeanClosesWhatIsIdle(t *testing.T) {
	t.Parallel()
	base := GuardedTransport(nil, nil)
	base.IdleConnTimeout = time.Hour
	l, key := over(base), leanKey{"http", "k"}
	var ends []net.Conn
	for range leanIdle + 1 {
		near, far := net.Pipe()
		l.keep(key, &leanConn{Conn: near})
		ends = append(ends, far)
	}
	if n := len(l.idle[key]); n != leanIdle {
		t.Errorf("%d are kept", n)
	}
	if _, err := ends[leanIdle].Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the one too many: %v", err)
	}
	for i, c := range l.idle[key] {
		if i < leanIdle-1 {
			c.since = c.since.Add(-time.Hour)
		}
	}
	l.clear()
	if n := len(l.idle[key]); n != 1 || l.sweep == nil {
		t.Errorf("%d are left", n)
	}
	if _, err := ends[0].Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("an old one: %v", err)
	}
	l.idle[key][0].since = time.Time{}
	if l.take(key) != nil {
		t.Error("an old one is used")
	}
	l.sweep.Stop()
}

// TestLeanRefusesToWrite what would be more than one request.
func TestLeanRefusesToWrite(t *testing.T) {
	t.Parallel()
	address, connections := script(t, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
	transport := over(GuardedTransport([]string{address}, nil))
	for name, spoil := range map[string]func(*letter){
		"token": func(m *letter) { m.token = "a\r\nHost: evil.example" },
		"host":  func(m *letter) { m.url.Host = "a\r\nb: c" },
		"space": func(m *letter) { m.url.Host = "a HTTP/1.1" },
	} {
		m := letterTo(t, "http://"+address)
		spoil(&m)
		if a := transport.carry(t.Context(), m); a.err == nil || a.sent {
			t.Errorf("%s: it was sent", name)
		}
	}
	if n := connections.Load(); n != 0 {
		t.Errorf("%d connections", n)
	}
}

// TestLeanCounts hears of every call, and how it was answered.
func TestLeanCounts(t *testing.T) {
	t.Parallel()
	address, _ := script(t, "HTTP/1.1 429 Too Many Requests\r\nretry-after: 3\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
	var counted []int
	l := Lean(GuardedTransport([]string{address}, nil), func(status int, _ time.Duration) { counted = append(counted, status) }).(*lean)
	if a := l.carry(t.Context(), letterTo(t, "http://"+address)); a.status != http.StatusTooManyRequests || !a.asked || a.after != 3*time.Second {
		t.Errorf("got %+v", a)
	}
	res, err := (&http.Client{Transport: l}).Get("http://" + address)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	l.carry(t.Context(), letterTo(t, "http://127.0.0.1:1"))
	if diff := cmp.Diff([]int{http.StatusTooManyRequests, http.StatusTooManyRequests, 0}, counted); diff != "" {
		t.Error(diff)
	}
}

// TestLeanTrusts only whom the transport trusts, and speaks HTTP/1.1 where the service knows more.
func TestLeanTrusts(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto) }))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	known := x509.NewCertPool()
	known.AddCert(server.Certificate())
	address := strings.TrimPrefix(server.URL, "https://")
	got := []string{posts(t, over(GuardedTransport([]string{address}, known)), server.URL), posts(t, over(GuardedTransport([]string{address}, nil)), server.URL)}
	if diff := cmp.Diff([]string{"200 HTTP/1.1", "no answer"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestLeanEndsWithItsContext: what was sent and not answered is known to have been sent.
func TestLeanEndsWithItsContext(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{})
	hold := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { close(asked); <-hold }))
	defer server.Close()
	defer close(hold)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	a := over(GuardedTransport([]string{strings.TrimPrefix(server.URL, "http://")}, nil)).carry(ctx, letterTo(t, server.URL))
	if !errors.Is(a.err, context.Canceled) || !a.sent {
		t.Errorf("%v, sent %v", a.err, a.sent)
	}
}

// TestLeanEndsInTime: a service that does not answer is waited for as long as was said.
func TestLeanEndsInTime(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	address := listener.Addr().String()
	m := letterTo(t, "http://"+address)
	m.end = time.Now().Add(20 * time.Millisecond)
	a := over(GuardedTransport([]string{address}, nil)).carry(t.Context(), m)
	if !errors.Is(a.err, os.ErrDeadlineExceeded) || !a.sent {
		t.Errorf("%v, sent %v", a.err, a.sent)
	}
}
