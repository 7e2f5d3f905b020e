package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"teamspro/internal/audit"
	"teamspro/internal/identity"
	"teamspro/store"
)

// auditCmd looks at the audit log.
type auditCmd struct {
	Verify auditVerifyCmd `cmd:"" help:"Tell whether the audit log is as it was written, also while the service runs."`
	Export auditExportCmd `cmd:"" help:"Write the audit log, also while the service runs."`
}

type auditVerifyCmd struct {
	Data   string `default:"./data" env:"TEAMSPRO_DATA" help:"Folder of teamspro.db."`
	Tenant string `help:"Only the log of this tenant, by its id."`
}

type auditExportCmd struct {
	Data   string `default:"./data" env:"TEAMSPRO_DATA" help:"Folder of teamspro.db."`
	Tenant string `help:"Only the log of this tenant, by its id."`
	Format string `default:"jsonl" enum:"jsonl,csv" help:"What is written: ${enum}."`
	Since  string `placeholder:"WHEN" help:"Only entries since then: a day (2026-11-22), a moment (2026-11-22T08:00:00Z) or so long ago (72h)."`
	Out    string `short:"o" default:"-" placeholder:"FILE" help:"File to write; - is standard output."`
}

// auditAsk is what the service is asked for.
type auditAsk struct {
	Tenant string    `json:"tenant,omitempty"`
	Format string    `json:"format,omitempty"`
	Since  time.Time `json:"since,omitzero"`
}

// Run fails when an entry is not the one that was written at its place.
func (c auditVerifyCmd) Run(ctx context.Context, out output) error {
	return operate(ctx, c.Data, "audit-verify", auditAsk{Tenant: c.Tenant}, nil, out)
}

// Run writes the entries of each tenant, oldest first.
func (c auditExportCmd) Run(ctx context.Context, out output) error {
	since, err := sinceWhen(c.Since, time.Now())
	if err != nil {
		return err
	}
	ask := auditAsk{Tenant: c.Tenant, Format: c.Format, Since: since}
	if c.Out == "-" {
		return operate(ctx, c.Data, "audit-export", ask, nil, out)
	}
	return replaceFile(ctx, c.Out, func(w io.Writer) error { return operate(ctx, c.Data, "audit-export", ask, nil, w) })
}

// sinceWhen reads --since. A day begins in the zone of this machine.
func sinceWhen(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if ago, err := time.ParseDuration(s); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	if day, err := time.ParseInLocation(time.DateOnly, s, time.Local); err == nil {
		return day, nil
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return at, errors.New("--since is no day (2026-11-22), no moment (2026-11-22T08:00:00Z) and no time ago (72h)")
	}
	return at, nil
}

// tenants are those that are meant: one, or all.
func (p *premises) tenants(ctx context.Context, only string) ([]identity.Tenant, error) {
	if only == "" {
		return p.db.Tenants(ctx)
	}
	return []identity.Tenant{identity.Tenant(only)}, p.knows(ctx, only)
}

// auditPage is how many entries are read in one transaction.
const auditPage = 1000

// entries gives the entries of a tenant, oldest first.
func (p *premises) entries(ctx context.Context, t identity.Tenant, take func(audit.Recorded) error) error {
	for from := uint64(0); ; {
		page, err := p.db.Audit().Entries(ctx, t, from, auditPage)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, e := range page {
			if err := take(e); err != nil {
				return err
			}
		}
		from = page[len(page)-1].Number + 1
	}
}

// auditVerifyTask examines each log to its end, whatever the one before is like.
func auditVerifyTask(ctx context.Context, at *premises, ask json.RawMessage, _ io.Reader, out io.Writer) error {
	wish, err := asked[auditAsk](ask)
	if err != nil {
		return err
	}
	tenants, err := at.tenants(ctx, wish.Tenant)
	if err != nil {
		return err
	}
	broken := 0
	for _, t := range tenants {
		said, err := at.verified(ctx, t)
		var wrong *store.BrokenError
		if errors.As(err, &wrong) {
			said, broken = wrong.Error(), broken+1
		} else if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s: %s\n", t, said)
	}
	if broken > 0 {
		return fmt.Errorf("%s not as written: compare with a backup or an export from before", count(broken, "audit log"))
	}
	return nil
}

// verified says of a log that is whole how long it is and what stands for it.
func (p *premises) verified(ctx context.Context, t identity.Tenant) (string, error) {
	if err := p.db.Audit().Verify(ctx, t); err != nil {
		return "", err
	}
	var last audit.Recorded
	number := 0
	err := p.entries(ctx, t, func(e audit.Recorded) error { last, number = e, number+1; return nil })
	if number == 0 || err != nil {
		return "whole, 0 entries", err
	}
	return fmt.Sprintf("whole, %s, the last of them number %d with hash %s", entriesOf(number), last.Number, last.Hash), nil
}

func entriesOf(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}

// auditLine is an entry as it is exported.
type auditLine struct {
	Tenant  identity.Tenant `json:"tenant"`
	Number  uint64          `json:"number"`
	At      time.Time       `json:"at"`
	By      identity.Person `json:"by,omitempty"`
	Surface string          `json:"surface,omitempty"`
	Act     audit.Act       `json:"act"`
	Subject string          `json:"subject"`
	Hash    string          `json:"hash"`
}

// auditExportTask writes the entries.
func auditExportTask(ctx context.Context, at *premises, ask json.RawMessage, _ io.Reader, out io.Writer) error {
	wish, err := asked[auditAsk](ask)
	if err != nil {
		return err
	}
	tenants, err := at.tenants(ctx, wish.Tenant)
	if err != nil {
		return err
	}
	to := bufio.NewWriterSize(out, 64<<10)
	write, finish := auditWriter(wish.Format, to)
	for _, t := range tenants {
		err := at.entries(ctx, t, func(e audit.Recorded) error {
			if e.At.Before(wish.Since) {
				return nil
			}
			return write(auditLine{t, e.Number, e.At, e.By, e.Surface, e.Act, e.Subject, e.Hash})
		})
		if err != nil {
			return err
		}
	}
	return errors.Join(finish(), to.Flush())
}

// auditWriter writes entries in a format.
func auditWriter(format string, to io.Writer) (write func(auditLine) error, finish func() error) {
	if format != "csv" {
		return func(l auditLine) error { return json.NewEncoder(to).Encode(l) }, func() error { return nil }
	}
	table := csv.NewWriter(to)
	begun := table.Write([]string{"tenant", "number", "at", "by", "surface", "act", "subject", "hash"})
	write = func(l auditLine) error {
		return table.Write([]string{string(l.Tenant), strconv.FormatUint(l.Number, 10), l.At.Format(time.RFC3339Nano), string(l.By), l.Surface, string(l.Act), l.Subject, l.Hash})
	}
	return write, func() error {
		table.Flush()
		return errors.Join(begun, table.Error())
	}
}
