package image

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"teamspro/internal/fault"
	"teamspro/internal/lang"
)

// The generators below draw valid steps of every kind, with values that people would not type among them.

func drawFloat(t *rapid.T, least, most float64) float64 {
	if rapid.Bool().Draw(t, "round") {
		return float64(rapid.IntRange(int(least)+1, int(most)).Draw(t, "whole"))
	}
	return rapid.Float64Range(least, most).Draw(t, "float")
}

func drawLength(t *rapid.T, mostPercent float64) Length {
	if rapid.Bool().Draw(t, "percent") {
		return percent(drawFloat(t, minScale, mostPercent))
	}
	return px(drawFloat(t, 1, maxPixels))
}

func drawCoordinate(t *rapid.T) Length {
	if rapid.Bool().Draw(t, "percent") {
		return percent(drawFloat(t, 0, 99.9))
	}
	return px(drawFloat(t, 0, maxPixels))
}

func drawPoint(t *rapid.T) Point { return Point{drawCoordinate(t), drawCoordinate(t)} }

func drawBox(t *rapid.T) Box {
	return Box{drawCoordinate(t), drawCoordinate(t), drawLength(t, hundred), drawLength(t, hundred)}
}

func drawColor(t *rapid.T, solid bool) Color {
	if rapid.Bool().Draw(t, "named") {
		return palette[rapid.IntRange(0, len(palette)-2).Draw(t, "name")].color // the last is transparent
	}
	b := func(name string) uint8 { return rapid.Uint8().Draw(t, name) }
	c := Color{b("r"), b("g"), b("b"), 255}
	if !solid {
		c.A = b("a")
	}
	return c
}

func drawSide(t *rapid.T, smart bool) Gravity {
	all := sides
	if smart {
		all = append(sides[:len(sides):len(sides)], Smart)
	}
	return rapid.SampledFrom(all).Draw(t, "side")
}

func drawWords(t *rapid.T) string {
	return rapid.OneOf(
		rapid.SampledFrom([]string{"Hello", `a "b" c`, `\`, `\n`, "a\nb", "«x»", "“q”", "it's", " | ; ", "top 10%", "école"}),
		rapid.StringMatching(`[a-z"\\'|;«»“”\n ]{0,20}x`),
	).Draw(t, "words")
}

func drawRatio(t *rapid.T) (w, h int) {
	w = rapid.IntRange(1, 200).Draw(t, "w")
	return w, rapid.IntRange((w+99)/100, min(w*100, maxRatio)).Draw(t, "h")
}

func drawResize(t *rapid.T) Step {
	r := Resize{Mode: rapid.SampledFrom([]ResizeMode{Fit, Fill, Force}).Draw(t, "mode"), Enlarge: rapid.Bool().Draw(t, "enlarge")}
	most := float64(hundred)
	if r.Enlarge {
		most = maxScale
	}
	sides := rapid.IntRange(0, 2).Draw(t, "sides")
	if r.Mode != Fit || sides != 1 {
		r.W = drawLength(t, most)
	}
	if r.Mode != Fit || sides != 2 {
		r.H = drawLength(t, most)
	}
	if r.Mode == Fill {
		r.Gravity = drawSide(t, true)
	}
	return r
}

func drawRedact(t *rapid.T) Step {
	r := Redact{How: rapid.SampledFrom([]Cover{Solid, Pixelate, Obscure}).Draw(t, "how")}
	if r.How == Solid {
		r.Color = drawColor(t, true)
	}
	r.Boxes = rapid.SliceOfN(rapid.Custom(drawBox), 1, 4).Draw(t, "boxes")
	return r
}

func drawText(t *rapid.T) Step {
	x := Text{Text: drawWords(t), Size: drawLength(t, hundred), Color: drawColor(t, false), Opacity: rapid.Float64Range(0, 1).Draw(t, "label")}
	if rapid.Bool().Draw(t, "at a side") {
		x.At.Gravity = drawSide(t, false)
	} else {
		x.At.Point = drawPoint(t)
	}
	return x
}

func drawArrow(t *rapid.T) Step {
	a := Arrow{From: drawPoint(t), To: drawPoint(t), Color: drawColor(t, false), Width: drawLength(t, hundred)}
	if a.From == a.To {
		a.To = Point{px(1), percent(1)}
		a.From = Point{px(2), px(2)}
	}
	return a
}

func drawWatermark(t *rapid.T) Step {
	w := Watermark{Opacity: rapid.Float64Range(0.01, 1).Draw(t, "opacity"), Size: drawLength(t, hundred), Tile: rapid.Bool().Draw(t, "tile")}
	if !w.Tile {
		w.At = drawSide(t, false)
	}
	if rapid.Bool().Draw(t, "picture") {
		w.Image = rapid.StringMatching(`[a-z0-9][a-z0-9_-]{0,9}`).Draw(t, "name")
		return w
	}
	w.Text, w.Color = drawWords(t), drawColor(t, false)
	return w
}

func drawPad(t *rapid.T) Step {
	return Pad{drawCoordinate(t), drawCoordinate(t), drawCoordinate(t), drawLength(t, 99), drawColor(t, false)}
}

func drawStep(t *rapid.T) Step {
	rw, rh := drawRatio(t)
	sigma := drawFloat(t, minSigma, 10)
	change := rapid.Float64Range(-hundred, hundred).Draw(t, "change")
	return rapid.SampledFrom([]func() Step{
		func() Step { return drawResize(t) },
		func() Step { return Crop{drawBox(t)} },
		func() Step { return CropRatio{rw, rh, drawSide(t, true)} },
		func() Step { return CropSize{drawLength(t, hundred), drawLength(t, hundred), drawSide(t, true)} },
		func() Step { return Rotate{rapid.SampledFrom([]int{90, 180, 270}).Draw(t, "degrees")} },
		func() Step { return Flip{rapid.Bool().Draw(t, "vertical")} },
		func() Step { return Trim{drawFloat(t, 0, maxThreshold)} },
		func() Step { return drawPad(t) },
		func() Step { return PadRatio{rw, rh, drawColor(t, false)} },
		func() Step { return Background{drawColor(t, true)} },
		func() Step { return Round{drawLength(t, hundred)} },
		func() Step { return Blur{sigma} },
		func() Step { return Sharpen{sigma} },
		func() Step { return Grey{} },
		func() Step { return Brightness{change} },
		func() Step { return Contrast{change} },
		func() Step { return Saturation{change} },
		func() Step { return Gamma{drawFloat(t, minGamma, maxGamma)} },
		func() Step { return drawRedact(t) },
		func() Step { return drawText(t) },
		func() Step { return drawArrow(t) },
		func() Step { return Frame{drawBox(t), drawColor(t, false), drawLength(t, hundred)} },
		func() Step {
			return Marker{rapid.IntRange(0, maxNumber).Draw(t, "number"), drawPoint(t), drawColor(t, false), drawLength(t, hundred)}
		},
		func() Step { return drawWatermark(t) },
	}).Draw(t, "kind")()
}

// drawPlan draws a valid plan.
func drawPlan(t *rapid.T) Plan {
	var p Plan
	for range rapid.IntRange(0, 6).Draw(t, "steps") {
		p.Steps = append(p.Steps, drawStep(t))
	}
	p.Output = Output{
		Format:   rapid.SampledFrom([]Format{"", JPEG, PNG, WebP, GIF, AVIF}).Draw(t, "format"),
		Quality:  rapid.IntRange(0, 100).Draw(t, "quality"),
		MaxBytes: rapid.SampledFrom([]int64{0, minBytes, 1234, 200_000, 1_500_000, maxBytes}).Draw(t, "bytes"),
		Keep:     rapid.Bool().Draw(t, "keep"),
	}
	for p.checkTogether() != nil {
		p.Steps = p.Steps[:len(p.Steps)-1]
	}
	return p
}

// must reads a plan that is right.
func must(t testing.TB, text string) Plan {
	t.Helper()
	p, err := Parse(text)
	if err != nil {
		t.Fatalf("Parse(%q): %s", text, told(err))
	}
	return p
}

// told is the sentence of a fault in English.
func told(err error) string {
	var f *fault.Error
	if !errors.As(err, &f) {
		return "no fault: " + err.Error()
	}
	return lang.For("en").Text(f.Text, f.Args...)
}

func faultOf(t testing.TB, err error) *fault.Error {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) {
		t.Fatalf("%v is no fault", err)
	}
	return f
}

// key is the key of a fault, or "" where there is none; anything but a fault that a person can correct fails.
func key(t testing.TB, err error) string {
	t.Helper()
	var f *fault.Error
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &f) || f.Kind != fault.Invalid:
		t.Errorf("%v is no fault of kind invalid", err)
		return "?"
	}
	for _, l := range lang.Languages {
		s := lang.For(l).Text(f.Text, f.Args...)
		if s == f.Text || strings.Contains(s, "<no value>") {
			t.Errorf("%s says %q of %s %v", l, s, f.Text, f.Args)
		}
	}
	return f.Text
}
