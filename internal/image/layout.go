package image

import (
	pixels "image"
	"math"
)

// Limits are what an operator allows a result to be. Their zero values are the defaults.
type Limits struct {
	Side   int // the longest side of a result, in pixels; 16,383, which every format can hold
	Pixels int // of a result, over all its frames; 50 million
}

// The defaults of Limits, and the longest side that WebP can hold.
const (
	DefaultSide   = 16_383
	DefaultPixels = 50_000_000
	webpSide      = 16_383
)

// Size is the size of a picture after a step. AtMost is set behind a step that only the pixels decide (trim).
type Size struct {
	W, H   int
	AtMost bool
}

// Layout is what a plan comes to on a picture of known size.
type Layout struct {
	Plan  Plan   // what to do: the plan asked for, with the steps made smaller that exceeded the limits
	Sizes []Size // after each step of Plan
	Notes []Note // what is done otherwise than asked
}

// After is the size of the result.
func (l Layout) After(before Facts) Size {
	if len(l.Sizes) == 0 {
		return Size{W: before.W, H: before.H}
	}
	return l.Sizes[len(l.Sizes)-1]
}

// Layout computes the sizes of a picture at each step of a valid plan, without its pixels. What would be larger than the
// limits is made as large as they allow, with a note. Its plan is the one to give to an engine; it may have more steps than Validate allows. The error is a
// fault of kind Invalid where a crop or a redaction misses the picture.
func (l Limits) Layout(p Plan, f Facts) (Layout, error) {
	s := &surveyor{side: or(l.Side, DefaultSide), area: float64(or(l.Pixels, DefaultPixels)) / float64(max(f.Frames, 1)), now: Size{W: f.W, H: f.H}}
	s.out.Plan.Output = p.Output
	for _, step := range p.Steps {
		if err := s.step(step); err != nil {
			return Layout{}, err
		}
	}
	if p.Output.Format == WebP || p.Output.Format == "" && f.Format == string(WebP) {
		s.side = min(s.side, webpSide)
	}
	if w, h := s.allowed(float64(s.now.W), float64(s.now.H)); w < s.now.W || h < s.now.H {
		s.clamped = true
		s.resize(Resize{Mode: Force, W: px(float64(w)), H: px(float64(h))})
	}
	if s.clamped {
		s.note(NoteClamped, "W", s.now.W, "H", s.now.H)
	}
	return s.out, nil
}

func or(v, usual int) int {
	if v <= 0 {
		return usual
	}
	return v
}

// surveyor walks through a plan and keeps the size of the picture.
type surveyor struct {
	side    int
	area    float64 // most pixels of a frame
	now     Size
	out     Layout
	clamped bool
}

func (s *surveyor) note(key string, args ...any) {
	s.out.Notes = append(s.out.Notes, Note{Key: key, Args: args})
}

// did takes a step into the layout, with the size it leads to.
func (s *surveyor) did(step Step, w, h int) {
	s.now.W, s.now.H = max(w, 1), max(h, 1)
	s.out.Plan.Steps = append(s.out.Plan.Steps, step)
	s.out.Sizes = append(s.out.Sizes, s.now)
}

func (s *surveyor) step(step Step) error {
	w, h := s.now.W, s.now.H
	switch t := step.(type) {
	case Resize:
		s.resize(t)
	case Crop:
		kept := t.Box.In(w, h)
		if kept.Empty() {
			return s.outside(step)
		}
		s.did(t, kept.Dx(), kept.Dy())
	case CropRatio:
		w, h = largest(float64(w), float64(h), float64(t.W), float64(t.H))
		s.did(t, w, h)
	case CropSize:
		s.did(t, min(round(t.W.Of(w)), w), min(round(t.H.Of(h)), h))
	case Rotate:
		if t.Degrees != 180 {
			w, h = h, w
		}
		s.did(t, w, h)
	case Trim:
		s.now.AtMost = true
		s.did(t, w, h)
	case Pad:
		s.pad(t)
	case PadRatio:
		s.padRatio(t)
	case Redact:
		for _, b := range t.Boxes {
			if b.In(w, h).Empty() {
				return s.outside(step)
			}
		}
		s.did(t, w, h)
	default:
		s.did(step, w, h)
	}
	return nil
}

func (s *surveyor) outside(step Step) error {
	return bad("image.bad.outside", "Step", clip(stepText(step)), "W", s.now.W, "H", s.now.H)
}

// In gives the pixels that a box touches in a picture, those it touches in part among them; empty when it lies outside.
func (b Box) In(w, h int) pixels.Rectangle {
	x, y := b.X.Of(w), b.Y.Of(h)
	touched := pixels.Rect(down(x), down(y), up(x+b.W.Of(w)), up(y+b.H.Of(h)))
	return touched.Intersect(pixels.Rect(0, 0, w, h))
}

// down and up round to the next pixel, but for the noise of a computation.
func down(v float64) int { return int(math.Floor(v + 1e-6)) }
func up(v float64) int   { return int(math.Ceil(v - 1e-6)) }

func round(v float64) int { return max(1, int(math.Round(v))) }

// largest is the largest part of a picture that has a ratio.
func largest(w, h, rw, rh float64) (int, int) {
	if w*rh > h*rw {
		return round(h * rw / rh), int(h)
	}
	return int(w), round(w * rh / rw)
}

// allowed makes a size as large as it may be, in its own proportions.
func (s *surveyor) allowed(w, h float64) (int, int) {
	k := min(1, float64(s.side)/w, float64(s.side)/h, math.Sqrt(s.area/(w*h)))
	if k == 1 {
		return round(w), round(h)
	}
	return max(1, down(w*k)), max(1, down(h*k))
}

func (s *surveyor) resize(r Resize) {
	w, h, smaller := r.target(float64(s.now.W), float64(s.now.H))
	if smaller && (r.Mode != Fit || r.W != r.H) { // a square is what a picture must not exceed, and it does not
		s.note(NoteNotEnlarged)
	}
	w, h = float64(round(w)), float64(round(h))
	if aw, ah := s.allowed(w, h); float64(aw) < w || float64(ah) < h {
		s.clamped = true
		r.W, r.H = px(float64(aw)), px(float64(ah))
		w, h = float64(aw), float64(ah)
		if r.Mode == Fit {
			r.Mode = Force // to the pixel: its proportions are already kept
		}
	}
	s.did(r, int(w), int(h))
}

// target computes the size a Resize leads to, and whether it is smaller than asked because nothing is enlarged.
func (r Resize) target(w, h float64) (tw, th float64, smaller bool) {
	none := Length{}
	tw, th = r.W.Of(int(w)), r.H.Of(int(h))
	k := min(tw/w, th/h)
	switch {
	case r.Mode == Force && !r.Enlarge:
		return min(tw, w), min(th, h), tw > w || th > h
	case r.Mode == Fill && !r.Enlarge && (tw > w || th > h):
		k = min(w/tw, h/th) // the box is made smaller, in its own proportions
		return tw * k, th * k, true
	case r.Mode != Fit:
		return tw, th, false
	case r.W == none:
		k = th / h
	case r.H == none:
		k = tw / w
	}
	if k > 1 && !r.Enlarge {
		return w, h, true
	}
	return w * k, h * k, false
}

// pad makes a border narrower where the picture would grow too large.
func (s *surveyor) pad(p Pad) {
	top, right := p.Top.Of(s.now.H), p.Right.Of(s.now.W)
	bottom, left := p.Bottom.Of(s.now.H), p.Left.Of(s.now.W)
	k := s.share(left+right, top+bottom)
	if k < 1 {
		s.clamped = true
		top, right, bottom, left = top*k, right*k, bottom*k, left*k
		p = Pad{px(math.Floor(top)), px(math.Floor(right)), px(math.Floor(bottom)), px(math.Floor(left)), p.Color}
		top, right, bottom, left = p.Top.Value, p.Right.Value, p.Bottom.Value, p.Left.Value
	}
	s.did(p, s.now.W+nearest0(left)+nearest0(right), s.now.H+nearest0(top)+nearest0(bottom))
}

func nearest0(v float64) int { return int(math.Round(v)) }

// share finds the largest part of a border that the limits leave room for.
func (s *surveyor) share(dw, dh float64) float64 {
	w, h := float64(s.now.W), float64(s.now.H)
	fits := func(k float64) bool {
		w, h := w+k*dw, h+k*dh
		return w <= float64(s.side) && h <= float64(s.side) && w*h <= s.area
	}
	if fits(1) {
		return 1
	}
	low, high := 0.0, 1.0
	for range 40 {
		if middle := (low + high) / 2; fits(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

// padRatio makes the picture smaller first where its border would make it too large.
func (s *surveyor) padRatio(p PadRatio) {
	w, h := around(s.now.W, s.now.H, p.W, p.H)
	if aw, ah := s.allowed(float64(w), float64(h)); aw < w || ah < h {
		s.clamped = true
		k := min(float64(aw)/float64(w), float64(ah)/float64(h))
		s.resize(Resize{Mode: Force, W: px(max(1, math.Floor(float64(s.now.W)*k))), H: px(max(1, math.Floor(float64(s.now.H)*k)))})
		w, h = around(s.now.W, s.now.H, p.W, p.H)
	}
	s.did(p, w, h)
}

// around is the smallest size of a ratio that holds a picture.
func around(w, h, rw, rh int) (int, int) {
	if w*rh > h*rw {
		return w, max(h, round(float64(w)*float64(rh)/float64(rw)))
	}
	return max(w, round(float64(h)*float64(rw)/float64(rh))), h
}
