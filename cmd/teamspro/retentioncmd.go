package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"teamspro/internal/identity"
	"teamspro/internal/image"
	"teamspro/store"
)

// retentionCmd takes away what was kept long enough, as the service does every night.
type retentionCmd struct {
	Data   string       `default:"./data" env:"TEAMSPRO_DATA" help:"Folder of teamspro.db."`
	Tenant string       `help:"Only of this tenant, by its id; otherwise of all."`
	DryRun bool         `help:"Only say what would be erased, and why."`
	Grace  string       `default:"30d" env:"TEAMSPRO_GRACE" help:"As for serve. A running service goes by its own settings."`
	Keep   keepSettings `embed:"" prefix:"keep-" envprefix:"TEAMSPRO_KEEP_"`
}

// retentionAsk is what the task is asked. Keep counts where no service runs.
type retentionAsk struct {
	Tenant string
	DryRun bool
	Keep   store.Keep
}

// Run has the task done, whether the service runs or not.
func (c retentionCmd) Run(ctx context.Context, out output) error {
	keep, err := c.Keep.read(c.Grace)
	if err != nil {
		return err
	}
	return operate(ctx, c.Data, "retention", retentionAsk{strings.ToLower(c.Tenant), c.DryRun, keep}, nil, out)
}

// retain is the task of retention.
func retain(ctx context.Context, at *premises, ask json.RawMessage, _ io.Reader, out io.Writer) error {
	a, err := asked[retentionAsk](ask)
	if err != nil {
		return err
	}
	r := at.retention
	if at.alone {
		r = at.ownRetention(a.Keep)
	}
	tenants, err := at.tenants(ctx, a.Tenant)
	if err != nil {
		return err
	}
	return r.tell(ctx, out, tenants, a.DryRun)
}

// ownRetention is that of a service that does not run.
func (p *premises) ownRetention(keep store.Keep) *retention {
	return &retention{keep: keep, now: p.now, tenants: p.db.Tenants, books: p.books, gallery: asideGallery(p.db, p.now), shelf: p.db.Configurations(), old: p.db.Retention(), folder: p.data, log: p.log}
}

// asideGallery knows what waits of libraries and pins, and nothing else: that ends where Image Pro is not served any more, too.
func asideGallery(db *store.DB, now func() time.Time) *image.Gallery {
	return image.NewGallery(image.GalleryConfig{Studio: image.NewStudio(image.StudioConfig{}), Libraries: db.Libraries(), Aside: db.Aside(), Now: now})
}

// tell does what is due, or only counts it, and says so.
func (r *retention) tell(ctx context.Context, out io.Writer, tenants []identity.Tenant, dry bool) error {
	do := r.erase
	if dry {
		do = r.dryRun
	}
	var problems []error
	for _, t := range tenants {
		due, err := do(ctx, t)
		problems = append(problems, err)
		fmt.Fprintf(out, "Tenant %s\n", t)
		r.tellDue(out, due, dry)
	}
	copies := r.oldCopies()
	if !dry {
		problems = append(problems, r.eraseCopies())
	}
	for _, path := range copies {
		fmt.Fprintf(out, "%s: a copy from before a migration, older than %s\n", path, days(copiesKept))
	}
	if dry {
		fmt.Fprintln(out, "Nothing was erased.")
	}
	return errors.Join(problems...)
}

func (r *retention) tellDue(out io.Writer, due overdue, dry bool) {
	waited := "the app was removed more than " + days(r.keep.Grace) + " ago"
	for _, line := range []struct {
		kind, why string
		count     int
	}{{"books", waited, due.books}, {"contacts of these books", waited, due.contacts}, {"libraries and pins", waited, due.libraries}, {"settings", waited, due.configurations},
		{"people", "their erasing was interrupted", due.people}} {
		if line.count > 0 {
			fmt.Fprintf(out, "%8d  %-24s %s\n", line.count, line.kind, line.why)
		}
	}
	for _, x := range due.old {
		why := "older than " + days(x.Age)
		if x.Age == 0 {
			why = "what they belong to is gone"
		}
		fmt.Fprintf(out, "%8d  %-24s %s\n", x.Count, x.Kind, why)
	}
	if due.none() {
		fmt.Fprintln(out, "       0  nothing is due")
	}
}

// days says a period as the operator writes it.
func days(d time.Duration) string {
	if d%(24*time.Hour) == 0 {
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	}
	return fmt.Sprintf("%d hours", d/time.Hour)
}
