package graph

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	kjson "github.com/microsoft/kiota-serialization-json-go"
)

// Sizes and bounds of large uploads. A fragment is a multiple of 320 KiB, as Graph demands.
const (
	fragmentUnit = 320 << 10
	fragmentSize = 16 * fragmentUnit
	maxSessions  = 3
	maxFailures  = 6 // in a row without progress
	abandonTime  = 5 * time.Second
)

var (
	errSessionGone = errors.New("the upload session is gone")
	errStuck       = errors.New("the upload makes no progress")
)

// upload sends a large file in fragments: POST …/createUploadSession, then PUTs to an address that carries its own right.
// What fails is resumed from where the session is; a session that is gone is begun anew; one that is given up is removed.
// Until the last fragment nobody sees anything of it.
func (c *Client) upload(ctx context.Context, k *call, w writing) (*driveItem, error) {
	w, err := c.mayUpload(ctx, w)
	if err != nil {
		return nil, err
	}
	for range maxSessions {
		d, err := c.uploadOnce(ctx, k, w)
		if !errors.Is(err, errSessionGone) {
			return d, err
		}
		// The session ends with the last fragment, and the answer to that may be what was lost.
		if d, err = c.written(ctx, k, w); !errors.Is(err, errMissing) {
			return d, err
		}
		if !c.rest(ctx, k, err) {
			break
		}
	}
	return nil, errSessionGone
}

// mayUpload spares the transport of what cannot be saved: the name is taken, or the file has changed.
func (c *Client) mayUpload(ctx context.Context, w writing) (writing, error) {
	d, err := c.look(ctx, w)
	switch {
	case w.name != "" && err == nil:
		return w, errTaken
	case w.name != "" && status(err) == http.StatusNotFound:
		return w, nil
	case err != nil:
		return w, err
	case d.eTag != w.eTag:
		return w, errChanged
	}
	w.state = d.state()
	return w, nil
}

// uploadOnce opens a session and sends everything.
func (c *Client) uploadOnce(ctx context.Context, k *call, w writing) (*driveItem, error) {
	s, err := c.openSession(ctx, k, w)
	if err != nil {
		return nil, err
	}
	u := &uploading{c: c, k: k, w: w, address: s.url}
	d, err := u.send(ctx)
	if err != nil && !errors.Is(err, errSessionGone) {
		u.abandon(ctx)
	}
	return d, err
}

func (c *Client) openSession(ctx context.Context, k *call, w writing) (*uploadSession, error) {
	path, parts := w.path()
	behaviour, headers := "replace", []string{"If-Match", w.eTag}
	if w.name != "" {
		behaviour, headers = "fail", nil
	}
	r, err := c.sending(ctx, c.request(abstractions.POST, path+"/createUploadSession", parts, headers...),
		body{"item": map[string]any{"@microsoft.graph.conflictBehavior": behaviour}})
	if err != nil {
		return nil, err
	}
	s, err := ask[uploadSession](ctx, c, r)
	switch {
	case err != nil && uncertain(err) && c.rest(ctx, k, err):
		return nil, errSessionGone // a session that nobody knows of ends by itself
	case err != nil:
		return nil, err
	}
	if _, err := c.carrier(s.url); err != nil {
		return nil, err
	}
	return s, nil
}

// uploading is a large upload under way.
type uploading struct {
	c       *Client
	k       *call
	w       writing
	address string
	at      int64 // what the session has so far
}

func (u *uploading) size() int64 { return int64(len(u.w.data)) }

// send sends fragment after fragment until the file is there.
func (u *uploading) send(ctx context.Context) (*driveItem, error) {
	for failures := 0; failures < maxFailures; {
		before := u.at
		d, err := u.fragment(ctx)
		if d != nil {
			return d, nil
		}
		if err != nil {
			if !transient(err) || ctx.Err() != nil || errors.Is(err, errSessionGone) {
				return nil, u.ended(ctx, err)
			}
			if !u.c.rest(ctx, u.k, err) {
				return nil, err
			}
			if err := u.find(ctx); err != nil {
				return nil, u.ended(ctx, err)
			}
		}
		if u.at > before {
			failures = 0
		} else {
			failures++
		}
	}
	return nil, errStuck
}

// ended says what an error of the session means once nothing more will be sent.
func (u *uploading) ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// fragment sends the next fragment. It gives the file when it was the last.
func (u *uploading) fragment(ctx context.Context) (*driveItem, error) {
	end := min(u.at+fragmentSize, u.size())
	if end == u.size() && u.hasChanged(ctx) {
		return nil, &refused{status: http.StatusPreconditionFailed}
	}
	header := http.Header{"Content-Range": {fmt.Sprintf("bytes %d-%d/%d", u.at, end-1, u.size())}, "Content-Type": {"application/octet-stream"}}
	res, err := u.c.visit(ctx, u.k, http.MethodPut, u.address, header, bytes.NewReader(u.w.data[u.at:end]))
	if err != nil {
		return nil, err
	}
	defer res.close()
	switch res.StatusCode {
	case http.StatusAccepted:
		return nil, u.expected(res)
	case http.StatusOK, http.StatusCreated:
		return u.done(res)
	case http.StatusRequestedRangeNotSatisfiable:
		return nil, u.find(ctx)
	case http.StatusNotFound, http.StatusGone, http.StatusUnauthorized, http.StatusForbidden:
		return nil, errSessionGone
	}
	return nil, res.refused()
}

// hasChanged looks, before the fragment that makes the file whole, whether somebody else changed the file meanwhile. The
// session checked that only when it began. A question that finds no answer stops nothing: the token may have died, and
// the drive keeps what is replaced as a version.
func (u *uploading) hasChanged(ctx context.Context) bool {
	if u.w.name != "" {
		return false
	}
	d, err := u.c.look(ctx, u.w)
	return err == nil && d.state() != u.w.state
}

// done reads the finished file. An answer that cannot be read is looked after like one that was lost.
func (u *uploading) done(res *answer) (*driveItem, error) {
	d := new(driveItem)
	if err := read(res, d); err != nil || !d.whole(u.w.ref.Drive) {
		return nil, errSessionGone
	}
	return d, nil
}

// find asks the session what it has.
func (u *uploading) find(ctx context.Context) error {
	res, err := u.c.visit(ctx, u.k, http.MethodGet, u.address, http.Header{}, nil)
	if err != nil {
		if transient(err) && ctx.Err() == nil {
			return nil // the next fragment asks again
		}
		return err
	}
	defer res.close()
	switch {
	case res.StatusCode == http.StatusOK:
		return u.expected(res)
	case res.StatusCode == http.StatusTooManyRequests || res.StatusCode >= 500:
		return nil
	}
	return errSessionGone
}

// expected reads from which byte on the session wants more. A session that wants nothing more is at its end.
func (u *uploading) expected(res *answer) error {
	var s uploadSession
	if err := read(res, &s); err != nil || len(s.ranges) == 0 {
		return errSessionGone
	}
	first, _, _ := strings.Cut(s.ranges[0], "-")
	at, err := strconv.ParseInt(first, 10, 64)
	if err != nil || at < 0 || at >= u.size() {
		return errSessionGone
	}
	u.at = at
	return nil
}

// abandon removes a session that will not be finished, even when whoever asked is gone.
func (u *uploading) abandon(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abandonTime)
	defer cancel()
	if res, err := u.c.visit(ctx, u.k, http.MethodDelete, u.address, http.Header{}, nil); err == nil {
		res.close()
	}
}

// read reads JSON of one of Graph's types from an address that is none of Graph's.
func read[T any, P parsable[T]](res *answer, to P) error {
	raw, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil || !isObject(raw) {
		return errNotJSON
	}
	node, err := kjson.NewJsonParseNode(raw)
	if err != nil {
		return errNotJSON
	}
	got, err := node.GetObjectValue(fresh[T, P])
	object, ok := got.(P)
	if err != nil || !ok || object == nil {
		return errShape
	}
	*to = *object
	return nil
}
