package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"teamspro/internal/sandbox"
)

const (
	// playgroundPackage is Microsoft's Agents Playground. It is fetched by name when it is asked for, because its
	// licence allows nobody else to hand it on.
	playgroundPackage = "@microsoft/m365agentsplayground@0.2.28"
	playgroundPort    = "56150"
	// playgroundHost is how the Playground names its connector, and where it is opened.
	playgroundHost = "localhost:" + playgroundPort
)

// playground runs the Playground until ctx ends. It speaks to the sandbox's signing proxy, because it sends no tokens
// itself and the service takes nothing without one.
func playground(ctx context.Context, out output, box *sandbox.Sandbox) (err error) {
	if err := freePlaygroundPort(ctx); err != nil {
		return err
	}
	folder, err := playgroundFolder(playgroundConfig(box))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	// "exec" makes the Playground npx's own child, to which npx passes on the signal that ends it; --dt: no telemetry.
	command := fmt.Sprintf("exec agentsplayground start -e %splayground/api/messages -c msteams -p %s --dt", box.PageURL(), playgroundPort)
	cmd := exec.CommandContext(ctx, "npx", "--yes", "--package", playgroundPackage, "-c", command)
	cmd.Dir, cmd.Stdout, cmd.Stderr = folder, out, out.Err
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	fmt.Fprintf(out, "  Microsoft's Playground: http://%s (its own evaluation licence applies; it listens on every network of this machine)\n", playgroundHost)
	if err := cmd.Run(); err != nil && ctx.Err() == nil {
		return fmt.Errorf("the Playground ended: %w%s", err, playgroundReason(folder))
	}
	return nil
}

// freePlaygroundPort refuses a port that is taken: the Playground would move to another, whose name the service does not trust.
func freePlaygroundPort(ctx context.Context) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", ":"+playgroundPort)
	if err != nil {
		return fmt.Errorf("the Playground needs port %s: %w", playgroundPort, err)
	}
	return l.Close()
}

func playgroundFolder(config string) (string, error) {
	folder, err := os.MkdirTemp("", "teamspro-playground-")
	if err != nil {
		return "", err
	}
	return folder, os.WriteFile(filepath.Join(folder, ".m365agentsplayground.yml"), []byte(config), 0o600)
}

var playgroundReasons = regexp.MustCompile(`(?m)^error Reason: (.*)$`)

// playgroundReason is what the Playground wrote into its own log; it says nothing on the terminal.
func playgroundReason(folder string) string {
	log, err := os.ReadFile(filepath.Join(folder, "devTools", "m365agentsplayground.log"))
	if err != nil {
		return ""
	}
	var reasons strings.Builder
	for _, found := range playgroundReasons.FindAllSubmatch(log, -1) {
		fmt.Fprintf(&reasons, "\n%s", found[1])
	}
	return reasons.String()
}

// playgroundConfig names the people and places of the Playground, Ana and those she knows. It wants at least five people
// beside the one in front of it, and at most one channel besides General; anything else ends it without a word.
// Its roster finds people by their id only, so that is their object id, too.
func playgroundConfig(box *sandbox.Sandbox) string {
	var b strings.Builder
	person := func(key, id, given, surname string) string {
		object := cmp.Or(box.ObjectID(key), "5b0f7d1e-0000-4000-8000-0000000000"+id)
		name := strings.ToLower(given + "." + surname)
		return fmt.Sprintf("{id: %[3]s, name: %[1]s %[2]s, givenName: %[1]s, surname: %[2]s, aadObjectId: %[3]s, userPrincipleName: %[4]s@contoso.example, email: %[4]s@contoso.example}",
			given, surname, object, name)
	}
	fmt.Fprintf(&b, "version: \"0.1.0\"\ntenantId: %s\nbot: {id: %s, name: Contact Pro}\n", box.Tenant(), sandboxContactApp)
	fmt.Fprintf(&b, "currentUser: %s\nusers:\n", person("ana", "10", "Ana", "Duarte"))
	for _, p := range [][4]string{{"ben", "11", "Ben", "Okafor"}, {"chloe", "12", "Chloe", "Martin"}, {"dara", "13", "Dara", "Singh"}, {"emil", "14", "Emil", "Berg"}, {"fay", "15", "Fay", "Tan"}} {
		fmt.Fprintf(&b, "  - %s\n", person(p[0], p[1], p[2], p[3]))
	}
	b.WriteString("personalChat: {id: personal-chat-id}\ngroupChat: {id: group-chat-id, name: Harbour project}\n")
	b.WriteString("team: {id: team-id, name: Contoso Sales, aadGroupId: 5b0f7d1e-0000-4000-8000-0000000000aa, channels: [{id: channel-leads-id, name: Leads}]}\n")
	return b.String()
}
