package bot

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// hostList is a list of hosts that requests may go to. An entry is a host ("smba.example"), which stands for its https
// port; a host with a port ("127.0.0.1:9000"); or all hosts below a name ("*.teams.example"), again on the https port.
type hostList struct {
	exact  map[string]bool // "host:port"
	suffix []string        // ".teams.example"
	// named are the entries that were written with a port: only these may be on this machine or a private network.
	named map[string]bool
}

func newHostList(entries []string) hostList {
	l := hostList{exact: map[string]bool{}, named: map[string]bool{}}
	for _, entry := range entries {
		entry = strings.ToLower(strings.TrimSpace(entry))
		if suffix, ok := strings.CutPrefix(entry, "*."); ok && suffix != "" {
			l.suffix = append(l.suffix, "."+suffix)
			continue
		}
		if host, port, err := net.SplitHostPort(entry); err == nil {
			l.named[net.JoinHostPort(host, port)] = true
			l.exact[net.JoinHostPort(host, port)] = true
		} else if entry != "" {
			l.exact[net.JoinHostPort(strings.Trim(entry, "[]"), "443")] = true
		}
	}
	return l
}

// allows tells whether a request with our token may go to an address: https to a listed host, or http to a loopback
// host that is listed with its port.
func (l hostList) allows(u *url.URL) bool {
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if u.User != nil || u.Opaque != "" || !isPlainHost(host) {
		return false
	}
	switch u.Scheme {
	case "https":
		if port == "" {
			port = "443"
		}
		return l.exact[net.JoinHostPort(host, port)] || (port == "443" && l.below(host))
	case "http":
		return isLoopbackHost(host) && l.named[net.JoinHostPort(host, port)]
	}
	return false
}

func (l hostList) below(host string) bool {
	for _, suffix := range l.suffix {
		if strings.HasSuffix(host, suffix) && len(host) > len(suffix) {
			return true
		}
	}
	return false
}

// isPlainHost keeps out names that a resolver or another URL parser could read differently.
func isPlainHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return host != "" && !strings.ContainsFunc(host, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '.' && r != '-'
	})
}

func isLoopbackHost(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && ip.IsLoopback())
}

var errNotPublic = errors.New("the address is not a public one")

// GuardedTransport makes a transport that connects to public addresses only, whatever a name resolves to at that
// moment, and to those that allowed names with host and port. It is for everything that this service asks of others:
// connector, login, metadata, Graph. Roots are the certificate authorities to trust; nil means the system's.
//
// It uses no proxy, not even one from the environment: behind a proxy the address that is connected to is the proxy's,
// and the check would mean nothing.
func GuardedTransport(allowed []string, roots *x509.CertPool) *http.Transport {
	named := newHostList(allowed).named
	free := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}
	guarded := &net.Dialer{Timeout: free.Timeout, KeepAlive: free.KeepAlive, Control: refusePrivate}
	return &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if named[strings.ToLower(address)] {
				return free.DialContext(ctx, network, address)
			}
			return guarded.DialContext(ctx, network, address)
		},
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    5 * time.Second,
		ResponseHeaderTimeout:  30 * time.Second,
		IdleConnTimeout:        90 * time.Second,
		MaxIdleConns:           256,
		MaxIdleConnsPerHost:    128,      // each of the senders of notices keeps one, beside those of answers
		WriteBufferSize:        16 << 10, // a message with its token goes out in one piece
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// refusePrivate runs after a name was resolved, for every address that is tried, so that a name that changes its mind
// between check and use gains nothing.
func refusePrivate(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !isPublicAddr(to.Addr()) {
		return errNotPublic
	}
	return nil
}

// reserved are the networks of the IANA special-purpose registries that netip does not know: shared (CGNAT), protocol
// assignments, documentation, benchmarks, 6to4 relays, the former class E; and in IPv6 those within 2000::/3.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("192.88.99.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("2001::/23"),
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("3fff::/20"),
}

var (
	globalIPv6 = netip.MustParsePrefix("2000::/3")     // all that is given out
	nat64      = netip.MustParsePrefix("64:ff9b::/96") // an IPv4 address seen from an IPv6-only network
)

// isPublicAddr tells whether an address belongs to the public internet.
func isPublicAddr(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if nat64.Contains(ip) {
		b := ip.As16()
		ip = netip.AddrFrom4([4]byte(b[12:]))
	}
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || (ip.Is6() && !globalIPv6.Contains(ip)) {
		return false
	}
	for _, network := range reserved {
		if network.Contains(ip) {
			return false
		}
	}
	return true
}
