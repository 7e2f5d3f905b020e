// Package identity holds the types that say who asks and where: tenant, person,
// conversation, role. Each is a type of its own, so that one cannot be passed for
// another by mistake; in a service of many tenants that is a safety property.
//
// It looks nothing up and decides nothing.
package identity

import "strings"

// Tenant is the id of a Microsoft 365 organisation, a lower-case GUID.
type Tenant string

// Person is the Entra object id of a user, a lower-case GUID.
type Person string

// Conversation is the id of a personal chat, a group chat or a channel, without the
// ";messageid=" suffix that names a thread.
type Conversation string

// Root makes a Conversation of an id that may name a thread.
func Root(id string) Conversation {
	root, _, _ := strings.Cut(id, ";messageid=")
	return Conversation(root)
}

// Personal tells whether it is a chat of one person with a bot: ids of those begin with "a:", those of other conversations
// with "19:".
func (c Conversation) Personal() bool { return strings.HasPrefix(string(c), "a:") }

// Place is the kind of a conversation.
type Place string

// The places, by the field's names (activity.conversation.conversationType).
const (
	Personal  Place = "personal"
	GroupChat Place = "groupChat"
	Channel   Place = "channel"
)

// Role is what a person is in a conversation.
type Role int

// The roles, weakest first. None means: not a member.
const (
	None Role = iota
	Guest
	Member
	Owner
)

// String names the role for logs.
func (r Role) String() string {
	return [...]string{"none", "guest", "member", "owner"}[r]
}

// Caller is who asks, from where.
type Caller struct {
	Tenant       Tenant
	Person       Person
	Conversation Conversation
	Place        Place
	// Team is the thread id of the team of a channel; empty elsewhere.
	Team string
	// Public says that the conversation will see the answer (a chat command in a group
	// chat or channel). Then only what all its members may see may be in it.
	Public bool
}

// Deed names one wish of a person, so that doing it twice has one effect.
type Deed struct {
	// Key is unique for the wish: app, conversation, activity id. Empty means no protection.
	Key string
	// Surface is where it came from: command, card, dialog, extension, import.
	Surface string
}
