package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"html"
	"path"
	"strings"
)

// activity is what Teams sends a bot, in the making.
type activity map[string]any

// errNoSuch says that a person, conversation, message or app of a request is not there.
var errNoSuch = errors.New("no such person, conversation, message or app")

// scene is where something happens: who does it, in which conversation and thread, in which language.
type scene struct {
	who    *person
	chat   *chat
	thread string // root of a channel's thread; empty elsewhere
	locale string
}

// scene finds the place of a request of the page. The person must belong to the conversation.
func (s *Sandbox) scene(as, conversation, thread, locale string) (scene, error) {
	at := scene{who: s.world.person(as), chat: s.world.chat(as, conversation), locale: locale}
	if at.who == nil || at.chat == nil {
		return scene{}, errNoSuch
	}
	at.locale = orElse(locale, at.who.Locale)
	if at.chat.kind != channel || thread == "" {
		return at, nil
	}
	root, ok := s.world.message(at.chat, thread)
	if !ok {
		return scene{}, errNoSuch
	}
	at.thread = root.root()
	return at, nil
}

// activity begins what an app hears of a scene: the envelope that all kinds share.
func (s *Sandbox) activity(app *App, at scene, kind string) activity {
	now := s.cfg.Clock.Now()
	return activity{
		"type":           kind,
		"id":             "f:" + newGUID(),
		"timestamp":      now.UTC().Format("2006-01-02T15:04:05.0000000Z"),
		"localTimestamp": now.In(at.who.location()).Format("2006-01-02T15:04:05.0000000-07:00"),
		"localTimezone":  at.who.Zone,
		"locale":         at.locale,
		"channelId":      "msteams",
		"serviceUrl":     s.serviceURL(),
		"from":           map[string]any{"id": at.who.UserID, "name": at.who.Name, "aadObjectId": at.who.ObjectID},
		"recipient":      map[string]any{"id": "28:" + app.ID, "name": app.Name},
		"conversation":   s.conversation(at.chat, at.thread),
		"channelData":    s.channelData(at.chat),
		"entities": []any{map[string]any{"type": "clientInfo", "locale": at.locale, "country": at.who.Country, "platform": "Web",
			"timezone": at.who.Zone}},
	}
}

func (s *Sandbox) conversation(c *chat, thread string) map[string]any {
	about := map[string]any{"id": c.id, "conversationType": c.kind, "tenantId": s.cfg.Tenant}
	if c.kind != personal {
		about["isGroup"], about["name"] = true, c.name
	}
	if thread != "" {
		about["id"] = c.id + ";messageid=" + thread
	}
	return about
}

// channelData holds the ids that count; the General channel's id is the team's.
func (s *Sandbox) channelData(c *chat) map[string]any {
	data := map[string]any{"tenant": map[string]any{"id": s.cfg.Tenant}}
	if c.kind == channel {
		data["team"] = map[string]any{"id": c.team.id, "aadGroupId": c.team.group, "name": c.team.name}
		data["channel"] = map[string]any{"id": c.id}
	}
	return data
}

// typed is what a person writes.
type typed struct {
	text    string
	mention bool
	app     string // who is mentioned where there is more than one app
	files   []givenFile
}

// givenFile is a file or picture that a person adds.
type givenFile struct {
	Name        string `json:"name"`
	ContentType string `json:"contentType"`
	Base64      string `json:"base64"`
	// Attached is a file put beside the message; otherwise a picture was pasted into it.
	Attached bool `json:"attached"`
}

// write puts a message into a conversation. The app hears of it in its personal chat and where it is mentioned.
func (s *Sandbox) write(at scene, t typed) (string, error) {
	shown, heard, err := s.hand(at.chat, t.files)
	if err != nil {
		return "", err
	}
	s.shelve(at, t.files, shown)
	app := s.addressed(at, t)
	m := message{From: at.who.Key, Name: at.who.Name, Text: t.text, TextFormat: "plain", Attachments: shown, Thread: at.thread}
	if app != nil {
		m.to, m.Text = app.Key, app.mentioned(at.chat, t.text)
	}
	m = s.world.say(at.chat, m)
	if app != nil {
		s.tell(app, s.spoken(app, at, m, t.text, heard))
	}
	return m.ID, nil
}

// mentioned puts the mention before a text where people need one to reach the app.
func (a *App) mentioned(c *chat, text string) string {
	if c.kind == personal {
		return text
	}
	return "<at>" + a.Name + "</at> " + text
}

// addressed tells which app hears a message.
func (s *Sandbox) addressed(at scene, t typed) *App {
	if at.chat.kind != personal && !t.mention {
		return nil
	}
	keys := s.world.installed(at.chat)
	for _, key := range keys {
		if t.app == "" || key == t.app {
			return s.app(key)
		}
	}
	return nil
}

// spoken makes the activity of a message. Outside the personal chat it is a mention: text, an entity, and once more in the
// HTML form of the text.
func (s *Sandbox) spoken(app *App, at scene, m message, text string, files []any) activity {
	a := s.about(app, at, m, "message")
	a["id"], a["text"], a["textFormat"] = m.ID, text, "plain"
	if at.chat.kind != personal {
		a["text"] = app.mentioned(at.chat, text) + "\n"
		a["entities"] = append(a["entities"].([]any), map[string]any{"type": "mention", "text": "<at>" + app.Name + "</at>",
			"mentioned": map[string]any{"id": "28:" + app.ID, "name": app.Name}})
		rich := `<p><span itemtype="http://schema.skype.com/Mention" itemscope="" itemid="0">` + html.EscapeString(app.Name) +
			`</span>&nbsp;` + html.EscapeString(text) + `</p>`
		files = append(files, map[string]any{"contentType": "text/html", "content": rich})
	}
	if len(files) > 0 {
		a["attachments"] = files
	}
	return a
}

// maxGiven bounds the files of one message, as Teams does.
const maxGiven = 10

// hand takes files into the sandbox. A bot gets pasted pictures everywhere, attached files in its personal chat only.
func (s *Sandbox) hand(c *chat, files []givenFile) (shown []json.RawMessage, heard []any, err error) {
	if len(files) > maxGiven {
		return nil, nil, errors.New("too many files for one message")
	}
	for _, f := range files {
		data, err := base64.StdEncoding.DecodeString(f.Base64)
		if err != nil || len(data) > maxFile {
			return nil, nil, errors.New("a file cannot be read or is too large")
		}
		id := s.files.keep(file{name: f.Name, kind: f.ContentType, data: data})
		if f.pasted() {
			heard = append(heard, map[string]any{"contentType": f.ContentType, "contentUrl": s.picture(id), "name": f.Name})
		} else if c.kind == personal {
			heard = append(heard, s.downloadInfo(id, f.Name))
		}
		raw, _ := json.Marshal(s.shown(id, f)) // made of strings
		shown = append(shown, raw)
	}
	return shown, heard, nil
}

// pasted tells a picture in the text from a file beside it.
func (f givenFile) pasted() bool { return strings.HasPrefix(f.ContentType, "image/") && !f.Attached }

// shown is what the timeline holds of a file: the picture itself, or a reference to the file.
func (s *Sandbox) shown(id string, f givenFile) shownFile {
	if f.pasted() {
		return shownFile{ContentType: f.ContentType, Name: f.Name, ContentURL: s.fileURL(id)}
	}
	shown := shownFile{ContentType: "reference", Name: f.Name, ContentURL: s.fileURL(id)}
	if strings.HasPrefix(f.ContentType, "image/") {
		shown.ThumbnailURL = s.fileURL(id)
	}
	return shown
}

func (s *Sandbox) fileURL(id string) string { return s.base + "/files/" + id }

// downloadInfo is the attachment by which Teams hands a file to a bot in its personal chat.
func (s *Sandbox) downloadInfo(id, name string) map[string]any {
	return map[string]any{
		"contentType": "application/vnd.microsoft.teams.file.download.info", "name": name, "contentUrl": s.fileURL(id),
		"content": map[string]any{"downloadUrl": s.fileURL(id), "uniqueId": id, "fileType": strings.TrimPrefix(path.Ext(name), ".")},
	}
}

// submitCard sends what a card's Action.Submit holds: a message without text, visible to the app alone.
func (s *Sandbox) submitCard(at scene, messageID string, value json.RawMessage) error {
	m, ok := s.world.message(at.chat, messageID)
	app := s.app(m.app())
	if !ok || app == nil {
		return errNoSuch
	}
	a := s.about(app, at, m, "message")
	a["id"], a["value"], a["replyToId"] = s.world.newID(), value, messageID
	s.tell(app, a)
	return nil
}

// insert sends a card that a message extension made. Apps do not hear of it.
func (s *Sandbox) insert(at scene, card json.RawMessage, text string) string {
	return s.world.say(at.chat, message{From: at.who.Key, Name: at.who.Name, Text: text, TextFormat: "plain", Thread: at.thread,
		Attachments: []json.RawMessage{card}, Via: s.lastExtension(at.who.Key)}).ID
}

// react says what a person thinks of a message; the app hears of it when the message is its own.
func (s *Sandbox) react(at scene, messageID, kind string, remove bool) error {
	var m message
	mine := reaction{From: at.who.Key, Type: kind}
	found := s.world.change(at.chat, messageID, func(it *message) {
		var kept []reaction
		for _, r := range it.Reactions {
			if r != mine {
				kept = append(kept, r)
			}
		}
		if !remove {
			kept = append(kept, mine)
		}
		it.Reactions = kept
		m = *it
	})
	if !found {
		return errNoSuch
	}
	if app := s.app(strings.TrimPrefix(m.From, "bot:")); app != nil && s.world.hasBot(at.chat, app.Key) {
		a, field := s.about(app, at, m, "messageReaction"), "reactionsAdded"
		if remove {
			field = "reactionsRemoved"
		}
		a["replyToId"], a[field] = messageID, []any{map[string]any{"type": kind}}
		s.tell(app, a)
	}
	return nil
}

// about begins an activity that concerns a message, in its thread.
func (s *Sandbox) about(app *App, at scene, m message, kind string) activity {
	if at.chat.kind == channel {
		at.thread = m.root()
	}
	return s.activity(app, at, kind)
}

// rewrite edits or deletes a person's own message; the app that was addressed hears of it.
func (s *Sandbox) rewrite(at scene, messageID, text string, remove bool) error {
	m, ok := s.world.message(at.chat, messageID)
	if !ok || m.Deleted || m.From != at.who.Key {
		return errNoSuch
	}
	app := s.app(m.to)
	s.world.change(at.chat, messageID, func(it *message) {
		switch {
		case remove:
			erase(it)
		case app != nil:
			it.Text, it.Edited = app.mentioned(at.chat, text), true
		default:
			it.Text, it.Edited = text, true
		}
	})
	if app != nil {
		s.tell(app, s.rewritten(app, at, m, text, remove))
	}
	return nil
}

// rewritten makes the activity of a changed or deleted message; it keeps the message's id.
func (s *Sandbox) rewritten(app *App, at scene, m message, text string, remove bool) activity {
	a, event := s.spoken(app, at, m, text, nil), "editMessage"
	a["type"] = "messageUpdate"
	if remove {
		a, event = s.about(app, at, m, "messageDelete"), "softDeleteMessage"
		a["id"] = m.ID
	}
	a["channelData"].(map[string]any)["eventType"] = event
	return a
}
