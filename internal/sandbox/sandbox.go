// Package sandbox is a Microsoft 365 to develop and test against, on loopback: the sign-in service, the Bot Connector,
// Graph, and a small Teams whose people live in a browser page. It speaks to the service only as Microsoft does: over HTTP,
// with signed tokens that the service checks for real.
//
// It is not a part of the product and imports nothing of it: it is the outside world. It keeps everything in memory, binds
// loopback only, and must never be reachable from elsewhere.
package sandbox

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// DefaultTenant is the id of the organisation "contoso" when Config names none.
const DefaultTenant = "7e57ac00-0000-4000-8000-00000000c0de"

// Config says what the sandbox stands in for.
type Config struct {
	// Listen is the loopback address of connector, Graph and page; "127.0.0.1:0" when empty.
	Listen string
	// LoginListen is the loopback address of the sign-in service (https); "127.0.0.1:0" when empty.
	LoginListen string
	// BotURL is the bot's endpoint, "http://127.0.0.1:3978/api/messages".
	BotURL string
	// Apps are the apps of the organisation's catalogue; at least one.
	Apps []App
	// Tenant is the organisation's id; DefaultTenant when empty.
	Tenant string
	// PageModules is the folder with the npm packages of the page ("test/e2e/node_modules"); without it the page shows plain text.
	PageModules string
	// Pictures is a folder whose pictures the page offers as samples and that lie in the team's Photographs; without it the
	// sandbox draws some.
	Pictures string
	// PlaygroundHosts are the host:port pairs of other loopback connectors the service may answer to.
	PlaygroundHosts []string
	// Crowd adds that many nameless members to the team, for a roster of more than one page.
	Crowd int
	// StateDir is the folder the certificate of the sandbox's authority is written to.
	StateDir string
	// Now is real time, by which tokens, certificates, links and limits are kept; time.Now when nil.
	Now func() time.Time
	// Clock is the clock of the service, which the page can set; what people say and change carries its time. New makes one
	// when it is nil.
	Clock *Clock
	// Log receives what the sandbox itself has to say; discarded when nil.
	Log *slog.Logger
}

// App is an app registration with its Teams app.
type App struct {
	// Key names the app in the page API and in the names of settings; the first word of Name in lower case when empty.
	Key string
	// ID is the app id, a GUID.
	ID string
	// Name is shown in the page.
	Name string
	// Secret is the client secret; a random one is made when empty.
	Secret string
	// Certificates are PEM certificates whose keys may sign client assertions.
	Certificates []string
	// Roles are the Graph application permissions an administrator has granted; nil means User.Read.All.
	Roles []string
	// Manifest is what the app's package says; nil shows neither commands nor extensions.
	Manifest *Manifest
}

// Sandbox is a running Microsoft 365 in the small.
type Sandbox struct {
	cfg    Config
	log    *slog.Logger
	now    func() time.Time
	ca     *authority
	issuer *signer // signs as the Bot Connector
	entra  *signer // signs as the sign-in service
	login  *login
	world  *world
	files  *files
	// samples are the pictures that the page offers.
	samples *samples
	drives  *drives
	faults  *faults
	ledger  *ledger
	client  *http.Client
	wait    patience
	base    string // http://host:port of connector, Graph and page
	loginB  string // https://host:port of the sign-in service

	servers []*http.Server
	// life ends with Close or the context of Start; what outlives the request that began it runs under it.
	life   context.Context
	cancel context.CancelFunc
	mu     sync.Mutex // guards closed and extensions
	closed bool
	work   sync.WaitGroup
	// extensions remembers, per person, whose message extension answered last.
	extensions map[string]string
}

// patience is how long the sandbox waits, as Teams does.
type patience struct {
	invoke  time.Duration // one try of an invoke
	message time.Duration // until a message is sent again
	start   time.Duration // until the bot must answer /healthz
}

// teamsPatience holds Teams' own limits.
var teamsPatience = patience{invoke: 5 * time.Second, message: 15 * time.Second, start: 30 * time.Second}

// New prepares a sandbox; nothing is bound before Start.
func New(cfg Config) (*Sandbox, error) {
	cfg, err := withDefaults(cfg)
	if err != nil {
		return nil, fmt.Errorf("sandbox.New: %w", err)
	}
	s := &Sandbox{cfg: cfg, log: cfg.Log, now: cfg.Now, wait: teamsPatience, extensions: map[string]string{}}
	if s.ca, err = newAuthority(cfg.Now()); err != nil {
		return nil, fmt.Errorf("sandbox.New: %w", err)
	}
	if s.issuer, err = newSigner(cfg.Now); err != nil {
		return nil, fmt.Errorf("sandbox.New: %w", err)
	}
	if s.entra, err = newSigner(cfg.Now); err != nil {
		return nil, fmt.Errorf("sandbox.New: %w", err)
	}
	if s.samples, err = newSamples(cfg.Pictures); err != nil {
		return nil, fmt.Errorf("sandbox.New: %w", err)
	}
	s.world = newWorld(cfg)
	s.files = newFiles(cfg.Now)
	s.drives = newDrives(cfg, s.world, s.samples)
	s.faults = newFaults(cfg.Now)
	s.ledger = newLedger()
	s.login, err = newLogin(s)
	if err != nil {
		return nil, fmt.Errorf("sandbox.New: %w", err)
	}
	s.client = &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 16, IdleConnTimeout: 30 * time.Second},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return s, nil
}

func withDefaults(cfg Config) (Config, error) {
	cfg.Listen = orElse(cfg.Listen, "127.0.0.1:0")
	cfg.LoginListen = orElse(cfg.LoginListen, "127.0.0.1:0")
	cfg.Tenant = orElse(cfg.Tenant, DefaultTenant)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Clock == nil {
		cfg.Clock = &Clock{real: cfg.Now}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if u, err := url.Parse(cfg.BotURL); err != nil || u.Host == "" {
		return cfg, fmt.Errorf("the address of the bot %q is not a URL", cfg.BotURL)
	}
	apps, err := withAppDefaults(cfg.Apps)
	cfg.Apps = apps
	return cfg, err
}

func withAppDefaults(given []App) ([]App, error) {
	if len(given) == 0 {
		return nil, errors.New("no app")
	}
	keys, ids := map[string]bool{}, map[string]bool{}
	var apps []App
	for _, a := range given {
		a.Key = orElse(a.Key, strings.ToLower(strings.SplitN(a.Name, " ", 2)[0]))
		a.Secret = orElse(a.Secret, randomHex(20))
		if a.Roles == nil {
			a.Roles = []string{"User.Read.All"}
		}
		if a.Manifest == nil {
			a.Manifest = &Manifest{}
		}
		if a.ID == "" || a.Key == "" || keys[a.Key] || ids[a.ID] {
			return nil, fmt.Errorf("app %q: key and id must be there and be its own", a.Name)
		}
		keys[a.Key], ids[a.ID] = true, true
		apps = append(apps, a)
	}
	return apps, nil
}

// Start binds both listeners, writes the authority's certificate and serves until ctx ends or Close is called. Once the bot
// answers, the apps are installed, which makes their welcome appear.
func (s *Sandbox) Start(ctx context.Context) error {
	page, err := listenLoopback(ctx, s.cfg.Listen)
	if err != nil {
		return fmt.Errorf("sandbox.Start: %w", err)
	}
	entrance, err := listenLoopback(ctx, s.cfg.LoginListen)
	if err != nil {
		return fmt.Errorf("sandbox.Start: %w", errors.Join(err, page.Close()))
	}
	if err := s.ca.write(s.caFile()); err != nil {
		return fmt.Errorf("sandbox.Start: %w", errors.Join(err, page.Close(), entrance.Close()))
	}
	s.base, s.loginB = "http://"+page.Addr().String(), "https://"+entrance.Addr().String()
	s.life, s.cancel = context.WithCancel(ctx)
	s.serve(page, s.routes())
	s.serve(s.ca.listen(entrance), s.login.routes())
	s.background(s.installAll)
	s.log.Info("a sandbox Microsoft 365 is running; everything in it is invented", "page", s.PageURL(), "login", s.loginB)
	return nil
}

func (s *Sandbox) serve(l net.Listener, h http.Handler) {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		MaxHeaderBytes:    64 << 10,
		BaseContext:       func(net.Listener) context.Context { return s.life },
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	s.servers = append(s.servers, srv)
	s.background(func(context.Context) {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("the sandbox stopped listening", "err", err)
		}
	})
}

// background runs fn so that Close ends it and waits for it. After Close nothing begins.
func (s *Sandbox) background(fn func(context.Context)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.work.Go(func() { fn(s.life) })
	}
}

// Close ends every connection and waits for what is under way. It may be called more than once.
func (s *Sandbox) Close() {
	if s.cancel == nil {
		return
	}
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	for _, srv := range s.servers {
		_ = srv.Close() // what is cut off now has nobody to tell
	}
	s.work.Wait()
	s.client.CloseIdleConnections()
}

// PageURL is the address of the small Teams in the browser.
func (s *Sandbox) PageURL() string { return s.base + "/" }

// Settings gives the environment under which the service takes the sandbox for Microsoft 365. It is complete after Start.
func (s *Sandbox) Settings() map[string]string {
	hosts := append([]string{strings.TrimPrefix(s.base, "http://")}, s.cfg.PlaygroundHosts...)
	bot, _ := url.Parse(s.cfg.BotURL) // checked by New
	env := map[string]string{
		"TEAMSPRO_LISTEN":           bot.Host,
		"TEAMSPRO_PUBLIC_URL":       bot.Scheme + "://" + bot.Host,
		"TEAMSPRO_BOT_METADATA_URL": s.base + "/v1/.well-known/openidconfiguration",
		"TEAMSPRO_BOT_ISSUER":       botIssuer,
		"TEAMSPRO_LOGIN_URL":        s.loginB,
		"TEAMSPRO_GRAPH_URL":        s.base + "/v1.0",
		"TEAMSPRO_SERVICE_HOSTS":    strings.Join(hosts, ","),
		"TEAMSPRO_CA_FILE":          s.caFile(),
		"TEAMSPRO_TENANT_ID":        s.cfg.Tenant,
		"TEAMSPRO_ADMINS":           s.world.person("ana").ObjectID,
	}
	for _, a := range s.cfg.Apps {
		prefix := "TEAMSPRO_" + strings.ToUpper(a.Key)
		env[prefix+"_APP_ID"], env[prefix+"_APP_SECRET"] = a.ID, a.Secret
	}
	return env
}

// serviceURL is where bots answer, as activities name it.
func (s *Sandbox) serviceURL() string { return s.base + "/teams/" }

func (s *Sandbox) app(key string) *App {
	for i := range s.cfg.Apps {
		if s.cfg.Apps[i].Key == key {
			return &s.cfg.Apps[i]
		}
	}
	return nil
}

func (s *Sandbox) appByID(id string) *App {
	for i := range s.cfg.Apps {
		if strings.EqualFold(s.cfg.Apps[i].ID, id) {
			return &s.cfg.Apps[i]
		}
	}
	return nil
}

// listenLoopback binds an address, but none that another machine could reach.
func listenLoopback(ctx context.Context, address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if !isLoopback(host) {
		return nil, fmt.Errorf("the sandbox binds loopback only, not %q", address)
	}
	return new(net.ListenConfig).Listen(ctx, "tcp", address)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

func orElse(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// newGUID makes a random GUID.
func newGUID() string {
	h := randomHex(16)
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-8" + h[17:20] + "-" + h[20:]
}
