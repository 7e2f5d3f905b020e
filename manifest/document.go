package manifest

import (
	"crypto/sha1"
	"fmt"
	"maps"
	"slices"
	"strings"

	"teamspro/internal/lang"
)

const (
	schemaVersion = "1.19"
	schemaURL     = "https://developer.microsoft.com/json-schemas/teams/v1.19/MicrosoftTeams.schema.json"
	languageURL   = "https://developer.microsoft.com/json-schemas/teams/v1.19/MicrosoftTeams.Localization.schema.json"
	defaultTag    = "en-us"
)

// document is manifest.json, as far as the products use it (reference: Microsoft's manifest schema 1.19).
type document struct {
	Schema             string             `json:"$schema"`
	ManifestVersion    string             `json:"manifestVersion"`
	Version            string             `json:"version"`
	ID                 string             `json:"id"`
	Developer          developer          `json:"developer"`
	Name               naming             `json:"name"`
	Description        naming             `json:"description"`
	Icons              icons              `json:"icons"`
	AccentColor        string             `json:"accentColor"`
	PublisherDocsURL   string             `json:"publisherDocsUrl"`
	LocalizationInfo   localizationInfo   `json:"localizationInfo"`
	Bots               []bot              `json:"bots"`
	ComposeExtensions  []extension        `json:"composeExtensions,omitempty"`
	Permissions        []string           `json:"permissions"`
	ValidDomains       []string           `json:"validDomains"`
	WebApplicationInfo webApplicationInfo `json:"webApplicationInfo"`
	InstallScope       string             `json:"defaultInstallScope"`
	GroupCapability    groupCapability    `json:"defaultGroupCapability"`
}

type developer struct {
	Name          string `json:"name"`
	WebsiteURL    string `json:"websiteUrl"`
	PrivacyURL    string `json:"privacyUrl"`
	TermsOfUseURL string `json:"termsOfUseUrl"`
}

type naming struct {
	Short string `json:"short"`
	Full  string `json:"full"`
}

type icons struct {
	Color   string `json:"color"`
	Outline string `json:"outline"`
}

type localizationInfo struct {
	DefaultTag  string     `json:"defaultLanguageTag"`
	DefaultFile string     `json:"defaultLanguageFile,omitempty"`
	Additional  []language `json:"additionalLanguages,omitempty"`
}

type language struct {
	Tag  string `json:"languageTag"`
	File string `json:"file"`
}

type bot struct {
	BotID        string        `json:"botId"`
	Scopes       []string      `json:"scopes"`
	Files        bool          `json:"supportsFiles,omitempty"`
	CommandLists []commandList `json:"commandLists,omitempty"`
	Configured   configuration `json:"configuration"`
}

// configuration says where the app has settings of its own, which Teams opens with config/fetch.
type configuration struct {
	Team      configurable `json:"team"`
	GroupChat configurable `json:"groupChat"`
}

// scopes are where there is something to configure, by the words of the manifest.
func (c configuration) scopes() (scopes []string) {
	if c.Team.FetchTask {
		scopes = append(scopes, "team")
	}
	if c.GroupChat.FetchTask {
		scopes = append(scopes, "groupChat")
	}
	return scopes
}

type configurable struct {
	FetchTask bool `json:"fetchTask"`
}

type commandList struct {
	Scopes   []string  `json:"scopes"`
	Commands []command `json:"commands"`
}

type command struct {
	Title       string `json:"title"`
	Description string `json:"description"`
}

type extension struct {
	BotID    string             `json:"botId"`
	Commands []extensionCommand `json:"commands"`
}

type extensionCommand struct {
	ID          string      `json:"id"`
	Type        string      `json:"type"`
	Title       string      `json:"title"`
	Description string      `json:"description"`
	Context     []string    `json:"context"`
	InitialRun  bool        `json:"initialRun,omitempty"`
	FetchTask   bool        `json:"fetchTask,omitempty"`
	Parameters  []parameter `json:"parameters,omitempty"`
}

type parameter struct {
	Name        string `json:"name"`
	Title       string `json:"title"`
	Description string `json:"description"`
	InputType   string `json:"inputType"`
}

type webApplicationInfo struct {
	ID       string `json:"id"`
	Resource string `json:"resource"`
}

type groupCapability struct {
	Team      string `json:"team"`
	GroupChat string `json:"groupchat"` // the schema writes this one in lower case
	Meetings  string `json:"meetings"`
}

// everywhere are the scopes of the bots, the order in which lists are made.
var everywhere = []string{Personal, Team, GroupChat}

// build writes the manifest in one language. The order of everything is the same in each language, because
// translations are found by position.
func build(s settled, p *lang.Printer) *document {
	text := func(key ...string) string {
		return p.Text("manifest."+s.kind+"."+strings.Join(key, "."), "Name", s.Name, "Help", s.base+"/help")
	}
	return &document{
		Schema:          schemaURL,
		ManifestVersion: schemaVersion,
		Version:         s.version,
		ID:              TeamsAppID(s.kind, s.AppID),
		Developer: developer{
			Name: s.Company, WebsiteURL: s.WebsiteURL, PrivacyURL: s.base + "/privacy", TermsOfUseURL: s.base + "/terms",
		},
		Name:               naming{Short: s.Name, Full: text("name")},
		Description:        naming{Short: text("short"), Full: text("full")},
		Icons:              icons{Color: "color.png", Outline: "outline.png"},
		AccentColor:        s.accent,
		PublisherDocsURL:   s.base + "/help",
		LocalizationInfo:   languages(),
		Bots:               []bot{{BotID: s.AppID, Scopes: everywhere, Files: s.Files, CommandLists: commandLists(s.Commands, text), Configured: configuration{configurable{true}, configurable{true}}}},
		ComposeExtensions:  extensions(s.App, text),
		Permissions:        []string{"identity", "messageTeamMembers"},
		ValidDomains:       []string{s.host},
		WebApplicationInfo: webApplicationInfo{ID: s.AppID, Resource: "api://botid-" + s.AppID},
		InstallScope:       Personal,
		GroupCapability:    groupCapability{Team: "bot", GroupChat: "bot", Meetings: "bot"},
	}
}

func languages() localizationInfo {
	info := localizationInfo{DefaultTag: defaultTag, DefaultFile: lang.Default + ".json"}
	for _, l := range lang.Languages[1:] {
		info.Additional = append(info.Additional, language{Tag: l, File: l + ".json"})
	}
	return info
}

// commandLists makes one list for each scope; scopes with the same commands share one.
func commandLists(commands []Command, text func(...string) string) []commandList {
	var lists []commandList
	var names []string // what each list holds, to compare
	for _, scope := range everywhere {
		shown := shownIn(commands, scope)
		if len(shown) == 0 {
			continue
		}
		joined := strings.Join(shown, " ")
		if i := slices.Index(names, joined); i >= 0 {
			lists[i].Scopes = append(lists[i].Scopes, scope)
			continue
		}
		l := commandList{Scopes: []string{scope}}
		for _, name := range shown {
			l.Commands = append(l.Commands, command{Title: text("command", name), Description: text("command", name, "does")})
		}
		lists, names = append(lists, l), append(names, joined)
	}
	return lists
}

// shownIn names the commands of a scope, as many as Teams shows.
func shownIn(commands []Command, scope string) []string {
	var names []string
	for _, c := range commands {
		if len(names) < MaxCommands && (len(c.Scopes) == 0 || slices.Contains(c.Scopes, scope)) {
			names = append(names, c.Name)
		}
	}
	return names
}

func extensions(a App, text func(...string) string) []extension {
	if len(a.Extension) == 0 {
		return nil
	}
	e := extension{BotID: a.AppID}
	for _, c := range a.Extension {
		x := extensionCommand{
			ID: c.ID, Type: c.Type, Title: text("extension", c.ID), Description: text("extension", c.ID, "does"),
			Context: c.Context, InitialRun: c.InitialRun, FetchTask: c.FetchTask,
		}
		if c.Parameter != "" {
			x.Parameters = []parameter{{
				Name: c.Parameter, InputType: "text",
				Title: text("extension", c.ID, c.Parameter), Description: text("extension", c.ID, c.Parameter, "does"),
			}}
		}
		e.Commands = append(e.Commands, x)
	}
	return []extension{e}
}

// sentences finds every text of a manifest by the key it has in a language file. Those keys count
// positions, so they are made from the manifest and never written by hand.
func sentences(d *document) map[string]*string {
	found := map[string]*string{
		"name.short":        &d.Name.Short,
		"name.full":         &d.Name.Full,
		"description.short": &d.Description.Short,
		"description.full":  &d.Description.Full,
	}
	for b := range d.Bots {
		for l := range d.Bots[b].CommandLists {
			for i := range d.Bots[b].CommandLists[l].Commands {
				c, key := &d.Bots[b].CommandLists[l].Commands[i], fmt.Sprintf("bots[%d].commandLists[%d].commands[%d]", b, l, i)
				found[key+".title"], found[key+".description"] = &c.Title, &c.Description
			}
		}
	}
	for e := range d.ComposeExtensions {
		for i := range d.ComposeExtensions[e].Commands {
			key := fmt.Sprintf("composeExtensions[%d].commands[%d]", e, i)
			maps.Copy(found, extensionSentences(&d.ComposeExtensions[e].Commands[i], key))
		}
	}
	return found
}

func extensionSentences(c *extensionCommand, key string) map[string]*string {
	found := map[string]*string{key + ".title": &c.Title, key + ".description": &c.Description}
	for i := range c.Parameters {
		p, key := &c.Parameters[i], fmt.Sprintf("%s.parameters[%d]", key, i)
		found[key+".title"], found[key+".description"] = &p.Title, &p.Description
	}
	return found
}

// localisation is the language file of a manifest.
func localisation(d *document) map[string]string {
	file := map[string]string{"$schema": languageURL}
	for key, s := range sentences(d) {
		file[key] = *s
	}
	return file
}

// namespace sets our derived ids apart from everybody else's.
var namespace = [16]byte{0x7b, 0x1d, 0x52, 0x0e, 0x93, 0x4f, 0x4c, 0x6a, 0x8e, 0x21, 0x5d, 0xc0, 0x3a, 0x77, 0x19, 0xe4}

// TeamsAppID is the id of the Teams app of a kind that belongs to a bot's app id: a name-based UUID
// (RFC 9562, version 5) of both.
func TeamsAppID(kind, appID string) string {
	h := sha1.New()
	h.Write(namespace[:])
	h.Write([]byte(kind + "/" + strings.ToLower(appID)))
	id := h.Sum(nil)[:16]
	id[6] = id[6]&0x0f | 0x50
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
