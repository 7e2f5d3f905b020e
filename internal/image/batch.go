package image

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// Limits of a plan over many files.
const (
	MaxBatch      = 50 // files of one batch
	batchAtOnce   = 2  // files of one batch
	filesAtOnce   = 4  // files of all batches
	runsOfPerson  = 2  // batches that run for one person
	runsOfService = 64 // batches that run for everybody
)

// BatchID names a batch within its tenant. Ids sort by when they were made.
type BatchID string

// BatchState is what becomes of a batch.
type BatchState string

// The states. A batch that is Running while no process works at it was cut off.
const (
	BatchAsked     BatchState = "asked"     // its person has not said yes yet
	BatchRunning   BatchState = "running"   //
	BatchPaused    BatchState = "paused"    // its person must sign in to go on
	BatchStopped   BatchState = "stopped"   // the service ended in the middle of it
	BatchCancelled BatchState = "cancelled" // its person wants no more of it
	BatchDone      BatchState = "done"      // nothing is left to do
)

// FileState is what became of a file of a batch.
type FileState string

// The states.
const (
	FileWaiting FileState = ""
	FileBegun   FileState = "begun"
	FileDone    FileState = "done"
	FileSkipped FileState = "skipped" // a file of its new name is there already
	FileFailed  FileState = "failed"
)

// BatchFile is a file of a batch: which, and what became of it. It holds no name and no picture.
type BatchFile struct {
	Ref   ItemRef
	State FileState
	// Result is the file that was made.
	Result ItemRef
	// Size is how large the result was when it was about to be written: so it is recognised when nobody heard the answer.
	Size int64
	// Why is the key of the sentence that tells why it failed; it takes no arguments.
	Why string
}

// Shown is the file that a list shows: the result where there is one.
func (f BatchFile) Shown() ItemRef {
	if f.State == FileDone {
		return f.Result
	}
	return f.Ref
}

// ended tells whether there is nothing left to do.
func (f BatchFile) ended() bool {
	return f.State == FileDone || f.State == FileSkipped || f.State == FileFailed
}

// Batch is a plan over files of a drive, each result a new file in one folder.
type Batch struct {
	ID     BatchID
	Tenant identity.Tenant
	Person identity.Person
	// Where is the conversation that was asked in, and Thread its full id.
	Where  identity.Reference
	Thread string
	Plan   Plan
	Folder ItemRef
	Files  []BatchFile
	State  BatchState
	At     time.Time
}

// Count tells how many files are in one of the states.
func (b Batch) Count(states ...FileState) int {
	n := 0
	for _, f := range b.Files {
		for _, s := range states {
			if f.State == s {
				n++
			}
		}
	}
	return n
}

// Ended tells how many files there is nothing left to do for.
func (b Batch) Ended() int { return b.Count(FileDone, FileSkipped, FileFailed) }

// BatchShelf keeps batches for a week.
type BatchShelf interface {
	// AddBatch keeps a new batch, and drops some that are too old.
	AddBatch(ctx context.Context, b Batch) error
	// Batch reads one; the fault is NotFound "batch.gone".
	Batch(ctx context.Context, t identity.Tenant, id BatchID) (Batch, error)
	// ChangeBatch changes one in one transaction and gives it as it is then. When change fails, nothing is written. It may be
	// called more than once and may not use the shelf.
	ChangeBatch(ctx context.Context, t identity.Tenant, id BatchID, change func(*Batch) error) (Batch, error)
	// RunningBatches are those of all tenants whose state is BatchRunning.
	RunningBatches(ctx context.Context) ([]Batch, error)
}

// Batches do plans over many files, in the background and with the rights of whoever asked.
type Batches struct {
	studio *Studio
	shelf  BatchShelf
	log    *slog.Logger
	now    func() time.Time
	slots  chan struct{} // one for each file that is worked on

	mu   sync.Mutex
	runs map[runKey]identity.Person // what this process works at
}

type runKey struct {
	tenant identity.Tenant
	id     BatchID
}

// NewBatches makes Batches of the files of a studio's drives. Now is the clock; nil is the real one.
func NewBatches(s *Studio, shelf BatchShelf, log *slog.Logger, now func() time.Time) *Batches {
	if now == nil {
		now = time.Now
	}
	return &Batches{studio: s, shelf: shelf, log: log, now: now, slots: make(chan struct{}, filesAtOnce), runs: map[runKey]identity.Person{}}
}

// BatchWish is what somebody asks for: a plan over the pictures that a search finds below a folder. No words mean the pictures
// of the folder itself.
type BatchWish struct {
	Words  string
	Plan   Plan
	Folder ItemRef
	// Where and Thread as in Batch.
	Where  identity.Reference
	Thread string
}

// Proposal is what would be done, for its person to agree.
type Proposal struct {
	Batch  Batch
	Folder Item
	// From and To are the name of the first file and of its result.
	From, To string
	// More says that the search found more than a batch may have.
	More bool
}

// Ask finds the files of a wish and keeps a batch of them that waits for its person's yes. The fault is NotFound
// "batch.nothing" when there are none.
func (b *Batches) Ask(ctx context.Context, who identity.Caller, w BatchWish) (Proposal, error) {
	const op = "image.Batches.Ask"
	if err := mayUseDrives(op, b.studio.drives, who); err != nil {
		return Proposal{}, err
	}
	if err := w.Plan.Validate(); err != nil {
		return Proposal{}, err
	}
	folder, err := b.studio.drives.Item(ctx, who, w.Folder)
	if err != nil {
		return Proposal{}, err
	}
	items, err := b.find(ctx, who, w)
	if err != nil {
		return Proposal{}, err
	}
	if len(items) == 0 {
		return Proposal{}, fault.New(fault.NotFound, op, "batch.nothing")
	}
	p := Proposal{Folder: folder, More: len(items) > MaxBatch, From: items[0].Name, To: resultName(items[0].Name, w.Plan, w.Plan.Output.Format)}
	p.Batch = Batch{ID: b.newID(), Tenant: who.Tenant, Person: who.Person, Where: w.Where, Thread: w.Thread, Plan: w.Plan, Folder: w.Folder,
		State: BatchAsked, At: b.now()}
	for _, item := range items[:min(len(items), MaxBatch)] {
		p.Batch.Files = append(p.Batch.Files, BatchFile{Ref: item.Ref})
	}
	return p, b.shelf.AddBatch(ctx, p.Batch)
}

// find gives the pictures of a wish, at most one more than a batch may have.
func (b *Batches) find(ctx context.Context, who identity.Caller, w BatchWish) ([]Item, error) {
	var found []Item
	var err error
	if strings.TrimSpace(w.Words) == "" {
		found, err = newest(ctx, b.studio.drives, who, w.Folder, MaxBatch+1)
	} else {
		found, err = b.studio.drives.Search(ctx, who, w.Folder, w.Words, MaxBatch+1)
	}
	return slices.DeleteFunc(found, func(i Item) bool { return !i.IsPicture() }), err
}

func (b *Batches) newID() BatchID {
	return BatchID(fmt.Sprintf("%016x%s", b.now().UnixNano(), strings.ToLower(rand.Text()[:16])))
}

// Look gives a batch to whoever began it.
func (b *Batches) Look(ctx context.Context, who identity.Caller, id BatchID) (Batch, error) {
	const op = "image.Batches.Look"
	if err := mayUseDrives(op, b.studio.drives, who); err != nil {
		return Batch{}, err
	}
	batch, err := b.shelf.Batch(ctx, who.Tenant, id)
	if err == nil && batch.Person != who.Person {
		return Batch{}, fault.New(fault.Denied, op, "batch.theirs")
	}
	return batch, err
}

// Start takes a batch up, for the first time or where it stopped, and gives its run; nil when there is nothing to run:
// it runs already, or has ended. The fault is SignIn when its person must sign in first.
func (b *Batches) Start(ctx context.Context, who identity.Caller, id BatchID) (Batch, *BatchRun, error) {
	const op = "image.Batches.Start"
	batch, err := b.Look(ctx, who, id)
	if err != nil {
		return Batch{}, nil, err
	}
	if _, err := b.studio.drives.Item(ctx, who, batch.Folder); err != nil {
		return Batch{}, nil, err
	}
	key := runKey{who.Tenant, id}
	if free, err := b.enter(op, key, who.Person); err != nil || !free {
		return batch, nil, err
	}
	begun := false
	batch, err = b.shelf.ChangeBatch(ctx, who.Tenant, id, func(batch *Batch) error {
		if begun = batch.State != BatchCancelled && batch.State != BatchDone; begun {
			batch.State = BatchRunning
		}
		return nil
	})
	if err != nil || !begun {
		b.leave(key)
		return batch, nil, err
	}
	return batch, &BatchRun{batches: b, who: who, key: key, plan: batch.Plan, folder: batch.Folder, batch: batch, claimed: map[int]bool{}, items: map[ItemRef]Item{}}, nil
}

// enter notes that this process works at a batch; free is false when it does already.
func (b *Batches) enter(op string, key runKey, p identity.Person) (free bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, runs := b.runs[key]; runs {
		return false, nil
	}
	theirs := 0
	for k, person := range b.runs {
		if k.tenant == key.tenant && person == p {
			theirs++
		}
	}
	if theirs >= runsOfPerson || len(b.runs) >= runsOfService {
		return false, fault.New(fault.Busy, op, "batch.enough")
	}
	b.runs[key] = p
	return true, nil
}

// Works tells whether this process works at a batch.
func (b *Batches) Works(t identity.Tenant, id BatchID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, works := b.runs[runKey{t, id}]
	return works
}

func (b *Batches) leave(key runKey) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.runs, key)
}

// Cancel ends a batch before its next file. What was made stays.
func (b *Batches) Cancel(ctx context.Context, who identity.Caller, id BatchID) (Batch, error) {
	if _, err := b.Look(ctx, who, id); err != nil {
		return Batch{}, err
	}
	return b.shelf.ChangeBatch(ctx, who.Tenant, id, func(batch *Batch) error {
		if batch.State != BatchDone {
			batch.State = BatchCancelled
		}
		return nil
	})
}

// Stopped gives the batches that the last process did not bring to their end. Each is given once; its person may start it
// again. It is called before anything else is done with batches.
func (b *Batches) Stopped(ctx context.Context) ([]Batch, error) {
	running, err := b.shelf.RunningBatches(ctx)
	if err != nil {
		return nil, err
	}
	for i, batch := range running {
		running[i], err = b.shelf.ChangeBatch(ctx, batch.Tenant, batch.ID, func(batch *Batch) error {
			batch.State = BatchStopped
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return running, nil
}
