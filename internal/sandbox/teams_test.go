package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// sendText says something in the page and gives the message's id.
func (r *rig) sendText(as, conversation, text string, more obj) string {
	r.t.Helper()
	body := obj{"as": as, "conversation": conversation, "text": text}
	for k, v := range more {
		body[k] = v
	}
	var answer struct{ ID string }
	r.api("/api/send", body, &answer)
	return answer.ID
}

func TestTypedTextBecomesAnActivity(t *testing.T) {
	t.Parallel()
	at := time.Now().UTC().Truncate(time.Millisecond)
	r := newRig(t, func(c *Config) { c.Now = func() time.Time { return at } })
	ana, chloe := r.world.person("ana"), r.world.person("chloe")
	tenant := obj{"id": r.cfg.Tenant}
	general := r.chatID("general", "")
	mention := obj{"type": "mention", "text": "<at>Contact Pro</at>", "mentioned": obj{"id": "28:" + contactID, "name": "Contact Pro"}}
	rich := `<p><span itemtype="http://schema.skype.com/Mention" itemscope="" itemid="0">Contact Pro</span>&nbsp;find &lt;b&gt;</p>`
	for _, c := range []struct {
		name             string
		as, conversation string
		more             obj
		want             func(id string) obj
	}{
		{"in the personal chat", "ana", "personal-contact", obj{"mention": true}, func(string) obj {
			return obj{"text": "find <b>", "entities": []any{clientInfo(ana, "en-GB")}, "locale": "en-GB", "localTimezone": "Europe/Lisbon",
				"conversation": obj{"id": r.chatID("personal-contact", "ana"), "conversationType": "personal", "tenantId": r.cfg.Tenant},
				"channelData":  obj{"tenant": tenant}, "from": obj{"id": ana.UserID, "name": "Ana Duarte", "aadObjectId": ana.ObjectID}}
		}},
		{"in the group chat, in French", "ana", "group", obj{"mention": true, "locale": "fr-FR"}, func(string) obj {
			return obj{"text": "<at>Contact Pro</at> find <b>\n", "entities": []any{clientInfo(ana, "fr-FR"), mention}, "locale": "fr-FR",
				"localTimezone": "Europe/Lisbon", "attachments": []any{obj{"contentType": "text/html", "content": rich}},
				"conversation": obj{"id": r.chatID("group", ""), "conversationType": "groupChat", "isGroup": true, "name": "Harbour project", "tenantId": r.cfg.Tenant},
				"channelData":  obj{"tenant": tenant}, "from": obj{"id": ana.UserID, "name": "Ana Duarte", "aadObjectId": ana.ObjectID}}
		}},
		{"in a channel, by the guest", "chloe", "leads", obj{"mention": true}, func(id string) obj {
			return obj{"text": "<at>Contact Pro</at> find <b>\n", "entities": []any{clientInfo(chloe, "fr-FR"), mention}, "locale": "fr-FR",
				"localTimezone": "Europe/Paris", "attachments": []any{obj{"contentType": "text/html", "content": rich}},
				"conversation": obj{"id": r.chatID("leads", "") + ";messageid=" + id, "conversationType": "channel", "isGroup": true, "name": "Leads", "tenantId": r.cfg.Tenant},
				"channelData": obj{"tenant": tenant, "team": obj{"id": general, "aadGroupId": r.world.chatByKey("general", "").team.group, "name": "Contoso Sales"},
					"channel": obj{"id": r.chatID("leads", "")}},
				"from": obj{"id": chloe.UserID, "name": "Chloé Martin", "aadObjectId": chloe.ObjectID}}
		}},
	} {
		id := r.sendText(c.as, c.conversation, "find <b>", c.more)
		got := r.bot.await(t, c.name, func(a heard) bool { return a["id"] == id })
		want := c.want(id)
		want["type"], want["id"], want["textFormat"], want["channelId"] = "message", id, "plain", "msteams"
		want["serviceUrl"], want["recipient"] = r.serviceURL(), obj{"id": "28:" + contactID, "name": "Contact Pro"}
		want["timestamp"], want["localTimestamp"] = at.Format("2006-01-02T15:04:05.0000000Z"), got["localTimestamp"]
		if diff := cmp.Diff(want, obj(got)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		if local, err := time.Parse(time.RFC3339Nano, fmt.Sprint(got["localTimestamp"])); err != nil || !local.Equal(at) {
			t.Errorf("%s: local time %v", c.name, got["localTimestamp"])
		}
	}
}

func clientInfo(p *person, locale string) obj {
	return obj{"type": "clientInfo", "locale": locale, "country": p.Country, "platform": "Web", "timezone": p.Zone}
}

func TestWhoHearsWhat(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.api("/api/uninstall", obj{"as": "ben", "conversation": "personal-contact", "app": "contact"}, nil)
	for _, c := range []struct {
		name, as, conversation string
		more                   obj
		app                    string // "" nobody
	}{
		{"without a mention", "ana", "group", nil, ""},
		{"the first app", "ana", "group", obj{"mention": true}, contactID},
		{"the app that was named", "ben", "group", obj{"mention": true, "app": "image"}, imageID},
		{"an app that is not there", "ben", "group", obj{"mention": true, "app": "x"}, ""},
		{"a personal chat without the app", "ben", "personal-contact", nil, ""},
		{"each app its own chat", "ana", "personal-image", nil, imageID},
	} {
		id := r.sendText(c.as, c.conversation, "hello", c.more)
		end := r.sendText("ana", "personal-contact", "end of "+c.name, nil)
		r.bot.await(t, "the end", func(a heard) bool { return a["id"] == end })
		if c.app != "" {
			r.bot.await(t, c.name, func(a heard) bool { return a["id"] == id && a.at("recipient.id") == "28:"+c.app })
		} else if got := r.bot.matching(func(a heard) bool { return a["id"] == id }); len(got) > 0 {
			t.Errorf("%s: heard %v", c.name, got)
		}
	}
}

func TestRepliesStayInTheirThread(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	root := r.sendText("ana", "leads", "root", obj{"mention": true})
	reply := r.sendText("ben", "leads", "reply", obj{"mention": true, "thread": root})
	deeper := r.sendText("chloe", "leads", "to the reply", obj{"mention": true, "thread": reply})
	for _, id := range []string{root, reply, deeper} {
		a := r.bot.await(t, id, func(a heard) bool { return a["id"] == id })
		if want := r.chatID("leads", "") + ";messageid=" + root; a.at("conversation.id") != want {
			t.Errorf("%v: conversation %v", a["text"], a.at("conversation.id"))
		}
	}
}

func TestFilesAreHandedOver(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	files := []any{
		obj{"name": "list.xlsx", "contentType": "application/octet-stream", "base64": base64.StdEncoding.EncodeToString([]byte("rows"))},
		obj{"name": "p.png", "contentType": "image/png", "base64": "UE5H"},
	}
	id := r.sendText("ana", "personal-contact", "import", obj{"files": files})
	a := r.bot.await(t, "the files", func(a heard) bool { return a["id"] == id })
	list := a["attachments"].([]any)
	file, picture := list[0].(obj), list[1].(obj)
	if file["contentType"] != "application/vnd.microsoft.teams.file.download.info" || file["content"].(obj)["fileType"] != "xlsx" {
		t.Errorf("file: %v", file)
	}
	download := file["content"].(obj)["downloadUrl"].(string)
	if status, body := r.do("GET", download, "", nil); status != 200 || body != "rows" {
		t.Errorf("download: %d %s", status, body)
	}
	if status, _ := r.do("GET", download, r.appToken(botAudience), nil); status != 401 {
		t.Errorf("a download took the bot's token: %d", status)
	}
	if status, body := r.do("GET", picture["contentUrl"].(string), r.appToken(botAudience), nil); status != 200 || body != "PNG" {
		t.Errorf("picture: %d %s", status, body)
	}
	if status, _ := r.do("GET", picture["contentUrl"].(string), "", nil); status != 401 {
		t.Errorf("a picture was given without a token: %d", status)
	}
	id = r.sendText("ana", "group", "look", obj{"mention": true, "files": files})
	a = r.bot.await(t, "the group's files", func(a heard) bool { return a["id"] == id })
	if list := a["attachments"].([]any); len(list) != 2 || list[0].(obj)["contentType"] != "image/png" || list[1].(obj)["contentType"] != "text/html" {
		t.Errorf("in a group bots get pictures only: %v", list)
	}
}

func TestCardSubmitIsAMessageWithAValue(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.post(r.appToken(botAudience), r.chatID("leads", ""), cardMessage())
	r.api("/api/submit", obj{"as": "ben", "conversation": "leads", "messageId": id, "value": obj{"a": "1"}}, nil)
	a := r.bot.await(t, "the submit", func(a heard) bool { return a["value"] != nil })
	if a["type"] != "message" || a["replyToId"] != id || a["text"] != nil || a.at("value.a") != "1" ||
		a.at("conversation.id") != r.chatID("leads", "")+";messageid="+id {
		t.Errorf("submit: %v", a)
	}
	if status, _ := r.do("POST", r.base+"/api/submit", "", obj{"as": "ben", "conversation": "leads", "messageId": "1", "value": obj{}}); status != 404 {
		t.Errorf("a card that is none: %d", status)
	}
}

func TestCardActions(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.post(r.appToken(botAudience), r.chatID("group", ""), cardMessage())
	const shown = `{"statusCode":200,"type":"application/vnd.microsoft.card.adaptive","value":{"type":"AdaptiveCard"}}`
	const login = `{"statusCode":401,"type":"application/vnd.microsoft.activity.loginRequest","value":{}}`
	for _, c := range []struct {
		name    string
		trigger string
		status  int
		body    string
		problem string
	}{
		{"a card", "", 200, shown, ""},
		{"a refresh", "automatic", 200, shown, ""},
		{"a sign-in that Teams shows", "manual", 200, login, ""},
		{"a sign-in with the HTTP status of the body", "manual", 401, login, ""},
		{"an error in the body", "manual", 200, `{"statusCode":400,"type":"application/vnd.microsoft.error","value":{"code":"BadRequest"}}`, somethingWrong},
		{"no body", "manual", 200, ``, somethingWrong},
		{"no type", "manual", 200, `{}`, somethingWrong},
		{"not JSON", "manual", 200, `oops`, somethingWrong},
		{"not implemented", "manual", 501, ``, somethingWrong},
	} {
		r.bot.answering(func(heard) (int, string) { return c.status, c.body })
		var got answer
		r.api("/api/action", obj{"as": "ben", "conversation": "group", "messageId": id, "trigger": c.trigger,
			"action": obj{"type": "Action.Execute", "verb": c.name, "data": obj{"x": 1}}}, &got)
		if got.Status != c.status || got.Problem != c.problem || json.Valid([]byte(c.body)) && string(got.Body) != c.body {
			t.Errorf("%s: %+v", c.name, got)
		}
		a := r.bot.await(t, c.name, func(a heard) bool { return a.at("value.action.verb") == c.name })
		if a["name"] != "adaptiveCard/action" || a["replyToId"] != id || a.at("value.trigger") != orElse(c.trigger, "manual") || !strings.HasPrefix(a["id"].(string), "f:") {
			t.Errorf("%s: %v", c.name, a)
		}
	}
}

func TestInvokesWaitAsTeamsWaits(t *testing.T) {
	t.Parallel()
	r := newPatientRig(t, impatient)
	id := r.post(r.appToken(botAudience), r.chatID("group", ""), cardMessage())
	for _, c := range []struct {
		name  string
		tries int
	}{
		{"composeExtension/query", 3}, {"composeExtension/fetchTask", 3}, {"task/fetch", 3}, {"adaptiveCard/action", 1}, {"application/search", 1},
	} {
		r.bot.answering(func(heard) (int, string) { time.Sleep(900 * time.Millisecond); return 200, `{}` })
		var got answer
		r.api("/api/invoke", obj{"as": "ana", "conversation": "group", "messageId": id, "name": c.name, "value": obj{}}, &got)
		if got.Status != 0 || got.Problem != unableToReach {
			t.Errorf("%s: %+v", c.name, got)
		}
		asked := r.bot.matching(kind(c.name))
		if len(asked) != c.tries || asked[0]["id"] != asked[len(asked)-1]["id"] {
			t.Errorf("%s was asked %d times", c.name, len(asked))
		}
	}
}

func TestASecondTryMayAnswer(t *testing.T) {
	t.Parallel()
	r := newPatientRig(t, patience{invoke: time.Second, message: time.Second, start: 10 * time.Second})
	var asked atomic.Int32
	r.bot.answering(func(heard) (int, string) {
		if asked.Add(1) == 1 {
			time.Sleep(1100 * time.Millisecond)
		}
		return 200, `{"composeExtension":{"type":"message","text":"late"}}`
	})
	var got answer
	r.api("/api/invoke", obj{"as": "ana", "conversation": "group", "name": "composeExtension/query", "value": obj{"commandId": "findContact"}}, &got)
	if got.Status != 200 || got.Problem != "" {
		t.Errorf("%+v", got)
	}
}

func TestSlowMessagesComeAgain(t *testing.T) {
	t.Parallel()
	r := newPatientRig(t, impatient)
	r.bot.answering(func(heard) (int, string) { time.Sleep(900 * time.Millisecond); return 200, "" })
	id := r.sendText("ana", "personal-contact", "slow", nil)
	deadline := time.Now().Add(5 * time.Second)
	same := func(a heard) bool { return a["id"] == id }
	for len(r.bot.matching(same)) < 2 && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	time.Sleep(1500 * time.Millisecond)
	if got := r.bot.matching(same); len(got) != 2 {
		t.Errorf("the message came %d times", len(got))
	}
}

func TestBotThatIsAway(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.bot.Close()
	var got answer
	r.api("/api/invoke", obj{"as": "ana", "conversation": "group", "name": "composeExtension/query", "value": obj{"commandId": "findContact"}}, &got)
	if got.Status != 0 || got.Problem != unableToReach {
		t.Errorf("%+v", got)
	}
}

func TestInvokesReachTheirApp(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	image := r.post(r.tokenOf(imageID, "image-secret", botAudience), r.chatID("group", ""), cardMessage())
	r.bot.answering(func(heard) (int, string) { return 200, `{}` })
	for _, c := range []struct {
		name string
		body obj
		app  string
	}{
		{"by the command", obj{"name": "composeExtension/query", "value": obj{"commandId": "findContact"}}, contactID},
		{"by who answered last", obj{"name": "composeExtension/selectItem", "value": obj{"id": "1"}}, contactID},
		{"by the message", obj{"name": "task/fetch", "value": obj{}, "messageId": image}, imageID},
		{"by name", obj{"name": "composeExtension/querySettingUrl", "value": obj{}, "app": "image"}, imageID},
		{"and that is remembered", obj{"name": "composeExtension/setting", "value": obj{}}, imageID},
		{"where only one is installed", obj{"conversation": "personal-image", "name": "config/fetch", "value": obj{}}, imageID},
	} {
		body := obj{"as": "ana", "conversation": "group"}
		for k, v := range c.body {
			body[k] = v
		}
		r.api("/api/invoke", body, nil)
		a := r.bot.await(t, c.name, kind(c.body["name"].(string)))
		if a.at("recipient.id") != "28:"+c.app {
			t.Errorf("%s: %v", c.name, a.at("recipient.id"))
		}
	}
}

func TestMessageActionsCarryTheMessage(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.sendText("chloe", "leads", "call me", nil)
	r.api("/api/invoke", obj{"as": "ana", "conversation": "leads", "messageId": id, "name": "composeExtension/fetchTask",
		"value": obj{"commandId": "findContact", "commandContext": "message"}}, nil)
	a := r.bot.await(t, "the action", kind("composeExtension/fetchTask"))
	if a.at("value.messagePayload.id") != id || a.at("value.messagePayload.body.content") != "<div>call me</div>" ||
		a.at("value.messagePayload.from.user.id") != r.world.person("chloe").ObjectID || a.at("conversation.id") != r.chatID("leads", "")+";messageid="+id {
		t.Errorf("%v", a)
	}
}

func TestInsertedCardsKnowTheirApp(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.bot.answering(func(heard) (int, string) {
		return 200, `{"statusCode":200,"type":"application/vnd.microsoft.activity.message","value":"done"}`
	})
	r.api("/api/invoke", obj{"as": "ben", "conversation": "group", "name": "composeExtension/query", "value": obj{}, "app": "image"}, nil)
	var sent struct{ ID string }
	r.api("/api/compose", obj{"as": "ben", "conversation": "group", "attachment": card(), "text": "see"}, &sent)
	m := r.said("group", "")[0]
	if m.ID != sent.ID || m.From != "ben" || m.Via != "image" || m.Text != "see" || len(m.Attachments) != 1 {
		t.Errorf("sent: %+v", m)
	}
	r.api("/api/action", obj{"as": "ana", "conversation": "group", "messageId": sent.ID, "action": obj{"verb": "x"}}, nil)
	if a := r.bot.await(t, "the action", kind("adaptiveCard/action")); a.at("recipient.id") != "28:"+imageID {
		t.Errorf("the action went to %v", a.at("recipient.id"))
	}
	if status, _ := r.do("POST", r.base+"/api/compose", "", obj{"as": "ben", "conversation": "group", "attachment": obj{}}); status != 400 {
		t.Errorf("a card that is none: %d", status)
	}
}

func TestSingleSignOn(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const auth = `{"composeExtension":{"type":"silentAuth","suggestedActions":{"actions":[{"type":"openUrl","value":"https://x.example"}]}}}`
	const login = `{"statusCode":401,"type":"application/vnd.microsoft.activity.loginRequest","value":{"connectionName":"c","tokenExchangeResource":{"id":"t1"}}}`
	card1 := r.post(r.appToken(botAudience), r.chatID("group", ""), cardMessage())
	for _, c := range []struct {
		name, invoke, ask string
		status            int
		then, want        string
	}{
		{"a query is asked again with a token", "composeExtension/query", auth, 200, `{"composeExtension":{"type":"result"}}`, `{"composeExtension":{"type":"result"}}`},
		{"a query without consent keeps the button", "composeExtension/query", auth, 412, ``, auth},
		{"a query that asks again keeps the button", "composeExtension/query", auth, 200, auth, auth},
		{"a card action is asked again", "adaptiveCard/action", login, 200, `{"statusCode":200,"type":"application/vnd.microsoft.activity.message","value":"ok"}`, `{"statusCode":200,"type":"application/vnd.microsoft.activity.message","value":"ok"}`},
		{"a card action without consent", "adaptiveCard/action", login, 200, `{"statusCode":412,"type":"application/vnd.microsoft.error.preconditionFailed"}`, login},
	} {
		var token atomic.Value
		r.bot.answering(func(a heard) (int, string) {
			if t := a.at("value.authentication.token"); t != nil {
				token.Store(t)
				return c.status, c.then
			}
			return 200, c.ask
		})
		var got answer
		r.api("/api/invoke", obj{"as": "ana", "conversation": "group", "messageId": card1, "name": c.invoke, "value": obj{"action": obj{}}}, &got)
		if string(got.Body) != c.want || got.Problem != "" {
			t.Errorf("%s: %+v", c.name, got)
		}
		given, _ := token.Load().(string)
		claims, err := r.entra.verify(given, contactID)
		if err != nil || claims["oid"] != r.world.person("ana").ObjectID || claims["scp"] != "access_as_user" {
			t.Errorf("%s: token %v %v", c.name, err, claims)
		}
	}
}

func TestSignInCardIsTriedSilently(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	oauth := obj{"type": "message", "attachments": []any{obj{"contentType": oauthCard, "content": obj{"connectionName": "graph",
		"tokenExchangeResource": obj{"id": "e1", "uri": "api://botid-" + contactID}}}}}
	r.bot.answering(func(heard) (int, string) { return 412, `{"id":"e1","connectionName":"graph"}` })
	r.post(r.appToken(botAudience), r.chatID("group", ""), oauth)
	id := r.post(r.appToken(botAudience), r.chatID("personal-contact", "ana"), oauth)
	a := r.bot.await(t, "the exchange", kind("signin/tokenExchange"))
	if a["replyToId"] != id || a.at("value.id") != "e1" || a.at("value.connectionName") != "graph" {
		t.Errorf("exchange: %v", a)
	}
	if _, err := r.entra.verify(a.at("value.token").(string), contactID); err != nil {
		t.Error(err)
	}
	if all := r.bot.matching(kind("signin/tokenExchange")); len(all) != 1 {
		t.Errorf("the group's card was tried too: %d", len(all))
	}
}

func TestFileConsent(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.post(r.appToken(botAudience), r.chatID("personal-contact", "ana"), obj{"type": "message", "attachments": []any{
		obj{"contentType": consentCard, "name": "contacts.xlsx", "content": obj{"sizeInBytes": 6}}}})
	r.api("/api/invoke", obj{"as": "ana", "conversation": "personal-contact", "messageId": id, "name": "fileConsent/invoke",
		"value": obj{"type": "fileUpload", "action": "accept", "context": obj{}}}, nil)
	a := r.bot.await(t, "the consent", kind("fileConsent/invoke"))
	info := a.at("value.uploadInfo").(obj)
	if info["name"] != "contacts.xlsx" || info["fileType"] != "xlsx" {
		t.Errorf("upload: %v", info)
	}
	put := func(span, body, token string) int {
		req, err := http.NewRequest("PUT", info["uploadUrl"].(string), strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Range", span)
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	for _, c := range []struct {
		name, span, body, token string
		status                  int
	}{
		{"with a token", "bytes 0-2/6", "abc", "t", 401},
		{"without a range", "", "abc", "", 400},
		{"a range that lies", "bytes 0-3/6", "abc", "", 416},
		{"another size than announced", "bytes 0-2/7", "abc", "", 416},
		{"a first part", "bytes 0-2/6", "abc", "", 202},
		{"the first part again", "bytes 0-2/6", "abc", "", 416},
		{"the last part", "bytes 3-5/6", "def", "", 201},
		{"after the end", "bytes 0-2/6", "abc", "", 404},
	} {
		if got := put(c.span, c.body, c.token); got != c.status {
			t.Errorf("%s: %d, want %d", c.name, got, c.status)
		}
	}
	if status, body := r.do("GET", info["contentUrl"].(string), "", nil); status != 200 || body != "abcdef" {
		t.Errorf("the file: %d %s", status, body)
	}
	ana := r.as("ana", "Files.Read")
	if got := ana.bytesOf("/me/drive/root:/Applications/Contact Pro/contacts.xlsx:/content"); string(got) != "abcdef" {
		t.Errorf("the file in her OneDrive: %s", got)
	}
}

func TestReactionsEditsAndDeletions(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	bots := r.post(r.appToken(botAudience), r.chatID("group", ""), saying("hello"))
	mine := r.sendText("ana", "group", "find", obj{"mention": true})
	here := func(more obj) obj {
		body := obj{"as": "ana", "conversation": "group"}
		for k, v := range more {
			body[k] = v
		}
		return body
	}
	r.api("/api/react", here(obj{"messageId": bots, "reaction": "like"}), nil)
	added := r.bot.await(t, "the reaction", kind("messageReaction"))
	if diff := cmp.Diff([]any{obj{"type": "like"}}, added["reactionsAdded"]); diff != "" || added["replyToId"] != bots {
		t.Errorf("reaction: %v", added)
	}
	r.api("/api/react", here(obj{"messageId": bots, "reaction": "like", "remove": true}), nil)
	r.bot.await(t, "the reaction's end", func(a heard) bool { return a["reactionsRemoved"] != nil })
	if m := r.said("group", "")[0]; len(m.Reactions) != 0 {
		t.Errorf("reactions: %v", m.Reactions)
	}
	r.api("/api/edit", here(obj{"messageId": mine, "text": "find marta"}), nil)
	edited := r.bot.await(t, "the edit", kind("messageUpdate"))
	if edited["id"] != mine || edited["text"] != "<at>Contact Pro</at> find marta\n" || edited.at("channelData.eventType") != "editMessage" {
		t.Errorf("edit: %v", edited)
	}
	r.api("/api/delete", here(obj{"messageId": mine}), nil)
	deleted := r.bot.await(t, "the deletion", kind("messageDelete"))
	if deleted["id"] != mine || deleted["text"] != nil || deleted.at("channelData.eventType") != "softDeleteMessage" {
		t.Errorf("deletion: %v", deleted)
	}
	for path, body := range map[string]obj{
		"/api/edit":   {"messageId": bots, "text": "not mine"},
		"/api/delete": {"messageId": mine},
		"/api/react":  {"messageId": "1", "reaction": "like"},
	} {
		if status, _ := r.do("POST", r.base+path, "", here(body)); status != 404 {
			t.Errorf("%s: %d", path, status)
		}
	}
}

func TestPeopleComeAndGo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	chloe := r.world.person("chloe")
	r.api("/api/members", obj{"as": "ana", "conversation": "group", "add": []any{"chloe", "ben"}}, nil)
	joined := r.bot.await(t, "the arrival", func(a heard) bool {
		return a.at("conversation.conversationType") == groupChat && strings.Contains(fmt.Sprint(a["membersAdded"]), chloe.UserID)
	})
	if diff := cmp.Diff([]any{obj{"id": chloe.UserID, "aadObjectId": chloe.ObjectID}}, joined["membersAdded"]); diff != "" {
		t.Error(diff) // Ben was there already
	}
	r.api("/api/members", obj{"as": "ana", "conversation": "leads", "remove": []any{"chloe"}}, nil)
	left := r.bot.await(t, "the departure", func(a heard) bool { return a["membersRemoved"] != nil })
	if left.at("channelData.eventType") != "teamMemberRemoved" || left.at("conversation.id") != r.chatID("general", "") {
		t.Errorf("departure: %v", left)
	}
	if status, _ := r.do("GET", r.base+"/api/messages?as=chloe&conversation=general", "", nil); status != 404 {
		t.Errorf("Chloé still reads the channel: %d", status)
	}
	for name, body := range map[string]obj{
		"somebody unknown":    {"as": "ana", "conversation": "group", "add": []any{"nobody"}},
		"by someone not in":   {"as": "chloe", "conversation": "general", "add": []any{"chloe"}},
		"an unknown place":    {"as": "ana", "conversation": "x", "add": []any{"chloe"}},
		"by somebody unknown": {"as": "x", "conversation": "group"},
	} {
		if status, _ := r.do("POST", r.base+"/api/members", "", body); status != 404 {
			t.Errorf("%s: %d", name, status)
		}
	}
}

func TestInstallingAndRemoving(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.api("/api/install", obj{"as": "ben", "conversation": "personal-contact", "app": "contact"}, nil)
	ben := r.world.person("ben")
	first := r.bot.await(t, "Ben's installation", func(a heard) bool { return a.at("from.id") == ben.UserID && a["membersAdded"] != nil })
	want := []any{obj{"id": "28:" + contactID}, obj{"id": ben.UserID, "aadObjectId": ben.ObjectID}}
	if diff := cmp.Diff(want, first["membersAdded"]); diff != "" {
		t.Error(diff)
	}
	r.api("/api/uninstall", obj{"as": "ana", "conversation": "leads", "app": "contact"}, nil)
	removed := r.bot.await(t, "the removal", func(a heard) bool { return a["action"] == "remove" })
	if removed.at("conversation.id") != r.chatID("general", "") || removed.at("channelData.settings.selectedChannel.id") != r.chatID("leads", "") {
		t.Errorf("removal: %v", removed)
	}
	status, _ := r.do("POST", r.serviceURL()+"v3/conversations/"+r.chatID("general", "")+"/activities", r.appToken(botAudience), saying("still here"))
	if status != 403 {
		t.Errorf("the bot still speaks: %d", status)
	}
	for name, body := range map[string]obj{
		"an unknown app": {"as": "ana", "conversation": "group", "app": "x"},
		"elsewhere":      {"as": "chloe", "conversation": "group", "app": "contact"},
	} {
		if status, _ := r.do("POST", r.base+"/api/install", "", body); status != 404 {
			t.Errorf("%s: %d", name, status)
		}
	}
}

func TestTypingIsShown(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	events, stop := r.world.listen("ana")
	defer stop()
	status, _ := r.do("POST", r.serviceURL()+"v3/conversations/"+r.chatID("group", "")+"/activities", r.appToken(botAudience), obj{"type": "typing"})
	for e := range events {
		if e.Type == "typing" {
			if status != 202 || e.Conversation != "group" || e.Message.From != "bot:contact" {
				t.Errorf("%d %+v", status, e)
			}
			return
		}
	}
}

func TestEveryoneKnowsTheirIDs(t *testing.T) {
	t.Parallel()
	guid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$`)
	for _, p := range append(cast(), crowd(3)...) {
		if !guid.MatchString(p.ObjectID) || !strings.HasPrefix(p.UserID, "29:1") || len(p.Initials()) != 2 {
			t.Errorf("%+v", p)
		}
	}
	if id := newGUID(); !guid.MatchString(id) {
		t.Errorf("%s", id)
	}
}
