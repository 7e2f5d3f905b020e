package sandbox

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// The sample pictures are drawn, so that none has to be kept with the code, and nobody's rights or face are in them.

func rgb(hex uint32) color.RGBA {
	return color.RGBA{uint8(hex >> 16), uint8(hex >> 8), uint8(hex), 255}
}

// blend goes from one colour to another as t goes from 0 to 1.
func blend(a, b color.RGBA, t float64) color.RGBA {
	t = min(max(t, 0), 1)
	mix := func(x, y uint8) uint8 { return uint8(float64(x) + (float64(y)-float64(x))*t + 0.5) }
	return color.RGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 255}
}

// canvas is a picture in the making. Coordinates run from 0 to 1 over its height, and as far as it is wide.
type canvas struct {
	*image.RGBA
	unit float64 // pixels
}

func newCanvas(w, h int) canvas { return canvas{image.NewRGBA(image.Rect(0, 0, w, h)), float64(h)} }

// shade gives every four pixels a colour of their place: where it is smooth nobody sees that, and it takes a quarter of the
// time.
func (c canvas) shade(of func(x, y float64) color.RGBA) {
	b := c.Bounds()
	for py := 0; py < b.Dy(); py += 2 {
		for px := 0; px < b.Dx(); px += 2 {
			paint := of(float64(px+1)/c.unit, float64(py+1)/c.unit)
			for i := range 4 {
				c.SetRGBA(px+i%2, py+i/2, paint)
			}
		}
	}
}

// shape fills a polygon, smooth at its edges: x and y in turns. Only the rectangle around it is worked on.
func (c canvas) shape(fill color.Color, xy ...float64) {
	left, top, right, bottom := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for i := 0; i+1 < len(xy); i += 2 {
		left, right = min(left, xy[i]), max(right, xy[i])
		top, bottom = min(top, xy[i+1]), max(bottom, xy[i+1])
	}
	pixel := func(v float64) int { return int(math.Floor(v * c.unit)) }
	around := image.Rect(pixel(left), pixel(top), pixel(right)+1, pixel(bottom)+1).Intersect(c.Bounds())
	r := vector.NewRasterizer(around.Dx(), around.Dy())
	for i := 0; i+1 < len(xy); i += 2 {
		x, y := float32(xy[i]*c.unit)-float32(around.Min.X), float32(xy[i+1]*c.unit)-float32(around.Min.Y)
		if i == 0 {
			r.MoveTo(x, y)
		} else {
			r.LineTo(x, y)
		}
	}
	r.ClosePath()
	r.Draw(c.RGBA, around, image.NewUniform(fill), image.Point{})
}

func (c canvas) box(fill color.Color, x, y, w, h float64) {
	c.shape(fill, x, y, x+w, y, x+w, y+h, x, y+h)
}

// land fills everything below a line of hills.
func (c canvas) land(fill color.Color, base, height, phase, bottom float64) {
	width := float64(c.Bounds().Dx()) / c.unit
	xy := []float64{0, bottom}
	for x := 0.0; x <= width+.01; x += .01 {
		y := math.Sin(x*2.3+phase) + .5*math.Sin(x*5.1+phase*2) + .18*math.Sin(x*13+phase*3)
		xy = append(xy, x, base-height*(y+1.7)/3.4)
	}
	c.shape(fill, append(xy, width+.01, bottom)...)
}

// grain makes a smooth picture look as if it came out of a camera.
func (c canvas) grain(strength int) {
	state := uint32(2463534242)
	for i := range c.Pix {
		if i%4 == 3 {
			continue
		}
		if i%4 == 0 {
			state ^= state << 13
			state ^= state >> 17
			state ^= state << 5
		}
		c.Pix[i] = uint8(min(max(int(c.Pix[i])+int(state>>16)%(2*strength+1)-strength, 0), 255))
	}
}

// light is what the hour and the weather make of sky and sea.
type light struct {
	high, low, glow, sun color.RGBA // the sky from above to the horizon, around the sun, and the sun itself
	near, far            color.RGBA // the sea
}

// evening is the hour of the sample pictures.
func evening() light {
	return light{high: rgb(0x31598c), low: rgb(0xf2b48a), glow: rgb(0xffe9b8), sun: rgb(0xfffaf0), near: rgb(0x1d4359), far: rgb(0xd79a80)}
}

// seaAndSky is a view over the water: a sky that glows where the sun stands, and its path on the waves.
func (c canvas) seaAndSky(l light, sunX, horizon float64) {
	c.shade(func(x, y float64) color.RGBA {
		if y < horizon {
			sun := math.Hypot(x-sunX, (y-horizon+.09)*1.15)
			sky := blend(l.high, l.low, math.Pow(y/horizon, 1.7))
			return blend(blend(sky, l.glow, math.Exp(-sun*sun/.05)*.85), l.sun, (.042-sun)/.004)
		}
		depth := (y - horizon) / (1 - horizon)
		wave := math.Sin(70/(depth+.06)+9*math.Sin(x*6+depth*4)) * math.Sin(x*(90-60*depth)+depth*40)
		sea := blend(l.far, l.near, math.Pow(depth, .55)+.05*wave)
		path := math.Exp(-math.Pow((x-sunX)/(.05+.16*depth), 2)) * (.55 + .45*wave) * (1 - .6*depth)
		return blend(sea, l.glow, path)
	})
}

// house stands on a quay: walls, a roof, and windows of which some are lit.
func (c canvas) house(wall color.RGBA, x, ground, w, h float64, lit int) {
	c.box(wall, x, ground-h, w, h)
	c.box(blend(wall, rgb(0x000000), .22), x+w*.82, ground-h, w*.18, h)
	c.shape(rgb(0x5e3a33), x-w*.06, ground-h, x+w/2, ground-h-w*.5, x+w*1.06, ground-h)
	for i := range 6 {
		glass := rgb(0x34455a)
		if lit>>i&1 == 1 {
			glass = rgb(0xffd98a)
		}
		c.box(glass, x+w*(.14+.32*float64(i%2)), ground-h*(.88-.3*float64(i/2)), w*.2, h*.17)
	}
}

// sailing is a boat whose mast stands at x and whose hull floats at y.
func (c canvas) sailing(hull, sail color.RGBA, x, y, size float64) {
	at := func(fill color.Color, xy ...float64) {
		for i := range xy {
			xy[i] = xy[i]*size + []float64{x, y}[i%2]
		}
		c.shape(fill, xy...)
	}
	at(blend(hull, rgb(0x1d4359), .65), -.5, .03, .55, .03, .42, .16, -.4, .16)
	at(hull, -.62, -.14, .68, -.16, .5, .05, -.5, .05)
	at(rgb(0xf6f2ea), -.62, -.14, .68, -.16, .66, -.11, -.6, -.1)
	at(rgb(0x4a3a33), -.02, -1.5, .02, -1.5, .02, -.12, -.02, -.12)
	at(sail, .04, -1.45, .58, -.26, .04, -.24)
	at(blend(sail, rgb(0xa0705a), .25), -.04, -1.3, -.46, -.26, -.04, -.24)
}

// lighthouse stands on a rock.
func (c canvas) lighthouse(x, ground, h float64) {
	c.shape(rgb(0x3b4450), x-h*.55, ground+h*.06, x-h*.3, ground-h*.06, x+h*.25, ground-h*.08, x+h*.6, ground+h*.06)
	for i := range 5 {
		paint := []color.RGBA{rgb(0xf4efe6), rgb(0xc8453c)}[i%2]
		low, high := .12-.009*float64(i), .12-.009*float64(i+1)
		y := ground - h*(.06+.15*float64(i))
		c.shape(paint, x-h*low, y, x-h*high, y-h*.15, x+h*high, y-h*.15, x+h*low, y)
		c.shape(blend(paint, rgb(0x1b2430), .28), x+h*low*.35, y, x+h*high*.35, y-h*.15, x+h*high, y-h*.15, x+h*low, y)
	}
	c.box(rgb(0x2c3440), x-h*.11, ground-h*.835, h*.22, h*.03)
	c.box(rgb(0xffe7a0), x-h*.055, ground-h*.93, h*.11, h*.1)
	c.shape(rgb(0x2c3440), x-h*.08, ground-h*.93, x, ground-h*1.02, x+h*.08, ground-h*.93)
}

// harbourView is a harbour in the evening, half as wide again as high.
func harbourView(w, h int) canvas {
	c := newCanvas(w, h)
	c.seaAndSky(evening(), .98, .56)
	c.land(rgb(0xb98f96), .575, .16, 1.1, .575)
	c.land(rgb(0x7d6f86), .575, .1, 4.2, .575)
	c.land(rgb(0x4f566f), .575, .05, 2.4, .575)
	c.shape(rgb(0x6b5d58), 0, .6, .74, .585, .74, .615, 0, .67)
	c.shape(rgb(0x3c3f48), 0, .67, .74, .615, .74, .628, 0, .71)
	for i, wall := range []uint32{0xd9a05b, 0xb65448, 0xe6d3b1, 0x6d8ba3, 0xcf8a74, 0xe9c46a, 0x8a9a77} {
		at := float64(i)
		c.house(rgb(wall), .015+.1*at, .603-.0025*at, .088-.003*at, .19-.012*at+.03*float64(i%2), 0b101101>>(i%3))
	}
	c.lighthouse(1.32, .58, .3)
	c.sailing(rgb(0x27485f), rgb(0xf7ead2), .42, .8, .17)
	c.sailing(rgb(0x9c3d34), rgb(0xfdf6e6), .86, .72, .1)
	c.sailing(rgb(0x34524a), rgb(0xf3dcc0), 1.14, .88, .2)
	c.grain(4)
	return c
}

// harbourPicture is like a photograph: a landscape of six megapixels.
func harbourPicture() ([]byte, error) {
	return jpegOf(harbourView(3000, 2000), 82)
}

func jpegOf(img image.Image, quality int) ([]byte, error) {
	var b bytes.Buffer
	err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality})
	return b.Bytes(), err
}

// phoneView is an upright picture of a lighthouse.
func phoneView(w, h int) canvas {
	up := newCanvas(w, h)
	up.seaAndSky(evening(), .52, .7)
	up.land(rgb(0x8d7f93), .71, .07, .4, .71)
	up.lighthouse(.3, .78, .56)
	up.sailing(rgb(0x9c3d34), rgb(0xfdf6e6), .58, .88, .11)
	up.grain(4)
	return up
}

// phonePicture is upright, and lies on its side in the file, as phones write it; it tells where it was "taken".
func phonePicture() ([]byte, error) {
	up := phoneView(1200, 1600)
	lying := image.NewRGBA(image.Rect(0, 0, 1600, 1200))
	for y := range 1200 {
		for x := range 1600 {
			lying.SetRGBA(x, y, up.RGBAAt(1199-y, x))
		}
	}
	data, err := jpegOf(lying, 85)
	return withEXIF(data, exif{orientation: 6, make: "Contoso", model: "Pocket 3", taken: "2026:07:04 20:41:09", latitude: 54.512, longitude: 3.207}), err
}

// lines writes words, each with a face that is made for it.
type lines struct {
	canvas
	problem error
}

func (l *lines) write(ttf []byte, size float64, ink uint32, x, y int, words string) {
	parsed, err := opentype.Parse(ttf)
	if err != nil {
		l.problem = err
		return
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: size, DPI: 72})
	if err != nil {
		l.problem = err
		return
	}
	defer face.Close()
	d := font.Drawer{Dst: l.RGBA, Src: image.NewUniform(rgb(ink)), Face: face, Dot: fixed.P(x, y)}
	d.DrawString(words)
}

func (l *lines) fill(paint uint32, x, y, w, h int) {
	draw.Draw(l.RGBA, image.Rect(x, y, x+w, y+h), image.NewUniform(rgb(paint)), image.Point{}, draw.Src)
}

// frame is a box with a line around it.
func (l *lines) frame(line, paint uint32, x, y, w, h int) {
	l.fill(line, x, y, w, h)
	l.fill(paint, x+2, y+2, w-4, h-4)
}

// settingsPicture is the screenshot of a window in which a password is to be read. The password is invented.
func settingsPicture() ([]byte, error) {
	l := &lines{canvas: newCanvas(1600, 1000)}
	l.shade(func(x, y float64) color.RGBA { return blend(rgb(0x3d5a80), rgb(0x8ea9c1), (x+y)/2.6) })
	l.fill(0x30343c, 146, 98, 1316, 812)
	l.fill(0xf7f8fa, 148, 100, 1312, 808)
	l.fill(0xe4e7ec, 148, 100, 1312, 56)
	for i, dot := range []uint32{0xd9534f, 0xe8b339, 0x5bb974} {
		l.fill(dot, 172+i*30, 121, 16, 16)
	}
	l.write(gomedium.TTF, 22, 0x3b404a, 690, 136, "Printer on floor 2 – settings")
	l.fill(0xeceef2, 148, 156, 292, 752)
	for i, word := range []string{"General", "Paper", "Network", "Scan to mail", "People", "About"} {
		ink := uint32(0x555b66)
		if i == 3 {
			l.fill(0xd5dcf5, 148, 180+i*60, 292, 56)
			l.fill(0x4a50b5, 148, 180+i*60, 6, 56)
			ink = 0x2f357f
		}
		l.write(goregular.TTF, 24, ink, 184, 216+i*60, word)
	}
	l.write(gomedium.TTF, 36, 0x22252c, 490, 226, "Scan to mail")
	l.write(goregular.TTF, 22, 0x6a707c, 490, 268, "Scanned pages are sent with this account.")
	for i, field := range [][2]string{{"Server", "mail.contoso.example"}, {"User", "printer2@contoso.example"}, {"Password", "Kestrel-42-maple"}} {
		y := 310 + i*120
		l.write(goregular.TTF, 22, 0x555b66, 490, y+14, field[0])
		l.frame(0xb9bfca, 0xffffff, 490, y+28, 700, 64)
		l.write(gomono.TTF, 26, 0x22252c, 514, y+69, field[1])
	}
	l.frame(0x4a50b5, 0x4a50b5, 490, 690, 24, 24)
	l.write(gomedium.TTF, 20, 0xffffff, 496, 709, "x")
	l.write(goregular.TTF, 22, 0x3b404a, 530, 710, "Show the password")
	l.fill(0x4a50b5, 490, 790, 170, 60)
	l.write(gomedium.TTF, 24, 0xffffff, 544, 828, "Save")
	l.frame(0xb9bfca, 0xffffff, 680, 790, 170, 60)
	l.write(gomedium.TTF, 24, 0x3b404a, 726, 828, "Cancel")
	if l.problem != nil {
		return nil, l.problem
	}
	var b bytes.Buffer
	err := png.Encode(&b, l.RGBA)
	return b.Bytes(), err
}

// Of the picture that moves.
const (
	boatFrames = 24
	boatDelay  = 8 // hundredths of a second
)

// boatPicture is a boat on the waves, again and again.
func boatPicture() ([]byte, error) {
	moving := gif.GIF{Delay: make([]int, boatFrames)}
	for i := range boatFrames {
		frame := image.NewPaletted(image.Rect(0, 0, 320, 240), boatColours())
		draw.Draw(frame, frame.Rect, boatAt(float64(i)/boatFrames*2*math.Pi), image.Point{}, draw.Src)
		moving.Image, moving.Delay[i] = append(moving.Image, frame), boatDelay
	}
	var b bytes.Buffer
	err := gif.EncodeAll(&b, &moving)
	return b.Bytes(), err
}

const (
	boatSky, boatSun, boatFar, boatNear = 0xa9d3e8, 0xffe08a, 0x4f8fb0, 0x2c6a8c
	boatHull, boatSail                  = 0xb6463c, 0xfbf3e2
)

// boatColours are those of the drawing and what lies between them, where edges are smooth.
func boatColours() color.Palette {
	of := []uint32{boatSky, boatSun, boatFar, boatNear, boatHull, boatSail, 0xffffff, 0x4a3a33}
	var p color.Palette
	for i, a := range of {
		p = append(p, rgb(a))
		for _, b := range of[:i] {
			p = append(p, blend(rgb(a), rgb(b), .33), blend(rgb(a), rgb(b), .67))
		}
	}
	return p
}

func boatAt(turn float64) canvas {
	c := newCanvas(320, 240)
	draw.Draw(c.RGBA, c.Bounds(), image.NewUniform(rgb(boatSky)), image.Point{}, draw.Src)
	sun := []float64{}
	for a := 0.0; a < 2*math.Pi; a += .2 {
		sun = append(sun, 1.06+.11*math.Cos(a), .25+.11*math.Sin(a))
	}
	c.shape(rgb(boatSun), sun...)
	c.waves(rgb(boatFar), .66, .02, 9, turn)
	c.sailing(rgb(boatHull), rgb(boatSail), .66+.05*math.Sin(turn), .76+.03*math.Sin(2*turn), .36)
	c.waves(rgb(boatNear), .8, .03, 7, -turn)
	return c
}

// waves fill everything below a line that moves by a whole wave in a turn.
func (c canvas) waves(fill color.Color, base, height, often, turn float64) {
	xy := []float64{0, 1}
	for x := 0.0; x < 1.36; x += .02 {
		xy = append(xy, x, base+height*math.Sin(x*often+turn))
	}
	c.shape(fill, append(xy, 1.36, 1)...)
}
