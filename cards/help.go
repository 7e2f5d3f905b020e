package cards

// Welcome greets a conversation once: what this is worth, how to begin, what to type.
func Welcome(t Texts, v WelcomeView) Card {
	worth := t.Text(welcomeWorth(v), "App", v.App)
	body := []Element{heading(t.Text("card.welcome.title", "App", v.App))}
	for _, back := range v.Back { // the news of who comes back
		body = append(body, strong(back))
	}
	body = append(body, text(line(worth)))
	for _, command := range welcomeCommands(v) {
		body = append(body, typed(v.Mention+t.Text("card.welcome."+command), t.Text("card.welcome."+command+".does"))...)
	}
	if v.Settings {
		body = append(body, remark(t.Text("card.welcome.settings")))
	}
	body = append(body, remark(welcomeApproval(t, v)))
	if v.HelpURL != "" {
		page := small("")
		page.Text = anchor(t.Text("button.help.page"), v.HelpURL)
		body = append(body, page)
	}
	var actions []Action
	if v.Add {
		actions = append(actions, button(t.Text("button.add"), AddVerb("")))
	}
	if v.Files {
		actions = append(actions, button(t.Text("button.images"), ImagesVerb(0, "")))
	}
	if v.Add || !v.Pictures {
		actions = append(actions, button(t.Text("button.books"), "books"))
	}
	if v.Settings {
		actions = append(actions, button(t.Text("button.settings"), "settings"))
	}
	return newCard(plain(join(" ", join(" ", v.Back...), worth)), body, append(actions, button(t.Text("button.help"), "help"))...)
}

// welcomeApproval is approval in fewer words: where the app greets, it was added already.
func welcomeApproval(t Texts, v WelcomeView) string {
	if v.Files {
		return t.Text("card.welcome.admin.brief", "App", v.App)
	}
	return approval(t, v.App, false)
}

// approval says who has to allow what before the app can be used.
func approval(t Texts, app string, files bool) string {
	if files {
		return t.Text("card.welcome.admin.files", "App", app)
	}
	return t.Text("card.welcome.admin", "App", app)
}

// welcomeWorth is the key of what the app is good for in a place.
func welcomeWorth(v WelcomeView) string {
	switch {
	case v.Add: // who is both begins with people
	case v.Files:
		return "card.welcome.files." + welcomePlace(v.Place)
	case v.Pictures:
		return "card.welcome.image"
	}
	return "card.welcome." + welcomePlace(v.Place)
}

// welcomeCommands are the first things to try.
func welcomeCommands(v WelcomeView) []string {
	switch {
	case v.Pictures && v.Add:
		return []string{"find", "resize", "help"}
	case v.Files:
		return []string{"images", "resize", "redact", "help"}
	case v.Pictures:
		return []string{"resize", "redact", "help"}
	case v.Add && v.Place == "personal": // where files can be dropped
		return []string{"find", "add", "import", "help"}
	case v.Add:
		return []string{"find", "add", "help"}
	}
	return []string{"find", "help"}
}

func welcomePlace(place string) string {
	if place == "personal" || place == "channel" {
		return place
	}
	return "group"
}

// typed is a command as people type it, and what it does.
func typed(example, does string) []Element {
	command := strong(example)
	command.Spacing = "medium"
	return []Element{command, subtle(does)}
}

// Help lists what can be typed.
func Help(t Texts, v HelpView) Card {
	return fit(len(v.Commands), func(shown int) layout {
		intro := t.Text("card.help.intro")
		body := []Element{heading(t.Text("card.help.title", "App", v.App)), text(line(intro))}
		first, others := grouped(v.Mention, v.Commands[:shown])
		body = append(body, first...)
		body = append(body, more(t, len(v.Commands), shown)...)
		body = append(body, remark(approval(t, v.App, v.Files)))
		actions := append(others, steps(v.Next)...)
		if v.HelpURL != "" {
			actions = append(actions, OpenURL{Title: t.Text("button.help.page"), URL: v.HelpURL, Tooltip: t.Text("button.browser.tooltip")})
		}
		return newLayout(plain(join(" ", intro, helpWords(v))), body, few(actions)...)
	})
}

// grouped shows the commands of the first group, and folds each other group away behind a button with its name.
func grouped(mention string, commands []CommandView) (first []Element, others []Action) {
	for i := 0; i < len(commands); {
		group := commands[i].Group
		var rows []Element
		for ; i < len(commands) && commands[i].Group == group; i++ {
			rows = append(rows, typed(mention+commands[i].Example, short(commands[i].Does, 200))...)
		}
		if first == nil {
			first = rows
			continue
		}
		others = append(others, ShowCard{Title: plain(group), Card: layout{Body: rows}})
	}
	return first, others
}

func helpWords(v HelpView) string {
	var names []string
	for _, c := range v.Commands {
		names = append(names, c.Name)
	}
	return short(join(", ", names...), 300)
}

// Privacy says what is kept, and for how long.
func Privacy(t Texts, v PrivacyView) Card {
	return fit(len(v.Rows), func(shown int) layout {
		intro := t.Text("card.privacy.intro", "App", v.App)
		body := []Element{heading(t.Text("card.privacy.title")), text(line(intro))}
		for _, r := range v.Rows[:shown] {
			body = append(body, typed(short(r.Label, 200), short(r.Value, 400))...)
		}
		body = append(body, more(t, len(v.Rows), shown)...)
		actions := []Action{button(t.Text("button.help"), "help")}
		if v.URL != "" {
			page := OpenURL{Title: t.Text("button.privacy.page"), URL: v.URL, Tooltip: t.Text("button.browser.tooltip")}
			actions = append([]Action{page}, actions...)
		}
		return newLayout(plain(intro), body, actions...)
	})
}

// Note is an answer of one or two sentences.
func Note(t Texts, v NoteView) Card {
	var body []Element
	if v.Title != "" {
		body = append(body, heading(v.Title))
	}
	if v.Text != "" {
		body = append(body, text(Escape(short(v.Text, 3000))))
	}
	return newCard(plain(short(join(" ", v.Title, v.Text), 400)), body, orHelp(t, steps(v.Next))...)
}
