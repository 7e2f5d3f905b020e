package graph

import (
	"context"
	"net/http"
	"regexp"
	"strings"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"golang.org/x/sync/errgroup"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
)

var (
	groupID = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	siteID  = regexp.MustCompile(`^[A-Za-z0-9.:,-]{1,300}$`)
)

// Home implements image.Places.
func (c *Client) Home(ctx context.Context, who identity.Caller, group string) (image.Item, error) {
	ctx, k := c.begin(ctx, "graph.Home", who)
	switch {
	case who.Place == identity.Channel && groupID.MatchString(group) && who.Conversation != "":
		return c.channelHome(ctx, k, group)
	case who.Place == identity.Personal && c.selected:
		return image.Item{}, k.because(nil, fault.NotFound, "image.drive.no_personal")
	case who.Place == identity.Personal:
		return c.personalHome(ctx, k)
	}
	return image.Item{}, k.because(nil, fault.NotFound, "image.drive.no_home")
}

// channelHome is GET /teams/{group}/channels/{channel}/filesFolder.
func (c *Client) channelHome(ctx context.Context, k *call, group string) (image.Item, error) {
	parts := map[string]string{"group": strings.ToLower(group), "channel": string(identity.Root(string(k.who.Conversation)))}
	d, err := ask[driveItem](ctx, c, c.request(abstractions.GET, "/teams/{group}/channels/{channel}/filesFolder", parts))
	if err == nil && (d.parent == nil || !d.whole(d.parent.drive)) {
		err = errShape
	}
	switch {
	case status(err) == http.StatusNotFound:
		return image.Item{}, k.because(err, fault.NotFound, "image.drive.no_home") // a channel whose folder nobody opened yet has none
	case err != nil:
		return image.Item{}, k.fault(err)
	}
	home := d.item(d.parent.drive)
	home.Folder = true // what it always is, and its facet is sometimes left out
	return home, nil
}

// personalHome is GET /me/drive/root, and /me/drive where that does not say which drive it is.
func (c *Client) personalHome(ctx context.Context, k *call) (image.Item, error) {
	root, err := ask[driveItem](ctx, c, c.request(abstractions.GET, "/me/drive/root"+selecting(itemFields), nil))
	drive := new(namedThing)
	if err == nil && root.parent != nil && root.parent.drive != "" {
		drive.id = root.parent.drive
	} else if err == nil {
		drive, err = ask[namedThing](ctx, c, c.request(abstractions.GET, "/me/drive?$select=id", nil))
	}
	if err == nil && !root.whole(drive.id) {
		err = errShape
	}
	switch {
	case status(err) == http.StatusNotFound:
		return image.Item{}, k.because(err, fault.NotFound, "image.drive.no_onedrive")
	case err != nil:
		return image.Item{}, k.fault(err)
	}
	home := root.item(drive.id)
	home.Name, home.Folder = "OneDrive", true // its own name is "root", which says nothing to people
	return home, nil
}

// Bounds of lists that people choose from.
const (
	maxSites  = 50
	maxDrives = 30
)

// Sites implements image.Places: GET /sites?search=.
func (c *Client) Sites(ctx context.Context, who identity.Caller, words string) ([]image.Site, error) {
	ctx, k := c.begin(ctx, "graph.Sites", who)
	if words = searchable(words); words == "" {
		words = "*"
	}
	var list []image.Site
	r := c.request(abstractions.GET, "/sites{?search}", nil)
	r.QueryParametersAny["search"] = words
	err := each(ctx, c, r, func(s *namedThing) bool {
		if siteID.MatchString(s.id) {
			list = append(list, image.Site{ID: s.id, Name: orDefault(s.displayName, s.name), WebURL: s.webURL})
		}
		return len(list) < maxSites
	})
	if err != nil {
		return nil, k.fault(err)
	}
	return list, nil
}

// Drives implements image.Places: GET /sites/{site}/drives, and the root of each.
func (c *Client) Drives(ctx context.Context, who identity.Caller, site string) ([]image.Item, error) {
	ctx, k := c.begin(ctx, "graph.Drives", who)
	if !siteID.MatchString(site) {
		return nil, k.because(nil, fault.Invalid, "image.ref")
	}
	var drives []*namedThing
	err := each(ctx, c, c.request(abstractions.GET, "/sites/{site}/drives?$select=id,name,webUrl", map[string]string{"site": site}), func(d *namedThing) bool {
		drives = append(drives, d)
		return len(drives) < maxDrives
	})
	if err != nil {
		return nil, k.fault(err)
	}
	roots := make([]image.Item, len(drives))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	for i, d := range drives {
		group.Go(func() (err error) {
			roots[i], err = c.root(ctx, who, d)
			return err
		})
	}
	return roots, group.Wait()
}

// root is the root folder of a drive under the drive's name; its own is always "root".
func (c *Client) root(ctx context.Context, who identity.Caller, drive *namedThing) (image.Item, error) {
	ctx, k := c.begin(ctx, "graph.Drives", who)
	d, err := c.item(ctx, k, image.ItemRef{Drive: drive.id, Item: "root"})
	if err != nil {
		return image.Item{}, k.fault(err)
	}
	i := d.item(drive.id)
	i.Name, i.WebURL, i.Parent = orDefault(drive.name, d.name), orDefault(drive.webURL, d.webURL), image.ItemRef{}
	return i, nil
}
