package graph

import (
	"context"
	"net/url"
	"slices"
	"strings"

	abstractions "github.com/microsoft/kiota-abstractions-go"

	"teamspro/internal/identity"
	"teamspro/internal/image"
)

// Images implements image.Finder: GET …/children, ordered by change.
func (c *Client) Images(ctx context.Context, who identity.Caller, in image.ItemRef, limit int) ([]image.Item, error) {
	ctx, k := c.begin(ctx, "graph.Images", who)
	list, err := c.children(ctx, k, in, "lastModifiedDateTime desc", limit, image.Item.IsPicture)
	slices.SortStableFunc(list, func(a, b image.Item) int { return b.Modified.Compare(a.Modified) })
	return list, err
}

// Folders implements image.Places.
func (c *Client) Folders(ctx context.Context, who identity.Caller, in image.ItemRef) ([]image.Item, error) {
	ctx, k := c.begin(ctx, "graph.Folders", who)
	return c.children(ctx, k, in, "name", maxFolders, func(i image.Item) bool { return i.Folder })
}

const maxFolders = 500

// children are the items of a folder that a test admits, in an order that Graph knows.
func (c *Client) children(ctx context.Context, k *call, in image.ItemRef, order string, limit int, admit func(image.Item) bool) ([]image.Item, error) {
	parts, err := k.at(in)
	if err != nil {
		return nil, err
	}
	query := selecting(itemFields) + "&$top=" + pageSize + "&$orderby=" + url.PathEscape(order)
	var list []image.Item
	err = each(ctx, c, c.request(abstractions.GET, itemPath+"/children"+query, parts), func(d *driveItem) bool {
		if i := d.item(in.Drive); d.remote == nil && d.whole(in.Drive) && admit(i) && len(list) < limit {
			list = append(list, i)
		}
		return len(list) < limit
	})
	if err != nil {
		return nil, k.fault(err)
	}
	return list, nil
}

// maxWords is the longest text that is searched for, in characters.
const maxWords = 200

// Search implements image.Finder: GET …/search(q='…'). Graph also finds by content and tags, a while after a change, and
// things that lie elsewhere.
func (c *Client) Search(ctx context.Context, who identity.Caller, in image.ItemRef, words string, limit int) ([]image.Item, error) {
	ctx, k := c.begin(ctx, "graph.Search", who)
	parts, err := k.at(in)
	if err != nil {
		return nil, err
	}
	if words = searchable(words); words == "" {
		return c.Images(ctx, who, in, limit)
	}
	parts["q"] = strings.ReplaceAll(words, "'", "''")
	query := selecting(append([]string{"remoteItem"}, itemFields...)) + "&$top=" + pageSize
	within := &within{c: c, k: k, folder: in}
	var list []image.Item
	err = each(ctx, c, c.request(abstractions.GET, itemPath+"/search(q='{q}')"+query, parts), func(d *driveItem) bool {
		if d.whole(in.Drive) && d.item(in.Drive).IsPicture() && len(list) < limit && within.holds(ctx, d) {
			list = append(list, d.item(in.Drive))
		}
		return len(list) < limit
	})
	if err != nil {
		return nil, k.fault(err)
	}
	return list, nil
}

// searchable are words without what a host in between could take for a part of the address.
func searchable(words string) string {
	return clip(strings.TrimSpace(strings.NewReplacer("/", " ", `\`, " ").Replace(words)), maxWords)
}

func clip(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}

// within tells what lies below a folder. The folder's own path is read when it is needed first.
type within struct {
	c      *Client
	k      *call
	folder image.ItemRef
	path   string // of the folder, with a slash at its end
	read   bool
}

func (w *within) holds(ctx context.Context, d *driveItem) bool {
	switch {
	case d.remote != nil || d.parent == nil:
		return false
	case d.parent.drive != "" && d.parent.drive != w.folder.Drive:
		return false
	case d.parent.id == w.folder.Item || d.parent.path == "":
		return true // searches often leave paths out; the search itself was below the folder
	}
	if !w.read {
		w.read, w.path = true, w.c.pathOf(ctx, w.k, w.folder)
	}
	return w.path == "" || strings.HasPrefix(unescaped(d.parent.path)+"/", w.path)
}

// pathOf is the path of a folder as parentReference.path of what is in it begins; empty when it cannot be told.
func (c *Client) pathOf(ctx context.Context, k *call, folder image.ItemRef) string {
	d, err := c.item(ctx, k, folder)
	if err != nil || d.root != nil || d.parent == nil || d.parent.path == "" {
		return ""
	}
	return unescaped(d.parent.path) + "/" + d.name + "/"
}

// unescaped is a path as people write it; Graph escapes it in some answers.
func unescaped(path string) string {
	if plain, err := url.PathUnescape(path); err == nil {
		return plain
	}
	return path
}
