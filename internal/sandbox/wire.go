package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
)

// maxLogged bounds each body that the log keeps.
const maxLogged = 64 << 10

// writeJSON answers with a JSON body.
func writeJSON(w http.ResponseWriter, status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		http.Error(w, "the answer could not be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(raw) // a client that left needs no answer
}

// readBody reads a body of at most limit bytes; errTooLarge says that there was more.
func readBody(r *http.Request, limit int64) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err == nil && int64(len(raw)) > limit {
		return nil, errTooLarge
	}
	return raw, err
}

var errTooLarge = errors.New("the body is too large")

// localOnly refuses requests that were not addressed to this machine (a page elsewhere whose name was pointed here) and those
// that a page of another origin sent.
func (s *Sandbox) localOnly(next http.Handler) http.Handler {
	sameOrigin := http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if !isLoopback(host) {
			http.Error(w, "the sandbox answers on this machine only", http.StatusMisdirectedRequest)
			return
		}
		sameOrigin.ServeHTTP(w, r)
	})
}

// callName names a request for the log, after it was handled; with bodies it also keeps what was said.
type callName struct {
	of     func(*http.Request) string
	bodies bool
}

// loginCall logs the sign-in service's calls by grant type, without their secrets.
var loginCall = callName{of: func(r *http.Request) string { return r.PostForm.Get("grant_type") }}

// called logs calls under a fixed name.
func called(name string) callName {
	return callName{of: func(*http.Request) string { return name }, bodies: true}
}

// recorded writes a request of the bot into the log.
func (s *Sandbox) recorded(name callName, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := s.now()
		request, answer := &sample{}, &recorder{ResponseWriter: w}
		r.Body = &teeBody{ReadCloser: r.Body, into: request}
		defer func() {
			e := entry{Direction: "out", At: began, Method: r.Method, Path: r.URL.Path, Status: answer.status, Name: name.of(r),
				MS: s.now().Sub(began).Milliseconds(), Token: shortToken(r.Header.Get("Authorization"))}
			if name.bodies {
				e.Request, e.Response = request.json(), answer.sample.json()
			}
			s.world.record(e)
		}()
		next.ServeHTTP(answer, r)
	})
}

// shortToken keeps the beginning of a bearer token, enough to tell two apart.
func shortToken(header string) string {
	token := strings.TrimPrefix(header, "Bearer ")
	if len(token) <= 12 {
		return ""
	}
	return token[:12] + "…"
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	sample sample
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	w.sample.add(p)
	return w.ResponseWriter.Write(p)
}

// Unwrap lets the connection behind it be flushed.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// teeBody lets the log read what the handler reads.
type teeBody struct {
	io.ReadCloser
	into *sample
}

func (b *teeBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.into.add(p[:n])
	return n, err
}

// sample holds the beginning of a body.
type sample struct {
	buf  bytes.Buffer
	more bool
}

func (s *sample) add(p []byte) {
	room := min(len(p), maxLogged-s.buf.Len())
	s.buf.Write(p[:room])
	s.more = s.more || room < len(p)
}

func (s *sample) json() json.RawMessage { return loggable(s.buf.Bytes(), s.more) }

// loggable gives a body as JSON when it is that, else a note of its size.
func loggable(raw []byte, cut bool) json.RawMessage {
	switch {
	case len(raw) == 0:
		return nil
	case cut:
		return json.RawMessage(`"(more than the log keeps)"`)
	case json.Valid(raw):
		return json.RawMessage(raw)
	}
	return json.RawMessage(`"(` + itoa(len(raw)) + ` bytes)"`)
}
