package main

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var licenceRow = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (v[^ ]+) \\| ([^|]+) \\|$")

// TestReadmeLicenses holds docs/licenses.md to what is linked into the program.
func TestReadmeLicenses(t *testing.T) {
	t.Parallel()
	if _, err := os.ReadFile("../../go.mod"); err != nil { // so that the answer of a cached test ends with it
		t.Fatal(err)
	}
	document, err := os.ReadFile("../../docs/licenses.md")
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, row := range licenceRow.FindAllStringSubmatch(string(document), -1) {
		told = append(told, row[1]+" "+row[2])
		if strings.TrimSpace(row[3]) == "" {
			t.Errorf("%s has no licence", row[1])
		}
	}
	if diff := cmp.Diff(linkedModules(t), told); diff != "" {
		t.Errorf("docs/licenses.md does not tell what is linked in; \"make licenses\" writes it (-linked +told):\n%s", diff)
	}
}

// linkedModules are the modules, with versions, of which a package is linked into the program.
func linkedModules(t *testing.T) []string {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{end}}{{end}}", ".")
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	all := strings.FieldsFunc(string(out), func(r rune) bool { return r == '\n' })
	slices.Sort(all)
	return slices.Compact(all)
}
