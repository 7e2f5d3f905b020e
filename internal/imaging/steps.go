package imaging

import (
	"fmt"
	"math"

	"teamspro/internal/image"
)

// step runs one step of the plan.
func (r *render) step(i int, s image.Step) error {
	switch s := s.(type) {
	case image.Resize:
		return r.resize(i, s)
	case image.Crop:
		if b := inside(s.Box, r.w, r.h); !b.empty() {
			return r.cut(b)
		}
		return nil // a box beside the picture keeps nothing: it is left out
	case image.CropRatio:
		w, h := ratio(s.W, s.H, r.w, r.h)
		return r.cutTo(i, s.Gravity, w, h)
	case image.CropSize:
		w, h := cropSize(s, r.w, r.h)
		return r.cutTo(i, s.Gravity, w, h)
	case image.Rotate:
		return r.rotate(quarters(s.Degrees))
	case image.Flip:
		return r.flip(s.Vertical)
	case image.Trim:
		return r.trim(i, s)
	case image.Pad:
		top, right := pixels(s.Top, r.h), pixels(s.Right, r.w)
		bottom, left := pixels(s.Bottom, r.h), pixels(s.Left, r.w)
		return r.pad(left, top, r.w+left+right, r.h+top+bottom, s.Color)
	case image.PadRatio:
		w, h := around(s.W, s.H, r.w, r.h)
		return r.pad((w-r.w)/2, (h-r.h)/2, w, h, s.Color)
	case image.Redact:
		return r.redact(s)
	case image.Text, image.Arrow, image.Frame, image.Marker, image.Watermark:
		return r.annotate(s)
	}
	return r.filter(s)
}

// filter runs a step that changes pixels where they are.
func (r *render) filter(s image.Step) error {
	switch s := s.(type) {
	case image.Background:
		r.opaque = true
		return r.each(func(p *pic) error { return p.flatten(ink(opaqueOr(s.Color, white), 3)) })
	case image.Round:
		return r.round(s)
	case image.Blur:
		return r.blur(s.Sigma)
	case image.Sharpen:
		if !(s.Sigma > 0) {
			return nil
		}
		return r.each(func(p *pic) error { return p.sharpen(between(s.Sigma, 0.1, 10)) })
	case image.Grey:
		r.greys = true
		return r.each((*pic).grey)
	case image.Brightness:
		return r.table(brightness(s.Percent))
	case image.Contrast:
		return r.table(contrast(s.Percent))
	case image.Gamma:
		return r.table(gamma(s.Value))
	case image.Saturation:
		return r.each(func(p *pic) error { return p.recomb(saturation(s.Percent)) })
	}
	return fmt.Errorf("no such step")
}

func pixels(l image.Length, side int) int { return int(math.Round(math.Max(0, length(l, side)))) }

// resize scales. It is where a picture that was decoded smaller gets its true size.
func (r *render) resize(i int, s image.Resize) error {
	sc := scaled(s, r.w, r.h)
	if sc.refused {
		r.note("image.note.not_enlarged")
	}
	if w, h := shrinkTo(sc.w, sc.h, len(r.frames), r.job.Limits.MaxSide, r.job.Limits.MaxOutput); w != sc.w || h != sc.h {
		return r.cutAndScale(i, s.Gravity, sc)
	}
	if err := r.scale(sc.w, sc.h); err != nil {
		return err
	}
	return r.cutTo(i, s.Gravity, sc.cutW, sc.cutH)
}

// cutAndScale resizes where the whole picture would become too large: only what is kept is scaled.
func (r *render) cutAndScale(i int, g image.Gravity, sc scaling) error {
	w, h := shrinkTo(sc.cutW, sc.cutH, len(r.frames), r.job.Limits.MaxSide, r.job.Limits.MaxOutput)
	if w != sc.cutW || h != sc.cutH {
		r.note("image.note.clamped", "W", w, "H", h)
	}
	kx, ky := float64(r.w)/float64(sc.w), float64(r.h)/float64(sc.h)
	if err := r.cutTo(i, g, min(r.w, whole(float64(sc.cutW)*kx)), min(r.h, whole(float64(sc.cutH)*ky))); err != nil {
		return err
	}
	return r.scale(w, h)
}

// scale resizes to w × h.
func (r *render) scale(w, h int) error {
	r.home = r.home.after(affine{a: float64(r.w) / float64(w), e: float64(r.h) / float64(h)})
	r.w, r.h, r.shrunk = w, h, 1
	return r.each(func(p *pic) error {
		if p.w() == w && p.h() == h {
			return nil
		}
		if r.survey { // which evaluates nothing
			return p.resize(w, h, lanczos)
		}
		return p.reduce(w, h)
	})
}

// cut keeps a part. The part is counted in the full picture and found in the one that may have been decoded smaller.
func (r *render) cut(c rect) error {
	if c == (rect{0, 0, r.w, r.h}) {
		return nil
	}
	w, h := r.w, r.h
	r.home = r.home.after(affine{a: 1, c: float64(c.x), e: 1, f: float64(c.y)})
	r.w, r.h = c.w, c.h
	return r.each(func(p *pic) error {
		if r.shrunk == 1 {
			return p.extract(c)
		}
		fx, fy := float64(p.w())/float64(w), float64(p.h())/float64(h)
		x, y := min(int(math.Round(float64(c.x)*fx)), p.w()-1), min(int(math.Round(float64(c.y)*fy)), p.h()-1)
		return p.extract(rect{x, y, min(whole(float64(c.w)*fx), p.w()-x), min(whole(float64(c.h)*fy), p.h()-y)})
	})
}

// cutTo keeps a part of a size, placed by gravity or by what the picture shows.
func (r *render) cutTo(i int, g image.Gravity, w, h int) error {
	if g != image.Smart || w == r.w && h == r.h {
		return r.cut(keep(g, r.w, r.h, w, h))
	}
	if _, ok := r.found[i]; !ok {
		if err := r.settle(); err != nil {
			return err
		}
		p := r.frames[0]
		fx, fy := float64(p.w())/float64(r.w), float64(p.h())/float64(r.h)
		x, y, err := p.findSmart(min(p.w(), whole(float64(w)*fx)), min(p.h(), whole(float64(h)*fy)))
		if err != nil {
			return err
		}
		x, y = int(float64(x)/fx), int(float64(y)/fy)
		r.found[i] = rect{max(0, min(x, r.w-w)), max(0, min(y, r.h-h)), w, h}
	}
	return r.cut(r.found[i])
}

func (r *render) rotate(n int) error {
	if n == 0 {
		return nil
	}
	if err := r.settle(); err != nil {
		return err
	}
	w, h := float64(r.w), float64(r.h)
	back := [...]affine{
		1: {b: 1, d: -1, f: h},
		2: {a: -1, c: w, e: -1, f: h},
		3: {b: -1, c: w, d: 1},
	}[n]
	r.home = r.home.after(back)
	if n != 2 {
		r.w, r.h = r.h, r.w
	}
	return r.each(func(p *pic) error { return p.rotate(n) })
}

func (r *render) flip(vertical bool) error {
	if vertical {
		if err := r.settle(); err != nil {
			return err
		}
		r.home = r.home.after(affine{a: 1, e: -1, f: float64(r.h)})
	} else {
		r.home = r.home.after(affine{a: -1, c: float64(r.w), e: 1})
	}
	return r.each(func(p *pic) error { return p.flip(vertical) })
}

// trim cuts off a border that the first frame shows.
func (r *render) trim(i int, s image.Trim) error {
	c, ok := r.found[i]
	if !ok {
		if err := r.settle(); err != nil {
			return err
		}
		var err error
		if c, err = r.frames[0].findTrim(between(s.Threshold, 0, 255)); err != nil {
			return err
		}
		r.found[i] = c
	}
	if c.empty() { // one colour all over: there is nothing to keep, so nothing is cut
		return nil
	}
	return r.cut(c)
}

// pad puts the picture on a larger one.
func (r *render) pad(x, y, w, h int, c image.Color) error {
	if w == r.w && h == r.h {
		return nil
	}
	if cw, ch := shrinkTo(w, h, len(r.frames), r.job.Limits.MaxSide, r.job.Limits.MaxOutput); cw != w || ch != h {
		w, h = max(cw, r.w), max(ch, r.h)
		x, y = min(x, w-r.w), min(y, h-r.h)
		r.note("image.note.clamped", "W", w, "H", h)
	}
	r.home = r.home.after(affine{a: 1, c: float64(-x), e: 1, f: float64(-y)})
	r.w, r.h = w, h
	r.greys = r.greys && c.R == c.G && c.G == c.B
	return r.each(func(p *pic) error {
		if c.A < 255 {
			if err := p.withAlpha(); err != nil {
				return err
			}
		}
		return p.embed(x, y, w, h, ink(c, p.bands()))
	})
}

// largeBlur is the deviation from which softening works on a smaller copy: a mask that wide costs seconds and shows
// nothing more.
const largeBlur = 12

// blur softens.
func (r *render) blur(sigma float64) error {
	if !(sigma > 0) {
		return nil
	}
	sigma = between(sigma, 0.2, 1000)
	w, h := r.w, r.h
	if sigma <= largeBlur {
		return r.each(func(p *pic) error { return p.blur(sigma) })
	}
	k := largeBlur / 2 / sigma
	sw, sh := whole(float64(w)*k), whole(float64(h)*k)
	return r.each(func(p *pic) error {
		if err := p.resize(sw, sh, linear); err != nil {
			return err
		}
		if err := p.blur(largeBlur / 2); err != nil {
			return err
		}
		if err := p.settle(); err != nil {
			return err
		}
		return p.resize(w, h, lanczos)
	})
}

// table replaces values by those of a table.
func (r *render) table(t [256]byte) error {
	return r.each(func(p *pic) error { return p.table(t) })
}

// tabled makes a table of a function of 0 to 1.
func tabled(f func(v float64) float64) (t [256]byte) {
	for i := range t {
		t[i] = byte(math.Round(255 * between(f(float64(i)/255), 0, 1)))
	}
	return t
}

func brightness(percent float64) [256]byte {
	d := between(percent, -100, 100) / 100
	if math.IsNaN(percent) {
		d = 0
	}
	return tabled(func(v float64) float64 { return v + d })
}

// contrast spreads tones around the middle: by nothing at -100, by ten at 100.
func contrast(percent float64) [256]byte {
	k := between(percent, -100, 100)/100 + 1
	switch {
	case math.IsNaN(percent):
		k = 1
	case k > 1:
		k = 1 / (1 - 0.9*(k-1))
	}
	return tabled(func(v float64) float64 { return 0.5 + (v-0.5)*k })
}

func gamma(value float64) [256]byte {
	if !(value > 0) {
		value = 1
	}
	value = between(value, 0.05, 20)
	return tabled(func(v float64) float64 { return math.Pow(v, 1/value) })
}

func faded(opacity float64) [256]byte {
	opacity = between(opacity, 0, 1)
	return tabled(func(v float64) float64 { return v * opacity })
}

// saturation moves colours away from their grey, or towards it (weights of Rec. 709).
func saturation(percent float64) [9]float64 {
	k := 1 + between(percent, -100, 100)/100
	if math.IsNaN(percent) {
		k = 1
	}
	const wr, wg, wb = 0.2126, 0.7152, 0.0722
	return [9]float64{
		wr + k*(1-wr), wg * (1 - k), wb * (1 - k),
		wr * (1 - k), wg + k*(1-wg), wb * (1 - k),
		wr * (1 - k), wg * (1 - k), wb + k*(1-wb),
	}
}

// round makes the corners transparent.
func (r *render) round(s image.Round) error {
	radius := math.Min(length(s.Radius, min(r.w, r.h)), float64(min(r.w, r.h))/2)
	if !(radius > 0) {
		return nil
	}
	mask, err := fromPixels(roundedMask(r.w, r.h, radius), r.w, r.h, 1)
	if err != nil {
		return err
	}
	defer mask.close()
	r.opaque = false
	return r.each(func(p *pic) error {
		if err := p.withAlpha(); err != nil {
			return err
		}
		return p.maskAlpha(mask)
	})
}

// reach is how far, in pixels, a lossy picture may carry a colour beside where it belongs: colours are stored at half
// the size and spread when they are read.
const reach = 2

// redact covers boxes. The survey remembers which parts of the source they are.
func (r *render) redact(s image.Redact) error {
	if weak(s.How) {
		r.note("image.note.weak_redaction")
	}
	for _, b := range s.Boxes {
		box := inside(b, r.w, r.h)
		if box.empty() {
			continue
		}
		if err := r.coverBox(s, box); err != nil {
			return err
		}
	}
	return nil
}

func (r *render) coverBox(s image.Redact, box rect) error {
	if weak(s.How) {
		return r.draw(func(p *pic) error { return obscure(p, box, s.How == image.Pixelate) })
	}
	c := opaqueOr(s.Color, black)
	if r.survey {
		part := r.home.rect(box)
		if k := r.job.Header.Kind; k != kindPNG && k != kindGIF {
			part = part.grow(reach)
		}
		if part = part.clip(r.job.Header.upright()); !part.empty() {
			r.covers = append(r.covers, cover{part, c})
		}
		return nil
	}
	r.greys = r.greys && c.R == c.G && c.G == c.B
	return r.draw(func(p *pic) error { return p.drawRect(ink(c, p.bands()), box) })
}

// obscure replaces a box by a handful of averages: as blocks, or run into each other.
func obscure(p *pic, box rect, blocks bool) error {
	part, err := p.part(box)
	if err != nil {
		return err
	}
	defer part.close()
	if err := part.copy(); err != nil {
		return err
	}
	cell := max(12, min(box.w, box.h)/5)
	kernel := linear
	if blocks {
		kernel = nearest
	}
	if err := part.resize(max(1, box.w/cell), max(1, box.h/cell), linear); err != nil {
		return err
	}
	if err := part.copy(); err != nil {
		return err
	}
	if err := part.resize(box.w, box.h, kernel); err != nil {
		return err
	}
	return p.drawImage(part, box.x, box.y)
}
