package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	pixels "image"
	"image/png"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"teamspro/internal/imaging"
	"teamspro/internal/ops"
	"teamspro/store"
)

// folder looks at who can read what the service keeps, and whether the service can.
func (d *doctor) folder(context.Context) []finding {
	info, err := os.Stat(d.Data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []finding{warns("it is made at the first start; is TEAMSPRO_DATA right?", "%s is not there yet", d.Data)}
	case err != nil:
		return []finding{fails("look as the user of the service does, or put the rights right", "%s cannot be read: %v", d.Data, err)}
	case !info.IsDir():
		return []finding{fails("set TEAMSPRO_DATA to a folder", "%s is no folder", d.Data)}
	}
	var found []finding
	if exposed(info) {
		found = append(found, warns("chmod 700 "+d.Data, "others on this machine may look into %s", d.Data))
	}
	for _, path := range d.secrets() {
		found = append(found, d.secret(path, info)...)
	}
	if len(found) == 0 {
		found = append(found, fine("%s and the keys are their owner's alone", d.Data))
	}
	return found
}

// exposed tells whether others than the owner have rights.
func exposed(info fs.FileInfo) bool { return info.Mode().Perm()&0o077 != 0 }

// secrets are the files that nobody else should read.
func (d *doctor) secrets() []string {
	files := []string{filepath.Join(d.Data, "teamspro.db"), filepath.Join(d.Data, "links.key"), filepath.Join(d.Data, "tokens.key")}
	for _, named := range []string{d.Token.KeyFile, d.Contact.Certificate, d.Image.Certificate} {
		if named != "" && !slices.Contains(files, named) {
			files = append(files, named)
		}
	}
	return files
}

// secret looks at one of them. A command that was run as another user leaves files that the service cannot open.
func (d *doctor) secret(path string, folder fs.FileInfo) []finding {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && filepath.Dir(path) == filepath.Clean(d.Data):
		return nil // made at the first start
	case err != nil:
		return []finding{fails("put it there, or set another one", "%s cannot be read: %v", path, err)}
	}
	var found []finding
	if exposed(info) {
		found = append(found, fails("chmod 600 "+path, "others on this machine may read %s", path))
	}
	if owner, known := ownerOf(info); known && filepath.Dir(path) == filepath.Clean(d.Data) {
		if whose, _ := ownerOf(folder); whose != owner {
			found = append(found, fails(fmt.Sprintf("chown %d %s", whose, path), "%s belongs to another user (%d) than its folder (%d): the service may not be able to open it", path, owner, whose))
		}
	}
	return found
}

const (
	leastRoom = 1 << 30   // that should be free
	noRoom    = 100 << 20 // with which the service soon stops to save
)

// diskRoom warns before the disk is full: a migration or a restore needs room for another copy.
func (d *doctor) diskRoom(context.Context) []finding {
	free, known := d.room(d.Data)
	if !known {
		return nil
	}
	var file int64
	if info, err := os.Stat(filepath.Join(d.Data, "teamspro.db")); err == nil {
		file = info.Size()
	}
	const next = "make room on the disk of TEAMSPRO_DATA; old copies (teamspro.db.before-…, teamspro.db.schema-…) may go"
	wanted := max(leastRoom, 2*file)
	switch {
	case free < noRoom:
		return []finding{fails(next, "%s are free: the service will soon read but not save", size(int64(free)))}
	case free < uint64(wanted):
		return []finding{warns(next, "%s are free; %s are needed for a copy of the database and its growth", size(int64(free)), size(wanted))}
	}
	return []finding{fine("%s are free", size(int64(free)))}
}

// database looks at the file: closely when the service is stopped, at a glance when it runs.
func (d *doctor) database(ctx context.Context) []finding {
	var answer bytes.Buffer
	handed, err := handOver(ctx, d.Data, "glance", []byte("{}"), nil, &answer)
	switch {
	case handed && err != nil:
		return []finding{fails("look at the log of the service", "the running service was asked and says: %v", err)}
	case handed:
		return databaseRunning(answer.Bytes())
	}
	path := filepath.Join(d.Data, "teamspro.db")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return []finding{fine("there is none yet; it is made at the first start")}
	}
	about, err := examined(ctx, path)
	switch {
	case err != nil && strings.Contains(err.Error(), "another process"):
		return []finding{warns("when that is the service, look at its log for why it takes no commands", "another process has %s open and takes no commands", path)}
	case err != nil:
		return []finding{fails("bring a backup back: teamspro restore FILE", "%v", err)}
	case about.Schema < store.Schema():
		return []finding{warns("the next start brings it to the present schema and keeps a copy; make a backup first", "whole, and of an older program: %s", contents(about))}
	}
	return []finding{fine("examined and whole: %s", contents(about))}
}

// glanceAnswer is what the service tells of its database.
type glanceAnswer struct {
	Version string `json:"version"`
	Bytes   int64  `json:"bytes"`
	Free    int64  `json:"free"`
	Schema  int    `json:"schema"`
}

// glanceTask tells what is known without work.
func glanceTask(_ context.Context, at *premises, _ json.RawMessage, _ io.Reader, out io.Writer) error {
	a := at.db.Glance()
	if err := at.db.Ready(); err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(glanceAnswer{version(), a.Bytes, a.Free, a.Schema})
}

func databaseRunning(answer []byte) []finding {
	var a glanceAnswer
	if err := json.Unmarshal(answer, &a); err != nil {
		return []finding{fails("is the service of another version? Restart it", "the running service gives no answer that is understood")}
	}
	found := []finding{fine("%s, %s of it free, schema %d; a service that is stopped has it examined closely", size(a.Bytes), size(a.Free), a.Schema)}
	if a.Free > a.Bytes/2 && a.Bytes > 64<<20 {
		found = append(found, warns("stop the service and run teamspro compact when there is time", "more than half of the database is empty"))
	}
	if a.Version != version() {
		found = append(found, warns("restart the service", "the running service is teamspro %s, and this is %s", a.Version, version()))
	}
	return found
}

// service asks the running service whether it is ready.
func (d *doctor) service(ctx context.Context) []finding {
	listen := d.Listen
	if d.AdminListen != "" {
		listen = d.AdminListen
	}
	host, port, err := net.SplitHostPort(listen)
	if err != nil || port == "0" {
		return nil
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return nil
	}
	client := &http.Client{Transport: &http.Transport{DialContext: d.dial, DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return []finding{warns("start it with teamspro serve; when it is running, look at TEAMSPRO_LISTEN", "nothing answers at %s: the service is not running", listen)}
	}
	defer res.Body.Close()
	var ready ops.Readiness
	if err := json.NewDecoder(io.LimitReader(res.Body, 1<<16)).Decode(&ready); err != nil || ready.Checks == nil {
		return []finding{fails("set another TEAMSPRO_LISTEN, or stop the other program", "something else than this service answers at %s", listen)}
	}
	var found []finding
	for name, says := range ready.Checks {
		if says != well {
			found = append(found, fails("see “Health and metrics” in the operator's guide", "the running service is not ready, %s: %s", name, says))
		}
	}
	slices.SortFunc(found, func(a, b finding) int { return strings.Compare(a.What, b.What) })
	if len(found) == 0 {
		found = append(found, fine("it is running and ready"))
	}
	return found
}

// leastFiles is how many files should be allowed to be open: each connection is one.
const leastFiles = 1024

func (d *doctor) openFiles(context.Context) []finding {
	limit, known := d.files()
	switch {
	case !known:
		return nil
	case limit < leastFiles:
		return []finding{warns("raise it: LimitNOFILE=65536 in the unit, or ulimit -n", "only %d files may be open at once, and each connection is one", limit)}
	}
	return []finding{fine("%d files may be open at once", limit)}
}

// codecs has a picture made in every format, by a worker as the service starts them, and reads it back.
func (d *doctor) codecs(ctx context.Context) []finding {
	if d.Image.ID == "" {
		return nil
	}
	cfg := d.limits
	cfg.Workers = 1
	engine, err := imaging.New(cfg)
	if err != nil {
		return []finding{fails("install libvips 8.14 or newer, with the same user as the service", "pictures cannot be worked on: %v", told(err))}
	}
	defer engine.Close()
	var sample bytes.Buffer
	if err := png.Encode(&sample, pixels.NewNRGBA(pixels.Rect(0, 0, 32, 32))); err != nil {
		return []finding{fails("", "no sample picture: %v", err)}
	}
	var found []finding
	formats := []string{"jpeg", "png", "webp", "gif", "avif"}
	for _, format := range formats {
		made, err := render(ctx, engine, d.Pictures.limits(), sample.Bytes(), format)
		if err == nil {
			_, err = render(ctx, engine, d.Pictures.limits(), made.Data, "resize 16 | png")
		}
		if err != nil {
			found = append(found, fails("install libvips with "+format+" support", "%s pictures cannot be made or read: %v", format, told(err)))
		}
	}
	if len(found) == 0 {
		found = append(found, fine("libvips makes and reads %s; HEIC photographs are read where its HEIF library has a decoder for HEVC", strings.Join(formats, ", ")))
	}
	return found
}
