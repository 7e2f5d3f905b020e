package contact

import (
	"context"
	"io"
	"time"

	"teamspro/internal/identity"
)

// Shelf keeps contacts and what happened to them. Every call is one transaction; a call that
// returned without error is on disk.
type Shelf interface {
	// Contacts reads contacts by id, in the order asked; the ones that are missing or in the trash are left out.
	Contacts(ctx context.Context, t identity.Tenant, ids []ID) ([]Contact, error)
	// Apply carries out a change, records it, and notes it with the person who made it (Marked.Did), if anybody is named. A
	// change whose Deed was carried out before changes nothing and gives the change recorded then. It fails with fault.Stale when the contact's version is not the one before c,
	// and with fault.NotFound when the contact should be there and is not.
	Apply(ctx context.Context, t identity.Tenant, c Change) (Change, error)
	// ApplyAll carries out a portion of a step in one transaction, all of it or nothing. A change whose id is recorded was
	// carried out before and stays as it is. It gives the changes as they are recorded. Conversations hear of none but that of
	// Step.Told, and the person who made the step is noted to have done one thing, by the step's id (Marked.Did). It fails as Apply does.
	ApplyAll(ctx context.Context, t identity.Tenant, s Step) ([]Change, error)
	// Each gives every contact of the tenant that is not in the trash, in no order; fn may not keep the transaction busy.
	Each(ctx context.Context, t identity.Tenant, fn func(Contact) error) error
}

// Chronicle reads what Shelf recorded.
type Chronicle interface {
	// Change reads one change; fault.NotFound when there is none.
	Change(ctx context.Context, t identity.Tenant, id ChangeID) (Change, error)
	// Step reads the changes of a step that follow one of them, or from its beginning when after is empty; in their order,
	// at most limit. A step of which there is none has no changes.
	Step(ctx context.Context, t identity.Tenant, step, after ChangeID, limit int) ([]Change, error)
	// History reads the changes of a contact, newest first, trash included.
	History(ctx context.Context, t identity.Tenant, id ID, limit int) ([]Change, error)
	// Trash reads the deletions whose contacts are still in the trash of the given books, newest first.
	Trash(ctx context.Context, t identity.Tenant, books []BookID, limit int) ([]Change, error)
}

// Journal tells the states that a tenant's contacts were in, by name, and how they came from one to the next.
type Journal interface {
	// Stamp names the state of the contacts now: after each change it is another one, and no other database ever has the
	// same, unless it is a copy in the same state. It has at most 200 bytes.
	Stamp(ctx context.Context, t identity.Tenant) (string, error)
	// Since gives the changes after the state of a stamp, in their order; it reaches back 10,000 changes at least, but never
	// to before a book was erased. It fails with fault.NotFound when that state is too long ago, or was never one of this
	// database.
	Since(ctx context.Context, t identity.Tenant, stamp string) ([]Change, error)
}

// Snapshots keeps for each tenant what was last written of the search index.
type Snapshots interface {
	// Snapshot gives what Keep wrote last, or fault.NotFound. It never changes and stays as long as the program runs.
	Snapshot(t identity.Tenant) ([]byte, error)
	// Keep replaces it by what write writes; when that fails or ctx ends, the one before stays.
	Keep(ctx context.Context, t identity.Tenant, write func(io.Writer) error) error
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
	// fails with fault.Stale. Where a book has an audit log, who changed its name, owners, mode, rights or shares (Book.Changed)
	// is entered in it.
	SaveBook(ctx context.Context, t identity.Tenant, b Book) error
	// Meet remembers that a person uses the books of a conversation, so that BooksFor finds them from elsewhere.
	// It is cheap when nothing is new.
	Meet(ctx context.Context, t identity.Tenant, p identity.Person, c identity.Conversation) error
	// Edition is another number after each call of SaveBook or Meet for the tenant that changed something, from the moment
	// when the call returns. It is cheap: every search asks for it.
	Edition(ctx context.Context, t identity.Tenant) (uint64, error)
}

// Eraser takes books away for good. It does so in steps, because a book may hold a million contacts: from Doom on nobody
// finds the book, and until Erased it is among the doomed, so that whoever was interrupted can go on.
type Eraser interface {
	// Waiting gives the books that wait since before a time for the app to come back (Book.Removed), in no order.
	Waiting(ctx context.Context, t identity.Tenant, before time.Time) ([]Book, error)
	// Doomed gives the books whose erasing has begun.
	Doomed(ctx context.Context, t identity.Tenant) ([]BookID, error)
	// Doom begins. It fails with fault.NotFound when there is no such book, and with fault.Stale when its version is another.
	Doom(ctx context.Context, t identity.Tenant, id BookID, version int) error
	// EraseSome takes away a portion of what belongs to all doomed books: contacts, their changes and trash, marks of people,
	// meetings. from is empty at first and then what the call before gave; next is empty when nothing is left of those that
	// were doomed at the first call. From then on no stamp of the Journal is known that was given before.
	EraseSome(ctx context.Context, t identity.Tenant, from string) (next string, err error)
	// Erased ends it. The audit log has an entry then.
	Erased(ctx context.Context, t identity.Tenant, id BookID) error
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

// Roster tells who is in a conversation. Answers are at most ten minutes old, less SightAge.
type Roster interface {
	// Role gives the person's role in the conversation; identity.None when they are not in it or the conversation is gone.
	// It fails with fault.Busy when the roster cannot be read now.
	Role(ctx context.Context, t identity.Tenant, p identity.Person, c identity.Conversation, team string) (identity.Role, error)
}

// Policy is what owners and administrators decided; internal/configuration has it. What it says counts at once: it is asked
// anew also where a sight is kept.
type Policy interface {
	// NewMode is who may change the contacts of a book that is made now.
	NewMode(ctx context.Context, t identity.Tenant) (Mode, error)
	// GuestsRead tells whether the guests of a conversation may read its books.
	GuestsRead(ctx context.Context, t identity.Tenant, c identity.Conversation) (bool, error)
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
