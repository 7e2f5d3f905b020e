package configuration

import (
	"context"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// nowhere is a Shelf that keeps nothing, and Roles of nobody.
type nowhere struct{}

func (nowhere) Kept(context.Context, identity.Tenant, identity.Conversation) (here, tenant Kept, err error) {
	return Kept{}, Kept{}, nil
}

func (nowhere) All(context.Context, identity.Tenant) ([]Kept, error) { return nil, nil }

func (nowhere) Save(context.Context, identity.Tenant, Kept, string) error { return nil }

func (nowhere) Remove(context.Context, identity.Tenant, identity.Conversation, identity.Person, time.Time) error {
	return nil
}

func (nowhere) Return(context.Context, identity.Tenant, identity.Conversation, identity.Person) error {
	return nil
}

func (nowhere) Erase(context.Context, identity.Tenant, identity.Conversation, time.Time) error {
	return nil
}

func (nowhere) Role(context.Context, identity.Tenant, identity.Person, identity.Conversation, string) (identity.Role, error) {
	return identity.None, fault.New(fault.Denied, "configuration.nowhere", "")
}
