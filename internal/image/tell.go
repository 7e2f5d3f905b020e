package image

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"teamspro/internal/fault"
)

// The keys of notes that an engine gives, with their arguments.
const (
	NoteClamped         = "image.note.clamped"           // W, H: larger than allowed, made this size
	NoteFewerPixels     = "image.note.fewer_pixels"      // W, H: made this size to keep a limit of bytes
	NoteNotEnlarged     = "image.note.not_enlarged"      // the picture is smaller than what was asked
	NoteFirstFrame      = "image.note.first_frame"       // the result does not move
	NoteBytesNotReached = "image.note.bytes_not_reached" // Bytes, Limit: the nearest that could be had
	NoteQuality         = "image.note.quality"           // Quality: lowered to keep a limit of bytes
	NoteFormatChanged   = "image.note.format_changed"    // Format: written as this one
	NoteTransparent     = "image.note.transparent"       // Format: written as this one, as the source's has no transparency
	NoteWeakRedaction   = "image.note.weak_redaction"    // blur and pixels can be undone
	NoteAlphaLost       = "image.note.alpha_lost"        // transparent parts got a colour
)

// The keys of the faults of an engine, with their arguments. Their kinds are Invalid, but Busy for those that may pass
// when asked again (FaultBusy, FaultWorkerDied).
const (
	FaultTooLargeBytes = "image.too_large_bytes" // Limit: bytes
	FaultTooManyPixels = "image.too_many_pixels" // Limit: pixels over all frames
	FaultTooManyFrames = "image.too_many_frames" // Limit
	FaultEmpty         = "image.empty"
	FaultNotAnImage    = "image.not_an_image"
	FaultUnsupported   = "image.unsupported" // Format
	FaultTruncated     = "image.truncated"
	FaultBusy          = "image.busy"
	FaultTooSlow       = "image.too_slow" // Limit: time.Duration
	FaultWorkerDied    = "image.worker_died"
	FaultTooMuchMemory = "image.too_much_memory" // Limit: bytes
	FaultNoCodec       = "image.no_codec"        // Format
	FaultUnsafeKind    = "image.unsafe_kind"     // Format
	FaultNoMark        = "image.no_mark"         // Name: a picture that a watermark names and nobody gave
)

// inBytes are the keys whose Limit is a number of bytes.
var inBytes = []string{NoteBytesNotReached, FaultTooLargeBytes, FaultTooMuchMemory, "image.out.under"}

// Explain gives the sentence of a fault about pictures, whose limits are bytes, pixels and times.
func Explain(f *fault.Error) Note { return Note{Key: f.Text, Args: f.Args} }

// Say writes a note with a language's texts (lang.Printer.Text). An argument that is a note is said first, a list of them
// with commas. Bytes, pixels, times and fractions are written as the language writes them.
func (n Note) Say(text func(key string, args ...any) string) string {
	args := append([]any(nil), n.Args...)
	for i := 1; i < len(args); i += 2 {
		args[i] = said(n.measured(args[i-1], args[i]), text)
	}
	return text(n.Key, args...)
}

// measured gives an argument with its unit, where its name and the key tell it.
func (n Note) measured(name, arg any) any {
	v, ok := integer(arg)
	switch {
	case !ok:
		return arg
	case name == "Bytes" || name == "Limit" && slices.Contains(inBytes, n.Key):
		return Bytes(v)
	case name == "Limit" && n.Key == FaultTooManyPixels:
		return math.Round(float64(v)/100_000) / 10 // millions
	}
	return arg
}

func integer(arg any) (int64, bool) {
	switch arg := arg.(type) {
	case int:
		return int64(arg), true
	case int64:
		return arg, true
	}
	return 0, false
}

func said(arg any, text func(key string, args ...any) string) any {
	switch arg := arg.(type) {
	case Note:
		return arg.Say(text)
	case []Note:
		var all []string
		for _, n := range arg {
			all = append(all, n.Say(text))
		}
		return strings.Join(all, ", ")
	case time.Duration:
		return text("image.seconds", "Count", int(math.Ceil(arg.Seconds())))
	case float64:
		whole, part, fraction := strings.Cut(number(arg), ".")
		if !fraction {
			return whole
		}
		return text("image.decimal", "Whole", whole, "Part", part)
	}
	return arg
}

// Bytes writes bytes in the unit in which they are a short number.
func Bytes(n int64) Note {
	switch {
	case n < 1000:
		return Note{"image.bytes.b", []any{"Count", int(n)}}
	case n < 999_500:
		return Note{"image.bytes.kb", []any{"N", math.Round(float64(n) / 1000)}}
	}
	return Note{"image.bytes.mb", []any{"N", math.Round(float64(n)/100_000) / 10}}
}

func lengthNote(l Length) Note {
	if l.Percent {
		return Note{"image.percent", []any{"N", l.Value}}
	}
	return Note{"image.px", []any{"N", l.Value}}
}

func colorNote(c Color) any {
	for _, p := range palette {
		if p.color == c {
			return Note{Key: p.key}
		}
	}
	return c.String()
}

// Describe tells what each step of a plan does and how the result is written, each in a short phrase without a subject:
// "resized to 800 px wide", "in WebP".
func (p Plan) Describe() []Note {
	var all []Note
	for _, s := range p.Steps {
		all = append(all, s.note())
	}
	o := p.Output
	if o.Format != "" {
		all = append(all, Note{"image.out.format", []any{"Format", FormatName(o.Format)}})
	}
	if o.Quality != 0 {
		all = append(all, Note{"image.out.quality", []any{"Quality", o.Quality}})
	}
	if o.MaxBytes != 0 {
		all = append(all, Note{"image.out.under", []any{"Limit", o.MaxBytes}})
	}
	if o.Keep {
		all = append(all, Note{Key: "image.out.keep"})
	}
	return all
}

// FormatName is how people write the name of a format: JPEG, WebP.
func FormatName(f Format) string {
	if f == WebP {
		return "WebP"
	}
	return strings.ToUpper(string(f))
}

// AltText makes the words that stand for a picture where it is not seen: its name (a note or words; nil when it has none),
// what was done that shows, and its size.
func AltText(name any, p Plan, after Facts) Note {
	if name == nil || name == "" {
		name = Note{Key: "image.alt.unnamed"}
	}
	args := []any{"Name", name, "W", after.W, "H", after.H}
	parts := p.visible()
	if len(parts) == 0 {
		return Note{"image.alt", args}
	}
	return Note{"image.alt.with", append(args, "Parts", parts)}
}

// visible are the steps that a person who does not see the picture should know of.
func (p Plan) visible() []Note {
	var all []Note
	covered := map[Cover]int{}
	for _, s := range p.Steps {
		switch s := s.(type) {
		case Redact:
			covered[s.How] += len(s.Boxes)
		case Text, Arrow, Frame, Marker, Watermark, Grey, CropRatio, Crop, CropSize:
			all = append(all, s.note())
		}
	}
	for _, how := range []Cover{Solid, Pixelate, Obscure} {
		if n := covered[how]; n > 0 {
			all = append(all, coverNote(how, n))
		}
	}
	return all
}

func coverNote(how Cover, n int) Note {
	key := map[Cover]string{Solid: "image.did.redact.solid", Pixelate: "image.did.redact.pixelate", Obscure: "image.did.redact.blur"}[how]
	return Note{key, []any{"Count", n}}
}

func (r Resize) note() Note {
	w, h := lengthNote(r.W), lengthNote(r.H)
	switch {
	case r.H == Length{} && r.W.Percent:
		return Note{"image.did.resize.scale", []any{"W", w}}
	case r.H == Length{}:
		return Note{"image.did.resize.width", []any{"W", w}}
	case r.W == Length{}:
		return Note{"image.did.resize.height", []any{"H", h}}
	}
	key := map[ResizeMode]string{Fit: "image.did.resize.fit", Fill: "image.did.resize.fill", Force: "image.did.resize.force"}[r.Mode]
	return Note{key, []any{"W", w, "H", h}}
}

func (k Crop) note() Note { return cropNote(k.Box.W, k.Box.H) }

func cropNote(w, h Length) Note {
	return Note{"image.did.crop.size", []any{"W", lengthNote(w), "H", lengthNote(h)}}
}

func (k CropRatio) note() Note {
	if k.W == k.H {
		return Note{Key: "image.did.crop.square"}
	}
	return Note{"image.did.crop.ratio", []any{"W", k.W, "H", k.H}}
}

func (k CropSize) note() Note { return cropNote(k.W, k.H) }

func (r Rotate) note() Note {
	return Note{Key: map[int]string{90: "image.did.rotate.right", 180: "image.did.rotate.half", 270: "image.did.rotate.left"}[r.Degrees]}
}

func (f Flip) note() Note {
	return Note{Key: map[bool]string{true: "image.did.flip", false: "image.did.mirror"}[f.Vertical]}
}

func (Trim) note() Note { return Note{Key: "image.did.trim"} }

func (p Pad) note() Note { return Note{"image.did.pad", []any{"Color", colorNote(p.Color)}} }

func (p PadRatio) note() Note {
	return Note{"image.did.pad.ratio", []any{"W", p.W, "H", p.H, "Color", colorNote(p.Color)}}
}

func (b Background) note() Note {
	return Note{"image.did.background", []any{"Color", colorNote(b.Color)}}
}

func (Round) note() Note   { return Note{Key: "image.did.round"} }
func (Blur) note() Note    { return Note{Key: "image.did.blur"} }
func (Sharpen) note() Note { return Note{Key: "image.did.sharpen"} }
func (Grey) note() Note    { return Note{Key: "image.did.grey"} }

func (b Brightness) note() Note {
	return changed(b.Percent, "image.did.brightness.more", "image.did.brightness.less")
}

func (k Contrast) note() Note {
	return changed(k.Percent, "image.did.contrast.more", "image.did.contrast.less")
}

func (s Saturation) note() Note {
	return changed(s.Percent, "image.did.saturation.more", "image.did.saturation.less")
}

// changed tells a change by hundredths, up or down.
func changed(by float64, more, less string) Note {
	if by < 0 {
		return Note{less, []any{"N", lengthNote(percent(-by))}}
	}
	return Note{more, []any{"N", lengthNote(percent(by))}}
}

func (g Gamma) note() Note  { return Note{"image.did.gamma", []any{"N", g.Value}} }
func (r Redact) note() Note { return coverNote(r.How, len(r.Boxes)) }
func (t Text) note() Note   { return Note{"image.did.text", []any{"Text", clip(t.Text)}} }
func (Arrow) note() Note    { return Note{Key: "image.did.arrow"} }
func (Frame) note() Note    { return Note{Key: "image.did.box"} }

func (m Marker) note() Note {
	return Note{"image.did.marker", []any{"N", strconv.Itoa(m.Number)}}
}

func (w Watermark) note() Note {
	if w.Image != "" {
		return Note{"image.did.watermark.image", []any{"Name", w.Image}}
	}
	return Note{"image.did.watermark.text", []any{"Text", clip(w.Text)}}
}
