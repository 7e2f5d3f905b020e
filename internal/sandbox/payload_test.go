package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// graphToken is a token of a person for Graph with the scopes named.
func (r *rig) graphToken(who string, scope ...string) string {
	r.t.Helper()
	p := r.world.person(who)
	claims := r.login.claims(&r.cfg.Apps[0], graphAudience)
	claims["idtyp"], claims["scp"] = "user", strings.Join(scope, " ")
	p.claim(claims)
	token, err := r.entra.sign(claims, accessLife)
	if err != nil {
		r.t.Fatal(err)
	}
	return token
}

// handed is the message of an action on it, as the bot hears it.
func (r *rig) handed(as, conversation, id string) obj {
	r.t.Helper()
	r.api("/api/invoke", obj{"as": as, "conversation": conversation, "messageId": id, "name": "composeExtension/fetchTask",
		"value": obj{"commandId": "findContact", "commandContext": "message"}}, nil)
	a := r.bot.await(r.t, "the action on "+id, func(a heard) bool { return a["name"] == "composeExtension/fetchTask" && a["replyToId"] == id })
	return a.at("value.messagePayload").(obj)
}

func TestPayloadHoldsPicturesAndFiles(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	files := []any{
		obj{"name": "pasted.png", "contentType": "image/png", "base64": "UE5H"},
		obj{"name": `a "b".png`, "contentType": "image/png", "base64": "UE5H", "attached": true},
		obj{"name": "terms.pdf", "contentType": "application/pdf", "base64": "UERG"},
	}
	id := r.sendText("ana", "leads", "two\nlines <b>", obj{"mention": true, "files": files})
	p := r.handed("ben", "leads", id)
	shown := r.said("leads", "")[0]
	team := r.world.chatByKey("general", "").team.group
	wantBody := `<div><at id="0">Contact Pro</at> two<br>lines &lt;b&gt;<p><img alt="pasted.png" src="` + r.base + "/v1.0/teams/" + team + "/channels/" +
		r.chatID("leads", "") + "/messages/" + id + "/hostedContents/" + hostedID(0) + `/$value" itemid="0"></p>` +
		`<attachment id="` + stableGUID("attachment", id, "1") + `"></attachment><attachment id="` + stableGUID("attachment", id, "2") + `"></attachment></div>`
	if diff := cmp.Diff(wantBody, p["body"].(obj)["content"]); diff != "" {
		t.Error(diff)
	}
	var urls []string
	for _, a := range p["attachments"].([]any) {
		a := a.(obj)
		urls = append(urls, a["contentUrl"].(string))
		if a["contentType"] != "reference" || a["content"] != nil {
			t.Errorf("attachment: %v", a)
		}
	}
	if len(urls) != 2 || len(shown.Attachments) != 3 {
		t.Errorf("%d files in %d attachments", len(urls), len(shown.Attachments))
	}
	mention := p["mentions"].([]any)[0].(obj)
	if mention["mentionText"] != "Contact Pro" || mention["mentioned"].(obj)["application"].(obj)["id"] != contactID {
		t.Errorf("mention: %v", mention)
	}
}

func TestPayloadOfAnAppsMessage(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	picture := "data:image/png;base64," + base64.StdEncoding.EncodeToString([]byte("PNG"))
	elsewhere := r.bot.URL + "/preview.png"
	id := r.post(r.appToken(botAudience), r.chatID("group", ""), obj{"type": "message", "attachments": []any{
		obj{"contentType": "image/png", "contentUrl": picture, "name": "a.png"}, obj{"contentType": "image/png", "contentUrl": elsewhere}, card()}})
	p := r.handed("ana", "group", id)
	body := p["body"].(obj)["content"].(string)
	if !strings.Contains(body, "/v1.0/chats/"+r.chatID("group", "")+"/messages/"+id+"/hostedContents/"+hostedID(0)+"/$value") || !strings.Contains(body, `src="`+elsewhere+`"`) {
		t.Errorf("body: %s", body)
	}
	attached := p["attachments"].([]any)[0].(obj)
	if attached["contentType"] != adaptiveCard || !strings.Contains(attached["content"].(string), "AdaptiveCard") {
		t.Errorf("card: %v", attached)
	}
	if from := p["from"].(obj)["application"].(obj); from["id"] != contactID || from["displayName"] != "Contact Pro" {
		t.Errorf("from: %v", p["from"])
	}
}

func TestPayloadNamesFilesByTheirPlaceInSharePoint(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const address = "https://contoso.sharepoint.example/sites/a/Shared%20Documents/a.png"
	for _, c := range []struct{ name, file, want string }{
		{"a file that lies there", `{"contentType":"reference","contentUrl":"http://127.0.0.1:1/files/x","webUrl":"` + address + `"}`, address},
		{"a file that does not", `{"contentType":"reference","contentUrl":"http://127.0.0.1:1/files/x"}`, "http://127.0.0.1:1/files/x"},
	} {
		p := r.payload(scene{chat: r.world.chatByKey("group", "")}, message{ID: "1", From: "ana", Attachments: []json.RawMessage{json.RawMessage(c.file)}})
		if got := p["attachments"].([]any)[0].(map[string]any)["contentUrl"]; got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestHostedContentsAreForWhoMayRead(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	files := []any{obj{"name": "p.png", "contentType": "image/png", "base64": "UE5H"}, obj{"name": "f.pdf", "contentType": "application/pdf", "base64": "UERG"}}
	inGroup := r.sendText("ana", "group", "see", obj{"files": files})
	inLeads := r.sendText("ana", "leads", "see", obj{"files": files})
	reply := r.sendText("ben", "leads", "too", obj{"files": files, "thread": inLeads})
	own := r.sendText("ana", "personal-contact", "see", obj{"files": files})
	group := r.base + "/v1.0/chats/" + r.chatID("group", "") + "/messages/" + inGroup + "/hostedContents/"
	leads := r.base + "/v1.0/teams/" + r.world.chatByKey("general", "").team.group + "/channels/" + r.chatID("leads", "") + "/messages/" + inLeads
	mine := r.base + "/v1.0/chats/" + r.graphChat(r.world.chatByKey("personal-contact", "ana")) + "/messages/" + own + "/hostedContents/"
	picture := hostedID(0) + "/$value"
	for _, c := range []struct {
		name, url, token string
		status           int
	}{
		{"who is in the chat", group + picture, r.graphToken("ana", "Chat.Read"), 200},
		{"in a personal chat", mine + picture, r.graphToken("ana", "Chat.Read"), 200},
		{"another's personal chat", mine + picture, r.graphToken("ben", "Chat.Read"), 404},
		{"a post of a channel", leads + "/hostedContents/" + picture, r.graphToken("chloe", "ChannelMessage.Read.All"), 200},
		{"a reply", leads + "/replies/" + reply + "/hostedContents/" + picture, r.graphToken("ana", "ChannelMessage.Read.All"), 200},
		{"without the permission", group + picture, r.graphToken("ana", "User.Read"), 403},
		{"with that for channels", group + picture, r.graphToken("ana", "ChannelMessage.Read.All"), 403},
		{"who is not in the chat", group + picture, r.graphToken("chloe", "Chat.Read"), 404},
		{"the bot itself", group + picture, r.appToken(graphAudience), 403},
		{"without a token", group + picture, "", 401},
		{"what is no picture", group + hostedID(1) + "/$value", r.graphToken("ana", "Chat.Read"), 404},
		{"beyond the last", group + hostedID(9) + "/$value", r.graphToken("ana", "Chat.Read"), 404},
		{"an id that is none", group + "x/$value", r.graphToken("ana", "Chat.Read"), 404},
	} {
		status, body := r.do("GET", c.url, c.token, nil)
		if status != c.status || status == 200 && body != "PNG" {
			t.Errorf("%s: %d %.80s", c.name, status, body)
		}
	}
}

func TestAMessageTakesTenFiles(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var files []any
	for range maxGiven + 1 {
		files = append(files, obj{"name": "p.png", "contentType": "image/png", "base64": "UE5H"})
	}
	if status, _ := r.do("POST", r.base+"/api/send", "", obj{"as": "ana", "conversation": "group", "text": "x", "files": files}); status != 400 {
		t.Errorf("eleven files: %d", status)
	}
	r.sendText("ana", "group", "x", obj{"files": files[:maxGiven]})
	if m := r.said("group", "")[0]; len(m.Attachments) != maxGiven {
		t.Errorf("%d attachments", len(m.Attachments))
	}
}

func FuzzHostedPlace(f *testing.F) {
	for _, seed := range []string{hostedID(0), hostedID(12), "", "x", "aWQ9LTEsdHlwZT0x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if at := hostedPlace(id); at >= 0 && at < maxGiven && hostedPlace(hostedID(at)) != at {
			t.Errorf("%q is at %d", id, at)
		}
	})
}
