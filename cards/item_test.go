package cards

import (
	"strings"
	"testing"
)

const harbourLink = "https://contoso.sharepoint.example/sites/sea/Pictures/harbour.jpg"

func harbourItem() ItemView {
	return ItemView{Name: "harbour.jpg", Preview: "https://bot.contoso.example/i/t/f.x?e=1&k=x", Alt: "Two cranes at night", Lines: []string{"4,032 × 3,024 pixels · 3.1 MB · JPEG", "Changed 21 Nov 2026 by Ana Ruiz"},
		Next: []Step{{"Edit", ItemVerb("b!d~01A", "open")}, {"Teams card 1024", ItemVerb("b!d~01A", "do", "resize 1024x1024 fit")}, {"Share", ItemVerb("b!d~01A", "share")}, {"About it", ItemVerb("b!d~01A", "info")}}, Link: harbourLink}
}

func savedItem() ItemView {
	v := harbourItem()
	v.Notice, v.Remark, v.Shared = "Saved as a new version of “harbour.jpg”.", "The version history in SharePoint brings the earlier one back.", "https://contoso.sharepoint.example/:i:/s/x"
	v.Warnings = []string{"The version history still shows what you covered."}
	v.Next = append(v.Next, Step{"Another name", SaveVerb("i1")}, Step{"One too many", "help"})
	return v
}

func imagesPage() ImagesView {
	return ImagesView{Title: "14 pictures for “harbour”", Where: "Pictures", WhereURL: "https://contoso.sharepoint.example/sites/sea/Pictures", Query: "harbour/50% #x", Next: 12, Prev: 0,
		Rows: []ImageRow{{"b!d~01A", "harbour.jpg", "4,032 × 3,024 pixels · 3.1 MB", "https://bot.contoso.example/i/t/f.x?e=1&k=x"}, {"b!d~01B", "pier.png", "84 KB", ""}}}
}

func saveForm() SaveForm {
	return SaveForm{ID: "i1", Form: "F7", Modes: []ChoiceView{{"A new file", "file"}, {"A new version of “harbour.jpg”", "version"}}, Folders: []ChoiceView{{"Pictures", "b!d~ROOT"}, {"Harbour", "b!d~01F"}},
		Values: map[string]string{InputMode: "file", InputName: "harbour-800.webp", InputFolder: "b!d~ROOT", InputAlt: "harbour.jpg, 800 × 600", InputTitle: "Harbour", InputTags: "sea, night"}}
}

func clashForm() SaveForm {
	v := saveForm()
	v.Note = "A file of this name is already there."
	v.Clashes = []ChoiceView{{"Save under the name below", "ask"}, {"Keep both", "both"}, {"Replace it", "over"}}
	return v
}

// everyItem makes the cards of files until everything has been said.
func everyItem(t Texts) {
	Item(t, savedItem())
	Images(t, imagesPage())
	Library(t, LibraryView{Change: true, Default: true, Show: true})
	LibraryDialog(t, LibraryForm{})
	SaveDialog(t, clashForm())
}

// Links stand last and are never cut; a page that was cut goes on with what it left out.
func TestItemAndImagesAtTheLimits(t *testing.T) {
	t.Parallel()
	raw := string(Item(english, savedItem()).JSON())
	if strings.Contains(raw, "One too many") || strings.Count(raw, "Action.OpenUrl") != 2 {
		t.Errorf("%s", raw)
	}
	v := imagesPage()
	v.Rows = repeat(60, ImageRow{"b!d~01A", wall("漢", 200), wall("漢", 200), avatar + wall("p", 600)})
	v.Prev, v.Next = 60, 180
	card := Images(english, v)
	shown := strings.Count(string(card.JSON()), `"selectAction"`)
	if len(card.JSON()) > MaxSize || shown == 0 || shown >= 60 {
		t.Fatalf("%d bytes, %d rows", len(card.JSON()), shown)
	}
	if verb := actionOf(t, card, 1)["verb"]; verb != ImagesVerb(120+shown, v.Query) {
		t.Errorf("after %d rows the next page is %s", shown, verb)
	}
}
