package imaging

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
)

// readPNG walks the chunks (PNG, third edition, 5.3). The picture's own data is stepped over.
func (h *header) readPNG(data []byte) error {
	pixels := false
	for p := 8; ; {
		if p+8 > len(data) {
			return endPNG(pixels)
		}
		size, name := uint64(binary.BigEndian.Uint32(data[p:])), string(data[p+4:p+8])
		if (p == 8) != (name == "IHDR") {
			return errSick
		}
		if uint64(p)+12+size > uint64(len(data)) {
			if name == "IDAT" {
				return nil // the decoder says how much is missing
			}
			return endPNG(pixels)
		}
		if name == "IEND" {
			h.End = p + 12
			return endPNG(pixels)
		}
		pixels = pixels || name == "IDAT"
		if err := h.chunkPNG(name, data[p+8:p+8+int(size)]); err != nil {
			return err
		}
		p += 12 + int(size)
	}
}

func endPNG(pixels bool) error {
	if !pixels {
		return errCut
	}
	return nil
}

func (h *header) chunkPNG(name string, b []byte) error {
	switch name {
	case "IHDR":
		return h.sizePNG(b)
	case "tRNS":
		h.Alpha = true
	case "pHYs":
		if len(b) == 9 && b[8] == 1 { // per metre
			h.DPI = sane(float64(binary.BigEndian.Uint32(b)) * 0.0254)
		}
	case "iCCP":
		h.profilePNG(b)
	case "eXIf":
		h.exif(b)
	case "iTXt", "tEXt", "zTXt":
		h.Metadata = true
		if bytes.HasPrefix(b, []byte("XML:com.adobe.xmp")) {
			h.xmp(b)
		}
	case "acTL":
		if len(b) == 8 {
			h.Frames = int(max(1, min(binary.BigEndian.Uint32(b), 1<<30)))
		}
	}
	return nil
}

func (h *header) sizePNG(b []byte) error {
	if len(b) != 13 {
		return errSick
	}
	w, ht := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	if w == 0 || ht == 0 || w > 1<<31-1 || ht > 1<<31-1 {
		return errSick
	}
	h.W, h.H = int(w), int(ht)
	h.Alpha = b[9]&4 != 0
	h.Mono = b[9]&2 == 0
	h.Foreign = b[8] == 16
	return nil
}

// profilePNG reads the beginning of a compressed profile, at most some kilobytes of it.
func (h *header) profilePNG(b []byte) {
	name, rest, ok := bytes.Cut(b, []byte{0})
	if !ok || len(rest) < 1 {
		return
	}
	h.Profile = printable(name)
	if r, err := zlib.NewReader(bytes.NewReader(rest[1:])); err == nil {
		head, _ := io.ReadAll(io.LimitReader(r, 16<<10)) // a damaged end still has a beginning
		if d := profileName(head); d != "" {
			h.Profile = d
		}
	}
	if h.Profile == "" {
		h.Profile = "ICC"
	}
	h.Foreign = h.Foreign || !standard(h.Profile)
}
