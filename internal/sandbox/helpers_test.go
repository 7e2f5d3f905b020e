package sandbox

import (
	"bytes"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"teamspro/manifest"
)

const (
	contactID = "11111111-0000-4000-8000-00000000000a"
	imageID   = "22222222-0000-4000-8000-00000000000b"
)

// heard is an activity as the fake bot got it.
type heard map[string]any

// at reads a value by its path: "conversation.id".
func (a heard) at(path string) any {
	var v any = map[string]any(a)
	for name := range strings.SplitSeq(path, ".") {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

// fakeBot is a service on the other side: it checks tokens against the published metadata and keeps what it heard.
type fakeBot struct {
	*httptest.Server
	// answer gives status and body; it may block. Set it with answering.
	answer func(heard) (int, string)

	mu       sync.Mutex
	metadata string // empty: not ready
	heard    []heard
	refused  []string
}

func newFakeBot(t *testing.T) *fakeBot {
	t.Helper()
	b := &fakeBot{answer: func(heard) (int, string) { return 200, "" }}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.metadata == "" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("POST /api/messages", b.messages)
	b.Server = httptest.NewServer(mux)
	t.Cleanup(b.Close)
	return b
}

func (b *fakeBot) answering(f func(heard) (int, string)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer = f
}

func (b *fakeBot) messages(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	var a heard
	if err := json.Unmarshal(raw, &a); err != nil {
		http.Error(w, "not JSON", http.StatusBadRequest)
		return
	}
	b.mu.Lock()
	err := b.check(r.Header.Get("Authorization"), a)
	if err != nil {
		b.refused = append(b.refused, err.Error())
		b.mu.Unlock()
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	b.heard = append(b.heard, a)
	answer := b.answer
	b.mu.Unlock()
	status, body := answer(a)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// check verifies a token as a bot must: signature by a published and endorsed key, issuer, audience, lifetime, serviceUrl.
func (b *fakeBot) check(header string, a heard) error {
	claims := jwt.MapClaims{}
	token, ok := strings.CutPrefix(header, "Bearer ")
	if !ok {
		return errors.New("no token")
	}
	_, err := jwt.ParseWithClaims(token, claims, func(t *jwt.Token) (any, error) { return publishedKey(b.metadata, t) },
		jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(botIssuer), jwt.WithExpirationRequired())
	if err != nil {
		return err
	}
	if "28:"+fmt.Sprint(claims["aud"]) != a.at("recipient.id") || claims["serviceurl"] != a["serviceUrl"] {
		return errors.New("audience or serviceurl")
	}
	return nil
}

func publishedKey(metadata string, t *jwt.Token) (*rsa.PublicKey, error) {
	var document struct {
		KeysURL string `json:"jwks_uri"`
	}
	var set struct{ Keys []jwk }
	if err := getInto(metadata, &document); err != nil {
		return nil, err
	}
	if err := getInto(document.KeysURL, &set); err != nil {
		return nil, err
	}
	for _, k := range set.Keys {
		if k.Kid == t.Header["kid"] && slices.Contains(k.Endorsements, "msteams") {
			n, _ := base64.RawURLEncoding.DecodeString(k.N)
			return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 65537}, nil
		}
	}
	return nil, errors.New("no endorsed key")
}

func getInto(url string, into any) error {
	res, err := http.Get(url)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	return json.NewDecoder(res.Body).Decode(into)
}

// await waits for an activity that matches; those heard before count too.
func (b *fakeBot) await(t *testing.T, what string, match func(heard) bool) heard {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		if all := b.matching(match); len(all) > 0 {
			return all[0]
		}
		time.Sleep(5 * time.Millisecond)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	t.Fatalf("the bot never heard %s; refused: %v", what, b.refused)
	return nil
}

func (b *fakeBot) matching(match func(heard) bool) []heard {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []heard
	for _, a := range b.heard {
		if match(a) {
			all = append(all, a)
		}
	}
	return all
}

func kind(name string) func(heard) bool {
	return func(a heard) bool { return a["type"] == name || a["name"] == name }
}

// rig is a running sandbox with a fake bot, everything installed.
type rig struct {
	*Sandbox
	t   *testing.T
	bot *fakeBot
}

func newRig(t *testing.T, change ...func(*Config)) *rig {
	t.Helper()
	return newPatientRig(t, teamsPatience, change...)
}

// impatient waits a fifth of a second instead of five.
var impatient = patience{invoke: 700 * time.Millisecond, message: 700 * time.Millisecond, start: 10 * time.Second}

// newPatientRig waits for its bot as long as it is told.
func newPatientRig(t *testing.T, wait patience, change ...func(*Config)) *rig {
	t.Helper()
	r := &rig{t: t, bot: newFakeBot(t)}
	cfg := Config{BotURL: r.bot.URL + "/api/messages", StateDir: t.TempDir(), Apps: []App{
		{ID: contactID, Name: "Contact Pro", Secret: "contact-secret", Manifest: contactManifest()},
		{ID: imageID, Name: "Image Pro", Secret: "image-secret"},
	}}
	for _, c := range change {
		c(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r.Sandbox = s
	s.wait = wait
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	r.bot.mu.Lock()
	r.bot.metadata = s.Settings()["TEAMSPRO_BOT_METADATA_URL"]
	r.bot.mu.Unlock()
	r.installed()
	return r
}

func contactManifest() *Manifest {
	return &Manifest{
		Name:     map[string]string{"en": "Contact Pro", "fr": "Contact Pro FR"},
		Commands: map[string][]manifest.ListedCommand{"en": {{Title: "find"}}, "fr": {{Title: "trouver"}}},
		Extension: map[string][]manifest.ListedExtension{
			"en": {{ID: "findContact", Type: "query", Title: "Find contact", Parameters: []manifest.ListedParameter{{Name: "q", Title: "Name"}}}},
			"fr": {{ID: "findContact", Type: "query", Title: "Trouver un contact"}},
		},
	}
}

// installed waits until the last app was told that it is in the team, which ends what happens at the start.
func (r *rig) installed() {
	r.t.Helper()
	last := r.cfg.Apps[len(r.cfg.Apps)-1].ID
	r.bot.await(r.t, "the last installation", func(a heard) bool {
		return a["type"] == "conversationUpdate" && a.at("conversation.conversationType") == channel && a.at("recipient.id") == "28:"+last
	})
}

// do sends a request and gives status and body.
func (r *rig) do(method, url, token string, body any) (int, string) {
	r.t.Helper()
	res := r.send(method, url, token, body)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return res.StatusCode, string(raw)
}

func (r *rig) send(method, url, token string, body any) *http.Response {
	r.t.Helper()
	var reader io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			r.t.Fatal(err)
		}
		reader = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, url, reader)
	if err != nil {
		r.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		r.t.Fatal(err)
	}
	return res
}

// api calls the page API and decodes the answer, which must be a success.
func (r *rig) api(path string, body any, into any) {
	r.t.Helper()
	method := http.MethodPost
	if body == nil {
		method = http.MethodGet
	}
	status, raw := r.do(method, r.base+path, "", body)
	if status != http.StatusOK {
		r.t.Fatalf("%s: %d %s", path, status, raw)
	}
	if into != nil {
		if err := json.Unmarshal([]byte(raw), into); err != nil {
			r.t.Fatalf("%s: %v in %s", path, err, raw)
		}
	}
}

// obj is a JSON object.
type obj = map[string]any

// trusting is a client that knows the sandbox's authority and follows no redirect.
func (r *rig) trusting() *http.Client {
	r.t.Helper()
	raw, err := os.ReadFile(r.Settings()["TEAMSPRO_CA_FILE"])
	if err != nil {
		r.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(raw) {
		r.t.Fatal("the CA file holds no certificate")
	}
	return &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// tokenCall asks the token endpoint.
func (r *rig) tokenCall(tenant string, form url.Values) (int, obj) {
	r.t.Helper()
	res, err := r.trusting().PostForm(r.loginB+"/"+tenant+"/oauth2/v2.0/token", form)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	var body obj
	if err := json.NewDecoder(res.Body).Decode(&body); err != nil {
		r.t.Fatal(err)
	}
	return res.StatusCode, body
}

// appToken gets a token of Contact Pro itself.
func (r *rig) appToken(resource string) string {
	r.t.Helper()
	return r.tokenOf(contactID, "contact-secret", resource)
}

func (r *rig) tokenOf(id, secret, resource string) string {
	r.t.Helper()
	status, body := r.tokenCall(r.cfg.Tenant, url.Values{"grant_type": {"client_credentials"}, "client_id": {id},
		"client_secret": {secret}, "scope": {resource + "/.default"}})
	token, _ := body["access_token"].(string)
	if status != 200 || token == "" {
		r.t.Fatalf("no token: %d %v", status, body)
	}
	return token
}

// chatID is the id of a conversation as activities name it.
func (r *rig) chatID(key, who string) string {
	r.t.Helper()
	c := r.world.chatByKey(key, who)
	if c == nil {
		r.t.Fatalf("no conversation %s of %s", key, who)
	}
	return c.id
}

// post sends an activity to the connector and gives its id.
func (r *rig) post(token, conversation string, activity any) string {
	r.t.Helper()
	status, raw := r.do("POST", r.serviceURL()+"v3/conversations/"+url.PathEscape(conversation)+"/activities", token, activity)
	var body struct{ ID string }
	if json.Unmarshal([]byte(raw), &body) != nil || status != 201 {
		r.t.Fatalf("post: %d %s", status, raw)
	}
	return body.ID
}

func saying(text string) obj { return obj{"type": "message", "text": text} }

func card(body ...any) obj {
	return obj{"contentType": adaptiveCard, "content": obj{"type": "AdaptiveCard", "version": "1.5", "body": body}}
}

func cardMessage() obj { return obj{"type": "message", "attachments": []any{card()}} }
