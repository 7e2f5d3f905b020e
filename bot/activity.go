package bot

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"teamspro/internal/identity"
)

// Activity is what Teams sends: the fields this service reads, and no others. Unknown fields are ignored, as the
// protocol asks; value stays raw until a route says what it is. (Activity schema of the Bot Framework.)
type Activity struct {
	Type           string              `json:"type"`
	ID             string              `json:"id"`
	Name           string              `json:"name"`
	Action         string              `json:"action"`
	Text           string              `json:"text"`
	Locale         string              `json:"locale"`
	LocalTimezone  string              `json:"localTimezone"`
	ServiceURL     string              `json:"serviceUrl"`
	ChannelID      string              `json:"channelId"`
	ReplyToID      string              `json:"replyToId"`
	From           Account             `json:"from"`
	Recipient      Account             `json:"recipient"`
	Conversation   ConversationAccount `json:"conversation"`
	ChannelData    ChannelData         `json:"channelData"`
	Entities       []Entity            `json:"entities"`
	MembersAdded   []Account           `json:"membersAdded"`
	MembersRemoved []Account           `json:"membersRemoved"`
	Attachments    []Attachment        `json:"attachments"`
	Value          json.RawMessage     `json:"value"`

	// mark tells this activity from others: its id, or for one without id something of its own.
	mark string
}

// Account is a user ("29:…") or a bot ("28:…") in a channel.
type Account struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	AADObjectID string `json:"aadObjectId"`
}

// ConversationAccount names the conversation; its id may carry ";messageid=" with the root of a thread.
type ConversationAccount struct {
	ID               string `json:"id"`
	ConversationType string `json:"conversationType"`
	IsGroup          bool   `json:"isGroup"`
	TenantID         string `json:"tenantId"`
}

// ChannelData is the part that only Teams fills.
type ChannelData struct {
	Tenant    struct{ ID string } `json:"tenant"`
	Team      TeamData            `json:"team"`
	Channel   struct{ ID string } `json:"channel"` // that an event is about
	EventType string              `json:"eventType"`
}

// TeamData names the team of a channel: by its thread, and now and then by the Entra group behind it.
type TeamData struct {
	ID    string `json:"id"`
	Group string `json:"aadGroupId"`
}

// Entity is an annotation of the text, or of the client; mentions and the client's time zone are read.
type Entity struct {
	Type      string  `json:"type"`
	Text      string  `json:"text"`
	Mentioned Account `json:"mentioned"`
	Timezone  string  `json:"timezone"`
}

// Limits of what is read from an activity, beyond the size of the body.
const (
	maxDepth = 64
	maxID    = 512
	maxText  = 28 << 10 // what Teams lets a person send in one message
)

var errNoActivity = errors.New("not an activity")

// decodeActivity reads an activity and checks what every route relies on: a type, a conversation, ids that can be
// used in a path and as a key.
func decodeActivity(body []byte) (*Activity, error) {
	if tooDeep(body, maxDepth) {
		return nil, fmt.Errorf("%w: nested deeper than %d", errNoActivity, maxDepth)
	}
	a := &Activity{}
	if err := json.Unmarshal(body, a); err != nil {
		return nil, errNoActivity // the decoder's own message may quote what was sent
	}
	if a.Type == "" || a.Conversation.ID == "" {
		return nil, fmt.Errorf("%w: type and conversation.id are required", errNoActivity)
	}
	for _, id := range [...]struct{ name, value string }{{"id", a.ID}, {"conversation.id", a.Conversation.ID}, {"replyToId", a.ReplyToID}, {"from.id", a.From.ID},
		{"team.id", a.ChannelData.Team.ID}, {"team.aadGroupId", a.ChannelData.Team.Group}, {"channel.id", a.ChannelData.Channel.ID}, {"tenant.id", a.tenantID()}, {"from.aadObjectId", a.From.AADObjectID}} {
		if !plainID(id.value) {
			return nil, fmt.Errorf("%w: %s is not an id", errNoActivity, id.name)
		}
	}
	if b := a.Conversation.TenantID; b != "" && !strings.EqualFold(b, a.tenantID()) {
		return nil, fmt.Errorf("%w: two tenants", errNoActivity)
	}
	a.Text = clip(a.Text, maxText)
	if a.mark = a.ID; a.mark == "" {
		a.mark = rand.Text()
	}
	return a, nil
}

// tooDeep tells whether JSON nests deeper than limit. It needs no valid JSON.
func tooDeep(body []byte, limit int) bool {
	depth, inString := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > limit {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// plainID tells whether an id can stand in one segment of a path and in a log line. The empty id can.
func plainID(id string) bool {
	if len(id) > maxID || id == "." || id == ".." {
		return false
	}
	return !strings.ContainsFunc(id, func(r rune) bool {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' {
			return false
		}
		return strings.ContainsRune(`/\?#%`, r) || r == unicode.ReplacementChar || !unicode.IsGraphic(r) || unicode.IsSpace(r)
	})
}

func (a *Activity) tenantID() string {
	if a.ChannelData.Tenant.ID != "" {
		return a.ChannelData.Tenant.ID
	}
	return a.Conversation.TenantID
}

// Tenant is the organisation that the activity came from. It can be trusted because the connector vouched for the activity.
func (a *Activity) Tenant() identity.Tenant { return identity.Tenant(strings.ToLower(a.tenantID())) }

// Place is the kind of conversation. What Teams does not name is taken for a place with many eyes.
func (a *Activity) Place() identity.Place {
	switch p := identity.Place(a.Conversation.ConversationType); {
	case p == identity.Personal, p == identity.GroupChat, p == identity.Channel:
		return p
	case a.ChannelData.Team.ID != "":
		return identity.Channel
	case !a.Conversation.IsGroup && strings.HasPrefix(a.Conversation.ID, "a:"):
		return identity.Personal
	}
	return identity.GroupChat
}

// caller is who sent the activity, from where. A command in a group chat or channel is answered before everybody.
func (a *Activity) caller() identity.Caller {
	return identity.Caller{
		Tenant:       a.Tenant(),
		Person:       identity.Person(strings.ToLower(a.From.AADObjectID)),
		Conversation: identity.Root(a.Conversation.ID),
		Place:        a.Place(),
		Team:         a.ChannelData.Team.ID,
		Public:       a.Type == "message" && a.Place() != identity.Personal,
	}
}

// words is the text without the mention of this bot, with blanks put in order. The mention is found by its entity,
// never by its name, which people may change.
func (a *Activity) words() string {
	text := a.Text
	for _, e := range a.Entities {
		if e.Type == "mention" && e.Mentioned.ID == a.Recipient.ID && e.Text != "" {
			text = strings.ReplaceAll(text, e.Text, " ")
		}
	}
	text = strings.NewReplacer("&nbsp;", " ", "&amp;", "&", "&lt;", "<", "&gt;", ">", "&quot;", `"`, "&#39;", "'").Replace(text)
	return strings.Join(strings.Fields(text), " ")
}

// zone is the time zone of whoever sent the activity, as far as it tells.
func (a *Activity) zone() string {
	if a.LocalTimezone != "" {
		return a.LocalTimezone
	}
	for _, e := range a.Entities {
		if e.Type == "clientInfo" {
			return e.Timezone
		}
	}
	return ""
}

// added and removed tell whether this bot came to the conversation or left it.
func (a *Activity) added() bool   { return has(a.MembersAdded, a.Recipient.ID) }
func (a *Activity) removed() bool { return has(a.MembersRemoved, a.Recipient.ID) }

func has(accounts []Account, id string) bool {
	for _, account := range accounts {
		if id != "" && account.ID == id {
			return true
		}
	}
	return false
}
