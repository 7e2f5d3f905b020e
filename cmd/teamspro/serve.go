package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
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
	return serve(ctx, &c.settings, log, nil)
}

// How long a stop takes at most: a moment in which the load balancer sees that the service is not ready, and the time
// that open requests and waiting answers get. Together they stay under the 30 s that service managers grant.
const (
	stopNotice = 2 * time.Second
	stopDrain  = 22 * time.Second
)

// serve is the service. started, if not nil, is told the address once it listens.
func serve(ctx context.Context, s *settings, log *slog.Logger, started func(addr string)) error {
	svc, err := wire(ctx, s, log)
	if err != nil {
		return err
	}
	defer svc.close()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.Listen)
	if err != nil {
		return fmt.Errorf("TEAMSPRO_LISTEN: %w", err)
	}
	servers := []*http.Server{server(svc.handler, log)}
	listeners := []net.Listener{listener}
	if s.AdminListen != "" {
		admin, err := new(net.ListenConfig).Listen(ctx, "tcp", s.AdminListen)
		if err != nil {
			return errors.Join(fmt.Errorf("TEAMSPRO_ADMIN_LISTEN: %w", err), listener.Close())
		}
		servers, listeners = append(servers, server(svc.admin, log)), append(listeners, admin)
	}
	log.Info("serving", "version", version(), "listen", listener.Addr().String(), "off", s.off())
	if started != nil {
		started(listener.Addr().String())
	}
	return attend(ctx, svc, servers, listeners, log)
}

// server has the limits that keep slow and greedy callers from holding it.
func server(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 20 * time.Second,
		IdleTimeout: 60 * time.Second, MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
}

// attend runs the servers and what works in the background, until the context ends or one of them fails.
func attend(ctx context.Context, svc *service, servers []*http.Server, listeners []net.Listener, log *slog.Logger) error {
	group, ctx := errgroup.WithContext(ctx)
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	for i, srv := range servers {
		group.Go(func() error {
			if err := srv.Serve(listeners[i]); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		})
	}
	group.Go(func() error { return svc.work(background) })
	group.Go(func() error {
		<-ctx.Done()
		defer stop()
		return drain(svc, servers, log)
	})
	return group.Wait()
}

// drain stops taking new work and lets what was begun come to its end.
func drain(svc *service, servers []*http.Server, log *slog.Logger) error {
	log.Info("stopping")
	svc.draining.Store(true)
	time.Sleep(stopNotice)
	ctx, cancel := context.WithTimeout(context.Background(), stopDrain)
	defer cancel()
	var problems []error
	for _, srv := range servers {
		problems = append(problems, srv.Shutdown(ctx))
	}
	svc.bot.Close(ctx)
	log.Info("stopped")
	return errors.Join(problems...)
}
