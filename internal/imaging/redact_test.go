package imaging

import (
	"bytes"
	"context"
	"fmt"
	pix "image"
	"image/color"
	"math/rand/v2"
	"strings"
	"testing"

	"teamspro/internal/image"
)

// secret is a grey picture with a box of bright green noise: nothing else in it is green.
func secret(w, h int, box pix.Rectangle) *pix.NRGBA {
	im := pix.NewNRGBA(pix.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(3, 4))
	for y := range h {
		for x := range w {
			v := uint8(90 + r.IntN(60))
			im.SetNRGBA(x, y, color.NRGBA{v, v, v, 255})
			if pix.Pt(x, y).In(box) {
				im.SetNRGBA(x, y, color.NRGBA{uint8(r.IntN(60)), 255, uint8(r.IntN(60)), 255})
			}
		}
	}
	return im
}

// greenest is by how much the greenest pixel is greener than grey.
func greenest(im pix.Image) int {
	most := 0
	for y := range im.Bounds().Dy() {
		for x := range im.Bounds().Dx() {
			c := rgba(im, x, y)
			most = max(most, c[1]-max(c[0], c[2]))
		}
	}
	return most
}

// TestRedactionLeavesNothing decodes every format of results of plans with a redaction, wherever that stands among the
// other steps, and looks for the colour of what was covered.
func TestRedactionLeavesNothing(t *testing.T) {
	t.Parallel()
	at := pix.Rect(83, 41, 131, 77)
	still := secret(240, 160, at)
	sources := map[string][]byte{"png": pngOf(still), "jpeg": tagged(still, 1)}
	here := image.Redact{Boxes: []image.Box{boxOf(83, 41, 48, 36)}}
	turned := image.Redact{Boxes: []image.Box{boxOf(160-77, 83, 36, 48)}}
	percent := image.Redact{Boxes: []image.Box{{X: pc(100 * 83.0 / 240), Y: pc(100 * 41.0 / 160), W: pc(20), H: pc(22.5)}}}
	plans := map[string][]image.Step{
		"alone":                 {here},
		"before resizing":       {here, image.Resize{W: px(77)}},
		"after resizing":        {image.Resize{W: px(77)}, percent},
		"after enlarging":       {image.Resize{W: px(500), Enlarge: true}, percent},
		"after blurring":        {image.Blur{Sigma: 6}, here},
		"after sharpening":      {image.Sharpen{Sigma: 2}, here},
		"after turning":         {image.Rotate{Degrees: 90}, image.Resize{H: px(101)}, image.Resize{W: px(160), H: px(240), Mode: image.Force, Enlarge: true}, turned},
		"after cropping":        {image.Crop{Box: boxOf(80, 40, 160, 120)}, image.Resize{W: px(80)}, image.Redact{Boxes: []image.Box{boxOf(1, 0, 25, 19)}}},
		"after padding":         {image.Pad{Left: px(10), Top: px(7), Color: white}, image.Redact{Boxes: []image.Box{boxOf(93, 48, 48, 36)}}},
		"after trimming":        {image.Pad{Left: px(10), Top: px(7), Color: white}, image.Trim{Threshold: 10}, here, image.Resize{W: px(99)}},
		"after flipping":        {image.Flip{}, image.Resize{W: px(120)}, image.Redact{Boxes: []image.Box{boxOf(54, 20, 25, 19)}}},
		"in the middle":         {image.Brightness{Percent: 5}, here, image.Contrast{Percent: 20}, image.Resize{W: px(133)}, image.Sharpen{Sigma: 1}},
		"twice, overlapping":    {image.Redact{Boxes: []image.Box{boxOf(83, 41, 30, 36), boxOf(105, 41, 26, 36)}}, image.Resize{W: px(90)}},
		"with metadata to keep": {here},
	}
	for from, data := range sources {
		for name, steps := range plans {
			for _, f := range []image.Format{image.JPEG, image.PNG, image.WebP, image.GIF, image.AVIF} {
				t.Run(fmt.Sprintf("%s %s to %s", from, name, f), func(t *testing.T) {
					t.Parallel()
					res := result(t, data, image.Plan{Steps: steps, Output: image.Output{Format: f, Quality: 70, Keep: strings.Contains(name, "keep")}})
					limit := 8
					if from == "jpeg" || f != image.PNG {
						limit = 22 // what coding greys coarsely makes of them
					}
					if n := greenest(decoded(t, res.Data)); n > limit {
						t.Errorf("a pixel is greener than grey by %d", n)
					}
					if bytes.Contains(res.Data, []byte("SECRET")) {
						t.Error("metadata was kept beside a redaction")
					}
				})
			}
		}
	}
	if n := greenest(still); n < 150 {
		t.Fatalf("the source itself is only green by %d: this test shows nothing", n)
	}
}

// TestWeakCovers sees that the weaker covers leave averages only.
func TestWeakCovers(t *testing.T) {
	t.Parallel()
	im := pix.NewNRGBA(pix.Rect(0, 0, 200, 100))
	fill(im, im.Bounds(), color.White)
	for x := 40; x < 160; x += 4 {
		fill(im, pix.Rect(x, 30, x+2, 70), color.Black) // strokes of letters
	}
	for _, how := range []image.Cover{image.Pixelate, image.Obscure} {
		got, _ := rendered(t, pngOf(im), image.Redact{Boxes: []image.Box{boxOf(38, 28, 124, 44)}, How: how})
		low, high := 255, 0
		for x := 60; x < 140; x++ {
			v := rgba(got, x, 50)[0]
			low, high = min(low, v), max(high, v)
		}
		if high-low > 40 {
			t.Errorf("%s leaves tones from %d to %d where there were strokes", how, low, high)
		}
	}
}

// marksOf are bytes that stand in every kind of metadata.
var marksOf = []string{"Exif\x00", "EXIF", "eXIf", "xpacket", "adobe", "xmpmeta", "GPS", "SECRET", "Photoshop", "8BIM", "ICC_PROFILE", "iCCP"}

// TestStripped finds nothing of the metadata in any format, and all of it when it is to be kept.
func TestStripped(t *testing.T) {
	t.Parallel()
	data := tagged(quartersOf(120, 60), 6)
	for _, f := range []image.Format{image.JPEG, image.PNG, image.WebP, image.GIF, image.AVIF} {
		res := result(t, data, image.Plan{Steps: []image.Step{image.Resize{W: px(30)}}, Output: image.Output{Format: f}})
		for _, m := range marksOf {
			if m == "Exif\x00" && f == image.AVIF {
				continue
			}
			if bytes.Contains(res.Data, []byte(m)) {
				t.Errorf("%s holds %q", f, m)
			}
		}
		if res.Facts.HasMetadata || res.Facts.HasLocation {
			t.Errorf("%s: %+v", f, res.Facts)
		}
		if !res.Before.HasLocation || !res.Before.HasMetadata || res.Before.W != 60 || res.Before.H != 120 {
			t.Errorf("before: %+v", res.Before)
		}
	}
	kept := result(t, data, image.Plan{Output: image.Output{Keep: true}})
	if !kept.Facts.HasLocation || kept.Facts.W != 60 || !bytes.Contains(kept.Data, []byte("SECRETDESCRIPTION")) {
		t.Errorf("kept: %+v", kept.Facts)
	}
}

// TestUpright sees every orientation applied to pixels and taken off the metadata.
func TestUpright(t *testing.T) {
	t.Parallel()
	// What stands in the corners of the stored picture, and where orientation puts it: top left, top right, bottom left.
	r, g, b, y := cRed, cGreen, cBlue, cYellow
	for o, want := range map[uint16][3][4]int{
		1: {r, g, b}, 2: {g, r, y}, 3: {y, b, g}, 4: {b, y, r}, 5: {r, b, g}, 6: {b, r, y}, 7: {y, g, b}, 8: {g, y, r},
	} {
		for _, steps := range [][]image.Step{nil, {image.Resize{W: pc(25)}}, {image.Redact{Boxes: []image.Box{boxOf(50, 50, 1, 1)}}}} {
			im, res := rendered(t, tagged(quartersOf(240, 160), o), steps...)
			w, h := im.Bounds().Dx(), im.Bounds().Dy()
			if (w < h) != (o >= 5) || res.Facts.W != w {
				t.Errorf("%d: %d×%d", o, w, h)
			}
			for i, p := range [][2]int{{4, 4}, {w - 5, 4}, {4, h - 5}} {
				if got := rgba(im, p[0], p[1]); !close4(got, want[i], 12) {
					t.Errorf("orientation %d, %d steps, corner %d: %v, want %v", o, len(steps), i, got, want[i])
				}
			}
		}
	}
}

// TestColours brings CMYK, 16 bits, greys and profiles to sRGB.
func TestColours(t *testing.T) {
	t.Parallel()
	deep := pix.NewNRGBA64(pix.Rect(0, 0, 10, 10))
	grey := pix.NewGray16(pix.Rect(0, 0, 10, 10))
	for i := range 100 {
		deep.SetNRGBA64(i%10, i/10, color.NRGBA64{R: 0xc8c8, G: 0x1e1e, B: 0x1e1e, A: 0xffff})
		grey.SetGray16(i%10, i/10, color.Gray16{Y: 0x8080})
	}
	cmyk := bytes.Repeat([]byte{0, 255, 255, 0}, 100) // magenta and yellow: red
	swapped := withSegments(jpegOf(quartersOf(64, 64), 95), segmentOf(0xe2, append([]byte("ICC_PROFILE\x00\x01\x01"), profileOf()...)))
	for _, row := range []struct {
		name string
		data []byte
		want func(c [4]int) bool
	}{
		{"16 bits", pngOf(deep), func(c [4]int) bool { return close4(c, cRed, 2) }},
		{"16 bits of grey", pngOf(grey), func(c [4]int) bool { return close4(c, [4]int{128, 128, 128, 255}, 2) }},
		{"CMYK", tiffOf(10, 10, 5, 4, cmyk), func(c [4]int) bool { return c[0] > 180 && c[1] < 80 && c[2] < 80 }},
		{"TIFF", tiffOf(10, 10, 2, 3, bytes.Repeat([]byte{200, 30, 30}, 100)), func(c [4]int) bool { return close4(c, cRed, 2) }},
		{"profile", swapped, func(c [4]int) bool { return c[1] > 150 && c[0] < 110 }},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			for _, f := range []image.Format{image.PNG, image.JPEG, image.WebP} {
				res := result(t, row.data, image.Plan{Steps: []image.Step{image.Resize{W: px(8)}}, Output: image.Output{Format: f}})
				if c := rgba(decoded(t, res.Data), 2, 2); !row.want(c) {
					t.Errorf("%s: %v", f, c)
				}
			}
		})
	}
	facts, err := engine().Probe(context.Background(), swapped)
	if err != nil || facts.Profile != "Swapped test" {
		t.Errorf("profile %q, %v", facts.Profile, err)
	}
}
