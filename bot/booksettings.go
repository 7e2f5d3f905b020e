package bot

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"teamspro/cards"
	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

func (b *Bot) openSettings(t *Turn) (Dialog, error) {
	l, err := b.managed(t)
	if err != nil {
		return Dialog{}, err
	}
	return b.settingsDialog(t, l, cards.SettingsForm{Name: l.Book.Name, Mode: string(l.Book.Mode)}, l.Book.Rights)
}

// managed is the book of the dialog's path, for somebody who may manage it.
func (b *Bot) managed(t *Turn) (contact.Listing, error) {
	l, err := b.listed(t, "bot.managed", func(k contact.Book) bool { return string(k.ID) == t.Param("id") })
	if err == nil && !l.May.Manage {
		return contact.Listing{}, fault.New(fault.Denied, "bot.managed", "books.manage_denied")
	}
	return l, err
}

// maxMembers is how many members the form for single rights lists.
const maxMembers = 40

// settingsDialog is the form for a book. Members are listed whose rights the mode leaves open: owners may do everything
// and guests read, whatever is chosen.
func (b *Bot) settingsDialog(t *Turn, l contact.Listing, v cards.SettingsForm, rights map[identity.Person]contact.Rights) (Dialog, error) {
	v.BookID, v.Version = string(l.Book.ID), l.Book.Version
	if l.Book.Kind == contact.PersonalBook {
		v.Mode = ""
	}
	if l.Book.Kind == contact.ConversationBook {
		members, err := t.app.roster.All(t.ctx, t.Caller.Tenant, l.Book.Home, l.Book.Team)
		if err != nil {
			return Dialog{}, err
		}
		members = slices.DeleteFunc(members, func(m MemberAccount) bool {
			return memberRole(m) != identity.Member || slices.Contains(l.Book.Owners, m.Person)
		})
		slices.SortStableFunc(members, func(x, y MemberAccount) int {
			return cmp.Or(settled(rights[x.Person])-settled(rights[y.Person]), strings.Compare(x.Name, y.Name))
		})
		v.More = max(0, len(members)-maxMembers)
		for _, m := range members[:len(members)-v.More] {
			r := rights[m.Person]
			v.Members = append(v.Members, cards.MemberRights{Person: string(m.Person), Name: m.Name, Add: r.Add, Modify: r.Modify, Delete: r.Delete})
		}
	}
	return Dialog{Title: t.Text("settings.title"), Card: cards.SettingsDialog(t.Lang, v), Size: "medium"}, nil
}

// settled puts those first who were given rights.
func settled(r contact.Rights) int {
	if r.Add || r.Modify || r.Delete {
		return 0
	}
	return 1
}

// submitSettings takes the form. What was typed comes back with what is in the way: a problem, or that somebody else
// changed the settings meanwhile; then a second press saves over theirs.
func (b *Bot) submitSettings(t *Turn, f Form) (Outcome, error) {
	l, err := b.managed(t)
	if err != nil {
		return Outcome{}, err
	}
	version, err := strconv.Atoi(f.Values["version"])
	if err != nil {
		return Outcome{}, fault.New(fault.Invalid, "bot.submitSettings", "trouble.old_card")
	}
	mode, rights := cmp.Or(contact.Mode(f.Values["mode"]), l.Book.Mode), memberRights(l.Book.Rights, f)
	_, err = b.Books.Configure(t.ctx, t.Caller, l.Book.ID, version, f.Values["name"], mode, rights)
	if err == nil {
		return Outcome{Message: t.Text("settings.done")}, nil
	}
	v := cards.SettingsForm{Name: f.Values["name"], Mode: string(mode)}
	switch {
	case fault.Is(err, fault.Stale):
		v.Note = t.Text("settings.stale")
	case fault.Is(err, fault.Invalid):
		v.Problem = map[string]string{"name": b.sentence(t, err)}
	default:
		return Outcome{}, err
	}
	dialog, err := b.settingsDialog(t, l, v, rights)
	return Outcome{Dialog: &dialog}, err
}

// memberRights reads the choices "rights:<person>" of the form; people whom the form did not list keep what they had.
func memberRights(now map[identity.Person]contact.Rights, f Form) map[identity.Person]contact.Rights {
	rights := map[identity.Person]contact.Rights{}
	for p, r := range now {
		rights[p] = r
	}
	for key, value := range f.Values {
		person, listed := strings.CutPrefix(key, "rights:")
		if !listed || person == "" {
			continue
		}
		has := func(right string) bool { return strings.Contains(","+value+",", ","+right+",") }
		rights[identity.Person(person)] = contact.Rights{Read: true, Add: has("add"), Modify: has("modify"), Delete: has("delete")}
	}
	return rights
}
