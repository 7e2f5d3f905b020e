package imaging

import (
	"bytes"
	"errors"
	"strings"

	"teamspro/internal/fault"
	"teamspro/internal/image"
)

// kind is a format that pictures are read from.
type kind string

// The kinds that are read. What is written is image.Format.
const (
	kindJPEG kind = "jpeg"
	kindPNG  kind = "png"
	kindWebP kind = "webp"
	kindGIF  kind = "gif"
	kindAVIF kind = "avif"
	kindHEIC kind = "heic"
	kindTIFF kind = "tiff"
)

// header is what the first look at a picture tells, more than people are shown.
type header struct {
	Kind        kind
	W, H        int // as stored
	Orientation int // 1 to 8 as EXIF counts; 1 when it is not told
	Frames      int
	Decoded     int // frames that a decoder would make of it: all of an animation, one of a TIFF with many pages
	Canvas      int64
	DPI         float64
	Profile     string
	Alpha       bool
	Location    bool
	Metadata    bool
	Mono        bool // greys only
	Foreign     bool // colours that are not sRGB's: CMYK, 16 bits, a profile
	Unusual     bool // a JPEG of other than one or three colours of eight bits
	End         int  // where the picture ends, if the walk came that far; 0 when it did not
}

// What is wrong with bytes that do not become a header.
var (
	errCut  = errors.New("the data ends inside the header")
	errSick = errors.New("the header contradicts itself")
)

// refused is a kind that is known and not read.
type refused struct {
	format string
	unsafe bool // it could run scripts or fetch things
}

func (r refused) Error() string { return "not read: " + r.format }

// facts are a header as people are told it.
func (h header) facts(size int) image.Facts {
	w, ht := h.upright()
	return image.Facts{
		Format: string(h.Kind), W: w, H: ht, Frames: h.Frames, Bytes: int64(size), DPI: h.DPI, Profile: h.Profile,
		Alpha: h.Alpha, HasLocation: h.Location, HasMetadata: h.Metadata,
	}
}

// upright is the size with the orientation applied.
func (h header) upright() (int, int) {
	if h.Orientation >= 5 {
		return h.H, h.W
	}
	return h.W, h.H
}

// read finds out what bytes are and reads their header. It decodes no pixels, follows only offsets inside data, and its
// work is bounded by the number of blocks that lie in data.
func read(data []byte, maxFrames int) (header, error) {
	k, err := sniff(data)
	if err != nil {
		return header{}, err
	}
	h := header{Kind: k, Orientation: 1, Frames: 1, Decoded: 1}
	switch k {
	case kindJPEG:
		err = h.readJPEG(data)
	case kindPNG:
		err = h.readPNG(data)
	case kindGIF:
		err = h.readGIF(data, maxFrames)
	case kindWebP:
		err = h.readWebP(data, maxFrames)
	case kindTIFF:
		err = h.readTIFF(data, maxFrames)
	default:
		err = h.readBMFF(data)
	}
	if err == nil && (h.W <= 0 || h.H <= 0) {
		err = errSick
	}
	h.Canvas = max(h.Canvas, int64(h.W)*int64(h.H))
	return h, err
}

// signatures are the beginnings of what is known, in the order they are tried.
var signatures = []struct {
	at     int
	bytes  string
	kind   kind    // read, or
	refuse refused // not
}{
	{at: 0, bytes: "\xff\xd8\xff", kind: kindJPEG},
	{at: 0, bytes: "\x89PNG\r\n\x1a\n", kind: kindPNG},
	{at: 0, bytes: "GIF87a", kind: kindGIF},
	{at: 0, bytes: "GIF89a", kind: kindGIF},
	{at: 8, bytes: "WEBP", kind: kindWebP},
	{at: 0, bytes: "II*\x00", kind: kindTIFF},
	{at: 0, bytes: "MM\x00*", kind: kindTIFF},
	{at: 0, bytes: "II+\x00", refuse: refused{format: "BigTIFF"}},
	{at: 0, bytes: "MM\x00+", refuse: refused{format: "BigTIFF"}},
	{at: 0, bytes: "BM", refuse: refused{format: "BMP"}},
	{at: 0, bytes: "8BPS", refuse: refused{format: "PSD"}},
	{at: 0, bytes: "\x00\x00\x01\x00", refuse: refused{format: "ICO"}},
	{at: 0, bytes: "\xff\x0a", refuse: refused{format: "JPEG XL"}},
	{at: 4, bytes: "JXL \r\n", refuse: refused{format: "JPEG XL"}},
	{at: 4, bytes: "jP  \r\n", refuse: refused{format: "JPEG 2000"}},
	{at: 0, bytes: "\xff\x4f\xff\x51", refuse: refused{format: "JPEG 2000"}},
	{at: 0, bytes: "\x76\x2f\x31\x01", refuse: refused{format: "OpenEXR"}},
	{at: 0, bytes: "#?RADIANCE", refuse: refused{format: "Radiance HDR"}},
	{at: 0, bytes: "SIMPLE  =", refuse: refused{format: "FITS"}},
	{at: 0, bytes: "qoif", refuse: refused{format: "QOI"}},
	{at: 0, bytes: "%!PS", refuse: refused{format: "PostScript", unsafe: true}},
	{at: 0, bytes: "\xc5\xd0\xd3\xc6", refuse: refused{format: "PostScript", unsafe: true}},
	{at: 0, bytes: "\xd7\xcd\xc6\x9a", refuse: refused{format: "WMF", unsafe: true}},
	{at: 40, bytes: " EMF", refuse: refused{format: "EMF", unsafe: true}},
	{at: 0, bytes: "PK\x03\x04", refuse: refused{format: "ZIP", unsafe: true}},
}

// Bytes at the beginning in which another program would still look for its own format.
const (
	pdfReach = 1024 // readers of PDF take a header anywhere in the first kilobyte
	svgReach = 4096
	zipReach = 65557 // a ZIP's last record with the longest comment
)

// sniff tells the kind of data from its bytes, and refuses what is not read and what is two things at once.
func sniff(data []byte) (kind, error) {
	if bytes.Contains(data[:min(len(data), pdfReach)], []byte("%PDF-")) {
		return "", refused{"PDF", true}
	}
	if looksLikeSVG(data) {
		return "", refused{"SVG", true}
	}
	k, err := signed(data)
	if err == nil && endsAsZIP(data) {
		return "", refused{"ZIP", true}
	}
	return k, err
}

func signed(data []byte) (kind, error) {
	for _, s := range signatures {
		if len(data) < s.at+len(s.bytes) || string(data[s.at:s.at+len(s.bytes)]) != s.bytes {
			continue
		}
		if s.kind == "" {
			return "", s.refuse
		}
		return s.kind, nil
	}
	return brand(data)
}

// looksLikeSVG tells whether data is text in which an svg element begins, whatever stands before it.
func looksLikeSVG(data []byte) bool {
	head := bytes.TrimLeft(bytes.TrimPrefix(data[:min(len(data), svgReach)], []byte("\xef\xbb\xbf")), " \t\r\n")
	head = bytes.ReplaceAll(head, []byte{0}, nil) // UTF-16
	if i := bytes.IndexByte(head, '<'); i < 0 || i > 2 {
		return false
	}
	return strings.Contains(strings.ToLower(string(head)), "<svg")
}

// endsAsZIP tells whether the last record of a ZIP archive closes data: a picture in front of an archive is both.
func endsAsZIP(data []byte) bool {
	tail := data[max(0, len(data)-zipReach):]
	for {
		i := bytes.LastIndex(tail, []byte("PK\x05\x06"))
		if i < 0 {
			return false
		}
		if len(tail)-i >= 22 && i+22+int(tail[i+20])+int(tail[i+21])<<8 == len(tail) {
			return true
		}
		tail = tail[:i]
	}
}

// check holds a picture to the limits before anything of it is decoded.
func (c Config) check(data []byte) (header, error) {
	const op = "imaging.Probe"
	if int64(len(data)) > c.MaxBytes {
		return header{}, fault.New(fault.Invalid, op, "image.too_large_bytes", "Bytes", int64(len(data)), "Limit", c.MaxBytes)
	}
	if len(data) == 0 {
		return header{}, fault.New(fault.Invalid, op, image.FaultEmpty)
	}
	h, err := read(data, c.MaxFrames)
	var no refused
	switch {
	case errors.As(err, &no) && no.unsafe:
		return header{}, fault.New(fault.Invalid, op, "image.unsafe_kind", "Format", no.format)
	case errors.As(err, &no):
		return header{}, fault.New(fault.Invalid, op, "image.unsupported", "Format", no.format)
	case errors.Is(err, errCut):
		return header{}, fault.New(fault.Invalid, op, "image.truncated")
	case err != nil:
		return header{}, fault.New(fault.Invalid, op, "image.not_an_image")
	}
	return h, c.fits(h)
}

// fits holds a header to the limits.
func (c Config) fits(h header) error {
	const op = "imaging.Probe"
	if h.Frames > c.MaxFrames {
		return fault.New(fault.Invalid, op, "image.too_many_frames", "Frames", h.Frames, "Limit", c.MaxFrames)
	}
	// Sides are below 2^32 and frames below MaxFrames: the float is for the product, which may pass an int64.
	if float64(h.Canvas)*float64(h.Decoded) > float64(c.MaxPixels) {
		return fault.New(fault.Invalid, op, "image.too_many_pixels", "W", h.W, "H", h.H, "Frames", h.Decoded, "Limit", c.MaxPixels)
	}
	if max(h.W, h.H) > maxReadSide {
		return fault.New(fault.Invalid, op, "image.too_many_pixels", "W", h.W, "H", h.H, "Frames", h.Decoded, "Limit", c.MaxPixels)
	}
	return nil
}

// maxReadSide is the longest side that is read, in pixels: a strip one pixel high has few pixels and still costs every
// consumer of its width.
const maxReadSide = 100_000
