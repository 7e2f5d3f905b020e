package exchange

import (
	"archive/zip"
	"context"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"teamspro/internal/fault"
)

// inMemory is the size from which parts of a workbook are unpacked into temporary files, in bytes.
const inMemory = 4 << 20

// openWorkbook opens a spreadsheet whose parts were found harmless, and finds the sheet to read: the first that has a known
// header, else the first that holds anything.
func (f *File) openWorkbook(data io.ReaderAt, size int64) error {
	merged, err := inspect(data, size, f.limits)
	if err != nil {
		return err
	}
	var book *excelize.File
	err = safely(func() (err error) {
		book, err = excelize.OpenReader(io.NewSectionReader(data, 0, size), excelize.Options{UnzipSizeLimit: f.limits.Unpacked, UnzipXMLSizeLimit: inMemory,
			ShortDatePattern: "yyyy-mm-dd"})
		return err
	})
	if err != nil {
		return broken(err)
	}
	if err := f.chooseSheet(book, merged); err != nil {
		return errors.Join(err, book.Close())
	}
	return nil
}

func (f *File) chooseSheet(book *excelize.File, merged map[string][]area) error {
	var best *table
	var failed error
	for _, name := range book.GetSheetList() {
		t, err := newTable(&sheet{book: book, name: name, merged: merged[name]}, f.limits)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		if best == nil || !best.guess.Named() && t.guess.Named() {
			best, f.Sheet = t, name
		}
	}
	if best == nil && failed == nil {
		return refuse("exchange.empty")
	}
	if best == nil {
		return failed
	}
	f.Format, f.body, f.Mapping, f.Wide = XLSX, best, best.guess, best.wide
	return nil
}

// broken is the refusal of an archive that excelize cannot read. What it says may hold content, so it is not kept.
func broken(err error) error {
	if fault.KindOf(err) == fault.Invalid {
		return err
	}
	if errors.Is(err, excelize.ErrWorkbookPassword) || errors.Is(err, excelize.ErrWorkbookFileFormat) && !isBroken(err) {
		return refuse("exchange.unknown")
	}
	return refuse("exchange.broken")
}

// safely calls into excelize, which was not made for hostile files: a panic in it is a file that cannot be read.
func safely(call func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = refuse("exchange.broken")
		}
	}()
	return call()
}

// sheet is one sheet of a workbook.
type sheet struct {
	book   *excelize.File
	name   string
	merged []area
}

func (s *sheet) Close() error { return s.book.Close() }

// rows gives the rows that hold anything. The values of formulas are those that were reckoned when the file was saved.
func (s *sheet) rows(ctx context.Context, fn func(raw) error) error {
	var rows *excelize.Rows
	err := safely(func() (err error) {
		rows, err = s.book.Rows(s.name)
		return err
	})
	if err != nil {
		return broken(err)
	}
	err = s.walk(ctx, rows, fn)
	if closed := rows.Close(); err == nil && closed != nil {
		return broken(closed)
	}
	return err
}

func (s *sheet) walk(ctx context.Context, rows *excelize.Rows, fn func(raw) error) error {
	fill := filler{areas: s.merged}
	for number := 1; ; number++ {
		row, more := raw{number: number}, false
		err := safely(func() (err error) {
			if more = rows.Next(); more {
				row.cells, err = rows.Columns()
			}
			return err
		})
		switch {
		case err != nil:
			return broken(err)
		case !more:
			return nil
		case number%1000 == 0 && ctx.Err() != nil:
			return ctx.Err()
		}
		row.cells = fill.row(number, row.cells)
		if row.empty() {
			continue
		}
		for i, c := range row.cells {
			row.cells[i] = plainNumber(c)
		}
		if err := fn(row); err != nil {
			return err
		}
	}
}

var scientific = regexp.MustCompile(`^[0-9](\.[0-9]+)?E\+[0-9]{1,2}$`)

// plainNumber writes a number without its exponent, which Excel gives to what it takes for a large one: a phone number.
func plainNumber(s string) string {
	if len(s) > 25 || !strings.Contains(s, "E+") || !scientific.MatchString(s) {
		return s
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || n > 1e20 {
		return s
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}

// area is a block of merged cells, counted from 1. Only its first cell has the value.
type area struct{ left, top, right, bottom int }

// filler gives to every row the values of the cells that are merged down into it, so that a company that stands once beside three
// people is the company of all three.
type filler struct {
	areas  []area // by their top
	open   []area
	values map[area]string
}

func (f *filler) row(number int, cells []string) []string {
	for len(f.areas) > 0 && f.areas[0].top <= number {
		a := f.areas[0]
		f.areas = f.areas[1:]
		if a.top == number && a.left <= len(cells) {
			if f.values == nil {
				f.values = map[area]string{}
			}
			f.open, f.values[a] = append(f.open, a), cells[a.left-1]
		}
	}
	kept := f.open[:0]
	for _, a := range f.open {
		if a.bottom < number {
			delete(f.values, a)
			continue
		}
		kept = append(kept, a)
		for len(cells) < a.left {
			cells = append(cells, "")
		}
		cells[a.left-1] = f.values[a]
	}
	f.open = kept
	return cells
}

// sheetPart tells the parts of an archive that hold sheets.
func sheetPart(name string) bool {
	return strings.HasPrefix(strings.ToLower(name), "xl/worksheets/sheet")
}

// archive opens the file as what every xlsx is.
func archive(data io.ReaderAt, size int64) (*zip.Reader, error) {
	z, err := zip.NewReader(data, size)
	if err != nil {
		return nil, refuse("exchange.broken")
	}
	for _, part := range z.File {
		if strings.EqualFold(part.Name, "xl/workbook.xml") {
			return z, nil
		}
	}
	return nil, refuse("exchange.unknown")
}
