package contact

import (
	"context"
	"time"

	"teamspro/internal/identity"
)

// Shelf keeps contacts and what happened to them. Every call is one transaction; a call that
// returned without error is on disk.
type Shelf interface {
	// Contacts reads contacts by id, in the order asked; the ones that are missing or in the trash are left out.
	Contacts(ctx context.Context, t identity.Tenant, ids []ID) ([]Contact, error)
	// Apply carries out a change and records it. A change whose Deed was carried out before changes nothing and
	// gives the change recorded then. It fails with fault.Stale when the contact's version is not the one before c,
	// and with fault.NotFound when the contact should be there and is not.
	Apply(ctx context.Context, t identity.Tenant, c Change) (Change, error)
	// Each gives every contact of the tenant that is not in the trash, in no order; fn may not keep the transaction busy.
	Each(ctx context.Context, t identity.Tenant, fn func(Contact) error) error
}

// Chronicle reads what Shelf recorded.
type Chronicle interface {
	// Change reads one change; fault.NotFound when there is none.
	Change(ctx context.Context, t identity.Tenant, id ChangeID) (Change, error)
	// History reads the changes of a contact, newest first, trash included.
	History(ctx context.Context, t identity.Tenant, id ID, limit int) ([]Change, error)
	// Trash reads the deletions whose contacts are still in the trash of the given books, newest first.
	Trash(ctx context.Context, t identity.Tenant, books []BookID, limit int) ([]Change, error)
}

// Library keeps the books.
type Library interface {
	// Book reads one book; fault.NotFound when there is none.
	Book(ctx context.Context, t identity.Tenant, id BookID) (Book, error)
	// BooksFor reads the books that may concern a person in a conversation: bound to or shared with it, the person's own,
	// the tenant's, and those of conversations in which the person was met (Meet). Removed ones are included.
	BooksFor(ctx context.Context, t identity.Tenant, p identity.Person, c identity.Conversation) ([]Book, error)
	// SaveBook writes a book; fault.Stale when its version is not one more than the stored one (a new book has version 1).
	// The first book of a conversation or person is made once: a second with an empty Name and the same Kind and Home (or owner)
	// fails with fault.Stale.
	SaveBook(ctx context.Context, t identity.Tenant, b Book) error
	// Meet remembers that a person uses the books of a conversation, so that BooksFor finds them from elsewhere.
	// It is cheap when nothing is new.
	Meet(ctx context.Context, t identity.Tenant, p identity.Person, c identity.Conversation) error
}

// Marks keeps what is one person's own: favourites, what they looked at, saved filters.
type Marks interface {
	Marked(ctx context.Context, t identity.Tenant, p identity.Person) (Marked, error)
	// Mark changes it in one transaction.
	Mark(ctx context.Context, t identity.Tenant, p identity.Person, change func(*Marked) error) error
}

// Marked is a person's own view of the contacts.
type Marked struct {
	Favourites []ID // in the order in which they were marked, newest last
	Recent     []ID // newest last, at most 20
	Filters    []Filter
	// Done are the changes that the person made and did not take back, newest last, at most 20.
	Done []ChangeID
}

// Filter is a query that a person gave a name.
type Filter struct{ Name, Query string }

// Roster tells who is in a conversation. Answers are at most ten minutes old.
type Roster interface {
	// Role gives the person's role in the conversation; identity.None when they are not in it or the conversation is gone.
	// It fails with fault.Busy when the roster cannot be read now.
	Role(ctx context.Context, t identity.Tenant, p identity.Person, c identity.Conversation, team string) (identity.Role, error)
}

// ChangeID names a recorded change within its tenant.
type ChangeID string

// Act is what a change did.
type Act string

// The acts.
const (
	Added    Act = "added"
	Edited   Act = "edited"
	Deleted  Act = "deleted"
	Restored Act = "restored" // taken out of the trash
)

// Change is one thing that happened to a contact. Before and After are the whole records around it, so that
// it can be shown field by field and taken back.
type Change struct {
	ID      ChangeID
	Act     Act
	Contact ID
	Book    BookID
	// Version is the contact's version after the change.
	Version int
	Before  *Record // nil when added
	After   *Record // nil when deleted
	By      identity.Person
	At      time.Time
	Deed    identity.Deed
	// Undoes is the change that this one took back, if any.
	Undoes ChangeID
}
