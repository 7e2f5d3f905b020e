package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// hostsInSource are the hosts of the addresses that stand in what is shipped, and why. Those of Microsoft's clouds are
// settings; nothing is sent to the others: they are names that formats want, or links that a person may follow.
var hostsInSource = map[string]string{
	"adaptivecards.io":           "name of the schema of cards",
	"developer.microsoft.com":    "name of the schema of manifests",
	"schemas.openxmlformats.org": "name within spreadsheets",
	"ns.adobe.com":               "name within pictures",
	"teams.microsoft.com":        "link on a card: call, chat",
	"www.bing.com":               "link on a card: the map of an address",
	"x.com":                      "link on a card: a profile that somebody typed",
	"contoso.sharepoint.com":     "example in a form",
	"sts.windows.net":            "issuer of older tokens of Entra, compared and never called",
	"sts.chinacloudapi.cn":       "the same in China",
	"www.w3.org":                 "the sandbox: namespace of SVG",
	"schema.skype.com":           "the sandbox: name within messages",
	"invalid.botframework.com":   "the sandbox: its metadata, as Microsoft's has it",
	"teamspro.contoso.example":   "the sandbox: a name that leads nowhere",
}

// callers are the files that make what calls others. All but the last of them end in bot.GuardedTransport, which
// cmd/teamspro/wire.go gives to everybody.
var callers = map[string]string{
	"cmd/teamspro/operator.go":       "commands reach the running service at its socket in the data folder",
	"cmd/teamspro/restore.go":        "asks at that socket whether the service runs",
	"cmd/teamspro/doctor.go":         "looks at what the service stands on, by the guarded transport",
	"cmd/teamspro/doctor_address.go": "looks at the service's own public address and its certificate",
	"cmd/teamspro/doctor_machine.go": "asks the service on this machine whether it is ready",
	"bot/netguard.go":                "the transport that connects to public addresses and named ones only",
	"bot/connector.go":               "the connector to Teams",
	"cmd/teamspro/wire.go":           "gives that transport to all",
	"graph/graph.go":                 "Microsoft Graph",
	"internal/ops/metrics.go":        "counts what passes",
	"internal/auth/keys.go":          "keys of the Bot Framework, and tokens",
	"internal/auth/apptokens.go":     "the identity service of an Azure machine, when the settings want it",
}

var address = regexp.MustCompile(`https?://([0-9A-Za-z-]+(\.[0-9A-Za-z-]+)+)`)

// TestNoTelemetryHosts: every host in the source is one of the settings', or is known and not called.
func TestNoTelemetryHosts(t *testing.T) {
	t.Parallel()
	configured := map[string]bool{}
	for _, p := range presets {
		for _, a := range []string{p.metadata, p.issuer, p.login, p.graph, strings.TrimSuffix(p.scope, "/.default")} {
			configured[hostIn(a)] = true
		}
	}
	seen := map[string]bool{}
	shipped(t, func(file, text string) {
		for _, found := range address.FindAllStringSubmatch(text, -1) {
			host := found[1]
			seen[host] = true
			if !configured[host] && hostsInSource[host] == "" {
				t.Errorf("%s has an address at %s: what is it for?", file, host)
			}
		}
	})
	for host := range hostsInSource {
		if !seen[host] {
			t.Errorf("%s is nowhere in the source any more", host)
		}
	}
}

// TestNoTelemetryCallers: nobody makes a client or a connection of their own.
func TestNoTelemetryCallers(t *testing.T) {
	t.Parallel()
	making := regexp.MustCompile(`\b(http\.(Client\{|DefaultClient|DefaultTransport|Transport\{|Get\(|Post\(|PostForm\(|Head\()|net\.(Dial|Dialer\{)|net\.Dial[A-Z]\w*\(|tls\.Dial)`)
	seen := map[string]bool{}
	shipped(t, func(file, text string) {
		if filepath.Ext(file) != ".go" || strings.HasPrefix(file, "internal/sandbox/") || !making.MatchString(text) {
			return
		}
		seen[file] = true
		if callers[file] == "" {
			t.Errorf("%s makes a client of its own (%s): use the one of wire.go", file, making.FindString(text))
		}
	})
	for file := range callers {
		if !seen[file] {
			t.Errorf("%s makes no client any more", file)
		}
	}
}

// TestNoTelemetryLinked: no package that sends measurements anywhere is linked in. The interfaces of OpenTelemetry are,
// through the SDK of Graph; without an SDK and an exporter they do nothing.
func TestNoTelemetryLinked(t *testing.T) {
	t.Parallel()
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", ".")
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	sender := regexp.MustCompile(`otel/(sdk|exporters)|otlp|applicationinsights|appinsights|sentry|posthog|segmentio|mixpanel|amplitude|datadog|newrelic|honeycomb|bugsnag|rollbar|analytics|x/telemetry|prometheus/push|statsd`)
	packages := strings.Fields(string(out))
	if !slices.Contains(packages, "net/http") {
		t.Fatalf("these are not the packages of the program: %v", packages)
	}
	for _, pkg := range packages {
		if sender.MatchString(pkg) {
			t.Errorf("%s is linked in", pkg)
		}
	}
}

// shipped calls visit for each file that is part of the program: of Go its code without comments, of pages and sentences all.
func shipped(t *testing.T, visit func(file, text string)) {
	t.Helper()
	root := os.DirFS("../..")
	for _, folder := range []string{"bot", "cards", "cmd/teamspro", "graph", "internal", "manifest", "store"} {
		err := fs.WalkDir(root, folder, func(file string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && (d.Name() == "testdata" || d.Name() == "borrowed" || strings.HasSuffix(d.Name(), "test")): // borrowed: the page's policy lets it call nobody
				return fs.SkipDir
			case d.IsDir() || strings.HasSuffix(file, "_test.go"):
				return nil
			}
			raw, err := fs.ReadFile(root, file)
			if err != nil {
				return err
			}
			text := string(raw)
			if filepath.Ext(file) == ".go" {
				text, err = code(file, raw)
			}
			visit(file, text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// code gives the text of a Go file without its comments, and the values of its strings.
func code(file string, raw []byte) (string, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, raw, parser.ParseComments)
	if err != nil {
		return "", err
	}
	text := slices.Clone(raw)
	for _, group := range parsed.Comments {
		for i := group.Pos() - parsed.FileStart; i < group.End()-parsed.FileStart; i++ {
			text[i] = ' '
		}
	}
	values := map[string]bool{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		if literal, is := n.(*ast.BasicLit); is && literal.Kind == token.STRING {
			if value, err := strconv.Unquote(literal.Value); err == nil {
				values[value] = true
			}
		}
		return true
	})
	return fmt.Sprint(string(text), slices.Sorted(maps.Keys(values))), nil
}
