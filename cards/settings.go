package cards

import (
	"cmp"
	"strconv"
)

// The dialogs of settings, as paths.
const (
	ChangeSettings       = "settings/change"
	OrganisationSettings = "settings/organisation"
	SettingsToLibrary    = "settings/library"
)

// Settings shows how a conversation is set up, and where each value comes from.
func Settings(t Texts, v SettingsView) Card {
	title := t.Text("card.settings.title")
	var body []Element
	if v.Notice != "" {
		body = append(body, banner(v.Notice))
	}
	body = append(body, heading(title))
	body = appendFacts(body, settingsFacts(t, v))
	if v.Book.ID != "" && v.Book.Kind != "personal" {
		body = append(body, small(t.Text("card.settings.owners")))
	}
	var rows []Fact
	for _, r := range v.Rows {
		rows = append(rows, Fact{line(r.Label), line(short(r.Value, 400))})
	}
	body = appendFacts(body, rows)
	for _, s := range v.Hints {
		body = append(body, small(s))
	}
	return newCard(plain(short(join(" ", v.Notice, join(": ", title, v.Book.Name)), 400)), body, settingsActions(t, v)...)
}

func settingsActions(t Texts, v SettingsView) []Action {
	var actions []Action
	for _, a := range []struct {
		offered   bool
		key, verb string
	}{
		{v.SignIn, "step.sign-in", "sign-in"},
		{v.MayChange, "button.change", ChangeSettings},
		{v.MayBook, "button.settings.book", path("book", v.Book.ID, "settings")},
		{v.Library, "button.settings.library", "library"},
		{v.MayOrganisation, "button.settings.organisation", OrganisationSettings},
		{v.Books, "button.books", "books"},
		{true, "button.privacy", "privacy"},
	} {
		if a.offered {
			actions = append(actions, button(t.Text(a.key), a.verb))
		}
	}
	return actions
}

func settingsFacts(t Texts, v SettingsView) []Fact {
	if v.Book.ID == "" {
		return nil
	}
	facts := []Fact{
		{t.Text("card.settings.book"), line(short(v.Book.Name, 100))},
		{t.Text("card.settings.mode"), line(modeWords(t, v.Book))},
	}
	if v.Book.Kind == "personal" { // its owner alone, who knows
		return facts
	}
	if v.Book.Access != "" {
		facts = append(facts, Fact{t.Text("card.settings.you"), line(v.Book.Access)})
	}
	if len(v.Owners) > 0 {
		facts = append(facts, Fact{t.Text("card.settings.owner"), line(short(join(", ", v.Owners...), 400))})
	}
	return facts
}

// Ids of the inputs of ChangeForm, besides InputMode.
const (
	InputLanguage  = "language"
	InputZone      = "zone"
	InputGuests    = "guests"
	InputWhen      = "when"
	InputKinds     = "kinds"
	InputAt        = "at"
	InputWorkdays  = "workdays"
	InputQuietFrom = "quietfrom"
	InputQuietTo   = "quietto"
)

// ChangeForm is the dialog to decide for a conversation, or for the organisation.
type ChangeForm struct {
	// Verb is ChangeSettings or OrganisationSettings.
	Verb    string
	Version int
	// Book names the book whose mode is among the inputs, and its version; empty where none is.
	Book string
	// Note is a sentence above the form, Intro one that says what it is for.
	Note, Intro string
	// Choices are those of each choice, and Values what is chosen or typed, by the ids of the inputs. A choice without choices
	// is left out.
	Choices map[string][]ChoiceView
	Values  map[string]string
	// Problems are finished sentences, shown under their inputs.
	Problems map[string]string
	// Library offers to go to the library's dialog.
	Library bool
}

// SettingsChange is the dialog to decide for a conversation, or for the organisation.
func SettingsChange(t Texts, v ChangeForm) Card {
	var body []Element
	if v.Note != "" {
		body = append(body, banner(v.Note))
	}
	body = append(body, text(Escape(v.Intro)))
	add := func(id string, in Element) { body = append(append(body, in), problem(v.Problems[id])...) }
	choose := func(id, label, style string, several bool) {
		if len(v.Choices[id]) == 0 {
			return
		}
		in := choice(id, t.Text(label), v.Values[id], v.Choices[id])
		in.Style, in.IsMultiSelect, in.Wrap = style, several, style == "expanded"
		add(id, in)
	}
	choose(InputMode, "settings.mode", "compact", false)
	choose(InputLanguage, "card.settings.language", "compact", false)
	choose(InputZone, "card.settings.zone", "filtered", false)
	guests := "card.settings.guests"
	if v.Verb == OrganisationSettings {
		guests = "settings.guests"
	}
	choose(InputGuests, guests, "compact", false)
	if len(v.Choices[InputGuests]) > 0 {
		body = append(body, small(t.Text("card.settings.guests.explain")))
	}
	body = append(body, section(t.Text("card.settings.notices")))
	choose(InputWhen, "card.settings.when", "compact", false)
	choose(InputKinds, "card.settings.kinds", "expanded", true)
	add(InputAt, InputTime{ID: InputAt, Label: t.Text("card.settings.at"), Value: v.Values[InputAt]})
	add(InputWorkdays, InputToggle{ID: InputWorkdays, Label: t.Text("card.settings.days"), Title: t.Text("card.settings.workdays"), Value: cmp.Or(v.Values[InputWorkdays], "false"), Wrap: true})
	add(InputQuietFrom, InputTime{ID: InputQuietFrom, Label: t.Text("card.settings.quiet.from"), Value: v.Values[InputQuietFrom]})
	add(InputQuietTo, InputTime{ID: InputQuietTo, Label: t.Text("card.settings.quiet.to"), Value: v.Values[InputQuietTo]})
	actions := []Action{send(t.Text("button.save"), SubmitData{Verb: v.Verb, Version: strconv.Itoa(v.Version), Book: v.Book})}
	if v.Library {
		actions = append(actions, Submit{Title: plain(t.Text("button.settings.folder")), Data: SubmitData{Verb: SettingsToLibrary, Form: "library"}})
	}
	return newCard(t.Text("card.settings.form.summary"), body, actions...)
}

// Modes are who may change the contacts of a book, to choose from.
func Modes(t Texts) []ChoiceView { return modes(t) }
