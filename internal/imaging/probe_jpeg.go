package imaging

import (
	"bytes"
	"encoding/binary"
)

// readJPEG walks the segments before the first scan (ITU T.81, B.1).
func (h *header) readJPEG(data []byte) error {
	for p := 2; ; {
		marker, body, next, err := segment(data, p)
		if err != nil {
			return err
		}
		switch {
		case marker == 0xda || marker == 0xd9: // a scan, or the end
			if h.W == 0 {
				return errSick
			}
			return nil
		case marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc:
			if err := h.frameJPEG(body); err != nil {
				return err
			}
		case marker >= 0xe0 && marker <= 0xef:
			h.applicationJPEG(marker, body)
		}
		p = next
	}
}

// segment gives the marker at p, what belongs to it, and where the next one begins.
func segment(data []byte, p int) (marker byte, body []byte, next int, err error) {
	for p+1 < len(data) && data[p] == 0xff && data[p+1] == 0xff { // fill bytes
		p++
	}
	if p+4 > len(data) {
		return 0, nil, 0, errCut
	}
	if data[p] != 0xff {
		return 0, nil, 0, errSick
	}
	marker = data[p+1]
	if marker == 0x01 || marker >= 0xd0 && marker <= 0xd9 { // no length
		return marker, nil, p + 2, nil
	}
	n := int(binary.BigEndian.Uint16(data[p+2:]))
	if n < 2 {
		return 0, nil, 0, errSick
	}
	if p+2+n > len(data) {
		return 0, nil, 0, errCut
	}
	return marker, data[p+4 : p+2+n], p + 2 + n, nil
}

// frameJPEG reads a start of frame. A second one is refused: a decoder may believe the other.
func (h *header) frameJPEG(b []byte) error {
	if len(b) < 6 || h.W != 0 {
		return errSick
	}
	h.H, h.W = int(binary.BigEndian.Uint16(b[1:])), int(binary.BigEndian.Uint16(b[3:]))
	if h.W == 0 || h.H == 0 {
		return errSick
	}
	h.Mono = b[5] == 1
	h.Unusual = b[5] != 1 && b[5] != 3 || b[0] != 8
	h.Foreign = h.Foreign || h.Unusual
	return nil
}

func (h *header) applicationJPEG(marker byte, b []byte) {
	switch {
	case marker == 0xe0 && bytes.HasPrefix(b, []byte("JFIF\x00")) && len(b) >= 12 && h.DPI == 0:
		d := float64(binary.BigEndian.Uint16(b[8:]))
		switch b[7] {
		case 1:
			h.DPI = sane(d)
		case 2:
			h.DPI = sane(d * 2.54)
		}
	case marker == 0xe1 && bytes.HasPrefix(b, []byte("Exif\x00\x00")):
		h.exif(b)
	case marker == 0xe1 && bytes.HasPrefix(b, []byte("http://ns.adobe.com/x")):
		h.xmp(b)
	case marker == 0xe2 && bytes.HasPrefix(b, []byte("ICC_PROFILE\x00")) && len(b) > 14 && b[12] == 1:
		h.icc(b[14:])
		h.Foreign = h.Foreign || !standard(h.Profile)
	case marker == 0xed:
		h.Metadata = true
	}
}
