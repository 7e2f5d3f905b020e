// Package arch holds the tree to the picture of it: which package may import which, and which door each large
// dependency comes in by.
//
// It reads the files with go/parser instead of asking "go list", whose answer a test cache may keep after the tree has changed.
package arch

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module   = "teamspro"
	anything = "…"
)

// house is the picture, from the roof down. On the left stands a package, on the right what it may import of ours.
// Arrows point down only: a package may import what stands below it, and only what is named.
var house = []struct{ pkg, below string }{
	{"cmd/teamspro", anything},

	// edges: the world outside
	{"bot", "cards internal/auth internal/configuration internal/contact internal/exchange internal/image internal/notice internal/ops internal/lang internal/fault internal/identity"},
	{"internal/web", "internal/auth internal/contact internal/image internal/notice internal/lang internal/fault internal/identity"},
	{"store", "internal/audit internal/configuration internal/contact internal/image internal/notice internal/fault internal/identity"},
	{"graph", "internal/contact internal/image internal/notice internal/fault internal/identity"},
	{"internal/imaging", "internal/image internal/fault"},
	{"internal/auth", "internal/fault internal/identity"},
	{"internal/sandbox", "manifest"},                         // a stand-in for Microsoft 365: it knows our packages, never our rules
	{"internal/exchange", "internal/contact internal/fault"}, // contacts as files; it knows no books

	// rules: the inside
	{"internal/contact", "internal/fault internal/identity"},
	{"internal/image", "internal/fault internal/identity"},
	{"internal/configuration", "internal/notice internal/fault internal/identity"},
	{"internal/notice", "internal/fault internal/identity"},
	{"internal/audit", "internal/identity"},

	// leaves
	{"manifest", "internal/lang"},
	{"cards", ""},
	{"internal/ops", ""},
	{"internal/lang", ""},
	{"internal/fault", ""},
	{"internal/identity", ""},
	{"internal/arch", ""},
}

// doors are the only importers of what is large, native or somebody else's idea of our field.
var doors = []struct{ dependency, pkg, why string }{
	{"C", "internal/imaging", "cgo ends where the pictures end"},
	{"github.com/h2non/bimg", "internal/imaging", "native code"},
	{"go.etcd.io/bbolt", "store", "a transaction never leaves the store"},
	{"github.com/microsoftgraph", "graph", "minutes to compile"},
	{"github.com/microsoft/kiota", "graph", "part of the Graph SDK"},
	{"github.com/AzureAD/microsoft-authentication-library-for-go", "internal/auth", "tokens"},
	{"github.com/infracloudio/msbotbuilder-go", "bot", "its types have gaps that bot fills"},
	{"github.com/nyaruka/phonenumbers", "internal/contact", "nine megabytes of numbering plans"},
	{"github.com/xuri/excelize/v2", "internal/exchange", "spreadsheets"},
	{"github.com/emersion/go-vcard", "internal/exchange", "the witness of its tests that our vCards are vCards"},
	{"github.com/nicksnyder/go-i18n", "internal/lang", "sentences"},
	{"github.com/prometheus", "internal/ops", "metrics"},
	{"golang.org/x/image", "internal/web internal/sandbox", "the letters of the pictures that we draw: initials, notes, samples"},
	{"github.com/boombuler/barcode", "internal/web", "QR codes"},
	{"github.com/alecthomas/kong", "cmd/teamspro", "only the command reads flags and the environment"},
}

// tests may import more than their package may: its own test folder, the words of the house, and what stands here.
var tests = []struct{ pkg, also, why string }{
	{"cards", "internal/lang", "cards are drawn with the real sentences"},
	{"bot", "internal/configuration/configurationtest internal/image/imagetest internal/notice/noticetest store store/storetest graph/graphtest internal/sandbox internal/auth/authtest", "whole turns run against the real store and the stand-in of Microsoft 365"},
	{"internal/web", "manifest", "the icons of the pages"},
	{"store", "internal/contact/contacttest internal/image/imagetest internal/notice/noticetest", "whole use cases are measured over the real file"},
	{"internal/lang", "internal/contact internal/notice internal/fault", "keys composed of the words of the domain"},
	{"internal/sandbox", "internal/auth internal/fault internal/identity internal/image internal/image/imagetest graph graph/graphtest", "its tokens must please the real check, and its Graph the contract"},
	{"internal/image", "store store/storetest graph graph/graphtest", "pins, presets and batches are tried over the real file, watches before the stand-in of Graph"},
	{"internal/contact", "internal/lang store", "search is measured over what was stored"},
}

// words are what any test may import: they hold no behaviour that could hide a wrong arrow.
const words = "internal/fault internal/identity internal/lang"

// source is a file as far as imports go.
type source struct {
	pkg     string // its folder
	test    bool   // *_test.go
	imports []string
}

// TestArrows holds every file to the picture.
func TestArrows(t *testing.T) {
	t.Parallel()
	all := sources(t)
	if len(all) < 10 {
		t.Fatalf("only %d files were found", len(all))
	}
	for name, s := range all {
		for _, problem := range s.problems() {
			t.Errorf("%s: %s", name, problem)
		}
	}
}

// TestProblems shows that the rules above can fail.
func TestProblems(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		source
		wrong bool
	}{
		{source{"bot", false, []string{"net/http", "teamspro/cards", "teamspro/internal/contact"}}, false},
		{source{"bot", false, []string{"teamspro/store"}}, true},
		{source{"bot", true, []string{"teamspro/store"}}, false},
		{source{"bot", true, []string{"teamspro/graph"}}, true},
		{source{"cards", false, []string{"teamspro/internal/lang"}}, true},
		{source{"cards", true, []string{"teamspro/internal/lang"}}, false},
		{source{"internal/contact", false, []string{"teamspro/internal/lang"}}, true},
		{source{"internal/contact", false, []string{"teamspro/internal/contact/contacttest"}}, true},
		{source{"internal/contact", true, []string{"teamspro/internal/contact/contacttest"}}, false},
		{source{"internal/contact", true, []string{"teamspro/internal/contact"}}, false},
		{source{"internal/sandbox", false, []string{"teamspro/internal/contact"}}, true},
		{source{"cmd/teamspro", false, []string{"teamspro/store", "teamspro/bot"}}, false},
		{source{"cmd/teamspro", false, []string{"go.etcd.io/bbolt"}}, true},
		{source{"store", false, []string{"go.etcd.io/bbolt", "go.etcd.io/bbolt/errors"}}, false},
		{source{"store", false, []string{"teamspro/graph"}}, true},
		{source{"store/storetest", false, []string{"teamspro/store", "teamspro/internal/contact", "go.etcd.io/bbolt"}}, false},
		{source{"store/storetest", false, []string{"teamspro/bot"}}, true},
		{source{"bot", true, []string{"go.etcd.io/bbolt"}}, true},
		{source{"internal/contact", false, []string{"C"}}, true},
		{source{"internal/imaging", false, []string{"C", "github.com/h2non/bimg"}}, false},
		{source{"internal/misc", false, nil}, true},
		{source{"internal/ops", false, []string{"github.com/prometheus/client_golang/prometheus"}}, false},
		{source{"internal/web", false, []string{"github.com/prometheusx/other"}}, false},
	} {
		if got := row.problems(); (len(got) > 0) != row.wrong {
			t.Errorf("%s importing %v: problems %v, expected some: %v", row.pkg, row.imports, got, row.wrong)
		}
	}
}

// TestPicture holds the tables to themselves: no arrow points up, and nobody has two lines.
func TestPicture(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, line := range slices.Backward(house) {
		for below := range strings.FieldsSeq(line.below) {
			if below != anything && !seen[below] {
				t.Errorf("%s → %s points up, or to a package that has no line", line.pkg, below)
			}
		}
		if seen[line.pkg] {
			t.Errorf("%s has two lines", line.pkg)
		}
		seen[line.pkg] = true
	}
	for _, line := range tests {
		if !seen[line.pkg] || line.why == "" {
			t.Errorf("the tests of %s: no such package, or no reason", line.pkg)
		}
	}
}

// problems says what is wrong with the imports of a file.
func (s source) problems() []string {
	var found []string
	if _, known := below(s.owner()); !known && !strings.HasPrefix(s.pkg, "test/") {
		found = append(found, "the package "+s.pkg+" has no line in internal/arch")
	}
	for _, i := range s.imports {
		if ours, ok := strings.CutPrefix(i, module+"/"); ok && !s.mayImport(ours) {
			found = append(found, fmt.Sprintf("%s may not import %s", s.pkg, ours))
		}
		for _, d := range doors {
			if (i == d.dependency || strings.HasPrefix(i, d.dependency+"/")) && !slices.Contains(strings.Fields(d.pkg), s.owner()) {
				found = append(found, fmt.Sprintf("%s may not import %s; only %s does (%s)", s.pkg, i, d.pkg, d.why))
			}
		}
	}
	return found
}

// owner is the package itself, or for a test folder the package it tests.
func (s source) owner() string {
	if isTestFolder(s.pkg) {
		return path.Dir(s.pkg)
	}
	return s.pkg
}

func (s source) mayImport(other string) bool {
	if strings.HasPrefix(s.pkg, "test/") {
		return true // stories of the whole service
	}
	allowed, _ := below(s.owner())
	if allowed == anything || slices.Contains(strings.Fields(allowed), other) {
		return true
	}
	if !s.test && !isTestFolder(s.pkg) {
		return false
	}
	return other == s.owner() || isTestFolder(other) && path.Dir(other) == s.owner() ||
		slices.Contains(strings.Fields(words), other) || slices.Contains(strings.Fields(also(s.owner())), other)
}

// isTestFolder tells whether a package exists for tests: store/storetest, graph/graphtest.
func isTestFolder(pkg string) bool {
	return strings.HasSuffix(pkg, "test") && strings.Contains(pkg, "/")
}

func below(pkg string) (string, bool) {
	for _, line := range house {
		if line.pkg == pkg {
			return line.below, true
		}
	}
	return "", false
}

func also(pkg string) string {
	for _, line := range tests {
		if line.pkg == pkg {
			return line.also
		}
	}
	return ""
}

// sources reads the imports of every Go file of the module, by its path.
func sources(t *testing.T) map[string]source {
	t.Helper()
	root := filepath.Join("..", "..")
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		t.Fatal(err)
	}
	all := map[string]source{}
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return skip(name)
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		imports, err := read(filepath.Join(root, filepath.FromSlash(name)))
		all[name] = source{pkg: path.Dir(name), test: strings.HasSuffix(name, "_test.go"), imports: imports}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// skip leaves out folders whose Go files are none of the program's.
func skip(dir string) error {
	base := path.Base(dir)
	if dir == "test/bench" || dir == "cmd/release" { // modules of their own: what they need beside the program is none of the program's
		return fs.SkipDir
	}
	if dir != "." && (strings.HasPrefix(base, ".") || slices.Contains([]string{"testdata", "node_modules", "data", "dist"}, base)) {
		return fs.SkipDir
	}
	return nil
}

func read(file string) ([]string, error) {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	unique := map[string]bool{}
	for _, i := range f.Imports {
		name, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			return nil, err
		}
		unique[name] = true
	}
	return slices.Sorted(maps.Keys(unique)), nil
}
