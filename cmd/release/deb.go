package main

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/goreleaser/nfpm/v2"
	"github.com/goreleaser/nfpm/v2/deb"
)

// pack writes the Debian package, and before it what goes into it beside the program. What is in it stands in files/nfpm.yaml.
func (j *job) pack(ctx context.Context) error {
	i, err := j.inventory(ctx)
	if err != nil {
		return err
	}
	if err := j.texts(i); err != nil {
		return err
	}
	if err := j.writeSBOM(ctx, i); err != nil {
		return err
	}
	version, err := programVersion(ctx, j.program)
	if err != nil {
		return err
	}
	if err := j.documents(version); err != nil {
		return err
	}
	needed, err := libraries(ctx, j.program)
	if err != nil {
		return err
	}
	values := map[string]string{"VERSION": version, "ARCH": runtime.GOARCH, "ROOT": j.root, "DIST": j.dist, "PROGRAM": j.program, "MAINTAINER": maintainer(),
		"DEPENDS": strings.Join(slices.Concat(needed, alongside), ", ")}
	info, err := info(j.root, values, j.made)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := deb.Default.Package(info, &b); err != nil {
		return err
	}
	return write(filepath.Join(j.dist, deb.Default.ConventionalFileName(info)), b.Bytes())
}

// info is what files/nfpm.yaml says, with the values that it leaves open.
func info(root string, values map[string]string, made time.Time) (*nfpm.Info, error) {
	files := filepath.Join(root, "cmd", "release", "files")
	file, err := os.Open(filepath.Join(files, "nfpm.yaml"))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	config, err := nfpm.ParseWithEnvMapping(file, func(name string) string { return values[name] })
	if err != nil {
		return nil, err
	}
	info, err := config.Get("deb")
	if err != nil {
		return nil, err
	}
	info.MTime = made
	info.Scripts = nfpm.Scripts{PostInstall: filepath.Join(files, "postinst"), PreRemove: filepath.Join(files, "prerm"), PostRemove: filepath.Join(files, "postrm")}
	return info, nfpm.PrepareForPackager(info, "deb")
}

// maintainer is who answers for the package: whoever builds it. The authors of the program have no address.
func maintainer() string {
	return cmp.Or(os.Getenv("MAINTAINER"), "The teamspro authors <teamspro@localhost>")
}

// documents writes the documents of the package in the forms that Debian wants: packed, and by its names.
func (j *job) documents(version string) error {
	notices, err := os.ReadFile(filepath.Join(j.dist, "third-party-licenses.txt"))
	if err != nil {
		return err
	}
	changes := fmt.Sprintf("teamspro (%s) stable; urgency=medium\n\n  * See changes.md.\n\n -- %s  %s\n", version, maintainer(), j.made.Format(time.RFC1123Z))
	for name, content := range map[string][]byte{"third-party-licenses.txt.gz": notices, "changelog.gz": []byte(changes)} {
		packed, err := squeeze(content)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(j.dist, name), packed, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// squeeze packs as gzip -9n does: without a name or a time.
func squeeze(content []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
