package bot

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestPublicAddresses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		address string
		public  bool
	}{
		{"52.112.0.1", true}, {"1.1.1.1", true}, {"2603:1010::1", true}, {"::ffff:52.112.0.1", true}, {"64:ff9b::3470:1", true},
		{"127.0.0.1", false}, {"127.8.8.8", false}, {"::1", false}, {"0.0.0.0", false}, {"0.1.2.3", false}, {"::", false},
		{"10.1.2.3", false}, {"172.16.0.1", false}, {"172.31.255.255", false}, {"172.32.0.1", true}, {"192.168.1.1", false}, {"fc00::1", false}, {"fd12::1", false},
		{"169.254.169.254", false}, {"fe80::1", false}, {"fe80::1%eth0", false}, {"100.64.0.1", false}, {"100.127.255.254", false}, {"100.128.0.1", true},
		{"224.0.0.1", false}, {"239.1.1.1", false}, {"ff02::1", false}, {"255.255.255.255", false}, {"240.0.0.1", false},
		{"192.0.0.8", false}, {"192.0.2.1", false}, {"198.51.100.7", false}, {"203.0.113.7", false}, {"198.18.0.1", false}, {"192.88.99.1", false},
		{"::ffff:127.0.0.1", false}, {"::ffff:10.0.0.1", false}, {"::ffff:169.254.169.254", false}, {"::127.0.0.1", false}, {"64:ff9b::7f00:1", false}, {"64:ff9b::a00:1", false},
		{"64:ff9b:1::1", false}, {"2002:7f00:1::", false}, {"2001:db8::1", false}, {"2001:0:1::1", false}, {"3fff::1", false}, {"fec0::1", false}, {"4000::1", false}, {"100::1", false},
	}
	for _, test := range tests {
		if got := isPublicAddr(netip.MustParseAddr(test.address)); got != test.public {
			t.Errorf("%s: public %v, want %v", test.address, got, test.public)
		}
	}
}

// Whatever a name resolves to, a private address is refused when the connection is made, unless it was named.
func TestGuardedTransport(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {}))
	defer server.Close()
	address := strings.TrimPrefix(server.URL, "http://")
	_, port, _ := net.SplitHostPort(address)
	tests := []struct {
		name    string
		allowed []string
		url     string
		ok      bool
	}{
		{"named", []string{address}, server.URL, true},
		{"named by name", []string{"LOCALHOST:" + port}, "http://localhost:" + port, true},
		{"not named", nil, server.URL, false},
		{"other port", []string{"127.0.0.1:1"}, server.URL, false},
		{"without port", []string{"127.0.0.1", "localhost", "*.1"}, server.URL, false},
		{"name not named", []string{address}, "http://localhost:" + port, false},
		{"address as IPv6", []string{address}, "http://[::ffff:127.0.0.1]:" + port, false},
		{"unspecified", []string{address}, "http://0.0.0.0:" + port, false},
	}
	for _, test := range tests {
		transport := GuardedTransport(test.allowed, nil)
		res, err := (&http.Client{Transport: transport, Timeout: 5 * time.Second}).Get(test.url)
		if err == nil {
			res.Body.Close()
		}
		if (err == nil) != test.ok || (err != nil && !errors.Is(err, errNotPublic)) {
			t.Errorf("%s: %v, want ok %v", test.name, err, test.ok)
		}
		transport.CloseIdleConnections()
	}
}

func TestGuardedTransportTrustsTheGivenRoots(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {}))
	defer server.Close()
	allowed := []string{strings.TrimPrefix(server.URL, "https://")}
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	for _, test := range []struct {
		roots *x509.CertPool
		ok    bool
	}{{roots, true}, {nil, false}} {
		res, err := (&http.Client{Transport: GuardedTransport(allowed, test.roots)}).Get(server.URL)
		if err == nil {
			res.Body.Close()
		}
		if (err == nil) != test.ok {
			t.Errorf("with roots %v: %v", test.ok, err)
		}
	}
}

// A proxy in the environment is not used: it would make the check of addresses meaningless.
func TestGuardedTransportUsesNoProxy(t *testing.T) {
	t.Parallel()
	if GuardedTransport(nil, nil).Proxy != nil {
		t.Error("it asks for a proxy")
	}
}

// The connector says so when a listed host resolves to a private address, and does not try again.
func TestConnectorToAPrivateAddress(t *testing.T) {
	t.Parallel()
	s := newConnService()
	server := httptest.NewServer(s)
	defer server.Close()
	rebound := GuardedTransport(nil, nil)
	guarded := rebound.DialContext
	rebound.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) { // what a hostile name server would do
		return guarded(ctx, network, strings.TrimPrefix(server.URL, "http://"))
	}
	c := NewConnector(ConnectorConfig{AppID: connApp, Tokens: &connTokens{}, Hosts: []string{"smba.example"}, HTTP: &http.Client{Transport: Lean(rebound, nil)}})
	_, err := c.Send(t.Context(), Target{Tenant: connTenant, ServiceURL: "https://smba.example/", Conversation: "19:x"}, connText("x"))
	var refused *ConnectorError
	if !errors.As(err, &refused) || refused.Code != "not_public" {
		t.Errorf("Send gave %v", err)
	}
	if s.count() != 0 {
		t.Errorf("%d requests", s.count())
	}
}
