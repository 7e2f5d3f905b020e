package storetest

import (
	"testing"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// runSignIn tests the ports of sign-in, where the store has them.
func runSignIn(t *testing.T, open func(t testing.TB) Ports) {
	for name, test := range map[string]func(*testing.T, Ports){
		"a sign-in is one person's for one app": testTokens,
		"a profile comes back and goes":         testProfiles,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if p := open(t); p.Tokens != nil && p.Profiles != nil {
				test(t, p)
			}
		})
	}
}

func testTokens(t *testing.T, p Ports) {
	ctx := t.Context()
	keep := func(tenant identity.Tenant, person identity.Person, app, sealed string) {
		t.Helper()
		if err := p.Tokens.Keep(ctx, tenant, person, app, []byte(sealed)); err != nil {
			t.Fatal(err)
		}
	}
	loaded := func(why string, tenant identity.Tenant, person identity.Person, app, wanted string) {
		t.Helper()
		sealed, err := p.Tokens.Load(ctx, tenant, person, app)
		want(t, why, string(sealed), err, wanted)
	}
	loaded("nothing yet", north, ines, app, "")
	keep(north, ines, app, "first")
	keep(north, ines, app, "second")
	keep(north, ines, "other", "of another app")
	loaded("the newest", north, ines, app, "second")
	loaded("another app", north, ines, "other", "of another app")
	loaded("another person", north, timur, app, "")
	loaded("another tenant", south, ines, app, "")
	for range 2 {
		if err := p.Tokens.Drop(ctx, north, ines, app); err != nil {
			t.Fatal(err)
		}
	}
	loaded("signed out", north, ines, app, "")
	loaded("of the other app still signed in", north, ines, "other", "of another app")
	wantKind(t, "an id that is none", p.Tokens.Keep(ctx, north, "a\x00b", app, nil), fault.Invalid)
}

func testProfiles(t *testing.T, p Ports) {
	ctx := t.Context()
	_, err := p.Profiles.Profile(ctx, north, ines)
	wantKind(t, "nothing yet", err, fault.NotFound)
	whole := identity.Profile{Person: ines, Name: "Inês Prata", Mail: "ines@contoso.example", UPN: "ines@contoso.example", JobTitle: "Engineer",
		Department: "Sales", Office: "Lisbon", Phone: "+351 55 501 00 01", Read: at(3)}
	if err := p.Profiles.KeepProfile(ctx, north, whole); err != nil {
		t.Fatal(err)
	}
	got, err := p.Profiles.Profile(ctx, north, ines)
	want(t, "kept", got, err, whole)
	_, err = p.Profiles.Profile(ctx, south, ines)
	wantKind(t, "another tenant", err, fault.NotFound)
	for range 2 {
		if err := p.Profiles.DropProfile(ctx, north, ines); err != nil {
			t.Fatal(err)
		}
	}
	_, err = p.Profiles.Profile(ctx, north, ines)
	wantKind(t, "dropped", err, fault.NotFound)
	wantKind(t, "an id that is none", p.Profiles.KeepProfile(ctx, north, identity.Profile{}), fault.Invalid)
}
