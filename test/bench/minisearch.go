package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"teamspro/internal/contact"
)

// minisearch is the library in a Node process of its own; it takes its own times, so that the pipe is not counted.
type minisearch struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func newMinisearch(ctx context.Context, folder string, people []contact.Contact) (engine, error) {
	list := filepath.Join(folder, fmt.Sprintf("%d.json", len(people)))
	if err := export(list, people); err != nil {
		return nil, err
	}
	m := &minisearch{cmd: exec.CommandContext(ctx, "node", "--max-old-space-size=4096", filepath.Join("peers", "minisearch.mjs"))}
	m.cmd.Env, m.cmd.Stderr = append(os.Environ(), "CONTACTS="+list), os.Stderr
	out, err := m.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if m.in, err = m.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	m.out = bufio.NewReader(out)
	if err := m.cmd.Start(); err != nil {
		return nil, err
	}
	_, err = m.out.ReadString('\n') // "ready": everybody is in
	return m, err
}

func (m *minisearch) name() string { return "minisearch" }

// close ends the process, which reads questions until there are no more.
func (m *minisearch) close() error {
	if err := m.in.Close(); err != nil {
		return err
	}
	return m.cmd.Wait()
}

func (m *minisearch) search(_ context.Context, texts []string) (found [][]int, took []time.Duration, err error) {
	asked, err := json.Marshal(texts)
	if err != nil {
		return nil, nil, err
	}
	if _, err := m.in.Write(append(asked, '\n')); err != nil {
		return nil, nil, err
	}
	line, err := m.out.ReadBytes('\n')
	if err != nil {
		return nil, nil, err
	}
	var answers []struct {
		Places []int
		Micros int64
	}
	if err := json.Unmarshal(line, &answers); err != nil {
		return nil, nil, err
	}
	for _, a := range answers {
		found, took = append(found, a.Places), append(took, time.Duration(a.Micros)*time.Microsecond)
	}
	return found, took, nil
}
