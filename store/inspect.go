package store

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"os"

	"go.etcd.io/bbolt"
)

// The form of a bbolt file, version 2, in the byte order of the machine: pages with a header of 16 bytes (id,
// flags, count, overflow); two meta pages; elements of 16 bytes after the header, positions counted from the
// element itself.
const (
	pageHeader  = 16
	elementSize = 16
	metaSize    = 64

	flagBranch   = 0x01
	flagLeaf     = 0x02
	flagFreelist = 0x10
	flagBucket   = 0x01
	noFreelist   = ^uint64(0)

	metaMagic   = 0xED0CDAED
	metaVersion = 2
)

// Check examines a file that no process writes, and tells with a fault.Error when it is damaged or in use. It
// looks at every page first, because bbolt's own check dies of a fault where a page number leads out of the
// file; then bbolt's check looks at order and free pages. Values are not examined.
func Check(ctx context.Context, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return unusable(path, err)
	}
	if !info.Mode().IsRegular() {
		return unusable(path, errors.New("not a regular file"))
	}
	// Opened for reading, bbolt takes the lock and looks at nothing but the meta pages.
	db, err := bbolt.Open(path, 0o600, options(true))
	if err != nil {
		return refusal(path, err)
	}
	if err := walk(ctx, path, db.Info().PageSize); err != nil {
		return errors.Join(badOrLate(ctx, path, err), db.Close())
	}
	return badOrLate(ctx, path, consistent(ctx, db))
}

// badOrLate tells damage from a context that ended.
func badOrLate(ctx context.Context, path string, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return unusable(path, fmt.Errorf("the examination was cut short: %w", ctx.Err()))
	}
	return damaged(path, err)
}

// consistent runs bbolt's check and closes db.
func consistent(ctx context.Context, db *bbolt.DB) error {
	tx, err := db.Begin(false)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	found := tx.Check(bbolt.WithKVStringer(silent{}))
	finish := func() error {
		for range found { // the check reads the map until it has ended
		}
		return errors.Join(tx.Rollback(), db.Close())
	}
	select {
	case err := <-found: // nil when the check ended without finding
		return errors.Join(err, finish())
	case <-ctx.Done():
		go func() { _ = finish() }() // the examination is given up; nobody waits for how it ends
		return ctx.Err()
	}
}

// silent keeps keys and values out of the check's findings.
type silent struct{}

func (silent) KeyToString([]byte) string   { return "…" }
func (silent) ValueToString([]byte) string { return "…" }

// What is known of a page.
const (
	pageFree     = 1 << iota // in the list of free pages
	pageHead                 // begins a branch, a leaf or the list of free pages
	pageReferred             // something points to it
)

// walker looks at every page of a file once, in the order of the file, which disks read fastest.
type walker struct {
	size  uint64 // of a page, in bytes
	known []byte // by page number
	page  []byte // the one looked at, with its overflow
}

// meta is what a meta page says.
type meta struct{ pageSize, root, freelist, high, tx uint64 }

// walk looks at every page of the file and fails at the first that is not as it must be. Where it succeeds,
// no page is referred to twice: whoever follows the pages from the root comes to an end and stays in the file.
func walk(ctx context.Context, path string, pageSize int) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	m, err := newest(f, uint64(pageSize))
	if err != nil {
		return err
	}
	if m.high < 4 || m.high > uint64(info.Size())/m.pageSize {
		return fmt.Errorf("%d pages in a file of %d bytes", m.high, info.Size())
	}
	w := &walker{size: m.pageSize, known: make([]byte, m.high)}
	if err := w.freelist(f, m.freelist); err != nil {
		return err
	}
	if err := w.refer(m.root); err != nil {
		return err
	}
	return w.all(ctx, bufio.NewReaderSize(io.NewSectionReader(f, 0, int64(m.high*m.pageSize)), 1<<20))
}

// newest reads the two meta pages. Both must be whole: bbolt makes do with one, and so forgets the last
// transaction when the other was damaged. A meta page lies in one sector, which disks write whole.
func newest(f io.ReaderAt, pageSize uint64) (meta, error) {
	a, errA := readMeta(f, 0, pageSize)
	b, errB := readMeta(f, 1, pageSize)
	if err := errors.Join(errA, errB); err != nil {
		return meta{}, err
	}
	if b.tx > a.tx {
		return b, nil
	}
	return a, nil
}

func readMeta(f io.ReaderAt, page, pageSize uint64) (meta, error) {
	var b [pageHeader + metaSize]byte
	if _, err := f.ReadAt(b[:], int64(page*pageSize)); err != nil {
		return meta{}, fmt.Errorf("page %d: %w", page, err)
	}
	m := b[pageHeader:]
	sum := fnv.New64a()
	sum.Write(m[:metaSize-8])
	switch {
	case u32(m) != metaMagic || u32(m[4:]) != metaVersion:
		return meta{}, fmt.Errorf("page %d: no meta page", page)
	case sum.Sum64() != u64(m[56:]):
		return meta{}, fmt.Errorf("page %d: wrong checksum", page)
	case uint64(u32(m[8:])) != pageSize:
		return meta{}, fmt.Errorf("page %d: wrong page size", page)
	}
	return meta{pageSize: pageSize, root: u64(m[16:]), freelist: u64(m[32:]), high: u64(m[40:]), tx: u64(m[48:])}, nil
}

// freelist notes which pages are free.
func (w *walker) freelist(f io.ReaderAt, id uint64) error {
	if id == noFreelist {
		return nil
	}
	if err := w.refer(id); err != nil {
		return err
	}
	if err := w.next(bufio.NewReader(io.NewSectionReader(f, int64(id*w.size), math.MaxInt64)), id); err != nil {
		return err
	}
	ids, n := w.page[pageHeader:], uint64(u16(w.page[10:]))
	if n == 0xFFFF {
		n, ids = u64(ids), ids[8:]
	}
	if u16(w.page[8:]) != flagFreelist || n > uint64(len(ids)/8) {
		return fmt.Errorf("page %d: no list of free pages", id)
	}
	for i := range n {
		free := u64(ids[8*i:])
		if free < 2 || free >= uint64(len(w.known)) || w.known[free] != 0 {
			return fmt.Errorf("page %d: free page %d cannot be", id, free)
		}
		w.known[free] = pageFree
	}
	return nil
}

// all reads the pages in their order and checks that what is referred to is there.
func (w *walker) all(ctx context.Context, r *bufio.Reader) error {
	high := uint64(len(w.known))
	for id := uint64(0); id < high; {
		if err := ctx.Err(); err != nil {
			return err
		}
		if id < 2 || w.known[id]&pageFree != 0 {
			if _, err := r.Discard(int(w.size)); err != nil {
				return fmt.Errorf("page %d: %w", id, err)
			}
			id++
			continue
		}
		if err := w.next(r, id); err != nil {
			return err
		}
		if err := w.look(); err != nil {
			return fmt.Errorf("page %d: %w", id, err)
		}
		w.known[id] |= pageHead
		id += uint64(len(w.page)) / w.size
	}
	for id, known := range w.known {
		if known&pageReferred != 0 && known&pageHead == 0 {
			return fmt.Errorf("page %d is referred to and is none", id)
		}
	}
	return nil
}

// next reads the page with its overflow.
func (w *walker) next(r *bufio.Reader, id uint64) error {
	head, err := r.Peek(pageHeader)
	if err != nil {
		return fmt.Errorf("page %d: %w", id, err)
	}
	n := uint64(u32(head[12:])) + 1
	if u64(head) != id || n > uint64(len(w.known))-id {
		return fmt.Errorf("page %d: says that it is another or too long", id)
	}
	for i := id + 1; i < id+n; i++ {
		if w.known[i] != 0 {
			return fmt.Errorf("page %d: reaches into page %d", id, i)
		}
	}
	if n*w.size > uint64(cap(w.page)) {
		w.page = make([]byte, n*w.size)
	}
	w.page = w.page[:n*w.size]
	if _, err := io.ReadFull(r, w.page); err != nil {
		return fmt.Errorf("page %d: %w", id, err)
	}
	return nil
}

// refer notes that something points to the page.
func (w *walker) refer(id uint64) error {
	if id < 2 || id >= uint64(len(w.known)) || w.known[id]&(pageFree|pageReferred) != 0 {
		return fmt.Errorf("page %d is free, outside of the file or referred to twice", id)
	}
	w.known[id] |= pageReferred
	return nil
}

// look checks a page that is in use.
func (w *walker) look() error {
	if u16(w.page[8:]) == flagFreelist {
		return nil
	}
	return w.elements(w.page, true)
}

// elements checks that all elements of a page lie in it, and notes where they point. whole tells a page of the
// file from one that is kept within a value, as that of a small bucket is.
func (w *walker) elements(p []byte, whole bool) error {
	flags, n := u16(p[8:]), int(u16(p[10:]))
	leaf := flags == flagLeaf
	switch {
	case !leaf && (flags != flagBranch || !whole || n == 0):
		return errors.New("of no known kind")
	case pageHeader+n*elementSize > len(p):
		return errors.New("too many elements")
	}
	for i := range n {
		if err := w.element(p[pageHeader+i*elementSize:], leaf, whole); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) element(e []byte, leaf, whole bool) error {
	value, in := span(e, leaf)
	switch {
	case !in:
		return errors.New("an element outside of it")
	case !leaf:
		return w.refer(u64(e[8:]))
	case u32(e)&flagBucket == 0:
		return nil
	case !whole:
		return errors.New("a bucket in a small bucket")
	}
	return w.bucket(value)
}

// span gives the value of an element, and whether the element's key and value lie in the page.
func span(e []byte, leaf bool) (value []byte, in bool) {
	pos, key, size := uint64(u32(e)), uint64(u32(e[4:])), uint64(0)
	if leaf {
		pos, key, size = uint64(u32(e[4:])), uint64(u32(e[8:])), uint64(u32(e[12:]))
	}
	if pos+key+size > uint64(len(e)) {
		return nil, false
	}
	return e[pos+key : pos+key+size], true
}

// bucket notes where a bucket is: at its root page, or in the page kept in the value when it is small.
func (w *walker) bucket(value []byte) error {
	switch {
	case len(value) < 16:
		return errors.New("a bucket without a head")
	case u64(value) != 0:
		return w.refer(u64(value))
	case len(value) < 16+pageHeader:
		return errors.New("a small bucket without a page")
	}
	return w.elements(value[16:], false)
}

func u16(b []byte) uint16 { return binary.NativeEndian.Uint16(b) }
func u32(b []byte) uint32 { return binary.NativeEndian.Uint32(b) }
func u64(b []byte) uint64 { return binary.NativeEndian.Uint64(b) }
