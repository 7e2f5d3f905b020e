package contact

import (
	"context"
	"errors"
	"iter"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// MaxExtract is how many contacts of a search are taken out at most; a book is taken out whole.
const MaxExtract = 10_000

// What names contacts that are taken out: those of a book, those that a query finds, or one. One of the three is set.
type What struct {
	Book    BookID
	Query   string
	Contact ID
}

// Extract is contacts on their way out.
type Extract struct {
	// Book is the book that was asked for, and Contact the one contact; empty otherwise.
	Book    Book
	Contact Contact
	// Count is how many there are, as far as is known before they are read.
	Count int
	// More says that a search finds more than MaxExtract.
	More bool
	each func(context.Context, func(Contact) error) error
}

// Contacts gives them, in no order where it is a book. It ends with what went wrong.
func (e Extract) Contacts(ctx context.Context) iter.Seq2[Contact, error] {
	return Seq(func(fn func(Contact) error) error { return e.each(ctx, fn) })
}

// Seq gives one by one what each hands to its function, and then what each failed with. Who stops early ends each, too.
func Seq(each func(fn func(Contact) error) error) iter.Seq2[Contact, error] {
	return func(yield func(Contact, error) bool) {
		enough := errors.New("enough")
		err := each(func(c Contact) error {
			if !yield(c, nil) {
				return enough
			}
			return nil
		})
		if err != nil && !errors.Is(err, enough) {
			yield(Contact{}, err)
		}
	}
}

// Ledger writes down, in the audit log, that contacts were taken out, before they are.
type Ledger interface {
	// TookOut notes that a person took contacts out of a book, or what a search found where book is empty.
	TookOut(ctx context.Context, t identity.Tenant, book BookID, by identity.Person, surface string, at time.Time) error
}

// Extract finds what a caller wants to take out of what they may read. Guests read, and take nothing out but one contact at
// a time. Nothing is noted yet: TakeOut does.
func (b *Books) Extract(ctx context.Context, who identity.Caller, w What) (Extract, error) {
	const op = "contact.Extract"
	switch {
	case w.Contact != "":
		return b.extractOne(ctx, who, w.Contact)
	case w.Book != "":
		return b.extractBook(ctx, who, op, w.Book)
	default:
		return b.extractFound(ctx, who, op, w.Query)
	}
}

// TakeOut is Extract, and notes it in the audit log first; what cannot be noted is not given.
func (b *Books) TakeOut(ctx context.Context, who identity.Caller, w What, surface string) (Extract, error) {
	e, err := b.Extract(ctx, who, w)
	if err != nil || b.ledger == nil {
		return e, err
	}
	if err := b.ledger.TookOut(ctx, who.Tenant, e.Book.ID, who.Person, surface, b.now().UTC()); err != nil {
		return Extract{}, wrap("contact.TakeOut", err)
	}
	return e, nil
}

func (b *Books) extractOne(ctx context.Context, who identity.Caller, id ID) (Extract, error) {
	e, err := b.Get(ctx, who, id)
	if err != nil {
		return Extract{}, err
	}
	return Extract{Book: e.Book, Contact: e.Contact, Count: 1, each: given([]Contact{e.Contact})}, nil
}

func given(all []Contact) func(context.Context, func(Contact) error) error {
	return func(_ context.Context, fn func(Contact) error) error {
		for _, c := range all {
			if err := fn(c); err != nil {
				return err
			}
		}
		return nil
	}
}

func (b *Books) extractBook(ctx context.Context, who identity.Caller, op string, id BookID) (Extract, error) {
	l, err := b.open(ctx, who, op, id)
	if err != nil {
		return Extract{}, err
	}
	if err := b.noGuest(ctx, who, op, l.Book); err != nil {
		return Extract{}, err
	}
	if err := b.Load(ctx, who.Tenant); err != nil {
		return Extract{}, err
	}
	each := func(ctx context.Context, fn func(Contact) error) error {
		return b.shelf.Each(ctx, who.Tenant, func(c Contact) error {
			if c.Book != id {
				return nil
			}
			return fn(c)
		})
	}
	return Extract{Book: l.Book, Count: b.index.Count(who.Tenant, id), each: each}, nil
}

// noGuest refuses who has a book open as a guest only, and whom the rosters do not name.
func (b *Books) noGuest(ctx context.Context, who identity.Caller, op string, k Book) error {
	known, unsaid := b.rolesFor(ctx, who, []Book{k})
	switch ways := k.onlyAsGuest(known, unsaid); {
	case len(ways) == 0:
		return nil
	case len(unsaid) > 0:
		return fault.New(fault.Busy, op, "contact.export_unasked")
	}
	return fault.New(fault.Denied, op, "contact.denied_export")
}

// extractFound takes out what a query finds, best first, without the books that the caller reads as a guest.
func (b *Books) extractFound(ctx context.Context, who identity.Caller, op, text string) (Extract, error) {
	q := ParseQuery(text)
	s, err := b.searchable(ctx, who, q)
	if err != nil {
		return Extract{}, err
	}
	hits, total := b.search(ctx, who.Tenant, s, q, MaxExtract)
	allowed := map[BookID]bool{}
	var ids []ID
	for _, h := range hits {
		may, asked := allowed[h.Book]
		if !asked {
			err := b.noGuest(ctx, who, op, s.in[h.Book].Book)
			if err != nil && !fault.Is(err, fault.Denied) {
				return Extract{}, err
			}
			may = err == nil
			allowed[h.Book] = may
		}
		if may {
			ids = append(ids, h.ID)
		}
	}
	if len(ids) == 0 && len(hits) > 0 {
		return Extract{}, fault.New(fault.Denied, op, "contact.denied_export")
	}
	return Extract{Count: len(ids), More: total > len(hits), each: b.eachOf(who, s, ids)}, nil
}

// eachOf reads contacts by id in portions. The shelf has the last word on where they are.
func (b *Books) eachOf(who identity.Caller, s *sight, ids []ID) func(context.Context, func(Contact) error) error {
	const portion = 500
	return func(ctx context.Context, fn func(Contact) error) error {
		for from := 0; from < len(ids); from += portion {
			found, err := b.shelf.Contacts(ctx, who.Tenant, ids[from:min(from+portion, len(ids))])
			if err != nil {
				return wrap("contact.Extract", err)
			}
			for _, c := range found {
				if _, in := s.in[c.Book]; !in {
					continue
				}
				if err := fn(c); err != nil {
					return err
				}
			}
		}
		return nil
	}
}
