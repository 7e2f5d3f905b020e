package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/contact"
	"teamspro/store"
)

// shelf keeps contacts on disk: a write that returned is there after the power went.
type shelf interface {
	name() string
	// write keeps a contact; worker is who of several at once writes.
	write(ctx context.Context, worker int, c *contact.Contact) error
	close() error
}

// What the store is measured with.
const (
	storeRounds = 3
	storeTime   = 1500 * time.Millisecond
)

var writers = []int{1, 8, 64}

// durable measures how many changes a second are on disk, whoever waits for them.
func durable(ctx context.Context, b bench) (report, error) {
	r := report{head: []string{"", "1 writer", "8 writers", "64 writers"},
		about: fmt.Sprintf("Contacts a second that are added and synced to disk, each writer waiting for its own; %s a round, %d rounds by turns. "+
			"teamspro is `store.Contacts().Apply`, which writes the contact, the change with its record, and the history; bbolt is `Batch` at its default delay and PostgreSQL one insert "+
			"a transaction with `synchronous_commit` on, each with the contact alone.", storeTime, storeRounds)}
	shelves, err := b.shelves(ctx, &r)
	defer func() {
		for _, s := range shelves {
			if err := s.close(); err != nil {
				fmt.Println(s.name(), "did not close:", err)
			}
		}
	}()
	if err != nil {
		return r, err
	}
	people := population(1000)
	rates := make([][]spread, len(shelves))
	for _, w := range writers {
		values := make([][]float64, len(shelves))
		for range storeRounds {
			for i, s := range shelves {
				rate, err := writeRate(ctx, s, people, w)
				if err != nil {
					return r, fmt.Errorf("%s: %w", s.name(), err)
				}
				values[i] = append(values[i], rate)
			}
		}
		for i := range shelves {
			rates[i] = append(rates[i], spreadOf(values[i]))
		}
	}
	r.judgeStore(shelves, rates)
	return r, nil
}

func (b bench) shelves(ctx context.Context, r *report) ([]shelf, error) {
	db, err := store.Open(ctx, store.Config{Path: filepath.Join(b.folder, "teamspro.db")})
	if err != nil {
		return nil, err
	}
	all := []shelf{&ours{db: db}}
	batch, err := newBolt(filepath.Join(b.folder, "batch.db"))
	if err != nil {
		return all, err
	}
	all = append(all, batch)
	pg, err := newPostgres(ctx, b.folder, writers[len(writers)-1])
	if err != nil {
		r.absent = append(r.absent, fmt.Sprintf("PostgreSQL was not measured: %v.", err))
		return all, nil
	}
	return append(all, pg), nil
}

// writeRate has so many writers write for a while.
func writeRate(ctx context.Context, s shelf, people []contact.Contact, workers int) (float64, error) {
	end := time.Now().Add(storeTime)
	start := time.Now()
	var done atomic.Int64
	err := together(workers, workers, func(worker int) error {
		for n := worker; time.Now().Before(end); n++ {
			if err := s.write(ctx, worker, &people[n%len(people)]); err != nil {
				return err
			}
			done.Add(1)
		}
		return nil
	})
	return float64(done.Load()) / time.Since(start).Seconds(), err
}

func (r *report) judgeStore(shelves []shelf, rates [][]spread) {
	for i, s := range shelves {
		row := []string{s.name()}
		for _, rate := range rates[i] {
			row = append(row, rate.String())
		}
		r.rows = append(r.rows, row)
	}
	if last := len(shelves) - 1; shelves[last].name() == "PostgreSQL" {
		theirs := func(i int) peers { return peers{{"PostgreSQL", rates[last][i].median}} }
		r.goals = []goal{times("8 writers", rates[0][1].median, theirs(1), 1), times("64 writers", rates[0][2].median, theirs(2), 4)}
	}
}

// ours is the store of teamspro.
type ours struct {
	db *store.DB
	n  atomic.Int64
}

func (o *ours) name() string { return "teamspro" }
func (o *ours) close() error { return o.db.Close() }

func (o *ours) write(ctx context.Context, _ int, c *contact.Contact) error {
	added := contact.Contact{ID: contact.ID(fmt.Sprintf("w%09d", o.n.Add(1))), Book: c.Book, Record: c.Record}
	return add(ctx, o.db, &added)
}

// bolt is bbolt's own way to share a transaction.
type bolt struct {
	db *bbolt.DB
	n  atomic.Int64
}

func newBolt(path string) (shelf, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return nil, err
	}
	err = db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("contacts")); return err })
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &bolt{db: db}, nil
}

func (b *bolt) name() string { return "bbolt Batch" }
func (b *bolt) close() error { return b.db.Close() }

func (b *bolt) write(_ context.Context, _ int, c *contact.Contact) error {
	value, err := json.Marshal(c.Record)
	if err != nil {
		return err
	}
	key := fmt.Appendf(nil, "w%09d", b.n.Add(1))
	return b.db.Batch(func(tx *bbolt.Tx) error { return tx.Bucket([]byte("contacts")).Put(key, value) })
}
