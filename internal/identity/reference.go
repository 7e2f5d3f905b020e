package identity

import "time"

// Reference is what must be known of a conversation to speak in it unasked: where it is, through which
// service, as which bot.
type Reference struct {
	Conversation Conversation
	Place        Place
	// Team is the thread id of the team of a channel; empty elsewhere.
	Team string
	// ServiceURL is the address of the connector that the conversation's token vouched for.
	ServiceURL string
	// App is the app id of the bot.
	App string
	// BotID is the bot's account in the conversation (activity.recipient.id): "28:" and the app id, as a rule.
	BotID string
	// Locale is the language that the conversation last spoke, as activities carry it.
	Locale string
	// Installer is the person who added the app, when known.
	Installer Person
	// Used is when the conversation last spoke to the bot.
	Used time.Time
}

// Owed is a reply that could not be delivered yet. It holds nothing of what was said, so that after a
// crash the person can only be told to ask again.
type Owed struct {
	// Key names the activity that waits for the reply, as the keys of answered activities do.
	Key       string
	Tenant    Tenant
	Reference Reference
	// Thread is the full conversation id of the activity, ";messageid=" included.
	Thread string
	// ReplyTo is the id of the activity.
	ReplyTo string
	// Locale is the language of the person who waits.
	Locale string
	// At is when the activity came.
	At time.Time
}
