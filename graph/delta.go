package graph

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
)

// Limits of one Delta, whatever Graph would go on giving.
const (
	deltaPages  = 25
	maxArrivals = 5000    // candidates, after which the rest is left to the next call
	maxParents  = 200     // folders that are asked for to tell what lies below the library
	maxDepth    = 60      // folders inside each other; SharePoint's paths end at 400 characters
	maxToken    = 8 << 10 // bytes of an address with a token
)

// deltaFields is the $select of a delta. The path of a parent is never in it (Graph: driveItem: delta).
var deltaFields = []string{"id", "name", "size", "createdDateTime", "createdBy", "lastModifiedDateTime", "file", "folder", "root", "deleted", "remoteItem", "parentReference"}

// Delta implements image.Follower: GET /drives/{drive}/root/delta. A OneDrive for Business and a library of SharePoint tell
// what changed in the whole drive only, so what lies elsewhere is left out here. A token is the address that Graph gave to
// go on at; it is asked only while it is one of Graph's.
func (c *Client) Delta(ctx context.Context, who identity.Caller, in image.ItemRef, token string, since time.Time) (image.Delta, error) {
	ctx, k := c.begin(ctx, "graph.Delta", who)
	parts, err := k.at(in)
	if err != nil {
		return image.Delta{}, err
	}
	r := c.request(abstractions.GET, "/drives/{drive}/root/delta"+selecting(deltaFields)+"&$top="+pageSize+"&token=latest", parts)
	if token != "" {
		if !c.isToken(token) {
			return image.Delta{}, k.expired(errElsewhere)
		}
		r = c.at(token)
	}
	h := harvest{in: in, since: since, found: map[string]image.Arrival{}}
	if err := c.reap(ctx, r, &h); err != nil {
		if s := status(err); token != "" && (s == http.StatusGone || s == http.StatusBadRequest) {
			return image.Delta{}, k.expired(err)
		}
		return image.Delta{}, k.fault(err)
	}
	d := image.Delta{Token: h.token, Newest: h.newest, More: h.more}
	if token == "" {
		return d, nil // whatever came with it: it is not new
	}
	d.Arrivals, err = c.arrivals(ctx, k, &h)
	return d, err
}

// expired is the fault of a token from which the drive does not go on.
func (k *call) expired(err error) *fault.Error {
	return k.because(err, fault.Stale, "watch.expired")
}

// isToken tells whether an address may be asked with a token of somebody, and is not too long to be kept.
func (c *Client) isToken(text string) bool {
	u, err := url.Parse(text)
	return err == nil && len(text) <= maxToken && c.ours(u)
}

// at is a request to an address that Graph gave.
func (c *Client) at(address string) *abstractions.RequestInformation {
	return c.request(abstractions.GET, "", map[string]string{"request-raw-url": address})
}

// reap reads pages until they end, or are enough for now.
func (c *Client) reap(ctx context.Context, r *abstractions.RequestInformation, h *harvest) error {
	for range deltaPages {
		part, err := ask[deltaPage](ctx, c, r)
		if err != nil {
			return err
		}
		for _, d := range part.value {
			h.take(d)
		}
		h.more = part.delta == ""
		h.token = cmp.Or(part.delta, part.next)
		switch {
		case h.token == "":
			return errShape
		case !c.isToken(h.token):
			return errElsewhere
		case !h.more || len(h.found) >= maxArrivals:
			return nil
		}
		r = c.at(h.token)
	}
	return nil
}

// harvest is what a delta gave so far.
type harvest struct {
	in     image.ItemRef
	since  time.Time
	found  map[string]image.Arrival // by id: what comes later in a delta counts
	newest time.Time
	token  string
	more   bool
}

// take looks at one change.
func (h *harvest) take(d *driveItem) {
	if d.modified.After(h.newest) {
		h.newest = d.modified
	}
	delete(h.found, d.id)
	if d.deleted != nil || d.remote != nil || d.parent == nil || !d.whole(h.in.Drive) || d.created.IsZero() || d.created.Before(h.since) {
		return
	}
	i := d.item(h.in.Drive)
	if _, err := image.ParseRef(i.Parent.String()); err != nil || !i.IsPicture() || i.Ref.Drive != h.in.Drive {
		return
	}
	h.found[d.id] = image.Arrival{Ref: i.Ref, Parent: i.Parent, Size: d.size, At: d.created, By: d.maker.person()}
}

var personID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// person is the Entra object id in an identity; empty for apps, and for people who have none.
func (s *identitySet) person() identity.Person {
	if s == nil || s.user == nil {
		return ""
	}
	if id := strings.ToLower(s.user.id); personID.MatchString(id) {
		return identity.Person(id)
	}
	return ""
}

// arrivals are those of a harvest that lie below the folder, the oldest first.
func (c *Client) arrivals(ctx context.Context, k *call, h *harvest) ([]image.Arrival, error) {
	var list []image.Arrival
	below := &below{c: c, k: k, folder: h.in, known: map[string]bool{h.in.Item: true}}
	for _, a := range h.found {
		holds, err := below.holds(ctx, a.Parent.Item)
		if err != nil {
			return nil, k.fault(err)
		}
		if holds {
			list = append(list, a)
		}
	}
	if below.asked > maxParents {
		c.log.Warn("pictures in too many folders came at once; some are not told of", "op", k.op)
	}
	slices.SortFunc(list, func(a, b image.Arrival) int {
		return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Ref.Item, b.Ref.Item))
	})
	return list, nil
}

// below tells which folders lie below another. A delta tells the parent of a file by its id only, so the way up is asked for.
type below struct {
	c      *Client
	k      *call
	folder image.ItemRef
	known  map[string]bool
	asked  int
}

func (b *below) holds(ctx context.Context, id string) (bool, error) {
	var way []string
	holds, told := b.known[id]
	for !told && len(way) < maxDepth && b.asked <= maxParents {
		way = append(way, id)
		up, err := b.parent(ctx, id)
		if err != nil {
			return false, err
		}
		if id = up; id == "" {
			break
		}
		holds, told = b.known[id]
	}
	for _, id := range way {
		b.known[id] = holds
	}
	return holds, nil
}

// parent is the id of the folder that a folder lies in; empty above the root, and where it is gone or not to be seen.
func (b *below) parent(ctx context.Context, id string) (string, error) {
	if b.asked++; b.asked > maxParents {
		return "", nil
	}
	d, err := b.c.item(ctx, b.k, image.ItemRef{Drive: b.folder.Drive, Item: id})
	switch status(err) {
	case http.StatusNotFound, http.StatusForbidden, http.StatusBadRequest:
		return "", nil
	}
	switch {
	case err != nil:
		return "", err
	case d.root != nil && b.folder.Item == rootItem:
		return rootItem, nil
	case d.root != nil || d.parent == nil:
		return "", nil
	}
	return d.parent.id, nil
}

// rootItem is what Graph takes in place of the id of a root.
const rootItem = "root"

// deltaPage is a part of a delta.
type deltaPage struct {
	readOnly
	value       []*driveItem
	next, delta string
}

// GetFieldDeserializers implements the SDK's Parsable.
func (p *deltaPage) GetFieldDeserializers() fields {
	return fields{"value": objects(&p.value), "@odata.nextLink": text(&p.next), "@odata.deltaLink": text(&p.delta)}
}
