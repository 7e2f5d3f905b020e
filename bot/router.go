package bot

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"teamspro/cards"
)

// App is one of the two products. The audience of an inbound token says which was addressed.
type App string

// The apps.
const (
	ContactPro App = "contact"
	ImagePro   App = "image"
	// Both is one bot that is both products: they have the same app id.
	Both App = "both"
)

// has tells whether a bot is a product.
func (a App) has(product App) bool { return a == product || a == Both }

// Surface is a way in which people reach a route.
type Surface string

// The surfaces, by the words that Teams uses for them.
const (
	OnCommand   Surface = "command"   // a message to the bot
	OnQuery     Surface = "query"     // composeExtension/query
	OnSelect    Surface = "select"    // composeExtension/selectItem
	OnAction    Surface = "action"    // adaptiveCard/action, Action.Execute
	OnOpen      Surface = "open"      // task/fetch: a dialog from a card
	OnSubmit    Surface = "submit"    // task/submit, config/submit
	OnConfigure Surface = "configure" // config/fetch: the app's settings, from its entry in a team or chat
	OnExtend    Surface = "extend"    // composeExtension/fetchTask: a dialog from the compose box or a message
	OnExtended  Surface = "extended"  // composeExtension/submitAction
	OnLifecycle Surface = "lifecycle" // conversationUpdate, installationUpdate
	OnSignIn    Surface = "signin"    // what Teams answers to a sign-in card
	OnOther     Surface = "other"     // invokes that need an answer and nothing else
)

// The shapes of handlers. None of them sees JSON or HTTP; the router decodes and encodes.
type (
	// CardFunc answers a command or a button with a card.
	CardFunc func(*Turn) (cards.Card, error)
	// QueryFunc answers a search of the message extension.
	QueryFunc func(*Turn, Query) (Results, error)
	// SelectFunc answers the choice of a search result.
	SelectFunc func(*Turn) (Result, error)
	// OpenFunc opens a dialog.
	OpenFunc func(*Turn) (Dialog, error)
	// SubmitFunc takes a filled-in dialog.
	SubmitFunc func(*Turn, Form) (Outcome, error)
	// GrantFunc signs somebody in.
	GrantFunc func(*Turn, Grant) error
	// EventFunc follows an event that needs no answer.
	EventFunc func(*Turn) error
)

// Route is one line of the table: what can be asked, and who answers.
type Route struct {
	App     App
	Surface Surface
	// Pattern is the word of a command, the id of an extension command, or the path of a button: "contact/{id}/history".
	Pattern string
	// Does says what a person gets, for the route table.
	Does string

	card   CardFunc
	query  QueryFunc
	choose SelectFunc
	open   OpenFunc
	submit SubmitFunc
	event  EventFunc
	grant  GrantFunc
	parts  []string
	name   string
}

// Name is how logs and metrics call the route. It never holds what people wrote.
func (r *Route) Name() string { return r.name }

// Router finds the route of what comes in. It is filled once, in routes.go, and then only read.
type Router struct {
	app    App
	routes []*Route
}

// Command answers a word typed to the bot. The words that people may use for it in each language stand in
// internal/lang under "command.<pattern>".
func (r *Router) Command(word string, f CardFunc, does string) {
	r.add(&Route{Surface: OnCommand, Pattern: word, card: f, Does: does})
}

// Query answers a search command of the message extension.
func (r *Router) Query(id string, f QueryFunc, does string) {
	r.add(&Route{Surface: OnQuery, Pattern: id, query: f, Does: does})
}

// Select answers the choice of a search result whose preview carries the path.
func (r *Router) Select(path string, f SelectFunc, does string) {
	r.add(&Route{Surface: OnSelect, Pattern: path, choose: f, Does: does})
}

// Action answers a button of a card.
func (r *Router) Action(path string, f CardFunc, does string) {
	r.add(&Route{Surface: OnAction, Pattern: path, card: f, Does: does})
}

// Dialog opens a dialog from a card and takes what was filled in.
func (r *Router) Dialog(path string, open OpenFunc, submit SubmitFunc, does string) {
	r.add(&Route{Surface: OnOpen, Pattern: path, open: open, Does: does})
	r.add(&Route{Surface: OnSubmit, Pattern: path, submit: submit, Does: does})
}

// Configure opens the dialog of the app's settings; what is filled in is taken as of any dialog.
func (r *Router) Configure(open OpenFunc, does string) {
	r.add(&Route{Surface: OnConfigure, Pattern: configured, open: open, Does: does})
}

// Submit takes what was filled in into a dialog that another route opens.
func (r *Router) Submit(path string, submit SubmitFunc, does string) {
	r.add(&Route{Surface: OnSubmit, Pattern: path, submit: submit, Does: does})
}

// Open opens a dialog whose form another dialog takes.
func (r *Router) Open(path string, open OpenFunc, does string) {
	r.add(&Route{Surface: OnOpen, Pattern: path, open: open, Does: does})
}

// Extend opens a dialog from the compose box or a message and takes what was filled in.
func (r *Router) Extend(id string, open OpenFunc, submit SubmitFunc, does string) {
	r.add(&Route{Surface: OnExtend, Pattern: id, open: open, Does: does})
	r.add(&Route{Surface: OnExtended, Pattern: id, submit: submit, Does: does})
}

// Lifecycle follows what happens to the bot in a conversation.
func (r *Router) Lifecycle(event string, f EventFunc, does string) {
	r.add(&Route{Surface: OnLifecycle, Pattern: event, event: f, Does: does})
}

// SignIn takes what Teams sends to sign somebody in.
func (r *Router) SignIn(name string, f GrantFunc, does string) {
	r.add(&Route{Surface: OnSignIn, Pattern: name, grant: f, Does: does})
}

// Other answers an invoke with an empty success.
func (r *Router) Other(name string, f EventFunc, does string) {
	r.add(&Route{Surface: OnOther, Pattern: name, event: f, Does: does})
}

// add panics on a route that could not be reached, so that an ambiguous table does not start.
func (r *Router) add(n *Route) {
	n.App, n.parts, n.name = r.app, strings.Split(n.Pattern, "/"), string(n.Surface)+" "+n.Pattern
	for _, o := range r.routes {
		if r.app == Both && o.name == n.name {
			return // both products have it
		}
		if o.Surface == n.Surface && overlap(o.parts, n.parts) {
			panic(fmt.Sprintf("bot: route %q is hidden by %q", n.Name(), o.Name()))
		}
	}
	r.routes = append(r.routes, n)
}

// overlap tells whether one path could match both patterns with the same right: the same shape, or a parameter
// where the other has a word. A pattern of words wins over one of parameters only when they differ in a word.
func overlap(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] && !(isParam(a[i]) || isParam(b[i])) {
			return false
		}
	}
	return true
}

func isParam(part string) bool { return strings.HasPrefix(part, "{") }

// maxPath is the longest path a button may carry; the cards write far shorter ones.
const maxPath = 4096

// find gives the route of a path on a surface and the values of its parameters; nil when there is none.
func (r *Router) find(s Surface, path string) (*Route, map[string]string) {
	if len(path) > maxPath {
		return nil, nil
	}
	parts := strings.Split(path, "/")
	for _, route := range r.routes {
		if route.Surface != s {
			continue
		}
		if params, ok := match(route.parts, parts); ok {
			return route, params
		}
	}
	return nil, nil
}

func match(pattern, parts []string) (map[string]string, bool) {
	if len(pattern) != len(parts) {
		return nil, false
	}
	var params map[string]string
	for i, p := range pattern {
		if !isParam(p) {
			if p != parts[i] {
				return nil, false
			}
			continue
		}
		value, err := url.PathUnescape(parts[i])
		if err != nil || value == "" {
			return nil, false
		}
		if params == nil {
			params = map[string]string{}
		}
		params[strings.Trim(p, "{}")] = value
	}
	return params, true
}

// Commands are the words of the app's chat commands, in the order of the table; the manifest lists some of them.
func (r *Router) Commands() []string {
	var words []string
	for _, route := range r.routes {
		if route.Surface == OnCommand {
			words = append(words, route.Pattern)
		}
	}
	return words
}

// Routes lists the table in its order.
func (r *Router) Routes() []Route {
	var table []Route
	for _, route := range r.routes {
		table = append(table, *route)
	}
	return slices.Clip(table)
}
