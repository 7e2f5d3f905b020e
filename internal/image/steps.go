package image

import (
	"math"
	"strings"
)

// What is meant where a step does not say.
var (
	white = Color{255, 255, 255, 255}
	black = Color{0, 0, 0, 255}
	red   = palette[2].color
)

const (
	usualTrim    = 10
	usualBlur    = 3
	usualSharpen = 1
	usualLabel   = 0.6
	usualMark    = 0.5
)

func usualLine() Length   { return percent(0.6) }
func usualMarker() Length { return percent(5) }

// usualText is the height of letters.
func usualText() Length      { return percent(5) }
func usualWatermark() Length { return percent(25) }

func (p *Plan) add(s Step) { p.Steps = append(p.Steps, s) }

func parseResize(a *args, p *Plan) {
	if a.verb == "max" {
		if n, ok := take(a, one(parseBytes)); ok {
			p.Output.MaxBytes = atLeastAsked(n)
			return
		}
	}
	r := Resize{Mode: a.mode()}
	r.Enlarge = a.word("enlarge upscale grow agrandir") || a.verb == "enlarge" || a.verb == "agrandir"
	sides := a.sides()
	r.W, r.H = sides.W, sides.H
	if a.verb == "fit" && r.Mode == "" {
		r.Mode = Fit
	}
	r.Gravity, _ = a.gravity()
	if r.Mode == "" && r.Gravity != "" && sides.both {
		r.Mode = Fill
	}
	if r.Mode == "" {
		r.Mode = Fit
	}
	if r.Mode == Fill && r.Gravity == "" {
		r.Gravity = Centre
	}
	r.Enlarge = r.Enlarge || r.W.Percent && r.W.Value > hundred || r.H.Percent && r.H.Value > hundred
	if (r.W == Length{} && r.H == Length{}) {
		a.needs()
	}
	p.add(r)
}

// mode takes the words of a ResizeMode.
func (a *args) mode() ResizeMode {
	switch {
	case a.word("fill cover crop remplir couvrir"):
		return Fill
	case a.word("force stretch exact exactly distort forcer etirer deformer exactement"):
		return Force
	case a.word("fit contain inside ajuster contenir"):
		return Fit
	}
	return ""
}

// sides takes the sizes of a resize: "800", "800x600", "width 800", "800 600", "max 1024".
func (a *args) sides() size {
	w, hasW := take(a, after("width wide largeur large", one(lengthOf)))
	h, hasH := take(a, after("height high tall hauteur haut", one(lengthOf)))
	if hasW || hasH {
		a.nonzero(hasW && w.Value == 0 || hasH && h.Value == 0, maxPixels)
		return size{w, h, hasW && hasH}
	}
	square := a.word("max maximum") || strings.HasPrefix(a.verb, "max")
	s, ok := take(a, one(parseSize))
	if !ok {
		s = a.plainSides(square)
	}
	a.nonzero(s.W.Value == 0 && s.H.Value == 0 || s.both && s.W.Value*s.H.Value == 0, maxPixels)
	return s
}

// plainSides takes one or two numbers; one means the width, or of a maximum both.
func (a *args) plainSides(square bool) size {
	if p, ok := take(a, twoLengths); ok {
		return size{p.X, p.Y, true}
	}
	l, ok := take(a, one(lengthOf))
	switch {
	case !ok:
		a.needs()
	case square:
		return size{l, l, true}
	case a.word("wide large"):
	case a.word("high tall haut"):
		return size{H: l}
	}
	return size{W: l}
}

func twoLengths(tokens []token) (Point, int) {
	if len(tokens) < 2 || !areLengths(tokens[:2]) {
		return Point{}, 0
	}
	return pointOf(tokens)
}

// nonzero refuses a nothing that was written, as in a plan it means that nothing was.
func (a *args) nonzero(nothing bool, most float64) {
	if nothing && a.err == nil {
		c := &checker{step: a.step, example: a.example}
		c.number(0, 1, most)
		a.err = c.err
	}
}

func parseCrop(a *args, p *Plan) {
	if b, ok := take(a, boxOf); ok {
		p.add(Crop{b})
		return
	}
	g, placed := a.gravity()
	ratio, isRatio := take(a, one(ratioOf))
	if a.word("square carre") {
		ratio, isRatio = [2]int{1, 1}, true
	}
	if isRatio {
		p.add(CropRatio{ratio[0], ratio[1], orCentre(g)})
		return
	}
	s, ok := take(a, one(parseSize))
	if !ok {
		l, isLength := take(a, one(lengthOf))
		s, ok = strip(l, g), isLength && (l.Percent || placed && g != Smart && g != Centre)
	}
	if !ok {
		a.needs()
	}
	p.add(CropSize{s.side(s.W), s.side(s.H), orCentre(g)})
}

// side gives a side that was not written as the whole of it.
func (s size) side(l Length) Length {
	if !s.both && (l == Length{}) {
		return percent(hundred)
	}
	return l
}

func orCentre(g Gravity) Gravity {
	if g == "" {
		return Centre
	}
	return g
}

func ratioOf(word string) ([2]int, bool) {
	w, h, ok := parseRatio(word)
	return [2]int{w, h}, ok
}

// strip is the size of a part that is named by one length and a place: along a side the whole of it, else a square part.
func strip(l Length, g Gravity) size {
	switch g {
	case Top, Bottom:
		return size{percent(hundred), l, true}
	case Left, Right:
		return size{l, percent(hundred), true}
	}
	return size{l, l, true}
}

func parseRotate(a *args, p *Plan) {
	degrees, ok := a.number()
	if l, r := a.word("left gauche anticlockwise counterclockwise ccw"), a.word("right droite clockwise cw horaire"); l || r {
		degrees, ok = turned(degrees, ok, l), true
	}
	if !ok && a.word("half upside-down upside demi-tour demi") {
		a.word("turn down tour")
		degrees, ok = 180, true
	}
	if !ok {
		degrees = 90
	}
	p.add(Rotate{whole(math.Mod(math.Mod(degrees, 360)+360, 360))})
}

// turned gives the degrees of a turn to a side.
func turned(degrees float64, given, left bool) float64 {
	if !given {
		degrees = 90
	}
	if left {
		return -degrees
	}
	return degrees
}

func parseFlip(a *args, p *Plan)   { p.add(Flip{a.upright(true)}) }
func parseMirror(a *args, p *Plan) { p.add(Flip{a.upright(false)}) }

// upright takes the words of a direction.
func (a *args) upright(usual bool) bool {
	if a.word("horizontal horizontally horizontalement h") {
		return false
	}
	return a.word("vertical vertically verticalement v") || usual
}

func parseTrim(a *args, p *Plan) {
	t, ok := a.number()
	if !ok {
		t = usualTrim
	}
	p.add(Trim{t})
}

func parsePad(a *args, p *Plan) {
	ratio, ok := take(a, one(ratioOf))
	if a.word("square carre") {
		ratio, ok = [2]int{1, 1}, true
	}
	c := a.color(white)
	if ok {
		p.add(PadRatio{ratio[0], ratio[1], c})
		return
	}
	pad, sided := a.padSides()
	if !sided {
		pad = a.padAround()
	}
	pad.Color = c
	p.add(pad)
}

// padSides takes "top 20 left 5%".
func (a *args) padSides() (Pad, bool) {
	top, t := take(a, after("top haut", one(lengthOf)))
	right, r := take(a, after("right droite", one(lengthOf)))
	bottom, b := take(a, after("bottom bas", one(lengthOf)))
	left, l := take(a, after("left gauche", one(lengthOf)))
	return Pad{Top: top, Right: right, Bottom: bottom, Left: left}, t || r || b || l
}

// padAround takes one length for all sides, two for top and bottom and the others, or four from the top clockwise.
func (a *args) padAround() Pad {
	var all []Length
	for len(all) < 4 {
		l, ok := take(a, one(lengthOf))
		if !ok {
			break
		}
		all = append(all, l)
	}
	switch len(all) {
	case 1:
		return Pad{Top: all[0], Right: all[0], Bottom: all[0], Left: all[0]}
	case 2:
		return Pad{Top: all[0], Right: all[1], Bottom: all[0], Left: all[1]}
	case 4:
		return Pad{Top: all[0], Right: all[1], Bottom: all[2], Left: all[3]}
	}
	a.needs()
	return Pad{}
}

func parseBackground(a *args, p *Plan) { p.add(Background{a.color(white)}) }

func parseRound(a *args, p *Plan) {
	a.word("corners coins")
	p.add(Round{a.length(percent(10))})
}

// parseBlur softens the picture, or where boxes are named covers them.
func parseBlur(a *args, p *Plan) {
	if boxes := a.boxes(); len(boxes) > 0 {
		p.add(Redact{Boxes: boxes, How: Obscure})
		return
	}
	sigma, ok := a.number()
	if !ok {
		sigma = usualBlur
	}
	p.add(Blur{sigma})
}

func parseSharpen(a *args, p *Plan) {
	sigma, ok := a.number()
	if !ok {
		sigma = usualSharpen
	}
	p.add(Sharpen{sigma})
}

func parseGrey(_ *args, p *Plan) { p.add(Grey{}) }

func parseBrightness(a *args, p *Plan) {
	n := a.change()
	if a.verb == "darken" || a.verb == "assombrir" {
		n = -n
	}
	p.add(Brightness{n + 0})
}

func parseContrast(a *args, p *Plan)   { p.add(Contrast{a.change()}) }
func parseSaturation(a *args, p *Plan) { p.add(Saturation{a.change()}) }

func parseGamma(a *args, p *Plan) {
	g, ok := a.number()
	if !ok {
		a.needs()
	}
	p.add(Gamma{g})
}

// change takes hundredths, with their sign or without.
func (a *args) change() float64 {
	l, ok := take(a, one(lengthOf))
	if !ok {
		a.needs()
	}
	return l.Value
}

func parsePixelate(a *args, p *Plan) {
	boxes := a.boxes()
	if len(boxes) == 0 {
		boxes = []Box{everything()}
	}
	p.add(Redact{Boxes: boxes, How: Pixelate})
}

func everything() Box {
	return Box{W: percent(hundred), H: percent(hundred), X: percent(0), Y: percent(0)}
}

func parseRedact(a *args, p *Plan) {
	r := Redact{How: Solid}
	switch {
	case a.word("blur blurred flou flouter"):
		r.How = Obscure
	case a.word("pixelate pixelated pixelize pixeliser pixelliser mosaic mosaique"):
		r.How = Pixelate
	}
	a.word("solid plein opaque")
	if r.How == Solid {
		r.Color = a.color(black)
	}
	if r.Boxes = a.boxes(); len(r.Boxes) == 0 {
		a.needs()
	}
	p.add(r)
}

// boxes takes boxes and parts named by a place, in the order in which they stand.
func (a *args) boxes() []Box {
	for a.word("box boxes rectangle zone zones area areas cadre cadres") {
		continue // they only name what follows
	}
	var all []Box
	for len(all) <= maxBoxes {
		if a.word("all everything tout whole") {
			all = append(all, everything())
			continue
		}
		b, ok := take(a, a.boxOrPart)
		if !ok {
			break
		}
		all = append(all, b)
	}
	return all
}

// boxOrPart reads a box, or "top 10%", "bottom-right 30%x10%". Pixels cannot be counted from the far sides, so a part
// there must be named in hundredths.
func (a *args) boxOrPart(tokens []token) (Box, int) {
	if b, n := boxOf(tokens); n > 0 {
		return b, n
	}
	g, n := gravityOf(tokens)
	if n == 0 || g == Smart || n >= len(tokens) {
		return Box{}, 0
	}
	s, ok := parseSize(tokens[n].word)
	if l, isLength := lengthOf(tokens[n].word); isLength {
		s, ok = strip(l, g), true
	}
	if !ok || !s.both || tokens[n].quoted {
		return Box{}, 0
	}
	x, okX := placed(s.W, g, Left, Right)
	y, okY := placed(s.H, g, Top, Bottom)
	if !okX || !okY {
		a.fail("image.bad.far")
	}
	if x.Value == 0 {
		x.Percent = y.Percent // nothing has no unit
	} else if y.Value == 0 {
		y.Percent = x.Percent
	}
	return Box{x, y, s.W, s.H}, n + 1
}

// placed gives where a length begins that keeps to a side.
func placed(l Length, g, near, far Gravity) (Length, bool) {
	towards := func(side Gravity) bool { return strings.Contains("-"+string(g)+"-", "-"+string(side)+"-") }
	start := 0.5
	switch {
	case towards(near):
		return Length{Percent: l.Percent}, true
	case towards(far):
		start = 1
	}
	return percent(math.Round((hundred-l.Value)*start*1e6) / 1e6), l.Percent
}
