package main

import (
	"context"
	"errors"
	"time"

	"teamspro/bot"
	"teamspro/internal/configuration"
	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

// residence tells the settings and the outbox where the apps are.
type residence struct {
	shelf  configuration.Shelf // nil where conversations decide nothing
	outbox notice.Outbox       // nil where nothing is told
	now    func() time.Time
}

var _ bot.Places = (*residence)(nil)

// Came brings back what the conversation decided.
func (r *residence) Came(ctx context.Context, t identity.Tenant, c identity.Conversation, by identity.Person) error {
	if r.shelf == nil {
		return nil
	}
	return r.shelf.Return(ctx, t, c, by)
}

// Left drops what was still to be told there. What the conversation decided waits when the last app left it.
func (r *residence) Left(ctx context.Context, t identity.Tenant, p notice.Place, last bool, by identity.Person) error {
	var problems [2]error
	if last {
		p.Product = "" // whatever was to be said by any of them
	}
	if r.outbox != nil {
		problems[0] = r.outbox.DropPlace(ctx, t, p)
	}
	if r.shelf != nil && last {
		problems[1] = r.shelf.Remove(ctx, t, p.Conversation, by, r.now().UTC())
	}
	return errors.Join(problems[:]...)
}
