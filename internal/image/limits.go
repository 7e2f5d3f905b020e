package image

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"teamspro/internal/fault"
)

// The limits of what a plan may ask. They are the same everywhere, so that a plan that was kept stays valid; what an
// operator may set are Limits.
const (
	maxPixels     = 100_000 // of a length; more than a picture may have is asked for now and then, and clamped
	maxScale      = 1000    // hundredths
	minScale      = 0.01
	maxRatio      = 10_000
	maxRatioOf    = 100 // one side to the other
	maxThreshold  = 255
	minSigma      = 0.1
	maxSigma      = 100
	maxSharpen    = 10 // deviations; wider masks make halos, not edges
	minGamma      = 0.1
	maxGamma      = 10
	maxBoxes      = 100  // of all redactions
	maxWords      = 500  // characters of one text
	maxNumber     = 999  // of a marker
	maxBlur       = 200  // deviations of all blurs and sharpenings together
	maxWatermarks = 4    // each goes over the whole picture
	maxTrims      = 4    // each looks at the whole picture
	minBytes      = 1000 // of a result
	maxBytes      = 100_000_000
)

// checker finds the first thing that is wrong with a step.
type checker struct {
	step, example string
	err           error
}

// checkStep tells what is wrong with a step; typed is its text when a person wrote it.
func checkStep(s Step, typed string) error {
	c := &checker{step: typed, example: verbs[s.verb()].example}
	s.check(c)
	if c.err != nil && typed == "" {
		c.err = nil
		c.step = clip(stepText(s))
		s.check(c)
	}
	return c.err
}

func (c *checker) fail(text string, more ...any) {
	if c.err == nil {
		c.err = fault.New(fault.Invalid, "image.Validate", text, append([]any{"Step", c.step, "Example", c.example}, more...)...)
	}
}

// number refuses what is outside of a range; NaN is outside of any.
func (c *checker) number(v, least, most float64) {
	if !(v >= least && v <= most) {
		c.fail("image.bad.range", "Value", shortNumber(v), "Least", number(least), "Most", number(most))
	}
}

// shortNumber writes any number in few characters.
func shortNumber(v float64) string {
	return strconv.FormatFloat(v, 'g', 6, 64)
}

// length refuses lengths of nothing and those that are too long.
func (c *checker) length(l Length, mostPercent float64) {
	if l.Percent {
		c.number(l.Value, minScale, mostPercent)
		return
	}
	c.number(l.Value, 1, maxPixels)
}

// coordinate refuses places before the beginning and behind the end of a side.
func (c *checker) coordinate(l Length) {
	if l.Percent {
		c.number(l.Value, 0, hundred)
		return
	}
	c.number(l.Value, 0, maxPixels)
}

func (c *checker) point(p Point) {
	c.coordinate(p.X)
	c.coordinate(p.Y)
}

func (c *checker) box(b Box) {
	c.coordinate(b.X)
	c.coordinate(b.Y)
	c.length(b.W, hundred)
	c.length(b.H, hundred)
	if b.X.Percent && b.X.Value >= hundred || b.Y.Percent && b.Y.Value >= hundred {
		c.fail("image.bad.nothing")
	}
}

func (c *checker) ratio(w, h int) {
	c.number(float64(w), 1, maxRatio)
	c.number(float64(h), 1, maxRatio)
	if w > h*maxRatioOf || h > w*maxRatioOf {
		c.fail("image.bad.ratio", "Most", maxRatioOf)
	}
}

var sides = []Gravity{Centre, Top, TopRight, Right, BottomRight, Bottom, BottomLeft, Left, TopLeft}

// gravity refuses what is no place; smart tells whether the one that looks at the picture is.
func (c *checker) gravity(g Gravity, smart bool) {
	if !slices.Contains(sides, g) && (g != Smart || !smart) {
		c.fail("image.bad.place")
	}
}

// said refuses words that are nothing, too many, or cannot be drawn.
func (c *checker) said(text string) {
	unseen := func(r rune) bool { return unicode.IsControl(r) && r != '\n' }
	switch {
	case utf8.RuneCountInString(text) > maxWords:
		c.fail("image.bad.words", "Limit", maxWords)
	case !utf8.ValidString(text) || strings.TrimSpace(text) == "" || strings.ContainsFunc(text, unseen):
		c.fail("image.bad.needs")
	}
}

func (r Resize) check(c *checker) {
	w, h := r.W != Length{}, r.H != Length{}
	if w {
		c.length(r.W, maxScale)
	}
	if h {
		c.length(r.H, maxScale)
	}
	if !w && !h {
		c.fail("image.bad.needs")
	}
	switch r.Mode {
	case Fit:
	case Fill, Force:
		if !w || !h {
			c.fail("image.bad.both")
		}
	default:
		c.fail("image.bad.needs")
	}
	if r.Mode == Fill {
		c.gravity(r.Gravity, true)
	} else if r.Gravity != "" {
		c.fail("image.bad.fill")
	}
	if !r.Enlarge && (r.W.Percent && r.W.Value > hundred || r.H.Percent && r.H.Value > hundred) {
		c.fail("image.bad.enlarge")
	}
}

func (k Crop) check(c *checker) { c.box(k.Box) }

func (k CropRatio) check(c *checker) {
	c.ratio(k.W, k.H)
	c.gravity(k.Gravity, true)
}

func (k CropSize) check(c *checker) {
	c.length(k.W, hundred)
	c.length(k.H, hundred)
	c.gravity(k.Gravity, true)
}

func (r Rotate) check(c *checker) {
	if r.Degrees != 90 && r.Degrees != 180 && r.Degrees != 270 {
		c.fail("image.bad.turn")
	}
}

func (Flip) check(*checker) {}

func (t Trim) check(c *checker) { c.number(t.Threshold, 0, maxThreshold) }

func (p Pad) check(c *checker) {
	border := 0.0
	for _, l := range []Length{p.Top, p.Right, p.Bottom, p.Left} {
		c.coordinate(l)
		border += l.Value
	}
	if c.err == nil && border == 0 {
		c.fail("image.bad.needs")
	}
}

func (p PadRatio) check(c *checker) { c.ratio(p.W, p.H) }

func (b Background) check(c *checker) { c.solid(b.Color) }

func (c *checker) solid(color Color) {
	if !color.solid() {
		c.fail("image.bad.solid")
	}
}

func (r Round) check(c *checker)      { c.length(r.Radius, hundred) }
func (b Blur) check(c *checker)       { c.number(b.Sigma, minSigma, maxSigma) }
func (s Sharpen) check(c *checker)    { c.number(s.Sigma, minSigma, maxSharpen) }
func (Grey) check(*checker)           {}
func (b Brightness) check(c *checker) { c.number(b.Percent, -hundred, hundred) }
func (k Contrast) check(c *checker)   { c.number(k.Percent, -hundred, hundred) }
func (s Saturation) check(c *checker) { c.number(s.Percent, -hundred, hundred) }
func (g Gamma) check(c *checker)      { c.number(g.Value, minGamma, maxGamma) }

// check holds a solid cover to a colour that lets nothing through.
func (r Redact) check(c *checker) {
	switch {
	case r.How == Solid:
		c.solid(r.Color)
	case r.How != Pixelate && r.How != Obscure || r.Color != Color{}:
		c.fail("image.bad.needs")
	}
	if len(r.Boxes) == 0 {
		c.fail("image.bad.needs")
	}
	if len(r.Boxes) > maxBoxes {
		c.fail("image.bad.boxes", "Limit", maxBoxes)
		return
	}
	for _, b := range r.Boxes {
		c.box(b)
	}
}

func (t Text) check(c *checker) {
	c.said(t.Text)
	c.length(t.Size, hundred)
	c.number(t.Opacity, 0, 1)
	if t.At.Gravity == "" {
		c.point(t.At.Point)
		return
	}
	c.gravity(t.At.Gravity, false)
	if t.At.Point != (Point{}) {
		c.fail("image.bad.place")
	}
}

func (a Arrow) check(c *checker) {
	c.point(a.From)
	c.point(a.To)
	c.length(a.Width, hundred)
	if a.From == a.To {
		c.fail("image.bad.nothing")
	}
}

func (f Frame) check(c *checker) {
	c.box(f.Box)
	c.length(f.Width, hundred)
}

func (m Marker) check(c *checker) {
	c.number(float64(m.Number), 0, maxNumber)
	c.point(m.At)
	c.length(m.Size, hundred)
}

// markName is the name of a picture that a tenant keeps.
var markName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,39}$`)

func (w Watermark) check(c *checker) {
	switch {
	case w.Image == "":
		c.said(w.Text)
	case w.Text != "" || w.Color != Color{}:
		c.fail("image.bad.needs")
	case !markName.MatchString(w.Image):
		c.fail("image.bad.mark")
	}
	if !w.Tile {
		c.gravity(w.At, false)
	} else if w.At != "" {
		c.fail("image.bad.place")
	}
	c.number(w.Opacity, 0.01, 1)
	c.length(w.Size, hundred)
}

// check tells what is wrong with an output; typed is its text when a person wrote it.
func (o Output) check(typed string) error {
	c := &checker{step: typed, example: "webp q80"}
	if typed == "" {
		c.step = clip(strings.Join(o.words(), " | "))
	}
	if o.Format != "" && formats[string(o.Format)] != o.Format {
		c.fail("image.bad.needs")
	}
	if o.Quality != 0 {
		c.number(float64(o.Quality), 1, 100)
	}
	if o.MaxBytes != 0 && (o.MaxBytes < minBytes || o.MaxBytes > maxBytes) {
		c.example = "under 200 KB"
		c.fail("image.bad.bytes", "Least", minBytes/1000, "Most", maxBytes/1_000_000)
	}
	return c.err
}

// checkTogether holds steps to what they may ask for together.
func (p Plan) checkTogether() error {
	var boxes, marks, trims int
	var blur float64
	for _, s := range p.Steps {
		switch s := s.(type) {
		case Redact:
			boxes += len(s.Boxes)
		case Watermark:
			marks++
		case Trim:
			trims++
		case Blur:
			blur += s.Sigma
		case Sharpen:
			blur += s.Sigma
		}
	}
	switch {
	case boxes > maxBoxes:
		return bad("image.bad.boxes", "Limit", maxBoxes)
	case marks > maxWatermarks:
		return bad("image.bad.repeated", "Step", "watermark", "Limit", maxWatermarks)
	case trims > maxTrims:
		return bad("image.bad.repeated", "Step", "trim", "Limit", maxTrims)
	case blur > maxBlur:
		return bad("image.bad.blur", "Limit", maxBlur)
	case len(p.String()) > MaxText:
		return bad("image.bad.long", "Limit", MaxText)
	}
	return nil
}

// isFit tells whether a step makes the whole picture fit a box.
func isFit(s Step) bool {
	r, ok := s.(Resize)
	return ok && r.Mode == Fit
}
