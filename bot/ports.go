package bot

import (
	"context"
	"time"

	"teamspro/internal/auth"
	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

// Verifier tells who sent a request; internal/auth has it.
type Verifier interface {
	Verify(ctx context.Context, header string) (auth.Claims, error)
}

// Conversations keeps where the apps are installed and how to reach those places.
type Conversations interface {
	References
	// Remember notes a place; cheap when nothing is new.
	Remember(ctx context.Context, t identity.Tenant, r identity.Reference) error
	Forget(ctx context.Context, t identity.Tenant, c identity.Conversation, app string) error
	// All are the places of a tenant in which an app is, in no order.
	All(ctx context.Context, t identity.Tenant, app string) ([]identity.Reference, error)
}

// Unsaid is what is still to be told; the store's outbox has it.
type Unsaid interface {
	// DropPlace drops everything that waits for a place; of every product when that is empty.
	DropPlace(ctx context.Context, t identity.Tenant, p notice.Place) error
}

// Turns remembers over a restart which messages were answered and which answers are still owed. It holds no text.
type Turns interface {
	Answered(ctx context.Context, key string) (bool, error)
	MarkAnswered(ctx context.Context, key string) error
	Owe(ctx context.Context, o identity.Owed) error
	// Settle marks the key answered and drops what was owed for it, in one transaction.
	Settle(ctx context.Context, key string) error
	Owing(ctx context.Context) ([]identity.Owed, error)
}

// Metrics counts what happens; internal/ops has it. No label ever holds what people wrote.
type Metrics interface {
	Turn(app, route, kind string, took time.Duration)
	Unknown(name string)
	Refused(reason string)
	Waiting(n int)
}
