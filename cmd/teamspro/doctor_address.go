package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

// soon is how long before its end a certificate is said to end.
const soon = 14 * 24 * time.Hour

// publicAddress looks at the service from outside, as Teams does: its name, its certificate, its endpoint.
func (d *doctor) publicAddress(ctx context.Context) []finding {
	if d.PublicURL == "" {
		return nil // settingsComplete says it
	}
	u, err := url.Parse(d.PublicURL)
	if err != nil || u.Hostname() == "" {
		return []finding{fails("set TEAMSPRO_PUBLIC_URL to https://…", "the public address is none")}
	}
	found, known := d.resolves(ctx, u.Hostname())
	if !known {
		return found
	}
	if u.Scheme == "https" {
		seen, reached := d.certificate(ctx, u)
		if found = append(found, seen...); !reached {
			return found
		}
	}
	return append(found, d.endpoint(ctx, u)...)
}

// resolves sees whether the name of the public address is known, and leads out of this machine.
func (d *doctor) resolves(ctx context.Context, host string) (found []finding, known bool) {
	addresses := []string{host}
	if net.ParseIP(host) == nil {
		var err error
		if addresses, err = d.lookup(ctx, host); err != nil || len(addresses) == 0 {
			return []finding{fails("add it to the DNS of the organisation, or correct TEAMSPRO_PUBLIC_URL", "%s has no address: Teams cannot reach it", host)}, false
		}
	}
	inside := slices.IndexFunc(addresses, func(a string) bool {
		ip := net.ParseIP(a)
		return ip == nil || ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast()
	})
	if inside >= 0 {
		return []finding{warns("look from outside that it leads to your proxy; Teams comes from the internet", "%s leads to %s here, which nobody outside can reach", host, addresses[inside])}, true
	}
	return []finding{fine("%s leads to %s", host, strings.Join(addresses, ", "))}, true
}

// certificate sees the certificate of the public address with the eyes of Teams, which does not know the authority of
// TEAMSPRO_CA_FILE.
func (d *doctor) certificate(ctx context.Context, u *url.URL) (found []finding, reached bool) {
	address := u.Host
	if u.Port() == "" {
		address = net.JoinHostPort(u.Hostname(), "443")
	}
	raw, err := d.dial(ctx, "tcp", address)
	if err != nil {
		return []finding{fails("start the proxy; open the port in the firewall", "nothing answers at %s", address)}, false
	}
	defer raw.Close()
	// Every version and any certificate: what is wrong with them is to be said, and nothing is sent.
	conn := tls.Client(raw, &tls.Config{ServerName: u.Hostname(), InsecureSkipVerify: true, MinVersion: tls.VersionTLS10}) //nolint:gosec // see above
	if err := conn.HandshakeContext(ctx); err != nil {
		return []finding{fails("have the proxy speak TLS there", "%s does not speak TLS: %v", address, err)}, false
	}
	state := conn.ConnectionState()
	if state.Version < tls.VersionTLS12 {
		found = append(found, fails("allow TLS 1.2 and 1.3 in the proxy", "the best that %s speaks is %s; Teams wants TLS 1.2 at least", address, tls.VersionName(state.Version)))
	}
	if wrong := d.judge(u.Hostname(), state.PeerCertificates); wrong != nil {
		found = append(found, *wrong)
	}
	if len(found) == 0 {
		found = append(found, fine("%s, certificate until %s", tls.VersionName(state.Version), state.PeerCertificates[0].NotAfter.Format(time.DateOnly)))
	}
	return found, true
}

// judge says what Teams would find wrong with a certificate.
func (d *doctor) judge(host string, chain []*x509.Certificate) *finding {
	leaf, now := chain[0], d.now()
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: d.public, Intermediates: between, CurrentTime: now})
	var name x509.HostnameError
	var unknown x509.UnknownAuthorityError
	var f finding
	switch {
	case now.After(leaf.NotAfter):
		f = fails("renew it", "the certificate ended on %s", leaf.NotAfter.Format(time.DateOnly))
	case now.Before(leaf.NotBefore):
		f = fails("wait, or set the clock", "the certificate begins on %s only", leaf.NotBefore.Format(time.DateOnly))
	case errors.As(err, &name):
		f = fails("get one for this name, or correct TEAMSPRO_PUBLIC_URL", "the certificate is not for %s", host)
	case errors.As(err, &unknown) && len(chain) == 1:
		f = fails("configure the full chain in the proxy (fullchain.pem), and a certificate of a public authority", "Teams does not trust the certificate: its authority is unknown, or the certificate between them is not sent")
	case err != nil:
		f = fails("get a certificate of a public authority", "Teams does not trust the certificate: %v", err)
	case leaf.NotAfter.Sub(now) < soon:
		f = warns("renew it now; see why that does not happen by itself", "the certificate ends on %s", leaf.NotAfter.Format(time.DateOnly))
	default:
		return nil
	}
	return &f
}

// endpoint sees whether the service answers behind the public address: it refuses a message without a token.
func (d *doctor) endpoint(ctx context.Context, u *url.URL) []finding {
	client := &http.Client{Transport: &http.Transport{DialContext: d.dial, DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, //nolint:gosec // certificate says what is wrong with it
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.PublicURL+"/api/messages", strings.NewReader("{}"))
	if err != nil {
		return []finding{fails("correct TEAMSPRO_PUBLIC_URL", "the public address cannot be used")}
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req)
	if err != nil {
		return []finding{fails("start the proxy and the service", "nothing answers at %s/api/messages: %s", u.Host, trouble(err))}
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<16))
	return []finding{endpointSays(d.PublicURL+"/api/messages", res)}
}

// endpointSays judges how a message without a token was answered.
func endpointSays(address string, res *http.Response) finding {
	switch status := res.StatusCode; {
	case status == http.StatusUnauthorized:
		return fine("%s refuses a message without a token, as it should; the same address belongs into the Azure Bot", address)
	case status >= 502 && status <= 504:
		return fails("start the service, and have the proxy lead to TEAMSPRO_LISTEN", "the proxy answers at %s, and the service behind it does not (%d)", address, status)
	case status >= 300 && status < 400:
		return fails("have the proxy pass /api/messages without a redirect: Teams follows none", "%s leads elsewhere (%d)", address, status)
	case status == http.StatusNotFound:
		return fails("have the proxy pass /api/messages; when the public address has a path, it removes that", "%s is not known there (404)", address)
	case status == http.StatusForbidden:
		return fails("let POST requests without a sign-in of the proxy's own through", "%s is refused by something in front of the service (403)", address)
	}
	return fails("look what answers there", "%s answers %d where the service would answer 401", address, res.StatusCode)
}

// certificateAge looks at the certificate that an app logs in with.
func (d *doctor) certificateAge(a appSettings) []finding {
	if a.Certificate == "" {
		return nil
	}
	raw, err := os.ReadFile(a.Certificate)
	if err != nil {
		return []finding{fails("put it there, readable for the service", "the certificate of %s cannot be read", a.Name)}
	}
	for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			break
		}
		left := c.NotAfter.Sub(d.now())
		if left < soon {
			return []finding{warns("make a new one, upload it to the registration, then set it", "the certificate with which %s logs in ends on %s", a.Name, c.NotAfter.Format(time.DateOnly))}
		}
		return []finding{fine("the certificate with which %s logs in lasts until %s", a.Name, c.NotAfter.Format(time.DateOnly))}
	}
	return []finding{fails("it must hold a certificate and its key as PEM", "the certificate file of %s holds none", a.Name)}
}
