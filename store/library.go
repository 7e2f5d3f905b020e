package store

import (
	"context"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/audit"
	"teamspro/internal/identity"
	"teamspro/internal/image"
)

// Libraries keeps which folders conversations chose for their pictures.
type Libraries struct{ db *DB }

var _ image.Libraries = (*Libraries)(nil)

// Libraries is the view of the libraries.
func (d *DB) Libraries() *Libraries { return &Libraries{d} }

// Library reads the choice of a conversation, as image.Libraries says.
func (s *Libraries) Library(ctx context.Context, t identity.Tenant, c identity.Conversation) (image.Choice, error) {
	var r libraryRecord
	err := s.db.read(ctx, "store.Library", t, func(tb *bbolt.Bucket) (err error) {
		r, _, err = load[libraryRecord](tb.Bucket([]byte(bucketLibraries)), []byte(c))
		return err
	})
	return r.choice(), err
}

// ChangeLibrary changes a choice in one transaction, as image.Libraries says.
func (s *Libraries) ChangeLibrary(ctx context.Context, t identity.Tenant, c identity.Conversation, change func(*image.Choice) error) error {
	const op = "store.ChangeLibrary"
	if err := checkIDs(op, string(c)); err != nil {
		return err
	}
	return s.db.share(ctx, op, t, func(sh *shared) error {
		b := sh.bucket(bucketLibraries)
		r, found, err := load[libraryRecord](b, []byte(c))
		if err != nil {
			return err
		}
		choice := r.choice()
		folder := choice.Folder
		if err := change(&choice); err != nil {
			return err
		}
		if choice.Folder != folder {
			at := choice.At
			if at.IsZero() {
				at = s.db.now()
			}
			if err := sh.audited(audit.Entry{At: at, By: choice.By, Surface: surfaceOf(choice.By), Act: audit.LibraryChosen, Subject: string(c)}); err != nil {
				return err
			}
		}
		if choice.Folder == (image.ItemRef{}) {
			choice = image.Choice{} // who took it back is in the audit log
		}
		if choice == (image.Choice{}) && !found {
			return errUnchanged
		}
		r.libraryChoice = newLibrary(choice)
		return saveLibrary(b, op, c, r)
	})
}

// Seen keeps which files people saw last.
type Seen struct{ db *DB }

var _ image.Seen = (*Seen)(nil)

// Seen is the view of what people saw.
func (d *DB) Seen() *Seen { return &Seen{d} }

// Seen reads what a person saw, as image.Seen says.
func (s *Seen) Seen(ctx context.Context, t identity.Tenant, p identity.Person) ([]image.ItemRef, error) {
	var r seenRecord
	err := s.db.read(ctx, "store.Seen", t, func(tb *bbolt.Bucket) (err error) {
		r, _, err = load[seenRecord](tb.Bucket([]byte(bucketSeen)), []byte(p))
		return err
	})
	return each(r.Items, itemRecord.ref), err
}

// See puts a file first among what a person saw, as image.Seen says.
func (s *Seen) See(ctx context.Context, t identity.Tenant, p identity.Person, ref image.ItemRef) error {
	const op = "store.See"
	if err := checkIDs(op, string(p), ref.Drive, ref.Item); err != nil {
		return err
	}
	return s.db.write(ctx, op, t, func(tb *bbolt.Bucket) error {
		b := tb.Bucket([]byte(bucketSeen))
		before, _, err := load[seenRecord](b, []byte(p))
		if err != nil {
			return err
		}
		now := seenRecord{Items: []itemRecord{itemRecord(ref)}}
		for _, i := range before.Items {
			if i != itemRecord(ref) && len(now.Items) < image.MaxSeen {
				now.Items = append(now.Items, i)
			}
		}
		if len(before.Items) > 0 && before.Items[0] == now.Items[0] {
			return errUnchanged
		}
		return save(b, op, []byte(p), now)
	})
}

// libraryRecord is the choice of a conversation, and the one that waits while the app is not there.
type libraryRecord struct {
	libraryChoice
	Aside *asideLibrary `json:"aside,omitempty"`
}

// libraryChoice is image.Choice.
type libraryChoice struct {
	Drive string      `json:"drive"`
	Item  string      `json:"item"`
	Made  stampRecord `json:"made"`
}

type asideLibrary struct {
	libraryChoice
	Since time.Time `json:"since"`
}

func newLibrary(c image.Choice) libraryChoice {
	return libraryChoice{c.Folder.Drive, c.Folder.Item, stampRecord{c.At.UTC(), string(c.By)}}
}

func (r libraryChoice) choice() image.Choice {
	return image.Choice{Folder: image.ItemRef{Drive: r.Drive, Item: r.Item}, By: identity.Person(r.Made.By), At: r.Made.At}
}

// saveLibrary writes the choices of a conversation; of one that has none nothing stays.
func saveLibrary(b *bbolt.Bucket, op string, c identity.Conversation, r libraryRecord) error {
	if r.Aside == nil && r.choice() == (image.Choice{}) {
		return b.Delete([]byte(c))
	}
	return save(b, op, []byte(c), r)
}

// seenRecord is what a person saw, the last first.
type seenRecord struct {
	Items []itemRecord `json:"items"`
}

// itemRecord is image.ItemRef.
type itemRecord struct {
	Drive string `json:"drive"`
	Item  string `json:"item"`
}

func (r itemRecord) ref() image.ItemRef { return image.ItemRef(r) }
