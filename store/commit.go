package store

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
)

// committer lets writers that come at the same time share a transaction, and so the sync to disk that each waits for.
// There is no timer and no goroutine of its own: whoever finds nobody at work commits at once, for themselves and for
// all who wait; who comes meanwhile waits for the next round, which one of them leads. A single writer is never slower
// than without it, and the more come, the more share one sync.
//
// Those who shared a round are all woken at its end, and who writes much comes again a moment later. A leader that did
// not wait for them would find itself alone, and they would make up the round after it: two syncs where one would do. So
// it lets others run first, as long as that brings somebody and until as many are there as wrote lately (gather).
//
// Every writer gets its own outcome. One whose function fails is taken out and carried out alone, so that what it did
// halfway is undone without touching the others, and its error is judged on what is really in the file. One that found
// nothing to write (errUnchanged) stays: it hears that when what it found is on disk. When the commit itself fails, all
// who shared it are told.
type committer struct {
	bolt *bbolt.DB
	// outbox follows what was committed.
	outbox *queue
	// lull is how long nobody comes before a leader begins without those who are missing, patience how long it gathers
	// at most.
	lull, patience time.Duration

	// edition counts the commits that wrote anything but the outbox and new announcements. Whoever reads it before they read the
	// file may keep what they read as long as it is the same.
	edition atomic.Uint64

	mu      sync.Mutex
	waiting []*writing
	led     bool // somebody is committing, or was told to
	lately  int  // how many shared the last commit, or came while it went on
}

// maxShared bounds how many share a transaction, and with it how long the first of them waits.
const maxShared = 256

// newCommitter makes the committer of a file. A writer that is going to come needs a few microseconds, and a commit some
// hundreds; on a busy machine each time that a leader gives way may last, so that there is a bound to all of them.
func newCommitter(bolt *bbolt.DB) *committer {
	c := &committer{bolt: bolt, outbox: newQueue(), lull: 40 * time.Microsecond, patience: 300 * time.Microsecond}
	c.edition.Store(1)
	return c
}

// writing is one writer's wish.
type writing struct {
	fn   func(*work) error
	wake chan struct{} // it is done, or its writer shall lead
	done bool
	// inside is the error of fn; commit that of the transaction.
	inside, commit error
}

// failed tells whether what the writer did must not stay.
func (w *writing) failed() bool { return w.inside != nil && !errors.Is(w.inside, errUnchanged) }

// do carries out fn in a transaction that is on disk when do returns without error. An error of fn is inside; that it
// found nothing to write is none.
func (c *committer) do(fn func(*work) error) (inside, commit error) {
	w := &writing{fn: fn, wake: make(chan struct{}, 1)}
	if !c.enter(w) {
		<-w.wake
	}
	if !w.done {
		c.lead()
	}
	if !w.failed() {
		return nil, w.commit
	}
	return w.inside, w.commit
}

// enter puts a wish in line and tells whether its writer leads.
func (c *committer) enter(w *writing) (leads bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = append(c.waiting, w)
	leads, c.led = !c.led, true
	return leads
}

// lead commits for those who wait, its own writer being the first of them, and hands on to who came meanwhile.
func (c *committer) lead() {
	c.gather()
	batch := c.next()
	var alone []*writing
	for len(batch) > 1 && !c.together(batch) {
		for _, w := range batch {
			if w.failed() {
				alone = append(alone, w)
			}
		}
		batch = slices.DeleteFunc(batch, (*writing).failed)
	}
	if len(batch) == 1 {
		alone = append(alone, batch[0])
	}
	for _, w := range alone {
		c.together([]*writing{w})
	}
	c.handOn()
}

// gather lets the writers of the last round come again. It gives way to whoever can run until they are there, or nobody
// has come for a while. When there was only one, it costs nothing.
func (c *committer) gather() {
	start := time.Now()
	for before, came := 0, start; ; runtime.Gosched() {
		there, all := c.gathered()
		now := time.Now()
		if there > before {
			before, came = there, now
		}
		if all || now.Sub(came) > c.lull || now.Sub(start) > c.patience {
			return
		}
	}
}

func (c *committer) gathered() (there int, all bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.waiting), len(c.waiting) >= min(c.lately, maxShared)
}

func (c *committer) next() []*writing {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := min(len(c.waiting), maxShared)
	batch := slices.Clone(c.waiting[:n])
	c.waiting = slices.Delete(c.waiting, 0, n)
	return batch
}

// handOn ends a round and wakes the leader of the next.
func (c *committer) handOn() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.led = len(c.waiting) > 0; c.led {
		c.waiting[0].wake <- struct{}{}
	}
}

// together carries out a batch in one transaction and tells everybody. When some of several fail, nothing is done and
// nobody is told: it is the caller's to try again without them. One that fails alone is told so.
func (c *committer) together(batch []*writing) (done bool) {
	failed, unchanged := 0, 0
	for _, w := range batch {
		w.inside = nil
	}
	var all *work
	commit := c.bolt.Update(func(tx *bbolt.Tx) error {
		all = &work{Tx: tx}
		for _, w := range batch {
			apart := all.apart
			switch w.inside = guarded(w.fn, all); {
			case w.failed():
				failed++
			case w.inside != nil:
				unchanged++
				all.apart = apart + 1 // who wrote nothing changed nothing that anybody knows
			}
		}
		if failed+unchanged == len(batch) {
			return errUnchanged // no sync for nothing
		}
		if failed > 0 {
			return errTogether
		}
		return all.finish()
	})
	if failed > 0 && len(batch) > 1 {
		return false
	}
	if all != nil && !errors.Is(commit, errUnchanged) && all.apart < len(batch) {
		c.edition.Add(1)
	}
	switch {
	case commit == nil:
		c.outbox.follow(all.after)
	case errors.Is(commit, errUnchanged):
		commit = nil
	}
	c.count(batch)
	for _, w := range batch {
		w.commit, w.done = commit, true
		w.wake <- struct{}{}
	}
	return true
}

// count remembers how many write at present, before those of a batch are told that they are done.
func (c *committer) count(batch []*writing) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lately = len(batch) + len(c.waiting)
}

// guarded runs a function of a writer; one that panics fails its own wish, not those that share the transaction.
func guarded(fn func(*work) error, together *work) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.Join(errPanicked, fmt.Errorf("%T\n%s", p, debug.Stack()))
		}
	}()
	return fn(together)
}

var (
	errPanicked = errors.New("store: a write panicked")
	errTogether = errors.New("store: some of those who share a transaction failed")
)
