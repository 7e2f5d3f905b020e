package sandbox

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"strings"
)

// vista is a photograph-like picture that can be drawn in any size: whole when its file is read, small for a thumbnail.
type vista struct {
	name    string
	w, h    int
	size    int64 // of the file, see fileOf
	light   light
	sunX    float64 // from left to right, in heights of the picture; the sun rests near the horizon
	horizon float64
	grain   int
	things  func(c canvas)
}

// The hours and weathers besides the evening.
func noon() light {
	return light{high: rgb(0x2f7fc4), low: rgb(0xbfe0f2), glow: rgb(0xf4fbff), sun: rgb(0xffffff), near: rgb(0x0f5673), far: rgb(0x6fb4c9)}
}

func dawn() light {
	return light{high: rgb(0x6a6fa8), low: rgb(0xf7c8c0), glow: rgb(0xffdcc2), sun: rgb(0xfff3dc), near: rgb(0x3c4c72), far: rgb(0xc9a3b4)}
}

func night() light {
	return light{high: rgb(0x0b1026), low: rgb(0x27345c), glow: rgb(0x5c6f9c), sun: rgb(0xf3f1df), near: rgb(0x060b1a), far: rgb(0x24355a)}
}

func mist() light {
	return light{high: rgb(0xb3bcc2), low: rgb(0xd9dddd), glow: rgb(0xeef0ee), sun: rgb(0xf8f8f4), near: rgb(0x8b999f), far: rgb(0xc9d0d1)}
}

func storm() light {
	return light{high: rgb(0x2b3138), low: rgb(0x78838a), glow: rgb(0xa9b0ad), sun: rgb(0xa9b0ad), near: rgb(0x1f3036), far: rgb(0x5b6b70)}
}

// vistas are the photographs of the team. The sizes of their files are told before they are drawn.
func vistas() []vista {
	return []vista{
		{"Harbour in the morning.jpg", 2400, 1600, 376 << 10, dawn(), .5, .55, 4, func(c canvas) {
			c.land(rgb(0x9c8ca8), .56, .12, 2, .56)
			c.quay(.62, 8)
			c.sailing(rgb(0x27485f), rgb(0xf7ead2), .9, .8, .18)
		}},
		{"Harbour at noon.jpg", 1920, 1280, 224 << 10, noon(), 1.2, .5, 3, func(c canvas) {
			c.land(rgb(0x6f9a7c), .51, .15, 5, .51)
			c.quay(.57, 6)
			c.sailing(rgb(0xb6463c), rgb(0xffffff), 1.1, .78, .14)
			c.sailing(rgb(0x2f5d50), rgb(0xffe9c9), .45, .86, .2)
		}},
		{"Harbour by night.jpg", 1600, 1067, 200 << 10, night(), .3, .58, 5, func(c canvas) {
			c.land(rgb(0x111a33), .585, .14, 1, .585)
			c.quay(.64, 9)
		}},
		{"Lighthouse in the fog.jpg", 1200, 1600, 200 << 10, mist(), .6, .66, 5, func(c canvas) {
			c.lighthouse(.42, .76, .55)
			c.veil(.55)
		}},
		{"Lighthouse and gulls.jpg", 1800, 1200, 176 << 10, noon(), .2, .7, 3, func(c canvas) {
			c.lighthouse(1.05, .8, .6)
			c.gulls(9, .2, 1.4, .1, .45)
		}},
		{"Boats on the beach.jpg", 2000, 1333, 264 << 10, evening(), 1.3, .45, 4, func(c canvas) {
			c.beach(.62)
			c.sailing(rgb(0x8a5a34), rgb(0xf3e3c6), .4, .82, .22)
			c.sailing(rgb(0x34524a), rgb(0xfdf0dd), .85, .74, .15)
			c.sailing(rgb(0x9c3d34), rgb(0xfff6e8), 1.2, .88, .24)
		}},
		{"Red boat.jpg", 1080, 1080, 112 << 10, noon(), .8, .4, 3, func(c canvas) {
			c.sailing(rgb(0xc8322b), rgb(0xffffff), .5, .72, .42)
		}},
		{"Pier at dusk.jpg", 1600, 900, 156 << 10, evening(), .9, .5, 4, func(c canvas) {
			c.pier(.75)
			c.gulls(4, .8, 1.5, .12, .3)
		}},
		{"Pier in the storm.jpg", 1400, 933, 164 << 10, storm(), 1, .47, 6, func(c canvas) {
			c.pier(.6)
			c.veil(.25)
		}},
		{"Islands, wide.jpg", 3000, 900, 224 << 10, dawn(), 2.2, .6, 3, func(c canvas) {
			c.land(rgb(0x8f86a5), .605, .22, .4, .605)
			c.land(rgb(0x5f6b86), .605, .12, 3.3, .605)
			c.sailing(rgb(0x27485f), rgb(0xffffff), 1.1, .8, .12)
		}},
		{"Regatta.jpg", 2100, 1400, 308 << 10, noon(), .4, .42, 4, func(c canvas) {
			for i := range 9 {
				at := float64(i)
				c.sailing(rgb([]uint32{0x27485f, 0x9c3d34, 0x34524a}[i%3]), rgb([]uint32{0xffffff, 0xf7ead2, 0xffd98a}[i%3]),
					.14+.155*at, .55+.09*float64(i%3), .07+.03*float64(i%3))
			}
		}},
		{"Dunes by the bay.png", 900, 600, 28 << 10, mist(), 9, .2, 0, func(c canvas) {
			c.land(rgb(0xdcd2a8), .5, .3, 1.2, 1)
			c.land(rgb(0xb9c58f), .75, .2, 3.2, 1)
			c.lighthouse(1.1, .45, .16)
		}},
	}
}

// paint draws the vista so that its longer side has so many pixels, and never more than it has.
func (v vista) paint(side int) canvas {
	w, h := within(v.w, v.h, side, side)
	c := newCanvas(w+w%2, h+h%2) // shade works on squares of four pixels
	c.unit = float64(h)
	c.seaAndSky(v.light, v.sunX, v.horizon)
	v.things(c)
	if v.grain > 0 {
		c.grain(v.grain)
	}
	return canvas{c.SubImage(image.Rect(0, 0, w, h)).(*image.RGBA), c.unit}
}

// file draws the vista as the file it is.
func (v vista) file() ([]byte, error) {
	c := v.paint(max(v.w, v.h))
	if strings.HasSuffix(v.name, ".png") {
		var b bytes.Buffer
		err := png.Encode(&b, c.RGBA)
		return b.Bytes(), err
	}
	return jpegOf(c.RGBA, 84)
}

// within is the size of a picture that keeps its shape and fits into a box; it does not grow.
func within(w, h, boxW, boxH int) (int, int) {
	scale := min(1, float64(boxW)/float64(w), float64(boxH)/float64(h))
	return max(1, int(math.Round(float64(w)*scale))), max(1, int(math.Round(float64(h)*scale)))
}

// wide is the width in heights.
func (c canvas) wide() float64 { return float64(c.Bounds().Dx()) / c.unit }

// quay is a row of houses above the water.
func (c canvas) quay(ground float64, houses int) {
	c.box(rgb(0x5b5458), 0, ground-.03, c.wide(), .07)
	walls := []uint32{0xd9a05b, 0xb65448, 0xe6d3b1, 0x6d8ba3, 0xcf8a74, 0xe9c46a, 0x8a9a77}
	step := c.wide() / float64(houses+1)
	for i := range houses {
		c.house(rgb(walls[i%len(walls)]), step*(.4+float64(i)), ground-.02, step*.8, .16+.03*float64(i%3), 0b110101>>(i%3))
	}
}

// pier walks into the sea on posts.
func (c canvas) pier(length float64) {
	wood := rgb(0x4a3a33)
	for i := range 9 {
		x := float64(i) / 8 * length * c.wide()
		c.box(wood, x, .6, .012, .3-.02*float64(i))
	}
	c.shape(rgb(0x6b5446), 0, .6, length*c.wide(), .58, length*c.wide(), .6, 0, .66)
	c.lighthouse(length*c.wide()-.03, .59, .16)
}

// beach is sand below a line.
func (c canvas) beach(from float64) {
	c.land(rgb(0xf0dcb4), from+.04, .05, 1.3, 1)
	c.land(rgb(0xdcc296), from+.1, .06, .6, 1)
}

// gulls fly in a part of the sky.
func (c canvas) gulls(n int, left, right, top, bottom float64) {
	for i := range n {
		x := left + (right-left)*math.Mod(float64(i)*.618, 1)
		y := top + (bottom-top)*math.Mod(float64(i)*.382, 1)
		c.shape(rgb(0xfafafa), x-.03, y-.01, x, y+.004, x+.03, y-.01, x, y+.012)
	}
}

// veil lets mist lie over everything.
func (c canvas) veil(strength float64) {
	white := uint8(strength * 225)
	fog := color.RGBA{white, white, white, uint8(strength * 255)} // premultiplied
	draw.Draw(c.RGBA, c.Bounds(), image.NewUniform(fog), image.Point{}, draw.Over)
}

// fileOf brings a drawn file to the size that was told of it before it was drawn: by a comment that no viewer shows. A file
// that has become larger stays as it is.
func fileOf(data []byte, size int64) []byte {
	missing := int(size) - len(data)
	if missing < 16 {
		return data
	}
	switch pictureKind(data[:min(len(data), sniffed)]) {
	case "image/jpeg":
		at := 2
		for data[at] == 0xff && data[at+1]&0xf0 == 0xe0 { // behind what a camera wrote
			at += 2 + int(binary.BigEndian.Uint16(data[at+2:]))
		}
		return splice(data, at, jpegComment(missing))
	case "image/png":
		return splice(data, len(data)-12, pngFiller(missing))
	case "image/gif":
		return splice(data, len(data)-1, gifComment(missing))
	}
	return data
}

func splice(data []byte, at int, more []byte) []byte {
	return bytes.Join([][]byte{data[:at], more, data[at:]}, nil)
}

// jpegComment is n bytes of comment segments.
func jpegComment(n int) []byte {
	const most = 60_000
	var b []byte
	for n > 0 {
		part := n
		if part > most {
			part = most - 16 // what is left is never too little for a segment
		}
		b = binary.BigEndian.AppendUint16(append(b, 0xff, 0xfe), uint16(part-2))
		b = append(b, bytes.Repeat([]byte{' '}, part-4)...)
		n -= part
	}
	return b
}

// pngFiller is a chunk of n bytes that readers may pass over.
func pngFiller(n int) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(n-12))
	b = append(append(b, "fiLl"...), make([]byte, n-12)...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// gifComment is n bytes of a comment, in blocks of at most 255.
func gifComment(n int) []byte {
	b := []byte{0x21, 0xfe}
	for left := n - 3; left > 0; {
		part := min(left, 200)
		if left-part == 1 {
			part--
		}
		b = append(append(b, byte(part-1)), bytes.Repeat([]byte{' '}, part-1)...)
		left -= part
	}
	return append(b, 0)
}
