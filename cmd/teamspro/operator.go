package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"teamspro/internal/contact"
	"teamspro/store"
)

// The operator's commands work on the database, which one process has open. While the service runs, that is the service:
// the command hands its task over at a socket in the folder of the database, which only the user of the service may open,
// and the service answers with what the task writes. When no service runs, the command does the task itself.

// socketName is the socket's, in the folder of the database.
const socketName = "teamspro.sock"

// premises are what a task works on.
type premises struct {
	data      string // the folder
	db        *store.DB
	books     *contact.Books
	imports   *contact.Imports
	retention *retention
	now       func() time.Time
	log       *slog.Logger
}

// task is something that the operator has done with the data. ask is what is asked, as JSON; in is a file that it needs, and
// out one that it makes, or what it has to say. It may run in another process than the command: it opens no files that the
// command names.
type task func(ctx context.Context, at *premises, ask json.RawMessage, in io.Reader, out io.Writer) error

// tasks are all of them, by name.
func tasks() map[string]task {
	return map[string]task{}
}

// operate has a task done, in the service that works with this folder or, when there is none, here.
func operate(ctx context.Context, data, name string, ask any, in io.Reader, out io.Writer) error {
	line, err := json.Marshal(ask)
	if err != nil {
		return err
	}
	handed, err := handOver(ctx, filepath.Join(data, socketName), name, line, in, out)
	if handed || err != nil {
		return err
	}
	at, err := openPremises(ctx, data)
	if err != nil {
		return err
	}
	return errors.Join(tasks()[name](ctx, at, line, in, out), at.db.Close())
}

// openPremises opens the database of a service that does not run.
func openPremises(ctx context.Context, data string) (*premises, error) {
	path := filepath.Join(data, "teamspro.db")
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("TEAMSPRO_DATA: there is no database: %w", err)
	}
	db, err := store.Open(ctx, store.Config{Path: path})
	if err != nil {
		return nil, fmt.Errorf("TEAMSPRO_DATA: %w", err)
	}
	books := contact.New(contact.Config{Shelf: db.Contacts(), Chronicle: db.Contacts(), Journal: db.Contacts(), Library: db.Books(), Eraser: db.Books(), Marks: db.Marks(),
		Index: contact.NewIndex(), Snapshots: indexFiles{data}, Region: os.Getenv("TEAMSPRO_REGION")})
	at := &premises{data: data, db: db, books: books, now: time.Now, log: slog.New(slog.DiscardHandler)}
	at.imports = contact.NewImports(contact.ImportsConfig{Books: books, Shelf: db.Imports()})
	at.retention = &retention{now: time.Now, tenants: db.Tenants, books: books, imports: at.imports, shelf: db.Configurations(), log: at.log}
	return at, nil
}

// failedTrailer carries how a task ended to the command.
const failedTrailer = "Teamspro-Failed"

// handOver gives a task to a running service; handed is false when there is none.
func handOver(ctx context.Context, socket, name string, ask []byte, in io.Reader, out io.Writer) (handed bool, err error) {
	var d net.Dialer
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return d.DialContext(ctx, "unix", socket)
	}}}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://teamspro/"+name, handedOver(ask, in))
	if err != nil {
		return false, err
	}
	answer, err := client.Do(request)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return true, fmt.Errorf("the running service could not be asked: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return true, fmt.Errorf("the running service does not know %q: is it of another version?", name)
	}
	if _, err := io.Copy(out, answer.Body); err != nil {
		return true, fmt.Errorf("the running service broke off: %w", err)
	}
	if failed, err := strconv.Unquote(answer.Trailer.Get(failedTrailer)); err == nil && failed != "" {
		return true, errors.New(failed)
	}
	return true, nil
}

// handedOver is the body of a task: a line of what is asked, and the file behind it.
func handedOver(ask []byte, in io.Reader) io.Reader {
	line := bytes.NewReader(append(slices.Clip(ask), '\n'))
	if in == nil {
		return line
	}
	return io.MultiReader(line, in)
}

// counter takes tasks from commands, as long as the service runs.
type counter struct {
	listener net.Listener
	server   *http.Server
}

// openCounter listens at the socket. One that a crashed service left is in nobody's way: the database is ours alone.
func openCounter(ctx context.Context, at *premises) (*counter, error) {
	path := filepath.Join(at.data, socketName)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	server := &http.Server{Handler: at, ReadHeaderTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(at.log.Handler(), slog.LevelDebug)}
	return &counter{listener, server}, nil
}

// serve takes tasks until close.
func (c *counter) serve() { _ = c.server.Serve(c.listener) }

// taskDrain is how long a task that is being done may take when the service stops.
const taskDrain = 2 * time.Second

// close lets what is being done end, or cuts it short.
func (c *counter) close() {
	ctx, cancel := context.WithTimeout(context.Background(), taskDrain)
	defer cancel()
	if c.server.Shutdown(ctx) != nil {
		_ = c.server.Close() // the command says that the service broke off
	}
}

// ServeHTTP does a task.
func (p *premises) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Path[1:]
	do, known := tasks()[name]
	if !known {
		http.NotFound(w, r)
		return
	}
	body := bufio.NewReader(r.Body)
	ask, err := body.ReadBytes('\n')
	if err != nil {
		http.Error(w, "no task", http.StatusBadRequest)
		return
	}
	w.Header().Set("Trailer", failedTrailer)
	w.WriteHeader(http.StatusOK)
	begun := p.now()
	err = do(r.Context(), p, ask, body, flushed{w})
	if err != nil {
		w.Header().Set(failedTrailer, strconv.QuoteToASCII(err.Error()))
	}
	p.log.Info("the operator's task ended", "task", name, "failed", err != nil, "ms", p.now().Sub(begun).Milliseconds())
}

// flushed sends at once what is written: how far a task has come is to be seen.
type flushed struct{ http.ResponseWriter }

func (f flushed) Write(p []byte) (int, error) {
	n, err := f.ResponseWriter.Write(p)
	if err == nil {
		err = http.NewResponseController(f.ResponseWriter).Flush()
	}
	return n, err
}
