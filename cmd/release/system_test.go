package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

func put(t *testing.T, dir, name, content string) {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestPackageWith(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "libother1:amd64.shlibs", "libvips 4 libother1 (>= 1)\n")
	put(t, dir, "libvips42t64:amd64.shlibs", "libvips-cpp 42 libvips42t64 (>= 8.16)\nlibvips 42 libvips42t64 (>= 8.16)\n")
	if name, err := packageWith(dir, "libvips.so.42"); err != nil || name != "libvips42t64" {
		t.Errorf("%q, %v", name, err)
	}
	for _, library := range []string{"libnone.so.1", "libvips", ""} {
		if name, err := packageWith(dir, library); err == nil {
			t.Errorf("%s is in %q", library, name)
		}
	}
}

// TestOpened: what the package depends on is what the program opens.
func TestOpened(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../../internal/imaging/late.c")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, m := range regexp.MustCompile(`dlopen\("([^"]+)"`).FindAllStringSubmatch(string(source), -1) {
		want = append(want, m[1])
	}
	if !slices.Equal(opened, want) {
		t.Errorf("late.c opens %v, the package knows of %v", want, opened)
	}
}

func TestPackageNames(t *testing.T) {
	t.Parallel()
	got := packageNames("libc6 (>= 2.34), fonts-a | fonts-b (>= 1) ,, perl:any")
	want := [][]string{{"libc6"}, {"fonts-a", "fonts-b"}, {"perl"}}
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("%v", got)
	}
}

func TestLicenceOf(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "machine/copyright", "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: debian/*\nLicense: GPL-2\n\nFiles: *\nCopyright: somebody\nLicense: LGPL-2.1\n Long text.\n")
	put(t, dir, "people/copyright", "See /usr/share/common-licenses/LGPL-2.1.\nAlso /usr/share/common-licenses/GPL-2, or /usr/share/common-licenses/Apache-2.0.\n")
	put(t, dir, "silent/copyright", "Do as you like.\n")
	for name, want := range map[string]string{"machine": "LGPL-2.1", "people": "Apache-2.0, GPL-2, LGPL-2.1", "silent": "", "absent": ""} {
		if got := licenceOf(dir, name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}
