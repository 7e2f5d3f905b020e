// Package exchange reads and writes the files in which contacts travel: spreadsheets (xlsx), CSV, vCard and JSON.
//
// It knows no books, no bot and no store. Who may import, what becomes of a contact that is there already, and what is
// undone as one step is decided where the books are; here a file becomes checked records, and contacts become a file.
package exchange

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
)

// Format is a kind of file.
type Format string

// The formats.
const (
	XLSX  Format = "xlsx"
	CSV   Format = "csv"
	VCard Format = "vcard"
	JSON  Format = "json"
)

// Limits bound what a file may cost. A zero takes the usual value.
type Limits struct {
	Bytes    int64 // of the file; 64 MiB
	Unpacked int64 // of a spreadsheet when unpacked, in bytes; 512 MiB
	Rows     int   // that hold anything; 200,000
	Columns  int   // that are read; 300
	Cell     int   // characters of one cell, which is more than any field may have; 32,767, as in Excel
}

func (l Limits) withDefaults() Limits {
	l.Bytes = cmp.Or(l.Bytes, 64<<20)
	l.Unpacked = cmp.Or(l.Unpacked, 512<<20)
	l.Rows = cmp.Or(l.Rows, 200_000)
	l.Columns = cmp.Or(l.Columns, 300)
	l.Cell = cmp.Or(l.Cell, 32_767)
	return l
}

// Row is one contact of a file.
type Row = contact.Row

// File is an opened file. It is not safe for concurrent use.
type File struct {
	Format Format
	// Sheet is the name of the sheet that is read, of a spreadsheet.
	Sheet string
	// Mapping says what the columns of a table hold, as far as it could be guessed; it has no columns where the format
	// itself names the fields. Each takes it back, changed or not.
	Mapping Mapping
	// Wide tells that the table has more columns than are read.
	Wide bool

	limits Limits
	body   body
}

// body is the inside of a file.
type body interface {
	// each gives every row as it stands in the file, unchecked. It can be called again.
	each(ctx context.Context, m Mapping, fn func(Row) error) error
	io.Closer
}

// Open looks at a file of any format and guesses the columns of a table. What it is is seen by its bytes, whatever its name is.
// It fails with fault.Invalid, and a sentence that names the limit met, when the file is none that can be read. data must stay as it
// is until Close.
func Open(data io.ReaderAt, size int64, limits Limits) (*File, error) {
	f := &File{limits: limits.withDefaults()}
	if size > f.limits.Bytes {
		return nil, refuse("exchange.too_large", "Max", megabytes(f.limits.Bytes))
	}
	head := make([]byte, min(size, sample))
	if _, err := data.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, fault.Wrap(fault.Internal, "exchange.Open", err)
	}
	if len(bytes.TrimSpace(head)) == 0 && size <= sample {
		return nil, refuse("exchange.empty")
	}
	if err := f.open(head, data, size); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *File) open(head []byte, data io.ReaderAt, size int64) error {
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return f.openWorkbook(data, size)
	case bytes.HasPrefix(head, []byte("\xD0\xCF\x11\xE0")): // a compound file: Excel until 2003, or one with a password
		return refuse("exchange.old_excel")
	case bytes.HasPrefix(head, []byte("%PDF")), foreign(head):
		return refuse("exchange.unknown")
	}
	text, err := newText(data, size)
	if err != nil {
		return fault.Wrap(fault.Internal, "exchange.Open", err)
	}
	start := strings.TrimLeft(string(text.head()), " \t\r\n")
	switch {
	case len(start) >= len("BEGIN:VCARD") && strings.EqualFold(start[:len("BEGIN:VCARD")], "BEGIN:VCARD"):
		f.Format, f.body = VCard, &cards{text: text, cell: f.limits.Cell}
	case strings.HasPrefix(start, "{"), strings.HasPrefix(start, "["):
		f.Format, f.body = JSON, &list{text: text}
	case strings.HasPrefix(start, "<"): // a page, or a workbook in the XML of 2003, by the name of a spreadsheet
		return refuse("exchange.unknown")
	default:
		return f.openCSV(text)
	}
	return nil
}

// foreign tells bytes that are no text in any encoding known here: control characters, zeros first of all, that are not those of UTF-16.
// A few come with exports of old programs.
func foreign(head []byte) bool {
	if encodingOf(head) != windows {
		return false
	}
	controls := 0
	for _, b := range head {
		if b < ' ' && b != '\t' && b != '\n' && b != '\r' {
			controls++
		}
	}
	return controls*50 > len(head)
}

// Each gives the rows of the file one by one, cleaned and checked. A row that cannot be taken has Problems and stops
// nothing. It fails with fault.Invalid when a limit is met or the rest of the file cannot be read, and with what fn
// returns.
func (f *File) Each(ctx context.Context, m Mapping, check contact.Checker, fn func(Row) error) error {
	rows := 0
	return f.body.each(ctx, m, func(r Row) error {
		if err := ctx.Err(); err != nil {
			return fault.Wrap(fault.Busy, "exchange.Each", err)
		}
		if rows++; rows > f.limits.Rows {
			return refuse("exchange.rows", "Max", f.limits.Rows)
		}
		if len(r.Problems) == 0 {
			kind := r.Record.Kind != ""
			r.Record, r.Problems = check.Check(r.Record)
			r.Fields = held(r.Record, kind)
		}
		return fn(r)
	})
}

// Close gives free what the file holds.
func (f *File) Close() error { return f.body.Close() }

func refuse(text string, args ...any) error {
	return fault.New(fault.Invalid, "exchange.Open", text, args...)
}

func megabytes(n int64) int64 { return n >> 20 }

// tooLong tells whether a text is longer than a cell may be.
func tooLong(s string, limit int) bool { return len(s) > limit && utf8.RuneCountInString(s) > limit }
