package imaging

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"teamspro/internal/image"
)

// limits are those of Config that a worker keeps.
type limits struct {
	MaxFrames int
	MaxSide   int
	MaxOutput int64
}

// job is what a worker is asked for. The picture and its marks lie one after another in the shared memory.
type job struct {
	Header header
	Size   int
	Plan   plan
	Format image.Format
	Marks  []mark
	Colors int // how many dominant colours are asked for instead of a picture
	Budget time.Duration
	Limits limits

	steps    []image.Step
	deadline time.Time
	decoded  int64 // pixels of the source, as small as it was decoded
}

// mark is a picture that watermarks name.
type mark struct {
	Name   string
	Header header
	Size   int
}

func (j *job) markHeader(name string) header {
	for _, m := range j.Marks {
		if m.Name == name {
			return m.Header
		}
	}
	return header{}
}

// plan is a plan as it crosses to a worker.
type plan struct {
	Steps  []step
	Output image.Output
}

type step struct {
	Name string
	Args json.RawMessage
}

// mostSteps bounds a plan.
const mostSteps = 256

// kinds reads steps by the name of their type.
var kinds = map[string]func(json.RawMessage) (image.Step, error){
	"Resize": of[image.Resize], "Crop": of[image.Crop], "CropRatio": of[image.CropRatio], "CropSize": of[image.CropSize],
	"Rotate": of[image.Rotate], "Flip": of[image.Flip], "Trim": of[image.Trim], "Pad": of[image.Pad],
	"PadRatio": of[image.PadRatio], "Background": of[image.Background], "Round": of[image.Round], "Blur": of[image.Blur],
	"Sharpen": of[image.Sharpen], "Grey": of[image.Grey], "Brightness": of[image.Brightness],
	"Contrast": of[image.Contrast], "Saturation": of[image.Saturation], "Gamma": of[image.Gamma],
	"Redact": of[image.Redact], "Text": of[image.Text], "Arrow": of[image.Arrow], "Frame": of[image.Frame],
	"Marker": of[image.Marker], "Watermark": of[image.Watermark],
}

func of[S image.Step](args json.RawMessage) (image.Step, error) {
	var s S
	err := json.Unmarshal(args, &s)
	return s, err
}

// pack makes a plan ready to cross. Numbers that are none cannot.
func pack(p image.Plan) (plan, error) {
	if len(p.Steps) > mostSteps {
		return plan{}, fmt.Errorf("%d steps", len(p.Steps))
	}
	out := plan{Output: p.Output}
	for _, s := range p.Steps {
		name := ""
		if s != nil {
			name = reflect.TypeOf(s).Name() // "" of a pointer, which is no step
		}
		if kinds[name] == nil {
			return plan{}, fmt.Errorf("%T is no step", s)
		}
		args, err := json.Marshal(s)
		if err != nil {
			return plan{}, fmt.Errorf("%s: %w", name, err)
		}
		out.Steps = append(out.Steps, step{name, args})
	}
	return out, nil
}

// unpack is the other side of pack.
func (p plan) unpack() ([]image.Step, error) {
	steps := make([]image.Step, 0, len(p.Steps))
	for _, s := range p.Steps {
		read := kinds[s.Name]
		if read == nil {
			return nil, fmt.Errorf("no step %q", s.Name)
		}
		v, err := read(s.Args)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		steps = append(steps, v)
	}
	return steps, nil
}

// answer is what a worker gives back. The result lies in the other shared memory.
type answer struct {
	Size   int
	Notes  []note
	Colors []image.Color

	Trouble trouble
	Format  string // that has no codec
	Reason  string // for the log

	CPU    time.Duration // of the worker, since it began
	Pixels int64         // bytes that libvips still holds
}

// note is an image.Note whose numbers survive the crossing.
type note struct {
	Key  string
	Args []arg
}

type arg struct {
	Name  string
	Value int64
}

func crossing(notes []image.Note) []note {
	var out []note
	for _, n := range notes {
		c := note{Key: n.Key}
		for i := 0; i+1 < len(n.Args); i += 2 {
			c.Args = append(c.Args, arg{fmt.Sprint(n.Args[i]), reflect.ValueOf(n.Args[i+1]).Int()})
		}
		out = append(out, c)
	}
	return out
}

func crossed(notes []note) []image.Note {
	var out []image.Note
	for _, n := range notes {
		m := image.Note{Key: n.Key}
		for _, a := range n.Args {
			m.Args = append(m.Args, a.Name, a.Value)
		}
		out = append(out, m)
	}
	return out
}

// trouble is what went wrong in a worker, as far as people are told it.
type trouble string

const (
	troubleNone     trouble = ""
	troubleDamaged  trouble = "damaged" // the picture, beyond its header
	troubleSlow     trouble = "slow"
	troubleMemory   trouble = "memory"
	troubleNoCodec  trouble = "codec"
	troubleTooLarge trouble = "large" // the result
	troubleOurs     trouble = "ours"
)
