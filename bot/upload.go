package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"teamspro/internal/fault"
)

// How a file is laid down: pieces of a multiple of 320 KiB, as upload sessions of OneDrive ask for, each tried a few times.
const (
	uploadPiece = 16 * 320 << 10
	uploadTries = 4
	uploadPause = 500 * time.Millisecond
	pieceTime   = 30 * time.Second
)

// Upload lays a file at the address of an upload session, which is as good as a key: it gets no token and is never logged.
// A piece that was not taken is sent again from where the session says it is. Afterwards the file is whole, or the session
// is given up and there is none. Faults are Invalid for addresses that are not followed, NotFound for a session that has
// ended, Busy for what may pass.
func (c *Connector) Upload(ctx context.Context, address string, data []byte) error {
	const op = "connector.Upload"
	if !c.mayDownload(address) || len(data) == 0 {
		return fault.New(fault.Invalid, op, "file.address")
	}
	u := upload{c, address, data}
	err := u.run(ctx)
	if err != nil {
		giveUp, cancel := context.WithTimeout(context.WithoutCancel(ctx), updateTime)
		defer cancel()
		_, _, _ = u.ask(giveUp, http.MethodDelete, nil, "") // a session that cannot be ended expires
	}
	return err
}

type upload struct {
	connector *Connector
	address   string
	data      []byte
}

func (u upload) run(ctx context.Context) error {
	from, tries := 0, 0
	for from < len(u.data) {
		to := min(from+uploadPiece, len(u.data))
		status, body, err := u.ask(ctx, http.MethodPut, u.data[from:to], fmt.Sprintf("bytes %d-%d/%d", from, to-1, len(u.data)))
		switch {
		case err == nil && (status == http.StatusOK || status == http.StatusCreated):
			return nil
		case err == nil && status == http.StatusAccepted && wanted(body, to) > from:
			from, tries = wanted(body, to), 0
			continue
		case err == nil && (status == http.StatusNotFound || status == http.StatusGone || status == http.StatusUnauthorized || status == http.StatusForbidden):
			return fault.New(fault.NotFound, "connector.Upload", "file.session_gone")
		case err != nil && ctx.Err() != nil, tries+1 >= uploadTries:
			return u.failed(status, err)
		}
		tries++
		if !pause(ctx, uploadPause<<tries) {
			return u.failed(status, ctx.Err())
		}
		if from, err = u.where(ctx, from); err != nil {
			return err
		}
	}
	return u.failed(0, errUpload) // the session took every byte and says it has not
}

func (u upload) failed(status int, err error) error {
	if err == nil {
		err = errUpload
	}
	return &fault.Error{Kind: fault.Busy, Op: "connector.Upload", Text: "file.failed", Err: downloadFault("status "+strconv.Itoa(status), err)}
}

// where asks the session which byte it wants next; where it does not say, the piece is sent again.
func (u upload) where(ctx context.Context, from int) (int, error) {
	status, body, err := u.ask(ctx, http.MethodGet, nil, "")
	switch {
	case err == nil && status == http.StatusOK:
		return wanted(body, from), nil
	case err == nil && status == http.StatusGone:
		return 0, fault.New(fault.NotFound, "connector.Upload", "file.session_gone")
	}
	return from, nil
}

// wanted is where the next piece begins, as a session says it: "nextExpectedRanges": ["327680-"].
func wanted(body []byte, usual int) int {
	var answer struct {
		Next []string `json:"nextExpectedRanges"`
	}
	if json.Unmarshal(body, &answer) != nil || len(answer.Next) == 0 {
		return usual
	}
	first, _, _ := strings.Cut(answer.Next[0], "-")
	n, err := strconv.Atoi(first)
	if err != nil || n < 0 {
		return usual
	}
	return n
}

// ask makes one request to the session, without a token.
func (u upload) ask(ctx context.Context, method string, piece []byte, span string) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, pieceTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, u.address, bytes.NewReader(piece))
	if err != nil {
		return 0, nil, errUpload // the address would be in the error
	}
	if span != "" {
		req.Header.Set("Content-Range", span)
		req.Header.Set("Content-Type", "application/octet-stream")
	}
	res, err := u.connector.http.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10)) // of an answer that is cut, the status counts
	return res.StatusCode, body, nil
}

// pause waits, unless ctx ends before.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
