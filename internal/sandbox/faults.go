package sandbox

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// The operations that faults are asked for and limits are counted by.
const (
	opSend          = "send" // send, reply, create
	opUpdate        = "update"
	opDelete        = "delete"
	opMembers       = "members"       // rosters
	opConversations = "conversations" // teams, channels, meetings
	opFiles         = "files"         // attachments
	opGraph         = "graph"         // all of Graph; the next five are parts of it
	opDrive         = "drive"         // reading sites, drives, items, and where their bytes are
	opWrite         = "write"         // changing items
	opSession       = "session"       // beginning an upload
	opThumbnail     = "thumbnail"     // lists of thumbnails
	opShare         = "share"         // making links
	opDownload      = "download"      // the bytes themselves, at their own address
	opUpload        = "upload"        // parts of an upload, at its own address
	opSay           = "say"           // send, update and delete
	opAny           = "any"
)

// parts are the operations that trouble of another one concerns as well.
var parts = map[string][]string{opGraph: {opDrive, opWrite, opSession, opThumbnail, opShare}, opSay: {opSend, opUpdate, opDelete}}

// ops are all that trouble may be asked for.
var ops = []string{opSend, opUpdate, opDelete, opSay, opMembers, opConversations, opFiles, opGraph, opDrive, opWrite, opSession, opThumbnail, opShare, opDownload,
	opUpload, opAny}

// Bounds of what may be asked for.
const (
	maxFaults = 1000
	maxHang   = time.Minute
	maxDown   = 10 * time.Minute
	maxWait   = 24 * time.Hour
)

// faultOrder asks for trouble: the next Count requests of an operation fail.
type faultOrder struct {
	Op          string `json:"op"`
	Status      int    `json:"status,omitempty"`         // answered instead; 0 = the real answer
	Code        string `json:"code,omitempty"`           // of the error in the answer; what goes with the status when empty
	RetryAfter  header `json:"retryAfter,omitempty"`     // header value of a 429 or 503: seconds, as a text or a number
	RetryDate   int    `json:"retryAfterDate,omitempty"` // the header is a date so many seconds after the answer
	Count       int    `json:"count"`                    // how many requests; 1 when 0
	Claims      string `json:"claims,omitempty"`         // JSON that a 401 asks the next token for, as continuous access evaluation does
	Done        bool   `json:"done,omitempty"`           // carried out, whatever the answer says
	Drop        bool   `json:"drop,omitempty"`           // carried out, but the connection drops before the answer
	Lost        bool   `json:"lost,omitempty"`           // the connection drops before anything is carried out
	CutAfter    int64  `json:"cutAfter,omitempty"`       // carried out, but the connection drops after so many bytes of the answer
	HangMS      int    `json:"hangMs,omitempty"`         // waits before going on
	DownSeconds int    `json:"downSeconds,omitempty"`    // everything answers 503 for that long
	Limits      *bool  `json:"limits,omitempty"`         // Teams' own limits per conversation hold from now on, or no more

	chat *chat // the only place where it happens; everywhere when nil
}

// header is a header's value; JSON may give it as a number.
type header string

// UnmarshalJSON reads a text or a number.
func (h *header) UnmarshalJSON(raw []byte) error {
	var number json.Number // takes both, and refuses text that is no number
	err := json.Unmarshal(raw, &number)
	*h = header(number)
	return err
}

// faults holds the trouble that was asked for. It is safe for concurrent use.
type faults struct {
	now       func() time.Time
	mu        sync.Mutex
	queue     []faultOrder
	down      time.Time
	limits    bool
	throttled int                    // requests that Teams' limits refused
	seen      map[string][]time.Time // app, conversation, operation → when
}

func newFaults(now func() time.Time) *faults {
	return &faults{now: now, seen: map[string][]time.Time{}}
}

// add takes an order; an impossible one is refused with a sentence.
func (f *faults) add(o faultOrder) error {
	o.Count, o.Op = max(o.Count, 1), orElse(o.Op, opAny)
	if err := o.check(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if o.DownSeconds > 0 {
		f.down = f.now().Add(time.Duration(o.DownSeconds) * time.Second)
	}
	if o.Limits != nil {
		f.limits, f.throttled, f.seen = *o.Limits, 0, map[string][]time.Time{}
	}
	if o.fails() && len(f.queue) < maxFaults {
		f.queue = append(f.queue, o)
	}
	return nil
}

func (o faultOrder) check() error {
	switch {
	case o.Status != 0 && (o.Status < 400 || o.Status > 599), o.Count > maxFaults:
		return errors.New("status must be 400–599 and count at most 1000")
	case !slices.Contains(ops, o.Op):
		return errors.New("op must be one of " + strings.Join(ops, ", "))
	case milliseconds(o.HangMS) > maxHang, seconds(o.DownSeconds) > maxDown, seconds(o.RetryDate) > maxWait, o.HangMS < 0, o.DownSeconds < 0, o.CutAfter < 0:
		return errors.New("hangMs must be at most 60000, downSeconds at most 600, retryAfterDate at most a day, and nothing negative")
	}
	return nil
}

// fails tells whether an order concerns requests, and not only the world as a whole.
func (o faultOrder) fails() bool {
	return o.Status != 0 || o.Drop || o.Lost || o.HangMS > 0 || o.CutAfter > 0
}

func milliseconds(n int) time.Duration { return time.Duration(n) * time.Millisecond }
func seconds(n int) time.Duration      { return time.Duration(n) * time.Second }

// clear ends all trouble.
func (f *faults) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queue, f.down, f.limits, f.throttled, f.seen = nil, time.Time{}, false, 0, map[string][]time.Time{}
}

// faultsView is the trouble in force, as the page shows it.
type faultsView struct {
	Orders      []faultView `json:"orders"`
	DownSeconds int         `json:"downSeconds"` // how long everything stays down
	Limits      bool        `json:"limits"`      // Teams' own limits hold
	Throttled   int         `json:"throttled"`   // requests that those refused since
}

// faultView is an order with how many requests it still concerns.
type faultView struct {
	faultOrder
	Where string `json:"where,omitempty"` // the only conversation where it happens
}

func (f *faults) view() faultsView {
	f.mu.Lock()
	defer f.mu.Unlock()
	v := faultsView{Orders: []faultView{}, Limits: f.limits, Throttled: f.throttled}
	if left := f.down.Sub(f.now()); left > 0 {
		v.DownSeconds = int(left.Seconds()) + 1
	}
	for _, o := range f.queue {
		one := faultView{faultOrder: o}
		if o.chat != nil {
			one.Where = o.chat.key
		}
		v.Orders = append(v.Orders, one)
	}
	return v
}

// next takes the first order that concerns an operation in a place.
func (f *faults) next(op, conversation string) faultOrder {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.now().Before(f.down) {
		return faultOrder{Status: http.StatusServiceUnavailable}
	}
	for i := range f.queue {
		if !f.queue[i].concerns(op, conversation) {
			continue
		}
		o := f.queue[i]
		if f.queue[i].Count--; f.queue[i].Count == 0 {
			f.queue = append(f.queue[:i:i], f.queue[i+1:]...)
		}
		return o
	}
	return faultOrder{}
}

func (o faultOrder) concerns(op, conversation string) bool {
	if o.Op != op && o.Op != opAny && !slices.Contains(parts[o.Op], op) {
		return false
	}
	id, _, _ := strings.Cut(conversation, ";")
	return o.chat == nil || o.chat.id == id
}

// troubled lets an operation fail as ordered.
func (s *Sandbox) troubled(op string, refuse func(w http.ResponseWriter, status int, code string), next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o := s.faults.next(op, aimedAt(r))
		if o.Count > 0 {
			s.world.stir(event{Type: "faults"})
		}
		if !pause(r, milliseconds(o.HangMS)) {
			return
		}
		switch {
		case o.Lost:
			panic(http.ErrAbortHandler) // closes the connection without an answer
		case o.Drop:
			next.ServeHTTP(unheard(r))
			panic(http.ErrAbortHandler)
		case o.Status != 0:
			if o.Done {
				next.ServeHTTP(unheard(r))
			}
			o.writeHeaders(w.Header(), s.now(), s.loginB)
			refuse(w, o.Status, o.Code)
		case o.CutAfter > 0:
			next.ServeHTTP(&scissors{ResponseWriter: w, left: o.CutAfter}, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// writeHeaders says how long to wait, and what token is wanted.
func (o faultOrder) writeHeaders(h http.Header, now time.Time, login string) {
	switch {
	case o.RetryDate > 0:
		h.Set("Retry-After", now.Add(seconds(o.RetryDate)).UTC().Format(http.TimeFormat))
	case o.RetryAfter != "":
		h.Set("Retry-After", string(o.RetryAfter))
	}
	if o.Claims != "" {
		h.Set("WWW-Authenticate", `Bearer realm="", authorization_uri="`+login+`/common/oauth2/authorize", error="insufficient_claims", claims="`+
			base64.StdEncoding.EncodeToString([]byte(o.Claims))+`"`)
	}
}

// aimedAt is the conversation that a request concerns: the one in its path, or the channel in which it opens a thread.
func aimedAt(r *http.Request) string {
	if id := r.PathValue("conversation"); id != "" || r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/v3/conversations") {
		return id
	}
	raw, err := readBody(r, maxActivity)
	if err != nil {
		return "" // it is refused by whoever reads it next
	}
	r.Body = io.NopCloser(bytes.NewReader(raw))
	var want newConversation
	_ = json.Unmarshal(raw, &want) // what cannot be read names no channel
	return want.ChannelData.Channel.ID
}

// unheardKey marks the context of a request whose real answer nobody gets.
type unheardKey struct{}

// unheard lets a request be carried out without an answer.
func unheard(r *http.Request) (http.ResponseWriter, *http.Request) {
	return &blackhole{header: http.Header{}}, r.WithContext(context.WithValue(r.Context(), unheardKey{}, true))
}

// pause waits; false when the caller has gone meanwhile.
func pause(r *http.Request, d time.Duration) bool {
	if d == 0 {
		return true
	}
	select {
	case <-time.After(d):
		return true
	case <-r.Context().Done():
		return false
	}
}

// blackhole takes an answer that nobody will see.
type blackhole struct{ header http.Header }

func (b *blackhole) Header() http.Header         { return b.header }
func (b *blackhole) Write(p []byte) (int, error) { return len(p), nil }
func (b *blackhole) WriteHeader(int)             {}

// scissors let an answer begin and drop the connection in its middle.
type scissors struct {
	http.ResponseWriter
	left int64
}

func (s *scissors) Write(p []byte) (int, error) {
	if int64(len(p)) < s.left {
		s.left -= int64(len(p))
		return s.ResponseWriter.Write(p)
	}
	_, _ = s.ResponseWriter.Write(p[:s.left])
	_ = http.NewResponseController(s.ResponseWriter).Flush() // so that what was sent arrives
	panic(http.ErrAbortHandler)
}

// window is one of Teams' limits: so many requests in a span, for one bot in one conversation.
type window struct {
	span  time.Duration
	sends int
	reads int
}

// windows are the published limits (Microsoft's rate-limit table for bots, 2022-09).
var windows = []window{{time.Second, 7, 14}, {2 * time.Second, 8, 16}, {30 * time.Second, 60, 120}, {time.Hour, 1800, 3600}}

// allow counts a request against Teams' limits, when they hold. A refused request tells how long to wait.
func (f *faults) allow(app, conversation, op string) (wait time.Duration, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.limits {
		return 0, true
	}
	now, key := f.now(), app+" "+conversation+" "+op
	past := since(f.seen[key], now.Add(-time.Hour))
	for _, w := range windows {
		limit := w.reads
		if slices.Contains(parts[opSay], op) {
			limit = w.sends
		}
		if recent := since(past, now.Add(-w.span)); len(recent) >= limit {
			f.throttled++
			return recent[0].Add(w.span).Sub(now), false
		}
	}
	f.seen[key] = append(past, now)
	return 0, true
}

// since drops the times that are not after a moment; times ascend.
func since(times []time.Time, moment time.Time) []time.Time {
	for i, t := range times {
		if t.After(moment) {
			return times[i:]
		}
	}
	return nil
}
