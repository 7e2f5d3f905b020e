package main

import (
	"bytes"
	"context"
	"fmt"
	pixels "image"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// imaged runs "teamspro image" as a person would.
func imaged(args ...string) (status int, stdout, stderr string) {
	var out, err bytes.Buffer
	status = run(context.Background(), append([]string{"image"}, args...), &out, &err)
	return status, out.String(), err.String()
}

func written(t *testing.T, name string, data []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func picture(t *testing.T, size string) []byte {
	t.Helper()
	data, err := drawn(size)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// alone tells whether a folder holds nothing but the files of these names.
func alone(t *testing.T, folder string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(names, " ") {
		t.Errorf("in the folder are %v, not %v", got, names)
	}
}

func TestImageCommand(t *testing.T) {
	t.Parallel()
	in := written(t, "in.png", picture(t, "600x400"))
	for _, row := range []struct {
		name, plan string
		format     string
		w, h       int
		said       []string
	}{
		{"a size", "resize 300", "png", 300, 200, []string{"600 × 400 png", "→ 300 × 200 png"}},
		{"a chain in words of their own", "crop 1:1 | resize 200 | jpeg q70", "jpeg", 200, 200, []string{"→ 200 × 200 jpeg"}},
		{"French", "redimensionner 300, gris", "png", 300, 200, []string{"→ 300 × 200 png"}},
		{"what was done otherwise", "resize 900", "png", 600, 400, []string{"was not enlarged"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			status, stdout, stderr := imaged(row.plan, "-i", in)
			img, format, err := pixels.DecodeConfig(strings.NewReader(stdout))
			if status != 0 || err != nil || format != row.format || img.Width != row.w || img.Height != row.h {
				t.Errorf("status %d, %s %d × %d, %v", status, format, img.Width, img.Height, err)
			}
			for _, said := range row.said {
				if !strings.Contains(stderr, said) {
					t.Errorf("%q is not in %q", said, stderr)
				}
			}
			if n := strings.Count(stderr, "enlarged"); n > 1 {
				t.Errorf("it is said %d times: %s", n, stderr)
			}
		})
	}
}

// TestImageCommandRefuses: one sentence, status 1, and nothing is written, neither to standard output nor over a file.
func TestImageCommandRefuses(t *testing.T) {
	t.Parallel()
	good := picture(t, "600x400")
	for _, row := range []struct {
		name string
		in   []byte
		args []string
		said string
	}{
		{"a verb that is none", good, []string{"fly to the moon"}, "No step begins with “fly”. For example: resize 800 | grey | webp q80"},
		{"a number that is none", good, []string{"resize 0"}, "0 is out of range"},
		{"a box beside the picture", good, []string{"redact 700,10 20x20"}, "outside of the picture, which is 600 × 400"},
		{"a mark that nobody keeps", good, []string{"watermark @logo"}, "No picture called @logo is kept here"},
		{"no plan", good, []string{" | "}, "Say what to do"},
		{"nothing at all", nil, []string{"grey"}, "This file is empty."},
		{"words", []byte("no picture at all"), []string{"grey"}, "This is no picture that can be read."},
		{"half of a picture", good[:len(good)/2], []string{"grey"}, "damaged or ends too early"},
		{"a document", []byte("%PDF-1.7\n%âãÏÓ\n1 0 obj<<>>endobj"), []string{"grey"}, "PDF files can hold more than a picture"},
		{"too many bytes", append(bytes.Clone(good), make([]byte, 1<<20)...), []string{"grey", "--picture-max-mb=1"}, "larger than 1 MB"},
		{"too many pixels", picture(t, "1100x1000"), []string{"grey", "--picture-max-megapixels=1"}, "more than 1 million pixels"},
		{"a limit that is none", good, []string{"grey", "--picture-max-side=3"}, "TEAMSPRO_PICTURE_MAX_SIDE is less than 16"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			in, out := written(t, "in", row.in), written(t, "out.png", []byte("what was there"))
			for _, args := range [][]string{{"-i", in}, {"-i", in, "-o", out}} {
				status, stdout, stderr := imaged(append(args, row.args...)...)
				if status != 1 || stdout != "" || !strings.HasPrefix(stderr, "teamspro: ") || !strings.Contains(stderr, row.said) || strings.Count(stderr, "\n") != 1 {
					t.Errorf("%v: status %d, %d bytes, %q, want %q", args, status, len(stdout), stderr, row.said)
				}
			}
			if there, err := os.ReadFile(out); err != nil || string(there) != "what was there" {
				t.Errorf("the file was touched: %.20q, %v", there, err)
			}
			alone(t, filepath.Dir(out), "out.png")
		})
	}
}

func TestImageCommandWritesWhole(t *testing.T) {
	t.Parallel()
	in := written(t, "in.png", picture(t, "60x40"))
	out := written(t, "out.png", []byte("what was there"))
	link := filepath.Join(filepath.Dir(out), "link.png")
	if err := os.Symlink(out, link); err != nil {
		t.Fatal(err)
	}
	if status, stdout, stderr := imaged("resize 30", "-i", in, "-o", link); status != 0 || stdout != "" || !strings.Contains(stderr, "30 × 20") {
		t.Errorf("status %d, %d bytes, %q", status, len(stdout), stderr)
	}
	f, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if c, _, err := pixels.DecodeConfig(f); err != nil || c.Width != 30 {
		t.Errorf("%d wide, %v", c.Width, err)
	}
	alone(t, filepath.Dir(out), "link.png", "out.png")

	if status, _, stderr := imaged("grey", "-i", in, "-o", filepath.Join(filepath.Dir(out), "none", "out.png")); status != 1 || !strings.Contains(stderr, "no such file") {
		t.Errorf("into a folder that is not there: %d %q", status, stderr)
	}
	if status, _, stderr := imaged("grey", "-i", in, "-o", filepath.Dir(out)); status != 1 || !strings.Contains(stderr, "is a directory") {
		t.Errorf("over a folder: %d %q", status, stderr)
	}
	if status, _, stderr := imaged("grey", "-i", filepath.Join(filepath.Dir(in), "none.png")); status != 1 || !strings.Contains(stderr, "none.png") {
		t.Errorf("from a file that is not there: %d %q", status, stderr)
	}
	if status, _, stderr := imaged("grey", "-i", in, "-o", os.DevNull); status != 0 {
		t.Errorf("to a device: %d %q", status, stderr)
	}
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Errorf("the device is one no more: %v %v", info, err)
	}
}

// TestImageCommandInThePipe reads standard input, which all tests share: it runs while no other does, as does the next.
func TestImageCommandInThePipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	before := os.Stdin
	os.Stdin = r
	t.Cleanup(func() { os.Stdin = before; r.Close() })
	go func() {
		defer w.Close()
		data, _ := drawn("60x40")
		_, _ = w.Write(data)
	}()
	status, stdout, stderr := imaged("rotate", "right")
	if c, _, err := pixels.DecodeConfig(strings.NewReader(stdout)); status != 0 || err != nil || c.Width != 40 {
		t.Errorf("status %d, %d wide, %v, %s", status, c.Width, err, stderr)
	}
}

// TestPictureSettings: each that makes no sense is named, where the service starts and where a plan is run.
func TestPictureSettings(t *testing.T) {
	in := written(t, "in.png", picture(t, "1100x1000"))
	for name, value := range map[string]string{
		"WORKERS": "-1", "QUEUE": "-1", "MEMORY_MB": "99", "HELD_MB": "0", "MAX_MB": "0", "MAX_MEGAPIXELS": "0", "MAX_FRAMES": "0", "MAX_SIDE": "15", "MAX_TIME": "999ms",
	} {
		variable := "TEAMSPRO_PICTURE_" + name
		for _, value := range []string{value, "many"} {
			t.Run(fmt.Sprintf("%s=%s", name, value), func(t *testing.T) {
				t.Setenv(variable, value)
				for _, command := range [][]string{{"serve"}, {"image", "grey", "-i", in}} {
					var stdout, stderr bytes.Buffer
					if status := run(t.Context(), command, &stdout, &stderr); status != 1 || !strings.Contains(stderr.String(), variable) {
						t.Errorf("%v: status %d, %s", command, status, stderr.String())
					}
				}
			})
		}
	}
	t.Run("in force", func(t *testing.T) {
		t.Setenv("TEAMSPRO_PICTURE_MAX_MEGAPIXELS", "1")
		if status, stdout, stderr := imaged("grey", "-i", in); status != 1 || stdout != "" || !strings.Contains(stderr, "1 million pixels") {
			t.Errorf("status %d, %d bytes, %s", status, len(stdout), stderr)
		}
	})
}
