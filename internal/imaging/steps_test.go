package imaging

import (
	"context"
	pix "image"
	"image/color"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/image"
)

type at struct {
	x, y int
	want [4]int
}

// TestSteps runs every operation on pixels and looks at some of the result.
func TestSteps(t *testing.T) {
	t.Parallel()
	src := pngOf(quartersOf(200, 100))
	blackC, whiteC := [4]int{0, 0, 0, 255}, [4]int{255, 255, 255, 255}
	none := [4]int{0, 0, 0, 0}
	for _, row := range []struct {
		name  string
		steps []image.Step
		w, h  int
		see   []at
		notes []string
	}{
		{"nothing", nil, 200, 100, []at{{0, 0, cRed}, {199, 99, cYellow}}, nil},
		{"fit by width", []image.Step{image.Resize{W: px(100)}}, 100, 50, []at{{10, 10, cRed}, {90, 40, cYellow}}, nil},
		{"fit by height", []image.Step{image.Resize{H: px(20)}}, 40, 20, []at{{5, 5, cRed}}, nil},
		{"fit in a box", []image.Step{image.Resize{W: px(100), H: px(20)}}, 40, 20, nil, nil},
		{"by hundredths", []image.Step{image.Resize{W: pc(50)}}, 100, 50, nil, nil},
		{"fill", []image.Step{image.Resize{Mode: image.Fill, W: px(50), H: px(50), Gravity: image.Left}}, 50, 50, []at{{20, 10, cRed}, {20, 40, cBlue}}, nil},
		{"fill keeps the right", []image.Step{image.Resize{Mode: image.Fill, W: px(40), H: px(50), Gravity: image.Right}}, 40, 50, []at{{20, 10, cGreen}}, nil},
		{"force", []image.Step{image.Resize{Mode: image.Force, W: px(50), H: px(80)}}, 50, 80, []at{{10, 10, cRed}, {40, 70, cYellow}}, nil},
		{"not enlarged", []image.Step{image.Resize{W: px(400)}}, 200, 100, nil, []string{"image.note.not_enlarged"}},
		{"fill is not enlarged", []image.Step{image.Resize{Mode: image.Fill, W: px(400), H: px(400)}}, 100, 100, nil, []string{"image.note.not_enlarged"}},
		{"enlarged", []image.Step{image.Resize{W: px(400), Enlarge: true}}, 400, 200, []at{{10, 10, cRed}, {390, 190, cYellow}}, nil},
		{"clamped", []image.Step{image.Resize{W: px(1e9), Enlarge: true}, image.Resize{W: px(20)}}, 20, 10, nil, []string{"image.note.clamped"}},
		{"crop", []image.Step{image.Crop{Box: boxOf(90, 40, 20, 20)}}, 20, 20, []at{{0, 0, cRed}, {19, 0, cGreen}, {0, 19, cBlue}, {19, 19, cYellow}}, nil},
		{"crop beyond the edge", []image.Step{image.Crop{Box: boxOf(190, 90, 100, 100)}}, 10, 10, []at{{0, 0, cYellow}}, nil},
		{"crop beside the picture", []image.Step{image.Crop{Box: boxOf(500, 500, 10, 10)}}, 200, 100, nil, nil},
		{"crop to a ratio", []image.Step{image.CropRatio{W: 1, H: 1, Gravity: image.Right}}, 100, 100, []at{{5, 5, cGreen}}, nil},
		{"crop to a size", []image.Step{image.CropSize{W: px(30), H: px(20), Gravity: image.BottomLeft}}, 30, 20, []at{{0, 0, cBlue}}, nil},
		{"crop where the eye goes", []image.Step{image.CropSize{W: px(50), H: px(50), Gravity: image.Smart}}, 50, 50, nil, nil},
		{"rotate right", []image.Step{image.Rotate{Degrees: 90}}, 100, 200, []at{{0, 0, cBlue}, {99, 0, cRed}, {99, 199, cGreen}}, nil},
		{"rotate left", []image.Step{image.Rotate{Degrees: -90}}, 100, 200, []at{{0, 0, cGreen}, {0, 199, cRed}}, nil},
		{"upside down", []image.Step{image.Rotate{Degrees: 180}}, 200, 100, []at{{0, 0, cYellow}, {199, 99, cRed}}, nil},
		{"flip", []image.Step{image.Flip{}}, 200, 100, []at{{0, 0, cGreen}}, nil},
		{"flop", []image.Step{image.Flip{Vertical: true}}, 200, 100, []at{{0, 0, cBlue}}, nil},
		{"pad", []image.Step{image.Pad{Top: px(5), Left: px(10), Right: px(20), Bottom: px(1), Color: black}}, 230, 106, []at{{9, 50, blackC}, {10, 5, cRed}, {229, 50, blackC}}, nil},
		{"pad with nothing", []image.Step{image.Pad{Top: px(5)}}, 200, 105, []at{{9, 0, none}, {10, 5, cRed}}, nil},
		{"pad to a ratio", []image.Step{image.PadRatio{W: 1, H: 1, Color: white}}, 200, 200, []at{{0, 49, whiteC}, {0, 50, cRed}}, nil},
		{"trim", []image.Step{image.Pad{Top: px(5), Left: px(10), Right: px(20), Bottom: px(1), Color: black}, image.Trim{Threshold: 10}}, 200, 100, []at{{0, 0, cRed}}, nil},
		{"trim nothing", []image.Step{image.Pad{Top: px(5), Left: px(10)}, image.Trim{Threshold: 10}}, 200, 100, []at{{0, 0, cRed}}, nil},
		{"round", []image.Step{image.Round{Radius: px(30)}}, 200, 100, []at{{0, 0, none}, {199, 99, none}, {100, 0, cGreen}, {30, 30, cRed}}, nil},
		{"round on a background", []image.Step{image.Round{Radius: pc(50)}, image.Background{Color: white}}, 200, 100, []at{{0, 0, whiteC}, {30, 30, cRed}}, nil},
		{"blur", []image.Step{image.Blur{Sigma: 4}}, 200, 100, []at{{20, 20, cRed}, {100, 20, [4]int{115, 95, 30, 255}}}, nil},
		{"blur much", []image.Step{image.Blur{Sigma: 60}}, 200, 100, []at{{100, 50, [4]int{120, 110, 75, 255}}}, nil},
		{"sharpen", []image.Step{image.Sharpen{Sigma: 1}}, 200, 100, []at{{20, 20, cRed}}, nil},
		{"grey", []image.Step{image.Grey{}}, 200, 100, []at{{150, 20, [4]int{137, 137, 137, 255}}}, nil},
		{"brighter", []image.Step{image.Brightness{Percent: 10}}, 200, 100, []at{{0, 0, [4]int{226, 56, 56, 255}}}, nil},
		{"black", []image.Step{image.Brightness{Percent: -100}}, 200, 100, []at{{0, 0, blackC}}, nil},
		{"flat", []image.Step{image.Contrast{Percent: -100}}, 200, 100, []at{{0, 0, [4]int{128, 128, 128, 255}}}, nil},
		{"strong", []image.Step{image.Contrast{Percent: 50}}, 200, 100, []at{{0, 0, [4]int{255, 0, 0, 255}}}, nil},
		{"no colours", []image.Step{image.Saturation{Percent: -100}}, 200, 100, []at{{0, 0, [4]int{66, 66, 66, 255}}}, nil},
		{"more colours", []image.Step{image.Saturation{Percent: 20}}, 200, 100, []at{{0, 0, [4]int{227, 23, 23, 255}}}, nil},
		{"gamma", []image.Step{image.Gamma{Value: 2}}, 200, 100, []at{{0, 0, [4]int{226, 87, 87, 255}}}, nil},
		{"frame", []image.Step{image.Frame{Box: boxOf(10, 10, 50, 30), Color: black, Width: px(2)}}, 200, 100, []at{{10, 10, blackC}, {59, 39, blackC}, {12, 12, cRed}, {60, 40, cRed}}, nil},
		{"arrow", []image.Step{image.Arrow{From: image.Point{X: px(10), Y: px(25)}, To: image.Point{X: px(80), Y: px(25)}, Color: black, Width: px(4)}}, 200, 100, []at{{20, 25, blackC}, {75, 25, blackC}, {20, 35, cRed}, {68, 30, blackC}}, nil},
		{"marker", []image.Step{image.Marker{Number: 7, At: image.Point{X: px(50), Y: px(25)}, Color: black, Size: px(40)}}, 200, 100, []at{{34, 25, blackC}, {28, 25, cRed}}, nil},
		{"redact", []image.Step{image.Redact{Boxes: []image.Box{boxOf(10, 10, 20, 20)}}}, 200, 100, []at{{10, 10, blackC}, {29, 29, blackC}, {30, 30, cRed}, {9, 9, cRed}}, nil},
		{"redact in a colour", []image.Step{image.Redact{Boxes: []image.Box{boxOf(10, 10, 20, 20)}, Color: image.Color{R: 1, G: 2, B: 3, A: 9}}}, 200, 100, []at{{10, 10, [4]int{1, 2, 3, 255}}}, nil},
		{"pixelate", []image.Step{image.Redact{Boxes: []image.Box{boxOf(0, 0, 200, 100)}, How: image.Pixelate}}, 200, 100, []at{{5, 5, cRed}}, []string{"image.note.weak_redaction"}},
		{"obscure", []image.Step{image.Redact{Boxes: []image.Box{boxOf(80, 0, 40, 40)}, How: image.Obscure}}, 200, 100, []at{{79, 5, cRed}}, []string{"image.note.weak_redaction"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			im, res := rendered(t, src, row.steps...)
			if im.Bounds().Dx() != row.w || im.Bounds().Dy() != row.h || res.Facts.W != row.w || res.Facts.H != row.h {
				t.Fatalf("%v, told %d×%d; want %d×%d", im.Bounds(), res.Facts.W, res.Facts.H, row.w, row.h)
			}
			for _, a := range row.see {
				if got := rgba(im, a.x, a.y); !close4(got, a.want, 9) && got[3]+a.want[3] > 0 { // what is transparent has no colour
					t.Errorf("at %d,%d: %v, want %v", a.x, a.y, got, a.want)
				}
			}
			if diff := cmp.Diff(row.notes, noteKeys(res)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// count tells how many pixels are close to a colour.
func count(im pix.Image, c [4]int, by int) int {
	n := 0
	for y := range im.Bounds().Dy() {
		for x := range im.Bounds().Dx() {
			if close4(rgba(im, x, y), c, by) {
				n++
			}
		}
	}
	return n
}

func TestText(t *testing.T) {
	t.Parallel()
	src := pngOf(quartersOf(400, 200))
	for _, row := range []struct {
		name string
		step image.Text
		any  bool
	}{
		{"plain", image.Text{Text: "Hello", At: image.Place{Gravity: image.TopLeft}, Size: px(30), Color: white, Opacity: 1}, true},
		{"markup is only text", image.Text{Text: `<span size="999999">&amp; <b`, At: image.Place{Gravity: image.Centre}, Size: px(20), Color: white, Opacity: 0.5}, true},
		{"too high", image.Text{Text: "Hello\nyou\nthere", At: image.Place{Point: image.Point{X: px(-5), Y: px(3)}}, Size: px(1e9), Color: white, Opacity: 1}, true},
		{"too long", image.Text{Text: string(slices.Repeat([]byte("word "), 5000)), Size: px(40), Color: white}, true},
		{"nothing", image.Text{Text: " \x00\n", Color: white, Opacity: 1}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			im, _ := rendered(t, src, row.step)
			if n := count(im, [4]int{255, 255, 255, 255}, 20); n > 20 != row.any {
				t.Errorf("%d pixels in the colour of the letters", n)
			}
		})
	}
}

func TestWatermark(t *testing.T) {
	t.Parallel()
	src := pngOf(quartersOf(400, 200))
	logo := pix.NewNRGBA(pix.Rect(0, 0, 20, 10))
	fill(logo, pix.Rect(5, 0, 20, 10), color.NRGBA{R: 255, B: 255, A: 255})
	marks := map[string][]byte{"logo": pngOf(logo)}
	magenta := [4]int{255, 0, 255, 255}
	for _, row := range []struct {
		name     string
		step     image.Watermark
		color    [4]int
		min, max int
	}{
		{"words", image.Watermark{Text: "ACME", At: image.Centre, Opacity: 1, Size: pc(50)}, [4]int{255, 255, 255, 255}, 500, 8000},
		{"words tiled", image.Watermark{Text: "ACME", Tile: true, Opacity: 1, Size: pc(10)}, [4]int{255, 255, 255, 255}, 1000, 30000},
		{"picture", image.Watermark{Image: "logo", At: image.BottomRight, Opacity: 1, Size: px(40)}, magenta, 500, 700},
		{"picture tiled", image.Watermark{Image: "logo", Tile: true, Opacity: 1, Size: px(40)}, magenta, 5000, 40000},
		{"picture, faint", image.Watermark{Image: "logo", At: image.TopLeft, Opacity: 0.1, Size: px(40)}, magenta, 0, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			res, err := engine().Render(context.Background(), src, image.Plan{Steps: []image.Step{row.step}}, marks)
			if err != nil {
				t.Fatal(err)
			}
			if n := count(decoded(t, res.Data), row.color, 20); n < row.min || n > row.max {
				t.Errorf("%d pixels in the colour of the mark, want %d to %d", n, row.min, row.max)
			}
		})
	}
	if _, err := engine().Render(context.Background(), src, image.Plan{Steps: []image.Step{image.Watermark{Image: "other"}}}, marks); err == nil {
		t.Error("a mark that was not given was accepted")
	}
}

// TestAbsurd runs values that no validation let through: they may do nothing, but must not end a worker.
func TestAbsurd(t *testing.T) {
	t.Parallel()
	src := pngOf(quartersOf(40, 20))
	p := own(t, Config{Workers: 1, MaxOutput: 500_000})
	for _, v := range []float64{0, -1, 1e-300, -1e300, 1e9, 1e300, 5e-324} {
		l, pt := px(v), image.Point{X: px(v), Y: pc(v)}
		b := image.Box{X: l, Y: pc(v), W: l, H: l}
		c := image.Color{R: 200}
		for _, s := range []image.Step{
			image.Resize{W: l, H: pc(v), Enlarge: true}, image.Resize{Mode: image.Fill, W: l, H: l}, image.Resize{Mode: "?", W: l},
			image.Resize{Mode: image.Force, W: l, H: px(1), Enlarge: true, Gravity: image.Smart},
			image.Crop{Box: b}, image.CropRatio{W: int(max(-1e9, min(v, 1e9))), H: 1, Gravity: "?"}, image.CropSize{W: l, H: l, Gravity: image.Smart},
			image.Rotate{Degrees: int(max(-1e9, min(v, 1e9)))}, image.Trim{Threshold: v}, image.Pad{Top: l, Left: l, Color: c},
			image.PadRatio{W: 1, H: int(max(-1e9, min(v, 1e9))), Color: c}, image.Round{Radius: l}, image.Blur{Sigma: v}, image.Sharpen{Sigma: v},
			image.Brightness{Percent: v}, image.Contrast{Percent: v}, image.Saturation{Percent: v}, image.Gamma{Value: v},
			image.Redact{Boxes: []image.Box{b, b}}, image.Redact{Boxes: []image.Box{b}, How: image.Pixelate}, image.Redact{Boxes: []image.Box{b}, How: "?"},
			image.Text{Text: "x", At: image.Place{Point: pt}, Size: l, Opacity: v}, image.Arrow{From: pt, To: image.Point{}, Width: l},
			image.Frame{Box: b, Width: l}, image.Marker{Number: int(max(-1e18, min(v, 1e18))), At: pt, Size: l},
			image.Watermark{Text: "x", Size: l, Opacity: v}, image.Watermark{Text: "x", Size: l, Opacity: v, Tile: true},
		} {
			if _, err := p.Render(context.Background(), src, image.Plan{Steps: []image.Step{s, image.Resize{W: px(8)}}, Output: image.Output{Quality: int(max(-1e9, min(v, 1e9)))}}, nil); err != nil {
				t.Errorf("%#v: %v", s, err)
			}
		}
	}
}

func TestNotAPlan(t *testing.T) {
	t.Parallel()
	src := pngOf(quartersOf(40, 20))
	for name, p := range map[string]image.Plan{
		"no number":    {Steps: []image.Step{image.Blur{Sigma: math.NaN()}}},
		"endless":      {Steps: []image.Step{image.Resize{W: px(math.Inf(1))}}},
		"nil":          {Steps: []image.Step{nil}},
		"a pointer":    {Steps: []image.Step{&image.Grey{}}},
		"500 steps":    {Steps: slices.Repeat([]image.Step{image.Grey{}}, 500)},
		"other format": {Output: image.Output{Format: "bmp"}},
	} {
		if _, err := engine().Render(context.Background(), src, p, nil); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
