package main

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Who and where everything in the bench happens. The connector is never called: a search is answered in its own answer.
const (
	tenant       = "6a1f0c3e-0000-4000-8000-0000000bec4a"
	appID        = "b07a5c11-0000-4000-8000-0000000bec4a"
	person       = "0b5e55ed-0000-4000-8000-0000000bec4a"
	conversation = "a:1bench"
	serviceURL   = "https://smba.trafficmanager.net/emea/"
	keyID        = "bench-key"
)

// issuer signs as the Bot Connector does, and publishes its key in the two ways that the SDKs look for it.
type issuer struct {
	*httptest.Server
	key    *rsa.PrivateKey
	caFile string
}

func newIssuer(folder string) (*issuer, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	i := &issuer{key: key, caFile: filepath.Join(folder, "ca.pem")}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /openid", i.metadata)
	mux.HandleFunc("GET /{tenant}/discovery/v2.0/keys", i.keys)
	i.Server = httptest.NewTLSServer(mux)
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.Certificate().Raw})
	return i, os.WriteFile(i.caFile, cert, 0o644)
}

func (i *issuer) metadata(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{"issuer": i.URL, "jwks_uri": i.URL + "/bench/discovery/v2.0/keys", "id_token_signing_alg_values_supported": []string{"RS256"}})
}

func (i *issuer) keys(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{"keys": []map[string]any{{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": keyID, "endorsements": []string{"msteams"},
		"n": base64.RawURLEncoding.EncodeToString(i.key.N.Bytes()), "e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(i.key.E)).Bytes())}}})
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body) // a server that stopped needs no keys
}

// token is what the connector sends with every activity for about an hour.
func (i *issuer) token() (string, error) {
	now := time.Now()
	t := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{"iss": i.URL, "aud": appID, "serviceurl": serviceURL,
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix()})
	t.Header["kid"] = keyID
	return t.SignedString(i.key)
}
