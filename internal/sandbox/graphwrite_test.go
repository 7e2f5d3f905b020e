package sandbox

import (
	"bytes"
	"fmt"
	"image/color"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// bytesOf reads a file through Graph: the redirect, then the address without the token.
func (c client) bytesOf(path string) []byte {
	c.t.Helper()
	a := c.ask("GET", path, nil)
	if a.status != 302 {
		c.t.Fatalf("%s: %d %.200s", path, a.status, a.raw)
	}
	got := c.visit("GET", a.header.Get("Location"), nil)
	if got.status != 200 {
		c.t.Fatalf("%s: the address gives %d", path, got.status)
	}
	return got.raw
}

func TestSmallUploads(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ben := r.as("ben", "Sites.ReadWrite.All")
	path := r.team() + "/root:/Photographs/new.png:/content"
	first := pictureOf(t, 20, 10, color.White)
	made := ben.ask("PUT", path, first)
	if made.status != 201 || made.at("image.width") != 20.0 || made.body["size"] != float64(len(first)) || made.at("file.mimeType") != "image/png" {
		t.Fatalf("new: %d %s", made.status, made.raw)
	}
	tag := made.body["eTag"].(string)
	second := pictureOf(t, 30, 10, color.Black)
	over := ben.ask("PUT", path, second, "If-Match", tag)
	if over.status != 200 || over.body["id"] != made.body["id"] || over.body["eTag"] == tag || over.body["cTag"] == made.body["cTag"] {
		t.Errorf("over it: %d %s", over.status, over.raw)
	}
	third := pictureOf(t, 40, 10, color.Black)
	for _, c := range []struct {
		name, query string
		headers     []string
		status      int
		code        string
	}{
		{"a stale tag", "", []string{"If-Match", tag}, 412, "resourceModified"},
		{"only if new", "", []string{"If-None-Match", "*"}, 412, "resourceModified"},
		{"fail", "?@microsoft.graph.conflictBehavior=fail", nil, 409, "nameAlreadyExists"},
		{"nonsense", "?@microsoft.graph.conflictBehavior=maybe", nil, 400, "invalidRequest"},
	} {
		r.want(c.name, ben.ask("PUT", path+c.query, third, c.headers...), c.status, c.code)
	}
	if got := ben.bytesOf(path); !bytes.Equal(got, second) {
		t.Error("a refusal has changed the file")
	}
	if other := ben.ok("PUT", path+"?@microsoft.graph.conflictBehavior=rename", third); other.body["name"] != "new 1.png" {
		t.Errorf("under another name: %v", other.body["name"])
	}
	if deep := ben.ok("PUT", r.team()+"/root:/Photographs/a/b/c.png:/content", third); deep.at("parentReference.name") != "b" {
		t.Errorf("folders on the way: %s", deep.raw)
	}
	for name, status := range map[string]int{"a*b.png": 400, "con.png": 400, ".lock": 400, "b.": 400, "%20x": 400, "Röße ☂.png": 201, strings.Repeat("n", 256): 400} {
		if got := ben.ask("PUT", r.team()+"/root:/Papers/"+name+":/content", []byte("x")); got.status != status {
			t.Errorf("the name %q: %d", name, got.status)
		}
	}
	r.want("over a folder", ben.ask("PUT", r.team()+"/root:/Papers:/content", []byte("x")), 409, "nameAlreadyExists")
	r.want("below a file", ben.ask("PUT", r.team()+"/root:/Papers/Read%20me.txt/x:/content", []byte("x")), 400, "invalidRequest")
}

// TestOneOfMany: of several who save over the same state, one does.
func TestOneOfMany(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ben := r.as("ben", "Sites.ReadWrite.All")
	path := r.team() + "/root:/Papers/Read%20me.txt"
	tag := ben.ok("GET", path, nil).body["eTag"].(string)
	var wait sync.WaitGroup
	statuses := make([]int, 8)
	for i := range statuses {
		wait.Go(func() { statuses[i] = ben.ask("PUT", path+":/content", []byte(fmt.Sprint(i)), "If-Match", tag).status })
	}
	wait.Wait()
	slices.Sort(statuses)
	if !slices.Equal(statuses, []int{200, 412, 412, 412, 412, 412, 412, 412}) {
		t.Errorf("%v", statuses)
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ben := r.as("ben", "Sites.ReadWrite.All")
	path := r.team() + "/root:/Papers/Read%20me.txt"
	first := ben.bytesOf(path + ":/content")
	ben.ok("PUT", path+":/content", []byte("second"))
	ben.ok("PATCH", path, obj{"description": "changes no content"})
	list := ben.ok("GET", path+":/versions", nil)
	if got := list.list("id"); !slices.Equal(got, []any{"2.0", "1.0"}) || list.list("size")[1] != float64(len(first)) {
		t.Errorf("versions: %s", list.raw)
	}
	if got := ben.bytesOf(path + ":/versions/1.0/content"); !bytes.Equal(got, first) {
		t.Errorf("the first version: %s", got)
	}
	if one := ben.ok("GET", path+":/versions/1.0", nil); one.body["id"] != "1.0" {
		t.Errorf("one version: %s", one.raw)
	}
	r.want("a version that is none", ben.ask("GET", path+":/versions/9.0/content", nil), 404, "itemNotFound")
	ben.ok("POST", path+":/versions/1.0/restoreVersion", nil)
	if got := ben.bytesOf(path + ":/content"); !bytes.Equal(got, first) {
		t.Errorf("restored: %s", got)
	}
	if got := ben.ok("GET", path+":/versions", nil).list("id"); !slices.Equal(got, []any{"3.0", "2.0", "1.0"}) {
		t.Errorf("versions then: %v", got)
	}
}

func TestChangingItems(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ben := r.as("ben", "Sites.ReadWrite.All")
	path := r.team() + "/root:/Papers/Read%20me.txt"
	item := ben.ok("GET", path, nil)
	tag, drive := item.body["eTag"].(string), "/drives/"+item.at("parentReference.driveId").(string)
	byID := drive + "/items/" + item.body["id"].(string)
	r.want("a stale tag", ben.ask("PATCH", byID, obj{"name": "x.txt"}, "If-Match", `"other"`), 412, "resourceModified")
	r.want("a name that is taken", ben.ask("PATCH", byID, obj{"name": "berths 2026.XLSX"}), 409, "nameAlreadyExists")
	r.want("a bad name", ben.ask("PATCH", byID, obj{"name": "a/b"}), 400, "invalidRequest")
	r.want("no JSON", ben.ask("PATCH", byID, []byte("{")), 400, "invalidRequest")
	renamed := ben.ok("PATCH", byID, obj{"name": "Lies mich.txt", "description": "all of it"}, "If-Match", tag)
	if renamed.body["name"] != "Lies mich.txt" || renamed.body["description"] != "all of it" || renamed.body["eTag"] == tag || renamed.body["cTag"] != item.body["cTag"] {
		t.Errorf("renamed: %s", renamed.raw)
	}
	if got := ben.ok("GET", r.team()+"/root/search(q='all')?$select=name", nil).list("name"); !slices.Equal(got, []any{"Lies mich.txt"}) {
		t.Errorf("found by its description: %v", got)
	}
	folder := ben.ok("POST", drive+"/root/children", obj{"name": "Box", "folder": obj{}})
	if folder.status != 201 || folder.at("folder.childCount") != 0.0 {
		t.Errorf("a folder: %s", folder.raw)
	}
	r.want("a folder twice", ben.ask("POST", drive+"/root/children", obj{"name": "box", "folder": obj{}}), 409, "nameAlreadyExists")
	moved := ben.ok("PATCH", byID, obj{"parentReference": obj{"id": folder.body["id"]}})
	if moved.at("parentReference.name") != "Box" {
		t.Errorf("moved: %s", moved.raw)
	}
	r.want("into itself", ben.ask("PATCH", drive+"/items/"+folder.body["id"].(string), obj{"parentReference": obj{"id": folder.body["id"]}}), 400, "invalidRequest")
	r.want("delete, stale", ben.ask("DELETE", byID, nil, "If-Match", tag), 412, "resourceModified")
	if got := ben.ask("DELETE", drive+"/root:/Box", nil); got.status != 204 {
		t.Errorf("delete: %d", got.status)
	}
	r.want("what was in it", ben.ask("GET", byID, nil), 404, "itemNotFound")
	r.want("the root stays", ben.ask("DELETE", drive+"/root", nil), 400, "invalidRequest")
	r.want("checked out", r.as("ana", "Sites.ReadWrite.All").ask("DELETE", r.team()+"/root:/Photographs/Regatta.jpg", nil), 423, "resourceLocked")
}

func TestUploadSession(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ben := r.as("ben", "Sites.ReadWrite.All")
	const unit = fragmentUnit
	data := bytes.Repeat([]byte("boat"), (2*unit+1000)/4)
	open := ben.ok("POST", r.team()+"/root:/Papers/large.bin:/createUploadSession", obj{"item": obj{"@microsoft.graph.conflictBehavior": "fail"}})
	to, _ := open.body["uploadUrl"].(string)
	part := func(from, until, total int) reply {
		return r.visit("PUT", to, data[from:until], "Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, until-1, total))
	}
	next := func(a reply) any { return fmt.Sprint(a.body["nextExpectedRanges"]) }
	if next(open) != "[0-]" {
		t.Errorf("at first: %s", open.raw)
	}
	r.want("no multiple", part(0, 1000, len(data)), 400, "invalidRequest")
	r.want("with the token", r.visit("PUT", to, data[:unit], "Authorization", "Bearer "+ben.token), 401, "unauthenticated")
	r.want("no range", r.visit("PUT", to, data[:unit]), 400, "invalidRequest")
	r.want("out of order", part(unit, 2*unit, len(data)), 416, "invalidRange")
	if a := part(0, unit, len(data)); a.status != 202 || next(a) != fmt.Sprintf("[%d-]", unit) || a.body["expirationDateTime"] == nil {
		t.Errorf("a part: %d %s", a.status, a.raw)
	}
	r.want("the same again", part(0, unit, len(data)), 416, "invalidRange")
	r.want("another total", part(unit, 2*unit, len(data)+1), 400, "invalidRequest")
	if a := r.visit("GET", to, nil); a.status != 200 || next(a) != fmt.Sprintf("[%d-]", unit) {
		t.Errorf("how far: %d %s", a.status, a.raw)
	}
	r.want("nothing is there yet", ben.ask("GET", r.team()+"/root:/Papers/large.bin", nil), 404, "itemNotFound")
	part(unit, 2*unit, len(data))
	done := part(2*unit, len(data), len(data))
	if done.status != 201 || done.body["name"] != "large.bin" || done.body["size"] != float64(len(data)) {
		t.Errorf("the end: %d %s", done.status, done.raw)
	}
	if got := ben.bytesOf(r.team() + "/root:/Papers/large.bin:/content"); !bytes.Equal(got, data) {
		t.Error("other bytes")
	}
	r.want("after the end", r.visit("GET", to, nil), 404, "itemNotFound")
}

func TestUploadSessionConflicts(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ben := r.as("ben", "Sites.ReadWrite.All")
	path := r.team() + "/root:/Papers/Read%20me.txt"
	session := func(at string, body obj, headers ...string) string {
		to, _ := ben.ok("POST", at+":/createUploadSession", body, headers...).body["uploadUrl"].(string)
		return to
	}
	whole := func(to string) reply { return r.visit("PUT", to, []byte("whole"), "Content-Range", "bytes 0-4/5") }
	tag := ben.ok("GET", path, nil).body["eTag"].(string)
	fail := obj{"item": obj{"@microsoft.graph.conflictBehavior": "fail"}}
	r.want("taken at the beginning", ben.ask("POST", path+":/createUploadSession", fail), 409, "nameAlreadyExists")
	r.want("stale at the beginning", ben.ask("POST", path+":/createUploadSession", obj{}, "If-Match", `"x"`), 412, "resourceModified")

	late, taken := session(path, obj{}, "If-Match", tag), session(r.team()+"/root:/Papers/late.txt", fail)
	r.api("/api/drive", obj{"do": "change", "path": "Papers/Read me.txt"}, nil)
	r.api("/api/drive", obj{"do": "put", "path": "Papers/late.txt", "base64": "eA=="}, nil)
	r.want("stale at the end", whole(late), 412, "resourceModified")
	r.want("taken at the end", whole(taken), 409, "nameAlreadyExists")

	over := session(path, obj{})
	r.api("/api/drive", obj{"do": "lock", "as": "ana", "path": "Papers/Read me.txt"}, nil)
	r.want("checked out at the end", whole(over), 423, "resourceLocked")
	r.api("/api/drive", obj{"do": "unlock", "path": "Papers/Read me.txt"}, nil)
	if got := whole(session(path, obj{})); got.status != 200 {
		t.Errorf("over it: %d %s", got.status, got.raw)
	}
	if got := whole(session(r.team()+"/root:/Papers/late.txt", obj{"item": obj{"@microsoft.graph.conflictBehavior": "rename"}})); got.status != 201 || got.body["name"] != "late 1.txt" {
		t.Errorf("beside it: %d %s", got.status, got.raw)
	}
	r.want("over a folder", ben.ask("POST", r.team()+"/root/createUploadSession", obj{}), 400, "invalidRequest")
	ended, lost, again := session(path, obj{}), session(path, obj{}), session(path, obj{})
	item := ben.ok("GET", path, nil)
	orphan, _ := ben.ok("POST", "/drives/"+item.at("parentReference.driveId").(string)+"/items/"+item.body["id"].(string)+"/createUploadSession", obj{}).body["uploadUrl"].(string)
	if got := r.visit("DELETE", ended, nil); got.status != 204 {
		t.Errorf("given up: %d", got.status)
	}
	r.want("after that", whole(ended), 404, "itemNotFound")
	r.api("/api/drive", obj{"do": "delete", "path": "Papers/Read me.txt"}, nil)
	r.want("its file has gone", whole(orphan), 404, "itemNotFound")
	r.want("its place is free", whole(again), 201, "")
	r.api("/api/drive", obj{"do": "loseUploads"}, nil)
	r.want("lost", whole(lost), 404, "itemNotFound")
	r.want("deferred", ben.ask("POST", path+":/createUploadSession", obj{"deferCommit": true}), 400, "invalidRequest")
}

func TestLinks(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ana, ben, chloe := r.as("ana", "Files.ReadWrite.All"), r.as("ben", "Files.Read.All"), r.as("chloe", "Files.Read.All")
	path := "/me/drive/root:/Pictures/Red%20boat.jpg"
	item := ana.ok("GET", path, nil)
	byID := "/drives/" + item.at("parentReference.driveId").(string) + "/items/" + item.body["id"].(string)
	share := func(address string) string { return "/shares/" + shareID(address) + "/driveItem" }
	r.want("before it is shared", ben.ask("GET", share(item.body["webUrl"].(string)), nil), 403, "accessDenied")

	link := ana.ask("POST", path+":/createLink", obj{"type": "view", "scope": "organization"})
	address, _ := link.at("link.webUrl").(string)
	if link.status != 201 || !strings.HasPrefix(address, "https://contoso-my.sharepoint.example/:i:/g/personal/") {
		t.Fatalf("the link: %d %s", link.status, link.raw)
	}
	if again := ana.ask("POST", path+":/createLink", obj{"type": "view"}); again.status != 200 || again.at("link.webUrl") != address {
		t.Errorf("once more: %d %s", again.status, again.raw)
	}
	r.want("a guest", chloe.ask("GET", share(address), nil), 403, "accessDenied")
	if got := ben.ok("GET", share(address+"?web=1"), nil); got.body["id"] != item.body["id"] {
		t.Errorf("behind it: %s", got.raw)
	}
	r.want("redeemed", ben.ask("GET", byID, nil), 200, "")
	r.want("for reading", r.as("ben", "Files.ReadWrite.All").ask("PUT", byID+"/content", []byte("x")), 403, "accessDenied")
	r.want("not its neighbours", ben.ask("GET", byID[:strings.Index(byID, "/items")]+"/root:/Pictures", nil), 403, "accessDenied")
	r.want("for anyone", ana.ask("POST", path+":/createLink", obj{"type": "view", "scope": "anonymous"}), 403, "accessDenied")
	r.want("of no kind", ana.ask("POST", path+":/createLink", obj{"type": "look"}), 400, "invalidRequest")

	team := "https://contoso.sharepoint.example/sites/ContosoSales/Shared%20Documents"
	for _, c := range []struct {
		name, address string
		status        int
		code, want    string
	}{
		{"a file", team + "/Photographs/Red%20boat.jpg", 200, "", "Red boat.jpg"},
		{"a folder", team + "/Photographs", 200, "", "Photographs"},
		{"the library", team, 200, "", "root"},
		{"a page that shows a folder", team + "/Forms/AllItems.aspx?id=" + url.QueryEscape("/sites/ContosoSales/Shared Documents/General"), 200, "", "General"},
		{"nothing", team + "/none.jpg", 404, "itemNotFound", ""},
		{"a link that is none", "https://contoso.sharepoint.example/:i:/s/ContosoSales/Enone", 403, "accessDenied", ""},
		{"another tenant", "https://fabrikam.sharepoint.example/x.jpg", 403, "accessDenied", ""},
	} {
		got := ben.ask("GET", share(c.address), nil)
		r.want(c.name, got, c.status, c.code)
		if name, _ := got.body["name"].(string); name != c.want {
			t.Errorf("%s: %q", c.name, name)
		}
	}
	r.want("malformed", ben.ask("GET", "/shares/u!%25%25/driveItem", nil), 400, "invalidRequest")
	if got := ben.bytesOf(share(address) + "/content"); len(got) != int(item.body["size"].(float64)) {
		t.Errorf("its bytes: %d", len(got))
	}
}

// TestSessionsEnd: what is not finished in time is gone.
func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := Config{Now: time.Now}
		d := newDrives(cfg, newWorld(cfg), &samples{drawn: drawnSamples()})
		defer d.opened()()
		first := d.keepSession(&uploading{expires: d.now().Add(sessionLife)})
		for range maxSessions {
			time.Sleep(time.Second)
			d.keepSession(&uploading{expires: d.now().Add(sessionLife)})
		}
		if d.uploads[first] != nil || len(d.uploads) != maxSessions {
			t.Errorf("%d sessions, the oldest one %v", len(d.uploads), d.uploads[first])
		}
	})
}

func TestDrivesHaveBounds(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	unlock := r.drives.opened()
	defer unlock()
	dr := r.drives.driveByKey("ben")
	by := r.world.person("ben").actor()
	w := draft{in: dr.root, name: "a.bin", by: by, who: "ben", right: mayOwn}
	if _, _, err := r.drives.write(w, make([]byte, maxItem+1)); err != errTooHeavy {
		t.Errorf("a heavy file: %v", err)
	}
	dr.used = maxDrive
	if _, _, err := r.drives.write(w, []byte("x")); err != errNoRoom {
		t.Errorf("a full drive: %v", err)
	}
	dr.used = 0
	n, _, err := r.drives.write(w, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	for range maxVersions + 5 {
		r.drives.overwrite(n, []byte("xy"), by)
	}
	if len(n.past) != maxVersions || dr.used != 2*(maxVersions+1) {
		t.Errorf("%d versions, %d bytes", len(n.past), dr.used)
	}
	r.drives.remove(n)
	if dr.used != 0 {
		t.Errorf("%d bytes are left of nothing", dr.used)
	}
}
