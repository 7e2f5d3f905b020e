package main

import (
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
	"strings"
	"syscall"
	"time"

	"teamspro/internal/contact"
	"teamspro/store"
)

// The operator's commands work on the database, which one process has open. While the service runs, that is the service:
// the command hands its task over at a socket in the folder of the database, which only the user of the service may open,
// and the service answers with what the task writes. When no service runs, the command does the task itself.

const (
	// socketName is the socket's, in the folder of the database.
	socketName = "teamspro.sock"
	// maxSocket is how long the path of a socket may be, in bytes: 107 on Linux, 103 elsewhere.
	maxSocket = 103
)

// premises are what a task works on.
type premises struct {
	data      string // the folder
	db        *store.DB
	books     *contact.Books
	imports   *contact.Imports
	retention *retention
	alone     bool // no service runs
	now       func() time.Time
	log       *slog.Logger
}

// task is something that the operator has done with the data. ask is what is asked, as JSON; in is a file that it needs, and
// out one that it makes, or what it has to say. It may run in another process than the command: it opens no files that the
// command names.
type task func(ctx context.Context, at *premises, ask json.RawMessage, in io.Reader, out io.Writer) error

// tasks are all of them, by name.
func tasks() map[string]task {
	return map[string]task{
		"audit-export":  auditExportTask,
		"audit-verify":  auditVerifyTask,
		"backup":        backupTask,
		"export":        exportTask,
		"glance":        glanceTask,
		"import-cancel": importCancelTask,
		"import-look":   importLookTask,
		"import-work":   importWorkTask,
		"restore-book":  restoreBookTask,
		"person-erase":  erasePerson,
		"person-export": exportPerson,
		"retention":     retain,
		"tenant-erase":  eraseTenant,
		"tenant-export": exportTenant,
	}
}

// operate has a task done, in the service that works with this folder or, when there is none, here.
func operate(ctx context.Context, data, name string, ask any, in io.Reader, out io.Writer) error {
	line, err := json.Marshal(ask)
	if err != nil {
		return err
	}
	handed, err := handOver(ctx, data, name, line, in, out)
	if handed || err != nil {
		return err
	}
	return operateHere(ctx, data, name, line, in, out)
}

// operateHere does a task on the database of a service that does not run.
func operateHere(ctx context.Context, data, name string, ask json.RawMessage, in io.Reader, out io.Writer) error {
	at, err := openPremises(ctx, data)
	if err != nil {
		return err
	}
	return errors.Join(said("en", tasks()[name](ctx, at, ask, in, out)), at.db.Close())
}

// asked reads what is asked. A command of another version may ask for what this one does not know: better say so than do
// something else.
func asked[T any](ask json.RawMessage) (what T, err error) {
	d := json.NewDecoder(bytes.NewReader(ask))
	d.DisallowUnknownFields()
	if err := d.Decode(&what); err != nil {
		return what, fmt.Errorf("what is asked is not understood by teamspro %s, which serves: is the command of another version? (%w)", version(), err)
	}
	return what, nil
}

// onStore is what the contacts of every process stand on: all that the store does for them, and an index that is empty yet.
func onStore(db *store.DB) contact.Config {
	return contact.Config{Shelf: db.Contacts(), Chronicle: db.Contacts(), Journal: db.Contacts(), Library: db.Books(), Eraser: db.Books(), Leavers: db.Leavers(), Marks: db.Marks(), Apart: db.Apart(),
		Ledger: db.Audit(), Index: contact.NewIndex()}
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
	stored := onStore(db)
	stored.Snapshots, stored.Region = indexFiles{data}, os.Getenv("TEAMSPRO_REGION")
	books := contact.New(stored)
	at := &premises{data: data, db: db, books: books, alone: true, now: time.Now, log: slog.New(slog.DiscardHandler)}
	at.imports = contact.NewImports(contact.ImportsConfig{Books: books, Shelf: db.Imports()})
	at.retention = &retention{now: time.Now, tenants: db.Tenants, books: books, shelf: db.Configurations(), log: at.log}
	return at, nil
}

const (
	// failedTrailer carries how a task ended to the command.
	failedTrailer = "Teamspro-Failed"
	// maxFailure is how much is said of a failure, in bytes.
	maxFailure = 4 << 10
)

// errBrokeOff says that a service went away while it was at a task, of which some or all may be done.
var errBrokeOff = errors.New("the running service broke off, is it stopping?")

// handOver gives a task to a running service; handed is false when there is none.
func handOver(ctx context.Context, data, name string, ask []byte, in io.Reader, out io.Writer) (handed bool, err error) {
	socket := filepath.Join(data, socketName)
	if len(socket) > maxSocket {
		return false, nil // no service can listen there
	}
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
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return true, fmt.Errorf("%w (%w)", errBrokeOff, err)
	case err != nil:
		return true, fmt.Errorf("the running service could not be asked: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		why, _ := io.ReadAll(io.LimitReader(answer.Body, maxFailure))
		return true, fmt.Errorf("the running service refuses: %s", strings.TrimSpace(string(why)))
	}
	if err := received(out, answer.Body); err != nil {
		return true, err
	}
	return true, ended(answer.Trailer)
}

// received takes what a task writes, and tells a service that broke off from a place that takes no more.
func received(out io.Writer, body io.Reader) error {
	to := &noted{w: out}
	_, err := io.Copy(to, body)
	if err != nil && to.err == nil {
		return fmt.Errorf("%w (%w)", errBrokeOff, err)
	}
	return err
}

// noted remembers that a write failed.
type noted struct {
	w   io.Writer
	err error
}

func (n *noted) Write(p []byte) (int, error) {
	written, err := n.w.Write(p)
	n.err = err
	return written, err
}

// ended tells how a task ended.
func ended(trailer http.Header) error {
	switch failed, err := strconv.Unquote(trailer.Get(failedTrailer)); {
	case err != nil:
		return errors.New("the running service does not say how it ended: is it of another version?")
	case failed != "":
		return errors.New(failed)
	}
	return nil
}

// handedOver is the body of a task: a line of what is asked, and the file behind it.
func handedOver(ask []byte, in io.Reader) io.Reader {
	line := bytes.NewReader(append(slices.Clip(ask), '\n'))
	if in == nil {
		return line
	}
	return io.MultiReader(line, in)
}
