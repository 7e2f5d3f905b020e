package graph_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"teamspro/graph/graphtest"
	"teamspro/internal/fault"
)

// large needs three fragments.
func large() []byte { return bytes.Repeat([]byte("teamspro's large picture"), 12<<20/24) }

func TestFragments(t *testing.T) {
	t.Parallel()
	w, data := newWorld(t), large()
	made, err := w.c.Create(t.Context(), w.who, w.folder, "large.png", data, false)
	if err != nil || !bytes.Equal(w.Data(made.Ref), data) {
		t.Fatalf("%+v, %v", made, err)
	}
	sent := w.Requests("fragment")
	if len(sent) != 3 {
		t.Fatalf("%d fragments", len(sent))
	}
	for i, f := range sent {
		if (i < 2 && f.Length != 16*320<<10) || f.Header.Get("Content-Range") == "" {
			t.Errorf("fragment %d: %d bytes, %s", i, f.Length, f.Header.Get("Content-Range"))
		}
	}
	if w.Uploads() != 0 || w.count("cancel") != 0 {
		t.Errorf("%d sessions are left, %d were ended", w.Uploads(), w.count("cancel"))
	}
}

// pass lets a request through, so that a later one meets the next fault.
func pass(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) { serve(w, r) }

// TestUploadTrouble: an upload goes on from where it is, begins anew when it must, and leaves one file or none.
func TestUploadTrouble(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		op      string
		faults  []graphtest.Fault
		text    string // of the fault; empty when it succeeds
		cancels int
	}{
		{"a fragment is dropped", "fragment", []graphtest.Fault{pass, graphtest.Drop}, "", 0},
		{"the answer to a fragment is lost", "fragment", []graphtest.Fault{pass, graphtest.Lose}, "", 0},
		{"the first is lost", "fragment", []graphtest.Fault{graphtest.Lose}, "", 0},
		{"the answer to the last is lost", "fragment", []graphtest.Fault{pass, pass, graphtest.Lose}, "", 0},
		{"the answer to the last is cut", "fragment", []graphtest.Fault{pass, pass, graphtest.Truncate(9)}, "", 0},
		{"the answer to the last is no JSON", "fragment", []graphtest.Fault{pass, pass, func(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) {
			serve(discard{}, r)
			graphtest.Say(201, "application/json", "{")(w, r, nil)
		}}, "", 0},
		{"each answer is lost", "fragment", []graphtest.Fault{graphtest.Lose, graphtest.Lose, graphtest.Lose}, "", 0},
		{"servers fall over", "fragment", []graphtest.Fault{graphtest.Answer(500), pass, graphtest.Answer(502), graphtest.Answer(504)}, "", 0},
		{"busy", "fragment", []graphtest.Fault{graphtest.Answer(429, "Retry-After", "0.01"), graphtest.Answer(503, "Retry-After", "0.01")}, "", 0},
		{"busy for long", "fragment", []graphtest.Fault{graphtest.Answer(429, "Retry-After", "90")}, "image.drive.busy", 1},
		{"a range that is there already", "fragment", []graphtest.Fault{pass, graphtest.Answer(416)}, "", 0},
		{"the session is gone", "fragment", []graphtest.Fault{pass, graphtest.Answer(404)}, "", 0},
		{"the session is refused", "fragment", []graphtest.Fault{pass, graphtest.Answer(401)}, "", 0},
		{"every session is gone", "fragment", slices.Repeat([]graphtest.Fault{graphtest.Answer(404)}, 9), "image.drive.slow", 0},
		{"ranges that never were", "fragment", []graphtest.Fault{graphtest.Say(202, "application/json", `{"nextExpectedRanges":["99999999999999999999-"]}`)}, "", 0},
		{"ranges below zero", "fragment", []graphtest.Fault{graphtest.Say(202, "application/json", `{"nextExpectedRanges":["-5"]}`)}, "", 0},
		{"ranges that are none", "fragment", []graphtest.Fault{graphtest.Say(202, "application/json", `{"nextExpectedRanges":[7]}`)}, "", 0},
		{"always from the beginning", "fragment", slices.Repeat([]graphtest.Fault{graphtest.Say(202, "application/json", `{"nextExpectedRanges":["0-"]}`)}, 99), "image.drive.slow", 1},
		{"no room", "fragment", []graphtest.Fault{pass, pass, graphtest.Answer(507)}, "image.drive.full", 1},
		{"locked", "fragment", []graphtest.Fault{pass, graphtest.Answer(423)}, "image.drive.locked", 1},
		{"a name taken at the end", "fragment", []graphtest.Fault{pass, pass, graphtest.Answer(409)}, "image.save.exists", 1},
		{"a session that is not opened", "session", []graphtest.Fault{graphtest.Drop, graphtest.Answer(500)}, "", 0},
		{"a session without an address", "session", []graphtest.Fault{graphtest.Say(200, "application/json", `{}`)}, "image.drive.odd", 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w, data := newWorld(t), large()
			for _, f := range row.faults {
				w.Fail(row.op, 1, f)
			}
			defer quick(t, 30*time.Second)()
			made, err := w.c.Create(t.Context(), w.who, w.folder, "large.png", data, false)
			if row.text != "" {
				wantText(t, err, row.text)
				if names := w.Names(w.folder); len(names) != 1 {
					t.Errorf("in the folder are %v", names)
				}
			} else if err != nil || !bytes.Equal(w.Data(made.Ref), data) || len(w.Names(w.folder)) != 2 {
				t.Errorf("%+v, %v; in the folder are %v", made, err, w.Names(w.folder))
			}
			if n := w.count("cancel"); n != row.cancels {
				t.Errorf("%d sessions were ended, not %d", n, row.cancels)
			}
		})
	}
}

// TestTokenDiesInTheMiddle: the fragments need none.
func TestTokenDiesInTheMiddle(t *testing.T) {
	t.Parallel()
	w, data := newWorld(t), large()
	before := w.item(t)
	w.Fail("fragment", 1, graphtest.Then(func() { w.Revoke(`{"access_token":{}}`) }))
	after, err := w.c.Replace(t.Context(), w.who, w.file, before.ETag, data)
	if err != nil || after.Size != int64(len(data)) || !bytes.Equal(w.Data(w.file), data) {
		t.Errorf("%+v, %v", after, err)
	}
}

// TestTokenDiesBefore: without one no session is opened.
func TestTokenDiesBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Fail("session", 1, graphtest.Answer(401))
	w.Fail("session", 1, graphtest.Answer(401))
	_, err := w.c.Create(t.Context(), w.who, w.folder, "large.png", large(), false)
	wantFault(t, err, fault.SignIn, "image.drive.sign_in")
	if w.count("fragment") != 0 {
		t.Error("something was sent")
	}
}

// TestChangedInTheMiddle: somebody else's change is not written over, even if it comes while the upload goes on.
func TestChangedInTheMiddle(t *testing.T) {
	t.Parallel()
	for _, plain := range []bool{false, true} {
		w, other := newWorld(t), graphtest.Picture(9, 20, 20)
		if plain {
			w.Plain()
		}
		before := w.item(t)
		w.Fail("fragment", 1, graphtest.Then(func() { w.Put(w.folder, pictureName, other) }))
		_, err := w.c.Replace(t.Context(), w.who, w.file, before.ETag, large())
		wantFault(t, err, fault.Stale, "image.save.changed")
		if !bytes.Equal(w.Data(w.file), other) || w.Uploads() != 0 {
			t.Errorf("the file holds %d bytes, %d sessions are left", len(w.Data(w.file)), w.Uploads())
		}
	}
}

// TestStaleBeforeUpload: what cannot be saved is not sent.
func TestStaleBeforeUpload(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.c.Replace(t.Context(), w.who, w.file, `"old"`, large())
	wantFault(t, err, fault.Stale, "image.save.changed")
	_, err = w.c.Create(t.Context(), w.who, w.folder, pictureName, large(), false)
	wantFault(t, err, fault.Stale, "image.save.exists")
	if w.count("session")+w.count("fragment") != 0 {
		t.Error("something was sent")
	}
}

// TestNameTakenMeanwhile: with a name of one's own there is one file more, and nothing is written over.
func TestNameTakenMeanwhile(t *testing.T) {
	t.Parallel()
	w, data, other := newWorld(t), large(), graphtest.Picture(9, 20, 20)
	w.Fail("fragment", 1, graphtest.Then(func() { w.Put(w.folder, "large.png", other) }))
	made, err := w.c.Create(t.Context(), w.who, w.folder, "large.png", data, true)
	if err != nil || made.Name != "large 1.png" || !bytes.Equal(w.Data(made.Ref), data) || w.Uploads() != 0 {
		t.Errorf("%+v, %v, %d sessions are left", made, err, w.Uploads())
	}
	if got := fmt.Sprint(w.Names(w.folder)); got != "[quay.png large.png large 1.png]" {
		t.Errorf("in the folder are %s", got)
	}
}

// TestUploadCancelled: who goes away leaves no session behind.
func TestUploadCancelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w.Fail("fragment", 1, pass)
	w.Fail("fragment", 1, graphtest.Then(cancel))
	_, err := w.c.Create(ctx, w.who, w.folder, "large.png", large(), false)
	wantFault(t, err, fault.Busy, "image.drive.slow")
	if w.Uploads() != 0 || len(w.Names(w.folder)) != 1 {
		t.Errorf("%d sessions are left; in the folder are %v", w.Uploads(), w.Names(w.folder))
	}
}

// TestStalledFragment: a fragment has its time, and is sent again.
func TestStalledFragment(t *testing.T) {
	t.Parallel()
	w, data := newWorld(t), large()
	w.c.Hurry(10*time.Second, 3*time.Second)
	w.Fail("fragment", 1, graphtest.Slow(time.Minute))
	made, err := w.c.Create(t.Context(), w.who, w.folder, "large.png", data, false)
	if err != nil || !bytes.Equal(w.Data(made.Ref), data) {
		t.Errorf("%+v, %v", made, err)
	}
}

// TestSessionFields: what is asked for when a session is opened.
func TestSessionFields(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.item(t)
	if _, err := w.c.Replace(t.Context(), w.who, w.file, before.ETag, large()); err != nil {
		t.Fatal(err)
	}
	s := w.Requests("session")[0]
	if s.Header.Get("If-Match") != before.ETag || !strings.HasSuffix(s.Target, "/createUploadSession") || s.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s with %v", s.Target, s.Header)
	}
}
