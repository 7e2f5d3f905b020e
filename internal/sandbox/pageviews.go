package sandbox

import (
	"embed"
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

//go:embed page
var pageFiles embed.FS

// pagePolicy lets the page load only itself; cards may show pictures from anywhere.
const pagePolicy = "default-src 'self'; img-src 'self' data: blob: http: https:; style-src 'self' 'unsafe-inline'; object-src 'none'; " +
	"base-uri 'none'; frame-ancestors 'none'; frame-src http: https:"

// libraries are the files of npm packages that the page uses, below PageModules.
var libraries = map[string]string{
	"adaptivecards.min.js": "adaptivecards/dist/adaptivecards.min.js",
	"adaptivecards.css":    "adaptivecards/dist/adaptivecards.css",
	"markdown-it.min.js":   "markdown-it/dist/markdown-it.min.js",
}

// pageRoutes serves the page and what it is made of.
func (s *Sandbox) pageRoutes(mux *http.ServeMux) {
	files, err := fs.Sub(pageFiles, "page")
	if err != nil {
		panic("sandbox: " + err.Error()) // the name is valid
	}
	page := http.FileServerFS(files)
	mux.Handle("GET /{$}", guarded(page))
	mux.Handle("GET /page/", guarded(http.StripPrefix("/page", page)))
	mux.Handle("GET /lib/{file}", guarded(http.HandlerFunc(s.library)))
}

func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-cache")
		next.ServeHTTP(w, r)
	})
}

func (s *Sandbox) library(w http.ResponseWriter, r *http.Request) {
	name, ok := libraries[r.PathValue("file")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	file := filepath.Join(s.cfg.PageModules, filepath.FromSlash(name))
	if _, err := os.Stat(file); s.cfg.PageModules == "" || err != nil {
		http.Error(w, "The page's libraries are not installed. Run `make run`, which fetches them.", http.StatusServiceUnavailable)
		return
	}
	http.ServeFile(w, r, file)
}

// worldView is the world as one person sees it.
type worldView struct {
	Tenant        string             `json:"tenant"`
	Me            string             `json:"me"`
	People        []personView       `json:"people"`
	Conversations []conversationView `json:"conversations"`
	Apps          []appView          `json:"apps"`
	SilentFails   bool               `json:"silentFails"` // silent sign-on was told to fail
}

type personView struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Role     string `json:"role"` // in the team
	Locale   string `json:"locale"`
	Initials string `json:"initials"`
	MRI      string `json:"mri"` // 29:…, as cards name people
	ObjectID string `json:"objectId"`
	UPN      string `json:"upn"`
}

type conversationView struct {
	ID      string   `json:"id"`
	Kind    string   `json:"kind"`
	Name    string   `json:"name"`
	Team    string   `json:"team,omitempty"`
	Apps    []string `json:"apps"`
	Members []string `json:"members"`
	TeamsID string   `json:"teamsId"` // as activities name it
	// Roles are what the members are there; empty where nobody owns anything.
	Roles map[string]string `json:"roles,omitempty"`
}

type appView struct {
	Key       string          `json:"key"`
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Origin    string          `json:"origin"` // where the app's own pages come from
	Commands  []commandView   `json:"commands"`
	Extension []extensionView `json:"extension"`
	// Configurable are the kinds of conversations in which the app's menu offers to set it up.
	Configurable []string `json:"configurable"`
}

func (s *Sandbox) apiWorld(w http.ResponseWriter, r *http.Request) {
	me := s.world.person(orElse(r.URL.Query().Get("as"), "ana"))
	if me == nil {
		http.Error(w, errNoSuch.Error(), http.StatusNotFound)
		return
	}
	locale := orElse(r.URL.Query().Get("locale"), me.Locale)
	view := worldView{Tenant: s.cfg.Tenant, Me: me.Key, People: s.peopleView(), SilentFails: s.login.failsSilently()}
	for _, c := range s.world.chatsOf(me.Key) {
		view.Conversations = append(view.Conversations, s.conversationView(c, locale))
	}
	for _, a := range s.cfg.Apps {
		view.Apps = append(view.Apps, appView{Key: a.Key, ID: a.ID, Name: a.nameIn(locale), Origin: s.origin(),
			Commands: commandViews(spoken(a.Manifest.Commands, locale)), Extension: extensionViews(spoken(a.Manifest.Extension, locale)),
			Configurable: a.configurable()})
	}
	writeJSON(w, http.StatusOK, view)
}

// nameIn is the app's name in a language.
func (a *App) nameIn(locale string) string { return orElse(spoken(a.Manifest.Name, locale), a.Name) }

func (s *Sandbox) peopleView() []personView {
	var views []personView
	general := s.world.chatByKey("general", "")
	for _, p := range s.world.everybody() {
		views = append(views, personView{ID: p.Key, Name: p.Name, Role: s.world.role(general, p.Key), Locale: p.Locale, Initials: p.Initials(),
			MRI: p.UserID, ObjectID: p.ObjectID, UPN: p.UPN})
	}
	return views
}

func (s *Sandbox) conversationView(c *chat, locale string) conversationView {
	v := conversationView{ID: c.key, Kind: c.kind, Name: c.name, Apps: s.world.installed(c), Members: []string{}, TeamsID: c.id}
	people, roles := s.world.members(c)
	for _, p := range people {
		v.Members = append(v.Members, p.Key)
	}
	switch c.kind {
	case channel:
		v.Team, v.Roles = c.team.name, map[string]string{}
		for i, p := range people {
			v.Roles[p.Key] = roles[i]
		}
	case personal:
		v.Name = s.app(c.app).nameIn(locale)
	}
	return v
}

func (s *Sandbox) apiMessages(w http.ResponseWriter, r *http.Request) {
	at, err := s.scene(r.URL.Query().Get("as"), r.URL.Query().Get("conversation"), "", "")
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"messages": s.world.messages(at.chat)})
}

func (s *Sandbox) apiActivity(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"entries": s.world.activity()})
}

// heartbeat keeps idle event streams alive.
const heartbeat = 20 * time.Second

// apiEvents streams what happens to one person's conversations, as server-sent events.
func (s *Sandbox) apiEvents(w http.ResponseWriter, r *http.Request) {
	who := s.world.person(r.URL.Query().Get("as"))
	if who == nil {
		http.Error(w, errNoSuch.Error(), http.StatusNotFound)
		return
	}
	events, stop := s.world.listen(who.Key)
	defer stop()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	line := []byte(": hello\n\n")
	for {
		if _, err := w.Write(line); err != nil || http.NewResponseController(w).Flush() != nil {
			return
		}
		select {
		case e, open := <-events:
			if !open {
				return // too slow: the page asks again
			}
			raw, _ := json.Marshal(e) // made of values that always marshal
			line = append(append([]byte("data: "), raw...), "\n\n"...)
		case <-beat.C:
			line = []byte(": still here\n\n")
		case <-r.Context().Done():
			return
		}
	}
}
