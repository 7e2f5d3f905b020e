package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"

	"golang.org/x/sync/errgroup"

	"teamspro/internal/ops"
	"teamspro/internal/sandbox"
	"teamspro/manifest"
)

// App ids of the sandbox, the same every time so that its pictures and logs can be compared.
const (
	sandboxContactApp = "5b0f7d1e-0000-4000-8000-00000000c0de"
	sandboxImageApp   = "5b0f7d1e-0000-4000-8000-00000001a9e5"
)

type sandboxCmd struct {
	Listen     string `default:"127.0.0.1:3979" help:"Address of the page, the connector and Graph."`
	BotListen  string `default:"127.0.0.1:3978" help:"Address of the service."`
	Data       string `help:"Folder to keep the database in; without it everything is forgotten at the end."`
	Packages   string `default:"test/e2e/node_modules" help:"Folder with the npm packages of the page."`
	Only       bool   `help:"Start only the Microsoft side and print the settings for a service started elsewhere."`
	Image      bool   `default:"true" negatable:"" help:"Install Image Pro, too."`
	Empty      bool   `help:"Begin with empty books."`
	Images     string `type:"existingdir" placeholder:"DIR" help:"Folder with pictures to offer behind the paperclip and to lay into the Photographs of the team, in place of the drawn ones: up to 64 files of up to 16 MB."`
	Playground bool   `help:"Start Microsoft's Agents Playground as a second client (it is installed by name)."`
	Quiet      bool   `help:"Print only the address of the page."`

	clock *sandbox.Clock // of the service, set from the page
}

// Run starts a Microsoft 365 in the small and, against it, the service with the settings that a real tenant would give
// it. The service does not know the difference.
func (c *sandboxCmd) Run(ctx context.Context, out output) error {
	log, err := c.logger(out)
	if err != nil {
		return err
	}
	folder, remove, err := c.folder()
	if err != nil {
		return err
	}
	defer remove()
	listener, err := c.openPort(ctx)
	if err != nil {
		return err
	}
	if listener != nil {
		defer listener.Close()
	}
	c.clock = &sandbox.Clock{}
	box, err := c.sandbox(folder, log)
	if err != nil {
		return err
	}
	if err := box.Start(ctx); err != nil {
		return err
	}
	defer box.Close()
	if c.Only {
		return c.printSettings(ctx, out, box)
	}
	return c.serve(ctx, out, box, listener, folder, log)
}

func (c *sandboxCmd) logger(out output) (*slog.Logger, error) {
	if c.Quiet {
		return ops.Logger(out.Err, "text", "error")
	}
	return ops.Logger(out.Err, "text", "info")
}

func (c *sandboxCmd) folder() (folder string, remove func(), err error) {
	if c.Data != "" {
		return c.Data, func() {}, os.MkdirAll(c.Data, 0o700)
	}
	folder, err = os.MkdirTemp("", "teamspro-sandbox-")
	return folder, func() { _ = os.RemoveAll(folder) }, err // a leftover of a few kilobytes in the temporary folder harms nobody
}

// openPort opens the service's port before anything is told its address. It stays open until the service takes it over, so
// that nobody else gets it in between; with --only it is left to whoever starts the service.
func (c *sandboxCmd) openPort(ctx context.Context) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", c.BotListen)
	if err != nil {
		return nil, fmt.Errorf("--bot-listen: %w", err)
	}
	c.BotListen = l.Addr().String()
	if c.Only {
		return nil, l.Close()
	}
	return l, nil
}

func (c *sandboxCmd) sandbox(folder string, log *slog.Logger) (*sandbox.Sandbox, error) {
	apps, err := c.apps()
	if err != nil {
		return nil, err
	}
	cfg := sandbox.Config{Listen: c.Listen, BotURL: "http://" + c.BotListen + "/api/messages", Apps: apps, PageModules: c.Packages, Pictures: c.Images, StateDir: folder, Clock: c.clock, Log: log}
	if c.Playground {
		cfg.PlaygroundHosts = []string{playgroundHost}
	}
	return sandbox.New(cfg)
}

// apps are the apps as an administrator would upload them: packed, and read from the package.
func (c *sandboxCmd) apps() ([]sandbox.App, error) {
	image := ""
	if c.Image {
		image = sandboxImageApp
	}
	packages, err := manifest.Write(manifest.Config{PublicURL: "https://teamspro.contoso.example", Version: release,
		Contact: manifest.DefaultContact(sandboxContactApp), Image: manifest.DefaultImage(image)})
	if err != nil {
		return nil, err
	}
	known := map[string]sandbox.App{"contact-pro.zip": {Key: "contact", ID: sandboxContactApp, Name: "Contact Pro"}, "image-pro.zip": {Key: "image", ID: sandboxImageApp, Name: "Image Pro"}}
	var apps []sandbox.App
	for _, p := range packages {
		summary, err := manifest.Parse(p.Zip)
		if err != nil {
			return nil, err
		}
		app := known[p.Name]
		app.Manifest = &summary
		apps = append(apps, app)
	}
	return apps, nil
}

func (c *sandboxCmd) printSettings(ctx context.Context, out output, box *sandbox.Sandbox) error {
	fmt.Fprintln(out, "page", box.PageURL())
	for name, value := range box.Settings() {
		fmt.Fprintf(out, "export %s=%s\n", name, value)
	}
	<-ctx.Done()
	return nil
}

// serve fills the sample books and runs the service until ctx ends.
func (c *sandboxCmd) serve(ctx context.Context, out output, box *sandbox.Sandbox, listener net.Listener, folder string, log *slog.Logger) error {
	s, err := c.settings(box.Settings(), folder)
	if err != nil {
		return err
	}
	if !c.Empty {
		if err := sample(ctx, s, box); err != nil {
			return err
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		return serve(ctx, s, log, listener, func() { c.announce(out, box) })
	})
	if c.Playground {
		group.Go(func() error { return playground(ctx, out, box) })
	}
	return group.Wait()
}

// settings gives the service the same settings that an operator sets, parsed in the same way.
func (c *sandboxCmd) settings(env map[string]string, folder string) (*settings, error) {
	flags := map[string]string{
		"listen": env["TEAMSPRO_LISTEN"], "public-url": env["TEAMSPRO_PUBLIC_URL"], "data": folder, "tenant-id": env["TEAMSPRO_TENANT_ID"], "admins": env["TEAMSPRO_ADMINS"],
		"bot-metadata-url": env["TEAMSPRO_BOT_METADATA_URL"], "bot-issuer": env["TEAMSPRO_BOT_ISSUER"], "login-url": env["TEAMSPRO_LOGIN_URL"],
		"graph-url": env["TEAMSPRO_GRAPH_URL"], "service-hosts": env["TEAMSPRO_SERVICE_HOSTS"], "ca-file": env["TEAMSPRO_CA_FILE"], "region": "GB",
		"contact-app-id": env["TEAMSPRO_CONTACT_APP_ID"], "contact-app-secret": env["TEAMSPRO_CONTACT_APP_SECRET"],
		"image-app-id": env["TEAMSPRO_IMAGE_APP_ID"], "image-app-secret": env["TEAMSPRO_IMAGE_APP_SECRET"],
	}
	s, err := settingsFrom(flags)
	if err == nil {
		s.clock = c.clock
	}
	return s, err
}

func (c *sandboxCmd) installed() string {
	if c.Image {
		return "Contact Pro and Image Pro"
	}
	return "Contact Pro"
}

func (c *sandboxCmd) announce(out output, box *sandbox.Sandbox) {
	if c.Quiet {
		fmt.Fprintln(out, "page", box.PageURL())
		return
	}
	fmt.Fprintf(out, "\n  Open %s in a browser: a small Teams with %s installed.\n", box.PageURL(), c.installed())
	fmt.Fprintln(out, "  No account, no tenant, invented people. Try: find marta, or paste a picture into the chat with Image Pro.")
	if c.Data == "" {
		fmt.Fprintln(out, "  Everything is forgotten when you stop this (Ctrl-C); --data keeps it.")
	}
	fmt.Fprintln(out)
}
