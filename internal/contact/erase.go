package contact

import (
	"context"
	"slices"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// Books wait when the app is removed from their conversation, and are erased when it does not come back in time. What is
// erased is gone from the Shelf, from the index in memory and from its snapshot; the mark of the Eraser goes last, so
// that a book that was not erased to the end is taken up by the next run.

// Leftover is what waits, in numbers.
type Leftover struct{ Books, Contacts int }

// EraseWaiting erases the books that wait since before a time for the app to come back, and those whose erasing was
// interrupted. It gives how many books are gone, also when it fails before all are.
func (b *Books) EraseWaiting(ctx context.Context, t identity.Tenant, before time.Time) (int, error) {
	const op = "contact.EraseWaiting"
	waiting, err := b.eraser.Waiting(ctx, t, before)
	if err != nil {
		return 0, wrap(op, err)
	}
	for _, k := range waiting {
		err := b.eraser.Doom(ctx, t, k.ID, k.Version)
		if err != nil && !fault.Is(err, fault.Stale) && !fault.Is(err, fault.NotFound) { // then it came back, at this moment
			return 0, wrap(op, err)
		}
	}
	return b.eraseDoomed(ctx, op, t)
}

// CountWaiting tells what EraseWaiting would erase, and erases nothing.
func (b *Books) CountWaiting(ctx context.Context, t identity.Tenant, before time.Time) (Leftover, error) {
	const op = "contact.CountWaiting"
	waiting, err := b.eraser.Waiting(ctx, t, before)
	if err != nil {
		return Leftover{}, wrap(op, err)
	}
	doomed, err := b.eraser.Doomed(ctx, t)
	if err != nil {
		return Leftover{}, wrap(op, err)
	}
	if err := b.Load(ctx, t); err != nil {
		return Leftover{}, err
	}
	left := Leftover{Books: len(waiting) + len(doomed)}
	for _, k := range waiting {
		left.Contacts += b.index.Count(t, k.ID)
	}
	for _, id := range doomed {
		left.Contacts += b.index.Count(t, id)
	}
	return left, nil
}

// Erase erases one book with all that belongs to it, whether it waits or not. It checks no rights: it is for the service
// and its operator. fault.NotFound when there is no such book, and none whose erasing was interrupted.
func (b *Books) Erase(ctx context.Context, t identity.Tenant, id BookID) error {
	const op = "contact.Erase"
	for range attempts {
		err := b.doom(ctx, t, id)
		switch {
		case err == nil:
			_, err := b.eraseDoomed(ctx, op, t)
			return err
		case !fault.Is(err, fault.Stale):
			return wrap(op, err)
		}
	}
	return fault.New(fault.Stale, op, "book.stale")
}

// doom dooms a book, unless it is.
func (b *Books) doom(ctx context.Context, t identity.Tenant, id BookID) error {
	doomed, err := b.eraser.Doomed(ctx, t)
	if err != nil || slices.Contains(doomed, id) {
		return err
	}
	k, err := b.library.Book(ctx, t, id)
	if err != nil {
		return err
	}
	return b.eraser.Doom(ctx, t, id, k.Version)
}

// eraseDoomed brings to its end what was begun.
func (b *Books) eraseDoomed(ctx context.Context, op string, t identity.Tenant) (erased int, err error) {
	doomed, err := b.eraser.Doomed(ctx, t)
	switch {
	case err != nil:
		return 0, wrap(op, err)
	case len(doomed) == 0:
		return 0, nil
	}
	if err := b.Load(ctx, t); err != nil { // so that nothing is filling the index while its contacts go
		return 0, err
	}
	for _, id := range doomed {
		b.index.Forget(t, id)
	}
	if err := b.empty(ctx, t); err != nil {
		return 0, wrap(op, err)
	}
	if err := b.rewrite(ctx, t); err != nil {
		return 0, wrap(op, err)
	}
	for _, id := range doomed {
		if err := b.eraser.Erased(ctx, t, id); err != nil {
			return erased, wrap(op, err)
		}
		erased++
	}
	return erased, nil
}

// empty takes away all that belongs to the doomed books, portion by portion.
func (b *Books) empty(ctx context.Context, t identity.Tenant) error {
	for from, begun := "", false; from != "" || !begun; begun = true {
		next, err := b.eraser.EraseSome(ctx, t, from)
		if err != nil {
			return err
		}
		from = next
	}
	return nil
}

// DropIndex forgets the contacts of a tenant of which the Shelf has nothing any more.
func (b *Books) DropIndex(t identity.Tenant) {
	b.saving.Lock()
	defer b.saving.Unlock()
	b.loaded.Delete(t)
	b.index.Drop(t)
}

// RewriteIndex writes the snapshot of a tenant anew, after the Shelf gave up what the one before may still hold.
func (b *Books) RewriteIndex(ctx context.Context, t identity.Tenant) error {
	if err := b.Load(ctx, t); err != nil {
		return err
	}
	return b.rewrite(ctx, t)
}

// rewrite writes the snapshot of a tenant anew, even when nothing is left to write: the one before holds what was erased.
func (b *Books) rewrite(ctx context.Context, t identity.Tenant) error {
	f, ok := b.loaded.Load(t)
	if b.snapshots == nil || !ok {
		return nil
	}
	b.saving.Lock()
	defer b.saving.Unlock()
	now := f.(*filled)
	now.kept.Store(false)
	now.behind.Add(1)
	return b.saveIndex(ctx, t, now, 0)
}
