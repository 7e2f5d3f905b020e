package image

import "context"

// Facts is what the header of a picture tells, read without decoding it.
type Facts struct {
	Format      string // "jpeg", "png", "webp", "gif", "avif", "heic", "tiff"
	W, H        int    // as it is seen, with its orientation applied
	Frames      int    // 1 for a still picture
	Bytes       int64
	DPI         float64 // 0 when not told
	Profile     string  // name of the colour profile, "" when there is none
	Alpha       bool
	HasLocation bool // GPS data stands in its metadata
	HasMetadata bool // EXIF, XMP or IPTC
}

// Result is a picture that an engine made.
type Result struct {
	Data   []byte
	Facts  Facts
	Before Facts
	Notes  []Note // what was done otherwise than asked, in the order of the plan
}

// Note is a thing that a person should be told about a result: the key of a sentence and its arguments (see lang).
type Note struct {
	Key  string
	Args []any
}

// Engine runs plans on pictures. Its errors are faults with a sentence: what limit was met, what cannot be read.
type Engine interface {
	// Probe reads the header.
	Probe(ctx context.Context, data []byte) (Facts, error)
	// Render runs a plan. Marks are the pictures that watermarks of the plan name.
	Render(ctx context.Context, data []byte, p Plan, marks map[string][]byte) (Result, error)
	// Palette gives the dominant colours of a picture, the strongest first.
	Palette(ctx context.Context, data []byte, n int) ([]Color, error)
}
