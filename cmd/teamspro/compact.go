package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"teamspro/store"
)

// compactCmd makes the database as small as what is in it.
type compactCmd struct {
	Data string `default:"./data" env:"TEAMSPRO_DATA" help:"Folder of teamspro.db."`
	Out  string `short:"o" placeholder:"FILE" help:"Write a compacted copy there and leave the database as it is; so also while the service runs. The room for two copies is needed there."`
}

// Run compacts the database of a service that is stopped in its place, or a copy elsewhere.
func (c compactCmd) Run(ctx context.Context, out output) error {
	if c.Out != "" {
		return c.compactCopy(ctx, out)
	}
	if serving(ctx, c.Data) {
		return errors.New("the service is running on this folder: stop it first, or write a compacted copy elsewhere with --out FILE")
	}
	path := filepath.Join(c.Data, "teamspro.db")
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("TEAMSPRO_DATA: there is no database: %w", err)
	}
	done, err := store.CompactFile(ctx, path)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %s before, %s now, with %s and %s\nWhat was erased is not in it any more.\n", path, size(done.Before), size(done.After),
		count(done.Tenants, "tenant"), count(done.Contacts, "contact"))
	older, err := older(c.Data)
	if len(older) > 0 {
		fmt.Fprintln(out, "These copies from before may hold it still; delete those that you do not need, and backups in time:")
		for _, name := range older {
			fmt.Fprintln(out, " ", name)
		}
	}
	return err
}

// older are the copies of the database that migrations and restores left beside it.
func older(data string) (all []string, err error) {
	for _, pattern := range []string{"teamspro.db.before-*", "teamspro.db.schema-*"} {
		found, err := filepath.Glob(filepath.Join(escaped(data), pattern))
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	slices.Sort(all)
	return all, nil
}

// compactCopy copies the database as a backup does, and compacts the copy.
func (c compactCmd) compactCopy(ctx context.Context, out output) error {
	if _, err := os.Lstat(c.Out); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("--out: %s is there already", c.Out)
	}
	file, err := createFile(c.Out)
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	defer file.drop()
	copies := backupCmd{Data: c.Data, Rate: 64}
	if err := errors.Join(copies.copied(ctx, file), file.whole()); err != nil {
		return fmt.Errorf("nothing was written to %s: %w", c.Out, err)
	}
	done, err := store.CompactFile(ctx, file.Name())
	if err != nil {
		return fmt.Errorf("nothing was written to %s: %w", c.Out, err)
	}
	if err := file.keep(); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %s, where the database has %s, with %s and %s\n", c.Out, size(done.After), size(done.Before), count(done.Tenants, "tenant"), count(done.Contacts, "contact"))
	return nil
}
