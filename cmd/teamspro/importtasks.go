package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"teamspro/internal/contact"
	"teamspro/internal/identity"
)

// importAsk is what the service is asked to do with an import.
type importAsk struct {
	Tenant identity.Tenant  `json:"tenant"`
	Book   contact.BookID   `json:"book,omitempty"`
	Format string           `json:"format,omitempty"`
	Import contact.ImportID `json:"import,omitempty"`
	Undo   bool             `json:"undo,omitempty"`
}

// importLookTask compares rows with a book and keeps them. It answers with the import.
func importLookTask(ctx context.Context, at *premises, ask json.RawMessage, in io.Reader, out io.Writer) error {
	wish, err := asked[importAsk](ask)
	if err != nil {
		return err
	}
	if err := at.known(ctx, exportAsk{wish.Tenant, wish.Book}); err != nil {
		return err
	}
	imp, err := at.imports.Look(ctx, identity.Caller{Tenant: wish.Tenant}, contact.ImportWish{Book: wish.Book, Format: wish.Format, Operator: true},
		func(take func(contact.Row) error) error { return eachRow(in, take) })
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(imp)
}

// importCancelTask drops an import that was looked at.
func importCancelTask(ctx context.Context, at *premises, ask json.RawMessage, _ io.Reader, _ io.Writer) error {
	wish, err := asked[importAsk](ask)
	if err != nil {
		return err
	}
	_, err = at.imports.Cancel(ctx, identity.Caller{Tenant: wish.Tenant}, wish.Import)
	return err
}

// importWorkTask carries an import out, goes on with it or takes it back, and answers with how far it has come, again and
// again. It stops when its command goes away, and can be gone on with; the next start of the service does.
func importWorkTask(ctx context.Context, at *premises, ask json.RawMessage, _ io.Reader, out io.Writer) error {
	wish, err := asked[importAsk](ask)
	if err != nil {
		return err
	}
	begin := at.imports.Start
	if wish.Undo {
		begin = at.imports.Undo
	}
	imp, run, err := begin(ctx, identity.Caller{Tenant: wish.Tenant}, wish.Import, "")
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(out)
	if run == nil {
		return at.watchImport(ctx, imp, encoder)
	}
	var unheard error
	err = run.Run(ctx, func(now contact.Import) {
		imp = now
		if unheard == nil {
			unheard = encoder.Encode(now)
		}
	})
	return errors.Join(err, unheard)
}

// watchPause is how often an import is looked at that the service is at by itself.
const watchPause = 200 * time.Millisecond

// watchImport tells how far an import comes that somebody else works at, or how it ended.
func (p *premises) watchImport(ctx context.Context, imp contact.Import, to *json.Encoder) error {
	for p.imports.Works(imp.Tenant, imp.ID) {
		if err := to.Encode(imp); err != nil {
			return err
		}
		select {
		case <-time.After(watchPause):
		case <-ctx.Done():
			return ctx.Err()
		}
		var err error
		if imp, err = p.imports.Import(ctx, identity.Caller{Tenant: imp.Tenant}, imp.ID); err != nil {
			return err
		}
	}
	imp, err := p.imports.Import(ctx, identity.Caller{Tenant: imp.Tenant}, imp.ID)
	if err != nil {
		return err
	}
	return to.Encode(imp)
}
