package imaging

import (
	"bytes"
	"encoding/binary"
	"math"
)

// The tags of TIFF 6.0 and EXIF 2.3 that matter here.
const (
	tagSubfile     = 254
	tagWidth       = 256
	tagHeight      = 257
	tagBits        = 258
	tagPhotometric = 262
	tagOrientation = 274
	tagSamples     = 277
	tagXRes        = 282
	tagResUnit     = 296
	tagTileWidth   = 322
	tagTileHeight  = 323
	tagExtra       = 338
	tagXMP         = 700
	tagIPTC        = 33723
	tagEXIF        = 34665
	tagICC         = 34675
	tagGPS         = 34853
)

// tiff reads the directories of a TIFF structure, which is also what EXIF is.
type tiff struct {
	data  []byte
	order binary.ByteOrder
}

// field is an entry of a directory.
type field struct {
	tag, typ uint16
	count    uint32
	value    []byte // its bytes, nil when they lie outside
}

// openTIFF reads the eight bytes at the beginning.
func openTIFF(data []byte) (tiff, uint32, error) {
	if len(data) < 8 {
		return tiff{}, 0, errCut
	}
	t := tiff{data: data}
	switch string(data[:4]) {
	case "II*\x00":
		t.order = binary.LittleEndian
	case "MM\x00*":
		t.order = binary.BigEndian
	default:
		return tiff{}, 0, errSick
	}
	return t, t.order.Uint32(data[4:]), nil
}

// fieldSizes are the bytes of one value by type, from 1 (byte) to 13 (ifd).
var fieldSizes = [...]int64{0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4}

// directory gives the fields of the directory at an offset, and the offset of the next one.
func (t tiff) directory(at uint32) (map[uint16]field, uint32, error) {
	start := int64(at)
	if start+2 > int64(len(t.data)) {
		return nil, 0, errCut
	}
	n := int64(t.order.Uint16(t.data[start:]))
	end := start + 2 + n*12
	if end > int64(len(t.data)) {
		return nil, 0, errCut
	}
	fields := make(map[uint16]field, n)
	for p := start + 2; p < end; p += 12 {
		f := t.field(t.data[p : p+12])
		fields[f.tag] = f
	}
	var next uint32
	if end+4 <= int64(len(t.data)) {
		next = t.order.Uint32(t.data[end:])
	}
	return fields, next, nil
}

func (t tiff) field(e []byte) field {
	f := field{tag: t.order.Uint16(e), typ: t.order.Uint16(e[2:]), count: t.order.Uint32(e[4:])}
	if int(f.typ) >= len(fieldSizes) {
		return f
	}
	size := fieldSizes[f.typ] * int64(f.count)
	if size <= 4 {
		f.value = e[8 : 8+size]
		return f
	}
	at := int64(t.order.Uint32(e[8:]))
	if at+size <= int64(len(t.data)) {
		f.value = t.data[at : at+size]
	}
	return f
}

// number is the first value of a field; 0 when it has none.
func (t tiff) number(f field) int64 {
	switch {
	case (f.typ == 1 || f.typ == 7) && len(f.value) >= 1:
		return int64(f.value[0])
	case f.typ == 3 && len(f.value) >= 2:
		return int64(t.order.Uint16(f.value))
	case (f.typ == 4 || f.typ == 13) && len(f.value) >= 4:
		return int64(t.order.Uint32(f.value))
	}
	return 0
}

// dpi is the resolution that a directory tells, 0 when it tells none.
func (t tiff) dpi(fields map[uint16]field) float64 {
	f := fields[tagXRes]
	if f.typ != 5 || len(f.value) < 8 {
		return 0
	}
	d := float64(t.order.Uint32(f.value)) / float64(t.order.Uint32(f.value[4:]))
	if t.number(fields[tagResUnit]) == 3 { // per centimetre
		d *= 2.54
	}
	return sane(d)
}

// sane is a resolution, or 0 when a picture claims nonsense.
func sane(dpi float64) float64 {
	if math.IsNaN(dpi) || dpi < 1 || dpi > 100_000 {
		return 0
	}
	return math.Round(dpi*100) / 100
}

// hasGPS tells whether the directory that a field points to holds more than its own version.
func (t tiff) hasGPS(f field) bool {
	if f.tag != tagGPS {
		return false
	}
	gps, _, err := t.directory(uint32(t.number(f)))
	if err != nil {
		return true // it claims a place; that it is damaged does not make it safe to share
	}
	delete(gps, 0)
	return len(gps) > 0
}

// exif takes over what an EXIF block tells. Damage in it is no reason to refuse the picture.
func (h *header) exif(data []byte) {
	h.Metadata = true
	data = bytes.TrimPrefix(data, []byte("Exif\x00\x00"))
	t, at, err := openTIFF(data)
	if err != nil {
		return
	}
	fields, _, err := t.directory(at)
	if err != nil {
		return
	}
	if o := t.number(fields[tagOrientation]); o >= 1 && o <= 8 {
		h.Orientation = int(o)
	}
	if d := t.dpi(fields); d > 0 {
		h.DPI = d
	}
	h.Location = h.Location || t.hasGPS(fields[tagGPS])
}

// xmp takes over what an XMP packet tells.
func (h *header) xmp(packet []byte) {
	h.Metadata = true
	h.Location = h.Location || bytes.Contains(packet, []byte("GPSLatitude")) || bytes.Contains(packet, []byte("GPSLongitude"))
}

// icc takes over what the beginning of a colour profile tells: its description (ICC.1, 9.2.41), or that there is one.
func (h *header) icc(profile []byte) {
	h.Profile = profileName(profile)
	if h.Profile == "" {
		h.Profile = "ICC"
	}
}

// profileName is the description in an ICC profile, "" when it is not found.
func profileName(p []byte) string {
	if len(p) < 132 {
		return ""
	}
	n := min(binary.BigEndian.Uint32(p[128:]), 100)
	for i := range int(n) {
		e := 132 + 12*i
		if e+12 > len(p) {
			return ""
		}
		if string(p[e:e+4]) != "desc" {
			continue
		}
		at, size := uint64(binary.BigEndian.Uint32(p[e+4:])), uint64(binary.BigEndian.Uint32(p[e+8:]))
		if at+size > uint64(len(p)) || size < 12 {
			return ""
		}
		return description(p[at : at+size])
	}
	return ""
}

// description reads a text of an ICC profile: of version 2 in ASCII, of version 4 in UTF-16.
func description(d []byte) string {
	var text []byte
	switch string(d[:4]) {
	case "desc":
		n := uint64(binary.BigEndian.Uint32(d[8:]))
		text = d[12:min(uint64(len(d)), 12+n)]
	case "mluc":
		if len(d) < 28 {
			return ""
		}
		size, at := uint64(binary.BigEndian.Uint32(d[20:])), uint64(binary.BigEndian.Uint32(d[24:]))
		if at+size > uint64(len(d)) {
			return ""
		}
		for i := at + 1; i < at+size; i += 2 {
			text = append(text, d[i])
		}
	}
	return printable(text)
}

// printable is the ASCII part of a name in a picture, shortened: it comes from a stranger and is shown to people.
func printable(b []byte) string {
	out := make([]byte, 0, min(len(b), 64))
	for _, c := range b {
		if c >= ' ' && c < 0x7f && len(out) < 64 {
			out = append(out, c)
		}
	}
	return string(out)
}

// standard tells whether colours of a profile of this name are those of sRGB already.
func standard(profile string) bool {
	return profile == "" || len(profile) >= 4 && profile[:4] == "sRGB" || profile == "c2"
}
