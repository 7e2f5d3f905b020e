package image

import (
	"fmt"
	"strconv"
	"strings"
)

// String writes the plan as Parse reads it, in English and in one form: equal plans have equal texts.
func (p Plan) String() string {
	var steps []string
	for _, s := range p.Steps {
		steps = append(steps, stepText(s))
	}
	steps = append(steps, p.Output.words()...)
	if len(steps) == 0 {
		return "strip" // what is done anyway
	}
	return strings.Join(steps, " | ")
}

func stepText(s Step) string {
	return strings.Join(append([]string{s.verb()}, s.words()...), " ")
}

// words are the settings of an output, each a step of its own.
func (o Output) words() []string {
	var all []string
	switch {
	case o.Format != "" && o.Quality != 0:
		all = append(all, fmt.Sprintf("%s q%d", o.Format, o.Quality))
	case o.Format != "":
		all = append(all, string(o.Format))
	case o.Quality != 0:
		all = append(all, fmt.Sprintf("quality %d", o.Quality))
	}
	if o.MaxBytes != 0 {
		all = append(all, "under "+bytesText(o.MaxBytes))
	}
	if o.Keep {
		all = append(all, "keep metadata")
	}
	return all
}

func bytesText(n int64) string {
	switch {
	case n%1_000_000 == 0:
		return fmt.Sprintf("%d MB", n/1_000_000)
	case n%1000 == 0:
		return fmt.Sprintf("%d KB", n/1000)
	}
	return fmt.Sprintf("%d bytes", n)
}

// unless gives the word of a value that is not the usual one.
func unless[T comparable](value, usual T, word string) []string {
	if value == usual {
		return nil
	}
	return []string{word}
}

func list(groups ...[]string) []string {
	var all []string
	for _, g := range groups {
		all = append(all, g...)
	}
	return all
}

func (Resize) verb() string     { return "resize" }
func (Crop) verb() string       { return "crop" }
func (CropRatio) verb() string  { return "crop" }
func (CropSize) verb() string   { return "crop" }
func (Rotate) verb() string     { return "rotate" }
func (f Flip) verb() string     { return map[bool]string{true: "flip", false: "mirror"}[f.Vertical] }
func (Trim) verb() string       { return "trim" }
func (Pad) verb() string        { return "pad" }
func (PadRatio) verb() string   { return "pad" }
func (Background) verb() string { return "background" }
func (Round) verb() string      { return "round" }
func (Blur) verb() string       { return "blur" }
func (Sharpen) verb() string    { return "sharpen" }
func (Grey) verb() string       { return "grey" }
func (Brightness) verb() string { return "brightness" }
func (Contrast) verb() string   { return "contrast" }
func (Saturation) verb() string { return "saturation" }
func (Gamma) verb() string      { return "gamma" }
func (Redact) verb() string     { return "redact" }
func (Text) verb() string       { return "text" }
func (Arrow) verb() string      { return "arrow" }
func (Frame) verb() string      { return "box" }
func (Marker) verb() string     { return "marker" }
func (Watermark) verb() string  { return "watermark" }

func (r Resize) words() []string {
	return list([]string{sidesText(r.W, r.H)}, unless(r.Mode, Fit, string(r.Mode)),
		r.gravityWords(), unless(r.Enlarge, false, "enlarge"))
}

func (r Resize) gravityWords() []string {
	if r.Mode != Fill {
		return nil
	}
	return unless(r.Gravity, Centre, string(r.Gravity))
}

// sidesText writes "800", "x600" or "800x600".
func sidesText(w, h Length) string {
	switch {
	case h == Length{}:
		return w.String()
	case w == Length{}:
		return "x" + h.String()
	}
	return pair(w, h, "x")
}

func (k Crop) words() []string { return []string{k.Box.String()} }

func (k CropRatio) words() []string {
	return list([]string{ratioText(k.W, k.H)}, unless(k.Gravity, Centre, string(k.Gravity)))
}

func ratioText(w, h int) string { return fmt.Sprintf("%d:%d", w, h) }

func (k CropSize) words() []string {
	return list([]string{pair(k.W, k.H, "x")}, unless(k.Gravity, Centre, string(k.Gravity)))
}

func (r Rotate) words() []string { return []string{strconv.Itoa(r.Degrees)} }
func (Flip) words() []string     { return nil }
func (t Trim) words() []string   { return unless(t.Threshold, usualTrim, number(t.Threshold)) }

func (p Pad) words() []string {
	sides := []string{p.Top.String()}
	if p.Right != p.Top || p.Bottom != p.Top || p.Left != p.Top {
		sides = append(sides, p.Right.String(), p.Bottom.String(), p.Left.String())
	}
	return list(sides, unless(p.Color, white, p.Color.String()))
}

func (p PadRatio) words() []string {
	return list([]string{ratioText(p.W, p.H)}, unless(p.Color, white, p.Color.String()))
}

func (b Background) words() []string { return []string{b.Color.String()} }
func (r Round) words() []string      { return []string{r.Radius.String()} }
func (b Blur) words() []string       { return []string{number(b.Sigma)} }
func (s Sharpen) words() []string    { return []string{number(s.Sigma)} }
func (Grey) words() []string         { return nil }
func (b Brightness) words() []string { return []string{signed(b.Percent)} }
func (k Contrast) words() []string   { return []string{signed(k.Percent)} }
func (s Saturation) words() []string { return []string{signed(s.Percent)} }
func (g Gamma) words() []string      { return []string{number(g.Value)} }

func signed(v float64) string {
	if v > 0 {
		return "+" + number(v)
	}
	return number(v)
}

func (r Redact) words() []string {
	var boxes []string
	for _, b := range r.Boxes {
		boxes = append(boxes, b.String())
	}
	if r.How == Solid {
		return list(boxes, unless(r.Color, black, r.Color.String()))
	}
	return list([]string{string(r.How)}, boxes)
}

func (t Text) words() []string {
	return list([]string{quote(t.Text), t.At.text(), t.Size.String()}, unless(t.Color, white, t.Color.String()),
		unless(t.Opacity, usualLabel, "label "+opacity(t.Opacity)))
}

func (p Place) text() string {
	if p.Gravity != "" {
		return string(p.Gravity)
	}
	return p.Point.String()
}

// quote writes words so that they are read as they are.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `”`, `\”`, "\n", `\n`).Replace(s) + `"`
}

func (a Arrow) words() []string {
	return list([]string{a.From.String(), a.To.String()}, unless(a.Color, red, a.Color.String()), unless(a.Width, usualLine(), a.Width.String()))
}

func (f Frame) words() []string {
	return list([]string{f.Box.String()}, unless(f.Color, red, f.Color.String()), unless(f.Width, usualLine(), f.Width.String()))
}

func (m Marker) words() []string {
	return list([]string{strconv.Itoa(m.Number), m.At.String()}, unless(m.Color, red, m.Color.String()), unless(m.Size, usualMarker(), m.Size.String()))
}

func (w Watermark) words() []string {
	what, where := "@"+w.Image, string(w.At)
	if w.Image == "" {
		what = quote(w.Text)
	}
	if w.Tile {
		where = "tile"
	}
	color := unless(w.Color, white, w.Color.String())
	if w.Image != "" {
		color = nil
	}
	return list([]string{what, where, w.Size.String()}, color, unless(w.Opacity, usualMark, "opacity "+opacity(w.Opacity)))
}
