package contact

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// A snapshot is behind as soon as somebody changes a contact. So a start takes the snapshot and then the changes since
// from the Journal, as many as the Journal remembers. Whatever speaks against the snapshot, the Shelf is read whole.

// filled is an index that has what the Shelf has.
type filled struct {
	kept   atomic.Bool  // there is a snapshot to start from
	behind atomic.Int64 // about how many changes came since that snapshot, or contacts without one
}

// restore fills the index of a tenant from its snapshot.
func (b *Books) restore(ctx context.Context, t identity.Tenant) (*filled, error) {
	if b.snapshots == nil {
		return nil, fault.New(fault.NotFound, "contact.restore", "")
	}
	data, err := b.snapshots.Snapshot(t)
	if err != nil {
		return nil, err
	}
	stamp, err := stampOf(data, t)
	if err != nil {
		return nil, err
	}
	missed, err := b.journal.Since(ctx, t, stamp)
	if fault.Is(err, fault.NotFound) {
		err = fmt.Errorf("%w: of a state that the database does not know", ErrSnapshot)
	}
	if err != nil {
		return nil, err
	}
	if err := b.index.Restore(data, t, stamp); err != nil {
		return nil, err
	}
	f := new(filled)
	f.kept.Store(true)
	f.behind.Store(int64(len(missed)))
	for _, c := range missed {
		b.show(t, c)
	}
	return f, nil
}

// SaveIndexes writes a snapshot of every index that has none and is not empty, or one that is more than behind changes old. It may run
// while people search and write. A failure does not keep it from the next.
func (b *Books) SaveIndexes(ctx context.Context, behind int) error {
	if b.snapshots == nil {
		return nil
	}
	b.saving.Lock()
	defer b.saving.Unlock()
	var problems []error
	b.loaded.Range(func(t, f any) bool {
		problems = append(problems, b.saveIndex(ctx, t.(identity.Tenant), f.(*filled), int64(behind)))
		return ctx.Err() == nil
	})
	return errors.Join(append(problems, ctx.Err())...)
}

func (b *Books) saveIndex(ctx context.Context, t identity.Tenant, f *filled, behind int64) error {
	if missed := f.behind.Load(); missed == 0 || f.kept.Load() && missed <= behind {
		return nil
	}
	stamp, n, err := b.settled(ctx, t, f)
	if err == nil {
		err = b.snapshots.Keep(ctx, t, func(w io.Writer) error { return b.index.Save(w, t, stamp) })
	}
	if err != nil {
		return wrap("contact.SaveIndexes", err)
	}
	f.kept.Store(true)
	f.behind.Add(-n)
	return nil
}

// settled names a state of the Shelf that the index has whole: it waits for the changes that are on their way from one
// to the other. What the index learns afterwards may be in the snapshot as well; it comes again from the Journal, and
// changes nothing then.
func (b *Books) settled(ctx context.Context, t identity.Tenant, f *filled) (stamp string, behind int64, err error) {
	b.changing.Lock()
	defer b.changing.Unlock()
	stamp, err = b.journal.Stamp(ctx, t)
	return stamp, f.behind.Load(), err
}
