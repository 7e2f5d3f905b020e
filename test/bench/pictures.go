package main

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// scene is what pictures are drawn from: values that change slowly, with finer and fainter ones on them down to single
// pixels, as light on things has, so that a JPEG of it has coefficients of all kinds.
type scene struct {
	octaves []octave
	edge    octave // where it is high something else begins: an outline
}

// octave is a grid of values, so many pixels apart, with straight lines between them.
type octave struct {
	step   int
	weight float32
	values []float32 // in rows of latticeSide, which repeat
}

const latticeSide = 256

func newOctave(r *rand.Rand, step int, weight float32) octave {
	o := octave{step: step, weight: weight, values: make([]float32, latticeSide*latticeSide)}
	for i := range o.values {
		o.values[i] = r.Float32()*2 - 1
	}
	return o
}

// newScene makes a scene of octaves from a coarsest step down to a finest.
func newScene(seed uint64, coarse, fine int) scene {
	r := random(seed)
	s := scene{edge: newOctave(r, coarse/2, 1)}
	for step, weight := coarse, float32(48); step >= fine; step, weight = step/2, weight*0.78 {
		s.octaves = append(s.octaves, newOctave(r, step, weight))
	}
	return s
}

// grained adds what a sensor adds: a value of its own for each pixel.
func (s scene) grained(weight float32) scene {
	s.octaves = append(s.octaves, newOctave(random(9), 1, weight))
	return s
}

// add adds an octave to a row that begins at (x, y).
func (o octave) add(row []float32, x, y int) {
	top, bottom := (y/o.step)%latticeSide*latticeSide, (y/o.step+1)%latticeSide*latticeSide
	down := float32(y%o.step) / float32(o.step)
	at := func(i int) float32 {
		i %= latticeSide
		return (o.values[top+i]*(1-down) + o.values[bottom+i]*down) * o.weight
	}
	for i := 0; i < len(row); {
		cell, within := (x+i)/o.step, (x+i)%o.step
		left, right := at(cell), at(cell+1)
		slope := (right - left) / float32(o.step)
		for ; within < o.step && i < len(row); within, i = within+1, i+1 {
			row[i] += left + slope*float32(within)
		}
	}
}

// row is a row of the scene, around 0, from (x, y) on; edges is as long and is written over.
func (s scene) row(row, edges []float32, x, y int) {
	clear(row)
	clear(edges)
	for _, o := range s.octaves {
		o.add(row, x, y)
	}
	s.edge.add(edges, x, y)
	for i, e := range edges {
		if e > 0.15 {
			row[i] = row[i]*0.6 - 38
		}
	}
}

func byteOf(v float32) byte { return byte(max(0, min(v, 255))) }

// photograph is a JPEG as a camera writes it: colours at half the size, quality 92.
func photograph(w, h int) ([]byte, error) {
	im := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	paint(im.Y, w, h, im.YStride, 128, newScene(1, w/8, 1).grained(9))
	paint(im.Cb, w/2, h/2, im.CStride, 120, newScene(2, w/8, w/128))
	paint(im.Cr, w/2, h/2, im.CStride, 135, newScene(3, w/8, w/128))
	var b bytes.Buffer
	err := jpeg.Encode(&b, im, &jpeg.Options{Quality: 92})
	return b.Bytes(), err
}

func paint(pixels []byte, w, h, stride int, middle float32, s scene) {
	row, edges := make([]float32, w), make([]float32, w)
	for y := range h {
		s.row(row, edges, 0, y)
		for x, v := range row {
			pixels[y*stride+x] = byteOf(middle + v)
		}
	}
}

// screenshot is a PNG of windows with bars, lines of letters that mean nothing, and a photograph in one of them.
func screenshot(w, h int) ([]byte, error) {
	im := image.NewNRGBA(image.Rect(0, 0, w, h))
	r := random(5)
	box := func(b image.Rectangle, c color.NRGBA) {
		b = b.Intersect(im.Rect)
		for y := b.Min.Y; y < b.Max.Y; y++ {
			for x := b.Min.X; x < b.Max.X; x++ {
				im.SetNRGBA(x, y, c)
			}
		}
	}
	box(im.Rect, color.NRGBA{38, 70, 110, 255})
	for i, window := range []image.Rectangle{image.Rect(40, 40, 1300, 1380), image.Rect(1340, 40, 2520, 700), image.Rect(1340, 740, 2520, 1380)} {
		box(window, color.NRGBA{250, 250, 250, 255})
		box(image.Rect(window.Min.X, window.Min.Y, window.Max.X, window.Min.Y+48), color.NRGBA{byte(90 + 40*i), 100, 190, 255})
		for y := window.Min.Y + 70; y < window.Max.Y-30; y += 26 {
			letters(r, image.Rect(window.Min.X+24, y, window.Max.X-24-r.IntN(400), y+18), box)
		}
	}
	inset := image.Rect(1380, 800, 1860, 1120)
	s := newScene(6, 256, 1)
	row, edges := make([]float32, inset.Dx()), make([]float32, inset.Dx())
	for y := range inset.Dy() {
		s.row(row, edges, 0, y)
		for x, v := range row {
			im.SetNRGBA(inset.Min.X+x, inset.Min.Y+y, color.NRGBA{byteOf(140 + v), byteOf(120 + v), byteOf(100 + v/2), 255})
		}
	}
	var b bytes.Buffer
	err := png.Encode(&b, im)
	return b.Bytes(), err
}

// letters fills a line with signs of strokes two pixels wide, with grey beside them as smoothed letters have.
func letters(r *rand.Rand, line image.Rectangle, box func(image.Rectangle, color.NRGBA)) {
	ink, soft := color.NRGBA{40, 40, 44, 255}, color.NRGBA{170, 170, 174, 255}
	for x := line.Min.X; x+10 < line.Max.X; x += 11 {
		if r.IntN(6) == 0 {
			continue // between words
		}
		for range 3 {
			at := image.Pt(x+2*r.IntN(4), line.Min.Y+2+2*r.IntN(5))
			stroke := image.Rectangle{at, at.Add(image.Pt(2, 8))}
			if r.IntN(2) == 0 {
				stroke.Max = at.Add(image.Pt(7, 2))
			}
			box(stroke.Add(image.Pt(1, 0)), soft)
			box(stroke, ink)
		}
	}
}

// animated is a GIF of a camera that moves over a scene, in 256 colours.
func animated(w, h, frames int) ([]byte, error) {
	s := newScene(8, w/4, 4)
	g := gif.GIF{LoopCount: 0}
	palette := make(color.Palette, 256)
	for i := range palette {
		palette[i] = color.NRGBA{byte(i), byteOf(float32(i)*0.8 + 20), byteOf(230 - float32(i)*0.7), 255}
	}
	row, edges := make([]float32, w), make([]float32, w)
	for f := range frames {
		im := image.NewPaletted(image.Rect(0, 0, w, h), palette)
		for y := range h {
			s.row(row, edges, 3*f, y+f)
			for x, v := range row {
				im.Pix[y*im.Stride+x] = byteOf(128 + v)
			}
		}
		g.Image, g.Delay = append(g.Image, im), append(g.Delay, 8)
	}
	var b bytes.Buffer
	err := gif.EncodeAll(&b, &g)
	return b.Bytes(), err
}

// The pictures of the run, by the names of their files.
const (
	twelve  = "12 MP.jpg"
	large   = "48 MP.jpg"
	screen  = "screen.png"
	film    = "film.gif"
	frames  = 40
	filmW   = 640
	filmH   = 480
	screenW = 2560
	screenH = 1440
)

// drawAll draws the pictures into a folder, and gives their bytes.
func drawAll(folder string) (map[string][]byte, error) {
	all, errs := map[string][]byte{}, []error{}
	for name, make := range map[string]func() ([]byte, error){
		twelve: func() ([]byte, error) { return photograph(4000, 3000) },
		large:  func() ([]byte, error) { return photograph(8000, 6000) },
		screen: func() ([]byte, error) { return screenshot(screenW, screenH) },
		film:   func() ([]byte, error) { return animated(filmW, filmH, frames) },
	} {
		data, err := make()
		all[name] = data
		errs = append(errs, err, os.WriteFile(filepath.Join(folder, name), data, 0o600))
	}
	return all, errors.Join(errs...)
}
