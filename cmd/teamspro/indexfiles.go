package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// indexFiles keeps the snapshots of the search index in a folder, one file a tenant. A file that is there is whole: it is
// written under another name first. So a file that is mapped into memory is never written to.
type indexFiles struct{ folder string }

var _ contact.Snapshots = indexFiles{}

// indexFile is the name of the files, for people.
const indexFile = "index-….idx"

var plainTenant = regexp.MustCompile(`^[0-9a-z-]{1,64}$`)

// path is the file of a tenant. What is no plain name, as that of every real tenant is, does not get into a path.
func (f indexFiles) path(t identity.Tenant) string {
	name := string(t)
	if !plainTenant.MatchString(name) {
		sum := sha256.Sum256([]byte(name))
		name = hex.EncodeToString(sum[:])
	}
	return filepath.Join(f.folder, "index-"+name+".idx")
}

// Snapshot maps the file of a tenant into memory, for as long as the program runs: the index goes on using it.
func (f indexFiles) Snapshot(t identity.Tenant) ([]byte, error) {
	const op = "index.Snapshot"
	path := f.path(t)
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault.Wrap(fault.NotFound, op, err)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", op, err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: %s is not a regular file", op, path)
	case info.Size() == 0:
		return nil, nil
	}
	data, err := mapped(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	return data, nil
}

// Keep writes the file of a tenant anew.
func (f indexFiles) Keep(ctx context.Context, t identity.Tenant, write func(io.Writer) error) error {
	if err := replaceFile(ctx, f.path(t), write); err != nil {
		return fmt.Errorf("index.Keep: %w", err)
	}
	return nil
}

// drop removes the file of a tenant, if there is one.
func (f indexFiles) drop(t identity.Tenant) error {
	if err := os.Remove(f.path(t)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("index.drop: %w", err)
	}
	return nil
}

// replaceFile writes a file of our own anew: whatever happens, there is the old one or the new one. Only its owner reads it.
func replaceFile(ctx context.Context, path string, write func(io.Writer) error) error {
	part := path + ".part"
	err := writeWhole(ctx, part, write)
	if err == nil {
		err = os.Rename(part, path)
	}
	if err != nil {
		_ = os.Remove(part) // the next one is written over it
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// writeWhole writes a file that is on disk when it returns without error.
func writeWhole(ctx context.Context, path string, write func(io.Writer) error) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(file, 1<<20)
	err = errors.Join(write(out), out.Flush(), ctx.Err())
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// syncFolder makes a new name in a folder durable.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
