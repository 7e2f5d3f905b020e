package cards

// Confirm asks once before a deed that takes something away.
func Confirm(t Texts, v ConfirmView) Card {
	body := []Element{heading(v.Question)}
	if v.Explain != "" {
		body = append(body, text(Escape(v.Explain)))
	}
	yes := button(v.YesTitle, v.Yes)
	if deed, ok := yes.(Execute); ok {
		deed.Style = "destructive"
		yes = deed
	}
	return newCard(plain(join(" ", v.Question, v.Explain)), body, marked(Marks{v.Posted}, yes, button(t.Text("button.no"), v.No))...)
}

// Done says what was done and how to take it back.
func Done(t Texts, v DoneView) Card {
	return fit(len(v.Changes), func(shown int) layout {
		body := []Element{strong(v.Sentence)}
		for _, c := range v.Changes[:shown] {
			body = append(body, changed(t, c)...)
		}
		body = append(body, more(t, len(v.Changes), shown)...)
		return newLayout(plain(short(v.Sentence, 400)), body, marked(Marks{v.Posted}, doneActions(t, v)...)...)
	})
}

func doneActions(t Texts, v DoneView) []Action {
	var actions []Action
	if v.Undo != "" {
		actions = append(actions, button(t.Text("button.undo"), path("change", v.Undo, "undo")))
	}
	if v.Show != "" {
		actions = append(actions, button(t.Text("button.show"), ContactVerb(v.Show)))
	}
	return orHelp(t, append(actions, steps(v.Next)...))
}
