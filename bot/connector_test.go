package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/infracloudio/msbotbuilder-go/schema"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

const (
	connTenant = identity.Tenant("0d7a1f9e-0000-4000-8000-0000000000aa")
	connApp    = "5b0f7d1e-0000-4000-8000-00000000000a"
	connThread = "19:sales@thread.tacv2;messageid=1763712300000"
)

// connService is a connector that keeps what it is told: messages and members of conversations. It knows one token, and
// can be told to fail.
type connService struct {
	mu       sync.Mutex
	token    string
	messages map[string]map[string]string // conversation → id → activity
	members  map[string][]map[string]any  // conversation or team → members
	channels map[string][]map[string]any  // team → channels
	faults   []http.HandlerFunc           // each answers one request in place of the service
	requests []connRequest
	last     int
}

type connRequest struct {
	Line string // method and escaped path
	Body string
}

func newConnService() *connService {
	return &connService{token: "token-1", messages: map[string]map[string]string{}, members: map[string][]map[string]any{}, channels: map[string][]map[string]any{}}
}

func (s *connService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, connRequest{r.Method + " " + r.RequestURI, string(body)})
	if len(s.faults) > 0 {
		fail := s.faults[0]
		s.faults = s.faults[1:]
		fail(w, r)
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+s.token {
		connRefuse(w, http.StatusUnauthorized, "BotNotRegistered")
		return
	}
	_, path, _ := strings.Cut(r.URL.EscapedPath(), "/v3/")
	var parts []string
	for part := range strings.SplitSeq(path, "/") {
		id, _ := url.PathUnescape(part)
		parts = append(parts, id)
	}
	s.route(w, r, parts, string(body))
}

func (s *connService) route(w http.ResponseWriter, r *http.Request, parts []string, body string) {
	switch {
	case r.Method == "POST" && len(parts) == 1:
		s.last++
		connWrite(w, 201, map[string]string{"id": fmt.Sprint("a:new-", s.last), "activityId": fmt.Sprint("first-", s.last), "serviceUrl": "https://evil.example/"})
	case parts[0] == "teams" && len(parts) == 2:
		connWrite(w, 200, map[string]string{"name": "Sales team", "aadGroupId": "0D7A1F9E-0000-4000-8000-00000000FACE"})
	case parts[0] == "teams":
		connWrite(w, 200, map[string]any{"conversations": s.channels[parts[1]]})
	case parts[2] == "pagedmembers":
		s.page(w, r, s.members[parts[1]])
	case parts[2] == "members":
		s.member(w, parts[1], parts[3])
	case r.Method == "POST":
		s.last++
		s.write(w, parts[1], fmt.Sprint("message-", s.last), body)
	case s.messages[parts[1]][parts[3]] == "":
		connRefuse(w, http.StatusNotFound, "ActivityNotFoundInConversation")
	case r.Method == "PUT":
		s.write(w, parts[1], parts[3], body)
	default:
		delete(s.messages[parts[1]], parts[3])
	}
}

func (s *connService) write(w http.ResponseWriter, conversation, id, body string) {
	if s.messages[conversation] == nil {
		s.messages[conversation] = map[string]string{}
	}
	s.messages[conversation][id] = body
	connWrite(w, 201, map[string]string{"id": id})
}

func (s *connService) member(w http.ResponseWriter, place, id string) {
	for _, m := range s.members[place] {
		if m["id"] == id || m["aadObjectId"] == id || m["objectId"] == id {
			connWrite(w, 200, m)
			return
		}
	}
	connRefuse(w, http.StatusNotFound, "MemberNotFoundInConversation")
}

func (s *connService) page(w http.ResponseWriter, r *http.Request, members []map[string]any) {
	from := 0
	fmt.Sscan(r.URL.Query().Get("continuationToken"), &from)
	to, next := min(from+2, len(members)), ""
	if to < len(members) {
		next = fmt.Sprint(to)
	}
	connWrite(w, 200, map[string]any{"members": members[from:to], "continuationToken": next})
}

func connWrite(w http.ResponseWriter, status int, body any) {
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

func connRefuse(w http.ResponseWriter, status int, code string) {
	connWrite(w, status, map[string]any{"error": map[string]string{"code": code, "message": "Ana Ferrari wrote: hello"}})
}

func (s *connService) fail(faults ...http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

func (s *connService) count() int { return len(s.lines()) }

func (s *connService) request(i int) connRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[i]
}

func (s *connService) message(conversation, id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.messages[conversation][id]
}

func (s *connService) lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lines []string
	for _, r := range s.requests {
		lines = append(lines, r.Line)
	}
	return lines
}

// connStatus fails one request with a status and header lines.
func connStatus(status int, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		connRefuse(w, status, "Trouble")
	}
}

// connDrop takes the request and ends the connection without an answer.
func connDrop(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// RoundTrip answers without a network, so that a test may have its own time. A dropped connection is a lost answer.
func (s *connService) RoundTrip(req *http.Request) (res *http.Response, err error) {
	defer func() {
		if recover() != nil {
			err = io.ErrUnexpectedEOF
		}
	}()
	req = req.Clone(req.Context())
	req.RequestURI = req.URL.RequestURI()
	if req.Body == nil {
		req.Body = http.NoBody
	}
	if trace := connTrace(req); trace != nil {
		trace()
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, req)
	return w.Result(), nil
}

// connTokens gives tokens in the order token-1, token-2, …
type connTokens struct {
	mu    sync.Mutex
	n     int
	given int
}

func (k *connTokens) Token(context.Context) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.given++
	return fmt.Sprint("token-", k.n+1), nil
}

func (k *connTokens) Renew(_ context.Context, used string) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if used == fmt.Sprint("token-", k.n+1) {
		k.n++
	}
	return fmt.Sprint("token-", k.n+1), nil
}

// start serves s on a port and gives a connector that may go there.
func (s *connService) start(t *testing.T) (*Connector, Target) {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	c := NewConnector(ConnectorConfig{AppID: connApp, Tokens: &connTokens{}, Hosts: []string{host},
		HTTP: &http.Client{Transport: Lean(GuardedTransport([]string{host}, nil), nil)}})
	return c, Target{Tenant: connTenant, ServiceURL: server.URL + "/emea/", Conversation: connThread}
}

// apart gives a connector that reaches s without a network.
func (s *connService) apart() (*Connector, Target) {
	c := NewConnector(ConnectorConfig{AppID: connApp, Tokens: &connTokens{}, Hosts: []string{"smba.example"}, HTTP: &http.Client{Transport: s}})
	return c, Target{Tenant: connTenant, ServiceURL: "https://smba.example/emea/", Conversation: connThread}
}

func connText(text string) schema.Activity { return schema.Activity{Type: schema.Message, Text: text} }

func TestConnectorSpeaks(t *testing.T) {
	t.Parallel()
	s := newConnService()
	c, to := s.start(t)
	id, err := c.Send(t.Context(), to, connText("hello"))
	if err != nil || id != "message-1" {
		t.Fatalf("Send gave %q, %v", id, err)
	}
	if id, err := c.Reply(t.Context(), to, "1763712300001", connText("hi")); err != nil || id != "message-2" {
		t.Errorf("Reply gave %q, %v", id, err)
	}
	if err := c.Update(t.Context(), to, "message-1", connText("changed")); err != nil {
		t.Errorf("Update: %v", err)
	}
	if err := c.Remove(t.Context(), to, "message-2"); err != nil {
		t.Errorf("Remove: %v", err)
	}
	if err := c.Typing(t.Context(), to); err != nil {
		t.Errorf("Typing: %v", err)
	}
	const at = " /emea/v3/conversations/19:sales@thread.tacv2%3Bmessageid=1763712300000/activities"
	want := []string{"POST" + at, "POST" + at + "/1763712300001", "PUT" + at + "/message-1", "DELETE" + at + "/message-2", "POST" + at}
	if diff := cmp.Diff(want, s.lines()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if body := s.message(connThread, "message-1"); !strings.Contains(body, `"text":"changed"`) {
		t.Errorf("the message is %s", body)
	}
}

// What goes out has the parts that Teams wants, and no zero times or empty objects.
func TestConnectorActivity(t *testing.T) {
	t.Parallel()
	s := newConnService()
	c, to := s.start(t)
	a := connText("a < b & c")
	a.Attachments = []schema.Attachment{{ContentType: "application/vnd.microsoft.card.adaptive", Content: json.RawMessage(`{"type":"AdaptiveCard","body":[{},[]]}`)}}
	if _, err := c.Reply(t.Context(), to, "17", a); err != nil {
		t.Fatal(err)
	}
	var got, want any
	if err := json.Unmarshal([]byte(s.request(0).Body), &got); err != nil {
		t.Fatal(err)
	}
	text := `{"type":"message","text":"a < b & c","channelId":"msteams","serviceUrl":"` + to.ServiceURL + `","replyToId":"17",
		"from":{"id":"28:` + connApp + `"},"conversation":{"id":"` + connThread + `","tenantId":"` + string(connTenant) + `"},
		"attachments":[{"contentType":"application/vnd.microsoft.card.adaptive","content":{"type":"AdaptiveCard","body":[{},[]]}}]}`
	if err := json.Unmarshal([]byte(text), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("activity (-want +got):\n%s", diff)
	}
	if strings.Contains(s.request(0).Body, `\u003c`) {
		t.Error("the text is escaped for HTML")
	}
}

func TestConnectorStart(t *testing.T) {
	t.Parallel()
	first := connText("news")
	tests := []struct {
		name string
		in   NewConversation
		want string // the body
		kind fault.Kind
	}{
		{"person", NewConversation{Person: "29:ana"}, `{"bot":{"id":"28:` + connApp + `"},"members":[{"id":"29:ana"}],"isGroup":false,"tenantId":"` + string(connTenant) +
			`","channelData":{"tenant":{"id":"` + string(connTenant) + `"}}}`, ""},
		{"channel", NewConversation{Channel: "19:sales@thread.tacv2", BotID: "28:b", First: &first}, `{"bot":{"id":"28:b"},"isGroup":true,"tenantId":"` + string(connTenant) +
			`","channelData":{"channel":{"id":"19:sales@thread.tacv2"},"tenant":{"id":"` + string(connTenant) + `"}},"activity":{"type":"message","text":"news"}}`, ""},
		{"nobody", NewConversation{}, "", fault.Invalid},
		{"both", NewConversation{Person: "29:ana", Channel: "19:x", First: &first}, "", fault.Invalid},
		{"channel without message", NewConversation{Channel: "19:x"}, "", fault.Invalid},
		{"person with a slash", NewConversation{Person: "29:ana/.."}, "", fault.Invalid},
	}
	for _, test := range tests {
		s := newConnService()
		c, to := s.start(t)
		test.in.Tenant, test.in.ServiceURL = to.Tenant, to.ServiceURL
		got, err := c.Start(t.Context(), test.in)
		if fault.KindOf(err) != test.kind {
			t.Errorf("%s: %v, want kind %q", test.name, err, test.kind)
		}
		if test.kind != "" {
			continue
		}
		if diff := cmp.Diff(ConversationResult{"a:new-1", "first-1", to.ServiceURL}, got); diff != "" { // not the address the answer names
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
		if diff := cmp.Diff([]connRequest{{Line: "POST /emea/v3/conversations", Body: test.want}}, []connRequest{s.request(0)}); diff != "" {
			t.Errorf("%s: request (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestConnectorMembers(t *testing.T) {
	t.Parallel()
	s := newConnService()
	for i := range 5 {
		s.members[connThread] = append(s.members[connThread], map[string]any{"id": fmt.Sprint("29:", i), "name": fmt.Sprint("Person ", i), "objectId": fmt.Sprint("OID-", i)})
	}
	s.channels["19:team@thread.tacv2"] = []map[string]any{{"id": "19:team@thread.tacv2", "name": nil}, {"id": "19:b@thread.tacv2", "name": "Plans"}}
	c, in := s.start(t)
	for _, wanted := range []int{1, 4, 99} {
		var got []identity.Person
		if err := c.Members(t.Context(), in, func(m MemberAccount) bool { got = append(got, m.Person); return len(got) < wanted }); err != nil {
			t.Fatal(err)
		}
		want := []identity.Person{"oid-0", "oid-1", "oid-2", "oid-3", "oid-4"}[:min(wanted, 5)]
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d members (-want +got):\n%s", wanted, diff)
		}
	}
	one, err := c.Member(t.Context(), in, "29:3")
	if diff := cmp.Diff(MemberAccount{ID: "29:3", Person: "oid-3", Name: "Person 3"}, one); diff != "" || err != nil {
		t.Errorf("Member: %v (-want +got):\n%s", err, diff)
	}
	channels, err := c.TeamChannels(t.Context(), in, "19:team@thread.tacv2")
	if diff := cmp.Diff([]ChannelInfo{{"19:team@thread.tacv2", ""}, {"19:b@thread.tacv2", "Plans"}}, channels); diff != "" || err != nil {
		t.Errorf("TeamChannels: %v (-want +got):\n%s", err, diff)
	}
	if name, err := c.TeamName(t.Context(), in, "19:team@thread.tacv2"); name != "Sales team" || err != nil {
		t.Errorf("TeamName gave %q, %v", name, err)
	}
}

// A list of members that never ends is given up.
func TestConnectorMembersEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newConnService()
		for range maxMemberPages + 1 {
			s.fail(func(w http.ResponseWriter, _ *http.Request) {
				connWrite(w, 200, map[string]any{"continuationToken": "more"})
			})
		}
		c, in := s.apart()
		if err := c.Members(t.Context(), in, func(MemberAccount) bool { return true }); !fault.Is(err, fault.Internal) {
			t.Errorf("Members gave %v", err)
		}
		if s.count() != maxMemberPages {
			t.Errorf("%d requests", s.count())
		}
	})
}

// No id leaves its segment of the path, whatever call it is given to.
func TestConnectorHostileIDs(t *testing.T) {
	t.Parallel()
	s := newConnService()
	c, good := s.start(t)
	for _, id := range []string{"", ".", "..", "../../oauth", "a/b", `a\b`, "a?b", "a#b", "a%2fb", "a%b", "a\nb", "a\x00b", "a\u0085b", "a\xffb", strings.Repeat("i", 513)} {
		bad := good
		bad.Conversation = id
		_, send := c.Send(t.Context(), bad, connText("x"))
		_, reply := c.Reply(t.Context(), good, id, connText("x"))
		_, member := c.Member(t.Context(), good, id)
		_, channels := c.TeamChannels(t.Context(), good, id)
		errs := map[string]error{"Send": send, "Reply": reply, "Member": member, "TeamChannels": channels, "Typing": c.Typing(t.Context(), bad),
			"Update": c.Update(t.Context(), good, id, connText("x")), "Remove": c.Remove(t.Context(), good, id), "Update in": c.Update(t.Context(), bad, "1", connText("x")),
			"Members": c.Members(t.Context(), bad, func(MemberAccount) bool { return true })}
		for call, err := range errs {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%s with id %q gave %v, want invalid", call, id, err)
			}
		}
	}
	if lines := s.lines(); len(lines) != 0 {
		t.Errorf("requests went out: %q", lines)
	}
}

// Strange but harmless ids stay one segment.
func TestConnectorStrangeIDs(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"19:ü@thread.v2", "...", "a&b=c", "a;b", "a+b", "19:x@unq.gbl.spaces", `"'<>`} {
		s := newConnService()
		c, to := s.start(t)
		to.Conversation = id
		if _, err := c.Send(t.Context(), to, connText("x")); err != nil {
			t.Errorf("%q: %v", id, err)
		}
		if s.message(id, "message-1") == "" {
			t.Errorf("%q went out as %q", id, s.lines())
		}
	}
}

// The token goes to listed hosts only, whatever a service address looks like.
func TestConnectorHostileServiceURLs(t *testing.T) {
	t.Parallel()
	s := newConnService()
	server := httptest.NewServer(s)
	defer server.Close()
	tokens := &connTokens{}
	c := NewConnector(ConnectorConfig{AppID: connApp, Tokens: tokens, HTTP: server.Client(),
		Hosts: []string{"smba.example", "*.teams.example", "10.0.0.9:8443", "localhost:1"}})
	for _, bad := range []string{
		"", "smba.example", "//smba.example/", "http://smba.example/", "ftp://smba.example/", "https://", "https://smba.example.evil.example/", "https://evil.example/smba.example",
		"https://evil.example#smba.example", "https://evil.example?smba.example", "https://smba.example@evil.example/", "https://user:pw@smba.example/", "https://smba.example:444/",
		"https://smba.example./", "https://a.teams.example:444/", "https://teams.example/", "https://evilteams.example/", "https://.teams.example/", "https://a_b.teams.example/", "https://ä.teams.example/",
		"https://smba.example/?x=", "https://smba.example/?", "https://smba.example/#x", "https://smba.example/../", "https://smba.example/%2e%2e/", "https://smba.example/a%2fb/", `https://smba.example/a\b/`,
		"https://10.0.0.9/", "http://10.0.0.9:8443/", "http://localhost/", "http://localhost:2/", "http://127.0.0.1:1/", server.URL, "https://169.254.169.254/", "https://smba.example/\n",
		"https://smba.example/" + strings.Repeat("a", 2048),
	} {
		to := Target{Tenant: connTenant, ServiceURL: bad, Conversation: "19:x"}
		_, err := c.Send(t.Context(), to, connText("x"))
		_, errStart := c.Start(t.Context(), NewConversation{Tenant: connTenant, ServiceURL: bad, Person: "29:ana"})
		_, errMember := c.Member(t.Context(), to, "29:ana")
		for _, err := range []error{err, errStart, errMember, c.Update(t.Context(), to, "1", connText("x")), c.Remove(t.Context(), to, "1")} {
			var refused *ConnectorError
			if !errors.As(err, &refused) || refused.Code != "service_host" || !fault.Is(err, fault.Internal) {
				t.Errorf("%q: %v, want it refused", bad, err)
			}
		}
		if c.Allowed(bad) {
			t.Errorf("%q is allowed", bad)
		}
	}
	if tokens.given != 0 || s.count() != 0 {
		t.Errorf("%d tokens were fetched, %d requests made", tokens.given, s.count())
	}
	for _, good := range []string{"https://smba.example", "https://SMBA.example/emea/", "https://smba.example:443/teams/1f0c-aa/", "https://a.b.teams.example/x", "https://10.0.0.9:8443/", "http://localhost:1/_connector"} {
		if !c.Allowed(good) {
			t.Errorf("%q is not allowed", good)
		}
	}
}

// Somebody who uses the library's interface gets the same care.
func TestConnectorAsClient(t *testing.T) {
	t.Parallel()
	s := newConnService()
	c, to := s.start(t)
	good, err := url.Parse(to.ServiceURL + "v3/conversations/19:x/activities")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Post(t.Context(), *good, connText("x")); err != nil {
		t.Errorf("Post: %v", err)
	}
	var refused *ConnectorError
	err = c.Post(t.Context(), url.URL{Scheme: "https", Host: "evil.example", Path: "/v3/conversations/19:x/activities"}, connText("x"))
	if !errors.As(err, &refused) || refused.Code != "service_host" {
		t.Errorf("Post to another host gave %v", err)
	}
	if diff := cmp.Diff([]string{"POST /emea/v3/conversations/19:x/activities"}, s.lines()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestConnectorFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	var stolen []string
	thief := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { stolen = append(stolen, r.Header.Get("Authorization")) }))
	defer thief.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		s := newConnService()
		s.fail(connStatus(status, "Location", thief.URL))
		c, to := s.start(t)
		c.http.Transport = http.DefaultTransport // which would go anywhere
		_, err := c.Send(t.Context(), to, connText("x"))
		var answer *ConnectorError
		if !errors.As(err, &answer) || answer.Status != status || !fault.Is(err, fault.Internal) {
			t.Errorf("%d: %v, want it given up", status, err)
		}
		if s.count() != 1 || stolen != nil {
			t.Errorf("%d: %d requests, stolen %q", status, s.count(), stolen)
		}
	}
}

func TestConnectorAnswers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status int
		kind   fault.Kind
		tries  int
	}{
		{400, fault.Internal, 1}, {403, fault.Denied, 1}, {404, fault.NotFound, 1}, {405, fault.Internal, 1}, {413, fault.Internal, 1},
		{500, fault.Internal, 1}, {501, fault.Internal, 1}, {412, fault.Busy, 6}, {429, fault.Busy, 6}, {502, fault.Busy, 6}, {503, fault.Busy, 6}, {504, fault.Busy, 6},
		{401, fault.Internal, 2},
	}
	for _, test := range tests {
		synctest.Test(t, func(t *testing.T) {
			s := newConnService()
			s.fail(slices.Repeat([]http.HandlerFunc{connStatus(test.status)}, 20)...)
			c, to := s.apart()
			var log bytes.Buffer
			c.log = slog.New(slog.NewTextHandler(&log, nil))
			_, err := c.Send(t.Context(), to, connText("secret words"))
			want := &ConnectorError{Op: "connector.Send", Status: test.status, Code: "Trouble"}
			var got *ConnectorError
			if !errors.As(err, &got) || !fault.Is(err, test.kind) {
				t.Fatalf("%d: %v, want kind %s", test.status, err, test.kind)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%d (-want +got):\n%s", test.status, diff)
			}
			if s.count() != test.tries {
				t.Errorf("%d: %d tries, want %d", test.status, s.count(), test.tries)
			}
			for _, secret := range []string{"Ana", "secret words", "token-", connThread} {
				if strings.Contains(err.Error()+log.String(), secret) {
					t.Errorf("%d: error or log holds %q:\n%v\n%s", test.status, secret, err, log.String())
				}
			}
		})
	}
}

func TestConnectorTriesAgainUntilItIsTaken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newConnService()
		s.fail(connStatus(412), connStatus(503), connStatus(502), connStatus(504))
		c, to := s.apart()
		start := time.Now()
		if id, err := c.Send(t.Context(), to, connText("x")); err != nil || id != "message-1" {
			t.Errorf("Send gave %q, %v", id, err)
		}
		if took := time.Since(start); took < 3*time.Second || took > 15*time.Second {
			t.Errorf("four failures took %v", took)
		}
		if s.count() != 5 || s.message(connThread, "message-2") != "" {
			t.Errorf("%d requests: %q", s.count(), s.lines())
		}
	})
}

func TestConnectorObeysRetryAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		now := time.Now().UTC()
		tests := []struct {
			name    string
			headers []string
			least   time.Duration
			most    time.Duration
		}{
			{"seconds", []string{"Retry-After", "7"}, 7 * time.Second, 7 * time.Second},
			{"fraction", []string{"Retry-After", "1.75"}, 1750 * time.Millisecond, 1750 * time.Millisecond},
			{"zero", []string{"Retry-After", "0"}, 0, 0},
			{"date", []string{"Retry-After", now.Add(time.Hour + 9*time.Second).Format(http.TimeFormat), "Date", now.Add(time.Hour).Format(http.TimeFormat)}, 9 * time.Second, 9 * time.Second},
			{"date gone by", []string{"Retry-After", now.Add(-time.Hour).Format(http.TimeFormat)}, 0, 0},
			{"nonsense", []string{"Retry-After", "soon"}, 250 * time.Millisecond, time.Second},
			{"no number", []string{"Retry-After", "NaN"}, 250 * time.Millisecond, time.Second},
			{"negative", []string{"Retry-After", "-5"}, 250 * time.Millisecond, time.Second},
		}
		for _, test := range tests {
			s := newConnService()
			s.fail(connStatus(429, test.headers...))
			c, to := s.apart()
			start := time.Now()
			if _, err := c.Send(t.Context(), to, connText("x")); err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
			if took := time.Since(start); took < test.least || took > test.most {
				t.Errorf("%s: waited %v, want %v to %v", test.name, took, test.least, test.most)
			}
		}
	})
}

// What cannot be done in time is said at once, with the time to come back, and the next caller waits as well.
func TestConnectorSaysWhenToComeBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newConnService()
		s.fail(connStatus(429, "Retry-After", "60"))
		c, to := s.apart()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		start := time.Now()
		_, err := c.Send(ctx, to, connText("x"))
		var busy *ConnectorError
		if !errors.As(err, &busy) || !fault.Is(err, fault.Busy) || busy.RetryAfter != time.Minute || time.Since(start) != 0 {
			t.Errorf("Send gave %v after %v, want busy for a minute at once", err, time.Since(start))
		}
		if _, err := c.Send(t.Context(), to, connText("y")); err != nil {
			t.Errorf("the next Send: %v", err)
		}
		if took := time.Since(start); took != time.Minute {
			t.Errorf("the next Send went out after %v, want a minute", took)
		}
		other := to
		other.Conversation = "19:other"
		before := time.Now()
		if _, err := c.Send(t.Context(), other, connText("z")); err != nil || time.Since(before) != 0 {
			t.Errorf("elsewhere: %v after %v", err, time.Since(before))
		}
	})
}

// A refused token is renewed once.
func TestConnectorRenewsItsToken(t *testing.T) {
	t.Parallel()
	s := newConnService()
	s.token = "token-2"
	c, to := s.start(t)
	if id, err := c.Send(t.Context(), to, connText("x")); err != nil || id != "message-1" {
		t.Errorf("Send gave %q, %v", id, err)
	}
	if s.count() != 2 {
		t.Errorf("%d requests, want 2", s.count())
	}
}

// A message whose answer was lost is sent once more, when the service is seen to be there, and never a third time, not
// by a later call either.
func TestConnectorLostAnswers(t *testing.T) {
	t.Parallel()
	s := newConnService()
	c, to := s.start(t)
	for i := range 2 { // the same words again are another message
		s.fail(connDrop)
		if id, err := c.Send(t.Context(), to, connText("once lost")); err != nil || id != fmt.Sprint("message-", i+1) {
			t.Errorf("lost once: %q, %v", id, err)
		}
	}
	here := func(w http.ResponseWriter, _ *http.Request) { connWrite(w, 200, map[string]any{"members": nil}) }
	s.fail(connDrop, here, connDrop)
	_, err := c.Send(t.Context(), to, connText("twice lost"))
	var lost *ConnectorError
	if !errors.As(err, &lost) || lost.Code != "lost_twice" || !fault.Is(err, fault.Internal) {
		t.Errorf("lost twice: %v", err)
	}
	s.fail(connDrop, connDrop, connDrop, here) // away for a while
	if _, err := c.Send(t.Context(), to, connText("lost in an outage")); err != nil {
		t.Errorf("lost in an outage: %v", err)
	}
	if s.count() != 14 {
		t.Errorf("%d requests, want 14", s.count())
	}

	s.fail(connDrop)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond) // no time for a second try
	defer cancel()
	if _, err := c.Send(ctx, to, connText("lost in a hurry")); !fault.Is(err, fault.Busy) {
		t.Errorf("lost in a hurry: %v, want busy", err)
	}
	s.fail(here, connDrop)
	if _, err := c.Send(t.Context(), to, connText("lost in a hurry")); !errors.As(err, &lost) || lost.Code != "lost_twice" {
		t.Errorf("lost again by a later call: %v", err)
	}
	if s.count() != 17 {
		t.Errorf("%d requests, want 17", s.count())
	}
}

// What can be repeated without harm is.
func TestConnectorRepeatsWhatIsHarmless(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newConnService()
		s.members[connThread] = []map[string]any{{"id": "29:ana"}}
		s.fail(connDrop, connDrop, connDrop)
		c, to := s.apart()
		if _, err := c.Member(t.Context(), to, "29:ana"); err != nil {
			t.Errorf("Member: %v", err)
		}
	})
}

// While nobody listens, nothing is sent; afterwards the message arrives once.
func TestConnectorGoneForAWhile(t *testing.T) {
	t.Parallel()
	s := newConnService()
	server := httptest.NewUnstartedServer(s)
	address := server.Listener.Addr().String()
	server.Listener.Close()
	c := NewConnector(ConnectorConfig{AppID: connApp, Tokens: &connTokens{}, Hosts: []string{address}, HTTP: &http.Client{Transport: Lean(GuardedTransport([]string{address}, nil), nil)}})
	to := Target{Tenant: connTenant, ServiceURL: "http://" + address + "/", Conversation: connThread}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := c.Send(ctx, to, connText("x"))
	var gone *ConnectorError
	if !errors.As(err, &gone) || gone.Code != "unreachable" || !fault.Is(err, fault.Busy) {
		t.Errorf("Send gave %v, want unreachable and busy", err)
	}
}

func TestConnectorLimitsAnswers(t *testing.T) {
	t.Parallel()
	s := newConnService()
	long := func(w http.ResponseWriter, _ *http.Request) { w.Write(bytes.Repeat([]byte(" "), maxAnswerSize+1)) }
	garbage := func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>")) }
	c, to := s.start(t)
	for _, answer := range []http.HandlerFunc{long, garbage} {
		s.fail(answer, answer)
		if _, err := c.Member(t.Context(), to, "29:ana"); !fault.Is(err, fault.Internal) {
			t.Errorf("Member gave %v, want internal", err)
		}
		if id, err := c.Send(t.Context(), to, connText("x")); id != "" || err != nil { // it was taken; only its id is not known
			t.Errorf("Send gave %q, %v", id, err)
		}
	}
	if s.count() != 4 {
		t.Errorf("%d requests, want 4", s.count())
	}
}

func TestConnectorKeepsTheOrderOfAConversation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newConnService()
		s.fail(connStatus(503), connStatus(503))
		c, to := s.apart()
		var senders sync.WaitGroup
		for i := range 12 {
			senders.Go(func() {
				if _, err := c.Send(t.Context(), to, connText(fmt.Sprintf("text %02d", i))); err != nil {
					t.Errorf("Send: %v", err)
				}
			})
			synctest.Wait() // it has taken its place
		}
		senders.Wait()
		var order []string
		for i := range 12 {
			_, rest, _ := strings.Cut(s.message(connThread, fmt.Sprint("message-", i+1)), `"text":"`)
			order = append(order, rest[:7])
		}
		if !slices.IsSorted(order) {
			t.Errorf("order %q", order)
		}
	})
}

func FuzzConnectorAddress(f *testing.F) {
	f.Add("https://smba.example/emea/", "19:x@thread.tacv2;messageid=1")
	f.Add("https://smba.example/..;/", "..")
	f.Add("https://smba.example/\u2025/", "a\u2215b")
	f.Add("https://smba.example//evil.example/", "%2e%2e")
	f.Fuzz(func(t *testing.T, service, id string) {
		synctest.Test(t, func(t *testing.T) {
			s := newConnService()
			c, _ := s.apart()
			if _, err := c.Send(t.Context(), Target{Tenant: connTenant, ServiceURL: service, Conversation: id}, connText("x")); err != nil {
				return
			}
			_, path, _ := strings.Cut(s.request(0).Line, "/v3/conversations/")
			got, err := url.PathUnescape(strings.TrimSuffix(path, "/activities"))
			if err != nil || got != id || strings.Count(path, "/") != 1 {
				t.Errorf("%q to %q went out as %q", id, service, s.request(0).Line)
			}
		})
	})
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"1", "0.5", "1e400", "-1", "NaN", "0x1p-2", "Fri, 21 Nov 2026 09:00:00 GMT", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		d, asked := retryAfter(value, "", time.Now())
		if d < 0 || d > maxRetryAfter || (!asked && d != 0) {
			t.Errorf("%q: %v, %v", value, d, asked)
		}
	})
}

// connTrace is what a real transport calls when the whole request went out.
func connTrace(req *http.Request) func() {
	trace := httptrace.ContextClientTrace(req.Context())
	if trace == nil || trace.WroteRequest == nil {
		return nil
	}
	return func() { trace.WroteRequest(httptrace.WroteRequestInfo{}) }
}
