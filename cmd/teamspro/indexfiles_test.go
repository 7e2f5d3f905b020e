package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

func writes(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

func TestIndexFiles(t *testing.T) {
	t.Parallel()
	ctx, f := t.Context(), indexFiles{t.TempDir()}
	if _, err := f.Snapshot(north); !fault.Is(err, fault.NotFound) {
		t.Errorf("before any: %v", err)
	}
	if err := f.Keep(ctx, north, writes("one")); err != nil {
		t.Fatal(err)
	}
	one, err := f.Snapshot(north)
	if err != nil || string(one) != "one" {
		t.Errorf("the first: %q %v", one, err)
	}
	info, err := os.Stat(filepath.Join(f.folder, "index-"+north+".idx"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v %v", info, err)
	}
	if err := os.WriteFile(f.path(north)+".part", []byte("left over from a crash"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.Keep(ctx, north, writes("two")); err != nil {
		t.Fatal(err)
	}
	two, err := f.Snapshot(north)
	if err != nil || string(two) != "two" || string(one) != "one" {
		t.Errorf("the second: %q %v, and the first is %q", two, err, one)
	}

	stopped, stop := context.WithCancel(ctx)
	stop()
	broken := errors.New("broken")
	for name, err := range map[string]error{
		"a writer that fails": f.Keep(ctx, north, func(io.Writer) error { return broken }),
		"a context that ends": f.Keep(stopped, north, writes("three")),
		"no folder":           indexFiles{filepath.Join(f.folder, "none")}.Keep(ctx, north, writes("three")),
	} {
		if err == nil {
			t.Errorf("%s is no error", name)
		}
	}
	if left, err := os.ReadDir(f.folder); err != nil || len(left) != 1 {
		t.Errorf("what is left: %v %v", left, err)
	}
	if data, err := f.Snapshot(north); err != nil || string(data) != "two" {
		t.Errorf("after failures: %q %v", data, err)
	}
}

// No id of a tenant leads out of the folder, and no two share a file.
func TestIndexFileNames(t *testing.T) {
	t.Parallel()
	f, seen := indexFiles{"data"}, map[string]bool{}
	for _, tenant := range []identity.Tenant{north, south, "", ".", "..", "../../etc/passwd", "a/b", `a\b`, "A", "a", "nul\x00", identity.Tenant(strings.Repeat("a", 500))} {
		path := f.path(tenant)
		if filepath.Dir(path) != "data" || len(filepath.Base(path)) > 80 || seen[path] {
			t.Errorf("%q: %s", tenant, path)
		}
		seen[path] = true
	}
}

// What is no file of ours is not read.
func TestIndexFileOfAnotherKind(t *testing.T) {
	t.Parallel()
	f := indexFiles{t.TempDir()}
	for tenant, make := range map[identity.Tenant]func(path string) error{
		"folder": func(path string) error { return os.Mkdir(path, 0o700) },
		"link":   func(path string) error { return os.Symlink("/dev/zero", path) },
	} {
		if err := make(f.path(tenant)); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Snapshot(tenant); err == nil || fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", tenant, err)
		}
	}
	if err := os.WriteFile(f.path("empty"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if data, err := f.Snapshot("empty"); err != nil || len(data) != 0 {
		t.Errorf("empty: %q %v", data, err)
	}
	if _, err := mapped(f.path("empty")); err == nil {
		t.Error("nothing is mapped")
	}
}
