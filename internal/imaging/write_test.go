package imaging

import (
	"bytes"
	"context"
	"fmt"
	pix "image"
	"image/gif"
	"slices"
	"testing"

	"github.com/h2non/bimg"

	"teamspro/internal/image"
)

func TestFormats(t *testing.T) {
	t.Parallel()
	src := pngOf(quartersOf(64, 48))
	for _, f := range []image.Format{image.JPEG, image.PNG, image.WebP, image.GIF, image.AVIF} {
		res := result(t, src, image.Plan{Output: image.Output{Format: f}})
		if res.Facts.Format != string(f) || res.Facts.W != 64 || res.Facts.H != 48 || res.Facts.Bytes != int64(len(res.Data)) {
			t.Errorf("%s: %+v", f, res.Facts)
		}
		for _, q := range []int{1, 100, 1000} {
			result(t, src, image.Plan{Output: image.Output{Format: f, Quality: q}})
		}
	}
	tiff := tiffOf(10, 10, 2, 3, make([]byte, 300))
	if res := result(t, tiff, image.Plan{}); res.Facts.Format != "png" || !slices.Contains(noteKeys(res), "image.note.format_changed") {
		t.Errorf("TIFF became %s with %v", res.Facts.Format, res.Notes)
	}
	clear := result(t, src, image.Plan{Steps: []image.Step{image.Round{Radius: px(9)}}, Output: image.Output{Format: image.JPEG}})
	if !slices.Contains(noteKeys(clear), "image.note.alpha_lost") {
		t.Errorf("%v", clear.Notes)
	}
}

// TestHEIC reads what telephones make.
func TestHEIC(t *testing.T) {
	t.Parallel()
	opened(t)
	heic, err := bimg.NewImage(jpegOf(quartersOf(96, 64), 95)).Process(bimg.Options{Type: bimg.HEIF, Quality: 90})
	if err != nil {
		t.Fatalf("a source could not be made: %v", err)
	}
	res := result(t, heic, image.Plan{Steps: []image.Step{image.Resize{W: px(48)}}})
	if res.Before.Format != "heic" || res.Before.W != 96 || res.Facts.Format != "jpeg" || res.Facts.H != 32 || !slices.Contains(noteKeys(res), "image.note.format_changed") {
		t.Errorf("%+v, %+v, %v", res.Before, res.Facts, res.Notes)
	}
	if c := rgba(decoded(t, res.Data), 5, 5); !close4(c, cRed, 12) {
		t.Errorf("%v", c)
	}
}

// TestTransparentParts: a picture that becomes transparent in places is written in a format that can be that, unless another
// was asked for.
func TestTransparentParts(t *testing.T) {
	t.Parallel()
	jpg := jpegOf(photo(200, 100), 90)
	round, back := image.Round{Radius: px(40)}, image.Background{Color: white}
	for _, row := range []struct {
		plan   image.Plan
		format string
		note   string
	}{
		{image.Plan{Steps: []image.Step{round}}, "png", image.NoteTransparent},
		{image.Plan{Steps: []image.Step{image.PadRatio{W: 1, H: 1}}}, "png", image.NoteTransparent},
		{image.Plan{Steps: []image.Step{round, back}}, "jpeg", ""},
		{image.Plan{Steps: []image.Step{round}, Output: image.Output{Format: image.JPEG}}, "jpeg", image.NoteAlphaLost},
		{image.Plan{Steps: []image.Step{round}, Output: image.Output{Format: image.WebP}}, "webp", ""},
	} {
		res := result(t, jpg, row.plan)
		if res.Facts.Format != row.format || (row.note == "") != (len(res.Notes) == 0) || row.note != "" && !slices.Contains(noteKeys(res), row.note) {
			t.Errorf("%v: %s, %v", row.plan, res.Facts.Format, res.Notes)
		}
		if _, _, _, a := decoded(t, res.Data).At(0, 0).RGBA(); (a == 0) != (row.format != "jpeg") {
			t.Errorf("%v: the corner has %d", row.plan, a)
		}
	}
}

// TestUnder asks for fewer bytes than there are.
func TestUnder(t *testing.T) {
	t.Parallel()
	big, little := jpegOf(photo(1600, 1200), 95), jpegOf(photo(300, 200), 95)
	screen := pngOf(photo(300, 200))
	for _, row := range []struct {
		data    []byte
		format  image.Format
		limit   int64
		least   float64 // of the limit that is made use of
		reached bool
		note    string
	}{
		{big, image.JPEG, 4 << 20, 0, true, ""},
		{big, image.JPEG, 60_000, 0.8, true, "image.note.quality"},
		{big, image.JPEG, 12_000, 0.4, true, "image.note.fewer_pixels"},
		{big, image.WebP, 15_000, 0.5, true, "image.note.quality"},
		{little, image.JPEG, 3_000, 0.8, true, "image.note.quality"},
		{little, image.AVIF, 600, 0.5, true, "image.note.quality"},
		{little, image.JPEG, 100, 0, false, "image.note.bytes_not_reached"},
		{screen, image.PNG, 60_000, 0.3, true, "image.note.quality"},
		{screen, image.PNG, 8_000, 0.3, true, "image.note.fewer_pixels"},
		{animation(200, 100, 5), image.GIF, 900, 0.2, true, "image.note.fewer_pixels"},
	} {
		t.Run(fmt.Sprintf("%s under %d", row.format, row.limit), func(t *testing.T) {
			t.Parallel()
			res := result(t, row.data, image.Plan{Output: image.Output{Format: row.format, MaxBytes: row.limit}})
			n := int64(len(res.Data))
			if (n <= row.limit) != row.reached || float64(n) < row.least*float64(row.limit) {
				t.Errorf("%d bytes, %v", n, res.Notes)
			}
			if row.note != "" && !slices.Contains(noteKeys(res), row.note) {
				t.Errorf("%v lacks %s", res.Notes, row.note)
			}
			if row.note == "" && len(res.Notes) > 0 {
				t.Errorf("%v", res.Notes)
			}
		})
	}
}

// TestAnimated sees every frame worked on, or told that only the first was.
func TestAnimated(t *testing.T) {
	t.Parallel()
	src := animation(60, 40, 6)
	plan := image.Plan{Steps: []image.Step{image.Resize{W: px(30)}, image.Rotate{Degrees: 90}, image.Redact{Boxes: []image.Box{boxOf(0, 0, 5, 5)}}}}
	res := result(t, src, plan)
	g, err := gif.DecodeAll(bytes.NewReader(res.Data))
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Image) != 6 || res.Facts.Frames != 6 || g.Config.Width != 20 || g.Config.Height != 30 || g.Delay[0] != 7 {
		t.Fatalf("%d frames of %d×%d, delay %v", len(g.Image), g.Config.Width, g.Config.Height, g.Delay)
	}
	canvas := pix.NewNRGBA(pix.Rect(0, 0, 20, 30))
	for i, frame := range g.Image {
		for y := frame.Bounds().Min.Y; y < frame.Bounds().Max.Y; y++ {
			for x := frame.Bounds().Min.X; x < frame.Bounds().Max.X; x++ {
				if _, _, _, a := frame.At(x, y).RGBA(); a > 0 {
					canvas.Set(x, y, frame.At(x, y))
				}
			}
		}
		if got, want := rgba(canvas, 15, 25), [][4]int{cRed, cGreen, cBlue, cYellow}[i%4]; !close4(got, want, 30) {
			t.Errorf("frame %d: %v, want %v", i, got, want)
		}
		if got := rgba(canvas, 2, 2); !close4(got, [4]int{0, 0, 0, 255}, 30) {
			t.Errorf("frame %d is not covered: %v", i, got)
		}
	}
	plan.Output.Format = image.WebP
	if res := result(t, src, plan); res.Facts.Frames != 6 || res.Facts.W != 20 {
		t.Errorf("WebP: %+v", res.Facts)
	}
	plan.Output.Format = image.JPEG
	if res := result(t, src, plan); res.Facts.Frames != 1 || !slices.Contains(noteKeys(res), "image.note.first_frame") {
		t.Errorf("JPEG: %+v, %v", res.Facts, res.Notes)
	}
}

func TestPalette(t *testing.T) {
	t.Parallel()
	im := quartersOf(90, 90)
	fill(im, pix.Rect(0, 0, 90, 50), col(cRed))
	colors, err := engine().Palette(context.Background(), pngOf(im), 2)
	if err != nil || len(colors) != 2 || !close4([4]int{int(colors[0].R), int(colors[0].G), int(colors[0].B), 255}, cRed, 10) {
		t.Errorf("%v, %v", colors, err)
	}
	if _, err := engine().Palette(context.Background(), []byte("x"), 2); keyOf(err) != "image.not_an_image" {
		t.Error(err)
	}
}

// TestShrunk sees that a JPEG which was decoded smaller looks like one that was not.
func TestShrunk(t *testing.T) {
	t.Parallel()
	src := jpegOf(photo(1000, 800), 92)
	for _, steps := range [][]image.Step{
		{image.Resize{W: px(123)}},
		{image.Crop{Box: boxOf(101, 53, 700, 611)}, image.Resize{W: px(100)}},
		{image.Rotate{Degrees: 90}, image.CropRatio{W: 1, H: 1}, image.Flip{}, image.Resize{W: px(90)}},
	} {
		a, _ := rendered(t, src, steps...)
		b, _ := rendered(t, src, append([]image.Step{image.Pad{}, image.Round{}}, steps...)...)
		if a.Bounds() != b.Bounds() {
			t.Errorf("%v and %v", a.Bounds(), b.Bounds())
		}
		if p := psnr(a, b); p < 34 {
			t.Errorf("%v: PSNR %.1f dB", steps, p)
		}
	}
}
