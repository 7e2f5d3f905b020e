package configuration

import (
	"slices"

	"teamspro/internal/fault"
	"teamspro/internal/notice"
)

// languages are those that the bot speaks; a test compares them with internal/lang.
var languages = []string{"", "en", "fr"}

var (
	guests = []Guests{GuestsOpen, GuestsRead, GuestsNone}
	modes  = []string{"", "everybody", "owners", "per_member"} // as contact.Mode has them
)

// IsZone tells whether a name is that of a time zone; "" and "Local" are none.
func IsZone(name string) bool { return name != "" && notice.ValidateZone(name) == nil }

// valid gives settings that are right, with kinds in their usual order; a fault says which value is not.
func valid(op string, s Settings) (Settings, error) {
	switch {
	case !slices.Contains(languages, s.Language):
		return Settings{}, fault.New(fault.Invalid, op, "settings.bad.language")
	case s.Zone != "" && !IsZone(s.Zone):
		return Settings{}, fault.New(fault.Invalid, op, "settings.bad.zone")
	case !slices.Contains(guests, s.Guests):
		return Settings{}, fault.New(fault.Invalid, op, "settings.bad.guests")
	case !slices.Contains(modes, s.Mode):
		return Settings{}, fault.New(fault.Invalid, op, "settings.bad.mode")
	case s.Wishes == nil:
		return s, nil
	}
	w := *s.Wishes
	for _, k := range w.Kinds {
		if !slices.Contains(notice.Kinds(), k) {
			return Settings{}, fault.New(fault.Invalid, op, "settings.bad.kinds")
		}
	}
	w.Kinds = nil
	for _, k := range notice.Kinds() {
		if s.Wishes.Wants(k) {
			w.Kinds = append(w.Kinds, k)
		}
	}
	if w.Validate() != nil {
		return Settings{}, fault.New(fault.Invalid, op, "settings.bad.time")
	}
	s.Wishes = &w
	return s, nil
}
