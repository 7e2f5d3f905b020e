package image_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
	"teamspro/internal/image/imagetest"
)

// drive has a name that hides none of its methods where it is embedded.
type drive = imagetest.Drives

// batchDrives is a drive that can be told what happens when a file is read or written.
type batchDrives struct {
	*drive
	mu     sync.Mutex
	calls  int
	onRead func(n int, name string) error
	lost   string // the name of a file whose writing is done and never answered
	busy   int    // the most reads at once
	now    int
}

func (d *batchDrives) Read(ctx context.Context, who identity.Caller, ref image.ItemRef, limit int64) (image.Item, []byte, error) {
	d.mu.Lock()
	d.calls++
	d.now++
	d.busy = max(d.busy, d.now)
	n, hook := d.calls, d.onRead
	d.mu.Unlock()
	defer func() { d.mu.Lock(); d.now--; d.mu.Unlock() }()
	time.Sleep(time.Millisecond)
	item, data, err := d.drive.Read(ctx, who, ref, limit)
	if err == nil && hook != nil {
		err = hook(n, item.Name)
	}
	return item, data, err
}

func (d *batchDrives) Create(ctx context.Context, who identity.Caller, in image.ItemRef, name string, data []byte, rename bool) (image.Item, error) {
	item, err := d.drive.Create(ctx, who, in, name, data, rename)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err == nil && name == d.lost {
		d.lost = ""
		return image.Item{}, errors.New("the process was killed")
	}
	return item, err
}

// memoryBatches is a shelf of batches in memory, for tests whose time stands still.
type memoryBatches struct {
	mu   sync.Mutex
	all  map[image.BatchID]image.Batch
	fail error
}

func (m *memoryBatches) AddBatch(_ context.Context, b image.Batch) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all[b.ID] = b
	return nil
}

func (m *memoryBatches) Batch(_ context.Context, t identity.Tenant, id image.BatchID) (image.Batch, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.all[id]
	if !ok || b.Tenant != t {
		return image.Batch{}, fault.New(fault.NotFound, "test", "batch.gone")
	}
	b.Files = append([]image.BatchFile(nil), b.Files...)
	return b, nil
}

func (m *memoryBatches) ChangeBatch(ctx context.Context, t identity.Tenant, id image.BatchID, change func(*image.Batch) error) (image.Batch, error) {
	b, err := m.Batch(ctx, t, id)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = change(&b)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err == nil {
		err = m.fail
	}
	if err != nil {
		return image.Batch{}, err
	}
	kept := b
	kept.Files = append([]image.BatchFile(nil), b.Files...)
	m.all[id] = kept
	return b, nil
}

func (m *memoryBatches) RunningBatches(context.Context) (all []image.Batch, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, b := range m.all {
		if b.State == image.BatchRunning {
			all = append(all, b)
		}
	}
	return all, m.fail
}

// harbourBatch is a service with a batch over so many files that waits for a yes.
type harbourBatch struct {
	drives  *batchDrives
	shelf   *memoryBatches
	studio  *image.Studio
	batches *image.Batches
	asked   image.Proposal
	log     bytes.Buffer
}

func newHarbour(t *testing.T, files int, plan string) *harbourBatch {
	t.Helper()
	h := &harbourBatch{drives: &batchDrives{drive: imagetest.New()}, shelf: &memoryBatches{all: map[image.BatchID]image.Batch{}}}
	h.studio = image.NewStudio(image.StudioConfig{Engine: &easel{}, Drives: h.drives}) // its caches run outside of a test's bubble
	for i := range files {
		h.drives.Put(imagetest.Root, fmt.Sprintf("harbour%d.png", i), fmt.Appendf(nil, "4%dx30", i))
	}
	h.drives.Put(imagetest.Root, "other.png", []byte("10x10"))
	h.restart()
	p, err := image.Parse(plan)
	if err != nil {
		t.Fatal(err)
	}
	h.asked, err = h.batches.Ask(t.Context(), cleo, image.BatchWish{Words: "harbour", Plan: p, Folder: imagetest.Root, Thread: "19:quay"})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// restart is another process with the same drive and file.
func (h *harbourBatch) restart() {
	h.batches = image.NewBatches(h.studio, h.shelf, slog.New(slog.NewTextHandler(&h.log, nil)), time.Now)
}

// run starts the batch and works at it until it stops.
func (h *harbourBatch) run(t *testing.T) (image.Progress, error) {
	t.Helper()
	_, run, err := h.batches.Start(t.Context(), cleo, h.asked.Batch.ID)
	if err != nil || run == nil {
		t.Fatalf("start: %v %v", run, err)
	}
	err = run.Run(t.Context(), func(image.Progress) {})
	return h.batches.Named(t.Context(), cleo, run.Progress()), err
}

// outcome writes what became of each file.
func outcomes(p image.Progress) []string {
	var all []string
	for _, f := range p.Batch.Files {
		name := p.Items[f.Shown()].Name
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %s", name, f.State, f.Why)))
	}
	return all
}

func TestBatch(t *testing.T) {
	t.Parallel()
	h := newHarbour(t, 3, "resize 800 | webp")
	synctest.Test(t, func(t *testing.T) {
		if h.asked.From != "harbour2.png" || h.asked.To != "harbour2-800.webp" || h.asked.More || len(h.asked.Batch.Files) != 3 || h.asked.Folder.Name != "Pictures" {
			t.Errorf("asked: %+v", h.asked)
		}
		h.drives.Put(imagetest.Root, "harbour1-800.jpg", []byte("mine"))
		h.drives.onRead = func(_ int, name string) error {
			if name == "harbour0.png" {
				return fault.New(fault.Denied, "test", "")
			}
			return nil
		}
		var seen []int
		_, run, err := h.batches.Start(t.Context(), cleo, h.asked.Batch.ID)
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		err = run.Run(t.Context(), func(p image.Progress) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, p.Batch.Ended())
		})
		p := h.batches.Named(t.Context(), cleo, run.Progress())
		if err != nil || p.Batch.State != image.BatchDone || len(seen) != 3 || h.drives.busy > 2 {
			t.Errorf("state %s, %v, told %v, %d at once", p.Batch.State, err, seen, h.drives.busy)
		}
		want := []string{"harbour2-800.jpg done", "harbour1.png skipped", "harbour0.png failed batch.why.denied"}
		if diff := cmp.Diff(want, outcomes(p)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if kept := h.drives.named(t, "harbour2.png"); string(h.drives.Data(kept.Ref)) != "42x30" {
			t.Error("an original has changed")
		}
		if _, run, err := h.batches.Start(t.Context(), cleo, h.asked.Batch.ID); err != nil || run != nil {
			t.Errorf("started again: %v %v", run, err)
		}
	})
}

func (d *batchDrives) named(t *testing.T, name string) image.Item {
	t.Helper()
	items, err := d.Search(t.Context(), cleo, imagetest.Root, name, 2)
	if err != nil || len(items) != 1 {
		t.Fatalf("%d files %s, %v", len(items), name, err)
	}
	return items[0]
}

// A process that was killed in the middle repeats nothing: also the file that was written and never heard of is done.
func TestBatchAfterACrash(t *testing.T) {
	t.Parallel()
	h := newHarbour(t, 6, "resize 800")
	synctest.Test(t, func(t *testing.T) {
		h.drives.lost = "harbour3-800.jpg"
		ctx, kill := context.WithCancel(t.Context())
		h.drives.onRead = func(n int, name string) error {
			if n == 5 {
				kill()
				return ctx.Err()
			}
			return nil
		}
		_, run, err := h.batches.Start(t.Context(), cleo, h.asked.Batch.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := run.Run(ctx, func(image.Progress) {}); !errors.Is(err, context.Canceled) {
			t.Fatalf("the first run: %v", err)
		}
		// The answer that was lost counted as a failure of ours in a process that lived; in one that was killed it was never noted.
		for i, f := range h.shelf.all[h.asked.Batch.ID].Files {
			if f.State == image.FileFailed {
				h.shelf.all[h.asked.Batch.ID].Files[i].State, h.shelf.all[h.asked.Batch.ID].Files[i].Why = image.FileBegun, ""
			}
		}
		before := h.count(t)
		h.drives.onRead = nil
		h.restart()
		stopped, err := h.batches.Stopped(t.Context())
		if err != nil || len(stopped) != 1 || stopped[0].State != image.BatchStopped || stopped[0].Ended() != before-1 {
			t.Fatalf("stopped: %+v %v; %d files were there", stopped, err, before)
		}
		if again, err := h.batches.Stopped(t.Context()); err != nil || len(again) != 0 {
			t.Errorf("told again: %v %v", again, err)
		}
		p, err := h.run(t)
		if err != nil || p.Batch.State != image.BatchDone || p.Batch.Count(image.FileDone) != 6 || h.count(t) != 6 {
			t.Errorf("continued: %v %v, %d files", outcomes(p), err, h.count(t))
		}
	})
}

// count tells how many results there are.
func (h *harbourBatch) count(t *testing.T) int {
	t.Helper()
	items, err := h.drives.Search(t.Context(), cleo, imagetest.Root, "-800", 100)
	if err != nil {
		t.Fatal(err)
	}
	return len(items)
}

func TestBatchIsPausedUntilSignIn(t *testing.T) {
	t.Parallel()
	h := newHarbour(t, 6, "resize 800")
	synctest.Test(t, func(t *testing.T) {
		out := fault.New(fault.SignIn, "test", "")
		h.drives.onRead = func(n int, _ string) error {
			if n > 3 {
				return out
			}
			return nil
		}
		p, err := h.run(t)
		if !fault.Is(err, fault.SignIn) || p.Batch.State != image.BatchPaused || p.Batch.Ended() == 6 {
			t.Fatalf("%s after %v", p.Batch.State, err)
		}
		h.drives.Refuse("cleo", out)
		if _, run, err := h.batches.Start(t.Context(), cleo, h.asked.Batch.ID); !fault.Is(err, fault.SignIn) || run != nil {
			t.Errorf("started without a sign-in: %v", err)
		}
		h.drives.Refuse("cleo", nil)
		h.drives.onRead = nil
		if p, err = h.run(t); err != nil || p.Batch.Count(image.FileDone) != 6 || h.count(t) != 6 {
			t.Errorf("continued: %v %v", outcomes(p), err)
		}
	})
}

func TestBatchIsCancelledBeforeTheNextFile(t *testing.T) {
	t.Parallel()
	h := newHarbour(t, 9, "resize 800")
	synctest.Test(t, func(t *testing.T) {
		h.drives.onRead = func(n int, _ string) error {
			if n == 3 {
				_, err := h.batches.Cancel(t.Context(), cleo, h.asked.Batch.ID)
				return err
			}
			return nil
		}
		p, err := h.run(t)
		if n := p.Batch.Count(image.FileDone); err != nil || p.Batch.State != image.BatchCancelled || n < 3 || n > 5 || h.count(t) != n {
			t.Errorf("%s: %v %v", p.Batch.State, outcomes(p), err)
		}
		if _, run, err := h.batches.Start(t.Context(), cleo, h.asked.Batch.ID); err != nil || run != nil {
			t.Errorf("a cancelled batch starts: %v %v", run, err)
		}
	})
}

// A drive that is busy is asked again; one that stays busy fails the file and not the batch.
func TestBatchWaitsForABusyDrive(t *testing.T) {
	t.Parallel()
	h := newHarbour(t, 2, "resize 800")
	synctest.Test(t, func(t *testing.T) {
		seen := map[string]int{}
		h.drives.onRead = func(_ int, name string) error {
			h.drives.mu.Lock()
			defer h.drives.mu.Unlock()
			if seen[name]++; name == "harbour0.png" || seen[name] < 3 {
				return fault.New(fault.Busy, "test", "")
			}
			return nil
		}
		start := time.Now()
		p, err := h.run(t)
		if diff := cmp.Diff([]string{"harbour1-800.jpg done", "harbour0.png failed batch.why.busy"}, outcomes(p)); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if took := time.Since(start); took < 80*time.Second || took > 2*time.Minute {
			t.Errorf("it took %s", took)
		}
	})
}

func TestBatchIsItsPersons(t *testing.T) {
	t.Parallel()
	h := newHarbour(t, 2, "resize 800")
	id := h.asked.Batch.ID
	south := cleo
	south.Tenant = "22222222-2222-4222-8222-222222222222"
	for _, row := range []struct {
		name string
		who  identity.Caller
		want string
	}{
		{"somebody else", dario, "batch.theirs"}, {"an owner", olga, "batch.theirs"}, {"of another tenant", south, "batch.gone"}, {"nobody", at(quay, ""), "image.anonymous"},
	} {
		_, run, started := h.batches.Start(t.Context(), row.who, id)
		_, cancelled := h.batches.Cancel(t.Context(), row.who, id)
		if textOf(started) != row.want || textOf(cancelled) != row.want || run != nil {
			t.Errorf("%s: %v, %v", row.name, started, cancelled)
		}
	}
}

func TestBatchesAreBounded(t *testing.T) {
	t.Parallel()
	h := newHarbour(t, 60, "resize 800")
	if len(h.asked.Batch.Files) != image.MaxBatch || !h.asked.More {
		t.Errorf("%d files, more %v", len(h.asked.Batch.Files), h.asked.More)
	}
	p := h.asked.Batch.Plan
	ask := func(words string) image.BatchID {
		asked, err := h.batches.Ask(t.Context(), cleo, image.BatchWish{Words: words, Plan: p, Folder: imagetest.Root})
		if err != nil {
			t.Fatal(err)
		}
		return asked.Batch.ID
	}
	for i, want := range []string{"", "", "batch.enough"} {
		if _, _, err := h.batches.Start(t.Context(), cleo, ask("harbour")); textOf(err) != want {
			t.Errorf("run %d: %v", i, err)
		}
	}
	all := ask(" ")
	if b, err := h.batches.Look(t.Context(), cleo, all); err != nil || len(b.Files) != image.MaxBatch {
		t.Errorf("without words: %d files, %v", len(b.Files), err)
	}
	if _, err := h.batches.Ask(t.Context(), cleo, image.BatchWish{Words: "nowhere", Plan: p, Folder: imagetest.Root}); textOf(err) != "batch.nothing" {
		t.Errorf("nothing found: %v", err)
	}
}

// When the file takes no writes, the run ends, and the batch can be started again.
func TestBatchOnAFullDisk(t *testing.T) {
	t.Parallel()
	h := newHarbour(t, 3, "resize 800")
	synctest.Test(t, func(t *testing.T) {
		h.drives.onRead = func(n int, _ string) error {
			if n == 2 {
				h.shelf.mu.Lock()
				defer h.shelf.mu.Unlock()
				h.shelf.fail = fault.New(fault.Busy, "test", "store.full")
			}
			return nil
		}
		if _, err := h.run(t); textOf(err) != "store.full" {
			t.Fatalf("got %v", err)
		}
		h.shelf.fail, h.drives.onRead = nil, nil
		if p, err := h.run(t); err != nil || p.Batch.Count(image.FileDone) != 3 || h.count(t) != 3 {
			t.Errorf("continued: %v %v", outcomes(p), err)
		}
	})
}

// A panic fails one file; the log tells where, and not with what.
func TestBatchSurvivesAPanic(t *testing.T) {
	t.Parallel()
	h := newHarbour(t, 3, "resize 800")
	synctest.Test(t, func(t *testing.T) {
		h.drives.onRead = func(_ int, name string) error {
			if name == "harbour1.png" {
				panic("harbour1.png is odd")
			}
			return nil
		}
		p, err := h.run(t)
		want := []string{"harbour2-800.jpg done", "harbour1.png failed batch.why.internal", "harbour0-800.jpg done"}
		if diff := cmp.Diff(want, outcomes(p)); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if said := h.log.String(); !strings.Contains(said, "panic (string)") || strings.Contains(said, "is odd") {
			t.Errorf("the log says %s", said)
		}
	})
}

// unsearchable is a drive that finds nothing by words.
type unsearchable struct{ *drive }

func (unsearchable) Search(context.Context, identity.Caller, image.ItemRef, string, int) ([]image.Item, error) {
	return nil, fault.New(fault.Busy, "test", "")
}

// A batch of a whole folder asks for its pictures and searches for nothing.
func TestBatchOfAFolder(t *testing.T) {
	t.Parallel()
	d := unsearchable{imagetest.New()}
	d.Put(imagetest.Root, "harbour.png", []byte("40x30"))
	batches := image.NewBatches(image.NewStudio(image.StudioConfig{Engine: &easel{}, Drives: d}), &memoryBatches{all: map[image.BatchID]image.Batch{}}, slog.New(slog.DiscardHandler), nil)
	p, err := image.Parse("resize 20")
	if err != nil {
		t.Fatal(err)
	}
	if asked, err := batches.Ask(t.Context(), cleo, image.BatchWish{Words: " ", Plan: p, Folder: imagetest.Root}); err != nil || len(asked.Batch.Files) != 1 {
		t.Errorf("%+v %v", asked, err)
	}
}
