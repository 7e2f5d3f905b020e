package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"time"

	"teamspro/store"
)

// restoreCmd brings a backup back, whole or one book of it.
type restoreCmd struct {
	File  string `arg:"" type:"existingfile" help:"Backup, as teamspro backup writes it."`
	Data  string `default:"./data" env:"TEAMSPRO_DATA" help:"Folder of teamspro.db."`
	Check bool   `xor:"what" help:"Examine the backup, say what is in it, and change nothing."`
	Books bool   `xor:"what" help:"List the books in the backup, and change nothing."`
	bookWish
}

// Run puts the backup in the place of the database, whose service must be stopped, unless something else is wanted of it.
func (c restoreCmd) Run(ctx context.Context, out output) error {
	if err := c.check(c.Check || c.Books); err != nil {
		return err
	}
	switch {
	case c.Check:
		about, err := examined(ctx, c.File)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s is whole: %s\n%s", c.File, contents(about), migration(about))
		return nil
	case c.Books:
		return c.listBooks(ctx, out)
	case c.Book != "":
		return c.restoreBook(ctx, out)
	}
	return c.restoreAll(ctx, out)
}

// migration says what a backup of an older schema means.
func migration(a store.About) string {
	if a.Schema >= store.Schema() {
		return ""
	}
	return fmt.Sprintf("It is of an older program: the next start brings it from schema %d to %d, and keeps a copy of it as it is.\n", a.Schema, store.Schema())
}

func (c restoreCmd) restoreAll(ctx context.Context, out output) error {
	if serving(ctx, c.Data) {
		return errors.New("the service is running on this folder: stop it first, then restore, then start it again")
	}
	done, err := store.Restore(ctx, c.File, filepath.Join(c.Data, "teamspro.db"), time.Now())
	if err != nil {
		return err
	}
	removed, err := dropIndexes(c.Data)
	if err != nil {
		return fmt.Errorf("the backup is in place, but the search index of before could not be removed: delete %s: %w", filepath.Join(c.Data, indexFile), err)
	}
	fmt.Fprintf(out, "%s is in place: %s\n%s", c.File, contents(done.About), migration(done.About))
	if done.Aside != "" {
		fmt.Fprintf(out, "What was there before is kept as %s; delete it when you do not need it any more.\n", done.Aside)
	}
	if removed > 0 {
		fmt.Fprintf(out, "%s removed: the next start makes it anew.\n", count(removed, "file")+" of the search index")
	}
	if _, err := os.Stat(filepath.Join(c.Data, "tokens.key")); errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(out, "There is no tokens.key in %s: unless another one is set, put yours there before you start, or people sign in anew.\n", c.Data)
	}
	fmt.Fprintln(out, "Notices that waited when the backup was made are sent at the next start.")
	return nil
}

// serving tells whether a service takes tasks in this folder. The lock of the database tells it as well; this is said sooner.
func serving(ctx context.Context, data string) bool {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", filepath.Join(data, socketName))
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// dropIndexes removes the snapshots of the search index, which are of another state of the database.
func dropIndexes(data string) (removed int, err error) {
	paths, err := filepath.Glob(filepath.Join(escaped(data), "index-*.idx"))
	for _, path := range paths {
		if gone := os.Remove(path); gone != nil {
			err = errors.Join(err, gone)
			continue
		}
		removed++
	}
	return removed, err
}

// escaped is a folder as a pattern that matches it alone.
func escaped(folder string) string {
	var pattern []rune
	for _, r := range folder {
		switch r {
		case '*', '?', '[', '\\':
			pattern = append(pattern, '\\')
		}
		pattern = append(pattern, r)
	}
	return string(pattern)
}
