package graph_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"teamspro/graph"
	"teamspro/graph/graphtest"
	"teamspro/internal/fault"
)

// TestLostAnswers: whatever becomes of the answer, one wish has one effect.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	data, other := graphtest.Picture(5, 40, 40), graphtest.Picture(6, 40, 40)
	for _, row := range []struct {
		name   string
		faults []graphtest.Fault
		puts   int
	}{
		{"lost", []graphtest.Fault{graphtest.Lose}, 1},
		{"dropped", []graphtest.Fault{graphtest.Drop}, 2},
		{"dropped twice", []graphtest.Fault{graphtest.Drop, graphtest.Drop}, 3},
		{"dropped, then lost", []graphtest.Fault{graphtest.Drop, graphtest.Lose}, 2},
		{"cut short", []graphtest.Fault{graphtest.Truncate(20)}, 1},
		{"no JSON", []graphtest.Fault{func(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) {
			serve(discard{}, r)
			graphtest.Say(200, "text/html", "<html>")(w, r, nil)
		}}, 1},
		{"a gateway's time was up, and it was done", []graphtest.Fault{func(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) {
			serve(discard{}, r)
			graphtest.Answer(504)(w, r, nil)
		}}, 1},
		{"a gateway's time was up, and it was not done", []graphtest.Fault{graphtest.Answer(504)}, 2},
		{"busy, and it was not done", []graphtest.Fault{graphtest.Answer(503, "Retry-After", "0.01")}, 2},
		{"busy, and it was done", []graphtest.Fault{func(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) {
			serve(discard{}, r)
			graphtest.Answer(503, "Retry-After", "0.01")(w, r, nil)
		}}, 2},
	} {
		for _, plain := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, plain %v", row.name, plain), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				if plain {
					w.Plain()
				}
				fail := func() {
					for _, f := range row.faults {
						w.Fail("content", 1, f)
					}
				}
				fail()
				before := w.item(t)
				after, err := w.c.Replace(t.Context(), w.who, w.file, before.ETag, data)
				if err != nil || after.Size != int64(len(data)) || !bytes.Equal(w.Data(w.file), data) {
					t.Fatalf("replaced: %+v, %v", after, err)
				}
				if versions, err := w.c.Versions(t.Context(), w.who, w.file); err != nil || len(versions) != 1 {
					t.Errorf("%d versions, %v", len(versions), err)
				}
				if n := w.count("content"); n != row.puts {
					t.Errorf("sent %d times, not %d", n, row.puts)
				}
				fail()
				made, err := w.c.Create(t.Context(), w.who, w.folder, "new.png", data, false)
				if err != nil || made.Name != "new.png" {
					t.Fatalf("made: %+v, %v", made, err)
				}
				w.Fail("content", 1, func(rw http.ResponseWriter, r *http.Request, serve http.HandlerFunc) { serve(rw, r) }) // the first says that the name is taken
				fail()
				renamed, err := w.c.Create(t.Context(), w.who, w.folder, "new.png", other, true)
				if err != nil || renamed.Name != "new 1.png" {
					t.Fatalf("made under another name: %+v, %v", renamed, err)
				}
				if got := w.Names(w.folder); !slices.Equal(got, []string{pictureName, "new.png", "new 1.png"}) {
					t.Errorf("in the folder are %v", got)
				}
			})
		}
	}
}

// discard is an answer that nobody gets.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}

// TestSomebodyElse: when the answer was lost and something else is there, it is left alone.
func TestSomebodyElse(t *testing.T) {
	t.Parallel()
	data, other := graphtest.Picture(5, 40, 40), graphtest.Picture(6, 40, 40)
	w := newWorld(t)
	before := w.item(t)
	w.Fail("content", 1, func(http.ResponseWriter, *http.Request, http.HandlerFunc) {
		w.Put(w.folder, pictureName, other)
		panic(http.ErrAbortHandler)
	})
	_, err := w.c.Replace(t.Context(), w.who, w.file, before.ETag, data)
	wantFault(t, err, fault.Stale, "image.save.changed")
	w.Fail("content", 1, func(http.ResponseWriter, *http.Request, http.HandlerFunc) {
		w.Put(w.folder, "new.png", other)
		panic(http.ErrAbortHandler)
	})
	_, err = w.c.Create(t.Context(), w.who, w.folder, "new.png", data, false)
	f := wantFault(t, err, fault.Stale, "image.save.exists")
	if fmt.Sprint(f.Args) != "[Name new.png]" || !bytes.Equal(w.Data(w.file), other) {
		t.Errorf("told %v", f.Args)
	}
}

// TestUnsure: when it cannot be told whether something was saved, that is what is said.
func TestUnsure(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Fail("content", 1, graphtest.Lose)
	w.Fail("item", 9, graphtest.Answer(500))
	_, err := w.c.Create(t.Context(), w.who, w.folder, "new.png", w.data, false)
	wantFault(t, err, fault.Busy, "image.drive.unsure")

	w = newWorld(t)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	w.Fail("content", 1, graphtest.Slow(time.Minute))
	defer quick(t, 3*time.Second)()
	_, err = w.c.Create(ctx, w.who, w.folder, "new.png", w.data, false)
	wantFault(t, err, fault.Busy, "image.drive.unsure")
}

func TestSaveRefused(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		status            int
		replaced, created string
	}{
		{400, "image.drive.gone", "image.drive.name_refused"},
		{403, "image.drive.denied", "image.drive.denied"},
		{404, "image.drive.gone", "image.drive.gone"},
		{409, "image.save.changed", "image.save.exists"},
		{412, "image.save.changed", "image.save.changed"},
		{413, "image.drive.too_large", "image.drive.too_large"},
		{423, "image.drive.locked", "image.drive.locked"},
		{507, "image.drive.full", "image.drive.full"},
		{509, "image.drive.bandwidth", "image.drive.bandwidth"},
		{500, "image.drive.slow", "image.drive.slow"},
	} {
		for _, op := range []string{"content", "session"} {
			w, data := newWorld(t), graphtest.Picture(5, 40, 40)
			if op == "session" {
				data = make([]byte, 5<<20)
			}
			before := w.item(t)
			w.Fail(op, 99, graphtest.Answer(row.status))
			_, err := w.c.Replace(t.Context(), w.who, w.file, before.ETag, data)
			wantText(t, err, row.replaced)
			_, err = w.c.Create(t.Context(), w.who, w.folder, "new.png", data, false)
			wantText(t, err, row.created)
			if !bytes.Equal(w.Data(w.file), w.data) || len(w.Names(w.folder)) != 1 {
				t.Errorf("%d: something was saved", row.status)
			}
			if n := w.count(op); row.status < 500 && n != 2 || n > 2*3 {
				t.Errorf("%d: %s was asked %d times", row.status, op, n)
			}
		}
	}
}

func wantText(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("%v, not %s", err, text)
	}
}

func TestReplaceWantsAnETag(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, eTag := range []string{"", "*"} {
		_, err := w.c.Replace(t.Context(), w.who, w.file, eTag, w.data)
		wantFault(t, err, fault.Stale, "image.save.changed")
	}
	if w.count("") != 0 {
		t.Error("Graph was asked")
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, row := range []struct{ name, text string }{
		{"", "name_empty"}, {" \t", "name_empty"},
		{"a/b.png", "name_characters"}, {`a\b.png`, "name_characters"}, {"a:b", "name_characters"}, {"a*b", "name_characters"}, {`"a"`, "name_characters"},
		{"a<b>", "name_characters"}, {"a|b", "name_characters"}, {"a?b", "name_characters"}, {"a\x00b", "name_characters"}, {"a\nb", "name_characters"}, {"a\xffb", "name_characters"},
		{" a.png", "name_ends"}, {"a.png ", "name_ends"}, {"a.", "name_ends"}, {"..", "name_ends"},
		{"CON", "name_reserved"}, {"con.png", "name_reserved"}, {"LPT7.jpg", "name_reserved"}, {"com0", "name_reserved"}, {".lock", "name_reserved"},
		{"Desktop.INI", "name_reserved"}, {"~$a.docx", "name_reserved"}, {"a_vti_b.png", "name_reserved"},
		{strings.Repeat("a", 252) + ".png", "name_long"}, {strings.Repeat("🏖", 126) + ".png", "name_long"},
	} {
		_, err := w.c.Create(t.Context(), w.who, w.folder, row.name, w.data, true)
		wantFault(t, err, fault.Invalid, "image.drive."+row.text)
	}
	if w.count("") != 0 {
		t.Error("Graph was asked")
	}
	for _, name := range []string{"a.png", ".hidden.png", "com10.png", "console.png", "a#b%20c.png", "été.png", strings.Repeat("a", 251) + ".png", "a..png", "~a.png", "nul-1.png"} {
		made, err := w.c.Create(t.Context(), w.who, w.folder, name, w.data, false)
		if err != nil || made.Name != name {
			t.Errorf("%q: %+v, %v", name, made, err)
		}
	}
}

func TestOtherNames(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		n    int
		want string
	}{
		{"quay.png", 1, "quay 1.png"}, {"quay", 12, "quay 12"}, {".png", 2, ".png 2"}, {"a.tar.gz", 3, "a.tar 3.gz"},
		{strings.Repeat("a", 251) + ".png", 1, strings.Repeat("a", 249) + " 1.png"}, {strings.Repeat("🏖", 125) + ".png", 9, strings.Repeat("🏖", 124) + " 9.png"},
	} {
		if got := graph.OtherName(row.name, row.n); got != row.want {
			t.Errorf("%q, %d: %q, not %q", row.name, row.n, got, row.want)
		}
	}
	if a, b := graph.OtherName("a.png", 13), graph.OtherName("a.png", 13); a == b || len(a) != len("a 123456.png") {
		t.Errorf("%q and %q", a, b)
	}
}

// TestManyNames: a name that is taken many times is still found room for.
func TestManyNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n := range 13 {
		w.Put(w.folder, strings.Replace(fmt.Sprintf("a %d.png", n), " 0", "", 1), nil)
	}
	made, err := w.c.Create(t.Context(), w.who, w.folder, "a.png", w.data, true)
	if err != nil || !strings.HasPrefix(made.Name, "a ") || w.count("content") != 2 {
		t.Errorf("%+v, %v, sent %d times", made, err, w.count("content"))
	}
}

// TestQuickXor: known hashes, and the place of each bit.
func TestQuickXor(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ data, want string }{
		{"", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="},
		{"\x4a", "SgAAAAAAAAAAAAAAAQAAAAAAAAA="},
		{"\xb5\xb4", "taAFAAAAAAAAAAAAAgAAAAAAAAA="},
		{"\xd2\x96\x4f", "0rDEEwAAAAAAAAAAAwAAAAAAAAA="},
	} {
		if got := graph.QuickXor([]byte(row.data)); got != row.want {
			t.Errorf("%x: %s, not %s", row.data, got, row.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOfN(rapid.Byte(), 0, 700).Draw(t, "data")
		hash, _ := base64.StdEncoding.DecodeString(graph.QuickXor(data))
		for i, b := range data { // taken away again, nothing is left but the length
			for bit := range 8 {
				if b>>bit&1 == 1 {
					at := (i*11 + bit) % 160
					hash[at/8] ^= 1 << (at % 8)
				}
			}
		}
		want := make([]byte, 20)
		want[12], want[13] = byte(len(data)), byte(len(data)>>8)
		if !bytes.Equal(hash, want) {
			t.Errorf("of %d bytes is left %x", len(data), hash)
		}
	})
}
