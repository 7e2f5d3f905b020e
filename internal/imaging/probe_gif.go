package imaging

import "encoding/binary"

// readGIF walks the blocks (GIF89a, 26 and following) and counts the frames, until there are more than are allowed.
// The canvas is the largest of the screen and all frames: a frame may claim to be larger than the screen, and decoders
// have believed it.
func (h *header) readGIF(data []byte, maxFrames int) error {
	if len(data) < 13 {
		return errCut
	}
	h.W, h.H = int(binary.LittleEndian.Uint16(data[6:])), int(binary.LittleEndian.Uint16(data[8:]))
	p := 13 + tableGIF(data[10])
	h.Frames = 0
	for p < len(data) && h.Frames <= maxFrames {
		var err error
		switch data[p] {
		case 0x3b: // trailer
			h.End = p + 1
			return h.endGIF()
		case 0x21:
			p, err = h.extensionGIF(data, p)
		case 0x2c:
			p, err = h.imageGIF(data, p)
		default:
			err = errSick
		}
		if err != nil {
			return err
		}
	}
	return h.endGIF()
}

func (h *header) endGIF() error {
	if h.Frames == 0 {
		return errCut
	}
	h.Decoded = h.Frames
	return nil
}

// tableGIF is the size of the colour table that flags announce.
func tableGIF(flags byte) int {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

func (h *header) extensionGIF(data []byte, p int) (int, error) {
	if p+2 > len(data) {
		return 0, errCut
	}
	switch {
	case data[p+1] == 0xf9 && p+4 <= len(data):
		h.Alpha = h.Alpha || data[p+3]&1 != 0
	case data[p+1] == 0xff && p+14 <= len(data) && string(data[p+3:p+14]) == "XMP DataXMP":
		h.Metadata = true
	}
	return blocksGIF(data, p+2)
}

func (h *header) imageGIF(data []byte, p int) (int, error) {
	if p+11 > len(data) {
		return 0, errCut
	}
	x, y := int64(binary.LittleEndian.Uint16(data[p+1:])), int64(binary.LittleEndian.Uint16(data[p+3:]))
	w, ht := int64(binary.LittleEndian.Uint16(data[p+5:])), int64(binary.LittleEndian.Uint16(data[p+7:]))
	if w == 0 || ht == 0 {
		return 0, errSick
	}
	if h.W == 0 || h.H == 0 { // decoders take the first frame for the screen
		h.W, h.H = int(x+w), int(y+ht)
	}
	h.Canvas = max(h.Canvas, w*ht, (x+w)*(y+ht))
	h.Frames++
	return blocksGIF(data, p+11+tableGIF(data[p+9]))
}

// blocksGIF steps over sub-blocks up to the empty one that ends them.
func blocksGIF(data []byte, p int) (int, error) {
	for p < len(data) {
		n := int(data[p])
		p += 1 + n
		if n == 0 {
			return p, nil
		}
	}
	return 0, errCut
}
