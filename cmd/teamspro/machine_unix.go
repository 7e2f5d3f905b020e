//go:build unix

package main

import (
	"io/fs"
	"path/filepath"
	"syscall"
)

// freeRoom is how many bytes whoever runs this may still write where a folder is, or will be.
func freeRoom(folder string) (free uint64, known bool) {
	var s syscall.Statfs_t
	for syscall.Statfs(folder, &s) != nil {
		above := filepath.Dir(folder)
		if above == folder {
			return 0, false
		}
		folder = above
	}
	return s.Bavail * uint64(s.Bsize), true
}

// openLimit is how many files may be open at once.
func openLimit() (limit uint64, known bool) {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return 0, false
	}
	return l.Cur, true
}

// ownerOf is the user whose a file is.
func ownerOf(info fs.FileInfo) (uid int, known bool) {
	s, known := info.Sys().(*syscall.Stat_t)
	if !known {
		return 0, false
	}
	return int(s.Uid), true
}
