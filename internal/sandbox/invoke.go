package sandbox

import (
	"context"
	"encoding/json"
	"net/http"
	"path"
	"strings"
)

// The answers of a card's action that ask for a sign-in.
const (
	loginRequest       = "application/vnd.microsoft.activity.loginRequest"
	preconditionFailed = "application/vnd.microsoft.error.preconditionFailed"
)

const consentCard = "application/vnd.microsoft.teams.card.file.consent"

// wanted is an invoke that a person causes.
type wanted struct {
	name      string
	value     map[string]any
	messageID string // the card or message concerned; may be empty
	app       string // whose; may be empty when message or command tell it
}

// ask sends an invoke to the app it belongs to. When the app wants to know who the person is, it is told, as with single
// sign-on.
func (s *Sandbox) ask(ctx context.Context, at scene, w wanted) (answer, error) {
	m, known := s.world.message(at.chat, w.messageID)
	if w.messageID != "" && !known {
		return answer{}, errNoSuch
	}
	app := s.concerned(at, w, m)
	a := s.activity(app, at, "invoke")
	if known {
		a = s.about(app, at, m, "invoke")
	}
	a["value"] = w.value
	if w.name != "" { // buttons of the old cards invoke without a name
		a["name"] = w.name
	}
	if known {
		a["replyToId"] = w.messageID
		s.complete(at, w, m)
	}
	result := s.invoke(ctx, app, a)
	if strings.HasPrefix(w.name, "composeExtension/") && result.Problem == "" {
		s.setLastExtension(at.who.Key, app.Key)
	}
	if request := signInRequest(w.name, result); request != nil {
		result = s.askSignedIn(ctx, app, at, a, w, *request, result)
	}
	return result, nil
}

// concerned finds the app of an invoke: the one named, that of the command, of the message, of the last extension, one
// that is installed there, or else the first.
func (s *Sandbox) concerned(at scene, w wanted, m message) *App {
	command, _ := w.value["commandId"].(string)
	for i := range s.cfg.Apps {
		if a := &s.cfg.Apps[i]; w.app == a.Key || w.app == "" && command != "" && a.has(command) {
			return a
		}
	}
	keys := []string{m.app()}
	if strings.HasPrefix(w.name, "composeExtension/") {
		keys = []string{s.lastExtension(at.who.Key)}
	}
	keys = append(keys, s.world.installed(at.chat)...)
	for _, key := range keys {
		if app := s.app(key); app != nil {
			return app
		}
	}
	return &s.cfg.Apps[0]
}

func (s *Sandbox) lastExtension(who string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.extensions[who]
}

func (s *Sandbox) setLastExtension(who, app string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.extensions[who] = app
}

// complete adds to an invoke what only the client knows: the message an action was begun on, and where an agreed file goes.
func (s *Sandbox) complete(at scene, w wanted, m message) {
	switch {
	case w.value == nil:
	case w.name == "composeExtension/fetchTask" || w.name == "composeExtension/submitAction":
		if w.value["messagePayload"] == nil {
			w.value["messagePayload"] = s.payload(at, m)
		}
	case w.name == "fileConsent/invoke" && w.value["action"] == "accept":
		w.value["uploadInfo"] = s.uploadInfo(m)
	}
}

// payload is a message as an action on it gets it.
func (s *Sandbox) payload(at scene, m message) map[string]any {
	from := map[string]any{"application": map[string]any{"displayName": m.Name}}
	if p := s.world.person(m.From); p != nil {
		from = map[string]any{"user": map[string]any{"userIdentityType": "aadUser", "id": p.ObjectID, "displayName": p.Name}}
	}
	return map[string]any{
		"id": m.ID, "createdDateTime": m.Time, "subject": nil, "importance": "normal", "locale": strings.ToLower(at.locale),
		"body": map[string]any{"contentType": "text", "content": m.Text}, "from": from,
		"reactions": []any{}, "mentions": []any{}, "attachments": []any{},
	}
}

// uploadInfo opens the upload of a file that a person agreed to.
func (s *Sandbox) uploadInfo(m message) map[string]any {
	name, size := "file", int64(0)
	for _, raw := range m.Attachments {
		var card struct {
			ContentType string
			Name        string
			Content     struct{ SizeInBytes int64 }
		}
		if json.Unmarshal(raw, &card) == nil && card.ContentType == consentCard {
			name, size = orElse(card.Name, name), card.Content.SizeInBytes
		}
	}
	id := s.files.keep(file{name: name, size: size, upload: true})
	return map[string]any{"contentUrl": s.fileURL(id), "name": name, "uploadUrl": s.base + "/upload/" + id, "uniqueId": id,
		"fileType": strings.TrimPrefix(path.Ext(name), ".")}
}

// exchange names a token an app wants.
type exchange struct {
	ID         string `json:"id"`
	Connection string `json:"-"`
}

// signInRequest tells whether an answer asks for a sign-in that Teams tries silently first.
func signInRequest(name string, a answer) *exchange {
	var body struct {
		Type  string
		Value struct {
			ConnectionName        string
			TokenExchangeResource *exchange
		}
		ComposeExtension struct{ Type string }
	}
	if json.Unmarshal(a.Body, &body) != nil {
		return nil
	}
	switch {
	case (name == "composeExtension/query" || name == "composeExtension/queryLink") && body.ComposeExtension.Type == "silentAuth":
		return &exchange{ID: newGUID()}
	case name == "adaptiveCard/action" && body.Type == loginRequest && body.Value.TokenExchangeResource != nil:
		return &exchange{ID: body.Value.TokenExchangeResource.ID, Connection: body.Value.ConnectionName}
	}
	return nil
}

// askSignedIn repeats an invoke with a token of the person. When the app cannot use it, the first answer stands, and with it
// the button to sign in.
func (s *Sandbox) askSignedIn(ctx context.Context, app *App, at scene, a activity, w wanted, request exchange, first answer) answer {
	token, err := s.login.personToken(app, at.who)
	if err != nil || w.value["authentication"] != nil || w.value["state"] != nil {
		return first
	}
	w.value["authentication"] = map[string]any{"id": request.ID, "connectionName": request.Connection, "token": token}
	a["id"] = "f:" + newGUID()
	second := s.invoke(ctx, app, a)
	delete(w.value, "authentication")
	if second.Status == http.StatusPreconditionFailed || second.Problem != "" || strings.Contains(string(second.Body), preconditionFailed) ||
		signInRequest(w.name, second) != nil {
		return first
	}
	return second
}

// signInSilently offers the person's token when a bot shows a sign-in card in the personal chat.
func (s *Sandbox) signInSilently(app *App, c *chat, m message) {
	who := s.world.person(c.who)
	if c.kind != personal || who == nil {
		return
	}
	for _, raw := range m.Attachments {
		var card struct {
			ContentType string
			Content     struct {
				ConnectionName        string
				TokenExchangeResource *exchange
			}
		}
		if json.Unmarshal(raw, &card) == nil && card.ContentType == oauthCard && card.Content.TokenExchangeResource != nil {
			at := scene{who: who, chat: c, locale: who.Locale}
			id, connection := card.Content.TokenExchangeResource.ID, card.Content.ConnectionName
			s.background(func(ctx context.Context) { s.offerToken(ctx, app, at, m.ID, id, connection) })
		}
	}
}

func (s *Sandbox) offerToken(ctx context.Context, app *App, at scene, messageID, id, connection string) {
	token, err := s.login.personToken(app, at.who)
	if err != nil {
		s.log.Error("a single sign-on token could not be signed", "err", err)
		return
	}
	a := s.activity(app, at, "invoke")
	a["name"], a["replyToId"] = "signin/tokenExchange", messageID
	a["value"] = map[string]any{"id": id, "connectionName": connection, "token": token}
	s.invoke(ctx, app, a)
}
