package contact

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"
)

// settled makes an index of a town, in one segment, and gives some of its people.
func settled(size, some int) (*Index, []Contact) {
	x := NewIndex()
	t := newTown(size)
	var known []Contact
	done := x.tenant(acme).load()
	for i := range size {
		c := t.next()
		x.Put(acme, c)
		if i%(size/some) == 0 {
			known = append(known, c)
		}
	}
	done()
	x.tenant(acme).fold()
	return x, known
}

// BenchmarkKinds says how long searches of each kind take in one book.
func BenchmarkKinds(b *testing.B) {
	for _, size := range []int{10_000, 100_000} {
		benchmarkTown(b, size)
	}
}

// BenchmarkMillion is BenchmarkKinds at the size that a book may have at most.
func BenchmarkMillion(b *testing.B) { benchmarkTown(b, MaxContacts) }

func benchmarkTown(b *testing.B, size int) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	begun := time.Now()
	x, known := settled(size, 500)
	filled := time.Since(begun)
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.Run(fmt.Sprintf("%d/restore", size), func(b *testing.B) {
		benchmarkRestore(b, x)
		b.ReportMetric(filled.Seconds(), "filled-s")
		b.ReportMetric(float64((after.HeapAlloc-before.HeapAlloc)>>20), "heap-MB")
		b.Log(x.tenant(acme).segments[0].sizes())
	})
	kinds := append(slices.Clone(askings),
		asking{"first name", func(_ *rand.Rand, c *Contact) string { g, _ := townParts(c); return g }, 0},
		asking{"fragment", func(_ *rand.Rand, c *Contact) string { _, f := townParts(c); return f[1:min(4, len(f))] }, 0},
		asking{"two fragments", func(_ *rand.Rand, c *Contact) string {
			g, f := townParts(c)
			return g[1:min(4, len(g))] + " " + f[1:min(4, len(f))]
		}, 0},
		asking{"restricted", func(_ *rand.Rand, c *Contact) string { g, _ := townParts(c); return g + " in " + c.Department }, 0},
		asking{"prefix restricted", func(_ *rand.Rand, c *Contact) string {
			g, _ := townParts(c)
			return start(g, 3) + " in " + c.Department
		}, 0},
		asking{"slip alone", func(r *rand.Rand, c *Contact) string { _, f := townParts(c); return slip(r, f) }, 0},
		asking{"one letter", func(_ *rand.Rand, c *Contact) string { g, _ := townParts(c); return start(g, 1) }, 0},
		asking{"two letters", func(_ *rand.Rand, c *Contact) string { g, _ := townParts(c); return start(g, 2) }, 0},
		asking{"three letters", func(_ *rand.Rand, c *Contact) string { g, _ := townParts(c); return start(g, 3) }, 0},
		asking{"domain", func(_ *rand.Rand, c *Contact) string { return c.Emails[0][len(c.Emails[0])-12:] }, 0},
		asking{"in alone", func(_ *rand.Rand, c *Contact) string { return "in " + c.Department }, 0},
		asking{"tag", func(_ *rand.Rand, c *Contact) string { g, _ := townParts(c); return start(g, 3) + " #vip" }, 0},
		asking{"tag alone", func(*rand.Rand, *Contact) string { return "#vip" }, 0},
		asking{"empty", func(*rand.Rand, *Contact) string { return " " }, 0})
	for _, k := range kinds {
		b.Run(fmt.Sprintf("%d/%s", size, k.kind), func(b *testing.B) { benchmarkAsking(b, x, known, k) })
	}
}

func benchmarkAsking(b *testing.B, x *Index, known []Contact, k asking) {
	r := rand.New(rand.NewPCG(5, 6))
	var texts []string
	for i := range known {
		if text := k.typed(r, &known[i]); text != "" {
			texts = append(texts, text)
		}
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var took []time.Duration
	b.ReportAllocs()
	matches, i := 0, 0
	for b.Loop() {
		begun := ownTime()
		_, n := x.Search(context.Background(), acme, []BookID{"book"}, ParseQuery(texts[i%len(texts)]), MaxFound)
		took = append(took, ownTime()-begun)
		matches += n
		i++
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(float64(matches)/float64(i), "matches")
}

// sizes tells what takes the room in a segment.
func (s *segment) sizes() string {
	return fmt.Sprintf("segment %d kB: ids %d, orders %d, texts %d, terms %d (%d), lists %d, grams %d",
		len(s.raw)>>10, (len(s.ids.data)+len(s.ids.ends))>>10, (len(s.order)+len(s.bookOf)+len(s.members))>>10, (len(s.texts.data)+len(s.texts.ends))>>10,
		(len(s.terms.data)+len(s.terms.ends)+len(s.posts)+len(s.codes))>>10, s.terms.len(), len(s.listData)>>10, (len(s.gramKeys)+len(s.grams.ends)+len(s.grams.data))>>10)
}

// benchmarkRestore says how long it takes from a file to the first answer.
func benchmarkRestore(b *testing.B, x *Index) {
	path := filepath.Join(b.TempDir(), "index")
	if err := os.WriteFile(path, saved(b, x, "1"), 0o600); err != nil {
		b.Fatal(err)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	begun := ownTime()
	for b.Loop() {
		data, err := os.ReadFile(path)
		y := NewIndex()
		if err := errors.Join(err, y.Restore(data, acme, "1")); err != nil {
			b.Fatal(err)
		}
		y.Search(context.Background(), acme, []BookID{"book"}, ParseQuery("mar gon"), MaxFound)
	}
	b.ReportMetric(float64((ownTime()-begun).Milliseconds())/float64(b.N), "cpu-ms")
}
