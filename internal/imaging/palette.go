package imaging

import (
	"cmp"
	"slices"

	"teamspro/internal/image"
)

// dominant groups colours (three bytes a pixel) into cubes of 32 values a side, and gives the means of the n fullest
// that are not close to a fuller one.
func dominant(pixels []byte, n int) []image.Color {
	type bin struct{ n, r, g, b, key int }
	bins := make([]bin, 512)
	for i := 0; i+2 < len(pixels); i += 3 {
		r, g, b := int(pixels[i]), int(pixels[i+1]), int(pixels[i+2])
		k := r>>5<<6 | g>>5<<3 | b>>5
		x := &bins[k]
		x.n, x.r, x.g, x.b, x.key = x.n+1, x.r+r, x.g+g, x.b+b, k
	}
	slices.SortFunc(bins, func(a, b bin) int { return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.key, b.key)) })
	var out []image.Color
	for _, x := range bins {
		if x.n == 0 || len(out) == n {
			break
		}
		c := image.Color{R: uint8(x.r / x.n), G: uint8(x.g / x.n), B: uint8(x.b / x.n), A: 255}
		if !slices.ContainsFunc(out, func(o image.Color) bool { return near(o, c) }) {
			out = append(out, c)
		}
	}
	return out
}

// near tells whether two colours look much the same.
func near(a, b image.Color) bool {
	dr, dg, db := int(a.R)-int(b.R), int(a.G)-int(b.G), int(a.B)-int(b.B)
	return dr*dr+dg*dg+db*db < 40*40
}
