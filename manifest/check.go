package manifest

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

var (
	guid   = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	semver = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})(\.(0|[1-9][0-9]{0,8})){2}$`)
	label  = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)
	verb   = regexp.MustCompile(`^[a-z][a-z-]{0,31}$`)
	word   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{0,63}$`)
)

const (
	maxAddress   = 500 // with "/privacy" behind it, and in a description, still within Teams' own limits
	maxName      = 30
	maxCompany   = 32
	maxExtension = 10
)

func checkAppID(id string) (string, error) {
	id = strings.ToLower(id)
	if !guid.MatchString(id) {
		return "", errors.New("the app id must be a GUID, as the app registration shows it")
	}
	return id, nil
}

func checkVersion(v string) error {
	if !semver.MatchString(v) {
		return fmt.Errorf("the version must be three numbers such as 1.0.0, not %q", clip(v))
	}
	return nil
}

// checkAddress takes an address apart into itself without a slash at the end, and its host.
func checkAddress(setting, address string) (base, host string, err error) {
	u, err := url.Parse(address)
	switch {
	case address == "":
		return "", "", fmt.Errorf("the %s is missing", setting)
	case err != nil || len(address) > maxAddress:
		return "", "", fmt.Errorf("the %s is not an address of at most %d characters", setting, maxAddress)
	case u.Scheme != "https":
		return "", "", fmt.Errorf("the %s must begin with https://", setting)
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", "", fmt.Errorf("the %s may hold a host and a path, nothing else", setting)
	case net.ParseIP(u.Hostname()) != nil:
		return "", "", fmt.Errorf("the %s must name a host; Teams accepts no IP address", setting)
	case !isHost(u.Hostname()):
		return "", "", fmt.Errorf("the %s has no valid host name (letters, digits and hyphens, international names as xn--…)", setting)
	case !isPort(u):
		return "", "", fmt.Errorf("the %s must use port 443, which is where Teams calls; leave the port out", setting)
	}
	return strings.TrimRight(u.String(), "/"), strings.ToLower(u.Host), nil
}

func isHost(host string) bool {
	for l := range strings.SplitSeq(host, ".") {
		if !label.MatchString(l) {
			return false
		}
	}
	return len(host) <= 253 && (host == "localhost" || strings.Contains(host, ".")) && !isNumber(host)
}

// isNumber catches hosts that some readers take for an IP address ("1.2.3", "10.1").
func isNumber(host string) bool {
	return strings.Trim(host, "0123456789.") == ""
}

// isPort lets a port other than 443 pass on localhost only, for development against the sandbox.
func isPort(u *url.URL) bool {
	return u.Port() == "" && !strings.HasSuffix(u.Host, ":") || u.Hostname() == "localhost" && u.Port() != ""
}

// reserved are words of Microsoft's products that the store refuses in the name of an app.
var reserved = []string{
	"activity", "approvals", "apps", "calendar", "calls", "chat", "contacts", "copilot", "excel", "exchange", "files", "loop",
	"meetings", "office", "onenote", "planner", "power", "powerpoint", "shifts", "skype", "tasks", "viva", "windows", "word",
}

// brands are those that it refuses within a longer word too ("TeamsPlus").
var brands = []string{"microsoft", "onedrive", "outlook", "sharepoint", "teams"}

func checkName(name string) error {
	switch n := utf8.RuneCountInString(name); {
	case n < 1 || n > maxName || !utf8.ValidString(name):
		return fmt.Errorf("the name must have 1 to %d characters", maxName)
	case strings.TrimSpace(name) != name || strings.ContainsFunc(name, unicode.IsControl) || strings.EqualFold(name, "null"):
		return errors.New("the name may not begin or end with a blank, hold control characters or be “null”")
	}
	if w := reservedIn(name); w != "" {
		return fmt.Errorf("the name may not contain %q, which is Microsoft's; choose another name", w)
	}
	return nil
}

// reservedIn finds a reserved word in a name; empty when there is none.
func reservedIn(name string) string {
	lower := strings.ToLower(name)
	for _, b := range brands {
		if strings.Contains(lower, b) {
			return b
		}
	}
	for _, w := range strings.FieldsFunc(lower, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if slices.Contains(reserved, w) {
			return w
		}
	}
	return ""
}

func checkCommands(commands []Command) error {
	seen := map[string]bool{}
	for _, c := range commands {
		switch {
		case !verb.MatchString(c.Name) || seen[c.Name]:
			return fmt.Errorf("command %q: names are unique and made of at most 32 small letters and hyphens", clip(c.Name))
		case !subset(c.Scopes, Personal, Team, GroupChat):
			return fmt.Errorf("command %q: scopes are personal, team and groupChat", c.Name)
		}
		seen[c.Name] = true
	}
	return nil
}

func checkExtension(commands []ExtensionCommand) error {
	if len(commands) > maxExtension {
		return fmt.Errorf("the message extension has %d commands; Teams takes %d", len(commands), maxExtension)
	}
	seen := map[string]bool{}
	for _, c := range commands {
		if !word.MatchString(c.ID) || seen[c.ID] {
			return fmt.Errorf("extension command %q: ids are unique and made of at most 64 letters and digits", clip(c.ID))
		}
		if err := checkExtensionCommand(c); err != nil {
			return fmt.Errorf("extension command %q: %w", c.ID, err)
		}
		seen[c.ID] = true
	}
	return nil
}

func checkExtensionCommand(c ExtensionCommand) error {
	switch {
	case c.Type != Query && c.Type != Action:
		return errors.New("the type is query or action")
	case len(c.Context) == 0 || !subset(c.Context, Compose, CommandBox, Message):
		return errors.New("the contexts are compose, commandBox and message, at least one")
	case c.Type == Query && !word.MatchString(c.Parameter):
		return errors.New("a query needs a parameter")
	case c.Type == Query && (c.FetchTask || slices.Contains(c.Context, Message)):
		return errors.New("a query opens no dialog and does not start from a message")
	case c.Type == Action && (!c.FetchTask || c.InitialRun || c.Parameter != ""):
		return errors.New("an action opens a dialog and takes no parameter")
	}
	return nil
}

// subset tells whether each value is allowed and stands there once.
func subset(values []string, allowed ...string) bool {
	for i, v := range values {
		if !slices.Contains(allowed, v) || slices.Contains(values[:i], v) {
			return false
		}
	}
	return true
}

// limits are the longest texts that manifest 1.19 takes, in characters, by the end of their keys in
// a language file.
var limits = []struct {
	key string
	max int
}{
	{"name.short", maxName},
	{"name.full", 100},
	{"description.short", 80},
	{"description.full", 4000},
	{"].title", 32},
	{"].description", 128},
}

// checkDocument makes sure that each text is there and fits.
func checkDocument(d *document) error {
	if n := utf8.RuneCountInString(d.Developer.Name); n > maxCompany {
		return fmt.Errorf("the company has %d characters; Teams takes %d", n, maxCompany)
	}
	found := sentences(d)
	for _, key := range slices.Sorted(maps.Keys(found)) {
		if err := checkSentence(key, *found[key]); err != nil {
			return err
		}
	}
	return nil
}

func checkSentence(key, s string) error {
	if s == "" || strings.HasPrefix(s, "manifest.") {
		return fmt.Errorf("%s has no text: %s", key, cmp.Or(s, "empty"))
	}
	for _, l := range limits {
		if strings.HasSuffix(key, l.key) && utf8.RuneCountInString(s) > l.max {
			return fmt.Errorf("%s has %d characters; Teams takes %d", key, utf8.RuneCountInString(s), l.max)
		}
	}
	return nil
}

// clip shortens what someone else wrote for an error.
func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}
