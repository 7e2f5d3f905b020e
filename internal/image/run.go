package image

import (
	"context"
	"slices"
)

// Run lays a plan out on a picture, so that the result keeps the limits, and has an engine do it. Marks are the pictures that
// its watermarks name; nil when it names none. The notes of the result
// are those of both, each told once: where steps differ in what they tell, the last is right.
func Run(ctx context.Context, e Engine, limits Limits, data []byte, before Facts, p Plan, marks map[string][]byte) (Result, error) {
	layout, err := limits.Layout(p, before)
	if err != nil {
		return Result{}, err
	}
	r, err := e.Render(ctx, data, layout.Plan, marks)
	r.Notes = once(append(layout.Notes, r.Notes...))
	return r, err
}

// once keeps the last note of each key.
func once(notes []Note) []Note {
	var kept []Note
	for i, n := range notes {
		if !slices.ContainsFunc(notes[i+1:], func(m Note) bool { return m.Key == n.Key }) {
			kept = append(kept, n)
		}
	}
	return kept
}
