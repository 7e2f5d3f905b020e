package sandbox

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"unicode/utf16"
)

// The content types of cards the sandbox looks into.
const (
	adaptiveCard = "application/vnd.microsoft.card.adaptive"
	oauthCard    = "application/vnd.microsoft.card.oauth"
)

// Limits of what a bot may send. Teams counts a message as UTF-16 and leaves embedded pictures out.
const (
	maxActivity = 4 << 20
	maxUTF16    = 100 << 10
)

// outgoing is an activity of a bot, as far as Teams reads it.
type outgoing struct {
	Type        string            `json:"type"`
	Text        string            `json:"text"`
	TextFormat  string            `json:"textFormat"`
	Attachments []json.RawMessage `json:"attachments"`
	Layout      string            `json:"attachmentLayout"`
	Suggested   json.RawMessage   `json:"suggestedActions"`
	Entities    []json.RawMessage `json:"entities"`
	ReplyToID   string            `json:"replyToId"`
	Summary     string            `json:"summary"`
}

// attachment is what all attachments share.
type attachment struct {
	ContentType string          `json:"contentType"`
	ContentURL  string          `json:"contentUrl"`
	Content     json.RawMessage `json:"content"`
}

var embeddedPicture = regexp.MustCompile(`data:image/[a-zA-Z.+-]{1,20};base64,[A-Za-z0-9+/=]*`)

// readActivity reads what a bot sends and refuses it as Teams would.
func readActivity(raw []byte) (outgoing, error) {
	var a outgoing
	if size := 2 * len(utf16.Encode([]rune(string(embeddedPicture.ReplaceAll(raw, nil))))); size > maxUTF16 {
		return a, errTooBig
	}
	if json.Unmarshal(raw, &a) != nil {
		return a, &connectorError{status: 400, code: "BadSyntax", text: "The activity is not JSON of the right shape."}
	}
	if a.Type != "message" && a.Type != "typing" {
		return a, &connectorError{status: 400, code: "BadArgument", text: "Unknown activity type."}
	}
	if a.Type == "message" && a.Text == "" && len(a.Attachments) == 0 {
		return a, &connectorError{status: 400, code: "BadSyntax", text: "The message has neither text nor attachments."}
	}
	for _, raw := range a.Attachments {
		if err := checkAttachment(raw); err != nil {
			return a, err
		}
	}
	return a, nil
}

func checkAttachment(raw json.RawMessage) error {
	var at attachment
	if json.Unmarshal(raw, &at) != nil || at.ContentType == "" {
		return &connectorError{status: 400, code: "BadArgument", text: "An attachment has no contentType."}
	}
	if at.ContentType != adaptiveCard {
		return nil
	}
	var card struct {
		Type    string `json:"type"`
		Version string `json:"version"`
	}
	if json.Unmarshal(at.Content, &card) != nil || card.Type != "AdaptiveCard" || card.Version == "" {
		return &connectorError{status: 400, code: "BadArgument", text: "An Adaptive Card has no type or version."}
	}
	return nil
}

func (c *call) activity() (outgoing, error) {
	raw, err := readBody(c.r, maxActivity)
	switch {
	case errors.Is(err, errTooLarge):
		return outgoing{}, errTooBig
	case err != nil:
		return outgoing{}, &connectorError{status: 400, code: "BadSyntax", text: "The body was cut off."}
	}
	return readActivity(raw)
}

// sendActivity takes a message or a sign of typing, as a post of its own or as a reply.
func (s *Sandbox) sendActivity(c *call) (int, any, error) {
	a, err := c.activity()
	if err != nil {
		return 0, nil, err
	}
	if id := c.r.PathValue("activity"); id != "" {
		a.ReplyToID = id
	}
	thread, err := s.thread(c, a.ReplyToID)
	if err != nil {
		return 0, nil, err
	}
	if a.Type == "typing" {
		s.world.typing(c.chat, "bot:"+c.app.Key)
		return http.StatusAccepted, map[string]string{}, nil
	}
	ids := s.post(c, c.chat, thread, a)
	if len(ids) > 1 {
		return http.StatusCreated, map[string]string{}, nil
	}
	return http.StatusCreated, map[string]string{"id": ids[0]}, nil
}

// thread tells which thread of a channel a message belongs to; a reply belongs to the thread of what it replies to.
func (s *Sandbox) thread(c *call, replyTo string) (string, error) {
	if c.chat.kind != channel || c.root != "" || replyTo == "" {
		return c.root, nil
	}
	m, ok := s.world.message(c.chat, replyTo)
	if !ok {
		return "", errNoActivity
	}
	return m.root(), nil
}

// post shows a bot's message and gives its id. Text and attachments in one activity become two messages (Microsoft's notes
// on bot messages; the sender is told no id then), so a bot that needs the id sends them apart.
func (s *Sandbox) post(c *call, to *chat, thread string, a outgoing) []string {
	app := c.app
	m := message{From: "bot:" + app.Key, Name: app.Name, Summary: a.Summary, TextFormat: orElse(a.TextFormat, "markdown"), Thread: thread}
	var ids []string
	if a.Text != "" {
		text := m
		text.Text, text.Entities = a.Text, a.Entities
		if len(a.Attachments) == 0 {
			text.Suggested = a.Suggested
		}
		ids = append(ids, s.delivered(c, to, text).ID)
	}
	if len(a.Attachments) == 0 {
		return ids
	}
	if to.kind == channel && thread == "" && len(ids) > 0 {
		m.Thread = ids[0]
	}
	m.Attachments, m.Layout, m.Suggested = a.Attachments, a.Layout, a.Suggested
	want := s.silentSignIn(to, m)
	if want != nil {
		m.SignIn = signInTried
	}
	said := s.delivered(c, to, m)
	if want != nil {
		s.background(func(ctx context.Context) { s.offerToken(ctx, app, to, said, *want) })
	}
	return append(ids, said.ID)
}

// own finds a message of the bot that calls.
func (s *Sandbox) own(c *call) (string, error) {
	id := c.r.PathValue("activity")
	m, ok := s.world.message(c.chat, id)
	switch {
	case !ok || m.Deleted:
		return "", errNoActivity
	case m.From != "bot:"+c.app.Key:
		return "", &connectorError{status: 403, code: "NotEnoughPermissions", text: "The message is not the bot's own."}
	}
	return id, nil
}

// updateActivity replaces a message; what is not sent again vanishes.
func (s *Sandbox) updateActivity(c *call) (int, any, error) {
	id, err := s.own(c)
	if err != nil {
		return 0, nil, err
	}
	a, err := c.activity()
	if err != nil {
		return 0, nil, err
	}
	s.world.change(c.chat, id, func(m *message) {
		m.Text, m.TextFormat, m.Layout, m.Suggested, m.Entities = a.Text, orElse(a.TextFormat, "markdown"), a.Layout, a.Suggested, a.Entities
		m.Summary = a.Summary
		m.Attachments, m.Edited = append([]json.RawMessage{}, a.Attachments...), true
		m.SignIn, m.Answered = "", ""
	})
	s.ledger.edited(c.chat, id)
	return http.StatusOK, map[string]string{"id": id}, nil
}

func (s *Sandbox) deleteActivity(c *call) (int, any, error) {
	id, err := s.own(c)
	if err != nil {
		return 0, nil, err
	}
	s.world.change(c.chat, id, erase)
	s.ledger.deleted(c.chat, id)
	return http.StatusOK, nil, nil
}

// erase leaves of a message only that it was there.
func erase(m *message) {
	m.Deleted, m.Text, m.Summary, m.Attachments, m.Suggested, m.Entities = true, "", "", []json.RawMessage{}, nil, nil
}

// newConversation is the body of a request to open a conversation.
type newConversation struct {
	Members     []struct{ ID string } `json:"members"`
	Activity    json.RawMessage       `json:"activity"`
	ChannelData struct {
		Channel struct{ ID string } `json:"channel"`
	} `json:"channelData"`
}

// createConversation opens the personal chat with somebody, or a thread in a channel with its first message.
func (s *Sandbox) createConversation(c *call) (int, any, error) {
	raw, err := readBody(c.r, maxActivity)
	var want newConversation
	if err != nil || json.Unmarshal(raw, &want) != nil {
		return 0, nil, &connectorError{status: 400, code: "BadSyntax", text: "The body is not JSON of the right shape."}
	}
	if want.ChannelData.Channel.ID != "" {
		return s.createThread(c, want)
	}
	if len(want.Members) != 1 {
		return 0, nil, &connectorError{status: 400, code: "BadArgument", text: "A bot opens conversations with one person only."}
	}
	return s.openPersonal(c, want)
}

func (s *Sandbox) createThread(c *call, want newConversation) (int, any, error) {
	to, _ := s.world.chatByID(want.ChannelData.Channel.ID)
	switch {
	case to == nil || to.kind != channel:
		return 0, nil, errNoConversation
	case !s.world.hasBot(to, c.app.Key):
		return 0, nil, errNotInRoster
	}
	if wait, ok := s.faults.allow(c.app.ID, to.id, opSend); !ok {
		return 0, nil, &connectorError{status: 429, code: "Throttled", text: "Too many requests.", retryAfter: int(wait.Seconds()) + 1}
	}
	if len(want.Activity) == 0 {
		return 0, nil, &connectorError{status: 400, code: "BadArgument", text: "A thread begins with a message."}
	}
	a, err := readActivity(want.Activity)
	if err != nil {
		return 0, nil, err
	}
	if a.Type != "message" {
		return 0, nil, &connectorError{status: 400, code: "BadArgument", text: "A thread begins with a message."}
	}
	id := s.post(c, to, "", a)[0]
	return http.StatusCreated, map[string]string{"id": to.id + ";messageid=" + id, "activityId": id, "serviceUrl": s.serviceURL()}, nil
}

// openPersonal finds the personal chat; the app must be installed for the person or where the person is.
func (s *Sandbox) openPersonal(c *call, want newConversation) (int, any, error) {
	p := s.world.personByID(want.Members[0].ID)
	if p == nil {
		return 0, nil, errNoMember
	}
	if !s.world.meets(c.app.Key, p.Key) {
		return 0, nil, errNotInRoster
	}
	to := s.world.chatByKey("personal-"+c.app.Key, p.Key)
	s.world.open(to)
	answer := map[string]string{"id": to.id, "serviceUrl": s.serviceURL()}
	if len(want.Activity) > 0 {
		a, err := readActivity(want.Activity)
		if err != nil {
			return 0, nil, err
		}
		if a.Type == "message" {
			answer["activityId"] = s.post(c, to, "", a)[0]
		}
	}
	return http.StatusCreated, answer, nil
}

// uploadAttachment keeps a picture that the bot shows later.
func (s *Sandbox) uploadAttachment(c *call) (int, any, error) {
	raw, err := readBody(c.r, maxActivity)
	var given struct{ Type, Name, OriginalBase64 string }
	if err != nil || json.Unmarshal(raw, &given) != nil {
		return 0, nil, &connectorError{status: 400, code: "BadSyntax", text: "The body is not JSON of the right shape."}
	}
	data, err := base64.StdEncoding.DecodeString(given.OriginalBase64)
	if err != nil {
		return 0, nil, &connectorError{status: 400, code: "BadArgument", text: "originalBase64 cannot be read."}
	}
	return http.StatusCreated, map[string]string{"id": s.files.keep(file{name: given.Name, kind: given.Type, data: data})}, nil
}

func (s *Sandbox) attachmentInfo(c *call) (int, any, error) {
	f, ok := s.files.get(c.r.PathValue("attachment"))
	if !ok {
		return 0, nil, &connectorError{status: 404, code: "NotFound", text: "There is no such attachment."}
	}
	views := []map[string]any{{"viewId": "original", "size": len(f.data)}}
	return http.StatusOK, map[string]any{"name": f.name, "type": f.kind, "views": views}, nil
}

func (s *Sandbox) attachmentView(w http.ResponseWriter, r *http.Request) {
	if _, err := s.bot(r); err != nil {
		failConnector(w, err)
		return
	}
	f, ok := s.files.get(r.PathValue("attachment"))
	if view := r.PathValue("view"); !ok || view != "original" && view != "thumbnail" {
		failConnector(w, &connectorError{status: 404, code: "NotFound", text: "There is no such view."})
		return
	}
	serveFile(w, f)
}

// picture is the address of a picture in a message, which takes the connector token.
func (s *Sandbox) picture(id string) string {
	return strings.TrimSuffix(s.serviceURL(), "/") + "/v3/attachments/" + id + "/views/original"
}
