package cards

// Texts gives the words of one language; *lang.Printer is one.
type Texts interface {
	Text(key string, args ...any) string
	Number(n int) string
}

// What follows are the view models: each lists exactly what its card shows. Strings are what people
// wrote, unescaped (the cards escape them); dates and numbers arrive written for the person's language.

// ContactView is one contact as a person sees it.
type ContactView struct {
	ID      string
	Version int
	Name    string
	// Kind is "person", "company" or "function".
	Kind       string
	Job        string
	Company    string
	Department string
	// Picture is the https address of a picture of the initials; empty shows none.
	Picture string
	Emails  []string
	Phones  []PhoneView
	// Pages are website, linkedin, facebook, x.
	Pages     []PageView
	Addresses []AddressView
	Hours     string
	Notes     string
	PhotoURL  string
	Tags      []TagView
	Custom    []FactView
	// Source names the book.
	Source string
	// Changed is when it was changed last, written out.
	Changed string
	// Chat is an address to chat with in Teams; empty offers none.
	Chat string

	MayEdit   bool
	MayDelete bool
	// Favourite and Personal: only an answer that one person alone sees offers to mark a favourite.
	Favourite bool
	Personal  bool
	// Live makes the card ask again for each viewer (refresh), where rights differ between them.
	Live bool
	// Posted says that the card is a message of its own: its buttons carry that, so that what they change is shown to everybody.
	Posted bool
	// Share offers to post the card into the conversation.
	Share bool
	// Draft is a card that a person will send from the compose box: it asks nothing of the bot until somebody wants more.
	// Brief makes it one of many results: of what can be many it shows a few, of a note its beginning, and no pages.
	Draft, Brief bool
	// Notice is a sentence above the contact: "Added.", "This contact has changed since; this is the current one."
	Notice string
	// Undo is the id of a change that the viewer may take back; empty offers none.
	Undo string
	// Alike is a sentence about contacts that this one may be the same as; AlikeIDs are theirs and its own, to compare them,
	// or empty when the viewer may not merge them. AlikeID is the first of them, to be shown.
	Alike, AlikeID string
	AlikeIDs       []string
}

// PhoneView is a number as shown and as dialled.
type PhoneView struct {
	Label string // business, mobile, home, fax
	Text  string // written for reading: "+33 6 12 34 56 78"
	Dial  string // "+33612345678"; empty when the number could not be understood
}

// PageView is an address on the web: Label is website, linkedin, facebook or x.
type PageView struct{ Label, URL string }

// AddressView is a place; MapURL is empty when there is no map to link to.
type AddressView struct{ Text, MapURL string }

// TagView is a tag and how many contacts have it (0 = not counted).
type TagView struct {
	Name  string
	Count int
	// Query finds its contacts; empty searches for the name.
	Query string
}

// FactView is a label and a value that people wrote.
type FactView struct{ Label, Value string }

// RowView is a contact in a list.
type RowView struct {
	ID      string
	Name    string
	Line    string // "Head of Sales, Contoso"
	Detail  string // what was found or the number to call: "+33 6 12 34 56 78 · marta@contoso.example"
	Picture string
	Source  string
	// Part is what of the contact a press leads to: edit, delete, history; empty is the contact itself.
	Part string
}

// ListView is a page of contacts.
type ListView struct {
	// Title is a finished sentence: "12 contacts for “marta”".
	Title string
	// Hint says what to do with the list; empty says nothing.
	Hint string
	Rows []RowView
	// Also is a second list below the first, under a title of its own.
	AlsoTitle string
	Also      []RowView
	// Query is what was asked, for the next page and for saving it; empty for lists that are no search.
	Query string
	// Next is where the next page begins; 0 when there is none. Prev likewise, -1 when there is none.
	Next, Prev int
	// MaySave offers to keep the query as a filter (personal answers only).
	MaySave bool
	// MayAdd offers to add a contact that is not among them; Name prefills the form.
	MayAdd bool
	Name   string
}

// EmptyView is an answer without contacts.
type EmptyView struct {
	// Title is a finished sentence: "Nobody found for “xyz”."
	Title string
	// Hint says what to try.
	Hint string
	// Name prefills the form of the add button; MayAdd offers it.
	Name   string
	MayAdd bool
	// Search offers a search for this text; empty offers none.
	Search string
}

// TroubleView tells that something did not work.
type TroubleView struct {
	Sentence string
	// Next are the ways on; see Step.
	Next []Step
	// Ref is a short reference for the administrator; empty shows none.
	Ref string
	// Link and LinkURL are a button that opens a page on which the trouble can be ended; empty shows none.
	Link, LinkURL string
}

// Step is a way on: a button that does what typing the command would do.
type Step struct {
	Title string
	Verb  string // a path of routes.go, "help"
}

// WelcomeView greets a conversation once.
type WelcomeView struct {
	App string // the product's name
	// Place is "personal", "groupChat" or "channel".
	Place string
	// Mention is how the bot is called in this place: "" or "@Contact Pro ".
	Mention string
	// Back are finished sentences about what waited here and is back.
	Back []string
	// Add is set when there is a book to add to.
	Add bool
	// HelpURL is the https address of the help page; empty shows none.
	HelpURL string
	// Pictures greets for the app that works on pictures instead of contacts.
	Pictures bool
	// Files says that it works on the files of SharePoint and OneDrive, too.
	Files bool
	// Settings offers what was decided for the place.
	Settings bool
}

// HelpView lists what can be typed.
type HelpView struct {
	App      string
	Mention  string
	Commands []CommandView
	HelpURL  string
	// Next are the ways on; see Step.
	Next []Step
	// Files is as in WelcomeView.
	Files bool
}

// CommandView is a command as people type it, with an example. Commands of one Group stand together.
type CommandView struct{ Name, Example, Does, Group string }

// PictureView is a picture that somebody works on.
type PictureView struct {
	ID string
	// At is how many steps were done to it: a button of an older card is told from one of this.
	At   int
	Name string
	// Preview is a signed https address; empty shows no picture. Alt is what the picture shows, in words.
	Preview, Alt string
	Before       PictureFacts
	After        PictureFacts
	// Done are what was done, a short phrase each; Notes what was done otherwise than asked, a sentence each.
	Done, Notes []string
	// Notice is a sentence above the picture.
	Notice string
	// Undo and Redo offer to take a step back and forward.
	Undo, Redo bool
	// Next are more ways on, see Step: those that find room stand on the card, the others and More unfold.
	Next, More []Step
	// Posted as in ContactView.
	Posted bool
}

// EditView is a dialog in which something is tried on a picture. All texts are finished.
type EditView struct {
	Title string
	// Verb is where the form goes; Do is the label of the button that sends it. Try is where it goes to be looked at first;
	// empty offers that not.
	Verb, Do, Try string
	// Form as in FormView, Posted as in ContactView.
	Form   string
	Posted bool
	// Note is a sentence above: "The picture has changed meanwhile."
	Note string
	// Preview and Alt as in PictureView, of the picture as it would be; Facts is its size.
	Preview, Alt, Facts string
	Inputs              []InputView
}

// InputView is an input of a dialog: a choice where it has Choices, else text.
type InputView struct {
	ID, Label, Value string
	// Example shows in an empty input, Hint stands below it, Problem is what is wrong with the value.
	Example, Hint, Problem string
	Choices                []ChoiceView
	// Lines makes it higher; Most is how many characters it takes.
	Lines bool
	Most  int
}

// PicturesView is a list of pictures that came together.
type PicturesView struct {
	// Title is a finished sentence: "3 pictures".
	Title, Note string
	Rows        []PictureRow
	Next        []Step
}

// PictureRow is a picture of a list.
type PictureRow struct {
	Name string
	// Line is its size before and after, Detail its bytes and format; Notes as in PictureView.
	Line, Detail string
	Notes        []string
	// Problem is why nothing became of it.
	Problem string
	// Preview and Alt as in PictureView.
	Preview, Alt string
	// Verb leads to the picture by itself, and Open says so; empty leads nowhere.
	Verb, Open string
}

// WorkingView says that something takes a while: "Working on 10 pictures…", "3 of 10 are done."
type WorkingView struct{ Title, Text string }

// FileView is a file that changes hands.
type FileView struct {
	Name string
	// Text says what it is, Size how many bytes it has; Context names it when the offer is answered.
	Text    string
	Size    int64
	Context FileContext
	// URL is where the file lies, ID and Kind what Teams calls it and its type; known when it was handed over.
	URL, ID, Kind string
}

// FileContext names what a file is made of, to whoever answers the offer of it: a picture by its id and state, a template by
// its format, an export by its id. It travels through Teams, and is a claim and no right.
type FileContext struct {
	Kind string `json:"kind"` // FileImage, FileTemplate
	ID   string `json:"id"`
	At   int    `json:"at"`
}

// The kinds of files that are offered.
const (
	FileImage    = "image"
	FileTemplate = "template"
)

// ImportView is a file of contacts on its way into a book, at any stage. All texts are finished.
type ImportView struct {
	Title string
	// Text is a sentence below: what was done, or what is to be decided.
	Text string
	// Warning is what one should know before going on: rows that cannot be read.
	Warning string
	// Lines stand below the warning, one for each row that cannot be read.
	Lines []string
	Facts []FactView
	// Notes are what is left out: columns, photos.
	Notes []string
	// Next are the ways on, the first the one that most people take.
	Next []Step
}

// ColumnsForm is the dialog that says what the columns of a table hold.
type ColumnsForm struct {
	// Verb is where the form goes; Form as in FormView.
	Verb, Form string
	// Note is a sentence above.
	Note    string
	Columns []ColumnView
	// More is how many columns the table has besides.
	More int
}

// ColumnView is a column of a table: its input has ID, and the choices are what it may hold.
type ColumnView struct {
	ID, Header, Value string
	// Remark stands below: that its content was guessed.
	Remark  string
	Choices []ChoiceView
}

// PictureFacts are written for the person's language: "4,032 × 3,024 pixels", "3.1 MB", "JPEG".
type PictureFacts struct{ Pixels, Bytes, Format string }

// PictureInfoView is what is known of a picture.
type PictureInfoView struct {
	Name         string
	Preview, Alt string
	Facts        []FactView
	// Warning is what one should know before sharing it; empty when there is nothing.
	Warning string
	Next    []Step
}

// ConfirmView asks once before something is deleted.
type ConfirmView struct {
	// Question is finished: "Delete Marta Gonzáles from Sales?"
	Question string
	// Explain says what can be done afterwards: "It stays in the trash for 30 days."
	Explain string
	// Yes is the verb of the deed; Title its label. No goes back to the card.
	Yes, YesTitle string
	No            string
	// Posted as in ContactView.
	Posted bool
}

// DoneView says what was done, and how to take it back.
type DoneView struct {
	// Sentence is finished: "Marta Gonzáles was deleted."
	Sentence string
	Changes  []ChangedView
	// Undo is the id of the change; empty offers none.
	Undo string
	// Show is the id of the contact; empty offers none.
	Show string
	Next []Step
	// Posted as in ContactView.
	Posted bool
}

// ChangedView is a field that changed. Field is its key (contact.Field).
type ChangedView struct{ Field, Before, After string }

// HistoryView is what happened to a contact, newest first.
type HistoryView struct {
	ID      string
	Name    string
	Entries []EntryView
	// Deleted says that the contact is in the trash.
	Deleted bool
}

// EntryView is one change of a history.
type EntryView struct {
	Change string // id
	// Act is added, edited, deleted, restored. Title is said instead of it: "Merged with Marta Weiß".
	Act     string
	Title   string
	Who     string
	When    string
	Changes []ChangedView
	// MayUndo offers to take the whole change back; MayRestore offers to bring back single fields.
	MayUndo, MayRestore bool
}

// TrashView lists deleted contacts.
type TrashView struct {
	Rows []TrashRow
	Days int // how long they stay
}

// TrashRow is a deleted contact.
type TrashRow struct {
	Change     string // the deletion, to take back
	Name, Line string
	Who, When  string
	Source     string
	MayRestore bool
}

// TagsView lists tags and saved filters.
type TagsView struct {
	// Notice is a sentence above: "The search is saved."
	Notice  string
	Tags    []TagView
	Filters []FilterView
}

// FilterView is a saved query.
type FilterView struct{ Name, Query string }

// BooksView lists the books of a person or conversation.
type BooksView struct {
	Books []BookView
	// Offers are books of the viewer from elsewhere that could be shared with this conversation.
	Offers []BookView
	MayNew bool
	// Mine offers the viewer's own list, in an answer that everybody sees.
	Mine bool
}

// BookView is a book in a list.
type BookView struct {
	ID    string
	Name  string
	Kind  string // conversation, personal, tenant
	Count string // how many contacts, written out; "" unknown
	// Mode is everybody, owners, per_member.
	Mode string
	// Access is a finished phrase: "you may change it", "read only".
	Access string
	Manage bool
	// Removed says that it waits; Until is a finished sentence about how long; Restore offers to bring it back here.
	Removed bool
	Until   string
	Restore bool
	// Shared are the conversations it is shared with; only for those who manage it.
	Shared []SharedView
}

// SharedView is a conversation that may use a book.
type SharedView struct {
	Conversation string // id
	Name         string
	Edit         bool
}

// SettingsView is how a conversation is set up.
type SettingsView struct {
	// Notice is a sentence above: "The settings are saved."
	Notice string
	// Book is the conversation's; without an ID there is none to show.
	Book BookView
	// Owners are the names of those who may change the book.
	Owners []string
	// Rows are everything else that counts here, finished phrases, each with where it comes from.
	Rows []FactView
	// Hints are sentences below.
	Hints []string
	// MayChange offers the dialog, MayBook that of the book, MayOrganisation that of the organisation, Library the card of it.
	MayChange, MayBook, MayOrganisation, Library bool
	// Books offers the books.
	Books bool
	// SignIn offers to sign in, which something here waits for.
	SignIn bool
}

// SettingsForm is the dialog of a book.
type SettingsForm struct {
	BookID  string
	Version int
	Name    string
	// Mode is empty for a book that only its owner may change.
	Mode    string
	Members []MemberRights
	// More is how many members are not listed.
	More    int
	Problem map[string]string
	// Note is a sentence above the form.
	Note string
}

// MemberRights is what one member may do in mode per_member.
type MemberRights struct {
	Person, Name        string
	Add, Modify, Delete bool
}

// PrivacyView says what is kept.
type PrivacyView struct {
	App  string
	Rows []FactView // what: how long, finished phrases
	URL  string
}

// FormView is the dialog to add or edit a contact. Values and Problems are keyed by contact.Field;
// a problem is a finished sentence shown under its input.
type FormView struct {
	// Verb is where the form goes: contact/add or contact/{id}/edit.
	Verb    string
	Version int
	// Form names this opening of the dialog: sent along, so that pressing its button twice is one deed.
	Form string
	// Posted as in ContactView.
	Posted bool
	// Books to choose from when adding; Book is the chosen one.
	Books    []ChoiceView
	Book     string
	Values   map[string]string
	Problems map[string]string
	// Note is a sentence above the form: "Someone changed this contact meanwhile…".
	Note string
}

// ChoiceView is an item of a choice.
type ChoiceView struct{ Title, Value string }

// NewBookForm is the dialog to make another book.
type NewBookForm struct {
	// Form as in FormView.
	Form    string
	Name    string
	Problem string
	// Places to bind it to: personal, conversation, tenant.
	Kinds []ChoiceView
	Kind  string
}

// DuplicatesView is a page of contacts that may be the same.
type DuplicatesView struct {
	// Title is finished: "3 suggestions".
	Notice, Title, Hint string
	Rows                []DuplicateRow
	// Skip is the place of the first row among All; a page has so many.
	Skip, Page, All int
	Next            []Step
	// Posted as in ContactView.
	Posted bool
}

// DuplicateRow is a set of contacts that may be the same.
type DuplicateRow struct {
	// Why is finished: "The same e-mail address".
	Why      string
	Contacts []RowView
	MayMerge bool
}

// IDs are those of the contacts of the row.
func (r DuplicateRow) IDs() []string {
	ids := make([]string, len(r.Contacts))
	for i, c := range r.Contacts {
		ids[i] = c.ID
	}
	return ids
}

// MergeView is the dialog that compares contacts field by field.
type MergeView struct {
	IDs []string
	// Versions are those of the contacts, in the order of IDs, with commas between.
	Versions string
	// Form as in FormView.
	Form string
	Note string
	// Explain says why they may be the same; Promise what becomes of the others, and how to take it back.
	Explain, Promise string
	// Keeps are the contacts of which one stays; Keep is the one.
	Keeps     []ChoiceView
	Keep      string
	Conflicts []ConflictView
	// Result are the fields of the contact that comes of it; the label is the field's key.
	Result []FactView
	// Posted as in ContactView.
	Posted bool
}

// ConflictView is a field in which contacts differ; the values of its choices are ids of contacts.
type ConflictView struct {
	Field, Chosen string
	Choices       []ChoiceView
}

// NoteView is an answer of one or two sentences with ways on.
type NoteView struct {
	Title string
	Text  string
	Next  []Step
}

// SignInView asks somebody to sign in.
type SignInView struct {
	Title    string
	Sentence string // why
	Hint     string // what to do afterwards; may be empty
	// Button opens URL; without one there is no button.
	Button, URL string
	Next        []Step
}

// ProfileView is what is kept of a person.
type ProfileView struct {
	Name, Job, Department string
	Facts                 []FactView
	Read                  string // a phrase: when the directory was read
	Next                  []Step
}
