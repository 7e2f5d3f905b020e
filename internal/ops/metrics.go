// Package ops is what an operator looks at: metrics, health and the log.
//
// It knows nothing of contacts or conversations. What it counts and logs comes from the caller, which
// gives names of routes and operations, never what people wrote. Nothing leaves the machine by itself.
package ops

import (
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	maxUnknown = 50 // distinct names of what nobody answers; strangers choose them
	maxLabel   = 64 // bytes of such a name
	other      = "other"
)

// Metrics counts what the service does. It is safe for concurrent use; NewMetrics makes it.
type Metrics struct {
	registry     *prometheus.Registry
	turns        *prometheus.CounterVec
	turnTime     *prometheus.HistogramVec
	unknown      *prometheus.CounterVec
	outbound     *prometheus.CounterVec
	outboundTime *prometheus.HistogramVec
	refusals     *prometheus.CounterVec
	waiting      prometheus.Gauge
	notices      *prometheus.CounterVec
	outbox       prometheus.Gauge

	mu    sync.Mutex
	names map[string]bool // the unknown names that have a series
}

// NewMetrics makes Metrics with a registry of their own. Version is the program's.
func NewMetrics(version string) *Metrics {
	m := &Metrics{
		registry:     prometheus.NewRegistry(),
		turns:        counters("turns_total", "Activities answered, by app, route and result.", "app", "route", "kind"),
		turnTime:     times("turn_seconds", "Time to answer an activity.", turnBuckets, "app", "route"),
		unknown:      counters("unknown_total", "Invokes that no route answers, by name.", "name"),
		outbound:     counters("outbound_total", "Calls to other services, by operation and status (error: no answer).", "op", "status"),
		outboundTime: times("outbound_seconds", "Time until another service answers.", outboundBuckets, "op"),
		refusals:     counters("auth_refusals_total", "Requests refused before they were read, by reason.", "reason"),
		waiting:      prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "teamspro", Name: "replies_waiting", Help: "Replies that wait to be sent."}),
		notices:      counters("notices_total", "What became of notices, each try for itself, by product, operation and state.", "product", "op", "state"),
		outbox:       prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "teamspro", Name: "notices_waiting", Help: "Notices that are not sent yet."}),
		names:        map[string]bool{},
	}
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "teamspro", Name: "build_info", Help: "The running program."}, []string{"version", "go"})
	build.WithLabelValues(version, runtime.Version()).Set(1)
	m.registry.MustRegister(m.turns, m.turnTime, m.unknown, m.outbound, m.outboundTime, m.refusals, m.waiting, m.notices, m.outbox, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// The buckets surround the budgets: 50 ms for a search, 2 s for a card, 4 s as the hard stop of an
// invoke and 10 s of a message.
var (
	turnBuckets     = []float64{.002, .005, .01, .025, .05, .1, .25, .5, 1, 2, 4, 10}
	outboundBuckets = []float64{.01, .025, .05, .1, .25, .5, 1, 2, 5, 10, 30}
)

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "teamspro", Name: name, Help: help}, labels)
}

func times(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "teamspro", Name: name, Help: help, Buckets: buckets}, labels)
}

// Turn counts an answered activity: the app and route by their own names, the kind of the result ("ok" or
// a fault's kind) and how long it took.
func (m *Metrics) Turn(app, route, kind string, d time.Duration) {
	m.turns.WithLabelValues(app, route, kind).Inc()
	m.turnTime.WithLabelValues(app, route).Observe(d.Seconds())
}

// Unknown counts something that no route answers. The name comes from outside: it is made harmless, and
// beyond 50 names the rest count as "other".
func (m *Metrics) Unknown(name string) {
	m.unknown.WithLabelValues(m.known(sanitise(name))).Inc()
}

func (m *Metrics) known(name string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.names[name] {
		if len(m.names) >= maxUnknown {
			return other
		}
		m.names[name] = true
	}
	return name
}

// sanitise keeps the characters that names of invokes are made of.
func sanitise(name string) string {
	if len(name) > maxLabel {
		name = name[:maxLabel]
	}
	return strings.Map(func(r rune) rune {
		if r < 0x80 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-", r)) {
			return r
		}
		return '_'
	}, name)
}

// Outbound counts a call to another service; status 0 means that no answer came.
func (m *Metrics) Outbound(op string, status int, d time.Duration) {
	label := "error"
	if status != 0 {
		label = strconv.Itoa(status)
	}
	m.outbound.WithLabelValues(op, label).Inc()
	m.outboundTime.WithLabelValues(op).Observe(d.Seconds())
}

// Refused counts a request that was not let in; the reason is one of a fixed set.
func (m *Metrics) Refused(reason string) { m.refusals.WithLabelValues(reason).Inc() }

// Waiting says how many replies wait to be sent now.
func (m *Metrics) Waiting(n int) { m.waiting.Set(float64(n)) }

// Notice counts what became of a notice: the product and operation by their own names, and the state it is in now.
func (m *Metrics) Notice(product, op, state string) {
	m.notices.WithLabelValues(product, op, state).Inc()
}

// NoticesWaiting says how many notices are not sent yet.
func (m *Metrics) NoticesWaiting(n int) { m.outbox.Set(float64(n)) }

// handler serves the metrics in the text form of Prometheus.
func (m *Metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
}

// RoundTripper counts the calls that pass through next, under the name of the operation. A nil next is the
// default transport.
func RoundTripper(next http.RoundTripper, op string, m *Metrics) http.RoundTripper {
	if next == nil {
		next = http.DefaultTransport
	}
	return counting{next: next, op: op, metrics: m}
}

type counting struct {
	next    http.RoundTripper
	op      string
	metrics *Metrics
}

// RoundTrip counts a call when its header has come, or when it failed.
func (c counting) RoundTrip(r *http.Request) (*http.Response, error) {
	start := time.Now()
	response, err := c.next.RoundTrip(r)
	status := 0
	if err == nil {
		status = response.StatusCode
	}
	c.metrics.Outbound(c.op, status, time.Since(start))
	return response, err
}
