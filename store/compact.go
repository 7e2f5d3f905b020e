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
	if err := errors.Join(ctx.Err(), gone(part)); err != nil {
		return err
	}
	to, err := bbolt.Open(part, 0o600, &bbolt.Options{Timeout: lockWait, FreelistType: bbolt.FreelistMapType, NoSync: true})
	if err != nil {
		return err
	}
	if err := errors.Join(bbolt.Compact(to, d.bolt, compactPart), to.Sync(), to.Close(), ctx.Err()); err != nil {
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// gone removes a file, if it is there.
func gone(path string) error {
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
