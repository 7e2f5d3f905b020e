package main

import (
	"bytes"
	"context"
	"fmt"
	pixels "image"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"teamspro/internal/image"
)

// example is a plan on the page about pictures, with what it shows of it.
type example struct {
	plan, alt, source, file, size string
}

// heaviest is the most that a picture of the page weighs, allPictures what they weigh together, in bytes.
const (
	heaviest    = 12_000
	allPictures = 400_000
)

// TestPicturePage runs each example of docs/pictures.md on its picture, and holds the page to what comes out: its size, and
// the small picture beside it. -update (make pictures) makes the pictures.
func TestPicturePage(t *testing.T) {
	t.Parallel()
	engine := pictureEngine(t)
	kept := map[string]bool{}
	for _, e := range pageExamples(t) {
		if kept[e.file] {
			t.Errorf("%s stands twice on the page", e.file)
		}
		kept[e.file] = true
		s, ok := sources()[e.source]
		if !ok {
			t.Errorf("%s: there is no source %q", e.file, e.source)
			continue
		}
		r, err := render(context.Background(), engine, image.Limits{}, s.data, e.plan)
		if err != nil {
			t.Errorf("%s: %v", e.plan, told(err))
			continue
		}
		if got := fmt.Sprintf("%d × %d", r.Facts.W, r.Facts.H); !strings.HasPrefix(e.size, got) {
			t.Errorf("%s gives %s, and the page says %s", e.plan, got, e.size)
		}
		small, err := render(context.Background(), engine, image.Limits{}, r.Data, forPage(s, e.file))
		if err != nil {
			t.Fatal(err)
		}
		holdPicture(t, engine, e.file, small.Data)
	}
	holdFolder(t, kept)
}

// forPage is the plan that makes a result as large as the page shows it.
func forPage(s source, file string) string {
	if filepath.Ext(file) == ".gif" {
		return "gif"
	}
	return fmt.Sprintf("resize %g%% | webp q84", s.shown*100)
}

// holdPicture compares a picture of the page with what was made now, or writes it.
func holdPicture(t *testing.T, engine image.Engine, file string, made []byte) {
	t.Helper()
	if len(made) > heaviest {
		t.Errorf("%s weighs %d bytes, more than %d", file, len(made), heaviest)
	}
	path := filepath.Join("../../docs/pictures", file)
	if *update {
		if err := os.WriteFile(path, made, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	there, err := os.ReadFile(path)
	if err != nil {
		t.Errorf("%v; \"make pictures\" makes it", err)
		return
	}
	if by := apart(pixelsOf(t, engine, there), pixelsOf(t, engine, made)); by > 6 {
		t.Errorf("%s is not what its plan makes (%.1f of 255 apart); \"make pictures\" makes it anew", file, by)
	}
}

// pixelsOf is a picture's pixels.
func pixelsOf(t *testing.T, engine image.Engine, data []byte) pixels.Image {
	t.Helper()
	r, err := engine.Render(context.Background(), data, image.Plan{Output: image.Output{Format: image.PNG}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(r.Data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// apart is how far two pictures differ on the average of all colours and pixels, 0 to 255.
func apart(a, b pixels.Image) float64 {
	if a.Bounds() != b.Bounds() {
		return 255
	}
	var sum float64
	r := a.Bounds()
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			r1, g1, b1, a1 := a.At(x, y).RGBA()
			r2, g2, b2, a2 := b.At(x, y).RGBA()
			for _, d := range []int{int(r1) - int(r2), int(g1) - int(g2), int(b1) - int(b2), int(a1) - int(a2)} {
				sum += float64(max(d, -d))
			}
		}
	}
	return sum / float64(4*257*r.Dx()*r.Dy())
}

// holdFolder finds pictures that the page does not show, and weighs them all.
func holdFolder(t *testing.T, kept map[string]bool) {
	t.Helper()
	files, err := os.ReadDir("../../docs/pictures")
	if err != nil {
		t.Fatal(err)
	}
	var sum int64
	for _, f := range files {
		if !kept[f.Name()] {
			t.Errorf("docs/pictures/%s is on no page", f.Name())
		}
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		sum += info.Size()
	}
	if sum > allPictures {
		t.Errorf("the pictures weigh %d bytes together, more than %d", sum, allPictures)
	}
}

var shownPicture = regexp.MustCompile(`^!\[(.+)\]\(pictures/(([a-z]+)[a-z-]*\.(?:webp|gif))\)$`)

// pageExamples are the tables of the page whose head is plans, or for the sources their names, and whose rows are a picture
// and its size.
func pageExamples(t *testing.T) []example {
	t.Helper()
	page, err := os.ReadFile("../../docs/pictures.md")
	if err != nil {
		t.Fatal(err)
	}
	var all []example
	lines := strings.Split(string(page), "\n")
	for i, line := range lines {
		if !strings.HasPrefix(line, "| ![") || i < 2 || i+1 == len(lines) {
			continue
		}
		heads, pictures, sizes := cells(lines[i-2]), cells(line), cells(lines[i+1])
		if len(heads) != len(pictures) || len(sizes) != len(pictures) {
			t.Fatalf("line %d: a table with ragged rows", i+1)
		}
		for j, p := range pictures {
			m := shownPicture.FindStringSubmatch(p)
			if m == nil {
				t.Fatalf("line %d: %s is no picture with words for who does not see it", i+1, p)
			}
			e := example{alt: m[1], file: m[2], source: m[3], size: sizes[j]}
			if plan, is := strings.CutPrefix(heads[j], "`"); is {
				e.plan = strings.TrimSuffix(plan, "`")
			} else {
				e.plan, e.size = "strip", sizes[j][strings.LastIndex(sizes[j], ",")+2:]
			}
			all = append(all, e)
		}
	}
	if len(all) < 50 {
		t.Fatalf("%d examples were found: the page is not read right", len(all))
	}
	return all
}

// cells cuts a row of a table; a plan's own bars stand behind a backslash.
func cells(row string) []string {
	const bar = "\x00"
	row = strings.ReplaceAll(strings.Trim(row, "| "), `\|`, bar)
	var all []string
	for cell := range strings.SplitSeq(row, "|") {
		all = append(all, strings.ReplaceAll(strings.TrimSpace(cell), bar, "|"))
	}
	return all
}
