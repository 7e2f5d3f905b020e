package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"teamspro/cards"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// porter stands for internal/auth: who is signed in, which code the page gave, what is wrong with sign-in.
type porter struct {
	mu      sync.Mutex
	in      map[identity.Person]bool
	codes   map[identity.Person]string
	trouble error // of Accept
	useless bool  // Graph refuses whatever is accepted
	accepts int
}

func newPorter() *porter {
	return &porter{in: map[identity.Person]bool{}, codes: map[identity.Person]string{}}
}

func (p *porter) set(f func(*porter)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(p)
}

func (p *porter) Resource() string { return "api://botid-" + connApp }

func (p *porter) Token(_ context.Context, who identity.Caller) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.in[who.Person] || p.useless {
		return "", fault.New(fault.SignIn, "porter.Token", "signin.needed")
	}
	return "graph", nil
}

func (p *porter) Accept(_ context.Context, who identity.Caller, token string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.accepts++
	switch {
	case p.trouble != nil:
		return p.trouble
	case token != "of "+string(who.Person):
		return fault.New(fault.Denied, "porter.Accept", "signin.other_person")
	}
	p.in[who.Person] = true
	return nil
}

func (p *porter) Redeem(_ context.Context, who identity.Caller, code string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if code == "" || p.codes[who.Person] != code {
		return fault.New(fault.Invalid, "porter.Redeem", "signin.code")
	}
	delete(p.codes, who.Person)
	p.in[who.Person] = true
	return nil
}

func (p *porter) Start(who identity.Caller, language string) string {
	return "https://bot.example/auth/start?p=" + string(who.Person) + "&l=" + language
}

func (p *porter) Lasts(_ context.Context, who identity.Caller) (bool, error) {
	_, err := p.Token(context.Background(), who)
	return err == nil, nil
}

func (p *porter) SignOut(_ context.Context, who identity.Caller) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.in, who.Person)
	return nil
}

func (p *porter) Approval(identity.Tenant) string { return "https://login.example/adminconsent" }

// registry stands for the directory and for the store of what it said.
type registry struct {
	mu   sync.Mutex
	read int
	kept map[identity.Person]identity.Profile
}

func (r *registry) Me(_ context.Context, who identity.Caller) (identity.Profile, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.read++
	return identity.Profile{Name: "Ada Byron", JobTitle: "Engineer", Department: "Sales", Phone: "+44 20 7946 0001", Read: time.Date(2026, 11, 21, 14, 5, 0, 0, time.UTC)}, nil
}

func (r *registry) Profile(_ context.Context, _ identity.Tenant, p identity.Person) (identity.Profile, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if kept, ok := r.kept[p]; ok {
		return kept, nil
	}
	return identity.Profile{}, fault.New(fault.NotFound, "registry.Profile", "")
}

func (r *registry) KeepProfile(_ context.Context, _ identity.Tenant, p identity.Profile) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept[p.Person] = p
	return nil
}

func (r *registry) DropProfile(_ context.Context, _ identity.Tenant, p identity.Person) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.kept, p)
	return nil
}

func (r *registry) count() (read, kept int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.read, len(r.kept)
}

// lobby is a desk where some things need a sign-in.
type lobby struct {
	*desk
	porter   *porter
	registry *registry
}

func newLobby(t *testing.T) *lobby {
	t.Helper()
	l := &lobby{desk: newDesk(idleRoster()), porter: newPorter(), registry: &registry{kept: map[identity.Person]identity.Profile{}}}
	a := l.apps[connApp]
	a.signIn, a.profiles, l.People = l.porter, l.registry, l.registry
	// Whatever the surface: it answers a person who is signed in.
	done := cards.Note(nil, cards.NoteView{Text: "the secret work is done", Next: []cards.Step{{Title: "Help", Verb: "help"}}})
	need := func(turn *Turn) error {
		_, err := a.signIn.Token(turn.ctx, turn.Caller)
		return err
	}
	a.router.Command("hello-graph", func(turn *Turn) (cards.Card, error) { return done, need(turn) }, "")
	a.commands.words["work"] = "hello-graph"
	a.router.Action("work", func(turn *Turn) (cards.Card, error) { return done, need(turn) }, "")
	a.router.Query("work", func(turn *Turn, _ Query) (Results, error) {
		return Results{Message: "the secret work is done"}, need(turn)
	}, "")
	a.router.Select("work", func(turn *Turn) (Result, error) { return newResult(done, cards.Thumbnail{}), need(turn) }, "")
	a.router.Dialog("work", func(turn *Turn) (Dialog, error) { return Dialog{Title: "Work", Card: done}, need(turn) },
		func(turn *Turn, _ Form) (Outcome, error) {
			return Outcome{Message: "the secret work is done"}, need(turn)
		}, "")
	return l
}

// ask sends an invoke and gives its status and body, with the random id of a request made plain.
func (l *lobby) ask(name string, value map[string]any, changes ...any) (int, string) {
	w := l.send(append([]any{"type", "invoke", "name", name, "value", value, "id", fmt.Sprint(time.Now().UnixNano())}, changes...)...)
	return w.Code, freshID.ReplaceAllString(w.Body.String(), `"id":"ID"`)
}

var freshID = regexp.MustCompile(`"id":"[A-Z2-7]{26}"`)

// says waits until the bot has said something that holds each text, and gives all it said.
func (l *lobby) says(t *testing.T, n int, texts ...string) []string {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		l.office.mu.Lock()
		said := slices.Clone(l.office.whole)
		l.office.mu.Unlock()
		if len(said) >= n {
			for _, text := range texts {
				if !strings.Contains(said[n-1], text) {
					t.Fatalf("message %d has no %q: %s", n, text, said[n-1])
				}
			}
			return said
		}
		if time.Now().After(deadline) {
			t.Fatalf("the bot said %d things, not %d", len(said), n)
		}
	}
}

const page = `https://bot.example/auth/start?p=ada`

// Each surface has its own way to ask for a sign-in; these are the shapes of the protocol.
func TestEachSurfaceAsks(t *testing.T) {
	t.Parallel()
	oauth := `"connectionName":"teamspro","tokenExchangeResource":{"id":"ID","uri":"api://botid-` + connApp + `"},"buttons":[{"type":"signin","title":"Sign in","value":"` + page + `\u0026l=en"}]}`
	why := `{"text":"Sign in with your Microsoft 365 account, so that Image Pro may use what you may use.",`
	open := func(kind string) string {
		return `{"composeExtension":{"type":"` + kind + `","suggestedActions":{"actions":[{"type":"openUrl","title":"Sign in","value":"` + page + `\u0026l=en"}]}}}`
	}
	query := func(more ...string) map[string]any {
		v := map[string]any{"commandId": "work"}
		for i := 0; i+1 < len(more); i += 2 {
			v[more[i]] = more[i+1]
		}
		return v
	}
	with := func(v map[string]any, token string) map[string]any {
		v["authentication"] = map[string]any{"id": "1", "connectionName": "teamspro", "token": token}
		return v
	}
	action := func() map[string]any {
		return map[string]any{"action": map[string]any{"type": "Action.Execute", "verb": "work"}}
	}
	state := func(v map[string]any, code string) map[string]any {
		v["state"] = code
		return v
	}
	dialog := map[string]any{"data": map[string]any{"verb": "work"}}
	const done = "the secret work is done"
	consent := fault.New(fault.SignIn, "porter.Accept", "signin.consent")
	for _, row := range []struct {
		name, invoke string
		value        map[string]any
		trouble      error
		useless      bool
		status       int
		want         string // the whole body, or where it begins with … a part of it
	}{
		{"a search", "composeExtension/query", query(), nil, false, 200, open("silentAuth")},
		{"a search, vouched for", "composeExtension/query", with(query(), "of ada"), nil, false, 200, "…" + done},
		{"a search, without consent", "composeExtension/query", with(query(), "of ada"), consent, false, 412, ""},
		{"a search, vouched for in vain", "composeExtension/query", with(query(), "of ada"), nil, true, 412, ""},
		{"a search, vouched for somebody else", "composeExtension/query", with(query(), "of ben"), nil, false, 200, "…Somebody else signed in"},
		{"a search with the code", "composeExtension/query", state(query(), "123456"), nil, false, 200, "…" + done},
		{"a search with a wrong code", "composeExtension/query", state(query(), "000000"), nil, false, 200, open("auth")},
		{"a search, the page closed", "composeExtension/query", state(query(), "CancelledByUser"), nil, false, 200, open("silentAuth")},
		{"a result", "composeExtension/selectItem", map[string]any{"verb": "work"}, nil, false, 200, open("auth")},
		{"a button", "adaptiveCard/action", action(), nil, false, 200, `{"statusCode":401,"type":"application/vnd.microsoft.activity.loginRequest","value":` + why + oauth + `}`},
		{"a button, vouched for", "adaptiveCard/action", with(action(), "of ada"), nil, false, 200, "…" + done},
		{"a button, without consent", "adaptiveCard/action", with(action(), "of ada"), consent, false, 200,
			`{"statusCode":412,"type":"application/vnd.microsoft.error.preconditionFailed","value":{"code":"412","message":"You have not allowed the app to use your Microsoft 365 files and profile yet. Sign in, and Microsoft asks you."}}`},
		{"a button, vouched for in vain", "adaptiveCard/action", with(action(), "of ada"), nil, true, 200, "…preconditionFailed"},
		{"a button with the code", "adaptiveCard/action", state(action(), "123456"), nil, false, 200, "…" + done},
		{"a button with a wrong code", "adaptiveCard/action", state(action(), "000000"), nil, false, 200,
			`{"statusCode":401,"type":"application/vnd.microsoft.error.incorrectAuthCode","value":null}`},
		{"a dialog", "task/fetch", dialog, nil, false, 200, `…"title":"Sign in","width":"small","height":"small","card":{"contentType":"application/vnd.microsoft.card.adaptive"`},
		{"a dialog's page", "task/fetch", dialog, nil, false, 200, `…"url":"` + page},
		{"a form", "task/submit", dialog, nil, false, 200, `…When you have signed in, do it once more.`},
		{"an exchange", "signin/tokenExchange", map[string]any{"id": "7", "connectionName": "teamspro", "token": "of ada"}, nil, false, 200, `{"id":"7","connectionName":"teamspro","failureDetail":null}`},
		{"an exchange without consent", "signin/tokenExchange", map[string]any{"id": "7", "connectionName": "teamspro", "token": "of ada"}, consent, false, 412, `…"failureDetail":"You have not allowed`},
		{"an exchange for somebody else", "signin/tokenExchange", map[string]any{"id": "7", "connectionName": "teamspro", "token": "of ben"}, nil, false, 412, "…Somebody else"},
		{"an exchange without a token", "signin/tokenExchange", map[string]any{"id": "7", "connectionName": "teamspro"}, nil, false, 400, `…"id":"7"`},
		{"an exchange for another connection", "signin/tokenExchange", map[string]any{"id": "7", "connectionName": "graph", "token": "of ada"}, nil, false, 400, `…"connectionName":"graph"`},
		{"an exchange that Entra does not answer", "signin/tokenExchange", map[string]any{"id": "7", "connectionName": "teamspro", "token": "of ada"},
			fault.New(fault.Busy, "porter", "signin.busy"), false, 500, `…does not answer`},
		{"a code", "signin/verifyState", map[string]any{"state": "123456"}, nil, false, 200, `…"failureDetail":null`},
		{"a wrong code", "signin/verifyState", map[string]any{"state": "000000"}, nil, false, 412, `…This code is not right`},
		{"no code", "signin/verifyState", map[string]any{}, nil, false, 404, `…failureDetail`},
		{"a closed page", "signin/verifyState", map[string]any{"state": "CancelledByUser"}, nil, false, 200, `…"failureDetail":null`},
		{"a failure of Teams", "signin/failure", map[string]any{"code": "installedappnotfound", "message": "x"}, nil, false, 200, "{}"},
		{"a value of another shape", "signin/tokenExchange", nil, nil, false, 400, "…"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			l := newLobby(t)
			l.porter.set(func(p *porter) { p.trouble, p.useless, p.codes["ada"] = row.trouble, row.useless, "123456" })
			value := any(row.value)
			if row.value == nil {
				value = []int{1}
			}
			status, body := l.ask(row.invoke, row.value, "value", value)
			part, isPart := strings.CutPrefix(row.want, "…")
			if status != row.status || isPart && !strings.Contains(body, part) || !isPart && body != row.want {
				t.Errorf("%d %s\nwant %d %s", status, body, row.status, row.want)
			}
		})
	}
}

// The command that needed a sign-in is done after it, once, and only the person's own sign-in does it.
func TestACommandWaitsForTheSignIn(t *testing.T) {
	t.Parallel()
	l := newLobby(t)
	l.send("text", "work")
	said := l.says(t, 1, `"contentType":"application/vnd.microsoft.card.oauth"`, `"uri":"api://botid-`+connApp+`"`, `"type":"signin"`, "Sign in with your Microsoft 365 account")
	var asked struct {
		Attachments []struct{ Content oauthCard }
	}
	if err := json.Unmarshal([]byte(said[0]), &asked); err != nil {
		t.Fatal(err)
	}
	value := map[string]any{"id": asked.Attachments[0].Content.Resource.ID, "connectionName": "teamspro", "token": "of ada"}
	ben := []any{"from", map[string]any{"id": "29:ben", "aadObjectId": "ben"}, "conversation", map[string]any{"id": "a:ben", "conversationType": "personal", "tenantId": deskTenant}}
	l.ask("signin/tokenExchange", map[string]any{"id": "9", "connectionName": "teamspro", "token": "of ben"}, ben...)
	l.says(t, 2, "Ada Byron") // Ben's own profile, by the registry; not what Ada waits for
	for client := range 3 {
		if status, body := l.ask("signin/tokenExchange", value); status != http.StatusOK {
			t.Errorf("client %d: %d %s", client, status, body)
		}
	}
	l.says(t, 3, "the secret work is done")
	if read, kept := l.registry.count(); read != 2 || kept != 2 {
		t.Errorf("profiles were read %d times, %d are kept", read, kept)
	}
	l.send("text", "work", "id", "2")
	if said := l.says(t, 4, "the secret work is done"); len(said) != 4 {
		t.Errorf("the bot said %d things", len(said))
	}
}

// Where Teams' word does not help, it is not asked for again and again: the page is shown.
func TestNoEndlessSignIn(t *testing.T) {
	t.Parallel()
	l := newLobby(t)
	l.porter.set(func(p *porter) { p.useless = true })
	l.send("text", "work")
	l.says(t, 1, oauthCardType)
	l.ask("signin/tokenExchange", map[string]any{"id": "7", "connectionName": "teamspro", "token": "of ada"})
	said := l.says(t, 2, "Action.OpenUrl", page)
	if strings.Contains(said[1], oauthCardType) {
		t.Error("Teams is asked again")
	}
	l.porter.set(func(p *porter) { p.useless, p.codes["ada"] = false, "123456" })
	if status, _ := l.ask("signin/verifyState", map[string]any{"state": "123456"}); status != http.StatusOK {
		t.Error(status)
	}
	l.says(t, 3, "the secret work is done")
}

func TestWhereSeveralTalk(t *testing.T) {
	t.Parallel()
	l := newLobby(t)
	l.send("text", "work", "conversation", map[string]any{"id": "19:sales@thread.example", "conversationType": "groupChat", "tenantId": deskTenant})
	said := l.says(t, 1, "Action.OpenUrl", page, "type it to Image Pro in your personal chat")
	if strings.Contains(said[0], oauthCardType) {
		t.Error("a card of Teams' own in a group")
	}
	l.porter.set(func(p *porter) { p.codes["ada"] = "123456" })
	l.send("text", "123456", "id", "2")
	l.says(t, 3)
	all := strings.Join(l.office.taken(), "\n")
	if !strings.Contains(all, "19:sales@thread.example: the secret work is done") || !strings.Contains(all, "a:ada: ") {
		t.Errorf("the bot said:\n%s", all)
	}
}

func TestTypedCodes(t *testing.T) {
	t.Parallel()
	l := newLobby(t)
	l.send("text", "123456")
	if said := l.says(t, 1); strings.Contains(said[0], "This code") {
		t.Errorf("digits that nobody waits for are taken for a code: %s", said[0])
	}
	l.send("text", "sign in", "id", "2")
	l.says(t, 2, oauthCardType)
	l.send("text", "000000", "id", "3")
	l.says(t, 3, "This code is not right")
	l.porter.set(func(p *porter) { p.codes["ada"] = "123456" })
	l.send("text", "123456", "id", "4", "from", map[string]any{"id": "29:ben", "aadObjectId": "ben"})
	l.says(t, 4)
	l.send("text", "123456", "id", "5")
	l.says(t, 6, "")
	if all := strings.Join(l.office.taken()[4:], "\n"); !strings.Contains(all, "a:ada: Signed in") || !strings.Contains(all, "Ada Byron") {
		t.Errorf("the bot said:\n%s", all)
	}
}

func TestProfileAndSignOut(t *testing.T) {
	t.Parallel()
	l := newLobby(t)
	l.porter.set(func(p *porter) { p.in["ada"] = true })
	l.send("text", "me")
	l.says(t, 1, "Ada Byron", "Engineer · Sales", "As the directory had it on 21 Nov 2026, 14:05", "sign-out", "+44 20 7946 0001")
	l.send("text", "me", "id", "2", "conversation", map[string]any{"id": "19:sales@thread.example", "conversationType": "groupChat", "tenantId": deskTenant})
	if said := l.says(t, 2, "Ada Byron"); strings.Contains(said[1], "7946") {
		t.Error("a whole group reads the telephone number")
	}
	if read, kept := l.registry.count(); read != 1 || kept != 1 {
		t.Errorf("the directory was read %d times, %d kept", read, kept)
	}
	press := func(verb, want string) {
		t.Helper()
		if _, body := l.ask("adaptiveCard/action", map[string]any{"action": map[string]any{"type": "Action.Execute", "verb": verb}}); !strings.Contains(body, want) {
			t.Errorf("%s: %s", verb, body)
		}
	}
	press("me/forget", "keeps nothing of your profile")
	if _, kept := l.registry.count(); kept != 0 {
		t.Error("the profile is kept")
	}
	l.send("text", "me", "id", "3")
	l.says(t, 3, "Ada Byron")
	press("sign-out", "has forgotten your sign-in")
	if _, kept := l.registry.count(); kept != 0 || l.porter.in["ada"] {
		t.Error("after the sign-out something is kept")
	}
	press("sign-in", "loginRequest")
}

// Why a sign-in cannot work is said in the chat, once however many clients somebody has, with the way for administrators.
func TestTroubleWithTheSignIn(t *testing.T) {
	t.Parallel()
	l := newLobby(t)
	l.porter.set(func(p *porter) { p.trouble = fault.New(fault.Denied, "porter", "signin.tenant") })
	for range 2 {
		l.ask("signin/tokenExchange", map[string]any{"id": "7", "connectionName": "teamspro", "token": "of ada"})
	}
	l.porter.set(func(p *porter) {
		p.trouble = &fault.Error{Kind: fault.Internal, Op: "porter", Text: "signin.secret_expired", Err: errors.New("login: invalid_client AADSTS7000222")}
	})
	l.ask("signin/tokenExchange", map[string]any{"id": "8", "connectionName": "teamspro", "token": "of ada"})
	said := l.says(t, 2, "its secret has expired")
	if len(said) != 2 || !strings.Contains(said[0], "has not let this app in") || !strings.Contains(said[0], "https://login.example/adminconsent") {
		t.Errorf("the bot said %q", said)
	}
	if log := l.log.String(); !strings.Contains(log, "AADSTS7000222") || strings.Contains(log, "of ada") {
		t.Errorf("log:\n%s", log)
	}
}

func TestWithoutSignIn(t *testing.T) {
	t.Parallel()
	d := newDesk(idleRoster())
	l := &lobby{desk: d}
	for i, word := range []string{"sign in", "sign out", "me"} {
		d.send("text", word, "id", fmt.Sprint(i))
		l.says(t, i+1, "Image Pro knows you from Teams, and nothing more has been set up")
	}
	if status, _ := l.ask("signin/tokenExchange", map[string]any{"id": "7", "connectionName": "teamspro", "token": "x"}); status != http.StatusBadRequest {
		t.Errorf("an exchange is answered %d", status)
	}
	if status, _ := l.ask("signin/verifyState", map[string]any{"state": "123456"}); status != http.StatusNotFound {
		t.Errorf("a code is answered %d", status)
	}
}

func TestWaitingIsBounded(t *testing.T) {
	t.Parallel()
	var w waiting
	now := time.Now()
	turn := func(i int) *Turn {
		return &Turn{app: &app{key: ImagePro}, Caller: identity.Caller{Tenant: deskTenant, Person: identity.Person(fmt.Sprint(i))}}
	}
	for i := range 2 * maxWaitingTurns {
		w.keep(turn(i), now)
	}
	if len(w.turns) > maxWaitingTurns {
		t.Errorf("%d commands wait", len(w.turns))
	}
	w.keep(turn(1), now)
	if w.take(turn(2*maxWaitingTurns+1), now) != nil || w.take(turn(1), now) == nil || w.take(turn(1), now) != nil {
		t.Error("a command is taken by another, or twice, or not")
	}
	w.keep(turn(1), now)
	if later := now.Add(waitingTime); w.has(turn(1), later) || w.take(turn(1), later) != nil {
		t.Error("a command waits for ever")
	}
}
