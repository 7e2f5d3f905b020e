package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

const (
	lockWait = 2 * time.Second
	// mapSize is how much of the address space is taken at once. While the file fits in it, a writer need
	// not wait for readers; it costs no memory.
	mapSize = 64 << 20
	// maxValue is the largest value kept, in bytes. The domain's limits are far below it.
	maxValue = 1 << 20
	// maxID is the longest id kept, in bytes. Conversation ids of Teams have about 150.
	maxID = 512
)

// Config says where the file is. The zero value works.
type Config struct {
	// Path is the file; "data/teamspro.db" when empty.
	Path string
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// Log hears about damage and full disks; nothing is logged when nil.
	Log *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.Path == "" {
		c.Path = filepath.Join("data", "teamspro.db")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// DB is an open file. It is safe for concurrent use.
type DB struct {
	bolt    *bbolt.DB
	commits *committer
	now     func() time.Time
	disk    disk
	// editions are counters, by tenant, of what changed its books: identity.Tenant → *atomic.Uint64.
	editions sync.Map

	// What notices read of the same places again and again.
	announcements  memo[announcementRecord, notice.Announcement]
	references     memo[referenceRecord, referenceRecord]
	configurations memo[configurationRecord, configurationRecord]
}

// Open opens the file, or makes it. It fails with a fault.Error that names the file and says what to do when
// another process has it, when it is damaged and when a newer program wrote it. An older file is copied
// aside and then brought to the present schema in one transaction. ctx bounds the examination of the file.
func Open(ctx context.Context, c Config) (*DB, error) {
	return open(ctx, c.withDefaults(), steps())
}

func open(ctx context.Context, c Config, all []step) (*DB, error) {
	fresh, err := prepare(ctx, c.Path)
	if err != nil {
		return nil, err
	}
	bolt, err := openLocked(c.Path)
	if err != nil {
		return nil, err
	}
	d := &DB{bolt: bolt, commits: newCommitter(bolt), now: c.Now, disk: disk{log: c.Log}}
	d.announcements.of, d.references.of, d.configurations.of = announcementOf, itself, itself
	d.announcements.scan, d.announcements.appear = (*scanner).announcement, true
	if err := d.settle(c.Path, all, fresh); err != nil {
		return nil, errors.Join(err, bolt.Close())
	}
	return d, nil
}

// openLocked opens the file when no other process has it. Who waits for the lock while a restore puts another file in its
// place gets the lock of the old one, and must not work in that.
func openLocked(path string) (*bbolt.DB, error) {
	var opened *os.File
	o := options(false)
	o.InitialMmapSize = roomFor(path)
	o.OpenFile = func(name string, flag int, mode os.FileMode) (file *os.File, err error) {
		file, err = os.OpenFile(name, flag, mode)
		opened = file
		return file, err
	}
	bolt, err := bbolt.Open(path, 0o600, o)
	if err != nil {
		return nil, refusal(path, err)
	}
	mine, err := opened.Stat()
	if err == nil {
		var there os.FileInfo
		if there, err = os.Stat(path); err == nil && !os.SameFile(mine, there) {
			err = errors.New("another file was put in its place just now: start again")
		}
	}
	if err != nil {
		return nil, errors.Join(unusable(path, err), bolt.Close())
	}
	return bolt, nil
}

// roomFor is how much of the address space a file is given at once: it can grow to twice its size before a writer has to
// wait for those who read, a backup for instance.
func roomFor(path string) int {
	info, err := os.Stat(path)
	if err != nil || info.Size() > math.MaxInt32 && math.MaxInt == math.MaxInt32 {
		return mapSize
	}
	return max(mapSize, int(2*info.Size()))
}

// prepare makes the folder of a new file and examines one that exists.
func prepare(ctx context.Context, path string) (fresh bool, err error) {
	_, err = os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return true, unusable(path, err)
		}
		return true, nil
	}
	if err != nil {
		return false, unusable(path, err)
	}
	return false, Check(ctx, path)
}

// options are those of the file. The list of free pages is written with every commit: without it (NoFreelistSync) each
// would write one page less, but opening, and what follows on a commit that the disk refused, would read the whole file.
func options(readOnly bool) *bbolt.Options {
	return &bbolt.Options{
		Timeout:         lockWait,
		FreelistType:    bbolt.FreelistMapType,
		InitialMmapSize: mapSize,
		ReadOnly:        readOnly,
		NoStatistics:    true,
	}
}

// settle makes the file what this program expects.
func (d *DB) settle(path string, all []step, fresh bool) error {
	if err := d.upgrade(path, all); err != nil {
		return err
	}
	if err := d.bolt.View(complete); err != nil {
		return damaged(path, err)
	}
	if err := d.bolt.View(d.commits.outbox.fill); err != nil {
		return damaged(path, err)
	}
	if !fresh {
		return nil
	}
	if err := syncFolder(filepath.Dir(path)); err != nil {
		return unusable(path, err)
	}
	return nil
}

// upgrade brings the file to the present schema.
func (d *DB) upgrade(path string, all []step) error {
	have, err := d.schema()
	switch {
	case err != nil:
		return damaged(path, err)
	case have == len(all):
		return nil
	case have > len(all):
		return newer(path, have, len(all))
	}
	if have > 0 {
		if err := d.copyAside(fmt.Sprintf("%s.schema-%d", path, have)); err != nil {
			return unusable(path, fmt.Errorf("copy before migration: %w", err))
		}
	}
	if err := d.bolt.Update(func(tx *bbolt.Tx) error { return migrate(tx, all) }); err != nil {
		return unusable(path, fmt.Errorf("migration: %w", err))
	}
	return nil
}

func (d *DB) schema() (n int, err error) {
	err = d.bolt.View(func(tx *bbolt.Tx) (err error) {
		n, err = schemaOf(tx)
		return err
	})
	return n, err
}

// copyAside writes a copy of the whole file; it replaces one that an interrupted migration left.
func (d *DB) copyAside(path string) error {
	part := path + ".part"
	if err := d.copyTo(context.Background(), part); err != nil {
		return errors.Join(err, gone(part))
	}
	if err := os.Rename(part, path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes a new name in a folder durable.
func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Close waits for the transactions that run and gives the file free.
func (d *DB) Close() error { return d.bolt.Close() }

// Size is how many bytes of the file are in use or were; 0 after Close.
func (d *DB) Size() (bytes int64) {
	if err := d.bolt.View(func(tx *bbolt.Tx) error { bytes = tx.Size(); return nil }); err != nil {
		return 0
	}
	return bytes
}

// errUnchanged ends a writer's function that found nothing to write, and is no error. A transaction of which that is true
// for all saves the fsyncs.
var errUnchanged = errors.New("unchanged")

// update is the one way to write. fn may read and write in one transaction; it may run more than once and so
// only assigns what it finds. An error of fn takes everything back.
func (d *DB) update(ctx context.Context, op string, fn func(*work) error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	inside, err := d.commits.do(fn)
	switch {
	case inside != nil:
		return within(op, inside)
	case errors.Is(err, berrors.ErrDatabaseNotOpen):
		return fmt.Errorf("%s: %w", op, err)
	case err != nil:
		return d.disk.refused(op, err, d.now())
	}
	return nil
}

// view is the one way to read. fn may not write: a write transaction inside a read transaction can wait for
// itself.
func (d *DB) view(ctx context.Context, op string, fn func(*bbolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	if err := d.bolt.View(fn); err != nil {
		return within(op, err)
	}
	return nil
}

// within names the operation of an error; a fault carries its own.
func within(op string, err error) error {
	var f *fault.Error
	if errors.As(err, &f) {
		return err
	}
	return fmt.Errorf("%s: %w", op, err)
}

// write changes what a tenant has; fn gets the tenant's bucket with all that is declared in it.
func (d *DB) write(ctx context.Context, op string, t identity.Tenant, fn func(*bbolt.Bucket) error) error {
	return d.share(ctx, op, t, func(s *shared) error { return fn(s.tenant) })
}

// share is write for those who leave something to the end of the transaction.
func (d *DB) share(ctx context.Context, op string, t identity.Tenant, fn func(*shared) error) error {
	if err := checkIDs(op, string(t)); err != nil {
		return err
	}
	return d.update(ctx, op, func(w *work) error {
		s, err := w.of(t)
		if err != nil {
			return err
		}
		return fn(s)
	})
}

// read reads what a tenant has; fn is not called for a tenant that never wrote.
func (d *DB) read(ctx context.Context, op string, t identity.Tenant, fn func(*bbolt.Bucket) error) error {
	return d.view(ctx, op, func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(bucketTenants)).Bucket([]byte(t))
		if b == nil {
			return nil
		}
		return fn(b)
	})
}

// Tenants lists the tenants that ever wrote.
func (d *DB) Tenants(ctx context.Context) (tenants []identity.Tenant, err error) {
	err = d.view(ctx, "store.Tenants", func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(bucketTenants)).ForEachBucket(func(t []byte) error {
			tenants = append(tenants, identity.Tenant(t))
			return nil
		})
	})
	return tenants, err
}

func tenantBucket(tx *bbolt.Tx, t identity.Tenant) (*bbolt.Bucket, error) {
	tenants := tx.Bucket([]byte(bucketTenants))
	if b := tenants.Bucket([]byte(t)); b != nil {
		return b, nil
	}
	b, err := tenants.CreateBucket([]byte(t))
	if err != nil {
		return nil, err
	}
	return b, create(b, true)
}

// refusal explains why bbolt did not open the file. What the system refuses is no damage, but for one thing:
// bbolt tries to begin an empty file even when it is opened for reading, and an empty file is one that was lost.
func refusal(path string, err error) error {
	var system syscall.Errno
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return &fault.Error{Kind: fault.Internal, Op: "store.Open", Text: "store.locked", Args: []any{"File", path},
			Err: fmt.Errorf("another process has %s open: stop it first", path)}
	case errors.As(err, &system) && system != syscall.EBADF:
		return unusable(path, err)
	}
	return damaged(path, err)
}

func damaged(path string, err error) error {
	return &fault.Error{Kind: fault.Internal, Op: "store.Open", Text: "store.damaged", Args: []any{"File", path},
		Err: fmt.Errorf("%s is damaged (%w): to restore it, put a backup of the file in its place and start again", path, err)}
}

func unusable(path string, err error) error {
	return &fault.Error{Kind: fault.Internal, Op: "store.Open", Text: "store.unusable", Args: []any{"File", path},
		Err: fmt.Errorf("%s cannot be used: %w", path, err)}
}
