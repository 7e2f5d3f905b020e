package sandbox

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// record reads the connector's record of a conversation.
func (r *rig) record(conversation string) page {
	r.t.Helper()
	var answer struct{ Conversations []page }
	r.api("/api/record?conversation="+conversation, nil, &answer)
	if len(answer.Conversations) != 1 {
		r.t.Fatalf("record of %s: %+v", conversation, answer)
	}
	return answer.Conversations[0]
}

func TestTheRecordShowsDoublets(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	token, leads := r.appToken(botAudience), r.chatID("leads", "")
	address := r.serviceURL() + "v3/conversations/" + url.PathEscape(leads) + "/activities"
	one := r.post(token, leads, saying("the digest"))
	two := r.post(token, leads, saying("the digest"))
	three := r.post(token, leads, obj{"type": "message", "summary": "Marta is new", "attachments": []any{card()}})
	r.do("PUT", address+"/"+one, token, saying("corrected"))
	r.do("PUT", address+"/"+one, token, saying("once more"))
	r.do("DELETE", address+"/"+two, token, nil)
	r.do("DELETE", address+"/"+two, token, nil) // it is gone already
	r.api("/api/faults", obj{"op": "send", "drop": true}, nil)
	if err := r.tries("POST", address, token, saying("unheard")); err == nil {
		t.Fatal("the answer was not dropped")
	}
	got := r.record("leads")
	want := page{Conversation: "leads", TeamsID: leads, Sent: 4, Edits: 2, Deletions: 1, Repeated: 1, Unheard: 1, Messages: []*posting{
		{ID: one, App: "contact", Text: "the digest", Times: 1, Edits: 2},
		{ID: two, App: "contact", Text: "the digest", Times: 2, Deleted: true},
		{ID: three, App: "contact", Text: "Marta is new", Times: 1},
		{ID: got.Messages[3].ID, App: "contact", Text: "unheard", Times: 1, Unheard: true},
	}}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(page{}), cmpopts.IgnoreFields(posting{}, "At")); diff != "" {
		t.Error(diff)
	}
	var short struct{ Conversations []page }
	r.api("/api/record?last=1", nil, &short)
	if len(short.Conversations) != 1 || short.Conversations[0].Sent != 4 || len(short.Conversations[0].Messages) != 1 {
		t.Errorf("the last one: %+v", short)
	}
	if r.said("leads", "")[2].Summary != "Marta is new" {
		t.Error("the summary is not shown")
	}
	r.api("/api/reset", obj{}, nil)
	var answer struct{ Conversations []page }
	r.api("/api/record?conversation=leads", nil, &answer)
	if len(answer.Conversations) != 0 {
		t.Errorf("after a reset: %+v", answer)
	}
}

// tries sends a request that may fail.
func (r *rig) tries(method, url, token string, body any) error {
	r.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		r.t.Fatal(err)
	}
	req, err := http.NewRequest(method, url, strings.NewReader(string(raw)))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err == nil {
		err = res.Body.Close()
	}
	return err
}

func TestTheRecordForgetsTheOldest(t *testing.T) {
	t.Parallel()
	l, c := newLedger(), &chat{key: "group", id: "19:g"}
	for i := range maxLedger + 5 {
		l.sent(c, digest(message{Text: itoa(i)}), &posting{ID: itoa(i)})
	}
	l.edited(c, "1") // forgotten
	l.edited(c, "7")
	got := l.view("", maxLedger)[0]
	if got.Sent != maxLedger+5 || len(got.Messages) != maxLedger || got.Edits != 1 || got.Messages[0].ID != "5" || got.Messages[2].Edits != 1 {
		t.Errorf("%d sent, %d listed, %d edited, first %+v", got.Sent, len(got.Messages), got.Edits, got.Messages[0])
	}
}

func TestSnippet(t *testing.T) {
	t.Parallel()
	nested := `{"content":{"body":[{"type":"ColumnSet","columns":[{"items":[{"type":"TextBlock","text":"in a column"}]}]}]}}`
	for _, c := range []struct {
		m    message
		want string
	}{
		{message{Text: "words"}, "words"},
		{message{Text: "words", Summary: "summary"}, "summary"},
		{message{Summary: "summary", Attachments: []json.RawMessage{[]byte(nested)}}, "summary"},
		{message{Attachments: []json.RawMessage{[]byte(nested)}}, "in a column"},
		{message{Attachments: []json.RawMessage{[]byte(`"none"`)}}, ""},
		{message{Text: strings.Repeat("é", 200)}, strings.Repeat("é", maxSnippet-1) + "…"},
	} {
		if got := c.m.snippet(); got != c.want {
			t.Errorf("%+v: %q", c.m, got)
		}
	}
}

func TestTroubleInOnePlaceAndOfOneKind(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	token := r.appToken(botAudience)
	address := func(key string) string {
		return r.serviceURL() + "v3/conversations/" + url.PathEscape(r.chatID(key, "")) + "/activities"
	}
	try := func(method, url string, body any) int {
		status, _ := r.do(method, url, token, body)
		return status
	}
	id := r.post(token, r.chatID("leads", ""), saying("first"))

	r.api("/api/faults", obj{"op": "send", "status": 412, "count": 3, "as": "ana", "where": "leads"}, nil)
	thread := obj{"isGroup": true, "channelData": obj{"channel": obj{"id": r.chatID("leads", "")}}, "activity": saying("a thread")}
	if got := []int{try("POST", address("general"), saying("x")), try("POST", address("leads"), saying("x")), try("PUT", address("leads")+"/"+id, saying("y")),
		try("POST", r.serviceURL()+"v3/conversations", thread)}; !cmp.Equal(got, []int{201, 412, 200, 412}) {
		t.Errorf("in leads only: %v", got)
	}
	var view faultsView
	r.api("/api/faults", nil, &view)
	if len(view.Orders) != 1 || view.Orders[0].Count != 1 || view.Orders[0].Where != "leads" || view.Orders[0].Status != 412 {
		t.Errorf("in force: %+v", view)
	}
	r.do("DELETE", r.base+"/api/faults", "", nil)

	r.api("/api/faults", obj{"op": "delete", "status": 403, "code": "ConversationBlockedByUser"}, nil)
	if got := try("PUT", address("leads")+"/"+id, saying("z")); got != 200 {
		t.Errorf("an update while deletions fail: %d", got)
	}
	if status, body := r.do("DELETE", address("leads")+"/"+id, token, nil); status != 403 || !strings.Contains(body, "ConversationBlockedByUser") {
		t.Errorf("blocked: %d %s", status, body)
	}

	r.api("/api/faults", obj{"op": "say", "status": 504, "done": true}, nil)
	if got, before := try("POST", address("leads"), saying("delivered all the same")), len(r.said("leads", "")); got != 504 || r.record("leads").Unheard != 1 || before < 2 {
		t.Errorf("delivered and refused: %d, %+v", got, r.record("leads"))
	}
	r.api("/api/faults", obj{"op": "say", "lost": true}, nil)
	sent := r.record("leads").Sent
	if err := r.tries("POST", address("leads"), token, saying("lost")); err == nil || r.record("leads").Sent != sent {
		t.Errorf("lost on the way: %v", err)
	}

	r.api("/api/faults", obj{"status": 429, "retryAfterDate": 90}, nil)
	res := r.send("POST", address("leads"), token, saying("later"))
	res.Body.Close()
	if at, err := http.ParseTime(res.Header.Get("Retry-After")); err != nil || time.Until(at) < 80*time.Second || time.Until(at) > 91*time.Second {
		t.Errorf("Retry-After: %q %v", res.Header.Get("Retry-After"), err)
	}
}

func TestLimitsAreCountedAndEnd(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	token := r.appToken(botAudience)
	address := r.serviceURL() + "v3/conversations/" + url.PathEscape(r.chatID("drivers", "")) + "/activities"
	r.api("/api/install", obj{"as": "ana", "conversation": "drivers", "app": "contact"}, nil)
	r.bot.await(t, "the installation", func(a heard) bool { return a.at("conversation.id") == r.chatID("logistics", "") })
	r.api("/api/faults", obj{"limits": true, "downSeconds": 0}, nil)
	refused := 0
	for range 12 {
		if status, _ := r.do("POST", address, token, saying("quick")); status == 429 {
			refused++
		}
	}
	var view faultsView
	r.api("/api/faults", nil, &view)
	if refused == 0 || view.Throttled != refused || !view.Limits {
		t.Errorf("%d refused, the page says %+v", refused, view)
	}
	r.api("/api/faults", obj{"limits": false}, &view)
	if status, _ := r.do("POST", address, token, saying("free")); status != 201 || view.Limits || view.Throttled != 0 {
		t.Errorf("after the limits: %d %+v", status, view)
	}
}
