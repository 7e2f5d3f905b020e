package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"teamspro/internal/sandbox"
)

// TestPlaygroundConfig holds the file to what the Playground wants; it tells nobody what it misses.
func TestPlaygroundConfig(t *testing.T) {
	t.Parallel()
	box, err := sandbox.New(sandbox.Config{BotURL: "http://127.0.0.1:1/api/messages", Apps: []sandbox.App{{Key: "contact", ID: sandboxContactApp, Name: "Contact Pro"}}, StateDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	config := playgroundConfig(box)
	users := regexp.MustCompile(`(?m)^  - \{id: (\S+), name: [^,]+, givenName: \S+, surname: \S+, aadObjectId: (\S+), userPrincipleName: \S+, email: \S+\}$`).FindAllStringSubmatch(config, -1)
	if len(users) < 5 {
		t.Errorf("%d users, the Playground wants five:\n%s", len(users), config)
	}
	ids := []string{box.ObjectID("ana")}
	for _, u := range users {
		if u[1] != u[2] || slices.Contains(ids, u[1]) {
			t.Errorf("user %s has the object id %s: it must be the same, and nobody else's", u[1], u[2])
		}
		ids = append(ids, u[1])
	}
	for _, want := range []string{"tenantId: " + box.Tenant() + "\n", "bot: {id: " + sandboxContactApp, "currentUser: {id: " + box.ObjectID("ana"), "aadGroupId:"} {
		if !strings.Contains(config, want) {
			t.Errorf("no %q in:\n%s", want, config)
		}
	}
}

func TestPlaygroundReason(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if got := playgroundReason(folder); got != "" {
		t.Errorf("a reason without a log: %q", got)
	}
	log := "debug x\nerror Failed to start.\nerror Reason: the file is wrong\nerror Go elsewhere\n"
	if err := os.MkdirAll(filepath.Join(folder, "devTools"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "devTools", "m365agentsplayground.log"), []byte(log), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := playgroundReason(folder); got != "\nthe file is wrong" {
		t.Errorf("%q", got)
	}
}
