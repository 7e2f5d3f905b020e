package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	pixels "image"
	"image/png"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// office is the service as a process of its own, with Image Pro, against the sandbox: its people, their chats and drives
// outlive the service. Between the two stands a door that keeps what Teams delivered, to deliver it again.
type office struct {
	*world
	story
	change []string // settings, beside those of the world

	mu        sync.Mutex
	inside    *url.URL
	delivered []*http.Request
	bodies    [][]byte
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{world: newWorld(t)}
	door := httptest.NewServer(o)
	t.Cleanup(door.Close)
	c := &sandboxCmd{Listen: "127.0.0.1:0", BotListen: strings.TrimPrefix(door.URL, "http://"), Image: true, Packages: "none"}
	box, err := c.sandbox(t.TempDir(), slog.New(slog.DiscardHandler))
	if err == nil {
		err = box.Start(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(box.Close)
	o.change = []string{"TEAMSPRO_ALLOWED_TENANTS", ""}
	for name, value := range box.Settings() {
		o.change = append(o.change, name, value)
	}
	o.change = append(o.change, "TEAMSPRO_LISTEN", "127.0.0.1:0")
	o.story = story{page: strings.TrimRight(box.PageURL(), "/"), person: "ana", chat: "personal-image", locale: "en-GB"}
	return o
}

// opens starts the service, or another process of it on the same data.
func (o *office) opens() *running {
	s := o.spawn(o.change...)
	at, err := url.Parse(s.url)
	if err != nil {
		o.t.Fatal(err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.inside = at
	return s
}

// dies ends the process in the middle of whatever it does.
func (o *office) dies(s *running) {
	s.kill()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.inside = nil
}

// ServeHTTP lets in what is for the service, and waits for it where it is not there yet.
func (o *office) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		o.mu.Lock()
		inside := o.inside
		if inside != nil {
			o.delivered, o.bodies = append(o.delivered, r.Clone(r.Context())), append(o.bodies, body)
		}
		o.mu.Unlock()
		if inside != nil {
			proxy := httputil.NewSingleHostReverseProxy(inside)
			proxy.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
			proxy.ServeHTTP(w, r)
			return
		}
	}
	w.WriteHeader(http.StatusBadGateway)
}

// again delivers once more what holds the text, as Teams does when it got no answer.
func (o *office) again(text string) {
	o.t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, body := range o.bodies {
		if !bytes.Contains(body, []byte(text)) {
			continue
		}
		req, err := http.NewRequest(http.MethodPost, o.inside.String()+"/api/messages", bytes.NewReader(body))
		if err != nil {
			o.t.Fatal(err)
		}
		req.Header = o.delivered[i].Header.Clone()
		res, err := http.DefaultClient.Do(req)
		if err != nil || res.StatusCode != http.StatusOK {
			o.t.Fatalf("delivered again: %v %v", res, err)
		}
		res.Body.Close()
		return
	}
	o.t.Fatalf("nothing was delivered that holds %q", text)
}

// does runs steps of a story.
func (o *office) does(steps ...error) {
	o.t.Helper()
	for i, err := range steps {
		if err != nil {
			o.t.Fatalf("step %d: %v", i, err)
		}
	}
}

func (o *office) trouble(order map[string]any) error {
	order["count"] = 1000
	return o.story.post("/api/faults", order, nil)
}

// file is what lies in a drive, and how many versions it has.
type lying struct {
	path     string
	size     int64
	versions int
}

// holds are the files of a drive whose path holds the text.
func (o *office) holds(drive, text string) (found []lying) {
	o.t.Helper()
	var all struct {
		Drives []struct {
			Key   string
			Items []struct {
				Path     string
				Folder   bool
				Size     int64
				Versions []struct{ ID string }
			}
		}
	}
	o.does(o.story.get("/api/drive?as=ana", &all))
	for _, d := range all.Drives {
		for _, i := range d.Items {
			if d.Key == drive && !i.Folder && strings.Contains(i.Path, text) {
				found = append(found, lying{i.Path, i.Size, len(i.Versions)})
			}
		}
	}
	return found
}

// grain is a picture that does not get smaller by being packed: its file is larger than what goes up in one piece.
func grain(t *testing.T) handed {
	t.Helper()
	img := pixels.NewNRGBA(pixels.Rect(0, 0, 1700, 1200))
	noise := rand.NewChaCha8([32]byte{})
	_, _ = noise.Read(img.Pix)
	for i := 3; i < len(img.Pix); i += 4 {
		img.Pix[i] = 255
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return handed{Name: "planted-grain.png", ContentType: "image/png", Base64: base64.StdEncoding.EncodeToString(b.Bytes()), Attached: true}
}

// TestKilledInASave: wherever a save is cut off, the file is there whole or not at all, and never twice; Teams' second
// delivery of the message is answered.
func TestKilledInASave(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		trouble map[string]any
		reached string // what Graph was asked before the end
	}{
		"before the upload began":     {map[string]any{"op": "session", "hangMs": 30_000}, ""},
		"in the middle of the upload": {map[string]any{"op": "upload", "hangMs": 30_000}, "createUploadSession"},
		"after it, unheard":           {map[string]any{"op": "upload", "drop": true}, "createUploadSession"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			first := o.opens()
			o.does(o.signs([]string{"ana"}))
			o.files = []handed{grain(t)}
			o.does(o.say([]string{"rotate", "right"}), o.becomes([]string{"1,200 × 1,700"}))
			before, err := o.botMessages()
			o.does(err, o.trouble(row.trouble), o.write([]string{"save as whole.png"}))
			eventually(t, 30*time.Second, "the upload", func() bool { return o.asked(row.reached) })
			time.Sleep(1500 * time.Millisecond)
			o.dies(first)
			o.does(o.calm(nil))
			o.opens()
			o.again("save as whole.png")
			o.does(o.await(func(all []seen) bool { return len(all) > len(before) }))
			time.Sleep(time.Second)
			found := o.holds("ana", "whole")
			whole := len(found) == 1 && found[0].versions == 1 && found[0].size > 5_000_000
			if len(found) != 0 && !whole {
				t.Errorf("in the drive lie %+v", found)
			}
			if said := strings.Join(sentences(o.card), "\n"); len(found) == 0 && strings.Contains(said, "Saved as") {
				t.Errorf("nothing lies there, and the answer is %s", said)
			}
			o.files = []handed{grain(t)}
			o.does(o.say([]string{"rotate", "right"}), o.becomes([]string{"1,200 × 1,700"}), o.say([]string{"save", "as", "whole.png"}))
			if found = o.holds("ana", "whole"); len(found) != 1 || found[0].versions != 1 {
				t.Errorf("after another save lie there %+v", found)
			}
		})
	}
}

// asked tells whether Graph was asked for something.
func (o *office) asked(what string) bool {
	var log json.RawMessage
	o.does(o.story.get("/api/activity", &log))
	return bytes.Contains(log, []byte(what))
}

// see fails when what is in sight does not show the text.
func (o *office) see(text string) error {
	if said := strings.Join(sentences(o.card), "\n"); !strings.Contains(said, text) {
		return fmt.Errorf("%q is not in sight:\n%s", text, said)
	}
	return nil
}

// TestKilledInABatch: the next process tells the person, and Continue repeats nothing that was done.
func TestKilledInABatch(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	first := o.opens()
	o.does(o.signs([]string{"ana"}), o.as([]string{"ana", "general", "image"}))
	o.does(o.await(func(all []seen) bool { return len(all) > 1 })) // both apps have greeted
	for i := range 6 {
		o.does(o.drive([]string{"put", "team", fmt.Sprintf("General/berth %d.png", i), "640x480"}))
	}
	o.does(o.say([]string{"batch", "berth:", "resize", "300"}), o.see("Do this to 6 pictures?"))
	o.does(o.trouble(map[string]any{"op": "write", "hangMs": 2000}), o.story.press([]string{"Start"}))
	eventually(t, time.Minute, "the first results", func() bool { return len(o.holds("team", "-300")) > 1 })
	before, err := o.botMessages()
	o.does(err)
	o.dies(first)
	o.does(o.calm(nil))
	made := o.holds("team", "-300")
	if len(made) == 6 {
		t.Fatal("all was done before the end")
	}
	o.opens()
	o.does(o.await(func(all []seen) bool { return len(all) > len(before) }))
	o.does(o.see("I was stopped in the middle of this"), o.story.press([]string{"Continue"}), o.becomes([]string{"6 of 6 pictures made"}))
	found := o.holds("team", "-300")
	if len(found) != 6 {
		t.Errorf("there are %+v", found)
	}
	for _, f := range found {
		if f.versions != 1 || strings.Contains(f.path, "-300 1") {
			t.Errorf("made again: %+v", f)
		}
	}
}

// TestFilesLeaveNoTrace: whatever is done with pictures and files, neither the log nor the database holds a token, a pixel, a
// person, the name of a picture that was handed over, or what was typed upon it.
func TestFilesLeaveNoTrace(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	s := o.opens()
	o.does(o.signs([]string{"ana"}), o.attach([]string{"planted-berth.png", "640x480"}), o.say([]string{`text "Plantedwords" top-left`}), o.see("planted-berth.png"))
	o.does(o.attach([]string{"planted-pier.png", "640x480"}), o.say([]string{"resize", "320"}), o.see("planted-pier.png"), o.say([]string{"save", "as", "laid-down.png"}), o.see("Saved as"), o.say([]string{"share"}), o.see("Open shared link"))
	for op, status := range map[string]int{"drive": 403, "write": 507, "download": 404, "thumbnail": 500, "share": 423} {
		o.does(o.fails([]string{op, fmt.Sprint(status), "3"}), o.say([]string{"images", "Plantedquery"}), o.say([]string{"save", "as", "other.png"}), o.say([]string{"share"}), o.calm(nil))
	}
	o.does(o.as([]string{"ana", "general", "image"}), o.await(func(all []seen) bool { return len(all) > 1 }), o.say([]string{"images"}), o.story.press([]string{"Harbour in the evening.jpg"}), o.story.press([]string{"Edit"}), o.say([]string{"pin"}))
	_, metrics := s.get("/metrics")
	s.stop()
	s.done <- <-s.done
	if !strings.Contains(s.log.String(), `"app":"image"`) {
		t.Errorf("nothing was logged of Image Pro:\n%s", clipped(s.log.String()))
	}
	never := []string{"eyJhbGciOi", "eyJ0eXAiOi", "Bearer ", "Planted", "planted", "Duarte", "ana.duarte", "\x89PNG", "IDAT"}
	for _, planted := range append(never, "Harbour", "laid-down", "other.png") {
		for _, all := range []string{s.log.String(), metrics} {
			if at := strings.Index(all, planted); at >= 0 {
				t.Errorf("%q stands in the output: …%s…", planted, all[max(0, at-200):min(len(all), at+100)])
			}
		}
	}
	raw, err := os.ReadFile(filepath.Join(o.data, "teamspro.db"))
	if err != nil {
		t.Fatal(err)
	}
	for _, planted := range slices.DeleteFunc(never, func(s string) bool { return s == "Duarte" || s == "ana.duarte" }) { // who signed in has a profile there
		if at := bytes.Index(raw, []byte(planted)); at >= 0 {
			t.Errorf("%q stands in the database: …%q…", planted, raw[max(0, at-100):min(len(raw), at+60)])
		}
	}
}
