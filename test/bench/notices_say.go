package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"teamspro/bot"
	"teamspro/cards"
	"teamspro/internal/identity"
	"teamspro/internal/lang"
)

// Who sends notices is a process of its own, so that its CPU time is its own: it reads orders, one a line, and answers each
// with a line when all of it was sent.

// sayEnv makes this program one of them, and connectorEnv the connector that they send to.
const (
	sayEnv       = "TEAMSPRO_BENCH_SAY"
	connectorEnv = "TEAMSPRO_BENCH_CONNECTOR"
	sayersEnv    = "TEAMSPRO_BENCH_FOLDER"
)

// order is what is to be sent: so many notices, numbered from First, around the conversations of the tenants.
type order struct {
	First         int  `json:"first"`
	Notices       int  `json:"notices"`
	Tenants       int  `json:"tenants"`
	Conversations int  `json:"conversations"` // of each tenant
	Limited       bool `json:"limited"`       // keep to Teams' limits
	Resume        bool `json:"resume"`        // go on with what a killed process left
	Announced     bool `json:"announced"`     // say when all is announced, and send only then
}

// place is where the nth notice goes.
func (o order) place(n int) (tenant int, conversation string) {
	tenant = n % o.Tenants
	return tenant, conversationName(tenant, n/o.Tenants%o.Conversations)
}

func tenantName(n int) string { return fmt.Sprintf("6a1f0c3e-0000-4000-8000-%012d", n) }

// outcome is what it took.
type outcome struct {
	Micros int64  `json:"micros"` // of CPU
	Took   int64  `json:"took"`   // microseconds
	Error  string `json:"error,omitempty"`
}

// What a notice of the bench says: a mark, the number by which the connector knows it, and some sentences.
const (
	noticeMark   = "Notice "
	noticeDigits = 6
	noticeText   = "The heating of the east wing is renewed from Friday noon until Sunday evening. Please close the windows, take plants from the sills and leave the doors to the stairs free. The rooms of the ground floor can be used meanwhile; who needs one asks at the desk."
)

func noticeTitle(n int) string { return fmt.Sprintf("%s%0*d", noticeMark, noticeDigits, n) }

func noticeCard(n int) cards.Card {
	return cards.Announcement(lang.For("en"), cards.AnnouncementView{ID: announcementID(n), Title: noticeTitle(n), Text: noticeText, Who: "Ana Invented"})
}

// sayer sends what an order asks for to the connector at an address.
type sayer func(ctx context.Context, addr string, o order) error

// sayers are those in Go, by name.
func sayers() map[string]sayer {
	return map[string]sayer{wholeName: whole, aloneName: alone, plainName: plain}
}

const (
	plainName = "plain Go client"
	aloneName = "teamspro, connector alone"
)

// ourSpeakers are those of them that are measured, the one that is held to the goals first.
func ourSpeakers() []string { return []string{wholeName, aloneName, plainName} }

// senders is how many send at a time.
const senders = 64

// say follows orders until there are no more.
func say(name string, in io.Reader, out io.Writer) error {
	send := sayers()[name]
	if send == nil {
		return fmt.Errorf("there is no sender %q", name)
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var o order
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			return err
		}
		before, start := ownTime(), time.Now()
		err := send(context.Background(), os.Getenv(connectorEnv), o)
		done := outcome{Micros: (ownTime() - before).Microseconds(), Took: time.Since(start).Microseconds()}
		if err != nil {
			done.Error = err.Error()
		}
		if err := json.NewEncoder(out).Encode(done); err != nil {
			return err
		}
	}
	return lines.Err()
}

// each calls do with the numbers of an order, from so many goroutines, until one fails.
func (o order) each(do func(n int) error) error {
	var next atomic.Int64
	var group sync.WaitGroup
	errs := make([]error, senders)
	for s := range senders {
		group.Go(func() {
			for errs[s] == nil {
				n := int(next.Add(1)) - 1
				if n >= o.Notices {
					return
				}
				errs[s] = do(o.First + n)
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// token gives one as long as those of Microsoft.
type token struct{}

var bearer = strings.Repeat("bench", 300)

func (token) Token(context.Context) (string, error)         { return bearer, nil }
func (token) Renew(context.Context, string) (string, error) { return "", errors.New("refused") }

var (
	transport = sync.OnceValue(func() *http.Client {
		return &http.Client{Transport: bot.GuardedTransport([]string{os.Getenv(connectorEnv)}, nil)}
	})
	lean = sync.OnceValue(func() *http.Client {
		return &http.Client{Transport: bot.Lean(bot.GuardedTransport([]string{os.Getenv(connectorEnv)}, nil), nil)}
	})
	// free is our connector without limits, and held the one that keeps to Teams'.
	free = sync.OnceValue(func() *bot.Connector {
		return newConnector(bot.NewLimitsOf(bot.LimitsConfig{Rate: 1_000_000, Windows: []bot.LimitWindow{{N: 1_000_000, D: time.Second}}}))
	})
	held = sync.OnceValue(func() *bot.Connector { return newConnector(bot.NewLimits(0)) })
)

func newConnector(l *bot.Limits) *bot.Connector {
	return bot.NewConnector(bot.ConnectorConfig{AppID: appID, Tokens: token{}, HTTP: lean(), Hosts: []string{os.Getenv(connectorEnv)}, Limits: l})
}

// plain is the floor: requests as net/http makes them, with a body that was encoded beforehand but for its number.
func plain(ctx context.Context, addr string, o order) error {
	card := noticeCard(0).JSON()
	return o.each(func(n int) error {
		_, conversation := o.place(n)
		body := bytes.Replace(card, []byte(noticeTitle(0)), []byte(noticeTitle(n)), 1)
		body = fmt.Appendf(nil, `{"type":"message","from":{"id":"28:%s"},"conversation":{"id":%q},"attachments":[{"contentType":%q,"content":%s}]}`, appID, conversation, cards.ContentType, body)
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+"/emea/v3/conversations/"+conversation+"/activities", bytes.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+bearer)
		res, err := transport().Do(req)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, res.Body)
		if res.StatusCode != http.StatusCreated {
			err = cmp.Or(err, errors.New("answered "+strconv.Itoa(res.StatusCode)))
		}
		return errors.Join(err, res.Body.Close())
	})
}

// alone is our connector without what goes before it: each card is made and sent.
func alone(ctx context.Context, addr string, o order) error {
	c := free()
	if o.Limited {
		c = held()
	}
	return o.each(func(n int) error {
		tenant, conversation := o.place(n)
		_, err := c.SendCard(ctx, bot.Target{Tenant: identity.Tenant(tenantName(tenant)), ServiceURL: "http://" + addr + "/emea/", Conversation: conversation, Patient: true}, noticeCard(n))
		return err
	})
}
