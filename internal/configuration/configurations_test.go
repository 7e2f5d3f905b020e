package configuration_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/configuration"
	"teamspro/internal/configuration/configurationtest"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/lang"
	"teamspro/internal/notice"
)

const (
	contoso = identity.Tenant("contoso")
	harbour = identity.Conversation("19:harbour@thread.tacv2") // a channel
	trip    = identity.Conversation("19:trip@thread.v2")       // a group chat
	own     = identity.Conversation("a:own")                   // a personal chat
	ana     = identity.Person("ana")                           // an administrator
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// rolls are the roles of everybody, by person and conversation.
type rolls map[string]identity.Role

func (r rolls) Role(_ context.Context, _ identity.Tenant, p identity.Person, c identity.Conversation, _ string) (identity.Role, error) {
	if p == "lost" {
		return identity.None, fault.Wrap(fault.Busy, "test", nil)
	}
	return r[string(p)+" "+string(c)], nil
}

func newWorld() (*configuration.Configurations, *configurationtest.Shelf) {
	shelf := &configurationtest.Shelf{}
	roles := rolls{"olga " + string(harbour): identity.Owner, "mia " + string(harbour): identity.Member, "gil " + string(harbour): identity.Guest,
		"mia " + string(trip): identity.Member, "gil " + string(trip): identity.Guest, "gil " + string(own): identity.Guest, "mia " + string(own): identity.Member}
	return configuration.New(configuration.Config{Shelf: shelf, Roles: roles, Admins: []identity.Person{ana}, Now: func() time.Time { return noon }}), shelf
}

func in(p identity.Person, c identity.Conversation) identity.Caller {
	who := identity.Caller{Tenant: contoso, Person: p, Conversation: c, Place: identity.GroupChat}
	switch c {
	case harbour:
		who.Place, who.Team = identity.Channel, "19:team@thread.tacv2"
	case own:
		who.Place = identity.Personal
	}
	return who
}

func told(t *testing.T, err error, kind fault.Kind, text string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != kind || f.Text != text {
		t.Fatalf("got %v, want %s %s", err, kind, text)
	}
	for _, l := range lang.Languages {
		if s := lang.For(l).Text(f.Text); s == f.Text {
			t.Errorf("no sentence %q in %s", f.Text, l)
		}
	}
}

func TestWhoMayChange(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		person identity.Person
		at     identity.Conversation
		kind   fault.Kind
		text   string
	}{
		{"olga", harbour, "", ""},
		{"mia", harbour, fault.Denied, "settings.denied.channel"},
		{"gil", harbour, fault.Denied, "settings.denied.channel"},
		{ana, harbour, fault.Denied, "settings.denied.channel"}, // to administer is not to own
		{"mia", trip, "", ""},
		{"gil", trip, fault.Denied, "settings.denied.chat"},
		{"olga", trip, fault.Denied, "settings.denied.chat"},
		{"mia", own, "", ""},
		{"gil", own, "", ""}, // it is their own chat
		{"olga", own, fault.Denied, "settings.denied.chat"},
		{"", trip, fault.Denied, "trouble.anonymous"},
		{"lost", harbour, fault.Busy, ""},
	} {
		c, shelf := newWorld()
		err := c.MayChange(t.Context(), in(row.person, row.at))
		if fault.KindOf(err) != row.kind {
			t.Errorf("%s in %s: %v", row.person, row.at, err)
		}
		if row.text != "" {
			told(t, err, row.kind, row.text)
		}
		_, saved := c.Save(t.Context(), in(row.person, row.at), configuration.Settings{Language: "fr"}, 0, "dialog")
		if fault.KindOf(saved) != row.kind || (len(shelf.Surfaces) == 1) != (row.kind == "") {
			t.Errorf("%s in %s saves: %v, %d records", row.person, row.at, saved, len(shelf.Surfaces))
		}
	}
}

func TestOrganisation(t *testing.T) {
	t.Parallel()
	c, _ := newWorld()
	_, err := c.SaveOrganisation(t.Context(), in("olga", harbour), configuration.Settings{Language: "fr"}, 0, "dialog")
	told(t, err, fault.Denied, "settings.denied.organisation")
	nobody := configuration.New(configuration.Config{Shelf: &configurationtest.Shelf{}, Roles: rolls{}})
	if nobody.MayAdminister(identity.Caller{Tenant: contoso}) || nobody.MayAdminister(in(ana, own)) {
		t.Error("without administrators somebody is one")
	}
	want, err := c.SaveOrganisation(t.Context(), in(ana, own), configuration.Settings{Mode: "owners", Zone: "Europe/Paris"}, 0, "dialog")
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Organisation(t.Context(), contoso)
	if diff := cmp.Diff(want, got); diff != "" || err != nil || got.Version != 1 || got.By != ana || !got.At.Equal(noon) {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	other, err := c.Organisation(t.Context(), "fabrikam")
	if diff := cmp.Diff(configuration.Kept{}, other); diff != "" || err != nil {
		t.Errorf("another tenant: %v %s", err, diff)
	}
}

// Each value comes from the conversation, else from the organisation, else it is the usual one.
func TestEffective(t *testing.T) {
	t.Parallel()
	daily := &notice.Wishes{Kinds: []notice.Kind{notice.ImageSaved}, Daily: true, At: 480}
	none := &notice.Wishes{}
	type settings = configuration.Settings
	type effective = configuration.Effective
	for name, row := range map[string]struct {
		here, tenant *settings
		want         effective
	}{
		"nobody decided": {nil, nil, effective{Zone: "UTC", Guests: "read", LanguageSource: "usual", ZoneSource: "usual", GuestsSource: "usual", WishesSource: "usual"}},
		"the organisation": {&settings{}, &settings{Language: "fr", Zone: "Europe/Paris", Guests: "none", Wishes: daily},
			effective{Language: "fr", Zone: "Europe/Paris", Guests: "none", Wishes: *daily, LanguageSource: "tenant", ZoneSource: "tenant", GuestsSource: "tenant", WishesSource: "tenant"}},
		"nothing is kept here": {nil, &settings{Language: "fr", Wishes: daily},
			effective{Language: "fr", Zone: "UTC", Guests: "read", LanguageSource: "tenant", ZoneSource: "usual", GuestsSource: "usual", WishesSource: "usual"}},
		"here": {&settings{Language: "en", Zone: "Asia/Tokyo", Guests: "read", Wishes: none}, &settings{Language: "fr", Zone: "Europe/Paris", Guests: "none", Wishes: daily},
			effective{Language: "en", Zone: "Asia/Tokyo", Guests: "read", LanguageSource: "here", ZoneSource: "here", GuestsSource: "here", WishesSource: "here"}},
		"one of them": {&settings{Zone: "Asia/Tokyo"}, &settings{Guests: "none"},
			effective{Zone: "Asia/Tokyo", Guests: "none", LanguageSource: "usual", ZoneSource: "here", GuestsSource: "tenant", WishesSource: "usual"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := newWorld()
			if row.tenant != nil {
				if _, err := c.SaveOrganisation(t.Context(), in(ana, own), *row.tenant, 0, "dialog"); err != nil {
					t.Fatal(err)
				}
			}
			if row.here != nil {
				kept, err := c.Save(t.Context(), in("olga", harbour), *row.here, 0, "dialog")
				if err != nil {
					t.Fatal(err)
				}
				row.want.Kept = kept
			}
			got, err := c.Effective(t.Context(), contoso, harbour)
			if diff := cmp.Diff(row.want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
			read, err := c.GuestsRead(t.Context(), contoso, harbour)
			if read != (row.want.Guests == "read") || err != nil {
				t.Errorf("guests read: %v %v", read, err)
			}
		})
	}
}

func TestEveryValueIsChecked(t *testing.T) {
	t.Parallel()
	wishes := func(w notice.Wishes) configuration.Settings { return configuration.Settings{Wishes: &w} }
	for _, row := range []struct {
		settings configuration.Settings
		text     string // empty: taken
	}{
		{configuration.Settings{}, ""},
		{configuration.Settings{Language: "fr", Zone: "America/Argentina/Buenos_Aires", Guests: "none"}, ""},
		{configuration.Settings{Zone: "Etc/GMT+5"}, ""},
		{configuration.Settings{Language: "de"}, "settings.bad.language"},
		{configuration.Settings{Language: "FR"}, "settings.bad.language"},
		{configuration.Settings{Zone: "Local"}, "settings.bad.zone"},
		{configuration.Settings{Zone: "Europe/Atlantis"}, "settings.bad.zone"},
		{configuration.Settings{Zone: "../../etc/passwd"}, "settings.bad.zone"},
		{configuration.Settings{Zone: "/etc/localtime"}, "settings.bad.zone"},
		{configuration.Settings{Zone: "Europe/Paris\x00"}, "settings.bad.zone"},
		{configuration.Settings{Zone: "Europe/" + strings.Repeat("x", 100)}, "settings.bad.zone"},
		{configuration.Settings{Guests: "write"}, "settings.bad.guests"},
		{configuration.Settings{Mode: "owners"}, "settings.bad.mode"}, // is the organisation's to decide
		{wishes(notice.Wishes{Kinds: notice.Kinds(), Daily: true, At: 1439, Quiet: notice.Quiet{From: 1200, To: 420}}), ""},
		{wishes(notice.Wishes{Kinds: []notice.Kind{"contact-sneezed"}}), "settings.bad.kinds"},
		{wishes(notice.Wishes{At: 1440}), "settings.bad.time"},
		{wishes(notice.Wishes{At: -1}), "settings.bad.time"},
		{wishes(notice.Wishes{Quiet: notice.Quiet{From: 1440}}), "settings.bad.time"},
		{wishes(notice.Wishes{Quiet: notice.Quiet{To: -1}}), "settings.bad.time"},
	} {
		c, shelf := newWorld()
		_, err := c.Save(t.Context(), in("mia", trip), row.settings, 0, "dialog")
		switch {
		case row.text != "":
			told(t, err, fault.Invalid, row.text)
			if len(shelf.Surfaces) > 0 {
				t.Errorf("%+v was saved", row.settings)
			}
		case err != nil:
			t.Errorf("%+v: %v", row.settings, err)
		}
	}
	c, _ := newWorld()
	for mode, ok := range map[string]bool{"": true, "everybody": true, "owners": true, "per_member": true, "nobody": false} {
		kept, err := c.Organisation(t.Context(), contoso)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.SaveOrganisation(t.Context(), in(ana, own), configuration.Settings{Mode: mode}, kept.Version, "dialog"); (err == nil) != ok {
			t.Errorf("mode %q: %v", mode, err)
		}
	}
}

// The languages that can be chosen are those that are spoken.
func TestLanguages(t *testing.T) {
	t.Parallel()
	for _, l := range lang.Languages {
		c, _ := newWorld()
		if _, err := c.Save(t.Context(), in("mia", trip), configuration.Settings{Language: l}, 0, "dialog"); err != nil {
			t.Errorf("%s: %v", l, err)
		}
	}
}

// Kinds are kept once, in their usual order, and what was given is left alone.
func TestKindsInOrder(t *testing.T) {
	t.Parallel()
	c, _ := newWorld()
	given := []notice.Kind{notice.ImageSaved, notice.ContactAdded, notice.ImageSaved}
	kept, err := c.Save(t.Context(), in("mia", trip), configuration.Settings{Wishes: &notice.Wishes{Kinds: given}}, 0, "dialog")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]notice.Kind{notice.ContactAdded, notice.ImageSaved}, kept.Settings.Wishes.Kinds); diff != "" || given[0] != notice.ImageSaved {
		t.Error(diff)
	}
}

// Who saw older settings is told so; a second attempt with the new version saves over them.
func TestStale(t *testing.T) {
	t.Parallel()
	c, _ := newWorld()
	if _, err := c.Save(t.Context(), in("mia", trip), configuration.Settings{Language: "fr"}, 0, "dialog"); err != nil {
		t.Fatal(err)
	}
	for _, version := range []int{0, 2, -1} {
		_, err := c.Save(t.Context(), in("mia", trip), configuration.Settings{Language: "en"}, version, "dialog")
		told(t, err, fault.Stale, "settings.stale")
	}
	e, err := c.Effective(t.Context(), contoso, trip)
	if err != nil || e.Language != "fr" {
		t.Fatalf("%+v %v", e, err)
	}
	if _, err := c.Save(t.Context(), in("mia", trip), configuration.Settings{Language: "en"}, e.Kept.Version, "dialog"); err != nil {
		t.Error(err)
	}
}

// The conversations that are told of something: those that wish to be, and those of which something is kept and that
// follow the organisation.
func TestSubscriptions(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c, shelf := newWorld()
	wishes := notice.Wishes{Kinds: []notice.Kind{notice.ContactAdded}, Daily: true, At: 480}
	none := func() {
		t.Helper()
		if all, err := c.Subscriptions(ctx, contoso); len(all) != 0 || err != nil {
			t.Fatalf("%v %v", all, err)
		}
	}
	none()
	if _, err := c.SaveOrganisation(ctx, in(ana, own), configuration.Settings{Wishes: &wishes, Zone: "Europe/Paris"}, 0, "dialog"); err != nil {
		t.Fatal(err)
	}
	none() // nothing is kept of any conversation
	for _, who := range []identity.Caller{in("olga", harbour), in("olga", harbour), in("mia", own)} {
		if err := c.Returned(ctx, who); err != nil {
			t.Fatal(err)
		}
	}
	want := []notice.Subscription{{Conversation: harbour, Team: "19:team@thread.tacv2", Wishes: wishes, Zone: "Europe/Paris", By: "olga"}}
	got, err := c.Subscriptions(ctx, contoso)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if diff := cmp.Diff([]string{"dialog", "service"}, shelf.Surfaces); diff != "" {
		t.Error(diff)
	}
	one, err := c.Subscription(ctx, contoso, harbour)
	if diff := cmp.Diff(want[0], one); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if err := c.Removed(ctx, contoso, harbour, "olga"); err != nil {
		t.Fatal(err)
	}
	none()
	if _, err := c.Save(ctx, in("olga", harbour), configuration.Settings{}, 1, "dialog"); err != nil {
		t.Fatal(err)
	}
	none() // to decide something does not bring the app back
	if one, err := c.Subscription(ctx, contoso, harbour); len(one.Wishes.Kinds) > 0 || err != nil {
		t.Errorf("where the app is not: %v %v", one, err)
	}
	if err := c.Returned(ctx, in("olga", harbour)); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Subscriptions(ctx, contoso); len(got) != 1 || err != nil {
		t.Errorf("after it returned: %v %v", got, err)
	}
	if _, err := c.Save(ctx, in("olga", harbour), configuration.Settings{Wishes: &notice.Wishes{}}, 2, "dialog"); err != nil {
		t.Fatal(err)
	}
	none() // the conversation wants none, whatever the organisation wishes
}

// In a personal chat nobody hears what they did not ask for.
func TestPersonalWishes(t *testing.T) {
	t.Parallel()
	c, _ := newWorld()
	if _, err := c.SaveOrganisation(t.Context(), in(ana, own), configuration.Settings{Wishes: &notice.Wishes{Kinds: notice.Kinds()}}, 0, "dialog"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Save(t.Context(), in("mia", own), configuration.Settings{Zone: "Europe/Paris"}, 0, "dialog"); err != nil {
		t.Fatal(err)
	}
	if s, err := c.Subscription(t.Context(), contoso, own); len(s.Wishes.Kinds) > 0 || err != nil {
		t.Errorf("%+v %v", s, err)
	}
}

func TestShelfThatFails(t *testing.T) {
	t.Parallel()
	c, shelf := newWorld()
	shelf.Err = fault.Wrap(fault.Busy, "disk", nil)
	for name, call := range map[string]func() error{
		"effective":    func() error { _, err := c.Effective(t.Context(), contoso, trip); return err },
		"organisation": func() error { _, err := c.Organisation(t.Context(), contoso); return err },
		"save": func() error {
			_, err := c.Save(t.Context(), in("mia", trip), configuration.Settings{}, 0, "dialog")
			return err
		},
		"removed":       func() error { return c.Removed(t.Context(), contoso, trip, "mia") },
		"returned":      func() error { return c.Returned(t.Context(), in("mia", trip)) },
		"subscriptions": func() error { _, err := c.Subscriptions(t.Context(), contoso); return err },
		"subscription":  func() error { _, err := c.Subscription(t.Context(), contoso, trip); return err },
		"guests": func() error {
			read, err := c.GuestsRead(t.Context(), contoso, trip)
			if read {
				t.Error("guests read while nobody knows")
			}
			return err
		},
	} {
		if err := call(); !fault.Is(err, fault.Busy) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
