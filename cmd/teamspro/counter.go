package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// What a command gets of the service at most. Commands are the operator's own; these limits are for what goes wrong.
const (
	maxAsk   = 1 << 20 // bytes of the line that says what is asked
	maxTasks = 4       // that are done at once
	// quiet is how long a command may neither give nor take anything in the middle of a task. One that was paused would keep a
	// transaction open, and with it the room that others give up.
	quiet = 30 * time.Second
	// taskDrain is how long a task that is being done may take when the service stops.
	taskDrain = 2 * time.Second
)

// counter takes tasks from commands, as long as the service runs.
type counter struct {
	at       *premises
	tasks    map[string]task
	listener net.Listener
	server   *http.Server
	places   chan struct{} // one for each task that is done
	quiet    time.Duration
}

// openCounter listens at the socket. One that a crashed service left is in nobody's way: the database is ours alone.
func openCounter(ctx context.Context, at *premises) (*counter, error) {
	path := filepath.Join(at.data, socketName)
	if len(path) > maxSocket {
		return nil, fmt.Errorf("the path of a socket has at most %d bytes, and %s has %d: set a shorter TEAMSPRO_DATA", maxSocket, path, len(path))
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	listener, err := (&net.ListenConfig{Control: ownersOnly}).Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	c := &counter{at: at, tasks: tasks(), listener: listener, places: make(chan struct{}, maxTasks), quiet: quiet}
	c.server = &http.Server{Handler: c, ReadHeaderTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(at.log.Handler(), slog.LevelDebug)}
	return c, nil
}

// serve takes tasks until close.
func (c *counter) serve() { _ = c.server.Serve(c.listener) }

// close lets what is being done end, or cuts it short.
func (c *counter) close() {
	ctx, cancel := context.WithTimeout(context.Background(), taskDrain)
	defer cancel()
	_ = c.listener.Close() // also one that is not served yet; the socket goes with it
	if c.server.Shutdown(ctx) != nil {
		_ = c.server.Close() // the command says that the service broke off
	}
}

// ServeHTTP does a task.
func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Path[1:]
	do, known := c.tasks[name]
	if !known {
		http.Error(w, fmt.Sprintf("teamspro %s, which serves, does not know %q: is the command of another version?", version(), name), http.StatusNotFound)
		return
	}
	select {
	case c.places <- struct{}{}:
		defer func() { <-c.places }()
	default:
		http.Error(w, fmt.Sprintf("%d commands are being carried out already: wait until one has ended", maxTasks), http.StatusServiceUnavailable)
		return
	}
	line := &hatch{w: w, body: r.Body, control: http.NewResponseController(w), quiet: c.quiet}
	body := bufio.NewReaderSize(line, maxAsk)
	ask, err := body.ReadSlice('\n')
	if err != nil {
		http.Error(w, "no task, or one that is too long", http.StatusBadRequest)
		return
	}
	ask = append([]byte(nil), ask...) // the next read is written over it
	w.Header().Set("Trailer", failedTrailer)
	if err := line.begin(); err != nil {
		return // nobody is there any more
	}
	begun := c.at.now()
	err = said("en", do(r.Context(), c.at, ask, body, line))
	w.Header().Set(failedTrailer, failure(err))
	c.at.log.Info("the operator's task ended", "task", name, "failed", err != nil, "ms", c.at.now().Sub(begun).Milliseconds())
}

// failure is what the command hears of an error.
func failure(err error) string {
	if err == nil {
		return strconv.Quote("")
	}
	text := err.Error()
	return strconv.QuoteToASCII(text[:min(len(text), maxFailure)])
}

// hatch is between a task and its command. What is written is sent at once: how far a task has come is to be seen.
type hatch struct {
	w       http.ResponseWriter
	body    io.Reader
	control *http.ResponseController
	quiet   time.Duration
}

// begin answers that the task is begun. A task may write while it still reads.
func (l *hatch) begin() error {
	if err := l.control.EnableFullDuplex(); err != nil {
		return err
	}
	l.w.WriteHeader(http.StatusOK)
	return l.control.Flush()
}

func (l *hatch) Read(p []byte) (int, error) {
	if err := l.control.SetReadDeadline(time.Now().Add(l.quiet)); err != nil {
		return 0, err
	}
	n, err := l.body.Read(p)
	if err != nil { // from now on the server listens whether the command is still there, for as long as the task takes
		_ = l.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

func (l *hatch) Write(p []byte) (int, error) {
	if err := l.control.SetWriteDeadline(time.Now().Add(l.quiet)); err != nil {
		return 0, err
	}
	n, err := l.w.Write(p)
	if err == nil {
		err = l.control.Flush()
	}
	return n, err
}
