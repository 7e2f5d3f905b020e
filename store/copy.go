package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/fault"
)

// Schema is the schema of this program.
func Schema() int { return len(steps()) }

// OpenCopy opens a file to read it and no more: a backup, or the file of a service that is stopped. Whatever would write
// fails. It examines the whole file first and fails as Open does; one of an older schema is opened as it is.
func OpenCopy(ctx context.Context, path string) (*DB, error) {
	if err := Check(ctx, path); err != nil {
		return nil, err
	}
	bolt, err := bbolt.Open(path, 0o600, options(true))
	if err != nil {
		return nil, refusal(path, err)
	}
	d := &DB{bolt: bolt, commits: newCommitter(bolt), now: time.Now, disk: disk{log: Config{}.withDefaults().Log}}
	if err := d.ours(path); err != nil {
		return nil, errors.Join(err, bolt.Close())
	}
	return d, nil
}

// ours tells whether the file is one of this program or of an older one.
func (d *DB) ours(path string) error {
	have, err := d.schema()
	switch {
	case err != nil || have == 0:
		return notOurs(path)
	case have > Schema():
		return newer(path, have, Schema())
	}
	return nil
}

func notOurs(path string) error {
	return &fault.Error{Kind: fault.Internal, Op: "store.OpenCopy", Text: "store.damaged", Args: []any{"File", path},
		Err: fmt.Errorf("%s is no database of this program, or is empty", path)}
}

// newer is the refusal of a file that a newer program wrote.
func newer(path string, has, knows int) error {
	return &fault.Error{Kind: fault.Internal, Op: "store.Open", Text: "store.newer", Args: []any{"File", path, "Has", has, "Knows", knows},
		Err: fmt.Errorf("%s has schema %d and this program knows %d: use the newer program", path, has, knows)}
}

// About is what there is to know of a file at a glance.
type About struct {
	Schema   int
	Bytes    int64 // of the file
	Free     int64 // of them in pages that nothing is in
	Tenants  int
	Contacts int // those in the trash not counted; -1 when nobody counted
}

// About counts. That takes some time where there are many contacts.
func (d *DB) About(ctx context.Context) (About, error) {
	a := d.Glance()
	a.Contacts = 0
	err := d.view(ctx, "store.About", func(tx *bbolt.Tx) (err error) {
		if a.Schema, err = schemaOf(tx); err != nil {
			return err
		}
		tenants := tx.Bucket([]byte(bucketTenants))
		return tenants.ForEachBucket(func(t []byte) error {
			a.Tenants++
			a.Contacts += tenants.Bucket(t).Bucket([]byte(bucketContacts)).Stats().KeyN
			return ctx.Err()
		})
	})
	return a, err
}

// Glance is what About tells without counting; zero after Close.
func (d *DB) Glance() About {
	a := About{Contacts: -1}
	err := d.bolt.View(func(tx *bbolt.Tx) (err error) {
		a.Bytes = tx.Size()
		a.Free = freeBytes(d.bolt.Path(), d.bolt.Info().PageSize)
		a.Schema, err = schemaOf(tx)
		return err
	})
	if err != nil {
		return About{Contacts: -1}
	}
	return a
}

// freeBytes reads from the file how much of it is free. A commit that comes in between makes it wrong by a little.
func freeBytes(path string, pageSize int) int64 {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	m, err := newest(f, uint64(pageSize))
	var head [pageHeader + 8]byte
	if err != nil || m.freelist == noFreelist {
		return 0
	}
	if _, err := f.ReadAt(head[:], int64(m.freelist)*int64(pageSize)); err != nil || u16(head[8:]) != flagFreelist {
		return 0
	}
	n := int64(u16(head[10:]))
	if n == 0xFFFF {
		n = int64(u64(head[pageHeader:]))
	}
	return max(0, min(n, int64(m.high))) * int64(pageSize)
}

// Restored tells what Restore put in place.
type Restored struct {
	About
	// Aside is where the file that was there before is kept now; empty when there was none.
	Aside string
}

// Restore puts a copy of a backup in the place of the file at path, which stays beside it under another name. Nothing is
// touched before the copy is whole, on disk and examined. It fails as OpenCopy does, with "store.locked" when a process has
// the file at path open. That file may be damaged.
func Restore(ctx context.Context, backup, path string, at time.Time) (Restored, error) {
	if sameFile(backup, path) {
		return Restored{}, unusable(backup, errors.New("it is the database itself and no backup of it"))
	}
	release, err := reserve(path)
	if err != nil {
		return Restored{}, err
	}
	r := Restored{}
	part := path + ".restoring"
	if r.About, err = copyOf(ctx, backup, part); err == nil {
		r.Aside, err = swap(part, path, path+".before-"+at.UTC().Format("20060102-150405"))
	}
	if err != nil {
		err = errors.Join(err, gone(part))
	}
	return r, errors.Join(err, release())
}

func sameFile(a, b string) bool {
	one, errOne := os.Stat(a)
	two, errTwo := os.Stat(b)
	return errOne == nil && errTwo == nil && os.SameFile(one, two)
}

// reserve keeps other processes from opening the file at path until release is called. One that is missing or damaged nobody
// can open anyway.
func reserve(path string) (release func() error, err error) {
	nothing := func() error { return nil }
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nothing, os.MkdirAll(filepath.Dir(path), 0o700)
	}
	bolt, err := bbolt.Open(path, 0o600, options(true))
	if err == nil {
		return bolt.Close, nil
	}
	if refused := refusal(path, err); textKey(refused) == "store.locked" {
		return nothing, refused
	}
	return nothing, nil
}

func textKey(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Text
	}
	return ""
}

// copyOf writes a copy of a backup to a new file and examines it.
func copyOf(ctx context.Context, backup, path string) (a About, err error) {
	from, err := OpenCopy(ctx, backup)
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	if a, err = from.About(ctx); err != nil {
		return a, err
	}
	if err := from.copyTo(ctx, path); err != nil {
		return a, unusable(path, err)
	}
	return a, Check(ctx, path)
}

// copyTo writes a copy of the whole file over what is at path; it is on disk when copyTo returns without error.
func (d *DB) copyTo(ctx context.Context, path string) error {
	to, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(d.Backup(ctx, to), to.Sync(), to.Close())
}

// swap gives part the name path; what has it now keeps the name aside. At no moment nothing has it, where the file system
// knows two names of a file.
func swap(part, path, aside string) (kept string, err error) {
	if err := sameOwner(part, path); err != nil {
		return "", unusable(path, err)
	}
	if _, err := os.Lstat(aside); err == nil {
		return "", unusable(aside, os.ErrExist)
	}
	switch err := os.Link(path, aside); {
	case err == nil:
		kept = aside
	case !errors.Is(err, os.ErrNotExist):
		if err := os.Rename(path, aside); err != nil {
			return "", unusable(path, err)
		}
		kept = aside
	}
	if err := os.Rename(part, path); err != nil {
		return kept, unusable(path, err)
	}
	if err := syncFolder(filepath.Dir(path)); err != nil {
		return kept, unusable(path, err)
	}
	return kept, nil
}

// Backup writes a consistent copy of the whole file while work goes on. w should be fast, a file say: as
// long as the copy lasts, space that is given up is not used again.
func (d *DB) Backup(ctx context.Context, w io.Writer) error {
	err := d.bolt.View(func(tx *bbolt.Tx) error {
		_, err := tx.WriteTo(stoppable{ctx, w})
		return err
	})
	if ctx.Err() != nil {
		err = ctx.Err() // bbolt makes text of it
	}
	if err != nil {
		return fmt.Errorf("store.Backup: %w", err)
	}
	return nil
}

// stoppable is a writer that ends with its context.
type stoppable struct {
	ctx context.Context
	w   io.Writer
}

func (s stoppable) Write(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.w.Write(p)
}
