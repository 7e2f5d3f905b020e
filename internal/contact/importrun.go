package contact

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// ImportRun is an import at work, forth or back. Run is called once.
type ImportRun struct {
	imports *Imports
	who     identity.Caller

	mu  sync.Mutex
	now Import
}

// Import is how far it has come.
func (r *ImportRun) Import() Import {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

func (r *ImportRun) came(imp Import) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = imp
}

// errEnded says that an import is no longer what a run works at: somebody stopped it.
var errEnded = errors.New("the import has ended")

// importTries is how often a portion is tried that others change the contacts of.
const importTries = 20

// Run works until nothing is left, the import is cancelled or ctx ends, and tells how far it has come after each portion;
// tell must come back soon. It fails with fault.Busy when nothing can be written now, and can be started again then. When the
// caller may not go on, the book is gone, or it is full, the import is cancelled: what was done stays.
func (r *ImportRun) Run(ctx context.Context, tell func(Import)) (err error) {
	defer r.imports.leave(r.now)
	defer func() {
		if p := recover(); p != nil { // which may hold what a person wrote
			err = fmt.Errorf("contact.ImportRun: panic (%T)\n%s", p, debug.Stack())
		}
	}()
	leave, err := take(ctx, "contact.Run", r.imports.slots)
	if err != nil {
		return err
	}
	defer leave()
	work := r.forth
	if r.now.State == ImportUndoing {
		work = r.back
	}
	err = work(ctx, tell)
	if errors.Is(err, errEnded) {
		err = r.reread(ctx)
		tell(r.Import())
	}
	return err
}

// reread learns what somebody else made of the import.
func (r *ImportRun) reread(ctx context.Context) error {
	imp, err := r.imports.shelf.Import(ctx, r.who.Tenant, r.now.ID)
	if err != nil {
		return told("contact.Run", err, map[fault.Kind]string{fault.NotFound: "contact.import_gone"})
	}
	if imp.State == r.now.State {
		return fault.Wrap(fault.Internal, "contact.Run", errors.New("rows of an import are missing"))
	}
	r.came(imp)
	return nil
}

// forth brings what is left of the file into the book.
func (r *ImportRun) forth(ctx context.Context, tell func(Import)) error {
	s, err := r.scale(ctx)
	if err != nil {
		return err
	}
	for r.now.State == ImportRunning {
		begun := time.Now()
		if err := r.next(ctx, s); err != nil {
			return r.ends(ctx, err)
		}
		tell(r.now)
		rest(ctx, time.Since(begun))
	}
	return nil
}

// mostRest is how long a run rests between two portions at most.
const mostRest = 20 * time.Millisecond

// rest leaves the machine to those who search for two thirds of the time that the last portion took: without it one in a hundred waits 30 ms
// on two cores, with it half of that, and 100,000 rows take some seconds more.
func rest(ctx context.Context, took time.Duration) {
	select {
	case <-time.After(min(took*2/3, mostRest)):
	case <-ctx.Done():
	}
}

// scale reads the book and plans the rows that are left.
func (r *ImportRun) scale(ctx context.Context) (*scale, error) {
	s, err := r.imports.books.newScale(ctx, r.who, r.now)
	if err != nil {
		return nil, err
	}
	for from := r.now.Taken(); from < r.now.good(); {
		rows, err := r.rows(ctx, from)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			s.plan.add(from, row)
			from++
		}
	}
	s.plan.ready()
	return s, nil
}

// good is how many rows of the file can be read.
func (i Import) good() int { return i.Rows - i.Found.Bad }

// rows reads the next rows; there is one at least.
func (r *ImportRun) rows(ctx context.Context, from int) ([]Row, error) {
	rows, err := r.imports.shelf.StagedRows(ctx, r.who.Tenant, r.now.ID, from, min(importPortion, r.now.good()-from))
	switch {
	case err != nil:
		return nil, wrap("contact.Run", err)
	case len(rows) == 0:
		return nil, errEnded
	}
	return rows, nil
}

// next deals with the next portion of rows. What others change at the same moment is looked at again.
func (r *ImportRun) next(ctx context.Context, s *scale) error {
	const op = "contact.Run"
	from := r.now.Taken()
	var rows []Row
	if from < r.now.good() {
		var err error
		if rows, err = r.rows(ctx, from); err != nil {
			return err
		}
	}
	for range importTries {
		l, err := r.imports.may(ctx, r.who, op, r.now.Book)
		if err != nil {
			return err
		}
		if err := s.follow(ctx); err != nil {
			return err
		}
		p, err := s.weigh(ctx, l.May, from, rows)
		if err != nil {
			return err
		}
		if err := s.room(op, p.tally.New); err != nil {
			return err
		}
		err = r.carryOut(ctx, p, len(rows))
		if !fault.Is(err, fault.Stale) && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	return fault.New(fault.Busy, op, "book.stale")
}

// carryOut writes a portion, and what became of its rows.
func (r *ImportRun) carryOut(ctx context.Context, p *portion, rows int) error {
	past, now := r.now.Past, r.imports.books.now().UTC()
	made, err := r.write(ctx, p.step(now), func(imp *Import) error {
		if imp.State != ImportRunning || imp.Past != past {
			return errEnded
		}
		imp.Past += rows
		imp.Made = imp.Made.plus(p.tally)
		imp.Changes += len(p.changes)
		if imp.Past >= imp.Rows {
			imp.end(ImportDone, now)
		}
		return nil
	})
	if err == nil {
		p.done(made)
	}
	return err
}

// write carries out a portion of a step and shows it to the index; no snapshot of the index is begun between the two.
func (r *ImportRun) write(ctx context.Context, s Step, change func(*Import) error) ([]Change, error) {
	b := r.imports.books
	b.changing.RLock()
	defer b.changing.RUnlock()
	imp, made, err := r.imports.shelf.ImportSome(ctx, r.who.Tenant, r.now.ID, s, change)
	if err != nil {
		return nil, err
	}
	r.came(imp)
	b.showAll(r.who.Tenant, made)
	return made, nil
}

// showAll brings the index up to date with the changes of a step. Whoever searches comes in between.
func (b *Books) showAll(t identity.Tenant, made []Change) {
	for _, c := range made {
		b.show(t, c)
	}
	if f, ok := b.loaded.Load(t); ok {
		f.(*filled).behind.Add(int64(len(made)))
	}
}

// end ends an import. Why rows could not be read may quote them, and is forgotten.
func (i *Import) end(s ImportState, at time.Time) {
	i.State, i.Ended = s, at
	for n, bad := range i.Bad {
		i.Bad[n] = BadRow{bad.Number, Problem{Field: bad.Field}}
	}
}

// ends cancels an import that cannot go on. One that only waits, for room on the disk or a moment of peace, stays as it is.
func (r *ImportRun) ends(ctx context.Context, err error) error {
	if !fault.Is(err, fault.Denied) && !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Invalid) {
		return err
	}
	imp, failed := r.imports.cancel(ctx, r.now)
	if failed == nil {
		r.came(imp)
	}
	return err
}
