package main

import (
	"context"
	"errors"
	"testing"

	"teamspro/internal/configuration"
	"teamspro/internal/configuration/configurationtest"
	"teamspro/internal/contact"
	"teamspro/internal/identity"
)

// told is a configuration.Roles that always says the same.
type toldRole struct {
	role identity.Role
	err  error
}

func (r toldRole) Role(context.Context, identity.Tenant, identity.Person, identity.Conversation, string) (identity.Role, error) {
	return r.role, r.err
}

func TestRolesOfBothApps(t *testing.T) {
	t.Parallel()
	down := errors.New("the connector is down")
	for name, row := range map[string]struct {
		all  roles
		want identity.Role
		err  error
	}{
		"one is not there":          {roles{toldRole{}, toldRole{role: identity.Owner}}, identity.Owner, nil},
		"both say it":               {roles{toldRole{role: identity.Guest}, toldRole{role: identity.Guest}}, identity.Guest, nil},
		"one fails":                 {roles{toldRole{err: down}, toldRole{role: identity.Member}}, identity.Member, nil},
		"one fails, one knows none": {roles{toldRole{err: down}, toldRole{}}, identity.None, down},
		"no app":                    {nil, identity.None, nil},
	} {
		if role, err := row.all.Role(t.Context(), "t", "p", "c", ""); role != row.want || !errors.Is(err, row.err) {
			t.Errorf("%s: %v %v", name, role, err)
		}
	}
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	shelf := &configurationtest.Shelf{}
	p := policy{newConfigurations(&settings{Admins: []string{"5B0F7D1E-0000-4000-8000-0000000000A2"}}, shelf, nil)}
	admin := identity.Caller{Tenant: "t", Person: "5b0f7d1e-0000-4000-8000-0000000000a2"}
	for _, want := range []struct {
		decide string
		mode   contact.Mode
	}{{"", contact.Everybody}, {"owners", contact.OwnersOnly}, {"per_member", contact.PerMember}} {
		kept, err := p.Organisation(t.Context(), "t")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.SaveOrganisation(t.Context(), admin, configuration.Settings{Mode: want.decide, Guests: configuration.GuestsNone}, kept.Version, "dialog"); err != nil {
			t.Fatal(err)
		}
		if mode, err := p.NewMode(t.Context(), "t"); mode != want.mode || err != nil {
			t.Errorf("%q: %q %v", want.decide, mode, err)
		}
	}
	if read, err := p.GuestsRead(t.Context(), "t", "c"); read || err != nil {
		t.Errorf("guests read: %v %v", read, err)
	}
}
