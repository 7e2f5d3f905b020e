package cards

// Ids of the inputs of SaveDialog, beside InputFolder and InputMode.
const (
	InputName  = "name"
	InputAlt   = "alt"
	InputTitle = "title"
	InputTags  = "tags"
	InputClash = "clash" // what to do with what is in the way
)

// SaveForm is the dialog to save a picture. Values and Problems are keyed by the ids of the inputs.
type SaveForm struct {
	ID string // of the picture
	// Form is as in FormView; Note a sentence above the form.
	Form, Note string
	// Modes are what it can become; with one there is no choice. Folders are where a new file can lie.
	Modes, Folders []ChoiceView
	// Clashes are the answers to what is in the way; none when nothing is.
	Clashes  []ChoiceView
	Values   map[string]string
	Problems map[string]string
}

// SaveDialog is the dialog to save a picture: as what, under which name, where, and what is said of it.
func SaveDialog(t Texts, v SaveForm) Card {
	var body []Element
	if v.Note != "" {
		body = append(body, banner(v.Note))
	}
	if len(v.Clashes) > 0 {
		in := choice(InputClash, t.Text("card.save.clash"), v.Clashes[0].Value, v.Clashes)
		in.Style, in.Wrap = "expanded", true
		body = append(body, in)
	}
	if len(v.Modes) > 1 {
		in := choice(InputMode, t.Text("card.save.mode"), v.Values[InputMode], v.Modes)
		in.Style, in.Wrap = "expanded", true
		body = append(body, in)
	}
	body = append(body, saveInput(v, InputName, t.Text("card.save.name"), 120))
	body = append(body, problem(v.Problems[InputName])...)
	if len(v.Folders) > 0 {
		body = append(body, choice(InputFolder, t.Text("card.save.folder"), v.Values[InputFolder], v.Folders))
	}
	alt := saveInput(v, InputAlt, t.Text("card.save.alt"), 1000)
	alt.IsMultiline = true
	body = append(body, alt, small(t.Text("card.save.alt.explain")).tight(),
		saveInput(v, InputTitle, t.Text("card.save.title"), 200), saveInput(v, InputTags, t.Text("card.save.tags"), 1100))
	return newCard(t.Text("card.save.summary"), body, send(t.Text("button.save"), SubmitData{Verb: SaveVerb(v.ID), Form: v.Form}))
}

func saveInput(v SaveForm, id, label string, most int) InputText {
	return InputText{ID: id, Label: label, Value: v.Values[id], MaxLength: most}
}

// SaveVerb opens the dialog to save a picture.
func SaveVerb(id string) string { return path("image", id, "save") }
