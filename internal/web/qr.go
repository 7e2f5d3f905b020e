package web

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
)

// qrMargin is the white around a QR code, in modules (ISO/IEC 18004 asks for four), and qrModule the side of one in pixels.
const (
	qrMargin = 4
	qrModule = 6
)

// DrawQR writes a QR code as PNG: black on white whatever the theme of a client is, because that is what telephones read. It
// fails when the text is too long for one, which begins at about 2,900 bytes.
func DrawQR(w io.Writer, text string) error {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return fmt.Errorf("web.DrawQR: %w", err)
	}
	modules := code.Bounds().Dx()
	picture := image.NewPaletted(image.Rect(0, 0, (modules+2*qrMargin)*qrModule, (modules+2*qrMargin)*qrModule), color.Palette{color.White, color.Black})
	for y := range modules {
		for x := range modules {
			if dark(code, x, y) {
				square(picture, (x+qrMargin)*qrModule, (y+qrMargin)*qrModule)
			}
		}
	}
	return png.Encode(w, picture)
}

func dark(code barcode.Barcode, x, y int) bool {
	r, _, _, _ := code.At(x, y).RGBA()
	return r == 0
}

func square(picture *image.Paletted, left, top int) {
	for y := top; y < top+qrModule; y++ {
		for x := left; x < left+qrModule; x++ {
			picture.SetColorIndex(x, y, 1)
		}
	}
}
