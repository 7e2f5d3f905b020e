// Package bot is the conversation: it takes activities from Teams, finds the route, lets the domain do the work and
// answers with cards. routes.go is its table of contents.
//
// It holds no rules about contacts or images, and no layout: those are in internal/contact and cards. Wire names of the
// Bot Framework stand in activity.go and invoke.go and nowhere else.
package bot

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/infracloudio/msbotbuilder-go/schema"

	"teamspro/cards"
	"teamspro/internal/configuration"
	"teamspro/internal/contact"
	"teamspro/internal/identity"
	"teamspro/internal/image"
	"teamspro/internal/notice"
)

// Config is what a Bot is made of. Everything is required but where it says otherwise.
type Config struct {
	Verifier Verifier
	Books    *contact.Books
	// Takeout makes files of contacts; nil where nobody can take any out.
	Takeout Takeout
	// Imports brings files into books; for Contact Pro.
	Imports       *contact.Imports
	Conversations Conversations
	Turns         Turns
	Metrics       Metrics
	Log           *slog.Logger
	// Configurations is what was decided for conversations and the organisation; nil: nothing is, and nothing can be.
	Configurations *configuration.Configurations
	// Contact and Image are the apps that are configured; at least one has an ID. Both may have the same.
	Contact, Image AppConfig
	// Tenants are the organisations that may use the service; "*" admits any.
	Tenants []string
	// PublicURL is where Teams and people reach the service, without a slash at the end.
	PublicURL string
	// Region is the country whose numbers need no country code ("FR"); empty when there is none.
	Region string
	// Avatar gives the path of a picture of somebody's initials.
	Avatar func(name, kind string) string
	// Studio is where pictures are worked on, and Preview the addresses they are shown at; for Image Pro.
	Studio  *image.Studio
	Preview PreviewFunc
	// People keeps the profiles of those who signed in; nil when nobody can.
	People People
	// Gallery is what people do with files of SharePoint; for Image Pro.
	Gallery *image.Gallery
	// Watcher finds new pictures in libraries, and names those that are told of; nil where there is nothing to watch.
	Watcher *image.Watcher
	// Pins, Presets and Batches are what people do with sets of pictures; for Image Pro.
	Pins    *image.Pins
	Presets *image.PresetBook
	Batches *image.Batches
	// Unsaid is what is still to be told, and dropped where an app was; nil when nothing is.
	Unsaid Unsaid
	// Grace is how long what an app leaves behind waits for it to come back, for people to know; 0 tells them nothing.
	Grace time.Duration
	// Subscriptions tells what conversations want to hear, and in which language; nil: Configurations do.
	Subscriptions notice.Subscriptions
	// Announcements keeps what owners announce; nil when nobody can.
	Announcements notice.Announcements
	// Kept lists what is stored and how long, for the privacy card.
	Kept func(t cards.Texts) []cards.FactView
	// Now is the clock; nil is the real one.
	Now func() time.Time
}

// AppConfig is one app. An app without ID does not exist.
type AppConfig struct {
	ID        string
	Name      string
	Connector *Connector
	Roster    *Roster
	// SignIn holds the tokens of people for this app, and Profiles reads what the directory says of them; nil when nobody can
	// sign in.
	SignIn   SignIn
	Profiles Profiles
}

// Bot answers activities of both apps. It is an http.Handler for POST /api/messages.
type Bot struct {
	Config
	apps    map[string]*app // by app id
	tenants allowed
	turns   Turns
	metrics Metrics
	log     *slog.Logger
	now     func() time.Time

	verifier Verifier
	gate     *gate
	once     *once
	memo     memo
	running  running
	replies  *replies
	greeting running
	turned   recently
	posting  recently

	told       toldCards
	waiting    waiting
	exchanges  recently
	handing    recently        // files that were taken
	held       *heldFiles      // files of contacts that wait for their person
	reading    *gate           // of those that are read
	long       *gate           // of work that goes on after its turn
	jobs       sync.WaitGroup  // what goes on in the background
	background context.Context // ends when that is to end
	stop       context.CancelFunc
}

// app is one app at work.
type app struct {
	key       App
	id        string
	name      string
	connector *Connector
	roster    *Roster
	signIn    SignIn
	profiles  Profiles
	router    *Router
	commands  commands
	log       *slog.Logger
	now       func() time.Time
}

// New makes a Bot. It panics when the route table is ambiguous.
func New(c Config) *Bot {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Configurations == nil {
		c.Configurations = configuration.New(configuration.Config{})
	}
	if c.Subscriptions == nil {
		c.Subscriptions = c.Configurations
	}
	b := &Bot{Config: c, apps: map[string]*app{}, tenants: newAllowed(c.Tenants), turns: c.Turns, metrics: c.Metrics, log: c.Log, now: c.Now,
		verifier: c.Verifier, gate: newGate(maxConcurrent, queueTime), once: newOnce(c.Now), memo: newMemo(memoSize), posting: recently{span: pressedTwice}, handing: recently{span: longTime}, exchanges: recently{span: longTime},
		long: newGate(maxLong, 0), told: newToldCards(), held: &heldFiles{now: c.Now}, reading: newGate(importReaders, longTime)}
	b.background, b.stop = context.WithCancel(context.Background())
	b.replies = newReplies(c.Turns, c.Metrics, c.Log, c.Now)
	if strings.EqualFold(c.Contact.ID, c.Image.ID) {
		b.install(Both, c.Contact)
	} else {
		b.install(ContactPro, c.Contact)
		b.install(ImagePro, c.Image)
	}
	return b
}

func (b *Bot) install(key App, c AppConfig) {
	if c.ID == "" {
		return
	}
	router := b.Routes(key)
	b.apps[strings.ToLower(c.ID)] = &app{key: key, id: c.ID, name: c.Name, connector: c.Connector, roster: c.Roster, signIn: c.SignIn, profiles: c.Profiles, router: router,
		commands: newCommands(router), log: b.log, now: b.now}
}

// Resume tells the people whose answers were lost with the last process that they should ask again, and those whose batches
// it did not bring to their end how far they came, and goes on with imports. It comes back when that is set up, and is called before the first activity
// is served.
func (b *Bot) Resume(ctx context.Context) error {
	owing, err := b.turns.Owing(ctx)
	if err != nil {
		return err
	}
	for _, o := range owing {
		if a := b.apps[strings.ToLower(o.Reference.App)]; a != nil {
			b.apologise(a, o)
		}
	}
	return errors.Join(b.resumeBatches(ctx), b.resumeImports(ctx))
}

// Close ends what goes on in the background, and lets the answers that still wait go out, until ctx ends.
func (b *Bot) Close(ctx context.Context) {
	b.stop()
	ended := make(chan struct{})
	go func() { b.jobs.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-ctx.Done():
	}
	b.replies.close(ctx)
}

func attach(card cards.Card) schema.Attachment {
	name, url := card.File()
	return schema.Attachment{ContentType: card.Type(), Name: name, ContentURL: url, Content: card}
}

// allowed is the set of tenants that may use the service.
type allowed struct {
	any bool
	ids []identity.Tenant
}

func newAllowed(tenants []string) allowed {
	var a allowed
	for _, t := range tenants {
		a.any = a.any || t == "*"
		a.ids = append(a.ids, identity.Tenant(strings.ToLower(t)))
	}
	return a
}

func (a allowed) allow(t identity.Tenant) bool {
	return t != "" && (a.any || slices.Contains(a.ids, t))
}
