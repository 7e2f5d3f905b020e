package image

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"teamspro/internal/fault"
)

// storedVersion is the version of the form in which plans are stored. It grows when an older program could misread a
// newer plan; fields and steps may be added without.
const storedVersion = 1

// maxStored is how large a stored plan may be, in bytes.
const maxStored = 32 << 10

// storedPlan is a plan as it is stored: {"v":1,"steps":[{"resize":{"mode":"fit","w":"800"}}],"out":{"format":"webp"}}.
type storedPlan struct {
	Version int                          `json:"v"`
	Steps   []map[string]json.RawMessage `json:"steps,omitempty"`
	Output  Output                       `json:"out,omitzero"`
}

// kind is a type of step and its stored name.
type kind struct {
	name string
	is   func(Step) bool
	read func([]byte) (Step, error)
}

func kindOf[T Step](name string) kind {
	return kind{
		name: name,
		is:   func(s Step) bool { _, ok := s.(T); return ok },
		read: func(raw []byte) (Step, error) {
			var step T
			d := json.NewDecoder(bytes.NewReader(raw))
			d.DisallowUnknownFields()
			err := d.Decode(&step)
			return step, err
		},
	}
}

// kinds are the stored names: more may follow, none may change.
func kinds() []kind {
	return []kind{
		kindOf[Resize]("resize"), kindOf[Crop]("crop"), kindOf[CropRatio]("crop_ratio"), kindOf[CropSize]("crop_size"),
		kindOf[Rotate]("rotate"), kindOf[Flip]("flip"), kindOf[Trim]("trim"), kindOf[Pad]("pad"), kindOf[PadRatio]("pad_ratio"),
		kindOf[Background]("background"), kindOf[Round]("round"), kindOf[Blur]("blur"), kindOf[Sharpen]("sharpen"),
		kindOf[Grey]("grey"), kindOf[Brightness]("brightness"), kindOf[Contrast]("contrast"), kindOf[Saturation]("saturation"),
		kindOf[Gamma]("gamma"), kindOf[Redact]("redact"), kindOf[Text]("text"), kindOf[Arrow]("arrow"), kindOf[Frame]("box"),
		kindOf[Marker]("marker"), kindOf[Watermark]("watermark"),
	}
}

func unreadable(text string, args ...any) error {
	return fault.New(fault.Invalid, "image.Plan.UnmarshalJSON", text, args...)
}

// MarshalJSON writes the plan as it is stored.
func (p Plan) MarshalJSON() ([]byte, error) {
	stored := storedPlan{Version: storedVersion, Output: p.Output}
	for _, s := range p.Steps {
		step, err := storedStep(s)
		if err != nil {
			return nil, err
		}
		stored.Steps = append(stored.Steps, step)
	}
	return json.Marshal(stored)
}

func storedStep(s Step) (map[string]json.RawMessage, error) {
	for _, k := range kinds() {
		if k.is(s) {
			raw, err := json.Marshal(s)
			return map[string]json.RawMessage{k.name: raw}, err
		}
	}
	return nil, fmt.Errorf("image.Plan.MarshalJSON: %T has no stored name", s)
}

// UnmarshalJSON reads a stored plan and validates it. Its errors are faults of kind Invalid: what a newer program stored
// and this one does not know, or what no program stored.
func (p *Plan) UnmarshalJSON(raw []byte) error {
	var stored storedPlan
	if len(raw) > maxStored {
		return unreadable("image.stored.unreadable")
	}
	if err := json.Unmarshal(raw, &stored); err != nil {
		return &fault.Error{Kind: fault.Invalid, Op: "image.Plan.UnmarshalJSON", Text: "image.stored.unreadable", Err: err}
	}
	if stored.Version != storedVersion {
		return unreadable("image.stored.newer")
	}
	read := Plan{Output: stored.Output}
	for _, step := range stored.Steps {
		s, err := readStep(step)
		if err != nil {
			return err
		}
		read.Steps = append(read.Steps, s)
	}
	if err := read.Validate(); err != nil {
		return err
	}
	*p = read
	return nil
}

func readStep(stored map[string]json.RawMessage) (Step, error) {
	for name, raw := range stored {
		for _, k := range kinds() {
			if k.name == name && len(stored) == 1 {
				s, err := k.read(raw)
				if err != nil {
					return nil, &fault.Error{Kind: fault.Invalid, Op: "image.Plan.UnmarshalJSON", Text: "image.stored.step", Args: []any{"Step", name}, Err: err}
				}
				return s, nil
			}
		}
		return nil, unreadable("image.stored.step", "Step", clip(name))
	}
	return nil, unreadable("image.stored.unreadable")
}

// MarshalText writes "800" or "50%".
func (l Length) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (l *Length) UnmarshalText(raw []byte) error {
	read, _, ok := parseLength(string(raw))
	if !ok {
		return fmt.Errorf("image: %.40q is no length", raw)
	}
	*l = read
	return nil
}

// MarshalText writes "10,20".
func (p Point) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (p *Point) UnmarshalText(raw []byte) error {
	read, ok := parsePoint(string(raw))
	if !ok {
		return fmt.Errorf("image: %.40q is no point", raw)
	}
	*p = read
	return nil
}

// MarshalText writes "10,20 300x200".
func (b Box) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (b *Box) UnmarshalText(raw []byte) error {
	at, of, _ := strings.Cut(string(raw), " ")
	p, pOK := parsePoint(at)
	s, sOK := parseSize(of)
	if !pOK || !sOK || !s.both {
		return fmt.Errorf("image: %.40q is no box", raw)
	}
	*b = Box{p.X, p.Y, s.W, s.H}
	return nil
}

// MarshalText writes a colour by its numbers: names may come to mean others.
func (c Color) MarshalText() ([]byte, error) {
	if c.solid() {
		return fmt.Appendf(nil, "#%02x%02x%02x", c.R, c.G, c.B), nil
	}
	return fmt.Appendf(nil, "#%02x%02x%02x%02x", c.R, c.G, c.B, c.A), nil
}

// UnmarshalText reads what MarshalText writes.
func (c *Color) UnmarshalText(raw []byte) error {
	read, ok := parseColor(string(raw))
	if !ok {
		return fmt.Errorf("image: %.40q is no colour", raw)
	}
	*c = read
	return nil
}
