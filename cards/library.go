package cards

// LibraryView is where the pictures of a conversation are.
type LibraryView struct {
	// Notice is a sentence above: "The pictures are now looked for in Harbour."
	Notice string
	// Name is the folder's, URL where people see it in a browser; without a name there is none.
	Name, URL string
	// Lines say more: who chose it, who can choose another. Finished sentences.
	Lines []string
	// Change offers to choose another, Default to go back, Show to look at the pictures.
	Change, Default, Show bool
}

// Library is the card of where the pictures of a conversation are.
func Library(t Texts, v LibraryView) Card {
	var body []Element
	if v.Notice != "" {
		body = append(body, banner(v.Notice))
	}
	body = append(body, heading(t.Text("card.library.title")))
	if v.Name != "" {
		body = append(body, text(anchor(short(v.Name, 120), webOnly(v.URL))))
	}
	for _, s := range v.Lines {
		body = append(body, small(s))
	}
	var actions []Action
	if v.Show {
		actions = append(actions, button(t.Text("button.images"), ImagesVerb(0, "")))
	}
	if v.Change {
		actions = append(actions, button(t.Text("button.change"), "library/choose"))
	}
	if v.Default {
		actions = append(actions, button(t.Text("button.library.default"), "library/default"))
	}
	return newCard(plain(short(join(". ", v.Notice, t.Text("card.library.title"), v.Name), 400)), body, orHelp(t, actions)...)
}

// Ids of the inputs of LibraryForm.
const (
	InputLink   = "link"   // the address of a folder
	InputWords  = "words"  // of the name of a site
	InputSite   = "site"   // the id of a site
	InputFolder = "folder" // a folder to look into, or behind TakeFolder the one to take
	TakeFolder  = "take:"
)

// LibraryForm is a step of the dialog to choose a folder.
type LibraryForm struct {
	// Seen names the choice that the person saw; Form is as in FormView.
	Seen, Form string
	// Note is a sentence above the form.
	Note string
	// Link and Words are what was typed.
	Link, Words string
	// Input is what is chosen now, InputSite or InputFolder, from Choices under Label; empty begins.
	Input, Label string
	Choices      []ChoiceView
}

// LibraryDialog is a step of the dialog to choose a folder.
func LibraryDialog(t Texts, v LibraryForm) Card {
	var body []Element
	if v.Note != "" {
		body = append(body, banner(v.Note))
	}
	if v.Input == "" {
		body = append(body,
			InputText{ID: InputLink, Label: t.Text("card.library.link"), Style: "url", Value: v.Link, Placeholder: "https://", MaxLength: 2000},
			small(t.Text("card.library.link.explain")).tight(),
			InputText{ID: InputWords, Label: t.Text("card.library.words"), Value: v.Words, MaxLength: 100})
	} else {
		in := choice(v.Input, v.Label, v.Choices[0].Value, v.Choices)
		in.Style, in.Wrap = "expanded", true
		body = append(body, in)
	}
	return newCard(t.Text("card.library.summary"), body, send(t.Text("button.library.next"), SubmitData{Verb: "library/choose", Version: v.Seen, Form: v.Form}))
}
