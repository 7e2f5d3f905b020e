package exchange

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

const (
	maxStyles   = 65_536
	maxFormats  = 1000      // that are used
	maxCode     = 255       // bytes of a format, as in Excel
	maxShown    = 2_000_000 // numbers that are shown by their formats; further ones are given in full
	shortFormat = 14        // the id of the usual format of dates
)

// styles show numbers as Excel does, so that 0# ## ## ## ## keeps the zero of a phone and a date is one. How a number is shown in a format
// excelize knows; it gets the number and the format, never a part of the file.
type styles struct {
	codes    map[int]string // by their ids
	ids      []int          // of the formats, by style
	book     *excelize.File
	cells    map[int]string // of book, one a format
	shown    int
	from1904 bool // days are counted from 1904, as on the first Macs
}

// readStyles reads what the part of styles says of numbers.
func readStyles(m *marks) (*styles, error) {
	f := &styles{codes: map[int]string{}, cells: map[int]string{}}
	within := ""
	for m.next() {
		switch {
		case m.opens("numFmts"), m.opens("cellXfs"), m.opens("cellStyleXfs"), m.opens("dxfs"):
			within = string(m.name)
		case within == "numFmts" && m.opens("numFmt") && len(f.codes) < maxStyles:
			if code := m.word("formatCode"); len(code) <= maxCode {
				f.codes[m.number("numFmtId", 0)] = code
			}
		case within == "cellXfs" && m.opens("xf") && len(f.ids) < maxStyles:
			f.ids = append(f.ids, m.number("numFmtId", 0))
		}
	}
	return f, m.err
}

// start makes the workbook in which numbers are shown.
func (f *styles) start() error {
	if f.book != nil {
		return nil
	}
	f.book = excelize.NewFile(excelize.Options{ShortDatePattern: "yyyy-mm-dd"})
	return f.book.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &f.from1904})
}

func (f *styles) close() error {
	if f.book == nil {
		return nil
	}
	return f.book.Close()
}

// show gives a number as a cell of the style shows it, or in full where the style only makes large numbers short.
func (f *styles) show(style int, number string) string {
	id := 0
	if style > 0 && style < len(f.ids) {
		id = f.ids[style]
	}
	if f.general(id) || f.shown == maxShown {
		return general(number)
	}
	f.shown++
	var shown string
	err := safely(func() (err error) {
		cell, err := f.cell(id)
		if err != nil {
			return err
		}
		if err = f.book.SetCellDefault(formatSheet, cell, number); err != nil {
			return err
		}
		shown, err = f.book.GetCellValue(formatSheet, cell)
		return err
	})
	if err != nil {
		return general(number)
	}
	return shown
}

const formatSheet = "Sheet1"

// The formats that say how long a number is to look, not what it stands for: 3.32E+10 and 33,199,000,012 are one phone. They are those of
// files, and the ids of those that every Excel knows, with the general one and that of texts.
var (
	scientific = regexp.MustCompile(`(?i)[0#?]E[+-][0#?]`)
	thousands  = regexp.MustCompile(`^[#0.]*,[#0,.]*(_\))?(;.*)?$`)
	inFull     = []int{0, 3, 4, 11, 37, 38, 39, 40, 48, 49}
)

// general tells the formats by which a number is given in full.
func (f *styles) general(id int) bool {
	code, own := f.codes[id]
	switch {
	case own:
		return strings.EqualFold(code, "general") || code == "@" || scientific.MatchString(code) || thousands.MatchString(code)
	}
	return slices.Contains(inFull, id) || id >= 164 // one of the file's own that it does not have
}

// cell is that of the book that has the format.
func (f *styles) cell(id int) (string, error) {
	if err := f.start(); err != nil {
		return "", err
	}
	if cell, ok := f.cells[id]; ok {
		return cell, nil
	}
	if len(f.cells) == maxFormats {
		return "", refuse("exchange.broken")
	}
	style := &excelize.Style{NumFmt: id}
	if code, own := f.codes[id]; own && id != shortFormat {
		style = &excelize.Style{CustomNumFmt: &code}
	}
	number, err := f.book.NewStyle(style)
	if err != nil {
		return "", err
	}
	cell, err := excelize.CoordinatesToCellName(len(f.cells)+1, 1)
	if err != nil {
		return "", err
	}
	f.cells[id] = cell
	return cell, f.book.SetCellStyle(formatSheet, cell, cell, number)
}

// general writes a number in full, up to the 15 digits that Excel has.
func general(s string) string {
	if len(s) <= 15 && strings.Trim(s, "0123456789") == "" && !strings.HasPrefix(s, "0") {
		return s
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(n, 0) || math.IsNaN(n) || strings.ContainsAny(s, "_xXpP") {
		return s
	}
	if size := math.Abs(n); size > 1e20 || size < 1e-9 && n != 0 {
		return strconv.FormatFloat(n, 'G', 15, 64)
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(n, 'G', 15, 64), 64)
	if err != nil {
		return s
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
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
