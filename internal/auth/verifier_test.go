package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestVerifyGivesTheClaims(t *testing.T) {
	t.Parallel()
	v := publish(first().published(nil)).start(t)
	now := time.Now()
	for _, audience := range []any{testApp, strings.ToUpper(testApp), []string{testApp}} {
		got, err := v.Verify(t.Context(), first().good(now, object{"aud": audience}))
		if err != nil {
			t.Fatalf("aud %v: %v", audience, err)
		}
		want := Claims{App: testApp, ServiceURL: testService, Endorsements: []string{"msteams"}, Expires: now.Add(time.Hour).Truncate(time.Second)}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("aud %v (-want +got):\n%s", audience, diff)
		}
	}
}

// The vectors of the protocol's description, and what else a forger may try with the claims.
func TestVerifyClaims(t *testing.T) {
	t.Parallel()
	now := time.Now()
	in := func(d time.Duration) int64 { return now.Add(d).Unix() }
	tests := []struct {
		name    string
		changes object
		want    string
	}{
		{"good", nil, ""},
		{"expired 4 minutes ago", object{"exp": in(-4 * time.Minute)}, ""},
		{"expired 6 minutes ago", object{"exp": in(-6 * time.Minute)}, "expired"},
		{"no exp", object{"exp": nil}, "expired"},
		{"exp 0", object{"exp": 0}, "expired"},
		{"exp as text", object{"exp": "4102444800"}, "malformed"},
		{"exp negative", object{"exp": -1}, "malformed"},
		{"exp with a fraction", object{"exp": float64(in(time.Hour)) + 0.5}, ""},
		{"exp beyond all time", object{"exp": 1e300}, "malformed"},
		{"valid in 4 minutes", object{"nbf": in(4 * time.Minute)}, ""},
		{"valid in 6 minutes", object{"nbf": in(6 * time.Minute)}, "not_yet"},
		{"issued in 4 minutes", object{"iat": in(4 * time.Minute)}, ""},
		{"issued in 6 minutes", object{"iat": in(6 * time.Minute)}, "not_yet"},
		{"no nbf", object{"nbf": nil}, ""},
		{"other audience", object{"aud": "5b0f7d1e-0000-4000-8000-00000000000b"}, "audience"},
		{"audience of a user token", object{"aud": "api://botid-" + testApp}, "audience"},
		{"no audience", object{"aud": nil}, "audience"},
		{"empty audience", object{"aud": ""}, "audience"},
		{"no audience in a list", object{"aud": []string{}}, "malformed"},
		{"two audiences, one ours", object{"aud": []string{testApp, "other"}}, "malformed"},
		{"audience in a list in a list", object{"aud": [][]string{{testApp}}}, "malformed"},
		{"audience as number", object{"aud": 5}, "malformed"},
		{"other issuer", object{"iss": "https://api.botframework.us"}, "issuer"},
		{"issuer with a slash", object{"iss": testIssuer + "/"}, "issuer"},
		{"issuer in capitals", object{"iss": strings.ToUpper(testIssuer)}, "issuer"},
		{"no issuer", object{"iss": nil}, "issuer"},
		{"claim in capitals", object{"iss": nil, "ISS": testIssuer}, "issuer"},
		{"no service url", object{"serviceurl": nil}, "service_url"},
		{"service url under another name", object{"serviceurl": nil, "serviceUrl": testService}, "service_url"},
		{"service url as list", object{"serviceurl": []string{testService}}, "malformed"},
	}
	v := publish(first().published(nil)).start(t)
	for _, test := range tests {
		if got := reason(t, v, first().good(now, test.changes)); got != test.want {
			t.Errorf("%s: refused with %q, want %q", test.name, got, test.want)
		}
	}
}

func TestVerifyHeader(t *testing.T) {
	t.Parallel()
	now := time.Now()
	tests := []struct {
		name    string
		changes object
		want    string
	}{
		{"no typ", object{"typ": nil}, ""},
		{"other typ", object{"typ": "at+jwt"}, "algorithm"},
		{"empty typ", object{"typ": ""}, "algorithm"},
		{"none", object{"alg": "none"}, "algorithm"},
		{"no alg", object{"alg": nil}, "algorithm"},
		{"RS384", object{"alg": "RS384"}, "algorithm"},
		{"PS256", object{"alg": "PS256"}, "algorithm"},
		{"alg in small letters", object{"alg": "rs256"}, "algorithm"},
		{"alg as list", object{"alg": []string{"RS256"}}, "malformed"},
		{"critical extension", object{"crit": []string{"exp"}, "exp": 1}, "algorithm"},
		{"no critical extension, said", object{"crit": []string{}}, "algorithm"},
		{"no kid", object{"kid": nil}, "malformed"},
		{"long kid", object{"kid": strings.Repeat("k", 513)}, "malformed"},
		{"kid as number", object{"kid": 7}, "malformed"},
		{"unknown kid", object{"kid": "tenth"}, "unknown_key"},
		{"brings its own key", object{"jwk": first().published(nil), "kid": "own"}, "unknown_key"},
	}
	for _, test := range tests {
		v := publish(first().published(nil)).start(t)
		header := first().sign(encode(goodHeader(first()).with(test.changes)), encode(goodClaims(now)))
		if got := reason(t, v, header); got != test.want {
			t.Errorf("%s: refused with %q, want %q", test.name, got, test.want)
		}
	}
}

// What does not even look like a token, or looks like one only to a lenient reader.
func TestVerifyShape(t *testing.T) {
	t.Parallel()
	now := time.Now()
	good := first().good(now, nil)
	parts := strings.Split(strings.TrimPrefix(good, "Bearer "), ".")
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	rewritten := func(claims string) string {
		return first().sign(parts[0], base64.RawURLEncoding.EncodeToString([]byte(claims)))
	}
	tests := []struct {
		name, header, want string
	}{
		{"none", "", "missing"},
		{"small scheme", "bearer " + parts[0] + "." + parts[1] + "." + parts[2], "scheme"},
		{"two blanks", strings.Replace(good, " ", "  ", 1), "scheme"},
		{"blank at the end", good + " ", "scheme"},
		{"scheme alone", "Bearer", "scheme"},
		{"scheme and blank", "Bearer ", "scheme"},
		{"other scheme", "Basic dXNlcjpwYXNz", "scheme"},
		{"two values joined", good + "," + good, "scheme"},
		{"oversize", "Bearer " + strings.Repeat("a", 16<<10), "too_long"},
		{"two parts", "Bearer " + parts[0] + "." + parts[1], "malformed"},
		{"four parts", good + ".e30", "malformed"},
		{"no signature", "Bearer " + parts[0] + "." + parts[1] + ".", "malformed"},
		{"padded", first().sign(parts[0]+"=", parts[1]), "malformed"},
		{"standard alphabet", first().sign(parts[0], parts[1]+"+/"), "malformed"},
		{"line break", first().sign(parts[0]+"\n", parts[1]), "malformed"},
		{"stray bits", strings.TrimSuffix(good, good[len(good)-1:]) + "_", "malformed"},
		{"claims are a list", rewritten("[]"), "malformed"},
		{"claims are null", rewritten("null"), "malformed"},
		{"claims end early", rewritten(string(claims[:len(claims)-1])), "malformed"},
		{"more after the claims", rewritten(string(claims) + "{}"), "malformed"},
		{"a claim twice", rewritten(`{"iss":"evil",` + string(claims[1:])), "malformed"},
		{"a claim twice, by escapes", rewritten(`{"\u0069ss":"evil",` + string(claims[1:])), "malformed"},
		{"not UTF-8", rewritten("{\"a\":\"\xff\"," + string(claims[1:])), "malformed"},
		{"deep", rewritten(strings.Repeat(`{"a":`, 1500) + "1" + strings.Repeat("}", 1500)), "issuer"},
		{"changed claims", "Bearer " + parts[0] + "." + encode(goodClaims(now).with(object{"x": 1})) + "." + parts[2], "signature"},
		{"signature of another key", signer{"first", testKeys().second}.good(now, nil), "signature"},
		{"empty signature", "Bearer " + parts[0] + "." + parts[1] + ".AA", "signature"},
		{"HS256 under the public key", hmacToken(now), "algorithm"},
	}
	v := publish(first().published(nil)).start(t)
	for _, test := range tests {
		if got := reason(t, v, test.header); got != test.want {
			t.Errorf("%s: refused with %q, want %q", test.name, got, test.want)
		}
	}
}

func hmacToken(now time.Time) string {
	signed := encode(goodHeader(first()).with(object{"alg": "HS256"})) + "." + encode(goodClaims(now))
	mac := hmac.New(sha256.New, x509.MarshalPKCS1PublicKey(&first().key.PublicKey))
	mac.Write([]byte(signed))
	return "Bearer " + signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func TestVerifyKeys(t *testing.T) {
	t.Parallel()
	small := signer{"first", testKeys().small}
	tests := []struct {
		name   string
		key    object
		signer signer
		want   string
	}{
		{"good", first().published(nil), first(), ""},
		{"no use", first().published(object{"use": nil}), first(), ""},
		{"alg named", first().published(object{"alg": "RS256"}), first(), ""},
		{"for encryption", first().published(object{"use": "enc"}), first(), "weak_key"},
		{"for another algorithm", first().published(object{"alg": "RS512"}), first(), "weak_key"},
		{"for OAEP", first().published(object{"alg": "RSA-OAEP"}), first(), "weak_key"},
		{"1024 bits", small.published(nil), small, "weak_key"},
		{"exponent 1", first().published(object{"e": "AQ"}), first(), "weak_key"},
		{"exponent even", first().published(object{"e": "AQAA"}), first(), "weak_key"},
		{"exponent huge", first().published(object{"e": "AQAAAAAB"}), first(), "weak_key"},
		{"no exponent", first().published(object{"e": nil}), first(), "weak_key"},
		{"no modulus", first().published(object{"n": nil}), first(), "weak_key"},
		{"not RSA", first().published(object{"kty": "oct", "k": "c2VjcmV0"}), first(), "weak_key"},
		{"no endorsements", first().published(object{"endorsements": nil}), first(), "endorsement"},
		{"empty endorsements", first().published(object{"endorsements": []string{}}), first(), "endorsement"},
		{"endorsed for others", first().published(object{"endorsements": []string{"webchat", "MSTeams"}}), first(), "endorsement"},
		{"endorsements of another type", first().published(object{"endorsements": "msteams"}), first(), "unknown_key"},
		{"no kid", first().published(object{"kid": nil}), first(), "unknown_key"},
	}
	other := signer{"second", testKeys().second} // so that there is always one usable key
	for _, test := range tests {
		v := publish(test.key, other.published(nil)).start(t)
		if got := reason(t, v, test.signer.good(time.Now(), nil)); got != test.want {
			t.Errorf("%s: refused with %q, want %q", test.name, got, test.want)
		}
	}
}

func TestOfTwoKeysWithOneIDTheUsableOneCounts(t *testing.T) {
	t.Parallel()
	twin := signer{"first", testKeys().second}
	for _, keys := range [][]object{
		{first().published(nil), twin.published(object{"use": "enc"})},
		{twin.published(object{"use": "enc"}), first().published(nil)},
	} {
		if got := reason(t, publish(keys...).start(t), first().good(time.Now(), nil)); got != "" {
			t.Errorf("refused with %q", got)
		}
	}
}

func TestRefusalStatus(t *testing.T) {
	t.Parallel()
	tests := []struct {
		key    object
		change object
		want   Refusal
	}{
		{first().published(nil), object{"exp": 1}, Refusal{http.StatusUnauthorized, "expired"}},
		{first().published(nil), object{"serviceurl": nil}, Refusal{http.StatusForbidden, "service_url"}},
		{first().published(object{"endorsements": nil}), nil, Refusal{http.StatusServiceUnavailable, "no_keys"}}, // no usable key at all
	}
	for _, test := range tests {
		_, err := publish(test.key).start(t).Verify(t.Context(), first().good(time.Now(), test.change))
		if refusal, ok := err.(*Refusal); !ok || *refusal != test.want {
			t.Errorf("got %v, want %v", err, &test.want)
		}
		if strings.Contains(err.Error(), "eyJ") || strings.Contains(err.Error(), testApp) {
			t.Errorf("the refusal repeats parts of the token: %v", err)
		}
	}
}

func TestVouches(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, serviceURL, channel, want string
	}{
		{"same", "https://smba.example/emea/1f0c/", "msteams", ""},
		{"without the slash", "https://smba.example/emea/1f0c", "msteams", ""},
		{"other case", "HTTPS://SMBA.example/Emea/1F0C/", "msteams", ""},
		{"two slashes", "https://smba.example/emea/1f0c//", "msteams", "service_url"},
		{"other host", "https://smba.evil.example/emea/1f0c/", "msteams", "service_url"},
		{"other path", "https://smba.example/amer/1f0c/", "msteams", "service_url"},
		{"beginning only", "https://smba.example/", "msteams", "service_url"},
		{"with a query", "https://smba.example/emea/1f0c/?x", "msteams", "service_url"},
		{"letters that fold", "http\u017f://smba.example/emea/1f0c/", "msteams", "service_url"},
		{"none", "", "msteams", "service_url"},
		{"emulator", "https://smba.example/emea/1f0c/", "emulator", "channel"},
		{"channel in capitals", "https://smba.example/emea/1f0c/", "MSTeams", "channel"},
		{"no channel", "https://smba.example/emea/1f0c/", "", "channel"},
		{"endorsed but not accepted", "https://smba.example/emea/1f0c/", "webchat", "channel"},
	}
	claims, err := publish(first().published(nil)).start(t).Verify(t.Context(), first().good(time.Now(), nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		got := ""
		if err := claims.Vouches(test.serviceURL, test.channel); err != nil {
			got = err.(*Refusal).Reason
			if status := err.(*Refusal).Status; status != http.StatusForbidden {
				t.Errorf("%s: status %d, want 403", test.name, status)
			}
		}
		if got != test.want {
			t.Errorf("%s: refused with %q, want %q", test.name, got, test.want)
		}
	}
}

// A token that was verified is remembered, but not longer than it lives and not longer than its key is published.
func TestVerifiedTokensAreForgotten(t *testing.T) {
	t.Parallel()
	server := publish(first().published(nil))
	v := server.start(t)
	now := time.Now()
	v.now = func() time.Time { return now }
	header := first().good(now, nil)
	if got := reason(t, v, header); got != "" {
		t.Fatalf("refused with %q", got)
	}
	now = now.Add(time.Hour + 6*time.Minute)
	if got := reason(t, v, header); got != "expired" {
		t.Errorf("after its time: refused with %q, want expired", got)
	}

	now = now.Add(-time.Hour)
	if got := reason(t, v, header); got != "" {
		t.Fatalf("refused with %q", got)
	}
	second := signer{"second", testKeys().second}
	server.change(func(m *metadataServer) { m.keys = []object{second.published(nil)} })
	if got := reason(t, v, second.good(now, nil)); got != "" { // makes the verifier read the new keys
		t.Fatalf("refused with %q", got)
	}
	if got := reason(t, v, header); got != "unknown_key" {
		t.Errorf("after its key was withdrawn: refused with %q, want unknown_key", got)
	}
}

func TestVerifyManyAtOnce(t *testing.T) {
	t.Parallel()
	server := publish(first().published(nil))
	v := server.start(t)
	ctx, cancel := context.WithCancel(t.Context())
	var work sync.WaitGroup
	work.Go(func() {
		if err := v.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	var callers sync.WaitGroup
	for i := range 50 {
		callers.Go(func() {
			for j := range 5 {
				if got := reason(t, v, first().good(time.Now(), object{"n": i % 10, "m": j})); got != "" {
					t.Errorf("refused with %q", got)
				}
			}
		})
	}
	callers.Wait()
	cancel()
	work.Wait()
	if calls := server.calls(); calls > 6 {
		t.Errorf("%d metadata calls for callers who came together, want a few", calls)
	}
}

func FuzzVerify(f *testing.F) {
	now := time.Now()
	f.Add(first().good(now, nil))
	f.Add("Bearer e30.e30.AA")
	f.Add("Bearer " + encode(goodHeader(first())) + "." + encode(object{"exp": 1e99, "aud": []any{nil}}) + ".AA")
	f.Add("Bearer  .. ")
	f.Add(first().sign(encode(goodHeader(first())), base64.RawURLEncoding.EncodeToString([]byte(` { "iss" : null , "aud" : [ ] } `))))
	v := publish(first().published(nil)).apart()
	good := first().good(now, nil)
	if got := reason(f, v, good); got != "" {
		f.Fatalf("refused with %q", got)
	}
	v.ring.rounds = 0 // what is fuzzed need not wait for keys
	f.Fuzz(func(t *testing.T, header string) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_, err := v.Verify(ctx, header)
		if _, refused := err.(*Refusal); err != nil && !refused {
			t.Errorf("%q: %v", header, err)
		}
		if err == nil && header != good {
			t.Errorf("%q was accepted", header)
		}
	})
}

func BenchmarkVerifySeen(b *testing.B) {
	v := publish(first().published(nil)).apart()
	header := first().good(time.Now(), nil)
	for b.Loop() {
		if got := reason(b, v, header); got != "" {
			b.Fatal(got)
		}
	}
}
