package cards

// Trouble says in one sentence what did not work, what to do next, and what to tell the administrator.
func Trouble(t Texts, v TroubleView) Card {
	body := []Element{text(Escape(short(v.Sentence, 1000)))}
	if v.Ref != "" {
		body = append(body, small(t.Text("card.trouble.ref", "Ref", v.Ref)))
	}
	var actions []Action
	if v.LinkURL != "" {
		actions = append(actions, OpenURL{Title: plain(v.Link), URL: v.LinkURL})
	}
	return newCard(plain(short(v.Sentence, 400)), body, orHelp(t, append(actions, steps(v.Next)...))...)
}
