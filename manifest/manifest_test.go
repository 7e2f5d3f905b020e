package manifest

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/lang"
)

var update = flag.Bool("update", false, "write the golden files")

const (
	contactID = "5b0f7d1e-0000-4000-8000-000000000001"
	imageID   = "5b0f7d1e-0000-4000-8000-000000000002"
)

func config() Config {
	return Config{
		PublicURL: "https://bot.contoso.example",
		Version:   "1.2.3",
		Contact:   DefaultContact(contactID),
		Image:     DefaultImage(imageID),
	}
}

func mustWrite(t *testing.T, c Config) []Package {
	t.Helper()
	packages, err := Write(c)
	if err != nil {
		t.Fatal(err)
	}
	return packages
}

// file reads one file of a package.
func file(t *testing.T, p Package, name string) []byte {
	t.Helper()
	a, err := unpack(p.Zip)
	if err != nil {
		t.Fatal(err)
	}
	content, err := a.read(name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for _, p := range mustWrite(t, config()) {
		for _, name := range []string{"manifest.json", "en.json", "fr.json"} {
			golden := filepath.Join("testdata", strings.TrimSuffix(p.Name, ".zip")+"-"+name)
			got := file(t, p, name)
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatalf("%v (go test -update writes it)", err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s differs (-want +got):\n%s", golden, diff)
			}
		}
	}
}

func TestPackage(t *testing.T) {
	t.Parallel()
	packages := mustWrite(t, config())
	var names []string
	for _, p := range packages {
		names = append(names, p.Name)
		a, err := unpack(p.Zip)
		if err != nil {
			t.Fatal(err)
		}
		var files []string
		for _, f := range a.File {
			files = append(files, f.Name)
		}
		want := []string{"manifest.json", "color.png", "outline.png", "en.json", "fr.json"}
		if diff := cmp.Diff(want, files); diff != "" {
			t.Errorf("%s: files (-want +got):\n%s", p.Name, diff)
		}
	}
	if diff := cmp.Diff([]string{"contact-pro.zip", "image-pro.zip"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestReproducible(t *testing.T) {
	t.Parallel()
	first, second := mustWrite(t, config()), mustWrite(t, config())
	for i := range first {
		if !bytes.Equal(first[i].Zip, second[i].Zip) {
			t.Errorf("%s differs between two runs", first[i].Name)
		}
	}
}

// TestNoConversationIsRead holds the packages to the promise that no conversation and no Teams file is read (M11).
func TestNoConversationIsRead(t *testing.T) {
	t.Parallel()
	for _, p := range mustWrite(t, config()) {
		for _, name := range []string{"manifest.json", "en.json", "fr.json"} {
			content := string(file(t, p, name))
			for _, scope := range []string{"ChannelMessage.", "ChatMessage.", "Chat.Read", "resourceSpecific", "authorization", "applicationPermissions"} {
				if strings.Contains(content, scope) {
					t.Errorf("%s: %s asks for %s", p.Name, name, scope)
				}
			}
		}
		var d document
		if err := json.Unmarshal(file(t, p, "manifest.json"), &d); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"identity", "messageTeamMembers"}, d.Permissions); diff != "" {
			t.Error(diff)
		}
	}
}

// TestContactWithoutSharePoint: Contact Pro never asks for rights to SharePoint (M17).
func TestContactWithoutSharePoint(t *testing.T) {
	t.Parallel()
	p := mustWrite(t, config())[0]
	for _, name := range []string{"manifest.json", "en.json", "fr.json"} {
		if strings.Contains(string(file(t, p, name)), "Sites.") {
			t.Errorf("%s of Contact Pro names a SharePoint scope", name)
		}
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	c := config()
	c.PublicURL = "https://Pro.Contoso.example/bots/"
	c.Contact.AppID = strings.ToUpper(contactID)
	c.Contact.Name = "Adressen"
	c.Contact.Company = "Contoso Ltd"
	c.Contact.WebsiteURL = "https://www.contoso.example/it"
	var d document
	if err := json.Unmarshal(file(t, mustWrite(t, c)[0], "manifest.json"), &d); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ what, want, got string }{
		{"bot", contactID, d.Bots[0].BotID},
		{"extension", contactID, d.ComposeExtensions[0].BotID},
		{"single sign-on", "api://botid-" + contactID, d.WebApplicationInfo.Resource},
		{"domain", "pro.contoso.example", strings.Join(d.ValidDomains, " ")},
		{"name", "Adressen", d.Name.Short},
		{"company", "Contoso Ltd", d.Developer.Name},
		{"website", "https://www.contoso.example/it", d.Developer.WebsiteURL},
		{"privacy", "https://Pro.Contoso.example/bots/privacy", d.Developer.PrivacyURL},
		{"terms", "https://Pro.Contoso.example/bots/terms", d.Developer.TermsOfUseURL},
		{"help", "https://Pro.Contoso.example/bots/help", d.PublisherDocsURL},
	} {
		if row.got != row.want {
			t.Errorf("%s: %q, want %q", row.what, row.got, row.want)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	eleven := slices.Repeat([]ExtensionCommand{{ID: "find", Type: Query, Context: []string{Compose}, Parameter: "q"}}, 11)
	for _, row := range []struct {
		what   string
		change func(*Config)
		want   string // part of the error
	}{
		{"no app", func(c *Config) { c.Contact.AppID, c.Image.AppID = "", "" }, "neither app"},
		{"app id", func(c *Config) { c.Contact.AppID = "contact" }, "GUID"},
		{"no address", func(c *Config) { c.PublicURL = "" }, "public URL is missing"},
		{"http", func(c *Config) { c.PublicURL = "http://bot.contoso.example" }, "https://"},
		{"IPv4", func(c *Config) { c.PublicURL = "https://192.0.2.7" }, "IP address"},
		{"IPv6", func(c *Config) { c.PublicURL = "https://[2001:db8::7]" }, "IP address"},
		{"half an IP", func(c *Config) { c.PublicURL = "https://127.1" }, "host name"},
		{"port", func(c *Config) { c.PublicURL = "https://bot.contoso.example:8443" }, "port 443"},
		{"empty port", func(c *Config) { c.PublicURL = "https://bot.contoso.example:" }, "port 443"},
		{"user", func(c *Config) { c.PublicURL = "https://ana@bot.contoso.example" }, "a host and a path"},
		{"query", func(c *Config) { c.PublicURL = "https://bot.contoso.example/?a=b" }, "a host and a path"},
		{"wildcard", func(c *Config) { c.PublicURL = "https://*.contoso.example" }, "host name"},
		{"no dot", func(c *Config) { c.PublicURL = "https://intranet" }, "host name"},
		{"accents", func(c *Config) { c.PublicURL = "https://büro.example" }, "xn--"},
		{"long", func(c *Config) { c.PublicURL = "https://bot.example/" + strings.Repeat("a", 500) }, "500"},
		{"website", func(c *Config) { c.Image.WebsiteURL = "http://contoso.example" }, "website URL must begin"},
		{"version", func(c *Config) { c.Version = "1.2" }, "three numbers"},
		{"version zero", func(c *Config) { c.Version = "1.02.0" }, "three numbers"},
		{"version word", func(c *Config) { c.Version = "1.2.3-beta" }, "three numbers"},
		{"company", func(c *Config) { c.Contact.Company = strings.Repeat("é", 33) }, "33 characters"},
		{"unknown command", func(c *Config) { c.Contact.Commands = []Command{{Name: "dance"}} }, "no text"},
		{"command twice", func(c *Config) { c.Contact.Commands = []Command{{Name: "help"}, {Name: "help"}} }, "unique"},
		{"command name", func(c *Config) { c.Contact.Commands = []Command{{Name: "Help me"}} }, "small letters"},
		{"scope", func(c *Config) { c.Contact.Commands = []Command{{Name: "help", Scopes: []string{"channel"}}} }, "scopes are"},
		{"eleven commands", func(c *Config) { c.Contact.Extension = eleven }, "Teams takes 10"},
		{"extension twice", func(c *Config) { c.Contact.Extension = eleven[:2] }, "unique"},
		{"extension id", func(c *Config) { c.Contact.Extension[0].ID = "find contact" }, "letters and digits"},
		{"extension type", func(c *Config) { c.Contact.Extension[0].Type = "search" }, "query or action"},
		{"extension context", func(c *Config) { c.Contact.Extension[0].Context = []string{"chat"} }, "contexts are"},
		{"query without parameter", func(c *Config) { c.Contact.Extension[0].Parameter = "" }, "needs a parameter"},
		{"query on a message", func(c *Config) { c.Contact.Extension[0].Context = []string{Message} }, "does not start"},
		{"action without dialog", func(c *Config) { c.Contact.Extension[1].FetchTask = false }, "opens a dialog"},
	} {
		c := config()
		row.change(&c)
		_, err := Write(c)
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: error %v, want one with %q", row.what, err, row.want)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		ok   bool
	}{
		{"Contact Pro", true},
		{"Image Pro", true},
		{"Profiles", true},
		{"Annuaire d’équipe", true},
		{"Chatelet", true},
		{strings.Repeat("é", 30), true},
		{strings.Repeat("é", 31), false},
		{" Contact Pro", false},
		{"Contact\nPro", false},
		{"NULL", false},
		{"\xff", false},
		{"Contact Pro for Teams", false},
		{"TeamsPlus", false},
		{"My Contacts", false},
		{"Pro Files", false},
		{"chat-pro", false},
		{"CALLS", false},
		{"SharePoint Images", false},
		{"Microsoft Pro", false},
		{"Office Images", false},
	} {
		c := config()
		c.Contact.Name = row.name
		if _, err := Write(c); (err == nil) != row.ok {
			t.Errorf("name %q: error %v, accepted should be %v", row.name, err, row.ok)
		}
	}
}

func TestLocalhost(t *testing.T) {
	t.Parallel()
	c := config()
	c.PublicURL = "https://localhost:8443"
	if got := string(file(t, mustWrite(t, c)[0], "manifest.json")); !strings.Contains(got, `"localhost:8443"`) {
		t.Error("a package for development does not name its port")
	}
}

// TestLimits holds every text of both apps, with the longest name, to the limits of the manifest's schema and of the store.
func TestLimits(t *testing.T) {
	t.Parallel()
	appWord := regexp.MustCompile(`(?i)\bapp(s|lication|lications)?\b`)
	c := config()
	c.Contact.Name, c.Image.Name = strings.Repeat("W", 30), strings.Repeat("W", 30)
	for _, p := range mustWrite(t, c) {
		for _, l := range lang.Languages {
			texts := map[string]string{}
			if err := json.Unmarshal(file(t, p, l+".json"), &texts); err != nil {
				t.Fatal(err)
			}
			for _, row := range []struct {
				key string // the end of it
				max int
			}{
				{"name.short", 30}, {"name.full", 100}, {"description.short", 80}, {"description.full", 4000},
				{"].title", 32}, {"].description", 128},
			} {
				for key, text := range texts {
					if n := utf8.RuneCountInString(text); strings.HasSuffix(key, row.key) && (n < 1 || n > row.max) {
						t.Errorf("%s %s: %s has %d characters, at most %d allowed", p.Name, l, key, n, row.max)
					}
				}
			}
			if appWord.MatchString(texts["description.short"]) {
				t.Errorf("%s %s: the short description says “app”", p.Name, l)
			}
			if !strings.Contains(texts["description.full"], "Entra") {
				t.Errorf("%s %s: the description does not name the administrator's step", p.Name, l)
			}
		}
	}
}

func TestTooLong(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		key string
		max int
	}{
		{"name.short", 30}, {"name.full", 100}, {"description.short", 80}, {"description.full", 4000},
		{"bots[0].commandLists[0].commands[0].title", 32}, {"bots[0].commandLists[0].commands[0].description", 128},
		{"composeExtensions[0].commands[0].parameters[0].title", 32},
	} {
		if err := checkSentence(row.key, strings.Repeat("é", row.max)); err != nil {
			t.Errorf("%s of %d characters: %v", row.key, row.max, err)
		}
		if err := checkSentence(row.key, strings.Repeat("é", row.max+1)); err == nil {
			t.Errorf("%s of %d characters is accepted", row.key, row.max+1)
		}
	}
	if checkSentence("name.full", "") == nil {
		t.Error("an empty text is accepted")
	}
}

// TestLocalisationComplete: each language file has a text for each text of the manifest, and no other.
func TestLocalisationComplete(t *testing.T) {
	t.Parallel()
	for _, p := range mustWrite(t, config()) {
		d, err := decode(file(t, p, "manifest.json"), nil)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]bool{"$schema": true}
		for key := range sentences(d) {
			want[key] = true
		}
		for _, l := range lang.Languages {
			var texts map[string]string
			if err := json.Unmarshal(file(t, p, l+".json"), &texts); err != nil {
				t.Fatal(err)
			}
			got := map[string]bool{}
			for key := range texts {
				got[key] = true
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s %s: keys (-want +got):\n%s", p.Name, l, diff)
			}
		}
	}
}

func TestCommandLists(t *testing.T) {
	t.Parallel()
	name := func(key ...string) string { return key[1] }
	many := make([]Command, 14)
	for i := range many {
		many[i] = Command{Name: string(rune('a' + i))}
	}
	for _, row := range []struct {
		what     string
		commands []Command
		want     map[string]string // scopes -> titles
	}{
		{"none", nil, map[string]string{}},
		{"everywhere", []Command{{Name: "a"}, {Name: "b"}}, map[string]string{"personal team groupChat": "a b"}},
		{"one alone", []Command{{Name: "a", Scopes: []string{Team}}}, map[string]string{"team": "a"}},
		{"mixed", []Command{{Name: "a", Scopes: []string{Personal}}, {Name: "b"}}, map[string]string{"personal": "a b", "team groupChat": "b"}},
		{"three", []Command{{Name: "a", Scopes: []string{Personal}}, {Name: "b", Scopes: []string{Team}}, {Name: "c"}},
			map[string]string{"personal": "a c", "team": "b c", "groupChat": "c"}},
		{"the first ten", many, map[string]string{"personal team groupChat": "a b c d e f g h i j"}},
	} {
		got := map[string]string{}
		for _, l := range commandLists(row.commands, name) {
			var titles []string
			for _, c := range l.Commands {
				titles = append(titles, c.Title)
			}
			got[strings.Join(l.Scopes, " ")] = strings.Join(titles, " ")
		}
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.what, diff)
		}
	}
}

func TestTeamsAppID(t *testing.T) {
	t.Parallel()
	v5 := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	// The ids are written out: an upload with another id would be another app to every tenant that has it.
	for _, row := range []struct{ kind, appID, want string }{
		{Contact, contactID, "333958db-64f3-51a1-a064-0d182ee5f6c5"},
		{Contact, strings.ToUpper(contactID), "333958db-64f3-51a1-a064-0d182ee5f6c5"},
		{Image, contactID, "9fc68d2e-6c53-5ee7-87a2-720b00111f4c"},
	} {
		if got := TeamsAppID(row.kind, row.appID); got != row.want || !v5.MatchString(got) {
			t.Errorf("TeamsAppID(%s, %s) = %s, want %s", row.kind, row.appID, got, row.want)
		}
	}
}
