package graph

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	abstractions "github.com/microsoft/kiota-abstractions-go"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
)

// linkHosts are what hosts of sharing links and of pages in SharePoint and OneDrive look like, in all clouds. The link is
// never visited from here: Graph is told of it, and knows its own.
var linkHosts = regexp.MustCompile(`^([a-z0-9-]+\.)+sharepoint(-mil|-df)?\.[a-z]{2,10}$|^onedrive\.live\.com$|^1drv\.ms$`)

const maxLink = 4 << 10

// Resolve implements image.Linker: GET /shares/u!…/driveItem.
func (c *Client) Resolve(ctx context.Context, who identity.Caller, link string) (image.Item, error) {
	ctx, k := c.begin(ctx, "graph.Resolve", who)
	link = strings.TrimSpace(link)
	if !c.isLink(link) {
		return image.Item{}, k.because(nil, fault.Invalid, "image.drive.link")
	}
	token := "u!" + base64.RawURLEncoding.EncodeToString([]byte(link))
	r := c.request(abstractions.GET, "/shares/{token}/driveItem"+selecting(itemFields), map[string]string{"token": token}, "Prefer", "redeemSharingLinkIfNecessary")
	d, err := ask[driveItem](ctx, c, r)
	if err == nil && (d.parent == nil || !d.whole(d.parent.drive)) {
		err = errShape
	}
	switch status(err) {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusGone:
		return image.Item{}, k.because(err, fault.NotFound, "image.drive.link_gone")
	case http.StatusForbidden:
		return image.Item{}, k.because(err, fault.Denied, "image.drive.link_denied")
	}
	if err != nil {
		return image.Item{}, k.fault(err)
	}
	return d.item(d.parent.drive), nil
}

// isLink tells whether a link may be one of SharePoint or OneDrive.
func (c *Client) isLink(link string) bool {
	u, err := url.Parse(link)
	if err != nil || u.User != nil || u.Opaque != "" || len(link) > maxLink {
		return false
	}
	if c.base.Scheme == "http" && isLoopback(u.Hostname()) {
		return c.local[strings.ToLower(u.Host)] // the stand-in's own
	}
	return u.Scheme == "https" && (u.Port() == "" || u.Port() == "443") && linkHosts.MatchString(strings.ToLower(u.Hostname()))
}

// Share implements image.Linker: POST …/createLink, to look at, for the organisation. Asked twice, Graph gives the same.
func (c *Client) Share(ctx context.Context, who identity.Caller, ref image.ItemRef) (string, error) {
	ctx, k := c.begin(ctx, "graph.Share", who)
	parts, err := k.at(ref)
	if err != nil {
		return "", err
	}
	r, err := c.sending(ctx, c.request(abstractions.POST, itemPath+"/createLink", parts), body{"type": "view", "scope": "organization"})
	if err != nil {
		return "", k.fault(err)
	}
	p, err := ask[permission](ctx, c, r)
	switch {
	case status(err) == http.StatusForbidden:
		return "", k.because(err, fault.Denied, "image.drive.no_share")
	case err != nil:
		return "", k.fault(err)
	case p.link == nil || !c.isLink(p.link.webURL):
		return "", k.because(errors.Join(errShape), fault.Internal, "image.drive.odd")
	}
	return p.link.webURL, nil
}
