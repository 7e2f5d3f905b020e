package configuration

import (
	"context"
	"time"

	"teamspro/internal/identity"
)

// Shelf keeps settings. Each call is one transaction; one that returned without error is on disk.
type Shelf interface {
	// Kept reads a conversation's settings and the organisation's; zero values where nothing was decided.
	Kept(ctx context.Context, t identity.Tenant, c identity.Conversation) (here, tenant Kept, err error)
	// All reads every conversation's settings, and the organisation's first.
	All(ctx context.Context, t identity.Tenant) ([]Kept, error)
	// Save writes settings, and an entry of the audit log with the surface; Stale when the version is not one more than the
	// stored one. Whether the apps were removed stays as it is. The zero Conversation is the organisation.
	Save(ctx context.Context, t identity.Tenant, k Kept, surface string) error
	// Remove notes that the last app was removed from a conversation, and Return that one was added again.
	Remove(ctx context.Context, t identity.Tenant, c identity.Conversation, by identity.Person, at time.Time) error
	Return(ctx context.Context, t identity.Tenant, c identity.Conversation, by identity.Person) error
	// Erase takes away the settings of a conversation whose last app was removed before a time, and enters that in the audit
	// log; Stale when one is there again, or was removed later.
	Erase(ctx context.Context, t identity.Tenant, c identity.Conversation, before time.Time) error
}

// Roles tells who is in a conversation; bot has it (Roster).
type Roles interface {
	// Role gives the person's role in the conversation; identity.None when they are not in it. It fails with fault.Busy when
	// that cannot be learned now. Team is the thread id of the team of a channel.
	Role(ctx context.Context, t identity.Tenant, p identity.Person, c identity.Conversation, team string) (identity.Role, error)
}
