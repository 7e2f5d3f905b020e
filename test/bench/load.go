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
	"sync"
	"sync/atomic"
	"time"
)

// caller asks a server on this machine as the Bot Connector does. Every activity has an id of its own, so that none is
// taken for one that was sent again.
type caller struct {
	token     string
	questions []string
	count     int // results asked for
	sent      atomic.Int64
}

// request is the next question as bytes, so that the caller takes as little of the machine as it can.
func (c *caller) request(text string) []byte {
	n := c.sent.Add(1)
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string can always be written as JSON
	}
	body := fmt.Sprintf(`{"type":"invoke","name":"composeExtension/query","id":"f:%d","timestamp":"2026-01-17T09:00:00.000Z","serviceUrl":%q,"channelId":"msteams","locale":"en-US",`+
		`"from":{"id":"29:bench","name":"Bench","aadObjectId":%q},"recipient":{"id":"28:%s","name":"Contact Pro"},"conversation":{"id":%q,"conversationType":"personal","tenantId":%q},`+
		`"channelData":{"tenant":{"id":%q},"source":{"name":"compose"}},"value":{"commandId":"findContact","parameters":[{"name":"query","value":%s}],"queryOptions":{"skip":0,"count":%d}}}`,
		n, serviceURL, person, appID, conversation, tenant, tenant, quoted, c.count)
	return fmt.Appendf(nil, "POST /api/messages HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", c.token, len(body), body)
}

// line is one connection to a server.
type line struct {
	net.Conn
	in *bufio.Reader
}

func dial(ctx context.Context, addr string) (*line, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &line{conn, bufio.NewReaderSize(conn, 64<<10)}, conn.SetDeadline(time.Now().Add(2 * time.Minute))
}

// ask sends one question and gives the body of the answer into out.
func (l *line) ask(request []byte, out io.Writer) error {
	if _, err := l.Write(request); err != nil {
		return err
	}
	answer, err := http.ReadResponse(l.in, nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	n, err := io.Copy(out, answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK || n < 200 {
		return fmt.Errorf("answered with status %d and %d bytes", answer.StatusCode, n)
	}
	return nil
}

// burst is what a server did under load.
type burst struct {
	requests int
	bytes    int64
	took     time.Duration
	each     []time.Duration
}

func (b burst) rate() float64 { return float64(b.requests) / b.took.Seconds() }

// run asks over so many connections for so long. Any answer but a good one fails it.
func (c *caller) run(ctx context.Context, addr string, connections int, duration time.Duration) (burst, error) {
	ctx, cancel := context.WithTimeout(ctx, duration)
	defer cancel()
	var group sync.WaitGroup
	bursts, errs := make([]burst, connections), make([]error, connections)
	start := time.Now()
	for i := range connections {
		group.Go(func() { bursts[i], errs[i] = c.talk(ctx, addr) })
	}
	group.Wait()
	all := burst{took: time.Since(start)}
	for _, b := range bursts {
		all.requests, all.bytes, all.each = all.requests+b.requests, all.bytes+b.bytes, append(all.each, b.each...)
	}
	return all, errors.Join(errs...)
}

// talk asks over one connection until ctx ends.
func (c *caller) talk(ctx context.Context, addr string) (b burst, err error) {
	l, err := dial(ctx, addr)
	if err != nil {
		return b, err
	}
	defer l.Close()
	size := &counter{}
	for n := 0; ctx.Err() == nil; n++ {
		start := time.Now()
		if err := l.ask(c.request(c.questions[int(c.sent.Load())%len(c.questions)]), size); err != nil {
			return b, err
		}
		b.requests++
		b.each = append(b.each, time.Since(start))
	}
	b.bytes = size.n
	return b, nil
}

type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}
