package imaging

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"teamspro/internal/image"
)

// sizesAgree runs a plan as the apps do and compares the size that was foretold with the one that came out, and finds notes
// that are told twice.
func sizesAgree(ctx context.Context, e image.Engine, limits image.Limits, data []byte, p image.Plan) error {
	before, err := e.Probe(ctx, data)
	if err != nil {
		return err
	}
	layout, err := limits.Layout(p, before)
	if err != nil {
		return nil // it was refused before the engine saw it
	}
	r, err := image.Run(ctx, e, limits, data, before, p, nil)
	if err != nil {
		return fmt.Errorf("%d × %d, %s: %w", before.W, before.H, p, err)
	}
	want := layout.After(before)
	if want.AtMost {
		if r.Facts.W > want.W || r.Facts.H > want.H {
			return fmt.Errorf("%d × %d, %s: at most %d × %d was foretold, and it is %d × %d", before.W, before.H, p, want.W, want.H, r.Facts.W, r.Facts.H)
		}
	} else if r.Facts.W != want.W || r.Facts.H != want.H {
		return fmt.Errorf("%d × %d, %s: %d × %d was foretold, and it is %d × %d", before.W, before.H, p, want.W, want.H, r.Facts.W, r.Facts.H)
	}
	told := map[string]bool{}
	for _, n := range r.Notes {
		if told[n.Key] {
			return fmt.Errorf("%s is told twice: %v", p, r.Notes)
		}
		told[n.Key] = true
	}
	for _, n := range layout.Notes {
		if !told[n.Key] {
			return fmt.Errorf("%s: %s is not told", p, n.Key)
		}
	}
	return nil
}

func TestSizesAreAsForetold(t *testing.T) {
	t.Parallel()
	picture := map[string][]byte{"photo": jpegOf(photo(301, 199), 80), "drawing": pngOf(quartersOf(60, 41)), "moving": animation(33, 20, 4), "line": pngOf(quartersOf(250, 1))}
	small := own(t, Config{Workers: 1, MaxSide: smallLimits.Side, MaxOutput: int64(smallLimits.Pixels)})
	sources := []string{"photo", "drawing", "moving", "line"}
	for _, plan := range []string{
		"strip", "resize 100", "resize x33", "resize 33%", "resize 0.01%", "resize 1", "resize 100x100", "resize 100x100 fill", "resize 33x77 fill smart",
		"resize 99x7 force", "resize 333 enlarge", "resize 150%", "resize 500x300 fill", "resize 500x300 fill enlarge", "resize 500x3 force", "max 64", "max 640",
		"resize 33.3%", "resize 66.7% | resize 50% | resize 12.5%", "resize 7x1000", "resize 1000x7", "resize 50%x20px force",
		"crop 16:9", "crop 9:16", "crop 1:100", "crop 2.39:1", "crop square smart", "crop 50x300", "crop 33% left", "crop 10,0 20x1", "crop 10.4,0 20.3x1.6", "crop 33.3%,0% 12.7%x99.9%",
		"crop 0.5%", "crop right 1%", "rotate left | resize 50", "rotate 180 | crop 4:3", "flip | mirror", "trim", "trim 200 | resize 20", "trim | pad 10",
		"pad 10", "pad 10%", "pad 1 2 3 4", "pad 0.4", "pad 0.5", "pad 2.5%", "pad 16:9", "pad 9:16", "pad 1:1 | max 30", "pad 100:1", "pad 300 transparent", "pad 100%",
		"resize 5000 enlarge", "resize 900x900 force enlarge | crop 3:2", "resize 900x900 fill enlarge", "pad 5000", "pad 0 5000 0 0", "pad 5000 | crop 10,10 50x50",
		"resize 700 enlarge | rotate right | pad 80 | resize 300%", "rotate right | resize 50% | rotate right | resize 200%",
		"redact 10%,10% 50%x50% | resize 40 | resize 80", "blur 3 | resize 20", "blur 20 | resize 20", "text Hello | resize 20", "round 50% | png", "resize 10 | text Hello | marker 1 5,0 | arrow 0,0 9,0",
		"pixelate 0,0 3x1 | blur 0,0 3x1 | resize 40", "resize 2000 | resize 2000 | resize 3000", "resize 50 | jpeg under 1 KB", "webp | resize 40", "gif | resize 40", "avif | resize 41", "jpeg | pad 3:2 transparent",
	} {
		p, err := image.Parse(plan)
		if err != nil {
			t.Errorf("%s: %v", plan, err)
			continue
		}
		for _, name := range sources {
			if p.Output.MaxBytes > 0 && name != "line" {
				continue // a limit of bytes makes it smaller than foretold, and says so
			}
			if err := sizesAgree(t.Context(), small, smallLimits, picture[name], p); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// smallLimits are met by small pictures.
var smallLimits = image.Limits{Side: 640, Pixels: 200_000}

func TestSizesOfAnyPlanAreAsForetold(t *testing.T) {
	t.Parallel()
	e := own(t, Config{Workers: 1, MaxSide: smallLimits.Side, MaxOutput: int64(smallLimits.Pixels)})
	rapid.Check(t, func(t *rapid.T) {
		source := quartersOf(rapid.IntRange(1, 120).Draw(t, "w"), rapid.IntRange(1, 120).Draw(t, "h"))
		data := pngOf(source)
		if rapid.Bool().Draw(t, "jpeg") {
			data = jpegOf(source, 80)
		}
		p := image.Plan{Steps: rapid.SliceOfN(rapid.Custom(drawnStep), 1, 5).Draw(t, "steps")}
		if p.Validate() != nil {
			t.Skip("it would not have been taken")
		}
		if err := sizesAgree(context.Background(), e, smallLimits, data, p); err != nil {
			t.Fatal(err)
		}
	})
}

// drawnLength is a length that means something.
func drawnLength(t *rapid.T) image.Length {
	if rapid.Bool().Draw(t, "percent") {
		return pc(float64(rapid.IntRange(1, 1000).Draw(t, "tenths")) / 10)
	}
	return px(float64(rapid.IntRange(1, 800).Draw(t, "pixels")))
}

// drawnStep is a step that changes the size, or one that stands between two of them.
func drawnStep(t *rapid.T) image.Step {
	places := []image.Gravity{image.Centre, image.TopLeft, image.Right, image.Smart}
	small := rapid.IntRange(1, 30)
	switch rapid.SampledFrom([]string{"fit", "fill", "force", "crop", "ratio", "size", "rotate", "flip", "pad", "around", "cover", "grey"}).Draw(t, "step") {
	case "fit":
		r := image.Resize{Mode: image.Fit, W: drawnLength(t), Enlarge: rapid.Bool().Draw(t, "enlarge")}
		if rapid.Bool().Draw(t, "both") {
			r.H = drawnLength(t)
		}
		return r
	case "fill":
		return image.Resize{Mode: image.Fill, W: drawnLength(t), H: drawnLength(t), Gravity: rapid.SampledFrom(places).Draw(t, "place"), Enlarge: rapid.Bool().Draw(t, "enlarge")}
	case "force":
		return image.Resize{Mode: image.Force, W: drawnLength(t), H: drawnLength(t), Enlarge: rapid.Bool().Draw(t, "enlarge")}
	case "crop":
		return image.Crop{Box: image.Box{X: pc(float64(rapid.IntRange(0, 90).Draw(t, "x"))), Y: px(0), W: drawnLength(t), H: drawnLength(t)}}
	case "ratio":
		return image.CropRatio{W: small.Draw(t, "rw"), H: small.Draw(t, "rh"), Gravity: rapid.SampledFrom(places).Draw(t, "place")}
	case "size":
		return image.CropSize{W: drawnLength(t), H: drawnLength(t), Gravity: rapid.SampledFrom(places).Draw(t, "place")}
	case "rotate":
		return image.Rotate{Degrees: 90 * rapid.IntRange(1, 3).Draw(t, "quarters")}
	case "flip":
		return image.Flip{Vertical: rapid.Bool().Draw(t, "vertical")}
	case "pad":
		return image.Pad{Top: drawnLength(t), Right: drawnLength(t), Left: px(float64(small.Draw(t, "left"))), Color: white}
	case "around":
		return image.PadRatio{W: small.Draw(t, "rw"), H: small.Draw(t, "rh"), Color: white}
	case "cover":
		return image.Redact{How: image.Solid, Color: black, Boxes: []image.Box{{X: pc(10), Y: pc(10), W: drawnLength(t), H: pc(30)}}}
	}
	return image.Grey{}
}

// TestNotesAreToldOnce: what both the layout and the engine found, and what two steps found, is told once.
func TestNotesAreToldOnce(t *testing.T) {
	t.Parallel()
	data := jpegOf(photo(100, 60), 80)
	for plan, want := range map[string][]string{
		"resize 200 | resize 300":                      {image.NoteNotEnlarged},
		"pixelate 0,0 9x9 | blur 20,20 9x9":            {image.NoteWeakRedaction},
		"resize 9000 enlarge | resize 900% | resize 9": {image.NoteClamped},
		"resize 20": nil,
	} {
		p, err := image.Parse(plan)
		if err != nil {
			t.Fatal(err)
		}
		before, err := engine().Probe(t.Context(), data)
		if err != nil {
			t.Fatal(err)
		}
		r, err := image.Run(t.Context(), engine(), smallLimits, data, before, p, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := noteKeys(r); !slices.Equal(got, want) {
			t.Errorf("%s is told with %v, not %v", plan, got, want)
		}
	}
}
