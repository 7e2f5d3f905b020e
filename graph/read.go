package graph

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	abstractions "github.com/microsoft/kiota-abstractions-go"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
)

// Item implements image.Reader.
func (c *Client) Item(ctx context.Context, who identity.Caller, ref image.ItemRef) (image.Item, error) {
	ctx, k := c.begin(ctx, "graph.Item", who)
	d, err := c.item(ctx, k, ref)
	if err != nil {
		return image.Item{}, k.fault(err)
	}
	return d.item(ref.Drive), nil
}

// downloadURL is the name under which an item carries the address of its content.
const downloadURL = "@microsoft.graph.downloadUrl"

// Read implements image.Reader. The bytes are those of the item: length and hash are compared, and a file that changes
// while it is read is read once more.
func (c *Client) Read(ctx context.Context, who identity.Caller, ref image.ItemRef, limit int64) (image.Item, []byte, error) {
	ctx, k := c.begin(ctx, "graph.Read", who)
	for again := false; ; again = true {
		d, err := c.readable(ctx, k, ref, limit)
		if err != nil {
			return image.Item{}, nil, k.fault(err)
		}
		data, err := c.download(ctx, k, d.download, d.size)
		if err == nil {
			err = c.unchanged(ctx, k, ref, d, data)
		}
		switch {
		case err == nil:
			return d.item(ref.Drive), data, nil
		case !again && (errors.Is(err, errExpired) || errors.Is(err, errChanged)):
			continue
		}
		return image.Item{}, nil, c.unread(k, err)
	}
}

func (c *Client) unread(k *call, err error) error {
	switch {
	case errors.Is(err, errExpired):
		return k.because(err, fault.Busy, "image.drive.expired")
	case errors.Is(err, errChanged):
		return k.because(err, fault.Stale, "image.drive.changing")
	}
	return k.fault(err)
}

var (
	errExpired = errors.New("the address of the content is no longer good")
	errChanged = errors.New("the file changed while it was read")
)

// readable is an item whose content may be fetched: a file, not too large, with an address.
func (c *Client) readable(ctx context.Context, k *call, ref image.ItemRef, limit int64) (*driveItem, error) {
	d, err := c.item(ctx, k, ref, downloadURL)
	if err == nil && d.download == "" && d.file != nil { // some drives give it unasked only
		parts, _ := k.at(ref) // it was good just now
		d, err = c.itemAt(ctx, ref.Drive, c.request(abstractions.GET, itemPath, parts))
	}
	switch {
	case err != nil:
		return nil, err
	case d.item(ref.Drive).Folder:
		return nil, k.because(nil, fault.Invalid, "image.drive.folder")
	case d.size > limit:
		return nil, k.because(nil, fault.Invalid, image.FaultTooLargeBytes, "Limit", limit)
	case d.download == "" && d.size > 0:
		return nil, k.because(errShape, fault.Denied, "image.drive.denied") // downloads are blocked for this person
	}
	return d, nil
}

// unchanged tells whether the bytes are the item's: by its hash, or where it has none by asking for it again.
func (c *Client) unchanged(ctx context.Context, k *call, ref image.ItemRef, d *driveItem, data []byte) error {
	if hash := d.hash(); hash != "" {
		if quickXor(data) != hash {
			return errChanged
		}
		return nil
	}
	now, err := c.item(ctx, k, ref)
	if err == nil && now.eTag != d.eTag {
		return errChanged
	}
	return err
}

// maxParts is how often a download may break off and be resumed.
const maxParts = 5

// download fetches the size bytes at an address that carries its own right, without a token.
func (c *Client) download(ctx context.Context, k *call, address string, size int64) ([]byte, error) {
	if size == 0 {
		return []byte{}, nil
	}
	var data []byte
	for range maxParts {
		res, err := c.fetch(ctx, k, address, int64(len(data)))
		if err != nil {
			if ctx.Err() == nil && transient(err) && c.rest(ctx, k, err) {
				continue
			}
			return nil, err
		}
		data, err = extend(data, res, size)
		if err == nil || !errors.Is(err, errBroken) || ctx.Err() != nil {
			return data, err
		}
		k.tried = true
	}
	return nil, errBroken
}

// rest waits before something is tried again, as long as the call has patience.
func (c *Client) rest(ctx context.Context, k *call, err error) bool {
	pause := backoff(0)
	var r *refused
	if errors.As(err, &r) && r.after > 0 {
		pause = r.after
	}
	if pause > k.waits {
		return false
	}
	k.waits -= pause
	k.tried = true
	return sleep(ctx, pause) == nil
}

// transient tells whether trying the same once more may help.
func transient(err error) bool {
	var r *refused
	if errors.As(err, &r) {
		return r.status == http.StatusTooManyRequests || r.status >= 500 && r.status != http.StatusInsufficientStorage && r.status != statusBandwidth
	}
	return !errors.Is(err, errExpired) && !errors.Is(err, errCarrier)
}

// errBroken is a body that ended too early.
var errBroken = errors.New("the content broke off")

// extend reads an answer behind what came before it. What is longer than the item, or not where it should be, is not the
// item any more.
func extend(data []byte, res *answer, size int64) ([]byte, error) {
	defer res.close()
	if res.StatusCode == http.StatusOK {
		data = data[:0]
	} else if !strings.HasPrefix(res.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", len(data))) {
		return nil, errChanged
	}
	if _, total, ok := strings.Cut(res.Header.Get("Content-Range"), "/"); ok && total != strconv.FormatInt(size, 10) && total != "*" {
		return nil, errChanged
	}
	rest, err := io.ReadAll(io.LimitReader(res.Body, size-int64(len(data))+1))
	data = append(data, rest...)
	switch {
	case int64(len(data)) > size:
		return nil, errChanged
	case int64(len(data)) == size:
		return data, nil
	case err == nil && res.ContentLength >= 0:
		return nil, errChanged // all that was announced has come, and it is less than the item
	}
	return data, errBroken
}

// answer is a response with the end of its time.
type answer struct {
	*http.Response
	cancel context.CancelFunc
}

func (a *answer) close() {
	_ = a.Body.Close()
	a.cancel()
}

// fetch asks for content from an offset on.
func (c *Client) fetch(ctx context.Context, k *call, address string, from int64) (*answer, error) {
	header := http.Header{"Accept-Encoding": {"identity"}} // so that offsets are the file's own
	if from > 0 {
		header.Set("Range", fmt.Sprintf("bytes=%d-", from))
	}
	res, err := c.visit(ctx, k, http.MethodGet, address, header, nil)
	if err != nil {
		return nil, err
	}
	switch res.StatusCode {
	case http.StatusOK, http.StatusPartialContent:
		return res, nil
	}
	defer res.close()
	switch res.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusGone:
		return nil, errExpired
	case http.StatusRequestedRangeNotSatisfiable, http.StatusPreconditionFailed:
		return nil, errChanged
	}
	return nil, res.refused()
}

// refused is the answer as a refusal.
func (a *answer) refused() *refused {
	after, _ := retryAfter(a.Header)
	return &refused{status: a.StatusCode, after: after}
}

// visit sends a request to an address that Graph handed out. It carries no token, and no error or log line names it.
func (c *Client) visit(ctx context.Context, k *call, method, address string, header http.Header, body io.Reader) (*answer, error) {
	u, err := c.carrier(address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.carryTime)
	r, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		cancel()
		return nil, errCarrier
	}
	r.Header = header
	r.Header.Set("User-Agent", c.agent)
	res, err := c.outside.Do(r) //nolint:bodyclose // answer.close does
	if err != nil {
		cancel()
		c.log.Info("a carrier of content did not answer", "op", k.op, "error", cause(err))
		return nil, cause(err)
	}
	if res.StatusCode >= 300 {
		c.log.Info("a carrier of content refused", "op", k.op, "status", res.StatusCode)
	}
	return &answer{res, cancel}, nil
}

// Versions implements image.Reader. Graph's list begins with the version that is current, which is none that was kept.
func (c *Client) Versions(ctx context.Context, who identity.Caller, ref image.ItemRef) ([]image.Version, error) {
	ctx, k := c.begin(ctx, "graph.Versions", who)
	parts, err := k.at(ref)
	if err != nil {
		return nil, err
	}
	var list []image.Version
	current := true
	err = each(ctx, c, c.request(abstractions.GET, itemPath+"/versions?$select=id,size,lastModifiedDateTime,lastModifiedBy", parts), func(v *itemVersion) bool {
		if !current {
			list = append(list, image.Version{ID: v.id, Size: v.size, Modified: v.modified, By: v.by.name()})
		}
		current = false
		return len(list) < maxVersions
	})
	if err != nil {
		return nil, k.fault(err)
	}
	return list, nil
}

const maxVersions = 100
