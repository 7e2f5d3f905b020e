package store

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"teamspro/internal/contact"
)

// BenchmarkImport100k brings 100,000 rows into a book of 100,000: of ten, seven are new, two change a contact and one is the
// same. Somebody searches all the time, every ten milliseconds. It reports the seconds of looking at it and of bringing it,
// (and of processor time), the 99th percentile of the searches beside each in milliseconds, and the largest heap in MiB (of the service; the records of
// the file are made as they are read).
func BenchmarkImport100k(b *testing.B) {
	for b.Loop() {
		importMany(b)
	}
}

func importMany(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(75)) // as the service does
	path := b.TempDir() + "/teamspro.db"
	db := openAt(b, path)
	defer db.Close()
	d := newDesk(b, db)
	stock(b, db, d.book)
	if err := d.books.Load(b.Context(), north); err != nil {
		b.Fatal(err)
	}
	beside := d.watch(b)
	time.Sleep(5 * time.Second) // until the index has come to rest
	runtime.GC()
	beside.largest()
	beside.percentile()
	time.Sleep(5 * time.Second)
	_, before := beside.largest()
	b.ReportMetric(before, "before-live-MiB")
	b.ReportMetric(beside.percentile(), "before-p99-ms")
	start, used := time.Now(), cpuSeconds()
	looked := d.look(b, many10th)
	b.ReportMetric(time.Since(start).Seconds(), "look-s")
	b.ReportMetric(cpuSeconds()-used, "look-cpu-s")
	b.ReportMetric(beside.percentile(), "look-p99-ms")
	start, used = time.Now(), cpuSeconds()
	done := d.run(b, d.start(b, looked.ID))
	b.ReportMetric(time.Since(start).Seconds(), "run-s")
	b.ReportMetric(cpuSeconds()-used, "run-cpu-s")
	b.ReportMetric(beside.percentile(), "run-p99-ms")
	heap, live := beside.largest()
	b.ReportMetric(heap, "heap-MiB")
	b.ReportMetric(live, "live-MiB")
	_, run, err := d.Undo(b.Context(), inQuay, done.ID, "")
	if err != nil {
		b.Fatal(err)
	}
	start = time.Now()
	d.run(b, run)
	b.ReportMetric(time.Since(start).Seconds(), "undo-s")
	b.ReportMetric(beside.percentile(), "undo-p99-ms")
	beside.end()
	if want := (contact.Tally{New: 70_000, Changed: 20_000, Same: 10_000}); done.Made != want {
		b.Errorf("%+v", done)
	}
}

// cpuSeconds is how long all threads of the process worked.
func cpuSeconds() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// many10th are the rows of the file.
func many10th(take func(contact.Row) error) error {
	for i := range many {
		r := busy(i)
		switch {
		case i%10 < 7:
			r = busy(many + i)
		case i%10 < 9:
			r.Company = "Ferries of the South"
		}
		if err := take(contact.Row{Number: i + 2, Record: r}); err != nil {
			return err
		}
	}
	return nil
}

// watch searches, and looks at the heap, until end is called.
type watch struct {
	mu         sync.Mutex
	took       []time.Duration
	heap, live uint64
	stop       chan struct{}
	done       sync.WaitGroup
}

func (d *desk) watch(b *testing.B) *watch {
	w := &watch{stop: make(chan struct{})}
	w.done.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-w.stop:
				return
			case <-time.After(10 * time.Millisecond):
			}
			start := time.Now()
			words := []string{fmt.Sprintf("person %d", i%many), "ferri south", fmt.Sprintf("p%d@ferry", i%many), "pilot quay"}[i%4]
			if _, err := d.books.Find(context.Background(), inQuay, contact.ParseQuery(words), 0, 10); err != nil {
				b.Error(err)
			}
			w.note(time.Since(start), i)
		}
	})
	return w
}

func (w *watch) note(took time.Duration, i int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.took = append(w.took, took)
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/heap/live:bytes"}}
	metrics.Read(heap)
	w.heap, w.live = max(w.heap, heap[0].Value.Uint64()), max(w.live, heap[1].Value.Uint64())
}

// percentile is the 99th, in milliseconds, since the last time.
func (w *watch) percentile() float64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.took) == 0 {
		return 0
	}
	slices.Sort(w.took)
	p := w.took[len(w.took)*99/100]
	w.took = nil
	return float64(p.Microseconds()) / 1000
}

// largest are the largest heap and what of it was in use, in MiB, since the last time.
func (w *watch) largest() (heap, live float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	heap, live = float64(w.heap)/(1<<20), float64(w.live)/(1<<20)
	w.heap, w.live = 0, 0
	return heap, live
}

func (w *watch) end() {
	close(w.stop)
	w.done.Wait()
}
