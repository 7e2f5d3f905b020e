package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"teamspro/internal/contact"
	"teamspro/internal/exchange"
	"teamspro/internal/fault"
	"teamspro/internal/lang"
)

// said puts a failure into the words that people get for it.
func said(locale string, err error) error {
	var f *fault.Error
	if errors.As(err, &f) && f.Text != "" {
		return errors.New(lang.For(locale).Text(f.Text, f.Args...))
	}
	return err
}

// checked is what was found in a file.
type checked struct {
	text *lang.Printer
	rows int
	bad  []string       // the numbers of rows that cannot be read
	why  []string       // a line for each of the first of them
	left map[string]int // what was left out, and of how many rows
}

// mostBad is how many rows that cannot be read are listed.
const mostBad = 20

func (k *checked) row(r exchange.Row) error {
	k.rows++
	for _, l := range r.Left {
		k.left[k.sentence(l)]++
	}
	if len(r.Problems) == 0 {
		return nil
	}
	k.bad = append(k.bad, strconv.Itoa(r.Number))
	if len(k.bad) <= mostBad {
		k.why = append(k.why, k.text.Text("exchange.check.row", "Row", r.Number, "Why", k.sentence(r.Problems[0])))
	}
	return nil
}

func (k *checked) sentence(p contact.Problem) string {
	why := k.text.Text(p.Text, p.Args...)
	if p.Field == "" {
		return why
	}
	return k.text.Text("exchange.check.field", "Field", k.text.Text("field."+string(p.Field)), "Why", why)
}

func (k *checked) print(out io.Writer, file *exchange.File) {
	if file.Sheet != "" {
		fmt.Fprintln(out, k.text.Text("exchange.check.sheet", "Name", file.Sheet))
	}
	fmt.Fprintln(out, k.sum())
	for _, line := range k.why {
		fmt.Fprintln(out, line)
	}
	for _, why := range slices.Sorted(maps.Keys(k.left)) {
		fmt.Fprintln(out, k.text.Text("exchange.check.left", "Why", why, "Count", k.left[why]))
	}
	if unknown := file.Mapping.Unknown(); len(unknown) > 0 {
		fmt.Fprintln(out, k.text.Text("exchange.check.unknown", "Names", strings.Join(unknown, ", ")))
	}
	for _, c := range file.Mapping.Columns {
		if c.Target != exchange.Unknown && !c.Sure {
			fmt.Fprintln(out, k.text.Text("exchange.check.unsure", "Header", c.Header, "Field", k.target(c.Target)))
		}
	}
}

func (k *checked) target(t exchange.Target) string {
	if slices.Contains(contact.Fields, contact.Field(t)) {
		return k.text.Text("field." + string(t))
	}
	return k.text.Text("exchange.check.part")
}

func (k *checked) sum() string {
	if len(k.bad) == 0 {
		return k.text.Text("exchange.check.all", "Count", k.rows)
	}
	listed := strings.Join(k.bad[:min(len(k.bad), mostBad)], ", ")
	if len(k.bad) > mostBad {
		listed += ", …"
	}
	return k.text.Text("exchange.check.some", "Count", k.rows, "Good", k.rows-len(k.bad), "Bad", len(k.bad), "Rows", listed)
}
