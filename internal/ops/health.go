package ops

import (
	"encoding/json"
	"net/http"
	"strings"
)

// Health is what readiness depends on.
type Health struct {
	// Checks are asked at each request and answer at once, from what they already know. The text of an
	// error is shown to whoever asks: a sentence for the operator, without secrets, paths or addresses.
	Checks map[string]func() error
	// Draining tells that the service is stopping; nil means never.
	Draining func() bool
	Metrics  *Metrics
}

const (
	fine        = "ok"
	stopping    = "the service is stopping"
	maxSentence = 200 // characters of a check's answer
)

// Readiness is the body of /readyz.
type Readiness struct {
	Ready bool `json:"ready"`
	// Checks holds "ok" or a sentence for each check, and for "draining".
	Checks map[string]string `json:"checks"`
}

// Handler serves GET /healthz (the process lives), /readyz (it can do its work: 200 or 503) and /metrics.
func Handler(h Health) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, "text/plain; charset=utf-8", []byte(fine))
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		r := h.readiness()
		status := http.StatusOK
		if !r.Ready {
			status = http.StatusServiceUnavailable
		}
		body, err := json.Marshal(r)
		if err != nil {
			status, body = http.StatusInternalServerError, nil
		}
		answer(w, status, "application/json", body)
	})
	mux.Handle("GET /metrics", h.Metrics.handler())
	return mux
}

func (h Health) readiness() Readiness {
	r := Readiness{Ready: true, Checks: map[string]string{"draining": fine}}
	if h.Draining != nil && h.Draining() {
		r.Ready, r.Checks["draining"] = false, stopping
	}
	for name, check := range h.Checks {
		r.Checks[name] = fine
		if err := check(); err != nil {
			r.Ready, r.Checks[name] = false, sentence(err)
		}
	}
	return r
}

// sentence is the text of an error, on one line and not too long, without anything like a token.
func sentence(err error) string {
	s := []rune(redact(strings.Join(strings.Fields(err.Error()), " ")))
	if len(s) > maxSentence {
		s = append(s[:maxSentence], '…')
	}
	return string(s)
}

func answer(w http.ResponseWriter, status int, kind string, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body) // whoever asked may be gone
}
