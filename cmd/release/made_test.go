package main

import (
	"bytes"
	"debug/buildinfo"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/CycloneDX/cyclonedx-go"
	"github.com/goreleaser/nfpm/v2"
	"github.com/goreleaser/nfpm/v2/deb"
)

func sample(root string) (*job, *inventory) {
	return &job{root: root, dist: root, program: filepath.Join(root, "program"), made: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)},
		&inventory{std: part{name: "std", spdx: []string{"BSD-3-Clause"}}, teamsJS: part{name: "@microsoft/teams-js", version: "2.0.0", spdx: []string{"MIT"}},
			modules: []part{{name: "a.example/two", version: "v1.0.0", spdx: []string{"Apache-2.0", "MIT"}, sum: "h1:AAAA"}}}
}

// TestBOM reads what is written, with and without TeamsJS in the program.
func TestBOM(t *testing.T) {
	t.Parallel()
	for _, with := range []bool{false, true} {
		j, i := sample(t.TempDir())
		if with {
			put(t, j.root, "internal/web/borrowed/teams.js", "/*! MIT */")
		}
		write := func() []byte {
			var b bytes.Buffer
			bom := j.bom(i, &buildinfo.BuildInfo{GoVersion: "go1.26.8"}, "0.1.0", []debian{{"libvips42", "8.14.1-3+deb12u3", "amd64", "LGPL-2.1"}}, []byte("program"))
			if err := cyclonedx.NewBOMEncoder(&b, cyclonedx.BOMFileFormatJSON).EncodeVersion(bom, cyclonedx.SpecVersion1_6); err != nil {
				t.Fatal(err)
			}
			return b.Bytes()
		}
		first := write()
		if !bytes.Equal(first, write()) {
			t.Error("the same program has two bills")
		}
		var bom cyclonedx.BOM
		if err := cyclonedx.NewBOMDecoder(bytes.NewReader(first), cyclonedx.BOMFileFormatJSON).Decode(&bom); err != nil {
			t.Fatal(err)
		}
		var purls []string
		for _, c := range *bom.Components {
			purls = append(purls, c.PackageURL)
		}
		want := []string{"pkg:golang/std@1.26.8", "pkg:golang/a.example/two@v1.0.0", "pkg:npm/%40microsoft/teams-js@2.0.0", "pkg:deb/debian/libvips42@8.14.1-3+deb12u3"}
		if !with {
			want = slices.Delete(want, 2, 3)
		}
		if !slices.EqualFunc(purls, want, strings.HasPrefix) || (*bom.Components)[1].Licenses == nil || (*(*bom.Components)[1].Licenses)[0].Expression != "Apache-2.0 AND MIT" {
			t.Errorf("%s", first)
		}
		if len(*(*bom.Dependencies)[0].Dependencies) != len(want) || bom.Metadata.Component.Version != "0.1.0" {
			t.Errorf("%s", first)
		}
	}
}

// TestPackageTwice: what nfpm.yaml names is there, and the same makes the same bytes.
func TestPackageTwice(t *testing.T) {
	t.Parallel()
	j, _ := sample(t.TempDir())
	for _, name := range []string{"program", "changelog.gz", "third-party-licenses.txt.gz", "teamspro.cdx.json"} {
		put(t, j.root, name, name)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	pack := func() []byte {
		values := map[string]string{"VERSION": "0.1.0", "ARCH": "amd64", "ROOT": root, "DIST": j.dist, "PROGRAM": j.program, "MAINTAINER": maintainer(), "DEPENDS": "libc6, libvips42"}
		info, err := info(root, values, j.made)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := deb.Default.Package(info, &b); err != nil {
			t.Fatal(err)
		}
		checkPackage(t, info)
		return b.Bytes()
	}
	if !bytes.Equal(pack(), pack()) {
		t.Error("two packages of the same differ")
	}
}

// checkPackage: secrets are not readable by everybody, the settings are kept when they were changed, and no script is missing.
func checkPackage(t *testing.T, info *nfpm.Info) {
	t.Helper()
	for _, c := range info.Contents {
		if c.Destination == "/etc/teamspro/teamspro.env" && (c.Type != "config" || c.Mode() != 0o640) {
			t.Errorf("%s is a %s with %o", c.Destination, c.Type, c.Mode())
		}
	}
	for _, script := range []string{info.Scripts.PostInstall, info.Scripts.PreRemove, info.Scripts.PostRemove} {
		if _, err := os.Stat(script); err != nil {
			t.Error(err)
		}
	}
}

func TestEpoch(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1795305600")
	if at, err := epoch(t.Context(), "."); err != nil || at.Format(time.RFC3339) != "2026-11-22T00:00:00Z" {
		t.Errorf("%s, %v", at, err)
	}
	t.Setenv("SOURCE_DATE_EPOCH", "yesterday")
	if at, err := epoch(t.Context(), "."); err == nil {
		t.Errorf("%s", at)
	}
}
