package image

import (
	"context"
	"time"

	"teamspro/internal/identity"
)

// Back is what a conversation has again since the app came back to it.
type Back struct {
	Library bool // the folder that was chosen
	Pins    int
}

// Removed lets what a conversation chose and pinned wait, unseen, when the app is removed from it.
func (g *Gallery) Removed(ctx context.Context, t identity.Tenant, c identity.Conversation) error {
	return g.aside.SetAside(ctx, t, c, g.now().UTC())
}

// Returned brings it back when the app is added to the conversation again, and tells what came back.
func (g *Gallery) Returned(ctx context.Context, t identity.Tenant, c identity.Conversation) (Back, error) {
	return g.aside.BringBack(ctx, t, c)
}

// CountWaiting tells of how many conversations EraseWaiting would erase something, and erases nothing.
func (g *Gallery) CountWaiting(ctx context.Context, t identity.Tenant, before time.Time) (int, error) {
	return g.aside.CountAside(ctx, t, before)
}

// EraseWaiting erases what waits since before a time, and gives of how many conversations, also when it fails before all
// is gone. Files and what people said of them stay: they are not the conversation's.
func (g *Gallery) EraseWaiting(ctx context.Context, t identity.Tenant, before time.Time) (erased int, err error) {
	for {
		n, err := g.aside.EraseAside(ctx, t, before)
		erased += n
		if err != nil || n == 0 {
			return erased, err
		}
	}
}
