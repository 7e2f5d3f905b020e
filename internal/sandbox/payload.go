package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"mime"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
)

// shownFile is an attachment as messages hold it.
type shownFile struct {
	ContentType  string          `json:"contentType"`
	Name         string          `json:"name,omitempty"`
	ContentURL   string          `json:"contentUrl,omitempty"`
	ThumbnailURL string          `json:"thumbnailUrl,omitempty"`
	Content      json.RawMessage `json:"content,omitempty"`
	// WebURL is where SharePoint has an attached file; the page itself shows ContentURL.
	WebURL string `json:"webUrl,omitempty"`
}

// payload is a message as an action on it gets it: its text as HTML, pasted pictures in that by their address in Graph,
// files and cards beside it (messagePayload of composeExtension/fetchTask).
func (s *Sandbox) payload(at scene, m message) map[string]any {
	body, mentions := s.richText(m)
	attachments := []any{}
	for i, raw := range m.Attachments {
		var f shownFile
		if json.Unmarshal(raw, &f) != nil {
			continue
		}
		if strings.HasPrefix(f.ContentType, "image/") {
			body += `<p><img alt="` + html.EscapeString(orElse(f.Name, "image")) + `" src="` + html.EscapeString(s.pictureInBody(at.chat, m, i, f)) + `" itemid="` + itoa(i) + `"></p>`
			continue
		}
		id := stableGUID("attachment", m.ID, itoa(i))
		body += `<attachment id="` + id + `"></attachment>`
		attachments = append(attachments, map[string]any{"id": id, "contentType": f.ContentType, "contentUrl": orNull(orElse(f.WebURL, f.ContentURL)), "name": orNull(f.Name),
			"content": orNull(string(f.Content)), "thumbnailUrl": orNull(f.ThumbnailURL)})
	}
	return map[string]any{
		"id": m.ID, "replyToId": orNull(m.Thread), "createdDateTime": m.Time, "lastModifiedDateTime": nil, "deleted": m.Deleted,
		"subject": nil, "summary": nil, "importance": "normal", "locale": strings.ToLower(at.locale),
		"linkToMessage": "https://teams.microsoft.com/l/message/" + url.PathEscape(at.chat.id) + "/" + m.ID,
		"body":          map[string]any{"contentType": "html", "content": "<div>" + body + "</div>"},
		"from":          s.sender(m), "reactions": []any{}, "mentions": mentions, "attachments": attachments,
	}
}

// richText is the text of a message as HTML, and who is mentioned in it.
func (s *Sandbox) richText(m message) (string, []any) {
	text, mentions := strings.ReplaceAll(html.EscapeString(m.Text), "\n", "<br>"), []any{}
	app := s.app(m.to)
	if app == nil {
		return text, mentions
	}
	mark := "<at>" + app.Name + "</at>"
	if !strings.Contains(m.Text, mark) {
		return text, mentions
	}
	text = strings.Replace(text, html.EscapeString(mark), `<at id="0">`+html.EscapeString(app.Name)+`</at>`, 1)
	return text, append(mentions, map[string]any{"id": 0, "mentionText": app.Name, "mentioned": map[string]any{
		"application": map[string]any{"applicationIdentityType": "bot", "id": app.ID, "displayName": app.Name}}})
}

func (s *Sandbox) sender(m message) map[string]any {
	if p := s.world.person(m.From); p != nil {
		return map[string]any{"user": map[string]any{"userIdentityType": "aadUser", "id": p.ObjectID, "displayName": p.Name}}
	}
	sender := map[string]any{"applicationIdentityType": "bot", "displayName": m.Name}
	if app := s.app(m.app()); app != nil {
		sender["id"] = app.ID
	}
	return map[string]any{"application": sender}
}

// pictureInBody is the address by which a message's HTML names a picture in it: hosted content of Graph, or where the bot
// that sent it keeps it.
func (s *Sandbox) pictureInBody(c *chat, m message, i int, f shownFile) string {
	if !strings.HasPrefix(f.ContentURL, s.fileURL("")) && !strings.HasPrefix(f.ContentURL, "data:") {
		return f.ContentURL
	}
	at := "/chats/" + url.PathEscape(s.graphChat(c)) + "/messages/" + m.ID
	if c.kind == channel {
		at = "/teams/" + c.team.group + "/channels/" + url.PathEscape(c.id) + "/messages/" + m.root()
		if m.Thread != "" {
			at += "/replies/" + m.ID
		}
	}
	return s.base + "/v1.0" + at + "/hostedContents/" + hostedID(i) + "/$value"
}

// graphChat is the id of a chat as Graph knows it: that of a personal chat with a bot is made of the two in it.
func (s *Sandbox) graphChat(c *chat) string {
	if c.kind != personal {
		return c.id
	}
	return "19:" + s.world.person(c.who).ObjectID + "_" + s.app(c.app).ID + "@unq.gbl.spaces"
}

// hostedID names the picture at a place of a message; it says nothing to a reader, as Graph's ids do not.
func hostedID(i int) string {
	return base64.RawURLEncoding.EncodeToString([]byte("id=" + itoa(i) + ",type=1"))
}

func hostedPlace(id string) int {
	raw, err := base64.RawURLEncoding.DecodeString(id)
	text, _ := strings.CutPrefix(string(raw), "id=")
	n, convErr := strconv.Atoi(strings.TrimSuffix(text, ",type=1"))
	if err != nil || convErr != nil {
		return -1
	}
	return n
}

// hostedRoutes serves the pictures in messages. Graph gives them to people who are in the conversation, through an app that
// they allowed to read it.
func (s *Sandbox) hostedRoutes(mux *http.ServeMux) {
	route := func(path string, handle func(*graphCall)) {
		mux.Handle("GET /v1.0"+path+"/hostedContents/{content}/$value", s.recorded(called(opGraph), s.troubled(opGraph, refuseGraph, s.graph(handle))))
	}
	route("/chats/{chat}/messages/{message}", func(c *graphCall) { s.graphHosted(c, c.r.PathValue("chat"), "Chat.Read", "Chat.ReadWrite") })
	inChannel := func(c *graphCall) {
		s.graphHosted(c, c.r.PathValue("channel"), "ChannelMessage.Read.All")
	}
	route("/teams/{team}/channels/{channel}/messages/{message}", inChannel)
	route("/teams/{team}/channels/{channel}/messages/{root}/replies/{message}", inChannel)
}

func (s *Sandbox) graphHosted(c *graphCall, id string, grants ...string) {
	if c.me == nil || !slices.ContainsFunc(grants, func(g string) bool { return slices.Contains(c.grants, g) }) {
		graphFail(c.w, http.StatusForbidden, "Forbidden", "Missing scope permissions on the request.")
		return
	}
	var f file
	at, ok := s.chatOfGraph(c.me, id)
	if ok {
		m, _ := s.world.message(at, c.r.PathValue("message"))
		f, ok = s.hosted(m, hostedPlace(c.r.PathValue("content")))
	}
	if !ok {
		graphFail(c.w, http.StatusNotFound, "NotFound", "The hosted content is not there.")
		return
	}
	serveFile(c.w, f)
}

// chatOfGraph finds a conversation that a person is in by its id in Graph.
func (s *Sandbox) chatOfGraph(who *person, id string) (*chat, bool) {
	for _, c := range s.world.chatsOf(who.Key) {
		if s.graphChat(c) == id {
			return c, true
		}
	}
	return nil, false
}

// hosted reads the picture at a place of a message.
func (s *Sandbox) hosted(m message, i int) (file, bool) {
	var f shownFile
	if i < 0 || i >= len(m.Attachments) || json.Unmarshal(m.Attachments[i], &f) != nil || !strings.HasPrefix(f.ContentType, "image/") {
		return file{}, false
	}
	if id, ours := strings.CutPrefix(f.ContentURL, s.fileURL("")); ours {
		return s.files.get(id)
	}
	_, encoded, embedded := strings.Cut(f.ContentURL, ";base64,")
	data, err := base64.StdEncoding.DecodeString(encoded)
	return file{kind: f.ContentType, data: data}, embedded && err == nil
}

// typeOf is the content type of a file by its name.
func typeOf(name string) string {
	return orElse(mime.TypeByExtension(path.Ext(name)), "application/octet-stream")
}
