package imaging

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"teamspro/internal/image"
)

var small = image.Plan{Steps: []image.Step{image.Resize{W: px(8)}}}

// TestHostile hands over what must be refused, with the sentence for it, and sees the worker live on.
func TestHostile(t *testing.T) {
	t.Parallel()
	jpg, gifs := jpegOf(photo(300, 200), 90), animation(20, 20, 4)
	webp := result(t, jpg, image.Plan{Output: image.Output{Format: image.WebP}}).Data
	avif := result(t, jpg, image.Plan{Output: image.Output{Format: image.AVIF}}).Data
	png := pngOf(photo(300, 200))
	zip := append([]byte("PK\x05\x06"), make([]byte, 18)...)
	for _, row := range []struct {
		name string
		data []byte
		key  string
	}{
		{"nothing", nil, "image.empty"},
		{"zeros", make([]byte, 5000), "image.not_an_image"},
		{"words", []byte("hello, this is no picture"), "image.not_an_image"},
		{"too many bytes", append(slices.Clone(jpg), make([]byte, 33<<20)...), "image.too_large_bytes"},
		{"PNG of 30,000 squared", hollowPNG(30_000, 30_000), "image.too_many_pixels"},
		{"PNG of the most", hollowPNG(1<<31-1, 1<<31-1), "image.too_many_pixels"},
		{"PNG of nothing", hollowPNG(0, 10), "image.not_an_image"},
		{"PNG that lies about its rows", hollowPNG(7000, 7000), "image.truncated"},
		{"a strip", hollowPNG(1, 40_000_000), "image.too_many_pixels"},
		{"GIF with a frame of 60,000 squared", hollowGIF(1, 60_000, 1), "image.too_many_pixels"},
		{"GIF of 60,000 squared", hollowGIF(60_000, 1, 1), "image.too_many_pixels"},
		{"GIF of 10,000 frames", hollowGIF(10, 10, 10_000), "image.too_many_frames"},
		{"GIF of 400 large frames", hollowGIF(1000, 1000, 400), "image.too_many_pixels"},
		{"JPEG cut in its header", jpg[:20], "image.truncated"},
		{"JPEG cut in the middle", jpg[:len(jpg)/2], "image.truncated"},
		{"PNG cut", png[:len(png)/2], "image.truncated"},
		{"GIF cut", gifs[:len(gifs)/2+5], "image.truncated"},
		{"WebP cut", webp[:len(webp)/2], "image.truncated"},
		{"AVIF cut", avif[:len(avif)/2], "image.truncated"},
		{"SVG", []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), "image.unsafe_kind"},
		{"SVG with entities", []byte("\xef\xbb\xbf<?xml version=\"1.0\"?><!DOCTYPE svg [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><svg>&a;</svg>"), "image.unsafe_kind"},
		{"SVG with a link", []byte(`<!-- a --><SVG><image href="http://169.254.169.254/"/></SVG>`), "image.unsafe_kind"},
		{"SVG in UTF-16", []byte("\xff\xfe<\x00s\x00v\x00g\x00>\x00"), "image.unsafe_kind"},
		{"PDF", []byte("%PDF-1.7\n"), "image.unsafe_kind"},
		{"PDF behind a JPEG's head", withSegments(jpg, segmentOf(0xfe, []byte("%PDF-1.4"))), "image.unsafe_kind"},
		{"PostScript", []byte("%!PS-Adobe-3.0 EPSF"), "image.unsafe_kind"},
		{"JPEG and ZIP", append(slices.Clone(jpg), zip...), "image.unsafe_kind"},
		{"ZIP", append([]byte("PK\x03\x04"), zip...), "image.unsafe_kind"},
		{"BMP", []byte("BM\x00\x00\x00\x00"), "image.unsupported"},
		{"film", []byte("\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2"), "image.unsupported"},
		{"JPEG with two sizes", twoFrames(jpg), "image.not_an_image"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			_, err := engine().Render(context.Background(), row.data, small, nil)
			if got := keyOf(err); got != row.key {
				t.Errorf("%q (%v), want %q", got, err, row.key)
			}
			if strings.Contains(row.name, "cut") || strings.Contains(row.name, "lies") {
				return // what only decoding finds
			}
			if _, err := engine().Probe(context.Background(), row.data); keyOf(err) != row.key {
				t.Errorf("the header check says %v", err)
			}
		})
	}
}

// twoFrames gives a JPEG a second, larger start of frame.
func twoFrames(jpg []byte) []byte {
	i := bytes.Index(jpg, []byte{0xff, 0xc0})
	n := 2 + int(binary.BigEndian.Uint16(jpg[i+2:]))
	second := slices.Clone(jpg[i : i+n])
	second[5], second[6], second[7], second[8] = 0xff, 0xff, 0xff, 0xff
	return slices.Concat(jpg[:i+n], second, jpg[i+n:])
}

// wide is a PNG of zeros: few bytes, many pixels, all of them there.
func wide(w, h uint32) []byte {
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	row := make([]byte, 1+3*w)
	for range h {
		_, _ = z.Write(row)
	}
	_ = z.Close()
	return slices.Concat([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(head, 8, 2, 0, 0, 0)), chunk("IDAT", b.Bytes()), chunk("IEND", nil))
}

// TestMemory sees that a worker which asks for more than it may have costs one sentence.
func TestMemory(t *testing.T) {
	t.Parallel()
	p := own(t, Config{Workers: 1, Memory: 60_000_000, Timeout: 60 * time.Second})
	big := wide(6000, 6000)
	_, err := p.Render(context.Background(), big, image.Plan{Steps: []image.Step{image.Rotate{Degrees: 90}}}, nil)
	if keyOf(err) != "image.too_much_memory" {
		t.Errorf("%v", err)
	}
	if _, err := p.Render(context.Background(), big, small, nil); err != nil {
		t.Errorf("row by row it fits: %v", err)
	}
}

// TestSlow sees deadlines kept, by the worker itself and by its parent.
func TestSlow(t *testing.T) {
	t.Parallel()
	p := own(t, Config{Workers: 1, Timeout: 100 * time.Millisecond})
	big := jpegOf(photo(3000, 2000), 90)
	heavy := slices.Repeat([]image.Step{image.Blur{Sigma: 12}, image.Rotate{Degrees: 90}}, 100)
	began := time.Now()
	for _, out := range []image.Output{{}, {Format: image.AVIF}} {
		if _, err := p.Render(context.Background(), big, image.Plan{Steps: heavy, Output: out}, nil); keyOf(err) != "image.too_slow" {
			t.Errorf("%v", err)
		}
	}
	if d := time.Since(began); d > 20*time.Second {
		t.Errorf("two pictures of 100 ms took %v", d)
	}
	patient := own(t, Config{Workers: 1, Timeout: time.Minute})
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if _, err := patient.Render(ctx, big, image.Plan{Steps: heavy}, nil); keyOf(err) != "image.too_slow" {
		t.Errorf("%v", err)
	}
	if _, err := patient.Render(context.Background(), big, small, nil); err != nil {
		t.Errorf("after that: %v", err)
	}
}

// TestDies kills a worker in the middle of a picture: one sentence, and the next picture is fine.
func TestDies(t *testing.T) {
	t.Parallel()
	p := own(t, Config{Workers: 1, Timeout: time.Minute, Memory: 4 << 30}) // so much that the race detector's own does not count
	big := jpegOf(photo(3000, 2000), 90)
	for sig, key := range map[syscall.Signal]string{syscall.SIGSEGV: "image.worker_died", syscall.SIGKILL: "image.too_much_memory"} {
		w := <-p.turns
		p.turns <- w
		if w == nil {
			t.Fatal("no worker")
		}
		time.AfterFunc(100*time.Millisecond, func() { _ = w.cmd.Process.Signal(sig) })
		heavy := slices.Repeat([]image.Step{image.Blur{Sigma: 12}}, 40) // seconds of work, and little memory: much would explain the death
		if _, err := p.Render(context.Background(), big, image.Plan{Steps: heavy}, nil); keyOf(err) != key {
			t.Errorf("%v: %v", sig, err)
		}
		if _, err := p.Render(context.Background(), big, small, nil); err != nil {
			t.Errorf("after %v: %v", sig, err)
		}
	}
}

// TestBusy fills the queue.
func TestBusy(t *testing.T) {
	t.Parallel()
	p := own(t, Config{Workers: 1, Queue: 1, Timeout: time.Minute})
	w := <-p.turns // the only worker is away
	var wg sync.WaitGroup
	src := pngOf(quartersOf(20, 20))
	wg.Go(func() {
		if _, err := p.Render(context.Background(), src, small, nil); err != nil {
			t.Errorf("the one that may wait: %v", err)
		}
	})
	for p.waiting.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	if _, err := p.Render(context.Background(), src, small, nil); keyOf(err) != "image.busy" {
		t.Errorf("%v", err)
	}
	p.turns <- w
	wg.Wait()
}

// TestWorkerHasNothing looks at what a worker knows: no environment of ours, no files but its own, and that it is
// replaced in time and ends with the pool.
func TestWorkerHasNothing(t *testing.T) {
	t.Setenv("TEAMSPRO_CONTACT_APP_SECRET", "hush")
	p := own(t, Config{Workers: 1, Renders: 2})
	src := pngOf(quartersOf(20, 20))
	w := <-p.turns
	p.turns <- w
	pid := strconv.Itoa(w.cmd.Process.Pid)
	env, err := os.ReadFile("/proc/" + pid + "/environ")
	if err != nil || bytes.Contains(env, []byte("hush")) || bytes.Contains(env, []byte("SECRET")) {
		t.Errorf("environment %q, %v", env, err)
	}
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	if fields := strings.Fields(string(stat)); err != nil || fields[18] != "5" {
		t.Errorf("not nice: %s, %v", stat, err)
	}
	for range 2 {
		if _, err := p.Render(context.Background(), src, small, nil); err != nil {
			t.Fatal(err)
		}
	}
	if next := <-p.turns; next != nil {
		t.Error("the worker was not replaced after its renders")
	} else {
		p.turns <- nil
	}
	if _, err := os.Stat("/proc/" + pid); err == nil {
		t.Error("the worker lives on")
	}
	p.Close()
	if _, err := p.Render(context.Background(), src, small, nil); err == nil {
		t.Error("a closed pool rendered")
	}
}

// TestOrphan kills a parent whose worker is in the middle of a picture.
func TestOrphan(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), orphanEnv+"=1")
	out, err := cmd.Output()
	pid := strings.TrimSpace(string(out))
	if err == nil || pid == "" {
		t.Fatalf("%q, %v", out, err)
	}
	for began := time.Now(); time.Since(began) < 5*time.Second; time.Sleep(10 * time.Millisecond) {
		stat, err := os.ReadFile("/proc/" + pid + "/stat")
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
	}
	t.Error("the worker outlived its parent")
}

func TestNoProgram(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"/does/not/exist", "/bin/true"} {
		if p, err := New(Config{Program: program}); err == nil {
			p.Close()
			t.Errorf("%s was taken for a worker", program)
		}
	}
}

// TestLeak renders a great many small pictures in one worker and sees libvips' memory come back each time.
func TestLeak(t *testing.T) {
	t.Parallel()
	n := 10_000
	if testing.Short() {
		n = 300
	}
	p := own(t, Config{Workers: 1, Renders: 1 << 30, Timeout: time.Minute})
	jpg, png := tagged(quartersOf(40, 30), 6), pngOf(quartersOf(40, 30))
	plans := []image.Plan{
		small, {Steps: []image.Step{image.Round{Radius: px(5)}, image.Blur{Sigma: 1}}}, {Output: image.Output{Format: image.WebP}},
		{Steps: []image.Step{image.Resize{W: px(20)}, image.Redact{Boxes: []image.Box{boxOf(1, 1, 5, 5)}}, image.Text{Text: "ab", Opacity: 1}}},
		{Steps: []image.Step{image.Trim{Threshold: 5}, image.Pad{Top: px(3)}, image.Watermark{Text: "x", Tile: true}}, Output: image.Output{Format: image.GIF}},
		{Steps: []image.Step{image.CropSize{W: px(10), H: px(10), Gravity: image.Smart}, image.Sharpen{Sigma: 1}}, Output: image.Output{MaxBytes: 300}},
	}
	cut := jpg[:len(jpg)-200]
	first, peak := int64(0), int64(0)
	for i := range n {
		data := [][]byte{jpg, png, cut}[i%3]
		h, err := p.cfg.check(data)
		if err != nil {
			t.Fatal(err)
		}
		pl := plans[i%len(plans)]
		packed, err := pack(pl)
		if err != nil {
			t.Fatal(err)
		}
		j := job{Header: h, Size: len(data), Format: chooseFormat(pl, h), Plan: packed}
		a, _, err := p.give(context.Background(), j, [][]byte{data})
		if err != nil && i%3 != 2 {
			t.Fatalf("%d: %v", i, err)
		}
		peak = max(peak, a.Pixels)
		if i == n/2 {
			first = resident(t, p)
		}
	}
	if peak > 2<<20 {
		t.Errorf("%d bytes of pixels were left after a picture", peak)
	}
	if last := resident(t, p); last > first+first/5+8<<20 {
		t.Errorf("the worker grew from %d to %d MB in the second half", first>>20, last>>20)
	}
}

func resident(t *testing.T, p *Pool) int64 {
	t.Helper()
	w := <-p.turns
	p.turns <- w
	b, err := os.ReadFile("/proc/" + strconv.Itoa(w.cmd.Process.Pid) + "/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.ParseInt(strings.Fields(string(b))[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

// TestSpent: the time of workers counts on over their replacement.
func TestSpent(t *testing.T) {
	p := own(t, Config{Workers: 1, Renders: 1, Timeout: time.Minute})
	data := jpegOf(photo(600, 400), 90)
	for last, n := time.Duration(0), 0; n < 3; n++ {
		if _, err := p.Render(t.Context(), data, image.Plan{Steps: []image.Step{image.Blur{Sigma: 3}}}, nil); err != nil {
			t.Fatal(err)
		}
		if now := p.Spent(); now <= last || now > time.Minute {
			t.Errorf("spent %v after %v", now, last)
		} else {
			last = now
		}
	}
}
