package web

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

func TestAvatarPath(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, kind, want string }{
		{"Marta Gonzáles", "person", "MG"},
		{"marta", "person", "M"},
		{"Ana María de la Cruz", "person", "AC"},
		{"Jean-Luc Élan", "person", "JÉ"},
		{"Élodie E\u0301toile", "person", "ÉÉ"}, // a letter and its accent as two characters
		{"ångström", "person", "Å"},
		{"Иван Петров", "person", "ИП"},
		{"李 小龍", "person", "李小"},
		{"👩‍🚒 Marta", "person", "M"},
		{"Marta Gonzáles (Contoso)", "person", "MG"},
		{"(Contoso)", "person", "C"},
		{"“Tim” 3rd O'Neil", "person", "TO"},
		{"Contoso Ltd", "company", "C"},
		{"IT Hot-line", "function", "I"},
		{"3M", "company", "M"},
		{"0199 00 12 34", "function", ""},
		{"", "person", ""},
		{" \t…", "person", ""},
		{"\xff\xfe", "person", ""},
		{strings.Repeat("a ", 100000), "person", "AA"},
	} {
		want := row.want
		if want != "" {
			want = "/avatar/" + url.PathEscape(want+".png")
		}
		if got := AvatarPath(row.name, row.kind); got != want {
			t.Errorf("AvatarPath(%.30q, %s) = %q, want %q", row.name, row.kind, got, want)
		}
	}
}

// TestAvatarOfAnyName: whatever a contact is called, its picture is there.
func TestAvatarOfAnyName(t *testing.T) {
	t.Parallel()
	h := New(config())
	rapid.Check(t, func(t *rapid.T) {
		path := AvatarPath(rapid.String().Draw(t, "name"), rapid.SampledFrom([]string{"person", "company"}).Draw(t, "kind"))
		if path == "" {
			return
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d", path, w.Code)
		}
	})
}

func TestAvatarRefuses(t *testing.T) {
	t.Parallel()
	address := serve(t, config())
	for _, file := range []string{
		".png", "MGX.png", "mg.png", "MG", "MG.gif", "MG.PNG", "M1.png", "1.png", "M-.png", "M%20G.png", "%F0%9F%98%80.png", "%FF.png", "M%2FG.png",
		"E%CC%81.png", "..%2Fstyle.png", "%3Cb.png", strings.Repeat("M", 4000) + ".png", "MG.png.png", "%00.png",
	} {
		if response, _ := fetch(t, address+"/avatar/"+file); response.StatusCode != http.StatusNotFound {
			t.Errorf("%.40s: %s", file, response.Status)
		}
	}
}

func TestAvatarCaching(t *testing.T) {
	t.Parallel()
	address := serve(t, config())
	first, body := fetch(t, address+"/avatar/MG.png")
	etag := first.Header.Get("ETag")
	if len(etag) < 10 || etag[0] != '"' {
		t.Fatalf("ETag %q", etag)
	}
	if again, same := fetch(t, address+"/avatar/MG.png"); again.Header.Get("ETag") != etag || same != body {
		t.Error("the same letters give another picture")
	}
	if other, _ := fetch(t, address+"/avatar/GM.png"); other.Header.Get("ETag") == etag {
		t.Error("other letters give the same picture")
	}
	for _, row := range []struct {
		match  string
		status int
	}{{etag, http.StatusNotModified}, {`"0"`, http.StatusOK}, {"", http.StatusOK}} {
		response, body := fetch(t, address+"/avatar/MG.png", "If-None-Match", row.match)
		if response.StatusCode != row.status || (body == "") != (row.status == http.StatusNotModified) {
			t.Errorf("If-None-Match %s: %s, %d bytes", row.match, response.Status, len(body))
		}
	}
}

func TestAvatarCacheIsBounded(t *testing.T) {
	t.Parallel()
	a := newAvatars()
	for i := range 24 {
		for j := range 24 {
			w := httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodGet, "/avatar/x", nil)
			r.SetPathValue("file", string([]rune{rune(0x4e00 + i), rune(0x4e00 + j)})+".png")
			a.ServeHTTP(w, r)
			if w.Code != http.StatusOK {
				t.Fatal(w.Code)
			}
		}
	}
	a.cache.CleanUp()
	if n := a.cache.EstimatedSize(); n > avatarCache {
		t.Errorf("%d pictures are kept, at most %d should be", n, avatarCache)
	}
}

func TestAvatarsAtOnce(t *testing.T) {
	t.Parallel()
	a := newAvatars()
	var wait sync.WaitGroup
	for range 8 {
		for _, letters := range []string{"MG", "Б", "李"} {
			wait.Go(func() {
				w := httptest.NewRecorder()
				r := httptest.NewRequest(http.MethodGet, "/avatar/x", nil)
				r.SetPathValue("file", letters+".png")
				a.ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					t.Errorf("%s: %d", letters, w.Code)
				}
			})
		}
	}
	wait.Wait()
}

// TestAvatarPicture looks at pixels: round, in its colour, with white on it, whether the font has the letters or not.
func TestAvatarPicture(t *testing.T) {
	t.Parallel()
	a := newAvatars()
	silhouette := ""
	for _, row := range []struct {
		letters string
		covered bool
	}{{"MG", true}, {"W", true}, {"WW", true}, {"ÉÅ", true}, {"ИП", true}, {"ΑΩ", true}, {"李", false}, {"M李", false}, {"ع", false}} {
		if a.covers(row.letters) != row.covered {
			t.Errorf("%s: covered should be %v", row.letters, row.covered)
		}
		p, err := a.draw(context.Background(), row.letters)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(p.png))
		if err != nil {
			t.Fatal(err)
		}
		if img.Bounds() != image.Rect(0, 0, 96, 96) {
			t.Errorf("%s: %v", row.letters, img.Bounds())
		}
		if _, _, _, alpha := img.At(0, 0).RGBA(); alpha != 0 {
			t.Errorf("%s: the corner is not clear", row.letters)
		}
		if got := color.NRGBAModel.Convert(img.At(48, 3)); got != ground(row.letters) {
			t.Errorf("%s: the ground is %v, want %v", row.letters, got, ground(row.letters))
		}
		left, right, shape := whites(img)
		if left < 8 || right > 87 || right-left < 10 || math.Abs(float64(left+right)/2-47.5) > 1.5 {
			t.Errorf("%s: white from %d to %d: not in the middle, or too wide", row.letters, left, right)
		}
		if !row.covered && silhouette == "" {
			silhouette = shape
		}
		if (shape == silhouette) == row.covered {
			t.Errorf("%s: letters and silhouette are mixed up", row.letters)
		}
	}
}

// whites gives the first and last column with white in it, and where all white is.
func whites(img image.Image) (left, right int, shape string) {
	left = math.MaxInt
	var s strings.Builder
	for x := range avatarSize {
		for y := range avatarSize {
			if color.NRGBAModel.Convert(img.At(x, y)) != ink {
				s.WriteByte('.')
				continue
			}
			s.WriteByte('#')
			left, right = min(left, x), max(right, x)
		}
	}
	return left, right, s.String()
}

func TestContrast(t *testing.T) {
	t.Parallel()
	for _, c := range palette {
		if ratio := (luminance(ink) + .05) / (luminance(c) + .05); ratio < 4.5 {
			t.Errorf("white on #%02x%02x%02x has a contrast of %.2f:1, WCAG AA wants 4.5", c.R, c.G, c.B, ratio)
		}
	}
}

// luminance is the relative luminance of WCAG 2.1.
func luminance(c color.NRGBA) float64 {
	channel := func(v uint8) float64 {
		f := float64(v) / 255
		if f <= 0.03928 {
			return f / 12.92
		}
		return math.Pow((f+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(c.R) + 0.7152*channel(c.G) + 0.0722*channel(c.B)
}
