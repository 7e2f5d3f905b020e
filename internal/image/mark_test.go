package image_test

import (
	"context"
	"testing"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
	"teamspro/internal/image/imagetest"
)

// A watermark names a picture of the conversation's library, with or without its ending, as its person may see it.
func TestMark(t *testing.T) {
	t.Parallel()
	h := newHall()
	h.drives.Put(imagetest.Root, "Logo.png", []byte("64x64"))
	h.drives.Put(imagetest.Root, "logo old.png", []byte("32x32"))
	ana := in(identity.Channel, "ana")
	for _, row := range []struct{ name, want string }{
		{"logo", "64x64"}, {"LOGO.PNG", "64x64"}, {"logo old", "32x32"}, {"log", ""}, {"seal", ""},
	} {
		data, err := h.Mark(t.Context(), ana, row.name)
		if string(data) != row.want || (err == nil) != (row.want != "") || err != nil && textOf(err) != "image.no_mark.library" {
			t.Errorf("@%s: %q, %v", row.name, data, err)
		}
	}
	h.drives.Refuse("ben", fault.New(fault.Denied, "test", "image.drive.gone"))
	if _, err := h.Mark(t.Context(), in(identity.Channel, "ben"), "logo"); !fault.Is(err, fault.Denied) {
		t.Errorf("somebody without the right: %v", err)
	}
}

// stamped is an engine that tells which pictures it was given for watermarks.
type stamped struct {
	easel
	got map[string]string
}

func (e *stamped) Render(ctx context.Context, data []byte, p image.Plan, marks map[string][]byte) (image.Result, error) {
	for name, mark := range marks {
		e.got[name] = string(mark)
	}
	return e.easel.Render(ctx, data, p, marks)
}

// What a watermark names is found for whoever does it, once for each name.
func TestStudioFindsMarks(t *testing.T) {
	t.Parallel()
	e, asked := &stamped{got: map[string]string{}}, 0
	studio := image.NewStudio(image.StudioConfig{Engine: e, Marks: func(_ context.Context, who identity.Caller, name string) ([]byte, error) {
		asked++
		if who != ana || name != "logo" {
			return nil, fault.New(fault.NotFound, "test", image.FaultNoMark, "Name", name)
		}
		return []byte("64x64"), nil
	}})
	w := take(t, studio, ana, "400x300")
	if _, err := studio.Do(t.Context(), ana, w.ID, plan(t, "watermark @logo | watermark @logo tile")); err != nil || e.got["logo"] != "64x64" || asked != 1 {
		t.Errorf("%v, asked %d times, given %v", err, asked, e.got)
	}
	if _, err := studio.Do(t.Context(), ana, w.ID, plan(t, "watermark @seal")); textOf(err) != image.FaultNoMark {
		t.Errorf("a picture that is not there: %v", err)
	}
}
