package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// maxAnswer bounds what the sandbox reads of a bot's answer.
const maxAnswer = 1 << 20

// delivery is what came of sending an activity.
type delivery struct {
	status int
	body   []byte
	took   time.Duration
	err    error
}

// late tells whether the bot took too long.
func (d delivery) late() bool { return errors.Is(d.err, context.DeadlineExceeded) }

// tell sends an activity that waits for no answer.
func (s *Sandbox) tell(app *App, a activity) {
	s.background(func(ctx context.Context) { s.deliverSlowly(ctx, app, a) })
}

// deliverSlowly sends an activity and, when the bot is too slow for Teams, the same one once more.
func (s *Sandbox) deliverSlowly(ctx context.Context, app *App, a activity) {
	if d := s.deliver(ctx, app, a, s.wait.message); d.late() && ctx.Err() == nil {
		s.deliver(ctx, app, a, s.wait.message)
	}
}

// deliver sends an activity to the bot, signed as the Bot Connector signs.
func (s *Sandbox) deliver(ctx context.Context, app *App, a activity, wait time.Duration) delivery {
	raw, err := json.Marshal(a)
	if err != nil {
		return delivery{err: err}
	}
	token, err := s.connectorToken(app, s.serviceURL())
	if err != nil {
		return delivery{err: err}
	}
	return s.send(ctx, raw, token, a, wait)
}

// send posts a signed activity and writes it into the log.
func (s *Sandbox) send(ctx context.Context, raw []byte, token string, a activity, wait time.Duration) delivery {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	began := s.now()
	d := s.postToBot(ctx, raw, token, a.conversation())
	d.took = s.now().Sub(began)
	s.world.record(entry{Direction: "in", At: began, Method: http.MethodPost, Path: "/api/messages", Status: d.status, Name: a.name(),
		MS: d.took.Milliseconds(), Token: shortToken("Bearer " + token), Request: loggable(raw, len(raw) > maxLogged),
		Response: loggable(d.body, len(d.body) > maxLogged)})
	return d
}

func (s *Sandbox) postToBot(ctx context.Context, raw []byte, token, conversation string) delivery {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.cfg.BotURL, bytes.NewReader(raw))
	if err != nil {
		return delivery{err: err}
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "Microsoft-SkypeBotApi (Microsoft-BotFramework/3.0)")
	req.Header.Set("x-ms-conversation-id", conversation)
	req.Header.Set("x-ms-tenant-id", s.cfg.Tenant)
	res, err := s.client.Do(req)
	if err != nil {
		return delivery{err: err}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	return delivery{status: res.StatusCode, body: body, err: err}
}

func (a activity) conversation() string {
	about, _ := a["conversation"].(map[string]any)
	id, _ := about["id"].(string)
	return id
}

// name is what the log calls an activity: the name of an invoke, else its type.
func (a activity) name() string {
	if name, ok := a["name"].(string); ok && name != "" {
		return name
	}
	kind, _ := a["type"].(string)
	if action, ok := a["action"].(string); ok {
		return kind + " " + action
	}
	return kind
}

// Sentences of the Teams client, as people see them there.
const (
	unableToReach  = "Unable to reach app. Please try again."
	somethingWrong = "Something went wrong. Please try again."
)

// answer is what came of an invoke, and what Teams would show when it failed.
type answer struct {
	Status  int             `json:"status"` // 0: no answer
	Body    json.RawMessage `json:"body"`
	MS      int64           `json:"ms"`
	Problem string          `json:"problem"`
}

// invoke sends an invoke and waits as Teams waits: five seconds, and for extensions and dialogs twice more.
func (s *Sandbox) invoke(ctx context.Context, app *App, a activity) answer {
	tries, name := 1, a.name()
	if inDialog(name) {
		tries = 3
	}
	d := s.deliver(ctx, app, a, s.wait.invoke)
	for ; tries > 1 && d.late() && ctx.Err() == nil; tries-- {
		d = s.deliver(ctx, app, a, s.wait.invoke)
	}
	result := answer{Status: d.status, MS: d.took.Milliseconds(), Problem: problem(name, d)}
	if json.Valid(d.body) {
		result.Body = d.body
	}
	return result
}

// inDialog tells whether an invoke belongs to an extension, a dialog, or the settings of an app in a place.
func inDialog(name string) bool {
	family, _, _ := strings.Cut(name, "/")
	return family == "composeExtension" || family == "task" || family == "config"
}

// problem tells what Teams shows for an answer: nothing when it can be used.
func problem(name string, d delivery) string {
	wrong := somethingWrong
	if inDialog(name) {
		wrong = unableToReach
	}
	switch {
	case d.err != nil:
		return unableToReach
	case len(bytes.TrimSpace(d.body)) > 0 && !json.Valid(d.body):
		return wrong
	case name == "adaptiveCard/action":
		return cardProblem(d)
	case strings.HasPrefix(name, "signin/") && d.status == http.StatusPreconditionFailed:
		return "" // the button to sign in stays
	case d.status < 200 || d.status > 299:
		return wrong
	}
	return ""
}

// cardProblem reads the answer to a card's action: its outcome is in the body, whatever the HTTP status says.
func cardProblem(d delivery) string {
	var body struct {
		StatusCode int    `json:"statusCode"`
		Type       string `json:"type"`
	}
	if json.Unmarshal(d.body, &body) != nil || body.Type == "" {
		return somethingWrong
	}
	if body.StatusCode == 0 {
		body.StatusCode = d.status
	}
	if body.StatusCode <= 299 || body.Type == loginRequest || body.Type == preconditionFailed {
		return ""
	}
	return somethingWrong
}
