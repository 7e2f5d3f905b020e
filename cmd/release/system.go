package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// opened are the libraries that the program opens itself while it runs (internal/imaging/late.c), so that no tool finds
// them in it.
var opened = []string{"libvips.so.42"}

// alongside are packages that are needed, of which nothing is linked: letters for pictures, and the authorities that https trusts.
var alongside = []string{"fonts-dejavu-core", "ca-certificates"}

// libraries are the Debian packages, with their least versions, of the libraries that a program needs: those that
// dpkg-shlibdeps finds in it, and those that it opens.
func libraries(ctx context.Context, program string) ([]string, error) {
	program, err := filepath.Abs(program)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "release")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := os.Mkdir(filepath.Join(dir, "debian"), 0o755); err != nil {
		return nil, err
	}
	control := "Source: teamspro\n\nPackage: teamspro\nArchitecture: any\n" // dpkg-shlibdeps wants one to be there
	if err := os.WriteFile(filepath.Join(dir, "debian", "control"), []byte(control), 0o644); err != nil {
		return nil, err
	}
	out, err := output(ctx, dir, "dpkg-shlibdeps", "-O", "-e"+program)
	if err != nil {
		return nil, err
	}
	_, list, _ := strings.Cut(strings.TrimSpace(out), "shlibs:Depends=")
	needed := strings.Split(list, ", ")
	for _, library := range opened {
		name, err := packageWith("/var/lib/dpkg/info", library)
		if err != nil {
			return nil, err
		}
		version, err := output(ctx, ".", "dpkg-query", "-W", "-f", "${source:Upstream-Version}", name)
		if err != nil {
			return nil, err
		}
		needed = append(needed, fmt.Sprintf("%s (>= %s)", name, version)) // the oldest that it was built and tried with
	}
	return needed, nil
}

var soname = regexp.MustCompile(`^(.+)\.so\.([0-9.]+)$`)

// packageWith is the package that has a library, as its list of libraries says.
func packageWith(folder, library string) (string, error) {
	name := soname.FindStringSubmatch(library)
	if name == nil {
		return "", fmt.Errorf("%s is no name of a library", library)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.shlibs"))
	if err != nil {
		return "", err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		for line := range strings.Lines(string(text)) {
			if on, found := strings.CutPrefix(strings.TrimSpace(line), name[1]+" "+name[2]+" "); found {
				name, _, _ := strings.Cut(on, " ")
				return name, nil
			}
		}
	}
	return "", fmt.Errorf("no package that is installed has %s (make build installs it)", library)
}

// debian is an installed Debian package.
type debian struct{ name, version, arch, licence string }

// brought are the packages that those named bring with them, and themselves, by their names.
func brought(ctx context.Context, names []string) ([]debian, error) {
	out, err := output(ctx, ".", "dpkg-query", "-W", "-f", `${Package}\t${Version}\t${Architecture}\t${Priority}\t${Provides}\t${Depends}, ${Pre-Depends}\n`)
	if err != nil {
		return nil, err
	}
	type known struct {
		debian
		priority, depends string
	}
	packages := map[string]known{}
	for line := range strings.Lines(out) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		p := known{debian{name: f[0], version: f[1], arch: f[2]}, f[3], f[5]}
		for _, virtual := range packageNames(f[4]) {
			if _, real := packages[virtual[0]]; !real {
				packages[virtual[0]] = p
			}
		}
		packages[f[0]] = p
	}
	found := map[string]debian{}
	for queue := slices.Clone(names); len(queue) > 0; queue = queue[1:] {
		p, there := packages[queue[0]]
		if _, seen := found[p.name]; seen || !there || p.priority == "required" && !slices.Contains(names, p.name) {
			continue // what every Debian has is not brought by anything
		}
		p.licence = licenceOf("/usr/share/doc", p.name)
		found[p.name] = p.debian
		for _, choices := range packageNames(p.depends) {
			if i := slices.IndexFunc(choices, func(c string) bool { _, there := packages[c]; return there }); i >= 0 {
				queue = append(queue, choices[i])
			}
		}
	}
	var all []debian
	for _, name := range slices.Sorted(maps.Keys(found)) {
		all = append(all, found[name])
	}
	return all, nil
}

// packageNames reads a field such as Depends: for each entry the names to choose from, without versions.
func packageNames(field string) [][]string {
	var all [][]string
	for entry := range strings.SplitSeq(field, ",") {
		var choices []string
		for choice := range strings.SplitSeq(entry, "|") {
			if words := strings.Fields(choice); len(words) > 0 {
				name, _, _ := strings.Cut(words[0], ":")
				choices = append(choices, name)
			}
		}
		if len(choices) > 0 {
			all = append(all, choices)
		}
	}
	return all
}

var commonLicence = regexp.MustCompile(`/usr/share/common-licenses/([A-Za-z]+(?:-[0-9](?:\.[0-9])?)?)`)

// licenceOf is the licence of the main part of a package, as its copyright file says it in the form for machines; or else
// those of Debian's collection that the file names, which may be less than all.
func licenceOf(docs, name string) string {
	raw, err := os.ReadFile(filepath.Join(docs, name, "copyright"))
	if err != nil {
		return ""
	}
	text := string(raw)
	if strings.Contains(text, "copyright-format/1") {
		return mainLicence(text)
	}
	named := map[string]bool{}
	for _, m := range commonLicence.FindAllStringSubmatch(text, -1) {
		named[m[1]] = true
	}
	return strings.Join(slices.Sorted(maps.Keys(named)), ", ")
}

func mainLicence(text string) string {
	for stanza := range strings.SplitSeq(text, "\n\n") {
		main := false
		for line := range strings.Lines(stanza) {
			if files, is := strings.CutPrefix(line, "Files:"); is {
				main = slices.Contains(strings.Fields(files), "*")
			}
			if licence, is := strings.CutPrefix(line, "License:"); is && main {
				return strings.TrimSpace(licence)
			}
		}
	}
	return ""
}
