package imaging

import "math"

// Shapes are drawn as masks: a byte a pixel, 255 inside, with soft edges. A shape is the signed distance of a place
// from its edge, negative inside.

// shape is a distance function over pixels.
type shape func(x, y float64) float64

// mask computes a shape over a rectangle of places.
func mask(r rect, s shape) []byte {
	b := make([]byte, r.w*r.h)
	for y := range r.h {
		row := b[y*r.w : (y+1)*r.w]
		for x := range row {
			row[x] = soft(s(float64(r.x+x)+0.5, float64(r.y+y)+0.5))
		}
	}
	return b
}

// soft is how much of a pixel a shape covers whose edge is at a distance.
func soft(distance float64) byte { return byte(255 * between(0.5-distance, 0, 1)) }

func disc(cx, cy, radius float64) shape {
	return func(x, y float64) float64 { return math.Hypot(x-cx, y-cy) - radius }
}

// roundedBox is a box of w × h at the origin whose corners have a radius.
func roundedBox(w, h, radius float64) shape {
	return func(x, y float64) float64 {
		dx, dy := math.Abs(x-w/2)-w/2+radius, math.Abs(y-h/2)-h/2+radius
		return math.Hypot(math.Max(dx, 0), math.Max(dy, 0)) + math.Min(math.Max(dx, dy), 0) - radius
	}
}

// roundedMask is a rounded box over a whole picture: only its corners are computed.
func roundedMask(w, h int, radius float64) []byte {
	s := roundedBox(float64(w), float64(h), radius)
	b := make([]byte, w*h)
	for i := range b {
		b[i] = 255
	}
	n := int(math.Ceil(radius))
	for y := range min(n, h) {
		for x := range min(n, w) {
			v := soft(s(float64(x)+0.5, float64(y)+0.5))
			for _, at := range [4]int{y*w + x, y*w + w - 1 - x, (h-1-y)*w + x, (h-1-y)*w + w - 1 - x} {
				b[at] = v
			}
		}
	}
	return b
}

// arrow is a line of a width that ends in a head at its second place.
func arrow(x1, y1, x2, y2, width float64) shape {
	l := math.Hypot(x2-x1, y2-y1)
	ux, uy := (x2-x1)/l, (y2-y1)/l
	head := math.Min(l, 4*width)
	bx, by := x2-ux*head, y2-uy*head // where the head begins
	line := capsule(x1, y1, bx+ux*width/2, by+uy*width/2, width/2)
	half := head * 0.55
	tip := triangle([3][2]float64{{x2, y2}, {bx - uy*half, by + ux*half}, {bx + uy*half, by - ux*half}})
	return func(x, y float64) float64 { return math.Min(line(x, y), tip(x, y)) }
}

func capsule(x1, y1, x2, y2, radius float64) shape {
	dx, dy := x2-x1, y2-y1
	d := dx*dx + dy*dy
	return func(x, y float64) float64 {
		t := 0.0
		if d > 0 {
			t = between(((x-x1)*dx+(y-y1)*dy)/d, 0, 1)
		}
		return math.Hypot(x-x1-t*dx, y-y1-t*dy) - radius
	}
}

// triangle is the inside of three corners, in either direction.
func triangle(c [3][2]float64) shape {
	turn := (c[1][0]-c[0][0])*(c[2][1]-c[0][1]) - (c[1][1]-c[0][1])*(c[2][0]-c[0][0])
	if turn < 0 {
		c[1], c[2] = c[2], c[1]
	}
	return func(x, y float64) float64 {
		d := math.Inf(-1)
		for i := range c {
			p, q := c[i], c[(i+1)%3]
			ex, ey := q[0]-p[0], q[1]-p[1]
			d = math.Max(d, ((x-p[0])*ey-(y-p[1])*ex)/math.Max(math.Hypot(ex, ey), 1e-9))
		}
		return d
	}
}
