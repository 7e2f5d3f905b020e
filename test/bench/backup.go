package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"teamspro/internal/contact"
	"teamspro/internal/identity"
	"teamspro/store"
)

const (
	backedUp      = 100_000 // contacts that are searched
	backupFile    = 1 << 30 // bytes of the file, the rest of which another organisation fills
	backupRounds  = 3
	backupAlone   = 10 * time.Second
	backupAtMost  = 5 * time.Minute
	fillerNotes   = 250_000
	fillerAtATime = 20
)

// backup measures how long searches take while a large file is backed up, beside those when nothing else goes on.
func backup(ctx context.Context, b bench) (report, error) {
	r := report{head: []string{"round", "a search alone p50 / p99, ms", "during the backup p50 / p99, ms", "backup, s", "file, MiB"},
		about: fmt.Sprintf("Searches over one connection among %d contacts: for %s alone, and then while `teamspro backup` copies and examines the file of the service.", backedUp, backupAlone)}
	f, err := b.furnish(ctx, population(backedUp))
	if err != nil {
		return r, err
	}
	defer f.close()
	if err := fill(ctx, f.folder); err != nil {
		return r, err
	}
	return r, r.backUp(ctx, f)
}

// fill writes contacts of another organisation until the file is large enough.
func fill(ctx context.Context, folder string) (err error) {
	db, err := store.Open(ctx, store.Config{Path: filepath.Join(folder, "teamspro.db")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	const other = identity.Tenant("99999999-9999-4999-8999-999999999999")
	for n := 0; db.Size() < backupFile; n++ {
		step := contact.Step{ID: contact.ChangeID(fmt.Sprint("filler", n)), At: noon}
		for i := range fillerAtATime {
			step.Changes = append(step.Changes, contact.Change{ID: contact.StepChange(step.ID, i), Act: contact.Added, Contact: contact.ID(fmt.Sprint("filler", n, "-", i)), Book: "filler", Version: 1,
				After: &contact.Record{Name: "Filler", Notes: strings.Repeat("n", fillerNotes)}})
		}
		if _, err := db.Contacts().ApplyAll(ctx, other, step); err != nil {
			return err
		}
	}
	return nil
}

// backUp runs the rounds, and holds the worst against the goal.
func (r *report) backUp(ctx context.Context, f furnished) error {
	srv, _, err := f.serve(ctx)
	if err != nil {
		return err
	}
	defer srv.stop()
	var alone, during []float64
	for round := range backupRounds {
		quiet, err := f.caller.run(ctx, srv.addr, 1, backupAlone)
		if err != nil {
			return err
		}
		busy, took, err := f.whileBackup(ctx, srv.addr)
		if err != nil {
			return err
		}
		info, err := os.Stat(filepath.Join(f.folder, "copy.db"))
		if err != nil {
			return err
		}
		alone, during = append(alone, ms(quantile(quiet.each, 0.99))), append(during, ms(quantile(busy.each, 0.99)))
		r.rows = append(r.rows, []string{fmt.Sprint(round + 1), short(ms(quantile(quiet.each, 0.5))) + " / " + short(alone[round]),
			short(ms(quantile(busy.each, 0.5))) + " / " + short(during[round]), short(took.Seconds()), short(float64(info.Size()) / (1 << 20))})
	}
	slices.Sort(alone)
	slices.Sort(during)
	ratio := during[len(during)/2] / alone[len(alone)/2]
	r.goals = append(r.goals, goal{text: "p99 of a search during a backup < 2 × alone, of the median round", found: short(ratio) + " ×", holds: ratio < 2})
	return nil
}

// whileBackup searches for as long as a backup takes.
func (f furnished) whileBackup(ctx context.Context, addr string) (done burst, took time.Duration, err error) {
	searching, stop := context.WithCancel(ctx)
	defer stop()
	begun := time.Now()
	failed := make(chan error, 1)
	go func() {
		err := f.operate(ctx, "backup", "--out", filepath.Join(f.folder, "copy.db"))
		took = time.Since(begun)
		failed <- err
		stop()
	}()
	done, err = f.caller.run(searching, addr, 1, backupAtMost)
	return done, took, errors.Join(err, <-failed)
}
