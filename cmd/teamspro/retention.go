package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"teamspro/internal/configuration"
	"teamspro/internal/contact"
	"teamspro/internal/identity"
	"teamspro/internal/image"
	"teamspro/store"
)

// When what waited too long is erased: shortly after the start, when there is less to do, and once a day by the clock of
// the service. That clock can be set in the sandbox; so it is asked every minute.
const (
	firstErase = 2 * time.Minute
	eraseEvery = 24 * time.Hour
	erasePause = time.Minute
)

// retention erases what waits since the app was removed from a conversation, when it did not come back in time, and what was
// kept long enough (store.Retention).
type retention struct {
	keep    store.Keep
	now     func() time.Time
	tenants func(context.Context) ([]identity.Tenant, error)
	books   *contact.Books
	gallery *image.Gallery      // nil: no libraries and pins
	shelf   configuration.Shelf // nil where conversations decide nothing
	old     *store.Retention    // nil: nothing else
	folder  string              // of the database and its copies; empty: none
	log     *slog.Logger
}

// overdue is what waits too long, or did, and what is too old.
type overdue struct {
	books, contacts, libraries, configurations int
	people                                     int // whose erasing was interrupted
	old                                        []store.Expired
}

func (o overdue) none() bool {
	return o.books+o.libraries+o.configurations+o.people+len(o.old) == 0
}

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
		if erased.books+erased.libraries+erased.configurations > 0 {
			r.log.Info("what waited for the app to come back was erased", "tenant", t, "books", erased.books, "libraries", erased.libraries, "configurations", erased.configurations)
		}
		for _, x := range erased.old {
			r.log.Info("what was kept long enough was erased", "tenant", t, "kind", x.Kind, "count", x.Count)
		}
		err = errors.Join(err, failed)
	}
	err = errors.Join(err, r.eraseCopies())
	if err != nil && ctx.Err() == nil {
		r.log.Error("not all that waited too long could be erased; the next run tries again", "error", err)
	}
}

// erase erases for one tenant. Each part is done whatever becomes of the others.
func (r *retention) erase(ctx context.Context, t identity.Tenant) (done overdue, err error) {
	var problems [5]error
	before := r.before()
	done.books, problems[0] = r.books.EraseWaiting(ctx, t, before)
	if r.gallery != nil {
		done.libraries, problems[1] = r.gallery.EraseWaiting(ctx, t, before)
	}
	if r.shelf != nil {
		done.configurations, problems[2] = configuration.EraseWaiting(ctx, r.shelf, t, before)
	}
	done.people, problems[3] = r.books.ResumeErasing(ctx, t)
	done.old, problems[4] = r.enforce(ctx, t)
	return done, errors.Join(problems[:]...)
}

// enforce takes away what was kept long enough. The search index still has the words of what left the trash: it is written
// anew.
func (r *retention) enforce(ctx context.Context, t identity.Tenant) ([]store.Expired, error) {
	if r.old == nil {
		return nil, nil
	}
	old, err := r.old.Enforce(ctx, t, r.keep)
	if slices.ContainsFunc(old, func(x store.Expired) bool { return x.Kind == "trashtimes" }) {
		err = errors.Join(err, r.books.RewriteIndex(ctx, t))
	}
	return old, err
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
		if due.configurations, err = configuration.CountWaiting(ctx, r.shelf, t, before); err != nil {
			return due, fmt.Errorf("settings: %w", err)
		}
	}
	if r.old != nil {
		due.old, err = r.old.Expired(ctx, t, r.keep)
	}
	return due, err
}

func (r *retention) before() time.Time { return r.now().Add(-r.keep.Grace) }

// copiesKept is how long a copy stays that was made before a migration: until then the operator knows whether it is needed.
const copiesKept = 30 * 24 * time.Hour

// oldCopies lists the copies from before a migration that are too old.
func (r *retention) oldCopies() (old []string) {
	if r.folder == "" {
		return nil
	}
	for _, path := range copiesIn(r.folder) {
		if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) >= copiesKept { // files know the real time only
			old = append(old, path)
		}
	}
	return old
}

func (r *retention) eraseCopies() error {
	var problems []error
	for _, path := range r.oldCopies() {
		problems = append(problems, os.Remove(path))
		r.log.Info("a copy of the database from before a migration was deleted", "file", filepath.Base(path))
	}
	return errors.Join(problems...)
}
