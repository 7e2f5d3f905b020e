package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// The operations that faults are asked for and limits are counted by.
const (
	opSend          = "send"          // send, reply, create
	opUpdate        = "update"        // update, delete
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
	opAny           = "any"
)

// parts are the operations that trouble of another one concerns as well.
var parts = map[string][]string{opGraph: {opDrive, opWrite, opSession, opThumbnail, opShare}}

// ops are all that trouble may be asked for.
var ops = []string{opSend, opUpdate, opMembers, opConversations, opFiles, opGraph, opDrive, opWrite, opSession, opThumbnail, opShare, opDownload,
	opUpload, opAny}

// Bounds of what may be asked for.
const (
	maxFaults = 1000
	maxHang   = time.Minute
	maxDown   = 10 * time.Minute
)

// faultOrder asks for trouble: the next Count requests of an operation fail.
type faultOrder struct {
	Op          string `json:"op"`
	Status      int    `json:"status"`      // answered instead; 0 = the real answer
	RetryAfter  header `json:"retryAfter"`  // header value of a 429 or 503, a text or a number
	Count       int    `json:"count"`       // how many requests; 1 when 0
	Claims      string `json:"claims"`      // JSON that a 401 asks the next token for, as continuous access evaluation does
	Drop        bool   `json:"drop"`        // carried out, but the connection drops before the answer
	CutAfter    int64  `json:"cutAfter"`    // carried out, but the connection drops after so many bytes of the answer
	HangMS      int    `json:"hangMs"`      // waits before going on
	DownSeconds int    `json:"downSeconds"` // everything answers 503 for that long
	Limits      bool   `json:"limits"`      // Teams' own limits per conversation hold from now on
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
	now    func() time.Time
	mu     sync.Mutex
	queue  []faultOrder
	down   time.Time
	limits bool
	seen   map[string][]time.Time // app, conversation, operation → when
}

func newFaults(now func() time.Time) *faults {
	return &faults{now: now, seen: map[string][]time.Time{}}
}

// add takes an order; an impossible one is refused with a sentence.
func (f *faults) add(o faultOrder) error {
	o.Count, o.Op = max(o.Count, 1), orElse(o.Op, opAny)
	switch {
	case o.Status != 0 && (o.Status < 400 || o.Status > 599), o.Count > maxFaults:
		return errors.New("status must be 400–599 and count at most 1000")
	case !slices.Contains(ops, o.Op):
		return errors.New("op must be one of " + strings.Join(ops, ", "))
	case milliseconds(o.HangMS) > maxHang, time.Duration(o.DownSeconds)*time.Second > maxDown, o.HangMS < 0, o.DownSeconds < 0, o.CutAfter < 0:
		return errors.New("hangMs must be at most 60000, downSeconds at most 600, and nothing negative")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if o.DownSeconds > 0 {
		f.down = f.now().Add(time.Duration(o.DownSeconds) * time.Second)
	}
	f.limits = f.limits || o.Limits
	if (o.Status != 0 || o.Drop || o.HangMS > 0 || o.CutAfter > 0) && len(f.queue) < maxFaults {
		f.queue = append(f.queue, o)
	}
	return nil
}

func milliseconds(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// clear ends all trouble.
func (f *faults) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queue, f.down, f.limits, f.seen = nil, time.Time{}, false, map[string][]time.Time{}
}

// next takes the first order that concerns an operation.
func (f *faults) next(op string) faultOrder {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.now().Before(f.down) {
		return faultOrder{Status: http.StatusServiceUnavailable}
	}
	for i := range f.queue {
		if of := f.queue[i].Op; of != op && of != opAny && !slices.Contains(parts[of], op) {
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

// troubled lets an operation fail as ordered.
func (s *Sandbox) troubled(op string, refuse func(http.ResponseWriter, int), next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o := s.faults.next(op)
		if !pause(r, milliseconds(o.HangMS)) {
			return
		}
		switch {
		case o.Drop:
			next.ServeHTTP(&blackhole{header: http.Header{}}, r)
			panic(http.ErrAbortHandler) // closes the connection without an answer
		case o.Status != 0:
			if o.RetryAfter != "" {
				w.Header().Set("Retry-After", string(o.RetryAfter))
			}
			if o.Claims != "" {
				w.Header().Set("WWW-Authenticate", `Bearer realm="", authorization_uri="`+s.loginB+`/common/oauth2/authorize", error="insufficient_claims", claims="`+
					base64.StdEncoding.EncodeToString([]byte(o.Claims))+`"`)
			}
			refuse(w, o.Status)
		case o.CutAfter > 0:
			next.ServeHTTP(&scissors{ResponseWriter: w, left: o.CutAfter}, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
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
		if op == opSend || op == opUpdate {
			limit = w.sends
		}
		if recent := since(past, now.Add(-w.span)); len(recent) >= limit {
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
