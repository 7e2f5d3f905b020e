package image

import (
	"cmp"
	"strings"
	"unicode/utf8"
)

// Tool names a form with which people do something to a picture.
type Tool string

// The tools.
const (
	ToolResize   Tool = "resize"
	ToolCrop     Tool = "crop"
	ToolRedact   Tool = "redact"
	ToolAnnotate Tool = "annotate"
	ToolConvert  Tool = "convert"
)

// Tools are all of them, in the order in which people look for them.
func Tools() []Tool { return []Tool{ToolResize, ToolCrop, ToolRedact, ToolAnnotate, ToolConvert} }

// Main is the input that a problem of the whole form stands below.
func (t Tool) Main() string {
	return map[Tool]string{ToolResize: "w", ToolCrop: "box", ToolRedact: "boxes", ToolAnnotate: "place", ToolConvert: "format"}[t]
}

// Usual stands in a choice for what is done when nothing is chosen: Teams shows no choice whose value is empty.
const Usual = "usual"

// FormPlan makes the plan that a filled-in form asks for. Its inputs, by tool:
//
//	resize    mode (fit fill force width height percent side), w, h, at, enlarge
//	crop      ratio, at, box
//	redact    boxes (a line each), how, color
//	annotate  kind (text arrow box marker), text, number, place, to, color, size
//	convert   format, quality, max, keep
//
// Lengths, boxes, places and colours are read as in the text of a plan. The problems are faults of kind Invalid by the id
// of the input at fault; without any, the plan is valid.
func FormPlan(tool Tool, values map[string]string) (Plan, map[string]error) {
	f := &form{values: values, problems: map[string]error{}}
	var p Plan
	switch tool {
	case ToolResize:
		p.add(f.resize())
	case ToolCrop:
		p.add(f.crop())
	case ToolRedact:
		p.add(f.redact())
	case ToolAnnotate:
		p.add(f.annotate())
	case ToolConvert:
		p.Output = f.output()
	default:
		f.needs(tool.Main(), "")
	}
	if len(f.problems) > 0 {
		return Plan{}, f.problems
	}
	if err := p.Validate(); err != nil {
		f.problems[tool.Main()] = err
		return Plan{}, f.problems
	}
	return p, nil
}

// form is a form that is being read. The first problem of each input stays.
type form struct {
	values   map[string]string
	problems map[string]error
}

func (f *form) fail(id, text string, args ...any) {
	if f.problems[id] == nil {
		f.problems[id] = bad(text, args...)
	}
}

// needs tells that an input is empty.
func (f *form) needs(id, example string) { f.fail(id, "image.form.needs", "Example", example) }

func (f *form) choice(id, usual string) string {
	if v := strings.TrimSpace(f.values[id]); v != Usual {
		return cmp.Or(v, usual)
	}
	return usual
}

func (f *form) yes(id string) bool { return f.values[id] == "true" }

// read reads what stands in an input; given is false when nothing does.
func read[T any](f *form, id, example string, reader func([]token) (T, int)) (v T, given bool) {
	raw := strings.TrimSpace(f.values[id])
	if raw == "" {
		return v, false
	}
	v, err := readLine(raw, example, reader)
	if err != nil && f.problems[id] == nil {
		f.problems[id] = err
	}
	return v, true
}

// readLine reads a line that holds one thing and no more.
func readLine[T any](raw, example string, reader func([]token) (T, int)) (v T, err error) {
	if len(raw) > MaxText {
		return v, bad("image.bad.long", "Limit", MaxText)
	}
	segments, ok := scan(strings.ToValidUTF8(raw, "�"))
	if !ok || len(segments) != 1 {
		return v, bad("image.bad.needs", "Step", clip(raw), "Example", example)
	}
	a := &args{step: clip(raw), example: example, tokens: segments[0].tokens}
	v, ok = take(a, reader)
	if !ok {
		a.needs()
	}
	var o Output
	a.rest(&o)
	if a.err == nil && o != (Output{}) {
		a.needs() // "800 webp" says more than a length
	}
	return v, a.err
}

// required is read for an input that may not be empty.
func required[T any](f *form, id, example string, reader func([]token) (T, int)) T {
	v, given := read(f, id, example, reader)
	if !given {
		f.needs(id, example)
	}
	return v
}

// check holds a step to its limits, unless it could not be read.
func (f *form) check(id string, s Step) {
	if len(f.problems) > 0 {
		return
	}
	if err := checkStep(s, ""); err != nil {
		f.problems[id] = err
	}
}

func (f *form) resize() Step {
	r := Resize{Mode: Fit, Enlarge: f.yes("enlarge")}
	width := func() Length { return required(f, "w", "800", one(lengthOf)) }
	height := func() Length { return required(f, "h", "600", one(lengthOf)) }
	switch mode := f.choice("mode", string(Fit)); mode {
	case string(Fit):
		r.W, _ = read(f, "w", "800", one(lengthOf))
		r.H, _ = read(f, "h", "600", one(lengthOf))
		if r.W == (Length{}) && r.H == (Length{}) {
			f.needs("w", "800")
		}
	case string(Fill), string(Force):
		r.Mode, r.W, r.H = ResizeMode(mode), width(), height()
		if r.Mode == Fill {
			r.Gravity = Gravity(f.choice("at", string(Smart)))
		}
	case "width":
		r.W = width()
	case "height":
		r.H = height()
	case "percent":
		r.W = width()
		r.W.Percent = true
	case "side":
		r.W = width()
		r.H = r.W
	default:
		f.needs("mode", string(Fit))
	}
	f.check("w", r)
	return r
}

func (f *form) crop() Step {
	box, boxed := read(f, "box", "10%,10% 50%x50%", boxReader())
	ratio, rated := read(f, "ratio", "16:9", one(ratioOf))
	switch {
	case boxed && rated:
		f.fail("box", "image.form.one")
	case boxed:
		k := Crop{box}
		f.check("box", k)
		return k
	case !rated:
		f.needs("ratio", "16:9")
	}
	k := CropRatio{ratio[0], ratio[1], Gravity(f.choice("at", string(Smart)))}
	f.check("ratio", k)
	return k
}

// boxReader reads a box, or a part that is named by its place: "top 10%".
func boxReader() func([]token) (Box, int) {
	return func(tokens []token) (Box, int) {
		a := &args{}
		b, n := a.boxOrPart(tokens)
		if a.err != nil { // pixels from a far side
			return Box{}, 0
		}
		return b, n
	}
}

// redact reads a box from each line. What is wrong is said of the first line that is.
func (f *form) redact() Step {
	const example = "10%,40% 50%x8%"
	r := Redact{How: Cover(f.choice("how", string(Solid)))}
	if r.How == Solid {
		r.Color = black
		if c, given := read(f, "color", "black", one(parseColor)); given {
			r.Color = c
		}
	}
	lines := strings.FieldsFunc(f.values["boxes"], func(c rune) bool { return c == '\n' || c == '\r' || c == ';' })
	for _, line := range lines {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		b, err := readLine(line, example, boxReader())
		if err != nil && f.problems["boxes"] == nil {
			f.problems["boxes"] = err
		}
		if r.Boxes = append(r.Boxes, b); len(r.Boxes) > maxBoxes {
			break
		}
	}
	if len(r.Boxes) == 0 {
		f.needs("boxes", example)
	}
	f.check("boxes", r)
	return r
}

func (f *form) annotate() Step {
	switch f.choice("kind", "text") {
	case "text":
		return f.words()
	case "arrow":
		a := Arrow{From: required(f, "place", "10%,10%", pointOf), To: required(f, "to", "40%,40%", pointOf), Color: f.color(red), Width: f.size(usualLine())}
		f.check("place", a)
		return a
	case "box":
		b := Frame{Box: required(f, "place", "10%,10% 30%x20%", boxReader()), Color: f.color(red), Width: f.size(usualLine())}
		f.check("place", b)
		return b
	case "marker":
		m := Marker{Number: 1, At: required(f, "place", "50%,50%", pointOf), Color: f.color(red), Size: f.size(usualMarker())}
		if n, given := read(f, "number", "1", one(parseNumber)); given {
			m.Number = whole(n)
		}
		f.check("number", m)
		return m
	}
	f.needs("kind", "text")
	return Grey{}
}

// words is a text to write; where no place is said, it stands at the bottom.
func (f *form) words() Step {
	text := strings.ReplaceAll(strings.TrimSpace(f.values["text"]), "\r\n", "\n")
	if text == "" || !utf8.ValidString(text) {
		f.needs("text", "Draft")
	}
	t := Text{Text: text, At: Place{Gravity: Bottom}, Color: f.color(white), Size: f.size(usualText()), Opacity: usualLabel}
	if at, given := read(f, "place", "top-left", placeOf); given {
		t.At = at
	}
	f.check("text", t)
	return t
}

// placeOf reads a side or corner, or a point.
func placeOf(tokens []token) (Place, int) {
	if p, n := pointOf(tokens); n > 0 {
		return Place{Point: p}, n
	}
	g, n := gravityOf(tokens)
	return Place{Gravity: g}, n
}

func (f *form) color(usual Color) Color {
	if f.choice("color", Usual) == Usual {
		return usual
	}
	if c, given := read(f, "color", "red", one(parseColor)); given {
		return c
	}
	return usual
}

func (f *form) size(usual Length) Length {
	if l, given := read(f, "size", "5%", one(lengthOf)); given {
		return l
	}
	return usual
}

func (f *form) output() Output {
	o := Output{Format: Format(f.choice("format", "")), Keep: f.yes("keep")}
	if q, given := read(f, "quality", "80", one(parseNumber)); given {
		o.Quality = whole(q)
		if err := (Output{Quality: o.Quality}).check(f.values["quality"]); err != nil && f.problems["quality"] == nil {
			f.problems["quality"] = err
		}
	}
	if n, given := read(f, "max", "200 KB", one(parseBytes)); given {
		o.MaxBytes = n
		if err := (Output{MaxBytes: n}).check(f.values["max"]); err != nil && f.problems["max"] == nil {
			f.problems["max"] = err
		}
	}
	if o == (Output{}) {
		f.fail("format", "image.form.nothing")
	}
	return o
}

// Colors are the names of the solid colours that have one, with the keys of what people call them.
func Colors() (names, keys []string) {
	for _, c := range palette {
		if c.color.solid() {
			names, keys = append(names, c.names[0]), append(keys, c.key)
		}
	}
	return names, keys
}

// Gravities are the nine places.
func Gravities() []Gravity { return append([]Gravity(nil), sides...) }
