package cards

// PinsView is a page of the images that a conversation pinned.
type PinsView struct {
	// Notice is a sentence above: "The wharf was pinned."
	Notice string
	Title  string
	Hint   string
	Rows   []PinRow
	// Skip is how many stand on pages before, Page how many one has, All how many there are.
	Skip, Page, All int
	Next            []Step
}

// PinRow is a pinned image.
type PinRow struct {
	// Ref names the file in buttons.
	Ref string
	// N is its number in digits.
	N       string
	Name    string
	Caption string
	// Line says who pinned it and when.
	Line string
	// Preview is the https address of a small picture; empty shows none. Alt tells what it shows.
	Preview, Alt string
	// Gone is a sentence in the place of the name, when the file cannot be seen.
	Gone     string
	MayUnpin bool
}

// PresetsView lists plans with names.
type PresetsView struct {
	Notice string
	Hint   string
	// Picture and At name the picture that a press applies a preset to; an empty one offers none.
	Picture      string
	At           int
	Own, Builtin []PresetRow
	Next         []Step
}

// PresetRow is a plan with a name.
type PresetRow struct {
	// Key names it in buttons.
	Key       string
	Name      string
	Does      string
	MayDelete bool
}

// BatchPlanView asks for the plan of a batch. Words are those of the search.
type BatchPlanView struct {
	Words string
	Title string
	Hint  string
	Next  []Step
}

// BatchAskView says what a batch would do.
type BatchAskView struct {
	ID       string
	Question string
	Does     string
	Facts    []FactView
	// Warning is what is otherwise than asked: "Only the first 50 of them."
	Warning string
	Promise string
}

// BatchView is a batch at work, or at its end.
type BatchView struct {
	ID     string
	Title  string
	Does   string
	Notice string
	// Rows are its files, in groups that stand together.
	Rows                   []BatchRow
	MayCancel, MayContinue bool
	Next                   []Step
}

// BatchRow is what became of a file. Group is the title above those that fared alike; an empty URL leads nowhere.
type BatchRow struct{ Group, Name, URL, Detail string }
