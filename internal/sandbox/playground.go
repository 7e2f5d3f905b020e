package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// playground lets Microsoft's Agents Playground drive the bot: it sends no token, no "28:" before the bot's id and no trigger
// with a card's action. All three are added; the rest passes as it is. ?app=KEY chooses the app when the Playground's bot id
// is none of ours.
func (s *Sandbox) playground(w http.ResponseWriter, r *http.Request) {
	raw, err := readBody(r, maxActivity)
	var a activity
	if err == nil {
		a, err = readForeign(raw)
	}
	if err != nil {
		http.Error(w, "not an activity of a loopback connector", http.StatusBadRequest)
		return
	}
	app := s.playgroundApp(r.URL.Query().Get("app"), a)
	if app == nil {
		http.Error(w, "no such app", http.StatusNotFound)
		return
	}
	a.complete(app)
	d := s.forward(r.Context(), app, a)
	if d.err != nil {
		http.Error(w, "the bot does not answer", http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(d.status)
	_, _ = w.Write(d.body) // a client that left needs no answer
}

// readForeign reads an activity; its answers must go to this machine.
func readForeign(raw []byte) (activity, error) {
	var a activity
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&a); err != nil {
		return nil, err
	}
	service, _ := a["serviceUrl"].(string)
	u, err := url.Parse(service)
	if err != nil || u.Scheme != "http" || !isLoopback(u.Hostname()) {
		return nil, errors.New("its serviceUrl is not on this machine")
	}
	return a, nil
}

func (s *Sandbox) playgroundApp(key string, a activity) *App {
	if key != "" {
		return s.app(key)
	}
	to, _ := a["recipient"].(map[string]any)
	id, _ := to["id"].(string)
	if app := s.appByID(strings.TrimPrefix(id, "28:")); app != nil {
		return app
	}
	return &s.cfg.Apps[0]
}

// complete adds what Teams sends and the Playground leaves out.
func (a activity) complete(app *App) {
	to, _ := a["recipient"].(map[string]any)
	old, _ := to["id"].(string)
	for _, field := range []string{"recipient", "entities", "membersAdded", "membersRemoved"} {
		rename(a[field], old, "28:"+app.ID)
	}
	value, _ := a["value"].(map[string]any)
	if a["name"] == "adaptiveCard/action" && value != nil && value["trigger"] == nil {
		value["trigger"] = "manual"
	}
}

// rename replaces an id wherever it stands as one.
func rename(v any, old, id string) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			rename(item, old, id)
		}
	case map[string]any:
		for key, item := range v {
			if key == "id" && item == old {
				v[key] = id
			} else {
				rename(item, old, id)
			}
		}
	}
}

// forward sends a foreign activity; the token vouches for the connector it names.
func (s *Sandbox) forward(ctx context.Context, app *App, a activity) delivery {
	service, _ := a["serviceUrl"].(string)
	token, err := s.connectorToken(app, service)
	if err != nil {
		return delivery{err: err}
	}
	raw, err := json.Marshal(a)
	if err != nil {
		return delivery{err: err}
	}
	return s.send(ctx, raw, token, a, s.wait.message)
}
