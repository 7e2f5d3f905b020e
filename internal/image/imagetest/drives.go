// Package imagetest is a drive in memory for the tests of what uses one. It keeps state and knows who may read and write;
// how Graph behaves beyond that is tested against graph/graphtest and the sandbox.
package imagetest

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
)

// Drives is one drive whose root folder is Root. Everybody may do everything but whom the fields below name.
type Drives struct {
	mu       sync.Mutex
	items    map[image.ItemRef]*file
	next     int
	refused  map[identity.Person]error
	now      time.Time
	versions map[image.ItemRef][]image.Version
	cut      cut
}

type file struct {
	image.Item
	data []byte
	made time.Time
	seq  int // of its last change
}

// Root is the root folder of the drive.
var Root = image.ItemRef{Drive: "b!drive", Item: "ROOT"}

// New makes an empty drive.
func New() *Drives {
	d := &Drives{items: map[image.ItemRef]*file{}, refused: map[identity.Person]error{}, versions: map[image.ItemRef][]image.Version{},
		now: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)}
	d.items[Root] = &file{Item: image.Item{Ref: Root, Name: "Pictures", Folder: true, ETag: `"root"`, WebURL: "https://contoso.sharepoint.example/pictures"}}
	return d
}

// Refuse lets every call of a person fail; nil lets them in again.
func (d *Drives) Refuse(p identity.Person, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refused[p] = err
}

// Put lays a file into a folder, over the one that has its name.
func (d *Drives) Put(in image.ItemRef, name string, data []byte) image.Item {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.named(in, name); f != nil {
		return d.write(f, data)
	}
	return d.add(in, name, data)
}

// Folder makes a folder in a folder.
func (d *Drives) Folder(in image.ItemRef, name string) image.Item {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.add(in, name, nil)
	d.items[f.Ref].Folder, d.items[f.Ref].MIME = true, ""
	return d.items[f.Ref].Item
}

// Remove takes an item away.
func (d *Drives) Remove(ref image.ItemRef) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.items, ref)
}

// Data gives the bytes of a file as they are now.
func (d *Drives) Data(ref image.ItemRef) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.items[ref]; f != nil {
		return f.data
	}
	return nil
}

func (d *Drives) add(in image.ItemRef, name string, data []byte) image.Item {
	d.next++
	ref := image.ItemRef{Drive: in.Drive, Item: fmt.Sprintf("01ITEM%d", d.next)}
	d.items[ref] = &file{Item: image.Item{Ref: ref, Name: name, Parent: in, MIME: mime(name), WebURL: "https://contoso.sharepoint.example/pictures/" + name}}
	return d.write(d.items[ref], data)
}

func (d *Drives) write(f *file, data []byte) image.Item {
	d.next++
	d.now = d.now.Add(time.Minute)
	if f.ETag != "" {
		d.versions[f.Ref] = append([]image.Version{{ID: f.ETag, Size: f.Size, Modified: f.Modified}}, d.versions[f.Ref]...)
	}
	f.data, f.Size, f.Modified, f.ETag = data, int64(len(data)), d.now, fmt.Sprintf(`"{%d},1"`, d.next)
	if f.seq = d.next; f.made.IsZero() {
		f.made = d.now
	}
	return f.Item
}

func mime(name string) string {
	return map[string]string{".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".gif": "image/gif", ".webp": "image/webp"}[strings.ToLower(path.Ext(name))]
}

func (d *Drives) named(in image.ItemRef, name string) *file {
	for _, f := range d.items {
		if f.Parent == in && strings.EqualFold(f.Name, name) {
			return f
		}
	}
	return nil
}

// find is the item for somebody who may see it. The caller holds the lock.
func (d *Drives) find(op string, who identity.Caller, ref image.ItemRef) (*file, error) {
	if err := d.refused[who.Person]; err != nil {
		return nil, err
	}
	if f := d.items[ref]; f != nil {
		return f, nil
	}
	return nil, fault.New(fault.NotFound, op, "image.drive.gone")
}

// list are the items of a folder that a test admits, changed last first.
func (d *Drives) list(op string, who identity.Caller, in image.ItemRef, limit int, admit func(image.Item) bool) ([]image.Item, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.find(op, who, in); err != nil {
		return nil, err
	}
	var list []image.Item
	for _, f := range d.items {
		if f.Parent == in && admit(f.Item) {
			list = append(list, f.Item)
		}
	}
	slices.SortFunc(list, func(a, b image.Item) int { return b.Modified.Compare(a.Modified) })
	return list[:min(limit, len(list))], nil
}

// Images implements image.Finder.
func (d *Drives) Images(_ context.Context, who identity.Caller, in image.ItemRef, limit int) ([]image.Item, error) {
	return d.list("imagetest.Images", who, in, limit, image.Item.IsPicture)
}

// Search implements image.Finder: by parts of names.
func (d *Drives) Search(_ context.Context, who identity.Caller, in image.ItemRef, words string, limit int) ([]image.Item, error) {
	return d.list("imagetest.Search", who, in, limit, func(i image.Item) bool {
		return i.IsPicture() && strings.Contains(strings.ToLower(i.Name), strings.ToLower(words))
	})
}

// SetNow makes a time that of the next change; each change is a minute later than the one before.
func (d *Drives) SetNow(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = now.Add(-time.Minute)
}

// Delta implements image.Follower: a token is the number of the last change.
func (d *Drives) Delta(_ context.Context, who identity.Caller, in image.ItemRef, token string, since time.Time) (image.Delta, error) {
	const op = "imagetest.Delta"
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.find(op, who, in); err != nil {
		return image.Delta{}, err
	}
	delta := image.Delta{Token: strconv.Itoa(d.next)}
	if token == "" {
		return delta, nil
	}
	after, err := strconv.Atoi(token)
	if err != nil || after > d.next {
		return image.Delta{}, fault.New(fault.Stale, op, "watch.expired")
	}
	for _, f := range d.items {
		if f.seq <= after {
			continue
		}
		if f.Modified.After(delta.Newest) {
			delta.Newest = f.Modified
		}
		if f.IsPicture() && !f.made.Before(since) && d.below(f, in) {
			delta.Arrivals = append(delta.Arrivals, image.Arrival{Ref: f.Ref, Parent: f.Parent, Size: f.Size, At: f.made})
		}
	}
	slices.SortFunc(delta.Arrivals, func(a, b image.Arrival) int { return a.At.Compare(b.At) })
	return delta, nil
}

// below tells whether a file lies in a folder or in one of its folders. The caller holds the lock.
func (d *Drives) below(f *file, in image.ItemRef) bool {
	for ; f != nil; f = d.items[f.Parent] {
		if f.Parent == in {
			return true
		}
	}
	return false
}

// Item implements image.Reader.
func (d *Drives) Item(_ context.Context, who identity.Caller, ref image.ItemRef) (image.Item, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, err := d.find("imagetest.Item", who, ref)
	if err != nil {
		return image.Item{}, err
	}
	return f.Item, nil
}

// Read implements image.Reader.
func (d *Drives) Read(_ context.Context, who identity.Caller, ref image.ItemRef, limit int64) (image.Item, []byte, error) {
	const op = "imagetest.Read"
	d.mu.Lock()
	defer d.mu.Unlock()
	f, err := d.find(op, who, ref)
	if err != nil {
		return image.Item{}, nil, err
	}
	if f.Size > limit {
		return image.Item{}, nil, fault.New(fault.Invalid, op, image.FaultTooLargeBytes, "Limit", limit)
	}
	return f.Item, f.data, nil
}

// Thumbnail implements image.Reader; the drive has none.
func (d *Drives) Thumbnail(_ context.Context, who identity.Caller, ref image.ItemRef, _ int) ([]byte, string, error) {
	const op = "imagetest.Thumbnail"
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.find(op, who, ref); err != nil {
		return nil, "", err
	}
	return nil, "", fault.New(fault.NotFound, op, "image.drive.gone")
}

// Versions implements image.Reader.
func (d *Drives) Versions(_ context.Context, who identity.Caller, ref image.ItemRef) ([]image.Version, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.find("imagetest.Versions", who, ref); err != nil {
		return nil, err
	}
	return slices.Clone(d.versions[ref]), nil
}

// Replace implements image.Writer.
func (d *Drives) Replace(_ context.Context, who identity.Caller, ref image.ItemRef, eTag string, data []byte) (image.Item, error) {
	const op = "imagetest.Replace"
	d.mu.Lock()
	defer d.mu.Unlock()
	f, err := d.find(op, who, ref)
	if err != nil {
		return image.Item{}, err
	}
	if f.ETag != eTag {
		return image.Item{}, fault.New(fault.Stale, op, "image.save.changed")
	}
	if err := d.broken(op, cutBefore); err != nil {
		return image.Item{}, err
	}
	return d.write(f, data), d.broken(op, cutAfter)
}

// Create implements image.Writer.
func (d *Drives) Create(_ context.Context, who identity.Caller, in image.ItemRef, name string, data []byte, rename bool) (image.Item, error) {
	const op = "imagetest.Create"
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.find(op, who, in); err != nil {
		return image.Item{}, err
	}
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	for n := 1; d.named(in, name) != nil; n++ {
		if !rename {
			return image.Item{}, fault.New(fault.Stale, op, "image.save.exists", "Name", name)
		}
		name = fmt.Sprintf("%s %d%s", stem, n, ext)
	}
	if err := d.broken(op, cutBefore); err != nil {
		return image.Item{}, err
	}
	return d.add(in, name, data), d.broken(op, cutAfter)
}

// Resolve implements image.Linker.
func (d *Drives) Resolve(_ context.Context, who identity.Caller, link string) (image.Item, error) {
	const op = "imagetest.Resolve"
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, f := range d.items {
		if f.WebURL == link {
			_, err := d.find(op, who, f.Ref)
			return f.Item, err
		}
	}
	return image.Item{}, fault.New(fault.NotFound, op, "image.drive.gone")
}

// Share implements image.Linker.
func (d *Drives) Share(_ context.Context, who identity.Caller, ref image.ItemRef) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.find("imagetest.Share", who, ref); err != nil {
		return "", err
	}
	return "https://contoso.sharepoint.example/:i:/s/" + ref.Item, nil
}

// Home implements image.Places: the drive belongs to every channel and personal chat.
func (d *Drives) Home(ctx context.Context, who identity.Caller, _ string) (image.Item, error) {
	if who.Place == identity.GroupChat {
		return image.Item{}, fault.New(fault.NotFound, "imagetest.Home", "image.drive.gone")
	}
	return d.Item(ctx, who, Root)
}

// Sites implements image.Places.
func (d *Drives) Sites(context.Context, identity.Caller, string) ([]image.Site, error) {
	return []image.Site{{ID: "contoso,1,2", Name: "Harbour", WebURL: "https://contoso.sharepoint.example"}}, nil
}

// Drives implements image.Places.
func (d *Drives) Drives(ctx context.Context, who identity.Caller, _ string) ([]image.Item, error) {
	root, err := d.Item(ctx, who, Root)
	return []image.Item{root}, err
}

// Folders implements image.Places.
func (d *Drives) Folders(_ context.Context, who identity.Caller, in image.ItemRef) ([]image.Item, error) {
	return d.list("imagetest.Folders", who, in, 100, func(i image.Item) bool { return i.Folder })
}

var _ image.Drives = (*Drives)(nil)

// Cut makes the next write of anybody fail with Busy: after it was done, as when an answer is lost, or before.
func (d *Drives) Cut(done bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cut = map[bool]cut{true: cutAfter, false: cutBefore}[done]
}

// cut says where the next write breaks off.
type cut int

const (
	cutNever cut = iota
	cutBefore
	cutAfter
)

// broken breaks a write off where Cut said. The caller holds the lock.
func (d *Drives) broken(op string, here cut) error {
	if d.cut != here {
		return nil
	}
	d.cut = cutNever
	return fault.Wrap(fault.Busy, op, nil)
}
