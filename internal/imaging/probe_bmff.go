package imaging

import (
	"bytes"
	"encoding/binary"
)

// brand tells AVIF and HEIC by the brands of the first box (ISO/IEC 23008-12, 10; AV1 Image File Format, 6).
func brand(data []byte) (kind, error) {
	b, _, err := nextBox(data, 0)
	if err != nil || b.name != "ftyp" || len(b.body) < 8 {
		return "", errSick
	}
	found := kind("")
	for p := 0; p+4 <= min(len(b.body), 256); p += 4 {
		switch string(b.body[p : p+4]) {
		case "avif", "avis":
			return kindAVIF, nil
		case "heic", "heix", "heim", "heis", "hevc", "hevx":
			found = kindHEIC
		}
	}
	if found == "" {
		return "", refused{format: "MP4"}
	}
	return found, nil
}

// box is a box of the ISO base media file format (ISO/IEC 14496-12, 4.2).
type box struct {
	name string
	body []byte
}

func nextBox(data []byte, p int) (box, int, error) {
	if p < 0 || p+8 > len(data) {
		return box{}, 0, errCut
	}
	size, head := uint64(binary.BigEndian.Uint32(data[p:])), 8
	switch size {
	case 0: // to the end
		size = uint64(len(data) - p)
	case 1:
		if p+16 > len(data) {
			return box{}, 0, errCut
		}
		size, head = binary.BigEndian.Uint64(data[p+8:]), 16
	}
	if size < uint64(head) {
		return box{}, 0, errSick
	}
	if size > uint64(len(data)-p) {
		return box{name: string(data[p+4 : p+8])}, 0, errCut
	}
	end := p + int(size)
	return box{string(data[p+4 : p+8]), data[p+head : end]}, end, nil
}

// boxes calls f with each box that lies in data; the last may be cut.
func boxes(data []byte, f func(box)) {
	for p := 0; p < len(data); {
		b, next, err := nextBox(data, p)
		if err != nil {
			return
		}
		f(b)
		p = next
	}
}

// full takes the version and flags off a full box.
func full(b []byte) (version byte, rest []byte) {
	if len(b) < 4 {
		return 0, nil
	}
	return b[0], b[4:]
}

// heif collects what the meta box tells.
type heif struct {
	primary    uint32
	properties []box
	linked     map[uint32][]int // item → indices of properties, from 1
	exif       []uint32         // items that hold EXIF
	xmp        bool
	places     map[uint32][2]uint64 // item → offset and length in the file
}

// readBMFF reads the meta box: the size of the primary item, how it is turned, whether it is transparent.
func (h *header) readBMFF(data []byte) error {
	f := heif{linked: map[uint32][]int{}, places: map[uint32][2]uint64{}}
	found := false
	boxes(data, func(b box) {
		if b.name == "meta" && !found {
			found = true
			_, rest := full(b.body)
			boxes(rest, f.meta)
		}
	})
	if !found {
		return errCut
	}
	h.describe(f)
	for _, item := range f.exif {
		if at := f.places[item]; at[1] > 4 && at[0]+at[1] <= uint64(len(data)) && at[0] < 1<<40 {
			h.exifItem(data[at[0] : at[0]+at[1]])
		}
	}
	h.Metadata = h.Metadata || f.xmp || len(f.exif) > 0
	return nil
}

// exifItem reads an EXIF item: four bytes tell where its TIFF structure begins. Turning is the container's business.
func (h *header) exifItem(b []byte) {
	skip := uint64(binary.BigEndian.Uint32(b))
	if skip+4 > uint64(len(b)) {
		return
	}
	turned := h.Orientation
	h.exif(b[4+skip:])
	h.Orientation = turned
}

func (f *heif) meta(b box) {
	switch b.name {
	case "pitm":
		if v, rest := full(b.body); v == 0 && len(rest) >= 2 {
			f.primary = uint32(binary.BigEndian.Uint16(rest))
		} else if len(rest) >= 4 {
			f.primary = binary.BigEndian.Uint32(rest)
		}
	case "iinf":
		v, rest := full(b.body)
		if skip := 2 + 2*int(min(v, 1)); len(rest) >= skip {
			boxes(rest[skip:], f.item)
		}
	case "iloc":
		f.locations(b.body)
	case "iprp":
		boxes(b.body, func(p box) {
			switch p.name {
			case "ipco":
				boxes(p.body, func(q box) { f.properties = append(f.properties, q) })
			case "ipma":
				f.links(p.body)
			}
		})
	}
}

// item reads an infe box: the number and type of an item.
func (f *heif) item(b box) {
	v, rest := full(b.body)
	id, at := uint32(0), 4
	switch {
	case v == 2 && len(rest) >= 8:
		id = uint32(binary.BigEndian.Uint16(rest))
	case v == 3 && len(rest) >= 10:
		id, at = binary.BigEndian.Uint32(rest), 6
	default:
		return
	}
	switch string(rest[at : at+4]) {
	case "Exif":
		f.exif = append(f.exif, id)
	case "mime":
		f.xmp = f.xmp || bytes.Contains(rest, []byte("rdf+xml"))
	}
}

// cursor reads numbers of varying width; beyond the end it gives zeros and says so.
type cursor struct {
	b   []byte
	bad bool
}

func (c *cursor) number(n int) uint64 {
	if n > len(c.b) {
		c.bad = true
		return 0
	}
	var v uint64
	for _, x := range c.b[:n] {
		v = v<<8 | uint64(x)
	}
	c.b = c.b[n:]
	return v
}

// locations reads an iloc box. Only what lies in the file as one piece is taken.
func (f *heif) locations(body []byte) {
	v, rest := full(body)
	c := &cursor{b: rest}
	sizes := c.number(2)
	offset, length, base, index := int(sizes>>12), int(sizes>>8&15), int(sizes>>4&15), int(sizes&15)
	wide := 2
	if v == 2 {
		wide = 4
	}
	for n := c.number(wide); n > 0 && !c.bad; n-- {
		id, method := uint32(c.number(wide)), uint64(0)
		if v > 0 {
			method = c.number(2) & 15
		}
		c.number(2)
		start := c.number(base)
		extents := c.number(2)
		for e := uint64(0); e < extents && !c.bad; e++ {
			if v > 0 {
				c.number(index)
			}
			at, size := c.number(offset), c.number(length)
			if method == 0 && extents == 1 && !c.bad {
				f.places[id] = [2]uint64{start + at, size}
			}
		}
	}
}

// links reads an ipma box: which properties belong to which item.
func (f *heif) links(body []byte) {
	if len(body) < 4 {
		return
	}
	v, wide := body[0], body[3]&1 != 0
	c := &cursor{b: body[4:]}
	for n := c.number(4); n > 0 && !c.bad; n-- {
		id := uint32(c.number(2 + 2*int(min(v, 1))))
		for k := c.number(1); k > 0 && !c.bad; k-- {
			if wide {
				f.linked[id] = append(f.linked[id], int(c.number(2)&0x7fff))
			} else {
				f.linked[id] = append(f.linked[id], int(c.number(1)&0x7f))
			}
		}
	}
}

// describe takes over the properties of the primary item. The canvas is the largest that any item claims.
func (h *header) describe(f heif) {
	for _, p := range f.properties {
		if w, ht, ok := p.extent(); ok {
			h.Canvas = max(h.Canvas, w*ht)
		}
		if p.name == "auxC" && bytes.Contains(p.body, []byte("alpha")) || p.name == "auxC" && bytes.Contains(p.body, []byte("auxid:1")) {
			h.Alpha = true
		}
	}
	turns, mirror := 0, -1
	for _, i := range f.linked[f.primary] {
		if i < 1 || i > len(f.properties) {
			continue
		}
		switch p := f.properties[i-1]; p.name {
		case "ispe":
			if w, ht, ok := p.extent(); ok {
				h.W, h.H = int(w), int(ht)
			}
		case "irot":
			if len(p.body) > 0 {
				turns = int(p.body[0] & 3)
			}
		case "imir":
			mirror = 0
		case "colr":
			h.colour(p.body)
		}
	}
	h.Orientation = turned(turns, mirror >= 0)
}

// turned is an orientation that has the same effect on the sides as quarter turns to the left have.
func turned(quarters int, mirrored bool) int {
	o := [4]int{1, 8, 3, 6}[quarters]
	if mirrored {
		o = [4]int{2, 5, 4, 7}[quarters]
	}
	return o
}

// extent is the size in an ispe box.
func (b box) extent() (w, h int64, ok bool) {
	_, rest := full(b.body)
	if b.name != "ispe" || len(rest) < 8 {
		return 0, 0, false
	}
	return int64(min(binary.BigEndian.Uint32(rest), 1<<30)), int64(min(binary.BigEndian.Uint32(rest[4:]), 1<<30)), true
}

func (h *header) colour(b []byte) {
	if len(b) > 4 && (string(b[:4]) == "prof" || string(b[:4]) == "rICC") {
		h.icc(b[4:])
		h.Foreign = !standard(h.Profile)
	}
}
