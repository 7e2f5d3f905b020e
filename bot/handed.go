package bot

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"teamspro/internal/fault"
)

// Attachment is what came with a message: a pasted picture, a file of the personal chat, or the message's own HTML.
type Attachment struct {
	ContentType string          `json:"contentType"`
	ContentURL  string          `json:"contentUrl"`
	Name        string          `json:"name"`
	Content     json.RawMessage `json:"content"`
}

// fileInfo is the content type of a file of the personal chat; its address needs no token and must get none.
const fileInfo = "application/vnd.microsoft.teams.file.download.info"

// Limits of what is read of a message's attachments.
const (
	maxAttachments = 10
	usualMost      = 32 << 20 // bytes of one, unless the settings say otherwise
	fetchTime      = 8 * time.Second
	fileTime       = 30 * time.Second // of one that may be large, and whose reader was told to wait
)

// handed are the pictures and files of a message; the HTML that comes with every formatted message is none.
func (a *Activity) handed() []Attachment {
	var files []Attachment
	for _, at := range a.Attachments {
		if len(files) < maxAttachments && (at.ContentType == fileInfo || strings.HasPrefix(at.ContentType, "image/")) {
			files = append(files, at)
		}
	}
	return files
}

// Fetch reads what was handed over: a pasted picture from the connector, with the app's token if the address is one of
// its hosts; a file from where Teams keeps it, without. Faults are Invalid for addresses that are not followed and for
// what is too large, NotFound for what is gone, Busy when trying later may help.
func (c *Connector) Fetch(ctx context.Context, in Target, at Attachment) ([]byte, error) {
	const op = "connector.Fetch"
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	if at.ContentType == fileInfo {
		return c.download(ctx, op, at, c.most)
	}
	u, err := url.Parse(at.ContentURL)
	if err != nil || len(at.ContentURL) > maxServiceURL || u.Fragment != "" || !isPlainPath(u) || !c.hosts.allows(u) {
		return nil, notFollowed(op)
	}
	call := &connectorCall{op: op, tenant: in.Tenant, lane: in.Conversation, reads: true, limit: c.most}
	data, err := c.do(call.in(ctx), http.MethodGet, *u, nil)
	var answer *ConnectorError
	if errors.As(err, &answer) && answer.Code == "too_long" {
		return nil, fileTooLarge(op, c.most)
	}
	return data, connectorFault(op, err)
}

// FetchFile reads a file of the personal chat, as Fetch does, of at most so many bytes.
func (c *Connector) FetchFile(ctx context.Context, at Attachment, most int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fileTime)
	defer cancel()
	return c.download(ctx, "connector.FetchFile", at, most)
}

// download reads a file of a personal chat. Its address is as good as a key, so it is never logged.
func (c *Connector) download(ctx context.Context, op string, at Attachment, most int64) ([]byte, error) {
	var info struct {
		DownloadURL string `json:"downloadUrl"`
	}
	if json.Unmarshal(at.Content, &info) != nil || !c.mayDownload(info.DownloadURL) {
		return nil, notFollowed(op)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, info.DownloadURL, http.NoBody)
	if err != nil {
		return nil, notFollowed(op)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, downloadFault(op, err)
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusNotFound, res.StatusCode == http.StatusGone, res.StatusCode == http.StatusUnauthorized, res.StatusCode == http.StatusForbidden:
		return nil, fault.New(fault.NotFound, op, "image.handed.gone")
	case res.StatusCode != http.StatusOK:
		return nil, fault.New(fault.Busy, op, "image.handed.unreadable")
	}
	if res.ContentLength > most {
		return nil, fileTooLarge(op, most)
	}
	data, err := io.ReadAll(io.LimitReader(res.Body, most+1))
	if err != nil {
		return nil, downloadFault(op, err)
	}
	if int64(len(data)) > most {
		return nil, fileTooLarge(op, most)
	}
	return data, nil
}

// mayDownload admits https, and http on hosts of this machine that the settings name. Where a name resolves to is
// checked when the connection is made.
func (c *Connector) mayDownload(address string) bool {
	u, err := url.Parse(address)
	if err != nil || len(address) > 4*maxServiceURL || u.User != nil || u.Opaque != "" || !isPlainHost(strings.ToLower(u.Hostname())) {
		return false
	}
	return u.Scheme == "https" || c.hosts.allows(u)
}

// downloadFault keeps the address, which the transport's errors repeat, out of the log.
func downloadFault(op string, err error) error {
	switch {
	case errors.Is(err, errNotPublic):
		return notFollowed(op)
	case isContext(err):
		return fault.New(fault.Busy, op, "image.handed.slow")
	}
	return fault.New(fault.Busy, op, "image.handed.unreadable")
}

func notFollowed(op string) error { return fault.New(fault.Invalid, op, "image.handed.address") }

func fileTooLarge(op string, most int64) error {
	return fault.New(fault.Invalid, op, "image.handed.too_large", "Limit", int(most>>20))
}
