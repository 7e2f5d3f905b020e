package cards

// SignIn asks a person to sign in on a page: in a dialog, and where several people talk. In a personal chat Teams has a card
// of its own for it.
func SignIn(t Texts, v SignInView) Card {
	body := []Element{heading(v.Title), text(Escape(short(v.Sentence, 600)))}
	if v.Hint != "" {
		body = append(body, small(v.Hint))
	}
	var actions []Action
	if v.URL != "" {
		actions = append(actions, OpenURL{Title: plain(v.Button), URL: v.URL})
	}
	return newCard(plain(short(v.Sentence, 400)), body, orHelp(t, append(actions, steps(v.Next)...))...)
}

// Profile is what is kept of the person who asks, with its age.
func Profile(t Texts, v ProfileView) Card {
	body := []Element{strong(short(v.Name, 120))}
	if line := join(dot, v.Job, v.Department); line != "" {
		body = append(body, subtle(short(line, 240)))
	}
	body = append(body, FactSet{Facts: factList(v.Facts)}, small(v.Read))
	return newCard(plain(join(". ", v.Name, v.Read)), body, orHelp(t, steps(v.Next))...)
}
