package bot

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

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
	// HTTP is the client, made with Lean and GuardedTransport; its redirect policy is replaced by "none".
	HTTP *http.Client
	// Hosts are those that the app's token may go to: "host", "host:port" or "*.suffix". A loopback host needs its port.
	Hosts []string
	// Limits is shared by all apps; nil makes one with the default rate.
	Limits *Limits
	// Log may be nil.
	Log *slog.Logger
	// MaxAttempts is how often one request is made at most; 0 means 6.
	MaxAttempts int
	// MaxFile is the most bytes that are read of a file that people hand over; 0 means 32 MiB.
	MaxFile int64
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
	most     int64 // bytes of a file
	lost     *lostAnswers
	services serviceAddresses
	adapter  core.BotFrameworkAdapter
}

var _ client.Client = (*Connector)(nil)

// NewConnector makes a Connector.
func NewConnector(c ConnectorConfig) *Connector {
	if c.HTTP == nil {
		c.HTTP = &http.Client{Transport: Lean(GuardedTransport(c.Hosts, nil), nil)}
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
	if c.MaxFile == 0 {
		c.MaxFile = usualMost
	}
	httpClient := *c.HTTP
	httpClient.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	connector := &Connector{appID: c.AppID, tokens: c.Tokens, http: &httpClient, hosts: newHostList(c.Hosts), limits: c.Limits,
		log: c.Log, attempts: c.MaxAttempts, most: c.MaxFile, lost: newLostAnswers()}
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
	// Patient is set where nobody waits for what is sent: it goes behind what somebody waits for (see Limits).
	Patient bool
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
	return ref, &connectorCall{op: op, tenant: to.Tenant, lane: string(identity.Root(to.Conversation)), patient: to.Patient}, nil
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
	details, err := c.team(ctx, "connector.TeamName", in, team)
	return details.Name, err
}

// TeamGroup reads the Entra id of the group behind a team.
func (c *Connector) TeamGroup(ctx context.Context, in Target, team string) (string, error) {
	details, err := c.team(ctx, "connector.TeamGroup", in, team)
	return details.Group, err
}

// teamDetails is what is read of a team (reference: GET /v3/teams/{id}).
type teamDetails struct {
	Name  string `json:"name"`
	Group string `json:"aadGroupId"`
}

func (c *Connector) team(ctx context.Context, op string, in Target, team string) (details teamDetails, err error) {
	in.Conversation = team
	err = c.read(ctx, op, in, &details, "", "teams", team)
	return details, err
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
