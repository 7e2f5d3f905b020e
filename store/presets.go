package store

import (
	"context"
	"encoding/json"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/identity"
	"teamspro/internal/image"
)

// Presets keeps the presets of organisations.
type Presets struct{ db *DB }

var _ image.PresetShelf = (*Presets)(nil)

// Presets is the view of the presets.
func (d *DB) Presets() *Presets { return &Presets{d} }

// presetRecord is image.OwnPreset; its plan is in the form in which plans are stored (image/stored.go).
type presetRecord struct {
	Name string          `json:"name"`
	Plan json.RawMessage `json:"plan"`
	By   string          `json:"by"`
	At   time.Time       `json:"at"`
	Home string          `json:"home"`
	Team string          `json:"team,omitempty"`
}

func newPreset(p image.OwnPreset) (presetRecord, error) {
	plan, err := json.Marshal(p.Plan)
	return presetRecord{p.Name, plan, string(p.By), p.At.UTC(), string(p.Home), p.Team}, err
}

func (r presetRecord) preset() (image.OwnPreset, error) {
	p := image.OwnPreset{Preset: image.Preset{Name: r.Name}, By: identity.Person(r.By), At: r.At, Home: identity.Conversation(r.Home), Team: r.Team}
	return p, json.Unmarshal(r.Plan, &p.Plan)
}

// Presets reads the presets of an organisation, in the order of their keys. One whose plan a later program wrote, with
// steps that this one does not know, is left out: the others must go on working.
func (s *Presets) Presets(ctx context.Context, t identity.Tenant) (presets []image.OwnPreset, err error) {
	err = s.db.read(ctx, "store.Presets", t, func(tb *bbolt.Bucket) error {
		b := tb.Bucket([]byte(bucketPresets))
		return b.ForEach(func(k, _ []byte) error {
			r, _, err := load[presetRecord](b, k)
			if err != nil {
				return err
			}
			if p, err := r.preset(); err == nil {
				presets = append(presets, p)
			}
			return nil
		})
	})
	return presets, err
}

// ChangePreset changes the preset of a key in one transaction; nil stands for none.
func (s *Presets) ChangePreset(ctx context.Context, t identity.Tenant, key string, change func(now *image.OwnPreset, count int) (*image.OwnPreset, error)) error {
	const op = "store.ChangePreset"
	if err := checkIDs(op, key); err != nil {
		return err
	}
	return s.db.write(ctx, op, t, func(tb *bbolt.Bucket) error {
		b := tb.Bucket([]byte(bucketPresets))
		now, err := findPreset(b, key)
		if err != nil {
			return err
		}
		next, err := change(now, countKeys(b))
		switch {
		case err != nil:
			return err
		case next == nil:
			return b.Delete([]byte(key))
		}
		r, err := newPreset(*next)
		if err != nil {
			return err
		}
		return saveChanged(b, op, []byte(key), r)
	})
}

func findPreset(b *bbolt.Bucket, key string) (*image.OwnPreset, error) {
	r, found, err := load[presetRecord](b, []byte(key))
	if err != nil || !found {
		return nil, err
	}
	p, err := r.preset()
	return &p, err
}

func countKeys(b *bbolt.Bucket) (n int) {
	c := b.Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		n++
	}
	return n
}
