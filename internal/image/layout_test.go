package image

import (
	pixels "image"
	"strings"
	"testing"

	"teamspro/internal/lang"
)

func TestLayout(t *testing.T) {
	t.Parallel()
	photo := Facts{Format: "jpeg", W: 4000, H: 3000, Frames: 1}
	small := Facts{Format: "png", W: 300, H: 200, Frames: 1}
	moving := Facts{Format: "gif", W: 1000, H: 1000, Frames: 100}
	wide := Facts{Format: "jpeg", W: 60_000, H: 800, Frames: 1}
	webp := Facts{Format: "webp", W: 16_383, H: 100, Frames: 1}
	for _, row := range []struct {
		name   string
		plan   string
		before Facts
		after  Size
		notes  string // the ends of their keys
		did    string // the plan that is done, where it is not the one asked for
	}{
		{"nothing", "strip", photo, Size{W: 4000, H: 3000}, "", ""},
		{"width", "resize 800", photo, Size{W: 800, H: 600}, "", ""},
		{"height", "resize x600", photo, Size{W: 800, H: 600}, "", ""},
		{"percent", "resize 50%", photo, Size{W: 2000, H: 1500}, "", ""},
		{"rounded", "resize 333", photo, Size{W: 333, H: 250}, "", ""},
		{"inside a box", "resize 800x800", photo, Size{W: 800, H: 600}, "", ""},
		{"filling a box", "resize 800x800 fill", photo, Size{W: 800, H: 800}, "", ""},
		{"distorted", "resize 800x100 force", photo, Size{W: 800, H: 100}, "", ""},
		{"never to nothing", "resize 1", wide, Size{W: 1, H: 1}, "", ""},

		{"not enlarged", "resize 800", small, Size{W: 300, H: 200}, "not_enlarged", ""},
		{"not enlarged to fill", "resize 800x800 fill", small, Size{W: 200, H: 200}, "not_enlarged", ""},
		{"not enlarged by force", "resize 400x800 force", small, Size{W: 300, H: 200}, "not_enlarged", ""},
		{"a maximum is no wish", "max 800", small, Size{W: 300, H: 200}, "", ""},
		{"enlarged", "resize 600 enlarge", small, Size{W: 600, H: 400}, "", ""},
		{"enlarged by percent", "resize 200%", small, Size{W: 600, H: 400}, "", ""},

		{"box", "crop 10,20 300x200", photo, Size{W: 300, H: 200}, "", ""},
		{"box in percent", "crop 10%,40% 50%x8%", photo, Size{W: 2000, H: 240}, "", ""},
		{"box that ends outside", "crop 200,100 300x200", small, Size{W: 100, H: 100}, "", ""},
		{"ratio", "crop 16:9", photo, Size{W: 4000, H: 2250}, "", ""},
		{"tall ratio", "crop 9:16", photo, Size{W: 1688, H: 3000}, "", ""},
		{"square", "crop square smart", photo, Size{W: 3000, H: 3000}, "", ""},
		{"size", "crop 300x9000", photo, Size{W: 300, H: 3000}, "", ""},

		{"quarter turn", "rotate left", photo, Size{W: 3000, H: 4000}, "", ""},
		{"half turn", "rotate 180", photo, Size{W: 4000, H: 3000}, "", ""},
		{"trim", "trim | grey", photo, Size{W: 4000, H: 3000, AtMost: true}, "", ""},
		{"border", "pad 1 2 3 4", small, Size{W: 306, H: 204}, "", ""},
		{"border in percent", "pad 10%", small, Size{W: 360, H: 240}, "", ""},
		{"border for a ratio", "pad 1:1", small, Size{W: 300, H: 300}, "", ""},
		{"border for a wide ratio", "pad 16:9", small, Size{W: 356, H: 200}, "", ""},
		{"a chain", "crop 1:1 | resize 512 | rotate 90 | pad 10", photo, Size{W: 532, H: 532}, "", ""},

		{"too wide", "resize 20000 enlarge", Facts{W: 4000, H: 1000}, Size{W: 14_142, H: 3535}, "clamped", "resize 14142x3535 force enlarge"},
		{"too many pixels", "resize 9000x9000 force enlarge", small, Size{W: 7071, H: 7071}, "clamped", "resize 7071x7071 force enlarge"},
		{"too wide as it came", "grey", wide, Size{W: 16_383, H: 218}, "clamped", "grey | resize 16383x218 force"},
		{"WebP as it came", "grey", webp, Size{W: 16_383, H: 100}, "", ""},
		{"border too wide", "pad 0 100000", small, Size{W: 16_382, H: 200}, "clamped", "pad 0 8041 0 8041"},
		{"border too large", "pad 100000", Facts{W: 1, H: 1}, Size{W: 7071, H: 7071}, "clamped", "pad 3535"},
		{"ratio too wide", "pad 100:1", photo, Size{W: 16_300, H: 163}, "clamped", "resize 217x163 force | pad 100:1"},
		{"frames count", "resize 200% | gif", moving, Size{W: 707, H: 707}, "clamped", "resize 707x707 force enlarge | gif"},
	} {
		p := must(t, row.plan)
		l, err := Limits{}.Layout(p, row.before)
		if err != nil {
			t.Errorf("%s: %s", row.name, told(err))
			continue
		}
		if got := l.After(row.before); got != row.after {
			t.Errorf("%s: %s gives %v, want %v", row.name, row.plan, got, row.after)
		}
		want := row.did
		if want == "" {
			want = p.String()
		}
		if got := l.Plan.String(); got != want {
			t.Errorf("%s: %s is done as %s, want %s", row.name, row.plan, got, want)
		}
		var keys []string
		for _, n := range l.Notes {
			keys = append(keys, strings.TrimPrefix(n.Key, "image.note."))
		}
		if got := strings.Join(keys, " "); got != row.notes {
			t.Errorf("%s: %s has the notes %q, want %q", row.name, row.plan, got, row.notes)
		}
	}
}

func TestLayoutTellsTheSizeItMade(t *testing.T) {
	t.Parallel()
	l, err := Limits{Side: 1000}.Layout(must(t, "resize 2000 enlarge"), Facts{W: 400, H: 300})
	if err != nil || len(l.Notes) != 1 {
		t.Fatal(l, err)
	}
	if got := l.Notes[0].Say(lang.For("en").Text); !strings.Contains(got, "1000 × 750") {
		t.Errorf("says %q", got)
	}
}

// TestLayoutRefuses what misses the picture: a redaction that covers nothing must not look as if it did.
func TestLayoutRefuses(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ plan, key string }{
		{"crop 300,0 10x10", "image.bad.outside"},
		{"redact 299,199 10x10", ""},
		{"redact 300,0 10x10", "image.bad.outside"},
		{"redact 0,0 10x10 0,200 10x10", "image.bad.outside"},
		{"resize 50% | redact 150,0 10x10", "image.bad.outside"},
		{"rotate 90 | redact 250,0 10x10", "image.bad.outside"},
		{"redact 250,0 10x10 | rotate 90", ""},
	} {
		_, err := Limits{}.Layout(must(t, row.plan), Facts{W: 300, H: 200})
		if got := key(t, err); got != row.key {
			t.Errorf("%s has the fault %q, want %q", row.plan, got, row.key)
		}
	}
}

// TestIn: a box holds each pixel that it touches.
func TestIn(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		box  Box
		w, h int
		want pixels.Rectangle
	}{
		{Box{px(10), px(20), px(30), px(40)}, 100, 100, pixels.Rect(10, 20, 40, 60)},
		{Box{px(10.4), px(20.6), px(30), px(40)}, 100, 100, pixels.Rect(10, 20, 41, 61)},
		{Box{percent(10), percent(40), percent(50), percent(8)}, 101, 99, pixels.Rect(10, 39, 61, 48)},
		{Box{percent(66.7), px(0), percent(33.3), percent(100)}, 1000, 10, pixels.Rect(667, 0, 1000, 10)},
		{Box{px(90), px(90), px(30), px(40)}, 100, 100, pixels.Rect(90, 90, 100, 100)},
		{Box{px(100), px(0), px(30), px(40)}, 100, 100, pixels.Rectangle{}},
		{Box{percent(99.9), percent(99.9), percent(0.1), percent(0.1)}, 10, 10, pixels.Rect(9, 9, 10, 10)},
	} {
		got := row.box.In(row.w, row.h)
		if got != row.want && !(got.Empty() && row.want.Empty()) {
			t.Errorf("%s in %d×%d is %v, want %v", row.box, row.w, row.h, got, row.want)
		}
	}
}

// TestLayoutKnowsWebP: an operator may allow more than WebP can hold.
func TestLayoutKnowsWebP(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		plan string
		from Facts
		want string
	}{
		{"resize 20000x90 force enlarge | png", Facts{W: 300, H: 200}, "resize 20000x90 force enlarge | png"},
		{"resize 20000x90 force enlarge | webp", Facts{W: 300, H: 200}, "resize 20000x90 force enlarge | resize 16383x73 force | webp"},
		{"grey", Facts{Format: "webp", W: 16_383, H: 200}, "grey"},
		{"pad 1", Facts{Format: "webp", W: 16_383, H: 200}, "pad 1 | resize 16383x201 force"},
	} {
		l, err := Limits{Side: 65_000}.Layout(must(t, row.plan), row.from)
		if err != nil || l.Plan.String() != row.want {
			t.Errorf("%s is done as %s (%v), want %s", row.plan, l.Plan, err, row.want)
		}
	}
}
