package store

import (
	"bytes"
	"context"
	"errors"

	"go.etcd.io/bbolt"

	"teamspro/internal/audit"
	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// ApplyAll carries out a portion of a step, as contact.Shelf says.
func (c *Contacts) ApplyAll(ctx context.Context, t identity.Tenant, s contact.Step) (made []contact.Change, err error) {
	const op = "store.ApplyAll"
	p, err := c.portion(op, s)
	if err != nil {
		return nil, err
	}
	err = c.db.share(ctx, op, t, func(sh *shared) (err error) {
		made, err = p.apply(sh)
		return err
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

// stepPortion is a portion of a step, ready to be carried out in any transaction.
type stepPortion struct {
	op    string
	step  contact.Step
	after [][]byte // the records after the changes, encoded
	db    *DB
}

func (c *Contacts) portion(op string, s contact.Step) (*stepPortion, error) {
	if len(s.Changes) > contact.MaxPortion {
		return nil, fault.New(fault.Invalid, op, "")
	}
	p := &stepPortion{op: op, step: s, db: c.db}
	ids := []string{string(s.ID)}
	for _, change := range s.Changes {
		after, err := encodeRecord(change.After)
		if err != nil {
			return nil, within(op, err)
		}
		p.after = append(p.after, after)
		ids = append(ids, string(change.ID), string(change.Contact), string(change.Book))
	}
	if s.By != "" {
		ids = append(ids, string(s.By))
	}
	return p, checkIDs(op, ids...)
}

// apply carries the changes out; those that were before are given as they are recorded. It may run more than once.
func (p *stepPortion) apply(s *shared) ([]contact.Change, error) {
	made, fresh := make([]contact.Change, 0, len(p.step.Changes)), 0
	for i, change := range p.step.Changes {
		change.By, change.At, change.Deed = p.step.By, p.step.At, identity.Deed{Surface: p.step.Deed.Surface}
		w := writer{op: p.op, shared: s, now: p.db.now(), change: change, after: p.after[i], part: true, told: change.Contact == p.step.Told}
		if s.bucket(bucketChanges).Get([]byte(change.ID)) != nil {
			before, err := w.repeated(change.ID)
			if !errors.Is(err, errUnchanged) {
				return nil, err
			}
			made = append(made, before)
			continue
		}
		done, err := w.apply()
		if err != nil {
			return nil, err
		}
		done.At = done.At.UTC()
		done.After = whenSet(done.After, copied)
		made, fresh = append(made, done), fresh+1
	}
	if fresh == 0 {
		return made, errUnchanged
	}
	if err := p.enter(s, made[0]); err != nil {
		return nil, err
	}
	if err := s.inherit(p.step.Merged(), p.step.Told); err != nil {
		return nil, err
	}
	return made, s.did(contact.Change{ID: p.step.ID, By: p.step.By, Undoes: p.step.Undoes})
}

// enter makes the step's entry in the audit log, where its kind has one.
func (p *stepPortion) enter(s *shared, first contact.Change) error {
	act, entered := map[contact.StepKind]audit.Act{contact.Merging: audit.ContactsMerged, contact.Unmerging: audit.MergeUndone}[p.step.Kind]
	if !entered {
		return nil
	}
	return s.audited(audit.Entry{At: p.step.At, By: p.step.By, Surface: p.step.Deed.Surface, Act: act, Subject: string(first.Book)})
}

// inherit lets a contact have the marks of those that are merged into it. Only marks that name one of them are read.
func (s *shared) inherit(from []contact.ID, to contact.ID) error {
	people := map[identity.Person]bool{}
	for p := range s.marks {
		people[p] = len(from) > 0 // they may not be written yet
	}
	b := s.bucket(bucketMarks)
	for _, id := range from {
		if err := b.ForEach(func(p, v []byte) error {
			if bytes.Contains(v, []byte(id)) {
				people[identity.Person(p)] = true
			}
			return nil
		}); err != nil {
			return err
		}
	}
	for p, concerned := range people {
		if !concerned {
			continue
		}
		m, err := s.marked(p)
		if err != nil {
			return err
		}
		m.unsaved = m.Inherit(from, to) || m.unsaved
	}
	return nil
}

// copied lets no caller share a record with what was handed in.
func copied(r contact.Record) contact.Record { return r }

// Step reads changes of a step, as contact.Chronicle says.
func (c *Contacts) Step(ctx context.Context, t identity.Tenant, step, after contact.ChangeID, limit int) ([]contact.Change, error) {
	return c.changes(ctx, "store.Step", t, func(tb *bbolt.Bucket) (ids []string) {
		prefix := []byte(contact.StepPrefix(step))
		cursor := tb.Bucket([]byte(bucketChanges)).Cursor()
		for k, _ := cursor.Seek([]byte(max(string(prefix), string(after)))); bytes.HasPrefix(k, prefix) && len(ids) < limit; k, _ = cursor.Next() {
			if string(k) > string(after) {
				ids = append(ids, string(k))
			}
		}
		return ids
	})
}
