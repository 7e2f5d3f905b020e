package contact

import (
	"context"
	"time"

	"github.com/maypok86/otter/v2"

	"teamspro/internal/identity"
)

// SightAge is how long it counts what a caller sees. Who keeps answers of Teams for a Roster takes it off the age that
// these may have, so that rights rest on nothing older than ten minutes.
const SightAge = 30 * time.Second

// maxSights bounds what is kept of what callers see, in books; each takes about a kilobyte.
const maxSights = 50_000

// sight is what a caller may read from where they stand. A person may have a thousand books, and asks with every letter
// they type: so it is found once, and kept as long as no book changes, for SightAge at most. It is shared by all who
// read it, and so never changed.
type sight struct {
	lists     []Listing
	in        map[BookID]Listing
	near, far []BookID // the books of the conversation where the caller stands, and the others

	edition uint64 // of the Library, when it was found
	until   time.Time
	guests  guests // what the Policy said then
}

// newSight arranges what a caller may read.
func newSight(who identity.Caller, lists []Listing) *sight {
	s := &sight{lists: lists, in: make(map[BookID]Listing, len(lists))}
	for _, l := range lists {
		s.in[l.Book.ID] = l
		if l.Book.usableIn(who.Conversation) {
			s.near = append(s.near, l.Book.ID)
		} else {
			s.far = append(s.far, l.Book.ID)
		}
	}
	return s
}

// only is the sight of one book.
func (s *sight) only(who identity.Caller, id BookID) *sight {
	l, ok := s.in[id]
	if !ok {
		return newSight(who, nil)
	}
	return newSight(who, []Listing{l})
}

// weight is how much there is to keep, in books of usual size.
func (s *sight) weight() uint32 {
	n := 1
	for _, l := range s.lists {
		n += 1 + (len(l.Book.Rights)+len(l.Book.Owners)+len(l.Book.Shares))/4
	}
	return uint32(n)
}

type sights = otter.Cache[identity.Caller, *sight]

func newSights() *sights {
	return otter.Must(&otter.Options[identity.Caller, *sight]{MaximumWeight: maxSights, Weigher: func(_ identity.Caller, s *sight) uint32 { return s.weight() }})
}

// sees gives what the caller may read from where they stand, to searches. Whoever writes is judged anew (visible, open).
// What was found while a roster could not be read is not kept: it leaves out too much, or lets in whom it would not.
func (b *Books) sees(ctx context.Context, who identity.Caller) (*sight, error) {
	edition, err := b.library.Edition(ctx, who.Tenant) // before the books are read: what changes meanwhile makes it old
	if err != nil {
		return nil, wrap("contact.sees", err)
	}
	now := b.now()
	if s, ok := b.sights.GetIfPresent(who); ok && s.edition == edition && now.Before(s.until) && b.stands(ctx, who.Tenant, s.guests) {
		return s, nil
	}
	books, err := b.library.BooksFor(ctx, who.Tenant, who.Person, who.Conversation)
	if err != nil {
		return nil, wrap("contact.sees", err)
	}
	v, err := b.judge(ctx, who, books)
	if err != nil {
		return nil, err
	}
	s := newSight(who, v.admitted)
	if s.edition, s.until, s.guests = edition, now.Add(SightAge), v.guests; v.sure {
		b.sights.Set(who, s)
	}
	return s, nil
}
