package sandbox

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The kinds of conversations, by the name activities give them.
const (
	personal  = "personal"
	groupChat = "groupChat"
	channel   = "channel"
)

// The roles in a roster.
const (
	ownerRole  = "owner"
	memberRole = "member"
	guestRole  = "guest"
)

// maxMessages bounds what a conversation remembers.
const maxMessages = 500

// world is the state of the organisation: who is where, what was said, which apps are installed. It is safe for concurrent
// use; what its methods return are copies.
type world struct {
	now    func() time.Time
	tenant string
	people []*person
	apps   []App
	crowd  int

	mu     sync.Mutex
	chats  []*chat
	teams  []*team // the first is the one that apps are installed in from the start
	lastID int64
	stream stream
	log    []entry
}

// roster is who belongs to a conversation; the channels of a team share one.
type roster struct {
	roles map[string]string // person → role
	apps  map[string]bool   // app → installed
}

// team is a team with its channels. The id is that of its General channel.
type team struct {
	id, group, name string
	drive           string // the library of its site, as drives know it
	*roster
}

// chat is a conversation. Its names and ids never change.
type chat struct {
	key  string // names it in the page API, for one person
	id   string // names it in activities, without a thread
	kind string
	name string
	app  string // whose personal chat it is
	who  string // with whom
	team *team  // of a channel

	*roster
	opened   bool // a personal chat that the bot itself opened
	messages []*message
}

// message is one thing said. The bot's attachments and extras stay as it sent them.
type message struct {
	ID          string            `json:"id"`
	From        string            `json:"from"` // person, or "bot:" and the app
	Name        string            `json:"name"`
	Time        time.Time         `json:"time"`
	Text        string            `json:"text"`
	TextFormat  string            `json:"textFormat"`
	Attachments []json.RawMessage `json:"attachments"`
	Layout      string            `json:"attachmentLayout,omitempty"`
	Suggested   json.RawMessage   `json:"suggestedActions,omitempty"`
	Entities    []json.RawMessage `json:"entities,omitempty"`
	Summary     string            `json:"summary,omitempty"` // what a list of conversations says of it
	Reactions   []reaction        `json:"reactions,omitempty"`
	Edited      bool              `json:"edited"`
	Thread      string            `json:"thread"` // the root's id in a channel; empty elsewhere and for roots
	Deleted     bool              `json:"deleted"`
	Via         string            `json:"via,omitempty"`      // the app whose extension made the card
	SignIn      string            `json:"signIn,omitempty"`   // how far a sign-in card has come; empty shows its button
	Answered    string            `json:"answered,omitempty"` // what was said to a file: accept, decline
	to          string            // the app that was addressed
}

// app tells which app stands behind a message; empty when none.
func (m message) app() string {
	if key, ok := strings.CutPrefix(m.From, "bot:"); ok {
		return key
	}
	return m.Via
}

// root is the id of the thread a message belongs to in a channel.
func (m message) root() string { return orElse(m.Thread, m.ID) }

// reaction is what a person thinks of a message.
type reaction struct {
	From string `json:"from"`
	Type string `json:"type"`
}

func newWorld(cfg Config) *world {
	w := &world{now: cfg.Clock.Now, tenant: cfg.Tenant, apps: cfg.Apps, crowd: cfg.Crowd, people: append(cast(), crowd(cfg.Crowd)...)}
	w.reset()
	return w
}

// reset makes the world as it was at the start: nothing said, nothing installed. Ids stay the same.
func (w *world) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	sales := newTeam("Contoso Sales", teamDrive, "ana")
	for _, p := range w.people {
		if sales.roles[p.Key] = orElse(sales.roles[p.Key], memberRole); p.Guest {
			sales.roles[p.Key] = guestRole
		}
	}
	logistics, press := newTeam("Contoso Logistics", "logistics", "ana", "ben"), newTeam("Contoso Press", "press", "ben", "ana")
	w.teams = []*team{sales, logistics, press}
	harbour := newRoster()
	harbour.roles["ana"], harbour.roles["ben"] = memberRole, memberRole
	w.chats = []*chat{
		{key: "group", id: threadID("Harbour project", "thread.v2"), kind: groupChat, name: "Harbour project", roster: harbour},
		sales.general("general"), sales.channel("leads", "Leads"),
		logistics.general("logistics"), logistics.channel("drivers", "Drivers"),
		press.general("press"), press.channel("events", "Events"),
	}
	for _, a := range w.apps {
		for _, p := range w.people {
			w.chats = append(w.chats, newPersonal(w.tenant, a, p))
		}
	}
	w.publish(event{Type: "world"}, everyone)
}

// newTeam makes a team of an owner and members.
func newTeam(name, drive, owner string, members ...string) *team {
	t := &team{id: threadID(name, "thread.tacv2"), group: stableGUID("group", name), name: name, drive: drive, roster: newRoster()}
	t.roles[owner] = ownerRole
	for _, who := range members {
		t.roles[who] = memberRole
	}
	return t
}

// general is the channel that every team has.
func (t *team) general(key string) *chat {
	return &chat{key: key, id: t.id, kind: channel, name: "General", team: t, roster: t.roster}
}

func (t *team) channel(key, name string) *chat {
	return &chat{key: key, id: threadID(name, "thread.tacv2"), kind: channel, name: name, team: t, roster: t.roster}
}

func newPersonal(tenant string, a App, p *person) *chat {
	r := newRoster()
	r.roles[p.Key] = memberRole
	return &chat{key: "personal-" + a.Key, id: "a:1" + stableText(tenant, a.ID, p.Key), kind: personal, name: a.Name, app: a.Key, who: p.Key, roster: r}
}

func newRoster() *roster { return &roster{roles: map[string]string{}, apps: map[string]bool{}} }

func threadID(name, domain string) string { return "19:" + stableHex("thread", name) + "@" + domain }

// everybody lists the people of the cast, without the crowd.
func (w *world) everybody() []*person { return w.people[:len(w.people)-w.crowd] }

func (w *world) person(key string) *person {
	return w.find(func(p *person) bool { return p.Key == key })
}

func (w *world) personByObjectID(id string) *person {
	return w.find(func(p *person) bool { return strings.EqualFold(p.ObjectID, id) })
}

// personByID finds a person by any id that names one: 29:…, object id, user principal name.
func (w *world) personByID(id string) *person {
	return w.find(func(p *person) bool { return p.is(id) })
}

func (w *world) find(match func(*person) bool) *person {
	if i := slices.IndexFunc(w.people, match); i >= 0 {
		return w.people[i]
	}
	return nil
}

// chat finds a conversation as a person sees it; they must belong to it.
func (w *world) chat(as, key string) *chat {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.chats {
		if c.key == key && (c.kind != personal || c.who == as) && c.roles[as] != "" {
			return c
		}
	}
	return nil
}

// chatByKey finds a conversation whoever asks; a personal one by whose it is.
func (w *world) chatByKey(key, who string) *chat {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.chats {
		if c.key == key && (c.kind != personal || c.who == who) {
			return c
		}
	}
	return nil
}

// chatByID finds a conversation by its id in activities; a thread's id finds its channel and gives the root.
func (w *world) chatByID(id string) (*chat, string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	id, root, _ := strings.Cut(id, ";messageid=")
	for _, c := range w.chats {
		if c.id == id {
			return c, root
		}
	}
	return nil, ""
}

// chatsOf lists the conversations a person sees: their personal chats first.
func (w *world) chatsOf(who string) []*chat {
	w.mu.Lock()
	defer w.mu.Unlock()
	var own, shared []*chat
	for _, c := range w.chats {
		switch {
		case c.kind == personal && c.who == who:
			own = append(own, c)
		case c.kind != personal && c.roles[who] != "":
			shared = append(shared, c)
		}
	}
	return append(own, shared...)
}

// members lists who belongs to a conversation, in the order of the cast, with their roles.
func (w *world) members(c *chat) ([]*person, []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var people []*person
	var roles []string
	for _, p := range w.people {
		if role := c.roles[p.Key]; role != "" {
			people, roles = append(people, p), append(roles, role)
		}
	}
	return people, roles
}

// installed lists the apps of a conversation, in the order of the catalogue.
func (w *world) installed(c *chat) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	keys := []string{}
	for _, a := range w.apps {
		if c.apps[a.Key] {
			keys = append(keys, a.Key)
		}
	}
	return keys
}

// install adds an app to a conversation (for a channel: to its team) or takes it away; false when it was so already.
func (w *world) install(c *chat, app string, on bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.apps[app] == on || c.kind == personal && c.app != app {
		return false
	}
	c.apps[app] = on
	if !on {
		delete(c.apps, app)
		c.opened = false
	}
	w.publish(event{Type: "world"}, everyone)
	return true
}

// hasBot tells whether an app may speak in a conversation.
func (w *world) hasBot(c *chat, app string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return c.apps[app] || c.opened && c.app == app
}

// meets tells whether an app and a person are together anywhere.
func (w *world) meets(app, who string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.chats, func(c *chat) bool { return c.apps[app] && c.roles[who] != "" })
}

// open lets an app speak in the personal chat it asked for.
func (w *world) open(c *chat) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c.opened = true
}

// setRole changes what a person is in a conversation; an empty role takes them out. It tells whether anything changed.
func (w *world) setRole(c *chat, who, role string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.kind == personal || c.roles[who] == role {
		return false
	}
	c.roles[who] = role
	if role == "" {
		delete(c.roles, who)
	}
	w.publish(event{Type: "world"}, everyone)
	return true
}

// role gives what a person is in a conversation; empty when they are not in it.
func (w *world) role(c *chat, who string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return c.roles[who]
}

// newID makes an id as messages have it: a time in milliseconds, never twice the same.
func (w *world) newID() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.nextID()
}

func (w *world) nextID() string {
	w.lastID = max(w.now().UnixMilli(), w.lastID+1)
	return strconv.FormatInt(w.lastID, 10)
}

// say adds a message to a conversation and gives it an id and a time.
func (w *world) say(c *chat, m message) message {
	w.mu.Lock()
	defer w.mu.Unlock()
	m.ID, m.Time = w.nextID(), w.now()
	if m.Attachments == nil {
		m.Attachments = []json.RawMessage{}
	}
	c.messages = append(c.messages, &m)
	c.messages = c.messages[max(0, len(c.messages)-maxMessages):]
	w.publish(event{Type: "message", Conversation: c.key, Message: &m}, c.audience())
	return m
}

// change rewrites a message; it tells whether there was one.
func (w *world) change(c *chat, id string, edit func(*message)) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.IndexFunc(c.messages, func(m *message) bool { return m.ID == id })
	if i < 0 {
		return false
	}
	changed := *c.messages[i]
	edit(&changed)
	c.messages[i] = &changed
	kind := "update"
	if changed.Deleted {
		kind = "delete"
	}
	w.publish(event{Type: kind, Conversation: c.key, Message: &changed}, c.audience())
	return true
}

// message finds something said.
func (w *world) message(c *chat, id string) (message, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range c.messages {
		if m.ID == id {
			return *m, true
		}
	}
	return message{}, false
}

// messages lists what was said, oldest first.
func (w *world) messages(c *chat) []message {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := []message{}
	for _, m := range c.messages {
		list = append(list, *m)
	}
	return list
}

// typing tells the people of a conversation that a bot is writing.
func (w *world) typing(c *chat, from string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.publish(event{Type: "typing", Conversation: c.key, Message: &message{From: from, Attachments: []json.RawMessage{}}}, c.audience())
}

// audience is who hears of a conversation now. The caller holds the lock.
func (c *chat) audience() func(string) bool {
	roles := maps.Clone(c.roles)
	return func(who string) bool { return roles[who] != "" }
}

func itoa(n int) string { return strconv.Itoa(n) }

// teamOf finds a team by the id of its group.
func (w *world) teamOf(group string) *team {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range w.teams {
		if t.group == group {
			return t
		}
	}
	return nil
}

// teamWith finds the team whose library a drive is.
func (w *world) teamWith(drive string) *team {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range w.teams {
		if t.drive == drive {
			return t
		}
	}
	return nil
}

// channels lists the channels of a team, General first.
func (w *world) channels(t *team) []*chat {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []*chat
	for _, c := range w.chats {
		if c.kind == channel && c.team == t {
			list = append(list, c)
		}
	}
	return list
}
