package image

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// Limits of what a conversation pins.
const (
	MaxPins    = 20
	maxCaption = 200 // characters
	pinsAtOnce = 4   // files that are read at a time to be shown
)

// Pin is an image that a conversation keeps at hand: which file, not what it is called or shows.
type Pin struct {
	Ref     ItemRef
	Caption string
	By      identity.Person
	At      time.Time
}

// PinShelf keeps the pins of conversations, each conversation's in the order in which they were pinned.
type PinShelf interface {
	Pins(ctx context.Context, t identity.Tenant, c identity.Conversation) ([]Pin, error)
	// ChangePins puts what change makes of the pins in their place, in one transaction. When change fails, nothing is
	// written. It may be called more than once and may not use the shelf.
	ChangePins(ctx context.Context, t identity.Tenant, c identity.Conversation, change func([]Pin) ([]Pin, error)) error
}

// Roles tells what somebody is in a conversation; identity.None when they are not in it. Busy when Teams does not say.
type Roles interface {
	Role(ctx context.Context, t identity.Tenant, p identity.Person, c identity.Conversation, team string) (identity.Role, error)
}

// Pins are the images that conversations keep at hand. Whoever is in a conversation sees its pins as far as the drive
// lets them; whoever asks is in it, since the conversation is where Teams says the question came from.
type Pins struct {
	shelf  PinShelf
	drives Drives
	roles  Roles
	now    func() time.Time
}

// NewPins makes Pins of the files of a studio's drives. Now is the clock; nil is the real one.
func NewPins(s *Studio, shelf PinShelf, roles Roles, now func() time.Time) *Pins {
	if now == nil {
		now = time.Now
	}
	return &Pins{shelf: shelf, drives: s.drives, roles: roles, now: now}
}

// Pinned is a pin as somebody sees it.
type Pinned struct {
	Pin
	// N is its number in the conversation, from 1.
	N int
	// Item is the file now; nil when it is gone or this person may not see it.
	Item *Item
	// MayUnpin tells whether this person may take it down, or give it another caption.
	MayUnpin bool
}

// List gives a page of the conversation's pins, the oldest first, and how many there are in all.
func (p *Pins) List(ctx context.Context, who identity.Caller, skip, most int) (page []Pinned, all int, err error) {
	if err := p.open("image.Pins.List", who); err != nil {
		return nil, 0, err
	}
	pins, err := p.shelf.Pins(ctx, who.Tenant, who.Conversation)
	if err != nil {
		return nil, 0, err
	}
	skip = min(max(skip, 0), len(pins))
	page = make([]Pinned, min(most, len(pins)-skip))
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(pinsAtOnce)
	for i := range page {
		page[i] = Pinned{Pin: pins[skip+i], N: skip + i + 1}
		work.Go(func() error { return p.fill(ctx, who, &page[i]) })
	}
	return page, len(pins), work.Wait()
}

// fill reads the file of a pin and what the person may do with the pin.
func (p *Pins) fill(ctx context.Context, who identity.Caller, pin *Pinned) error {
	item, err := p.drives.Item(ctx, who, pin.Ref)
	switch {
	case err == nil:
		pin.Item = &item
	case !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Denied):
		return err
	}
	pin.MayUnpin, err = p.may(ctx, who, pin.Pin)
	return err
}

// may tells whether somebody may change a pin: who pinned it, an owner of the conversation, and everybody in it when who
// pinned it is not in it any more.
func (p *Pins) may(ctx context.Context, who identity.Caller, pin Pin) (bool, error) {
	if pin.By == who.Person {
		return true, nil
	}
	role, err := p.roles.Role(ctx, who.Tenant, who.Person, who.Conversation, who.Team)
	if err != nil || role == identity.Owner || role == identity.None {
		return role == identity.Owner, err
	}
	author, err := p.roles.Role(ctx, who.Tenant, pin.By, who.Conversation, who.Team)
	return err == nil && author == identity.None, err
}

// Pin pins a file that the person can read. One that is pinned already stays as it is: then again is true, and the pin is
// the old one. The fault of a full set is Denied "pins.full" and names the oldest.
func (p *Pins) Pin(ctx context.Context, who identity.Caller, ref ItemRef, caption string) (pin Pinned, again bool, err error) {
	const op = "image.Pin"
	item, err := p.readable(ctx, op, who, ref)
	if err != nil {
		return Pinned{}, false, err
	}
	if caption, err = checkCaption(op, caption); err != nil {
		return Pinned{}, false, err
	}
	err = p.shelf.ChangePins(ctx, who.Tenant, who.Conversation, func(pins []Pin) ([]Pin, error) {
		i := slices.IndexFunc(pins, func(o Pin) bool { return o.Ref == ref })
		if again = i >= 0; again {
			pin = Pinned{Pin: pins[i], N: i + 1, Item: &item}
			return pins, nil
		}
		if len(pins) >= MaxPins {
			return nil, full(op, pins[0])
		}
		pin = Pinned{Pin: Pin{Ref: ref, Caption: caption, By: who.Person, At: p.now()}, N: len(pins) + 1, Item: &item, MayUnpin: true}
		return append(pins, pin.Pin), nil
	})
	if err == nil && again {
		pin.MayUnpin, err = p.may(ctx, who, pin.Pin)
	}
	return pin, again, err
}

// full says that there is no room, and which pin is the oldest; it is number 1 of the list.
func full(op string, oldest Pin) error {
	if oldest.Caption == "" {
		return fault.New(fault.Denied, op, "pins.full", "Limit", MaxPins)
	}
	return fault.New(fault.Denied, op, "pins.full.caption", "Limit", MaxPins, "Caption", oldest.Caption)
}

// readable is a picture that the person may read.
func (p *Pins) readable(ctx context.Context, op string, who identity.Caller, ref ItemRef) (Item, error) {
	if err := p.open(op, who); err != nil {
		return Item{}, err
	}
	item, err := p.drives.Item(ctx, who, ref)
	if err == nil && !item.IsPicture() {
		err = fault.New(fault.Invalid, op, "pins.no_picture")
	}
	return item, err
}

// Unpin takes a pin down and gives it back as it was, so that it can be pinned again.
func (p *Pins) Unpin(ctx context.Context, who identity.Caller, ref ItemRef) (Pin, error) {
	const op = "image.Unpin"
	return p.change(ctx, op, who, ref, func(pins []Pin, i int) []Pin { return slices.Delete(slices.Clone(pins), i, i+1) })
}

// Numbered finds the pin that has a number in the list; the fault is NotFound.
func (p *Pins) Numbered(ctx context.Context, who identity.Caller, n int) (Pin, error) {
	const op = "image.Numbered"
	if err := p.open(op, who); err != nil {
		return Pin{}, err
	}
	pins, err := p.shelf.Pins(ctx, who.Tenant, who.Conversation)
	if err != nil {
		return Pin{}, err
	}
	if n < 1 || n > len(pins) {
		return Pin{}, fault.New(fault.NotFound, op, "pins.no_number", "N", n)
	}
	return pins[n-1], nil
}

// Caption gives a pin other words and gives back the pin as it was before.
func (p *Pins) Caption(ctx context.Context, who identity.Caller, ref ItemRef, caption string) (Pin, error) {
	const op = "image.Caption"
	caption, err := checkCaption(op, caption)
	if err != nil {
		return Pin{}, err
	}
	return p.change(ctx, op, who, ref, func(pins []Pin, i int) []Pin {
		pins = slices.Clone(pins)
		pins[i].Caption = caption
		return pins
	})
}

// change changes one pin. Whether the person may is asked before and holds for the pin as it was then: one that somebody
// else took down and pinned again meanwhile stays.
func (p *Pins) change(ctx context.Context, op string, who identity.Caller, ref ItemRef, make func(pins []Pin, i int) []Pin) (Pin, error) {
	if err := p.open(op, who); err != nil {
		return Pin{}, err
	}
	pins, err := p.shelf.Pins(ctx, who.Tenant, who.Conversation)
	if err != nil {
		return Pin{}, err
	}
	i := slices.IndexFunc(pins, func(o Pin) bool { return o.Ref == ref })
	if i < 0 {
		return Pin{}, notPinned(op)
	}
	seen := pins[i]
	if may, err := p.may(ctx, who, seen); err != nil || !may {
		return Pin{}, cmpErr(err, fault.New(fault.Denied, op, "pins.theirs"))
	}
	return seen, p.shelf.ChangePins(ctx, who.Tenant, who.Conversation, func(now []Pin) ([]Pin, error) {
		i := slices.IndexFunc(now, func(o Pin) bool { return o.Ref == ref && o.By == seen.By })
		if i < 0 {
			return nil, notPinned(op)
		}
		return make(now, i), nil
	})
}

func notPinned(op string) error { return fault.New(fault.NotFound, op, "pins.gone") }

// cmpErr is the first error, or else the second.
func cmpErr(err error, or *fault.Error) error {
	if err != nil {
		return err
	}
	return or
}

// checkCaption takes the blanks around a caption away and refuses one that is too long.
func checkCaption(op, caption string) (string, error) {
	caption = strings.Join(strings.Fields(strings.ToValidUTF8(caption, "")), " ")
	if utf8.RuneCountInString(caption) > maxCaption {
		return "", fault.New(fault.Invalid, op, "pins.caption_long", "Limit", maxCaption)
	}
	return caption, nil
}

// open refuses who is nobody or nowhere, and everybody where no drives are connected.
func (p *Pins) open(op string, who identity.Caller) error {
	if err := mayUseDrives(op, p.drives, who); err != nil {
		return err
	}
	return member(op, who)
}
