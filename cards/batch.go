package cards

// BatchPlan asks what to do to all that a search found: by a preset, or in one's own words.
func BatchPlan(t Texts, v BatchPlanView) Card {
	body := []Element{heading(v.Title), text(Escape(v.Hint)),
		InputText{ID: "plan", Label: t.Text("batch.plan.label"), Placeholder: t.Text("batch.plan.example"), MaxLength: 400}}
	actions := append([]Action{button(t.Text("batch.plan.go"), path("batch", "search", v.Words, "typed"))}, steps(v.Next)...)
	return newCard(plain(short(join(" ", v.Title, v.Hint), 400)), body, few(actions)...)
}

// BatchAsk says what a batch would do, before it does anything.
func BatchAsk(t Texts, v BatchAskView) Card {
	body := []Element{heading(v.Question), text(line(short(sentence(v.Does), 400))), FactSet{Facts: factList(v.Facts)}}
	if v.Warning != "" {
		body = append(body, warning(v.Warning))
	}
	body = append(body, small(v.Promise))
	return newCard(plain(short(join(" ", v.Question, sentence(v.Does), v.Promise), 400)), body,
		button(t.Text("batch.start"), BatchVerb(v.ID, "start")), button(t.Text("batch.no"), BatchVerb(v.ID, "cancel")))
}

// BatchRun shows how far a batch has come, and at its end what became of each file.
func BatchRun(t Texts, v BatchView) Card {
	return fit(len(v.Rows), func(shown int) layout {
		body := []Element{heading(v.Title)}
		if v.Does != "" {
			body = append(body, subtle(short(sentence(v.Does), 400)))
		}
		if v.Notice != "" {
			body = append(body, warning(v.Notice))
		}
		state := ""
		for _, r := range v.Rows[:shown] {
			if r.Group != state {
				body, state = append(body, section(r.Group)), r.Group
			}
			body = append(body, batchRow(r))
		}
		body = append(body, more(t, len(v.Rows), shown)...)
		return newLayout(plain(short(join(" ", v.Title, v.Notice), 400)), body, orHelp(t, batchActions(t, v))...)
	})
}

// batchRow is a file: its name, which leads to it, and what there is to say.
func batchRow(r BatchRow) Element {
	name, address := short(r.Name, 120), ""
	if link, _, ok := webAddress(r.URL); ok {
		address = link
	}
	row := text(join(dot, anchor(name, address), line(r.Detail)))
	row.Spacing = "small"
	return row
}

func batchActions(t Texts, v BatchView) []Action {
	var actions []Action
	if v.MayContinue {
		actions = append(actions, button(t.Text("batch.continue"), BatchVerb(v.ID, "start")))
	}
	switch {
	case v.MayContinue:
		actions = append(actions, button(t.Text("batch.leave"), BatchVerb(v.ID, "cancel")))
	case v.MayCancel:
		actions = append(actions, button(t.Text("batch.cancel"), BatchVerb(v.ID, "cancel")))
	}
	return append(actions, steps(v.Next)...)
}
