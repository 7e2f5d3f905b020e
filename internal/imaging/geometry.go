package imaging

import (
	"math"

	"teamspro/internal/image"
)

// rect is a rectangle in whole pixels.
type rect struct{ x, y, w, h int }

// clip is the part of a rectangle that lies inside a picture; empty rectangles have a width or height of 0 or less.
func (r rect) clip(w, h int) rect {
	x, y := max(r.x, 0), max(r.y, 0)
	return rect{x, y, min(r.x+r.w, w) - x, min(r.y+r.h, h) - y}
}

func (r rect) empty() bool { return r.w <= 0 || r.h <= 0 }

// grow makes a rectangle larger by n pixels on each side, and its sides even.
func (r rect) grow(n int) rect {
	x, y := (r.x-n)&^1, (r.y-n)&^1
	return rect{x, y, (r.x+r.w+n+1)&^1 - x, (r.y+r.h+n+1)&^1 - y}
}

// mostPixels bounds every number that a plan holds: beyond the largest picture all are the same.
const mostPixels = 1e6

// length is a length along a side in pixels; what is no number is 0.
func length(l image.Length, side int) float64 {
	v := l.Of(side) // as layouts count, or sizes would differ by a pixel
	if math.IsNaN(v) {
		return 0
	}
	return math.Max(-mostPixels, math.Min(mostPixels, v))
}

// whole rounds to at least one pixel.
func whole(v float64) int { return max(1, int(math.Round(math.Min(v, mostPixels)))) }

// between is v inside limits, and low when it is no number.
func between(v, low, high float64) float64 {
	if !(v >= low) {
		return low
	}
	return math.Min(v, high)
}

// inside is a box in whole pixels: grown outwards to them, cut off at the edges. It may be empty.
func inside(b image.Box, w, h int) rect {
	x, y := length(b.X, w), length(b.Y, h)
	x2, y2 := x+length(b.W, w), y+length(b.H, h)
	const noise = 1e-6 // of the computation
	r := rect{x: int(math.Floor(x + noise)), y: int(math.Floor(y + noise))}
	r.w, r.h = int(math.Ceil(x2-noise))-r.x, int(math.Ceil(y2-noise))-r.y
	return r.clip(w, h)
}

// keep is where a part of a size lies by gravity.
func keep(g image.Gravity, w, h, pw, ph int) rect {
	x, y := (w-pw)/2, (h-ph)/2
	switch g {
	case image.Left, image.TopLeft, image.BottomLeft:
		x = 0
	case image.Right, image.TopRight, image.BottomRight:
		x = w - pw
	}
	switch g {
	case image.Top, image.TopLeft, image.TopRight:
		y = 0
	case image.Bottom, image.BottomLeft, image.BottomRight:
		y = h - ph
	}
	return rect{x, y, pw, ph}
}

// ratio is the largest size inside w × h with a ratio.
func ratio(rw, rh, w, h int) (int, int) {
	if rw <= 0 || rh <= 0 {
		return w, h
	}
	fw, fh, rx, ry := float64(w), float64(h), float64(rw), float64(rh)
	if fw*ry > fh*rx {
		return min(w, whole(fh*rx/ry)), h
	}
	return w, min(h, whole(fw*ry/rx))
}

// around is the smallest size around w × h with a ratio.
func around(rw, rh, w, h int) (int, int) {
	if rw <= 0 || rh <= 0 {
		return w, h
	}
	fw, fh, rx, ry := float64(w), float64(h), float64(rw), float64(rh)
	if fw*ry > fh*rx {
		return w, max(h, whole(fw*ry/rx))
	}
	return max(w, whole(fh*rx/ry)), h
}

// scaling is what a Resize comes to: the size to scale to, and the part of that to keep.
type scaling struct {
	w, h       int // scaled
	cutW, cutH int // kept
	refused    bool
}

// scaled computes a Resize of a picture of w × h.
func scaled(s image.Resize, w, h int) scaling {
	bw, bh := length(s.W, w), length(s.H, h)
	fw, fh := float64(w), float64(h)
	switch {
	case bw <= 0 && bh <= 0:
		return scaling{w: w, h: h, cutW: w, cutH: h}
	case bw <= 0 || bh <= 0 || s.Mode != image.Fill && s.Mode != image.Force:
		return fitted(s, w, h, bw, bh)
	}
	sc := scaling{}
	if s.Mode == image.Force {
		sc.refused = !s.Enlarge && (bw > fw || bh > fh)
		if sc.refused {
			bw, bh = math.Min(bw, fw), math.Min(bh, fh)
		}
		sc.w, sc.h = whole(bw), whole(bh)
		sc.cutW, sc.cutH = sc.w, sc.h
		return sc
	}
	if k := math.Min(fw/bw, fh/bh); k < 1 && !s.Enlarge { // the box is made smaller, its ratio kept
		bw, bh, sc.refused = bw*k, bh*k, true
	}
	k := math.Max(bw/fw, bh/fh)
	sc.cutW, sc.cutH = whole(bw), whole(bh)
	sc.w, sc.h = max(sc.cutW, whole(fw*k)), max(sc.cutH, whole(fh*k))
	return sc
}

// fitted scales the whole picture into a box of which one side may be open.
func fitted(s image.Resize, w, h int, bw, bh float64) scaling {
	k := math.Inf(1)
	if bw > 0 {
		k = bw / float64(w)
	}
	if bh > 0 {
		k = math.Min(k, bh/float64(h))
	}
	sc := scaling{}
	if k > 1 && !s.Enlarge {
		k, sc.refused = 1, s.W != s.H // a square is what a picture must not exceed, and it does not
	}
	sc.w, sc.h = whole(float64(w)*k), whole(float64(h)*k)
	sc.cutW, sc.cutH = sc.w, sc.h
	return sc
}

// shrinkTo makes a size small enough for the limits of a result, its proportions kept.
func shrinkTo(w, h, frames, side int, pixels int64) (int, int) {
	k := math.Min(1, math.Min(float64(side)/float64(w), float64(side)/float64(h)))
	k = math.Min(k, math.Sqrt(float64(pixels)/(float64(w)*float64(h)*float64(frames))))
	if k >= 1 {
		return w, h
	}
	w, h = max(1, int(float64(w)*k)), max(1, int(float64(h)*k))
	return w, h
}

// affine maps a place in the picture as it is at some step to the place in the source: x' = a·x + b·y + c and
// y' = d·x + e·y + f.
type affine struct{ a, b, c, d, e, f float64 }

var identity = affine{a: 1, e: 1}

// after is the map of a picture that was made of this one by a step: back maps places in the new to the old.
func (m affine) after(back affine) affine {
	return affine{
		m.a*back.a + m.b*back.d, m.a*back.b + m.b*back.e, m.a*back.c + m.b*back.f + m.c,
		m.d*back.a + m.e*back.d, m.d*back.b + m.e*back.e, m.d*back.c + m.e*back.f + m.f,
	}
}

// rect is a rectangle in the source, grown outwards to whole pixels.
func (m affine) rect(r rect) rect {
	x1, y1 := m.at(float64(r.x), float64(r.y))
	x2, y2 := m.at(float64(r.x+r.w), float64(r.y+r.h))
	left, top := int(math.Floor(math.Min(x1, x2)+1e-6)), int(math.Floor(math.Min(y1, y2)+1e-6))
	return rect{left, top, int(math.Ceil(math.Max(x1, x2)-1e-6)) - left, int(math.Ceil(math.Max(y1, y2)-1e-6)) - top}
}

func (m affine) at(x, y float64) (float64, float64) {
	return m.a*x + m.b*y + m.c, m.d*x + m.e*y + m.f
}
