package main

import (
	"bytes"
	"context"
	"encoding/binary"
	pixels "image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"strings"
	"sync"
	"testing"

	"teamspro/internal/image"
	"teamspro/internal/imaging"
)

// The pictures that docs/pictures.md works on are drawn here: nobody's photograph, nobody's screen.

// source is one of them, and how large the page shows what becomes of it.
type source struct {
	file  string
	data  []byte
	shown float64 // of its size
}

// sources are the pictures by the name that the page gives them.
var sources = sync.OnceValue(func() map[string]source {
	return map[string]source{
		"harbour": {"harbour.jpg", withPlace(jpegOf(harbour())), 0.2},
		"screen":  {"screen.png", screen(), 0.2},
		"ring":    {"ring.png", pngOf(ring()), 0.2},
		"scan":    {"scan.png", pngOf(scan()), 0.2},
		"light":   {"light.gif", light(), 1},
	}
})

// pictureEngine works on the pictures of the tests in this package.
func pictureEngine(t testing.TB) *imaging.Pool {
	t.Helper()
	engine, err := imaging.New(imaging.Config{Workers: 2, Queue: 1000})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(engine.Close)
	return engine
}

func pngOf(img pixels.Image) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func jpegOf(img pixels.Image) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 92}); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// tint is a colour as three numbers from 0 to 1.
type tint [3]float64

func (a tint) to(b tint, k float64) tint {
	k = math.Max(0, math.Min(1, k))
	return tint{a[0] + (b[0]-a[0])*k, a[1] + (b[1]-a[1])*k, a[2] + (b[2]-a[2])*k}
}

func (a tint) color() color.NRGBA {
	return color.NRGBA{R: level(a[0]), G: level(a[1]), B: level(a[2]), A: 255}
}

func level(v float64) uint8 { return uint8(math.Round(255 * math.Max(0, math.Min(1, v)))) }

// painted asks for the colour of each pixel.
func painted(w, h int, at func(x, y float64) color.NRGBA) *pixels.NRGBA {
	img := pixels.NewNRGBA(pixels.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetNRGBA(x, y, at(float64(x), float64(y)))
		}
	}
	return img
}

// harbour is an evening: a low sun, hills, a lighthouse, two boats and their light on the water.
func harbour() pixels.Image {
	const w, h, sea = 1200, 800, 470
	return painted(w, h, func(x, y float64) color.NRGBA {
		c := sky(x, y)
		if y > sea {
			wave := math.Sin(y*0.9+math.Sin(x*0.02+y*0.11)*3) + math.Sin(x*0.05+y*0.4)
			c = sky(x+wave*9, 2*sea-y+wave*7).to(tint{0.05, 0.16, 0.25}, 0.35+(y-sea)/900)
			if near := math.Exp(-math.Abs(x-830) / (30 + (y-sea)*0.35)); wave > 0.6 {
				c = c.to(tint{1, 0.85, 0.55}, near)
			}
		}
		c = quay(c, x, y)
		c = boat(c, x, y, 250, 560, 1.25, tint{0.72, 0.16, 0.14})
		c = boat(c, x, y, 560, 520, 0.7, tint{0.13, 0.32, 0.5})
		grain := math.Mod(math.Abs(math.Sin(x*12.9898+y*78.233)*43758.5453), 1) - 0.5
		return tint{c[0] + grain*0.035, c[1] + grain*0.035, c[2] + grain*0.035}.color()
	})
}

func sky(x, y float64) tint {
	c := tint{0.20, 0.36, 0.62}.to(tint{0.98, 0.72, 0.47}, y/470)
	sun := math.Hypot(x-830, y-330)
	c = c.to(tint{1, 0.9, 0.65}, math.Exp(-sun/130)*0.8)
	if sun < 52 {
		c = tint{1, 0.95, 0.78}
	}
	if y > 400+35*math.Sin(x/170)+18*math.Sin(x/61+1) {
		c = tint{0.36, 0.38, 0.52}
	}
	if y > 440+22*math.Sin(x/110+2)+9*math.Sin(x/37) {
		c = tint{0.22, 0.27, 0.38}
	}
	return c
}

// quay is the mole at the right with its lighthouse.
func quay(c tint, x, y float64) tint {
	tower := (y - 190) * 0.06
	switch {
	case y > 455 && y < 520 && x > 950+(y-455)*-0.4:
		return tint{0.30, 0.28, 0.27}.to(tint{0.16, 0.15, 0.17}, (y-455)/65)
	case math.Hypot(x-1060, y-172) < 30 && y < 172 || y >= 172 && y < 182 && math.Abs(x-1060) < 34:
		return tint{0.62, 0.14, 0.13}
	case y >= 182 && y < 222 && math.Abs(x-1060) < 22:
		return tint{1, 0.93, 0.6}
	case y >= 222 && y < 456 && math.Abs(x-1060) < 26+tower:
		stripe := tint{0.93, 0.91, 0.87}
		if int(y-222)/58%2 == 1 {
			stripe = tint{0.72, 0.17, 0.15}
		}
		return stripe.to(tint{0.2, 0.15, 0.2}, (x-1040)/60)
	}
	return c
}

// boat has a hull, a mast and two sails.
func boat(c tint, x, y, at, water, k float64, hull tint) tint {
	dx, dy := (x-at)/k, (y-water)/k
	switch {
	case dy > 0 && dy < 34 && math.Abs(dx) < 120-dy*1.3:
		return hull.to(tint{0.05, 0.05, 0.08}, dy/50)
	case dy <= 0 && dy > -10 && math.Abs(dx) < 122:
		return tint{0.95, 0.93, 0.88}
	case math.Abs(dx) < 3 && dy <= -10 && dy > -265:
		return tint{0.32, 0.22, 0.16}
	case dx >= 6 && dy < -24 && dy > -250 && dx < 6+(dy+250)*0.42:
		return tint{0.97, 0.95, 0.9}.to(tint{0.8, 0.72, 0.66}, dx/120)
	case dx <= -6 && dy < -24 && dy > -215 && dx > -6-(dy+215)*0.36:
		return tint{0.9, 0.87, 0.82}
	case math.Abs(dx) < 90 && dy >= 34 && dy < 120 && math.Mod(math.Abs(dy+math.Sin(dx/14)*4), 16) < 7:
		return c.to(hull, 0.5*(1-dy/120))
	}
	return c
}

// withPlace puts the camera's data into a JPEG: its name, and where it stood (a place in the open sea).
func withPlace(jpeg []byte) []byte {
	order := binary.BigEndian
	const camera = "Harbour Camera\x00\x00"
	tiff := []byte("MM\x00*\x00\x00\x00\x08")
	entry := func(tag, kind uint16, count uint32, value [4]byte) {
		tiff = order.AppendUint16(tiff, tag)
		tiff = order.AppendUint16(tiff, kind)
		tiff = order.AppendUint32(tiff, count)
		tiff = append(tiff, value[:]...)
	}
	offset := func(n uint32) (b [4]byte) { order.PutUint32(b[:], n); return b }
	const after = 8 + 2 + 2*12 + 4
	tiff = order.AppendUint16(tiff, 2)
	entry(0x0110, 2, uint32(len(camera)), offset(after))
	entry(0x8825, 4, 1, offset(after+uint32(len(camera))))
	tiff = append(order.AppendUint32(tiff, 0), camera...)
	const places = after + len(camera) + 2 + 4*12 + 4
	tiff = order.AppendUint16(tiff, 4)
	entry(1, 2, 2, [4]byte{'N'})
	entry(2, 5, 3, offset(uint32(places)))
	entry(3, 2, 2, [4]byte{'W'})
	entry(4, 5, 3, offset(uint32(places+24)))
	tiff = order.AppendUint32(tiff, 0)
	for _, n := range []uint32{45, 1, 0, 1, 0, 1, 30, 1, 0, 1, 0, 1} {
		tiff = order.AppendUint32(tiff, n)
	}
	segment := append([]byte{0xff, 0xe1, 0, 0}, "Exif\x00\x00"...)
	segment = append(segment, tiff...)
	order.PutUint16(segment[2:], uint16(len(segment)-2))
	return bytes.Join([][]byte{jpeg[:2], segment, jpeg[2:]}, nil)
}

// screen is a settings page of an invented program, with a password on it that is nobody's. Its letters are written by the
// program under test.
func screen() []byte {
	img := painted(1200, 750, func(x, y float64) color.NRGBA {
		in := func(x1, y1, x2, y2 float64) bool { return x >= x1 && x < x2 && y >= y1 && y < y2 }
		switch {
		case in(0, 0, 1200, 64):
			return color.NRGBA{R: 70, G: 71, B: 117, A: 255}
		case in(960, 620, 1140, 690):
			return color.NRGBA{R: 91, G: 95, B: 199, A: 255}
		case in(0, 64, 260, 750):
			return color.NRGBA{R: 235, G: 235, B: 240, A: 255}
		case in(320, 210, 1140, 280), in(320, 370, 1140, 440), in(320, 530, 1140, 600):
			if in(322, 212, 1138, 278) || in(322, 372, 1138, 438) || in(322, 532, 1138, 598) {
				return color.NRGBA{R: 255, G: 255, B: 255, A: 255}
			}
			return color.NRGBA{R: 150, G: 150, B: 160, A: 255}
		}
		return color.NRGBA{R: 248, G: 248, B: 250, A: 255}
	})
	p, err := image.Parse(strings.Join([]string{
		`text plain "Ferry Desk – Settings" 30,8 34 white`, `text plain "Profile" 30,110 32 #333`, `text plain "Account" 30,180 32 blue`, `text plain "Boats" 30,250 32 #333`,
		`text plain "Your account" 310,90 46 #222`, `text plain "User name" 310,165 28 #555`, `text plain "ana.duarte" 330,222 34 #222`,
		`text plain "Password" 310,325 28 #555`, `text plain "sunny-ferry-42" 330,382 34 #222`, `text plain "Recovery key" 310,485 28 #555`,
		`text plain "7QX4-9LMT-0ABC" 330,542 34 #222`, `text plain "Save" 1000,632 34 white`,
	}, "|"))
	if err != nil {
		panic(err)
	}
	engine, err := imaging.New(imaging.Config{Workers: 1})
	if err != nil {
		panic(err)
	}
	defer engine.Close()
	r, err := engine.Render(context.Background(), pngOf(img), p, nil)
	if err != nil {
		panic(err)
	}
	return r.Data
}

// ring is a lifebuoy with nothing around it and nothing inside.
func ring() pixels.Image {
	return painted(600, 600, func(x, y float64) color.NRGBA {
		x, y = x-300, y-300
		d := math.Hypot(x, y)
		edge := math.Min(d-140, 280-d)
		if edge <= -1 {
			return color.NRGBA{}
		}
		c := tint{0.97, 0.96, 0.93}
		if math.Mod(math.Atan2(y, x)+math.Pi*2+math.Pi/8, math.Pi/2) < math.Pi/4 {
			c = tint{0.85, 0.2, 0.15}
		}
		n := c.to(tint{0.1, 0.05, 0.05}, math.Abs(d-200)/280).color()
		n.A = level(edge + 1)
		return n
	})
}

// scan is a card that lies on the glass of a scanner, whose grey is around it.
func scan() pixels.Image {
	return painted(1000, 800, func(x, y float64) color.NRGBA {
		switch {
		case x < 210 || x >= 790 || y < 170 || y >= 550:
			return color.NRGBA{R: 228, G: 228, B: 226, A: 255}
		case math.Hypot(x-330, y-300) < 70:
			return color.NRGBA{R: 40, G: 110, B: 140, A: 255}
		case x > 440 && x < 740 && (y > 250 && y < 280 || y > 310 && y < 326):
			return color.NRGBA{R: 60, G: 60, B: 70, A: 255}
		case x > 250 && x < 740 && y > 440 && y < 458:
			return color.NRGBA{R: 150, G: 150, B: 160, A: 255}
		case x < 216 || x >= 784 || y < 176 || y >= 544:
			return color.NRGBA{R: 150, G: 110, B: 60, A: 255}
		}
		return color.NRGBA{R: 255, G: 253, B: 246, A: 255}
	})
}

// light is a lighthouse at night that turns its beam: an animation of twelve frames.
func light() []byte {
	palette := color.Palette{color.NRGBA{R: 14, G: 22, B: 48, A: 255}, color.NRGBA{R: 60, G: 70, B: 92, A: 255}, color.NRGBA{R: 250, G: 226, B: 150, A: 255},
		color.NRGBA{R: 230, G: 228, B: 222, A: 255}, color.NRGBA{R: 180, G: 46, B: 40, A: 255}, color.NRGBA{R: 10, G: 40, B: 62, A: 255}}
	g := &gif.GIF{}
	for i := range 12 {
		frame := pixels.NewPaletted(pixels.Rect(0, 0, 240, 160), palette)
		turn := math.Cos(2 * math.Pi * float64(i) / 12)
		for y := range 160 {
			for x := range 240 {
				frame.SetColorIndex(x, y, beam(float64(x-120), float64(y), turn))
			}
		}
		g.Image, g.Delay = append(g.Image, frame), append(g.Delay, 12)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// beam is the number of a pixel's colour, counted from the middle of the tower.
func beam(x, y, turn float64) uint8 {
	switch {
	case y > 135:
		return 5
	case math.Abs(x) < 8+(y-40)*0.06 && y >= 52:
		return 3 + uint8(int(y-52)/20%2)
	case math.Abs(x) < 7 && y >= 38:
		return 2
	case math.Abs(x) < 10-(38-y)*0.9 && y >= 30 && y < 38:
		return 4
	case x*turn > 0 && math.Abs(x) < 110*math.Abs(turn) && math.Abs(y-45) < 3+math.Abs(x)*0.16:
		return 2
	}
	return 0
}
