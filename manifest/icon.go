package manifest

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
)

const (
	colorSize   = 192 // what Teams wants of the colour icon
	outlineSize = 32  // and of the white one
	minIcon     = 16
	maxIcon     = 512
	samples     = 4 // along each side of a pixel, for smooth edges
)

// Icon draws the icon of a kind of app as a square PNG of size pixels, 16 to 512. It gives nil for
// other sizes and kinds.
func Icon(app string, size int) []byte {
	picture, known := motifs[app]
	if !known || size < minIcon || size > maxIcon {
		return nil
	}
	return paint(picture.color, size)
}

// outline draws the white icon on nothing that Teams shows in its bars.
func outline(kind string) []byte { return paint(motifs[kind].outline, outlineSize) }

// shape tells whether a point of the unit square belongs to it; y grows downwards.
type shape func(x, y float64) bool

// layer is a shape in one colour. The last layer that holds a point colours it, so a transparent
// layer cuts a hole.
type layer struct {
	shape
	ink color.NRGBA
}

type motif struct{ color, outline []layer }

var (
	white = color.NRGBA{255, 255, 255, 255}
	hole  = color.NRGBA{255, 255, 255, 0}

	indigo     = color.NRGBA{0x3b, 0x5b, 0xc7, 255}
	darkIndigo = color.NRGBA{0x2c, 0x46, 0xa3, 255}
	paleIndigo = color.NRGBA{0xa9, 0xb8, 0xec, 255}
	teal       = color.NRGBA{0x0f, 0x76, 0x6e, 255}
	darkTeal   = color.NRGBA{0x0a, 0x5a, 0x54, 255}
	paleTeal   = color.NRGBA{0x9b, 0xd8, 0xcf, 255}
	sun        = color.NRGBA{0xf6, 0xc4, 0x4f, 255}
)

// motifs: a card with a person; a framed mountain with a crop corner.
var motifs = map[string]motif{
	Contact: {
		color: []layer{
			{everything, indigo},
			{polygon(0, 1, 1, 0, 1, 1), darkIndigo},
			{box(0.17, 0.26, 0.83, 0.74, 0.06), white},
			{disc(0.345, 0.42, 0.075), indigo},
			{both(disc(0.345, 0.66, 0.135), box(0, 0, 1, 0.645, 0)), indigo},
			{box(0.53, 0.385, 0.75, 0.43, 0.0225), indigo},
			{box(0.53, 0.48, 0.75, 0.525, 0.0225), paleIndigo},
			{box(0.53, 0.575, 0.68, 0.62, 0.0225), paleIndigo},
		},
		outline: []layer{
			{box(0.03, 0.16, 0.97, 0.84, 0.11), white},
			{box(0.095, 0.225, 0.905, 0.775, 0.055), hole},
			{disc(0.32, 0.40, 0.09), white},
			{both(disc(0.32, 0.70, 0.165), box(0, 0, 1, 0.68, 0)), white},
			{box(0.58, 0.37, 0.82, 0.435, 0.03), white},
			{box(0.58, 0.53, 0.82, 0.595, 0.03), white},
		},
	},
	Image: {
		color: []layer{
			{everything, teal},
			{polygon(0, 1, 1, 0, 1, 1), darkTeal},
			{box(0.16, 0.2, 0.74, 0.7, 0.05), white},
			{box(0.205, 0.245, 0.695, 0.655, 0.02), paleTeal},
			{disc(0.33, 0.36, 0.055), sun},
			{both(polygon(0.2, 0.66, 0.345, 0.47, 0.49, 0.66), box(0.205, 0.245, 0.695, 0.655, 0.02)), darkTeal},
			{both(polygon(0.33, 0.66, 0.53, 0.38, 0.73, 0.66), box(0.205, 0.245, 0.695, 0.655, 0.02)), teal},
			{box(0.795, 0.42, 0.845, 0.8, 0.025), white},
			{box(0.45, 0.75, 0.845, 0.8, 0.025), white},
		},
		outline: []layer{
			{box(0.03, 0.06, 0.8, 0.74, 0.1), white},
			{box(0.095, 0.125, 0.735, 0.675, 0.045), hole},
			{disc(0.26, 0.29, 0.08), white},
			{both(polygon(0.16, 0.7, 0.47, 0.3, 0.78, 0.7), box(0.095, 0.125, 0.735, 0.675, 0.045)), white},
			{box(0.905, 0.31, 0.97, 0.94, 0.03), white},
			{box(0.31, 0.875, 0.97, 0.94, 0.03), white},
		},
	},
}

func everything(_, _ float64) bool { return true }

func disc(cx, cy, r float64) shape {
	return func(x, y float64) bool { return math.Hypot(x-cx, y-cy) <= r }
}

// box is a rectangle with round corners of radius r.
func box(x0, y0, x1, y1, r float64) shape {
	return func(x, y float64) bool {
		dx := max(x0+r-x, x-(x1-r), 0)
		dy := max(y0+r-y, y-(y1-r), 0)
		return x >= x0 && x <= x1 && y >= y0 && y <= y1 && math.Hypot(dx, dy) <= max(r, 1e-9)
	}
}

// polygon is a convex one, its corners as x, y in turn.
func polygon(points ...float64) shape {
	return func(x, y float64) bool {
		left, right := false, false
		for i := 0; i < len(points); i += 2 {
			ax, ay := points[i], points[i+1]
			j := (i + 2) % len(points)
			side := (points[j]-ax)*(y-ay) - (points[j+1]-ay)*(x-ax)
			left, right = left || side > 0, right || side < 0
		}
		return !left || !right
	}
}

func both(a, b shape) shape {
	return func(x, y float64) bool { return a(x, y) && b(x, y) }
}

func paint(layers []layer, size int) []byte {
	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			img.SetNRGBA(x, y, mix(layers, x, y, size))
		}
	}
	var buf bytes.Buffer
	if err := png.Encode(&buf, img); err != nil {
		panic("manifest: " + err.Error()) // a buffer takes everything
	}
	return buf.Bytes()
}

// mix is the mean colour of a pixel. A pixel that is partly covered keeps its full colour and gets less opaque.
func mix(layers []layer, px, py, size int) color.NRGBA {
	var r, g, b, a int
	step := 1 / float64(size*samples)
	for i := range samples * samples {
		x := (float64(px*samples+i%samples) + 0.5) * step
		y := (float64(py*samples+i/samples) + 0.5) * step
		c := inkAt(layers, x, y)
		r, g, b, a = r+int(c.R)*int(c.A), g+int(c.G)*int(c.A), b+int(c.B)*int(c.A), a+int(c.A)
	}
	if a == 0 {
		return hole
	}
	return color.NRGBA{uint8(r / a), uint8(g / a), uint8(b / a), uint8(a / (samples * samples))}
}

func inkAt(layers []layer, x, y float64) color.NRGBA {
	for i := len(layers) - 1; i >= 0; i-- {
		if layers[i].shape(x, y) {
			return layers[i].ink
		}
	}
	return hole
}
