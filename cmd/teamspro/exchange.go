package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"teamspro/internal/contact"
	"teamspro/internal/exchange"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/lang"
	"teamspro/store"
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

// Run reads the database of a service that is stopped: two processes never share it.
func (c exportCmd) Run(ctx context.Context, out output) (err error) {
	path := filepath.Join(c.Data, "teamspro.db")
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("there is no database to export from: %w", err)
	}
	db, err := store.Open(ctx, store.Config{Path: path})
	if err != nil {
		return said(c.Lang, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := c.known(ctx, db); err != nil {
		return err
	}
	written := 0
	err = replaceFile(ctx, c.Out, func(w io.Writer) error {
		return exchange.Write(w, c.Format, c.contacts(ctx, db, &written))
	})
	if err != nil {
		return said(c.Lang, err)
	}
	fmt.Fprintf(out, "%d contacts written to %s\n", written, c.Out)
	return nil
}

// known tells a slip of the pen from a book without contacts.
func (c exportCmd) known(ctx context.Context, db *store.DB) error {
	tenants, err := db.Tenants(ctx)
	if err != nil {
		return said(c.Lang, err)
	}
	if !slices.Contains(tenants, identity.Tenant(c.Tenant)) {
		return fmt.Errorf("--tenant: nothing is stored of %q", c.Tenant)
	}
	if c.All {
		return nil
	}
	_, err = db.Books().Book(ctx, identity.Tenant(c.Tenant), contact.BookID(c.Book))
	if fault.Is(err, fault.NotFound) {
		return fmt.Errorf("--book: there is no book %q", c.Book)
	}
	return err
}

// contacts gives what is asked for, and counts it.
func (c exportCmd) contacts(ctx context.Context, db *store.DB, count *int) iter.Seq2[contact.Contact, error] {
	return func(yield func(contact.Contact, error) bool) {
		stop := errors.New("enough")
		err := db.Contacts().Each(ctx, identity.Tenant(c.Tenant), func(k contact.Contact) error {
			if !c.All && k.Book != contact.BookID(c.Book) {
				return nil
			}
			*count++
			if !yield(k, nil) {
				return stop
			}
			return nil
		})
		if err != nil && !errors.Is(err, stop) {
			yield(contact.Contact{}, err)
		}
	}
}

// said puts a failure into the words that people get for it.
func said(locale string, err error) error {
	var f *fault.Error
	if errors.As(err, &f) && f.Text != "" {
		return errors.New(lang.For(locale).Text(f.Text, f.Args...))
	}
	return err
}

// importCmd looks at a file of contacts.
type importCmd struct {
	Check  string `required:"" type:"existingfile" placeholder:"FILE" help:"File to look at: xlsx, CSV, vCard or JSON, known by what is in it. Nothing is imported: that is done in Teams, where it is known who may change which book."`
	Region string `env:"TEAMSPRO_REGION" help:"Country (FR, DE, US …) whose phone numbers people write without country code."`
	Lang   string `default:"en" enum:"en,fr" help:"Language (${enum})."`
}

// Run prints how many rows of the file can be read, and why others cannot. It fails when none can.
func (c importCmd) Run(ctx context.Context, out output) error {
	data, err := os.Open(c.Check)
	if err != nil {
		return err
	}
	defer data.Close()
	info, err := data.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s: %w", c.Check, fs.ErrInvalid)
	}
	file, err := exchange.Open(data, info.Size(), exchange.Limits{})
	if err != nil {
		return said(c.Lang, err)
	}
	found := checked{text: lang.For(c.Lang), left: map[string]int{}}
	err = file.Each(ctx, file.Mapping, contact.Checker{Region: strings.ToUpper(c.Region)}, found.row)
	if err = errors.Join(err, file.Close()); err != nil {
		return said(c.Lang, err)
	}
	found.print(out, file)
	if found.rows == len(found.bad) {
		return errors.New(found.text.Text("exchange.check.nothing"))
	}
	return nil
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
