package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"teamspro/internal/contact"
)

// postgres is a PostgreSQL of its own, on loopback and with its data in the folder of the run, as it comes.
type postgres struct {
	server *exec.Cmd
	conns  []*pgx.Conn // one a writer
	n      atomic.Int64
}

// newPostgres starts the server. It will not run as root, so root lends it the account that its package made.
func newPostgres(ctx context.Context, folder string, writers int) (shelf, error) {
	programs, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(programs) == 0 {
		return nil, errors.New("it is not installed (package postgresql)")
	}
	bin, data := filepath.Dir(programs[len(programs)-1]), filepath.Join(folder, "postgres")
	as, err := account(folder, data)
	if err != nil {
		return nil, err
	}
	initialise := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", data, "-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-instructions")
	initialise.SysProcAttr, initialise.Dir = as, "/"
	if out, err := initialise.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	addr, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(addr)
	p := &postgres{server: exec.CommandContext(ctx, filepath.Join(bin, "postgres"), "-D", data, "-p", port, "-k", data, "-c", "listen_addresses=127.0.0.1",
		"-c", "synchronous_commit=on", "-c", "logging_collector=off")}
	p.server.SysProcAttr, p.server.Dir = as, "/"
	p.server.Cancel = func() error { return p.server.Process.Signal(syscall.SIGINT) }
	if err := p.server.Start(); err != nil {
		return nil, err
	}
	if err := p.connect(ctx, "postgres://bench@"+addr+"/postgres?sslmode=disable", writers); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// account gives the attributes to run as somebody without rights, and makes the data folder theirs.
func account(folder, data string) (*syscall.SysProcAttr, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	who, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, errUID := strconv.Atoi(who.Uid)
	gid, errGID := strconv.Atoi(who.Gid)
	err = errors.Join(errUID, errGID, os.Chmod(folder, 0o711), os.Mkdir(data, 0o700), os.Chown(data, uid, gid))
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, err
}

// connect waits until the server answers, and opens a connection for each writer.
func (p *postgres) connect(ctx context.Context, url string, writers int) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for len(p.conns) < writers {
		conn, err := pgx.Connect(ctx, url)
		if ctx.Err() != nil {
			return err
		}
		if err != nil {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		p.conns = append(p.conns, conn)
	}
	_, err := p.conns[0].Exec(ctx, `CREATE TABLE contacts (id text PRIMARY KEY, record jsonb NOT NULL)`)
	return err
}

func (p *postgres) name() string { return "PostgreSQL" }

func (p *postgres) write(ctx context.Context, worker int, c *contact.Contact) error {
	value, err := json.Marshal(c.Record)
	if err != nil {
		return err
	}
	_, err = p.conns[worker].Exec(ctx, `INSERT INTO contacts (id, record) VALUES ($1, $2)`, fmt.Sprintf("w%09d", p.n.Add(1)), value)
	return err
}

// close ends the connections, then the server.
func (p *postgres) close() error {
	var problems []error
	for _, c := range p.conns {
		problems = append(problems, c.Close(context.Background()))
	}
	problems = append(problems, p.server.Process.Signal(syscall.SIGINT), p.server.Wait()) // SIGINT: a fast, clean stop
	return errors.Join(problems...)
}
