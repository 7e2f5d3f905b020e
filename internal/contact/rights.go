package contact

import (
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// rosterTime is how long one use case waits for rosters. An answer to a query is due in four seconds; what is not
// known by then counts as a roster that failed.
const rosterTime = 2 * time.Second

// rosterCalls is how many rosters one use case reads at a time: a person may have a thousand books.
const rosterCalls = 8

// everything is what an owner may do.
func everything() Rights {
	return Rights{Read: true, Add: true, Modify: true, Delete: true, Manage: true}
}

// or joins the rights of two ways to one book.
func (r Rights) or(o Rights) Rights {
	return Rights{Read: r.Read || o.Read, Add: r.Add || o.Add, Modify: r.Modify || o.Modify, Delete: r.Delete || o.Delete, Manage: r.Manage || o.Manage}
}

// may tells whether the rights cover an act.
func (r Rights) may(a Act) bool {
	switch a {
	case Added, Restored:
		return r.Add
	case Edited:
		return r.Modify
	case Deleted:
		return r.Delete
	default:
		return false
	}
}

// ownedBy tells whether the person is an owner of the book by name.
func (k Book) ownedBy(p identity.Person) bool { return p != "" && slices.Contains(k.Owners, p) }

// livesIn and usableIn tell whether the book is bound to a conversation, or bound to or shared with it.
func (k Book) livesIn(c identity.Conversation) bool {
	return c != "" && k.Kind == ConversationBook && k.Home == c
}

func (k Book) usableIn(c identity.Conversation) bool {
	return k.livesIn(c) || c != "" && k.Kind == ConversationBook && slices.ContainsFunc(k.Shares, func(s Share) bool { return s.With == c })
}

// openTo tells whether every member of a conversation may read the book.
func (k Book) openTo(c identity.Conversation) bool { return k.Kind == TenantBook || k.usableIn(c) }

// rightsAs is what a person may do whose role in Home is known. Guests read, whatever the book says about them.
func (k Book) rightsAs(p identity.Person, role identity.Role) Rights {
	switch {
	case role == identity.None:
		return Rights{}
	case role == identity.Guest:
		return Rights{Read: true}
	case role == identity.Owner, k.ownedBy(p):
		return everything()
	case k.Mode == Everybody:
		return Rights{Read: true, Add: true, Modify: true, Delete: true}
	case k.Mode == PerMember:
		return k.Rights[p].or(Rights{Read: true})
	default:
		return Rights{Read: true}
	}
}

// rightsVia is what a person may do whose role is known in a conversation that the book is shared with. An owner
// there is no owner of the book, and the right to manage it does not travel with a share.
func (k Book) rightsVia(s Share, p identity.Person, role identity.Role) Rights {
	may := k.rightsAs(p, min(role, identity.Member))
	if !k.ownedBy(p) {
		may.Manage = false
		if !s.Edit {
			may = Rights{Read: may.Read}
		}
	}
	return may
}

// roles holds what is known of one person: the role in each conversation that was asked. Others count as None.
type roles map[identity.Conversation]identity.Role

// rights is what the person may do with the book in all.
func (k Book) rights(who identity.Caller, known roles) Rights {
	switch k.Kind {
	case PersonalBook:
		if k.ownedBy(who.Person) {
			return everything()
		}
		return Rights{}
	case TenantBook:
		return k.tenantRights(who, known)
	case ConversationBook:
		may := k.rightsAs(who.Person, known[k.Home])
		for _, s := range k.Shares {
			may = may.or(k.rightsVia(s, who.Person, known[s.With]))
		}
		return may
	default:
		return Rights{}
	}
}

// tenantRights: a person belongs to the organisation who is a member, and no guest, where they stand now. To own
// that conversation does not count, only to own the one where the book was made.
func (k Book) tenantRights(who identity.Caller, known roles) Rights {
	if known[who.Conversation] < identity.Member {
		return Rights{}
	}
	if known[k.Home] == identity.Owner {
		return everything()
	}
	return k.rightsAs(who.Person, identity.Member)
}

// admit gives the books that the caller may read from where they stand, in the order given, with their rights.
// Every use case comes by here: the ids it was given are claims.
func (b *Books) admit(ctx context.Context, who identity.Caller, books []Book) ([]Listing, error) {
	v, err := b.judge(ctx, who, books)
	return v.admitted, err
}

// verdict is what a caller may read, and what that rests on.
type verdict struct {
	admitted []Listing
	sure     bool   // the rosters themselves said every role
	guests   guests // what the policy said
}

// judge is admit, and tells what the answer rests on.
func (b *Books) judge(ctx context.Context, who identity.Caller, books []Book) (verdict, error) {
	var open []Book
	for _, k := range books {
		if k.Removed == nil && who.Person != "" && (!who.Public || k.openTo(who.Conversation)) {
			open = append(open, k)
		}
	}
	known, unsaid := b.rolesFor(ctx, who, open)
	if err := ctx.Err(); err != nil {
		return verdict{}, fault.Wrap(fault.Busy, "contact.admit", err)
	}
	v := verdict{sure: len(unsaid) == 0, guests: guests{}}
	for _, k := range open {
		may := k.rights(who, known)
		if !may.Read {
			continue
		}
		welcome, err := b.welcomes(ctx, who.Tenant, k, k.onlyAsGuest(known, unsaid), v.guests)
		if err != nil {
			return verdict{}, wrap("contact.admit", err)
		}
		if welcome {
			v.admitted = append(v.admitted, Listing{Book: k, May: may})
		}
	}
	return v, nil
}

// rolesFor learns the roles that decide about the books: first in the conversations they are bound to and the one
// where the caller stands, then, for the books this did not open, in those they are shared with. It tells of which the
// rosters did not say it.
func (b *Books) rolesFor(ctx context.Context, who identity.Caller, books []Book) (known roles, unsaid []identity.Conversation) {
	known = roles{}
	first := b.ask(ctx, who, known, homes(who, books), slices.ContainsFunc(books, func(k Book) bool { return k.usableIn(who.Conversation) }))
	second := b.ask(ctx, who, known, sharers(books, known), false)
	return known, append(first, second...)
}

// places are conversations to ask about, with the team of each.
type places map[identity.Conversation]string

func homes(who identity.Caller, books []Book) places {
	asked := places{}
	for _, k := range books {
		if k.Kind == PersonalBook {
			continue
		}
		asked[k.Home] = k.Team
		if k.Kind == TenantBook || k.usableIn(who.Conversation) {
			asked[who.Conversation] = who.Team
		}
	}
	return asked
}

func sharers(books []Book, known roles) places {
	asked := places{}
	for _, k := range books {
		if k.Kind != ConversationBook || known[k.Home] >= identity.Member {
			continue
		}
		for _, s := range k.Shares {
			if _, done := known[s.With]; !done {
				asked[s.With] = s.Team
			}
		}
	}
	return asked
}

// ask learns the caller's role in each place and adds it to known; it gives the places of which the rosters did not say it.
// When meet is set and the roster confirms the caller where they stand, that is remembered, so that they find the books of
// this conversation from elsewhere.
func (b *Books) ask(ctx context.Context, who identity.Caller, known roles, asked places, meet bool) (unsaid []identity.Conversation) {
	if len(asked) == 0 {
		return nil
	}
	within, cancel := context.WithTimeout(ctx, rosterTime)
	defer cancel()
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(rosterCalls)
	for c, team := range asked {
		g.Go(func() error {
			role, said := b.role(within, who, c, team)
			mu.Lock()
			known[c] = role
			if !said {
				unsaid = append(unsaid, c)
			}
			mu.Unlock()
			if meet && said && role != identity.None && c == who.Conversation {
				b.meet(ctx, who)
			}
			return nil
		})
	}
	_ = g.Wait() // role answers, whatever happens
	return unsaid
}

// role asks the roster for the caller's role in a conversation and tells whether the roster itself said it. When it
// cannot be read, the caller counts as a member of the conversation where they stand, since their words just came from
// there with a verified token, but never as its owner; of any other conversation they count as no member.
func (b *Books) role(ctx context.Context, who identity.Caller, c identity.Conversation, team string) (identity.Role, bool) {
	if c == "" || who.Person == "" {
		return identity.None, true
	}
	role, err := b.roster.Role(ctx, who.Tenant, who.Person, c, team)
	switch {
	case err == nil:
		return role, true
	case c == who.Conversation:
		return identity.Member, false
	default:
		return identity.None, false
	}
}

// meet remembers the caller in the conversation where they stand. A reader gets their answer when that cannot be
// written, with a full disk for instance: the next use case tries again.
func (b *Books) meet(ctx context.Context, who identity.Caller) {
	_ = b.library.Meet(ctx, who.Tenant, who.Person, who.Conversation)
}

// Met remembers the caller in the conversation where they stand, when it has books, so that they find these from
// elsewhere. It is for callers who spoke there: whether they may read a book is asked whenever they do.
func (b *Books) Met(ctx context.Context, who identity.Caller) {
	if who.Person == "" || who.Place == identity.Personal {
		return
	}
	books, err := b.library.BooksFor(ctx, who.Tenant, who.Person, who.Conversation)
	if err == nil && slices.ContainsFunc(books, func(k Book) bool { return k.usableIn(who.Conversation) }) {
		b.meet(ctx, who)
	}
}

// visible gives the books that the caller may read from where they stand.
func (b *Books) visible(ctx context.Context, who identity.Caller) ([]Listing, error) {
	books, err := b.library.BooksFor(ctx, who.Tenant, who.Person, who.Conversation)
	if err != nil {
		return nil, wrap("contact.visible", err)
	}
	return b.admit(ctx, who, books)
}

// open reads one book for a caller who may read it; fault.NotFound otherwise.
func (b *Books) open(ctx context.Context, who identity.Caller, op string, id BookID) (Listing, error) {
	k, err := b.library.Book(ctx, who.Tenant, id)
	if err != nil {
		return Listing{}, told(op, err, map[fault.Kind]string{fault.NotFound: "book.not_found"})
	}
	admitted, err := b.admit(ctx, who, []Book{k})
	if err != nil {
		return Listing{}, err
	}
	if len(admitted) == 0 {
		return Listing{}, fault.New(fault.NotFound, op, "book.not_found")
	}
	return admitted[0], nil
}
