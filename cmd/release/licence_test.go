package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/licenseclassifier/v2/assets"
)

// text is the text of a licence, as the classifier knows it.
func text(t *testing.T, name string) string {
	t.Helper()
	raw, err := assets.ReadLicenseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestDetector(t *testing.T) {
	t.Parallel()
	d, err := newDetector()
	if err != nil {
		t.Fatal(err)
	}
	mit, err := os.ReadFile("../../LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	gpl := text(t, "License/GPL-3.0/license.txt")
	for _, row := range []struct {
		name  string
		files map[string]string
		want  []string // nil: an error
	}{
		{"one", map[string]string{"LICENSE": string(mit)}, []string{"MIT"}},
		{"strong", map[string]string{"COPYING": gpl}, []string{"GPL-3.0"}},
		{"two in a file", map[string]string{"LICENSE": string(mit) + "\n\n" + text(t, "License/Apache-2.0/a.txt")}, []string{"Apache-2.0", "MIT"}},
		{"two files", map[string]string{"LICENSE": string(mit), "LICENSE.gpl": gpl}, []string{"GPL-3.0", "MIT"}},
		{"notices are none", map[string]string{"LICENSE": string(mit), "NOTICE": "This is by many.", "PATENTS": "You may."}, []string{"MIT"}},
		{"unknown", map[string]string{"LICENSE": "You may look at this, but not on Sundays."}, nil},
		{"empty", map[string]string{"LICENSE": ""}, nil},
	} {
		t.Run(row.name, func(t *testing.T) { // one after the other, as the classifier wants
			dir := t.TempDir()
			for name, content := range row.files {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			files, err := texts([]string{dir})
			if err != nil || len(files) != len(row.files) {
				t.Fatalf("%v, %v", files, err)
			}
			got, err := d.of(files)
			if (err != nil) != (row.want == nil) || !slices.Equal(got, row.want) {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	good := part{name: "a.example/good", version: "v1.0.0", spdx: []string{"MIT", "BSD-3-Clause"}}
	if err := check([]part{good}); err != nil {
		t.Error(err)
	}
	err := check([]part{good, {name: "a.example/strong", version: "v1.2.3", spdx: []string{"MIT", "GPL-3.0"}}, {name: "a.example/bare", version: "v0.1.0"}})
	if err == nil || !strings.Contains(err.Error(), "a.example/strong v1.2.3 is under GPL-3.0, which is not allowed") ||
		!strings.Contains(err.Error(), "a.example/bare v0.1.0 has no licence") || strings.Contains(err.Error(), "good") {
		t.Error(err)
	}
}
