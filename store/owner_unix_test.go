//go:build unix

package store

import (
	"os"
	"syscall"
	"testing"
	"time"
)

// What root does with the database of a service leaves it the service's.
func TestOwnerStays(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		return // nobody else can give files away
	}
	path, backup := filled(t, 1), filled(t, 2)
	if err := os.Chown(path, 12345, 12346); err != nil {
		t.Fatal(err)
	}
	check := func(after string) {
		t.Helper()
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if s := info.Sys().(*syscall.Stat_t); s.Uid != 12345 || s.Gid != 12346 {
			t.Errorf("after %s it belongs to %d:%d", after, s.Uid, s.Gid)
		}
	}
	if _, err := CompactFile(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	check("compacting")
	if _, err := Restore(t.Context(), backup, path, time.Now()); err != nil {
		t.Fatal(err)
	}
	check("a restore")
}
