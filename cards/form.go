package cards

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Ids of inputs. A submitted dialog also carries what SubmitData holds.
const (
	InputBook = "book" // the chosen book's id
	InputMode = "mode" // everybody, owners or per_member
	// InputRights begins the id of a member's input; the person's id follows. Its value is "read", or what the member may
	// do with commas between: "add,modify,delete".
	InputRights = "rights:"
)

// Form is the dialog to add or edit a contact. Several values of a field are separated by commas (e-mails, phones, tags) or
// stand on lines of their own (addresses, and custom fields as "Name: value"). Its inputs have the keys of contact.Field as
// ids. When a contact is edited whose fields are too long for one card, the longest are left out and named in "left".
func Form(t Texts, v FormView) Card {
	if adding(v) {
		return formCard(t, v, nil)
	}
	left := slices.DeleteFunc(strings.Split(v.Values["left"], ","), func(f string) bool { return !slices.Contains(longFields, f) })
	card := formCard(t, v, left)
	for _, f := range longFields {
		if card.weight() <= MaxSize {
			break
		}
		if !slices.Contains(left, f) {
			left = append(left, f)
			card = formCard(t, v, left)
		}
	}
	return card
}

// longFields may be left out of a form, the first first.
var longFields = []string{"custom", "email", "address", "tags", "notes"}

func adding(v FormView) bool { return strings.HasPrefix(v.Verb, "contact/add") }

func formCard(t Texts, v FormView, left []string) Card {
	data := SubmitData{Verb: v.Verb, Marks: Marks{v.Posted}, Form: v.Form, Left: strings.Join(left, ",")}
	title := t.Text("button.save")
	if adding(v) {
		title = t.Text("button.add.it")
	} else {
		data.Version = strconv.Itoa(v.Version)
	}
	var body []Element
	if v.Note != "" {
		body = append(body, banner(v.Note))
	}
	switch {
	case adding(v) && len(v.Books) > 1:
		body = append(body, choice(InputBook, t.Text("card.form.book"), v.Book, v.Books))
		body = append(body, problem(v.Problems[InputBook])...)
	case adding(v):
		data.Book = v.Book
	}
	body = append(body, formFields(t, v, left)...)
	return newCard(t.Text("card.form.summary"), body, send(title, data))
}

// formFields puts first what most contacts have and what is filled in or wrong; it folds the rest away.
func formFields(t Texts, v FormView, left []string) []Element {
	first := []string{"name", "kind", "job", "company", "email", "mobile", "business", "tags", "notes"}
	rest := []string{"department", "home", "fax", "address", "website", "linkedin", "facebook", "x", "photo", "custom"}
	if v.Values["kind"] == "function" {
		first = slices.Insert(first, 2, "hours")
	} else {
		rest = slices.Insert(rest, 4, "hours")
	}
	used := func(f string) bool { return v.Values[f] != "" || v.Problems[f] != "" }
	for _, f := range rest {
		if used(f) {
			first = append(first, f)
		}
	}
	isLeft := func(f string) bool { return slices.Contains(left, f) }
	first = slices.DeleteFunc(first, isLeft)
	rest = slices.DeleteFunc(rest, func(f string) bool { return used(f) || isLeft(f) })
	body := inputs(t, v, first)
	if len(rest) > 0 {
		hidden := false
		fold := ToggleVisibility{Title: t.Text("button.more.fields"), TargetElements: []string{"more"}}
		body = append(body, ActionSet{Actions: []Action{fold}}, Container{ID: "more", IsVisible: &hidden, Items: inputs(t, v, rest)})
	}
	if len(left) > 0 {
		body = append(body, small(t.Text("card.form.left", "Fields", fieldLabels(t, left))))
	}
	return body
}

func fieldLabels(t Texts, fields []string) string {
	var labels []string
	for _, f := range fields {
		labels = append(labels, fieldLabel(t, f))
	}
	return strings.Join(labels, ", ")
}

func inputs(t Texts, v FormView, fields []string) []Element {
	var elements []Element
	for _, f := range fields {
		elements = append(elements, input(t, f, v.Values[f]))
		elements = append(elements, problem(v.Problems[f])...)
	}
	return elements
}

func input(t Texts, field, value string) Element {
	if field == "kind" {
		return kindInput(t, value)
	}
	in := InputText{ID: field, Label: fieldLabel(t, field), Value: value, MaxLength: 100}
	switch field {
	case "email", "mobile", "business", "home", "fax":
		in.Value, in.Placeholder = strings.ReplaceAll(value, "\n", ", "), t.Text("card.form.several")
	}
	switch field {
	case "name":
		in.IsRequired, in.ErrorMessage = true, t.Text("card.form.name.missing")
	case "email":
		in.Style, in.MaxLength = "email", 1000
	case "mobile", "business", "home", "fax":
		in.Style, in.MaxLength = "tel", 500
		in.Regex, in.ErrorMessage = `^[0-9 ()/+.,;\-]*$`, t.Text("card.form.phone.wrong")
	case "website", "linkedin", "facebook", "x":
		in.Style = "url"
	case "photo":
		in.Style, in.MaxLength, in.Placeholder = "url", 500, "https://"
	case "tags":
		in.MaxLength, in.Placeholder = 1000, t.Text("card.form.several")
	case "notes":
		in.IsMultiline, in.MaxLength = true, 1000
	case "address":
		in.IsMultiline, in.MaxLength, in.Placeholder = true, 2500, t.Text("card.form.lines")
	case "custom":
		in.IsMultiline, in.MaxLength, in.Placeholder = true, 6000, t.Text("card.form.custom")
	}
	// What is there already can always be sent back.
	in.MaxLength = max(in.MaxLength, utf8.RuneCountInString(in.Value))
	return in
}

func kindInput(t Texts, value string) Element {
	kinds := []ChoiceView{{t.Text("card.kind.person"), "person"}, {t.Text("card.kind.company"), "company"}, {t.Text("card.kind.function"), "function"}}
	if value == "" {
		value = "person"
	}
	return choice("kind", fieldLabel(t, "kind"), value, kinds)
}

// choice is a list to choose one item from.
func choice(id, label, value string, items []ChoiceView) InputChoice {
	in := InputChoice{ID: id, Label: plain(label), Style: "compact", Value: value}
	for _, c := range items {
		in.Choices = append(in.Choices, Choice{Title: plain(short(c.Title, 100)), Value: c.Value})
	}
	return in
}

// problem is what is wrong with the input above it.
func problem(sentence string) []Element {
	if sentence == "" {
		return nil
	}
	return []Element{TextBlock{Text: Escape(sentence), Color: "attention", Size: "small", Wrap: true, Spacing: "small"}}
}

// NewBook is the dialog to make another book. Its inputs are name and kind.
func NewBook(t Texts, v NewBookForm) Card {
	name := InputText{
		ID: "name", Label: t.Text("card.book.name"), Value: v.Name, MaxLength: 100,
		IsRequired: true, ErrorMessage: t.Text("card.book.name.missing"),
	}
	body := append([]Element{name}, problem(v.Problem)...)
	body = append(body, choice("kind", t.Text("card.book.kind"), v.Kind, v.Kinds))
	return newCard(t.Text("card.book.summary"), body, send(t.Text("button.book.make"), SubmitData{Verb: "book/new", Form: v.Form}))
}

// SettingsDialog is the dialog to change a book: its name, who may change its contacts, and what single members may do.
// Its inputs are name, InputMode and one InputRights for each member. Without a mode there is only the name.
func SettingsDialog(t Texts, v SettingsForm) Card {
	return fit(len(v.Members), func(shown int) layout {
		var body []Element
		if v.Note != "" {
			body = append(body, banner(v.Note))
		}
		body = append(body, InputText{ID: "name", Label: t.Text("card.book.name"), Value: v.Name, MaxLength: max(100, utf8.RuneCountInString(v.Name))})
		body = append(body, problem(v.Problem["name"])...)
		if v.Mode != "" {
			body = append(body, choice(InputMode, t.Text("card.settings.mode"), v.Mode, modes(t)))
			body = append(body, problem(v.Problem[InputMode])...)
		}
		if len(v.Members) > 0 {
			body = append(body, section(t.Text("card.settings.members")), small(t.Text("card.settings.members.explain")).tight())
		}
		for _, m := range v.Members[:shown] {
			body = append(body, choice(InputRights+m.Person, short(m.Name, 100), rightsValue(m.Add, m.Modify, m.Delete), rightsChoices(t, m)))
			body = append(body, problem(v.Problem[InputRights+m.Person])...)
		}
		body = append(body, more(t, len(v.Members)+v.More, shown)...)
		data := SubmitData{Verb: path("book", v.BookID, "settings"), Version: strconv.Itoa(v.Version)}
		return newLayout(t.Text("card.settings.summary"), body, send(t.Text("button.save"), data))
	})
}

func modes(t Texts) []ChoiceView {
	return []ChoiceView{
		{t.Text("mode.everybody"), "everybody"}, {t.Text("mode.owners"), "owners"}, {t.Text("mode.per_member"), "per_member"},
	}
}

// rightsChoices are the usual steps from reading to everything, and what the member has when it is none of them.
func rightsChoices(t Texts, m MemberRights) []ChoiceView {
	values := []string{"read", "add", "add,modify", "add,modify,delete"}
	if now := rightsValue(m.Add, m.Modify, m.Delete); !slices.Contains(values, now) {
		values = append(values, now)
	}
	var choices []ChoiceView
	for _, value := range values {
		choices = append(choices, ChoiceView{t.Text("card.rights." + strings.ReplaceAll(value, ",", ".")), value})
	}
	return choices
}

func rightsValue(add, modify, remove bool) string {
	var words []string
	for _, right := range []struct {
		has  bool
		word string
	}{{add, "add"}, {modify, "modify"}, {remove, "delete"}} {
		if right.has {
			words = append(words, right.word)
		}
	}
	if len(words) == 0 {
		return "read"
	}
	return strings.Join(words, ",")
}
