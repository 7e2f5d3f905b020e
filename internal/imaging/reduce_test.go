package imaging

import (
	"bytes"
	pix "image"
	"image/color"
	"testing"
	"time"
)

// TestReduce holds our way of making rows shorter to that of libvips, for pictures with and without opacity.
func TestReduce(t *testing.T) {
	opened(t)
	until(time.Minute)
	see := photo(331, 77)
	for x := range 331 {
		fill(see, pix.Rect(x, 30, x+1, 40), color.NRGBA{R: uint8(x), G: 255 - uint8(x), A: uint8(x * 3)})
	}
	for _, bands := range []int{3, 4} {
		b := see.Pix
		if bands == 3 {
			b = nil
			for i := 0; i < len(see.Pix); i += 4 {
				b = append(b, see.Pix[i:i+3]...)
			}
		}
		for _, size := range [][2]int{{330, 77}, {200, 50}, {100, 77}, {31, 9}, {2, 2}, {1, 1}} {
			var out [2][]byte
			for i, f := range []func(p *pic) error{
				func(p *pic) error { return p.resize(size[0], size[1], lanczos) },
				func(p *pic) error { return p.reduce(size[0], size[1]) },
			} {
				p, err := fromPixels(b, 331, 77, bands)
				if err == nil {
					err = f(p)
				}
				if err == nil {
					out[i], err = p.pixels()
				}
				if err != nil {
					t.Fatal(err)
				}
				p.close()
			}
			if len(out[0]) != len(out[1]) || len(out[0]) != size[0]*size[1]*bands {
				t.Fatalf("%v: %d and %d bytes", size, len(out[0]), len(out[1]))
			}
			if d := distance(out[0], out[1]); d > 2.5 { // of sizes of a pixel or two libvips makes averages first
				t.Errorf("%v, %d bands: the mean difference is %.2f", size, bands, d)
			}
		}
	}
	if distance(bytes.Repeat([]byte{1}, 9), bytes.Repeat([]byte{9}, 9)) != 8 {
		t.Error("differences are not seen")
	}
}

func distance(a, b []byte) float64 {
	sum := 0
	for i := range a {
		sum += max(int(a[i])-int(b[i]), int(b[i])-int(a[i]))
	}
	return float64(sum) / float64(len(a))
}
