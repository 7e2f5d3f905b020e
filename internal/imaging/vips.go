package imaging

/*
#cgo pkg-config: vips libjpeg
#cgo LDFLAGS: -Wl,--as-needed -lm -ldl
#include <stdlib.h>
#include "bridge.h"
*/
import "C"

import (
	"errors"
	"math"
	"runtime"
	"time"
	"unsafe"

	"github.com/h2non/bimg"
)

// pic is a picture on its way through a plan: three bands in sRGB, or four with opacity (a mask has one). Most of what
// is done to it only adds to a pipeline that libvips evaluates when pixels are asked for. A pic owns its image.
type pic struct {
	im    *C.VipsImage
	solid bool // its pixels lie in memory: they may be read in any order and more than once
	own   bool // and nothing else refers to them: they may be drawn on
}

// setUp opens libvips and has bimg start it, for one thread that works on one picture at a time. Importing bimg starts
// nothing by itself: what it calls then does nothing before libvips is open (late.c).
func setUp() error {
	if why := C.tp_open(); why != nil {
		return errors.New(C.GoString(why))
	}
	bimg.Initialize()
	bimg.VipsCacheSetMaxMem(0)
	bimg.VipsCacheSetMax(0)
	C.tp_setup()
	return nil
}

// tracked is what libvips holds for pixels, in bytes.
func tracked() int64 { return bimg.VipsMemory().Memory }

// tidy gives freed memory back to the system.
func tidy() { C.tp_tidy() }

// until sets the time after which evaluations end by themselves.
func until(d time.Duration) { C.tp_deadline(C.gint64(d.Microseconds())) }

// errVips is libvips' reason, for the log and to be told apart by fault.
func errVips() error {
	s := C.GoString(C.vips_error_buffer())
	C.vips_error_clear()
	return errors.New(s[:min(len(s), 300)])
}

// loaders are libvips' by kind.
var loaders = map[kind]C.int{
	kindJPEG: C.TP_JPEG, kindPNG: C.TP_PNG, kindWebP: C.TP_WEBP, kindGIF: C.TP_GIF,
	kindAVIF: C.TP_HEIF, kindHEIC: C.TP_HEIF, kindTIFF: C.TP_TIFF,
}

// has tells whether this machine's libvips has an operation.
func has(operation string) bool {
	s := C.CString(operation)
	defer C.free(unsafe.Pointer(s))
	return C.tp_has(s) != 0
}

// decode opens a picture; pixels are decoded when they are asked for. Data must stay as it is until the pic is closed
// and must not be of Go's heap. Pages is 1, or -1 for all.
func decode(k kind, data []byte, shrink, pages int, anyhow bool) (*pic, error) {
	p := &pic{solid: anyhow}
	random := C.int(0)
	if anyhow {
		random = 1
	}
	if C.tp_load(loaders[k], unsafe.Pointer(&data[0]), C.size_t(len(data)), C.int(shrink), C.int(pages), random, &p.im) != 0 {
		return nil, errVips()
	}
	return p, nil
}

// decodeSmall decodes a part of a JPEG, counted in pixels of the picture as it is decoded that many times smaller, and makes
// it w × h, no side longer than it was.
func decodeSmall(data []byte, shrink int, part rect, profile bool, w, h int) (*pic, error) {
	how := C.TpPart{shrink: C.int(shrink), left: C.int(part.x), top: C.int(part.y), width: C.int(part.w), height: C.int(part.h)}
	if profile {
		how.profile = 1
	}
	p := &pic{solid: true, own: true}
	if C.tp_jpeg_small(unsafe.Pointer(&data[0]), C.size_t(len(data)), &how, C.int(w), C.int(h), &p.im) != 0 {
		return nil, errVips()
	}
	return p, nil
}

// paged tells a picture how high the pages are that lie on top of each other in it.
func (p *pic) paged(height int) { C.tp_paged(p.im, C.int(height)) }

// orient tells a picture its orientation, as EXIF counts.
func (p *pic) orient(orientation int) { C.tp_orient(p.im, C.int(orientation)) }

// fromPixels makes a picture of its bytes, row by row.
func fromPixels(b []byte, w, h, bands int) (*pic, error) {
	p := &pic{solid: true, own: true}
	if C.tp_from_pixels(unsafe.Pointer(&b[0]), C.size_t(len(b)), C.int(w), C.int(h), C.int(bands), &p.im) != 0 {
		return nil, errVips()
	}
	return p, nil
}

func (p *pic) close() {
	if p != nil && p.im != nil {
		C.g_object_unref(C.gpointer(p.im))
		p.im = nil
	}
}

func (p *pic) w() int     { return int(p.im.Xsize) }
func (p *pic) h() int     { return int(p.im.Ysize) }
func (p *pic) bands() int { return int(p.im.Bands) }

// pages is the height of a frame and how many there are.
func (p *pic) pages() (height, n int) {
	height = int(C.vips_image_get_page_height(p.im))
	return height, p.h() / height
}

// become replaces the picture by what an operation makes of it.
func (p *pic) become(f func(out **C.VipsImage) C.int) error {
	var out *C.VipsImage
	if f(&out) != 0 {
		return errVips()
	}
	C.g_object_unref(C.gpointer(p.im))
	p.im, p.own = out, false
	return nil
}

// also makes another picture of this one.
func (p *pic) also(f func(out **C.VipsImage) C.int) (*pic, error) {
	q := &pic{solid: p.solid}
	if f(&q.im) != 0 {
		return nil, errVips()
	}
	return q, nil
}

// settle evaluates the pipeline into memory, unless that was done.
func (p *pic) settle() error {
	if p.solid {
		return nil
	}
	return p.copy()
}

// drawable makes sure that the pixels lie in memory and are nobody else's.
func (p *pic) drawable() error {
	if p.own {
		return nil
	}
	return p.copy()
}

func (p *pic) copy() error {
	if err := p.become(func(out **C.VipsImage) C.int { return C.tp_memory(p.im, out) }); err != nil {
		return err
	}
	p.solid, p.own = true, true
	return nil
}

// pixels gives the bytes of a picture, row by row.
func (p *pic) pixels() ([]byte, error) {
	var data unsafe.Pointer
	var size C.size_t
	if C.tp_pixels(p.im, &data, &size) != 0 {
		return nil, errVips()
	}
	defer C.g_free(C.gpointer(data))
	return C.GoBytes(data, C.int(size)), nil
}

func (p *pic) srgb(profile bool) error {
	use := C.int(0)
	if profile {
		use = 1
	}
	return p.become(func(out **C.VipsImage) C.int { return C.tp_srgb(p.im, use, out) })
}

func (p *pic) grey() error {
	return p.become(func(out **C.VipsImage) C.int { return C.tp_grey(p.im, out) })
}

func (p *pic) oneBand() error {
	return p.become(func(out **C.VipsImage) C.int { return C.tp_one_band(p.im, out) })
}

func (p *pic) upright() error {
	return p.become(func(out **C.VipsImage) C.int { return C.tp_upright(p.im, out) })
}

// The kernels of resizing.
const (
	lanczos = C.VIPS_KERNEL_LANCZOS3
	linear  = C.VIPS_KERNEL_LINEAR
	nearest = C.VIPS_KERNEL_NEAREST
)

// resize scales to a size in pixels.
func (p *pic) resize(w, h, kernel int) error {
	sx, sy := float64(w)/float64(p.w()), float64(h)/float64(p.h())
	err := p.become(func(out **C.VipsImage) C.int {
		return C.tp_resize(p.im, C.double(sx), C.double(sy), C.int(kernel), out)
	})
	if err != nil || p.w() == w && p.h() == h {
		return err
	}
	return p.force(w, h) // rounding inside libvips made it a pixel more or less
}

// reduce scales to a size, evaluating the pipeline at once: several times as fast as resize where a picture becomes smaller.
func (p *pic) reduce(w, h int) error {
	if w > p.w() || h > p.h() || p.bands() < 3 {
		return p.resize(w, h, lanczos)
	}
	return p.reducePages(w, h, 1)
}

// reducePages scales each of the pages that lie on top of each other, none of whose sides may become longer.
func (p *pic) reducePages(w, h, pages int) error {
	err := p.become(func(out **C.VipsImage) C.int { return C.tp_reduce(p.im, C.int(w), C.int(h), C.int(pages), out) })
	if err == nil {
		p.solid, p.own = true, true
	}
	return err
}

// force cuts or extends by a pixel or so.
func (p *pic) force(w, h int) error {
	if p.w() >= w && p.h() >= h {
		return p.extract(rect{0, 0, w, h})
	}
	return p.become(func(out **C.VipsImage) C.int { return C.tp_embed_copy(p.im, C.int(w), C.int(h), out) })
}

func (p *pic) extract(r rect) error {
	return p.become(func(out **C.VipsImage) C.int {
		return C.tp_extract(p.im, C.int(r.x), C.int(r.y), C.int(r.w), C.int(r.h), out)
	})
}

func (p *pic) part(r rect) (*pic, error) {
	return p.also(func(out **C.VipsImage) C.int {
		return C.tp_extract(p.im, C.int(r.x), C.int(r.y), C.int(r.w), C.int(r.h), out)
	})
}

func (p *pic) rotate(quarters int) error {
	return p.become(func(out **C.VipsImage) C.int { return C.tp_rotate(p.im, C.int(quarters), out) })
}

func (p *pic) flip(vertical bool) error {
	v := C.int(0)
	if vertical {
		v = 1
	}
	return p.become(func(out **C.VipsImage) C.int { return C.tp_flip(p.im, v, out) })
}

// embed puts the picture onto a larger one of a colour.
func (p *pic) embed(x, y, w, h int, ink []float64) error {
	return p.become(func(out **C.VipsImage) C.int {
		return C.tp_embed(p.im, C.int(x), C.int(y), C.int(w), C.int(h), (*C.double)(&ink[0]), C.int(len(ink)), out)
	})
}

func (p *pic) flatten(ink []float64) error {
	if p.bands() != 4 && p.bands() != 2 {
		return nil
	}
	return p.become(func(out **C.VipsImage) C.int { return C.tp_flatten(p.im, (*C.double)(&ink[0]), out) })
}

// withAlpha adds opacity to a picture that has none.
func (p *pic) withAlpha() error {
	if p.bands() == 4 {
		return nil
	}
	return p.become(func(out **C.VipsImage) C.int { return C.tp_opaque(p.im, out) })
}

func (p *pic) maskAlpha(mask *pic) error {
	return p.become(func(out **C.VipsImage) C.int { return C.tp_mask_alpha(p.im, mask.im, out) })
}

// fade makes a picture with opacity more transparent.
func (p *pic) fade(opacity float64) error {
	alpha, err := p.also(func(out **C.VipsImage) C.int { return C.tp_bands(p.im, 3, 1, out) })
	if err != nil {
		return err
	}
	defer alpha.close()
	if err := alpha.table(faded(opacity)); err != nil {
		return err
	}
	colors, err := p.also(func(out **C.VipsImage) C.int { return C.tp_bands(p.im, 0, 3, out) })
	if err != nil {
		return err
	}
	defer colors.close()
	return p.become(func(out **C.VipsImage) C.int { return C.tp_join_bands(colors.im, alpha.im, out) })
}

func (p *pic) blur(sigma float64) error {
	return p.become(func(out **C.VipsImage) C.int { return C.tp_blur(p.im, C.double(sigma), out) })
}

func (p *pic) sharpen(sigma float64) error {
	return p.become(func(out **C.VipsImage) C.int { return C.tp_sharpen(p.im, C.double(sigma), out) })
}

// table replaces the values of the colours.
func (p *pic) table(t [256]byte) error {
	return p.become(func(out **C.VipsImage) C.int { return C.tp_table(p.im, unsafe.Pointer(&t[0]), out) })
}

// recomb mixes the colours by a matrix.
func (p *pic) recomb(nine [9]float64) error {
	return p.become(func(out **C.VipsImage) C.int { return C.tp_recomb(p.im, (*C.double)(&nine[0]), out) })
}

// findTrim gives what is not border; a width of 0 when all is. It looks at squares of three pixels: of less than that it
// keeps all.
func (p *pic) findTrim(threshold float64) (rect, error) {
	if p.w() < 3 || p.h() < 3 {
		return rect{0, 0, p.w(), p.h()}, nil
	}
	var x, y, w, h C.int
	if C.tp_trim(p.im, C.double(threshold), &x, &y, &w, &h) != 0 {
		return rect{}, errVips()
	}
	return rect{int(x), int(y), int(w), int(h)}, nil
}

// findSmart gives the corner of the part that draws the eye.
func (p *pic) findSmart(w, h int) (x, y int, err error) {
	var cx, cy C.int
	if C.tp_smart(p.im, C.int(w), C.int(h), &cx, &cy) != 0 {
		return 0, 0, errVips()
	}
	return int(cx), int(cy), nil
}

// words sets text (Pango markup) as a mask.
func words(markup, font string, width int) (*pic, error) {
	m, f := C.CString(markup), C.CString(font)
	defer C.free(unsafe.Pointer(m))
	defer C.free(unsafe.Pointer(f))
	p := &pic{}
	if C.tp_text(m, f, C.int(width), &p.im) != 0 {
		return nil, errVips()
	}
	return p, nil
}

// over lays another picture with opacity on this one.
func (p *pic) over(q *pic, x, y int) error {
	return p.become(func(out **C.VipsImage) C.int { return C.tp_over(p.im, q.im, C.int(x), C.int(y), out) })
}

// tile repeats the picture over an area.
func (p *pic) tile(w, h int) error {
	return p.become(func(out **C.VipsImage) C.int { return C.tp_tile(p.im, C.int(w), C.int(h), out) })
}

func (p *pic) drawRect(ink []float64, r rect) error {
	if C.tp_draw_rect(p.im, (*C.double)(&ink[0]), C.int(len(ink)), C.int(r.x), C.int(r.y), C.int(r.w), C.int(r.h)) != 0 {
		return errVips()
	}
	return nil
}

func (p *pic) drawMask(ink []float64, mask *pic, x, y int) error {
	if C.tp_draw_mask(p.im, (*C.double)(&ink[0]), C.int(len(ink)), mask.im, C.int(x), C.int(y)) != 0 {
		return errVips()
	}
	return nil
}

func (p *pic) drawImage(q *pic, x, y int) error {
	if C.tp_draw_image(p.im, q.im, C.int(x), C.int(y)) != 0 {
		return errVips()
	}
	return nil
}

// plain takes off the EXIF thumbnail and the frames, and if asked all metadata.
func (p *pic) plain(strip bool) error {
	all := C.int(0)
	if strip {
		all = 1
	}
	return p.become(func(out **C.VipsImage) C.int { return C.tp_plain(p.im, all, out) })
}

// stack puts pictures on top of each other.
func stack(pics []*pic) (*pic, error) {
	if len(pics) == 1 {
		C.g_object_ref(C.gpointer(pics[0].im))
		return &pic{im: pics[0].im, solid: pics[0].solid}, nil
	}
	ims := make([]*C.VipsImage, len(pics))
	all := true
	for i, p := range pics {
		ims[i] = p.im
		all = all && p.solid
	}
	s := &pic{solid: all}
	var pin runtime.Pinner
	pin.Pin(&ims[0])
	defer pin.Unpin()
	if C.tp_stack(&ims[0], C.int(len(ims)), &s.im) != 0 {
		return nil, errVips()
	}
	return s, nil
}

// animate marks a stack as frames of a height, with the timing of another picture.
func (p *pic) animate(height, n int, from *pic) error {
	return p.become(func(out **C.VipsImage) C.int {
		return C.tp_animate(p.im, C.int(height), C.int(n), from.im, out)
	})
}

// encoding is how pixels are written.
type encoding struct {
	format  int // a TpLoader
	quality int
	effort  int
	strip   bool
	palette bool
}

// blob is an encoded picture outside Go's heap.
type blob struct {
	data unsafe.Pointer
	size int
}

func (b *blob) bytes() []byte { return unsafe.Slice((*byte)(b.data), b.size) }

func (b *blob) free() {
	if b != nil && b.data != nil {
		C.g_free(C.gpointer(b.data))
		b.data = nil
	}
}

// encode evaluates the picture and writes it.
func (p *pic) encode(e encoding) (*blob, error) {
	how := C.TpSave{format: C.int(e.format), quality: C.int(e.quality), effort: C.int(e.effort)}
	if e.strip {
		how.strip = 1
	}
	if e.palette {
		how.palette = 1
	}
	C.tp_watch(p.im)
	var data unsafe.Pointer
	var size C.size_t
	var bad C.int
	if e.format == toJPEG && e.strip && p.solid && p.bands()%2 == 1 {
		bad = C.tp_jpeg_write(p.im, how.quality, &data, &size)
	} else {
		bad = C.tp_save(p.im, &how, &data, &size)
	}
	if bad != 0 {
		return nil, errVips()
	}
	if uint64(size) > math.MaxInt32 {
		C.g_free(C.gpointer(data))
		return nil, errors.New("more than two gigabytes were written")
	}
	b := &blob{data, int(size)}
	if e.strip && e.format == toWebP {
		b.size = stripWebP(b.bytes()) // libvips 8.14 always writes an EXIF block, if only with the resolution
	}
	return b, nil
}

// The formats of encoding.
const (
	toJPEG = C.TP_JPEG
	toPNG  = C.TP_PNG
	toWebP = C.TP_WEBP
	toGIF  = C.TP_GIF
	toHEIF = C.TP_HEIF
)
