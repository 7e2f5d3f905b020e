package graph

import (
	"bytes"
	"context"
	"errors"
	"net/http"

	abstractions "github.com/microsoft/kiota-abstractions-go"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
)

// maxPut is the largest file that is sent in one request; a larger one goes in fragments that can be resumed.
const maxPut = 4 << 20

// maxWrites is how often a file is sent whole before its saving is given up.
const maxWrites = 3

// writing is a file to be written: over one that has the eTag, or under a name in a folder.
type writing struct {
	ref  image.ItemRef // the file, or the folder
	eTag string        // of the file; empty for a new one
	name string        // of the new file; empty otherwise
	data []byte
	// state is that of the file's content before a large upload.
	state string
}

// path is the template of the file's path with its values.
func (w writing) path() (string, map[string]string) {
	parts := map[string]string{"drive": w.ref.Drive, "item": w.ref.Item, "name": w.name}
	if w.name == "" {
		return itemPath, parts
	}
	return itemPath + ":/{name}:", parts
}

// Replace implements image.Writer.
func (c *Client) Replace(ctx context.Context, who identity.Caller, ref image.ItemRef, eTag string, data []byte) (image.Item, error) {
	ctx, k := c.begin(ctx, "graph.Replace", who)
	if _, err := k.at(ref); err != nil {
		return image.Item{}, err
	}
	if eTag == "" || eTag == "*" {
		return image.Item{}, k.because(errors.New("no eTag"), fault.Stale, "image.save.changed")
	}
	return c.save(ctx, k, writing{ref: ref, eTag: eTag, data: data})
}

// Create implements image.Writer. Another name is chosen here and not by Graph, so that when an answer is lost it is known
// under which name to look.
func (c *Client) Create(ctx context.Context, who identity.Caller, in image.ItemRef, name string, data []byte, rename bool) (image.Item, error) {
	ctx, k := c.begin(ctx, "graph.Create", who)
	if _, err := k.at(in); err != nil {
		return image.Item{}, err
	}
	if err := k.checkName(name); err != nil {
		return image.Item{}, err
	}
	w := writing{ref: in, name: name, data: data}
	made, err := c.save(ctx, k, w)
	for n := 1; rename && n < otherNames && isTaken(err); n++ {
		w.name = otherName(name, n)
		if _, there := c.look(ctx, w); there == nil {
			continue
		}
		made, err = c.save(ctx, k, w)
	}
	return made, err
}

func isTaken(err error) bool {
	var f *fault.Error
	return errors.As(err, &f) && f.Text == textExists
}

const textExists = "image.save.exists"

// save writes a file by the way that its size asks for.
func (c *Client) save(ctx context.Context, k *call, w writing) (image.Item, error) {
	write := c.put
	if len(w.data) > maxPut {
		write = c.upload
	}
	d, err := write(ctx, k, w)
	if err != nil {
		return image.Item{}, k.unsaved(w, err)
	}
	return d.item(w.ref.Drive), nil
}

// unsaved is the fault of a file that was not written.
func (k *call) unsaved(w writing, err error) error {
	code := status(err)
	switch {
	case errors.Is(err, errUnsure):
		return k.because(err, fault.Busy, "image.drive.unsure")
	case errors.Is(err, errTaken), code == http.StatusConflict && w.name != "":
		return k.because(err, fault.Stale, textExists, "Name", w.name)
	case errors.Is(err, errChanged), code == http.StatusConflict, code == http.StatusPreconditionFailed:
		return k.because(err, fault.Stale, "image.save.changed")
	case code == http.StatusBadRequest && w.name != "":
		return k.because(err, fault.Invalid, "image.drive.name_refused")
	}
	return k.fault(err)
}

var (
	errTaken   = errors.New("the name is taken")
	errMissing = errors.New("it was not written")
	errUnsure  = errors.New("whether it was written cannot be told")
)

// put sends a small file in one request: PUT …/content. When what became of it is not known, it looks before it sends
// again, so that no wish has two effects.
func (c *Client) put(ctx context.Context, k *call, w writing) (*driveItem, error) {
	k.tried = false
	var err error
	for range maxWrites {
		var d *driveItem
		if d, err = c.itemAt(ctx, w.ref.Drive, c.content(w)); err == nil {
			return d, nil
		}
		if !uncertain(err) && !(k.tried && isConflict(err)) {
			return nil, err
		}
		k.tried = true
		there, look := c.written(ctx, k, w)
		if !errors.Is(look, errMissing) {
			return there, look
		}
		if !c.rest(ctx, k, err) {
			return nil, err
		}
	}
	return nil, err
}

// content is the request that writes a small file.
func (c *Client) content(w writing) *abstractions.RequestInformation {
	path, parts := w.path()
	path += "/content"
	var headers []string
	if w.name == "" {
		headers = []string{"If-Match", w.eTag}
	} else {
		path += "?@microsoft.graph.conflictBehavior=fail"
	}
	r := c.request(abstractions.PUT, path, parts, headers...)
	r.SetStreamContentAndContentType(w.data, "application/octet-stream")
	return r
}

// uncertain tells whether a write that failed may have been done all the same: Graph did not say no.
func uncertain(err error) bool {
	var told *fault.Error
	if errors.As(err, &told) || errors.Is(err, errElsewhere) {
		return false
	}
	code := status(err)
	return code == 0 || code >= 500 && code != http.StatusInsufficientStorage && code != statusBandwidth || code == http.StatusRequestTimeout
}

func isConflict(err error) bool {
	code := status(err)
	return code == http.StatusConflict || code == http.StatusPreconditionFailed
}

// written looks whether a file is there as it was to be written: errMissing when it is not there yet, errTaken or
// errChanged when there is something else.
func (c *Client) written(ctx context.Context, k *call, w writing) (*driveItem, error) {
	if ctx.Err() != nil {
		return nil, errUnsure
	}
	d, err := c.look(ctx, w)
	switch {
	case status(err) == http.StatusNotFound && w.name != "":
		return nil, errMissing
	case err != nil:
		return nil, errors.Join(errUnsure, err)
	case w.name == "" && d.eTag == w.eTag:
		return nil, errMissing
	}
	same, err := c.holds(ctx, k, d, w.data)
	switch {
	case err != nil:
		return nil, errors.Join(errUnsure, err)
	case same:
		return d, nil
	case w.name != "":
		return nil, errTaken
	}
	return nil, errChanged
}

// look reads the file that is to be written.
func (c *Client) look(ctx context.Context, w writing) (*driveItem, error) {
	path, parts := w.path()
	query := selecting(append([]string{downloadURL}, itemFields...))
	return c.itemAt(ctx, w.ref.Drive, c.request(abstractions.GET, path+query, parts))
}

// holds tells whether a file has this content: by its hash, or where it has none by reading it.
func (c *Client) holds(ctx context.Context, k *call, d *driveItem, data []byte) (bool, error) {
	if d.size != int64(len(data)) {
		return false, nil
	}
	if hash := d.hash(); hash != "" {
		return hash == quickXor(data), nil
	}
	got, err := c.download(ctx, k, d.download, d.size)
	return bytes.Equal(got, data), err
}
