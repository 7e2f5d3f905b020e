package store

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"

	"go.etcd.io/bbolt"
)

// committer lets writers that come at the same time share a transaction, and so the sync to disk that each waits for.
// There is no timer and no goroutine of its own: whoever finds nobody at work commits at once, for themselves and for
// all who wait; who comes meanwhile waits for the next round, which one of them leads. A single writer is never slower
// than without it, and the more come, the more share one sync.
//
// Every writer gets its own outcome. One whose function fails is taken out and carried out alone, so that what it did
// halfway is undone without touching the others, and its error is judged on what is really in the file. When the
// commit itself fails, all who shared it are told.
type committer struct {
	bolt *bbolt.DB

	mu      sync.Mutex
	waiting []*writing
	led     bool // somebody is committing, or was told to
}

// maxShared bounds how many share a transaction, and with it how long the first of them waits.
const maxShared = 256

// writing is one writer's wish.
type writing struct {
	fn   func(*bbolt.Tx) error
	wake chan struct{} // it is done, or its writer shall lead
	done bool
	// inside is the error of fn; commit that of the transaction.
	inside, commit error
}

// do carries out fn in a transaction that is on disk when do returns without error. An error of fn is inside.
func (c *committer) do(fn func(*bbolt.Tx) error) (inside, commit error) {
	w := &writing{fn: fn, wake: make(chan struct{}, 1)}
	if !c.enter(w) {
		<-w.wake
	}
	if !w.done {
		c.lead()
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
	batch := c.next()
	var alone []*writing
	for len(batch) > 1 {
		failed := c.together(batch)
		if failed < 0 {
			batch = nil
			break
		}
		alone = append(alone, batch[failed])
		batch = slices.Delete(batch, failed, failed+1)
	}
	for _, w := range slices.Concat(batch, alone) {
		c.together([]*writing{w})
	}
	c.handOn()
}

func (c *committer) next() []*writing {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := min(len(c.waiting), maxShared)
	batch := slices.Clone(c.waiting[:n])
	c.waiting = slices.Delete(c.waiting, 0, n)
	return batch
}

func (c *committer) handOn() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.led = len(c.waiting) > 0; c.led {
		c.waiting[0].wake <- struct{}{}
	}
}

// together carries out a batch in one transaction. It gives the place of a wish that failed among others, and then
// nothing was done; otherwise -1, and everybody was told. A wish that fails alone is told so.
func (c *committer) together(batch []*writing) (failed int) {
	failed = -1
	var inside error
	commit := c.bolt.Update(func(tx *bbolt.Tx) error {
		for i, w := range batch {
			if inside = guarded(w.fn, tx); inside != nil {
				failed = i
				return inside
			}
		}
		return nil
	})
	if failed >= 0 && len(batch) > 1 {
		return failed
	}
	for _, w := range batch {
		w.inside, w.commit, w.done = inside, commit, true
		w.wake <- struct{}{}
	}
	return -1
}

// guarded runs a function of a writer; one that panics fails its own wish, not those that share the transaction.
func guarded(fn func(*bbolt.Tx) error, tx *bbolt.Tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.Join(errPanicked, fmt.Errorf("%T\n%s", p, debug.Stack()))
		}
	}()
	return fn(tx)
}

var errPanicked = errors.New("store: a write panicked")
