package contact

import (
	"context"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// Undone is what became of taking back a step.
type Undone struct {
	Back   int // changes taken back
	Stayed int // changes that stay, because somebody changed the contact since
}

// UndoStep takes back a step whole, as far as each contact is still as the step left it. It needs the right for the
// opposite acts. Taken back twice, it is taken back once: then nothing is Back.
func (b *Books) UndoStep(ctx context.Context, who identity.Caller, step ChangeID, d identity.Deed) (Undone, error) {
	return Undone{}, fault.New(fault.Internal, "contact.UndoStep", "")
}
