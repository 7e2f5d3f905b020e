package imaging

import (
	"bytes"
	"context"
	pix "image"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/image"
)

// psnr compares two pictures of one size, in dB.
func psnr(a, b pix.Image) float64 {
	var sum, n float64
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			p, q := rgba(a, x, y), rgba(b, x, y)
			for i := range 3 {
				sum += float64((p[i] - q[i]) * (p[i] - q[i]))
				n++
			}
		}
	}
	return 10 * math.Log10(255*255*n/max(sum, 1e-9))
}

// TestFacts reads the headers of all formats.
func TestFacts(t *testing.T) {
	t.Parallel()
	src := pngOf(quartersOf(64, 48))
	as := func(f image.Format) []byte { return result(t, src, image.Plan{Output: image.Output{Format: f}}).Data }
	clear := func(f image.Format) []byte {
		return result(t, src, image.Plan{Steps: []image.Step{image.Round{Radius: px(9)}}, Output: image.Output{Format: f}}).Data
	}
	dense := withSegments(jpegOf(quartersOf(8, 8), 80), segmentOf(0xe0, []byte("JFIF\x00\x01\x01\x01\x01\x2c\x01\x2c\x00\x00")))
	for _, row := range []struct {
		name string
		data []byte
		want image.Facts
	}{
		{"PNG", src, image.Facts{Format: "png", W: 64, H: 48, Frames: 1}},
		{"PNG, transparent", clear(image.PNG), image.Facts{Format: "png", W: 64, H: 48, Frames: 1, Alpha: true}},
		{"JPEG", as(image.JPEG), image.Facts{Format: "jpeg", W: 64, H: 48, Frames: 1}},
		{"JPEG at 300 dpi", dense, image.Facts{Format: "jpeg", W: 8, H: 8, Frames: 1, DPI: 300}},
		{"WebP", as(image.WebP), image.Facts{Format: "webp", W: 64, H: 48, Frames: 1}},
		{"WebP, transparent", clear(image.WebP), image.Facts{Format: "webp", W: 64, H: 48, Frames: 1, Alpha: true}},
		{"GIF", as(image.GIF), image.Facts{Format: "gif", W: 64, H: 48, Frames: 1, Alpha: true}},
		{"GIF, moving", animation(9, 7, 4), image.Facts{Format: "gif", W: 9, H: 7, Frames: 4}},
		{"AVIF", as(image.AVIF), image.Facts{Format: "avif", W: 64, H: 48, Frames: 1}},
		{"AVIF, transparent", clear(image.AVIF), image.Facts{Format: "avif", W: 64, H: 48, Frames: 1, Alpha: true}},
		{"TIFF", tiffOf(3, 2, 2, 3, make([]byte, 18)), image.Facts{Format: "tiff", W: 3, H: 2, Frames: 1}},
		{"EXIF", tagged(quartersOf(8, 4), 8), image.Facts{Format: "jpeg", W: 4, H: 8, Frames: 1, HasLocation: true, HasMetadata: true}},
	} {
		got, err := engine().Probe(context.Background(), row.data)
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		row.want.Bytes = int64(len(row.data))
		if row.want.DPI == 0 {
			got.DPI = 0 // encoders write what they like
		}
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s: %s", row.name, diff)
		}
	}
}

// FuzzRead looks for bytes that a header makes the walk panic, hang or believe nonsense of.
func FuzzRead(f *testing.F) {
	f.Add(pngOf(quartersOf(4, 4)))
	f.Add(tagged(quartersOf(8, 8), 6))
	f.Add(animation(4, 4, 2))
	f.Add(tiffOf(3, 2, 2, 3, make([]byte, 18)))
	f.Add(hollowGIF(1, 60_000, 3))
	f.Add([]byte("RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x10\x00\x00\x00\x07\x00\x00\x07\x00\x00"))
	f.Add([]byte("\x00\x00\x00\x14ftypavif\x00\x00\x00\x00mif1\x00\x00\x00\x30meta\x00\x00\x00\x00\x00\x00\x00\x0epitm\x00\x00\x00\x00\x00\x01\x00\x00\x00\x14iprp\x00\x00\x00\x0cipco\x00\x00\x00\x04ispe"))
	cfg, err := Config{Program: "/"}.withDefaults()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		kept := bytes.Clone(data)
		h, err := cfg.check(data)
		if !bytes.Equal(kept, data) {
			t.Fatal("the data was changed")
		}
		if err != nil {
			if keyOf(err) == "" {
				t.Fatalf("no sentence: %v", err)
			}
			return
		}
		w, ht := h.upright()
		if w < 1 || ht < 1 || h.Frames < 1 || int64(w)*int64(ht)*int64(h.Decoded) > cfg.MaxPixels || h.Orientation < 1 || h.Orientation > 8 {
			t.Fatalf("%+v", h)
		}
	})
}
