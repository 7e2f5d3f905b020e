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
}

// OpenTo tells whether every member of a conversation may read a book. One that is gone, or waits for its conversation to
// come back, is open to nobody.
func (b *Books) OpenTo(ctx context.Context, t identity.Tenant, id BookID, c identity.Conversation) (bool, error) {
	k, err := b.library.Book(ctx, t, id)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, wrap("contact.OpenTo", err)
	}
	return k.Removed == nil && k.openTo(c), nil
}

// Told gives those of some contacts that every member of a conversation may read, also from the trash.
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
			all[id] = TellAbout{s.Contact, s.deleted}
		case !fault.Is(err, fault.NotFound):
			return nil, err
		}
	}
	return all, b.keepOpen(ctx, t, c, all)
}

// keepOpen takes out what is in books that are not open to a conversation.
func (b *Books) keepOpen(ctx context.Context, t identity.Tenant, c identity.Conversation, all map[ID]TellAbout) error {
	open := map[BookID]bool{}
	for id, about := range all {
		book := about.Contact.Book
		if _, asked := open[book]; !asked {
			may, err := b.OpenTo(ctx, t, book, c)
			if err != nil {
				return err
			}
			open[book] = may
		}
		if !open[book] {
			delete(all, id)
		}
	}
	return nil
}
