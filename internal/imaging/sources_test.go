package imaging

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	pix "image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/image"
)

func TestMain(m *testing.M) {
	WorkerMain()
	if os.Getenv(orphanEnv) != "" {
		orphan()
	}
	code := m.Run()
	if started {
		engine().Close()
	}
	os.Exit(code)
}

// orphanEnv makes a test process a parent that dies and leaves a worker at work.
const orphanEnv = "IMAGING_TEST_ORPHAN"

func orphan() {
	p, err := New(Config{Workers: 1, Timeout: time.Hour})
	if err != nil {
		panic(err)
	}
	w := <-p.turns
	p.turns <- w
	fmt.Println(w.cmd.Process.Pid)
	heavy := slices.Repeat([]image.Step{image.Blur{Sigma: 12}}, 200)
	go func() {
		_, _ = p.Render(context.Background(), jpegOf(photo(3000, 2000), 90), image.Plan{Steps: heavy}, nil)
	}()
	time.Sleep(300 * time.Millisecond)
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
}

var started bool

// engine is the pool that tests share when they need no limits of their own.
var engine = sync.OnceValue(func() *Pool {
	started = true
	p, err := New(Config{Queue: 1000, Wait: 1 << 40, Timeout: 60e9})
	if err != nil {
		panic(err)
	}
	return p
})

func own(t testing.TB, cfg Config) *Pool {
	t.Helper()
	p, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// px and pc are lengths.
func px(v float64) image.Length { return image.Length{Value: v} }
func pc(v float64) image.Length { return image.Length{Value: v, Percent: true} }

func boxOf(x, y, w, h float64) image.Box { return image.Box{X: px(x), Y: px(y), W: px(w), H: px(h)} }

// render runs steps and gives the pixels of the result, written as PNG.
func rendered(t testing.TB, data []byte, steps ...image.Step) (pix.Image, image.Result) {
	t.Helper()
	res := result(t, data, image.Plan{Steps: steps, Output: image.Output{Format: image.PNG}})
	return decoded(t, res.Data), res
}

func result(t testing.TB, data []byte, p image.Plan) image.Result {
	t.Helper()
	res, err := engine().Render(context.Background(), data, p, nil)
	if err != nil {
		t.Fatalf("%+v: %v", p, err)
	}
	return res
}

// decoded is the pixels of any format; what Go cannot read is written as PNG first.
func decoded(t testing.TB, data []byte) pix.Image {
	t.Helper()
	im, _, err := pix.Decode(bytes.NewReader(data))
	if err == nil {
		return im
	}
	res := result(t, data, image.Plan{Output: image.Output{Format: image.PNG}})
	im, err = png.Decode(bytes.NewReader(res.Data))
	if err != nil {
		t.Fatal(err)
	}
	return im
}

func rgba(im pix.Image, x, y int) [4]int {
	c := color.NRGBAModel.Convert(im.At(im.Bounds().Min.X+x, im.Bounds().Min.Y+y)).(color.NRGBA)
	return [4]int{int(c.R), int(c.G), int(c.B), int(c.A)}
}

func close4(a, b [4]int, by int) bool {
	for i := range a {
		if a[i]-b[i] > by || b[i]-a[i] > by {
			return false
		}
	}
	return true
}

func keyOf(err error) string {
	var e *fault.Error
	if errors.As(err, &e) {
		return e.Text
	}
	return ""
}

func noteKeys(res image.Result) []string {
	var keys []string
	for _, n := range res.Notes {
		keys = append(keys, n.Key)
	}
	return keys
}

func pngOf(im pix.Image) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, im); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func jpegOf(im pix.Image, quality int) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, im, &jpeg.Options{Quality: quality}); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func fill(im draw.Image, r pix.Rectangle, c color.Color) {
	draw.Draw(im, r, pix.NewUniform(c), pix.Point{}, draw.Src)
}

// The colours of quarters.
var (
	cRed    = [4]int{200, 30, 30, 255}
	cGreen  = [4]int{30, 160, 30, 255}
	cBlue   = [4]int{30, 30, 200, 255}
	cYellow = [4]int{220, 220, 40, 255}
)

func col(c [4]int) color.NRGBA {
	return color.NRGBA{uint8(c[0]), uint8(c[1]), uint8(c[2]), uint8(c[3])}
}

// quarters is red, green / blue, yellow.
func quartersOf(w, h int) *pix.NRGBA {
	im := pix.NewNRGBA(pix.Rect(0, 0, w, h))
	fill(im, pix.Rect(0, 0, w/2, h/2), col(cRed))
	fill(im, pix.Rect(w/2, 0, w, h/2), col(cGreen))
	fill(im, pix.Rect(0, h/2, w/2, h), col(cBlue))
	fill(im, pix.Rect(w/2, h/2, w, h), col(cYellow))
	return im
}

// photo is a gradient with grain.
func photo(w, h int) *pix.NRGBA {
	im := pix.NewNRGBA(pix.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(1, 2))
	for y := range h {
		for x := range w {
			o := im.PixOffset(x, y)
			n := byte(r.IntN(8))
			im.Pix[o], im.Pix[o+1], im.Pix[o+2], im.Pix[o+3] = byte(x*240/w)+n, byte(y*240/h)+n, byte((x+y)*120/(w+h))+n, 255
		}
	}
	return im
}

// animation has frames of one colour each, and a dot that moves.
func animation(w, h, frames int) []byte {
	g := &gif.GIF{LoopCount: 3}
	pal := color.Palette{col(cRed), col(cGreen), col(cBlue), col(cYellow), color.Black}
	for i := range frames {
		p := pix.NewPaletted(pix.Rect(0, 0, w, h), pal)
		for j := range p.Pix {
			p.Pix[j] = byte(i % 4)
		}
		p.SetColorIndex(i%w, h/2, 4)
		g.Image, g.Delay = append(g.Image, p), append(g.Delay, 7)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// exifOf is an EXIF block with an orientation, a place and a description.
func exifOf(orientation uint16) []byte {
	le := binary.LittleEndian
	b := append([]byte("Exif\x00\x00"), "II*\x00\x08\x00\x00\x00"...)
	entry := func(tag, typ uint16, count, value uint32) {
		b = le.AppendUint16(b, tag)
		b = le.AppendUint16(b, typ)
		b = le.AppendUint32(b, count)
		b = le.AppendUint32(b, value)
	}
	b = le.AppendUint16(b, 3)
	entry(270, 2, 20, 8+2+3*12+4)
	entry(tagOrientation, 3, 1, uint32(orientation))
	entry(tagGPS, 4, 1, 8+2+3*12+4+20)
	b = le.AppendUint32(b, 0)
	b = append(b, "SECRETDESCRIPTION..\x00"...)
	b = le.AppendUint16(b, 2)
	entry(1, 2, 2, 'N')
	entry(2, 5, 3, 8+2+3*12+4+20+2+2*12+4)
	b = le.AppendUint32(b, 0)
	for _, v := range []uint32{48, 1, 51, 1, 30, 1} {
		b = le.AppendUint32(b, v)
	}
	return b
}

const xmpPacket = `http://ns.adobe.com/xap/1.0/` + "\x00" + `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description exif:GPSLatitude="48,51N" dc:title="SECRETTITLE"/></rdf:RDF></x:xmpmeta>`

// withSegments puts segments behind the beginning of a JPEG.
func withSegments(data []byte, segments ...[]byte) []byte {
	out := slices.Clone(data[:2])
	for _, s := range segments {
		out = append(out, s...)
	}
	return append(out, data[2:]...)
}

func segmentOf(marker byte, body []byte) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(body)+2)), body...)
}

// tagged is a JPEG with EXIF, GPS, XMP and IPTC.
func tagged(im pix.Image, orientation uint16) []byte {
	return withSegments(jpegOf(im, 92), segmentOf(0xe1, exifOf(orientation)), segmentOf(0xe1, []byte(xmpPacket)),
		segmentOf(0xed, []byte("Photoshop 3.0\x008BIM\x04\x04\x00\x00\x00\x00\x00\x0cSECRETIPTC..")))
}

// profileOf is an ICC profile (version 2, matrix and curves) in which red and green have changed places.
func profileOf() []byte {
	be := binary.BigEndian
	var tags, data []byte
	n := uint32(0)
	const head = 128 + 4 + 9*12
	add := func(name string, b []byte) {
		for len(b)%4 != 0 {
			b = append(b, 0)
		}
		tags = append(tags, name...)
		tags = be.AppendUint32(tags, uint32(head+len(data)))
		tags = be.AppendUint32(tags, uint32(len(b)))
		data = append(data, b...)
		n++
	}
	xyz := func(x, y, z float64) []byte {
		b := []byte("XYZ \x00\x00\x00\x00")
		for _, v := range []float64{x, y, z} {
			b = be.AppendUint32(b, uint32(int32(v*65536)))
		}
		return b
	}
	curve := append([]byte("curv\x00\x00\x00\x00\x00\x00\x00\x01"), 0x02, 0x33)
	name := append([]byte("desc\x00\x00\x00\x00\x00\x00\x00\x0dSwapped test\x00"), make([]byte, 78)...)
	add("desc", name)
	add("cprt", []byte("text\x00\x00\x00\x00none\x00"))
	add("wtpt", xyz(0.9642, 1, 0.8249))
	add("rXYZ", xyz(0.3851, 0.7169, 0.0971))
	add("gXYZ", xyz(0.4361, 0.2225, 0.0139))
	add("bXYZ", xyz(0.1431, 0.0606, 0.7141))
	add("rTRC", curve)
	add("gTRC", curve)
	add("bTRC", curve)
	b := make([]byte, 128)
	be.PutUint32(b, uint32(head+len(data)))
	be.PutUint32(b[8:], 0x02400000)
	copy(b[12:], "mntrRGB XYZ ")
	copy(b[36:], "acsp")
	be.PutUint32(b[68:], 0xf6d6)
	be.PutUint32(b[72:], 0x10000)
	be.PutUint32(b[76:], 0xd32d)
	return slices.Concat(b, be.AppendUint32(nil, n), tags, data)
}

// tiffOf is an uncompressed TIFF of one strip.
func tiffOf(w, h, photometric, samples int, data []byte) []byte {
	le := binary.LittleEndian
	b := []byte("II*\x00\x08\x00\x00\x00")
	const entries = 9
	bits := uint32(8 + 2 + entries*12 + 4)
	b = le.AppendUint16(b, entries)
	for _, e := range [][4]uint32{
		{tagWidth, 4, 1, uint32(w)}, {tagHeight, 4, 1, uint32(h)}, {tagBits, 3, uint32(samples), bits}, {259, 3, 1, 1},
		{tagPhotometric, 3, 1, uint32(photometric)}, {273, 4, 1, bits + 8}, {tagSamples, 3, 1, uint32(samples)},
		{278, 4, 1, uint32(h)}, {279, 4, 1, uint32(len(data))},
	} {
		b = le.AppendUint16(b, uint16(e[0]))
		b = le.AppendUint16(b, uint16(e[1]))
		b = le.AppendUint32(b, e[2])
		b = le.AppendUint32(b, e[3])
	}
	b = le.AppendUint32(b, 0)
	for range 4 {
		b = le.AppendUint16(b, 8)
	}
	return append(b, data...)
}

// chunk is a chunk of a PNG.
func chunk(name string, body []byte) []byte {
	b := append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), name...)
	b = append(b, body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// hollowPNG claims a size and holds next to nothing.
func hollowPNG(w, h uint32) []byte {
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	return slices.Concat([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(head, 8, 2, 0, 0, 0)),
		chunk("IDAT", []byte("\x78\x9c\x63\x00\x00\x00\x01\x00\x01")), chunk("IEND", nil))
}

// hollowGIF has frames of a size on a screen of another.
func hollowGIF(screen, size uint16, frames int) []byte {
	le := binary.LittleEndian
	b := le.AppendUint16(le.AppendUint16([]byte("GIF89a"), screen), screen)
	b = append(b, 0x80, 0, 0, 0, 0, 0, 255, 255, 255)
	for range frames {
		b = append(b, 0x2c, 0, 0, 0, 0)
		b = le.AppendUint16(le.AppendUint16(b, size), size)
		b = append(b, 0, 2, 2, 0x4c, 0x01, 0)
	}
	return append(b, 0x3b)
}
