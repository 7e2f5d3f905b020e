package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
)

// compactPart is how many bytes of keys and values one transaction of a compacted copy holds at most.
const compactPart = 16 << 20

// Compact writes a copy of the whole file in which there is nothing but what is in use: the room that erased records
// leave in the file is still full of their bytes. The copy is complete when Compact returns without error; a file that
// is there already is refused. Reading and writing go on meanwhile, and what is written later is not in the copy.
func (d *DB) Compact(ctx context.Context, path string) error {
	part := path + ".part"
	err := d.compactTo(ctx, path, part)
	if err != nil {
		return errors.Join(fmt.Errorf("store.Compact: %w", err), gone(part))
	}
	return nil
}

func (d *DB) compactTo(ctx context.Context, path, part string) error {
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		return errors.Join(os.ErrExist, err)
	}
	if err := compacted(ctx, d.bolt, part); err != nil {
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// Compacted tells what CompactFile did.
type Compacted struct {
	Before, After int64 // bytes
	Tenants       int
	Contacts      int
}

// CompactFile compacts a file that no process has open: a compacted copy is written beside it, examined and compared, and
// then takes its name. Whatever happens before, the file stays as it is. It fails as OpenCopy does.
func CompactFile(ctx context.Context, path string) (c Compacted, err error) {
	from, err := OpenCopy(ctx, path) // keeps everybody from writing
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	before, err := from.About(ctx)
	if err != nil {
		return c, err
	}
	part := path + ".compacting"
	after, err := compactedBeside(ctx, from, part)
	if err == nil && (after.Tenants != before.Tenants || after.Contacts != before.Contacts || after.Schema != before.Schema) {
		err = errors.New("the compacted copy does not hold the same")
	}
	if err == nil {
		err = sameOwner(part, path)
	}
	if err == nil {
		err = os.Rename(part, path)
	}
	if err != nil {
		return c, unusable(path, errors.Join(err, gone(part)))
	}
	return Compacted{Before: before.Bytes, After: after.Bytes, Tenants: after.Tenants, Contacts: after.Contacts}, syncFolder(filepath.Dir(path))
}

// compactedBeside writes the compacted copy, examines it and tells what is in it.
func compactedBeside(ctx context.Context, from *DB, part string) (a About, err error) {
	if err := compacted(ctx, from.bolt, part); err != nil {
		return a, err
	}
	to, err := OpenCopy(ctx, part)
	if err != nil {
		return a, err
	}
	a, err = to.About(ctx)
	return a, errors.Join(err, to.Close())
}

// compacted writes a compacted copy that is on disk when it returns without error.
func compacted(ctx context.Context, from *bbolt.DB, part string) error {
	if err := errors.Join(ctx.Err(), gone(part)); err != nil {
		return err
	}
	to, err := bbolt.Open(part, 0o600, &bbolt.Options{Timeout: lockWait, FreelistType: bbolt.FreelistMapType, NoSync: true})
	if err != nil {
		return err
	}
	return errors.Join(bbolt.Compact(to, from, compactPart), to.Sync(), to.Close(), ctx.Err())
}

// gone removes a file, if it is there.
func gone(path string) error {
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
