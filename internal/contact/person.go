package contact

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"strings"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// Whom names a person to be exported or erased, and by what contacts about them are known.
type Whom struct {
	Person identity.Person
	// Mails and Phones are those of the person, besides the addresses of their profile. Phones are compared by their digits.
	Mails, Phones []string
	// Contacts says that contacts about the person are meant, too.
	Contacts bool
}

// Is tells whether a contact is about the person: it has an e-mail address or a telephone number of theirs. A name never
// suffices.
func (w Whom) Is(r *Record) bool {
	return slices.ContainsFunc(r.Emails, func(mail string) bool {
		return slices.ContainsFunc(w.Mails, func(own string) bool {
			return own != "" && strings.EqualFold(strings.TrimSpace(mail), strings.TrimSpace(own))
		})
	}) || slices.ContainsFunc(r.Phones, func(p Phone) bool {
		return slices.ContainsFunc(w.Phones, func(own string) bool { return sameDigits(own, p.E164) || sameDigits(own, p.Number) })
	})
}

// leastDigits is how many digits tell a person's number from an extension that many have.
const leastDigits = 6

func sameDigits(a, b string) bool {
	a, b = digitsOf(a), digitsOf(b)
	return len(a) >= leastDigits && a == b
}

func digitsOf(number string) string {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, number)
	return strings.TrimPrefix(digits, "00")
}

// Removal is what became of one kind of data at an erasing.
type Removal struct {
	Kind    string // the bucket it lies in
	Erased  int    // entries that are gone
	Renamed int    // entries that stay, in which the person stands under a pseudonym that is nobody's
}

// Departure is what an erasing did, or would do.
type Departure struct {
	Removals []Removal // by kind
	// Books are the person's own books, which are gone with all that is in them; Ownerless those that stay and have no owner
	// any more.
	Books, Ownerless []BookID
}

// LeaverPortion is what one call of EraseOf did.
type LeaverPortion struct {
	Next      string // where to go on; empty at the end
	Removals  map[string]Removal
	Contacts  []Contact // that are gone, by book and id
	Ownerless []BookID
}

// Leavers takes people away for good, in steps as an Eraser does. From Leave until Left a person is among the leaving, so
// that whoever was interrupted can go on.
type Leavers interface {
	// Leave begins. When it began before, it goes on with what both calls asked for, and again is true.
	Leave(ctx context.Context, t identity.Tenant, w Whom) (begun Whom, again bool, err error)
	// Leaving gives the people whose erasing has begun.
	Leaving(ctx context.Context, t identity.Tenant) ([]Whom, error)
	// OwnBooks gives the personal books of which the person is the only owner.
	OwnBooks(ctx context.Context, t identity.Tenant, p identity.Person) ([]BookID, error)
	// EraseOf takes away a portion of what belongs to the person, and puts a pseudonym where their id stood. from is empty at
	// first and then what the call before gave. When contacts are gone, no stamp of the Journal is known after the last portion
	// that was given before.
	EraseOf(ctx context.Context, t identity.Tenant, p identity.Person, from string) (LeaverPortion, error)
	// Left ends it. Nobody knows from then on who the pseudonym was, and the audit log has an entry.
	Left(ctx context.Context, t identity.Tenant, p identity.Person) error
	// CountOf tells what EraseOf would do in all, and changes nothing.
	CountOf(ctx context.Context, t identity.Tenant, w Whom) (LeaverPortion, error)
}

// ErasePerson erases what is kept of a person; with Whom.Contacts also the contacts about them. It checks no rights: it is
// for the operator of the service. What was interrupted is taken up by the next call, or by ResumeErasing.
func (b *Books) ErasePerson(ctx context.Context, t identity.Tenant, w Whom) (Departure, error) {
	const op = "contact.ErasePerson"
	begun, again, err := b.leavers.Leave(ctx, t, w)
	if err != nil {
		return Departure{}, wrap(op, err)
	}
	d := departing{Departure: Departure{}, kinds: map[string]Removal{}}
	err = b.depart(ctx, t, begun, again, &d)
	return d.departure(), err
}

// CountPerson tells what ErasePerson would do, and does nothing.
func (b *Books) CountPerson(ctx context.Context, t identity.Tenant, w Whom) (Departure, error) {
	const op = "contact.CountPerson"
	d := departing{kinds: map[string]Removal{}}
	own, err := b.leavers.OwnBooks(ctx, t, w.Person)
	if err != nil {
		return d.departure(), wrap(op, err)
	}
	if err := b.countOwn(ctx, t, own, &d); err != nil {
		return d.departure(), err
	}
	p, err := b.leavers.CountOf(ctx, t, w)
	if err != nil {
		return d.departure(), wrap(op, err)
	}
	d.add(p)
	return d.departure(), nil
}

// ResumeErasing ends what was begun to erase people and interrupted, and tells of how many.
func (b *Books) ResumeErasing(ctx context.Context, t identity.Tenant) (int, error) {
	if b.leavers == nil {
		return 0, nil
	}
	leaving, err := b.leavers.Leaving(ctx, t)
	if err != nil {
		return 0, wrap("contact.ResumeErasing", err)
	}
	for n, w := range leaving {
		if _, err := b.ErasePerson(ctx, t, w); err != nil {
			return n, err
		}
	}
	return len(leaving), nil
}

// departing adds up what portions did.
type departing struct {
	Departure
	kinds map[string]Removal
}

func (d *departing) add(p LeaverPortion) {
	for kind, r := range p.Removals {
		sum := d.kinds[kind]
		d.kinds[kind] = Removal{kind, sum.Erased + r.Erased, sum.Renamed + r.Renamed}
	}
	d.Ownerless = append(d.Ownerless, p.Ownerless...)
}

func (d *departing) departure() Departure {
	d.Removals = slices.SortedFunc(maps.Values(d.kinds), func(x, y Removal) int { return cmp.Compare(x.Kind, y.Kind) })
	return d.Departure
}

func (b *Books) countOwn(ctx context.Context, t identity.Tenant, own []BookID, d *departing) error {
	if len(own) == 0 {
		return nil
	}
	if err := b.Load(ctx, t); err != nil {
		return err
	}
	for _, id := range own {
		d.Books = append(d.Books, id)
		d.add(LeaverPortion{Removals: map[string]Removal{"books": {Erased: 1}, "contacts": {Erased: b.index.Count(t, id)}}})
	}
	return nil
}

// depart brings the erasing of a person to its end.
func (b *Books) depart(ctx context.Context, t identity.Tenant, w Whom, again bool, d *departing) error {
	const op = "contact.ErasePerson"
	own, err := b.leavers.OwnBooks(ctx, t, w.Person)
	if err != nil {
		return wrap(op, err)
	}
	if err := b.countOwn(ctx, t, own, d); err != nil {
		return err
	}
	for _, id := range own {
		if err := b.Erase(ctx, t, id); err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	if err := b.Load(ctx, t); err != nil {
		return err
	}
	gone, err := b.eraseOf(ctx, t, w.Person, d)
	if err != nil {
		return wrap(op, err)
	}
	if gone > 0 || w.Contacts || again {
		if err := b.reload(ctx, t, again); err != nil {
			return wrap(op, err)
		}
	}
	if err := b.leavers.Left(ctx, t, w.Person); err != nil {
		return wrap(op, err)
	}
	return nil
}

// eraseOf takes away portion after portion, from the index, too.
func (b *Books) eraseOf(ctx context.Context, t identity.Tenant, p identity.Person, d *departing) (contacts int, err error) {
	for from, begun := "", false; from != "" || !begun; begun = true {
		portion, err := b.leavers.EraseOf(ctx, t, p, from)
		if err != nil {
			return contacts, err
		}
		d.add(portion)
		for _, c := range portion.Contacts {
			b.index.Remove(t, c.Book, c.ID, math.MaxInt)
		}
		contacts += len(portion.Contacts)
		from = portion.Next
	}
	return contacts, nil
}

// reload writes the snapshot of a tenant anew. When an earlier erasing was interrupted, the index may hold what that took
// away: then it is filled anew before.
func (b *Books) reload(ctx context.Context, t identity.Tenant, anew bool) error {
	if anew {
		b.loaded.Delete(t)
		b.index.Drop(t)
		if err := b.Load(ctx, t); err != nil {
			return err
		}
	}
	return b.rewrite(ctx, t)
}
