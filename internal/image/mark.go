package image

import (
	"context"
	"path"
	"slices"
	"strings"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// maxMark is the largest picture that a watermark may be made of, in bytes.
const maxMark = 4 << 20

// MarkFunc finds the picture that a watermark names (watermark @logo), as somebody may see it.
type MarkFunc func(ctx context.Context, who identity.Caller, name string) ([]byte, error)

// Mark is the picture of that name in the library of the caller's conversation, with or without its ending. So a logo is
// changed by changing the file, and nobody puts one on a picture that they may not see.
func (g *Gallery) Mark(ctx context.Context, who identity.Caller, name string) ([]byte, error) {
	const op = "image.Mark"
	in, err := g.where(ctx, op, who)
	if err != nil {
		return nil, err
	}
	found, err := g.list(ctx, who, in, name)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(found, func(i Item) bool {
		return strings.EqualFold(i.Name, name) || strings.EqualFold(strings.TrimSuffix(i.Name, path.Ext(i.Name)), name)
	})
	if at < 0 {
		return nil, fault.New(fault.NotFound, op, "image.no_mark.library", "Name", name)
	}
	_, data, err := g.drives.Read(ctx, who, found[at].Ref, maxMark)
	return data, err
}

// run runs a plan for somebody, with the pictures that its watermarks name.
func (s *Studio) run(ctx context.Context, who identity.Caller, data []byte, before Facts, p Plan) (Result, error) {
	marks := map[string][]byte{}
	for _, step := range p.Steps {
		w, ok := step.(Watermark)
		if !ok || w.Image == "" || s.marks == nil || marks[w.Image] != nil {
			continue // without a picture the engine says that there is none
		}
		mark, err := s.marks(ctx, who, w.Image)
		if err != nil {
			return Result{}, err
		}
		marks[w.Image] = mark
	}
	return Run(ctx, s.engine, s.limits, data, before, p, marks)
}
