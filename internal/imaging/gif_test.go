package imaging

import (
	"bytes"
	pix "image"
	"image/color"
	"image/draw"
	"image/gif"
	"math/rand/v2"
	"testing"

	"teamspro/internal/image"
)

// played is what an animation shows at each of its frames.
func played(t *testing.T, data []byte) []*pix.NRGBA {
	t.Helper()
	g, err := gif.DecodeAll(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	canvas := pix.NewNRGBA(pix.Rect(0, 0, g.Config.Width, g.Config.Height))
	var out []*pix.NRGBA
	for i, f := range g.Image {
		draw.Draw(canvas, f.Rect, f, f.Rect.Min, draw.Over)
		shown := pix.NewNRGBA(canvas.Rect)
		copy(shown.Pix, canvas.Pix)
		out = append(out, shown)
		if g.Disposal[i] == gif.DisposalBackground {
			draw.Draw(canvas, f.Rect, pix.Transparent, pix.Point{}, draw.Src)
		}
	}
	return out
}

// filmOf writes frames with a palette for each, in full.
func filmOf(t *testing.T, frames []*pix.NRGBA, colours color.Palette) []byte {
	t.Helper()
	g := gif.GIF{}
	for i, f := range frames {
		p := pix.NewPaletted(f.Rect, colours)
		draw.Draw(p, p.Rect, f, pix.Point{}, draw.Src)
		g.Image, g.Delay, g.Disposal = append(g.Image, p), append(g.Delay, 4+i), append(g.Disposal, gif.DisposalBackground)
	}
	return gifOf(t, &g)
}

func gifOf(t *testing.T, g *gif.GIF) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestGIFOfFewColours sees that what has no more colours than a palette comes out as it went in: at every number of bits
// that an index can have, with noise that fills the table of strings many times, with and without holes.
func TestGIFOfFewColours(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 3, 4, 5, 15, 16, 17, 100, 128, 254, 255} {
		for _, holes := range []bool{false, true} {
			colours := color.Palette{color.NRGBA{}}
			for i := range n {
				colours = append(colours, color.NRGBA{R: uint8(i), G: uint8(i * 7), B: uint8(255 - i*3), A: 255})
			}
			var frames []*pix.NRGBA
			for f := range 3 {
				im := pix.NewNRGBA(pix.Rect(0, 0, 211, 97))
				for i := range 211 * 97 {
					c := colours[1+r.IntN(n)]
					if holes && r.IntN(5) == 0 {
						c = colours[0]
					} else if f == 2 && i > 9000 { // the end of the last frame is as before
						c = frames[1].NRGBAAt(i%211, i/211)
					}
					im.Set(i%211, i/211, c)
				}
				frames = append(frames, im)
			}
			if n == 255 && holes {
				colours = colours[:255]
			}
			data := filmOf(t, frames, colours[:min(len(colours), 256)])
			want := played(t, data)
			got := played(t, result(t, data, image.Plan{}).Data)
			for f := range want {
				if len(got) != len(want) || !bytes.Equal(got[f].Pix, want[f].Pix) {
					t.Fatalf("%d colours, holes %v: frame %d is another", n, holes, f)
				}
			}
		}
	}
}

// TestGIFOfPhotographs sees that scenes of many colours keep their likeness, with one palette or with one for each frame, and
// that what does not change costs next to nothing.
func TestGIFOfPhotographs(t *testing.T) {
	t.Parallel()
	scene := photo(320, 240)
	still := result(t, pngOf(scene), image.Plan{Output: image.Output{Format: image.GIF}})
	if d := psnr(scene, decoded(t, still.Data)); d < 32 {
		t.Errorf("a photograph: %.1f dB", d)
	}
	dotted := gif.GIF{}
	for i := range 3 {
		f, err := gif.Decode(bytes.NewReader(still.Data))
		if err != nil {
			t.Fatal(err)
		}
		fill(f.(draw.Image), pix.Rect(10+20*i, 10, 30+20*i, 30), color.Black)
		dotted.Image, dotted.Delay = append(dotted.Image, f.(*pix.Paletted)), append(dotted.Delay, 5)
	}
	three := result(t, gifOf(t, &dotted), image.Plan{})
	if len(three.Data) > len(still.Data)*5/4 || three.Facts.Frames != 3 {
		t.Errorf("three frames that differ by a dot have %d bytes and one %d; %d frames", len(three.Data), len(still.Data), three.Facts.Frames)
	}
	red, blue := pix.NewNRGBA(scene.Rect), pix.NewNRGBA(scene.Rect)
	for i := 0; i < len(scene.Pix); i += 4 {
		copy(red.Pix[i:], []byte{scene.Pix[i], scene.Pix[i+1] / 8, scene.Pix[i+2] / 8, 255})
		copy(blue.Pix[i:], []byte{scene.Pix[i] / 8, scene.Pix[i+1] / 8, scene.Pix[i+2], 255})
	}
	scenes := gif.GIF{}
	for _, s := range []pix.Image{red, blue} {
		f, err := gif.Decode(bytes.NewReader(result(t, pngOf(s), image.Plan{Output: image.Output{Format: image.GIF}}).Data))
		if err != nil {
			t.Fatal(err)
		}
		scenes.Image, scenes.Delay = append(scenes.Image, f.(*pix.Paletted)), append(scenes.Delay, 5)
	}
	for i, im := range played(t, result(t, gifOf(t, &scenes), image.Plan{}).Data) {
		if d := psnr([]pix.Image{red, blue}[i], im); d < 30 {
			t.Errorf("scene %d of two: %.1f dB", i, d)
		}
	}
}

// TestGIFTiming sees delays and the number of repetitions kept.
func TestGIFTiming(t *testing.T) {
	t.Parallel()
	a, b := quartersOf(40, 30), pix.NewNRGBA(pix.Rect(0, 0, 40, 30))
	data := filmOf(t, []*pix.NRGBA{a, b, a, a}, color.Palette{color.NRGBA{}, color.NRGBA{R: 255, A: 255}, color.NRGBA{B: 255, A: 255}})
	for _, loops := range []int{-1, 0, 5} {
		g, err := gif.DecodeAll(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		g.LoopCount = loops
		out, err := gif.DecodeAll(bytes.NewReader(result(t, gifOf(t, g), image.Plan{Steps: []image.Step{image.Resize{W: px(20)}}}).Data))
		if err != nil {
			t.Fatal(err)
		}
		if out.LoopCount != loops || len(out.Delay) != 4 || out.Delay[0] != 4 || out.Delay[3] != 7 {
			t.Errorf("%d times, delays %v, want %d", out.LoopCount, out.Delay, loops)
		}
	}
}
