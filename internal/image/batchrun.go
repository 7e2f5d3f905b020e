package image

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// BatchRun is a batch at work in this process. Run is called once.
type BatchRun struct {
	batches *Batches
	who     identity.Caller
	key     runKey
	plan    Plan
	folder  ItemRef

	mu      sync.Mutex
	batch   Batch
	claimed map[int]bool     // the files that this run took up
	items   map[ItemRef]Item // what is known of its files and results
}

// Progress is how far a batch has come. Items are the files and results of which something is known; their names are
// shown and never stored.
type Progress struct {
	Batch Batch
	Items map[ItemRef]Item
}

// How long a file may take, and how long to wait before a drive that is busy is asked again.
const fileTime = 5 * time.Minute

var busyPauses = [...]time.Duration{5 * time.Second, 20 * time.Second, time.Minute}

// Run works until nothing is left, the batch is cancelled, its person must sign in (then it is paused, and the fault is
// SignIn), or ctx ends. It tells how far it has come after each file; tell must come back soon.
func (r *BatchRun) Run(ctx context.Context, tell func(Progress)) error {
	defer r.batches.leave(r.key)
	workers, working := errgroup.WithContext(ctx)
	for range batchAtOnce {
		workers.Go(func() error {
			for {
				if more, err := r.next(working); err != nil || !more {
					return err
				}
				tell(r.Progress())
			}
		})
	}
	if err := workers.Wait(); err != nil {
		return err
	}
	return r.change(ctx, func(b *Batch) {
		if b.State == BatchRunning {
			b.State = BatchDone
		}
	})
}

// Progress is how far it has come.
func (r *BatchRun) Progress() Progress {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Progress{Batch: r.batch, Items: maps.Clone(r.items)}
}

// next works at the next file; more is false when there is none.
func (r *BatchRun) next(ctx context.Context) (more bool, err error) {
	select {
	case r.batches.slots <- struct{}{}:
		defer func() { <-r.batches.slots }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	i, f, err := r.claim(ctx)
	if err != nil || i < 0 {
		return false, err
	}
	done, err := r.patiently(ctx, i, f)
	switch {
	case ctx.Err() != nil && err != nil:
		return false, ctx.Err() // it stays begun, and is begun again
	case fault.Is(err, fault.SignIn):
		return false, errors.Join(err, r.pause(ctx, i))
	case err != nil:
		done.State, done.Why = FileFailed, r.why(err)
	}
	return true, r.change(context.WithoutCancel(ctx), func(b *Batch) { b.Files[i] = done }) // what is made is made
}

// claim takes the first file that nobody works at; i is -1 when there is none, or nothing is to be done any more. A file
// that an earlier run had begun is taken up again.
func (r *BatchRun) claim(ctx context.Context) (i int, f BatchFile, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	batch, err := r.batches.shelf.ChangeBatch(ctx, r.key.tenant, r.key.id, func(b *Batch) error {
		i = -1
		for n, known := range b.Files {
			if b.State == BatchRunning && !known.ended() && !r.claimed[n] {
				i, f = n, known
				b.Files[n].State = FileBegun
				break
			}
		}
		return nil
	})
	if err != nil {
		return -1, BatchFile{}, err
	}
	r.batch = batch
	if i >= 0 {
		r.claimed[i] = true
	}
	return i, f, nil
}

// pause gives a file back and ends the batch until its person has signed in. That others of its files end meanwhile
// changes nothing in that; a batch that was cancelled stays so.
func (r *BatchRun) pause(ctx context.Context, i int) error {
	return r.change(context.WithoutCancel(ctx), func(b *Batch) {
		b.Files[i].State = FileWaiting
		if b.State == BatchRunning {
			b.State = BatchPaused
		}
	})
}

// change changes the batch on the shelf and in memory.
func (r *BatchRun) change(ctx context.Context, change func(*Batch)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	batch, err := r.batches.shelf.ChangeBatch(ctx, r.key.tenant, r.key.id, func(b *Batch) error {
		change(b)
		return nil
	})
	if err == nil {
		r.batch = batch
	}
	return err
}

// patiently works at a file, and again when the drive was busy.
func (r *BatchRun) patiently(ctx context.Context, i int, f BatchFile) (BatchFile, error) {
	for _, pause := range busyPauses {
		done, err := r.safely(ctx, i, f)
		if !fault.Is(err, fault.Busy) && !errors.Is(err, context.DeadlineExceeded) {
			return done, err
		}
		f.Size = max(f.Size, done.Size)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return f, ctx.Err()
		}
	}
	return r.safely(ctx, i, f)
}

// safely is work whose panic fails the file and not the service. What it panicked with may hold what a person wrote.
func (r *BatchRun) safely(ctx context.Context, i int, f BatchFile) (done BatchFile, err error) {
	defer func() {
		if p := recover(); p != nil {
			done, err = f, fmt.Errorf("image.BatchRun: panic (%T)\n%s", p, debug.Stack())
		}
	}()
	return r.work(ctx, i, f)
}

// work makes the result of one file and writes it, as a new file. What it gives when it fails holds the size of what was
// about to be written.
func (r *BatchRun) work(ctx context.Context, i int, f BatchFile) (BatchFile, error) {
	ctx, cancel := context.WithTimeout(ctx, fileTime)
	defer cancel()
	s := r.batches.studio
	item, data, err := s.drives.Read(ctx, r.who, f.Ref, s.most)
	if err != nil {
		return f, err
	}
	r.know(item)
	facts, err := s.engine.Probe(ctx, data)
	if err != nil {
		return f, err
	}
	made, err := s.run(ctx, r.who, data, facts, r.plan)
	if err != nil {
		return f, err
	}
	return r.write(ctx, i, f, resultName(item.Name, r.plan, Format(made.Facts.Format)), made.Data)
}

// write keeps the size of a result and then writes it: when nobody hears the answer, the file is recognised next time.
func (r *BatchRun) write(ctx context.Context, i int, f BatchFile, name string, data []byte) (BatchFile, error) {
	before, size := f.Size, int64(len(data))
	f.State, f.Size = FileBegun, size
	if err := r.change(ctx, func(b *Batch) { b.Files[i] = f }); err != nil {
		return f, err
	}
	saved, err := r.batches.studio.drives.Create(ctx, r.who, r.folder, name, data, false)
	if isExists(err) {
		saved, err = r.ours(ctx, name, before, size)
		if err == nil && saved.Ref == (ItemRef{}) {
			f.State = FileSkipped
			return f, nil
		}
	}
	if err != nil {
		return f, err
	}
	r.know(saved)
	f.State, f.Result = FileDone, saved.Ref
	return f, nil
}

// ours finds the file that an earlier attempt wrote, when there was one: it has the name and the size, and is the result of
// no other file of this batch. The zero item is none.
func (r *BatchRun) ours(ctx context.Context, name string, before, size int64) (Item, error) {
	if before == 0 {
		return Item{}, nil
	}
	items, err := r.batches.studio.drives.Images(ctx, r.who, r.folder, lookBack)
	if err != nil {
		return Item{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, item := range items {
		if item.Name == name && (item.Size == size || item.Size == before) && !r.made(item.Ref) {
			return item, nil
		}
	}
	return Item{}, nil
}

// lookBack is how many files of a folder, the newest first, are looked through for a result.
const lookBack = 200

// made tells whether a file is a result of this batch. The caller holds mu.
func (r *BatchRun) made(ref ItemRef) bool {
	for _, f := range r.batch.Files {
		if f.Result == ref {
			return true
		}
	}
	return false
}

func (r *BatchRun) know(item Item) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.items[item.Ref] = item
}

// Named reads the files and results that nothing is known of yet, for the list at the end. What cannot be read stays
// without a name.
func (b *Batches) Named(ctx context.Context, who identity.Caller, p Progress) Progress {
	known := maps.Clone(p.Items)
	if known == nil {
		known = map[ItemRef]Item{}
	}
	read := make([]Item, len(p.Batch.Files))
	var work errgroup.Group
	work.SetLimit(pinsAtOnce)
	for i, f := range p.Batch.Files {
		if _, ok := known[f.Shown()]; ok || !f.ended() {
			continue
		}
		work.Go(func() error {
			read[i], _ = b.studio.drives.Item(ctx, who, f.Shown()) // one without a name is listed without it
			return nil
		})
	}
	_ = work.Wait() // nothing fails
	for _, item := range read {
		known[item.Ref] = item
	}
	return Progress{Batch: p.Batch, Items: known}
}

func isExists(err error) bool {
	var f *fault.Error
	return errors.As(err, &f) && f.Text == "image.save.exists"
}

// why tells why a file failed, and the log what is ours to repair.
func (r *BatchRun) why(err error) string {
	key := why(err)
	if key == "batch.why.internal" {
		r.batches.log.Error("a file of a batch failed", "tenant", r.key.tenant, "batch", r.key.id, "error", err)
	}
	return key
}

// why is the key of the sentence about a file that failed. It takes no arguments: those of the fault may be names.
func why(err error) string {
	var f *fault.Error
	if !errors.As(err, &f) {
		if errors.Is(err, context.DeadlineExceeded) {
			return "batch.why.busy"
		}
		return "batch.why.internal"
	}
	switch f.Text {
	case FaultTooLargeBytes, FaultTooManyPixels, FaultTooManyFrames, FaultTooMuchMemory, FaultTooSlow:
		return "batch.why.large"
	case FaultNotAnImage, FaultUnsupported, FaultTruncated, FaultNoCodec, FaultUnsafeKind:
		return "batch.why.unreadable"
	}
	switch f.Kind {
	case fault.NotFound:
		return "batch.why.gone"
	case fault.Denied:
		return "batch.why.denied"
	case fault.Busy:
		return "batch.why.busy"
	case fault.Invalid:
		return "batch.why.plan"
	}
	return "batch.why.internal"
}
