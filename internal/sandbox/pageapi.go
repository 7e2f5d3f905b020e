package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// maxRequest bounds what the page sends: a message with a few pictures.
const maxRequest = 24 << 20

// routes is the table of contents of the listener that serves connector, Graph and page.
func (s *Sandbox) routes() http.Handler {
	mux := http.NewServeMux()
	s.issuerRoutes(mux)
	s.connectorRoutes(mux)
	s.graphRoutes(mux)
	s.hostedRoutes(mux)
	s.fileRoutes(mux)
	s.login.consentRoutes(mux, "/login")
	s.pageRoutes(mux)
	s.driveAPIRoutes(mux)
	mux.HandleFunc("POST /playground/api/messages", s.playground)
	// What the page reads.
	mux.HandleFunc("GET /api/world", s.apiWorld)
	mux.HandleFunc("GET /api/messages", s.apiMessages)
	mux.HandleFunc("GET /api/activity", s.apiActivity)
	mux.HandleFunc("GET /api/events", s.apiEvents)
	mux.HandleFunc("GET /api/pictures", s.apiPictures)
	mux.HandleFunc("GET /api/pictures/{name}", s.apiPicture)
	mux.HandleFunc("GET /api/record", s.apiRecord)
	mux.HandleFunc("GET /api/clock", s.apiClock)
	mux.HandleFunc("GET /api/faults", s.apiTrouble)
	// What people say and press.
	mux.Handle("POST /api/send", posted(s.apiSend))
	mux.Handle("POST /api/compose", posted(s.apiCompose))
	mux.Handle("POST /api/edit", posted(s.apiEdit))
	mux.Handle("POST /api/delete", posted(s.apiDelete))
	mux.Handle("POST /api/react", posted(s.apiReact))
	mux.Handle("POST /api/submit", posted(s.apiSubmit))
	mux.Handle("POST /api/action", posted(s.apiAction))
	mux.Handle("POST /api/invoke", posted(s.apiInvoke))
	mux.Handle("POST /api/token", posted(s.apiToken))
	// Who and what is where.
	mux.Handle("POST /api/install", posted(s.apiInstall))
	mux.Handle("POST /api/uninstall", posted(s.apiUninstall))
	mux.Handle("POST /api/members", posted(s.apiMembers))
	mux.Handle("POST /api/role", posted(s.apiRole))
	// The clock of the service.
	mux.Handle("POST /api/clock", posted(s.apiSetClock))
	// What goes wrong.
	mux.Handle("POST /api/faults", posted(s.apiFaults))
	mux.HandleFunc("DELETE /api/faults", s.apiClearFaults)
	mux.Handle("POST /api/signon", posted(s.apiSignOn))
	mux.HandleFunc("DELETE /api/consents", s.apiForgetConsents)
	mux.Handle("POST /api/rotate", posted(s.apiRotate))
	mux.Handle("POST /api/reset", posted(s.apiReset))
	return s.localOnly(mux)
}

// errBadRequest marks what the page could have sent better.
var errBadRequest = errors.New("bad request")

// posted reads a JSON body into the parameter of handle and writes what it gives. Only JSON is taken, so that no form of
// another page gets in.
func posted[Request any](handle func(context.Context, Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var req Request
		if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
			http.Error(w, "the body must be application/json", http.StatusUnsupportedMediaType)
			return
		}
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest)).Decode(&req); err != nil {
			http.Error(w, "the body cannot be read: "+err.Error(), http.StatusBadRequest)
			return
		}
		body, err := handle(r.Context(), req)
		switch {
		case errors.Is(err, errNoSuch):
			http.Error(w, err.Error(), http.StatusNotFound)
		case err != nil:
			http.Error(w, err.Error(), http.StatusBadRequest)
		default:
			writeJSON(w, http.StatusOK, body)
		}
	})
}

// place is the part of a request that says who acts and where.
type place struct {
	As           string `json:"as"`
	Conversation string `json:"conversation"`
	Thread       string `json:"thread"`
	Locale       string `json:"locale"`
	Theme        string `json:"theme"`
	MessageID    string `json:"messageId"`
	App          string `json:"app"`
}

func (s *Sandbox) at(p place) (scene, error) {
	return s.scene(p.As, p.Conversation, p.Thread, p.Locale)
}

type identified struct {
	ID string `json:"id"`
}

type nothing struct{}

func (s *Sandbox) apiSend(_ context.Context, r struct {
	place
	Text    string      `json:"text"`
	Mention bool        `json:"mention"`
	Files   []givenFile `json:"files"`
}) (any, error) {
	at, err := s.at(r.place)
	if err != nil {
		return nil, err
	}
	id, err := s.write(at, typed{text: r.Text, mention: r.Mention, app: r.App, files: r.Files})
	return identified{id}, err
}

func (s *Sandbox) apiCompose(_ context.Context, r struct {
	place
	Attachment json.RawMessage `json:"attachment"`
	Text       string          `json:"text"`
}) (any, error) {
	at, err := s.at(r.place)
	if err != nil {
		return nil, err
	}
	if checkAttachment(r.Attachment) != nil {
		return nil, errBadRequest
	}
	return identified{s.insert(at, r.Attachment, r.Text)}, nil
}

func (s *Sandbox) apiEdit(_ context.Context, r struct {
	place
	Text string `json:"text"`
}) (any, error) {
	at, err := s.at(r.place)
	if err != nil {
		return nil, err
	}
	return nothing{}, s.rewrite(at, r.MessageID, r.Text, false)
}

func (s *Sandbox) apiDelete(_ context.Context, r struct{ place }) (any, error) {
	at, err := s.at(r.place)
	if err != nil {
		return nil, err
	}
	return nothing{}, s.rewrite(at, r.MessageID, "", true)
}

func (s *Sandbox) apiReact(_ context.Context, r struct {
	place
	Reaction string `json:"reaction"`
	Remove   bool   `json:"remove"`
}) (any, error) {
	at, err := s.at(r.place)
	if err != nil {
		return nil, err
	}
	return nothing{}, s.react(at, r.MessageID, r.Reaction, r.Remove)
}

func (s *Sandbox) apiSubmit(_ context.Context, r struct {
	place
	Value json.RawMessage `json:"value"`
}) (any, error) {
	at, err := s.at(r.place)
	if err != nil {
		return nil, err
	}
	return nothing{}, s.submitCard(at, r.MessageID, r.Value)
}

func (s *Sandbox) apiAction(ctx context.Context, r struct {
	place
	Action  map[string]any `json:"action"`
	Trigger string         `json:"trigger"`
	State   string         `json:"state"` // what a sign-in page gave
}) (any, error) {
	at, err := s.at(r.place)
	if err != nil {
		return nil, err
	}
	if r.MessageID == "" {
		return nil, errNoSuch
	}
	value := map[string]any{"action": r.Action, "trigger": orElse(r.Trigger, "manual")}
	if r.State != "" {
		value["state"] = r.State
	}
	return s.ask(ctx, at, wanted{name: "adaptiveCard/action", value: value, messageID: r.MessageID, app: r.App})
}

func (s *Sandbox) apiInvoke(ctx context.Context, r struct {
	place
	Name  string         `json:"name"`
	Value map[string]any `json:"value"`
}) (any, error) {
	at, err := s.at(r.place)
	if err != nil {
		return nil, err
	}
	return s.ask(ctx, at, wanted{name: r.Name, value: r.Value, messageID: r.MessageID, app: r.App})
}

func (s *Sandbox) apiInstall(_ context.Context, r struct{ place }) (any, error) {
	return s.apiChangeApp(r.place, s.install)
}

func (s *Sandbox) apiUninstall(_ context.Context, r struct{ place }) (any, error) {
	return s.apiChangeApp(r.place, s.uninstall)
}

func (s *Sandbox) apiChangeApp(p place, change func(context.Context, *App, scene)) (any, error) {
	at, err := s.at(p)
	if err != nil {
		return nil, err
	}
	app := s.app(p.App)
	if app == nil {
		return nil, errNoSuch
	}
	s.background(func(ctx context.Context) { change(ctx, app, at) })
	return nothing{}, nil
}

func (s *Sandbox) apiMembers(_ context.Context, r struct {
	place
	Add    []string `json:"add"`
	Remove []string `json:"remove"`
}) (any, error) {
	at, err := s.at(r.place)
	if err != nil {
		return nil, err
	}
	add, known := s.peopleOf(r.Add)
	remove, also := s.peopleOf(r.Remove)
	if !known || !also {
		return nil, errNoSuch
	}
	s.background(func(ctx context.Context) { s.joinOrLeave(ctx, at, add, remove) })
	return nothing{}, nil
}

func (s *Sandbox) peopleOf(keys []string) ([]*person, bool) {
	var people []*person
	for _, key := range keys {
		p := s.world.person(key)
		if p == nil {
			return nil, false
		}
		people = append(people, p)
	}
	return people, true
}

// apiRole changes what somebody is. Teams tells bots nothing of it; they see it in the roster.
func (s *Sandbox) apiRole(_ context.Context, r struct {
	Person       string `json:"person"`
	Conversation string `json:"conversation"`
	Role         string `json:"role"`
}) (any, error) {
	at, err := s.scene(r.Person, r.Conversation, "", "")
	if err != nil {
		return nil, err
	}
	if r.Role != ownerRole && r.Role != memberRole && r.Role != guestRole {
		return nil, errBadRequest
	}
	s.world.setRole(at.chat, r.Person, r.Role)
	return nothing{}, nil
}

func (s *Sandbox) apiFaults(_ context.Context, r struct {
	As    string `json:"as"`
	Where string `json:"where"` // the only conversation, as that person sees it; everywhere when empty
	faultOrder
}) (any, error) {
	if r.Where != "" {
		at, err := s.scene(r.As, r.Where, "", "")
		if err != nil {
			return nil, err
		}
		r.chat = at.chat
	}
	if err := s.faults.add(r.faultOrder); err != nil {
		return nil, err
	}
	s.world.stir(event{Type: "faults"})
	return s.faults.view(), nil
}

// apiTrouble tells what trouble is in force, and how much of it is left.
func (s *Sandbox) apiTrouble(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, s.faults.view())
}

func (s *Sandbox) apiClearFaults(w http.ResponseWriter, _ *http.Request) {
	s.faults.clear()
	s.world.stir(event{Type: "faults"})
	writeJSON(w, http.StatusOK, nothing{})
}

func (s *Sandbox) apiRotate(context.Context, nothing) (any, error) {
	return nothing{}, s.issuer.rotate()
}

// apiReset begins the world anew: nothing said, nobody signed in, real time, and the apps installed again.
func (s *Sandbox) apiReset(context.Context, nothing) (any, error) {
	s.faults.clear()
	s.cfg.Clock.move(0)
	s.ledger.reset()
	s.files.reset()
	s.login.reset()
	s.world.reset()
	s.drives.reset()
	s.world.stir(event{Type: "clock"})
	s.world.stir(event{Type: "faults"})
	s.background(s.installAll)
	return nothing{}, nil
}
