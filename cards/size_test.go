package cards

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// crowd is a card with so many items, every text at its limit in characters of one kind.
type crowd func(unit string, n int) Card

func repeat[T any](n int, item T) []T {
	all := make([]T, n)
	for i := range all {
		all[i] = item
	}
	return all
}

func maxContact(unit string, n int) ContactView {
	name := wall(unit, 100)
	return ContactView{
		ID: "c7", Name: name, Kind: "person", Job: name, Company: name, Department: name, Picture: avatar + wall("p", 300),
		Emails: repeat(n, wall("e", 240)+"@contoso.example"), Phones: repeat(n, PhoneView{"business", wall("1", 50), "+33199001234"}),
		Pages: repeat(4, PageView{"website", "https://contoso.example/" + wall("w", 76)}), Addresses: repeat(n, AddressView{wall(unit, 250), "https://www.bing.com/maps?q=" + wall("a", 250)}),
		Hours: name, Notes: wall(unit, 1000), PhotoURL: "https://contoso.example/" + wall("f", 476), Tags: repeat(n, TagView{Name: wall(unit, 50)}),
		Custom: repeat(n, FactView{wall(unit, 50), wall(unit, 250)}), Source: name, Changed: "21 Nov 2026", Chat: "a@contoso.example",
		MayEdit: true, MayDelete: true, Personal: true, Share: true, Live: true, Notice: name, Undo: "h1",
	}
}

var crowds = map[string]crowd{
	"contact": func(u string, n int) Card { return Contact(english, maxContact(u, n)) },
	"contacts": func(u string, n int) Card {
		row := RowView{"c7", wall(u, 100), wall(u, 202), wall(u, 300), avatar + wall("p", 300), wall(u, 100), ""}
		return Contacts(english, ListView{Title: wall(u, 100), Rows: repeat(n, row), Query: wall(u, 100), Next: n, MaySave: true})
	},
	"done": func(u string, n int) Card {
		return Done(english, DoneView{Sentence: wall(u, 200), Undo: "h1", Changes: repeat(n, ChangedView{"notes", wall(u, 1000), wall(u, 1000)})})
	},
	"history": func(u string, n int) Card {
		entry := EntryView{"h1", "edited", wall(u, 300), wall(u, 100), "21 Nov 2026", repeat(3, ChangedView{"notes", wall(u, 1000), wall(u, 1000)}), true, true}
		return History(english, HistoryView{ID: "c7", Name: wall(u, 100), Entries: repeat(n, entry)})
	},
	"duplicates": func(u string, n int) Card {
		row := DuplicateRow{Why: wall(u, 200), MayMerge: true, Contacts: repeat(5, RowView{"c7", wall(u, 100), wall(u, 202), wall(u, 300), "", wall(u, 100), ""})}
		return Duplicates(english, DuplicatesView{Title: wall(u, 100), Rows: repeat(n, row), All: n})
	},
	"merge": func(u string, n int) Card {
		conflict := ConflictView{"name", "c1", repeat(5, ChoiceView{wall(u, 1000), "c1"})}
		return Merge(english, MergeView{IDs: repeat(5, wall("i", 26)), Explain: wall(u, 600), Conflicts: repeat(min(n, 10), conflict), Result: repeat(n, FactView{"notes", wall(u, 1000)})})
	},
	"trash": func(u string, n int) Card {
		return Trash(english, TrashView{Days: 30, Rows: repeat(n, TrashRow{"h1", wall(u, 100), wall(u, 202), wall(u, 100), "21 Nov 2026", wall(u, 100), true})})
	},
	"tags": func(u string, n int) Card {
		return Tags(english, TagsView{Tags: repeat(n, TagView{Name: wall(u, 50), Count: 9}), Filters: repeat(n, FilterView{wall(u, 50), wall(u, 200)})})
	},
	"books": func(u string, n int) Card {
		book := BookView{ID: "b1", Name: wall(u, 100), Kind: "tenant", Count: "1", Access: wall(u, 40), Manage: true, Shared: repeat(3, SharedView{"19:x", wall(u, 100), true})}
		return Books(english, BooksView{Books: repeat(n, book), Offers: repeat(n, book)})
	},
	"help": func(u string, n int) Card {
		return Help(english, HelpView{App: "Contact Pro", Commands: repeat(n, CommandView{Name: "find", Example: wall(u, 60), Does: wall(u, 200)})})
	},
	"privacy": func(u string, n int) Card {
		return Privacy(english, PrivacyView{Rows: repeat(n, FactView{wall(u, 100), wall(u, 300)})})
	},
	"pins": func(u string, n int) Card {
		row := PinRow{Ref: wall("r", 300), N: "1", Name: wall(u, 250), Caption: wall(u, 200), Line: wall(u, 150), Preview: avatar + wall("p", 800), Alt: wall(u, 200), MayUnpin: true}
		return Pins(english, PinsView{Title: wall(u, 100), Rows: repeat(n, row), All: n})
	},
	"presets": func(u string, n int) Card {
		builtin := repeat(5, PresetRow{"mail", wall(u, 40), wall(u, 200), false})
		return Presets(english, PresetsView{Hint: wall(u, 200), Picture: "i1", Own: repeat(n, PresetRow{wall(u, 40), wall(u, 40), wall(u, 4000), true}), Builtin: builtin})
	},
	"batch": func(u string, n int) Card {
		return BatchRun(english, BatchView{ID: "17fa", Title: wall(u, 100), Does: wall(u, 4000), Rows: repeat(n, BatchRow{"Made", wall(u, 250), avatar + wall("p", 300), wall(u, 100)}), MayContinue: true})
	},
	"settingsdialog": func(u string, n int) Card {
		return SettingsDialog(english, SettingsForm{BookID: "b1", Name: wall(u, 100), Members: repeat(n, MemberRights{Person: "11111111-1111-1111-1111-111111111111", Name: wall(u, 100)})})
	},
}

func TestCardsAtTheLimits(t *testing.T) {
	t.Parallel()
	for name, make := range crowds {
		for _, unit := range []string{"a", "é", "漢", "🙂", "*"} {
			for _, n := range []int{0, 1, 30, 300} {
				raw := string(make(unit, n).JSON())
				if len(raw) > MaxSize {
					t.Errorf("%s with %d items of %q has %d bytes", name, n, unit, len(raw))
				}
				if n == 300 && !strings.Contains(raw, " more\"") {
					t.Errorf("%s with %d items of %q does not say how many were left out", name, n, unit)
				}
			}
		}
	}
}

// Ten pictures are listed whatever weighs, and a dialog keeps its inputs: what is left out are previews.
func TestPicturesAtTheLimits(t *testing.T) {
	t.Parallel()
	for _, u := range []string{"a", "é", "漢", "🙂", "*", "<"} {
		row := PictureRow{Name: wall(u, 200), Line: "4,032 × 3,024 → 800 × 600 pixels", Detail: "3.1 MB → 84 KB · JPEG → WebP", Preview: "https://bot.contoso.example/i/t/i1?p=" + wall("p", 5000), Alt: wall(u, 400), Verb: PictureVerb("i1", 1, "show"), Open: wall(u, 80)}
		list := Pictures(english, PicturesView{Title: wall(u, 60), Rows: repeat(10, row), Next: []Step{{"Files", FilesVerb(repeat(10, "ABCDEFGHIJKLMNOPQRSTUVWXYZ.12"))}}})
		if n := strings.Count(string(list.JSON()), `"verb":"image/i1/1/show"`); list.weight() > MaxSize || n != 10 {
			t.Errorf("%q: %d bytes, %d of 10 pictures", u, list.weight(), n)
		}
		in := InputView{ID: "boxes", Label: wall(u, 60), Value: wall(u, 500), Hint: wall(u, 100), Problem: wall(u, 200), Lines: true, Most: 400}
		dialog := EditDialog(english, EditView{Title: wall(u, 100), Verb: "image/i/1/edit/redact", Note: wall(u, 200), Preview: "https://bot.contoso.example/i?p=" + wall("p", 30_000), Alt: wall(u, 400), Inputs: repeat(2, in)})
		if raw := string(dialog.JSON()); dialog.weight() > MaxSize || strings.Contains(raw, `"Image"`) || strings.Count(raw, "Input.Text") != 2 {
			t.Errorf("%q: %d bytes of a dialog", u, dialog.weight())
		}
	}
}

func TestFormAtTheLimits(t *testing.T) {
	t.Parallel()
	values := map[string]string{"custom": wall("漢", 9000), "email": wall("e", 5000), "address": wall("漢", 2500), "tags": wall("漢", 1500), "notes": wall("漢", 1000), "name": wall("漢", 100)}
	card := Form(english, FormView{Verb: "contact/c7/edit", Version: 3, Values: values})
	left, _ := actionOf(t, card, 0)["data"].(map[string]any)["left"].(string)
	if raw := card.JSON(); len(raw) > MaxSize || left != "custom" {
		t.Errorf("%d bytes, left out %q", len(raw), left)
	}
	// The form comes back without what it left out: it must not offer it as empty.
	delete(values, "custom")
	values["left"] = left + ",name,nonsense"
	again := string(Form(english, FormView{Verb: "contact/c7/edit", Version: 3, Values: values}).JSON())
	if strings.Contains(again, `"id":"custom"`) || !strings.Contains(again, `"id":"name"`) || !strings.Contains(again, `"left":"custom"`) {
		t.Errorf("the second form is %.300s", again)
	}
}

// Twenty-five results are one answer: however many items a contact has, its card is light; only the longest lines make it
// heavier.
func TestResultsAreLight(t *testing.T) {
	t.Parallel()
	crowded := draft(true)
	crowded.Emails, crowded.Phones = repeat(20, crowded.Emails[0]), repeat(20, crowded.Phones[0])
	crowded.Addresses, crowded.Tags, crowded.Custom = repeat(10, crowded.Addresses[0]), repeat(30, crowded.Tags[0]), repeat(30, crowded.Custom[0])
	longest := maxContact("漢", 20)
	longest.Draft, longest.Brief, longest.Live, longest.Notice, longest.Undo = true, true, false, "", ""
	for _, test := range []struct {
		name  string
		view  ContactView
		limit int
	}{{"full", draft(true), maxBrief * 5 / 4}, {"crowded", crowded, maxBrief * 5 / 4}, {"longest", longest, 4 * maxBrief}} {
		card := Contact(english, test.view)
		if n := len(card.JSON()); n > test.limit {
			t.Errorf("%s: %d bytes", test.name, n)
		}
		if tree := asTree(t, card); tree["refresh"] != nil || tree["actions"] == nil || tree["speak"] == nil {
			t.Errorf("%s: %.2000s", test.name, card.JSON())
		}
	}
}

func TestCutRowsBeginTheNextPage(t *testing.T) {
	t.Parallel()
	v := ListView{Title: "x", Rows: repeat(25, RowView{"c7", wall("漢", 100), wall("漢", 120), wall("漢", 120), avatar, wall("漢", 60), ""}), Query: "q", Next: 75, Prev: -1}
	card := Contacts(english, v)
	shown := strings.Count(string(card.JSON()), `"verb":"contact/c7"`)
	if shown >= 25 || shown == 0 {
		t.Fatalf("%d rows", shown)
	}
	if verb := actionOf(t, card, 0)["verb"]; verb != FindVerb(50+shown, "q") {
		t.Errorf("after %d rows the next page is %s", shown, verb)
	}
}

func TestShort(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, limit := rapid.String().Draw(t, "s"), rapid.IntRange(1, 50).Draw(t, "limit")
		got := short(s, limit)
		if n := len([]rune(got)); n > limit {
			t.Fatalf("short(%q, %d) = %q has %d characters", s, limit, got, n)
		}
		if len([]rune(s)) <= limit && got != s {
			t.Fatalf("short(%q, %d) = %q", s, limit, got)
		}
	})
}
