package graph_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"teamspro/graph"
	"teamspro/graph/graphtest"
	"teamspro/internal/fault"
	"teamspro/internal/image"
)

// TestDownloadGoesOn: what breaks off is resumed where it was, without fetching twice.
func TestDownloadGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Fail("download", 1, graphtest.Truncate(1000))
	w.Fail("download", 1, graphtest.Drop)
	w.Fail("download", 1, graphtest.Answer(503, "Retry-After", "0.01"))
	w.Fail("download", 1, graphtest.Truncate(500))
	got, err := w.read(t)
	if err != nil || !bytes.Equal(got, w.data) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	var ranges []string
	for _, r := range w.Requests("download") {
		ranges = append(ranges, r.Header.Get("Range"))
	}
	if want := []string{"", "bytes=1000-", "bytes=1000-", "bytes=1000-", "bytes=1500-"}; fmt.Sprint(ranges) != fmt.Sprint(want) {
		t.Errorf("ranges %q, not %q", ranges, want)
	}
}

// TestRangeIgnored: a host that sends everything again is taken at its word.
func TestRangeIgnored(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Fail("download", 1, graphtest.Truncate(1000))
	w.Fail("download", 1, graphtest.Say(200, "application/octet-stream", string(w.data)))
	if got, err := w.read(t); err != nil || !bytes.Equal(got, w.data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestDownloadTrouble(t *testing.T) {
	t.Parallel()
	other := graphtest.Picture(2, 40, 30)
	for _, row := range []struct {
		name  string
		fail  func(w *world)
		kind  fault.Kind
		text  string
		items int // how often the item was asked for
	}{
		{"an address that is no longer good, once", func(w *world) { w.Fail("download", 1, graphtest.Answer(401)) }, "", "", 2},
		{"gone, once", func(w *world) { w.Fail("download", 1, graphtest.Answer(404)) }, "", "", 2},
		{"never good", func(w *world) { w.Fail("download", 9, graphtest.Answer(403)) }, fault.Busy, "image.drive.expired", 2},
		{"changes meanwhile, once", func(w *world) { w.Fail("download", 1, graphtest.Then(func() { w.Put(w.folder, pictureName, other) })) }, "", "", 2},
		{"grows meanwhile", func(w *world) {
			w.Fail("download", 1, graphtest.Then(func() { w.Put(w.folder, pictureName, graphtest.Picture(2, 50, 50)) }))
		}, "", "", 2},
		{"shrinks meanwhile", func(w *world) {
			w.Fail("download", 1, graphtest.Then(func() { w.Put(w.folder, pictureName, graphtest.Picture(2, 5, 5)) }))
		}, "", "", 2},
		{"is gone meanwhile", func(w *world) {
			w.Fail("download", 1, graphtest.Then(func() { w.Deny(w.file, 404); w.ExpireDownloads() }))
		}, fault.NotFound, "image.drive.gone", 2},
		{"never holds still", func(w *world) {
			n := uint64(10)
			w.Fail("download", 9, graphtest.Then(func() { n++; w.Put(w.folder, pictureName, graphtest.Picture(n, 40, 30)) }))
		}, fault.Stale, "image.drive.changing", 2},
		{"always breaks off", func(w *world) { w.Fail("download", 99, graphtest.Truncate(0)) }, fault.Busy, "image.drive.slow", 1},
		{"longer than it should be", func(w *world) {
			w.Fail("download", 9, graphtest.Say(200, "image/png", strings.Repeat("x", 1<<20)))
		}, fault.Stale, "image.drive.changing", 2},
		{"something else of the same length", func(w *world) {
			w.Fail("download", 9, graphtest.Say(200, "image/png", strings.Repeat("x", len(w.data))))
		}, fault.Stale, "image.drive.changing", 2},
		{"busy for long", func(w *world) { w.Fail("download", 9, graphtest.Answer(429, "Retry-After", "100")) }, fault.Busy, "image.drive.busy", 1},
		{"a range of somewhere else", func(w *world) {
			w.Fail("download", 1, graphtest.Truncate(100))
			w.Fail("download", 1, func(rw http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
				rw.Header().Set("Content-Range", "bytes 0-3/4")
				rw.WriteHeader(http.StatusPartialContent)
				_, _ = rw.Write([]byte("1234"))
			})
		}, "", "", 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			row.fail(w)
			item, got, err := w.c.Read(t.Context(), w.who, w.file, 1<<20)
			if row.kind != "" {
				wantFault(t, err, row.kind, row.text)
			} else if err != nil || !bytes.Equal(got, w.Data(w.file)) || item.Size != int64(len(got)) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
			if n := w.count("item"); n != row.items {
				t.Errorf("the item was asked for %d times, not %d", n, row.items)
			}
		})
	}
}

// TestChangeWithoutHash: a drive that keeps no hash is asked again.
func TestChangeWithoutHash(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Plain()
	w.Fail("download", 1, graphtest.Then(func() { w.Put(w.folder, pictureName, graphtest.Picture(2, 40, 30)) }))
	got, err := w.read(t)
	if err != nil || !bytes.Equal(got, graphtest.Picture(2, 40, 30)) || w.count("download") != 2 {
		t.Errorf("%d bytes, %v, fetched %d times", len(got), err, w.count("download"))
	}
}

// TestStalledDownload: a body that stands still ends, and is resumed.
func TestStalledDownload(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.c.Hurry(5*time.Second, 200*time.Millisecond)
	w.Fail("download", 1, graphtest.Slow(time.Minute))
	defer quick(t, 10*time.Second)()
	if got, err := w.read(t); err != nil || !bytes.Equal(got, w.data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestEmptyFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref := w.Put(w.folder, "empty.png", nil)
	if _, got, err := w.c.Read(t.Context(), w.who, ref, 10); err != nil || len(got) != 0 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// TestAddressesOfContent: Graph cannot send the service just anywhere.
func TestAddressesOfContent(t *testing.T) {
	t.Parallel()
	other, heard := elsewhere(t)
	for _, address := range []string{
		other + "/x", "http://10.0.0.1/x", "https://10.0.0.1/x", "https://127.0.0.1/x", "https://[::1]/x", "https://localhost/x", "https://169.254.169.254/latest",
		"ftp://files.example/x", "file:///etc/passwd", "https://ana:pw@files.example/x", "http://files.example/x", "//files.example/x", "x", "https://[::1", "https:opaque",
		"https://files.example/" + strings.Repeat("x", 9<<10),
	} {
		w := newWorld(t)
		w.Fail("item", 9, graphtest.Say(200, "application/json", fmt.Sprintf(`{"id":"01A","name":"a.png","size":5,"file":{},"@microsoft.graph.downloadUrl":%q}`, address)))
		_, err := w.read(t)
		wantFault(t, err, fault.Internal, "image.drive.odd")
		w.Fail("thumbnails", 9, graphtest.Say(200, "application/json", fmt.Sprintf(`{"value":[{"id":"0","large":{"url":%q}}]}`, address)))
		_, _, err = w.c.Thumbnail(t.Context(), w.who, w.file, 800)
		wantFault(t, err, fault.Internal, "image.drive.odd")
		w.Fail("session", 9, graphtest.Say(200, "application/json", fmt.Sprintf(`{"uploadUrl":%q}`, address)))
		if _, err = w.c.Create(t.Context(), w.who, w.folder, "large.png", make([]byte, 5<<20), false); err == nil {
			t.Errorf("uploaded to %s", address)
		}
	}
	if heard.Load() != 0 {
		t.Error("another host was asked")
	}
}

// TestContentRedirects: content may lie behind another good address, not behind a bad one.
func TestContentRedirects(t *testing.T) {
	t.Parallel()
	other, heard := elsewhere(t)
	w := newWorld(t)
	w.Fail("download", 1, func(rw http.ResponseWriter, r *http.Request, _ http.HandlerFunc) {
		http.Redirect(rw, r, r.RequestURI, http.StatusFound)
	})
	if got, err := w.read(t); err != nil || !bytes.Equal(got, w.data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	w.Fail("download", 9, func(rw http.ResponseWriter, r *http.Request, _ http.HandlerFunc) {
		http.Redirect(rw, r, other+"/x", http.StatusFound)
	})
	if _, err := w.read(t); err == nil || heard.Load() != 0 {
		t.Errorf("%v; the other host heard %d requests", err, heard.Load())
	}
	loop := newWorld(t)
	loop.Fail("download", 99, func(rw http.ResponseWriter, r *http.Request, _ http.HandlerFunc) {
		http.Redirect(rw, r, r.RequestURI, http.StatusFound)
	})
	if _, err := loop.read(t); err == nil || loop.count("download") > 40 {
		t.Errorf("%v, after %d requests", err, loop.count("download"))
	}
}

// TestAddressUnasked: some drives give the address of the content only with everything.
func TestAddressUnasked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Fail("item", 1, graphtest.Say(200, "application/json", fmt.Sprintf(`{"id":"%s","name":"a.png","size":%d,"file":{"mimeType":"image/png"}}`, w.file.Item, len(w.data))))
	if got, err := w.read(t); err != nil || !bytes.Equal(got, w.data) || w.count("item") != 2 {
		t.Errorf("%d bytes, %v, %d requests", len(got), err, w.count("item"))
	}
	blocked := newWorld(t)
	blocked.Fail("item", 9, graphtest.Say(200, "application/json", `{"id":"01A","name":"a.png","size":5,"file":{}}`))
	_, err := blocked.read(t)
	wantFault(t, err, fault.Denied, "image.drive.denied")
}

func TestReadCancelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Fail("download", 9, graphtest.Slow(time.Minute))
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	defer quick(t, 3*time.Second)()
	_, _, err := w.c.Read(ctx, w.who, w.file, 1<<20)
	wantFault(t, err, fault.Busy, "image.drive.slow")
}

func TestThumbnails(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		side int
		want string
	}{{1, "small"}, {96, "small"}, {97, "medium"}, {300, "c320x320"}, {641, "large"}, {900, "c1024x1024"}, {5000, "c1600x1600"}, {-1, "small"}} {
		if got := graph.SizeFor(row.side); got != row.want {
			t.Errorf("%d: %s, not %s", row.side, got, row.want)
		}
	}
	w := newWorld(t)
	data, kind, err := w.c.Thumbnail(t.Context(), w.who, w.file, 300)
	if err != nil || kind != "image/jpeg" || len(data) == 0 || !strings.Contains(w.Requests("thumbnail")[0].Target, "/320?") {
		t.Errorf("%d bytes of %s, %v", len(data), kind, err)
	}
	for _, f := range []graphtest.Fault{graphtest.Answer(404), graphtest.Say(200, "image/png", "<html>"), graphtest.Say(200, "image/png", ""), graphtest.Answer(401)} {
		w.Fail("thumbnail", 1, f)
		_, _, err := w.c.Thumbnail(t.Context(), w.who, w.file, 300)
		wantFault(t, err, fault.NotFound, "image.drive.no_thumbnail")
	}
	for _, body := range []string{`{"value":[]}`, `{"value":[{"id":"0"}]}`, `{"value":[{"id":"0","medium":null}]}`, `{"value":null}`, `{}`} {
		w.Fail("thumbnails", 1, graphtest.Say(200, "application/json", body))
		_, _, err := w.c.Thumbnail(t.Context(), w.who, w.file, 300)
		wantFault(t, err, fault.NotFound, "image.drive.no_thumbnail")
	}
}

// TestSearchStaysBelow: what lies elsewhere is not found, whatever Graph finds.
func TestSearchStaysBelow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	item := func(name, drive, parent, path, more string) string {
		return fmt.Sprintf(`{"id":"01%s","name":"%s.png","file":{"mimeType":"image/png"},"parentReference":{"driveId":"%s","id":"%s","path":"%s"}%s}`, name, name, drive, parent, path, more)
	}
	in := w.folder
	w.Fail("search", 1, graphtest.Say(200, "application/json", `{"value":[`+strings.Join([]string{
		item("here", in.Drive, in.Item, "", ""),
		item("below", in.Drive, "01X", "/drives/b!library/root:/Harbour/in%20it", ""),
		item("noPath", in.Drive, "01X", "", ""),
		item("beside", in.Drive, "01X", "/drives/b!library/root:/Harbour two", ""),
		item("above", in.Drive, "01X", "/drives/b!library/root:", ""),
		item("elsewhere", "b!other", "01X", "", ""),
		item("remote", in.Drive, in.Item, "", `,"remoteItem":{"id":"x"}`),
		`{"id":"01folder","name":"f","folder":{},"parentReference":{"id":"` + in.Item + `"}}`, `{"id":"01lost","name":"lost.png","file":{"mimeType":"image/png"}}`, `null`, `{}`,
	}, ",")+`]}`))
	list, err := w.c.Search(t.Context(), w.who, in, "x", 50)
	var names []string
	for _, i := range list {
		names = append(names, i.Name)
	}
	if want := "[here.png below.png noPath.png]"; err != nil || fmt.Sprint(names) != want {
		t.Errorf("found %v, not %s: %v", names, want, err)
	}
}

// TestSearchWords: words reach Graph as they were written, and cannot become part of the address.
func TestSearchWords(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ words, target string }{
		{"o'neill's quay", "search(q='o%27%27neill%27%27s%20quay')"},
		{"a/b?c#d&e=f%27", "search(q='a%20b%3Fc%23d%26e%3Df%2527')"},
		{"')/../../me", "search(q='%27%27%29%20..%20..%20me')"},
		{strings.Repeat("é", 500), "search(q='" + strings.Repeat("%C3%A9", 200) + "')"},
	} {
		w := newWorld(t)
		if _, err := w.c.Search(t.Context(), w.who, w.folder, row.words, 5); err != nil {
			t.Errorf("%q: %v", row.words, err)
		}
		if got := w.Requests("search"); len(got) != 1 || !strings.Contains(got[0].Target, "/"+row.target+"?$select=") {
			t.Errorf("%q was asked as %+v", row.words, got)
		}
	}
	w := newWorld(t)
	if list, err := w.c.Search(t.Context(), w.who, w.folder, "  ", 5); err != nil || len(list) != 1 {
		t.Errorf("no words: %v, %v", list, err)
	}
}

// TestPages: a long folder is read page by page.
func TestPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 450 {
		w.Put(w.folder, fmt.Sprintf("p%d.png", i), nil)
	}
	list, err := w.c.Images(t.Context(), w.who, w.folder, 1000)
	if err != nil || len(list) != 451 || w.count("children") != 3 || list[0].Name != "p449.png" {
		t.Errorf("%d pictures in %d pages, %v", len(list), w.count("children"), err)
	}
	few, err := w.c.Images(t.Context(), w.who, w.folder, 5)
	if err != nil || len(few) != 5 || w.count("children") != 4 {
		t.Errorf("%d pictures, %d pages, %v", len(few), w.count("children"), err)
	}
}

func TestReferences(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, ref := range []image.ItemRef{{}, {Drive: "b!a"}, {Item: "01A"}, {Drive: "b!a~x", Item: "y"}, {Drive: "b!a", Item: "x~y"}, {Drive: "b!a", Item: "../me"}, {Drive: "b!a", Item: "01A:"}, {Drive: "b!a", Item: "é"}} {
		_, err := w.c.Item(t.Context(), w.who, ref)
		wantFault(t, err, fault.Invalid, "image.ref")
		_, err = w.c.Create(t.Context(), w.who, ref, "a.png", nil, false)
		wantFault(t, err, fault.Invalid, "image.ref")
		_, err = w.c.Replace(t.Context(), w.who, ref, `"x"`, nil)
		wantFault(t, err, fault.Invalid, "image.ref")
		_, err = w.c.Share(t.Context(), w.who, ref)
		wantFault(t, err, fault.Invalid, "image.ref")
		_, err = w.c.Search(t.Context(), w.who, ref, "x", 1)
		wantFault(t, err, fault.Invalid, "image.ref")
		_, err = w.c.Versions(t.Context(), w.who, ref)
		wantFault(t, err, fault.Invalid, "image.ref")
		_, _, err = w.c.Thumbnail(t.Context(), w.who, ref, 96)
		wantFault(t, err, fault.Invalid, "image.ref")
	}
	if w.count("") != 0 {
		t.Error("Graph was asked")
	}
}
