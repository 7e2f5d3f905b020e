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
type Step interface{ step() }

// Length is a number of pixels, or of hundredths of the side it is measured along at its point of the plan.
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

// The steps of a plan. A length of zero leaves that side to the other.
type (
	// Resize changes the size. It makes nothing larger than it was unless Enlarge is set.
	Resize struct {
		Mode    ResizeMode
		W, H    Length
		Gravity Gravity // what Fill keeps
		Enlarge bool
	}
	// Crop keeps a box.
	Crop struct{ Box Box }
	// CropRatio keeps the largest part that has a ratio.
	CropRatio struct {
		W, H    int
		Gravity Gravity
	}
	// CropSize keeps a part of a size.
	CropSize struct {
		W, H    Length
		Gravity Gravity
	}
	// Rotate turns clockwise by 90, 180 or 270 degrees.
	Rotate struct{ Degrees int }
	// Flip mirrors: left and right, or when Vertical is set top and bottom.
	Flip struct{ Vertical bool }
	// Trim cuts off a border of one colour; Threshold is how much a pixel may differ from it (0 to 255).
	Trim struct{ Threshold float64 }
	// Pad adds a border of a colour.
	Pad struct {
		Top, Right, Bottom, Left Length
		Color                    Color
	}
	// PadRatio adds as much border as a ratio needs.
	PadRatio struct {
		W, H  int
		Color Color
	}
	// Background puts a colour behind what is transparent.
	Background struct{ Color Color }
	// Round makes the corners round and what is outside them transparent.
	Round struct{ Radius Length }
	// Blur softens with a Gaussian of a standard deviation in pixels.
	Blur struct{ Sigma float64 }
	// Sharpen sharpens with an unsharp mask of a standard deviation in pixels.
	Sharpen struct{ Sigma float64 }
	// Grey takes the colours away.
	Grey struct{}
	// Brightness, Contrast and Saturation change by hundredths, from -100 to 100.
	Brightness struct{ Percent float64 }
	// Contrast spreads the tones around the middle.
	Contrast struct{ Percent float64 }
	// Saturation makes colours stronger or weaker; -100 is grey.
	Saturation struct{ Percent float64 }
	// Gamma brightens (above 1) or darkens (below 1) the middle tones.
	Gamma struct{ Value float64 }
	// Redact covers boxes. Solid is the only way that cannot be undone; the others are weaker.
	Redact struct {
		Boxes []Box
		How   Cover
		Color Color
	}
	// Text writes words with a label behind them that gives contrast. Size is the height of a line.
	Text struct {
		Text    string
		At      Place
		Size    Length
		Color   Color
		Opacity float64 // of the label, 0 to 1
	}
	// Arrow points from one place to another.
	Arrow struct {
		From, To Point
		Color    Color
		Width    Length
	}
	// Frame draws the outline of a box.
	Frame struct {
		Box   Box
		Color Color
		Width Length
	}
	// Marker is a number in a disc.
	Marker struct {
		Number int
		At     Point
		Color  Color
		Size   Length // diameter
	}
	// Watermark lays words or a picture over the image, once or as tiles.
	Watermark struct {
		Text    string
		Image   string // name of a picture that the tenant keeps for this
		At      Gravity
		Tile    bool
		Opacity float64 // 0 to 1
		Size    Length  // width of the mark
		Color   Color   // of words
	}
)

// Place is a side or corner, or when Gravity is empty a point.
type Place struct {
	Gravity Gravity
	Point   Point
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
	Format   Format
	Quality  int   // 1 to 100; 0 is the format's default
	MaxBytes int64 // 0 is no limit
	Keep     bool  // keep metadata instead of stripping it
}

func (Resize) step()     {}
func (Crop) step()       {}
func (CropRatio) step()  {}
func (CropSize) step()   {}
func (Rotate) step()     {}
func (Flip) step()       {}
func (Trim) step()       {}
func (Pad) step()        {}
func (PadRatio) step()   {}
func (Background) step() {}
func (Round) step()      {}
func (Blur) step()       {}
func (Sharpen) step()    {}
func (Grey) step()       {}
func (Brightness) step() {}
func (Contrast) step()   {}
func (Saturation) step() {}
func (Gamma) step()      {}
func (Redact) step()     {}
func (Text) step()       {}
func (Arrow) step()      {}
func (Frame) step()      {}
func (Marker) step()     {}
func (Watermark) step()  {}
