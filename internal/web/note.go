package web

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"strings"

	"github.com/maypok86/otter/v2"
	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// A note is a picture with a sentence on it.
const (
	noteWidth  = 640
	noteHeight = 240
	noteMargin = 48
	noteType   = 26 // height of the letters in pixels
	noteLine   = 38
	maxNotes   = 32
)

var (
	noteGround = color.NRGBA{0xf3, 0xf2, 0xf6, 255}
	noteInk    = color.NRGBA{0x4a, 0x48, 0x58, 255}
)

// notes draws sentences in the place of pictures. It reads in both themes: it brings its own ground.
type notes struct {
	font  *opentype.Font
	drawn *otter.Cache[string, []byte]
}

func newNotes() *notes {
	return &notes{font: typeface(), drawn: otter.Must(&otter.Options[string, []byte]{MaximumSize: maxNotes})}
}

// draw gives a PNG with a sentence of ours on it.
func (n *notes) draw(sentence string) []byte {
	if data, ok := n.drawn.GetIfPresent(sentence); ok {
		return data
	}
	img := image.NewNRGBA(image.Rect(0, 0, noteWidth, noteHeight))
	draw.Draw(img, img.Bounds(), image.NewUniform(noteGround), image.Point{}, draw.Src)
	face, err := opentype.NewFace(n.font, &opentype.FaceOptions{Size: noteType, DPI: 72})
	if err == nil {
		writeLines(img, face, sentence)
		_ = face.Close() // it holds memory alone
	}
	var buf bytes.Buffer
	_ = png.Encode(&buf, img) // a buffer takes everything
	n.drawn.Set(sentence, buf.Bytes())
	return buf.Bytes()
}

// writeLines puts a sentence in the middle, over as many lines as it needs.
func writeLines(img *image.NRGBA, face font.Face, sentence string) {
	lines := wrap(face, sentence, noteWidth-2*noteMargin)
	y := (noteHeight-len(lines)*noteLine)/2 + noteType
	for _, line := range lines {
		width := font.MeasureString(face, line).Ceil()
		d := font.Drawer{Dst: img, Src: image.NewUniform(noteInk), Face: face, Dot: fixed.P((noteWidth-width)/2, y)}
		d.DrawString(line)
		y += noteLine
	}
}

// wrap breaks a sentence between words into lines of a width.
func wrap(face font.Face, sentence string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(sentence) {
		longer := strings.TrimSpace(line + " " + word)
		if line != "" && font.MeasureString(face, longer).Ceil() > width {
			lines, longer = append(lines, line), word
		}
		line = longer
	}
	return append(lines, line)
}
