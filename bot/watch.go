package bot

import (
	"teamspro/cards"
	"teamspro/internal/configuration"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

// addWatch adds how the watch for new pictures does, where the conversation wants to hear of them: since when they are told,
// or why they are not, and what to do about it.
func (b *Bot) addWatch(t *Turn, e configuration.Effective, v *cards.SettingsView) {
	if b.Watcher == nil || t.Caller.Place == identity.Personal || !e.Wishes.Wants(notice.ImageNew) {
		return
	}
	state, err := b.Watcher.State(t.ctx, t.Caller.Tenant, t.Caller.Conversation)
	value := t.Text("watch.begins")
	switch {
	case err != nil || state.Since.IsZero() && state.Why == "":
	case state.Why != "" && state.Why != "watch.late":
		value = t.Text("watch.paused")
	default:
		value = t.Text("watch.since", "When", t.Lang.Time(inZone(state.Since, e.Zone)), "Who", b.watchedBy(t, state.By))
	}
	if state.Why != "" {
		v.Hints = append(v.Hints, t.Text(state.Why))
	}
	v.SignIn = state.Why == "watch.paused.sign_in" && t.app.key.has(ImagePro) && t.app.signIn != nil && (t.Caller.Public || t.Caller.Person == state.By)
	v.Rows = append(v.Rows, cards.FactView{Label: t.Text("watch.label"), Value: value})
}

// watchedBy is what Teams calls the person with whose sign-in pictures are looked for.
func (b *Bot) watchedBy(t *Turn, p identity.Person) string {
	name, err := t.app.roster.Name(t.ctx, t.Caller.Tenant, p, t.Caller.Conversation, t.Caller.Team)
	if err != nil || name == "" {
		return t.Text("notice.somebody")
	}
	return name
}

// watchChosen ends a dialog in which somebody saved what this conversation hears: new pictures are looked for with their
// sign-in, so they are asked for one that lasts, if there is none.
func (b *Bot) watchChosen(t *Turn) (Outcome, error) {
	done := Outcome{Message: t.Text("settings.done")}
	if b.Watcher == nil || t.Caller.Place == identity.Personal {
		return done, nil
	}
	e, err := b.Configurations.Effective(t.ctx, t.Caller.Tenant, t.Caller.Conversation)
	if err != nil || !e.Wishes.Wants(notice.ImageNew) {
		return done, nil // they are saved, whatever cannot be read now
	}
	b.Watcher.Soon(t.Caller.Tenant, t.Caller.Conversation)
	a := b.speaker(string(ImagePro))
	if a == nil || a.signIn == nil {
		return done, nil
	}
	lasts, err := a.signIn.Lasts(t.ctx, t.Caller)
	if err != nil || lasts {
		return done, nil // whether it lasts is not known: the settings will tell
	}
	if a != t.app {
		return Outcome{Message: t.Text("watch.sign_in.elsewhere", "App", a.name)}, nil
	}
	return asked(Dialog{Title: t.Text("signin.title"), Card: t.signInCard(fault.New(fault.SignIn, "bot.watchChosen", "watch.sign_in"), "watch.sign_in.hint"), Size: "small"})
}
