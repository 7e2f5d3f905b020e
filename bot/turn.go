package bot

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"

	"teamspro/cards"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/lang"
)

// Turn is one thing that a person did, as a handler sees it.
type Turn struct {
	// Caller is who did it, and where.
	Caller identity.Caller
	// Lang speaks the person's language.
	Lang *lang.Printer
	// Words are what followed the command.
	Words string

	ctx      context.Context
	app      *app
	activity *Activity
	route    *Route
	params   map[string]string
	// data is what came with the path: a button's marks, the inputs of a form.
	data map[string]string
	// answer is the message that answers this one, once it is sent; nil for what is no message.
	answer *answerID
	// payload is the message that an action of the message extension was called on.
	payload *MessagePayload
	// resumed is set when the turn waited for its person to sign in.
	resumed bool
	// titles are the names of conversations that were read for this answer.
	titles map[identity.Conversation]string
}

// Context ends when the answer is no longer wanted.
func (t *Turn) Context() context.Context { return t.ctx }

// Param is a part of the button's path, by its name in the route.
func (t *Turn) Param(name string) string { return t.params[name] }

// Text is a sentence in the person's language.
func (t *Turn) Text(key string, args ...any) string { return t.Lang.Text(key, args...) }

// Deed names this turn, so that a second delivery of the same activity has no second effect.
func (t *Turn) Deed() identity.Deed {
	return identity.Deed{Key: t.activity.key(t.app.key), Surface: string(t.route.Surface)}
}

// formDeed names a filled-in dialog: pressing its button twice sends two activities, but one form.
func (t *Turn) formDeed(f Form) identity.Deed {
	form := f.Values["form"]
	if form == "" || len(form) > 64 {
		return t.Deed()
	}
	return identity.Deed{Key: "form|" + string(t.Caller.Person) + "|" + form, Surface: string(t.route.Surface)}
}

// posted tells whether the button stands on a card that is a message of its own, so that what the button
// changes must be shown to everybody.
func (t *Turn) posted() bool { return t.data["posted"] == "true" && t.activity.ReplyToID != "" }

// person fails for somebody whom Teams gave no Entra id: a guest of a meeting, an account from elsewhere.
func (t *Turn) person() error {
	if t.Caller.Person == "" || t.Caller.Tenant == "" {
		return fault.New(fault.Denied, "bot.person", "trouble.anonymous")
	}
	return nil
}

// key names the activity among all that an app receives: the same for each delivery of it, another for whatever
// else carries its id.
func (a *Activity) key(app App) string {
	return strings.Join([]string{string(app), string(a.Tenant()), a.ChannelID, a.Conversation.ID, a.mark, a.From.ID, clip(a.Type, 40), clip(a.Name, 80)}, "|")
}

// Query is a search of the message extension.
type Query struct {
	Text string
	// Initial is set when the extension was just opened and nothing was typed.
	Initial bool
	Skip    int
	Count   int
}

// Results is a page of search results, or a sentence in their place.
type Results struct {
	Items   []Result
	Message string
	// Grid lays the results out side by side, for pictures.
	Grid bool
}

// Dialog is a window over the conversation.
type Dialog struct {
	Title string
	Card  cards.Card
	Size  string // small, medium or large
}

// Form is what a person filled in: the values of the inputs by their ids.
type Form struct {
	Values map[string]string
}

// Outcome is what becomes of a filled-in dialog: exactly one of the three, or nothing, which closes it.
type Outcome struct {
	Dialog  *Dialog // asked again, with the problems shown
	Message string  // a sentence, then closed
	Result  *Result // put into the compose box of the message extension
}

// limits of what a button or form may carry
const (
	maxValues = 200
	maxValue  = 16 << 10 // 4,000 characters of any writing
)

// values reads the data of a button or form: text, numbers and truth values become text, anything deeper is left out.
func values(raw map[string]json.RawMessage) map[string]string {
	out := make(map[string]string, len(raw))
	for key, value := range raw {
		if len(out) == maxValues {
			break
		}
		if s, ok := plainValue(value); ok && len(s) <= maxValue {
			out[key] = s
		}
	}
	return out
}

func plainValue(raw json.RawMessage) (string, bool) {
	if len(raw) == 0 || raw[0] == '{' || raw[0] == '[' || string(raw) == "null" {
		return "", false
	}
	if raw[0] != '"' {
		return string(raw), true
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return s, err == nil
}

// log says what may be said of a turn: ids of ours and Teams', never names or text.
func (t *Turn) log(level slog.Level, message string, more ...slog.Attr) {
	if !t.app.log.Enabled(t.ctx, level) {
		return
	}
	t.app.log.LogAttrs(t.ctx, level, message, append([]slog.Attr{slog.String("app", string(t.app.key)), slog.String("route", t.route.Name()),
		slog.String("tenant", string(t.Caller.Tenant)), slog.String("activity", t.activity.ID)}, more...)...)
}
