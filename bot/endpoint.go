package bot

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"teamspro/internal/auth"
	"teamspro/internal/fault"
	"teamspro/internal/lang"
)

// Limits of the endpoint.
const (
	maxBody       = 256 << 10               // a Teams activity is far smaller
	invokeTime    = 3500 * time.Millisecond // Teams gives up after 5 s, the promise is 4
	messageTime   = 9 * time.Second         // the connector waits 10 to 15 s
	maxConcurrent = 512
	queueTime     = 2 * time.Second
)

// ServeHTTP is POST /api/messages. Nothing of the body is looked at before the token is verified.
func (b *Bot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		refuse(w, http.StatusMethodNotAllowed, "only POST is answered here")
		return
	}
	claims, err := b.verify(r)
	if err != nil {
		b.refuseCaller(w, err)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		refuseBody(w, err)
		return
	}
	a, err := decodeActivity(body)
	if err != nil {
		b.log.Info("activity refused", "why", err)
		refuse(w, http.StatusBadRequest, "this is not an activity")
		return
	}
	if err := b.admit(claims, a); err != nil {
		b.refuseCaller(w, err)
		return
	}
	if err := b.gate.enter(r.Context()); err != nil {
		refuse(w, http.StatusServiceUnavailable, "too busy, try again")
		return
	}
	defer b.gate.leave()
	b.serve(w, r, b.apps[claims.App], a)
}

// verify checks the token of a request. Several Authorization headers are none.
func (b *Bot) verify(r *http.Request) (auth.Claims, error) {
	header := ""
	if all := r.Header.Values("Authorization"); len(all) == 1 {
		header = all[0]
	}
	return b.verifier.Verify(r.Context(), header)
}

// admit checks what the token says of the body, and whether the tenant may use this service.
func (b *Bot) admit(c auth.Claims, a *Activity) error {
	if err := c.Vouches(a.ServiceURL, a.ChannelID); err != nil {
		return err
	}
	if !b.apps[c.App].connector.Allowed(a.ServiceURL) {
		return &auth.Refusal{Status: http.StatusForbidden, Reason: "service_host"}
	}
	if !b.tenants.allow(a.Tenant()) {
		b.turnAway(b.apps[c.App], a)
		return &auth.Refusal{Status: http.StatusForbidden, Reason: "tenant"}
	}
	return nil
}

// refuseCaller answers somebody who does not belong here, without a detail that would help them.
func (b *Bot) refuseCaller(w http.ResponseWriter, err error) {
	refusal := &auth.Refusal{Status: http.StatusUnauthorized, Reason: "other"}
	errors.As(err, &refusal)
	b.metrics.Refused(refusal.Reason)
	b.log.Info("caller refused", "status", refusal.Status, "reason", refusal.Reason)
	switch refusal.Status {
	case http.StatusForbidden:
		refuse(w, http.StatusForbidden, "forbidden")
	case http.StatusServiceUnavailable:
		refuse(w, http.StatusServiceUnavailable, "not ready, try again")
	default:
		w.Header().Set("WWW-Authenticate", "Bearer")
		refuse(w, http.StatusUnauthorized, "unauthorized")
	}
}

func refuseBody(w http.ResponseWriter, err error) {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		refuse(w, http.StatusRequestEntityTooLarge, "an activity may have 256 KiB")
		return
	}
	refuse(w, http.StatusBadRequest, "the body ended early")
}

func refuse(w http.ResponseWriter, status int, sentence string) {
	writeJSON(w, status, map[string]string{"error": sentence})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	encoded, err := json.Marshal(body)
	if err != nil { // a body of ours that cannot be written is a defect, and the status says so
		status, encoded = http.StatusInternalServerError, []byte(`{"error":"the answer could not be written"}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(encoded) // the caller is gone when this fails; there is nobody to tell
}

// serve follows an activity that belongs here.
func (b *Bot) serve(w http.ResponseWriter, r *http.Request, a *app, act *Activity) {
	t := &Turn{Caller: act.caller(), Lang: lang.For(act.Locale), ctx: r.Context(), app: a, activity: act}
	a.roster.Saw(t.Caller.Tenant, t.reference())
	switch act.Type {
	case "invoke":
		b.serveInvoke(w, t)
	case "message":
		b.serveMessage(w, t)
	case "conversationUpdate", "installationUpdate":
		b.serveEvent(w, t)
	default: // typing, reactions, edits, read receipts, and what the future brings
		w.WriteHeader(http.StatusOK)
	}
}

// serveInvoke answers in the HTTP answer itself, always in time.
func (b *Bot) serveInvoke(w http.ResponseWriter, t *Turn) {
	ctx, cancel := context.WithTimeout(t.ctx, invokeTime)
	defer cancel()
	t.ctx = ctx
	answer := b.once.do(ctx, t.activity.key(t.app.key), func() Answer { return b.answerInvoke(t) })
	if answer.Body == nil {
		w.WriteHeader(answer.Status)
		return
	}
	writeJSON(w, answer.Status, answer.Body)
}

func (b *Bot) answerInvoke(t *Turn) Answer {
	call, err := t.app.resolve(t)
	if err != nil {
		return Answer{http.StatusBadRequest, actionError(http.StatusBadRequest, "BadRequest", err.Error())}
	}
	if t.route == nil {
		return b.unknownInvoke(t)
	}
	start := b.now()
	answer, err := guard(t.ctx, call.do)
	b.finish(t, start, err)
	if err != nil {
		return call.refuse(b.sentence(t, err))
	}
	return answer
}

// unknownInvoke answers what no route answers: an invoke of another name with 501, a button or dialog that this
// version does not know with a sentence, because its card may come from an older version.
func (b *Bot) unknownInvoke(t *Turn) Answer {
	name := t.activity.Name
	b.metrics.Unknown(name)
	b.log.Warn("unknown invoke", "app", t.app.key, "name", clip(name, 80))
	switch surfaces[name] {
	case "":
		return Answer{http.StatusNotImplemented, map[string]string{"error": "this invoke is not answered here"}}
	case OnAction:
		return ok(actionMessage(t.Text("trouble.old_card")))
	case OnQuery, OnSelect:
		return ok(extensionResults(Results{Message: t.Text("trouble.old_card")}))
	}
	return ok(taskMessage(t.Text("trouble.old_card")))
}

// clip shortens what a stranger may have chosen the length of.
func clip(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}

// finish counts and logs a turn.
func (b *Bot) finish(t *Turn, start time.Time, err error) {
	kind := string(fault.KindOf(err))
	if kind == "" {
		kind = "ok"
	}
	took := b.now().Sub(start)
	b.metrics.Turn(string(t.app.key), t.route.Name(), kind, took)
	log := t.logger().With("kind", kind, "ms", took.Milliseconds())
	if err == nil {
		log.Debug("turn")
		return
	}
	if fault.Is(err, fault.Internal) {
		log.Error("turn failed", "ref", reference(t.activity), "error", err)
		return
	}
	log.Info("turn refused", "error", err)
}
