package imaging

import (
	"debug/elf"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

var open = sync.OnceValue(setUp)

// opened has libvips in this process, as a worker has.
func opened(t testing.TB) {
	t.Helper()
	if err := open(); err != nil {
		t.Fatal(err)
	}
}

// TestLibvipsIsOpenedLate sees that a process only has libvips when it works on pictures. What fails here is mostly a
// function of libvips that late.c does not list.
func TestLibvipsIsOpenedLate(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	libraries, err := f.ImportedLibraries()
	if err != nil {
		t.Fatal(err)
	}
	late := f.Machine == elf.EM_X86_64 || f.Machine == elf.EM_AARCH64 // elsewhere it is linked as usual
	if needed := slices.ContainsFunc(libraries, func(l string) bool {
		return strings.Contains(l, "vips") || strings.Contains(l, "glib") || strings.Contains(l, "jpeg")
	}); needed == late {
		t.Errorf("the program needs %v", libraries)
	}
}
