package main

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"teamspro/bot"
	"teamspro/internal/auth"
	"teamspro/internal/configuration"
	"teamspro/internal/contact"
	"teamspro/internal/identity"
	"teamspro/internal/image"
	"teamspro/internal/ops"
	"teamspro/internal/web"
	"teamspro/manifest"
	"teamspro/store"
)

// service is the whole program at work.
type service struct {
	handler   http.Handler
	admin     http.Handler
	bot       *bot.Bot
	verifier  *auth.Verifier
	db        *store.DB
	books     *contact.Books
	pictures  *pictures      // nil without Image Pro
	watcher   *image.Watcher // nil where there is nothing to watch
	notices   *notices
	desks     *desks
	logins    []*login
	tenants   []string
	retention *retention
	imports   *contact.Imports
	premises  *premises
	takeout   takeout
	log       *slog.Logger
	draining  atomic.Bool
}

// wire puts the parts together, from the file up to the endpoint.
func wire(ctx context.Context, s *settings, log *slog.Logger) (*service, error) {
	roots := sync.OnceValue(s.roots)
	go roots() // they are read while the file is examined
	db, err := store.Open(ctx, store.Config{Path: filepath.Join(s.Data, "teamspro.db"), Now: s.clock.Now, Log: log})
	if err != nil {
		return nil, fmt.Errorf("TEAMSPRO_DATA: %w", err)
	}
	svc := &service{db: db, log: log, tenants: s.AllowedTenants}
	if err := svc.wire(s, roots); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return svc, nil
}

// wire puts the parts together that stand on the file.
func (svc *service) wire(s *settings, roots func() *x509.CertPool) (err error) {
	if svc.desks, err = newDesks(s, svc.db); err != nil {
		return err
	}
	out := newOutside(s, roots())
	svc.verifier = auth.NewVerifier(auth.VerifierConfig{MetadataURL: s.BotMetadataURL, Issuer: s.BotIssuer, Audiences: []string{s.Contact.ID, s.Image.ID},
		HTTP: out.client("keys", 10*time.Second), Log: svc.log})
	contactApp, imageApp, err := svc.apps(s, out)
	if err != nil {
		return err
	}
	configurations := newConfigurations(s, svc.db.Configurations(), contactApp.Roster, imageApp.Roster)
	if err := svc.addContacts(s, contactApp.Roster, configurations); err != nil {
		return err
	}
	cfg := svc.botConfig(s, out.metrics, configurations)
	cfg.Contact, cfg.Image = contactApp, imageApp
	if s.Image.ID != "" {
		if err := svc.addPictures(s, &cfg, out.graph); err != nil {
			return err
		}
	}
	cfg.Watcher = svc.watch(s, cfg.Image.ID, configurations)
	svc.bot = bot.New(cfg)
	svc.notices = newNotices(svc.db, svc.bot, configurations, s.clock.Now, out.metrics, svc.log)
	svc.addUpkeep(s, cfg.Gallery)
	svc.admin = ops.Handler(ops.Health{Metrics: out.metrics, Draining: svc.draining.Load,
		Checks: map[string]func() error{"keys": svc.verifier.Ready, "login": svc.loggedIn, "store": svc.stored}})
	svc.handler = svc.routes(s)
	return nil
}

// outside is how the service calls others.
type outside struct {
	metrics   *ops.Metrics
	transport http.RoundTripper
	connector http.RoundTripper
	graph     http.RoundTripper
	limits    *bot.Limits // of what both bots send
}

func newOutside(s *settings, roots *x509.CertPool) outside {
	metrics := ops.NewMetrics(version())
	transport := bot.GuardedTransport(s.outbound(), roots)
	connector := bot.Lean(transport, func(status int, took time.Duration) { metrics.Outbound("connector", status, took) })
	return outside{metrics: metrics, transport: transport, connector: connector,
		graph: ops.RoundTripper(transport, "graph", metrics), limits: bot.NewLimits(s.SendRate)}
}

// client makes calls that are counted under a name.
func (o outside) client(op string, timeout time.Duration) *http.Client {
	return &http.Client{Transport: ops.RoundTripper(o.transport, op, o.metrics), Timeout: timeout}
}

// apps are both apps as the bot knows them; of one that is not configured nothing is there.
func (svc *service) apps(s *settings, out outside) (contactApp, imageApp bot.AppConfig, err error) {
	contactApp, errContact := svc.app(s, s.Contact, out)
	imageApp, errImage := contactApp, error(nil) // one bot when they have one id: it logs in once, and knows its conversations once
	if !strings.EqualFold(s.Contact.ID, s.Image.ID) {
		imageApp, errImage = svc.app(s, s.Image, out)
	}
	return contactApp, imageApp, errors.Join(named("TEAMSPRO_CONTACT_APP_", errContact), named("TEAMSPRO_IMAGE_APP_", errImage))
}

// app is how the service acts as an app: its tokens, its way to conversations, and the sign-in of people.
func (svc *service) app(s *settings, a appSettings, out outside) (bot.AppConfig, error) {
	if a.ID == "" {
		return bot.AppConfig{}, nil
	}
	tokens, err := s.tokens(a, out.client("login", 10*time.Second))
	if err != nil {
		return bot.AppConfig{}, err
	}
	svc.logins = append(svc.logins, &login{app: a.Name, tokens: tokens})
	users, err := svc.desks.open(svc, a, out.client("signin", 10*time.Second))
	if err != nil {
		return bot.AppConfig{}, err
	}
	connector := bot.NewConnector(bot.ConnectorConfig{AppID: a.ID, Tokens: tokens, HTTP: &http.Client{Transport: out.connector}, Hosts: s.ServiceHosts,
		Limits: out.limits, Log: svc.log, MaxFile: s.Pictures.MaxMB << 20})
	c := bot.AppConfig{ID: a.ID, Name: a.Name, Connector: connector, Roster: bot.NewRoster(bot.RosterConfig{App: a.ID, Connector: connector, References: svc.db.Conversations()})}
	if users == nil {
		return c, nil
	}
	c.SignIn = users
	c.Profiles, err = newGraph(s, users, out.graph, svc.log)
	return c, err
}

// addContacts adds the use cases of contacts.
func (svc *service) addContacts(s *settings, roster *bot.Roster, configurations *configuration.Configurations) error {
	db := svc.db
	stored := onStore(db)
	stored.Roster, stored.Policy, stored.Snapshots = roster, policy{configurations}, indexFiles{s.Data}
	stored.Now, stored.Log, stored.Region = s.clock.Now, svc.log, s.Region
	svc.books = contact.New(stored)
	links, err := newLinks(s)
	if err != nil {
		return err
	}
	svc.takeout = takeout{svc.books, links}
	svc.imports = contact.NewImports(contact.ImportsConfig{Books: svc.books, Shelf: db.Imports()})
	return nil
}

// botConfig is what the bot works with, but for its apps and pictures.
func (svc *service) botConfig(s *settings, metrics *ops.Metrics, configurations *configuration.Configurations) bot.Config {
	db := svc.db
	return bot.Config{Verifier: svc.verifier, Books: svc.books, Imports: svc.imports, Takeout: svc.takeout, Conversations: db.Conversations(), Turns: db.Turns(), Now: s.clock.Now, Metrics: metrics, Log: svc.log,
		Configurations: configurations, Announcements: db.Announcements(), Unsaid: db.Outbox(), Grace: s.keep.Grace,
		Tenants: s.AllowedTenants, PublicURL: s.PublicURL, Region: s.Region, Avatar: web.AvatarPath, Kept: s.keptRows, People: db.Profiles()}
}

// addUpkeep adds what the service does for its operator.
func (svc *service) addUpkeep(s *settings, gallery *image.Gallery) {
	db := svc.db
	svc.retention = &retention{keep: s.keep, now: s.clock.Now, tenants: db.Tenants, books: svc.books, gallery: cmp.Or(gallery, asideGallery(db, s.clock.Now)), shelf: db.Configurations(), old: db.Retention(), folder: s.Data, log: svc.log}
	svc.premises = &premises{data: s.Data, db: db, books: svc.books, imports: svc.imports, retention: svc.retention, now: s.clock.Now, log: svc.log}
}

// addPictures gives the bot what Image Pro works with.
func (svc *service) addPictures(s *settings, cfg *bot.Config, graphCalls http.RoundTripper) error {
	drives, err := s.drives(svc.desks.tokens(s.Image), graphCalls, svc.log)
	if err != nil {
		return err
	}
	if svc.pictures, err = newPictures(s, drives); err != nil {
		return err
	}
	roster := cfg.Image.Roster
	cfg.Studio, cfg.Preview = svc.pictures.studio, svc.pictures.preview
	cfg.Gallery = svc.pictures.open(svc.db, roster, s.clock.Now)
	cfg.Pins = image.NewPins(cfg.Studio, svc.db.Pins(), roster, s.clock.Now)
	cfg.Presets = image.NewPresetBook(svc.db.Presets(), roster, s.clock.Now)
	cfg.Batches = image.NewBatches(cfg.Studio, svc.db.Batches(), svc.log, s.clock.Now)
	return nil
}

// stored tells whether the file takes writes. Why it does not stands in the log; here it would name paths to whoever asks.
func (svc *service) stored() error {
	if svc.db.Ready() != nil {
		return errors.New("the database takes no writes now")
	}
	return nil
}

// tokens are the tokens of an app of its own.
func (s *settings) tokens(a appSettings, client *http.Client) (*auth.AppTokens, error) {
	return auth.NewAppTokens(s.appConfig(a, client))
}

// appConfig says as whom an app asks Entra for tokens.
func (s *settings) appConfig(a appSettings, client *http.Client) auth.AppConfig {
	return auth.AppConfig{AppID: a.ID, TenantID: s.TenantID, LoginURL: s.LoginURL, Secret: a.Secret, CertificateFile: a.Certificate,
		ManagedIdentity: a.ManagedIdentity, Federated: a.Federated, HTTP: client, Scope: s.scope}
}

// named says a problem of an app under the name of the setting that the operator knows.
func named(prefix string, err error) error {
	var problem *auth.SettingError
	if !errors.As(err, &problem) {
		return err
	}
	settings := map[string]string{"Secret": prefix + "SECRET", "CertificateFile": prefix + "CERTIFICATE", "ManagedIdentity": prefix + "MANAGED_IDENTITY",
		"Federated": prefix + "FEDERATED", "TenantID": "TEAMSPRO_TENANT_ID", "LoginURL": "TEAMSPRO_LOGIN_URL"}
	return fmt.Errorf("%s %s", cmp.Or(settings[problem.Setting], prefix+"ID"), problem.Problem)
}

// login tells whether an app has got a token of its own since the start. Without one it can answer nobody, and the
// operator should hear of a wrong secret before people do.
type login struct {
	app    string
	tokens *auth.AppTokens
	done   atomic.Bool
}

const loginPause = 5 * time.Second

// run asks for a token until there is one.
func (l *login) run(ctx context.Context, log *slog.Logger) {
	for told := false; ; {
		_, err := l.tokens.Token(ctx)
		if err == nil {
			l.done.Store(true)
			return
		}
		if !told && ctx.Err() == nil {
			log.Warn("no token from the login service yet", "app", l.app, "error", err)
			told = true
		}
		select {
		case <-time.After(loginPause):
		case <-ctx.Done():
			return
		}
	}
}

func (svc *service) loggedIn() error {
	for _, l := range svc.logins {
		if !l.done.Load() {
			return fmt.Errorf("%s has no token from the login service yet", l.app)
		}
	}
	return nil
}

// routes is everything that is served on the listener.
func (svc *service) routes(s *settings) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/api/messages", svc.bot)
	pages := web.Config{PublicURL: s.PublicURL, Names: s.names(), Privacy: s.privacyRows, Commands: helpCommands, Icon: manifest.Icon, SignIns: svc.desks.pages(), TeamsOrigins: s.sandboxOrigins()}
	if svc.pictures != nil {
		pages.Previews = svc.pictures.server
	}
	if s.Contact.ID != "" {
		pages.Exports = web.NewExportServer(svc.takeout.links, svc.takeout, svc.log)
	}
	mux.Handle("/", web.New(pages))
	if s.AdminListen == "" {
		for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
			mux.Handle(path, svc.admin)
		}
	}
	return mux
}

// names are the names of the apps that are configured, by kind.
func (s *settings) names() map[string]string {
	names := map[string]string{}
	if s.Contact.ID != "" {
		names[manifest.Contact] = s.Contact.Name
	}
	if s.Image.ID != "" {
		names[manifest.Image] = s.Image.Name
	}
	return names
}

// off lists what the settings leave out, for the first line of the log.
func (s *settings) off() []string {
	var off []string
	if s.Contact.ID == "" {
		off = append(off, "Contact Pro (no app id)")
	}
	if s.Image.ID == "" {
		off = append(off, "Image Pro (no app id)")
	}
	if s.PublicURL == "" {
		off = append(off, "pictures, help links and sign-in pages (no public url)")
	}
	for _, a := range []appSettings{s.Contact, s.Image} {
		if a.ID != "" && a.ManagedIdentity {
			off = append(off, "sign-in of people to "+a.Name+" (a managed identity cannot act for them)")
		}
	}
	return append(off, s.graphOff()...)
}

// work runs what goes on in the background until ctx ends.
func (svc *service) work(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := svc.verifier.Run(ctx); ctx.Err() == nil {
			return err
		}
		return nil
	})
	for _, l := range svc.logins {
		group.Go(func() error {
			l.run(ctx, svc.log)
			return nil
		})
	}
	group.Go(func() error {
		svc.notices.run(ctx, svc.log)
		return nil
	})
	if svc.watcher != nil {
		group.Go(func() error { return svc.watcher.Run(ctx) })
	}
	group.Go(func() error {
		svc.sweep(ctx)
		return nil
	})
	group.Go(func() error {
		svc.retention.run(ctx)
		return nil
	})
	group.Go(func() error {
		svc.warm(ctx)
		svc.saveIndexes(ctx)
		return nil
	})
	return group.Wait()
}

// How the search index is saved. While the service runs, a snapshot is written anew when a start would have much to make
// up for, so that a crash costs little; at a stop when it would have to make up for more than a moment's work. What the
// last snapshot misses comes from the journal, which reaches back 10,000 changes.
const (
	firstSave  = time.Minute
	savePause  = 5 * time.Minute
	saveBehind = 5000
	stopBehind = 500
	stopSave   = 4 * time.Second // at least; a stop mostly leaves far more
)

// saveIndexes saves the search index now and then, until ctx ends.
func (svc *service) saveIndexes(ctx context.Context) {
	for due := time.NewTimer(firstSave); ; due.Reset(savePause) {
		select {
		case <-due.C:
			svc.unsaved(svc.books.SaveIndexes(ctx, saveBehind))
		case <-ctx.Done():
			return
		}
	}
}

// lastSave saves the search index at a stop, in the time that is left of it.
func (svc *service) lastSave(until time.Time) {
	ctx, cancel := context.WithDeadline(context.Background(), until)
	defer cancel()
	saved := make(chan error, 1)
	go func() { saved <- svc.books.SaveIndexes(ctx, stopBehind) }()
	select {
	case err := <-saved:
		svc.unsaved(err)
	case <-ctx.Done():
		svc.unsaved(ctx.Err())
	}
}

// unsaved says why the search index was not saved.
func (svc *service) unsaved(err error) {
	if err != nil {
		svc.log.Warn("the search index was not saved; the next start makes up for it", "error", err)
	}
}

// warm fills the search index of the known tenants, so that the first question of the day is answered like every other.
func (svc *service) warm(ctx context.Context) {
	for _, t := range svc.tenants {
		if t == "*" {
			continue
		}
		if err := svc.books.Load(ctx, identity.Tenant(strings.ToLower(t))); err != nil && ctx.Err() == nil {
			svc.log.Error("the search index could not be filled; it will be at the first search", "error", err)
		}
	}
}

func (svc *service) close() {
	if svc.pictures != nil {
		if err := svc.pictures.close(); err != nil {
			svc.log.Warn("the previews could not be removed; they will be at the next start", "error", err)
		}
	}
	if err := svc.db.Close(); err != nil {
		svc.log.Error("the database did not close", "error", err)
	}
}
