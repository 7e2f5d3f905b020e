package imaging

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"teamspro/internal/image"
)

// annotate draws words and signs on the picture.
func (r *render) annotate(s image.Step) error {
	if r.survey {
		return nil
	}
	r.greys = false
	switch s := s.(type) {
	case image.Text:
		return r.text(s)
	case image.Arrow:
		return r.arrow(s)
	case image.Frame:
		return r.outline(s)
	case image.Marker:
		return r.marker(s)
	case image.Watermark:
		if s.Image != "" {
			return r.stamp(s)
		}
		return r.watermark(s)
	}
	return nil
}

// longestText is how many characters of a text are set.
const longestText = 500

// font is what words are set in: whatever the machine has for it.
const font = "sans bold"

// set makes a mask of words in lines of a height, no wider and no higher than a space.
func set(text string, height float64, width, most int) (*pic, error) {
	text = clean(text)
	if text == "" {
		return nil, nil
	}
	size := between(height/1.2, 6, 1000) // of the letters; the rest of a line is the space above and below
	for {
		if p, err := setSize(text, size, width, most); p != nil || err != nil {
			return p, err
		}
		if size *= 0.8; size < 4 {
			return nil, nil // not even small letters have room
		}
	}
}

// setSize sets words at a size; nil when they are too high.
func setSize(text string, size float64, width, most int) (*pic, error) {
	letters := float64(utf8.RuneCountInString(text))
	if lines := letters * size * 0.4 / float64(width); lines*size > 2*float64(most) && size > 5 {
		return nil, nil // far too large: it need not be tried
	}
	p, err := words(escape.Replace(text), fmt.Sprintf("%s %.1f", font, size), width)
	if err != nil {
		return nil, err
	}
	if p.h() > most && size > 5 {
		p.close()
		return nil, nil
	}
	return p, nil
}

// escape takes their meaning from characters that Pango reads as markup.
var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;")

// clean leaves what can be set: no control characters but line ends, no more than longestText.
func clean(text string) string {
	n := 0
	text = strings.Map(func(c rune) rune {
		n++
		if n > longestText || c == utf8.RuneError || unicode.IsControl(c) && c != '\n' {
			return -1
		}
		return c
	}, strings.ReplaceAll(text, "\t", " "))
	return strings.TrimSpace(text)
}

// bright tells whether dark things stand out from a colour.
func bright(c image.Color) bool {
	return 299*int(c.R)+587*int(c.G)+114*int(c.B) > 140_000
}

// contrasting is black or white, whichever stands out.
func contrasting(c image.Color) image.Color {
	if bright(c) {
		return black
	}
	return white
}

// text writes words on a label.
func (r *render) text(s image.Text) error {
	height := length(s.Size, r.h)
	if height <= 0 {
		height = math.Max(12, float64(r.h)/20)
	}
	edge := whole(math.Min(height*0.3, float64(min(r.w, r.h))/8))
	m, err := set(s.Text, height, max(1, r.w-4*edge), max(1, r.h-2*edge))
	if m == nil || err != nil {
		return err
	}
	defer m.close()
	w, h := m.w()+2*edge, m.h()+edge
	at := rect{int(length(s.At.Point.X, r.w)), int(length(s.At.Point.Y, r.h)), w, h}
	if s.At.Gravity != "" {
		at = keep(s.At.Gravity, r.w-2*edge, r.h-2*edge, w, h)
		at.x, at.y = at.x+edge, at.y+edge
	}
	c := opaqueOr(s.Color, white)
	label := contrasting(c)
	if s.Opacity > 0 {
		b := mask(rect{0, 0, w, h}, roundedBox(float64(w), float64(h), float64(edge)))
		if err := r.ink(label, b, at, s.Opacity); err != nil {
			return err
		}
	}
	return r.draw(func(p *pic) error { return p.drawMask(ink(c, p.bands()), m, at.x+edge, at.y+edge/2) })
}

// ink draws a mask in a colour.
func (r *render) ink(c image.Color, b []byte, at rect, opacity float64) error {
	m, err := fromPixels(b, at.w, at.h, 1)
	if err != nil {
		return err
	}
	defer m.close()
	if opacity < 1 {
		if err := m.table(faded(opacity)); err != nil {
			return err
		}
	}
	return r.draw(func(p *pic) error { return p.drawMask(ink(c, p.bands()), m, at.x, at.y) })
}

// paint draws a shape that lies in a box, as far as that is on the picture.
func (r *render) paint(c image.Color, s shape, x1, y1, x2, y2 float64) error {
	box := rect{x: int(math.Floor(x1)) - 1, y: int(math.Floor(y1)) - 1}
	box.w, box.h = int(math.Ceil(x2))+1-box.x, int(math.Ceil(y2))+1-box.y
	if box = box.clip(r.w, r.h); box.empty() {
		return nil
	}
	return r.ink(c, mask(box, s), box, 1)
}

// stroke is the width of a line: what was asked, or enough to be seen.
func (r *render) stroke(l image.Length) float64 {
	side := min(r.w, r.h)
	if v := length(l, side); v > 0 {
		return math.Min(v, float64(side)/2)
	}
	return math.Max(2, float64(side)/150)
}

func (r *render) arrow(s image.Arrow) error {
	x1, y1 := length(s.From.X, r.w), length(s.From.Y, r.h)
	x2, y2 := length(s.To.X, r.w), length(s.To.Y, r.h)
	if math.Hypot(x2-x1, y2-y1) < 1 {
		return nil
	}
	width := r.stroke(s.Width)
	m := 3 * width
	return r.paint(opaqueOr(s.Color, red), arrow(x1, y1, x2, y2, width),
		math.Min(x1, x2)-m, math.Min(y1, y2)-m, math.Max(x1, x2)+m, math.Max(y1, y2)+m)
}

// outline draws the four sides of a box, inside it.
func (r *render) outline(s image.Frame) error {
	b := inside(s.Box, r.w, r.h)
	if b.empty() {
		return nil
	}
	n := min(whole(r.stroke(s.Width)), b.w, b.h)
	sides := []rect{{b.x, b.y, b.w, n}, {b.x, b.y + b.h - n, b.w, n}, {b.x, b.y, n, b.h}, {b.x + b.w - n, b.y, n, b.h}}
	c := opaqueOr(s.Color, red)
	return r.draw(func(p *pic) error {
		for _, side := range sides {
			if err := p.drawRect(ink(c, p.bands()), side); err != nil {
				return err
			}
		}
		return nil
	})
}

// marker draws a number in a disc.
func (r *render) marker(s image.Marker) error {
	size := length(s.Size, min(r.w, r.h))
	if size <= 0 {
		size = math.Max(16, float64(min(r.w, r.h))/15)
	}
	size = math.Min(size, float64(max(r.w, r.h)))
	x, y := length(s.At.X, r.w), length(s.At.Y, r.h)
	c := opaqueOr(s.Color, red)
	if err := r.paint(c, disc(x, y, size/2), x-size/2, y-size/2, x+size/2, y+size/2); err != nil {
		return err
	}
	m, err := set(strconv.Itoa(s.Number), size*0.62, whole(size*4), whole(size))
	if m == nil || err != nil {
		return err
	}
	defer m.close()
	if k := 0.8 * size / float64(m.w()); k < 1 {
		if err := m.resize(whole(float64(m.w())*k), whole(float64(m.h())*k), lanczos); err != nil {
			return err
		}
	}
	left, top := int(math.Round(x))-m.w()/2, int(math.Round(y))-m.h()/2
	return r.draw(func(p *pic) error { return p.drawMask(ink(contrasting(c), p.bands()), m, left, top) })
}

// markWidth is the width of a watermark in pixels.
func (r *render) markWidth(l image.Length) int {
	v := length(l, r.w)
	if v <= 0 {
		v = float64(r.w) / 4
	}
	return min(whole(v), r.w)
}

// visible is an opacity; 0, which nobody asks for, is a half.
func visible(opacity float64) float64 {
	if !(opacity > 0) {
		return 0.5
	}
	return math.Min(opacity, 1)
}

// watermark lays words over the picture.
func (r *render) watermark(s image.Watermark) error {
	width := r.markWidth(s.Size)
	text := strings.Join(strings.Fields(clean(s.Text)), " ")
	if text == "" {
		return nil
	}
	letters := float64(utf8.RuneCountInString(text))
	m, err := set(text, math.Max(8, 1.9*float64(width)/letters), r.w, r.h)
	if m == nil || err != nil {
		return err
	}
	defer m.close()
	if m.w() > width {
		if err := m.resize(width, whole(float64(m.h())*float64(width)/float64(m.w())), lanczos); err != nil {
			return err
		}
	}
	at := r.markPlace(s, m.w(), m.h())
	if s.Tile {
		if err := r.tile(m, []float64{0}); err != nil {
			return err
		}
		at = rect{}
	}
	if err := m.table(faded(visible(s.Opacity))); err != nil {
		return err
	}
	if err := m.settle(); err != nil {
		return err
	}
	c := opaqueOr(s.Color, white)
	return r.draw(func(p *pic) error { return p.drawMask(ink(c, p.bands()), m, at.x, at.y) })
}

// markPlace is where a mark stands: at a side or corner with some distance, or in the middle.
func (r *render) markPlace(s image.Watermark, w, h int) rect {
	edge := min(min(r.w, r.h)/50, (r.w-w)/2, (r.h-h)/2)
	edge = max(edge, 0)
	at := keep(s.At, r.w-2*edge, r.h-2*edge, w, h)
	at.x, at.y = at.x+edge, at.y+edge
	return at
}

// tile repeats a mark over the picture with space around each.
func (r *render) tile(m *pic, nothing []float64) error {
	w, h := m.w(), m.h()
	if err := m.embed(w/4, h/2, w+w/2, 2*h, nothing); err != nil {
		return err
	}
	if err := m.settle(); err != nil {
		return err
	}
	return m.tile(r.w, r.h)
}

// stamp lays a picture over the picture.
func (r *render) stamp(s image.Watermark) error {
	data, ok := r.marks[s.Image]
	if !ok {
		return fmt.Errorf("no mark of that name")
	}
	h := r.job.markHeader(s.Image)
	m, err := decode(h.Kind, data, 1, 1, false)
	if err != nil {
		return err
	}
	defer m.close()
	if err := r.prepare(m, h); err != nil {
		return err
	}
	if err := m.withAlpha(); err != nil {
		return err
	}
	w := r.markWidth(s.Size)
	ht := whole(float64(m.h()) * float64(w) / float64(m.w()))
	if ht > r.h {
		w, ht = whole(float64(w)*float64(r.h)/float64(ht)), r.h
	}
	if err := m.resize(w, ht, lanczos); err != nil {
		return err
	}
	if err := m.settle(); err != nil {
		return err
	}
	if err := m.fade(visible(s.Opacity)); err != nil {
		return err
	}
	at := r.markPlace(s, w, ht)
	if s.Tile {
		if err := r.tile(m, []float64{0, 0, 0, 0}); err != nil {
			return err
		}
		at = rect{}
	}
	return r.each(func(p *pic) error {
		if err := p.settle(); err != nil {
			return err
		}
		return p.over(m, at.x, at.y)
	})
}
