package bot

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/contact"
	"teamspro/internal/identity"
	"teamspro/internal/lang"
)

// newBookTurn is a turn of somebody in a place, with the roster of newTestRoster behind it.
func newBookTurn(t *testing.T, p identity.Person, c identity.Conversation, place identity.Place) (*Turn, *connService) {
	t.Helper()
	r, s, _, _ := newTestRoster(t)
	return &Turn{Caller: identity.Caller{Tenant: connTenant, Person: p, Conversation: c, Place: place}, Lang: lang.For("en"),
		ctx: t.Context(), app: &app{key: ContactPro, roster: r}}, s
}

func TestBookNames(t *testing.T) {
	t.Parallel()
	chat := contact.Book{Kind: contact.ConversationBook, Home: rosterChat}
	channel := contact.Book{Kind: contact.ConversationBook, Home: rosterPlans, Team: rosterTeam}
	for _, test := range []struct {
		name   string
		person identity.Person
		place  identity.Conversation
		public bool
		book   contact.Book
		want   string
	}{
		{"its own name", rosterAna, rosterOwn, false, contact.Book{Name: "Suppliers", Home: rosterChat}, "Suppliers"},
		{"one's own", rosterAna, rosterOwn, false, contact.Book{Kind: contact.PersonalBook, Home: rosterChat}, "My own contacts"},
		{"the tenant's", rosterAna, rosterOwn, false, contact.Book{Kind: contact.TenantBook, Home: rosterTeam}, "The organisation’s contacts"},
		{"this chat's", rosterAna, rosterChat, true, chat, "Contacts of this chat"},
		{"this channel's", rosterAna, rosterPlans, true, channel, "Contacts of this channel"},
		{"another channel's", rosterAna, rosterOwn, false, channel, "Plans"},
		{"an unknown channel's", rosterAna, rosterOwn, false, contact.Book{Kind: contact.ConversationBook, Home: "19:new@thread.tacv2", Team: rosterTeam}, "Contacts of another channel"},
		{"another chat's, by who is in it", rosterAna, rosterOwn, false, chat, "Chat with Ben Okafor"},
		{"another chat's, before others", rosterAna, rosterPlans, true, chat, "Contacts of another chat"},
		{"another chat's, to somebody who is not in it", "11111111-0000-4000-8000-000000000009", rosterOwn, false, chat, "Contacts of another chat"},
		{"a chat's from which the app was removed", rosterAna, rosterOwn, false, contact.Book{Kind: contact.ConversationBook, Home: "19:gone@thread.v2"}, "Contacts of another chat"},
	} {
		turn, _ := newBookTurn(t, test.person, test.place, identity.Personal)
		turn.Caller.Public = test.public
		if got := new(Bot).bookName(turn, test.book); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// However many contacts of a book are listed, the name of its place is asked for once in an answer, and never kept.
func TestTitlesAreReadOnce(t *testing.T) {
	t.Parallel()
	turn, service := newBookTurn(t, rosterAna, rosterOwn, identity.Personal)
	var entries []contact.Entry
	for range 20 {
		for _, k := range []contact.Book{{Kind: contact.ConversationBook, Home: rosterChat}, {Kind: contact.ConversationBook, Home: rosterPlans, Team: rosterTeam}} {
			entries = append(entries, contact.Entry{Book: k, Contact: contact.Contact{Record: contact.Record{Name: "Marta"}}})
		}
	}
	b := &Bot{Config: Config{Avatar: func(string, string) string { return "" }}}
	var sources []string
	for _, v := range b.rowViews(turn, entries) {
		sources = append(sources, v.Source)
	}
	if diff := cmp.Diff([]string{"Chat with Ben Okafor", "Plans"}, slices.Compact(slices.Sorted(slices.Values(sources)))); diff != "" {
		t.Errorf("sources (-want +got):\n%s", diff)
	}
	titles := func() (n int) {
		for _, line := range service.lines() {
			if strings.Contains(line, "/teams/") || strings.Contains(line, "pagedmembers") && !strings.Contains(line, "continuationToken") {
				n++
			}
		}
		return n
	}
	if n := titles(); n != 2 {
		t.Errorf("%d names were read for one answer, want 2: %q", n, service.lines())
	}
	again := *turn
	again.titles = nil
	b.rowViews(&again, entries)
	if n := titles(); n != 4 {
		t.Errorf("%d names were read for two answers, want 4", n)
	}
}
