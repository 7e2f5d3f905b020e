package exchange

import (
	"bytes"
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
)

const (
	maxAreas   = 10_000
	maxColumns = 16_384 // of any sheet
)

// sheet is one sheet of a workbook.
type sheet struct {
	book   *book
	name   string
	part   string
	merged []area
	looked bool // for merged cells
}

func (s *sheet) Close() error { return s.book.styles.close() }

// rows gives the rows that hold anything, hidden ones too: a filter hides them, and nobody means to leave them behind. The values of
// formulas are those that were reckoned when the file was saved.
func (s *sheet) rows(ctx context.Context, fn func(raw) error) error {
	if !s.looked {
		if err := s.book.read(s.part, s.findMerged); err != nil {
			return err
		}
		s.looked = true
	}
	return s.book.read(s.part, func(m *marks) error {
		w := walker{marks: m, in: s.book, fill: filler{areas: s.merged}}
		return w.walk(ctx, fn)
	})
}

// findMerged reads the list of merged cells, which stands behind all rows. It goes through the whole part, so that a damaged one is
// seen before any row was given.
func (s *sheet) findMerged(m *marks) error {
	for m.next() {
		if m.opens("sheetData") && !m.empty {
			tag := bytes.Fields(m.buf[m.at+len(m.text) : m.at+m.size])[0] // with its prefix, if it has one
			m.skipTo("</" + strings.Trim(string(tag), "<>") + ">")
		}
		if m.opens("mergeCell") && len(s.merged) < maxAreas {
			if a, ok := areaOf(m.attr("ref")); ok {
				s.merged = append(s.merged, a)
			}
		}
	}
	slices.SortStableFunc(s.merged, func(a, b area) int { return cmp.Compare(a.top, b.top) })
	return m.err
}

// walker goes through the rows of a sheet.
type walker struct {
	*marks
	in    *book
	fill  filler
	cells []string // of the row
	text  []byte   // of a cell
}

func (w *walker) walk(ctx context.Context, fn func(raw) error) error {
	number, began, ended := 0, false, false
	for count := 0; !ended && w.next(); {
		switch {
		case w.opens("sheetData"):
			began, ended = true, w.empty
		case w.closes("sheetData"):
			ended = true
		case w.opens("row"):
			number = max(number+1, min(w.marks.number("r", 0), math.MaxInt32)) // where it is not said, or is none, it is the next
			if count++; count%1000 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			if err := w.row(number, fn); err != nil {
				return err
			}
		}
	}
	if w.err != nil {
		return w.err
	}
	if began && !ended {
		return refuse("exchange.broken")
	}
	return nil
}

// row reads the cells of a row. Those that are merged down into it make no row of one that is empty otherwise.
func (w *walker) row(number int, fn func(raw) error) error {
	w.cells = w.cells[:0]
	column := 0
	for more := !w.empty; more && w.next() && !w.closes("row"); {
		if !w.opens("c") {
			continue
		}
		column++ // where it is not said
		if said := columnOf(w.attr("r")); said > 0 {
			column = said
		}
		w.put(column, w.value())
	}
	row := raw{number: number, cells: w.cells}
	if w.err != nil || row.empty() {
		return w.err
	}
	w.cells = w.fill.row(number, w.cells)
	row.cells = w.cells
	return fn(row)
}

// put keeps a value. What stands beyond the columns that are read only tells that there is more.
func (w *walker) put(column int, value string) {
	if value == "" {
		return
	}
	column = min(column, w.in.limits.Columns+1)
	for len(w.cells) < column {
		w.cells = append(w.cells, "")
	}
	w.cells[column-1] = value
}

// value reads a cell to its end.
func (w *walker) value() string {
	if w.empty {
		return ""
	}
	style, kind := w.marks.number("s", 0), string(w.attr("t"))
	w.text = w.text[:0]
	for w.next() && !w.closes("c") {
		switch {
		case w.opens("v"):
			w.text = w.content(w.text)
		case w.opens("is"):
			w.text = w.rich(w.text)
		case w.opens("f"):
			w.content(nil)
		}
	}
	return w.meant(kind, style)
}

// meant is what the text of a cell of a kind stands for.
func (w *walker) meant(kind string, style int) string {
	switch kind {
	case "s":
		return w.in.phrases.get(w.text)
	case "b":
		return map[string]string{"1": "TRUE", "0": "FALSE"}[string(bytes.TrimSpace(w.text))]
	case "d":
		day, _ := strings.CutSuffix(strings.TrimSuffix(string(w.text), "Z"), "T00:00:00")
		return day
	case "str", "inlineStr":
		return string(unescaped(w.text))
	case "e":
		return string(w.text)
	}
	if len(w.text) == 0 {
		return ""
	}
	return w.in.styles.show(style, string(bytes.TrimSpace(w.text)))
}

// columnOf reads the column of "AB12", counted from 1; 0 for what is none.
func columnOf(ref []byte) int {
	n := 0
	for i, c := range ref {
		if c < 'A' || c > 'Z' {
			if i == 0 || n > maxColumns {
				return 0
			}
			return n
		}
		if n = n*26 + int(c-'A') + 1; n > maxColumns {
			return 0
		}
	}
	return 0
}

// area is a block of merged cells, counted from 1. Only its first cell has the value.
type area struct{ left, top, right, bottom int }

// areaOf reads an area that reaches over several rows, and is less than a whole column.
func areaOf(ref []byte) (a area, ok bool) {
	first, last, found := bytes.Cut(ref, []byte(":"))
	a = area{columnOf(first), rowOf(first), columnOf(last), rowOf(last)}
	return a, found && a.left > 0 && a.left <= a.right && a.top > 0 && a.top < a.bottom && a.bottom-a.top <= 10_000
}

// rowOf reads the row of "AB12".
func rowOf(ref []byte) int {
	n := 0
	for _, c := range bytes.TrimLeft(ref, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		if c < '0' || c > '9' || n > 10_000_000 {
			return 0
		}
		n = n*10 + int(c-'0')
	}
	return n
}

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
