package cards

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

// goldens are every card in every state that looks different.
func goldens() map[string]any {
	t := english
	offersMore := EmptyView{Title: "Nobody found for “xyz”.", Hint: "Try fewer letters.", Name: "Xyz/Ä", MayAdd: true, Search: "x/y z"}
	note := NoteView{Title: "Whom are you looking for?", Text: "Type find and any words.\nOr a number.", Next: []Step{{"Favourites", "favourites"}, {"Help", "help"}}}
	all := map[string]any{
		"contact-full": Contact(t, marta()), "contact-shared": Contact(t, shared()), "contact-found": Contact(t, found()), "contact-bare": Contact(t, ContactView{ID: "c1", Name: "Bo Ek", Kind: "person"}),
		"contact-function": Contact(t, hotline()), "contact-company": Contact(t, company()), "contact-hostile": Contact(t, hostile()), "contact-french": Contact(french, martine()),
		"contact-elsewhere": Contact(t, ContactView{Name: "Li Wei", Kind: "person", Emails: []string{"li@contoso.example"}, Source: "Organisation"}),
		"contacts-page":     Contacts(t, ListView{Title: "12 contacts for “marta”.", Rows: rows(), Query: "marta/50% #x", Next: 13, Prev: 0, MaySave: true, MayAdd: true, Name: "marta"}),
		"contacts-list":     Contacts(t, ListView{Title: "Your favourites", Rows: rows(), Prev: -1}),
		"contact-draft":     Contact(t, draft(false)), "contact-result": Contact(t, draft(true)),
		"contacts-choose":  Contacts(t, ListView{Title: "2 contacts for “marta”.", Hint: "Choose whom to change.", Rows: []RowView{{ID: "c7", Name: "Marta Gonzáles", Part: "edit"}, {ID: "c9", Name: "Marta Weiß", Part: "delete"}}, Query: "marta", Prev: -1}),
		"contacts-marked":  Contacts(t, ListView{Title: "Your favourites", Rows: rows()[:1], Prev: -1, AlsoTitle: "Contacts you looked at last", Also: rows()[1:]}),
		"contacts-hostile": Contacts(t, ListView{Title: "1 contact for “" + hostileName + "”.", Rows: []RowView{{"c1", hostileName, hostileName, hostileName, avatar + "H.png", hostileName, ""}}, Query: hostileName, Prev: -1}),
		"empty-full":       Empty(t, offersMore), "empty-bare": Empty(t, EmptyView{Title: "Nobody found."}),
		"preview-full": Preview(t, rows()[0]), "preview-bare": Preview(t, RowView{ID: "c1", Name: "Bo Ek"}), "preview-hostile": Preview(t, RowView{Name: hostileName, Line: "<img src=x> & co", Picture: avatar + "H.png"}),
		"trouble-full":     Trouble(t, TroubleView{Sentence: "I am busy right now and changed nothing. Try again in a moment.", Next: []Step{{"Search", "find/0/marta"}, {"Help", "help"}}, Ref: "K7MQ2A"}),
		"trouble-bare":     Trouble(french, TroubleView{Sentence: "Je suis occupé pour l’instant."}),
		"welcome-personal": Welcome(t, WelcomeView{App: "Contact Pro", Place: "personal", Add: true, HelpURL: "https://bot.contoso.example/help"}), "welcome-channel": Welcome(t, WelcomeView{App: "Contact Pro", Place: "channel", Mention: "@Contact Pro ", Add: true, Settings: true}),
		"welcome-group": Welcome(french, WelcomeView{App: "Contact Pro", Place: "groupChat", Mention: "@Contact Pro "}),
		"help-full":     Help(t, help("@Contact Pro ")), "help-french": Help(french, aide()), "help-image": Help(t, pictureHelp()),
		"confirm-full": Confirm(t, ConfirmView{Question: "Delete Marta Gonzáles from Sales?", Explain: "It stays in the trash for 30 days.", Yes: RemoveVerb("c7", 3), YesTitle: "Delete", No: ContactVerb("c7"), Posted: true}),
		"done-edited":  Done(t, DoneView{Sentence: "Marta Gonzáles was changed.", Changes: history().Entries[0].Changes, Undo: "h3", Show: "c7", Posted: true}), "done-bare": Done(t, DoneView{Sentence: "Done."}),
		"done-deleted": Done(t, DoneView{Sentence: "Marta Gonzáles was deleted.", Undo: "h4", Next: []Step{{"Trash", "trash"}}}),
		"history-full": History(t, history()), "history-deleted": History(t, HistoryView{ID: "c7", Name: hostileName, Deleted: true, Entries: []EntryView{{Change: "h4", Act: "deleted", Who: "Li Wei", When: "21 Nov 2026, 14:05"}}}),
		"trash-full":  Trash(t, TrashView{Days: 30, Rows: []TrashRow{{"h4", "Marta Gonzáles", "Head of Sales, Contoso", "Li Wei", "21 Nov 2026", "Sales", true}, {"h5", "Bo Ek", "", "Ada Byron", "20 Nov 2026", "Contoso", false}}}),
		"trash-empty": Trash(french, TrashView{Days: 30}),
		"tags-full": Tags(t, TagsView{Tags: []TagView{{Name: "supplier", Count: 12}, {Name: "key account", Count: 3, Query: "#key-account"}, {Name: "Paris"}, {Name: "VIP", Count: 140}},
			Filters: []FilterView{{"Paris customers", "#customer paris"}, {"contoso", "contoso"}}}),
		"tags-empty": Tags(t, TagsView{}), "tags-saved": Tags(french, TagsView{Notice: "La recherche « vip » est enregistrée.", Filters: []FilterView{{"vip", "#vip"}}}),
		"books-full": Books(t, books()), "books-french": Books(french, books()), "books-empty": Books(t, BooksView{MayNew: true}), "books-public": Books(t, BooksView{Books: books().Books[2:3], MayNew: true, Mine: true}),
		"settings-full": Settings(t, settings(true)), "settings-read": Settings(french, settings(false)), "settings-own": Settings(t, SettingsView{Book: BookView{ID: "b2", Name: "My own contacts", Kind: "personal", Mode: "everybody"}, MayChange: true, MayBook: true, Books: true}),
		"settings-pictures": Settings(t, SettingsView{Notice: "The settings are saved.", Rows: []FactView{{"Pictures", hostileName}}, Hints: []string{"Only an owner of the team can change the settings of this channel."}, Library: true}),
		"settings-change":   SettingsChange(t, changeForm()), "settings-organisation": SettingsChange(french, organisationForm()),
		"settingsdialog-full": SettingsDialog(t, settingsForm()), "settingsdialog-bare": SettingsDialog(french, SettingsForm{BookID: "b1", Version: 1, Mode: "everybody", More: 3, Note: "Quelqu’un d’autre a modifié ces paramètres."}),
		"settingsdialog-own": SettingsDialog(t, SettingsForm{BookID: "b2", Version: 1, Name: "Suppliers"}),
		"privacy-full":       Privacy(t, PrivacyView{App: "Contact Pro", URL: "https://bot.contoso.example/privacy", Rows: []FactView{{"Contacts and their history", "as long as the organisation is active"}, {"Deleted contacts", "30 days"}}}),
		"form-add":           Form(t, FormView{Verb: "contact/add", Form: "F1", Book: "b1", Books: []ChoiceView{{"Sales", "b1"}, {"Ada Byron", "b2"}}, Values: map[string]string{"name": "Bo Ek"}}),
		"form-edit":          Form(t, FormView{Verb: "contact/c7/edit", Version: 3, Form: "F2", Posted: true, Values: values(), Note: "Ada Byron changed this contact meanwhile. Save again to write over it."}),
		"form-problems":      Form(t, FormView{Verb: "contact/add", Form: "F3", Book: "b1", Books: []ChoiceView{{"Sales", "b1"}}, Values: map[string]string{"kind": "function", "mobile": "12"}, Problems: map[string]string{"name": "A name is needed.", "fax": "This is no number."}}),
		"form-french":        Form(french, FormView{Verb: "contact/c7/edit", Version: 3, Values: values()}),
		"newbook-full":       NewBook(t, NewBookForm{Form: "F4", Name: "Sales", Problem: "Another book has this name.", Kind: "personal", Kinds: []ChoiceView{{"This conversation's", "conversation"}, {"My own", "personal"}}}),
		"picture-full":       Picture(t, harbour()), "picture-bare": Picture(french, PictureView{ID: "i1", Name: "Image", After: PictureFacts{"640 × 480 pixels", "12 Ko", "PNG"}, Alt: "Image, 640 × 480"}),
		"picture-info":    PictureInfo(t, PictureInfoView{Name: "harbour.jpg", Preview: "https://bot.contoso.example/i/t/i1?e=1&k=x", Alt: "harbour.jpg, 4032 × 3024", Facts: []FactView{{"Format", "JPEG"}, {"Size", "4,032 × 3,024 pixels"}, {"Colours", "#0f6e6e  #9b2c4f"}}, Warning: "This file tells where the picture was taken.", Next: harbour().More}),
		"picture-hostile": Picture(t, PictureView{ID: "i/1", Name: hostileName, Alt: hostileName, Done: []string{hostileName}, Notes: []string{hostileName}, Notice: hostileName, After: PictureFacts{"1 × 1 pixels", "1 KB", "PNG"}}),
		"signin-full":     SignIn(t, SignInView{Title: "Sign in", Sentence: "Sign in to let Image Pro read files for you.", Hint: "Then do it again.", Button: "Sign in", URL: "https://bot.contoso.example/auth/start?t=x", Next: []Step{{"Help", "help"}}}),
		"signin-bare":     SignIn(french, SignInView{Title: hostileName, Sentence: hostileName}),
		"profile-full": Profile(t, ProfileView{Name: "Inês Prata", Job: "Engineer", Department: "Sales", Facts: []FactView{{"E-mail", "ines@contoso.example"}, {"Office", "Lisbon"}}, Read: "As the directory had it on 21 Nov 2026, 14:05.",
			Next: []Step{{"Sign out", "sign-out"}, {"Forget this", "me/forget"}}}),
		"profile-hostile": Profile(french, ProfileView{Name: hostileName, Job: hostileName, Department: hostileName, Facts: []FactView{{hostileName, hostileName}}, Read: "hier"}),
		"trouble-link":    Trouble(t, TroubleView{Sentence: "An administrator has to approve the app first.", Link: "Approve", LinkURL: "https://login.contoso.example/adminconsent?client_id=x"}),
		"welcome-image":   Welcome(t, WelcomeView{App: "Image Pro", Place: "personal", Pictures: true, HelpURL: "https://bot.contoso.example/help"}),
		"welcome-files":   Welcome(t, WelcomeView{App: "Image Pro", Place: "channel", Mention: "@Image Pro ", Pictures: true, Files: true, Settings: true, HelpURL: "https://bot.contoso.example/help"}),
		"welcome-back":    Welcome(t, WelcomeView{App: "Contact Pro", Place: "channel", Mention: "@Contact Pro ", Add: true, Settings: true, Back: []string{"Your book with 212 contacts is back.", "3 pinned pictures are back."}}),
		"item-full":       Item(t, harbourItem()), "item-bare": Item(french, ItemView{Name: "port.png"}),
		"item-saved":   Item(t, savedItem()),
		"item-hostile": Item(t, ItemView{Name: hostileName, Preview: avatar + "x", Alt: hostileName, Lines: []string{hostileName}, Notice: hostileName, Warnings: []string{hostileName}, Remark: hostileName, Link: "https://evil.example@contoso.example/", Shared: "javascript:alert(1)"}),
		"images-page":  Images(t, imagesPage()), "images-newest": Images(french, ImagesView{Title: "Les images changées en dernier", Rows: imagesPage().Rows[1:], Where: "Ana Ruiz", Prev: -1, Steps: []Step{{"Bibliothèque", "library"}}}),
		"images-hostile": Images(t, ImagesView{Title: hostileName, Rows: []ImageRow{{"b!d~1", hostileName, hostileName, avatar + "x"}}, Where: hostileName, WhereURL: "https://contoso.sharepoint.example/a)b", Query: hostileName, Prev: -1, Next: 6}),
		"image-preview":  ImagePreview(t, imagesPage().Rows[0]), "image-preview-hostile": ImagePreview(t, ImageRow{Ref: "b!d~1", Name: hostileName, Line: "<img src=x> & co"}),
		"library-chosen": Library(t, LibraryView{Notice: "Pictures are now looked for in “Harbour”.", Name: "Harbour", URL: "https://contoso.sharepoint.example/sites/sea/Harbour", Lines: []string{"Chosen by Ana Ruiz on 21 Nov 2026."}, Change: true, Default: true, Show: true}),
		"library-none":   Library(french, LibraryView{Lines: []string{"Aucun dossier n’a encore été choisi."}, Change: true}), "library-read": Library(t, LibraryView{Name: hostileName, URL: "javascript:alert(1)", Show: true}),
		"librarydialog-start": LibraryDialog(t, LibraryForm{Seen: "b!d~1", Form: "F5", Note: "Nothing was found at this address.", Link: "https://contoso.sharepoint.example/x"}),
		"librarydialog-sites": LibraryDialog(french, LibraryForm{Form: "F6", Input: InputSite, Label: "Quel site ?", Choices: []ChoiceView{{"Port", "contoso,1,2"}, {hostileName, "contoso,3,4"}}}),
		"savedialog-new":      SaveDialog(t, saveForm()), "savedialog-handed": SaveDialog(french, SaveForm{ID: "i1", Form: "F8", Values: map[string]string{InputName: "capture.png"}, Problems: map[string]string{InputName: "SharePoint n’accepte pas ce nom."}}),
		"savedialog-clash": SaveDialog(t, clashForm()),
		"edit-dialog":      EditDialog(t, redacting()), "edit-choose": EditDialog(french, EditView{Title: "Modifier l’image", Verb: "editImage", Do: "Suivant", Form: "F6", Inputs: []InputView{{ID: "which", Label: "Quelle image", Value: "0", Choices: []ChoiceView{{"port.jpg", "0"}, {hostileName, "1"}}}}}),
		"edit-pictures": Pictures(t, pasted()), "edit-working": Working(t, WorkingView{Title: "Working on 10 pictures…", Text: "3 of 10 are done."}),
		"file-consent": FileConsent(FileView{Name: "harbour.webp", Text: "800 × 600 pixels", Size: 84_000, Context: FileContext{FileImage, "i1", 3}}),
		"file-info":    FileInfo(FileView{Name: "harbour.webp", URL: "https://contoso-my.sharepoint.example/Documents/harbour.webp", ID: "8A7B", Kind: "webp"}),
		"pins-full":    Pins(t, gallery()), "pins-empty": Pins(french, PinsView{Title: "Rien n’est encore épinglé ici.", Hint: "Ouvrez une image de la bibliothèque."}),
		"pins-hostile": Pins(t, PinsView{Title: "1 pinned picture", All: 1, Rows: []PinRow{{Ref: "b!d~x", N: "1", Name: hostileName, Caption: hostileName, Line: hostileName, Preview: "https://bot.contoso.example/i/t/f.x", Alt: hostileName, MayUnpin: true}}}),
		"presets-full": Presets(t, named()), "presets-bare": Presets(french, PresetsView{Hint: "Écrivez le nom d’un préréglage.", Builtin: []PresetRow{{"mail", "Courriel, moins de 200 Ko", "ramenée à 1600 px", false}}}),
		"presets-hostile": Presets(t, PresetsView{Hint: hostileName, Notice: hostileName, Picture: "i/1", Own: []PresetRow{{hostileName, hostileName, hostileName, true}}}),
		"batch-plan":      BatchPlan(t, BatchPlanView{Words: "harbour/50% #x", Title: "What should be done to all pictures for “harbour”?", Hint: "Choose a preset, or type what you want.", Next: []Step{{"Mail, under 200 KB", BatchSearchVerb("harbour", "resize 1600 | jpeg | under 200 KB")}}}),
		"batch-ask":       BatchAsk(t, wish()), "batch-ask-hostile": BatchAsk(french, BatchAskView{ID: "17f/a", Question: "Faire cela à 1 image ?", Does: hostileName, Facts: []FactView{{"Dossier", hostileName}}, Promise: "Les originaux restent."}),
		"batch-running":   BatchRun(t, BatchView{ID: "17fa", Title: "7 of 12 pictures", Does: "resized to 800 px wide, in WebP", MayCancel: true}),
		"batch-stopped":   BatchRun(t, BatchView{ID: "17fa", Title: "Stopped at 7 of 12 pictures", Does: "resized to 800 px wide, in WebP", Notice: "I was stopped in the middle of this.", Rows: made()[:1], MayContinue: true}),
		"batch-done":      BatchRun(t, BatchView{ID: "17fa", Title: "1 of 3 pictures made", Does: "resized to 800 px wide, in WebP", Rows: made()}),
		"batch-hostile":   BatchRun(t, BatchView{ID: "17fa", Title: "1 of 1 picture made", Rows: []BatchRow{{"Made", hostileName, "https://contoso.sharepoint.example/a)[b](c_d", hostileName}, {"Made", hostileName, "javascript:alert(1)", ""}}}),
		"duplicates-full": Duplicates(t, doubles()), "duplicates-none": Duplicates(french, DuplicatesView{Title: "Aucun doublon trouvé", Hint: "Je cherche la même adresse.", Next: []Step{{"Aide", "help"}}}),
		"duplicates-hostile": Duplicates(t, DuplicatesView{Notice: hostileName, Title: hostileName, Hint: hostileName, Rows: []DuplicateRow{{Why: hostileName, Contacts: []RowView{{"c/1", hostileName, hostileName, hostileName, avatar + "x", hostileName, ""}}, MayMerge: true}}}),
		"merge-full":         Merge(t, comparison()), "merge-plain": Merge(french, MergeView{IDs: []string{"c7", "c9"}, Versions: "3,1", Form: "F1", Explain: "Marta reste.", Promise: "Tout peut être annulé.", Result: []FactView{{"name", "Marta Gonzáles"}}}),
		"merge-hostile":  Merge(t, MergeView{IDs: []string{"c/1", "c9"}, Form: "F1", Note: hostileName, Explain: hostileName, Promise: hostileName, Conflicts: []ConflictView{{"name", "c9", []ChoiceView{{hostileName, "c9"}}}}, Result: []FactView{{"notes", hostileName}}}),
		"contact-alike":  Contact(t, alike()),
		"history-merged": History(t, HistoryView{ID: "c7", Name: "Marta Gonzáles", Entries: []EntryView{{Change: "merge-1.00000001", Act: "edited", Title: "Merged with M. Gonzáles", Who: "Li Wei", When: "21 Nov 2026, 14:05", MayUndo: true}}}),
		"note-full":      Note(t, note), "note-bare": Note(t, NoteView{Text: "Nothing to do."}),
	}
	maps.Copy(all, noticeGoldens())
	maps.Copy(all, exportGoldens())
	maps.Copy(all, importGoldens())
	return all
}

func TestGoldens(t *testing.T) {
	t.Parallel()
	all := goldens()
	for name, card := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkGolden(t, filepath.Join("testdata", name+".json"), indented(t, card))
		})
	}
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) != len(all) {
		t.Errorf("testdata holds %d goldens of %d cards (%v); remove the ones that no card makes", len(files), len(all), err)
	}
}

func checkGolden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (write it with -update, then read it)", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-golden +card)\n%s", file, diff)
	}
}

func indented(t *testing.T, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// asTree is a card as a client reads it.
func asTree(t *testing.T, v any) map[string]any {
	t.Helper()
	var tree map[string]any
	raw, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(raw, &tree)
	}
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// actionOf is one of the buttons below a card.
func actionOf(t *testing.T, card Card, i int) map[string]any {
	t.Helper()
	actions, _ := asTree(t, card)["actions"].([]any)
	if i >= len(actions) {
		t.Fatalf("no button %d: %s", i, card.JSON())
	}
	return actions[i].(map[string]any)
}

// walk visits every object of a card with its place in it.
func walk(node any, place string, visit func(place string, object map[string]any)) {
	switch n := node.(type) {
	case map[string]any:
		visit(place, n)
		for key, value := range n {
			walk(value, place+"/"+key, visit)
		}
	case []any:
		for i, value := range n {
			walk(value, fmt.Sprintf("%s/%d", place, i), visit)
		}
	}
}
