package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"teamspro/bot"
	"teamspro/internal/lang"
	"teamspro/internal/web"
	"teamspro/manifest"
)

type routesCmd struct{}

// Run prints the HTTP endpoints, then both apps' tables as Markdown, as the README carries them.
func (routesCmd) Run(out output) error {
	fmt.Fprint(out, routeTable())
	return nil
}

// endpoints are the addresses that the service answers.
var endpoints = [][2]string{
	{"POST /api/messages", "activities from Teams, with their tokens"},
	{"GET /, /help, /privacy, /terms", "pages for people, in their language, with /static/…"},
	{"GET /avatar/{letters}.png", "pictures of initials for cards"},
	{"GET /x/{tenant}/{file}", "files of contacts and QR codes, behind signed links"},
	{"GET /healthz, /readyz, /metrics", "for the operator"},
}

func routeTable() string {
	var b strings.Builder
	b.WriteString("| Address | What it is |\n|---|---|\n")
	for _, e := range endpoints {
		fmt.Fprintf(&b, "| `%s` | %s |\n", e[0], e[1])
	}
	for _, app := range []bot.App{bot.ContactPro, bot.ImagePro} {
		fmt.Fprintf(&b, "\n| %s | Pattern | What a person gets |\n|---|---|---|\n", title(app))
		for _, r := range new(bot.Bot).Routes(app).Routes() {
			fmt.Fprintf(&b, "| %s | `%s` | %s |\n", r.Surface, r.Pattern, r.Does)
		}
	}
	return b.String()
}

func title(app bot.App) string {
	if app == bot.ImagePro {
		return "Image Pro"
	}
	return "Contact Pro"
}

type datamapCmd struct {
	Lang  string       `default:"en" enum:"en,fr" help:"Language (${enum})."`
	Grace string       `default:"30d" env:"TEAMSPRO_GRACE" help:"As for serve, and so are the next."`
	Keep  keepSettings `embed:"" prefix:"keep-" envprefix:"TEAMSPRO_KEEP_"`
}

// Run prints the data map, which is made from the declarations that the file is made from.
func (c datamapCmd) Run(out output) error {
	keep, err := c.Keep.read(c.Grace)
	if err != nil {
		return err
	}
	t := lang.For(c.Lang)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join([]string{"DATA", "HOLDS", "ACCESSED", "CACHED", "STORED", "BUCKET", "KEPT"}, "\t"))
	for _, d := range dataMap(keep) {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", t.Text(d.Kind), t.Text(d.Holds), yes(d.Accessed), yes(d.Cached), yes(d.Stored), d.Bucket, kept(t, d))
	}
	return w.Flush()
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// helpCommands lists an app's commands for the help page.
func helpCommands(app, language string) []web.Command {
	var list []web.Command
	for _, c := range bot.HelpCommands(bot.App(app), language) {
		list = append(list, web.Command{Name: c.Example, Does: c.Does})
	}
	return list
}

type manifestCmd struct {
	settings `embed:""`
	Out      string `default:"./dist" help:"Folder to write the packages to."`
	Company  string `help:"Who runs the service, as Teams shows it."`
	Website  string `help:"The company's https address."`
}

// Run writes a package for each configured app. The same settings give the same bytes.
func (c *manifestCmd) Run(_ context.Context, out output) error {
	if err := c.checkManifest(); err != nil {
		return err
	}
	packages, err := manifest.Write(c.manifest(c.Company, c.Website))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	for _, p := range packages {
		file := filepath.Join(c.Out, p.Name)
		if err := os.WriteFile(file, p.Zip, 0o644); err != nil {
			return fmt.Errorf("manifest: %w", err)
		}
		fmt.Fprintln(out, file)
	}
	return nil
}

// checkManifest completes the settings; of their problems only those matter that a package shows.
func (c *manifestCmd) checkManifest() error {
	_ = c.complete() // a package needs neither secrets nor a tenant
	if c.PublicURL == "" {
		return fmt.Errorf("TEAMSPRO_PUBLIC_URL is missing: the address at which Teams reaches the service")
	}
	if c.Contact.ID == "" && c.Image.ID == "" {
		return fmt.Errorf("TEAMSPRO_CONTACT_APP_ID or TEAMSPRO_IMAGE_APP_ID is missing: there is no app to package")
	}
	return nil
}

func (s *settings) manifest(company, website string) manifest.Config {
	contact, image := manifest.DefaultContact(s.Contact.ID), manifest.DefaultImage(s.Image.ID)
	contact.Name, image.Name = s.Contact.Name, s.Image.Name
	for _, app := range []*manifest.App{&contact, &image} {
		app.Company, app.WebsiteURL = company, website
	}
	return manifest.Config{PublicURL: s.PublicURL, Version: release, Contact: contact, Image: image}
}
