// Package configuration is what owners decide for a conversation, and administrators for the organisation: language, time
// zone, notices, guests. What nobody decided for a conversation is as the organisation decided, or as we do.
//
// It holds neither books nor libraries, which have settings of their own (internal/contact, internal/image).
package configuration

import (
	"time"

	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

// Guests says what guests of a conversation may do with its books.
type Guests string

// The choices. Open is as the organisation says.
const (
	GuestsOpen Guests = ""
	GuestsRead Guests = "read"
	GuestsNone Guests = "none"
)

// Settings are what somebody decided; a zero field was left open.
type Settings struct {
	Language string // "en" or "fr": of what the bot says to all
	Zone     string // IANA name, of hours and days
	Guests   Guests
	// Mode is who may change the contacts of books that are made from now on, in the words of contact.Mode; the
	// organisation's only.
	Mode   string
	Wishes *notice.Wishes
}

// Kept is a conversation's settings as they are stored, or the organisation's, whose Conversation is empty.
type Kept struct {
	Conversation identity.Conversation
	Team         string
	Settings     Settings
	Version      int // 0: never saved
	By           identity.Person
	At           time.Time
	// Removed is when the last app was removed from the conversation; zero while one is there.
	Removed time.Time
}

// Source tells where a value comes from.
type Source string

// The sources.
const (
	Here   Source = "here"   // decided for the conversation
	Tenant Source = "tenant" // decided for the organisation
	Usual  Source = "usual"  // nobody decided
)

// Effective is what counts for a conversation, and why.
type Effective struct {
	Language       string // "" is each person's own
	LanguageSource Source
	Zone           string // "UTC" when nobody decided
	ZoneSource     Source
	Guests         Guests // never Open
	GuestsSource   Source
	Wishes         notice.Wishes
	WishesSource   Source
	Kept           Kept // the conversation's own
}
