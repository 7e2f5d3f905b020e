package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// What notices are measured with.
const (
	noticesSent   = 10_000
	noticesPlaces = 1_000
	noticesRounds = 3
	// limitedTenants have limitedPlaces conversations each where Teams' limits are simulated.
	limitedTenants = 20
	limitedPlaces  = 50

	// The peer is measured twice: its client alone, one for all notices; and as bots use it that speak first, which is what
	// ours is held against. Both of its adapters make a client for each notice then (processProactive in cloudAdapterBase,
	// continueConversation in botFrameworkAdapter).
	peerName     = "botbuilder ConnectorClient"
	peerUsedName = "botbuilder continueConversationAsync"
)

// speaker is a process that sends notices.
type speaker struct {
	name string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader

	rate, cpu []float64 // notices a second, microseconds a notice
}

// notices measures how fast, and for how much, thousands of notices leave, and how close to Teams' limits they do.
func notices(ctx context.Context, b bench) (report, error) {
	r := report{head: []string{"", "notices/s", "CPU a notice, µs"},
		about: fmt.Sprintf("%d notices to %d conversations of a connector on this machine, which takes each for what it is and works on the same cores; nothing limits the rate, %d at a time (the whole way decides for itself), "+
			"%d rounds by turns after one to get warm. Each sender is a process of its own, whose CPU time this is; a notice is an Adaptive Card with a title and a paragraph. "+
			"The plain Go client is the floor: net/http with bodies made beforehand. teamspro is the whole way: announced into the outbox on disk (fsync), by runner and bot to the connector, and noted. The goals hold it against "+
			"botbuilder as bots use it that speak first, whose adapter makes a ConnectorClient for each notice; one client for all is beside it. Neither keeps anything on disk.", noticesSent, noticesPlaces, senders, noticesRounds)}
	addr, stop, err := startLoopback(ctx, b.folder)
	if err != nil {
		return r, err
	}
	defer stop()
	all, err := b.speakers(ctx, addr, &r)
	defer func() {
		for _, s := range all {
			s.close()
		}
	}()
	if err != nil {
		return r, err
	}
	if err := byTurns(ctx, addr, all); err != nil {
		return r, err
	}
	r.spoke(all)
	if err := limited(ctx, addr, all[0], &r); err != nil {
		return r, err
	}
	return r, killed(ctx, b, addr, &r)
}

// startLoopback starts the connector as a process of its own.
func startLoopback(ctx context.Context, folder string) (addr string, stop func(), err error) {
	program, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	s, err := recipe{"connector", []string{program}, func(addr string) []string { return []string{loopbackEnv + "=" + addr} }}.start(ctx, folder)
	if err != nil {
		return "", nil, err
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err = ask[record](ctx, s.addr, "/record"); err == nil || time.Now().After(end) {
			return s.addr, s.stop, err
		}
	}
}

// loopbackEnv makes this program the connector, at the address it names.
const loopbackEnv = "TEAMSPRO_BENCH_LOOPBACK"

func serveLoopback(ctx context.Context, addr string) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return newLoopback().serve(listener)
}

// ask asks the connector.
func ask[T any](ctx context.Context, addr, path string) (answer T, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+path, nil)
	if err != nil {
		return answer, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer, err
	}
	defer res.Body.Close()
	return answer, json.NewDecoder(res.Body).Decode(&answer)
}

// speakers starts everybody who is measured, ours first.
func (b bench) speakers(ctx context.Context, addr string, r *report) (all []*speaker, err error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	settings := []string{connectorEnv + "=" + addr, sayersEnv + "=" + b.folder}
	for _, name := range ourSpeakers() {
		s, err := newSpeaker(ctx, name, []string{program}, append(settings, sayEnv+"="+name))
		if err != nil {
			return all, err
		}
		all = append(all, s)
	}
	if err := installed("botframework-connector"); err != nil {
		r.absent = append(r.absent, err.Error())
		return all, nil
	}
	for used, name := range []string{peerName, peerUsedName} {
		s, err := newSpeaker(ctx, name, []string{"node", filepath.Join("peers", "connector.mjs")},
			[]string{"CONNECTOR=" + addr, "APP_ID=" + appID, "CARD=" + string(noticeCard(0).JSON()), "NODE_ENV=production", "ADAPTER=" + strings.Repeat("1", used)})
		if err != nil {
			return all, err
		}
		all = append(all, s)
	}
	return all, nil
}

func newSpeaker(ctx context.Context, name string, command, settings []string) (*speaker, error) {
	s := &speaker{name: name, cmd: exec.CommandContext(ctx, command[0], command[1:]...)}
	s.cmd.Env, s.cmd.Stderr = append(os.Environ(), settings...), os.Stderr
	out, errOut := s.cmd.StdoutPipe()
	in, errIn := s.cmd.StdinPipe()
	s.in, s.out = in, bufio.NewReader(out)
	return s, errors.Join(errOut, errIn, s.cmd.Start())
}

// close ends a speaker, which reads orders until there are no more.
func (s *speaker) close() {
	if s == nil || s.cmd.Process == nil {
		return
	}
	if err := errors.Join(s.in.Close(), s.cmd.Wait()); err != nil {
		fmt.Fprintln(os.Stderr, s.name, "did not end:", err)
	}
}

// send has an order sent, and sees that everything came once.
func (s *speaker) send(ctx context.Context, addr string, o order) (outcome, record, error) {
	path := "/reset"
	if o.Limited {
		path += "?limited"
	}
	if _, err := ask[struct{}](ctx, addr, path); err != nil {
		return outcome{}, record{}, err
	}
	done, err := s.obey(o)
	if err != nil {
		return done, record{}, err
	}
	got, err := ask[record](ctx, addr, "/record")
	if err == nil && (got.Notices != o.Notices || got.Doubled != 0 || got.Invalid != 0) {
		err = fmt.Errorf("%s: of %d notices %d came, %d doubled, %d of them no notices", s.name, o.Notices, got.Notices, got.Doubled, got.Invalid)
	}
	return done, got, err
}

// obey has an order sent.
func (s *speaker) obey(o order) (done outcome, err error) {
	if err := s.tell(o); err != nil {
		return done, err
	}
	answer, err := s.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(answer, &done)
	}
	if err == nil && done.Error != "" {
		err = errors.New(done.Error)
	}
	if err != nil {
		return done, fmt.Errorf("%s: %w", s.name, err)
	}
	return done, nil
}

// tell gives an order.
func (s *speaker) tell(o order) error {
	line, err := json.Marshal(o)
	if err == nil {
		_, err = s.in.Write(append(line, '\n'))
	}
	return err
}

// byTurns has everybody send the same, several times.
func byTurns(ctx context.Context, addr string, all []*speaker) error {
	for round := range noticesRounds + 1 {
		for _, s := range all {
			done, _, err := s.send(ctx, addr, order{First: round * noticesSent, Notices: noticesSent, Tenants: 1, Conversations: noticesPlaces})
			if err != nil {
				return err
			}
			if round > 0 { // the first warms up
				s.rate = append(s.rate, noticesSent/(float64(done.Took)/1e6))
				s.cpu = append(s.cpu, float64(done.Micros)/noticesSent)
			}
		}
	}
	return nil
}

// spoke fills the table and holds ours to the goals.
func (r *report) spoke(all []*speaker) {
	for _, s := range all {
		r.rows = append(r.rows, []string{s.name, spreadOf(s.rate).String(), spreadOf(s.cpu).String()})
	}
	for _, s := range all {
		if s.name == peerUsedName {
			r.goals = append(r.goals, times("rate", spreadOf(all[0].rate).median, peers{{s.name, spreadOf(s.rate).median}}, 10),
				share("CPU", spreadOf(all[0].cpu).median, peers{{s.name, spreadOf(s.cpu).median}}, 10))
		}
	}
}

// limited has ours send where the connector holds to Teams' limits.
func limited(ctx context.Context, addr string, ours *speaker, r *report) error {
	done, got, err := ours.send(ctx, addr, order{First: 900_000, Notices: noticesSent, Tenants: limitedTenants, Conversations: limitedPlaces, Limited: true})
	if err != nil {
		return err
	}
	least := slices.Min(got.Shares)
	r.more = append(r.more, fmt.Sprintf("With limits simulated (%d a second for a tenant, and what Teams allows in a conversation), %d notices to %d tenants with %d conversations each take %s s: "+
		"the tenants get %s %% of their rate (the least %s %%), and the connector refuses %d with 429.", tenantRate, noticesSent, limitedTenants, limitedPlaces,
		short(float64(done.Took)/1e6), short(100*quantile(got.Shares, 0.5)), short(100*least), got.Refused))
	r.goals = append(r.goals, goal{"share of the limits ≥ 98 %", short(100*least) + " %", least >= 0.98}, goal{"429 = 0", fmt.Sprint(got.Refused), got.Refused == 0})
	return nil
}
