package sandbox

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// connectorError is a refusal of the connector: {"error":{"code","message"}}.
type connectorError struct {
	status     int
	code, text string
	retryAfter int // seconds
}

func (e *connectorError) Error() string { return e.code + ": " + e.text }

// The refusals that more than one operation gives.
var (
	errNoConversation = &connectorError{status: 404, code: "ConversationNotFound", text: "Conversation not found."}
	errNoActivity     = &connectorError{status: 404, code: "ActivityNotFoundInConversation", text: "The activity is not in the conversation."}
	errNoMember       = &connectorError{status: 404, code: "MemberNotFoundInConversation", text: "The member is not in the conversation."}
	errNotInRoster    = &connectorError{status: 403, code: "BotNotInConversationRoster", text: "The bot is not part of the conversation roster."}
	errTooBig         = &connectorError{status: 413, code: "MessageSizeTooBig", text: "The message is larger than 100 KB."}
)

// call is a request of a bot that has shown who it is.
type call struct {
	app  *App
	chat *chat  // of the {conversation} in the path
	root string // of the thread in the path
	r    *http.Request
}

// operation carries out a call and gives the status and body of the answer.
type operation func(*call) (int, any, error)

// connectorRoutes is the table of contents of the Bot Connector.
func (s *Sandbox) connectorRoutes(mux *http.ServeMux) {
	const c = "/v3/conversations/{conversation}"
	route := func(method, path, op string, do operation) {
		mux.Handle(method+" /teams"+path, s.recorded(called(op), s.troubled(op, refuseConnector, s.connector(op, do))))
	}
	// Saying something.
	route("POST", "/v3/conversations", opSend, s.createConversation)
	route("POST", c+"/activities", opSend, s.sendActivity)
	route("POST", c+"/activities/{activity}", opSend, s.sendActivity)
	route("PUT", c+"/activities/{activity}", opUpdate, s.updateActivity)
	route("DELETE", c+"/activities/{activity}", opDelete, s.deleteActivity)
	// Who is there.
	route("GET", c+"/members", opMembers, s.allMembers)
	route("GET", c+"/members/{member}", opMembers, s.oneMember)
	route("GET", c+"/pagedmembers", opMembers, s.pagedMembers)
	route("GET", c+"/activities/{activity}/members", opMembers, s.allMembers)
	// Teams and meetings.
	route("GET", "/v3/teams/{team}", opConversations, s.teamDetails)
	route("GET", "/v3/teams/{team}/conversations", opConversations, s.teamChannels)
	route("GET", "/v1/meetings/{meeting}", opConversations, s.meetingDetails)
	route("GET", "/v1/meetings/{meeting}/participants/{member}", opConversations, s.meetingParticipant)
	// Attachments.
	route("POST", c+"/attachments", opFiles, s.uploadAttachment)
	route("GET", "/v3/attachments/{attachment}", opFiles, s.attachmentInfo)
	mux.Handle("GET /teams/v3/attachments/{attachment}/views/{view}",
		s.recorded(called(opFiles), s.troubled(opFiles, refuseConnector, http.HandlerFunc(s.attachmentView))))
}

// connector checks who calls and where, before an operation is carried out.
func (s *Sandbox) connector(op string, do operation) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := s.admit(r, op)
		if err != nil {
			failConnector(w, err)
			return
		}
		status, body, err := do(c)
		switch {
		case err != nil:
			failConnector(w, err)
		case body == nil:
			w.WriteHeader(status)
		default:
			writeJSON(w, status, body)
		}
	})
}

// admit checks the token, that the conversation exists, that the bot is in it and that it does not speak too fast.
func (s *Sandbox) admit(r *http.Request, op string) (*call, error) {
	app, err := s.bot(r)
	if err != nil {
		return nil, err
	}
	c := &call{app: app, r: r}
	id := r.PathValue("conversation")
	if id == "" {
		return c, nil
	}
	if c.chat, c.root = s.world.chatByID(id); c.chat == nil {
		return nil, errNoConversation
	}
	if _, known := s.world.message(c.chat, c.root); c.root != "" && !known {
		return nil, errNoConversation
	}
	if !s.world.hasBot(c.chat, app.Key) {
		return nil, errNotInRoster
	}
	if wait, ok := s.faults.allow(app.ID, id, op); !ok {
		return nil, &connectorError{status: 429, code: "Throttled", text: "Too many requests.", retryAfter: int(wait.Seconds()) + 1}
	}
	return c, nil
}

// bot checks a token for the connector and tells whose it is.
func (s *Sandbox) bot(r *http.Request) (*App, error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return nil, &connectorError{status: 401, code: "Unauthorized", text: "A bearer token is missing."}
	}
	claims, err := s.entra.verify(token, botAudience)
	id, _ := claims["appid"].(string)
	app := s.appByID(id)
	if err != nil || app == nil {
		return nil, &connectorError{status: 401, code: "Unauthorized", text: "The token is not valid for the Bot Connector."}
	}
	return app, nil
}

func failConnector(w http.ResponseWriter, err error) {
	var fail *connectorError
	if !errors.As(err, &fail) {
		fail = &connectorError{status: 500, code: "ServiceError", text: err.Error()}
	}
	if fail.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(fail.retryAfter))
	}
	writeJSON(w, fail.status, map[string]any{"error": map[string]string{"code": fail.code, "message": fail.text}})
}

// refuseConnector answers with trouble that was asked for.
func refuseConnector(w http.ResponseWriter, status int, code string) {
	codes := map[int]string{403: "BotNotInConversationRoster", 404: "ConversationNotFound", 412: "PreconditionFailed",
		413: "MessageSizeTooBig", 429: "Throttled", 401: "Unauthorized", 400: "BadArgument"}
	failConnector(w, &connectorError{status: status, code: orElse(orElse(code, codes[status]), "ServiceError"), text: "The sandbox was asked for this."})
}

// account is a member of a roster. The object id has two names on the wire: objectId in lists, aadObjectId elsewhere.
type account struct {
	ID                string `json:"id"`
	Name              string `json:"name"`
	GivenName         string `json:"givenName"`
	Surname           string `json:"surname"`
	Email             string `json:"email"`
	UserPrincipalName string `json:"userPrincipalName"`
	TenantID          string `json:"tenantId"`
	UserRole          string `json:"userRole"` // user, owner, guest
	ObjectID          string `json:"objectId,omitempty"`
	AadObjectID       string `json:"aadObjectId,omitempty"`
}

func (s *Sandbox) account(p *person, role string) account {
	if role == memberRole {
		role = "user"
	}
	return account{ID: p.UserID, Name: p.Name, GivenName: p.Given, Surname: p.Surname, Email: p.Mail, UserPrincipalName: p.UPN,
		TenantID: s.cfg.Tenant, UserRole: role, AadObjectID: p.ObjectID}
}

func (s *Sandbox) accounts(c *chat) []account {
	list := []account{}
	people, roles := s.world.members(c)
	for i, p := range people {
		list = append(list, s.account(p, roles[i]))
	}
	return list
}

func (s *Sandbox) allMembers(c *call) (int, any, error) {
	list := s.accounts(c.chat)
	for i := range list {
		list[i].ObjectID, list[i].AadObjectID = list[i].AadObjectID, ""
	}
	return http.StatusOK, list, nil
}

func (s *Sandbox) oneMember(c *call) (int, any, error) {
	p := s.world.personByID(c.r.PathValue("member"))
	if p == nil {
		return 0, nil, errNoMember
	}
	role := s.world.role(c.chat, p.Key)
	if role == "" {
		return 0, nil, errNoMember
	}
	return http.StatusOK, s.account(p, role), nil
}

// memberPage is a page of a roster; the last has no token.
type memberPage struct {
	Members           []account `json:"members"`
	ContinuationToken string    `json:"continuationToken,omitempty"`
}

// pagedMembers gives 50 to 500 members at a time, 200 when nothing is asked for.
func (s *Sandbox) pagedMembers(c *call) (int, any, error) {
	size, err := strconv.Atoi(orElse(c.r.URL.Query().Get("pageSize"), "200"))
	from, ok := pageStart(c.r.URL.Query().Get("continuationToken"))
	list := s.accounts(c.chat)
	if err != nil || !ok || from > len(list) {
		return 0, nil, &connectorError{status: 400, code: "BadArgument", text: "pageSize or continuationToken cannot be read."}
	}
	size = min(max(size, 50), 500)
	page := memberPage{Members: list[from:min(from+size, len(list))]}
	if from+size < len(list) {
		page.ContinuationToken = "p." + strconv.Itoa(from+size)
	}
	return http.StatusOK, page, nil
}

func pageStart(token string) (int, bool) {
	if token == "" {
		return 0, true
	}
	n, err := strconv.Atoi(strings.TrimPrefix(token, "p."))
	return n, err == nil && n >= 0
}

// atTeam checks that the path names the team and that the bot is in it.
func (s *Sandbox) atTeam(c *call) (*chat, error) {
	general, _ := s.world.chatByID(c.r.PathValue("team"))
	switch {
	case general == nil || general.team == nil || general.id != general.team.id:
		return nil, &connectorError{status: 404, code: "NotFound", text: "There is no such team."}
	case !s.world.hasBot(general, c.app.Key):
		return nil, errNotInRoster
	}
	return general, nil
}

func (s *Sandbox) teamDetails(c *call) (int, any, error) {
	general, err := s.atTeam(c)
	if err != nil {
		return 0, nil, err
	}
	team := general.team
	return http.StatusOK, map[string]any{"id": team.id, "name": team.name, "aadGroupId": team.group, "type": "standard",
		"tenantId": s.cfg.Tenant, "channelCount": len(s.world.channels(team)), "memberCount": len(s.accounts(general))}, nil
}

// teamChannels lists the channels. General has no name there, and the id of the team.
func (s *Sandbox) teamChannels(c *call) (int, any, error) {
	general, err := s.atTeam(c)
	if err != nil {
		return 0, nil, err
	}
	list := []map[string]any{}
	for _, ch := range s.world.channels(general.team) {
		item := map[string]any{"id": ch.id, "name": ch.name, "type": "standard"}
		if ch == general {
			item["name"] = nil
		}
		list = append(list, item)
	}
	return http.StatusOK, map[string]any{"conversations": list}, nil
}

// meetingID is the one meeting: it belongs to the group chat.
const meetingID = "m1"

func (s *Sandbox) atMeeting(c *call) (*chat, error) {
	group := s.world.chatByKey("group", "")
	switch {
	case c.r.PathValue("meeting") != meetingID:
		return nil, &connectorError{status: 404, code: "NotFound", text: "There is no such meeting."}
	case !s.world.hasBot(group, c.app.Key):
		return nil, errNotInRoster
	}
	return group, nil
}

func (s *Sandbox) meetingDetails(c *call) (int, any, error) {
	group, err := s.atMeeting(c)
	if err != nil {
		return 0, nil, err
	}
	host := s.world.person("ana")
	return http.StatusOK, map[string]any{
		"details":      map[string]any{"id": meetingID, "title": group.name, "type": "Scheduled", "joinUrl": s.base + "/"},
		"conversation": map[string]any{"id": group.id, "isGroup": true, "conversationType": groupChat},
		"organizer":    map[string]any{"id": host.UserID, "aadObjectId": host.ObjectID, "tenantId": s.cfg.Tenant},
	}, nil
}

func (s *Sandbox) meetingParticipant(c *call) (int, any, error) {
	group, err := s.atMeeting(c)
	if err != nil {
		return 0, nil, err
	}
	people, roles := s.world.members(group)
	i := slices.IndexFunc(people, func(p *person) bool { return p.is(c.r.PathValue("member")) })
	if i < 0 {
		return 0, nil, errNoMember
	}
	role := "Presenter"
	if people[i].Key == "ana" {
		role = "Organizer"
	}
	return http.StatusOK, map[string]any{
		"user":         s.account(people[i], roles[i]),
		"meeting":      map[string]any{"role": role, "inMeeting": false},
		"conversation": map[string]any{"id": group.id, "isGroup": true},
	}, nil
}
