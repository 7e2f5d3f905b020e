package cards

import (
	"strings"

	"teamspro/internal/lang"
)

// The views behind the goldens: invented people, numbers and hosts only.

const avatar = "https://bot.contoso.example/avatar/"

var english, french = lang.For("en"), lang.For("fr")

func marta() ContactView {
	return ContactView{
		ID: "c7", Version: 3, Name: "Marta Gonzáles", Kind: "person", Job: "Head of Sales", Company: "Contoso", Department: "Europe South",
		Picture: avatar + "MG.png", Emails: []string{"marta@contoso.example", "m.gonzales@north_wind.example"},
		Phones: []PhoneView{
			{"business", "+33 1 99 00 12 34", "+33199001234"}, {"mobile", "+33 6 39 98 12 34", "+33639981234"}, {"fax", "+33 1 99 00 12 99", "+33199001299"},
		},
		Pages:     []PageView{{"website", "https://contoso.example/team/marta_g"}, {"linkedin", "https://www.linkedin.com/in/marta-g"}},
		Addresses: []AddressView{{"12 rue des Lilas\n75000 Paris", "https://www.bing.com/maps?q=48.1,2.35"}},
		Notes:     "Knows every distributor in the south.\nPrefers mail in the morning.", PhotoURL: "https://contoso.example/photo(1).png",
		Tags: []TagView{{Name: "supplier"}, {Name: "key account"}, {Name: "Paris"}, {Name: "VIP"}}, Custom: []FactView{{"Customer number", "C-4711"}},
		Source: "Sales", Changed: "21 Nov 2026", Chat: "marta@contoso.example",
		MayEdit: true, MayDelete: true, Personal: true,
	}
}

func shared() ContactView {
	v := marta()
	v.Personal, v.Posted, v.Live = false, true, true
	v.Notice, v.Undo = "Marta Gonzáles was added.", "h9"
	return v
}

func found() ContactView {
	v := marta()
	v.Share, v.Favourite = true, true
	return v
}

// draft is Marta as a search result, or as chosen from them.
func draft(brief bool) ContactView {
	v := marta()
	v.Personal, v.Draft, v.Brief = false, true, brief
	v.Notes = strings.Repeat("Knows every distributor in the south. ", 9)
	return v
}

func martine() ContactView {
	v := marta()
	v.Changed, v.Source, v.Job, v.Department, v.Notes = "21 nov. 2026", "Ventes", "Directrice des ventes", "Europe du Sud", "Connaît tous les distributeurs du sud."
	v.Custom = nil
	return v
}

func hotline() ContactView {
	return ContactView{
		ID: "c8", Name: "IT Hot-line", Kind: "function", Company: "Contoso", Picture: avatar + "IT.png", Hours: "Mon–Fri 7:00–19:00, emergencies always",
		Phones: []PhoneView{{"business", "+44 20 7946 0123", "+442079460123"}}, Notes: "Have the number on your laptop's sticker ready.",
		Tags: []TagView{{Name: "IT"}}, Source: "Whole organisation", Changed: "3 Feb 2026",
	}
}

func company() ContactView {
	return ContactView{
		ID: "c9", Name: "Northwind Traders", Kind: "company", Picture: avatar + "NT.png", Emails: []string{"office@northwind.example"},
		Phones: []PhoneView{{"business", "+44 131 496 0001", "+441314960001"}}, Hours: "9–17",
		Pages:     []PageView{{"website", "https://northwind.example"}},
		Addresses: []AddressView{{"1 Harbour Street, Edinburgh", ""}}, Notes: "Delivers within two days. Ask for Ada when it is urgent.",
		Source: "Suppliers", Changed: "3 Feb 2026", MayEdit: true,
	}
}

const hostileName = "<at>Everybody</at> [click](https://evil.example) **now** {{DATE(2026-01-01)}} \u202eesrever\u202c מרתה"

func hostile() ContactView {
	return ContactView{
		ID: "../../x?y", Name: hostileName, Kind: "person", Job: "# boss\n- item", Company: "<b onclick=x>Evil</b> & Co", Department: "1. first",
		Picture: avatar + "H.png", Emails: []string{"a)b*c@evil.example", "no address", "x@evil.example?subject=hi"},
		Phones:    []PhoneView{{"mobile", "+1 [x](y)", "+1;javascript"}, {"pager](x", "+33 1 99 00 12 34", "+33199001234"}},
		Pages:     []PageView{{"website", "javascript:alert(1)"}, {"facebook", "https://teams.microsoft.com@evil.example/"}, {"x", "https://evil.example/a)[b](c_d"}},
		Addresses: []AddressView{{"](javascript:x)", "javascript:x"}}, Notes: "> quote\n```\ncode\n```\n| a | b |\n|---|---|\n***\n![i](https://evil.example/i.png)\n&lt;at&gt;",
		PhotoURL: "http://user:pw@evil.example/p.png", Tags: []TagView{{Name: "a\nb <at>x</at>"}}, Custom: []FactView{{"[l](x)", "\x00\x1b[31mred\u200b\u2066"}},
		Source: "_book_", Changed: "today", Chat: "a&b=c@evil.example", MayEdit: true, MayDelete: true, Notice: "<at>all</at> `x`",
	}
}

func rows() []RowView {
	return []RowView{
		{"c7", "Marta Gonzáles", "Head of Sales, Contoso", "+33 6 39 98 12 34 · marta@contoso.example", avatar + "MG.png", "Sales", ""},
		{"c9", "Northwind Traders", "Company", "+44 131 496 0001", avatar + "NT.png", "Suppliers", ""},
		{"c10", "Ana_Maria [Ünal]", "", "ana@contoso.example", "", "Sales", ""},
	}
}

func history() HistoryView {
	return HistoryView{ID: "c7", Name: "Marta Gonzáles", Entries: []EntryView{
		{Change: "h3", Act: "edited", Who: "Ada Byron", When: "21 Nov 2026, 14:05", MayUndo: true, MayRestore: true, Changes: []ChangedView{
			{"mobile", "+33 6 39 98 11 11", "+33 6 39 98 12 34"}, {"job", "Sales", "Head of Sales"}, {"hours", "9–17", ""}}},
		{Change: "h2", Act: "restored", Who: "Ada Byron", When: "3 Nov 2026, 09:00"},
		{Change: "h1", Act: "added", Who: "Li Wei", When: "2 Nov 2026, 17:40", Changes: []ChangedView{{"name", "", "Marta Gonzáles"}}},
	}}
}

func books() BooksView {
	return BooksView{
		Books: []BookView{
			{ID: "b1", Name: "Sales", Kind: "conversation", Count: "124 contacts", Access: "you manage it", Manage: true, Shared: []SharedView{
				{"19:abc@thread.tacv2", "Marketing", false}, {"19:def@thread.v2", "Project North", true}}},
			{ID: "b2", Name: "Ada Byron", Kind: "personal", Count: "3 contacts", Access: "you manage it", Manage: true},
			{ID: "b3", Name: "Contoso", Kind: "tenant", Count: "1,204 contacts", Access: "read only"},
			{ID: "b4", Name: "Old project", Kind: "conversation", Count: "12 contacts", Manage: true, Removed: true, Until: "Kept until 22 Dec 2026."},
		},
		Offers: []BookView{{ID: "b5", Name: "Suppliers", Kind: "conversation", Count: "40 contacts"}},
		MayNew: true,
	}
}

func settings(may bool) SettingsView {
	return SettingsView{Book: BookView{ID: "b1", Name: "Sales", Mode: "per_member", Access: "you manage it"}, Owners: []string{"Ada Byron", "Li Wei"}, Books: true,
		Rows:      []FactView{{"Pictures", "Harbour"}, {"Language", "French (from the organisation)"}, {"Time zone", "Europe/Paris"}, {"Tells of", "Contacts that were added, Pictures that were saved"}, {"When", "Monday to Friday at 08:00"}, {"Quiet hours", "20:00 to 07:00"}, {"Guests", "May look contacts up (usual)"}},
		MayChange: may, MayBook: may, MayOrganisation: may, Library: may}
}

func changeForm() ChangeForm {
	return ChangeForm{Verb: ChangeSettings, Version: 3, Book: "b1 4", Note: "Somebody else changed these settings meanwhile.", Intro: "Everybody here sees what you choose.", Library: true,
		Choices: map[string][]ChoiceView{InputMode: Modes(english), InputLanguage: {{"As the organisation: each person’s own", "usual"}, {"English", "en"}, {"French", "fr"}},
			InputZone: {{"As the organisation: UTC", "usual"}, {"Europe/Paris", "Europe/Paris"}}, InputGuests: {{"As the organisation: may look contacts up", "usual"}, {"See no contacts", "none"}},
			InputWhen: {{"Nothing", "never"}, {"At once", "once"}, {"Once a day, all together", "daily"}}, InputKinds: {{"Contacts that were added", "contact-added"}, {hostileName, "image-saved"}}},
		Values: map[string]string{InputMode: "owners", InputLanguage: "fr", InputZone: "Europe/Paris", InputGuests: "usual", InputWhen: "daily", InputKinds: "contact-added,image-saved",
			InputAt: "08:00", InputWorkdays: "true", InputQuietFrom: "20:00"},
		Problems: map[string]string{InputQuietTo: "Give both the beginning and the end, or neither."}}
}

func organisationForm() ChangeForm {
	return ChangeForm{Verb: OrganisationSettings, Intro: "Cela vaut partout où personne n’en a décidé autrement.", Choices: map[string][]ChoiceView{InputWhen: {{"Rien", "never"}}}, Values: map[string]string{InputWhen: "never"}}
}

func settingsForm() SettingsForm {
	return SettingsForm{BookID: "b1", Version: 4, Name: "Sales", Mode: "per_member", Members: []MemberRights{
		{Person: "11111111-1111-1111-1111-111111111111", Name: "Ada Byron", Add: true, Modify: true, Delete: true},
		{Person: "22222222-2222-2222-2222-222222222222", Name: "Li Wei", Add: true},
		{Person: "33333333-3333-3333-3333-333333333333", Name: "Bo Ek", Modify: true},
		{Person: "44444444-4444-4444-4444-444444444444", Name: "Cy Orr"},
	}, Problem: map[string]string{"name": "Another book has this name."}}
}

func help(mention string) HelpView {
	next := []Step{{"Books", "books"}, {"Tags", "tags"}, {"Trash", "trash"}, {"Settings", "settings"}, {"Privacy", "privacy"}}
	return HelpView{App: "Contact Pro", Mention: mention, HelpURL: "https://bot.contoso.example/help", Next: next, Commands: []CommandView{
		{Name: "find", Example: "find marta in sales", Does: "People by any words, in any order"}, {Name: "who is", Example: "who is +33 6 39 98 12 34", Does: "Whose number this is"},
		{Name: "add", Example: "add Marta Weber, marta@contoso.example", Does: "A contact from one line; “add” alone opens the form"},
		{Name: "history", Example: "history marta weber", Does: "Who changed what, and when"}}}
}

func pictureHelp() HelpView {
	return HelpView{App: "Image Pro", Files: true, HelpURL: "https://bot.contoso.example/help", Next: []Step{{"Privacy", "privacy"}}, Commands: []CommandView{
		{"resize", "resize 1200", "Smaller, nothing cut off", "Change a picture"}, {"crop", "crop 16:9", "A part of it", "Change a picture"},
		{"images", "images harbour", "Finds pictures in SharePoint", "Find and save"}, {"batch", "batch harbour: webp", "All of a search", "Several at once"},
		{"privacy", "privacy", "What is stored", "You and your data"}}}
}

func harbour() PictureView {
	return PictureView{ID: "i1", At: 3, Name: "harbour.jpg", Preview: "https://bot.contoso.example/i/t/i1?e=1&l=en&p=resize+800&s=1024&k=x", Alt: "harbour.jpg, resized, 800 × 600",
		Before: PictureFacts{"4,032 × 3,024 pixels", "3.1 MB", "JPEG"}, After: PictureFacts{"800 × 600 pixels", "84 KB", "WEBP"},
		Done: []string{"resized to 800 pixels wide", "in grey", "as WebP"}, Notes: []string{"200 KB could not be reached: it has 210 KB."}, Notice: "There is nothing to bring back.",
		Undo: true, Redo: true, Posted: true, Next: []Step{{"Resize…", PictureVerb("i1", 3, "edit", "resize")}, {"Crop…", PictureVerb("i1", 3, "edit", "crop")}, {"Redact…", PictureVerb("i1", 3, "edit", "redact")},
			{"Annotate…", PictureVerb("i1", 3, "edit", "annotate")}, {"Save", PictureVerb("i1", 3, "info")}},
		More: []Step{{"Mail, under 200 KB", PictureVerb("i1", 3, "do", "resize 1600 | jpeg | under 200 KB")}, {"About it", PictureVerb("i1", 3, "info")}, {"Get the file", PictureVerb("i1", 3, "file")}}}
}

// redacting is a dialog that was filled in with a mistake.
func redacting() EditView {
	return EditView{Title: "Redact", Verb: PictureVerb("i1", 3, "edit", "redact"), Do: "Apply", Try: PictureVerb("i1", 3, "try", "redact"), Form: "F5", Posted: true,
		Note: "The picture has changed since this was opened.", Preview: "https://bot.contoso.example/i/t/i1?e=1&p=redact+10%25%2C40%25+50%25x8%25&k=x", Alt: "harbour.jpg, 800 × 600", Facts: "800 × 600 pixels",
		Inputs: []InputView{
			{ID: "boxes", Label: "What to cover, a line each", Value: "10%,40% 50%x8%\nover there", Example: "10%,40% 50%x8%", Hint: "10%,40% 50%x8% or a place: top 10%", Problem: "In “over there”, something is missing.", Lines: true, Most: 2000},
			{ID: "how", Label: "Cover with", Value: "solid", Choices: []ChoiceView{{"A solid colour: nothing can be brought back", "solid"}, {"A blur (weaker)", "blur"}}},
			{ID: "size", Label: "Size", Most: 20}}}
}

// pasted is a list of three pictures, one of which could not be read.
func pasted() PicturesView {
	row := func(i int) PictureRow {
		id := string(rune('a' + i))
		return PictureRow{Name: "harbour " + id + ".jpg", Line: "4,032 × 3,024 → 800 × 600 pixels", Detail: "3.1 MB → 84 KB · JPEG → WebP", Preview: "https://bot.contoso.example/i/t/" + id + "?e=1&k=x",
			Alt: "harbour " + id + ".jpg, 800 × 600", Verb: PictureVerb(id, 1, "show"), Open: "Work on harbour " + id + ".jpg"}
	}
	noted := row(1)
	noted.Notes = []string{"The result does not move."}
	return PicturesView{Title: "3 pictures", Note: "The same was done to each.", Rows: []PictureRow{row(0), noted, {Name: "notes.txt", Problem: "This is no picture."}},
		Next: []Step{{"Get all the files", FilesVerb([]string{"a.1", "b.1"})}, {"Help", "help"}}}
}

func gallery() PinsView {
	return PinsView{Notice: "“harbour.jpg” is pinned as number 7.", Title: "14 pinned pictures", Skip: 6, Page: 6, All: 14, Next: []Step{{"Pin it again", PinVerb("b!d~01B", "The crane")}}, Rows: []PinRow{
		{Ref: "b!d~01A", N: "7", Name: "harbour.jpg", Caption: "Harbour at dawn", Line: "Ada Byron, 21 Nov 2026", Preview: "https://bot.contoso.example/i/t/f.YiFk?e=1&l=en&p=strip&s=240&k=x", Alt: "Harbour at dawn", MayUnpin: true},
		{Ref: "b!d~01C", N: "8", Name: "crane.png", Line: "you, 21 Nov 2026"},
		{Ref: "b!d~01D", N: "9", Caption: "The old quay", Line: "somebody who left, 3 Nov 2026", Gone: "This file is not there any more, or you may not see it.", MayUnpin: true},
	}}
}

func named() PresetsView {
	return PresetsView{Notice: "Everybody in your organisation can now use “Banner”.", Hint: "A press applies one to “harbour.jpg”.", Picture: "i1", At: 3,
		Own:     []PresetRow{{"Banner", "Banner", "resized to 800 px wide, in WebP", true}, {"Wall/paper", "Wall/paper", "in grey", false}},
		Builtin: []PresetRow{{"mail", "Mail, under 200 KB", "at most 1600 px, in JPEG", false}}, Next: []Step{{"Bring back what it was", SavePresetVerb("Banner", "resize 600 | webp")}}}
}

func wish() BatchAskView {
	return BatchAskView{ID: "17fa", Question: "Do this to 50 pictures?", Does: "resized to 800 px wide, in WebP", Facts: []FactView{{"Folder", "Pictures"}, {"New names", "harbour.jpg → harbour-800.webp"}},
		Warning: "The search found more than 50.", Promise: "Each result is a new file. The originals stay as they are."}
}

func made() []BatchRow {
	return []BatchRow{{"Made", "harbour-800.webp", "https://contoso.sharepoint.example/pictures/harbour-800.webp", ""},
		{"Left out", "crane.png", "https://contoso.sharepoint.example/pictures/crane.png", "a file of its new name is there already"},
		{"Not made", "A file that you may not see any more", "", "it is not there any more, or you may not see it"}}
}

func aide() HelpView {
	next := []Step{{"Carnets", "books"}, {"Étiquettes", "tags"}, {"Corbeille", "trash"}, {"Paramètres", "settings"}, {"Confidentialité", "privacy"}}
	return HelpView{App: "Contact Pro", HelpURL: "https://bot.contoso.example/aide", Next: next, Commands: []CommandView{
		{Name: "trouver", Example: "trouver marta dans ventes", Does: "Des contacts par n’importe quels mots"}, {Name: "ajouter", Example: "ajouter Marta Weber, marta@contoso.example", Does: "Un contact en une ligne"}}}
}

func values() map[string]string {
	return map[string]string{
		"kind": "person", "name": "Marta \"M\" Gonzáles", "job": "Head of Sales", "company": "Contoso", "email": "marta@contoso.example\nm@north.example",
		"mobile": "+33 6 39 98 12 34", "tags": "supplier, key account", "notes": "Line one\nLine two", "custom": "Customer number: C-4711",
	}
}

// wall is a text of the given length in the characters that take the most room: four bytes each, or six and three when escaped.
func wall(unit string, length int) string { return strings.Repeat(unit, length) }

func alike() ContactView {
	v := shared()
	v.Alike, v.AlikeID, v.AlikeIDs = "This looks like M. Gonzáles (same e-mail address).", "c9", []string{"c7", "c9"}
	return v
}

// doubles is the second page of suggestions.
func doubles() DuplicatesView {
	return DuplicatesView{Notice: "These are not suggested any more.", Title: "12 suggestions: these may be the same", Hint: "Compare them field by field.", Skip: 5, Page: 5, All: 12, Posted: true,
		Rows: []DuplicateRow{
			{Why: "Same e-mail address", MayMerge: true, Contacts: []RowView{{ID: "c7", Name: "Marta Gonzáles", Line: "Head of Sales, Contoso", Detail: "marta@contoso.example", Source: "Sales"}, {ID: "c9", Name: "M. Gonzáles", Source: "Ada Byron"}}},
			{Why: "Same name and company", Contacts: []RowView{{ID: "c1", Name: "Bo Ek", Line: "Contoso"}, {ID: "c2", Name: "Bo Ek", Line: "Contoso AG"}, {ID: "c3", Name: "Ek, Bo"}}},
		},
		Next: []Step{{"Undo", TogetherVerb([]string{"c4", "c5"})}}}
}

func comparison() MergeView {
	return MergeView{IDs: []string{"c7", "c9"}, Versions: "3,1", Form: "F1", Note: "Somebody changed these contacts meanwhile.", Posted: true,
		Explain: "These contacts become one. Where they differ, choose what counts.", Promise: "The merge can be taken back whole.",
		Keeps: []ChoiceView{{"Marta Gonzáles · Sales", "c7"}, {"M. Gonzáles · Ada Byron", "c9"}}, Keep: "c7",
		Conflicts: []ConflictView{{"name", "c7", []ChoiceView{{"Marta Gonzáles", "c7"}, {"M. Gonzáles", "c9"}}}, {"job", "c9", []ChoiceView{{"Buyer", "c7"}, {"Head of Sales", "c9"}}}},
		Result:    []FactView{{"name", "Marta Gonzáles"}, {"job", "Head of Sales"}, {"email", "marta@contoso.example\nm.gonzales@contoso.example"}, {"notes", "Knows every distributor.\n\nSpeaks Basque."}}}
}
