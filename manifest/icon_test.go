package manifest

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"
)

func mustDecode(t *testing.T, raw []byte) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestColorIcon(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{Contact, Image} {
		img := mustDecode(t, Icon(kind, colorSize))
		if img.Bounds() != image.Rect(0, 0, 192, 192) {
			t.Errorf("%s: bounds %v", kind, img.Bounds())
		}
		colours := map[color.Color]bool{}
		for y := range 192 {
			for x := range 192 {
				colours[img.At(x, y)] = true
				if _, _, _, a := img.At(x, y).RGBA(); a != 0xffff {
					t.Fatalf("%s: pixel %d,%d is transparent", kind, x, y)
				}
			}
		}
		if len(colours) < 20 {
			t.Errorf("%s: %d colours: no motif, or edges without smoothing", kind, len(colours))
		}
	}
}

func TestOutlineIcon(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{Contact, Image} {
		img := mustDecode(t, outline(kind))
		if img.Bounds() != image.Rect(0, 0, 32, 32) {
			t.Errorf("%s: bounds %v", kind, img.Bounds())
		}
		clear, full := 0, 0
		for y := range 32 {
			for x := range 32 {
				c := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
				switch {
				case c.A == 0:
					clear++
				case c.R != 255 || c.G != 255 || c.B != 255:
					t.Fatalf("%s: pixel %d,%d is %v, not white", kind, x, y, c)
				case c.A == 255:
					full++
				}
			}
		}
		if clear < 200 || full < 100 {
			t.Errorf("%s: %d clear and %d full pixels", kind, clear, full)
		}
	}
}

func TestIconSizes(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		app  string
		size int
		ok   bool
	}{
		{Contact, 16, true}, {Contact, 32, true}, {Image, 512, true},
		{Contact, 15, false}, {Contact, 513, false}, {Contact, -1, false}, {"", 32, false}, {"chat", 32, false},
	} {
		icon := Icon(row.app, row.size)
		if (icon != nil) != row.ok {
			t.Fatalf("Icon(%q, %d): %d bytes", row.app, row.size, len(icon))
		}
		if row.ok && mustDecode(t, icon).Bounds().Dx() != row.size {
			t.Errorf("Icon(%q, %d) has another size", row.app, row.size)
		}
	}
}
