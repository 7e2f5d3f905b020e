package imaging

import "bytes"

// readTIFF reads the first directory, which is the page that is decoded, and counts the pages behind it (TIFF 6.0).
func (h *header) readTIFF(data []byte, maxFrames int) error {
	t, at, err := openTIFF(data)
	if err != nil {
		return err
	}
	fields, next, err := t.directory(at)
	if err != nil {
		return err
	}
	h.pageTIFF(t, fields)
	seen := map[uint32]bool{at: true}
	for next != 0 && !seen[next] && h.Frames <= maxFrames {
		seen[next] = true
		var more map[uint16]field
		if more, next, err = t.directory(next); err != nil {
			return nil // pages that are not decoded need not be whole
		}
		if t.number(more[tagSubfile])&1 == 0 { // not a smaller copy of another page
			h.Frames++
		}
	}
	return nil
}

func (h *header) pageTIFF(t tiff, fields map[uint16]field) {
	h.W, h.H = int(t.number(fields[tagWidth])), int(t.number(fields[tagHeight]))
	h.Canvas = t.number(fields[tagTileWidth]) * t.number(fields[tagTileHeight])
	if o := t.number(fields[tagOrientation]); o >= 1 && o <= 8 {
		h.Orientation = int(o)
	}
	h.DPI = t.dpi(fields)
	photometric, samples := t.number(fields[tagPhotometric]), t.number(fields[tagSamples])
	h.Mono = photometric <= 1
	h.Alpha = len(fields[tagExtra].value) > 0 || photometric == 2 && samples == 4
	h.Foreign = photometric > 3 && photometric != 6 || t.number(fields[tagBits]) > 8
	if p, ok := fields[tagICC]; ok {
		h.icc(p.value)
		h.Foreign = h.Foreign || !standard(h.Profile)
	}
	_, exif := fields[tagEXIF]
	_, iptc := fields[tagIPTC]
	h.Metadata = exif || iptc
	if x, ok := fields[tagXMP]; ok {
		h.xmp(bytes.TrimSpace(x.value))
	}
	if gps, ok := fields[tagGPS]; ok {
		h.Metadata = true
		h.Location = h.Location || t.hasGPS(gps)
	}
}
