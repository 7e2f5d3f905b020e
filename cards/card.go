// Package cards turns view models (view.go) into Adaptive Cards: pure functions without a context, a clock or an error.
//
// It decides how things look and which buttons lead where; it does not decide who may press them, and it fetches nothing.
// Buttons are paths (verbs.go) that bot/routes.go matches. User text enters a card only through escape.go.
package cards

import (
	"bytes"
	"cmp"
	"slices"
)

// The content types of attachments made of what this package returns.
const (
	ContentType   = "application/vnd.microsoft.card.adaptive"
	ThumbnailType = "application/vnd.microsoft.card.thumbnail"
)

// MaxSize is the most bytes of JSON a card has: the 28 KB that are safe for a message, less its envelope.
const MaxSize = 27 << 10

// Card is an Adaptive Card as it travels: it was encoded when it was made, and is not changed afterwards.
type Card struct {
	summary string
	raw     []byte
	// of a file that changes hands, which is no Adaptive Card
	kind, name, url string
}

// Type is the content type of the attachment that the card is.
func (c Card) Type() string { return cmp.Or(c.kind, ContentType) }

// File is the name and address of the file that changes hands; empty for Adaptive Cards.
func (c Card) File() (name, url string) { return c.name, c.url }

// Summary is the card in plain words, for notifications; it is all that a client too old for the card shows.
func (c Card) Summary() string { return c.summary }

// JSON is the card as it travels, as encoding/json would write it without HTML escapes. The bytes are the card's own and
// must not be changed.
func (c Card) JSON() []byte {
	if c.raw == nil { // the zero Card
		return layout{}.encode(nil)
	}
	return slices.Clip(c.raw)
}

// AppendJSON appends what JSON gives.
func (c Card) AppendJSON(dst []byte) []byte { return append(dst, c.JSON()...) }

// MarshalJSON gives what JSON gives; encoding/json then reads through it once more, which AppendJSON spares.
func (c Card) MarshalJSON() ([]byte, error) { return c.JSON(), nil }

// weight is the length of the card where it is written with HTML escapes, as encoding/json does unless told otherwise.
func (c Card) weight() int {
	const longer = len(`\u003c`) - len("<")
	n := len(c.raw)
	for _, sign := range []string{"<", ">", "&"} {
		n += longer * bytes.Count(c.raw, []byte(sign))
	}
	return n
}

// layout is a card that is being made: version 1.5 of Adaptive Cards, the newest that Teams documents for bots.
//
// It has no "lang": that only rules how {{DATE()}} is written, which no card uses, and Microsoft's renderer (adaptivecards
// 3.0.6) reports it as invalid on every second card of a page. It has no "msteams": one column of text reads best at the
// usual width, and the published schema does not know it.
type layout struct {
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

// The room that most cards need: those of a few words, and those with items.
const (
	smallRoom = 2 << 10
	largeRoom = 5 << 10
)

// card encodes a layout into room that nobody uses any more.
func (l layout) card(room []byte) Card { return Card{summary: l.FallbackText, raw: l.encode(room[:0])} }

// newCard is a card of a body; see newLayout.
func newCard(summary string, body []Element, actions ...Action) Card {
	return newLayout(summary, body, actions...).card(make([]byte, 0, smallRoom))
}

// newLayout frames a body. The summary is plain text for clients that show or read no more.
//
// More than three buttons stand in two rows: on a phone a row of more shows hardly more than their first letters.
func newLayout(summary string, body []Element, actions ...Action) layout {
	if n := len(actions); n > 3 {
		first := (n + 1) / 2
		body = append(body, ActionSet{Actions: actions[:first]})
		actions = actions[first:]
	}
	return layout{
		Schema: "http://adaptivecards.io/schemas/adaptive-card.json", Version: "1.5",
		FallbackText: summary, Speak: summary, Body: body, Actions: actions,
	}
}

// fit makes a card with as many of n items as MaxSize allows.
func fit(n int, build func(shown int) layout) Card { return fitTo(MaxSize, n, build) }

// fitTo makes a card with as many of n items as a number of bytes allows.
func fitTo(limit, n int, build func(shown int) layout) Card {
	card := build(n).card(make([]byte, 0, min(limit, largeRoom)))
	for size := card.weight(); size > limit && n > 0; size = card.weight() {
		n = min(n-1, n*limit/size)
		card = build(n).card(card.raw)
	}
	return card
}
