package imaging

import "encoding/binary"

// readWebP walks the chunks (RFC 9649).
func (h *header) readWebP(data []byte, maxFrames int) error {
	if len(data) < 20 || string(data[:4]) != "RIFF" {
		return errSick
	}
	animated := 0
	for p := 12; p+8 <= len(data) && animated <= maxFrames; {
		name, size := string(data[p:p+4]), uint64(binary.LittleEndian.Uint32(data[p+4:]))
		end := uint64(p) + 8 + size
		if end > uint64(len(data)) {
			return errCut
		}
		b := data[p+8 : end]
		if name == "ANMF" {
			animated++
			h.frameWebP(b)
		} else if err := h.chunkWebP(name, b); err != nil {
			return err
		}
		p = int(end + size&1)
	}
	h.Frames = max(1, animated)
	h.Decoded = h.Frames
	return nil
}

func (h *header) chunkWebP(name string, b []byte) error {
	switch name {
	case "VP8X":
		if len(b) < 10 || h.W != 0 {
			return errSick
		}
		h.W, h.H = 1+uint24(b[4:]), 1+uint24(b[7:])
		h.Alpha = b[0]&0x10 != 0
	case "VP8 ":
		if len(b) < 10 {
			return errCut
		}
		h.still(int(binary.LittleEndian.Uint16(b[6:])&0x3fff), int(binary.LittleEndian.Uint16(b[8:])&0x3fff))
	case "VP8L":
		if len(b) < 5 || b[0] != 0x2f {
			return errSick
		}
		bits := binary.LittleEndian.Uint32(b[1:])
		h.still(1+int(bits&0x3fff), 1+int(bits>>14&0x3fff))
		h.Alpha = h.Alpha || bits>>28&1 != 0
	case "ICCP":
		h.icc(b)
		h.Foreign = !standard(h.Profile)
	case "EXIF":
		h.exif(b)
	case "XMP ":
		h.xmp(b)
	}
	return nil
}

// still takes over the size of the picture itself: the canvas, unless one was told before.
func (h *header) still(w, ht int) {
	if h.W == 0 {
		h.W, h.H = w, ht
	}
	h.Canvas = max(h.Canvas, int64(w)*int64(ht))
}

// frameWebP counts what a frame of an animation claims.
func (h *header) frameWebP(b []byte) {
	if len(b) >= 16 {
		h.Canvas = max(h.Canvas, int64(1+uint24(b[6:]))*int64(1+uint24(b[9:])))
	}
}

// stripWebP takes the EXIF and XMP chunks out of a file that was written here, in place, and gives its new length.
func stripWebP(data []byte) int {
	const flags = 20 // of VP8X, where they say which chunks there are
	to := 12
	for p := 12; p+8 <= len(data); {
		end := min(len(data), p+8+int(binary.LittleEndian.Uint32(data[p+4:])+1)&^1)
		if name := string(data[p : p+4]); name != "EXIF" && name != "XMP " {
			to += copy(data[to:], data[p:end])
		}
		p = end
	}
	if len(data) > flags && string(data[12:16]) == "VP8X" {
		data[flags] &^= 0x0c
	}
	binary.LittleEndian.PutUint32(data[4:], uint32(to-8))
	return to
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }
