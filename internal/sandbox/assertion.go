package sandbox

import (
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// certificate is one that an app may sign with instead of sending a secret.
type certificate struct {
	key          *rsa.PublicKey
	sha1, sha256 string // thumbprints as x5t and x5t#S256 write them
}

func parseCertificate(text string) (*certificate, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("a certificate is not PEM")
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("a certificate: %w", err)
	}
	key, ok := c.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("a certificate is not for an RSA key, which Entra asks for")
	}
	one, two := sha1.Sum(c.Raw), sha256.Sum256(c.Raw)
	return &certificate{key: key, sha1: base64.RawURLEncoding.EncodeToString(one[:]), sha256: base64.RawURLEncoding.EncodeToString(two[:])}, nil
}

// checkAssertion checks a token by which an app proves who it is: signed with a registered certificate, about itself, for
// this authority.
func (l *login) checkAssertion(app *App, assertion string) error {
	claims := jwt.RegisteredClaims{}
	_, err := jwt.ParseWithClaims(assertion, &claims, func(t *jwt.Token) (any, error) { return l.certificateKey(app, t) },
		jwt.WithValidMethods([]string{"RS256", "PS256"}), jwt.WithTimeFunc(l.s.now), jwt.WithExpirationRequired(),
		jwt.WithIssuer(app.ID), jwt.WithSubject(app.ID))
	if err != nil {
		return err
	}
	root := l.s.loginB + "/" + l.s.cfg.Tenant
	if !slices.Contains(claims.Audience, root+"/oauth2/v2.0/token") && !slices.Contains(claims.Audience, root+"/v2.0") {
		return errors.New("it is for another audience")
	}
	return nil
}

func (l *login) certificateKey(app *App, t *jwt.Token) (any, error) {
	for _, c := range l.certs[app.ID] {
		if thumbprint(t, "x5t#S256") == c.sha256 || thumbprint(t, "x5t") == c.sha1 {
			return c.key, nil
		}
	}
	return nil, errors.New("the key is not registered")
}

// thumbprint reads a certificate's thumbprint from a token's header. MSAL for Go writes it in standard base64, RFC 7515 asks
// for the URL form; Entra takes both.
func thumbprint(t *jwt.Token, name string) string {
	text, _ := t.Header[name].(string)
	return strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(text), "=")
}
