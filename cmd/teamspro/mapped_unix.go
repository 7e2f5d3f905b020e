//go:build unix

package main

import (
	"errors"
	"os"
	"syscall"
)

// mapped gives the bytes of a file without reading them: they are read where they are looked at, and the system may take
// the memory back. The mapping is never undone, since the index keeps what lies in it.
func mapped(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() == 0 || int64(int(info.Size())) != info.Size() {
		return nil, errors.New("a size that cannot be mapped")
	}
	return syscall.Mmap(int(file.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_SHARED)
}
