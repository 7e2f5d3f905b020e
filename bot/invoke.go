package bot

import (
	"encoding/json"
	"fmt"
	"net/http"

	"teamspro/cards"
)

// Wire names of invokes (reference of the Bot Framework for Teams). They stand here and nowhere else.
const (
	invokeQuery      = "composeExtension/query"
	invokeSelect     = "composeExtension/selectItem"
	invokeExtend     = "composeExtension/fetchTask"
	invokeExtended   = "composeExtension/submitAction"
	invokeCardAction = "adaptiveCard/action"
	invokeOpen       = "task/fetch"
	invokeSubmit     = "task/submit"
	invokeExchange   = "signin/tokenExchange"
	invokeVerify     = "signin/verifyState"
	invokeConfigure  = "config/fetch"
	invokeConfigured = "config/submit"
)

// Answer is the HTTP answer to an invoke: its status, and its body unless nil.
type Answer struct {
	Status int
	Body   any
}

func ok(body any) Answer { return Answer{http.StatusOK, body} }

// invokeValue is the union of what the values of the known invokes hold.
type invokeValue struct {
	// composeExtension
	CommandID  string `json:"commandId"`
	Parameters []struct {
		Name  string `json:"name"`
		Value any    `json:"value"`
	} `json:"parameters"`
	QueryOptions struct {
		Skip  json.Number `json:"skip"`
		Count json.Number `json:"count"`
	} `json:"queryOptions"`
	MessagePayload *MessagePayload `json:"messagePayload"`
	// task and submitAction
	Data map[string]json.RawMessage `json:"data"`
	// adaptiveCard/action
	Action struct {
		Type string                     `json:"type"`
		Verb string                     `json:"verb"`
		Data map[string]json.RawMessage `json:"data"`
	} `json:"action"`
	// selectItem: the object that the preview's tap carries
	Verb string `json:"verb"`
	// signin/…: what the card asked for, and what Teams has for it
	ID             string `json:"id"`
	ConnectionName string `json:"connectionName"`
	Token          string `json:"token"`
	// signin/verifyState, and any query or button after a sign-in: the code of the page, or Teams' token
	State          string `json:"state"`
	Authentication struct {
		Token string `json:"token"`
	} `json:"authentication"`
}

// MessagePayload is the message that an action of the message extension was called on.
type MessagePayload struct {
	Body struct {
		ContentType string `json:"contentType"`
		Content     string `json:"content"`
	} `json:"body"`
	Attachments []Attachment `json:"attachments"`
	From        struct {
		User *struct {
			ID          string `json:"id"`
			DisplayName string `json:"displayName"`
		} `json:"user"`
	} `json:"from"`
}

// errBadValue is answered with 400: the value of a known invoke has not the shape that Teams sends.
var errBadValue = fmt.Errorf("the value of the invoke has another shape")

// call is an invoke whose route was found.
type call struct {
	turn  *Turn
	value invokeValue
}

// resolve reads the value of an invoke and finds its route; a nil route means that nothing here answers it.
func (a *app) resolve(t *Turn) (call, error) {
	c := call{turn: t}
	surface, known := surfaces[t.activity.Name]
	if !known {
		t.route, t.params = a.router.find(OnOther, otherName(t.activity.Name))
		return c, nil
	}
	if err := json.Unmarshal(t.activity.Value, &c.value); err != nil && surface != OnConfigure { // of which nothing is read
		return c, errBadValue
	}
	path := c.path(surface)
	if path == "" {
		return c, errBadValue
	}
	t.data, t.payload = values(c.fields(surface)), c.value.MessagePayload
	t.route, t.params = a.router.find(surface, path)
	return c, nil
}

var surfaces = map[string]Surface{
	invokeQuery: OnQuery, invokeSelect: OnSelect, invokeExtend: OnExtend, invokeExtended: OnExtended,
	invokeCardAction: OnAction, invokeOpen: OnOpen, invokeSubmit: OnSubmit, invokeExchange: OnSignIn, invokeVerify: OnSignIn,
	invokeConfigure: OnConfigure, invokeConfigured: OnSubmit,
}

// configured is the pattern of the one route of its surface.
const configured = "settings"

// otherName is the pattern of an invoke that is only acknowledged; the nameless one is the invoke action of an older card.
func otherName(wire string) string {
	if wire == "" {
		return "card/invoke"
	}
	return wire
}

func (c call) path(s Surface) string {
	switch s {
	case OnAction:
		if c.value.Action.Type != "Action.Execute" {
			return ""
		}
		return c.value.Action.Verb
	case OnSelect:
		return c.value.Verb
	case OnOpen, OnSubmit:
		verb, _ := plainValue(c.value.Data["verb"])
		return verb
	case OnSignIn:
		return c.turn.activity.Name
	case OnConfigure:
		return configured
	}
	return c.value.CommandID
}

func (c call) fields(s Surface) map[string]json.RawMessage {
	if s == OnAction {
		return c.value.Action.Data
	}
	return c.value.Data
}

// do runs the handler and puts its answer into the shape that the invoke asks for.
func (c call) do() (Answer, error) {
	t := c.turn
	switch t.route.Surface {
	case OnQuery:
		results, err := t.route.query(t, c.query())
		return ok(extensionResults(results)), err
	case OnSelect:
		chosen, err := t.route.choose(t)
		return ok(extensionResults(Results{Items: []Result{chosen}})), err
	case OnAction:
		card, err := t.route.card(t)
		return ok(actionCard(card)), err
	case OnOpen, OnExtend, OnConfigure:
		dialog, err := t.route.open(t)
		return ok(t.task(taskDialog(dialog))), err
	case OnSubmit:
		outcome, err := t.route.submit(t, Form{t.data})
		return t.taskOutcome(outcome), err
	case OnExtended:
		outcome, err := t.route.submit(t, Form{t.data})
		return t.extensionOutcome(outcome), err
	case OnSignIn:
		v := c.value
		return ok(c.exchanged("")), t.route.grant(t, Grant{v.ID, v.ConnectionName, v.Token, v.State})
	}
	return ok(struct{}{}), t.route.event(t)
}

func (c call) query() Query {
	q := Query{Skip: number(c.value.QueryOptions.Skip, 0, 100_000), Count: number(c.value.QueryOptions.Count, 25, pageSize)}
	for _, p := range c.value.Parameters {
		text, _ := p.Value.(string)
		switch p.Name {
		case "initialRun":
			q.Initial = true
		default:
			q.Text = text
		}
	}
	return q
}

// pageSize is the most results one answer holds; Teams asks for 25.
const pageSize = 25

// number reads a count that a client sent; what is missing or senseless becomes the default, what is too large the bound.
func number(n json.Number, normal, bound int) int {
	v, err := n.Int64()
	switch {
	case err != nil || v < 0:
		return normal
	case v > int64(bound):
		return bound
	}
	return int(v)
}

// refuse is the answer to an invoke that failed: HTTP 200 with a sentence in the place where this surface shows one,
// because Teams shows "Unable to reach app" for any other status. A button's answer stands in the place of its card, so
// it is a card with a way on.
func (c call) refuse(err error, sentence string, card cards.Card) Answer {
	switch c.turn.route.Surface {
	case OnQuery, OnSelect:
		return ok(extensionResults(Results{Message: sentence}))
	case OnAction:
		return ok(actionCard(card))
	case OnOpen, OnSubmit, OnExtend, OnExtended, OnConfigure:
		return ok(c.turn.task(taskMessage(sentence)))
	case OnSignIn:
		return c.refuseSignIn(err, sentence)
	}
	return ok(struct{}{})
}

type attachment struct {
	ContentType string      `json:"contentType"`
	Content     any         `json:"content"`
	Preview     *attachment `json:"preview,omitempty"`
}

type extensionBody struct {
	ComposeExtension extensionResult `json:"composeExtension"`
}

type extensionResult struct {
	Type             string `json:"type"`
	AttachmentLayout string `json:"attachmentLayout,omitempty"`
	Text             string `json:"text,omitempty"`
}

func extensionResults(r Results) any {
	switch {
	case r.Message != "":
		return extensionBody{extensionResult{Type: "message", Text: r.Message}}
	case len(r.Items) == 0:
		return extensionBody{extensionResult{Type: "result", AttachmentLayout: "list"}}
	}
	return writtenResults(r.Items, r.Grid)
}

type actionBody struct {
	StatusCode int    `json:"statusCode"`
	Type       string `json:"type"`
	Value      any    `json:"value"`
}

func actionCard(card cards.Card) actionBody {
	return actionBody{http.StatusOK, cards.ContentType, card}
}

// actionError is the answer to a button that nothing here knows.
func actionError(status int, code, message string) actionBody {
	return actionBody{status, "application/vnd.microsoft.error", map[string]string{"code": code, "message": message}}
}

type taskBody struct {
	Task task `json:"task"`
}

type task struct {
	Type  string `json:"type"`
	Value any    `json:"value"`
}

type taskInfo struct {
	Title  string     `json:"title"`
	Width  string     `json:"width"`
	Height string     `json:"height"`
	Card   attachment `json:"card"`
}

func taskDialog(d Dialog) taskBody {
	size := d.Size
	if size == "" {
		size = "medium"
	}
	return taskBody{task{"continue", taskInfo{d.Title, size, size, attachment{ContentType: cards.ContentType, Content: d.Card}}}}
}

func taskMessage(sentence string) taskBody { return taskBody{task{"message", sentence}} }

// configBody is what a taskBody is where the app's settings are asked for: there its task stands by itself.
type configBody struct {
	ResponseType string `json:"responseType"`
	Config       task   `json:"config"`
}

// task puts a dialog or a sentence into the shape that the invoke asks for.
func (t *Turn) task(b taskBody) any {
	if t.configures() {
		return configBody{"config", b.Task}
	}
	return b
}

// configures tells whether the app's settings are asked for.
func (t *Turn) configures() bool {
	return t.activity.Name == invokeConfigure || t.activity.Name == invokeConfigured
}

func (t *Turn) taskOutcome(o Outcome) Answer {
	switch {
	case o.Dialog != nil:
		return ok(t.task(taskDialog(*o.Dialog)))
	case o.Message != "":
		return ok(t.task(taskMessage(o.Message)))
	case t.configures(): // which has no answer without words
		return ok(t.task(taskMessage(t.Text("settings.done"))))
	}
	return Answer{Status: http.StatusOK}
}

func (t *Turn) extensionOutcome(o Outcome) Answer {
	if o.Result == nil {
		return t.taskOutcome(o)
	}
	return ok(extensionResults(Results{Items: []Result{*o.Result}}))
}
