package exchange

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"teamspro/internal/contact"
)

// raw is a row of a table as the file has it. Its cells are those of the next row once it was looked at.
type raw struct {
	number   int
	cells    []string
	unclosed bool // a quotation mark opens in it that is never closed, so that the rest of the file is in it
}

func (r raw) empty() bool {
	if r.unclosed {
		return false
	}
	for _, c := range r.cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// grid gives the rows of a table that hold anything, as often as asked.
type grid interface {
	rows(ctx context.Context, fn func(raw) error) error
	io.Closer
}

// table is a grid with a header.
type table struct {
	grid
	limits Limits
	header int // the number of its row
	guess  Mapping
	wide   bool
}

// headerWithin is how many rows may stand above the header: a title, a date, a logo's line.
const headerWithin = 10

// errEnough ends the reading of a grid from within.
var errEnough = errors.New("enough")

// newTable looks for the header among the first rows: the one of which most columns are known, else the first.
func newTable(g grid, limits Limits) (*table, error) {
	t := &table{grid: g, limits: limits}
	best, seen := -1, 0
	err := g.rows(context.Background(), func(r raw) error {
		if r.unclosed && seen > 0 {
			return nil
		}
		cells := t.within(r.cells)
		m := Guess(cells)
		if known := m.known(); known > best {
			best, t.header, t.guess, t.wide = known, r.number, m, len(cells) < len(r.cells)
		}
		if seen++; seen == headerWithin {
			return errEnough
		}
		return nil
	})
	switch {
	case err != nil && !errors.Is(err, errEnough):
		return nil, err
	case seen == 0:
		return nil, refuse("exchange.empty")
	}
	return t, nil
}

// within cuts a row at the last column that is read.
func (t *table) within(cells []string) []string { return cells[:min(len(cells), t.limits.Columns)] }

// each gives the rows below the header, read by the mapping.
func (t *table) each(ctx context.Context, m Mapping, fn func(Row) error) error {
	return t.rows(ctx, func(r raw) error {
		if r.number <= t.header {
			return nil
		}
		row := Row{Number: r.number}
		if r.unclosed {
			row.Problems = []contact.Problem{{Text: "exchange.quote"}}
			return fn(row)
		}
		cells := t.within(r.cells)
		for _, c := range cells {
			if tooLong(c, t.limits.Cell) {
				row.Problems = append(row.Problems, long(t.limits.Cell))
				return fn(row)
			}
		}
		row.Left = failed(m, cells)
		row.ID, row.Record = m.record(cells)
		if len(cells) < len(r.cells) {
			row.Left = append(row.Left, contact.Problem{Text: "exchange.columns", Args: []any{"Max", t.limits.Columns}})
		}
		return fn(row)
	})
}

// failures are what formulas say that found nothing, in English and in French. They are no values.
var failures = strings.Fields("#REF! #N/A #NAME? #VALUE! #DIV/0! #NULL! #NUM! #SPILL! #CALC! #FIELD! #BLOCKED! #NOM? #VALEUR! #NUL! #NOMBRE!")

// failed empties the cells whose formulas failed, and names those that would have been read.
func failed(m Mapping, cells []string) []contact.Problem {
	var left []contact.Problem
	for i, c := range cells {
		if !strings.HasPrefix(c, "#") || !slices.Contains(failures, c) {
			continue
		}
		if cells[i] = ""; i < len(m.Columns) && m.Columns[i].Target != Unknown {
			left = append(left, contact.Problem{Text: "exchange.formula", Args: []any{"Header", m.Columns[i].Header, "Value", c}})
		}
	}
	return left
}

// guards are the characters that make a spreadsheet take a text for a formula when they stand first.
const guards = "=+-@\t\r"

// guarded gives a text that no spreadsheet takes for a formula: one that begins like one, or reads like one that failed, gets an
// apostrophe, and with apostrophes before that one more. unguarded takes it away again, so that nothing is lost.
func guarded(s string) string {
	if formulaLike(s) {
		return "'" + s
	}
	return s
}

func unguarded(s string) string {
	if rest, ok := strings.CutPrefix(s, "'"); ok && formulaLike(rest) {
		return rest
	}
	return s
}

func formulaLike(s string) bool {
	s = strings.TrimLeft(s, "'")
	return s != "" && strings.IndexByte(guards, s[0]) >= 0 || slices.Contains(failures, s)
}
