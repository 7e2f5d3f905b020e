package sandbox

import (
	"net/http"
	"net/url"
	"testing"
	"time"
)

// awaitMessage waits until the first message of Ana's chat with Contact Pro is as wanted.
func (r *rig) awaitMessage(what string, match func(message) bool) {
	r.t.Helper()
	var last message
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if last = r.said("personal-contact", "ana")[0]; match(last) {
			return
		}
	}
	r.t.Fatalf("%s: %+v", what, last)
}

func oauthMessage() obj {
	return obj{"type": "message", "attachments": []any{obj{"contentType": oauthCard, "content": obj{"connectionName": "graph",
		"tokenExchangeResource": obj{"id": "e1", "uri": "api://botid-" + contactID}}}}}
}

func TestSignInCardComesForwardWhenSilenceFails(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		exchange int
		after    string // how far the card is after Teams tried
		state    string // what the page gave; empty: it was not opened
		verify   int
		end      string
	}{
		{"the app takes the token", 200, signInSilent, "", 0, signInSilent},
		{"the app lacks consent", 412, "", "", 0, ""},
		{"the app fails", 500, "", "", 0, ""},
		{"the person signs in", 412, "", "123456", 200, signInDone},
		{"the code is wrong", 412, "", "123456", 404, ""},
		{"the person closes the window", 412, "", "CancelledByUser", 200, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.bot.answering(func(a heard) (int, string) {
				switch a["name"] {
				case "signin/tokenExchange":
					return c.exchange, `{}`
				case "signin/verifyState":
					return c.verify, `{}`
				}
				return 200, ""
			})
			id := r.post(r.appToken(botAudience), r.chatID("personal-contact", "ana"), oauthMessage())
			r.bot.await(t, "the exchange", kind("signin/tokenExchange"))
			r.awaitMessage("after the exchange", func(m message) bool { return m.SignIn == c.after })
			if c.state != "" {
				r.api("/api/invoke", obj{"as": "ana", "conversation": "personal-contact", "messageId": id, "name": "signin/verifyState", "value": obj{"state": c.state}}, nil)
			}
			r.awaitMessage("at the end", func(m message) bool { return m.SignIn == c.end })
		})
	}
}

func TestReplacedSignInCardIsAsNew(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	token, chat := r.appToken(botAudience), r.chatID("personal-contact", "ana")
	id := r.post(token, chat, oauthMessage())
	r.awaitMessage("the exchange", func(m message) bool { return m.SignIn == signInSilent })
	status, body := r.do("PUT", r.serviceURL()+"v3/conversations/"+url.PathEscape(chat)+"/activities/"+id, token, saying("welcome"))
	if m := r.said("personal-contact", "ana")[0]; status != 200 || m.SignIn != "" || m.Text != "welcome" {
		t.Errorf("%d %s: %+v", status, body, m)
	}
}

func TestPagesLearnWhoLooksOnceAllowed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	here := obj{"as": "ana", "conversation": "personal-contact", "app": "contact"}
	ask := func(more obj) tokenView {
		body := obj{}
		for _, part := range []obj{here, more} {
			for k, v := range part {
				body[k] = v
			}
		}
		var view tokenView
		r.api("/api/token", body, &view)
		return view
	}
	for _, c := range []struct {
		name  string
		more  obj
		token bool
	}{
		{"nobody was asked", obj{}, false},
		{"another person", obj{"as": "ben"}, false},
		{"she allows it", obj{"allow": true}, true},
		{"and is not asked again", obj{}, true},
		{"which counts for her alone", obj{"as": "ben"}, false},
	} {
		if view := ask(c.more); (view.Token != "") != c.token || view.NeedsConsent == c.token {
			t.Errorf("%s: %+v", c.name, view)
		}
	}
	claims, err := r.entra.verify(ask(nil).Token, contactID)
	if err != nil || claims["oid"] != r.world.person("ana").ObjectID || claims["scp"] != "access_as_user" {
		t.Errorf("token: %v %v", claims, err)
	}
	r.login.consent(contactID, r.world.person("ben").ObjectID, scopes{names: []string{"User.Read"}})
	if view := ask(obj{"as": "ben"}); view.Token == "" {
		t.Error("who consented to more is asked again")
	}
	if status, _ := r.do("DELETE", r.base+"/api/consents", "", nil); status != 200 || ask(nil).Token != "" || ask(obj{"as": "ben"}).Token != "" {
		t.Error("consents were not forgotten")
	}
	for name, body := range map[string]obj{
		"an unknown app":    {"as": "ana", "conversation": "group", "app": "x"},
		"an unknown person": {"as": "x", "conversation": "group", "app": "contact"},
		"a place elsewhere": {"as": "chloe", "conversation": "group", "app": "contact"},
	} {
		if status, _ := r.do("POST", r.base+"/api/token", "", body); status != 404 {
			t.Errorf("%s: %d", name, status)
		}
	}
}

func TestSilentSignOnCanBeMadeToFail(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ana := r.world.person("ana")
	r.login.consent(contactID, ana.ObjectID, scopes{names: []string{"User.Read"}})
	assertion, err := r.login.personToken(&r.cfg.Apps[0], ana)
	if err != nil {
		t.Fatal(err)
	}
	exchange := func() (int, any) {
		status, body := r.tokenCall(r.cfg.Tenant, url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "client_id": {contactID},
			"client_secret": {"contact-secret"}, "assertion": {assertion}, "scope": {"User.Read"}, "requested_token_use": {"on_behalf_of"}})
		return status, body["suberror"]
	}
	var w worldView
	for _, c := range []struct {
		fails  bool
		status int
		why    any
	}{{false, 200, nil}, {true, 400, "consent_required"}, {false, 200, nil}} {
		r.api("/api/signon", obj{"fails": c.fails}, nil)
		r.api("/api/world?as=ana", nil, &w)
		if status, why := exchange(); status != c.status || why != c.why || w.SilentFails != c.fails {
			t.Errorf("%+v: %d %v, shown %v", c, status, why, w.SilentFails)
		}
	}
	if origin := w.Apps[0].Origin; origin != r.bot.URL {
		t.Errorf("pages of the app come from %q", origin)
	}
	r.login.forget()
	if status, why := exchange(); status != 400 || why != "consent_required" {
		t.Errorf("after consents were forgotten: %d %v", status, why)
	}
}

func TestActionsAreRepeatedWithAState(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.post(r.appToken(botAudience), r.chatID("group", ""), cardMessage())
	r.api("/api/action", obj{"as": "ana", "conversation": "group", "messageId": id, "action": obj{"verb": "x"}, "state": "424242"}, nil)
	if a := r.bot.await(t, "the action", kind("adaptiveCard/action")); a.at("value.state") != "424242" || a.at("value.trigger") != "manual" {
		t.Errorf("%v", a["value"])
	}
}

func TestFilesAreAnsweredOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, action string
		status       int
		want         string
	}{
		{"allowed", "accept", 200, "accept"},
		{"declined", "decline", 200, "decline"},
		{"an app that fails", "accept", 500, ""},
		{"neither", "perhaps", 200, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.bot.answering(func(heard) (int, string) { return c.status, "" })
			id := r.post(r.appToken(botAudience), r.chatID("personal-contact", "ana"), obj{"type": "message", "attachments": []any{
				obj{"contentType": consentCard, "name": "a.png", "content": obj{"sizeInBytes": 6}}}})
			r.api("/api/invoke", obj{"as": "ana", "conversation": "personal-contact", "messageId": id, "name": "fileConsent/invoke",
				"value": obj{"type": "fileUpload", "action": c.action}}, nil)
			if got := r.said("personal-contact", "ana")[0].Answered; got != c.want {
				t.Errorf("answered %q, want %q", got, c.want)
			}
		})
	}
}

func TestUploadedPicturesOpenAsPictures(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.files.keep(file{name: "a.png", kind: typeOf("a.png"), upload: true})
	if _, err := r.files.put(id, contentRange{0, 2, 3}, []byte("PNG")); err != nil {
		t.Fatal(err)
	}
	res := r.send(http.MethodGet, r.fileURL(id), "", nil)
	res.Body.Close()
	if got := res.Header.Get("Content-Type"); got != "image/png" {
		t.Errorf("content type %q", got)
	}
}
