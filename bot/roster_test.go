package bot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

const (
	rosterAna   identity.Person = "11111111-0000-4000-8000-000000000001"
	rosterBen   identity.Person = "11111111-0000-4000-8000-000000000002"
	rosterChat                  = "19:chat@thread.v2"
	rosterTeam                  = "19:team@thread.tacv2"
	rosterPlans                 = "19:plans@thread.tacv2"
	rosterOwn                   = "a:own-chat"
)

// rosterStore keeps references, by conversation; of one tenant and app.
type rosterStore struct {
	refs map[identity.Conversation]identity.Reference
	err  error
}

func (s *rosterStore) Recall(_ context.Context, t identity.Tenant, c identity.Conversation, app string) (identity.Reference, error) {
	if ref, ok := s.refs[c]; ok && t == connTenant && app == connApp {
		return ref, nil
	}
	if s.err != nil {
		return identity.Reference{}, s.err
	}
	return identity.Reference{}, fault.Wrap(fault.NotFound, "store.Recall", nil)
}

// rosterClock is a cache's clock that a test moves.
type rosterClock struct {
	mu  sync.Mutex
	now int64
}

func (c *rosterClock) NowNano() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *rosterClock) Tick(time.Duration) <-chan time.Time { return nil }

func (c *rosterClock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now += int64(d)
}

// newTestRoster is a roster over a service with a chat, a channel of a team, and a personal chat of Ana.
func newTestRoster(t *testing.T) (*Roster, *connService, *rosterStore, *rosterClock) {
	t.Helper()
	s := newConnService()
	s.members[rosterChat] = []map[string]any{
		{"id": "29:ana", "name": "Ana Ferrari", "aadObjectId": strings.ToUpper(string(rosterAna)), "userRole": "user"},
		{"id": "29:app", "name": "Some bot"},
		{"id": "29:ben", "name": "Ben Okafor", "objectId": string(rosterBen), "userRole": "guest"},
	}
	s.members[rosterTeam] = []map[string]any{{"id": "29:ana", "name": "Ana Ferrari", "aadObjectId": string(rosterAna), "userRole": "owner"}}
	s.channels[rosterTeam] = []map[string]any{{"id": rosterTeam}, {"id": rosterPlans, "name": "Plans"}}
	c, to := s.start(t)
	ref := func(c identity.Conversation, place identity.Place, team string, installer identity.Person) identity.Reference {
		return identity.Reference{Conversation: c, Place: place, Team: team, ServiceURL: to.ServiceURL, App: connApp, Installer: installer}
	}
	store := &rosterStore{refs: map[identity.Conversation]identity.Reference{
		rosterChat:  ref(rosterChat, identity.GroupChat, "", rosterBen),
		rosterPlans: ref(rosterPlans, identity.Channel, rosterTeam, rosterBen),
		rosterTeam:  ref(rosterTeam, identity.Channel, rosterTeam, rosterBen),
		rosterOwn:   ref(rosterOwn, identity.Personal, "", rosterAna),
	}}
	clock := &rosterClock{now: time.Now().UnixNano()}
	return newRoster(RosterConfig{App: connApp, Connector: c, References: store}, clock), s, store, clock
}

func TestRole(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name         string
		tenant       identity.Tenant
		person       identity.Person
		conversation identity.Conversation
		team         string
		want         identity.Role
		asked        string // of the service
	}{
		{"member of a chat", connTenant, rosterAna, rosterChat, "", identity.Member, "conversations/19:chat@thread.v2/members/" + string(rosterAna)},
		{"guest of a chat", connTenant, rosterBen, rosterChat, "", identity.Guest, "conversations/19:chat@thread.v2/members/" + string(rosterBen)},
		{"stranger", connTenant, "11111111-0000-4000-8000-000000000009", rosterChat, "", identity.None, "conversations/19:chat@thread.v2/members/11111111-0000-4000-8000-000000000009"},
		{"owner of the team of a channel", connTenant, rosterAna, rosterPlans, rosterTeam, identity.Owner, "conversations/19:team@thread.tacv2/members/" + string(rosterAna)},
		{"the team is known without being named", connTenant, rosterAna, rosterPlans, "", identity.Owner, "conversations/19:team@thread.tacv2/members/" + string(rosterAna)},
		{"a team of one's own does not open a channel", connTenant, rosterBen, rosterPlans, rosterChat, identity.None, "conversations/19:team@thread.tacv2/members/" + string(rosterBen)},
		{"a team does not open a chat", connTenant, "11111111-0000-4000-8000-000000000009", rosterChat, rosterTeam, identity.None, "conversations/19:chat@thread.v2/members/11111111-0000-4000-8000-000000000009"},
		{"one's own chat", connTenant, rosterAna, rosterOwn, "", identity.Member, "conversations/a:own-chat/members/" + string(rosterAna)},
		{"a channel of which only the team is known", connTenant, rosterAna, "19:new@thread.tacv2", rosterTeam, identity.Owner, "conversations/19:team@thread.tacv2/members/" + string(rosterAna)},
		{"a channel of an unknown team", connTenant, rosterAna, "19:new@thread.tacv2", "19:none@thread.tacv2", identity.None, ""},
		{"a chat is no team", connTenant, rosterAna, "19:new@thread.tacv2", rosterChat, identity.None, ""},
		{"the chat of another", connTenant, rosterBen, rosterOwn, "", identity.None, ""},
		{"unknown conversation", connTenant, rosterAna, "19:elsewhere@thread.v2", "", identity.None, ""},
		{"known conversation of another tenant", "another", rosterAna, rosterChat, "", identity.None, ""},
		{"nobody", connTenant, "", rosterChat, "", identity.None, ""},
		{"nowhere", connTenant, rosterAna, "", "", identity.None, ""},
		{"an id that is a path", connTenant, "../../x", rosterChat, "", identity.None, ""},
		{"an account in place of a person", connTenant, "29:ana", rosterChat, "", identity.None, "conversations/19:chat@thread.v2/members/29:ana"},
	}
	for _, test := range tests {
		r, s, _, _ := newTestRoster(t)
		got, err := r.Role(t.Context(), test.tenant, test.person, test.conversation, test.team)
		if err != nil || got != test.want {
			t.Errorf("%s: %v, %v, want %v", test.name, got, err, test.want)
		}
		var want []string
		if test.asked != "" {
			want = []string{"GET /emea/v3/" + test.asked}
		}
		if diff := cmp.Diff(want, s.lines()); diff != "" {
			t.Errorf("%s: requests (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestMemberRole(t *testing.T) {
	t.Parallel()
	for role, want := range map[string]identity.Role{"user": identity.Member, "": identity.Member, "new": identity.Member, "guest": identity.Guest, "Guest": identity.Guest,
		"anonymous": identity.Guest, "owner": identity.Owner, "admin": identity.Owner} {
		if got := memberRole(MemberAccount{Role: role}); got != want {
			t.Errorf("%q: %v, want %v", role, got, want)
		}
	}
}

// An answer is used for ten minutes at most, that somebody is not there for one: of both, half a minute is the domain's.
func TestRoleAge(t *testing.T) {
	t.Parallel()
	r, s, _, clock := newTestRoster(t)
	role := func(p identity.Person, want identity.Role, requests int) {
		t.Helper()
		if got, err := r.Role(t.Context(), connTenant, p, rosterChat, ""); err != nil || got != want {
			t.Errorf("%v, %v, want %v", got, err, want)
		}
		if got := len(s.lines()); got != requests {
			t.Errorf("%d requests, want %d", got, requests)
		}
	}
	const carl identity.Person = "11111111-0000-4000-8000-000000000003"
	role(rosterAna, identity.Member, 1)
	role(carl, identity.None, 2)
	s.mu.Lock()
	s.members[rosterChat] = []map[string]any{{"id": "29:carl", "aadObjectId": string(carl)}}
	s.mu.Unlock()
	clock.pass(time.Minute - contact.SightAge - time.Second)
	role(carl, identity.None, 2)
	clock.pass(2 * time.Second)
	role(carl, identity.Member, 3)
	clock.pass(8*time.Minute + 48*time.Second)
	role(rosterAna, identity.Member, 3)
	clock.pass(2 * time.Second) // 9:21 after the answer, which may have taken 10 s to come, and is used for 30 s more
	role(rosterAna, identity.None, 4)
}

// Who asks the same at once shares the answer; who gives up does not take it from the others.
func TestRoleIsAskedOnce(t *testing.T) {
	t.Parallel()
	r, s, _, _ := newTestRoster(t)
	s.fail(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(200 * time.Millisecond)
		connWrite(w, 200, map[string]any{"id": "29:ana", "aadObjectId": string(rosterAna)})
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := r.Role(ctx, connTenant, rosterAna, rosterChat, ""); !fault.Is(err, fault.Busy) {
		t.Errorf("in a hurry: %v, want busy", err)
	}
	var callers sync.WaitGroup
	for range 30 {
		callers.Go(func() {
			if role, err := r.Role(t.Context(), connTenant, rosterAna, rosterChat, ""); role != identity.Member || err != nil {
				t.Errorf("%v, %v", role, err)
			}
		})
	}
	callers.Wait()
	if n := len(s.lines()); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

func TestRoleInTrouble(t *testing.T) {
	t.Parallel()
	notThere := func(w http.ResponseWriter, _ *http.Request) { connRefuse(w, 403, "BotNotInConversationRoster") }
	gone := func(w http.ResponseWriter, _ *http.Request) { connRefuse(w, 404, "ConversationNotFound") }
	tests := []struct {
		name  string
		fault http.HandlerFunc
		kind  fault.Kind
	}{
		{"the bot is not there", notThere, fault.Busy},
		{"a service that knows no such question", http.NotFound, fault.Busy},
		{"the conversation is gone", gone, ""},
		{"blocked by an administrator", connStatus(403), fault.Busy},
		{"a defect of theirs", connStatus(500), fault.Busy},
		{"not an answer", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("?")) }, fault.Busy},
		{"somebody else", func(w http.ResponseWriter, _ *http.Request) {
			connWrite(w, 200, map[string]any{"id": "29:ben", "aadObjectId": string(rosterBen), "userRole": "owner"})
		}, ""},
	}
	for _, test := range tests {
		r, s, _, _ := newTestRoster(t)
		s.fail(test.fault)
		role, err := r.Role(t.Context(), connTenant, rosterAna, rosterChat, "")
		if role != identity.None || fault.KindOf(err) != test.kind {
			t.Errorf("%s: %v, %v, want kind %q", test.name, role, err, test.kind)
		}
		if test.kind == fault.Busy { // trouble is not remembered
			if role, err := r.Role(t.Context(), connTenant, rosterAna, rosterChat, ""); role != identity.Member || err != nil {
				t.Errorf("%s, again: %v, %v", test.name, role, err)
			}
		}
	}
	r, _, store, _ := newTestRoster(t)
	store.err = errors.New("disk")
	if _, err := r.Role(t.Context(), connTenant, rosterAna, "19:unread@thread.v2", ""); !fault.Is(err, fault.Busy) {
		t.Errorf("with a store in trouble: %v, want busy", err)
	}
}

// What was seen counts before what is stored, and opens conversations that are not stored.
func TestSaw(t *testing.T) {
	t.Parallel()
	r, s, store, _ := newTestRoster(t)
	ref := store.refs[rosterChat]
	stale := ref
	stale.ServiceURL = "https://gone.example/"
	store.refs[rosterChat] = stale
	r.Saw(connTenant, ref)
	if role, err := r.Role(t.Context(), connTenant, rosterAna, rosterChat, ""); role != identity.Member || err != nil {
		t.Errorf("%v, %v", role, err)
	}
	r.Saw("another", ref)
	if role, _ := r.Role(t.Context(), connTenant, rosterBen, "19:unseen@thread.v2", ""); role != identity.None {
		t.Errorf("unseen: %v", role)
	}

	// two people use the app in a chat of the two, which Teams calls personal, and in which the app is not
	for _, p := range []identity.Person{rosterAna, rosterBen} {
		r.Saw(connTenant, identity.Reference{Conversation: "19:pair@unq.gbl.spaces", Place: identity.Personal, ServiceURL: ref.ServiceURL, Installer: p})
	}
	for p, want := range map[identity.Person]identity.Role{rosterAna: identity.Member, rosterBen: identity.Member, "11111111-0000-4000-8000-000000000009": identity.None} {
		if role, err := r.Role(t.Context(), connTenant, p, "19:pair@unq.gbl.spaces", ""); role != want || err != nil {
			t.Errorf("pair: %v, %v, want %v", role, err, want)
		}
	}
	if n := len(s.lines()); n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
}

// A guest of the organisation is one in a personal chat as well, however that is known.
func TestGuestsInPersonalChats(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		member map[string]any // Ana, as Teams knows her in her chat with the app
		before identity.Conversation
		want   identity.Role
	}{
		{"a member", map[string]any{"userRole": "user", "userPrincipalName": "ana@contoso.example"}, "", identity.Member},
		{"Teams says it", map[string]any{"userRole": "guest"}, "", identity.Guest},
		{"the account says it", map[string]any{"userRole": "user", "userPrincipalName": "ana_fabrikam.example#ext#@contoso.example"}, "", identity.Guest},
		{"another conversation said it", nil, rosterChat, identity.Guest},
		{"nothing is said", nil, "", identity.Member},
	} {
		r, s, _, _ := newTestRoster(t)
		s.members[rosterChat][0]["userRole"] = "guest"
		if test.member != nil {
			test.member["id"], test.member["aadObjectId"] = "29:ana", string(rosterAna)
			s.members[rosterOwn] = []map[string]any{test.member}
		}
		if test.before != "" {
			_, _ = r.Role(t.Context(), connTenant, rosterAna, test.before, "")
		}
		if role, err := r.Role(t.Context(), connTenant, rosterAna, rosterOwn, ""); role != test.want || err != nil {
			t.Errorf("%s: %v, %v, want %v", test.name, role, err, test.want)
		}
	}
}

func TestNamesAndTitles(t *testing.T) {
	t.Parallel()
	r, s, _, _ := newTestRoster(t)
	for range 2 {
		if name, err := r.Name(t.Context(), connTenant, rosterAna, rosterPlans, rosterTeam); name != "Ana Ferrari" || err != nil {
			t.Errorf("Name gave %q, %v", name, err)
		}
	}
	if n := len(s.lines()); n != 1 {
		t.Errorf("%d requests for one name, want 1", n)
	}
	if _, err := r.Name(t.Context(), connTenant, rosterBen, rosterPlans, rosterTeam); !fault.Is(err, fault.NotFound) {
		t.Errorf("the name of a stranger: %v, want not found", err)
	}
	for c, want := range map[identity.Conversation]string{rosterPlans: "Plans", rosterTeam: "Sales team", rosterChat: "Ben Okafor", "19:unknown@thread.v2": ""} {
		if got := r.Title(t.Context(), connTenant, rosterAna, c, ""); got != want {
			t.Errorf("Title of %s gave %q, want %q", c, got, want)
		}
	}
	s.mu.Lock()
	for i := range 9 {
		s.members[rosterChat] = append(s.members[rosterChat], map[string]any{"id": fmt.Sprint("29:", i), "name": fmt.Sprint("Person ", i), "objectId": fmt.Sprint("oid-", i)})
	}
	s.mu.Unlock()
	if got, want := r.Title(t.Context(), connTenant, rosterAna, rosterChat, ""), "Ben Okafor, Person 0, Person 1, …"; got != want {
		t.Errorf("Title of a large chat gave %q, want %q", got, want)
	}
}

func TestAll(t *testing.T) {
	t.Parallel()
	r, s, _, _ := newTestRoster(t)
	all, err := r.All(t.Context(), connTenant, rosterChat, "")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range all {
		names = append(names, m.Name)
	}
	if diff := cmp.Diff([]string{"Ana Ferrari", "Ben Okafor"}, names); diff != "" {
		t.Errorf("All (-want +got):\n%s", diff)
	}
	before := len(s.lines())
	if role, err := r.Role(t.Context(), connTenant, rosterBen, rosterChat, ""); role != identity.Guest || err != nil || len(s.lines()) != before {
		t.Errorf("Role after All: %v, %v, %d requests", role, err, len(s.lines())-before)
	}
	if _, err := r.All(t.Context(), "another", rosterChat, ""); !fault.Is(err, fault.NotFound) {
		t.Errorf("All for another tenant: %v, want not found", err)
	}

	var many []map[string]any
	for i := range 500 {
		many = append(many, map[string]any{"id": fmt.Sprint("29:", i), "aadObjectId": fmt.Sprint("oid-", i)})
	}
	s.fail(func(w http.ResponseWriter, _ *http.Request) { connWrite(w, 200, map[string]any{"members": many}) })
	if all, err := r.All(t.Context(), connTenant, rosterChat, ""); len(all) != 200 || err != nil {
		t.Errorf("All gave %d of 500, %v, want 200", len(all), err)
	}
	if !slices.ContainsFunc(s.lines(), func(line string) bool { return strings.Contains(line, "pagedmembers?pageSize=500") }) {
		t.Errorf("requests: %q", s.lines())
	}
}

// The group behind a team is told by an activity, or asked for once; where Teams tells nothing of it there is none.
func TestGroup(t *testing.T) {
	t.Parallel()
	r, service, _, _ := newTestRoster(t)
	plans := identity.Caller{Tenant: connTenant, Person: rosterAna, Conversation: rosterPlans, Place: identity.Channel, Team: rosterTeam}
	for range 2 {
		if got, err := r.Group(t.Context(), plans); got != "0d7a1f9e-0000-4000-8000-00000000face" || err != nil {
			t.Errorf("asked for: %q, %v", got, err)
		}
	}
	if service.count() != 1 {
		t.Errorf("%d questions", service.count())
	}
	chat, foreign := plans, plans
	chat.Place, chat.Team = identity.GroupChat, ""
	foreign.Conversation, foreign.Team = "19:new@thread.tacv2", "19:other@thread.tacv2"
	for _, who := range []identity.Caller{chat, foreign} {
		if got, err := r.Group(t.Context(), who); got != "" || err != nil {
			t.Errorf("%s: %q, %v", who.Conversation, got, err)
		}
	}
	r.SawGroup(connTenant, "19:other@thread.tacv2", "ABC")
	if got, err := r.Group(t.Context(), foreign); got != "abc" || err != nil {
		t.Errorf("told by an activity: %q, %v", got, err)
	}
	service.fail(connStatus(500))
	busy := plans
	busy.Team = "19:third@thread.tacv2"
	if got, err := r.Group(t.Context(), busy); got != "" || err == nil {
		t.Errorf("when Teams does not say: %q, %v", got, err)
	}
}
