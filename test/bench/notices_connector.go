package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// loopback is a connector on this machine: it takes messages, remembers what came where, and can hold to Teams' limits. It
// reads requests by hand, because it works on the same cores as what is measured and shall take little of them.
type loopback struct {
	mu      sync.Mutex
	limited bool
	came    map[string]int       // how often each notice came to each conversation
	windows map[string]*arrivals // of conversations, by name
	tenants map[string]*arrivals // by number
	answers record
}

// record is what a loopback tells of itself.
type record struct {
	Taken   int // messages
	Notices int // different ones
	Doubled int // those that came more often than once, each further time
	Refused int // with 429
	Invalid int // that are no messages with a card
	// Shares are how much of its rate each tenant got, between its first message and its last.
	Shares []float64
	// Keys are the notices that came, and Twice those that came more often than once, when they were asked for.
	Keys, Twice []string
}

// arrivals are when messages came, and what is allowed.
type arrivals struct {
	times  []time.Time
	limits []limit
}

type limit struct {
	n int
	d time.Duration
}

// What Teams allows in a conversation, and what the service keeps to in a tenant (TEAMSPRO_SEND_RATE).
var (
	conversationLimits = []limit{{7, time.Second}, {8, 2 * time.Second}, {60, 30 * time.Second}, {1800, time.Hour}}
	tenantLimits       = []limit{{tenantRate, time.Second}}
)

const tenantRate = 30

// full tells whether one more would be too many.
func (a *arrivals) full(now time.Time) bool {
	return slices.ContainsFunc(a.limits, func(l limit) bool { return len(a.times) >= l.n && now.Sub(a.times[len(a.times)-l.n]) < l.d })
}

// conversationName is what the bench calls the nth conversation of a tenant; the connector reads the tenant from it.
func conversationName(tenant, n int) string {
	return fmt.Sprintf("19:bench-%d-%d@thread.tacv2", tenant, n)
}

func newLoopback() *loopback { return &loopback{} }

// reset forgets everything.
func (l *loopback) reset(limited bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.limited, l.answers = limited, record{}
	l.came, l.windows, l.tenants = map[string]int{}, map[string]*arrivals{}, map[string]*arrivals{}
}

func (l *loopback) serve(listener net.Listener) error {
	l.reset(false)
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go l.talk(conn)
	}
}

// talk answers the requests of one connection.
func (l *loopback) talk(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReaderSize(conn, 32<<10)
	var body []byte
	for {
		first, length, err := head(in)
		if err != nil {
			return
		}
		body = slices.Grow(body[:0], length)[:length]
		if _, err := io.ReadFull(in, body); err != nil {
			return
		}
		if _, err := io.WriteString(conn, l.answer(first, body)); err != nil {
			return
		}
	}
}

// head reads the head of a request: its first line and the length of its body.
func head(in *bufio.Reader) (first string, length int, err error) {
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return "", 0, err
		}
		line = bytes.TrimSpace(line)
		const name = "content-length:"
		switch {
		case len(line) == 0:
			return first, length, nil
		case first == "":
			first = string(line)
		case len(line) > len(name) && bytes.EqualFold(line[:len(name)], []byte(name)):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[len(name):]))); err != nil || length < 0 || length > 1<<20 {
				return "", 0, errors.New("no length")
			}
		}
	}
}

func response(status int, header, body string) string {
	return fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s", status, http.StatusText(status), header, len(body), body)
}

// answer does what the first line of a request asks for.
func (l *loopback) answer(first string, body []byte) string {
	method, rest, _ := strings.Cut(first, " ")
	path, _, _ := strings.Cut(rest, " ")
	switch {
	case path == "/record", path == "/record?keys":
		text, err := json.Marshal(l.record(strings.HasSuffix(path, "keys")))
		if err != nil {
			return response(http.StatusInternalServerError, "", "{}")
		}
		return response(http.StatusOK, "", string(text))
	case strings.HasPrefix(path, "/reset"):
		l.reset(strings.HasSuffix(path, "limited"))
		return response(http.StatusOK, "", "{}")
	case method == http.MethodPost && strings.Contains(path, "/activities"): // also as a reply, which the peer's adapter makes of each
		_, conversation, _ := strings.Cut(path, "/conversations/")
		conversation, _, _ = strings.Cut(conversation, "/activities")
		if name, err := url.PathUnescape(conversation); err == nil {
			return l.take(name, body, time.Now())
		}
	case method == http.MethodGet && strings.HasSuffix(path, "/members/"+string(announcer)):
		return response(http.StatusOK, "", `{"id":"29:bench","aadObjectId":"`+string(announcer)+`","name":"Ana Invented","userRole":"owner"}`)
	case method == http.MethodGet && strings.Contains(path, "/pagedmembers"):
		return response(http.StatusOK, "", `{"members":[]}`)
	}
	return response(http.StatusNotFound, "", `{"error":{"code":"ConversationNotFound"}}`)
}

// take takes a message, or refuses it when it is one too many.
func (l *loopback) take(conversation string, body []byte, now time.Time) string {
	number, valid := noticeIn(body)
	l.mu.Lock()
	defer l.mu.Unlock()
	if !valid {
		l.answers.Invalid++
		return response(http.StatusBadRequest, "", `{"error":{"code":"BadSyntax"}}`)
	}
	if l.limited && !l.allowed(conversation, now) {
		l.answers.Refused++
		return response(http.StatusTooManyRequests, "Retry-After: 1\r\n", `{"error":{"code":"Throttled"}}`)
	}
	key := conversation + number
	l.came[key]++
	l.answers.Taken++
	return response(http.StatusCreated, "", `{"id":"`+strconv.Itoa(1_700_000_000_000+l.answers.Taken)+`"}`)
}

// noticeIn gives the number of the notice that a message tells, and whether it is one with a card. Each hundredth is
// read whole.
func noticeIn(body []byte) (number string, valid bool) {
	_, rest, found := bytes.Cut(body, []byte(noticeMark))
	if !found || len(rest) < noticeDigits || !bytes.Contains(body, []byte(`"type":"message"`)) || !bytes.Contains(body, []byte(`"application/vnd.microsoft.card.adaptive"`)) {
		return "", false
	}
	number = string(rest[:noticeDigits])
	return number, !strings.HasSuffix(number, "00") || wellMade(body)
}

// wellMade reads a message as Teams would.
func wellMade(body []byte) bool {
	var a struct {
		Type         string `json:"type"`
		Conversation struct {
			ID string `json:"id"`
		} `json:"conversation"`
		Attachments []struct {
			ContentType string `json:"contentType"`
			Content     struct {
				Type    string `json:"type"`
				Version string `json:"version"`
				Body    []any  `json:"body"`
			} `json:"content"`
		} `json:"attachments"`
	}
	return json.Unmarshal(body, &a) == nil && a.Type == "message" && a.Conversation.ID != "" && len(a.Attachments) == 1 &&
		a.Attachments[0].Content.Type == "AdaptiveCard" && len(a.Attachments[0].Content.Body) > 0
}

// allowed counts a message where there is room for it.
func (l *loopback) allowed(conversation string, now time.Time) bool {
	tenant := strings.Split(conversation, "-")[1]
	here, there := l.windows[conversation], l.tenants[tenant]
	if here == nil {
		here = &arrivals{limits: conversationLimits}
		l.windows[conversation] = here
	}
	if there == nil {
		there = &arrivals{limits: tenantLimits}
		l.tenants[tenant] = there
	}
	if here.full(now) || there.full(now) {
		return false
	}
	here.times, there.times = append(here.times, now), append(there.times, now)
	return true
}

// record tells what came, with the keys of the notices when they are wanted.
func (l *loopback) record(keys bool) record {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.answers
	r.Notices = len(l.came)
	r.Doubled = r.Taken - r.Notices
	if keys {
		r.Keys = slices.Collect(maps.Keys(l.came))
		r.Twice = slices.DeleteFunc(slices.Clone(r.Keys), func(key string) bool { return l.came[key] == 1 })
	}
	for _, t := range l.tenants {
		if took := t.times[len(t.times)-1].Sub(t.times[0]); took > 0 {
			r.Shares = append(r.Shares, float64(len(t.times)-1)/took.Seconds()/tenantRate)
		}
	}
	return r
}
