package cards

import (
	"strconv"
	"strings"
)

// PinsVerb shows what a conversation pinned, skipping some.
func PinsVerb(skip int) string { return path("pins", strconv.Itoa(skip)) }

// PinVerb pins a file (image.ItemRef as text), with a caption unless it is empty.
func PinVerb(ref, caption string) string {
	if caption == "" {
		return path("pin", ref)
	}
	return path("pin", ref, "as", caption)
}

// CaptionVerb gives a pinned file another caption.
func CaptionVerb(ref, caption string) string { return path("pin", ref, "caption", caption) }

// SavePresetVerb gives a plan a name.
func SavePresetVerb(name, plan string) string { return path("preset", name, "save", plan) }

// EveryPicture stands in a BatchSearchVerb for a search without words.
const EveryPicture = "*"

// BatchSearchVerb offers to do something to all pictures that a search in the conversation's folder finds: it asks what,
// unless a plan is given, and then whether to begin.
func BatchSearchVerb(words, plan string) string {
	if words = strings.TrimSpace(words); words == "" {
		words = EveryPicture
	}
	if plan == "" {
		return path("batch", "search", words, "choose")
	}
	return path("batch", "search", words, "do", plan)
}

// BatchVerb does something with a batch: start, cancel, show.
func BatchVerb(id, what string) string { return path("batch", id, what) }
