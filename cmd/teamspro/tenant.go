package main

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"teamspro/internal/identity"
)

// tenantCmd are the commands about a whole organisation.
type tenantCmd struct {
	Export tenantExportCmd `cmd:"" help:"Write everything of an organisation to a file, one record a line."`
	Erase  tenantEraseCmd  `cmd:"" help:"Erase everything of an organisation, with its audit log."`
}

// tenantAsk is what the tasks about an organisation are asked.
type tenantAsk struct{ Tenant string }

type tenantExportCmd struct {
	Data   string `default:"./data" env:"TEAMSPRO_DATA" help:"Folder of teamspro.db."`
	Tenant string `required:"" help:"The organisation, by its id."`
	Out    string `short:"o" required:"" help:"File to write; one that is there is replaced. A name that ends in .zip is compressed."`
}

// Run writes the file, whether the service runs or not.
func (c tenantExportCmd) Run(ctx context.Context, out output) error {
	var lines lineCounter
	ask := tenantAsk{strings.ToLower(c.Tenant)}
	err := replaceFile(ctx, c.Out, func(w io.Writer) error {
		return zipped(w, c.Out, func(w io.Writer) error {
			return operate(ctx, c.Data, "tenant-export", ask, nil, io.MultiWriter(w, &lines))
		})
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d records written to %s. The file holds personal data: hand it over safely, and delete it then.\n", lines, c.Out)
	return nil
}

// lineCounter counts the lines that are written to it.
type lineCounter int64

func (c *lineCounter) Write(p []byte) (int, error) {
	for _, b := range p {
		if b == '\n' {
			*c++
		}
	}
	return len(p), nil
}

// zipped writes as it is, or into a zip when the file is called so.
func zipped(w io.Writer, file string, write func(io.Writer) error) error {
	if !strings.EqualFold(filepath.Ext(file), ".zip") {
		return write(w)
	}
	archive := zip.NewWriter(w)
	inside, err := archive.Create(strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)) + ".jsonl")
	if err != nil {
		return err
	}
	return errors.Join(write(inside), archive.Close())
}

// exportTenant is the task of tenant export.
func exportTenant(ctx context.Context, at *premises, ask json.RawMessage, _ io.Reader, out io.Writer) error {
	a, err := asked[tenantAsk](ask)
	if err != nil {
		return err
	}
	if err := at.knows(ctx, a.Tenant); err != nil {
		return err
	}
	_, err = at.db.ExportTenant(ctx, identity.Tenant(a.Tenant), out)
	return err
}

type tenantEraseCmd struct {
	Data    string `default:"./data" env:"TEAMSPRO_DATA" help:"Folder of teamspro.db."`
	Tenant  string `required:"" help:"The organisation, by its id."`
	Confirm string `required:"" help:"The same id again."`
}

// Run erases, whether the service runs or not.
func (c tenantEraseCmd) Run(ctx context.Context, out output) error {
	if !strings.EqualFold(c.Confirm, c.Tenant) {
		return errors.New("--confirm is not the id that --tenant names: nothing was erased")
	}
	return operate(ctx, c.Data, "tenant-erase", tenantAsk{strings.ToLower(c.Tenant)}, nil, out)
}

// eraseTenant is the task of tenant erase. The index goes when the database has nothing any more that it could be filled from.
func eraseTenant(ctx context.Context, at *premises, ask json.RawMessage, _ io.Reader, out io.Writer) error {
	a, err := asked[tenantAsk](ask)
	if err != nil {
		return err
	}
	if err := at.knows(ctx, a.Tenant); err != nil {
		return err
	}
	t := identity.Tenant(a.Tenant)
	n, err := at.db.EraseTenant(ctx, t)
	at.books.DropIndex(t)
	if err := errors.Join(err, (indexFiles{at.data}).drop(t)); err != nil {
		return err
	}
	at.log.Info("an organisation was erased", "tenant", t, "records", n)
	fmt.Fprintf(out, "%d records of tenant %s were erased, its audit log among them.\n", n, t)
	fmt.Fprintln(out, "Take it out of TEAMSPRO_ALLOWED_TENANTS: whoever of it uses the service makes it anew.")
	at.tellCopies(out)
	return nil
}
