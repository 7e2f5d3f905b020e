package image

import (
	"regexp"
	"strings"
)

func parseText(a *args, p *Plan) {
	label, ok := take(a, after("label opacity opacite etiquette", one(parseOpacity)))
	switch {
	case ok:
	case len(a.tokens) > 1 && a.quoted() && a.word("plain nu"):
		label = 0
	default:
		label = usualLabel
	}
	t := Text{Text: a.said(), Opacity: label, At: a.place(Bottom)}
	t.Size, t.Color = a.length(usualText()), a.color(white)
	p.add(t)
}

func (a *args) quoted() bool {
	for _, t := range a.tokens {
		if t.quoted {
			return true
		}
	}
	return false
}

// said takes the words to write: what is quoted, or else the words up to the first that is a setting.
func (a *args) said() string {
	text, ok := take(a, func(tokens []token) (string, int) {
		if tokens[0].quoted {
			return tokens[0].raw, 1
		}
		return "", 0
	})
	if ok {
		return text
	}
	var words []string
	for len(a.tokens) > 0 && (len(words) == 0 || !isSetting(a.tokens)) {
		words = append(words, a.tokens[0].raw)
		a.tokens = a.tokens[1:]
	}
	if len(words) == 0 {
		a.needs()
	}
	return strings.TrimSuffix(strings.Join(words, " "), ",")
}

// isSetting tells whether words begin with a place, a colour, a length or a word that announces one.
func isSetting(tokens []token) bool {
	_, place := gravityOf(tokens)
	_, point := pointOf(tokens)
	word := tokens[0].word
	_, color := parseColor(word)
	_, length := lengthOf(word)
	_, bytes := parseBytes(word)
	return place > 0 || point > 0 || color || length || bytes || word == "tile" || word == "opacity" || word == "opacite" || word == "mosaique"
}

// place takes a side or a point.
func (a *args) place(usual Gravity) Place {
	if g, ok := a.gravity(); ok {
		return Place{Gravity: g}
	}
	if pt, ok := take(a, pointOf); ok {
		return Place{Point: pt}
	}
	return Place{Gravity: usual}
}

func (a *args) point() Point {
	p, ok := take(a, pointOf)
	if !ok {
		a.needs()
	}
	return p
}

func parseArrow(a *args, p *Plan) {
	from := a.point()
	to := a.point()
	p.add(Arrow{From: from, To: to, Color: a.color(red), Width: a.length(usualLine())})
}

func parseFrame(a *args, p *Plan) {
	b, ok := take(a, a.boxOrPart)
	if !ok {
		a.needs()
	}
	p.add(Frame{Box: b, Color: a.color(red), Width: a.length(usualLine())})
}

func parseMarker(a *args, p *Plan) {
	m := Marker{Number: 1}
	if n, ok := take(a, markerNumber); ok {
		m.Number = n
	}
	m.At, m.Color, m.Size = a.point(), a.color(red), a.length(usualMarker())
	p.add(m)
}

// markerNumber reads a number that is not the first of the two of a place.
func markerNumber(tokens []token) (int, int) {
	v, ok := parseNumber(tokens[0].word)
	if !ok || tokens[0].quoted || strings.Contains(tokens[0].word, ",") {
		return 0, 0
	}
	lengths := 0
	for lengths < len(tokens) && areLengths(tokens[lengths:lengths+1]) && !isPoint(tokens[lengths]) {
		lengths++
	}
	if lengths == 2 {
		return 0, 0 // "marker 120 80"
	}
	return whole(v), 1
}

func isPoint(t token) bool {
	_, ok := parsePoint(t.word)
	return ok
}

func parseWatermark(a *args, p *Plan) {
	w := Watermark{Opacity: usualMark, Color: white}
	if o, ok := take(a, after("opacity opacite transparency", one(parseOpacity))); ok {
		w.Opacity = o
	}
	image, ok := take(a, one(func(word string) (string, bool) { return strings.CutPrefix(word, "@") }))
	if ok {
		w.Image, w.Color = image, Color{}
	} else {
		w.Text = a.said()
	}
	w.Tile = a.word("tile tiled tiles repeat mosaique repeter")
	if !w.Tile {
		w.At = BottomRight
		if g, ok := a.gravity(); ok {
			w.At = g
		}
	}
	w.Size = a.length(usualWatermark())
	if !ok {
		w.Color = a.color(white)
	}
	p.add(w)
}

// formats are the words of formats.
var formats = map[string]Format{"jpeg": JPEG, "jpg": JPEG, "png": PNG, "webp": WebP, "gif": GIF, "avif": AVIF}

func formatOf(word string) (Format, bool) {
	f, ok := formats[strings.TrimPrefix(word, ".")]
	return f, ok
}

var qualityWord = regexp.MustCompile(`^q(\d{1,9})$`)

func qualityOf(word string) (int, bool) {
	m := qualityWord.FindStringSubmatch(word)
	if m == nil {
		return 0, false
	}
	n, ok := parseNumber(m[1])
	return whole(n), ok
}

// atLeastAsked makes what the limits refuse of nothing, which would stand for no limit.
func atLeastAsked(n int64) int64 {
	if n == 0 {
		return -1
	}
	return n
}

func parseOutput(a *args, p *Plan) {
	f, ok := formatOf(a.verb)
	if !ok {
		f, ok = take(a, one(formatOf))
	}
	if !ok {
		a.needs()
		return
	}
	p.Output.setFormat(f)
	a.quality(&p.Output, true)
}

// setFormat sets a format; the quality that was meant for another is forgotten.
func (o *Output) setFormat(f Format) {
	if o.Format != "" && o.Format != f {
		o.Quality = 0
	}
	o.Format = f
}

// quality takes "q80" or "quality 80", and behind a format a bare number.
func (a *args) quality(o *Output, bare bool) bool {
	q, ok := take(a, one(qualityOf))
	if !ok {
		q, ok = take(a, after("quality qualite q", one(wholeOf)))
	}
	if !ok && bare {
		q, ok = take(a, one(wholeOf))
	}
	if ok {
		a.nonzero(q == 0, 100)
		o.Quality = q
	}
	return ok
}

func wholeOf(word string) (int, bool) {
	l, named, ok := parseLength(word)
	return whole(l.Value), ok && (l.Percent || !named)
}

func parseQuality(a *args, p *Plan) {
	if !a.quality(&p.Output, true) {
		a.needs()
	}
}

func parseUnder(a *args, p *Plan) {
	n, ok := take(a, one(parseBytes))
	if !ok {
		a.needs()
	}
	p.Output.MaxBytes = atLeastAsked(n)
}

func parseKeep(a *args, p *Plan) {
	a.metadata()
	p.Output.Keep = true
}

func parseStrip(a *args, p *Plan) {
	a.metadata()
	p.Output.Keep = false
}

func (a *args) metadata() { a.word("metadata meta exif metadonnees") }

// output takes settings of the output that stand in another step.
func (a *args) output(o *Output) {
	format, ok := take(a, one(formatOf))
	if ok {
		o.setFormat(format)
	}
	a.word("convert")
	a.quality(o, ok)
	if n, ok := take(a, one(parseBytes)); ok {
		a.word("under max below < ≤ <= sous moins")
		o.MaxBytes = atLeastAsked(n)
	}
}
