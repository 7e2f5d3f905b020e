package sandbox

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	app := App{ID: contactID, Name: "Contact Pro"}
	for _, c := range []struct {
		name string
		cfg  Config
		want string
	}{
		{"no bot", Config{Apps: []App{app}}, "is not a URL"},
		{"no app", Config{BotURL: "http://127.0.0.1:1/api/messages"}, "no app"},
		{"two apps with one id", Config{BotURL: "http://127.0.0.1:1/x", Apps: []App{app, {ID: contactID, Name: "Image Pro"}}}, "its own"},
		{"two apps with one key", Config{BotURL: "http://127.0.0.1:1/x", Apps: []App{app, {ID: imageID, Name: "Contact Plus"}}}, "its own"},
		{"no certificate", Config{BotURL: "http://127.0.0.1:1/x", Apps: []App{{ID: contactID, Name: "A", Certificates: []string{"x"}}}}, "not PEM"},
	} {
		if _, err := New(c.cfg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

func TestBindsLoopbackOnly(t *testing.T) {
	t.Parallel()
	s, err := New(Config{BotURL: "http://127.0.0.1:1/api/messages", Apps: []App{{ID: contactID, Name: "Contact Pro"}}, StateDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"0.0.0.0:0", ":0", "192.0.2.1:80", "example.com:80", "nonsense"} {
		for _, listen := range [][2]string{{address, "127.0.0.1:0"}, {"127.0.0.1:0", address}} {
			s.cfg.Listen, s.cfg.LoginListen = listen[0], listen[1]
			if err := s.Start(t.Context()); err == nil {
				s.Close()
				t.Errorf("%q was bound: %v", address, listen)
			}
		}
	}
}

func TestSettingsAreComplete(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *Config) { c.PlaygroundHosts = []string{"127.0.0.1:56150"} })
	host := strings.TrimPrefix(r.base, "http://")
	want := map[string]string{
		"TEAMSPRO_BOT_METADATA_URL":   r.base + "/v1/.well-known/openidconfiguration",
		"TEAMSPRO_BOT_ISSUER":         "https://api.botframework.com",
		"TEAMSPRO_LOGIN_URL":          r.loginB,
		"TEAMSPRO_GRAPH_URL":          r.base + "/v1.0",
		"TEAMSPRO_SERVICE_HOSTS":      host + ",127.0.0.1:56150",
		"TEAMSPRO_CA_FILE":            r.cfg.StateDir + "/sandbox-ca.pem",
		"TEAMSPRO_TENANT_ID":          DefaultTenant,
		"TEAMSPRO_ADMINS":             r.world.person("ana").ObjectID,
		"TEAMSPRO_CONTACT_APP_ID":     contactID,
		"TEAMSPRO_CONTACT_APP_SECRET": "contact-secret",
		"TEAMSPRO_IMAGE_APP_ID":       imageID,
		"TEAMSPRO_IMAGE_APP_SECRET":   "image-secret",
		"TEAMSPRO_LISTEN":             strings.TrimPrefix(r.bot.URL, "http://"),
		"TEAMSPRO_PUBLIC_URL":         r.bot.URL,
	}
	if diff := cmp.Diff(want, r.Settings()); diff != "" {
		t.Error(diff)
	}
}

func TestStartInstallsTheApps(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	type event struct{ App, Kind, Place, What string }
	var got []event
	for _, a := range r.bot.matching(func(heard) bool { return true }) {
		app := r.appByID(strings.TrimPrefix(a.at("recipient.id").(string), "28:"))
		what, _ := a["action"].(string)
		if what == "" {
			what, _ = a.at("channelData.eventType").(string)
		}
		got = append(got, event{app.Key, a["type"].(string), a.at("conversation.conversationType").(string), what})
	}
	var want []event
	for _, app := range []string{"contact", "image"} {
		for _, place := range []string{personal, personal, personal, groupChat, channel} {
			added := ""
			if place == channel {
				added = "teamMemberAdded"
			}
			want = append(want, event{app, "installationUpdate", place, "add"}, event{app, "conversationUpdate", place, added})
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	team := r.bot.await(t, "the team", func(a heard) bool { return a.at("channelData.eventType") == "teamMemberAdded" })
	if general := r.chatID("general", ""); team.at("conversation.id") != general || team.at("channelData.team.id") != general ||
		team.at("channelData.settings.selectedChannel.id") != general {
		t.Errorf("the team's ids are wrong: %v", team)
	}
	if len(r.bot.refused) > 0 {
		t.Errorf("tokens were refused: %v", r.bot.refused)
	}
}

func TestNothingIsInstalledWithoutABot(t *testing.T) {
	t.Parallel()
	s, err := New(Config{BotURL: "http://127.0.0.1:1/api/messages", StateDir: t.TempDir(), Apps: []App{{ID: contactID, Name: "Contact Pro"}}})
	if err != nil {
		t.Fatal(err)
	}
	s.wait.start = time.Millisecond
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.installAll(t.Context())
	if got := s.world.installed(s.world.chatByKey("group", "")); len(got) > 0 {
		t.Errorf("installed: %v", got)
	}
}

func TestCloseEndsEverything(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.Close()
	r.Close()
	r.background(func(context.Context) { t.Error("something began after Close") })
	if _, err := http.Get(r.PageURL()); err == nil {
		t.Error("the page is still served")
	}
}

func TestRotationKeepsTheKeyBeforeOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	kids := func() []string {
		var set struct{ Keys []jwk }
		if err := getInto(r.base+"/v1/.well-known/keys", &set); err != nil {
			t.Fatal(err)
		}
		var list []string
		for _, k := range set.Keys {
			list = append(list, k.Kid)
		}
		return list
	}
	first := kids()
	r.api("/api/rotate", obj{}, nil)
	second := kids()
	r.api("/api/rotate", obj{}, nil)
	third := kids()
	if len(first) != 1 || len(second) != 2 || second[1] != first[0] || len(third) != 2 || third[1] != second[0] {
		t.Errorf("keys: %v, %v, %v", first, second, third)
	}
	r.api("/api/send", obj{"as": "ana", "conversation": "personal-contact", "text": "hello"}, nil)
	r.bot.await(t, "a message signed with the newest key", kind("message"))
}

func TestStableIDs(t *testing.T) {
	t.Parallel()
	one, two := newWorld(Config{Tenant: "t", Apps: []App{{Key: "contact", ID: contactID}}}), newWorld(Config{Tenant: "t", Apps: []App{{Key: "contact", ID: contactID}}})
	ids := func(w *world) []string {
		var list []string
		for _, c := range w.chats {
			list = append(list, c.id)
		}
		for _, p := range w.people {
			list = append(list, p.UserID, p.ObjectID)
		}
		return list
	}
	if diff := cmp.Diff(ids(one), ids(two)); diff != "" {
		t.Error(diff)
	}
	unique := map[string]bool{}
	for _, id := range ids(one) {
		unique[id] = true
	}
	if len(unique) != len(ids(one)) {
		t.Errorf("ids repeat: %v", ids(one))
	}
}

func TestNamesOfThePage(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	general := r.chatID("general", "")
	for name, want := range map[string][2]string{
		"group": {r.chatID("group", ""), ""}, "general": {general, general}, "leads": {r.chatID("leads", ""), general}, "events": {r.chatID("events", ""), r.chatID("press", "")}, "none": {},
	} {
		if id, team := r.Conversation(name); id != want[0] || team != want[1] {
			t.Errorf("%s: %q %q", name, id, team)
		}
	}
	if r.Tenant() != DefaultTenant || r.ObjectID("ana") != r.world.person("ana").ObjectID || r.ObjectID("nobody") != "" {
		t.Error("tenant or object id is wrong")
	}
}

func TestMessageIDsAreTimesAndNeverRepeat(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	w := newWorld(Config{Clock: &Clock{real: func() time.Time { return at }}, Tenant: "t"})
	if diff := cmp.Diff([]string{"1795251600000", "1795251600001", "1795251600002"}, []string{w.newID(), w.newID(), w.newID()}, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}
