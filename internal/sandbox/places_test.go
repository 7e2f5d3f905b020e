package sandbox

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTeamsHaveTheirOwnPeopleAndApps(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, c := range []struct {
		conversation, team string
		roles              map[string]string
		apps               []string
	}{
		{"leads", "Contoso Sales", map[string]string{"ana": "owner", "ben": "member", "chloe": "guest"}, []string{"contact", "image"}},
		{"logistics", "Contoso Logistics", map[string]string{"ana": "owner", "ben": "member"}, []string{}},
		{"drivers", "Contoso Logistics", map[string]string{"ana": "owner", "ben": "member"}, []string{}},
		{"events", "Contoso Press", map[string]string{"ana": "member", "ben": "owner"}, []string{}},
	} {
		var w worldView
		r.api("/api/world?as=ana", nil, &w)
		i := slices.IndexFunc(w.Conversations, func(v conversationView) bool { return v.ID == c.conversation })
		if i < 0 {
			t.Fatalf("no %s", c.conversation)
		}
		v := w.Conversations[i]
		if diff := cmp.Diff(c.roles, v.Roles); diff != "" || v.Team != c.team || !slices.Equal(v.Apps, c.apps) {
			t.Errorf("%s of %s with %v: %s", c.conversation, v.Team, v.Apps, diff)
		}
	}
}

func TestAnAppJoinsAndLeavesATeam(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	press, events := r.chatID("press", ""), r.chatID("events", "")
	r.api("/api/install", obj{"as": "ben", "conversation": "events", "app": "contact"}, nil)
	added := r.bot.await(t, "the installation", func(a heard) bool { return a["action"] == "add" && a.at("conversation.id") == press })
	if added.at("channelData.team.name") != "Contoso Press" || added.at("channelData.team.id") != press || added.at("channelData.settings.selectedChannel.id") != events {
		t.Errorf("added: %v", added["channelData"])
	}
	r.bot.await(t, "that it joined", func(a heard) bool {
		return a["membersAdded"] != nil && a.at("conversation.id") == press && a.at("channelData.eventType") == "teamMemberAdded"
	})
	token := r.appToken(botAudience)
	var team struct {
		Name                      string
		ChannelCount, MemberCount int
	}
	status, raw := r.do("GET", r.serviceURL()+"v3/teams/"+press, token, nil)
	decode(t, raw, &team)
	if status != 200 || team.Name != "Contoso Press" || team.ChannelCount != 2 || team.MemberCount != 2 {
		t.Errorf("the team: %d %s", status, raw)
	}
	var list struct{ Conversations []struct{ ID string } }
	_, raw = r.do("GET", r.serviceURL()+"v3/teams/"+press+"/conversations", token, nil)
	decode(t, raw, &list)
	if len(list.Conversations) != 2 || list.Conversations[1].ID != events {
		t.Errorf("its channels: %s", raw)
	}
	r.post(token, events, saying("hello"))
	r.api("/api/uninstall", obj{"as": "ben", "conversation": "press", "app": "contact"}, nil)
	r.bot.await(t, "the removal", func(a heard) bool { return a["action"] == "remove" && a.at("conversation.id") == press })
	if status, _ := r.do("POST", r.serviceURL()+"v3/conversations/"+events+"/activities", token, saying("still here?")); status != 403 {
		t.Errorf("after the removal: %d", status)
	}
}

func TestSettingUpAnApp(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *Config) { c.Apps[0].Manifest.Configurable = []string{"team", "groupChat"} })
	r.bot.answering(func(a heard) (int, string) {
		switch a["name"] {
		case "config/fetch":
			return 200, `{"responseType":"config","config":{"type":"continue","value":{"title":"Settings"}}}`
		case "config/submit":
			return 200, `not JSON`
		}
		return 200, ""
	})
	var w worldView
	r.api("/api/world?as=ana", nil, &w)
	if !slices.Equal(w.Apps[0].Configurable, []string{channel, groupChat}) || len(w.Apps[1].Configurable) != 0 {
		t.Errorf("offered in %v and %v", w.Apps[0].Configurable, w.Apps[1].Configurable)
	}
	var got answer
	r.api("/api/invoke", obj{"as": "ana", "conversation": "leads", "app": "contact", "name": "config/fetch", "value": obj{}}, &got)
	asked := r.bot.await(t, "the question", kind("config/fetch"))
	if got.Problem != "" || got.Status != 200 || asked.at("conversation.id") != r.chatID("leads", "") || asked.at("channelData.team.id") != r.chatID("general", "") {
		t.Errorf("%+v in %v", got, asked["conversation"])
	}
	r.api("/api/invoke", obj{"as": "ana", "conversation": "leads", "app": "contact", "name": "config/submit", "value": obj{"data": obj{"a": "b"}}}, &got)
	if sent := r.bot.await(t, "the form", kind("config/submit")); sent.at("value.data.a") != "b" || got.Problem != unableToReach {
		t.Errorf("%+v for %v", got, sent["value"])
	}
}

func decode(t *testing.T, raw string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(raw), into); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
}
