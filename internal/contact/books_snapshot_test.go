package contact_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// drawer keeps snapshots in memory.
type drawer struct {
	mu   sync.Mutex
	all  map[identity.Tenant][]byte
	kept int
	full error // of the next Keep
}

func (d *drawer) Snapshot(t identity.Tenant) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if data, ok := d.all[t]; ok {
		return data, nil
	}
	return nil, fault.New(fault.NotFound, "drawer.Snapshot", "")
}

func (d *drawer) Keep(_ context.Context, t identity.Tenant, write func(io.Writer) error) error {
	var b bytes.Buffer
	err := write(&b)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.kept++
	if err = errors.Join(err, d.full); err != nil {
		d.full = nil
		return err
	}
	if d.all == nil {
		d.all = map[identity.Tenant][]byte{}
	}
	d.all[t] = b.Bytes()
	return nil
}

// restart lets the use cases begin anew with what is on the shelf and in the drawer. It gives what counts the readings
// of the whole shelf, and the log.
func (w *world) restart(d *drawer) (*countingShelf, *bytes.Buffer) {
	counting, log := &countingShelf{Shelf: w.memory}, &bytes.Buffer{}
	c := w.config(contact.NewIndex())
	c.Shelf, c.Snapshots, c.Log = counting, d, slog.New(slog.NewTextHandler(log, nil))
	w.Books = contact.New(c)
	return counting, log
}

// Whatever happened after the snapshot, a start from it finds what the shelf has, without reading the shelf.
func TestStartFromSnapshot(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w, d := newWorld(t), &drawer{}
	w.restart(d)
	marta, jonas := w.add(in(bob, sales), "", named("Marta Weber")), w.add(in(bob, sales), "", named("Jonas Weber"))
	must(0, w.SaveIndexes(ctx, 0))(t)

	for _, step := range []struct {
		name  string
		do    func()
		found []string
	}{
		{"nothing", func() {}, []string{"Jonas Weber", "Marta Weber"}},
		{"one more", func() { w.add(in(bob, sales), "", named("Ida Weber")) }, []string{"Ida Weber", "Jonas Weber", "Marta Weber"}},
		{"another name", func() { must(w.Edit(ctx, in(bob, sales), marta.Contact, 1, named("Marta Moreau"), w.deed()))(t) }, []string{"Ida Weber", "Jonas Weber"}},
		{"one less", func() { must(w.Delete(ctx, in(bob, sales), jonas.Contact, 1, w.deed()))(t) }, []string{"Ida Weber"}},
		{"and back", func() { must(w.Undo(ctx, in(bob, sales), must(w.Last(ctx, in(bob, sales)))(t).ID, w.deed()))(t) }, []string{"Ida Weber", "Jonas Weber"}},
	} {
		step.do()
		shelf, log := w.restart(d)
		same(t, step.name, step.found, sorted(w.found(in(bob, sales), "weber")))
		if shelf.reads.Load() != 0 || !strings.Contains(log.String(), "from=snapshot") {
			t.Errorf("%s: the shelf was read %d times: %s", step.name, shelf.reads.Load(), log)
		}
	}
}

// A snapshot that cannot be used costs a reading of the shelf and a line in the log, never an answer.
func TestSnapshotThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	other, strange := newWorld(t), &drawer{}
	other.restart(strange)
	other.add(in(bob, sales), "", named("Stranger"))
	must(0, other.SaveIndexes(ctx, 0))(t)

	w, d := newWorld(t), &drawer{}
	w.restart(d)
	w.add(in(bob, sales), "", named("Marta"))
	must(0, w.Load(ctx, fabrikam))(t)
	must(0, w.SaveIndexes(ctx, 0))(t)
	if _, err := d.Snapshot(fabrikam); !fault.Is(err, fault.NotFound) {
		t.Errorf("a snapshot of nobody: %v", err)
	}
	good := d.all[contoso]
	bitten := slices.Clone(good)
	bitten[len(bitten)-20] ^= 1
	older := slices.Clone(good)
	older[7]--
	for _, tt := range []struct {
		name, reason string
		data         []byte
	}{
		{"empty", "too short", nil},
		{"cut off", "lengths", good[:len(good)-30]},
		{"a bit", "damaged", bitten},
		{"another version", "another format", older},
		{"another tenant", "of another tenant", bytes.Replace(good, []byte(contoso), []byte("contosa"), 1)},
		{"another database", "the database does not know", strange.all[contoso]},
	} {
		d.all[contoso] = tt.data
		shelf, log := w.restart(d)
		same(t, tt.name, []string{"Marta"}, w.found(in(bob, sales), ""))
		if shelf.reads.Load() != 1 || strings.Count(log.String(), "level=WARN") != 1 || !strings.Contains(log.String(), tt.reason) {
			t.Errorf("%s: the shelf was read %d times: %s", tt.name, shelf.reads.Load(), log)
		}
		must(0, w.SaveIndexes(ctx, 1000))(t)
		shelf, _ = w.restart(d)
		same(t, tt.name+", replaced", []string{"Marta"}, w.found(in(bob, sales), ""))
		if shelf.reads.Load() != 0 {
			t.Errorf("%s: it was not replaced", tt.name)
		}
	}
	delete(d.all, contoso)
	shelf, log := w.restart(d)
	same(t, "missing", []string{"Marta"}, w.found(in(bob, sales), ""))
	if shelf.reads.Load() != 1 || strings.Contains(log.String(), "WARN") || !strings.Contains(log.String(), "from=database") {
		t.Errorf("missing: %s", log)
	}
}

// An index is saved when that is worth it, and again when it failed.
func TestSaveIndexes(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w, d := newWorld(t), &drawer{}
	w.restart(d)
	saves := func(name string, behind, want int) {
		t.Helper()
		must(0, w.SaveIndexes(ctx, behind))(t)
		if d.kept != want {
			t.Errorf("%s: saved %d times, want %d", name, d.kept, want)
		}
	}
	saves("before anything", 0, 0)
	w.add(in(bob, sales), "", named("Marta"))
	saves("a first change, five allowed", 5, 1)
	w.add(in(bob, sales), "", named("Jonas"))
	saves("another, five allowed", 5, 1)
	w.add(in(bob, sales), "", named("Ada"))
	d.full = errors.New("no room")
	if err := w.SaveIndexes(ctx, 1); err == nil || !strings.Contains(err.Error(), "no room") {
		t.Errorf("a drawer that is full: %v", err)
	}
	saves("after a failure", 1, 3)
	saves("nothing new", 0, 3)
	w.restart(d)
	w.found(in(bob, sales), "")
	saves("nothing new after a start", 0, 3)
	w.add(in(bob, sales), "", named("Ida"))
	saves("one change", 0, 4)

	stopped, stop := context.WithCancel(ctx)
	stop()
	w.add(in(bob, sales), "", named("Ina"))
	if err := w.SaveIndexes(stopped, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("at an end: %v", err)
	}
	must(0, contact.New(w.config(w.index)).SaveIndexes(ctx, 0))(t) // there is nowhere to save to
}

// Snapshots that are taken while many people write are whole, each with the changes since.
func TestSaveIndexesWhilePeopleWrite(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w, d := newWorld(t), &drawer{}
	c := w.config(contact.NewIndex())
	c.Snapshots, c.NewID = d, nil // the ids of a world are not for many at once
	books := contact.New(c)
	k := must(books.Ensure(ctx, in(bob, sales)))(t)
	start := func() (found []string) {
		c := w.config(contact.NewIndex())
		shelf := &countingShelf{Shelf: w.memory}
		c.Shelf, c.Snapshots = shelf, d
		f := must(contact.New(c).Find(ctx, in(bob, sales), contact.Query{}, 0, 25))(t)
		if shelf.reads.Load() > 0 {
			t.Error("the shelf was read")
		}
		return names(f.Entries)
	}
	must(0, books.Load(ctx, contoso))(t)
	var writers sync.WaitGroup
	for n := range 4 {
		writers.Go(func() {
			for i := range 40 {
				who := in(bob, sales)
				done, err := books.Add(ctx, who, k.ID, named(fmt.Sprintf("Person %d-%d", n, i)), identity.Deed{})
				if err == nil && i%4 > 0 {
					_, err = books.Delete(ctx, who, done.Contact, 1, identity.Deed{})
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() {
		writers.Wait()
		close(done)
	}()
	for writing := true; writing; {
		select {
		case <-done:
			writing = false
		default:
			must(0, books.SaveIndexes(ctx, 0))(t)
		}
	}
	f := must(books.Find(ctx, in(bob, sales), contact.Query{}, 0, 25))(t)
	same(t, "a start from the last snapshot", names(f.Entries), start())
}

// lateShelf tells of what it did only when it is let.
type lateShelf struct {
	contact.Shelf
	did, let chan struct{}
}

func (s *lateShelf) Apply(ctx context.Context, t identity.Tenant, c contact.Change) (contact.Change, error) {
	done, err := s.Shelf.Apply(ctx, t, c)
	s.did <- struct{}{}
	<-s.let
	return done, err
}

// A change that is on disk and not in the index yet is waited for: a snapshot of that moment would miss it for ever.
func TestSaveIndexesWaitsForChanges(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w, d := newWorld(t), &drawer{}
	w.restart(d)
	w.add(in(bob, sales), "", named("Marta"))
	late := &lateShelf{Shelf: w.memory, did: make(chan struct{}), let: make(chan struct{})}
	c := w.config(contact.NewIndex())
	c.Shelf, c.Snapshots = late, d
	books := contact.New(c)
	must(0, books.Load(ctx, contoso))(t)
	var both sync.WaitGroup
	both.Go(func() {
		if _, err := books.Add(ctx, in(bob, sales), "", named("Jonas"), identity.Deed{}); err != nil {
			t.Error(err)
		}
	})
	<-late.did
	both.Go(func() {
		if err := books.SaveIndexes(ctx, 0); err != nil {
			t.Error(err)
		}
	})
	time.Sleep(20 * time.Millisecond) // a save that does not wait is done by then
	close(late.let)
	both.Wait()
	w.restart(d)
	same(t, "what a start finds", []string{"Jonas", "Marta"}, sorted(w.found(in(bob, sales), "")))
}
