package auth

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func second() signer { return signer{"second", testKeys().second} }

// forged is a token that can only be told from a good one by its key.
func forged(now time.Time, id string) string {
	return signer{id, testKeys().second}.good(now, nil)
}

// loaded is a verifier in a bubble of its own time that has read its keys.
func loaded(t *testing.T, server *metadataServer) *Verifier {
	t.Helper()
	t.Cleanup(func() { time.Sleep(time.Minute) }) // a late round may still be on its way
	v := server.apart()
	if got := reason(t, v, first().good(time.Now(), nil)); got != "" {
		t.Fatalf("refused with %q", got)
	}
	time.Sleep(10 * time.Minute) // all rounds are back
	return v
}

func TestANewKeyIsAcceptedAtItsFirstUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := publish(first().published(nil))
		v := loaded(t, server)
		server.change(func(m *metadataServer) { m.keys = append(m.keys, second().published(nil)) })
		start := time.Now()
		if got := reason(t, v, second().good(time.Now(), nil)); got != "" {
			t.Errorf("refused with %q", got)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestFloodOfUnknownKeys(t *testing.T) {
	tests := []struct {
		name     string
		together int
		slow     time.Duration
	}{
		{"one after the other", 1, 0},
		{"in four parts", 50, 0},
		{"all at once", 200, 0},
		{"slow metadata", 20, 500 * time.Millisecond},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := publish(first().published(nil))
				v := loaded(t, server)
				server.change(func(m *metadataServer) { m.slow = test.slow })
				before := server.calls()
				flood(t, v, 200, test.together)
				server.change(func(m *metadataServer) { m.keys = append(m.keys, second().published(nil)) })
				if took := untilAccepted(t, v, second()); took > 5*time.Second {
					t.Errorf("the new key was accepted after %v, want 5 s at most", took)
				}
				if calls := server.calls() - before; calls > 10 {
					t.Errorf("%d metadata calls, want 10 at most", calls)
				}
			})
		})
	}
}

// flood sends n tokens with different unknown keys, some of them together, and checks that none waits long.
func flood(t *testing.T, v *Verifier, n, together int) {
	t.Helper()
	now := time.Now()
	for part := range n / together {
		var callers sync.WaitGroup
		for i := range together {
			callers.Go(func() {
				start := time.Now()
				if got := reason(t, v, forged(now, fmt.Sprint("forged-", part, "-", i))); got != "unknown_key" {
					t.Errorf("forged token: refused with %q, want unknown_key", got)
				}
				if took := time.Since(start); took > roundWait {
					t.Errorf("a forged token took %v", took)
				}
			})
		}
		callers.Wait()
	}
}

func untilAccepted(t *testing.T, v *Verifier, s signer) time.Duration {
	t.Helper()
	start := time.Now()
	for time.Since(start) < time.Minute {
		if reason(t, v, s.good(start, nil)) == "" {
			return time.Since(start)
		}
		time.Sleep(100 * time.Millisecond)
	}
	return time.Since(start)
}

// In the long run, an unknown key makes the metadata be read once in five minutes while somebody waits for it.
func TestRoundsComeBackSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := loaded(t, publish(first().published(nil)))
		flood(t, v, 10, 1)
		if v.ring.rounds != 0 {
			t.Fatalf("%d rounds are left, want none", v.ring.rounds)
		}
		time.Sleep(11 * time.Minute)
		v.ring.ask()
		if v.ring.rounds != 1 {
			t.Errorf("%d rounds are left after 11 minutes and one use, want 1", v.ring.rounds)
		}
	})
}

// A metadata server in disorder touches neither the keys nor the time of those who have good tokens.
func TestDisorderDoesNotTouchTheKeys(t *testing.T) {
	tests := []struct {
		name     string
		disorder func(*metadataServer)
	}{
		{"silent", func(m *metadataServer) { m.slow = time.Hour }},
		{"failing", func(m *metadataServer) { m.status = http.StatusInternalServerError }},
		{"garbage", func(m *metadataServer) { m.answer = "<html>" }},
		{"no keys", func(m *metadataServer) { m.keys = nil }},
		{"keys without endorsement", func(m *metadataServer) { m.keys = []object{first().published(object{"endorsements": nil})} }},
		{"endless", func(m *metadataServer) { m.answer = `{"keys":[` + strings.Repeat(" ", maxAnswer) + `]}` }},
		{"redirecting", func(m *metadataServer) { m.status = http.StatusFound }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := publish(first().published(nil))
				v := loaded(t, server)
				server.change(test.disorder)
				now := time.Now()
				go reason(t, v, forged(now, "unknown")) // makes it read
				for i := range 20 {
					start := time.Now()
					if got := reason(t, v, first().good(now, object{"n": i})); got != "" {
						t.Errorf("refused with %q", got)
					}
					if took := time.Since(start); took >= time.Second {
						t.Errorf("took %v", took)
					}
					time.Sleep(time.Second)
				}
			})
		})
	}
}

func TestRunReadsTwiceADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := publish(first().published(nil))
		v := server.apart()
		stop := run(t, v)
		defer stop()
		time.Sleep(24*time.Hour + time.Minute)
		if calls := server.calls(); calls != 6 {
			t.Errorf("%d metadata calls in a day, want 3 documents and 3 key sets", calls)
		}
	})
}

func run(t *testing.T, v *Verifier) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- v.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
}

// Keys that could not be read again for a whole day are not used any more, and used again as soon as they are read.
func TestKeysAreAtMostADayOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := publish(first().published(nil))
		v := server.apart()
		stop := run(t, v)
		defer stop()
		synctest.Wait()
		server.change(func(m *metadataServer) { m.status = http.StatusBadGateway })
		time.Sleep(24*time.Hour - time.Minute)
		if got := reason(t, v, first().good(time.Now(), nil)); got != "" {
			t.Errorf("within the day: refused with %q", got)
		}
		if err := v.Ready(); err != nil {
			t.Errorf("within the day: not ready: %v", err)
		}
		time.Sleep(2 * time.Minute)
		if got := reason(t, v, first().good(time.Now(), nil)); got != "no_keys" {
			t.Errorf("after a day: refused with %q, want no_keys", got)
		}
		if v.Ready() == nil {
			t.Error("after a day: ready")
		}
		server.change(func(m *metadataServer) { m.status = 0 })
		time.Sleep(30 * time.Second)
		if got := reason(t, v, first().good(time.Now(), nil)); got != "" {
			t.Errorf("after the recovery: refused with %q", got)
		}
	})
}

// The service starts without the metadata and recovers within thirty seconds of its return, even when the last attempt hung.
func TestStartWithoutMetadata(t *testing.T) {
	for _, outage := range []func(*metadataServer){
		func(m *metadataServer) { m.slow = time.Hour },
		func(m *metadataServer) { m.status = http.StatusServiceUnavailable },
	} {
		for _, down := range []time.Duration{time.Second, 59 * time.Second, 10 * time.Minute} {
			synctest.Test(t, func(t *testing.T) {
				server := publish(first().published(nil))
				server.change(outage)
				v := server.apart()
				stop := run(t, v)
				defer stop()
				time.Sleep(down)
				if v.Ready() == nil {
					t.Error("ready without keys")
				}
				server.change(func(m *metadataServer) { m.slow, m.status = 0, 0 })
				time.Sleep(30 * time.Second)
				if err := v.Ready(); err != nil {
					t.Errorf("30 s after the metadata came back: %v", err)
				}
			})
		}
	}
}

// A stranger who does not know issuer and app cannot make us read.
func TestStrangersCauseNoReads(t *testing.T) {
	t.Parallel()
	server := publish(first().published(nil))
	v := server.start(t)
	now := time.Now()
	for _, changes := range []object{{"iss": "https://evil.example"}, {"aud": "other"}, {"exp": 1}, {"nbf": now.Add(time.Hour).Unix()}} {
		if reason(t, v, forged(now, "unknown")+"x") == "" || reason(t, v, second().good(now, changes)) == "" {
			t.Errorf("%v was accepted", changes)
		}
	}
	header := second().sign(encode(goodHeader(second()).with(object{"alg": "none"})), encode(goodClaims(now)))
	if reason(t, v, header) == "" {
		t.Error("alg none was accepted")
	}
	if calls := server.calls(); calls > 2 { // the well-formed one with an unknown key may read
		t.Errorf("%d metadata calls", calls)
	}
}

func TestMetadataThatIsNotTrusted(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		t.Error("keys were read from another place")
	}))
	defer elsewhere.Close()
	tests := []struct {
		name     string
		document object
	}{
		{"other issuer", object{"issuer": "https://evil.example"}},
		{"no key set", object{"jwks_uri": nil}},
		{"key set by http elsewhere", object{"jwks_uri": "http://keys.example/keys"}},
		{"key set by http on another loopback name", object{"jwks_uri": strings.Replace(elsewhere.URL, "127.0.0.1", "localhost", 1)}},
		{"key set in a file", object{"jwks_uri": "file:///etc/passwd"}},
		{"key set with a name and password", object{"jwks_uri": "https://a:b@keys.example/"}},
	}
	for _, test := range tests {
		server := publish(first().published(nil))
		server.document = test.document
		v := server.start(t)
		if got := reason(t, v, first().good(time.Now(), nil)); got != "no_keys" {
			t.Errorf("%s: refused with %q, want no_keys", test.name, got)
		}
	}
	v := NewVerifier(VerifierConfig{MetadataURL: "http://metadata.example/openidconfiguration", Issuer: testIssuer, Audiences: []string{testApp}})
	if got := reason(t, v, first().good(time.Now(), nil)); got != "no_keys" || !strings.Contains(v.Ready().Error(), "https") {
		t.Errorf("metadata by http: refused with %q, %v", got, v.Ready())
	}
}

func TestAnEndlessAnswerIsNotRead(t *testing.T) {
	t.Parallel()
	v := publish(first().published(object{"x5c": []string{strings.Repeat("x", maxAnswer)}})).start(t)
	if got := reason(t, v, first().good(time.Now(), nil)); got != "no_keys" || !strings.Contains(v.Ready().Error(), "1 MiB") {
		t.Errorf("refused with %q, %v", got, v.Ready())
	}
}

func TestRedirectsOfTheMetadataAreNotFollowed(t *testing.T) {
	t.Parallel()
	genuine := httptest.NewServer(publish(first().published(nil)))
	defer genuine.Close()
	redirecting := httptest.NewServer(http.RedirectHandler(genuine.URL+"/openidconfiguration", http.StatusFound))
	defer redirecting.Close()
	v := NewVerifier(VerifierConfig{MetadataURL: redirecting.URL, Issuer: testIssuer, Audiences: []string{testApp}})
	if got := reason(t, v, first().good(time.Now(), nil)); got != "no_keys" {
		t.Errorf("refused with %q, want no_keys", got)
	}
}

func FuzzReadKeys(f *testing.F) {
	f.Add([]byte(`{"keys":[` + `{"kty":"RSA","kid":"a","n":"AQAB","e":"AQAB","endorsements":["msteams"]}]}`))
	f.Add([]byte(`{"keys":[null,1,{}]}`))
	f.Add([]byte(`{"keys":{}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		keys, err := readKeys(body, []string{"msteams"})
		if (err == nil) != (len(keys) > 0) {
			t.Errorf("%d keys and %v", len(keys), err)
		}
		for id, k := range keys {
			if k.id != id || (k.public != nil && k.public.N.BitLen() < 2048) {
				t.Errorf("key %q: %v", id, k.public)
			}
		}
	})
}
