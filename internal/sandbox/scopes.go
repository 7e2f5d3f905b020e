package sandbox

import (
	"maps"
	"slices"
	"strings"
)

// scopes is a request for access, taken apart: one resource, its permissions, and what OpenID itself knows.
type scopes struct {
	audience string
	names    []string
	openID   []string
	asked    []string // the words of the request that need an answer
}

var openIDScopes = []string{"openid", "profile", "email", "offline_access"}

// all lists the scopes as they may be asked for again.
func (s scopes) all() []string {
	var list []string
	for _, n := range s.names {
		list = append(list, s.audience+"/"+n)
	}
	return append(list, s.openID...)
}

// answer is the scope parameter of an answer: what was asked for, in the words of the question (MSAL compares them), and for
// ".default" also what that came to.
func (s scopes) answer(granted []string) string {
	words := slices.Clone(s.asked)
	if slices.Contains(s.names, ".default") {
		for _, name := range granted {
			if !slices.Contains(openIDScopes, name) {
				words = append(words, s.audience+"/"+name)
			}
		}
	}
	return strings.Join(words, " ")
}

// scopes reads the scope parameter. Names without a resource are Graph's; all must be of one resource.
func (l *login) scopes(text string) (scopes, *entraError) {
	var want scopes
	for _, word := range strings.Fields(text) {
		if word != "offline_access" {
			want.asked = append(want.asked, word)
		}
		if slices.Contains(openIDScopes, word) {
			want.openID = append(want.openID, word)
			continue
		}
		audience, name := l.resource(word)
		if audience == "" || want.audience != "" && want.audience != audience {
			return scopes{}, &entraError{status: 400, code: 70011, kind: "invalid_scope", text: "The scope is not valid or names more than one resource."}
		}
		want.audience, want.names = audience, append(want.names, name)
	}
	if want.audience == "" && len(want.openID) == 0 {
		return scopes{}, &entraError{status: 400, code: 900144, kind: "invalid_request", text: "The request body must contain the parameter 'scope'."}
	}
	want.audience = orElse(want.audience, graphAudience)
	return want, nil
}

// resource splits a scope into the audience it is for and the permission. The sandbox's own Graph address counts as Graph's.
func (l *login) resource(scope string) (audience, name string) {
	i := strings.LastIndex(scope, "/")
	if i < 0 {
		return graphAudience, scope
	}
	switch root := strings.TrimSuffix(scope[:i], "/"); root {
	case graphAudience, "00000003-0000-0000-c000-000000000000", l.s.base:
		return graphAudience, scope[i+1:]
	case botAudience:
		return botAudience, scope[i+1:]
	default:
		return l.appResource(root), scope[i+1:]
	}
}

// appResource finds the app of an application id URI: the id itself, api://ID, api://botid-ID or api://host/botid-ID.
func (l *login) appResource(uri string) string {
	last := strings.TrimPrefix(uri[strings.LastIndex(uri, "/")+1:], "botid-")
	if app := l.s.appByID(last); app != nil {
		return app.ID
	}
	return ""
}

// granted tells what of the wanted a person (or an administrator for everybody) has consented to. Naming one permission that
// is missing fails; ".default" takes what there is. What OpenID itself knows comes with any consent.
func (l *login) granted(app, person string, want scopes) ([]string, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	given := l.consents[app+"/"+person]
	var list []string
	for _, n := range want.names {
		switch {
		case n == ".default":
			list = slices.AppendSeq(list, maps.Keys(given))
		case !given[n]:
			return nil, false
		default:
			list = append(list, n)
		}
	}
	for _, n := range want.openID {
		if n != "offline_access" {
			list = append(list, n)
		}
	}
	slices.Sort(list)
	return slices.Compact(list), len(given) > 0
}

// consent writes down what a person allowed an app.
func (l *login) consent(app, person string, want scopes) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := app + "/" + person
	if l.consents[key] == nil {
		l.consents[key] = map[string]bool{"profile": true}
	}
	for _, n := range want.names {
		if n != ".default" {
			l.consents[key][n] = true
		}
	}
}
