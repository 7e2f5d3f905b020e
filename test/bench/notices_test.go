package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

func noticeBody(n int, conversation string) []byte {
	return fmt.Appendf(nil, `{"type":"message","conversation":{"id":%q},"attachments":[{"contentType":"application/vnd.microsoft.card.adaptive","content":%s}]}`, conversation, noticeCard(n).JSON())
}

func TestConnectorKnowsNotices(t *testing.T) {
	t.Parallel()
	here := conversationName(3, 7)
	for name, row := range map[string]struct {
		body   []byte
		number string // empty: it is none
	}{
		"a notice":            {noticeBody(12, here), "000012"},
		"one that is read":    {noticeBody(100, here), "000100"},
		"read, and cut short": {noticeBody(100, here)[:300], ""},
		"another type":        {bytes.Replace(noticeBody(12, here), []byte(`"message"`), []byte(`"typing"`), 1), ""},
		"no card":             {[]byte(`{"type":"message","text":"Notice 000012"}`), ""},
		"no number":           {[]byte(`{"type":"message"}`), ""},
	} {
		if number, valid := noticeIn(row.body); valid != (row.number != "") || valid && number != row.number {
			t.Errorf("%s: %q %v", name, number, valid)
		}
	}
}

// TestConnectorHoldsToLimits: it takes what Teams takes, refuses the rest, and counts what comes twice.
func TestConnectorHoldsToLimits(t *testing.T) {
	t.Parallel()
	l := newLoopback()
	l.reset(true)
	now := time.Unix(1_700_000_000, 0)
	for n := range 9 {
		l.take(conversationName(0, 1), noticeBody(n, "x"), now.Add(time.Duration(n)*100*time.Millisecond))
	}
	if r := l.record(true); r.Taken != 7 || r.Refused != 2 || r.Doubled != 0 {
		t.Errorf("seven a second in a conversation: %+v", r)
	}
	for n := range 30 {
		l.take(conversationName(0, 10+n), noticeBody(n, "x"), now.Add(999*time.Millisecond))
	}
	if r := l.record(true); r.Taken != tenantRate {
		t.Errorf("%d in a tenant within a second", r.Taken)
	}
	l.take(conversationName(1, 1), noticeBody(1, "x"), now)
	l.take(conversationName(1, 1), noticeBody(1, "x"), now)
	if r := l.record(true); r.Doubled != 1 || r.Notices != tenantRate+1 {
		t.Errorf("one came twice: %+v", r)
	}
}

// TestSayers send what they are told, each notice once, to whom it is for.
func TestSayers(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	l := newLoopback()
	go func() { _ = l.serve(listener) }() // until the listener closes
	t.Setenv(connectorEnv, listener.Addr().String())
	t.Setenv(sayersEnv, t.TempDir())
	for _, name := range ourSpeakers() {
		var out bytes.Buffer
		for i, limited := range []bool{false, true} {
			l.reset(limited)
			o := order{First: 1000 * (i + 1), // nothing is announced twice
				Notices: 120, Tenants: 20, Conversations: 3, Limited: limited}
			line, err := json.Marshal(o)
			if err != nil {
				t.Fatal(err)
			}
			if name == plainName && limited {
				continue // it knows no limits
			}
			out.Reset()
			if err := say(name, bytes.NewReader(line), &out); err != nil || strings.Contains(out.String(), "error") {
				t.Fatalf("%s: %v %s", name, err, out.String())
			}
			if r := l.record(true); r.Notices != 120 || r.Taken != 120 || r.Refused != 0 || r.Invalid != 0 {
				t.Errorf("%s: %+v", name, r)
			}
		}
	}
	if err := say("nobody", os.Stdin, &bytes.Buffer{}); err == nil {
		t.Error("an unknown sender spoke")
	}
}
