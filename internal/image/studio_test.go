package image_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
)

// easel is an engine without pixels: a picture is "WxH", and what becomes of it is the text of the plan that was run.
type easel struct {
	runs atomic.Int32
	fail error
}

func (e *easel) Probe(_ context.Context, data []byte) (image.Facts, error) {
	f := image.Facts{Format: "png", Frames: 1, Bytes: int64(len(data))}
	if _, err := fmt.Sscanf(string(data), "%dx%d", &f.W, &f.H); err != nil {
		return image.Facts{}, fault.New(fault.Invalid, "easel.Probe", image.FaultNotAnImage)
	}
	return f, nil
}

func (e *easel) Render(ctx context.Context, data []byte, p image.Plan, _ map[string][]byte) (image.Result, error) {
	e.runs.Add(1)
	if e.fail != nil {
		return image.Result{}, e.fail
	}
	before, err := e.Probe(ctx, data)
	if err != nil {
		return image.Result{}, err
	}
	layout, err := image.Limits{}.Layout(p, before)
	size := layout.After(before)
	out := []byte(p.String())
	return image.Result{Data: out, Before: before, Facts: image.Facts{Format: "jpeg", W: size.W, H: size.H, Frames: 1, Bytes: int64(len(out))}}, err
}

func (e *easel) Palette(context.Context, []byte, int) ([]image.Color, error) {
	return []image.Color{{R: 255, A: 255}}, nil
}

var (
	ana = identity.Caller{Tenant: "t1", Person: "ana", Conversation: "a:1", Place: identity.Personal}
	ben = identity.Caller{Tenant: "t1", Person: "ben", Conversation: "a:1", Place: identity.Personal}
)

func plan(t *testing.T, text string) image.Plan {
	t.Helper()
	p, err := image.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func take(t *testing.T, s *image.Studio, who identity.Caller, size string) image.Work {
	t.Helper()
	w, err := s.Take(t.Context(), who, "harbour.png", []byte(size))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func must(t *testing.T) func(image.Work, error) image.Work {
	t.Helper()
	return func(w image.Work, err error) image.Work {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
}

// What is done to a picture adds up, always from the original; undo and redo go through it, and make nothing twice.
func TestStudioGoesBackAndForth(t *testing.T) {
	t.Parallel()
	e := &easel{}
	s, ctx := image.NewStudio(image.StudioConfig{Engine: e}), t.Context()
	w := take(t, s, ana, "1600x1200")
	w = must(t)(s.Do(ctx, ana, w.ID, plan(t, "resize 800")))
	w = must(t)(s.Do(ctx, ana, w.ID, plan(t, "grey | webp")))
	if got, want := w.Plan.String(), plan(t, "resize 800 | grey | webp").String(); got != want || w.After.W != 800 || !w.Undo || w.Redo {
		t.Fatalf("after two: %q %+v", got, w)
	}
	for _, tt := range []struct {
		do         func(context.Context, identity.Caller, image.ID, int) (image.Work, error)
		width      int
		undo, redo bool
	}{{s.Undo, 800, true, true}, {s.Undo, 1600, false, true}, {s.Undo, 1600, false, true}, {s.Redo, 800, true, true}, {s.Redo, 800, true, false}, {s.Redo, 800, true, false}} {
		w = must(t)(tt.do(ctx, ana, w.ID, w.At))
		if diff := cmp.Diff([]any{tt.width, tt.undo, tt.redo}, []any{w.After.W, w.Undo, w.Redo}); diff != "" {
			t.Fatal(diff)
		}
	}
	if n := e.runs.Load(); n != 2 {
		t.Errorf("the engine ran %d times for two plans", n)
	}
}

// A button that is pressed twice works once, and one of an older card not at all.
func TestStudioOldButtons(t *testing.T) {
	t.Parallel()
	s, ctx := image.NewStudio(image.StudioConfig{Engine: &easel{}}), t.Context()
	first := take(t, s, ana, "1600x1200")
	half := plan(t, "resize 50%")
	once := must(t)(s.DoAt(ctx, ana, first.ID, first.At, half))
	twice := must(t)(s.DoAt(ctx, ana, first.ID, first.At, half))
	if once.After.W != 800 || twice.After.W != 800 {
		t.Errorf("once %d, twice %d", once.After.W, twice.After.W)
	}
	back := must(t)(s.Undo(ctx, ana, first.ID, once.At))
	if again := must(t)(s.Undo(ctx, ana, first.ID, once.At)); again.After.W != 1600 || again.At != back.At {
		t.Errorf("undone twice: %+v", again)
	}
	for range image.MaxTrail + 5 { // also when the trail is full
		w := must(t)(s.Look(ana, first.ID))
		a := must(t)(s.DoAt(ctx, ana, first.ID, w.At, plan(t, "resize 99%")))
		b := must(t)(s.DoAt(ctx, ana, first.ID, w.At, plan(t, "resize 99%")))
		if a.After.W != b.After.W {
			t.Fatalf("pressed twice it worked twice: %d, %d", a.After.W, b.After.W)
		}
	}
}

// What the engine refuses changes nothing.
func TestStudioKeepsWhatWasWhenAPlanFails(t *testing.T) {
	t.Parallel()
	e := &easel{}
	s, ctx := image.NewStudio(image.StudioConfig{Engine: e}), t.Context()
	w := must(t)(s.Do(ctx, ana, take(t, s, ana, "1600x1200").ID, plan(t, "resize 800")))
	e.fail = fault.New(fault.Busy, "easel.Render", image.FaultBusy)
	if _, err := s.Do(ctx, ana, w.ID, plan(t, "grey")); !fault.Is(err, fault.Busy) {
		t.Fatalf("the fault is %v", err)
	}
	if now := must(t)(s.Look(ana, w.ID)); now.Plan.String() != w.Plan.String() || now.At != w.At {
		t.Errorf("changed: %+v", now)
	}
}

// A picture is its person's, where it was handed over: nobody else sees it, not even with its id.
func TestStudioIsolation(t *testing.T) {
	t.Parallel()
	s, ctx := image.NewStudio(image.StudioConfig{Engine: &easel{}}), t.Context()
	w := take(t, s, ana, "1600x1200")
	elsewhere, abroad, nobody := ana, ana, ana
	elsewhere.Conversation, abroad.Tenant, nobody.Person = "a:2", "t2", ""
	for name, who := range map[string]identity.Caller{"another person": ben, "another conversation": elsewhere, "another tenant": abroad, "nobody": nobody} {
		_, look := s.Look(who, w.ID)
		_, do := s.Do(ctx, who, w.ID, plan(t, "grey"))
		_, undo := s.Undo(ctx, who, w.ID, 0)
		_, result := s.Result(ctx, who, w.ID)
		_, colours := s.Colours(ctx, who, w.ID)
		for _, err := range []error{look, do, undo, result, colours} {
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if id, err := s.Latest(who); err == nil {
			t.Errorf("%s has the picture %s", name, id)
		}
	}
	if err := s.May(ctx, "t2", string(w.ID), w.Plan.String()); !fault.Is(err, fault.NotFound) {
		t.Errorf("a link of another tenant: %v", err)
	}
	if _, err := s.Take(ctx, nobody, "x", []byte("1x1")); !fault.Is(err, fault.Denied) {
		t.Errorf("taken from nobody: %v", err)
	}
}

// A preview is at most as large as asked, and is refused once something was covered that it would show.
func TestStudioPreview(t *testing.T) {
	t.Parallel()
	s, ctx := image.NewStudio(image.StudioConfig{Engine: &easel{}}), t.Context()
	w := take(t, s, ana, "1600x1200")
	plain, smaller := w.Plan.String(), plan(t, "resize 800").String()
	covered := must(t)(s.Do(ctx, ana, w.ID, plan(t, "redact 10%,10% 20%x20%")))
	later := must(t)(s.Do(ctx, ana, w.ID, plan(t, "grey")))
	for _, tt := range []struct {
		name, plan string
		may        bool
	}{
		{"as it was handed over", plain, false},
		{"without the cover", smaller, false},
		{"the cover in another place", plan(t, "redact 0%,0% 5%x5%").String(), false},
		{"the cover after a crop", plan(t, "crop 50%x50% | redact 10%,10% 20%x20%").String(), false},
		{"covered", covered.Plan.String(), true},
		{"covered and more", later.Plan.String(), true},
		{"covered and tried out", covered.Plan.String() + " | crop 1:1", true},
	} {
		err := s.May(ctx, "t1", string(w.ID), tt.plan)
		if (err == nil) != tt.may || err != nil && !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", tt.name, err)
		}
		data, kind, err := s.Preview(ctx, "t1", string(w.ID), tt.plan, 640)
		if (err == nil) != tt.may || tt.may && (kind != "image/jpeg" || !strings.Contains(string(data), "resize 640x640")) {
			t.Errorf("%s: %q %q %v", tt.name, data, kind, err)
		}
	}
}

// Pictures are held up to a bound; the ones that had to go are asked for again.
func TestStudioMemory(t *testing.T) {
	t.Parallel()
	s, ctx := image.NewStudio(image.StudioConfig{Engine: &easel{}, Memory: 1 << 20}), t.Context()
	var works []image.Work
	for range 20 {
		data := append([]byte("8x8 "), bytes.Repeat([]byte{'x'}, 200<<10)...)
		w, err := s.Take(ctx, ana, "big", data)
		if err != nil {
			t.Fatal(err)
		}
		works = append(works, w)
	}
	s.Settle()
	held := 0
	for _, w := range works {
		_, err := s.Do(ctx, ana, w.ID, plan(t, "grey"))
		var f *fault.Error
		switch {
		case err == nil:
			held++
		case !errors.As(err, &f) || f.Text != "image.gone":
			t.Errorf("the fault is %v", err)
		}
	}
	if held == 0 || held > 10 {
		t.Errorf("%d of 20 pictures of 200 KB are held in 1 MB", held)
	}
}
