package contacttest

import (
	"context"
	"sync"

	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// Roster is a contact.Roster that tests set. Its zero value knows nobody.
type Roster struct {
	mu    sync.Mutex
	roles map[seat]identity.Role
	down  map[identity.Conversation]bool
	calls map[identity.Conversation]int
}

var _ contact.Roster = (*Roster)(nil)

type seat struct {
	tenant       identity.Tenant
	person       identity.Person
	conversation identity.Conversation
}

// Set gives a person a role in a conversation; identity.None takes them out of it.
func (r *Roster) Set(t identity.Tenant, p identity.Person, c identity.Conversation, role identity.Role) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.roles == nil {
		r.roles = map[seat]identity.Role{}
	}
	r.roles[seat{t, p, c}] = role
}

// Down says whether the roster of a conversation can be read.
func (r *Roster) Down(c identity.Conversation, down bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.down == nil {
		r.down = map[identity.Conversation]bool{}
	}
	r.down[c] = down
}

// Calls tells how often the roster of a conversation was asked.
func (r *Roster) Calls(c identity.Conversation) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.calls[c]
}

// Role implements contact.Roster.
func (r *Roster) Role(ctx context.Context, t identity.Tenant, p identity.Person, c identity.Conversation, _ string) (identity.Role, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.calls == nil {
		r.calls = map[identity.Conversation]int{}
	}
	r.calls[c]++
	if err := ctx.Err(); err != nil {
		return identity.None, fault.Wrap(fault.Busy, "contacttest.Role", err)
	}
	if r.down[c] {
		return identity.None, fault.New(fault.Busy, "contacttest.Role", "")
	}
	return r.roles[seat{t, p, c}], nil
}
