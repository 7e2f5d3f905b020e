package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"teamspro/internal/contact"
)

// recipe says how a bot service is started: as a process of its own, as it would be in use.
type recipe struct {
	name    string
	command []string
	// env gives its settings, for the address it shall listen on.
	env func(addr string) []string
}

// server is a bot service at work.
type server struct {
	recipe
	addr  string
	log   string
	cmd   *exec.Cmd
	began time.Time
}

// start starts a service. Its log goes to a file, as the logs of services do.
func (r recipe) start(ctx context.Context, folder string) (*server, error) {
	addr, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	s := &server{recipe: r, addr: addr, log: filepath.Join(folder, r.name+".log")}
	log, err := os.Create(s.log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	s.cmd = exec.CommandContext(ctx, r.command[0], r.command[1:]...)
	s.cmd.Env, s.cmd.Stdout, s.cmd.Stderr = append(os.Environ(), r.env(addr)...), log, log
	s.cmd.Cancel = func() error { return s.cmd.Process.Signal(syscall.SIGKILL) }
	s.began = time.Now()
	return s, s.cmd.Start()
}

func freeAddress(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// firstAnswer asks until a question is answered, and gives the time since the process was started.
func (s *server) firstAnswer(ctx context.Context, c *caller) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var err error
	for ctx.Err() == nil {
		if err = s.askOnce(ctx, c, c.questions[0], io.Discard); err == nil {
			return time.Since(s.began), nil
		}
		time.Sleep(2 * time.Millisecond)
	}
	return 0, fmt.Errorf("%s did not answer; see %s: %w", s.name, s.log, err)
}

func (s *server) askOnce(ctx context.Context, c *caller, question string, out io.Writer) error {
	l, err := dial(ctx, s.addr)
	if err != nil {
		return err
	}
	defer l.Close()
	return l.ask(c.request(question), out)
}

// stop ends the process at once: what it holds is the bench's own, and is thrown away.
func (s *server) stop() {
	if s == nil || s.cmd.Process == nil || s.cmd.ProcessState != nil {
		return
	}
	_ = s.cmd.Process.Kill() // it may have ended by itself
	var ended *exec.ExitError
	if err := s.cmd.Wait(); err != nil && !errors.As(err, &ended) {
		fmt.Fprintln(os.Stderr, s.name, "did not end:", err)
	}
}

// settle starts a service on new data once, asks it one question and stops it as an operator does. What is measured after
// that is the usual start: with the file of the search index that a stop leaves behind.
func (r recipe) settle(ctx context.Context, folder string, c *caller) error {
	s, err := r.start(ctx, folder)
	if err != nil {
		return err
	}
	defer s.stop()
	if _, err := s.firstAnswer(ctx, c); err != nil {
		return err
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	if err := s.cmd.Wait(); err != nil {
		return fmt.Errorf("%s did not stop well; see %s: %w", s.name, s.log, err)
	}
	return nil
}

// furnished is a folder with contacts, and who may ask the service that has it.
type furnished struct {
	folder string
	issuer *issuer
	caller *caller
}

// furnish writes contacts into a folder of their own. Whoever has it closes it.
func (b bench) furnish(ctx context.Context, people []contact.Contact) (f furnished, err error) {
	if f.folder, err = os.MkdirTemp(b.folder, ""); err != nil {
		return f, err
	}
	if f.issuer, err = newIssuer(f.folder); err != nil {
		return f, errors.Join(err, os.RemoveAll(f.folder))
	}
	token, err := f.issuer.token()
	if err = errors.Join(err, shelve(ctx, f.folder, people)); err != nil {
		f.close()
		return f, err
	}
	f.caller = &caller{token: token, questions: common(people), count: 3}
	return f, nil
}

func (f furnished) close() {
	f.issuer.Close()
	if err := os.RemoveAll(f.folder); err != nil {
		fmt.Fprintln(os.Stderr, "a folder of the bench stays:", err)
	}
}

// serve starts the service on the contacts as after a stop in order, and gives the time to its first answer.
func (f furnished) serve(ctx context.Context) (s *server, first time.Duration, err error) {
	service := teamspro(f.folder, f.issuer)
	if err := service.settle(ctx, f.folder, f.caller); err != nil {
		return nil, 0, err
	}
	if s, err = service.start(ctx, f.folder); err != nil {
		return nil, 0, err
	}
	if first, err = s.firstAnswer(ctx, f.caller); err != nil {
		s.stop()
	}
	return s, first, err
}

// operate runs a command of the program on the contacts, as an operator does beside the service.
func (f furnished) operate(ctx context.Context, command ...string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(root, "bin", "teamspro"), append(command, "--data", f.folder)...)
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("teamspro %s: %w\n%s", command[0], err, said)
	}
	return nil
}

// teamspro is our service, on the data of a folder, with all that it has in use switched on: one line of log a turn,
// permissions, recognition of what was sent twice, metrics.
func teamspro(data string, i *issuer) recipe {
	return recipe{"teamspro", []string{filepath.Join(root, "bin", "teamspro"), "serve"}, func(addr string) []string {
		return []string{"TEAMSPRO_LISTEN=" + addr, "TEAMSPRO_DATA=" + data, "TEAMSPRO_TENANT_ID=" + tenant, "TEAMSPRO_CONTACT_APP_ID=" + appID,
			"TEAMSPRO_CONTACT_APP_SECRET=bench", "TEAMSPRO_PUBLIC_URL=https://teamspro.example", "TEAMSPRO_BOT_METADATA_URL=" + i.URL + "/openid",
			"TEAMSPRO_BOT_ISSUER=" + i.URL, "TEAMSPRO_CA_FILE=" + i.caFile, "TEAMSPRO_LOG_LEVEL=debug"}
	}}
}

// peer is a bot of a few lines on one of Microsoft's SDKs.
func peer(name, contacts string, i *issuer) recipe {
	return recipe{name, []string{"node", filepath.Join("peers", name+".mjs")}, func(addr string) []string {
		_, port, _ := net.SplitHostPort(addr)
		return []string{"PORT=" + port, "CONTACTS=" + contacts, "APP_ID=" + appID, "TENANT_ID=" + tenant, "ISSUER=" + i.URL, "NODE_EXTRA_CA_CERTS=" + i.caFile, "NODE_ENV=production"}
	}}
}
