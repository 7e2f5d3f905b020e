package graph_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"teamspro/graph"
	"teamspro/graph/graphtest"
	"teamspro/internal/fault"
	"teamspro/internal/image"
)

// started is a world whose folder is followed from now on.
func started(t *testing.T, change ...func(*graph.Config)) (*world, string) {
	t.Helper()
	w := newWorld(t, change...)
	d, err := w.c.Delta(t.Context(), w.who, w.folder, "", time.Time{})
	if err != nil || d.Token == "" || len(d.Arrivals) > 0 {
		t.Fatalf("%+v, %v", d, err)
	}
	return w, d.Token
}

func arrived(d image.Delta) string {
	var ids []string
	for _, a := range d.Arrivals {
		ids = append(ids, a.Ref.Item)
	}
	return strings.Join(ids, " ")
}

// TestDeltaOfMany: what comes at once comes whole, in as many questions as there are pages.
func TestDeltaOfMany(t *testing.T) {
	t.Parallel()
	w, token := started(t)
	for n := range 450 {
		w.Put(w.folder, fmt.Sprintf("p%d.png", n), nil)
	}
	d, err := w.c.Delta(t.Context(), w.who, w.folder, token, time.Time{})
	if err != nil || len(d.Arrivals) != 450 || d.More || !d.Newest.Equal(w.Now().Truncate(time.Second)) {
		t.Fatalf("%d pictures, more %v, newest %v of %v, %v", len(d.Arrivals), d.More, d.Newest, w.Now(), err)
	}
	if n := w.count("delta"); n != 1+3 {
		t.Errorf("%d questions", n)
	}
	if n := w.count("item"); n != 0 {
		t.Errorf("%d folders were asked for", n)
	}
}

// TestDeltaBelow: of a drive only what lies below the folder is told, however deep, and few folders are asked for.
func TestDeltaBelow(t *testing.T) {
	t.Parallel()
	w, token := started(t)
	deep := w.folder
	for range 5 {
		deep = w.Folder(deep, "deeper")
	}
	other := w.Folder(w.Folder(w.Library, "Other"), "inner")
	var want []string
	for n := range 20 {
		want = append(want, w.Put(deep, fmt.Sprintf("deep%d.png", n), nil).Item)
		w.Put(other, fmt.Sprintf("other%d.png", n), nil)
	}
	gone := w.Put(w.folder, "gone.png", nil)
	w.Drop(gone)
	moved := w.Put(w.folder, "moved.png", nil)
	w.Move(moved, other)
	d, err := w.c.Delta(t.Context(), w.who, w.folder, token, time.Time{})
	if got := arrived(d); err != nil || got != strings.Join(want, " ") {
		t.Errorf("arrived are %q, not %q: %v", got, want, err)
	}
	if n := w.count("item"); n > 8 {
		t.Errorf("%d folders were asked for", n)
	}
	for _, root := range []image.ItemRef{w.Library, {Drive: w.Library.Drive, Item: "root"}} {
		if d, err := w.c.Delta(t.Context(), w.who, root, token, time.Time{}); err != nil || len(d.Arrivals) != 41 {
			t.Errorf("below %v are %d, %v", root, len(d.Arrivals), err)
		}
	}
}

// TestDeltaOfHiddenFolders: a folder that the person may not see holds nothing for them.
func TestDeltaOfHiddenFolders(t *testing.T) {
	t.Parallel()
	for _, status := range []int{403, 404} {
		w, token := started(t)
		hidden := w.Folder(w.folder, "hidden")
		w.Put(hidden, "a.png", nil)
		seen := w.Put(w.folder, "b.png", nil)
		w.Deny(hidden, status)
		if d, err := w.c.Delta(t.Context(), w.who, w.folder, token, time.Time{}); err != nil || arrived(d) != seen.Item {
			t.Errorf("%d: %q, %v", status, arrived(d), err)
		}
	}
}

// TestDeltaIsNotLedAstray: an address to go on at is followed to Graph only, and none other becomes a token.
func TestDeltaIsNotLedAstray(t *testing.T) {
	t.Parallel()
	foreign, heard := elsewhere(t)
	for _, row := range []struct{ name, body string }{
		{"a foreign next page", `{"value":[],"@odata.nextLink":"` + foreign + `/v1.0/drives/x/root/delta?token=1"}`},
		{"a foreign token", `{"value":[],"@odata.deltaLink":"` + foreign + `/v1.0/drives/x/root/delta?token=1"}`},
		{"another port", `{"value":[],"@odata.deltaLink":"http://127.0.0.1:1/v1.0/drives/x/root/delta"}`},
		{"a name in it", `{"value":[],"@odata.deltaLink":"http://ana:secret@127.0.0.1/v1.0/x"}`},
		{"upwards", `{"value":[],"@odata.nextLink":"BASE/../beta/drives/x/root/delta"}`},
		{"no address", `{"value":[],"@odata.deltaLink":"::"}`},
		{"a token too long", `{"value":[],"@odata.deltaLink":"BASE/drives/x/root/delta?token=` + strings.Repeat("x", 9<<10) + `"}`},
		{"no token", `{"value":[]}`},
		{"a token of another type", `{"value":[],"@odata.deltaLink":["x"]}`},
		{"nothing", `{}`},
		{"a list", `[]`},
		{"no JSON", `{"value":`},
		{"too deep", strings.Repeat("[", 1<<20)},
		{"ten megabytes", `{"value":[],"x":"` + strings.Repeat("x", 10<<20) + `"}`},
	} {
		w, token := started(t, func(c *graph.Config) { c.Patience = time.Millisecond })
		w.Fail("delta", 9, graphtest.Say(200, "application/json", strings.ReplaceAll(row.body, "BASE", w.URL)))
		for _, from := range []string{"", token} {
			d, err := w.c.Delta(t.Context(), w.who, w.folder, from, time.Time{})
			if !fault.Is(err, fault.Internal) && !fault.Is(err, fault.Busy) || d.Token != "" || len(d.Arrivals) > 0 {
				t.Errorf("%s: %+v, %v", row.name, d, err)
			}
		}
	}
	if n := heard.Load(); n > 0 {
		t.Errorf("elsewhere heard %d requests", n)
	}
}

// TestDeltaWithoutEnd: pages that always name another are left for the next time, and what they held is told.
func TestDeltaWithoutEnd(t *testing.T) {
	t.Parallel()
	w, token := started(t)
	var pages atomic.Int64
	w.Fail("delta", 1000, func(rw http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
		n := pages.Add(1)
		body, _ := json.Marshal(map[string]any{"@odata.nextLink": fmt.Sprintf("%s/drives/x/root/delta?token=%d", w.URL, n), "value": []any{map[string]any{
			"id": fmt.Sprintf("01NEW%d", n), "name": "a.png", "size": 1, "file": map[string]string{"mimeType": "image/png"}, "createdDateTime": "2026-11-02T09:00:00Z",
			"parentReference": map[string]string{"driveId": w.folder.Drive, "id": w.folder.Item}}}})
		rw.Header().Set("Content-Type", "application/json")
		_, _ = rw.Write(body)
	})
	d, err := w.c.Delta(t.Context(), w.who, w.folder, token, time.Time{})
	if err != nil || !d.More || d.Token == "" || len(d.Arrivals) != int(pages.Load()) || pages.Load() > 30 {
		t.Errorf("%d pictures of %d pages, more %v, %v", len(d.Arrivals), pages.Load(), d.More, err)
	}
}

// TestDeltaOfOddItems: what is no whole picture of this drive is passed over.
func TestDeltaOfOddItems(t *testing.T) {
	t.Parallel()
	w, token := started(t)
	item := func(more string) string {
		return `{"id":"01X","name":"a.png","size":1,"createdDateTime":"2026-11-02T09:00:00Z","file":{"mimeType":"image/png"},"parentReference":{"driveId":"` + w.folder.Drive + `","id":"` + w.folder.Item + `"}` + more + `}`
	}
	for _, row := range []struct {
		item string
		want int
	}{
		{item(""), 1},
		{item(`,"createdBy":{"user":{"id":"../../x"}}`), 1},
		{item(`,"deleted":{}`), 0},
		{item(`,"remoteItem":{}`), 0},
		{item(`,"createdDateTime":"2026-11-01T09:00:00Z"`), 0},
		{item(`,"createdDateTime":null`), 0},
		{item(`,"file":{"mimeType":"text/plain"}`), 0},
		{item(`,"folder":{}`), 0},
		{item(`,"id":"a/../b"`), 0},
		{item(`,"name":""`), 0},
		{item(`,"size":-5`), 0},
		{item(`,"parentReference":null`), 0},
		{item(`,"parentReference":{"driveId":"` + w.folder.Drive + `"}`), 0},
		{item(`,"parentReference":{"driveId":"b!other","id":"` + w.folder.Item + `"}`), 0},
		{item(`,"parentReference":{"driveId":"` + w.folder.Drive + `","id":"a/../b"}`), 0},
		{item("") + "," + item(""), 1},
		{item("") + "," + item(`,"deleted":{}`), 0},
	} {
		w.Fail("delta", 1, graphtest.Say(200, "application/json", `{"value":[`+row.item+`],"@odata.deltaLink":"`+w.URL+`/drives/x/root/delta"}`))
		d, err := w.c.Delta(t.Context(), w.who, w.folder, token, time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC))
		if err != nil || len(d.Arrivals) != row.want {
			t.Errorf("%s: %+v, %v", row.item, d, err)
		}
		if len(d.Arrivals) == 1 && d.Arrivals[0].By != "" {
			t.Errorf("%s was made by %q", row.item, d.Arrivals[0].By)
		}
	}
}

// TestDeltaRefusals: what becomes of a token that the drive knows no more, and of every other refusal.
func TestDeltaRefusals(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		fault       graphtest.Fault
		kind        fault.Kind
		text, first string // with a token, and without one
	}{
		{graphtest.Answer(410), fault.Stale, "watch.expired", "image.drive.gone"},
		{graphtest.Answer(400), fault.Stale, "watch.expired", "image.drive.gone"},
		{graphtest.Answer(403), fault.Denied, "image.drive.denied", "image.drive.denied"},
		{graphtest.Answer(404), fault.NotFound, "image.drive.gone", "image.drive.gone"},
		{graphtest.Answer(429, "Retry-After", "77"), fault.Busy, "image.drive.busy", "image.drive.busy"},
		{graphtest.Answer(401), fault.SignIn, "image.drive.sign_in", "image.drive.sign_in"},
		{graphtest.Answer(500), fault.Busy, "image.drive.slow", "image.drive.slow"},
	} {
		w, token := started(t, func(c *graph.Config) { c.Patience = time.Millisecond })
		w.Fail("delta", 9, row.fault)
		_, err := w.c.Delta(t.Context(), w.who, w.folder, token, time.Time{})
		wantFault(t, err, row.kind, row.text)
		_, err = w.c.Delta(t.Context(), w.who, w.folder, "", time.Time{})
		if want := row.first; want != row.text {
			wantFault(t, err, fault.NotFound, want)
		} else {
			wantFault(t, err, row.kind, want)
		}
	}
}

// TestDeltaInManyFolders: pictures in more folders than may be asked for are not told of, and the rest is.
func TestDeltaInManyFolders(t *testing.T) {
	t.Parallel()
	w, token := started(t)
	w.Put(w.folder, "direct.png", nil)
	for n := range 300 {
		w.Put(w.Folder(w.folder, fmt.Sprint("f", n)), "a.png", nil)
	}
	d, err := w.c.Delta(t.Context(), w.who, w.folder, token, time.Time{})
	if err != nil || len(d.Arrivals) < 200 || len(d.Arrivals) > 202 || w.count("item") > 200 {
		t.Errorf("%d pictures, %d folders asked for, %v", len(d.Arrivals), w.count("item"), err)
	}
	if !strings.Contains(w.log.String(), "too many folders") {
		t.Error("nobody is told")
	}
}
