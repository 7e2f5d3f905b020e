package main

import (
	"cmp"
	"context"
	"strings"

	"teamspro/bot"
	"teamspro/internal/configuration"
	"teamspro/internal/contact"
	"teamspro/internal/identity"
)

// newConfigurations are the settings that people make in Teams.
func newConfigurations(s *settings, shelf configuration.Shelf, rosters ...*bot.Roster) *configuration.Configurations {
	var admins []identity.Person
	for _, a := range s.Admins {
		admins = append(admins, identity.Person(strings.ToLower(a)))
	}
	var everywhere roles
	for _, r := range rosters {
		if r != nil {
			everywhere = append(everywhere, r)
		}
	}
	return configuration.New(configuration.Config{Shelf: shelf, Roles: everywhere, Admins: admins, Now: s.clock.Now})
}

// roles asks each app for the role of a person: only an app that is in a conversation can tell it.
type roles []configuration.Roles

// Role is the strongest that any app tells. What failed counts only where no app tells any.
func (all roles) Role(ctx context.Context, t identity.Tenant, p identity.Person, c identity.Conversation, team string) (identity.Role, error) {
	var best identity.Role
	var failed error
	for _, one := range all {
		role, err := one.Role(ctx, t, p, c, team)
		best, failed = max(best, role), cmp.Or(failed, err)
	}
	if best != identity.None {
		return best, nil
	}
	return best, failed
}

// policy lets contact books follow what was decided.
type policy struct {
	*configuration.Configurations
}

var _ contact.Policy = policy{}

// NewMode is what the organisation decided, else everybody may change a new book.
func (p policy) NewMode(ctx context.Context, t identity.Tenant) (contact.Mode, error) {
	kept, err := p.Organisation(ctx, t)
	return cmp.Or(contact.Mode(kept.Settings.Mode), contact.Everybody), err
}
