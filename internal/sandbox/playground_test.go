package sandbox

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPlaygroundIsSignedAndCompleted(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.bot.answering(func(heard) (int, string) { return 201, `{"from":"the bot"}` })
	given := obj{
		"type": "invoke", "name": "adaptiveCard/action", "id": "p1", "serviceUrl": "http://localhost:56150/_connector", "channelId": "msteams",
		"recipient": obj{"id": imageID, "name": "Image"}, "value": obj{"action": obj{"verb": "x"}, "n": 12345678901234567},
		"entities": []any{obj{"type": "mention", "text": "<at>x</at>", "mentioned": obj{"id": imageID}}}, "from": obj{"id": "user-id-0"},
	}
	status, body := r.do("POST", r.base+"/playground/api/messages", "", given)
	if status != 201 || body != `{"from":"the bot"}` {
		t.Fatalf("%d %s", status, body)
	}
	got := r.bot.await(t, "the Playground", func(a heard) bool { return a["id"] == "p1" })
	want := given
	want["recipient"] = obj{"id": "28:" + imageID, "name": "Image"}
	want["value"] = obj{"action": obj{"verb": "x"}, "n": float64(12345678901234567), "trigger": "manual"}
	want["entities"] = []any{obj{"type": "mention", "text": "<at>x</at>", "mentioned": obj{"id": "28:" + imageID}}}
	if diff := cmp.Diff(want, obj(got)); diff != "" {
		t.Error(diff)
	}
}

func TestPlaygroundChoosesTheApp(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, c := range []struct{ name, query, recipient, want string }{
		{"by its id", "", imageID, imageID},
		{"by its full id", "", "28:" + imageID, imageID},
		{"the first when unknown", "", "bot-id", contactID},
		{"by name", "?app=image", "bot-id", imageID},
	} {
		status, body := r.do("POST", r.base+"/playground/api/messages"+c.query, "", obj{"type": "message", "id": c.name,
			"serviceUrl": "http://127.0.0.1:1/", "recipient": obj{"id": c.recipient}, "membersAdded": []any{obj{"id": c.recipient}}})
		if status != 200 {
			t.Errorf("%s: %d %s", c.name, status, body)
			continue
		}
		a := r.bot.await(t, c.name, func(a heard) bool { return a["id"] == c.name })
		if a.at("recipient.id") != "28:"+c.want || a["membersAdded"].([]any)[0].(obj)["id"] != "28:"+c.want {
			t.Errorf("%s: %v", c.name, a)
		}
	}
}

func TestPlaygroundSignsForThisMachineOnly(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, service := range []string{"https://smba.trafficmanager.net/teams/", "http://evil.example/", "http://127.0.0.1.evil.example/", "http://192.0.2.1/",
		"ftp://127.0.0.1/", "", "http://user@evil.example:80/127.0.0.1"} {
		status, _ := r.do("POST", r.base+"/playground/api/messages", "", obj{"type": "message", "id": "x", "serviceUrl": service, "recipient": obj{"id": contactID}})
		if status != 400 {
			t.Errorf("%q was signed: %d", service, status)
		}
	}
	for body, want := range map[string]int{"nonsense": 400, strings.Repeat(" ", maxActivity+1): 400} {
		if status, _ := r.do("POST", r.base+"/playground/api/messages", "", body); status != want {
			t.Errorf("%.10s: %d", body, status)
		}
	}
	if status, _ := r.do("POST", r.base+"/playground/api/messages?app=x", "", obj{"serviceUrl": "http://localhost/"}); status != 404 {
		t.Errorf("an unknown app: %d", status)
	}
	r.bot.Close()
	if status, _ := r.do("POST", r.base+"/playground/api/messages", "", obj{"serviceUrl": "http://localhost/"}); status != 502 {
		t.Errorf("without a bot: %d", status)
	}
}
