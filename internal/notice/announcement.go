package notice

import (
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
