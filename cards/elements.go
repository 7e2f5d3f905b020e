package cards

// The elements and actions of Adaptive Cards 1.5 that the cards use. Names and values are those of the published schema;
// each type writes its own "type", so that a literal cannot name a wrong one. The tags say how they travel; encode.go writes
// the same by hand.

// Element is part of a card's body. It appends itself as JSON.
type Element interface{ element(dst []byte) []byte }

// Action is a button, or what a tap on an element does. It appends itself as JSON.
type Action interface{ action(dst []byte) []byte }

// TextBlock is text with a little Markdown; what people wrote enters it escaped.
type TextBlock struct {
	Type      typeTextBlock `json:"type"`
	Text      string        `json:"text"`
	Style     string        `json:"style,omitempty"`
	Size      string        `json:"size,omitempty"`
	Weight    string        `json:"weight,omitempty"`
	Color     string        `json:"color,omitempty"`
	IsSubtle  bool          `json:"isSubtle,omitempty"`
	Wrap      bool          `json:"wrap"`
	Spacing   string        `json:"spacing,omitempty"`
	Separator bool          `json:"separator,omitempty"`
}

// RichTextBlock is a line of runs without Markdown.
type RichTextBlock struct {
	Type    typeRichTextBlock `json:"type"`
	Inlines []TextRun         `json:"inlines"`
	Spacing string            `json:"spacing,omitempty"`
}

// TextRun is a piece of a RichTextBlock.
type TextRun struct {
	Type          typeTextRun `json:"type"`
	Text          string      `json:"text"`
	Color         string      `json:"color,omitempty"`
	Size          string      `json:"size,omitempty"`
	Weight        string      `json:"weight,omitempty"`
	IsSubtle      bool        `json:"isSubtle,omitempty"`
	Strikethrough bool        `json:"strikethrough,omitempty"`
}

// Container groups elements.
type Container struct {
	Type      typeContainer `json:"type"`
	ID        string        `json:"id,omitempty"`
	Items     []Element     `json:"items"`
	Style     string        `json:"style,omitempty"`
	Bleed     bool          `json:"bleed,omitempty"`
	Spacing   string        `json:"spacing,omitempty"`
	Separator bool          `json:"separator,omitempty"`
	IsVisible *bool         `json:"isVisible,omitempty"`
}

// ColumnSet puts columns side by side.
type ColumnSet struct {
	Type         typeColumnSet `json:"type"`
	Columns      []Column      `json:"columns"`
	SelectAction Action        `json:"selectAction,omitempty"`
	Spacing      string        `json:"spacing,omitempty"`
	Separator    bool          `json:"separator,omitempty"`
}

// Column is one of a ColumnSet; Width is "auto" or "stretch".
type Column struct {
	Type         typeColumn `json:"type"`
	Width        string     `json:"width"`
	Items        []Element  `json:"items"`
	Align        string     `json:"verticalContentAlignment,omitempty"`
	SelectAction Action     `json:"selectAction,omitempty"`
}

// FactSet is a list of labels and values.
type FactSet struct {
	Type    typeFactSet `json:"type"`
	Facts   []Fact      `json:"facts"`
	Spacing string      `json:"spacing,omitempty"`
}

// Fact is a line of a FactSet; both parts may hold Markdown.
type Fact struct {
	Title string `json:"title"`
	Value string `json:"value"`
}

// Image is a picture from an https address.
type Image struct {
	Type    typeImage `json:"type"`
	URL     string    `json:"url"`
	AltText string    `json:"altText"`
	Size    string    `json:"size,omitempty"`
	Style   string    `json:"style,omitempty"`
	// MSTeams is Teams' own addition to the schema.
	MSTeams *ImageTeams `json:"msTeams,omitempty"`
}

// ImageTeams tells Teams what to do with an Image: with AllowExpand it can be seen large on computers too, as it always
// can on phones.
type ImageTeams struct {
	AllowExpand bool `json:"allowExpand"`
}

// ActionSet is a row of buttons inside the body.
type ActionSet struct {
	Type    typeActionSet `json:"type"`
	Actions []Action      `json:"actions"`
	Spacing string        `json:"spacing,omitempty"`
}

// InputText asks for text.
type InputText struct {
	Type         typeInputText `json:"type"`
	ID           string        `json:"id"`
	Label        string        `json:"label"`
	Style        string        `json:"style,omitempty"`
	Value        string        `json:"value,omitempty"`
	Placeholder  string        `json:"placeholder,omitempty"`
	MaxLength    int           `json:"maxLength"`
	IsMultiline  bool          `json:"isMultiline,omitempty"`
	IsRequired   bool          `json:"isRequired,omitempty"`
	Regex        string        `json:"regex,omitempty"`
	ErrorMessage string        `json:"errorMessage,omitempty"`
}

// InputChoice asks for one of some choices, or for several, whose values come back with commas between them.
type InputChoice struct {
	Type          typeInputChoice `json:"type"`
	ID            string          `json:"id"`
	Label         string          `json:"label"`
	Style         string          `json:"style,omitempty"`
	IsMultiSelect bool            `json:"isMultiSelect,omitempty"`
	Wrap          bool            `json:"wrap,omitempty"` // long choices go on in a second line
	Value         string          `json:"value,omitempty"`
	IsRequired    bool            `json:"isRequired,omitempty"`
	ErrorMessage  string          `json:"errorMessage,omitempty"`
	Choices       []Choice        `json:"choices"`
}

// Choice is an item of an InputChoice.
type Choice struct {
	Title string `json:"title"`
	Value string `json:"value"`
}

// InputTime asks for a time of day, as "08:00".
type InputTime struct {
	Type  typeInputTime `json:"type"`
	ID    string        `json:"id"`
	Label string        `json:"label"`
	Value string        `json:"value,omitempty"`
}

// InputToggle asks yes or no; Value is "true" or "false".
type InputToggle struct {
	Type  typeInputToggle `json:"type"`
	ID    string          `json:"id"`
	Label string          `json:"label"`
	Title string          `json:"title"`
	Value string          `json:"value"`
	Wrap  bool            `json:"wrap"`
}

// Execute sends its verb to the bot, whose answer replaces the card for the person who pressed it.
type Execute struct {
	Type     typeExecute `json:"type"`
	Title    string      `json:"title,omitempty"`
	Verb     string      `json:"verb"`
	Style    string      `json:"style,omitempty"`
	Data     *Marks      `json:"data,omitempty"`
	Fallback *Submit     `json:"fallback,omitempty"`
}

// Marks is what a button carries besides its path.
type Marks struct {
	// Posted says that the button stands on a message of its own, which others see too.
	Posted bool `json:"posted,omitempty"`
}

// Submit sends its data and the inputs of the card to the bot, or opens a dialog.
type Submit struct {
	Type  typeSubmit `json:"type"`
	Title string     `json:"title,omitempty"`
	Style string     `json:"style,omitempty"`
	Data  SubmitData `json:"data"`
}

// SubmitData is what a Submit carries besides the inputs.
type SubmitData struct {
	MSTeams *SubmitTeams `json:"msteams,omitempty"`
	Verb    string       `json:"verb"`
	Marks
	// Version is the version that a form was filled in for, in digits.
	Version string `json:"version,omitempty"`
	// Book is the book that a form adds to, where there is no choice.
	Book string `json:"book,omitempty"`
	// Form names the opening of a dialog, so that its button pressed twice is one deed.
	Form string `json:"form,omitempty"`
	// Left are the fields that were too long for the form, with commas between them: they stay as they are.
	Left string `json:"left,omitempty"`
	// Title, Text, Channels and Asks are an announcement that is looked at before it is sent; see AnnounceForm.
	Title    string `json:"title,omitempty"`
	Text     string `json:"text,omitempty"`
	Channels string `json:"channels,omitempty"`
	Asks     string `json:"asks,omitempty"`
}

// SubmitTeams tells Teams what a Submit is; Type "task/fetch" opens a dialog.
type SubmitTeams struct {
	Type string `json:"type"`
}

// OpenURL opens an address: https, mailto or a link into Teams.
type OpenURL struct {
	Type    typeOpenURL `json:"type"`
	Title   string      `json:"title"`
	URL     string      `json:"url"`
	Tooltip string      `json:"tooltip,omitempty"`
}

// ToggleVisibility shows or hides elements by their ids.
type ToggleVisibility struct {
	Type           typeToggle `json:"type"`
	Title          string     `json:"title"`
	TargetElements []string   `json:"targetElements"`
}

// ShowCard unfolds more of a card below its buttons.
type ShowCard struct {
	Type  typeShowCard `json:"type"`
	Title string       `json:"title"`
	Card  layout       `json:"card"`
}

// Thumbnail is the content of a thumbnail card: how a search result is shown before it is chosen.
type Thumbnail struct {
	Title string `json:"title"`
	// Text is HTML.
	Text   string           `json:"text,omitempty"`
	Images []ThumbnailImage `json:"images,omitempty"`
	// Tap makes Teams ask for the chosen result; without it the result's card is taken as it is.
	Tap *PreviewTap `json:"tap,omitempty"`
}

// ThumbnailImage is the picture of a Thumbnail.
type ThumbnailImage struct {
	URL string `json:"url"`
	Alt string `json:"alt"`
}

// PreviewTap is what choosing a Thumbnail does: Teams sends Value back.
type PreviewTap struct {
	Type  string   `json:"type"`
	Value TapValue `json:"value"`
}

// TapValue carries the path of the chosen result.
type TapValue struct {
	Verb string `json:"verb"`
}

type (
	typeCard          struct{}
	typeTextBlock     struct{}
	typeRichTextBlock struct{}
	typeTextRun       struct{}
	typeContainer     struct{}
	typeColumnSet     struct{}
	typeColumn        struct{}
	typeFactSet       struct{}
	typeImage         struct{}
	typeActionSet     struct{}
	typeInputText     struct{}
	typeInputChoice   struct{}
	typeInputTime     struct{}
	typeInputToggle   struct{}
	typeExecute       struct{}
	typeSubmit        struct{}
	typeOpenURL       struct{}
	typeToggle        struct{}
	typeShowCard      struct{}
)

func (typeCard) MarshalText() ([]byte, error)          { return []byte("AdaptiveCard"), nil }
func (typeTextBlock) MarshalText() ([]byte, error)     { return []byte("TextBlock"), nil }
func (typeRichTextBlock) MarshalText() ([]byte, error) { return []byte("RichTextBlock"), nil }
func (typeTextRun) MarshalText() ([]byte, error)       { return []byte("TextRun"), nil }
func (typeContainer) MarshalText() ([]byte, error)     { return []byte("Container"), nil }
func (typeColumnSet) MarshalText() ([]byte, error)     { return []byte("ColumnSet"), nil }
func (typeColumn) MarshalText() ([]byte, error)        { return []byte("Column"), nil }
func (typeFactSet) MarshalText() ([]byte, error)       { return []byte("FactSet"), nil }
func (typeImage) MarshalText() ([]byte, error)         { return []byte("Image"), nil }
func (typeActionSet) MarshalText() ([]byte, error)     { return []byte("ActionSet"), nil }
func (typeInputText) MarshalText() ([]byte, error)     { return []byte("Input.Text"), nil }
func (typeInputChoice) MarshalText() ([]byte, error)   { return []byte("Input.ChoiceSet"), nil }
func (typeInputTime) MarshalText() ([]byte, error)     { return []byte("Input.Time"), nil }
func (typeInputToggle) MarshalText() ([]byte, error)   { return []byte("Input.Toggle"), nil }
func (typeExecute) MarshalText() ([]byte, error)       { return []byte("Action.Execute"), nil }
func (typeSubmit) MarshalText() ([]byte, error)        { return []byte("Action.Submit"), nil }
func (typeOpenURL) MarshalText() ([]byte, error)       { return []byte("Action.OpenUrl"), nil }
func (typeToggle) MarshalText() ([]byte, error)        { return []byte("Action.ToggleVisibility"), nil }
func (typeShowCard) MarshalText() ([]byte, error)      { return []byte("Action.ShowCard"), nil }
