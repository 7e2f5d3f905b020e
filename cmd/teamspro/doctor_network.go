package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"teamspro/internal/auth"
)

// How far the clock may be off: tokens are refused beyond the first, and beyond the second it is only a matter of time.
const (
	clockOff   = 5 * time.Minute
	clockDrift = time.Minute
)

// clockRight compares the clock with the one of whoever answers first.
func (d *doctor) clockRight(ctx context.Context) []finding {
	var failed []string
	for _, address := range []string{d.BotMetadataURL, d.LoginURL} {
		off, err := d.clockOf(ctx, address)
		if err != nil {
			failed = append(failed, err.Error())
			continue
		}
		const next = "set the clock, and have it kept by NTP (timedatectl set-ntp true)"
		said := off.Round(time.Second).Abs()
		switch {
		case off.Abs() > clockOff:
			return []finding{fails(next, "the clock of this machine is off by %s: tokens are refused", said)}
		case off.Abs() > clockDrift:
			return []finding{warns(next, "the clock of this machine is off by %s; from five minutes on tokens are refused", said)}
		}
		return []finding{fine("right within %s", max(said, time.Second))}
	}
	return []finding{warns("see what the next checks say", "nobody was there to compare the clock with (%s)", strings.Join(failed, "; "))}
}

// clockOf tells how far the clock is ahead of that of a server.
func (d *doctor) clockOf(ctx context.Context, address string) (time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, errors.New("the address cannot be used")
	}
	asked := d.now()
	res, err := d.calls.Do(req)
	if err != nil {
		return 0, fmt.Errorf("%s: %s", hostIn(address), trouble(err))
	}
	res.Body.Close()
	theirs, err := http.ParseTime(res.Header.Get("Date"))
	if err != nil {
		return 0, fmt.Errorf("%s does not tell the time", hostIn(address))
	}
	now := d.now()
	return asked.Add(now.Sub(asked) / 2).Sub(theirs.Add(time.Second / 2)), nil
}

func hostIn(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "the address"
	}
	return u.Host
}

// trouble says what kind of failure of the network it was.
func trouble(err error) string {
	var name *net.DNSError
	var slow net.Error
	switch {
	case errors.As(err, &name):
		return "its name is not known"
	case errors.As(err, &slow) && slow.Timeout():
		return "no answer in time"
	case strings.Contains(err.Error(), "certificate"):
		return "its certificate is not trusted"
	}
	return "unreachable"
}

// botKeys reads the keys with which requests of Teams are signed.
func (d *doctor) botKeys(ctx context.Context) []finding {
	usable, err := auth.CheckKeys(ctx, auth.VerifierConfig{MetadataURL: d.BotMetadataURL, Issuer: d.BotIssuer, HTTP: d.calls})
	if err != nil {
		return []finding{fails("open "+hostIn(d.BotMetadataURL)+" in the firewall; TEAMSPRO_CLOUD or TEAMSPRO_BOT_METADATA_URL may be another cloud's, TEAMSPRO_CA_FILE may be missing",
			"the keys of the Bot Framework cannot be read, and nobody is let in: %v", err)}
	}
	return []finding{fine("%s of the Bot Framework that Teams signs with", count(usable, "key"))}
}

// apps are those that are configured, each registration once.
func (d *doctor) apps() (apps []appSettings) {
	for _, a := range []appSettings{d.Contact, d.Image} {
		if a.ID != "" && !slices.ContainsFunc(apps, func(b appSettings) bool { return strings.EqualFold(a.ID, b.ID) }) {
			apps = append(apps, a)
		}
	}
	return apps
}

// logins asks for a token of each app, as it answers with.
func (d *doctor) logins(ctx context.Context) (found []finding) {
	for _, a := range d.apps() {
		_, err := d.token(ctx, a, d.scope)
		if err != nil {
			found = append(found, fails(loginNext(err), "%s gets no token, and can answer nobody: %v", a.Name, err))
			continue
		}
		found = append(found, fine("%s gets its token", a.Name))
		found = append(found, d.certificateAge(a)...)
	}
	return found
}

// token asks for one as an app.
func (d *doctor) token(ctx context.Context, a appSettings, scope string) (string, error) {
	cfg := d.appConfig(a, d.calls)
	cfg.Scope = scope
	tokens, err := auth.NewAppTokens(cfg)
	if err != nil {
		return "", err
	}
	token, err := tokens.Token(ctx)
	var login *auth.LoginError
	if errors.As(err, &login) {
		return "", login
	}
	return token, err
}

// loginNext is the next step after what Entra said, by the numbers of its documentation ("AADSTS error codes").
func loginNext(err error) string {
	var login *auth.LoginError
	if !errors.As(err, &login) {
		return "put the setting right that it names"
	}
	steps := map[int]string{
		7000215: "the secret is wrong: its value is wanted, not its id",
		7000222: "the secret has expired: make a new one in Entra and set it",
		700016:  "there is no such app in this tenant: compare TEAMSPRO_…_APP_ID and TEAMSPRO_TENANT_ID with the registration",
		90002:   "there is no such tenant: compare TEAMSPRO_TENANT_ID with the registration",
		700027:  "the certificate is not the one of the registration: upload it there, or set the other one",
		7000112: "the app is disabled: an administrator enables it in Entra",
		53003:   "a conditional access policy blocks the app: an administrator exempts it",
	}
	switch next := steps[login.Number]; {
	case next != "":
		return next
	case login.Code == "unreachable":
		return "open the way to TEAMSPRO_LOGIN_URL: DNS, firewall, TEAMSPRO_CA_FILE"
	case login.Code == "invalid_client":
		return "compare secret or certificate with the registration"
	}
	return "look the code up at https://login.microsoftonline.com/error"
}

// consents looks at what the organisation allowed. What people or administrators allowed for people shows only when a
// person signs in; that no permissions of the app itself are there shows in a token.
func (d *doctor) consents(ctx context.Context) (found []finding) {
	graph := "https://graph.microsoft.com"
	if u, err := url.Parse(d.GraphURL); err == nil && u.Host != "" {
		graph = u.Scheme + "://" + u.Host
	}
	for _, a := range d.apps() {
		if a.ManagedIdentity {
			found = append(found, fine("%s is a managed identity: nobody signs in to it, it needs no consent", a.Name))
			continue
		}
		token, err := d.token(ctx, a, graph+"/.default")
		if err != nil {
			found = append(found, warns(loginNext(err), "what %s may do in Microsoft Graph cannot be told: %v", a.Name, err))
			continue
		}
		found = append(found, d.consent(a, rolesIn(token)))
	}
	return found
}

// consent judges the permissions that an app has of its own: it uses none.
func (d *doctor) consent(a appSettings, roles []string) finding {
	wanted := strings.Join(d.graphPermissions(a), ", ")
	if len(roles) > 0 {
		return warns("remove the application permissions from the registration: the service uses delegated ones only",
			"%s has application permissions that it does not need: %s; delegated it asks for %s", a.Name, strings.Join(roles, ", "), wanted)
	}
	return fine("%s has no permissions of its own, as it should; that people may give it %s shows when somebody types sign in, or in Entra under Enterprise applications, Permissions", a.Name, wanted)
}

// rolesIn are the application permissions in a token of Entra, which is for Graph and not for us: it is read, not checked.
func rolesIn(token string) []string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Roles []string `json:"roles"`
	}
	if err != nil || json.Unmarshal(raw, &claims) != nil {
		return nil
	}
	return claims.Roles
}

// connectors sees whether the hosts can be reached to which answers go. Of a suffix no host is known.
func (d *doctor) connectors(ctx context.Context) (found []finding) {
	reached := 0
	for _, host := range d.ServiceHosts {
		if strings.HasPrefix(host, "*") {
			continue
		}
		if err := d.reach(ctx, host); err != nil {
			found = append(found, fails("open the way to it: DNS, firewall; TEAMSPRO_CLOUD or TEAMSPRO_SERVICE_HOSTS may be another cloud's", "answers cannot be sent to %s: %s", host, trouble(err)))
			continue
		}
		reached++
	}
	if d.GraphURL != "" && d.Image.ID != "" && d.GraphMode != graphNone {
		if u, err := url.Parse(d.GraphURL); err == nil {
			if err := d.reach(ctx, u.Host); err != nil {
				found = append(found, fails("open the way to it: DNS, firewall; TEAMSPRO_GRAPH_URL may be wrong", "Microsoft Graph at %s: %s; pictures of SharePoint are not found", u.Host, trouble(err)))
			}
		}
	}
	if len(found) == 0 {
		found = append(found, fine("%s of the connector can be reached", count(reached, "host")))
	}
	return found
}

// reach asks a host for anything; any answer is enough. One with a port may speak http, as those on this machine do.
func (d *doctor) reach(ctx context.Context, host string) error {
	schemes := []string{"https"}
	if _, _, err := net.SplitHostPort(host); err == nil {
		schemes = []string{"http", "https"}
	}
	var failed error
	for _, scheme := range schemes {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+host+"/", nil)
		if err != nil {
			return err
		}
		res, err := d.calls.Do(req)
		if err == nil {
			return res.Body.Close()
		}
		failed = err
	}
	return failed
}
