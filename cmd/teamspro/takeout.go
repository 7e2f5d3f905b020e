package main

import (
	"context"
	"io"
	"iter"
	"strings"

	"teamspro/internal/contact"
	"teamspro/internal/exchange"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/web"
)

// takeout gives people files of contacts: behind signed links, and in their chats.
type takeout struct {
	books *contact.Books
	links *web.Links
}

var _ web.Exports = takeout{}

// fileTypes are the media types of the formats.
var fileTypes = map[exchange.Format]string{
	exchange.XLSX:  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	exchange.CSV:   "text/csv; charset=utf-8",
	exchange.VCard: "text/vcard; charset=utf-8",
	exchange.JSON:  "application/json",
}

// Export gives what a link hands out, as its person may read it now.
func (o takeout) Export(ctx context.Context, e web.Export) (string, func(io.Writer) error, error) {
	if e.Format == web.QR {
		return o.code(ctx, e)
	}
	kind, known := fileTypes[exchange.Format(e.Format)]
	if !known {
		return "", nil, fault.New(fault.Invalid, "takeout.Export", "exchange.format")
	}
	write, err := o.File(ctx, e.Who, e.What, e.Format, "link")
	return kind, write, err
}

// File notes that contacts are taken out, and gives what writes them as a file.
func (o takeout) File(ctx context.Context, who identity.Caller, w contact.What, format, surface string) (func(io.Writer) error, error) {
	found, err := o.books.TakeOut(ctx, who, w, surface)
	if err != nil {
		return nil, err
	}
	return func(out io.Writer) error {
		return exchange.Write(out, exchange.Format(format), found.Contacts(ctx))
	}, nil
}

// code draws one contact for a telephone to read. Looking at a contact is not taking it out, so nothing is noted.
func (o takeout) code(ctx context.Context, e web.Export) (string, func(io.Writer) error, error) {
	found, err := o.books.Extract(ctx, e.Who, contact.What{Contact: e.What.Contact})
	if err != nil {
		return "", nil, err
	}
	var card strings.Builder
	if err := exchange.Write(&card, exchange.VCard, one(calling(found.Contact))); err != nil {
		return "", nil, err
	}
	return "image/png", func(out io.Writer) error { return web.DrawQR(out, card.String()) }, nil
}

func one(c contact.Contact) iter.Seq2[contact.Contact, error] {
	return func(yield func(contact.Contact, error) bool) { yield(c, nil) }
}

// calling is of a contact what stands on a business card: a code with more is hard to read for a telephone.
func calling(c contact.Contact) contact.Contact {
	r := c.Record
	c.ID = ""
	c.Record = contact.Record{Kind: r.Kind, Name: r.Name, Job: r.Job, Company: r.Company, Website: r.Website,
		Emails: r.Emails[:min(len(r.Emails), 2)], Phones: r.Phones[:min(len(r.Phones), 3)]}
	return c
}

// Link is the address of a file, for one person and some minutes.
func (o takeout) Link(who identity.Caller, w contact.What, format, name, language string) string {
	return o.links.ExportAddress(web.Export{Who: who, What: w, Format: format, Name: name, Lang: language})
}
