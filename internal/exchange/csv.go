package exchange

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"strings"

	"teamspro/internal/contact"
)

// openCSV guesses what stands between the cells, and finds the header.
func (f *File) openCSV(t *text) error {
	sheet := &lines{text: t, comma: delimiter(t.head())}
	table, err := newTable(sheet, f.limits)
	if err != nil {
		return err
	}
	f.Format, f.body, f.Mapping, f.Wide = CSV, table, table.guess, table.wide
	return nil
}

// lines is a text as a table.
type lines struct {
	text  *text
	comma rune
}

func (l *lines) Close() error { return nil }

// rows gives the rows that hold anything. Rows are numbered as Excel does: an empty one counts, and one whose cells have line
// breaks counts once.
func (l *lines) rows(ctx context.Context, fn func(raw) error) error {
	m := &meter{r: l.text.reader()}
	r := csvReader(m, l.comma)
	last, within := 0, 0 // the last row; line breaks in cells so far
	for {
		cells, err := r.Read()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, errOverlong): // such a cell is one whose quotation mark nobody closed
			return fn(raw{number: last + 1, unclosed: true})
		case err != nil:
			return refuse("exchange.broken")
		case ctx.Err() != nil:
			return ctx.Err()
		}
		m.since = 0
		line, _ := r.FieldPos(0)
		row := raw{number: line - within, cells: cells, unclosed: m.ended && r.InputOffset() == m.read && unclosed(cells, m.last)}
		for _, c := range cells {
			within += strings.Count(c, "\n")
		}
		last = row.number
		if line == 1 && len(cells) == 1 && strings.HasPrefix(cells[0], "sep=") || l.announced(cells, line) {
			continue
		}
		if row.empty() {
			continue
		}
		if err := fn(row); err != nil {
			return err
		}
	}
}

// unclosed tells whether the last row of a file, which ends with a byte, is the rest of the file by a quotation mark that is never closed.
func unclosed(cells []string, end byte) bool {
	return strings.Contains(cells[len(cells)-1], "\n") && end != '"'
}

// announced tells the line "sep=;" by which a file tells Excel what stands between its cells.
func (l *lines) announced(cells []string, line int) bool {
	return line == 1 && len(cells) == 2 && cells[0] == "sep=" && cells[1] == ""
}

func csvReader(r io.Reader, comma rune) *csv.Reader {
	c := csv.NewReader(r)
	c.Comma, c.LazyQuotes, c.FieldsPerRecord, c.ReuseRecord = comma, true, -1, true
	return c
}

// delimiters are tried in this order.
const delimiters = ",;\t|"

// delimiter guesses what stands between the cells: that by which most rows have as many cells as the first, and then that
// which makes most cells.
func delimiter(head []byte) rune {
	if rest, ok := bytes.CutPrefix(head, []byte("sep=")); ok && len(rest) > 0 && strings.IndexByte(delimiters, rest[0]) >= 0 {
		return rune(rest[0])
	}
	best, most := ',', 0
	for _, d := range delimiters {
		if score := regularity(head, d); score > most {
			best, most = d, score
		}
	}
	return best
}

func regularity(head []byte, d rune) int {
	const rows = 30
	r, cells, alike := csvReader(bytes.NewReader(head), d), 0, 0
	for n := range rows {
		row, err := r.Read()
		if err != nil {
			break
		}
		if n == 0 {
			cells = len(row)
		}
		if len(row) == cells {
			alike++
		}
	}
	if cells < 2 {
		return 0
	}
	return alike*1000 + cells
}

// long is the problem of a cell that is longer than any field.
func long(limit int) contact.Problem {
	return contact.Problem{Text: "exchange.cell", Args: []any{"Max", limit}}
}
