package auth

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// key is a key of the metadata. One that is listed but may not be used has no public part: that it is known saves
// reading the metadata again for it.
type key struct {
	id     string
	public *rsa.PublicKey
	// channels are those of the accepted channels that the key is endorsed for.
	channels []string
}

// usable tells whether a token signed with the key could be accepted. Where no channels are asked for, as with the keys of
// Entra, none needs to be endorsed.
func (k *key) usable(channels []string) bool {
	return k.public != nil && (len(channels) == 0 || len(k.channels) > 0)
}

// jsonKey is a JSON Web Key with the member that the Bot Framework adds: endorsements.
type jsonKey struct {
	Type         string   `json:"kty"`
	Use          string   `json:"use"`
	ID           string   `json:"kid"`
	Algorithm    string   `json:"alg"`
	N            string   `json:"n"`
	E            string   `json:"e"`
	Endorsements []string `json:"endorsements"`
}

var errNoUsableKey = errors.New("no usable key among them")

// readKeys reads a key set. A key that cannot be understood does not spoil the others; a set without any key that
// could be used is an error, so that a server in disorder never takes the keys away.
func readKeys(body []byte, channels []string) (map[string]*key, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, errors.New("not a key set")
	}
	keys, usable := map[string]*key{}, false
	for _, raw := range set.Keys {
		var j jsonKey
		if err := json.Unmarshal(raw, &j); err != nil || j.ID == "" || len(j.ID) > maxKeyID {
			continue
		}
		k := j.key(channels)
		if old := keys[j.ID]; old == nil || !old.usable(channels) { // of two keys with one id, the one that can be used counts
			keys[j.ID] = k
		}
		usable = usable || k.usable(channels)
	}
	if !usable {
		return nil, errNoUsableKey
	}
	return keys, nil
}

func (j jsonKey) key(channels []string) *key {
	k := &key{id: j.ID}
	for _, channel := range j.Endorsements {
		if slices.Contains(channels, channel) && !slices.Contains(k.channels, channel) {
			k.channels = append(k.channels, channel)
		}
	}
	if j.Type == "RSA" && (j.Use == "" || j.Use == "sig") && (j.Algorithm == "" || j.Algorithm == "RS256") {
		k.public = publicKey(j.N, j.E)
	}
	return k
}

// publicKey makes a key of its two numbers, or nil when one is missing, too small or too large to be trusted:
// 2048 bits are the least that is safe, and more than 8192 only make each check slow.
func publicKey(n, e string) *rsa.PublicKey {
	modulus, err1 := base64.RawURLEncoding.DecodeString(strings.TrimRight(n, "="))
	exponent, err2 := base64.RawURLEncoding.DecodeString(strings.TrimRight(e, "="))
	if err1 != nil || err2 != nil || len(exponent) > 4 {
		return nil
	}
	k := &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: int(new(big.Int).SetBytes(exponent).Int64())}
	if bits := k.N.BitLen(); bits < 2048 || bits > 8192 || k.N.Bit(0) == 0 {
		return nil
	}
	if k.E < 3 || k.E > 1<<31-1 || k.E%2 == 0 {
		return nil
	}
	return k
}

// metadata reads the keys that the Bot Framework publishes: the OpenID document names the address of the key set.
// Its methods are called by one goroutine at a time.
type metadata struct {
	url      string
	issuer   string
	channels []string
	http     *http.Client
	// keysURL is the address of the key set, once the document was read.
	keysURL string
}

const (
	fetchTime = 10 * time.Second
	maxAnswer = 1 << 20
)

// read gives the published keys. The document is read when its address is not known, or when whole is set; otherwise
// one request suffices.
func (m *metadata) read(ctx context.Context, whole bool) (map[string]*key, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	if whole || m.keysURL == "" {
		if err := m.readDocument(ctx); err != nil {
			return nil, fmt.Errorf("metadata document: %w", err)
		}
	}
	body, err := m.get(ctx, m.keysURL)
	if err == nil {
		var keys map[string]*key
		if keys, err = readKeys(body, m.channels); err == nil {
			return keys, nil
		}
	}
	m.keysURL = "" // it may have moved
	return nil, fmt.Errorf("metadata keys: %w", err)
}

func (m *metadata) readDocument(ctx context.Context) error {
	if !m.trusted(m.url) {
		return errors.New("the address must be https (http only on a loopback host)")
	}
	body, err := m.get(ctx, m.url)
	if err != nil {
		return err
	}
	var document struct {
		Issuer  string `json:"issuer"`
		KeysURL string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(body, &document); err != nil {
		return errors.New("not an OpenID document")
	}
	if document.Issuer != "" && document.Issuer != m.issuer {
		return errors.New("it is of another issuer")
	}
	if !m.trusted(document.KeysURL) {
		return errors.New("its jwks_uri is not an address to be trusted")
	}
	m.keysURL = document.KeysURL
	return nil
}

// trusted tells whether keys may come from an address: https, or http on the loopback host that was configured.
func (m *metadata) trusted(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil {
		return false
	}
	if u.Scheme == "https" {
		return true
	}
	own, err := url.Parse(m.url)
	return err == nil && u.Scheme == "http" && isLoopback(u.Hostname()) && own.Hostname() == u.Hostname()
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && ip.IsLoopback())
}

func (m *metadata) get(ctx context.Context, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errors.New("the address cannot be used")
	}
	res, err := m.http.Do(req)
	if err != nil {
		return nil, unreachable(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", res.StatusCode)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, unreachable(err)
	}
	return body, nil
}

// unreachable says what kind of network failure it was, without addresses.
func unreachable(err error) error {
	var tooLong *http.MaxBytesError
	if errors.As(err, &tooLong) {
		return errors.New("the answer is longer than 1 MiB")
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return errors.New("no answer in time")
	}
	return errors.New("unreachable")
}

// strict is a client that follows no redirect, takes at most fetchTime and reads at most maxAnswer bytes of an answer.
// A redirected token request would carry the app's secret to wherever the answer points.
func strict(c *http.Client) *http.Client {
	if c == nil {
		c = http.DefaultClient
	}
	base := c.Transport
	if base == nil {
		base = http.DefaultTransport
	}
	return &http.Client{
		Transport:     bounded{base},
		Timeout:       fetchTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// bounded ends the reading of an answer that is too long with an error.
type bounded struct{ base http.RoundTripper }

// RoundTrip does one request.
func (b bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := b.base.RoundTrip(req)
	if err == nil {
		res.Body = http.MaxBytesReader(nil, res.Body, maxAnswer)
	}
	return res, err
}

// CheckKeys reads the metadata as a Verifier does and tells how many of the published keys a token of Teams can be signed
// with. Its errors say what is wrong without addresses.
func CheckKeys(ctx context.Context, c VerifierConfig) (usable int, err error) {
	channels := c.Channels
	if len(channels) == 0 {
		channels = []string{"msteams"}
	}
	m := &metadata{url: c.MetadataURL, issuer: c.Issuer, channels: channels, http: strict(c.HTTP)}
	keys, err := m.read(ctx, true)
	for _, k := range keys {
		if k.usable(channels) {
			usable++
		}
	}
	return usable, err
}
