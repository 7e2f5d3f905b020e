package image

// What a card shows: the longest side and the bytes of a preview (Teams shows pictures of cards up to 1024 by 1024 and 1 MB).
const (
	PreviewSide  = 1024
	PreviewBytes = 1_000_000
)

// Preview is the plan of a small picture of the result, for a card: the same steps on the whole picture and a last one that
// makes it fit a square of maxSide, written as JPEG, or as PNG where something may be transparent.
//
// The steps stay as they are and the fit is the last one, so lengths in pixels are those of the whole picture, text and
// lines shrink with it, and a redaction covers its pixels before any of them is mixed with another. An engine may bring the
// fit forward only as far as no step behind it covers anything. Metadata is never kept in a preview.
func (p Plan) Preview(maxSide int, source Facts) Plan {
	side := px(float64(min(max(maxSide, 1), PreviewSide)))
	steps := append(make([]Step, 0, len(p.Steps)+1), p.Steps...)
	if n := len(steps); n > MaxSteps {
		steps = steps[:n-1] // it was a preview's
	}
	steps = append(steps, Resize{Mode: Fit, W: side, H: side})
	return Plan{Steps: steps, Output: Output{Format: p.shown(source), MaxBytes: PreviewBytes}}
}

// shown is the format of a preview. A result without transparency is shown without it too.
func (p Plan) shown(source Facts) Format {
	if p.Output.Format != JPEG && p.Clear(source) {
		return PNG
	}
	return JPEG
}

// Clear tells whether something of the result may be transparent, if its format can be that.
func (p Plan) Clear(source Facts) bool {
	clear := source.Alpha
	for _, s := range p.Steps {
		switch s := s.(type) {
		case Background:
			clear = false
		case Round:
			clear = true
		case Pad:
			clear = clear || !s.Color.solid()
		case PadRatio:
			clear = clear || !s.Color.solid()
		}
	}
	return clear
}
