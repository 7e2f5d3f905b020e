package bot

import (
	"strings"

	"teamspro/cards"
	"teamspro/internal/identity"
	"teamspro/internal/lang"
)

func (b *Bot) help(t *Turn) (cards.Card, error) {
	return b.helpCard(t, contactCommands(t.Lang), t.steps("books", "tags", "trash", "settings", "privacy")), nil
}

func (b *Bot) helpCard(t *Turn, commands []cards.CommandView, next []cards.Step) cards.Card {
	return cards.Help(t.Lang, cards.HelpView{App: t.app.name, Mention: t.mention(), HelpURL: b.page("/help", t), Commands: commands, Next: next,
		Files: t.app.key.has(ImagePro) && b.connected()})
}

// HelpCommands lists what can be typed to an app, for the help page.
func HelpCommands(app App, language string) []cards.CommandView {
	if app == ImagePro {
		return imageCommands(lang.For(language))
	}
	return contactCommands(lang.For(language))
}

func contactCommands(t cards.Texts) []cards.CommandView {
	var list []cards.CommandView
	for _, word := range helpful {
		list = append(list, cards.CommandView{Name: t.Text("help." + word + ".name"), Example: t.Text("help." + word + ".example"), Does: t.Text("help." + word + ".does")})
	}
	return list
}

// helpful are the commands that help explains, the most useful first; the others are reached from these.
var helpful = []string{"find", "who-is", "add", "edit", "delete", "import", "export", "undo", "history", "duplicates", "trash", "favourites", "tags", "books", "announce", "settings", "privacy"}

func (b *Bot) hello(t *Turn) (cards.Card, error) { return b.welcomeCard(t, nil), nil }

func (b *Bot) showPrivacy(t *Turn) (cards.Card, error) {
	return cards.Privacy(t.Lang, cards.PrivacyView{App: t.app.name, Rows: b.Kept(t.Lang), URL: b.page("/privacy", t)}), nil
}

// mention is how the bot is called in this place: it must be mentioned where several people talk.
func (t *Turn) mention() string {
	if t.Caller.Place == identity.Personal {
		return ""
	}
	return "@" + t.app.name + " "
}

// page is the address of a page of ours in the person's language; empty when people cannot reach the service by https.
func (b *Bot) page(path string, t *Turn) string {
	if !strings.HasPrefix(b.PublicURL, "http") {
		return ""
	}
	return b.PublicURL + path + "?lang=" + t.Lang.Language()
}
