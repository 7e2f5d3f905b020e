package cards

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"teamspro/internal/lang"
)

// grammar is every path that a button may carry; bot/routes.go matches the same.
var grammar = []*regexp.Regexp{
	regexp.MustCompile(`^(help|favourites|trash|tags|books|export|settings|privacy|sign-in|sign-out|me/forget|pins|presets|announcements|duplicates)$`),
	regexp.MustCompile(`^duplicates/([0-9]+|[^/]+/(apart|together))$`),
	regexp.MustCompile(`^contact/[^/]+(/(view|favourite|unfavourite|post|delete|history|duplicates|card|vcard|[0-9]+/remove))?$`),
	regexp.MustCompile(`^change/[^/]+/(undo|restore/[a-z]+)$`),
	regexp.MustCompile(`^find/[0-9]+/[^/]+$`),
	regexp.MustCompile(`^image/[^/]+/[0-9]+/(undo|redo|info|do/[^/]+|preset/[^/]+|save|share|version/(ask|over|known)|file/(ask|both|over|known)/[^/]+)$`),
	regexp.MustCompile(`^item/[^/]+(/(open|do/[^/]+|info|share|post))?$`),
	regexp.MustCompile(`^images/[0-9]+(/[^/]+)?$`),
	regexp.MustCompile(`^library(/default)?$`),
	regexp.MustCompile(`^pins/[0-9]+$`),
	regexp.MustCompile(`^pin/[^/]+(/(open|drop|as/[^/]+|caption/[^/]+))?$`),
	regexp.MustCompile(`^preset/[^/]+/(delete|save/[^/]+)$`),
	regexp.MustCompile(`^batch/([^/]+/(start|cancel|show)|search/[^/]+/(choose|typed|do/[^/]+))$`),
	regexp.MustCompile(`^import/(template|[^/]+/(start|cancel|undo|show)|file/[^/]+/(look|drop))$`),
	regexp.MustCompile(`^announcement/[^/]+/(seen|view|recall|withdraw)$`),
	regexp.MustCompile(`^filter/(save|drop)/[^/]+$`),
	regexp.MustCompile(`^export/(book|find)/[^/]+(/[a-z]+)?$`),
	regexp.MustCompile(`^book/[^/]+/(share/read|share/edit|unshare/[^/]+|restore)$`),
}

// dialogs are the paths that open a dialog or take its form.
var dialogs = regexp.MustCompile(`^(duplicates/[^/]+/(merge|look)|contact/add(/named/[^/]+)?|contact/[^/]+/edit|book/new|book/[^/]+/settings|library/choose|settings/(change|organisation|library)|announce/(new(/[^/]+)?|send|back)|announcement/[^/]+/correct|import/file/[^/]+/(columns|book)|image/[^/]+/save|image/[^/]+/[0-9]+/(edit|try)/[a-z]+|editImage)$`)

func TestEveryCard(t *testing.T) {
	t.Parallel()
	for name, card := range goldens() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tree := asTree(t, card)
			if c, isCard := card.(Card); isCard && c.Type() == ContentType && name != "contact-result" { // which weighs no byte more than it must
				checkFrame(t, tree)
			}
			walk(tree, "", func(place string, o map[string]any) {
				for _, problem := range problemsOf(o) {
					t.Errorf("%s: %s", place, problem)
				}
			})
		})
	}
}

func checkFrame(t *testing.T, card map[string]any) {
	t.Helper()
	if card["type"] != "AdaptiveCard" || card["version"] != "1.5" || card["$schema"] == "" {
		t.Errorf("frame is %v %v %v", card["type"], card["version"], card["$schema"])
	}
	for _, key := range []string{"fallbackText", "speak"} {
		if s, _ := card[key].(string); s == "" || strings.Contains(s, `\`) || utf8.RuneCountInString(s) > 500 {
			t.Errorf("%s is %q", key, s)
		}
	}
	raw, err := json.Marshal(card)
	if err != nil || len(raw) > MaxSize {
		t.Errorf("%d bytes, %v", len(raw), err)
	}
	primary := 0
	body, _ := card["body"].([]any)
	for _, element := range body {
		if e := element.(map[string]any); e["type"] == "ActionSet" {
			primary += len(e["actions"].([]any))
		}
	}
	actions, _ := card["actions"].([]any)
	wordless := strings.Contains(string(raw), "Announced by") // an announcement wants nothing of who reads it
	if primary += len(actions); primary == 0 && !wordless && !strings.Contains(string(raw), `"selectAction"`) || primary > maxActions {
		t.Errorf("%d buttons", primary)
	}
}

// problemsOf names what is wrong with one object of a card.
func problemsOf(o map[string]any) []string {
	var problems []string
	fail := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	text := func(key string) string { s, _ := o[key].(string); return s }
	switch kind := text("type"); {
	case kind == "Image" && (text("altText") == "" || !strings.HasPrefix(text("url"), "https://")):
		fail("image %q has alternative text %q", text("url"), text("altText"))
	case kind == "TextBlock" && o["wrap"] != true:
		fail("text does not wrap")
	case kind == "Column" && text("width") != "auto" && text("width") != "stretch":
		fail("width %v", o["width"])
	case strings.HasPrefix(kind, "Input.") && (text("label") == "" || text("id") == "" || text("id") == "msteams"):
		fail("input %q has label %q", text("id"), text("label"))
	case kind == "Input.Text" && o["maxLength"] == nil:
		fail("input %q has no limit", text("id"))
	case strings.HasPrefix(kind, "Input.") && (o["isRequired"] != nil || o["regex"] != nil) && text("errorMessage") == "":
		fail("input %q fails without a word", text("id"))
	case kind == "Action.Execute" && !slices.ContainsFunc(grammar, func(r *regexp.Regexp) bool { return r.MatchString(text("verb")) }):
		fail("unknown path %q", text("verb"))
	case kind == "Action.OpenUrl" && !strings.HasPrefix(text("url"), "https://") && !strings.HasPrefix(text("url"), "mailto:"):
		fail("opens %q", text("url"))
	}
	if actions, ok := o["actions"].([]any); ok && len(actions) > maxActions {
		fail("%d buttons in a row", len(actions))
	}
	for _, reserved := range []string{"Start chat", "Make call", "Start meeting"} {
		if text("title") == reserved {
			fail("%q is Teams' own", reserved)
		}
	}
	return append(problems, submitProblems(o)...)
}

// submitProblems checks what a Submit carries: an opener and a form a dialog's path, a fallback the path of its button.
func submitProblems(o map[string]any) []string {
	if fallback, ok := o["fallback"].(map[string]any); ok {
		if data := fallback["data"].(map[string]any); data["verb"] != o["verb"] {
			return []string{fmt.Sprintf("fallback goes to %v, not to %v", data["verb"], o["verb"])}
		}
		return nil
	}
	data, ok := o["data"].(map[string]any)
	if !ok || o["type"] != "Action.Submit" {
		return nil
	}
	verb, _ := data["verb"].(string)
	_, fetch := data["msteams"]
	if fetch && !dialogs.MatchString(verb) {
		return []string{fmt.Sprintf("%q opens no dialog", verb)}
	}
	return nil
}

func TestEveryInputOnce(t *testing.T) {
	t.Parallel()
	for name, card := range goldens() {
		seen := map[string]bool{}
		walk(asTree(t, card), "", func(_ string, o map[string]any) {
			if kind, _ := o["type"].(string); !strings.HasPrefix(kind, "Input.") {
				return
			}
			if id := o["id"].(string); seen[id] {
				t.Errorf("%s: two inputs %q", name, id)
			} else {
				seen[id] = true
			}
		})
	}
}

func TestSameViewSameJSON(t *testing.T) {
	t.Parallel()
	first, second := goldens(), goldens()
	for name := range first {
		if a, b := indented(t, first[name]), indented(t, second[name]); string(a) != string(b) {
			t.Errorf("%s differs from itself", name)
		}
	}
}

// recorder is a language that notes what is asked of it.
type recorder struct {
	asked map[string]bool
	*lang.Printer
}

func (r recorder) Text(key string, args ...any) string {
	r.asked[key] = true
	return r.Printer.Text(key, args...)
}

func TestEveryTextIsThereAndUsed(t *testing.T) {
	t.Parallel()
	for _, language := range lang.Languages {
		r := recorder{map[string]bool{}, lang.For(language)}
		everyText(r)
		known := lang.Keys(language)
		for key := range r.asked {
			if !slices.Contains(known, key) {
				t.Errorf("%s has no %s", language, key)
			}
		}
		for _, key := range known {
			area, _, _ := strings.Cut(key, ".")
			if slices.Contains([]string{"card", "button", "field", "phone", "act", "mode"}, area) && !r.asked[key] {
				t.Errorf("%s: nobody says %s", language, key)
			}
			if title := lang.For(language).Text(key); area == "button" && !strings.HasSuffix(key, ".tooltip") && utf8.RuneCountInString(title) > 20 {
				t.Errorf("%s: button %q is long", language, title)
			}
		}
	}
}

// everyText makes cards until everything has been said.
func everyText(t Texts) {
	for _, v := range []ContactView{marta(), shared(), found(), hotline(), company(), hostile()} {
		v.Phones = append(v.Phones, PhoneView{Label: "home"})
		Contact(t, v)
	}
	mine := marta()
	mine.Favourite = true
	Contact(t, mine)
	Contacts(t, ListView{Rows: rows(), Query: "x", Next: 9, Prev: 0, MaySave: true})
	Empty(t, EmptyView{MayAdd: true, Search: "x"})
	Trouble(t, TroubleView{Ref: "R"})
	Export(t, exports())
	Download(t, DownloadView{})
	CallingCard(t, CallingCardView{Picture: "https://bot.contoso.example/x"})
	for _, place := range []string{"personal", "groupChat", "channel"} {
		Welcome(t, WelcomeView{Place: place, Add: true, HelpURL: "https://bot.contoso.example/help"})
	}
	Welcome(t, WelcomeView{Pictures: true})
	Help(t, HelpView{Files: true})
	for _, place := range []string{"personal", "groupChat", "channel"} {
		Welcome(t, WelcomeView{Place: place, Pictures: true, Files: true, Settings: true})
	}
	Picture(t, harbour())
	everyItem(t)
	EditDialog(t, redacting())
	Help(t, help(""))
	Privacy(t, PrivacyView{URL: "https://bot.contoso.example/privacy"})
	Confirm(t, ConfirmView{})
	Done(t, DoneView{Undo: "h", Show: "c"})
	full := history()
	full.Entries = append(full.Entries, EntryView{Act: "deleted"})
	History(t, full)
	History(t, HistoryView{Deleted: true})
	Trash(t, TrashView{Rows: []TrashRow{{MayRestore: true}}})
	Trash(t, TrashView{})
	Tags(t, TagsView{Tags: make([]TagView, 50), Filters: []FilterView{{"a", "b"}}})
	Tags(t, TagsView{})
	Books(t, books())
	Books(t, BooksView{Mine: true, Books: []BookView{{Manage: true, Removed: true, Restore: true}}})
	Books(t, BooksView{})
	Settings(t, SettingsView{Book: BookView{ID: "b2", Kind: "personal"}})
	SettingsChange(t, changeForm())
	for _, may := range []bool{true, false} {
		Settings(t, settings(may))
	}
	everyForm(t)
}

func everyForm(t Texts) {
	for bits := range 8 {
		member := MemberRights{Add: bits&1 != 0, Modify: bits&2 != 0, Delete: bits&4 != 0}
		SettingsDialog(t, SettingsForm{Mode: "everybody", Members: []MemberRights{member}})
	}
	NewBook(t, NewBookForm{})
	Form(t, FormView{Verb: "contact/add", Books: make([]ChoiceView, 2)})
	Form(t, FormView{Verb: "contact/c7/edit", Values: map[string]string{"custom": strings.Repeat("x", MaxSize)}})
}
