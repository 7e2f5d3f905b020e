package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/CycloneDX/cyclonedx-go"
)

// sbom writes the licences' texts and the bill of materials of a program: its modules as it says them itself, their licences, and what it is
// linked with on the machine on which it was built.
func (j *job) sbom(ctx context.Context) error {
	i, err := j.inventory(ctx)
	if err != nil {
		return err
	}
	if err := j.texts(i); err != nil {
		return err
	}
	return j.writeSBOM(ctx, i)
}

func (j *job) writeSBOM(ctx context.Context, i *inventory) error {
	info, err := linked(j.program, i.modules)
	if err != nil {
		return err
	}
	version, err := programVersion(ctx, j.program)
	if err != nil {
		return err
	}
	system, err := brought(ctx, []string{"libc6", "libvips42"})
	if err != nil {
		return err
	}
	system = slices.DeleteFunc(system, func(p debian) bool { return p.name != "libc6" && p.name != "libvips42" })
	program, err := os.ReadFile(j.program)
	if err != nil {
		return err
	}
	bom := j.bom(i, info, version, system, program)
	var b bytes.Buffer
	if err := cyclonedx.NewBOMEncoder(&b, cyclonedx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(bom, cyclonedx.SpecVersion1_6); err != nil {
		return err
	}
	return write(filepath.Join(j.dist, "teamspro.cdx.json"), b.Bytes())
}

// programVersion is the release that a program says it is, without the commit.
func programVersion(ctx context.Context, program string) (string, error) {
	path, err := filepath.Abs(program)
	if err != nil {
		return "", err
	}
	out, err := output(ctx, ".", path, "version")
	if err != nil {
		return "", err
	}
	version, _, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(out, "teamspro ")), "+")
	return version, nil
}

func (j *job) bom(i *inventory, info *buildinfo.BuildInfo, version string, system []debian, program []byte) *cyclonedx.BOM {
	sum := sha256.Sum256(program)
	main := cyclonedx.Component{BOMRef: "teamspro", Type: cyclonedx.ComponentTypeApplication, Name: "teamspro", Version: version,
		PackageURL: "pkg:generic/teamspro@" + version, Licenses: spdx([]string{"MIT"}),
		Hashes: &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: hex.EncodeToString(sum[:])}}}
	std := i.std
	std.version = strings.TrimPrefix(info.GoVersion, "go")
	components := []cyclonedx.Component{module(std)}
	for _, m := range i.modules {
		components = append(components, module(m))
	}
	if _, err := os.Stat(borrowed(j.root)); err == nil {
		purl := "pkg:npm/" + strings.Replace(i.teamsJS.name, "@", "%40", 1) + "@" + i.teamsJS.version
		components = append(components, cyclonedx.Component{BOMRef: purl, Type: cyclonedx.ComponentTypeLibrary, Name: i.teamsJS.name, Version: i.teamsJS.version,
			PackageURL: purl, Licenses: spdx(i.teamsJS.spdx), Scope: cyclonedx.ScopeRequired})
	}
	for _, p := range system {
		components = append(components, fromDebian(p))
	}
	var refs []string
	for _, c := range components {
		refs = append(refs, c.BOMRef)
	}
	bom := cyclonedx.NewBOM()
	bom.SerialNumber = serial(sum)
	bom.Metadata = &cyclonedx.Metadata{Timestamp: j.made.Format("2006-01-02T15:04:05Z"), Component: &main}
	bom.Components = &components
	bom.Dependencies = &[]cyclonedx.Dependency{{Ref: main.BOMRef, Dependencies: &refs}}
	return bom
}

// serial is a UUID (version 8, RFC 9562) made from the program, so that the same program has the same bill.
func serial(sum [32]byte) string {
	b := sum[:16]
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func module(p part) cyclonedx.Component {
	purl := "pkg:golang/" + p.name + "@" + p.version
	c := cyclonedx.Component{BOMRef: purl, Type: cyclonedx.ComponentTypeLibrary, Name: p.name, Version: p.version, PackageURL: purl,
		Licenses: spdx(p.spdx), Scope: cyclonedx.ScopeRequired}
	if sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(p.sum, "h1:")); err == nil && len(sum) > 0 {
		c.Properties = &[]cyclonedx.Property{{Name: "teamspro:go-sum", Value: p.sum}} // of a list of files: no hash of one that could be fetched
	}
	return c
}

func fromDebian(p debian) cyclonedx.Component {
	purl := fmt.Sprintf("pkg:deb/debian/%s@%s?arch=%s", p.name, url.PathEscape(p.version), runtime.GOARCH)
	return cyclonedx.Component{BOMRef: purl, Type: cyclonedx.ComponentTypeLibrary, Name: p.name, Version: p.version, PackageURL: purl, Scope: cyclonedx.ScopeRequired,
		Licenses:   &cyclonedx.Licenses{{License: &cyclonedx.License{Name: p.licence}}},
		Properties: &[]cyclonedx.Property{{Name: "teamspro:linked", Value: "dynamically; the version is that of the machine on which the program was built"}}}
}

func spdx(ids []string) *cyclonedx.Licenses {
	if len(ids) == 1 {
		return &cyclonedx.Licenses{{License: &cyclonedx.License{ID: ids[0]}}}
	}
	return &cyclonedx.Licenses{{Expression: strings.Join(ids, " AND ")}}
}
