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

// count is how many things of its kind a story stands for.
func (s story) count() int {
	if s.Kind == notice.ImportDone {
		return max(s.Count, 1)
	}
	return 1
}

// gatheringCard tells what happened: one thing in a sentence, several in a short list.
func (b *Bot) gatheringCard(ctx context.Context, v voice, g notice.Gathering) (cards.Card, error) {
	stories, err := b.stories(ctx, v, g.Events)
	if err != nil {
		return cards.Card{}, err
	}
	if len(stories) == 0 {
		return cards.Card{}, notice.ErrNothing
	}
	view := cards.NoticeView{Title: title(v, stories, g.More)}
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
func inZone(at time.Time, zone string) time.Time {
	where, err := time.LoadLocation(zone)
	if err != nil {
		return at.UTC()
	}
	return at.In(where)
}

// title counts what happened, kind by kind.
func title(v voice, stories []story, more int) string {
	counts := map[string]int{}
	for _, s := range stories {
		counts[s.word()] += s.count()
	}
	var parts []string
	for _, k := range notice.Kinds() {
		word := story{Event: notice.Event{Kind: k}}.word()
		if n := counts[word]; n > 0 {
			parts = append(parts, v.Text("notice."+word, "Count", n, "Number", v.Number(n)))
		}
	}
	if more > 0 {
		parts = append(parts, v.Text("notice.more", "Count", more, "Number", v.Number(more)))
	}
	return strings.Join(parts, ", ")
}

// alone is a notice of one thing.
func alone(v voice, s story, who string) cards.NoticeView {
	key := "notice.one." + s.word()
	args := []any{"Who", cmp.Or(who, v.Text("notice.somebody")), "Name", shorten(s.name, maxNameText)}
	switch {
	case s.Kind == notice.ImportDone:
		args = append(args, "Count", s.count(), "Number", v.Number(s.count()))
	case s.name == "":
		key = "notice.one." + s.word() + ".unnamed"
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
		l.Name = v.Text("notice.an_import", "Count", s.count(), "Number", v.Number(s.count()))
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
	if who != "" {
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
	contacts, others := settle(events)
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

// settle makes one event of all that happened to a contact: what was changed ten times was changed, what was added and
// deleted again never was. A picture is named once for each kind.
func settle(events []notice.Event) (contacts, others []notice.Event) {
	first, last := map[string]notice.Event{}, map[string]notice.Event{}
	var order []string
	seen := map[string]bool{}
	for _, e := range events {
		if e.Contact == "" {
			if key := strings.Join([]string{string(e.Kind), e.Drive, e.Item}, "\n"); e.Kind == notice.ImportDone || !seen[key] {
				seen[key] = true
				others = append(others, e)
			}
			continue
		}
		if _, known := first[e.Contact]; !known {
			first[e.Contact] = e
			order = append(order, e.Contact)
		}
		last[e.Contact] = e
	}
	for _, id := range order {
		from, to := first[id].Kind, last[id]
		switch {
		case from == notice.ContactAdded && to.Kind == notice.ContactDeleted:
			continue
		case from == notice.ContactAdded:
			to.Kind = notice.ContactAdded
		case from == notice.ContactDeleted && to.Kind == notice.ContactAdded:
			to.Kind = notice.ContactChanged
		}
		contacts = append(contacts, to)
	}
	return contacts, others
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

// nameImages reads what pictures are called now, with the rights of who did it there, as a list that somebody asks for in
// the conversation is; where it is not known who did, of who chose what the conversation hears. Who is not in the
// conversation any more shows it nothing.
func (b *Bot) nameImages(ctx context.Context, v voice, stories []story) {
	if b.Gallery == nil {
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
		who := identity.Caller{Tenant: v.tenant, Person: p, Conversation: v.place, Team: v.team, Public: true}
		item, err := b.Gallery.Item(ctx, who, image.ItemRef{Drive: s.Drive, Item: s.Item})
		if err == nil || fault.Is(err, fault.Busy) {
			return item.Name, err
		}
	}
	return "", nil
}
