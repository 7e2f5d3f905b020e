// Package cards turns view models (view.go) into Adaptive Cards: pure functions without a context, a clock or an error.
//
// It decides how things look and which buttons lead where; it does not decide who may press them, and it fetches nothing.
// Buttons are paths (verbs.go) that bot/routes.go matches. User text enters a card only through escape.go.
package cards

import "encoding/json"

// The content types of attachments made of what this package returns.
const (
	ContentType   = "application/vnd.microsoft.card.adaptive"
	ThumbnailType = "application/vnd.microsoft.card.thumbnail"
)

// MaxSize is the most bytes of JSON a card has: the 28 KB that are safe for a message, less its envelope.
const MaxSize = 27 << 10

// Card is an Adaptive Card of version 1.5, the newest that Teams documents for bots.
//
// It has no "lang": that only rules how {{DATE()}} is written, which no card uses, and Microsoft's renderer (adaptivecards
// 3.0.6) reports it as invalid on every second card of a page. It has no "msteams": one column of text reads best at the
// usual width, and the published schema does not know it.
type Card struct {
	Type    typeCard `json:"type"`
	Schema  string   `json:"$schema,omitempty"`
	Version string   `json:"version,omitempty"`
	// FallbackText is all that a client too old for the card shows; Speak is read aloud. Both are plain text.
	FallbackText string    `json:"fallbackText,omitempty"`
	Speak        string    `json:"speak,omitempty"`
	Refresh      *Refresh  `json:"refresh,omitempty"`
	Body         []Element `json:"body,omitempty"`
	Actions      []Action  `json:"actions,omitempty"`
}

// Refresh makes Teams ask for a fresh card for each viewer. It names no users, so that it works by itself in conversations
// of up to 60 people and by hand in larger ones.
type Refresh struct {
	Action Execute `json:"action"`
}

// JSON is the card as it travels.
func (c Card) JSON() []byte {
	raw, err := json.Marshal(c)
	if err != nil { // only strings, numbers and this package's own types are inside
		panic("cards: " + err.Error())
	}
	return raw
}

// newCard frames a body. The summary is plain text for clients that show or read no more.
//
// More than three buttons stand in two rows: on a phone a row of more shows hardly more than their first letters.
func newCard(summary string, body []Element, actions ...Action) Card {
	if n := len(actions); n > 3 {
		first := (n + 1) / 2
		body = append(body, ActionSet{Actions: actions[:first]})
		actions = actions[first:]
	}
	return Card{
		Schema: "http://adaptivecards.io/schemas/adaptive-card.json", Version: "1.5",
		FallbackText: summary, Speak: summary, Body: body, Actions: actions,
	}
}

// fit builds a card with as many of n items as MaxSize allows.
func fit(n int, build func(shown int) Card) Card { return fitTo(MaxSize, n, build) }

// fitTo builds a card with as many of n items as a number of bytes allows.
func fitTo(limit, n int, build func(shown int) Card) Card {
	card := build(n)
	for size := len(card.JSON()); size > limit && n > 0; size = len(card.JSON()) {
		n = min(n-1, n*limit/size)
		card = build(n)
	}
	return card
}
