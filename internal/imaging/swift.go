package imaging

import (
	"math"

	"teamspro/internal/image"
)

// swift does the beginning of a plan, up to and with its first resizing, while a JPEG is decoded: what is asked for most
// often, and nothing of the size of the picture is held for it. It gives how many steps that were; 0 when the plan begins
// otherwise, and then nothing was done.
func (r *render) swift() (done int, err error) {
	h := r.job.Header
	if h.Kind != kindJPEG || h.Unusual || hides(r.job.steps) || !r.strips() {
		return 0, nil
	}
	w, ht := h.upright()
	part := rect{0, 0, w, ht}
	for i, s := range r.job.steps {
		if z, ok := s.(image.Resize); ok {
			return r.swiftly(i, z, part)
		}
		cut, ok := croppedTo(s, part.w, part.h)
		if !ok || h.Orientation > 1 {
			return 0, nil
		}
		part = rect{part.x + cut.x, part.y + cut.y, cut.w, cut.h}
	}
	return 0, nil
}

// croppedTo is what a step keeps of w × h, if that can be said without looking at pixels.
func croppedTo(s image.Step, w, h int) (rect, bool) {
	switch s := s.(type) {
	case image.Crop:
		b := inside(s.Box, w, h)
		return b, !b.empty()
	case image.CropRatio:
		cw, ch := ratio(s.W, s.H, w, h)
		return keep(s.Gravity, w, h, cw, ch), s.Gravity != image.Smart
	case image.CropSize:
		cw, ch := cropSize(s, w, h)
		return keep(s.Gravity, w, h, cw, ch), s.Gravity != image.Smart
	}
	return rect{}, false
}

// swiftly decodes a part of the upright picture and does a resizing, which is step i, if that makes it smaller.
func (r *render) swiftly(i int, s image.Resize, part rect) (done int, err error) {
	h := r.job.Header
	sc := scaled(s, part.w, part.h)
	if sc.w > part.w || sc.h > part.h || sc.w == part.w && sc.h == part.h {
		return 0, nil
	}
	if w, ht := shrinkTo(sc.w, sc.h, 1, r.job.Limits.MaxSide, r.job.Limits.MaxOutput); w != sc.w || ht != sc.h {
		return 0, nil
	}
	r.begin(h)
	r.w, r.h = sc.w, sc.h
	r.home = r.home.after(affine{a: 1, c: float64(part.x), e: 1, f: float64(part.y)}).
		after(affine{a: float64(part.w) / float64(sc.w), e: float64(part.h) / float64(sc.h)})
	if sc.refused {
		r.note("image.note.not_enlarged")
	}
	w, ht := sc.w, sc.h
	if h.Orientation >= 5 {
		w, ht, part.w, part.h = ht, w, part.h, part.w
	}
	shrink := shrinkBy(part.w, part.h, w, ht)
	p, err := decodeSmall(r.data, shrink, smaller(part, h.W, h.H, shrink), h.Foreign, w, ht)
	if err != nil {
		return 0, err
	}
	r.frames = []*pic{p}
	if h.Orientation > 1 || h.Foreign {
		p.orient(h.Orientation)
		if err := r.prepare(p, h); err != nil {
			return 0, err
		}
	}
	return i + 1, r.cutTo(i, s.Gravity, sc.cutW, sc.cutH)
}

// smaller is a part of w × h in the picture as libjpeg decodes it that many times smaller.
func smaller(part rect, w, h, shrink int) rect {
	dw, dh := (w+shrink-1)/shrink, (h+shrink-1)/shrink
	fx, fy := float64(dw)/float64(w), float64(dh)/float64(h)
	x, y := min(int(math.Round(float64(part.x)*fx)), dw-1), min(int(math.Round(float64(part.y)*fy)), dh-1)
	return rect{x, y, min(whole(float64(part.w)*fx), dw-x), min(whole(float64(part.h)*fy), dh-y)}
}

// shrinkBy is how many times smaller a JPEG may be decoded that becomes w2 × h2.
func shrinkBy(w, h, w2, h2 int) int {
	k := min(float64(w)/float64(w2), float64(h)/float64(h2))
	for _, n := range []int{8, 4, 2} {
		if k >= float64(n) {
			return n
		}
	}
	return 1
}
