package contact

import (
	"context"
	"slices"

	"teamspro/internal/identity"
)

// usual is the Policy where nobody decides anything.
type usual struct{}

func (usual) NewMode(context.Context, identity.Tenant) (Mode, error) { return Everybody, nil }

func (usual) GuestsRead(context.Context, identity.Tenant, identity.Conversation) (bool, error) {
	return true, nil
}

// guests is what the Policy said of the guests of conversations.
type guests map[identity.Conversation]bool

// guestsRead asks the Policy, once for an answer.
func (b *Books) guestsRead(ctx context.Context, t identity.Tenant, c identity.Conversation, said guests) (bool, error) {
	read, known := said[c]
	if known {
		return read, nil
	}
	read, err := b.policy.GuestsRead(ctx, t, c)
	if err == nil {
		said[c] = read
	}
	return read, err
}

// onlyAsGuest gives the conversations by which a book is open to somebody who is a guest in each of them; none for who is a
// member in one. Whose role a roster did not say may be a guest.
func (k Book) onlyAsGuest(known roles, unsaid []identity.Conversation) []identity.Conversation {
	if k.Kind != ConversationBook {
		return nil
	}
	ways := []identity.Conversation{k.Home}
	for _, s := range k.Shares {
		ways = append(ways, s.With)
	}
	surely := func(c identity.Conversation) bool {
		return known[c] >= identity.Member && !slices.Contains(unsaid, c)
	}
	if slices.ContainsFunc(ways, surely) {
		return nil
	}
	return slices.DeleteFunc(ways, func(c identity.Conversation) bool { return known[c] == identity.None })
}

// welcomes tells whether a book may be read by way of one of the conversations by guests; without any, guests are not meant.
// Where a book is shared, the conversation that it belongs to has a say as well as the one that it is shared with.
func (b *Books) welcomes(ctx context.Context, t identity.Tenant, k Book, ways []identity.Conversation, said guests) (bool, error) {
	if len(ways) == 0 {
		return true, nil
	}
	if read, err := b.guestsRead(ctx, t, k.Home, said); err != nil || !read {
		return false, err
	}
	for _, c := range ways {
		if read, err := b.guestsRead(ctx, t, c, said); err != nil || read {
			return read, err
		}
	}
	return false, nil
}

// stands tells whether the Policy still says what it said.
func (b *Books) stands(ctx context.Context, t identity.Tenant, said guests) bool {
	for c, before := range said {
		if now, err := b.policy.GuestsRead(ctx, t, c); err != nil || now != before {
			return false
		}
	}
	return true
}
