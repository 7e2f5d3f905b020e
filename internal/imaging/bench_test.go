package imaging

import (
	"context"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"teamspro/internal/image"
)

var twelve = sync.OnceValue(func() []byte { return jpegOf(photo(4000, 3000), 90) })

// BenchmarkRender measures the plans of the comparison with other engines, in milliseconds of the worker's own time.
func BenchmarkRender(b *testing.B) {
	for _, row := range []struct {
		name string
		plan image.Plan
	}{
		{"12MP to 800 JPEG", image.Plan{Steps: []image.Step{image.Resize{W: px(800)}}, Output: image.Output{Quality: 80}}},
		{"12MP to 800 WebP", image.Plan{Steps: []image.Step{image.Resize{W: px(800)}}, Output: image.Output{Quality: 80, Format: image.WebP}}},
		{"crop, resize, rotate, text", image.Plan{Steps: []image.Step{
			image.Crop{Box: image.Box{X: pc(10), Y: pc(10), W: pc(80), H: pc(80)}}, image.Resize{W: px(800)}, image.Rotate{Degrees: 90},
			image.Text{Text: "Hello there", At: image.Place{Gravity: image.Bottom}, Opacity: 0.7},
		}}},
		{"under 1 MB", image.Plan{Output: image.Output{MaxBytes: 1_000_000}}},
		{"under 200 KB", image.Plan{Output: image.Output{MaxBytes: 200_000}}},
		{"redact at 12MP", image.Plan{Steps: []image.Step{image.Redact{Boxes: []image.Box{boxOf(100, 100, 500, 300)}}}}},
		{"redact, to 800", image.Plan{Steps: []image.Step{image.Redact{Boxes: []image.Box{boxOf(100, 100, 500, 300)}}, image.Resize{W: px(800)}}}},
	} {
		b.Run(row.name, func(b *testing.B) { measure(b, twelve(), row.plan) })
	}
	b.Run("GIF to 240", func(b *testing.B) {
		measure(b, animation(640, 480, 40), image.Plan{Steps: []image.Step{image.Resize{W: px(240)}}})
	})
}

// BenchmarkCrossing measures what working in another process costs: a picture that is hardly worked on, small and large.
func BenchmarkCrossing(b *testing.B) {
	tiny := pngOf(quartersOf(4, 4))
	padded := append(jpegOf(quartersOf(16, 16), 80), make([]byte, 4<<20)...)
	b.Run("1 KB", func(b *testing.B) { measure(b, tiny, image.Plan{}) })
	b.Run("4 MB", func(b *testing.B) { measure(b, padded, image.Plan{}) })
	b.Run("1 KB, same process", func(b *testing.B) {
		opened(b)
		data, err := unix.Mmap(-1, 0, len(tiny), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE) // libvips keeps it
		if err != nil {
			b.Fatal(err)
		}
		copy(data, tiny)
		h, err := read(tiny, 1)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			j := job{Header: h, Format: image.PNG, Limits: limits{1, 100, 1000}, deadline: time.Now().Add(time.Minute)}
			until(time.Minute)
			r := &render{job: &j, data: data}
			if err := r.run(); err != nil {
				b.Fatal(err)
			}
			out, err := r.write()
			if err != nil {
				b.Fatal(err)
			}
			out.free()
			r.close()
		}
	})
}

func measure(b *testing.B, data []byte, pl image.Plan) {
	p := own(b, Config{Workers: 1, Timeout: time.Minute})
	h, err := p.cfg.check(data)
	if err != nil {
		b.Fatal(err)
	}
	packed, err := pack(pl)
	if err != nil {
		b.Fatal(err)
	}
	j := job{Header: h, Size: len(data), Format: chooseFormat(pl, h), Plan: packed}
	var first, last time.Duration
	size := 0
	for i := 0; b.Loop(); i++ {
		a, out, err := p.give(context.Background(), j, [][]byte{data})
		if err != nil {
			b.Fatal(err)
		}
		if i == 0 {
			first = a.CPU
		}
		last, size = a.CPU, len(out)
		if i > 0 {
			b.ReportMetric(float64((last-first).Microseconds())/1000/float64(i), "cpu-ms/op")
		}
	}
	b.ReportMetric(float64(size), "bytes")
}
