package contact

import (
	"teamspro/internal/identity"
)

// BookID names a book within its tenant.
type BookID string

// BookKind is whom a book belongs to.
type BookKind string

// The kinds of books.
const (
	ConversationBook BookKind = "conversation" // bound to a group chat or channel
	PersonalBook     BookKind = "personal"     // one person's own
	TenantBook       BookKind = "tenant"       // the whole organisation's
)

// Mode is who may change the contacts of a book. Its owners always may.
type Mode string

// The permission modes.
const (
	Everybody  Mode = "everybody"  // every member of the conversation, guests excepted
	OwnersOnly Mode = "owners"     // its owners
	PerMember  Mode = "per_member" // its owners, and others as Book.Rights says
)

// Rights are what a person may do with the contacts of a book.
type Rights struct {
	Read   bool
	Add    bool
	Modify bool
	Delete bool
	// Manage is the right to change the book itself: its mode, its rights, whom it is shared with.
	Manage bool
}

// Book is a list of contacts that some people share.
type Book struct {
	ID   BookID
	Kind BookKind
	// Name is what its people call it; empty for the first book of a conversation or person, which is
	// shown by the name of its place, read when shown.
	Name string
	// Home is the conversation the book is bound to, or where it was made.
	Home identity.Conversation
	// Team is the thread id of the team of Home when Home is a channel.
	Team string
	// Owners may manage the book, besides the owners of Home.
	Owners []identity.Person
	Mode   Mode
	// Rights holds what single people may do, in mode PerMember.
	Rights map[identity.Person]Rights
	// Shares are the other conversations that may use it.
	Shares []Share
	// Removed is set when the bot was removed from Home: the book waits there, unseen, to be restored.
	Removed *Stamp
	Created Stamp
	// Changed is who saved it last and when; zero for a book that nobody changed since it was made.
	Changed Stamp
	Version int
}

// Share lets another conversation use a book.
type Share struct {
	With identity.Conversation
	Team string
	// Edit lets its members change contacts as members of Home may; otherwise they read.
	Edit bool
}
