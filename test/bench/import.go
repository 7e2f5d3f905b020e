package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"time"

	"teamspro/internal/contact"
	"teamspro/internal/exchange"
)

// What imports are measured with.
const (
	importedContacts = 100_000
	quietTime        = 10 * time.Second
	askPause         = 20 * time.Millisecond // between two questions of the person who searches meanwhile
)

// lifted is what a command did to a service that people were searching in.
type lifted struct {
	name             string
	took, memory     float64 // seconds, MiB at most
	alone, meanwhile spread  // of searches, in milliseconds: the middle, and the 99th of a hundred as the most
}

// imports measures what bringing a large file in takes while people search.
func imports(ctx context.Context, b bench) (report, error) {
	r := report{head: []string{"", "seconds", "memory at most, MiB", "a search alone, p50 / p99, ms", "a search meanwhile, p50 / p99, ms"},
		about: fmt.Sprintf("`teamspro import` of %d contacts into an empty book of the running service, looked at and carried out, "+
			"while somebody searches every %s over one connection, on the same two cores. Each has a service of its own; before the command the same is measured for %s without it.", importedContacts, askPause, quietTime)}
	for _, format := range []exchange.Format{exchange.XLSX, exchange.CSV} {
		l, err := b.importing(ctx, format)
		if err != nil {
			return r, fmt.Errorf("import of %s: %w", format, err)
		}
		r.add(l)
		r.goals = append(r.goals, atMost(l.name+" seconds", l.took, 30), atMost(l.name+" search p99, ms", l.meanwhile.most, 20), atMost(l.name+" memory, MB", l.memory*(1<<20)/1e6, 300))
	}
	return r, nil
}

func (r *report) add(l lifted) {
	r.rows = append(r.rows, []string{l.name, short(l.took), short(l.memory), short(l.alone.median) + " / " + short(l.alone.most), short(l.meanwhile.median) + " / " + short(l.meanwhile.most)})
}

// atMost judges a figure that has no peer.
func atMost(what string, ours, most float64) goal {
	return goal{text: what + " ≤ " + short(most), found: short(ours), holds: ours <= most}
}

// importing has a file imported by a service that holds some contacts.
func (b bench) importing(ctx context.Context, format exchange.Format) (lifted, error) {
	l := lifted{name: "import of " + string(format)}
	f, err := b.furnish(ctx, population(1000))
	if err != nil {
		return l, err
	}
	defer f.close()
	file := filepath.Join(f.folder, "contacts."+string(format))
	if err := bring(file, format, importedContacts); err != nil {
		return l, err
	}
	s, _, err := f.serve(ctx)
	if err != nil {
		return l, err
	}
	defer s.stop()
	if l.alone, _, err = s.beside(ctx, f.caller, func(ctx context.Context) error { return pass(ctx, quietTime) }); err != nil {
		return l, err
	}
	l.meanwhile, l.took, err = s.beside(ctx, f.caller, func(ctx context.Context) error {
		return f.operate(ctx, "import", file, "--tenant", tenant, "--book", string(book), "--yes")
	})
	if err != nil {
		return l, err
	}
	l.memory, err = mostMemory(s.cmd.Process.Pid)
	return l, err
}

// bring writes a file of contacts that have no ids, as people bring them.
func bring(file string, format exchange.Format, n int) error {
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	contacts := iter.Seq2[contact.Contact, error](func(yield func(contact.Contact, error) bool) {
		for _, c := range population(n) {
			if c.ID = ""; !yield(c, nil) {
				return
			}
		}
	})
	return errors.Join(exchange.Write(out, format, contacts), out.Close())
}

func pass(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// beside searches now and then while work is done, and gives how long searches and work took.
func (s *server) beside(ctx context.Context, c *caller, work func(context.Context) error) (searches spread, seconds float64, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done, begun := make(chan error, 1), time.Now()
	go func() { done <- work(ctx) }()
	l, err := dial(ctx, s.addr)
	if err != nil {
		return spread{}, 0, err
	}
	defer l.Close()
	var each []time.Duration
	for {
		select {
		case err := <-done:
			return spread{median: ms(quantile(each, 0.5)), most: ms(quantile(each, 0.99))}, time.Since(begun).Seconds(), err
		case <-time.After(askPause):
		}
		asked := time.Now()
		if err := l.ask(c.request(c.questions[len(each)%len(c.questions)]), new(counter)); err != nil {
			return spread{}, 0, err
		}
		each = append(each, time.Since(asked))
	}
}

// mostMemory is the most that a process held at a time, in MiB, with the pages of mapped files that it read.
func mostMemory(pid int) (float64, error) {
	kb, err := field(fmt.Sprintf("/proc/%d/status", pid), "VmHWM")
	return kb / 1024, err
}
