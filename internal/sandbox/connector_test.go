package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestConnectorRefuses(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	token, graph := r.appToken(botAudience), r.appToken(graphAudience)
	group, ben := url.PathEscape(r.chatID("group", "")), url.PathEscape(r.chatID("personal-contact", "ben"))
	image := url.PathEscape(r.chatID("personal-image", "ana"))
	r.api("/api/uninstall", obj{"as": "ben", "conversation": "personal-contact", "app": "contact"}, nil)
	ownID := r.post(token, r.chatID("group", ""), saying("one"))
	otherID := r.post(r.tokenOf(imageID, "image-secret", botAudience), r.chatID("group", ""), saying("two"))
	big := strings.Repeat("x", maxUTF16/2)
	for _, c := range []struct {
		name, method, path, token string
		body                      any
		status                    int
		code                      string
	}{
		{"no token", "POST", group + "/activities", "", saying("x"), 401, "Unauthorized"},
		{"a token for Graph", "POST", group + "/activities", graph, saying("x"), 401, "Unauthorized"},
		{"a person's token for the app", "POST", group + "/activities", r.tokenFor("contact", "ana"), saying("x"), 401, "Unauthorized"},
		{"unknown conversation", "POST", "19:nowhere@thread.v2/activities", token, saying("x"), 404, "ConversationNotFound"},
		{"unknown thread", "POST", url.PathEscape(r.chatID("general", "")+";messageid=1") + "/activities", token, saying("x"), 404, "ConversationNotFound"},
		{"not installed there", "POST", ben + "/activities", token, saying("x"), 403, "BotNotInConversationRoster"},
		{"another app's personal chat", "POST", image + "/activities", token, saying("x"), 403, "BotNotInConversationRoster"},
		{"not JSON of an activity", "POST", group + "/activities", token, "x", 400, "BadSyntax"},
		{"unknown type", "POST", group + "/activities", token, obj{"type": "dance"}, 400, "BadArgument"},
		{"nothing said", "POST", group + "/activities", token, obj{"type": "message"}, 400, "BadSyntax"},
		{"attachment of no type", "POST", group + "/activities", token, obj{"type": "message", "attachments": []any{obj{}}}, 400, "BadArgument"},
		{"card of no type", "POST", group + "/activities", token, obj{"type": "message", "attachments": []any{obj{"contentType": adaptiveCard, "content": obj{}}}}, 400, "BadArgument"},
		{"too big in UTF-16", "POST", group + "/activities", token, saying(big), 413, "MessageSizeTooBig"},
		{"far too big", "POST", group + "/activities", token, saying(strings.Repeat("x", maxActivity)), 413, "MessageSizeTooBig"},
		{"update of nothing", "PUT", group + "/activities/1", token, saying("x"), 404, "ActivityNotFoundInConversation"},
		{"update of another's", "PUT", group + "/activities/" + otherID, token, saying("x"), 403, "NotEnoughPermissions"},
		{"deletion of another's", "DELETE", group + "/activities/" + otherID, token, nil, 403, "NotEnoughPermissions"},
		{"update that is too big", "PUT", group + "/activities/" + ownID, token, saying(big), 413, "MessageSizeTooBig"},
		{"unknown member", "GET", group + "/members/29:nobody", token, nil, 404, "MemberNotFoundInConversation"},
		{"member of elsewhere", "GET", group + "/members/" + url.PathEscape(r.world.person("chloe").UserID), token, nil, 404, "MemberNotFoundInConversation"},
		{"page that is none", "GET", group + "/pagedmembers?continuationToken=x", token, nil, 400, "BadArgument"},
		{"page beyond the end", "GET", group + "/pagedmembers?continuationToken=p.99", token, nil, 400, "BadArgument"},
	} {
		status, raw := r.do(c.method, r.serviceURL()+"v3/conversations/"+c.path, c.token, c.body)
		var body struct{ Error struct{ Code string } }
		if err := json.Unmarshal([]byte(raw), &body); err != nil || status != c.status || body.Error.Code != c.code {
			t.Errorf("%s: %d %.200s", c.name, status, raw)
		}
	}
}

func TestEmbeddedPicturesAreNotCounted(t *testing.T) {
	t.Parallel()
	picture := `{"type":"message","attachments":[{"contentType":"image/png","contentUrl":"data:image/png;base64,` + strings.Repeat("A", 3*maxUTF16) + `"}]}`
	if _, err := readActivity([]byte(picture)); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		text string
		ok   bool
	}{
		{strings.Repeat("é", maxUTF16/2-40), true},  // two bytes in both forms
		{strings.Repeat("€", maxUTF16/2-40), true},  // three bytes of UTF-8, two of UTF-16
		{strings.Repeat("😀", maxUTF16/2-40), false}, // two units each
	} {
		_, err := readActivity([]byte(`{"type":"message","text":"` + c.text + `"}`))
		if (err == nil) != c.ok {
			t.Errorf("%.8s…: %v", c.text, err)
		}
	}
}

// said lists what was said in a conversation.
func (r *rig) said(key, who string) []message {
	return r.world.messages(r.world.chatByKey(key, who))
}

func TestMessageLife(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	token, group := r.appToken(botAudience), r.chatID("group", "")
	id := r.post(token, group, obj{"type": "message", "attachments": []any{card()}, "suggestedActions": obj{"actions": []any{}}})
	address := r.serviceURL() + "v3/conversations/" + url.PathEscape(group) + "/activities/" + id
	if status, body := r.do("PUT", address, token, saying("changed")); status != 200 || body != `{"id":"`+id+`"}` {
		t.Errorf("update: %d %s", status, body)
	}
	m := r.said("group", "")[0]
	if m.ID != id || m.Text != "changed" || !m.Edited || len(m.Attachments) != 0 || m.Suggested != nil || m.From != "bot:contact" {
		t.Errorf("after the update: %+v", m)
	}
	if status, _ := r.do("DELETE", address, token, nil); status != 200 {
		t.Errorf("delete: %d", status)
	}
	if m := r.said("group", "")[0]; !m.Deleted || m.Text != "" {
		t.Errorf("after the deletion: %+v", m)
	}
	if status, _ := r.do("PUT", address, token, saying("again")); status != 404 {
		t.Errorf("update of a deleted message: %d", status)
	}
}

func TestTextAndCardBecomeTwoMessages(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if id := r.post(r.appToken(botAudience), r.chatID("general", ""), obj{"type": "message", "text": "look", "attachments": []any{card()}}); id != "" {
		t.Errorf("an id was told: %s", id)
	}
	said := r.said("general", "")
	if len(said) != 2 || said[0].Text != "look" || len(said[0].Attachments) != 0 || len(said[1].Attachments) != 1 || said[1].Thread != said[0].ID {
		t.Errorf("said: %+v", said)
	}
}

func TestThreads(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	token, leads := r.appToken(botAudience), r.chatID("leads", "")
	root := r.post(token, leads, saying("root"))
	inThread := r.post(token, leads+";messageid="+root, saying("in the thread"))
	byReply := r.post(token, leads, obj{"type": "message", "text": "by replyToId", "replyToId": inThread})
	status, raw := r.do("POST", r.serviceURL()+"v3/conversations/"+url.PathEscape(leads)+"/activities/"+root, token, saying("by path"))
	if status != 201 {
		t.Fatalf("reply: %d %s", status, raw)
	}
	threads := map[string]string{}
	for _, m := range r.said("leads", "") {
		threads[m.Text] = m.Thread
	}
	if diff := cmp.Diff(map[string]string{"root": "", "in the thread": root, "by replyToId": root, "by path": root}, threads); diff != "" {
		t.Errorf("%s (%s)", diff, byReply)
	}
}

func TestCreateConversation(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	token := r.appToken(botAudience)
	create := func(body obj) (int, obj) {
		status, raw := r.do("POST", r.serviceURL()+"v3/conversations", token, body)
		var answer obj
		if err := json.Unmarshal([]byte(raw), &answer); err != nil {
			t.Fatal(err)
		}
		return status, answer
	}
	ben := r.world.person("ben")
	for _, id := range []string{ben.UserID, ben.ObjectID, ben.UPN} {
		status, body := create(obj{"members": []any{obj{"id": id}}, "tenantId": r.cfg.Tenant})
		if status != 201 || body["id"] != r.chatID("personal-contact", "ben") || body["serviceUrl"] != r.serviceURL() {
			t.Errorf("%s: %d %v", id, status, body)
		}
	}
	r.post(token, r.chatID("personal-contact", "ben"), saying("hello"))
	leads := r.chatID("leads", "")
	status, body := create(obj{"isGroup": true, "channelData": obj{"channel": obj{"id": leads}}, "activity": saying("new thread")})
	if status != 201 || body["id"] != fmt.Sprintf("%s;messageid=%s", leads, body["activityId"]) {
		t.Errorf("thread: %d %v", status, body)
	}
	for name, c := range map[string]struct {
		body   obj
		status int
	}{
		"nobody":                  {obj{}, 400},
		"two people":              {obj{"members": []any{obj{"id": "1"}, obj{"id": "2"}}}, 400},
		"a stranger":              {obj{"members": []any{obj{"id": "29:x"}}}, 404},
		"a channel that is none":  {obj{"channelData": obj{"channel": obj{"id": "19:x"}}, "activity": saying("x")}, 404},
		"a group as channel":      {obj{"channelData": obj{"channel": obj{"id": r.chatID("group", "")}}, "activity": saying("x")}, 404},
		"a thread without a word": {obj{"channelData": obj{"channel": obj{"id": leads}}}, 400},
		"a thread of typing":      {obj{"channelData": obj{"channel": obj{"id": leads}}, "activity": obj{"type": "typing"}}, 400},
	} {
		if status, body := create(c.body); status != c.status {
			t.Errorf("%s: %d %v", name, status, body)
		}
	}
	r.api("/api/uninstall", obj{"as": "ana", "conversation": "general", "app": "contact"}, nil)
	r.api("/api/uninstall", obj{"as": "ana", "conversation": "group", "app": "contact"}, nil)
	r.api("/api/uninstall", obj{"as": "ben", "conversation": "personal-contact", "app": "contact"}, nil)
	r.bot.await(t, "the removal", func(a heard) bool {
		return a["action"] == "remove" && a.at("conversation.conversationType") == personal
	})
	if status, body := create(obj{"members": []any{obj{"id": ben.UserID}}}); status != 403 {
		t.Errorf("somebody the app meets nowhere: %d %v", status, body)
	}
}

func TestRoster(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	token := r.appToken(botAudience)
	root := r.serviceURL() + "v3/conversations/" + url.PathEscape(r.chatID("general", ""))
	type who struct{ Name, UserRole, ObjectID, AadObjectID string }
	var all []who
	read := func(path string, into any) {
		t.Helper()
		status, raw := r.do("GET", path, token, nil)
		if status != 200 || json.Unmarshal([]byte(raw), into) != nil {
			t.Fatalf("%s: %d %s", path, status, raw)
		}
	}
	read(root+"/members", &all)
	ana, ben, chloe := r.world.person("ana"), r.world.person("ben"), r.world.person("chloe")
	want := []who{{"Ana Duarte", "owner", ana.ObjectID, ""}, {"Ben Okafor", "user", ben.ObjectID, ""}, {"Chloé Martin", "guest", chloe.ObjectID, ""}}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Error(diff)
	}
	for _, id := range []string{chloe.UserID, chloe.ObjectID, strings.ToUpper(chloe.ObjectID), chloe.UPN} {
		var one who
		read(root+"/members/"+url.PathEscape(id), &one)
		if diff := cmp.Diff(who{"Chloé Martin", "guest", "", chloe.ObjectID}, one); diff != "" {
			t.Errorf("%s: %s", id, diff)
		}
	}
	r.api("/api/role", obj{"person": "ben", "conversation": "leads", "role": "owner"}, nil)
	var one who
	read(root+"/members/"+ben.ObjectID, &one)
	if one.UserRole != "owner" {
		t.Errorf("after the promotion: %+v", one)
	}
}

func TestRosterHasPages(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *Config) { c.Crowd = 130 })
	token := r.appToken(botAudience)
	root := r.serviceURL() + "v3/conversations/" + url.PathEscape(r.chatID("general", "")) + "/pagedmembers?"
	for _, c := range []struct {
		query string
		pages []int
	}{
		{"pageSize=2", []int{50, 50, 33}}, // fewer than 50 count as 50
		{"pageSize=60", []int{60, 60, 13}},
		{"pageSize=133", []int{133}},
		{"pageSize=9999", []int{133}},
		{"", []int{133}},
	} {
		var pages []int
		for next := ""; ; {
			var page memberPage
			status, raw := r.do("GET", root+c.query+"&continuationToken="+next, token, nil)
			if status != 200 || json.Unmarshal([]byte(raw), &page) != nil {
				t.Fatalf("%s: %d %s", c.query, status, raw)
			}
			pages = append(pages, len(page.Members))
			if next = page.ContinuationToken; next == "" {
				break
			}
		}
		if diff := cmp.Diff(c.pages, pages); diff != "" {
			t.Errorf("%s: %s", c.query, diff)
		}
	}
}

func TestTeamsAndMeetings(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	token, general := r.appToken(botAudience), r.chatID("general", "")
	for _, c := range []struct {
		path   string
		status int
		want   string
	}{
		{"v3/teams/" + general, 200, `"name":"Contoso Sales"`},
		{"v3/teams/" + general, 200, `"memberCount":3`},
		{"v3/teams/" + general + "/conversations", 200, `{"id":"` + general + `","name":null,"type":"standard"}`},
		{"v3/teams/" + r.chatID("leads", ""), 404, "NotFound"},
		{"v3/teams/x/conversations", 404, "NotFound"},
		{"v1/meetings/m1", 200, `"title":"Harbour project"`},
		{"v1/meetings/m1/participants/" + r.world.person("ana").ObjectID, 200, `"role":"Organizer"`},
		{"v1/meetings/m1/participants/" + r.world.person("chloe").ObjectID, 404, "MemberNotFound"},
		{"v1/meetings/m2", 404, "NotFound"},
	} {
		if status, body := r.do("GET", r.serviceURL()+c.path, token, nil); status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s: %d %s", c.path, status, body)
		}
	}
}

func TestAttachments(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	token := r.appToken(botAudience)
	root := r.serviceURL() + "v3/"
	status, raw := r.do("POST", root+"conversations/"+url.PathEscape(r.chatID("group", ""))+"/attachments", token,
		obj{"type": "text/plain", "name": "a.txt", "originalBase64": "aGk="})
	var kept struct{ ID string }
	if json.Unmarshal([]byte(raw), &kept) != nil || status != 201 {
		t.Fatalf("upload: %d %s", status, raw)
	}
	for _, c := range []struct {
		path, token string
		status      int
		want        string
	}{
		{"attachments/" + kept.ID, token, 200, `"name":"a.txt"`},
		{"attachments/" + kept.ID + "/views/original", token, 200, "hi"},
		{"attachments/" + kept.ID + "/views/original", "", 401, "Unauthorized"},
		{"attachments/" + kept.ID + "/views/upside-down", token, 404, "NotFound"},
		{"attachments/none", token, 404, "NotFound"},
	} {
		if status, body := r.do("GET", root+c.path, c.token, nil); status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s: %d %s", c.path, status, body)
		}
	}
}

func TestFaultsComeAsOrdered(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	r := newRig(t, func(c *Config) { c.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) } })
	token := r.appToken(botAudience)
	conversation := r.serviceURL() + "v3/conversations/" + url.PathEscape(r.chatID("group", ""))
	send := func() *http.Response {
		res := r.send("POST", conversation+"/activities", token, saying("x"))
		res.Body.Close()
		return res
	}
	members := func() int { status, _ := r.do("GET", conversation+"/members", token, nil); return status }
	r.api("/api/faults", obj{"op": "send", "status": 429, "retryAfter": "1.5", "count": 2}, nil)
	if got := members(); got != 200 {
		t.Errorf("another operation was hit: %d", got)
	}
	if res := send(); res.StatusCode != 429 || res.Header.Get("Retry-After") != "1.5" {
		t.Errorf("first: %d %v", res.StatusCode, res.Header)
	}
	if a, b := send().StatusCode, send().StatusCode; a != 429 || b != 201 {
		t.Errorf("second and third: %d %d", a, b)
	}
	r.api("/api/faults", obj{"status": 503, "retryAfter": 2}, nil)
	if got := members(); got != 503 {
		t.Errorf("any: %d", got)
	}
	r.api("/api/faults", obj{"downSeconds": 30}, nil)
	if a, b := members(), send().StatusCode; a != 503 || b != 503 {
		t.Errorf("down: %d %d", a, b)
	}
	ahead.Store(int64(31 * time.Second))
	if got := members(); got != 200 {
		t.Errorf("up again: %d", got)
	}
	r.api("/api/faults", obj{"op": "members", "status": 500, "count": 9}, nil)
	if status, _ := r.do("DELETE", r.base+"/api/faults", "", nil); status != 200 || members() != 200 {
		t.Error("clearing did not end the trouble")
	}
}

func TestDroppedAnswersWereDelivered(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	token, group := r.appToken(botAudience), r.chatID("group", "")
	r.api("/api/faults", obj{"op": "send", "drop": true}, nil)
	req, err := http.NewRequest("POST", r.serviceURL()+"v3/conversations/"+url.PathEscape(group)+"/activities", strings.NewReader(`{"type":"message","text":"lost answer"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if res, err := http.DefaultTransport.RoundTrip(req); err == nil {
		t.Errorf("an answer came: %d", res.StatusCode)
	}
	if said := r.said("group", ""); len(said) != 1 || said[0].Text != "lost answer" {
		t.Errorf("said: %+v", said)
	}
}

func TestHangingIsBounded(t *testing.T) {
	t.Parallel()
	f := newFaults(time.Now)
	for _, o := range []faultOrder{{HangMS: 60001}, {HangMS: -1}, {DownSeconds: 601}, {Status: 200}, {Status: 600}, {Status: 500, Count: 1001}, {Op: "dance", Status: 500}} {
		if err := f.add(o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
	r := newRig(t)
	r.api("/api/faults", obj{"op": "send", "hangMs": 150}, nil)
	began := time.Now()
	r.post(r.appToken(botAudience), r.chatID("group", ""), saying("x"))
	if took := time.Since(began); took < 150*time.Millisecond {
		t.Errorf("it took %v only", took)
	}
}

func TestTeamsLimits(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	f := newFaults(func() time.Time { return at })
	try := func(n int, op string) (allowed int) {
		for range n {
			if _, ok := f.allow("app", "chat", op); ok {
				allowed++
			}
		}
		return allowed
	}
	if got := try(100, opSend); got != 100 {
		t.Errorf("without limits: %d", got)
	}
	if err := f.add(faultOrder{Limits: new(true)}); err != nil {
		t.Fatal(err)
	}
	if got := try(20, opSend); got != 7 {
		t.Errorf("in one second: %d", got)
	}
	if wait, ok := f.allow("app", "chat", opSend); ok || wait != time.Second {
		t.Errorf("the wait: %v %v", wait, ok)
	}
	at = at.Add(1100 * time.Millisecond)
	if got := try(20, opSend); got != 1 { // eight in two seconds
		t.Errorf("in two seconds: %d", got)
	}
	if got := try(20, opMembers); got != 14 {
		t.Errorf("rosters: %d", got)
	}
	for range 100 {
		at = at.Add(1100 * time.Millisecond)
		try(7, opSend)
	}
	if got := len(since(f.seen["app chat send"], at.Add(-30*time.Second))); got > 60 {
		t.Errorf("in thirty seconds: %d", got)
	}
}
