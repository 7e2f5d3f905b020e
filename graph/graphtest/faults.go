package graphtest

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strconv"
	"time"
)

// Fault is what happens to a request in place of, or around, what the Server does with it.
type Fault func(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc)

// pending is a fault that waits for requests of an operation.
type pending struct {
	op    string
	left  int
	fault Fault
}

// Fail lets the next n requests of an operation (see Request.Op) meet a fault.
func (s *Server) Fail(op string, n int, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &pending{op, n, f})
}

// Forgive forgets the faults that still wait.
func (s *Server) Forgive() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// fault is the first fault that waits for an operation.
func (s *Server) fault(op string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.faults {
		if p.op == op && p.left > 0 {
			p.left--
			return p.fault
		}
	}
	return nil
}

// Answer refuses with a status; headers are names and values.
func Answer(status int, headers ...string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		fail(w, status, "asked", "This was asked for.")
	}
}

// Say answers with a body of a content type.
func Say(status int, kind, body string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// Drop ends the connection before anything is done.
func Drop(http.ResponseWriter, *http.Request, http.HandlerFunc) { panic(http.ErrAbortHandler) }

// Lose does what is asked and ends the connection without an answer.
func Lose(_ http.ResponseWriter, r *http.Request, serve http.HandlerFunc) {
	serve(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

// Truncate ends the connection after n bytes of the answer's body.
func Truncate(n int) Fault {
	return func(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) {
		body := replay(w, r, serve)
		_, _ = w.Write(body[:min(n, len(body))])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// Slow sends the body with a pause in its middle.
func Slow(pause time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) {
		body := replay(w, r, serve)
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		select {
		case <-time.After(pause):
		case <-r.Context().Done():
		}
		_, _ = w.Write(body[len(body)/2:])
	}
}

// replay serves a request, sends the header of the answer and gives its body.
func replay(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) []byte {
	answer := httptest.NewRecorder()
	serve(answer, r)
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(answer.Body.Len()))
	w.WriteHeader(answer.Code)
	return answer.Body.Bytes()
}

// Endless sends JSON that never ends, until the other side has enough.
func Endless(w http.ResponseWriter, r *http.Request, _ http.HandlerFunc) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"value":[`))
	for part := bytes.Repeat([]byte(`{"id":"01ENDLESS","name":"a.png"},`), 2000); r.Context().Err() == nil; {
		if _, err := w.Write(part); err != nil {
			return
		}
	}
}

// Then runs fn before the request is served.
func Then(fn func()) Fault {
	return func(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) {
		fn()
		serve(w, r)
	}
}
