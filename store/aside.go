package store

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/audit"
	"teamspro/internal/identity"
	"teamspro/internal/image"
)

// maxAside is how many conversations EraseAside looks after in one transaction.
const maxAside = 200

// Aside keeps what conversations chose and pinned while the app is not there. It lies beside what they have now.
type Aside struct{ db *DB }

var _ image.Aside = (*Aside)(nil)

// Aside is the view of what waits.
func (d *DB) Aside() *Aside { return &Aside{d} }

// SetAside lets the choice and the pins of a conversation wait, as image.Aside says.
func (s *Aside) SetAside(ctx context.Context, t identity.Tenant, c identity.Conversation, at time.Time) error {
	return s.change(ctx, "store.SetAside", t, c, func(l *libraryRecord, p *pinsRecord) {
		if l.choice() != (image.Choice{}) {
			l.Aside, l.libraryChoice = &asideLibrary{l.libraryChoice, at.UTC()}, libraryChoice{}
		}
		if len(p.Pins) > 0 {
			waiting := p.Pins
			if p.Aside != nil {
				waiting = joinPins(p.Aside.Pins, p.Pins)
			}
			p.Aside, p.Pins = &asidePins{waiting, at.UTC()}, nil
		}
	})
}

// BringBack ends the wait, as image.Aside says.
func (s *Aside) BringBack(ctx context.Context, t identity.Tenant, c identity.Conversation) (back image.Back, err error) {
	err = s.change(ctx, "store.BringBack", t, c, func(l *libraryRecord, p *pinsRecord) {
		back = image.Back{}
		if l.Aside != nil && l.choice() == (image.Choice{}) {
			l.libraryChoice, back.Library = l.Aside.libraryChoice, true
		}
		if p.Aside != nil {
			before := len(p.Pins)
			p.Pins = joinPins(p.Aside.Pins, p.Pins)
			back.Pins = len(p.Pins) - before
		}
		l.Aside, p.Aside = nil, nil
	})
	return back, err
}

// joinPins puts pins that waited before those that were made meanwhile, each image once. What is newer is not lost when
// there are too many.
func joinPins(waited, now []pinRecord) []pinRecord {
	waited = slices.DeleteFunc(slices.Clone(waited), func(w pinRecord) bool {
		return slices.ContainsFunc(now, func(p pinRecord) bool { return p.Drive == w.Drive && p.Item == w.Item })
	})
	return slices.Concat(waited[:max(0, min(len(waited), image.MaxPins-len(now)))], now)
}

// change changes both records of a conversation in one transaction.
func (s *Aside) change(ctx context.Context, op string, t identity.Tenant, c identity.Conversation, change func(*libraryRecord, *pinsRecord)) error {
	if err := checkIDs(op, string(c)); err != nil {
		return err
	}
	return s.db.write(ctx, op, t, func(tb *bbolt.Bucket) error {
		libraries, pins := tb.Bucket([]byte(bucketLibraries)), tb.Bucket([]byte(bucketPins))
		l, hasLibrary, err := load[libraryRecord](libraries, []byte(c))
		if err != nil {
			return err
		}
		p, hasPins, err := load[pinsRecord](pins, []byte(c))
		if err != nil {
			return err
		}
		if !hasLibrary && !hasPins {
			return errUnchanged
		}
		change(&l, &p)
		if err := saveLibrary(libraries, op, c, l); err != nil {
			return err
		}
		if err := savePins(pins, op, c, p); err != nil && !errors.Is(err, errUnchanged) {
			return err
		}
		return nil
	})
}

// CountAside counts the conversations of which something waits since before a time, as image.Aside says.
func (s *Aside) CountAside(ctx context.Context, t identity.Tenant, before time.Time) (n int, err error) {
	err = s.db.read(ctx, "store.CountAside", t, func(tb *bbolt.Bucket) error {
		all, err := overdue(tb, before)
		n = len(all)
		return err
	})
	return n, err
}

// EraseAside takes away what waits since before a time, as image.Aside says.
func (s *Aside) EraseAside(ctx context.Context, t identity.Tenant, before time.Time) (n int, err error) {
	const op = "store.EraseAside"
	err = s.db.share(ctx, op, t, func(w *shared) error {
		all, err := overdue(w.tenant, before)
		if err != nil {
			return err
		}
		all = all[:min(len(all), maxAside)]
		if n = len(all); n == 0 {
			return errUnchanged
		}
		for _, c := range all {
			if err := w.eraseAside(op, c, before, s.db.now()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

func (s *shared) eraseAside(op string, c identity.Conversation, before, now time.Time) error {
	libraries, pins := s.tenant.Bucket([]byte(bucketLibraries)), s.tenant.Bucket([]byte(bucketPins))
	if l, found, err := load[libraryRecord](libraries, []byte(c)); err != nil {
		return err
	} else if found && l.overdue(before) {
		l.Aside = nil
		if err := saveLibrary(libraries, op, c, l); err != nil {
			return err
		}
	}
	if p, found, err := load[pinsRecord](pins, []byte(c)); err != nil {
		return err
	} else if found && p.overdue(before) {
		p.Aside = nil
		if err := savePins(pins, op, c, p); err != nil {
			return err
		}
	}
	return s.audited(audit.Entry{At: now.UTC(), Surface: "service", Act: audit.LibraryErased, Subject: string(c)})
}

func (r libraryRecord) overdue(before time.Time) bool {
	return r.Aside != nil && r.Aside.Since.Before(before)
}
func (r pinsRecord) overdue(before time.Time) bool {
	return r.Aside != nil && r.Aside.Since.Before(before)
}

// overdue lists the conversations of which something waits since before a time, sorted.
func overdue(tb *bbolt.Bucket, before time.Time) ([]identity.Conversation, error) {
	var all []identity.Conversation
	libraries, pins := tb.Bucket([]byte(bucketLibraries)), tb.Bucket([]byte(bucketPins))
	err := eachAside(libraries, func(c identity.Conversation, r libraryRecord) {
		if r.overdue(before) {
			all = append(all, c)
		}
	})
	if err != nil {
		return nil, err
	}
	err = eachAside(pins, func(c identity.Conversation, r pinsRecord) {
		if r.overdue(before) {
			all = append(all, c)
		}
	})
	slices.Sort(all)
	return slices.Compact(all), err
}

// eachAside gives the records of a bucket in which something may wait.
func eachAside[T any](b *bbolt.Bucket, fn func(c identity.Conversation, r T)) error {
	return b.ForEach(func(k, v []byte) error {
		if !bytes.Contains(v, []byte(`"aside":`)) {
			return nil
		}
		r, _, err := load[T](b, k)
		if err == nil {
			fn(identity.Conversation(k), r)
		}
		return err
	})
}
