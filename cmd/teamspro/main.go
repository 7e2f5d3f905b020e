// Command teamspro serves two apps for Microsoft Teams, Contact Pro and Image Pro, and holds the tools to run them.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // hours and days go by the zones of conversations, also on machines that know none

	"teamspro/internal/imaging"
)

func main() {
	imaging.WorkerMain() // does not return in a worker process
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}
