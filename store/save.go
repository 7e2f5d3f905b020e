package store

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
)

// Captions keeps what people say of files.
type Captions struct{ db *DB }

var _ image.Captions = (*Captions)(nil)

// Captions is the view of what people say of files.
func (d *DB) Captions() *Captions { return &Captions{d} }

// Properties reads those of a file, as image.Captions says.
func (s *Captions) Properties(ctx context.Context, t identity.Tenant, ref image.ItemRef) (p image.Properties, err error) {
	err = s.db.read(ctx, "store.Properties", t, func(tb *bbolt.Bucket) error {
		r, found, err := load[imageRecord](tb.Bucket([]byte(bucketImages)), join(ref.Drive, ref.Item))
		if err != nil || !found {
			return err
		}
		p, err = r.properties()
		return err
	})
	return p, err
}

// SetProperties writes those of a file, as image.Captions says.
func (s *Captions) SetProperties(ctx context.Context, t identity.Tenant, ref image.ItemRef, p image.Properties) error {
	const op = "store.SetProperties"
	if err := checkIDs(op, ref.Drive, ref.Item); err != nil {
		return err
	}
	r, err := newImage(p)
	if err != nil {
		return within(op, err)
	}
	return s.db.write(ctx, op, t, func(tb *bbolt.Bucket) error {
		return save(tb.Bucket([]byte(bucketImages)), op, join(ref.Drive, ref.Item), r)
	})
}

// savesKept is how long a save is recognised when it comes again.
const savesKept = deedsKept

// Saves keeps which saves began, and what became of them.
type Saves struct{ db *DB }

var _ image.Saves = (*Saves)(nil)

// Saves is the view of the saves.
func (d *DB) Saves() *Saves { return &Saves{d} }

// Save reads the intent of a deed, as image.Saves says.
func (s *Saves) Save(ctx context.Context, t identity.Tenant, deed string) (image.Intent, error) {
	const op = "store.Save"
	var r saveRecord
	found := false
	err := s.db.read(ctx, op, t, func(tb *bbolt.Bucket) (err error) {
		r, found, err = load[saveRecord](tb.Bucket([]byte(bucketSaves)), hash(deed))
		return err
	})
	switch {
	case err != nil:
		return image.Intent{}, err
	case !found, s.db.now().Sub(r.Made.At) >= savesKept:
		return image.Intent{}, fault.New(fault.NotFound, op, "")
	}
	return r.intent(), nil
}

// KeepSave writes the intent of a deed, and removes some that are too old. That something was saved is told where it was done,
// once.
func (s *Saves) KeepSave(ctx context.Context, t identity.Tenant, deed string, i image.Intent) error {
	const op = "store.KeepSave"
	return s.db.share(ctx, op, t, func(sh *shared) error {
		b := sh.tenant.Bucket([]byte(bucketSaves))
		if err := purgeSaves(b, hash(deed), s.db.now()); err != nil {
			return err
		}
		before, _, err := load[saveRecord](b, hash(deed))
		if err != nil {
			return err
		}
		if before.Saved == (itemRecord{}) {
			if err := sh.saved(hex.EncodeToString(hash(deed)), i.Conversation, i.Saved, i.By, s.db.now()); err != nil {
				return err
			}
		}
		return save(b, op, hash(deed), newSave(i))
	})
}

// DropSave forgets a deed.
func (s *Saves) DropSave(ctx context.Context, t identity.Tenant, deed string) error {
	return s.db.write(ctx, "store.DropSave", t, func(tb *bbolt.Bucket) error {
		return tb.Bucket([]byte(bucketSaves)).Delete(hash(deed))
	})
}

// purgeSaves removes the old ones among the next few entries behind a key. Keys are fingerprints, so that each write looks
// at another part, and all are looked at as often.
func purgeSaves(b *bbolt.Bucket, from []byte, now time.Time) error {
	var old [][]byte
	c := b.Cursor()
	k, v := c.Seek(from)
	for range purgeBatch {
		if k == nil {
			if k, v = c.First(); k == nil {
				break
			}
		}
		var r struct {
			Made stampRecord `json:"made"`
		}
		if json.Unmarshal(v, &r) != nil || now.Sub(r.Made.At) >= savesKept {
			old = append(old, bytes.Clone(k))
		}
		k, v = c.Next()
	}
	for _, k := range old {
		if err := b.Delete(k); err != nil {
			return err
		}
	}
	return nil
}

// imageRecord is image.Properties.
type imageRecord struct {
	Title string          `json:"title,omitempty"`
	Alt   string          `json:"alt,omitempty"`
	Tags  []string        `json:"tags,omitempty"`
	Plan  json.RawMessage `json:"plan,omitempty"` // as image.Plan writes itself
	Made  stampRecord     `json:"made"`
}

func newImage(p image.Properties) (imageRecord, error) {
	plan, err := json.Marshal(p.Plan)
	return imageRecord{p.Title, p.Alt, p.Tags, plan, stampRecord{p.At.UTC(), string(p.By)}}, err
}

// properties leaves out a plan that a newer program wrote; the words of people stay.
func (r imageRecord) properties() (image.Properties, error) {
	p := image.Properties{Title: r.Title, Alt: r.Alt, Tags: r.Tags, By: identity.Person(r.Made.By), At: r.Made.At}
	if len(r.Plan) == 0 {
		return p, nil
	}
	if err := json.Unmarshal(r.Plan, &p.Plan); err != nil && !fault.Is(err, fault.Invalid) {
		return p, err
	}
	return p, nil
}

// saveRecord is image.Intent.
type saveRecord struct {
	Mode    string      `json:"mode"`
	Into    itemRecord  `json:"into"`
	ETag    string      `json:"etag,omitempty"`
	Name    string      `json:"name,omitempty"` // its hash
	Size    int64       `json:"size"`
	Sum     string      `json:"sum"`
	Saved   itemRecord  `json:"saved"`
	Exposed bool        `json:"exposed,omitempty"`
	Made    stampRecord `json:"made"`
	Where   string      `json:"where,omitempty"`
}

func newSave(i image.Intent) saveRecord {
	return saveRecord{string(i.Mode), itemRecord(i.Into), i.ETag, i.Name, i.Size, i.Sum, itemRecord(i.Saved), i.Exposed, stampRecord{i.At.UTC(), string(i.By)}, string(i.Conversation)}
}

func (r saveRecord) intent() image.Intent {
	return image.Intent{By: identity.Person(r.Made.By), At: r.Made.At, Mode: image.SaveMode(r.Mode), Into: r.Into.ref(), ETag: r.ETag, Name: r.Name,
		Size: r.Size, Sum: r.Sum, Saved: r.Saved.ref(), Exposed: r.Exposed, Conversation: identity.Conversation(r.Where)}
}
