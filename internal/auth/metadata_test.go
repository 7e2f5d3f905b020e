package auth

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	testIssuer  = "https://api.botframework.example"
	testApp     = "5b0f7d1e-0000-4000-8000-00000000000a"
	testService = "https://smba.example/emea/1f0c/"
)

// signer is a key pair of the Bot Framework.
type signer struct {
	id  string
	key *rsa.PrivateKey
}

// testKeys are made once: they are what takes time in these tests.
var testKeys = sync.OnceValue(func() (keys struct{ first, second, small *rsa.PrivateKey }) {
	keys.first, _ = rsa.GenerateKey(rand.Reader, 2048)
	keys.second, _ = rsa.GenerateKey(rand.Reader, 2048)
	keys.small, _ = rsa.GenerateKey(rand.Reader, 1024)
	return keys
})

func first() signer { return signer{"first", testKeys().first} }

// object is a JSON object in a test; members set to nil are left out.
type object map[string]any

func (o object) with(changes object) object {
	out := object{}
	for _, from := range []object{o, changes} {
		for name, value := range from {
			out[name] = value
			if value == nil {
				delete(out, name)
			}
		}
	}
	return out
}

func encode(o object) string {
	data, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

func goodHeader(s signer) object { return object{"alg": "RS256", "typ": "JWT", "kid": s.id} }

func goodClaims(now time.Time) object {
	return object{"iss": testIssuer, "aud": testApp, "serviceurl": testService,
		"nbf": now.Add(-time.Minute).Unix(), "exp": now.Add(time.Hour).Unix()}
}

// sign makes an Authorization header of two encoded parts.
func (s signer) sign(header, claims string) string {
	sum := sha256.Sum256([]byte(header + "." + claims))
	signature, err := rsa.SignPKCS1v15(nil, s.key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return "Bearer " + header + "." + claims + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// good is the header of a token that is in order, but for the given changes of its claims.
func (s signer) good(now time.Time, changes object) string {
	return s.sign(encode(goodHeader(s)), encode(goodClaims(now).with(changes)))
}

// published is the key as the metadata lists it.
func (s signer) published(changes object) object {
	return object{
		"kty": "RSA", "use": "sig", "kid": s.id, "endorsements": []string{"msteams", "webchat"},
		"n": base64.RawURLEncoding.EncodeToString(s.key.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(s.key.E)).Bytes()),
	}.with(changes)
}

// metadataServer publishes keys as login.botframework.com does, and can be in disorder.
type metadataServer struct {
	mu        sync.Mutex
	keys      []object
	document  object        // more members of the document
	answer    string        // in place of every answer, when set
	status    int           // of every answer, when set
	slow      time.Duration // before every answer
	documents int
	reads     int
}

func (m *metadataServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	body, slow, status := m.body(r), m.slow, m.status
	m.mu.Unlock()
	select {
	case <-time.After(slow):
	case <-r.Context().Done():
		return
	}
	if status != 0 {
		w.WriteHeader(status)
	}
	w.Write(body)
}

func (m *metadataServer) body(r *http.Request) []byte {
	var answer any = object{"keys": m.keys}
	if strings.HasSuffix(r.URL.Path, "/openidconfiguration") {
		m.documents++
		answer = object{"issuer": testIssuer, "jwks_uri": "http://" + r.Host + "/keys"}.with(m.document)
	} else {
		m.reads++
	}
	if m.answer != "" {
		return []byte(m.answer)
	}
	data, err := json.Marshal(answer)
	if err != nil {
		panic(err)
	}
	return data
}

func (m *metadataServer) change(f func(*metadataServer)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(m)
}

func (m *metadataServer) calls() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.documents + m.reads
}

// RoundTrip answers without a network, so that a test may have its own time (testing/synctest).
func (m *metadataServer) RoundTrip(req *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	m.ServeHTTP(w, req)
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

// start serves the metadata on a port and gives a verifier for it.
func (m *metadataServer) start(t *testing.T) *Verifier {
	t.Helper()
	server := httptest.NewServer(m)
	t.Cleanup(server.Close)
	return NewVerifier(VerifierConfig{MetadataURL: server.URL + "/v1/.well-known/openidconfiguration", Issuer: testIssuer, Audiences: []string{testApp}})
}

// apart gives a verifier that reads the metadata without a network.
func (m *metadataServer) apart() *Verifier {
	return NewVerifier(VerifierConfig{MetadataURL: "http://localhost/openidconfiguration", Issuer: testIssuer, Audiences: []string{testApp},
		HTTP: &http.Client{Transport: m}})
}

func publish(keys ...object) *metadataServer { return &metadataServer{keys: keys} }

// reason is why a header is refused; "" when it is accepted.
func reason(t testing.TB, v *Verifier, header string) string {
	t.Helper()
	_, err := v.Verify(context.Background(), header)
	if err == nil {
		return ""
	}
	refusal, ok := err.(*Refusal)
	if !ok {
		t.Errorf("Verify gave %T, want *Refusal", err)
		return err.Error()
	}
	return refusal.Reason
}
