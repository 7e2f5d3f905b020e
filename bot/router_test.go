package bot

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"teamspro/cards"
	"teamspro/internal/lang"
)

func TestRouterFinds(t *testing.T) {
	t.Parallel()
	r := new(Bot).Routes(ContactPro)
	tests := []struct {
		surface Surface
		path    string
		pattern string
		params  map[string]string
	}{
		{OnAction, "help", "help", nil},
		{OnAction, "contact/abc", "contact/{id}", map[string]string{"id": "abc"}},
		{OnAction, "contact/abc/3/remove", "contact/{id}/{version}/remove", map[string]string{"id": "abc", "version": "3"}},
		{OnAction, "find/8/marta%20in%20a%2Fb", "find/{skip}/{query}", map[string]string{"skip": "8", "query": "marta in a/b"}},
		{OnOpen, "contact/add", "contact/add", nil},
		{OnOpen, "contact/add/named/Marta%20W", "contact/add/named/{name}", map[string]string{"name": "Marta W"}},
		{OnOpen, "contact/abc/edit", "contact/{id}/edit", map[string]string{"id": "abc"}},
		{OnSubmit, "contact/abc/edit", "contact/{id}/edit", map[string]string{"id": "abc"}},
		{OnAction, "contact/abc/edit", "", nil}, // a dialog is no action
		{OnAction, "contact//history", "", nil},
		{OnAction, "contact/%zz/history", "", nil},
		{OnAction, "", "", nil},
		{OnAction, "/", "", nil},
		{OnAction, "contact/abc/history/", "", nil},
		{OnAction, "help/" + strings.Repeat("x", maxPath), "", nil},
	}
	for _, tt := range tests {
		route, params := r.find(tt.surface, tt.path)
		pattern := ""
		if route != nil {
			pattern = route.Pattern
		}
		if pattern != tt.pattern || !cmp.Equal(params, tt.params) {
			t.Errorf("%s %.60q: got %q %v, want %q %v", tt.surface, tt.path, pattern, params, tt.pattern, tt.params)
		}
	}
}

func TestAmbiguousTableDoesNotStart(t *testing.T) {
	t.Parallel()
	tests := []struct {
		first, second string
		refused       bool
	}{
		{"help", "help", true},
		{"contact/{id}", "contact/{name}", true},
		{"contact/{id}", "contact/add", true},
		{"filter/save/{query}", "filter/{name}/drop", true},
		{"contact/{id}/history", "contact/{id}/view", false},
		{"contact/{id}", "contact/{id}/view", false},
	}
	for _, tt := range tests {
		if got := panics(func() {
			r := &Router{}
			r.Action(tt.first, nil, "")
			r.Action(tt.second, nil, "")
		}); got != tt.refused {
			t.Errorf("%q then %q: refused %v, want %v", tt.first, tt.second, got, tt.refused)
		}
	}
}

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}

func TestCommandWords(t *testing.T) {
	t.Parallel()
	c := newCommands(new(Bot).Routes(ContactPro))
	tests := []struct{ text, pattern, rest string }{
		{"find marta", "find", "marta"},
		{"FIND   marta in sales", "find", "marta in sales"},
		{"who is +33 6 12", "who-is", "+33 6 12"},
		{"whois 12", "who-is", "12"},
		{"Qui est 0639981234", "who-is", "0639981234"},
		{"trouver marta", "find", "marta"},
		{"search for marta", "find", "marta"},
		{"help?", "help", ""},
		{"Hi!", "hello", ""},
		{"sign out", "sign-out", ""},
		{"add", "add", ""},
		{"marta", unknown, "marta"},
		{"", unknown, ""},
		{"findmarta", unknown, "findmarta"},
		{"command.find", unknown, "command.find"},
	}
	for _, tt := range tests {
		if pattern, rest := c.cut(tt.text); pattern != tt.pattern || rest != tt.rest {
			t.Errorf("%q: got %q, %q; want %q, %q", tt.text, pattern, rest, tt.pattern, tt.rest)
		}
	}
}

// Every button that a card can carry has a route (M2); the cards' own tests hold the verbs to their grammar.
func TestEveryVerbHasARoute(t *testing.T) {
	t.Parallel()
	r := new(Bot).Routes(ContactPro)
	text := lang.For("en")
	tests := []struct {
		surface Surface
		verb    string
	}{
		{OnAction, cards.ContactVerb("x")}, {OnAction, cards.RemoveVerb("x", 2)}, {OnAction, cards.FindVerb(8, "a/b c")}, {OnOpen, cards.AddVerb("A/B")}, {OnOpen, cards.AddVerb("")},
	}
	for _, tt := range tests {
		if route, _ := r.find(tt.surface, tt.verb); route == nil {
			t.Errorf("no route for %s %q", tt.surface, tt.verb)
		}
	}
	for _, route := range r.Routes() {
		if route.Surface == OnCommand && route.Pattern != unknown && text.Text("command."+route.Pattern) == "command."+route.Pattern {
			t.Errorf("the command %q has no words", route.Pattern)
		}
	}
}

func FuzzCommandWords(f *testing.F) {
	f.Add("find marta in sales")
	f.Add("who is \u202e+33 6 12")
	c := newCommands(new(Bot).Routes(ContactPro))
	f.Fuzz(func(t *testing.T, text string) {
		pattern, rest := c.cut(text)
		if pattern == "" || len(rest) > len(text) {
			t.Errorf("%q: %q, %q", text, pattern, rest)
		}
	})
}

func FuzzVerb(f *testing.F) {
	f.Add("contact/abc/history")
	f.Add("find/8/%2e%2e%2f")
	r := new(Bot).Routes(ContactPro)
	f.Fuzz(func(t *testing.T, path string) {
		if route, params := r.find(OnAction, path); route != nil && len(params) > strings.Count(path, "/")+1 {
			t.Errorf("%q: %v", path, params)
		}
	})
}
