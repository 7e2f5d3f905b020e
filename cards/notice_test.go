package cards

import (
	"strings"
	"testing"
)

func digest() NoticeView {
	return NoticeView{Title: "2 contacts added, 1 contact changed, 230 more changes", Since: "Since 20 Nov 2026, 18:00", More: 230, Lines: []NoticeLine{
		{"Added", "Marta Gonzáles", "by Li Wei", ContactVerb("c7"), "Show Marta Gonzáles"}, {"Added", "Bo Ek", "", ContactVerb("c8"), "Show Bo Ek"},
		{"Changed", "Li Wei", "by Ada Byron", ContactVerb("c9"), "Show Li Wei"}, {"Deleted", "A contact", "", "", ""}, {"Saved", "harbour.jpg", "by Ada Byron", ItemVerb("b!d~01A"), "Open harbour.jpg"}},
		Next: []Step{{"Choose what you hear", "settings"}}}
}

func announcementForm() AnnounceForm {
	return AnnounceForm{Verb: "announce/new", Do: "Continue", Form: "F1", Title: "Canteen", Text: "Closed on Friday", Chosen: "a.b", Asks: true,
		Channels: []ChoiceView{{"Sales › General", "a.b"}, {"Sales › Plans", "a.c"}}}
}

func announcement() AnnouncementView {
	return AnnouncementView{ID: "a1", Title: "Canteen", Text: "It is closed on Friday.\nIt opens again on Monday.", Who: "Announced by Ada Byron", Corrected: "corrected on 20 Nov 2026, 18:00 (version 2)",
		Seen: "Seen by 12 of 212", Asks: true, Live: true}
}

// noticeGoldens are what the bot says on its own.
func noticeGoldens() map[string]any {
	t := english
	hostileLine := NoticeLine{hostileName, hostileName, hostileName, ContactVerb("c/1"), hostileName}
	seen := announcement()
	seen.Notice, seen.Asks = "Vous l’avez vue.", false
	return map[string]any{
		"notice-digest": Notice(t, digest()), "notice-one": Notice(t, NoticeView{Title: "Li Wei changed Marta Gonzáles.", Next: []Step{{"Open", ContactVerb("c7")}, {"Choose what you hear", "settings"}}}),
		"notice-french":  Notice(french, NoticeView{Title: "2 contacts ajoutés", Since: "Depuis le 20 nov. 2026, 18 h 00", Lines: digest().Lines[:2], More: 3, Next: []Step{{"Choisir les avis", "settings"}}}),
		"notice-hostile": Notice(t, NoticeView{Title: hostileName, Since: hostileName, Lines: []NoticeLine{hostileLine}}),
		"announce-form":  AnnounceDialog(t, announcementForm()), "announce-correct": AnnounceDialog(french, AnnounceForm{Verb: "announcement/a1/correct", Do: "Corriger", Form: "F2", Version: 3, Title: "Cantine", Text: "Fermée", Note: "Quelqu’un l’a corrigée entre-temps.", Problems: map[string]string{InputTitle: "Il faut un titre."}}),
		"announce-confirm":     AnnounceConfirm(t, AnnouncePreview{Reach: "4 channels, 212 people", Places: []string{"Sales › General", "Sales › Plans", "Press › General", hostileName}, Lines: []string{"1 channel was left out."}, Form: "F1", Title: "Canteen", Text: "Closed on Friday.\nOpen on Monday.", Chosen: "a.b,a.c", Asks: true}),
		"announcement-asks":    Announcement(t, announcement()),
		"announcement-seen":    Announcement(french, seen),
		"announcement-quiet":   Announcement(t, AnnouncementView{ID: "a1", Title: "Canteen", Text: "Closed.", Who: "Announced by an owner of the team"}),
		"announcement-hostile": Announcement(t, AnnouncementView{ID: "a/1", Title: hostileName, Text: hostileName + "\n# " + hostileName, Who: hostileName, Notice: hostileName, Asks: true}),
		"announcements-full": Announcements(t, AnnouncementsView{Title: "Your announcements", Hint: "Type “announce” to begin.", Rows: []AnnouncementRow{
			{"a1", "Canteen", "20 Nov 2026, 18:00", []string{"Sent in 3 of 4 channels", "Seen by 12 of 212"}, []string{"Not in Plans: I was removed from there, or it was deleted."}, true},
			{"a2", hostileName, "19 Nov 2026, 18:00", []string{"Recalled on 19 Nov 2026, 18:05"}, nil, false}}}),
		"announcements-empty": Announcements(french, AnnouncementsView{Title: "Vous n’avez rien annoncé ces 30 derniers jours.", Hint: "Écrivez « annoncer » pour commencer."}),
	}
}

// However long what is said is, its card is light enough; what is sent from the dialog is whole.
func TestNoticesAtTheLimits(t *testing.T) {
	t.Parallel()
	for _, u := range []string{"a", "é", "漢", "🙂", "*", "<", "\n"} {
		for _, n := range []int{0, 1, 10, 300} {
			lines := repeat(n, NoticeLine{wall(u, 40), wall(u, 300), wall(u, 300), ContactVerb("c7"), wall(u, 100)})
			if card := Notice(english, NoticeView{Title: wall(u, 500), Lines: lines, Next: []Step{{"x", "settings"}}}); card.weight() > MaxSize {
				t.Errorf("%d lines of %q: %d bytes", n, u, card.weight())
			}
		}
		form := announcementForm()
		form.Text, form.Title, form.Channels = wall(u, 4000), wall(u, 100), repeat(120, ChoiceView{wall("漢", 92), strings.Repeat("0", 25)})
		view := announcement()
		view.Text, view.Title = form.Text, form.Title
		preview := AnnouncePreview{Reach: wall(u, 100), Places: repeat(120, wall(u, 200)), Form: "F1", Title: form.Title, Text: form.Text, Chosen: strings.Repeat("0", 2600), Asks: true}
		if strings.TrimSpace(u) == "" { // white space is taken off before
			continue
		}
		for name, card := range map[string]Card{"form": AnnounceDialog(english, form), "announcement": Announcement(english, view), "preview": AnnounceConfirm(english, preview)} {
			if card.weight() > MaxSize+8<<10 || name == "announcement" && card.weight() > MaxSize {
				t.Errorf("the %s of %q has %d bytes", name, u, card.weight())
			}
		}
		sends, _ := actionOf(t, AnnounceConfirm(english, preview), 0)["data"].(map[string]any)
		if sends["text"] != form.Text || sends["verb"] != "announce/send" {
			t.Errorf("%q is not sent whole", u)
		}
	}
	if actions, _ := asTree(t, AnnounceConfirm(english, AnnouncePreview{Text: "short"}))["actions"].([]any); len(actions) != 2 {
		t.Errorf("%d buttons below a short text", len(actions))
	}
}

// A phone shows the sentence of a message before the message: it says what happened, and to whom first.
func TestNoticeSummary(t *testing.T) {
	t.Parallel()
	for want, v := range map[string]NoticeView{
		"Li Wei changed Marta.":               {Title: "Li Wei changed Marta."},
		"2 contacts added: Marta, Bo":         {Title: "2 contacts added", Lines: []NoticeLine{{Name: "Marta", Verb: "a"}, {Name: "Bo", Verb: "b"}}},
		"4 pictures saved: A picture, a.png…": {Title: "4 pictures saved", More: 1, Lines: []NoticeLine{{Name: "A picture", Verb: "a"}, {Name: "A picture", Verb: "b"}, {Name: "a.png", Verb: "c"}}},
		"1 contact deleted":                   {Title: "1 contact deleted", Lines: []NoticeLine{{Name: "A contact"}}},
		"5 contacts added: A, B, C…":          {Title: "5 contacts added", Lines: []NoticeLine{{Name: "A", Verb: "a"}, {Name: "B", Verb: "b"}, {Name: "C", Verb: "c"}, {Name: "D", Verb: "d"}}},
	} {
		if got, _ := asTree(t, Notice(english, v))["fallbackText"].(string); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
