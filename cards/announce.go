package cards

import (
	"strconv"
	"unicode/utf8"
)

// Ids of the inputs of AnnounceForm, besides InputTitle.
const (
	InputSaid     = "text"
	InputChannels = "channels" // what was chosen, with commas between
	InputAsks     = "asks"     // "true" or "false"
)

// The limits of what is typed, in characters.
const (
	maxAnnounceTitle = 100
	maxAnnounceText  = 4000
)

// AnnounceVerb opens the dialog to announce something, with some words filled in unless they are empty.
func AnnounceVerb(words string) string {
	if words == "" {
		return "announce/new"
	}
	return path("announce", "new", words)
}

// AnnouncementVerb does something with an announcement: seen, view, recall, withdraw; correct opens a dialog.
func AnnouncementVerb(id, what string) string { return path("announcement", id, what) }

// AnnounceForm is the dialog in which an announcement is written, or corrected.
type AnnounceForm struct {
	// Verb is where it goes, Do the label of its button; Form is as in FormView.
	Verb, Do, Form string
	Version        int
	// Note is a sentence above; Problems stand below the input of their id.
	Note        string
	Problems    map[string]string
	Title, Text string
	// Channels to choose from, Chosen with commas between; without any there is no choice, and nothing is asked about Asks.
	Channels []ChoiceView
	Chosen   string
	Asks     bool
}

// AnnounceDialog is the dialog in which an announcement is written, or corrected.
func AnnounceDialog(t Texts, v AnnounceForm) Card {
	return fit(len(v.Channels), func(shown int) layout {
		var body []Element
		if v.Note != "" {
			body = append(body, banner(v.Note))
		}
		body = append(body, announceInputs(t, v)...)
		if len(v.Channels) > 0 {
			in := choice(InputChannels, t.Text("announce.form.channels"), v.Chosen, v.Channels[:shown])
			in.Style, in.IsMultiSelect, in.Wrap = "expanded", true, true
			body = append(body, in)
			body = append(body, more(t, len(v.Channels), shown)...)
			body = append(body, problem(v.Problems[InputChannels])...)
			body = append(body, InputToggle{ID: InputAsks, Label: t.Text("announce.form.asks"), Title: t.Text("announce.form.asks.title"), Value: strconv.FormatBool(v.Asks), Wrap: true})
		}
		data := SubmitData{Verb: v.Verb, Form: v.Form}
		if v.Version > 0 {
			data.Version = strconv.Itoa(v.Version)
		}
		return newLayout(t.Text("announce.form.summary"), body, send(v.Do, data))
	})
}

// announceInputs are the inputs for what is said.
func announceInputs(t Texts, v AnnounceForm) []Element {
	title := InputText{ID: InputTitle, Label: t.Text("announce.form.title"), Value: v.Title, MaxLength: max(maxAnnounceTitle, utf8.RuneCountInString(v.Title)),
		IsRequired: true, ErrorMessage: t.Text("announce.bad.title")}
	said := InputText{ID: InputSaid, Label: t.Text("announce.form.text"), Value: v.Text, MaxLength: max(maxAnnounceText, utf8.RuneCountInString(v.Text)),
		IsMultiline: true, IsRequired: true, ErrorMessage: t.Text("announce.bad.text")}
	body := append([]Element{title}, problem(v.Problems[InputTitle])...)
	return append(append(body, said), problem(v.Problems[InputSaid])...)
}

// AnnouncePreview shows what would be sent, before it is.
type AnnouncePreview struct {
	// Reach is finished: "4 channels, 212 people". Lines are more to know: channels that were left out, people not counted.
	Reach string
	Lines []string
	// Places names the channels.
	Places []string
	// Form, Title, Text, Chosen and Asks as in AnnounceForm.
	Form, Title, Text, Chosen string
	Asks                      bool
}

// AnnounceConfirm is the second page of the dialog. Where the text is too long to stand on it three times, the way back is
// left out, then the names of the channels and the end of the text: what is sent is whole.
func AnnounceConfirm(t Texts, v AnnouncePreview) Card {
	for _, back := range []bool{true, false} {
		card := announceConfirm(t, v, v.Text, back).card(nil)
		if card.weight() <= MaxSize {
			return card
		}
	}
	v.Places = nil
	return fitText(v.Text, func(cut string) layout { return announceConfirm(t, v, cut, false) })
}

// namedPlaces is how many channels are named before something is sent there.
const namedPlaces = 10

func announceConfirm(t Texts, v AnnouncePreview, said string, back bool) layout {
	body := []Element{banner(t.Text("announce.confirm", "Reach", v.Reach))}
	named := min(len(v.Places), namedPlaces)
	for i, place := range v.Places[:named] {
		name := text(line(short(place, 120)))
		if i > 0 {
			name = name.tight()
		}
		body = append(body, name)
	}
	body = append(body, more(t, len(v.Places), named)...)
	for _, l := range v.Lines {
		body = append(body, warning(l))
	}
	body = append(body, Container{Style: "emphasis", Spacing: "medium", Items: []Element{heading(short(v.Title, maxAnnounceTitle)), text(Escape(said))}})
	if v.Asks {
		body = append(body, small(t.Text("announce.confirm.asks")))
	}
	data := SubmitData{Verb: "announce/send", Form: v.Form, Title: v.Title, Text: v.Text, Channels: v.Chosen, Asks: strconv.FormatBool(v.Asks)}
	actions := []Action{send(t.Text("announce.send"), data)}
	if back {
		data.Verb = "announce/back"
		actions = append(actions, Submit{Title: t.Text("announce.back"), Data: data})
	}
	return newLayout(t.Text("announce.form.summary"), body, actions...)
}

// fitText makes a card with as much of a text as MaxSize allows.
func fitText(s string, build func(cut string) layout) Card {
	return fit(utf8.RuneCountInString(s), func(shown int) layout { return build(short(s, max(shown, 1))) })
}

// AnnouncementView is an announcement as it stands in a channel.
type AnnouncementView struct {
	ID          string
	Title, Text string
	// Who says it, Corrected when that was done, Seen how many people have seen it: finished, empty when there is none.
	Who, Corrected, Seen string
	// Notice is a sentence in place of the button, for who pressed it: "You have seen it."
	Notice string
	// Asks puts the button below it; Live makes the card ask again for each viewer.
	Asks, Live bool
}

// Announcement is the card of an announcement in a channel.
func Announcement(t Texts, v AnnouncementView) Card {
	return fitText(v.Text, func(cut string) layout {
		body := []Element{heading(short(v.Title, maxAnnounceTitle)), text(Escape(cut))}
		if signed := join(dot, v.Who, v.Corrected); signed != "" {
			body = append(body, remark(short(signed, 300)))
		}
		if v.Seen != "" {
			body = append(body, small(v.Seen).tight())
		}
		if v.Notice != "" {
			body = append(body, text(line("✓ "+v.Notice)))
		}
		var actions []Action
		if v.Asks {
			actions = append(actions, button(t.Text("announce.seen"), AnnouncementVerb(v.ID, "seen")))
		}
		l := newLayout(plain(short(join(". ", v.Title, cut), 400)), body, actions...)
		if v.Live {
			l.Refresh = &Refresh{Action: Execute{Verb: AnnouncementVerb(v.ID, "view")}}
		}
		return l
	})
}

// AnnouncementsView are the announcements that somebody sent, the newest first.
type AnnouncementsView struct {
	Title, Hint string
	Rows        []AnnouncementRow
	Next        []Step
}

// AnnouncementRow is an announcement and what became of it.
type AnnouncementRow struct {
	ID, Title string
	// When is when it was sent; Lines say what became of it, Warnings what must not be missed.
	When            string
	Lines, Warnings []string
	// May offers to correct and recall it.
	May bool
}

// Announcements is the list of what somebody announced.
func Announcements(t Texts, v AnnouncementsView) Card {
	return fit(len(v.Rows), func(shown int) layout {
		body := []Element{heading(v.Title)}
		if v.Hint != "" {
			body = append(body, text(Escape(v.Hint)))
		}
		for i, r := range v.Rows[:shown] {
			body = append(body, announcementRow(t, r, i > 0))
		}
		body = append(body, more(t, len(v.Rows), shown)...)
		return newLayout(plain(short(join(" ", v.Title, v.Hint), 400)), body, orHelp(t, steps(v.Next))...)
	})
}

func announcementRow(t Texts, r AnnouncementRow, separator bool) Element {
	title := short(r.Title, maxAnnounceTitle)
	items := []Element{strong(title), small(r.When).tight()}
	for _, l := range r.Lines {
		items = append(items, small(short(l, 300)).tight())
	}
	for _, w := range r.Warnings {
		items = append(items, warning(short(w, 300)))
	}
	if r.May {
		links := ColumnSet{Spacing: "small", Columns: []Column{
			link(t.Text("announce.correct"), t.Text("announce.correct.which", "Title", title), AnnouncementVerb(r.ID, "correct")),
			link(t.Text("announce.recall"), t.Text("announce.recall.which", "Title", title), AnnouncementVerb(r.ID, "recall")),
		}}
		items = append(items, links)
	}
	return Container{Items: items, Separator: separator, Spacing: "medium"}
}
