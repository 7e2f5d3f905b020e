package image

import (
	"encoding/json"
	"slices"
)

// Then gives the plan that does p and then q on the result. Settings of the output are q's where it has them; metadata
// that p keeps stays kept. The error is a fault: together they exceed a limit.
func (p Plan) Then(q Plan) (Plan, error) {
	joined := p.with(q)
	return joined, joined.Validate()
}

func (p Plan) with(q Plan) Plan {
	joined := Plan{Steps: slices.Concat(p.Steps, q.Steps), Output: p.Output}
	if q.Output.Format != "" {
		joined.Output.setFormat(q.Output.Format)
	}
	if q.Output.Quality != 0 {
		joined.Output.Quality = q.Output.Quality
	}
	if q.Output.MaxBytes != 0 {
		joined.Output.MaxBytes = q.Output.MaxBytes
	}
	joined.Output.Keep = p.Output.Keep || q.Output.Keep
	return joined
}

// MaxTrail is how many plans a trail holds; the oldest is forgotten first.
const MaxTrail = 20

// Trail is what was done to a picture, one plan after the other, each from the original on: the first At of them stand,
// the others were undone and can be done again. It is pure data; its methods change nothing and give another trail.
type Trail struct {
	Plans []Plan `json:"plans,omitempty"`
	At    int    `json:"at,omitempty"`
}

// Plan is the plan that stands; the zero plan when all was undone.
func (t Trail) Plan() Plan {
	if t.At == 0 {
		return Plan{}
	}
	return t.Plans[t.At-1]
}

// Do does a plan on what stands. What was undone is forgotten. The error is a fault: together they exceed a limit.
func (t Trail) Do(p Plan) (Trail, error) {
	next, err := t.Plan().Then(p)
	if err != nil {
		return t, err
	}
	plans := append(slices.Clone(t.Plans[:t.At]), next)
	plans = plans[max(0, len(plans)-MaxTrail):]
	return Trail{Plans: plans, At: len(plans)}, nil
}

// Undo takes the last plan back; false when nothing stands.
func (t Trail) Undo() (Trail, bool) { return t.move(-1) }

// Redo does again what was taken back last; false when nothing was.
func (t Trail) Redo() (Trail, bool) { return t.move(1) }

func (t Trail) move(by int) (Trail, bool) {
	if at := t.At + by; at >= 0 && at <= len(t.Plans) {
		return Trail{Plans: t.Plans, At: at}, true
	}
	return t, false
}

// UnmarshalJSON reads a stored trail and refuses one that could not have been made.
func (t *Trail) UnmarshalJSON(raw []byte) error {
	type plain Trail
	var read plain
	if err := json.Unmarshal(raw, &read); err != nil {
		return err
	}
	if read.At < 0 || read.At > len(read.Plans) || len(read.Plans) > MaxTrail {
		return unreadable("image.stored.unreadable")
	}
	*t = Trail(read)
	return nil
}
