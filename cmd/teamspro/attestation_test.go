package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// permissions say what each permission is asked for. Everything else of the table comes from the program.
var permissions = map[string]string{
	"User.Read":           "who signed in, and their own profile, when they type `me`",
	"Sites.ReadWrite.All": "find, read and save pictures where the person may, in SharePoint and OneDrive",
	"Sites.Selected":      "the same, in the sites alone that an administrator granted to the app",
}

// scopesTable is a line for each permission that each app asks for, by the mode of Graph.
func scopesTable() string {
	var b strings.Builder
	b.WriteString("| App | `TEAMSPRO_GRAPH_MODE` | Permission in Microsoft Graph | Kind | For what |\n|---|---|---|---|---|\n")
	s := settings{Contact: appSettings{ID: "contact"}, Image: appSettings{ID: "image"}}
	for _, p := range s.graphPermissions(s.Contact) {
		fmt.Fprintf(&b, "| Contact Pro | any | `%s` | delegated | %s |\n", p, permissions[p])
	}
	for _, s.GraphMode = range []string{graphNone, graphDelegated, graphSelected} {
		for _, p := range s.graphPermissions(s.Image) {
			fmt.Fprintf(&b, "| Image Pro | `%s` | `%s` | delegated | %s |\n", s.GraphMode, p, permissions[p])
		}
	}
	return b.String()
}

// hostsTable is a line for each cloud with the hosts that its preset names.
func hostsTable() string {
	var b strings.Builder
	b.WriteString("| `TEAMSPRO_CLOUD` | Keys of the Bot Framework | Login | Microsoft Graph | Connector |\n|---|---|---|---|---|\n")
	for _, cloud := range []string{"public", "gcc", "gcch", "dod", "china"} {
		p := presets[cloud]
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", cloud, hostIn(p.metadata), hostIn(p.login), hostIn(p.graph), strings.Join(p.hosts, " "))
	}
	return b.String()
}

// TestReadmeAttestation: each permission is explained, each cloud is told.
func TestReadmeAttestation(t *testing.T) {
	t.Parallel()
	for line := range strings.Lines(scopesTable()) {
		if strings.HasSuffix(strings.TrimSpace(line), "|  |") {
			t.Errorf("what is this permission for? %s", line)
		}
	}
	for cloud := range presets {
		if !strings.Contains(hostsTable(), "| `"+cloud+"` |") {
			t.Errorf("the table of hosts has no %s", cloud)
		}
	}
	for p := range permissions {
		if !slices.ContainsFunc(strings.Split(scopesTable(), "\n"), func(l string) bool { return strings.Contains(l, "`"+p+"`") }) {
			t.Errorf("%s is explained and never asked for", p)
		}
	}
}
