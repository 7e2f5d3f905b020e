package main

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"teamspro/store"
)

// keepSettings say how long things are kept that have no other end.
type keepSettings struct {
	History  string `name:"history" default:"0" env:"HISTORY" help:"How long the history of contacts is kept, in days (365d) or hours; 0 keeps it as long as the contact."`
	Audit    string `name:"audit" default:"0" env:"AUDIT" help:"How long entries of the audit log are kept, in days or hours; 0 keeps them as long as the organisation."`
	Profiles string `name:"profiles" default:"0" env:"PROFILES" help:"How long the profile of a person is kept who does not sign in any more, in days or hours; 0 keeps it as long as the organisation."`
}

// maxKept is ten years: more is a slip of the pen.
const maxKept = 3650 * 24 * time.Hour

var spanForm = regexp.MustCompile(`^(0|[0-9]{1,6}[dh])$`)

// readSpan reads a number of days or hours.
func readSpan(setting, value string) (time.Duration, error) {
	if !spanForm.MatchString(value) {
		return 0, fmt.Errorf("%s is not a number of days or hours, such as 30d or 720h, or 0", setting)
	}
	unit := time.Hour
	if value[len(value)-1] == 'd' {
		unit = 24 * time.Hour
	}
	n, err := strconv.Atoi(value[:max(1, len(value)-1)])
	if span := time.Duration(n) * unit; err == nil && span <= maxKept {
		return span, nil
	}
	return 0, fmt.Errorf("%s is more than ten years", setting)
}

// read gives how long everything is kept.
func (k keepSettings) read(grace string) (keep store.Keep, err error) {
	var problems [4]error
	keep.Grace, problems[0] = readSpan("TEAMSPRO_GRACE", grace)
	keep.History, problems[1] = readSpan("TEAMSPRO_KEEP_HISTORY", k.History)
	keep.Audit, problems[2] = readSpan("TEAMSPRO_KEEP_AUDIT", k.Audit)
	keep.Profiles, problems[3] = readSpan("TEAMSPRO_KEEP_PROFILES", k.Profiles)
	return keep, errors.Join(problems[:]...)
}

// readKeep reads TEAMSPRO_GRACE and TEAMSPRO_KEEP_….
func (s *settings) readKeep() (err error) {
	s.keep, err = s.Keep.read(s.Grace)
	return err
}
