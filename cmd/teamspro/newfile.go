package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// newFile is a file that gets its name when it is whole; until then, and after a crash, there is what was there before.
type newFile struct {
	*os.File
	path   string
	synced int // bytes written since the last sync
}

// syncEvery spreads the work of the disk over the time in which a large file is written, so that others who sync meanwhile
// do not wait for all of it.
const syncEvery = 32 << 20

// createFile begins a file that only its owner reads.
func createFile(path string) (*newFile, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".part-*")
	if err != nil {
		return nil, err
	}
	return &newFile{File: file, path: path}, nil
}

func (f *newFile) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	f.synced += n
	if err == nil && f.synced >= syncEvery {
		f.synced, err = 0, f.Sync()
	}
	return n, err
}

// whole puts on disk what was written, and closes the file.
func (f *newFile) whole() error { return errors.Join(f.Sync(), f.Close()) }

// keep gives a whole file its name.
func (f *newFile) keep() error {
	if err := os.Rename(f.Name(), f.path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(f.path))
}

// drop removes what is not kept.
func (f *newFile) drop() {
	_ = f.Close() // it may be closed already
	_ = os.Remove(f.Name())
}
