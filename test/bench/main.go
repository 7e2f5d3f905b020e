// Command bench measures teamspro beside its peers, in the same run and on the same machine: its search beside SQLite
// FTS5 and minisearch, its endpoint beside the same bot on Microsoft's two JavaScript SDKs, its store beside bbolt's own
// batches and PostgreSQL, its pictures beside sharp, its notices beside botbuilder's ConnectorClient, and what imports and backups cost those who search meanwhile. It says for each unit whether its goals hold, and writes the figures into docs/performance.md.
//
// Its people, questions and tokens come from a seed. It talks to loopback only, ends what it starts, and is no test:
// figures of a busy machine are worth little.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"teamspro/internal/imaging"
)

// root is the folder of the project, seen from this one, where `make bench` runs the program.
const root = "../.."

// unit is one thing that is measured.
type unit struct {
	name string
	run  func(context.Context, bench) (report, error)
}

var all = []unit{{"search", search}, {"endpoint", endpoint}, {"store", durable}, {"growth", growth}, {"image", pictured}, {"notices", notices}, {"import", imports}, {"backup", backup}}

// bench is what every unit is given.
type bench struct {
	folder string // for files of the run
	full   bool   // go to a million contacts
}

func main() {
	imaging.WorkerMain() // this program also starts itself to work on pictures
	if addr := os.Getenv(addrEnv); addr != "" {
		fmt.Fprintln(os.Stderr, "bench:", servePreviews(addr, os.Getenv(pictureEnv)))
		os.Exit(1)
	}
	if addr := os.Getenv(loopbackEnv); addr != "" {
		fmt.Fprintln(os.Stderr, "bench:", serveLoopback(context.Background(), addr))
		os.Exit(1)
	}
	if name := os.Getenv(sayEnv); name != "" {
		if err := say(name, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	only := flag.String("unit", "", "measure only this unit: search, endpoint, store, growth, image, notices, import or backup")
	full := flag.Bool("full", false, "go to a million contacts")
	out := flag.String("out", "", "write the figures into this document")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *only, *full, *out); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, only string, full bool, out string) error {
	known := false
	for _, u := range all {
		if only != "" && only != u.name {
			continue
		}
		known = true
		fmt.Println("measuring", u.name)
		busy := otherWork()
		r, err := measured(ctx, u, full)
		if err != nil {
			return fmt.Errorf("%s: %w", u.name, err)
		}
		r.unit, r.busy = u.name, busy
		r.print(os.Stdout)
		if out == "" {
			continue
		}
		if err := r.write(ctx, out); err != nil {
			return err
		}
	}
	if !known {
		return fmt.Errorf("there is no unit %q", only)
	}
	return nil
}

// measured runs a unit in a folder of its own, which is gone afterwards.
func measured(ctx context.Context, u unit, full bool) (report, error) {
	folder, err := os.MkdirTemp("", "teamspro-bench-")
	if err != nil {
		return report{}, err
	}
	defer os.RemoveAll(folder)
	if folder, err = filepath.Abs(folder); err != nil {
		return report{}, err
	}
	return u.run(ctx, bench{folder, full})
}
