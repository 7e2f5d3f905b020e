package cards

import (
	"net/url"
	"strconv"
	"strings"
)

// Every button is a path: contact/7/delete. The paths are written here and matched in bot/routes.go. A part that comes from
// people or from Teams is path-escaped.

// ContactVerb shows a contact.
func ContactVerb(id string) string { return path("contact", id) }

// RemoveVerb deletes a contact as it was when the person was asked.
func RemoveVerb(id string, version int) string {
	return path("contact", id, strconv.Itoa(version), "remove")
}

// FindVerb shows the contacts of a query, skipping some.
func FindVerb(skip int, query string) string { return path("find", strconv.Itoa(skip), query) }

// AddVerb opens the form to add a contact, with a name filled in unless it is empty.
func AddVerb(name string) string {
	if name == "" {
		return "contact/add"
	}
	return path("contact", "add", "named", name)
}

// DuplicatesVerb lists contacts that may be the same, skipping some.
func DuplicatesVerb(skip int) string { return path("duplicates", strconv.Itoa(skip)) }

// MergeVerb compares contacts to make one of them.
func MergeVerb(ids []string) string { return apartVerb(ids, "merge") }

// TogetherVerb takes back that contacts are not the same.
func TogetherVerb(ids []string) string { return apartVerb(ids, "together") }

// apartVerb does something to contacts that may be the same.
func apartVerb(ids []string, what string) string {
	return path("duplicates", strings.Join(ids, " "), what)
}

// PictureVerb does something to a picture as it is after a number of steps.
func PictureVerb(id string, at int, what ...string) string {
	return path(append([]string{"image", id, strconv.Itoa(at)}, what...)...)
}

// ImportVerb does something with an import: start, cancel, undo, show.
func ImportVerb(id, what string) string { return path("import", id, what) }

// ImportFileVerb does something with a file that is held for an import: look, columns, book, drop.
func ImportFileVerb(file, what string) string { return path("import", "file", file, what) }

// TemplateVerb asks for an empty table to fill in.
const TemplateVerb = "import/template"

func path(parts ...string) string {
	var room [128]byte
	b := room[:0]
	for i, p := range parts {
		if i > 0 {
			b = append(b, '/')
		}
		b = append(b, url.PathEscape(p)...)
	}
	return string(b)
}

// opensDialog tells the paths that Teams must ask for with task/fetch.
func opensDialog(verb string) bool {
	first, rest, _ := strings.Cut(verb, "/")
	id, last, more := strings.Cut(rest, "/")
	switch first {
	case "contact":
		return id == "add" || last == "edit"
	case "book":
		return id == "new" && !more || last == "settings"
	case "duplicates":
		return last == "merge"
	case "library":
		return id == "choose"
	case "settings":
		return id != ""
	case "announce":
		return id == "new"
	case "announcement":
		return last == "correct"
	case "import":
		return strings.HasSuffix(last, "/columns") || strings.HasSuffix(last, "/book")
	case "image":
		return last == "save" || strings.Contains(last, "/edit/")
	}
	return false
}

// asksAloud tells the paths whose answer is a message of its own and leaves the card as it is: they are sent as a message
// that nobody sees.
func asksAloud(verb string) bool {
	first, rest, _ := strings.Cut(verb, "/")
	return first == "several" || verb == TemplateVerb || first == "image" && (strings.HasSuffix(rest, "/file") || strings.HasSuffix(rest, "/show"))
}

// FilesVerb asks for the files of several pictures, each as it is after a number of steps.
func FilesVerb(pictures []string) string {
	return path("several", strings.Join(pictures, " "), "files")
}

// button carries out a verb, or opens its dialog. Clients that do not know Action.Execute submit the verb.
func button(title, verb string) Action {
	title = plain(title)
	if asksAloud(verb) {
		return Submit{Title: title, Data: SubmitData{Verb: verb}}
	}
	if opensDialog(verb) {
		return Submit{Title: title, Data: SubmitData{MSTeams: &SubmitTeams{Type: "task/fetch"}, Verb: verb}}
	}
	return Execute{Title: title, Verb: verb, Fallback: &Submit{Title: title, Data: SubmitData{Verb: verb}}}
}

// tap is what touching a row or a word does; its title is what a screen reader says.
func tap(title, verb string) Action {
	if opensDialog(verb) || asksAloud(verb) {
		return button(title, verb)
	}
	return Execute{Title: plain(title), Verb: verb}
}

// send is the button that hands a form in.
func send(title string, data SubmitData) Action {
	return Submit{Title: title, Style: "positive", Data: data}
}

// Tap makes choosing a preview ask for the result of a path.
func Tap(verb string) *PreviewTap { return &PreviewTap{Type: "invoke", Value: TapValue{Verb: verb}} }

// marked puts marks on every button that goes to the bot.
func marked(m Marks, actions ...Action) []Action {
	if m == (Marks{}) {
		return actions
	}
	all := make([]Action, len(actions))
	for i, a := range actions {
		all[i] = mark(m, a)
	}
	return all
}

func mark(m Marks, action Action) Action {
	switch a := action.(type) {
	case Execute:
		a.Data = &m
		if a.Fallback != nil {
			fallback := *a.Fallback
			fallback.Data.Marks = m
			a.Fallback = &fallback
		}
		return a
	case Submit:
		a.Data.Marks = m
		return a
	case ShowCard:
		a.Card.Actions = marked(m, a.Card.Actions...)
		for i, e := range a.Card.Body {
			if set, is := e.(ActionSet); is {
				set.Actions = marked(m, set.Actions...)
				a.Card.Body[i] = set
			}
		}
		return a
	}
	return action
}

// steps are the buttons of the ways on.
func steps(next []Step) []Action {
	var actions []Action
	for _, s := range next {
		actions = append(actions, button(s.Title, s.Verb))
	}
	return actions
}

// maxActions is how many buttons a card shows at once: the limit of the store.
const maxActions = 6

// few keeps the first actions that a card may show.
func few(actions []Action) []Action { return actions[:min(len(actions), maxActions)] }

// orHelp gives a card without a way on the one that always is there.
func orHelp(t Texts, actions []Action) []Action {
	if len(actions) == 0 {
		return []Action{button(t.Text("button.help"), "help")}
	}
	return few(actions)
}
