package notice

import (
	"fmt"
	"time"

	"teamspro/internal/identity"
)

// The limits of announcements.
const (
	MaxTitle   = 100  // characters
	MaxText    = 4000 // characters
	MaxTargets = 100  // channels
	// TextKept is how long an announcement can be corrected and recalled, and is kept for that; then it is erased.
	TextKept = 30 * 24 * time.Hour
)

// Announcement is what an owner says in several channels at once.
type Announcement struct {
	ID      string
	Product string // that says it
	By      identity.Person
	At      time.Time
	Title   string
	Text    string
	// Version is 1, and one more after each correction.
	Version  int
	Changed  time.Time // of the last correction
	Recalled time.Time // zero while it stands
	// ChangedBy is who corrected or recalled it last; empty is By.
	ChangedBy identity.Person
	// Asks puts a button below it with which people say that they have seen it.
	Asks    bool
	Targets []Target
	People  int // how many people that was when it was sent, each counted once
	// Seen is how many people said so; it is read, not written.
	Seen int
}

// Target is a channel that an announcement goes to.
type Target struct {
	Conversation identity.Conversation
	Team         string
}

// Follow is the notice that brings a copy of the announcement, which a notice posted, up to what has become of it: it is
// removed when the announcement was recalled, and changed when it was corrected; false when the copy says what it should, and
// where nobody knows under which id it stands. Its key is the same however often it is made.
func (a Announcement) Follow(post Notice, now time.Time) (Notice, bool) {
	if post.Op != Post || !post.State.Final() || post.Activity == "" {
		return Notice{}, false
	}
	n := Notice{Tenant: post.Tenant, ID: NewID(now), Place: post.Place, Team: post.Team, Of: post.ID, Activity: post.Activity,
		Content: Content{Announcement: a.ID, Version: a.Version}, Due: now, State: Waiting, At: now}
	switch {
	case !a.Recalled.IsZero():
		n.Op, n.Key = Remove, "recall|"+post.ID
	case a.Version > post.Content.Version:
		n.Op, n.Key = Update, fmt.Sprintf("correct|%s|%d", post.ID, a.Version)
	default:
		return Notice{}, false
	}
	return n, true
}

// Since tells whether it was changed after a copy of it began to be sent, which read it then.
func (a Announcement) Since(began time.Time) bool {
	return !a.Recalled.IsZero() || !a.Changed.Before(began) && a.Version > 1
}
