package bot

import (
	"errors"
	"slices"
	"testing"

	"teamspro/internal/configuration"
	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

// newSettled is a stay whose settings are in the store.
func newSettled(t *testing.T) *stay {
	s := newStay(t, connApp)
	c := s.bot.Config
	c.Configurations = configuration.New(configuration.Config{Shelf: s.db.Configurations(), Roles: c.Image.Roster, Now: c.Now})
	c.Subscriptions = nil
	s.bot = New(c)
	return s
}

// waits tells of a conversation whether its books wait, and whether its settings do.
func (s *stay) waits(c identity.Conversation) (books, settings bool) {
	s.t.Helper()
	found, err := s.db.Books().BooksFor(s.t.Context(), deskTenant, "nobody", c)
	here, _, wrong := s.db.Configurations().Kept(s.t.Context(), deskTenant, c)
	if err := errors.Join(err, wrong); err != nil {
		s.t.Fatal(err)
	}
	return slices.ContainsFunc(found, func(k contact.Book) bool { return k.Home == c && k.Removed != nil }), !here.Removed.IsZero()
}

func (s *stay) wantWaiting(c identity.Conversation, want bool) {
	s.t.Helper()
	if books, settings := s.waits(c); books != want || settings != want {
		s.t.Errorf("%s: books wait %t, settings %t; want %t", c, books, settings, want)
	}
}

// A place in which nobody lets the bot speak any more is given up as if the app had been removed: what it had waits, and is
// erased in time. Whoever writes there again shows that the app is there.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	s := newSettled(t)
	s.install()
	s.say("add Wilma Sample, wilma@fabrikam.example").see("Wilma Sample")
	s.furnish()
	s.wantWaiting(hallChat, false)
	place := notice.Place{Conversation: hallChat, Product: "contact"}
	by, err := s.bot.Sender().Gone(t.Context(), deskTenant, place)
	if err != nil || by == "" {
		t.Fatalf("%q, %v", by, err)
	}
	s.wantWaiting(hallChat, true)
	s.wantFurniture(false, 0)
	if _, err := s.db.Conversations().Recall(t.Context(), deskTenant, hallChat, connApp); !fault.Is(err, fault.NotFound) {
		t.Errorf("the reference: %v", err)
	}
	if by, err := s.bot.Sender().Gone(t.Context(), deskTenant, place); err != nil || by != "" {
		t.Errorf("again: %q, %v", by, err)
	}

	s.say("find wilma").see("Wilma Sample")
	s.wantWaiting(hallChat, false)
	s.wantFurniture(true, 1)
	if _, err := s.db.Conversations().Recall(t.Context(), deskTenant, hallChat, connApp); err != nil {
		t.Errorf("the reference: %v", err)
	}

	if _, err := s.bot.Sender().Gone(t.Context(), deskTenant, place); err != nil {
		t.Fatal(err)
	}
	s.now = s.now.Add(stayGrace + 1)
	s.tidy()
	if found, err := s.db.Books().BooksFor(t.Context(), deskTenant, "ana", hallChat); err != nil || len(found) > 0 {
		t.Errorf("books: %v, %v", found, err)
	}
}

// What a channel had waits when it is deleted, and when its team is; the rest of the team is left alone.
func TestChannelIsDeleted(t *testing.T) {
	t.Parallel()
	plans := map[string]any{"id": hallPlans + ";messageid=1", "conversationType": "channel", "tenantId": deskTenant}
	for _, row := range []struct {
		deleted, restored string
		team              bool
	}{{"channelDeleted", "channelRestored", false}, {"channeldeleted", "channelrestored", false}, {"teamDeleted", "teamrestored", true}, {"teamHardDeleted", "teamRestored", true}} {
		t.Run(row.deleted, func(t *testing.T) {
			t.Parallel()
			s := newSettled(t)
			s.as("ana", identity.Channel)
			s.install()
			s.send(map[string]any{"type": "message", "text": "add Wilma Sample, wilma@fabrikam.example", "conversation": plans})
			told := func(event string, channel any) {
				s.send(map[string]any{"type": "conversationUpdate", "channelData": map[string]any{"tenant": map[string]any{"id": deskTenant},
					"team": map[string]any{"id": hallTeam}, "eventType": event, "channel": map[string]any{"id": channel}}})
			}
			told("channelRenamed", hallPlans)
			s.wantWaiting(hallPlans, false)
			told(row.deleted, hallPlans)
			s.wantWaiting(hallPlans, true)
			s.wantWaiting(hallTeam, row.team)
			told(row.restored, hallPlans)
			s.wantWaiting(hallPlans, false)
			s.wantWaiting(hallTeam, false)
			told("channelDeleted", hallTeam) // nobody can
			s.wantWaiting(hallTeam, false)
		})
	}
}
