package sandbox

import (
	"bytes"
	"encoding/binary"
	"math"
)

// exif is what a phone writes into a picture beside its pixels (Exif 2.32, section 4.6: the tags).
type exif struct {
	orientation         uint16 // 6: turn it a quarter to the right to see it upright
	make, model, taken  string
	latitude, longitude float64 // degrees north and east
}

// The types of the fields that are written.
const (
	exifASCII    = 2
	exifShort    = 3
	exifLong     = 4
	exifRational = 5
)

// exifField is an entry of a directory. A value of more than four bytes stands behind the directory.
type exifField struct {
	tag, kind uint16
	count     uint32
	value     []byte
}

var exifOrder = binary.LittleEndian

// withEXIF puts the fields into a JPEG, right behind its first marker.
func withEXIF(jpeg []byte, e exif) []byte {
	if len(jpeg) < 2 {
		return jpeg
	}
	body := append([]byte("Exif\x00\x00"), e.tiff()...)
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(body)+2)) // APP1; a few hundred bytes
	return bytes.Join([][]byte{jpeg[:2], segment, body, jpeg[2:]}, nil)
}

// tiff is the block that the fields lie in: a header, the directory of the picture, and the one of its place.
func (e exif) tiff() []byte {
	const start = 8
	fields := func(place uint32) []exifField {
		return []exifField{
			exifText(0x010f, e.make), exifText(0x0110, e.model),
			{0x0112, exifShort, 1, exifOrder.AppendUint16(nil, e.orientation)},
			exifText(0x0132, e.taken),
			{0x8825, exifLong, 1, exifOrder.AppendUint32(nil, place)},
		}
	}
	place := start + uint32(len(exifDirectory(start, fields(0))))
	block := append([]byte("II*\x00"), exifOrder.AppendUint32(nil, start)...)
	block = append(block, exifDirectory(start, fields(place))...)
	return append(block, exifDirectory(place, []exifField{
		{0x0000, 1, 4, []byte{2, 3, 0, 0}},
		exifText(0x0001, "N"), {0x0002, exifRational, 3, exifDegrees(e.latitude)},
		exifText(0x0003, "E"), {0x0004, exifRational, 3, exifDegrees(e.longitude)},
	})...)
}

func exifText(tag uint16, s string) exifField {
	return exifField{tag, exifASCII, uint32(len(s) + 1), append([]byte(s), 0)}
}

// exifDegrees are degrees, minutes and hundredths of seconds, as three fractions.
func exifDegrees(d float64) []byte {
	hundredths := uint32(math.Round(d * 3600 * 100))
	var b []byte
	for _, part := range []uint32{hundredths / 360000, 1, hundredths / 6000 % 60, 1, hundredths % 6000, 100} {
		b = exifOrder.AppendUint32(b, part)
	}
	return b
}

// exifDirectory writes a directory that begins at an offset of the block, and the long values behind it.
func exifDirectory(offset uint32, fields []exifField) []byte {
	const count, entry, next = 2, 12, 4
	head := exifOrder.AppendUint16(nil, uint16(len(fields)))
	var long []byte
	behind := offset + uint32(count+entry*len(fields)+next)
	for _, f := range fields {
		head = exifOrder.AppendUint16(head, f.tag)
		head = exifOrder.AppendUint16(head, f.kind)
		head = exifOrder.AppendUint32(head, f.count)
		if len(f.value) <= 4 {
			head = append(head, append(bytes.Clone(f.value), make([]byte, 4-len(f.value))...)...)
			continue
		}
		head = exifOrder.AppendUint32(head, behind+uint32(len(long)))
		long = append(long, f.value...)
		if len(long)%2 == 1 {
			long = append(long, 0) // values begin at even offsets
		}
	}
	return append(append(head, 0, 0, 0, 0), long...)
}

// exifTurn reads the orientation of a JPEG; 0 when it tells none.
func exifTurn(jpeg []byte) int {
	at := bytes.Index(jpeg[:min(len(jpeg), 64<<10)], []byte("Exif\x00\x00"))
	if at < 0 || !bytes.HasPrefix(jpeg, []byte{0xff, 0xd8}) || len(jpeg) < at+16 {
		return 0
	}
	block := jpeg[at+6:]
	var order binary.ByteOrder = binary.LittleEndian
	if block[0] == 'M' {
		order = binary.BigEndian
	}
	start := uint64(order.Uint32(block[4:]))
	if start+2 > uint64(len(block)) {
		return 0
	}
	fields := block[start+2:]
	for range order.Uint16(block[start:]) {
		if len(fields) < 12 {
			return 0
		}
		if order.Uint16(fields) == 0x0112 {
			return int(order.Uint16(fields[8:]))
		}
		fields = fields[12:]
	}
	return 0
}
