package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"teamspro/internal/auth"
	"teamspro/internal/configuration"
	"teamspro/internal/contact"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
	"teamspro/internal/image"
	"teamspro/internal/notice"
)

const stayGrace = 30 * 24 * time.Hour

// stay is a bot over the real store whose clock a test turns, in a chat that the apps come to and leave.
type stay struct {
	*hall
	now   time.Time
	door  *door
	heard []string // by Unsaid
}

// door vouches for the app that a test speaks to.
type door struct{ app string }

func (d *door) Verify(ctx context.Context, header string) (auth.Claims, error) {
	claims, err := doorman{}.Verify(ctx, header)
	claims.App = d.app
	return claims, err
}

// DropPlace implements Unsaid.
func (s *stay) DropPlace(_ context.Context, _ identity.Tenant, p notice.Place) error {
	s.heard = append(s.heard, fmt.Sprintf("dropped %s %q", p.Conversation, p.Product))
	return nil
}

// newStay begins with ana in the chat. contactApp is the app id of Contact Pro: connApp makes both products one bot.
func newStay(t *testing.T, contactApp string) *stay {
	s := &stay{hall: newHall(t).merge(), now: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC), door: &door{connApp}}
	clock := func() time.Time { return s.now }
	c, db := s.bot.Config, s.db
	c.Contact.ID, c.Contact.Name = contactApp, "Contact Pro"
	c.Verifier, c.Now, c.Grace, c.Unsaid = s.door, clock, stayGrace, s
	c.Books = contact.New(contact.Config{Shelf: db.Contacts(), Chronicle: db.Contacts(), Journal: db.Contacts(), Library: db.Books(), Eraser: db.Books(), Marks: db.Marks(),
		Roster: c.Contact.Roster, Index: contact.NewIndex(), Log: slog.New(slog.DiscardHandler), Now: clock})
	c.Gallery = image.NewGallery(image.GalleryConfig{Studio: c.Studio, Drives: s.drives, Roster: c.Image.Roster, Libraries: db.Libraries(), Aside: db.Aside(),
		Seen: db.Seen(), Captions: db.Captions(), Saves: db.Saves(), Now: clock})
	c.Pins = image.NewPins(c.Studio, db.Pins(), c.Image.Roster, clock)
	s.bot = New(c)
	s.as("ana", identity.GroupChat)
	return s
}

func (s *stay) install() *stay {
	s.t.Helper()
	s.send(map[string]any{"type": "installationUpdate", "action": "add"})
	return s
}

func (s *stay) remove() *stay {
	s.t.Helper()
	s.send(map[string]any{"type": "installationUpdate", "action": "remove"})
	return s
}

// furnish gives the chat a folder and a pin.
func (s *stay) furnish() {
	s.t.Helper()
	folder := image.ItemRef{Drive: "d", Item: "folder"}
	err := errors.Join(
		s.db.Libraries().ChangeLibrary(s.t.Context(), deskTenant, hallChat, func(c *image.Choice) error {
			*c = image.Choice{Folder: folder, By: "ana", At: s.now}
			return nil
		}),
		s.db.Pins().ChangePins(s.t.Context(), deskTenant, hallChat, func([]image.Pin) ([]image.Pin, error) {
			return []image.Pin{{Ref: folder, By: "ana", At: s.now}}, nil
		}))
	if err != nil {
		s.t.Fatal(err)
	}
}

// furniture is what the chat has: whether a folder is chosen, and how many pins.
func (s *stay) furniture() (folder bool, pins int) {
	s.t.Helper()
	c, err := s.db.Libraries().Library(s.t.Context(), deskTenant, hallChat)
	if err != nil {
		s.t.Fatal(err)
	}
	p, err := s.db.Pins().Pins(s.t.Context(), deskTenant, hallChat)
	if err != nil {
		s.t.Fatal(err)
	}
	return c != (image.Choice{}), len(p)
}

func (s *stay) wantFurniture(folder bool, pins int) {
	s.t.Helper()
	if f, p := s.furniture(); f != folder || p != pins {
		s.t.Errorf("a folder %t and %d pins, want %t and %d", f, p, folder, pins)
	}
}

// tidy does what the service does every day.
func (s *stay) tidy() {
	s.t.Helper()
	before := s.now.Add(-stayGrace)
	_, err := s.bot.Books.EraseWaiting(s.t.Context(), deskTenant, before)
	if err == nil {
		_, err = s.bot.Gallery.EraseWaiting(s.t.Context(), deskTenant, before)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// An app that is removed and comes back in time finds everything as it was, and says so; its owner reads elsewhere how
// long that is. What nobody brings back is erased, and the next welcome begins anew.
func TestComingBack(t *testing.T) {
	t.Parallel()
	s := newStay(t, connApp)
	s.install().latest().missing("is back.")
	s.say("add Wilma Sample, wilma@fabrikam.example").see("Wilma Sample")
	s.furnish()

	s.remove()
	_, err := s.db.Conversations().Recall(t.Context(), deskTenant, hallChat, connApp)
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("the reference: %v", err)
	}
	s.wantFurniture(false, 0)
	s.as("ana", identity.Personal).say("find wilma").missing("wilma@fabrikam.example")
	s.say("books").see("the book waits", "Kept until 22 Dec 2026.")
	s.as("ben", identity.Personal).say("books").missing("Kept until")

	s.now = s.now.Add(stayGrace - time.Hour)
	s.tidy()
	s.as("ben", identity.GroupChat)
	s.install().latest().see("Your book with 1 contact is back.", "folder that was chosen for pictures is back", "1 pinned picture is back.")
	n := s.messages()
	s.install() // Teams says it twice
	if s.messages() != n {
		t.Error("it is welcomed twice")
	}
	s.wantFurniture(true, 1)
	s.say("find wilma").see("Wilma Sample")

	s.remove()
	s.now = s.now.Add(stayGrace + time.Second)
	s.as("ana", identity.Personal).say("books").see("about to be erased")
	s.tidy()
	s.say("books").missing("waits", "erased")
	s.as("ben", identity.GroupChat)
	s.install().latest().missing("is back.")
	s.wantFurniture(false, 0)
	s.say("find wilma").missing("wilma@fabrikam.example")
	s.as("ana", identity.Personal).say("find wilma").missing("wilma@fabrikam.example")
	want := []string{`dropped 19:chat@thread.v2 ""`, `dropped 19:chat@thread.v2 ""`}
	if diff := cmp.Diff(want, s.heard); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
}

// Of two apps in a conversation each takes only what is its own, and the last one turns off the light.
func TestOneOfTwoAppsLeaves(t *testing.T) {
	t.Parallel()
	const contactApp = "5b0f7d1e-0000-4000-8000-00000000000c"
	s := newStay(t, contactApp)
	speak := func(app string) *stay { s.door.app = app; return s }
	speak(connApp).install()
	speak(contactApp).install().latest()
	s.say("add Wilma Sample, wilma@fabrikam.example").see("Wilma Sample")
	s.furnish()
	book := func() *contact.Stamp {
		books, err := s.db.Books().BooksFor(t.Context(), deskTenant, "ana", hallChat)
		if err != nil || len(books) != 1 {
			t.Fatalf("%v %v", books, err)
		}
		return books[0].Removed
	}

	speak(contactApp).remove()
	if book() == nil {
		t.Error("the book does not wait")
	}
	s.wantFurniture(true, 1)
	speak(connApp).remove()
	s.wantFurniture(false, 0)
	speak(contactApp).install().latest().see("Your book with 1 contact is back.").missing("pinned")
	s.wantFurniture(false, 0)
	speak(connApp).install().latest().see("1 pinned picture is back.").missing("Your book")
	s.wantFurniture(true, 1)
	if diff := cmp.Diff([]string{`dropped 19:chat@thread.v2 "contact"`, `dropped 19:chat@thread.v2 ""`}, s.heard); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
}

// An app is removed from a team and not from a channel: what its other channels have waits as well, and comes back with it.
func TestATeamIsLeft(t *testing.T) {
	t.Parallel()
	s := newStay(t, connApp)
	c := s.bot.Config
	c.Configurations = configuration.New(configuration.Config{Shelf: s.db.Configurations(), Roles: c.Image.Roster, Now: c.Now})
	c.Subscriptions = nil
	s.bot = New(c)
	s.as("ana", identity.Channel)
	plans := map[string]any{"id": hallPlans + ";messageid=1", "conversationType": "channel", "tenantId": deskTenant}
	removed := func() (at []bool) {
		for _, place := range []identity.Conversation{hallTeam, hallPlans} {
			books, err := s.db.Books().BooksFor(t.Context(), deskTenant, "ana", place)
			here, _, wrong := s.db.Configurations().Kept(t.Context(), deskTenant, place)
			if err != nil || wrong != nil {
				t.Fatal(err, wrong)
			}
			at = append(at, slices.ContainsFunc(books, func(k contact.Book) bool { return k.Home == place && k.Removed != nil }), !here.Removed.IsZero())
		}
		return at
	}

	s.install()
	s.send(map[string]any{"type": "message", "text": "add Wilma Sample, wilma@fabrikam.example", "conversation": plans})
	if got := removed(); slices.Contains(got, true) {
		t.Fatalf("waits: %v, and the app is there", got)
	}
	s.heard = nil
	s.remove()
	if got := removed(); slices.Contains(got, false) {
		t.Errorf("waits: %v, expected books and settings of both channels", got)
	}
	if want := []string{fmt.Sprintf("dropped %s %q", hallTeam, ""), fmt.Sprintf("dropped %s %q", hallPlans, "")}; !slices.Equal(want, s.heard) {
		t.Errorf("heard %q", s.heard)
	}
	s.install()
	if got := removed(); slices.Contains(got, true) {
		t.Errorf("waits: %v, and the app is back", got)
	}
}

// What came back is told in the words of its number.
func TestWordsOfComingBack(t *testing.T) {
	t.Parallel()
	turn, _ := newBookTurn(t, rosterAna, rosterOwn, identity.Personal)
	for _, row := range []struct {
		back contact.Leftover
		want []string
	}{
		{contact.Leftover{}, nil},
		{contact.Leftover{Books: 1}, []string{"Your contact book is back."}},
		{contact.Leftover{Books: 1, Contacts: 12345}, []string{"Your book with 12,345 contacts is back."}},
		{contact.Leftover{Books: 3, Contacts: 1}, []string{"Your 3 books are back, with 1 contact in all."}},
	} {
		if diff := cmp.Diff(row.want, booksBack(turn, row.back)); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", row.back, diff)
		}
	}
	if got := picturesBack(turn, image.Back{}); got != nil {
		t.Errorf("nothing came back: %v", got)
	}
}
