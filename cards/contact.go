package cards

import (
	"html"
	"slices"
	"strings"
)

// Contact is the card of one contact, of use without a press: who it is, every way to reach them, what is known.
func Contact(t Texts, v ContactView) Card {
	limit := MaxSize
	if v.Brief {
		limit, v.Notes = maxBrief, short(v.Notes, briefNotes)
		v.Pages, v.PhotoURL, v.Custom = nil, "", nil
	}
	longest := max(len(v.Emails), len(v.Phones), len(v.Addresses), len(v.Custom), len(v.Tags))
	summary, actions := contactSummary(t, v), marked(Marks{v.Posted}, contactActions(t, v)...)
	top, notes := contactTop(t, v), contactNotes(t, v)
	return fitTo(limit, longest, func(shown int) layout {
		if v.Brief { // one way to reach somebody is always worth its weight
			shown = max(shown, 1)
		}
		body := slices.Concat(top, contactFacts(t, v, shown), notes, chips(v.Tags[:min(len(v.Tags), shown)]), contactFoot(t, v, shown))
		card := newLayout(summary, body, actions...)
		if v.Brief {
			card.Schema, card.FallbackText, card.Speak = "", "", short(card.Speak, briefNotes) // every client that inserts results knows cards
		}
		if v.Live && v.ID != "" {
			card.Refresh = &Refresh{Action: Execute{Verb: path("contact", v.ID, "view")}}
		}
		return card
	})
}

// A brief card is cut to about so many bytes, so that 25 of them, with their previews, are an answer below 60 KB. Its notes
// have so many characters.
const (
	maxBrief   = 1900
	briefNotes = 150
)

func contactSummary(t Texts, v ContactView) string {
	parts := []string{join(", ", v.Name, v.Job, v.Company), v.Hours}
	for _, p := range v.Phones {
		parts = append(parts, phoneLabel(t, v.Kind, p.Label)+" "+p.Text)
	}
	return plain(short(join(". ", append(parts, v.Emails...)...), 400))
}

// contactTop says who it is.
func contactTop(t Texts, v ContactView) []Element {
	var top []Element
	if v.Notice != "" || v.Undo != "" {
		top = append(top, contactNotice(t, v))
	}
	if v.Alike != "" {
		top = append(top, contactAlike(t, v))
	}
	top = append(top, contactHead(t, v))
	if v.Kind == "function" && v.Hours != "" {
		top = append(top, contactHours(t, v))
	}
	return top
}

// contactFacts shows of each kind of item that can be many at most the given number.
func contactFacts(t Texts, v ContactView, shown int) []Element {
	facts := appendFacts(nil, append(contactReach(t, v, shown), contactDetails(t, v, shown)...))
	return appendFacts(facts, contactCustom(v, shown))
}

func contactNotice(t Texts, v ContactView) Element {
	if v.Undo == "" {
		return banner(v.Notice)
	}
	undo := link(t.Text("button.undo"), t.Text("button.undo"), path("change", v.Undo, "undo"))
	undo.SelectAction = mark(Marks{v.Posted}, undo.SelectAction)
	return banner(v.Notice, undo)
}

// contactAlike says that somebody else looks like this contact.
func contactAlike(t Texts, v ContactView) Element {
	words := []Column{link(t.Text("button.show"), t.Text("button.show"), ContactVerb(v.AlikeID))}
	if len(v.AlikeIDs) > 0 {
		words = append(words, link(t.Text("duplicates.merge.open"), t.Text("duplicates.merge.open"), MergeVerb(v.AlikeIDs)))
	}
	for i := range words {
		words[i].SelectAction = mark(Marks{v.Posted}, words[i].SelectAction)
	}
	return banner(v.Alike, words...)
}

func contactHead(t Texts, v ContactView) Element {
	words := []Element{heading(short(v.Name, 120))}
	for _, s := range []string{join(dot, v.Job, v.Company), join(dot, kindWord(t, v.Kind), v.Department)} {
		if s != "" {
			words = append(words, subtle(short(s, 220)))
		}
	}
	picture := portrait(t, v.Picture, v.Name, "medium")
	return ColumnSet{Columns: append(picture, Column{Width: "stretch", Align: "center", Items: words})}
}

// kindWord names what is no person.
func kindWord(t Texts, kind string) string {
	if kind == "company" || kind == "function" {
		return t.Text("card.kind." + kind)
	}
	return ""
}

func contactHours(t Texts, v ContactView) Element {
	hours := strong(short(v.Hours, 200))
	hours.Size = "medium"
	return Container{Style: "emphasis", Items: []Element{small(t.Text("field.hours")), hours.tight()}}
}

func contactReach(t Texts, v ContactView, shown int) []Fact {
	var facts []Fact
	for _, p := range v.Phones[:min(len(v.Phones), shown)] {
		facts = append(facts, Fact{line(phoneLabel(t, v.Kind, p.Label)), phoneValue(p)})
	}
	for _, e := range v.Emails[:min(len(v.Emails), shown)] {
		facts = append(facts, Fact{t.Text("field.email"), anchor(short(e, 150), mailLink(e))})
	}
	return facts
}

// phoneLabel speaks of a company's number in other words than of a person's.
func phoneLabel(t Texts, kind, label string) string {
	switch label {
	case "business", "mobile", "home", "fax":
		if kind == "company" && label == "business" {
			return t.Text("phone.main")
		}
		return t.Text("phone." + label)
	}
	return short(label, 60)
}

// phoneValue calls through Teams; nobody calls a fax.
func phoneValue(p PhoneView) string {
	if p.Label == "fax" {
		return line(p.Text)
	}
	return anchor(short(p.Text, 60), callLink(p.Dial))
}

func contactDetails(t Texts, v ContactView, shown int) []Fact {
	var facts []Fact
	if v.Kind != "function" && v.Hours != "" {
		facts = append(facts, Fact{t.Text("field.hours"), line(short(v.Hours, 200))})
	}
	for _, a := range v.Addresses[:min(len(v.Addresses), shown)] {
		facts = append(facts, Fact{t.Text("field.address"), addressValue(a)})
	}
	for _, p := range v.Pages {
		facts = append(facts, Fact{line(pageLabel(t, p.Label)), pageValue(p.URL)})
	}
	if address, _, ok := webAddress(v.PhotoURL); ok {
		facts = append(facts, Fact{t.Text("field.photo"), anchor(t.Text("card.contact.photo"), address)})
	}
	return facts
}

func contactCustom(v ContactView, shown int) []Fact {
	var facts []Fact
	for _, c := range v.Custom[:min(len(v.Custom), shown)] {
		facts = append(facts, Fact{line(short(c.Label, 60)), line(short(c.Value, 300))})
	}
	return facts
}

func addressValue(a AddressView) string {
	address, _, _ := webAddress(a.MapURL)
	return anchor(short(strings.ReplaceAll(a.Text, "\n", ", "), 300), address)
}

func pageLabel(t Texts, label string) string {
	switch label {
	case "website", "linkedin", "facebook", "x":
		return t.Text("field." + label)
	}
	return short(label, 60)
}

func pageValue(raw string) string {
	address, reads, ok := webAddress(raw)
	if !ok {
		return line(short(raw, 120))
	}
	return anchor(short(reads, 60), address)
}

func contactNotes(t Texts, v ContactView) []Element {
	if v.Notes == "" {
		return nil
	}
	label := t.Text("field.notes")
	if v.Kind == "company" {
		label = t.Text("card.contact.about")
	}
	title := remark(label)
	title.Separator = true
	return []Element{title, text(Escape(short(v.Notes, 1200))).tight()}
}

func contactFoot(t Texts, v ContactView, shown int) []Element {
	left := 0
	for _, n := range []int{len(v.Emails), len(v.Phones), len(v.Addresses), len(v.Custom), len(v.Tags)} {
		left += max(0, n-shown)
	}
	foot := more(t, left, 0)
	changed := ""
	if v.Changed != "" {
		changed = t.Text("card.contact.changed", "When", v.Changed)
	}
	if s := join(dot, short(v.Source, 120), changed); s != "" {
		foot = append(foot, remark(s))
	}
	return foot
}

func appendFacts(body []Element, facts []Fact) []Element {
	if len(facts) == 0 {
		return body
	}
	return append(body, FactSet{Facts: facts, Spacing: "medium"})
}

func contactActions(t Texts, v ContactView) []Action {
	actions := reachActions(t, v)
	switch {
	case v.ID == "":
		return actions
	case v.Draft:
		return append(actions, Execute{Title: t.Text("button.show"), Verb: ContactVerb(v.ID)})
	case v.MayEdit:
		actions = append(actions, button(t.Text("button.edit"), path("contact", v.ID, "edit")))
	}
	rare := rareActions(t, v)
	var own []Action
	if v.Share {
		own = append(own, button(t.Text("button.post"), path("contact", v.ID, "post")))
	}
	if v.Personal {
		own = append(own, favouriteAction(t, v))
	}
	if len(own) > 1 { // the more useful of the two stands in front
		own, rare = own[:1], append(own[1:], rare...)
	}
	return append(append(actions, own...), ShowCard{Title: t.Text("button.more"), Card: layout{Actions: rare}})
}

func favouriteAction(t Texts, v ContactView) Action {
	if v.Favourite {
		return button(t.Text("button.unfavourite"), path("contact", v.ID, "unfavourite"))
	}
	return button(t.Text("button.favourite"), path("contact", v.ID, "favourite"))
}

// reachActions are the ways to reach a contact, only those for which there is something to reach.
func reachActions(t Texts, v ContactView) []Action {
	var actions []Action
	if number := firstCall(v.Phones); number != "" {
		actions = append(actions, OpenURL{Title: t.Text("button.call"), URL: number})
	}
	if v.Chat != "" {
		actions = append(actions, OpenURL{Title: t.Text("button.chat"), URL: chatLink(v.Chat)})
	}
	for _, e := range v.Emails {
		if address := mailLink(e); address != "" {
			return append(actions, OpenURL{Title: t.Text("button.mail"), URL: address, Tooltip: t.Text("button.mail.tooltip")})
		}
	}
	return actions
}

func firstCall(phones []PhoneView) string {
	for _, p := range phones {
		if address := callLink(p.Dial); address != "" && p.Label != "fax" {
			return address
		}
	}
	return ""
}

func rareActions(t Texts, v ContactView) []Action {
	actions := []Action{button(t.Text("button.card"), path("contact", v.ID, "card")), button(t.Text("button.history"), path("contact", v.ID, "history"))}
	if v.MayEdit {
		actions = append(actions, button(t.Text("button.duplicates"), path("contact", v.ID, "duplicates")))
	}
	if v.MayDelete {
		actions = append(actions, button(t.Text("button.delete"), path("contact", v.ID, "delete")))
	}
	return actions
}

// Contacts is a page of contacts; a row shows its contact when touched.
func Contacts(t Texts, v ListView) Card {
	return fit(len(v.Rows)+len(v.Also), func(shown int) layout {
		rows := v.Rows[:min(shown, len(v.Rows))]
		also := v.Also[:min(shown-len(rows), len(v.Also))]
		body := []Element{heading(v.Title)}
		if v.Hint != "" {
			body = append(body, text(Escape(v.Hint)))
		}
		body = append(body, separate(contactRows(t, rows))...)
		if len(also) > 0 {
			body = append(append(body, section(v.AlsoTitle)), separate(contactRows(t, also))...)
		}
		body = append(body, more(t, len(v.Rows)+len(v.Also), shown)...)
		return newLayout(listSummary(v), body, listActions(t, v, len(rows))...)
	})
}

func contactRows(t Texts, all []RowView) []ColumnSet {
	rows := make([]ColumnSet, len(all))
	for i, r := range all {
		rows[i] = contactRow(t, r)
	}
	return rows
}

func listSummary(v ListView) string {
	names := []string{v.Title}
	for _, r := range v.Rows {
		names = append(names, r.Name)
	}
	return plain(short(join(" ", names[0], join(", ", names[1:]...)), 400))
}

func contactRow(t Texts, r RowView) ColumnSet {
	words := []Element{strong(short(r.Name, 100))}
	if r.Line != "" {
		words = append(words, subtle(short(r.Line, 120)))
	}
	if s := join(dot, short(r.Detail, 120), short(r.Source, 60)); s != "" {
		words = append(words, small(s).tight())
	}
	columns := append(portrait(t, r.Picture, r.Name, "small"), Column{Width: "stretch", Items: words, Align: "center"})
	row := ColumnSet{Columns: columns}
	if r.ID != "" {
		row.SelectAction = tap(short(r.Name, 100), rowVerb(r))
	}
	return row
}

func rowVerb(r RowView) string {
	if r.Part == "" {
		return ContactVerb(r.ID)
	}
	return path("contact", r.ID, r.Part)
}

// listActions lead to the pages beside this one. What was cut from this page begins the next one.
func listActions(t Texts, v ListView, shown int) []Action {
	var actions []Action
	if v.Query != "" && v.Prev >= 0 {
		actions = append(actions, button(t.Text("button.previous"), FindVerb(v.Prev, v.Query)))
	}
	if v.Query != "" && v.Next > 0 {
		actions = append(actions, button(t.Text("button.next"), FindVerb(v.Next-(len(v.Rows)-shown), v.Query)))
	}
	if v.Query != "" && v.MaySave {
		actions = append(actions, button(t.Text("button.save.filter"), path("filter", "save", v.Query)))
	}
	if v.MayAdd {
		actions = append(actions, button(t.Text("button.add"), AddVerb(v.Name)))
	}
	if v.Query != "" && v.MaySave {
		actions = append(actions, button(t.Text("button.export"), ExportFoundVerb(v.Query, "")))
	}
	return orHelp(t, actions)
}

// Empty says that nobody was found, and what to do instead.
func Empty(t Texts, v EmptyView) Card {
	body := []Element{heading(v.Title)}
	if v.Hint != "" {
		body = append(body, text(Escape(v.Hint)))
	}
	var actions []Action
	if v.MayAdd {
		actions = append(actions, button(t.Text("button.add"), AddVerb(v.Name)))
	}
	if v.Search != "" {
		actions = append(actions, button(t.Text("button.search"), FindVerb(0, v.Search)))
	}
	return newCard(plain(join(" ", v.Title, v.Hint)), body, orHelp(t, actions)...)
}

// Preview is how a contact looks among the results of the message extension.
func Preview(t Texts, v RowView) Thumbnail {
	words := join(dot, short(v.Line, 120), short(v.Detail, 120), short(v.Source, 60))
	preview := Thumbnail{Title: plain(short(v.Name, 100)), Text: html.EscapeString(plain(words))}
	if v.Picture != "" {
		preview.Images = []ThumbnailImage{{URL: v.Picture, Alt: plain(t.Text("card.picture", "Name", short(v.Name, 100)))}}
	}
	return preview
}
