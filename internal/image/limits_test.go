package image

import (
	"math"
	"slices"
	"strings"
	"testing"

	"teamspro/internal/fault"
)

// TestValidate holds what no text can say, as code makes it: each row is wrong.
func TestValidate(t *testing.T) {
	t.Parallel()
	nan, box := math.NaN(), Box{px(1), px(1), px(1), px(1)}
	for _, row := range []struct {
		name string
		step Step
		key  string
	}{
		{"no mode", Resize{W: px(1)}, "image.bad.needs"},
		{"other mode", Resize{Mode: "zoom", W: px(1)}, "image.bad.needs"},
		{"nothing in hundredths", Resize{Mode: Fit, W: percent(0)}, "image.bad.range"},
		{"not a number", Resize{Mode: Fit, W: px(nan)}, "image.bad.range"},
		{"fill without a place", Resize{Mode: Fill, W: px(1), H: px(1)}, "image.bad.place"},
		{"fit with a place", Resize{Mode: Fit, W: px(1), H: px(1), Gravity: Top}, "image.bad.fill"},
		{"larger without saying so", Resize{Mode: Fit, W: percent(101)}, "image.bad.enlarge"},
		{"empty box", Crop{}, "image.bad.range"},
		{"box of infinity", Crop{Box{px(0), px(0), px(math.Inf(1)), px(1)}}, "image.bad.range"},
		{"box before the beginning", Crop{Box{px(-1), px(0), px(1), px(1)}}, "image.bad.range"},
		{"ratio of nothing", CropRatio{0, 1, Centre}, "image.bad.range"},
		{"ratio without a place", CropRatio{1, 1, ""}, "image.bad.place"},
		{"size of nothing", CropSize{Gravity: Centre}, "image.bad.range"},
		{"no turn", Rotate{}, "image.bad.turn"},
		{"five quarters", Rotate{450}, "image.bad.turn"},
		{"threshold", Trim{256}, "image.bad.range"},
		{"no border", Pad{Color: white}, "image.bad.needs"},
		{"border inwards", Pad{Top: px(-1), Color: white}, "image.bad.range"},
		{"flat ratio", PadRatio{101, 1, white}, "image.bad.ratio"},
		{"clear background", Background{}, "image.bad.solid"},
		{"no radius", Round{}, "image.bad.range"},
		{"no blur", Blur{}, "image.bad.range"},
		{"no number to sharpen", Sharpen{nan}, "image.bad.range"},
		{"sharpened beyond what the engine does", Sharpen{11}, "image.bad.range"},
		{"brightness", Brightness{math.Inf(-1)}, "image.bad.range"},
		{"contrast", Contrast{100.5}, "image.bad.range"},
		{"saturation", Saturation{nan}, "image.bad.range"},
		{"gamma", Gamma{-1}, "image.bad.range"},
		{"cover without a colour", Redact{Boxes: []Box{box}, How: Solid}, "image.bad.solid"},
		{"cover that shows through", Redact{Boxes: []Box{box}, How: Solid, Color: Color{0, 0, 0, 254}}, "image.bad.solid"},
		{"cover of no kind", Redact{Boxes: []Box{box}, Color: black}, "image.bad.needs"},
		{"coloured blur", Redact{Boxes: []Box{box}, How: Obscure, Color: black}, "image.bad.needs"},
		{"cover of nothing", Redact{How: Solid, Color: black}, "image.bad.needs"},
		{"cover of too much", Redact{Boxes: slices.Repeat([]Box{box}, 101), How: Solid, Color: black}, "image.bad.boxes"},
		{"no words", Text{At: Place{Gravity: Top}, Size: px(9)}, "image.bad.needs"},
		{"broken words", Text{Text: "\xff", At: Place{Gravity: Top}, Size: px(9)}, "image.bad.needs"},
		{"words at two places", Text{Text: "a", At: Place{Gravity: Top, Point: Point{X: px(1)}}, Size: px(9)}, "image.bad.place"},
		{"words of no height", Text{Text: "a", At: Place{Gravity: Top}}, "image.bad.range"},
		{"label", Text{Text: "a", At: Place{Gravity: Top}, Size: px(9), Opacity: 1.1}, "image.bad.range"},
		{"arrow to itself", Arrow{Width: px(1)}, "image.bad.nothing"},
		{"arrow of no width", Arrow{To: Point{X: px(1)}}, "image.bad.range"},
		{"frame of nothing", Frame{Width: px(1)}, "image.bad.range"},
		{"marker below nothing", Marker{Number: -1, Size: px(9)}, "image.bad.range"},
		{"mark of nothing", Watermark{At: Top, Opacity: 1, Size: px(9)}, "image.bad.needs"},
		{"mark of both", Watermark{Text: "a", Image: "b", At: Top, Opacity: 1, Size: px(9)}, "image.bad.needs"},
		{"mark from elsewhere", Watermark{Image: "../b", At: Top, Opacity: 1, Size: px(9)}, "image.bad.mark"},
		{"tile at a place", Watermark{Text: "a", At: Top, Tile: true, Opacity: 1, Size: px(9)}, "image.bad.place"},
		{"mark nobody sees", Watermark{Text: "a", At: Top, Size: px(9)}, "image.bad.range"},
	} {
		if got := key(t, Plan{Steps: []Step{row.step}}.Validate()); got != row.key {
			t.Errorf("%s: %v has the fault %q, want %q", row.name, row.step, got, row.key)
		}
	}
}

func TestValidateOutput(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		out Output
		key string
	}{
		{Output{}, ""},
		{Output{Format: AVIF, Quality: 100, MaxBytes: minBytes, Keep: true}, ""},
		{Output{Format: "bmp"}, "image.bad.needs"},
		{Output{Format: "jpg"}, "image.bad.needs"},
		{Output{Quality: -1}, "image.bad.range"},
		{Output{Quality: 101}, "image.bad.range"},
		{Output{MaxBytes: minBytes - 1}, "image.bad.bytes"},
		{Output{MaxBytes: -1}, "image.bad.bytes"},
		{Output{MaxBytes: math.MaxInt64}, "image.bad.bytes"},
	} {
		if got := key(t, Plan{Output: row.out}.Validate()); got != row.key {
			t.Errorf("%v has the fault %q, want %q", row.out, got, row.key)
		}
	}
}

func TestValidateTogether(t *testing.T) {
	t.Parallel()
	fit := Resize{Mode: Fit, W: px(9), H: px(9)}
	long := Text{Text: strings.Repeat("é", maxWords), At: Place{Gravity: Top}, Size: px(9)}
	for _, row := range []struct {
		name  string
		steps []Step
		key   string
	}{
		{"as many as may be", slices.Repeat([]Step{Grey{}}, MaxSteps), ""},
		{"and the fit of a preview", append(slices.Repeat([]Step{Grey{}}, MaxSteps), fit), ""},
		{"one too many", slices.Repeat([]Step{Grey{}}, MaxSteps+1), "image.bad.steps"},
		{"two too many", append(slices.Repeat([]Step{Grey{}}, MaxSteps+1), fit), "image.bad.steps"},
		{"500", slices.Repeat([]Step{Grey{}}, 500), "image.bad.steps"},
		{"too many words", slices.Repeat([]Step{long}, 5), "image.bad.long"},
		{"blurs", slices.Repeat([]Step{Blur{maxSigma}}, 3), "image.bad.blur"},
	} {
		if got := key(t, Plan{Steps: row.steps}.Validate()); got != row.key {
			t.Errorf("%s: the fault %q, want %q", row.name, got, row.key)
		}
	}
	if err := (Plan{Steps: []Step{nil}}).Validate(); err == nil || fault.KindOf(err) != fault.Internal {
		t.Errorf("a step that is none: %v", err)
	}
}
