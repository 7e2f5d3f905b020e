package bot

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"teamspro/cards"
	"teamspro/internal/configuration"
	"teamspro/internal/configuration/configurationtest"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/lang"
	"teamspro/internal/notice"
)

// What the form says becomes settings; what is in the way stands beside its input; what was not asked stays.
func TestReadSettings(t *testing.T) {
	t.Parallel()
	before := configuration.Settings{Language: "fr", Zone: "Europe/Paris", Guests: "none", Wishes: &notice.Wishes{Kinds: []notice.Kind{notice.ImageSaved}}}
	type m = map[string]string
	for name, row := range map[string]struct {
		form     m
		want     configuration.Settings
		problems []string // inputs
	}{
		"nothing was asked": {m{}, before, nil},
		"left open":         {m{"language": "usual", "zone": "usual", "guests": "usual", "when": "usual"}, configuration.Settings{}, nil},
		"nothing is told":   {m{"when": "never", "kinds": "image-saved"}, configuration.Settings{Language: "fr", Zone: "Europe/Paris", Guests: "none", Wishes: &notice.Wishes{}}, nil},
		"once a day": {m{"language": "en", "zone": "Asia/Tokyo", "guests": "read", "when": "daily", "kinds": "contact-added, image-new", "at": "07:45", "workdays": "true", "quietfrom": "22:00", "quietto": "06:30"},
			configuration.Settings{Language: "en", Zone: "Asia/Tokyo", Guests: "read", Wishes: &notice.Wishes{Kinds: []notice.Kind{notice.ContactAdded, notice.ImageNew}, Daily: true, At: 465, Workdays: true, Quiet: notice.Quiet{From: 1320, To: 390}}}, nil},
		"at once, whatever the day": {m{"when": "once", "kinds": "image-new", "workdays": "true", "at": "07:45"},
			configuration.Settings{Language: "fr", Zone: "Europe/Paris", Guests: "none", Wishes: &notice.Wishes{Kinds: []notice.Kind{notice.ImageNew}, At: 465}}, nil},
		"no zone":        {m{"zone": "../etc/passwd"}, configuration.Settings{}, []string{"zone"}},
		"no kinds":       {m{"when": "once"}, configuration.Settings{}, []string{"kinds"}},
		"unknown kinds":  {m{"when": "once", "kinds": "contact-added,all"}, configuration.Settings{}, []string{"kinds"}},
		"unknown when":   {m{"when": "hourly"}, configuration.Settings{}, []string{"when"}},
		"no time":        {m{"when": "daily", "kinds": "image-new", "at": "25:00"}, configuration.Settings{}, []string{"at"}},
		"half quiet":     {m{"when": "once", "kinds": "image-new", "quietto": "06:00"}, configuration.Settings{}, []string{"quietto"}},
		"senseless ends": {m{"when": "once", "kinds": "image-new", "quietfrom": "late", "quietto": "06:00"}, configuration.Settings{}, []string{"quietfrom"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			turn := &Turn{Lang: lang.For("en")}
			got, problems := readSettings(turn, Form{row.form}, decision{kept: configuration.Kept{Settings: before}})
			for _, id := range row.problems {
				if problems[id] == "" || strings.HasPrefix(problems[id], "settings.") {
					t.Errorf("beside %s stands %q", id, problems[id])
				}
			}
			if len(problems) != len(row.problems) {
				t.Errorf("problems are %v", problems)
			}
			if diff := cmp.Diff(row.want, got); len(row.problems) == 0 && diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
		})
	}
}

// deciding gives the hall settings that are kept in memory; Ana decides for the organisation.
func (h *hall) deciding() (*hall, *configurationtest.Shelf) {
	h.merge()
	shelf := &configurationtest.Shelf{}
	c := h.bot.Config
	c.Configurations = configuration.New(configuration.Config{Shelf: shelf, Roles: c.Image.Roster, Admins: []identity.Person{h.caller().Person},
		Now: func() time.Time { return time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC) }})
	c.Log = slog.New(slog.DiscardHandler)
	h.bot = New(c)
	return h, shelf
}

// The answers to config/fetch and config/submit hold the dialog by itself, without the "task" of other dialogs.
func TestConfigureOnTheWire(t *testing.T) {
	t.Parallel()
	dialog := Dialog{Title: "Settings", Card: cards.SettingsChange(lang.For("en"), cards.ChangeForm{Verb: cards.ChangeSettings}), Size: "large"}
	for _, row := range []struct {
		name    string
		outcome Outcome
		want    string
	}{
		{invokeConfigure, Outcome{Dialog: &dialog}, `{"responseType":"config","config":{"type":"continue","value":{"title":"Settings","width":"large","height":"large","card":{"contentType":"application/vnd.microsoft.card.adaptive","content":{"type":"AdaptiveCard"`},
		{invokeConfigured, Outcome{Message: "Done."}, `{"responseType":"config","config":{"type":"message","value":"Done."}}`},
		{invokeConfigured, Outcome{}, `{"responseType":"config","config":{"type":"message","value":"The settings are saved."}}`},
		{invokeSubmit, Outcome{Message: "Done."}, `{"task":{"type":"message","value":"Done."}}`},
	} {
		turn := &Turn{Lang: lang.For("en"), activity: &Activity{Name: row.name}}
		raw, err := json.Marshal(turn.taskOutcome(row.outcome).Body)
		if err != nil || !strings.HasPrefix(string(raw), row.want) {
			t.Errorf("%s: %.300s %v", row.name, raw, err)
		}
	}
	if a := (&Turn{Lang: lang.For("en"), activity: &Activity{Name: invokeSubmit}}).taskOutcome(Outcome{}); a.Body != nil {
		t.Errorf("an ordinary dialog that closes answers %v", a.Body)
	}
}

// The zone of whoever opens the dialog is offered where nobody decided, and only if it is one.
func TestOwnZoneIsOffered(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		activity Activity
		kept     string
		open     configuration.Source
		want     string
	}{
		{Activity{LocalTimezone: "Asia/Kathmandu"}, "", configuration.Usual, "Asia/Kathmandu"},
		{Activity{Entities: []Entity{{Type: "clientInfo", Timezone: "Europe/Zurich"}}}, "", configuration.Usual, "Europe/Zurich"},
		{Activity{LocalTimezone: "../x"}, "", configuration.Usual, "usual"},
		{Activity{LocalTimezone: "Asia/Kathmandu"}, "", configuration.Tenant, "usual"},
		{Activity{LocalTimezone: "Asia/Kathmandu"}, "Europe/Paris", configuration.Usual, "Europe/Paris"},
	} {
		turn := &Turn{Lang: lang.For("en"), activity: &row.activity}
		d := decision{kept: configuration.Kept{Settings: configuration.Settings{Zone: row.kept}}, open: configuration.Effective{ZoneSource: row.open}}
		if got := new(Bot).formValues(turn, d)[cards.InputZone]; got != row.want {
			t.Errorf("%+v: %q", row, got)
		}
	}
	offered := zoneChoices("Pacific/Apia", "Europe/Atlantis", "Europe/Paris")
	has := func(value string) bool {
		for _, c := range offered {
			if c.Value == value {
				return true
			}
		}
		return false
	}
	if !has("Pacific/Apia") || has("Europe/Atlantis") || len(offered) != len(commonZones)+1 {
		t.Errorf("%d zones are offered", len(offered))
	}
	for _, zone := range commonZones {
		if !configuration.IsZone(zone) {
			t.Errorf("%s is no zone here", zone)
		}
	}
}

// Somebody decides for their own chat; a form with a version that was never theirs, and one for the organisation from
// somebody who is no administrator, change nothing.
func TestFormsAreClaims(t *testing.T) {
	t.Parallel()
	h, shelf := newHall(t).deciding()
	h.say("settings").see("Time zone", "Nothing (usual)", "Organisation")
	h.open("Change").see("Only you see what you choose here.").missing("Guests of this conversation")
	h.submit("when", "once", "kinds", "image-saved").see("The settings are saved.")
	h.say("settings").see("Pictures that were saved", "At once")
	if diff := cmp.Diff([]string{"dialog"}, shelf.Surfaces); diff != "" {
		t.Error(diff)
	}
	form := func(version string) map[string]any {
		return map[string]any{"verb": cards.ChangeSettings, "version": version, "when": "never", "book": "b1 1", "mode": "everybody"}
	}
	h.dialog("task/submit", form("9")).see("Somebody else changed these settings meanwhile.")
	h.dialog("task/submit", form("x")).see("older card")
	h.bot.Configurations = configuration.New(configuration.Config{Shelf: shelf, Roles: h.bot.Image.Roster})
	h.say("settings").missing("Organisation")
	for _, name := range []string{"task/fetch", "task/submit"} {
		h.dialog(name, map[string]any{"verb": cards.OrganisationSettings, "version": "0", "language": "fr"}).see("Only the people whom your administrator named")
	}
	if len(shelf.Surfaces) != 1 {
		t.Errorf("saved: %v", shelf.Surfaces)
	}
	shelf.Err = fault.Wrap(fault.Busy, "disk", nil)
	h.say("settings").see("I am busy just now")
}
