package sandbox

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"math/big"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// signer signs tokens and publishes the keys to check them with. After a rotation the key before stays published once more,
// so that tokens under way are still believed; a second rotation withdraws it.
type signer struct {
	mu   sync.Mutex
	now  func() time.Time
	keys []*signingKey // newest first
}

type signingKey struct {
	kid     string
	private *rsa.PrivateKey
	cert    []byte // DER
}

// jwk is a published key, as Entra and the Bot Connector write it.
type jwk struct {
	Kty          string   `json:"kty"`
	Use          string   `json:"use"`
	Kid          string   `json:"kid"`
	X5t          string   `json:"x5t"`
	N            string   `json:"n"`
	E            string   `json:"e"`
	X5c          []string `json:"x5c"`
	Endorsements []string `json:"endorsements,omitempty"`
}

func newSigner(now func() time.Time) (*signer, error) {
	s := &signer{now: now}
	return s, s.rotate()
}

// rotate makes a new key the signing one.
func (s *signer) rotate() error {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	cert, err := selfSigned(private, s.now())
	if err != nil {
		return err
	}
	key := &signingKey{kid: randomHex(12), private: private, cert: cert}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = append([]*signingKey{key}, s.keys[:min(1, len(s.keys))]...)
	return nil
}

func selfSigned(key *rsa.PrivateKey, now time.Time) ([]byte, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: "teamspro sandbox signing"},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.AddDate(1, 0, 0),
	}
	return x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
}

// sign makes a token of claims that is valid for a time; iat, nbf and exp are set here.
func (s *signer) sign(claims jwt.MapClaims, life time.Duration) (string, error) {
	s.mu.Lock()
	key := s.keys[0]
	s.mu.Unlock()
	now := s.now()
	claims["iat"], claims["nbf"], claims["exp"] = now.Unix(), now.Unix(), now.Add(life).Unix()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"], token.Header["x5t"] = key.kid, key.x5t()
	return token.SignedString(key.private)
}

// verify reads a token of this signer and checks its audience. An expired one gives its claims with jwt.ErrTokenExpired.
func (s *signer) verify(token, audience string) (jwt.MapClaims, error) {
	claims := jwt.MapClaims{}
	_, err := jwt.ParseWithClaims(token, claims, s.keyFor, jwt.WithValidMethods([]string{"RS256"}), jwt.WithTimeFunc(s.now),
		jwt.WithAudience(audience), jwt.WithExpirationRequired())
	return claims, err
}

func (s *signer) keyFor(t *jwt.Token) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.keys {
		if k.kid == t.Header["kid"] {
			return k.private.Public(), nil
		}
	}
	return nil, errors.New("no such key")
}

// published lists the keys, endorsed for the channels named.
func (s *signer) published(endorsements ...string) map[string][]jwk {
	s.mu.Lock()
	defer s.mu.Unlock()
	set := []jwk{}
	for _, k := range s.keys {
		set = append(set, jwk{
			Kty: "RSA", Use: "sig", Kid: k.kid, X5t: k.x5t(),
			N:   base64.RawURLEncoding.EncodeToString(k.private.N.Bytes()),
			E:   base64.RawURLEncoding.EncodeToString(big.NewInt(int64(k.private.E)).Bytes()),
			X5c: []string{base64.StdEncoding.EncodeToString(k.cert)}, Endorsements: endorsements,
		})
	}
	return map[string][]jwk{"keys": set}
}

func (k *signingKey) x5t() string {
	sum := sha1.Sum(k.cert)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
