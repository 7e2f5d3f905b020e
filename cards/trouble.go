package cards

// Trouble says in one sentence what did not work, what to do next, and what to tell the administrator.
func Trouble(t Texts, v TroubleView) Card {
	body := []Element{text(Escape(short(v.Sentence, 1000)))}
	if v.Ref != "" {
		body = append(body, small(t.Text("card.trouble.ref", "Ref", v.Ref)))
	}
	return newCard(plain(short(v.Sentence, 400)), body, orHelp(t, steps(v.Next))...)
}
