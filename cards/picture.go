package cards

import (
	"unicode"
	"unicode/utf8"
)

// Picture is the card of a picture that somebody works on: how it looks now, what was done to it, and what that did to
// its size.
func Picture(t Texts, v PictureView) Card {
	body := pictureHead(v.Notice, v.Preview, v.Alt)
	body = append(body, strong(short(v.Name, 120)))
	for _, s := range []string{became(v.Before.Pixels, v.After.Pixels), join(dot, became(v.Before.Bytes, v.After.Bytes), became(v.Before.Format, v.After.Format))} {
		if s != "" {
			body = append(body, subtle(s))
		}
	}
	if done := join(dot, v.Done...); done != "" {
		body = append(body, small(short(sentence(done), 400)))
	}
	for _, note := range v.Notes {
		body = append(body, warning(note))
	}
	return newCard(plain(join(". ", v.Notice, v.Alt)), body, orHelp(t, pictureActions(t, v))...)
}

// PictureInfo is what is known of a picture.
func PictureInfo(t Texts, v PictureInfoView) Card {
	body := append(pictureHead("", v.Preview, v.Alt), strong(short(v.Name, 120)))
	if v.Warning != "" {
		body = append(body, warning(v.Warning))
	}
	body = append(body, FactSet{Facts: factList(v.Facts)})
	return newCard(plain(v.Alt), body, orHelp(t, steps(v.Next))...)
}

func pictureHead(notice, preview, alt string) []Element {
	var body []Element
	if notice != "" {
		body = append(body, banner(notice))
	}
	if preview != "" {
		body = append(body, large(preview, alt))
	}
	return body
}

// large is a picture as large as there is room, never larger than it is; who wants to see more of it can enlarge it.
func large(address, alt string) Image {
	return Image{URL: address, AltText: plain(short(alt, 400)), Size: "auto", MSTeams: &ImageTeams{AllowExpand: true}}
}

// became is a value before and after, once where it did not change.
func became(before, after string) string {
	if before == after || before == "" {
		return after
	}
	return before + " → " + after
}

// sentence begins with a capital.
func sentence(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}

// warning is a sentence that must not be missed.
func warning(s string) TextBlock {
	return TextBlock{Text: line(s), Color: "warning", Wrap: true, Spacing: "small"}
}

func factList(facts []FactView) []Fact {
	list := make([]Fact, len(facts))
	for i, f := range facts {
		list[i] = Fact{Title: line(f.Label), Value: line(f.Value)}
	}
	return list
}

// pictureActions are a step back or forward, what finds room beside it, and the rest folded away.
func pictureActions(t Texts, v PictureView) []Action {
	undo, redo := button(t.Text("button.undo"), PictureVerb(v.ID, v.At, "undo")), button(t.Text("button.redo"), PictureVerb(v.ID, v.At, "redo"))
	next, more := steps(v.Next), steps(v.More)
	var first []Action
	switch {
	case v.Undo && v.Redo:
		first, more = []Action{undo}, append([]Action{redo}, more...)
	case v.Undo:
		first = []Action{undo}
	case v.Redo:
		first = []Action{redo}
	}
	if room := maxActions - 1 - len(first); len(next) > room {
		next, more = next[:room], append(next[room:len(next):len(next)], more...)
	}
	all := append(first, next...)
	if len(more) > 0 {
		all = append(all, ShowCard{Title: t.Text("button.more"), Card: folded(more)})
	}
	return marked(Marks{v.Posted}, all...)
}

// folded is a card of buttons, in rows of three.
func folded(actions []Action) layout {
	var l layout
	for len(actions) > 0 {
		n := min(3, len(actions))
		l.Body = append(l.Body, ActionSet{Actions: actions[:n]})
		actions = actions[n:]
	}
	return l
}
