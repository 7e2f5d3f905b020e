package image

import (
	"context"
	"encoding/base64"
	"strings"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// opening is a file on somebody's desk.
type opening struct {
	desk desk
	ref  ItemRef
	etag string
}

// Open lays a file of a drive on a person's desk. As long as the file is the same, it is the same work again: a button
// that is pressed twice opens one. What was saved as another file belongs to that one, and the first is opened anew.
func (s *Studio) Open(ctx context.Context, who identity.Caller, ref ItemRef) (Work, error) {
	const op = "image.Open"
	if err := mayUseDrives(op, s.drives, who); err != nil {
		return Work{}, err
	}
	item, err := s.drives.Item(ctx, who, ref)
	if err != nil {
		return Work{}, err
	}
	if id, ok := s.opened.GetIfPresent(opening{deskOf(who), ref, item.ETag}); ok {
		if w, err := s.Look(who, id); err == nil && (w.Saved == nil || w.Saved.Ref == ref) {
			s.latest.Set(deskOf(who), id)
			return w, nil
		}
	}
	item, data, err := s.drives.Read(ctx, who, ref, s.most)
	if err != nil {
		return Work{}, err
	}
	w, err := s.lay(ctx, who, item.Name, data, &item)
	if err != nil {
		return Work{}, err
	}
	s.opened.Set(opening{w.desk, ref, item.ETag}, w.id)
	return w.view(), nil
}

// mayUseDrives refuses who has no account of the organisation, and everybody where there are no drives.
func mayUseDrives(op string, drives Drives, who identity.Caller) error {
	if drives == nil {
		return fault.New(fault.Denied, op, "image.no_drives")
	}
	return known(op, who)
}

// known refuses who has no account of the organisation.
func known(op string, who identity.Caller) error {
	if who.Person == "" || who.Tenant == "" {
		return fault.New(fault.Denied, op, "image.anonymous")
	}
	return nil
}

// view names a file as one person sees it, for links to its preview: whoever holds such a link sees the file by the right
// of the person who made it, for as long as that person may read it and it is the same.
type view struct {
	ref    ItemRef
	etag   string
	person identity.Person
}

const viewMark = "f."

// ViewID is the picture's id in a link to the preview of a file as it lies in its drive.
func ViewID(who identity.Caller, item Item) string {
	parts := strings.Join([]string{item.Ref.Drive, item.Ref.Item, item.ETag, string(who.Person)}, "\x00")
	return viewMark + base64.RawURLEncoding.EncodeToString([]byte(parts))
}

// parseView reads a ViewID. Links are signed, so that what it says was said by us.
func parseView(id string) (view, bool) {
	text, ok := strings.CutPrefix(id, viewMark)
	if !ok {
		return view{}, false
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	parts := strings.Split(string(raw), "\x00")
	if err != nil || len(parts) != 4 {
		return view{}, false
	}
	return view{ItemRef{parts[0], parts[1]}, parts[2], identity.Person(parts[3])}, true
}

func (v view) caller(t identity.Tenant) identity.Caller {
	return identity.Caller{Tenant: t, Person: v.person}
}

// mayView asks the drive whether the link's person still may read the file, and whether it is the same.
func (s *Studio) mayView(ctx context.Context, t identity.Tenant, v view) error {
	const op = "image.Preview"
	if s.drives == nil {
		return gone(op)
	}
	item, err := s.drives.Item(ctx, v.caller(t), v.ref)
	switch {
	case fault.Is(err, fault.Denied), fault.Is(err, fault.SignIn):
		return gone(op)
	case err != nil:
		return err
	case item.ETag != v.etag:
		return gone(op)
	}
	return nil
}

// previewView makes the preview of a file: the drive's own small picture where nothing is to be done to it, else ours. The
// drive checks the right of the link's person anew with every call; whether the file is the same, May has asked.
func (s *Studio) previewView(ctx context.Context, t identity.Tenant, v view, plan string, side int) ([]byte, string, error) {
	const op = "image.Preview"
	if s.drives == nil {
		return nil, "", gone(op)
	}
	if plan == (Plan{}).String() {
		data, kind, err := s.drives.Thumbnail(ctx, v.caller(t), v.ref, side)
		if err == nil && len(data) > 0 {
			return data, kind, nil
		}
	}
	p, err := Parse(plan)
	if err != nil {
		return nil, "", err
	}
	item, data, err := s.drives.Read(ctx, v.caller(t), v.ref, s.most)
	if err != nil {
		return nil, "", err
	}
	if item.ETag != v.etag {
		return nil, "", gone(op)
	}
	facts, err := s.engine.Probe(ctx, data)
	if err != nil {
		return nil, "", err
	}
	r, err := s.run(ctx, v.caller(t), data, facts, p.Preview(side, facts))
	return r.Data, "image/" + r.Facts.Format, err
}
