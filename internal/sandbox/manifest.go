package sandbox

import (
	"slices"
	"strings"

	"teamspro/manifest"
)

// Manifest is what an app's package offers in Teams, in each of its languages ("en", "fr").
type Manifest = manifest.Summary

// commandView is a chat command; choosing it sends its title.
type commandView struct {
	Title       string   `json:"title"`
	Description string   `json:"description"`
	Scopes      []string `json:"scopes"`
}

// extensionView is a command of the message extension. Type is query or action.
type extensionView struct {
	ID          string          `json:"id"`
	Type        string          `json:"type"`
	Title       string          `json:"title"`
	Description string          `json:"description"`
	Context     []string        `json:"context"`
	FetchTask   bool            `json:"fetchTask"`
	InitialRun  bool            `json:"initialRun"`
	Parameters  []parameterView `json:"parameters"`
}

type parameterView struct {
	Name        string `json:"name"`
	Title       string `json:"title"`
	Description string `json:"description"`
}

func commandViews(commands []manifest.ListedCommand) []commandView {
	views := []commandView{}
	for _, c := range commands {
		views = append(views, commandView(c))
	}
	return views
}

func extensionViews(commands []manifest.ListedExtension) []extensionView {
	views := []extensionView{}
	for _, c := range commands {
		v := extensionView{ID: c.ID, Type: c.Type, Title: c.Title, Description: c.Description, Context: c.Context, FetchTask: c.FetchTask,
			InitialRun: c.InitialRun, Parameters: []parameterView{}}
		for _, p := range c.Parameters {
			v.Parameters = append(v.Parameters, parameterView(p))
		}
		views = append(views, v)
	}
	return views
}

// spoken picks the texts of a locale's language; English when it is not spoken, nothing when there is none.
func spoken[T any](texts map[string]T, locale string) T {
	language, _, _ := strings.Cut(strings.ToLower(locale), "-")
	if t, ok := texts[language]; ok {
		return t
	}
	return texts["en"]
}

// configurable are the kinds of conversations in which the app may be set up from its menu.
func (a *App) configurable() []string {
	kinds := []string{}
	for _, scope := range a.Manifest.Configurable {
		if scope == "team" {
			scope = channel
		}
		kinds = append(kinds, scope)
	}
	return kinds
}

// has tells whether the app's message extension has a command.
func (a *App) has(command string) bool {
	for _, commands := range a.Manifest.Extension {
		if slices.ContainsFunc(commands, func(c manifest.ListedExtension) bool { return c.ID == command }) {
			return true
		}
	}
	return false
}
