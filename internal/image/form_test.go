package image_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/fault"
	"teamspro/internal/image"
	"teamspro/internal/image/imagetest"
)

// fields are inputs and their values: "w=800 h=600"; values with blanks stand last, behind the last input.
func fields(pairs ...string) map[string]string {
	f := map[string]string{}
	for _, p := range pairs {
		id, value, _ := strings.Cut(p, "=")
		f[id] = value
	}
	return f
}

func TestFormPlan(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		tool   image.Tool
		fields map[string]string
		want   string
	}{
		{image.ToolResize, fields("w=800"), "resize 800"},
		{image.ToolResize, fields("mode=fit", "w=800", "h=600"), "resize 800x600"},
		{image.ToolResize, fields("mode=fit", "h=50 %"), "resize x50%"},
		{image.ToolResize, fields("mode=fill", "w=800", "h=600"), "resize 800x600 fill smart"},
		{image.ToolResize, fields("mode=fill", "w=800", "h=600", "at=top-left"), "resize 800x600 fill top-left"},
		{image.ToolResize, fields("mode=force", "w=800", "h=600"), "resize 800x600 force"},
		{image.ToolResize, fields("mode=width", "w=800 px", "h=nonsense"), "resize 800"},
		{image.ToolResize, fields("mode=height", "h=600"), "resize x600"},
		{image.ToolResize, fields("mode=percent", "w=50"), "resize 50%"},
		{image.ToolResize, fields("mode=percent", "w=200%", "enlarge=true"), "resize 200% enlarge"},
		{image.ToolResize, fields("mode=side", "w=1024"), "resize 1024x1024"},
		{image.ToolCrop, fields("ratio=16:9"), "crop 16:9 smart"},
		{image.ToolCrop, fields("ratio=1:1", "at=centre"), "crop 1:1"},
		{image.ToolCrop, fields("box=10%,10% 50%x50%", "at=top"), "crop 10%,10% 50%x50%"},
		{image.ToolCrop, fields("box=en haut à gauche 40%x40%"), "crop 0%,0% 40%x40%"},
		{image.ToolRedact, fields("boxes=10%,40% 50%x8%"), "redact 10%,40% 50%x8%"},
		{image.ToolRedact, fields("boxes=0,0 20x20\r\n\n top 10% \n", "color=white"), "redact 0,0 20x20 0%,0% 100%x10% white"},
		{image.ToolRedact, fields("boxes=0,0 20x20", "how=pixelate", "color=white"), "redact pixelate 0,0 20x20"},
		{image.ToolRedact, fields("boxes=0,0 20x20", "how=blur"), "redact blur 0,0 20x20"},
		{image.ToolAnnotate, fields("text=top 10% | grey \"x\""), `text "top 10% | grey \"x\"" bottom`},
		{image.ToolAnnotate, fields("kind=text", "text=Draft", "place=haut gauche", "size=5%", "color=red"), `text "Draft" top-left red`},
		{image.ToolAnnotate, fields("kind=text", "text=Draft", "place=10%,20%"), `text "Draft" 10%,20%`},
		{image.ToolAnnotate, fields("kind=arrow", "place=10,10", "to=200,80"), "arrow 10,10 200,80"},
		{image.ToolAnnotate, fields("kind=box", "place=10,20 300x200", "color=blue"), "box 10,20 300x200 blue"},
		{image.ToolAnnotate, fields("kind=marker", "place=50%,50%", "number=3"), "marker 3 50%,50%"},
		{image.ToolConvert, fields("format=webp", "quality=80"), "webp q80"},
		{image.ToolConvert, fields("format=usual", "max=200 Ko", "keep=true"), "under 200 KB | keep metadata"},
	} {
		p, problems := image.FormPlan(row.tool, row.fields)
		if len(problems) > 0 {
			t.Errorf("%s %v: %v", row.tool, row.fields, problems)
			continue
		}
		want, err := image.Parse(row.want)
		if err != nil || p.String() != want.String() {
			t.Errorf("%s %v: %q, not %q (%v)", row.tool, row.fields, p, want, err)
		}
	}
}

func TestFormProblems(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		tool   image.Tool
		fields map[string]string
		want   string // input: key
	}{
		{image.ToolResize, nil, "w: image.form.needs"},
		{image.ToolResize, fields("mode=fill", "w=800"), "h: image.form.needs"},
		{image.ToolResize, fields("mode=force"), "h: image.form.needs w: image.form.needs"},
		{image.ToolResize, fields("w=wide"), "w: image.bad.needs"},
		{image.ToolResize, fields("w=800 webp"), "w: image.bad.needs"},
		{image.ToolResize, fields("w=800 | grey"), "w: image.bad.needs"},
		{image.ToolResize, fields("w=0"), "w: image.form.needs"},
		{image.ToolResize, fields("mode=side", "w=-5"), "w: image.bad.range"},
		{image.ToolResize, fields("mode=percent", "w=200"), "w: image.bad.enlarge"},
		{image.ToolResize, fields("mode=melt", "w=200"), "mode: image.form.needs"},
		{image.ToolResize, fields("mode=fill", "w=8", "h=8", "at=moon"), "w: image.bad.place"},
		{image.ToolCrop, nil, "ratio: image.form.needs"},
		{image.ToolCrop, fields("ratio=16:9", "box=0,0 1x1"), "box: image.form.one"},
		{image.ToolCrop, fields("ratio=1:9000"), "ratio: image.bad.ratio"},
		{image.ToolCrop, fields("box=right 100"), "box: image.bad.needs"},
		{image.ToolRedact, fields("boxes= \n "), "boxes: image.form.needs"},
		{image.ToolRedact, fields("boxes=0,0 20x20\nover there"), "boxes: image.bad.needs"},
		{image.ToolRedact, fields("boxes=0,0 20x20 | grey"), "boxes: image.bad.needs"},
		{image.ToolRedact, fields("boxes=" + strings.Repeat("0,0 1x1\n", 200)), "boxes: image.bad.boxes"},
		{image.ToolRedact, fields("boxes=0,0 1x1", "color=transparent"), "boxes: image.bad.solid"},
		{image.ToolRedact, fields("boxes=0,0 1x1", "how=thinly"), "boxes: image.bad.needs"},
		{image.ToolAnnotate, nil, "text: image.form.needs"},
		{image.ToolAnnotate, fields("text=" + strings.Repeat("x", 501)), "text: image.bad.words"},
		{image.ToolAnnotate, fields("kind=arrow", "place=1,1"), "to: image.form.needs"},
		{image.ToolAnnotate, fields("kind=arrow", "place=1,1", "to=1,1"), "place: image.bad.nothing"},
		{image.ToolAnnotate, fields("kind=marker", "place=1,1", "number=many"), "number: image.bad.needs"},
		{image.ToolAnnotate, fields("kind=poem"), "kind: image.form.needs"},
		{image.ToolConvert, nil, "format: image.form.nothing"},
		{image.ToolConvert, fields("format=usual"), "format: image.form.nothing"},
		{image.ToolConvert, fields("quality=200"), "quality: image.bad.range"},
		{image.ToolConvert, fields("max=1 B"), "max: image.bad.bytes"},
		{image.ToolConvert, fields("format=bmp"), "format: image.bad.needs"},
		{"paint", nil, ": image.form.needs"},
	} {
		p, problems := image.FormPlan(row.tool, row.fields)
		var got []string
		for _, id := range slices.Sorted(maps.Keys(problems)) {
			var f *fault.Error
			if !errors.As(problems[id], &f) || f.Kind != fault.Invalid {
				t.Errorf("%s %v: %v", row.tool, row.fields, problems[id])
				continue
			}
			got = append(got, id+": "+f.Text)
		}
		if strings.Join(got, " ") != row.want || len(p.Steps) > 0 {
			t.Errorf("%s %v: %v, not %s", row.tool, row.fields, got, row.want)
		}
	}
}

// Whatever is filled in: the plan is valid, its text is read as the same plan, and a form redacts or does nothing.
func FuzzFormPlan(f *testing.F) {
	f.Add("resize", "fit", "800", "50%")
	f.Add("redact", "solid", "0,0 20x20\ntop 10%", "black")
	f.Add("annotate", "text", "Hello \"x\" | grey", "top left")
	f.Fuzz(func(t *testing.T, tool, choice, a, b string) {
		values := map[string]string{"mode": choice, "how": choice, "kind": choice, "format": choice, "at": choice, "w": a, "h": b, "ratio": b, "box": a, "boxes": a,
			"text": a, "place": b, "to": a, "number": b, "color": b, "size": b, "quality": a, "max": b}
		p, problems := image.FormPlan(image.Tool(tool), values)
		if len(problems) > 0 {
			return
		}
		again, err := image.Parse(p.String())
		if err != nil || again.String() != p.String() || len(p.Steps) > 1 {
			t.Errorf("%q: %v, %q", p, err, again)
		}
	})
}

// What is tried is not done: the picture stays as it is, links to it as it is go on working, and those to the trial work too,
// unless something was covered that the trial would show.
func TestTry(t *testing.T) {
	t.Parallel()
	engine := &easel{}
	s := image.NewStudio(image.StudioConfig{Engine: engine})
	w := take(t, s, ana, "400x300")
	tried, err := s.Try(ana, w.ID, plan(t, "redact 0,0 20x20 | resize 200"))
	if err != nil || tried.After.W != 200 || tried.After.H != 150 || tried.At != w.At || engine.runs.Load() != 0 {
		t.Fatalf("%+v %v, %d runs", tried, err, engine.runs.Load())
	}
	now, err := s.Look(ana, w.ID)
	if diff := cmp.Diff(w, now); diff != "" || err != nil {
		t.Errorf("it is remembered (-before +now):\n%s%v", diff, err)
	}
	for _, p := range []image.Plan{w.Plan, tried.Plan} {
		if err := s.May(t.Context(), "t1", string(w.ID), p.String()); err != nil {
			t.Errorf("%q may not be shown: %v", p, err)
		}
	}
	must(t)(s.Do(t.Context(), ana, w.ID, plan(t, "redact 50,50 20x20")))
	if err := s.May(t.Context(), "t1", string(w.ID), tried.Plan.String()); !fault.Is(err, fault.NotFound) {
		t.Errorf("an older trial shows what is covered now: %v", err)
	}
	again, err := s.Try(ana, w.ID, plan(t, "redact 0,0 20x20"))
	if err != nil || s.May(t.Context(), "t1", string(w.ID), again.Plan.String()) != nil {
		t.Errorf("%q may not be shown: %v", again.Plan, err)
	}
	if _, err := s.Try(ana, w.ID, plan(t, "crop 900,900 5x5")); !fault.Is(err, fault.Invalid) {
		t.Errorf("outside: %v", err)
	}
	if _, err := s.Try(ben, w.ID, plan(t, "grey")); !fault.Is(err, fault.NotFound) {
		t.Errorf("somebody else's: %v", err)
	}
}

func TestResultAt(t *testing.T) {
	t.Parallel()
	s := image.NewStudio(image.StudioConfig{Engine: &easel{}})
	w := must(t)(s.Do(t.Context(), ana, take(t, s, ana, "400x300").ID, plan(t, "grey")))
	if _, r, err := s.ResultAt(t.Context(), ana, w.ID, w.At); err != nil || string(r.Data) != "grey" {
		t.Errorf("%q %v", r.Data, err)
	}
	if _, _, err := s.ResultAt(t.Context(), ana, w.ID, w.At-1); !fault.Is(err, fault.Stale) {
		t.Errorf("of an older card: %v", err)
	}
	if _, _, err := s.ResultAt(t.Context(), ben, w.ID, w.At); !fault.Is(err, fault.NotFound) {
		t.Errorf("somebody else's: %v", err)
	}
}

func TestTakeUp(t *testing.T) {
	t.Parallel()
	s := image.NewStudio(image.StudioConfig{Engine: &easel{}})
	first := take(t, s, ana, "400x300")
	take(t, s, ana, "40x30")
	if _, err := s.TakeUp(ben, first.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("somebody else's: %v", err)
	}
	must(t)(s.TakeUp(ana, first.ID))
	if id, err := s.Latest(ana); err != nil || id != first.ID {
		t.Errorf("the latest is %s, %v", id, err)
	}
}

func TestFindLink(t *testing.T) {
	t.Parallel()
	const harbour = "https://contoso.sharepoint.com/sites/x/Shared%20Documents/harbour.jpg?web=1"
	for _, row := range []struct{ words, link, rest string }{
		{harbour, harbour, ""},
		{"resize 800 " + harbour, harbour, "resize 800"},
		{harbour + " | grey | webp", harbour, "grey | webp"},
		{"resize 800, <" + harbour + ">", harbour, "resize 800"},
		{"resize 800", "", "resize 800"},
		{`text "` + harbour + `" top`, "", `text "` + harbour + `" top`},
		{"see HTTP://evil.example.", "HTTP://evil.example", "see"},
		{`text "open`, "", `text "open`},
	} {
		if link, rest := image.FindLink(row.words); link != row.link || rest != row.rest {
			t.Errorf("%q: %q and %q", row.words, link, rest)
		}
	}
}

func TestDriveLinks(t *testing.T) {
	t.Parallel()
	for link, want := range map[string]bool{
		"https://contoso.sharepoint.com/x": true, "https://contoso-my.sharepoint.us/x": true, "https://CONTOSO.SharePoint.com/:i:/s/x/abc": true,
		"http://contoso.sharepoint.com/x": false, "https://contoso.sharepoint.com:8443/x": false, "https://a@contoso.sharepoint.com/x": false,
		"https://sharepoint.com.evil.example/x": false, "https://evil.example/contoso.sharepoint.com": false, "https://x.y.sharepoint.com/": false,
		"https://contoso.sharepoint.com.evil.example/": false, "file:///etc/passwd": false, "": false, "https://contoso.sharepoint.com/" + strings.Repeat("x", 3000): false,
	} {
		if got := image.IsDriveLink(link); got != want {
			t.Errorf("%.60q: %v", link, got)
		}
	}
}

func TestOpenLink(t *testing.T) {
	t.Parallel()
	drives := imagetest.New()
	s := image.NewStudio(image.StudioConfig{Engine: &easel{}, Drives: drives})
	harbour := drives.Put(imagetest.Root, "harbour.jpg", []byte("400x300"))
	w := must(t)(s.OpenLink(t.Context(), ana, harbour.WebURL))
	if w.Item == nil || w.Item.Ref != harbour.Ref {
		t.Errorf("%+v", w)
	}
	for name, row := range map[string]struct {
		link string
		kind fault.Kind
	}{
		"elsewhere": {"https://evil.example/harbour.jpg", fault.Invalid},
		"a folder":  {drives.Folder(imagetest.Root, "more").WebURL, fault.Invalid},
		"gone":      {harbour.WebURL + "x", fault.NotFound},
	} {
		if _, err := s.OpenLink(t.Context(), ana, row.link); !fault.Is(err, row.kind) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := image.NewStudio(image.StudioConfig{Engine: &easel{}}).OpenLink(t.Context(), ana, harbour.WebURL); !fault.Is(err, fault.Denied) {
		t.Errorf("without drives: %v", err)
	}
}
