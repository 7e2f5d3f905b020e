package contact

import (
	"context"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// What a conversation is told without being asked has no caller. It may hear what every member of it may read: the books
// that belong to it or are shared with it, and the organisation's.

// TellAbout is a contact as every member of a conversation may see it.
type TellAbout struct {
	Contact Contact
	// Deleted says that it is in the trash; Contact is then as it was.
	Deleted bool
	// Guests says that the guests of the conversation may read it as well as its members.
	Guests bool
}

// OpenTo tells whether every member of a conversation may read a book. One that is gone, or waits for its conversation to
// come back, is open to nobody.
func (b *Books) OpenTo(ctx context.Context, t identity.Tenant, id BookID, c identity.Conversation) (bool, error) {
	_, open, err := b.openBook(ctx, t, id, c)
	return open, err
}

func (b *Books) openBook(ctx context.Context, t identity.Tenant, id BookID, c identity.Conversation) (k Book, open bool, err error) {
	k, err = b.library.Book(ctx, t, id)
	if fault.Is(err, fault.NotFound) {
		return Book{}, false, nil
	}
	if err != nil {
		return Book{}, false, wrap("contact.OpenTo", err)
	}
	return k, k.Removed == nil && k.openTo(c), nil
}

// Told gives those of some contacts that every member of a conversation may read, also from the trash, and tells which its
// guests may read.
func (b *Books) Told(ctx context.Context, t identity.Tenant, c identity.Conversation, ids []ID) (map[ID]TellAbout, error) {
	const op = "contact.Told"
	found, err := b.shelf.Contacts(ctx, t, ids)
	if err != nil {
		return nil, wrap(op, err)
	}
	all := map[ID]TellAbout{}
	for _, f := range found {
		all[f.ID] = TellAbout{Contact: f}
	}
	for _, id := range ids {
		if _, there := all[id]; there {
			continue
		}
		s, err := b.known(ctx, t, op, id)
		switch {
		case err == nil:
			all[id] = TellAbout{Contact: s.Contact, Deleted: s.deleted}
		case !fault.Is(err, fault.NotFound):
			return nil, err
		}
	}
	return all, b.keepOpen(ctx, t, c, all)
}

// keepOpen takes out what is in books that are not open to a conversation, and says what its guests may read.
func (b *Books) keepOpen(ctx context.Context, t identity.Tenant, c identity.Conversation, all map[ID]TellAbout) error {
	type opening struct{ members, guests bool }
	known := map[BookID]opening{}
	for id, about := range all {
		to, asked := known[about.Contact.Book]
		if !asked {
			k, open, err := b.openBook(ctx, t, about.Contact.Book, c)
			if err == nil && open {
				to.members = true
				to.guests, err = b.openToGuests(ctx, t, k, c)
			}
			if err != nil {
				return err
			}
			known[about.Contact.Book] = to
		}
		if !to.members {
			delete(all, id)
			continue
		}
		about.Guests = to.guests
		all[id] = about
	}
	return nil
}

// openToGuests tells whether the guests of a conversation may read a book that is open to its members. They do not belong to
// the organisation, so its own books are none of theirs.
func (b *Books) openToGuests(ctx context.Context, t identity.Tenant, k Book, c identity.Conversation) (bool, error) {
	if k.Kind != ConversationBook {
		return false, nil
	}
	read, err := b.welcomes(ctx, t, k, []identity.Conversation{c}, guests{})
	if err != nil {
		return false, wrap("contact.Told", err)
	}
	return read, nil
}
