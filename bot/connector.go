package bot

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/cenkalti/backoff/v5"
	"github.com/infracloudio/msbotbuilder-go/connector/client"
	"github.com/infracloudio/msbotbuilder-go/core"
	"github.com/infracloudio/msbotbuilder-go/core/activity"
	"github.com/infracloudio/msbotbuilder-go/schema"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// Tokens gives the app's tokens for the connector; internal/auth has them.
type Tokens interface {
	Token(ctx context.Context) (string, error)
	// Renew gives another token than used, which the connector refused.
	Renew(ctx context.Context, used string) (string, error)
}

// ConnectorConfig says how one app reaches the connector.
type ConnectorConfig struct {
	AppID  string
	Tokens Tokens
	// HTTP is the client, made with GuardedTransport; its redirect policy is replaced by "none".
	HTTP *http.Client
	// Hosts are those that the app's token may go to: "host", "host:port" or "*.suffix". A loopback host needs its port.
	Hosts []string
	// Limits is shared by all apps; nil makes one with the default rate.
	Limits *Limits
	// Log may be nil.
	Log *slog.Logger
	// MaxAttempts is how often one request is made at most; 0 means 6.
	MaxAttempts int
}

// Connector speaks to Teams for one app: it sends, changes and removes messages, and reads who is in a conversation.
// It is safe for concurrent use.
//
// Addresses and activities are made by msbotbuilder-go's adapter where that is sound (send, reply, update, remove); this
// type is the adapter's client.Client, and does by itself what the library cannot: create conversations, read members.
// Whatever the way, every request ends in do, which sends a token to listed hosts only, keeps the limits and tries again
// where that is right.
type Connector struct {
	appID    string
	tokens   Tokens
	http     *http.Client
	hosts    hostList
	limits   *Limits
	log      *slog.Logger
	attempts int
	lost     *lostAnswers
	adapter  core.BotFrameworkAdapter
}

var _ client.Client = (*Connector)(nil)

// NewConnector makes a Connector.
func NewConnector(c ConnectorConfig) *Connector {
	if c.HTTP == nil {
		c.HTTP = &http.Client{Transport: GuardedTransport(c.Hosts, nil)}
	}
	if c.Limits == nil {
		c.Limits = NewLimits(0)
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.MaxAttempts == 0 {
		c.MaxAttempts = 6
	}
	httpClient := *c.HTTP
	httpClient.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	connector := &Connector{appID: c.AppID, tokens: c.Tokens, http: &httpClient, hosts: newHostList(c.Hosts), limits: c.Limits,
		log: c.Log, attempts: c.MaxAttempts, lost: newLostAnswers()}
	connector.adapter.Client = connector // a literal: the library's constructor would ignore tenant, cloud and provider
	return connector
}

// Allowed tells whether a service address is one that this app's token may go to.
func (c *Connector) Allowed(serviceURL string) bool {
	_, err := c.service(serviceURL)
	return err == nil
}

// Target is a conversation to speak in.
type Target struct {
	Tenant     identity.Tenant
	ServiceURL string
	// Conversation is the full id; with ";messageid=" it names the thread of a channel.
	Conversation string
	// BotID is the bot's account there; empty means "28:" and the app id.
	BotID string
}

// Send posts an activity and gives its id, which is empty when Teams gives none. Errors have kind fault.Invalid for ids
// that cannot be sent, fault.Busy when trying later may help, fault.NotFound, fault.Denied or fault.Internal; all but
// the first hold a *ConnectorError. It tries again by itself, for as long as ctx allows and two minutes at most.
func (c *Connector) Send(ctx context.Context, to Target, a schema.Activity) (string, error) {
	return c.post(ctx, "connector.Send", to, "", a)
}

// Reply posts an activity as the answer to another.
func (c *Connector) Reply(ctx context.Context, to Target, replyTo string, a schema.Activity) (string, error) {
	if err := checkID("connector.Reply", replyTo); err != nil {
		return "", err
	}
	return c.post(ctx, "connector.Reply", to, replyTo, a)
}

// Typing shows for some seconds that the bot is at work.
func (c *Connector) Typing(ctx context.Context, to Target) error {
	_, err := c.post(ctx, "connector.Typing", to, "", schema.Activity{Type: schema.Typing})
	return err
}

func (c *Connector) post(ctx context.Context, op string, to Target, replyTo string, a schema.Activity) (string, error) {
	ref, call, err := c.aim(op, to)
	if err != nil {
		return "", err
	}
	ref.ActivityID = replyTo
	a.ID = replyTo // the library takes the id of the address from here
	err = c.adapter.ProactiveMessage(call.in(ctx), ref, activity.HandlerFuncs{
		OnMessageFunc: func(turn *activity.TurnContext) (schema.Activity, error) {
			return activity.ApplyConversationReference(a, activity.GetCoversationReference(turn.Activity), false), nil
		},
	})
	return call.id(), connectorFault(op, err)
}

// Update replaces a message of this bot with another.
func (c *Connector) Update(ctx context.Context, to Target, id string, a schema.Activity) error {
	const op = "connector.Update"
	if err := checkID(op, id); err != nil {
		return err
	}
	ref, call, err := c.aim(op, to)
	if err != nil {
		return err
	}
	a = activity.ApplyConversationReference(a, ref, false)
	a.ID = id
	return connectorFault(op, c.adapter.UpdateActivity(call.in(ctx), a))
}

// Remove deletes a message of this bot.
func (c *Connector) Remove(ctx context.Context, to Target, id string) error {
	const op = "connector.Remove"
	if err := checkID(op, id); err != nil {
		return err
	}
	ref, call, err := c.aim(op, to)
	if err != nil {
		return err
	}
	return connectorFault(op, c.adapter.DeleteActivity(call.in(ctx), id, ref))
}

// aim checks a target and writes it as the library wants it.
func (c *Connector) aim(op string, to Target) (schema.ConversationReference, *connectorCall, error) {
	if err := checkID(op, to.Conversation); err != nil {
		return schema.ConversationReference{}, nil, err
	}
	if _, err := c.service(to.ServiceURL); err != nil {
		return schema.ConversationReference{}, nil, connectorFault(op, err)
	}
	ref := schema.ConversationReference{
		Bot:          schema.ChannelAccount{ID: c.bot(to.BotID)},
		Conversation: schema.ConversationAccount{ID: to.Conversation, TenantID: string(to.Tenant)},
		ChannelID:    "msteams",
		ServiceURL:   to.ServiceURL,
	}
	return ref, &connectorCall{op: op, tenant: to.Tenant, lane: string(identity.Root(to.Conversation))}, nil
}

func (c *Connector) bot(id string) string {
	if id == "" {
		return "28:" + c.appID
	}
	return id
}

// NewConversation says what conversation to start: with a person (their "29:" id, or their Entra object id where the app
// is installed for them), or a new thread in a channel, which First begins. Exactly one of Person and Channel is set.
type NewConversation struct {
	Tenant     identity.Tenant
	ServiceURL string
	BotID      string
	Person     string
	Channel    string
	First      *schema.Activity
}

// ConversationResult is a conversation that was started.
type ConversationResult struct {
	ID         string
	ActivityID string // of the first message; empty when none was sent
	ServiceURL string // where it is reached
}

// Start starts a conversation, or gives the one that exists with the person. Errors are as of Send.
func (c *Connector) Start(ctx context.Context, n NewConversation) (ConversationResult, error) {
	const op = "connector.Start"
	if err := checkID(op, n.Person+n.Channel); err != nil {
		return ConversationResult{}, err
	}
	if (n.Person == "") == (n.Channel == "") || (n.Channel != "" && n.First == nil) {
		return ConversationResult{}, fault.Wrap(fault.Invalid, op, errors.New("one of person and channel, the channel with a message"))
	}
	body, err := json.Marshal(c.creation(n))
	if err != nil {
		return ConversationResult{}, fault.Wrap(fault.Internal, op, errors.New("the first message is no JSON"))
	}
	u, err := c.address(n.ServiceURL, "conversations")
	if err != nil {
		return ConversationResult{}, connectorFault(op, err)
	}
	call := &connectorCall{op: op, tenant: n.Tenant, lane: n.Person + string(identity.Root(n.Channel))}
	answer, err := c.do(call.in(ctx), http.MethodPost, *u, body)
	if err != nil {
		return ConversationResult{}, connectorFault(op, err)
	}
	return c.readCreation(op, n, answer)
}

// creation is the body that creates a conversation (reference: POST /v3/conversations).
func (c *Connector) creation(n NewConversation) any {
	type id struct {
		ID string `json:"id"`
	}
	body := struct {
		Bot         id              `json:"bot"`
		Members     []id            `json:"members,omitempty"`
		IsGroup     bool            `json:"isGroup"`
		TenantID    identity.Tenant `json:"tenantId"`
		ChannelData map[string]id   `json:"channelData"`
		Activity    *wireActivity   `json:"activity,omitempty"`
	}{Bot: id{c.bot(n.BotID)}, IsGroup: n.Channel != "", TenantID: n.Tenant, ChannelData: map[string]id{"tenant": {string(n.Tenant)}}}
	if n.Person != "" {
		body.Members = []id{{n.Person}}
	} else {
		body.ChannelData["channel"] = id{n.Channel}
	}
	if n.First != nil {
		body.Activity = newWireActivity(*n.First)
	}
	return body
}

func (c *Connector) readCreation(op string, n NewConversation, answer []byte) (ConversationResult, error) {
	var created struct {
		ID         string `json:"id"`
		ActivityID string `json:"activityId"`
		ServiceURL string `json:"serviceUrl"`
	}
	if err := json.Unmarshal(answer, &created); err != nil || created.ID == "" {
		return ConversationResult{}, fault.Wrap(fault.Internal, op, &ConnectorError{Op: op, Code: "unreadable"})
	}
	if !c.Allowed(created.ServiceURL) {
		created.ServiceURL = n.ServiceURL
	}
	return ConversationResult(created), nil
}

// MemberAccount is somebody in a conversation.
type MemberAccount struct {
	ID     string          // "29:…"
	Person identity.Person // empty for who has no Entra account
	Name   string
	Email  string
	UPN    string
	Role   string // as Teams says it: user, guest, anonymous, owner
}

// memberWire is a member as the connector writes it; the Entra id comes under either name.
type memberWire struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Email       string `json:"email"`
	UPN         string `json:"userPrincipalName"`
	Role        string `json:"userRole"`
	ObjectID    string `json:"objectId"`
	AADObjectID string `json:"aadObjectId"`
}

func (m memberWire) account() MemberAccount {
	person := m.AADObjectID
	if person == "" {
		person = m.ObjectID
	}
	return MemberAccount{ID: m.ID, Person: identity.Person(strings.ToLower(person)), Name: m.Name, Email: m.Email, UPN: m.UPN, Role: m.Role}
}

// Member reads one member, by "29:" id, Entra object id or UPN.
func (c *Connector) Member(ctx context.Context, in Target, member string) (MemberAccount, error) {
	const op = "connector.Member"
	var m memberWire
	err := c.read(ctx, op, in, &m, "", "conversations", in.Conversation, "members", member)
	if err != nil {
		return MemberAccount{}, err
	}
	return m.account(), nil
}

// Limits of reading members, far beyond what a team may have.
const (
	memberPage     = "500"
	maxMemberPages = 100
)

// Members gives the members to fn until it gives false.
func (c *Connector) Members(ctx context.Context, in Target, fn func(MemberAccount) bool) error {
	const op = "connector.Members"
	query := url.Values{"pageSize": {memberPage}}
	for range maxMemberPages {
		var page struct {
			Members []memberWire `json:"members"`
			Next    string       `json:"continuationToken"`
		}
		if err := c.read(ctx, op, in, &page, query.Encode(), "conversations", in.Conversation, "pagedmembers"); err != nil {
			return err
		}
		for _, m := range page.Members {
			if !fn(m.account()) {
				return nil
			}
		}
		if page.Next == "" {
			return nil
		}
		query.Set("continuationToken", page.Next)
	}
	return fault.Wrap(fault.Internal, op, &ConnectorError{Op: op, Code: "endless"})
}

// ChannelInfo is a channel of a team.
type ChannelInfo struct {
	ID string
	// Name is empty for the team's general channel, whose name depends on the language of who looks.
	Name string
}

// TeamChannels reads the channels of a team, whose thread id is team. Of the target only tenant and address count.
func (c *Connector) TeamChannels(ctx context.Context, in Target, team string) ([]ChannelInfo, error) {
	in.Conversation = team
	var list struct {
		Conversations []ChannelInfo `json:"conversations"`
	}
	if err := c.read(ctx, "connector.TeamChannels", in, &list, "", "teams", team, "conversations"); err != nil {
		return nil, err
	}
	return list.Conversations, nil
}

// TeamName reads what a team is called.
func (c *Connector) TeamName(ctx context.Context, in Target, team string) (string, error) {
	in.Conversation = team
	var details struct {
		Name string `json:"name"`
	}
	err := c.read(ctx, "connector.TeamName", in, &details, "", "teams", team)
	return details.Name, err
}

// read gets JSON from /v3/ and the given parts.
func (c *Connector) read(ctx context.Context, op string, in Target, to any, query string, parts ...string) error {
	for _, part := range parts {
		if err := checkID(op, part); err != nil {
			return err
		}
	}
	u, err := c.address(in.ServiceURL, parts...)
	if err != nil {
		return connectorFault(op, err)
	}
	u.RawQuery = query
	call := &connectorCall{op: op, tenant: in.Tenant, lane: string(identity.Root(in.Conversation)), reads: true}
	answer, err := c.Get(call.in(ctx), *u)
	if err != nil {
		return connectorFault(op, err)
	}
	if err := json.Unmarshal(answer, to); err != nil {
		return fault.Wrap(fault.Internal, op, &ConnectorError{Op: op, Code: "unreadable"})
	}
	return nil
}

// Post, Put, Delete and Get make the Connector the client of the library's adapter.

// Post sends a new activity.
func (c *Connector) Post(ctx context.Context, u url.URL, a schema.Activity) error {
	a.ID = "" // the service gives it one
	return c.write(ctx, http.MethodPost, u, a)
}

// Put replaces an activity.
func (c *Connector) Put(ctx context.Context, u url.URL, a schema.Activity) error {
	return c.write(ctx, http.MethodPut, u, a)
}

// Delete removes an activity.
func (c *Connector) Delete(ctx context.Context, u url.URL) error {
	_, err := c.do(ctx, http.MethodDelete, u, nil)
	return err
}

// Get reads JSON.
func (c *Connector) Get(ctx context.Context, u url.URL) (json.RawMessage, error) {
	return c.do(ctx, http.MethodGet, u, nil)
}

func (c *Connector) write(ctx context.Context, method string, u url.URL, a schema.Activity) error {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false) // which would make a card longer, and its length has a limit
	if err := encoder.Encode(newWireActivity(a)); err != nil {
		return errors.New("the activity is no JSON")
	}
	answer, err := c.do(ctx, method, u, body.Bytes())
	if call := callIn(ctx); call != nil {
		call.answer = answer
	}
	return err
}

// wireActivity is an activity as it goes out: the library's, without the zero times and empty objects that it would write.
type wireActivity struct {
	schema.Activity
	Timestamp        time.Time                    `json:"timestamp,omitzero"`
	LocalTimestamp   time.Time                    `json:"localTimestamp,omitzero"`
	Expiration       time.Time                    `json:"expiration,omitzero"`
	From             schema.ChannelAccount        `json:"from,omitzero"`
	Recipient        schema.ChannelAccount        `json:"recipient,omitzero"`
	Conversation     schema.ConversationAccount   `json:"conversation,omitzero"`
	SuggestedActions schema.SuggestedActions      `json:"suggestedActions,omitzero"`
	RelatesTo        schema.ConversationReference `json:"relatesTo,omitzero"`
	SemanticAction   schema.SemanticAction        `json:"semanticAction,omitzero"`
}

func newWireActivity(a schema.Activity) *wireActivity {
	return &wireActivity{Activity: a, Timestamp: a.Timestamp, LocalTimestamp: a.LocalTimestamp, Expiration: a.Expiration, From: a.From,
		Recipient: a.Recipient, Conversation: a.Conversation, SuggestedActions: a.SuggestedActions, RelatesTo: a.RelatesTo, SemanticAction: a.SemanticAction}
}

// connectorCall goes with a call through the library: for the limits and the log, and to bring the answer back.
type connectorCall struct {
	op     string
	tenant identity.Tenant
	lane   string // the conversation whose limits count
	reads  bool
	answer []byte
}

type connectorCallKey struct{}

func (k *connectorCall) in(ctx context.Context) context.Context {
	return context.WithValue(ctx, connectorCallKey{}, k)
}

func callIn(ctx context.Context) *connectorCall {
	call, _ := ctx.Value(connectorCallKey{}).(*connectorCall)
	return call
}

// id is that of the activity that was sent. An answer without one is no error: the activity was taken.
func (k *connectorCall) id() string {
	var resource struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(k.answer, &resource) != nil {
		return ""
	}
	return resource.ID
}

const (
	maxPathID     = 512
	maxServiceURL = 2048
)

// checkID refuses what could leave its segment of the path, or change where a request goes.
func checkID(op, id string) error {
	bad := id == "" || len(id) > maxPathID || id == "." || id == ".." || !utf8.ValidString(id) ||
		strings.ContainsFunc(id, func(r rune) bool { return strings.ContainsRune(`/\?#%`, r) || unicode.IsControl(r) })
	if bad {
		return fault.Wrap(fault.Invalid, op, errors.New("an id that cannot be sent"))
	}
	return nil
}

// service reads a service address, which came from outside, and checks that our token may go there.
func (c *Connector) service(serviceURL string) (*url.URL, error) {
	u, err := url.Parse(serviceURL)
	if err != nil || len(serviceURL) > maxServiceURL || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || !isPlainPath(u) || !c.hosts.allows(u) {
		return nil, &ConnectorError{Code: "service_host"}
	}
	return u, nil
}

func isPlainPath(u *url.URL) bool {
	for part := range strings.SplitSeq(u.EscapedPath(), "/") {
		if part == "." || part == ".." || strings.ContainsAny(part, `%\`) {
			return false
		}
	}
	return true
}

// address makes an address below a service's /v3/. The parts were checked.
func (c *Connector) address(serviceURL string, parts ...string) (*url.URL, error) {
	u, err := c.service(serviceURL)
	if err != nil {
		return nil, err
	}
	u.Path = strings.TrimRight(u.Path, "/") + "/v3/" + strings.Join(parts, "/")
	return u, nil
}

// seal writes each part of a path as one escaped segment.
func seal(u *url.URL) {
	parts := strings.Split(u.Path, "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	u.RawPath = strings.Join(parts, "/")
}

// ConnectorError is what the connector answered, or that it did not.
type ConnectorError struct {
	Op     string
	Status int // of the HTTP answer; 0 without one
	// Code is the connector's own ("BotNotInConversationRoster"), or without an answer of it one of ours: service_host
	// (not a listed host), not_public (resolves to this network), unreachable, waiting (the limits would not let it go in
	// time), lost (sent, but no answer came), lost_twice, unreadable, too_long, endless.
	Code string
	// RetryAfter is how long to wait before trying again, when that is known.
	RetryAfter time.Duration
}

// Error tells operation, status and code. The connector's own message stays out: it may repeat what was sent.
func (e *ConnectorError) Error() string {
	s := "connector"
	if e.Status != 0 {
		s += " answered " + strconv.Itoa(e.Status)
	}
	if e.Code != "" {
		s += " " + e.Code
	}
	return s
}

// kind is what the error means to the caller. Microsoft's list of what to try again is exact: 500 is not on it.
func (e *ConnectorError) kind() fault.Kind {
	switch e.Status {
	case http.StatusPreconditionFailed, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return fault.Busy
	case http.StatusNotFound:
		return fault.NotFound
	case http.StatusForbidden:
		return fault.Denied
	case 0:
		if e.Code == "unreachable" || e.Code == "waiting" || e.Code == "lost" {
			return fault.Busy
		}
	}
	return fault.Internal
}

// connectorFault gives an error its kind, whatever the library wrapped around it.
func connectorFault(op string, err error) error {
	var known *fault.Error
	var answer *ConnectorError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return known
	case errors.As(err, &answer):
		answer.Op = op
		return fault.Wrap(answer.kind(), op, answer)
	}
	return fault.Wrap(fault.Internal, op, err)
}

// Limits of a request.
const (
	attemptTime   = 10 * time.Second
	deliveryTime  = 2 * time.Minute
	maxAnswerSize = 1 << 20
	maxRetryAfter = 24 * time.Hour
)

// do makes a request, again where that is right, until it is answered or ctx ends. Only here a token goes out.
func (c *Connector) do(ctx context.Context, method string, u url.URL, body []byte) ([]byte, error) {
	call := callIn(ctx)
	if call == nil { // somebody uses the library's interface by itself
		call = &connectorCall{op: "connector." + method, lane: u.Path}
	}
	if !c.hosts.allows(&u) {
		return nil, &ConnectorError{Op: call.op, Code: "service_host"}
	}
	seal(&u)
	ctx, cancel := context.WithTimeout(ctx, deliveryTime)
	defer cancel()
	place, err := c.limits.enter(ctx, limitKey{rateKey{c.appID, call.tenant}, call.lane, call.reads})
	if err != nil {
		return nil, &ConnectorError{Op: call.op, Code: "waiting"}
	}
	defer place.leave()
	d := &delivery{connector: c, op: call.op, method: method, url: u.String(), body: body, place: place, pause: newPause()}
	return d.run(ctx)
}

// newPause is how long to wait where the service does not say: half a second and more, with jitter.
func newPause() *backoff.ExponentialBackOff {
	return &backoff.ExponentialBackOff{InitialInterval: 500 * time.Millisecond, RandomizationFactor: 0.5, Multiplier: 2, MaxInterval: 8 * time.Second}
}

// delivery is one request and all attempts at it. It keeps the turn in its conversation the whole time, so that what
// was said later does not overtake it.
type delivery struct {
	connector *Connector
	op        string
	method    string
	url       string
	body      []byte
	place     *limitPlace
	pause     *backoff.ExponentialBackOff

	tries   int
	refused string // the token that got 401
	renewed bool
	last    *ConnectorError
}

func (d *delivery) run(ctx context.Context) ([]byte, error) {
	for {
		token, err := d.token(ctx)
		if err != nil {
			return nil, err
		}
		answered, err := d.place.spend(ctx)
		if err != nil {
			return nil, d.waiting(err)
		}
		answer := d.attempt(ctx, token)
		answered()
		d.tries++
		if answer.taken(d.method) {
			d.connector.lost.forget(d.sum())
			return answer.body, nil
		}
		d.last = answer.problem(d.op)
		if !d.again(answer, token) {
			return nil, d.last
		}
	}
}

func (d *delivery) token(ctx context.Context) (string, error) {
	if d.refused == "" {
		return d.connector.tokens.Token(ctx)
	}
	refused := d.refused
	d.refused = ""
	return d.connector.tokens.Renew(ctx, refused)
}

// waiting is the error for a request that the limits did not let go in time: the one before it, if it was tried.
func (d *delivery) waiting(err error) *ConnectorError {
	e := d.last
	if e == nil {
		e = &ConnectorError{Op: d.op, Code: "waiting"}
	}
	var long errTooLong
	if errors.As(err, &long) {
		e.RetryAfter = long.wait
	}
	return e
}

// again decides whether to try once more, and makes the conversation rest until then.
//
// The connector has no key that would make a repeated POST harmless. When a message was sent whole and no answer came,
// it may be there or not. It is sent once more, because a lost answer is worse than a double one; but never a third time,
// not even when the caller asks again later.
func (d *delivery) again(a connectorAnswer, token string) bool {
	if a.status == http.StatusUnauthorized && !d.renewed {
		d.refused, d.renewed = token, true
		return true
	}
	if d.last.kind() != fault.Busy {
		return false
	}
	if d.last.Code == "lost" && d.method == http.MethodPost && !d.connector.lost.first(d.sum()) {
		d.last.Code = "lost_twice"
		return false
	}
	wait := d.pause.NextBackOff()
	if a.asked {
		wait = d.last.RetryAfter
	}
	d.place.hold(wait)
	d.connector.log.Info("connector: trying again", "op", d.op, "status", d.last.Status, "code", d.last.Code, "wait", wait, "tries", d.tries)
	return d.tries < d.connector.attempts
}

// sum names the request, for the memory of lost answers.
func (d *delivery) sum() [sha256.Size]byte {
	return sha256.Sum256([]byte(d.method + " " + d.url + "\n" + string(d.body)))
}

// connectorAnswer is what came of one attempt.
type connectorAnswer struct {
	status int
	body   []byte
	cut    error // why the body is not whole
	// asked tells that the service said how long to wait, which is after.
	asked bool
	after time.Duration
	err   error // why there is no answer
	sent  bool  // the whole request went out
}

func (d *delivery) attempt(ctx context.Context, token string) connectorAnswer {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(w httptrace.WroteRequestInfo) { sent.Store(w.Err == nil) }})
	req, err := http.NewRequestWithContext(ctx, d.method, d.url, bytes.NewReader(d.body))
	if err != nil {
		return connectorAnswer{err: err}
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/json")
	if d.body != nil {
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	res, err := d.connector.http.Do(req)
	if err != nil {
		return connectorAnswer{err: err, sent: sent.Load()}
	}
	defer res.Body.Close()
	a := connectorAnswer{status: res.StatusCode}
	a.body, a.cut = io.ReadAll(http.MaxBytesReader(nil, res.Body, maxAnswerSize))
	a.after, a.asked = retryAfter(res.Header, time.Now())
	return a
}

// taken tells whether the request did its work. What was written is written, even when the rest of the answer is lost.
func (a connectorAnswer) taken(method string) bool {
	return a.status/100 == 2 && (a.cut == nil || method != http.MethodGet)
}

// problem describes an answer that is none.
func (a connectorAnswer) problem(op string) *ConnectorError {
	var tooLong *http.MaxBytesError
	switch {
	case errors.Is(a.err, errNotPublic):
		return &ConnectorError{Op: op, Code: "not_public"}
	case a.err != nil && a.sent:
		return &ConnectorError{Op: op, Code: "lost"}
	case a.err != nil:
		return &ConnectorError{Op: op, Code: "unreachable"}
	case a.status/100 == 2 && errors.As(a.cut, &tooLong):
		return &ConnectorError{Op: op, Code: "too_long"}
	case a.status/100 == 2:
		return &ConnectorError{Op: op, Code: "unreachable"}
	}
	return &ConnectorError{Op: op, Status: a.status, Code: remoteCode(a.body), RetryAfter: a.after}
}

// remoteCode finds the connector's error code, in either of the shapes that were seen. Nothing else of the body is used.
func remoteCode(body []byte) string {
	var answer struct {
		Code  string `json:"code"`
		Error struct {
			Code string `json:"code"`
		} `json:"error"`
	}
	_ = json.Unmarshal(body, &answer) // no JSON, no code
	code := answer.Error.Code
	if code == "" {
		code = answer.Code
	}
	if len(code) > 64 || strings.ContainsFunc(code, func(r rune) bool { return r > unicode.MaxASCII || !(unicode.IsLetter(r) || unicode.IsDigit(r)) }) {
		return ""
	}
	return code
}

// retryAfter reads the header Retry-After: seconds, also with a fraction, or a date. A date is compared with the
// service's own clock where it tells it.
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		if !(seconds >= 0) { // negative, or no number
			return 0, false
		}
		return time.Duration(min(seconds, maxRetryAfter.Seconds()) * float64(time.Second)), true
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	return min(max(0, at.Sub(now)), maxRetryAfter), true
}

// lostAnswers remembers which messages were sent without an answer, so that none is sent a third time.
type lostAnswers struct {
	mu   sync.Mutex
	sums map[[sha256.Size]byte]bool
}

const maxLost = 10_000

func newLostAnswers() *lostAnswers { return &lostAnswers{sums: map[[sha256.Size]byte]bool{}} }

// first notes a lost answer and tells whether it is the first of its message.
func (l *lostAnswers) first(sum [sha256.Size]byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sums[sum] {
		delete(l.sums, sum)
		return false
	}
	if len(l.sums) >= maxLost {
		clear(l.sums)
	}
	l.sums[sum] = true
	return true
}

func (l *lostAnswers) forget(sum [sha256.Size]byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.sums, sum)
}
