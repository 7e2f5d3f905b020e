// Package image is what Image Pro knows about pictures: the plan (what to do to a picture, as pure data with a text form),
// what is known of a picture, and the use cases around them. It decodes nothing: pixels are internal/imaging's, and where
// a picture comes from is behind the ports it declares here.
package image

// Plan is an ordered list of operations on one picture and the way the result is written. It is pure data: it can be
// shown, stored, undone step by step and named as a preset. The zero plan changes nothing but what is always done:
// the orientation baked in, metadata stripped, colours in sRGB.
type Plan struct {
	Steps  []Step
	Output Output
}

// Step is one operation of a plan: one of the types below and no other.
type Step interface {
	// verb is the name of the operation in the text of a plan and in what is stored.
	verb() string
	// words are what stands behind the verb.
	words() []string
	// check finds what is wrong with it.
	check(c *checker)
	// note tells what it did, for a person.
	note() Note
}

// Length is a number of pixels, or of hundredths of the side it is measured along at its point of the plan. Pixels are
// those of the whole picture, never those of a preview.
type Length struct {
	Value   float64
	Percent bool
}

// Point is a place in a picture, from its top left corner.
type Point struct{ X, Y Length }

// Box is a rectangle in a picture.
type Box struct{ X, Y, W, H Length }

// Gravity is the side or corner of a picture that something keeps to.
type Gravity string

// The nine places, and the one that is found by what the picture shows.
const (
	Centre      Gravity = "centre"
	Top         Gravity = "top"
	TopRight    Gravity = "top-right"
	Right       Gravity = "right"
	BottomRight Gravity = "bottom-right"
	Bottom      Gravity = "bottom"
	BottomLeft  Gravity = "bottom-left"
	Left        Gravity = "left"
	TopLeft     Gravity = "top-left"
	Smart       Gravity = "smart" // for cropping only: where the eye is drawn to
)

// Color is a colour in sRGB; A is its opacity, 255 for solid.
type Color struct{ R, G, B, A uint8 }

// ResizeMode tells what gives way when the asked size has other proportions than the picture.
type ResizeMode string

// The modes of Resize.
const (
	Fit   ResizeMode = "fit"   // the whole picture, inside the box
	Fill  ResizeMode = "fill"  // the whole box, the picture cropped
	Force ResizeMode = "force" // both, the picture distorted
)

// The steps of a plan. A length of zero leaves that side to the other. Hundredths that belong to no side (of a radius, a
// line, a diameter) are those of the shorter one, and those of the height of letters are of the height.
// The JSON names are those of stored plans (stored.go): fields may be added, names must not change.
type (
	// Resize changes the size. It makes nothing larger than it was unless Enlarge is set.
	Resize struct {
		Mode    ResizeMode `json:"mode"`
		W       Length     `json:"w,omitzero"`
		H       Length     `json:"h,omitzero"`
		Gravity Gravity    `json:"at,omitempty"` // what Fill keeps
		Enlarge bool       `json:"enlarge,omitempty"`
	}
	// Crop keeps a box.
	Crop struct {
		Box Box `json:"box"`
	}
	// CropRatio keeps the largest part that has a ratio.
	CropRatio struct {
		W       int     `json:"w"`
		H       int     `json:"h"`
		Gravity Gravity `json:"at"`
	}
	// CropSize keeps a part of a size.
	CropSize struct {
		W       Length  `json:"w"`
		H       Length  `json:"h"`
		Gravity Gravity `json:"at"`
	}
	// Rotate turns clockwise by 90, 180 or 270 degrees.
	Rotate struct {
		Degrees int `json:"degrees"`
	}
	// Flip mirrors: left and right, or when Vertical is set top and bottom.
	Flip struct {
		Vertical bool `json:"vertical,omitempty"`
	}
	// Trim cuts off a border of one colour; Threshold is how much a pixel may differ from it (0 to 255).
	Trim struct {
		Threshold float64 `json:"threshold,omitempty"`
	}
	// Pad adds a border of a colour.
	Pad struct {
		Top    Length `json:"top,omitzero"`
		Right  Length `json:"right,omitzero"`
		Bottom Length `json:"bottom,omitzero"`
		Left   Length `json:"left,omitzero"`
		Color  Color  `json:"color"`
	}
	// PadRatio adds as much border as a ratio needs.
	PadRatio struct {
		W     int   `json:"w"`
		H     int   `json:"h"`
		Color Color `json:"color"`
	}
	// Background puts a colour behind what is transparent.
	Background struct {
		Color Color `json:"color"`
	}
	// Round makes the corners round and what is outside them transparent.
	Round struct {
		Radius Length `json:"radius"`
	}
	// Blur softens with a Gaussian of a standard deviation in pixels.
	Blur struct {
		Sigma float64 `json:"sigma"`
	}
	// Sharpen sharpens with an unsharp mask of a standard deviation in pixels.
	Sharpen struct {
		Sigma float64 `json:"sigma"`
	}
	// Grey takes the colours away.
	Grey struct{}
	// Brightness changes by hundredths, from -100 to 100, as do Contrast and Saturation.
	Brightness struct {
		Percent float64 `json:"percent"`
	}
	// Contrast spreads the tones around the middle.
	Contrast struct {
		Percent float64 `json:"percent"`
	}
	// Saturation makes colours stronger or weaker; -100 is grey.
	Saturation struct {
		Percent float64 `json:"percent"`
	}
	// Gamma brightens (above 1) or darkens (below 1) the middle tones.
	Gamma struct {
		Value float64 `json:"value"`
	}
	// Redact covers boxes. Solid is the only way that cannot be undone; the others are weaker.
	Redact struct {
		Boxes []Box `json:"boxes"`
		How   Cover `json:"how"`
		Color Color `json:"color,omitzero"` // of a solid cover, and solid itself
	}
	// Text writes words with a label behind them that gives contrast. Size is the height of a line.
	Text struct {
		Text    string  `json:"text"`
		At      Place   `json:"at"`
		Size    Length  `json:"size"`
		Color   Color   `json:"color"`
		Opacity float64 `json:"label,omitempty"` // of the label, 0 to 1
	}
	// Arrow points from one place to another.
	Arrow struct {
		From  Point  `json:"from"`
		To    Point  `json:"to"`
		Color Color  `json:"color"`
		Width Length `json:"width"`
	}
	// Frame draws the outline of a box.
	Frame struct {
		Box   Box    `json:"box"`
		Color Color  `json:"color"`
		Width Length `json:"width"`
	}
	// Marker is a number in a disc.
	Marker struct {
		Number int    `json:"number,omitempty"`
		At     Point  `json:"at"`
		Color  Color  `json:"color"`
		Size   Length `json:"size"` // diameter
	}
	// Watermark lays words or a picture over the image, once or as tiles.
	Watermark struct {
		Text    string  `json:"text,omitempty"`
		Image   string  `json:"image,omitempty"` // name of a picture that the tenant keeps for this
		At      Gravity `json:"at,omitempty"`
		Tile    bool    `json:"tile,omitempty"`
		Opacity float64 `json:"opacity"`        // 0 to 1
		Size    Length  `json:"size"`           // width of the mark
		Color   Color   `json:"color,omitzero"` // of words
	}
)

// Place is a side or corner, or when Gravity is empty a point.
type Place struct {
	Gravity Gravity `json:"side,omitempty"`
	Point   Point   `json:"point,omitzero"`
}

// Cover is how a redaction hides what is under it.
type Cover string

// The covers. Pixelate and Obscure keep traces of what was there, from which it has been recovered in practice.
const (
	Solid    Cover = "solid"
	Pixelate Cover = "pixelate"
	Obscure  Cover = "blur"
)

// Format is a format that results are written in; empty is that of the source, or the nearest that can be written.
type Format string

// The formats.
const (
	JPEG Format = "jpeg"
	PNG  Format = "png"
	WebP Format = "webp"
	GIF  Format = "gif"
	AVIF Format = "avif"
)

// Output is how the result of a plan is written.
type Output struct {
	Format   Format `json:"format,omitempty"`
	Quality  int    `json:"quality,omitempty"` // 1 to 100; 0 is the format's default
	MaxBytes int64  `json:"max,omitempty"`     // 0 is no limit
	Keep     bool   `json:"keep,omitempty"`    // keep metadata instead of stripping it
}
