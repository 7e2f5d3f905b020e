package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	"teamspro/internal/audit"
	"teamspro/internal/contact"
	"teamspro/internal/exchange"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// exportCmd writes the contacts of a book, or of all, to a file.
type exportCmd struct {
	Data   string          `default:"./data" env:"TEAMSPRO_DATA" help:"Folder of teamspro.db."`
	Tenant string          `required:"" help:"Tenant whose contacts they are, by its id."`
	Book   string          `xor:"what" required:"" help:"Book whose contacts are written, by its id."`
	All    bool            `xor:"what" required:"" help:"Write the contacts of all books of the tenant."`
	Format exchange.Format `default:"xlsx" enum:"xlsx,csv,vcard,json" help:"What is written: ${enum}."`
	Out    string          `short:"o" required:"" help:"File to write; one that is there is replaced."`
	Lang   string          `default:"en" enum:"en,fr" help:"Language of what is said (${enum})."`
}

// exportAsk is what the service is asked for.
type exportAsk struct {
	Tenant identity.Tenant `json:"tenant"`
	Book   contact.BookID  `json:"book,omitempty"` // empty: all
}

// Run asks the service for the contacts, or reads them itself, and writes them in the format that is wanted.
func (c exportCmd) Run(ctx context.Context, out output) error {
	written := 0
	err := replaceFile(ctx, c.Out, func(w io.Writer) error {
		return exchange.Write(w, c.Format, c.contacts(ctx, &written))
	})
	if err != nil {
		return said(c.Lang, err)
	}
	fmt.Fprintf(out, "%d contacts written to %s\n", written, c.Out)
	return nil
}

// contacts gives what is asked for, and counts it.
func (c exportCmd) contacts(ctx context.Context, written *int) iter.Seq2[contact.Contact, error] {
	return contact.Seq(func(fn func(contact.Contact) error) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		read, write := io.Pipe()
		defer read.Close()
		go func() {
			write.CloseWithError(operate(ctx, c.Data, "export", exportAsk{identity.Tenant(c.Tenant), contact.BookID(c.Book)}, nil, write))
		}()
		return eachRow(read, func(k contact.Contact) error {
			*written++
			return fn(k)
		})
	})
}

// exportTask writes contacts as JSON, one a line.
func exportTask(ctx context.Context, at *premises, ask json.RawMessage, _ io.Reader, out io.Writer) error {
	wish, err := asked[exportAsk](ask)
	if err != nil {
		return err
	}
	if err := at.known(ctx, wish); err != nil {
		return err
	}
	subject := cmp.Or(string(wish.Book), audit.TenantSubject)
	if err := at.db.Audit().Enter(ctx, wish.Tenant, audit.Entry{At: at.now(), Surface: "operator", Act: audit.ContactsExported, Subject: subject}); err != nil {
		return err
	}
	to := bufio.NewWriterSize(out, 64<<10)
	encoder := json.NewEncoder(to)
	err = at.db.Contacts().Each(ctx, wish.Tenant, func(k contact.Contact) error {
		if wish.Book != "" && k.Book != wish.Book {
			return nil
		}
		return encoder.Encode(k)
	})
	return errors.Join(err, to.Flush())
}

// known tells a slip of the pen from a book without contacts.
func (p *premises) known(ctx context.Context, wish exportAsk) error {
	err := p.knows(ctx, string(wish.Tenant))
	if err != nil || wish.Book == "" {
		return err
	}
	_, err = p.db.Books().Book(ctx, wish.Tenant, wish.Book)
	if fault.Is(err, fault.NotFound) {
		return fmt.Errorf("--book: there is no book %q", wish.Book)
	}
	return err
}
