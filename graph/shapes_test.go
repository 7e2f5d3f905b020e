package graph_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"teamspro/graph"
	"teamspro/graph/graphtest"
	"teamspro/internal/identity"
	"teamspro/internal/image"
)

// clients is the folder of Microsoft's own parts (docs: what the project is held against), with its npm packages
// installed. TEAMSPRO_CLIENTS names it where it is not beside the project.
func clients(t *testing.T) string {
	t.Helper()
	folder, err := filepath.Abs(filepath.Join("..", "..", "shared", "clients"))
	if named := os.Getenv("TEAMSPRO_CLIENTS"); named != "" {
		folder, err = named, nil
	}
	_, missing := os.Stat(filepath.Join(folder, "node_modules", "fast-xml-parser"))
	_, noNode := exec.LookPath("node")
	if err != nil || missing != nil || noNode != nil {
		t.Skip("Microsoft's metadata and samples of Graph are not here with their npm packages installed (TEAMSPRO_CLIENTS names their folder): the stand-in was not compared with them")
	}
	return folder
}

// TestShapes holds the bodies of the stand-in to Microsoft's metadata: names, types, what is a list.
func TestShapes(t *testing.T) {
	t.Parallel()
	folder := clients(t)
	w := newWorld(t)
	w.Put(w.folder, pictureName, graphtest.Picture(2, 30, 30))
	item := "/drives/" + w.file.Drive + "/items/" + w.file.Item
	type shape struct {
		Type string
		Body json.RawMessage
	}
	var shapes []shape
	for _, row := range []struct{ kind, method, path, body string }{
		{"driveItem", "GET", item, ""},
		{"driveItem", "GET", "/me/drive/root", ""},
		{"driveItem[]", "GET", "/drives/b!library/items/root/children", ""},
		{"driveItem[]", "GET", "/drives/b!library/items/root/search(q='quay')", ""},
		{"driveItem", "GET", "/teams/" + graphtest.Group + "/channels/" + string(graphtest.Channel) + "/filesFolder", ""},
		{"driveItem", "POST", "/drives/b!library/items/root/children", `{"name":"made","folder":{}}`},
		{"driveItem", "PUT", "/drives/b!library/items/root:/made.png:/content", "x"},
		{"driveItemVersion[]", "GET", item + "/versions", ""},
		{"thumbnailSet[]", "GET", item + "/thumbnails?$select=small,medium,large", ""},
		{"permission", "POST", item + "/createLink", `{"type":"view","scope":"organization"}`},
		{"uploadSession", "POST", item + "/createUploadSession", `{}`},
		{"site[]", "GET", "/sites?search=harbour", ""},
		{"drive[]", "GET", "/sites/" + graphtest.Site + "/drives", ""},
		{"user", "GET", "/me", ""},
	} {
		r, err := http.NewRequestWithContext(t.Context(), row.method, w.URL+row.path, strings.NewReader(row.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer token-1")
		r.Header.Set("client-request-id", "x")
		r.Header.Set("User-Agent", "NONISV|test")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode >= 300 {
			t.Fatalf("%s %s: %s", row.method, row.path, res.Status)
		}
		shapes = append(shapes, shape{row.kind, body})
	}
	asked, _ := json.Marshal(shapes)
	const script = `const {checkBody} = require(process.argv[1]); let s = ''; process.stdin.on('data', d => s += d).on('end', () => {
		for (const {Type, Body} of JSON.parse(s)) for (const e of checkBody(Type, Body)) console.log(Type + ' ' + e); console.log('looked'); })`
	node := exec.CommandContext(t.Context(), "node", "-e", script, filepath.Join(folder, "graphshape.js"))
	node.Stdin = bytes.NewReader(asked)
	out, err := node.CombinedOutput()
	if err != nil || string(out) != "looked\n" {
		t.Errorf("%v: %s", err, out)
	}
}

// TestSamples reads the samples of Microsoft's own documentation of Graph.
func TestSamples(t *testing.T) {
	t.Parallel()
	folder := clients(t)
	const script = `const {srv} = require(process.argv[1]); srv.listen(0, '127.0.0.1', () => console.log('http://127.0.0.1:' + srv.address().port + '/v1.0'))`
	node := exec.CommandContext(t.Context(), "node", "-e", script, filepath.Join(folder, "graphdocs.js"))
	out, err := node.StdoutPipe()
	if err != nil || node.Start() != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = node.Wait() }) // it ends with the test's context
	address := make([]byte, 200)
	n, err := out.Read(address)
	if err != nil {
		t.Fatal(err)
	}
	c, err := graph.New(graph.Config{BaseURL: "https://graph.microsoft.com/v1.0", Transport: samples{newTransport(t), strings.TrimSpace(string(address[:n]))}, Tokens: graphtest.Token("t"), Patience: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	who, ref := identity.Caller{Place: identity.Personal}, image.ItemRef{Drive: "b!drive", Item: "01ITEM"}
	me, err := c.Me(t.Context(), who)
	if err != nil || me.Name != "Adele Vance" || me.Phone != "+1 425 555 0109" {
		t.Errorf("me: %+v, %v", me, err)
	}
	item, err := c.Item(t.Context(), who, ref)
	if err != nil || item.Ref.Item == "" || item.Name == "" || item.Size == 0 {
		t.Errorf("item: %+v, %v", item, err)
	}
	versions, err := c.Versions(t.Context(), who, ref)
	if err != nil || len(versions) != 2 || versions[0].ID != "2.0" || versions[0].By == "" {
		t.Errorf("versions: %+v, %v", versions, err)
	}
	sites, err := c.Sites(t.Context(), who, "contoso")
	if err != nil || len(sites) != 2 || sites[0].Name != "Team A Site" {
		t.Errorf("sites: %+v, %v", sites, err)
	}
	home, err := c.Home(t.Context(), who, "")
	if err != nil || !home.Folder || home.Ref.Drive == "" {
		t.Errorf("home: %+v, %v", home, err)
	}
	channel := identity.Caller{Place: identity.Channel, Conversation: graphtest.Channel}
	if files, err := c.Home(t.Context(), channel, graphtest.Group); err != nil || !files.Folder || files.Name != "Documentation Planning" {
		t.Errorf("channel: %+v, %v", files, err)
	}
}

// samples is Graph of the documentation: at a host of its own, and with another form of some paths.
type samples struct {
	next http.RoundTripper
	base string
}

func (s samples) RoundTrip(r *http.Request) (*http.Response, error) {
	path := strings.TrimPrefix(r.URL.Path, "/v1.0")
	if rest, ok := strings.CutPrefix(path, "/drives/b!drive/items/01ITEM/"); ok {
		path = "/me/drive/items/01ITEM/" + rest
	}
	there, err := http.NewRequestWithContext(r.Context(), r.Method, s.base+(&url.URL{Path: path, RawQuery: r.URL.RawQuery}).String(), nil)
	if err != nil {
		return nil, err
	}
	return s.next.RoundTrip(there)
}
