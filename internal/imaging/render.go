package imaging

import (
	"errors"
	"fmt"
	"time"

	"teamspro/internal/image"
)

// render runs one plan on one picture, in a worker. It has one pipeline: one decode, the steps, one result. Steps add
// to the pipeline of libvips, which computes rows when they are asked for; what needs pixels in another order settles
// the pipeline into memory first.
//
// A plan with a solid redaction is walked twice. The first walk (survey) computes only where everything lies, and finds
// which part of the source each covered box comes from; the second covers those parts before anything is scaled, turned
// or blurred, and covers the box again where it stands. So no covered pixel ever reaches a filter that could carry its
// colour beyond the box.
type render struct {
	job   *job
	data  []byte
	marks map[string][]byte // by name

	frames []*pic
	timing *pic // the animation as it was loaded
	shrunk float64
	w, h   int // as plans count: of the full picture at this step
	home   affine
	survey bool
	covers []cover      // of the source, found by the survey
	found  map[int]rect // what trim and smart cropping chose, by step
	greys  bool         // nothing but greys is left
	opaque bool         // a background was chosen
	notes  []image.Note
}

func (r *render) close() {
	for _, p := range r.frames {
		p.close()
	}
	r.timing.close()
	r.frames, r.timing = nil, nil
}

func (r *render) note(key string, args ...any) {
	if !r.survey {
		r.notes = append(r.notes, image.Note{Key: key, Args: args})
	}
}

// run walks the plan and leaves the result in frames.
func (r *render) run() error {
	r.found = map[int]rect{}
	if hides(r.job.steps) {
		r.survey = true
		if err := r.walk(); err != nil {
			return err
		}
		r.survey = false
		r.close()
	}
	return r.walk()
}

func (r *render) walk() error {
	done, err := r.swift()
	if err == nil && done == 0 {
		done, err = r.open()
	}
	if err != nil {
		return err
	}
	for i, s := range r.job.steps {
		if i < done {
			continue
		}
		if time.Now().After(r.job.deadline) {
			return errSlow
		}
		if err := r.step(i, s); err != nil {
			return fmt.Errorf("%T: %w", s, err)
		}
	}
	return nil
}

// open decodes lazily, applies the orientation, brings colours to sRGB and covers what the survey found. It gives how many
// steps of the plan it has done with that.
func (r *render) open() (done int, err error) {
	h := r.job.Header
	r.begin(h)
	pages := 1
	if h.Decoded > 1 && animates(r.job.Format) {
		pages = -1
	} else if h.Frames > 1 {
		r.note("image.note.first_frame")
	}
	shrink := 1
	if h.Kind == kindJPEG && !hides(r.job.steps) {
		shrink = shrinkFor(r.job.steps, r.w, r.h)
	}
	r.shrunk, r.job.decoded = float64(shrink), h.Canvas/int64(shrink*shrink)
	p, err := decode(h.Kind, r.data, shrink, pages, r.survey)
	if err != nil {
		return 0, err
	}
	r.frames = []*pic{p}
	if err := r.prepare(p, h); err != nil {
		return 0, err
	}
	if pages == -1 {
		return r.openFilm(p)
	}
	return 0, r.coverFound()
}

// begin knows of the picture what its header tells.
func (r *render) begin(h header) {
	r.w, r.h = h.upright()
	r.home, r.shrunk = identity, 1
	r.greys = h.Mono
}

// prepare makes a decoded picture upright and of the bands that steps expect.
func (r *render) prepare(p *pic, h header) error {
	if h.Orientation > 1 && h.Kind != kindHEIC && h.Kind != kindAVIF { // those were turned by their decoder
		if err := p.settle(); err != nil {
			return err
		}
		if err := p.upright(); err != nil {
			return err
		}
	}
	if err := p.srgb(h.Foreign); err != nil {
		return err
	}
	if p.bands() < 3 {
		return fmt.Errorf("%d bands in sRGB", p.bands())
	}
	return nil
}

// openFilm opens an animation. When the plan begins by making it smaller that is done while it is decoded, and the whole of it
// is never held.
func (r *render) openFilm(p *pic) (done int, err error) {
	height, n := p.pages()
	if n > r.job.Limits.MaxFrames {
		return 0, errSick
	}
	sc, ok := r.shortens(p.w(), height, n)
	if ok {
		if err := p.reducePages(sc.w, sc.h, n); err != nil {
			return 0, err
		}
		p.paged(sc.h)
		r.home = r.home.after(affine{a: float64(r.w) / float64(sc.w), e: float64(r.h) / float64(sc.h)})
		r.w, r.h = sc.w, sc.h
	}
	if err := r.unstack(p); err != nil || !ok {
		return 0, errors.Join(err, r.coverFound())
	}
	if sc.refused {
		r.note(image.NoteNotEnlarged)
	}
	return 1, r.cutTo(0, r.job.steps[0].(image.Resize).Gravity, sc.cutW, sc.cutH)
}

// shortens tells whether a plan begins by making n frames of w × h smaller, and covers nothing.
func (r *render) shortens(w, h, n int) (sc scaling, ok bool) {
	if len(r.job.steps) == 0 || hides(r.job.steps) || w != r.w || h != r.h {
		return sc, false
	}
	s, ok := r.job.steps[0].(image.Resize)
	if !ok {
		return sc, false
	}
	sc = scaled(s, w, h)
	lw, lh := shrinkTo(sc.w, sc.h, n, r.job.Limits.MaxSide, r.job.Limits.MaxOutput)
	return sc, lw == sc.w && lh == sc.h && sc.w <= w && sc.h <= h && (sc.w < w || sc.h < h)
}

// coverFound covers the parts of the source that the survey found.
func (r *render) coverFound() error {
	if r.survey || len(r.covers) == 0 {
		return nil
	}
	return r.draw(r.coverSource)
}

// unstack makes frames of an animation, which loaders give as one tall picture.
func (r *render) unstack(p *pic) error {
	if err := p.settle(); err != nil {
		return err
	}
	height, n := p.pages()
	r.timing, r.frames = p, nil
	for i := range n {
		f, err := p.part(rect{0, i * height, p.w(), height})
		if err != nil {
			return err
		}
		r.frames = append(r.frames, f)
	}
	return nil
}

// cover is a part of the source that must not be seen, and what is put there.
type cover struct {
	rect
	color image.Color
}

func (r *render) coverSource(p *pic) error {
	for _, c := range r.covers {
		if err := p.drawRect(ink(c.color, p.bands()), c.rect); err != nil {
			return err
		}
	}
	return nil
}

// each does the same to every frame.
func (r *render) each(f func(*pic) error) error {
	for _, p := range r.frames {
		if err := f(p); err != nil {
			return err
		}
	}
	return nil
}

// draw does the same to every frame's pixels. The survey draws nothing.
func (r *render) draw(f func(*pic) error) error {
	if r.survey {
		return nil
	}
	return r.each(func(p *pic) error {
		if err := p.drawable(); err != nil {
			return err
		}
		return f(p)
	})
}

// settle makes pixels readable in any order.
func (r *render) settle() error { return r.each((*pic).settle) }

// ink is a colour for a picture of a number of bands.
func ink(c image.Color, bands int) []float64 {
	return []float64{float64(c.R), float64(c.G), float64(c.B), float64(c.A)}[:bands]
}

// opaqueOr is a colour made solid; the zero colour, which is none, is another.
func opaqueOr(c, otherwise image.Color) image.Color {
	if c == (image.Color{}) {
		c = otherwise
	}
	c.A = 255
	return c
}

var (
	black = image.Color{A: 255}
	white = image.Color{R: 255, G: 255, B: 255, A: 255}
	red   = image.Color{R: 0xd1, G: 0x34, B: 0x38, A: 255}
)

// hides tells whether a plan has a redaction that must leave nothing.
func hides(steps []image.Step) bool {
	for _, s := range steps {
		if x, ok := s.(image.Redact); ok && !weak(x.How) {
			return true
		}
	}
	return false
}

func weak(c image.Cover) bool { return c == image.Pixelate || c == image.Obscure }

func animates(f image.Format) bool { return f == image.GIF || f == image.WebP }

// shrinkFor is how much smaller than w × h a JPEG may be decoded: by 2, 4 or 8, when the first resizing makes it at
// least so much smaller and nothing before that looks at single pixels. libjpeg then computes only a part of each block.
func shrinkFor(steps []image.Step, w, h int) int {
	for _, s := range steps {
		switch s := s.(type) {
		case image.Crop:
			b := inside(s.Box, w, h)
			w, h = max(b.w, 1), max(b.h, 1)
		case image.CropRatio:
			w, h = ratio(s.W, s.H, w, h)
		case image.CropSize:
			w, h = cropSize(s, w, h)
		case image.Rotate:
			if quarters(s.Degrees)%2 == 1 {
				w, h = h, w
			}
		case image.Flip, image.Grey, image.Brightness, image.Contrast, image.Saturation, image.Gamma, image.Background:
		case image.Resize:
			sc := scaled(s, w, h)
			return shrinkBy(w, h, sc.w, sc.h)
		default:
			return 1
		}
	}
	return 1
}

func quarters(degrees int) int { return ((degrees/90)%4 + 4) % 4 }

func cropSize(s image.CropSize, w, h int) (int, int) {
	cw, ch := w, h
	if v := length(s.W, w); v > 0 {
		cw = min(w, whole(v))
	}
	if v := length(s.H, h); v > 0 {
		ch = min(h, whole(v))
	}
	return cw, ch
}
