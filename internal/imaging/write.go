package imaging

import (
	"errors"
	"math"

	"teamspro/internal/image"
)

// format is how one format is written.
type format struct {
	id      int
	quality int    // when none is asked for
	floor   int    // below which a smaller picture looks better than a coarser one
	needs   string // of libvips' operations
}

// formats are what can be written. The defaults look alike across formats.
var formats = map[image.Format]format{
	image.JPEG: {id: toJPEG, quality: 80, floor: 25, needs: "jpegsave_buffer"},
	image.PNG:  {id: toPNG, quality: 100, floor: 100, needs: "pngsave_buffer"},
	image.WebP: {id: toWebP, quality: 80, floor: 20, needs: "webpsave_buffer"},
	image.GIF:  {id: toGIF, quality: 100, floor: 100},
	image.AVIF: {id: toHEIF, quality: 55, floor: 20, needs: "heifsave_buffer"},
}

// errNoCodec is a format that this machine's libraries cannot read or write.
type errNoCodec struct{ format string }

func (e errNoCodec) Error() string { return "no codec for " + e.format }

// chooseFormat is what a result is written in: what was asked, else that of the source, else the nearest that has what the
// result needs.
func chooseFormat(p image.Plan, h header) image.Format {
	if p.Output.Format != "" {
		return p.Output.Format
	}
	switch h.Kind {
	case kindPNG, kindTIFF:
		return image.PNG
	case kindWebP:
		return image.WebP
	case kindGIF:
		return image.GIF
	case kindAVIF:
		return image.AVIF
	}
	if p.Clear(h.facts(0)) {
		return image.PNG
	}
	return image.JPEG
}

// write gives the result of the walk in its format, within its limit of bytes if that can be.
func (r *render) write() (*blob, error) {
	f := formats[r.job.Format]
	if r.job.Format == image.JPEG && r.frames[0].bands() == 4 {
		r.note("image.note.alpha_lost")
		if err := r.each(func(p *pic) error { return p.flatten(ink(white, 3)) }); err != nil {
			return nil, err
		}
	}
	out := r.job.Plan.Output
	if out.MaxBytes > 0 {
		if err := r.each((*pic).drawable); err != nil { // it will be encoded more than once
			return nil, err
		}
	}
	p, err := r.joined()
	if err != nil {
		return nil, err
	}
	defer p.close()
	e := encoding{format: f.id, quality: f.quality, effort: effort(f.id), strip: r.strips()}
	if out.Quality > 0 {
		e.quality = min(out.Quality, 100)
	}
	if out.MaxBytes <= 0 {
		return p.encode(e)
	}
	return (&squeeze{r: r, p: p, e: e, f: f, limit: out.MaxBytes}).run()
}

// effort is how long encoders may think. More costs several times the time for a few hundredths of the bytes; of AVIF,
// the next step takes twenty times as long for a screenshot, which is longer than anybody waits.
func effort(id int) int {
	if id == toWebP {
		return 4
	}
	return 1
}

// strips tells whether metadata is left out: always when something was covered, for a preview in the metadata may
// still show it.
func (r *render) strips() bool {
	for _, s := range r.job.steps {
		if _, ok := s.(image.Redact); ok {
			return true
		}
	}
	return !r.job.Plan.Output.Keep
}

// joined is what a saver takes: one picture, or the frames of an animation as one.
func (r *render) joined() (*pic, error) {
	p, err := stack(r.frames)
	if err != nil {
		return nil, err
	}
	if !r.bare() {
		err = p.plain(r.strips())
	}
	if err == nil && r.greys && r.frames[0].bands() == 3 && r.job.Format != image.GIF && r.job.Format != image.WebP {
		err = p.oneBand()
	}
	if err == nil && len(r.frames) > 1 {
		err = p.animate(r.frames[0].h(), len(r.frames), r.timing)
	}
	if err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// bare tells whether the result is written by ourselves, from memory and with nothing but pixels.
func (r *render) bare() bool {
	return r.job.Format == image.JPEG && len(r.frames) == 1 && r.frames[0].solid && r.strips()
}

// squeeze looks for the best result below a limit of bytes: first by quality, then by size. The picture is decoded and
// worked on once; sizes follow quality smoothly, so a few encodings find it, and of a large picture most of them are
// made of a sample.
type squeeze struct {
	r     *render
	p     *pic
	e     encoding
	f     format
	limit int64
	known curve // sizes at the present number of pixels
}

// How long a squeeze tries.
const (
	mostEncodings = 5    // of the whole picture at one size
	mostSizes     = 5    // tried below the asked one
	goodEnough    = 0.88 // of the limit: another encoding would gain little
	sampled       = 1 << 20
)

// run gives the best result below the limit, or the nearest to it.
func (s *squeeze) run() (*blob, error) {
	asked := s.e.quality
	best, err := s.encode()
	for n := 0; err == nil && int64(best.size) > s.limit && n <= mostSizes; n++ {
		if n > 0 {
			best.free()
			if err = s.smaller(); err != nil {
				return nil, err
			}
			if best, err = s.encode(); err != nil || int64(best.size) <= s.limit {
				break
			}
		}
		best, err = s.byQuality(best)
	}
	if err != nil {
		return nil, err
	}
	if s.e.quality < asked {
		s.r.note("image.note.quality", "Quality", s.e.quality)
	}
	if w, h := s.r.frames[0].w(), s.r.frames[0].h(); w != s.r.w || h != s.r.h {
		s.r.note(image.NoteFewerPixels, "W", w, "H", h)
	}
	if int64(best.size) > s.limit {
		s.r.note("image.note.bytes_not_reached", "Bytes", int64(best.size), "Limit", s.limit)
	}
	return best, nil
}

// encode makes a result at the present quality and remembers its size.
func (s *squeeze) encode() (*blob, error) {
	b, err := s.p.encode(s.e)
	if err == nil {
		s.known = append(s.known, point{s.e.quality, float64(b.size)})
	}
	return b, err
}

// byQuality lowers the quality as far as the limit asks for. It is given the result at the present quality, which is
// too large, and gives back the best it found, which may be too large still.
func (s *squeeze) byQuality(over *blob) (*blob, error) {
	if s.e.format == toPNG && len(s.r.frames) == 1 && !s.e.palette { // a palette, as far as colours allow
		over.free()
		s.e.palette, s.e.quality, s.e.effort = true, 90, 4
		s.known = nil
		return s.encode()
	}
	if s.f.floor >= s.e.quality {
		return over, nil
	}
	q := s.known.guess(float64(s.limit), s.f.floor)
	if s.p.w()*s.p.h() >= sampled {
		var err error
		if q, err = s.estimate(float64(over.size)); err != nil {
			over.free()
			return nil, err
		}
	}
	if s.known.at(s.f.floor) > 1.2*float64(s.limit) { // no quality will do
		return over, nil
	}
	return s.hunt(over, q)
}

// hunt encodes the whole picture at a quality, and at better guesses, until one is below the limit and close to it.
func (s *squeeze) hunt(over *blob, q int) (*blob, error) {
	high, low := s.e.quality, s.f.floor-1 // too large; not too large, or not known
	var best *blob
	for n := 1; n <= mostEncodings && high-low > 1; n++ {
		if n == mostEncodings && best == nil {
			q = s.f.floor // the last that may fit
		}
		s.e.quality = max(low+1, min(q, high-1))
		b, err := s.encode()
		if err != nil {
			over.free()
			best.free()
			return nil, err
		}
		if int64(b.size) > s.limit {
			over.free()
			over, high = b, s.e.quality
		} else {
			best.free()
			best, low = b, s.e.quality
			if float64(b.size) >= goodEnough*float64(s.limit) {
				break
			}
		}
		q = s.known.guess(float64(s.limit), s.f.floor)
	}
	if best == nil {
		s.e.quality = high
		return over, nil
	}
	over.free()
	s.e.quality = low
	return best, nil
}

// estimate finds the quality at which the whole should be just below the limit, by encoding a sample; size is that of
// the whole at the present quality.
func (s *squeeze) estimate(size float64) (int, error) {
	probe, err := s.sample()
	if err != nil || probe == nil {
		return s.known.guess(float64(s.limit), s.f.floor), err
	}
	defer probe.close()
	e, factor := s.e, 0.0
	var c curve
	for range 4 {
		b, err := probe.encode(e)
		if err != nil {
			return 0, err
		}
		if factor == 0 {
			factor = size / float64(b.size)
		}
		c = append(c, point{e.quality, float64(b.size) * factor})
		b.free()
		next := c.guess(0.98*float64(s.limit), s.f.floor)
		if next == e.quality {
			break
		}
		e.quality = next
	}
	s.known = append(s.known, c[1:]...)
	return e.quality, nil
}

// sample takes strips of a still picture, from top to bottom; nil when there are not enough rows for that.
func (s *squeeze) sample() (*pic, error) {
	const strips, height = 8, 32 // a multiple of every codec's blocks
	w, h := s.p.w(), s.p.h()
	if len(s.r.frames) > 1 || h < 3*strips*height {
		return nil, nil
	}
	var parts []*pic
	defer func() {
		for _, p := range parts {
			p.close()
		}
	}()
	for i := range strips {
		y := (2*i + 1) * h / (2 * strips) &^ 15
		p, err := s.p.part(rect{0, min(y, h-height), w, height})
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	return stack(parts)
}

// smaller scales the result down by as much as is known of its size, to a middling quality.
func (s *squeeze) smaller() error {
	if s.f.floor < s.f.quality {
		s.e.quality = min(2*s.f.floor, s.f.quality)
	}
	k := between(0.97*math.Sqrt(float64(s.limit)/s.known.at(s.e.quality)), 0.1, 0.9)
	first := s.r.frames[0]
	w, h := whole(float64(first.w())*k), whole(float64(first.h())*k)
	for _, p := range s.r.frames {
		if err := errors.Join(p.reduce(w, h), p.drawable()); err != nil {
			return err
		}
	}
	p, err := s.r.joined()
	if err != nil {
		return err
	}
	s.p.close()
	*s.p, s.known = *p, nil
	return nil
}

// curve is what is known of how size follows quality.
type curve []point

type point struct {
	quality int
	size    float64
}

// usual is how the logarithm of size follows quality, from 0 to 100 in steps of ten, measured on photographs.
var usual = [...]float64{-2.2, -1.55, -1.05, -0.75, -0.55, -0.38, -0.2, 0, 0.27, 0.75, 2.0}

func weight(q int) float64 {
	q = max(0, min(q, 99))
	f := float64(q%10) / 10
	return usual[q/10]*(1-f) + usual[q/10+1]*f
}

// guess is the highest quality from low on whose size should be below a limit: between two known points by the line
// through them, else by the usual slope.
func (c curve) guess(limit float64, low int) int {
	above, below := c[0], point{}
	for _, p := range c {
		if p.size > limit && p.quality <= above.quality {
			above = p
		}
		if p.size <= limit && p.quality > below.quality {
			below = p
		}
	}
	slope, from := 1.0, above
	if below.quality > 0 && above.quality > below.quality && above.size > below.size {
		slope = (math.Log(above.size) - math.Log(below.size)) / (weight(above.quality) - weight(below.quality))
	} else if len(c) > 1 {
		if p := c[len(c)-2]; p.size != above.size && p.quality != above.quality {
			slope = (math.Log(p.size) - math.Log(above.size)) / (weight(p.quality) - weight(above.quality))
		}
	}
	slope = between(slope, 0.2, 5)
	for q := 100; q > low; q-- {
		if math.Log(from.size)+slope*(weight(q)-weight(from.quality)) <= math.Log(limit) {
			return q
		}
	}
	return low
}

// at is the size to expect at a quality, from the nearest that is known.
func (c curve) at(q int) float64 {
	best := c[0]
	for _, p := range c {
		if math.Abs(weight(p.quality)-weight(q)) < math.Abs(weight(best.quality)-weight(q)) {
			best = p
		}
	}
	return best.size * math.Exp(weight(q)-weight(best.quality))
}
