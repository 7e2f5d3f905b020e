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
}

// Places hears of apps that come to conversations and leave them: what a conversation decided for itself waits while no
// app is there, and what is still to be told where an app was is dropped. Both may be said more than once.
type Places interface {
	// Came says that an app is in a conversation.
	Came(ctx context.Context, t identity.Tenant, c identity.Conversation, by identity.Person) error
	// Left says that the app of a product is gone from a place; last, that no app of ours is there any more.
	Left(ctx context.Context, t identity.Tenant, p notice.Place, last bool, by identity.Person) error
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
