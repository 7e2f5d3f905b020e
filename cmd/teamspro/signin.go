package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"teamspro/graph"
	"teamspro/internal/auth"
	"teamspro/internal/web"
	"teamspro/store"
)

// signInSettings say with what the sign-ins of people are sealed. The default is a file tokens.key in the data folder, which
// is made at the first start.
type signInSettings struct {
	KeyFile string `name:"key-file" env:"KEY_FILE" help:"File with the keys that seal people's sign-ins, one a line: the first seals, all open. Default: tokens.key in the data folder."`
	Key     string `name:"key" env:"KEY" help:"The same keys in place of a file, with commas between."`
}

func (s signInSettings) check() error {
	if s.Key != "" && s.KeyFile != "" {
		return errors.New("TEAMSPRO_TOKEN_KEY and TEAMSPRO_TOKEN_KEY_FILE exclude each other")
	}
	return nil
}

// seals reads the keys, or makes the default one at the first start. No error repeats what was read.
func (s *settings) seals() (*auth.Seals, error) {
	setting, text := "TEAMSPRO_TOKEN_KEY", []byte(s.Token.Key)
	if s.Token.Key == "" {
		var err error
		setting = "TEAMSPRO_TOKEN_KEY_FILE"
		if text, err = s.readTokenKeys(); err != nil {
			return nil, fmt.Errorf("%s: %w", setting, err)
		}
	}
	seals, err := auth.ParseSeals(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s %w", setting, err)
	}
	return seals, nil
}

func (s *settings) readTokenKeys() ([]byte, error) {
	if s.Token.KeyFile != "" {
		return os.ReadFile(s.Token.KeyFile)
	}
	file := filepath.Join(s.Data, "tokens.key")
	text, err := os.ReadFile(file)
	if !errors.Is(err, fs.ErrNotExist) {
		return text, err
	}
	if _, err := newLinkKey(file); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
}

// scopes are the permissions that an app asks people for, at the Graph of the cloud.
func (s *settings) scopes(app appSettings) []string {
	graph := "https://graph.microsoft.com"
	if u, err := url.Parse(s.GraphURL); err == nil && u.Host != "" {
		graph = u.Scheme + "://" + u.Host
	}
	var scopes []string
	for _, permission := range s.graphPermissions(app) {
		scopes = append(scopes, graph+"/"+permission)
	}
	return scopes
}

// audiences are the application id URIs that a registration with pages of ours has: its host stands in them.
func (s *settings) audiences(app appSettings) []string {
	u, err := url.Parse(s.PublicURL)
	if err != nil || u.Host == "" {
		return nil
	}
	return []string{"api://" + u.Host + "/" + app.ID, "api://" + u.Host + "/botid-" + app.ID}
}

// desks are the sign-ins of people, by app id.
type desks struct {
	settings *settings
	db       *store.DB
	seals    *auth.Seals
	by       map[string]*auth.Users
}

func newDesks(s *settings, db *store.DB) (*desks, error) {
	seals, err := s.seals()
	if err != nil {
		return nil, err
	}
	return &desks{settings: s, db: db, seals: seals, by: map[string]*auth.Users{}}, nil
}

// open gives the sign-in of an app; nil for one that cannot act for people. Two apps of one registration share it.
func (d *desks) open(svc *service, app appSettings, client *http.Client) (*auth.Users, error) {
	if app.ManagedIdentity {
		return nil, nil
	}
	if known := d.by[app.ID]; known != nil {
		return known, nil
	}
	s := d.settings
	users, err := auth.NewUsers(auth.UsersConfig{App: s.appConfig(app, client), Audiences: s.audiences(app), Tenants: s.AllowedTenants, Scopes: s.scopes(app),
		PublicURL: s.PublicURL, Seals: d.seals, Vault: d.db.Tokens(), Log: svc.log})
	if err != nil {
		return nil, err
	}
	d.by[app.ID] = users
	return users, nil
}

// tokens are what the people of an app show Graph; nil when nobody can sign in.
func (d *desks) tokens(app appSettings) graph.Tokens {
	if users := d.by[app.ID]; users != nil {
		return users
	}
	return nil
}

// pages are the sign-ins that have pages.
func (d *desks) pages() []web.SignIn {
	if !strings.HasPrefix(d.settings.PublicURL, "http") {
		return nil
	}
	var all []web.SignIn
	for _, users := range d.by {
		all = append(all, users)
	}
	return all
}

// sweepPause is how often sign-ins that nobody used for 90 days are looked for.
const sweepPause = 24 * time.Hour

// sweep removes sign-ins that nobody uses any more, now and then, until ctx ends.
func (svc *service) sweep(ctx context.Context) {
	for due := time.NewTimer(time.Minute); ; due.Reset(sweepPause) {
		select {
		case <-due.C:
			if n, err := svc.db.Tokens().Sweep(ctx); err != nil || n > 0 {
				svc.log.Info("sign-ins that were not used for 90 days were removed", "count", n, "error", err)
			}
		case <-ctx.Done():
			return
		}
	}
}

// sandboxOrigins are the clients on this machine that the settings name: the sandbox's small Teams. In production there are
// none.
func (s *settings) sandboxOrigins() []string {
	var origins []string
	for _, h := range s.ServiceHosts {
		if host, _, err := net.SplitHostPort(h); err == nil && isLoopback(host) {
			origins = append(origins, "http://"+h)
		}
	}
	return origins
}
