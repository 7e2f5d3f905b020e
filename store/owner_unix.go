//go:build unix

package store

import (
	"os"
	"path/filepath"
	"syscall"
)

// sameOwner gives a new file to the user whose the one at path is, or else its folder: an operator who is root leaves no
// database that the service cannot open.
func sameOwner(file, path string) error {
	if os.Getuid() != 0 {
		return nil
	}
	info, err := os.Stat(path)
	if err != nil {
		info, err = os.Stat(filepath.Dir(path))
	}
	if err != nil {
		return err
	}
	if s, known := info.Sys().(*syscall.Stat_t); known {
		return os.Chown(file, int(s.Uid), int(s.Gid))
	}
	return nil
}
