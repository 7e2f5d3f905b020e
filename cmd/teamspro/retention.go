package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strconv"
	"time"

	"teamspro/internal/configuration"
	"teamspro/internal/contact"
	"teamspro/internal/identity"
	"teamspro/internal/image"
)

// When what waited too long is erased: shortly after the start, when there is less to do, and once a day by the clock of
// the service. That clock can be set in the sandbox; so it is asked every minute.
const (
	firstErase = 2 * time.Minute
	eraseEvery = 24 * time.Hour
	erasePause = time.Minute
)

// maxGrace is ten years: more is a slip of the pen.
const maxGrace = 3650 * 24 * time.Hour

var graceForm = regexp.MustCompile(`^(0|[0-9]{1,6}[dh])$`)

// readGrace reads TEAMSPRO_GRACE.
func (s *settings) readGrace() error {
	if !graceForm.MatchString(s.Grace) {
		return errors.New("TEAMSPRO_GRACE is not a number of days or hours, such as 30d or 720h, or 0")
	}
	unit := time.Hour
	if s.Grace[len(s.Grace)-1] == 'd' {
		unit = 24 * time.Hour
	}
	n, _ := strconv.Atoi(s.Grace[:max(1, len(s.Grace)-1)])
	if s.grace = time.Duration(n) * unit; s.grace > maxGrace {
		return errors.New("TEAMSPRO_GRACE is more than ten years")
	}
	return nil
}

// retention erases what waits since the app was removed from a conversation, when it did not come back in time.
type retention struct {
	grace   time.Duration
	now     func() time.Time
	tenants func(context.Context) ([]identity.Tenant, error)
	books   *contact.Books
	imports *contact.Imports    // nil where nothing is imported
	gallery *image.Gallery      // nil without Image Pro
	shelf   configuration.Shelf // nil where conversations decide nothing
	log     *slog.Logger
}

// overdue is what waits too long, or did.
type overdue struct{ books, contacts, libraries, configurations int }

// run erases until ctx ends.
func (r *retention) run(ctx context.Context) {
	var last time.Time
	for due := time.NewTimer(firstErase); ; due.Reset(erasePause) {
		select {
		case <-due.C:
			if now := r.now(); now.Sub(last).Abs() >= eraseEvery {
				last = now
				r.eraseAll(ctx)
			}
		case <-ctx.Done():
			return
		}
	}
}

// eraseAll erases for all tenants, and says in the log how much that was. What fails is tried again the next day.
func (r *retention) eraseAll(ctx context.Context) {
	tenants, err := r.tenants(ctx)
	for _, t := range tenants {
		if ctx.Err() != nil {
			return
		}
		erased, failed := r.erase(ctx, t)
		if erased != (overdue{}) {
			r.log.Info("what waited for the app to come back was erased", "tenant", t, "books", erased.books, "libraries", erased.libraries, "configurations", erased.configurations)
		}
		err = errors.Join(err, failed)
	}
	if err != nil && ctx.Err() == nil {
		r.log.Error("not all that waited too long could be erased; the next run tries again", "error", err)
	}
}

// erase erases for one tenant. Each part is done whatever becomes of the others.
func (r *retention) erase(ctx context.Context, t identity.Tenant) (done overdue, err error) {
	var problems [4]error
	before := r.before()
	done.books, problems[0] = r.books.EraseWaiting(ctx, t, before)
	if r.gallery != nil {
		done.libraries, problems[1] = r.gallery.EraseWaiting(ctx, t, before)
	}
	if r.shelf != nil {
		done.configurations, problems[2] = configuration.EraseWaiting(ctx, r.shelf, t, before)
	}
	if r.imports != nil {
		problems[3] = r.imports.Purge(ctx, t)
	}
	return done, errors.Join(problems[:]...)
}

// dryRun tells what erase would erase now, and erases nothing.
func (r *retention) dryRun(ctx context.Context, t identity.Tenant) (due overdue, err error) {
	before := r.before()
	left, err := r.books.CountWaiting(ctx, t, before)
	if due.books, due.contacts = left.Books, left.Contacts; err != nil {
		return due, err
	}
	if r.gallery != nil {
		if due.libraries, err = r.gallery.CountWaiting(ctx, t, before); err != nil {
			return due, fmt.Errorf("libraries: %w", err)
		}
	}
	if r.shelf != nil {
		due.configurations, err = configuration.CountWaiting(ctx, r.shelf, t, before)
	}
	return due, err
}

func (r *retention) before() time.Time { return r.now().Add(-r.grace) }
