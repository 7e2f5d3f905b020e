package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"teamspro/internal/fault"
	"teamspro/internal/identity"

	"github.com/infracloudio/msbotbuilder-go/schema"
)

// How activities, ids and addresses go out.

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
	op      string
	tenant  identity.Tenant
	lane    string // the conversation whose limits count
	reads   bool
	patient bool
	limit   int64 // bytes of an answer; 0 is what JSON may have
	answer  []byte
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
	if id, usual := plainAnswer(k.answer); usual {
		return id
	}
	var resource struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(k.answer, &resource) != nil {
		return ""
	}
	return resource.ID
}

// plainAnswer reads the answer that Teams gives, which is {"id":"1700000000000"}; another one is left to a reader of JSON.
func plainAnswer(answer []byte) (id string, usual bool) {
	const head, end = `{"id":"`, `"}`
	if len(answer) < len(head)+len(end) || string(answer[:len(head)]) != head || string(answer[len(answer)-len(end):]) != end {
		return "", false
	}
	digits := answer[len(head) : len(answer)-len(end)]
	return string(digits), !bytes.ContainsFunc(digits, func(r rune) bool { return r < '0' || r > '9' })
}

const maxServiceURL = 2048

// checkID refuses what could leave its segment of the path, or change where a request goes.
func checkID(op, id string) error {
	if id == "" || !plainID(id) {
		return fault.Wrap(fault.Invalid, op, errors.New("an id that cannot be sent"))
	}
	return nil
}

// service reads a service address, which came from outside, and checks that our token may go there.
func (c *Connector) service(serviceURL string) (url.URL, error) {
	if u, known := c.services.get(serviceURL); known {
		return u, nil
	}
	u, err := url.Parse(serviceURL)
	if err != nil || len(serviceURL) > maxServiceURL || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || !isPlainPath(u) || !c.hosts.allows(u) {
		return url.URL{}, &ConnectorError{Code: "service_host"}
	}
	c.services.keep(serviceURL, *u)
	return *u, nil
}

// serviceAddresses are those that were read and are allowed: Teams has a few, one for each part of the world.
type serviceAddresses struct {
	mu   sync.RWMutex
	read map[string]url.URL
}

const servicesKept = 64

func (s *serviceAddresses) get(address string) (url.URL, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	u, known := s.read[address]
	return u, known
}

func (s *serviceAddresses) keep(address string, u url.URL) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.read == nil || len(s.read) >= servicesKept {
		s.read = map[string]url.URL{}
	}
	s.read[address] = u
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
	return &u, nil
}

// seal writes each part of a path as one escaped segment.
func seal(u *url.URL) {
	if u.RawPath = ""; !strings.ContainsFunc(u.Path, needsEscape) {
		return // the usual case; such a path is written as it is
	}
	parts := strings.Split(u.Path, "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	u.RawPath = strings.Join(parts, "/")
}

// needsEscape tells whether a sign may be written otherwise in a path.
func needsEscape(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '-' || r > ':') && r != '@' && r != '_' // from - to : are . / and the digits
}
