package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"teamspro/internal/contact"
	"teamspro/internal/exchange"
	"teamspro/internal/identity"
	"teamspro/internal/lang"
)

// importCmd brings a file of contacts into a book, or only looks at one.
type importCmd struct {
	File    string `arg:"" optional:"" type:"existingfile" help:"File to import: xlsx, CSV, vCard or JSON, known by what is in it."`
	Check   string `type:"existingfile" placeholder:"FILE" help:"Only say what could be read from a file; no book is compared and nothing is changed."`
	Undo    string `placeholder:"ID" help:"Take an import back, as one step; what somebody changed since stays."`
	Resume  string `placeholder:"ID" help:"Go on with an import that was interrupted."`
	Tenant  string `help:"Tenant whose book it is, by its id."`
	Book    string `help:"Book to import into, by its id."`
	SkipBad bool   `help:"Import the others when some rows cannot be read; otherwise nothing is imported then."`
	Yes     bool   `short:"y" help:"Do not ask."`
	Data    string `default:"./data" env:"TEAMSPRO_DATA" help:"Folder of teamspro.db."`
	Region  string `env:"TEAMSPRO_REGION" help:"Country (FR, DE, US …) whose phone numbers people write without country code."`
	Lang    string `default:"en" enum:"en,fr" help:"Language (${enum})."`

	asks *bufio.Reader // who is asked; nil is standard input, when that is a terminal
}

// Run does the one thing that is wanted.
func (c importCmd) Run(ctx context.Context, out output) error {
	wishes := 0
	for _, wish := range []string{c.File, c.Check, c.Undo, c.Resume} {
		if wish != "" {
			wishes++
		}
	}
	switch {
	case wishes != 1:
		return errors.New("one of FILE, --check FILE, --undo ID and --resume ID is wanted")
	case c.Check != "":
		return c.check(ctx, out)
	case c.Tenant == "":
		return errors.New("--tenant is missing: the organisation whose book it is")
	case c.Undo != "":
		return c.work(ctx, out, importAsk{Tenant: identity.Tenant(c.Tenant), Import: contact.ImportID(c.Undo), Undo: true})
	case c.Resume != "":
		return c.work(ctx, out, importAsk{Tenant: identity.Tenant(c.Tenant), Import: contact.ImportID(c.Resume)})
	case c.Book == "":
		return errors.New("--book is missing: the book to import into")
	}
	return c.bring(ctx, out)
}

// opened opens a file of contacts; done closes it.
func (c importCmd) opened(path string) (file *exchange.File, done func() error, err error) {
	data, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	info, err := data.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: %w", path, fs.ErrInvalid)
	}
	if err != nil {
		return nil, nil, errors.Join(err, data.Close())
	}
	file, err = exchange.Open(data, info.Size(), exchange.Limits{})
	if err != nil {
		return nil, nil, errors.Join(said(c.Lang, err), data.Close())
	}
	return file, func() error { return errors.Join(file.Close(), data.Close()) }, nil
}

func (c importCmd) checker() contact.Checker {
	return contact.Checker{Region: strings.ToUpper(c.Region)}
}

// check prints how many rows of the file can be read, and why others cannot. It fails when none can.
func (c importCmd) check(ctx context.Context, out output) error {
	file, done, err := c.opened(c.Check)
	if err != nil {
		return err
	}
	found := checked{text: lang.For(c.Lang), left: map[string]int{}}
	err = file.Each(ctx, file.Mapping, c.checker(), found.row)
	if err = errors.Join(err, done()); err != nil {
		return said(c.Lang, err)
	}
	found.print(out, file)
	if found.rows == len(found.bad) {
		return errors.New(found.text.Text("exchange.check.nothing"))
	}
	return nil
}

// bring looks at the file, shows what would become of it, and carries it out when that is wanted.
func (c importCmd) bring(ctx context.Context, out output) error {
	imp, err := c.look(ctx, out)
	if err != nil {
		return err
	}
	ask := importAsk{Tenant: imp.Tenant, Import: imp.ID}
	agreed := false
	question, err := c.preview(out, imp)
	if err == nil && question != "" {
		agreed, err = c.agreed(out, question)
	}
	if err != nil || !agreed {
		return errors.Join(err, c.cancel(ctx, ask))
	}
	return c.work(ctx, out, ask)
}

// look hands the rows over to be compared with the book.
func (c importCmd) look(ctx context.Context, out output) (imp contact.Import, err error) {
	file, done, err := c.opened(c.File)
	if err != nil {
		return imp, err
	}
	defer func() { err = errors.Join(err, done()) }()
	found := checked{text: lang.For(c.Lang), left: map[string]int{}}
	rows, end := rowsOf(func(row func(any) error) error {
		return file.Each(ctx, file.Mapping, c.checker(), func(r exchange.Row) error {
			if err := found.row(r); err != nil {
				return err
			}
			return row(r)
		})
	})
	defer end()
	var answer strings.Builder
	ask := importAsk{Tenant: identity.Tenant(c.Tenant), Book: contact.BookID(c.Book), Format: string(file.Format)}
	if err := operate(ctx, c.Data, "import-look", ask, rows, &answer); err != nil {
		return imp, said(c.Lang, err)
	}
	found.print(out, file)
	return imp, json.Unmarshal([]byte(answer.String()), &imp)
}

// preview says what would become of the file, and gives the question that is to be answered; "" when there is nothing to do.
func (c importCmd) preview(out output, imp contact.Import) (question string, err error) {
	t, f := lang.For(c.Lang), imp.Found
	fmt.Fprintln(out, t.Text("exchange.import.found", "New", f.New, "Changed", f.Changed, "Same", f.Same, "Bad", f.Bad))
	switch {
	case f.New+f.Changed == 0 && f.Bad == 0:
		fmt.Fprintln(out, t.Text("exchange.import.idle"))
		return "", nil
	case f.Bad > 0 && !c.SkipBad && (c.Yes || f.New+f.Changed == 0):
		return "", errors.New(t.Text("exchange.import.bad", "Count", f.Bad))
	case f.New+f.Changed == 0:
		fmt.Fprintln(out, t.Text("exchange.import.idle"))
		return "", nil
	case f.Bad > 0:
		return t.Text("exchange.import.others"), nil
	}
	return t.Text("exchange.import.ask"), nil
}

// agreed asks, unless --yes answers.
func (c importCmd) agreed(out output, question string) (bool, error) {
	if c.Yes {
		return true, nil
	}
	answers := c.asks
	if answers == nil {
		if !isTerminal(os.Stdin) {
			return false, errors.New(lang.For(c.Lang).Text("exchange.import.yes"))
		}
		answers = bufio.NewReader(os.Stdin)
	}
	fmt.Fprint(out, question, " [y/N] ")
	line, _ := answers.ReadString('\n') // the end of the input is a no
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes", "o", "oui":
		return true, nil
	}
	fmt.Fprintln(out, lang.For(c.Lang).Text("exchange.import.no"))
	return false, nil
}

// isTerminal tells whether somebody sits there.
func isTerminal(w any) bool {
	file, is := w.(*os.File)
	if !is {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&fs.ModeCharDevice != 0
}

// cancel drops an import that was looked at.
func (c importCmd) cancel(ctx context.Context, ask importAsk) error {
	return operate(context.WithoutCancel(ctx), c.Data, "import-cancel", ask, nil, io.Discard)
}

// progressEvery is how often a terminal is told how far it has come.
const progressEvery = 200 * time.Millisecond

// work has an import carried out, gone on with or taken back, and shows how far it has come.
func (c importCmd) work(ctx context.Context, out output, ask importAsk) error {
	t := lang.For(c.Lang)
	var imp contact.Import
	var shown time.Time
	live := isTerminal(out.Writer)
	lines, write := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := operate(ctx, c.Data, "import-work", ask, nil, write)
		_ = write.Close()
		ended <- err
	}()
	err := eachRow(lines, func(now contact.Import) error {
		imp = now
		if live && time.Since(shown) > progressEvery {
			shown = time.Now()
			fmt.Fprintf(out, "\r%s ", t.Text("exchange.import.progress", "Past", now.Past, "Rows", total(now)))
		}
		return nil
	})
	if live {
		fmt.Fprint(out, "\r")
	}
	err = errors.Join(err, lines.Close(), <-ended)
	switch begun := imp.ID != "" || ctx.Err() != nil || errors.Is(err, errBrokeOff); {
	case err != nil && !begun:
		return said(c.Lang, err)
	case err != nil:
		return fmt.Errorf("%w\n%s", said(c.Lang, err), t.Text("exchange.import.again", "Command", again(c, ask)))
	}
	c.outcome(out, imp)
	return nil
}

// total is how much there is to do.
func total(i contact.Import) int {
	if i.State == contact.ImportUndoing || i.State == contact.ImportUndone {
		return i.Changes
	}
	return i.Rows
}

func again(c importCmd, ask importAsk) string {
	how := "--resume"
	if ask.Undo {
		how = "--undo"
	}
	return fmt.Sprintf("teamspro import %s %s --tenant %s --data %s", how, ask.Import, ask.Tenant, c.Data)
}

// outcome says how an import ended.
func (c importCmd) outcome(out output, imp contact.Import) {
	t := lang.For(c.Lang)
	switch imp.State {
	case contact.ImportDone:
		fmt.Fprintln(out, t.Text("exchange.import.done", "New", imp.Made.New, "Changed", imp.Made.Changed, "Same", imp.Made.Same, "Kept", imp.Made.Kept, "Bad", imp.Made.Bad))
		if imp.Changes > 0 {
			fmt.Fprintln(out, t.Text("exchange.import.undo", "Command", again(c, importAsk{Tenant: imp.Tenant, Import: imp.ID, Undo: true})))
		}
	case contact.ImportUndone:
		fmt.Fprintln(out, t.Text("exchange.import.undone", "Back", imp.Back, "Stayed", imp.Stayed))
	default:
		fmt.Fprintln(out, t.Text("exchange.import.stopped", "Past", imp.Past, "Rows", total(imp)))
	}
}
