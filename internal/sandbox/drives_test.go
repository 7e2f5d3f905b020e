package sandbox

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// reply is an answer of Graph.
type reply struct {
	status int
	header http.Header
	raw    []byte
	body   obj
}

// at reads a value by its path: "error.code".
func (a reply) at(path string) any { return heard(a.body).at(path) }

// list gives a property of every element of a collection.
func (a reply) list(property string) []any {
	var all []any
	value, _ := a.body["value"].([]any)
	for _, one := range value {
		all = append(all, heard(one.(map[string]any)).at(property))
	}
	return all
}

// client speaks to Graph with a token.
type client struct {
	*rig
	token string
}

func (r *rig) as(who string, names ...string) client {
	r.t.Helper()
	return client{r, r.delegatedToken(who, names...)}
}

// ask sends a request to Graph; headers are names and values in turn. A body of bytes is sent as it is.
func (c client) ask(method, path string, body any, headers ...string) reply {
	c.t.Helper()
	return c.visit(method, c.base+"/v1.0"+path, body, append(headers, "Authorization", "Bearer "+c.token)...)
}

// visit sends a request to any address, without the token.
func (r *rig) visit(method, address string, body any, headers ...string) reply {
	r.t.Helper()
	raw, ok := body.([]byte)
	if !ok && body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			r.t.Fatal(err)
		}
	}
	req, err := http.NewRequest(method, strings.ReplaceAll(address, " ", "%20"), bytes.NewReader(raw))
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return reply{}
	}
	defer res.Body.Close()
	a := reply{status: res.StatusCode, header: res.Header}
	if a.raw, err = io.ReadAll(res.Body); err != nil {
		a.status = -a.status // the answer broke off
	}
	_ = json.Unmarshal(a.raw, &a.body) // bytes of a file are no JSON
	return a
}

// want is a reply with a status, and when it is a refusal with a code.
func (r *rig) want(what string, a reply, status int, code string) {
	r.t.Helper()
	got, _ := a.at("error.code").(string)
	if a.status != status || got != code || code != "" && a.at("error.innerError.request-id") == nil {
		r.t.Errorf("%s: %d %q, want %d %q: %.300s", what, a.status, got, status, code, a.raw)
	}
}

func (c client) ok(method, path string, body any, headers ...string) reply {
	c.t.Helper()
	a := c.ask(method, path, body, headers...)
	if a.status < 200 || a.status > 299 {
		c.t.Fatalf("%s %s: %d %.300s", method, path, a.status, a.raw)
	}
	return a
}

// team is the path of the team's drive.
func (r *rig) team() string {
	return "/groups/" + r.world.chatByKey("general", "").team.group + "/drive"
}

// pictureOf is a PNG in one colour.
func pictureOf(t *testing.T, w, h int, c color.Color) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		img.Set(i%w, i/w, c)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadSpot(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]spot{
		"me/drive":                               {owner: "me", what: "drive"},
		"me/drive/root":                          {owner: "me", what: "drive", item: "root"},
		"drives/b!x/root:/a/b c.txt":             {owner: "drives", id: "b!x", what: "drive", item: "root", by: true, path: "a/b c.txt"},
		"drives/b!x/root:/a:/children":           {owner: "drives", id: "b!x", what: "drive", item: "root", by: true, path: "a", verb: "children"},
		"drives/b!x/items/01A:/n.png:/content":   {owner: "drives", id: "b!x", what: "drive", item: "01A", by: true, path: "n.png", verb: "content"},
		"drives/b!x/items/01A/thumbnails/0/m":    {owner: "drives", id: "b!x", what: "drive", item: "01A", verb: "thumbnails", arg: "0/m"},
		"drives/b!x/root/search(q='a/b:c')":      {owner: "drives", id: "b!x", what: "drive", item: "root", verb: "search", arg: "(q='a/b:c')"},
		"drives/b!x/items/01/microsoft.graph.y":  {owner: "drives", id: "b!x", what: "drive", item: "01", verb: "y"},
		"sites/h,1,2":                            {owner: "sites", id: "h,1,2"},
		"sites/h,1,2/drives":                     {owner: "sites", id: "h,1,2", what: "drives"},
		"sites/h:/sites/x":                       {owner: "sites", id: "h:/sites/x"},
		"sites/h:/sites/x:/drive/root":           {owner: "sites", id: "h:/sites/x", what: "drive", item: "root"},
		"sites/h,1,2/drives/b!x/root":            {owner: "drives", id: "b!x", what: "drive", item: "root"},
		"shares/u!abc/driveItem/content":         {owner: "shares", id: "u!abc", what: "driveItem", item: "root", verb: "content"},
		"teams/1/channels/19:x/filesFolder":      {owner: "teams", id: "1", what: "channel", sub: "19:x"},
		"groups/1/drive/root/delta(token='t')":   {owner: "groups", id: "1", what: "drive", item: "root", verb: "delta", arg: "(token='t')"},
		"users/1/drive/items/01/versions/1.0/co": {owner: "users", id: "1", what: "drive", item: "01", verb: "versions", arg: "1.0/co"},
	} {
		if got, ok := readSpot(path); !ok || got != want {
			t.Errorf("%s: %+v %v", path, got, ok)
		}
	}
	for _, path := range []string{"", "drives/b!x/list", "me/drive/items/", "shares/u!abc", "teams/1/channels", "planner", "groups/1"} {
		if got, ok := readSpot(path); ok {
			t.Errorf("%q was taken for %+v", path, got)
		}
	}
}

func FuzzReadSpot(f *testing.F) {
	for _, seed := range []string{"me/drive/root:/a:/content", "sites/a:/b:/drive", "drives//items/:/", "shares/u!/driveItem:/x:", "teams/a/channels/b/filesFolder"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		at, ok := readSpot(path)
		if ok && strings.HasPrefix(at.path, "/") {
			t.Errorf("%q leads to %+v", path, at)
		}
	})
}

func TestSitesAndDrives(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ana := r.as("ana", "Sites.Read.All")
	if got := ana.ok("GET", "/sites?search=*", nil).list("displayName"); !slices.Equal(got, []any{"Contoso Sales", "Harbour Office", "Contoso Logistics", "Contoso Press"}) {
		t.Errorf("sites: %v", got)
	}
	if got := ana.ok("GET", "/sites?search=harb", nil).list("displayName"); !slices.Equal(got, []any{"Harbour Office"}) {
		t.Errorf("sites by words: %v", got)
	}
	if got := r.as("chloe", "Sites.Read.All").ok("GET", "/sites?search=", nil).list("displayName"); !slices.Equal(got, []any{"Contoso Sales"}) {
		t.Errorf("sites of a guest: %v", got)
	}
	site := ana.ok("GET", "/sites/contoso.sharepoint.example:/sites/ContosoSales", nil)
	id, _ := site.body["id"].(string)
	if again := ana.ok("GET", "/sites/"+id+"?$select=id,webUrl", nil); len(again.body) != 3 || again.body["webUrl"] != "https://contoso.sharepoint.example/sites/ContosoSales" {
		t.Errorf("the site: %v", again.body)
	}
	drive, _ := ana.ok("GET", "/sites/"+id+"/drive", nil).body["id"].(string)
	for _, path := range []string{"/sites/contoso.sharepoint.example:/sites/ContosoSales:/drive", "/drives/" + drive, r.team()} {
		if got := ana.ok("GET", path, nil); got.body["id"] != drive || got.body["name"] != "Documents" || got.body["driveType"] != "documentLibrary" {
			t.Errorf("%s: %v", path, got.body)
		}
	}
	if got := ana.ok("GET", "/sites/"+id+"/drives", nil).list("id"); !slices.Equal(got, []any{drive}) {
		t.Errorf("the libraries: %v", got)
	}
	if got := ana.ok("GET", r.team()+"/root/children", nil).list("name"); !slices.Equal(got, []any{"General", "Leads", "Papers", "Photographs", "Screenshots"}) {
		t.Errorf("the root: %v", got)
	}
	general := ana.ok("GET", "/teams/"+r.world.chatByKey("general", "").team.group+"/channels/"+url.PathEscape(r.chatID("leads", ""))+"/filesFolder", nil)
	if general.body["name"] != "Leads" || general.at("parentReference.driveId") != drive {
		t.Errorf("the channel's folder: %v", general.body)
	}
}

// TestWhoMayReachWhat: what a call may do is what the token allows and the person may.
func TestWhoMayReachWhat(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *Config) { c.Apps[0].Roles = []string{"Sites.Read.All"} })
	harbour := "/sites/contoso.sharepoint.example:/sites/HarbourOffice"
	ana := r.as("ana", "Files.Read")
	own, _ := ana.ok("GET", "/me/drive", nil).body["id"].(string)
	pics := r.team() + "/root:/Photographs/Red%20boat.jpg"
	guarded := r.team() + "/root:/Screenshots/Brand%20colours.png"
	busy := r.team() + "/root:/Photographs/Regatta.jpg"
	app := client{r, r.appToken(graphAudience)}
	for _, c := range []struct {
		name         string
		by           client
		method, path string
		status       int
		code         string
	}{
		{"no permission", r.as("ana", "User.Read"), "GET", "/me/drive/root", 403, "accessDenied"},
		{"their own drive", ana, "GET", "/me/drive/root/children", 200, ""},
		{"Files.Read reaches no further", ana, "GET", pics, 403, "accessDenied"},
		{"Files.Read does not write", ana, "PUT", "/me/drive/root:/x.txt:/content", 403, "accessDenied"},
		{"Files.ReadWrite writes", r.as("ana", "Files.ReadWrite"), "PUT", "/me/drive/root:/x.txt:/content", 201, ""},
		{"everything that may be read", r.as("ben", "Files.Read.All"), "GET", pics, 200, ""},
		{"but not written", r.as("ben", "Sites.Read.All"), "PUT", pics + ":/content", 403, "accessDenied"},
		{"somebody else's drive", r.as("ben", "Sites.ReadWrite.All"), "GET", "/drives/" + own + "/root", 403, "accessDenied"},
		{"a drive that is none", ana, "GET", "/drives/b!nobodys/root", 404, "itemNotFound"},
		{"an item that is none", r.as("ben", "Sites.Read.All"), "GET", r.team() + "/items/01NONE", 404, "itemNotFound"},
		{"a guest has no drive", r.as("chloe", "Files.ReadWrite"), "GET", "/me/drive", 404, "ResourceNotFound"},
		{"a guest in the team", r.as("chloe", "Sites.Read.All"), "GET", pics, 200, ""},
		{"a guest outside", r.as("chloe", "Sites.Read.All"), "GET", harbour, 403, "accessDenied"},
		{"a guest outside, its drive", r.as("chloe", "Sites.Read.All"), "GET", harbour + ":/drive/root/children", 403, "accessDenied"},
		{"sites need a permission", ana, "GET", "/sites?search=x", 403, "accessDenied"},
		{"an app", app, "GET", pics, 200, ""},
		{"an app only reads", app, "DELETE", pics, 403, "accessDenied"},
		{"an app has no me", app, "GET", "/me/drive", 400, "BadRequest"},
		{"guarded, by a member", r.as("ben", "Sites.ReadWrite.All"), "PUT", guarded + ":/content", 403, "accessDenied"},
		{"guarded, by an owner", r.as("ana", "Sites.ReadWrite.All"), "PATCH", guarded, 200, ""},
		{"checked out by Ben", r.as("ana", "Sites.ReadWrite.All"), "PUT", busy + ":/content", 423, "resourceLocked"},
		{"checked out, by himself", r.as("ben", "Sites.ReadWrite.All"), "PUT", busy + ":/content", 200, ""},
		{"a method that is none", ana, "POST", "/me/drive/root", 400, "invalidRequest"},
		{"a verb that is none", ana, "GET", "/me/drive/root/activities", 400, "invalidRequest"},
	} {
		r.want(c.name, c.by.ask(c.method, c.path, obj{}), c.status, c.code)
	}
	r.want("no token", r.visit("GET", r.base+"/v1.0/me/drive", nil), 401, "InvalidAuthenticationToken")
}

func TestSitesSelected(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ben := r.as("ben", "Sites.Selected")
	path := r.team() + "/root/children"
	r.want("not granted", ben.ask("GET", path, nil), 403, "accessDenied")
	r.api("/api/drive", obj{"do": "grant", "app": "contact", "drive": "team", "role": "read"}, nil)
	r.want("granted", ben.ask("GET", path, nil), 200, "")
	r.want("granted for reading", ben.ask("PUT", r.team()+"/root:/x.txt:/content", []byte("x")), 403, "accessDenied")
	r.want("another site", ben.ask("GET", "/sites/contoso.sharepoint.example:/sites/HarbourOffice", nil), 403, "accessDenied")
	if got := ben.ok("GET", "/sites?search=*", nil).list("displayName"); !slices.Equal(got, []any{"Contoso Sales"}) {
		t.Errorf("sites: %v", got)
	}
	r.api("/api/drive", obj{"do": "grant", "app": "contact", "drive": "team", "role": "write"}, nil)
	r.want("granted for writing", ben.ask("PUT", r.team()+"/root:/x.txt:/content", []byte("x")), 201, "")
	r.api("/api/drive", obj{"do": "grant", "app": "contact", "drive": "team", "role": "none"}, nil)
	r.want("taken back", ben.ask("GET", path, nil), 403, "accessDenied")
}

func TestLeavingTheTeam(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ben := r.as("ben", "Sites.ReadWrite.All")
	root := ben.ok("GET", r.team()+"/root", nil)
	item := "/drives/" + root.at("parentReference.driveId").(string) + "/items/" + root.body["id"].(string)
	r.want("inside", ben.ask("GET", item, nil), 200, "")
	r.world.setRole(r.world.chatByKey("general", ""), "ben", "")
	r.want("outside", ben.ask("GET", item, nil), 403, "accessDenied")
	r.want("outside, the drive", ben.ask("GET", r.team(), nil), 403, "accessDenied")
}

func TestItem(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ana := r.as("ana", "Sites.Read.All")
	path := r.team() + "/root:/Photographs/Red%20boat.jpg"
	item := ana.ok("GET", path, nil)
	for property, want := range map[string]any{"name": "Red boat.jpg", "file.mimeType": "image/jpeg", "image.width": 1080.0, "image.height": 1080.0,
		"lastModifiedBy.user.displayName": "Ben Okafor", "parentReference.name": "Photographs", "parentReference.driveType": "documentLibrary",
		"webUrl": "https://contoso.sharepoint.example/sites/ContosoSales/Shared%20Documents/Photographs/Red%20boat.jpg"} {
		if got := item.at(property); got != want {
			t.Errorf("%s: %v", property, got)
		}
	}
	if item.body["thumbnails"] != nil || item.body[downloadURL] == nil {
		t.Errorf("unasked: %v", item.body)
	}
	few := ana.ok("GET", path+"?$select=id,%20size&$expand=thumbnails", nil)
	if len(few.body) != 4 || few.body["thumbnails"] == nil || few.body["size"] != item.body["size"] {
		t.Errorf("selected: %v", few.body)
	}
	if one := ana.ok("GET", path+"?$select="+downloadURL, nil); len(one.body) != 2 || one.body[downloadURL] == nil {
		t.Errorf("the address alone: %v", one.body)
	}
	if got := ana.ask("GET", path, nil, "If-None-Match", item.body["eTag"].(string)); got.status != 304 {
		t.Errorf("unchanged: %d", got.status)
	}
	if got := ana.ok("GET", r.team()+"/root:/PHOTOGRAPHS/red%20BOAT.jpg", nil); got.body["id"] != item.body["id"] {
		t.Error("case counts")
	}
	locked := ana.ok("GET", r.team()+"/root:/Photographs/Regatta.jpg?$select=publication", nil)
	if locked.at("publication.level") != "checkout" {
		t.Errorf("checked out: %v", locked.body)
	}
}

func TestChildren(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ana := r.as("ana", "Sites.Read.All")
	path := r.team() + "/root:/Photographs:/children"
	began := time.Now()
	all := ana.ok("GET", path+"?$orderby=lastModifiedDateTime%20desc&$expand=thumbnails", nil)
	if spent := time.Since(began); spent > time.Second {
		t.Errorf("listing took %v: nothing may be drawn for it, which takes longer", spent)
	}
	dates := all.list("lastModifiedDateTime")
	if len(dates) != 12 || !slices.IsSortedFunc(dates, func(a, b any) int { return strings.Compare(b.(string), a.(string)) }) {
		t.Errorf("by date: %v", dates)
	}
	var names []any
	pages := 0
	for next := path + "?$top=5&$select=name"; next != ""; pages++ {
		page := ana.ok("GET", next, nil)
		names = append(names, page.list("name")...)
		link, _ := page.body["@odata.nextLink"].(string)
		next = strings.TrimPrefix(link, r.base+"/v1.0")
	}
	if pages != 3 || len(names) != 12 || names[0] != "Boats on the beach.jpg" {
		t.Errorf("%d pages: %v", pages, names)
	}
	if got := ana.ok("GET", r.team()+"/root/children?$filter=file%20ne%20null", nil).list("name"); len(got) != 0 {
		t.Errorf("files of the root: %v", got)
	}
	for query, status := range map[string]int{"$top=0": 400, "$skip=1": 400, "$orderby=colour": 400, "$filter=name%20eq%20'x'": 400, "$skiptoken=zz": 400, "$orderby=size": 200} {
		if got := ana.ask("GET", path+"?"+query, nil); got.status != status {
			t.Errorf("%s: %d", query, got.status)
		}
	}
}

func TestDriveSearch(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ana := r.as("ana", "Sites.Read.All")
	for _, c := range []struct {
		in, words string
		want      []any
	}{
		{"/root", "harbour noon", []any{"Harbour at noon.jpg"}},
		{"/root", "LIGHT", []any{"Lighthouse and gulls.jpg", "Lighthouse from the phone.jpg", "Lighthouse in the fog.jpg"}},
		{"/root:/General:", "harbour", []any{"Harbour in the evening.jpg", "Minutes of the harbour meeting.txt"}},
		{"/root", "house", nil},
		{"/root", "o''neill", nil},
		{"/root:/Papers:", "", []any{"Berths 2026.xlsx", "Read me.txt"}},
	} {
		got := ana.ok("GET", r.team()+c.in+"/search(q='"+url.PathEscape(c.words)+"')?$orderby=name&$select=name", nil).list("name")
		if !slices.Equal(got, c.want) {
			t.Errorf("%s in %s: %v", c.words, c.in, got)
		}
	}
	r.want("no text", ana.ask("GET", r.team()+"/root/search", nil), 400, "invalidRequest")
}

func TestDelta(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ben := r.as("ben", "Sites.ReadWrite.All")
	follow := func(link any) reply {
		text, _ := link.(string)
		return ben.ok("GET", strings.TrimPrefix(text, r.base+"/v1.0"), nil)
	}
	page := ben.ok("GET", r.team()+"/root/delta?$top=10", nil)
	seen := len(page.list("id"))
	for page.body["@odata.nextLink"] != nil {
		page = follow(page.body["@odata.nextLink"])
		seen += len(page.list("id"))
	}
	if want := len(r.drives.driveByKey(teamDrive).items); seen != want {
		t.Errorf("%d of %d items", seen, want)
	}
	if quiet := follow(page.body["@odata.deltaLink"]); len(quiet.list("id")) != 0 {
		t.Errorf("nothing changed: %s", quiet.raw)
	}
	latest := ben.ok("GET", r.team()+"/root/delta?token=latest", nil)
	ben.ok("PUT", r.team()+"/root:/Papers/new.txt:/content", []byte("new"))
	ben.ok("DELETE", r.team()+"/root:/Papers/Read%20me.txt", nil)
	changes := follow(latest.body["@odata.deltaLink"])
	if got := changes.list("name"); !slices.Equal(got, []any{"new.txt", "Read me.txt"}) {
		t.Errorf("changes: %v", got)
	}
	if got := changes.list("deleted.state"); !slices.Equal(got, []any{nil, "deleted"}) {
		t.Errorf("deleted: %v", got)
	}
	old := ben.ask("GET", r.team()+"/root/delta?token=old", nil)
	r.want("an old token", old, 410, "resyncRequired")
	if !strings.HasSuffix(old.header.Get("Location"), "/root/delta") {
		t.Errorf("where to begin anew: %q", old.header.Get("Location"))
	}
}

// TestImagesOfAFolder: the pictures of a folder of this machine take the place of the drawn ones.
func TestImagesOfAFolder(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	mine := pictureOf(t, 40, 20, color.White)
	for name, data := range map[string][]byte{"mine.png": mine, "tiny.gif": []byte(tinyGIF), "notes.txt": []byte("no picture")} {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := newRig(t, func(c *Config) { c.Pictures = folder })
	ana := r.as("ana", "Sites.Read.All")
	list := ana.ok("GET", r.team()+"/root:/Photographs:/children", nil)
	if got := list.list("name"); !slices.Equal(got, []any{"mine.png", "tiny.gif"}) {
		t.Errorf("the folder: %v", got)
	}
	if list.list("size")[0] != float64(len(mine)) || list.list("image.width")[0] != 40.0 {
		t.Errorf("%v %v", list.list("size"), list.list("image.width"))
	}
	content := ana.ask("GET", r.team()+"/root:/Photographs/mine.png:/content", nil)
	if got := r.visit("GET", content.header.Get("Location"), nil); !bytes.Equal(got.raw, mine) {
		t.Errorf("%d bytes of %d", len(got.raw), len(mine))
	}
	if got := ana.ok("GET", r.team()+"/root:/General:/children", nil).list("name"); len(got) != 4 {
		t.Errorf("General: %v", got)
	}
}

func TestQuickXor(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "AAAAAAAAAAAAAAAAAAAAAAAAAAA=", "a": "YQAAAAAAAAAAAAAAAQAAAAAAAAA=", "aa": "YQgDAAAAAAAAAAAAAgAAAAAAAAA="} {
		if got := quickXor([]byte(text)); got != want {
			t.Errorf("%q: %s", text, got)
		}
	}
	whole := bytes.Repeat([]byte{0}, 160)
	if raw, err := base64.StdEncoding.DecodeString(quickXor(whole)); err != nil || raw[12] != 160 {
		t.Errorf("the length is not in it: %x %v", raw, err)
	}
}
