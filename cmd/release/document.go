package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// licenses writes the table for people, and the texts that have to be passed on with the program.
func (j *job) licenses(ctx context.Context) error {
	i, err := j.inventory(ctx)
	if err != nil {
		return err
	}
	system, err := brought(ctx, append([]string{"libc6", "libvips42"}, alongside...))
	if err != nil {
		return err
	}
	if err := write(filepath.Join(j.root, "docs", "licenses.md"), []byte(document(i, system))); err != nil {
		return err
	}
	return j.texts(i)
}

// document is docs/licenses.md. The first table is compared with go.mod by a test.
func document(i *inventory, system []debian) string {
	var b strings.Builder
	b.WriteString("# What is linked in\n\nWritten by `make licenses`; a test holds the table of Go modules to `go.mod`. teamspro itself is under the MIT licence.\n\n")
	b.WriteString("## In the program\n\nLinked into `teamspro`, as source that was compiled into it. Licences are recognised by their texts and stand as SPDX ids; `make licenses` fails on one that is not among " +
		strings.Join(allowed, ", ") + ". Their texts are handed out with the package: `/usr/share/doc/teamspro/third-party-licenses.txt.gz`.\n\n")
	b.WriteString("| Go module | Version | Licence |\n|---|---|---|\n")
	fmt.Fprintf(&b, "| Go's standard library | that of the toolchain | %s |\n", i.std.licences())
	for _, m := range i.modules {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", m.name, m.version, m.licences())
	}
	fmt.Fprintf(&b, "\nEmbedded as a file, and sent to browsers, when the npm packages of the tests were there at the build: `%s` %s, %s.\n\n", i.teamsJS.name, i.teamsJS.version, i.teamsJS.licences())
	b.WriteString("## On the machine\n\nNot part of the program and not handed out with it; it comes from Debian. The program is linked dynamically with the C library, and its worker processes open `libvips.so.42` while they run, " +
		"so that either can be replaced by another build of the same interface, as the LGPL wants. The bill of materials names both. Everything that `libvips42` brings is listed (without what every Debian has), whether this program uses it or not " +
		"(of libvips' loaders it lets only those for JPEG, PNG, WebP, GIF, TIFF, HEIC and AVIF run); some of it is under the GPL, which matters to whoever hands out an image of a container with it in. " +
		"This is the list of the Debian release on which it was made. The licence is that of a package's main part, or those of Debian's collection that its copyright file names; all of it stands in `/usr/share/doc/PACKAGE/copyright`.\n\n")
	b.WriteString("| Debian package | Licence |\n|---|---|\n")
	for _, p := range system {
		licence := p.licence
		if licence == "" {
			licence = "see its copyright file"
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", p.name, licence)
	}
	return b.String()
}

// texts writes the licences' texts and notices, one after the other, as most of the licences ask for.
func (j *job) texts(i *inventory) error {
	var b strings.Builder
	b.WriteString("What teamspro is made of, beside its own code, and the licences of it.\n")
	for _, p := range append([]part{i.std}, i.modules...) {
		name := strings.TrimSpace(p.name + " " + p.version)
		if p.name == i.std.name {
			name = "The standard library of Go"
		}
		for _, file := range p.files {
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, "\n%s\n%s (%s)\n%[1]s\n\n%[4]s\n", strings.Repeat("=", 80), name, filepath.Base(file), strings.TrimSpace(string(text)))
		}
	}
	if script, err := os.ReadFile(borrowed(j.root)); err == nil {
		licence, _, _ := strings.Cut(strings.TrimPrefix(string(script), "/*!"), "*/")
		fmt.Fprintf(&b, "\n%s\n%s %s (LICENSE)\n%[1]s\n\n%[4]s\n", strings.Repeat("=", 80), i.teamsJS.name, i.teamsJS.version, strings.TrimSpace(licence))
	}
	return write(filepath.Join(j.dist, "third-party-licenses.txt"), []byte(b.String()))
}
