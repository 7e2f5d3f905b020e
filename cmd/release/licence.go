package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/licenseclassifier/v2"
	"github.com/google/licenseclassifier/v2/assets"
)

// allowed are the licences under which something may be linked into the program: they ask for their text to be passed on,
// and (MPL-2.0) for changes to their own files, and for nothing of ours.
var allowed = []string{"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "ISC", "MIT", "MPL-2.0", "Unicode-3.0", "Unicode-DFS-2016", "Unlicense", "Zlib"}

// detector tells licences by their texts. It is for one goroutine.
type detector struct{ classifier *classifier.Classifier }

func newDetector() (*detector, error) {
	c, err := assets.DefaultClassifier()
	if err != nil {
		return nil, fmt.Errorf("the licences to compare with cannot be read: %w", err)
	}
	return &detector{c}, nil
}

// of gives the SPDX ids of the licences in files. Notices and patent grants come with a licence and are none.
func (d *detector) of(files []string) ([]string, error) {
	found := map[string]bool{}
	for _, file := range files {
		base := strings.ToLower(filepath.Base(file))
		if strings.HasPrefix(base, "notice") || strings.HasPrefix(base, "patents") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		ids := d.in(text)
		if len(ids) == 0 {
			return nil, fmt.Errorf("%s is no licence that is known", file)
		}
		for _, id := range ids {
			found[id] = true
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}

func (d *detector) in(text []byte) []string {
	var ids []string
	for _, m := range d.classifier.Match(text).Matches {
		if m.MatchType == "License" && !slices.Contains(ids, m.Name) {
			ids = append(ids, m.Name)
		}
	}
	return ids
}

// check wants a licence of every part, and an allowed one. All problems are told at once.
func check(parts []part) error {
	var problems []error
	for _, p := range parts {
		if len(p.spdx) == 0 {
			problems = append(problems, fmt.Errorf("%s %s has no licence: it must not be linked", p.name, p.version))
		}
		for _, id := range p.spdx {
			if !slices.Contains(allowed, id) {
				problems = append(problems, fmt.Errorf("%s %s is under %s, which is not allowed (%s): do without it, or decide otherwise in cmd/release/licence.go", p.name, p.version, id, strings.Join(allowed, ", ")))
			}
		}
	}
	return errors.Join(problems...)
}

// inventory is everything of others that is in the program, checked.
type inventory struct {
	std     part
	modules []part
	teamsJS part
}

func (i *inventory) all() []part { return slices.Concat([]part{i.std}, i.modules, []part{i.teamsJS}) }

func (j *job) inventory(ctx context.Context) (*inventory, error) {
	d, err := newDetector()
	if err != nil {
		return nil, err
	}
	var i inventory
	if i.std, err = standard(ctx, j.root); err != nil {
		return nil, err
	}
	if i.modules, err = modules(ctx, j.root); err != nil {
		return nil, err
	}
	if i.teamsJS, err = teamsJS(j.root); err != nil {
		return nil, err
	}
	for _, p := range append([]*part{&i.std}, pointers(i.modules)...) {
		if p.spdx, err = d.of(p.files); err != nil {
			return nil, fmt.Errorf("%s %s: %w", p.name, p.version, err)
		}
	}
	return &i, check(i.all())
}

func pointers(parts []part) []*part {
	all := make([]*part, len(parts))
	for i := range parts {
		all[i] = &parts[i]
	}
	return all
}
