package sandbox

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/jpeg"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// movable is a clock that a test sets forward.
type movable struct{ ahead atomic.Int64 }

func (m *movable) now() time.Time        { return time.Now().Add(time.Duration(m.ahead.Load())) }
func (m *movable) wait(by time.Duration) { m.ahead.Add(int64(by)) }

func TestDownloads(t *testing.T) {
	t.Parallel()
	clock := &movable{}
	r := newRig(t, func(c *Config) { c.Now = clock.now })
	ana := r.as("ana", "Sites.ReadWrite.All")
	path := r.team() + "/root:/Papers/Read%20me.txt"
	address := func() string { return ana.ask("GET", path+":/content", nil).header.Get("Location") }
	whole := ana.bytesOf(path + ":/content")
	to := address()
	if own, _ := ana.ok("GET", path, nil).body[downloadURL].(string); r.visit("GET", own, nil).status != 200 {
		t.Error("the address in the item leads nowhere")
	}
	part := r.visit("GET", to, nil, "Range", "bytes=5-8")
	if part.status != 206 || !bytes.Equal(part.raw, whole[5:9]) || part.header.Get("Content-Disposition") == "" || part.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("a range: %d %q %v", part.status, part.raw, part.header)
	}
	if got := r.visit("GET", to, nil, "Range", "bytes=5000-"); got.status != 416 {
		t.Errorf("beyond the end: %d", got.status)
	}
	r.want("with the token", r.visit("GET", to, nil, "Authorization", "Bearer "+ana.token), 401, "unauthenticated")
	r.want("another seal", r.visit("GET", to+"x", nil), 401, "unauthenticated")
	r.want("another item", r.visit("GET", strings.Replace(to, "/01", "/02", 1), nil), 401, "unauthenticated")
	r.want("another version", r.visit("GET", to+"&version=0.9", nil), 401, "unauthenticated")
	tag := ana.ok("GET", path, nil).body["cTag"].(string)
	if got := ana.ask("GET", path+":/content", nil, "If-None-Match", tag); got.status != 304 {
		t.Errorf("unchanged: %d", got.status)
	}
	r.want("a folder", ana.ask("GET", r.team()+"/root:/Papers:/content", nil), 400, "invalidRequest")

	r.api("/api/drive", obj{"do": "expireLinks"}, nil)
	r.want("called in", r.visit("GET", to, nil), 401, "unauthenticated")
	clock.wait(time.Second)
	to = address()
	r.want("a new one", r.visit("GET", to, nil), 200, "")
	clock.wait(linkLife)
	r.want("its time is over", r.visit("GET", to, nil), 401, "unauthenticated")
	to = address()
	r.api("/api/drive", obj{"do": "delete", "path": "Papers/Read me.txt"}, nil)
	r.want("the file has gone", r.visit("GET", to, nil), 404, "itemNotFound")
}

func TestThumbnails(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ana := r.as("ana", "Sites.ReadWrite.All")
	ana.ok("PUT", r.team()+"/root:/Papers/up.png:/content", pictureOf(t, 60, 30, color.RGBA{R: 200, A: 255}))
	sideways, err := jpegOf(func() image.Image {
		img := image.NewRGBA(image.Rect(0, 0, 60, 30)) // the left half is red, which lies above when it is turned
		for i := range 60 * 30 {
			img.Set(i%60, i/60, color.RGBA{R: uint8(255 * (1 - i%60/30)), A: 255})
		}
		return img
	}(), 95)
	if err != nil {
		t.Fatal(err)
	}
	ana.ok("PUT", r.team()+"/root:/Papers/side.jpg:/content", withEXIF(sideways, exif{orientation: 6, make: "Contoso"}))
	ana.ok("PUT", r.team()+"/root:/Papers/broken.png:/content", []byte("\x89PNG\r\n\x1a\n and nothing"))
	for _, c := range []struct {
		path, size string
		w, h       int
	}{
		{"Photographs/Harbour at noon.jpg", "small", 96, 64},
		{"Photographs/Harbour at noon.jpg", "large", 800, 533},
		{"Photographs/Lighthouse in the fog.jpg", "medium", 132, 176},
		{"Photographs/Red boat.jpg", "c300x400", 300, 300},
		{"Photographs/Islands, wide.jpg", "c100x100_crop", 100, 100},
		{"Photographs/Islands, wide.jpg", "smallSquare", 96, 96},
		{"General/Lighthouse from the phone.jpg", "medium", 132, 176},
		{"General/Sailing boat.gif", "small", 96, 72},
		{"Screenshots/Printer settings.png", "medium", 176, 110},
		{"Papers/up.png", "medium", 60, 30},
		{"Papers/side.jpg", "medium", 30, 60},
		{"Papers/side.jpg", "smallSquare", 96, 96},
	} {
		at := r.team() + "/root:/" + c.path + ":/thumbnails/0/" + c.size
		told := ana.ok("GET", at, nil)
		img, err := jpeg.Decode(bytes.NewReader(ana.bytesOf(at + "/content")))
		if err != nil || img.Bounds().Dx() != c.w || img.Bounds().Dy() != c.h || told.body["width"] != float64(c.w) || told.body["height"] != float64(c.h) {
			t.Errorf("%s, %s: %v, told %v: %v", c.path, c.size, img, told.body, err)
			continue
		}
		if red, _, _, _ := img.At(c.w/2, c.h/8).RGBA(); c.path == "Papers/side.jpg" && red < 0xc000 {
			t.Errorf("%s does not stand upright", c.path)
		}
	}
	sets := ana.ok("GET", r.team()+"/root:/Photographs/Red boat.jpg:/thumbnails?select=small,c10x10_crop", nil)
	if set, _ := sets.body["value"].([]any)[0].(map[string]any); len(set) != 3 || set["c10x10_crop"] == nil {
		t.Errorf("chosen sizes: %s", sets.raw)
	}
	for _, path := range []string{"Papers/Read me.txt", "Papers/broken.png", "Papers/Berths 2026.xlsx", "Papers"} {
		if got := ana.ok("GET", r.team()+"/root:/"+path+":/thumbnails", nil).list("id"); len(got) != 0 {
			t.Errorf("%s has %v", path, got)
		}
	}
	r.want("no picture", ana.ask("GET", r.team()+"/root:/Papers/Read me.txt:/thumbnails/0/small/content", nil), 404, "itemNotFound")
	r.want("no size", ana.ask("GET", r.team()+"/root:/Photographs/Red boat.jpg:/thumbnails/0/huge", nil), 400, "invalidRequest")
	r.want("too large", ana.ask("GET", r.team()+"/root:/Photographs/Red boat.jpg:/thumbnails/0/c9000x1", nil), 400, "invalidRequest")
	r.want("no set", ana.ask("GET", r.team()+"/root:/Photographs/Red boat.jpg:/thumbnails/7", nil), 404, "itemNotFound")
}

// TestDriveTrouble: what goes wrong on request, each call by its own name.
func TestDriveTrouble(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ben := r.as("ben", "Sites.ReadWrite.All")
	path := r.team() + "/root:/Papers/Read%20me.txt"
	order := func(o obj) { r.api("/api/faults", o, nil) }
	get := func() reply { return ben.ask("GET", path, nil) }
	put := func() reply { return ben.ask("PUT", path+":/content", []byte("later")) }
	for _, c := range []struct {
		order  obj
		call   func() reply
		status int
		code   string
	}{
		{obj{"op": "drive", "status": 429, "retryAfter": "1.5"}, get, 429, "TooManyRequests"},
		{obj{"op": "graph", "status": 503, "retryAfter": 2}, get, 503, "serviceNotAvailable"},
		{obj{"op": "write", "status": 423}, put, 423, "resourceLocked"},
		{obj{"op": "write", "status": 412}, put, 412, "resourceModified"},
		{obj{"op": "write", "status": 507}, put, 507, "quotaLimitReached"},
		{obj{"op": "thumbnail", "status": 404}, func() reply { return ben.ask("GET", path+":/thumbnails", nil) }, 404, "itemNotFound"},
		{obj{"op": "share", "status": 403}, func() reply { return ben.ask("POST", path+":/createLink", obj{}) }, 403, "accessDenied"},
		{obj{"op": "session", "status": 409}, func() reply { return ben.ask("POST", path+":/createUploadSession", obj{}) }, 409, "nameAlreadyExists"},
	} {
		order(c.order)
		got := c.call()
		r.want("ordered", got, c.status, c.code)
		if want := c.order["retryAfter"]; want != nil && got.header.Get("Retry-After") == "" {
			t.Errorf("%v came without Retry-After", c.order)
		}
		if again := c.call(); again.status > 299 {
			t.Errorf("after %v: %d %s", c.order, again.status, again.raw)
		}
	}
	order(obj{"op": "write", "status": 500})
	r.want("reading goes on", get(), 200, "")
	r.want("writing does not", put(), 500, "generalException")

	order(obj{"op": "drive", "status": 401, "claims": `{"access_token":{}}`})
	challenged := get()
	r.want("asked for more", challenged, 401, "InvalidAuthenticationToken")
	if how := challenged.header.Get("WWW-Authenticate"); !strings.Contains(how, `error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ=="`) {
		t.Errorf("the challenge: %s", how)
	}
	order(obj{"op": "write", "drop": true})
	if got := ben.ask("PUT", path+":/content", []byte("unheard")); got.status != 0 {
		t.Errorf("dropped: %d", got.status)
	}
	if got := ben.bytesOf(path + ":/content"); string(got) != "unheard" {
		t.Errorf("a dropped answer undid the deed: %s", got)
	}
	to := ben.ask("GET", r.team()+"/root:/Photographs/Red boat.jpg:/content", nil).header.Get("Location")
	order(obj{"op": "download", "cutAfter": 1000})
	cut := r.visit("GET", to, nil)
	if cut.status != -200 || len(cut.raw) != 1000 {
		t.Errorf("cut off: %d, %d bytes", cut.status, len(cut.raw))
	}
	rest := r.visit("GET", to, nil, "Range", "bytes=1000-")
	if whole := r.visit("GET", to, nil); rest.status != 206 || !bytes.Equal(append(cut.raw, rest.raw...), whole.raw) {
		t.Errorf("the rest: %d, %d bytes", rest.status, len(rest.raw))
	}
	began := time.Now()
	order(obj{"op": "drive", "hangMs": 80})
	if get(); time.Since(began) < 80*time.Millisecond {
		t.Error("a slow answer was fast")
	}
	if status, body := r.do("POST", r.base+"/api/faults", "", obj{"op": "drives"}); status != 400 || !strings.Contains(body, "thumbnail") {
		t.Errorf("an operation that is none: %d %s", status, body)
	}
}

func TestDriveAPI(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	drives := func(who string) map[string]driveShown {
		var answer struct{ Drives []driveShown }
		r.api("/api/drive?as="+who, nil, &answer)
		found := map[string]driveShown{}
		for _, d := range answer.Drives {
			found[d.Key] = d
		}
		return found
	}
	item := func(path string) itemShown {
		for _, i := range drives("ana")["team"].Items {
			if i.Path == path {
				return i
			}
		}
		return itemShown{}
	}
	var keys []string
	for key := range drives("chloe") {
		keys = append(keys, key)
	}
	if len(drives("ana")) != 5 || !slices.Equal(keys, []string{"team"}) {
		t.Errorf("Chloé sees %v", keys)
	}
	before := item("Papers/Read me.txt")
	if before.ContentType != "text/plain" || len(before.Versions) != 1 || before.By != "Ben Okafor" {
		t.Errorf("a file: %+v", before)
	}
	var after itemShown
	r.api("/api/drive", obj{"do": "change", "as": "ana", "path": "Papers/Read me.txt", "base64": "bmV3"}, &after)
	if after.ETag == before.ETag || after.Size != 3 || len(after.Versions) != 2 || after.By != "Ana Duarte" {
		t.Errorf("changed: %+v", after)
	}
	file := r.base + "/api/drive/file?as=ben&drive=team&path=Papers/Read%20me.txt"
	if got := r.visit("GET", file, nil); string(got.raw) != "new" {
		t.Errorf("its bytes: %s", got.raw)
	}
	if got := r.visit("GET", file+"&version=1.0", nil); int64(len(got.raw)) != before.Size {
		t.Errorf("the bytes before: %s", got.raw)
	}
	if got := r.visit("GET", r.base+"/api/drive/file?as=ben&drive=ana&path=Pictures/Red%20boat.jpg", nil); got.status != 404 {
		t.Errorf("somebody else's file: %d", got.status)
	}
	byAddress := r.base + "/api/drive/file?url=" + url.QueryEscape(before.WebURL) + "&as="
	for who, status := range map[string]int{"chloe": 200, "nobody": 404} {
		if got := r.visit("GET", byAddress+who, nil); got.status != status {
			t.Errorf("by its address, %s: %d", who, got.status)
		}
	}
	r.api("/api/drive", obj{"do": "lock", "path": "Papers/Read me.txt"}, &after)
	if after.LockedBy != "ben" {
		t.Errorf("locked: %+v", after)
	}
	r.api("/api/drive", obj{"do": "protect", "id": before.ID}, &after)
	if !after.ReadOnly {
		t.Errorf("protected: %+v", after)
	}
	r.api("/api/drive", obj{"do": "delete", "id": before.ID}, nil)
	if got := item("Papers/Read me.txt"); got.ID != "" {
		t.Errorf("deleted: %+v", got)
	}
	for _, bad := range []obj{{"do": "burn", "path": "Papers"}, {"do": "lock", "path": "none"}, {"do": "lock", "drive": "none"}, {"do": "put", "path": "a*b"},
		{"do": "put", "as": "nobody"}, {"do": "put", "base64": "%"}, {"do": "grant", "app": "none"}} {
		if status, _ := r.do("POST", r.base+"/api/drive", "", bad); status != 400 && status != 404 {
			t.Errorf("%v: %d", bad, status)
		}
	}
	r.api("/api/reset", obj{}, nil)
	if got := item("Papers/Read me.txt"); got.ID != before.ID || got.ETag != before.ETag {
		t.Errorf("after the reset: %+v", got)
	}
}

// TestAttachedFiles: what is put beside a message lies where Teams keeps it, for those who are in the conversation.
func TestAttachedFiles(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, c := range []struct {
		chat, who, reader, address string
		stranger                   string // who may not read it
	}{
		{"general", "ben", "chloe", "https://contoso.sharepoint.example/sites/ContosoSales/Shared%20Documents/General/Berth%207.txt", ""},
		{"group", "ben", "ana", "https://contoso-my.sharepoint.example/personal/ben_okafor_contoso_example/Documents/Microsoft%20Teams%20Chat%20Files/Berth%207.txt", "chloe"},
		{"personal-image", "ana", "ana", "https://contoso-my.sharepoint.example/personal/ana_duarte_contoso_example/Documents/Microsoft%20Teams%20Chat%20Files/Berth%207.txt", "ben"},
	} {
		var sent identified
		r.api("/api/send", obj{"as": c.who, "conversation": c.chat, "text": "look", "files": []any{
			obj{"name": "Berth 7.txt", "contentType": "text/plain", "base64": "c2V2ZW4=", "attached": true}}}, &sent)
		m, _ := r.world.message(r.world.chatByKey(c.chat, c.who), sent.ID)
		var shown struct{ WebURL string }
		if err := json.Unmarshal(m.Attachments[0], &shown); err != nil || shown.WebURL != c.address {
			t.Errorf("%s: %s, %v", c.chat, m.Attachments[0], err)
			continue
		}
		at := "/shares/" + shareID(c.address) + "/driveItem"
		if got := r.as(c.reader, "Files.Read.All").bytesOf(at + "/content"); string(got) != "seven" {
			t.Errorf("%s: %s", c.chat, got)
		}
		if c.stranger != "" {
			r.want(c.chat, r.as(c.stranger, "Files.Read.All").ask("GET", at, nil), 403, "accessDenied")
		}
	}
	var sent identified
	r.api("/api/send", obj{"as": "chloe", "conversation": "personal-image", "files": []any{
		obj{"name": "x.txt", "contentType": "text/plain", "base64": "eA==", "attached": true}}}, &sent)
	m, _ := r.world.message(r.world.chatByKey("personal-image", "chloe"), sent.ID)
	if strings.Contains(string(m.Attachments[0]), "webUrl") {
		t.Errorf("a guest has no OneDrive: %s", m.Attachments[0])
	}
}

// TestDrivesAreAnnounced: the page hears of changes.
func TestDrivesAreAnnounced(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	events, stop := r.world.listen("ana")
	defer stop()
	r.api("/api/drive", nil, nil) // furnishes, which is no change
	r.api("/api/drive", obj{"do": "put", "path": "Papers/new.txt"}, nil)
	r.api("/api/drive", obj{"do": "delete", "path": "Papers/new.txt"}, nil)
	r.api("/api/role", obj{"person": "ben", "conversation": "general", "role": "owner"}, nil) // ends what there is to hear
	heard := 0
	for e := range events {
		if e.Type == "world" {
			break
		}
		if e.Type == "drive" {
			heard++
		}
	}
	if heard != 2 {
		t.Errorf("two changes were announced %d times", heard)
	}
}

// TestDrawnFiles: what is told of a drawn file before it is drawn is true.
func TestDrawnFiles(t *testing.T) {
	t.Parallel()
	cfg := Config{Now: time.Now}
	began := time.Now()
	d := newDrives(cfg, newWorld(cfg), &samples{drawn: drawnSamples()})
	defer d.opened()()
	if spent := time.Since(began); spent > time.Second {
		t.Errorf("furnishing took %v", spent)
	}
	seen := map[string]bool{} // names, and formats that were read to their end
	for _, n := range d.driveByKey(teamDrive).root.below() {
		if n.folder || seen[n.name] {
			continue
		}
		seen[n.name] = true
		data, err := n.read()
		if err != nil || int64(len(data)) != n.size {
			t.Errorf("%s has %d bytes, not the %d that are told: %v", n.path(), len(data), n.size, err)
		}
		cfg, format, err := image.DecodeConfig(bytes.NewReader(data))
		if n.w > 0 && (err != nil || cfg.Width != n.w || cfg.Height != n.h || "image/"+format != n.kind) {
			t.Errorf("%s is %s of %d×%d: %v", n.path(), format, cfg.Width, cfg.Height, err)
		}
		if n.w > 0 && !seen[format] {
			seen[format] = true
			if _, _, err := image.Decode(bytes.NewReader(data)); err != nil {
				t.Errorf("%s cannot be read to its end: %v", n.path(), err)
			}
		}
		if got := exifTurn(data); got != n.turn {
			t.Errorf("%s has orientation %d, not %d", n.path(), got, n.turn)
		}
	}
}

func TestFileOf(t *testing.T) {
	t.Parallel()
	jpg, err := jpegOf(image.NewRGBA(image.Rect(0, 0, 4, 4)), 80)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"jpeg": jpg, "png": pictureOf(t, 4, 4, color.White), "gif": []byte(tinyGIF)} {
		for _, more := range []int{0, 1, 15, 16, 17, 255, 256, 257, 258, 59_999, 60_000, 60_001, 60_003, 200_000} {
			got := fileOf(data, int64(len(data)+more))
			want := len(data) + more
			if more < 16 {
				want = len(data)
			}
			if _, format, err := image.Decode(bytes.NewReader(got)); err != nil || format != name || len(got) != want {
				t.Errorf("%s and %d: %d bytes of %s: %v", name, more, len(got)-len(data), format, err)
			}
		}
	}
}

func FuzzEXIFTurn(f *testing.F) {
	f.Add(withEXIF([]byte{0xff, 0xd8, 0xff, 0xd9}, exif{orientation: 3, make: "x"}))
	f.Add([]byte("\xff\xd8Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06"))
	f.Add([]byte("\xff\xd8Exif\x00\x00II*\x00\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if got := exifTurn(data); got < 0 || got > 65535 {
			t.Errorf("%d", got)
		}
	})
}

// TestShapes holds what the drives answer to Microsoft's own description of it.
func TestShapes(t *testing.T) {
	t.Parallel()
	check, err := filepath.Abs(orElse(os.Getenv("TEAMSPRO_GRAPH_SHAPE"), "../../../shared/clients/graphshape.js"))
	if err != nil {
		t.Fatal(err)
	}
	modules, err := filepath.Abs(orElse(os.Getenv("TEAMSPRO_NODE_MODULES"), "../../test/e2e/node_modules"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(check); err != nil {
		t.Skip("Microsoft's description of Graph (graphshape.js) is not beside the repository")
	}
	if _, err := os.Stat(filepath.Join(modules, "fast-xml-parser")); err != nil {
		t.Skip("the npm package fast-xml-parser, which reads the description, is not installed in test/e2e or TEAMSPRO_NODE_MODULES")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed; the check of shapes needs it")
	}
	r := newRig(t)
	ben := r.as("ben", "Sites.ReadWrite.All")
	file := r.team() + "/root:/Photographs/Red%20boat.jpg"
	ben.ok("PATCH", file, obj{"description": "red"})
	for _, c := range []struct {
		kind, method, path string
		body               any
	}{
		{"site[]", "GET", "/sites?search=*", nil},
		{"site", "GET", "/sites/contoso.sharepoint.example:/sites/ContosoSales", nil},
		{"drive", "GET", r.team(), nil},
		{"drive", "GET", "/me/drive", nil},
		{"driveItem", "GET", r.team() + "/root?$expand=children", nil},
		{"driveItem", "GET", file + "?$expand=thumbnails", nil},
		{"driveItem[]", "GET", r.team() + "/root:/Photographs:/children", nil},
		{"driveItem[]", "GET", r.team() + "/root/search(q='boat')", nil},
		{"driveItem[]", "GET", r.team() + "/root/delta", nil},
		{"thumbnailSet[]", "GET", file + ":/thumbnails", nil},
		{"thumbnail", "GET", file + ":/thumbnails/0/small", nil},
		{"driveItemVersion[]", "GET", file + ":/versions", nil},
		{"permission", "POST", file + ":/createLink", obj{"type": "view"}},
		{"driveItem", "GET", file, nil}, // now shared
		{"driveItem", "PUT", r.team() + "/root:/Papers/x.txt:/content", []byte("x")},
		{"uploadSession", "POST", r.team() + "/root:/Papers/y.txt:/createUploadSession", obj{}},
	} {
		got := ben.ok(c.method, c.path, c.body)
		if !json.Valid(got.raw) || got.header.Get("Content-Type") != "application/json; charset=utf-8" {
			t.Errorf("%s is no JSON: %v", c.path, got.header)
		}
		run := exec.CommandContext(t.Context(), node, check, c.kind)
		run.Env = append(os.Environ(), "NODE_PATH="+modules)
		run.Stdin = bytes.NewReader(got.raw)
		if out, err := run.CombinedOutput(); err != nil {
			t.Errorf("%s %s: %v\n%s", c.method, c.path, err, out)
		}
	}
}
