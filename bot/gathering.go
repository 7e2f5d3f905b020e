package bot

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"teamspro/cards"
	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
	"teamspro/internal/notice"
)

// maxStories is how many things a notice lists; a channel wants to hear, not to read.
const maxStories = 10

// story is one thing that happened, as it is told.
type story struct {
	notice.Event
	name string // empty when it may not be named
	verb string // leads to it
}

// word is the last part of the keys of a kind: "changed".
func (s story) word() string {
	_, word, _ := strings.Cut(string(s.Kind), "-")
	return word
}

// gatheringCard tells what happened: one thing in a sentence, several in a short list.
func (b *Bot) gatheringCard(ctx context.Context, v voice, g notice.Gathering) (cards.Card, error) {
	stories, err := b.stories(ctx, v, g.Events)
	if err != nil {
		return cards.Card{}, err
	}
	if len(stories) == 0 && (len(g.Events) > 0 || g.More == 0) {
		return cards.Card{}, notice.ErrNothing
	}
	view := cards.NoticeView{Title: title(v, stories, g)}
	if len(stories) == 1 && g.More == 0 {
		b.nameImages(ctx, v, stories)
		view = alone(v, stories[0], b.by(ctx, v, stories[0]))
	} else {
		shown := fairly(stories, maxStories)
		b.nameImages(ctx, v, shown)
		view.More = g.More + len(stories) - len(shown)
		b.tell(ctx, v, &view, g.Since, shown)
	}
	view.Next = append(view.Next, cards.Step{Title: v.Text("notice.settings"), Verb: "settings"})
	return cards.Notice(v, view), nil
}

// inZone is a time as the clocks of a zone show it; UTC when the zone is not known here.
func inZone(at time.Time, zone string) time.Time { return at.In(notice.Location(zone)) }

// title counts what happened, kind by kind, also what is not listed.
func title(v voice, stories []story, g notice.Gathering) string {
	counts, more := map[notice.Kind]int{}, g.More
	for k, l := range g.Left {
		counts[k], more = l.Count, more-l.Things
	}
	for _, s := range stories {
		counts[s.Kind] += s.Things()
	}
	var parts []string
	for _, k := range notice.Kinds() {
		if n := counts[k]; n > 0 {
			word := story{Event: notice.Event{Kind: k}}.word()
			parts = append(parts, v.Text("notice."+word, "Count", n, "Number", v.Number(n)))
		}
	}
	if more > 0 {
		parts = append(parts, v.Text("notice.more", "Count", more, "Number", v.Number(more)))
	}
	return strings.Join(parts, ", ")
}

// again tells whether the same was done to it several times.
func (s story) again() bool {
	return s.Times > 1 && (s.Kind == notice.ContactChanged || s.Kind == notice.ImageSaved || s.Kind == notice.ImagePinned)
}

// alone is a notice of one thing.
func alone(v voice, s story, who string) cards.NoticeView {
	key := "notice.one." + s.word()
	args := []any{"Who", cmp.Or(who, v.Text("notice.somebody")), "Name", shorten(s.name, maxNameText)}
	switch {
	case s.Kind == notice.ImportDone:
		args = append(args, "Count", s.Things(), "Number", v.Number(s.Things()))
	case s.name == "":
		key = "notice.one." + s.word() + ".unnamed"
	case s.again():
		key = "notice.again." + s.word()
		args = append(args, "Count", s.Times, "Number", v.Number(s.Times))
	}
	view := cards.NoticeView{Title: v.Text(key, args...)}
	if s.verb != "" {
		view.Next = []cards.Step{{Title: openTitle(v, s), Verb: s.verb}}
	}
	return view
}

// storyLine is one of several things.
func storyLine(v voice, s story, who string) cards.NoticeLine {
	l := cards.NoticeLine{Group: v.Text("notice.group." + s.word()), Name: s.name, Verb: s.verb}
	open := "notice.open.contact"
	if s.Kind.Product() == string(ImagePro) {
		open = "notice.open.picture"
	}
	switch {
	case s.Kind == notice.ImportDone:
		l.Name = v.Text("notice.an_import", "Count", s.Things(), "Number", v.Number(s.Things()))
	case s.name == "" && s.Kind.Product() == string(ImagePro):
		l.Name = v.Text("notice.a_picture")
	case s.name == "":
		l.Name = v.Text("notice.a_contact")
	}
	if l.Verb != "" {
		l.Open = v.Text(open, "Name", shorten(l.Name, maxNameText))
	}
	if l.Verb == trashVerb {
		l.Open = v.Text("notice.open.trash")
	}
	switch {
	case s.again() && who != "":
		l.Detail = v.Text("notice.times.by", "Count", s.Times, "Number", v.Number(s.Times), "Who", who)
	case s.again():
		l.Detail = v.Text("notice.times", "Count", s.Times, "Number", v.Number(s.Times))
	case who != "":
		l.Detail = v.Text("notice.by", "Who", who)
	}
	return l
}

// by is what Teams calls who did it, read in the conversation that is told; empty for who is not in it.
func (b *Bot) by(ctx context.Context, v voice, s story) string {
	if s.By == "" || s.Kind == notice.ImageNew {
		return ""
	}
	name, err := v.app.roster.Name(ctx, v.tenant, s.By, v.place, v.team)
	if err != nil {
		return ""
	}
	return name
}

// stories are the events that the conversation may hear of now, by their kinds.
func (b *Bot) stories(ctx context.Context, v voice, events []notice.Event) ([]story, error) {
	var contacts, others []notice.Event
	for _, e := range events {
		if e.Contact != "" {
			contacts = append(contacts, e)
		} else {
			others = append(others, e)
		}
	}
	told, err := b.contactStories(ctx, v, contacts)
	if err != nil {
		return nil, err
	}
	for _, e := range others {
		concerned, err := b.Audience().Concerns(ctx, v.tenant, e, v.place)
		if err != nil {
			return nil, err
		}
		if !concerned {
			continue
		}
		s := story{Event: e}
		if e.Kind != notice.ImportDone {
			s.verb = cards.ItemVerb(image.ItemRef{Drive: e.Drive, Item: e.Item}.String())
		}
		told = append(told, s)
	}
	order := notice.Kinds()
	slices.SortStableFunc(told, func(x, y story) int { return slices.Index(order, x.Kind) - slices.Index(order, y.Kind) })
	return told, nil
}

func (b *Bot) contactStories(ctx context.Context, v voice, events []notice.Event) ([]story, error) {
	if b.Books == nil || len(events) == 0 {
		return nil, nil
	}
	ids := make([]contact.ID, len(events))
	for i, e := range events {
		ids[i] = contact.ID(e.Contact)
	}
	about, err := b.Books.Told(ctx, v.tenant, v.place, ids)
	if err != nil {
		return nil, err
	}
	if err := b.unname(ctx, v, about); err != nil {
		return nil, err
	}
	var told []story
	for _, e := range events {
		s, say, err := b.contactStory(ctx, v, e, about)
		if err != nil {
			return nil, err
		}
		if say {
			told = append(told, s)
		}
	}
	return told, nil
}

// unname takes the names of contacts away that guests may not look up, where guests read what is told. A roster that does not
// answer for good tells of none, so there may be some.
func (b *Bot) unname(ctx context.Context, v voice, about map[contact.ID]contact.TellAbout) error {
	known, hidden := false, false
	for id, a := range about {
		if a.Guests {
			continue
		}
		if !known {
			has, err := v.app.roster.HasGuests(ctx, v.tenant, v.place, v.team)
			if fault.Is(err, fault.Busy) {
				return err // the runner tries again
			}
			known, hidden = true, has || err != nil
		}
		if hidden {
			a.Contact.Name = ""
			about[id] = a
		}
	}
	return nil
}

// contactStory tells of a contact as it is now. What was deleted is named as long as it is in the trash; what is not as the
// event says any more is told by another event.
func (b *Bot) contactStory(ctx context.Context, v voice, e notice.Event, about map[contact.ID]contact.TellAbout) (s story, say bool, err error) {
	known, there := about[contact.ID(e.Contact)]
	s = story{Event: e, name: known.Contact.Name}
	if e.Kind != notice.ContactDeleted {
		s.verb = cards.ContactVerb(e.Contact)
		return s, there && !known.Deleted, nil
	}
	if there {
		s.verb = trashVerb
		return s, known.Deleted, nil
	}
	open, err := b.Books.OpenTo(ctx, v.tenant, contact.BookID(e.Book), v.place)
	return s, open, err
}

// imageTime is how long names of pictures are waited for; a picture can be told of without.
const imageTime = 3 * time.Second

// nameImages reads what pictures are called now: those that lie with the files of the conversation's own team, which all its
// members may read. The others are told of, and not named.
func (b *Bot) nameImages(ctx context.Context, v voice, stories []story) {
	if b.Watcher == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, imageTime)
	defer cancel()
	for i, s := range stories {
		if s.Kind.Product() != string(ImagePro) {
			continue
		}
		name, err := b.imageName(ctx, v, s)
		if fault.Is(err, fault.Busy) {
			return // the next ones would keep the conversation waiting as well
		}
		stories[i].name = name
	}
}

// imageName reads the name with the sign-in of who did it, else of who chose what the conversation hears. Who is not in the
// conversation any more shows it nothing.
func (b *Bot) imageName(ctx context.Context, v voice, s story) (string, error) {
	for _, p := range []identity.Person{s.By, v.sub.By} {
		if p == "" {
			continue
		}
		role, err := v.app.roster.Role(ctx, v.tenant, p, v.place, v.team)
		if err != nil {
			return "", fmt.Errorf("bot.imageName: %w", err)
		}
		if role == identity.None {
			continue
		}
		where := image.Subscriber{Tenant: v.tenant, Conversation: v.place, Team: v.team, By: p}
		item, err := b.Watcher.Name(ctx, where, image.ItemRef{Drive: s.Drive, Item: s.Item})
		if err == nil || fault.Is(err, fault.Busy) {
			return item.Name, err
		}
	}
	return "", nil
}
