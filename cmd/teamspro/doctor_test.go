package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"teamspro/store"
)

// town is everything that the doctor calls, at one server: whichever name is asked for leads there.
type town struct {
	now       time.Time // by its clock
	login     string    // what the login service says instead of giving a token
	roles     []string  // application permissions in a token for Graph
	metadata  string    // what is published instead of the OpenID document
	keys      string    // … of the keys
	endpoint  int       // status of a message without a token
	gone      []string  // names that nobody knows
	closed    []string  // hosts that do not answer
	addresses []string  // of the public name
	server    *httptest.Server
	authority *x509.Certificate
	key       *ecdsa.PrivateKey
}

func newTown(t *testing.T) *town {
	t.Helper()
	w := &town{now: time.Now(), endpoint: http.StatusUnauthorized, addresses: []string{"203.0.113.7"}}
	w.settle()
	w.server = httptest.NewUnstartedServer(w)
	w.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	w.server.TLS = &tls.Config{Certificates: []tls.Certificate{w.certificate("*.town.example", time.Now().AddDate(1, 0, 0))}}
	w.server.StartTLS()
	t.Cleanup(w.server.Close)
	return w
}

// settle founds the authority of the town.
func (w *town) settle() {
	w.key = must1(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Authority of the town"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(9, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	w.authority = must1(x509.ParseCertificate(must1(x509.CreateCertificate(rand.Reader, root, root, &w.key.PublicKey, w.key))))
}

func must1[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// certificate makes one for a name.
func (w *town) certificate(name string, until time.Time) tls.Certificate {
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: time.Now().AddDate(-1, 0, 0), NotAfter: until, DNSNames: []string{name}}
	key := must1(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	return tls.Certificate{Certificate: [][]byte{must1(x509.CreateCertificate(rand.Reader, leaf, w.authority, &key.PublicKey, w.key))}, PrivateKey: key}
}

func (w *town) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	rw.Header().Set("Date", w.now.UTC().Format(http.TimeFormat))
	base := "https://login.town.example/" + north
	switch {
	case r.URL.Path == "/metadata":
		if w.metadata != "" {
			fmt.Fprint(rw, w.metadata)
			return
		}
		fmt.Fprint(rw, `{"issuer":"https://api.botframework.example","jwks_uri":"https://keys.town.example/keys"}`)
	case r.URL.Path == "/keys" && w.keys != "":
		fmt.Fprint(rw, w.keys)
	case r.URL.Path == "/keys":
		n := base64.RawURLEncoding.EncodeToString(goodKey().N.Bytes())
		fmt.Fprint(rw, encoded(map[string]any{"keys": []any{map[string]any{"kty": "RSA", "kid": "one", "n": n, "e": "AQAB", "endorsements": []string{"msteams"}}}}))
	case strings.HasSuffix(r.URL.Path, "/openid-configuration"):
		fmt.Fprint(rw, encoded(map[string]any{"issuer": base + "/v2.0", "authorization_endpoint": base + "/oauth2/v2.0/authorize", "token_endpoint": base + "/oauth2/v2.0/token"}))
	case strings.HasSuffix(r.URL.Path, "/token") && w.login != "":
		rw.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(rw, w.login)
	case strings.HasSuffix(r.URL.Path, "/token"):
		claims := base64.RawURLEncoding.EncodeToString([]byte(encoded(map[string]any{"roles": w.roles})))
		fmt.Fprint(rw, encoded(map[string]any{"token_type": "Bearer", "expires_in": 3600, "access_token": "e30." + claims + ".c2ln"}))
	case r.URL.Path == "/api/messages":
		rw.WriteHeader(w.endpoint)
	}
}

// doctor is one whose names all lead to the town.
func (w *town) doctor(t *testing.T, flags map[string]string) *doctor {
	t.Helper()
	all := map[string]string{"data": t.TempDir(), "listen": "127.0.0.1:1", "public-url": "https://bot.town.example", "contact-app-id": worldApp, "contact-app-secret": worldSecret, "tenant-id": north,
		"bot-metadata-url": "https://metadata.town.example/metadata", "bot-issuer": "https://api.botframework.example", "login-url": "https://login.town.example",
		"graph-url": "https://graph.town.example/v1.0", "service-hosts": "smba.town.example,*.more.example"}
	for name, value := range flags {
		all[name] = value
	}
	s, _ := settingsFrom(all) // what is missing is the doctor's to say
	d := newDoctor(s, nil)
	d.public = x509.NewCertPool()
	d.public.AddCert(w.authority)
	d.lookup = func(_ context.Context, host string) ([]string, error) {
		if slices.Contains(w.gone, host) {
			return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
		}
		return w.addresses, nil
	}
	d.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, _ := net.SplitHostPort(address)
		if _, err := d.lookup(ctx, host); err != nil {
			return nil, &net.OpError{Op: "dial", Err: err}
		}
		if slices.Contains(w.closed, host) || host == "127.0.0.1" {
			return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
		}
		return new(net.Dialer).DialContext(ctx, network, w.server.Listener.Addr().String())
	}
	d.calls = &http.Client{Transport: &http.Transport{DialContext: d.dial, TLSClientConfig: &tls.Config{RootCAs: d.public}, DisableKeepAlives: true}}
	d.room = func(string) (uint64, bool) { return 50 << 30, true }
	d.files = func() (uint64, bool) { return 65536, true }
	return d
}

// TestDoctorWell: where everything is as it should be, nothing is to be done.
func TestDoctorWell(t *testing.T) {
	t.Parallel()
	d := newTown(t).doctor(t, nil)
	if err := os.Chmod(d.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	found := d.examine(t.Context(), false)
	for _, f := range found {
		if f.Level != well && f.Check != "service" || f.Level != well && f.Next == "" || f.What == "" {
			t.Errorf("%+v", f)
		}
	}
	if verdictOf(found) != 2 { // the service is not running
		t.Errorf("status %d", verdictOf(found))
	}
}

// TestDoctorFinds: each thing that is wrong is found by its check, with a sentence and the next step.
func TestDoctorFinds(t *testing.T) {
	t.Parallel()
	ends := func(name string, until time.Time) func(*town) {
		return func(w *town) { w.server.TLS.Certificates[0] = w.certificate(name, until) }
	}
	const never = 7 * 365 * 24 * time.Hour
	for _, row := range []struct {
		name  string
		wrong func(*town)
		flags map[string]string
		check string
		level string
		what  string
		next  string
	}{
		{"no secret", nil, map[string]string{"contact-app-secret": ""}, "settings", failing, "TEAMSPRO_CONTACT_APP_SECRET is missing", "teamspro config"},
		{"no address", nil, map[string]string{"public-url": ""}, "settings", warning, "no public address", "TEAMSPRO_PUBLIC_URL"},
		{"everybody", nil, map[string]string{"allowed-tenants": "*"}, "settings", warning, "every organisation", "TEAMSPRO_ALLOWED_TENANTS"},
		{"a name that is too long", nil, map[string]string{"contact-app-name": strings.Repeat("n", 99)}, "manifest", failing, "no packages", "setting"},
		{"clock six minutes behind", func(w *town) { w.now = w.now.Add(6 * time.Minute) }, nil, "clock", failing, "off by 6m", "NTP"},
		{"clock two minutes ahead", func(w *town) { w.now = w.now.Add(-2 * time.Minute) }, nil, "clock", warning, "off by 2m", "NTP"},
		{"nobody tells the time", func(w *town) { w.gone = []string{"metadata.town.example", "login.town.example"} }, nil, "clock", warning, "its name is not known", "next checks"},
		{"no metadata", func(w *town) { w.closed = []string{"metadata.town.example"} }, nil, "keys", failing, "unreachable", "firewall"},
		{"another page", func(w *town) { w.metadata = "<html>" }, nil, "keys", failing, "not an OpenID document", "TEAMSPRO_CLOUD"},
		{"another cloud", func(w *town) { w.metadata = `{"issuer":"https://other.example"}` }, nil, "keys", failing, "another issuer", "TEAMSPRO_CLOUD"},
		{"keys of other channels", func(w *town) {
			w.keys = `{"keys":[{"kty":"RSA","kid":"a","n":"AQAB","e":"AQAB","endorsements":["webchat"]}]}`
		}, nil, "keys", failing, "no usable key", "TEAMSPRO_CLOUD"},
		{"a wrong secret", func(w *town) { w.login = `{"error":"invalid_client","error_codes":[7000215]}` }, nil, "login", failing, "AADSTS7000215", "its value is wanted"},
		{"a secret that ended", func(w *town) { w.login = `{"error":"invalid_client","error_codes":[7000222]}` }, nil, "login", failing, "can answer nobody", "expired"},
		{"another tenant", func(w *town) { w.login = `{"error":"unauthorized_client","error_codes":[700016]}` }, nil, "login", failing, "AADSTS700016", "TEAMSPRO_TENANT_ID"},
		{"refused without a number", func(w *town) { w.login = `{"error":"invalid_client"}` }, nil, "login", failing, "invalid_client", "registration"},
		{"no login", func(w *town) { w.closed = []string{"login.town.example"} }, nil, "login", failing, "unreachable", "TEAMSPRO_LOGIN_URL"},
		{"no login for consent", func(w *town) { w.closed = []string{"login.town.example"} }, nil, "consent", warning, "cannot be told", "TEAMSPRO_LOGIN_URL"},
		{"too many permissions", func(w *town) { w.roles = []string{"Sites.Read.All", "User.Read.All"} }, nil, "consent", warning, "Sites.Read.All, User.Read.All", "remove"},
		{"no certificate file", nil, map[string]string{"contact-app-secret": "", "contact-app-certificate": "/none.pem"}, "login", failing, "cannot be read", "setting"},
		{"no connector", func(w *town) { w.closed = []string{"smba.town.example"} }, nil, "connector", failing, "smba.town.example", "TEAMSPRO_SERVICE_HOSTS"},
		{"no graph", func(w *town) { w.gone = []string{"graph.town.example"} }, map[string]string{"image-app-id": worldApp, "image-app-secret": worldSecret}, "connector", failing, "pictures of SharePoint", "TEAMSPRO_GRAPH_URL"},
		{"no name", func(w *town) { w.gone = []string{"bot.town.example"} }, nil, "address", failing, "has no address", "DNS"},
		{"a private address", func(w *town) { w.addresses = []string{"10.1.2.3"} }, nil, "address", warning, "leads to 10.1.2.3", "outside"},
		{"this machine", nil, map[string]string{"public-url": "http://127.0.0.1:3978"}, "address", warning, "nobody outside", "outside"},
		{"no proxy", func(w *town) { w.closed = []string{"bot.town.example"} }, nil, "address", failing, "nothing answers at bot.town.example:443", "proxy"},
		{"an old certificate", ends("*.town.example", time.Now().Add(-48*time.Hour)), nil, "address", failing, "ended on", "renew"},
		{"a certificate at its end", ends("*.town.example", time.Now().Add(72*time.Hour)), nil, "address", warning, "ends on", "renew"},
		{"another name", ends("www.elsewhere.example", time.Now().Add(never)), nil, "address", failing, "not for bot.town.example", "this name"},
		{"an authority that nobody knows", func(w *town) {
			var other town
			other.settle()
			w.server.TLS.Certificates[0] = other.certificate("*.town.example", time.Now().Add(never))
		}, nil, "address", failing, "does not trust", "public authority"},
		{"old TLS", func(w *town) { w.server.TLS.MinVersion, w.server.TLS.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }, nil, "address", failing, "TLS 1.1", "TLS 1.2"},
		{"no service", func(w *town) { w.endpoint = http.StatusBadGateway }, nil, "address", failing, "service behind it does not (502)", "TEAMSPRO_LISTEN"},
		{"elsewhere", func(w *town) { w.endpoint = http.StatusFound }, nil, "address", failing, "leads elsewhere", "redirect"},
		{"another path", func(w *town) { w.endpoint = http.StatusNotFound }, nil, "address", failing, "not known there", "path"},
		{"a sign-in of the proxy", func(w *town) { w.endpoint = http.StatusForbidden }, nil, "address", failing, "403", "sign-in"},
		{"somebody else", func(w *town) { w.endpoint = http.StatusOK }, nil, "address", failing, "answers 200", "look"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newTown(t)
			if row.wrong != nil {
				row.wrong(w)
			}
			d := w.doctor(t, row.flags)
			i := slices.IndexFunc(examinations(), func(e examination) bool { return e.name == row.check })
			found := examinations()[i].check(d, t.Context())
			if !slices.ContainsFunc(found, func(f finding) bool {
				return f.Level == row.level && strings.Contains(f.What, row.what) && strings.Contains(f.Next, row.next)
			}) {
				t.Errorf("found %+v", found)
			}
		})
	}
}

// TestDoctorFolder: who may read what is kept.
func TestDoctorFolder(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	d := w.doctor(t, nil)
	expect := func(level, what string) {
		t.Helper()
		found := d.folder(t.Context())
		if !slices.ContainsFunc(found, func(f finding) bool {
			return f.Level == level && strings.Contains(f.What, what) && (f.Next != "") == (level != well)
		}) {
			t.Errorf("want %s %q, found %+v", level, what, found)
		}
	}
	key := filepath.Join(d.Data, "tokens.key")
	for _, step := range []struct {
		do    func() error
		level string
		what  string
	}{
		{func() error { return os.Chmod(d.Data, 0o700) }, well, "owner's alone"},
		{func() error { return os.WriteFile(key, nil, 0o600) }, well, "owner's alone"},
		{func() error { return os.Chmod(key, 0o640) }, failing, "may read " + key},
		{func() error { return os.Chmod(d.Data, 0o755) }, warning, "may look into"},
		{func() error { return os.RemoveAll(d.Data) }, warning, "is not there yet"},
		{func() error { return os.WriteFile(d.Data, nil, 0o600) }, failing, "is no folder"},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		expect(step.level, step.what)
	}
}

func TestDoctorMachine(t *testing.T) {
	t.Parallel()
	d := newTown(t).doctor(t, nil)
	for _, row := range []struct {
		free  uint64
		level string
	}{{50 << 30, well}, {900 << 20, warning}, {10 << 20, failing}} {
		d.room = func(string) (uint64, bool) { return row.free, true }
		if f := d.diskRoom(t.Context()); len(f) != 1 || f[0].Level != row.level {
			t.Errorf("%d free: %+v", row.free, f)
		}
	}
	if f := d.openFiles(t.Context()); len(f) != 1 || f[0].Level != well {
		t.Errorf("%+v", f)
	}
	d.files = func() (uint64, bool) { return 256, true }
	if f := d.openFiles(t.Context()); len(f) != 1 || f[0].Level != warning || !strings.Contains(f[0].Next, "LimitNOFILE") {
		t.Errorf("%+v", f)
	}
	if free, known := freeRoom(filepath.Join(t.TempDir(), "not", "there")); !known || free == 0 {
		t.Errorf("free: %d, %v", free, known)
	}
}

// TestDoctorCodecs: every format is made and read by a worker, or named.
func TestDoctorCodecs(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	if f := w.doctor(t, nil).codecs(t.Context()); f != nil {
		t.Errorf("without Image Pro: %+v", f)
	}
	d := w.doctor(t, map[string]string{"image-app-id": worldApp, "image-app-secret": worldSecret})
	if f := d.codecs(t.Context()); len(f) != 1 || f[0].Level != well || !strings.Contains(f[0].What, "avif") {
		t.Errorf("%+v", f)
	}
	d.limits.MaxPixels = 1
	if f := d.codecs(t.Context()); len(f) != 5 || f[0].Level != failing || !strings.Contains(f[0].What, "jpeg") {
		t.Errorf("where nothing can be made: %+v", f)
	}
}

// TestDoctorDatabase: the file of a stopped service is examined, a running one is asked.
func TestDoctorDatabase(t *testing.T) {
	t.Parallel()
	d := newTown(t).doctor(t, nil)
	only := func(level, what string) {
		t.Helper()
		f := d.database(t.Context())
		if len(f) != 1 || f[0].Level != level || !strings.Contains(f[0].What, what) {
			t.Errorf("want %s %q, found %+v", level, what, f)
		}
	}
	only(well, "there is none yet")
	d.Data = stored(t)
	only(well, "examined and whole")
	at, err := openPremises(t.Context(), d.Data)
	if err != nil {
		t.Fatal(err)
	}
	only(warning, "takes no commands")
	c, err := openCounter(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	go c.serve()
	only(well, fmt.Sprint("schema ", store.Schema()))
	c.close()
	at.db.Close()
	if err := os.WriteFile(filepath.Join(d.Data, "teamspro.db"), []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	only(failing, "is damaged")
	if f := databaseRunning([]byte(`{"version":"0.0.1","bytes":1000000000,"free":900000000,"schema":5}`)); len(f) != 3 || f[1].Level != warning || f[2].Level != warning {
		t.Errorf("an old service with an empty file: %+v", f)
	}
}

// TestDoctorPackages: a package that was uploaded is held against the settings.
func TestDoctorPackages(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	pack := func(args ...string) string {
		folder := t.TempDir()
		if status, out, trouble := command(t, append([]string{"manifest", "--out", folder, "--company", "Contoso"}, args...)...); status != 0 {
			t.Fatalf("%s%s", out, trouble)
		}
		return filepath.Join(folder, "contact-pro.zip")
	}
	broken := filepath.Join(t.TempDir(), "broken.zip")
	if err := os.WriteFile(broken, []byte("no archive"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ name, file, level, what string }{
		{"the same", pack("--contact-app-id", worldApp, "--public-url=https://bot.town.example"), well, "is as the settings make it"},
		{"another address", pack("--contact-app-id", worldApp, "--public-url=https://old.town.example"), failing, "validDomains"},
		{"another name", pack("--contact-app-id", worldApp, "--public-url=https://bot.town.example", "--contact-app-name=Phone Book"), failing, "name"},
		{"another bot", pack("--contact-app-id", ada.id, "--public-url=https://bot.town.example"), failing, "not in the settings"},
		{"no package", broken, failing, "is no app package"},
	} {
		d := w.doctor(t, nil)
		d.packages = []string{row.file}
		if f := d.manifestFits(t.Context()); len(f) != 1 || f[0].Level != row.level || !strings.Contains(f[0].What, row.what) {
			t.Errorf("%s: %+v", row.name, f)
		}
	}
}

// TestDoctorCertificate: the certificate that an app logs in with ends one day.
func TestDoctorCertificate(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	d := w.doctor(t, nil)
	file := filepath.Join(t.TempDir(), "app.pem")
	write := func(block *pem.Block) {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a := appSettings{ID: worldApp, Name: "Contact Pro", Certificate: file}
	for _, row := range []struct {
		block *pem.Block
		level string
	}{
		{&pem.Block{Type: "CERTIFICATE", Bytes: w.certificate("x", time.Now().AddDate(1, 0, 0)).Certificate[0]}, well},
		{&pem.Block{Type: "CERTIFICATE", Bytes: w.certificate("x", time.Now().AddDate(0, 0, 3)).Certificate[0]}, warning},
		{&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}, failing},
	} {
		write(row.block)
		if f := d.certificateAge(a); len(f) != 1 || f[0].Level != row.level {
			t.Errorf("%s: %+v", row.level, f)
		}
	}
}

// TestDoctorService: a service that runs is asked whether it is ready, and whoever else answers is told apart.
func TestDoctorService(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ answer, level, what string }{
		{`{"ready":true,"checks":{"draining":"ok","keys":"ok"}}`, well, "ready"},
		{`{"ready":false,"checks":{"store":"the database takes no writes now","keys":"ok"}}`, failing, "store: the database takes no writes now"},
		{`<html>another service</html>`, failing, "something else"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprint(rw, row.answer) }))
		d := newTown(t).doctor(t, map[string]string{"listen": "0.0.0.0:1"})
		d.dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
		}
		if f := d.service(t.Context()); len(f) != 1 || f[0].Level != row.level || !strings.Contains(f[0].What, row.what) {
			t.Errorf("%s: %+v", row.answer, f)
		}
		server.Close()
	}
}

// TestDoctorCommand: as it is run, without the network; its status says how it went.
func TestDoctorCommand(t *testing.T) {
	t.Parallel()
	folder := stored(t)
	if err := os.Chmod(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	settings := func(change ...string) []string {
		return flags("doctor", with(w.settings(), append([]string{"TEAMSPRO_DATA", folder}, change...)))
	}
	status, out, trouble := command(t, append(settings(), "--offline")...)
	if status == 1 || trouble != "" || !strings.Contains(out, "ok    database: examined and whole") || strings.Contains(out, "clock") {
		t.Errorf("%d, %s%s", status, out, trouble)
	}
	status, out, _ = command(t, append(settings("TEAMSPRO_TENANT_ID", ""), "--offline", "--json")...)
	var found []finding
	if err := json.Unmarshal([]byte(out), &found); err != nil || status != 1 || !slices.ContainsFunc(found, func(f finding) bool {
		return f.Check == "settings" && f.Level == failing && strings.Contains(f.What, "TEAMSPRO_TENANT_ID")
	}) {
		t.Errorf("%d, %v, %s", status, err, out)
	}
	if verdictOf(nil) != 0 || verdictOf([]finding{{Level: warning}}) != 2 || verdictOf([]finding{{Level: failing}, {Level: warning}}) != 1 {
		t.Error("the status is another one")
	}
}
