package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"teamspro/internal/imaging"
)

// The promises_*_test.go files hold the service to its promises from outside: it is started with settings as an operator
// sets them and speaks HTTP to a world of fakes that keep state, written apart from the sandbox as a second opinion.

const (
	childRole   = "TEAMSPRO_TEST_CHILD"
	worldApp    = "5b0f7d1e-0000-4000-8000-0000000000a1"
	worldSecret = "planted-secret-Zq81"
	worldIssuer = "https://api.botframework.example"
	north       = "0d7a1f9e-0000-4000-8000-0000000000aa" // tenants that may use the service
	south       = "0d7a1f9e-0000-4000-8000-0000000000bb"
	stranger    = "0d7a1f9e-0000-4000-8000-0000000000cc" // and one that may not
)

// TestMain runs the service itself where a test needs it as a process of its own.
func TestMain(m *testing.M) {
	imaging.WorkerMain() // a picture is worked on in a process of this program
	if os.Getenv(childRole) == "" {
		flag.Parse()
		if err := flag.Set("test.parallel", "8"); err != nil { // these tests wait far more than they work
			panic(err)
		}
		os.Exit(m.Run())
	}
	signal.Ignore(syscall.SIGXFSZ) // a full disk is an error of a write, not the end of the process
	go follow(os.Stdin)
	main()
}

// follow lets the test set the greatest size that a file of the child may have: a disk that is full at that size.
func follow(orders io.Reader) {
	for {
		var size uint64
		var l syscall.Rlimit
		if _, err := fmt.Fscan(orders, &size); err != nil || syscall.Getrlimit(syscall.RLIMIT_FSIZE, &l) != nil {
			return
		}
		l.Cur = min(size, l.Max)
		if syscall.Setrlimit(syscall.RLIMIT_FSIZE, &l) != nil {
			return
		}
		fmt.Println("limited to", size)
	}
}

// person is somebody in a tenant. Their personal chat with the bot is "a:" and their id.
type person struct{ tenant, id, name string }

var (
	ada   = person{north, "aaaaaaaa-0000-4000-8000-000000000001", "Ada Planted-Northname"}
	sol   = person{south, "bbbbbbbb-0000-4000-8000-000000000001", "Sol Planted-Southname"}
	wanda = person{stranger, "cccccccc-0000-4000-8000-000000000001", "Wanda Planted-Strangername"}
)

func (p person) chat() string { return "a:" + p.id }

// world is everything around the service: who signs tokens, who gives them, who delivers messages.
type world struct {
	t         testing.TB
	issuer    *issuer
	login     *authority
	connector *connector
	data      string
	ca        string
	ids       atomic.Int64
	once      sync.Once
	bearer    string
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, data: t.TempDir(), issuer: newIssuer(t), login: newAuthority(t)}
	w.connector = newConnector(t, w.login)
	w.ca = filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.login.server.Certificate().Raw})
	if err := os.WriteFile(w.ca, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return w
}

// settings are what an operator sets, by the names of the environment variables.
func (w *world) settings() map[string]string {
	return map[string]string{
		"TEAMSPRO_LISTEN": "127.0.0.1:0", "TEAMSPRO_DATA": w.data, "TEAMSPRO_PUBLIC_URL": "https://bot.example",
		"TEAMSPRO_CONTACT_APP_ID": worldApp, "TEAMSPRO_CONTACT_APP_SECRET": worldSecret,
		"TEAMSPRO_TENANT_ID": north, "TEAMSPRO_ALLOWED_TENANTS": north + "," + south,
		"TEAMSPRO_BOT_METADATA_URL": w.issuer.server.URL + "/metadata", "TEAMSPRO_BOT_ISSUER": worldIssuer,
		"TEAMSPRO_LOGIN_URL": w.login.server.URL, "TEAMSPRO_CA_FILE": w.ca, "TEAMSPRO_SERVICE_HOSTS": w.connector.host,
		"TEAMSPRO_REGION": "GB", "TEAMSPRO_LOG_LEVEL": "debug",
	}
}

// running is the service at work, in this process or in one of its own.
type running struct {
	w    *world
	url  string
	log  *logbook
	http *http.Client
	stop func()
	done chan int // its exit status
	cmd  *exec.Cmd
	// orders is the standard input of a process of its own.
	orders io.Writer
}

// start runs the service in this process and waits until it is ready.
func (w *world) start() *running {
	w.t.Helper()
	s := w.launch()
	s.ready()
	return s
}

// launch runs the service in this process; settings given as name, value replace those of the world.
func (w *world) launch(change ...string) *running {
	w.t.Helper()
	args := flags("serve", with(w.settings(), change))
	ctx, stop := context.WithCancel(context.Background())
	s := &running{w: w, log: &logbook{}, stop: stop, done: make(chan int, 1), http: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	go func() { s.done <- run(ctx, args, s.log, s.log) }()
	w.t.Cleanup(s.close)
	s.listening()
	return s
}

// spawn runs the service as a process of its own, with nothing but the settings in its environment.
func (w *world) spawn(change ...string) *running {
	w.t.Helper()
	s := w.spawnUnready(change...)
	s.listening()
	s.ready()
	return s
}

func (w *world) spawnUnready(change ...string) *running {
	w.t.Helper()
	cmd := exec.Command(os.Args[0], "serve")
	cmd.Env = []string{childRole + "=serve"}
	for name, value := range with(w.settings(), change) {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	s := &running{w: w, log: &logbook{}, cmd: cmd, done: make(chan int, 1), http: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{}}}
	cmd.Stdout, cmd.Stderr = s.log, s.log
	s.stop = func() { _ = cmd.Process.Signal(syscall.SIGTERM) }
	orders, err := cmd.StdinPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	s.orders = orders
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	go func() {
		_ = cmd.Wait()
		s.done <- cmd.ProcessState.ExitCode()
	}()
	w.t.Cleanup(s.kill)
	return s
}

// flags are settings as the flags of a subcommand.
func flags(command string, settings map[string]string) []string {
	args := []string{command}
	for name, value := range settings {
		args = append(args, "--"+strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(name, "TEAMSPRO_")), "_", "-")+"="+value)
	}
	return args
}

func with(settings map[string]string, change []string) map[string]string {
	for i := 0; i+1 < len(change); i += 2 {
		settings[change[i]] = change[i+1]
		if change[i+1] == "" {
			delete(settings, change[i])
		}
	}
	return settings
}

var listening = regexp.MustCompile(`"msg":"serving".*"listen":"([^"]+)"`)

func (s *running) listening() {
	s.w.t.Helper()
	eventually(s.w.t, 15*time.Second, "the service listens", func() bool {
		found := listening.FindStringSubmatch(s.log.String())
		if found != nil {
			s.url = "http://" + found[1]
		}
		return found != nil || len(s.done) > 0
	})
	if s.url == "" {
		s.w.t.Fatalf("the service did not start:\n%s", s.log)
	}
}

func (s *running) ready() {
	s.w.t.Helper()
	eventually(s.w.t, 15*time.Second, "the service is ready", func() bool { return s.readyz() == http.StatusOK })
}

// readyz is the status of /readyz; 0 without an answer.
func (s *running) readyz() int {
	status, _ := s.get("/readyz")
	return status
}

func (s *running) get(path string) (int, string) {
	res, err := s.http.Get(s.url + path)
	if err != nil {
		return 0, ""
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(body)
}

// close stops the service and waits for its end.
func (s *running) close() {
	s.stop()
	s.http.CloseIdleConnections()
	s.done <- <-s.done
}

func (s *running) kill() {
	_ = s.cmd.Process.Kill()
	s.done <- <-s.done
}

// send delivers an activity as Teams does.
func (s *running) send(activity map[string]any) (status int, answer string) {
	s.w.t.Helper()
	status, answer, err := s.post(s.w.sound(), encoded(activity))
	if err != nil {
		s.w.t.Error(err)
	}
	return status, answer
}

func (s *running) post(token, body string) (status int, answer string, err error) {
	req, err := http.NewRequest(http.MethodPost, s.url+"/api/messages", strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := s.http.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	return res.StatusCode, string(got), err
}

func encoded(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// activity is something a person does in their personal chat with the bot.
func (w *world) activity(p person, fields ...any) map[string]any {
	a := map[string]any{
		"id": fmt.Sprintf("f:%d", w.ids.Add(1)), "channelId": "msteams", "serviceUrl": w.connector.url, "locale": "en-GB",
		"from":         map[string]any{"id": "29:" + p.id, "name": p.name, "aadObjectId": p.id},
		"recipient":    map[string]any{"id": "28:" + worldApp, "name": "Contact Pro"},
		"conversation": map[string]any{"id": p.chat(), "conversationType": "personal", "tenantId": p.tenant},
		"channelData":  map[string]any{"tenant": map[string]any{"id": p.tenant}},
	}
	for i := 0; i+1 < len(fields); i += 2 {
		a[fields[i].(string)] = fields[i+1]
	}
	return a
}

func (w *world) message(p person, text string) map[string]any {
	return w.activity(p, "type", "message", "text", text)
}

func (w *world) invoke(p person, name string, value any) map[string]any {
	return w.activity(p, "type", "invoke", "name", name, "value", value)
}

func (w *world) query(p person, text any) map[string]any {
	return w.invoke(p, "composeExtension/query", map[string]any{"commandId": "findContact",
		"parameters": []any{map[string]any{"name": "q", "value": text}}, "queryOptions": map[string]any{"skip": 0, "count": 25}})
}

func (w *world) press(p person, verb string) map[string]any {
	return w.invoke(p, "adaptiveCard/action", map[string]any{"action": map[string]any{"type": "Action.Execute", "verb": verb, "data": map[string]any{}}})
}

// say types a message and gives what the bot answered.
func (s *running) say(p person, text string) string {
	s.w.t.Helper()
	before := len(s.w.connector.said(p.chat()))
	if status, body := s.send(s.w.message(p, text)); status != http.StatusOK {
		s.w.t.Fatalf("%q: status %d %s", clipped(text), status, body)
	}
	eventually(s.w.t, 10*time.Second, "an answer to "+clipped(text), func() bool { return len(s.w.connector.said(p.chat())) > before })
	return s.w.connector.said(p.chat())[before]
}

func clipped(s string) string { return s[:min(len(s), 60)] }

// eventually waits for something that happens by itself.
func eventually(t testing.TB, within time.Duration, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", within, what)
		}
	}
}

// logbook keeps all that the service writes.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// issuer signs the tokens of the Bot Framework and publishes its keys.
type issuer struct {
	server *httptest.Server
	gone   atomic.Bool
	reads  atomic.Int64
	mu     sync.Mutex
	keys   []signer
}

// signer is a key with what is published of it.
type signer struct {
	id           string
	key          *rsa.PrivateKey
	endorsements []string
}

var (
	goodKey  = sync.OnceValue(func() *rsa.PrivateKey { return newKey(2048) })
	otherKey = sync.OnceValue(func() *rsa.PrivateKey { return newKey(2048) })
	smallKey = sync.OnceValue(func() *rsa.PrivateKey { return newKey(1024) })
)

func newKey(bits int) *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return k
}

func newIssuer(t testing.TB) *issuer {
	i := &issuer{keys: []signer{{"good", goodKey(), []string{"msteams", "webchat"}}}}
	mux := http.NewServeMux()
	mux.HandleFunc("/metadata", i.answer(func() any {
		return map[string]any{"issuer": worldIssuer, "jwks_uri": i.server.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"}}
	}))
	mux.HandleFunc("/keys", i.answer(func() any { return map[string]any{"keys": i.published()} }))
	i.server = httptest.NewServer(mux)
	t.Cleanup(i.server.Close)
	return i
}

func (i *issuer) answer(body func() any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		i.reads.Add(1)
		if i.gone.Load() {
			drop(w)
			return
		}
		fmt.Fprint(w, encoded(body()))
	}
}

func (i *issuer) publish(s ...signer) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = append(i.keys, s...)
}

func (i *issuer) published() (keys []map[string]any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	number := base64.RawURLEncoding.EncodeToString
	for _, s := range i.keys {
		k := map[string]any{"kty": "RSA", "use": "sig", "kid": s.id, "n": number(s.key.N.Bytes()), "e": number(big.NewInt(int64(s.key.E)).Bytes())}
		if s.endorsements != nil {
			k["endorsements"] = s.endorsements
		}
		keys = append(keys, k)
	}
	return keys
}

// claims are those of a sound token for a service address.
func (i *issuer) claims(serviceURL string) jwt.MapClaims {
	now := time.Now()
	return jwt.MapClaims{"iss": worldIssuer, "aud": worldApp, "serviceurl": serviceURL, "nbf": now.Add(-time.Minute).Unix(), "exp": now.Add(time.Hour).Unix()}
}

// drop ends a connection without an answer.
func drop(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = conn.Close()
	}
}

// authority gives the app tokens of its own, by https, with a certificate that nobody else trusts.
type authority struct {
	server *httptest.Server
	gone   atomic.Bool
	count  atomic.Int64
}

func newAuthority(t testing.TB) *authority {
	a := &authority{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{tenant}/v2.0/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		if a.gone.Load() {
			drop(w)
			return
		}
		base := a.server.URL + "/" + r.PathValue("tenant")
		fmt.Fprint(w, encoded(map[string]any{"issuer": base + "/v2.0", "authorization_endpoint": base + "/oauth2/v2.0/authorize", "token_endpoint": base + "/oauth2/v2.0/token"}))
	})
	mux.HandleFunc("POST /{tenant}/oauth2/v2.0/token", func(w http.ResponseWriter, r *http.Request) {
		if a.gone.Load() {
			drop(w)
			return
		}
		if r.FormValue("client_id") != worldApp || r.FormValue("client_secret") != worldSecret || r.PathValue("tenant") != north {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":"invalid_client"}`)
			return
		}
		fmt.Fprint(w, encoded(map[string]any{"token_type": "Bearer", "expires_in": 3600, "access_token": a.token(a.count.Add(1))}))
	})
	a.server = httptest.NewTLSServer(mux)
	a.server.Config.ErrorLog = nil
	t.Cleanup(a.server.Close)
	return a
}

func (a *authority) token(n int64) string { return "planted-token-" + strconv.FormatInt(n, 10) }

// knows tells whether a header carries a token that was given out.
func (a *authority) knows(header string) bool {
	n, err := strconv.ParseInt(strings.TrimPrefix(header, "Bearer planted-token-"), 10, 64)
	return err == nil && n > 0 && n <= a.count.Load()
}

// connector takes the messages of the bot and knows who is in a conversation.
type connector struct {
	t     testing.TB
	login *authority
	host  string
	url   string

	mu       sync.Mutex
	server   *http.Server
	messages map[string][]string // conversation → activities that were taken
	members  map[string]person   // by id
	fault    func(w http.ResponseWriter, r *http.Request, take func()) bool
	refused  int // requests without a token of ours
}

func newConnector(t testing.TB, login *authority) *connector {
	c := &connector{t: t, login: login, messages: map[string][]string{}, members: map[string]person{}}
	for _, p := range []person{ada, sol, wanda} {
		c.members[p.id] = p
	}
	c.up()
	c.url = "http://" + c.host + "/emea/"
	t.Cleanup(c.down)
	return c
}

// loopbacks counts the addresses given away: each connector has one of its own, so that nobody takes its port while it
// is down.
var loopbacks atomic.Int32

// up makes the connector reachable, at the same address as before.
func (c *connector) up() {
	address := fmt.Sprintf("127.9.%d.1:0", loopbacks.Add(1)%250)
	if c.host != "" {
		address = c.host
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		c.t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(c.serve)}
	c.mu.Lock()
	c.server, c.host = server, l.Addr().String()
	c.mu.Unlock()
	go func() { _ = server.Serve(l) }()
}

// down makes the connector unreachable.
func (c *connector) down() {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.server.Close()
}

// fail lets f answer requests; what f does not answer goes on as usual. take keeps the activity of the request.
func (c *connector) fail(f func(w http.ResponseWriter, r *http.Request, take func()) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fault = f
}

func (c *connector) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/emea/v3/"), "/")
	c.mu.Lock()
	if !c.login.knows(r.Header.Get("Authorization")) {
		c.refused++
		c.mu.Unlock()
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	fault := c.fault
	c.mu.Unlock()
	take := func() { c.take(parts, string(body)) }
	if fault != nil && fault(w, r, take) {
		return
	}
	switch {
	case r.Method == http.MethodPost && len(parts) >= 3 && parts[2] == "activities":
		take()
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"id":"1700000000000"}`)
	case r.Method == http.MethodPut:
		fmt.Fprint(w, `{}`)
	case r.Method == http.MethodGet && len(parts) == 4 && parts[2] == "members":
		c.member(w, parts[3])
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (c *connector) take(parts []string, body string) {
	if strings.Contains(body, `"type":"typing"`) || len(parts) < 2 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.messages[parts[1]] = append(c.messages[parts[1]], body)
}

func (c *connector) member(w http.ResponseWriter, id string) {
	c.mu.Lock()
	p, known := c.members[id]
	c.mu.Unlock()
	if !known {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	fmt.Fprint(w, encoded(map[string]any{"id": "29:" + p.id, "name": p.name, "aadObjectId": p.id, "tenantId": p.tenant, "userRole": "user"}))
}

// said is what the bot said in a conversation.
func (c *connector) said(conversation string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.messages[conversation]...)
}

// sound is a token that must be accepted, the same for a while, as Teams uses its own.
func (w *world) sound() string {
	w.once.Do(func() { w.bearer = w.token(w.issuer.claims(w.connector.url)) })
	return w.bearer
}

// token signs claims with the good key.
func (w *world) token(claims jwt.MapClaims) string {
	return signed(signer{id: "good", key: goodKey()}, claims)
}

func signed(s signer, claims jwt.MapClaims) string {
	t := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	t.Header["kid"] = s.id
	text, err := t.SignedString(s.key)
	if err != nil {
		panic(err)
	}
	return text
}
