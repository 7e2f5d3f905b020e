package image

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestResultName(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, plan string
		format     Format
		want       string
	}{
		{"harbour.jpg", "resize 800 | webp", WebP, "harbour-800.webp"},
		{"harbour.JPG", "resize 800x600 fill", JPEG, "harbour-800x600.JPG"},
		{"harbour.jpeg", "resize 50%", JPEG, "harbour-50pc.jpeg"},
		{"a.b.png", "grey", PNG, "a.b-grey.png"},
		{"harbour.jpg", "webp", WebP, "harbour.webp"},
		{"harbour.jpg", "quality 50", JPEG, "harbour-2.jpg"},
		{"harbour.jpg", "under 200 KB", JPEG, "harbour-small.jpg"},
		{"harbour.heic", "resize x600", JPEG, "harbour-600.jpg"},
		{"harbour", "grey", PNG, "harbour-grey.png"},
		{"harbour.jpg", "webp", "", "harbour-2.jpg"},
		{strings.Repeat("é", 300) + ".png", "grey", PNG, strings.Repeat("é", 76) + "-grey.png"},
	} {
		if got := resultName(row.name, must(t, row.plan), row.format); got != row.want {
			t.Errorf("%s after %q in %s is %q, want %q", row.name, row.plan, row.format, got, row.want)
		}
	}
}

func TestResultIsNeverCalledLikeTheOriginal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-zé.]{1,12}\.(jpg|JPEG|png|webp|gif|tiff|x)`).Draw(t, "name")
		format := rapid.SampledFrom([]Format{"", JPEG, PNG, WebP, GIF, AVIF}).Draw(t, "format")
		if got := resultName(name, drawPlan(t), format); strings.EqualFold(got, name) || strings.ContainsAny(got, `/\*:?"<>|%#`) {
			t.Fatalf("%q becomes %q", name, got)
		}
	})
}
