package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	"golang.org/x/sync/errgroup"

	"teamspro/internal/ops"
)

type serveCmd struct {
	settings `embed:""`
}

// Run serves until the context ends, then lets everything that was begun come to its end.
func (c *serveCmd) Run(ctx context.Context, out output) error {
	if err := c.complete(); err != nil {
		return err
	}
	log, err := ops.Logger(out.Err, c.LogFormat, c.LogLevel)
	if err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	return serve(ctx, &c.settings, log, nil, func() {})
}

// gcPercent is how much garbage may lie about, as a share of what is in use; GOGC and GOMEMLIMIT in the environment, which
// the Go runtime reads, count before it. With 10,000 contacts under full load, Go's usual 100 takes 71 MiB, 75 takes 69 for a
// twentieth more work a request, and 50 takes 66 for a fifth more.
const gcPercent = 75

// How long a stop takes at most: a moment in which the load balancer sees that the service is not ready, and the time
// that open requests and waiting answers get. Together with stopSave they stay under the 30 s that service managers grant.
const (
	stopNotice = 2 * time.Second
	stopDrain  = 22 * time.Second
)

// serve is the service. It listens where the settings say, or on a listener that is open already, and calls started then.
func serve(ctx context.Context, s *settings, log *slog.Logger, listener net.Listener, started func()) error {
	svc, err := wire(ctx, s, log)
	if err != nil {
		return err
	}
	defer svc.close()
	if listener == nil {
		if listener, err = new(net.ListenConfig).Listen(ctx, "tcp", s.Listen); err != nil {
			return fmt.Errorf("TEAMSPRO_LISTEN: %w", err)
		}
	}
	servers := []*http.Server{server(svc.leaving(svc.handler), log)}
	listeners := []net.Listener{listener}
	if s.AdminListen != "" {
		admin, err := new(net.ListenConfig).Listen(ctx, "tcp", s.AdminListen)
		if err != nil {
			return errors.Join(fmt.Errorf("TEAMSPRO_ADMIN_LISTEN: %w", err), listener.Close())
		}
		servers, listeners = append(servers, server(svc.admin, log)), append(listeners, admin)
	}
	// Before anybody can ask for anything: what was left half read is dropped, and a file that a command hands over is not that.
	if err := svc.bot.Resume(ctx); err != nil {
		log.Error("what was owed before the start could not be read", "error", err)
	}
	desk, err := openCounter(ctx, svc.premises)
	if err != nil {
		log.Warn("the operator's commands cannot reach this service; they work when it is stopped", "error", err)
	} else {
		go desk.serve()
		defer context.AfterFunc(ctx, desk.close)()
		defer desk.close()
	}
	log.Info("serving", "version", version(), "listen", listener.Addr().String(), "off", s.off())
	started()
	return attend(ctx, svc, servers, listeners, log)
}

// maxHeader is 32 KiB, of which net/http adds four by itself.
const maxHeader = 28 << 10

// server has the limits that keep slow and greedy callers from holding it.
func server(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 20 * time.Second,
		IdleTimeout: 60 * time.Second, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
}

// leaving tells callers, once the service is stopping, not to use their connection again: so none of them sends a
// request at the moment in which it is closed.
func (svc *service) leaving(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if svc.draining.Load() {
			w.Header().Set("Connection", "close")
		}
		h.ServeHTTP(w, r)
	})
}

// attend runs the servers and what works in the background, until the context ends or one of them fails.
func attend(ctx context.Context, svc *service, servers []*http.Server, listeners []net.Listener, log *slog.Logger) error {
	group, ctx := errgroup.WithContext(ctx)
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	for i, srv := range servers {
		group.Go(func() error {
			if err := srv.Serve(listeners[i]); !svc.draining.Load() {
				return err
			}
			return nil // closed by drain
		})
	}
	group.Go(func() error { return svc.work(background) })
	group.Go(func() error {
		<-ctx.Done()
		defer stop()
		return drain(svc, servers, listeners, log)
	})
	return group.Wait()
}

// lastCaller is how long a connection that was accepted just before the door closed may take to send its request.
const lastCaller = 500 * time.Millisecond

// drain stops taking new work and lets what was begun come to its end.
func drain(svc *service, servers []*http.Server, listeners []net.Listener, log *slog.Logger) error {
	log.Info("stopping")
	svc.draining.Store(true)
	end := time.Now().Add(stopNotice + stopDrain + stopSave)
	time.Sleep(stopNotice)
	ctx, cancel := context.WithTimeout(context.Background(), stopDrain)
	defer cancel()
	svc.notices.halt() // what is being sent ends while people get their answers
	var problems []error
	for _, l := range listeners { // before the servers shut down, because they drop a request that they are just reading
		problems = append(problems, l.Close())
	}
	time.Sleep(lastCaller)
	for _, srv := range servers {
		problems = append(problems, srv.Shutdown(ctx))
	}
	svc.notices.stop(ctx)
	svc.bot.Close(ctx)
	svc.lastSave(end)
	log.Info("stopped")
	return errors.Join(problems...)
}
