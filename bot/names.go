package bot

import (
	"cmp"
	"maps"
	"sync"

	"golang.org/x/sync/errgroup"

	"teamspro/internal/contact"
	"teamspro/internal/identity"
)

// bookName is what a book is called: its own name, or the name of its place. Names of channels and people are not kept:
// they are read now, and where Teams does not tell them soon, a book is called after its kind of place.
func (b *Bot) bookName(t *Turn, book contact.Book) string {
	switch {
	case book.Name != "":
		return book.Name
	case book.Kind == contact.PersonalBook:
		return t.Text("books.personal")
	case book.Kind == contact.TenantBook:
		return t.Text("books.tenant")
	case book.Home == t.Caller.Conversation && book.Team == "":
		return t.Text("books.here_chat")
	case book.Home == t.Caller.Conversation:
		return t.Text("books.here_channel")
	case book.Team != "":
		return cmp.Or(b.title(t, book.Home, book.Team), t.Text("books.channel"))
	}
	if people := b.title(t, book.Home, ""); people != "" {
		return t.Text("books.chat_with", "Names", people)
	}
	return t.Text("books.chat")
}

// namedByTeams tells whether a book is called after a place that only Teams can name.
func namedByTeams(t *Turn, book contact.Book) bool {
	return book.Name == "" && book.Kind == contact.ConversationBook && book.Home != t.Caller.Conversation
}

// title is the name of a conversation, read once for an answer. Who is in a chat is told only to somebody who is in it.
func (b *Bot) title(t *Turn, c identity.Conversation, team string) string {
	if known, read := t.titles[c]; read {
		return known
	}
	if t.titles == nil {
		t.titles = map[identity.Conversation]string{}
	}
	t.titles[c] = b.readTitle(t, c, team)
	return t.titles[c]
}

func (b *Bot) readTitle(t *Turn, c identity.Conversation, team string) string {
	if team == "" {
		role, err := t.app.roster.Role(t.ctx, t.Caller.Tenant, t.Caller.Person, c, "")
		if t.Caller.Public || err != nil || role == identity.None {
			return ""
		}
	}
	return t.app.roster.Title(t.ctx, t.Caller.Tenant, t.Caller.Person, c, team)
}

// titleCalls is how many names are read at a time.
const titleCalls = 8

// readTitles reads the names that a list of contacts will show, all at once.
func (b *Bot) readTitles(t *Turn, entries []contact.Entry) {
	var lists []contact.Listing
	for _, e := range entries {
		if namedByTeams(t, e.Book) {
			lists = append(lists, contact.Listing{Book: e.Book})
		}
	}
	b.readBookTitles(t, lists)
}

func (b *Bot) readBookTitles(t *Turn, lists []contact.Listing) {
	unread := map[identity.Conversation]string{} // with the team of each
	for _, l := range lists {
		if k := l.Book; namedByTeams(t, k) {
			if _, read := t.titles[k.Home]; !read {
				unread[k.Home] = k.Team
			}
		}
	}
	if len(unread) == 0 {
		return
	}
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(titleCalls)
	read := maps.Clone(t.titles)
	for c, team := range unread {
		g.Go(func() error {
			name := b.readTitle(t, c, team)
			mu.Lock()
			defer mu.Unlock()
			if read == nil {
				read = map[identity.Conversation]string{}
			}
			read[c] = name
			return nil
		})
	}
	_ = g.Wait() // a name that cannot be read is empty
	t.titles = read
}

// who names a person of a book's conversation, read now and not kept.
func (b *Bot) who(t *Turn, p identity.Person, book contact.Book) string {
	if p == t.Caller.Person {
		return t.Text("who.you")
	}
	name, err := t.app.roster.Name(t.ctx, t.Caller.Tenant, p, cmp.Or(book.Home, t.Caller.Conversation), book.Team)
	if err != nil || name == "" {
		return t.Text("who.gone")
	}
	return name
}
