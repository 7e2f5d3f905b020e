package storetest

import (
	"errors"
	"testing"

	"teamspro/internal/configuration"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

// RunConfigurations tests that settings keep the contract. open gives an empty shelf for each test.
func RunConfigurations(t *testing.T, open func(t testing.TB) configuration.Shelf) {
	for name, test := range map[string]func(*testing.T, configuration.Shelf){
		"everything of settings comes back":         testSettings,
		"settings are versioned":                    testSettingsStale,
		"all settings come, the organisation first": testAllSettings,
		"settings wait while no app is there":       testRemovedSettings,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func settingsOf(c identity.Conversation, version int) configuration.Kept {
	return configuration.Kept{Conversation: c, Team: "19:team@thread.example", Version: version, By: ines, At: at(version),
		Settings: configuration.Settings{Language: "fr", Zone: "Europe/Paris", Guests: configuration.GuestsRead, Mode: "owners",
			Wishes: &notice.Wishes{Kinds: []notice.Kind{notice.ContactAdded, notice.ImageNew}, Daily: true, At: 510, Workdays: true, Quiet: notice.Quiet{From: 1200, To: 420}}}}
}

func testSettings(t *testing.T, s configuration.Shelf) {
	ctx := t.Context()
	here, tenant, err := s.Kept(ctx, north, sales)
	want(t, "nothing here", here, err, configuration.Kept{})
	want(t, "nothing for the organisation", tenant, nil, configuration.Kept{})
	none := configuration.Kept{Version: 1, By: timur, At: at(1), Settings: configuration.Settings{Wishes: &notice.Wishes{}}}
	want(t, "saved", 0, errors.Join(s.Save(ctx, north, settingsOf(sales, 1), "dialog"), s.Save(ctx, north, none, "command")), 0)
	here, tenant, err = s.Kept(ctx, north, sales)
	want(t, "here", here, err, settingsOf(sales, 1))
	want(t, "the organisation's", tenant, nil, none)
	here, tenant, err = s.Kept(ctx, south, sales)
	want(t, "in another tenant", []configuration.Kept{here, tenant}, err, []configuration.Kept{{}, {}})
}

func testSettingsStale(t *testing.T, s configuration.Shelf) {
	ctx := t.Context()
	wantKind(t, "a version to come", s.Save(ctx, north, settingsOf(sales, 2), "dialog"), fault.Stale)
	want(t, "saved", 0, errors.Join(s.Save(ctx, north, settingsOf(sales, 1), "dialog"), s.Save(ctx, north, settingsOf(sales, 2), "dialog")), 0)
	for _, version := range []int{0, 1, 2, 4} {
		late := settingsOf(sales, version)
		late.Settings.Language = "en"
		wantKind(t, "an old version", s.Save(ctx, north, late, "dialog"), fault.Stale)
	}
	here, _, err := s.Kept(ctx, north, sales)
	want(t, "as it was saved", here, err, settingsOf(sales, 2))
}

func testAllSettings(t *testing.T, s configuration.Shelf) {
	ctx := t.Context()
	all, err := s.All(ctx, north)
	want(t, "none", all, err, nil)
	err = errors.Join(s.Save(ctx, north, settingsOf(sales, 1), "dialog"), s.Save(ctx, north, settingsOf(lab, 1), "dialog"), s.Save(ctx, north, settingsOf("", 1), "dialog"),
		s.Save(ctx, south, settingsOf(support, 1), "dialog"))
	want(t, "saved", 0, err, 0)
	all, err = s.All(ctx, north)
	want(t, "all", all, err, []configuration.Kept{settingsOf("", 1), settingsOf(lab, 1), settingsOf(sales, 1)})
}

func testRemovedSettings(t *testing.T, s configuration.Shelf) {
	ctx := t.Context()
	want(t, "where nobody decided", 0, errors.Join(s.Remove(ctx, north, sales, ines, at(5)), s.Return(ctx, north, sales, ines)), 0)
	here, _, err := s.Kept(ctx, north, sales)
	want(t, "nothing", here, err, configuration.Kept{})
	want(t, "removed", 0, errors.Join(s.Save(ctx, north, settingsOf(sales, 1), "dialog"), s.Remove(ctx, north, sales, ines, at(5))), 0)
	waits := settingsOf(sales, 1)
	waits.Removed = at(5)
	here, _, err = s.Kept(ctx, north, sales)
	want(t, "while no app is there", here, err, waits)
	want(t, "returned", 0, errors.Join(s.Return(ctx, north, sales, timur), s.Return(ctx, north, sales, timur)), 0)
	here, _, err = s.Kept(ctx, north, sales)
	want(t, "as before", here, err, settingsOf(sales, 1))
}
