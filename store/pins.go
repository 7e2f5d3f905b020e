package store

import (
	"context"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/identity"
	"teamspro/internal/image"
)

// Pins keeps which images conversations keep at hand. It holds no name and no picture of them.
type Pins struct{ db *DB }

var _ image.PinShelf = (*Pins)(nil)

// Pins is the view of the pins.
func (d *DB) Pins() *Pins { return &Pins{d} }

// pinsRecord is what a conversation pinned, in the order in which it was pinned, and what waits while the app is not there.
type pinsRecord struct {
	Pins  []pinRecord `json:"pins,omitempty"`
	Aside *asidePins  `json:"aside,omitempty"`
}

type asidePins struct {
	Pins  []pinRecord `json:"pins"`
	Since time.Time   `json:"since"`
}

// pinRecord is image.Pin.
type pinRecord struct {
	Drive   string    `json:"drive"`
	Item    string    `json:"item"`
	Caption string    `json:"caption,omitempty"`
	By      string    `json:"by"`
	At      time.Time `json:"at"`
}

func newPin(p image.Pin) pinRecord {
	return pinRecord{p.Ref.Drive, p.Ref.Item, p.Caption, string(p.By), p.At.UTC()}
}

func (r pinRecord) pin() image.Pin {
	return image.Pin{Ref: image.ItemRef{Drive: r.Drive, Item: r.Item}, Caption: r.Caption, By: identity.Person(r.By), At: r.At}
}

// Pins reads the pins of a conversation.
func (s *Pins) Pins(ctx context.Context, t identity.Tenant, c identity.Conversation) (pins []image.Pin, err error) {
	err = s.db.read(ctx, "store.Pins", t, func(tb *bbolt.Bucket) error {
		r, _, err := load[pinsRecord](tb.Bucket([]byte(bucketPins)), []byte(c))
		pins = each(r.Pins, pinRecord.pin)
		return err
	})
	return pins, err
}

// ChangePins changes the pins of a conversation in one transaction, and tells it of those that were added. When none are left,
// nothing of it stays.
func (s *Pins) ChangePins(ctx context.Context, t identity.Tenant, c identity.Conversation, change func([]image.Pin) ([]image.Pin, error)) error {
	const op = "store.ChangePins"
	if err := checkIDs(op, string(c)); err != nil {
		return err
	}
	return s.db.share(ctx, op, t, func(sh *shared) error {
		b := sh.tenant.Bucket([]byte(bucketPins))
		r, _, err := load[pinsRecord](b, []byte(c))
		if err != nil {
			return err
		}
		pins, err := change(each(r.Pins, pinRecord.pin))
		if err != nil {
			return err
		}
		if err := sh.pinned(c, each(r.Pins, pinRecord.pin), pins); err != nil {
			return err
		}
		r.Pins = each(pins, newPin)
		return savePins(b, op, c, r)
	})
}

// savePins writes the pins of a conversation; of one that has none nothing stays.
func savePins(b *bbolt.Bucket, op string, c identity.Conversation, r pinsRecord) error {
	if r.Aside == nil && len(r.Pins) == 0 {
		return b.Delete([]byte(c))
	}
	return saveChanged(b, op, []byte(c), r)
}
