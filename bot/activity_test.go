package bot

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/identity"
)

func TestDecodeActivity(t *testing.T) {
	t.Parallel()
	with := func(fields string) string {
		return `{"type":"message","id":"1","conversation":{"id":"a:1","conversationType":"personal","tenantId":"T"},"from":{"id":"29:1"}` + fields + `}`
	}
	tests := []struct {
		name, body string
		ok         bool
	}{
		{"plain", with(``), true},
		{"unknown fields are ignored", with(`,"brandNew":{"a":[1,2]}`), true},
		{"a value of any shape", with(`,"value":[1,2]`), true},
		{"text may be null", with(`,"text":null`), true},
		{"not JSON", `{`, false},
		{"not an object", `[]`, false},
		{"null", `null`, false},
		{"no type", `{"conversation":{"id":"a:1"}}`, false},
		{"no conversation", `{"type":"message"}`, false},
		{"a number for a text", with(`,"text":7`), false},
		{"an id that leaves its segment", strings.Replace(with(``), `"a:1"`, `"../../x"`, 1), false},
		{"an id with an escaped slash", strings.Replace(with(``), `"a:1"`, `"a%2fb"`, 1), false},
		{"an id that is a dot", strings.Replace(with(``), `"a:1"`, `".."`, 1), false},
		{"an id with a query", strings.Replace(with(``), `"a:1"`, `"a?b"`, 1), false},
		{"an id with a line break", strings.Replace(with(``), `"a:1"`, `"a\nb"`, 1), false},
		{"an id that turns the line", strings.Replace(with(``), `"a:1"`, `"a\u202eb"`, 1), false},
		{"a huge id", strings.Replace(with(``), `"a:1"`, `"`+strings.Repeat("x", maxID+1)+`"`, 1), false},
		{"a hostile reply id", with(`,"replyToId":"a/b"`), false},
		{"a hostile tenant", with(`,"channelData":{"tenant":{"id":"a/b"}}`), false},
		{"two tenants", with(`,"channelData":{"tenant":{"id":"other"}}`), false},
		{"the same tenant in other letters", with(`,"channelData":{"tenant":{"id":"t"}}`), true},
		{"nested to the limit", with(`,"value":` + strings.Repeat("[", maxDepth-1) + strings.Repeat("]", maxDepth-1)), true},
		{"nested beyond it", with(`,"value":` + strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth)), false},
		{"brackets in a text are no nesting", with(`,"text":"` + strings.Repeat(`[\"`, 200) + `"`), true},
	}
	for _, tt := range tests {
		if _, err := decodeActivity([]byte(tt.body)); (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	mention := `{"type":"mention","text":"<at>Contact Pro</at>","mentioned":{"id":"28:bot","name":"Contact Pro"}}`
	other := `{"type":"mention","text":"<at>Ben</at>","mentioned":{"id":"29:ben","name":"Ben"}}`
	tests := []struct{ text, entities, want string }{
		{"find marta", "", "find marta"},
		{"<at>Contact Pro</at> find marta\\r\\n", mention, "find marta"},
		{"<at>Contact Pro</at>&nbsp;find  marta", mention, "find marta"},
		{"find\u00a0marta", "", "find marta"},
		{"find <at>Ben</at>", other, "find <at>Ben</at>"},
		{"find <at>Contact Pro</at> marta", mention, "find marta"},
		{"find O&#39;Connor &amp; Sons", "", "find O'Connor & Sons"},
		{"", "", ""},
	}
	for _, tt := range tests {
		body := fmt.Sprintf(`{"type":"message","conversation":{"id":"a:1"},"recipient":{"id":"28:bot"},"text":"%s","entities":[%s]}`, tt.text, tt.entities)
		a, err := decodeActivity([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if got := a.words(); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestCaller(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		want       identity.Caller
	}{
		{"a thread in a channel", `{"type":"message","conversation":{"id":"19:c@thread.tacv2;messageid=5","conversationType":"channel"},"channelData":{"tenant":{"id":"TEN"},"team":{"id":"19:t"}},"from":{"aadObjectId":"OID"}}`,
			identity.Caller{Tenant: "ten", Person: "oid", Conversation: "19:c@thread.tacv2", Place: identity.Channel, Team: "19:t", Public: true}},
		{"a search in a channel is seen by one", `{"type":"invoke","conversation":{"id":"19:c","conversationType":"channel","tenantId":"TEN"},"from":{"aadObjectId":"OID"}}`,
			identity.Caller{Tenant: "ten", Person: "oid", Conversation: "19:c", Place: identity.Channel}},
		{"a personal chat", `{"type":"message","conversation":{"id":"a:1","conversationType":"personal","tenantId":"ten"},"from":{"aadObjectId":"oid"}}`,
			identity.Caller{Tenant: "ten", Person: "oid", Conversation: "a:1", Place: identity.Personal}},
		{"a place without a name counts as seen by many", `{"type":"message","conversation":{"id":"19:x","tenantId":"ten"},"from":{"aadObjectId":"oid"}}`,
			identity.Caller{Tenant: "ten", Person: "oid", Conversation: "19:x", Place: identity.GroupChat, Public: true}},
	}
	for _, tt := range tests {
		a, err := decodeActivity([]byte(tt.body))
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if diff := cmp.Diff(tt.want, a.caller()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func FuzzDecodeActivity(f *testing.F) {
	f.Add([]byte(`{"type":"message","conversation":{"id":"a:1"},"text":"<at>x</at> find","entities":[{"type":"mention","text":"<at>x</at>"}]}`))
	f.Add([]byte(`{"type":"invoke","name":"adaptiveCard/action","conversation":{"id":"19:x"},"value":{"action":{"type":"Action.Execute","verb":"help"}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := decodeActivity(body)
		if err != nil {
			return
		}
		if strings.ContainsAny(a.Conversation.ID, "/\\?#%") {
			t.Errorf("conversation id %q", a.Conversation.ID)
		}
		a.words()
		a.caller()
	})
}

func FuzzCardData(f *testing.F) {
	f.Add([]byte(`{"action":{"type":"Action.Execute","verb":"contact/1/history","data":{"posted":"true","n":1e400,"x":[1]}}}`))
	f.Add([]byte(`{"data":{"verb":"contact/add","name":null},"commandId":"addContact","queryOptions":{"skip":-1,"count":1e9}}`))
	a := &app{key: ContactPro, router: new(Bot).Routes(ContactPro)}
	f.Fuzz(func(t *testing.T, value []byte) {
		for name := range surfaces {
			turn := &Turn{app: a, activity: &Activity{Type: "invoke", Name: name, Value: value}}
			c, err := a.resolve(turn)
			if err == nil && turn.route != nil && len(turn.data) > maxValues {
				t.Errorf("%d values", len(turn.data))
			}
			if q := c.query(); q.Skip < 0 || q.Count > pageSize {
				t.Errorf("query %+v", q)
			}
		}
	})
}
