package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"teamspro/internal/audit"
	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/store"
)

// bookWish is one book of a backup on its way to a conversation.
type bookWish struct {
	Book     string   `placeholder:"ID" xor:"what" help:"Only this book (see --books): it becomes a book of the conversation --to, also while the service runs."`
	Tenant   string   `placeholder:"ID" help:"With --book: the tenant whose it is in the backup; needed when there are several."`
	To       string   `placeholder:"CONVERSATION" help:"With --book: the conversation (19:…) that gets it."`
	Team     string   `placeholder:"THREAD" help:"With --book: the team (19:…) of --to when that is a channel; known where the app has been used."`
	ToTenant string   `name:"to-tenant" placeholder:"ID" help:"With --book: the tenant of --to, if it is another one than in the backup."`
	Owner    []string `placeholder:"PERSON" help:"With --book: who owns it then, by their Entra object ids. Otherwise who did, within the same tenant."`
	Name     string   `help:"With --book: its name then. Otherwise the one it had."`
}

// check finds what does not fit together.
func (w bookWish) check(looking bool) error {
	others := w.Tenant != "" || w.To != "" || w.Team != "" || w.ToTenant != "" || len(w.Owner) > 0 || w.Name != ""
	switch {
	case w.Book == "" && others && !looking:
		return errors.New("--book is missing: --tenant, --to, --team, --to-tenant, --owner and --name are about one book of the backup")
	case w.Book == "":
		return nil
	case !strings.HasPrefix(w.To, "19:"):
		return errors.New("--to is missing, or is no group chat or channel: their ids begin with \"19:\" as in Teams")
	case w.Team != "" && !strings.HasPrefix(w.Team, "19:"):
		return errors.New("--team is no team: their ids begin with \"19:\" as in Teams")
	case len(w.Name) > 100:
		return errors.New("--name has more than 100 characters")
	}
	for _, o := range w.Owner {
		if !guid.MatchString(o) {
			return errors.New("--owner is not an object id (a GUID)")
		}
	}
	return nil
}

// bookAsk is what the service is asked for; the contacts follow it, one a line.
type bookAsk struct {
	Tenant identity.Tenant   `json:"tenant"`
	Wish   contact.Restoring `json:"wish"`
}

// restoreBook reads the book in the backup and hands it over.
func (c restoreCmd) restoreBook(ctx context.Context, out output) (err error) {
	db, err := store.OpenCopy(ctx, c.File)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	ask, err := c.asks(ctx, db)
	if err != nil {
		return err
	}
	contacts, done := rowsOf(func(row func(any) error) error {
		return db.Contacts().Each(ctx, ask.Wish.Tenant, func(k contact.Contact) error {
			if k.Book != ask.Wish.From.ID {
				return nil
			}
			return row(k)
		})
	})
	defer done()
	return operate(ctx, c.Data, "restore-book", ask, contacts, out)
}

// asks finds the book in the backup.
func (c restoreCmd) asks(ctx context.Context, db *store.DB) (a bookAsk, err error) {
	tenants, err := db.Tenants(ctx)
	if err != nil {
		return a, err
	}
	from := identity.Tenant(c.Tenant)
	switch {
	case from == "" && len(tenants) == 1:
		from = tenants[0]
	case from == "":
		return a, fmt.Errorf("--tenant is missing: the backup holds %d", len(tenants))
	case !slices.Contains(tenants, from):
		return a, fmt.Errorf("--tenant: the backup holds nothing of %q", c.Tenant)
	}
	a.Tenant = cmp.Or(identity.Tenant(c.ToTenant), from)
	a.Wish = contact.Restoring{Tenant: from, To: identity.Conversation(c.To), Team: c.Team, Name: c.Name}
	if a.Wish.From, err = db.Books().Book(ctx, from, contact.BookID(c.Book)); err != nil {
		if fault.Is(err, fault.NotFound) {
			return a, fmt.Errorf("--book: the backup holds no book %q; --books lists them", c.Book)
		}
		return a, err
	}
	for _, o := range c.Owner {
		a.Wish.Owners = append(a.Wish.Owners, identity.Person(strings.ToLower(o)))
	}
	if len(c.Owner) == 0 && a.Tenant == from {
		a.Wish.Owners = a.Wish.From.Owners
	}
	a.Wish.Stamp, err = db.Contacts().Stamp(ctx, from)
	return a, err
}

// restoreBookTask makes the book.
func restoreBookTask(ctx context.Context, at *premises, ask json.RawMessage, in io.Reader, out io.Writer) error {
	a, err := asked[bookAsk](ask)
	if err != nil {
		return err
	}
	tenants, err := at.db.Tenants(ctx)
	if err != nil {
		return err
	}
	if !slices.Contains(tenants, a.Tenant) {
		return fmt.Errorf("--to-tenant: nothing is stored of %q; add the app to a conversation there first", a.Tenant)
	}
	seen, err := at.placed(ctx, &a)
	if err != nil {
		return err
	}
	done, err := at.books.RestoreBook(ctx, a.Tenant, a.Wish, func(take func(contact.Contact) error) error { return eachRow(in, take) })
	if err != nil {
		return err
	}
	switch {
	case done.Added == 0 && done.There > 0:
		fmt.Fprintf(out, "It is there already, as book %s with %s: nothing was changed.\n", done.Book.ID, count(done.There, "contact"))
	case done.There > 0:
		fmt.Fprintf(out, "Gone on with book %s: %s restored, %d were there.\n", done.Book.ID, count(done.Added, "contact"), done.There)
	default:
		fmt.Fprintf(out, "Restored as book %s: %s.\n", done.Book.ID, count(done.Added, "contact"))
	}
	if !seen {
		fmt.Fprintln(out, "The app has not been used in that conversation: people see the book when it was added there and they have searched there once.")
	}
	if done.Added == 0 {
		return nil
	}
	return at.db.Audit().Enter(ctx, a.Tenant, audit.Entry{At: at.now(), Surface: "operator", Act: audit.BookRestored, Subject: string(done.Book.ID)})
}

// placed finds out of what is stored which team the conversation is of, and whether the app was used there.
func (p *premises) placed(ctx context.Context, a *bookAsk) (seen bool, err error) {
	team, seen, err := p.db.Conversations().Team(ctx, a.Tenant, a.Wish.To)
	if err != nil {
		return false, err
	}
	books, err := p.db.Books().BooksFor(ctx, a.Tenant, "", a.Wish.To)
	for _, k := range books {
		if k.Home == a.Wish.To {
			seen, team = true, cmp.Or(team, k.Team)
		}
	}
	a.Wish.Team = cmp.Or(a.Wish.Team, team)
	return seen, err
}

// listBooks prints what --book can name. A book without a name of its own is shown by its place in Teams.
func (c restoreCmd) listBooks(ctx context.Context, out output) (err error) {
	db, err := store.OpenCopy(ctx, c.File)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	tenants, err := db.Tenants(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TENANT\tBOOK\tKIND\tCONTACTS\tCONVERSATION\tNAME")
	for _, t := range tenants {
		books, err := db.Books().All(ctx, t)
		if err != nil {
			return err
		}
		held := map[contact.BookID]int{}
		if err := db.Contacts().Each(ctx, t, func(k contact.Contact) error { held[k.Book]++; return nil }); err != nil {
			return err
		}
		for _, k := range books {
			fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\n", t, k.ID, k.Kind, held[k.ID], k.Home, cmp.Or(printable(k.Name), "–"))
		}
	}
	return w.Flush()
}

// printable is a text of somebody else's as it is shown in a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

// maxRow is how long a row may be on its way to the service, in bytes; what is kept of one is shorter.
const maxRow = 1 << 20

// rowsOf is a file of rows as JSON, one a line, that is made while it is read. done ends the making.
func rowsOf(each func(row func(any) error) error) (in io.Reader, done func()) {
	read, write := io.Pipe()
	go func() {
		to := bufio.NewWriterSize(write, 64<<10)
		encoder := json.NewEncoder(to)
		err := each(encoder.Encode)
		write.CloseWithError(errors.Join(err, to.Flush()))
	}()
	return read, func() { _ = read.Close() }
}

// eachRow reads such a file.
func eachRow[T any](in io.Reader, take func(T) error) error {
	if in == nil {
		return errors.New("there are no rows")
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 64<<10), maxRow)
	for lines.Scan() {
		var row T
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return fmt.Errorf("a row is not understood: %w", err)
		}
		if err := take(row); err != nil {
			return err
		}
	}
	return lines.Err()
}
