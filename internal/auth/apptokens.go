package auth

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/managedidentity"
	"golang.org/x/sync/singleflight"

	"teamspro/internal/fault"
)

// AppConfig says as whom, and where, the app asks for its own tokens. Exactly one of Secret, CertificateFile,
// ManagedIdentity and Federated is set.
type AppConfig struct {
	AppID string
	// TenantID is the tenant of the app registration.
	TenantID string
	// LoginURL is the address of Entra: "https://login.microsoftonline.com".
	LoginURL string
	Secret   string
	// CertificateFile holds a certificate and its unencrypted RSA key, as PEM.
	CertificateFile string
	// ManagedIdentity means that the app id is that of a user-assigned managed identity of this machine.
	ManagedIdentity bool
	// Federated means that a managed identity of this machine vouches for the app registration.
	Federated bool
	// Identity is the client id of that managed identity; empty means the system-assigned one.
	Identity string
	// Scope is what the token is for: "https://api.botframework.com/.default".
	Scope string
	// HTTP reaches Entra; nil means the default client. Redirects are not followed.
	HTTP *http.Client
	// IdentityHTTP reaches the identity service of this machine, which is on a link-local address; nil means a client
	// without proxy.
	IdentityHTTP *http.Client
}

// SettingError is a setting that does not work.
type SettingError struct {
	Setting string // the field of the configuration
	Problem string
}

// Error names the setting, never its value.
func (e *SettingError) Error() string { return e.Setting + ": " + e.Problem }

// AppTokens gets the app's own tokens. It is safe for concurrent use.
type AppTokens struct {
	login login
	calls singleflight.Group
}

// login is one way to a token.
type login interface {
	// token gives a token that lives for some minutes more, from memory when there is one.
	token(ctx context.Context) (string, error)
	// renew gives one that was never handed out.
	renew(ctx context.Context) (string, error)
}

// NewAppTokens checks the configuration; it asks for nothing yet. The error is a *SettingError.
func NewAppTokens(c AppConfig) (*AppTokens, error) {
	if problem := c.problem(); problem != nil {
		return nil, problem
	}
	way := newClientLogin
	if c.ManagedIdentity {
		way = newIdentityLogin
	}
	l, err := way(c)
	if err != nil {
		return nil, err
	}
	return &AppTokens{login: l}, nil
}

func (c AppConfig) problem() error {
	ways := 0
	for _, set := range []bool{c.Secret != "", c.CertificateFile != "", c.ManagedIdentity, c.Federated} {
		if set {
			ways++
		}
	}
	u, err := url.Parse(c.LoginURL)
	switch {
	case c.AppID == "":
		return &SettingError{"AppID", "is missing"}
	case c.Scope == "":
		return &SettingError{"Scope", "is missing"}
	case ways != 1:
		return &SettingError{"Secret", "exactly one of secret, certificate, managed identity and federation must be set"}
	case c.ManagedIdentity:
		return nil // login address and tenant are the machine's affair
	case c.TenantID == "" || strings.ContainsAny(c.TenantID, "/?#%\\ "):
		return &SettingError{"TenantID", "must be the id of the tenant of the app registration"}
	case err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return &SettingError{"LoginURL", "must be an https address"}
	}
	return nil
}

// Token gives a token for the scope. Callers who come together cause one request. It takes at most ten seconds.
// Errors have kind fault.Busy when trying again may help, fault.Internal when the configuration must change.
func (t *AppTokens) Token(ctx context.Context) (string, error) {
	return t.once(ctx, "token", t.login.token)
}

// Renew gives another token than used, which was refused although it had not expired. When somebody has renewed in
// the meantime, theirs is given.
func (t *AppTokens) Renew(ctx context.Context, used string) (string, error) {
	return t.once(ctx, "renew "+used, func(ctx context.Context) (string, error) {
		if current, err := t.login.token(ctx); err != nil || current != used {
			return current, err
		}
		return t.login.renew(ctx)
	})
}

// once lets one of the callers who come together work for all; none of them can cancel it for the others.
func (t *AppTokens) once(ctx context.Context, what string, f func(context.Context) (string, error)) (string, error) {
	result := t.calls.DoChan(what, func() (any, error) {
		work, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTime)
		defer cancel()
		return f(work)
	})
	select {
	case r := <-result:
		if r.Err != nil {
			return "", loginFault("auth.AppTokens", r.Err)
		}
		return r.Val.(string), nil // f gives strings
	case <-ctx.Done():
		return "", fault.Wrap(fault.Busy, "auth.AppTokens", ctx.Err())
	}
}

// clientLogin is the client credentials grant with a secret, a certificate or a federated assertion.
type clientLogin struct {
	scope []string
	build func() (confidential.Client, error)

	mu     sync.Mutex
	client confidential.Client
}

func newClientLogin(c AppConfig) (login, error) {
	credential, err := c.credential()
	if err != nil {
		return nil, err
	}
	authority := strings.TrimSuffix(c.LoginURL, "/") + "/" + c.TenantID
	known := isMicrosoftLogin(c.LoginURL)
	client := strict(c.HTTP)
	l := &clientLogin{scope: []string{c.Scope}}
	l.build = func() (confidential.Client, error) {
		return confidential.New(authority, c.AppID, credential, confidential.WithHTTPClient(client),
			confidential.WithInstanceDiscovery(known),              // only Microsoft knows its own hosts
			confidential.WithAzureRegion("DisableMsalForceRegion")) // or the environment would decide where we log in
	}
	if l.client, err = l.build(); err != nil {
		return nil, &SettingError{"LoginURL", "is not the address of a login service"}
	}
	return l, nil
}

func (l *clientLogin) token(ctx context.Context) (string, error) {
	l.mu.Lock()
	client := l.client
	l.mu.Unlock()
	got, err := client.AcquireTokenByCredential(ctx, l.scope)
	return got.AccessToken, err
}

// renew uses a new client, because the library has no way to pass over the tokens it keeps.
func (l *clientLogin) renew(ctx context.Context) (string, error) {
	client, err := l.build()
	if err != nil {
		return "", err
	}
	got, err := client.AcquireTokenByCredential(ctx, l.scope)
	if err != nil {
		return "", err
	}
	l.mu.Lock()
	l.client = client
	l.mu.Unlock()
	return got.AccessToken, nil
}

func (c AppConfig) credential() (confidential.Credential, error) {
	switch {
	case c.CertificateFile != "":
		return certificate(c.CertificateFile)
	case c.Federated:
		return c.federation()
	}
	return confidential.NewCredFromSecret(c.Secret)
}

func certificate(file string) (confidential.Credential, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return confidential.Credential{}, &SettingError{"CertificateFile", "cannot be read"}
	}
	certificates, key, err := confidential.CertFromPEM(data, "")
	if err != nil {
		return confidential.Credential{}, &SettingError{"CertificateFile", "must hold a certificate and its unencrypted key as PEM"}
	}
	credential, err := confidential.NewCredFromCert(certificates, key)
	if err != nil {
		return confidential.Credential{}, &SettingError{"CertificateFile", "must hold an RSA key that belongs to the certificate"}
	}
	return credential, nil
}

// federation has a managed identity sign for the app.
func (c AppConfig) federation() (confidential.Credential, error) {
	id := managedidentity.SystemAssigned()
	if c.Identity != "" {
		id = managedidentity.UserAssignedClientID(c.Identity)
	}
	client, err := managedidentity.New(id, managedidentity.WithHTTPClient(c.identityHTTP()))
	if err != nil {
		return confidential.Credential{}, &SettingError{"Federated", "this machine has no such managed identity"}
	}
	audience := exchangeAudience(c.LoginURL)
	return confidential.NewCredFromAssertionCallback(func(ctx context.Context, _ confidential.AssertionRequestOptions) (string, error) {
		got, err := client.AcquireToken(ctx, audience)
		return got.AccessToken, err
	}), nil
}

// exchangeAudience is whom the managed identity's token is for, which differs by cloud.
func exchangeAudience(loginURL string) string {
	switch host := hostOf(loginURL); {
	case strings.HasSuffix(host, ".us"):
		return "api://AzureADTokenExchangeUSGov"
	case strings.HasSuffix(host, ".cn"):
		return "api://AzureADTokenExchangeChina"
	}
	return "api://AzureADTokenExchange"
}

// identityLogin is a managed identity that is itself the app.
type identityLogin struct {
	client   managedidentity.Client
	resource string
}

func newIdentityLogin(c AppConfig) (login, error) {
	client, err := managedidentity.New(managedidentity.UserAssignedClientID(c.AppID), managedidentity.WithHTTPClient(c.identityHTTP()))
	if err != nil {
		return nil, &SettingError{"ManagedIdentity", "this machine has no user-assigned managed identity"}
	}
	return &identityLogin{client, strings.TrimSuffix(c.Scope, "/.default")}, nil
}

func (l *identityLogin) token(ctx context.Context) (string, error) {
	got, err := l.client.AcquireToken(ctx, l.resource)
	return got.AccessToken, err
}

// renew asks with claims, which makes the library pass over the tokens it keeps; they are not sent anywhere.
func (l *identityLogin) renew(ctx context.Context) (string, error) {
	got, err := l.client.AcquireToken(ctx, l.resource, managedidentity.WithClaims("{}"))
	return got.AccessToken, err
}

// identityHTTP is the client for the identity service of the machine.
func (c AppConfig) identityHTTP() *http.Client {
	if c.IdentityHTTP != nil {
		return strict(c.IdentityHTTP)
	}
	dialer := net.Dialer{Timeout: 2 * time.Second}
	return strict(&http.Client{Transport: &http.Transport{DialContext: dialer.DialContext}})
}

// isMicrosoftLogin tells whether Microsoft's list of login hosts can be asked about a host.
func isMicrosoftLogin(loginURL string) bool {
	switch hostOf(loginURL) {
	case "login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn":
		return true
	}
	return false
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}
