package sandbox

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestMicrosoftsOwnClient drives the connector with the client of Microsoft's SDK for Node.
func TestMicrosoftsOwnClient(t *testing.T) {
	t.Parallel()
	modules, err := filepath.Abs(orElse(os.Getenv("TEAMSPRO_NODE_MODULES"), "../../test/e2e/node_modules"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(modules, "botframework-connector")); err != nil {
		t.Skip("the npm package botframework-connector is not installed in test/e2e; `make run` or `npm install` there fetches it")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed; Microsoft's client needs it")
	}
	r := newRig(t)
	world, err := json.Marshal(map[string]string{"url": r.serviceURL(), "token": r.appToken(botAudience), "tenant": r.cfg.Tenant,
		"chat": r.chatID("group", ""), "person": r.world.person("ana").UserID, "team": r.chatID("general", ""),
		"channel": r.chatID("leads", ""), "meeting": meetingID})
	if err != nil {
		t.Fatal(err)
	}
	probe := exec.CommandContext(t.Context(), node, "testdata/probe.js", string(world))
	probe.Env = append(os.Environ(), "NODE_PATH="+modules)
	out, err := probe.CombinedOutput()
	if err != nil || strings.Count(string(out), "ok  ") != 16 {
		t.Errorf("%v\n%s", err, out)
	}
}
