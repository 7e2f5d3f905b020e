package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"teamspro/internal/audit"
	"teamspro/store"
)

// backupCmd writes a copy of the database, while the service runs or while it is stopped.
type backupCmd struct {
	Data string `default:"./data" env:"TEAMSPRO_DATA" help:"Folder of teamspro.db."`
	Out  string `short:"o" required:"" placeholder:"FILE" help:"File to write; one that is there is replaced when the new one is whole. - is standard output."`
	Rate int    `default:"64" help:"Megabytes a second that are read at most, so that people who search meanwhile notice nothing. 0 is as fast as the disk."`
}

// backupAsk is what the service is asked for.
type backupAsk struct {
	Rate int `json:"rate"`
}

// backupStep is how much is read at a time.
const backupStep = 256 << 10

// Run asks the service for a copy, or makes one itself, examines it, and only then gives it its name.
func (c backupCmd) Run(ctx context.Context, out output) error {
	if c.Rate < 0 {
		return errors.New("--rate is a number of megabytes a second, or 0")
	}
	begun := time.Now()
	if c.Out == "-" {
		sum := sha256.New()
		if err := c.copied(ctx, io.MultiWriter(out, sum)); err != nil {
			return err
		}
		fmt.Fprintf(out.Err, "SHA-256 %s\nIt was not examined: teamspro restore --check FILE does that where it lies.\n", hex.EncodeToString(sum.Sum(nil)))
		return nil
	}
	if err := notDatabase(c.Out, c.Data); err != nil {
		return err
	}
	file, err := createFile(c.Out)
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	defer file.drop()
	sum := sha256.New()
	if err := errors.Join(c.copied(ctx, io.MultiWriter(file, sum)), file.whole()); err != nil {
		return fmt.Errorf("nothing was written to %s: %w", c.Out, err)
	}
	about, err := examined(ctx, file.Name())
	if err != nil {
		return fmt.Errorf("the copy is not whole, nothing was written to %s: %w", c.Out, err)
	}
	if err := file.keep(); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %s\nSHA-256 %s\nWritten and examined in %.1f s. The keys in %s are not in it: keep links.key and tokens.key apart from it.\n",
		c.Out, contents(about), hex.EncodeToString(sum.Sum(nil)), time.Since(begun).Seconds(), c.Data)
	return nil
}

// notDatabase keeps the copy from being written over what it is of.
func notDatabase(path, data string) error {
	there, err := os.Stat(path)
	if err != nil {
		return nil // not there, or createFile says why
	}
	if database, err := os.Stat(filepath.Join(data, "teamspro.db")); err == nil && os.SameFile(there, database) {
		return fmt.Errorf("--out: %s is the database itself", path)
	}
	return nil
}

// examined opens a copy and tells what is in it.
func examined(ctx context.Context, path string) (store.About, error) {
	db, err := store.OpenCopy(ctx, path)
	if err != nil {
		return store.About{}, err
	}
	about, err := db.About(ctx)
	return about, errors.Join(err, db.Close())
}

// contents says what is in a file.
func contents(a store.About) string {
	return fmt.Sprintf("%s, schema %d, %s, %s", size(a.Bytes), a.Schema, count(a.Tenants, "tenant"), count(a.Contacts, "contact"))
}

func size(bytes int64) string {
	if bytes < 1<<30 {
		return fmt.Sprintf("%.1f MB", float64(bytes)/(1<<20))
	}
	return fmt.Sprintf("%.2f GB", float64(bytes)/(1<<30))
}

func count(n int, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return fmt.Sprintf("%d %ss", n, of)
}

// copied writes the copy. The file of a service that is stopped is copied as it is when it is of an older schema: somebody
// may want it so, before a newer program works with it.
func (c backupCmd) copied(ctx context.Context, w io.Writer) error {
	ask, err := json.Marshal(backupAsk{c.Rate})
	if err != nil {
		return err
	}
	handed, err := handOver(ctx, c.Data, "backup", ask, nil, w)
	if handed || err != nil {
		return err
	}
	path := filepath.Join(c.Data, "teamspro.db")
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("TEAMSPRO_DATA: there is no database: %w", err)
	}
	db, err := store.OpenCopy(ctx, path)
	if err != nil {
		return err
	}
	old := db.Glance().Schema < store.Schema()
	if old {
		err = db.Backup(ctx, w)
	}
	if err := errors.Join(err, db.Close()); old || err != nil {
		return err
	}
	return operateHere(ctx, c.Data, "backup", ask, nil, w)
}

// backupTask writes the copy. That it was made is entered first: so the entry is in the copy, too.
func backupTask(ctx context.Context, at *premises, ask json.RawMessage, _ io.Reader, out io.Writer) error {
	wish, err := asked[backupAsk](ask)
	if err != nil {
		return err
	}
	tenants, err := at.db.Tenants(ctx)
	for _, t := range tenants {
		err = errors.Join(err, at.db.Audit().Enter(ctx, t, audit.Entry{At: at.now(), Surface: "operator", Act: audit.BackupMade, Subject: audit.TenantSubject}))
	}
	if err != nil { // a full disk, say: then a backup is wanted all the more
		at.log.Warn("the audit log does not say that a backup is made", "error", err)
	}
	to := bufio.NewWriterSize(&pacer{ctx: ctx, w: out, rate: wish.Rate << 20}, backupStep)
	if err := at.db.Backup(ctx, to); err != nil {
		return err
	}
	return to.Flush()
}

// pacer is a writer that takes so many bytes a second on average; 0 is without limit. Who paused is not made up for.
type pacer struct {
	ctx  context.Context
	w    io.Writer
	rate int
	due  time.Time // of the next write
}

func (p *pacer) Write(b []byte) (int, error) {
	if p.rate <= 0 {
		return p.w.Write(b)
	}
	now := time.Now()
	if wait := p.due.Sub(now); wait > 0 {
		select {
		case <-time.After(wait):
		case <-p.ctx.Done():
			return 0, p.ctx.Err()
		}
	} else {
		p.due = now
	}
	p.due = p.due.Add(time.Duration(float64(len(b)) / float64(p.rate) * float64(time.Second)))
	return p.w.Write(b)
}
