package imaging

import (
	"context"
	pix "image"
	"image/draw"
	"testing"

	"teamspro/internal/image"
)

// TestSwift holds what is done while a JPEG is decoded to what the same steps give one after another: two flips, which
// undo each other, keep the swift way from being taken.
func TestSwift(t *testing.T) {
	t.Parallel()
	grey := pix.NewGray(pix.Rect(0, 0, 401, 301))
	for i := range grey.Pix {
		grey.Pix[i] = uint8(i % 401 / 2)
	}
	colours := photo(803, 602)
	sources := map[string][]byte{
		"colours":    jpegOf(colours, 90),
		"grey":       jpegOf(grey, 90),
		"turned":     withSegments(jpegOf(colours, 90), segmentOf(0xe1, exifOf(6))),
		"profile":    withSegments(jpegOf(colours, 90), segmentOf(0xe2, append([]byte("ICC_PROFILE\x00\x01\x01"), profileOf()...))),
		"one row":    jpegOf(photo(500, 1), 90),
		"one column": jpegOf(photo(1, 500), 90),
	}
	plans := map[string][]image.Step{
		"a quarter":      {image.Resize{W: pc(25)}},
		"a bit":          {image.Resize{W: pc(97)}},
		"one pixel":      {image.Resize{W: px(1), H: px(1), Mode: image.Force}},
		"one side":       {image.Resize{W: px(90), H: pc(100), Mode: image.Force}},
		"filled":         {image.Resize{W: px(100), H: px(100), Mode: image.Fill, Gravity: image.BottomRight}},
		"a part":         {image.Crop{Box: boxOf(37, 51, 222, 160)}, image.Resize{W: pc(40)}},
		"a part of that": {image.CropRatio{W: 1, H: 1, Gravity: image.Right}, image.CropSize{W: pc(80), H: pc(80), Gravity: image.Top}, image.Resize{W: pc(30)}},
		"larger":         {image.Resize{W: pc(120), Enlarge: true}},
	}
	for from, data := range sources {
		for name, steps := range plans {
			swift := asPixels(t, data, steps)
			slow := asPixels(t, data, append([]image.Step{image.Flip{}, image.Flip{}}, steps...))
			if swift.Rect != slow.Rect {
				t.Errorf("%s, %s: %v, want %v", from, name, swift.Rect, slow.Rect)
				continue
			}
			if d := distance(swift.Pix, slow.Pix); d > 2 {
				t.Errorf("%s, %s: the mean difference is %.2f", from, name, d)
			}
		}
	}
}

func asPixels(t *testing.T, data []byte, steps []image.Step) *pix.NRGBA {
	t.Helper()
	im, _ := rendered(t, data, steps...)
	out := pix.NewNRGBA(im.Bounds())
	draw.Draw(out, out.Rect, im, pix.Point{}, draw.Src)
	return out
}

// TestSwiftIsWary sees that what the swift way cannot read is told or left to libvips.
func TestSwiftIsWary(t *testing.T) {
	t.Parallel()
	whole := jpegOf(photo(800, 600), 90)
	small := image.Plan{Steps: []image.Step{image.Resize{W: px(100)}}}
	for _, n := range []int{len(whole) / 3, len(whole) - 100, len(whole) - 2} {
		if _, err := engine().Render(context.Background(), whole[:n:n], small, nil); keyOf(err) != "image.truncated" {
			t.Errorf("%d of %d bytes: %v", n, len(whole), err)
		}
	}
	late := append([]byte(nil), whole...)
	for i := len(late) / 2; i < len(late)/2+400; i++ {
		late[i] = 0xff // fill bytes, of which a decoder makes what it can
	}
	if _, err := engine().Render(context.Background(), late, small, nil); err != nil && keyOf(err) != "image.truncated" {
		t.Error(err)
	}
}
