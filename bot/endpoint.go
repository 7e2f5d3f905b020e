package bot

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

	"teamspro/cards"
	"teamspro/internal/auth"
	"teamspro/internal/fault"
	"teamspro/internal/lang"
)

// Limits of the endpoint.
const (
	maxBody       = 256 << 10       // a Teams activity is far smaller
	invokeTime    = 3 * time.Second // Teams gives up after 5 s, the promise is 4
	messageTime   = 9 * time.Second // the connector waits 10 to 15 s
	workTime      = 5 * time.Second // for finding the answer to a message; the rest is for sending it
	maxConcurrent = 512
	queueTime     = time.Second
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
	body, err := readBody(w, r)
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
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), a.patience())
	defer cancel()
	b.serve(ctx, w, b.apps[claims.App], a)
}

// patience is how long an activity may take, with the wait for a place. What was begun is brought to its end also when
// the caller has hung up.
func (a *Activity) patience() time.Duration {
	if a.Type == "invoke" {
		return invokeTime
	}
	return messageTime
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
	w.Header().Set("Connection", "close") // or the server would wait for the body of somebody who has no business here
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

// readBody reads the body in one piece when the caller said how long it is, as Teams does.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	limited := http.MaxBytesReader(w, r.Body, maxBody)
	if r.ContentLength < 0 || r.ContentLength > maxBody {
		return io.ReadAll(limited)
	}
	body := make([]byte, r.ContentLength)
	_, err := io.ReadFull(limited, body)
	return body, err
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

func writeJSON(w http.ResponseWriter, status int, body any) { encode(Answer{status, body}).write(w) }

// reply is an Answer as it goes out.
type reply struct {
	status int
	body   []byte
}

func encode(a Answer) reply {
	switch body := a.Body.(type) {
	case nil:
		return reply{status: a.Status}
	case written:
		return reply{a.Status, body}
	}
	body, err := json.Marshal(a.Body)
	if err != nil { // a body of ours that cannot be written is a defect, and the status says so
		return reply{http.StatusInternalServerError, []byte(`{"error":"the answer could not be written"}`)}
	}
	return reply{a.Status, body}
}

func (r reply) write(w http.ResponseWriter) {
	if r.body != nil {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Content-Length", strconv.Itoa(len(r.body)))
	}
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body) // the caller is gone when this fails; there is nobody to tell
}

// serve follows an activity that belongs here.
func (b *Bot) serve(ctx context.Context, w http.ResponseWriter, a *app, act *Activity) {
	t := &Turn{Caller: act.caller(), Lang: lang.For(act.Locale), ctx: ctx, app: a, activity: act}
	a.roster.Saw(t.Caller.Tenant, t.reference())
	a.roster.SawGroup(t.Caller.Tenant, t.Caller.Team, act.ChannelData.Team.Group)
	if t.Caller.Public {
		t.Lang = b.voice(ctx, t.Caller.Tenant, t.Caller.Conversation, act.Locale)
	}
	if act.Type == "message" {
		t.answer = newAnswerID()
		b.serveMessage(w, t) // takes its place in the gate by itself, and gives it back before its answer goes out
		return
	}
	if !b.enter(w, t) {
		return
	}
	defer b.gate.leave()
	switch act.Type {
	case "invoke":
		b.serveInvoke(w, t)
	case "conversationUpdate", "installationUpdate":
		b.serveEvent(w, t)
	default: // typing, reactions, edits, read receipts, and what the future brings
		w.WriteHeader(http.StatusOK)
	}
}

// enter takes a place in the gate, or answers that there is none.
func (b *Bot) enter(w http.ResponseWriter, t *Turn) bool {
	if err := b.gate.enter(t.ctx); err != nil {
		refuse(w, http.StatusServiceUnavailable, "too busy, try again")
		return false
	}
	return true
}

// serveInvoke answers in the HTTP answer itself, always in time. A search changes nothing and is done again when it
// comes again; what may change something is done once.
func (b *Bot) serveInvoke(w http.ResponseWriter, t *Turn) {
	answer := func() reply { return encode(b.answerInvoke(t)) }
	if s := surfaces[t.activity.Name]; s == OnQuery || s == OnSelect {
		answer().write(w)
		return
	}
	key := fmt.Sprintf("%s|%x", t.activity.key(t.app.key), sha256.Sum256(t.activity.Value))
	b.once.do(t.ctx, key, answer).write(w)
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
	proof := call.proof()
	answer, err := guard(t.ctx, func() (Answer, error) { return b.doFor(call, proof) })
	b.finish(t, start, err)
	switch {
	case t.mustSignIn(err):
		return call.askSignIn(err, proof)
	case errors.Is(err, errBadValue):
		return Answer{http.StatusBadRequest, actionError(http.StatusBadRequest, "BadRequest", err.Error())}
	}
	if err != nil {
		return call.refuse(err, b.sentence(t, err), b.trouble(t, err))
	}
	return answer
}

// unknownInvoke answers what no route answers: an invoke of another name with 501, a button or dialog that this
// version does not know with a sentence and a way on, because its card may come from an older version.
func (b *Bot) unknownInvoke(t *Turn) Answer {
	name := t.activity.Name
	b.metrics.Unknown(name)
	b.log.Warn("unknown invoke", "app", t.app.key, "name", clip(name, 80))
	switch surfaces[name] {
	case "":
		return Answer{http.StatusNotImplemented, map[string]string{"error": "this invoke is not answered here"}}
	case OnAction:
		return ok(actionCard(cards.Trouble(t.Lang, cards.TroubleView{Sentence: t.Text("trouble.old_card"), Next: t.waysOn(nil)})))
	case OnQuery, OnSelect:
		return ok(extensionResults(Results{Message: t.Text("trouble.old_card")}))
	}
	return ok(t.task(taskMessage(t.Text("trouble.old_card"))))
}

// clip shortens what a stranger may have chosen the length of to n bytes at most, between characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// finish counts and logs a turn.
func (b *Bot) finish(t *Turn, start time.Time, err error) {
	if isContext(err) { // slow is not broken: whoever kept us waiting is in the log of its own calls
		err = fault.Wrap(fault.Busy, "bot.turn", err)
	}
	kind := string(fault.KindOf(err))
	if kind == "" {
		kind = "ok"
	}
	took := b.now().Sub(start)
	b.metrics.Turn(string(t.app.key), t.route.Name(), kind, took)
	outcome := []slog.Attr{slog.String("kind", kind), slog.Int64("ms", took.Milliseconds())}
	switch {
	case err == nil:
		t.log(slog.LevelDebug, "turn", outcome...)
	case fault.Is(err, fault.Internal):
		t.log(slog.LevelError, "turn failed", append(outcome, slog.String("ref", reference(t.activity)), slog.Any("error", err))...)
	default:
		t.log(slog.LevelInfo, "turn refused", append(outcome, slog.Any("error", err))...)
	}
}
