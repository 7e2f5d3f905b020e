package image

import (
	"context"
	"slices"
)

// Run lays a plan out on a picture, so that the result keeps the limits, and has an engine do it. The notes of the result
// are those of both.
func Run(ctx context.Context, e Engine, limits Limits, data []byte, before Facts, p Plan) (Result, error) {
	layout, err := limits.Layout(p, before)
	if err != nil {
		return Result{}, err
	}
	r, err := e.Render(ctx, data, layout.Plan, nil)
	for _, n := range layout.Notes {
		if !slices.ContainsFunc(r.Notes, func(m Note) bool { return m.Key == n.Key }) {
			r.Notes = append(r.Notes, n)
		}
	}
	return r, err
}
