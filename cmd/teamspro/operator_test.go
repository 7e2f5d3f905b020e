package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// desk opens a counter in a folder with contacts; tests give it tasks of their own.
func desk(t *testing.T, own map[string]task) (*counter, string) {
	t.Helper()
	folder := stored(t)
	at, err := openPremises(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	at.log = slog.New(slog.DiscardHandler)
	c, err := openCounter(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	if own != nil {
		c.tasks = own
	}
	go c.serve()
	t.Cleanup(func() {
		c.close()
		at.db.Close()
	})
	return c, folder
}

// echo says what is asked, and then what comes, as it comes.
func echo(_ context.Context, _ *premises, ask json.RawMessage, in io.Reader, out io.Writer) error {
	if _, err := out.Write(ask); err != nil {
		return err
	}
	_, err := io.Copy(out, in)
	return err
}

func TestHandOver(t *testing.T) {
	t.Parallel()
	fails := func(_ context.Context, _ *premises, _ json.RawMessage, _ io.Reader, out io.Writer) error {
		fmt.Fprintln(out, "some")
		return errors.New("it is “broken”\nin two lines")
	}
	panics := func(context.Context, *premises, json.RawMessage, io.Reader, io.Writer) error { panic("no") }
	_, folder := desk(t, map[string]task{"echo": echo, "fails": fails, "panics": panics})
	large := bytes.Repeat([]byte("a line of a large file\n"), 1<<18) // 6 MB
	for _, row := range []struct {
		name, task, ask string
		in              io.Reader
		out, failed     string
	}{
		{name: "without a file", task: "echo", ask: `{"a":1}`, out: "{\"a\":1}\n"},
		{name: "with a file", task: "echo", ask: `{}`, in: strings.NewReader("rows"), out: "{}\nrows"},
		{name: "a large file, both ways at once", task: "echo", ask: `{}`, in: bytes.NewReader(large), out: "{}\n" + string(large)},
		{name: "fails at the end", task: "fails", ask: `{}`, out: "some\n", failed: "it is “broken”\nin two lines"},
		{name: "of another version", task: "undo-everything", ask: `{}`, failed: `does not know "undo-everything": is the command of another version?`},
		{name: "too long", task: "echo", ask: strings.Repeat("x", maxAsk), failed: "too long"},
		{name: "panics", task: "panics", ask: `{}`, failed: "broke off"},
	} {
		var out bytes.Buffer
		handed, err := handOver(t.Context(), folder, row.task, []byte(row.ask), row.in, &out)
		if !handed || out.String() != row.out {
			t.Errorf("%s: handed %v, wrote %d bytes", row.name, handed, out.Len())
		}
		if (err != nil) != (row.failed != "") || err != nil && !strings.Contains(err.Error(), row.failed) {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

// Only the owner may use the socket, from the first moment.
func TestSocketMode(t *testing.T) {
	t.Parallel()
	_, folder := desk(t, nil)
	info, err := os.Stat(filepath.Join(folder, socketName))
	if err != nil || info.Mode() != os.ModeSocket|0o600 {
		t.Fatalf("%v, %v", info.Mode(), err)
	}
	if runtime.GOOS != "linux" {
		return
	}
	path := filepath.Join(t.TempDir(), "s")
	listener, err := (&net.ListenConfig{Control: ownersOnly}).Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("before chmod: %v, %v", info.Mode(), err)
	}
}

// A socket that a crashed service left is nobody: the command works on the database itself, and the next service listens there.
func TestStaleSocket(t *testing.T) {
	t.Parallel()
	folder := stored(t)
	path := filepath.Join(folder, socketName)
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	left.SetUnlinkOnClose(false)
	left.Close()
	file := filepath.Join(t.TempDir(), "copy.db")
	if status, out, trouble := command(t, "backup", "--data", folder, "--out", file); status != 0 || !strings.Contains(out, "3 contacts") {
		t.Errorf("%d, %s%s", status, out, trouble)
	}
	at, err := openPremises(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	defer at.db.Close()
	c, err := openCounter(t.Context(), at)
	if err != nil {
		t.Fatalf("the next service: %v", err)
	}
	c.close()
	if _, err := os.Lstat(path); err == nil {
		t.Error("a service that stopped left its socket")
	}
}

// A folder whose path is too long for a socket is said, and the service runs without.
func TestLongPath(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), strings.Repeat("long", 25))
	_, err := openCounter(t.Context(), &premises{data: folder})
	if err == nil || !strings.Contains(err.Error(), "TEAMSPRO_DATA") {
		t.Errorf("got %v", err)
	}
	if handed, err := handOver(t.Context(), folder, "backup", nil, nil, io.Discard); handed || err != nil {
		t.Errorf("handed %v, %v", handed, err)
	}
}

// No more tasks at once than the service has places for; one that ends makes room.
func TestManyTasks(t *testing.T) {
	t.Parallel()
	begun, free := make(chan bool, maxTasks), make(chan bool)
	waits := func(_ context.Context, _ *premises, _ json.RawMessage, _ io.Reader, out io.Writer) error {
		begun <- true
		<-free
		return nil
	}
	_, folder := desk(t, map[string]task{"waits": waits})
	ended := make(chan error, maxTasks)
	hand := func() error {
		_, err := handOver(t.Context(), folder, "waits", []byte("{}"), nil, io.Discard)
		return err
	}
	for range maxTasks {
		go func() { ended <- hand() }()
	}
	for range maxTasks {
		<-begun
	}
	if err := hand(); err == nil || !strings.Contains(err.Error(), "wait until one has ended") {
		t.Errorf("one too many: %v", err)
	}
	close(free)
	for range maxTasks {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if err := hand(); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// A task ends when its command goes away, whether it was reading, writing or neither.
func TestCommandGoesAway(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	tasks := map[string]task{
		"idle": func(ctx context.Context, _ *premises, _ json.RawMessage, _ io.Reader, out io.Writer) error {
			fmt.Fprintln(out, "begun")
			<-ctx.Done()
			ended <- ctx.Err()
			return ctx.Err()
		},
		"reads": func(_ context.Context, _ *premises, _ json.RawMessage, in io.Reader, out io.Writer) error {
			fmt.Fprintln(out, "begun")
			_, err := io.Copy(io.Discard, in)
			ended <- err
			return err
		},
		"writes": func(_ context.Context, _ *premises, _ json.RawMessage, _ io.Reader, out io.Writer) error {
			for {
				if _, err := out.Write(make([]byte, 1<<16)); err != nil {
					ended <- err
					return err
				}
			}
		},
	}
	_, folder := desk(t, tasks)
	for name, in := range map[string]io.Reader{"idle": nil, "reads": endless{}, "writes": nil} {
		ctx, cancel := context.WithCancel(t.Context())
		_, err := handOver(ctx, folder, name, []byte("{}"), in, first(cancel))
		if err == nil {
			t.Errorf("%s: the command ended well", name)
		}
		if err := <-ended; err == nil {
			t.Errorf("%s: the task ended well", name)
		}
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// first is a writer that calls something when it is written to.
type first func()

func (f first) Write(p []byte) (int, error) {
	f()
	return len(p), nil
}

// A command that was paused does not keep a task for ever.
func TestCommandPauses(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	c, folder := desk(t, map[string]task{"writes": func(_ context.Context, _ *premises, _ json.RawMessage, _ io.Reader, out io.Writer) error {
		for {
			if _, err := out.Write(make([]byte, 1<<16)); err != nil {
				ended <- err
				return err
			}
		}
	}})
	c.quiet = 50 * time.Millisecond
	conn, err := net.Dial("unix", filepath.Join(folder, socketName))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST /writes HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n{}\n"); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// A stop of the service cuts a task short, and the command says so.
func TestStopCutsTask(t *testing.T) {
	t.Parallel()
	c, folder := desk(t, map[string]task{"idle": func(ctx context.Context, _ *premises, _ json.RawMessage, _ io.Reader, out io.Writer) error {
		fmt.Fprintln(out, "begun")
		<-ctx.Done()
		return ctx.Err()
	}})
	_, err := handOver(t.Context(), folder, "idle", []byte("{}"), nil, first(func() { go c.close() }))
	if err == nil || !strings.Contains(err.Error(), "broke off") {
		t.Errorf("got %v", err)
	}
}

// What is asked and not understood is refused: it may mean something else.
func TestAsked(t *testing.T) {
	t.Parallel()
	if wish, err := asked[backupAsk]([]byte(`{"rate":3}`)); err != nil || wish.Rate != 3 {
		t.Errorf("%v, %v", wish, err)
	}
	for _, ask := range []string{`{"rate":3,"keys":true}`, `{"rate":"3"}`, `{`, ``} {
		if _, err := asked[backupAsk]([]byte(ask)); err == nil || !strings.Contains(err.Error(), "another version") {
			t.Errorf("%s: %v", ask, err)
		}
	}
}
