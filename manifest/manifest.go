// Package manifest writes the app packages of Contact Pro and Image Pro: the zip files that an
// administrator uploads to Teams, each with its manifest, icons and languages.
//
// It uploads nothing, and it does not know which commands exist: they come from the caller, so that
// a package cannot list what the router does not answer.
//
// The manifests have version 1.19. Everything the two products use is in it, and the government and
// Chinese clouds, which the service supports too, accept new versions years later than the public one.
// Version 1.25 would add two commands to a list and the mark for shared and private channels, which
// needs rosters that the products do not claim to read. 1.19 also brought the file of the default
// language, so that every language is written in the same way.
//
// The id of a Teams app is made from its kind and its bot's app id (TeamsAppID): the same registration
// gives the same app for ever, and two apps that share one registration still differ.
package manifest

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"teamspro/internal/lang"
)

// The kinds of apps, as in the names of texts and icons.
const (
	Contact = "contact"
	Image   = "image"
)

// The scopes of a command and the contexts of an extension command, by the manifest's names.
const (
	Personal  = "personal"
	Team      = "team"
	GroupChat = "groupChat"

	Compose    = "compose"
	CommandBox = "commandBox"
	Message    = "message"
)

// The types of extension commands.
const (
	Query  = "query"
	Action = "action"
)

// MaxCommands is how many commands Teams shows of one list (manifest 1.19); the rest are left out.
const MaxCommands = 10

// Config is what the packages are made of.
type Config struct {
	// PublicURL is the https address Teams reaches the service at: a host name on port 443, and a path if any.
	PublicURL string
	// Version is three numbers, "1.4.0". It must grow with every package that is uploaded.
	Version string
	Contact App
	Image   App
}

// App describes one of the two apps.
type App struct {
	// AppID is the app id of the bot's registration, a GUID; an app without one is not built.
	AppID string
	// Name is what people see, 1–30 characters without Microsoft's product words; "Contact Pro" or "Image Pro" when empty.
	Name string
	// Company is who runs it, ≤ 32 characters; the name of the app when empty.
	Company string
	// WebsiteURL is the https address of that company; PublicURL when empty.
	WebsiteURL string
	// Files lets people attach files in the personal chat.
	Files bool
	// Commands are the chat commands, the most useful first.
	Commands []Command
	// Extension are the commands of the message extension; none leaves it out.
	Extension []ExtensionCommand
}

// Command is a chat command by its name in the router. Its title and description are the texts
// manifest.<kind>.command.<name> and manifest.<kind>.command.<name>.does. Choosing it in Teams sends the
// title as a message, so each title is a word that the bot understands (a test in internal/lang compares).
type Command struct {
	Name string
	// Scopes are where it is listed; none means everywhere.
	Scopes []string
}

// ExtensionCommand is a command of the message extension. Its texts are manifest.<kind>.extension.<id> and
// ….does, those of its parameter ….<parameter> and ….<parameter>.does.
type ExtensionCommand struct {
	ID string
	// Type is Query or Action.
	Type    string
	Context []string
	// InitialRun asks once without a word when a query opens.
	InitialRun bool
	// FetchTask makes an action open a dialog that the bot sends.
	FetchTask bool
	// Parameter is the name under which the words of a query arrive.
	Parameter string
}

// Package is a finished app package.
type Package struct {
	Name string // contact-pro.zip, image-pro.zip
	Zip  []byte
}

// DefaultContact is Contact Pro with the commands it has.
func DefaultContact(appID string) App {
	return App{
		AppID: appID, Files: true,
		Commands: []Command{
			{Name: "find"}, {Name: "add"}, {Name: "import", Scopes: []string{Personal}}, {Name: "favourites", Scopes: []string{Personal}}, {Name: "who-is"}, {Name: "tags"},
			{Name: "books"}, {Name: "trash"}, {Name: "announce", Scopes: []string{Team}}, {Name: "settings"}, {Name: "privacy", Scopes: []string{Team, GroupChat}}, {Name: "help"},
		},
		Extension: []ExtensionCommand{
			{ID: "findContact", Type: Query, Context: []string{Compose, CommandBox}, InitialRun: true, Parameter: "q"},
			{ID: "addContact", Type: Action, Context: []string{Compose, Message}, FetchTask: true},
		},
	}
}

// DefaultImage is Image Pro with the commands it has.
func DefaultImage(appID string) App {
	return App{
		AppID: appID, Files: true,
		Commands: []Command{
			{Name: "images"}, {Name: "resize"}, {Name: "crop"}, {Name: "redact"}, {Name: "convert"}, {Name: "save"}, {Name: "file", Scopes: []string{Personal}}, {Name: "info"}, {Name: "undo"}, {Name: "announce", Scopes: []string{Team}}, {Name: "help"},
		},
		Extension: []ExtensionCommand{
			{ID: "findImage", Type: Query, Context: []string{Compose, CommandBox}, InitialRun: true, Parameter: "q"},
			{ID: "editImage", Type: Action, Context: []string{Message, Compose}, FetchTask: true},
		},
	}
}

// product is what sets one kind of app apart from the other.
type product struct {
	kind, name, file, accent string
}

var (
	contactPro = product{kind: Contact, name: "Contact Pro", file: "contact-pro.zip", accent: "#3B5BC7"}
	imagePro   = product{kind: Image, name: "Image Pro", file: "image-pro.zip", accent: "#0F766E"}
)

// Write makes the packages of the apps that have an app id. The same Config gives the same bytes.
// Its errors name the setting at fault in plain words, for the operator.
func Write(c Config) ([]Package, error) {
	var packages []Package
	for _, a := range []struct {
		product
		App
	}{{contactPro, c.Contact}, {imagePro, c.Image}} {
		if a.AppID == "" {
			continue
		}
		zip, err := write(c, a.product, a.App)
		if err != nil {
			return nil, fmt.Errorf("manifest.Write: %s: %w", a.product.name, err)
		}
		packages = append(packages, Package{Name: a.file, Zip: zip})
	}
	if packages == nil {
		return nil, errors.New("manifest.Write: neither app has an app id")
	}
	return packages, nil
}

func write(c Config, p product, a App) ([]byte, error) {
	s, err := settle(c, p, a)
	if err != nil {
		return nil, err
	}
	documents := map[string]*document{}
	for _, l := range lang.Languages {
		d := build(s, lang.For(l))
		if err := checkDocument(d); err != nil {
			return nil, fmt.Errorf("language %s: %w", l, err)
		}
		documents[l] = d
	}
	return pack(s, documents)
}

// settled is a Config that was checked, with its defaults filled in.
type settled struct {
	product
	App
	version string
	base    string // the public address without a slash at the end
	host    string
}

func settle(c Config, p product, a App) (settled, error) {
	a.Name = cmp.Or(a.Name, p.name)
	a.Company = cmp.Or(a.Company, a.Name)
	base, host, err := checkAddress("public URL", c.PublicURL)
	if err != nil {
		return settled{}, err
	}
	a.WebsiteURL = cmp.Or(a.WebsiteURL, base)
	if _, _, err := checkAddress("website URL", a.WebsiteURL); err != nil {
		return settled{}, err
	}
	if a.AppID, err = checkAppID(a.AppID); err != nil {
		return settled{}, err
	}
	if err := errors.Join(checkVersion(c.Version), checkName(a.Name), checkCommands(a.Commands), checkExtension(a.Extension)); err != nil {
		return settled{}, err
	}
	return settled{product: p, App: a, version: c.Version, base: base, host: host}, nil
}

// built is the time every file of a package bears, so that the same input gives the same bytes.
var built = time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC)

func pack(s settled, documents map[string]*document) ([]byte, error) {
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	put := func(name string, content []byte) error {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: built}
		h.SetMode(0o644)
		w, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		_, err = w.Write(content)
		return err
	}
	err := errors.Join(
		put("manifest.json", encode(documents[lang.Default])),
		put("color.png", Icon(s.kind, colorSize)),
		put("outline.png", outline(s.kind)),
	)
	for _, l := range lang.Languages {
		err = errors.Join(err, put(l+".json", encode(localisation(documents[l]))))
	}
	if err = errors.Join(err, z.Close()); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// encode writes JSON for people to read. What it is given always encodes.
func encode(v any) []byte {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		panic("manifest: " + err.Error())
	}
	return buf.Bytes()
}
