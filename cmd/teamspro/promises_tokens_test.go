package main

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// TestTokenVectors sends every token of the reference to the endpoint (promise 1).
func TestTokenVectors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.issuer.publish(signer{"unendorsed", otherKey(), nil}, signer{"elsewhere", otherKey(), []string{"skype"}}, signer{"small", smallKey(), []string{"msteams"}})
	s := w.start()
	minutes := func(n int) int64 { return time.Now().Add(time.Duration(n) * time.Minute).Unix() }
	claim := func(name string, value any) string {
		claims := w.issuer.claims(w.connector.url)
		claims[name] = value
		if value == nil {
			delete(claims, name)
		}
		return "Bearer " + w.token(claims)
	}
	by := func(k signer) string { return "Bearer " + signed(k, w.issuer.claims(w.connector.url)) }
	good := "Bearer " + w.sound()
	message := func(fields ...any) string {
		a := w.message(ada, "help")
		for i := 0; i+1 < len(fields); i += 2 {
			a[fields[i].(string)] = fields[i+1]
		}
		return encoded(a)
	}
	for name, row := range map[string]struct {
		header string
		body   string
		want   int
	}{
		"valid":                          {good, message(), 200},
		"expired 4 minutes ago":          {claim("exp", minutes(-4)), message(), 200},
		"expired 6 minutes ago":          {claim("exp", minutes(-6)), message(), 401},
		"no exp":                         {claim("exp", nil), message(), 401},
		"from in 4 minutes":              {claim("nbf", minutes(4)), message(), 200},
		"from in 6 minutes":              {claim("nbf", minutes(6)), message(), 401},
		"another audience":               {claim("aud", "00000000-0000-4000-8000-000000000000"), message(), 401},
		"api:// audience":                {claim("aud", "api://"+worldApp), message(), 401},
		"no audience":                    {claim("aud", nil), message(), 401},
		"our audience in an array":       {claim("aud", []string{worldApp}), message(), 200},
		"our audience among others":      {claim("aud", []string{worldApp, "another"}), message(), 401},
		"another issuer":                 {claim("iss", "https://sts.windows.net/"+north+"/"), message(), 401},
		"issuer with a slash":            {claim("iss", worldIssuer+"/"), message(), 401},
		"no issuer":                      {claim("iss", nil), message(), 401},
		"alg none":                       {"Bearer " + unsigned(w), message(), 401},
		"HS256 under the public key":     {"Bearer " + hmacSigned(w), message(), 401},
		"RS384":                          {"Bearer " + with384(w), message(), 401},
		"crit":                           {"Bearer " + critical(w), message(), 401},
		"signature cut":                  {good[:len(good)-8], message(), 401},
		"signed by another key":          {by(signer{id: "good", key: otherKey()}), message(), 401},
		"key of 1024 bits":               {by(signer{id: "small", key: smallKey()}), message(), 401},
		"key without endorsements":       {by(signer{id: "unendorsed", key: otherKey()}), message(), 403},
		"key endorsed for another":       {by(signer{id: "elsewhere", key: otherKey()}), message(), 403},
		"service address without slash":  {claim("serviceurl", strings.TrimSuffix(w.connector.url, "/")), message(), 200},
		"service address in other case":  {claim("serviceurl", strings.ToUpper(w.connector.url)), message(), 200},
		"service address, other host":    {claim("serviceurl", "https://smba.example/emea/"), message(), 403},
		"service address, other path":    {claim("serviceurl", w.connector.url+"x/"), message(), 403},
		"no service address":             {claim("serviceurl", nil), message(), 403},
		"body without service address":   {good, message("serviceUrl", ""), 403},
		"body for another host":          {good, message("serviceUrl", "https://smba.example/emea/"), 403},
		"body from the emulator":         {good, message("channelId", "emulator"), 403},
		"body without channel":           {good, message("channelId", ""), 403},
		"scheme in lower case":           {strings.Replace(good, "Bearer", "bearer", 1), message(), 401},
		"two spaces":                     {strings.Replace(good, " ", "  ", 1), message(), 401},
		"three parts":                    {good + " more", message(), 401},
		"no scheme":                      {strings.TrimPrefix(good, "Bearer "), message(), 401},
		"basic":                          {"Basic dXNlcjpwYXNz", message(), 401},
		"empty bearer":                   {"Bearer ", message(), 401},
		"no header":                      {"", message(), 401},
		"garbage":                        {"Bearer a.b.c", message(), 401},
		"longer than a token may be":     {"Bearer " + strings.Repeat("a", 20<<10), message(), 401},
		"a tenant that may not":          {good, encoded(w.message(wanda, "help")), 403},
		"no tenant":                      {good, message("channelData", nil, "conversation", map[string]any{"id": "a:x"}), 403},
		"two tenants":                    {good, message("channelData", map[string]any{"tenant": map[string]any{"id": south}}), 400},
		"our own token, as if it were a": {"Bearer " + w.login.token(1), message(), 401},
	} {
		t.Run(name, func(t *testing.T) { // at once, because the tokens age
			status, answer := request(t, s, http.MethodPost, row.header, strings.NewReader(row.body))
			if status != row.want {
				t.Errorf("got %d %s, want %d", status, answer, row.want)
			}
			if status >= 400 && !bare(answer) {
				t.Errorf("the refusal says too much: %q", answer)
			}
		})
	}
}

// bare tells whether a refusal is a short JSON object with one plain sentence.
func bare(answer string) bool {
	var body map[string]string
	return json.Unmarshal([]byte(answer), &body) == nil && len(body) == 1 && len(answer) < 80
}

func request(t *testing.T, s *running, method, authorization string, body io.Reader) (int, string) {
	t.Helper()
	req, err := http.NewRequest(method, s.url+"/api/messages", body)
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	res, err := s.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(answer)
}

func unsigned(w *world) string {
	t := jwt.NewWithClaims(jwt.SigningMethodNone, w.issuer.claims(w.connector.url))
	t.Header["kid"] = "good"
	text, err := t.SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		panic(err)
	}
	return text
}

func hmacSigned(w *world) string {
	public, err := x509.MarshalPKIXPublicKey(goodKey().Public().(*rsa.PublicKey))
	if err != nil {
		panic(err)
	}
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, w.issuer.claims(w.connector.url))
	t.Header["kid"] = "good"
	text, err := t.SignedString(public)
	if err != nil {
		panic(err)
	}
	return text
}

func with384(w *world) string {
	t := jwt.NewWithClaims(jwt.SigningMethodRS384, w.issuer.claims(w.connector.url))
	t.Header["kid"] = "good"
	return mustSign(t)
}

func critical(w *world) string {
	t := jwt.NewWithClaims(jwt.SigningMethodRS256, w.issuer.claims(w.connector.url))
	t.Header["kid"], t.Header["crit"] = "good", []string{"exp"}
	return mustSign(t)
}

func mustSign(t *jwt.Token) string {
	text, err := t.SignedString(goodKey())
	if err != nil {
		panic(err)
	}
	return text
}

// TestNothingIsReadBeforeTheToken: whoever has no token gets 401 at once, whatever they send or do not send.
func TestNothingIsReadBeforeTheToken(t *testing.T) {
	t.Parallel()
	s := newWorld(t).start()
	for name, head := range map[string]string{
		"a body that never comes": "Content-Length: 200000\r\n",
		"a body of 10 MB":         "Content-Length: 10000000\r\n",
		"chunks that never come":  "Transfer-Encoding: chunked\r\n",
		"an invalid token":        "Authorization: Bearer a.b.c\r\nContent-Length: 200000\r\n",
		"two tokens":              "Authorization: Bearer " + s.w.sound() + "\r\nAuthorization: Bearer " + s.w.sound() + "\r\nContent-Length: 200000\r\n",
		"garbage that is no JSON": "Content-Length: 4\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, s)
			start := time.Now()
			write(t, conn, "POST /api/messages HTTP/1.1\r\nHost: bot.example\r\n"+head+"\r\n")
			if line := firstLine(t, conn); !strings.Contains(line, " 401 ") {
				t.Errorf("got %q", line)
			}
			if took := time.Since(start); took > time.Second {
				t.Errorf("took %s: the body was waited for", took)
			}
		})
	}
}

func dial(t *testing.T, s *running) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(25 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func write(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
}

func firstLine(t *testing.T, conn net.Conn) string {
	t.Helper()
	buffer := make([]byte, 4096)
	n, err := conn.Read(buffer)
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(buffer[:n]), "\r\n")
	return line
}

// TestSizesAndMethods: limits of the endpoint, for callers with a sound token.
func TestSizesAndMethods(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.start()
	good := "Bearer " + w.sound()
	for name, row := range map[string]struct {
		method string
		body   string
		want   int
	}{
		"GET":               {"GET", "", 405},
		"PUT":               {"PUT", encoded(w.message(ada, "help")), 405},
		"OPTIONS":           {"OPTIONS", "", 405},
		"no JSON":           {"POST", "hello", 400},
		"an array":          {"POST", "[]", 400},
		"null":              {"POST", "null", 400},
		"empty":             {"POST", "", 400},
		"two objects":       {"POST", encoded(w.message(ada, "help")) + "{}", 400},
		"no type":           {"POST", encoded(w.activity(ada)), 400},
		"not UTF-8":         {"POST", "{\"type\":\"mess\xffage\"}", 400},
		"nested 10,000":     {"POST", strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000), 400},
		"255 KiB and less":  {"POST", encoded(w.activity(ada, "type", "message", "text", "help", "padding", strings.Repeat("x", 250<<10))), 200},
		"more than 256 KiB": {"POST", encoded(w.activity(ada, "type", "message", "text", "help", "padding", strings.Repeat("x", 256<<10))), 413},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, answer := request(t, s, row.method, good, strings.NewReader(row.body))
			if status != row.want || status >= 400 && !bare(answer) {
				t.Errorf("got %d %q, want %d", status, answer, row.want)
			}
		})
	}
	for name, row := range map[string]struct {
		size int
		want string
	}{"header of 30 KiB": {30 << 10, " 200 "}, "header of 33 KiB": {33 << 10, " 431 "}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, s)
			body := encoded(w.message(ada, "help"))
			head := "POST /api/messages HTTP/1.1\r\nHost: bot.example\r\nAuthorization: " + good + "\r\nContent-Length: " + decimal(len(body)) + "\r\nX-Padding: "
			write(t, conn, head+strings.Repeat("x", row.size-len(head)-4)+"\r\n\r\n"+body)
			if line := firstLine(t, conn); !strings.Contains(line, row.want) {
				t.Errorf("got %q, want %s", line, row.want)
			}
		})
	}
}

func decimal(n int) string { return encoded(n) }

// TestRotatedKey: the first message with a new key is accepted within five seconds, also in a flood of unknown ids (promise 2).
func TestRotatedKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.start()
	before := w.issuer.reads.Load()
	for range 100 {
		forged := signed(signer{id: "forged-" + decimal(int(w.ids.Add(1))), key: otherKey()}, w.issuer.claims(w.connector.url))
		go func() { _, _, _ = s.post(forged, encoded(w.message(ada, "help"))) }()
	}
	fresh := signer{"fresh", otherKey(), []string{"msteams"}}
	w.issuer.publish(fresh)
	token := signed(fresh, w.issuer.claims(w.connector.url))
	eventually(t, 5*time.Second, "the new key is accepted", func() bool {
		status, _, err := s.post(token, encoded(w.message(ada, "help")))
		return err == nil && status == http.StatusOK
	})
	if reads := w.issuer.reads.Load() - before; reads > 10 {
		t.Errorf("%d reads of the metadata", reads)
	}
}
