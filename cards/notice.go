package cards

import "slices"

// NoticeView is what happened, told to a conversation that wants to hear of it. All texts are finished.
type NoticeView struct {
	// Title says it in one sentence: "12 contacts added, 230 changed."
	Title string
	// Since says from when on; empty says nothing.
	Since string
	Lines []NoticeLine
	// More is how many things are not among the lines.
	More int
	// Next are the ways on; see Step.
	Next []Step
}

// NoticeLine is one thing that happened. Lines of one Group stand together, the first under its name.
type NoticeLine struct {
	Group string
	Name  string
	// Detail is who did it, or what else there is to say.
	Detail string
	// Verb leads to it, and Open says so; empty leads nowhere.
	Verb, Open string
}

// Notice is the card that tells a conversation what happened: a sentence, or a short list.
func Notice(t Texts, v NoticeView) Card {
	return fit(len(v.Lines), func(shown int) layout {
		body := []Element{strong(short(v.Title, 300))}
		if v.Since != "" {
			body = append(body, small(v.Since).tight())
		}
		group := ""
		for _, l := range v.Lines[:shown] {
			if l.Group != group {
				body, group = append(body, groupName(l.Group)), l.Group
			}
			body = append(body, noticeLine(l))
		}
		if left := v.More + len(v.Lines) - shown; left > 0 {
			body = append(body, remark(t.Text("card.more", "Count", left, "Number", t.Number(left))))
		}
		return newLayout(plain(noticeSummary(t, v)), body, orHelp(t, steps(v.Next))...)
	})
}

// groupName stands above the lines of a group.
func groupName(s string) TextBlock {
	return TextBlock{Text: line(short(s, 120)), Size: "small", Weight: "bolder", Wrap: true, Spacing: "medium"}
}

// heardNames is how many names a summary tells: a phone shows no more.
const heardNames = 3

// noticeSummary says what happened, and the first names, as a list of conversations or a phone shows it.
func noticeSummary(t Texts, v NoticeView) string {
	title := short(v.Title, 250)
	var names []string
	for _, l := range v.Lines {
		if name := short(l.Name, 40); l.Verb != "" && !slices.Contains(names, name) { // what leads nowhere has no name of its own
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return title
	}
	said := join(", ", names[:min(len(names), heardNames)]...)
	if v.More > 0 || len(names) > heardNames {
		said = t.Text("notice.names.more", "Names", said)
	}
	return t.Text("notice.names", "Title", title, "Names", said)
}

func noticeLine(l NoticeLine) Element {
	words := []Element{text(line(short(l.Name, 120))).tight()}
	if l.Detail != "" {
		words = append(words, small(short(l.Detail, 120)).tight())
	}
	row := ColumnSet{Columns: []Column{{Width: "stretch", Items: words}}, Spacing: "small"}
	if l.Verb != "" {
		row.SelectAction = tap(l.Open, l.Verb)
	}
	return row
}
