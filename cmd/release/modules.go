package main

import (
	"cmp"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// part is something of others that the program is made of.
type part struct {
	name, version string
	spdx          []string // its licences, by their SPDX ids
	files         []string // where their texts stand
	sum           string   // of a module, as go.sum has it
}

// licences gives the SPDX ids as one expression.
func (p part) licences() string { return strings.Join(p.spdx, " AND ") }

// modules are the Go modules of which at least one package is linked into the program, the standard library first.
func modules(ctx context.Context, root string) ([]part, error) {
	out, err := output(ctx, root, "go", "list", "-deps", "-json=Dir,Module,Standard", "./cmd/teamspro")
	if err != nil {
		return nil, err
	}
	type module struct {
		Path, Version, Dir, Sum string
		Main                    bool
	}
	found, folders := map[string]module{}, map[string]map[string]bool{}
	for decoder := json.NewDecoder(strings.NewReader(out)); ; {
		var pkg struct {
			Dir    string
			Module *module
		}
		if err := decoder.Decode(&pkg); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		if m := pkg.Module; m != nil && !m.Main {
			if found[m.Path] = *m; folders[m.Path] == nil {
				folders[m.Path] = map[string]bool{}
			}
			for dir := pkg.Dir; len(dir) >= len(m.Dir); dir = filepath.Dir(dir) {
				folders[m.Path][dir] = true
			}
		}
	}
	parts := []part{}
	for _, path := range slices.Sorted(maps.Keys(found)) {
		files, err := texts(slices.Sorted(maps.Keys(folders[path])))
		if err != nil {
			return nil, err
		}
		parts = append(parts, part{name: path, version: found[path].Version, sum: found[path].Sum, files: files})
	}
	return parts, nil
}

var textName = regexp.MustCompile(`(?i)^((un)?licen[cs]e|copying|notice|patents)([.-].*)?$`)

// texts are the files with licences and what belongs to them in folders.
func texts(folders []string) ([]string, error) {
	var files []string
	for _, dir := range folders {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if !e.IsDir() && textName.MatchString(e.Name()) && filepath.Ext(e.Name()) != ".go" {
				files = append(files, filepath.Join(dir, e.Name()))
			}
		}
	}
	return files, nil
}

// standard is Go's own library, which is linked into every program. The documents name no version of it: that is the toolchain's.
func standard(ctx context.Context, root string) (part, error) {
	out, err := output(ctx, root, "go", "env", "GOROOT")
	if err != nil {
		return part{}, err
	}
	files, err := texts([]string{strings.TrimSpace(out)})
	return part{name: "std", files: files}, err
}

// teamsJS is Microsoft's library for pages in Teams, which a program has in it that was built where npm packages were.
func teamsJS(root string) (part, error) {
	const name = "@microsoft/teams-js"
	raw, err := os.ReadFile(filepath.Join(root, "test", "e2e", "package-lock.json"))
	if err != nil {
		return part{}, err
	}
	var lock struct {
		Packages map[string]struct{ Version, License string }
	}
	if err := json.Unmarshal(raw, &lock); err != nil {
		return part{}, fmt.Errorf("package-lock.json: %w", err)
	}
	p, there := lock.Packages["node_modules/"+name]
	if !there {
		return part{}, fmt.Errorf("package-lock.json has no %s", name)
	}
	return part{name: name, version: p.Version, spdx: []string{p.License}}, nil
}

// borrowed is where the build lays TeamsJS, with its licence at its head.
func borrowed(root string) string {
	return filepath.Join(root, "internal", "web", "borrowed", "teams.js")
}

// linked are the modules that a built program says of itself, which must be those of the source.
func linked(program string, source []part) (*buildinfo.BuildInfo, error) {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return nil, fmt.Errorf("%s is no built program (make build): %w", program, err)
	}
	var built, written []string
	for _, m := range info.Deps {
		built = append(built, m.Path+" "+m.Version)
	}
	for _, p := range source {
		written = append(written, p.name+" "+p.version)
	}
	slices.SortFunc(built, cmp.Compare[string])
	slices.SortFunc(written, cmp.Compare[string])
	if !slices.Equal(built, written) {
		return nil, fmt.Errorf("%s was built from other modules than go.mod names now: build it again", program)
	}
	return info, nil
}
