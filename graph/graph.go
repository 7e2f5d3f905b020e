// Package graph reads and writes people's pictures through Microsoft Graph, each with the person's own token, and asks
// the directory who somebody is. It implements image.Drives.
//
// It is built on the adapter, serialisation and error types of the Graph SDK for Go, without the SDK's models, which take
// minutes to compile; the dozen types that are needed are its own. It decides nothing: who may see or change what, Graph
// says. Tokens go to Graph's host only; the addresses that Graph hands out for downloads and uploads carry their own
// right, are asked without a token and appear in no log.
package graph

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/authentication"
	khttp "github.com/microsoft/kiota-http-go"
	kjson "github.com/microsoft/kiota-serialization-json-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"

	"teamspro/internal/identity"
	"teamspro/internal/image"
)

// Tokens gives the tokens of people for Graph; internal/auth has them. Faults of both methods reach the caller as they
// are.
type Tokens interface {
	Token(ctx context.Context, who identity.Caller) (string, error)
	// Refused hears that Graph refused a token: with what it asks for, decoded (claims), or twice in a row without saying why.
	Refused(ctx context.Context, who identity.Caller, claims string) error
}

// Config says how Graph is reached.
type Config struct {
	// BaseURL is Graph with its version, such as https://graph.microsoft.com/v1.0; a national cloud has another. Plain
	// http is for a stand-in on this machine.
	BaseURL string
	// Transport carries the requests. It must connect to public addresses only, beside those that the operator named.
	Transport http.RoundTripper
	Tokens    Tokens
	// Local are addresses on this machine, "host:port", that downloads and uploads may also lie at. BaseURL's need not
	// be named.
	Local []string
	// SitesSelected says that the app sees only the sites that an administrator granted, and so nobody's own drive.
	SitesSelected bool
	// Patience is how long one call may wait for a Graph that is busy, over all its requests; 0 means 2.5 s, which is
	// what somebody who looks at a spinner bears.
	Patience time.Duration
	// UserAgent is what SharePoint knows the traffic by; empty means NONISV|TeamsPro|ImagePro/1.0.
	UserAgent string
	// Log may be nil.
	Log *slog.Logger
}

// Defaults and bounds. Of waiting, see Config.Patience.
const (
	defaultPatience  = 2500 * time.Millisecond
	defaultUserAgent = "NONISV|TeamsPro|ImagePro/1.0"
	askTime          = 15 * time.Second // for one question to Graph
	carryTime        = 60 * time.Second // for one download, or one fragment of an upload
)

// Client is Graph. It is safe for concurrent use.
type Client struct {
	base      *url.URL
	adapter   *core.GraphRequestAdapterBase
	outside   *http.Client // for addresses that carry their own right
	local     map[string]bool
	selected  bool
	patience  time.Duration
	askTime   time.Duration
	carryTime time.Duration
	agent     string
	log       *slog.Logger
}

var _ image.Drives = (*Client)(nil)

// New makes a Client. Its error says what is wrong with BaseURL.
func New(c Config) (*Client, error) {
	base, err := baseURL(c.BaseURL)
	if err != nil {
		return nil, err
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	client := &Client{base: base, local: map[string]bool{}, selected: c.SitesSelected, patience: orDefault(c.Patience, defaultPatience),
		askTime: askTime, carryTime: carryTime, agent: orDefault(c.UserAgent, defaultUserAgent), log: c.Log}
	if base.Scheme == "http" {
		client.local[base.Host] = true
	}
	for _, address := range c.Local {
		client.local[strings.ToLower(address)] = true
	}
	client.outside = &http.Client{Transport: c.Transport, CheckRedirect: client.followOutside}
	if client.adapter, err = client.newAdapter(c); err != nil {
		return nil, fmt.Errorf("graph.New: %w", err)
	}
	return client, nil
}

func orDefault[T comparable](value, other T) T {
	var zero T
	if value == zero {
		return other
	}
	return value
}

func baseURL(text string) (*url.URL, error) {
	base, err := url.Parse(strings.TrimRight(text, "/"))
	switch {
	case err != nil || base.Host == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "":
		return nil, errors.New("graph.New: the base address is none")
	case base.Scheme != "https" && (base.Scheme != "http" || !isLoopback(base.Hostname())):
		return nil, errors.New("graph.New: the base address must begin with https://")
	}
	base.Host = strings.ToLower(base.Host)
	return base, nil
}

// newAdapter puts the SDK's adapter together. Of the SDK's middleware it takes telemetry and the reading of parameter
// names; its redirects would leave Graph's host, its retries wait up to three minutes, and its compression of requests
// gains nothing with pictures. Tokens are put on below the adapter (see door), because the adapter's own handling of a
// claims challenge panics on a malformed one.
func (c *Client) newAdapter(config Config) (*core.GraphRequestAdapterBase, error) {
	options := core.GraphClientOptions{GraphServiceVersion: "v1.0", GraphServiceLibraryVersion: "1.89.0"}
	door := &door{next: config.Transport, client: c, tokens: config.Tokens}
	if door.next == nil {
		door.next = http.DefaultTransport
	}
	pipeline := khttp.NewCustomTransportWithParentTransport(door, core.NewGraphTelemetryHandler(&options), khttp.NewParametersNameDecodingHandler())
	inside := &http.Client{Transport: pipeline, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	adapter, err := core.NewGraphRequestAdapterBaseWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(
		&authentication.AnonymousAuthenticationProvider{}, options, kjson.NewJsonParseNodeFactory(), kjson.NewJsonSerializationWriterFactory(), inside)
	if err != nil {
		return nil, err
	}
	adapter.SetBaseUrl(c.base.String())
	return adapter, nil
}

// call is one call of a method of Client: who asks, what for, and how much waiting is left. It travels in the context.
type call struct {
	op    string
	who   identity.Caller
	waits time.Duration
	// tried says that some request of the call was sent more than once.
	tried bool
}

type callKey struct{}

// begin marks the context of a call.
func (c *Client) begin(ctx context.Context, op string, who identity.Caller) (context.Context, *call) {
	k := &call{op: op, who: who, waits: c.patience}
	return context.WithValue(ctx, callKey{}, k), k
}

func callOf(ctx context.Context) *call {
	if k, ok := ctx.Value(callKey{}).(*call); ok {
		return k
	}
	return &call{op: "graph"}
}

// request is a request to Graph: a template of a path below the version, the values of its parts, and headers.
func (c *Client) request(method abstractions.HttpMethod, template string, parts map[string]string, headers ...string) *abstractions.RequestInformation {
	values := map[string]string{"baseurl": c.base.String()}
	for name, value := range parts {
		values[name] = value
	}
	r := abstractions.NewRequestInformationWithMethodAndUrlTemplateAndPathParameters(method, "{+baseurl}"+template, values)
	r.Headers.Add("Accept", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Headers.Add(headers[i], headers[i+1])
	}
	return r
}
