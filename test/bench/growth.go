package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"teamspro/internal/contact"
)

const growthTime = 2 * time.Second

// growth measures how the whole service grows with the contacts and with the books of one person.
func growth(ctx context.Context, b bench) (report, error) {
	r := report{head: []string{"contacts", "books", "start to first answer, ms", "memory, MiB", "a search p50 / p99, ms", "file, MiB"},
		about: fmt.Sprintf("The whole service with the contacts and books of one person: from its start, after a stop in order, to its first answer, what it holds in memory then, "+
			"and how long a search takes over one connection, for %s.", growthTime)}
	sizes := []int{1000, 10_000, 100_000}
	if b.full {
		sizes = append(sizes, 300_000, 1_000_000)
	}
	if err := b.grow(ctx, &r, "contacts", sizes, func(n int) []contact.Contact { return population(n) }); err != nil {
		return r, err
	}
	books := func(n int) []contact.Contact { return spreadOver(population(10_000), n) }
	return r, b.grow(ctx, &r, "books", []int{1, 10, 100, 1000}, books)
}

// spreadOver puts the contacts into so many books.
func spreadOver(people []contact.Contact, books int) []contact.Contact {
	for i := range people {
		people[i].Book = contact.BookID(fmt.Sprintf("book-%04d", i%books))
	}
	return people
}

// grow measures the service at each size of one thing, and draws it.
func (b bench) grow(ctx context.Context, r *report, what string, sizes []int, people func(n int) []contact.Contact) error {
	starts, held, searches := curve{name: "start, ms"}, curve{name: "memory, MiB"}, curve{name: "a search, ms"}
	for _, n := range sizes {
		s, err := b.sizeUp(ctx, people(n))
		if err != nil {
			return err
		}
		x := float64(n)
		starts.add(x, s.start)
		held.add(x, s.memory)
		searches.add(x, s.p50)
		r.rows = append(r.rows, []string{fmt.Sprint(s.contacts), fmt.Sprint(s.books), short(s.start), short(s.memory), short(s.p50) + " / " + short(s.p99), short(s.file)})
	}
	r.plots = append(r.plots, plot{"growth-" + what + ".svg", "By " + what, []curve{starts, held, searches}})
	return nil
}

// size is what a service takes with so much in it: milliseconds and MiB.
type size struct {
	contacts, books               int
	start, memory, p50, p99, file float64
}

func (b bench) sizeUp(ctx context.Context, people []contact.Contact) (s size, err error) {
	f, err := b.furnish(ctx, people)
	if err != nil {
		return s, err
	}
	defer f.close()
	books := map[contact.BookID]bool{}
	for _, p := range people {
		books[p.Book] = true
	}
	s.contacts, s.books = len(people), len(books)
	return s, s.measure(ctx, f)
}

func (s *size) measure(ctx context.Context, f furnished) error {
	srv, first, err := f.serve(ctx)
	if err != nil {
		return err
	}
	defer srv.stop()
	if s.memory, err = memory(srv.cmd.Process.Pid); err != nil {
		return err
	}
	done, err := f.caller.run(ctx, srv.addr, 1, growthTime)
	if err != nil {
		return err
	}
	info, err := os.Stat(filepath.Join(f.folder, "teamspro.db"))
	if err != nil {
		return err
	}
	s.start, s.file = ms(first), float64(info.Size())/(1<<20)
	s.p50, s.p99 = ms(quantile(done.each, 0.5)), ms(quantile(done.each, 0.99))
	return nil
}
