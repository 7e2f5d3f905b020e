package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"teamspro/internal/contact"
	"teamspro/internal/identity"
)

// personCmd are the commands about one person.
type personCmd struct {
	Export personExportCmd `cmd:"" help:"Write all that is known of a person to a file."`
	Erase  personEraseCmd  `cmd:"" help:"Erase a person, and what is theirs."`
}

// personFlags say whom a command is about.
type personFlags struct {
	Person string   `arg:"" help:"The person's Entra object id."`
	Data   string   `default:"./data" env:"TEAMSPRO_DATA" help:"Folder of teamspro.db."`
	Tenant string   `required:"" help:"Tenant of the person, by its id."`
	Mail   []string `sep:"none" help:"An e-mail address of the person, besides those of their profile; may be given several times."`
	Phone  []string `sep:"none" help:"A telephone number of the person; may be given several times."`
}

// personAsk is what the tasks about a person are asked.
type personAsk struct {
	Tenant, Person string
	Mails, Phones  []string
	Contacts       bool
	DryRun         bool
}

func (f personFlags) ask() personAsk {
	return personAsk{Tenant: strings.ToLower(f.Tenant), Person: strings.ToLower(f.Person), Mails: f.Mail, Phones: f.Phone}
}

func (a personAsk) whom() contact.Whom {
	return contact.Whom{Person: identity.Person(a.Person), Mails: a.Mails, Phones: a.Phones, Contacts: a.Contacts}
}

type personExportCmd struct {
	personFlags `embed:""`
	Out         string `short:"o" required:"" help:"JSON file to write; one that is there is replaced."`
}

// Run writes the file, whether the service runs or not.
func (c personExportCmd) Run(ctx context.Context, out output) error {
	err := replaceFile(ctx, c.Out, func(w io.Writer) error {
		return operate(ctx, c.Data, "person-export", c.ask(), nil, w)
	})
	if err != nil {
		return err
	}
	raw, err := os.ReadFile(c.Out)
	if err != nil {
		return err
	}
	return tellDossier(out, raw, c.Out)
}

// tellDossier says how much each section of a file has.
func tellDossier(out io.Writer, raw []byte, file string) error {
	var sections map[string]json.RawMessage
	if err := json.Unmarshal(raw, &sections); err != nil {
		return fmt.Errorf("the file is not whole: %w", err)
	}
	names := make([]string, 0, len(sections))
	for name := range sections {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		var items []json.RawMessage
		if json.Unmarshal(sections[name], &items) == nil && len(items) > 0 {
			fmt.Fprintf(out, "%6d  %s\n", len(items), strings.ReplaceAll(name, "_", " "))
		}
	}
	fmt.Fprintf(out, "Written to %s. The file holds personal data: hand it over safely, and delete it then.\n", file)
	return nil
}

// exportPerson is the task of person export.
func exportPerson(ctx context.Context, at *premises, ask json.RawMessage, _ io.Reader, out io.Writer) error {
	a, err := asked[personAsk](ask)
	if err != nil {
		return err
	}
	if err := at.knows(ctx, a.Tenant); err != nil {
		return err
	}
	_, err = at.db.Leavers().Dossier(ctx, identity.Tenant(a.Tenant), a.whom(), out)
	return err
}

type personEraseCmd struct {
	personFlags `embed:""`
	Contacts    bool `help:"Erase the contacts about the person, too: those with one of their e-mail addresses or numbers, with their history."`
	DryRun      bool `help:"Only say what would be erased."`
}

// Run erases, whether the service runs or not.
func (c personEraseCmd) Run(ctx context.Context, out output) error {
	ask := c.ask()
	ask.Contacts, ask.DryRun = c.Contacts, c.DryRun
	return operate(ctx, c.Data, "person-erase", ask, nil, out)
}

// erasePerson is the task of person erase.
func erasePerson(ctx context.Context, at *premises, ask json.RawMessage, _ io.Reader, out io.Writer) error {
	a, err := asked[personAsk](ask)
	if err != nil {
		return err
	}
	if err := at.knows(ctx, a.Tenant); err != nil {
		return err
	}
	do := at.books.ErasePerson
	if a.DryRun {
		do = at.books.CountPerson
	}
	done, err := do(ctx, identity.Tenant(a.Tenant), a.whom())
	if err != nil {
		return err
	}
	tellDeparture(out, done, a)
	if !a.DryRun && len(done.Removals) > 0 {
		at.tellCopies(out)
	}
	return nil
}

func tellDeparture(out io.Writer, d contact.Departure, a personAsk) {
	erased, renamed := "erased", "pseudonym instead of the person"
	if a.DryRun {
		erased, renamed = "would be erased", "would get a pseudonym instead of the person"
	}
	for _, r := range d.Removals {
		if r.Erased > 0 {
			fmt.Fprintf(out, "%6d  %s: %s\n", r.Erased, r.Kind, erased)
		}
		if r.Renamed > 0 {
			fmt.Fprintf(out, "%6d  %s: %s\n", r.Renamed, r.Kind, renamed)
		}
	}
	if len(d.Removals) == 0 {
		fmt.Fprintln(out, "Nothing is known of this person.")
	}
	for _, id := range d.Ownerless {
		fmt.Fprintf(out, "Book %s stays and has no owner by name any more; the owners of its team manage it.\n", id)
	}
	if !a.Contacts {
		fmt.Fprintln(out, "Contacts about the person were left as they are: --contacts takes those with their e-mail addresses and numbers.")
	}
}

// tellCopies says where what was erased still is.
func (p *premises) tellCopies(out io.Writer) {
	fmt.Fprintln(out, "The bytes are in free room of the database until it is used again, or until `teamspro compact`. Backups keep what they hold.")
	for _, copied := range copiesIn(p.data) {
		fmt.Fprintf(out, "%s was made before a migration and still holds it: delete it.\n", copied)
	}
}

// copiesIn lists what migrations left beside the database.
func copiesIn(folder string) []string {
	found, err := filepath.Glob(filepath.Join(folder, "teamspro.db.schema-*"))
	if err != nil {
		return nil
	}
	return found
}

// knows tells a slip of the pen from a tenant of which nothing is there.
func (p *premises) knows(ctx context.Context, tenant string) error {
	tenants, err := p.db.Tenants(ctx)
	if err != nil {
		return err
	}
	if !slices.Contains(tenants, identity.Tenant(tenant)) {
		return fmt.Errorf("--tenant: nothing is stored of %q", tenant)
	}
	return nil
}
